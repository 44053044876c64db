#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Long work goes on as an operation: without whoever asked for it, watched, joined by who asks for the same, told as
# events, drawn on a terminal alone, unmoved by a clock that jumps; one that is cut short by a kill can be asked for
# again. A pool whose disk hangs and hundreds of requests that wait for it keep nobody from being heard.
# vm: kernels=6.12 disks=pool=512M,other=256M timeout=600 mem=1G needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/snapshots.sh
. "$LITEIO_TOP/tests/vm/lib/snapshots.sh"

sock=/run/liteio/agent.sock
size=$(($(blockdev --getsz "$DISK") - 4096))
# so many slices are zeroed, one after the other, of 64 MiB each
LINEAR=256Mi
LINEAR_BYTES=$((256 << 20))

# every write of the disk below takes so many milliseconds; none: as quick as it is
writes_take() {
	local table="0 $size linear $DISK 2048"

	[ "$1" = 0 ] || table="0 $size delay $DISK 2048 0 $DISK 2048 $1"
	dmsetup load under --table "$table"
	dmsetup suspend --nolockfs under
	dmsetup resume under
}

operation() { j operation list | jq -c "first(.items[] | select(.object == \"$1\" and .state == \"${2:-running}\"))"; }
is_told() { [ -n "$(operation "$@")" ]; }
# of the running operation on a volume
uuid_of() { operation "$1" | jq -r .uuid; }
has_got_on() { [ "$(j operation show "$1" | jq '.doneBytes > 0 and .doneBytes < .totalBytes')" = true ]; }
nothing_runs() { [ "$(j operation list | jq '[.items[] | select(.state == "running")] | length')" = 0 ]; }

modprobe dm-mod
modprobe dm-delay
dmsetup create under --table "0 $size linear $DISK 2048"
trap 'dmsetup resume under' EXIT
agent_start
liteioctl pool create slow /dev/mapper/under --linear 320Mi >/dev/null
liteioctl pool create quick /dev/disk/by-id/virtio-other >/dev/null
liteioctl volume create b --pool quick --size 16Mi >/dev/null
j events --follow >/run/events 2>/run/events.err &
events=$!
until_true 60 grep -q '"begin"' /run/events

# ---- without whoever asked ----

writes_take 2000
curl -s -m 1 --unix-socket $sock -o /run/said -d '{"name":"l","pool":"slow","class":"linear","sizeBytes":"'$LINEAR'"}' \
	http://x/v1/volumes && fail "there was an answer: $(cat /run/said)"
until_true 30 is_told l
first=$(uuid_of l)
[ "$(j operation show "$first" | jq -c '[.verb, .object, .pool, .state]')" = '["volume create","l","slow","running"]' ] ||
	fail "$(j operation show "$first")"
until_true 60 has_got_on "$first"
ok "it goes on without whoever asked, and says how far it is"

again=$(j volume create l --pool slow --class linear --size $LINEAR --no-wait | jq -r .uuid)
[ "$again" = "$first" ] || fail "the same request is $again, not $first"
refused 'exists with' liteioctl volume create l --pool slow --class linear --size 192Mi
[ "$(curl -s -m 60 --unix-socket $sock http://x/healthz)" = ok ] || fail "the agent is not well"
liteioctl operation wait "$first" >/run/waited 2>&1 || fail "$(cat /run/waited)"
grep -q 'done' /run/waited || fail "$(cat /run/waited)"
! grep -q '%' /run/waited || fail "progress was shown in a pipe"
[ "$(j operation show "$first" | jq -r .result.name)" = l ] || fail "$(j operation show "$first")"
[ "$(j volume create l --pool slow --class linear --size $LINEAR | jq -r .state)" = ready ] || fail "$(j volume show l)"
[ "$(j operation list | jq '[.items[] | select(.object == "l" and .state == "done")] | length')" = 1 ] ||
	fail "it was begun more than once: $(j operation list)"
ok "the same request joins it, and is answered like it when it is over"

# ---- told ----

writes_take 0
liteioctl volume delete l >/dev/null
said() { jq -r 'select(.type == "'"$1"'") | .name' /run/events | grep -qx "$2"; }
for e in 'volumeCreated l' 'operationBegun l' 'operationDone l' 'volumeRemoved l' 'spaceFreed slow'; do
	# shellcheck disable=SC2086 # two words
	until_true 30 said $e
done
freed() { jq -r 'select(.type == "spaceFreed") | .name' /run/events | wc -l; }
freed_again() { [ "$(freed)" -gt "$before" ]; }
before=$(freed)
liteioctl volume create never --pool slow --size 16Mi >/dev/null
[ "$(j volume show never | jq -r '[.neverUsed, .allocatedBytes // 0] | join(" ")')" = 'true 0' ] || fail "$(j volume show never)"
liteioctl volume delete never >/dev/null
until_true 30 freed_again
attach b 1
until_true 30 grep -q '"attachmentBound"' /run/events
detach b 1
kill $events
wait $events || true
ok "what happens to volumes, operations and space is told beside what the module knows"

