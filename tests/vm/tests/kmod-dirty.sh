#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Dirty chunks: whoever copies a device in use, round after round, has every byte of it at the end;
# nothing is lost with an answer, a reload, a larger table; and it costs memory only while it is wanted.
# vm: kernels=6.1,6.12,7,debug,kcsan timeout=900 disks=disk=64M,copy=64M
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"

DISK=/dev/disk/by-id/virtio-disk
COPY=/dev/disk/by-id/virtio-copy
SHIFT=16
# sectors of a chunk, of the heads here, and where they begin on the disk
CHUNK=$((1 << (SHIFT - 9)))
SECTORS=$((256 * CHUNK))
OFFSET=$((32 * CHUNK))
SEED=${SEED:-$RANDOM}
# on a slow kernel eight writers would leave a copier one answer in twenty seconds, and a few rounds are as good
WRITERS=$(often 8 3)
ROUNDS=$(often 6 3)

# the part of the disk that is the head's, as a device: what is copied from
source_new() {
	dmsetup create source --table "0 ${1:-$SECTORS} linear $DISK $OFFSET"
	settle
}

# head_load SECTORS [DEVICE]: the table of the head "h" is another one
head_load() {
	dmsetup load h --table "0 $1 liteio ${2:-$DISK} $OFFSET $V1 1"
}

head_reload() {
	head_load "$@"
	dmsetup suspend h
	dmsetup resume h
}

disk_head() {
	volume $V1 1
	dmsetup create h --table "0 $SECTORS liteio $DISK $OFFSET $V1 1"
	settle
}

# track [GEN]: from here on; leaves the tracking's name in $tracking
track() {
	tracking=$(kmodctl dirty-start uuid=$V1 gen="${1:-1}" chunk_shift=$SHIFT | field tracking)
	gen=${1:-1} ticket=0
}

fetch() {
	kmodctl dirty-fetch uuid=$V1 gen="$gen" tracking="$tracking" "$@"
}

ranges() {
	field range | one_line
}

remaining() {
	kmodctl att-get uuid=$V1 gen=1 | field remaining
}

