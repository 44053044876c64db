#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The agent dies with kill -9 right after each of its steps, and another one starts: I/O that is under
# way does not notice, what was interrupted is done or was never begun, the doctor finds nothing, and it is completed when it
# is asked for again. In the middle of each operation it dies once more, and those that follow die in what they do
# about it: the first at the first step it comes to, the next at its second, until one comes through; the end is the
# same. With arguments, only these operations ("agent-kill.sh exporting 'rolling back' zeroing").
# vm: kernels=6.12 disks=pool=1G,second=128M,third=128M timeout=5400 mem=1G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/snapshots.sh
. "$LITEIO_TOP/tests/vm/lib/snapshots.sh"
# shellcheck source=tests/vm/lib/steps.sh
. "$LITEIO_TOP/tests/vm/lib/steps.sh"

nqn=nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-0000000000aa

# state_of NAME: of a volume; nothing when it is not there
state_of() { j volume list | jq -r --arg name "$1" '.items[] | select(.name == $name) | .state'; }
size_of_a() { j volume show a | jq .sizeBytes; }
linear_free() { j pool show fast | jq .linearFreeBytes; }
# one_of WORD...: the first one is one of the others
one_of() {
	local word

	for word in "${@:2}"; do
		[ "$1" != "$word" ] || return 0
	done
	echo "it is \"$1\", and not$(printf ' "%s"' "${@:2}")" >&2
	return 1
}
# after STEP... is what was killed, or its operation, one of these?
after() {
	local step

	for step; do
		[ "$killed" != "$step" ] && [ "${killed%%:*}" != "$step" ] || return 0
	done
	return 1
}
nothing_is_held() { ! dmsetup info -c --noheadings -o name,suspended | grep -i ':suspended$'; }
# its size, and that of the device of who has it, when the pool's record says so, and until then, is
grown() {
	local size=$((16 << 20))

	! after "$@" || size=$((32 << 20))
	one_of "$(size_of_a) $(blockdev --getsize64 "$(j export list | jq -r '.items[] | select(.volume == "a") | .device')")" "$size $size"
}
# deletion goes on by itself; every other time it is asked for while it does. Until it is marked there is all of it, and the
# kernel, which had forgotten it, knows its floor again
deletes_itself() {
	if after agent-delete:forgotten; then
		one_of "$(state_of a) $(j module volumes | jq -r '[.items[].name] | sort | join(" ")')" 'ready a busy'
	else
		one_of "$(state_of a)" deleting '' &&
			{ [ $((n % 2)) = 0 ] || { until_true 60 no_deletions && one_of "$(state_of a)" ''; }; }
	fi
}

is_well() { doctor_is_silent; }

attach_a() { liteioctl attachment create "$(j volume show a | jq -r .uuid)" 7 --local; }

# where each operation is interrupted when those that follow are, too: recovery has something to do after it
declare -A AGAIN=(
	["creating a volume"]=volume-new:one-copy
	["deleting a volume"]=reclaim:slice
	["deleting an empty volume"]=volume-delete:catalog
	["wiping a volume"]=volume-wipe:catalog
	["creating a linear volume"]=linear-create:catalog-creating
	["growing a linear volume"]=linear-grow:catalog-fresh
	["deleting a linear volume"]=linear-reclaim:discarded
	["exporting"]=agent-export:prepared
	["ending an export"]=agent-fence:persisted
	["attaching several"]=volume-make:transaction
	["attaching"]=agent-attach:head
	["detaching"]=agent-unexport:head
	["fencing"]=floor-raise:catalog
	["growing"]=volume-grow:catalog
	["limiting"]=volume-limit:catalog
	["taking a snapshot of a volume in use"]=snapshot:suspended
	["taking several snapshots"]=snapshots:messages
	["taking a group of snapshots"]=group:messages
	["taking a group of two pools"]=agent-moment:taken
	["cloning a volume in use"]=volume-create:messages
	["renaming"]=volume-rename:catalog
	["rolling back"]=rollback:transaction
	["creating a pool"]=agent-pool-add:known
	["deleting a pool"]=pool-destroy:home
	["exporting a pool"]=pool-export:label
	["importing a pool"]=pool-import:label
	["growing a pool"]=pool-grow:label
)

