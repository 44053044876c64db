#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The fence: after it has answered "drained", nothing of an older generation reaches the disk, in
# whatever state head and disk are; and it answers in time, truthfully, when it cannot drain.
# vm: kernels=6.1,6.12,7,debug,kcsan timeout=900
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"

BLOCKS=2048
! is_slow || BLOCKS=512
SECTORS=$((BLOCKS * 8))

# slow NAME MS: a device over /dev/ram0 whose writes take so long
slow() {
	dmsetup create "$1" --table "0 $SECTORS delay /dev/ram0 0 0 /dev/ram0 0 $2"
	settle
}

# failed_of NAME: how many writes, by what it said last
failed_of() {
	local said

	said=$(<"$WORK/$1")
	[[ $said == *failed* ]] || return 1
	echo "${said##*failed }"
}

# has_failed NAME: has the writer been refused something by now?
has_failed() {
	kill -USR1 "$writer"
	[ "$(failed_of "$1")" -gt 0 ] 2>/dev/null
}

# fence_drains FLOOR: has all older I/O ended?
fence_drains() {
	[ "$(kmodctl fence uuid=$V1 floor="$1" | field drained)" = 1 ]
}

t_nothing_old_lands_after_a_drained_fence() {
	local round gen=1 answer

	ram_disk
	slow slow 20
	volume $V1
	for ((round = 1; round <= $(often 4 2); round++)); do
		kmodctl att-add uuid=$V1 gen=$gen
		head_new "head$gen" /dev/mapper/slow $SECTORS $V1 $gen
		start_writer "writer$gen" "/dev/mapper/head$gen" $gen
		answer=$(kmodctl fence uuid=$V1 floor=$((gen + 1)))
		expect 1 "$(field drained <<<"$answer")" "round $round: drained"
		expect 0 "$(field inflight <<<"$answer")" "round $round: in flight"
		# from here on every block belongs to the next generation, while the old writers go on trying
		stampwriter fill /dev/ram0 $((gen + 1)) $BLOCKS
		until_true 30 has_failed "writer$gen"
		dmsetup suspend slow
		dmsetup resume slow
		stampwriter check /dev/ram0 $((gen + 1)) $BLOCKS
		stop_writer
		[ "$(kmodctl att-get uuid=$V1 gen=$gen | field rejected)" -gt 0 ]
		dmsetup remove --retry "head$gen"
		kmodctl att-del uuid=$V1 gen=$gen
		gen=$((gen + 2))
	done
}

# the judge is asked too: without waiting for the drain it must find old blocks
t_the_judge_sees_what_an_impatient_fence_lets_through() {
	local answer

	ram_disk
	slow slow 20
	volume $V1 1
	head_new head /dev/mapper/slow $SECTORS $V1 1
	start_writer writer /dev/mapper/head 1 16
	# all of them wait for a disk that holds still; the fence does not wait for them
	dmsetup suspend --noflush --nolockfs slow
	until_true 10 att_says 1 'inflight=[1-9][0-9]'
	answer=$(kmodctl fence uuid=$V1 floor=2 timeout=0)
	expect 0 "$(field drained <<<"$answer")" drained
	[ "$(field inflight <<<"$answer")" -gt 0 ]
	stampwriter fill /dev/ram0 2 $BLOCKS
	dmsetup resume slow
	until_true 20 fence_drains 2
	! stampwriter check /dev/ram0 2 $BLOCKS || fail "nothing old landed: this proves nothing"
	stop_writer
}

TARGET=$CONFIGFS/nvmet
NQN=nqn.2026-11.io.liteio.tests:fence

