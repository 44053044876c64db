#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A long run of the agent under valgrind: every operation many times, what is refused too, clients that go away in
# the middle, a reload, a scrape, groups of two pools, what the doctor finds and mends, a repair; no byte read that nobody wrote, none after it was freed, and none forgotten.
# vm: kernels=6.12 disks=pool=2G,other=512M timeout=1800 mem=2G needs=module,tools,programs,valgrind

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"

FOUND=/run/valgrind.log
ROUNDS=${ROUNDS:-12}
SOCKET=/run/liteio/agent.sock
OTHER=$(readlink -f /dev/disk/by-id/virtio-other)

export AGENT_UNDER="$LITEIO_O/vm-tools/valgrind -q --log-file=$FOUND --leak-check=full --show-leak-kinds=definite,indirect \
--errors-for-leak-kinds=definite,indirect --child-silent-after-fork=yes --keep-stacktraces=alloc-and-free --num-callers=24"

# nothing WHEN: valgrind has found nothing; what it does not know of the kernel ("--") is no finding
nothing() {
	! grep -q '^==' $FOUND || {
		grep '^==' $FOUND | head -n 120 >&2
		fail "valgrind has something to say after $1"
	}
}

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
	liteioctl export create "w$n" 900 --host-nqn nqn.2026-01.io.liteio:test >/dev/null
	liteioctl export delete "w$n" 900 >/dev/null
	for name in "a$n" "b$n" "s$n"; do
		liteioctl snapshot delete "$name" >/dev/null
	done
	for name in "w$n" "l$n" "r$n" "c$n" "o$n"; do
		liteioctl volume delete "$name" >/dev/null
	done
	[ "$(j volume list | jq '.items | length')" = 0 ] || fail "round $n left a volume"
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
	curl -sf --unix-socket $SOCKET http://x/metrics >/dev/null || true
}

# what a pool alone does not have: a moment of both, faults that the doctor finds and mends, a repair
pair() {
	local n=$1 head

	liteioctl volume create "m$n" --pool fast --size 64Mi >/dev/null
	liteioctl volume attach "m$n" >/dev/null
	dd if=/dev/urandom of="/dev/liteio/m$n" bs=1M count=4 oflag=direct status=none
	liteioctl snapshot group "m$n=a$n" "kept=b$n" >/dev/null
	liteioctl snapshot delete "a$n" >/dev/null
	liteioctl snapshot delete "b$n" >/dev/null
	refused '' liteioctl snapshot group "m$n=a$n" "nobody=b$n"
	doctor_is_silent
	head=liteio-head-$(j volume show "m$n" | jq -r '"\(.uuid)-\(.attachments[0].generation)"')
	dmsetup suspend "$head"
	rm "/dev/liteio/m$n"
	! liteioctl doctor >/run/doctor.out || fail "the doctor finds nothing: $(cat /run/doctor.out)"
	liteioctl doctor --fix >/dev/null || fail "--fix: $(liteioctl doctor || true)"
	doctor_is_silent
	liteioctl volume detach "m$n" >/dev/null
	liteioctl volume delete "m$n" >/dev/null
	# nothing is broken, and one that is made anew all the same
	liteioctl pool repair slow >/dev/null
	liteioctl pool repair slow --force >/dev/null
}

agent_start
nothing "the start"
liteioctl pool create fast "$DISK" --linear 256Mi --reserved 256Mi >/dev/null
nothing "a pool is made"
ok "an agent under valgrind has a pool"

life 0
nothing "one life of a volume"
ok "one life of a volume"

strangers
nothing "what is refused"
ok "what is refused, and clients that go away"

for n in $(seq "$ROUNDS"); do
	life "$n"
	strangers
done
liteioctl pool create slow "$OTHER" >/dev/null
liteioctl volume create kept --pool slow --size 64Mi >/dev/null
for n in $(seq 1 4 "$ROUNDS"); do
	pair "$n"
done
nothing "groups of two pools, the doctor, repairs"
ok "groups of two pools, the doctor, repairs"
liteioctl pool export slow >/dev/null
liteioctl pool import "$OTHER" >/dev/null
kill -HUP "$(cat $AGENT_PID)"
liteioctl volume list >/dev/null
nothing "$ROUNDS rounds"
ok "many lives of volumes, a pool that goes and comes, a reload"

agent_stop
nothing "its end: something was forgotten"
: >$FOUND
agent_start
[ "$(j volume list | jq -r '.items[].name')" = kept ] || fail "the volume is not there again"
agent_stop
nothing "a start with pools that are there"
ok "nothing was forgotten at the end, and none at the next start"
