#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Instructions per 4 KiB I/O while 1, 2 and 4 CPUs do the same at once, each with blocks and a queue of the
# disk of its own: dm-linear, and a head. Where CPUs got into one another's way, they would retry or wait.
set -eu
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"
# shellcheck source=tests/vm/lib/bench.sh
. "$(dirname "$0")/../lib/bench.sh"

SIZE=65536
COUNT=8192

modprobe dm-mod
null_disk 0 submit_queues=4
udevadm settle
load_module
volume $V1 1
dmsetup create linear --table "0 $SIZE linear /dev/nullb0 0"
dmsetup create head --table "0 $SIZE liteio /dev/nullb0 0 $V1 1"
steady

printf '%-24s %10s %10s\n' "instructions" read write
for cpus in 1 2 4; do
	for name in linear head; do
		printf '%-24s %10d %10d\n' "$name-on-$cpus-cpus" \
			"$(iobench read "/dev/mapper/$name" $COUNT $cpus)" \
			"$(iobench write "/dev/mapper/$name" $COUNT $cpus)"
	done
done
