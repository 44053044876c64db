#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Instructions per 4 KiB I/O, direct, one at a time, system call included: the bare disk, dm-linear, a
# head, dm-thin, a head on dm-thin. Fails when a head costs over 300 instructions more than dm-linear.
#
# Runs in a guest with a clock that counts instructions: tests/vm/run --icount -- tests/vm/bench/head.sh
set -eu
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"

MAX_OVER_LINEAR=300

# devices NULL_BLK_DEVICE: /dev/mapper/{linear,head,thin,head-thin}
devices() {
	local size=65536

	kmodctl vol-set uuid=$V1 +create
	kmodctl att-add uuid=$V1 gen=1
	kmodctl att-add uuid=$V1 gen=2
	dmsetup create linear --table "0 $size linear $1 0"
	dmsetup create head --table "0 $size liteio $1 0 $V1 1"
	dmsetup create meta --table "0 8192 linear /dev/nullb1 0"
	dd if=/dev/zero of=/dev/mapper/meta bs=4k count=1 oflag=direct status=none
	dmsetup create pool --table "0 131072 thin-pool /dev/mapper/meta $1 512 0 1 error_if_no_space"
	dmsetup message pool 0 "create_thin 0"
	dmsetup create thin --table "0 $size thin /dev/mapper/pool 0"
	# mapped once, so that below only mapped blocks are met
	dd if=/dev/zero of=/dev/mapper/thin bs=1M count=8 oflag=direct status=none
	dmsetup create head-thin --table "0 $size liteio /dev/mapper/thin 0 $V1 2"
}

measure() {
	local name=$1 device=$2

	reads[$name]=$(iobench read "$device")
	writes[$name]=$(iobench write "$device")
}

modprobe dm-mod
modprobe configfs
mountpoint -q $CONFIGFS || mount -t configfs none $CONFIGFS
modprobe dm-thin-pool
# the disk that is measured keeps nothing; the thin pool's metadata is on one that does
modprobe null_blk nr_devices=0
for i in 0 1; do
	mkdir "$CONFIGFS/nullb/nullb$i"
	echo 64 >"$CONFIGFS/nullb/nullb$i/size"
	echo $i >"$CONFIGFS/nullb/nullb$i/memory_backed"
	echo 1 >"$CONFIGFS/nullb/nullb$i/power"
done
udevadm settle
load_module
devices /dev/nullb0
udevadm settle

declare -A reads writes
measure disk /dev/nullb0
measure linear /dev/mapper/linear
measure head /dev/mapper/head
measure thin /dev/mapper/thin
measure head-thin /dev/mapper/head-thin

printf '%-24s %10s %10s\n' "instructions per 4 KiB" read write
for name in disk linear head thin head-thin; do
	printf '%-24s %10d %10d\n' "$name" "${reads[$name]}" "${writes[$name]}"
done

failed=0
declare -A over=(
	[read]=$((reads["head"] - reads["linear"]))
	[write]=$((writes["head"] - writes["linear"]))
)
for kind in read write; do
	if [ "${over[$kind]}" -le $MAX_OVER_LINEAR ]; then
		echo "ok - bench: a head costs ${over[$kind]} instructions more than dm-linear for a $kind"
	else
		echo "not ok - bench: a head costs ${over[$kind]} instructions more than dm-linear for a $kind, over $MAX_OVER_LINEAR"
		failed=1
	fi
done
exit $failed
