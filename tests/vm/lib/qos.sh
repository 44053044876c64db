# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of limits: a volume with a head, load on it, what waits, what was done over time. To be sourced
# after kmod.sh.

# the head is the second half of the disk, so that addresses show whose they are
SECTORS=65536
OFFSET=65536

limit() {
	kmodctl vol-set "uuid=$V1" "${@/#/qos.}"
}

over() {
	kmodctl vol-get "uuid=$V1" | field "over.$1"
}

queued() {
	kmodctl att-get "uuid=$V1" gen="${1:-1}" | field queued
}

# are at least N waiting?
queue_reaches() {
	[ "$(queued "${2:-1}")" -ge "$1" ]
}

# load NAME KIND DEVICE BYTES THREADS [COUNT]: in the background as $load; what it says is in $WORK/NAME
load() {
	ioload "${@:2}" >"$WORK/$1" &
	load=$!
	until_true 30 holds "$WORK/$1" running
}

# end PID: no more I/O of it; what waits is let go first
end() {
	kill -TERM "$1"
	limit riops=0 wiops=0 rbps=0 wbps=0
	wait "$1"
}

# result NAME WHAT: the number after this word in what it said
result() {
	local said

	said=$(<"$WORK/$1")
	said=${said##*"$2" }
	echo "${said%%[!0-9]*}"
}

now_ms() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

# within_ms MS BEGIN WHAT
within_ms() {
	local took=$(($(now_ms) - $2))

	[ $took -lt "$1" ] || fail "$3 took $took ms"
}

stat_reaches() {
	[ "$(stat_of "$V1" "$1" "$2")" -ge "$3" ]
}

# rate GEN FIELD AMOUNT: how much a second, over a window in which the counter grows by the amount. To look
# takes time of the guest that I/O needs: so it is done after a second, and when the rest should have been done.
rate() {
	local gen=$1 field=$2 amount=$3 before after start begin grown us pause=1

	before=$(kmodctl stats "uuid=$V1" "gen=$gen")
	start=$(field "$field" <<<"$before")
	begin=$(field time_ns <<<"$before")
	while :; do
		read -r -t "$pause" <> <(:) || true
		after=$(kmodctl stats "uuid=$V1" "gen=$gen")
		grown=$(($(field "$field" <<<"$after") - start))
		us=$((($(field time_ns <<<"$after") - begin) / 1000))
		if [ "$grown" -ge "$amount" ]; then
			break
		fi
		pause=1
		[ "$grown" = 0 ] || pause=$(((amount - grown) * (us / 1000) / grown + 50))
		[ "$grown" = 0 ] || printf -v pause '%d.%03d' $((pause / 1000)) $((pause % 1000))
	done
	# rounded
	echo $(((grown * 1000000 + us / 2) / us))
}

# about WANT GOT PERCENT WHAT
about() {
	[ $(($2 * 100)) -ge $(($1 * (100 - $3))) ] && [ $(($2 * 100)) -le $(($1 * (100 + $3))) ] ||
		fail "$4: $2, not $1 within $3 %"
	echo "# $4: $2 of $1"
}

# head_over DEVICE: volume 1 with a head
head_over() {
	volume "$V1" 1
	dmsetup create h --table "0 $SECTORS liteio $1 $OFFSET $V1 1"
	settle
}

ram_head() {
	ram_disk
	head_over /dev/ram0
}

# a disk in memory with a cache to flush, discard and zeroes. All of the disk has room in the cache: to make room
# while another writer that holds a page of it sleeps, null_make_cache_space() goes round for ever on one CPU
null_head() {
	null_disk 0 memory_backed=1 discard=1 cache_size=64 irqmode=0
	head_over /dev/nullb0
}

# eight writers, of which all but the first few wait: a write every 16 seconds is allowed
throttled_writers() {
	load writers write /dev/mapper/h 65536 8
	# shellcheck disable=SC2034 # for the tests
	writers=$load
	limit wbps=4096 burst_ms=1
	until_true 20 queue_reaches 7
}
