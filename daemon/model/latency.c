// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Latencies from the module's histogram.
 */
#include "model/latency.h"

#include "base/json.h"

uint64_t liteio_latency_percentile(const uint64_t hist[LITEIO_HIST_BUCKETS], unsigned int permille)
{
	uint64_t total = 0, seen = 0, rank;
	unsigned int i;

	for (i = 0; i < LITEIO_HIST_BUCKETS; i++)
		total += hist[i];
	if (!total)
		return 0;
	/* the share rounded up, in two parts that can not overflow; at least one I/O */
	rank = total / 1000 * permille + (total % 1000 * permille + 999) / 1000;
	if (!rank)
		rank = 1;
	for (i = 0; i < LITEIO_HIST_BUCKETS - 1; i++) {
		seen += hist[i];
		if (seen >= rank)
			return liteio_hist_lower_ns(i + 1);
	}
	return liteio_hist_lower_ns(LITEIO_HIST_BUCKETS - 1);
}

void liteio_latency_read(const struct liteio_json *array, uint64_t ret[LITEIO_HIST_BUCKETS])
{
	for (unsigned int i = 0; i < LITEIO_HIST_BUCKETS; i++) {
		ret[i] = 0;
		(void)liteio_json_u64(liteio_json_at(array, i), &ret[i]);
	}
}
