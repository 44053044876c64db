#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# liteioctl disk list: every disk and partition, whether a pool can be made on it and why not, with the
# very words that making one is refused with; finding disks by rule; nothing is changed by looking.
# vm: kernels=6.12 disks=pool=128M,empty=64M,ext=64M,parts=128M,mounted=64M,held=64M,swap=64M,table=64M,small=16M,damaged=64M,hidden=64M
# vm: timeout=900 smp=1 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"

id() { echo "/dev/disk/by-id/virtio-$1"; }
dev() { readlink -f "$(id "$1")"; }

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
if j disk list | jq -r '.items[].device' | grep -E 'dm-|loop|ram'; then
	fail "devices are listed that are no disks"
fi
[ "$(of "$(dev empty)" 'byID[0]')" = virtio-empty ] || fail "the name by id is not there"
ok "partitions are listed, devices of the kernel are not"

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
finds 'virtio-pool virtio-parts' --min-size 128Mi --by-id '/dev/disk/by-id/virtio-*'
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
said=$(j pool create fifth "$(dev damaged)" --force | jq -r '.destroyed[0]')
grep -q 'the rest of a pool' <<<"$said" || fail "it does not say what it has destroyed: $said"
look
is damaged pool false false 'carries the pool fifth already'
ok "looking changes nothing; what is usable is used, and what is forcible by force"
agent_stop
