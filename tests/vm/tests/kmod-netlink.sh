#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command with good and with bad input: the sentence, the errno, and nothing changed.
# vm: kernels=6.1,6.12,7,debug,kcsan timeout=600 smp=1
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"

# what VOL_GET says of a volume that never had limits
NO_LIMITS=" qos.riops=0 qos.wiops=0 qos.rbps=0 qos.wbps=0 qos.burst_ms=100"
NO_LIMITS+=" over.read.queued=0 over.read.throttled=0 over.read.iops_ns=0 over.read.bps_ns=0"
NO_LIMITS+=" over.write.queued=0 over.write.throttled=0 over.write.iops_ns=0 over.write.bps_ns=0"

everything() {
	kmodctl batch <<<"$EVERYTHING"
}

t_info_says_who_it_is() {
	local info

	info=$(kmodctl info)
	expect 1 "$(field version <<<"$info")"
	[ "$(($(field features <<<"$info") & 111))" = 111 ]
	expect "$(field instance <<<"$info")" "$(cat $WINDOW/instance)"
	expect "0 0" "$(field stats_bytes <<<"$info") $(field dirty_bytes <<<"$info")"
	volume $V1 1
	[ "$(kmodctl info | field stats_bytes)" -gt 2000 ]
}

t_volumes_come_and_go() {
	kmodctl vol-set uuid=$V1 +create +excl name=pvc-1 floor=5
	expect " uuid=$V1 name=pvc-1 floor=5 barred=0 attachments=0$NO_LIMITS" "$(kmodctl vol-get uuid=$V1)"
	kmodctl vol-set uuid=$V1 +create name=pvc-2
	kmodctl vol-set uuid=$V1 floor=6
	expect " uuid=$V1 name=pvc-2 floor=6 barred=0 attachments=0$NO_LIMITS" "$(kmodctl vol-get uuid=$V1)"
	kmodctl vol-set uuid=$V2 +create
	expect " uuid=$V2 name= floor=1 barred=0 attachments=0$NO_LIMITS" "$(kmodctl vol-get uuid=$V2)"
	expect 2 "$(kmodctl vol-get +dump | wc -l)"
	kmodctl vol-del uuid=$V1
	expect_error ENOENT "no such volume" kmodctl vol-get uuid=$V1
	# a floor is forgotten with its volume
	kmodctl vol-set uuid=$V1 +create floor=2
}

t_attachments_come_and_go() {
	volume $V1
	kmodctl att-add uuid=$V1 gen=9223372036854775807 host=nqn.2026-11.io.liteio:host flags=1
	expect " uuid=$V1 gen=9223372036854775807 host=nqn.2026-11.io.liteio:host flags=1 state=new inflight=0 started=0 rejected=0 queued=0 throttled=0" \
		"$(kmodctl att-get uuid=$V1 gen=9223372036854775807)"
	kmodctl att-add uuid=$V1 gen=2
	kmodctl att-add uuid=$V1 gen=1
	volume $V2 1
	expect 4 "$(kmodctl att-get +dump | wc -l)"
	expect 3 "$(kmodctl att-get uuid=$V1 +dump | wc -l)"
	expect 1 "$(kmodctl stats uuid=$V2 +dump | wc -l)"
	expect 3 "$(kmodctl vol-get uuid=$V1 | field attachments)"
	kmodctl att-del uuid=$V1 gen=2
	expect_error ENOENT "no such attachment" kmodctl att-get uuid=$V1 gen=2
	# one that was not fenced may come again
	kmodctl att-add uuid=$V1 gen=2
}

