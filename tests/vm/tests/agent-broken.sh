#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Disks that break below a running agent, under its label, its catalog, its metadata and its data: reads and writes fail, or
# only writes, or what is written is lost and nobody is told, or nothing is answered. The pool says what has become of it, as
# soon as somebody meets with that, and not when he asks again; another pool is served as ever meanwhile; a filesystem on the
# sick one has all that it was told is written; and the way back is the one that is promised. Then a disk of two that fails,
# a power cut of a disk that has lied: what is found out, and what can not be; an export that can not be written down; and a
# disk that reads other bytes than were written, or has never written them.
# Of the other classes, a linear volume's extent and the disk of the reserve break. What the pool's state is /metrics says, too.
# With arguments, only that ("agent-broken.sh 'meta hang' export classes pair lies garbled unseen").
# vm: kernels=6.12 disks=pool=320M,other=256M,first=96M timeout=1800 smp=2 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/broken.sh
. "$LITEIO_TOP/tests/vm/lib/broken.sh"
# shellcheck source=tests/vm/lib/disks.sh
. "$LITEIO_TOP/tests/vm/lib/disks.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/snapshots.sh
. "$LITEIO_TOP/tests/vm/lib/snapshots.sh"
# shellcheck source=tests/vm/lib/scrape.sh
. "$LITEIO_TOP/tests/vm/lib/scrape.sh"

export AGENT_METRICS=unix://$METRICS_SOCKET
EVENTS=/run/events

# within SECONDS COMMAND...: whatever becomes of it, it ends by then
within() {
	local rc=0

	timeout $((3 * $1 * ${LITEIO_SLOW:-1})) "${@:2}" || rc=$?
	[ $rc != 124 ] || fail "${*:2} has not ended within $1 s"
	return $rc
}

pool() { within 30 liteioctl -o json pool show fast | jq -r ".$1 // \"\""; }
is_state() { [ "$(pool state)" = "$1" ]; }

# "mark", and said PATTERN: the agent says so by itself, of the sick pool, after the mark
mark() { marked=$(wc -l <$EVENTS); }
is_said() { tail -n +$((marked + 1)) $EVENTS | grep '"poolChanged"' | grep '"fast"' | grep -q -- "$1"; }
said() { until_true 30 is_said "$1" || fail "nobody says \"$1\": $(tail -n +$((marked + 1)) $EVENTS)"; }

# in /metrics, of all its states
state_is_told() {
	scrape
	one_of liteio_pool_state fast "$1" ready noSpace readOnly failed
	one_of liteio_pool_state quick ready ready noSpace readOnly failed
}

# place WORD: where that is on the sick disk: first sector, sectors
place() {
	local uuid

	uuid=$(j pool show fast | jq -r .uuid)
	case $1 in
	label) echo 8 8 ;;
	catalog) echo 2048 4096 ;;
	meta) dmsetup table "liteio-tmeta-$uuid" | awk '{ print $5, $2 }' ;;
	data) dmsetup table "liteio-tdata-$uuid" | awk '{ print $5, $2 }' ;;
	rmeta | rdata) dmsetup table "liteio-$1-$uuid" | awk '{ print $5, $2 }' ;;
	linear) dmsetup table "liteio-linear-$(j volume show linear | jq -r .uuid)" | awk '{ print $5, $2 }' ;;
	esac
}

