#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Damaged metadata through the agent: the pool says what it is and what to do, attachments of before can
# read and not write, a repair waits for nobody and takes nothing from under anybody, and all is as it
# was afterwards; fences and linear volumes go on while it lasts; with a label that can be neither
# written nor read nothing is written until it is known again; a catalog that is lost is made anew when
# that is asked for.
# vm: kernels=6.12 timeout=900 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/broken.sh
. "$LITEIO_TOP/tests/vm/lib/broken.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/disks.sh
. "$LITEIO_TOP/tests/vm/lib/disks.sh"

settle() { udevadm settle; }
# a disk that can fail wherever that is asked for
null_disk 0 size=256 memory_backed=1 discard=1
DISK=/dev/nullb0
# programs that wait until somebody lets them go on
mkdir /run/slow
for program in thin_check thin_repair; do
	cat >/run/slow/$program <<-END
	#!/bin/bash
	[ ! -e /run/wait ] || touch /run/waits
	while [ -e /run/wait ]; do read -r -t 0.1 <> <(:); done
	exec $(command -v $program) "\$@"
	END
	chmod +x /run/slow/$program
done
export PATH=/run/slow:$PATH

pool() { j pool show fast | jq -r ".$1"; }
is() { [ "$(pool "$1")" = "$2" ] || fail "$1 is $(pool "$1"), not $2"; }
# of the export of db
device() { j export list | jq -r '.items[] | select(.volume == "db") | .device'; }
# the power is cut, and the disk is not as it was: the agent starts again
cut_and_spoil() {
	local at

	at=$(meta_at)
	agent_kill
	crash
	spoil "$DISK" "$1" "$at"
	agent_start
}

# a repair that finds nothing to do
idle() {
	j pool repair fast "$@" >/tmp/said
	[ "$(jq -r '[.rebuilt, .copied, .recovered] | join(" ")' /tmp/said)" = '0 0 0' ] || fail "$(cat /tmp/said)"
}
# of the linear volume, with this generation
linear() { j export list | jq -r ".items[] | select(.volume == \"lin\" and .generation == $1) | .device"; }

agent_start
liteioctl pool create fast "$DISK" --linear 16Mi >/dev/null
idle
refused 'no such pool' liteioctl pool repair slow
liteioctl volume create db --pool fast --size 64Mi >/dev/null
liteioctl volume create lin --pool fast --size 8Mi --class linear >/dev/null
liteioctl export create db 1 --local >/dev/null
liteioctl export create lin 1 --local >/dev/null
dd if=/dev/urandom of="$(device)" bs=1M count=32 oflag=direct conv=fsync status=none
liteioctl snapshot create before db >/dev/null
dd if=/dev/urandom of="$(device)" bs=1M count=4 oflag=direct conv=fsync status=none
want=$(sum "$(device)")
ok "a pool with a volume, a snapshot and attachments"

cut_and_spoil mends
is state readOnly
pool reason | grep -q 'liteioctl pool repair fast' || fail "it does not say what to do: $(pool reason)"
dev=$(device)
[ "$(sum "$dev")" = "$want" ] || fail "the volume has other data"
[ "$(blockdev --getro "$dev")" = 1 ] || fail "the head is not read-only"
! dd if=/dev/zero of="$dev" bs=4096 count=1 oflag=direct conv=notrunc status=none 2>/dev/null ||
	fail "a block was written"
refused 'not modified' liteioctl volume create no --pool fast --size 16Mi
refused 'not modified' liteioctl export create db 2 --local
# a linear volume is no part of it
lin=$(linear 1)
dd if=/dev/zero of="$lin" bs=1M count=1 oflag=direct conv=fsync,notrunc status=none
grep -q 'pool fast' "$AGENT_LOG" || fail "the log does not say it"
ok "read-only, with the way out; its volumes can be read, linear ones written"

uuid=$(j volume show db | jq -r .uuid)
liteioctl attachment create "$uuid" 1 --local >/dev/null
exec 8<"$lin" 9<"$dev"
refused 'volume db is in use' liteioctl pool repair fast
[ "$(sum "$dev")" = "$want" ] || fail "something was taken from under it"
exec 9<&-
j pool repair fast >/tmp/said
[ "$(jq -r '[.rebuilt, .copied, .lostBytes, .lostVolumes] | join(" ")' /tmp/said)" = '1 0 0 0' ] || fail "$(cat /tmp/said)"
is state ready
dev=$(device)
[ "$(sum "$dev")" = "$want" ] || fail "the volume has other data after the repair"
[ "$(readlink -f "/dev/liteio/$uuid")" = "$(readlink -f "$dev")" ] || fail "its name leads to $(readlink "/dev/liteio/$uuid")"
[ "$(blockdev --getro "$dev")" = 0 ] || fail "the head is still read-only"
dd if=/dev/urandom of="$dev" bs=1M seek=40 count=4 oflag=direct conv=fsync,notrunc status=none
exec 8<&-
want=$(sum "$dev")
idle
[ "$(device)" = "$dev" ] || fail "a repair that did nothing took the device away"
liteioctl volume create yes --pool fast --size 16Mi >/dev/null
liteioctl volume delete yes >/dev/null
ok "repaired, with one request: the attachment is back, and can write"

