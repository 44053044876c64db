#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pools that grow, go and come. A partition becomes larger under a volume that is written to; a full pool
# writes again; metadata grows with the data; what would shrink is refused. An exported pool is opened by an
# import only; copies, stale ones too, another writer, a newer format: refused with a sentence, and not a byte
# is written. All data is read back and compared.
# vm: kernels=6.1,6.12,7 disks=pool=256M,copy=256M,more=96M,big=64M/4096 timeout=1500 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$LITEIO_TOP/tests/vm/lib/pool.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/snapshots.sh
. "$LITEIO_TOP/tests/vm/lib/snapshots.sh"

copy=$(readlink -f /dev/disk/by-id/virtio-copy)
part=${DISK}1
mib=$((1 << 20))

# what was ever written to a device and discarded on it: operations and sectors, as the kernel counts them
writes() { awk '{ print $5, $7, $12, $14 }' "/sys/class/block/$(basename "$1")/stat"; }

# unwritten DEVICE PATTERN COMMAND...: it is refused with this in its sentence, and nothing is written to the device
unwritten() {
	local device=$1 before

	before=$(writes "$device")
	shift
	refused "$@"
	[ "$(writes "$device")" = "$before" ] || fail "$device was written by what was refused: $*"
}

none_active() { [ -z "$(dmsetup ls | grep liteio || true)" ] || fail "devices stayed: $(dmsetup ls)"; }

# ---- larger

printf 'label: gpt\nsize=96M\n' | sfdisk -q "$DISK"
until_true 30 test -b "$part"
poolctl format "$part" fast >/dev/null
small=$(value "$part" data)
poolctl create "$part" $V1 one 64Mi
one=$(poolctl activate "$part" $V1)
before=$(writes "$part")
fill "$one" 24 before
[ "$(writes "$part")" != "$before" ] || fail "writes are not counted"
refused 'only for pools in files' poolctl enlarge "$part" 1Gi
poolctl enlarge "$part"
field "$part" data "$small"
ok "with nothing to gain nothing changes"

# who writes meanwhile does not notice
STAMPS=/run/stamps stampwriter write "$one" 1 64 2 >/run/writer &
writer=$!
until_true 60 grep -q running /run/writer
resize "$DISK" 160
field "$part" data "$small"
poolctl enlarge "$part"
field "$part" data $((small + 64 * mib))
kill -TERM $writer
wait $writer || true
grep -q 'failed 0' /run/writer || fail "the writer noticed: $(cat /run/writer)"
stampwriter verify "$one" 1 64 /run/stamps
poolctl close "$part"
none_active
one=$(poolctl activate "$part" $V1)
stampwriter verify "$one" 1 64 /run/stamps
fill "$one" 24 after
poolctl create "$part" $V2 two 96Mi
fill "$(poolctl activate "$part" $V2)" 96 more
poolctl close "$part"
holds "$(poolctl activate "$part" $V1)" 24 after
holds "$(poolctl activate "$part" $V2)" 96 more
ok "a partition grew under a volume in use, and all of it is there"

poolctl close "$part"
dd if=/dev/urandom of="$part" bs=4096 seek=1 count=1 oflag=direct conv=notrunc,fsync status=none
[ "$(poolctl probe "$part")" = 'fast backup' ] || fail "there is no backup label at the new end"
field "$part" data $((small + 64 * mib))
[ "$(poolctl probe "$part")" = 'fast first' ] || fail "the label was not mended"
ok "the backup label is at the new end"

# larger while it was closed, and the newer one of its labels is where it ended before
poolctl close "$part"
dd if="$part" of=/run/label bs=4096 skip=1 count=1 iflag=direct status=none
poolctl export "$part"
dd if=/run/label of="$part" bs=4096 seek=1 count=1 oflag=direct conv=notrunc,fsync status=none
resize "$DISK" 168
refused 'was exported' poolctl info "$part"
poolctl import "$part"
ok "a newer label at the end from before counts"

poolctl enlarge "$part"
field "$part" data $((small + 72 * mib))
poolctl close "$part"
resize "$DISK" 120
unwritten "$part" 'smaller than the pool' poolctl info "$part"
unwritten "$part" 'smaller than the pool' poolctl import "$part"
resize "$DISK" 168
field "$part" condition Ready
holds "$(poolctl activate "$part" $V2)" 96 more
ok "a partition that became smaller is refused, and nothing is written"

