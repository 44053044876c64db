#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is to be wiped with zeros gives no block back before: whatever it is used through, an fstrim and a discard of all of
# it leave nothing on the disk that its deletion does not overwrite. The disk is searched for what was in a file.
# vm: kernels=6.1,6.12,7 disks=pool=192M timeout=900 mem=1G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"

# nothing takes a word from this disk but zeros: it takes no discards
echo 0 >"/sys/class/block/$(basename "$DISK")/queue/discard_max_bytes"
mkdir -p /mnt/v

on_disk() {
	sync
	echo 1 >/proc/sys/vm/drop_caches
	# to the end, and in lines: zeros are most of it
	[ "$(tr -s '\0' '\n' <"$DISK" | LC_ALL=C grep -ac "$1" || true)" -gt 0 ]
}
allocated() { j volume show "$1" | jq .allocatedBytes; }
thin_of() { echo "/dev/$(dmsetup info -c --noheadings -o blkdevname "liteio-thin-$(j volume show "$1" | jq -r .uuid)")"; }
takes_discards() { [ "$(cat "/sys/class/block/$(basename "$1")/queue/discard_max_bytes")" != 0 ]; }
takes_none() { ! takes_discards "$1"; }

# put DEVICE WORD: a filesystem with a file of that word
put() {
	mkfs.ext4 -q "$1"
	mount "$1" /mnt/v
	(
		set +o pipefail
		yes "$2" | head -c $((8 << 20)) >/mnt/v/file
	)
	sync -f /mnt/v
	on_disk "$2" || fail "the test does not see $2 on the disk"
}
# give_back DEVICE: all that can be; no matter what is said to that
give_back() {
	rm /mnt/v/file
	sync -f /mnt/v
	fstrim /mnt/v 2>&1 | sed 's/^/# /' || true
	umount /mnt/v
	blkdiscard -f "$1" 2>&1 | sed 's/^/# /' || true
}
# goes VOLUME WORD
goes() {
	liteioctl volume delete "$1" >/dev/null
	! on_disk "$2" || fail "$2 is still on the disk"
}

WITHOUT_MODULE=1 agent_start
liteioctl pool create fast "$DISK" --reserved 32Mi >/dev/null

# ---- what this would show otherwise

liteioctl volume create plain --pool fast --size 32Mi >/dev/null
liteioctl volume attach plain >/dev/null
put /dev/liteio/plain word-of-a-plain-one
give_back /dev/liteio/plain
[ "$(allocated plain)" = 0 ] || fail "a volume gives nothing back: $(allocated plain) bytes are left"
liteioctl volume detach plain >/dev/null
liteioctl volume delete plain >/dev/null
on_disk word-of-a-plain-one || fail "who wants nothing wiped has it wiped, so this shows nothing"
ok "what is given back in use stays on the disk, of a volume that is not to be wiped"

# ---- through dm-linear, where there is no module

liteioctl volume create linear --pool fast --size 32Mi --wipe zero >/dev/null
liteioctl volume attach linear >/dev/null
put /dev/liteio/linear word-through-linear
agent_kill
WITHOUT_MODULE=1 agent_start
liteioctl volume grow linear --size 40Mi >/dev/null
full=$(allocated linear)
give_back /dev/liteio/linear
[ "$(allocated linear)" = "$full" ] || fail "$full bytes were in use, and $(allocated linear) are"
liteioctl volume detach linear >/dev/null
goes linear word-through-linear
ok "none of what was wiped, and used without the module"

# ---- through a head of the module, of the reserve

agent_stop
agent_start
liteioctl volume create head --pool fast --size 24Mi --class reserved --wipe zero >/dev/null
liteioctl volume attach head >/dev/null
dmsetup table | grep -q '^liteio-head-.* liteio ' || fail "the head is not the module's: $(dmsetup table)"
put /dev/liteio/head word-through-a-head
full=$(allocated head)
give_back /dev/liteio/head
[ "$(allocated head)" = "$full" ] || fail "$full bytes were in use, and $(allocated head) are"
liteioctl volume detach head >/dev/null
goes head word-through-a-head
ok "none of what was wiped, and used through a head"

# ---- from another node, whose kernel is this one

host=nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-0000000000aa
liteioctl volume create far --pool fast --size 32Mi --wipe zero >/dev/null
liteioctl export create far 1 --host-nqn $host >/dev/null
nqn=$(j export list | jq -r '.items[] | select(.volume == "far") | .nqn')
modprobe nvme-tcp
echo "transport=tcp,traddr=127.0.0.1,trsvcid=4420,nqn=$nqn,hostnqn=$host,hostid=${host##*:}" >/dev/nvme-fabrics
until_true 60 compgen -G '/dev/nvme*n1'
far=$(compgen -G '/dev/nvme*n1')
takes_discards "$far" || fail "an NVMe namespace knows better by now, and says so"
put "$far" word-from-far-away
full=$(allocated far)
give_back "$far"
[ "$(allocated far)" = "$full" ] || fail "$full bytes were in use, and $(allocated far) are"
echo 1 >"/sys/class/nvme/$(basename "${far%n1}")/delete_controller"
liteioctl export delete far 1 >/dev/null
goes far word-from-far-away
ok "none of what was wiped, and used from far away"

# ---- one that an older agent has brought up: its device took discards, and is in use

liteioctl volume create older --pool fast --size 32Mi --wipe zero >/dev/null
liteioctl volume attach older >/dev/null
put /dev/liteio/older word-of-an-older-one
thin=$(thin_of older)
agent_kill
dmsetup table "$thin" | dmsetup load "$thin"
dmsetup suspend "$thin"
dmsetup resume "$thin"
takes_discards "$thin" || fail "$thin is not as an older agent has made it"
agent_start
until_true 60 takes_none "$thin"
full=$(allocated older)
give_back /dev/liteio/older
[ "$(allocated older)" = "$full" ] || fail "$full bytes were in use, and $(allocated older) are"
liteioctl volume detach older >/dev/null
goes older word-of-an-older-one
ok "none of what was wiped, and in use when the agent was replaced by this one"

for what in dataUsedBytes reservedUsedBytes; do
	[ "$(j pool show fast | jq .$what)" = 0 ] || fail "$what is $(j pool show fast | jq .$what)"
done
doctor_is_silent
liteioctl pool delete fast >/dev/null
agent_stop
ok "and all space is given back"
