#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The bed itself: two guests reach each other and the host; a power cut keeps what was flushed; the
# same disks come back; a cable can be pulled.
# vm: kernels=6.12 host=yes timeout=900 needs=none

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"

vm_add one --disk data=64M -m 768M
vm_add two -m 768M
vm_boot one two
[ "$(vm one hostname)" = one ] || fail "one is not called one"
vm one ping -c 1 -W 10 "$(vm_ip two)" >/dev/null || fail "one does not reach two"
vm two ping -c 1 -W 10 "$(vm_ip one)" >/dev/null || fail "two does not reach one"
ping -c 1 -W 10 "$(vm_ip one)" >/dev/null || fail "the host does not reach one"
ok "everybody reaches everybody"

vm_unplug two
! vm one ping -c 1 -W 2 "$(vm_ip two)" >/dev/null || fail "two answers with its cable out"
vm_plug two
vm one ping -c 1 -W 10 "$(vm_ip two)" >/dev/null || fail "two does not answer with its cable in again"
ok "a cable can be pulled"

rc=0
vm two no-such-command 2>/dev/null >&2 || rc=$?
[ $rc = 127 ] || fail "a command that does not exist gave $rc"
rc=0
vm two bash -c 'exit 7' || rc=$?
[ $rc = 7 ] || fail "an exit code of 7 came as $rc"
ok "exit codes come through"

vm one <<'END'
set -e
disk=/dev/disk/by-id/virtio-data
# udev writes a disk back when it looks at it again after a change, but not one that is locked
exec 9<>$disk
flock 9
yes liteio | dd of=$disk bs=64K count=16 iflag=fullblock oflag=direct status=none
dd of=$disk if=/dev/null conv=notrunc,fsync status=none
# left dirty in memory by a disk kept open; it would be written back half a minute from now
dd bs=1048576 count=1 iflag=fullblock status=none <&9 >/dev/null
printf lost >&9
sleep 1000 </dev/null >/dev/null 2>&1 &
END
vm_cut one
rc=0
vm one true 2>/dev/null || rc=$?
[ $rc = 125 ] || fail "a guest without power gave $rc"
vm_boot one
vm one <<'END'
set -e
disk=/dev/disk/by-id/virtio-data
yes liteio | head -c 1048576 | cmp - <(head -c 1048576 $disk)
cmp -n 4 -i 1048576:0 $disk /dev/zero
END
ok "what was flushed is there after a power cut, what was not is lost"
vm_off one two
