# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What agents are asked for again and again, in rounds that leave nothing behind. Source it after agent.sh and thin.sh, and set
# AGENT_METRICS to unix://... before agent_start. There is a pool "fast" with space for each class; for "pair" and "moves"
# another one, "slow" on $OTHER, with a volume "kept".
#
#   life N        one life of a volume and what can be made of it, by names with the number of the round
#   strangers     what is refused, and clients that do not wait for the answer
#   pair N        a moment of both pools, faults of all kinds that the doctor mends, repairs
#   moves         a pool goes in order, and comes again
#   finds CHECK...   the doctor finds these, and nothing else, and mends them

SOCKET=/run/liteio/agent.sock
OTHER=/dev/disk/by-id/virtio-other
GENERATION=900
HOST=nqn.2026-01.io.liteio:test
NOBODY=0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b
CFS=/sys/kernel/config/nvmet

# one life of a volume and what can be made of it, by names with the number of the round
life() {
	local n=$1 name dev

	liteioctl volume create "v$n" --pool fast --size 64Mi >/dev/null
	liteioctl volume create "l$n" --pool fast --size 32Mi --class linear >/dev/null
	liteioctl volume create "r$n" --pool fast --size 32Mi --class reserved >/dev/null
	liteioctl volume attach "v$n" >/dev/null
	dev=/dev/liteio/v$n
	dd if=/dev/urandom of="$dev" bs=1M count=4 oflag=direct status=none
	liteioctl snapshot create "s$n" "v$n" >/dev/null
	liteioctl volume clone "v$n" "c$n" >/dev/null
	liteioctl snapshot group "v$n=a$n" "c$n=b$n" >/dev/null
	liteioctl volume create "o$n" --pool fast --snapshot "s$n" --size 128Mi >/dev/null
	liteioctl volume grow "v$n" --size 96Mi >/dev/null
	liteioctl volume limit "v$n" --read-iops 5000 >/dev/null
	liteioctl volume detach "v$n" >/dev/null
	liteioctl volume rollback "v$n" "s$n" >/dev/null
	liteioctl volume rename "v$n" "w$n" >/dev/null
	liteioctl export create "w$n" 900 --host-nqn $HOST >/dev/null
	liteioctl export delete "w$n" 900 >/dev/null
	for name in "a$n" "b$n" "s$n"; do
		liteioctl snapshot delete "$name" >/dev/null
	done
	for name in "w$n" "l$n" "r$n" "c$n" "o$n"; do
		liteioctl volume delete "$name" >/dev/null
	done
	[ "$(j volume list | jq '[.items[] | select(.name != "kept")] | length')" = 0 ] || fail "round $n left a volume"
}

# what is refused, and those who do not wait for the answer
strangers() {
	refused '' liteioctl volume create x --pool nowhere --size 64Mi
	refused '' liteioctl volume create 'x y' --pool fast --size 64Mi
	refused '' liteioctl volume create x --pool fast --size 900Ti
	refused '' liteioctl volume show nobody
	refused '' liteioctl pool create again "$DISK"
	curl -s --unix-socket $SOCKET -d '{"name": 1' http://x/v1/volumes >/dev/null
	curl -s --unix-socket $SOCKET -d '{"surprise": true}' http://x/v1/volumes >/dev/null
	curl -s --unix-socket $SOCKET http://x/v1/nothing >/dev/null
	# gone before the answer
	timeout 0.05 curl -s --unix-socket $SOCKET http://x/v1/volumes >/dev/null || true
	printf 'POST /v1/volumes HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{' |
		timeout 1 socat - UNIX-CONNECT:$SOCKET >/dev/null || true
	curl -sf -m 60 --unix-socket "${AGENT_METRICS#unix://}" http://x/metrics >/run/scrape
	grep -q '^liteio_pool' /run/scrape || fail "a scrape says nothing of the pool: $(head -n 5 /run/scrape)"
}

# finds CHECK...: the doctor finds these, and nothing else, and mends them
finds() {
	local said

	said=$(j doctor 2>/dev/null) || true
	[ "$(jq -r '[.items[].check] | unique | join(" ")' <<<"$said")" = "$*" ] || fail "the doctor, instead of $*: $said"
	liteioctl doctor --fix >/run/doctor.out 2>&1 || fail "--fix of $*: $(cat /run/doctor.out)"
	doctor_is_silent
}

# what a pool alone does not have, and what nobody does to it: a moment of both, faults of all kinds, repairs
pair() {
	local n=$1 head uuid kept pool dev id free

	liteioctl volume create "m$n" --pool fast --size 64Mi >/dev/null
	liteioctl volume attach "m$n" >/dev/null
	dd if=/dev/urandom of="/dev/liteio/m$n" bs=1M count=4 oflag=direct status=none
	liteioctl snapshot group "m$n=a$n" "kept=b$n" >/dev/null
	pool=liteio-pool-$(j pool show fast | jq -r .uuid)
	free=$(ids_in "$pool" | sort -n | tail -1)
	liteioctl snapshot delete "a$n" >/dev/null
	liteioctl snapshot delete "b$n" >/dev/null
	refused '' liteioctl snapshot group "m$n=a$n" "nobody=b$n"
	liteioctl export create kept "$GENERATION" --host-nqn $HOST >/dev/null
	doctor_is_silent
	uuid=$(j volume show "m$n" | jq -r .uuid)
	kept=$(j volume show kept | jq -r .uuid)
	head=liteio-head-$uuid-$(j volume show "m$n" | jq -r '.attachments[0].generation')
	read -r _ _ _ dev id < <(dmsetup table "liteio-thin-$uuid")
	dmsetup suspend "$head"
	rm "/dev/liteio/m$n"
	rm $CFS/ports/*/subsystems/nqn.2026-11.io.liteio:"$kept:$GENERATION"
	kmodctl vol-set uuid="$uuid" qos.riops=7
	dmsetup create liteio-thin-$NOBODY --uuid LITEIO-THIN-$NOBODY --table "0 131072 thin $dev $id"
	dmsetup message "$pool" 0 "create_thin $free"
	dd if=/dev/urandom of="$OTHER" bs=1M seek=1 count=1 oflag=direct conv=notrunc,fsync status=none
	jq -n --arg g $NOBODY '{snapshots: [{group: $g, pool: $g, snapshot: $g}]}' >/var/lib/liteio/groups.json
	finds catalogCopy deviceRemains export limits link snapshotGroup suspended thinStray
	dmsetup remove --retry "$head"
	finds headMissing link
	liteioctl export delete kept "$GENERATION" >/dev/null
	GENERATION=$((GENERATION + 1))
	liteioctl volume detach "m$n" >/dev/null
	liteioctl volume delete "m$n" >/dev/null
	# nothing is broken, and one that is made anew all the same
	liteioctl pool repair slow >/dev/null
	liteioctl pool repair slow --force >/dev/null
}

# a pool goes in order, and comes again when its names are free; asked for twice, and all that are there
moves() {
	liteioctl pool export slow >/dev/null
	liteioctl pool export slow >/dev/null
	liteioctl volume create kept --pool fast --size 64Mi >/dev/null
	refused 'names that are taken' liteioctl pool import "$OTHER"
	liteioctl volume rename kept mine >/dev/null
	liteioctl pool import --all >/dev/null
	liteioctl volume delete mine >/dev/null
	refused '' liteioctl pool delete slow
}
