# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the agent's tests of snapshots share. Source it after agent.sh.
#
#   attach VOLUME GENERATION   export and attachment on this node
#   detach VOLUME GENERATION
#   device VOLUME              of its attachment
#   drop VOLUME                whatever it has, and the volume itself
#   begin_writer DIR...        number after number into DIR/log, flushed to each before the next one
#   acknowledged               the last number that is in all of them
#   longest_wait FROM TO       from one number to another: for how long, at most, none was acknowledged; hundredths of a
#                              second of the guest's clock
#   writer_goes_on NUMBER      more than that is acknowledged, and by now yet more
#   end_writer
#   check_fs DEVICE FS         the filesystem on a snapshot is whole, and was at rest, by all that can be seen before it is mounted
#   found_whole VOLUME FS NUMBER    check_fs, and nothing is replayed: every number up to that one is there, none
#                              twice; "last" is the last one
#   begin_unsynced DIR         many files from then on, and one large one, and nobody asks that they be on the disk
#   end_unsynced               they stay as they are; each has been noted with its sum as soon as it had been written
#   unsynced_is_there VOLUME FS NUMBER   check_fs, and nothing is replayed: so many that were noted are there, with
#                              their sums
#   no_deletions, less_is_left BYTES
#   ids_agree                  the kernel's metadata and the catalog know as many thin devices

# shellcheck source=tests/vm/lib/thin.sh
. "$LITEIO_TOP/tests/vm/lib/thin.sh"

mkdir -p /mnt/a /mnt/b /mnt/x

attach() {
	liteioctl export create "$1" "$2" --local >/dev/null
	liteioctl attachment create "$(j volume show "$1" | jq -r .uuid)" "$2" --local >/dev/null
}

detach() {
	liteioctl attachment delete "$(j volume show "$1" | jq -r .uuid)" "$2" >/dev/null
	liteioctl export delete "$1" "$2" >/dev/null
}

device() {
	echo "/dev/liteio/$(j volume show "$1" | jq -r .uuid)"
}

drop() {
	local generation

	for generation in $(j volume show "$1" | jq '.attachments[].generation'); do
		detach "$1" "$generation"
	done
	liteioctl volume delete "$1" >/dev/null
}

writer() {
	local n=0 dir now

	while [ ! -e /run/writer-stop ]; do
		n=$((n + 1))
		for dir; do
			printf '%015d\n' $n |
				dd of="$dir/log" oflag=append conv=notrunc,fsync status=none || exit 1
		done
		read -r now _ </proc/uptime
		echo "$n $now" >>/run/writer-acknowledged
	done
}

begin_writer() {
	local dir

	for dir; do
		rm -f "$dir/log"
	done
	rm -f /run/writer-stop
	echo 0 0 >/run/writer-acknowledged
	writer "$@" &
	writer_pid=$!
	until_true 60 writer_goes_on 0
}

acknowledged() {
	tail -n 1 /run/writer-acknowledged | cut -d' ' -f1
}

longest_wait() {
	awk -v from="$1" -v to="$2" '$1 < from || $1 > to { next }
		n++ && $2 - last > most { most = $2 - last }
		{ last = $2 }
		END { printf "%d\n", most * 100 + 0.5 }' /run/writer-acknowledged
}

writer_goes_on() {
	[ "$(acknowledged)" -gt $(($1 + 1)) ]
}

end_writer() {
	touch /run/writer-stop
	wait "$writer_pid" || fail "the writer got an error"
}

# what xfs_repair finds, but for what it says of every one: it takes the record that a freeze leaves behind in the log
# (nobody has to replay anything, but then the log is no empty one) for something to warn of. And the sums in its first
# superblock are counted anew by every mount
xfs_found() {
	xfs_repair -n "$1" 2>&1 | grep -v \
		-e '^Phase [1-7] - ' -e '^        - ' -e '^No modify flag set, ' \
		-e '^sb_fdblocks [0-9]*, counted [0-9]*$' \
		-e '^ALERT: The filesystem has valuable metadata changes in a log which is being$' \
		-e '^ignored because the -n option was used.  Expect spurious inconsistencies$' \
		-e '^which may be resolved by first mounting the filesystem to replay the log.$' || true
}

