#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Limits as people set them: held, changed under I/O, shown wherever one looks, and there again after the agent
# was killed and after the module was loaded anew. The registry, its events and top agree with what was done.
# The clock counts instructions, so that it does not matter how busy the host is.
# vm: kernels=6.12 timeout=1500 icount=yes needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/qos.sh
. "$LITEIO_TOP/tests/vm/lib/qos.sh"
# shellcheck source=tests/vm/lib/disks.sh
. "$LITEIO_TOP/tests/vm/lib/disks.sh"

settle() { udevadm settle; }
# a disk in memory: while the host's disk is waited for, time goes on here and nothing is done
null_disk 0 size=256 memory_backed=1 discard=1
DISK=/dev/nullb0

WORK=$(mktemp -d)
sock=/run/liteio/metrics.sock

# what lib/qos.sh takes from the module's own tests
# shellcheck source=tests/vm/lib/fields.sh
. "$LITEIO_TOP/tests/vm/lib/fields.sh"

# expect WANT GOT WHAT
expect() {
	[ "$1" = "$2" ] || fail "$3: $2, not $1"
}

# held WANT GOT WHAT
held() {
	about "$1" "$2" 5 "$3"
}

# stop: no more load; what waits is let go first
stop() {
	kill -TERM "$load"
	liteioctl volume limit data --read-iops 0 --write-iops 0 --read-bps 0 --write-bps 0 >/dev/null
	wait "$load" || true
}

# limits of the volume: what the catalog has, and what the kernel has, have to be WANT
limits_are() {
	local all='.limits | [.readIOPS, .writeIOPS, .readBytesPerSecond, .writeBytesPerSecond, .burstMilliseconds] | join(" ")'

	expect "$1" "$(j volume show data | jq -r "$all" | sed 's/ 0$/ 100/')" "limits in the catalog"
	expect "$1" "$(j module qos "$V1" | jq -r "$all")" "limits in the kernel"
	expect null "$(j volume show data | jq -r .limitsNotInForce)" "why they are not in force"
}

attach() {
	liteioctl export create data "$1" --local >/dev/null
	dev=$(j attachment create "$V1" "$1" --local | jq -r .device)
}

detach() {
	liteioctl attachment delete "$V1" "$1" >/dev/null
	liteioctl export delete data "$1" >/dev/null
}

# the options of the agent, by a script of its own name before it in the PATH of agent_start
mkdir -p /run/o
cat >/run/o/liteio-agent <<END
#!/bin/sh
exec "$LITEIO_O/liteio-agent" --metrics unix://$sock
END
chmod +x /run/o/liteio-agent
start() {
	LITEIO_O=/run/o agent_start
}

start
liteioctl pool create fast "$DISK" >/dev/null
V1=$(j volume create data --pool fast --size 32Mi --read-iops 60 --burst 50 | jq -r .uuid)
limits_are "60 0 0 0 50"
refused 'other limits' liteioctl volume create data --pool fast --size 32Mi --read-iops 61
liteioctl volume create data --pool fast --size 32Mi --read-iops 60 --burst 50 >/dev/null
attach 1
dd if=/dev/zero of="$dev" bs=1M oflag=direct status=none 2>/dev/null || true
limits_are "60 0 0 0 50"
load reads read "$dev" 4096 8
until_true 30 queue_reaches 4
held 60 "$(rate 1 read.ios 300)" "reads a second, limited since the volume was made"
ok "a volume is made with limits, and they are held"

# under I/O: others change, this one stays until it is named
liteioctl volume limit data --write-bps 1Mi >/dev/null
limits_are "60 0 0 1048576 50"
liteioctl volume limit data --read-iops 200 >/dev/null
limits_are "200 0 0 1048576 50"
held 200 "$(rate 1 read.ios 1000)" "reads a second after a change"
liteioctl volume limit data --read-iops 0 --read-bps 400Ki >/dev/null
held 100 "$(rate 1 read.ios 500)" "reads of 4 KiB a second at 400 KiB"
[ "$(j volume show data | jq .overLimit.read.bytesNs)" -gt 1000000000 ] || fail "$(j volume show data)"
[ "$(j volume show data | jq .overLimit.read.queued)" -gt 0 ] || fail "nothing waits: $(j volume show data)"
ok "a change holds at once, also for what waits"

