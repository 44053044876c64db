#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk that is pulled out and plugged in again: the pool says what has become of it, and is opened from the disk that is
# back, under whatever name, with its attachments. Below a volume that is open nothing is exchanged. What is under way when
# the disk goes is refused in a sentence. What another node has attached is ended, whatever is started anew in between, and a
# stale clone takes no place.
# vm: kernels=6.12 disks=pool=512M,other=256M,clone=512M timeout=1200 needs=module,tools,programs

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
clone=/dev/disk/by-id/virtio-clone
cloned=$(basename "$(readlink -f "/sys/class/block/$(basename "$(readlink -f $clone)")/device")")
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
nqn=$(j node show | jq -r .hostNQN)
liteioctl volume create r --pool fast --size 16Mi >/dev/null
liteioctl export create r 1 --host-nqn "$nqn" >/dev/null
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

# whatever it has written and not flushed is gone, and its next flush must not succeed
refused 'fenced' liteioctl export create r 1 --host-nqn "$nqn"
liteioctl export create r 2 --host-nqn "$nqn" >/dev/null
[ "$(j export list | jq -c '[.items[] | select(.generation == 2) | .ready]')" = '[true]' ] || fail "exports: $(j export list)"
agent_stop
agent_start
refused 'fenced' liteioctl export create r 1 --host-nqn "$nqn"
liteioctl export delete r 2 >/dev/null
ok "the consumer of another node is not let in by its old right, and is by a new one"

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

# in_the_middle STEP NAME: "STEP N" is done over and over (N: 1, 2, ...), and then the disk NAME is pulled out; the one that is
# refused says why in a sentence. "made" is how many were done before.
in_the_middle() {
	local step=$1 name=$2 worker

	rm -f /run/made
	{
		made=0
		while "$step" $((made + 1)) >/dev/null 2>/run/said; do
			made=$((made + 1))
			echo $made >/run/made
		done
	} &
	worker=$!
	until_true 120 begun $worker
	[ -s /run/made ] || fail "$step: the first one already: $(cat /run/said)"
	"${name}_out"
	wait $worker
	made=$(cat /run/made)
	[ "$(wc -l </run/said)" = 1 ] || fail "$step: more than a sentence: $(cat /run/said)"
	echo "# $step, after $made: $(cat /run/said)"
}
begun() { [ -s /run/made ] || ! kill -0 "$1"; }
fast_out() { pull; }
clone_out() {
	echo "$cloned" >$driver/unbind
	until_true 30 test ! -e $clone
}
clone_in() {
	echo "$cloned" >$driver/bind
	until_true 30 test -b $clone
}
back() {
	plug
	until_true 60 is_ready
}

snapshot() { liteioctl snapshot create "t$1" a; }
in_the_middle snapshot fast
back
for n in $(seq "$made"); do
	liteioctl snapshot delete "t$n" >/dev/null
done
# the one that was refused may be there
liteioctl snapshot delete "t$((made + 1))" >/dev/null
grown() { j volume show a | jq .sizeBytes; }
size=$(grown)
grow() { liteioctl volume grow a --size $((size + ($1 << 20))); }
in_the_middle grow fast
back
[ "$(grown)" = $((size + (made << 20))) ] || [ "$(grown)" = $((size + (made + 1 << 20))) ] ||
	fail "$made times 1 MiB more than $size bytes is $(grown)"
[ "$(blockdev --getsize64 /dev/liteio/a)" = "$(grown)" ] || fail "its device has $(blockdev --getsize64 /dev/liteio/a) bytes"
for n in $(seq 12); do
	liteioctl volume create "d$n" --pool fast --size 4Mi >/dev/null
done
# every second one has a thin device
for n in $(seq 1 2 12); do
	liteioctl volume attach "d$n" >/dev/null
	liteioctl volume detach "d$n" >/dev/null
done
remove() {
	if [ "$1" -gt 12 ]; then
		liteioctl volume create d1 --pool fast --size 4Mi && liteioctl volume delete d1
	else
		liteioctl volume delete "d$1"
	fi
}
in_the_middle remove fast
back
for n in $(seq "$made"); do
	[ "$n" -gt 12 ] || refused 'no such volume' liteioctl volume show "d$n"
done
for n in $(seq 12); do
	liteioctl volume delete "d$n" >/dev/null
done
doctor_is_silent
ok "a disk that goes in the middle of a snapshot, a growth, a deletion: done, or as if never begun"

# the pool itself: made, given another disk, taken away, closed and opened
settled() { j pool list | jq -e '[.items[] | select(.name == "p" and .state != "ready")] == []' >/dev/null; }
fresh() {
	clone_in
	until_true 60 settled
	liteioctl pool delete p >/dev/null 2>&1 || true
	# what was begun has its label there, or none
	liteioctl pool create p $clone --force >/dev/null
	liteioctl pool delete p >/dev/null
	doctor_is_silent
}
make() { liteioctl pool create p $clone && liteioctl pool delete p; }
in_the_middle make clone
fresh
liteioctl volume detach b >/dev/null
liteioctl snapshot delete s >/dev/null
liteioctl volume delete b >/dev/null
liteioctl pool delete quick >/dev/null
add() {
	liteioctl pool create p /dev/disk/by-id/virtio-other && liteioctl pool grow p --add $clone && liteioctl pool delete p
}
in_the_middle add clone
clone_in
until_true 60 settled
liteioctl pool delete p >/dev/null 2>&1 || true
liteioctl pool create p /dev/disk/by-id/virtio-other --force >/dev/null
liteioctl pool grow p --add $clone --force >/dev/null
liteioctl volume create v --pool p --size 16Mi >/dev/null
liteioctl volume attach v >/dev/null
dd if=/run/data of=/dev/liteio/v bs=1M oflag=direct conv=fsync status=none
liteioctl volume detach v >/dev/null
carry() { liteioctl pool export p && liteioctl pool import /dev/disk/by-id/virtio-other; }
in_the_middle carry clone
clone_in
# exported and not imported, open, or known and not open
opened() { liteioctl pool import /dev/disk/by-id/virtio-other >/dev/null 2>&1; settled && liteioctl pool show p >/dev/null; }
until_true 60 opened
liteioctl volume attach v >/dev/null
cmp -n 4M /run/data /dev/liteio/v || fail "other data"
liteioctl volume detach v >/dev/null
liteioctl volume delete v >/dev/null
liteioctl pool delete p >/dev/null
liteioctl pool create quick /dev/disk/by-id/virtio-other >/dev/null
liteioctl volume create b --pool quick --size 16Mi >/dev/null
liteioctl volume attach b >/dev/null
doctor_is_silent
ok "and of a pool that is made, grows, is exported and imported"

