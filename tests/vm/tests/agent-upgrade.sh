#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An agent is replaced by another build while volumes are written to, on this node and over NVMe/TCP. What the older one has
# left in its files, on the disk and in the kernel is taken over as it is; who writes notices nothing, not even that for
# a while there is no agent; and from then on the newer one changes what it has found. The older build is build/older/liteio-agent
# when there is one; else it is this one, and what it leaves is made what older ones left.
# vm: kernels=6.12 disks=pool=512M timeout=400 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"

state=/var/lib/liteio
target=/sys/kernel/config/nvmet
host=nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-0000000000aa

# ---- what is compared ----

records() { j volume list | jq -Sc '[.items[] | [.name, .uuid, .class, .sizeBytes, .floor, .limits, .attachments]]'; }
# every device of ours, which one it is, and how many have it open; and what is exported, by inodes
in_kernel() {
	dmsetup info -c --noheadings -o name,major,minor,open | grep ^liteio | sort
	find "$target/subsystems" "$target/ports" -mindepth 1 -maxdepth 1 -printf '%i %p\n' | sort
	find "$target/ports" -type l -printf '%i %p\n' | sort
}
pool_table() { dmsetup table "$(dmsetup ls | awk '/^liteio-pool-/ { print $1 }')"; }
# at how many free blocks the kernel says something; the word before it is the size of these
mark() { pool_table | awk '{ print $7 }'; }

# begin_writing NAME DEVICE GENERATION, acked NAME, end_writing NAME DEVICE GENERATION: no write may fail
begin_writing() {
	STAMPS=/run/stamps.$1 setsid stampwriter write "$2" "$3" 512 2 >"/run/said.$1" 2>&1 </dev/null &
	echo $! >"/run/pid.$1"
	until_true 60 grep -q running "/run/said.$1"
}
acked() {
	kill -USR1 "$(cat "/run/pid.$1")"
	sed -n 's/^acked \([0-9]*\) failed 0$/\1/p' "/run/said.$1" | tail -n 1
}
has_more() { [ "$(acked "$1")" -gt "$2" ]; }
goes_on() {
	local name before

	for name; do
		# what it says of itself may be of the last question
		until_true 30 has_more "$name" 0
		before=$(acked "$name")
		until_true 60 has_more "$name" $((before + 20))
	done
}
end_writing() {
	kill -TERM "$(cat "/run/pid.$1")"
	until_true 60 [ ! -d "/proc/$(cat "/run/pid.$1")" ]
	tail -n 1 "/run/said.$1" | grep -q 'failed 0' || fail "$1: $(cat "/run/said.$1")"
	stampwriter verify "$2" "$3" 512 "/run/stamps.$1" >/dev/null
}

# ---- what older ones wrote ----

# both slots of the catalog, see ondisk.h: they begin at 1 MiB and have 1 MiB each
slots() { dd "$@" bs=1M count=2 iflag=fullblock status=none; }
# older_slots SAVED: of a change that was written to one slot only, the other one lacks it: it is what SAVED had there. And no
# bit in a header says what an older one did not know of.
older_slots() {
	slots if="$DISK" skip=1 iflag=direct of=/run/slots
	PYTHONPATH=$LITEIO_TOP/tests/vm/lib python3 - "$1" <<-'END'
	import struct, sys
	from ondisk import seal

	MIB = 1 << 20
	now, saved = bytearray(open('/run/slots', 'rb').read()), open(sys.argv[1], 'rb').read()
	sequence = [struct.unpack_from('<Q', now, i * MIB + 40)[0] for i in (0, 1)]
	older = sequence.index(min(sequence)) * MIB
	assert now[older:older + MIB] != saved[older:older + MIB]
	now[older:older + MIB] = saved[older:older + MIB]
	for at in (0, MIB):
	    header = now[at:at + 4096]
	    header[24:32] = bytes(8)
	    seal(header)
	    now[at:at + 4096] = header
	open('/run/slots', 'wb').write(now)
	END
	slots if=/run/slots of="$DISK" seek=1 oflag=direct
}

# the first ones knew of a pool its name and its number, and set the mark of every thin pool at a fifth
older_rest() {
	jq '{ pools: [.pools[] | { name, uuid }] }' $state/pools.json >/run/pools.json
	cp /run/pools.json $state/pools.json
	rm -f $state/ended.json
	rm -f /dev/liteio/near /dev/liteio/far
	pool_table | awk -v OFS=' ' '{ $7 = int($2 / $6 / 5); print }' >/run/table
	[ "$(awk '{ print $7 }' /run/table)" != "$(mark)" ] || fail "this is the older mark already: $(mark)"
	dmsetup load "$(dmsetup ls | awk '/^liteio-pool-/ { print $1 }')" /run/table
	dmsetup resume "$(dmsetup ls | awk '/^liteio-pool-/ { print $1 }')"
}

