# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Control operations without an end, for who ends them: agent-power.sh, agent-anytime.sh. In a guest with the disks pool,
# second and third (or none); source it after agent.sh.
#
#   begin_work           a pool, "fast", with what stays: "keep" and "line", attached and full, for stampwriter (each has
#                        WORK_BLOCKS blocks for it); "low" and "even", of which snapshots are taken; "back", which is rolled back
#   space_used           of it: once all else is deleted it is what it was after begin_work
#   work ROUND USED      what an earlier round has left is deleted first, and then space_used has to be USED; after "begun"
#                        operations go on and on, with others first in each round. Each is said before and after, for
#                        said.py, which judges what is found; the first one that fails is said, too, and is the end
#   say WHAT, between    how it is said, and what is done after each operation: nothing. Who wants another one says so after this
#   metadata_is_whole    each thin pool's on $DISK, before anything is activated
#   what_is              all there is, for said.py: volumes, snapshots and the second pool, "wide". If that was exported it
#                        is imported by it, and "away"; "back" is looked into, which raises its floor

WORK_BLOCKS=256

second=$(readlink -f /dev/disk/by-id/virtio-second) third=$(readlink -f /dev/disk/by-id/virtio-third)

space_used() { j pool show fast | jq -c '[.linearUsedBytes, .reservedUsedBytes, .dataUsedBytes]'; }

has_wide() { j pool list | jq -e 'any(.items[]; .name == "wide")' >/dev/null; }

# "back" is attached
write_mark() { printf '%-4096s' "$1" | dd of=/dev/liteio/back bs=4096 oflag=direct,dsync conv=notrunc status=none; }

begin_work() {
	local v

	liteioctl pool create fast "$DISK" --linear 96Mi --reserved 96Mi >/dev/null
	liteioctl volume create keep --pool fast --size 64Mi >/dev/null
	liteioctl volume create line --pool fast --size 16Mi --class linear >/dev/null
	liteioctl volume create low --pool fast --size 8Mi >/dev/null
	liteioctl volume create even --pool fast --size 8Mi --class reserved >/dev/null
	liteioctl volume create back --pool fast --size 8Mi >/dev/null
	for v in keep line; do
		liteioctl volume attach $v >/dev/null
		stampwriter fill /dev/liteio/$v 1 $WORK_BLOCKS
	done
	liteioctl volume attach back >/dev/null
	write_mark first
	liteioctl volume detach back >/dev/null
}

say() { echo "$*"; }
between() { :; }

# it VERB NAME VALUE COMMAND...
it() {
	say "ask $1 $2 $3"
	"${@:4}" >/run/work.out 2>&1 || {
		say "error ${*:4}: $(tail -n 1 /run/work.out)"
		exit 1
	}
	say "did $1 $2 $3"
	between
}

# an agent that is dead gives nothing back
given_back() { ! agent_lives || { [ "$(j deletion list | jq -c .items)" = '[]' ] && [ "$(space_used)" = "$1" ]; }; }

clear_away() {
	local v s

	for v in $(j volume list | jq -r '.items[].name'); do
		case $v in
		keep | line | low | even) continue ;;
		esac
		[ ! -e "/dev/liteio/$v" ] || it detach "$v" '' liteioctl volume detach "$v"
		[ "$v" = back ] || it delete "$v" '' liteioctl volume delete "$v"
	done
	for s in $(j snapshot list | jq -r '.items[].name'); do
		it delete "$s" '' liteioctl snapshot delete "$s"
	done
	! has_wide || it delete wide '' liteioctl pool delete wide
	(
		# who listens reads words, and wants to know what is left
		never_came() { false; }
		until_true 120 given_back "$1"
	) || {
		say "error space was left: $(j deletion list | jq -c .items), $(space_used), not $1," \
			"$(liteioctl doctor 2>&1 | tr '\n' ' ') $(dmsetup status | tr '\n' ';')"
		exit 1
	}
}

# volumes of each class, what they may do, and what is made of a snapshot
work_volumes() {
	local class=$1 n=$2

	it create "a$n" 8388608 liteioctl volume create "a$n" --pool fast --size 8Mi --class "$class"
	it floor low "$n" liteioctl volume fence low --floor "$n"
	it limit "a$n" 200 liteioctl volume limit "a$n" --read-iops 200
	it snap "s$n" keep liteioctl snapshot create "s$n" keep
	it attach "a$n" '' liteioctl volume attach "a$n"
	it grow "a$n" 12582912 liteioctl volume grow "a$n" --size 12Mi
	it limit "a$n" 300 liteioctl volume limit "a$n" --read-iops 300
	it create "r$n" 67108864 liteioctl volume create "r$n" --pool fast --snapshot "s$n"
	it delete "s$n" '' liteioctl snapshot delete "s$n"
	it detach "a$n" '' liteioctl volume detach "a$n"
	it delete "a$n" '' liteioctl volume delete "a$n"
	it delete "r$n" '' liteioctl volume delete "r$n"
}

