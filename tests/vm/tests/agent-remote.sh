#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two nodes: a volume of one is used on the other over NVMe/TCP; grows; its consumer is fenced while it
# writes, gets errors, and nothing of it lands afterwards; and a third generation goes on from there.
# vm: host=yes kernels=6.12 timeout=600 needs=module,tools,programs

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"

vm_add pool --disk pool=1G -s 1 -m 768M --timeout 400
vm_add user -s 1 -m 768M --timeout 400
vm_boot pool user

on pool agent_start
on user agent_start
nqn=$(on user 'j node show | jq -r .hostNQN')
address=$(on pool 'j node show | jq -r ".addresses[0]"')
[ "$address" = "$(vm_ip pool):4420" ] || fail "the address is $address"

# shellcheck disable=SC2016 # expanded over there
on pool 'liteioctl pool create fast $DISK >/dev/null
	liteioctl volume create data --pool fast --size 64Mi >/dev/null'
uuid=$(on pool 'j volume show data | jq -r .uuid')
on user "refused '' liteioctl attachment create $uuid 1 --address $address"
# somebody else has the port, 4420
on pool "setsid socat TCP-LISTEN:4420 EXEC:true </dev/null >/dev/null 2>&1 &
	echo \$! >/run/other.pid
	until_true 30 grep -q ':1144 ' /proc/net/tcp /proc/net/tcp6
	refused 'listening on' liteioctl export create data 1 --host-nqn $nqn
	kill \$(cat /run/other.pid)
	[ \$(j volume show data | jq '.attachments | length') = 0 ]
	[ \$(j export list | jq '.items | length') = 0 ]
	[ \$(j module attachments | jq '.items | length') = 0 ]
	[ \"\$(dmsetup ls | grep -c liteio-head)\" = 0 ]
	[ \"\$(ls /sys/kernel/config/nvmet/subsystems)\" = '' ]
	doctor_is_silent"
ok "an export that can not be made leaves nothing behind"
# what is exported to another host is there, and not for this one
other=nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-000000000001
on pool "liteioctl volume create other --pool fast --size 64Mi >/dev/null
	liteioctl export create other 1 --host-nqn $other >/dev/null
	[ \"\$(j export list | jq -r '.items[0].ready')\" = true ]"
foreign=$(on pool 'j volume show other | jq -r .uuid')
on user "refused 'no such export for this host' liteioctl attachment create $foreign 1 --address $address"
on pool "[ \"\$(j export delete other 1 | jq -r .removed)\" = true ]
	liteioctl volume delete other >/dev/null"
ok "an export refuses every host but its own"
on pool "liteioctl export create data 1 --host-nqn $nqn >/dev/null
	[ \"\$(j export list | jq -r '.items[0].ready')\" = true ]"
# its agent dies after each step of the first attachment; gate, connection and head are each there or made
for step in agent-attach:gate agent-attach:connected agent-attach:head; do
	on user "agent_stop
		LITEIO_STEP_KILL=$step agent_start
		liteioctl attachment create $uuid 1 --address $address --size 64Mi >/dev/null 2>&1 && exit 1
		agent_wait_dead
		agent_start"
done
ok "an agent that dies while it attaches is followed by one that goes on"
on user "liteioctl attachment create $uuid 1 --address $address --size 64Mi >/dev/null
	[ \$(j attachment list | jq '.items | length') = 1 ]
	liteioctl attachment create $uuid 1 --address $address --size 64Mi >/dev/null
	mkfs.ext4 -q /dev/liteio/$uuid
	mount /dev/liteio/$uuid /mnt
	dd if=/dev/urandom of=/mnt/file bs=1M count=16 conv=fsync status=none
	md5sum </mnt/file >/run/sum"
ok "a volume is used on another node"

on pool 'liteioctl volume grow data --size 128Mi >/dev/null'
on user "agent_stop
	LITEIO_STEP_KILL=agent-resize:sized agent_start
	! liteioctl attachment resize $uuid 1 --size 128Mi >/dev/null 2>&1 || exit 1
	agent_wait_dead
	agent_start
	liteioctl attachment resize $uuid 1 --size 128Mi >/dev/null
	[ \$(blockdev --getsize64 /dev/liteio/$uuid) = $((128 << 20)) ]
	resize2fs /dev/liteio/$uuid >/dev/null 2>&1
	dd if=/dev/zero of=/mnt/more bs=1M count=60 conv=fsync status=none
	rm /mnt/more
	umount /mnt
	refused 'not attached\|no such' liteioctl attachment resize $uuid 7 --size 128Mi"
ok "it grows while it is used there"

on user "STAMPS=/run/stamps setsid stampwriter write /dev/liteio/$uuid 1 512 4 >/run/writer 2>&1 </dev/null &
	echo \$! >/run/writer.pid
	until_true 30 grep -q running /run/writer"
on pool "liteioctl volume fence data --floor 2 -o json >/run/fenced
	[ \$(jq -r .drained /run/fenced) = true ]
	[ \$(jq -r .floor /run/fenced) = 2 ]"
# the thin device itself, below every gate
read_thin="dd if=/dev/\$(dmsetup info -c --noheadings -o blkdevname liteio-thin-$uuid) bs=1M count=2 iflag=direct status=none"
on pool "$read_thin of=/run/fenced.img"
ok "the fence drains under load"

on user "has_failed() {
		kill -USR1 \$(cat /run/writer.pid)
		grep -q 'failed [1-9]' /run/writer
	}
	until_true 60 has_failed
	kill -TERM \$(cat /run/writer.pid)
	until_true 90 [ ! -d /proc/\$(cat /run/writer.pid) ]"
on pool "$read_thin of=/run/later.img
	cmp /run/fenced.img /run/later.img
	refused 'fenced\|floor' liteioctl export create data 1 --host-nqn $nqn"
ok "nothing of the fenced writer landed after the answer, and its generation does not come back"

on pool "liteioctl export create data 2 --host-nqn $nqn >/dev/null
	[ \"\$(j export delete data 1 | jq -r .removed)\" = true ]
	[ \$(j export list | jq '.items | length') = 1 ]"
on user "liteioctl attachment delete $uuid 1 --force >/dev/null
	liteioctl attachment create $uuid 2 --address $address >/dev/null
	[ \"\$(j attachment list | jq -r '.items[] | .state')\" = live ]
	dd if=/dev/liteio/$uuid of=/dev/null bs=1M count=16 status=none"
# its agent dies after each step of letting go; the next one is asked for what is left of it
for step in agent-release:unpublished agent-release:head agent-release:disconnected; do
	on user "agent_stop
		LITEIO_STEP_KILL=$step agent_start
		liteioctl attachment create $uuid 2 --address $address >/dev/null
		! liteioctl attachment delete $uuid 2 >/dev/null 2>&1 || exit 1
		agent_wait_dead
		agent_start"
done
on user "liteioctl attachment create $uuid 2 --address $address >/dev/null
	liteioctl attachment delete $uuid 2 >/dev/null
	[ \"\$(j attachment list | jq -c .items)\" = '[]' ]
	[ ! -e /dev/liteio/$uuid ]
	! dmsetup ls | grep -q remote"
on pool "[ \"\$(j export delete data 2 | jq -r .removed)\" = true ]"
ok "the next generation goes on"

# no I/O was under way when it was fenced, and with it the last export has gone
on pool "liteioctl export create data 3 --host-nqn $nqn >/dev/null"
on user "liteioctl attachment create $uuid 3 --address $address >/dev/null"
on pool "[ \"\$(j export delete data 3 | jq -r .removed)\" = true ]"
on user "{ dd if=/dev/zero of=/dev/liteio/$uuid bs=4096 count=1 oflag=direct || echo failed; } >/run/late 2>&1 </dev/null &
	until_true 60 grep -q failed /run/late
	grep -q 'Input/output error\|No such\|No space' /run/late
	liteioctl attachment delete $uuid 3 --force >/dev/null"
ok "who is left behind gets errors, although nobody is exported to any more"
on pool "
	liteioctl volume delete data >/dev/null
	liteioctl pool delete fast >/dev/null"
ok "everything is taken down"
