#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pool engine killed after every named step of every operation: what it then finds when it opens
# the pool again is the state before or after, nothing is lost, nothing is left over, the kernel knows
# the thin devices that the catalog knows, and everything can be done again.
# vm: kernels=6.12 disks=pool=256M timeout=1500 needs=tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"

disk=/dev/disk/by-id/virtio-pool

# no device is held, none of an operation that nobody was told of is there
check_after_kill() {
	local list dev byte want n

	list=$(poolctl show $disk)
	grep -q '^condition=Ready ' <<<"$list" || fail "$1: $list"
	! grep -q creating <<<"$list" || fail "$1: an interrupted creation stayed: $list"
	! dmsetup info -c --noheadings -o name,suspended | grep -i ':suspended$' || fail "$1: a device is held"
	case $1 in
	volume-create:catalog-creating | volume-create:messages | volume-create:transaction)
		case $2 in
		1) what='volume one' ;;
		2) what='snapshot snap' ;;
		3) what='volume two' ;;
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

n=0
for step in $(poolctl steps); do
	case $step in
	pool-format:*)
		# these come first; the last one leaves the pool that the others work on
		rc=0
		LITEIO_STEP_KILL=$step poolctl format $disk fast >/dev/null || rc=$?
		[ $rc = 137 ] || fail "$step was not reached"
		[ "$step" = pool-format:label ] || refused 'no pool' poolctl info $disk
		;;
	volume-create:*)
		for count in 1 2 3; do
			one_step "$step" $count
		done
		;;
	*)
		one_step "$step" 1
		;;
	esac
	n=$((n + 1))
	ok "killed after $step"
done
[ $n -ge 43 ] || fail "only $n steps"
poolctl show $disk | grep -q '^condition=Ready .* used=0 .* volumes=0 snapshots=0 deleting=0' ||
	fail "something was left: $(poolctl show $disk)"
poolctl orphans $disk 300
ok "nothing is left over"