# dies WHAT STEP COMMAND...: an agent that is asked for it dies after the step
dies() {
	prepare
	agent_stop
	LITEIO_STEP_KILL=$2 agent_start
	if agent_lives; then
		"${@:3}" >/dev/null 2>&1 || true
	fi
	echo "$2" >>/run/killed
	killed=$2
	# who asked hears of the end a little before it is complete
	agent_wait_dead || fail "$1: nothing was killed at $2"
}

# goes_on WHAT AFTER COMMAND...: the one after it
goes_on() {
	agent_start
	nothing_is_held || fail "$1: devices are held after $2"
	midway || fail "$1: neither done nor undone after $2"
	is_well || fail "$1: after $2, and the agent has said: $(tail -n 5 $AGENT_LOG)"
	"${@:3}" >/dev/null || fail "$1: not completed after $2"
	until_true 60 no_deletions || fail "$1: space was not given back after $2"
	ids_agree
	check || fail "$1: not as it should be after $2"
}

# dead, or with nothing more to do
has_come_through() { ! agent_lives || no_deletions; }

# again_and_again WHAT STEP COMMAND...: the Nth agent after it dies at the Nth step that it comes to; "passed" are those
again_and_again() {
	local i

	passed=
	dies "$@"
	for ((i = 1; i <= 100; i++)); do
		LITEIO_STEP_KILL="*:$i" agent_start
		until_true 60 has_come_through
		agent_lives && break
		passed+=" $(grep '^killed after step ' $AGENT_LOG | tail -n 1 | cut -d ' ' -f 4)"
	done
	agent_lives || fail "$1: there is no end to the steps of recovery:$passed"
	[ $i -gt 1 ] || fail "$1: recovery after $2 comes to no step"
	# it would die at the first step of what it is asked for
	agent_kill
	goes_on "$1" "$2 and$passed" "${@:3}"
}

# interrupted WHAT STEPS COMMAND...: at each of the steps; "prepare" before, "midway" when there is another agent and
# nobody has asked it for anything, and "check" after it was asked for the same. "killed" is the step
interrupted() {
	local what=$1 list=$2 step n=0

	shift 2
	wanted "$what" || return 0
	for step in $list; do
		[[ $step = *:* ]] || fail "$what: $step"
		dies "$what" "$step" "$@"
		goes_on "$what" "$step" "$@"
		n=$((n + 1))
	done
	[ $n -gt 0 ] || fail "$what: there are no such steps"
	ok "$what: $n steps"
	# each step of a start is one of recovery: all of this is said above
	[ "$what" != starting ] || return 0
	step=${AGAIN[$what]-}
	grep -qwF -- "${step:-none}" <<<"$list" || fail "$what: \"$step\" is none of its steps"
	again_and_again "$what" "$step" "$@"
	ok "$what: after $step the agents that followed died at$passed"
}

agent_start
liteioctl pool create fast "$DISK" --linear 128Mi >/dev/null
linear=$(j pool show fast | jq .linearFreeBytes)
empty=$(j pool show fast | jq .dataUsedBytes)

# something in use all the time
liteioctl volume create busy --pool fast --size 32Mi >/dev/null
liteioctl export create busy 1 --local >/dev/null
busy=$(j volume show busy | jq -r .uuid)
liteioctl attachment create "$busy" 1 --local >/dev/null
STAMPS=/run/stamps stampwriter write "/dev/liteio/$busy" 1 256 2 >/run/writer &
writer=$!
until_true 30 grep -q running /run/writer

# it is a record, and whole with the first copy
prepare() { :; }
midway() { one_of "$(state_of a)" ready; }
check() {
	[ "$(j volume show a | jq -r .state)" = ready ] && liteioctl volume delete a >/dev/null
}
interrupted "creating a volume" "$(steps volume-new)" liteioctl volume create a --pool fast --size 16Mi

