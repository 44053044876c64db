#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The story of a node without Kubernetes: a pool on a disk, a volume with ext4 on it, a snapshot, an accident
# and the way back, how long I/O took, and space that comes back. Runs in a guest with a disk "pool"; ends
# with a failure where it is not true.
set -euo pipefail
# shellcheck source=tests/vm/lib/agent.sh
. "$(dirname "$0")/../lib/agent.sh"
# shellcheck source=tests/vm/lib/story.sh
. "$(dirname "$0")/../lib/story.sh"

MNT=/mnt/data
MIB=1048576

used() {
	echo $(($(j pool show fast | jq .dataUsedBytes) / MIB))
}

# what was deleted, or was there before a roll back, gives its space back in the background
nothing_goes_on() {
	[ "$(j deletion list | jq '.items | length')" = 0 ]
}

# attach NAME: its block device appears, under its name
attach() {
	show liteioctl volume attach "$1"
	device=/dev/liteio/$1
	uuid=$(j volume show "$1" | jq -r .uuid)
	[ -b "$device" ] || untrue "there is no $device"
}

detach() {
	show umount $MNT
	show liteioctl volume detach "$1"
}

pool() {
	tell "The agent runs. Which disks could be used?"
	modprobe configfs
	mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
	agent_start
	show liteioctl disk list
	tell "A pool on one of them"
	show liteioctl pool create fast "$DISK"
	show liteioctl pool list
	empty=$(used)
	if said=$(liteioctl pool create faster "$DISK" 2>&1); then
		untrue "a disk that is in use was taken"
	fi
	see "what has something on it is refused: $said"
}

volume() {
	tell "A volume of 1 GiB, thin: it takes from the pool what is written to it"
	show liteioctl volume create data --pool fast --size 1Gi
	attach data
	# all of it now: what the kernel makes later, in the background, would take space while that is measured
	show mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$device"
	mkdir -p $MNT
	show mount "$device" $MNT
	mkdir $MNT/ledger
	for year in 2023 2024 2025; do
		head -c $((4 * MIB)) /dev/urandom >"$MNT/ledger/$year"
	done
	(cd $MNT && sha256sum ledger/* >"/tmp/sums" && sync -f .)
	show ls -l $MNT/ledger
	show df -h --output=target,size,used $MNT
	see "the pool gave $(($(used) - empty)) MiB for it"
}

accident() {
	tell "A snapshot, while the filesystem is in use"
	show liteioctl snapshot create before-the-upgrade data
	show liteioctl snapshot list
	tell "The accident"
	show rm -r $MNT/ledger/2024
	show dd if=/dev/zero of=$MNT/ledger/2025 bs=1M count=4 conv=fsync,notrunc status=none
	if (cd $MNT && sha256sum --quiet -c "/tmp/sums") 2>&1; then
		untrue "there was no accident"
	fi
	sync -f $MNT
}

way_back() {
	tell "The way back: the volume as it was, in place"
	if said=$(liteioctl volume rollback data before-the-upgrade 2>&1); then
		untrue "a volume that is in use was rolled back"
	fi
	see "not under somebody's feet: $said"
	detach data
	show liteioctl volume rollback data before-the-upgrade
	attach data
	show mount "$device" $MNT
	cd $MNT
	show sha256sum -c "/tmp/sums" || untrue "what was there is not there again"
	cd /
}

numbers() {
	tell "How long did it take? Percentiles of all I/O of this attachment"
	show dd if=$MNT/ledger/2023 of=/dev/null bs=64k iflag=direct status=none
	show dd if=/dev/zero of=$MNT/log bs=4k count=200 oflag=dsync status=none
	show cat "/sys/kernel/config/liteio/volumes/$uuid/attachments/2/latency"
	for class in read write flush; do
		[ "$(awk -v c=$class '$1 == c { print $2 }' \
			"/sys/kernel/config/liteio/volumes/$uuid/attachments/2/latency")" -gt 0 ] ||
			untrue "no $class was counted"
	done
}

space() {
	local before full after

	tell "Space comes back: a big file, deleted, and the filesystem says so"
	until_true 30 nothing_goes_on
	before=$(used)
	show dd if=/dev/zero of=$MNT/big bs=1M count=200 conv=fsync status=none
	full=$(used)
	rm $MNT/big
	sync -f $MNT
	show fstrim -v $MNT
	after=$(used)
	show liteioctl pool show fast
	see "used of the pool: $before MiB before, $full MiB with the file, $after MiB now"
	[ "$full" -ge $((before + 195)) ] || untrue "the file took no space"
	[ "$after" -le $((before + 8)) ] || untrue "the space did not come back"
}

the_end() {
	tell "And away with it all"
	detach data
	show liteioctl volume delete data
	show liteioctl snapshot delete before-the-upgrade
	until_true 30 nothing_goes_on
	show liteioctl pool list
	[ "$(used)" = "$empty" ] || untrue "$(used) MiB are in use, $empty were when the pool was new"
	show liteioctl pool delete fast
	agent_stop
}

pool
volume
accident
way_back
numbers
space
the_end