# export_head NAME: to this node itself, as $remote
export_head() {
	local subsystem=$TARGET/subsystems/$NQN

	modprobe -a nvmet-tcp nvme-tcp
	ip link set lo up
	mkdir "$subsystem"
	echo 1 >"$subsystem/attr_allow_any_host"
	mkdir "$subsystem/namespaces/1"
	echo "/dev/mapper/$1" >"$subsystem/namespaces/1/device_path"
	echo 1 >"$subsystem/namespaces/1/enable"
	mkdir "$TARGET/ports/1"
	echo tcp >"$TARGET/ports/1/addr_trtype"
	echo ipv4 >"$TARGET/ports/1/addr_adrfam"
	echo 127.0.0.1 >"$TARGET/ports/1/addr_traddr"
	echo 4420 >"$TARGET/ports/1/addr_trsvcid"
	ln -s "$subsystem" "$TARGET/ports/1/subsystems/$NQN"
	nvme connect -t tcp -a 127.0.0.1 -s 4420 -n $NQN --hostnqn=$NQN-writers --hostid=$V2 >/dev/null
	until_true 30 remote_is_there
}

# the block device of the namespace; not a path's, which has the controller in its name
remote_is_there() {
	remote=$(compgen -G '/sys/class/nvme-subsystem/*/nvme*n1' | grep -vm 1 'nvme[0-9]*c')
	remote=/dev/${remote##*/}
	[ -b "$remote" ]
}

unexport_head() {
	nvme disconnect -n $NQN >/dev/null
	rm "$TARGET/ports/1/subsystems/$NQN"
	rmdir "$TARGET/ports/1"
	echo 0 >"$TARGET/subsystems/$NQN/namespaces/1/enable"
	rmdir "$TARGET/subsystems/$NQN/namespaces/1" "$TARGET/subsystems/$NQN"
}

# the writers come over the network, as those of another node; the disk takes its time, so that their last
# writes are under way at the fence
t_nothing_old_lands_over_nvme_tcp() {
	local round gen=1 answer
	# while it is exported, the target holds the head; so it is given back before all else
	trap 'rc=$?; set +e; unexport_head 2>/dev/null; clean_up; exit $rc' EXIT

	ram_disk
	slow slow 20
	volume $V1
	for ((round = 1; round <= $(often 2 1); round++)); do
		kmodctl att-add uuid=$V1 gen=$gen
		head_new "head$gen" /dev/mapper/slow $SECTORS $V1 $gen
		export_head "head$gen"
		start_writer "writer$gen" "$remote" $gen 4
		answer=$(kmodctl fence uuid=$V1 floor=$((gen + 1)))
		expect 1 "$(field drained <<<"$answer")" "round $round: drained"
		# every block belongs to the next generation now, while the writers over there go on trying
		stampwriter fill /dev/ram0 $((gen + 1)) $BLOCKS
		until_true 60 has_failed "writer$gen"
		stampwriter check /dev/ram0 $((gen + 1)) $BLOCKS
		stop_writer
		stampwriter check /dev/ram0 $((gen + 1)) $BLOCKS
		[ "$(kmodctl att-get uuid=$V1 gen=$gen | field rejected)" -gt 0 ]
		unexport_head
		dmsetup remove --retry "head$gen"
		kmodctl att-del uuid=$V1 gen=$gen
		gen=$((gen + 2))
	done
}

t_what_was_acknowledged_is_on_the_disk() {
	ram_disk
	slow slow 5
	volume $V1 1
	stampwriter fill /dev/ram0 1 $BLOCKS
	head_new head /dev/mapper/slow $SECTORS $V1 1
	start_writer writer /dev/mapper/head 1
	expect 1 "$(kmodctl fence uuid=$V1 floor=2 | field drained)"
	until_true 30 has_failed writer
	stop_writer
	stampwriter verify /dev/ram0 1 $BLOCKS "$WORK/writer.stamps"
}

t_a_fence_of_one_generation_spares_the_others() {
	local gen before

	ram_disk
	volume $V1 1 2 3
	for gen in 1 2 3; do
		head_new "head$gen" /dev/ram0 $SECTORS $V1 $gen
	done
	expect 1 "$(kmodctl fence uuid=$V1 gen=2 | field drained)"
	expect "open fenced open" "$(state_of $V1 1) $(state_of $V1 2) $(state_of $V1 3)"
	for gen in 1 3; do
		dd if=/dev/zero of="/dev/mapper/head$gen" bs=4k count=1 oflag=direct status=none
	done
	! dd if=/dev/zero of=/dev/mapper/head2 bs=4k count=1 oflag=direct status=none 2>/dev/null ||
		fail "written"
	! dd if=/dev/mapper/head2 of=/dev/null bs=4k count=1 iflag=direct status=none 2>/dev/null ||
		fail "read"
	# said again it is true still, and it stays true without the attachment
	before=$(kmodctl vol-get uuid=$V1)
	expect 1 "$(kmodctl fence uuid=$V1 gen=2 | field drained)"
	expect "$before" "$(kmodctl vol-get uuid=$V1)"
	dmsetup remove --retry head2
	kmodctl att-del uuid=$V1 gen=2
	expect_error ESTALE "was fenced" kmodctl att-add uuid=$V1 gen=2
	expect 1 "$(kmodctl fence uuid=$V1 gen=2 | field drained)"
	# one that never was is fenced in advance
	expect 1 "$(kmodctl fence uuid=$V1 gen=9 | field drained)"
	expect_error ESTALE "was fenced" kmodctl att-add uuid=$V1 gen=9
	expect 2 "$(kmodctl vol-get uuid=$V1 | field barred)"
	expect 1 "$(kmodctl fence uuid=$V1 floor=10 | field drained)"
	expect 0 "$(kmodctl vol-get uuid=$V1 | field barred)"
}

t_a_lower_fence_changes_nothing_and_tells_the_truth() {
	volume $V1
	expect 10 "$(kmodctl fence uuid=$V1 floor=10 | field floor)"
	kmodctl fence uuid=$V1 floor=3 >"$WORK/a" 2>"$WORK/said"
	expect "10 1" "$(field floor <"$WORK/a") $(field drained <"$WORK/a")"
	expect "note: the floor is higher already: nothing has changed" "$(<"$WORK/said")"
	kmodctl fence uuid=$V1 floor=10 >"$WORK/a" 2>"$WORK/said"
	expect "" "$(<"$WORK/said")" "said of a fence that is repeated"
	expect_error ESTALE "below the floor" kmodctl att-add uuid=$V1 gen=9
	kmodctl att-add uuid=$V1 gen=10
}

t_a_suspended_head_is_fenced_at_once() {
	ram_disk
	volume $V1 1
	stampwriter fill /dev/ram0 7 $BLOCKS
	head_new head /dev/ram0 $SECTORS $V1 1
	dmsetup suspend --nolockfs head
	dd if=/dev/zero of=/dev/mapper/head bs=4k count=1 oflag=direct status=none 2>"$WORK/dd" &
	writer=$!
	expect 1 "$(kmodctl fence uuid=$V1 floor=2 timeout=1000 | field drained)"
	dmsetup resume head
	! wait "$writer" || fail "what was queued in a suspended head was written after the fence"
	stampwriter check /dev/ram0 7 $BLOCKS
}

t_a_hung_disk_is_told_in_time() {
	local answer waited waiter begin

	ram_disk
	volume $V1 1
	dmsetup create lower --table "0 $SECTORS linear /dev/ram0 0"
	head_new head /dev/mapper/lower $SECTORS $V1 1
	dmsetup suspend --noflush --nolockfs lower
	dd if=/dev/zero of=/dev/mapper/head bs=4k count=1 oflag=direct status=none &
	writer=$!
	until_true 10 att_says 1 inflight=1
	answer=$(kmodctl fence uuid=$V1 floor=2 timeout=700)
	expect "0 1" "$(field drained <<<"$answer") $(field inflight <<<"$answer")"
	# by the kernel's own clock, in which no process is started
	waited=$(field waited_ns <<<"$answer")
	[ "$waited" -ge 690000000 ] && [ "$waited" -lt $((1500000000 * ${LITEIO_SLOW:-1})) ] ||
		fail "asked to wait 700 ms it waited $waited ns"
	expect draining "$(state_of $V1 1)"
	expect draining "$(dmsetup status --noflush head | cut -d' ' -f7)"
	# other volumes are not held up, nor is anything refused or opened meanwhile
	volume $V2 1
	expect 1 "$(kmodctl fence uuid=$V2 floor=2 | field drained)"
	expect_error EBUSY "a head is bound" kmodctl att-del uuid=$V1 gen=1
	# all of the window can be read, while it drains and while somebody waits for that
	kmodctl deaf 60 fence uuid=$V1 floor=2 timeout=1000 &
	waiter=$!
	begin=${EPOCHREALTIME/./}
	timeout $((20 * ${LITEIO_SLOW:-1})) grep -r . $WINDOW >"$WORK/window" || fail "the window cannot be read"
	[ -d /proc/$waiter ] || fail "nobody waits any more: this proves nothing"
	echo "# the window was read in $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
	holds "$WORK/window" "$V1/attachments/1/state:draining"
	holds "$WORK/window" "$V1/attachments/1/inflight:1"
	kill -KILL $waiter
	wait $waiter 2>/dev/null || true
	kmodctl events >"$WORK/events" &
	until_true 10 holds "$WORK/events" ready
	dmsetup resume lower
	wait "$writer"
	until_true 10 holds "$WORK/events" "type=att-drained uuid=$V1 gen=1"
	expect 1 "$(kmodctl fence uuid=$V1 floor=2 | field drained)"
	expect fenced "$(state_of $V1 1)"
}

t_a_waiting_fence_can_be_killed() {
	local waiter

	ram_disk
	volume $V1 1
	dmsetup create lower --table "0 $SECTORS linear /dev/ram0 0"
	head_new head /dev/mapper/lower $SECTORS $V1 1
	dmsetup suspend --noflush --nolockfs lower
	dd if=/dev/zero of=/dev/mapper/head bs=4k count=1 oflag=direct status=none &
	writer=$!
	until_true 10 att_says 1 inflight=1
	kmodctl fence uuid=$V1 floor=2 timeout=1000 &
	waiter=$!
	until_true 10 vol_says floor=2
	kill -KILL $waiter
	! wait $waiter || fail "not killed"
	expect draining "$(state_of $V1 1)"
	dmsetup resume lower
	wait "$writer"
	expect 1 "$(kmodctl fence uuid=$V1 floor=2 | field drained)"
}

# a head that is loaded, swapped and removed all the time, while the floor rises under it
t_fences_and_reloads_race() {
	local gen loader

	ram_disk
	volume $V1
	for ((gen = 1; gen <= $(often 12 3); gen++)); do
		kmodctl att-add uuid=$V1 gen="$gen"
		head_new head /dev/ram0 $SECTORS $V1 "$gen"
		(
			trap 'exit 0' TERM
			while dmsetup load head --table "0 $SECTORS liteio /dev/ram0 0 $V1 $gen"; do
				dmsetup resume head
			done
		) >/dev/null 2>&1 &
		loader=$!
		start_writer "writer$gen" /dev/mapper/head "$gen" 2
		expect 1 "$(kmodctl fence uuid=$V1 floor=$((gen + 1)) | field drained)"
		stampwriter fill /dev/ram0 $((gen + 1)) $BLOCKS
		wait $loader
		until_true 30 has_failed "writer$gen"
		stop_writer
		stampwriter check /dev/ram0 $((gen + 1)) $BLOCKS
		dmsetup remove --retry head
		kmodctl att-del uuid=$V1 gen="$gen"
	done
}

t_fences_and_deletions_race() {
	local round pids

	volume $V1
	for ((round = 1; round <= $(often 30 6); round++)); do
		kmodctl att-add uuid=$V1 gen="$round"
		pids=
		kmodctl fence uuid=$V1 floor=$((round + 1)) >"$WORK/a" & pids+=" $!"
		kmodctl fence uuid=$V1 gen="$round" >"$WORK/b" & pids+=" $!"
		kmodctl att-del uuid=$V1 gen="$round" & pids+=" $!"
		# shellcheck disable=SC2086
		for pid in $pids; do
			wait "$pid"
		done
		expect 1 "$(field drained <"$WORK/a")"
		expect 1 "$(field drained <"$WORK/b")"
	done
	expect "" "$(kmodctl att-get +dump)"
}

run_tests "$@"
