#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One node, no Kubernetes: a pool on a disk, a volume in use, a snapshot, a restored volume, growing
# online, and the space back at the end; all of it twice, because everything may be asked again. What the agent answers
# is what the document of its local API has.
# vm: kernels=6.1,6.12,7 disks=pool=1G,other=256M timeout=400 smp=1 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/answers.sh
. "$LITEIO_TOP/tests/vm/lib/answers.sh"

sock=/run/liteio/agent.sock

used() {
	j pool show fast | jq .dataUsedBytes
}

# a filesystem goes on to fill its volume meanwhile
answer() { liteioctl -o json "$@" | sed -E '/"(allocated|[a-zA-Z]*[uU]sed|shared|free|[a-zA-Z]*Free)[a-zA-Z]*":/d'; }
# twice COMMAND...: the second time it has the same answer
twice() {
	local first second

	first=$(answer "$@") || fail "$*: $first"
	second=$(answer "$@") || fail "$* once more: $second"
	[ "$first" = "$second" ] || fail "$*: first $first, then $second"
}

# next_agent: all that it is asked is recorded, too
next_agent() {
	answers_end
	agent_start
	agent_lives || fail "the agent does not start"
	answers_record $sock
}

next_agent
liteioctl pool create fast "$DISK" >/dev/null
liteioctl pool create fast "$DISK" >/dev/null
[ "$(j pool list | jq -r '.items[0].state')" = ready ] || fail "the pool is not ready"
empty=$(used)
ok "a pool on a disk"

# shared BYTES: what sharing saves, as soon as the kernel has written down what was freed; null: nobody can tell
shared() {
	[ "$(j pool show fast | jq 'if .sharedKnown then .sharedBytes // 0 else null end')" = "$1" ]
}
liteioctl volume create base --pool fast --size 64Mi >/dev/null
liteioctl volume attach base >/dev/null
dd if=/dev/urandom of=/dev/liteio/base bs=1M count=32 oflag=direct status=none
shared 0 || fail "nothing is shared: $(j pool show fast)"
liteioctl volume clone base copy >/dev/null
until_true 20 shared $((32 << 20))
dd if=/dev/urandom of=/dev/liteio/base bs=1M count=8 oflag=direct status=none
until_true 20 shared $((24 << 20))
liteioctl pool list -o wide | grep -q 'SHARED' || fail "the wide table: $(liteioctl pool list -o wide)"
# a snapshot has no device that could be asked
liteioctl snapshot create moment base >/dev/null
shared null || fail "the kernel can not tell: $(j pool show fast)"
j pool show fast | jq -e '.sharedBytes' >/dev/null && fail "a number that nobody knows"
liteioctl snapshot delete moment >/dev/null
until_true 20 shared $((24 << 20))
liteioctl volume detach base >/dev/null
liteioctl volume delete base >/dev/null
liteioctl volume delete copy >/dev/null
ok "what snapshots and clones share is a number, or is not there"

