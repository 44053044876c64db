#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# Our programs are killed with -9 in the middle of every operation, on all workers: the operation completes, and the
# data is what it was. All of them at once; with LITEIO_KILL=each, one program after the other.

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# kill_all PROGRAM: on every worker; at least one must have been there.
kill_all() {
	local n hit=''

	for n in 1 2; do
		! "$WORKER" exec "$n" "pkill -KILL -f '^/usr/sbin/$1'" || hit=yes
	done
	[ -n "$hit" ]
}

# during PROGRAM COMMAND...: the command starts the operation; the kills come while it is under way: one at once, and
# one as soon as the program is back and has taken the operation up again.
during() {
	local program=$1

	shift
	"$@"
	wait_until 60 "$program is killed" kill_all "$program"
	wait_until 120 "$program is back and killed again" kill_all "$program"
}

make_one() {
	claim c 128Mi
	pod p worker-1 "$STAY" c
}

create() {
	during "$1" make_one
	pod_ready p 180s
	in_pod p "dd if=/dev/urandom of=/data/file bs=1M count=8 2>/dev/null && sync && md5sum /data/file >/data/sum"
}

move_it() {
	kn delete pod p --wait=false
	kn wait --for=delete pod/p --timeout=120s
	pod p worker-2 "$STAY" c
}

move() {
	during "$1" move_it
	pod_ready p 180s
	in_pod p "md5sum -c /data/sum"
}

expand() {
	during "$1" kn patch pvc c -p '{"spec":{"resources":{"requests":{"storage":"192Mi"}}}}'
	kn wait --for=jsonpath='{.status.capacity.storage}'=192Mi pvc/c --timeout=180s
	in_pod p "[ \$(df -kP /data | awk 'END { print \$2 }') -ge 160000 ] && md5sum -c /data/sum"
}

take() {
	kn apply -f - <<-END
		apiVersion: snapshot.storage.k8s.io/v1
		kind: VolumeSnapshot
		metadata: {name: s}
		spec:
		  volumeSnapshotClassName: liteio
		  source: {persistentVolumeClaimName: c}
	END
}

snapshot() {
	during "$1" take
	kn wait --for=jsonpath='{.status.readyToUse}'=true volumesnapshot/s --timeout=180s
	in_pod p "md5sum -c /data/sum"
}

drop() {
	kn delete pod/p volumesnapshot/s pvc/c --wait=false
}

delete() {
	during "$1" drop
	kn wait --for=delete pod/p volumesnapshot/s pvc/c --timeout=180s
	wait_until 120 "volumes and snapshots are gone" eval '[ -z "$(k get volumes.liteio.io,snapshots.liteio.io -o name)" ]'
}

begin
programs=('liteio-(agent|controller|csi)')
[ "${LITEIO_KILL-}" != each ] || programs=(liteio-agent liteio-controller liteio-csi)
for program in "${programs[@]}"; do
	step "$program is killed while a volume is made and attached" create "$program"
	step "$program is killed while its pod moves" move "$program"
	step "$program is killed while it grows" expand "$program"
	step "$program is killed while a snapshot is taken" snapshot "$program"
	step "$program is killed while all of it is deleted" delete "$program"
done
finish
