#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Metadata of a pool that are full: nothing is made any more shortly before; then they take the spare, under I/O, and
# all goes on, wherever that is interrupted. Full again, without a spare, what is there can be read, and another disk
# brings room and a spare, under I/O; so it does for metadata that have to be checked and have nothing to be repaired into.
# vm: kernels=6.1,6.12,7 disks=full=1540M,more=128M timeout=900 needs=tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"
# shellcheck source=tests/vm/lib/broken.sh
. "$LITEIO_TOP/tests/vm/lib/broken.sh"

disk=$(readlink -f /dev/disk/by-id/virtio-full)
# a partition, which can become larger
full=${disk}1 more=/dev/disk/by-id/virtio-more
mib=1536
printf 'label: gpt\nsize=%dM\n' $mib | sfdisk -q "$disk"
until_true 30 test -b "$full"
udevadm settle
# what udev makes of every device, and of a disk that was written, takes longer than what is done here: it is held, and
# by this the library of dmsetup knows whether udev is there
udevadm control --stop-exec-queue
rm -f /run/udev/control
export DM_DISABLE_UDEV=1

# Every snapshot takes nodes of its own, one for each write: a leaf has 126 to 252 blocks, and these are 240 apart. The blocks
# are small and the volume is large, so that a few dozen of snapshots and clones are enough.
size=768 apart=15
all=() few=()
for at in $(seq 0 $apart $((size - 1))); do
	all+=(-c "pwrite -q ${at}m 4k")
done
# a third of that, so that one snapshot is not the way from 90 to 95 percent
for at in $(seq 0 $((3 * apart)) $((size - 1))); do
	few+=(-c "pwrite -q ${at}m 4k")
done
clone() { printf '66666666-6666-4666-8666-%012d' "$1"; }
shot() { printf '77777777-7777-4777-8777-%012d' "$1"; }
# write N: to what clone N shares; its device is there
devs=()
write() { xfs_io -d "${all[@]}" "${devs[$1]}" >/run/wrote 2>&1; }
activate() { devs[$1]=$(poolctl activate "$full" "$(clone "$1")"); }
# has DEVICE BYTE: all of it is 5a, but for the 4 KiB at each place that is written, which are this
has() {
	python3 -I -S - "$1" "$2" $size $apart <<-'END' || fail "$1 has other data"
	import mmap, os, sys
	size, apart = (int(n) << 20 for n in sys.argv[3:])
	want = bytes([int(sys.argv[2], 16)]) * 4096 + b'\x5a' * (apart - 4096)
	fd, buf = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT), mmap.mmap(-1, apart)
	for at in range(0, size, apart):
	    n = os.preadv(fd, [buf], at)
	    if n != min(apart, size - at) or buf[:n] != want[:n]:
	        sys.exit('%d bytes at %d are not what they should be' % (n, at))
	END
}
# numbers of a change that is not committed count what it replaces as well: a status that commits, before each look
settled() { dmsetup status "$(ours pool)" >/dev/null; }
status() { dmsetup status --noflush "$(ours pool)"; }
is_read_only() { [[ $(status) = *' ro '* ]]; }
# blocks of 4 KiB of metadata: those in use, and what the kernel has
meta() { status | cut -d' ' -f5; }
meta_total() { meta | cut -d/ -f2; }
# meta_is_over PERCENT
meta_is_over() {
	local m

	settled
	m=$(meta)
	[ $((${m%/*} * 100)) -ge $((${m#*/} * $1)) ]
}
# what changes of the disk while metadata are full: all that lies before the data, and the backup label
save() {
	dd if="$full" of="/run/$1.head" bs=1M count=24 iflag=direct status=none
	dd if="$full" of="/run/$1.tail" bs=4096 skip=$((mib * 256 - 1)) iflag=direct status=none
}
restore() {
	crash
	dd if="/run/$1.head" of="$full" bs=1M oflag=direct conv=notrunc,fsync status=none
	dd if="/run/$1.tail" of="$full" bs=4096 seek=$((mib * 256 - 1)) oflag=direct conv=notrunc,fsync status=none
}
killed_at() {
	local step=$1 rc=0

	shift
	LITEIO_STEP_KILL=$step "$@" >/dev/null 2>&1 || rc=$?
	[ $rc = 137 ] || fail "$step was not reached: $rc"
}
# as it was saved, in the kernel, which has found no free block and made it read-only
full_again() {
	restore "$1"
	killed_at pool-open:activated poolctl info "$full"
	settled
	is_read_only || fail "$1: $(status)"
}
# fill_until CONDITION...: with writes to one clone after the other
fill_until() {
	until "$@"; do
		[ $c -lt $((clones - 2)) ] || fail "the metadata did not get full: $(status)"
		c=$((c + 1))
		write $c || break
	done
}
# nobody asks for the pool meanwhile: the kernel holds a tenth of the metadata back for its commits (dm-thin-metadata.c,
# __set_metadata_reserve()), and the commit that finds nothing else left makes the pool read-only
fill_up() {
	fill_until is_read_only
	until_true 10 is_read_only
	! write $clones || fail "full metadata take new blocks: $(status)"
	echo "# after $c clones: $(status)"
}
# what has its block goes on all the while
load_begin() {
	two=$(poolctl activate "$full" $V2)
	ioload write "$two" 4096 1 >/tmp/load 2>&1 &
	load=$!
	until_true 30 grep -q running /tmp/load
}
load_end() {
	# one that has failed is not there any more
	kill -TERM $load || true
	wait $load || fail "the writer noticed: $(cat /tmp/load)"
	grep -q 'done [1-9][0-9]* failed 0 ' /tmp/load || fail "the writer noticed: $(cat /tmp/load)"
}