# an image of the disk, of before the last change
agent_stop
dd if=$node of=$clone bs=1M oflag=direct conv=fsync status=none
echo "$cloned" >$driver/unbind
until_true 30 test ! -e $clone
agent_start
is_ready || fail "after a restart it is $(state)"
liteioctl volume create late --pool fast --size 4Mi >/dev/null
pull
echo "$cloned" >$driver/bind
until_true 30 test -b $clone
until_true 60 grep -q 'is to take its place: .*import it by hand if it is meant' $AGENT_LOG
[ "$(state)" = failed ] || fail "a clone has taken the place: $(j pool show fast)"
echo "$cloned" >$driver/unbind
until_true 30 test ! -e $clone
plug
until_true 60 is_ready
liteioctl volume show late >/dev/null || fail "what was written last is gone"
ok "a clone does not take the place of the disk that is gone"

# what it had in the kernel is on the disk that is gone, and nobody is left who had it open
known=/var/lib/liteio/ended.json
written_down() { [ "$(jq -c '[.generations[].generation]' $known)" = "[$1]" ]; }
liteioctl export create r 3 --host-nqn "$nqn" >/dev/null
content=$(sha256sum </dev/liteio/a)
agent_stop
pull
agent_start
refused 'no such pool' liteioctl pool show fast
# before the disk is back, for the node may be started anew first
until_true 60 written_down 3
plug
until_true 60 is_ready
until_true 30 test -b /dev/liteio/a
[ "$(sha256sum </dev/liteio/a)" = "$content" ] || fail "other data"
refused 'fenced' liteioctl export create r 3 --host-nqn "$nqn"
written_down '' || fail "written down is: $(cat $known)"
ok "an agent that was started while the disk was out gets the pool back"

# below what is open nothing is exchanged here either
mount /dev/liteio/a /mnt/a
agent_stop
pull
agent_start
plug
until_true 60 grep -q 'volume a.*: it is tried again' $AGENT_LOG
# unless the agent is at it by itself
import_is_refused() { refused 'volume a is open here.*unmount' liteioctl pool import "$(readlink -f $node)"; }
until_true 30 import_is_refused
umount /mnt/a
until_true 60 is_ready
until_true 30 test -b /dev/liteio/a
ok "nor does it take it from whoever has a volume open"

# neither the catalog nor the kernel knows of the end
ready() { j export list | jq -c --argjson g "$1" '[.items[] | select(.generation == $g) | .ready]'; }
liteioctl export create r 4 --host-nqn "$nqn" >/dev/null
liteioctl volume detach a >/dev/null
liteioctl volume detach b >/dev/null
agent_stop
LITEIO_STEP_KILL=agent-replug:dropped agent_start
pull
until_true 30 written_down 4
plug
agent_wait_dead
written_down 4 || fail "written down is: $(cat $known)"
rmmod liteio
cp $known /run/known
echo '{"generations":' >$known
agent_start
until_true 60 is_ready
grep -q 'which generations have ended is not known' $AGENT_LOG || fail "nothing is said"
[ "$(ready 4)" = '[false]' ] || fail "exports: $(j export list)"
agent_stop
mv /run/known $known
agent_start
until_true 60 is_ready
refused 'fenced' liteioctl export create r 4 --host-nqn "$nqn"
[ "$(jq -c .generations $known)" = '[]' ] || fail "written down is: $(cat $known)"
liteioctl export create r 5 --host-nqn "$nqn" >/dev/null
[ "$(ready 5)" = '[true]' ] || fail "exports: $(j export list)"
ok "what has ended while the disk was out has ended, though the node forgot it"

# it is written down, and the agent has come to nothing else
agent_stop
LITEIO_STEP_KILL=agent-replug:ended agent_start
is_ready || fail "after a restart it is $(state)"
pull
agent_wait_dead
[ "$(jq -c '[.generations[].generation]' $known)" = '[5]' ] || fail "written down is: $(cat $known)"
agent_start
refused 'no such pool' liteioctl pool show fast
plug
until_true 60 is_ready
refused 'fenced' liteioctl export create r 5 --host-nqn "$nqn"
is_settled() { [ "$(jq -c .generations $known)" = '[]' ]; }
until_true 30 is_settled
liteioctl export create r 6 --host-nqn "$nqn" >/dev/null
[ "$(ready 6)" = '[true]' ] || fail "exports: $(j export list)"
ok "an agent that dies when it has written down what has ended is followed by one that ends it"
