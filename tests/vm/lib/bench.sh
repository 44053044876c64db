# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For what counts instructions in a guest: to be sourced after kmod.sh.

# the same instructions each time, from here on: no process begins at an address by chance, and nobody
# watches the disks, as udevd does from time to time, which costs each I/O on any of them
steady() {
	echo 0 >/proc/sys/kernel/randomize_va_space
	udevadm settle
	udevadm control --exit
}

# what the numbers depend on, besides us: this kernel, and the compiler that made the module
what_is_counted() {
	echo "kernel $(uname -r) $(uname -v)"
	echo "compiler $(readelf -p .comment "$KO" | sed -n 's/^ *\[ *[01]\] *//p')"
}
