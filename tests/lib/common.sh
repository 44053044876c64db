# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every test script starts from: where things are cached, and how to speak. Source it.
# Nobody waits in the dark for longer than some ten seconds, or LITEIO_PULSE of them.

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
		until flock -w "${LITEIO_PULSE:-10}" 9; do
			[ $? = 1 ] || exit
			say "  waiting for who holds $file"
		done
		"$@" 9>&-
	) 9>>"$file"
}

# patiently WHAT COMMAND...: run a command whose output nobody needs unless it fails; when it takes
# longer than ten seconds, say so, and again every ten seconds, with the last line it wrote.
patiently() {
	local what=$1 log pid rc=0 start=$SECONDS next=${LITEIO_PULSE:-10}

	shift
	mkdir -p "$LITEIO_CACHE/log"
	log=$(mktemp "$LITEIO_CACHE/log/${liteio_me}.XXXXXX")
	say "$what"
	"$@" >"$log" 2>&1 &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		# wakes at once when the command ends, else after a second
		timeout 1 tail --pid="$pid" -s 0.1 -f /dev/null || true
		if [ $((SECONDS - start)) -ge "$next" ] && kill -0 "$pid" 2>/dev/null; then
			say "  $((SECONDS - start)) s: $(tr '\r' '\n' <"$log" | grep . | tail -n 1 | cut -c1-100)"
			next=$((next + ${LITEIO_PULSE:-10}))
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

# pulse NAME: pass lines on as they come; when none has come for a while, say so on stderr, in a line that begins with
# "# ", with the last one that came, and again after each such while. For text whose reader waits: "COMMAND | pulse NAME".
# A while is a little longer than ten seconds: who speaks by himself every ten seconds is not spoken for.
pulse() {
	local name=$1 start=$SECONDS line part='' last='' rc

	while :; do
		rc=0
		IFS= read -r -t "${LITEIO_PULSE:-12}" line || rc=$?
		part+=$line
		if [ $rc -gt 128 ]; then
			# a line that has not ended waits until it has
			last=${part:-$last}
			printf '# %s, after %d s%s\n' "$name" $((SECONDS - start)) "${last:+: ${last:0:100}}" >&2
		elif [ $rc = 0 ]; then
			printf '%s\n' "$part"
			last=${part:-$last} part=''
		else
			printf '%s' "$part"
			return
		fi
	done
}

# wait_until SECONDS WHAT COMMAND...: ask again and again until the command
# succeeds; for states that nobody announces. Every ten seconds it says so.
wait_until() {
	local begin=$SECONDS limit=$((SECONDS + $1)) next=$((SECONDS + ${LITEIO_PULSE:-10})) what=$2

	shift 2
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $limit ]; then
			say "gave up waiting until $what"
			return 1
		fi
		if [ $SECONDS -ge "$next" ]; then
			say "  $((SECONDS - begin)) s: waiting until $what"
			next=$((SECONDS + ${LITEIO_PULSE:-10}))
		fi
		sleep 0.3
	done
}
