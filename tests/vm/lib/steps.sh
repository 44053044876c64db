# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The steps at which a program can kill itself (daemon/pool/step.h), in a guest: source it after test.sh.
#
#   steps PREFIX...                  of the agent, all of these operations; they come from the program itself. For one that
#                                    has none it says a word that is no step: this runs where it can not end the test
#   killed_in TEST STEP|PREFIX:...   that test interrupts these: fail if it does not name each of them

agent_steps() {
	"${LITEIO_O:?}/liteio-agent" --help=json | jq -r '.steps[]'
}

steps() {
	local prefix all

	all=$(agent_steps)
	for prefix; do
		grep "^$prefix:" <<<"$all" || echo "no-steps-$prefix"
	done
}

# in what it does, and not in what it says of itself
killed_in() {
	local text step test=$1

	text=$(grep -v '^[[:space:]]*#' "$LITEIO_TOP/tests/vm/tests/$test.sh")
	grep -q 'LITEIO_STEP_KILL=' <<<"$text" || fail "$test kills nothing"
	shift
	for step; do
		grep -qwF -- "$step" <<<"$text" || fail "$test does not kill at $step"
	done
}
