#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Power cuts under a working agent, on disks that forget what was not flushed: its pool, a second one (of one disk: what
# device-mapper has made is looked for by name, as other disks of a pool are not), and the one with its state directory.
# All writes and flushes are logged while it works through its API (lib/work.sh) and numbered blocks and lines are written through heads, with O_DSYNC, fsync and by a filesystem, one thing after the
# other. A second guest gets the disks as cuts would have left them, one alone or all together; an agent that starts there
# finds every acknowledged write and operation, and its doctor nothing. Without what the agent has to flush it fails.
# LITEIO_ROUNDS says how many cuts, LITEIO_ACKS after how many acknowledgements the work ends.
# vm: host=yes kernels=6.12 timeout=1500 round=40 needs=module,tools,programs

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"
# shellcheck source=tests/vm/lib/again.sh
. "$(dirname "$0")/../lib/again.sh"

CUTS=${LITEIO_ROUNDS:-24}
ACKS=${LITEIO_ACKS:-300}
# of the disks in MiB; the label of none is where the label of a disk is, in no guest, and all are seen through a mapping
MIB=(pool=768 second=128 state=64)
SHIFT=2
seed=${LITEIO_SEED:-$RANDOM}
echo "# LITEIO_SEED=$seed"

said() {
	python3 "$vm_dir/lib/said.py" "$@"
}

