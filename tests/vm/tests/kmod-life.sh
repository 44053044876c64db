#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The life of objects: reloads keep counters, heads go under I/O, loops leak nothing, the window and
# the events show all of it, and unloading leaves nothing.
# vm: kernels=6.1,6.12,7,debug,kcsan timeout=900
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"
# udevd stays, and looks at every device that comes and changes, where there is one
is_slow || export UDEV=yes

SECTORS=16384

t_reloads_keep_counters_and_gate() {
	local before

	ram_disk
	volume $V1 1
	head_new h /dev/ram0 8192 $V1 1
	dd if=/dev/zero of=/dev/mapper/h bs=4k count=64 oflag=direct status=none
	before=$(stat_of $V1 1 write.ios)
	expect 64 "$before"
	dmsetup load h --table "0 $SECTORS liteio /dev/ram0 0 $V1 1"
	dmsetup resume h
	settle
	expect $SECTORS "$(sectors_of /dev/mapper/h)"
	expect "$before" "$(stat_of $V1 1 write.ios)"
	dd if=/dev/zero of=/dev/mapper/h bs=4k seek=1024 count=64 oflag=direct status=none
	expect 128 "$(stat_of $V1 1 write.ios)"
	# a fence survives the reload that was loaded before it
	dmsetup load h --table "0 $SECTORS liteio /dev/ram0 0 $V1 1"
	kmodctl fence uuid=$V1 floor=2 >/dev/null
	dmsetup resume h
	! dd if=/dev/zero of=/dev/mapper/h bs=4k count=1 oflag=direct status=none 2>/dev/null || fail "written"
	! dmsetup load h --table "0 $SECTORS liteio /dev/ram0 0 $V1 1" 2>/dev/null || fail "loaded"
	expect 128 "$(stat_of $V1 1 write.ios)"
}

t_a_head_is_swapped_to_linear_and_back_under_io() {
	local round writer

	ram_disk
	volume $V1 1
	head_new h /dev/ram0 $SECTORS $V1 1
	start_writer writer /dev/mapper/h 1 "$(often 4 2)"
	for ((round = 1; round <= $(often 3 2); round++)); do
		dmsetup load h --table "0 $SECTORS linear /dev/ram0 0"
		dmsetup resume h
		expect new "$(state_of $V1 1)" "round $round"
		dmsetup load h --table "0 $SECTORS liteio /dev/ram0 0 $V1 1"
		dmsetup resume h
		expect open "$(state_of $V1 1)" "round $round"
	done
	stop_writer
	[[ $(<"$WORK/writer") == *" failed 0" ]] || fail "$(cat "$WORK/writer")"
	# whatever was under way when tables changed: what was acknowledged is there
	stampwriter verify /dev/ram0 1 2048 "$WORK/writer.stamps"
}

# it grows by a chunk at a time while it is written to, and then has all of its blocks
t_a_head_grows_under_io() {
	local size=$SECTORS step writer

	step=$((SECTORS / $(often 4 2)))
	ram_disk
	volume $V1 1
	head_new h /dev/ram0 $SECTORS $V1 1
	start_writer writer /dev/mapper/h 1 "$(often 4 2)"
	while [ $size -lt $((SECTORS * 2)) ]; do
		size=$((size + step))
		dmsetup load h --table "0 $size liteio /dev/ram0 0 $V1 1"
		dmsetup resume h
		expect $size "$(sectors_of /dev/mapper/h)"
		# what is new can be written to
		dd if=/dev/zero of=/dev/mapper/h bs=4k seek=$((size / 8 - 1)) count=1 oflag=direct status=none
	done
	stop_writer
	[[ $(<"$WORK/writer") == *" failed 0" ]] || fail "$(cat "$WORK/writer")"
	stampwriter verify /dev/ram0 1 2048 "$WORK/writer.stamps"
}

