#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Limits of volumes: each is held, over all heads, and nothing else is held up: reads by writes, flushes,
# metadata, other volumes. A change holds at once, and the time over limit is counted. The clock counts
# instructions, so that it does not matter how busy the host is.
# vm: kernels=6.1,6.12,7 timeout=1200 icount=yes
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"
# shellcheck source=tests/vm/lib/qos.sh
. "$(dirname "$0")/../lib/qos.sh"

t_each_limit_is_held() {
	local kind bytes name value field amount

	ram_head
	# kind of I/O | its size | limit | value | what is counted | over how much
	while IFS='|' read -r kind bytes name value field amount; do
		limit riops=0 wiops=0 rbps=0 wbps=0
		limit "$name=$value"
		load load "$kind" /dev/mapper/h "$bytes" 8
		until_true 20 queue_reaches 4
		about "$value" "$(rate 1 "$field" "$amount")" 5 "$name"
		end $load
	done <<-LIMITS
		read|4096|riops|150|read.ios|1200
		write|4096|wiops|150|write.ios|1200
		read|65536|rbps|6000000|read.bytes|60000000
		write|16384|wbps|2500000|write.bytes|20000000
		write|1048576|wbps|8000000|write.bytes|80000000
		write|4096|wiops|7|write.ios|56
	LIMITS
}

t_the_lower_of_two_limits_holds() {
	ram_head
	limit riops=1000 rbps=819200
	load load read /dev/mapper/h 8192 8
	until_true 20 queue_reaches 4
	about 100 "$(rate 1 read.ios 700)" 5 "reads at the limit of bytes"
	[ "$(over read.bps_ns)" -gt $(($(over read.iops_ns) * 10)) ] || fail "$(kmodctl vol-get uuid=$V1)"
	end $load
}

t_a_short_burst_holds_as_well() {
	ram_head
	limit wiops=300 burst_ms=20
	load load write /dev/mapper/h 4096 4
	until_true 20 queue_reaches 2
	about 300 "$(rate 1 write.ios 2400)" 5 wiops
	end $load
}

# what was not used for a second may be used at once, and no more than that
t_a_burst_is_given() {
	ram_head
	limit riops=100 burst_ms=1000
	read -r -t 2 <> <(:) || true
	dd if=/dev/mapper/h of=/dev/null bs=4k count=90 iflag=direct status=none
	expect 0 "$(over read.throttled)" "reads of 90 that had to wait"
	dd if=/dev/mapper/h of=/dev/null bs=4k count=250 iflag=direct status=none
	[ "$(over read.throttled)" -ge 50 ] || fail "of 250 more only $(over read.throttled) had to wait"
	# the other direction has its own
	expect 0 "$(over write.throttled)" writes
}

t_limits_are_those_of_the_volume_over_all_heads() {
	local first second

	ram_disk
	volume $V1 1 2
	volume $V2 1
	head_new h /dev/ram0 16384 $V1 1
	dmsetup create h2 --table "0 16384 liteio /dev/ram0 16384 $V1 2"
	dmsetup create other --table "0 16384 liteio /dev/ram0 32768 $V2 1"
	settle
	limit wiops=100
	load one write /dev/mapper/h 4096 8
	first=$load
	load two write /dev/mapper/h2 4096 2
	second=$load
	until_true 20 queue_reaches 4 1
	until_true 20 queue_reaches 1 2
	# they take turns, however many wait: each gets half of it
	about 50 "$(rate 1 write.ios 400)" 5 "one of two heads"
	about 50 "$(rate 2 write.ios 400)" 5 "the other"
	# the volume beside them has no limits
	load other write /dev/mapper/other 4096 1 500
	until_true 20 holds "$WORK/other" "done 500"
	[ "$(result other slowest_ms)" -lt 1000 ] || fail "$(cat "$WORK/other")"
	kill -TERM $second
	end $first
	wait $second
}

