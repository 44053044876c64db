# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Disks that a test makes for itself. Source it; "settle", what waits for udev, is the caller's.

# null_disk NUMBER [ATTRIBUTE=VALUE...]: /dev/nullbNUMBER of 64 MiB, made anew
null_disk() {
	local dir=/sys/kernel/config/nullb/nullb$1 pair

	modprobe null_blk nr_devices=0
	mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
	[ ! -d "$dir" ] || rmdir "$dir"
	mkdir "$dir"
	for pair in size=64 "${@:2}"; do
		echo "${pair#*=}" >"$dir/${pair%%=*}"
	done
	echo 1 >"$dir/power"
	settle
}
