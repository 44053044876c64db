#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All kinds of I/O through a head: data arrives where it belongs, limits are those of the disk below,
# and the counters are what was done.
# vm: kernels=6.1,6.12,7,debug,kcsan timeout=300 disks=disk=64M
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"

DISK=/dev/disk/by-id/virtio-disk
SECTORS=65536
OFFSET=4096

# a head over a part of the disk with a volatile cache, discard and write zeroes
disk_head() {
	volume $V1 1
	dmsetup create h --table "0 $SECTORS liteio $DISK $OFFSET $V1 1"
	udevadm settle
}

# a SCSI disk in memory: scsi_disk OPTIONS... leaves its device in $disk
scsi_disk() {
	! grep -q scsi_debug /proc/modules || modprobe -r scsi_debug
	modprobe scsi_debug dev_size_mb=32 delay=0 "$@"
	udevadm settle
	disk=/dev/$(basename /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/*)
}

# did CLASS FIELD EXPECTED COMMAND...: the counter grows by this much
did() {
	local class=$1 what=$2 want=$3 before

	shift 3
	before=$(stat_of $V1 1 "$class.$what")
	"$@"
	expect "$want" "$(($(stat_of $V1 1 "$class.$what") - before))" "$class.$what of $*"
}

t_data_lands_at_the_offset() {
	disk_head
	dd if=/dev/zero of=$DISK bs=1M count=64 oflag=direct status=none
	dd if=/dev/urandom of="$WORK/data" bs=1M count=32 status=none
	dd if="$WORK/data" of=/dev/mapper/h bs=64k oflag=direct status=none
	dd if=/dev/mapper/h bs=1M iflag=direct status=none | cmp - "$WORK/data"
	dd if=$DISK bs=512 skip=$OFFSET count=$SECTORS iflag=direct status=none | cmp - "$WORK/data"
	dd if=$DISK bs=512 count=$OFFSET iflag=direct status=none | cmp -n 2097152 - /dev/zero
	dd if=$DISK bs=512 skip=$((OFFSET + SECTORS)) iflag=direct status=none | cmp -n 1048576 - /dev/zero
}

t_counters_are_what_was_done() {
	disk_head
	did write ios 100 dd if=/dev/zero of=/dev/mapper/h bs=4k count=100 oflag=direct status=none
	did write bytes 409600 dd if=/dev/zero of=/dev/mapper/h bs=4k count=100 oflag=direct status=none
	did write hist 10 dd if=/dev/zero of=/dev/mapper/h bs=16k count=10 oflag=direct status=none
	udevadm settle
	did read ios 50 dd if=/dev/mapper/h of=/dev/null bs=4k count=50 iflag=direct status=none
	did read bytes 204800 dd if=/dev/mapper/h of=/dev/null bs=4k count=50 iflag=direct status=none
	did read hist 50 dd if=/dev/mapper/h of=/dev/null bs=4k count=50 iflag=direct status=none
	did flush ios 1 dd if=/dev/zero of=/dev/mapper/h bs=4k count=10 oflag=direct conv=fsync status=none
	did other bytes 1048576 blkdiscard -o 1048576 -l 1048576 /dev/mapper/h
	did other bytes 2097152 blkdiscard -z -o 1048576 -l 2097152 /dev/mapper/h
	expect 0 "$(stat_of $V1 1 write.errors)"
	expect 0 "$(stat_of $V1 1 inflight)"
	[ "$(stat_of $V1 1 write.time_ns)" -gt 1000 ]
	# configfs and status say the same
	expect "$(stat_of $V1 1 write.ios) 0 $(stat_of $V1 1 write.bytes) $(stat_of $V1 1 write.time_ns)" \
		"$(awk '$1 == "write" { print $2, $3, $4, $5 }' $WINDOW/volumes/$V1/attachments/1/io_stats)"
	expect "$(stat_of $V1 1 write.ios) $(($(stat_of $V1 1 write.bytes) / 512)) 0" \
		"$(dmsetup status h | sed 's/.* w \([0-9]* [0-9]* [0-9]*\) .*/\1/')"
}

t_forced_writes_reach_the_disk_as_such() {
	disk_head
	# over a volatile cache a write with FUA is a write and a flush; each goes through the gate
	did write ios 10 dd if=/dev/zero of=/dev/mapper/h bs=4k count=10 oflag=direct,dsync status=none
	did flush ios 10 dd if=/dev/zero of=/dev/mapper/h bs=4k count=10 oflag=direct,dsync status=none
}

t_discard_and_zeroes_reach_the_disk() {
	disk_head
	dd if=/dev/urandom of=/dev/mapper/h bs=1M count=8 oflag=direct status=none
	blkdiscard -z -o 1048576 -l 1048576 /dev/mapper/h
	dd if=$DISK bs=1M skip=3 count=1 iflag=direct status=none | cmp -n 1048576 - /dev/zero
	! dd if=$DISK bs=1M skip=2 count=1 iflag=direct status=none | cmp -s -n 1048576 - /dev/zero ||
		fail "zeroed too much"
	! dd if=$DISK bs=1M skip=4 count=1 iflag=direct status=none | cmp -s -n 1048576 - /dev/zero ||
		fail "zeroed too much"
	[ "$(lsblk -bndo DISC-MAX /dev/mapper/h)" -gt 0 ]
	blkdiscard -o 4194304 -l 1048576 /dev/mapper/h
}

t_limits_are_those_of_the_disk() {
	local file lower upper

	scsi_disk lbpu=1 lbpws=1 sector_size=4096 physblk_exp=1 opt_xferlen_exp=3
	volume $V1 1
	dmsetup create h --table "0 $SECTORS liteio $disk 0 $V1 1" 2>/dev/null ||
		dmsetup create h --table "0 $(sectors_of "$disk") liteio $disk 0 $V1 1"
	dmsetup create l --table "0 $(sectors_of "$disk") linear $disk 0"
	udevadm settle
	upper=/sys/block/$(basename "$(realpath /dev/mapper/h)")/queue
	lower=/sys/block/$(basename "$(realpath /dev/mapper/l)")/queue
	for file in "$upper"/*; do
		if [ ! -f "$file" ] || [ ! -r "$file" ]; then
			continue
		fi
		# some can only be read of other kinds of devices: then of neither
		expect "$(cat "$lower/${file##*/}" 2>/dev/null)" "$(cat "$file" 2>/dev/null)" "${file##*/}"
	done
	expect 4096 "$(cat "$upper/logical_block_size")"
	dmsetup remove --retry h
	# a part that begins in the middle of a block is no device
	! dmsetup create h --table "0 8000 liteio $disk 1 $V1 1" 2>/dev/null || fail "misaligned"
}

