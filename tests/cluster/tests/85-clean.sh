#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests made goes away, all of it: namespaces, volumes, snapshots, and on the workers what stood behind them.

# shellcheck source=tests/cluster/tests/lib.sh
. "$(dirname "$0")/lib.sh"

gone() {
	wait_until 240 "namespaces, volumes and snapshots are gone" nothing_remains || { remains; return 1; }
	same "$(k get pv -o name)" "" "persistent volumes"
}

detached() { [ -z "$(k get volumeattachments -o name)" ]; }

no_attachment() { wait_until 240 "no attachment is left" detached; }

# on_worker N: no head, no export, no controller
on_worker() {
	wait_until 240 "worker $1 has neither head nor export nor controller" "$WORKER" exec "$1" '
		! dmsetup ls | grep -E "^liteio-(head|vol|leg)" && ! ls /sys/kernel/config/nvmet/subsystems | grep liteio | grep -v nobody &&
		! grep -qs liteio /sys/class/nvme/*/subsysnqn'
}

step "namespaces, volumes and snapshots of all tests are gone" gone
step "no attachment is left" no_attachment
for n in $(seq "$(workers)"); do
	step "nothing of them is left on worker $n" on_worker "$n"
done
