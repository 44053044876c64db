# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For demos, on the host and in guests: a story in steps, of what happens and what one sees. A demo ends
# with a failure where the story is not true.
#
#   tell WORDS...       a heading: what happens now
#   show COMMAND...     what a person would type, and what it prints
#   see WORDS...        what one sees in that
#   untrue WORDS...     the story is not true: end

bold='' plain=''
if [ -t 1 ] || [ -n "${LITEIO_BOLD-}" ]; then
	bold=$'\e[1m' plain=$'\e[0m'
fi

tell() {
	printf '\n%s## %s%s\n' "$bold" "$*" "$plain"
}

show() {
	printf '%s# %s%s\n' "$bold" "$*" "$plain"
	"$@"
}

see() {
	printf -- '-> %s\n' "$*"
}

untrue() {
	printf '!! This is not as it should be: %s\n' "$*"
	exit 1
}
