#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Points in time, and back: ext4 and xfs in use under load are found whole and at rest in their snapshots, clones
# and groups, with what nobody had asked to be on the disk; a roll back is refused while anybody has the volume; deleting
# shows how far it is, and holds up nobody; what a filesystem trims comes back to the pool and to the disk below it. With
# LITEIO_FEW there is the roll back, and one snapshot under load of each filesystem.
# vm: kernels=6.1,6.12,7 disks=pool=2G,files=1G,second=2G timeout=1500 mem=1G smp=2 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/snapshots.sh
. "$LITEIO_TOP/tests/vm/lib/snapshots.sh"

used() {
	j pool show fast | jq .dataUsedBytes
}

# of snapshots under load
rounds=3
[ "${LITEIO_FEW-}" != yes ] || rounds=1

agent_start
liteioctl pool create fast "$DISK" >/dev/null
empty=$(used)

# ---- roll back ----

liteioctl volume create a --pool fast --size 128Mi >/dev/null
uuid=$(j volume show a | jq -r .uuid)
attach a 1
mkfs.ext4 -q "/dev/liteio/$uuid"
mount "/dev/liteio/$uuid" /mnt/a
dd if=/dev/urandom of=/mnt/a/file bs=1M count=24 conv=fsync status=none
sum=$(md5sum </mnt/a/file)
liteioctl snapshot create good a >/dev/null
rm /mnt/a/file
dd if=/dev/urandom of=/mnt/a/other bs=1M count=24 conv=fsync status=none
refused 'attached (generation 1)' liteioctl volume rollback a good
umount /mnt/a
detach a 1
liteioctl volume grow a --size 160Mi >/dev/null
liteioctl export create a 2 --local --read-only >/dev/null
refused 'attached read-only (generation 2)' liteioctl volume rollback a good
liteioctl export delete a 2 >/dev/null
refused 'no such snapshot' liteioctl volume rollback a bad
refused 'no such volume' liteioctl volume rollback b good
floor=$(j volume show a | jq .floor)
liteioctl volume rollback a good >/dev/null
liteioctl volume rollback a good >/dev/null
[ "$(j volume show a | jq -c '[.uuid, .name, .sizeBytes, .floor]')" = "[\"$uuid\",\"a\",$((160 << 20)),$floor]" ] ||
	fail "the volume is another one: $(j volume show a)"
refused 'fenced\|floor' liteioctl export create a 2 --local
attach a 3
mount "/dev/liteio/$uuid" /mnt/a
[ "$(md5sum </mnt/a/file)" = "$sum" ] || fail "the file is not back"
[ ! -e /mnt/a/other ] || fail "what came later is there"
umount /mnt/a
fsck.ext4 -fn "/dev/liteio/$uuid" >/dev/null 2>&1 || fail "the filesystem is damaged"
until_true 60 no_deletions
ok "after an accident, back to the snapshot"

# ---- consistency ----

liteioctl volume create x --pool fast --size 320Mi >/dev/null
attach x 1
mkfs.xfs -q "$(device x)"
mount "$(device x)" /mnt/x
mount "$(device a)" /mnt/a
for at in "a ext4" "x xfs"; do
	read -r volume fs <<<"$at"
	begin_writer "/mnt/$volume"
	for n in $(seq "$rounds"); do
		before=$(acknowledged)
		liteioctl snapshot create "$volume-$n" "$volume" >/dev/null
		until_true 60 writer_goes_on "$before"
		liteioctl volume create "r-$n" --pool fast --snapshot "$volume-$n" >/dev/null
		found_whole "r-$n" "$fs" "$before"
		drop "r-$n"
		liteioctl snapshot delete "$volume-$n" >/dev/null
	done
	end_writer
done
ok "ext4 and xfs under load: all that was acknowledged is in the snapshot, which was at rest"

