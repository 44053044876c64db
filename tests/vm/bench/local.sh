#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a volume on this node costs whoever does I/O to it, against the disk itself: fio on the disk, on a linear
# volume and on a thin one whose blocks are all mapped, in one guest with one CPU whose clock counts
# instructions; and on a plain dm-linear, for what an operation costs there. Prints a table, which judge-node reads.
#
#   local.sh           in a guest of its own
#   local.sh after     in the one that node.sh has left
#
# The disk is in memory and takes time. The guest's CPU does an instruction in a nanosecond, a third or a quarter
# of what a real one does, so the disk is as much slower: 400 us for an operation, 20 of them at a time, 600 MB a
# second, as one of 100 us, 200,000 operations and 2.4 GB a second is to a real CPU. What a volume gives of that is
# what its users get. What an operation costs the CPU, fio's own part and the copying of what a real disk would
# fetch itself included, is what would be left of a disk that takes no time.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=tests/vm/lib/agent.sh
. "$(dirname "$0")/../lib/agent.sh"
# shellcheck source=tests/vm/lib/slowdisk.sh
. "$(dirname "$0")/../lib/slowdisk.sh"

WORK=$(mktemp -d)
MIB=64
NS=400000
AT_ONCE=20
MB_A_SECOND=600
declare -A device startup

# run_fio NAME N OPTION...: operations a second, and instructions of the whole machine
run_fio() {
	local name=$1 n=$2 cost

	shift 2
	cost=$(nodecost run fio --name=x --filename="${device[$name]}" --size=${MIB}M --io_size=1G --number_ios="$n" \
		--direct=1 --ioengine=libaio --norandommap --randrepeat=1 --gtod_reduce=1 --thread --output-format=json \
		--output="$WORK/out" "$@")
	echo "$(jq '.jobs[0] | .read.iops + .write.iops | floor' "$WORK/out") ${cost% *}"
}

# thousandths NUMBER: as a percentage
thousandths() {
	printf '%d.%d%%' $(($1 / 10)) $(($1 % 10))
}

# row WHAT N OPTION...: on all four
row() {
	local what=$1 n=$2 name linear thin
	local -A iops busy

	shift 2
	for name in disk linear thin plain; do
		read -r iops[$name] busy[$name] < <(run_fio $name "$n" "$@")
		busy[$name]=$(((busy[$name] - startup[$name]) / n))
	done
	linear=$((iops[linear] * 1000 / iops[disk]))
	thin=$((iops[thin] * 1000 / iops[disk]))
	printf '%-34s %8d %8s %8s %9d %9d %9d %9d\n' "$what" "${iops[disk]}" "$(thousandths $linear)" "$(thousandths $thin)" \
		"${busy[disk]}" "${busy[linear]}" "${busy[thin]}" "${busy[plain]}"
}

# measured NAME DEVICE: all its blocks are there, in the pool and in the memory that is the disk
measured() {
	[ -b "$2" ]
	device[$1]=$2
	dd if=/dev/zero of="$2" bs=1M count=$MIB oflag=direct status=none
}

volume() {
	liteioctl volume create "$1" --pool fast --size ${MIB}Mi --class "$1" >/dev/null
	measured "$1" "$(j volume attach "$1" | jq -r .device)"
}

if [ "${1-}" != after ]; then
	udevadm settle
	udevadm control --exit
fi
slow_disk bare 256 $NS $AT_ONCE 4 $MB_A_SECOND
slow_disk plain-below 256 $NS $AT_ONCE 4 $MB_A_SECOND
slow_disk below 768 $NS $AT_ONCE 4 $MB_A_SECOND
agent_start
liteioctl pool create fast /dev/below --linear 128Mi >/dev/null
measured disk /dev/bare
volume linear
volume thin
# on a disk as the volumes are
dmsetup create plain --noudevsync --noudevrules --table "0 $((MIB << 11)) linear /dev/plain-below 0"
measured plain "/dev/$(dmsetup info -c --noheadings -o blkdevname plain)"
# its files are in memory from then on
run_fio disk 1 --rw=randread --bs=4k --iodepth=1 >/dev/null
for name in disk linear thin plain; do
	# what fio does before and after
	read -r _ startup[$name] < <(run_fio $name 1 --rw=randread --bs=4k --iodepth=1)
done

printf '%-34s %8s %8s %8s %9s %9s %9s %9s\n' '' 'disk' 'linear' 'thin' 'disk' 'linear' 'thin' 'dm-linear'
printf '%-34s %26s %39s\n' '' 'operations/s, of the disk' 'instructions an operation'
for depth in 1 16 128; do
	n=$((depth == 1 ? 1000 : 6000))
	for rw in read write; do
		row "4K random $rw, depth $depth" $n --rw=rand$rw --bs=4k --iodepth=$depth
	done
	row "4K random write, depth $depth, fsync" $((n / 4)) --rw=randwrite --bs=4k --iodepth=$depth --fsync=1
done
for rw in read write; do
	row "128K sequential $rw, depth 16" 2000 --rw=$rw --bs=128k --iodepth=16
done
row "4K 70/30, depth 16" 6000 --rw=randrw --rwmixread=70 --bs=4k --iodepth=16
