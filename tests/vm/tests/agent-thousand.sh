#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A thousand volumes and a thousand snapshots in one pool, two hundred of them attached; the agent is killed and comes
# back, and once more when the kernel has none of them, as after a boot: it is ready in seconds, all is there, and what was
# done for it has grown as the number has, not as its square. All of it in a guest whose clock counts instructions, on a
# disk that takes its time by that clock: the seconds are those of a CPU that does 10^9 a second, whatever else runs here.
# vm: kernels=6.12 icount=yes timeout=3000 mem=3G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/slowdisk.sh
. "$LITEIO_TOP/tests/vm/lib/slowdisk.sh"
# shellcheck source=tests/vm/lib/near.sh
. "$LITEIO_TOP/tests/vm/lib/near.sh"

SOCKET=/run/liteio/agent.sock
# ten million bytes
RSS_GOAL_KIB=9765
READY_GOAL_MS=5000

# make FROM TO, and attach every fifth
make_volumes() {
	local n

	for n in $(seq "$1" "$2"); do
		echo "POST /v1/volumes {\"name\":\"volume-$n\",\"pool\":\"fast\",\"sizeBytes\":16777216}"
		echo "POST /v1/snapshots {\"name\":\"snapshot-$n\",\"volume\":\"volume-$n\"}"
		[ $((n % 5)) != 0 ] || echo "POST /v1/volumes/volume-$n/attachment {}"
	done | nodecost keep $SOCKET
}

rss_kib() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$(cat $AGENT_PID)/status"
}

thin_devices() {
	dmsetup ls | grep -c '^liteio-thin-'
}

# as after a boot: of what was in the kernel only the modules stay
forget() {
	local role

	for role in head thin pool tdata tmeta; do
		nodecost forget "liteio-$role-"
	done
	rmmod liteio
	agent_load_module
}

# restart COUNT [forget]: killed and started; WORK (instructions of the whole node), READY (milliseconds, waits included)
# and RSS are what that has needed until it answered
restart() {
	local cost

	agent_kill
	[ -z "${2-}" ] || forget
	# shellcheck disable=SC2016 # the shell that becomes the agent knows where that is
	cost=$(in_memory nodecost start $SOCKET /v1/volumes/volume-5 sh -c 'exec liteio-agent 2>>"$0"' $AGENT_LOG 2>$AGENT_PID)
	read -r WORK READY <<<"$cost"
	agent_lives || fail "the agent has not come back: $(tail -n 3 $AGENT_LOG)"
	READY=$((READY / 1000000))
	RSS=$(rss_kib)
	echo "# $1 volumes, $1 snapshots, $(($1 / 5)) attached${2:+, none of them in the kernel}: ready after $READY ms and" \
		"$((WORK / 1000000)) million instructions, $RSS KiB resident"
	[ $READY -lt $READY_GOAL_MS ] || fail "ready after $READY ms: those are no seconds"
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

# 100 us for whatever it is asked; large enough for the metadata of two thousand devices
slow_disk fast $((32 << 10)) 100000 64
# each device would have it start a dozen programs
udevadm settle
udevadm control --exit
agent_start
near_root /tmp/near nodecost sh liteio-agent thin_check setpriv
liteioctl pool create fast /dev/fast >/dev/null
make_volumes 1 200
all_there 200
restart 200
few=$WORK
all_there 200
ok "200 volumes and 200 snapshots are there again"

make_volumes 201 1000
# somebody writes all the time: no restart stops it
head -c 64K /dev/urandom >/run/pattern
dd if=/run/pattern of=/dev/liteio/volume-5 bs=4096 oflag=direct conv=fsync,notrunc status=none
restart 1000
[ "$(thin_devices)" = 200 ] || fail "$(thin_devices) thin devices for 200 attachments"
all_there 1000
[ "$(thin_devices)" = 200 ] || fail "a list has brought $(thin_devices) thin devices into the kernel"
dd if=/dev/liteio/volume-5 bs=4096 count=16 iflag=direct status=none | cmp - /run/pattern
ok "1000 volumes and 1000 snapshots are there again, 200 of them attached, and no device more than these need"

[ "$WORK" -le $((6 * few)) ] || fail "$WORK instructions until it was ready, $few with a fifth: more than 6 times"
ok "five times as much was $(awk -v many="$WORK" -v few="$few" 'BEGIN { printf "%.1f", many / few }') times the work"
is_small() { [ "$(rss_kib)" -lt $RSS_GOAL_KIB ]; }
until_true 30 is_small || fail "$(rss_kib) KiB resident, the goal is $RSS_GOAL_KIB"
ok "$(rss_kib) KiB resident with 1000 volumes after all of them were listed; $RSS when it was ready"

# one more costs no more, and a second restart finds the same
make_volumes 1001 1001
liteioctl snapshot delete snapshot-1001 >/dev/null
liteioctl volume delete volume-1001 >/dev/null
restart 1000 forget
all_there 1000
dd if=/dev/liteio/volume-5 bs=4096 count=16 iflag=direct status=none | cmp - /run/pattern
ok "when the kernel knows of none of them all are brought back"
