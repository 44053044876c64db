# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of power cuts share, on the host. Source it after multi.sh and pool.sh.
#
#   begin_pool GUEST DEVICE         a pool with all classes, thin volumes "keep" and "back-1", and a linear one, "line"
#   work GUEST DEVICE N [PORT]      from N on, in each round what is said, each thing after it is done:
#                                     floor N    of "keep"
#                                     fua N      blocks of this number were written with O_DSYNC, without a flush behind them
#                                     block N    those of another place were flushed
#                                     name N     "back-N" is the name of that volume
#                                     back N     it was rolled back to when N was written to it
#                                     form N     a group of two snapshots, "first" and "second", is about to be made
#                                     group N    it is there
#                                     apart N    they are about to be deleted
#                                     away N     the pool is exported
#                                     home N     it is about to be imported
#                                   Besides volumes of all kinds come, are restored, grow and go, each after "step VERB". With PORT
#                                   it is said there, and nothing is done before there was an answer; steps are not
#   begin_said, has_said WORD N     SAID[WORD] is what was said last, at first what a pool begins with; 1: there is no such word
#   survived GUEST DEVICE "FUA..." BLOCK...   what was said holds, every single block of it, what was under way is
#                                   done or was never begun, and the pool can be used and be emptied of it

V6=66666666-0000-4000-8000-000000000006
V7=77777777-0000-4000-8000-000000000007
S3=55555555-0000-4000-8000-000000000003
G1=99999999-0000-4000-8000-000000000001
G2=99999999-0000-4000-8000-000000000002

begin_pool() {
	vm "$1" <<-END
		set -e
		poolctl format $2 fast 0 - 48Mi 48Mi >/dev/null
		poolctl create $2 $V1 keep 64Mi
		poolctl create $2 $V5 line 16Mi - linear
		poolctl create $2 $V7 back-1 8Mi
	END
}

begin_said() { declare -gA SAID=([floor]=1 [name]=1 [back]=0 [form]=0 [group]=0 [apart]=0 [away]=0 [home]=0 [fua]=0 [block]=0); }

has_said() {
	[ -n "${SAID[${1:-nothing}]-}" ] || return 1
	SAID[$1]=$2
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
		n=$3
		say() {
			echo "\$*"
			[ -z "${4-}" ] || { exec 3<>/dev/tcp/10.77.0.254/${4-} && echo "\$*" >&3 && read -r _ <&3 && exec 3>&-; }
		}
		# said before it is done, for who cuts the power in the middle of it
		step() {
			[ -n "${4-}" ] || echo step "\$2"
			"\$@"
		}
		while :; do
			keep=\$(poolctl activate $2 $V1)
			line=\$(poolctl activate $2 $V5)
			back=\$(poolctl activate $2 $V7)
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
			step poolctl create $2 $V6 copy 64Mi $S1
			poolctl rename $2 $V7 back-\$n
			say name \$n
			printf '%-4096s' \$n | dd of=\$back bs=4096 oflag=direct,dsync conv=notrunc status=none
			step poolctl snapshot $2 $S3 old $V7
			printf '%-4096s' "\$n undone" | dd of=\$back bs=4096 oflag=direct,dsync conv=notrunc status=none
			poolctl rollback $2 $V7 $S3
			say back \$n
			say form \$n
			poolctl group $2 $G1 $V1 $G2 $V7
			say group \$n
			step poolctl create $2 $V3 lin 8Mi - linear
			step poolctl create $2 $V4 res 8Mi - reserved
			step poolctl grow $2 $V3 16Mi
			say apart \$n
			step poolctl delete $2 $G1
			step poolctl delete $2 $G2
			step poolctl delete $2 $S3
			step poolctl delete $2 $V6
			step poolctl delete $2 $V2
			step poolctl delete $2 $S1
			step poolctl delete $2 $V3
			step poolctl delete $2 $V4
			step poolctl reclaim $2
			poolctl export $2
			say away \$n
			say home \$n
			step poolctl import $2
		done
	END
}

survived() {
	local guest=$1 disk=$2 fua=$3 last=0 forced=0

	shift 3
	[ $# = 0 ] || last=${!#}
	[ -z "$fua" ] || forced=${fua##* }
	vm "$guest" <<-END
		set -e
		fail() { echo "\$*" >&2; exit 1; }
		poolctl show $disk >/run/list 2>&1 || grep -q 'was exported' /run/list || fail "\$(cat /run/list)"
		if grep -q 'was exported' /run/list; then
			poolctl import $disk
		elif [ ${SAID[away]} -gt ${SAID[home]} ]; then
			fail "it was exported: \$(cat /run/list)"
		fi
		list=\$(poolctl show $disk)
		grep -q '^condition=Ready' <<<"\$list" || fail "\$list"
		got=\$(sed -n 's/^volume keep ready .* floor=\([0-9]*\) .*/\1/p' <<<"\$list")
		[ "\${got:-0}" -ge ${SAID[floor]} ] || fail "the floor was ${SAID[floor]}, it is \$got: \$list"
		! grep -q creating <<<"\$list" || fail "\$list"
		got=\$(sed -n 's/^volume back-\([0-9]*\) ready .*/\1/p' <<<"\$list")
		[ "\${got:-0}" -ge ${SAID[name]} ] || fail "the name was back-${SAID[name]}: \$list"
		got=\$(head -c 4096 "\$(poolctl activate $disk $V7)" | tr '\\0' ' ' | xargs)
		[ "\${got%% *}" != '' ] || got=0
		[ "\${got%% *}" -gt ${SAID[back]} ] || [ "\$got" = ${SAID[back]} ] || fail "rolled back to ${SAID[back]}, and there is \$got"
		# they come at once, and the first one goes first
		got=\$(sed -n 's/^snapshot \(first\|second\) ready .*/\1/p' <<<"\$list" | sort | xargs)
		case "\$got" in
		'first second') ;;
		'') [ ${SAID[group]} = ${SAID[apart]} ] || fail "there was a group, and there is none: \$list" ;;
		second) [ ${SAID[form]} = ${SAID[apart]} ] || fail "half of a group: \$list" ;;
		*) fail "half of a group: \$list" ;;
		esac
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
		# restored from what was flushed before
		! grep -q '^volume copy ready' <<<"\$list" ||
			there $V6 0 $((last + 1)) $(for n; do echo "$n $n"; done | xargs)
		# each start of poolctl is an opening of the pool
		while read -r name uuid; do
			! grep -q " \$name ready " <<<"\$list" || poolctl delete $disk \$uuid
		done <<-VOLUMES
			copy $V6
			first $G1
			second $G2
			old $S3
			two $V2
			snap $S1
			lin $V3
			res $V4
		VOLUMES
		poolctl reclaim $disk
		list=\$(poolctl show $disk)
		grep -q ' volumes=3 snapshots=0 deleting=0' <<<"\$list" || fail "something was left: \$list"
		grep -q ' reserve-used=0 .* linear-used=16777216 ' <<<"\$list" || fail "space was left: \$list"
		. $LITEIO_TOP/tests/vm/lib/thin.sh
		[ "\$(kernel_ids)" = "\$(sed -n 's/.* id=\([1-9][0-9]*\) .*/\1/p' <<<"\$list" | sort -n)" ] ||
			fail "thin ids: \$(kernel_ids | xargs), \$list"
	END
}
