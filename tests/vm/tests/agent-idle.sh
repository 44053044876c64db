#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A node that nobody uses: the agent has no timer and does not wake, with snapshots and whatever its pools hold. What
# fills later is said all the same, by the kernel: the next rung of data, and metadata, which take the spare before they
# are full. The table that this takes is loaded only while nobody uses the pool, and a kill in the middle holds nothing.
# vm: kernels=6.12 disks=pool=1G timeout=2400 mem=1G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"

MIB=$((1 << 20))
CLONES=24
num() { j pool show fast | jq -r ".$1"; }
pool_device() { dmsetup ls | grep -o '^liteio-pool-[^[:space:]]*'; }
# of the table: at so many free blocks the kernel says something
mark() { dmsetup table "$(pool_device)" | cut -d' ' -f7; }
is_marked_anew() { [ "$(mark)" != "$1" ] && agent_sleeps; }
wakes() { ! agent_sleeps; }
said() { grep -q "pool fast is $1 on space" $AGENT_LOG; }
nothing_is_held() { ! dmsetup info -c --noheadings -o name,suspended | grep -i ':suspended$'; }
# use DEVICE FROM TO: MiB of it, new blocks
use() { xfs_io -d -c "pwrite -q -b 1m $1m $(($2 - $1))m" "$3"; }
# a leaf of metadata has 126 to 252 blocks of 64 KiB, and these are 160 apart: each takes a copy of its own
writes=()
for mib in $(seq 0 10 380); do
	writes+=(-c "pwrite -q ${mib}m 4k")
done
# idle_for SECONDS: in all of which the agent does not wake, or next to never
idle_for() {
	local before

	before=$(agent_switches)
	read -r -t "$1" <> <(:) || true
	agent_sleeps || fail "it has a timer: $(tail -n 3 $AGENT_LOG)"
	[ $(($(agent_switches) - before)) -lt 3 ] || fail "it woke $(($(agent_switches) - before)) times in $1 s"
}

agent_start
liteioctl pool create fast "$DISK" --block-size 64Ki --overcommit 10000 >/dev/null
data=$(($(num dataBytes) / MIB))
liteioctl volume create filler --pool fast --size ${data}Mi >/dev/null
liteioctl volume attach filler >/dev/null
first=$(mark)
until_true 30 agent_sleeps
use 0 $((data * 70 / 100)) /dev/liteio/filler
liteioctl snapshot create s filler >/dev/null
liteioctl snapshot delete s >/dev/null
until_true 30 agent_sleeps
idle_for 35
[ "$(mark)" = "$first" ] || fail "the table was loaded again, and nothing could be gained"
ok "where metadata can not fill the agent sleeps at once, and is told of the first rung as it is"

use $((data * 70 / 100)) $((data * 82 / 100)) /dev/liteio/filler
until_true 5 said low
until_true 100 is_marked_anew "$first"
idle_for 65
second=$(mark)
use $((data * 82 / 100)) $((data * 91 / 100)) /dev/liteio/filler
until_true 5 said high
until_true 100 is_marked_anew "$second"
ok "each rung is said by an event, when nobody has looked for a minute"

# less is in use, and the mark for the next rung would come too late for the first one
third=$(mark)
liteioctl volume detach filler >/dev/null
liteioctl volume delete filler >/dev/null
is_empty() { [ "$(num dataUsedBytes)" = 0 ]; }
until_true 60 is_empty
until_true 5 grep -q 'pool fast has space again' $AGENT_LOG
until_true 100 is_marked_anew "$third"
[ "$(mark)" = "$first" ] || fail "the mark of an empty pool is $(mark), not $first"
liteioctl pool delete fast >/dev/null
agent_stop
ok "and of the first one again, when there was space meanwhile"

LITEIO_STEP_KILL=pool-mark:load agent_start
liteioctl pool create fast "$DISK" --block-size 64Ki --overcommit 10000 >/dev/null
liteioctl volume create base --pool fast --size 384Mi >/dev/null
liteioctl volume attach base >/dev/null
use 0 384 /dev/liteio/base
liteioctl snapshot create s base >/dev/null
for n in $(seq $CLONES); do
	liteioctl volume create "c$n" --pool fast --snapshot s >/dev/null
	liteioctl volume attach "c$n" >/dev/null
done
agent_wait_dead
dmsetup info "$(pool_device)" | grep -q 'LIVE & INACTIVE' || fail "it was not killed in the middle: $(dmsetup info "$(pool_device)")"
nothing_is_held || fail "a device is held, and there is nobody to let it go on"
use 0 1 /dev/liteio/c1
ok "a kill while a mark is loaded holds nothing"

# what is used all the time is not held, and looked at by the clock
"$LITEIO_O/vm-tools/ioload" read /dev/liteio/c1 4096 1 >/tmp/load 2>&1 &
load=$!
until_true 30 grep -q running /tmp/load
before=$(mark)
agent_start
nothing_is_held || fail "a device is held"
# longer than a request could leave a timer behind
read -r -t 100 <> <(:) || true
wakes || fail "nobody looks at a pool that is used"
[ "$(mark)" = "$before" ] || fail "a pool that is used was held"
kill -TERM $load
wait $load || fail "the reader noticed: $(cat /tmp/load)"
until_true 100 is_marked_anew "$before"
free=$((($(num dataBytes) - $(num dataUsedBytes)) / 65536))
doctor_is_silent
[ "$(mark)" -lt $free ] && [ "$(mark)" -gt $((free - 100)) ] || fail "the mark is $(mark), and $free blocks are free"
until_true 30 agent_sleeps
idle_for 65
ok "with $CLONES clones: no timer either, once nobody uses the pool"

mark=$(mark)
agent_kill
agent_start
until_true 30 agent_sleeps
doctor_is_silent
[ "$(mark)" = "$mark" ] || fail "a new agent has loaded the table again"
until_true 30 agent_sleeps
idle_for 35
ok "a new agent takes the mark as it is"

# slower than the clock that an event begins; nobody asks for anything
c=1
until grep -q 'took the spare' $AGENT_LOG; do
	c=$((c + 1))
	[ $c -le $CLONES ] || fail "the metadata did not take the spare: $(dmsetup status --noflush "$(pool_device)")"
	xfs_io -d "${writes[@]}" /dev/liteio/c$c >/run/wrote 2>&1 || fail "clone $c was not written: $(cat /run/wrote)"
	[ $c -gt 2 ] || until_true 5 wakes
	read -r -t 10 <> <(:) || true
done
! dmesg | grep 'No free metadata' || fail "the kernel came first"
[ "$(num state)" = ready ] || fail "$(j pool show fast)"
ok "metadata that fill after a calm time take the spare in time, after $c clones"

for n in $(seq $CLONES); do
	liteioctl volume detach "c$n" >/dev/null
	liteioctl volume delete "c$n" >/dev/null
done
liteioctl volume detach base >/dev/null
liteioctl volume delete base >/dev/null
liteioctl snapshot delete s >/dev/null
doctor_is_silent
liteioctl pool delete fast >/dev/null
until_true 30 agent_sleeps
agent_stop
ok "everything is given back"
