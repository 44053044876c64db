#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Classes of volumes through the agent: what each is promised, what each refuses, true numbers (the API's, those of the
# pool's devices in the kernel, and those of /metrics), what the agent says when a pool fills and when space comes back,
# and a restart in the middle.
# vm: kernels=6.12 disks=pool=512M timeout=900 mem=1G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/scrape.sh
. "$LITEIO_TOP/tests/vm/lib/scrape.sh"

export AGENT_METRICS=unix://$METRICS_SOCKET
mib=$((1 << 20))
num() { j pool show fast | jq -r ".$1"; }
is() { [ "$(num "$1")" = "$2" ] || fail "$1 is $(num "$1"), not $2"; }
# device VOLUME: of its export
device() { j export list | jq -r --arg v "$1" '.items[] | select(.volume == $v) | .device'; }
# write DEVICE MIB WORD; yes(1) ends by a broken pipe, which is no failure here
write() (
	set +o pipefail
	yes "$3" | head -c $(($2 * mib)) | dd of="$1" bs=1M iflag=fullblock oflag=direct conv=fsync status=none
)
sum() { dd if="$1" bs=1M count="$2" iflag=direct status=none | sha256sum; }

# a secret on all of the disk
write "$DISK" 511 secret

agent_start
refused 'no room' liteioctl pool create fast "$DISK" --force --linear 1Gi
liteioctl pool create fast "$DISK" --force --linear 96Mi --reserved 64Mi --overcommit 300 >/dev/null
refused 'less space' liteioctl pool create fast "$DISK" --linear 128Mi
is linearBytes $((96 * mib))
is linearFreeBytes $((96 * mib))
is reservedBytes $((64 * mib))
is overcommitPercent 300
is freeBytes $(($(num dataBytes) * 3))
is fill ok
refused '100\|overcommit' liteioctl pool set fast --overcommit 99
liteioctl pool set fast --overcommit 400 >/dev/null
is overcommitPercent 400
pool_agrees fast
ok "a pool is made with space for each class, and says how much there is"

liteioctl volume create lin --pool fast --size 40Mi --class linear >/dev/null
liteioctl volume create lin --pool fast --size 40Mi --class linear >/dev/null
refused 'another class' liteioctl volume create lin --pool fast --size 40Mi
liteioctl volume create db --pool fast --size 24Mi --class reserved >/dev/null
liteioctl volume create th --pool fast --size 1Gi >/dev/null
[ "$(j volume list | jq -rc '[.items[] | [.name, .class]] | sort | flatten | join(" ")')" = 'db reserved lin linear th thin' ] ||
	fail "classes: $(j volume list)"
refused '56.0 MiB are left' liteioctl volume create no --pool fast --size 57Mi --class linear
refused '40.0 MiB are left' liteioctl volume create no --pool fast --size 41Mi --class reserved
refused 'no snapshots' liteioctl snapshot create s lin
is linearFreeBytes $((56 * mib))
is reservedFreeBytes $((40 * mib))
is provisionedBytes $((1024 * mib))
is linearUsedBytes $((40 * mib))
is volumes 3
pool_agrees fast
ok "each class takes from its own space"

for v in lin db th; do
	liteioctl export create $v 1 --local >/dev/null
done
[ "$(sum "$(device lin)" 40)" = "$(head -c $((40 * mib)) /dev/zero | sha256sum)" ] ||
	fail "a linear volume shows what was on the disk"
write "$(device lin)" 40 linear
before=$(sum "$(device lin)" 40)
liteioctl volume grow lin --size 64Mi >/dev/null
[ "$(blockdev --getsize64 "$(device lin)")" = $((64 * mib)) ] || fail "the head did not grow"
[ "$(sum "$(device lin)" 40)" = "$before" ] || fail "growing changed what was there"
[ "$(dd if="$(device lin)" bs=1M skip=40 iflag=direct status=none | sha256sum)" = "$(head -c $((24 * mib)) /dev/zero | sha256sum)" ] ||
	fail "what it grew by is not zeros"