touch /run/wait
liteioctl pool repair fast --force >/tmp/repair 2>&1 &
repair=$!
until_true 60 test -e /run/waits
# who asks for the same would wait for it, too
refused 'is being repaired' liteioctl pool repair fast
is state failed
pool reason | grep -q 'being repaired' || fail "it does not say why: $(pool reason)"
dd if=/dev/zero of="$(linear 1)" bs=1M count=1 oflag=direct conv=fsync,notrunc status=none
timeout 30 liteioctl volume fence lin --floor 2 >/dev/null || fail "a linear volume is not fenced"
timeout 30 liteioctl export create lin 2 --local >/dev/null || fail "a linear volume is not attached"
dd if=/dev/zero of="$(linear 2)" bs=1M count=1 oflag=direct conv=fsync,notrunc status=none
timeout 30 liteioctl volume fence db --floor 2 >/dev/null || fail "a volume is not fenced"
refused 'being repaired' timeout 30 liteioctl export create db 3 --local
refused 'not modified.*being repaired' timeout 30 liteioctl volume create no --pool fast --size 16Mi
refused 'being repaired' timeout 30 liteioctl pool grow fast
kill -0 $repair || fail "the repair did not wait: $(cat /tmp/repair)"
rm /run/wait
wait $repair || fail "repair: $(cat /tmp/repair)"
is state ready
liteioctl export delete db 1 >/dev/null
liteioctl export create db 3 --local >/dev/null
[ "$(sum "$(device)")" = "$want" ] || fail "the volume has other data after the repair"
ok "while it lasts: volumes are fenced, linear ones attached and written"

flawed_labels one
liteioctl pool repair fast --force >/dev/null
is state ready
[ "$(sum "$(device)")" = "$want" ] || fail "the volume has other data"
flawed_end
agent_kill
agent_start
is state ready
[ "$(sum "$(device)")" = "$want" ] || fail "the label says something else"
flawed_labels
refused . liteioctl pool repair fast --force
is state failed
pool reason | grep -q 'neither be written nor read' || fail "it does not say why: $(pool reason)"
refused . liteioctl pool repair fast
is state failed
flawed_end
# asked for without force: it is known again which metadata count, and that they are sound
liteioctl pool repair fast >/dev/null
is state ready
dd if=/dev/urandom of="$(device)" bs=1M seek=44 count=8 oflag=direct conv=fsync,notrunc status=none
want=$(sum "$(device)")
agent_stop
# closed in order: what it is opened with next is not checked
for head in $(ours head); do dmsetup remove --retry "$head"; done
poolctl close "$DISK"
agent_start
is state ready
[ "$(sum "$(device)")" = "$want" ] || fail "what was written since is not in the metadata that count"
ok "a label that can be neither written nor read: nothing is written until it can be"

for step in agent-repair:let-go agent-repair:begun $(poolctl steps | grep '^pool-repair:'); do
	agent_stop
	LITEIO_STEP_KILL=$step agent_start
	liteioctl pool repair fast --force >/dev/null 2>&1 || true
	agent_wait_dead
	agent_start
	is state ready
	[ "$(sum "$(device)")" = "$want" ] || fail "$step: the volume has other data"
	[ "$(blockdev --getro "$(device)")" = 0 ] || fail "$step: the head can not be written"
done
liteioctl pool repair fast --force >/dev/null
[ "$(sum "$(device)")" = "$want" ] || fail "the volume has other data"
ok "killed at each step of a repair: it is there, and as it was"

cut_and_spoil loses
is state readOnly
refused 'has lost' liteioctl pool repair fast
is state readOnly
[ -b "$(device)" ] || fail "the head did not come back after a refusal"
liteioctl pool repair fast --force >/tmp/said
is state ready
ok "a loss is said, and taken only with force"

dd if="$(device)" bs=1M count=32 iflag=direct of=/tmp/want status=none
agent_kill
crash
dd if=/dev/urandom of="$DISK" bs=1M seek=1 count=2 oflag=direct conv=notrunc,fsync status=none
agent_start
# the device of the linear volume is there, and its space is not known
refused 'is in use by dm-' liteioctl pool repair fast --from-metadata --force
agent_kill
dmsetup ls | sed -n 's/^\(liteio-[^ \t]*\).*/\1/p' | while read -r name; do dmsetup remove --retry "$name"; done
agent_start
[ "$(j pool list | jq '.items | length')" = 0 ] || fail "a pool without a catalog is open"
refused 'both copies of its catalog are lost.*recovered-1 ' liteioctl pool repair fast
refused 'linear volumes can not be found again' liteioctl pool repair fast
[ "$(j pool list | jq '.items | length')" = 0 ] || fail "it was opened by a question"
refused 'only with --force' liteioctl pool repair fast --from-metadata
[ "$(j pool repair fast --from-metadata --force | jq -r .recovered)" = 2 ] || fail "not both were found"
is state ready
idle --from-metadata
[ "$(j volume show recovered-1 | jq -r .wipe)" = discard ] || fail "it would not be wiped"
liteioctl export create recovered-1 1 --local >/dev/null
dev=$(j export list | jq -r '.items[] | select(.volume == "recovered-1") | .device')
# as far as it goes: behind its last block it was zeros
size=$(blockdev --getsize64 "$dev")
[ "$size" -le $((32 << 20)) ] || size=$((32 << 20))
cmp -n "$size" "$dev" /tmp/want ||
	fail "what was found again has other data"
agent_stop
ok "a lost catalog: refused, explained, and made anew when that is asked for"
