#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Metadata that are damaged: the pool comes up read-only to the last device, its volumes can be read,
# and a repair into the spare brings everything back, or says what it would cost and changes nothing;
# killed after each of its steps it is as before or repaired.
# vm: kernels=6.1,6.12,7 disks=pool=320M timeout=1500 needs=tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"
# shellcheck source=tests/vm/lib/broken.sh
. "$LITEIO_TOP/tests/vm/lib/broken.sh"

disk=/dev/disk/by-id/virtio-pool

# remember what is in the volumes; compare
sums() {
	local u

	for u in $V1 $V2; do
		sum "$(poolctl activate $disk "$u")"
	done
}
same() { [ "$(sums)" = "$before" ] || fail "$1: the volumes have other data"; }
# damage HOW: as found by whoever opens the pool after a power cut
damage() {
	local at

	at=$(meta_at)
	crash
	spoil $disk "$1" "$at"
}

poolctl format $disk fast 0 - 32Mi 48Mi >/dev/null
refused 'nothing is wrong' poolctl repair $disk
poolctl create $disk $V1 one 64Mi
dev=$(poolctl activate $disk $V1)
fill "$dev" 48 a
poolctl snapshot $disk $S1 snap $V1
fill "$dev" 8 b
poolctl create $disk $V2 two 64Mi $S1
poolctl create $disk $V3 lin 8Mi - linear
poolctl create $disk $V4 res 8Mi - reserved
before=$(sums)
ids_agree $disk

damage mends
field $disk condition ReadOnly
field $disk reason MetadataDamaged
poolctl info $disk 2>&1 | grep -q 'liteioctl pool repair fast' || fail "it does not say the way out: $(poolctl info $disk 2>&1)"
dmsetup table "$(ours pool)" | grep -q read_only || fail "the thin pool is not read-only"
same "read-only"
dev=$(poolctl activate $disk $V1)
[ "$(blockdev --getro "$dev")" = 1 ] || fail "the volume is not read-only"
! dd if=/dev/zero of="$dev" bs=4096 count=1 oflag=direct conv=notrunc status=none 2>/dev/null ||
	fail "a block that the volume has was written"
same "after an attempt to write"
refused 'EROFS' poolctl create $disk 66666666-6666-4666-8666-666666666666 six 16Mi
refused 'EROFS' poolctl attach $disk $V1 3 nqn.one
poolctl attach $disk $V1 3 nqn.one ro
# what is not damaged can be written
fill "$(poolctl activate $disk $V3)" 4 l
fill "$(poolctl activate $disk $V4)" 4 r
field $disk condition ReadOnly
ok "damaged metadata: read-only to the last device, the volumes can be read, what else there is goes on"

exec 9<"$dev"
refused 'is open' poolctl repair $disk
exec 9<&-
poolctl repair $disk >/tmp/said
grep -q 'copied=0 rebuilt=1 lost-volumes=0 lost=0' /tmp/said || fail "repair: $(cat /tmp/said)"
field $disk condition Ready
[ -z "$(ours tspare)" ] || fail "a device over the spare stayed"
same "repaired"
ids_agree $disk
fill "$(poolctl activate $disk $V1)" 16 c
holds "$(poolctl activate $disk $V1)" 16 c
holds "$(poolctl activate $disk $V3)" 4 l
holds "$(poolctl activate $disk $V4)" 4 r
poolctl create $disk 66666666-6666-4666-8666-666666666666 six 16Mi
poolctl delete $disk 66666666-6666-4666-8666-666666666666
poolctl reclaim $disk
before=$(sums)
# the regions have changed places, and the old metadata are as they were
at=$(meta_at)
[ "$at" != $((3 * 256)) ] || fail "the metadata are where they were"
dd if=$disk bs=4096 skip=$((3 * 256)) count=$META_BLOCKS iflag=direct status=none | cmp - /tmp/meta.bad ||
	fail "the old metadata were not kept"
refused 'nothing is wrong' poolctl repair $disk
poolctl close $disk
field $disk condition Ready
same "closed and opened"
ok "a repair brings everything back, and keeps the old metadata"

for step in $(poolctl steps | grep '^pool-repair:'); do
	damage mends
	rc=0
	LITEIO_STEP_KILL=$step poolctl repair $disk >/dev/null || rc=$?
	[ $rc = 137 ] || fail "$step was not reached: $rc"
	case $step in
	# nothing may have been written into bad metadata, and good ones are found good
	pool-repair:label) field $disk condition Ready ;;
	*) field $disk condition ReadOnly ;;
	esac
	[ -z "$(ours tspare)" ] || fail "$step: a device over the spare stayed"
	same "killed after $step"
	[ "$step" = pool-repair:label ] || poolctl repair $disk >/dev/null
	field $disk condition Ready
	same "repaired after $step"
	ids_agree $disk
	ok "killed after $step"
done

damage loses
field $disk condition ReadOnly
dd if=$disk bs=1M count=11 iflag=direct status=none | sha256sum >/tmp/head
refused 'has lost .*nothing was changed, and --force' poolctl repair $disk
field $disk condition ReadOnly
refused 'has lost' poolctl repair $disk
poolctl repair $disk force >/tmp/said
grep -q 'rebuilt=1 .* lost=[1-9]' /tmp/said || fail "repair: $(cat /tmp/said)"
field $disk condition Ready
ids_agree $disk
ok "a repair that would lose something says what, and does it only with force"

at=$(meta_at)
before=$(sums)
crash
dd if=/dev/urandom of=$disk bs=4096 seek="$at" count=1 oflag=direct conv=notrunc,fsync status=none
field $disk condition Failed
refused 'not active\|could not be brought up\|EIO' poolctl activate $disk $V1
holds "$(poolctl activate $disk $V3)" 4 l
fill "$(poolctl activate $disk $V4)" 4 r
refused 'maybe as it was at an earlier time' poolctl repair $disk
poolctl repair $disk force >/tmp/said
field $disk condition Ready
same "without a superblock"
ids_agree $disk
ok "a lost superblock: the pool is failed, linear volumes go on, force brings back what can be found"

# a flag that the kernel has set is not one that a check takes away
poolctl repair $disk force >/tmp/said
grep -q 'copied=2 rebuilt=0 lost-volumes=0 lost=0' /tmp/said || fail "repair: $(cat /tmp/said)"
same "copied"
ok "sound metadata are copied"
