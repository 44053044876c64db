# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # for those who source it
# What the selftests of scripts begin with, after common.sh: a folder for their work, and a cache of their own in it.

here=$LITEIO_TOP/tests/lib
work=$(mktemp -d "${TMPDIR:-/tmp}/liteio-selftest.XXXXXX")
trap 'rm -rf "$work"' EXIT
LITEIO_CACHE=$work/cache
failed=0

# verdict WHAT COMMAND...
verdict() {
	local what=$1

	shift
	if "$@" >"$work/said" 2>&1; then
		echo "ok - lib/$what"
	else
		echo "not ok - lib/$what"
		sed 's/^/    /' "$work/said"
		failed=1
	fi
}
