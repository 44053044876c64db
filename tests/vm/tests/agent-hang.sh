#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk that does not answer any more, with an operation under way on it: the other pools are served as ever, whoever
# looks is told, a fence closes its gate and says that it is not written down, a pool that is to grow meanwhile keeps no
# other one from being made, closed, opened and deleted, a job that takes five minutes is called stuck, and when the disk
# answers all goes on. A filesystem that can not be frozen, as another disk does not answer, keeps its volume and not its
# pool; one that is frozen only when its agent was killed goes on, though another process has had the lock of the node in
# between. An agent that is killed meanwhile is replaced, though it can not end, also where it hangs in what a filesystem
# has to write; the next one has the other pool at once, and this one when its disk is back.
# vm: kernels=6.12 disks=pool=512M,other=256M,third=256M timeout=1100 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/snapshots.sh
. "$LITEIO_TOP/tests/vm/lib/snapshots.sh"

# a disk that begins later and ends earlier than the one it lies on, which so looks empty; and one for a log behind it
LOG=32768
size=$(($(blockdev --getsz "$DISK") - 4096 - LOG))
dmsetup create under --table "0 $size linear $DISK 2048"
dmsetup create log --table "0 $LOG linear $DISK $((size + 2048))"
trap 'dmsetup resume under; dmsetup resume log' EXIT

# within SECONDS COMMAND...: it succeeds by then, on the slowest of machines
within() {
	timeout $(($1 * ${LITEIO_SLOW:-1})) "${@:2}" >/dev/null || fail "${*:2}: exit code $? within $1 s"
}

agent_start
liteioctl pool create slow /dev/mapper/under >/dev/null
liteioctl pool create quick /dev/disk/by-id/virtio-other >/dev/null
liteioctl volume create a --pool slow --size 16Mi >/dev/null
liteioctl volume create b --pool quick --size 16Mi >/dev/null
attach a 1
attach b 1
a=$(j volume show a | jq -r .uuid)

