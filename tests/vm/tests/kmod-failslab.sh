#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Out of memory: every command, table and (un)loading is repeated with its first, second... allocation
# failing, until none is left to fail. Each is refused with a clean error and has changed nothing, or is
# done, and the kernel does not complain. What fails is what allocates: on the debug kernel slabs and pages, for
# which it has a switch, elsewhere slabs, per-CPU memory and vmalloc, for which modules/failnth.c stands in the way.
# vm: kernels=6.1,6.12,7,debug needs=module,tools,modules timeout=600
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"
shopt -s extglob globstar

V3=33333333-3333-4333-8333-333333333333
SECTORS=8192
said=

# From here on an allocation can be made to fail: by the kernel itself where it can, in silence and without
# exceptions but pages of programs; else by our module.
may_fail() {
	local debug=/sys/kernel/debug

	if [ -e /proc/self/fail-nth ]; then
		echo 0 | tee $debug/failslab/verbose $debug/fail_page_alloc/verbose
		echo N | tee $debug/failslab/ignore-gfp-wait $debug/fail_page_alloc/ignore-gfp-wait
	elif [ ! -e $debug/fail-nth ]; then
		insmod "$O/vm-modules-$LITEIO_KERNEL/failnth.ko"
	fi >/dev/null
}

# two volumes: one with attachments of all sorts, one without; and a listener, for whom events are made
registry() {
	kmodctl batch <<-REQUESTS >/dev/null
		vol-set uuid=$V1 +create name=pvc-1 floor=2
		att-add uuid=$V1 gen=2 host=h
		att-add uuid=$V1 gen=3 flags=1
		att-add uuid=$V1 gen=4
		fence uuid=$V1 gen=4
		vol-set uuid=$V2 +create
	REQUESTS
}

listen() {
	kmodctl events >/dev/null &
}

empty() {
	kmodctl wipe
}

