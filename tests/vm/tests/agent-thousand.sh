#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A thousand volumes and a thousand snapshots in one pool, two hundred of them attached; the agent is killed and comes
# back, and once more when the kernel has none of them, as after a boot: it is ready in seconds, all is there, and what was
# done for it has grown as the number has, not as its square. All of it in a guest whose clock counts instructions, on a
# disk that takes its time by that clock: the seconds are those of a CPU that does 10^9 a second, whatever else runs here.
# vm: kernels=6.12 icount=yes timeout=3000 mem=3G needs=module,tools,programs

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

# ten million bytes
RSS_GOAL_KIB=9765

# 100 us for whatever it is asked; large enough for the metadata of two thousand devices
slow_disk fast $((32 << 10)) 100000 64
# each device would have it start a dozen programs
udevadm settle
udevadm control --exit
agent_start
near_root /tmp/near nodecost sh liteio-agent thin_check setpriv
liteioctl pool create fast /dev/fast >/dev/null
make_volumes 1 200
all_there 200
restart 200
few=$WORK
all_there 200
ok "200 volumes and 200 snapshots are there again"

make_volumes 201 1000
# somebody writes all the time: no restart stops it
head -c 64K /dev/urandom >/run/pattern
dd if=/run/pattern of=/dev/liteio/volume-5 bs=4096 oflag=direct conv=fsync,notrunc status=none
restart 1000
[ "$(thin_devices)" = 200 ] || fail "$(thin_devices) thin devices for 200 attachments"
all_there 1000
[ "$(thin_devices)" = 200 ] || fail "a list has brought $(thin_devices) thin devices into the kernel"
dd if=/dev/liteio/volume-5 bs=4096 count=16 iflag=direct status=none | cmp - /run/pattern
ok "1000 volumes and 1000 snapshots are there again, 200 of them attached, and no device more than these need"

[ "$WORK" -le $((6 * few)) ] || fail "$WORK instructions until it was ready, $few with a fifth: more than 6 times"
ok "five times as much was $(awk -v many="$WORK" -v few="$few" 'BEGIN { printf "%.1f", many / few }') times the work"
is_small() { [ "$(rss_kib)" -lt $RSS_GOAL_KIB ]; }
until_true 30 is_small || fail "$(rss_kib) KiB resident, the goal is $RSS_GOAL_KIB"
ok "$(rss_kib) KiB resident with 1000 volumes after all of them were listed; $RSS when it was ready"

# one more costs no more, and a second restart finds the same
make_volumes 1001 1001
liteioctl snapshot delete snapshot-1001 >/dev/null
liteioctl volume delete volume-1001 >/dev/null
restart 1000 forget
all_there 1000
dd if=/dev/liteio/volume-5 bs=4096 count=16 iflag=direct status=none | cmp - /run/pattern
ok "when the kernel knows of none of them all are brought back"