# what nobody has asked to be on the disk is in the kernel's memory, and for half a minute it would stay there: only who
# freezes the filesystem brings it down
for at in "a ext4" "x xfs"; do
	read -r volume fs <<<"$at"
	begin_unsynced "/mnt/$volume"
	for n in $(seq "$rounds"); do
		before=$(wc -l </run/unsynced)
		liteioctl snapshot create "$volume-$n" "$volume" >/dev/null
		until_true 60 unsynced_are $((before + 2))
		liteioctl volume create "r-$n" --pool fast --snapshot "$volume-$n" >/dev/null
		unsynced_is_there "r-$n" "$fs" "$before"
		drop "r-$n"
		liteioctl snapshot delete "$volume-$n" >/dev/null
	done
	end_unsynced
	rm -r "/mnt/$volume/unsynced"
done
umount /mnt/a /mnt/x
drop x
ok "ext4 and xfs: what had been written, and nobody had asked for, is in the snapshot, and nothing has to be replayed"
if [ "${LITEIO_FEW-}" = yes ]; then
	drop a
	liteioctl snapshot delete good >/dev/null
	until_true 60 no_deletions
	doctor_is_silent
	liteioctl pool delete fast >/dev/null
	agent_stop
	exit 0
fi

# ---- names ----

mount "/dev/liteio/$uuid" /mnt/a
liteioctl volume create b --pool fast --size 16Mi >/dev/null
refused 'exists' liteioctl volume rename a b
refused 'no such volume' liteioctl volume rename x y
liteioctl volume rename a alpha >/dev/null
liteioctl volume rename a alpha >/dev/null
[ "$(j volume show alpha | jq -r .uuid)" = "$uuid" ] || fail "it is not renamed"
refused 'no such volume' liteioctl volume show a
[ "$(j export list | jq -r '.items[0].volume')" = alpha ] || fail "the export has another name"
[ "$(md5sum </mnt/a/file)" = "$sum" ] || fail "who uses it notices"
liteioctl snapshot rename good better >/dev/null
[ "$(j snapshot show better | jq -r .volume)" = alpha ] || fail "the snapshot is not renamed"
agent_kill
agent_start
[ "$(j volume show alpha | jq -r .uuid)" = "$uuid" ] || fail "the name went back"
liteioctl volume rename alpha a >/dev/null
liteioctl volume delete b >/dev/null
ok "other names, in use"

# ---- clones, snapshots of snapshots ----

begin_writer /mnt/a
before=$(acknowledged)
liteioctl volume clone a c >/dev/null
liteioctl volume clone a c >/dev/null
refused 'another source' liteioctl volume clone c a
liteioctl volume clone a d --size 192Mi >/dev/null
refused 'smaller\|does not fit' liteioctl volume clone a e --size 64Mi
end_writer
found_whole c ext4 "$before"
found_whole d ext4 "$before"
[ "$(j volume show c | jq -r .origin)" = a ] || fail "the clone has no origin"
liteioctl snapshot copy better best >/dev/null
liteioctl snapshot copy better best >/dev/null
liteioctl snapshot delete better >/dev/null
liteioctl volume create e --pool fast --snapshot best >/dev/null
attach e 1
mount "$(device e)" /mnt/b
[ "$(md5sum </mnt/b/file)" = "$sum" ] || fail "the copy of the snapshot has other data"
umount /mnt/b
umount /mnt/a
detach a 3
liteioctl volume rollback a best >/dev/null
attach a 4
ok "clones, and snapshots of snapshots"
for v in c d e; do
	drop $v
done

# ---- several at once ----

liteioctl volume create x --pool fast --size 320Mi >/dev/null
attach x 1
mkfs.xfs -q "$(device x)"
mount "$(device x)" /mnt/x
mount "$(device a)" /mnt/a
# each number is acknowledged by the first volume before it is written to the second
begin_writer /mnt/a /mnt/x
refused 'no such volume' liteioctl snapshot group a=one q=two
[ "$(j snapshot list | jq '[.items[] | select(.name == "one")] | length')" = 0 ] || fail "half a group is there"
refused 'twice' liteioctl snapshot group a=one a=two
for n in 1 2 3; do
	before=$(acknowledged)
	liteioctl snapshot group a=one x=two >/dev/null
	liteioctl snapshot group x=two a=one >/dev/null
	until_true 60 writer_goes_on "$before"
	liteioctl volume create r-1 --pool fast --snapshot one >/dev/null
	liteioctl volume create r-2 --pool fast --snapshot two >/dev/null
	found_whole r-1 ext4 "$before"
	first=$last
	found_whole r-2 xfs "$before"
	[ $((first - last)) = 0 ] || [ $((first - last)) = 1 ] ||
		fail "the first volume of the group is at $first, the second at $last"
	for v in r-1 r-2; do
		drop $v
	done
	liteioctl snapshot delete one >/dev/null
	refused 'exist already' liteioctl snapshot group a=one x=two
	liteioctl snapshot delete two >/dev/null
