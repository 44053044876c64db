#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What operations on volumes cost the node, in instructions of the whole machine and in time, against LVM's
# on a thin pool of its own on an equal disk: requests to the agent as the CSI driver makes them, commands
# as an admin types them. Growth is the one request that lvextend is one command to; the driver looks at the new size
# besides. Beside both is the least that the same can cost on this kernel: what it has to be asked for by bare ioctls
# (nodecost-floor), and for what is typed, a program that does nothing (nodecost-exit). Prints what was counted, which
# judge-node reads:
#
#   cost CASE OPERATION INSTRUCTIONS NANOSECONDS INSTRUCTIONS NANOSECONDS INSTRUCTIONS NANOSECONDS
#                                                                            ours, LVM's, the least
#   fact NAME NUMBER...                                                      what does not need LVM
#
#   node.sh            with a pool that is empty but for what is measured; with 500 volumes more, all of them
#                      attached and active; and what does not need LVM: the 1000th create against the 10th, many at
#                      once, what waits for nothing, memory and idleness with 1000 volumes. Then local.sh
#   node.sh few        without the 500
#   node.sh ours       only what does not need LVM
#   node.sh once       of that only what comes a hundred at once
#   node.sh boot       only what brings five volumes back
#
# Runs in a guest with one CPU whose clock counts instructions. Nobody waits for udev here, and dmeventd
# does not run, both in favour of LVM.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=tests/vm/lib/agent.sh
. "$(dirname "$0")/../lib/agent.sh"
# shellcheck source=tests/vm/lib/slowdisk.sh
. "$(dirname "$0")/../lib/slowdisk.sh"
# shellcheck source=tests/vm/lib/near.sh
. "$(dirname "$0")/../lib/near.sh"

SOCKET=/run/liteio/agent.sock
WORK=$(mktemp -d)
# volumes of this size, of which there are at most so many in the pools
MIB=4
N=5
MANY=500
SIZE=$((MIB << 20))
# what is compared; "create-attach" is two requests together, for lvcreate makes and activates, and so is
# "detach-remove", for lvremove takes out what is active
OPERATIONS=(create create-attach list snapshot status grow activate-all remove-snapshot remove detach-remove
	typed-create typed-status typed-list)
declare -A ours lvm
# shellcheck source=tests/vm/bench/lvm.sh
. "$(dirname "$0")/lvm.sh"
# shellcheck source=tests/vm/bench/floor.sh
. "$(dirname "$0")/floor.sh"

prepare_ours() {
	agent_start
	liteioctl pool create fast /dev/fast >/dev/null
}

# create NAME POOL NUMBER NUMBER: the requests for volumes NAME-NUMBER
create() {
	seq "$3" "$4" | sed "s/.*/POST \/v1\/volumes {\"name\":\"$1-&\",\"pool\":\"$2\",\"sizeBytes\":$SIZE}/"
}

# attachment METHOD NAME NUMBER NUMBER: the requests to attach them here (POST), or to end that (DELETE)
attachment() {
	local body=

	[ "$1" != POST ] || body=' {}'
	seq "$3" "$4" | sed "s/.*/$1 \/v1\/volumes\/$2-&\/attachment$body/"
}

# ask [SOCKET]
ask() {
	nodecost ask "${1-$SOCKET}"
}

# snapshot_each NAME NUMBER: of the first volumes of that name one each
snapshot_each() {
	seq 1 "$2" | sed "s/.*/POST \/v1\/snapshots {\"name\":\"of-$1-&\",\"volume\":\"$1-&\"}/"
}

# over one connection, and not measured
keep() {
	nodecost keep $SOCKET
}

# a hundred at once, for those of attachments wait for the same, and not measured
crowd() {
	split -l 100 --filter "nodecost together $SOCKET >/dev/null"
}

# median: of lines of two numbers, of each by itself
median() {
	local lines

	lines=$(cat)
	echo "$(cut -d' ' -f1 <<<"$lines" | sort -n | sed -n "$((N / 2 + 1))p")" \
		"$(cut -d' ' -f2 <<<"$lines" | sort -n | sed -n "$((N / 2 + 1))p")"
}

# sum FILE FILE: of the two numbers of each line
sum() {
	paste -d' ' "$1" "$2" | awk '{ print $1 + $3, $2 + $4 }'
}

