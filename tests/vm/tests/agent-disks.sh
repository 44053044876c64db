#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# liteioctl disk list: every disk and partition, whether a pool can be made on it and why not, with the
# very words that making one is refused with; finding disks by rule; nothing is changed by looking.
# vm: kernels=6.12 disks=pool=128M,empty=64M,ext=64M,parts=128M,mounted=64M,held=64M,swap=64M,table=64M,small=16M,damaged=64M,hidden=64M,both=64M,mapped=192M
# vm: timeout=900 smp=1 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"

id() { echo "/dev/disk/by-id/virtio-$1"; }
# by the name of the disk; what has a path of its own has that
dev() {
	case $1 in
	/*) echo "$1" ;;
	*) readlink -f "$(id "$1")" ;;
	esac
}

# of DEVICE FIELD: from the list as look() saw it last
look() { j disk list >/run/list; }
of() { jq -r --arg d "$1" ".items[] | select(.device == \$d) | .$2" /run/list; }

# is NAME VERDICT USABLE FORCIBLE PATTERN: so says the list, and so does making a pool
is() {
	local d got said

	d=$(dev "$1")
	got=$(jq -r --arg d "$d" '.items[] | select(.device == $d) | "\(.verdict) \(.usable) \(.forcible) \(.reason)"' \
		/run/list)
	said=${got#* * * }
	[ "${got%" $said"}" = "$2 $3 $4" ] || fail "$1 is \"$got\", not \"$2 $3 $4\""
	grep -q -- "$5" <<<"$said" || fail "$1: \"$said\" says nothing of \"$5\""
	[ "$3" = true ] || refused_as "$said" "$d"
}

# refused_as SENTENCE DEVICE: making a pool says the same
refused_as() {
	local said

	said=$(liteioctl pool create wish "$2" 2>&1) && fail "a pool was made on $2"
	[ "${said%"$1"}" != "$said" ] || fail "the list says \"$1\", pool create says \"$said\""
}

mkfs.ext4 -q "$(id ext)"
mkfs.ext4 -q "$(id mounted)"
mkdir -p /run/m
mount "$(id mounted)" /run/m
mkswap "$(id swap)" >/dev/null
swapon "$(id swap)"
printf 'label: gpt\nsize=32M\nsize=80M\n' | sfdisk -q "$(id parts)"
printf 'label: gpt\n' | sfdisk -q "$(id table)"
# something of the kernel on it that leaves no signature: as LVM, crypt or multipath have it
dmsetup create holder --table "0 2048 linear $(dev held) 0"
# a filesystem, and the table of a partitioner around it
mkfs.ext4 -q -L "my data" "$(id both)"
printf 'label: dos\n' | sfdisk -q --wipe never "$(id both)"
# as LVM makes them, a MiB from where the disk begins: one that is empty, and one with a table, which nobody reads there; and one that is LVM's own
lvm=LVM-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde
dmsetup create vg-empty --uuid ${lvm}0 --table "0 $((64 << 11)) linear $(dev mapped) $((1 << 11))"
dmsetup create vg-table --uuid ${lvm}1 --table "0 $((64 << 11)) linear $(dev mapped) $((65 << 11))"
dmsetup create vg-pool_tmeta --uuid ${lvm}2-tmeta --table "0 $((1 << 11)) linear $(dev mapped) $((129 << 11))"
printf 'label: gpt\nsize=16M, name=boot\nsize=32M\n' | sfdisk -q --no-reread --no-tell-kernel /dev/mapper/vg-table
# mounted where the agent cannot see it
mkfs.ext4 -q "$(id hidden)"
unshare --mount --propagation private sh -c "mount $(id hidden) /mnt; touch /run/hidden; exec tail -f /dev/null" &
hider=$!
until_true 20 test -e /run/hidden
udevadm settle

# both labels of a pool, and a byte of each is wrong
poolctl format "$(id damaged)" was >/dev/null
for at in 4096 $(((64 << 20) - 4096)); do
	printf x | dd of="$(id damaged)" bs=1 seek=$((at + 100)) conv=notrunc,fsync status=none
done
agent_start
liteioctl pool create fast "$DISK" >/dev/null

# the first megabyte of each: where labels, tables and signatures are
sums() {
	local d

	for d in pool empty ext parts table small damaged held; do
		dd if="$(id $d)" bs=1M count=1 iflag=direct status=none | md5sum
	done
}

before=$(sums)
look
is pool pool false false 'carries the pool fast already: .*pool delete'
is empty usable true false null
is ext signature false true 'signature: ext4 (filesystem), uuid .*; --force destroys that'
is parts partitions false false 'has 2 partitions: remove them first'
is table signature false true 'signature: gpt (partition table).*; --force destroys that'
is mounted mounted false false 'is mounted: `umount` it first'
is swap swap false false 'is used as swap: `swapoff` first'
is held held false false 'another kernel device: dm-[0-9]*; take that away first'
is both signature false true '2 signatures: ext4 (filesystem), label my data, uuid .*; dos (partition table), uuid .*; --force destroys that'
table='gpt (partition table), uuid [-0-9A-Fa-f]*; partition 1 of the gpt (16.0 MiB, name boot); partition 2 of the gpt (32.0 MiB)'
is /dev/mapper/vg-table signature false true "signature: $table; --force destroys that"
is /dev/mapper/vg-empty usable true false null
is mapped held false false 'another kernel device: dm-[0-9]*; take that away first'
is small small false false 'too small'
is damaged damagedPool false true 'the rest of a pool.*; --force destroys that'
[ "$(of "$(dev ext)" signature)" = ext4 ] || fail "the signature is not named"
[ "$(of "$DISK" pool)" = fast ] || fail "the pool is not named"
# a pool that grows asks the same
refused 'signature: ext4 (filesystem), uuid .*; --force destroys that' liteioctl pool grow fast --add "$(dev ext)"
refused 'is mounted: `umount` it first' liteioctl pool grow fast --add "$(dev mounted)"
ok "every disk is listed with the reason and the way out, and making a pool gives the same one"

# what only the kernel knows: with the signature away, and with force
refused 'signature' liteioctl pool create wish "$(dev hidden)"
refused 'in use.*namespace' liteioctl pool create wish "$(dev hidden)" --force
kill $hider
ok "a mount in another namespace is not overwritten, not even by force"

part=$(dev parts)1
[ "$(of "$part" type)" = partition ] || fail "partitions are not listed"
[ "$(of "$part" usable)" = false ] || fail "$part is usable"
of "$part" reason | grep -q 'too small' || fail "a partition of 32 MiB: $(of "$part" reason)"
[ "$(of "${part%1}2" usable)" = true ] || fail "a partition of 80 MiB: $(of "${part%1}2" reason)"
[ "$(of "$(dev parts)" type)" = disk ] || fail "a disk is not one"
if j disk list | jq -r '.items[].device' | grep -E 'dm-|loop|ram|liteio|tmeta'; then
	fail "devices are listed that are no disks"
fi
[ "$(of /dev/mapper/vg-empty type) $(of /dev/mapper/holder type)" = 'lvm dm' ] || fail "who made what is mapped"
[ "$(of "$(dev empty)" 'byID[0]')" = virtio-empty ] || fail "the name by id is not there"
ok "partitions are listed, and what LVM has made; devices of the kernel and of our own are not"

# names OPTIONS...: the disks a rule finds
names() { j disk list "$@" | jq -r '[.items[] | select(.type == "disk") | .byID[0] // "-"] | join(" ")'; }

# finds NAMES OPTIONS...
finds() {
	local want=$1 got

	shift
	got=$(names "$@")
	[ "$got" = "$want" ] || fail "disk list $* finds \"$got\", not \"$want\""
}

finds virtio-empty --usable
finds 'virtio-swap virtio-small' --by-id 'virtio-s*'
finds 'virtio-pool virtio-parts virtio-mapped' --min-size 128Mi --by-id '/dev/disk/by-id/virtio-*'
finds virtio-small --max-size 16Mi --model '*' --by-id 'virtio-*'
case $(cat "/sys/class/block/$(basename "$(dev empty)")/queue/rotational") in
0) finds '' --usable --rotational yes ;;
1) finds '' --usable --rotational no ;;
esac
liteioctl disk list --usable | grep -q "^$(dev empty) " || fail "the table: $(liteioctl disk list)"
liteioctl disk list --usable -o wide | grep -q "^$(dev empty) .* virtio-empty" || fail "the wide table: $(liteioctl disk list -o wide)"
ok "disks are found by rule"

said=$(liteioctl disk list --min-size 2G --max-size 1G 2>&1) && fail "a rule that nothing can match was accepted"
[ "$? $(wc -l <<<"$said")" = '2 1' ] || fail "a rule that nothing can match: $said"
for bad in 'usable=maybe' 'colour=red' 'minSize=2&maxSize=1'; do
	code=$(curl -s -m 60 --unix-socket /run/liteio/agent.sock -o /run/said -w '%{http_code}' "http://x/v1/disks?$bad")
	[ "$code" = 400 ] || fail "?$bad: $code $(cat /run/said)"
	jq -e .error.message /run/said >/dev/null || fail "?$bad: no sentence"
done
ok "a bad rule gets a sentence"

# no_pool WORDS OPTIONS...: a rule that finds no disk for one
no_pool() {
	local words=$1 said

	shift
	said=$(liteioctl pool create second --find "$@" 2>&1) && fail "pool create --find $* found $said"
	grep -q "$words" <<<"$said" || fail "pool create --find $*: $said"
}

no_pool 'no disk of this node' --min-size 1Ti
no_pool 'no usable disk.*partitions' --by-id 'virtio-parts'
no_pool '[0-9] usable disks (.*/dev'
no_pool 'not an option' --force
[ "$(j pool create second --find --by-id 'virtio-e*' --dry-run | jq -r .device)" = "$(dev empty)" ] ||
	fail "a dry run: $(liteioctl pool create second --find --by-id 'virtio-e*' --dry-run 2>&1)"
[ "$(sums)" = "$before" ] || fail "looking has changed something"
for _ in once again; do
	[ "$(j pool create second --find --by-id 'virtio-e*' | jq -r '.name, .state' | xargs)" = 'second ready' ] ||
		fail "no pool was made on what a rule finds"
done
liteioctl pool create third "${part%1}2" >/dev/null
look
is empty pool false false 'carries the pool second already'
[ "$(of "${part%1}2" pool)" = third ] || fail "there is no pool in the partition"
[ "$(of "$(dev ext)" destroyed | jq length)" = 1 ] || fail "what force destroys: $(of "$(dev ext)" destroyed)"
[ "$(of "$(dev empty)" destroyed)" = null ] || fail "on an empty disk there is nothing to destroy"
id=$(blkid -p -s UUID -o value "$(dev ext)")
mkfs.ext4 -q -F -L "my data" -U "$id" "$(id ext)"
look
want="$(dev ext): ext4 (filesystem), label my data, uuid $id"
[ "$(of "$(dev ext)" 'destroyed[0]')" = "$want" ] || fail "what force destroys: $(of "$(dev ext)" 'destroyed[0]')"
liteioctl pool create fourth "$(dev ext)" --force >/run/said
grep -q "^destroyed *$want\$" /run/said || fail "it does not say what it has destroyed: $(cat /run/said)"
[ "$(j pool create fourth "$(dev ext)" --force | jq .destroyed)" = null ] || fail "made twice, destroyed twice"
# each of several, and what a table has that no kernel has read
j pool create sixth "$(dev both)" --force | jq -r '.destroyed[]' >/run/said
[[ $(</run/said) =~ ^"$(dev both): ext4 (filesystem), label my data, uuid "[-0-9a-f]+$'\n'"$(dev both): dos (partition table), uuid "[0-9a-f]+$ ]] ||
	fail "it does not say what it has destroyed: $(cat /run/said)"
want=$(of /dev/mapper/vg-table destroyed | jq -c .)
[ "$(jq length <<<"$want")" = 3 ] || fail "what force destroys: $want"
[ "$(j pool create seventh /dev/mapper/vg-table --force | jq -c .destroyed)" = "$want" ] ||
	fail "the list says $want"
[ "$(j pool create eighth /dev/mapper/vg-empty | jq -r '.name, .state' | xargs)" = 'eighth ready' ] ||
	fail "no pool was made on a volume of LVM"
said=$(j pool create fifth "$(dev damaged)" --force | jq -r '.destroyed[0]')
grep -q 'the rest of a pool' <<<"$said" || fail "it does not say what it has destroyed: $said"
look
is damaged pool false false 'carries the pool fifth already'
is /dev/mapper/vg-table pool false false 'carries the pool seventh already'
is /dev/mapper/vg-empty pool false false 'carries the pool eighth already'
if j disk list | jq -r '.items[].device' | grep -E 'liteio'; then
	fail "devices of our own are listed"
fi
ok "looking changes nothing; what is usable is used, and what is forcible by force"

# a disk with a model, and two ways to it
modprobe scsi_debug dev_size_mb=80 add_host=2 num_tgts=1 max_luns=1 vpd_use_hostno=0
ways() { compgen -G '/sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*:*/block/*' | sed 's|.*/|/dev/|' | sort; }
both_ways() { [ "$(ways | wc -l)" = 2 ]; }
until_true 60 both_ways
udevadm settle
# devices OPTIONS...: that a rule finds, in order
devices() { j disk list "$@" | jq -r '.items[].device' | sort; }
[ "$(devices --model 'SCSI_debug*')" = "$(ways)" ] || fail "by model: $(j disk list --by-id '*')"
[ -z "$(devices --model scsi)" ] || fail "half a model finds $(devices --model scsi)"
for d in $(ways) "$(dev empty)" "$(dev ext)"; do
	case $(cat "/sys/class/block/${d#/dev/}/queue/rotational") in
	0) echo "$d" >>/run/flat ;;
	1) echo "$d" >>/run/round ;;
	esac
