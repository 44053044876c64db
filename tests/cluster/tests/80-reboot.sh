#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # expanded in pods and guests
# The node that has the disk goes away under a consumer elsewhere, once by a clean reboot and once by a power cut: the
# consumer waits and goes on without an error, and every write it was told about is there.

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# Counts up, one fsync each; the last number acknowledged is in memory, outside of the volume.
COUNT='i=0; while :; do i=$((i + 1))
	echo $i | dd of=/data/log oflag=append conv=notrunc,fsync 2>/tmp/err || { echo "failed at $i: $(cat /tmp/err)"; exit 1; }
	echo $i >/tmp/acknowledged; done'

start() {
	class liteio-elsewhere 'positionAdvice: MustRemote'
	wait_until 240 "there is room for the class" capacity_of worker-2 liteio-elsewhere
	CLASS=liteio-elsewhere claim c 128Mi
	pod p worker-2 "$COUNT" c
	pod_ready p
	same "$(volume_field c .spec.placement.node)" worker-1 "pool node"
	in_use
}

acknowledged() { in_pod p 'cat /tmp/acknowledged'; }
gets_on() { [ "$(acknowledged)" -gt "$1" ]; }
in_use() { wait_until "${1:-120}" "the consumer gets on" gets_on "$(acknowledged)"; }

boot_id() { "$WORKER" exec 1 'cat /proc/sys/kernel/random/boot_id'; }
came_back() { local now; now=$(boot_id 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$before" ]; }

reboot() {
	local before

	before=$(boot_id)
	"$WORKER" reboot 1
	# a question that comes while the guest reboots is lost
	LITEIO_EXEC_TIMEOUT=10 wait_until 400 "worker 1 is back" came_back
}

power_cut() {
	"$WORKER" kill 1
	"$WORKER" boot 1
}

after() {
	in_use 600
	same "$(kn get pod p -o jsonpath='{.status.phase} {.status.containerStatuses[0].restartCount}')" "Running 0" "the consumer"
	k wait --for=condition=Ready --timeout=300s node/worker-1
}

# The log of the consumer has every number from 1 on, up to at least what it was told is safe.
complete() {
	local last

	last=$(acknowledged)
	pod_gone p
	pod q worker-1 "$STAY" c
	pod_ready q
	in_pod q "awk -v want=$last '\$1 != NR { bad = 1 } END { exit bad || NR < want }' /data/log"
}

trap 'k delete storageclass liteio-elsewhere >/dev/null 2>&1' EXIT
begin
step "a pod writes over the network" start
step "the node with its disk reboots" reboot
step "the consumer went on without an error" after
step "the node with its disk loses power" power_cut
step "the consumer went on without an error, again" after
step "nothing acknowledged is lost" complete
finish
