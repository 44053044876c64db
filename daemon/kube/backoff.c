// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Growing, random delays between attempts.
 */
#include <stdlib.h>
#include <sys/random.h>

#include "kube/backoff.h"

uint64_t liteio_random_below(uint64_t n)
{
	uint64_t r;

	if (!n)
		return 0;
	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
		abort();
	/* the bias is at most n / 2^64: nothing, for delays */
	return r % n;
}

uint64_t liteio_backoff_bound(const struct liteio_backoff *b)
{
	uint64_t bound = b->min_ms;

	if (!b->failures)
		return 0;
	for (unsigned int i = 1; i < b->failures && bound < b->max_ms; i++)
		bound *= 2;
	return bound < b->max_ms ? bound : b->max_ms;
}

uint64_t liteio_backoff_next(struct liteio_backoff *b)
{
	uint64_t bound;

	if (b->failures < 1000)
		b->failures++;
	bound = liteio_backoff_bound(b);
	return bound - liteio_random_below(bound / 2 + 1);
}

void liteio_backoff_reset(struct liteio_backoff *b)
{
	b->failures = 0;
}
