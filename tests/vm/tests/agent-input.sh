#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input at the local API gets a status and one sentence, and changes nothing: not the catalog on the
# disk, not device-mapper, not the module, not the target. Of two who give one name at once one is refused, wherever.
# vm: kernels=6.12 disks=pool=256M,ext=64M,dos=64M timeout=300 smp=1 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/answers.sh
. "$LITEIO_TOP/tests/vm/lib/answers.sh"

sock=/run/liteio/agent.sock
recorded=/run/recorded.sock
id=00000000-0000-4000-8000-000000000001

# everything that could have changed; the counters of I/O and time are not of it
state() {
	dd if="$DISK" bs=1M count=4 iflag=direct status=none | md5sum
	dmsetup table | sort
	kmodctl vol-get +dump
	kmodctl att-get +dump
	ls -R /sys/kernel/config/nvmet 2>/dev/null || true
	# pools have no order
	liteioctl volume list | sort
	liteioctl snapshot list
	stat -c '%n %s' /tmp/*.img
}

# a guest may be so slow that a request is answered with its operation: bad()'s $said is that, as it ended, and
# $got the status that the request would have had
ended() {
	said=$(curl -s -m 300 --unix-socket $recorded "http://x/v1/operations/$(jq -r .uuid <<<"$said")?waitMs=60000")
	case $(jq -r .error.code <<<"$said") in
	EINVAL) got=400 ;;
	ENOENT) got=404 ;;
	EBUSY | EEXIST | ESTALE) got=409 ;;
	esac
}

# bad STATUS PATTERN METHOD PATH [BODY]
bad() {
	local status=$1 pattern=${2//\\|/|} method=$3 path=$4 got said code message

	said=$(curl -s -m 20 --unix-socket $recorded -w '\n%{http_code}' -X "$method" --path-as-is \
		${5+--data-binary "$5"} "http://x$path")
	got=${said##*$'\n'}
	said=${said%$'\n'*}
	[ "$got" != 202 ] || ended
	[ "$got" = "$status" ] || fail "$method $path ${5:-}: status $got for $status: $said"
	{ read -r code && read -r message; } < <(jq -r '.error | .code // "", .message // ""' <<<"$said") || true
	[ -n "${code:-}" ] && [ -n "${message:-}" ] || fail "$method $path: no error: $said"
	# the pattern's letters may be large or small
	[[ ${message,,} =~ ${pattern,,} ]] ||
		fail "$method $path ${5:-}: \"$message\" says nothing of \"$pattern\""
}

mkfs.ext4 -q /dev/disk/by-id/virtio-ext
# the table of one old partition, by its bytes: an active Linux partition of 32768 sectors at 2048
printf '\200\0\0\0\203\0\0\0\0\010\0\0\0\200\0\0' | dd of=/dev/disk/by-id/virtio-dos bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of=/dev/disk/by-id/virtio-dos bs=1 seek=510 conv=notrunc,fsync status=none
udevadm settle
agent_start
answers_record $recorded
liteioctl pool create fast "$DISK" >/dev/null
liteioctl volume create data --pool fast --size 16Mi >/dev/null
liteioctl export create data 5 --local >/dev/null
liteioctl volume fence data --floor 5 >/dev/null
# a second pool, in a file
liteioctl pool create filed /tmp/filed.img --size 128Mi >/dev/null
liteioctl volume create other --pool filed --size 16Mi >/dev/null
# udev reads what is new: the time of that is in the state
udevadm settle
before=$(state)

bad 404 'no such path' GET /v2/pools
bad 404 'no such path' GET /v1/../v1/pool
bad 405 'can not' PUT /v1/pools '{}'
bad 405 'can not' POST /v1/volumes/data '{}'
bad 400 '' POST /v1/volumes 'hello'
bad 400 '' POST /v1/volumes '{"name":"x"'
bad 400 '' POST /v1/volumes '[]'
bad 400 '' POST /v1/volumes ''
bad 400 'colour' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":16777216,"colour":"red"}'
bad 400 'name' POST /v1/volumes '{"pool":"fast","sizeBytes":16777216}'
bad 400 'sizeBytes' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":0}'
bad 400 'sizeBytes' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":1}'
bad 400 'sizeBytes' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":4194303}'
bad 400 'sizeBytes' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":1125899906842625}'
bad 400 'sizeBytes' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":-5}'
bad 400 'sizeBytes' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":"many"}'
bad 400 'sizeBytes' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":18446744073709551615}'
bad 400 'name: given twice' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":16777216,"name":"y"}'
bad 400 'name: given twice' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":16777216,"n\u0061me":"x"}'
bad 400 'snapshots\[1\].volume: given twice' POST /v1/snapshot-groups \
	'{"snapshots":[{"name":"s1","volume":"data"},{"name":"s2","volume":"data","volume":"other"}]}'
bad 400 'wait: given twice' DELETE '/v1/volumes/x?wait=false&wait=true'
bad 400 'rotational: given twice' GET '/v1/disks?rotational=yes&rotational=no'
bad 400 'wipe: null' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":16777216,"wipe":null}'
bad 400 'limits.readIOPS: null' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":16777216,"limits":{"readIOPS":null}}'
for size in 16g 16384m 16777216b '16 Mi' 1.5E1Mi 1.6e7B 16kiB -16Mi; do
	bad 400 'sizeBytes' POST /v1/volumes "{\"name\":\"x\",\"pool\":\"fast\",\"sizeBytes\":\"$size\"}"
	refused 'size' liteioctl volume create x --pool fast --size "$size"
done
bad 400 'class' POST /v1/volumes '{"name":"x","pool":"fast","sizeBytes":16777216,"class":"gold"}'
long=$(printf 'a%.0s' {1..128})
bad 400 'name: longer than 127' POST /v1/volumes "{\"name\":\"$long\",\"pool\":\"fast\",\"sizeBytes\":16777216}"
bad 400 'name: longer than 127' POST /v1/snapshots "{\"name\":\"$long\",\"volume\":\"data\"}"
bad 400 'name: longer than 127' POST /v1/pools "{\"name\":\"$long\",\"device\":\"/tmp/long.img\",\"sizeBytes\":134217728}"
refused 'longer than 127' liteioctl volume create "$long" --pool fast --size 16Mi
refused 'longer than 127' liteioctl snapshot create "$long" data
refused 'longer than 127' liteioctl pool create "$long" /tmp/long.img --size 128Mi
bad 400 'X' POST /v1/volumes '{"name":"X","pool":"fast","sizeBytes":16777216}'
bad 400 '' POST /v1/volumes '{"name":"a/b","pool":"fast","sizeBytes":16777216}'
bad 400 '' POST /v1/volumes '{"name":"a\u0000b","pool":"fast","sizeBytes":16777216}'
bad 404 'no such pool' POST /v1/volumes '{"name":"x","pool":"slow","sizeBytes":16777216}'
bad 404 'no such snapshot' POST /v1/volumes '{"name":"x","pool":"fast","snapshot":"never"}'
bad 409 'bytes' POST /v1/volumes '{"name":"data","pool":"fast","sizeBytes":33554432}'
bad 409 'uuid' POST /v1/volumes "{\"name\":\"data\",\"pool\":\"fast\",\"sizeBytes\":16777216,\"uuid\":\"$id\"}"
bad 409 'wiped' POST /v1/volumes '{"name":"data","pool":"fast","sizeBytes":16777216,"wipe":"discard"}'
bad 409 'attach' DELETE '/v1/volumes/data?wipe=discard'
bad 400 'too small' POST /v1/pools '{"name":"file","device":"/tmp/file.img","sizeBytes":1048576}'
bad 400 'no room' POST /v1/pools '{"name":"file","device":"/tmp/file.img","sizeBytes":134217728,"linearBytes":1073741824}'
bad 409 'blocks of' POST /v1/pools "{\"name\":\"fast\",\"device\":\"$DISK\",\"blockBytes\":1048576}"
bad 409 'in pool' POST /v1/volumes '{"name":"other","pool":"fast","sizeBytes":16777216}'
bad 409 'in pool' POST /v1/volumes/data/rename '{"name":"other"}'
bad 409 'another source' POST /v1/volumes/data/clone '{"name":"other"}'
bad 400 'shrink' POST /v1/pools/filed/grow '{"sizeBytes":67108864}'
bad 400 '' POST /v1/pools/filed/grow "{\"sizeBytes\":268435456,\"add\":\"$(readlink -f /dev/disk/by-id/virtio-ext)\"}"
bad 400 '' POST /v1/pools/fast/grow '{"sizeBytes":536870912}'
bad 404 'no such volume' POST /v1/volumes/nothing/grow '{"sizeBytes":16777216}'
bad 400 'shrink' POST /v1/volumes/data/grow '{"sizeBytes":8388608}'
bad 400 'sizeBytes' POST /v1/volumes/data/grow '{"sizeBytes":0}'
bad 400 'sizeBytes' POST /v1/volumes/data/grow '{"sizeBytes":1125899906842625}'
bad 400 'sizeBytes' POST /v1/volumes/data/grow '{}'
bad 400 'readIOPS' POST /v1/volumes/data/limits '{"readIOPS":-1}'
bad 400 'writeIOPS' POST /v1/volumes/data/limits '{"writeIOPS":1.5}'
bad 400 'readBytesPerSecond' POST /v1/volumes/data/limits '{"readBytesPerSecond":18446744073709551615}'
bad 400 'burstMilliseconds' POST /v1/volumes/data/limits '{"burstMilliseconds":4294967296}'
bad 400 'iops' POST /v1/volumes/data/limits '{"iops":1}'
bad 404 'no such volume' POST /v1/volumes/nothing/limits '{"readIOPS":1}'
bad 400 'exactly one' POST /v1/volumes/data/fence '{}'
bad 400 'exactly one' POST /v1/volumes/data/fence '{"floor":9,"generation":9}'
bad 400 'floor' POST /v1/volumes/data/fence '{"floor":281474976710656}'
bad 400 'timeoutMs' POST /v1/volumes/data/fence '{"floor":9,"timeoutMs":60001}'
bad 400 'name in the path' GET "/v1/volumes/$(printf 'a%.0s' {1..200})"
bad 409 'attach' DELETE /v1/volumes/data
bad 409 'volumes' DELETE /v1/pools/fast
bad 404 'no such volume' POST /v1/snapshots '{"name":"s","volume":"nothing"}'
bad 400 '' POST /v1/snapshots '{"name":"S!","volume":"data"}'
bad 400 'twice' POST /v1/snapshot-groups \
	"{\"snapshots\":[{\"name\":\"s1\",\"volume\":\"data\"},{\"name\":\"s2\",\"volume\":\"$(j volume show data | jq -r .uuid)\"}]}"
bad 400 'generation' POST /v1/exports '{"volume":"data","generation":0,"local":true}'
bad 400 'hostNQN' POST /v1/exports '{"volume":"data","generation":6}'
bad 400 'hostNQN' POST /v1/exports '{"volume":"data","generation":6,"hostNQN":"nqn.2014-08.x:a/../b"}'
bad 409 'floor\|fenced' POST /v1/exports '{"volume":"data","generation":4,"local":true}'
bad 409 '' POST /v1/exports '{"volume":"data","generation":5,"local":true,"readOnly":true}'
bad 400 'generation' DELETE /v1/exports/data/first
bad 400 'timeoutMs' DELETE '/v1/exports/data/9?timeoutMs=soon'
bad 400 'UUID' DELETE /v1/attachments/data/1
bad 400 'force' DELETE "/v1/attachments/$id/1?force=maybe"
bad 400 'addresses' POST /v1/attachments "{\"uuid\":\"$id\",\"generation\":1}"
bad 400 'addresses' POST /v1/attachments "{\"uuid\":\"$id\",\"generation\":1,\"addresses\":[\"node-a\"]}"
bad 400 'nqn' POST /v1/attachments "{\"uuid\":\"$id\",\"generation\":1,\"addresses\":[\"127.0.0.1\"],\"nqn\":\"x\"}"
bad 404 'not exported' POST /v1/attachments "{\"uuid\":\"$id\",\"generation\":1,\"local\":true}"
bad 400 'no such query' GET '/v1/pools?colour=red'
bad 400 'no such query' DELETE '/v1/exports/data/5?force=true'
bad 400 'unknown' GET '/v1/disks?colour=red'
bad 400 'takes no body' DELETE /v1/volumes/nothing '{}'
bad 400 'absolute' POST /v1/pools '{"name":"p","device":"vdb"}'
bad 409 'ext4' POST /v1/pools "{\"name\":\"p\",\"device\":\"$(readlink -f /dev/disk/by-id/virtio-ext)\"}"
bad 409 'dos\|partition' POST /v1/pools "{\"name\":\"p\",\"device\":\"$(readlink -f /dev/disk/by-id/virtio-dos)\"}"
bad 409 'pool' POST /v1/pools "{\"name\":\"p\",\"device\":\"$DISK\",\"force\":true}"
bad 409 'fast' POST /v1/pools "{\"name\":\"fast\",\"device\":\"/dev/disk/by-id/virtio-ext\"}"
# the ways to write the size that the volume has
for size in 16777216 16Mi 16MiB 16777216B 0.015625Gi +16384Ki 16384KiB 1.6777216e7 16777.216kB; do
	code=$(curl -s -m 60 --unix-socket $sock -o /run/said -w '%{http_code}' -X POST \
		--data-binary "{\"name\":\"data\",\"pool\":\"fast\",\"sizeBytes\":\"$size\"}" http://x/v1/volumes)
	[ "$code" = 200 ] || fail "a volume of $size: $code $(cat /run/said)"
	liteioctl volume create data --pool fast --size "$size" >/dev/null || fail "liteioctl takes no --size $size"
done
ok "bad requests are refused in one sentence"

# too large: the connection may be ended before all of it was sent
head -c 200000 /dev/zero | tr '\0' ' ' >/run/large
code=$(curl -s -m 20 --unix-socket $sock -o /dev/null -w '%{http_code}' -X POST --data-binary @/run/large \
	http://x/v1/volumes || true)
[ "$code" = 413 ] || [ "$code" = 000 ] || fail "a request of 200 kB was answered with $code"
printf 'GARBAGE\r\n\r\n' | socat -t 2 - UNIX-CONNECT:$sock >/dev/null || true
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups curl -s -m 20 --unix-socket $sock -w '%{http_code}' \
		http://x/v1/pools
}
if as_nobody >/dev/null; then
	fail "nobody may use the API"
fi
# the peer is asked who it is, too: a socket that was opened to everybody is no way in
chmod 666 $sock
as_nobody | grep -q "only root and the socket's group.*403" || fail "nobody may use an open socket: $(as_nobody)"
chmod 600 $sock
code=$(curl -s -m 20 --unix-socket $sock -o /dev/null -w '%{http_code}' -H "X-Large: $(head -c 60000 /dev/zero | tr '\0' x)" \
	http://x/v1/pools || true)
[ "$code" = 431 ] || fail "a header of 60 kB was answered with $code"
ok "what is too large, no HTTP, or from somebody else is turned away"

# cut off in its head, and in its body
for part in 'POST /v1/volumes HTTP/1.1\r\nHost: x' \
	'POST /v1/volumes HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\n\r\n{"name":"cut","pool":"fast","sizeBytes":16'; do
	# shellcheck disable=SC2059 # it is a format
	printf "$part" | socat -t 0.1 - UNIX-CONNECT:$sock >/dev/null || true
done
# a thousand who say nothing, and who are there until all else was answered
python3 - $sock <<'END' &
import signal, socket, sys
silent = []
for _ in range(1000):
    s = socket.socket(socket.AF_UNIX)
    # whom the queue has no room for is turned away by the kernel
    s.setblocking(False)
    try:
        s.connect(sys.argv[1])
    except BlockingIOError:
        pass
    silent.append(s)
open('/run/silent', 'w').close()
signal.pause()
END
silent=$!
until_true 60 [ -e /run/silent ]
answered() { [ "$(curl -s -m 20 --unix-socket $sock http://x/healthz)" = ok ]; }
until_true 60 answered
liteioctl pool list >/dev/null || fail "a thousand silent connections keep others out"
kill $silent
ok "what is cut off does nothing, and a thousand who say nothing keep nobody out"

[ "$(curl -s -m 20 --unix-socket $sock http://x/healthz)" = ok ] || fail "the agent is not well"
[ "$(state)" = "$before" ] || { diff <(echo "$before") <(state); fail "something has changed"; }
ok "nothing has changed"

# one_of COMMAND... -- COMMAND...: at once, and one of them is refused in a sentence that says where the name is
one_of() {
	local first=() rc=(0 0) pids

	while [ "$1" != -- ]; do
		first+=("$1")
		shift
	done
	shift
	liteioctl "${first[@]}" >/run/first 2>&1 &
	pids=$!
	liteioctl "$@" >/run/second 2>&1 || rc[1]=1
	wait "$pids" || rc[0]=1
	[ $((rc[0] + rc[1])) = 1 ] || fail "${first[*]}: $(cat /run/first); $*: $(cat /run/second)"
	grep -q 'exists in pool' /run/first /run/second || fail "it says $(cat /run/first /run/second)"
}
for n in 1 2 3 4 5 6; do
	one_of volume create "same$n" --pool fast --size 4Mi -- volume create "same$n" --pool filed --size 4Mi
	one_of volume rename other "new$n" -- volume create "new$n" --pool fast --size 4Mi
	[ "$(j volume list | jq --arg a "same$n" --arg b "new$n" '[.items[] | select(.name == ($a, $b))] | length')" = 2 ] ||
		fail "the names: $(liteioctl volume list)"
	liteioctl volume delete "same$n" >/dev/null
	liteioctl volume rename "new$n" other >/dev/null 2>&1 || liteioctl volume delete "new$n" >/dev/null
done
ok "of two who give one name at once one has it, in whichever pool"

# a size between two multiples of 1 MiB is no bad one: rounded up, and said
# rounds BYTES COMMAND...: to so many, each time it is said
rounds() {
	local bytes=$1 size

	shift
	size=$("$@" -o json 2>/run/said | jq .sizeBytes)
	[ "$size" = "$bytes" ] || fail "$* makes $size bytes, not $bytes"
	[ "$(cat /run/said)" = "liteioctl: the size is rounded up to a multiple of 1 MiB: $bytes bytes" ] ||
		fail "$* says \"$(cat /run/said)\""
}
rounds 5242880 liteioctl volume create odd --pool fast --size 4194305
rounds 5242880 liteioctl volume create odd --pool fast --size 4194305
rounds 6291456 liteioctl volume grow odd --size 5242881
rounds 7340032 liteioctl volume clone odd more --size 6291457
[ -z "$(liteioctl volume grow odd --size 6Mi 2>&1 >/dev/null)" ] || fail "what is not rounded is said to be"
[ "$(j volume show odd | jq .sizeBytes)" = 6291456 ] || fail "the size is another one afterwards"
ok "sizes are rounded up to 1 MiB, and liteioctl says so"
agent_stop
answers_end
answered=$(answers_check 20)
ok "the document of the local API has all refusals: $answered"
