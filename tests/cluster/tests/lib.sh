# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2016 # for those who source it; single quotes are expanded in pods
# What a test of the cluster starts from: TAP lines, pods, claims, waiting for states. Source it.
#
# A test is a row of `step NAME COMMAND...`. A step that fails shows what the cluster looks like and ends its test, since
# what follows stands on it. Every test has a namespace of its own, whose deletion begins when it ends well; 85-clean
# waits for the end of all of them.

set -euo pipefail

# shellcheck source=tests/cluster/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
take_dir "$@"

test_name=$(basename "$0" .sh | sed 's/^[0-9]*-//')
NS=t-$test_name
WORKER=$LITEIO_TOP/tests/cluster/worker

kn() { k -n "$NS" "$@"; }

# step NAME COMMAND...: one line of the result; the command's output is shown when it fails.
step() {
	local name="$test_name: $1" log start=$SECONDS rc

	shift
	log=$(mktemp)
	# not as a condition: that would switch off -e for all that the command calls
	set +e
	(
		set -e
		"$@"
	) >"$log" 2>&1
	rc=$?
	set -e
	if [ $rc = 0 ]; then
		echo "ok - $name"
		echo "# $((SECONDS - start)) s"
		rm -f "$log"
		return
	fi
	echo "not ok - $name"
	sed 's/^/# /' "$log"
	rm -f "$log"
	show_state | sed 's/^/# /'
	exit 1
}

# What a person would look at first.
show_state() {
	set +e
	echo "--- events of $NS"
	kn get events --sort-by=.lastTimestamp 2>&1 | tail -n 15
	echo "--- pods, claims, attachments"
	k get pods -A -o wide 2>&1
	kn get pvc 2>&1
	k get volumeattachments 2>&1
	if k get crd volumes.liteio.io >/dev/null 2>&1; then
		echo "--- ours"
		k get volumes.liteio.io,snapshots.liteio.io,storagepools.liteio.io,storagenodes.liteio.io 2>&1
		k get volumes.liteio.io -o json 2>&1 | jq -c '.items[] | {name: .metadata.name, spec, status}'
		for p in $(k -n liteio-system get pods -o name); do
			echo "--- $p"
			k -n liteio-system logs "$p" --all-containers --prefix --tail=12 2>&1 | cut -c1-300
		done
	fi
}

# begin: where the test ran before, what it made then goes away first.
begin() {
	k delete namespace "$NS" --ignore-not-found --timeout=300s >/dev/null
	k create namespace "$NS" >/dev/null
}

# finish: what the test made goes away, while others run.
finish() {
	k delete namespace "$NS" --wait=false >/dev/null
}

# The claims and pods of tests that have ended, and their volumes.
remains() {
	k get namespaces -o name | grep '^namespace/t-' | grep -vx "namespace/$NS" || true
	k get volumes.liteio.io,snapshots.liteio.io -o name
}
nothing_remains() { [ -z "$(remains)" ]; }

# pod NAME NODE COMMAND [CLAIM [block]]...: created, not waited for. NODE "-" leaves it to the scheduler. A file system is
# at /data, a device at /dev/volume; of a second of either kind, the claim's name comes behind that.
pod() {
	local name=$1 node=$2 command=$3 volumes='' mounts='' devices='' claim

	shift 3
	while [ $# -gt 0 ]; do
		claim=$1
		shift
		volumes+="{name: v-$claim, persistentVolumeClaim: {claimName: $claim}}, "
		if [ "${1-}" = block ]; then
			devices+="{name: v-$claim, devicePath: /dev/volume${devices:+-$claim}}, "
			shift
		else
			mounts+="{name: v-$claim, mountPath: /data${mounts:+-$claim}}, "
		fi
	done
	kn apply -f - <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: $name}
		spec:
		  terminationGracePeriodSeconds: 1
		  restartPolicy: Never
		  nodeSelector: $([ "$node" = - ] && echo '{}' || echo "{kubernetes.io/hostname: $node}")
		  tolerations: [{key: node.kubernetes.io/not-ready, operator: Exists}, {key: node.kubernetes.io/unreachable, operator: Exists}]
		  containers:
		  - name: c
		    image: localhost/busybox:latest
		    imagePullPolicy: Never
		    command: [sh, -c, $(jq -Rn --arg c "$command" '$c')]
		    volumeMounts: [${mounts%, }]
		    volumeDevices: [${devices%, }]
		  volumes: [${volumes%, }]
	END
}