each() {
	seq 1 $N | sed "s/.*/$1/" | ask | median
}

# each_typed COMMAND...: the same of commands, with their number for &
each_typed() {
	local i

	for i in $(seq 1 "$N"); do
		in_memory nodecost run "${@//&/$i}" 2>"$WORK/said" || {
			cat "$WORK/said" >&2
			return 1
		}
	done | median
}

# what is attached grows with its head, as with lvextend: whoever has it open sees it when that has ended
grow() {
	local i

	seq 1 $N | sed "s/.*/POST \/v1\/volumes\/v-&\/grow {\"sizeBytes\":$((2 * SIZE))}/" | ask >"$WORK/grown"
	for i in $(seq 1 $N); do
		[ "$(blockdev --getsize64 "/dev/liteio/v-$i")" = $((2 * SIZE)) ] || {
			echo "v-$i has not grown" >&2
			return 1
		}
	done
	median <"$WORK/grown"
}

# take out what is in the kernel, as after a boot; only the modules stay
forget_ours() {
	local role

	agent_kill
	for role in head thin pool tdata tmeta; do
		nodecost forget "liteio-$role-"
	done
	rmmod liteio
}

# activate_ours NUMBER NAME: from the start of the agent until it answers, with so many where they were
activate_ours() {
	local heads

	forget_ours
	agent_load_module
	in_memory nodecost start $SOCKET "/v1/volumes/$2" liteio-agent 2>$AGENT_PID
	heads=$(dmsetup ls | grep -c '^liteio-head-' || true)
	[ "$heads" = "$1" ] || {
		echo "$heads volumes are where they were, of $1" >&2
		return 1
	}
}

# measure_ours CASE THERE: so many others are attached
measure_ours() {
	local case=$1

	create v fast 1 $N | ask >"$WORK/one"
	attachment POST v 1 $N | ask >"$WORK/two"
	ours[$case create]=$(median <"$WORK/one")
	ours[$case create-attach]=$(sum "$WORK/one" "$WORK/two" | median)
	# of the same on each side: lvs has snapshots in its list, too
	ours[$case list]=$(each 'GET \/v1\/volumes')
	ours[$case typed-list]=$(each_typed liteioctl -o json volume list)
	ours[$case snapshot]=$(each 'POST \/v1\/snapshots {"name":"s-&","volume":"v-&"}')
	ours[$case status]=$(each 'GET \/v1\/volumes\/v-&')
	ours[$case grow]=$(grow)
	ours[$case typed-create]=$(each_typed liteioctl volume create 't-&' --pool fast --size ${MIB}Mi)
	ours[$case typed-status]=$(each_typed liteioctl -o json volume show 'v-&')
	seq 1 $N | sed 's/.*/DELETE \/v1\/volumes\/t-&/' | keep
	ours[$case activate-all]=$(activate_ours $(($2 + N)) v-1)
	attachment DELETE v 1 $N | ask >"$WORK/one"
	ours[$case remove-snapshot]=$(each 'DELETE \/v1\/snapshots\/s-&')
	seq 1 $N | sed 's/.*/DELETE \/v1\/volumes\/v-&/' | ask >"$WORK/two"
	ours[$case remove]=$(median <"$WORK/two")
	ours[$case detach-remove]=$(sum "$WORK/one" "$WORK/two" | median)
	echo "# $case: ours was measured"
	# taken off all of these
	echo "fact nothing $(nodecost nothing)"
}

measure_lvm() {
	local case=$1 names

	lvm[$case create]=$(each_typed lvcreate -T -V ${MIB}m -n 'v-&' vg/pool)
	lvm[$case create-attach]=${lvm[$case create]}
	lvm[$case list]=$(each_typed lvs --reportformat json vg)
	lvm[$case snapshot]=$(each_typed lvcreate -s -n 's-&' 'vg/v-&')
	lvm[$case status]=$(each_typed lvs --reportformat json 'vg/v-&')
	lvm[$case grow]=$(each_typed lvextend -L+${MIB}m 'vg/v-&')
	lvm[$case activate-all]=$(activate_lvm)
	active_lvm $N v-
	active_lvm "$2" many-
	lvm[$case remove-snapshot]=$(each_typed lvremove -fy 'vg/s-&')
	lvm[$case detach-remove]=$(each_typed lvremove -fy 'vg/v-&')
	# the same again, of what is not active
	each_typed lvcreate -T -V ${MIB}m -n 'v-&' vg/pool >/dev/null
	mapfile -t names < <(seq -f 'vg/v-%g' 1 $N)
	in_memory lvchange -q -q -an "${names[@]}"
	lvm[$case remove]=$(each_typed lvremove -fy 'vg/v-&')
	lvm[$case typed-create]=${lvm[$case create]}
	lvm[$case typed-status]=${lvm[$case status]}
	lvm[$case typed-list]=${lvm[$case list]}
	echo "# $case: LVM was measured"
}

