#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pool engine killed after every named step of every operation: what it then finds when it opens
# the pool again is the state before or after, nothing is lost, nothing is left over, the kernel knows
# the thin devices that the catalog knows, and everything can be done again.
# vm: kernels=6.12 disks=pool=352M,home=96M,second=64M timeout=3600 needs=tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"
# shellcheck source=tests/vm/lib/steps.sh
. "$LITEIO_TOP/tests/vm/lib/steps.sh"

# a disk that can become larger
disk=/dev/mapper/under
under=$((320 << 11))
under_table() { echo "0 $under linear /dev/disk/by-id/virtio-pool 0"; }
dmsetup create under --table "$(under_table)"
udevadm settle

# no device is held, none of an operation that nobody was told of is there
check_after_kill() {
	local list dev byte want n

	list=$(poolctl show $disk)
	grep -q '^condition=Ready ' <<<"$list" || fail "$1: $list"
	! grep -q creating <<<"$list" || fail "$1: an interrupted creation stayed: $list"
	! dmsetup info -c --noheadings -o name,suspended | grep -i ':suspended$' || fail "$1: a device is held"
	case $1 in
	volume-new:*)
		case $2 in
		1) what='one' ;;
		2) what='reserved' ;;
		3) what='many-[123]' ;;
		esac
		# all that were created together, and none has a device
		[ "$(grep -c "^volume $what ready .* id=0 " <<<"$list")" = $((1 + 2 * ($2 / 3))) ] ||
			fail "$1: $what is not there: $list"
		;;
	volume-make:*)
		case $2 in
		1) what='one' ;;
		2) what='reserved' ;;
		3) what='many-2' ;;
		esac
		grep -q "^volume $what ready " <<<"$list" || fail "$1: $what is not there: $list"
		# from the transaction on it has its device, as the kernel says so
		case $1 in
		volume-make:transaction | volume-make:catalog-made)
			! grep -q "^volume $what ready .* id=0 " <<<"$list" || fail "$1: $what is unmade: $list"
			;;
		*)
			grep -q "^volume $what ready .* id=0 " <<<"$list" || fail "$1: $what is made: $list"
			;;
		esac
		;;
	volume-delete:catalog)
		case $2 in
		# a snapshot, whose blocks are given back later
		1) grep -q '^snapshot group-one deleting ' <<<"$list" || fail "$1: $list" ;;
		# what never had a device
		6) ! grep -q '^volume many-1 ' <<<"$list" || fail "$1: many-1 is still there: $list" ;;
		esac
		;;
	volume-create:catalog-creating | volume-create:messages | volume-create:transaction)
		case $2 in
		1) what='snapshot snap' ;;
		2) what='volume two' ;;
		3) what='snapshot kept' ;;
		esac
		# from the transaction on it is there, as the kernel says so
		if [ "$1" = volume-create:transaction ]; then
			grep -q "^$what ready" <<<"$list" || fail "$1: $what was undone: $list"
		else
			! grep -q "^$what" <<<"$list" || fail "$1: $what was not undone: $list"
		fi
		;;
	attachment-add:catalog)
		grep -q '^attachment 1 live' <<<"$list" || fail "$1: $list"
		;;
	attachment-fence:catalog)
		grep -q '^attachment 1 fenced' <<<"$list" || fail "$1: $list"
		;;
	floor-raise:catalog)
		grep -q '^volume one ready .* floor=2 ' <<<"$list" || fail "$1: $list"
		;;
	volume-limit:catalog)
		grep -q '^volume one ready .* limits=1000,0,0,1048576,0' <<<"$list" || fail "$1: $list"
		;;
	rollback:*)
		dev=$(poolctl activate $disk $V1)
		byte=$(od -An -tx1 -N1 "$dev" | tr -d ' ')
		# from the transaction on it is back, as the kernel says so
		case $1 in
		rollback:transaction | rollback:catalog-swapped) want=5a ;;
		*) want=a5 ;;
		esac
		[ "$byte" = $want ] || fail "$1: the volume begins with $byte, not with $want"
		;;
	group:*)
		# all or none
		n=$(grep -c '^snapshot group-.* ready ' <<<"$list" || true)
		case $1 in
		group:transaction | group:catalog-ready) want=2 ;;
		*) want=0 ;;
		esac
		[ "$n" = $want ] || fail "$1: $n snapshots of the group are there: $list"
		;;
	snapshots:*)
		# those that nobody wrote to meanwhile, or none; the other one is never there
		n=$(grep -c '^snapshot together-[13] ready ' <<<"$list" || true)
		case $1 in
		snapshots:transaction | snapshots:catalog-ready) want=2 ;;
		*) want=0 ;;
		esac
		[ "$n" = $want ] || fail "$1: $n snapshots are there: $list"
		! grep -q '^snapshot together-2 ' <<<"$list" || fail "$1: what somebody wrote to is there: $list"
		;;
	linear-create:catalog-creating | linear-create:zeroed)
		! grep -q '^volume linear' <<<"$list" || fail "$1: was not undone: $list"
		grep -q ' linear-used=0 ' <<<"$list" || fail "$1: ranges stayed: $list"
		;;
	linear-create:catalog-ready | linear-grow:catalog-fresh | linear-grow:zeroed)
		grep -q '^volume linear ready size=8388608 ' <<<"$list" || fail "$1: $list"
		grep -q ' linear-used=8388608 ' <<<"$list" || fail "$1: ranges are lost or stayed: $list"
		;;
	linear-grow:catalog | linear-grow:table)
		grep -q '^volume linear ready size=16777216 ' <<<"$list" || fail "$1: $list"
		grep -q ' linear-used=16777216 ' <<<"$list" || fail "$1: ranges are lost: $list"
		;;
	linear-reclaim:discarded)
		grep -q ' linear-used=16777216 ' <<<"$list" || fail "$1: $list"
		;;
	linear-reclaim:catalog)
		grep -q ' linear-used=0 ' <<<"$list" || fail "$1: ranges stayed: $list"
		;;
	overcommit:catalog)
		grep -q ' overcommit=700 ' <<<"$list" || fail "$1: $list"
		;;
	volume-grow:catalog)
		grep -q '^volume one ready size=50331648 ' <<<"$list" || fail "$1: $list"
		;;
	esac
	ids_agree $disk
}

