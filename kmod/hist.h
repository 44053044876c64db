/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The latency histogram: which bucket counts a latency, which latency a percentile is. Pure.
 */
#ifndef LITEIO_HIST_H
#define LITEIO_HIST_H

#include "pure.h"

/**
 * liteio_hist_index() - bucket that counts a latency
 * @ns: any value
 *
 * Two buckets per doubling from 1024 ns on: the exponent chooses the pair, the bit below the
 * highest one chooses the half.
 *
 * Context: any. Return: below LITEIO_HIST_BUCKETS.
 */
static inline unsigned int liteio_hist_index(u64 ns)
{
	unsigned int log, i;

	if (ns < 1024)
		return 0;
	log = fls64(ns) - 1;
	i = 2 * (log - 10) + ((ns >> (log - 1)) & 1) + 1;
	return i < LITEIO_HIST_BUCKETS ? i : LITEIO_HIST_BUCKETS - 1;
}

/**
 * liteio_hist_percentile() - latency that a share of the I/O did not exceed
 * @hist: LITEIO_HIST_BUCKETS counters
 * @permille: 0 to 1000; above counts as 1000
 *
 * The answer is the upper bound of the bucket in which that I/O was counted: up to half too high,
 * never too low. For the last bucket, which has no upper bound, it is the lower one.
 *
 * Context: any. Return: nanoseconds; 0 when nothing was counted.
 */
u64 liteio_hist_percentile(const u64 *hist, unsigned int permille);

#endif