done
end_writer
ids_agree
ok "a group is one moment of both"

# the second volume in another pool, and a third one of another class, which is not open
umount /mnt/x
liteioctl pool create slow /dev/disk/by-id/virtio-second --reserved 128Mi >/dev/null
liteioctl volume create y --pool slow --size 320Mi >/dev/null
liteioctl volume create z --pool slow --size 32Mi --class reserved >/dev/null
attach y 1
attach z 1
mkfs.xfs -q "$(device y)"
mount "$(device y)" /mnt/x
begin_writer /mnt/a /mnt/x
for n in 1 2 3; do
	before=$(acknowledged)
	liteioctl snapshot group a=one y=two z=three >/dev/null
	liteioctl snapshot group z=three y=two a=one >/dev/null
	until_true 60 writer_goes_on "$before"
	liteioctl volume create r-1 --pool fast --snapshot one >/dev/null
	liteioctl volume create r-2 --pool slow --snapshot two >/dev/null
	found_whole r-1 ext4 "$before"
	first=$last
	found_whole r-2 xfs "$before"
	[ $((first - last)) = 0 ] || [ $((first - last)) = 1 ] ||
		fail "in two pools the first volume of the group is at $first, the second at $last"
	for v in r-1 r-2; do
		drop $v
	done
	liteioctl snapshot delete two >/dev/null
	refused '2 of the 3 snapshots exist already' liteioctl snapshot group a=one y=two z=three
	liteioctl snapshot delete one >/dev/null
	liteioctl snapshot delete three >/dev/null
done
end_writer
[ "$(jq '.snapshots | length' /var/lib/liteio/groups.json)" = 0 ] || fail "groups are left: $(cat /var/lib/liteio/groups.json)"
umount /mnt/x
for v in y z; do
	drop $v
done
liteioctl pool delete slow >/dev/null
mount "$(device x)" /mnt/x
ids_agree
ok "a group of two pools and two classes is one moment of all of them"

# A filesystem with its log on another volume: freezing it may wait for what is held already, whichever is held first. The
# kernel may know better, so the group may be taken; that nobody waits for ever is what counts.
mkdir -p /mnt/log
for first in 1 f; do
	liteioctl volume create fs --pool fast --size 320Mi --uuid "${first}0000000-0000-4000-8000-000000000001" >/dev/null
	liteioctl volume create log --pool fast --size 80Mi --uuid 80000000-0000-4000-8000-000000000002 >/dev/null
	liteioctl volume attach fs >/dev/null
	liteioctl volume attach log >/dev/null
	mkfs.xfs -q -l logdev=/dev/liteio/log /dev/liteio/fs
	mount -o logdev=/dev/liteio/log /dev/liteio/fs /mnt/log
	begin_writer /mnt/log
	before=$(acknowledged)
	if ! timeout 120 liteioctl snapshot group fs=one log=two >/run/said 2>&1; then
		grep -q 'holding still took longer' /run/said || fail "the group: $(cat /run/said)"
		echo "# held too long"
	fi
	until_true 60 writer_goes_on "$before"
	end_writer
	umount /mnt/log
	for s in one two; do
		liteioctl snapshot delete $s >/dev/null
	done
	for v in fs log; do
		liteioctl volume detach $v >/dev/null
		liteioctl volume delete $v >/dev/null
	done
done
ok "a filesystem over two volumes is no trap"

# ---- deleting ----

