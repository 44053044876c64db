/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growing, random delays between attempts. Pure but for the random number.
 */
#ifndef LITEIO_KUBE_BACKOFF_H
#define LITEIO_KUBE_BACKOFF_H

#include <stdint.h>

/**
 * struct liteio_backoff - how often something has failed in a row
 * @min_ms: bound of the first delay
 * @max_ms: bound of every delay
 * @failures: in a row
 */
struct liteio_backoff {
	uint64_t min_ms;
	uint64_t max_ms;
	unsigned int failures;
};

/* the upper bound after @failures failures: min * 2^(failures - 1), at most max; 0 for none */
uint64_t liteio_backoff_bound(const struct liteio_backoff *b);

/* one more failure: the delay before the next attempt, at random in [bound / 2, bound] */
uint64_t liteio_backoff_next(struct liteio_backoff *b);

/* it worked */
void liteio_backoff_reset(struct liteio_backoff *b);

/* a random number in [0, n), 0 for n == 0 */
uint64_t liteio_random_below(uint64_t n);

#endif
