#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ten thousand volumes, each with an attachment, come and go, and a thousand tables: not one object of the
# kernel's memory, and nothing of what it keeps per CPU, stays behind each time. Kernels that see each piece of memory that
# is forgotten need a tenth of that.
# vm: kernels=6.1,6.12,7,debug,kcsan timeout=400
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"

# memory: the number of objects in each of the kernel's caches, and by how many it grows; what is kept per CPU, in
# KiB. What debug kernels keep of each object is no more than these.
memory() {
	awk 'NR > 2 && !/^(kmemleak_|debug_objects_)/ { print $1, $2, $5 }' /proc/slabinfo
	awk '/^Percpu/ { print "percpu", $2, 0 }' /proc/meminfo
}

# What was freed is counted all the same on a kernel that keeps it for a while, to find who still uses it: it is
# given back.
shrink() {
	local cache

	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache" 2>/dev/null || true
	done
}

# Addresses that were freed are collected late, but before memory becomes a module's.
give_back() {
	if modprobe -q crc8; then
		modprobe -r crc8
	fi
	! is_slow || shrink
}

# count NAME, with as few processes about as when it is done again
count() {
	echo 2 >/proc/sys/vm/drop_caches
	give_back
	memory >"$WORK/$1"
}
# from here on it is counted
remember() { count memory; }

# grown MUCH: the caches that have this many objects more in the file $WORK/now than in $WORK/memory
grown() {
	awk -v much="$1" 'NR == FNR { was[$1] = $2; next }
		$1 in was && $2 - was[$1] >= much && $2 - was[$1] > $3 {
			print $1 ": from " was[$1] " to " $2 }' "$WORK/memory" "$WORK/now"
}

# What was freed may be on its way still, and others use memory too, as do the processes that count: growth is
# half an object or more for every round, for good.
not_grown() {
	count now
	[ -z "$(grown $(($1 / 2)))" ]
}

# rounds FROM TO: the life of a volume with an attachment, every twentieth time with a fence
rounds() {
	seq "$1" "$2" | awk -v v="uuid=$V1" '{
		print "vol-set", v, "+create name=pvc-" $1
		print "att-add", v, "gen=" $1, "host=nqn.host"
		if ($1 % 20 == 0)
			print "fence", v, "gen=" $1
		print "att-del", v, "gen=" $1
		print "vol-del", v }' | kmodctl batch >/dev/null
}

t_volumes_that_come_and_go_leave_nothing() {
	local nr

	nr=$(often 9000 900)
	rounds 1 "$(often 1000 300)"
	remember
	rounds 1001 $((1000 + nr))
	(until_true 120 not_grown "$nr") || fail "it has grown: $(grown $((nr / 2)))"
	expect 0 "$(kmodctl info | field stats_bytes)" "memory of statistics"
}

t_tables_that_come_and_go_leave_nothing() {
	local nr

	nr=$(often 900 400)
	ram_disk
	volume $V1 1
	dmsetup create h --notable
	failnth tables h "0 8192 liteio /dev/ram0 0 $V1 1" 100
	remember
	failnth tables h "0 8192 liteio /dev/ram0 0 $V1 1" "$nr"
	(until_true 120 not_grown "$nr") || fail "it has grown: $(grown $((nr / 2)))"
	dmsetup remove h
	expect new "$(state_of $V1 1)"
}

# all at once: what attachments keep per CPU is more than what lies ready, and comes back
t_many_attachments_at_once_leave_nothing() {
	many_attachments
	remember
	many_attachments
	many_attachments
	(until_true 120 not_grown 512) || fail "it has grown: $(grown 256)"
}

many_attachments() {
	volume $V1 {1..256}
	volume $V2 {1..256}
	expect 512 "$(kmodctl att-get +dump | grep -c ' state=new ')" "attachments"
	kmodctl wipe
	expect 0 "$(kmodctl info | field stats_bytes)" "memory of statistics"
}

run_tests "$@"