one_step() {
	local step=$1 count=$2 rc=0

	LITEIO_STEP_KILL=$step:$count poolctl story $disk $V1 $V2 $S1 || rc=$?
	[ $rc = 137 ] || fail "$step:$count was not reached: $rc"
	check_after_kill "$step" "$count"
	poolctl story $disk $V1 $V2 $S1 || fail "$step:$count: not done again"
}

# what is no part of the story: there is a volume, and it has its data whenever it is killed
repair_step() {
	local rc=0 dev

	poolctl create $disk $V1 one 16Mi
	dev=$(poolctl activate $disk $V1)
	fill "$dev" 8 kept
	LITEIO_STEP_KILL=$1 poolctl repair $disk force >/dev/null || rc=$?
	[ $rc = 137 ] || fail "$1 was not reached: $rc"
	field $disk condition Ready
	holds "$(poolctl activate $disk $V1)" 8 kept
	[ -z "$(dmsetup ls | grep spare || true)" ] || fail "$1: a device over the spare stayed"
	ids_agree $disk
	poolctl repair $disk force >/dev/null
	holds "$(poolctl activate $disk $V1)" 8 kept
	poolctl delete $disk $V1
	poolctl reclaim $disk
}

# both copies of the catalog are lost, and one is made anew
salvage_step() {
	local rc=0

	poolctl close $disk
	dd if=/dev/urandom of=$disk bs=1M seek=1 count=2 oflag=direct conv=notrunc,fsync status=none
	LITEIO_STEP_KILL=$1 poolctl salvage $disk force >/dev/null || rc=$?
	[ $rc = 137 ] || fail "$1 was not reached: $rc"
	field $disk condition Ready
	field $disk volumes 0
}

