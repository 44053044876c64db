#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The bed itself: a guest that boots systemd is healthy, sees the disks and what was built, and powers
# off in order (or "run" would say so).
# vm: kernels=6.12 systemd=yes disks=data=64M timeout=900 needs=none

# shellcheck source=tests/vm/lib/test.sh
. "$(dirname "$0")/../lib/test.sh"

[ "$(cat /proc/1/comm)" = systemd ] || fail "systemd is not the first program"
# this very script runs in a unit that the boot waits for: "starting" until it is told otherwise
state=$(systemctl is-system-running --wait || true)
[ "$state" = running ] || {
	systemctl --failed --no-legend >&2
	fail "the system is $state"
}
ok "systemd is content"

[ -b /dev/disk/by-id/virtio-data ] || fail "udev made no link for the disk"
modprobe dm-mod || fail "no modules of the running kernel"
ok "disks and modules are there"

cat >/etc/systemd/system/liteio-probe.service <<'END'
[Service]
ExecStart=/bin/true
Type=oneshot
RemainAfterExit=yes
ExecStop=/bin/sh -c "echo liteio-probe stopped >/dev/kmsg"
END
systemctl start liteio-probe.service
systemctl is-active -q liteio-probe.service || fail "a unit of the test does not start"
ok "units of a test run"
