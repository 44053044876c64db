#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The classes of volumes beside each other: linear ones never show what was on the disk before,
# reserved ones go on writing in a pool that is full, with a snapshot or without, and what would
# break a promise is refused. A volume of no class notices what happens to the others.
# vm: kernels=6.1,6.12,7 disks=pool=512M timeout=600 needs=tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"

disk=/dev/disk/by-id/virtio-pool
mib=$((1 << 20))

# somebody's data is on all of the disk
text 511 secret | dd of=$disk bs=1M iflag=fullblock oflag=direct conv=fsync status=none
sum() { dd if="$1" bs=1M count="$2" iflag=direct status=none | sha256sum | cut -d' ' -f1; }
zeros() { head -c $(($1 * mib)) /dev/zero | sha256sum | cut -d' ' -f1; }

refused 'no room' poolctl format $disk fast 0 force 600Mi
poolctl format $disk fast 0 force 96Mi 64Mi >/dev/null
field $disk linear $((96 * mib))
field $disk linear-free $((96 * mib))
field $disk reserve $((64 * mib))
field $disk reserve-free $((64 * mib))
field $disk fill ok
thin=$(value $disk data)
ok "space of each class is set apart when the pool is made"

# ---- linear

poolctl create $disk $V1 one 40Mi - linear
poolctl create $disk $V1 one 40Mi - linear
refused 'another one' poolctl create $disk $V1 one 40Mi - thin
refused 'linear volumes, 56.0 MiB are left' poolctl create $disk $V2 two 57Mi - linear
one=$(poolctl activate $disk $V1)
[ "$(sum "$one" 40)" = "$(zeros 40)" ] || fail "a new linear volume shows what was on the disk"
refused 'no snapshots' poolctl snapshot $disk $S1 s $V1
refused 'filled from none' poolctl create $disk $V2 two 40Mi $V1 linear
refused 'filled from none\|share no blocks' poolctl create $disk $V2 two 40Mi $V1
fill "$one" 40 mine
before=$(sum "$one" 40)
field $disk linear-free $((56 * mib))
field $disk provisioned 0
field $disk used 0
ok "a linear volume is zeros first, and takes no thin block"

# between two others, so that growing needs a second range
poolctl create $disk $V2 two 16Mi - linear
two=$(poolctl activate $disk $V2)
fill "$two" 16 other
exec 9<"$one"
poolctl grow $disk $V1 60Mi
[ "$(blockdev --getsize64 "$one")" = $((60 * mib)) ] || fail "it did not grow"
[ "$(dmsetup table "liteio-linear-$V1" | wc -l)" = 2 ] || fail "it has not two ranges"
[ "$(sum "$one" 40)" = "$before" ] || fail "growing changed what was there"
[ "$(dd if="$one" bs=1M skip=40 count=20 iflag=direct status=none | sha256sum | cut -d' ' -f1)" = "$(zeros 20)" ] ||
	fail "what it grew by is not zeros"
refused 'is open' poolctl delete $disk $V1
refused 'is open' poolctl close $disk
exec 9<&-
refused 'cannot shrink' poolctl grow $disk $V1 10Mi
refused '20.0 MiB are left' poolctl grow $disk $V1 90Mi
holds "$(poolctl activate $disk $V2)" 16 other
ok "a linear volume grows while it is open, by ranges of zeros"

# either slot is lost: the first begins at 1 MiB, and they have 1 MiB each
for slot in 1 2; do
	poolctl create $disk $V3 kept 4Mi - linear
	dd if=/dev/urandom of=$disk bs=1M seek=$slot count=1 oflag=direct conv=notrunc,fsync status=none
	poolctl list $disk | grep -q '^volume kept ready size=4194304 ' || fail "slot $slot: it is lost"
	poolctl grow $disk $V3 8Mi
	dd if=/dev/urandom of=$disk bs=1M seek=$slot count=1 oflag=direct conv=notrunc,fsync status=none
	poolctl list $disk | grep -q '^volume kept ready size=8388608 ' || fail "slot $slot: it is smaller"
	poolctl delete $disk $V3
	poolctl reclaim $disk
done
[ "$(sum "$one" 40)" = "$before" ] || fail "another one lost what was written"
ok "a linear volume outlives the loss of either slot"

poolctl close $disk
[ "$(sum "$(poolctl activate $disk $V1)" 40)" = "$before" ] || fail "it lost what was written"