poolctl create "$part" $V3 three 64Mi
three=$(poolctl activate "$part" $V3)
refused 'No space' dd if=/dev/zero of="$three" bs=1M oflag=direct status=none
field "$part" condition NoSpace
resize "$DISK" 200
# as one that was killed while it grew leaves it
dmsetup suspend --noflush "$(dmsetup ls | sed -n 's/^\(liteio-tdata-[^ \t]*\).*/\1/p')"
poolctl enlarge "$part"
! dmsetup info -c --noheadings -o name,suspended | grep -i ':suspended$' || fail "a device is held"
field "$part" condition Ready
fill "$three" 40 again
holds "$three" 40 again
holds "$(poolctl activate "$part" $V1)" 24 after
poolctl delete "$part" $V3
poolctl reclaim "$part"
ok "a full pool writes again when it has grown"

# ---- metadata, and files

img=/tmp/pool.img
img_uuid=$(poolctl format $img small 128M)
poolctl create $img $V4 four 32Mi
fill "$(poolctl activate $img $V4)" 8 file
refused 'can not shrink' poolctl enlarge $img 64Mi
poolctl enlarge $img 160Mi
[ "$(stat -c %s $img)" = $((160 * mib)) ] || fail "the file did not grow"
truncate -s 16G $img
poolctl enlarge $img
[ "$(value $img data)" -gt $((15 * 1024 * mib)) ] || fail "it has $(value $img data) bytes"
lines=$(dmsetup table "liteio-tmeta-$img_uuid" | wc -l)
[ "$lines" = 2 ] || fail "the metadata has $lines parts"
holds "$(poolctl activate $img $V4)" 8 file
poolctl create $img $S1 large 8Gi
dd if=/dev/zero of="$(poolctl activate $img $S1)" bs=1M seek=8000 count=16 oflag=direct conv=fsync status=none
poolctl close $img
loop_gone pool.img
holds "$(poolctl activate $img $V4)" 8 file
field $img condition Ready
# not closed in order: its metadata in two parts is checked
for device in thin-$V4 pool-$img_uuid tdata-$img_uuid tmeta-$img_uuid; do
	dmsetup remove --retry "liteio-$device"
done
field $img condition Ready
holds "$(poolctl activate $img $V4)" 8 file
poolctl export $img
loop_gone pool.img
refused 'was exported' poolctl info $img
loop_gone pool.img
poolctl import $img
holds "$(poolctl activate $img $V4)" 8 file
poolctl close $img
rm -f $img
ok "a file grows, and its metadata with it"

# ---- export and import

poolctl attach "$part" $V1 1 nqn.one
# whoever opens it next writes the attachment to the other slot, too
field "$part" condition Ready
unwritten "$part" 'volume one is attached (generation 1)' poolctl export "$part"
poolctl floor "$part" $V1 2
exec 9<"$(poolctl activate "$part" $V1)"
refused 'is open' poolctl export "$part"
exec 9<&-
holds "$(poolctl activate "$part" $V1)" 24 after
poolctl export "$part"
none_active
[ "$(poolctl probe "$part")" = 'fast first exported' ] || fail "the label does not say it"
unwritten "$part" 'was exported' poolctl info "$part"
refused 'carries the pool fast already' poolctl format "$part" other 0 force
poolctl import "$part"
[ "$(poolctl probe "$part")" = 'fast first' ] || fail "the label says it still"
holds "$(poolctl activate "$part" $V1)" 24 after
poolctl list "$part" | grep -q '^volume one ready .* floor=2 ' || fail "the floor is not what it was"
ok "an exported pool is opened by an import, and only by that"

# ---- copies

poolctl close "$part"
dd if="$part" of="$copy" bs=1M oflag=direct conv=fsync status=none
for device in "$part" "$copy"; do
	unwritten "$part" 'is there twice.*both in the same state' poolctl info "$device"
	unwritten "$copy" 'is there twice.*both in the same state' poolctl import "$device"