t_integrity_data_passes() {
	local queue

	scsi_disk dif=1 dix=1
	volume $V1 1
	dmsetup create h --table "0 $(sectors_of "$disk") liteio $disk 0 $V1 1"
	udevadm settle
	queue=/sys/block/$(basename "$(realpath /dev/mapper/h)")
	expect T10-DIF-TYPE1-CRC "$(cat "$queue/integrity/format")" "integrity format"
	dd if=/dev/urandom of="$WORK/data" bs=1M count=4 status=none
	dd if="$WORK/data" of=/dev/mapper/h bs=64k oflag=direct status=none
	dd if=/dev/mapper/h bs=64k count=64 iflag=direct status=none | cmp - "$WORK/data"
	expect 0 "$(stat_of $V1 1 write.errors)"
	expect 0 "$(stat_of $V1 1 read.errors)"
}

t_atomic_writes_pass_where_the_kernel_has_them() {
	local unit

	if [ $(("$(kmodctl info | field features)" & 16)) = 0 ]; then
		[ "$LITEIO_KERNEL" != 7 ] || fail "kernel 7 has atomic writes"
		return
	fi
	scsi_disk atomic_wr=1
	volume $V1 1
	dmsetup create h --table "0 $(sectors_of "$disk") liteio $disk 0 $V1 1"
	udevadm settle
	unit=$(cat "/sys/block/${disk##*/}/queue/atomic_write_unit_max_bytes")
	[ "$unit" -gt 0 ]
	expect "$unit" "$(cat "/sys/block/$(basename "$(realpath /dev/mapper/h)")/queue/atomic_write_unit_max_bytes")"
}