# mapped GUEST NAME=DEVICE,OFFSET...: a disk that begins there
mapped() {
	local guest=$1 pair commands=() i=0 at

	shift
	for pair; do
		at=$((${pair#*,} / 512 + SHIFT * 2048))
		pair=${pair%,*}
		commands+=("dmsetup create cut-${pair%%=*} --table '0 $((${MIB[i]#*=} * 2048)) linear ${pair#*=} $at';")
		i=$((i + 1))
	done
	vm "$guest" bash -ec "modprobe dm-mod; ${commands[*]}"
}

# which pools are this node's the list in its state directory alone says
with="
	. $LITEIO_TOP/tests/vm/lib/work.sh
	export AGENT_DEVICES='[]' DISK=\$(readlink -f /dev/mapper/cut-pool)
	second=\$(readlink -f /dev/mapper/cut-second) third=
	mkdir -p /var/lib/liteio /mnt/files"

said selftest || fail 'said.py finds nothing'
dir=$vm_state/cuts
mkdir "$dir"
qemu=() logs=() disks=() here=()
for pair in "${MIB[@]}"; do
	name=${pair%=*} bytes=$(((${pair#*=} + 2 * SHIFT) << 20))
	truncate -s $bytes "$dir/$name.raw"
	touch "$dir/$name.log"
	logs+=("$dir/$name.log")
	disks+=("$name=$dir/$name.log:$bytes")
	here+=("$name=/dev/disk/by-id/virtio-$name,0")
	qemu+=("-drive if=none,id=$name,driver=blklogwrites,file.driver=file,file.filename=$dir/$name.raw,log.driver=file,log.filename=$dir/$name.log -device virtio-blk-pci,drive=$name,serial=$name")
done
vm_add one --disk none=1M -m 768M -s 1 --timeout 600 --qemu "${qemu[*]}"
vm_boot one
mapped one "${here[@]}"
there=$(on one "
	$with
	mkfs.ext4 -q /dev/mapper/cut-state
	mount /dev/mapper/cut-state /var/lib/liteio
	agent_start
	begin_work
	liteioctl volume create files --pool fast --size 32Mi >/dev/null
	liteioctl volume attach files >/dev/null
	mkfs.ext4 -q /dev/liteio/files
	mount /dev/liteio/files /mnt/files
	touch /mnt/files/log
	sync
	what_is") || fail "the pool: $there"

: >"$dir/timeline"
# nothing is done before it is noted what was said, and at which place of the logs
"$vm_dir/cuts-together" note 7000 "$dir/timeline" "${logs[@]}" >"$dir/note" 2>&1 &
on one "
	$with
	say() {
		exec 3<>/dev/tcp/10.77.0.254/7000
		printf '%s\n' \"\$*\" >&3
		read -r _ <&3
		exec 3>&-
	}
	# by turns: a block of its own of the pool, an extent, what it shares with snapshots, a line of a file
	puts=0
	put() {
		printf '%4096d' \$puts | dd of=/dev/liteio/\$1 bs=4096 seek=\$2 oflag=direct\$3 conv=notrunc\$4 status=none
		say wrote \$1 \$2 \$puts
	}
	between() {
		puts=\$((puts + 1))
		case \$((puts % 4)) in
		0) put keep \$((8192 + puts * 16)) ,dsync '' ;;
		1) put line \$((2048 + puts)) ,dsync '' ;;
		2) put keep \$((puts / 4)) '' ,fsync ;;
		3)
			echo line \$puts | dd of=/mnt/files/log oflag=append conv=notrunc,fsync status=none
			say wrote files \$puts \$puts
			;;
		esac
	}
	say 'there $there'
	classes=(thin linear reserved)
	for ((i = 1; i < 500; i++)); do
		work_volumes \${classes[i % 3]} \$i
		work_groups \$i
		work_pools \$i
		work_back \$i
	done" >"$dir/work" 2>&1 &
work=$!
began=$SECONDS
timeout 1200 tail -n +1 -f --pid=$work "$dir/timeline" 2>/dev/null |
	awk -v acks="$ACKS" '$4 == "did" || $4 == "wrote" { n++ } $4 == "error" { exit } n == acks { exit }' || true
! grep -E '^[0-9 ]+ error' "$dir/timeline" || fail 'the work has failed'
did=$(grep -cE '^[0-9 ]+ did' "$dir/timeline") wrote=$(grep -cE '^[0-9 ]+ wrote' "$dir/timeline")
[ $((did + wrote)) -ge "$ACKS" ] || fail "the work has ended: $(tail -n 5 "$dir/work" "$dir/note")"
vm_cut one
echo "# $did operations and $wrote writes in $((SECONDS - began)) s"

mkdir -p "$vm_state/two/disks"
"$vm_dir/cuts-together" make --seed "$seed" "$dir/timeline" "$CUTS" "$vm_state/two/disks/cuts.raw" "$dir" "${disks[@]}" \
	>"$dir/list" 2>"$dir/told" || fail "$(cat "$dir/told")"
sed 's/^/# /' "$dir/told"
vm_add two --disk cuts=$(($(stat -c %s "$vm_state/two/disks/cuts.raw") >> 20))M -m 768M -s 1 --timeout 600
vm_boot two

# holds N: an agent starts on the disks, and finds all that was said
holds() {
	local file=$dir/said-$1 last

	last=$(awk '$1 == "wrote" && $2 == "files" { n = $3 } END { print n + 0 }' "$file")
	there=$(on two "
		$with
		hostname one
		metadata_is_whole
		mount /dev/mapper/cut-state /var/lib/liteio
		UNTIL_PAUSE=0.5 agent_start
		[ \"\$(j pool show fast | jq -r .state)\" = ready ] || { echo \"the pool: \$(j pool list)\"; exit 1; }
		for v in keep line; do
			python3 $LITEIO_TOP/tests/vm/lib/there.py \$v /dev/liteio/\$v $file 2>/dev/null ||
				{ echo \"acknowledged writes to \$v are not there\"; exit 1; }
		done
		mount /dev/liteio/files /mnt/files
		seq 3 4 $last | sed 's/^/line /' >/run/want
		head -n \$(wc -l </run/want) /mnt/files/log | cmp - /run/want ||
			{ echo \"acknowledged lines are not there: \$(tail -n 2 /mnt/files/log | xargs), and not $last\"; exit 1; }
		umount /mnt/files
		$(again "$file")
		doctor_is_silent
		what_is" 2>"$dir/why") || fail "cut $1: $there $(cat "$dir/why")"
	said judge "$there" "$file" || fail "cut $1: that does not hold"
}

# nothing of it is left in this guest, also not in the kernel's memory
forgotten() {
	on two "
		agent_kill
		umount /var/lib/liteio
		none_is_left() { dmsetup remove_all && [ \"\$(dmsetup ls)\" = 'No devices found' ]; }
		until_true 60 none_is_left
		rm -rf /dev/liteio
		rmmod liteio" || fail 'a guest that looks does not forget'
}

while read -r n who places; do
	began=$SECONDS
	maps=()
	for place in $places; do
		maps+=("${place%=*}=/dev/disk/by-id/virtio-cuts,${place#*=}")
	done
	mapped two "${maps[@]}"
	holds "$n"
	forgotten
	ok "power cut $n, $who forgets: after $(grep '^ask ' "$dir/said-$n" | tail -n 1), $(grep -c '^did ' "$dir/said-$n") operations and $(grep -c '^wrote ' "$dir/said-$n") writes hold ($((SECONDS - began)) s)"
done <"$dir/list"
vm_off two