dmsetup suspend --nolockfs --noflush under
liteioctl volume create c --pool slow --size 16Mi >/run/c 2>&1 &
create=$!
is_under_way() { grep -qs 'D (disk sleep)' /proc/"$(cat $AGENT_PID)"/task/*/status; }
until_true 60 is_under_way
ok "an operation hangs with its disk"

# each of these would take a worker for good, and there are 48
for n in $(seq 60); do
	within 60 liteioctl pool show slow
done
within 60 liteioctl pool list
within 60 liteioctl volume list
within 60 liteioctl volume create d --pool quick --size 16Mi
within 60 liteioctl snapshot create s b
within 60 liteioctl volume fence b --floor 2
within 60 liteioctl volume delete d
ok "the other pool is served as ever, and so is whoever looks at this one"

refused 'has not ended: its disk may not answer' liteioctl volume create e --pool slow --size 16Mi
refused 'has not ended: its disk may not answer' liteioctl volume fence a --floor 2
[ "$(j module attachments | jq -r --arg a "$a" '.items[] | select(.uuid == $a) | .state')" != open ] ||
	fail "the gate is open: $(j module attachments)"
dd if=/dev/zero of="/dev/liteio/$a" bs=4096 count=1 oflag=direct status=none 2>/dev/null && fail "what is fenced was written"
[ "$(j volume show a | jq .floor)" = 1 ] || fail "a floor that is not written down is told"
ok "a fence closes its gate, and does not say that it is done"

# it waits for its lane, with all that it has locked
is_growing() { j operation list | jq -e 'any(.items[]; .state == "running" and .verb == "pool grow")' >/dev/null; }
liteioctl pool grow slow >/run/grow 2>&1 &
grows=$!
until_true 60 is_growing
within 60 liteioctl pool create third /dev/disk/by-id/virtio-third
within 60 liteioctl pool export third
within 60 liteioctl pool import /dev/disk/by-id/virtio-third
within 60 liteioctl pool grow third
within 60 liteioctl pool delete third
wait $grows && fail "a pool has grown on a disk that does not answer: $(cat /run/grow)"
grep -q 'has not ended: its disk may not answer' /run/grow || fail "the growth: $(cat /run/grow)"
ok "a pool that is to grow meanwhile keeps no other one from being made, closed, opened and deleted"

# five minutes is what a job may take: then it is said to whoever watches over the agent. The kernel would say something of
# its own before that, which is no failure here
health() { curl -s -m 60 -o /run/health -w '%{http_code}' --unix-socket /run/liteio/agent.sock http://x/healthz; }
is_well() { [ "$(health)" = 200 ] && [ "$(cat /run/health)" = ok ]; }
is_unwell() { [ "$(health)" = 503 ] && grep -qE '^[0-9]+ jobs are stuck$' /run/health; }
# doctor's exit code is that of what it finds
jobs_found() { { j doctor 2>/dev/null || true; } | jq -e '[.items[] | select(.check == "jobs" and .severity == "error")] | length == 1'; }
hung=$(cat /proc/sys/kernel/hung_task_timeout_secs)
echo 0 >/proc/sys/kernel/hung_task_timeout_secs
is_well || fail "the agent is unwell before its time: $(cat /run/health)"
jobs_found && fail "doctor names jobs before their time: $(j doctor)"
until_true 330 is_unwell
until_true 60 jobs_found
within 60 liteioctl volume list
ok "after five minutes healthz says 503, and doctor why"

dmsetup resume under
wait $create || fail "what hung did not end well: $(cat /run/c)"
[ "$(j volume fence a --floor 2 | jq .drained)" = true ]
[ "$(j volume show a | jq .floor)" = 2 ]
[ "$(j volume list | jq -r '[.items[].name] | sort | join(" ")')" = 'a b c' ] || fail "volumes: $(j volume list)"
until_true 60 is_well
jobs_found && fail "doctor still names jobs: $(j doctor)"
echo "$hung" >/proc/sys/kernel/hung_task_timeout_secs
ok "when the disk answers, all goes on, and the agent is well again"

# nobody else is in its way: it is its own catalog that is not written
liteioctl volume create own --pool slow --size 16Mi >/dev/null
attach own 1
own=$(j volume show own | jq -r .uuid)
gate_of() { j module attachments | jq -r --arg u "$1" '.items[] | select(.uuid == $u) | .state'; }
[ "$(gate_of "$own")" = open ]
dmsetup suspend --nolockfs --noflush under
refused 'has not ended: its disk may not answer' liteioctl volume fence own --floor 2
[ "$(gate_of "$own")" != open ] || fail "the gate is open: $(j module attachments)"
dd if=/dev/zero of="/dev/liteio/$own" bs=4096 count=1 oflag=direct status=none 2>/dev/null &&
	fail "what is fenced was written"
[ "$(j volume show own | jq .floor)" -lt 2 ] || fail "a floor that is not written down is told"
dmsetup resume under
[ "$(j volume fence own --floor 2 | jq .drained)" = true ]
[ "$(j volume show own | jq .floor)" = 2 ]
liteioctl volume detach own >/dev/null || true
liteioctl volume delete own >/dev/null
ok "a fence whose own catalog write hangs closes its gate, and does not say that it is done"

# Its log is empty only when it is frozen, which waits for the log's disk. Before that it is written back: there must be
# nothing left to write, and nobody in the kernel who goes on to write.
liteioctl volume create fs --pool quick --size 64Mi >/dev/null
liteioctl volume attach fs >/dev/null
mke2fs -q -F -O journal_dev -b 4096 /dev/mapper/log
mkfs.ext4 -q -b 4096 -E lazy_itable_init=0,lazy_journal_init=0 -J device=/dev/mapper/log /dev/liteio/fs
mkdir -p /mnt/fs
mount /dev/liteio/fs /mnt/fs
echo one >/mnt/fs/file
sync -f /mnt/fs/file
dmsetup suspend --nolockfs --noflush log
liteioctl snapshot create frozen fs >/run/frozen 2>&1 &
freezes=$!
until_true 60 is_under_way
within 60 liteioctl volume create d --pool quick --size 16Mi
[ "$(j pool show quick | jq -r .state)" = ready ] || fail "the pool: $(j pool show quick)"
within 60 liteioctl volume fence d --floor 2
within 60 liteioctl volume delete d
grep -q 'pool quick: what was begun' $AGENT_LOG && fail "it was said not to answer"
kill -0 $freezes || fail "the volume was let go while the kernel is at it: $(cat /run/frozen)"
dmsetup resume log
wait $freezes && fail "a snapshot of what was not held still"
grep -q 'holding still took longer than 8 s' /run/frozen || fail "the snapshot: $(cat /run/frozen)"
echo two >/mnt/fs/file
sync -f /mnt/fs/file
liteioctl snapshot create frozen fs >/dev/null
ok "a freeze that does not end keeps its volume, and not the pool"

# Killed while the kernel is at it still, and when it is done nobody is there to let go. Before the next agent systemd runs
# --thaw, which finds nothing that is suspended yet.
names() { j pool list | jq -r '[.items[].name] | sort | join(" ")'; }
both() { [ "$(names)" = 'quick slow' ]; }
echo three >/mnt/fs/file
sync -f /mnt/fs/file
dmsetup suspend --nolockfs --noflush log
liteioctl snapshot create late fs >/dev/null 2>&1 &
freezes=$!
until_true 60 is_under_way
hangs=$(cat $AGENT_PID)
agent_kill
[ -d "/proc/$hangs/task" ] || fail "the agent could end: nothing hangs"
rm /run/liteio/agent.sock
within 60 "$LITEIO_O/liteio-agent" --thaw
agent_start
[ -d "/proc/$hangs/task" ] || fail "the one that was killed has ended before the new one was there"
dmsetup resume log
said_gone() { grep -q 'the agent that was killed is gone' $AGENT_LOG; }
until_true 60 said_gone || fail "nobody has waited for the end of the one that was killed"
within 60 sh -c 'echo four >/mnt/fs/file && sync -f /mnt/fs/file'
wait $freezes && fail "a snapshot of an agent that was killed"
until_true 120 both
[ "$(j snapshot list | jq -r '[.items[].name] | sort | join(" ")')" = 'frozen s' ] || fail "snapshots: $(j snapshot list)"
[ "$(cat /mnt/fs/file)" = four ]
umount /mnt/fs
liteioctl snapshot delete frozen >/dev/null
liteioctl volume detach fs >/dev/null
liteioctl volume delete fs >/dev/null
ok "what is frozen after its agent was killed goes on"

# a filesystem has something to write, which its snapshot waits for, beside what hangs in the lane
liteioctl volume create dirty --pool slow --size 64Mi >/dev/null
liteioctl volume attach dirty >/dev/null
mkfs.ext4 -q -b 4096 -E lazy_itable_init=0,lazy_journal_init=0 /dev/liteio/dirty
mount /dev/liteio/dirty /mnt/fs
echo 0 >/proc/sys/kernel/hung_task_timeout_secs
echo five >/mnt/fs/file
dmsetup suspend --nolockfs --noflush under
under_way() { [ "$(grep -ls 'D (disk sleep)' /proc/"$(cat $AGENT_PID)"/task/*/status | wc -l)" -ge "$1" ]; }
liteioctl snapshot create unwritten dirty >/run/unwritten 2>&1 &
until_true 60 under_way 1
liteioctl volume create f --pool slow --size 16Mi >/run/f 2>&1 &
until_true 60 under_way 2
hangs=$(cat $AGENT_PID)
agent_kill
[ -d "/proc/$hangs/task" ] || fail "the agent could end: nothing hangs"
# it still listens, so to say: who asks before there is a new one would wait for its answer
rm /run/liteio/agent.sock
agent_start
[ -d "/proc/$hangs/task" ] || fail "the one that was killed has ended before the new one was there"
grep -q "the agent $hangs was killed, and hangs in the kernel" $AGENT_LOG || fail "nothing is said of the one that hangs"
# what the dead one has open is locked, but where nobody is left who could write to it
[ "$(names)" = quick ] || fail "pools: $(names)"
grep -q 'pool on /dev/mapper/under: its disk does not answer: the others do not wait for it' $AGENT_LOG ||
	fail "nothing is said of the disk that hangs"
