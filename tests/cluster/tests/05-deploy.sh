#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# What was installed runs and knows its nodes; a pool on a disk of each worker is made by applying an object.

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

all_available() {
	k -n liteio-system wait --for=condition=Available --timeout=300s deployment/liteio-controller \
		deployment/liteio-csi-controller
	k -n liteio-system rollout status --timeout=300s daemonset/liteio-agent
	k -n liteio-system rollout status --timeout=300s daemonset/liteio-csi-node
}

registered() {
	local n keys

	for n in $(seq "$(workers)"); do
		wait_until 240 "$(worker_name "$n") has the driver" driver_on "$(worker_name "$n")"
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
		wait_until 240 "there is a StorageNode worker-$n" k get storagenode.liteio.io "worker-$n"
		k wait --for=condition=Ready --timeout=300s "storagenode.liteio.io/worker-$n"
	done
	k get storagenodes.liteio.io -o json | jq -e '[.items[].status.module] | all(. != null and . != "")'
}

# lease FILTER: of the spec of the Lease the controllers compete for
lease() { k -n liteio-system get lease liteio-controller -o json | jq -r ".spec | $1"; }

controller_restarts() {
	k -n liteio-system get pod "$1" -o jsonpath='{.status.containerStatuses[0].restartCount}'
}

leader_is_a_pod() {
	wait_until 240 "a controller leads" eval '[ "$(lease .holderIdentity)" != null ]'
	same "$(k -n liteio-system get pod "$(lease .holderIdentity)" -o json |
		jq -r '.metadata.labels["app.kubernetes.io/name"]')" liteio-controller "who the holder of the Lease is"
}

# signal_controller POD SIGNAL: to its process, which the name of its host tells from another pod's
signal_controller() {
	"$WORKER" exec "$(number_of "$(k -n liteio-system get pod "$1" -o jsonpath='{.spec.nodeName}')")" "
		for pid in \$(pgrep -f ^/usr/sbin/liteio-controller); do
			grep -zqx HOSTNAME=$1 /proc/\$pid/environ && exec kill -$2 \$pid
		done
		exit 1"
}

# Renewed by a container that was not there before.
renewed_after() { [ "$(controller_restarts "$leader")" -gt "$restarts" ] && [[ $(lease .renewTime) > $renewed ]]; }

# A container that is killed goes on with the Lease its pod holds: it neither takes it, nor waits for its end. The other
# one stands still meanwhile, so that it does not matter how long the start of a container takes.
leader_restarts() {
	local leader other restarts renewed before

	leader=$(lease .holderIdentity)
	other=$(k -n liteio-system get pods -l app.kubernetes.io/name=liteio-controller -o name | grep -vx "pod/$leader")
	echo "${other#pod/}" >"$work/other"
	before=$(lease '{holderIdentity, acquireTime, leaseTransitions}')
	restarts=$(controller_restarts "$leader")
	signal_controller "${other#pod/}" STOP
	signal_controller "$leader" KILL
	renewed=$(lease .renewTime)
	wait_until 300 "the container that was started again renews the Lease" renewed_after
	same "$(lease '{holderIdentity, acquireTime, leaseTransitions}')" "$before" "the Lease"
	other_goes_on
}

other_goes_on() { [ ! -s "$work/other" ] || signal_controller "$(cat "$work/other")" CONT; }

# The pool on a disk in use is asked for beside the others, and looked at when those are there.
make_pools() {
	local n

	"$WORKER" exec 1 'mkfs.ext4 -q /dev/disk/by-id/virtio-data2'
	pool_object worker-1 data2
	for n in $(seq "$(workers)"); do
		pool_object "worker-$n" data1
	done
	for n in $(seq "$(workers)"); do
		k wait --for=condition=Ready --timeout=300s "storagepool.liteio.io/worker-$n.data1"
	done
}

refuse_used_disk() {
	k wait --for=condition=Ready=False --timeout=300s storagepool.liteio.io/worker-1.data2
	k get storagepool.liteio.io worker-1.data2 -o json |
		jq -e '.status.conditions[] | select(.type == "Ready") | .message | test("ext4")'
	"$WORKER" exec 1 '[ "$(blkid -p -s TYPE -o value /dev/disk/by-id/virtio-data2)" = ext4 ]'
	k delete storagepool.liteio.io worker-1.data2 --timeout=300s
	"$WORKER" exec 1 'wipefs -qa /dev/disk/by-id/virtio-data2'
}

capacity_published() {
	local n

	for n in $(seq "$(workers)"); do
		wait_until 240 "capacity for worker-$n is published" capacity_of "worker-$n"
	done
}

work=$(mktemp -d)
trap 'other_goes_on >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
step "every pod of ours is available" all_available
step "the driver registers itself with both kubelets" registered
step "both nodes report themselves, with the module" nodes_ready
step "the controller that leads has its pod's name in the Lease" leader_is_a_pod
step "killed, it goes on with the Lease its pod has" leader_restarts
step "a pool is made on a disk of each worker" make_pools
step "a disk that carries a file system is refused, and untouched" refuse_used_disk
step "what is left is published for the scheduler" capacity_published
