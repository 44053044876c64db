#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pool engine: rolling back, snapshots of snapshots, clones, groups, other names, wiping, also of linear volumes. Data is
# compared before and after, the kernel knows no thin device that the catalog does not, and the disk is searched for what
# was wiped.
# vm: kernels=6.1,6.12,7 disks=pool=512M timeout=600 needs=tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"

disk=/dev/disk/by-id/virtio-pool
S3=77777777-7777-4777-8777-777777777777

poolctl format $disk fast >/dev/null
empty=$(value $disk used)

poolctl create $disk $V1 one 64Mi
fill "$(poolctl activate $disk $V1)" 24 a
poolctl snapshot $disk $S1 early $V1
fill "$(poolctl activate $disk $V1)" 32 b
poolctl snapshot $disk $S2 late $V1
fill "$(poolctl activate $disk $V1)" 16 c
poolctl grow $disk $V1 96Mi
dd if=/dev/urandom of="$(poolctl activate $disk $V1)" bs=1M seek=80 count=8 oflag=direct conv=fsync status=none
poolctl floor $disk $V1 5
exec 9<"$(poolctl activate $disk $V1)"
refused 'is open' poolctl rollback $disk $V1 $S1
exec 9<&-
holds "$(poolctl activate $disk $V1)" 16 c
poolctl attach $disk $V1 5 nqn.one
refused 'EBUSY: volume one is attached (generation 5)' poolctl rollback $disk $V1 $S1
poolctl floor $disk $V1 6
ok "a volume in use is not rolled back"

# fresh DEVICE FROM-MIB COUNT-MIB: nothing but zeros there
fresh() {
	cmp <(dd if="$1" bs=1M skip="$2" count="$3" status=none) <(head -c $(($3 << 20)) /dev/zero) ||
		fail "there is something in $1 behind the snapshot"
}

before=$(poolctl list $disk | grep '^volume one ')
poolctl rollback $disk $V1 $S1
after=$(poolctl list $disk | grep '^volume one ready')
[ "${after% id=*}" = "${before% id=*}" ] || fail "\"$before\" has become \"$after\""
[ "$after" != "$before" ] || fail "it has the same thin device"
dev=$(poolctl activate $disk $V1)
[ "$(blockdev --getsize64 "$dev")" = $((96 << 20)) ] || fail "the size went back"
holds "$dev" 24 a
fresh "$dev" 24 72
poolctl reclaim $disk
ids_agree $disk
ok "rolled back: the data of the snapshot, the name, the floor and the size of the volume"

# a later snapshot outlives it, and one can go there, too
poolctl rollback $disk $V1 $S2
holds "$(poolctl activate $disk $V1)" 32 b
poolctl rollback $disk $V1 $S1
poolctl rollback $disk $V1 $S1
holds "$(poolctl activate $disk $V1)" 24 a
[ "$(value $disk deleting)" = 3 ] || fail "$(value $disk deleting) remains, not 3"
fill "$(poolctl activate $disk $V1)" 8 d
for s in "$S1 24 a" "$S2 32 b"; do
	read -r uuid n word <<<"$s"
	holds "$(poolctl activate $disk "$uuid")" "$n" "$word"
done
poolctl reclaim $disk
[ "$(value $disk deleting)" = 0 ] || fail "remains stay"
holds "$(poolctl activate $disk $V1)" 8 d
ids_agree $disk
ok "back and forth: no snapshot changes"

poolctl create $disk $V2 two 16Mi
refused 'EINVAL: snapshot early is not one of volume two' poolctl rollback $disk $V2 $S1
refused 'ENOENT' poolctl rollback $disk $V2 $V1
refused 'ENOENT' poolctl rollback $disk $V4 $S1
refused 'ENOENT' poolctl rollback $disk $S1 $S1
ok "what can not be rolled back is refused"

poolctl snapshot $disk $S3 copy $S1
poolctl snapshot $disk $S3 copy $S1
poolctl delete $disk $S1
poolctl reclaim $disk
holds "$(poolctl activate $disk $S3)" 24 a
poolctl rollback $disk $V1 $S3
holds "$(poolctl activate $disk $V1)" 24 a
ok "a snapshot of a snapshot is one of the volume"

poolctl create $disk $V3 three 128Mi $V1
holds "$(poolctl activate $disk $V3)" 24 a
fresh "$(poolctl activate $disk $V3)" 96 32
fill "$(poolctl activate $disk $V3)" 4 e
holds "$(poolctl activate $disk $V1)" 24 a
ok "a clone has what the volume has, and room of its own"

poolctl rename $disk $V1 eins
poolctl rename $disk $V1 eins
refused 'EEXIST: volume two exists' poolctl rename $disk $V1 two
refused 'EINVAL: volume name' poolctl rename $disk $V1 'no good'
poolctl rename $disk $S3 two
poolctl list $disk | grep -q '^volume eins ready ' || fail "it is not renamed"
poolctl rename $disk $V2 one
ok "names change, and are free again"

poolctl delete $disk $S2
poolctl delete $disk $S3
refused 'EINVAL' poolctl group $disk $S1 $V1 $S1 $V3
refused 'EINVAL' poolctl group $disk $S1 $V1 $S2 $V1
refused 'being deleted' poolctl group $disk $S2 $V1 $S1 $V3
refused 'ENOENT' poolctl group $disk $S1 $V1 $V4 $S2
poolctl reclaim $disk
poolctl group $disk $S1 $V1 $S2 $V3
poolctl group $disk $S1 $V1 $S2 $V3
poolctl delete $disk $S2
poolctl reclaim $disk
refused '1 of the 2 snapshots' poolctl group $disk $S1 $V1 $S2 $V3
holds "$(poolctl activate $disk $S1)" 24 a
ids_agree $disk
ok "a group is taken as a whole"