# ---- on a terminal ----

writes_take 2000
script -qec "liteioctl volume create m --pool slow --class linear --size $LINEAR" /dev/null >/run/seen </dev/null &
seen=$!
until_true 30 is_told m
liteioctl volume create m --pool slow --class linear --size $LINEAR >/run/piped 2>&1 || fail "$(cat /run/piped)"
wait $seen || fail "$(cat /run/seen)"
grep -q '\[#* *\] *[0-9]*%.* left' /run/seen || fail "no progress was shown: $(cat /run/seen)"
grep -q 'ready' /run/seen || fail "the volume was not shown: $(cat /run/seen)"
grep -q 'ready' /run/piped || fail "the volume was not shown: $(cat /run/piped)"
! grep -q '%' /run/piped || fail "progress was shown in a pipe"
script -qec "liteioctl volume delete m --wipe zero" /dev/null >/run/seen </dev/null || fail "$(cat /run/seen)"
grep -q '\[#* *\] *[0-9]*%.* left' /run/seen || fail "no progress of a deletion was shown: $(cat /run/seen)"
grep -q 'deleted' /run/seen || fail "the end of the deletion was not shown: $(cat /run/seen)"
[ "$(j deletion list | jq '.items | length')" = 0 ] || fail "it was not waited for: $(j deletion list)"
[ "$(j pool show slow | jq .linearUsedBytes)" = 0 ] || fail "its space did not come back: $(j pool show slow)"
ok "progress is for terminals, of what is made and of what is deleted"

# ---- the clock jumps while something goes on ----

now=$(date +%s)
# jump WHAT...: ten years forward and twenty back, after each of which the jobs that are named still run
jump() {
	local to job

	for to in $((now + 400000000)) $((now - 400000000)); do
		date -s "@$to" >/dev/null
		for job; do
			kill -0 "$job" || fail "the clock was set to $to, and something has ended: $(cat /run/jumped)"
		done
	done
}
# less than five minutes, by the clock that does not jump
is_sane() { [ "$1" -ge "${2:-0}" ] && [ "$1" -lt $((300000 * ${LITEIO_SLOW:-1})) ]; }

writes_take 5000
made=$(j volume create t --pool slow --class linear --size $LINEAR --no-wait | jq -r .uuid)
liteioctl operation wait "$made" >/run/jumped 2>&1 &
waits=$!
until_true 60 has_got_on "$made"
jump $waits
wait $waits || fail "who waited was told: $(cat /run/jumped)"
is_sane "$(j operation show "$made" | jq .tookMs)" || fail "it took: $(j operation show "$made")"
[ "$(j volume show t | jq -r .state)" = ready ] || fail "$(j volume show t)"
writes_take 0
ok "the clock may jump while a volume is zeroed and its end is waited for"

# a read that ends when it is let go: a disk below is suspended for that. Only the volume's: a catalog that can not be
# read is not written, either
reads_hang() {
	local len=$((LINEAR_BYTES / 512)) at

	at=$(dmsetup table | awk -v len=$len '$3 == len && $4 == "linear" { print $6; exit }')
	dmsetup load under <<-END
		0 $at linear $DISK 2048
		$at $len delay $DISK $((at + 2048)) 600000 $DISK $((at + 2048)) 0
		$((at + len)) $((size - at - len)) linear $DISK $((at + len + 2048))
	END
	dmsetup suspend --nolockfs under
	# udev looks what is on it, and that hangs, too
	dmsetup resume --noudevsync under
}
# fence FLOOR TIMEOUT: with a read in flight, as job $fence, until its gate is closed
fence() {
	liteioctl volume attach t >/dev/null
	# who looks what is on it has looked
	udevadm settle
	reads_hang
	dd if=/dev/liteio/t of=/dev/null bs=4096 count=1 iflag=direct 2>/dev/null &
	reads=$!
	until_true 60 reads_hold
	j volume fence t --floor "$1" --timeout "$2" >/run/jumped 2>&1 &
	fence=$!
	until_true 60 gate_is_closed
}
t=$(j volume show t | jq -r .uuid)
gates() { j module attachments | jq -c --arg t "$t" '[.items[] | select(.uuid == $t)]'; }
reads_hold() { [ "$(gates | jq '[.[].inflight] | add // 0')" -gt 0 ]; }
gate_is_closed() { [ "$(gates | jq '[.[] | select(.state == "open")] | length')" = 0 ]; }
let_go() {
	writes_take 0
	wait $reads || true
	liteioctl volume detach t >/dev/null
}

