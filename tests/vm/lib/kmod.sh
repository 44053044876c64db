# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the module's own tests share. A test script sources this, defines functions t_SENTENCE, and ends
# with run_tests. Each function is run by itself, stops at the first command that fails, and starts
# with the module loaded and an empty registry.
#
# udevd is sent home first, unless UDEV=yes: what it does to each new device takes longer than most tests.
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

# requests for all that there is, for "kmodctl batch"
EVERYTHING="vol-get +dump
att-get +dump
info"
export EVERYTHING

# shellcheck source=tests/vm/lib/disks.sh
. "${BASH_SOURCE[0]%/*}/disks.sh"
# shellcheck source=tests/vm/lib/fields.sh
. "${BASH_SOURCE[0]%/*}/fields.sh"
# shellcheck source=tests/vm/lib/wait.sh
. "${BASH_SOURCE[0]%/*}/wait.sh"
# shellcheck disable=SC2034 # for wait.sh: the module answers at once
UNTIL_PAUSE=0.05

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

# is this a kernel that is built to find mistakes? Everything takes many times longer on it.
is_slow() {
	[ "${LITEIO_SLOW:-1}" != 1 ]
}

# often MANY FEW: how many rounds. What such a kernel finds, a lock taken wrongly, say, it finds in the first
# of them; what depends on chance is looked for in many where there is time for it, and that is not the gate.
often() {
	if is_slow || [ "${LITEIO_FEW-}" = yes ]; then
		echo "$2"
	else
		echo "$1"
	fi
}

# att_says GEN NAME=VALUE: does the module say so of this attachment of volume 1? VALUE is a pattern
att_says() {
	# shellcheck disable=SC2027,SC2053 # a pattern, on purpose
	[[ " $(kmodctl att-get "uuid=$V1" "gen=$1") " == *" "$2" "* ]]
}

vol_says() {
	# shellcheck disable=SC2027,SC2053 # a pattern, on purpose
	[[ " $(kmodctl vol-get "uuid=$V1") " == *" "$1" "* ]]
}

state_of() {
	kmodctl att-get "uuid=$1" "gen=$2" | field state
}

stat_of() {
	kmodctl stats "uuid=$1" "gen=$2" | field "$3"
}

# volume UUID GEN...: a volume with attachments
volume() {
	local uuid=$1 gen requests="vol-set uuid=$1 +create"

	shift
	for gen; do
		requests+=$'\n'"att-add uuid=$uuid gen=$gen"
	done
	kmodctl batch <<<"$requests"
}

# head NAME DEVICE SECTORS UUID GEN [OPTIONS]: a head
head_new() {
	dmsetup create "$1" --table "0 $3 liteio $2 0 $4 ${*:5}"
	settle
}

# what udev makes of a new device is made; nothing where udev is not
settle() {
	[ -n "${DM_DISABLE_UDEV:-}" ] || udevadm settle
}

udev_is_gone() {
	! pgrep -x 'systemd-udevd|\(udev-worker\)' >/dev/null
}

# sysfs_of NAME: the folder of a mapped device
sysfs_of() {
	echo "/sys/dev/block/$(dmsetup info -c --noheadings --separator : -o major,minor "$1")"
}

# a disk in memory, /dev/ram0, of 64 MiB
ram_disk() {
	[ -b /dev/ram0 ] || modprobe brd rd_nr=1 rd_size=65536
	settle
}

# start_writer NAME DEVICE GEN [WRITERS]: over BLOCKS blocks; its process is in $writer, what it says in $WORK/NAME
start_writer() {
	STAMPS=$WORK/$1.stamps stampwriter write "$2" "$3" "${BLOCKS:-2048}" "${4:-$(often 8 4)}" >"$WORK/$1" &
	writer=$!
	until_true 30 holds "$WORK/$1" running
}

stop_writer() {
	kill -TERM "$writer"
	wait "$writer"
}

sectors_of() {
	blockdev --getsz "$1"
}

load_module() {
	[ -d /sys/module/liteio ] || insmod "$KO"
}

# what a test left behind
clean_up() {
	local job left

	for job in $(jobs -p); do
		{ kill "$job" && kill -CONT "$job"; } 2>/dev/null || true
	done
	wait 2>/dev/null || true
	[ ! -d "$WORK/mnt" ] || umount -l "$WORK/mnt" 2>/dev/null || true
	load_module
	if [ "$(dmsetup ls)" != "No devices found" ]; then
		dmsetup ls --exec 'dmsetup resume' >/dev/null 2>&1 || true
		settle
		until_true 20 dmsetup_gone
	fi
	kmodctl wipe
	left=("$WORK"/*)
	[ ! -e "${left[0]}" ] || rm -rf "${left[@]}"
}

dmsetup_gone() {
	dmsetup remove_all --force --retry 2>/dev/null || true
	[ "$(dmsetup ls)" = "No devices found" ]
}

run_tests() {
	local name names me=${0##*/} failed=0 rc begin

	me=${me%.sh}
	modprobe dm-mod
	modprobe configfs
	mountpoint -q $CONFIGFS || mount -t configfs none $CONFIGFS
	load_module
	if [ -z "${UDEV:-}" ] && [ -e /run/udev/control ]; then
		# nobody looks at devices but the test, and nobody waits for one who does
		udevadm settle
		udevadm control --exit
		# that does not wait for it, and as long as it is there it reads what is closed after a write
		until_true 60 udev_is_gone
		# by this the library of dmsetup knows whether udev is there
		rm -f /run/udev/control
	fi
	[ -n "${UDEV:-}" ] || export DM_DISABLE_UDEV=1
	mapfile -t names < <(grep -oE '^t_[a-z0-9_]+' "$0")
	for name in "${names[@]}"; do
		# shellcheck disable=SC2053 # a pattern, on purpose
		if [ $# -gt 0 ] && [[ $name != $1 ]]; then
			continue
		fi
		begin=$SECONDS
		(
			set -eu
			trap 'rc=$?; set +e; clean_up; exit $rc' EXIT
			"$name"
		)
		rc=$?
		name=${name#t_}
		if [ $rc = 0 ]; then
			echo "ok - $me: ${name//_/ } ($((SECONDS - begin)) s)"
		else
			echo "not ok - $me: ${name//_/ } ($((SECONDS - begin)) s)"
			failed=1
		fi
	done
	return $failed
}
