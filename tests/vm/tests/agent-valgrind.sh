#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A long run of the agent under valgrind: every operation many times, what is refused too, clients that go away in
# the middle, a reload, a scrape, moments of two pools, what the doctor finds and mends, repairs, a pool that is exported
# and imported, a disk that goes and comes, places; no byte read that nobody wrote, none after it was freed, and none
# forgotten; no descriptor closed twice, and none left open at the end. LITEIO_ROUNDS says how many times; what grows with
# them is looked for by agent-rounds.
# vm: kernels=6.12 disks=pool=2G,other=512M timeout=1800 round=120 mem=2G needs=module,tools,programs,valgrind

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/thin.sh
. "$LITEIO_TOP/tests/vm/lib/thin.sh"
# shellcheck source=tests/vm/lib/life.sh
. "$LITEIO_TOP/tests/vm/lib/life.sh"

FOUND=/run/valgrind.log
ROUNDS=${LITEIO_ROUNDS:-5}

export AGENT_METRICS=unix:///run/liteio/metrics.sock
export AGENT_UNDER="$LITEIO_O/vm-tools/valgrind -q --log-file=$FOUND --leak-check=full --show-leak-kinds=definite,indirect \
--errors-for-leak-kinds=definite,indirect --track-fds=yes --child-silent-after-fork=yes --keep-stacktraces=alloc-and-free --num-callers=24"

# findings: what valgrind has said, but for descriptors that are open at the end and were open before the agent was, and for
# those that every thread uses until the process ends: two ways to device-mapper, libdevmapper's and that of who only asks
# (host/dm_ioctl.c), and four connections to the module that wait for their next use (host/netlink.c). One more is told. What
# valgrind does not know of the kernel ("--") is no finding.
findings() {
	awk 'function kept() {
			if (fd ~ /mapper\/control(\n|$)/)
				return fd ~ /control \(dm_ioctl\.c/ ? !asks++ : fd ~ /liteio_dm_init/ && !changes++
			return fd ~ /liteio_netlink_open/ && connections++ < 4
		}
		function told() { return fd !~ /inherited from parent/ && !kept() }
		/^==[0-9]+== FILE DESCRIPTORS: / { next }
		/^==[0-9]+== Open / { fd = $0; is_fd = 1; next }
		is_fd && /^==[0-9]+== *$/ {
			is_fd = 0
			if (told())
				print fd
			next
		}
		is_fd { fd = fd "\n" $0; next }
		/^==[0-9]+== *$/ { next }
		/^==/
		END { if (is_fd && told()) print fd }' $FOUND
}

# nothing WHEN: valgrind has found nothing
nothing() {
	[ -e $FOUND ] || fail "valgrind has not begun: $(cat $AGENT_LOG)"
	[ -z "$(findings)" ] || {
		findings | head -n 120 >&2
		fail "valgrind has something to say after $1"
	}
}

# the other disk is pulled out of the machine, and put back
pulled=$(basename "$(readlink -f "/sys/class/block/$(basename "$(readlink -f "$OTHER")")/device")")
pull() {
	echo "$pulled" >/sys/bus/virtio/drivers/virtio_blk/unbind
	until_true 30 test ! -e "$OTHER"
}
plug() {
	echo "$pulled" >/sys/bus/virtio/drivers/virtio_blk/bind
	until_true 30 test -b "$OTHER"
}

# the agent ends, and of the other pool nothing is left in this kernel, as when its power was cut; its disk is out
away() {
	local at kept

	kept=$(j volume show kept | jq -r .uuid)
	agent_stop
	nothing "its end: something was forgotten"
	for at in "$CFS"/ports/*/subsystems/*; do
		rm "$at"
	done
	for at in "$CFS"/subsystems/*; do
		# nobody's (host/nvmet.h) has none
		[ ! -d "$at/namespaces/1" ] || {
			echo 0 >"$at/namespaces/1/enable"
			rmdir "$at/namespaces/1"
		}
		find "$at/allowed_hosts" -type l -delete
		rmdir "$at"
	done
	dmsetup remove --retry "liteio-head-$kept-$GENERATION"
	poolctl close "$OTHER"
	pull
	agent_start
	until_true 300 has_place
}
has_place() { [ "$(group)" = 99 ]; }
group() { cat $CFS/subsystems/*:*:*/namespaces/1/ana_grpid; }
is_served() { [ "$(group)" = 1 ] && j export list | jq -e '[.items[].ready] == [true]'; }
is_ready() { [ "$(j pool show slow | jq -r .state)" = ready ]; }

agent_start
nothing "the start"
liteioctl pool create fast "$DISK" --linear 256Mi --reserved 256Mi >/dev/null
nothing "a pool is made"
ok "an agent under valgrind has a pool"

life 0
nothing "one life of a volume"
ok "one life of a volume"

strangers
nothing "what is refused"
ok "what is refused, and clients that go away"

for n in $(seq "$ROUNDS"); do
	life "$n"
	strangers
done
liteioctl pool create slow "$OTHER" >/dev/null
liteioctl volume create kept --pool slow --size 64Mi >/dev/null
for n in $(seq 1 4 "$ROUNDS"); do
	pair "$n"
	moves
done
nothing "moments of two pools, the doctor, repairs, exports and imports"
ok "moments of two pools, the doctor, repairs, exports and imports"

kill -HUP "$(cat $AGENT_PID)"
liteioctl volume list >/dev/null
nothing "a reload"
liteioctl export create kept "$GENERATION" --host-nqn $HOST >/dev/null
away
plug
until_true 300 is_served
nothing "a place that is filled"
ok "nothing was forgotten at the end; what is away has a place, and is served when it is back"

pull
is_written_down() { [ "$(jq -c '[.generations[].generation]' /var/lib/liteio/ended.json)" = "[$GENERATION]" ]; }
until_true 300 is_written_down
plug
until_true 300 is_ready
refused fenced liteioctl export create kept "$GENERATION" --host-nqn $HOST
nothing "a disk that goes and comes"
ok "a disk that goes and comes"

GENERATION=$((GENERATION + 1))
liteioctl export create kept "$GENERATION" --host-nqn $HOST >/dev/null
away
liteioctl pool delete slow >/dev/null
# whoever is at it just then takes it away at his end
is_given_up() { [ -z "$(compgen -G "$CFS/subsystems/*:*:*")" ]; }
until_true 300 is_given_up
plug
is_imported() { liteioctl pool import "$OTHER" >/dev/null; is_ready; }
until_true 300 is_imported
[ "$(j volume list | jq -r '.items[].name')" = kept ] || fail "the volume is not there again"
agent_stop
nothing "a start with pools that are there"
ok "nothing was forgotten at the end, and none at the next start"
