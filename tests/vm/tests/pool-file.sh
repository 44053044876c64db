#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A pool in a file: what it promises it keeps. The blocks of its reserved and linear space stay the file's, whatever is
# discarded, so that nobody else on the filesystem can have them; a pool without promises gives back what it does not need.
# vm: kernels=6.1,6.12,7 disks=files=768M timeout=300 needs=tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"

mkfs.ext4 -q /dev/disk/by-id/virtio-files
mkdir -p /mnt/files
mount /dev/disk/by-id/virtio-files /mnt/files
file=/mnt/files/pool.img

# what the file has of the filesystem, in KiB; a discard is there when the journal is
blocks() {
	sync -f $file
	echo $(($(stat -c %b $file) / 2))
}

# use CLASS UUID: written from end to end, all of it discarded, written again, deleted
use() {
	local dev

	poolctl create $file "$2" "$1" 48Mi - "$1"
	dev=$(poolctl activate $file "$2")
	fill "$dev" 48 "$1"
	blkdiscard "$dev" 2>/dev/null || [ "$1" = linear ] || fail "a volume of class $1 takes no discards"
	was_full=$(blocks)
	fill "$dev" 48 "$1"
	holds "$dev" 48 "$1"
	poolctl delete $file "$2"
	poolctl reclaim $file
}

poolctl format $file kept 384Mi - 64Mi 64Mi >/dev/null
poolctl info $file >/dev/null
[ "$(losetup -n -O DIO -j $file | tr -d ' ')" = 1 ] || fail "the file is cached twice: $(losetup -l)"
# somebody has it open when it is let go of: it must not go with him below who has taken it over
exec 8<"$(losetup -n -O NAME -j $file | tr -d ' ')"
poolctl close $file
poolctl info $file >/dev/null
[ "$(losetup -n -O AUTOCLEAR -j $file | tr -d ' ')" = 0 ] || fail "it goes with the last who closes it: $(losetup -l)"
exec 8<&-
promised=$(blocks)
[ "$promised" -ge $((384 << 10)) ] || fail "the file is not as large as it was made: $promised KiB"
for class in linear reserved thin; do
	use $class $V1
	[ "$was_full" -ge "$promised" ] || fail "a discard in a $class volume has made holes: $was_full of $promised KiB"
	[ "$(blocks)" -ge "$promised" ] || fail "a deleted $class volume has left holes: $(blocks) of $promised KiB"
done
ok "promised blocks stay the file's"

poolctl create $file $V1 wiped 16Mi - linear
refused 'takes no discards' poolctl wipe $file $V1 discard
poolctl wipe $file $V1 zero
fill "$(poolctl activate $file $V1)" 16 secret
poolctl delete $file $V1
poolctl reclaim $file
[ "$(blocks)" -ge "$promised" ] || fail "zeros have made holes: $(blocks) of $promised KiB"
# a filesystem that is full by now is no matter
dd if=/dev/zero of=/mnt/files/others bs=1M oflag=direct status=none 2>/dev/null || true
poolctl create $file $V1 late 48Mi - linear
fill "$(poolctl activate $file $V1)" 48 late
holds "$(poolctl activate $file $V1)" 48 late
ok "they are there when the filesystem is full, and wiped with zeros"

poolctl delete $file $V1
poolctl reclaim $file
poolctl destroy $file
rm $file /mnt/files/others
poolctl format $file free 384Mi >/dev/null
use thin $V1
[ "$was_full" -lt "$promised" ] || fail "a discard has given nothing back: $was_full of $promised KiB"
ok "a pool without promises gives back what it does not need"
