#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# /metrics: off unless asked for; on a unix socket and on TCP; read by a parser that is not ours; its numbers
# are those of liteioctl and of what was written; nothing in it grows without bound or is secret.
# vm: kernels=6.12 disks=pool=256M timeout=900 smp=1 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/scrape.sh
. "$LITEIO_TOP/tests/vm/lib/scrape.sh"

sock=$METRICS_SOCKET
tcp=127.0.0.1:9809

agent_start
liteioctl pool create fast "$DISK" >/dev/null
[ ! -e $sock ] || fail "there are metrics that nobody asked for"
liteioctl volume create data --pool fast --size 32Mi >/dev/null
liteioctl volume create idle --pool fast --size 16Mi >/dev/null
liteioctl snapshot create moment idle >/dev/null
uuid=$(j volume show data | jq -r .uuid)
liteioctl export create data 3 --local >/dev/null
dev=$(j attachment create "$uuid" 3 --local | jq -r .device)
agent_stop
ok "off by default"

# the options of the agent, by a script of its own name before it in the PATH of agent_start
mkdir -p /run/o
cat >/run/o/liteio-agent <<END
#!/bin/sh
exec "$LITEIO_O/liteio-agent" --metrics "\$METRICS"
END
chmod +x /run/o/liteio-agent
export METRICS=unix://$sock
LITEIO_O=/run/o agent_start

dd if=/dev/zero of="$dev" bs=1M count=8 oflag=direct conv=fsync status=none
dd if="$dev" of=/dev/null bs=1M count=4 iflag=direct status=none
liteioctl volume show nothing 2>/dev/null || true
scrape
has 8388608 liteio_io_bytes_total class=write volume=data generation=3 "uuid=$uuid"
[ "$(value liteio_io_bytes_total class=read volume=data)" -ge 4194304 ] || fail "reads are not counted"
[ "$(value liteio_io_operations_total class=flush volume=data)" -ge 1 ] || fail "flushes are not counted"
for class in read write flush other; do
	ios=$(value liteio_io_operations_total class=$class volume=data)
	has "$ios" liteio_io_latency_seconds_count class=$class volume=data
	has "$ios" liteio_io_latency_seconds_bucket class=$class volume=data le=+Inf
done
awk -v s="$(value liteio_io_latency_seconds_sum class=write volume=data)" 'BEGIN { exit !(s > 0 && s < 600) }' ||
	fail "writing took no time, or for ever"
has 0 liteio_io_inflight volume=data
has 0 liteio_io_rejected_total volume=data
for class in read write flush other; do
	has 0 liteio_io_errors_total class=$class volume=data generation=3
done
ok "I/O is counted, with latencies, flushes too"

pool_agrees fast
has 1 liteio_pool_snapshots pool=fast
has 1 liteio_pool_state pool=fast liteio_pool_state=ready
has 0 liteio_pool_state pool=fast liteio_pool_state=failed
has 33554432 liteio_volume_size_bytes volume=data pool=fast
has 16777216 liteio_volume_size_bytes volume=idle
has 1 liteio_exports consumer=local
has 0 liteio_exports consumer=remote
has 1 liteio_attachments state=live
has 1 liteio_node_info "node=$(hostname)"
has 1 liteio_module_loaded
has 1 liteio_ready
has 1 liteio_door_open
has 0 liteio_metrics_omitted
has 0 liteio_jobs_stuck
has 1 liteio_api_errors_total code=ENOENT
has 1 liteio_api_request_seconds_count method=GET 'path=/v1/volumes/*'
[ "$(value process_resident_memory_bytes)" -gt 1000000 ] || fail "the agent has no memory"
[ "$(value process_open_fds)" -gt 3 ] || fail "the agent has no files"
ok "pools, volumes, exports, attachments and the agent are told"

