# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Disks that break, and metadata that are damaged. Source it after lib/test.sh and lib/pool.sh.
#
#   under_make DISK [SECTORS]    /dev/mapper/under, all of it, or without so many at either end, which looks
#                            empty from below; what breaks breaks there
#   under_break MIB MIB [KIND]   from MiB on so many are not as they should be: reads and writes fail ("all"); or
#                            only writes, and flushes of the whole disk ("writes"); or writes are said to be
#                            done and are not ("lies"); or nothing is answered, nor are flushes ("hang"); or one byte
#                            of each block that is read is another one, and no error ("garbles"); or all but reads
#                            take four seconds ("slow": load dm-delay first)
#   under_load SECTOR SECTORS KIND   the same, in sectors
#   under_heal
#   flawed_labels [one]      of the null_blk device 0: neither the first nor the backup label can be read or
#                            written, or only the first; flawed_end
#   crash                    the thin pools and what is on them are gone from the kernel, and nobody has
#                            told the pool: as after a power cut
#   meta_at                  where the metadata of the pool are on its device, in blocks of 4 KiB
#   spoil DEVICE HOW         with the pool gone from the kernel: spoil one block of its metadata, so that
#                            a repair costs nothing ("mends") or some blocks of some volume ("loses")
#   calm_start DISK · calm_end   a pool of its own under load meanwhile: none of its I/O has failed

UNDER=/dev/mapper/under
export UNDER
META_BLOCKS=1024
# where what is damaged is tried out
SPOILT=/tmp

under_table() {
	local from=$1 n=$2 kind=$3 dev=$under_disk skip=$under_skip
	local size=$under_size end=$(($1 + $2))

	if [ "$n" = 0 ]; then
		echo "0 $size linear $dev $skip"
		return
	fi
	[ "$from" = 0 ] || echo "0 $from linear $dev $skip"
	case $kind in
	writes) echo "$from $n flakey $dev $((skip + from)) 0 3600 1 error_writes" ;;
	lies) echo "$from $n flakey $dev $((skip + from)) 0 3600 1 drop_writes" ;;
	garbles) echo "$from $n flakey $dev $((skip + from)) 0 3600 5 corrupt_bio_byte 100 r 165 0" ;;
	slow) echo "$from $n delay $dev $((skip + from)) 0 $dev $((skip + from)) 4000" ;;
	hang) echo "$from $n linear /dev/mapper/hung $((skip + from))" ;;
	*) echo "$from $n error" ;;
	esac
	[ $end -ge "$size" ] || echo "$end $((size - end)) linear $dev $((skip + end))"
}

# the table comes in
under_take() {
	dmsetup load under
	# what waits below is not waited for: it finds the new table
	dmsetup suspend --noflush --nolockfs under
	# udevd reads what hangs, and may be waited for as long
	dmsetup resume --noudevsync under
}

under_load() {
	if [ "$3" = hang ]; then
		dmsetup create hung --table "0 $(blockdev --getsz "$under_disk") linear $under_disk 0"
		# who looks at a new device would hang with it
		udevadm settle
		dmsetup suspend --noflush --nolockfs hung
	fi
	under_table "$1" "$2" "$3" | under_take
}

under_make() {
	under_disk=$(readlink -f "$1")
	under_skip=${2:-0}
	under_size=$(($(blockdev --getsz "$under_disk") - 2 * under_skip))
	modprobe dm-flakey
	under_table 0 0 - | dmsetup create under
	udevadm settle
}

under_break() { under_load $(($1 * 2048)) $(($2 * 2048)) "${3:-all}"; }

# what hung goes on, and has to be over before there can be another table
under_heal() {
	local hung

	hung=$(dmsetup ls | sed -n 's/^hung\t.*/hung/p')
	[ -z "$hung" ] || dmsetup resume hung
	under_load 0 0 -
	[ -z "$hung" ] || dmsetup remove --retry hung
}

# 4 KiB at 4 KiB, and the last 4 KiB
flawed() {
	local end

	end=$(($(blockdev --getsz /dev/nullb0) / 8 * 8))
	echo "$1"8-15 >/sys/kernel/config/nullb/nullb0/badblocks
	[ "$2" = one ] || echo "$1$((end - 8))-$((end - 1))" >/sys/kernel/config/nullb/nullb0/badblocks
}
flawed_labels() { flawed + "${1:-both}"; }
flawed_end() { flawed - both; }

ours() { dmsetup ls | sed -n "s/^\(liteio-$1-[^ \t]*\).*/\1/p"; }

