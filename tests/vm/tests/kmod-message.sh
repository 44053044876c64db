#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Messages to a head: a fence by whoever has nothing but dmsetup; all else is refused in one sentence and
# changes nothing. And what a fence says that changes nothing.
# vm: kernels=6.1,6.12,7,debug,kcsan timeout=400
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"

# two heads of one volume in memory, of generations 1 and 2
two_heads() {
	ram_disk
	volume $V1 1 2
	dmsetup create h1 --table "0 8192 liteio /dev/ram0 0 $V1 1"
	dmsetup create h2 --table "0 8192 liteio /dev/ram0 0 $V1 2"
}

# all that can be asked, with the number of the newest event
everything() {
	kmodctl batch <<-REQUESTS
		vol-get +dump
		att-get +dump
		info
	REQUESTS
	dmsetup table
}

# refused ERROR SENTENCE HEAD MESSAGE: with this error, this sentence in the log, and nothing else has happened
refused() {
	local error=$1 sentence=$2 head=$3 before said

	shift 3
	before=$(everything)
	dmesg --clear
	if said=$(dmsetup message "$head" 0 "$*" 2>&1); then
		fail "\"$*\" was not refused, and said \"$said\""
	fi
	[[ $said == *"$error"* ]] || fail "\"$*\" was refused with \"$said\", not with \"$error\""
	said=$(dmesg)
	[[ $said == *"volume $V1, generation ${head#h}: message refused: $sentence"* ]] || fail "\"$*\": the kernel said $said"
	expect "$before" "$(everything)" "after \"$*\""
}

t_a_message_fences() {
	two_heads
	expect "2 fenced 0" "$(dmsetup message h1 0 fence 2 | settled h1 2)"
	expect "fenced open 2" \
		"$(state_of $V1 1) $(state_of $V1 2) $(kmodctl vol-get uuid=$V1 | field floor)"
	! dd if=/dev/zero of=/dev/mapper/h1 bs=4k count=1 oflag=direct status=none 2>/dev/null || fail "written"
	dd if=/dev/zero of=/dev/mapper/h2 bs=4k count=1 oflag=direct status=none
	# through a head of another generation, and said again
	[[ $(dmsetup message h2 0 fence 2) == "2 open "* ]] || fail "$(dmsetup message h2 0 fence 2)"
	dmsetup message h1 0 fence 3 >/dev/null
	until_true 10 is_fenced 2
	expect_error ESTALE "below the floor" kmodctl att-add uuid=$V1 gen=2
}

is_fenced() {
	[ "$(state_of $V1 "$1")" = fenced ]
}

# settled HEAD FLOOR: the answer on standard input, or that of the same message later, once it is drained
settled() {
	local said

	read -r said
	until [[ $said != *draining* ]]; do
		said=$(dmsetup message "$1" 0 fence "$2")
	done
	echo "$said"
}

# a message does not wait for what is in flight, and says that there is some
t_a_message_does_not_wait() {
	local job

	modprobe dm-delay
	ram_disk
	volume $V1 1
	# writes only: udev reads
	dmsetup create slow --table "0 8192 delay /dev/ram0 0 0 /dev/ram0 0 8000"
	dmsetup create h1 --table "0 8192 liteio /dev/mapper/slow 0 $V1 1"
	dd if=/dev/zero of=/dev/mapper/h1 bs=4k count=1 oflag=direct status=none &
	job=$!
	until_true 10 in_flight 1
	expect "2 draining 1" "$(dmsetup message h1 0 fence 2)"
	wait $job
	until_true 10 is_fenced 1
	expect "2 fenced 0" "$(dmsetup message h1 0 fence 2)"
}

in_flight() {
	[ "$(stat_of $V1 1 inflight)" = "$1" ]
}

t_other_messages_are_refused() {
	two_heads
	kmodctl fence uuid=$V1 floor=2 >/dev/null
	until_true 10 is_fenced 1
	refused "Invalid argument" "the only message is fence <floor>" h2 stats_reset
	refused "Invalid argument" "the only message is fence <floor>" h2 qos 1 2 3 4 5
	refused "Invalid argument" "the only message is fence <floor>" h2 FENCE 9
	refused "Invalid argument" "fence takes exactly one floor" h2 fence
	refused "Invalid argument" "fence takes exactly one floor" h2 fence 9 10
	refused "Invalid argument" "floor is not a number from 1 to 9223372036854775807" h2 fence 0
	refused "Invalid argument" "floor is not a number from 1 to 9223372036854775807" h2 fence -1
	refused "Invalid argument" "floor is not a number from 1 to 9223372036854775807" h2 fence 9x
	refused "Invalid argument" "floor is not a number from 1 to 9223372036854775807" h2 fence 9223372036854775808
	refused "Stale file handle" "the floor of the volume is higher already" h2 fence 1
}

t_a_suspended_head_takes_no_message() {
	local flag

	two_heads
	for flag in "" --noflush; do
		# shellcheck disable=SC2086
		dmsetup suspend --nolockfs $flag h2
		refused "Device or resource busy" "the head is suspended: only netlink reaches its gate" h2 fence 3
		refused "Invalid argument" "the only message is fence <floor>" h2 unfence 3
		dmsetup resume h2
	done
	dmsetup suspend --nolockfs h2
	# netlink does
	expect 1 "$(kmodctl fence uuid=$V1 floor=3 | field drained)"
	dmsetup resume h2
	! dd if=/dev/zero of=/dev/mapper/h2 bs=4k count=1 oflag=direct status=none 2>/dev/null || fail "written"
}

# said COMMAND...: what is said of its success, besides its answer
said() {
	{ "$@" >/dev/null; } 2>&1
}

t_a_fence_below_the_floor_says_so() {
	local before

	volume $V1 12
	expect "" "$(said kmodctl fence uuid=$V1 floor=10)"
	expect "" "$(said kmodctl fence uuid=$V1 floor=10)" "said again"
	before=$(everything)
	expect "note: the floor is higher already: nothing has changed" "$(said kmodctl fence uuid=$V1 floor=9)"
	expect "note: the floor is higher already: nothing has changed" "$(said kmodctl fence uuid=$V1 floor=1)"
	expect "$before" "$(everything)"
	expect "" "$(said kmodctl fence uuid=$V1 gen=3)" "a generation that is gone already"
}

run_tests "$@"
