#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# liteioctl doctor: each inconsistency is made by hand, is found with nothing else beside it, and is mended by
# --fix where that is harmless. What is open, what would lower a floor and what has data stays as it is.
# vm: kernels=6.12 disks=pool=1G,spare=256M,twin=1G timeout=900 smp=1 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/thin.sh
. "$LITEIO_TOP/tests/vm/lib/thin.sh"

NOBODY=0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b
SPARE=$(readlink -f /dev/disk/by-id/virtio-spare)
TWIN=$(readlink -f /dev/disk/by-id/virtio-twin)
HOST=nqn.2014-08.org.nvmexpress:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8
CFS=/sys/kernel/config/nvmet

# finds EXIT "CHECK OBJECT"...: exactly these, and the command ends so
finds() {
	local want=$1 rc=0 said

	shift
	# who looks at a new device has it open
	udevadm settle || true
	said=$(j doctor 2>/run/doctor.err) || rc=$?
	[ "$rc" = "$want" ] || fail "doctor ends with $rc, not $want: $said $(cat /run/doctor.err)"
	said=$(jq -r '.items[] | .check + " " + .object' <<<"$said" | sort)
	[ "$said" = "$(printf '%s\n' "$@" | sort)" ] || fail "doctor finds \"$said\", not \"$*\""
}

# mends "CHECK OBJECT"...: these errors or warnings are found, and gone after --fix
mends() {
	local rc=$1

	finds "$@"
	liteioctl doctor --fix >/run/doctor.out 2>&1 || fail "--fix of $*: $(cat /run/doctor.out)"
	doctor_is_silent
	[ "$rc" = 0 ] || grep -q . /run/doctor.out || fail "--fix says nothing"
}

uuid_of() { j volume show "$1" | jq -r .uuid; }

agent_start
liteioctl pool create fast "$DISK" --linear 128Mi >/dev/null
for v in data idle cold out; do
	liteioctl volume create $v --pool fast --size 64Mi >/dev/null
done
liteioctl volume create log --pool fast --size 64Mi --class linear >/dev/null
liteioctl snapshot create before data >/dev/null
# it has been used, and so has a device
liteioctl snapshot create once idle >/dev/null
liteioctl snapshot delete once >/dev/null
liteioctl volume attach data >/dev/null
liteioctl volume attach log --read-only >/dev/null
liteioctl export create out 1 --host-nqn $HOST >/dev/null
liteioctl volume fence cold --floor 5 >/dev/null
data=$(uuid_of data) idle=$(uuid_of idle) cold=$(uuid_of cold) out=$(uuid_of out)
gen=$(j volume show data | jq '.attachments[0].generation')
head=liteio-head-$data-$gen
doctor_is_silent
[ "$(liteioctl doctor)" = "nothing is wrong" ] || fail "it says $(liteioctl doctor)"
[ "$(liteioctl doctor --fix)" = "nothing is wrong" ] || fail "--fix of nothing"
ok "a node where all is well"

dmsetup suspend "$head"
finds 1 "suspended $head"
liteioctl doctor >/run/doctor.out 2>/run/doctor.err && fail "an error is found, and the command says that all is well"
grep -q "^error *suspended *$head *fast .*waits" /run/doctor.out || fail "the table: $(cat /run/doctor.out)"
grep -q '1 of 1 findings are errors' /run/doctor.err || fail "it says $(cat /run/doctor.err)"
mends 1 "suspended $head"
[ "$(dmsetup info -c --noheadings -o suspended "$head")" = Active ] || fail "the head is still suspended"
dmsetup suspend "liteio-thin-$data"
mends 1 "suspended liteio-thin-$data"
ok "what is suspended goes on"

kmodctl vol-del uuid="$cold"
mends 1 "floor cold"
[ "$(j module volumes | jq --arg u "$cold" '.items[] | select(.uuid == $u) | .floor')" = 5 ] || fail "the floor is not back"
kmodctl vol-set uuid="$cold" floor=9
finds 0 "floorAhead cold"
liteioctl doctor --fix >/dev/null
finds 0 "floorAhead cold"
liteioctl volume fence cold --floor 9 >/dev/null
doctor_is_silent
# a generation that ended by itself, and that the kernel has forgotten
liteioctl volume fence cold --generation 11 >/dev/null
kmodctl vol-del uuid="$cold"
kmodctl vol-set uuid="$cold" +create name=cold floor=9
kmodctl att-add uuid="$cold" gen=11
mends 1 "floor cold" "fenced cold/11" "remains cold/11"
refused 'fenced' liteioctl export create cold 11 --local
ok "floors are raised in the kernel, never lowered, and what has ended stays so"

