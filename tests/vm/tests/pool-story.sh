#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pool engine without an agent: volumes, snapshots, restores, growth, the space back after a
# delete; refusals; the backup label; a pool in a file; a foreign writer.
# vm: kernels=6.1,6.12,7 disks=pool=512M,other=256M timeout=400 smp=1 needs=tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"

disk=/dev/disk/by-id/virtio-pool
other=/dev/disk/by-id/virtio-other

mkfs.ext4 -q $other
refused 'signature: ext4' poolctl format $other fast
wipefs -qa $other
refused 'no pool' poolctl info $disk
refused 'is not a block device\|cannot look' poolctl format /dev/null fast
refused 'name' poolctl format $disk 'Not A Name'
poolctl format $disk fast >/dev/null
refused 'carries the pool fast already' poolctl format $disk other
[ "$(poolctl probe $disk)" = 'fast first' ] || fail "the label is not there"
poolctl scan | grep -q ' fast$' || fail "the pool is not found"
field $disk condition Ready
empty=$(value $disk used)
ok "a pool is made once, on a device that carries nothing"

poolctl create $disk $V1 one 64Mi
poolctl create $disk $V1 one 64Mi
refused 'another one' poolctl create $disk $V1 one 65Mi
refused 'volume one exists' poolctl create $disk $V2 one 64Mi
refused 'cannot have 0' poolctl create $disk $V2 two 0
dev=$(poolctl activate $disk $V1)
[ "$(blockdev --getsize64 "$dev")" = $((64 << 20)) ] || fail "the size is wrong"
fill "$dev" 32 a
poolctl snapshot $disk $S1 before $V1
poolctl snapshot $disk $S1 before $V1
fill "$dev" 16 b
poolctl create $disk $V2 two 96Mi $S1
dev2=$(poolctl activate $disk $V2)
holds "$dev2" 32 a
holds "$dev" 16 b
refused 'smaller' poolctl create $disk $V3 three 1Mi $S1
refused 'no volume' poolctl create $disk $V3 three 64Mi $V4
ok "a snapshot keeps what was, a restored volume has it"

# 512 sectors are 256 KiB; what is no longer the default would be a word at the end
pool=$(dmsetup ls --target thin-pool | awk '{ print $1 }')
read -r _ _ _ meta data block low features < <(dmsetup table "$pool")
[ "$block" = 512 ] || fail "blocks of $block sectors"
[ "$features" = '1 error_if_no_space ' ] || [ "$features" = '1 error_if_no_space' ] ||
	fail "not zeroed, not discarded, or waiting when full: $features"
[ "$low" = $(($(blockdev --getsz "/dev/block/$data") / block / 5 + 1)) ] || fail "the low-water mark is $low"
ok "the kernel's pool: 256 KiB, zeroed, discards go down, no waiting when it is full"

# extent KIND: "START LENGTH" of the only one of a kind, in bytes, from the label (daemon/pool/ondisk.h): one block, 4 KiB from
# the disk's beginning; the number of extents is at 80, and they begin at 512
extent() {
	dd if=$disk bs=4096 skip=1 count=1 iflag=direct status=none >/run/label
	od -A n -t u4 -v -w24 -j 512 -N $((24 * $(od -A n -t u4 -j 80 -N 4 /run/label))) /run/label |
		awk -v kind="$1" '$1 == kind { printf "%.0f %.0f\n", $3 + $4 * 2 ^ 32, $5 + $6 * 2 ^ 32 }'
}
at=$(dmsetup table "/dev/block/$meta" | awk '{ print $5 * 512, $2 * 512 }')
[ "$at" = "$(extent 1)" ] || fail "the kernel's metadata are at $at, and in the label at $(extent 1)"
# of its 4 KiB blocks the kernel says how many there are
total=$(dmsetup status --noflush "$pool" | awk '{ sub(".*/", "", $5); print $5 * 4096 }')
[ "$total" = "${at#* }" ] || fail "the kernel takes $total bytes of metadata, of ${at#* }"
spare=$(extent 2)
[ -n "$spare" ] && [ "${spare#* }" = "$total" ] || fail "the metadata have $total bytes, their spare is \"$spare\""
[ "${spare% *}" -ge $((${at% *} + total)) ] || [ "${at% *}" -ge $((${spare% *} + total)) ] ||
	fail "the spare, at $spare, lies on the metadata, at $at"
ok "the kernel's metadata are where the label says, and the spare is of equal size"

poolctl grow $disk $V1 100Mi
[ "$(blockdev --getsize64 "$dev")" = $((100 << 20)) ] || fail "it did not grow"
refused 'cannot shrink' poolctl grow $disk $V1 50Mi
ok "a volume grows while it is active"

poolctl attach $disk $V1 3 nqn.one
poolctl attach $disk $V1 3 nqn.one
refused 'EEXIST' poolctl attach $disk $V1 3 nqn.two
poolctl attach $disk $V1 4 nqn.two
poolctl attach $disk $V1 5 nqn.three
refused 'live attachments' poolctl delete $disk $V1
poolctl fence $disk $V1 4
refused 'ESTALE' poolctl attach $disk $V1 4 nqn.two
poolctl floor $disk $V1 5
poolctl floor $disk $V1 2
refused 'below the floor' poolctl attach $disk $V1 3 nqn.one
[ "$(poolctl list $disk | grep -c '^attachment')" = 1 ] || fail "attachments below the floor stayed"
poolctl list $disk | grep -q '^volume one ready size=104857600 floor=5 ' || fail "the floor is wrong"
poolctl floor $disk $V1 6
ok "floors only rise, and end what is below"

