# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the agent answers, recorded and held against the document of its local API. Source it after agent.sh, in a guest.
#
#   answers_record SOCKET    with an agent that has just started: who asks there is handed on to it, and recorded; its own
#                            socket may be that
#   answers_end              before the next agent starts, which takes no socket from somebody who listens there;
#                            answers_record again once it has
#   answers_check LEAST      after answers_end: each answer is what the document says, and at least so many of its operations were
#                            asked for
#   answers_twice BUT...     after answers_end: each of its operations that change something was done twice, by the same request;
#                            but for those

ANSWERS=/run/answers
ANSWERS_PY=$LITEIO_TOP/tests/vm/lib/answers.py

answers_end() {
	[ -n "${answers_pid:-}" ] || return 0
	kill -TERM "$answers_pid"
	wait "$answers_pid" || fail "the recorder of answers: $(cat /run/answers.log)"
	answers_pid=
}

answers_record() {
	local listen=$1 agent=/run/liteio/agent.sock

	if [ "$listen" = $agent ]; then
		agent=/run/liteio/recorded.sock
		mv "$listen" $agent
	fi
	rm -f "$listen"
	"$ANSWERS_PY" record "$listen" $agent $ANSWERS >/run/answers.log 2>&1 &
	answers_pid=$!
	until_true 60 curl -s -m 20 --unix-socket "$listen" http://x/healthz
}

answers_check() {
	local said

	said=$("$ANSWERS_PY" check "$LITEIO_TOP/daemon/agent/openapi.yaml" $ANSWERS "$1") || fail "not as the document has it: $said"
	echo "$said"
}

answers_twice() {
	local said

	said=$("$ANSWERS_PY" twice "$LITEIO_TOP/daemon/agent/openapi.yaml" $ANSWERS "$@") || fail "not asked for again: $said"
	echo "$said"
}
