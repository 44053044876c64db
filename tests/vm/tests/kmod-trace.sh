#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tracepoints: fence, drain, reject and release are told once each, with the right volume,
# generations and numbers, and nothing is told of I/O that passes or of a volume nobody touched.
# vm: kernels=6.1,6.12,7,debug,kcsan timeout=300 smp=1
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"

TRACING=/sys/kernel/tracing
SECTORS=16384

# from here on everything is told, in an empty buffer that holds what a refused writer makes in seconds
trace_on() {
	mountpoint -q $TRACING || mount -t tracefs none $TRACING
	expect "liteio_drain liteio_fence liteio_reject liteio_release liteio_throttle" \
		"$(find $TRACING/events/liteio -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort | xargs)"
	echo 16384 >$TRACING/buffer_size_kb
	echo 1 >$TRACING/events/liteio/enable
	echo 1 >$TRACING/tracing_on
	echo >$TRACING/trace
}

# told [EVENT]: what was told so far, "EVENT: NAME=VALUE ..." a line
told() {
	sed -n "s/.*: \(liteio_${1:-[a-z]*}: .*\)/\1/p" $TRACING/trace
}

# expect_told TEXT [EVENT]: it was told exactly this
expect_told() {
	expect "$1" "$(told "${@:2}")" told
}

t_a_fence_under_a_writer_is_told_from_beginning_to_end() {
	local writer rejected

	ram_disk
	volume $V1 4
	head_new h /dev/ram0 $SECTORS $V1 4
	trace_on
	stampwriter write /dev/mapper/h 4 2048 2 >"$WORK/writer" &
	writer=$!
	until_true 30 holds "$WORK/writer" running
	expect_told ""
	expect 1 "$(kmodctl fence uuid=$V1 floor=9 | tee "$WORK/fence" | field drained)"
	until_true 30 grep -q liteio_reject: $TRACING/trace
	kill -TERM $writer
	wait $writer
	dmsetup remove --retry h
	rejected=$(kmodctl att-get uuid=$V1 gen=4 | field rejected)
	kmodctl att-del uuid=$V1 gen=4
	told >"$WORK/told"
	expect "liteio_fence: uuid=$V1 first=1 last=8" "$(head -n 1 "$WORK/told")" "first line"
	expect "liteio_release: uuid=$V1 gen=4" "$(tail -n 1 "$WORK/told")" "last line"
	expect "liteio_drain: uuid=$V1 first=0 last=8 drained=1 inflight=0 waited_ns=$(field waited_ns <"$WORK/fence")" \
		"$(grep liteio_drain: "$WORK/told")"
	# every refusal that was counted was told, and nothing else was
	expect $((rejected + 3)) "$(wc -l <"$WORK/told")" lines
	expect "$rejected" "$(grep -cE "^liteio_reject: uuid=$V1 gen=4 op=[RW][A-Z]* sector=[0-9]+ bytes=[0-9]+$" "$WORK/told")" refusals
	grep -qE "op=W[A-Z]* sector=[0-9]+ bytes=4096$" "$WORK/told"
}

t_one_generation_is_told_without_the_others_and_other_volumes() {
	ram_disk
	volume $V1 1 2
	volume $V2 1 2
	head_new a /dev/ram0 8192 $V1 1
	head_new b /dev/ram0 8192 $V1 2
	dmsetup create other --table "0 8192 liteio /dev/ram0 8192 $V2 1"
	settle
	trace_on
	expect 1 "$(kmodctl fence uuid=$V1 gen=1 | field drained)"
	expect 1 "$(kmodctl fence uuid=$V1 gen=1 | field drained)"
	! dd if=/dev/zero of=/dev/mapper/a bs=4k seek=5 count=1 oflag=direct status=none 2>/dev/null ||
		fail "written"
	! dd if=/dev/mapper/a of=/dev/null bs=8k skip=30 count=1 iflag=direct status=none 2>/dev/null ||
		fail "read"
	for head in b other; do
		dd if=/dev/zero of=/dev/mapper/$head bs=4k seek=5 count=1 oflag=direct status=none
		dd if=/dev/mapper/$head of=/dev/null bs=8k skip=30 count=1 iflag=direct status=none
	done
	# said twice, it is a fence once, and a wait twice
	expect_told "liteio_fence: uuid=$V1 first=1 last=1" fence
	expect "2 liteio_drain: uuid=$V1 first=1 last=1 drained=1 inflight=0" \
		"$(told drain | sed 's/ waited_ns=[0-9]*$//' | uniq -c | sed 's/^ *//')"
	expect 1 "$(told reject | grep -cE "uuid=$V1 gen=1 op=W[A-Z]* sector=40 bytes=4096$")" "writes told"
	expect 1 "$(told reject | grep -cE "uuid=$V1 gen=1 op=R[A-Z]* sector=480 bytes=8192$")" "reads told"
	dmsetup remove --retry other
	kmodctl att-del uuid=$V2 gen=2
	expect "liteio_release: uuid=$V2 gen=2" "$(told | grep -vE " uuid=$V1 (gen=1|first=1 last=1)( |$)")" \
		"told of another volume or generation"
}

t_a_wait_that_ends_in_vain_is_told() {
	local answer writer

	ram_disk
	volume $V1 1
	dmsetup create lower --table "0 $SECTORS linear /dev/ram0 0"
	head_new h /dev/mapper/lower $SECTORS $V1 1
	trace_on
	dmsetup suspend --noflush --nolockfs lower
	dd if=/dev/zero of=/dev/mapper/h bs=4k count=1 oflag=direct status=none &
	writer=$!
	until_true 10 att_says 1 inflight=1
	answer=$(kmodctl fence uuid=$V1 floor=2 timeout=300)
	told >"$WORK/told"
	# what is wrong is said when nothing is held up any more
	dmsetup resume lower
	wait $writer
	expect 0 "$(field drained <<<"$answer")"
	[ "$(field waited_ns <<<"$answer")" -ge 290000000 ]
	expect "liteio_fence: uuid=$V1 first=1 last=1
liteio_drain: uuid=$V1 first=0 last=1 drained=0 inflight=1 waited_ns=$(field waited_ns <<<"$answer")" \
		"$(cat "$WORK/told")"
	# a floor that is there already is waited for, and is no fence any more
	expect 1 "$(kmodctl fence uuid=$V1 floor=2 | field drained)"
	expect 1 "$(told fence | wc -l)" fences
	expect "0 1" "$(told drain | field drained | one_line)"
}

t_a_floor_that_rises_by_hand_is_told_from_the_old_one() {
	kmodctl vol-set uuid=$V1 +create floor=3
	trace_on
	kmodctl vol-set uuid=$V1 floor=3
	kmodctl vol-set uuid=$V1 name=x
	expect_told ""
	kmodctl vol-set uuid=$V1 floor=7
	expect_told "liteio_fence: uuid=$V1 first=3 last=6"
}

t_a_module_that_goes_while_it_is_traced_leaves_nothing() {
	volume $V1 1
	trace_on
	rmmod liteio
	[ ! -e $TRACING/events/liteio ] || fail "the events are still there"
	insmod "$KO"
	volume $V1 1
	trace_on
	kmodctl att-del uuid=$V1 gen=1
	expect_told "liteio_release: uuid=$V1 gen=1"
}

run_tests "$@"
