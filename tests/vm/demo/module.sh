#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The story of the kernel module: one volume, two generations that both write, a fence between them, limits
# changed under load, chunks that change, and what can be seen of it. Runs in a guest; ends with a failure where it is not true.
set -eu
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"
# shellcheck source=tests/vm/lib/story.sh
. "$(dirname "$0")/../lib/story.sh"

BLOCKS=256
SECTORS=$((BLOCKS * 8))
# what a write takes on the disk of this story
DISK_MS=10

# brief: messages and events, with the volume's long name cut short
brief() {
	sed "s/$V1/11111111/"
}

# writer NAME GENERATION: four threads that rewrite blocks, stamped with their generation; its process: $writer
writer() {
	stampwriter write "/dev/mapper/$1" "$2" $BLOCKS 4 >"$WORK/$1" &
	writer=$!
	until_true 30 grep -q running "$WORK/$1"
}

# what_of NAME PROCESS: what a writer says of itself now
what_of() {
	local lines

	lines=$(wc -l <"$WORK/$1")
	kill -USR1 "$2"
	until_true 10 eval "[ \$(wc -l <$WORK/$1) -gt $lines ]"
	tail -n 1 "$WORK/$1"
}

failures_of() {
	what_of "$@" | sed 's/.*failed //'
}

has_failures() {
	[ "$(failures_of "$@")" -gt 0 ]
}

# rate WRITES: how many writes a second of generation 2, while it does so many
rate() {
	local before start after now

	before=$(kmodctl stats "uuid=$V1" gen=2)
	start=$(field write.ios <<<"$before")
	until after=$(kmodctl stats "uuid=$V1" gen=2) && now=$(field write.ios <<<"$after") &&
		[ "$now" -ge $((start + $1)) ]; do
		read -r -t 0.1 <> <(:) || true
	done
	before=$((($(field time_ns <<<"$after") - $(field time_ns <<<"$before")) / 1000000))
	echo $(((now - start) * 1000 / before))
}

the_module() {
	tell "The module is loaded: a device-mapper target, a netlink family, and a window in configfs"
	modprobe dm-mod
	modprobe dm-delay
	modprobe brd rd_nr=1 rd_size=$((BLOCKS * 4))
	modprobe configfs
	mountpoint -q $CONFIGFS || mount -t configfs none $CONFIGFS
	show insmod "$KO"
	show kmodctl info
	show dmsetup targets
	udevadm settle
	kmodctl events >"$WORK/events" &
	listener=$!
	until_true 10 grep -q ready "$WORK/events"
}

two_generations() {
	tell "One volume. Node-a attached it as generation 1, node-b as generation 2"
	see "the disk is a piece of memory that takes $DISK_MS ms for a write"
	dmsetup create disk --table "0 $SECTORS delay /dev/ram0 0 0 /dev/ram0 0 $DISK_MS"
	show kmodctl vol-set "uuid=$V1" name=database +create
	show kmodctl att-add "uuid=$V1" gen=1 host=node-a
	show kmodctl att-add "uuid=$V1" gen=2 host=node-b
	show dmsetup create gen-1 --table "0 $SECTORS liteio /dev/mapper/disk 0 $V1 1"
	show dmsetup create gen-2 --table "0 $SECTORS liteio /dev/mapper/disk 0 $V1 2"
	udevadm settle
}

two_writers() {
	tell "A database on each of them, neither of which knows of the other"
	writer gen-1 1
	old=$writer
	writer gen-2 2
	new=$writer
	see "generation 1: $(what_of gen-1 $old); generation 2: $(what_of gen-2 $new)"
	show kmodctl att-get "uuid=$V1" gen=1 | brief
	[ "$(failures_of gen-1 $old)" = 0 ] || untrue "generation 1 is refused before the fence"
}

fence() {
	local answer

	tell "The fence: the floor of the volume rises to 2, under full load"
	answer=$(kmodctl fence "uuid=$V1" floor=2)
	printf '%s# kmodctl fence uuid=%s floor=2%s\n%s\n' "$bold" $V1 "$plain" "$(brief <<<"$answer")"
	[ "$(field drained <<<"$answer") $(field inflight <<<"$answer")" = "1 0" ] ||
		untrue "the fence has not drained"
	see "drained: the last write of generation 1 was over after $(($(field waited_ns <<<"$answer") / 1000)) us"
	until_true 30 has_failures gen-1 $old
	see "generation 1 goes on trying: $(what_of gen-1 $old)"
	see "generation 2 noticed nothing: $(what_of gen-2 $new)"
	[ "$(failures_of gen-2 $new)" = 0 ] || untrue "generation 2 is refused, too"
}

