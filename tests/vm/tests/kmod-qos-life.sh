#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What waits because of a limit fails when its generation is fenced, keeps nobody from suspending,
# reloading or removing the head, and is traced.
# vm: kernels=6.1,6.12,7,debug,kcsan timeout=900 disks=disk=64M
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"
# shellcheck source=tests/vm/lib/qos.sh
. "$(dirname "$0")/../lib/qos.sh"

TRACING=/sys/kernel/tracing

# the disk writes zeroes by itself: nothing is sent to it
t_zeroes_count_as_one_operation() {
	head_over /dev/disk/by-id/virtio-disk
	limit wbps=4096
	load zeroes zeroes /dev/mapper/h 1048576 1 10
	until_true 60 holds "$WORK/zeroes" "done 10 failed 0"
	expect "0 0 10" "$(over write.throttled) $(stat_of $V1 1 write.ios) $(stat_of $V1 1 other.ios)"
}

t_io_that_must_not_wait_comes_back() {
	ram_head
	limit wiops=1 riops=1 burst_ms=1
	python3 - /dev/mapper/h <<-'PYTHON'
		import errno, mmap, os, sys
		fd = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
		page = mmap.mmap(-1, 4096)
		for io in os.preadv, os.pwritev:
		    io(fd, [page], 0)
		    again = 0
		    for i in range(20):
		        try:
		            io(fd, [page], 0, os.RWF_NOWAIT)
		        except OSError as e:
		            if e.errno != errno.EAGAIN:
		                raise
		            again += 1
		    if again < 15:
		        sys.exit('%s: only %d of 20 would have had to wait' % (io, again))
	PYTHON
	expect 0 "$(over write.throttled)"
	expect "0 0" "$(stat_of $V1 1 read.errors) $(stat_of $V1 1 write.errors)"
	# what came back was not counted as done
	[ "$(stat_of $V1 1 write.ios)" -lt 8 ] || fail "$(kmodctl stats uuid=$V1 gen=1)"
	limit riops=0
	until_true 10 att_says 1 inflight=0
}

t_a_fence_fails_what_waits() {
	local answer writes

	ram_head
	mountpoint -q $TRACING || mount -t tracefs none $TRACING
	throttled_writers
	echo >$TRACING/trace
	echo 1 >$TRACING/events/liteio/liteio_reject/enable
	answer=$(kmodctl fence uuid=$V1 floor=2 timeout=1000)
	echo 0 >$TRACING/events/liteio/liteio_reject/enable
	writes=$(stat_of $V1 1 write.ios)
	expect "1 0" "$(field drained <<<"$answer") $(field inflight <<<"$answer")"
	# each has got its answer by now, and so they all end
	until_true 10 holds "$WORK/writers" "failed 8"
	wait "$writers"
	expect "0 fenced" "$(queued) $(state_of $V1 1)"
	expect "$writes 0" "$(stat_of $V1 1 write.ios) $(stat_of $V1 1 write.errors)"
	[ "$(stat_of $V1 1 rejected)" -ge 8 ]
	# told as refusals of the gate, at the head's own addresses
	grep 'liteio_reject: .*gen=1 op=W.* bytes=65536' $TRACING/trace | field sector >"$WORK/sectors"
	[ "$(wc -l <"$WORK/sectors")" -ge 7 ] || fail "not told"
	[ "$(sort -n "$WORK/sectors" | tail -n 1)" -lt $SECTORS ] || fail "told of the disk below"
}

t_nothing_that_waited_lands_after_a_fence() {
	ram_disk
	volume $V1 1
	head_new h /dev/ram0 $SECTORS $V1 1
	start_writer writer /dev/mapper/h 1 8
	limit wiops=2 burst_ms=1
	until_true 20 queue_reaches 6
	expect 1 "$(kmodctl fence uuid=$V1 floor=2 | field drained)"
	stampwriter fill /dev/ram0 2 2048
	limit wiops=0
	stop_writer
	stampwriter check /dev/ram0 2 2048
}