# nothing is written, and nothing replayed: what is not in its place without that was not brought there
check_fs() {
	local dev=$1 fs=$2 found

	case $fs in
	ext4)
		# a frozen one needs no recovery
		! dumpe2fs -h "$dev" 2>/dev/null | grep -q needs_recovery || fail "the journal has to be replayed"
		found=$(fsck.ext4 -fn "$dev" 2>&1) || fail "the filesystem is damaged: $found"
		;;
	xfs)
		found=$(xfs_found "$dev")
		[ -z "$found" ] || fail "the filesystem is damaged before its log is replayed: $found"
		;;
	esac
}

# mount_as_is DEVICE FS: without its log
mount_as_is() {
	case $2 in
	ext4) mount -o ro,noload "$1" /mnt/b ;;
	xfs) mount -o ro,nouuid,norecovery "$1" /mnt/b ;;
	esac
}

found_whole() {
	local volume=$1 fs=$2 number=$3 dev

	attach "$volume" 1
	dev=$(device "$volume")
	check_fs "$dev" "$fs"
	mount_as_is "$dev" "$fs"
	last=$(awk '$1 + 0 != NR || length($0) != 15 { bad = 1 } END { print bad ? "bad" : NR }' /mnt/b/log)
	umount /mnt/b
	[ "$last" != bad ] || fail "the log in $volume is not whole"
	[ "$last" -ge "$number" ] || fail "$number was acknowledged before, $volume ends with $last"
}

unsynced() {
	local dir=$1/unsynced n=0 was=

	mkdir "$dir"
	cd "$dir" || exit 1
	head -c 8M /dev/urandom >large
	md5sum large >>/run/unsynced
	until [ -e /run/unsynced-stop ]; do
		n=$((n + 1))
		mkdir -p "$((n % 7))"
		was=$((n % 7))/$n
		head -c $((1 + RANDOM)) /dev/urandom >"$was"
		md5sum "$was" >>/run/unsynced
	done
}

begin_unsynced() {
	rm -rf "$1/unsynced" /run/unsynced-stop
	: >/run/unsynced
	(unsynced "$1") &
	unsynced_pid=$!
	until_true 60 unsynced_are 12
}

unsynced_are() { [ "$(wc -l </run/unsynced)" -ge "$1" ]; }

end_unsynced() {
	touch /run/unsynced-stop
	wait "$unsynced_pid" || fail "who writes and asks for nothing got an error"
}

unsynced_is_there() {
	local volume=$1 fs=$2 number=$3 dev wrong

	attach "$volume" 1
	dev=$(device "$volume")
	check_fs "$dev" "$fs"
	mount_as_is "$dev" "$fs"
	wrong=$(cd /mnt/b/unsynced && head -n "$number" /run/unsynced | md5sum --check --quiet 2>&1) ||
		fail "of $number files that had been written, and nobody had asked for, $volume has not all: $(head -n 5 <<<"$wrong")"
	umount /mnt/b
}

no_deletions() {
	[ "$(j deletion list | jq '.items | length')" = 0 ]
}

less_is_left() {
	[ "$(j deletion list | jq '[.items[].leftBytes, 0] | max')" -lt "$1" ]
}

ids_agree() {
	local catalog kernel

	# one that was never used has none yet
	catalog=$(($(j volume list | jq '[.items[] | select(.class != "linear" and (.neverUsed | not))] | length') +
		$(j snapshot list | jq '.items | length')))
	kernel=$(kernel_ids | wc -l)
	[ "$kernel" = "$catalog" ] ||
		fail "the kernel has $kernel thin devices, the catalog $catalog"
}
