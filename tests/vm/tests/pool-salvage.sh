#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Both copies of a pool's catalog are lost: refused, nothing is written, what can be found again can be
# told, and a catalog is made of it when that is asked for. One copy is enough.
# vm: kernels=6.1,6.12,7 disks=pool=256M,copy=256M timeout=600 needs=tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"
# shellcheck source=tests/vm/lib/broken.sh
. "$LITEIO_TOP/tests/vm/lib/broken.sh"

disk=/dev/disk/by-id/virtio-pool
copy=/dev/disk/by-id/virtio-copy

poolctl format $disk fast 0 - 32Mi 48Mi >/dev/null
poolctl create $disk $V1 one 64Mi
fill "$(poolctl activate $disk $V1)" 48 a
poolctl snapshot $disk $S1 snap $V1
poolctl create $disk $V2 two 64Mi $S1
fill "$(poolctl activate $disk $V1)" 8 b
poolctl create $disk $V3 lin 8Mi - linear
poolctl create $disk $V4 res 8Mi - reserved
fill "$(poolctl activate $disk $V4)" 4 r
before=$(sum "$(poolctl activate $disk $V2)")
same() { [ "$(sum "$(poolctl activate $disk $V2)")" = "$before" ] || fail "$1: the volume has other data"; }

poolctl close $disk
dd if=/dev/urandom of=$disk bs=1M seek=1 count=1 oflag=direct conv=notrunc,fsync status=none
field $disk condition Ready
poolctl close $disk
dd if=$disk of=/tmp/slots bs=1M skip=1 count=2 iflag=direct status=none
dd if=/dev/urandom of=$disk bs=1M seek=1 count=2 oflag=direct conv=notrunc,fsync status=none
dd if=$disk bs=1M count=16 iflag=direct status=none | sha256sum >/tmp/head
refused 'catalog' poolctl info $disk
dd if=$disk bs=1M count=16 iflag=direct status=none | sha256sum | cmp - /tmp/head ||
	fail "a pool that can not be opened was written"
# what can be said of it: the thin ids, and how long each is at least
poolctl salvage $disk >/tmp/said
cat /tmp/said
grep -q 'recovered-1 (' /tmp/said || fail "it does not say what there is: $(cat /tmp/said)"
grep -q 'linear volumes can not be found again' /tmp/said || fail "it does not say what is lost: $(cat /tmp/said)"
dd if=$disk bs=1M count=16 iflag=direct status=none | sha256sum | cmp - /tmp/head ||
	fail "looking has written"
dd if=/tmp/slots of=$disk bs=1M seek=1 oflag=direct conv=notrunc,fsync status=none
same "with its catalog again"
ids=$(poolctl list $disk | sed -n 's/.* id=\([1-9][0-9]*\) .*/\1/p' | sort -n)
id=$(poolctl list $disk | sed -n 's/^volume two .* id=\([0-9]*\) .*/\1/p')
want=$(head -c $((48 << 20)) "$(poolctl activate $disk $V2)" | sha256sum)
refused 'its catalog can be read' poolctl salvage $disk make
poolctl close $disk
ok "both slots are lost: refused, nothing was written, and what there is can be told"

dd if=$disk of=/tmp/pool.copy bs=1M count=4 iflag=direct status=none
dd if=/dev/urandom of=$disk bs=1M seek=1 count=2 oflag=direct conv=notrunc,fsync status=none
rc=0
dd if=/tmp/pool.copy of=$copy bs=1M count=4 oflag=direct conv=notrunc,fsync status=none
refused 'is there twice.*stale copy' poolctl salvage $disk force
dd if=/dev/zero of=$copy bs=1M count=1 oflag=direct conv=notrunc,fsync status=none
echo "0 2048 linear $disk 20480" | dmsetup create holder
refused 'is in use by dm-' poolctl salvage $disk force
dmsetup remove holder
refused 'linear volumes can not be found again.*only with --force' poolctl salvage $disk make
LITEIO_STEP_KILL=pool-salvage:catalog poolctl salvage $disk force || rc=$?
[ $rc = 137 ] || fail "pool-salvage:catalog was not reached: $rc"
field $disk condition Ready
[ "$(poolctl list $disk | sed -n 's/^volume recovered-\([0-9]*\) ready .*/\1/p' | sort -n)" = "$ids" ] ||
	fail "not all were found: $(poolctl list $disk)"
[ "$(head -c $((48 << 20)) "$(poolctl activate $disk "recovered-$id")" | sha256sum)" = "$want" ] ||
	fail "a volume that was found again has other data"
ids_agree $disk
poolctl create $disk $V1 one 16Mi
refused 'its catalog can be read' poolctl salvage $disk make
poolctl close $disk
ok "both slots are lost: a catalog is made of the metadata"

# on two disks, and the one that is asked has no catalog at all
for d in $disk $copy; do
	dd if=/dev/zero of="$d" bs=1M count=1 oflag=direct conv=notrunc,fsync status=none
	dd if=/dev/zero of="$d" bs=1M seek=255 count=1 oflag=direct conv=notrunc,fsync status=none
done
poolctl format $copy wide >/dev/null
poolctl enlarge $copy 0 $disk
poolctl create $copy $V1 one 280Mi
fill "$(poolctl activate $copy $V1)" 280 w
poolctl close $copy
dd if=/dev/urandom of=$copy bs=1M seek=1 count=2 oflag=direct conv=notrunc,fsync status=none
poolctl salvage $disk make
holds "$(poolctl activate $disk recovered-1)" 280 w
field $copy condition Ready
ok "a pool on two disks, too"
