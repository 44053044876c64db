#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# The life of two claims, a file system and a raw device, with a pod that uses both: made where it runs, written, found
# again by the next pod, grown under it, moved away from the disk, grown over the network, moved back. The bytes are
# the same all the way, the old attachments are fenced, generations only grow, and nothing is left behind.
# beside: others

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

holder() { volume_field "$1" '.spec.grants | map(.node) | join(" ")'; }
generation() { volume_field "$1" '.spec.grants | map(.generation) | max'; }
floor() { volume_field "$1" .status.node.fencedBelow; }

waits() {
	claim c 128Mi
	claim b 16Mi block
	wait_until 120 "the claims wait for a consumer" waits_for_consumer
	same "$(kn get pvc c -o jsonpath='{.status.phase}')" Pending "phase of the file system's"
	same "$(kn get pvc b -o jsonpath='{.status.phase}')" Pending "phase of the device's"
}

waits_for_consumer() {
	kn get events --field-selector reason=WaitForFirstConsumer -o json |
		jq -e '[.items[].involvedObject.name] | contains(["b", "c"])'
}

start() {
	pod p "$1" "$STAY" c b block
	pod_ready p
}

write_it() {
	start worker-1
	in_pod p "grep -q ' /data ext4 ' /proc/mounts"
	in_pod p "dd if=/dev/urandom of=/data/file bs=1M count=4 2>/dev/null && sync && md5sum /data/file >/data/sum"
	in_pod p "dd if=/dev/urandom of=/dev/volume bs=1M count=16 conv=fsync 2>/dev/null"
	in_pod p "md5sum </dev/volume" >"$work/sum"
}

# device_size BYTES
device_size() { same "$(in_pod p "blockdev --getsize64 /dev/volume")" "$1" "size of the device"; }

# its first 16 MiB are what was written, whatever it has grown to
bytes_there() {
	in_pod p "md5sum -c /data/sum"
	same "$(in_pod p "head -c $((16 << 20)) /dev/volume | md5sum")" "$(cat "$work/sum")" "checksum of the device"
}

# the view that the README names, as it stands there; each of the three kinds is in it
readme_view() {
	local line words

	line=$(sed -n 's/^    \(kubectl get [^ ]*\)  .*/\1/p' "$LITEIO_TOP/README.md")
	[ -n "$line" ] || { echo "the README has no such command"; return 1; }
	read -ra words <<<"$line"
	same "$(k "${words[@]:1}" -o name | sed 's/\..*//' | sort -u | xargs)" "storagenode storagepool volume" "kinds"
	k "${words[@]:1}"
}

local_pool() {
	local v

	for v in c b; do
		same "$(volume_field $v .spec.placement.pool)" worker-1.data1 "pool of $v"
		same "$(holder $v)" worker-1 "holder of $v"
		generation $v >"$work/first-$v"
	done
}

again() {
	pod_gone p
	start worker-1
	bytes_there
	device_size $((16 << 20))
}

want() { kn patch pvc "$1" -p "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"$2\"}}}}"; }
claim_has() { kn wait --for=jsonpath='{.status.capacity.storage}'="$2" "pvc/$1" --timeout=300s; }

# grow FILESYSTEM DEVICE: both are asked for at a time
grow() {
	want c "$1"
	want b "$2"
}

# grows SIZE MIN_KIB: the file system has at least that much
grows() {
	claim_has c "$1"
	in_pod p "[ \$(df -kP /data | awk 'END { print \$2 }') -ge $2 ] && md5sum -c /data/sum"
}

# device_grows SIZE BYTES
device_grows() {
	claim_has b "$1"
	device_size "$2"
}

# moves NODE: the pod goes there and finds its data
moves() {
	local v

	for v in c b; do
		generation $v >"$work/last-$v"
	done
	pod_gone p
	start "$1"
	bytes_there
	for v in c b; do
		same "$(holder $v)" "$1" "holder of $v"
	done
}

over_the_network() {
	local v uuid

	for v in c b; do
		uuid=$(volume_field $v .metadata.uid)
		"$WORKER" exec 2 "grep -l $uuid /sys/class/nvme/*/subsysnqn"
		"$WORKER" exec 1 "ls /sys/kernel/config/nvmet/subsystems | grep $uuid"
	done
	"$WORKER" exec 2 'grep -qx tcp /sys/class/nvme/*/transport'
}

# the generation before the last move is fenced, that of now is newer
fenced() {
	local v last

	for v in c b; do
		last=$(cat "$work/last-$v")
		[ "$(generation $v)" -gt "$last" ] || { echo "$v: generation $(generation $v), before it was $last"; return 1; }
		[ "$(floor $v)" -gt "$last" ] || { echo "$v: floor $(floor $v), generation before $last"; return 1; }
		[ "$last" -ge "$(cat "$work/first-$v")" ] || { echo "$v: generation $last after $(cat "$work/first-$v")"; return 1; }
	done
}

nothing_left() {
	local v uuid

	for v in c b; do
		uuid=$(volume_field $v .metadata.uid)
		wait_until 120 "worker 2 has no controller of ours left" "$WORKER" exec 2 \
			"! grep -qs $uuid /sys/class/nvme/*/subsysnqn"
		wait_until 120 "worker 1 exports nothing" "$WORKER" exec 1 \
			"! ls /sys/kernel/config/nvmet/subsystems | grep $uuid"
	done
}

# A claim can only be asked to shrink where nobody has grown it: the API server refuses it first.
no_shrink() { ! want c 64Mi; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
begin
step "claims wait for their first consumer" waits
step "a pod gets an ext4 volume and a raw device, and fills them" write_it
step "the device has exactly the size of its claim" device_size $((16 << 20))
step "both volumes are on the pod's own worker" local_pool
step "kubectl shows volumes, pools and nodes as the README says" readme_view
step "the pod is made again and finds its bytes" again
step "both are asked to grow" grow 256Mi 32Mi
step "the file system grows under its pod" grows 256Mi 220000
step "the device grows under its pod" device_grows 32Mi $((32 << 20))
step "the pod moves to the other worker and finds its bytes" moves worker-2
step "the device has its new size there" device_size $((32 << 20))
step "the data comes over NVMe/TCP" over_the_network
step "the old attachments are fenced, the new ones are newer" fenced
step "both are asked to grow again" grow 384Mi 48Mi
step "the file system grows over the network" grows 384Mi 330000
step "the device grows over the network" device_grows 48Mi $((48 << 20))
step "the pod moves back and finds its bytes" moves worker-1
step "the remote attachments are fenced too" fenced
step "neither export nor controller is left behind" nothing_left
step "a smaller size is refused" no_shrink
finish
