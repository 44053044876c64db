#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pool node loses its power, and when it comes back a disk does not answer. What other nodes had of the other pool is
# there at once; what they had of this one has its place: they connect, and their I/O waits, also while the agent is
# killed, at every step of making places and of filling them. When the disk answers they go on without an error, and one that
# was fenced gets its own.
# vm: host=yes kernels=6.12 timeout=1200 needs=module,tools,programs

# shellcheck source=tests/vm/lib/multi.sh
. "$(dirname "$0")/../lib/multi.sh"

vm_add pool --disk pool=256M --disk slow=256M --disk state=32M -m 768M --timeout 600
vm_add user -m 768M --timeout 600
vm_boot pool user

# what the node knows outlives its power. A disk that begins later than the one it lies on, which so looks empty
# shellcheck disable=SC2016 # expanded over there
state='mkdir -p /var/lib/liteio
	mount /dev/disk/by-id/virtio-state /var/lib/liteio'
# shellcheck disable=SC2016
under='dmsetup create under --table "0 $(($(blockdev --getsz /dev/disk/by-id/virtio-slow) - 4096)) linear /dev/disk/by-id/virtio-slow 2048"'
# shellcheck disable=SC2016
look='pools() { j pool list | jq -r "[.items[].name] | sort | join(\" \")"; }
	ready() { j export list | jq -c "[.items[] | select(.ready) | .volume + (.generation | tostring)] | sort"; }
	group() { cat /sys/kernel/config/nvmet/subsystems/nqn.2026-11.io.liteio:$1:1/namespaces/1/ana_grpid; }
	is_open() {
		[ "$(j node show | jq -r .closed)" = null ] || { j node show; exit 1; }
		! nft list tables | grep -q liteio-door
	}'

on pool "mkfs.ext4 -q /dev/disk/by-id/virtio-state
	$state
	$under
	agent_start"
on user agent_start
nqn=$(on user 'j node show | jq -r .hostNQN')
on pool "liteioctl pool create quick \$DISK >/dev/null
	liteioctl pool create slow /dev/mapper/under >/dev/null
	liteioctl volume create a --pool quick --size 32Mi >/dev/null
	for v in b c d; do liteioctl volume create \$v --pool slow --size 32Mi >/dev/null; done
	for v in a b c d; do liteioctl export create \$v 1 --host-nqn $nqn >/dev/null; done
	[ \$(jq '[.pools[].exports[] | select(.blockBytes == 512 and .sizeBytes == $((32 << 20)))] | length' \
		/var/lib/liteio/exports.json) = 4 ] || { cat /var/lib/liteio/exports.json; exit 1; }
	liteioctl volume grow b --size 64Mi >/dev/null
	[ \$(jq '[.pools[].exports[] | select(.sizeBytes == $((64 << 20)))] | length' /var/lib/liteio/exports.json) = 1 ]"
a=$(on pool 'j volume show a | jq -r .uuid')
b=$(on pool 'j volume show b | jq -r .uuid')
c=$(on pool 'j volume show c | jq -r .uuid')
d=$(on pool 'j volume show d | jq -r .uuid')
# shellcheck disable=SC2016
write='more() { [ $(wc -l </run/writer-$1) -gt $2 ]; }
	counts() {
		local lines=$(wc -l </run/writer-$1)

		kill -USR1 $(cat /run/writer-$1.pid)
		until_true 60 more $1 $lines
		tail -n 1 /run/writer-$1
	}
	path_of() { echo /sys/class/nvme/nvme*/nvme*c*n*/wwid | xargs grep -l $1 | xargs dirname; }
	ends_well() {
		kill -TERM $(cat /run/writer-$1.pid)
		until_true 200 [ ! -d /proc/$(cat /run/writer-$1.pid) ]
		tail -n 1 /run/writer-$1
		tail -n 1 /run/writer-$1 | grep -q "failed 0"
		stampwriter verify /dev/liteio/$1 1 512 /run/stamps-$1
	}'
on user "for v in $a $b $c $d; do liteioctl attachment create \$v 1 --address $(vm_ip pool) >/dev/null; done
	for v in $a $b; do
		STAMPS=/run/stamps-\$v setsid stampwriter write /dev/liteio/\$v 1 512 4 >/run/writer-\$v 2>&1 </dev/null &
		echo \$! >/run/writer-\$v.pid
		until_true 60 grep -q running /run/writer-\$v
	done"
