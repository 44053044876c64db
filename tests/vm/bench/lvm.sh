# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# LVM's side of node.sh, in favour of LVM: without udev, without monitoring, with nothing but its own disk to look
# at. To be sourced, with lib/near.sh.
#
#   prepare_lvm              a thin pool, vg/pool, on /dev/other; the agent has been configured
#   fill_lvm N               volumes many-1 to many-N, active
#   activate_lvm [NAME...]   what it costs to activate these, or all there is, when nothing is active

ROOT=$WORK/root

# with all programs that are measured, and what they read when they begin
make_root() {
	local program

	near_root "$ROOT" lvm thin_check setpriv nodecost nodecost-floor liteio-agent liteioctl
	install "$(command -v nodecost-exit)" "$ROOT/usr/sbin/"
	mkdir "$ROOT/etc/lvm"
	for program in pvcreate vgcreate vgchange vgcfgbackup vgcfgrestore lvchange lvcreate lvextend lvremove lvs; do
		ln -s lvm "$ROOT/usr/sbin/$program"
	done
}

prepare_lvm() {
	export LVM_SUPPRESS_FD_WARNINGS=1 LC_ALL=C
	# it looks for it although it makes thin snapshots
	modprobe dm-snapshot
	make_root
	cat >"$ROOT/etc/lvm/lvm.conf" <<-END
		devices { filter = [ "a|^/dev/other$|", "r|.*|" ] use_devicesfile = 0 types = [ "nullb", 16 ] }
		activation { udev_sync = 0 udev_rules = 0 monitoring = 0 }
	END
	in_memory pvcreate -q -q /dev/other
	in_memory vgcreate -q -q vg /dev/other
	in_memory lvcreate -q -q -L 24g -c 256k --type thin-pool -n pool vg
}

# many-1 is lvcreate's. The others are copies of what its metadata say of it, and the same message to the kernel:
# what lvcreate would have left behind, without the quarter of an hour that it takes
fill_lvm() {
	in_memory lvcreate -q -q -T -V "${MIB}m" -n many-1 vg/pool
	in_memory vgcfgbackup -q -q -f /tmp/one vg >/dev/null
	seq 2 "$1" | sed 's/^/create_thin /' | nodecost message vg-pool-tpool
	awk -v n="$1" '
		/^\t\tmany-1 \{/ { inside = 1 }
		inside { text = text $0 "\n" } { print }
		inside && /^\t\t\}/ {
			inside = 0
			if (text !~ /device_id = 1\n/)
				exit 1
			for (i = 2; i <= n; i++) {
				copy = text
				sub(/many-1/, "many-" i, copy)
				sub(/device_id = 1\n/, "device_id = " i "\n", copy)
				match(copy, /id = "[^"]*"/)
				copy = substr(copy, 1, RSTART + RLENGTH - 8) sprintf("%06d\"", i) substr(copy, RSTART + RLENGTH)
				printf "\n%s", copy
			}
		}' "$ROOT/tmp/one" >"$ROOT/tmp/all"
	in_memory vgchange -q -q -an vg
	in_memory vgcfgrestore -q -q -y --force -f /tmp/all vg >"$WORK/said" 2>&1 || {
		cat "$WORK/said" >&2
		return 1
	}
	in_memory vgchange -q -q -ay vg
	active_lvm "$1" many-
}

# active_lvm N PREFIX: so many are
active_lvm() {
	local n

	n=$(dmsetup ls | grep -c "^vg-${2//-/--}" || true)
	[ "$n" = "$1" ] || {
		echo "$n volumes of LVM are active, of $1" >&2
		return 1
	}
}

activate_lvm() {
	in_memory vgchange -q -q -an vg
	if [ $# = 0 ]; then
		in_memory nodecost run vgchange -q -q -ay vg
	else
		in_memory nodecost run lvchange -q -q -ay "${@/#/vg/}"
	fi
}