liteioctl volume create big --pool fast --size 640Mi --wipe zero >/dev/null
attach big 1
begin_writer /mnt/a
# how long another volume's writes wait while somebody writes as much as the deletion is going to
before=$(acknowledged)
dd if=/dev/zero of="$(device big)" bs=1M count=600 oflag=direct status=none
until_true 60 writer_goes_on "$before"
calm=$(longest_wait "$before" "$(acknowledged)")
detach big 1
begun=$(acknowledged)
[ "$(j volume delete big --no-wait | jq -r .deleted)" = true ] || fail "it was not deleted"
agent_kill
before=$(acknowledged)
until_true 60 writer_goes_on "$before"
agent_start
shown=$(j volume show big | jq -r '[.state, .allocatedBytes] | join(" ")')
left=${shown#deleting }
[ "$left" != "$shown" ] && [ "$left" -gt 0 ] || fail "the volume is $shown"
until_true 60 less_is_left "$left"
until_true 300 no_deletions
before=$(acknowledged)
until_true 60 writer_goes_on "$before"
held=$(longest_wait "$begun" "$(acknowledged)")
end_writer
echo "# no write waited longer than $held hundredths of a second during it, and $calm before, $((before - begun)) were written"
[ "$held" -le $((4 * calm + 50)) ] || fail "another volume was held up"
refused 'no such volume' liteioctl volume show big
ok "deleting goes on after a kill, and holds up nobody"

# who opens it while it goes keeps it from going; it is no operation of ours, and its end is told to nobody
liteioctl volume create big --pool fast --size 320Mi --wipe zero >/dev/null
attach big 1
dd if=/dev/zero of="$(device big)" bs=1M count=300 oflag=direct status=none
big=liteio-thin-$(j volume show big | jq -r .uuid)
detach big 1
liteioctl volume delete big --no-wait >/dev/null
# it is taken out once, and comes back as one that takes discards
open_it() {
	local dev

	dev=$(dmsetup info -c --noheadings -o blkdevname "$big" 2>/dev/null) && [ -b "/dev/$dev" ] && { exec 8<"/dev/$dev"; } 2>/dev/null
}
until_true 60 open_it
until_true 60 grep -q 'space of deleted volumes' $AGENT_LOG
[ "$(j deletion list | jq '.items | length')" = 1 ] || fail "it has gone although somebody has it open"
exec 8<&-
until_true 120 no_deletions
ok "a deletion that failed is tried again"

umount /mnt/a /mnt/x
for v in a x; do
	drop $v
done
liteioctl snapshot delete best >/dev/null
[ "$(used)" = "$empty" ] || fail "$(used) bytes are in use, $empty were at the beginning"
ids_agree

# ---- space that a filesystem gives back ----

mkfs.ext4 -q /dev/disk/by-id/virtio-files
mkdir -p /mnt/files
mount /dev/disk/by-id/virtio-files /mnt/files
liteioctl pool create file /mnt/files/pool.img --size 640Mi >/dev/null
liteioctl volume create t --pool file --size 256Mi >/dev/null
attach t 1
mkfs.ext4 -q "$(device t)"
mount "$(device t)" /mnt/a
numbers() {
	sync -f /mnt/a
	sync -f /mnt/files
	echo "$(j volume show t | jq .allocatedBytes) $(j pool show file | jq .dataUsedBytes) $(($(stat -c %b /mnt/files/pool.img) * 512))"
}
dd if=/dev/urandom of=/mnt/a/file bs=1M count=128 conv=fsync status=none
read -r volume1 pool1 file1 <<<"$(numbers)"
rm /mnt/a/file
sync -f /mnt/a
fstrim /mnt/a
read -r volume2 pool2 file2 <<<"$(numbers)"
echo "# volume $volume1 -> $volume2, pool $pool1 -> $pool2, file $file1 -> $file2"
for pair in "$volume1 $volume2" "$pool1 $pool2" "$file1 $file2"; do
	read -r was is <<<"$pair"
	[ $((was - is)) -ge $((120 << 20)) ] || fail "after the trim $is bytes are in use, $was were"
done
umount /mnt/a
drop t
liteioctl pool delete file >/dev/null
ok "what a filesystem trims comes back to the pool and to the file below"

doctor_is_silent
liteioctl pool delete fast >/dev/null
agent_stop
grep -q 'level=error' $AGENT_LOG && fail "the agent complained: $(grep level=error $AGENT_LOG)"
exit 0