liteioctl volume list >"$WORK/list"
grep -q '^data .*read 400.0 KiB/s, write 1.0 MiB/s ' "$WORK/list" || fail "$(cat "$WORK/list")"
liteioctl module qos "$V1" >"$WORK/qos"
grep -qE '^limits.readBytesPerSecond +400.0 KiB$' "$WORK/qos" || fail "$(cat "$WORK/qos")"
grep -qE '^limits.readIOPS +none$' "$WORK/qos" || fail "$(cat "$WORK/qos")"
curl -s -f -m 60 --unix-socket $sock http://x/metrics | "$LITEIO_TOP/tests/vm/lib/openmetrics" >"$WORK/samples"
for limit in bytes iops; do
	grep "^liteio_volume_time_over_limit_seconds_total .*direction=read " "$WORK/samples" | grep -F " limit=$limit " |
		grep -F " volume=data " | awk '{ exit !($NF > 1) }' || fail "$(grep time_over "$WORK/samples")"
done
grep "^liteio_volume_throttled_total " "$WORK/samples" | grep -F ' direction=read ' | awk '{ exit !($NF > 100) }' ||
	fail "$(grep throttled "$WORK/samples")"
grep "^liteio_volume_queued " "$WORK/samples" | grep -F ' direction=read ' | awk '{ exit !($NF > 0) }' ||
	fail "$(grep queued "$WORK/samples")"
# over limit all the time: 100 reads a second, whatever one asks for
j top -b -n 1 -d 4 >"$WORK/top"
held 100 "$(jq '.items[] | select(.name == "data") | .read.iosPerSecond' "$WORK/top")" "reads a second in top"
about 100 "$(jq '(.items[] | select(.name == "data") | .read.overLimitNs) * 100 / .intervalNs | round' "$WORK/top")" 10 \
	"percent of the time over limit in top"
ok "show, list, module qos, metrics and top say so"

# the agent is killed: the kernel goes on, and the next one finds it as it is
agent_kill
held 100 "$(rate 1 read.ios 500)" "reads a second without an agent"
start
limits_are "0 0 409600 1048576 50"
held 100 "$(rate 1 read.ios 500)" "reads a second with the next agent"
for bad in "--read-iops 1000000001" "--write-iops x" "--read-bps 100" "--write-bps 2Ti" "--burst 0" "--burst 10001" ""; do
	rc=0
	# shellcheck disable=SC2086 # two words
	liteioctl volume limit data $bad >"$WORK/said" 2>&1 || rc=$?
	expect 2 $rc "exit status of volume limit $bad"
	expect 1 "$(wc -l <"$WORK/said")" "sentences of volume limit $bad"
