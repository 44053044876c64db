#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Metadata that are damaged: the pool comes up read-only to the last device, its volumes can be read,
# and a repair into the spare brings everything back, or says what it would cost and changes nothing;
# killed after each of its steps it is as before or repaired.
# vm: kernels=6.1,6.12,7 disks=pool=320M,big=4G,spoilt=64M timeout=1500 needs=tools

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
# label, catalog, and the metadata in use; not the spare, which a repair tries in
what_counts() {
	{
		dd if=$disk bs=1M count=3 iflag=direct status=none
		dd if=$disk bs=4096 skip="$at" count=$META_BLOCKS iflag=direct status=none
	} | sha256sum
}
# damage HOW: as found by whoever opens the pool after a power cut
damage() {
	local at

	at=$(meta_at)
	crash
	spoil $disk "$1" "$at"
}

# a repair that finds nothing to do
idle() { [ "$(poolctl repair $disk)" = 'copied=0 rebuilt=0 lost-volumes=0 lost=0 ' ] || fail "something was repaired"; }

poolctl format $disk fast 0 - 32Mi 48Mi >/dev/null
idle
poolctl create $disk $V1 one 64Mi
dev=$(poolctl activate $disk $V1)
fill "$dev" 48 a
poolctl snapshot $disk $S1 snap $V1
fill "$dev" 8 b
poolctl create $disk $V2 two 64Mi $S1
poolctl create $disk $V3 lin 8Mi - linear
poolctl create $disk $V4 res 8Mi - reserved
# what was never used is not made in a pool that is not modified
poolctl activate $disk $V4 >/dev/null
before=$(sums)
ids_agree $disk

damage mends
field $disk condition ReadOnly
field $disk reason MetadataDamaged
says $disk 'liteioctl pool repair fast'
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
# nothing of a linear volume goes through the thin pool
poolctl attach $disk $V3 3 nqn.one
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
dd if=$disk bs=4096 skip=$((3 * 256)) count=$META_BLOCKS iflag=direct status=none | cmp - "$SPOILT/meta.bad" ||
	fail "the old metadata were not kept"
idle
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
at=$(meta_at)
was=$(what_counts)
refused 'has lost .*nothing was changed, and --force' poolctl repair $disk
field $disk condition ReadOnly
refused 'has lost' poolctl repair $disk
[ "$(what_counts)" = "$was" ] || fail "a repair that was refused has changed something"
poolctl repair $disk force >/tmp/said
grep -q 'rebuilt=1 .* lost=[1-9]' /tmp/said || fail "repair: $(cat /tmp/said)"
field $disk condition Ready
ids_agree $disk
ok "a repair that would lose something says what, and does it only with force"

before=$(sums)
# a flag that the kernel has set is not one that a check takes away
poolctl repair $disk force >/tmp/said
grep -q 'copied=2 rebuilt=0 lost-volumes=0 lost=0' /tmp/said || fail "repair: $(cat /tmp/said)"
same "copied"
ok "sound metadata are copied"

# ---- the reserve does not come up

# an operation on the thin pool is cut short, with its volume held
poolctl deactivate $disk $V4
exec 9<"$(poolctl activate $disk $V1)"
rc=0
LITEIO_STEP_KILL=snapshot:suspended poolctl snapshot $disk 77777777-7777-4777-8777-777777777777 cut $V1 || rc=$?
[ $rc = 137 ] || fail "snapshot:suspended was not reached: $rc"
at=$(($(dmsetup table "$(ours rmeta)" | cut -d' ' -f5) / 8))
for kind in rpool rdata rmeta; do
	dmsetup remove --retry "$(ours $kind)"
done
dd if=$disk of=/tmp/superblock bs=4096 skip="$at" count=1 iflag=direct status=none
dd if=/dev/urandom of=$disk bs=4096 seek="$at" count=1 oflag=direct conv=notrunc,fsync status=none
field $disk condition Failed
! dmsetup info -c --noheadings -o name,suspended | grep -i ':suspended$' || fail "a volume of the thin pool is held"
! poolctl list $disk | grep -q creating || fail "an operation on the thin pool was not settled: $(poolctl list $disk)"
timeout 60 dd if=/dev/zero of="$(poolctl activate $disk $V1)" bs=1M seek=60 count=2 oflag=direct conv=fsync,notrunc status=none
refused . poolctl activate $disk $V4
exec 9<&-
dd if=/tmp/superblock of=$disk bs=4096 seek="$at" count=1 oflag=direct conv=notrunc,fsync status=none
field $disk condition Ready
holds "$(poolctl activate $disk $V4)" 4 r
poolctl close $disk
ok "a reserve that does not come up: the thin pool is settled, and its volumes go on"

# ---- a growth that was cut short, and damaged metadata

