#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Power cuts in the middle of everything, again and again on the same disk: no floor that was answered is lower
# afterwards, no data that was flushed or forced is gone, the metadata passes its check, and the pool can be used. LITEIO_ROUNDS says
# how often; pool-cuts.sh has a disk that forgets.
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
floor=1 n=1 blocks=() forced=()
for ((round = 1; round <= ${LITEIO_ROUNDS:-20}; round++)); do
	left=$((RANDOM % 12 + 3)) began=$SECONDS
	exec {said}< <(work one $disk $n 2>&1)
	while [ $left != 0 ] && read -r -u $said what value; do
		case $what in
		floor) floor=$value n=$value ;;
		fua) forced+=("$value") ;;
		block) blocks+=("$value") ;;
		step) ;;
		*) fail "round $round: $what $value" ;;
		esac
		left=$((left - 1))
	done
	vm_cut one
	exec {said}<&-
	[ $left = 0 ] || fail "round $round ended by itself"
	vm_boot one
	survived one $disk "$floor" "${forced[*]}" "${blocks[@]}" || fail "round $round"
	n=$((n + 1))
	ok "power cut $round: floor $floor, all ${#forced[@]} forced blocks and all ${#blocks[@]} blocks are there ($((SECONDS - began)) s)"
done
vm_off one