nothing_old() {
	tell "From here on every block is generation 2's: it rewrites them all once, the old one still trying"
	kill -TERM $new
	wait $new
	show stampwriter fill /dev/mapper/gen-2 2 $BLOCKS
	show stampwriter check /dev/ram0 2 $BLOCKS || untrue "a block of generation 1 reached the disk after the fence"
	see "generation 1 was refused $(kmodctl att-get "uuid=$V1" gen=1 | field rejected) times; not one of its blocks came through"
	if said=$(dmsetup create again --table "0 $SECTORS liteio /dev/mapper/disk 0 $V1 1" 2>&1); then
		untrue "a fenced generation was opened anew"
	fi
	see "and it can not be opened anew: $(dmesg | sed -n 's/.*liteio: //p' | tail -n 1)"
	kill -TERM $old
	wait $old
	writer gen-2 2
	new=$writer
}

limits() {
	local free limited after

	tell "Limits are changed under running I/O: from none to 50 writes a second, and back"
	free=$(rate 200)
	see "without: $free writes a second"
	show kmodctl vol-set "uuid=$V1" qos.wiops=50 qos.burst_ms=1
	limited=$(rate 100)
	see "with: $limited writes a second"
	show cat $WINDOW/volumes/$V1/throttle
	see "the writers waited for operations (iops), not for bytes"
	show kmodctl vol-set "uuid=$V1" qos.wiops=0
	after=$(rate 200)
	see "without again: $after writes a second"
	# a machine that is busy with other things may do fewer, never more
	[ "$limited" -ge 35 ] && [ "$limited" -le 55 ] || untrue "$limited writes a second is not 50"
	[ "$free" -gt 100 ] && [ "$after" -gt 100 ] || untrue "there were hardly more writes without a limit"
	[ "$(kmodctl vol-get "uuid=$V1" | field over.write.iops_ns)" -gt 0 ] || untrue "no time over limit was counted"
	[ "$(failures_of gen-2 $new)" = 0 ] || untrue "a limit made writes fail"
}

chunks() {
	local tracking answer

	tell "Which parts of the volume change? Chunks of 64 KiB, marked before a write is acknowledged"
	kill -TERM $new
	wait $new
	answer=$(kmodctl dirty-start "uuid=$V1" gen=2 chunk_shift=16)
	printf '%s# kmodctl dirty-start uuid=%s gen=2 chunk_shift=16%s\n%s\n' "$bold" $V1 "$plain" "$(brief <<<"$answer")"
	tracking=$(field tracking <<<"$answer")
	show dd if=/dev/zero of=/dev/mapper/gen-2 bs=64k seek=5 count=2 oflag=direct status=none
	show kmodctl dirty-fetch "uuid=$V1" gen=2 "tracking=$tracking" | tee "$WORK/fetched"
	[ "$(field range <"$WORK/fetched")" = 5+2 ] || untrue "other chunks were marked than those that were written to"
	see "two chunks from the fifth on: what is moved to another disk is copied again just there"
	show kmodctl dirty-stop "uuid=$V1" gen=2
}

numbers() {
	local p50

	tell "How long did it take? Percentiles of every read and write, counted per CPU"
	show cat $WINDOW/volumes/$V1/attachments/2/latency
	show cat $WINDOW/volumes/$V1/attachments/2/io_stats
	p50=$(awk '$1 == "write" { print $2 }' $WINDOW/volumes/$V1/attachments/2/latency)
	see "half of all writes took less than $((p50 / 1000000)) ms, on a disk that takes $DISK_MS"
	[ "$p50" -ge $((DISK_MS * 1000000)) ] || untrue "the median is below what the disk takes"
}

window() {
	tell "Everything the module knows, in a read-only window"
	show grep -r . $WINDOW --exclude=latency --exclude=io_stats | brief
	! mkdir $WINDOW/volumes/mine 2>/dev/null || untrue "one can make things in the window"
}

the_end() {
	tell "What programs heard of all this: events, numbered, so that none can be missed unseen"
	dmsetup remove --retry gen-1
	dmsetup remove --retry gen-2
	kmodctl att-del "uuid=$V1" gen=1
	kmodctl att-del "uuid=$V1" gen=2
	kmodctl vol-del "uuid=$V1"
	until_true 10 grep -q 'type=vol-del' "$WORK/events"
	grep -v ready "$WORK/events" | brief | sed 's/time_ns=[0-9]* //; s/instance=[^ ]* //'
	grep -q 'type=att-drained.* gen=1' "$WORK/events" || untrue "nobody was told of the drain"
	grep -q 'type=stale-io.* gen=1' "$WORK/events" || untrue "nobody was told of the refused I/O"
	tell "And the module goes, leaving nothing behind"
	kill $listener
	wait $listener || true
	show rmmod liteio
}

the_module
two_generations
two_writers
fence
nothing_old
limits
numbers
chunks
window
the_end
