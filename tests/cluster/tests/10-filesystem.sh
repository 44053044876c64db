#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# A claim with a file system: made where its first pod runs, written, and found again by the next pod.
# beside: others

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

waits() {
	claim c 256Mi
	wait_until 30 "the claim waits for a consumer" waits_for_consumer
	same "$(kn get pvc c -o jsonpath='{.status.phase}')" Pending "phase"
}

waits_for_consumer() {
	kn get events --field-selector involvedObject.name=c -o jsonpath='{.items[*].reason}' |
		grep -q WaitForFirstConsumer
}

write_it() {
	pod w worker-1 "$STAY" c
	pod_ready w
	in_pod w "grep -q ' /data ext4 ' /proc/mounts"
	in_pod w "dd if=/dev/urandom of=/data/file bs=1M count=24 2>/dev/null && sync && md5sum /data/file >/data/sum"
}

local_pool() {
	same "$(volume_field c .spec.placement.pool)" worker-1.data1 "pool"
	same "$(volume_field c '.spec.grants | map(.node) | join(" ")')" worker-1 "holder"
}

again() {
	pod_gone w
	pod w worker-1 "$STAY" c
	pod_ready w
	in_pod w "md5sum -c /data/sum"
}

xfs() {
	k apply -f - <<-END
		apiVersion: storage.k8s.io/v1
		kind: StorageClass
		metadata: {name: liteio-xfs}
		provisioner: csi.liteio.io
		volumeBindingMode: WaitForFirstConsumer
		allowVolumeExpansion: true
		parameters: {csi.storage.k8s.io/fstype: xfs}
	END
	kn apply -f - <<-END
		apiVersion: v1
		kind: PersistentVolumeClaim
		metadata: {name: x}
		spec:
		  accessModes: [ReadWriteOnce]
		  storageClassName: liteio-xfs
		  resources: {requests: {storage: 512Mi}}
	END
	pod x worker-2 "$STAY" x
	pod_ready x
	in_pod x "grep -q ' /data xfs ' /proc/mounts && echo content >/data/file && sync && cat /data/file"
	k delete storageclass liteio-xfs
}

refused() {
	local message

	k apply -f - <<-END
		apiVersion: storage.k8s.io/v1
		kind: StorageClass
		metadata: {name: liteio-wrong}
		provisioner: csi.liteio.io
		parameters: {noSuchParameter: "7"}
	END
	kn apply -f - <<-END
		apiVersion: v1
		kind: PersistentVolumeClaim
		metadata: {name: wrong}
		spec:
		  accessModes: [ReadWriteOnce]
		  storageClassName: liteio-wrong
		  resources: {requests: {storage: 64Mi}}
	END
	wait_until 60 "the claim is refused" refusal
	message=$(refusal)
	k delete storageclass liteio-wrong
	kn delete pvc wrong
	[[ $message == *noSuchParameter* ]] || { echo "the message does not name it: $message"; return 1; }
}

refusal() {
	kn get events --field-selector involvedObject.name=wrong,reason=ProvisioningFailed \
		-o jsonpath='{.items[*].message}' | grep .
}

begin
step "a claim waits for its first consumer" waits
step "a pod gets an ext4 volume and writes" write_it
step "the volume is on the pod's own worker" local_pool
step "the pod is made again and finds its data" again
step "xfs on the other worker" xfs
step "a parameter nobody knows is refused by its name" refused
finish
