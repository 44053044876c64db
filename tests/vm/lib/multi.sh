# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests that run on the host and need several guests on one network, commands in each, power cuts.
# Source it first thing: the test then runs again in namespaces of its own (network, processes), so that
# nothing of it outlives it and no two tests meet. Needs root.
#
#   vm_add NAME [options of run]   a guest, on the common network at 10.77.0.N (N: 1, 2... in order)
#   vm_boot NAME...                start them (at once); again after a cut or an off, with the same disks
#   vm NAME COMMAND...             run a command in it; output and exit code are ours
#   vm NAME <<END                  run a script in it
#   on NAME SCRIPT                 run a script in it, with what lib/agent.sh has; strict
#   vm_cut NAME...                 power cut
#   vm_off NAME...                 switch off in order
#   vm_move_disk FROM TO DISK      take it out of one guest and put it into another, where it takes the place of the disk of
#                                  that name; both are off
#   vm_console NAME                what its console said so far
#   vm_ip NAME                     its address; the host's own is 10.77.0.254
#   vm_unplug NAME, vm_plug NAME   take its network cable out, and in again
#   ok WHAT                        say what has been shown
#   fail WHAT                      end the test: it failed
#
# A guest whose console complains fails the test at its end; so does a command of the test that fails
# unnoticed (set -e). What the test cleans up itself goes into a function called "cleanup".

if [ -z "${LITEIO_NAMESPACE:-}" ]; then
	[ "$(id -u)" = 0 ] || {
		echo "this test needs root, for namespaces" >&2
		exit 1
	}
	LITEIO_NAMESPACE=1 exec unshare --net --mount --pid --fork --kill-child --mount-proc -- bash "$0" "$@"
fi

set -euo pipefail

vm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
vm_state=$(mktemp -d /tmp/liteio-vms.XXXXXX)
declare -A vm_number=()

ok() {
	echo "# $*"
}

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

vm_known() {
	[ -n "${vm_number[$1]:-}" ] || fail "there is no guest $1"
}

vm_ip() {
	vm_known "$1"
	echo "10.77.0.${vm_number[$1]}"
}

vm_add() {
	local name=$1

	shift
	[ -z "${vm_number[$name]:-}" ] || fail "there is a guest $name already"
	vm_number[$name]=$((${#vm_number[@]} + 1))
	ip tuntap add dev "tap-$name" mode tap
	ip link set "tap-$name" master br0 up
	"$vm_dir/guests" add "$vm_state/$name" --name "$name" --net "tap:tap-$name" \
		--ip "$(vm_ip "$name")/24" "$@"
}

# vm_each VERB NAME...: the guest command over state directories
vm_each() {
	local verb=$1 name dirs=()

	shift
	for name in "$@"; do
		vm_known "$name"
		dirs+=("$vm_state/$name")
	done
	"$vm_dir/guests" "$verb" "${dirs[@]}"
}

vm_boot() { vm_each boot "$@"; }
vm_cut() { vm_each cut "$@"; }
vm_off() { vm_each off "$@"; }
vm_console() { vm_each console "$@"; }

vm_move_disk() {
	vm_known "$1"
	vm_known "$2"
	mkdir -p "$vm_state/$2/disks"
	mv "$vm_state/$1/disks/$3.raw" "$vm_state/$2/disks/"
}

vm() {
	local name=$1

	vm_known "$name"
	shift
	"$vm_dir/guests" exec "$vm_state/$name" "$@"
}

on() {
	local node=$1

	shift
	vm "$node" <<-END
		set -euo pipefail
		export AGENT_LISTEN=$(vm_ip "$node")
		. $LITEIO_TOP/tests/vm/lib/agent.sh
		$*
	END
}

vm_unplug() {
	vm_known "$1"
	ip link set "tap-$1" nomaster
}

vm_plug() {
	vm_known "$1"
	ip link set "tap-$1" master br0
}

vm_end() {
	local rc=$? name

	trap - EXIT
	set +e
	if [ "$(type -t cleanup)" = function ]; then
		cleanup
	fi
	if [ ${#vm_number[@]} != 0 ]; then
		vm_each cut "${!vm_number[@]}"
		if ! vm_each check "${!vm_number[@]}" && [ $rc = 0 ]; then
			rc=126
		fi
		if [ $rc != 0 ]; then
			for name in "${!vm_number[@]}"; do
				echo "--- the end of the console of $name:"
				vm_console "$name" | tail -n 25
			done >&2
		fi
	fi
	rm -rf "$vm_state"
	exit $rc
}

trap vm_end EXIT
ip link set lo up
ip link add br0 type bridge
ip address add 10.77.0.254/24 dev br0
ip link set br0 up
