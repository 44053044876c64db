# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every test script starts from: where things are cached, and how to speak. Source it.

LITEIO_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LITEIO_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/liteio
export LITEIO_TOP LITEIO_CACHE

# Who speaks, in messages: the script's own name.
liteio_me=${0##*/}

# say WORDS...: one line to the user.
say() {
	printf '%s: %s\n' "$liteio_me" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

# as_root COMMAND...: run it as root, by sudo where we are not.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -- "$@"
	fi
}

# with_lock FILE COMMAND...: one at a time on this machine.
with_lock() {
	local file=$1

	shift
	mkdir -p "${file%/*}"
	(
		flock 9
		"$@" 9>&-
	) 9>>"$file"
}

# patiently WHAT COMMAND...: run a command whose output nobody needs unless it fails; when it takes
# longer than ten seconds, say so, and again every ten seconds, with the last line it wrote.
patiently() {
	local what=$1 log pid rc=0 start=$SECONDS next=10

	shift
	mkdir -p "$LITEIO_CACHE/log"
	log=$(mktemp "$LITEIO_CACHE/log/${liteio_me}.XXXXXX")
	say "$what"
	"$@" >"$log" 2>&1 &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		# wakes at once when the command ends, else after a second
		timeout 1 tail --pid="$pid" -s 0.1 -f /dev/null || true
		if [ $((SECONDS - start)) -ge $next ] && kill -0 "$pid" 2>/dev/null; then
			say "  $((SECONDS - start)) s: $(tr '\r' '\n' <"$log" | grep . | tail -n 1 | cut -c1-100)"
			next=$((next + 10))
		fi
	done
	wait "$pid" || rc=$?
	if [ $rc != 0 ]; then
		tail -n 30 "$log" >&2
		say "failed ($rc): $what; all of its output is in $log"
		return $rc
	fi
	rm -f "$log"
}

# wait_until SECONDS WHAT COMMAND...: ask again and again until the command
# succeeds; for states that nobody announces.
wait_until() {
	local limit=$((SECONDS + $1)) what=$2

	shift 2
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $limit ]; then
			say "gave up waiting until $what"
			return 1
		fi
		sleep 0.3
	done
}