# either slot is lost: the first begins at 1 MiB, and they have 1 MiB each
for slot in 1 2; do
	poolctl floor $disk $V1 $((6 + slot))
	dd if=/dev/urandom of=$disk bs=1M seek=$slot count=1 oflag=direct conv=notrunc,fsync status=none
	poolctl list $disk | grep -q "^volume one ready .* floor=$((6 + slot)) " ||
		fail "the floor went back when slot $slot was lost"
done
ok "a floor outlives the loss of either slot"

# whoever was killed between both has told nobody; who asks again is told when both have it
rc=0
LITEIO_STEP_KILL=volume-new:one-copy poolctl create $disk $V4 half 16Mi || rc=$?
[ $rc = 137 ] || fail "volume-new:one-copy was not reached: $rc"
poolctl create $disk $V4 half 16Mi
for slot in 1 2; do
	dd if=$disk of=/tmp/slot bs=1M skip=$slot count=1 iflag=direct status=none
	dd if=/dev/urandom of=$disk bs=1M seek=$slot count=1 oflag=direct conv=notrunc,fsync status=none
	poolctl list $disk | grep -q '^volume half ready ' || fail "a new volume is gone with slot $slot"
	dd if=/tmp/slot of=$disk bs=1M seek=$slot oflag=direct conv=notrunc,fsync status=none
done
poolctl delete $disk $V4
ok "a new volume that is asked for again outlives it, too"

exec 9<"$dev"
refused 'is open' poolctl delete $disk $V1
refused 'is open' poolctl close $disk
exec 9<&-
poolctl delete $disk $V1
refused 'no volume' poolctl activate $disk $V1
poolctl create $disk $V3 one 64Mi
poolctl delete $disk $S1
# asked for again when what it was made from is gone: it is there
poolctl create $disk $V2 two 96Mi $S1
poolctl delete $disk $V2
refused 'being deleted' poolctl create $disk $V2 two 96Mi
poolctl delete $disk $V3
poolctl reclaim $disk
field $disk volumes 0
field $disk deleting 0
[ "$(value $disk used)" = "$empty" ] || fail "space was not given back"
[ -z "$(dmsetup ls | grep liteio-thin || true)" ] || fail "thin devices stayed"
ok "deleting gives the space back"

poolctl create $disk $V1 one 64Mi
fill "$(poolctl activate $disk $V1)" 8 c
poolctl close $disk
dmsetup ls | grep liteio && fail "devices stayed after closing"
dd if=/dev/urandom of=$disk bs=4096 seek=1 count=1 conv=fsync status=none
[ "$(poolctl probe $disk)" = 'fast backup' ] || fail "the backup label does not count"
holds "$(poolctl activate $disk $V1)" 8 c
[ "$(poolctl probe $disk)" = 'fast first' ] || fail "the label was not mended"
ok "the backup label brings a pool back, and is the first one's cure"

refused 'still has' poolctl destroy $disk
pool=$(dmsetup ls | sed -n 's/^\(liteio-pool-[^ \t]*\).*/\1/p')
dmsetup message "$pool" 0 "set_transaction_id $(value $disk txid) 77"
field $disk condition ReadOnly
field $disk reason TransactionMismatch
refused 'another program has written' poolctl create $disk $V2 two 64Mi
refused 'EROFS' poolctl delete $disk $V1
refused 'EROFS' poolctl attach $disk $V1 9 nqn.one
poolctl floor $disk $V1 20
holds "$(poolctl activate $disk $V1)" 8 c
ok "a foreign transaction id: nothing is modified, fences hold, data is there"

thin_pools() { dmsetup ls --target thin-pool | awk '/^liteio-pool-/ { print $1 }'; }
before=$(thin_pools)
poolctl format /tmp/pool.img small 128M >/dev/null
poolctl create /tmp/pool.img $V4 four 16Mi
fill "$(poolctl activate /tmp/pool.img $V4)" 4 d
poolctl close /tmp/pool.img
loop_gone pool.img
holds "$(poolctl activate /tmp/pool.img $V4)" 4 d
ok "a pool in a file"

# ids are given out in order: the volumes have 1 and 2, the snapshots would have 3 and 4
poolctl create /tmp/pool.img $V1 one 16Mi
thin_pool=$(thin_pools | grep -vxF "$before")
dmsetup message "$thin_pool" 0 'create_thin 4'
refused 'thin id 4 was never given out' poolctl group /tmp/pool.img $S1 $V1 $S2 $V4
dmsetup message "$thin_pool" 0 'delete 4' || fail "what another program made is gone"
! dmsetup message "$thin_pool" 0 'delete 3' || fail "what was made before it stays"
dmsetup message "$thin_pool" 0 'create_thin 5'
# the pool is well again since it was opened anew
poolctl create /tmp/pool.img $V2 two 16Mi
refused 'thin id 5 was never given out' poolctl activate /tmp/pool.img $V2
dmsetup message "$thin_pool" 0 'delete 5' || fail "what another program made is gone"
holds "$(poolctl activate /tmp/pool.img $V4)" 4 d
ok "an id that another program took is left to it"

poolctl delete /tmp/pool.img $V2
poolctl delete /tmp/pool.img $V1
poolctl delete /tmp/pool.img $V4
poolctl reclaim /tmp/pool.img
poolctl destroy /tmp/pool.img
refused 'no pool' poolctl probe /tmp/pool.img
ok "and nothing is left of it"