# the other pool, whatever becomes of this one: everything that is done with a volume, with an end
healthy=0
well() {
	local dev v=w$((++healthy))

	within 30 liteioctl volume create $v --pool quick --size 8Mi >/dev/null
	within 30 liteioctl volume attach $v >/dev/null
	dev=$(device $v)
	within 30 dd if=/run/pattern of="$dev" bs=1M oflag=direct conv=fsync status=none
	within 30 liteioctl snapshot create s$v $v >/dev/null
	within 30 cmp -n 4M /run/pattern "$dev" || fail "the other pool's volume has other data"
	[ "$(within 30 liteioctl -o json volume fence $v --floor 1000 | jq .drained)" = true ] || fail "a fence did not drain"
	! dd if=/run/pattern of="$dev" bs=4096 count=1 oflag=direct conv=nocreat,notrunc status=none 2>/dev/null ||
		fail "what is fenced was written"
	within 30 liteioctl volume detach $v >/dev/null
	within 30 liteioctl snapshot delete s$v >/dev/null
	within 30 liteioctl volume delete $v >/dev/null
	[ "$(within 30 liteioctl -o json pool show quick | jq -r .state)" = ready ] || fail "the other pool: $(j pool show quick)"
}

# ---- the filesystem on the sick pool ----

mount_a() {
	mount /dev/liteio/a /mnt/a
}
# all that was acknowledged is there, once
check_a() {
	local n

	# an aborted journal is replayed by whoever looks first
	fsck.ext4 -fp /dev/liteio/a >/run/fsck 2>&1 || [ $? -le 1 ] || fail "the filesystem is damaged: $(cat /run/fsck)"
	mount_a
	[ "$(sum /mnt/a/base)" = "$base" ] || fail "what was there before the fault is another one"
	n=$(awk '$1 + 0 != NR || length($0) != 15 { exit } { n = NR } END { print n + 0 }' /mnt/a/log)
	[ "$n" -ge "$(acknowledged)" ] || fail "$(acknowledged) was acknowledged, and the file ends with $n"
}
writer_is_gone() { ! kill -0 "$writer_pid" 2>/dev/null; }

# the volume as it is with the fault: it goes on, fails, or waits
expect_io() {
	local n

	n=$(acknowledged)
	case $1 in
	goes) until_true 60 writer_goes_on "$n" ;;
	fails) until_true 60 writer_is_gone ;;
	waits)
		! writer_is_gone || fail "the writer has got an error"
		# one may have been under way
		[ "$n" -le $((held + 1)) ] || fail "$((n - held)) were acknowledged by a disk that hangs"
		;;
	esac
}

# a block of b that it has not had yet
block=0
new_block() { within 60 dd if=/run/pattern of=/dev/liteio/b bs=1M count=1 seek=$block oflag=direct conv=fsync status=none; }

# somebody meets with the fault: the metadata are needed for a new block, all else for a new volume
provoke() {
	local place=$1 kind=$2

	block=$((block + 1))
	case $place.$kind in
	meta.hang)
		new_block &
		meets=$!
		# the kernel is asked, and waits for its metadata: so does whoever makes something
		liteioctl volume create x --pool fast --size 4Mi >/run/x 2>&1 &
		;;
	meta.*) ! new_block 2>/dev/null || fail "a new block was given out without metadata" ;;
	*.hang)
		liteioctl volume create x --pool fast --size 4Mi >/run/x 2>&1 &
		meets=$!
		;;
	*) within 60 liteioctl volume create x --pool fast --size 4Mi >/run/x 2>&1 || true ;;
	esac
}

# round PLACE KIND STATE REASON IO BACK: back by itself, by "doctor --fix", or by a repair
round() {
	local place=$1 kind=$2 state=$3 reason=$4 io=$5 back=$6 where

	wanted "$place $kind" || return 0
	begin_writer /mnt/a
	read -ra where <<<"$(place "$place")"
	mark
	under_load "${where[@]}" "$kind"
	held=$(acknowledged)
	provoke "$place" "$kind"
	[ "$reason" = - ] || said "$reason"
	is_state "$state" || fail "$place $kind: the pool is $(pool state), not $state: $(pool reason)"
	[ "$reason" = - ] || pool reason | grep -q -- "$reason" || fail "$place $kind: the reason is $(pool reason)"
	[ "$reason" != 'catalog can not be written' ] || grep -q 'the catalog was not written' /run/x ||
		fail "who met with it was told $(cat /run/x)"
	state_is_told "$state"
	expect_io "$io"
	well
	[ "$state.$place" = ready.data ] || [ "$place.$kind" = label.lies ] ||
		! (doctor_is_silent) 2>/dev/null || fail "the doctor finds nothing"
	[ "$io" != waits ] || expect_io waits
	[ "$back" != fix ] || lies_are_found
	mark
	under_heal
	[ "$io" != waits ] || wait "$meets" || fail "what hung did not end well: $(cat /run/x)"
	way_back "$io" "$back" "$reason"
	ok "$place, $kind: $state, ${reason/#-/nothing to say}; the volume $io; back: $back"
}