clones=30
poolctl format "$full" full 0 - 0 16Mi 64Ki >/dev/null
# each snapshot is promised as much as the volume
poolctl overcommit "$full" 10000
poolctl create "$full" $V1 one ${size}Mi
dev=$(poolctl activate "$full" $V1)
xfs_io -d -c "pwrite -q -S 0x5a -b 4m 0 ${size}m" "$dev"
poolctl create "$full" $V2 two 16Mi
fill "$(poolctl activate "$full" $V2)" 16 all
poolctl create "$full" $V3 three 16Mi
poolctl create "$full" $V4 four 8Mi - reserved
fill "$(poolctl activate "$full" $V4)" 8 kept
poolctl snapshot "$full" $S1 first $V1
for n in $(seq $clones); do
	poolctl create "$full" "$(clone "$n")" "c$n" ${size}Mi $S1
done
total=$(meta_total)
n=0
while settled && poolctl snapshot "$full" "$(shot $((n + 1)))" "s$((n + 1))" $V1 2>/tmp/said; do
	n=$((n + 1))
	if meta_is_over 82; then
		xfs_io -d "${few[@]}" "$dev"
	else
		xfs_io -d "${all[@]}" "$dev"
	fi
	[ $n -lt 200 ] || fail "the metadata never get full: $(status)"
done
grep -q 'metadata are nearly full' /tmp/said || fail "snapshot $((n + 1)) was refused with $(cat /tmp/said)"
refused 'metadata are nearly full' poolctl create "$full" $V5 five 16Mi
field "$full" condition Ready
[ "$(meta_total)" = "$total" ] || fail "the spare was taken early: $(status)"
ok "after $n snapshots: nothing is made any more, before the metadata are full"

c=0
for k in $(seq $clones); do
	activate "$k"
done
[ "$(meta_total)" = "$total" ] || fail "the spare was taken early: $(status)"
fill_up
[ $c -gt 1 ] || fail "the metadata were full too early"
save once
ok "full metadata: the kernel takes no new block"

# has_taken WHAT: it has the spare now, and goes on
has_taken() {
	field "$full" condition Ready
	[ "$(meta_total)" = $((2 * total)) ] || fail "$1: $(status)"
	! dmsetup info -c --noheadings -o name,suspended | grep -i ':suspended$' || fail "$1: a device is held"
	activate $((clones - 1))
	write $((clones - 1)) || fail "$1: it is not written: $(cat /run/wrote)"
	ids_agree "$full"
}

load_begin
has_taken 'under I/O'
load_end
refused 'the spare is taken.*nearly full' poolctl create "$full" $V5 five 16Mi
refused 'have taken the spare.*liteioctl pool grow full' poolctl repair "$full" force
field "$full" condition Ready
has "$(poolctl activate "$full" $S1)" 5a
# written before they were full, and behind it
has "${devs[1]}" cd
has "${devs[$((clones - 1))]}" cd
holds "$(poolctl activate "$full" $V4)" 8 kept
ok "they take the spare under I/O, and nothing new is made until there is one again"