liteioctl volume limit data --read-iops 1000 >/dev/null
kmodctl vol-set uuid="$data" qos.riops=7
mends 0 "limits data"
kmodctl vol-set uuid="$idle" +create name=idle floor=1 qos.wiops=7
mends 0 "limits idle"
kmodctl vol-set uuid=$NOBODY +create name=nobody floor=3
finds 0 "registry $NOBODY"
kmodctl vol-del uuid=$NOBODY
doctor_is_silent
ok "limits are as the catalog has them; what only the kernel knows is told"

pool=liteio-pool-$(j pool show fast | jq -r .uuid)
id=$(dmsetup table "liteio-thin-$data" | awk '{ print $5 }')
dev=$(dmsetup table "liteio-thin-$data" | awk '{ print $4 }')
dmsetup create liteio-thin-$NOBODY --uuid LITEIO-THIN-$NOBODY --table "0 131072 thin $dev $id"
mends 0 "deviceRemains liteio-thin-$NOBODY"
[ ! -e /dev/mapper/liteio-thin-$NOBODY ] || fail "it is still there"
dmsetup create liteio-thin-$NOBODY --uuid LITEIO-THIN-$NOBODY --table "0 131072 thin $dev $id"
exec 7<"$(realpath "/dev/mapper/liteio-thin-$NOBODY")"
liteioctl doctor --fix >/dev/null
finds 0 "deviceRemains liteio-thin-$NOBODY"
exec 7<&-
mends 0 "deviceRemains liteio-thin-$NOBODY"
# what was never written has no device; what was once has one, that nobody has open
liteioctl volume attach idle >/dev/null
dd if=/dev/zero of=/dev/liteio/idle bs=4k count=1 oflag=direct conv=fsync status=none
liteioctl volume detach idle >/dev/null
doctor_is_silent
# as large as before the volume grew
dmsetup reload "liteio-thin-$idle" --table "$(dmsetup table "liteio-thin-$idle" | sed 's/^0 [0-9]*/0 65536/')"
dmsetup resume "liteio-thin-$idle"
mends 1 "device liteio-thin-$idle"
dmsetup create liteio-tmeta-$NOBODY --uuid LITEIO-TMETA-$NOBODY --table '0 8192 error'
finds 1 "poolClosed $NOBODY"
dmsetup remove liteio-tmeta-$NOBODY
dmsetup info "$pool" >/dev/null
ok "devices of nobody go, unless they are open; a device that is another one is put right"

# thin devices: an empty one of an id that was given out and is free again; one with data; of an id nobody has given out
say_to() { dmsetup message "$pool" 0 "$@"; }
liteioctl snapshot create gone idle >/dev/null
free=$(ids_in "$pool" | sort -n | tail -1)
liteioctl snapshot delete gone >/dev/null
doctor_is_silent
say_to "create_thin $free"
finds 0 "thinStray fast/$free"
liteioctl doctor | grep -q "device $free with 0 blocks" || fail "it says $(liteioctl doctor)"
mends 0 "thinStray fast/$free"
! grep -qx "$free" <<<"$(ids_in "$pool")" || fail "thin device $free is still there"
[ "$(dmsetup status "$pool" | awk '{ print $7 }')" = - ] || fail "a metadata snapshot is left: $(dmsetup status "$pool")"
say_to "create_thin $free"
dmsetup create stray --table "0 2048 thin /dev/mapper/$pool $free"
dd if=/dev/urandom of=/dev/mapper/stray bs=64K count=1 oflag=direct conv=fsync status=none
finds 0 "thinStray fast/$free"
liteioctl doctor --fix >/dev/null
finds 0 "thinStray fast/$free"
dmsetup remove --retry stray
grep -qx "$free" <<<"$(ids_in "$pool")" || fail "thin device $free has data and is gone"
say_to "delete $free"
say_to "create_thin 7777"
finds 1 "thinStray fast/7777"
liteioctl doctor --fix >/dev/null 2>&1 || true
finds 1 "thinStray fast/7777"
say_to "delete 7777"
# somebody's metadata snapshot is none of this
say_to reserve_metadata_snap
doctor_is_silent
say_to release_metadata_snap
# what a volume has is taken away behind our back
liteioctl volume create lost --pool fast --size 64Mi >/dev/null
liteioctl volume attach lost >/dev/null
dd if=/dev/zero of=/dev/liteio/lost bs=4k count=1 oflag=direct conv=fsync status=none
liteioctl volume detach lost >/dev/null
lost=$(uuid_of lost)
id=$(dmsetup table "liteio-thin-$lost" | awk '{ print $5 }')
dmsetup remove --retry "liteio-thin-$lost"
say_to "delete $id"
finds 1 "thinLost $lost"
liteioctl doctor --fix >/dev/null 2>&1 || true
finds 1 "thinLost $lost"
liteioctl volume delete lost >/dev/null
doctor_is_silent
ok "thin devices that no volume has, and volumes without one, are found; only what is empty and ours goes"

