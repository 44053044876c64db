#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Instructions per I/O, direct, one at a time, system call included: 4 KiB read, 4 KiB written, a flush; of
# the bare disk, dm-linear, a head in each of its states, dm-thin, a head on dm-thin.
#
# Statistics are always on, for a fence waits for the same counters: a head with everything off is a head with
# statistics, and is held to the limit of that. Runs in a guest whose
# clock counts instructions; prints a table, which tests/vm/bench/judge reads.
set -eu
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"
# shellcheck source=tests/vm/lib/bench.sh
. "$(dirname "$0")/../lib/bench.sh"

SIZE=65536
# volumes and attachments of the crowd
CROWD=1000

# a volume each, for its limits
LIMITED=33333333-3333-4333-8333-333333333333
UNLIMITED=44444444-4444-4444-8444-444444444444
# its dirty chunks are tracked
TRACKED=55555555-5555-4555-8555-555555555555

# linear NAME, head NAME UUID: one on each of the disks
linear() {
	dmsetup create "$1" --table "0 $SIZE linear /dev/nullb0 0"
	dmsetup create "$1-cached" --table "0 $SIZE linear /dev/nullb1 0"
}

head() {
	volume "$2" 1 2
	dmsetup create "$1" --table "0 $SIZE liteio /dev/nullb0 0 $2 1"
	dmsetup create "$1-cached" --table "0 $SIZE liteio /dev/nullb1 0 $2 2"
}

# limits that hold, and that nothing here ever comes near to
wide_limits() {
	kmodctl vol-set "uuid=$1" qos.riops=1000000000 qos.wiops=1000000000 \
		qos.rbps=1099511627776 qos.wbps=1099511627776
}

track() {
	kmodctl dirty-start "uuid=$TRACKED" "gen=$1" chunk_shift=16 >/dev/null
}

no_limits() {
	kmodctl vol-set "uuid=$1" qos.riops=0 qos.wiops=0 qos.rbps=0 qos.wbps=0
}

# its metadata is on a disk that keeps what is written
thin() {
	dmsetup create meta --table "0 8192 linear /dev/nullb1 $SIZE"
	dd if=/dev/zero of=/dev/mapper/meta bs=4k count=1 oflag=direct status=none
	dmsetup create pool --table "0 131072 thin-pool /dev/mapper/meta /dev/nullb0 512 0 1 error_if_no_space"
	dmsetup message pool 0 "create_thin 0"
	dmsetup create thin --table "0 $SIZE thin /dev/mapper/pool 0"
	# mapped once, so that below only mapped blocks are met
	dd if=/dev/zero of=/dev/mapper/thin bs=1M count=8 oflag=direct status=none
	volume $V2 1
	dmsetup create head-thin --table "0 $SIZE liteio /dev/mapper/thin 0 $V2 1"
}

crowd() {
	seq 1 $CROWD | awk '{
		uuid = sprintf("99999999-9999-4999-8999-%012d", $1)
		print "vol-set", "uuid=" uuid, "+create"
		print "att-add", "uuid=" uuid, "gen=1" }' | kmodctl batch >/dev/null
	expect $CROWD "$(kmodctl att-get +dump | grep -c uuid=99999999)" "attachments of the crowd"
}

# row NAME DEVICE [DEVICE_FOR_FLUSHES]
row() {
	local flush=-

	[ $# -lt 3 ] || flush=$(iobench flush "$3" 1024)
	printf '%-24s %10d %10d %10s\n' "$1" "$(iobench read "$2")" "$(iobench write "$2")" "$flush"
}

dm_row() {
	row "$1" "/dev/mapper/$2" "/dev/mapper/$2-cached"
}

modprobe dm-mod
modprobe dm-thin-pool
# reads and writes go to a disk that keeps nothing, flushes to one that has something to flush
null_disk 0
null_disk 1 memory_backed=1 cache_size=4
udevadm settle
load_module
linear linear
head head $V1
head unlimited $UNLIMITED
wide_limits $UNLIMITED
no_limits $UNLIMITED
head limited $LIMITED
wide_limits $LIMITED
head tracked $TRACKED
track 1
track 2
thin
steady

what_is_counted
printf '%-24s %10s %10s %10s\n' "instructions" read write flush
row disk /dev/nullb0 /dev/nullb1
dm_row linear linear
dm_row head head
dm_row head-unlimited unlimited
dm_row head-limited limited
dm_row head-tracked tracked
# a flush of dm-thin is its worker's, and costs as the worker pleases
row thin /dev/mapper/thin
row head-thin /dev/mapper/head-thin
crowd
dm_row head-in-a-crowd head
dm_row head-limited-in-a-crowd limited
