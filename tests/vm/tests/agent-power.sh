#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Power cuts under a working agent, again and again on the same disk: two attached volumes are written to, one with FUA
# and one with fsync, while volumes, snapshots, groups and a second pool come, change in all ways, are rolled back, exported,
# imported and deleted through the API (lib/work.sh). Afterwards every acknowledged write is there; every operation that was
# answered is done, the one under way is done or was never begun; metadata pass thin_check, and the doctor finds nothing, once
# what was to become of the second pool is asked for again, but what a cut has left of it on its second disk.
# LITEIO_ROUNDS says how often.
# vm: host=yes kernels=6.12 timeout=1800 round=90 needs=module,tools,programs

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"
# shellcheck source=tests/vm/lib/again.sh
. "$(dirname "$0")/../lib/again.sh"

rounds=${LITEIO_ROUNDS:-20}
blocks=256 # as work.sh has it
seed=${LITEIO_SEED:-$RANDOM}
RANDOM=$seed
echo "# LITEIO_SEED=$seed"

# said WORD...: lib/said.py
said() {
	python3 "$vm_dir/lib/said.py" "$@"
}

# works ROUND: until its power is cut
works() {
	on one "
		. $LITEIO_TOP/tests/vm/lib/work.sh
		for v in keep line; do
			flush=fua
			[ \$v = keep ] || flush=fsync
			SAY=\$v FROM=$(($1 * 1000000)) FLUSH=\$flush stampwriter write /dev/liteio/\$v 1 $blocks 1 &
		done
		work $1 '$used'"
}

# what the agent writes down beside its pools is on a disk, too
state="mount /dev/disk/by-id/virtio-state /var/lib/liteio"

# after ROUND: all is well, and what was said in it and before holds; "there" is what was found
holds() {
	there=$(on one "
		. $LITEIO_TOP/tests/vm/lib/work.sh
		metadata_is_whole
		mkdir -p /var/lib/liteio
		$state
		UNTIL_PAUSE=0.5 agent_start
		[ \"\$(j pool show fast | jq -r .state)\" = ready ] || { echo \"the pool: \$(j pool show fast | jq -c .)\"; exit 1; }
		for v in keep line; do
			stampwriter verify /dev/liteio/\$v 1 $blocks $vm_state/acks-$1-\$v >/run/verify 2>&1 ||
				{ echo \"acknowledged writes to \$v are not there: \$(cat /run/verify)\"; exit 1; }
		done
		$(again "$vm_state/said-$1")
		# what a cut left on its second disk is there until somebody takes that by force
		doctor_only_finds_disks_of wide
		what_is") || fail "round $1: $there"
	said judge "$there" "$vm_state/said-$1" || fail "round $1: that does not hold"
}

said selftest || fail 'said.py finds nothing'
vm_add one --disk pool=768M --disk second=128M --disk third=128M --disk state=64M -m 768M -s 1 --timeout 600
vm_boot one
there=$(on one "
	. $LITEIO_TOP/tests/vm/lib/work.sh
	mkfs.ext4 -q /dev/disk/by-id/virtio-state
	mkdir -p /var/lib/liteio
	$state
	agent_start
	begin_work
	what_is") || fail "the pool: $there"
used=$(on one ". $LITEIO_TOP/tests/vm/lib/work.sh; space_used")
for ((round = 1; round <= rounds; round++)); do
	file=$vm_state/said-$round
	# nobody has been away when the next one begins
	echo "there $(jq -c 'map_values(del(.away))' <<<"$there")" >"$file"
	left=$((RANDOM % 12 + 1)) more=$((RANDOM % 100)) began=$SECONDS did=0 wrote=0 begun=
	# one of five may end while what is left is cleared away
	[ $((RANDOM % 5)) != 0 ] || begun=yes
	exec {heard}< <(works $round 2>"$vm_state/cut" | tee -a "$file")
	while [ $((left + more)) != 0 ] && read -r -u "$heard" word what; do
		case $word in
		begun) begun=yes ;;
		did)
			did=$((did + 1))
			[ -z "$begun" ] || left=$((left - (left > 0)))
			;;
		ask | running) ;;
		keep | line) wrote=$((wrote + 1)) more=$((more - (left == 0 && more > 0))) ;;
		*) fail "round $round: $word $what" ;;
		esac
	done
	vm_cut one
	cut=$SECONDS
	# what it has said meanwhile counts, too
	cat <&"$heard" >/dev/null
	exec {heard}<&-
	[ $((left + more)) = 0 ] || fail "round $round ended by itself: $(tail -n 3 "$file")$(cat "$vm_state/cut")"
	mapfile -t files < <(seq -f "$vm_state/said-%g" $round)
	for v in keep line; do
		said acks $v $blocks "${files[@]}" >"$vm_state/acks-$round-$v"
	done
	vm_boot one
	booted=$SECONDS
	holds $round
	ok "power cut $round, after $(grep '^ask ' "$file" | tail -n 1): $did operations and $wrote writes hold ($((cut - began)) s of work, $((booted - cut)) s to boot, $((SECONDS - booted)) s to look)"
done
for v in keep line; do
	grep -q "^$v " "${files[@]}" || fail "nothing was written to $v"
done
vm_off one