done
for bad in '{"readBytesPerSecond":4095}' '{"readIOPS":-1}' '{"burstMilliseconds":0}' '{"iops":1}'; do
	code=$(curl -s -m 60 --unix-socket /run/liteio/agent.sock -o "$WORK/said" -w '%{http_code}' -d "$bad" \
		http://x/v1/volumes/data/limits)
	expect 400 "$code" "$bad: $(cat "$WORK/said")"
done
refused 'no such volume' liteioctl volume limit nothing --read-iops 1
limits_are "0 0 409600 1048576 50"
stop
limits_are "0 0 0 0 50"
ok "they survive a killed agent, and bad ones change nothing"

# what top counts is what was written, no more and no less
rm "$WORK/top"
liteioctl -o json top -b -d 1 >"$WORK/top" &
top=$!
until_true 60 test -s "$WORK/top"
before=$(kmodctl stats "uuid=$V1" gen=1 | field write.ios)
load writes write "$dev" 4096 2 150
wait "$load"
grep -q 'done 300 failed 0' "$WORK/writes" || fail "$(cat "$WORK/writes")"
# two rounds later all of it was in one; time goes on fast while a disk is waited for
rounds=$(wc -l <"$WORK/top")
until_true 60 eval "[ \$(wc -l <$WORK/top) -ge $((rounds + 2)) ]"
kill -TERM $top
wait $top || true
after=$(kmodctl stats "uuid=$V1" gen=1 | field write.ios)
expect 300 $((after - before)) "writes that the kernel has counted"
written=$(jq -s '[.[].items[] | select(.name == "data") | .write.ios] | add' "$WORK/top")
[ "$written" = 300 ] || cat "$WORK/top"
expect 300 "$written" "writes in top"
expect $((300 * 4096)) "$(jq -s '[.[].items[] | select(.name == "data") | .write.bytes] | add' "$WORK/top")" "bytes in top"
jq -s -e '[.[].items[] | select(.name == "data") | .write | select(.ios > 0)] | all(.p50Ns > 0 and .p99Ns >= .p50Ns)' \
	"$WORK/top" >/dev/null || fail "$(cat "$WORK/top")"
liteioctl top -b -n 2 -d 1 >"$WORK/text"
expect 2 "$(grep -c '^data ' "$WORK/text")" "lines of the volume in two rounds"
expect "$after" "$(liteioctl module stats | awk -v uuid="$V1" '$1 == uuid && $3 == "write" { print $4 }')" "module stats"
# stats NAME-OR-UUID CLASS FIELD
stats() { j stats "$1" | jq -r --arg class "$2" --arg field "$3" '.items[] | select(.class == $class) | .[$field]'; }
expect "$after" "$(stats data write ios)" "stats of the volume"
expect "$after" "$(stats "$V1" write ios)" "stats by its uuid"
expect "$(j module volumes | jq --arg uuid "$V1" '.items[] | select(.uuid == $uuid) | .overLimit.write | .iopsNs + .bytesNs')" \
	"$(stats data write overLimitNs)" "time over limit in stats"
j stats data | jq -e '.items[] | select(.class == "write") | .p50Ns > 0 and .p90Ns >= .p50Ns and .p999Ns >= .p99Ns and .bytes > 0' \
	>/dev/null || fail "$(j stats data)"
expect "$after" "$(liteioctl stats | awk '$1 == "data" && $2 == "write" { print $3 }')" "the table of stats"
refused 'no volume "nobody"' liteioctl stats nobody
ok "top and stats count what was written"

# on a terminal it draws, q ends it, and the terminal is left as it was
mkfifo "$WORK/keys"
TERM=xterm script -qefc 'stty -a >/run/tty.before; liteioctl top -d 1; echo "ended with $?"; stty -a >/run/tty.after' \
	"$WORK/screen" <"$WORK/keys" >/dev/null &
exec 9>"$WORK/keys"
until_true 60 grep -q 'WRITES/S' "$WORK/screen"
printf q >&9
wait $!
exec 9>&-
until_true 30 grep -a -q 'ended with 0' "$WORK/screen"
grep -aqF $'\033[?1049h' "$WORK/screen" && grep -aqF $'\033[?25h\033[?1049l' "$WORK/screen" || fail "the terminal is not given back"
cmp /run/tty.before /run/tty.after || fail "the terminal is not as it was"
ok "top on a terminal"

# events, with what they say of a fence
rm -f "$WORK/events"
j module events --follow -n 2 >"$WORK/events" &
events=$!
until_true 30 grep -q '"begin"' "$WORK/events"
first=$(jq -r 'select(.type == "begin") | .seq' "$WORK/events")
expect "$(j module status | jq .eventSeq)" "$first" "the newest event"
liteioctl volume fence data --generation 1 >/dev/null
wait $events
expect "attachmentFenced 1 attachmentDrained 1" \
	"$(jq -r 'select(.type != "begin") | "\(.type) \(.generation)"' "$WORK/events" | xargs)" "events of a fence"
expect "$V1 $V1" "$(jq -r 'select(.type != "begin") | .uuid' "$WORK/events" | xargs)" "of the volume"
expect $((first + 2)) "$(jq -s 'last.seq' "$WORK/events")" "the sequence number"
detach 1
rm "$WORK/events"
liteioctl module events --follow -n 1 >"$WORK/events" &
events=$!
# its subscription is there when the kernel has a listener
until_true 30 sh -c 'liteioctl volume limit data --burst 60 >/dev/null; liteioctl volume limit data --burst 50 >/dev/null; [ -s '"$WORK"'/events ]'
wait $events
grep -qE "limitsChanged +$V1\$" "$WORK/events" || fail "$(cat "$WORK/events")"
ok "events are told as they happen"

# who names a change by its last word: renamed NAME, and whether the listener has heard of the last one but one
renamed() {
	kmodctl vol-set uuid=$other name="$1"
	sent=$(kmodctl info | field event_seq)
}

hears_again() {
	if jq -e --argjson seq "${sent:-0}" 'select(.seq == $seq)' "$WORK/events" >/dev/null; then
		return 0
	fi
	renamed "after-$RANDOM"
	return 1
}

# so much happens while the agent stands still that the kernel has no room for it: a listener is told, hears what
# comes later, and who lists everything again knows all that is
other=99999999-9999-4999-8999-999999999999
kmodctl vol-set uuid=$other +create name=before
j module events --follow >"$WORK/events" &
events=$!
liteioctl module events --follow >"$WORK/told" &
told=$!
until_true 30 holds "$WORK/events" '"begin"'
sent=
until_true 60 hears_again
until_true 60 test -s "$WORK/told"
kill -STOP "$(cat $AGENT_PID)"
printf "vol-set uuid=$other name=%d\n" {1..4000} | kmodctl batch
kill -CONT "$(cat $AGENT_PID)"
until_true 60 holds "$WORK/events" '"lost"'
sent=
until_true 60 hears_again
expect true "$(jq -s '[.[] | select(.seq) | .seq] | . == sort and . == unique' "$WORK/events")" "events in their order"
[ "$(jq -s '[.[] | select(.uuid)] | length' "$WORK/events")" -lt 4000 ] || fail "nothing was lost: this proves nothing"
until_true 60 holds "$WORK/told" "resync: events were lost"
expect "$(kmodctl vol-get uuid=$other | field name)" \
	"$(j module volumes | jq -r ".items[] | select(.uuid == \"$other\") | .name")" "the name, listed again"
kill -TERM $events $told
wait $events $told || true
kmodctl vol-del uuid=$other
ok "who listens too slowly is told to list everything again"

# what is listed while attachments come and go is listed all the same, and once
{
	echo "vol-set uuid=$other +create"
	printf "att-add uuid=$other gen=%d\n" {1..100}
} | kmodctl batch
(
	trap 'exit 0' TERM
	while :; do
		kmodctl batch <<<"att-add uuid=$other gen=1000
att-del uuid=$other gen=1000"
	done
) >/dev/null 2>&1 &
changes=$!
for _ in {1..20}; do
	j module attachments >"$WORK/list"
	expect 100 "$(jq "[.items[] | select(.uuid == \"$other\" and .generation <= 100) | .generation] | unique | length" "$WORK/list")" \
		"attachments that were there all the time"
	expect true "$(jq '.items | group_by([.uuid, .generation]) | all(length == 1)' "$WORK/list")" "each is listed once"
done
kill -TERM $changes
wait $changes || true
{
	printf "att-del uuid=$other gen=%d\n" {1..100}
	echo "vol-del uuid=$other"
} | kmodctl batch
ok "a list is whole, whatever changes meanwhile"

# break glass: by UUID, with the catalog where there is one
attach 2
fenced=$(j module fence "$V1" --generation 2)
expect "fast true true" "$(jq -r '[.pool, .persisted, .drained] | join(" ")' <<<"$fenced")" "a fence by UUID"
expect 0 "$(j volume show data | jq '.attachments | length')" "attachments in the catalog"
detach 2
# on a node by itself the floor has gone past it
refused 'below the floor' liteioctl export create data 2 --local
refused 'does not exist\|no such' liteioctl module fence $other --floor 5
kmodctl vol-set uuid=$other +create name=foreign
kmodctl att-add uuid=$other gen=4
expect "null foreign" "$(j module volumes | jq -r ".items[] | select(.uuid == \"$other\") | \"\(.pool) \(.name)\"")" "a volume of no pool"
expect "false 5 true" "$(j module fence $other --floor 5 | jq -r '[.persisted, .floor, .drained] | join(" ")')" "its fence"
expect fenced "$(j module attachments | jq -r ".items[] | select(.uuid == \"$other\") | .state")" "its attachment"
kmodctl dirty-start uuid=$other gen=4 chunk_shift=16 >/dev/null
# the same as tables for people, and what only has been looked at as a table for programs
table() {
	liteioctl module "${@:2}" >"$WORK/table"
	awk -v want="$1" '{ $1 = $1 } index($0 " ", want " ") == 1 { found = 1 } END { exit !found }' "$WORK/table" ||
		fail "no line \"$1\" in module ${*:2}: $(cat "$WORK/table")"
}
table "$other 4 64.0 KiB 0 0" dirty
table "UUID GENERATION CHUNK DIRTY CHUNKS TRACKING" dirty
table "$other foreign - 5 0 1" volumes
table "UUID NAME POOL FLOOR BARRED ATTACHMENTS LIMITS OVER LIMIT" volumes
table "$other 4 fenced no 0 0 0 0" attachments
table "UUID GENERATION STATE READ ONLY IN FLIGHT REJECTED WAITING HAD TO WAIT HEAD HOST" attachments
table "$other 4 other 0 0" stats
table "drained yes" fence $other --floor 5
table "loaded yes" status
expect "4 65536 0" "$(j module dirty | jq -r ".items[] | select(.uuid == \"$other\") | \"\(.generation) \(.dirty.chunkBytes) \(.dirty.remaining // 0)\"")" \
	"what is tracked, for programs"
expect "read write flush other" \
	"$(j module stats | jq -r ".items[] | select(.uuid == \"$other\") | .classes[].name" | one_line)" "its statistics, for programs"
# what is wrong on the command line: one sentence, status 2, nothing is changed
before=$(kmodctl batch <<<"vol-get +dump
att-get +dump
info")
for bad in "fence x --floor 1" "fence $other" "fence $other --floor 6 --generation 4" "fence $other --floor x" \
	"qos nothing" "events --follow -n x" "nothing" "volumes more"; do
	rc=0
	# shellcheck disable=SC2086 # words
	liteioctl module $bad >"$WORK/said" 2>&1 || rc=$?
	expect 2 $rc "exit status of module $bad: $(cat "$WORK/said")"
	expect 1 "$(wc -l <"$WORK/said")" "sentences of module $bad"
done
rc=0
liteioctl top -b -d 0 >"$WORK/said" 2>&1 || rc=$?
expect "2 1" "$rc $(wc -l <"$WORK/said")" "exit status and sentences of top -d 0"
expect "$before" "$(kmodctl batch <<<"vol-get +dump
att-get +dump
info")" "the registry, after what was wrong"
kmodctl att-del uuid=$other gen=4
kmodctl vol-del uuid=$other
ok "gates are closed by UUID, catalog first where there is one"

# as after a reboot: nothing is in the kernel, everything is on the disk
liteioctl volume limit data --write-iops 80 >/dev/null
attach 3
agent_kill
dmsetup ls --target liteio | awk '/liteio-head/ { print $1 }' | xargs -r -n 1 dmsetup remove --retry
rmmod liteio
WITHOUT_MODULE=1 start
expect "80 the module liteio is not loaded" "$(j volume show data | jq -r '"\(.limits.writeIOPS) \(.limitsNotInForce)"')" "without the module"
expect "90 the module liteio is not loaded" \
	"$(j volume limit data --write-iops 90 | jq -r '"\(.limits.writeIOPS) \(.limitsNotInForce)"')" "a change without the module"
liteioctl volume list | grep -q 'write 90/s (not in force)' || fail "$(liteioctl volume list)"
refused 'not loaded' liteioctl module volumes
refused 'not loaded' liteioctl module events --follow
refused 'not loaded' liteioctl top -b -n 1
agent_stop
dmsetup ls | awk '/^liteio-head/ { print $1 }' | xargs -r -n 1 dmsetup remove --retry
start
limits_are "0 90 0 0 50"
dev=$(j attachment create "$V1" 3 --local | jq -r .device)
load writes write "$dev" 4096 8
until_true 30 queue_reaches 4 3
held 90 "$(rate 3 write.ios 450)" "writes a second after the module was loaded anew"
stop
ok "they are there again after the module was loaded anew"

# the module goes while somebody listens
detach 3
rm "$WORK/events"
j module events --follow >"$WORK/events" 2>"$WORK/said" &
events=$!
until_true 30 grep -q '"begin"' "$WORK/events"
rmmod liteio
rc=0
wait $events || rc=$?
expect 1 $rc "exit status when the module has gone"
grep -q unloaded "$WORK/said" || fail "$(cat "$WORK/said")"
expect '"end"' "$(jq -s 'last.type' "$WORK/events")" "the last line"
agent_stop
ok "a listener hears that the module has gone"