done
none_active
# out of sight, and back
hide() { dd if="$copy" of=/run/label bs=4096 skip=1 count=1 iflag=direct status=none &&
	dd if=/dev/zero of="$copy" bs=4096 seek=1 count=1 oflag=direct conv=notrunc,fsync status=none; }
show() { dd if=/run/label of="$copy" bs=4096 seek=1 count=1 oflag=direct conv=notrunc,fsync status=none; }
hide
poolctl floor "$part" $V1 7
poolctl close "$part"
show
for device in "$part" "$copy"; do
	unwritten "$part" "$copy is a stale copy" poolctl import "$device"
	unwritten "$copy" "$copy is a stale copy" poolctl info "$device"
done
hide
one=$(poolctl activate "$part" $V1)
show
holds "$one" 24 after
field "$part" condition Ready
unwritten "$copy" 'is in use from the device' poolctl import "$copy"
unwritten "$copy" 'is in use from the device' poolctl info "$copy"
[ "$(poolctl activate "$part" $V1)" = "$one" ] || fail "the pool in use was touched"
holds "$one" 24 after
hide
ok "a pool that is there twice is refused, the stale one named; one in use goes on"

# ---- another writer

poolctl close "$part"
unwritten "$copy" 'no pool' poolctl import "$copy"
poolctl info "$part" >/dev/null
txid=$(value "$part" txid)
dmsetup message "liteio-pool-$(dmsetup ls | sed -n 's/^liteio-pool-\([^ \t]*\).*/\1/p')" 0 "set_transaction_id $txid 77"
poolctl close "$part"
unwritten "$part" 'another program has written' poolctl import "$part"
none_active
before=$(dd if="$part" bs=1M count=3 iflag=direct status=none | sha256sum)
field "$part" condition ReadOnly
# by whoever opens it next, too, which finds it in the kernel
field "$part" reason TransactionMismatch
refused 'EROFS.*another program has written' poolctl attach "$part" $V1 9 nqn.one ro
holds "$(poolctl activate "$part" $V1)" 24 after
refused 'another program has written' poolctl enlarge "$part"
refused 'another program has written' poolctl export "$part"
poolctl close "$part"
[ "$(dd if="$part" bs=1M count=3 iflag=direct status=none | sha256sum)" = "$before" ] ||
	fail "labels or catalog were written"
ok "another writer: no import; opened, it can be read, and nothing is written"

# ---- a newer format

newer() {
	PYTHONPATH=$LITEIO_TOP/tests/vm/lib python3 - "$part" <<-'END'
	import os, struct, sys
	from ondisk import seal
	fd = os.open(sys.argv[1], os.O_RDWR)
	label = bytearray(os.pread(fd, 4096, 4096))
	label[20:24] = struct.pack('<I', 2)
	seal(label)
	os.pwrite(fd, label, 4096)
	os.fsync(fd)
	END
}
newer
unwritten "$part" 'format version 2' poolctl import "$part"
unwritten "$part" 'format version 2' poolctl info "$part"
ok "a newer format is refused, though the backup label is of the older one"

# ---- several disks

more=$(readlink -f /dev/disk/by-id/virtio-more)

# ends DEVICE MIB: zeros over the labels of a disk of this size
ends() {
	dd if=/dev/zero of="$1" bs=1M count=1 oflag=direct conv=notrunc,fsync status=none
	dd if=/dev/zero of="$1" bs=1M seek=$(($2 - 1)) count=1 oflag=direct conv=notrunc,fsync status=none
}

# pull DISK NODE: out of the machine; "plug" puts it back
pull() {
	pulled=$(basename "$(readlink -f "/sys/class/block/$(basename "$1")/device")")
	echo "$pulled" >/sys/bus/virtio/drivers/virtio_blk/unbind
	until_true 30 [ ! -e "$2" ]
}
plug() {
	echo "$pulled" >/sys/bus/virtio/drivers/virtio_blk/bind
	until_true 30 test -b "$1"
	udevadm settle
}

