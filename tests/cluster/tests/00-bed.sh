#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# The bed itself, before anything of ours is in it: what a later failure cannot be blamed on.

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

api_answers() {
	# the service address of the API server, with the pod's own token
	in_pod a 'cd /var/run/secrets/kubernetes.io/serviceaccount && [ -s token ] && [ -s ca.crt ] &&
		echo quit | nc -w 5 $KUBERNETES_SERVICE_HOST 443; [ $? = 0 ]'
}

reach_each_other() {
	in_pod a "ping -c 1 -w 5 $(kn get pod b -o jsonpath='{.status.podIP}')"
	in_pod a "ping -c 1 -w 5 $HOST_IP"
	in_net ping -c 1 -w 5 "$(kn get pod a -o jsonpath='{.status.podIP}')"
}

run_two() {
	pod a worker-1 "echo hello from a; $STAY"
	pod b worker-2 "echo hello from b; $STAY"
	pod_ready a
	pod_ready b
}

logs_and_exec() {
	same "$(kn logs a)" "hello from a" "log of a"
	same "$(in_pod b 'echo $((6 * 7))')" 42 "exec in b"
}

move() {
	pod_gone a
	pod a worker-2 "echo hello again; $STAY"
	pod_ready a
	same "$(pod_node a)" worker-2 "node of a"
}

# what a person has who calls tests/cluster/shell
by_hand() { "$LITEIO_TOP/tests/cluster/shell" "$@"; }

shell_works() {
	same "$(by_hand kubectl get nodes -o name | sort | xargs)" "node/worker-1 node/worker-2" "nodes"
	same "$(by_hand sh -c 'kubectl --kubeconfig "$KUBECONFIG" auth whoami -o json' | jq -r .status.userInfo.username)" \
		"$(k auth whoami -o json | jq -r .status.userInfo.username)" "who the shell's KUBECONFIG is"
}

kubernetes_version() {
	same "$(by_hand kubectl version -o json | jq -r '[.clientVersion, .serverVersion][] | "\(.major).\(.minor)"' | sort -u)" \
		1.37 "version of kubectl and API server"
	same "$(k get nodes -o json | jq -r '.items[].status.nodeInfo.kubeletVersion' | sed 's/^v\([0-9]*\.[0-9]*\)\..*/\1/' | sort -u)" \
		1.37 "version of the kubelets"
}

data_disks() {
	local n

	for n in $(seq "$(workers)"); do
		"$WORKER" exec "$n" 'set -e; for d in data1 data2; do
			[ "$(blockdev --getsize64 /dev/disk/by-id/virtio-$d)" = $((8 << 30)) ]; done'
	done
}

# answer ARGUMENTS...: may this be done? The reason behind a "no" is left out.
answer() {
	k auth can-i "$@" 2>/dev/null | sed 's/ - .*//' || true
}

# A denied request, so that a bed that allows everything is noticed.
authorization() {
	same "$(answer get secrets --as=system:node:worker-1 --as-group=system:nodes -n kube-system)" no \
		"worker-1 reads every secret"
	same "$(answer create pods --as=system:serviceaccount:default:default)" no \
		"any service account creates pods"
}

begin
step "pods run on both workers" run_two
step "logs and exec work" logs_and_exec
step "pods, workers and host reach each other" reach_each_other
step "a pod reaches the API server by its service address" api_answers
step "a pod moves" move
step "a shell with kubectl" shell_works
step "it is Kubernetes 1.37, every part of it" kubernetes_version
step "every worker has its data disks" data_disks
step "the real authorizers decide" authorization
finish
