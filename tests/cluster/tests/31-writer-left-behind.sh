#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# A node whose kubelet is dead keeps a pod that goes on writing. The volume is given to the other node all the same:
# the writer left behind gets errors, and nothing of it lands after the fence.

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# The writer stamps every 4 KiB block of the device with its name, round after round, until the first error.
WRITER='i=0; while :; do
	{ printf "old writer %d\n" $i; cat /dev/zero; } |
		dd of=/dev/volume bs=4096 count=1 seek=$((i % 64)) iflag=fullblock conv=notrunc,fsync 2>/tmp/err ||
		{ echo "error after $i writes: $(cat /tmp/err)"; break; }
	i=$((i + 1)); echo $i >/tmp/written
done; sleep 100000'

start_writer() {
	claim c 64Mi block
	# the first consumer decides where the volume is
	pod first "$pool" true c block
	pod_done first
	pod_gone first
	pod old "$old" "$WRITER" c block
	pod_ready old
	wait_until 30 "the writer has written" in_pod old '[ "$(cat /tmp/written)" -gt 3 ]'
	same "$(volume_field c .spec.placement.node)" "$pool" "pool node"
}

node_unready() { k get node "$old" --no-headers | awk '{ exit $2 != "NotReady" }'; }

lose_kubelet() {
	"$WORKER" exec "$(number_of "$old")" 'pkill -STOP -x kubelet'
	wait_until 90 "$old is NotReady" node_unready
	k taint node "$old" node.kubernetes.io/out-of-service=nodeshutdown:NoExecute
}

take_over() {
	pod new "$new" "$STAY" c block
	pod_ready new 180s
	in_pod new 'yes "new writer" | head -c 4096 >/tmp/block; i=0
		while [ $i -lt 64 ]; do dd if=/tmp/block of=/dev/volume bs=4096 seek=$i conv=notrunc,fsync 2>/dev/null; i=$((i + 1)); done'
}

# What the container wrote is still to be read on the node itself.
writer_log() {
	"$WORKER" exec "$(number_of "$old")" "cat /var/log/pods/${NS}_old_*/c/*.log"
}

writer_failed() {
	wait_until 60 "the old writer has got an error" eval 'writer_log | grep "error after"'
	writer_log | tail -n 2
}

nothing_landed() {
	in_pod new 'i=0; while [ $i -lt 64 ]; do
		dd if=/dev/volume bs=4096 skip=$i count=1 2>/dev/null | cmp - /tmp/block || exit 1
		i=$((i + 1)); done'
}

kubelet_back() {
	k taint node "$old" node.kubernetes.io/out-of-service-
	"$WORKER" exec "$(number_of "$old")" 'pkill -CONT -x kubelet'
	k wait --for=condition=Ready --timeout=90s "node/$old"
}

round() {
	step "$1: a pod writes without end" start_writer
	step "$1: its kubelet dies, the writer does not" lose_kubelet
	step "$1: another pod gets the volume and writes" take_over
	step "$1: the writer left behind got an error" writer_failed
	step "$1: nothing of it landed after the fence" nothing_landed
	step "$1: the kubelet comes back" kubelet_back
}

# a failed step must not leave a frozen kubelet to the tests that follow
thaw() {
	local n

	for n in 1 2; do
		"$WORKER" exec "$n" 'pkill -CONT -x kubelet' || true
		k taint node "worker-$n" node.kubernetes.io/out-of-service- 2>/dev/null || true
	done
}
trap 'thaw >/dev/null 2>&1' EXIT

begin
pool=worker-1 old=worker-2 new=worker-1
round "remote writer"
finish
begin
pool=worker-1 old=worker-1 new=worker-2
round "local writer"
finish
