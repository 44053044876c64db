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

# every snapshot takes nodes of its own
full=/dev/disk/by-id/virtio-full
writes=()
for mib in $(seq 0 30 380); do
	writes+=(-c "pwrite -q ${mib}m 4k")
done
clone() { printf '66666666-6666-4666-8666-%012d' "$1"; }
shot() { printf '77777777-7777-4777-8777-%012d' "$1"; }
poolctl format $full full >/dev/null
# each snapshot is promised as much as the volume
poolctl overcommit $full 10000
poolctl create $full $V1 one 384Mi
dev=$(poolctl activate $full $V1)
xfs_io -d -c 'pwrite -q -b 4m 0 384m' "$dev"
poolctl snapshot $full $S1 first $V1
for n in $(seq 12); do
	poolctl create $full "$(clone "$n")" "c$n" 384Mi $S1
done
want=$(sum "$(poolctl activate $full $S1)")
n=0
while poolctl snapshot $full "$(shot $((n + 1)))" "s$((n + 1))" $V1 2>/tmp/said; do
	n=$((n + 1))
	xfs_io -d "${writes[@]}" "$dev"
	[ $n -lt 200 ] || fail "the metadata never get full: $(poolctl info $full)"
done
grep -q 'metadata are nearly full' /tmp/said || fail "snapshot $((n + 1)) was refused with $(cat /tmp/said)"
refused 'metadata are nearly full' poolctl create $full $V2 two 16Mi
field $full condition Ready
ok "after $n snapshots: nothing is made any more, before the metadata are full"

# what is there goes on until they are
failed=0
for c in $(seq 12); do
	xfs_io -d "${writes[@]}" "$(poolctl activate $full "$(clone "$c")")" >/dev/null 2>&1 || failed=$((failed + 1))
done
[ $failed -gt 0 ] || fail "the metadata did not get full: $(dmsetup status "$(ours pool)")"
echo "# $(dmsetup status "$(ours pool)")"
field $full condition ReadOnly
says $full 'liteioctl pool repair full'
refused 'EROFS' poolctl delete $full $S1
[ "$(sum "$(poolctl activate $full $S1)")" = "$want" ] || fail "a snapshot has other data"
poolctl repair $full
field $full condition Ready
for s in $(seq 20); do
	poolctl delete $full "$(shot "$s")"
done
poolctl reclaim $full
field $full condition Ready
[ "$(sum "$(poolctl activate $full $S1)")" = "$want" ] || fail "a snapshot has other data"
for c in $(seq 12); do
	xfs_io -d "${writes[@]}" "$(poolctl activate $full "$(clone "$c")")"
done
poolctl snapshot $full "$(shot 1)" again $V1
ids_agree $full
field $full condition Ready
ok "full metadata: what there is can be read, a repair makes it possible to delete, and all goes on"