prepare() {
	liteioctl volume create a --pool fast --size 16Mi --wipe zero >/dev/null
	liteioctl export create a 1 --local >/dev/null
	dd if=/dev/urandom of="$(j export list | jq -r '.items[] | select(.volume == "a") | .device')" bs=1M count=8 \
		conv=fsync oflag=direct status=none
	liteioctl export delete a 1 >/dev/null
}
midway() { deletes_itself; }
# and the kernel remembers nothing of it
check() {
	[ "$(j volume list | jq -r '[.items[].name] | join(" ")')" = busy ] &&
		[ "$(j module volumes | jq -r '[.items[].name] | join(" ")')" = busy ]
}
interrupted "deleting a volume" "$(steps volume-delete agent-delete reclaim)" liteioctl volume delete a
# what nobody has written has no device, and is gone at once
no_device() { ! dmsetup ls | grep -q "^liteio-thin-$uuid"; }
prepare() {
	liteioctl volume create a --pool fast --size 16Mi >/dev/null
	liteioctl volume attach a >/dev/null
	uuid=$(j volume show a | jq -r .uuid)
	liteioctl volume detach a >/dev/null
	until_true 30 no_device
}
interrupted "deleting an empty volume" \
	"$(steps volume-delete agent-delete) $(steps reclaim | grep -v -e :slice -e :wiped)" liteioctl volume delete a
prepare() {
	liteioctl volume create a --pool fast --size 16Mi >/dev/null
}
# how is written down, and that it is to be deleted is not
midway() { one_of "$(j volume show a | jq -r '.state + " " + .wipe')" 'ready discard'; }
interrupted "wiping a volume" "$(steps volume-wipe)" liteioctl volume delete a --wipe discard

prepare() { :; }
check() {
	[ "$(j volume show a | jq -r .state)" = ready ] && liteioctl volume delete a >/dev/null &&
		[ "$(j pool show fast | jq .linearFreeBytes)" = "$linear" ]
}
# large enough for what is zeroed to be marked once; after that it waits for whoever asks again. Before, and it is gone
midway() {
	if after linear-create:catalog-ready; then
		one_of "$(state_of a)" ready
	elif after linear-create:catalog-creating; then
		one_of "$(state_of a)" '' && one_of "$(linear_free)" "$linear"
	else
		one_of "$(state_of a)" creating
	fi
}
interrupted "creating a linear volume" "$(steps linear-create)" \
	liteioctl volume create a --pool fast --size 96Mi --class linear

# what is zeroed already is not zeroed again: what is put there meanwhile, on the disk, is in the volume
zeroing() {
	local start

	liteioctl volume create a --pool fast --size 96Mi --class linear >/dev/null
	liteioctl volume attach a >/dev/null
	# the first free range, which the next one has, too
	start=$(dmsetup table "liteio-linear-$(j volume show a | jq -r .uuid)" | awk 'NR == 1 { print $5 }')
	liteioctl volume detach a >/dev/null
	liteioctl volume delete a >/dev/null
	agent_stop
	LITEIO_STEP_KILL=linear-create:marked agent_start
	liteioctl volume create a --pool fast --size 96Mi --class linear >/dev/null 2>&1 || true
	agent_wait_dead
	printf 'not zeroed twice' | dd of="$DISK" bs=512 seek="$start" conv=sync,notrunc oflag=direct status=none
	agent_start
	[ "$(j volume show a | jq -r .state)" = creating ] || fail "it does not wait: $(j volume show a)"
	refused 'not ready\|being created' liteioctl volume attach a
	refused 'another\|bytes' liteioctl volume create a --pool fast --size 32Mi --class linear
	liteioctl volume create a --pool fast --size 96Mi --class linear >/dev/null
	liteioctl volume attach a >/dev/null
	[ "$(head -c 16 /dev/liteio/a)" = 'not zeroed twice' ] || fail "it was zeroed from the beginning"
	[ "$(tail -c +513 /dev/liteio/a | tr -d '\0' | wc -c)" = 0 ] || fail "it is not all zeros"
	liteioctl volume detach a >/dev/null
	liteioctl volume delete a >/dev/null
	# one that nobody asks for again is deleted like any other
	agent_stop
	LITEIO_STEP_KILL=linear-create:marked agent_start
	liteioctl volume create a --pool fast --size 96Mi --class linear >/dev/null 2>&1 || true
	agent_wait_dead
	agent_start
	liteioctl volume delete a >/dev/null
	[ "$(j pool show fast | jq .linearFreeBytes)" = "$linear" ] || fail "its space is not free: $(j pool show fast)"
	ok "zeroing that was cut short goes on where it was"
}
! wanted zeroing || zeroing