fence 2 60000
jump $fence $reads
writes_take 0
wait $fence || fail "the fence: $(cat /run/jumped)"
[ "$(jq -c '[.floor, .drained]' /run/jumped)" = '[2,true]' ] || fail "the fence: $(cat /run/jumped)"
is_sane "$(jq .waitedMs /run/jumped)" || fail "the fence: $(cat /run/jumped)"
let_go
fence 100 2000
jump $reads
wait $fence || true
[ "$(jq .drained /run/jumped)" = false ] || fail "nothing has drained: $(cat /run/jumped)"
is_sane "$(jq .waitedMs /run/jumped)" 2000 || fail "the fence: $(cat /run/jumped)"
kill -0 $reads || fail "the read has ended, and the fence was not to wait for it"
let_go
date -s "@$now" >/dev/null
liteioctl volume delete t >/dev/null
ok "the clock may jump while a fence waits: it waits no longer than it was told, and no shorter"

# ---- cut short ----

writes_take 2000
cut=$(j volume create k --pool slow --class linear --size $LINEAR --no-wait | jq -r .uuid)
until_true 60 has_got_on "$cut"
agent_kill
# its last thread waits for its write, and the next agent for that
writes_take 0
until_true 60 flock -n /var/lib/liteio/agent.lock true
agent_start
refused 'is not known' liteioctl operation show "$cut"
# what it has zeroed is not zeroed again: it may be there, and nobody can use it yet
state=$(j volume show k 2>/dev/null | jq -r .state) || true
[ "$state" = creating ] || [ -z "$state" ] || fail "a volume that was cut short is $state"
[ "$(j volume create k --pool slow --class linear --size $LINEAR | jq -r .state)" = ready ] || fail "$(j volume show k)"
liteioctl volume delete k >/dev/null
[ "$(j pool show slow | jq .linearUsedBytes)" = 0 ] || fail "space is lost: $(j pool show slow)"
ok "what a kill has cut short is asked for again"

# ---- many at once ----

# at_once NUMBER NAME [pool POOL]: so many volumes are created in a pool, or attached, each by a connection of its own;
# prints the codes of the answers
at_once() {
	local n path=/v1/volumes body

	mkdir -p /run/many
	for n in $(seq "$1"); do
		body='{\"name\":\"'$2$n'\",\"pool\":\"'${4-}'\",\"sizeBytes\":4194304}'
		[ $# = 4 ] || { path=/v1/volumes/$2$n/attachment body='{}'; }
		cat <<-END
		url = "http://x$path"
		unix-socket = "$sock"
		data = "$body"
		output = "/run/many/$n"
		write-out = "%{http_code}\n"
		max-time = 500
		next
		END
	done | sed '$d' >/run/many.conf
	curl -s --parallel --parallel-immediate --parallel-max 200 -K /run/many.conf
}

[ "$(at_once 100 q pool quick | grep -cx '20[02]')" = 100 ] || fail "not all were created: $(cat /run/many/*)"
until_true 60 nothing_runs
# nobody is answered before his is attached, and nobody is turned away
[ "$(at_once 100 q | grep -cx 200)" = 100 ] || fail "not all were attached: $(cat /run/many/*)"
[ "$(dmsetup ls | grep -c '^liteio-head-')" = 100 ] || fail "$(dmsetup ls)"
doctor_is_silent
ok "a hundred attachments at once are a hundred that are told so"

# ---- a disk that hangs ----

within() {
	timeout $(($1 * ${LITEIO_SLOW:-1})) "${@:2}" >/run/within 2>&1 || fail "${*:2}: exit code $? within $1 s: $(cat /run/within)"
}

dmsetup suspend --nolockfs --noflush under
at_once 200 v pool slow >/run/codes 2>/run/curl.err &
many=$!
some_run() { [ "$(j operation list | jq '[.items[] | select(.state == "running")] | length')" -ge 32 ]; }
until_true 60 some_run
for _ in 1 2 3; do
	within 60 curl -sf --unix-socket $sock http://x/healthz
	within 60 liteioctl operation list
	within 60 liteioctl volume fence b --floor 2
done
wait $many || fail "curl: $(cat /run/curl.err)"
[ "$(wc -l </run/codes)" = 200 ] || fail "answers: $(sort /run/codes | uniq -c)"
# one pool can not have all the places there are
[ "$(sort -u /run/codes | xargs)" = '202 409' ] || fail "answers: $(sort /run/codes | uniq -c)"
within 60 curl -sf --unix-socket $sock http://x/healthz
ok "two hundred requests that wait are all answered, and keep nobody from being heard"

dmsetup resume under
until_true 200 nothing_runs
accepted=$(grep -c 202 /run/codes)
ended=$(j operation list | jq '[.items[] | select(.verb == "volume create" and (.object | startswith("v")))] | length')
[ "$ended" = "$accepted" ] || fail "$accepted were accepted, and $ended have ended"
there=$(j volume list | jq '[.items[].name | select(startswith("v"))] | length')
made=$(j operation list | jq '[.items[] | select(.state == "done" and (.object | startswith("v")))] | length')
[ "$there" = "$made" ] || fail "$made operations are done, and there are $there volumes"
[ "$made" -gt 0 ] || fail "nothing went on: $(j operation list)"
ok "what was accepted goes on when the disk answers"
