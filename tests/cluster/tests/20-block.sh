#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# A raw block claim: the pod gets the device itself, of the size it asked for, and finds its bytes again.
# beside: others

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

write_it() {
	claim b 96Mi block
	pod w worker-1 "$STAY" b block
	pod_ready w
	in_pod w "dd if=/dev/urandom of=/dev/volume bs=1M count=96 conv=fsync 2>/dev/null"
	in_pod w "md5sum </dev/volume" >"$sum"
}

exact_size() {
	same "$(in_pod w "blockdev --getsize64 /dev/volume")" $((96 << 20)) "size"
}

again() {
	pod_gone w
	pod w worker-1 "$STAY" b block
	pod_ready w
	same "$(in_pod w "md5sum </dev/volume")" "$(cat "$sum")" "checksum"
}

moved() {
	pod_gone w
	pod w worker-2 "$STAY" b block
	pod_ready w
	same "$(in_pod w "md5sum </dev/volume")" "$(cat "$sum")" "checksum"
}

sum=$(mktemp)
trap 'rm -f "$sum"' EXIT
begin
step "a pod gets a raw device and fills it" write_it
step "the device has exactly the size of the claim" exact_size
step "the pod is made again and finds its bytes" again
step "so does a pod on the other worker" moved
finish