prepare() {
	liteioctl volume create a --pool fast --size 16Mi --class linear >/dev/null
	liteioctl export create a 7 --local >/dev/null
}
check() {
	[ "$(blockdev --getsize64 "$(j export list | jq -r '.items[] | select(.volume == "a") | .device')")" = $((32 << 20)) ] &&
		[ "$(j pool show fast | jq .linearFreeBytes)" = $((linear - (32 << 20))) ] &&
		liteioctl export delete a 7 >/dev/null &&
		liteioctl volume delete a >/dev/null
}
midway() {
	grown linear-grow:catalog linear-grow:table && one_of "$(linear_free)" $((linear - $(size_of_a)))
}
interrupted "growing a linear volume" "$(steps linear-grow)" liteioctl volume grow a --size 32Mi

prepare() {
	liteioctl volume create a --pool fast --size 16Mi --class linear >/dev/null
}
check() {
	[ "$(j volume list | jq -r '[.items[].name] | join(" ")')" = busy ] &&
		[ "$(j pool show fast | jq .linearFreeBytes)" = "$linear" ]
}
midway() { deletes_itself; }
interrupted "deleting a linear volume" "$(steps linear-reclaim)" liteioctl volume delete a

prepare() {
	liteioctl volume create a --pool fast --size 16Mi >/dev/null
}
check() {
	[ "$(j export list | jq -c '[.items[] | select(.volume == "a") | .ready, .generation]')" = '[true,7]' ] &&
		[ "$(j export delete a 7 | jq -r .removed)" = true ] &&
		[ ! -e "/sys/kernel/config/nvmet/subsystems/nqn.2026-11.io.liteio:$(j volume show a | jq -r .uuid):7" ] &&
		liteioctl volume delete a >/dev/null
}
# until the pool has written down who it is for there is none
midway() {
	local want='[]'

	after volume-make || want='[[true,7]]'
	one_of "$(j export list | jq -c '[.items[] | select(.volume == "a") | [.ready, .generation]]')" "$want"
}
interrupted "exporting" "$(steps attachment-add volume-make agent-export)" liteioctl export create a 7 --host-nqn $nqn

# those that wait while one is attached go together
attach_six() {
	local n pids=()

	for n in 1 2 3 4 5 6; do
		liteioctl volume attach "six-$n" >/dev/null &
		pids+=($!)
	done
	wait "${pids[@]}"
}
prepare() {
	local n

	for n in 1 2 3 4 5 6; do
		liteioctl volume create "six-$n" --pool fast --size 16Mi >/dev/null
	done
}
check() {
	local n

	for n in 1 2 3 4 5 6; do
		[ -b "/dev/liteio/six-$n" ] && liteioctl volume detach "six-$n" >/dev/null &&
			liteioctl volume delete "six-$n" >/dev/null || return 1
	done
}
# each of them is attached, and has a device, or is not, and has none
midway() {
	local n

	for n in 1 2 3 4 5 6; do
		one_of "$(j volume show "six-$n" | jq '.attachments | length') $(readlink "/dev/liteio/six-$n" | wc -l)" '0 0' '1 1' || return 1
	done
}
interrupted "attaching several" "volume-make:message:3 volume-make:transaction attachment-add:catalog" attach_six

