#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of the agent at any moment, and not at steps that have a name (agent-kill.sh): again and again, some milliseconds
# after one of many operations was begun, while two volumes are written to. The next agent has all that was answered, what
# was under way is done or was never begun, nothing is held or left over, and the doctor finds nothing; the
# writers have noticed nothing, and all that they have written is there. LITEIO_ROUNDS says how often.
# vm: kernels=6.12 disks=pool=768M,second=128M,third=128M timeout=5400 round=60 mem=1G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/snapshots.sh
. "$LITEIO_TOP/tests/vm/lib/snapshots.sh"
# shellcheck source=tests/vm/lib/work.sh
. "$LITEIO_TOP/tests/vm/lib/work.sh"

rounds=${LITEIO_ROUNDS:-50}
seed=${LITEIO_SEED:-$RANDOM}
RANDOM=$seed
echo "# LITEIO_SEED=$seed"

said() { python3 "$LITEIO_TOP/tests/vm/lib/said.py" "$@"; }
held() { dmsetup info -c --noheadings -o name,suspended | grep -i ':suspended$'; }

# interrupt ROUND: the agent is dead, /run/said has what was said, and "open" what nobody was told the end of
interrupt() {
	local heard left=$((RANDOM % 12 + 1)) began='' word what told

	# one of five may be while what is left is cleared away
	[ $((RANDOM % 5)) != 0 ] || began=yes
	exec {heard}< <(work "$1" "$used" 2>>/run/work.err | tee -a /run/said)
	while [ $left != 0 ]; do
		read -r -u "$heard" word what || fail "round $1 ended by itself: $(tail -n 3 /run/said)$(tail -n 3 /run/work.err)"
		case $word in
		begun) began=yes ;;
		ask) [ -z "$began" ] || left=$((left - 1)) ;;
		did) ;;
		*) fail "round $1: $word $what" ;;
		esac
	done
	# what an operation takes here, and less; no sound is waited for
	read -r -t "$(printf '0.%03d' $((RANDOM % 150)))" <> <(:) || true
	told=$(wc -l </run/said)
	agent_kill
	cat <&"$heard" >/dev/null
	exec {heard}<&-
	# what is asked of a dead agent was not interrupted
	open=$(awk -v told="$told" 'NR > told && $1 == "ask" { exit }
		$1 == "ask" { open = $2 } $1 == "did" { open = "" } END { print open }' /run/said)
}

# A disk that was about to be another one of the pool: nobody but who asks again can say that it holds nothing, and so it is told
is_well() {
	local said

	[ "${open:-}" = pool ] || { doctor_is_silent; return; }
	said=$(j doctor) || true
	jq -e --arg third "$third" '[.items[] | select(.severity != "info") |
		select(.check != "poolFound" or .object != $third)] == []' <<<"$said" >/dev/null || fail "the doctor finds something: $said"
}

# holds ROUND: and "there" is what there is
holds() {
	agent_start
	agent_lives || fail "the agent does not start"
	! held || fail "something is held"
	[ "$(j pool show fast | jq -r .state)" = ready ] || fail "the pool: $(j pool show fast)"
	is_well
	there=$(what_is)
	said judge "$there" /run/said || fail "that does not hold, after $(tail -n 2 /run/said | xargs)"
	# the doctor has asked the kernel for them; this asks in another way, which takes its time
	[ $(($1 % 5)) != 0 ] || { until_true 60 no_deletions && ids_agree; }
}

said selftest || fail 'said.py finds nothing'
agent_start
begin_work
used=$(space_used) writers=()
STAMPS=/run/stamps-keep stampwriter write /dev/liteio/keep 1 $WORK_BLOCKS 1 >/run/writer-keep &
writers+=($!)
STAMPS=/run/stamps-line FLUSH=fsync stampwriter write /dev/liteio/line 1 $WORK_BLOCKS 1 >/run/writer-line &
writers+=($!)
for v in keep line; do
	until_true 30 grep -q running /run/writer-$v
done
there=$(what_is)
for ((round = 1; round <= rounds; round++)); do
	# nobody has been away when the next one begins
	echo "there $(jq -c 'map_values(del(.away))' <<<"$there")" >/run/said
	interrupt $round
	holds $round
	echo "${open:-nothing}" >>/run/open
	ok "killed $round times, now under \"${open:-nothing}\": it holds, after $SECONDS s"
done
ok "interrupted: $(sort /run/open | uniq -c | xargs)"
[ "$(grep -vc nothing /run/open)" -ge $((rounds / 3)) ] || fail "hardly anything was interrupted"

for v in keep line; do
	kill -TERM "${writers[0]}"
	wait "${writers[0]}" || true
	writers=("${writers[@]:1}")
	grep -q 'failed 0' /run/writer-$v || fail "the writer of $v got errors: $(cat /run/writer-$v)"
	stampwriter verify /dev/liteio/$v 1 $WORK_BLOCKS /run/stamps-$v || fail "acknowledged writes to $v are lost"
	liteioctl volume detach $v >/dev/null
done
ok "who wrote did not notice: $(tail -qn 1 /run/writer-keep /run/writer-line | xargs)"
clear_away "$used" >/run/cleared || fail "$(tail -n 1 /run/cleared)"
for v in keep line low even back; do
	liteioctl volume delete $v >/dev/null
done
[ "$(space_used)" = '[0,0,0]' ] || fail "space is lost: $(space_used)"
doctor_is_silent
liteioctl pool delete fast >/dev/null
! dmsetup ls | grep liteio || fail "devices are left"
agent_stop
