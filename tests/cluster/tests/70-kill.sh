#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# Our programs are killed with -9 in the middle of every operation, every process of them on every worker: the
# operations complete, and the data is what it was. All operations and all programs at once; with LITEIO_KILL=each, one
# program after the other, one operation after the other.

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# ---- killing ------------------------------------------------------------------------------------

# expected WORKER PROGRAM...: lines "PROGRAM NUMBER" of the processes that must be there, by the pods Kubernetes has there
expected() {
	local node

	node=$(worker_name "$1")
	shift
	k -n liteio-system get pods -l app.kubernetes.io/part-of=liteio -o json | jq -r --arg node "$node" '
		[.items[] | select(.spec.nodeName == $node and .metadata.deletionTimestamp == null) |
		.spec.containers[].command[0] // empty] as $have | $ARGS.positional[] | . as $program |
		"\(.) \([$have[] | select(. == "/usr/sbin/" + $program)] | length)"' --args "$@"
}

# all_there PROGRAM...: every process that must be there is there
all_there() {
	local n

	for n in $(seq "$(workers)"); do
		expected "$n" "$@" >"$work/expected.$n"
		same "$("$WORKER" exec "$n" "for p in $*; do echo \$p \$(pgrep -cf ^/usr/sbin/\$p); done")" \
			"$(cat "$work/expected.$n")" "what runs on worker $n" || return 1
	done
}

# kill_on WORKER PROGRAM...: each of them, and until the last is gone; says how many, as expected does
kill_on() {
	local n=$1

	shift
	"$WORKER" exec "$n" "
		for p in $*; do
			pids=\$(pgrep -f ^/usr/sbin/\$p)
			[ -z \"\$pids\" ] || kill -KILL \$pids && echo \$p \$(wc -w <<<\$pids)
			all=\"\$all \$pids\"
		done
		for pid in \$all; do timeout 20 tail --pid=\$pid -s 0.1 -f /dev/null || exit 1; done"
}

# kill_all PROGRAM...: all processes on all workers at a time; not one may be missing or survive
kill_all() {
	wait_until 300 "all of $* are there" all_there "$@"
	kill_at_once "$@"
}

# kill_at_once PROGRAM...: those that all_there has just seen
kill_at_once() {
	local n pid dead=()

	for n in $(seq "$(workers)"); do
		kill_on "$n" "$@" >"$work/killed.$n" &
		dead+=($!)
	done
	for pid in "${dead[@]}"; do
		wait "$pid"
	done
	for n in $(seq "$(workers)"); do
		same "$(cat "$work/killed.$n")" "$(cat "$work/expected.$n")" "what was killed on worker $n"
	done
}

# signal_agents SIGNAL
signal_agents() {
	local n

	for n in $(seq "$(workers)"); do
		"$WORKER" exec "$n" "pkill -$1 -f ^/usr/sbin/liteio-agent"
	done
}

# ---- operations ---------------------------------------------------------------------------------

write_sum='dd if=/dev/urandom of=$d/file bs=1M count=4 2>/dev/null && md5sum $d/file >$d/sum && sync'

# fill POD [FOLDER]: something to be found again
fill() { in_pod "$1" "d=${2:-/data}; $write_sum"; }
found() { in_pod "$1" "md5sum -c ${2:-/data}/sum"; }

grow() { kn patch pvc "$1" -p '{"spec":{"resources":{"requests":{"storage":"192Mi"}}}}'; }
has_grown() { kn wait --for=jsonpath='{.status.capacity.storage}'=192Mi "pvc/$1" --timeout=300s; }
volumes_gone() { [ -z "$(k get volumes.liteio.io,snapshots.liteio.io -o name)" ]; }

# ---- all at once --------------------------------------------------------------------------------

ALL=(liteio-agent liteio-controller liteio-csi)

# One claim per operation that needs one; "stay" holds two of them.
prepare() {
	local c

	for c in moved grown kept deleted; do
		claim $c 128Mi
	done
	pod m worker-1 "$STAY" moved
	pod stay worker-1 "$STAY" kept grown
	pod d worker-2 "$STAY" deleted
	pod_ready m
	pod_ready stay
	fill m
	fill stay
	fill stay /data-grown
	snapshot_of before kept
	pod_ready d
	pod_gone d
	snapshot_ready before
	# so that it is seen whether it is the snapshot that a volume was filled from
	fill stay
}

# The agents stand still from the beginning to the kill: what is seen to be under way is so when it comes.
start_all() {
	local c

	for c in moved grown deleted kept; do
		volume_of $c >"$work/$c"
	done
	signal_agents STOP
	claim made 128Mi
	claim raw 16Mi block
	pod first worker-2 "$STAY" made raw block
	claim restored 128Mi filesystem before
	pod r worker-1 "$STAY" restored
	kn delete pod m --wait=false
	pod m2 worker-2 "$STAY" moved
	grow grown
	snapshot_of after kept
	kn delete pvc deleted --wait=false
	for c in "${OPERATIONS[@]}"; do
		wait_until 240 "\"$c\" has reached us" "reached_$c"
		! "over_$c" || { echo "\"$c\" is over already"; return 1; }
	done
}

OPERATIONS=(made restored moved grown after deleted)

volume() { k get volumes.liteio.io "$(cat "$work/$1")" -o json; }

# volume_for CLAIM WHICH: there is one Volume for it, such a one
volume_for() {
	k get volumes.liteio.io -o json | jq -e --arg name "pvc-$(kn get pvc "$1" -o jsonpath='{.metadata.uid}')" '
		[.items[] | select(.metadata.annotations["csi.liteio.io/name"] == $name) | select('"$2"')] | length == 1'
}

# volume_made_for CLAIM: there is a Volume for it, which no pool has yet
volume_made_for() { volume_for "$1" '.status.node.created != true'; }

pod_is_ready() { kn get pod "$1" -o json | jq -e 'any(.status.conditions[]?; .type == "Ready" and .status == "True")'; }

reached_made() { volume_made_for made && volume_made_for raw; }
over_made() { pod_is_ready first; }
reached_restored() { volume_made_for restored; }
over_restored() { pod_is_ready r; }
# its pod has ended, and its attachment has not
reached_moved() {
	kn get pod m --ignore-not-found -o json | jq -e -s '.[0] | . == null or
		all(.status.containerStatuses[]; .state.terminated != null)' &&
		volume moved | jq -e '[.spec.grants[].node] == ["worker-1"]'
}
over_moved() { pod_is_ready m2; }
reached_grown() { volume grown | jq -e '.spec.sizeBytes > .status.node.sizeBytes'; }
over_grown() { [ "$(kn get pvc grown -o jsonpath='{.status.capacity.storage}')" = 192Mi ]; }
reached_after() {
	k get snapshots.liteio.io -o json | jq -e --arg v "$(cat "$work/kept")" '
		[.items[] | select(.spec.volume == $v and .status.ready != true)] | length == 1'
}
over_after() { [ "$(kn get volumesnapshot after -o jsonpath='{.status.readyToUse}')" = true ]; }
reached_deleted() { volume deleted | jq -e '.metadata.deletionTimestamp != null'; }
over_deleted() { [ -z "$(k get volumes.liteio.io "$(cat "$work/deleted")" --ignore-not-found -o name)" ]; }

# As soon as all of them are back: what is not over after that was not when it came.
kill_again() {
	local c left=()

	kill_all "${ALL[@]}"
	for c in "${OPERATIONS[@]}"; do
		"over_$c" >/dev/null 2>&1 || left+=("$c")
	done
	echo "${left[*]}" >"$work/left"
	[ ${#left[@]} != 0 ]
}

check_made() {
	pod_ready first
	fill first
	found first
	in_pod first 'dd if=/data/file of=/dev/volume bs=1M conv=fsync 2>/dev/null &&
		[ "$(head -c $((4 << 20)) /dev/volume | md5sum)" = "$(md5sum </data/file)" ]'
}

check_restored() {
	pod_ready r
	# the snapshot was taken before the file was written anew
	found r
	! same "$(in_pod r "cat /data/sum")" "$(in_pod stay "cat /data/sum")" "checksums"
}

check_moved() {
	kn wait --for=delete pod/m --timeout=300s
	pod_ready m2
	found m2
}

check_grown() {
	has_grown grown
	in_pod stay "[ \$(df -kP /data-grown | awk 'END { print \$2 }') -ge 160000 ]"
	found stay /data-grown
}

check_snapshot() {
	snapshot_ready after
	found stay
}

check_deleted() {
	kn wait --for=delete pvc/deleted --timeout=300s
	wait_until 300 "the volume is gone" over_deleted
}

all_at_once() {
	step "claims, pods and a snapshot are there" prepare
	step "six operations are under way at a time" start_all
	step "every process of ours is killed on every worker" kill_all "${ALL[@]}"
	step "and again when all of them are back" kill_again
	echo "# under way then: $(cat "$work/left")"
	step "two volumes were being made, a file system and a device" check_made
	step "one was being filled from a snapshot" check_restored
	step "one was on its way to the other worker" check_moved
	step "one was growing" check_grown
	step "a snapshot was being taken" check_snapshot
	step "one was being deleted" check_deleted
}

# ---- one by one ---------------------------------------------------------------------------------

# during PROGRAM OPERATION COMMAND...: the command starts the operation; the kills come while it is under way: one as soon
# as it has reached us and before it is over, and one as soon as the program is back, which may have ended it by then.
during() {
	local program=$1 operation=$2

	shift 2
	# now, so that nothing keeps the kill waiting
	wait_until 300 "all of $program are there" all_there "$program"
	"$@"
	wait_until 240 "\"$operation\" has reached us" "reached_$operation"
	! "over_$operation" || { echo "\"$operation\" is over before $program is killed"; return 1; }
	kill_at_once "$program"
	kill_all "$program"
}

# What is reached stays so. A snapshot is about to: once it is written down at ours, it is soon over.
reached_create() { volume_for c true; }
over_create() { pod_is_ready p; }
reached_move() { volume_for c '[.spec.grants[]?.node] | contains(["worker-2"])'; }
over_move() { pod_is_ready p; }
reached_expand() { volume_for c ".spec.sizeBytes == $((192 << 20))"; }
over_expand() { [ "$(kn get pvc c -o jsonpath='{.status.capacity.storage}')" = 192Mi ]; }
reached_snapshot() { [ -n "$(kn get volumesnapshot s -o jsonpath='{.status.boundVolumeSnapshotContentName}')" ]; }
over_snapshot() { [ "$(kn get volumesnapshot s -o jsonpath='{.status.readyToUse}')" = true ]; }
reached_restore() { volume_for r true; }
over_restore() { pod_is_ready r; }
# two volumes and a snapshot
reached_delete() {
	k get volumes.liteio.io,snapshots.liteio.io -o json |
		jq -e '(.items | length < 3) or any(.items[]; .metadata.deletionTimestamp != null)'
}
over_delete() { volumes_gone; }

make_one() {
	claim c 128Mi
	pod p worker-1 "$STAY" c
}

create() {
	during "$1" create make_one
	pod_ready p
	fill p
}

move_it() {
	kn delete pod p --wait=false
	kn wait --for=delete pod/p --timeout=300s
	pod p worker-2 "$STAY" c
}

move() {
	during "$1" move move_it
	pod_ready p
	found p
}

expand() {
	during "$1" expand grow c
	has_grown c
	in_pod p "[ \$(df -kP /data | awk 'END { print \$2 }') -ge 160000 ]"
	found p
}

snapshot() {
	during "$1" snapshot snapshot_of s c
	snapshot_ready s
	found p
}

make_another() {
	claim r 192Mi filesystem s
	pod r worker-1 "$STAY" r
}

restore() {
	during "$1" restore make_another
	pod_ready r
	found r
}

drop() { kn delete pod/p pod/r volumesnapshot/s pvc/c pvc/r --wait=false; }

delete() {
	during "$1" delete drop
	kn wait --for=delete pod/p pod/r volumesnapshot/s pvc/c pvc/r --timeout=300s
	wait_until 300 "volumes and snapshots are gone" volumes_gone
}

one_by_one() {
	local program

	for program in "${ALL[@]}"; do
		step "$program is killed while a volume is made and attached" create "$program"
		step "$program is killed while its pod moves" move "$program"
		step "$program is killed while it grows" expand "$program"
		step "$program is killed while a snapshot is taken" snapshot "$program"
		step "$program is killed while a claim is filled from it" restore "$program"
		step "$program is killed while all of it is deleted" delete "$program"
	done
}

work=$(mktemp -d)
# agents that stand still must not be left to the tests that follow
trap 'signal_agents CONT >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
begin
if [ "${LITEIO_KILL-}" = each ]; then
	one_by_one
else
	all_at_once
fi
finish