within 60 liteioctl volume create d --pool quick --size 16Mi
[ "$(j volume show b | jq .floor)" = 2 ] || fail "a floor was lowered: $(j volume show b)"
within 60 liteioctl volume fence b --floor 3
within 60 liteioctl volume delete d
# and there is one of it, not two
refused 'another agent is running' "$LITEIO_O/liteio-agent" --standalone
ok "killed while it hangs, it is replaced: the new one answers, serves the other pool, and waits for this one"

dmsetup resume under
until_true 120 both
within 60 sync -f /mnt/fs/file
echo "$hung" >/proc/sys/kernel/hung_task_timeout_secs
[ "$(cat /mnt/fs/file)" = five ]
umount /mnt/fs
liteioctl volume detach dirty >/dev/null
liteioctl volume delete dirty >/dev/null
threads=("/proc/$hangs/task/"*)
[ ${#threads[@]} -le 1 ] || fail "the one that was killed is still there"
[ "$(j volume show a | jq .floor)" = 2 ] || fail "a floor was lowered: $(j volume show a)"
j snapshot list | jq -e 'any(.items[]; .name == "unwritten")' >/dev/null && fail "a snapshot of an agent that was killed"
# it was under way: there or not, and made by who asks for it again
liteioctl volume create f --pool slow --size 16Mi >/dev/null
[ "$(j volume list | jq -r '[.items[].name] | sort | join(" ")')" = 'a b c f' ] || fail "volumes: $(j volume list)"
liteioctl volume create g --pool quick --size 16Mi >/dev/null
ok "all pools are opened when the disk answers"

# not one of those that are looked for: it is remembered where it was, and opened by the next agent
agent_stop
agent_start
[ "$(names)" = 'quick slow' ] || fail "pools: $(names)"
agent_stop
rm /var/lib/liteio/pools.json
agent_start
[ "$(names)" = quick ] || fail "pools that nobody knows of: $(names)"
refused 'carries the pool slow already' liteioctl pool create slow /dev/mapper/under
liteioctl pool import /dev/mapper/under >/dev/null
[ "$(names)" = 'quick slow' ] || fail "after the import: $(names)"
ok "a pool on a mapped device is opened again; one that has been used is imported, not created"
