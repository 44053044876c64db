#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The table line of a head: what goes in comes out again, and everything wrong is refused in one
# sentence, leaving no device and no binding behind.
# vm: kernels=6.1,6.12,7,debug,kcsan timeout=400 smp=1 append=ima_policy=critical_data
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"

# volume 1 with attachments 1 and 2, of which 2 is fenced; volume 3 with floor 5, and an attachment that was
# there before
V3=33333333-3333-4333-8333-333333333333

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
	expect "0 8192 liteio $V1 3 1 open 0 r 0 0 0 w 4 512 0 f 0 0 0 o 0 0 0 rejected 0 queued 0 throttled 0 dirty -" \
		"$(dmsetup status --noflush h)" status
}

# arguments | the sentence in the kernel's log | what the caller is told, where it is not "Invalid argument". A device
# that is not there is "No such device" to some kernels, and to others "No such file or directory".
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
/dev/nothing 0 $V1 1|device cannot be opened|No such
/dev/ram0 131072 $V1 1|offset and length reach beyond the end of the device
/dev/ram0 130073 $V1 1|offset and length reach beyond the end of the device
/dev/ram0 36028797018963967 $V1 1|offset and length reach beyond the end of the device
/dev/ram0 0 $V2 1|no such volume is registered|No such file or directory
/dev/ram0 0 $V1 3|no such attachment is registered|No such file or directory
/dev/ram0 0 $V1 2|the attachment is fenced|Stale file handle
/dev/ram0 0 $V3 4|the attachment is fenced|Stale file handle
/dev/ram0 0 $V3 3|the generation is below the floor|Stale file handle
/dev/ram0 0 $V3 6|the generation was fenced|Stale file handle
LINES
}

t_every_malformed_table_is_refused_in_a_sentence() {
	local args why told before said

	ram_disk
	volume $V1 1 2
	volume $V3 4
	kmodctl fence uuid=$V1 gen=2 >/dev/null
	kmodctl fence uuid=$V3 floor=5 >/dev/null
	kmodctl fence uuid=$V3 gen=6 >/dev/null
	before=$(kmodctl batch <<<"$EVERYTHING")
	dmesg --clear
	while IFS='|' read -r args why told; do
		echo "a table: $args" >/dev/kmsg
		! said=$(LC_ALL=C dmsetup create h --table "0 1000 liteio $args" 2>&1) || fail "taken: $args"
		[[ $said == *"${told:-Invalid argument}"* ]] || fail "\"$args\" was refused with \"$said\""
		said=$(dmesg)
		[[ ${said##*"a table: "} == *"liteio: $why"* ]] || fail "\"$args\" was refused with: ${said##*"a table: "}"
	done < <(bad_lines)
	expect "No devices found" "$(dmsetup ls)" devices
	expect "$before" "$(kmodctl batch <<<"$EVERYTHING")" registry
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
	volume $V1 2
	kmodctl att-add uuid=$V1 gen=1 flags=1
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

# measured GEN...: what the kernel has measured of tables with a head of these generations
measured() {
	python3 - "$@" <<-'PYTHON'
		import sys
		for line in open('/sys/kernel/security/ima/ascii_runtime_measurements', encoding='ascii'):
		    words = line.split()
		    if words[4:5] == ['dm_table_load']:
		        text = bytes.fromhex(words[5]).decode()
		        if any(',generation=%s,' % gen in text for gen in sys.argv[1:]):
		            print(text[text.index('target_name='):])
	PYTHON
}

t_the_kernel_can_measure_tables() {
	# kernels that are built to find mistakes have no IMA
	[ -d /sys/kernel/security ] && { mountpoint -q /sys/kernel/security || mount -t securityfs none /sys/kernel/security; }
	if [ ! -d /sys/kernel/security/ima ]; then
		case $LITEIO_KERNEL in
		debug | kcsan) return ;;
		*) fail "kernel $LITEIO_KERNEL has IMA" ;;
		esac
	fi
	ram_disk
	# what was measured before is not measured again
	volume $V1 70 80
	dmsetup create h --table "0 1000 liteio 1:0 2048 $V1 70 1 ro"
	dmsetup create g --table "0 1000 liteio /dev/ram0 0 $V1 80"
	expect "target_name=liteio,target_version=1.2.0,device_name=1:0,offset=2048,uuid=$V1,generation=70,read_only=y;
target_name=liteio,target_version=1.2.0,device_name=1:0,offset=0,uuid=$V1,generation=80,read_only=n;" "$(measured 70 80)"
}

t_the_version_is_told() {
	dmsetup targets | grep -qE '^liteio +v1\.2\.0$'
	# by this name device-mapper asks for the module of a target that it does not know
	modinfo -F alias "$KO" | grep -qx dm-liteio
}

run_tests "$@"
