#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What all tests together have shown of the permissions: nobody was refused anything, and each of them was used. The
# API server has written down what was asked of it (audit.yaml). For a whole run: a few tests use few permissions.

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

audit=$CLUSTER_DIR/log/audit.log

# ACCOUNT RESOURCE VERB, then the reason: what a run may do without, and why it is there all the same.
needless() {
	sed 's/  .*//' <<-END
		liteio-agent events.events.k8s.io patch  an event that comes again is counted in the first one
		liteio-controller events.events.k8s.io patch  likewise
		liteio-csi-controller events. patch  likewise, of the sidecars
		snapshot-controller events. patch  likewise
		liteio-csi-controller persistentvolumeclaims. update  the provisioner gives a claim back when the node has no room
	END
}

# events: "ACCOUNT NAMESPACE RESOURCE VERB DECISION" of all that was asked, each line once
events() {
	jq -r 'select(.objectRef.resource != null) |
		[(.user.username | sub("^system:serviceaccount:[^:]*:"; "")), (.objectRef.namespace // "-"),
		([.objectRef.resource, .objectRef.subresource] | map(select(. != null)) | join("/")) + "." +
		(.objectRef.apiGroup // ""), .verb, .annotations["authorization.k8s.io/decision"]] | join(" ")' "$audit" | sort -u
}

# granted: "ACCOUNT NAMESPACE RESOURCE VERB", namespace "*" for a role of the cluster
granted() {
	k get clusterroles,roles,clusterrolebindings,rolebindings -A -o json | jq -r '
		def key: "\(.kind)/\(.metadata.namespace // "")/\(.metadata.name)";
		([.items[] | select(.rules != null) | {(key): .rules}] | add) as $rules |
		.items[] | select(.subjects != null) | (.metadata.namespace // "") as $ns | .roleRef as $role |
		.subjects[] | select(.kind == "ServiceAccount" and (.namespace == "liteio-system" or
			.name == "snapshot-controller")) | .name as $who |
		$rules["\($role.kind)/\(if $role.kind == "Role" then $ns else "" end)/\($role.name)"][] |
		.verbs[] as $verb | .apiGroups[] as $group | .resources[] |
		"\($who) \(if $ns == "" then "*" else $ns end) \(.).\($group) \($verb)"' | sort -u
}

nobody_refused() {
	[ -s "$audit" ] || { echo "$audit is empty"; return 1; }
	! events | grep -v ' allow$'
}

all_used() {
	awk '
		FILENAME == ARGV[1] { reason[$1 " " $2 " " $3] = 1; next }
		FILENAME == ARGV[2] { used[$1 " " $2 " " $3 " " $4] = used[$1 " * " $3 " " $4] = 1; next }
		{ n++ }
		!($0 in used) && !(($1 " " $3 " " $4) in reason) { print "nobody has used: " $0; bad = 1 }
		END { print n " permissions"; exit bad || n < 50 }
	' <(needless) <(events | grep ' allow$') <(granted)
}

step "nobody of ours was refused anything" nobody_refused
step "every permission is used" all_used
