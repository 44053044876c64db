#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pool node comes back after a power cut without one of its disks. Consumers are not told that
# their volumes are gone: they wait, and go on without an error when the disk is there again. Who gives
# the pool up by name lets the others in.
# vm: host=yes kernels=6.12 timeout=1200 needs=module,tools,programs

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"

vm_add pool --disk pool=256M --disk late=256M --disk state=32M -m 768M --timeout 600
vm_add user -m 768M --timeout 600
vm_boot pool user

# what the pool node knows outlives its power; the second disk is taken away before its agent starts
boot_without_late() {
	vm_boot pool
	# shellcheck disable=SC2016 # expanded over there
	on pool 'mkdir -p /var/lib/liteio
	mount /dev/disk/by-id/virtio-state /var/lib/liteio
	device=$(readlink -f "/sys/class/block/$(basename "$(readlink -f /dev/disk/by-id/virtio-late)")/device")
	basename "$device" >/run/late
	cat /run/late >/sys/bus/virtio/drivers/virtio_blk/unbind
	until_true 30 [ ! -e /dev/disk/by-id/virtio-late ]
	agent_start'
}

# shellcheck disable=SC2016
on pool 'mkfs.ext4 -q /dev/disk/by-id/virtio-state
	mkdir -p /var/lib/liteio
	mount /dev/disk/by-id/virtio-state /var/lib/liteio
	agent_start'
on user agent_start
nqn=$(on user 'j node show | jq -r .hostNQN')
on pool "liteioctl pool create fast \$DISK >/dev/null
	liteioctl pool create slow \$(readlink -f /dev/disk/by-id/virtio-late) >/dev/null
	liteioctl volume create a --pool fast --size 64Mi >/dev/null
	liteioctl volume create b --pool slow --size 64Mi >/dev/null
	liteioctl export create a 1 --host-nqn $nqn >/dev/null
	liteioctl export create b 1 --host-nqn $nqn >/dev/null
	[ \"\$(j node show | jq -r .closed)\" = null ]"
a=$(on pool 'j volume show a | jq -r .uuid')
b=$(on pool 'j volume show b | jq -r .uuid')
on user "liteioctl attachment create $a 1 --address $(vm_ip pool) >/dev/null
	liteioctl attachment create $b 1 --address $(vm_ip pool) >/dev/null
	STAMPS=/run/stamps setsid stampwriter write /dev/liteio/$b 1 512 4 >/run/writer 2>&1 </dev/null &
	echo \$! >/run/writer.pid
	until_true 60 grep -q running /run/writer"
vm_cut pool
on user "until_true 120 sh -c 'liteioctl -o json attachment list | grep -q connecting'"

boot_without_late
# shellcheck disable=SC2016
on pool 'j node show | jq -r .closed | grep "not found: pool slow"
	[ "$(j export list | jq -c "[.items[] | .ready]")" = "[false]" ]
	nft list tables | grep -q liteio-door
	# who starts again finds the same
	agent_kill
	agent_start
	j node show | jq -r .closed | grep -q "not found: pool slow"
	nft list tables | grep -q liteio-door'
# refused for good, the second attempt would not come
on user "attempts() { dmesg | grep -c 'Failed reconnect attempt' || true; }
	before=\$(attempts)
	tried_again() { [ \$(attempts) -ge \$((before + 4)) ]; }
	until_true 300 tried_again
	[ \"\$(j attachment list | jq -c '[.items[].state]')\" = '[\"connecting\",\"connecting\"]' ]
	kill -0 \$(cat /run/writer.pid)"
ok "while a disk is missing nobody is let in, and nobody is refused"

# shellcheck disable=SC2016
on pool 'cat /run/late >/sys/bus/virtio/drivers/virtio_blk/bind
	until_true 30 [ -b /dev/disk/by-id/virtio-late ]
	liteioctl pool import $(readlink -f /dev/disk/by-id/virtio-late) >/dev/null
	[ "$(j node show | jq -r .closed)" = null ]
	[ "$(j export list | jq -c "[.items[] | .ready]")" = "[true,true]" ]'
on user "until_true 200 sh -c '! liteioctl -o json attachment list | grep -q connecting'
	kill -TERM \$(cat /run/writer.pid)
	until_true 200 [ ! -d /proc/\$(cat /run/writer.pid) ]
	cat /run/writer
	grep -q 'failed 0' /run/writer
	stampwriter verify /dev/liteio/$b 1 512 /run/stamps"
ok "it is there again: its consumer goes on without an error"

vm_cut pool
boot_without_late
# shellcheck disable=SC2016
on pool 'j node show | jq -r .closed | grep -q "not found: pool slow"
	[ "$(j pool delete slow | jq -r .deleted)" = true ]
	[ "$(j node show | jq -r .closed)" = null ]
	! nft list tables | grep -q liteio-door
	[ "$(j export list | jq -c "[.items[] | .ready]")" = "[true]" ]'
on user "is_live() { [ \"\$(j attachment list | jq -r '.items[] | select(.uuid == \"$a\") | .state')\" = live ]; }
	until_true 200 is_live
	dd if=/dev/liteio/$a of=/dev/null bs=1M count=16 iflag=direct status=none"
ok "the pool is given up: the others' consumers are let in"
