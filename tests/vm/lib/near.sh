# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A root in memory, for guests whose clock counts instructions: while a file comes from the host, all CPUs are idle, and
# that clock jumps to the next timer.
#
#   near_root DIR PROGRAM...   DIR becomes one, with these programs, what they need and the agent's configuration, which is
#                              there by then; devices, /run and the agent's state are the guest's
#   in_memory COMMAND...       there

# near_libraries FILE: what it is linked with, which may be nothing
near_libraries() {
	local file

	ldd "$1" | sed -n 's|^[^/]*\(/[^ ]*\).*|\1|p' | while read -r file; do
		install -D "$(readlink -f "$file")" "$NEAR$file"
	done
}

near_root() {
	local program file

	NEAR=$1
	shift
	mkdir "$NEAR"
	mount -t tmpfs none "$NEAR"
	mkdir -p "$NEAR"/{dev,proc,sys,run,tmp,etc,usr/sbin,var/lib/liteio}
	for program; do
		install "$(readlink -f "$(command -v "$program")")" "$NEAR/usr/sbin/$program"
		near_libraries "$NEAR/usr/sbin/$program"
	done
	for file in dev proc sys run; do
		mount --rbind /$file "$NEAR/$file"
	done
	mount --bind /var/lib/liteio "$NEAR/var/lib/liteio"
	cp -r /etc/liteio "$NEAR/etc/"
}

in_memory() {
	chroot "$NEAR" "$@"
}