lies_are_found() {
	local said

	# it ends with an error when there is one
	said=$(j doctor 2>/dev/null) || true
	jq -e '[.items[] | select(.check == "catalogCopy" and .severity == "error")] != []' <<<"$said" >/dev/null ||
		fail "a catalog that is not on the disk is not found: $said"
	! within 60 liteioctl doctor --fix >/run/doctor 2>&1 || fail "it was mended on a disk that lies: $(cat /run/doctor)"
}

way_back() {
	local io=$1 back=$2 reason=$3

	case $back in
	self) [ "$reason" = - ] || said 'ready again' ;;
	fix) within 60 liteioctl doctor --fix >/run/doctor 2>&1 || fail "doctor --fix: $(cat /run/doctor)" ;;
	esac
	if [ "$io" = fails ]; then
		wait "$writer_pid" && fail "the writer has got no error"
	else
		until_true 60 writer_goes_on "$(acknowledged)"
		end_writer
	fi
	umount /mnt/a
	if [ "$back" = repair ]; then
		[ "$(within 120 liteioctl -o json pool repair fast | jq '.lostBytes + .lostVolumes')" = 0 ] || fail "a repair loses something"
	fi
	is_state ready || fail "after the way back the pool is $(pool state): $(pool reason)"
	check_a
	within 60 liteioctl volume delete x >/dev/null 2>&1 || true
	within 60 liteioctl volume create x --pool fast --size 4Mi >/dev/null
	block=$((block + 1))
	new_block
	within 60 liteioctl volume delete x >/dev/null
	doctor_is_silent
}

# nothing ends that waits for a disk
at_end() {
	local rc=$?

	dmsetup resume hung >/dev/null 2>&1 || true
	(exit $rc) || test_end
}
trap at_end EXIT

under_make "$DISK" 2048
head -c 4M /dev/urandom >/run/pattern
agent_start
liteioctl events --follow -o json >$EVENTS 2>&1 &
liteioctl pool create fast $UNDER >/dev/null
liteioctl pool create quick /dev/disk/by-id/virtio-other >/dev/null
liteioctl volume create a --pool fast --size 24Mi >/dev/null
liteioctl volume create b --pool fast --size 64Mi >/dev/null
liteioctl volume attach a >/dev/null
liteioctl volume attach b >/dev/null
# every block is there: what it needs the metadata for is over
dd if=/dev/zero of=/dev/liteio/a bs=1M oflag=direct conv=fsync status=none 2>/dev/null || true
mkfs.ext4 -q -E nodiscard,lazy_itable_init=0,lazy_journal_init=0 /dev/liteio/a
mount_a
cp /run/pattern /mnt/a/base
sync -f /mnt/a
base=$(sum /run/pattern)
well
doctor_is_silent
ok "two pools, a filesystem on the one that will be sick"

