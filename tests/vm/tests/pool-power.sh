#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Power cuts in the middle of everything: no floor that was answered is lower afterwards, no data that
# was flushed is gone, the metadata passes its check, and the pool can be used.
# vm: kernels=6.12 host=yes timeout=900 needs=tools

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$(dirname "$0")/../lib/pool.sh"

disk=/dev/disk/by-id/virtio-pool
seed=${LITEIO_SEED:-$RANDOM}
RANDOM=$seed
echo "# LITEIO_SEED=$seed"

vm_add one --disk pool=256M -m 768M
vm_boot one
vm one poolctl format $disk fast 0 - 48Mi 32Mi >/dev/null
vm one poolctl create $disk $V1 keep 64Mi

# work FROM: raise the floor and write a block, a little higher each time, and say what is done
work() {
	vm one <<END
set -e
dev=\$(poolctl activate $disk $V1)
n=$1
while :; do
	n=\$((n + 1))
	poolctl floor $disk $V1 \$n
	echo "floor \$n"
	printf '%4096d' \$n | dd of=\$dev bs=4096 seek=\$n oflag=direct conv=fsync,notrunc status=none
	echo "block \$n"
	poolctl create $disk $V2 two 16Mi
	poolctl snapshot $disk $S1 snap $V1
	poolctl create $disk $V3 lin 8Mi - linear
	poolctl create $disk $V4 res 8Mi - reserved
	poolctl grow $disk $V3 16Mi
	poolctl delete $disk $V2
	poolctl delete $disk $S1
	poolctl delete $disk $V3
	poolctl delete $disk $V4
	poolctl reclaim $disk
	echo "round \$n"
done
END
}

floor=1 block=0 n=1
for round in 1 2 3; do
	left=$((RANDOM % 8 + 2))
	exec {said}< <(work $n 2>&1)
	while [ $left != 0 ] && read -r -u $said what value; do
		case $what in
		floor) floor=$value n=$value ;;
		block) block=$value ;;
		round) ;;
		*) fail "round $round: $what $value" ;;
		esac
		left=$((left - 1))
	done
	vm_cut one
	exec {said}<&-
	vm_boot one
	info=$(vm one poolctl info $disk)
	grep -q '^condition=Ready' <<<"$info" || fail "round $round: $info"
	list=$(vm one poolctl list $disk)
	got=$(sed -n 's/^volume keep ready .* floor=\([0-9]*\) .*/\1/p' <<<"$list")
	[ "${got:-0}" -ge "$floor" ] || fail "round $round: the floor was $floor, it is $got: $list"
	! grep -q creating <<<"$list" || fail "round $round: $list"
	if [ "$block" != 0 ]; then
		read -r got <<<"$(vm one bash -c "dd if=\$(poolctl activate $disk $V1) bs=4096 skip=$block count=1 status=none")"
		[ "$got" = "$block" ] || fail "round $round: block $block holds \"$got\""
	fi
	# what was under way can be done to its end, and leaves nothing
	for v in $V2 $S1 $V3 $V4; do
		vm one poolctl delete $disk "$v"
	done
	vm one poolctl reclaim $disk
	info=$(vm one poolctl info $disk)
	grep -q ' volumes=1 snapshots=0 deleting=0' <<<"$info" || fail "round $round: something was left: $info"
	grep -q ' reserve-used=0 .* linear-used=0 ' <<<"$info" || fail "round $round: space was left: $info"
	n=$((n + 1))
	ok "power cut $round: floor $floor and block $block are there"
done
vm_off one
