#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A thousand volumes and a thousand snapshots in one pool, two hundred of them attached; the agent is killed and comes
# back: it is ready, all is there, and what it has done for it has grown as the number has, not as its square.
# vm: kernels=6.12 disks=pool=4G timeout=1800 mem=2G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"

SOCKET=/run/liteio/agent.sock
RSS_GOAL_KIB=10240

# make FROM TO, and attach every fifth
make_volumes() {
	local n

	for n in $(seq "$1" "$2"); do
		echo "POST /v1/volumes {\"name\":\"volume-$n\",\"pool\":\"fast\",\"sizeBytes\":16777216}"
		echo "POST /v1/snapshots {\"name\":\"snapshot-$n\",\"volume\":\"volume-$n\"}"
		[ $((n % 5)) != 0 ] || echo "POST /v1/volumes/volume-$n/attachment {}"
	done | nodecost keep $SOCKET
}

# milliseconds of CPU that the agent has used since it was started, all its threads
work_ms() {
	local after

	# the name may have spaces in it
	after=$(sed 's/.*) //' "/proc/$(cat $AGENT_PID)/stat")
	awk -v hz="$(getconf CLK_TCK)" '{ print ($12 + $13) * 1000 / hz }' <<<"$after"
}

rss_kib() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$(cat $AGENT_PID)/status"
}

thin_devices() {
	dmsetup ls | grep -c '^liteio-thin-'
}

# restart COUNT: killed and started; WORK and RSS are what it has needed until it answered
restart() {
	agent_kill
	agent_start
	agent_lives || fail "the agent has not come back: $(tail -n 3 $AGENT_LOG)"
	WORK=$(work_ms)
	RSS=$(rss_kib)
	echo "# $1 volumes, $1 snapshots, $(($1 / 5)) attached: ready after $WORK ms of CPU, $RSS KiB resident"
}

# all_there COUNT
all_there() {
	local n=$1 heads

	[ "$(j volume list | jq '[.items[] | select(.state == "ready")] | length')" = "$n" ] || fail "not $n volumes"
	[ "$(j snapshot list | jq '[.items[] | select(.state == "ready")] | length')" = "$n" ] || fail "not $n snapshots"
	[ "$(j export list | jq '[.items[] | select(.ready)] | length')" = $((n / 5)) ] || fail "not $((n / 5)) exports"
	[ "$(j attachment list | jq '.items | length')" = $((n / 5)) ] || fail "not $((n / 5)) attachments"
	heads=$(dmsetup ls | grep -c '^liteio-head-')
	[ "$heads" = $((n / 5)) ] || fail "$heads heads"
	[ "$(j volume list | jq '[.items[] | .attachments[]?] | length')" = $((n / 5)) ] || fail "the catalog has others"
	[ "$(find /dev/liteio -maxdepth 1 -name 'volume-*' | wc -l)" = $((n / 5)) ] || fail "not all have names"
}

agent_start
liteioctl pool create fast "$DISK" >/dev/null
make_volumes 1 200
all_there 200
restart 200
few=$WORK
all_there 200
ok "200 volumes and 200 snapshots are there again"

make_volumes 201 1000
# somebody writes all the time: no restart stops it
dd if=/dev/zero of=/dev/liteio/volume-5 bs=4096 count=16 oflag=direct status=none
restart 1000
[ "$(thin_devices)" = 200 ] || fail "$(thin_devices) thin devices for 200 attachments"
all_there 1000
[ "$(thin_devices)" = 200 ] || fail "a list has brought $(thin_devices) thin devices into the kernel"
dd if=/dev/liteio/volume-5 bs=4096 count=16 iflag=direct status=none | cmp - <(head -c 65536 /dev/zero)
ok "1000 volumes and 1000 snapshots are there again, 200 of them attached, and no device more than these need"

awk -v many="$WORK" -v few="$few" 'BEGIN { exit !(many <= 6 * few) }' ||
	fail "$WORK ms of CPU until it was ready, $few with a fifth: more than 6 times"
ok "five times as much was $(awk -v many="$WORK" -v few="$few" 'BEGIN { printf "%.1f", many / few }') times the work"
[ "$RSS" -lt $RSS_GOAL_KIB ] || fail "$RSS KiB resident, the goal is $RSS_GOAL_KIB"
ok "$RSS KiB resident with 1000 volumes, $(rss_kib) after all of them were listed"

# one more costs no more, and a second restart finds the same
make_volumes 1001 1001
liteioctl snapshot delete snapshot-1001 >/dev/null
liteioctl volume delete volume-1001 >/dev/null
restart 1000
all_there 1000
ok "a second restart agrees"
