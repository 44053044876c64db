# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the kernel's own metadata says of our thin pools. Source it after lib/test.sh.

# ids_in POOL: the thin devices that the metadata of this thin pool knows
ids_in() {
	local meta name=${1/pool-/meta-}

	meta=/dev/$(dmsetup info -c --noheadings -o blkdevname "${name/liteio-meta/liteio-tmeta}")
	dmsetup message "$1" 0 reserve_metadata_snap
	thin_ls --metadata-snap --no-headers -o DEV "$meta" | tr -d ' '
	dmsetup message "$1" 0 release_metadata_snap
}

# kernel_ids: those of all our thin pools, reserves among them, in the order of their numbers
kernel_ids() {
	local pool

	for pool in $(dmsetup ls | sed -n 's/^\(liteio-r\?pool-[^ \t]*\).*/\1/p'); do
		# one that is only there to be under load (broken.sh)
		[[ $pool = *-${calm_pool:-none} ]] || ids_in "$pool"
	done | sort -n
}