t_io_that_must_not_wait_does_not() {
	disk_head
	python3 - /dev/mapper/h <<-'PYTHON'
		import errno, mmap, os, sys
		fd = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
		buf = mmap.mmap(-1, 4096)
		done = again = 0
		for i in range(200):
		    try:
		        done += os.preadv(fd, [buf], i * 4096, os.RWF_NOWAIT) == 4096
		    except OSError as e:
		        if e.errno != errno.EAGAIN:
		            raise
		        again += 1
		assert done, "nothing was read"
	PYTHON
	expect 0 "$(stat_of $V1 1 read.errors)"
}

t_errors_are_counted_and_told() {
	volume $V1 1
	dmsetup create bad --table "0 8 error
8 $((SECTORS - 8)) linear $DISK 8"
	kmodctl events >"$WORK/events" &
	until_true 10 grep -q ready "$WORK/events"
	head_new h /dev/mapper/bad $SECTORS $V1 1
	! dd if=/dev/zero of=/dev/mapper/h bs=4k count=1 oflag=direct status=none 2>/dev/null || fail "written"
	expect 1 "$(stat_of $V1 1 write.errors)"
	expect 0 "$(stat_of $V1 1 write.hist)"
	until_true 10 grep -q "type=io-error uuid=$V1 gen=1 value=[1-9]" "$WORK/events"
	dd if=/dev/zero of=/dev/mapper/h bs=4k seek=1 count=1 oflag=direct status=none
	expect "2 1" "$(stat_of $V1 1 write.ios) $(stat_of $V1 1 write.errors)"
}

t_lack_of_space_is_told() {
	volume $V1 1
	ram_disk
	dd if=/dev/zero of=/dev/ram0 bs=1M count=4 oflag=direct status=none
	dmsetup create meta --table "0 8192 linear /dev/ram0 0"
	dmsetup create data --table "0 8192 linear /dev/ram0 8192"
	dmsetup create pool --table "0 8192 thin-pool /dev/mapper/meta /dev/mapper/data 512 0 1 error_if_no_space"
	dmsetup message pool 0 "create_thin 0"
	dmsetup create thin --table "0 32768 thin /dev/mapper/pool 0"
	kmodctl events >"$WORK/events" &
	until_true 10 grep -q ready "$WORK/events"
	head_new h /dev/mapper/thin 32768 $V1 1
	! dd if=/dev/zero of=/dev/mapper/h bs=64k oflag=direct status=none 2>"$WORK/said" || fail "it has space"
	grep -q "No space left" "$WORK/said"
	until_true 10 grep -q "type=no-space uuid=$V1 gen=1" "$WORK/events"
	dmsetup remove --retry h
	dmsetup remove --retry thin
	dmsetup remove --retry pool
}

t_commands_cannot_pass_by() {
	scsi_disk
	volume $V1 1
	dmsetup create h --table "0 $(sectors_of "$disk") liteio $disk 0 $V1 1"
	udevadm settle
	# SG_IO: an INQUIRY of the SCSI disk, which dm-linear would pass on
	! python3 - /dev/mapper/h <<-'PYTHON' || fail "passed"
		import fcntl, os, struct, sys
		fd = os.open(sys.argv[1], os.O_RDONLY)
		try:
		    fcntl.ioctl(fd, 0x5382, struct.pack('i', 0))
		except OSError:
		    sys.exit(1)
	PYTHON
}

run_tests "$@"