# report CASE OPERATION...
report() {
	local case=$1 op

	shift
	for op in "$@"; do
		echo "cost $case $op ${ours[$case $op]} ${lvm[$case $op]} ${least[$case $op]}"
	done
}

# compare CASE THERE: so many others are there, on both sides
compare() {
	measure_ours "$1" "$2"
	measure_lvm "$1" "$2"
	measure_least "$1" "$2"
	report "$1" "${OPERATIONS[@]}"
}

# the first few of the many are what was in use before the boot, the others only there
activate_few() {
	local names=()

	mapfile -t names < <(seq -f 'many-%g' 1 $N)
	attachment DELETE many $((N + 1)) $MANY | crowd
	ours[$MANY activate-few]=$(activate_ours $N many-1)
	lvm[$MANY activate-few]=$(activate_lvm "${names[@]}")
	active_lvm $N many-
	least[$MANY activate-few]=$(least_few)
	report $MANY activate-few
}

# what comes back after a boot by itself
only_boot() {
	create v fast 1 $N | keep
	attachment POST v 1 $N | keep
	ours[empty activate-all]=$(activate_ours $N v-1)
	each_typed lvcreate -T -V ${MIB}m -n 'v-&' vg/pool >/dev/null
	lvm[empty activate-all]=$(activate_lvm)
	active_lvm $N v-
	least[empty activate-all]=$(least_few)
	report empty activate-all
}

TRACE=/sys/kernel/tracing

# suspends COMMAND...: how many devices were held meanwhile
suspends() {
	echo >$TRACE/trace
	"$@" >"$WORK/waited"
	grep -c ' suspends: ' $TRACE/trace || true
}

# snapshots PREFIX VOLUME
snapshots() {
	seq 1 $N | sed "s/.*/POST \/v1\/snapshots {\"name\":\"$1-&\",\"volume\":\"$2\"}/" | ask
}

# waited: for how long the snapshots did that were measured last: what the CPU did not work
waited() {
	median <"$WORK/waited" | awk '{ waits = $2 - $1; print (waits > 0 ? waits : 0) }'
}

# what is not open is held by nobody's snapshot; and the count would see it if it was
closed_snapshot() {
	local held

	mountpoint -q $TRACE || mount -t tracefs none $TRACE
	echo 'p:suspends dm_mod:dm_suspend' >$TRACE/kprobe_events
	echo 1 >$TRACE/events/kprobes/suspends/enable
	exec 8<"$(j volume attach many-902 | jq -r .device)"
	held=$(suspends snapshots open many-902)
	echo "fact snapshot-open $held $(waited)"
	exec 8<&-
	held=$(suspends snapshots attached many-902)
	echo "fact snapshot-attached $held $(waited)"
	liteioctl volume detach many-902 >/dev/null
	# it has been made: what is counted is the snapshot
	snapshots made many-903 >/dev/null
	held=$(suspends snapshots closed many-903)
	echo "fact snapshot-closed $held $(waited)"
	echo 0 >$TRACE/events/kprobes/suspends/enable
}

# a hundred that come at once, beside one, and beside the least that a hundred can cost, on disks that take a while for
# everything: 4 ms, as one of 1 ms is to a CPU that is four times as fast as the guest's
at_once() {
	slow_disk slow 1024 4000000 64
	slow_disk slow-floor 8192 4000000 64
	liteioctl pool create slow /dev/slow >/dev/null
	echo "fact one-create $(create one slow 1 $N | ask | median)"
	echo "fact hundred-creates $(create once slow 1 100 | nodecost together $SOCKET)"
	echo "fact one-attach $(attachment POST one 1 $N | ask | median)"
	echo "fact hundred-attaches $(attachment POST once 1 100 | nodecost together $SOCKET)"
	echo "fact one-snapshot $(snapshot_each one $N | ask | median)"
	echo "fact hundred-snapshots $(snapshot_each once 100 | nodecost together $SOCKET)"
	echo "fact one-detach $(attachment DELETE one 1 $N | ask | median)"
	echo "fact hundred-detaches $(attachment DELETE once 1 100 | nodecost together $SOCKET)"
	least_at_once
}

