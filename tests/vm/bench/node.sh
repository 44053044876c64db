#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What operations on volumes cost the node, in instructions of the whole machine and in time, against LVM's
# on a thin pool of its own on an equal disk: requests to the agent as the CSI driver makes them, commands
# as an admin types them. Prints a table, and "ok" or "not ok" for each goal.
#
#   node.sh            with a pool that is empty but for what is measured, and what does not need LVM: the
#                      1000th create against the 10th, many at once, memory and idleness with 1000 volumes
#   node.sh long       the same, and against LVM with 500 volumes
#   node.sh ours       only what does not need LVM
#   node.sh once       only many at once, and what waits for nothing
#
# Runs in a guest with one CPU whose clock counts instructions. Nobody waits for udev here, and dmeventd
# does not run, both in favour of LVM.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=tests/vm/lib/agent.sh
. "$(dirname "$0")/../lib/agent.sh"
# shellcheck source=tests/vm/lib/slowdisk.sh
. "$(dirname "$0")/../lib/slowdisk.sh"

SOCKET=/run/liteio/agent.sock
WORK=$(mktemp -d)
LVM_ROOT=$WORK/lvm
# volumes of this size, of which there are at most so many in the pools
MIB=4
N=5
MANY=500
SIZE=$((MIB << 20))
OPERATIONS=(create snapshot grow status list activate remove-snapshot remove)
declare -A ours lvm
failed=0

# LVM in a root of its own, in memory: it reads files that are not there, and here nothing is far
lvm_root() {
	local program file

	mkdir "$LVM_ROOT"
	mount -t tmpfs none "$LVM_ROOT"
	mkdir -p "$LVM_ROOT"/{dev,proc,sys,run,tmp,etc/lvm,usr/sbin}
	for program in lvm thin_check nodecost; do
		install "$(readlink -f "$(command -v $program)")" "$LVM_ROOT/usr/sbin/$program"
		ldd "$LVM_ROOT/usr/sbin/$program" | grep -o '/[^ ]*' | while read -r file; do
			install -D "$(readlink -f "$file")" "$LVM_ROOT$file"
		done
	done
	for program in pvcreate vgcreate vgchange lvcreate lvextend lvremove lvs; do
		ln -s lvm "$LVM_ROOT/usr/sbin/$program"
	done
	for file in dev proc sys run; do
		mount --rbind /$file "$LVM_ROOT/$file"
	done
}

in_lvm() {
	chroot "$LVM_ROOT" "$@"
}

# no udev, no monitoring; nothing but its own disk is looked at
prepare_lvm() {
	export LVM_SUPPRESS_FD_WARNINGS=1 LC_ALL=C
	lvm_root
	cat >"$LVM_ROOT/etc/lvm/lvm.conf" <<-END
		devices { filter = [ "a|^/dev/ram1$|", "r|.*|" ] use_devicesfile = 0 }
		activation { udev_sync = 0 udev_rules = 0 monitoring = 0 }
	END
	in_lvm pvcreate -q -q /dev/ram1
	in_lvm vgcreate -q -q vg /dev/ram1
	in_lvm lvcreate -q -q -L 6g -c 256k --type thin-pool -n pool vg
}

prepare_ours() {
	agent_start
	liteioctl pool create fast /dev/ram0 >/dev/null
}

# many NUMBER...: volumes called many-NUMBER, on both sides
many() {
	seq "$1" "$2" | sed "s/.*/POST \/v1\/volumes {\"name\":\"many-&\",\"pool\":\"fast\",\"sizeBytes\":$SIZE}/" |
		nodecost ask $SOCKET
}

# fill NUMBER...: the same, over one connection and not measured
fill() {
	seq "$1" "$2" | sed "s/.*/POST \/v1\/volumes {\"name\":\"many-&\",\"pool\":\"fast\",\"sizeBytes\":$SIZE}/" |
		nodecost keep $SOCKET
}

