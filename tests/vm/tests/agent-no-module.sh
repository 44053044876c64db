#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A node without liteio.ko: volumes of the node itself work, and what needs the module says so: limits, exports, fences
# of what only the kernel knows, counters; /metrics has all else. Then the module is loaded under what is attached.
# vm: kernels=6.12 disks=pool=1G timeout=600 smp=1 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/scrape.sh
. "$LITEIO_TOP/tests/vm/lib/scrape.sh"

export AGENT_METRICS=unix://$METRICS_SOCKET
[ ! -d /sys/module/liteio ] || fail "the module is loaded"
modprobe dm-mod
WITHOUT_MODULE=1 agent_start
[ "$(j module status | jq .loaded)" = false ] || fail "the module is said to be loaded"
[ "$(j node show | jq -c '[.module, (.features // [] | index("head"))]')" = '[null,null]' ] || fail "the node: $(j node show)"
[ "$(j doctor | jq -r '[.items[] | .check + " " + .severity] | join(" ")')" = 'module warning' ] || fail "doctor: $(j doctor)"
liteioctl pool create fast "$DISK" --linear 128Mi >/dev/null
ok "the node says that it has no module"

liteioctl volume create data --pool fast --size 64Mi >/dev/null
liteioctl volume create log --pool fast --size 64Mi --class linear >/dev/null
uuid=$(j volume show data | jq -r .uuid)
liteioctl volume attach data >/dev/null
liteioctl volume attach log >/dev/null
dmsetup table "liteio-head-$uuid-1" | grep -q ' linear ' || fail "the head is $(dmsetup table "liteio-head-$uuid-1")"
mkfs.ext4 -q /dev/liteio/data
mount /dev/liteio/data /mnt
dd if=/dev/urandom of=/mnt/file bs=1M count=16 conv=fsync status=none
sum=$(md5sum </mnt/file)
dd if=/dev/urandom of=/dev/liteio/log bs=1M count=64 oflag=direct status=none
log=$(md5sum </dev/liteio/log)
liteioctl snapshot create before data >/dev/null
dd if=/dev/zero of=/mnt/file bs=1M count=16 conv=notrunc,fsync status=none
liteioctl volume grow data --size 128Mi >/dev/null
[ "$(blockdev --getsize64 /dev/liteio/data)" = $((128 << 20)) ] || fail "the device did not grow"
resize2fs /dev/liteio/data >/dev/null 2>&1
liteioctl volume grow log --size 96Mi >/dev/null
[ "$(dd if=/dev/liteio/log bs=1M count=64 status=none | md5sum)" = "$log" ] || fail "the linear volume has other data"
liteioctl volume create again --pool fast --snapshot before >/dev/null
liteioctl volume attach again --read-only >/dev/null
dd if=/dev/zero of=/dev/liteio/again bs=4096 count=1 oflag=direct status=none 2>/dev/null && fail "it can be written"
mkdir -p /run/again
mount -o ro,noload /dev/liteio/again /run/again
[ "$(md5sum </run/again/file)" = "$sum" ] || fail "the snapshot has other data"
umount /run/again
ok "attached, written, grown and a snapshot taken, thin and linear, without a gate"

[ "$(j volume limit data --write-iops 90 | jq -r .limitsNotInForce)" = "the module liteio is not loaded" ] || fail "limits: $(j volume show data)"
refused 'not loaded' liteioctl export create again 7 --host-nqn nqn.2014-08.org.nvmexpress:uuid:"$uuid"
refused 'not loaded' liteioctl module volumes
refused 'not loaded\|no pool' liteioctl module fence 0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b --floor 9
refused 'not loaded' liteioctl module events --follow
ok "limits are kept, and what needs a gate is refused with a sentence"

# nothing counts: that is said, and is not an empty table or a row of zeros
refused 'not loaded' liteioctl stats
refused 'not loaded' liteioctl stats data
refused 'not loaded' liteioctl top -b -n 1
refused 'not loaded' liteioctl attachment stats
refused 'not loaded' liteioctl module stats
scrape
has 0 liteio_module_loaded
has 1 liteio_ready
has 1 liteio_node_info "node=$(hostname)"
! grep '^liteio_node_info .* module=' /run/samples || fail "a module is told that is not there"
! grep -e '^liteio_io_' -e '^liteio_volume_time_over_limit' /run/samples || fail "somebody counts I/O without a gate"
has 3 liteio_attachments state=live
has 3 liteio_exports consumer=local
has $((128 << 20)) liteio_volume_size_bytes volume=data pool=fast
pool_agrees fast
ok "counters are refused with a sentence, and /metrics has what is known without the module"

# a fence of a plain head: its table is an error from then on, and that is after its I/O has ended
umount /mnt
[ "$(j volume fence data --floor 2 | jq .drained)" = true ] || fail "the fence did not drain"
dd if=/dev/zero of=/dev/liteio/data bs=4096 count=1 oflag=direct status=none 2>/dev/null && fail "a fenced head can be written"
liteioctl volume detach data >/dev/null
liteioctl volume attach data >/dev/null
mount /dev/liteio/data /mnt
cmp -n $((16 << 20)) /mnt/file /dev/zero || fail "what was written before the fence is lost"
ok "a fence ends a head that has no gate, and the next one has the data"

agent_kill
WITHOUT_MODULE=1 agent_start
[ /dev/liteio/data -ef "/dev/liteio/$uuid" ] || fail "names: $(ls -l /dev/liteio)"
[ "$(j doctor | jq -r '[.items[] | .check] | sort | join(" ")')" = 'limits module' ] || fail "doctor: $(j doctor)"
agent_load_module
[ "$(j doctor 2>/dev/null | jq -r '[.items[] | .check + " " + .object] | sort | join(" ")')" = \
	'floor data headPlain again/1 headPlain data/2 headPlain log/1 limits data' ] || fail "doctor: $(j doctor)"
liteioctl doctor --fix >/dev/null 2>&1
[ "$(j doctor | jq -r '[.items[] | .check] | unique | join(" ")')" = headPlain ] || fail "doctor: $(j doctor)"
umount /mnt
for v in data log again; do
	liteioctl volume detach $v >/dev/null
	liteioctl volume attach $v >/dev/null
done
doctor_is_silent
# one that dies when the module is there, and before it has told it all floors, is followed by one that tells it
agent_stop
LITEIO_STEP_KILL=agent-module:loaded agent_start
! liteioctl module load >/dev/null 2>&1 || fail "nothing was killed at agent-module:loaded"
agent_wait_dead
agent_start
doctor_is_silent
dmsetup table | grep -q '^liteio-head-.* liteio ' || fail "no head has a gate: $(dmsetup table)"
dmsetup table | grep '^liteio-head-' | grep -q ' linear ' && fail "a head has no gate: $(dmsetup table)"
mount /dev/liteio/data /mnt
cmp -n $((16 << 20)) /mnt/file /dev/zero || fail "it has other data"
umount /mnt
scrape
has 1 liteio_module_loaded
for class in read write; do
	ios=$(j stats data | jq ".items[] | select(.class == \"$class\") | .ios")
	[ "$ios" -gt 0 ] || fail "nobody counts what is ${class}: $(j stats data)"
	has "$ios" liteio_io_operations_total class=$class volume=data
	has "$ios" liteio_io_latency_seconds_count class=$class volume=data
done
ok "with the module loaded, what is attached again has a gate, and is counted"
agent_stop
