# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the agent's tests share, in a guest: source it after test.sh, or after "set -euo pipefail".
#
#   agent_start              load the module, write a configuration, start the agent, wait until ready;
#                            it listens on AGENT_LISTEN; LITEIO_STEP_KILL reaches it; AGENT_UNDER is a program
#                            with options that runs it; AGENT_PROGRAM is another build of it; AGENT_DEVICES is
#                            "devices" of its configuration, by default all disks, AGENT_METRICS where its metrics are
#   agent_stop               end it in order
#   agent_kill               kill -9
#   agent_wait_dead          wait for an agent that kills itself
#   agent_sleeps             it has no timer: only what happens wakes it
#   agent_switches           how often its threads have gone to sleep so far
#   j NOUN VERB ...          liteioctl with JSON as the answer
#   until_true SECONDS COMMAND...   ask again until it says yes (wait.sh); when it never does, fail with the end of the log
#   refused PATTERN COMMAND...      the command fails, in one line that matches
#   doctor_is_silent         liteioctl doctor finds nothing wrong: all that was done has left nothing behind
#   doctor_only_finds_disks_of POOL   likewise, but for disks that carry this pool, and are none of its

AGENT_PID=/run/liteio-agent.pid
AGENT_LOG=/run/liteio-agent.log
DISK=$(readlink -f /dev/disk/by-id/virtio-pool 2>/dev/null || true)
export DISK

# shellcheck source=tests/vm/lib/wait.sh
. "${BASH_SOURCE[0]%/*}/wait.sh"

# it fails and no more: callers may have something to add
never_came() {
	echo "$*" >&2
	tail -n 20 $AGENT_LOG >&2
	return 1
}

agent_load_module() {
	modprobe dm-mod
	modprobe configfs
	[ -d /sys/module/liteio ] || insmod "${LITEIO_KO:?}"
}

agent_start() {
	local listen=${AGENT_LISTEN:-127.0.0.1} devices='["/dev/vd?"]' metrics=

	[ -z "${AGENT_METRICS:-}" ] || metrics="\"metrics\": \"$AGENT_METRICS\","
	[ -n "${WITHOUT_MODULE:-}" ] || agent_load_module
	mkdir -p /etc/liteio
	cat >/etc/liteio/agent.json <<-END
	{"nodeName": "$(hostname)", "listen": ["$listen:4420"], "devices": ${AGENT_DEVICES:-$devices},
	 $metrics "standalone": true, "logLevel": "debug"}
	END
	# shellcheck disable=SC2086
	setsid ${AGENT_UNDER:-} "${AGENT_PROGRAM:-${LITEIO_O:?}/liteio-agent}" </dev/null >>$AGENT_LOG 2>&1 &
	echo $! >$AGENT_PID
	# its end is looked for, not waited for: no word of the shell about it
	disown
	until_true 120 agent_answers
}

# ready, or dead because it was asked to kill itself
agent_answers() {
	liteioctl pool list || ! agent_lives
}

# one that has gone between two looks is dead, and so is one that is not reaped
agent_lives() {
	grep -qs '^State:.[^ZX]' "/proc/$(cat $AGENT_PID)/status"
}

agent_is_dead() {
	! agent_lives
}

agent_wait_dead() {
	until_true 120 agent_is_dead
}

# the loop's timers are one descriptor for each clock
agent_sleeps() {
	! grep -hs '^it_value:' "/proc/$(cat $AGENT_PID)"/fdinfo/* | grep -qv '(0, 0)'
}

agent_switches() {
	cat /proc/"$(cat $AGENT_PID)"/task/*/status | awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'
}

agent_stop() {
	kill -TERM "$(cat $AGENT_PID)"
	agent_wait_dead
}

agent_kill() {
	kill -KILL "$(cat $AGENT_PID)"
	agent_wait_dead
}

j() {
	liteioctl -o json "$@"
}

refused() {
	local pattern=$1 said

	shift
	if said=$("$@" 2>&1); then
		echo "$* was not refused, and said: $said" >&2
		return 1
	fi
	[ "$(wc -l <<<"$said")" = 1 ] || {
		echo "$* was refused with more than a sentence: $said" >&2
		return 1
	}
	grep -qi -- "$pattern" <<<"$said" || {
		echo "$* was refused with \"$said\", not with \"$pattern\"" >&2
		return 1
	}
}

doctor_only_finds_disks_of() {
	local said

	said=$(j doctor) || true
	if ! jq -e --arg pool "$1" '[.items[] | select(.severity != "info") |
			select(.check != "poolFound" or .pool != $pool)] == []' <<<"$said" >/dev/null; then
		echo "the doctor finds something: $said" >&2
		return 1
	fi
}

# no pool has no name
doctor_is_silent() { doctor_only_finds_disks_of ''; }