for uuid in $V1 $V2 $V3 $S1; do
	poolctl delete $disk "$uuid"
done
poolctl reclaim $disk
[ "$(value $disk used)" = "$empty" ] || fail "$(value $disk used) bytes are in use, $empty were"
ids_agree $disk

# the whole disk, before and after: is the word still on it?
poolctl create $disk $V1 secret 16Mi - - zero
fill "$(poolctl activate $disk $V1)" 12 launch-code-of-mine
refused 'EOPNOTSUPP: volume secret' poolctl snapshot $disk $S1 shared $V1
refused 'EOPNOTSUPP: volume secret' poolctl create $disk $V2 clone 16Mi $V1
refused 'EOPNOTSUPP: volume secret' poolctl group $disk $S1 $V1 $S2 $V3
on_disk() {
	sync
	echo 1 >/proc/sys/vm/drop_caches
	# to the end, and in lines: zeros are most of it
	[ "$(tr -s '\0' '\n' <$disk | LC_ALL=C grep -ac "$1" || true)" -gt 0 ]
}
on_disk launch-code-of-mine || fail "the test does not see what is on the disk"
# a hole, and a block behind it
dd if=/dev/urandom of="$(poolctl activate $disk $V1)" bs=1M seek=15 count=1 oflag=direct conv=fsync status=none
poolctl delete $disk $V1
poolctl reclaim $disk
! on_disk launch-code-of-mine || fail "it is still on the disk"
[ "$(value $disk used)" = "$empty" ] || fail "space was not given back"
ids_agree $disk
ok "nothing of a volume that was wiped with zeros is on the disk"

poolctl create $disk $V1 other 16Mi
fill "$(poolctl activate $disk $V1)" 12 another-code-of-mine
poolctl snapshot $disk $S1 shared $V1
refused 'EOPNOTSUPP: volume other may have had' poolctl wipe $disk $V1 zero
refused 'EOPNOTSUPP: volume two shares' poolctl create $disk $V2 two 16Mi $V1 - zero
poolctl wipe $disk $V1 discard
poolctl wipe $disk $S1 discard
poolctl delete $disk $V1
poolctl reclaim $disk
holds "$(poolctl activate $disk $S1)" 12 another-code-of-mine
on_disk another-code-of-mine || fail "the snapshot lost its data"
poolctl delete $disk $S1
poolctl reclaim $disk
# this disk gives back zeros for what was discarded
! on_disk another-code-of-mine || fail "the disk was not told"
[ "$(value $disk used)" = "$empty" ] || fail "space was not given back"
ids_agree $disk
ok "the disk is told of what was to be wiped by discarding, and nothing of what a snapshot has"
poolctl destroy $disk

# ---- linear volumes share nothing: their ranges are wiped where they are

poolctl format $disk fast 0 - 64Mi >/dev/null
poolctl create $disk $V2 neighbour 8Mi - linear
fill "$(poolctl activate $disk $V2)" 8 that-of-somebody-else

# goes WORD [HOW]: a volume of two ranges with the word all over it is deleted, wiped HOW
goes() {
	poolctl create $disk $V1 goes 16Mi - linear
	poolctl create $disk $V3 between 4Mi - linear
	poolctl grow $disk $V1 24Mi
	fill "$(poolctl activate $disk $V1)" 24 "$1"
	[ "$(dmsetup table "liteio-linear-$V1" | wc -l)" = 2 ] || fail "it has not two ranges"
	on_disk "$1" || fail "$1 is not on the disk"
	[ -z "${2-}" ] || poolctl wipe $disk $V1 "$2"
	for uuid in $V1 $V3; do
		poolctl delete $disk "$uuid"
	done
	poolctl reclaim $disk
	field $disk linear-free $((56 << 20))
}
goes discarded-code-of-mine discard
! on_disk discarded-code-of-mine || fail "the disk was not told of a linear volume's ranges"
# one that takes no discards: nothing but zeros takes the word away, and those only when they are asked for
echo 0 >"/sys/class/block/$(basename "$(readlink -f $disk)")/queue/discard_max_bytes"
goes overwritten-code-of-mine zero
! on_disk overwritten-code-of-mine || fail "it is still on the disk"
goes code-that-may-stay
on_disk code-that-may-stay || fail "who wants nothing wiped has it wiped, so this shows nothing"
# but before anybody else has the space it is zeroed
poolctl create $disk $V1 next 40Mi - linear
! on_disk code-that-may-stay || fail "it is in the space that the next one has"
refused 'takes no discards' poolctl wipe $disk $V1 discard
holds "$(poolctl activate $disk $V2)" 8 that-of-somebody-else
ok "nothing of a linear volume that was wiped is on the disk, by discards or by zeros"
for uuid in $V1 $V2; do
	poolctl delete $disk "$uuid"
done
poolctl reclaim $disk
poolctl destroy $disk

# ---- what is given back in use is not free before it is wiped, though this disk is told nothing by now

poolctl format $disk fast >/dev/null
poolctl create $disk $V1 secret 16Mi - - zero
dev=$(poolctl activate $disk $V1)
fill "$dev" 12 trimmed-code-of-mine
blkdiscard "$dev" 2>/dev/null || true
# likewise once it has been given another table, which a growth of one of an older version does
poolctl grow $disk $V1 32Mi
dev=$(poolctl activate $disk $V1)
blkdiscard "$dev" 2>/dev/null || true
poolctl delete $disk $V1
poolctl reclaim $disk
! on_disk trimmed-code-of-mine || fail "what was discarded is still on the disk"
[ "$(value $disk used)" = "$empty" ] || fail "space was not given back"
ids_agree $disk
poolctl destroy $disk
ok "nothing of a volume that was discarded before it was wiped is on the disk"