# A pod that stays until it is deleted, and ends at once then.
STAY='trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done'

pod_ready() { kn wait --for=condition=Ready "pod/$1" --timeout="${2:-300s}"; }
pod_gone() { kn delete pod "$1" --timeout="${2:-300s}"; }
pod_node() { kn get pod "$1" -o jsonpath='{.spec.nodeName}'; }

# in_pod POD COMMAND: a shell command, as the pod.
in_pod() { kn exec "$1" -- sh -c "$2"; }

# claim NAME SIZE [block|filesystem [SNAPSHOT]]; CLASS is the storage class, ours by default
claim() {
	local mode=Filesystem source=''

	[ "${3-}" != block ] || mode=Block
	[ -z "${4-}" ] ||
		source="dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: $4}"
	kn apply -f - <<-END
		apiVersion: v1
		kind: PersistentVolumeClaim
		metadata: {name: $1}
		spec:
		  accessModes: [ReadWriteOnce]
		  storageClassName: ${CLASS:-liteio}
		  volumeMode: $mode
		  resources: {requests: {storage: $2}}
		  $source
	END
}

# class NAME PARAMETERS [BINDING]: a storage class of ours
class() {
	k apply -f - <<-END
		apiVersion: storage.k8s.io/v1
		kind: StorageClass
		metadata: {name: $1}
		provisioner: csi.liteio.io
		volumeBindingMode: ${3:-WaitForFirstConsumer}
		allowVolumeExpansion: true
		parameters: {$2}
	END
}

# capacity_of NODE [CLASS]: the scheduler knows of room for the class there
capacity_of() {
	k -n liteio-system get csistoragecapacities -o json | jq -e --arg n "$1" --arg c "${2:-liteio}" '
		[.items[] | select(.storageClassName == $c and (.capacity | . != null and . != "0") and
		.nodeTopology.matchLabels["topology.liteio.io/node"] == $n)] | length > 0'
}

# snapshot_of NAME CLAIM: asked for; snapshot_ready NAME [TIMEOUT]: taken
snapshot_of() {
	kn apply -f - <<-END
		apiVersion: snapshot.storage.k8s.io/v1
		kind: VolumeSnapshot
		metadata: {name: $1}
		spec:
		  volumeSnapshotClassName: liteio
		  source: {persistentVolumeClaimName: $2}
	END
}

snapshot_ready() { kn wait --for=jsonpath='{.status.readyToUse}'=true "volumesnapshot/$1" --timeout="${2:-300s}"; }

# pool_object NODE DISK: a pool on that disk of the node, wanted.
pool_object() {
	k apply -f - <<-END
		apiVersion: liteio.io/v1
		kind: StoragePool
		metadata: {name: $1.$2}
		spec: {node: $1, pool: $2, device: /dev/disk/by-id/virtio-$2}
	END
}

# volume_of CLAIM: the name of our Volume.
volume_of() {
	local pv

	pv=$(kn get pvc "$1" -o jsonpath='{.spec.volumeName}')
	k get pv "$pv" -o jsonpath='{.spec.csi.volumeHandle}'
}

# volume_field CLAIM JQ
volume_field() { k get volumes.liteio.io "$(volume_of "$1")" -o json | jq -r "$2"; }

# cells TYPE OBJECT COLUMN...: what "kubectl get" prints there, a line each
cells() {
	local type=$1 object=$2

	shift 2
	k get "$type.liteio.io" "$object" -o wide | awk -v wanted="$*" '
		NR == 1 { n = split(wanted, names, " "); for (i = 1; i <= n; i++) at[i] = index($0 " ", names[i] " ") }
		NR == 2 { for (i = 1; i <= n; i++) { split(substr($0, at[i]), words, /  +/); print at[i] ? words[1] : "no such column" } }'
}

# the number of the worker that a node name belongs to, and the other of two
number_of() { echo "${1#worker-}"; }
other_than() { if [ "$1" = worker-1 ]; then echo worker-2; else echo worker-1; fi; }

# same A B WHAT
same() { [ "$1" = "$2" ] || { echo "$3: \"$1\" is not \"$2\""; return 1; }; }
