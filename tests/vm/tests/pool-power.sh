#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Power cuts in the middle of everything, again and again on the same disk: no floor that was answered is lower
# afterwards, no data that was flushed or forced is gone, what was renamed, rolled back or exported is, of a group there are
# all or none, the metadata passes its check, and the pool can be used. LITEIO_ROUNDS says how often; pool-cuts.sh has a disk
# that forgets.
# vm: kernels=6.12 host=yes timeout=1200 round=60 needs=tools

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$(dirname "$0")/../lib/pool.sh"
# shellcheck source=tests/vm/lib/cuts.sh
. "$(dirname "$0")/../lib/cuts.sh"

disk=/dev/disk/by-id/virtio-pool
seed=${LITEIO_SEED:-$RANDOM}
RANDOM=$seed
echo "# LITEIO_SEED=$seed"

vm_add one --disk pool=256M -m 768M -s 1
vm_boot one
begin_pool one $disk
begin_said
n=1 blocks=() forced=()
heard() {
	case $1 in
	step)
		lately=$*
		return
		;;
	fua) forced+=("$2") ;;
	block) blocks+=("$2") ;;
	floor) n=$2 ;;
	esac
	has_said "$1" "$2" && lately=$*
}
for ((round = 1; round <= ${LITEIO_ROUNDS:-20}; round++)); do
	left=$((RANDOM % 32 + 3)) began=$SECONDS
	exec {said}< <(work one $disk $n 2>&1)
	while [ $left != 0 ] && read -r -u $said what value; do
		heard "$what" "$value" || fail "round $round: $what $value"
		left=$((left - 1))
	done
	vm_cut one
	# what it has said meanwhile counts, too, and so does what went wrong in it; the end of it is said by who ran it
	while read -r -u $said what value && [ "$what" != guests: ]; do
		heard "$what" "$value" || fail "round $round, before the cut: $what $value"
	done
	[ "$what" = guests: ] || fail "round $round ended by itself"
	exec {said}<&-
	vm_boot one
	survived one $disk "${forced[*]}" "${blocks[@]}" || fail "round $round, after $lately"
	# it has deleted what there was, and the pool is at home
	n=$((n + 1)) SAID[form]=${SAID[group]} SAID[apart]=${SAID[group]} SAID[home]=${SAID[away]}
	ok "power cut $round, after $lately: floor ${SAID[floor]}, all ${#forced[@]} forced blocks and all ${#blocks[@]} blocks are there ($((SECONDS - began)) s)"
done
vm_off one