ticks() {
	sed 's/.*) //' "/proc/$(cat $AGENT_PID)/stat" | awk '{ print $12 + $13 }'
}

# seconds until the agent's next timer, rounded up; 0: it has none, and nothing but what happens wakes it
agent_timer() {
	cat "/proc/$(cat $AGENT_PID)"/fdinfo/* 2>/dev/null |
		sed -n 's/^it_value: (\([0-9]*\), \([0-9]*\))$/\1 \2/p' |
		awk '$1 || $2 { s = $1 + ($2 > 0); if (!least || s < least) least = s } END { print least + 0 }'
}

# a minute in which nobody asks for anything; the guest jumps over it
idle() {
	local before used timer

	# What was under way has ended by then. What is still armed is one of the clocks of agent/README.md ("What wakes it"):
	# that is said, and what it does in this minute is counted.
	(until_true 5 agent_sleeps) 2>/dev/null || true
	timer=$(agent_timer)
	before=$(agent_switches)
	used=$(ticks)
	sleep 60
	echo "fact idle $(($(agent_switches) - before)) $(($(ticks) - used)) $timer"
}

# memory FACT: kB resident, heads, snapshots
memory() {
	local status

	status=$(cat "/proc/$(cat $AGENT_PID)/status")
	grep -E '^(VmHWM|VmRSS|RssAnon|RssFile|RssShmem)' <<<"$status" | sed 's/^/# /'
	# what is large; programs and libraries are in a tmpfs here (RssShmem)
	awk '/^[0-9a-f]+-/ { name = $6 ? $6 : "without_a_name" } /^Rss:/ { rss[name] += $2 }
		END { for (name in rss) if (rss[name] >= 200) print "#", rss[name], "kB", name }' \
		"/proc/$(cat $AGENT_PID)/smaps" | sort -k2nr
	echo "fact $1 $(awk '/^VmRSS:/ { print $2 }' <<<"$status") $(dmsetup ls | grep -c '^liteio-head-')" \
		"$(j snapshot list | jq '.items | length')"
}

# all of a thousand volumes attached, and a snapshot of each
memory_of_all() {
	attachment POST many 1 1000 | crowd
	snapshot_each many 1000 | crowd
	memory memory-all
}

# alone THERE: what does not need LVM; so many volumes are there
alone() {
	create many fast $(($1 + 1)) $((1000 - N)) | keep
	create many fast $((1001 - N)) 1000 | ask >"$WORK/last"
	# does the 1000th create cost what the 10th did?
	echo "fact thousandth $(sed -n "$((10 - N / 2)),$((10 + N / 2))p" "$WORK/first" | median | cut -d' ' -f1)" \
		"$(median <"$WORK/last" | cut -d' ' -f1)"
	attachment POST many 1 100 | crowd
	memory memory
	idle
	closed_snapshot
	at_once
	memory_of_all
}

first_twelve() {
	create many fast 1 12 | ask >"$WORK/first"
}

modprobe dm-thin-pool
# equal disks, in memory; large enough for the metadata of a thousand volumes
slow_disk fast $((32 << 10)) 0 64
slow_disk other $((32 << 10)) 0 64
slow_disk floor $((8 << 10)) 0 64
udevadm settle
udevadm control --exit
prepare_ours
case ${1-} in
ours)
	first_twelve
	alone 12
	exit
	;;
once)
	at_once
	exit
	;;
esac
prepare_lvm
if [ "${1-}" = boot ]; then
	only_boot
	exit
fi
compare empty 0
first_twelve
if [ "${1-}" = few ]; then
	alone 12
	exit
fi
create many fast 13 $MANY | keep
attachment POST many 1 $MANY | crowd
fill_lvm $MANY
compare $MANY $MANY
activate_few
alone $MANY
# the same guest, anew
forget_ours
rm -rf /var/lib/liteio
exec "$(dirname "$0")/local.sh" after