work_back() {
	local n=$1

	it attach back '' liteioctl volume attach back
	it mark back "then$n" write_mark "then$n"
	it snap "b$n" back liteioctl snapshot create "b$n" back
	it mark back "now$n" write_mark "now$n"
	it detach back '' liteioctl volume detach back
	it mark back "then$n" liteioctl volume rollback back "b$n"
	it delete "b$n" '' liteioctl snapshot delete "b$n"
}

# the first group is one write of a catalog, the second one is of two thin pools
work_groups() {
	local n=$1 s

	it snap "g$n,h$n" keep,low liteioctl snapshot group "keep=g$n" "low=h$n"
	it snap "i$n,k$n" keep,even liteioctl snapshot group "keep=i$n" "even=k$n"
	it create "c$n" 67108864 liteioctl volume clone keep "c$n"
	it rename "c$n" "d$n" liteioctl volume rename "c$n" "d$n"
	it rename "g$n" "m$n" liteioctl snapshot rename "g$n" "m$n"
	it delete "d$n" '' liteioctl volume delete "d$n"
	for s in m h i k; do
		it delete "$s$n" '' liteioctl snapshot delete "$s$n"
	done
}

work_pools() {
	local n=$1

	it pool wide 1 liteioctl pool create wide "$second"
	it create "w$n" 8388608 liteioctl volume create "w$n" --pool wide --size 8Mi
	# what was cut short with it may have left a label there that is nobody's
	[ -z "$third" ] || it pool wide 2 liteioctl pool grow wide --add "$third" --force
	it away "wide,w$n" 1,1 liteioctl pool export wide
	it away "wide,w$n" 0,0 liteioctl pool import "$second"
	it delete "w$n" '' liteioctl volume delete "w$n"
	it delete wide '' liteioctl pool delete wide
}

work() {
	local n classes=(thin linear reserved)

	clear_away "$2"
	say begun
	# numbers that grow from round to round: floors are never lowered
	for ((n = $1 * 1000 + $1 % 4; ; n++)); do
		case $((n % 4)) in
		0) work_volumes "${classes[n / 4 % 3]}" $n ;;
		1) work_groups $n ;;
		2) work_pools $n ;;
		3) work_back $n ;;
		esac
	done
}

# where they are the label says (daemon/pool/README.md)
metadata_is_whole() {
	local i n=0

	field() { od -An -t "u$2" -j $((4608 + 24 * i + $1)) -N "$2" "$DISK" | tr -d ' '; }
	for i in $(od -An -v -w24 -t u4 -j 4608 -N 2304 "$DISK" | awk '$1 == 1 || $1 == 7 { print NR - 1 }'); do
		dd if="$DISK" of=/run/meta bs=1M iflag=skip_bytes,count_bytes,direct skip="$(field 8 8)" count="$(field 16 8)" status=none
		thin_check /run/meta >/run/thin_check 2>&1 || {
			echo "thin_check: $(cat /run/thin_check)"
			return 1
		}
		rm /run/meta
		n=$((n + 1))
	done
	[ $n = 2 ] || {
		echo "$n extents of metadata, not 2"
		return 1
	}
}

what_is() {
	local away=false mark was

	if ! has_wide; then
		! liteioctl pool import "$second" >/run/import.out 2>&1 || away=true
	fi
	j pool list >/run/pools.is
	j volume list >/run/volumes.is
	j snapshot list >/run/snapshots.is
	was=/dev/liteio/back
	[ -e $was ] || {
		was=
		liteioctl volume attach back >/dev/null
	}
	mark=$(head -c 4096 /dev/liteio/back | cut -d ' ' -f 1)
	[ -n "$was" ] || liteioctl volume detach back >/dev/null
	# what is being deleted is not there any more
	jq -sc --argjson away $away --arg mark "$mark" '
		map(.items | map(select(.state != "deleting"))) |
		(.[0] | map(select(.name == "wide") | {key: .name, value: {state, disks: (1 + (.moreDevices // [] | length)), $away}})) +
		(.[1] | map({key: .name, value: {state, sizeBytes, floor, attached: (.attachments != []),
			readIOPS: (.limits.readIOPS // 0), away: ($away and .pool == "wide")}})) +
		(.[2] | map({key: .name, value: {state, volume}})) | from_entries |
		.back.mark = $mark | del(.back.floor)' \
		/run/pools.is /run/volumes.is /run/snapshots.is
}
