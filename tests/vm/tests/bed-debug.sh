#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernels that are built to find mistakes: each mistake that mistakes.ko makes fails the run, by the console
# line that names it, and the same guest without a mistake is content.
# vm: kernels=debug,kcsan host=yes timeout=600 needs=modules
set -u

bed=$(dirname "$0")/..
mistakes=${LITEIO_O:?}/vm-modules-${LITEIO_KERNEL:?}/mistakes.ko
failed=0

# What is said of each. Locks are not looked at any more after the first complaint about their order.
declare -A SAYS=(
	[read_without_rcu]='WARNING: suspicious RCU usage'
	[sleep_under_spinlock]='BUG: sleeping function called from invalid context'
	[processor_while_preemptible]='BUG: using smp_processor_id() in preemptible'
	[locks_in_both_orders]='WARNING: possible circular locking dependency detected'
	[use_after_free]='BUG: KASAN: slab-use-after-free in use_after_free'
	[write_past_the_end]='BUG: KASAN: slab-out-of-bounds in write_past_the_end'
	[list_added_twice]='list_add double add'
	[armed_timer_freed]='ODEBUG: free active'
	[shift_too_far]='UBSAN: shift-out-of-bounds'
	[reference_from_zero]='refcount_t: addition on 0'
	[memory_forgotten]='BUG: leak: unreferenced object'
	[counted_by_two]='BUG: KCSAN: data-race in'
)

# expect CODE [MISTAKE...]: a run in which they are made
expect() {
	local code=$1 out rc=0 name made

	shift
	made=$(IFS=, && echo "$*")
	out=$("$bed/run" -k "$LITEIO_KERNEL" -m 512M -- insmod "$mistakes" ${made:+make=$made} 2>&1) || rc=$?
	if [ $rc != "$code" ]; then
		echo "FAILED: exit code $rc, not $code, with ${made:-no mistake}:"
		echo "$out"
		failed=1
	fi
	for name; do
		if grep -q "^console: .*${SAYS[$name]}" <<<"$out"; then
			echo "# $name: $(grep -m 1 "^console: .*${SAYS[$name]}" <<<"$out")"
		else
			echo "FAILED: $name is not found, no \"${SAYS[$name]}\" in:"
			echo "$out"
			failed=1
		fi
	done
}

expect 0
case $LITEIO_KERNEL in
debug)
	expect 126 read_without_rcu sleep_under_spinlock processor_while_preemptible locks_in_both_orders
	expect 126 use_after_free write_past_the_end list_added_twice armed_timer_freed
	expect 126 shift_too_far reference_from_zero memory_forgotten
	;;
kcsan)
	expect 126 counted_by_two
	;;
esac
exit $failed