t_a_head_goes_under_io() {
	local round writer

	ram_disk
	for ((round = 1; round <= $(often 5 2); round++)); do
		volume $V1 1
		head_new h /dev/ram0 $SECTORS $V1 1
		start_writer writer /dev/mapper/h 1 "$(often 4 2)"
		expect_error EBUSY "a head is bound" kmodctl att-del uuid=$V1 gen=1
		! rmmod liteio 2>/dev/null || fail "unloaded in round $round"
		# the device is in use: its table is replaced by one that fails, under I/O
		dmsetup remove --force h 2>/dev/null || true
		expect new "$(state_of $V1 1)"
		kmodctl att-del uuid=$V1 gen=1
		kmodctl vol-del uuid=$V1
		stop_writer
		dmsetup remove --retry h
		stampwriter verify /dev/ram0 1 2048 "$WORK/writer.stamps"
	done
}

t_the_window_shows_and_takes_nothing() {
	local dir=$WINDOW/volumes/$V1 said

	ram_disk
	kmodctl batch <<-REQUESTS
		vol-set uuid=$V1 +create name=pvc-1 floor=3
		att-add uuid=$V1 gen=3 host=nqn.host
		att-add uuid=$V1 gen=4 flags=1 host=nqn.other
	REQUESTS
	expect "barred floor name qos throttle" "$(find $dir -maxdepth 1 -type f -printf '%f\n' | sort | xargs)"
	expect "device dirty flags host inflight io_stats last_io latency queued rejected state throttled" \
		"$(find $dir/attachments/3 -type f -printf '%f\n' | sort | xargs)"
	expect "pvc-1 3 0" "$(cat $dir/name) $(cat $dir/floor) $(cat $dir/barred)"
	expect "nqn.host new " "$(cat $dir/attachments/3/host) $(cat $dir/attachments/3/state) $(cat $dir/attachments/3/flags)"
	expect ro "$(cat $dir/attachments/4/flags)"
	head_new h /dev/ram0 8192 $V1 3
	expect "open $(dmsetup info -c --noheadings --separator : -o major,minor h)" \
		"$(cat $dir/attachments/3/state) $(cat $dir/attachments/3/device)"
	dd if=/dev/zero of=/dev/mapper/h bs=4k count=8 oflag=direct status=none
	[ "$(awk '$1 == "write" { print $3 }' $dir/attachments/3/latency)" -ge 1024 ]
	kmodctl vol-set uuid=$V1 name=pvc-2
	expect pvc-2 "$(cat $dir/name)"
	# looking only
	expect "" "$(find $WINDOW -type f ! -perm 0444)" "what can be written"
	is_not_permitted mkdir $WINDOW/volumes/$V2
	is_not_permitted mkdir $dir/attachments/9
	is_not_permitted mkdir $WINDOW/x
	is_not_permitted rmdir $dir
	is_not_permitted rmdir $dir/attachments/4
	is_not_permitted rmdir $WINDOW/volumes
	# a file held open outlives what it shows
	exec 8<$dir/attachments/4/host
	kmodctl att-del uuid=$V1 gen=4
	[ ! -e $dir/attachments/4 ] || fail "still there"
	! said=$(LC_ALL=C cat <&8 2>&1) || fail "an attachment that is gone says \"$said\""
	[[ $said == *"No such file or directory"* ]] || fail "$said"
	exec 8<&-
}

# is_not_permitted COMMAND...: it is refused with EPERM
is_not_permitted() {
	local said

	! said=$(LC_ALL=C "$@" 2>&1) || fail "$* was done"
	[[ $said == *"Operation not permitted"* ]] || fail "$*: $said"
}

t_the_window_may_be_read_while_everything_changes() {
	local round nr reader

	nr=$(often 40 8)
	(
		trap 'exit 0' TERM
		while :; do
			grep -r . $WINDOW || true
		done
	) >/dev/null 2>&1 &
	reader=$!
	for ((round = 1; round <= nr; round++)); do
		kmodctl batch <<-REQUESTS >/dev/null
			vol-set uuid=$V1 +create
			att-add uuid=$V1 gen=1
			att-add uuid=$V1 gen=2
			fence uuid=$V1 floor=2
			att-del uuid=$V1 gen=1
			att-del uuid=$V1 gen=2
			vol-del uuid=$V1
		REQUESTS
	done
	kill -TERM $reader
	wait $reader || true
	expect $((nr + 1)) "$round" "the round after the last"
}

