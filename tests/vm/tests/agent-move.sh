#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A pool goes to another machine. Its own loses its power while it writes, and the disk is put into one that has never seen
# it; from there it comes back in order. On either way an import brings all of it: data and snapshots, limits and floors;
# and no machine opens by itself what it was not asked for. A machine that has a volume of the same name takes it when its own
# is called otherwise; a name that two pools have all the same means neither.
# vm: host=yes kernels=6.12 timeout=600 needs=module,tools,programs

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"

# there is one disk for both: it is made in the first, and moved
vm_add one --disk pool=512M --disk state=32M -s 1 -m 768M --timeout 400
vm_add two --disk pool=512M --disk own=128M -s 1 -m 768M --timeout 400

# node NAME SCRIPT: as "on", with an agent that opens what was made or imported there and nothing else
node() {
	on "$1" "
		export AGENT_DEVICES='[]'
		mkdir -p /mnt/a /mnt/r
		# what must be the same wherever it is
		records() { j volume list | jq -Sc '[.items[] | [.name, .uuid, .class, .sizeBytes, .floor, .limits]]'; }
		sums() {
			(cd /mnt/a && find . -type f | sort | xargs sha256sum)
			sha256sum </dev/liteio/lin
		}
		nothing_is_open() { [ \"\$(j pool list | jq -c .items)\" = '[]' ] && ! dmsetup ls | grep ^liteio; }
		$2"
}

same() {
	[ "$1" = "$2" ] || fail "$3: \"$1\", not \"$2\""
}

vm_boot one
# shellcheck disable=SC2016 # expanded over there
node one 'mkfs.ext4 -q /dev/disk/by-id/virtio-state
	mkdir -p /var/lib/liteio
	mount /dev/disk/by-id/virtio-state /var/lib/liteio
	agent_start
	liteioctl pool create fast "$DISK" --linear 48Mi >/dev/null
	liteioctl volume create a --pool fast --size 96Mi >/dev/null
	liteioctl volume create lin --pool fast --size 32Mi --class linear >/dev/null
	liteioctl volume create busy --pool fast --size 32Mi >/dev/null
	liteioctl volume limit a --read-iops 50000 >/dev/null
	liteioctl volume fence busy --floor 7 >/dev/null
	for v in a lin busy; do
		liteioctl volume attach $v >/dev/null
	done
	mkfs.ext4 -q /dev/liteio/a
	mount /dev/liteio/a /mnt/a
	dd if=/dev/urandom of=/mnt/a/old bs=1M count=16 conv=fsync status=none
	liteioctl snapshot create before a >/dev/null
	dd if=/dev/urandom of=/mnt/a/old bs=1M count=16 conv=fsync,notrunc oflag=append status=none
	dd if=/dev/urandom of=/mnt/a/more bs=1M count=8 conv=fsync status=none
	dd if=/dev/urandom of=/dev/liteio/lin bs=1M count=32 oflag=direct conv=fsync status=none
	setsid stampwriter write /dev/liteio/busy 7 512 4 >/run/writer 2>&1 </dev/null &
	until_true 60 grep -q running /run/writer'
sums=$(node one sums)
records=$(node one records)
# shellcheck disable=SC2016
old=$(node one 'head -c $((16 << 20)) /mnt/a/old | sha256sum')
vm_cut one
vm_move_disk one two pool
vm_boot two
# shellcheck disable=SC2016
node two 'agent_start
	nothing_is_open
	[ "$(j disk list | jq -r --arg d "$DISK" ".items[] | select(.device == \$d) | .pool")" = fast ]
	own=/dev/disk/by-id/virtio-own
	written() { awk "{ print \$7 }" "/sys/class/block/$(basename "$(readlink -f "$DISK")")/stat"; }
	liteioctl pool create home $own >/dev/null
	liteioctl volume create a --pool home --size 16Mi >/dev/null
	liteioctl volume attach a >/dev/null
	mine=$(readlink /dev/liteio/a)
	devices=$(dmsetup ls | sort)
	before=$(written)
	for force in "" --force; do
		refused "pool fast has names that are taken.*(volume rename.*): volume a in pool home$" \
			liteioctl pool import "$DISK" $force
	done
	[ "$({ j pool import --all || true; } | jq -r ".items[] | select(.name == \"fast\") | \"\(.imported) \(.reason)\"" |
		grep -c "^false.*volume a in pool home")" = 1 ]
	[ "$(written)" = "$before" ]
	[ "$(dmsetup ls | sort)" = "$devices" ]
	[ "$(readlink /dev/liteio/a)" = "$mine" ]
	[ "$(j pool list | jq -r ".items[].name")" = home ]
	liteioctl volume rename a mine >/dev/null
	liteioctl pool import "$DISK" >/dev/null
	[ "$(j pool show fast | jq -r .state)" = ready ]
	[ "$(readlink /dev/liteio/mine)" = "$mine" ]
	theirs=$(readlink /dev/liteio/a)
	[ "$theirs" != "$mine" ]'
ok "a volume of the same name is in the way of the import, which says so and touches nothing, until it is renamed"

# shellcheck disable=SC2016
node two 'own=/dev/disk/by-id/virtio-own
	uuid=$(j volume show mine | jq -r .uuid)
	mine=$(readlink /dev/liteio/mine) theirs=$(readlink /dev/liteio/a)
	# whatever way it came to be
	agent_stop
	poolctl rename $own "$uuid" a >/dev/null
	agent_start
	both="volume a: there is one in pool [a-z]* (.*) and one in pool [a-z]* (.*)"
	refused "$both" liteioctl volume show a
	refused "$both" liteioctl volume delete a
	refused "$both" liteioctl snapshot create no a
	refused "$both" liteioctl volume create a --pool fast --size 96Mi
	refused "$both" liteioctl volume clone a more
	refused "$both" liteioctl volume clone "$uuid" a
	refused "$both" liteioctl volume rename "$uuid" a
	[ "$(j volume list | jq "[.items[] | select(.name == \"a\")] | length")" = 2 ]
	[ "$(readlink /dev/liteio/a)" = "$theirs" ]
	{ j doctor || true; } | jq -e ".items[] | select(.check == \"nameTwice\" and .object == \"volume/a\")" >/dev/null
	liteioctl doctor --fix >/dev/null 2>&1 || true
	[ "$(readlink /dev/liteio/a)" = "$theirs" ]
	[ "$(j volume show "$uuid" | jq -r .pool)" = home ]
	for _ in first again; do
		liteioctl volume rename "$uuid" mine >/dev/null
	done
	[ "$(j volume show a | jq -r .pool)" = fast ]
	[ "$(readlink /dev/liteio/mine)" = "$mine" ]
	doctor_is_silent
	liteioctl volume detach "$uuid" >/dev/null
	liteioctl volume delete "$uuid" >/dev/null
	liteioctl pool delete home >/dev/null
	[ "$(readlink /dev/liteio/a)" = "$theirs" ]
	mount /dev/liteio/a /mnt/a'
same "$(node two records)" "$records" "what the other machine knows of the volumes"
same "$(node two sums)" "$sums" "the data on the other machine"
# shellcheck disable=SC2016
node two 'refused "fenced\|floor" liteioctl export create busy 6 --local
	liteioctl volume create restored --pool fast --snapshot before >/dev/null
	liteioctl volume attach restored >/dev/null
	mount -o ro /dev/liteio/restored /mnt/r
	doctor_is_silent'
same "$(node two 'sha256sum </mnt/r/old')" "$old" "the snapshot on the other machine"
ok "after a power cut another machine imports the disk: data, snapshot, limits and floors are there"

# shellcheck disable=SC2016
node two 'dd if=/dev/urandom of=/mnt/a/new bs=1M count=4 conv=fsync status=none'
sums=$(node two sums)
# shellcheck disable=SC2016
node two 'umount /mnt/a /mnt/r
	for v in a lin busy restored; do
		liteioctl volume detach $v >/dev/null
	done
	liteioctl pool export fast >/dev/null
	nothing_is_open
	agent_stop
	agent_start
	nothing_is_open
	agent_stop'
vm_off two
vm_move_disk two one pool
vm_boot one
# shellcheck disable=SC2016
node one 'mkdir -p /var/lib/liteio
	mount /dev/disk/by-id/virtio-state /var/lib/liteio
	agent_start
	nothing_is_open
	liteioctl pool import "$DISK" >/dev/null
	for v in a lin; do
		liteioctl volume attach $v >/dev/null
	done
	mount /dev/liteio/a /mnt/a'
same "$(node one sums)" "$sums" "the data where it came from"
# shellcheck disable=SC2016
node one 'umount /mnt/a
	fsck.ext4 -fn /dev/liteio/a >/dev/null 2>&1
	for v in a lin; do
		liteioctl volume detach $v >/dev/null
	done
	for v in a lin busy restored; do
		liteioctl volume delete $v >/dev/null
	done
	liteioctl snapshot delete before >/dev/null
	doctor_is_silent
	liteioctl pool delete fast >/dev/null'
ok "exported there, it is imported where it came from, which had known it and did not take it by itself"
