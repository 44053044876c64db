# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of the pool engine share. Source it after lib/test.sh.

# shellcheck source=tests/vm/lib/thin.sh
. "$LITEIO_TOP/tests/vm/lib/thin.sh"
# shellcheck source=tests/vm/lib/wait.sh
. "$LITEIO_TOP/tests/vm/lib/wait.sh"

V1=11111111-1111-4111-8111-111111111111
V2=22222222-2222-4222-8222-222222222222
V3=33333333-3333-4333-8333-333333333333
V4=44444444-4444-4444-8444-444444444444
V5=77777777-7777-4777-8777-777777777777
S1=55555555-5555-4555-8555-555555555555
S2=66666666-6666-4666-8666-666666666666
export V1 V2 V3 V4 V5 S1 S2

# refused PATTERN COMMAND...: it fails, with a sentence that has this in it
refused() {
	local pattern=$1 said

	shift
	if said=$("$@" 2>&1); then
		fail "not refused: $*"
	fi
	grep -q -- "$pattern" <<<"$said" || fail "$* said \"$said\", not \"$pattern\""
}

no_loop_of() {
	! losetup -a | grep -qF "$1"
}

# loop_gone FILE: whoever else has the device open, as udevd for a moment, is waited for: the kernel lets go of the file when
# the last one leaves
loop_gone() {
	until_true 10 no_loop_of "$1"
}

# value DEVICE KEY: from poolctl info, which fails when the pool has; what it says where there is none is shown
value() {
	local got

	got=$({ poolctl info "$1" 2>/run/value.err || true; } | tr ' ' '\n' | sed -n "s/^$2=//p")
	[ -n "$got" ] || cat /run/value.err >&2
	echo "$got"
}

# field DEVICE KEY WANT
field() {
	local got

	got=$(value "$1" "$2")
	[ "$got" = "$3" ] || fail "$2 is \"$got\", not \"$3\""
}

# says DEVICE PATTERN: the pool is not well, and says this; all of it is read before it is looked at
says() {
	local said

	said=$(poolctl info "$1" 2>&1 || true)
	grep -q -- "$2" <<<"$said" || fail "it does not say \"$2\": $said"
}

# text MIB WORD: so much of it; yes(1) ends by a broken pipe, which is no failure here
text() (
	set +o pipefail
	yes "$2" | head -c $(($1 << 20))
)

# fill DEVICE MIB WORD: write the word over so many MiB, to the disk
fill() {
	text "$2" "$3" | dd of="$1" bs=1M iflag=fullblock oflag=direct conv=fsync status=none
}

# holds DEVICE MIB WORD: is that what is there?
holds() {
	text "$2" "$3" | cmp - <(head -c $(($2 << 20)) "$1") ||
		fail "$1 does not hold $2 MiB of \"$3\""
}

# resize DISK MIB: so large is its first partition from now on; what uses it goes on
resize() {
	sfdisk -q --no-reread --no-tell-kernel -N1 "$1" <<<",${2}M"
	partx -u --nr 1 "$1"
	[ "$(blockdev --getsize64 "${1}1")" = $(($2 << 20)) ] || fail "the partition is not $2 MiB"
}

# ids_agree DEVICE: the kernel's metadata, of the reserve too, and the catalog know the same thin devices
ids_agree() {
	local catalog kernel

	catalog=$(poolctl list "$1" | sed -n 's/.* id=\([1-9][0-9]*\) .*/\1/p' | sort -n)
	kernel=$(kernel_ids)
	[ "$kernel" = "$catalog" ] ||
		fail "the kernel has the thin devices ${kernel//$'\n'/ }, the catalog ${catalog//$'\n'/ }"
}