# what x86-64 calls them
GETDENTS64=217
SENDTO=44

# is_stuck PID NUMBER: does it wait in this system call for something that no signal ends?
is_stuck() {
	local state number

	read -r _ _ state _ <"/proc/$1/stat" && read -r number _ <"/proc/$1/syscall" && [ "$state $number" = "D $2" ]
}

# list_and_hang DIRECTORY: somebody lists it into memory that comes from a disk, and the disk hangs, until "lower" is
# resumed; it is $lister
list_and_hang() {
	ram_disk
	dmsetup create lower --table "0 $SECTORS linear /dev/ram0 0"
	settle
	dmsetup suspend --noflush --nolockfs lower
	pest list "$1" /dev/mapper/lower 4194304 &
	lister=$!
	until_true 10 is_stuck "$lister" $GETDENTS64
}

# a directory can neither come nor go meanwhile, so objects cannot; but fences, tables and questions go on
t_who_lists_the_window_and_hangs_holds_up_no_fence() {
	local lister maker

	volume $V1 1 2
	list_and_hang $WINDOW/volumes
	kmodctl vol-set uuid=$V2 +create &
	maker=$!
	until_true 10 is_stuck $maker $SENDTO
	# in the background: what waits for the registry's lock cannot be ended by a signal
	(
		kmodctl fence uuid=$V1 floor=2 timeout=1000
		kmodctl vol-set uuid=$V1 +create name=other
		dmsetup create h --table "0 8 liteio /dev/ram0 0 $V1 2"
		kmodctl stats +dump
	) >"$WORK/answers" &
	until_true 20 holds "$WORK/answers" "uuid=$V1 gen=2"
	expect "1 open" "$(field drained <"$WORK/answers") $(state_of $V1 2)"
	is_stuck "$lister" $GETDENTS64 || fail "nobody lists any more: this proves nothing"
	is_stuck $maker $SENDTO || fail "the volume was made: this proves nothing"
	dmsetup resume lower
	wait "$lister" $maker
	expect "$V1 $V2" "$(kmodctl vol-get +dump | field uuid | one_line)"
}

# the fence comes when the attachment has been found to be all right, and is not there yet
t_who_is_fenced_before_he_is_shown_is_refused() {
	local lister maker

	volume $V1 1
	list_and_hang $WINDOW/volumes/$V1/attachments
	kmodctl att-add uuid=$V1 gen=2 2>"$WORK/said" &
	maker=$!
	until_true 10 is_stuck $maker $SENDTO
	expect 1 "$(kmodctl fence uuid=$V1 floor=3 | field drained)"
	dmsetup resume lower
	wait "$lister"
	! wait $maker || fail "it was added"
	[[ $(<"$WORK/said") == "ESTALE: "*"below the floor"* ]] || fail "it was told \"$(<"$WORK/said")\""
	expect 1 "$(kmodctl att-get uuid=$V1 +dump | field gen)" "attachments"
	expect 1 "$(basename -a $WINDOW/volumes/$V1/attachments/*)" "attachments in the window"
}

