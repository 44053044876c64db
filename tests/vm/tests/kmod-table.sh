#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The table line of a head: what goes in comes out again, and everything wrong is refused in one
# sentence, leaving no device and no binding behind.
# vm: kernels=6.1,6.12,7,debug,kcsan
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"

t_table_round_trips() {
	local line

	ram_disk
	volume $V1 7
	for line in "0 1000 liteio 1:0 0 $V1 7" "0 1000 liteio 1:0 2048 $V1 7 1 ro"; do
		dmsetup create h --table "$line"
		expect "$line" "$(dmsetup table h)" table
		dmsetup table h | dmsetup load h
		dmsetup remove --retry h
	done
	# a path, an upper-case UUID and an empty list of options come back in canonical form
	dmsetup create h --table "0 1000 liteio /dev/ram0 8 ${V1^^} 7 0"
	expect "0 1000 liteio 1:0 8 $V1 7" "$(dmsetup table h)" table
}

t_status_says_what_happened() {
	ram_disk
	volume $V1 3
	head_new h /dev/ram0 8192 $V1 3
	dd if=/dev/zero of=/dev/mapper/h bs=64k count=4 oflag=direct status=none
	# shellcheck disable=SC2046
	set -- $(dmsetup status h)
	expect "0 8192 liteio $V1 3 1 open 0 r" "$1 $2 $3 $4 $5 $6 $7 $8 $9"
	shift 12
	expect "w 4 512 0 f" "$1 $2 $3 $4 $5"
	expect "rejected 0" "${13} ${14}"
}

# arguments | the sentence in the kernel's log
bad_lines() {
	cat <<LINES
|arguments are <dev> <offset>
/dev/ram0 0 $V1|arguments are <dev> <offset>
/dev/ram0 x $V1 1|offset is not a number of sectors
/dev/ram0 -1 $V1 1|offset is not a number of sectors
/dev/ram0 0x10 $V1 1|offset is not a number of sectors
/dev/ram0 36028797018963968 $V1 1|offset is not a number of sectors
/dev/ram0 0 11111111-1111 1|volume is not a UUID
/dev/ram0 0 {$V1} 1|volume is not a UUID
/dev/ram0 0 00000000-0000-0000-0000-000000000000 1|volume is the nil UUID
/dev/ram0 0 $V1 0|generation is not a number
/dev/ram0 0 $V1 -1|generation is not a number
/dev/ram0 0 $V1 9223372036854775808|generation is not a number
/dev/ram0 0 $V1 1 ro|number of options is not 0 or 1
/dev/ram0 0 $V1 1 2 ro ro|number of options is not 0 or 1
/dev/ram0 0 $V1 1 1|number of options does not match
/dev/ram0 0 $V1 1 0 ro|number of options does not match
/dev/ram0 0 $V1 1 1 rw|unknown option
/dev/nothing 0 $V1 1|device cannot be opened
/dev/ram0 131072 $V1 1|offset and length reach beyond the end of the device
/dev/ram0 130073 $V1 1|offset and length reach beyond the end of the device
/dev/ram0 36028797018963967 $V1 1|offset and length reach beyond the end of the device
/dev/ram0 0 $V2 1|no such volume is registered
/dev/ram0 0 $V1 2|no such attachment is registered
LINES
}

t_every_malformed_table_is_refused_in_a_sentence() {
	local args why before

	ram_disk
	volume $V1 1
	before=$(kmodctl att-get +dump)
	while IFS='|' read -r args why; do
		dmesg --clear
		! dmsetup create h --table "0 1000 liteio $args" 2>/dev/null ||
			fail "taken: $args"
		dmesg | grep -qF "liteio: $why" || fail "\"$args\" was refused with: $(dmesg)"
		expect "No devices found" "$(dmsetup ls)" "after $args"
	done < <(bad_lines)
	expect "$before" "$(kmodctl att-get +dump)" registry
	# and what is right is still taken
	head_new h /dev/ram0 1000 $V1 1
}

t_an_attachment_has_one_head() {
	ram_disk
	volume $V1 1
	head_new h /dev/ram0 1000 $V1 1
	dmesg --clear
	! dmsetup create g --table "0 1000 liteio /dev/ram0 0 $V1 1" 2>/dev/null || fail "bound twice"
	dmesg | grep -qF "another device is the head of the attachment" || fail "$(dmesg)"
	# the same head may be loaded again, and again
	dmsetup table h | dmsetup load h
	dmsetup table h | dmsetup load h
	dmsetup resume h
	dmsetup remove --retry h
	expect new "$(state_of $V1 1)"
}

t_read_only_refuses_what_changes_data() {
	local kind

	ram_disk
	kmodctl vol-set uuid=$V1 +create
	kmodctl att-add uuid=$V1 gen=1 flags=1
	kmodctl att-add uuid=$V1 gen=2
	dd if=/dev/urandom of=/dev/ram0 bs=1M count=4 oflag=direct status=none
	sha256sum </dev/ram0 >"$WORK/before"
	for kind in "1" "2 1 ro"; do
		# shellcheck disable=SC2086
		head_new h /dev/ram0 8192 $V1 $kind
		! dd if=/dev/zero of=/dev/mapper/h bs=4k count=1 oflag=direct status=none 2>/dev/null ||
			fail "written"
		! blkdiscard -z -l 4096 /dev/mapper/h 2>/dev/null || fail "zeroed"
		dd if=/dev/mapper/h of=/dev/null bs=1M iflag=direct status=none
		# a flush changes nothing
		sync /dev/mapper/h
		[ "$(kmodctl att-get uuid=$V1 gen="${kind%% *}" | field rejected)" -gt 0 ]
		dmsetup remove --retry h
	done
	sha256sum </dev/ram0 | cmp - "$WORK/before"
}

t_ima_and_versions_are_told() {
	dmsetup targets | grep -qE '^liteio +v1\.1\.0$'
}

run_tests "$@"
