#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A node that nobody uses: the agent has no timer and does not wake, with snapshots and whatever its pools hold. What
# fills later is said all the same, by the kernel: the next rung of data, and metadata, which take the spare before they
# are full. The table that this takes is loaded only while nobody uses the pool, and a kill in the middle holds nothing.
# Only where volumes are attached in which discards alone could fill the metadata there is a clock: nobody tells of them.
# The guest's clock counts instructions and jumps over what is idle: its minutes cost nothing, and nothing comes late in
# them because this machine does something else. So the disk is one in memory, which takes its time by the same clock.
# vm: kernels=6.12 icount=yes timeout=2700 mem=3G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/slowdisk.sh
. "$LITEIO_TOP/tests/vm/lib/slowdisk.sh"

MIB=$((1 << 20))
CLONES=36
num() { j pool show fast | jq -r ".$1"; }
pool_device() { dmsetup ls | grep -o '^liteio-pool-[^[:space:]]*'; }
# of the table: at so many free blocks the kernel says something
mark() { dmsetup table "$(pool_device)" | cut -d' ' -f7; }
is_marked_anew() { [ "$(mark)" != "$1" ] && agent_sleeps; }
wakes() { ! agent_sleeps; }
said() { grep -q "pool fast is $1 on space" $AGENT_LOG; }
nothing_is_held() { ! dmsetup info -c --noheadings -o name,suspended | grep -i ':suspended$'; }
# attach_all, detach_all: the clones
attach_all() { for n in $(seq $CLONES); do liteioctl volume attach "c$n" >/dev/null; done; }
detach_all() { for n in $(seq $CLONES); do liteioctl volume detach "c$n" >/dev/null; done; }
# use DEVICE FROM TO: MiB of it, new blocks
use() { xfs_io -d -c "pwrite -q -b 1m $1m $(($2 - $1))m" "$3"; }
# a leaf of metadata has 126 to 252 blocks of 64 KiB, and these are 160 apart: each takes a copy of its own
writes=()
for mib in $(seq 0 10 380); do
	writes+=(-c "pwrite -q ${mib}m 4k")
done
# takes_metadata: more than $used blocks of it are in use by now
takes_metadata() { [ "$(metadata_used)" -gt "$used" ]; }
discards() { for mib in $(seq 0 10 380); do blkdiscard -o "${mib}MiB" -l 64KiB "$1"; done; }
metadata_used() { dmsetup status --noflush "$(pool_device)" | cut -d' ' -f5 | cut -d/ -f1; }
# idle_for SECONDS: in all of which the agent does not wake, or next to never
idle_for() {
	local before

	before=$(agent_switches)
	read -r -t "$1" <> <(:) || true
	agent_sleeps || fail "it has a timer: $(tail -n 3 $AGENT_LOG)"
	[ $(($(agent_switches) - before)) -lt 3 ] || fail "it woke $(($(agent_switches) - before)) times in $1 s"
}

slow_disk fast 1024 1000000 64
agent_start
liteioctl pool create fast /dev/fast --block-size 64Ki --overcommit 10000 >/dev/null
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

# more is promised than the metadata are made for, and nothing is shared yet
LITEIO_STEP_KILL=pool-mark:load agent_start
liteioctl pool create fast /dev/fast --block-size 64Ki --overcommit 10000 >/dev/null
liteioctl volume create base --pool fast --size 384Mi >/dev/null
liteioctl volume attach base >/dev/null
use 0 384 /dev/liteio/base
liteioctl volume create much --pool fast --size $((CLONES * 384))Mi >/dev/null
agent_wait_dead
dmsetup info "$(pool_device)" | grep -q 'LIVE & INACTIVE' || fail "it was not killed in the middle: $(dmsetup info "$(pool_device)")"
nothing_is_held || fail "a device is held, and there is nobody to let it go on"
use 0 1 /dev/liteio/base
ok "a kill while a mark is loaded holds nothing"

# what is used all the time is not held, and looked at by the clock
"$LITEIO_O/vm-tools/ioload" read /dev/liteio/base 4096 1 >/tmp/load 2>&1 &
load=$!
until_true 30 grep -q running /tmp/load
before=$(mark)
agent_start
nothing_is_held || fail "a device is held"
# three looks
read -r -t 100 <> <(:) || true
wakes || fail "nobody looks at a pool that is used"
[ "$(mark)" = "$before" ] || fail "a pool that is used was held"
kill -TERM $load
wait $load || fail "the reader noticed: $(cat /tmp/load)"
until_true 100 is_marked_anew "$before"
ok "what is used is not held; once nobody does there is no timer, though it is attached"

# what they discard takes metadata and no block
liteioctl volume delete much >/dev/null
liteioctl snapshot create s base >/dev/null
for n in $(seq $CLONES); do
	liteioctl volume create "c$n" --pool fast --snapshot s >/dev/null
done
attach_all
before=$(mark)
read -r -t 65 <> <(:) || true
wakes || fail "nobody looks at a pool with clones that are attached"
[ "$(mark)" = "$before" ] || fail "a mark was loaded, which says nothing of discards"
ok "with $CLONES clones that are attached there is a clock, and no table is loaded"

detach_all
liteioctl volume detach base >/dev/null
until_true 100 agent_sleeps
free=$((($(num dataBytes) - $(num dataUsedBytes)) / 65536))
doctor_is_silent
[ "$(mark)" -lt $free ] && [ "$(mark)" -gt $((free - 100)) ] || fail "the mark is $(mark), and $free blocks are free"
until_true 30 agent_sleeps
idle_for 65
ok "once nobody has them there is no timer, either"

mark=$(mark)
agent_kill
agent_start
until_true 30 agent_sleeps
doctor_is_silent
[ "$(mark)" = "$mark" ] || fail "a new agent has loaded the table again"
until_true 30 agent_sleeps
idle_for 35
ok "a new agent takes the mark as it is"

attach_all
wakes || fail "nobody looks at them"
[ "$(mark)" = "$mark" ] || fail "to attach a volume has loaded the table"
used=$(metadata_used)
blocks=$(num dataUsedBytes)
discards /dev/liteio/c1
until_true 30 takes_metadata
[ "$(num dataUsedBytes)" = "$blocks" ] || fail "discards have taken $(num dataUsedBytes), and not $blocks"
ok "discards in a clone take metadata, and no block that would be told of"

# slower than the clock; nobody asks for anything
c=1
until grep -q 'took the spare' $AGENT_LOG; do
	c=$((c + 1))
	[ $c -le $CLONES ] || fail "the metadata did not take the spare: $(dmsetup status --noflush "$(pool_device)")"
	xfs_io -d "${writes[@]}" /dev/liteio/c$c >/run/wrote 2>&1 || fail "clone $c was not written: $(cat /run/wrote)"
	read -r -t 10 <> <(:) || true
done
! dmesg | grep 'No free metadata' || fail "the kernel came first"
[ "$(num state)" = ready ] || fail "$(j pool show fast)"
ok "metadata that fill after a calm time take the spare in time, after $c clones"

detach_all
for n in $(seq $CLONES); do
	liteioctl volume delete "c$n" >/dev/null
done
liteioctl volume delete base >/dev/null
liteioctl snapshot delete s >/dev/null
# there is room again, and no spare
found=$(j doctor) || true
[ "$(jq -c '[.items[] | select(.severity != "info") | .check]' <<<"$found")" = '["poolFill"]' ] || fail "the doctor finds $found"
liteioctl pool delete fast >/dev/null
until_true 30 agent_sleeps
doctor_is_silent
agent_stop
ok "everything is given back"
