# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The least that node.sh's operations can cost, on a disk of its own, asked for as the agent is (nodecost-floor). To be
# sourced, with lib/near.sh.
#
#   measure_least CASE THERE    all operations, when so many are there besides
#   least_few                   what it costs to bring back those that are measured, of all of the last case
#   least_at_once               a hundred at once on /dev/slow-floor: prints what was counted
#
# Its devices are there only as long as these run: who looks at all devices does not see them.

LEAST=/run/floor.sock
LEAST_DISK=/dev/floor
# by case and operation
declare -A least

# of requests from standard input
keep_least() {
	nodecost keep $LEAST
}

# numbered OPERATION NUMBER NUMBER
numbered() {
	seq "$2" "$3" | sed "s/.*/POST \\/$1\\/&/"
}

each_least() {
	numbered "$1" 1 "$N" | ask $LEAST | median
}

# start_least [FIRST LAST]: with these volumes; its files are in memory where there is a root for that
start_least() {
	local near=()

	[ -z "${NEAR-}" ] || near=(in_memory)
	${near[@]+"${near[@]}"} nodecost start $LEAST /ready/0 nodecost-floor $LEAST "$LEAST_DISK" "$@" 2>"$WORK/said" || {
		cat "$WORK/said" >&2
		return 1
	}
}

end_least() {
	local what

	numbered end 0 0 | keep_least
	for what in head thin pool tdata tmeta; do
		nodecost forget floor-$what
	done
}

# activate_least LAST: as after a boot
activate_least() {
	end_least
	start_least 1 "$1"
}

measure_least() {
	local case=$1 others=() what

	if [ "$2" != 0 ]; then
		others=($((N + 1)) $((N + $2)))
		start_least >/dev/null
		numbered make "${others[@]}" | keep_least
		end_least
	fi
	start_least "${others[@]}" >/dev/null
	least[$case create]=$(each_least record)
	least[$case create-attach]=$(each_least attach)
	least[$case snapshot]=$(each_least snapshot)
	least[$case status]=$(each_least status)
	least[$case list]=$(each_least list)
	least[$case grow]=$(each_least grow)
	# a program without a library, and what it asks for
	each_typed nodecost-exit >"$WORK/program"
	for what in create status list; do
		least[$case typed-$what]=$(echo "${least[$case $what]}" | sum "$WORK/program" -)
	done
	least[$case activate-all]=$(activate_least $(($2 + N)))
	numbered detach 1 "$N" | ask $LEAST >"$WORK/one"
	least[$case remove-snapshot]=$(each_least unsnapshot)
	numbered remove 1 "$N" | ask $LEAST >"$WORK/two"
	least[$case remove]=$(median <"$WORK/two")
	least[$case detach-remove]=$(sum "$WORK/one" "$WORK/two" | median)
	end_least
	echo "# $case: the least was measured"
}

least_few() {
	start_least >/dev/null
	numbered make 1 "$N" | keep_least
	activate_least "$N"
	end_least
}

# the first ones are for what one costs alone
least_at_once() {
	local what

	LEAST_DISK=/dev/slow-floor
	start_least >/dev/null
	for what in attach snapshot detach; do
		each_least "$what" >/dev/null
		echo "fact least-$what $(numbered "${what}all" 101 101 | ask $LEAST)"
	done
	end_least
}
