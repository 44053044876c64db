# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Waiting for what nobody announces, in a guest: kmod.sh, pool.sh and agent.sh source it.

# until_true SECONDS COMMAND...: ask again until it says yes, every UNTIL_PAUSE of a second; a slow kernel gets more time
until_true() {
	# three times that: it ends what never comes, and a guest may have a third of a CPU
	local end=$((SECONDS + 3 * $1 * ${LITEIO_SLOW:-1}))

	shift
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $end ]; then
			never_came "not within time: $*"
			return
		fi
		read -r -t "${UNTIL_PAUSE:-0.1}" <> <(:) || true
	done
}

# never_came WHAT: the end of the test; who sources this may define another one
never_came() {
	fail "$@"
}