# by descriptors of both directories one may take their locks in the order that is usual, which is not that in which they
# are taken away
t_who_renames_in_the_window_holds_up_nobody() {
	local round nr pests='' pest name

	nr=$(often 400 100)
	pest rename $WINDOW/volumes/$V1 $WINDOW/volumes >"$WORK/volumes" &
	pests+=" $!"
	pest rename $WINDOW/volumes/$V1/attachments/1 $WINDOW/volumes/$V1/attachments >"$WORK/attachments" &
	pests+=" $!"
	(
		for ((round = 1; round <= nr; round++)); do
			printf '%s\n' "vol-set uuid=$V1 +create" "att-add uuid=$V1 gen=1" "att-del uuid=$V1 gen=1" "vol-del uuid=$V1"
		done | kmodctl batch
		echo ended
	) >"$WORK/rounds" &
	until_true 120 holds "$WORK/rounds" ended
	for pest in $pests; do
		kill -TERM "$pest"
		wait "$pest"
	done
	for name in volumes attachments; do
		[ "$(<"$WORK/$name")" -gt 0 ] || fail "nothing was renamed in $name: this proves nothing"
		echo "# $(<"$WORK/$name") renames in $name"
	done
}

t_events_tell_everything_in_order() {
	local dev

	ram_disk
	kmodctl events >"$WORK/events" &
	until_true 10 holds "$WORK/events" ready
	kmodctl vol-set uuid=$V1 +create
	kmodctl att-add uuid=$V1 gen=1 flags=1
	kmodctl att-add uuid=$V1 gen=2
	head_new h /dev/ram0 8192 $V1 2
	dev=$(dmsetup info -c --noheadings -o minor h)
	dev=$(($(dmsetup info -c --noheadings -o major h) << 32 | dev))
	dmsetup table h | dmsetup load h
	dmsetup resume h
	kmodctl vol-set uuid=$V1 name=x
	kmodctl fence uuid=$V1 gen=2 >/dev/null
	! dd if=/dev/mapper/h of=/dev/null bs=4k count=2 iflag=direct status=none 2>/dev/null || fail "read"
	until_true 10 holds "$WORK/events" type=stale-io
	# that is told once, however much comes
	! dd if=/dev/mapper/h of=/dev/null bs=4k count=2 iflag=direct status=none 2>/dev/null || fail "read again"
	dmsetup remove --retry h
	kmodctl att-del uuid=$V1 gen=2
	kmodctl att-del uuid=$V1 gen=1
	kmodctl vol-del uuid=$V1
	until_true 10 holds "$WORK/events" type=vol-deleted
	# numbered without a gap, from the one after what INFO_GET had said
	field seq <"$WORK/events" | awk 'NR > 1 && $1 != last + 1 { exit 1 } { last = $1 }'
	expect "$(tail -n 1 "$WORK/events" | field seq)" "$(kmodctl info | field event_seq)"
	sed -n 's/.*type=\([^ ]*\) uuid=[^ ]*\(.*\)/\1\2/p' "$WORK/events" >"$WORK/told"
	cat >"$WORK/want" <<-EVENTS
		vol-added value=1
		att-added gen=1 value=1
		att-added gen=2 value=0
		att-bound gen=2 value=$dev
		vol-changed value=1
		att-fenced gen=2 value=0
		att-drained gen=2 value=0
		stale-io gen=2 value=0
		att-unbound gen=2 value=$dev
		att-deleted gen=2 value=0
		att-deleted gen=1 value=0
		vol-deleted value=0
	EVENTS
	diff "$WORK/want" "$WORK/told"
}

# has the listener told of the last change but one? There is another one then, for while its queue is full, it
# is told of none
hears_again() {
	if [ -n "${sent:-}" ] && holds "$WORK/events" "seq=$sent "; then
		return 0
	fi
	kmodctl vol-set uuid=$V1 name=after-$RANDOM$RANDOM
	sent=$(kmodctl info | field event_seq)
	return 1
}