t_a_fence_of_one_generation_spares_what_waits_of_others() {
	ram_disk
	volume $V1 1 2
	head_new h /dev/ram0 16384 $V1 1
	dmsetup create h2 --table "0 16384 liteio /dev/ram0 16384 $V1 2"
	settle
	throttled_writers
	load spared write /dev/mapper/h2 4096 4 1
	until_true 20 queue_reaches 3 2
	expect 1 "$(kmodctl fence uuid=$V1 gen=1 | field drained)"
	wait "$writers"
	grep -q "failed 8" "$WORK/writers"
	queue_reaches 1 2 || fail "the others do not wait any more"
	limit wbps=0
	until_true 10 holds "$WORK/spared" "done 4 failed 0"
}

t_a_fence_over_a_hung_disk_counts_only_what_is_under_way() {
	local answer

	ram_disk
	volume $V1 1
	dmsetup create lower --table "0 $SECTORS linear /dev/ram0 0"
	head_new h /dev/mapper/lower $SECTORS $V1 1
	limit wiops=1 burst_ms=1
	dmsetup suspend --noflush --nolockfs lower
	load writers write /dev/mapper/h 4096 8
	until_true 20 queue_reaches 4
	answer=$(kmodctl fence uuid=$V1 floor=2 timeout=300)
	expect "0 0" "$(field drained <<<"$answer") $(queued)"
	[ "$(field inflight <<<"$answer")" -le 4 ] || fail "$answer"
	dmsetup resume lower
	wait "$load"
	expect 1 "$(kmodctl fence uuid=$V1 floor=2 | field drained)"
}

t_a_suspend_does_not_wait_for_limits() {
	local begin how before

	ram_head
	throttled_writers
	for how in --noflush "" --nolockfs "--noflush --nolockfs"; do
		until_true 20 queue_reaches 6
		before=$(stat_of $V1 1 write.ios)
		begin=$(now_ms)
		# shellcheck disable=SC2086
		timeout 20 dmsetup suspend $how h
		within_ms 12000 "$begin" "suspend $how"
		expect "0 0" "$(queued) $(stat_of $V1 1 inflight)" "waiting and in flight after suspend $how"
		# what waited has gone on, or is with device-mapper
		case $how in
		*noflush*) ;;
		*) [ "$(stat_of $V1 1 write.ios)" -ge $((before + 6)) ] || fail "suspend $how lost I/O" ;;
		esac
		dmsetup resume h
	done
	until_true 20 queue_reaches 6
	end "$writers"
	expect 0 "$(result writers failed)"
}

# is more under way than waits?
one_is_below() {
	kmodctl att-get uuid=$V1 gen=1 >"$WORK/att"
	[ "$(field inflight <"$WORK/att")" -gt "$(field queued <"$WORK/att")" ]
}

# the lower disk hangs, so the suspend waits, and is given up: limits hold as before
t_a_suspend_that_is_interrupted_changes_nothing() {
	local suspend how

	ram_disk
	volume $V1 1
	dmsetup create lower --table "0 $SECTORS linear /dev/ram0 0"
	head_new h /dev/mapper/lower $SECTORS $V1 1
	for how in "" --noflush; do
		throttled_writers
		dmsetup suspend --noflush --nolockfs lower
		# one at least is on its way below, for which the suspend has to wait
		load one read /dev/mapper/h 4096 1 1
		until_true 10 one_is_below
		# shellcheck disable=SC2086
		dmsetup suspend $how --nolockfs h &
		suspend=$!
		until_true 10 att_says 1 queued=0
		kill -KILL $suspend
		! wait $suspend 2>/dev/null || fail "suspend $how was not interrupted"
		dmsetup resume lower
		until_true 20 queue_reaches 6
		limit wbps=0 wiops=5
		about 5 "$(rate 1 write.ios 20)" 30 "after an interrupted suspend $how"
		end "$writers"
		expect 0 "$(result writers failed)"
		wait "$load"
	done
}

t_reloads_keep_limits_and_what_waits() {
	local begin round

	ram_head
	throttled_writers
	for ((round = 1; round <= $(often 4 2); round++)); do
		until_true 20 queue_reaches 6
		begin=$(now_ms)
		dmsetup load h --table "0 $((SECTORS + round * 8)) liteio /dev/ram0 $((OFFSET - 64)) $V1 1"
		[ $((round % 2)) = 0 ] || dmsetup suspend --noflush --nolockfs h
		dmsetup resume --noudevsync h
		within_ms 12000 "$begin" "reload $round"
	done
	until_true 20 queue_reaches 6
	expect "4096 0" "$(kmodctl vol-get uuid=$V1 | field qos.wbps) $(kmodctl vol-get uuid=$V1 | field qos.rbps)"
	end "$writers"
	expect 0 "$(result writers failed)"
}

