# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A thousand volumes with a snapshot each, and how long an agent needs that finds them. Source it after agent.sh, slowdisk.sh and
# near.sh, in a guest whose clock counts instructions; there is a pool "fast".
#
#   EVERY                     of so many volumes one is attached
#   make_volumes FROM TO      volume-N and snapshot-N; every EVERYth volume is attached
#   restart COUNT [forget]    the agent is killed and started: WORK, READY and RSS. "forget": as after a boot. It fails when
#                             it takes READY_GOAL_MS, or longer
#   all_there COUNT           so many volumes and snapshots, attached as they were
#   thin_devices              how many of them the kernel has; rss_kib: what the agent has

SOCKET=/run/liteio/agent.sock
READY_GOAL_MS=5000
EVERY=5

make_volumes() {
	local n

	for n in $(seq "$1" "$2"); do
		echo "POST /v1/volumes {\"name\":\"volume-$n\",\"pool\":\"fast\",\"sizeBytes\":16777216}"
		echo "POST /v1/snapshots {\"name\":\"snapshot-$n\",\"volume\":\"volume-$n\"}"
		[ $((n % EVERY)) != 0 ] || echo "POST /v1/volumes/volume-$n/attachment {}"
	done | nodecost keep $SOCKET
}

rss_kib() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$(cat "$AGENT_PID")/status"
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
	cost=$(in_memory nodecost start $SOCKET /v1/volumes/volume-5 sh -c 'exec liteio-agent 2>>"$0"' "$AGENT_LOG" 2>"$AGENT_PID")
	read -r WORK READY <<<"$cost"
	agent_lives || fail "the agent has not come back: $(tail -n 3 "$AGENT_LOG")"
	READY=$((READY / 1000000))
	RSS=$(rss_kib)
	echo "# $1 volumes, $1 snapshots, $(($1 / EVERY)) attached${2:+, none of them in the kernel}: ready after $READY ms and" \
		"$((WORK / 1000000)) million instructions, $RSS KiB resident"
	[ $READY -lt "$READY_GOAL_MS" ] || fail "ready after $READY ms: those are no seconds"
}

all_there() {
	local n=$1 heads

	[ "$(j volume list | jq '[.items[] | select(.state == "ready")] | length')" = "$n" ] || fail "not $n volumes"
	[ "$(j snapshot list | jq '[.items[] | select(.state == "ready")] | length')" = "$n" ] || fail "not $n snapshots"
	[ "$(j export list | jq '[.items[] | select(.ready)] | length')" = $((n / EVERY)) ] || fail "not $((n / EVERY)) exports"
	[ "$(j attachment list | jq '.items | length')" = $((n / EVERY)) ] || fail "not $((n / EVERY)) attachments"
	heads=$(dmsetup ls | grep -c '^liteio-head-')
	[ "$heads" = $((n / EVERY)) ] || fail "$heads heads"
	[ "$(j volume list | jq '[.items[] | .attachments[]?] | length')" = $((n / EVERY)) ] || fail "the catalog has others"
	[ "$(find /dev/liteio -maxdepth 1 -name 'volume-*' | wc -l)" = $((n / EVERY)) ] || fail "not all have names"
}