# "writes" fails flushes, too: of those that come with data device-mapper drops the error, so a filesystem whose own writes
# succeed goes on
# A flush of the disk waits for all of it, also for a label that nobody wants.
#     place   kind   state    reason                        volume back
round label   hang   failed   'may not answer'              waits self
round label   all    ready    -                             goes  self
round label   lies   ready    -                             goes  self
round label   writes readOnly 'catalog can not be written'  goes  self
round catalog all    readOnly 'catalog can not be written'  goes  self
round catalog writes readOnly 'catalog can not be written'  goes  self
round catalog lies   ready    -                             goes  fix
round catalog hang   failed   'may not answer'              waits self
round meta    all    failed   'pool repair fast'            fails repair
round meta    writes readOnly 'pool repair fast'            goes  repair
round meta    hang   failed   'may not answer'              waits self
round data    all    ready    -                             fails self
round data    writes readOnly 'catalog can not be written'  fails self
round data    hang   failed   'may not answer'              waits self

# ---- the other classes ----

# put VOLUME MIB: the pattern's first there
put() { within 60 dd if=/run/pattern of="/dev/liteio/$1" bs=1M count=1 seek="$2" oflag=direct conv=fsync,notrunc status=none; }

# class_round PLACE KIND VOLUME STATE REASON: only that volume has errors, and they are counted; the others are written as ever,
# where they have blocks and where not; once the disk is well, and the pool repaired when it says so, all is there
class_round() {
	local where v failed

	read -ra where <<<"$(place "$1")"
	block=$((block + 1))
	mark
	under_load "${where[@]}" "$2"
	! put "$3" $block 2>/dev/null || fail "$1, $2: $3 was written"
	[ "$5" = - ] || said "$5"
	is_state "$4" || fail "$1 $2: the pool is $(pool state), not $4: $(pool reason)"
	[ "$5" = - ] || pool reason | grep -q -- "$5" || fail "$1 $2: the reason is $(pool reason)"
	for v in thin reserved linear; do
		[ $v != "$3" ] || continue
		put $v 0 && put $v $block && c_like $v || fail "$1, $2: $v can not be written, or has other data"
	done
	state_is_told "$4"
	failed=$(j stats "$3" | jq '.items[] | select(.class == "write") | .errors')
	[ "$failed" -gt 0 ] || fail "$1, $2: no error is counted: $(j stats "$3")"
	has "$failed" liteio_io_errors_total class=write "volume=$3"
	has 0 liteio_io_errors_total class=write volume=thin
	[ "$4" = ready ] || j doctor 2>/dev/null >/run/doctor || true
	[ "$4" = ready ] || jq -e --arg why "$5" '.items[] | select(.check == "poolState" and (.sentence | contains($why)))' /run/doctor >/dev/null ||
		fail "$1, $2: the doctor does not say why: $(cat /run/doctor)"
	well
	under_heal
	[ "$4" = ready ] || [ "$(within 120 liteioctl -o json pool repair fast | jq '.lostBytes + .lostVolumes')" = 0 ] ||
		fail "$1, $2: a repair loses something"
	is_state ready || fail "$1, $2: after the way back the pool is $(pool state): $(pool reason)"
	for v in thin reserved linear; do
		put $v $block && c_like $v || fail "$1, $2: $v has other data"
	done
	doctor_is_silent
	pool_agrees fast
	ok "$1, $2: $4, ${5/#-/nothing to say}; $3 has errors, nobody else has, and all is there"
}
c_like() { within 60 cmp -n 4M /run/pattern "/dev/liteio/$1"; }

classes() {
	local v

	block=4
	liteioctl pool create fast $UNDER --force --linear 32Mi --reserved 32Mi >/dev/null
	for v in thin reserved linear; do
		liteioctl volume create $v --pool fast --size 16Mi --class $v >/dev/null
		liteioctl volume attach $v >/dev/null
		dd if=/run/pattern of=/dev/liteio/$v bs=1M oflag=direct conv=fsync status=none
	done
	doctor_is_silent
	#           place  kind   volume   state    reason
	class_round linear all    linear   ready    -
	class_round rdata  all    reserved ready    -
	class_round rmeta  all    reserved failed   'has given the reserve up'
	for v in thin reserved linear; do
		liteioctl volume detach $v >/dev/null
		liteioctl volume delete $v >/dev/null
	done
	liteioctl pool delete fast >/dev/null
}

