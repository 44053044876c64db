#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# A snapshot keeps what was, while the volume goes on; a new claim is filled from it, also when the volume is gone.
# beside: others

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

take() {
	claim c 128Mi
	pod p worker-1 "$STAY" c
	pod_ready p
	in_pod p "dd if=/dev/urandom of=/data/file bs=1M count=4 2>/dev/null && md5sum /data/file >/data/sum && echo old >/data/age && sync"
	snapshot_of s c
	snapshot_ready s
}

# snapshot_id: the name of our Snapshot
snapshot_id() {
	k get volumesnapshotcontents "$(kn get volumesnapshot s -o jsonpath='{.status.boundVolumeSnapshotContentName}')" \
		-o jsonpath='{.status.snapshotHandle}'
}

columns() {
	local id

	id=$(snapshot_id)
	same "$(cells snapshots "$id" VOLUME POOL BYTES READY | xargs)" \
		"$(volume_of c) $(volume_field c .spec.placement.pool) 134217728 true" "the snapshot's columns"
	same "$(cells snapshots "$id" CREATED)" "$(k get snapshots.liteio.io "$id" -o jsonpath='{.status.createdAt}')" \
		"when it was taken"
	cells snapshots "$id" CREATED | grep -E '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$'
}

go_on() {
	in_pod p "dd if=/dev/urandom of=/data/file bs=1M count=4 2>/dev/null && md5sum /data/file >/data/sum && echo new >/data/age && sync"
}

# from_snapshot CLAIM SIZE NODE: a claim filled from it, and a pod of the same name that uses it
from_snapshot() {
	claim "$1" "$2" filesystem s
	pod "$1" "$3" "$STAY" "$1"
}

restored() {
	pod_ready "$1"
	in_pod "$1" "md5sum -c /data/sum"
	same "$(in_pod "$1" "cat /data/age")" old "age"
}

# Two at a time; a pod may run where the data is not.
restore_two() {
	from_snapshot r 128Mi worker-1
	from_snapshot r2 256Mi worker-2
}

restore_bigger() {
	restored r2
	in_pod r2 "[ \$(df -kP /data | awk 'END { print \$2 }') -ge 220000 ]"
}

original() {
	same "$(in_pod p "cat /data/age")" new "age"
	in_pod p "md5sum -c /data/sum"
}

outlives() {
	pod_gone p
	kn delete pvc c --timeout=300s
	wait_until 240 "the volume is gone" eval '[ "$(k get pv -o json | jq --arg n "$NS" \
		"[.items[] | select(.spec.claimRef.namespace == \$n and .spec.claimRef.name == \"c\")] | length")" = 0 ]'
	from_snapshot r3 128Mi worker-1
	restored r3
}

drop() {
	kn delete volumesnapshot s --timeout=300s
	wait_until 240 "no Snapshot object is left" eval '[ -z "$(k get snapshots.liteio.io -o name)" ]'
}

begin
step "a snapshot is taken under a running pod" take
step "what kubectl shows of a snapshot is true" columns
step "the volume goes on" go_on
step "two claims are to be filled from it" restore_two
step "a claim is filled from it" restored r
step "a bigger claim is filled from it, for a pod on the other worker" restore_bigger
step "the volume itself has what was written since" original
step "the snapshot outlives its volume" outlives
step "it is deleted" drop
finish
