#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hundreds of snapshots of one volume that is written all the while, and volumes that are each made of a snapshot of the one
# before: every one has what was there at its time, also after its neighbours are gone and after a restart with nothing in the
# kernel; and all of it is given back.
# vm: kernels=6.12 disks=pool=2G timeout=1200 mem=1G smp=2 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/snapshots.sh
. "$LITEIO_TOP/tests/vm/lib/snapshots.sh"
# shellcheck source=tests/vm/lib/broken.sh
. "$LITEIO_TOP/tests/vm/lib/broken.sh"

SOCKET=/run/liteio/agent.sock
# moments at which something was written, and snapshots of each
MOMENTS=50
EACH=6
DEPTH=20

used() { j pool show fast | jq .dataUsedBytes; }
snapshots() { j snapshot list | jq "[.items[] | select(.state == \"ready\" and (.name | startswith(\"$1\")))] | length"; }
# stamp VOLUME N: at its beginning, and in a block of its own
stamp() {
	printf '%04095d\n' "$2" >/run/stamp
	dd if=/run/stamp of="/dev/liteio/$1" bs=4096 count=1 oflag=direct conv=notrunc status=none
	dd if=/run/stamp of="/dev/liteio/$1" bs=4096 seek=$((64 * $2)) count=1 oflag=direct conv=notrunc status=none
}
# has VOLUME N MOST: it has the stamps up to that one, and of the others up to the last one none
has() {
	local k got

	for k in 0 $(seq "$3"); do
		got=$(dd if="/dev/liteio/$1" bs=4096 skip=$((64 * k)) count=1 iflag=direct status=none | tr -d '\0')
		if [ "$k" = 0 ]; then
			[ "$((10#$got))" = "$2" ] || fail "$1 begins with $((10#$got)), not $2"
		elif [ "$k" -le "$2" ]; then
			[ "$((10#${got:-0}))" = "$k" ] || fail "$1 has ${got:-nothing}, not $k"
		else
			[ -z "$got" ] || fail "$1 has $((10#$got)), which was written later than $2"
		fi
	done
}
# restored SNAPSHOT N MOST
restored() {
	liteioctl volume create r --pool fast --snapshot "$1" >/dev/null
	liteioctl volume attach r --read-only >/dev/null
	has r "$2" "$3"
	liteioctl volume detach r >/dev/null
	liteioctl volume delete r >/dev/null
}
restart() {
	agent_kill
	crash
	rmmod liteio
	agent_start
}

agent_start
liteioctl pool create fast "$DISK" >/dev/null
empty=$(used)
liteioctl volume create many --pool fast --size 16Mi >/dev/null
liteioctl volume attach many >/dev/null
for n in $(seq $MOMENTS); do
	stamp many "$n"
	seq $EACH | sed "s/.*/POST \/v1\/snapshots {\"name\":\"m$n-&\",\"volume\":\"many\"}/" | nodecost keep $SOCKET
done
[ "$(snapshots m)" = $((MOMENTS * EACH)) ] || fail "$(snapshots m) snapshots"
ids_agree
for n in 1 2 $((MOMENTS / 2)) $((MOMENTS - 1)) $MOMENTS; do
	restored "m$n-1" "$n" $MOMENTS
	restored "m$n-$EACH" "$n" $MOMENTS
done
has many $MOMENTS $MOMENTS
ok "$(snapshots m) snapshots of one volume, each of its moment"

liteioctl volume create d1 --pool fast --size 16Mi >/dev/null
for n in $(seq $DEPTH); do
	liteioctl volume attach "d$n" >/dev/null
	stamp "d$n" "$n"
	liteioctl snapshot create "s$n" "d$n" >/dev/null
	liteioctl snapshot copy "s$n" "t$n" >/dev/null
	liteioctl volume detach "d$n" >/dev/null
	liteioctl volume create "d$((n + 1))" --pool fast --snapshot "t$n" >/dev/null
done
for n in 1 $((DEPTH / 2)) $DEPTH; do
	restored "s$n" "$n" $DEPTH
	restored "t$n" "$n" $DEPTH
done
ok "$DEPTH volumes, each of a copy of the snapshot of the one before"

restart
[ "$(snapshots '')" = $((MOMENTS * EACH + 2 * DEPTH)) ] || fail "$(snapshots '') snapshots after a restart"
restored m1-1 1 $MOMENTS
restored "m$MOMENTS-$EACH" $MOMENTS $MOMENTS
restored "t$DEPTH" $DEPTH $DEPTH
has many $MOMENTS $MOMENTS
doctor_is_silent
ok "they are all there again when the kernel knew of none"

# of the chain everything but its end, and of the moments all but one
for n in $(seq $DEPTH); do
	echo "DELETE /v1/volumes/d$n"
	echo "DELETE /v1/snapshots/s$n"
	[ "$n" = $DEPTH ] || echo "DELETE /v1/snapshots/t$n"
done | nodecost keep $SOCKET
for n in $(seq $MOMENTS); do
	seq $EACH | sed "s/.*/DELETE \/v1\/snapshots\/m$n-&/"
done | grep -v "/m$((MOMENTS / 2))-3\$" | nodecost keep $SOCKET
until_true 120 no_deletions
[ "$(snapshots '')" = 2 ] || fail "$(snapshots '') snapshots are left"
restored "t$DEPTH" $DEPTH $DEPTH
restored "m$((MOMENTS / 2))-3" $((MOMENTS / 2)) $MOMENTS
has many $MOMENTS $MOMENTS
until_true 120 no_deletions
ids_agree
ok "one of each is whole without all the others"

liteioctl snapshot delete "t$DEPTH" >/dev/null
liteioctl snapshot delete "m$((MOMENTS / 2))-3" >/dev/null
liteioctl volume delete "d$((DEPTH + 1))" >/dev/null
liteioctl volume detach many >/dev/null
liteioctl volume delete many >/dev/null
until_true 120 no_deletions
[ "$(used)" = "$empty" ] || fail "$(used) bytes are in use, $empty were at the beginning"
doctor_is_silent
liteioctl pool delete fast >/dev/null
agent_stop
ok "everything is given back"
