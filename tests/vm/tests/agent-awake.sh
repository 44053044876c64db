#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk of which one block does not answer: the one in which the kernel looks a thin device up, with a lock of all thin
# pools held. The agent that starts finds that out before it asks the kernel: the pool is open, its export has a place, the
# other pool is served and its devices are loaded; who attaches a volume of the pool, or has the doctor mend it, is told,
# and holds up nobody; killed meanwhile, the agent leaves nothing locked; and when the disk answers, what had a place is
# served.
# vm: kernels=6.12 disks=pool=512M,other=256M timeout=300 smp=1 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"

HOST=nqn.2014-08.org.nvmexpress:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8
CFS=/sys/kernel/config/nvmet
size=$(($(blockdev --getsz "$DISK") - 4096))
well="0 $size linear $DISK 2048"
dmsetup create under --table "$well"
# below TABLE: that is what the pool's disk is from here on; what it has held back goes on
below() {
	dmsetup reload under --table "$1"
	dmsetup suspend --nolockfs --noflush under
	dmsetup resume under
}
trap 'below "$well"' EXIT
group() { cat "$CFS/subsystems/nqn.2026-11.io.liteio:$1:1/namespaces/1/ana_grpid"; }
names() { j pool list | jq -r '[.items[].name] | sort | join(" ")'; }
ready() { j export list | jq -r '[.items[] | select(.ready) | .volume] | sort | join(" ")'; }
is_open() { [ "$(j node show | jq -r .closed)" = null ]; }
said() { grep -q "pool slow: the disk of its metadata does not answer" $AGENT_LOG; }

agent_start
liteioctl pool create slow /dev/mapper/under >/dev/null
liteioctl pool create quick /dev/disk/by-id/virtio-other >/dev/null
for v in a b; do
	liteioctl volume create $v --pool "$([ $v = a ] && echo slow || echo quick)" --size 16Mi >/dev/null
	liteioctl export create $v 1 --host-nqn $HOST >/dev/null
done
liteioctl volume create d --pool slow --size 16Mi >/dev/null
liteioctl volume attach d >/dev/null
liteioctl volume detach d >/dev/null
a=$(j volume show a | jq -r .uuid) b=$(j volume show b | jq -r .uuid)
meta=/dev/mapper/liteio-tmeta-$(j pool show slow | jq -r .uuid)
[ "$(ready)" = 'a b' ] || fail "exports: $(j export list)"

# as after the start of a node, but for the thin pools
dmsetup remove --retry "liteio-thin-$(j volume show d | jq -r .uuid)" 2>/dev/null || :
agent_stop
for u in "$a" "$b"; do
	s=$CFS/subsystems/nqn.2026-11.io.liteio:$u:1
	rm $CFS/ports/*/subsystems/"${s##*/}"
	echo 0 >"$s/namespaces/1/enable"
	rmdir "$s/namespaces/1"
	rm "$s"/allowed_hosts/*
	rmdir "$s"
	dmsetup remove --retry "liteio-head-$u-1"
	dmsetup remove --retry "liteio-thin-$u"
done
# struct thin_disk_superblock: device_details_root
block=$(dd if="$meta" bs=4096 count=1 iflag=direct status=none | od -An -t u8 -j 328 -N 8 | tr -d ' ')
at=$(($(dmsetup table "$meta" | awk '{ print $5 }') + block * 8))
below "0 $at linear $DISK 2048
$at 8 delay $DISK $((at + 2048)) 600000 $DISK $((at + 2048)) 0
$((at + 8)) $((size - at - 8)) linear $DISK $((at + 2056))"
hung=$(cat /proc/sys/kernel/hung_task_timeout_secs)
echo 0 >/proc/sys/kernel/hung_task_timeout_secs

: >$AGENT_LOG
agent_start
until_true 60 said
until_true 60 is_open
[ "$(names)" = 'quick slow' ] || fail "pools: $(names)"
[ "$(group "$a")" = 99 ] || fail "a has no place: $(group "$a")"
[ "$(group "$b")" = 1 ] || fail "b is not served: $(group "$b")"
! dmsetup info "liteio-thin-$a" >/dev/null 2>&1 || fail "the kernel was asked for a device of the disk that hangs"
liteioctl volume create c --pool quick --size 16Mi >/dev/null
others_go_on() {
	timeout $((60 * ${LITEIO_SLOW:-1})) liteioctl volume attach c >/dev/null || fail "$1"
	liteioctl volume detach c >/dev/null
}
others_go_on "a device of the other pool is not loaded"
ok "the door is open: one export has its place, the other one is served, and devices of its pool are loaded"

refused 'pool slow: the disk of its metadata does not answer' liteioctl volume attach d
j export list | jq -e 'all(.items[]; .volume != "d")' >/dev/null || fail "a right stays: $(j export list)"
others_go_on "an attachment that is refused holds up those of the other pool"
ok "who attaches a volume of it is told, and holds up nobody"

agent_kill
rm -f /run/liteio/agent.sock
: >$AGENT_LOG
agent_start
until_true 60 said
[ "$(names)" = 'quick slow' ] || fail "what only reads has kept a pool: $(names)"
[ "$(group "$a")" = 99 ] || fail "the place is gone: $(group "$a")"
until_true 60 is_open
ok "an agent that is killed meanwhile leaves nothing locked"

timeout $((60 * ${LITEIO_SLOW:-1})) liteioctl doctor --fix >/dev/null 2>&1 || [ $? != 124 ] || fail "the doctor hangs"
others_go_on "the doctor holds up attachments of the other pool"
j doctor >/run/doctor.out 2>/dev/null || :
jq -e 'any(.items[]; .object == "pool slow" and (.sentence | contains("the disk of its metadata does not answer")))' /run/doctor.out >/dev/null || fail "the doctor says: $(cat /run/doctor.out)"
timeout $((60 * ${LITEIO_SLOW:-1})) liteioctl volume rename d e >/dev/null || fail "the doctor keeps the lane of the pool itself"
liteioctl volume rename e d >/dev/null
ok "nor does the doctor, not even those of this pool"

below "$well"
is_served() { [ "$(ready)" = 'a b' ] && [ "$(group "$a")" = 1 ]; }
until_true 60 is_served || fail "exports: $(j export list)"
grep -q 'pool slow: its disk answers again' $AGENT_LOG || fail "nothing is said of the disk that answers"
echo "$hung" >/proc/sys/kernel/hung_task_timeout_secs
doctor_is_silent
liteioctl volume attach d >/dev/null || fail "d can not be attached"
ok "what had a place is served when the disk answers"
agent_stop