prepare() {
	liteioctl volume create a --pool fast --size 16Mi >/dev/null
	liteioctl export create a 7 --host-nqn $nqn >/dev/null
}
check() {
	[ "$(j volume show a | jq .floor)" = 8 ] &&
		[ "$(j export list | jq '[.items[] | select(.volume == "a" and .ready)] | length')" = 0 ] &&
		refused 'floor\|fenced' liteioctl export create a 7 --host-nqn $nqn &&
		[ "$(j export delete a 7 | jq -r .removed)" = true ] &&
		liteioctl volume delete a >/dev/null
}
midway() {
	one_of "$(j volume show a | jq .floor) $(j export list | jq '[.items[] | select(.volume == "a" and .ready)] | length')" '8 0'
}
interrupted "fencing" "$(steps floor-raise agent-fence)" liteioctl volume fence a --floor 8

prepare() {
	liteioctl volume create a --pool fast --size 16Mi >/dev/null
	liteioctl export create a 7 --local >/dev/null
}
check() {
	[ "$(blockdev --getsize64 "$(j export list | jq -r '.items[] | select(.volume == "a") | .device')")" = $((32 << 20)) ] &&
		liteioctl export delete a 7 >/dev/null &&
		liteioctl volume delete a >/dev/null
}
midway() { grown agent-grow:pool volume-grow:catalog volume-grow:thin; }
interrupted "growing" "$(steps agent-grow volume-grow)" liteioctl volume grow a --size 32Mi

prepare() {
	liteioctl volume create a --pool fast --size 16Mi --read-iops 100 >/dev/null
	liteioctl export create a 7 --local >/dev/null
}
check() {
	local uuid

	uuid=$(j volume show a | jq -r .uuid)
	[ "$(j volume show a | jq .limits.readIOPS)" = 200 ] &&
		[ "$(j module qos "$uuid" | jq .limits.readIOPS)" = 200 ] &&
		liteioctl export delete a 7 >/dev/null &&
		liteioctl volume delete a >/dev/null
}
midway() {
	one_of "$(j volume show a | jq .limits.readIOPS) $(j module qos "$(j volume show a | jq -r .uuid)" | jq .limits.readIOPS)" '200 200'
}
interrupted "limiting" "$(steps agent-limit volume-limit)" liteioctl volume limit a --read-iops 200

prepare() { :; }
check() {
	[ "$(j snapshot list | jq -r '[.items[].name] | join(" ")')" = s ] &&
		liteioctl snapshot delete s >/dev/null &&
		dmsetup info -c --noheadings -o name,suspended | grep liteio-head | grep -qv Suspended
}
# what is being deleted is not there any more
snapshots() { j snapshot list | jq -r '[.items[] | select(.state != "deleting") | .name + " " + .state] | sort | join(", ")'; }
midway() { one_of "$(snapshots)" '' 's ready'; }
interrupted "taking a snapshot of a volume in use" "$(steps agent-snapshot snapshot)" \
	liteioctl snapshot create s busy

# of the group there are all or none; of one of two pools what there is of it is deleted when they are opened
midway() { one_of "$(snapshots)" '' 's ready, t ready'; }
check() {
	[ "$(j snapshot list | jq -r '[.items[].name] | sort | join(" ")')" = 's t' ] &&
		liteioctl snapshot delete s >/dev/null &&
		liteioctl snapshot delete t >/dev/null
}
liteioctl volume create other --pool fast --size 16Mi >/dev/null
attach other 1
# by a process of its own: what this shell has open every agent that it starts has, too
# shellcheck disable=SC2217 # it has it open, and that is all
sleep infinity <"$(device other)" &
holder=$!
interrupted "taking a group of snapshots" "$(steps agent-snapshot group)" \
	liteioctl snapshot group busy=s other=t
kill $holder
wait $holder || true
drop other
liteioctl pool create far /dev/disk/by-id/virtio-second >/dev/null
liteioctl volume create other --pool far --size 16Mi >/dev/null
attach other 1
# "group:frozen" is where one pool alone has its heads held by its engine
interrupted "taking a group of two pools" "$(steps agent-moment group | grep -vx group:frozen)" \
	liteioctl snapshot group busy=s other=t
drop other
liteioctl pool delete far >/dev/null

