#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pool node loses its power while another node writes to one of its volumes. It comes back, restores
# its exports, and the writer goes on without an error; a fenced generation stays fenced.
# vm: host=yes kernels=6.12 timeout=900 needs=module,tools,programs

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"

vm_add pool --disk pool=1G -m 768M --timeout 600
vm_add user -m 768M --timeout 600
vm_boot pool user

on pool agent_start
on user agent_start
nqn=$(on user 'j node show | jq -r .hostNQN')
on pool "liteioctl pool create fast \$DISK >/dev/null
	for v in a b c; do liteioctl volume create \$v --pool fast --size 64Mi >/dev/null; done
	liteioctl export create a 3 --host-nqn $nqn >/dev/null
	liteioctl export create b 1 --host-nqn $nqn >/dev/null
	liteioctl export create c 1 --local >/dev/null
	liteioctl export create c 2 --host-nqn $nqn --read-only >/dev/null
	liteioctl volume fence a --floor 3 >/dev/null
	[ \"\$(j volume fence c --generation 2 | jq -r .drained)\" = true ]"
a=$(on pool 'j volume show a | jq -r .uuid')
b=$(on pool 'j volume show b | jq -r .uuid')
on user "liteioctl attachment create $a 3 --address $(vm_ip pool) >/dev/null
	liteioctl attachment create $b 1 --address $(vm_ip pool) >/dev/null
	mkfs.ext4 -q /dev/liteio/$b
	mount /dev/liteio/$b /mnt
	STAMPS=/run/stamps setsid stampwriter write /dev/liteio/$a 3 512 4 >/run/writer 2>&1 </dev/null &
	echo \$! >/run/writer.pid
	until_true 30 grep -q running /run/writer
	setsid dd if=/dev/zero of=/mnt/file bs=16K count=100 oflag=dsync status=none </dev/null >/run/dd 2>&1 &
	echo \$! >/run/dd.pid"
vm_cut pool
on user "liteioctl attachment list >/dev/null
	until_true 60 sh -c 'liteioctl -o json attachment list | grep -q connecting'"
ok "the pool node is gone, its consumer waits"

vm_boot pool
# shellcheck disable=SC2016 # expanded over there
on pool 'agent_start
	[ "$(j export list | jq -c "[.items[] | select(.ready) | .volume + (.generation | tostring)] | sort")" = "[\"a3\",\"b1\",\"c1\"]" ] ||
		{ j export list; exit 1; }
	if nft list tables | grep -q liteio-door; then echo "the door is still closed"; exit 1; fi
	[ "$(j volume show a | jq .floor)" = 3 ]
	c=$(j volume show c | jq -r .uuid)
	[ "$(realpath "/dev/liteio/$c")" = "$(j export list | jq -r ".items[] | select(.volume == \"c\" and .local) | .device")" ]'
on pool "refused 'fenced\|floor' liteioctl export create a 2 --host-nqn $nqn
	refused 'fenced' liteioctl export create c 2 --host-nqn $nqn --read-only"
ok "exactly the live attachments are back, fenced ones are not; the one of the node itself has its name"

on user "until_true 120 sh -c '! liteioctl -o json attachment list | grep -q connecting'
	until_true 300 [ ! -d /proc/\$(cat /run/dd.pid) ]
	[ ! -s /run/dd ] || { cat /run/dd; exit 1; }
	kill -TERM \$(cat /run/writer.pid)
	until_true 200 [ ! -d /proc/\$(cat /run/writer.pid) ]
	cat /run/writer
	grep -q 'failed 0' /run/writer
	umount /mnt
	fsck.ext4 -fn /dev/liteio/$b >/dev/null 2>&1
	stampwriter verify /dev/liteio/$a 3 512 /run/stamps"
ok "its consumer goes on without an error, and nothing acknowledged is lost"