# a listener stops while much happens: it is told that it has lost something, the numbers say what, and who reads
# everything again knows all that is
t_a_listener_that_is_too_slow_is_told() {
	local listener sent=

	volume $V1 1
	kmodctl events >"$WORK/events" &
	listener=$!
	until_true 10 holds "$WORK/events" ready
	kmodctl vol-set uuid=$V1 name=before
	until_true 10 holds "$WORK/events" type=vol-changed
	kill -STOP $listener
	seq "$(often 4000 1000)" | sed "s/.*/vol-set uuid=$V1 name=&/" | kmodctl batch
	kill -CONT $listener
	until_true 30 hears_again
	expect 1 "$(grep -cx lost "$WORK/events")" "times it was told so"
	# in their order, and with numbers missing in one place
	field seq <"$WORK/events" | awk '
		NR > 1 && $1 <= last { exit 1 }
		NR > 1 && $1 > last + 1 { missing = $1 - last - 1; gaps++ }
		{ last = $1 }
		END {
			print "# " NR " events were told of, " missing " were not"
			exit gaps != 1
		}' || fail "$(field seq <"$WORK/events" | one_line)"
	[[ $(kmodctl vol-get +dump | field name) == after-* ]] || fail "$(kmodctl vol-get +dump)"
	expect 1 "$(kmodctl att-get +dump | field gen)" "attachments"
}

t_dumps_notice_changes() {
	local gen

	volume $V1 {1..100}
	# the reader takes several messages' time; what changes meanwhile is marked, what stays is there
	(
		trap 'exit 0' TERM
		while :; do
			kmodctl att-add uuid=$V1 gen=1000
			kmodctl att-del uuid=$V1 gen=1000
		done
	) 2>/dev/null &
	for gen in {1..20}; do
		kmodctl stats +dump >"$WORK/dump"
		expect 100 "$(field gen <"$WORK/dump" | grep -vx 1000 | sort -un | wc -l)"
		! grep -q interrupted "$WORK/dump" || break
	done
	grep -q interrupted "$WORK/dump"
}

# kmod-loops counts what thousands of rounds leave behind; here it is every byte that the module counts itself
t_loops_leave_nothing_that_is_counted() {
	local round

	export DM_DISABLE_UDEV=1
	ram_disk
	for ((round = 1; round <= $(often 20 4); round++)); do
		volume $V1 "$round"
		dmsetup create h --table "0 8192 liteio /dev/ram0 0 $V1 $round" 2>/dev/null
		kmodctl dirty-start uuid=$V1 gen="$round" chunk_shift=16 >/dev/null
		[ $((round % 2)) = 0 ] || kmodctl fence uuid=$V1 floor=$((round + 1)) >/dev/null
		dmsetup remove --retry h 2>/dev/null # udevd may still look at it
		kmodctl wipe
	done
	expect "0 0" "$(kmodctl info | tee "$WORK/info" | field stats_bytes) $(field dirty_bytes <"$WORK/info")" \
		"memory of statistics and of tracking"
	expect 0 "$(awk '$1 == "liteio" { print $3 }' /proc/modules)" "users of the module"
}

t_unloading_is_refused_while_bound_and_leaves_nothing() {
	local instance

	ram_disk
	volume $V1 1 2
	instance=$(kmodctl info | field instance)
	head_new h /dev/ram0 8192 $V1 1
	! rmmod liteio 2>/dev/null || fail "unloaded under a head"
	dd if=/dev/zero of=/dev/mapper/h bs=4k count=1 oflag=direct status=none
	dmsetup remove --retry h
	kmodctl fence uuid=$V1 floor=2 timeout=0 >/dev/null
	rmmod liteio
	[ ! -e $WINDOW ] || fail "the window is still there"
	! kmodctl info 2>/dev/null || fail "the family is still there"
	! dmsetup targets | grep -q '^liteio ' || fail "the target is still there"
	insmod "$KO"
	[ "$(kmodctl info | field instance)" != "$instance" ] || fail "the same instance"
	expect "" "$(kmodctl vol-get +dump)"
	expect 0 "$(kmodctl info | field event_seq)"
}

t_loading_and_unloading_again_and_again() {
	local round

	for ((round = 1; round <= $(often 10 3); round++)); do
		volume $V1 1 2 3
		kmodctl fence uuid=$V1 gen=2 timeout=0 >/dev/null
		kmodctl fence uuid=$V1 floor="$round" timeout=0 >/dev/null
		rmmod liteio
		insmod "$KO"
	done
}

run_tests "$@"