mkfs.ext4 -q /dev/liteio/data
sum=$(dd if="/dev/liteio/data" bs=1M count=8 iflag=direct status=none | md5sum)
dmsetup remove --retry "$head"
finds 1 "headMissing data/$gen" "link data" "link $data"
liteioctl doctor --fix >/dev/null 2>&1 || fail "--fix: $(liteioctl doctor 2>&1)"
doctor_is_silent
[ "$(dd if=/dev/liteio/data bs=1M count=8 iflag=direct status=none | md5sum)" = "$sum" ] || fail "the data is another one"
table=$(dmsetup table "$head")
dmsetup reload "$head" --table "${table/131072/65536}"
dmsetup resume "$head"
exec 7<"$(realpath /dev/liteio/data)"
finds 1 "head data/$gen"
liteioctl doctor --fix >/dev/null 2>&1 || true
finds 1 "head data/$gen"
exec 7<&-
mends 1 "head data/$gen"
[ "$(dmsetup table "$head")" = "$table" ] || fail "the table is $(dmsetup table "$head")"
dmsetup create "liteio-head-$data-77" --uuid "LITEIO-HEAD-$data-77" --table "0 131072 linear /dev/mapper/liteio-thin-$data 0"
mends 0 "remains data/77"
! dmsetup info "liteio-head-$data-77" >/dev/null 2>&1 || fail "what is left of generation 77 is still there"
ok "heads are there for what is attached, and for nothing else"

# an agent that dies while it mends is followed by one that finds nothing, or mends it
dies_mending() {
	agent_stop
	LITEIO_STEP_KILL=$1 agent_start
	"${@:2}"
	! liteioctl doctor --fix >/dev/null 2>&1 || fail "nothing was killed at $1"
	agent_wait_dead
	agent_start
	liteioctl doctor --fix >/dev/null || fail "after $1: $(liteioctl doctor 2>&1)"
	doctor_is_silent
}
dies_mending agent-mend:floor kmodctl vol-del uuid="$cold"
dies_mending agent-mend:done ln -s ../dm-99 /dev/liteio/old
dies_mending agent-mend:head dmsetup remove --retry "$head"
[ "$(dmsetup table "$head")" = "$table" ] || fail "the table is $(dmsetup table "$head")"
dies_mending agent-mend:fenced dmsetup create "liteio-head-$data-77" --uuid "LITEIO-HEAD-$data-77" \
	--table "0 131072 linear /dev/mapper/liteio-thin-$data 0"
! dmsetup info "liteio-head-$data-77" >/dev/null 2>&1 || fail "what is left of generation 77 is still there"
ok "mending can be interrupted"

ln -s ../dm-99 /dev/liteio/old
mends 0 "link old"
rm /dev/liteio/data
mends 0 "link data"
ln -sfn "$(readlink /dev/liteio/log)" /dev/liteio/data
mends 0 "link data"
[ /dev/liteio/data -ef "/dev/liteio/$data" ] || fail "it leads elsewhere: $(ls -l /dev/liteio)"
[ ! -e /dev/liteio/old ] || fail "a name that leads nowhere is still there"
ok "names lead where they should"

nqn=nqn.2026-11.io.liteio:$out:1
rm $CFS/ports/*/subsystems/"$nqn"
mends 1 "export out/1"
ls $CFS/ports/*/subsystems/"$nqn" >/dev/null || fail "it is not on its port"
mkdir -p $CFS/subsystems/nqn.2020-01.org.example:x/namespaces/1
realpath "/dev/mapper/liteio-thin-$idle" >$CFS/subsystems/nqn.2020-01.org.example:x/namespaces/1/device_path
echo 1 >$CFS/subsystems/nqn.2020-01.org.example:x/namespaces/1/enable
finds 1 "bypass nqn.2020-01.org.example:x"
echo 0 >$CFS/subsystems/nqn.2020-01.org.example:x/namespaces/1/enable
rmdir $CFS/subsystems/nqn.2020-01.org.example:x/namespaces/1 $CFS/subsystems/nqn.2020-01.org.example:x
doctor_is_silent
ok "exports can be reached, and nobody goes past a gate"