many_lvm() {
	local i

	for i in $(seq "$1" "$2"); do
		in_lvm lvcreate -q -q -T -V ${MIB}m -n "many-$i" vg/pool
	done
}

# median: of lines of two numbers, of each by itself
median() {
	local lines

	lines=$(cat)
	echo "$(cut -d' ' -f1 <<<"$lines" | sort -n | sed -n "$((N / 2 + 1))p")" \
		"$(cut -d' ' -f2 <<<"$lines" | sort -n | sed -n "$((N / 2 + 1))p")"
}

each() {
	seq 1 $N | sed "s/.*/$1/" | nodecost ask $SOCKET | median
}

# what is grown is attached: its thin device and its head follow
attach() {
	local i uuid

	for i in $(seq 1 $N); do
		uuid=$(j volume show "v$i" | jq -r .uuid)
		liteioctl export create "v$i" 1 --local >/dev/null
		liteioctl attachment create "$uuid" 1 --local >/dev/null
		echo "POST /v1/volumes/v$i/grow {\"sizeBytes\":$((2 * SIZE))}" >>"$WORK/grow"
		echo "POST /v1/attachments/$uuid/1/resize {\"sizeBytes\":$((2 * SIZE))}" >>"$WORK/resize"
	done
}

detach() {
	local i

	for i in $(seq 1 $N); do
		liteioctl attachment delete "$(j volume show "v$i" | jq -r .uuid)" 1 >/dev/null
		liteioctl export delete "v$i" 1 >/dev/null
	done
}

# take out what is in the kernel, as after a boot; only the modules stay
forget_ours() {
	local role name

	agent_kill
	for role in head thin pool tdata tmeta; do
		for name in $(dmsetup ls | sed -n "s/^\(liteio-$role-[^ \t]*\).*/\1/p"); do
			dmsetup remove --retry "$name"
		done
	done
	rmmod liteio
	agent_load_module
}

# from the start of the agent until it answers, with all that is attached where it was
boot_ours() {
	forget_ours
	nodecost start $SOCKET /v1/volumes/v1 "$LITEIO_O/liteio-agent" 2>$AGENT_PID
	[ "$(dmsetup ls | grep -c '^liteio-head-')" = $N ] || {
		echo "not all that was attached is there" >&2
		return 1
	}
}

boot_lvm() {
	in_lvm vgchange -q -q -an vg
	in_lvm nodecost run vgchange -q -q -ay vg
}

measure_ours() {
	local case=$1

	ours[$case create]=$(each "POST \/v1\/volumes {\"name\":\"v&\",\"pool\":\"fast\",\"sizeBytes\":$SIZE}")
	ours[$case snapshot]=$(each 'POST \/v1\/snapshots {"name":"s&","volume":"v&"}')
	ours[$case status]=$(each 'GET \/v1\/volumes\/v&')
	ours[$case list]=$(each 'GET \/v1\/volumes')
	rm -f "$WORK/grow" "$WORK/resize"
	attach
	nodecost ask $SOCKET <"$WORK/grow" >"$WORK/grown"
	nodecost ask $SOCKET <"$WORK/resize" >"$WORK/resized"
	ours[$case grow]=$(paste -d' ' "$WORK/grown" "$WORK/resized" | awk '{ print $1 + $3, $2 + $4 }' | median)
	ours[$case activate]=$(boot_ours)
	detach
	ours[$case remove-snapshot]=$(each 'DELETE \/v1\/snapshots\/s&')
	ours[$case remove]=$(each 'DELETE \/v1\/volumes\/v&')
	echo "# $case: ours was measured"
}

# each_lvm COMMAND...: with the number of each for &
each_lvm() {
	local i

	for i in $(seq 1 $N); do
		in_lvm nodecost run "${@//&/$i}" 2>"$WORK/said" || {
			cat "$WORK/said" >&2
			return 1
		}
	done | median
}