# ---- the older one ----

older=$LITEIO_O/older
is_built=yes
if [ ! -x "$older/liteio-agent" ]; then
	is_built=
	older=/run/older
	mkdir $older
	cp "$LITEIO_O/liteio-agent" $older/
fi
LITEIO_O=$older agent_start
[ "$(readlink "/proc/$(cat $AGENT_PID)/exe")" = "$older/liteio-agent" ] || fail "another one runs"
liteioctl pool create fast "$DISK" --linear 48Mi >/dev/null
for v in near far; do
	liteioctl volume create $v --pool fast --size 64Mi >/dev/null
done
liteioctl volume create lin --pool fast --size 16Mi --class linear >/dev/null
liteioctl volume limit near --read-iops 100000 >/dev/null
liteioctl volume fence far --floor 3 >/dev/null
liteioctl export create near 1 --local >/dev/null
liteioctl attachment create "$(j volume show near | jq -r .uuid)" 1 --local >/dev/null
near=/dev/liteio/$(j volume show near | jq -r .uuid)
liteioctl export create far 3 --host-nqn $host >/dev/null
nqn=$(j export list | jq -r '.items[] | select(.volume == "far") | .nqn')
modprobe nvme-tcp
echo "transport=tcp,traddr=127.0.0.1,trsvcid=4420,nqn=$nqn,hostnqn=$host,hostid=${host##*:}" >/dev/nvme-fabrics
until_true 60 compgen -G '/dev/nvme*n1'
far=$(compgen -G '/dev/nvme*n1')
begin_writing near "$near" 1
begin_writing far "$far" 3
liteioctl snapshot create before near >/dev/null
slots if="$DISK" skip=1 iflag=direct of=/run/saved
liteioctl volume create last --pool fast --size 16Mi --class linear >/dev/null
records=$(records)
devices=$(in_kernel)
agent_kill
if [ -z "$is_built" ]; then
	older_slots /run/saved
	older_rest
fi
goes_on near far
ok "without an agent everybody writes"

# ---- the newer one ----

agent_start
[ "$(readlink "/proc/$(cat $AGENT_PID)/exe")" = "$LITEIO_O/liteio-agent" ] || fail "another one runs"
[ "$(j pool show fast | jq -r .state)" = ready ] || fail "the pool: $(j pool show fast)"
[ "$(records)" = "$records" ] || fail "volumes are $(records), they were $records"
[ "$(in_kernel)" = "$devices" ] || fail "in the kernel there is
$(in_kernel)
there was
$devices"
[ "$(j export list | jq -c '[.items[] | .ready] | unique')" = '[true]' ] || fail "exports: $(j export list)"
goes_on near far
ok "all that the older one had is what it was, and nobody who writes has noticed"

[ "$(jq -c '[.pools[] | [.name, .remote, has("serial")]]' $state/pools.json)" = '[["fast",true,true]]' ] ||
	fail "its list of pools: $(cat $state/pools.json)"
# a pool that is used is not held for a better mark: it is looked at by the clock
agent_sleeps && fail "nobody looks at the pool: its mark is $(mark), of another one"
# either slot alone has all of it
slots if="$DISK" skip=1 iflag=direct of=/run/slots
for at in 0 1048576; do
	grep -qa last <(tail -c +$((at + 1)) /run/slots | head -c 1048576) || fail "the slot at $at lacks a volume"
done
doctor_is_silent
ok "what it has left is as if this one had written it"

refused 'fenced\|floor' liteioctl export create far 2 --host-nqn $host
liteioctl snapshot create after near >/dev/null
liteioctl volume create more --pool fast --snapshot before >/dev/null
liteioctl volume grow near --size 96Mi >/dev/null
[ "$(blockdev --getsize64 "$near")" = $((96 << 20)) ] || fail "the older one's head has not grown"
goes_on near far
end_writing near "$near" 1
end_writing far "$far" 3
echo 1 >"/sys/class/nvme/$(basename "${far%n1}")/delete_controller"
[ "$(j export delete far 3 | jq -r .removed)" = true ] || fail "an older one's export can not be taken away"
liteioctl attachment delete "${near##*/}" 1 >/dev/null
liteioctl export delete near 1 >/dev/null
for s in before after; do
	liteioctl snapshot delete $s >/dev/null
done
for v in near far lin last more; do
	liteioctl volume delete $v >/dev/null
done
liteioctl pool delete fast >/dev/null
agent_stop
grep -q 'level=error' $AGENT_LOG && fail "the agent complained: $(grep level=error $AGENT_LOG)"
ok "and it is changed, grown and taken away"
