# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Disks in memory that take time, by the guest's clock: what is measured on them is neither the host's disk
# nor a disk that is never waited for.
#
#   slow_disk NAME MIB NANOSECONDS AT_ONCE [CACHE_MIB [MB_A_SECOND]]   /dev/NAME: each operation takes so long (0: no
#                            time), so many go on at a time; with a write cache, so that a flush is one, too; no more
#                            bytes a second than that

slow_disk() {
	local at=/sys/kernel/config/nullb/$1

	modprobe configfs
	[ -d /sys/module/null_blk ] || modprobe null_blk nr_devices=0
	mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
	mkdir "$at"
	echo "$2" >"$at/size"
	echo "$3" >"$at/completion_nsec"
	echo "$4" >"$at/hw_queue_depth"
	echo 1 >"$at/submit_queues"
	# a timer says when it is done; or it is done at once
	echo $(($3 ? 2 : 0)) >"$at/irqmode"
	echo 1 >"$at/memory_backed"
	echo 1 >"$at/discard"
	[ -z "${5-}" ] || echo "$5" >"$at/cache_size"
	[ -z "${6-}" ] || echo "$6" >"$at/mbps"
	echo 1 >"$at/power"
	[ -b "/dev/$1" ]
}
