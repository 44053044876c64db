#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The power is cut while the disk is at a discard, after a commit: dm-thin has taken the blocks from their device, and
# holds them until the disk has done it, which it never hears of. The pool gives them back when it is opened, and what is
# in its volumes stays; killed after each step of that it is as before, or they are free. A sound pool is not touched.
# vm: kernels=6.12 disks=pool=320M needs=tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"
# shellcheck source=tests/vm/lib/broken.sh
. "$LITEIO_TOP/tests/vm/lib/broken.sh"

used() { value $UNDER used; }
# copy_is_leaky FILE: the metadata that the disk has now are kept, if the volume has lost its blocks in them already
copy_is_leaky() {
	dd if=$UNDER of="$1" bs=4096 skip="$at" count=$META_BLOCKS iflag=direct status=none
	thin_check -q --ignore-non-fatal-errors "$1" && [ "$(mapped_in "$1")" = "$kept" ]
}
put_back() { dd if="$1" of=$UNDER bs=4096 seek="$at" oflag=direct conv=notrunc,fsync status=none; }
sums() {
	local u

	for u in $V2 $S2; do
		sum "$(poolctl activate $UNDER "$u")"
	done
}

modprobe dm-delay
under_make /dev/disk/by-id/virtio-pool
poolctl format $UNDER fast >/dev/null
poolctl create $UNDER $V1 gone 64Mi
poolctl create $UNDER $V2 stays 64Mi
fill "$(poolctl activate $UNDER $V2)" 8 b
poolctl snapshot $UNDER $S2 snap $V2
fill "$(poolctl activate $UNDER $V2)" 2 c
before=$(sums)
without=$(used)
kept=$((8 * 4 * 2))
gone=$(poolctl activate $UNDER $V1)
fill "$gone" 40 a
[ "$(used)" = $((without + (40 << 20))) ] || fail "$(used) bytes in use, not 40 MiB more than $without"
at=$(meta_at)

# the data are on a disk that is slow with all that is no read; the metadata are not
read -r _ n _ _ skip < <(dmsetup table "$(ours tdata)" | head -n 1)
under_load "$skip" "$n" slow
blkdiscard "$gone" &
discard=$!
until_true 20 copy_is_leaky /tmp/leaky
kill -0 $discard || fail "the discard was over before its blocks were given back"
wait $discard
under_heal
[ "$(used)" = "$without" ] || fail "$(used) bytes in use after the discard, not $without"
crash
put_back /tmp/leaky
ok "a commit between the two halves of a discard, and then the power was cut"

for step in $(poolctl steps | grep '^pool-leaks:'); do
	rc=0
	LITEIO_STEP_KILL=$step poolctl info $UNDER >/run/info || rc=$?
	[ $rc = 137 ] || fail "$step was not reached: $rc, $(cat /run/info)"
	field $UNDER condition Ready
	[ "$(used)" = "$without" ] || fail "$step: $(used) bytes in use, not $without"
	[ -z "$(ours tspare)" ] || fail "$step: a device over the spare stayed"
	[ "$(sums)" = "$before" ] || fail "$step: the volumes have other data"
	ids_agree $UNDER
	# the regions have changed places
	[ "$(meta_at)" != "$at" ] || fail "$step: the metadata are where they were"
	at=$(meta_at)
	crash
	put_back /tmp/leaky
	ok "killed after $step, and opened: nothing is in use that nobody has"
done

field $UNDER condition Ready
[ "$(used)" = "$without" ] || fail "$(used) bytes in use, not $without"
[ "$(sums)" = "$before" ] || fail "the volumes have other data"
at=$(meta_at)
crash
field $UNDER condition Ready
[ "$(meta_at)" = "$at" ] || fail "metadata that were as they should be have changed places"
[ "$(used)" = "$without" ] || fail "$(used) bytes in use, not $without"
fill "$(poolctl activate $UNDER $V1)" 40 d
holds "$(poolctl activate $UNDER $V1)" 40 d
poolctl close $UNDER
ok "given back at once, by itself; and a pool without them is opened as it is"