# all that can be asked, without the numbers that the words of $ignored name. It is asked for some thousand times: by
# one process, and another one where there are devices.
everything() {
	local text name

	text=$(kmodctl batch <<<"$EVERYTHING")
	for name in ${ignored:-}; do
		text=${text// $name=+([0-9])/}
	done
	printf '%s\n' "$text" "$WINDOW"/**
	! compgen -G '/sys/block/dm-*' >/dev/null || dmsetup table
}

# refused: did the kernel say no, in a way that leaves no doubt?
refused() {
	[[ $'\n'$said$'\n' =~ $'\n'(ENOMEM|ENOBUFS)(:|$'\n')|$'\n''kmodctl: send: ' ]]
}

# unasked COMMAND...: how many allocations the kernel makes for such a command before the module is asked: when they
# fail, nobody has a sentence. Measured with one that the module refuses at sight, before it needs memory.
unasked() {
	local nth count=0 request="vol-get"

	[[ " $* " != *" +dump "* ]] || request="vol-get +dump uuid=$V1"
	for ((nth = 1; nth < 100; nth++)); do
		# shellcheck disable=SC2086
		said=$(FAIL_NTH=$nth kmodctl $request 2>&1 >/dev/null) || true
		[[ $said != *"fail-nth: not reached"* ]] || break
		[[ $said != *"ENOMEM: no sentence"* ]] || count=$((count + 1))
	done
	[[ $said == *EINVAL* ]] || fail "$request: $said"
	echo $count
}

# all that can be asked, whatever the number of the last event, and what $random names
outcome() {
	ignored="event_seq ${random:-}" everything
}

# is_looked_at NTH: is it this allocation's turn? What is left behind after each is looked at where a look does not
# take longer than all else; on a slow kernel, which looks for other things, after every eighth.
is_looked_at() {
	! is_slow || [ $(($1 % 8)) = 1 ]
}

# fail_each UNDO COMMAND...: UNDO is what makes everything as it was, should it have been done
fail_each() {
	local undo=$1 nth before='' after rc looks failed=0 done=0 mute=0

	shift
	"$@" >/dev/null
	after=$(outcome)
	$undo
	for ((nth = 1; nth < 2000; nth++)); do
		rc=0
		looks=false
		if is_looked_at $nth; then
			looks=true
			[ -n "$before" ] || before=$(everything)
		fi
		said=$(FAIL_NTH=$nth "$@" 2>&1 >/dev/null) || rc=$?
		[[ $said != *"fail-nth: not reached"* ]] || break
		[[ $said == *"fail-nth: injected"* ]] || fail "$*: $said"
		if [ $rc = 0 ]; then
			# the kernel could do without it
			done=$((done + 1))
			! $looks || expect "$after" "$(outcome)" "after $* in spite of allocation $nth"
		elif refused; then
			failed=$((failed + 1))
			[[ $said != *"ENOMEM: no sentence"* ]] || mute=$((mute + 1))
			! $looks || expect "$before" "$(everything)" "after $* with allocation $nth failing"
			continue
		elif [[ $said != *"kmodctl: recv: No buffer space available"* ]]; then
			fail "$*: allocation $nth: $said"
		fi
		$undo
		before=''
	done
	expect 0 $rc "$*: $said"
	$undo
	[ $failed -gt 0 ] || fail "$*: not one allocation could be made to fail"
	[ $mute = 0 ] || expect "$(unasked "$@")" $mute "refusals of $* without a sentence"
	echo "# $((nth - 1)) allocations, refused $failed, done without $done: $*"
}

again() {
	empty
	registry
}

# what changes the registry
t_commands_are_refused_and_change_nothing() {
	local command

	registry
	listen
	may_fail
	while read -r command; do
		# shellcheck disable=SC2086
		fail_each again kmodctl $command
	done <<-COMMANDS
		vol-set uuid=$V3 +create name=pvc-3 floor=7
		vol-set uuid=$V1 name=pvc-2
		vol-set uuid=$V1 floor=3
		vol-del uuid=$V2
		att-add uuid=$V1 gen=9 host=nqn.host flags=1
		att-del uuid=$V1 gen=2
		att-del uuid=$V1 gen=4
		fence uuid=$V1 floor=3
		fence uuid=$V1 gen=3
		fence uuid=$V1 gen=8
		fence uuid=$V2 gen=1
	COMMANDS
}

t_questions_are_refused() {
	local command

	registry
	may_fail
	while read -r command; do
		# shellcheck disable=SC2086
		fail_each true kmodctl $command
	done <<-COMMANDS
		info
		vol-get uuid=$V1
		vol-get +dump
		att-get uuid=$V1 gen=2
		att-get +dump
		att-get uuid=$V1 +dump
		stats uuid=$V1 gen=2
		stats +dump
	COMMANDS
}

t_tracking_is_refused_or_done() {
	local random=tracking

	ram_disk
	registry
	head_new h /dev/ram0 65536 $V1 2
	listen
	may_fail
	untracked
	fail_each untracked kmodctl dirty-start uuid=$V1 gen=2 chunk_shift=16
	fail_each untracked kmodctl dirty-start uuid=$V1 gen=3 chunk_shift=26
	tracking=$(kmodctl dirty-start uuid=$V1 gen=2 chunk_shift=16 | field tracking)
	dd if=/dev/zero of=/dev/mapper/h bs=64k count=9 oflag=direct status=none
	fail_each given_back kmodctl dirty-fetch uuid=$V1 gen=2 tracking="$tracking"
	expect 0+9 "$(kmodctl dirty-fetch uuid=$V1 gen=2 tracking="$tracking" | field range)"
	fail_each tracked kmodctl dirty-stop uuid=$V1 gen=2
}

# room for the chunks of a larger table comes with the table, or the table does not come. Where device-mapper has no
# memory for the table after that, the room stays until the tracking ends.
t_a_table_brings_room_for_its_chunks() {
	local ignored='event_seq tracking dirty_bytes' random=tracking

	ram_disk
	registry
	dmsetup create h --notable
	listen
	may_fail
	new_tracking
	fail_each new_tracking failnth table h "0 98304 liteio /dev/ram0 0 $V1 2"
	expect 0 "$(kmodctl att-get uuid=$V1 gen=2 | field remaining)" "chunks of a head without a table in use"
	kmodctl dirty-stop uuid=$V1 gen=2
	expect 0 "$(kmodctl info | field dirty_bytes)" "memory of tracking"
	dmsetup remove h
}

# what an attachment once had room for it keeps: so it is another one each time
new_tracking() {
	failnth clear h
	kmodctl batch <<-REQUESTS >/dev/null
		att-del uuid=$V1 gen=2
		att-add uuid=$V1 gen=2 host=h
		dirty-start uuid=$V1 gen=2 chunk_shift=16
	REQUESTS
}

# without a ticket, and from the end: the last answer is taken back, and nothing is given out
given_back() {
	kmodctl dirty-fetch uuid=$V1 gen=2 tracking="$tracking" cursor=512 >/dev/null
}

untracked() {
	kmodctl dirty-stop uuid=$V1 gen=2 2>/dev/null || true
	kmodctl dirty-stop uuid=$V1 gen=3 2>/dev/null || true
}

tracked() {
	kmodctl dirty-start uuid=$V1 gen=2 chunk_shift=16 2>/dev/null || true
}

unload_table() {
	failnth clear h
	expect new "$(state_of $V1 2)"
}

t_tables_are_refused_and_bind_nothing() {
	local line="0 $SECTORS liteio /dev/ram0 0 $V1 2" ignored

	# what was bound before something else failed is unbound again: two events
	ignored=event_seq
	ram_disk
	registry
	listen
	dmsetup create h --notable
	may_fail
	fail_each unload_table failnth table h "$line"
	# in place of the first, which goes on working
	failnth table h "$line"
	dmsetup resume h
	settle
	fail_each "failnth clear h" failnth table h "$line"
	dd if=/dev/zero of=/dev/mapper/h bs=4k count=1 oflag=direct status=none
	expect open "$(state_of $V1 2)"
	dmsetup remove h
	expect new "$(state_of $V1 2)"
}

# a fence by message: done, whatever of it could not be told, or refused before anything has happened
t_messages_are_refused_or_done() {
	ram_disk
	with_head
	listen
	may_fail
	fail_each with_head failnth message h "fence 3"
	expect "open 2" "$(state_of $V1 2) $(kmodctl vol-get uuid=$V1 | field floor)"
	dmsetup remove h
}

with_head() {
	[ "$(dmsetup ls)" = "No devices found" ] || dmsetup remove --retry h
	again
	dmsetup create h --table "0 $SECTORS liteio /dev/ram0 0 $V1 2"
	settle
}

# gone NTH: is nothing of the module there?
gone() {
	[ ! -e $WINDOW ] || fail "allocation $1: the window is there"
	[ ! -e /sys/module/liteio ] || fail "allocation $1: the module is there"
	is_looked_at "$1" || return 0
	! kmodctl info 2>/dev/null || fail "allocation $1: the family is there"
	! dmsetup targets | grep -q '^liteio ' || fail "allocation $1: the target is there"
}

# what describes the module to debuggers is most of it, and would be read each time
small_module() {
	strip --strip-debug -o "$WORK/liteio.ko" "$KO"
}

t_loading_is_refused_and_leaves_nothing() {
	local nth rc failed=0 left

	small_module
	rmmod liteio
	may_fail
	# how many are there? The last of them are the module's own, after those of the loader
	left=$(FAIL_NTH=100000 failnth load "$WORK/liteio.ko" 2>&1 | sed -n 's/.*: \([0-9]*\) left/\1/p')
	rmmod liteio
	for nth in $(seq $((left < 99880 ? 99880 - left : 1)) 100000); do
		rc=0
		said=$(FAIL_NTH=$nth failnth load "$WORK/liteio.ko" 2>&1) || rc=$?
		[[ $said != *"fail-nth: not reached"* ]] || break
		if [ $rc = 0 ]; then
			rmmod liteio
		else
			refused || fail "allocation $nth: $said"
			failed=$((failed + 1))
		fi
		gone "$nth"
	done
	expect 0 $rc "$said"
	[ $failed -gt 10 ] || fail "only $failed allocations could be made to fail"
	echo "# $((nth - 1)) allocations, refused $failed: loading"
	kmodctl info >/dev/null
}

t_unloading_needs_nothing() {
	local nth rc

	small_module
	may_fail
	for ((nth = 1; nth < 1000; nth++)); do
		registry
		rc=0
		said=$(FAIL_NTH=$nth failnth unload liteio 2>&1) || rc=$?
		expect 0 $rc "allocation $nth: $said"
		gone "$nth"
		insmod "$WORK/liteio.ko"
		[[ $said != *"fail-nth: not reached"* ]] || break
	done
	echo "# $((nth - 1)) allocations: unloading"
}

run_tests "$@"
