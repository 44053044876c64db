#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Metadata of a pool that are full: nothing is made any more shortly before; then what is there can be
# read, a repair makes it possible to delete something, and all goes on.
# vm: kernels=6.1,6.12,7 disks=full=1G timeout=2400 needs=tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"
# shellcheck source=tests/vm/lib/broken.sh
. "$LITEIO_TOP/tests/vm/lib/broken.sh"

# Every snapshot takes nodes of its own, one for each write: a leaf has 126 to 252 blocks, and these are 160 apart. The blocks
# are small, so that two dozen of snapshots are enough.
full=/dev/disk/by-id/virtio-full
writes=()
for mib in $(seq 0 10 380); do
	writes+=(-c "pwrite -q ${mib}m 4k")
done
clone() { printf '66666666-6666-4666-8666-%012d' "$1"; }
shot() { printf '77777777-7777-4777-8777-%012d' "$1"; }
poolctl format $full full 0 - 0 0 64Ki >/dev/null
# each snapshot is promised as much as the volume
poolctl overcommit $full 10000
poolctl create $full $V1 one 384Mi
dev=$(poolctl activate $full $V1)
xfs_io -d -c 'pwrite -q -b 4m 0 384m' "$dev"
poolctl snapshot $full $S1 first $V1
clones=8
for n in $(seq $clones); do
	poolctl create $full "$(clone "$n")" "c$n" 384Mi $S1
done
want=$(sum "$(poolctl activate $full $S1)")
n=0
# numbers of a change that is not committed count what it replaces as well: a status that commits, before each look
settled() { dmsetup status "$(ours pool)" >/dev/null; }
while settled && poolctl snapshot $full "$(shot $((n + 1)))" "s$((n + 1))" $V1 2>/tmp/said; do
	n=$((n + 1))
	xfs_io -d "${writes[@]}" "$dev"
	[ $n -lt 200 ] || fail "the metadata never get full: $(poolctl info $full)"
done
grep -q 'metadata are nearly full' /tmp/said || fail "snapshot $((n + 1)) was refused with $(cat /tmp/said)"
refused 'metadata are nearly full' poolctl create $full $V2 two 16Mi
field $full condition Ready
ok "after $n snapshots: nothing is made any more, before the metadata are full"

# What is there goes on until they are. The kernel holds a tenth of them back for its commits (dm-thin-metadata.c,
# __set_metadata_reserve()): its numbers leave that out, and the commit that finds nothing else left makes the pool read-only.
is_read_only() { [[ $(dmsetup status --noflush "$(ours pool)") = *' ro '* ]]; }
c=0
until is_read_only; do
	c=$((c + 1))
	[ $c -le $clones ] || fail "the metadata did not get full: $(dmsetup status --noflush "$(ours pool)")"
	xfs_io -d "${writes[@]}" "$(poolctl activate $full "$(clone "$c")")" >/run/wrote 2>&1 || break
done
until_true 10 is_read_only
xfs_io -d "${writes[@]}" "$(poolctl activate $full "$(clone $clones)")" >/dev/null 2>&1 &&
	fail "full metadata take new blocks: $(dmsetup status --noflush "$(ours pool)")"
echo "# after $c clones: $(dmsetup status --noflush "$(ours pool)")"
field $full condition ReadOnly
says $full 'liteioctl pool repair full'
refused 'EROFS' poolctl delete $full $S1
[ "$(sum "$(poolctl activate $full $S1)")" = "$want" ] || fail "a snapshot has other data"
poolctl repair $full
field $full condition Ready
for s in $(seq 10); do
	poolctl delete $full "$(shot "$s")"
done
poolctl reclaim $full
field $full condition Ready
[ "$(sum "$(poolctl activate $full $S1)")" = "$want" ] || fail "a snapshot has other data"
for n in $(seq "$c"); do
	xfs_io -d "${writes[@]}" "$(poolctl activate $full "$(clone "$n")")"
done
poolctl snapshot $full "$(shot 1)" again $V1
ids_agree $full
field $full condition Ready
ok "full metadata: what there is can be read, a repair makes it possible to delete, and all goes on"
