#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# A pod moves away from its volume and back: the data follows, the old attachment is fenced, generations only grow.
# beside: others

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

holder() { volume_field c '.spec.grants | map(.node) | join(" ")'; }
generation() { volume_field c '.spec.grants | map(.generation) | max'; }
floor() { volume_field c .status.node.fencedBelow; }

write_it() {
	claim c 256Mi
	pod p worker-1 "$STAY" c
	pod_ready p
	in_pod p "dd if=/dev/urandom of=/data/file bs=1M count=24 2>/dev/null && sync && md5sum /data/file >/data/sum"
	generation >"$work/first"
}

# moves NODE: the pod goes there and finds its data
moves() {
	pod_gone p
	pod p "$1" "$STAY" c
	pod_ready p
	in_pod p "md5sum -c /data/sum"
	same "$(holder)" "$1" "holder"
}

over_the_network() {
	local uuid

	uuid=$(volume_field c .metadata.uid)
	"$WORKER" exec 2 "grep -l $uuid /sys/class/nvme/*/subsysnqn"
	"$WORKER" exec 2 'grep -qx tcp /sys/class/nvme/*/transport'
	"$WORKER" exec 1 "ls /sys/kernel/config/nvmet/subsystems | grep $uuid"
}

fenced() {
	[ "$(generation)" -gt "$(cat "$work/first")" ] || { echo "the generation did not grow: $(generation)"; return 1; }
	[ "$(floor)" -gt "$(cat "$work/first")" ] || { echo "floor $(floor), first generation $(cat "$work/first")"; return 1; }
	generation >"$work/second"
}

nothing_left() {
	local uuid

	uuid=$(volume_field c .metadata.uid)
	wait_until 30 "worker 2 has no controller of ours left" "$WORKER" exec 2 \
		"! grep -qs $uuid /sys/class/nvme/*/subsysnqn"
	wait_until 30 "worker 1 exports nothing" "$WORKER" exec 1 \
		"! ls /sys/kernel/config/nvmet/subsystems | grep $uuid"
}

fenced_again() {
	[ "$(floor)" -gt "$(cat "$work/second")" ] || { echo "floor $(floor), second generation $(cat "$work/second")"; return 1; }
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
begin
step "a pod writes on the worker that has the disk" write_it
step "it moves to the other worker and finds its data" moves worker-2
step "the data comes over NVMe/TCP" over_the_network
step "the old attachment is fenced, the new one is newer" fenced
step "it moves back" moves worker-1
step "the remote attachment is fenced too" fenced_again
step "neither export nor controller is left behind" nothing_left
finish
