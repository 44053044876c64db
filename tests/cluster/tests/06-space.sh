#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# Space is taken when it is written and comes back when the claim is deleted, as the kernel counts it. Before all that
# make volumes: nothing else may take or give back space meanwhile.

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

pool=worker-1.data1

# The kernel's own number, from the pool's node.
used() {
	"$WORKER" exec 1 'dmsetup status --target thin-pool | awk "{ split(\$7, d, \"/\"); s += d[1] } END { print s }"'
}

reported() { k get storagepool.liteio.io "$pool" -o jsonpath='{.status.dataUsedBytes}'; }

alone() {
	wait_until 240 "nothing of other tests is left" nothing_remains
}

thin() {
	used >"$work/before"
	claim c 1Gi
	pod p worker-1 "$STAY" c
	pod_ready p
	used >"$work/empty"
	# 256 KiB blocks: a file system of 1 GiB takes far less than 100 MiB of them
	[ $(($(cat "$work/empty") - $(cat "$work/before"))) -lt 400 ]
}

fill() {
	in_pod p "dd if=/dev/urandom of=/data/file bs=1M count=64 2>/dev/null && sync"
	used >"$work/full"
	[ $(($(cat "$work/full") - $(cat "$work/empty"))) -ge 240 ]
	wait_until 240 "the pool reports it" eval '[ "$(reported)" -ge $(($(cat "$work/full") * 262144)) ]'
}

give_back() {
	pod_gone p
	kn delete pvc c --timeout=300s
	wait_until 240 "the space is back" eval '[ "$(used)" -le "$(cat "$work/before")" ]'
	wait_until 240 "the pool reports it" eval '[ "$(reported)" -le $(($(cat "$work/before") * 262144)) ]'
}

nothing_left() {
	same "$(k get volumes.liteio.io -o name)" "" "volumes"
	wait_until 120 "no attachment is left" eval '[ -z "$(k get volumeattachments -o name)" ]'
	"$WORKER" exec 1 '! dmsetup ls | grep -E "^liteio-(head|vol|leg)"'
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
begin
step "no other volume takes or gives back space" alone
step "an empty volume takes next to nothing" thin
step "what is written is taken" fill
step "deleting the claim gives it back" give_back
step "nothing of it is left anywhere" nothing_left
finish