big=$(readlink -f /dev/disk/by-id/virtio-big)
big_table() { echo "0 $1 linear $big 0"; }
big_table $((256 << 11)) | dmsetup create big
disk=/dev/mapper/big
udevadm settle
poolctl format $disk big >/dev/null
small=$(value $disk data)
for v in "$V1 one" "$V2 two"; do
	read -r uuid name <<<"$v"
	poolctl create $disk "$uuid" "$name" 64Mi
	fill "$(poolctl activate $disk "$uuid")" 48 a
	poolctl snapshot $disk "${uuid/%?/9}" "s$name" "$uuid"
	fill "$(poolctl activate $disk "$uuid")" 8 b
done
before=$(sums)
big_table "$(blockdev --getsz "$big")" | dmsetup load big
dmsetup resume big
rc=0
LITEIO_STEP_KILL=pool-grow:label poolctl enlarge $disk || rc=$?
[ $rc = 137 ] || fail "pool-grow:label was not reached: $rc"
damage mends
# the kernel would have to write the metadata to make them as long as the label says
field $disk condition ReadOnly
field $disk data "$small"
same "read-only, the label ahead"
field $disk condition ReadOnly
poolctl repair $disk >/tmp/said
field $disk condition Ready
[ "$(value $disk data)" -gt $((3 << 30)) ] || fail "it did not grow: $(value $disk data)"
same "repaired, and grown"
ids_agree $disk
poolctl close $disk
ok "damaged metadata behind their label: read-only as long as they were, and repaired they grow"

# ---- a lost superblock, on a pool of which nothing else is known

disk=/dev/disk/by-id/virtio-pool
for at in 0 319; do
	dd if=/dev/zero of=$disk bs=1M seek=$at count=1 oflag=direct conv=notrunc,fsync status=none
done
poolctl format $disk last 0 - 32Mi 48Mi >/dev/null
poolctl create $disk $V1 one 64Mi
fill "$(poolctl activate $disk $V1)" 48 a
poolctl snapshot $disk $S1 snap $V1
poolctl create $disk $V2 two 64Mi $S1
poolctl create $disk $V3 lin 8Mi - linear
poolctl create $disk $V4 res 8Mi - reserved
poolctl activate $disk $V4 >/dev/null
fill "$(poolctl activate $disk $V3)" 4 l
before=$(sums)
at=$(meta_at)
crash
dd if=$disk of="$SPOILT/meta" bs=4096 skip="$at" count=$META_BLOCKS iflag=direct status=none
thin_dump -o /tmp/meta.xml "$SPOILT/meta"
dd if=/dev/urandom of=$disk bs=4096 seek="$at" count=1 oflag=direct conv=notrunc,fsync status=none
# as the disk of a node that is dead comes: an import is not refused, or nothing could be done about it
poolctl import $disk
field $disk condition Failed
field $disk reason MetadataDamaged
refused 'not active\|could not be brought up\|EIO' poolctl activate $disk $V1
holds "$(poolctl activate $disk $V3)" 4 l
fill "$(poolctl activate $disk $V4)" 4 r
# repair SCRIPT ARGUMENT...: with this in the place of thin_repair, which is told -i FROM -o TO
mkdir /run/instead
repair() {
	printf '#!/bin/bash\n%s\n' "$1" >/run/instead/thin_repair
	chmod +x /run/instead/thin_repair
	shift
	PATH=/run/instead:$PATH poolctl repair $disk "$@"
}
was=$(what_counts)
refused 'thin_repair has crashed: SIGSEGV .*nothing was changed' repair 'kill -SEGV $$'
field $disk condition Failed
refused 'thin_repair has crashed: SIGSEGV .*nothing was changed' repair 'kill -SEGV $$' force
field $disk condition Failed
refused 'thin_repair was ended by SIGKILL' repair 'kill -KILL $$' force
holds "$(poolctl activate $disk $V3)" 4 l
holds "$(poolctl activate $disk $V4)" 4 r
# which trees these were nobody has written down: 0.9.0 finds some, or crashes when there are many old ones
refused 'force takes what there is\|with --force neither' poolctl repair $disk
[ "$(what_counts)" = "$was" ] || fail "a repair that was refused has changed something"
ok "a lost superblock: imported, failed, all else goes on, and what has crashed has changed nothing"

# one that finds all of it
refused 'force takes what there is' repair 'thin_restore -i /tmp/meta.xml -o "$4"'
field $disk condition Failed
[ "$(what_counts)" = "$was" ] || fail "a repair that was refused has changed something"
repair 'thin_restore -i /tmp/meta.xml -o "$4"' force >/tmp/said
# the reserve, which is sound, is copied
grep -q 'copied=1 rebuilt=1 lost-volumes=0 lost=0 ' /tmp/said || fail "repair: $(cat /tmp/said)"
field $disk condition Ready
same "without a superblock"
holds "$(poolctl activate $disk $V4)" 4 r
ids_agree $disk
ok "a lost superblock: force takes what can be found"