ends "$part" 200
ends "$copy" 256
poolctl format "$part" wide >/dev/null
small=$(value "$part" data)
poolctl create "$part" $V1 one 64Mi
fill "$(poolctl activate "$part" $V1)" 16 home
poolctl close "$part"
# home as it was when it was alone
dd if="$part" of="$copy" bs=1M oflag=direct conv=fsync status=none
hide
refused 'has blocks of 4096 bytes' poolctl enlarge "$part" 0 /dev/disk/by-id/virtio-big
mkfs.ext4 -q "$more"
refused 'signature: ext4' poolctl enlarge "$part" 0 "$more"
refused 'has 1 partitions' poolctl enlarge "$part" 0 "$DISK"
refused 'has 1 partitions' poolctl enlarge "$part" 0 "$DISK" force
poolctl enlarge "$part" 0 "$part"
field "$part" data "$small"
poolctl enlarge "$part" 0 "$more" force
large=$(value "$part" data)
[ "$large" -gt $((small + 90 * mib)) ] || fail "it has only $large bytes"
poolctl enlarge "$part" 0 "$more"
field "$part" data "$large"
poolctl create "$part" $V2 two 220Mi
fill "$(poolctl activate "$part" $V2)" 220 wide
poolctl close "$part"
none_active
[ "$(poolctl probe "$more")" = 'wide first' ] || fail "the second disk has no label"
# from either
holds "$(poolctl activate "$more" $V2)" 220 wide
poolctl close "$more"
holds "$(poolctl activate "$part" $V1)" 16 home
refused 'carries the pool wide already' poolctl format "$more" other 0 force
ok "a second disk: one pool over both, found from either"

poolctl close "$part"
pull "$DISK" "$part"
show
unwritten "$copy" 'is a stale copy: it does not know disk 2' poolctl info "$copy"
unwritten "$more" 'is a stale copy: it does not know disk 2' poolctl enlarge "$copy" 0 "$more"
unwritten "$more" 'is a stale copy: it does not know disk 2' poolctl info "$more"
hide
plug "$part"
ok "a first disk from before it had a second is refused, and the second one is not taken for new"

# what the first one gains is behind what the second one has
resize "$DISK" 240
poolctl enlarge "$part"
# that begins at a MiB of its own
got=$(value "$part" data)
[ "$got" -gt $((large + 39 * mib)) ] && [ "$got" -le $((large + 40 * mib)) ] || fail "it has $got bytes, and had $large"
poolctl create "$part" $V3 three 30Mi
fill "$(poolctl activate "$part" $V3)" 30 last
poolctl close "$part"
for v in "$V1 16 home" "$V2 220 wide" "$V3 30 last"; do
	read -r uuid size word <<<"$v"
	holds "$(poolctl activate "$part" "$uuid")" "$size" "$word"
done
poolctl close "$part"
ok "the first of two disks grows, and nothing moves"

pull "$more" "$more"
unwritten "$part" 'disk 2 of them is missing' poolctl info "$part"
unwritten "$part" 'disk 2 of them is missing' poolctl import "$part"
plug "$more"
pull "$DISK" "$part"
unwritten "$more" 'disk 1 of them is missing' poolctl import "$more"
plug "$part"
none_active
field "$part" condition Ready
poolctl close "$part"
ok "without one of its disks a pool is refused"

# of the second disk, from before
dd if="$more" of="$copy" bs=1M oflag=direct conv=fsync status=none
unwritten "$part" 'disk 2 of pool wide is there twice' poolctl info "$part"
unwritten "$copy" 'disk 2 of pool wide is there twice' poolctl import "$copy"
hide
fill "$(poolctl activate "$part" $V1)" 16 newer
unwritten "$copy" 'no pool' poolctl info "$copy"
poolctl close "$part"
show
pull "$more" "$more"
unwritten "$part" 'is a stale copy of disk 2' poolctl info "$part"
unwritten "$copy" 'is a stale copy of disk 2' poolctl import "$copy"
plug "$more"
# of the first one
dd if="$part" of="$copy" bs=1M oflag=direct conv=fsync status=none
hide
holds "$(poolctl activate "$part" $V1)" 16 newer
show
# one in use is known by who has it
field "$more" condition Ready
unwritten "$copy" 'is a stale copy' poolctl import "$copy"
poolctl close "$more"
pull "$DISK" "$part"
unwritten "$more" 'the first disk of pool wide is a stale copy' poolctl import "$copy"
unwritten "$copy" 'the first disk of pool wide is a stale copy' poolctl info "$more"
plug "$part"
ends "$copy" 256
none_active
# an image of what a round that was cut short has left
resize "$DISK" 244
field "$part" condition Ready
rc=0
LITEIO_STEP_KILL=label:others poolctl enlarge "$part" || rc=$?
[ $rc = 137 ] || fail "label:others was not reached: $rc"
dd if="$more" of="$copy" bs=1M oflag=direct conv=fsync status=none
hide
field "$part" condition Ready
for kind in thin pool tdata tmeta; do
	for name in $(dmsetup ls | sed -n "s/^\(liteio-$kind-[^ \t]*\).*/\1/p"); do
		dmsetup remove --retry "$name"
	done