poolctl delete $disk $V1
poolctl reclaim $disk
field $disk linear-free $((80 * mib))
poolctl create $disk $V3 three 80Mi - linear
three=$(poolctl activate $disk $V3)
[ "$(sum "$three" 80)" = "$(zeros 80)" ] || fail "a linear volume shows what a deleted one had"
holds "$(poolctl activate $disk $V2)" 16 other
field $disk linear-free 0
poolctl delete $disk $V2
poolctl delete $disk $V3
poolctl reclaim $disk
field $disk linear-free $((96 * mib))
! dmsetup ls | grep liteio-linear || fail "linear devices stayed"
ok "what a deleted linear volume had is given to others as zeros"

# ---- reserved, in a pool that fills

poolctl create $disk $V1 db 24Mi - reserved
refused 'reserved volumes, 40.0 MiB are left' poolctl create $disk $V2 more 41Mi - reserved
refused 'must be of its class' poolctl create $disk $V2 more 24Mi $V1 thin
db=$(poolctl activate $disk $V1)
# an mkfs does this: it must not lose the promise
blkdiscard "$db"
poolctl create $disk $V2 filler $((thin * 2 / mib))Mi
filler=$(poolctl activate $disk $V2)
fill "$filler" $((thin * 82 / 100 / mib)) f
field $disk fill low
poolctl create $disk $V3 last 16Mi
fill "$filler" $((thin * 92 / 100 / mib)) f
field $disk fill high
refused 'high on space' poolctl create $disk $V4 no 16Mi
poolctl snapshot $disk $S1 s $V3
poolctl delete $disk $S1
poolctl reclaim $disk
fill "$filler" $((thin * 96 / 100 / mib)) f
field $disk fill critical
refused 'critical on space' poolctl snapshot $disk $S1 s $V3
refused 'critical on space' poolctl grow $disk $V3 32Mi
refused 'No space' dd if=/dev/zero of="$filler" bs=1M seek=$((thin * 96 / 100 / mib)) oflag=direct status=none
field $disk condition NoSpace
field $disk fill full
refused 'No space' dd if=/dev/zero of="$(poolctl activate $disk $V3)" bs=1M count=1 oflag=direct status=none
holds "$filler" $((thin * 9 / 10 / mib)) f
fill "$filler" 4 g
ok "thin volumes fill the pool: each rung refuses what it says, rewrites go on"

fill "$db" 24 promised
holds "$db" 24 promised
ok "a reserved volume is written to its last block in a full pool"

poolctl snapshot $disk $S1 kept $V1
field $disk reserve-promised $((48 * mib))
refused 'reserved volumes, 16.0 MiB are left' poolctl snapshot $disk $V4 again $V1
fill "$db" 24 rewritten
holds "$db" 24 rewritten
refused 'reserved volumes, 16.0 MiB are left' poolctl create $disk $V4 copy 24Mi $S1
poolctl grow $disk $V1 40Mi
fill "$db" 40 larger
field $disk reserve-free 0
field $disk reserve-used $((64 * mib))
refused '0 B are left\|0.0 B are left\|are left' poolctl grow $disk $V1 41Mi
ok "a snapshot of a reserved volume is paid for: every block is written again, or it is refused"

poolctl create $disk $V4 lin 16Mi - linear
fill "$(poolctl activate $disk $V4)" 16 lin
poolctl delete $disk $V4
poolctl reclaim $disk
ok "linear volumes do not notice a full pool"

blkdiscard -o 0 -l $((thin * 60 / 100 / mib * mib)) "$filler"
# blocks are free from the kernel's next commit on, which is a matter of a second
is_ready() { [ "$(value $disk condition)" = Ready ]; }
until_true 60 is_ready
[ "$(value $disk fill)" = ok ] || fail "space came back, and the pool is $(value $disk fill)"
dd if=/dev/zero of="$filler" bs=1M count=8 oflag=direct conv=fsync status=none
poolctl snapshot $disk $V4 s $V3
ok "the pool comes back by itself when space does"

holds "$db" 40 larger
poolctl close $disk
[ -z "$(dmsetup ls | grep liteio || true)" ] || fail "devices stayed after closing"
holds "$(poolctl activate $disk $V1)" 40 larger
for v in $V1 $V2 $V3 $V4 $S1; do
	poolctl delete $disk "$v"
done
poolctl reclaim $disk
field $disk reserve-used 0
field $disk reserve-free $((64 * mib))
field $disk used 0

# ---- overcommit

refused '100 to 10000' poolctl overcommit $disk 99
poolctl overcommit $disk 100
field $disk thin-free "$thin"
refused 'overcommit leaves' poolctl create $disk $V1 big $((thin / mib + 1))Mi
poolctl create $disk $V1 big $((thin / mib))Mi
refused 'overcommit leaves' poolctl snapshot $disk $S1 s $V1
poolctl overcommit $disk 200
poolctl snapshot $disk $S1 s $V1
poolctl close $disk
field $disk overcommit 200
ok "thin volumes are promised as much as the pool's overcommit says"
