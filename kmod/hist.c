// SPDX-License-Identifier: GPL-2.0-only
/*
 * Percentiles of the latency histogram. Pure.
 */
#include "hist.h"

/* ceil(total * permille / 1000) without overflow; at least 1 when anything was counted */
static u64 rank_of(u64 total, unsigned int permille)
{
	u64 whole = total / 1000 * permille;
	u64 rest = (total % 1000 * permille + 999) / 1000;

	return whole + rest ? whole + rest : 1;
}

u64 liteio_hist_percentile(const u64 *hist, unsigned int permille)
{
	u64 total = 0, seen = 0, rank;
	unsigned int i;

	for (i = 0; i < LITEIO_HIST_BUCKETS; i++)
		total += hist[i];
	if (!total)
		return 0;

	rank = rank_of(total, permille < 1000 ? permille : 1000);
	for (i = 0; i < LITEIO_HIST_BUCKETS - 1; i++) {
		seen += hist[i];
		if (seen >= rank)
			return liteio_hist_lower_ns(i + 1);
	}
	return liteio_hist_lower_ns(LITEIO_HIST_BUCKETS - 1);
}