done
show
pull "$more" "$more"
unwritten "$part" 'is a stale copy of disk 2' poolctl info "$part"
plug "$more"
ends "$copy" 256
holds "$(poolctl activate "$part" $V1)" 16 newer
poolctl close "$part"
none_active
ok "a copy of one of the disks, from before, is told from it"

poolctl export "$more"
none_active
unwritten "$part" 'was exported' poolctl info "$part"
unwritten "$more" 'was exported' poolctl info "$more"
poolctl import "$more"
holds "$(poolctl activate "$part" $V3)" 30 last
for v in $V1 $V2 $V3; do
	poolctl delete "$part" "$v"
done
poolctl reclaim "$part"
poolctl destroy "$part"
refused 'no pool' poolctl probe "$part"
refused 'no pool' poolctl probe "$more"
# nor is it found on a part of the disk that ends where the disk ended before
for size in 240 200; do
	resize "$DISK" $size
	refused 'no pool' poolctl probe "$part"
done
ok "a pool on two disks goes, comes, and is deleted"

# ---- the agent

ends "$copy" 256
resize "$DISK" 96
agent_start
liteioctl pool create fast "$part" >/dev/null
liteioctl pool create late "$copy" >/dev/null
liteioctl volume create a --pool fast --size 64Mi >/dev/null
liteioctl volume create b --pool late --size 64Mi >/dev/null
attach a 1
mkfs.ext4 -q "$(device a)"
mkdir -p /run/m
mount "$(device a)" /run/m
text 16 agent >/run/m/file
small=$(j pool show fast | jq .dataBytes)
resize "$DISK" 160
[ "$(j pool grow fast | jq .dataBytes)" = $((small + 64 * mib)) ] || fail "the agent's pool did not grow"
[ "$(j pool grow fast | jq .dataBytes)" = $((small + 64 * mib)) ] || fail "it grew twice"
refused 'only for pools in files' liteioctl pool grow fast --size 1Gi
refused 'no such pool' liteioctl pool grow none
text 16 agent | cmp - /run/m/file
refused 'volume a is attached' liteioctl pool export fast
[ "$(j pool list | jq -r '[.items[].name] | sort | join(" ")')" = 'fast late' ] || fail "a refused export took a pool away"
text 16 agent | cmp - /run/m/file
umount /run/m
detach a 1
refused 'not an absolute path' liteioctl pool grow fast --add vdc
refused 'carries the pool late already' liteioctl pool grow fast --add "$copy"
refused 'carries the pool late already' liteioctl pool grow fast --add "$copy" --force
ok "the agent: a pool grows under a file system, and is not exported while that is there"

uuid=$(j pool show late | jq -r .uuid)
attach b 1
fill "$(device b)" 16 late
detach b 1
[ "$(j pool export late | jq -c '[.exported, .uuid]')" = "[true,\"$uuid\"]" ] || fail "it was not exported"
[ "$(j pool export late | jq -c '[.exported, .uuid]')" = "[true,\"$uuid\"]" ] || fail "not exported again"
refused 'no such pool' liteioctl pool export none
[ "$(j pool list | jq -r '[.items[].name] | join(" ")')" = fast ] || fail "it is still open"
! dmsetup ls | grep "$uuid" || fail "its devices stayed"
! grep -q "$uuid" /var/lib/liteio/pools.json || fail "it is still known"
# the configuration names this disk, and it is not opened all the same
agent_stop
agent_start
[ "$(j pool list | jq -r '[.items[].name] | join(" ")')" = fast ] || fail "the start opened an exported pool"
grep -q "the pool on $copy was exported" $AGENT_LOG || fail "the start says nothing of it"
refused 'carries the pool late already' liteioctl pool create late "$copy"
[ "$(j pool import "$copy" | jq -r '[.name, .state] | join(" ")')" = 'late ready' ] || fail "it was not imported"
[ "$(j pool import "$copy" | jq -r .name)" = late ] || fail "not imported again"
attach b 2
holds "$(device b)" 16 late
detach b 2
agent_stop
agent_start
[ "$(j pool list | jq '.items | length')" = 2 ] || fail "an imported pool is not opened at the next start"
ok "the agent: an exported pool stays away until it is imported"

