#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The bed itself: what "run" promises, on every kernel. Exit codes and output come through, a kernel
# that complains fails the run, a hang ends, disks are where they belong.
# vm: kernels=6.1,6.12,7 host=yes timeout=900 needs=none
set -u

bed=$(dirname "$0")/..
failed=0

# expect CODE PATTERN WHAT OPTIONS... -- COMMAND...: one run, its exit code and a line of its output
expect() {
	local code=$1 pattern=$2 what=$3 out rc=0

	shift 3
	out=$("$bed/run" -k "$LITEIO_KERNEL" -m 512M --timeout 150 "$@" 2>&1) || rc=$?
	if [ $rc = "$code" ] && grep -q -- "$pattern" <<<"$out"; then
		echo "# $what"
	else
		echo "FAILED: $what: exit code $rc for $code, and no \"$pattern\" in:" >&2
		echo "$out" >&2
		failed=1
	fi
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
expect 124 'no end after 40 s' "a guest that hangs is ended" --timeout 40 -- sleep 1000

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
[ ! -e /etc/liteio-was-here ] || { echo "FAILED: the guest wrote to the host" >&2; failed=1; }
exit $failed
