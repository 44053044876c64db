#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two nodes that run systemd, the agent and its release as their units, udev with our rules: what a
# filesystem's link leads to; a restart of the agent below a mounted filesystem; and shutdowns in order:
# of a consumer with a mounted remote volume that is being written, and of the pool node.
# vm: host=yes kernels=6.12 timeout=1200 needs=module,tools,programs

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"

vm_add pool --systemd --disk pool=512M -m 768M --timeout 400
vm_add user --systemd -m 768M --timeout 400

# installed as "make install" does; what is installed is gone with the power, as all of the root is
install_node() {
	vm "$1" <<-END
	set -euo pipefail
	install -m 0755 "\$LITEIO_O/liteio-agent" /usr/sbin
	install -m 0755 "\$LITEIO_O/liteioctl" /usr/bin
	install -m 0644 -t /etc/systemd/system "\$LITEIO_TOP"/deploy/systemd/*.service
	install -D -m 0644 -t /etc/udev/rules.d "\$LITEIO_TOP"/deploy/systemd/60-liteio.rules
	udevadm control --reload
	mkdir -p /etc/liteio
	echo '{"listen": ["$(vm_ip "$1"):4420"], "devices": ["/dev/vd?"], "standalone": true}' >/etc/liteio/agent.json
	modprobe dm-mod
	modprobe configfs
	insmod "\$LITEIO_KO"
	systemctl daemon-reload
	systemctl enable -q --now liteio-agent.service liteio-release.service
	systemctl is-active liteio-agent.service liteio-release.service
	END
}

# ctl NODE ARGS...: an answer in JSON; jq is here, not there. An agent that starts says so to systemd
# before its pools are open: it is asked again
ctl() {
	local end=$((SECONDS + 120)) said

	until said=$(vm "$1" liteioctl -o json "${@:2}"); do
		[ $SECONDS -lt $end ] || return 1
		vm "$1" udevadm settle
	done
	echo "$said"
}

vm_boot pool user
install_node pool >/dev/null || fail "the units do not start on the pool node"
install_node user >/dev/null || fail "the units do not start on the consumer"
nqn=$(ctl user node show | jq -r .hostNQN)
ctl pool pool create fast "$(vm pool readlink -f /dev/disk/by-id/virtio-pool)" >/dev/null
for v in near far; do
	ctl pool volume create $v --pool fast --size 64Mi >/dev/null
done
ctl pool export create near 1 --local >/dev/null
ctl pool export create far 1 --host-nqn "$nqn" >/dev/null
near=$(ctl pool volume show near | jq -r .uuid)
far=$(ctl pool volume show far | jq -r .uuid)
ctl pool attachment create "$near" 1 --local >/dev/null
ctl user attachment create "$far" 1 --address "$(vm_ip pool)" >/dev/null
ok "agents run as units"

vm pool <<END
set -euo pipefail
head=\$(readlink -f /dev/liteio/$near)
mkfs.ext4 -q -L near \$head
udevadm trigger --settle \$head
mount /dev/liteio/$near /mnt
echo before >/mnt/file
[ "\$(readlink -f /dev/disk/by-label/near)" = "\$head" ] || { ls -l /dev/disk/by-label; exit 1; }
for dev in /sys/class/block/dm-*; do
	uuid=\$(cat \$dev/dm/uuid)
	links=\$(udevadm info -q symlink \$dev)
	case \$uuid in
	LITEIO-HEAD-*) continue ;;
	esac
	case \$links in
	*by-uuid* | *by-label*) echo "\$uuid has \$links"; exit 1 ;;
	esac
	udevadm info -q property \$dev | grep -q '^SYSTEMD_READY=0' || { echo "\$uuid is ready"; exit 1; }
done
END
ok "links to a filesystem lead to its head, and what is below it has none"

vm pool systemctl restart liteio-agent.service
vm pool systemctl is-active -q liteio-agent.service
ctl pool volume list >/dev/null
# shellcheck disable=SC2016
vm pool bash -c 'echo after >>/mnt/file; sync /mnt/file; [ "$(cat /mnt/file)" = "before
after" ]'
vm user bash -c "mkfs.ext4 -q /dev/liteio/$far && mount /dev/liteio/$far /mnt && seq 100000 >/mnt/numbers"
vm user systemctl restart liteio-agent.service
ok "the agents start again below mounted filesystems"

# a service that writes until it is told to end, and then needs a moment; what it wrote is not flushed
vm user <<'END'
set -euo pipefail
cat >/run/writer <<'SH'
#!/bin/bash
trap 'echo the end >>/mnt/log; exit 0' TERM
n=0
while :; do
	echo $((n += 1)) >>/mnt/log
done
SH
chmod +x /run/writer
systemd-run -q --unit=writer /run/writer
until [ -s /mnt/log ]; do udevadm settle; done
END
vm_off user || fail "the consumer did not switch off"
vm_console user | grep -i 'nvme.*\(I/O error\|failed\)\|EXT4-fs error\|Buffer I/O error\|lost .*write' &&
	fail "its shutdown lost writes"
ctl pool export delete far 1 | jq -e .removed >/dev/null
ctl pool export create far 2 --local >/dev/null
device=$(ctl pool export list | jq -r '.items[] | select(.generation == 2) | .device')
vm pool <<END
set -euo pipefail
e2fsck -fn $device >/run/fsck 2>&1 || { cat /run/fsck; exit 1; }
mkdir -p /run/far
mount -o ro,noload $device /run/far
[ "\$(md5sum </run/far/numbers)" = "\$(seq 100000 | md5sum)" ] || { echo "numbers are lost"; exit 1; }
[ "\$(tail -n 1 /run/far/log)" = "the end" ] || { tail -n 3 /run/far/log; exit 1; }
umount /run/far
END
ok "a consumer switches off in order: all that was written is there"

vm_off pool || fail "the pool node did not switch off"
vm_boot pool
install_node pool >/dev/null
ctl pool pool list | jq -e '.items[0] | .name == "fast" and .state == "ready"' >/dev/null
vm pool <<END
set -euo pipefail
head=\$(readlink -f /dev/mapper/liteio-head-$near-1 2>/dev/null || true)
[ -b "\$head" ] || { ls -l /dev/mapper; exit 1; }
e2fsck -fn \$head >/run/fsck 2>&1 || { cat /run/fsck; exit 1; }
mount -o ro,noload \$head /mnt
[ "\$(cat /mnt/file)" = "before
after" ]
umount /mnt
END
vm_off pool || fail "the pool node did not switch off"
ok "a pool node switches off in order: its pool and what was mounted are as they should be"
