# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of power cuts share, on the host. Source it after multi.sh and pool.sh.
#
#   begin_pool GUEST DEVICE         a pool with all classes, a thin volume "keep" and a linear one, "line"
#   work GUEST DEVICE N [PORT]      floors and blocks from N on, each after what is said of the one before: "floor
#                                   VALUE", "fua VALUE" for blocks that were written with O_DSYNC, without a flush behind
#                                   them, "block VALUE" for those of another place that were flushed; and volumes of all
#                                   kinds come, grow and go, each after "step". With PORT it is said there, and nothing is
#                                   done before there was an answer; steps are not
#   survived GUEST DEVICE FLOOR "FUA..." BLOCK...    what was said holds, every single block of it, what was under way is
#                                   done or was never begun, and the pool can be used and be emptied of it

begin_pool() {
	vm "$1" <<-END
		set -e
		poolctl format $2 fast 0 - 48Mi 48Mi >/dev/null
		poolctl create $2 $V1 keep 64Mi
		poolctl create $2 $V5 line 16Mi - linear
	END
}

# Where what is forced lies: of the thin volume each of the first 64 is in a block of the pool of its own, that has to be
# made for it; the linear one has as many blocks as rounds can be. fua_keep N, fua_line N: in blocks of 4096
FUA_KEEP=12288 FUA_LINE=2048
fua_keep() { echo $((FUA_KEEP + $1 % 64 * 64 + $1 / 64)); }
fua_line() { echo $((FUA_LINE + $1)); }

work() {
	vm "$1" <<-END
		$(declare -f fua_keep fua_line)
		FUA_KEEP=$FUA_KEEP FUA_LINE=$FUA_LINE
		set -e
		keep=\$(poolctl activate $2 $V1)
		line=\$(poolctl activate $2 $V5)
		n=$3
		say() {
			echo "\$*"
			[ -z "${4-}" ] || { exec 3<>/dev/tcp/10.77.0.254/${4-} && echo "\$*" >&3 && read -r _ <&3 && exec 3>&-; }
		}
		# said before it is done, for who cuts the power in the middle of it
		step() {
			[ -n "${4-}" ] || echo step
			"\$@"
		}
		while :; do
			n=\$((n + 1))
			poolctl floor $2 $V1 \$n
			say floor \$n
			printf '%4096d' \$n | dd of=\$keep bs=4096 seek=\$(fua_keep \$n) oflag=direct,dsync conv=notrunc status=none
			printf '%4096d' \$n | dd of=\$line bs=4096 seek=\$(fua_line \$n) oflag=direct,dsync conv=notrunc status=none
			say fua \$n
			for dev in \$keep \$line; do
				printf '%4096d' \$n | dd of=\$dev bs=4096 seek=\$n oflag=direct conv=fsync,notrunc status=none
			done
			say block \$n
			# nobody waits for these: new blocks of the thin pool, of which nothing is promised
			dd if=/dev/urandom of=\$keep bs=64K seek=\$((640 - n % 40 * 8)) count=8 oflag=direct conv=notrunc status=none
			step poolctl create $2 $V2 two 16Mi
			step poolctl snapshot $2 $S1 snap $V1
			step poolctl create $2 $V3 lin 8Mi - linear
			step poolctl create $2 $V4 res 8Mi - reserved
			step poolctl grow $2 $V3 16Mi
			step poolctl delete $2 $V2
			step poolctl delete $2 $S1
			step poolctl delete $2 $V3
			step poolctl delete $2 $V4
			step poolctl reclaim $2
		done
	END
}

survived() {
	local guest=$1 disk=$2 floor=$3 fua=$4 last=0 forced=0

	shift 4
	[ $# = 0 ] || last=${!#}
	[ -z "$fua" ] || forced=${fua##* }
	vm "$guest" <<-END
		set -e
		fail() { echo "\$*" >&2; exit 1; }
		list=\$(poolctl show $disk)
		grep -q '^condition=Ready' <<<"\$list" || fail "\$list"
		got=\$(sed -n 's/^volume keep ready .* floor=\([0-9]*\) .*/\1/p' <<<"\$list")
		[ "\${got:-0}" -ge $floor ] || fail "the floor was $floor, it is \$got: \$list"
		! grep -q creating <<<"\$list" || fail "\$list"
		# there VOLUME FROM COUNT PLACE NUMBER...: every block as a line: its place, and the number in it
		there() {
			local v=\$1 from=\$2 count=\$3 bad

			shift 3
			[ \$# != 0 ] || return 0
			printf '%d %d\n' "\$@" >/run/want
			dd if="\$(poolctl activate $disk \$v)" bs=4096 skip=\$from count=\$count status=none | tr '\\0' ' ' |
				fold -w 4096 | awk -v from=\$from '\$1 != "" { print from + NR - 1, \$1 }' >/run/blocks
			bad=\$(grep -vxFf /run/blocks /run/want || true)
			[ -z "\$bad" ] || fail "of \$v there is not, though it was acknowledged: block \${bad//\$'\n'/, }; there is \$(xargs </run/blocks)"
		}
		there $V1 0 $((last + 1)) $(for n; do echo "$n $n"; done | xargs)
		there $V5 0 $((last + 1)) $(for n; do echo "$n $n"; done | xargs)
		there $V1 $FUA_KEEP $((forced < 64 ? (forced + 1) * 64 : 4096)) $(for n in $fua; do echo "$(fua_keep "$n") $n"; done | xargs)
		there $V5 $FUA_LINE $((forced + 1)) $(for n in $fua; do echo "$(fua_line "$n") $n"; done | xargs)
		# each start of poolctl is an opening of the pool
		while read -r name uuid; do
			! grep -q " \$name ready " <<<"\$list" || poolctl delete $disk \$uuid
		done <<-VOLUMES
			two $V2
			snap $S1
			lin $V3
			res $V4
		VOLUMES
		poolctl reclaim $disk
		list=\$(poolctl show $disk)
		grep -q ' volumes=2 snapshots=0 deleting=0' <<<"\$list" || fail "something was left: \$list"
		grep -q ' reserve-used=0 .* linear-used=16777216 ' <<<"\$list" || fail "space was left: \$list"
		. $LITEIO_TOP/tests/vm/lib/thin.sh
		[ "\$(kernel_ids)" = "\$(sed -n 's/.* id=\([1-9][0-9]*\) .*/\1/p' <<<"\$list" | sort -n)" ] ||
			fail "thin ids: \$(kernel_ids | xargs), \$list"
	END
}
