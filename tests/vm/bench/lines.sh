#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Four CPUs read and write at once through a head, and through one whose volume has limits, while the emulator
# notes which cache lines the module touches; prints where the module is. tests/vm/bench/lines makes sense of it.
set -eu
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"
# shellcheck source=tests/vm/lib/bench.sh
. "$(dirname "$0")/../lib/bench.sh"

SIZE=65536
COUNT=2048
CPUS=4

modprobe dm-mod
null_disk 0 submit_queues=$CPUS
udevadm settle
load_module
echo "text $(cat /sys/module/liteio/sections/.text)"
volume $V1 1
volume $V2 1
kmodctl vol-set "uuid=$V2" qos.riops=1000000000 qos.wiops=1000000000
dmsetup create head --table "0 $SIZE liteio /dev/nullb0 0 $V1 1"
dmsetup create limited --table "0 $SIZE liteio /dev/nullb0 0 $V2 1"
udevadm settle
for device in head limited; do
	for kind in read write; do
		iobench $kind /dev/mapper/$device $COUNT $CPUS >/dev/null
	done
done
