/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One limit: a bucket that fills at a rate and that I/O takes from. Pure.
 *
 * The bucket is kept as one moment: the one at which all that was taken so far is paid for at the
 * bucket's rate. A moment that has passed means a full bucket; one further ahead than the burst
 * means that nothing may be taken for a while. Nothing is rounded away: over any time the bucket
 * gives exactly its rate, and its burst once.
 */
#ifndef LITEIO_BUCKET_H
#define LITEIO_BUCKET_H

#include "pure.h"

#define LITEIO_NS_PER_S 1000000000ULL

/* how far beyond the burst liteio_bucket_borrow() goes */
#define LITEIO_BUCKET_DEBT_NS LITEIO_NS_PER_S

/**
 * struct liteio_bucket - a rate, and how much of it is used
 * @rate: units a second, below 2^62; 0: no limit
 * @burst_ns: how far ahead of now @paid_ns may be when something is taken
 * @paid_ns: when everything taken is paid for
 * @rest: what the last division left over, in units of 1/@rate ns; below @rate
 *
 * All zero is a bucket without a limit. Times are of any one clock that does not go back and
 * stays below 2^63 ns.
 */
struct liteio_bucket {
	u64 rate;
	u64 burst_ns;
	u64 paid_ns;
	u64 rest;
};

/**
 * liteio_bucket_set() - change rate and burst
 * @b: the bucket
 * @rate: the new rate, 0 for none
 * @burst_ns: the new burst
 * @now: the time
 *
 * The same values change nothing. Else what is left of the burst stays as it is, measured in
 * time, up to the new burst, and what is owed beyond the burst is forgiven: the new limit holds
 * from now on, whatever was taken under the old one.
 *
 * Context: caller holds the lock of @b.
 */
void liteio_bucket_set(struct liteio_bucket *b, u64 rate, u64 burst_ns, u64 now);

/**
 * liteio_bucket_opens() - when something may be taken
 * @b: the bucket
 *
 * How much is taken then does not matter: what is larger than the burst is owed afterwards.
 *
 * Context: caller holds the lock of @b. Return: a time, which may have passed.
 */
static inline u64 liteio_bucket_opens(const struct liteio_bucket *b)
{
	return b->rate && b->paid_ns > b->burst_ns ? b->paid_ns - b->burst_ns : 0;
}

/**
 * liteio_bucket_take() - take, whether the bucket is open or not
 * @b: the bucket
 * @amount: units
 * @now: the time
 *
 * Context: caller holds the lock of @b.
 */
void liteio_bucket_take(struct liteio_bucket *b, u32 amount, u64 now);

/**
 * liteio_bucket_borrow() - take for what cannot wait
 * @b: the bucket
 * @amount: units
 * @now: the time
 *
 * As liteio_bucket_take(), but it never closes the bucket for longer than LITEIO_BUCKET_DEBT_NS:
 * what would, is a gift. One that is closed for longer already stays as it is.
 *
 * Context: caller holds the lock of @b.
 */
void liteio_bucket_borrow(struct liteio_bucket *b, u32 amount, u64 now);

#endif
