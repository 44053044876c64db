#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Disks that break under the label, the catalog, the metadata and the data of a pool: what fails says
# so at once, what does not need the broken place goes on, nothing that was flushed is lost, and when
# the disk is well again so is the pool, by itself or by a repair. A second pool is under load all the
# time and notices nothing.
# vm: kernels=6.1,6.12,7 disks=pool=320M,calm=128M timeout=900 smp=2 needs=tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"
# shellcheck source=tests/vm/lib/broken.sh
. "$LITEIO_TOP/tests/vm/lib/broken.sh"

pool=$UNDER
# nothing may hang: whatever is asked of a broken disk has an end
soon() { timeout 60 "$@"; }
# write DEVICE MIB-FROM MIB: it is said whether that is on the disk
write() { soon dd if=/dev/zero of="$1" bs=1M seek="$2" count="$3" oflag=direct conv=fsync,notrunc status=none 2>/dev/null; }

under_make /dev/disk/by-id/virtio-pool
calm_start /dev/disk/by-id/virtio-calm
poolctl format $pool fast >/dev/null
poolctl create $pool $V1 one 64Mi
dev=$(poolctl activate $pool $V1)
fill "$dev" 32 a
poolctl snapshot $pool $S1 snap $V1
before=$(sum "$dev")
same() {
	dev=$(poolctl activate $pool $V1)
	[ "$(sum "$dev")" = "$before" ] || fail "$1: the volume has other data"
}

# ---- label: 4 KiB at 4 KiB; only reading it is of any consequence ----
under_load 8 8 all
same "without a label"
poolctl create $pool $V2 two 16Mi
[ "$(poolctl probe $pool)" = 'fast backup' ] || fail "the backup label does not count"
field $pool condition Ready
poolctl close $pool
# opened with a label that can neither be read nor mended
field $pool condition Ready
same "opened by the backup label"
under_heal
poolctl list $pool | grep -q '^volume two ready' || fail "a volume that was made meanwhile is gone"
[ "$(poolctl probe $pool)" = 'fast first' ] || fail "the label was not mended"
ok "a broken label: the pool goes on, and is opened by its backup"

# ---- catalog: MiB 1 and 2 ----
under_break 1 2
refused 'cannot read' soon poolctl info $pool
write "$dev" 40 4 || fail "writing needs no catalog"
under_heal
field $pool condition Ready
under_break 1 2 writes
refused 'the catalog was not written' soon poolctl create $pool $V3 three 16Mi
refused 'the catalog was not written' soon poolctl floor $pool $V1 7
under_heal
write "$dev" 44 4 || fail "the disk is well, the volume is not"
poolctl create $pool $V3 three 16Mi
poolctl floor $pool $V1 7
ids_agree $pool
field $pool condition Ready
before=$(sum "$dev")
# of one slot it is not known whether it is the newest
under_break 1 1
refused 'cannot read' soon poolctl info $pool
under_heal
field $pool condition Ready
ok "a broken catalog: nothing changes, I/O goes on, and it is as it was when the disk is well"

# ---- data: the second half of the thin data ----
under_break 160 150
same "with half of the data broken"
# somewhere a new block lies where the disk is broken; others are told of nothing
failed=0
for n in $(seq 8); do
	poolctl create $pool "$(printf '88888888-8888-4888-8888-%012d' "$n")" "new$n" 24Mi
	new=$(poolctl activate $pool "$(printf '88888888-8888-4888-8888-%012d' "$n")")
	write "$new" 0 24 || failed=$((failed + 1))
done
[ $failed -gt 0 ] || fail "no write met the broken half"
same "after writes that failed"
field $pool condition Ready
under_heal
for n in $(seq 8); do
	new=$(poolctl activate $pool "$(printf '88888888-8888-4888-8888-%012d' "$n")")
	write "$new" 0 24 || fail "the disk is well, the volume is not"
done
same "on a disk that is well"
ok "broken data: what lies there fails, all else goes on, and so does that when the disk is well"

# ---- metadata ----
n=48
for kind in writes all; do
	at=$(($(meta_at) / 256))
	under_break "$at" 4 "$kind"
	! write "$dev" $n 4 || fail "new blocks were given out without metadata"
	condition=$(value $pool condition)
	case $condition in
	ReadOnly | Failed) ;;
	*) fail "metadata that can not be written: $condition" ;;
	esac
	refused 'EROFS' soon poolctl create $pool 66666666-6666-4666-8666-666666666666 six 16Mi
	says $pool 'liteioctl pool repair fast'
	refused . soon poolctl repair $pool
	under_heal
	# the repair has taken it out of the kernel: it was checked when it was opened again
	[ "$(value $pool condition)" = Ready ] || soon poolctl repair $pool
	field $pool condition Ready
	same "metadata $kind: repaired"
	dev=$(poolctl activate $pool $V1)
	write "$dev" $n 4 || fail "it can not be written again"
	n=$((n + 4))
	before=$(sum "$dev")
	ids_agree $pool
	ok "metadata, $kind fail ($condition): said, nothing lost, repaired"
done

# ---- the whole disk, and a power cut ----
under_break 0 320
! write "$dev" 56 4 || fail "a disk that is gone was written"
refused . soon poolctl info $pool
crash
refused . soon poolctl info $pool
under_heal
case $(value $pool condition) in
Ready) ;;
*) poolctl repair $pool ;;
esac
field $pool condition Ready
same "after the whole disk was gone"
ok "the whole disk: refused while it is gone, whole when it is back"

calm_end
ok "nobody else's volume has noticed any of it"
