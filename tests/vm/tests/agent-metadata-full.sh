#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Metadata of a pool that get full under a running agent: they take the spare, and when they are full again the API, the doctor
# and /metrics say so, what is there is read and rewritten, all else is refused with a sentence, also by an agent that starts
# then; another disk brings room, and all goes on. What the engine alone does, and at each of its steps, is pool-full.
# vm: kernels=6.12 disks=pool=1000M,more=128M timeout=1500 mem=1G smp=2 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/scrape.sh
. "$LITEIO_TOP/tests/vm/lib/scrape.sh"

export AGENT_METRICS=unix://$METRICS_SOCKET
CLONES=56
SIZE=512
# A leaf of the metadata has 126 to 252 blocks: places so far apart take one each, of every clone that is written there
APART=10
writes=()
for at in $(seq 0 $APART $((SIZE - 1))); do
	writes+=(-c "pwrite -q ${at}m 4k")
done
num() { j pool show fast | jq -r ".$1"; }
is_state() { [ "$(num state)" = "$1" ]; }
took_the_spare() { grep -q 'took the spare' $AGENT_LOG; }
write() { xfs_io -d "${writes[@]}" "/dev/liteio/c$1" >/run/wrote 2>&1; }
# what it has blocks of, and shares with nobody
rewrite() { dd if=/run/mine of=/dev/liteio/mine bs=1M oflag=direct conv=fsync,notrunc status=none; }
all_is_there() {
	cmp /run/mine <(dd if=/dev/liteio/mine bs=1M iflag=direct status=none) || fail "$1: mine has other data"
	dd if=/dev/liteio/first bs=1M count=64 iflag=direct status=none | tr -d 'Z' | cmp - /dev/null || fail "$1: the snapshot has other data"
}
# finding CHECK: its sentence
finding() {
	local said

	said=$(j doctor 2>/dev/null) || true
	jq -r --arg check "$1" '.items[] | select(.check == $check) | .sentence' <<<"$said"
}

agent_start
liteioctl pool create fast "$DISK" --block-size 64Ki --overcommit 10000 >/dev/null
liteioctl volume create base --pool fast --size ${SIZE}Mi >/dev/null
liteioctl volume attach base >/dev/null
xfs_io -d -c "pwrite -q -S 0x5a -b 4m 0 ${SIZE}m" /dev/liteio/base
liteioctl snapshot create s base >/dev/null
liteioctl volume create first --pool fast --snapshot s >/dev/null
liteioctl volume attach first >/dev/null
liteioctl volume create mine --pool fast --size 8Mi >/dev/null
liteioctl volume attach mine >/dev/null
head -c 8M /dev/urandom >/run/mine
rewrite
for c in $(seq $CLONES); do
	liteioctl volume create "c$c" --pool fast --snapshot s >/dev/null
	liteioctl volume attach "c$c" >/dev/null
done
small=$(num metadataBytes)
pool_agrees fast
ok "a pool with $CLONES clones, and $(num metadataUsedBytes) of $small bytes of its metadata in use"

c=0
until took_the_spare; do
	c=$((c + 1))
	[ $c -le $CLONES ] || fail "the metadata did not get full: $(j pool show fast)"
	# the kernel may have been first: then it is taken now
	write $c || until_true 60 took_the_spare
done
until_true 60 is_state ready
[ "$(num metadataBytes)" = $((2 * small)) ] || fail "the metadata have $(num metadataBytes) bytes"
finding poolFill | grep -q 'took the spare' || fail "the doctor does not say that the spare is taken: $(j doctor)"
pool_agrees fast
ok "after $c clones were written the metadata have the spare, and the doctor says so"

while write $((c + 1)); do
	c=$((c + 1))
	[ $c -lt $CLONES ] || fail "the metadata did not get full again: $(j pool show fast)"
done
until_true 60 is_state readOnly
is_full() {
	num reason | grep -q 'liteioctl pool grow fast' || fail "$1: the reason is $(num reason)"
	finding poolState | grep -q 'liteioctl pool grow fast' || fail "$1: the doctor says $(finding poolState)"
	pool_agrees fast
	has 1 liteio_pool_state pool=fast liteio_pool_state=readOnly
	has 0 liteio_pool_state pool=fast liteio_pool_state=ready

	refused 'metadata' liteioctl snapshot create t mine
	refused 'metadata' liteioctl volume create more --pool fast --size 16Mi
	refused 'have taken the spare.*liteioctl pool grow fast' liteioctl pool repair fast
	! write $CLONES || fail "$1: a block that is shared was written"
	rewrite || fail "$1: what has its blocks can not be written"
	all_is_there "$1"
}
is_full "full"
ok "full again, without a spare: the API, the doctor and /metrics say so, and what is there is read and rewritten"

agent_kill
agent_start
is_state readOnly || fail "a new agent has it as $(num state): $(num reason)"
is_full "a new agent"
ok "a new agent says the same, and takes nothing away"

liteioctl pool grow fast --add "$(readlink -f /dev/disk/by-id/virtio-more)" >/dev/null
until_true 60 is_state ready
[ -z "$(finding poolState)" ] || fail "the doctor finds $(finding poolState)"
[ "$(num metadataBytes)" -gt $((2 * small)) ] || fail "the metadata have $(num metadataBytes) bytes"
pool_agrees fast
has 1 liteio_pool_state pool=fast liteio_pool_state=ready
write $CLONES || fail "a block that is shared can not be written: $(cat /run/wrote)"
liteioctl snapshot create t mine >/dev/null
all_is_there "grown"
agent_stop
ok "another disk brings room: it is written, and snapshots are made"
