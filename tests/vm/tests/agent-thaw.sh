#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An agent that dies while it holds a volume still does not keep those who write to it waiting: not when no other agent
# can start, and not when the next one can not open the pool. And an agent that dies while it brings exports back lets
# nobody in: the port opens when all of them are there. What the door waits for is said by the agent, by the doctor and
# in /metrics.
# vm: kernels=6.12 disks=pool=512M timeout=400 smp=1 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/fields.sh
. "$LITEIO_TOP/tests/vm/lib/fields.sh"
# shellcheck source=tests/vm/lib/snapshots.sh
. "$LITEIO_TOP/tests/vm/lib/snapshots.sh"
# shellcheck source=tests/vm/lib/scrape.sh
. "$LITEIO_TOP/tests/vm/lib/scrape.sh"

held() { dmsetup info -c --noheadings -o name,suspended | grep -i ':suspended$'; }
is_held() { held | grep -q "$1"; }
nothing_is_held() { ! held; }

# dies STEP: the agent does, in the middle of a snapshot, with KIND of device held
dies() {
	agent_stop
	LITEIO_STEP_KILL=$1 agent_start
	liteioctl snapshot create s a >/dev/null 2>&1 && fail "the snapshot was taken"
	agent_wait_dead
	is_held "$2" || fail "nothing is held at $1: $(dmsetup info -c)"
}

# what is written now is written, and not only taken
goes_on() {
	timeout 60 dd if=/dev/zero of=/mnt/a/file bs=4096 count=4 conv=fsync status=none
}

agent_start
liteioctl pool create fast "$DISK" >/dev/null
liteioctl volume create a --pool fast --size 64Mi >/dev/null
attach a 1
mkfs.ext4 -q "$(device a)"
mount "$(device a)" /mnt/a

refused 'another agent' liteio-agent --thaw
refused 'one at a time' liteio-agent --thaw --release
ok "while an agent runs it is nobody else's business"

for step in agent-snapshot:frozen:head snapshot:suspended:thin; do
	dies "${step%:*}" "liteio-${step##*:}"
	echo '{"noSuchKey": 1}' >/run/wrong.json
	refused noSuchKey liteio-agent --config /run/wrong.json
	liteio-agent --config /run/wrong.json --thaw
	nothing_is_held || fail "still held: $(held)"
	goes_on || fail "who writes still waits"
	agent_start
	[ "$(j snapshot list | jq '.items | length')" = 0 ] || fail "there is half a snapshot"
done
ok "what it held is let go without an agent, whatever its configuration says"

# both slots of its catalog are lost (ondisk.h says where they are); what the kernel has of the pool is not touched
slots() { dd if="$1" of="$DISK" bs=1M seek=1 count=2 oflag=direct iflag=fullblock status=none; }
dies agent-snapshot:frozen liteio-head
dd if="$DISK" of=/dev/shm/slots bs=1M skip=1 count=2 iflag=direct status=none
slots /dev/zero
agent_start
[ "$(j pool list | jq '.items | length')" = 0 ] || fail "the pool was opened: $(j pool list)"
nothing_is_held || fail "still held: $(held)"
goes_on || fail "who writes still waits"
ok "the next agent lets go of what it does not come to"

agent_stop
slots /dev/shm/slots
agent_start
goes_on
liteioctl snapshot create s a >/dev/null
umount /mnt/a
fsck.ext4 -fn "$(device a)" >/dev/null 2>&1 || fail "the filesystem is not whole"
ok "nothing is lost by it"

# As after a reboot: the kernel has nothing of the pool, and it was not closed in order. Its metadata are checked, by a
# program that takes long; it must not outlive the agent, for it has the metadata for itself.
detach a 1
agent_kill
forget_pool() {
	local kind

	dmsetup ls | awk '/^liteio-/ { print $1 }' >/run/ours
	for kind in head thin pool tmeta tdata; do
		sed -n "/^liteio-$kind-/p" /run/ours | xargs -r -n 1 dmsetup remove --retry
	done
}
forget_pool
mkdir /run/slow
printf '#!/bin/sh\necho $$ >/run/checks\nexec sleep 1000\n' >/run/slow/thin_check
chmod +x /run/slow/thin_check
checks() { [ -s /run/checks ]; }
# shellcheck disable=SC2317 # agent_start calls it
agent_answers() { checks; }
PATH=/run/slow:$PATH agent_start
agent_kill
is_gone() { [ ! -d "/proc/$(cat /run/checks)" ]; }
until_true 30 is_gone
agent_answers() { liteioctl pool list || ! agent_lives; }
agent_start
[ "$(j pool show fast | jq -r .state)" = ready ] || fail "the pool: $(j pool show fast)"
ok "a check of metadata ends with the agent that wanted it"

