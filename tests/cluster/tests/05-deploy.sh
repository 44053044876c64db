#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# What was installed runs and knows its nodes; a pool on a disk of each worker is made by applying an object.

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

all_available() {
	k -n liteio-system wait --for=condition=Available --timeout=120s deployment/liteio-controller \
		deployment/liteio-csi-controller
	k -n liteio-system rollout status --timeout=120s daemonset/liteio-agent
	k -n liteio-system rollout status --timeout=120s daemonset/liteio-csi-node
}

registered() {
	local n keys

	for n in $(seq "$(workers)"); do
		wait_until 60 "$(worker_name "$n") has the driver" driver_on "$(worker_name "$n")"
		keys=$(k get csinode "$(worker_name "$n")" -o json |
			jq -r '.spec.drivers[] | select(.name == "csi.liteio.io") | .topologyKeys[]')
		same "$keys" topology.liteio.io/node "topology keys of worker $n"
	done
}

driver_on() {
	k get csinode "$1" -o jsonpath='{.spec.drivers[*].name}' | grep -qw csi.liteio.io
}

nodes_ready() {
	local n

	for n in $(seq "$(workers)"); do
		wait_until 60 "there is a StorageNode worker-$n" k get storagenode.liteio.io "worker-$n"
		k wait --for=condition=Ready --timeout=60s "storagenode.liteio.io/worker-$n"
	done
	k get storagenodes.liteio.io -o json | jq -e '[.items[].status.module] | all(. != null and . != "")'
}

make_pools() {
	local n

	for n in $(seq "$(workers)"); do
		pool_object "worker-$n" data1
	done
	for n in $(seq "$(workers)"); do
		k wait --for=condition=Ready --timeout=90s "storagepool.liteio.io/worker-$n.data1"
	done
}

refuse_used_disk() {
	"$WORKER" exec 1 'mkfs.ext4 -q /dev/disk/by-id/virtio-data2'
	pool_object worker-1 data2
	k wait --for=condition=Ready=False --timeout=60s storagepool.liteio.io/worker-1.data2
	k get storagepool.liteio.io worker-1.data2 -o json |
		jq -e '.status.conditions[] | select(.type == "Ready") | .message | test("ext4")'
	"$WORKER" exec 1 '[ "$(blkid -p -s TYPE -o value /dev/disk/by-id/virtio-data2)" = ext4 ]'
	k delete storagepool.liteio.io worker-1.data2 --timeout=60s
	"$WORKER" exec 1 'wipefs -qa /dev/disk/by-id/virtio-data2'
}

capacity_of() {
	k -n liteio-system get csistoragecapacities -o json | jq -e --arg n "$1" '
		[.items[] | select(.storageClassName == "liteio" and
		.nodeTopology.matchLabels["topology.liteio.io/node"] == $n)] | length > 0'
}

capacity_published() {
	local n

	for n in $(seq "$(workers)"); do
		wait_until 90 "capacity for worker-$n is published" capacity_of "worker-$n"
	done
}

step "every pod of ours is available" all_available
step "the driver registers itself with both kubelets" registered
step "both nodes report themselves, with the module" nodes_ready
step "a pool is made on a disk of each worker" make_pools
step "a disk that carries a file system is refused, and untouched" refuse_used_disk
step "what is left is published for the scheduler" capacity_published