# the disk is a MiB larger: the pool is as it was until its label says otherwise
grow_step() {
	local step=$1 rc=0 before want

	before=$(value $disk data)
	want=$((before + (1 << 20)))
	under=$((under + 2048))
	dmsetup reload under --table "$(under_table)"
	dmsetup resume under
	LITEIO_STEP_KILL=$step poolctl enlarge $disk || rc=$?
	[ $rc = 137 ] || fail "$step was not reached: $rc"
	case $step in
	# the first label that is written is the one that was, at the disk's new end
	pool-grow:file | pool-grow:wiped | label:one-copy) want=$before ;;
	esac
	check_after_kill "$step"
	field $disk data "$want"
	holds "$(poolctl activate $disk $V3)" 8 kept
	poolctl enlarge $disk
	field $disk data $((before + (1 << 20)))
	poolctl close $disk
	field $disk data $((before + (1 << 20)))
	holds "$(poolctl activate $disk $V3)" 8 kept
}

home=/dev/disk/by-id/virtio-home second=/dev/disk/by-id/virtio-second

# a pool of its own for what is about several disks
wide_begin() {
	poolctl close $disk
	poolctl format $home wide >/dev/null
	poolctl create $home $V4 four 16Mi
	fill "$(poolctl activate $home $V4)" 16 wide
}
wide_end() {
	poolctl delete $home $V4
	poolctl reclaim $home
	poolctl destroy $home
	refused 'no pool' poolctl probe $home
	refused 'no pool' poolctl probe $second
	field $disk condition Ready
}

# a repair of a pool on two disks: the labels of both say the same before it is used again
wide_repair_step() {
	local step=$1 rc=0

	wide_begin
	poolctl enlarge $home 0 $second
	LITEIO_STEP_KILL=$step poolctl repair $home force >/dev/null || rc=$?
	[ $rc = 137 ] || fail "$step was not reached: $rc"
	field $home condition Ready
	holds "$(poolctl activate $home $V4)" 16 wide
	[ -z "$(dmsetup ls | grep spare || true)" ] || fail "$step: a device over the spare stayed"
	poolctl repair $home force >/dev/null
	holds "$(poolctl activate $home $V4)" 16 wide
	poolctl close $home
	# from whichever disk
	holds "$(poolctl activate $second $V4)" 16 wide
	wide_end
}

# a second disk: the pool is as it was until its first disk says otherwise
add_step() {
	local step=$1 rc=0 before got

	wide_begin
	before=$(value $home data)
	LITEIO_STEP_KILL=$step poolctl enlarge $home 0 $second || rc=$?
	[ $rc = 137 ] || fail "$step was not reached: $rc"
	got=$(value $home data)
	case $step in
	pool-grow:file | pool-grow:wiped | label:others | label:one-copy:1)
		[ "$got" = "$before" ] || fail "$step: it is larger, and its disk does not say so"
		;;
	*)
		[ "$got" -gt $((before + (32 << 20))) ] || fail "$step: it is not larger: $got"
		;;
	esac
	holds "$(poolctl activate $home $V4)" 16 wide
	poolctl enlarge $home 0 $second
	[ "$(value $home data)" -gt $((before + (32 << 20))) ] || fail "$step: not done again"
	poolctl grow $home $V4 96Mi
	fill "$(poolctl activate $home $V4)" 96 both
	poolctl close $home
	# from whichever disk
	holds "$(poolctl activate $second $V4)" 96 both
	[ "$(value $home condition)" = Ready ] || fail "$step: $(poolctl info $home)"
	wide_end
}

# the first disk carries no pool any more: nobody takes the second one by mistake, and whoever wants it gets it
wide_destroy_step() {
	local step=$1 rc=0

	wide_begin
	poolctl enlarge $home 0 $second
	poolctl delete $home $V4
	poolctl reclaim $home
	LITEIO_STEP_KILL=$step poolctl destroy $home || rc=$?
	[ $rc = 137 ] || fail "$step was not reached: $rc"
	refused 'no pool' poolctl probe $home
	[ -z "$(dmsetup ls | grep '^liteio-' || true)" ] || fail "$step: devices stayed: $(dmsetup ls)"
	refused 'disk 1 of them is missing' poolctl info $second
	poolctl format $home wide >/dev/null
	refused 'wide' poolctl enlarge $home 0 $second
	poolctl enlarge $home 0 $second force
	poolctl create $home $V4 four 16Mi
	wide_end
}

