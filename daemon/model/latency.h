/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Latencies from the module's histogram (its bounds are in include/uapi/linux/liteio.h). Pure.
 */
#ifndef LITEIO_MODEL_LATENCY_H
#define LITEIO_MODEL_LATENCY_H

#include <stdint.h>

#include <linux/liteio.h>

struct liteio_json;

/**
 * liteio_latency_percentile() - latency that a share of the I/O did not exceed
 * @hist: its number by latency
 * @permille: 0..1000
 *
 * The upper bound of the bucket in which that I/O was counted: up to half too high, never too low.
 * The last bucket has none: its lower one is taken.
 * Return: nanoseconds; 0 when nothing was counted.
 */
uint64_t liteio_latency_percentile(const uint64_t hist[LITEIO_HIST_BUCKETS], unsigned int permille);

/* a histogram as an array of numbers; what is missing or is no number counts as 0 */
void liteio_latency_read(const struct liteio_json *array, uint64_t ret[LITEIO_HIST_BUCKETS]);

#endif
