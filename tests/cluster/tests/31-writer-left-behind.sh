#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# A node whose kubelet is dead keeps pods that go on writing: one to a volume of its own disk, one over the network. Both
# volumes are given to the other node all the same: the writers left behind get errors, and nothing of theirs lands
# after the fence.

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

old=worker-2 new=worker-1
# each volume is named by where its disk is, seen from the node that is lost
declare -A pool=([local]=$old [remote]=$new)

# The writer stamps every 4 KiB block of the device with its name, round after round, until the first error.
WRITER='i=0; while :; do
	{ printf "old writer %d\n" $i; cat /dev/zero; } |
		dd of=/dev/volume bs=4096 count=1 seek=$((i % 64)) iflag=fullblock conv=notrunc,fsync 2>/tmp/err ||
		{ echo "error after $i writes: $(cat /tmp/err)"; break; }
	i=$((i + 1)); echo $i >/tmp/written
done; sleep 100000'

# what it has stamped: 64 blocks
STAMPED=$((64 * 4096))

start_writers() {
	local v

	# where the volume is follows from where its writer is, and from what the class says of it
	class liteio-remote 'positionAdvice: MustRemote'
	wait_until 240 "there is room for the class" capacity_of "$old" liteio-remote
	claim local 64Mi block
	CLASS=liteio-remote claim remote 64Mi block
	for v in "${!pool[@]}"; do
		pod "old-$v" "$old" "$WRITER" "$v" block
	done
	for v in "${!pool[@]}"; do
		pod_ready "old-$v"
		wait_until 120 "the writer has written" in_pod "old-$v" '[ "$(cat /tmp/written)" -gt 3 ]'
		same "$(volume_field "$v" .spec.placement.node)" "${pool[$v]}" "pool node of the $v volume"
	done
}

node_unready() { k get node "$old" --no-headers | awk '{ exit $2 != "NotReady" }'; }

lose_kubelet() {
	"$WORKER" exec "$(number_of "$old")" 'pkill -STOP -x kubelet'
	wait_until 240 "$old is NotReady" node_unready
	k taint node "$old" node.kubernetes.io/out-of-service=nodeshutdown:NoExecute
}

take_over() {
	local v

	for v in "${!pool[@]}"; do
		pod "new-$v" "$new" "$STAY" "$v" block
	done
	for v in "${!pool[@]}"; do
		pod_ready "new-$v"
		in_pod "new-$v" "yes 'new writer' | head -c $STAMPED >/tmp/new
			dd if=/tmp/new of=/dev/volume bs=4096 conv=notrunc,fsync 2>/dev/null"
	done
}

# What the container wrote is still to be read on the node itself.
writer_log() {
	"$WORKER" exec "$(number_of "$old")" "cat /var/log/pods/${NS}_old-$1_*/c/*.log"
}

writer_failed() {
	wait_until 240 "the writer of the $1 volume has got an error" eval "writer_log $1 | grep 'error after'"
	writer_log "$1" | tail -n 2
}

# As the disk has it, not what this node remembers of its own writes.
nothing_landed() {
	"$WORKER" exec "$(number_of "$new")" 'echo 1 >/proc/sys/vm/drop_caches'
	in_pod "new-$1" "head -c $STAMPED /dev/volume | cmp - /tmp/new"
}

kubelet_back() {
	k taint node "$old" node.kubernetes.io/out-of-service-
	"$WORKER" exec "$(number_of "$old")" 'pkill -CONT -x kubelet'
	k wait --for=condition=Ready --timeout=300s "node/$old"
}

# a failed step must not leave a frozen kubelet to the tests that follow
thaw() {
	"$WORKER" exec "$(number_of "$old")" 'pkill -CONT -x kubelet' || true
	k taint node "$old" node.kubernetes.io/out-of-service- 2>/dev/null || true
	k delete storageclass liteio-remote || true
}
trap 'thaw >/dev/null 2>&1' EXIT

begin
step "two pods write without end, one over the network" start_writers
step "their kubelet dies, the writers do not" lose_kubelet
step "pods on the other node get the volumes and write" take_over
step "the local writer left behind got an error" writer_failed local
step "the remote writer left behind got an error" writer_failed remote
step "nothing of the local one landed after the fence" nothing_landed local
step "nothing of the remote one landed after the fence" nothing_landed remote
step "the kubelet comes back" kubelet_back
finish
