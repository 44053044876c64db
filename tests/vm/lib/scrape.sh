# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What /metrics says, beside what the API says and what the kernel does. Source it after agent.sh, and set AGENT_METRICS to
# unix://$METRICS_SOCKET before agent_start.
#
#   scrape                   to /run/text, and through a parser that is not ours to /run/samples
#   value NAME LABELS...     of the one sample that has them all
#   has WANT NAME LABELS...  that is its value
#   pool_agrees POOL         the API's numbers of a pool are those of its kernel devices, to the byte; /metrics has each of
#                            them, its state and how full it is. To be asked while nobody writes: what is being freed, and
#                            not yet written down, is waited for. No other pool has active devices

METRICS_SOCKET=/run/liteio/metrics.sock

scrape() {
	curl -s -f -m 60 --unix-socket $METRICS_SOCKET http://x/metrics >/run/text
	"$LITEIO_TOP/tests/vm/lib/openmetrics" </run/text >/run/samples
}

value() {
	awk -v name="$1" -v labels="${*:2}" '
		BEGIN { n = split(labels, label, " ") }
		$1 == name {
			for (i = 1; i <= n; i++)
				if (!index($0, " " label[i] " "))
					next
			found = found $0 "\n"
			value = $NF
			nr++
		}
		END {
			if (nr == 1)
				print value
			else
				print "not one sample for " name " " labels ": " found >"/dev/stderr"
			exit nr != 1
		}' /run/samples
}

has() {
	local want=$1 got

	shift
	got=$(value "$@")
	[ "$got" = "$want" ] || fail "$* is $got, not $want"
}

# one_of FAMILY POOL WORD ALL...: of all the states the pool has this one
one_of() {
	local family=$1 pool=$2 is=$3 word

	for word in "${@:4}"; do
		has "$([ "$word" = "$is" ] && echo 1 || echo 0)" "$family" "pool=$pool" "$family=$word"
	done
	[ "$(grep -c "^$family .* pool=$pool " /run/samples)" = $(($# - 3)) ] || fail "$family has others: $(grep "^$family " /run/samples)"
}

# kernel_says UUID: JSON of what the API should say, of the devices in the kernel; by the kernel's own units, nothing of ours
kernel_says() {
	{
		echo "pool $(dmsetup status --noflush "liteio-pool-$1")"
		echo "block $(dmsetup table "liteio-pool-$1" | cut -d' ' -f6)"
		if dmsetup info "liteio-rpool-$1" >/dev/null 2>&1; then
			echo "rpool $(dmsetup status --noflush "liteio-rpool-$1")"
			echo "rblock $(dmsetup table "liteio-rpool-$1" | cut -d' ' -f6)"
		fi
		dmsetup status --noflush --target thin | sed -n 's/^liteio-thin-[^ ]* /thin /p'
	} | awk '
		$1 == "pool" || $1 == "rpool" { split($6, meta, "/"); split($7, data, "/"); m[$1] = meta[1]; M[$1] = meta[2]; d[$1] = data[1]; D[$1] = data[2] }
		$1 == "block" { block = $2 * 512 }
		$1 == "rblock" { rblock = $2 * 512 }
		$1 == "thin" { mapped += $5 * 512 }
		END {
			printf "{\"dataUsedBytes\": %.0f, \"dataBytes\": %.0f, \"metadataUsedBytes\": %.0f, \"metadataBytes\": %.0f",
				d["pool"] * block, D["pool"] * block, m["pool"] * 4096, M["pool"] * 4096
			printf ", \"reservedUsedBytes\": %.0f, \"mapped\": %.0f}\n", d["rpool"] * rblock, mapped
		}'
}

# the numbers that the kernel knows
api_says() {
	jq -c '{dataUsedBytes, dataBytes, metadataUsedBytes, metadataBytes, reservedUsedBytes} | map_values(. // 0)' <<<"$1"
}

pool_agrees_now() {
	local api kernel

	api=$(j pool show "$1")
	kernel=$(kernel_says "$(jq -r .uuid <<<"$api")")
	scrape
	[ "$(j pool show "$1")" = "$api" ] && [ "$(kernel_says "$(jq -r .uuid <<<"$api")")" = "$kernel" ] || return 1
	echo "$api" >/run/pool.api
	echo "$kernel" >/run/pool.kernel
}

pool_agrees() {
	local api kernel pair shared

	until_true 60 pool_agrees_now "$1"
	api=$(</run/pool.api) kernel=$(</run/pool.kernel)
	[ "$(api_says "$api")" = "$(api_says "$kernel")" ] || fail "the API has $(api_says "$api"), the kernel $(api_says "$kernel")"
	for pair in data_bytes:dataBytes data_used_bytes:dataUsedBytes metadata_bytes:metadataBytes \
		metadata_used_bytes:metadataUsedBytes provisioned_bytes:provisionedBytes free_bytes:freeBytes \
		reserved_size_bytes:reservedBytes reserved_used_bytes:reservedUsedBytes \
		reserved_promised_bytes:reservedPromisedBytes reserved_free_bytes:reservedFreeBytes \
		linear_size_bytes:linearBytes linear_used_bytes:linearUsedBytes linear_free_bytes:linearFreeBytes \
		volumes:volumes snapshots:snapshots; do
		has "$(jq ".${pair#*:} // 0" <<<"$api")" "liteio_pool_${pair%:*}" "pool=$1"
	done
	one_of liteio_pool_state "$1" "$(jq -r .state <<<"$api")" ready noSpace readOnly failed
	one_of liteio_pool_fill "$1" "$(jq -r .fill <<<"$api")" ok low high critical full
	if [ "$(jq .sharedKnown <<<"$api")" = true ]; then
		shared=$(jq '.sharedBytes // 0' <<<"$api")
		has "$shared" liteio_pool_shared_bytes "pool=$1"
		[ "$shared" = "$(jq '[.mapped - .dataUsedBytes - .reservedUsedBytes, 0] | max' <<<"$kernel")" ] ||
			fail "$shared bytes are said to be shared, and by the kernel's devices it is $kernel"
	else
		! grep "^liteio_pool_shared_bytes .* pool=$1 " /run/samples || fail "nobody knows what is shared, and it is told"
	fi
}
