#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk that takes longer to answer than anybody waits for it: the agent starts and serves the other pool, disks are
# listed, this one as silent; and when it answers again its pool is opened by itself.
# vm: kernels=6.12 disks=pool=512M timeout=600 mem=1G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"

SD=/sys/bus/pseudo/drivers/scsi_debug
disk_is_there() { disk=$(ls $SD/adapter*/host*/target*/*/block) && [ -b "/dev/$disk" ]; }
names() { j pool list | jq -r '[.items[].name] | sort | join(" ")'; }
verdict() { j disk list | jq -r --arg d "$1" '.items[] | select(.device == $d) | .verdict'; }
# not while a command is under way
answers() { echo 0 2>/dev/null >$SD/delay; }

modprobe scsi_debug dev_size_mb=256 delay=0
until_true 30 disk_is_there
disk=/dev/$disk
echo 600 >"/sys/block/${disk#/dev/}/device/timeout"
udevadm settle || true

agent_start
liteioctl pool create quick "$DISK" >/dev/null
liteioctl pool create slow "$disk" >/dev/null
liteioctl volume create a --pool quick --size 16Mi >/dev/null
liteioctl volume create b --pool slow --size 16Mi >/dev/null
[ "$(verdict "$disk")" = pool ] || fail "the disk is said to be $(verdict "$disk")"
agent_stop

# twenty seconds for each command
echo 5000 >$SD/delay
agent_start
[ "$(names)" = quick ] || fail "pools: $(names)"
[ "$(verdict "$disk")" = silent ] || fail "a disk that does not answer is said to be $(verdict "$disk")"
[ "$(verdict "$DISK")" = pool ] || fail "the other disk is said to be $(verdict "$DISK")"
liteioctl disk list | grep -q "$disk does not answer" || fail "nothing is said of it: $(liteioctl disk list)"
liteioctl volume attach a >/dev/null
refused 'no such volume' liteioctl volume attach b
ok "a disk that does not answer holds up neither the start nor the list of disks"

until_true 120 answers
both() { [ "$(names)" = 'quick slow' ]; }
until_true 120 both
[ "$(verdict "$disk")" = pool ] || fail "the disk is said to be $(verdict "$disk")"
liteioctl volume attach b >/dev/null
doctor_is_silent
ok "when it answers its pool is opened by itself"

liteioctl volume detach a >/dev/null
liteioctl volume detach b >/dev/null
agent_stop