t_reads_are_not_starved_by_throttled_writes() {
	ram_head
	throttled_writers
	load reads read /dev/mapper/h 4096 2 200
	until_true 20 holds "$WORK/reads" "done 400 failed 0"
	[ "$(result reads slowest_ms)" -lt 900 ] || fail "$(cat "$WORK/reads")"
	expect 0 "$(over read.throttled)"
	# under a limit of their own they get exactly that
	limit riops=100
	load reads read /dev/mapper/h 4096 4
	until_true 20 vol_says 'over.read.queued=[1-9]*'
	about 100 "$(rate 1 read.ios 600)" 5 "reads beside throttled writes"
	queue_reaches 6 || fail "no writes wait any more"
	kill -TERM "$load"
	end "$writers"
	wait "$load"
}

t_a_change_lets_go_what_waits() {
	local begin before

	ram_head
	# 1 MiB at 4 KiB a second is paid for in four minutes
	limit wbps=4096
	load debt write /dev/mapper/h 1048576 2 1
	until_true 20 queue_reaches 1
	begin=$(now_ms)
	limit wbps=100000000
	until_true 20 holds "$WORK/debt" "done 2 failed 0"
	within_ms 5000 "$begin" "to raise a limit"
	# none at all
	load many write /dev/mapper/h 4096 8 1
	until_true 20 holds "$WORK/many" failed
	limit wbps=0 wiops=1 burst_ms=1
	load many write /dev/mapper/h 4096 16 1
	until_true 20 queue_reaches 12
	begin=$(now_ms)
	limit wiops=0
	until_true 20 holds "$WORK/many" "done 16 failed 0"
	within_ms 5000 "$begin" "to take a limit away"
	expect 0 "$(queued)"
	# and a new one holds at once: nobody has to wait, then somebody has to
	load writers write /dev/mapper/h 4096 4
	limit wiops=40
	until_true 5 queue_reaches 2
	before=$(stat_of $V1 1 write.ios)
	about 40 "$(rate 1 write.ios 300)" 5 "a new limit"
	end "$load"
	[ "$before" -gt 0 ]
}

t_flushes_do_not_wait() {
	null_head
	throttled_writers
	load flushes flush /dev/mapper/h 0 1 20
	until_true 30 holds "$WORK/flushes" "done 20 failed 0"
	[ "$(result flushes slowest_ms)" -lt 1000 ] || fail "$(cat "$WORK/flushes")"
	expect 20 "$(stat_of $V1 1 flush.ios)"
	queue_reaches 6 || fail "no writes wait any more"
	end "$writers"
}

# a file system's log is written as metadata, while writes of another head of the volume are throttled
t_metadata_that_is_written_does_not_wait() {
	local begin before

	ram_disk
	volume $V1 1 2
	dmsetup create h --table "0 49152 liteio /dev/ram0 0 $V1 1"
	dmsetup create h2 --table "0 16384 liteio /dev/ram0 49152 $V1 2"
	# its makers ask for these names of whoever wants a small one
	TEST_DEV=1 TEST_DIR=1 QA_CHECK_FS=1 mkfs.xfs -q -f -K /dev/mapper/h
	mkdir -p "$WORK/mnt"
	mount -t xfs /dev/mapper/h "$WORK/mnt"
	load writers write /dev/mapper/h2 4096 4
	limit wiops=1 burst_ms=1
	until_true 20 queue_reaches 3 2
	before=$(stat_of $V1 1 write.ios)
	begin=$(now_ms)
	python3 -I -S - "$WORK/mnt" <<-'PYTHON'
		import os, sys
		fd = os.open(sys.argv[1], os.O_RDONLY)
		for i in range(20):
		    os.mkdir('%s/%d' % (sys.argv[1], i))
		    os.fsync(fd)
	PYTHON
	within_ms 15000 "$begin" "to make 20 directories at one write a second"
	[ $(($(stat_of $V1 1 write.ios) - before)) -ge 20 ] || fail "not much was written: this proves nothing"
	queue_reaches 3 2 || fail "no writes wait any more"
	end "$load"
	umount "$WORK/mnt"
}

