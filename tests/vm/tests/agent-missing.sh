#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pool node comes back after a power cut without one of its disks. Consumers are not told that
# their volumes are gone: they wait, and go on without an error when the disk is there again. The others
# are let in at once, or, where nobody knows what the disk carried, when the pool is given up by name.
# vm: host=yes kernels=6.12 timeout=1200 needs=module,tools,programs

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"

vm_add pool --disk pool=256M --disk late=256M --disk state=32M -m 768M --timeout 600
vm_add user -m 768M --timeout 600
vm_boot pool user

# boot_without_late [SCRIPT]: what the pool node knows outlives its power; the second disk is taken away before its agent
# starts
boot_without_late() {
	vm_boot pool
	# shellcheck disable=SC2016 # expanded over there
	on pool 'mkdir -p /var/lib/liteio
	mount /dev/disk/by-id/virtio-state /var/lib/liteio
	device=$(readlink -f "/sys/class/block/$(basename "$(readlink -f /dev/disk/by-id/virtio-late)")/device")
	basename "$device" >/run/late
	cat /run/late >/sys/bus/virtio/drivers/virtio_blk/unbind
	until_true 30 [ ! -e /dev/disk/by-id/virtio-late ]'"
	${1:-}
	agent_start"
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

# what a node knows that an agent without places has left
rm_places='rm /var/lib/liteio/exports.json'
boot_without_late "$rm_places"
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
# shellcheck disable=SC2016
is_there='state_of() { j attachment list | jq -r ".items[] | select(.uuid == \"$1\") | .state"; }
	is_live() { [ "$(state_of $1)" = live ]; }'
boot_without_late "$rm_places"
# shellcheck disable=SC2016
on pool 'j node show | jq -r .closed | grep -q "not found: pool slow"
	[ "$(j pool delete slow | jq -r .deleted)" = true ]
	[ "$(j node show | jq -r .closed)" = null ]
	! nft list tables | grep -q liteio-door
	[ "$(j export list | jq -c "[.items[] | .ready]")" = "[true]" ]'
on user "$is_there
	until_true 200 is_live $a
	dd if=/dev/liteio/$a of=/dev/null bs=1M count=16 iflag=direct status=none"
ok "the pool is given up: the others' consumers are let in"

# the disk comes back, and with it what is written down of it; then it is taken away once more
# shellcheck disable=SC2016
on pool 'cat /run/late >/sys/bus/virtio/drivers/virtio_blk/bind
	until_true 30 [ -b /dev/disk/by-id/virtio-late ]
	liteioctl pool import $(readlink -f /dev/disk/by-id/virtio-late) >/dev/null
	[ "$(j export list | jq -c "[.items[] | .ready]")" = "[true,true]" ]'
on user "$is_there
	liteioctl attachment delete $b 1 --force >/dev/null
	liteioctl attachment create $b 1 --address $(vm_ip pool) >/dev/null
	until_true 200 is_live $b"
vm_cut pool
on user "until_true 120 sh -c '! liteioctl -o json attachment list | grep -q live'"
boot_without_late
# shellcheck disable=SC2016
on pool '[ "$(j node show | jq -r .closed)" = null ]
	if nft list tables | grep liteio-door; then exit 1; fi
	[ "$(j export list | jq -c "[.items[] | .ready]")" = "[true]" ]
	[ "$(ls /sys/kernel/config/nvmet/subsystems | wc -l)" = 2 ]'
on user "$is_there
	until_true 200 is_live $a
	{ dd if=/dev/zero of=/dev/liteio/$b bs=4096 count=1 oflag=direct || echo failed; } >/run/late 2>&1 </dev/null &
	[ \$(state_of $b) = connecting ]
	[ ! -s /run/late ]"
ok "a disk is missing, and what it had has its place: the others' consumers are let in"

on pool "[ \"\$(j pool delete slow | jq -r .deleted)\" = true ]
	[ ! -e /sys/kernel/config/nvmet/subsystems/nqn.2026-11.io.liteio:$b:1 ]
	if grep $b /var/lib/liteio/exports.json; then exit 1; fi
	if dmsetup ls | grep liteio-head-$b; then exit 1; fi"
on user "until_true 200 grep -q failed /run/late
	grep -q 'Input/output error\|No such\|No space' /run/late"
ok "given up, its places go, and its consumer gets an error"