measure_lvm() {
	local case=$1

	lvm[$case create]=$(each_lvm lvcreate -T -V ${MIB}m -n 'v&' vg/pool)
	lvm[$case snapshot]=$(each_lvm lvcreate -s -n 's&' 'vg/v&')
	lvm[$case status]=$(each_lvm lvs --reportformat json 'vg/v&')
	lvm[$case list]=$(each_lvm lvs --reportformat json vg)
	lvm[$case grow]=$(each_lvm lvextend -L+${MIB}m 'vg/v&')
	lvm[$case activate]=$(boot_lvm)
	lvm[$case remove-snapshot]=$(each_lvm lvremove -fy 'vg/s&')
	lvm[$case remove]=$(each_lvm lvremove -fy 'vg/v&')
	echo "# $case: LVM was measured"
}

# goal CASE OPERATION WHAT OURS LVM TIMES
goal() {
	if [ $(($4 * $6)) -le "$5" ]; then
		echo "ok - bench-node: $2, $1: at least $6 times fewer $3"
	else
		echo "not ok - bench-node: $2, $1: $4 $3, of LVM's $5: not $6 times fewer"
		failed=1
	fi
}

# report CASE TIMES_FEWER_NANOSECONDS
report() {
	local case=$1 op our_busy our_clock lvm_busy lvm_clock

	printf '\n%-20s %12s %12s %8s %12s %12s %8s\n' "$case" ours lvm ratio "ours, us" "lvm, us" ratio
	for op in "${OPERATIONS[@]}"; do
		read -r our_busy our_clock <<<"${ours[$case $op]}"
		read -r lvm_busy lvm_clock <<<"${lvm[$case $op]}"
		printf '%-20s %12d %12d %7dx %12d %12d %7dx\n' "$op" "$our_busy" "$lvm_busy" $((lvm_busy / our_busy)) \
			$((our_clock / 1000)) $((lvm_clock / 1000)) $((lvm_clock / our_clock))
	done
	for op in "${OPERATIONS[@]}"; do
		read -r our_busy our_clock <<<"${ours[$case $op]}"
		read -r lvm_busy lvm_clock <<<"${lvm[$case $op]}"
		goal "$case" "$op" instructions "$our_busy" "$lvm_busy" 100
		goal "$case" "$op" nanoseconds "$our_clock" "$lvm_clock" "$2"
	done
}

# holds A B WHAT: a goal that does not stand against LVM: A is at most B
holds() {
	if [ "$1" -le "$2" ]; then
		echo "ok - bench-node: $3"
	else
		echo "not ok - bench-node: $3"
		failed=1
	fi
}

# does the 1000th create cost what the 10th did? "created" has the first ones, and then the last
thousandth() {
	local tenth last

	tenth=$(sed -n "$((10 - N / 2)),$((10 + N / 2))p" "$WORK/created" | median | cut -d' ' -f1)
	last=$(tail -n $N "$WORK/created" | median | cut -d' ' -f1)
	holds $((last * 10)) $((tenth * 11)) \
		"the 1000th create costs $last instructions, the 10th $tenth: goal 1.1 times, $((last * 100 / tenth)) percent"
}

TRACE=/sys/kernel/tracing

# suspends COMMAND...: how many devices were held meanwhile
suspends() {
	echo >$TRACE/trace
	"$@" >/dev/null
	grep -c ' suspends: ' $TRACE/trace || true
}

snapshots() {
	seq 1 $N | sed "s/.*/POST \/v1\/snapshots {\"name\":\"$1-&\",\"volume\":\"$2\"}/" | nodecost keep $SOCKET
}

# what is not open is held by nobody's snapshot; and the count would see it if it was
closed_snapshot() {
	local open closed

	mountpoint -q $TRACE || mount -t tracefs none $TRACE
	echo 'p:suspends dm_mod:dm_suspend' >$TRACE/kprobe_events
	echo 1 >$TRACE/events/kprobes/suspends/enable
	exec 8<"$(j volume attach many-2 | jq -r .device)"
	open=$(suspends snapshots open many-2)
	exec 8<&-
	liteioctl volume detach many-2 >/dev/null
	# it has been made: what is counted is the snapshot
	snapshots made many-3
	closed=$(suspends snapshots closed many-3)
	echo 0 >$TRACE/events/kprobes/suspends/enable
	holds "$N" "$open" "$N snapshots of a volume that is open hold devices $open times"
	holds "$closed" 0 "$N snapshots of a volume that is not open hold devices $closed times: they wait for nothing"
}