# fenced, and not taken away: it is written down still
on pool "[ \"\$(j volume fence c --floor 2 | jq .drained)\" = true ]
	grep -q $c /var/lib/liteio/exports.json"
vm_cut pool
on user "until_true 120 sh -c 'liteioctl -o json attachment list | grep -q connecting'"

vm_boot pool
# a disk that is not there at all
on pool "$state
	for step in agent-place:head agent-place:enabled agent-place:linked; do
		LITEIO_STEP_KILL=\$step agent_start
		agent_wait_dead
	done
	nft list tables | grep -q liteio-door"
ok "while an agent dies among places nobody is let in"

on pool "$under
	$look
	dmsetup suspend --nolockfs --noflush under
	agent_start
	[ \"\$(pools)\" = quick ] || { pools; exit 1; }
	[ \"\$(ready)\" = '[\"a1\"]' ] || { j export list; exit 1; }
	is_open
	[ \"\$(group $a) \$(group $b) \$(group $c) \$(group $d)\" = '1 99 99 99' ]
	grep -q 'pool slow is not there: the I/O of its 3 consumers waits' \$AGENT_LOG"
ok "a disk that hangs keeps nobody out"

on user "$write
	states() { j attachment list | jq -r '[.items[].state] | sort | join(\" \")'; }
	connected() { [ \"\$(cat /sys/class/nvme/nvme*/state | sort -u)\" = live ]; }
	until_true 200 connected
	[ \"\$(states)\" = 'connecting connecting connecting live' ] || { states; exit 1; }
	before=\$(counts $a)
	goes_on() { [ \"\$(counts $a)\" != \"\$before\" ]; }
	until_true 100 goes_on
	[ \"\$(cat \$(path_of $a)/ana_state) \$(cat \$(path_of $b)/ana_state)\" = 'optimized inaccessible' ]
	# not one of the disk's consumers has heard of an error
	{ dd if=/dev/zero of=/dev/liteio/$c bs=4096 count=1 oflag=direct || echo failed; } >/run/late 2>&1 </dev/null &
	counts $b | grep -q 'failed 0'
	[ \$(blockdev --getsz /dev/liteio/$b) = $((64 << 11)) ]"
ok "the others' consumers go on, its own connect and wait"

on pool "$look
	hangs=\$(cat \$AGENT_PID)
	agent_kill
	rm /run/liteio/agent.sock
	LITEIO_STEP_KILL=agent-fill:head agent_start
	[ -d /proc/\$hangs/task ]
	[ \"\$(pools)\" = quick ]
	is_open
	[ \"\$(group $a) \$(group $b) \$(group $c) \$(group $d)\" = '1 99 99 99' ]"
on user "$write
	[ ! -s /run/late ] || { cat /run/late; exit 1; }
	counts $b | grep -q 'failed 0'"
ok "an agent that is killed is followed by one that finds the places"

# one place is filled, and its consumer not told, when the first one dies; the next one fills the other
on pool "$look
	dmsetup resume under
	agent_wait_dead
	[ \"\$(group $b) \$(group $d)\" = '99 99' ]
	LITEIO_STEP_KILL=agent-fill:group agent_start
	agent_wait_dead
	agent_start
	both() { [ \"\$(pools)\" = 'quick slow' ]; }
	until_true 120 both
	all() { [ \"\$(ready)\" = '[\"a1\",\"b1\",\"d1\"]' ]; }
	until_true 120 all
	[ \"\$(group $b) \$(group $d)\" = '1 1' ]
	until_true 60 [ ! -e /sys/kernel/config/nvmet/subsystems/nqn.2026-11.io.liteio:$c:1 ]
	if grep $c /var/lib/liteio/exports.json; then exit 1; fi
	doctor_is_silent"
on user "$write
	before=\$(counts $b)
	goes_on() { [ \"\$(counts $b)\" != \"\$before\" ]; }
	until_true 100 goes_on
	[ \$(blockdev --getsz /dev/liteio/$b) = $((64 << 11)) ]
	ends_well $b
	ends_well $a"
ok "the disk answers: its consumer goes on without an error, and nothing acknowledged is lost"

on user "until_true 200 grep -q failed /run/late
	grep -q 'Input/output error\|No such\|No space' /run/late"
ok "who was fenced gets an error then"
