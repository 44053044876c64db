#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ten volumes are written at once until their pool is full: what has a block is rewritten as ever, what needs a new
# one fails at once and by itself, a reserved volume notices nothing; the pool comes back while all of them go on,
# and of what was acknowledged nothing is missing.
# vm: kernels=6.12 disks=pool=384M timeout=900 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"

WRITER=$LITEIO_O/vm-tools/stampwriter
MIB=$((1 << 20))
BLOCKS=4096 # of 4 KiB: a volume
VOLUMES=$(seq -f 'v%g' 10)

num() { j pool show fast | jq -r ".$1"; }
has_state() { [ "$(num state)" = "$1" ]; }

# counts VOLUME: "ACKED FAILED" of its writer, as they are now
counts() {
	local before

	before=$(wc -l <"/run/$1.out")
	kill -USR1 "$(cat "/run/$1.pid")"
	until [ "$(wc -l <"/run/$1.out")" -gt "$before" ]; do
		read -r -t 0.05 <> <(:) || true
	done
	tail -n 1 "/run/$1.out" | awk '{ print $2, $4 }'
}
acked() { counts "$1" | cut -d' ' -f1; }
failed() { counts "$1" | cut -d' ' -f2; }

# all_of FUNCTION ARGUMENT...: of every volume
all_of() {
	local v

	for v in $VOLUMES; do
		"$1" "$v" "${@:2}" || return 1
	done
}

make() {
	liteioctl volume create "$1" --pool fast --size 16Mi "${@:2}" >/dev/null
	liteioctl volume attach "$1" >/dev/null
	# as whatever begins with a label has it; see "raw" for one without
	dd if=/dev/zero of="/dev/liteio/$1" bs=4096 count=1 oflag=direct conv=fsync status=none
}

begin() {
	STAMPS=/run/$1.stamps setsid "$WRITER" write "/dev/liteio/$1" 1 $BLOCKS 2 </dev/null >"/run/$1.out" 2>&1 &
	echo $! >"/run/$1.pid"
	disown
}
begun() { grep -q running "/run/$1.out"; }
has_failed() { [ "$(failed "$1")" -gt 0 ]; }
# ten more are acknowledged than FILE says
goes_on() { [ "$(acked "$1")" -ge $(($(cat "/run/$1.acked") + 10)) ]; }
note() { acked "$1" >"/run/$1.acked"; }
# between two looks none fails and some are acknowledged
is_well() {
	local before after

	before=$(counts "$1")
	until_true 60 more_than "$1" $((${before% *} + 10))
	after=$(counts "$1")
	[ "${before#* }" = "${after#* }" ]
}
more_than() { [ "$(acked "$1")" -gt "$2" ]; }

end() {
	kill -TERM "$(cat "/run/$1.pid")"
	until_true 60 [ ! -d "/proc/$(cat "/run/$1.pid")" ]
	"$WRITER" verify "/dev/liteio/$1" 1 $BLOCKS "/run/$1.stamps" >"/run/$1.verdict" ||
		fail "$1 lost what was acknowledged: $(cat "/run/$1.verdict")"
}

agent_start
liteioctl pool create fast "$DISK" --reserved 32Mi --overcommit 1000 >/dev/null
# ten volumes of 16 MiB want 160; half of that is left
data=$(num dataBytes)
liteioctl volume create filler --pool fast --size "$((data / MIB))Mi" >/dev/null
liteioctl volume attach filler >/dev/null
dd if=/dev/zero of=/dev/liteio/filler bs=1M count=$((data / MIB - 80)) oflag=direct conv=fsync status=none
make promised --class reserved
all_of make
# nobody has ever written its first block: dm-thin can not flush it once the pool is full (daemon/pool/README.md)
raw() { dd if=/run/raw."$1" of=/dev/liteio/raw bs=1M seek=8 oflag=direct conv=notrunc status=none; }
holds_raw() { cmp <(dd if=/dev/liteio/raw bs=1M skip=8 count=1 iflag=direct status=none) /run/raw."$1"; }
flush_raw() { sync -d /dev/liteio/raw; }
for n in before after; do
	dd if=/dev/urandom of=/run/raw.$n bs=1M count=1 status=none
done
liteioctl volume create raw --pool fast --size 16Mi >/dev/null
liteioctl volume attach raw >/dev/null
raw before
flush_raw
begin promised
all_of begin
until_true 120 begun promised
until_true 120 all_of begun
ok "ten volumes are written at once"

until_true 120 has_state noSpace
until_true 240 all_of has_failed
ok "the pool is full, and every one of them has been refused a new block"

all_of note
note promised
until_true 240 all_of goes_on
until_true 120 goes_on promised
[ "$(failed promised)" = 0 ] || fail "the reserved volume was refused a block that it was promised"
ok "what has a block is rewritten as ever, and the reserved volume notices nothing"

raw after || fail "what has a block can not be rewritten"
holds_raw after || fail "what was rewritten is not there"
refused 'no space left' flush_raw
ok "a flush that can not be done is refused, and all else goes on"

refused 'full on space' liteioctl snapshot create s v1
refused 'full on space' liteioctl volume create more --pool fast --size 16Mi
blkdiscard /dev/liteio/filler
until_true 60 has_state ready
for v in $VOLUMES; do
	until_true 120 is_well "$v"
done
is_well promised || fail "the reserved volume is not well"
flush_raw || fail "there is space, and it can not be flushed"
holds_raw after || fail "what could not be flushed then is lost"
ok "the pool comes back by itself, and all go on without an error"

agent_kill
agent_start
for v in $VOLUMES; do
	is_well "$v" || fail "$v is not well after a restart of the agent"
done
all_of end
end promised
ok "of what was acknowledged nothing is missing"

for v in $VOLUMES promised filler raw; do
	liteioctl volume detach "$v" >/dev/null
	liteioctl volume delete "$v" >/dev/null
done
[ "$(num dataUsedBytes)" = 0 ] || fail "$(num dataUsedBytes) bytes stayed in use"
liteioctl pool delete fast >/dev/null
agent_stop
ok "everything is given back"