# create_slow NAME N HOW: the two numbers of N creates on the slow disk
create_slow() {
	seq 1 "$2" | sed "s/.*/POST \/v1\/volumes {\"name\":\"$1-&\",\"pool\":\"slow\",\"sizeBytes\":$SIZE}/" |
		nodecost "$3" $SOCKET
}

# a hundred creates that come at once, on a disk that takes a while for everything: 4 ms, as one of 1 ms is to a
# CPU that is four times as fast as the guest's. That is one CPU: what a hundred requests cost it is a hundred
# times what one does, and it is their waits that can overlap
at_once() {
	local one_busy one busy clock waits one_waits

	slow_disk slow 1024 4000000 64
	liteioctl pool create slow /dev/slow >/dev/null
	read -r one_busy one < <(create_slow one $N ask | median)
	read -r busy clock < <(create_slow once 100 together)
	one_waits=$((one - one_busy))
	waits=$((clock > busy ? clock - busy : 0))
	echo "# one create: $one ns, $one_busy of them work; 100 at once: $clock ns, $busy of them work: $((clock / one)) times"
	holds "$waits" $((5 * one_waits)) "100 creates at once wait $waits ns, one waits $one_waits: goal 5 times"
}

ticks() {
	sed 's/.*) //' "/proc/$(cat $AGENT_PID)/stat" | awk '{ print $12 + $13 }'
}

# a minute in which nobody asks for anything; the guest jumps over it
idle() {
	local before used

	until_true 100 agent_sleeps
	before=$(agent_switches)
	used=$(ticks)
	sleep 60
	holds $(($(agent_switches) - before)) 9 "$(($(agent_switches) - before)) voluntary context switches in an idle minute: goal fewer than 10"
	holds $(($(ticks) - used)) 0 "$(($(ticks) - used)) ticks of CPU in an idle minute: goal none"
}

memory() {
	local kib

	kib=$(awk '/^VmRSS:/ { print $2 }' "/proc/$(cat $AGENT_PID)/status")
	grep -E '^(VmRSS|RssAnon|RssFile|VmHWM)' "/proc/$(cat $AGENT_PID)/status" | sed 's/^/# /'
	holds "$kib" 10239 "$kib KiB resident with 1000 volumes: goal under 10 MiB"
}

# alone THERE: what does not need LVM; so many volumes are there
alone() {
	fill $(($1 + 1)) $((1000 - N))
	many $((1001 - N)) 1000 >>"$WORK/created"
	thousandth
	memory
	idle
	closed_snapshot
	at_once
}

first_twelve() {
	many 1 12 >"$WORK/created"
}

modprobe brd rd_nr=2 rd_size=$((8 << 20))
modprobe dm-thin-pool
case ${1-} in
ours | once)
	udevadm settle
	udevadm control --exit
	prepare_ours
	first_twelve
	if [ "$1" = ours ]; then
		alone 12
	else
		closed_snapshot
		at_once
	fi
	exit $failed
	;;
esac
# LVM looks for it although it makes thin snapshots
modprobe dm-snapshot
udevadm settle
udevadm control --exit
prepare_lvm
prepare_ours
measure_ours empty
measure_lvm empty
report empty 10
first_twelve
if [ "${1-}" = long ]; then
	fill 13 $MANY
	many_lvm 1 $MANY
	measure_ours "$MANY volumes"
	measure_lvm "$MANY volumes"
	report "$MANY volumes" 50
	alone $MANY
else
	alone 12
fi
exit $failed
