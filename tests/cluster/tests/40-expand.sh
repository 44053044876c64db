#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# A claim grows while its pod runs: on the worker that has the disk, and on one that reaches it over the network.
# beside: others

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

start() {
	claim c 128Mi
	claim b 64Mi block
	pod p worker-1 "$STAY" c
	pod q worker-1 "$STAY" b block
	pod_ready p
	pod_ready q
	in_pod p "dd if=/dev/urandom of=/data/file bs=1M count=16 2>/dev/null && sync && md5sum /data/file >/data/sum"
}

want() { kn patch pvc "$1" -p "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"$2\"}}}}"; }
claim_has() { kn wait --for=jsonpath='{.status.capacity.storage}'="$2" "pvc/$1" --timeout=120s; }

# grows CLAIM SIZE MIN_KIB: the file system has at least that much
grows() {
	want c "$1"
	claim_has c "$1"
	in_pod p "[ \$(df -kP /data | awk 'END { print \$2 }') -ge $2 ] && md5sum -c /data/sum"
}

device_grows() {
	want b "$1"
	claim_has b "$1"
	same "$(in_pod q "blockdev --getsize64 /dev/volume")" "$2" "size of the device"
}

move() {
	pod_gone p
	pod_gone q
	pod p worker-2 "$STAY" c
	pod q worker-2 "$STAY" b block
	pod_ready p
	pod_ready q
	same "$(in_pod q "blockdev --getsize64 /dev/volume")" $((128 << 20)) "size after the move"
}

# A claim can only be asked to shrink where nobody has grown it: the API server refuses it first.
no_shrink() { ! want c 64Mi; }

begin
step "two pods, a file system and a device" start
step "the file system grows under its pod" grows 256Mi 220000
step "the device grows under its pod" device_grows 128Mi $((128 << 20))
step "both move to the other worker" move
step "the file system grows over the network" grows 384Mi 330000
step "the device grows over the network" device_grows 192Mi $((192 << 20))
step "a smaller size is refused" no_shrink
finish