# As after a reboot once more, now with two exports to another host. The port is that of the agent's configuration.
target=/sys/kernel/config/nvmet
host=nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-0000000000aa
links() { find $target/ports -path '*/subsystems/*' -type l "$@"; }
linked() { links | wc -l; }
forget_exports() {
	local s

	links -delete
	find $target/subsystems -path '*/allowed_hosts/*' -type l -delete
	for s in "$target"/subsystems/*/; do
		[ -d "$s" ] || continue
		[ ! -d "$s/namespaces/1" ] || echo 0 >"$s/namespaces/1/enable"
		find "$s/namespaces" -mindepth 1 -maxdepth 1 -exec rmdir {} +
		rmdir "$s"
	done
	find $target/hosts $target/ports -mindepth 1 -maxdepth 1 -exec rmdir {} +
}
door_is_closed() { nft list tables | grep -q liteio-door; }
# one that is dropped, and not refused, has no end of its own
accepts() { timeout 3 bash -c '</dev/tcp/127.0.0.1/4420' 2>/dev/null; }
ready() { j export list | jq -c '[.items[] | select(.ready) | .volume + (.generation | tostring)] | sort'; }

liteioctl volume create b --pool fast --size 16Mi >/dev/null
liteioctl volume fence a --floor 2 >/dev/null
a=$(j volume show a | jq -r .uuid)
liteioctl export create a 2 --host-nqn $host >/dev/null
liteioctl export create b 1 --host-nqn $host >/dev/null
[ "$(linked)" = 2 ] && until_true 10 accepts || fail "it can not be reached at all: $(linked) are linked"
agent_kill
forget_exports
forget_pool
rmmod liteio
accepts && fail "the port is still there"
heads() { dmsetup ls | sed -n 's/^\(liteio-head-[^ \t]*\).*/\1/p'; }
floor_in_kernel() { kmodctl vol-get "uuid=$a" | field floor; }
[ -z "$(heads)" ] || fail "this is not as after a reboot: $(heads)"
LITEIO_STEP_KILL=agent-restore:floors agent_start
agent_wait_dead
[ -z "$(heads)" ] || fail "heads are there before the floors: $(heads)"
[ "$(floor_in_kernel)" = 2 ] || fail "the floor is not in the kernel: $(kmodctl vol-get +dump)"
ok "floors are in the kernel before any head is there"
for step in closed:0 linked:1; do
	LITEIO_STEP_KILL=agent-restore:${step%:*} agent_start
	agent_wait_dead
	[ "$(linked)" = "${step#*:}" ] || fail "$(linked) are linked when ${step%:*}"
	accepts && fail "somebody is let in when ${step%:*}, and not all is there"
	door_is_closed || fail "the door is open when ${step%:*}"
done
agent_start
[ "$(ready)" = '["a2","b1"]' ] || fail "not restored: $(j export list)"
until_true 10 accepts || fail "nobody is let in: $(j node show | jq -r .closed)"
door_is_closed && fail "there is still a door"
ok "exports are all there before the port opens, and while an agent dies among them nobody is let in"

# Once more, and the next agent does not find the disk, nor what it had written down of what is on it: the door that it has
# found closed stays so, until somebody imports the pool.
agent_kill
forget_exports
forget_pool
rmmod liteio
LITEIO_STEP_KILL=agent-restore:closed agent_start
agent_wait_dead
forget_exports
forget_pool
rm -f /var/lib/liteio/exports.json
udevadm settle
pulled=$(basename "$(readlink -f "/sys/class/block/${DISK#/dev/}/device")")
echo "$pulled" >/sys/bus/virtio/drivers/virtio_blk/unbind
until_true 30 test ! -e /dev/disk/by-id/virtio-pool
export AGENT_METRICS=unix://$METRICS_SOCKET
agent_start
door_is_closed || fail "the door is open without the pool"
[ "$(j node show | jq -r '.closed | startswith("not found: pool fast; ")')" = true ] || fail "why it is closed: $(j node show)"
said=$(j doctor 2>/dev/null) || true
[ "$(jq -r '[.items[].check] | unique | join(" ")' <<<"$said")" = 'door poolMissing' ] || fail "the doctor: $said"
scrape
has 0 liteio_door_open
has 1 liteio_ready
echo "$pulled" >/sys/bus/virtio/drivers/virtio_blk/bind
until_true 30 test -b /dev/disk/by-id/virtio-pool
liteioctl pool import "$(readlink -f /dev/disk/by-id/virtio-pool)" >/dev/null
[ "$(ready)" = '["a2","b1"]' ] || fail "not restored: $(j export list)"
until_true 10 accepts || fail "nobody is let in: $(j node show | jq -r .closed)"
doctor_is_silent
scrape
has 1 liteio_door_open
ok "a door that waits for a pool is said to be closed, and opens with it"