liteioctl volume create data --pool fast --size 128Mi >/dev/null
liteioctl volume create data --pool fast --size 128Mi >/dev/null
refused 'exists with' liteioctl volume create data --pool fast --size 256Mi
uuid=$(j volume show data | jq -r .uuid)
twice export create data 1 --local
liteioctl attachment create "$uuid" 1 --local --size 128Mi >/dev/null
dev=$(j attachment list | jq -r '.items[0].device')
[ "$dev" = "/dev/liteio/$uuid" ] || fail "the device is $dev"
[ /dev/liteio/data -ef "$dev" ] || fail "it has no name: $(ls -l /dev/liteio)"
# completes LINE WORDS: with what the agent has
completes() {
	local got

	# shellcheck disable=SC2016 # of the other shell
	got=$(bash --norc -c '. "$0"; read -r -a COMP_WORDS <<<"$1"; COMP_CWORD=${#COMP_WORDS[@]}; COMP_WORDS+=("")
		_liteioctl; echo "${COMPREPLY[*]}"' /run/liteioctl.bash "$1")
	[ "$got" = "$2" ] || fail "\"$1\" is completed to \"$got\", not \"$2\""
}
(cd "$LITEIO_TOP" && deploy/manual/build "$LITEIO_O/liteioctl" deploy/manual/liteioctl.bash.in) >/run/liteioctl.bash
completes 'liteioctl pool show' fast
completes 'liteioctl volume grow' data
completes 'liteioctl snapshot create s' data
completes 'liteioctl volume create more --pool' fast
completes 'liteioctl snapshot show' ''
mkfs.ext4 -q "$dev"
mkdir -p /mnt/a /mnt/b
mount "$dev" /mnt/a
dd if=/dev/urandom of=/mnt/a/file bs=1M count=24 conv=fsync status=none
sum=$(md5sum </mnt/a/file)
# looks COMMAND: it says something and ends well
looks() {
	local said

	said=$(bash -c "$1" </dev/null 2>&1) || fail "the README's \"$1\": $said"
	[ -n "$said" ] || fail "the README's \"$1\" shows nothing"
}

# goes_on COMMAND: it does not end by itself
goes_on() {
	local rc=0

	timeout 2 bash -c "$1" </dev/null >/dev/null 2>&1 || rc=$?
	[ $rc = 124 ] || fail "the README's \"$1\" ends with $rc"
}

# how one looks inside, as the README has it: a command, two blanks, and what it shows; what that names goes on. On a node
# systemd has mounted it.
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
looked=0
while IFS= read -r line; do
	command=${line%%  *}
	case $command in
	kubectl*) continue ;; # cluster/tests/10-life.sh
	'liteioctl top') command+=' --count 1' ;;
	esac
	looks "${command/NAME/data}"
	more=$(sed -n 's/.*`\(.* --follow\)`.*/\1/p' <<<"$line")
	[ -z "$more" ] || goes_on "liteioctl $more"
	looked=$((looked + 1))
done < <(sed -n '/^## How to look inside$/,/^## On/s/^    //p' "$LITEIO_TOP/README.md")
[ $looked -ge 8 ] || fail "the README has $looked commands to look inside"
ok "the README's ways to look inside"
refused 'in use' liteioctl attachment delete "$uuid" 1
refused 'busy\|attach' liteioctl volume delete data
ok "a filesystem on a volume"

liteioctl snapshot create before data >/dev/null
liteioctl snapshot create before data >/dev/null
dd if=/dev/zero of=/mnt/a/file bs=1M count=24 conv=fsync,notrunc status=none
liteioctl volume create again --pool fast --snapshot before >/dev/null
liteioctl volume create again --pool fast --snapshot before >/dev/null
again=$(j volume show again | jq -r .uuid)
liteioctl export create again 1 --local >/dev/null
liteioctl attachment create "$again" 1 --local >/dev/null
mount "/dev/liteio/$again" /mnt/b
[ "$(md5sum </mnt/b/file)" = "$sum" ] || fail "the restored volume has other data"
[ "$(md5sum </mnt/a/file)" != "$sum" ] || fail "the volume changed back"
umount /mnt/b
twice snapshot rename before early
refused 'no such snapshot' liteioctl snapshot show before
twice snapshot rename early before
ok "a snapshot has what was there before"

twice pool grow fast
twice pool set fast --overcommit 900
twice volume grow data --size 256Mi
twice attachment resize "$uuid" 1 --size 256Mi
twice volume limit data --write-iops 100000
[ "$(blockdev --getsize64 "$dev")" = $((256 << 20)) ] || fail "the device did not grow"
resize2fs "$dev" >/dev/null 2>&1
dd if=/dev/urandom of=/mnt/a/more bs=1M count=160 conv=fsync status=none || fail "no room after growing"
refused 'shrink' liteioctl volume grow data --size 128Mi
ok "growing while it is in use"