# ---- one disk of two ----

is_open() { j pool show "$1" | jq -e '.state == "ready"'; }

# it is closed, and then it can not be written that it is: what was begun is taken back
export_fails() {
	local where

	read -ra where <<<"$(place catalog)"
	under_load "${where[@]}" all
	! within 60 liteioctl pool export fast >/run/x 2>&1 || fail "a pool whose catalog can not be written was exported"
	grep -q 'the catalog was not written' /run/x || fail "who wanted to export it was told $(cat /run/x)"
	is_state readOnly || fail "the pool is $(pool state): $(pool reason)"
	well
	under_heal
	is_state ready || fail "the pool is $(pool state): $(pool reason)"
	within 60 liteioctl volume create x --pool fast --size 4Mi >/dev/null
	within 60 liteioctl volume delete x >/dev/null
	doctor_is_silent
	ok "an export that can not be written down: the pool stays, and is as it was"
}

leave_fast() {
	umount /mnt/a
	for v in a b; do
		liteioctl volume detach $v >/dev/null
	done
	! wanted export || export_fails
	for v in a b; do
		liteioctl volume delete $v >/dev/null
	done
	liteioctl pool delete fast >/dev/null
}

settle() { udevadm settle; }
# the other one fails wherever it is read or written, or is well again: + or -
second() { echo "${1}0-$(($(blockdev --getsz /dev/nullb0) - 1))" >/sys/kernel/config/nullb/nullb0/badblocks; }

pair() {
	local want

	# a part of a pool is a disk, not what lies over one
	null_disk 0 size=120 memory_backed=1 discard=1
	liteioctl pool create pair /dev/disk/by-id/virtio-first >/dev/null
	liteioctl pool grow pair --add /dev/nullb0 >/dev/null
	liteioctl volume create long --pool pair --size 128Mi >/dev/null
	liteioctl volume attach long >/dev/null
	(set +o pipefail; yes long | head -c 128M) | dd of=/dev/liteio/long bs=1M iflag=fullblock oflag=direct conv=fsync status=none
	want=$(sum /dev/liteio/long)
	second +
	! within 60 dd if=/dev/liteio/long bs=1M skip=96 iflag=direct of=/dev/null status=none 2>/dev/null ||
		fail "the second disk is gone, and all of the volume can be read"
	within 60 dd if=/dev/liteio/long bs=1M count=16 iflag=direct of=/dev/null status=none
	(set +o pipefail; yes long | head -c 4M) | within 60 dd of=/dev/liteio/long bs=1M iflag=fullblock oflag=direct conv=fsync,notrunc status=none
	within 60 liteioctl volume create y --pool pair --size 4Mi >/dev/null
	! (doctor_is_silent) 2>/dev/null || fail "a disk of two is gone, and the doctor finds nothing"
	well
	ok "one disk of two: what lies on the other one goes on, the doctor says it"

	agent_stop
	agent_start
	refused 'no such pool' liteioctl pool show pair
	! (doctor_is_silent) 2>/dev/null || fail "a pool is missing, and the doctor finds nothing"
	within 60 dd if=/dev/liteio/long bs=1M count=16 iflag=direct of=/dev/null status=none
	well
	second -
	# nobody says that a disk is well again: it is asked for
	is_open pair >/dev/null 2>&1 || liteioctl pool import /dev/disk/by-id/virtio-first >/dev/null
	is_open pair >/dev/null || fail "the pool is $(j pool show pair)"
	[ "$(sum /dev/liteio/long)" = "$want" ] || fail "the volume has other data"
	liteioctl volume show y >/dev/null
	for v in long y; do
		[ $v = y ] || liteioctl volume detach $v >/dev/null
		liteioctl volume delete $v >/dev/null
	done
	liteioctl pool delete pair >/dev/null
	doctor_is_silent
	ok "an agent that starts meanwhile has no such pool, and takes nothing away; imported, all is there"
}

