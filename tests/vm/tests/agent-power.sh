#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Power cuts under a working agent, again and again on the same disk: two attached volumes are written to, one with FUA
# and one with fsync, while volumes and snapshots come, grow, are attached, fenced and deleted through the API. Afterwards
# every acknowledged write is there; every operation that was answered is done, the one under way is done or was
# never begun; metadata pass thin_check, and the doctor finds nothing. LITEIO_ROUNDS says how often.
# vm: host=yes kernels=6.12 timeout=1800 round=90 needs=module,tools,programs

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"

rounds=${LITEIO_ROUNDS:-20}
# a guest that only looks reads each of them by itself
blocks=256
seed=${LITEIO_SEED:-$RANDOM}
RANDOM=$seed
echo "# LITEIO_SEED=$seed"

# said WORD...: lib/said.py
said() {
	python3 "$vm_dir/lib/said.py" "$@"
}

# work ROUND: until its power is cut; what an earlier round has left goes first, and then all its space has to be back
work() {
	on one "
		SAY=keep FROM=$(($1 * 1000000)) stampwriter write /dev/liteio/keep 1 $blocks 1 &
		SAY=line FROM=$(($1 * 1000000)) FLUSH=fsync stampwriter write /dev/liteio/line 1 $blocks 1 &
		# it VERB NAME VALUE COMMAND...
		it() {
			echo \"ask \$1 \$2 \$3\"
			\"\${@:4}\" >/run/work.out 2>&1 || { echo \"error \${*:4}: \$(tail -n 1 /run/work.out)\"; exit 1; }
			echo \"did \$1 \$2 \$3\"
		}
		for v in \$(j volume list | jq -r '.items[] | select(.name | test(\"^[ar][0-9]\")) | .name'); do
			[ ! -e /dev/liteio/\$v ] || it detach \$v '' liteioctl volume detach \$v
			it delete \$v '' liteioctl volume delete \$v
		done
		for s in \$(j snapshot list | jq -r '.items[].name'); do
			it delete \$s '' liteioctl snapshot delete \$s
		done
		given_back() { [ \"\$(j deletion list | jq -c .items)\" = '[]' ]; }
		until_true 120 given_back || { echo 'error deletions do not end'; exit 1; }
		[ \"\$(j pool show fast | jq -c '[.linearUsedBytes, .reservedUsedBytes]')\" = '[16777216,0]' ] ||
			{ echo \"error space was left: \$(j pool show fast | jq -c .)\"; exit 1; }
		n=0 classes=(thin linear reserved)
		while :; do
			n=\$((n + 1)) class=\${classes[n % 3]}
			it create a\$n 8388608 liteioctl volume create a\$n --pool fast --size 8Mi --class \$class
			it floor low \$(($1 * 1000 + n)) liteioctl volume fence low --floor \$(($1 * 1000 + n))
			it snap s\$n keep liteioctl snapshot create s\$n keep
			it attach a\$n '' liteioctl volume attach a\$n
			it grow a\$n 12582912 liteioctl volume grow a\$n --size 12Mi
			it create r\$n 67108864 liteioctl volume create r\$n --pool fast --snapshot s\$n
			[ \$n != 1 ] || continue
			old=\$((n - 1))
			it delete s\$old '' liteioctl snapshot delete s\$old
			it detach a\$old '' liteioctl volume detach a\$old
			it delete a\$old '' liteioctl volume delete a\$old
			it delete r\$old '' liteioctl volume delete r\$old
		done"
}

# each thin pool's metadata, before anything is activated: where they are the label says (daemon/pool/README.md)
# shellcheck disable=SC2016 # expanded over there
check_metadata='
	field() { od -An -t "u$2" -j $((4608 + 24 * i + $1)) -N "$2" "$DISK" | tr -d " "; }
	n=0
	for i in $(od -An -v -w24 -t u4 -j 4608 -N 2304 "$DISK" | awk "\$1 == 1 || \$1 == 7 { print NR - 1 }"); do
		dd if="$DISK" of=/run/meta bs=1M iflag=skip_bytes,count_bytes,direct skip="$(field 8 8)" count="$(field 16 8)" status=none
		thin_check /run/meta >/run/thin_check 2>&1 || { echo "thin_check: $(cat /run/thin_check)"; exit 1; }
		rm /run/meta
		n=$((n + 1))
	done
	[ $n = 2 ] || { echo "$n extents of metadata, not 2"; exit 1; }'

# what there is, as said.py judges it; what is being deleted is not there any more
# shellcheck disable=SC2016 # expanded over there
look='{ j volume list; j snapshot list; } | jq -sc "map(.items | map(select(.state != \"deleting\"))) |
		(.[0] | map({key: .name, value: {sizeBytes, floor, attached: (.attachments != [])}})) +
		(.[1] | map({key: .name, value: {volume}})) | from_entries"'

# after ROUND: all is well, and what was said in it and before holds; "there" is what was found
holds() {
	there=$(on one "
		$check_metadata
		UNTIL_PAUSE=0.5 agent_start
		[ \"\$(j pool show fast | jq -r .state)\" = ready ] || { echo \"the pool: \$(j pool show fast | jq -c .)\"; exit 1; }
		for v in keep line; do
			stampwriter verify /dev/liteio/\$v 1 $blocks $vm_state/acks-$1-\$v >/run/verify 2>&1 ||
				{ echo \"acknowledged writes to \$v are not there: \$(cat /run/verify)\"; exit 1; }
		done
		doctor_is_silent
		$look") || fail "round $1: $there"
	said judge "$there" "$vm_state/said-$1" || fail "round $1: that does not hold"
}

said selftest || fail 'said.py finds nothing'
vm_add one --disk pool=768M -m 768M -s 1 --timeout 600
vm_boot one
there=$(on one "agent_start
	liteioctl pool create fast \$DISK --linear 96Mi --reserved 96Mi >/dev/null
	liteioctl volume create keep --pool fast --size 64Mi >/dev/null
	liteioctl volume create line --pool fast --size 16Mi --class linear >/dev/null
	liteioctl volume create low --pool fast --size 8Mi >/dev/null
	liteioctl volume attach keep >/dev/null
	liteioctl volume attach line >/dev/null
	$look") || fail "the pool: $there"
for ((round = 1; round <= rounds; round++)); do
	file=$vm_state/said-$round
	echo "there $there" >"$file"
	left=$((RANDOM % 10 + 1)) more=$((RANDOM % 100)) began=$SECONDS did=0 wrote=0
	exec {heard}< <(work $round 2>"$vm_state/cut" | tee -a "$file")
	while [ $((left + more)) != 0 ] && read -r -u "$heard" word what; do
		case $word in
		did) did=$((did + 1)) left=$((left - (left > 0))) ;;
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
	ok "power cut $round: $did operations and $wrote writes hold ($((cut - began)) s of work, $((booted - cut)) s to boot, $((SECONDS - booted)) s to look)"
done
for v in keep line; do
	grep -q "^$v " "${files[@]}" || fail "nothing was written to $v"
done
vm_off one
