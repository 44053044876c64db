#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# As many volumes as there may be, 65536: one more is refused in a sentence, and all of them are listed and go again.
# On one kernel, and in the soak only: it takes minutes, and nothing in it depends on the kernel.
# vm: kernels=7 timeout=1200 mem=2G smp=1
set -u
# shellcheck source=tests/vm/lib/kmod.sh
. "$(dirname "$0")/../lib/kmod.sh"

# uuids FROM TO PREFIX SUFFIX: a request for each of so many volumes
uuids() {
	awk -v from="$1" -v to="$2" -v before="$3" -v after="$4" 'BEGIN {
		for (i = from; i <= to; i++)
			printf "%s uuid=99999999-9999-4999-8999-%012d %s\n", before, i, after }'
}

t_there_are_as_many_volumes_as_there_may_be() {
	uuids 1 65536 vol-set +create | kmodctl batch
	expect_error ENOSPC "full of volumes" kmodctl vol-set uuid=$V1 +create
	# one that is there can be changed, and when one has gone there is room for another
	kmodctl vol-set uuid=99999999-9999-4999-8999-000000065536 name=last
	uuids 7 7 vol-del "" | kmodctl batch
	kmodctl vol-set uuid=$V1 +create
	uuids 7 7 vol-get "" | expect_error ENOENT "no such volume" kmodctl batch
	expect 65536 "$(kmodctl vol-get +dump | wc -l)" "volumes that are listed"
	kmodctl vol-del uuid=$V1
	{ uuids 1 6 vol-del "" && uuids 8 65536 vol-del ""; } | kmodctl batch
	expect "" "$(kmodctl vol-get +dump)" "volumes that are left"
}

run_tests "$@"
