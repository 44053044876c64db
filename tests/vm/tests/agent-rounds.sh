#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A long run of the agent as it is: every operation again and again (lib/life.sh), and nothing grows with that. What an agent
# keeps, and gives back at its end, valgrind does not call forgotten (agent-valgrind); here its open files, its threads and
# its memory are compared after some rounds and after many. LITEIO_ROUNDS says how many.
# vm: kernels=6.12 disks=pool=2G,other=512M timeout=1500 round=60 mem=1G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/thin.sh
. "$LITEIO_TOP/tests/vm/lib/thin.sh"
# shellcheck source=tests/vm/lib/life.sh
. "$LITEIO_TOP/tests/vm/lib/life.sh"

export AGENT_METRICS=unix:///run/liteio/metrics.sock
ROUNDS=${LITEIO_ROUNDS:-16}
# what the rounds before the first look need is not counted: threads, their stacks and arenas, tables that have grown once
WARM=6
# KiB that may come to it all the same: pages that the allocator holds for whichever thread was first
SLACK=768
# and what a round may leave behind, in bytes: with many rounds that is what counts
A_ROUND=512

pid() { cat $AGENT_PID; }
files() { find "/proc/$(pid)/fd" -mindepth 1 | wc -l; }
threads() { awk '/^Threads:/ { print $2 }' "/proc/$(pid)/status"; }
memory() { awk '/^VmRSS:/ { print $2 }' "/proc/$(pid)/status"; }
# clients that went away are noticed, and nothing is under way
is_at_rest() { [ "$(files)" = "$1" ]; }

one_round() {
	life "$1"
	strangers
	[ $(($1 % 4)) != 1 ] || {
		pair "$1"
		moves
	}
}

agent_start
liteioctl pool create fast "$DISK" --linear 256Mi --reserved 256Mi >/dev/null
liteioctl pool create slow "$OTHER" >/dev/null
liteioctl volume create kept --pool slow --size 64Mi >/dev/null
[ "$ROUNDS" -gt $((WARM + 4)) ] || fail "$ROUNDS rounds are too few to see anything grow"
liteioctl volume list >/dev/null
fresh=$(files)
for n in $(seq $WARM); do
	one_round "$n"
done
until_true 60 is_at_rest "$fresh" || fail "$(files) files are open after $WARM rounds, $fresh were: $(ls -l "/proc/$(pid)/fd")"
threads=$(threads)
memory=$(memory)
echo "# after $WARM rounds: $fresh files, $threads threads, $memory KiB"
for n in $(seq $((WARM + 1)) "$ROUNDS"); do
	one_round "$n"
	[ $((n % 10)) != 0 ] || echo "# after $n rounds: $(files) files, $(threads) threads, $(memory) KiB"
done
until_true 60 is_at_rest "$fresh" || fail "$(files) files are open after $ROUNDS rounds, $fresh were: $(ls -l "/proc/$(pid)/fd")"
[ "$(threads)" -le $((threads + 2)) ] || fail "$(threads) threads after $ROUNDS rounds, $threads were"
most=$((memory + SLACK + A_ROUND * (ROUNDS - WARM) / 1024))
[ "$(memory)" -le $most ] || fail "$(memory) KiB after $ROUNDS rounds, $memory after $WARM: more than $most"
ok "after $ROUNDS rounds $(files) files, $(threads) threads, $(memory) KiB; after $WARM $fresh, $threads, $memory"
doctor_is_silent
agent_stop