is linearUsedBytes $((64 * mib))
pool_agrees fast
ok "a linear volume is zeros, and grows in use by zeros"

# from here on nobody asks: the kernel tells the agent, which has no clock by which it would look
until_true 100 agent_sleeps
write "$(device th)" $(($(num dataBytes) * 85 / 100 / mib)) f
until_true 30 grep -q 'pool fast is low on space' "$AGENT_LOG"
dd if=/dev/zero of="$(device th)" bs=1M oflag=direct conv=fsync status=none 2>/dev/null && fail "there was space"
until_true 30 grep -q 'pool fast is full on space' "$AGENT_LOG"
is state noSpace
refused 'full on space' liteioctl volume create no --pool fast --size 16Mi
refused 'full on space' liteioctl snapshot create s th
is fill full
pool_agrees fast
ok "the agent notices by itself that a pool fills, and refuses what it could not keep"

write "$(device db)" 24 promised
liteioctl snapshot create kept db >/dev/null
is reservedPromisedBytes $((48 * mib))
write "$(device db)" 24 again
after=$(sum "$(device db)" 24)
refused '16.0 MiB are left' liteioctl volume grow db --size 64Mi
write "$(device lin)" 40 linear2
before=$(sum "$(device lin)" 40)
is snapshots 1
is reservedUsedBytes $((48 * mib))
pool_agrees fast
ok "in a full pool reserved and linear volumes are written as ever"

agent_stop
agent_start
[ "$(sum "$(device db)" 24)" = "$after" ] || fail "the reserved volume changed"
[ "$(sum "$(device lin)" 40)" = "$before" ] || fail "the linear volume changed"
is state noSpace
is reservedPromisedBytes $((48 * mib))
pool_agrees fast
ok "a restart of the agent changes nothing"

blkdiscard -o 0 -l $((200 * mib)) "$(device th)"
until_true 30 grep -q 'pool fast has space again' "$AGENT_LOG"
is state ready
is fill ok
liteioctl volume create yes --pool fast --size 16Mi >/dev/null
pool_agrees fast
ok "the pool comes back by itself when space does"

refused 'of its class' liteioctl volume create copy --pool fast --snapshot kept
liteioctl volume delete yes >/dev/null
[ "$(num sharedKnown)" != true ] || fail "a snapshot is there, and what is shared is said to be known"
liteioctl snapshot delete kept >/dev/null
# what two volumes have: of both as it is, and when one of them has written some
liteioctl pool set fast --overcommit 1000 >/dev/null
liteioctl volume clone th tw >/dev/null
liteioctl export create tw 1 --local >/dev/null
pool_agrees fast
shared=$(num sharedBytes)
[ "$shared" -gt 0 ] || fail "nothing is shared: $(j pool show fast)"
# its first part has been given back
(set +o pipefail; yes other | head -c $((9 * mib))) |
	dd of="$(device tw)" bs=1M seek=210 iflag=fullblock oflag=direct conv=fsync,notrunc status=none
is_shared() { [ "$(num sharedBytes)" = "$1" ]; }
until_true 20 is_shared $((shared - 9 * mib))
pool_agrees fast
liteioctl export delete tw 1 >/dev/null
liteioctl volume delete tw >/dev/null
ok "what is shared is what the devices have more than the pool"

for v in lin db th; do
	liteioctl export delete $v 1 >/dev/null
	liteioctl volume delete $v >/dev/null
done
pool_agrees fast
is dataUsedBytes 0
is reservedUsedBytes 0
is reservedFreeBytes $((64 * mib))
is linearFreeBytes $((96 * mib))
! dmsetup ls | grep liteio-linear || fail "linear devices stayed"
doctor_is_silent
liteioctl pool delete fast >/dev/null
agent_stop
ok "everything is given back"
