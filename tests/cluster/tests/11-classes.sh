#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# What a storage class says: another file system, and a parameter that nobody knows.
# beside: others

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# Both before either is looked at.
make() {
	class liteio-xfs 'csi.storage.k8s.io/fstype: xfs'
	class liteio-wrong 'noSuchParameter: "7"' Immediate
	CLASS=liteio-wrong claim wrong 64Mi
	CLASS=liteio-xfs claim x 512Mi
}

refused() {
	local message

	wait_until 240 "the claim is refused" refusal
	message=$(refusal)
	kn delete pvc wrong
	[[ $message == *noSuchParameter* ]] || { echo "the message does not name it: $message"; return 1; }
}

refusal() {
	kn get events --field-selector involvedObject.name=wrong,reason=ProvisioningFailed \
		-o jsonpath='{.items[*].message}' | grep .
}

xfs() {
	# a pod that finds no room is put aside for a while
	wait_until 240 "there is room for the class" capacity_of worker-2 liteio-xfs
	pod x worker-2 "$STAY" x
	pod_ready x
	in_pod x "grep -q ' /data xfs ' /proc/mounts && echo content >/data/file && sync"
	same "$(in_pod x "cat /data/file")" content "the file"
}

begin
trap 'k delete storageclass liteio-xfs liteio-wrong >/dev/null 2>&1' EXIT
step "classes and claims are made" make
step "a parameter nobody knows is refused by its name" refused
step "xfs on the other worker" xfs
finish
