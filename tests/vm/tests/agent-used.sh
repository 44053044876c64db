#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a list says of bytes in use is what the kernel says of each volume by itself, whatever was done between two
# lists: writes, discards, snapshots and what is written after them, a roll back, growth, heads that come and go, a
# writer that never rests. Of volumes of which nothing was written since the kernel is not asked again.
# vm: kernels=6.1,6.12,7 disks=pool=512M timeout=600 mem=1G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"

N=20
TRACE=/sys/kernel/tracing

listed() { j volume list | jq -r '.items[] | "\(.uuid) \(.allocatedBytes)"' | sort; }
# the kernel's own words, past the agent
of_kernel() {
	dmsetup status --noflush --target thin | sed -n 's/^liteio-thin-\([^:]*\):/\1/p' | awk '{ print $1, $5 * 512 }' |
		sort | join - <(j volume list | jq -r '.items[].uuid' | sort)
}
bytes_of() { j volume list | jq -r --arg n "$1" '.items[] | select(.name == $n) | .allocatedBytes'; }
# agree WHAT: the list and the kernel; and once more, when nothing was done
agree() {
	local told

	told=$(listed)
	[ "$told" = "$(of_kernel)" ] || fail "$1: the list says something else than the kernel: $(diff <(echo "$told") <(of_kernel))"
	[ "$told" = "$(listed)" ] || fail "$1: a second list says something else"
}
# asked COMMAND...: how many volumes the kernel was asked for meanwhile
asked() {
	echo >$TRACE/trace
	"$@" >/dev/null
	grep -c ' asked: ' $TRACE/trace || true
}
write_to() { dd if=/dev/urandom of="$1" bs=256K seek="${2:-0}" count="${3:-1}" oflag=direct conv=notrunc status=none; }

agent_start
liteioctl pool create fast "$DISK" >/dev/null
for i in $(seq $N); do
	liteioctl volume create "v$i" --pool fast --size 4Mi >/dev/null
	device[i]=$(j volume attach "v$i" | jq -r .device)
done
mountpoint -q $TRACE || mount -t tracefs none $TRACE
echo 'p:asked dm_thin_pool:thin_status' >$TRACE/kprobe_events
echo 1 >$TRACE/events/kprobes/asked/enable
agree "after the start"

n=$(asked liteioctl volume list)
m=$(asked liteioctl volume list)
# LITEIO_USED_MANY: as many are asked in any case
[ "$m" -gt 0 ] && [ "$m" -le 8 ] || fail "of $N volumes the kernel was asked for $n, then for $m"
[ "$(asked liteioctl volume show v1)" -ge 1 ] || fail "that the kernel is asked is not seen"
ok "of what nothing was written to the kernel is not asked again ($m of $N)"

for i in 1 12 $N; do
	before=$(bytes_of "v$i")
	write_to "${device[i]}" 1
	after=$(bytes_of "v$i")
	[ "$after" -gt "$before" ] || fail "v$i: $before bytes, and after a write $after"
	agree "a write to v$i"
	blkdiscard -o 256K -l 256K "${device[i]}"
	[ "$(bytes_of "v$i")" = "$before" ] || fail "v$i: $before bytes before, after the discard $(bytes_of "v$i")"
	agree "a discard of v$i"
done
ok "a write and a discard are in the next list"

i=15
write_to "${device[i]}" 2 3
liteioctl snapshot create s v$i >/dev/null
agree "a snapshot"
write_to "${device[i]}" 0 8
agree "what was written after it"
liteioctl volume detach v$i >/dev/null
listed >/dev/null
liteioctl volume rollback v$i s >/dev/null
agree "a roll back"
device[i]=$(j volume attach v$i | jq -r .device)
agree "attached anew"
liteioctl volume grow v$i --size 8Mi >/dev/null
agree "growth"
liteioctl snapshot delete s >/dev/null
agree "the snapshot deleted"
ok "snapshots, a roll back, growth and heads that come and go are in the next list"

# lists while it writes; what they say meanwhile nobody can tell
( for k in $(seq 0 31); do write_to "${device[18]}" $((k % 16)); blkdiscard -o $((k % 16 * 262144)) -l 262144 "${device[18]}"; done ) &
writer=$!
while [ -d /proc/$writer ] && grep -qs '^State:.[^ZX]' /proc/$writer/status; do
	liteioctl volume list >/dev/null
done
wait $writer
agree "a writer has come to rest"
# many volumes, by several writers, and lists beside them
for round in 1 2 3; do
	pids=()
	for i in $(seq $N); do
		write_to "${device[i]}" $((round * 3 + i % 3)) &
		pids+=($!)
	done
	listed >/dev/null
	listed >/dev/null
	wait "${pids[@]}"
	agree "round $round of many writers"
done
ok "what is written while lists are made is in the next one"

for i in $(seq $N); do
	liteioctl volume detach "v$i" >/dev/null
	liteioctl volume delete "v$i" >/dev/null
done
doctor_is_silent
agent_stop