# ---- a disk that lies, and loses its power ----

# lie PLACE, then power_cut: what was said to be written there is not
lie() {
	local where

	read -ra where <<<"$(place "$1")"
	under_load "${where[@]}" lies
}
power_cut() {
	agent_kill
	crash
	rmmod liteio
	under_heal
	agent_start
}
# nothing brings such a pool back: what can be read is taken elsewhere, and the disk is wiped
wipe() {
	agent_stop
	crash
	dd if=/dev/zero of=$UNDER bs=1M count=1 oflag=direct conv=fsync status=none
	dd if=/dev/zero of=$UNDER bs=4096 seek=$((under_size / 8 - 256)) count=256 oflag=direct conv=fsync status=none 2>/dev/null || true
	agent_start
	liteioctl pool delete fast >/dev/null
}
c_is() { within 60 cmp -n 4M "$1" /dev/liteio/c; }

new_pool() {
	liteioctl pool create fast $UNDER --force >/dev/null
	liteioctl volume create c --pool fast --size 16Mi >/dev/null
	liteioctl volume attach c >/dev/null
	dd if=/run/pattern of=/dev/liteio/c bs=1M oflag=direct conv=fsync status=none
}

leave_c() {
	liteioctl volume detach c >/dev/null
	liteioctl volume delete c >/dev/null
	liteioctl pool delete fast >/dev/null
}

is_found_out() {
	is_state readOnly || fail "the pool is $(pool state): $(pool reason)"
	pool reason | grep -q 'transaction' || fail "the reason is $(pool reason)"
	c_is /run/pattern || fail "what was there before the lie is another one"
	refused 'not modified' liteioctl volume create e --pool fast --size 4Mi
	refused 'transaction' liteioctl pool repair fast --force
	! within 60 liteioctl doctor >/run/doctor 2>&1 || fail "the doctor finds nothing"
}

# a snapshot, and no volume: of that the metadata know nothing before it is used
lies() {
	new_pool
	lie meta
	liteioctl snapshot create d c >/dev/null
	power_cut
	is_found_out
	wipe
	ok "metadata that are older than the catalog: found out, read-only"

	new_pool
	lie catalog
	liteioctl snapshot create d c >/dev/null
	power_cut
	is_found_out
	wipe
	ok "a catalog that is older than the metadata: found out, read-only"

	new_pool
	lie catalog
	[ "$(j volume fence c --floor 7 | jq .drained)" = true ]
	lies_are_found
	power_cut
	is_state ready
	[ "$(j volume show c | jq .floor)" -lt 7 ] || fail "nothing was lost: nothing is shown"
	ok "a floor that was lost: as long as the agent lives the doctor finds it out, after the power cut nobody does"

	lie meta
	dd if=/run/pattern of=/dev/liteio/c bs=1M seek=8 oflag=direct conv=fsync status=none
	power_cut
	is_state ready
	c_is /run/pattern || fail "what was there before the lie is another one"
	[ "$(dd if=/dev/liteio/c bs=1M skip=8 count=4 iflag=direct status=none | tr -d '\0' | wc -c)" = 0 ] ||
		fail "nothing was lost, or another volume's data is shown"
	ok "blocks that were lost: zeros, and nobody finds it out"
	doctor_is_silent
}

# ---- a disk that gives back other data than were written, or never wrote them, and says nothing ----

# nobody has read before what is read from now on
forget() {
	echo 0 >/sys/module/dm_bufio/parameters/retain_bytes
	echo 3 >/proc/sys/vm/drop_caches
}

