#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The bed itself: what "run" promises, on every kernel. Exit codes and output come through, a kernel
# that complains fails the run, a hang ends, disks are where they belong; and "shell" is one.
# vm: kernels=6.1,6.12,7 host=yes timeout=900 needs=none
set -u

bed=$(dirname "$0")/..
failed=0
out=''

# judge RC WHAT WHY: 0 is well; if not, what was said last is shown
judge() {
	if [ "$1" = 0 ]; then
		echo "# $2"
	else
		echo "FAILED: $2: $3 in:" >&2
		echo "$out" >&2
		failed=1
	fi
}

# expect CODE PATTERN WHAT OPTIONS... -- COMMAND...: one run, its exit code and a line of its output
expect() {
	local code=$1 pattern=$2 what=$3 rc=0

	shift 3
	out=$("$bed/run" -k "$LITEIO_KERNEL" -m 512M --timeout 150 "$@" 2>&1) || rc=$?
	[ $rc = "$code" ] && grep -q -- "$pattern" <<<"$out"
	judge $? "$what" "exit code $rc for $code, and no \"$pattern\""
}

# shellcheck disable=SC2016 # what is quoted runs in the guest
expect 3 "^release $("$bed/kernels" release "$LITEIO_KERNEL")$" "exit code and output" \
	-- bash -c 'echo "release $(uname -r)"; exit 3'
# shellcheck disable=SC2016
expect 0 '^x 512 4096 0$' "disks by their names, with their sizes and block sizes" \
	--disk small=1M --disk big=8M,block=4096 -- bash -c '
	small=$(blockdev --getss /dev/disk/by-id/virtio-small)
	big=$(blockdev --getss /dev/disk/by-id/virtio-big)
	touch /etc/liteio-was-here && rm /etc/liteio-was-here
	echo x "$small" "$big" $?'
expect 126 'WARNING: made up' "a warning fails a script that is content" \
	-- bash -c 'echo "WARNING: made up" >/dev/kmsg'
expect 125 'Kernel panic' "a kernel that dies ends the run" -- bash -c 'echo c >/proc/sysrq-trigger; sleep 1000'
expect 124 'no end after 40 s' "a guest that hangs is ended" --timeout 40 -- \
	bash -c 'echo "it hangs on purpose" >/dev/kmsg; sleep 1000'
sed -n '/^--- the end of the console/,$p' <<<"$out" | grep -q 'it hangs on purpose'
judge $? "the end of its console is shown" "no end of a console with its last words"

# An emulator that falls before its guest is up: twice is borne, three times is not.
shims=$(mktemp -d)
trap 'rm -rf "$shims"' EXIT
cat >"$shims/qemu-system-x86_64" <<SHIM
#!/bin/bash
echo x >>"$shims/starts"
[ \$(wc -l <"$shims/starts") -gt \$FALLS ] || { echo "q: Assertion \\\`made up' failed." >&2; kill -ABRT \$\$; }
exec $(command -v qemu-system-x86_64) "\$@"
SHIM
chmod +x "$shims/qemu-system-x86_64"
FALLS=2 PATH=$shims:$PATH expect 0 'started again' "an emulator that falls at boot is started again" -- echo up
rm "$shims/starts"
FALLS=3 PATH=$shims:$PATH expect 125 'made up' "but not for ever" -- echo up

# type_into FILE: a question until FILE has its answer, for a shell that takes its time to come; then leave it
type_into() {
	for _ in $(seq 120); do
		! grep -q 'is 42' "$1" || break
		# shellcheck disable=SC2016 # the shell is to know
		echo 'echo "in $(uname -r) it is $((6 * 7))"' || return
		sleep 1
	done
	echo exit
}

# "shell" needs a terminal, which "script" has for it
typed=$shims/typed
: >"$typed"
rc=0
# shellcheck disable=SC2094 # it is read while it grows
type_into "$typed" |
	timeout -k 10 300 script -qefc "'$bed/shell' -k $LITEIO_KERNEL -m 512M" /dev/null >"$typed" 2>&1 || rc=$?
out=$(cat "$typed")
[ $rc = 0 ] && grep -q "in $("$bed/kernels" release "$LITEIO_KERNEL") it is 42" <<<"$out"
judge $? "a shell in a guest answers, and ends with it" "exit code $rc, and no answer"
[ ! -e /etc/liteio-was-here ] || { echo "FAILED: the guest wrote to the host" >&2; failed=1; }
exit $failed