# errno | a part of the sentence | arguments of kmodctl; volume 1 has floor 5, generations 5 and 7
bad_requests() {
	local long

	long=$(printf 'x%.0s' $(seq 224))
	cat <<LINES
EOPNOTSUPP||0
EOPNOTSUPP||10
EOPNOTSUPP||99
EINVAL||info uuid=$V1
EINVAL|UUID is missing|vol-set
ERANGE|out of range|vol-set uuid=11 +create
ERANGE|out of range|vol-set uuid=${V1}00 +create
EINVAL|nil UUID|vol-set uuid=00000000-0000-0000-0000-000000000000 +create
EINVAL|text is empty|vol-set uuid=$V1 name=
EINVAL|not graphic|vol-set uuid=$V1 #9=61206200
EINVAL|not graphic|vol-set uuid=$V1 #9=c3a400
EINVAL||vol-set uuid=$V1 name=${long:0:64}
EINVAL||vol-set uuid=$V1 #9=6161
ERANGE|out of range|vol-set uuid=$V1 floor=0
ERANGE|out of range|vol-set uuid=$V1 floor=9223372036854775808
EINVAL|length|vol-set uuid=$V1 #10=01
EINVAL|length|vol-set uuid=$V1 #10=01000000
EINVAL||vol-set uuid=$V1 gen=5
EINVAL||vol-set uuid=$V1 #77=00
ESTALE|cannot be lowered|vol-set uuid=$V1 floor=4
ESTALE|cannot be lowered|vol-set uuid=$V1 floor=4 name=other
EEXIST|the volume exists|vol-set uuid=$V1 +create +excl
EINVAL|names no limit|vol-set uuid=$V1 qos.
EINVAL|names no limit|vol-set uuid=$V1 floor=6 name=other qos.
EINVAL|NESTED|vol-set uuid=$V1 #29=
ERANGE|out of range|vol-set uuid=$V1 qos.riops=1000000001
ERANGE|out of range|vol-set uuid=$V1 qos.wiops=18446744073709551615
ERANGE|out of range|vol-set uuid=$V1 qos.rbps=1099511627777
ERANGE|out of range|vol-set uuid=$V1 qos.wbps=1099511627777
ERANGE|at least 4096|vol-set uuid=$V1 qos.rbps=4095
ERANGE|at least 4096|vol-set uuid=$V1 floor=6 qos.riops=5 qos.wbps=1
ERANGE|at least 4096|vol-set uuid=$V2 +create qos.wbps=1
ERANGE|out of range|vol-set uuid=$V1 qos.burst_ms=0
ERANGE|out of range|vol-set uuid=$V1 qos.riops=5 qos.burst_ms=10001
EINVAL|length|vol-set uuid=$V1 qos.#2=05000000
EINVAL||vol-set uuid=$V1 qos.#1=
EINVAL||vol-set uuid=$V1 qos.#7=0500000000000000
EINVAL||vol-get uuid=$V1 qos.riops=5
ESTALE|cannot be lowered|vol-set uuid=$V1 floor=4 qos.riops=5
EEXIST|the volume exists|vol-set uuid=$V1 +create +excl qos.riops=5
ENOENT|no such volume|vol-set uuid=$V2 qos.riops=5
ENOENT|no such volume|vol-set uuid=$V2
EINVAL|UUID is missing|vol-get
ENOENT|no such volume|vol-get uuid=$V2
EINVAL|takes no UUID|vol-get uuid=$V1 +dump
EINVAL|UUID is missing|vol-del
ENOENT|no such volume|vol-del uuid=$V2
EBUSY|has attachments|vol-del uuid=$V1
EINVAL|UUID is missing|att-add gen=9
EINVAL|GEN is missing|att-add uuid=$V1
ENOENT|no such volume|att-add uuid=$V2 gen=9
ESTALE|below the floor|att-add uuid=$V1 gen=4
EEXIST|the attachment exists|att-add uuid=$V1 gen=5
ESTALE|was fenced|att-add uuid=$V1 gen=6
ERANGE|out of range|att-add uuid=$V1 gen=0
EINVAL|reserved bit|att-add uuid=$V1 gen=9 flags=2
EINVAL|reserved bit|att-add uuid=$V1 gen=9 flags=4294967295
EINVAL|text is empty|att-add uuid=$V1 gen=9 host=
EINVAL||att-add uuid=$V1 gen=9 host=$long
EINVAL|GEN is missing|att-get uuid=$V1
ENOENT|no such attachment|att-get uuid=$V1 gen=9
ENOENT|no such volume|att-get uuid=$V2 gen=5
ENOENT|no such volume|att-get uuid=$V2 +dump
EINVAL|takes no GEN|att-get uuid=$V1 gen=5 +dump
EINVAL|GEN is missing|att-del uuid=$V1
ENOENT|no such attachment|att-del uuid=$V1 gen=9
ENOENT|no such volume|att-del uuid=$V2 gen=5
EINVAL|exactly one|fence uuid=$V1
EINVAL|exactly one|fence uuid=$V1 gen=5 floor=5
EINVAL|UUID is missing|fence floor=5
ENOENT|no such volume|fence uuid=$V2 floor=5
ERANGE|out of range|fence uuid=$V1 floor=0
ERANGE|out of range|fence uuid=$V1 gen=0
ERANGE|out of range|fence uuid=$V1 floor=6 timeout=1001
EINVAL||fence uuid=$V1 floor=6 host=x
ENOENT|no such attachment|stats uuid=$V1 gen=9
EINVAL|takes no GEN|stats uuid=$V1 gen=5 +dump
LINES
}

t_bad_input_is_refused_in_a_sentence_and_changes_nothing() {
	local errno why arguments before said

	kmodctl batch <<-REQUESTS >/dev/null
		vol-set uuid=$V1 +create floor=5 name=pvc-1
		att-add uuid=$V1 gen=5
		att-add uuid=$V1 gen=7 host=h
		fence uuid=$V1 gen=6
	REQUESTS
	before=$(everything)
	while IFS='|' read -r errno why arguments; do
		# shellcheck disable=SC2086
		! said=$(kmodctl $arguments 2>&1) || fail "$arguments was not refused, and said \"$said\""
		[[ $said == "$errno: "* ]] || fail "$arguments was refused with \"$said\", not with $errno"
		# this kernel loses what is said when a dump does not even begin; of a command that there is not
		# the kernel says nothing
		if [[ $LITEIO_KERNEL-$arguments != 6.1-*+dump && $errno != EOPNOTSUPP ]]; then
			[[ $said != *"no sentence"* ]] || fail "$arguments: $said"
			[[ $said == *"$why"* ]] || fail "$arguments was refused with \"$said\", not with \"$why\""
		fi
		is_slow || expect "$before" "$(everything)" "after $arguments"
	done < <(bad_requests)
	expect "$before" "$(everything)" "after all of them"
}