# writers wait while the head is moved to a copy of its disk: each of their blocks is new in the old place when
# it was done before, in the new place when it went back to device-mapper, and in neither it is lost
t_what_waited_lands_where_the_new_table_says() {
	local blocks=2048 writer

	ram_disk
	volume $V1 1
	dmsetup create old --table "0 16384 linear /dev/ram0 0"
	dmsetup create new --table "0 16384 linear /dev/ram0 16384"
	stampwriter fill /dev/mapper/old 1 $blocks
	stampwriter fill /dev/mapper/new 2 $blocks
	head_new h /dev/mapper/old 16384 $V1 1
	# no writer touches another's block, and the last write of each is the only one that can be under way
	BLOCKS=$blocks start_writer writer /dev/mapper/h 3 8
	limit wiops=5 burst_ms=1
	until_true 20 queue_reaches 6
	dmsetup load h --table "0 16384 liteio /dev/mapper/new 0 $V1 1"
	dmsetup suspend --noflush --nolockfs h
	# from here on nothing lands in the old place
	dd if=/dev/mapper/old of="$WORK/old" bs=1M iflag=direct status=none
	dmsetup resume --noudevsync h
	limit wiops=50
	until_true 20 stamped_in_new $blocks
	kill -TERM "$writer"
	limit wiops=0
	wait "$writer"
	[[ $(<"$WORK/writer") == *" failed 0" ]] || fail "$(cat "$WORK/writer")"
	dd if=/dev/mapper/old bs=1M iflag=direct status=none | cmp - "$WORK/old"
	# of each block the newest that was acknowledged is in one of the two places
	stampwriter verify /dev/mapper/new 3 $blocks "$WORK/writer.stamps" /dev/mapper/old
}

# have the writers of generation 3 written anything there?
stamped_in_new() {
	! stampwriter check /dev/mapper/new 2 "$1"
}

t_a_head_goes_while_io_waits() {
	local begin

	ram_head
	throttled_writers
	begin=$(now_ms)
	# the device is in use: its table is replaced by one that fails; then nobody uses it any more
	dmsetup remove --force h 2>/dev/null || true
	within_ms 12000 "$begin" "to remove"
	expect new "$(state_of $V1 1)"
	wait "$writers"
	grep -q "failed 8" "$WORK/writers"
	dmsetup remove --retry h 2>/dev/null || true
	kmodctl att-del uuid=$V1 gen=1
	kmodctl vol-del uuid=$V1
	rmmod liteio
	insmod "$KO"
}

t_limits_are_set_one_by_one_and_told() {
	kmodctl events >"$WORK/events" &
	until_true 10 holds "$WORK/events" ready
	kmodctl vol-set uuid=$V1 +create qos.riops=10 qos.wbps=4096
	limit wiops=20 burst_ms=7
	limit rbps=1099511627776 riops=1000000000
	limit riops=1000000000
	limit wbps=0
	expect " qos.riops=1000000000 qos.wiops=20 qos.rbps=1099511627776 qos.wbps=0 qos.burst_ms=7" \
		"$(kmodctl vol-get uuid=$V1 | sed 's/.*\( qos.riops.*\) over.read.queued.*/\1/')"
	expect "riops 1000000000 wiops 20 rbps 1099511627776 wbps 0 burst_ms 7" \
		"$(xargs <$WINDOW/volumes/$V1/qos)"
	kmodctl vol-del uuid=$V1
	until_true 10 holds "$WORK/events" type=vol-deleted
	# one event for each change, and none for what was so already
	expect "vol-added qos-changed qos-changed qos-changed vol-deleted" "$(field type <"$WORK/events" | xargs)"
}

# polled ENGINE HOW MANY [SIZE]: so many reads of the head that are polled for
polled() {
	fio --name=polled --filename=/dev/mapper/h --ioengine="$1" --hipri=1 --direct=1 --bs="${3:-4k}" --rw=randread \
		--randrepeat=0 --iodepth=4 --number_ios="$2" --output="$WORK/fio" || fail "$(cat "$WORK/fio")"
}