# away and back: each is done, or was never begun
move_step() {
	local step=$1 rc=0

	if [ "$step" = pool-export:label ]; then
		LITEIO_STEP_KILL=$step poolctl export $disk || rc=$?
		[ $rc = 137 ] || fail "$step was not reached: $rc"
		refused 'was exported' poolctl info $disk
		poolctl import $disk
	else
		poolctl export $disk
		LITEIO_STEP_KILL=$step poolctl import $disk || rc=$?
		[ $rc = 137 ] || fail "$step was not reached: $rc"
	fi
	check_after_kill "$step"
	holds "$(poolctl activate $disk $V3)" 8 kept
}

# something that is there all the while
keep() {
	poolctl create $disk $V3 kept 8Mi
	fill "$(poolctl activate $disk $V3)" 8 kept
}

# the first of them makes the pool, the last ones need what "keep" has made
in_order() {
	local all

	all=$(poolctl steps)
	grep '^pool-format:' <<<"$all"
	grep -Ev '^(pool-(format|repair|salvage|grow|export|import)|label):' <<<"$all"
	for prefix in pool-repair pool-salvage pool-grow label pool-export pool-import; do
		grep "^$prefix:" <<<"$all"
	done
}

n=0
for step in $(in_order); do
	case $step in
	pool-repair:*)
		repair_step "$step"
		wide_repair_step "$step"
		;;
	pool-salvage:*) salvage_step "$step" ;;
	# of full metadata, which take their time
	pool-relief:*) killed_in pool-full pool-relief: ;;
	# of a linear volume that takes its time
	linear-create:marked) killed_in agent-kill "$step" ;;
	pool-destroy:*) wide_destroy_step "$step" ;;
	# of a pool that nobody uses
	pool-mark:*) killed_in agent-idle "$step" ;;
	pool-format:*)
		# these come first; the last one leaves the pool that the others work on
		rc=0
		LITEIO_STEP_KILL=$step poolctl format $disk fast 0 - 32Mi 48Mi >/dev/null || rc=$?
		[ $rc = 137 ] || fail "$step was not reached"
		[ "$step" = pool-format:label ] || refused 'no pool' poolctl info $disk
		;;
	volume-new:* | volume-make:* | volume-create:*)
		for count in 1 2 3; do
			one_step "$step" $count
		done
		;;
	snapshots:taken)
		for count in 1 2 3; do
			one_step "$step" $count
		done
		;;
	volume-delete:catalog)
		for count in 1 6; do
			one_step "$step" $count
		done
		;;
	pool-grow:*)
		[ "$step" != pool-grow:file ] || keep
		grow_step "$step"
		add_step "$step"
		;;
	label:one-copy)
		grow_step "$step"
		repair_step "$step"
		for count in 1 2 3; do
			add_step "$step:$count"
			wide_repair_step "$step:$count"
		done
		;;
	label:*)
		add_step "$step"
		wide_repair_step "$step"
		;;
	pool-export:* | pool-import:*)
		move_step "$step"
		;;
	*)
		one_step "$step" 1
		;;
	esac
	n=$((n + 1))
	ok "killed after $step"
done
[ $n = "$(poolctl steps | wc -l)" ] || fail "$n steps"
[ $n -ge 86 ] || fail "only $n steps"
poolctl delete $disk $V3
poolctl reclaim $disk
poolctl show $disk | grep -q '^condition=Ready .* used=0 .* volumes=0 snapshots=0 deleting=0' ||
	fail "something was left: $(poolctl show $disk)"
poolctl show $disk | grep -q ' reserve-used=0 reserve-promised=0 .* linear-used=0 ' ||
	fail "something was left: $(poolctl show $disk)"
poolctl orphans $disk 300
ok "nothing is left over"
