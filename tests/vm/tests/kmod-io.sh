#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All kinds of I/O through a head: data arrives where it belongs, limits are those of the disk below,
# and the counters are what was done.
# vm: kernels=6.1,6.12,7,debug,kcsan timeout=400 disks=disk=64M needs=module,tools,modules
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"

DISK=/dev/disk/by-id/virtio-disk
SECTORS=65536
OFFSET=4096

# a head over a part of the disk with a volatile cache, discard and write zeroes
disk_head() {
	head_over $DISK
}

head_over() {
	volume $V1 1
	dmsetup create h --table "0 $SECTORS liteio $1 $OFFSET $V1 1"
	settle
}

# a SCSI disk in memory: scsi_disk OPTIONS... leaves its device in $disk
scsi_disk() {
	[ ! -d /sys/module/scsi_debug ] || modprobe -r scsi_debug
	# there is no udevd that would load it
	modprobe sd_mod
	modprobe scsi_debug dev_size_mb=32 delay=0 "$@"
	until_true 30 scsi_disk_is_there
	disk=$(compgen -G "$SCSI_DISK")
	disk=/dev/${disk##*/}
	settle
}

SCSI_DISK='/sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/*'

scsi_disk_is_there() {
	local found

	found=$(compgen -G "$SCSI_DISK") && [ "$(blockdev --getsz "/dev/${found##*/}")" -gt 0 ]
}

# head_and_linear DEVICE [OFFSET]: a head "h" and dm-linear "l" over all of it, from there on
head_and_linear() {
	local sectors=$(($(sectors_of "$1") - ${2:-0}))

	volume $V1 1
	dmsetup create h --table "0 $sectors liteio $1 ${2:-0} $V1 1"
	dmsetup create l --table "0 $sectors linear $1 ${2:-0}"
	settle
}

# a thin volume of 16 MiB, /dev/mapper/thin, in $1 MiB of memory
thin_volume() {
	ram_disk
	dd if=/dev/zero of=/dev/ram0 bs=4k count=1 oflag=direct status=none
	dmsetup create meta --table "0 8192 linear /dev/ram0 0"
	dmsetup create data --table "0 $(($1 * 2048)) linear /dev/ram0 8192"
	dmsetup create pool \
		--table "0 $(($1 * 2048)) thin-pool /dev/mapper/meta /dev/mapper/data 128 0 1 error_if_no_space"
	dmsetup message pool 0 "create_thin 0"
	dmsetup create thin --table "0 32768 thin /dev/mapper/pool 0"
	settle
}

remove_thin() {
	dmsetup remove --retry h
	[ ! -e /dev/mapper/l ] || dmsetup remove --retry l
	dmsetup remove --retry thin
	dmsetup remove --retry pool
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
	disk_part 0 2097152 | cmp -n 2097152 - /dev/zero
	disk_part 2097152 33554432 | cmp - "$WORK/data"
	disk_part 35651584 1048576 | cmp -n 1048576 - /dev/zero
}

# disk_part BEGIN BYTES: so much of the disk, from there on
disk_part() {
	dd if=$DISK bs=64k iflag=direct,skip_bytes,count_bytes skip="$1" count="$2" status=none
}

t_counters_are_what_was_done() {
	disk_head
	did write ios 100 dd if=/dev/zero of=/dev/mapper/h bs=4k count=100 oflag=direct status=none
	did write bytes 409600 dd if=/dev/zero of=/dev/mapper/h bs=4k count=100 oflag=direct status=none
	did write hist 10 dd if=/dev/zero of=/dev/mapper/h bs=16k count=10 oflag=direct status=none
	settle
	did read ios 50 dd if=/dev/mapper/h of=/dev/null bs=4k count=50 iflag=direct status=none
	did read bytes 204800 dd if=/dev/mapper/h of=/dev/null bs=4k count=50 iflag=direct status=none
	did read hist 50 dd if=/dev/mapper/h of=/dev/null bs=4k count=50 iflag=direct status=none
	did flush ios 1 dd if=/dev/zero of=/dev/mapper/h bs=4k count=10 oflag=direct conv=fsync status=none
	did flush hist 1 dd if=/dev/zero of=/dev/mapper/h bs=4k count=10 oflag=direct conv=fsync status=none
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

# part_is BELOW DATA MIB: so much of the disk from one MiB on is what is in the data from another on
part_is() {
	cmp -n $(($3 << 20)) <(dd if=/dev/ram0 bs=1M skip="$1" iflag=direct status=none) \
		<(dd if="$WORK/data" bs=1M skip="$2" status=none) || fail "$3 MiB from $2 on are not there"
}

# write_at BORDER BYTES: one write, of so many bytes before and after
write_at() {
	dd if=/dev/zero of=/dev/mapper/h bs=$((2 * $2)) seek=$(($1 - $2)) oflag=direct,seek_bytes count=1 status=none
}

# a table of three targets: two of them are the same attachment's, and begin where the one before ends
t_a_head_may_be_a_part_of_its_device() {
	local tracking

	ram_disk
	volume $V1 1
	dmsetup create h <<-TABLE
		0 2048 linear /dev/ram0 0
		2048 8192 liteio /dev/ram0 16384 $V1 1
		10240 2048 liteio /dev/ram0 65536 $V1 1
	TABLE
	settle
	dd if=/dev/urandom of="$WORK/data" bs=1M count=6 status=none
	dd if="$WORK/data" of=/dev/mapper/h bs=64k oflag=direct status=none
	dd if=/dev/mapper/h bs=1M iflag=direct status=none | cmp - "$WORK/data"
	part_is 0 0 1
	part_is 8 1 4
	part_is 32 5 1
	expect "80 5242880" "$(stat_of $V1 1 write.ios) $(stat_of $V1 1 write.bytes)" "writes of both"
	# chunks are those of the device; a write over the border is one of each
	tracking=$(kmodctl dirty-start uuid=$V1 gen=1 chunk_shift=16 | field tracking)
	expect 96 "$(kmodctl att-get uuid=$V1 gen=1 | field chunks)" "chunks"
	did write ios 2 write_at $((5 << 20)) 8192
	dd if=/dev/zero of=/dev/mapper/h bs=64k seek=83 count=1 oflag=direct status=none
	expect "79+2 83+1" "$(kmodctl dirty-fetch uuid=$V1 gen=1 tracking="$tracking" | field range | one_line)" \
		"chunks that are marked"
	# and all of it is behind one gate
	kmodctl fence uuid=$V1 floor=2 >/dev/null
	! dd if=/dev/zero of=/dev/mapper/h bs=64k seek=20 count=1 oflag=direct status=none 2>/dev/null || fail "written"
	! dd if=/dev/zero of=/dev/mapper/h bs=64k seek=90 count=1 oflag=direct status=none 2>/dev/null || fail "written"
	dd if=/dev/zero of=/dev/mapper/h bs=64k count=1 oflag=direct status=none
}

# sums_to CLASS FIELD BEFORE WANT: the counter has grown by this since the file BEFORE was made of all counters
sums_to() {
	local before

	before=$(field "$1.$2" <"$3")
	expect "$4" $(($(stat_of $V1 1 "$1.$2") - before)) "$1.$2"
}

# eight readers and eight writers on all CPUs at once, and fio: what they have done is what was counted
t_counters_are_what_many_say_they_did() {
	local readers writers operations each nr

	each=$(often 250 50)
	nr=$((8 * each))
	ram_disk
	head_over /dev/ram0
	kmodctl stats uuid=$V1 gen=1 >"$WORK/before"
	ioload read /dev/mapper/h 8192 8 "$each" >"$WORK/reads" &
	readers=$!
	ioload write /dev/mapper/h 4096 8 $((2 * each)) >"$WORK/writes" &
	writers=$!
	wait $readers
	wait $writers
	holds "$WORK/reads" "done $nr failed 0"
	holds "$WORK/writes" "done $((2 * nr)) failed 0"
	sums_to read ios "$WORK/before" $nr
	sums_to read bytes "$WORK/before" $((8192 * nr))
	sums_to read hist "$WORK/before" $nr
	sums_to write ios "$WORK/before" $((2 * nr))
	sums_to write bytes "$WORK/before" $((8192 * nr))
	sums_to write hist "$WORK/before" $((2 * nr))
	expect 0 "$(stat_of $V1 1 inflight)" "in flight"
	# depths and sizes by chance
	nr=$(often 500 100)
	kmodctl stats uuid=$V1 gen=1 >"$WORK/before"
	fio --name=mixed --filename=/dev/mapper/h --ioengine=libaio --direct=1 --rw=randrw --bsrange=4k-64k \
		--iodepth=8 --numjobs=2 --group_reporting --number_ios="$nr" --output-format=json \
		--output="$WORK/fio" || fail "$(cat "$WORK/fio")"
	operations=$(jq -r '.jobs[0] | [.read, .write] | map(.total_ios, .io_bytes) | join(" ")' "$WORK/fio")
	read -r -a operations <<<"$operations"
	[ $((operations[0] + operations[2])) = $((2 * nr)) ] || fail "fio has done ${operations[*]}"
	sums_to read ios "$WORK/before" "${operations[0]}"
	sums_to read bytes "$WORK/before" "${operations[1]}"
	sums_to write ios "$WORK/before" "${operations[2]}"
	sums_to write bytes "$WORK/before" "${operations[3]}"
}

# half of each of four writers' blocks fail; its process is in $writer
half_bad_writers() {
	local at

	ram_disk
	for at in 0 4096 8192 12288; do
		echo "$at 2048 linear /dev/ram0 $at"
		echo "$((at + 2048)) 2048 error"
	done | dmsetup create half
	volume $V1 1
	head_new h /dev/mapper/half 16384 $V1 1
	stampwriter write /dev/mapper/h 1 2048 4 >"$WORK/writer" &
	writer=$!
	until_true 30 holds "$WORK/writer" running
}

# every failure that the writers were told of is an error, and nothing else is
t_errors_are_what_the_writers_were_told() {
	local good bad

	half_bad_writers
	until_true 30 stat_is_above "$(often 200 50)" write.errors
	stop_writer
	kmodctl stats uuid=$V1 gen=1 >"$WORK/stats"
	bad=$(field write.errors <"$WORK/stats")
	good=$(($(field write.ios <"$WORK/stats") - bad))
	expect "$(tail -n 1 "$WORK/writer")" "acked $good failed $bad" "writes"
	expect "$good $((good * 4096))" "$(field write.hist <"$WORK/stats") $(field write.bytes <"$WORK/stats")" \
		"writes in the histogram, and their bytes"
}

# however many there are, and each time it is said how many there have been
t_errors_are_told_about_once_a_second() {
	kmodctl events >"$WORK/events" &
	until_true 10 holds "$WORK/events" ready
	half_bad_writers
	until_true 30 errors_were_told 4
	stop_writer
	stat_is_above 100 write.errors || fail "there were hardly any: this proves nothing"
	grep -F type=io-error "$WORK/events" | head -n 4 >"$WORK/told"
	paste -d ' ' <(field time_ns <"$WORK/told") <(field value <"$WORK/told") | awk '
		NR > 1 && ($1 - time < 500000000 || $2 <= value) { exit 1 }
		{ time = $1; value = $2 }' || fail "$(<"$WORK/told")"
}

errors_were_told() {
	[ "$(grep -cF type=io-error "$WORK/events")" -ge "$1" ]
}

# stat_is_above NUMBER FIELD
stat_is_above() {
	[ "$(stat_of $V1 1 "$2")" -gt "$1" ]
}

t_forced_writes_reach_the_disk_as_such() {
	disk_head
	# over a volatile cache a write with FUA is a write and a flush; each goes through the gate
	did write ios 10 dd if=/dev/zero of=/dev/mapper/h bs=4k count=10 oflag=direct,dsync status=none
	did flush ios 10 dd if=/dev/zero of=/dev/mapper/h bs=4k count=10 oflag=direct,dsync status=none
}

TRACING=/sys/kernel/tracing

t_forced_writes_stay_forced_where_the_disk_can() {
	local told

	null_disk 0 memory_backed=1 cache_size=4
	expect 1 "$(</sys/block/nullb0/queue/fua)" "the disk's FUA"
	head_over /dev/nullb0
	mountpoint -q $TRACING || mount -t tracefs none $TRACING
	echo "dev == $(blockdev_number /dev/nullb0)" >$TRACING/events/block/block_bio_queue/filter
	echo >$TRACING/trace
	echo 1 >$TRACING/events/block/block_bio_queue/enable
	# the flush after each is that of the file, not what became of the write
	did flush ios 10 dd if=/dev/zero of=/dev/mapper/h bs=4k count=10 oflag=direct,dsync status=none
	did write ios 10 dd if=/dev/zero of=/dev/mapper/h bs=4k count=10 oflag=direct,dsync status=none
	echo 0 >$TRACING/events/block/block_bio_queue/enable
	echo 0 >$TRACING/events/block/block_bio_queue/filter
	# a W, an F behind it: what is to be on the medium; an F in front would be a flush
	told=$(grep -cE 'block_bio_queue: [0-9]+,[0-9]+ WF' $TRACING/trace) || true
	expect 20 "$told" "forced writes of the disk below"
	expect 0 "$(stat_of $V1 1 write.errors)"
}

# as the kernel has it: major << 20 | minor
blockdev_number() {
	local number

	number=$(stat -L -c '%t %T' "$1")
	echo $((0x${number% *} << 20 | 0x${number#* }))
}

# change_parts: 8 MiB of random data in the head, of which parts are forced, discarded, zeroed; $WORK/data is
# what has to be there then. What was discarded is zeroes where $1 says so, else it is written again.
change_parts() {
	local part

	dd if=/dev/urandom of="$WORK/data" bs=1M count=8 status=none
	dd if="$WORK/data" of=/dev/mapper/h bs=256k oflag=direct status=none
	dd if=/dev/urandom of="$WORK/part" bs=64k count=4 status=none
	dd if="$WORK/part" of="$WORK/data" bs=64k seek=8 conv=notrunc status=none
	dd if="$WORK/part" of=/dev/mapper/h bs=64k seek=8 oflag=direct,dsync status=none
	blkdiscard -o 2097152 -l 1048576 /dev/mapper/h
	if [ "$1" = zeroes ]; then
		dd if=/dev/zero of="$WORK/data" bs=1M seek=2 count=1 conv=notrunc status=none
	else
		dd if="$WORK/data" of=/dev/mapper/h bs=1M skip=2 seek=2 count=1 oflag=direct status=none
	fi
	blkdiscard -z -o 5242880 -l 1048576 /dev/mapper/h
	dd if=/dev/zero of="$WORK/data" bs=1M seek=5 count=1 conv=notrunc status=none
	for part in 0 33 127; do
		dd if="$WORK/part" of="$WORK/data" bs=4k skip=7 seek=$((part * 16 + 3)) count=1 conv=notrunc status=none
		dd if="$WORK/part" of=/dev/mapper/h bs=4k skip=7 seek=$((part * 16 + 3)) count=1 \
			oflag=direct conv=fsync status=none
	done
}

t_data_is_what_was_written_over_every_kind_of_disk() {
	local below discarded sum

	null_disk 0 memory_backed=1 discard=1 cache_size=4
	dmsetup create linear --table "0 $((SECTORS + OFFSET)) linear $DISK 0"
	thin_volume 24
	while read -r below discarded; do
		volume $V1 1
		dmsetup create h --table "0 16384 liteio $below $OFFSET $V1 1"
		settle
		change_parts "$discarded"
		sum=$(sha256sum <"$WORK/data")
		expect "$sum" "$(dd if=/dev/mapper/h bs=1M iflag=direct status=none | sha256sum)" "through the head over $below"
		expect "$sum" "$(dd if="$below" bs=64k skip=$((OFFSET / 128)) count=128 iflag=direct status=none | sha256sum)" "in $below"
		expect "0 0 0 0" "$(kmodctl stats uuid=$V1 gen=1 | tee "$WORK/stats" | field read.errors) \
$(field write.errors <"$WORK/stats") $(field flush.errors <"$WORK/stats") $(field other.errors <"$WORK/stats")" "errors"
		dmsetup remove --retry h
		kmodctl wipe
	done <<-DISKS
		/dev/mapper/linear written
		/dev/mapper/thin zeroes
		/dev/nullb0 zeroes
	DISKS
	dmsetup remove --retry thin
	dmsetup remove --retry pool
}

t_secure_erases_reach_the_disk() {
	local gen kind

	[ -d /sys/module/eraser ] || insmod "$O/vm-modules-$LITEIO_KERNEL/eraser.ko"
	dmsetup create eraser --table "0 $((SECTORS + OFFSET)) eraser $DISK"
	volume $V1 1 3
	kmodctl att-add uuid=$V1 gen=2 flags=1
	dmsetup create h --table "0 $SECTORS liteio /dev/mapper/eraser $OFFSET $V1 1"
	settle
	dd if=/dev/urandom of="$WORK/data" bs=1M count=4 status=none
	dd if="$WORK/data" of=/dev/mapper/h bs=1M oflag=direct status=none
	tracking=$(kmodctl dirty-start uuid=$V1 gen=1 chunk_shift=16 | field tracking)
	did other bytes 1048576 blkdiscard -f -s -o 1048576 -l 1048576 /dev/mapper/h
	expect "1 0" "$(stat_of $V1 1 other.ios) $(stat_of $V1 1 other.errors)"
	expect "0 $((SECTORS + OFFSET)) eraser 1 2048" "$(dmsetup status eraser)" "what the disk has erased"
	expect 16+16 "$(kmodctl dirty-fetch uuid=$V1 gen=1 tracking="$tracking" | field range)" "chunks that are marked"
	dd if=/dev/zero of="$WORK/data" bs=1M seek=1 count=1 conv=notrunc status=none
	disk_part 2097152 4194304 | cmp - "$WORK/data"
	# a read-only head refuses it
	dmsetup remove --retry h
	for kind in "2" "3 1 ro"; do
		gen=${kind%% *}
		dmsetup create h --table "0 $SECTORS liteio /dev/mapper/eraser $OFFSET $V1 $kind"
		settle
		! blkdiscard -f -s -l 1048576 /dev/mapper/h 2>/dev/null || fail "erased"
		[ "$(kmodctl att-get uuid=$V1 gen="$gen" | field rejected)" -gt 0 ] || fail "who has refused it?"
		dmsetup remove --retry h
	done
	expect "0 $((SECTORS + OFFSET)) eraser 1 2048" "$(dmsetup status eraser)" "what the disk has erased"
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

# value_of FILE: what is in it, if it can be read; by the shell, which ends where it cannot
value_of() {
	{ echo "$(<"$1")"; } 2>/dev/null
}

# same_limits WHAT: those of the head "h" are those of dm-linear "l"
same_limits() {
	local file upper lower of_upper of_lower nr=0

	upper=$(sysfs_of h)/queue
	lower=$(sysfs_of l)/queue
	for file in "$upper"/*; do
		if [ ! -f "$file" ] || [ ! -r "$file" ]; then
			continue
		fi
		# some can only be read of other kinds of devices: then of neither
		of_upper=$(value_of "$file") || true
		of_lower=$(value_of "$lower/${file##*/}") || true
		expect "$of_lower" "$of_upper" "${file##*/} over $1"
		nr=$((nr + 1))
	done
	[ $nr -gt 20 ] || fail "only $nr limits over $1"
}

t_limits_are_those_of_the_disk() {
	null_disk 0 memory_backed=1 discard=1 cache_size=4 blocksize=4096 max_sectors=64
	head_and_linear /dev/nullb0 64
	same_limits null_blk
	dmsetup remove --retry h
	dmsetup remove --retry l
	kmodctl wipe
	thin_volume 24
	head_and_linear /dev/mapper/thin 128
	same_limits dm-thin
	[ "$(<"$(sysfs_of h)/queue/discard_granularity")" -ge 65536 ] || fail "it is not dm-thin's"
	remove_thin
	kmodctl wipe
	scsi_disk lbpu=1 lbpws=1 sector_size=4096 physblk_exp=1 opt_xferlen_exp=3
	head_and_linear "$disk"
	same_limits SCSI
	expect 4096 "$(<"$(sysfs_of h)/queue/logical_block_size")"
	dmsetup remove --retry h
	# a part that begins in the middle of a block is no device
	! dmsetup create h --table "0 8000 liteio $disk 1 $V1 1" 2>/dev/null || fail "misaligned"
}

# what the SCSI disk says of its protection information: writes_of_it, or what did not match
protection() {
	sed -n "s/.*$1=\([0-9]*\).*/\1/p" /proc/scsi/scsi_debug/*
}

# the head begins at block 8: what protects a block names its place on the disk, and is made for the head's
t_integrity_data_passes() {
	local said

	scsi_disk dif=1 dix=1
	volume $V1 1
	dmsetup create h --table "0 $(($(sectors_of "$disk") - 8)) liteio $disk 8 $V1 1"
	settle
	expect T10-DIF-TYPE1-CRC "$(<"$(sysfs_of h)/integrity/format")" "integrity format"
	dd if=/dev/urandom of="$WORK/data" bs=1M count=4 status=none
	dd if="$WORK/data" of=/dev/mapper/h bs=64k oflag=direct status=none
	dd if=/dev/mapper/h bs=64k count=64 iflag=direct status=none | cmp - "$WORK/data"
	expect 0 "$(stat_of $V1 1 write.errors)"
	expect 0 "$(stat_of $V1 1 read.errors)"
	# a kernel without the old folder of SCSI does not count; what follows needs no counters
	if [ -d /proc/scsi/scsi_debug ]; then
		[ "$(protection dix_writes)" -gt 0 ] || fail "the disk was given no protection information"
		expect 0 "$(protection dif_errors)" "blocks that did not match"
	fi
	# other data under the same protection information: an error of the disk, through the head too
	echo 0 >"/sys/block/${disk##*/}/integrity/write_generate"
	dd if=/dev/zero of="$disk" bs=4k seek=16 count=1 oflag=direct status=none
	! said=$(dd if=/dev/mapper/h of=/dev/null bs=512 skip=120 count=1 iflag=direct 2>&1) || fail "read: $said"
	expect 1 "$(stat_of $V1 1 read.errors)" "errors of the head"
}

t_atomic_writes_pass_where_the_kernel_has_them() {
	local unit rc=0

	if [ $(("$(kmodctl info | field features)" & 16)) = 0 ]; then
		[ "$LITEIO_KERNEL" != 7 ] || fail "kernel 7 has atomic writes"
		return
	fi
	scsi_disk atomic_wr=1
	volume $V1 1
	dmsetup create h --table "0 $(sectors_of "$disk") liteio $disk 0 $V1 1"
	settle
	unit=$(<"/sys/block/${disk##*/}/queue/atomic_write_unit_max_bytes")
	[ "$unit" -ge 16384 ] || fail "units of $unit bytes"
	expect "$unit" "$(<"$(sysfs_of h)/queue/atomic_write_unit_max_bytes")"
	did write bytes 16384 write_atomically 0
	did write ios 1 write_atomically 16384
	# it cannot be cut, so it is refused, before it gets anywhere
	write_atomically 4096 || rc=$?
	expect 22 $rc "what became of it: EINVAL"
	expect "2 0" "$(stat_of $V1 1 write.ios) $(stat_of $V1 1 write.errors)"
}

# 16 KiB at an offset, all of it or nothing; the errno, if it is refused
write_atomically() {
	python3 - /dev/mapper/h "$1" <<-'PYTHON'
		import mmap, os, sys
		RWF_ATOMIC = 0x40
		fd = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
		buf = mmap.mmap(-1, 16384)
		try:
		    assert os.pwritev(fd, [buf], int(sys.argv[2]), RWF_ATOMIC) == 16384
		except OSError as e:
		    sys.exit(e.errno)
	PYTHON
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

# A disk takes one read at a time, and half a second for it: what must not wait comes back meanwhile, and that is neither
# an error nor an operation.
t_io_that_must_not_wait_comes_back_from_a_busy_disk() {
	local ended again

	null_disk 0 memory_backed=1 submit_queues=1 hw_queue_depth=1 irqmode=2 completion_nsec=500000000
	echo none >/sys/block/nullb0/queue/scheduler
	head_over /dev/nullb0
	kmodctl stats uuid=$V1 gen=1 >"$WORK/before"
	read -r ended again < <(python3 - /dev/mapper/h <<-'PYTHON'
		import errno, mmap, os, sys, threading
		fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT)
		slow, fast = mmap.mmap(-1, 4096), mmap.mmap(-1, 4096)
		others = threading.Thread(target=lambda: [os.preadv(fd, [slow], 0) for i in range(4)])
		others.start()
		ended, again = 4, 0
		while others.is_alive():
		    try:
		        ended += os.preadv(fd, [fast], 4096, os.RWF_NOWAIT) == 4096
		    except OSError as e:
		        if e.errno != errno.EAGAIN:
		            raise
		        again += 1
		print(ended, again)
	PYTHON
	)
	echo "# $ended reads ended, $again came back"
	[ "$again" -gt 0 ] || fail "the disk never was busy: this proves nothing"
	sums_to read ios "$WORK/before" "$ended"
	sums_to read bytes "$WORK/before" $((ended * 4096))
	expect "0 0" "$(stat_of $V1 1 read.errors) $(stat_of $V1 1 inflight)" "errors, and what is in flight"
}

t_errors_are_counted_and_told() {
	volume $V1 1
	dmsetup create bad --table "0 8 error
8 $((SECTORS - 8)) linear $DISK 8"
	kmodctl events >"$WORK/events" &
	until_true 10 holds "$WORK/events" ready
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
	thin_volume 4
	kmodctl events >"$WORK/events" &
	until_true 10 holds "$WORK/events" ready
	head_new h /dev/mapper/thin 32768 $V1 1
	! dd if=/dev/zero of=/dev/mapper/h bs=64k oflag=direct status=none 2>"$WORK/said" || fail "it has space"
	holds "$WORK/said" "No space left"
	until_true 10 holds "$WORK/events" "type=no-space uuid=$V1 gen=1"
	remove_thin
}

# Of a thousand writes a hundred take 20 ms below and more, or up to a tick less: time, histogram and percentiles say
# so. Those that are slow are as many as makes each percentile another one.
t_latencies_are_those_of_the_disk() {
	local bucket nr lower sum=0 slow=0

	ram_disk
	volume $V1 1
	dmsetup create slow <<-TABLE
		0 8192 linear /dev/ram0 0
		8192 1024 delay /dev/ram0 8192 0 /dev/ram0 8192 20
		9216 1024 delay /dev/ram0 9216 0 /dev/ram0 9216 60
		10240 1024 delay /dev/ram0 10240 0 /dev/ram0 10240 200
	TABLE
	head_new h /dev/mapper/slow 11264 $V1 1
	dd if=/dev/zero of=/dev/mapper/h bs=4k count=899 oflag=direct status=none
	dd if=/dev/zero of=/dev/mapper/h bs=4k seek=1024 count=90 oflag=direct status=none
	dd if=/dev/zero of=/dev/mapper/h bs=4k seek=1152 count=9 oflag=direct status=none
	dd if=/dev/zero of=/dev/mapper/h bs=4k seek=1280 count=2 oflag=direct status=none
	kmodctl stats uuid=$V1 gen=1 >"$WORK/stats"
	nr=$(field write.time_ns <"$WORK/stats")
	if [ "$nr" -lt 1616000000 ] || [ "$nr" -ge $((100000000000 * ${LITEIO_SLOW:-1})) ]; then
		fail "a thousand writes took $nr ns"
	fi
	while IFS=: read -r bucket nr; do
		# where the bucket begins, and the one after it
		lower=$(((2 + ((bucket - 1) & 1)) << (9 + ((bucket - 1) >> 1))))
		[ $lower -lt 12582912 ] || slow=$((slow + nr))
		sum=$((sum + nr))
		echo "$sum $(((2 + (bucket & 1)) << (9 + (bucket >> 1))))" >>"$WORK/buckets"
	done < <(field write.bucket <"$WORK/stats")
	expect 1000 $sum "writes in the histogram"
	[ $slow -ge 101 ] || fail "only $slow writes took 12 ms or more: $(<"$WORK/buckets")"
	expect "$(for nr in 500 900 990 999; do awk -v nr=$nr '$1 >= nr { print $2; exit }' "$WORK/buckets"; done | one_line)" \
		"$(awk '$1 == "write" { print $2, $3, $4, $5 }' $WINDOW/volumes/$V1/attachments/1/latency)" percentiles
}

# the time of the last I/O: none before the first, within what the clock said before and after, and refused I/O is none
t_the_last_io_has_a_time() {
	local before last after dir=$WINDOW/volumes/$V1/attachments/1

	ram_disk
	volume $V1 1
	kmodctl stats uuid=$V1 gen=1 >"$WORK/stats"
	expect "" "$(field last_ns <"$WORK/stats")" "the time of no I/O"
	before=$(field time_ns <"$WORK/stats")
	head_new h /dev/ram0 8192 $V1 1
	dd if=/dev/zero of=/dev/mapper/h bs=4k count=1 oflag=direct status=none
	kmodctl stats uuid=$V1 gen=1 >"$WORK/stats"
	last=$(field last_ns <"$WORK/stats")
	after=$(field time_ns <"$WORK/stats")
	[ "${last:-0}" -gt "$before" ] && [ "$last" -le "$after" ] || fail "$before, $last, $after"
	[ -n "$(<"$dir/last_io")" ] || fail "the window says nothing"
	kmodctl fence uuid=$V1 floor=2 >/dev/null
	! dd if=/dev/zero of=/dev/mapper/h bs=4k count=1 oflag=direct status=none 2>/dev/null || fail "written"
	expect "$last" "$(stat_of $V1 1 last_ns)" "the time after refused I/O"
}

# asks_scsi DEVICE: does it take a SCSI command? SCSI_IOCTL_GET_IDLUN asks for its address
asks_scsi() {
	python3 - "$1" <<-'PYTHON'
		import fcntl, os, sys
		fd = os.open(sys.argv[1], os.O_RDONLY)
		try:
		    fcntl.ioctl(fd, 0x5382, bytes(8))
		except OSError:
		    sys.exit(77)
	PYTHON
}

t_commands_cannot_pass_by() {
	local rc=0

	scsi_disk
	head_and_linear "$disk"
	asks_scsi "$disk"
	# dm-linear passes it on
	asks_scsi /dev/mapper/l
	asks_scsi /dev/mapper/h || rc=$?
	expect 77 $rc "what became of a SCSI command"
}

run_tests "$@"