k=0
until poolctl create "$full" $V5 five 16Mi 2>/tmp/said; do
	[ $k -lt $((n - 1)) ] || fail "nothing can be made without $k snapshots: $(cat /tmp/said)"
	k=$((k + 1))
	poolctl delete "$full" "$(shot $k)"
	poolctl reclaim "$full"
done
ok "or $k snapshots are deleted"

restore once
has_taken 'when it is opened'
ok "they take the spare before the kernel finds that they are full"

# killed while it is in use, and with the power gone as well
for step in $(poolctl steps | grep -E '^pool-relief:|^label:one-copy$'); do
	full_again once
	killed_at "$step" poolctl info "$full"
	has_taken "$step"
	full_again once
	killed_at "$step" poolctl info "$full"
	crash
	has_taken "$step, and the power"
	ok "they take the spare, also when that is cut short after $step"
done

for k in $(seq $((c + 1)) $((clones - 2))) $clones; do
	activate "$k"
done
fill_until meta_is_over 95
! is_read_only || fail "the metadata are full at once: $(status)"
# it might be what takes the last block
refused 'never used and can not be made now.*nearly full' poolctl activate "$full" $V3
fill_up
save twice
field "$full" condition ReadOnly
field "$full" reason MetadataFull
says "$full" 'liteioctl pool grow full'
refused 'EROFS' poolctl delete "$full" $S1
refused 'have taken the spare.*liteioctl pool grow full' poolctl repair "$full"
is_read_only || fail "a repair without a spare has changed something: $(status)"
has "$(poolctl activate "$full" $S1)" 5a
ok "full again, without a spare: what there is can be read, and the pool says what helps"

load_begin
resize "$disk" $((mib + 2))
refused 'too little for more' poolctl enlarge "$full"
resize "$disk" $mib
field "$full" reason MetadataFull
poolctl enlarge "$full" 0 $more
field "$full" condition Ready
activate $clones
write $clones || fail "it is not written: $(cat /run/wrote)"
[ "$(meta_total)" -gt $((2 * total)) ] || fail "there are no more metadata: $(status)"
load_end
poolctl activate "$full" $V3 >/dev/null
poolctl repair "$full" force >/dev/null
field "$full" condition Ready
[ "$(dmsetup table "$(ours tmeta)" | wc -l)" = 1 ] || fail "the metadata are where they were: $(dmsetup table)"
ids_agree "$full"
poolctl close "$full"
# from whichever disk; the metadata are on the second one
field $more condition Ready
has "$(poolctl activate "$full" $S1)" 5a
has "$(poolctl activate "$full" "$(clone $clones)")" cd
ok "another disk under I/O: it goes on, and has a spare again"

# metadata that have to be checked, and nothing to repair them into: superblock, csum and flags
flag() {
	python3 -I -S - "$full" "$(($1 * 4096))" <<-'END'
	import os, struct, sys
	fd, at = os.open(sys.argv[1], os.O_RDWR), int(sys.argv[2])
	block = bytearray(os.pread(fd, 4096, at))
	block[4:8] = struct.pack('<I', struct.unpack('<I', block[4:8])[0] | 1)
	crc = 0xffffffff
	for byte in block[4:]:
	    crc ^= byte
	    for _ in range(8):
	        crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
	block[0:4] = struct.pack('<I', crc ^ 160774)
	os.pwrite(fd, block, at)
	os.fsync(fd)
	END
}
crash
dd if=/dev/zero of=$more bs=1M count=128 oflag=direct status=none
restore twice
# of the first part of the metadata, behind the two slots
flag $((3 * 256))
field "$full" reason NeedsCheck
refused 'have taken the spare.*liteioctl pool grow full' poolctl repair "$full"
poolctl enlarge "$full" 0 $more
field "$full" condition ReadOnly
crash
field "$full" reason NeedsCheck
poolctl repair "$full" >/dev/null
field "$full" condition Ready
[ "$(meta_total)" -gt $((2 * total)) ] || fail "there are no more metadata: $(status)"
has "$(poolctl activate "$full" $S1)" 5a
holds "$(poolctl activate "$full" $V4)" 8 kept
ids_agree "$full"
poolctl delete "$full" "$(shot 1)"
poolctl reclaim "$full"
activate $clones
write $clones || fail "it is not written: $(cat /run/wrote)"
poolctl snapshot "$full" "$(shot 1)" again $V1
ids_agree "$full"
field "$full" condition Ready
ok "with the spare that another disk has brought they are repaired, and all goes on"