# those that wait while one is taken go together: on a disk whose writes take so many milliseconds
far=/dev/disk/by-id/virtio-second
# without so many sectors at either end: the disk itself looks empty
far_size=$(($(blockdev --getsz $far) - 4096))
far_takes() {
	local table="0 $far_size linear $far 2048"

	[ "$1" = 0 ] || table="0 $far_size delay $far 2048 0 $far 2048 $1"
	dmsetup load far --table "$table"
	dmsetup suspend --nolockfs far
	dmsetup resume far
}
snapshot_six() {
	local n pids=() pid rc=0

	far_takes 300
	for n in 1 2 3 4 5 6; do
		liteioctl snapshot create "six-$n" "six-$n" >/dev/null &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || rc=1
	done
	far_takes 0
	return $rc
}
# the first one comes alone; the others are there together, once the kernel says so, and none by halves
midway() {
	local ready all

	all=$(j snapshot list | jq '.items | length')
	ready=$(j snapshot list | jq '[.items[] | select(.state == "ready")] | length')
	[ "$all" = "$ready" ] || return 1
	if after snapshots:transaction snapshots:catalog-ready; then
		[ "$ready" -ge 3 ]
	else
		[ "$ready" -le 3 ]
	fi
}
check() {
	local n

	[ "$(j snapshot list | jq '[.items[] | select(.state == "ready")] | length')" = 6 ] || return 1
	for n in 1 2 3 4 5 6; do
		liteioctl snapshot delete "six-$n" >/dev/null || return 1
	done
}
several_snapshots() {
	local n

	modprobe dm-delay
	dmsetup create far --table "0 $far_size linear $far 2048"
	liteioctl pool create far /dev/mapper/far >/dev/null
	for n in 1 2 3 4 5 6; do
		liteioctl volume create "six-$n" --pool far --size 8Mi >/dev/null
		liteioctl volume attach "six-$n" >/dev/null
	done
	interrupted "taking several snapshots" \
		"$(steps snapshots | grep -v -e :dropped -e :taken) snapshots:taken:2" snapshot_six
	for n in 1 2 3 4 5 6; do
		liteioctl volume detach "six-$n" >/dev/null
		liteioctl volume delete "six-$n" >/dev/null
	done
	until_true 60 no_deletions
	liteioctl pool delete far >/dev/null
	dmsetup remove far
}
prepare() { :; }
! wanted "taking several snapshots" || several_snapshots

prepare() { :; }
check() {
	[ "$(j volume show c | jq -r .origin)" = busy ] && liteioctl volume delete c >/dev/null
}
midway() {
	local want=

	! after volume-create:transaction volume-create:catalog-ready || want=ready
	one_of "$(state_of c)" "$want"
}
interrupted "cloning a volume in use" "$(steps agent-snapshot volume-create)" liteioctl volume clone busy c

prepare() {
	liteioctl volume create a --pool fast --size 16Mi >/dev/null
}
check() {
	[ "$(j volume list | jq -r '[.items[].name] | sort | join(" ")')" = 'b busy' ] &&
		liteioctl volume delete b >/dev/null
}
midway() { one_of "$(j volume list | jq -r '[.items[].name] | sort | join(" ")')" 'b busy'; }
interrupted "renaming" "$(steps volume-rename agent-rename)" liteioctl volume rename a b

# mark VOLUME GENERATION WORD: what it begins with; "marked" says it
mark() {
	attach "$1" "$2"
	printf '%-4096s' "$3" | dd of="$(device "$1")" bs=4096 oflag=direct status=none
	detach "$1" "$2"
}
marked() {
	attach "$1" "$2"
	head -c 16 "$(device "$1")" | cut -d ' ' -f 1
	detach "$1" "$2"
}
prepare() {
	liteioctl volume create a --pool fast --size 16Mi >/dev/null
	mark a 1 'then'
	liteioctl snapshot create s a >/dev/null
	mark a 2 now
}
# from the transaction on it is back
midway() {
	local want='then'

	! after rollback:catalog-pending rollback:messages agent-rollback:swept || want=now
	one_of "$(marked a 3)" "$want"
}
check() {
	[ "$(marked a 4)" = 'then' ] &&
		liteioctl volume delete a >/dev/null &&
		liteioctl snapshot delete s >/dev/null
}
interrupted "rolling back" "$(steps agent-rollback rollback)" liteioctl volume rollback a s