twice volume rename data base
[ /dev/liteio/base -ef "$dev" ] || fail "the new name is no link: $(ls -l /dev/liteio)"
[ ! -e /dev/liteio/data ] || fail "the link has the old name: $(ls -l /dev/liteio)"
agent_kill
rm /dev/liteio/*
next_agent
[ /dev/liteio/base -ef "$dev" ] || fail "a restart does not bring the names back: $(ls -l /dev/liteio)"
liteioctl volume rename base data >/dev/null
ok "its name is a link, and so is its new name"

[ "$(j attachment stats | jq "[.items[] | select(.uuid == \"$uuid\") | .classes[] | select(.name == \"write\") | .ios][0] > 0")" = true ] ||
	fail "no writes were counted"
umount /mnt/a
fsck.ext4 -fn "$dev" >/dev/null 2>&1 || fail "the filesystem is damaged"
[ "$(liteioctl -o json volume detach again | jq -c .)" = '{"fenced":true,"drained":true,"removed":true}' ] ||
	fail "again is not detached"
[ "$(j volume show again | jq -c '[.floor, (.attachments | length)]')" = '[2,0]' ] || fail "what is over is still written down"
refused 'for writing' liteioctl volume attach data --read-only
liteioctl volume attach again --read-only >/dev/null
liteioctl volume attach again --read-only >/dev/null
[ "$(j volume show again | jq -c '[.attachments[] | .generation, .readOnly, .local]')" = '[2,true,true]' ] ||
	fail "it is attached as $(j volume show again)"
dd if=/dev/zero of=/dev/liteio/again bs=4096 count=1 oflag=direct status=none 2>/dev/null && fail "it can be written"
exec 7</dev/liteio/again
refused 'in use' liteioctl volume detach again
exec 7<&-
liteioctl volume detach again >/dev/null
liteioctl volume detach again >/dev/null
ok "attached and detached by its name"

# what is under way while the clock jumps: a fence that waits for a write
in_flight() { j module attachments | jq -e --arg uuid "$timed" 'any(.items[]; .uuid == $uuid and .inflight > 0)'; }
is_closed() { j module volumes | jq -e --arg uuid "$timed" 'any(.items[]; .uuid == $uuid and .floor == 2)'; }
fence_during() {
	local pids

	timed=$(j volume show timed | jq -r .uuid)
	dmsetup suspend --noflush "liteio-thin-$timed"
	dd if=/dev/zero of=/dev/liteio/timed bs=4096 count=1 oflag=direct status=none &
	pids=($!)
	until_true 20 in_flight
	j volume fence timed --floor 2 --timeout 60000 >/run/fence &
	pids+=($!)
	until_true 20 is_closed
	date -s "@$1" >/dev/null
	# by the time this is answered it would have looked at the clock
	is_closed >/dev/null
	[ ! -s /run/fence ] || fail "a fence ended when the clock was set: $(cat /run/fence)"
	dmsetup resume "liteio-thin-$timed"
	wait "${pids[@]}" || fail "a write, or its fence, failed when the clock was set: $(cat /run/fence)"
	[ "$(jq .drained /run/fence)" = true ] || fail "a fence while the clock was set: $(cat /run/fence)"
}

now=$(date +%s)
for to in $((now + 400000000)) $((now - 400000000)) "$now"; do
	date -s "@$to" >/dev/null
	liteioctl volume create timed --pool fast --size 16Mi >/dev/null
	liteioctl volume attach timed >/dev/null
	liteioctl snapshot create moment timed >/dev/null
	# one that finds what was written at a time that has not come yet, or long ago
	agent_kill
	next_agent
	[ "$(j snapshot show moment | jq -r .state)" = ready ] && [ "$(j volume show timed | jq '.attachments | length')" = 1 ] ||
		fail "an agent that was started when it was $(date): $(j snapshot show moment), $(j volume show timed)"
	fence_during $((2 * now - to))
	[ "$(j volume fence timed --floor 2 | jq -c '[.floor, .drained]')" = '[2,true]' ] || fail "a fence that is asked for again"
	liteioctl volume detach timed >/dev/null
	liteioctl snapshot delete moment >/dev/null
	liteioctl volume delete timed >/dev/null
done
ok "the clock may jump ten years and back, also while a fence waits, and between two agents"

liteioctl attachment delete "$uuid" 1 >/dev/null
liteioctl attachment delete "$uuid" 1 >/dev/null
[ "$(j export delete data 1 | jq -c .)" = '{"fenced":true,"drained":true,"removed":true}' ] || fail "the export was not removed"
liteioctl export delete data 1 >/dev/null
refused 'fenced\|floor\|stale' liteioctl export create data 1 --local
liteioctl volume delete data >/dev/null
liteioctl volume delete data >/dev/null
liteioctl volume delete again >/dev/null
liteioctl snapshot delete before >/dev/null
liteioctl snapshot delete before >/dev/null
[ "$(used)" = "$empty" ] || fail "$(used) bytes are in use, $empty were at the beginning"
[ "$(j volume list | jq '.items | length')" = 0 ] || fail "volumes are left"
[ -z "$(ls /dev/liteio)" ] || fail "names are left: $(ls -l /dev/liteio)"
ok "all space is back"

twice module load
other=$(readlink -f /dev/disk/by-id/virtio-other)
twice pool grow fast --add "$other"
[ "$(j pool show fast | jq -c .moreDevices)" = "[\"$other\"]" ] || fail "the second disk: $(j pool show fast)"
liteioctl pool create filed /tmp/pool.img --size 128Mi >/dev/null
twice pool grow filed --size 192Mi
[ "$(stat -c %s /tmp/pool.img)" = $((192 << 20)) ] || fail "the file has $(stat -c %s /tmp/pool.img) bytes"
[ "$(j pool show filed | jq ".dataBytes > $((128 << 20))")" = true ] || fail "the pool has not grown: $(j pool show filed)"
liteioctl pool delete filed >/dev/null
liteioctl pool delete filed >/dev/null
ok "a pool gets another disk, or a longer file, once"

# all else that changes something, once more
liteioctl volume create more --pool fast --size 16Mi >/dev/null
more=$(j volume show more | jq -r .uuid)
twice snapshot create one more
twice snapshot group more=two
twice volume clone more copy
twice volume rollback more one
twice export create more 40 --local
twice attachment create "$more" 40 --local
liteioctl attachment delete "$more" 40 >/dev/null
liteioctl export delete more 40 >/dev/null
for _ in first again; do
	[ "$(j module fence "$more" --floor 50 | jq -c '[.floor, .persisted, .drained]')" = '[50,true,true]' ] ||
		fail "a fence by its uuid"
	said=$(curl -s -m 60 --unix-socket $sock -d '{"check":"link","object":"nothing"}' http://x/v1/doctor/fix)
	[ "$(jq .fixed <<<"$said")" = false ] || fail "nothing to mend: $said"
done
for name in one two one two; do
	liteioctl snapshot delete $name >/dev/null
done
for name in more copy more copy; do
	liteioctl volume delete $name >/dev/null
done
twice pool import --all
twice pool export fast
twice pool import "$DISK"
doctor_is_silent
liteioctl pool delete fast >/dev/null
liteioctl pool delete fast >/dev/null
[ -z "$(wipefs "$DISK" "$other")" ] || fail "something is left on the disks"
! dmsetup ls | grep -q liteio || fail "devices are left: $(dmsetup ls)"
agent_stop
grep -q 'level=error' $AGENT_LOG && fail "the agent complained: $(grep level=error $AGENT_LOG)"
# what is asked for twice, and what is shown
answers_end
answered=$(answers_check 42)
ok "the document of the local API has all that was answered: $answered"
# as many times as there are such requests: a new one can not be forgotten here. For a repair agent-repair asks twice
again=$(answers_twice 'POST /v1/pools/{pool}/repair')
ok "every request that changes something may be asked for again: $again"