t_metadata_does_not_wait() {
	local begin

	ram_disk
	mkfs.ext4 -q -F -g 8192 -E lazy_itable_init=0 /dev/ram0 $((SECTORS / 2))
	mkdir -p "$WORK/mnt"
	mount /dev/ram0 "$WORK/mnt"
	mkdir -p "$WORK"/mnt/{1..12}/{1..4}
	umount "$WORK/mnt"
	volume $V1 1
	head_new h /dev/ram0 $SECTORS $V1 1
	mount -o ro,noload,inode_readahead_blks=0 /dev/mapper/h "$WORK/mnt"
	limit riops=1 burst_ms=1
	# the data of files waits
	load reads read /dev/mapper/h 4096 2
	until_true 20 queue_reaches 1
	# what describes them does not, though there is much more of it than the limit allows
	begin=$(now_ms)
	expect 61 "$(find "$WORK/mnt" -mindepth 1 | wc -l)" "directories"
	within_ms 15000 "$begin" "to look at 61 directories at one read a second"
	[ "$(stat_of $V1 1 read.ios)" -gt 40 ] || fail "nothing was read: this proves nothing"
	end "$load"
	umount "$WORK/mnt"
}

t_discards_count_as_one_operation() {
	null_head
	limit wbps=1048576
	load load discard /dev/mapper/h 1048576 1 40
	until_true 20 holds "$WORK/load" "done 40 failed 0"
	expect 0 "$(over write.throttled)"
	expect 40 "$(stat_of $V1 1 other.ios)"
	limit wiops=20
	load load discard /dev/mapper/h 65536 4
	until_true 20 queue_reaches 1
	about 20 "$(rate 1 other.ios 120)" 5 "discards"
	end "$load"
}

# time_over DIRECTION IOPS BPS: under each of its two limits the time over that one goes on, and no other
time_over() {
	local way=$1 begin before after took

	load load "$way" /dev/mapper/h 4096 4
	until_true 20 stat_reaches 1 "$way.ios" 100
	limit "$2=50"
	until_true 20 queue_reaches 1
	before=$(over "$way.iops_ns")
	begin=$(now_ms)
	rate 1 "$way.ios" 250 >/dev/null
	after=$(over "$way.iops_ns")
	took=$(($(now_ms) - begin))
	about $took $(((after - before) / 1000000)) 10 "milliseconds over the limit of operations, $way"
	expect 0 "$(over "$way.bps_ns")"
	limit "$2=0" "$3=204800"
	until_true 20 queue_reaches 1
	after=$(over "$way.iops_ns")
	before=$(over "$way.bps_ns")
	begin=$(now_ms)
	rate 1 "$way.ios" 250 >/dev/null
	took=$(($(now_ms) - begin))
	about $took $((($(over "$way.bps_ns") - before) / 1000000)) 10 "milliseconds over the limit of bytes, $way"
	expect "$after" "$(over "$way.iops_ns")"
	end "$load"
}

t_time_over_limit_is_counted() {
	local before

	ram_head
	expect "0 0 0 0" "$(over read.iops_ns) $(over read.bps_ns) $(over write.iops_ns) $(over write.bps_ns)"
	time_over read riops rbps
	expect "0 0" "$(over write.iops_ns) $(over write.bps_ns)"
	before="$(over read.iops_ns) $(over read.bps_ns)"
	time_over write wiops wbps
	# that of reads stands still meanwhile, and when nothing waits; the window says the same
	dd if=/dev/mapper/h of=/dev/null bs=4k count=100 iflag=direct status=none
	expect "$before" "$(over read.iops_ns) $(over read.bps_ns)"
	for way in read write; do
		expect "0 $(over $way.throttled) $(over $way.iops_ns) $(over $way.bps_ns)" \
			"$(awk -v way=$way '$1 == way { print $2, $3, $4, $5 }' $WINDOW/volumes/$V1/throttle)"
	done
	expect $(($(over read.throttled) + $(over write.throttled))) "$(cat $WINDOW/volumes/$V1/attachments/1/throttled)"
}

run_tests "$@"