done
{ [ -s /run/flat ] && [ -s /run/round ]; } || fail "all disks of this guest are of one kind"
[ -z "$(comm -13 <(devices --rotational no) <(sort /run/flat))" ] || fail "without platters: $(devices --rotational no)"
[ -z "$(comm -13 <(devices --rotational yes) <(sort /run/round))" ] || fail "with platters: $(devices --rotational yes)"
[ -z "$(comm -12 <(devices --rotational yes) <(devices --rotational no))" ] || fail "disks of both kinds"
ok "models and platters are read as the kernel has them"

modprobe dm-multipath
table=$(for d in $(ways); do echo "$(cat "/sys/class/block/${d#/dev/}/dev") 1000"; done | xargs)
dmsetup create paths --uuid mpath-333333330000007d0 \
	--table "0 $(blockdev --getsz "$(ways | head -n 1)") multipath 0 0 1 1 round-robin 0 2 1 $table"
udevadm settle
look
for d in $(ways); do
	is "$d" held false false 'another kernel device: dm-[0-9]*; take that away first'
done
is /dev/mapper/paths usable true false null
[ "$(of /dev/mapper/paths type)" = mpath ] || fail "what it is: $(of /dev/mapper/paths type)"
liteioctl pool create ninth /dev/mapper/paths >/dev/null
liteioctl volume create there --pool ninth --size 8Mi >/dev/null
look
is /dev/mapper/paths pool false false 'carries the pool ninth already'
for d in $(ways); do
	of "$d" verdict | grep -qE 'held|pool' || fail "$d: $(of "$d" verdict)"
	refused 'pool ninth already\|another kernel device' liteioctl pool create wish "$d" --force
done
ok "a pool is made on what has several ways, and on none of them"

agent_stop
agent_start
[ "$(j pool list | jq -r '[.items[] | "\(.name) \(.state)"] | sort | join(" ")')" = \
	'eighth ready fast ready fifth ready fourth ready ninth ready second ready seventh ready sixth ready third ready' ] ||
	fail "after a restart: $(liteioctl pool list)"
liteioctl doctor >/run/said || fail "after a restart: $(cat /run/said)"
liteioctl volume show there >/dev/null
ok "the next agent finds them all, the one with several ways once"
agent_stop