t_only_administrators_are_heard() {
	local command before who why tracking

	volume $V1 1
	tracking=$(kmodctl dirty-start uuid=$V1 gen=1 chunk_shift=16 | field tracking)
	before=$(everything)
	# nobody; root without the capability; root of a user namespace, who has all capabilities there
	for who in "setpriv --reuid=65534 --clear-groups --inh-caps=-all" \
		"setpriv --bounding-set=-sys_admin --inh-caps=-all" "unshare --user --map-root-user"; do
		while read -r command; do
			[[ $LITEIO_KERNEL-$command != 6.1-*+dump ]] && why=CAP_SYS_ADMIN || why=
			# shellcheck disable=SC2086
			expect_error EPERM "$why" $who kmodctl $command
		done <<-COMMANDS
			info
			vol-set uuid=$V2 +create
			vol-set uuid=$V1 floor=5
			vol-get uuid=$V1
			vol-get +dump
			vol-del uuid=$V1
			att-add uuid=$V1 gen=2
			att-get uuid=$V1 gen=1
			att-get +dump
			att-del uuid=$V1 gen=1
			fence uuid=$V1 floor=9
			stats uuid=$V1 gen=1
			stats +dump
			dirty-start uuid=$V1 gen=1 chunk_shift=16
			dirty-stop uuid=$V1 gen=1
			dirty-fetch uuid=$V1 gen=1 tracking=$tracking
		COMMANDS
		# shellcheck disable=SC2086
		expect_error EPERM "" $who kmodctl events 1
	done
	expect "$before" "$(everything)"
}

t_a_socket_of_another_namespace_sees_nothing() {
	local said

	# shellcheck disable=SC2209 # no command
	! said=$(unshare --net kmodctl info 2>&1) || fail "answered: $said"
	[[ $said == *'no family "liteio"'* ]] || fail "$said"
	# and the same is heard here
	kmodctl info >/dev/null
}

t_limits_hold() {
	volume $V1 {1..256}
	expect_error ENOSPC "as many attachments" kmodctl att-add uuid=$V1 gen=257
	expect 256 "$(kmodctl att-get +dump | wc -l)"
	expect 256 "$(kmodctl stats +dump | wc -l)"
	expect 256 "$(kmodctl att-get +dump | field gen | sort -nu | wc -l)"
	expect 256 "$(find $WINDOW/volumes/$V1/attachments -mindepth 1 -maxdepth 1 | wc -l)"
	kmodctl fence uuid=$V1 floor=257 >/dev/null
	expect 256 "$(kmodctl att-get +dump | grep -c state=fenced)"
	# generations that are fenced one by one
	printf "fence uuid=$V1 gen=%d timeout=0\n" {301..4396} | kmodctl batch >/dev/null
	expect 4096 "$(kmodctl vol-get uuid=$V1 | field barred)"
	expect_error ENOSPC "raise the floor" kmodctl fence uuid=$V1 gen=4397
	# one of them may be said again, and a higher floor makes room
	kmodctl fence uuid=$V1 gen=4396 >/dev/null
	kmodctl fence uuid=$V1 floor=302 >/dev/null
	kmodctl fence uuid=$V1 gen=4397 >/dev/null
	expect 4096 "$(kmodctl vol-get uuid=$V1 | field barred)"
}

# requests made by chance, most of them wrong somewhere: each gets an answer, what is refused has changed nothing
# and what was right says why; and every command has been done, so that it is not all for nothing. The same seed
# makes the same requests; SEED and COUNT ask for others and more.
t_requests_made_by_chance_do_no_harm() {
	local command said uuid=11111111-1111-1111-1111-111111111111

	ram_disk
	# one of the four volumes that are asked for has a head
	volume $uuid 3
	head_new h /dev/ram0 8192 $uuid 3
	said=$(kmodctl scramble "${SEED:-1}" "${COUNT:-$(often 10000 2000)}")
	echo "# seed ${SEED:-1}: $said"
	for command in refused info vol-set vol-get vol-del att-add att-get att-del fence stats dirty-start \
		dirty-stop dirty-fetch; do
		[ "$(field $command <<<"$said")" -gt 0 ] || fail "$command never was among them"
	done
	dd if=/dev/mapper/h of=/dev/null bs=4k count=1 iflag=direct status=none 2>/dev/null || true
	kmodctl info >/dev/null
}

run_tests "$@"
