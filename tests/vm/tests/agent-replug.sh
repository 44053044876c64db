#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk that is pulled out and plugged in again: the pool says what has become of it, and is opened from the disk that is
# back, under whatever name, with its attachments. Below a volume that is open nothing is exchanged. What is under way when
# the disk goes is refused in a sentence.
# vm: kernels=6.12 disks=pool=512M,other=256M timeout=600 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"

# "pull", out of the machine; "plug" puts it back, as another disk as long as somebody has the old one
node=/dev/disk/by-id/virtio-pool
driver=/sys/bus/virtio/drivers/virtio_blk
pulled=$(basename "$(readlink -f "/sys/class/block/$(basename "$DISK")/device")")
pull() {
	echo "$pulled" >$driver/unbind
	until_true 30 test ! -e $node
}
plug() {
	echo "$pulled" >$driver/bind
	until_true 30 test -b $node
}
state() { j pool show fast | jq -r .state; }
is_ready() { [ "$(state)" = ready ]; }
is_gone() { j pool show fast | grep -q 'a disk of it was taken away'; }

agent_start
liteioctl pool create fast "$DISK" >/dev/null
liteioctl pool create quick /dev/disk/by-id/virtio-other >/dev/null
liteioctl volume create a --pool fast --size 64Mi >/dev/null
liteioctl volume create b --pool quick --size 16Mi >/dev/null
liteioctl volume attach a >/dev/null
yes fast | head -c 4M >/run/data || true
dd if=/run/data of=/dev/liteio/a bs=1M oflag=direct conv=fsync status=none
before=$(j volume show a | jq -c '[.uuid, .floor, .attachments]')

pull
is_gone || fail "nothing is said: $(j pool show fast)"
[ "$(state)" = failed ] || fail "without its disk the pool is $(state)"
refused 'taken away' liteioctl volume create c --pool fast --size 16Mi
liteioctl volume attach b >/dev/null
liteioctl snapshot create s b >/dev/null
ok "a pool without its disk says so; the other one is served"

plug
until_true 60 is_ready
[ "$(readlink -f $node)" != "$DISK" ] || fail "the disk came back as the same one: nothing is shown"
[ "$(j pool show fast | jq -r .device)" = "$(readlink -f $node)" ] || fail "the pool is on $(j pool show fast)"
[ "$(j volume show a | jq -c '[.uuid, .floor, .attachments]')" = "$before" ] || fail "another right: $(j volume show a)"
cmp -n 4M /run/data /dev/liteio/a || fail "other data"
dd if=/run/data of=/dev/liteio/a bs=1M seek=8 oflag=direct conv=fsync status=none
liteioctl volume create c --pool fast --size 16Mi >/dev/null
ok "the disk is back: so are the pool, its attachment and its data"

mkfs.ext4 -q /dev/liteio/a
mkdir -p /mnt/a
mount /dev/liteio/a /mnt/a
pull
plug
refused 'volume a is open here.*unmount' liteioctl pool import "$(readlink -f $node)"
[ "$(state)" = failed ] || fail "exchanged below a filesystem: $(state)"
until_true 60 grep -q 'volume a is open here' $AGENT_LOG
umount /mnt/a
until_true 60 is_ready
fsck.ext4 -fn /dev/liteio/a >/dev/null 2>&1 || fsck.ext4 -fp /dev/liteio/a >/dev/null 2>&1 || [ $? -le 1 ] ||
	fail "the filesystem is damaged"
ok "below what is open nothing is exchanged; closed, it comes by itself"

# whatever the disk was needed for last
create_on() {
	local n=0

	while liteioctl volume create "x$n" --pool fast --size 4Mi >/run/said 2>&1; do
		n=$((n + 1))
		echo $n >/run/made
	done
}
create_on &
creator=$!
until_true 60 test -e /run/made
pull
wait $creator
[ "$(wc -l </run/said)" = 1 ] || fail "more than a sentence: $(cat /run/said)"
grep -q 'taken away\|cannot\|error' /run/said || fail "refused with $(cat /run/said)"
echo "# $(cat /run/said)"
plug
until_true 60 is_ready
for n in $(seq 0 $(($(cat /run/made) - 1))); do
	liteioctl volume show "x$n" >/dev/null || fail "x$n was made, and is not there"
done
liteioctl volume create "x$(cat /run/made)" --pool fast --size 4Mi >/dev/null
agent_stop
agent_start
is_ready || fail "after a restart it is $(state)"
ok "a disk that goes in the middle: a sentence, and what was made is there"
