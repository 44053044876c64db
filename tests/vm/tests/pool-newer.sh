#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Metadata that are leaky, or all there is, with the thin-provisioning-tools of the next release: another implementation of
# thin_check, thin_dump and thin_repair, which nodes of that release have. What pool-leaks and pool-salvage show is shown with
# them, too; not what pool-repair shows: these repair blocks without which the kernel can not read, and it reads before.
# vm: kernels=6.12 disks=pool=256M,copy=256M timeout=900 needs=tools,thin-tools

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"

case $(thin_check --version) in
0.*) ;;
*) fail "this machine's thin_check is no older one: $(thin_check --version)" ;;
esac
export PATH=$LITEIO_O/vm-tools/thin-tools:$PATH
[ "$(thin_check --version | cut -d. -f1)" -ge 1 ] || fail "thin_check is $(thin_check --version)"
for test in leaks salvage; do
	# what the one before has left
	! dmsetup info under >/dev/null 2>&1 || dmsetup remove --retry under
	for disk in pool copy; do
		blkdiscard -z "/dev/disk/by-id/virtio-$disk"
	done
	(exec "$(dirname "$0")/pool-$test.sh") || fail "pool-$test does not hold with thin_check $(thin_check --version)"
	ok "pool-$test, with thin_check $(thin_check --version)"
done
