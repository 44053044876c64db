// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arithmetic of a bucket. Pure.
 */
#include "bucket.h"

void liteio_bucket_set(struct liteio_bucket *b, u64 rate, u64 burst_ns, u64 now)
{
	if (rate == b->rate && burst_ns == b->burst_ns)
		return;
	if (b->paid_ns < now)
		b->paid_ns = now;
	if (b->paid_ns > now + burst_ns)
		b->paid_ns = now + burst_ns;
	b->rate = rate;
	b->burst_ns = burst_ns;
	b->rest = 0;
}

void liteio_bucket_take(struct liteio_bucket *b, u32 amount, u64 now)
{
	u64 sum;

	if (!b->rate)
		return;
	if (b->paid_ns < now) {
		b->paid_ns = now;
		b->rest = 0;
	}
	/* 32 bits times 30 bits, and less than 62 bits: no overflow */
	sum = amount * LITEIO_NS_PER_S + b->rest;
	b->paid_ns += sum / b->rate;
	b->rest = sum % b->rate;
}

void liteio_bucket_borrow(struct liteio_bucket *b, u32 amount, u64 now)
{
	u64 most = now + b->burst_ns + LITEIO_BUCKET_DEBT_NS;
	struct liteio_bucket before = *b;

	liteio_bucket_take(b, amount, now);
	if (b->paid_ns <= most)
		return;
	if (before.paid_ns > most)
		*b = before;
	else
		b->paid_ns = most;
}
