# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the module's own tests share. A test script sources this, defines functions t_SENTENCE, and ends
# with run_tests. Each function is run by itself, stops at the first command that fails, and starts
# with the module loaded and an empty registry.
#
# It runs in a guest. LITEIO_O is the build directory, LITEIO_KERNEL the kernel's short name.

O=${LITEIO_O:?}
KO=$O/kmod-${LITEIO_KERNEL:?}/liteio.ko
PATH=$O/vm-tools:$PATH
CONFIGFS=/sys/kernel/config
WINDOW=$CONFIGFS/liteio
WORK=$(mktemp -d)
export PATH WORK

# two volumes, for all tests
V1=11111111-1111-4111-8111-111111111111
V2=22222222-2222-4222-8222-222222222222
export V1 V2 WINDOW

fail() {
	echo "# $*"
	exit 1
}

# expect WANT GOT [WHAT]
expect() {
	[ "$1" = "$2" ] || fail "${3:-value}: expected \"$1\", got \"$2\""
}

# expect_error ERRNO PATTERN COMMAND...: it fails, and says so with this errno and a sentence that matches
expect_error() {
	local errno=$1 pattern=$2 said

	shift 2
	if said=$("$@" 2>&1); then
		fail "$* was not refused, and said \"$said\""
	fi
	case $said in
	*"$errno: "*) ;;
	*) fail "$* was refused with \"$said\", not with $errno" ;;
	esac
	# shellcheck disable=SC2053 # a pattern, on purpose
	[[ $said == *$pattern* ]] || fail "$* was refused with \"$said\", not with \"$pattern\""
}

# field NAME: the value of NAME= in the line on standard input
field() {
	tr ' ' '\n' | sed -n "s/^$1=//p"
}

# until_true SECONDS COMMAND...: ask again until it says yes; a slow kernel gets more time
until_true() {
	local end=$((SECONDS + $1 * ${LITEIO_SLOW:-1}))

	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "not within time: $*"
		read -r -t 0.05 <> <(:) || true
	done
}

state_of() {
	kmodctl att-get "uuid=$1" "gen=$2" | field state
}

stat_of() {
	kmodctl stats "uuid=$1" "gen=$2" | field "$3"
}

# volume UUID GEN...: a volume with attachments
volume() {
	local uuid=$1 gen

	shift
	kmodctl vol-set "uuid=$uuid" +create
	for gen; do
		kmodctl att-add "uuid=$uuid" "gen=$gen"
	done
}

# head NAME DEVICE SECTORS UUID GEN [OPTIONS]: a head
head_new() {
	dmsetup create "$1" --table "0 $3 liteio $2 0 $4 ${*:5}"
	udevadm settle
}

# a disk in memory, /dev/ram0, of 64 MiB
ram_disk() {
	[ -b /dev/ram0 ] || modprobe brd rd_nr=1 rd_size=65536
	udevadm settle
}

sectors_of() {
	blockdev --getsz "$1"
}

load_module() {
	[ -d /sys/module/liteio ] || insmod "$KO"
}

# what a test left behind
clean_up() {
	local job uuid gen

	for job in $(jobs -p); do
		kill "$job" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	load_module
	dmsetup ls --exec 'dmsetup resume' >/dev/null 2>&1 || true
	udevadm settle
	until_true 20 dmsetup_gone
	# what is printed first is what the command to delete it wants
	kmodctl att-get +dump | while read -r uuid gen _; do
		kmodctl att-del "$uuid" "$gen"
	done
	kmodctl vol-get +dump | while read -r uuid _; do
		kmodctl vol-del "$uuid"
	done
	rm -rf "${WORK:?}"/*
}

dmsetup_gone() {
	dmsetup remove_all --force --retry 2>/dev/null || true
	[ "$(dmsetup ls)" = "No devices found" ]
}

run_tests() {
	local name names me=${0##*/} failed=0 rc

	me=${me%.sh}
	modprobe dm-mod
	modprobe configfs
	mountpoint -q $CONFIGFS || mount -t configfs none $CONFIGFS
	load_module
	mapfile -t names < <(grep -oE '^t_[a-z0-9_]+' "$0")
	for name in "${names[@]}"; do
		# shellcheck disable=SC2053 # a pattern, on purpose
		if [ $# -gt 0 ] && [[ $name != $1 ]]; then
			continue
		fi
		(
			set -eu
			trap 'rc=$?; set +e; clean_up; exit $rc' EXIT
			"$name"
		)
		rc=$?
		name=${name#t_}
		if [ $rc = 0 ]; then
			echo "ok - $me: ${name//_/ }"
		else
			echo "not ok - $me: ${name//_/ }"
			failed=1
		fi
	done
	return $failed
}
