# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests that run in a guest: source it first thing. In the environment are LITEIO_O (what was
# built), LITEIO_KO (the module for this kernel) and LITEIO_TOP; what was built is in the PATH.
#
#   ok WHAT     say what has been shown
#   fail WHAT   end the test: it failed
#   skip WHY    end the test: it cannot run here (tests/skips must name it)
#   wanted PART of a test that was given parts as its arguments: is this one of them? Without arguments all are

set -euo pipefail

ok() {
	echo "# $*"
}

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

skip() {
	echo "SKIP: $*"
	exit 77
}

only=("$@")
wanted() {
	local part

	[ ${#only[@]} != 0 ] || return 0
	for part in "${only[@]}"; do
		[ "$part" != "$1" ] || return 0
	done
	return 1
}

# A command that fails where nobody looks ends the test; this says where, and what the kernel said.
test_end() {
	local rc=$?

	if [ $rc != 0 ] && [ $rc != 77 ]; then
		echo "--- ended with $rc; the kernel's last words:" >&2
		dmesg | tail -n 15 >&2
	fi
}
trap 'echo "FAILED: $0:$LINENO: $BASH_COMMAND" >&2' ERR
trap test_end EXIT