# commits COMMAND...: how often the thin pool has written its metadata meanwhile
trace=/sys/kernel/tracing
mountpoint -q $trace || mount -t tracefs none $trace
echo 'p:commits dm_thin_pool:dm_pool_commit_metadata' >$trace/kprobe_events
echo 1 >$trace/events/kprobes/commits/enable
commits() {
	echo >$trace/trace
	"$@" >/dev/null
	grep -c ' commits: ' $trace/trace || true
}
ask_all() {
	liteioctl pool show fast
	liteioctl volume list
	scrape
}
asks_for_nothing() { [ "$(commits ask_all)" = 0 ]; }
# once what was written is; dmsetup's asking flushes, so that it is seen
until_true 30 asks_for_nothing
[ "$(commits dmsetup status --target thin-pool)" -gt 0 ] || fail "commits are not seen"
echo 0 >$trace/events/kprobes/commits/enable
ok "the numbers are the kernel's, and nothing is flushed for them"

# ask_wrong WORD: for what is not there, with a query that nobody knows
ask_wrong() {
	liteioctl volume show "nothing-$1" 2>/dev/null || true
	curl -s -m 20 --unix-socket /run/liteio/agent.sock "http://x/v1/pools/x$1?y=$1" >/dev/null
	curl -s -m 20 --unix-socket $sock "http://x/metrics?$1" >/dev/null
}

# each kind of refusal is counted from its first time on
ask_wrong first
scrape
lines=$(wc -l </run/samples)
for word in 1 2 3; do
	ask_wrong $word
done
scrape
[ "$(wc -l </run/samples)" = "$lines" ] || fail "what is asked makes metrics grow"
nqn=$(j node show | jq -r .hostNQN)
if grep -F -e "$nqn" -e "$(j node show | jq -r .hostID)" /run/text; then
	fail "who the node is to targets is told to everybody"
fi
[ "$(stat -c %a $sock)" = 660 ] || fail "the socket is open to others"
for what in 'GET /' 'GET /v1/pools' 'POST /metrics' 'DELETE /metrics'; do
	code=$(curl -s -m 20 --unix-socket $sock -o /dev/null -w '%{http_code}' -X "${what% *}" "http://x${what#* }")
	[ "$code" = 404 ] || [ "$code" = 405 ] || fail "$what: $code"
done
ok "it does not grow with what is asked, and can only be read"

# the end of an attachment is the end of its numbers
liteioctl attachment delete "$uuid" 3 >/dev/null
liteioctl export delete data 3 >/dev/null
scrape
if grep 'generation=3 ' /run/samples; then
	fail "an attachment that has ended is still told"
fi
has 0 liteio_exports consumer=local
for _ in 1 2 3 4 5 6 7 8; do
	curl -s -f -m 60 --unix-socket $sock http://x/metrics >"/run/many.$_" &
	many+=($!)
done
wait "${many[@]}"
for _ in 1 2 3 4 5 6 7 8; do
	tail -n 1 "/run/many.$_" | grep -qx '# EOF' || fail "one of many got no answer"
done
ok "what has ended is not told, and many may ask"
agent_stop
[ ! -e $sock ] || fail "the socket is left"

METRICS=tcp://$tcp LITEIO_O=/run/o agent_start
curl -s -f -m 60 -D /run/head http://$tcp/metrics | "$LITEIO_TOP/tests/vm/lib/openmetrics" >/run/samples
grep -qi '^content-type: application/openmetrics-text; version=1.0.0' /run/head || fail "$(cat /run/head)"
has 1 liteio_ready
agent_stop
METRICS=tcp://192.0.2.1:1 LITEIO_O=/run/o agent_start
grep -q 'metrics: there are none' $AGENT_LOG || fail "nothing is said of an address that can not be had"
agent_stop
if METRICS=here /run/o/liteio-agent 2>/run/said; then
	fail "a bad address was taken"
fi
[ "$(wc -l </run/said)" = 1 ] || fail "not one sentence: $(cat /run/said)"
ok "on TCP too; an address that can not be had stops nothing, one that is none is refused"