for step in pool-close:catalog-clean label:one-copy pool-export:label agent-pool-export:closed agent-pool-export:forgotten; do
	agent_stop
	LITEIO_STEP_KILL=$step agent_start
	liteioctl pool export late >/dev/null 2>&1 || true
	agent_wait_dead || fail "nothing was killed at $step"
	agent_start
	case $step in
	pool-close:*) [ "$(j pool show late | jq -r .state)" = ready ] || fail "$step: not as if never begun" ;;
	*)
		refused 'no such pool' liteioctl pool show late
		! grep -q "$uuid" /var/lib/liteio/pools.json || fail "$step: it is still known"
		;;
	esac
	[ "$(j pool export late | jq -r .exported)" = true ] || fail "$step: not done again"
	liteioctl pool import "$copy" >/dev/null || fail "$step: not imported"
done
ok "the agent: killed while it exports, it has exported or it has not"

liteioctl pool export late >/dev/null
liteioctl pool import --all >/run/said || fail "not all were imported: $(cat /run/said)"
grep -q "^late  *$copy  *yes" /run/said || fail "import --all said $(cat /run/said)"
liteioctl pool import --all | grep late && fail "what is open is imported again"
# a second disk
liteioctl pool grow late --add "$more" >/dev/null
[ "$(j pool show late | jq -c .moreDevices)" = "[\"$more\"]" ] || fail "the second disk is not said"
attach b 7
fill "$(device b)" 32 both
agent_kill
agent_start
[ "$(j pool list | jq -c '[.items[].state]')" = '["ready","ready"]' ] || fail "not open after a start: $(j pool list)"
holds "$(device b)" 32 both
# a disk that comes later than the agent
agent_kill
for kind in head thin pool tdata tmeta; do
	for name in $(dmsetup ls | sed -n "s/^\(liteio-$kind-[^ \t]*\).*/\1/p"); do
		dmsetup remove --retry "$name"
	done
done
pull "$more" "$more"
agent_start
[ "$(j pool list | jq -r '[.items[].name] | join(" ")')" = fast ] || fail "it is open without one of its disks"
plug "$more"
until_true 60 liteioctl pool show late
# as whoever uses it asks after a restart
attach b 7
holds "$(device b)" 32 both
detach b 7
[ "$(j pool export late | jq -c .devices)" = "[\"$copy\",\"$more\"]" ] || fail "it was on two disks"
liteioctl pool import --all >/run/said || fail "not all were imported: $(cat /run/said)"
[ "$(j pool list | jq '.items | length')" = 2 ] || fail "import --all did not find it"
liteioctl pool import "$more" >/dev/null
liteioctl pool export late >/dev/null
ok "the agent: a pool on two disks"

ends "$more" 96
# a copy of the pool in use
dd if="$part" of="$copy" bs=1M count=2 oflag=direct conv=fsync status=none
unwritten "$copy" "is open on $part" liteioctl pool import "$copy"
rc=0
liteioctl pool import --all >/run/said 2>/run/err || rc=$?
[ $rc = 1 ] || fail "a pool that was not imported is no failure"
grep -q '1 of 1 pools were not imported' /run/err || fail "import --all: $(cat /run/err)"
grep -q "carries a copy" /run/said || fail "import --all said $(cat /run/said)"
agent_stop
agent_start
[ "$(j pool show fast | jq -r .device)" = "$part" ] || fail "the start took the copy"
grep -q "$copy carries a copy of" $AGENT_LOG || fail "the start says nothing of the copy"
attach a 2
mount "$(device a)" /run/m
text 16 agent | cmp - /run/m/file
umount /run/m
detach a 2
agent_stop
ok "the agent: import of all says of each what came of it, and a copy is left alone"
