#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A thousand volumes with a snapshot each, all of them attached, on a node with udevd: an agent that is killed and started is
# ready in seconds, and so it is when the kernel knows of none, as after a boot. The seconds are those of one CPU that does
# 10^9 instructions each (agent-thousand), and after a boot udevd has it, too: it starts a dozen programs for each of two
# thousand devices, which is no work of the agent, and what there is of it goes into what is measured.
# vm: kernels=6.12 icount=yes timeout=14400 mem=3G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/slowdisk.sh
. "$LITEIO_TOP/tests/vm/lib/slowdisk.sh"
# shellcheck source=tests/vm/lib/near.sh
. "$LITEIO_TOP/tests/vm/lib/near.sh"
# shellcheck source=tests/vm/lib/thousand.sh
. "$LITEIO_TOP/tests/vm/lib/thousand.sh"

# as it was written to each of them
same_data() {
	local n

	for n in 1 500 1000; do
		dd if=/dev/liteio/volume-$n bs=4096 count=16 iflag=direct status=none | cmp - /run/pattern || fail "volume-$n has other data"
	done
}
# who listens for events of devices is there, and has seen all there were
udevd_is_there() {
	udevadm control --ping --timeout=1000 && udevadm settle --timeout=3000
}

slow_disk fast $((32 << 10)) 100000 64
agent_start
near_root /tmp/near nodecost sh liteio-agent thin_check setpriv
liteioctl pool create fast /dev/fast >/dev/null
udevd_is_there || fail "there is no udevd"
EVERY=1
make_volumes 1 1000
udevd_is_there || fail "udevd has not looked at all devices"
all_there 1000
[ "$(thin_devices)" = 1000 ] || fail "$(thin_devices) thin devices for 1000 attachments"
head -c 64K /dev/urandom >/run/pattern
for n in 1 500 1000; do
	dd if=/run/pattern of=/dev/liteio/volume-$n bs=4096 oflag=direct conv=fsync,notrunc status=none
done
restart 1000
all_there 1000
same_data
ok "1000 volumes are attached, and the next agent is ready after $READY ms"

udevd_is_there || fail "udevd has not looked at all devices"
restart 1000 forget
udevd_is_there || fail "udevd has gone"
all_there 1000
same_data
doctor_is_silent
ok "after a boot all of them are attached again, ready after $READY ms"
agent_stop