crash() {
	local kind name

	for kind in head thin pool rpool tmeta tdata tspare rmeta rdata rspare; do
		for name in $(ours $kind); do
			[ "$name" = "${calm_thin:-}" ] || [[ $name = *-${calm_pool:-none} ]] ||
				dmsetup remove --retry "$name"
		done
	done
}

# of the pool that is not the calm one
meta_at() {
	local name

	for name in $(ours tmeta); do
		[[ $name = *-${calm_pool:-none} ]] || echo $(($(dmsetup table "$name" | cut -d' ' -f5) / 8))
	done
}

mapped_in() { thin_ls --no-headers -o MAPPED_BLOCKS "$1" | awk '{ s += $1 } END { print s + 0 }'; }
devices_in() { thin_ls --no-headers -o DEV "$1" | wc -l; }

# their programs read past the page cache, which the tmpfs of 6.1 does not take: then on a disk "spoilt"
spoil_room() {
	[ "$SPOILT" = /tmp ] || return 0
	truncate -s $((META_BLOCKS * 4096)) /tmp/meta
	! dd if=/tmp/meta of=/dev/null bs=4096 count=1 iflag=direct status=none 2>/dev/null || return 0
	SPOILT=/run/spoilt
	mkfs.ext4 -q /dev/disk/by-id/virtio-spoilt
	mkdir $SPOILT
	mount /dev/disk/by-id/virtio-spoilt $SPOILT
}

# what a repair of this file with block B spoilt would come to: mends, loses, or nothing of interest
spoil_try() {
	cp "$SPOILT/meta" "$SPOILT/meta.bad"
	dd if=/dev/urandom of="$SPOILT/meta.bad" bs=4096 seek="$1" count=1 conv=notrunc status=none
	! thin_check -q "$SPOILT/meta.bad" || return 0
	# what was there has to be known, or nothing can be said of a loss
	[ "$(thin_dump --skip-mappings "$SPOILT/meta.bad" 2>/dev/null | grep -c '<device')" = "$(devices_in "$SPOILT/meta")" ] ||
		return 0
	rm -f "$SPOILT/meta.out"
	truncate -s $((META_BLOCKS * 4096)) "$SPOILT/meta.out"
	thin_repair -i "$SPOILT/meta.bad" -o "$SPOILT/meta.out" >/dev/null 2>&1 || return 0
	if [ "$(mapped_in "$SPOILT/meta.out")" = "$(mapped_in "$SPOILT/meta")" ]; then
		echo mends
	elif [ "$(devices_in "$SPOILT/meta.out")" = "$(devices_in "$SPOILT/meta")" ]; then
		echo loses
	fi
}

# spoil DEVICE HOW AT: AT is what meta_at said while the pool was there
spoil() {
	local b

	spoil_room
	dd if="$1" of="$SPOILT/meta" bs=4096 skip="$3" count=$META_BLOCKS iflag=direct status=none
	thin_check -q "$SPOILT/meta" || fail "the metadata are damaged before they are spoilt"
	for b in $(seq 1 80); do
		[ "$(spoil_try "$b")" != "$2" ] || break
		[ "$b" != 80 ] || fail "no block of the metadata $2"
	done
	dd if="$SPOILT/meta.bad" of="$1" bs=4096 skip="$b" seek=$(($3 + b)) count=1 oflag=direct conv=notrunc,fsync status=none
}

# what is in a volume, whatever became of its device
sum() { dd if="$1" bs=1M iflag=direct status=none | sha256sum; }

calm_start() {
	local uuid=99999999-9999-4999-8999-999999999999

	calm_disk=$1
	calm_pool=$(poolctl format "$1" calm)
	poolctl create "$1" $uuid calm 16Mi
	calm_thin=liteio-thin-$uuid
	calm_dev=$(poolctl activate "$1" $uuid)
	stampwriter fill "$calm_dev" 1 64 >/dev/null
	ioload write "$calm_dev" 4096 1 >/tmp/calm 2>&1 &
	calm_pid=$!
	until_true 30 grep -q running /tmp/calm
}

calm_end() {
	kill -TERM "$calm_pid"
	wait "$calm_pid" || fail "the other pool's volume: $(cat /tmp/calm)"
	grep -q 'done [1-9][0-9]* failed 0 ' /tmp/calm || fail "the other pool's volume: $(cat /tmp/calm)"
	field "$calm_disk" condition Ready
	cat /tmp/calm
}