prepare() { :; }
check() { [ "$(j export list | jq '[.items[] | select(.ready)] | length')" = 1 ]; }
midway() { check; }
interrupted "starting" "$(steps agent-lock agent-restore)" liteioctl pool list

prepare() {
	liteioctl volume create a --pool fast --size 16Mi >/dev/null
	liteioctl export create a 7 --local >/dev/null
}
check() {
	[ -b /dev/liteio/a ] && detach a 7 && liteioctl volume delete a >/dev/null
}
midway() {
	one_of "$(j attachment list | jq -r '[.items[] | select(.generation == 7) | .state] | join(" ")') $(readlink /dev/liteio/a | wc -l)" ' 0' 'live 1'
}
interrupted "attaching" agent-attach:head attach_a

prepare() {
	liteioctl volume create a --pool fast --size 16Mi >/dev/null
	liteioctl volume attach a >/dev/null
}
# until it is written down that it has ended it is attached, and has its name again
midway() {
	local want='0 0'

	! after agent-detach || want='1 1'
	one_of "$(j volume show a | jq '.attachments | length') $(readlink /dev/liteio/a | wc -l)" "$want"
}
check() {
	[ ! -e /dev/liteio/a ] && ! dmsetup ls | grep -q "^liteio-head-$(j volume show a | jq -r .uuid)" &&
		liteioctl volume delete a >/dev/null
}
interrupted "detaching" "$(steps agent-detach agent-fence agent-unexport)" liteioctl volume detach a

prepare() {
	liteioctl volume create a --pool fast --size 16Mi >/dev/null
	liteioctl export create a 7 --host-nqn $nqn >/dev/null
}
midway() { one_of "$(j export list | jq '[.items[] | select(.volume == "a" and .ready)] | length')" 0; }
check() {
	[ ! -e "/sys/kernel/config/nvmet/subsystems/nqn.2026-11.io.liteio:$(j volume show a | jq -r .uuid):7" ] &&
		[ "$(j export list | jq '[.items[] | select(.volume == "a")] | length')" = 0 ] &&
		liteioctl volume delete a >/dev/null
}
interrupted "ending an export" "$(steps agent-fence agent-unexport)" liteioctl export delete a 7

# Pools come and go, on disks that are this node's only because the list of pools says so: the configuration names none.
export AGENT_DEVICES='[]'
second=$(readlink -f /dev/disk/by-id/virtio-second) third=$(readlink -f /dev/disk/by-id/virtio-third)
# What is told, and is nothing else that is wrong: a pool that is on a disk, or on the list, and is not open, and a disk that was
# about to be another one of a pool: nobody but who asks again can say that it holds nothing
is_well() {
	local said open

	open=$(j pool list | jq '[.items[].name] | index("wide") != null')
	said=$(j doctor) || true
	jq -e --argjson open "$open" --arg third "$third" '[.items[] | select(.severity != "info") |
		select(if $open then .check != "poolFound" or .object != $third
			else .pool != "wide" or ([.check] | inside(["poolFound", "poolMissing"]) | not) end)] == []' <<<"$said" >/dev/null ||
		{ echo "the doctor finds something: $said" >&2; return 1; }
}
known() { jq -r '[.pools[].name] | sort | join(" ")' /var/lib/liteio/pools.json; }
# what is there is ready, and in the kernel; who uses the other one does not notice
midway() {
	local all

	all=$(j pool list | jq -r '[.items[] | .name + " " + .state] | sort | join(", ")')
	one_of "$all $(dmsetup ls | grep -c '^liteio-pool-')" 'fast ready 1' 'fast ready, wide ready 2'
}
make_wide() { liteioctl pool create wide "$second" >/dev/null; }
# nothing of it is in the kernel, on the list, or on a disk
wide_is_gone() {
	local disk

	[ "$(j pool list | jq -r '[.items[].name] | join(" ")')" = fast ] && [ "$(known)" = fast ] || return 1
	[ "$(dmsetup ls | grep -c '^liteio-pool-')" = 1 ] || return 1
	for disk in $second $third; do
		! poolctl probe "$disk" >/dev/null 2>&1 || return 1
	done
}
wide_is_deleted() { liteioctl pool delete wide >/dev/null && wide_is_gone; }
prepare() { :; }
check() {
	[ "$(j pool show wide | jq -r .state)" = ready ] && [ "$(known)" = 'fast wide' ] && wide_is_deleted
}
interrupted "creating a pool" "$(steps pool-format agent-pool-create agent-pool-add)" \
	liteioctl pool create wide "$second"