# dm-thin knows its own blocks by their checksums. Of those it only reads to find a volume's block it says nothing but to
# whoever asked for that; of those it needs for a change the pool says so
is_noticed() {
	forget
	block=$((block + 1))
	within 60 dd if=/run/pattern of=/dev/liteio/c bs=1M count=1 seek=$((4 + block % 12)) oflag=direct conv=fsync status=none || true
	within 60 liteioctl volume create x --pool fast --size 4Mi >/dev/null 2>&1 || true
	within 60 liteioctl volume attach x >/dev/null 2>&1 &&
		{ within 60 dd if=/run/pattern of=/dev/liteio/x bs=1M count=1 oflag=direct conv=fsync status=none || true; }
	within 60 liteioctl volume detach x >/dev/null 2>&1 || true
	within 60 liteioctl volume delete x >/dev/null 2>&1 || true
	! is_state ready
}

garbled_meta() {
	local where

	new_pool
	read -ra where <<<"$(place meta)"
	under_load "${where[@]}" garbles
	until_true 60 is_noticed
	garbled=$(pool state)
	[ "$garbled" = failed ] || [ "$garbled" = readOnly ] || fail "the pool is $garbled: $(pool reason)"
	pool reason | grep -q 'pool repair fast' || fail "the reason is $(pool reason)"
	well
	! (doctor_is_silent) 2>/dev/null || fail "metadata that are other ones, and the doctor finds nothing"
	under_heal
	[ "$(within 120 liteioctl -o json pool repair fast | jq '.lostBytes + .lostVolumes')" = 0 ] || fail "a repair loses something"
	is_state ready || fail "after a repair the pool is $(pool state): $(pool reason)"
	c_is /run/pattern || fail "what was there before is another one"
	within 60 liteioctl volume delete x >/dev/null 2>&1 || true
	doctor_is_silent
	ok "metadata that are read as other ones: found out by their checksums, $garbled, and nothing is lost"
}

# Data have no checksum: what a disk makes of them nobody below the filesystem can know. All that can be shown is that
# nothing else takes part in it.
unseen() {
	is_state ready || fail "the pool is $(pool state): $(pool reason)"
	within 60 liteioctl volume create x --pool fast --size 4Mi >/dev/null
	# not of c: what is written to it later would go to other blocks, and no old data be there
	within 60 liteioctl snapshot create y x >/dev/null
	within 60 liteioctl snapshot delete y >/dev/null
	within 60 liteioctl volume delete x >/dev/null
	well
	doctor_is_silent
}

data_of_c() { within 60 dd if=/dev/liteio/c bs=1M count=4 iflag=direct status=none | cmp -s - "$1"; }

lying_data() {
	local where

	new_pool
	read -ra where <<<"$(place data)"
	(set +o pipefail; yes lost | head -c 4M) >/run/lost
	under_load "${where[@]}" garbles
	! data_of_c /run/pattern || fail "nothing was read as another one: nothing is shown"
	unseen
	under_heal
	data_of_c /run/pattern || fail "what was read wrong has become wrong"
	ok "data that are read as other ones: nobody finds it out, and nobody else suffers"

	under_load "${where[@]}" lies
	within 60 dd if=/run/lost of=/dev/liteio/c bs=1M oflag=direct conv=fsync,notrunc status=none || fail "a disk that lies says that it fails"
	data_of_c /run/pattern || fail "nothing was lost: nothing is shown"
	unseen
	under_heal
	data_of_c /run/pattern || fail "what a disk has never written is there"
	within 60 dd if=/run/lost of=/dev/liteio/c bs=1M oflag=direct conv=fsync,notrunc status=none
	data_of_c /run/lost || fail "it does not write again"
	is_state ready || fail "the pool is $(pool state): $(pool reason)"
	doctor_is_silent
	ok "data that were never written: nobody finds it out, nobody else suffers, and what is written later is there"
}

leave_fast
! wanted classes || classes
! wanted pair || pair
if wanted lies; then
	lies
	leave_c
fi
if wanted garbled; then
	garbled_meta
	leave_c
fi
if wanted unseen; then
	lying_data
	leave_c
fi