# polled_disk [ATTRIBUTE=VALUE...]: a disk that can be polled, with a head on it
polled_disk() {
	null_disk 1 memory_backed=1 poll_queues=1 submit_queues=1 queue_mode=2 "$@"
	head_over /dev/nullb1
	expect 1 "$(</sys/block/nullb1/queue/io_poll)" "polling of the disk"
}

# polled_while_reloading ENGINE HOW MANY [WAITS]: the table is changed three times meanwhile
polled_while_reloading() {
	local reader i

	polled "$1" "$2" &
	reader=$!
	for i in 1 2 3; do
		[ -z "${3:-}" ] || until_true 20 queue_reaches 1
		dmsetup load h --table "0 $SECTORS liteio /dev/nullb1 $OFFSET $V1 1"
		dmsetup suspend --noflush --nolockfs h
		expect "0 0" "$(queued) $(stat_of $V1 1 inflight)" "waiting and in flight, suspended for the ${i}th time"
		dmsetup resume --noudevsync h
	done
	wait $reader || fail "the reads ended badly"
}

# have N reads ended, all of them well?
reads_are() {
	expect "$1 0 0" "$(kmodctl stats uuid=$V1 gen=1 | tee "$WORK/stats" | field read.ios) \
$(field read.errors <"$WORK/stats") $(field inflight <"$WORK/stats")" "reads, errors, in flight"
}

t_io_that_is_polled_for_ends() {
	local nr

	polled_disk
	dmsetup create l --table "0 8 linear /dev/nullb1 0"
	expect "$(<"$(sysfs_of l)/queue/io_poll")" "$(<"$(sysfs_of h)/queue/io_poll")" "polling of the head, as of dm-linear"
	nr=$(often 200 50)
	polled io_uring $((5 * nr))
	reads_are $((5 * nr))
	polled pvsync2 "$nr"
	reads_are $((6 * nr))
	polled_while_reloading pvsync2 $((20 * nr))
	reads_are $((26 * nr))
}

# what waits because of a limit is not polled for any more, and ends all the same; also when it goes back to
# device-mapper. io_uring sends it with REQ_NOWAIT, too, and then nobody is left who could come back.
t_io_that_is_polled_for_may_wait() {
	local engine before done=0 rate=100

	polled_disk
	# less than the slowest of kernels does of itself, and for as long as three reloads take there
	! is_slow || rate=10
	limit riops=$rate burst_ms=1
	for engine in pvsync2 io_uring; do
		before=$(over read.throttled)
		polled $engine 50
		reads_are $((done + 50))
		[ "$(over read.throttled)" -ge $((before + 20)) ] || fail "$engine: hardly anything had to wait"
		polled_while_reloading $engine 400 waits
		done=$((done + 450))
		reads_are $done
	done
}

# what has waited is sent on by somebody who can wait: here for the disk, which takes one at a time
t_io_that_was_polled_for_waits_for_the_disk() {
	local reader

	polled_disk hw_queue_depth=1 irqmode=2 completion_nsec=50000000
	# after the first no other for 32 s, however seldom one looks
	limit rbps=4096 burst_ms=1
	# no more than these, for what is polled for and finds no request is told so by the disk
	polled io_uring 4 128k &
	reader=$!
	until_true 20 queue_reaches 3
	limit rbps=0
	wait $reader || fail "the reads ended badly"
	reads_are 4
}

t_every_wait_is_traced() {
	ram_head
	mountpoint -q $TRACING || mount -t tracefs none $TRACING
	echo >$TRACING/trace
	echo 1 >$TRACING/events/liteio/liteio_throttle/enable
	dd if=/dev/mapper/h of=/dev/null bs=4k count=50 iflag=direct status=none
	! grep -q liteio_throttle: $TRACING/trace || fail "told without a limit"
	limit riops=50 burst_ms=10
	dd if=/dev/mapper/h of=/dev/null bs=8k skip=5 count=20 iflag=direct status=none
	echo 0 >$TRACING/events/liteio/liteio_throttle/enable
	expect "$(over read.throttled)" \
		"$(grep -cE "liteio_throttle: uuid=$V1 gen=1 op=R[A-Z]* sector=[0-9]+ bytes=[0-9]+ limit=iops$" $TRACING/trace)"
	grep -qE "sector=(96|112) bytes=8192 limit=iops" $TRACING/trace
}

run_tests "$@"
