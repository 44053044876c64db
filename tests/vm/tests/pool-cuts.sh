#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Twenty power cuts in the middle of everything, on a disk that forgets what was not flushed. Every write to it is logged
# with its flushes while a guest works; a second guest gets the disk as the cuts would have left it, each at a moment
# chosen by chance, with some of what was not flushed and without the rest.
# vm: kernels=6.12 host=yes timeout=1500 needs=tools

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"
# shellcheck source=tests/vm/lib/pool.sh
. "$(dirname "$0")/../lib/pool.sh"
# shellcheck source=tests/vm/lib/cuts.sh
. "$(dirname "$0")/../lib/cuts.sh"

# each is a disk of the second guest, whose board has room for no more
CUTS=20
# five rounds: each says ten words
ACKS=${LITEIO_ACKS:-50}
SIZE=$((256 << 20))
# a disk whose label is not where labels are is not taken for the same pool again
SHIFT=$((2 << 20))
seed=${LITEIO_SEED:-$RANDOM}
echo "# LITEIO_SEED=$seed"

dir=$vm_state/cuts
mkdir "$dir"
truncate -s $SIZE "$dir/pool.raw"
touch "$dir/pool.log"
vm_add one --disk none=1M -m 768M -s 1 --qemu "-drive if=none,id=logged,driver=blklogwrites,file.driver=file,\
file.filename=$dir/pool.raw,log.driver=file,log.filename=$dir/pool.log -device virtio-blk-pci,drive=logged,serial=pool"
disk=/dev/disk/by-id/virtio-pool
vm_boot one
begin_pool one $disk
# what is acknowledged is noted with what the log has at that moment, and only then does the work go on
cat >"$dir/note" <<END
read -r line
echo "\$(stat -c %s "$dir/pool.log") \$line" >>"$dir/acks"
echo noted
END
touch "$dir/acks"
socat TCP-LISTEN:7000,fork,reuseaddr SYSTEM:"bash $dir/note" &
work one $disk 1 7000 >"$dir/work" 2>&1 &
timeout 1200 tail -n +1 -f --pid=$! "$dir/acks" | head -n "$ACKS" >/dev/null || true
[ "$(wc -l <"$dir/acks")" -ge "$ACKS" ] || fail "the work has ended: $(tail -n 5 "$dir/work")"
vm_cut one
"$vm_dir/cuts" --seed "$seed" --shift $SHIFT "$dir/pool.log" $SIZE "$dir/acks" $CUTS "$dir" >"$dir/list" 2>"$dir/told" ||
	fail "$(cat "$dir/told")"
sed 's/^/# /' "$dir/told"

disks=()
mkdir -p "$vm_state/two/disks"
for ((n = 1; n <= CUTS; n++)); do
	mv "$dir/cut-$n.raw" "$vm_state/two/disks/"
	disks+=(--disk "cut-$n=$(((SIZE + 2 * SHIFT) >> 20))M")
done
vm_add two -m 768M -s 1 "${disks[@]}"
vm_boot two
while read -r n last; do
	begin_said
	began=$SECONDS
	for word in $last; do
		has_said "${word%=*}" "${word#*=}" || fail "cut $n: $word"
	done
	vm two dmsetup create cut --table "0 $((SIZE / 512)) linear /dev/disk/by-id/virtio-cut-$n $((SHIFT / 512))"
	# the work has begun with the second one
	mapfile -t blocks < <(seq 2 "${SAID[block]}")
	survived two /dev/mapper/cut "$(seq -s ' ' 2 "${SAID[fua]}")" "${blocks[@]}" || fail "cut $n, after $last"
	vm two bash -ec 'poolctl close /dev/mapper/cut; dmsetup remove --retry cut'
	ok "power cut $n: floor ${SAID[floor]}, all forced blocks to ${SAID[fua]} and all blocks to ${SAID[block]} are there ($((SECONDS - began)) s)"
done <"$dir/list"
vm_off two
