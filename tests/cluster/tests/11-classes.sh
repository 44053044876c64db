#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# What a storage class says: another file system, limits, where volumes may be, and a parameter that nobody knows; and what
# "kubectl get" shows of what came of it.
# beside: others

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# All of them before one is looked at.
make() {
	k label --overwrite storagenodes.liteio.io worker-2 rack=north
	k label --overwrite storagepools.liteio.io worker-2.data1 media=nvme
	class liteio-chosen 'nodeSelector: "rack=north", poolSelector: "media=nvme"' Immediate
	class liteio-nowhere 'nodeSelector: "rack=north", poolSelector: "media=tape"' Immediate
	CLASS=liteio-chosen claim chosen 64Mi
	CLASS=liteio-nowhere claim nowhere 64Mi
	class liteio-xfs 'csi.storage.k8s.io/fstype: xfs, readIOPS: "700", writeBytesPerSecond: 64Mi, burstMilliseconds: "200"'
	class liteio-wrong 'noSuchParameter: "7"' Immediate
	CLASS=liteio-wrong claim wrong 64Mi
	CLASS=liteio-xfs claim x 512Mi
}

# refused CLAIM WORDS: with these words, and nothing stays of it
refused() {
	local message

	wait_until 240 "the claim is refused" refusal "$1"
	message=$(refusal "$1")
	kn delete pvc "$1"
	[[ $message == *"$2"* ]] || { echo "the message does not say \"$2\": $message"; return 1; }
}

refusal() {
	kn get events --field-selector "involvedObject.name=$1,reason=ProvisioningFailed" \
		-o jsonpath='{.items[*].message}' | grep .
}

no_volume_of() { ! k get volumes.liteio.io -o name | grep "$1"; }

# Each pool is counted by the first reason against it. That a claim waits leaves no volume behind.
nowhere() {
	local uid

	uid=$(kn get pvc nowhere -o jsonpath='{.metadata.uid}')
	refused nowhere ': 1 NodeSelector, 1 PoolSelector'
	wait_until 240 "no volume of it is left" no_volume_of "$uid"
}

chosen() {
	kn wait --for=jsonpath='{.status.phase}'=Bound pvc/chosen --timeout=300s
	same "$(volume_field chosen '.spec.placement | "\(.node) \(.pool)"')" "worker-2 worker-2.data1" "where it is"
}

xfs() {
	# a pod that finds no room is put aside for a while
	wait_until 240 "there is room for the class" capacity_of worker-2 liteio-xfs
	pod x worker-2 "$STAY" x
	pod_ready x
	in_pod x "grep -q ' /data xfs ' /proc/mounts && echo content >/data/file && sync"
	same "$(in_pod x "cat /data/file")" content "the file"
}

# In the kernel of the node that has the volume, as whoever reads its window sees them.
limited() {
	local window uid

	uid=$(volume_field x .metadata.uid)
	window=$("$WORKER" exec 2 "cat /sys/kernel/config/liteio/volumes/$uid/qos")
	same "$(xargs <<<"$window")" "riops 700 wiops 0 rbps 0 wbps 67108864 burst_ms 200" "the limits"
}

# a pool's numbers are told now and then
numbers() {
	local n

	mapfile -t n < <(cells storagepools worker-2.data1 VOLUMES PROVISIONED USED)
	[ "${n[0]}" -ge 2 ] && [ "${n[1]}" -ge 536870912 ] && [ "${n[2]}" -gt 0 ]
}

# The pod with the xfs runs: its volume is used on the node it lies on.
columns() {
	same "$(cells volumes "$(volume_of x)" BYTES POOL ATTACHED PLACED READY | xargs)" \
		"536870912 worker-2.data1 worker-2 True True" "the volume's columns"
	same "$(cells storagepools worker-2.data1 NODE DEVICE READY | xargs)" \
		"worker-2 /dev/disk/by-id/virtio-data1 True" "the pool's columns"
	wait_until 120 "the pool's numbers are those of two volumes" numbers
	same "$(cells storagenodes worker-2 READY ALIVE KERNEL | xargs)" \
		"True True $("$WORKER" exec 2 'uname -r')" "the node's columns"
	cells storagenodes worker-2 MODULE | grep -E '^[0-9]+\.[0-9]+\.[0-9]+'
}

begin
trap 'k delete storageclass liteio-xfs liteio-wrong liteio-chosen liteio-nowhere >/dev/null 2>&1' EXIT
step "classes and claims are made" make
step "a parameter nobody knows is refused by its name" refused wrong noSuchParameter
step "labels of nodes and pools choose where a volume is" chosen
step "where no pool fits, the claim says how many fail and why" nowhere
step "xfs on the other worker" xfs
step "the limits of the class hold" limited
step "what kubectl shows of volume, pool and node is true" columns
finish