# touch_chunk CHUNK...: write a block into each
touch_chunk() {
	local chunk

	if [ $# -gt 3 ]; then
		touch_many "$@"
		return
	fi
	for chunk; do
		dd if=/dev/urandom of=/dev/mapper/h bs=4k seek=$((chunk * CHUNK / 8 + 3)) count=1 oflag=direct status=none
	done
}

# the same by one process
touch_many() {
	python3 -I -S - $((CHUNK * 512)) "$@" <<-'PYTHON'
		import mmap, os, sys
		size = int(sys.argv[1])
		fd = os.open('/dev/mapper/h', os.O_RDWR | os.O_DIRECT)
		buf = mmap.mmap(-1, 4096)
		for chunk in sys.argv[2:]:
		    buf[:] = os.urandom(4096)
		    assert os.pwrite(fd, buf, int(chunk) * size + 3 * 4096) == 4096
	PYTHON
}

copy_all() {
	echo "0+$(($1 / CHUNK))" | chunkcopy /dev/mapper/source $COPY $SHIFT >/dev/null
}

# one round: everything that is marked is copied, in answers of at most $1 chunks; leaves in $given how much
copy_round() {
	local answer cursor=0 end=1 n

	given=0
	while [ "$cursor" != "$end" ]; do
		answer=$(fetch cursor="$cursor" ticket="$ticket" max_chunks="${1:-100}")
		n=$(ranges <<<"$answer" | chunkcopy /dev/mapper/source $COPY $SHIFT)
		given=$((given + n))
		ticket=$(field ticket <<<"$answer")
		cursor=$(field next_cursor <<<"$answer")
		end=$(field chunks <<<"$answer")
	done
}

# rounds until one finds nothing; nobody writes any more
copy_rest() {
	local left

	while :; do
		copy_round 100000
		left=$(fetch ticket="$ticket")
		ticket=$(field ticket <<<"$left")
		if [ "$(field remaining <<<"$left")" = 0 ] && [ -z "$(ranges <<<"$left")" ]; then
			break
		fi
		# what this answer gave out is not copied: without its ticket it comes back
		ticket=0
	done
	echo "# the last round copied $given chunks"
}

expect_equal() {
	cmp -n "$(($1 * 512))" <(dd if=/dev/mapper/source bs=1M iflag=direct status=none) \
		<(dd if=$COPY bs=1M iflag=direct status=none) || fail "the copy differs, seed $SEED"
}

start_scribble() {
	echo "# seed $SEED"
	scribble /dev/mapper/h "$SEED" "${1:-$WRITERS}" >"$WORK/scribble" &
	writer=$!
	until_true 30 holds "$WORK/scribble" running
}

end_scribble() {
	wait "$writer"
	echo "# $(tail -n 1 "$WORK/scribble")"
	# each way of changing something was gone
	! tail -n 1 "$WORK/scribble" | grep -qE '(written|forced|discarded|zeroed) 0 ' || fail "not all was done"
}

# complete: copy while all kinds of writers go on, fence, last round
complete() {
	local round

	track
	copy_all $SECTORS
	start_scribble
	for ((round = 1; round <= ROUNDS; round++)); do
		copy_round
		echo "# round $round copied $given chunks, $(remaining) are dirty"
	done
	[ "$given" -gt 0 ] || fail "nothing was written meanwhile: this proves nothing"
	expect 1 "$(kmodctl fence uuid=$V1 floor=2 | field drained)"
	end_scribble
	[ "$(remaining)" -gt 0 ] || fail "nothing is left for the last round: this proves nothing"
	copy_rest
	expect_equal $SECTORS
}

t_a_copy_is_complete() {
	source_new
	disk_head
	complete
}

# writes take their time below: most are under way when a chunk is given out and copied
t_a_copy_is_complete_over_a_slow_disk() {
	source_new
	dmsetup create slow --table "0 $SECTORS delay /dev/mapper/source 0 0 /dev/mapper/source 0 20"
	volume $V1 1
	head_new h /dev/mapper/slow $SECTORS $V1 1
	complete
}

t_a_copy_of_a_thin_volume_is_complete() {
	local size=$((SECTORS * 2))

	dmsetup create meta --table "0 8192 linear $DISK 0"
	dd if=/dev/zero of=/dev/mapper/meta bs=4k count=1 oflag=direct status=none
	dmsetup create data --table "0 $size linear $DISK 8192"
	dmsetup create pool --table "0 $size thin-pool /dev/mapper/meta /dev/mapper/data 128 0 1 error_if_no_space"
	dmsetup message pool 0 "create_thin 0"
	dmsetup create source --table "0 $SECTORS thin /dev/mapper/pool 0"
	volume $V1 1
	head_new h /dev/mapper/source $SECTORS $V1 1
	complete
	dmsetup remove --retry h
	dmsetup remove --retry source
	dmsetup remove --retry pool
}

# one exact generation is fenced and copied to the end, while another one goes on
t_a_fence_of_one_generation_leaves_its_marks() {
	source_new
	volume $V1 1 2
	head_new h /dev/mapper/source $SECTORS $V1 1
	head_new other /dev/mapper/source $SECTORS $V1 2
	track
	copy_all $SECTORS
	start_scribble 4
	copy_round
	expect 1 "$(kmodctl fence uuid=$V1 gen=1 | field drained)"
	end_scribble
	dd if=/dev/zero of=/dev/mapper/other bs=4k count=1 oflag=direct status=none
	[ "$(remaining)" -gt 0 ]
	copy_rest
	# what the other one wrote is its own affair
	dd if=/dev/zero of=$COPY bs=4k count=1 oflag=direct status=none
	expect_equal $SECTORS
	# a fenced one can be tracked, though nothing comes any more
	kmodctl dirty-stop uuid=$V1 gen=1
	track
	expect 0 "$(remaining)"
}

t_every_way_to_change_something_marks() {
	local before

	disk_head
	track
	expect "" "$(fetch | ranges)"
	expect "256 0" "$(fetch | field chunks) $(remaining)"
	dd if=/dev/mapper/h of=/dev/null bs=1M count=4 iflag=direct status=none
	expect 0 "$(remaining)" "after reading"
	dd if=/dev/zero of=/dev/mapper/h bs=4k seek=16 count=1 oflag=direct status=none
	expect "1+1" "$(fetch | ranges)" "a write"
	# not confirmed: it is given out again
	expect "1+1" "$(fetch | ranges)" "a write, again"
	ticket=$(fetch | field ticket)
	expect "" "$(fetch ticket="$ticket" | ranges)" "confirmed"
	dd if=/dev/zero of=/dev/mapper/h bs=4k seek=31 count=2 oflag=direct,dsync status=none
	expect "1+2" "$(fetch | ranges)" "a forced write over a border"
	ticket=$(fetch | field ticket)
	blkdiscard -o $((5 << SHIFT)) -l $((3 << SHIFT)) /dev/mapper/h
	expect "5+3" "$(fetch ticket="$ticket" | ranges)" "a discard"
	ticket=$(fetch | field ticket)
	blkdiscard -z -o $((10 << SHIFT)) -l 4096 /dev/mapper/h
	expect "10+1" "$(fetch ticket="$ticket" | ranges)" "zeroes"
	ticket=$(fetch | field ticket)
	dd if=/dev/zero of=/dev/mapper/h bs=64k seek=255 count=1 oflag=direct status=none
	expect "255+1" "$(fetch ticket="$ticket" | ranges)" "the last chunk"
	ticket=$(fetch | field ticket)
	before=$(remaining)
	dd if=/dev/zero of=/dev/mapper/h bs=4k count=0 oflag=direct conv=fsync status=none
	expect "$before" "$(remaining)" "after a flush"
	# what the window, the status and ATT_GET tell
	touch_chunk 7 9
	expect "2" "$(remaining)"
	expect "dirty 2/256" "$(dmsetup status h | grep -o 'dirty.*')"
	expect "tracking $tracking chunk_shift $SHIFT chunks 256 remaining 2" \
		"$(one_line <$WINDOW/volumes/$V1/attachments/1/dirty)"
	expect "$tracking $SHIFT 256" "$(kmodctl att-get uuid=$V1 gen=1 | tee "$WORK/a" | field tracking) \
$(field chunk_shift <"$WORK/a") $(field chunks <"$WORK/a")"
	kmodctl dirty-stop uuid=$V1 gen=1 tracking="$tracking"
	expect "dirty -" "$(dmsetup status h | grep -o 'dirty.*')"
	expect "" "$(cat $WINDOW/volumes/$V1/attachments/1/dirty)"
	expect "" "$(kmodctl att-get uuid=$V1 gen=1 | field tracking)"
}

t_a_failed_write_marks_and_a_refused_one_does_not() {
	volume $V1 1
	dmsetup create bad --table "0 $CHUNK error
$CHUNK $((SECTORS - CHUNK)) linear $DISK $CHUNK"
	head_new h /dev/mapper/bad $SECTORS $V1 1
	track
	! touch_chunk 0 2>/dev/null || fail "written"
	expect "0+1" "$(fetch | ranges)" "a failed write"
	ticket=$(fetch | field ticket)
	kmodctl fence uuid=$V1 floor=2 >/dev/null
	! touch_chunk 5 2>/dev/null || fail "written"
	expect "" "$(fetch ticket="$ticket" | ranges)" "a write that the fence refused"
}

# begun before, ended after: marked
t_a_write_under_way_at_the_start_is_marked() {
	volume $V1 1
	dmsetup create lower --table "0 $SECTORS linear $DISK $OFFSET"
	head_new h /dev/mapper/lower $SECTORS $V1 1
	dmsetup suspend --noflush --nolockfs lower
	touch_chunk 9 &
	writer=$!
	until_true 10 att_says 1 inflight=1
	track
	expect 0 "$(remaining)" "before it has ended"
	dmsetup resume lower
	wait $writer
	expect "9+1" "$(fetch | ranges)"
	# given out while a write is under way, which ends later: marked again
	dmsetup suspend --noflush --nolockfs lower
	touch_chunk 9 &
	writer=$!
	until_true 10 att_says 1 inflight=1
	ticket=$(fetch | tee "$WORK/a" | field ticket)
	expect "9+1" "$(ranges <"$WORK/a")"
	dmsetup resume lower
	wait $writer
	expect "9+1" "$(fetch ticket="$ticket" | ranges)"
}

t_answers_are_as_large_as_asked_for() {
	local answer

	disk_head
	track
	touch_chunk 0 1 2 3 10 11 20 255
	expect "0+3" "$(fetch max_chunks=3 | tee "$WORK/a" | ranges)"
	expect "3 5" "$(field next_cursor <"$WORK/a") $(field remaining <"$WORK/a")"
	answer=$(fetch max_chunks=3 cursor=3 ticket="$(field ticket <"$WORK/a")")
	expect "3+1 10+2" "$(ranges <<<"$answer")"
	expect "20 2" "$(field next_cursor <<<"$answer") $(field remaining <<<"$answer")"
	answer=$(fetch cursor=20 ticket="$(field ticket <<<"$answer")")
	expect "20+1 255+1" "$(ranges <<<"$answer")"
	expect "256 0" "$(field next_cursor <<<"$answer") $(field remaining <<<"$answer")"
	# at the end there is nothing; and what was given out last comes back
	answer=$(fetch cursor=256)
	expect " 256 2" "$(ranges <<<"$answer") $(field next_cursor <<<"$answer") $(field remaining <<<"$answer")"
	# a ticket of before is no ticket
	expect "20+1 255+1" "$(fetch ticket=1 | ranges)"
	kmodctl dirty-stop uuid=$V1 gen=1
	# more ranges than fit into an answer
	dmsetup remove h
	dmsetup create h --table "0 $((3 * SECTORS)) liteio $DISK 0 $V1 1"
	settle
	kmodctl dirty-start uuid=$V1 gen=1 chunk_shift=16 >"$WORK/a"
	tracking=$(field tracking <"$WORK/a")
	expect 768 "$(field chunks <"$WORK/a")"
	touch_chunk {0..520..2}
	answer=$(fetch)
	expect "256 512 5" "$(ranges <<<"$answer" | wc -w) $(field next_cursor <<<"$answer") $(field remaining <<<"$answer")"
	expect 5 "$(remaining)"
}

# nobody reads the answers: what they gave out is not lost
t_lost_answers_lose_nothing() {
	disk_head
	track
	touch_chunk 1 3 5
	kmodctl deaf 1 dirty-fetch uuid=$V1 gen=1 tracking="$tracking"
	expect 0 "$(remaining)" "given out, but not confirmed"
	expect "1+1 3+1 5+1" "$(fetch | ranges)"
	# no room at the receiver: taken back at once, without another fetch
	kmodctl deaf 20 dirty-fetch uuid=$V1 gen=1 tracking="$tracking"
	expect 3 "$(remaining)" "taken back"
	expect "1+1 3+1 5+1" "$(fetch | ranges)"
}

t_reloads_keep_marks_and_larger_tables_bring_some() {
	disk_head
	track
	touch_chunk 5
	head_reload $SECTORS
	expect "5+1" "$(fetch | ranges)"
	expect "$tracking" "$(kmodctl att-get uuid=$V1 gen=1 | field tracking)"
	touch_chunk 6
	# the larger table counts when it is resumed
	head_load $((SECTORS + 3 * CHUNK + 8))
	expect "256 2" "$(fetch cursor=256 | tee "$WORK/a" | field chunks) $(field remaining <"$WORK/a")"
	dmsetup suspend h
	dmsetup resume h
	expect "5+2 256+4" "$(fetch | tee "$WORK/a" | ranges)"
	expect "260 0" "$(field chunks <"$WORK/a") $(field remaining <"$WORK/a")"
	ticket=$(field ticket <"$WORK/a")
	touch_chunk 258
	expect "258+1" "$(fetch ticket="$ticket" | tee "$WORK/a" | ranges)" "a write to what is new"
	ticket=$(field ticket <"$WORK/a")
	# the chunk in which it ended is copied again, for there is more of it
	head_reload $((SECTORS + 4 * CHUNK))
	expect "259+1" "$(fetch ticket="$ticket" | tee "$WORK/a" | ranges)" "what was cut before"
	# smaller: what is beyond the end is forgotten, also what was given out, and is new when it comes back
	touch_chunk 2 200
	head_reload $((100 * CHUNK))
	expect "2+1" "$(fetch | tee "$WORK/a" | ranges)" "smaller"
	expect "100 0" "$(field chunks <"$WORK/a") $(field remaining <"$WORK/a")"
	expect_error ERANGE "beyond the last chunk" fetch cursor=101
	ticket=$(fetch | field ticket)
	head_reload $((150 * CHUNK))
	expect "100+50" "$(fetch ticket="$ticket" | ranges)" "larger again"
	# a head that is made anew
	ticket=$(fetch | field ticket)
	touch_chunk 11
	dmsetup remove --retry h
	expect "11+1" "$(fetch ticket="$ticket" | tee "$WORK/a" | ranges)" "without a head"
	dmsetup create h --table "0 $((150 * CHUNK)) liteio $DISK $OFFSET $V1 1"
	settle
	touch_chunk 12
	expect "12+1" "$(fetch ticket="$(field ticket <"$WORK/a")" | ranges)" "a new head"
}

t_what_is_tracked_before_it_has_a_head_is_new() {
	volume $V1 1
	track
	expect "0 0" "$(fetch | field chunks) $(remaining)"
	dmsetup create h --table "0 $SECTORS liteio $DISK $OFFSET $V1 1"
	settle
	expect "0+256" "$(fetch | ranges)"
}

# the head is swapped, suspended and made larger all the time, under writers
t_a_copy_is_complete_over_reloads_and_growth() {
	local round rounds size=$SECTORS

	rounds=$(often 6 2)
	source_new $((SECTORS + 30 * CHUNK))
	disk_head
	track
	copy_all $SECTORS
	start_scribble
	for ((round = 1; round <= rounds; round++)); do
		size=$((size + 30 * CHUNK / rounds))
		head_reload $size
		copy_round
		head_reload $size
		copy_round 40
	done
	# writers of the new part
	dd if=/dev/urandom of=/dev/mapper/h bs=64k seek=256 count=30 oflag=direct status=none
	copy_round
	dmsetup suspend h
	copy_rest
	expect_equal $size
	dmsetup resume h
	kill -TERM $writer
	end_scribble
}

# two copies of the state of a pool's node, as it were: who comes later knows no ticket
t_a_copier_that_was_killed_is_followed_by_another() {
	local answer

	source_new
	disk_head
	track
	copy_all $SECTORS
	start_scribble
	# it gets an answer, copies half of it, and is gone
	answer=$(fetch max_chunks=50)
	ranges <<<"$answer" | cut -d' ' -f1 | chunkcopy /dev/mapper/source $COPY $SHIFT >/dev/null
	ticket=0
	copy_round
	kill -TERM $writer
	end_scribble
	# as is this one, before it has copied anything
	fetch >/dev/null
	ticket=0
	copy_rest
	expect_equal $SECTORS
}

t_another_tracking_is_noticed() {
	local first

	disk_head
	track
	first=$tracking
	touch_chunk 3
	kmodctl dirty-stop uuid=$V1 gen=1
	expect_error ENODATA "not tracked" fetch
	expect_error ENODATA "not tracked" kmodctl dirty-stop uuid=$V1 gen=1
	track
	[ "$first" != "$tracking" ]
	expect 0 "$(remaining)"
	tracking=$first
	expect_error ESTALE "marks are lost" fetch
	expect_error ESTALE "marks are lost" kmodctl dirty-stop uuid=$V1 gen=1 tracking="$first"
	expect_error EBUSY "tracked already" kmodctl dirty-start uuid=$V1 gen=1 chunk_shift=20
}

# errno | a part of the sentence | arguments of kmodctl; generation 1 is tracked, 2 is not
bad_requests() {
	cat <<-LINES
		EINVAL|UUID is missing|dirty-start gen=1 chunk_shift=16
		EINVAL|GEN is missing|dirty-start uuid=$V1 chunk_shift=16
		EINVAL|CHUNK_SHIFT is missing|dirty-start uuid=$V1 gen=2
		ERANGE|out of range|dirty-start uuid=$V1 gen=2 chunk_shift=15
		ERANGE|out of range|dirty-start uuid=$V1 gen=2 chunk_shift=27
		ERANGE|out of range|dirty-start uuid=$V1 gen=0 chunk_shift=16
		EINVAL|length|dirty-start uuid=$V1 gen=2 #35=1000
		EINVAL|attribute|dirty-start uuid=$V1 gen=2 chunk_shift=16 cursor=0
		EOPNOTSUPP|no sentence|dirty-start uuid=$V1 gen=2 chunk_shift=16 +dump
		ENOENT|no such volume|dirty-start uuid=$V2 gen=1 chunk_shift=16
		ENOENT|no such attachment|dirty-start uuid=$V1 gen=3 chunk_shift=16
		EBUSY|tracked already|dirty-start uuid=$V1 gen=1 chunk_shift=16
		EINVAL|UUID is missing|dirty-stop gen=1
		EINVAL|GEN is missing|dirty-stop uuid=$V1
		EINVAL|attribute|dirty-stop uuid=$V1 gen=1 chunk_shift=16
		EINVAL|length|dirty-stop uuid=$V1 gen=1 #34=00
		ENOENT|no such volume|dirty-stop uuid=$V2 gen=1
		ENOENT|no such attachment|dirty-stop uuid=$V1 gen=3
		ENODATA|not tracked|dirty-stop uuid=$V1 gen=2
		ESTALE|marks are lost|dirty-stop uuid=$V1 gen=1 tracking=0
		ESTALE|marks are lost|dirty-stop uuid=$V1 gen=1 tracking=1
		EINVAL|TRACKING is missing|dirty-fetch uuid=$V1 gen=1
		EINVAL|UUID is missing|dirty-fetch gen=1 tracking=1
		EINVAL|GEN is missing|dirty-fetch uuid=$V1 tracking=1
		ENOENT|no such volume|dirty-fetch uuid=$V2 gen=1 tracking=1
		ENOENT|no such attachment|dirty-fetch uuid=$V1 gen=3 tracking=1
		ENODATA|not tracked|dirty-fetch uuid=$V1 gen=2 tracking=1
		ESTALE|marks are lost|dirty-fetch uuid=$V1 gen=1 tracking=0
		ESTALE|marks are lost|dirty-fetch uuid=$V1 gen=1 tracking=1
		ERANGE|out of range|dirty-fetch uuid=$V1 gen=1 tracking=$tracking max_chunks=0
		ERANGE|out of range|dirty-fetch uuid=$V1 gen=1 tracking=$tracking max_chunks=134217729
		ERANGE|beyond the last chunk|dirty-fetch uuid=$V1 gen=1 tracking=$tracking cursor=257
		ERANGE|beyond the last chunk|dirty-fetch uuid=$V1 gen=1 tracking=$tracking cursor=18446744073709551615
		EINVAL|attribute|dirty-fetch uuid=$V1 gen=1 tracking=$tracking chunk_shift=16
		EINVAL|attribute|dirty-fetch uuid=$V1 gen=1 tracking=$tracking #42=00
	LINES
}

t_bad_input_is_refused_and_changes_nothing() {
	local errno why arguments before

	volume $V1 2
	kmodctl att-add uuid=$V1 gen=1
	dmsetup create h --table "0 $SECTORS liteio $DISK $OFFSET $V1 1"
	settle
	track
	touch_chunk 4 77
	before=$(kmodctl batch <<<"$EVERYTHING")
	while IFS='|' read -r errno why arguments; do
		# shellcheck disable=SC2086
		expect_error "$errno" "$why" kmodctl $arguments
		is_slow || expect "$before" "$(kmodctl batch <<<"$EVERYTHING")" "after $arguments"
	done < <(bad_requests)
	expect "$before" "$(kmodctl batch <<<"$EVERYTHING")" "after bad requests"
	for arguments in "dirty-start uuid=$V1 gen=2 chunk_shift=16" "dirty-stop uuid=$V1 gen=1" \
		"dirty-fetch uuid=$V1 gen=1 tracking=$tracking"; do
		# shellcheck disable=SC2086
		expect_error EPERM "CAP_SYS_ADMIN" setpriv --bounding-set=-sys_admin --inh-caps=-all kmodctl $arguments
	done
	expect "$before" "$(kmodctl batch <<<"$EVERYTHING")" "after refusals"
	expect "4+1 77+1" "$(fetch | ranges)"
}

t_events_tell_of_it() {
	disk_head
	kmodctl events 2 >"$WORK/events" &
	until_true 10 holds "$WORK/events" ready
	track
	kmodctl dirty-stop uuid=$V1 gen=1
	wait $!
	expect "type=dirty-changed uuid=$V1 gen=1 value=$SHIFT type=dirty-changed uuid=$V1 gen=1 value=0" \
		"$(grep -o 'type=.*' "$WORK/events" | xargs)"
}

dirty_bytes() {
	kmodctl info | field dirty_bytes
}

# chunks of 64 KiB on a device of 8 TiB are the most there can be
t_memory_is_bounded_and_given_back() {
	local most=$((0x8000000 * CHUNK)) free i

	expect 0 "$(dirty_bytes)"
	volume $V1 1
	dmsetup create huge --table "0 $((most + 1024)) zero"
	dmsetup create h --table "0 $((most + 8)) liteio /dev/mapper/huge 0 $V1 1"
	settle
	expect_error E2BIG "too many chunks" kmodctl dirty-start uuid=$V1 gen=1 chunk_shift=16
	expect 0 "$(dirty_bytes)"
	kmodctl dirty-start uuid=$V1 gen=1 chunk_shift=17 >/dev/null
	expect 8 $(($(dirty_bytes) >> 20)) "MiB"
	expect_error EBUSY "a head is bound" kmodctl att-del uuid=$V1 gen=1
	kmodctl dirty-stop uuid=$V1 gen=1
	expect 0 "$(dirty_bytes)" "after stop"
	dmsetup remove --retry h
	# another attachment, for the first one has room for what it once had
	kmodctl att-add uuid=$V1 gen=2
	dmsetup create h --table "0 $most liteio /dev/mapper/huge 0 $V1 2"
	settle
	track 2
	expect 16 $(($(dirty_bytes) >> 20)) "MiB"
	! dmsetup load h --table "0 $((most + 8)) liteio /dev/mapper/huge 0 $V1 2" 2>/dev/null || fail "loaded"
	dmesg | tail -n 5 | grep -q "too many chunks of this size"
	kmodctl dirty-stop uuid=$V1 gen=2
	track 2
	free=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
	for ((i = 1; i <= $(often 30 6); i++)); do
		kmodctl dirty-stop uuid=$V1 gen=2
		track 2
	done
	[ $((free - $(awk '/^MemAvailable/ { print $2 }' /proc/meminfo))) -lt 65536 ] || fail "memory is lost"
	# a chunk at the very end of it
	dd if=/dev/zero of=/dev/mapper/h bs=64k seek=$((0x8000000 - 1)) count=1 oflag=direct status=none
	expect "134217727+1" "$(fetch | ranges)"
	# deleting an attachment ends its tracking
	dmsetup remove --retry h
	kmodctl att-del uuid=$V1 gen=2
	expect 0 "$(dirty_bytes)" "after the attachment is gone"
}

# starts, stops and fetches by many, while writers go on: nobody trips, nothing is left
t_starts_stops_and_fetches_race() {
	local i pids=

	disk_head
	start_scribble 4
	for i in 1 2 3 4; do
		(
			set +e
			trap 'exit 0' TERM
			while :; do
				kmodctl dirty-start uuid=$V1 gen=1 chunk_shift=$((16 + i))
				tracking=$(kmodctl att-get uuid=$V1 gen=1 | field tracking)
				gen=1
				fetch max_chunks=3
				fetch
				kmodctl dirty-stop uuid=$V1 gen=1
			done
		) >/dev/null 2>&1 &
		pids+=" $!"
	done
	for ((i = 1; i <= $(often 5 2); i++)); do
		head_reload $((SECTORS + i * CHUNK))
		kmodctl info >/dev/null
	done
	# shellcheck disable=SC2086
	kill -TERM $pids
	# shellcheck disable=SC2086
	wait $pids
	kill -TERM $writer
	wait $writer
	kmodctl dirty-stop uuid=$V1 gen=1 2>/dev/null || true
	expect 0 "$(dirty_bytes)"
	track
	expect 0 "$(remaining)" "nothing is counted that is not marked"
}

run_tests "$@"