prepare() { make_wide; }
check() { wide_is_gone; }
interrupted "deleting a pool" "$(steps pool-close pool-destroy agent-pool-delete)" liteioctl pool delete wide

check() {
	[ "$(known)" = fast ] && [ "$(dmsetup ls | grep -c '^liteio-pool-')" = 1 ] &&
		liteioctl pool import "$second" >/dev/null && wide_is_deleted
}
interrupted "exporting a pool" "$(steps pool-close pool-export agent-pool-export) label:one-copy" \
	liteioctl pool export wide

prepare() {
	make_wide
	liteioctl pool export wide >/dev/null
}
check() {
	[ "$(j pool show wide | jq -r .state)" = ready ] && [ "$(known)" = 'fast wide' ] && wide_is_deleted
}
interrupted "importing a pool" "$(steps pool-import agent-pool-add)" liteioctl pool import "$second"

prepare() { make_wide; }
check() {
	[ "$(j pool show wide | jq -c .moreDevices)" = "[\"$third\"]" ] &&
		[ "$(j pool show wide | jq .dataBytes)" -gt $((128 << 20)) ] && wide_is_deleted
}
# nothing that only the agent knows follows from it: these are all its steps
interrupted "growing a pool" "$(steps pool-grow label)" liteioctl pool grow wide --add "$third"

# what this one has no second node, no broken metadata, no plug and no missing disk for
elsewhere() {
	local step test=$1

	shift
	for step; do
		[[ "$(agent_steps)" == *"$step"* ]] || fail "there is no step $step"
		killed_in "$test" "$step"
		echo "$step" >>/run/killed
	done
}
none_is_forgotten() {
	local left

	elsewhere agent-remote agent-attach:gate agent-attach:connected agent-resize:sized
	elsewhere agent-remote agent-release:unpublished agent-release:head agent-release:disconnected
	elsewhere agent-doctor agent-mend:floor agent-mend:head agent-mend:fenced agent-mend:done
	elsewhere agent-no-module agent-module:loaded
	elsewhere agent-repair agent-repair:begun agent-repair:let-go
	elsewhere agent-places agent-place:head agent-place:enabled agent-place:linked agent-fill:head agent-fill:group
	elsewhere agent-replug agent-replug:ended agent-replug:dropped
	# the engine's are pool-kill's, which has them from poolctl
	left=$(agent_steps | { grep -vxFf <(cat /run/killed; poolctl steps) || true; })
	[ -z "$left" ] || fail "steps that nothing was killed at: $left"
	left=$(agent_steps | { grep '^agent-' || true; } | { grep -vxFf /run/killed || true; })
	[ -z "$left" ] || fail "steps of the agent that nothing was killed at: $left"
	ok "no step of the agent was forgotten"
}
[ $# != 0 ] || none_is_forgotten

kill -TERM $writer
wait $writer || true
cat /run/writer
grep -q 'failed 0' /run/writer || fail "the writer got errors"
stampwriter verify "/dev/liteio/$busy" 1 256 /run/stamps || fail "acknowledged writes are lost"
ok "who used a volume meanwhile did not notice"

liteioctl attachment delete "$busy" 1 >/dev/null
liteioctl export delete busy 1 >/dev/null
liteioctl volume delete busy >/dev/null
[ "$(j pool show fast | jq .dataUsedBytes)" = "$empty" ] || fail "space is lost"
doctor_is_silent
agent_stop
