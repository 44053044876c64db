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
#   found_whole VOLUME FS NUMBER    attach it, mount it: every number up to that one is there, none
#                              twice, the filesystem is whole; "last" is the last one
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

# what the filesystem says of itself before anybody mounts it
check_fs() {
	local dev=$1 fs=$2

	case $fs in
	ext4)
		# a frozen one needs no recovery
		! dumpe2fs -h "$dev" 2>/dev/null | grep -q needs_recovery || fail "the journal has to be replayed"
		fsck.ext4 -fn "$dev" >/dev/null 2>&1 || fail "the filesystem is damaged"
		;;
	xfs)
		# its log is clean, or has the record that a freeze writes: a mount takes it
		mount -o nouuid "$dev" /mnt/b
		umount /mnt/b
		xfs_repair -n "$dev" >/dev/null 2>&1 || fail "the filesystem is damaged"
		;;
	esac
}

found_whole() {
	local volume=$1 fs=$2 number=$3 dev options=ro

	attach "$volume" 1
	dev=$(device "$volume")
	check_fs "$dev" "$fs"
	[ "$fs" = ext4 ] || options=ro,nouuid
	mount -o $options "$dev" /mnt/b
	last=$(awk '$1 + 0 != NR || length($0) != 15 { bad = 1 } END { print bad ? "bad" : NR }' /mnt/b/log)
	umount /mnt/b
	[ "$last" != bad ] || fail "the log in $volume is not whole"
	[ "$last" -ge "$number" ] || fail "$number was acknowledged before, $volume ends with $last"
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