for slot in 1 2; do
	dd if=/dev/urandom of="$DISK" bs=1M seek=$slot count=1 oflag=direct conv=notrunc,fsync status=none
	mends 0 "catalogCopy fast"
done
printf x | dd of="$DISK" bs=1 seek=$((4096 + 100)) conv=notrunc,fsync status=none
mends 0 "labelCopy fast"
printf x | dd of="$DISK" bs=1 seek=$(($(blockdev --getsize64 "$DISK") - 4096 + 100)) conv=notrunc,fsync status=none
mends 0 "labelCopy fast"
agent_stop
agent_start
[ "$(j volume list | jq '.items | length')" = 5 ] || fail "the volumes: $(j volume list)"
doctor_is_silent
ok "what is on the disk twice is there twice again"

poolctl format "$SPARE" other >/dev/null
finds 0 "poolFound $SPARE"
dd if=/dev/zero of="$SPARE" bs=1M oflag=direct conv=notrunc status=none 2>/dev/null || true
dd if="$DISK" of="$TWIN" bs=1M count=1 oflag=direct conv=notrunc,fsync status=none
finds 1 "poolFound $TWIN"
dd if=/dev/zero of="$TWIN" bs=1M count=1 oflag=direct conv=notrunc,fsync status=none
doctor_is_silent
known=/var/lib/liteio/pools.json
cp $known /run/known
jq --arg u $NOBODY '.pools += [{name: "away", uuid: $u, remote: true}]' /run/known >$known
finds 1 "poolMissing away"
echo nonsense >$known
finds 0 "look pools"
cp /run/known $known
ok "pools that are missing, not open, or there twice"

# what an agent has left that was killed while it took a group; a snapshot of that uuid that is of none of it stays
groups=/var/lib/liteio/groups.json
before=$(j snapshot show before | jq -r .uuid)
part() { jq -n --arg g $NOBODY --arg p "$1" --arg s "$before" '{snapshots: [{group: $g, pool: $p, snapshot: $s}]}' >$groups; }
part "$(j pool show fast | jq -r .uuid)"
mends 0 "snapshotGroup fast/$NOBODY"
j snapshot show before >/dev/null || fail "a snapshot of nobody's group is gone"
part $NOBODY
mends 0 "snapshotGroup $NOBODY/$NOBODY"
jq --arg u $NOBODY '.pools += [{name: "away", uuid: $u}]' /run/known >$known
part $NOBODY
finds 0 "poolMissing away"
liteioctl pool delete away >/dev/null
doctor_is_silent
[ "$(jq '.snapshots | length' $groups)" = 0 ] || fail "what was given up is still written down: $(cat $groups)"
echo nonsense >$groups
finds 0 "look snapshot groups"
liteioctl doctor --fix >/dev/null 2>&1 || true
finds 0 "look snapshot groups"
rm $groups
doctor_is_silent
ok "what is left of groups that were not finished"

sed -i 's/"nodeName": "/&x/' /etc/liteio/agent.json
finds 0 "config nodeName"
sed -i 's/"nodeName": "x/"nodeName": "/' /etc/liteio/agent.json
kmodctl fence uuid="$data" gen="$gen" >/dev/null
finds 1 "fenced data/$gen"
liteioctl doctor --fix >/dev/null 2>&1 || true
finds 1 "fenced data/$gen"
liteioctl volume detach data >/dev/null
doctor_is_silent
for bad in '{}' '{"check":"suspended"}' '{"check":"colour","object":"x"}' '{"check":"link","object":"x","force":true}'; do
	code=$(curl -s -m 60 --unix-socket /run/liteio/agent.sock -o /run/said -w '%{http_code}' -d "$bad" http://x/v1/doctor/fix)
	[ "$code" = 400 ] || fail "$bad: $code $(cat /run/said)"
done
said=$(curl -s -m 60 --unix-socket /run/liteio/agent.sock -d '{"check":"link","object":"../../etc/passwd"}' http://x/v1/doctor/fix)
[ "$(jq .fixed <<<"$said")" = false ] || fail "a name that is none: $said"
[ -e /etc/passwd ] || fail "a name that is none took it away"
ok "what is for people is left to people; bad input changes nothing"
agent_stop
