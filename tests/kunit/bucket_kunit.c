// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the arithmetic of limits: what a bucket gives over time, at once, after changes, and to
 * those who cannot wait.
 */
#include <kunit/test.h>

#include "bucket.h"

#define MS 1000000ULL
#define S LITEIO_NS_PER_S

/* any moment, so that nothing depends on a clock that began just now */
#define START (1000 * S + 7)

struct rate_case {
	const char *name;
	u64 rate;
	u32 amount;
	u64 burst_ns;
	u64 window_ns;
};

static const struct rate_case rate_cases[] = {
	{ "one a second", 1, 1, 100 * MS, 1000 * S },
	{ "three a second", 3, 1, 100 * MS, 1000 * S },
	{ "seven a second, hardly a burst", 7, 1, 1 * MS, 1000 * S },
	{ "a rate that does not divide a second", 333667, 1, 100 * MS, 1 * S },
	{ "a prime near the nanosecond", 999999937, 1, 1 * MS, 2 * MS },
	{ "highest rate of operations", LITEIO_QOS_IOPS_MAX, 1, 1 * MS, 2 * MS },
	{ "lowest rate of bytes", LITEIO_QOS_BPS_MIN, 4096, 100 * MS, 1000 * S },
	{ "sectors", 1000003, 512, 100 * MS, 100 * S },
	{ "more than the burst each time", 1 << 20, 1 << 22, 100 * MS, 4000 * S },
	{ "highest rate of bytes", LITEIO_QOS_BPS_MAX, 4096, 1 * MS, 1 * MS },
	{ "largest amount", LITEIO_QOS_BPS_MAX, U32_MAX, 1 * MS, 100 * S },
	{ "largest amount at the lowest rate", LITEIO_QOS_BPS_MIN, U32_MAX, 1 * MS,
	  100000000 * S },
};

KUNIT_ARRAY_PARAM_DESC(rate, rate_cases, name);

static struct liteio_bucket bucket(u64 rate, u64 burst_ns, u64 now)
{
	struct liteio_bucket b = {};

	liteio_bucket_set(&b, rate, burst_ns, now);
	return b;
}

/* take whenever the bucket is open; how often until the end of time? */
static u64 take_until(struct liteio_bucket *b, u32 amount, u64 now, u64 end)
{
	u64 nr = 0;

	while (now < end) {
		liteio_bucket_take(b, amount, now);
		nr++;
		now = max(now, liteio_bucket_opens(b));
	}
	return nr;
}

/* with the bucket at its edge, a window holds its rate to one I/O: rounding adds up to nothing */
static void rate_is_exact(struct kunit *test)
{
	const struct rate_case *c = test->param_value;
	struct liteio_bucket b = bucket(c->rate, c->burst_ns, START);
	u64 begin, nr, want;

	take_until(&b, c->amount, START, START + 1);
	begin = max(START, liteio_bucket_opens(&b));
	nr = take_until(&b, c->amount, begin, begin + c->window_ns);
	/* rate * window / amount, in an order that does not overflow */
	want = c->rate * (c->window_ns / MS) / c->amount / 1000;
	KUNIT_EXPECT_GE(test, nr, want);
	KUNIT_EXPECT_LE(test, nr, want + 1);
}

/* a full bucket gives at once what fits into its burst, and one more, which opens the debt */
static void full_bucket_gives_its_burst(struct kunit *test)
{
	const struct rate_case *c = test->param_value;
	struct liteio_bucket b = bucket(c->rate, c->burst_ns, START);
	/* a part of an I/O counts, were it one of a nanosecond */
	u64 want = DIV_ROUND_UP(c->rate * (c->burst_ns / MS), 1000ULL * c->amount), nr = 0;

	while (liteio_bucket_opens(&b) <= START) {
		liteio_bucket_take(&b, c->amount, START);
		nr++;
	}
	KUNIT_EXPECT_GE(test, nr, want);
	KUNIT_EXPECT_LE(test, nr, want + 1);
}

static void rest_is_not_lost(struct kunit *test)
{
	struct liteio_bucket b = bucket(3, 1, START);
	unsigned int i;

	for (i = 0; i < 3; i++)
		liteio_bucket_take(&b, 1, START);
	KUNIT_EXPECT_EQ(test, b.paid_ns, START + S);
}

static void no_limit_is_always_open(struct kunit *test)
{
	struct liteio_bucket b = {};

	liteio_bucket_take(&b, U32_MAX, START);
	liteio_bucket_borrow(&b, U32_MAX, START);
	KUNIT_EXPECT_EQ(test, liteio_bucket_opens(&b), 0ULL);
	KUNIT_EXPECT_EQ(test, b.paid_ns, 0ULL);
}

static void idle_time_saves_no_more_than_the_burst(struct kunit *test)
{
	struct liteio_bucket b = bucket(1000, 100 * MS, START);
	u64 now = START + 3600 * S;
	unsigned int nr = 0;

	liteio_bucket_take(&b, 1, START);
	while (liteio_bucket_opens(&b) <= now) {
		liteio_bucket_take(&b, 1, now);
		nr++;
	}
	KUNIT_EXPECT_EQ(test, nr, 101U);
}

static void lateness_within_the_burst_costs_nothing(struct kunit *test)
{
	struct liteio_bucket b = bucket(1000, 10 * MS, START);
	u64 now = START, begin;
	unsigned int nr;

	while (liteio_bucket_opens(&b) <= now)
		liteio_bucket_take(&b, 1, now);
	begin = liteio_bucket_opens(&b);
	/* whoever waits comes back nine milliseconds late, each time */
	for (nr = 0; now < begin + 10 * S; nr++) {
		if (liteio_bucket_opens(&b) > now)
			now = liteio_bucket_opens(&b) + 9 * MS;
		liteio_bucket_take(&b, 1, now);
	}
	KUNIT_EXPECT_GE(test, nr, 9990U);
	KUNIT_EXPECT_LE(test, nr, 10010U);
}

static void same_values_change_nothing(struct kunit *test)
{
	struct liteio_bucket b = bucket(10, 100 * MS, START), before;

	liteio_bucket_take(&b, 100, START);
	before = b;
	liteio_bucket_set(&b, 10, 100 * MS, START + S);
	KUNIT_EXPECT_MEMEQ(test, &b, &before, sizeof(b));
}

static void new_limit_begins_with_a_full_bucket(struct kunit *test)
{
	struct liteio_bucket b = bucket(0, 100 * MS, START);

	liteio_bucket_set(&b, 1000, 100 * MS, START + 50 * S);
	KUNIT_EXPECT_EQ(test, b.paid_ns, START + 50 * S);
}

static void change_forgives_what_is_owed_beyond_the_burst(struct kunit *test)
{
	struct liteio_bucket b = bucket(1, 100 * MS, START);

	liteio_bucket_take(&b, 3600, START);
	KUNIT_EXPECT_EQ(test, liteio_bucket_opens(&b), START + 3600 * S - 100 * MS);
	liteio_bucket_set(&b, 2, 100 * MS, START + S);
	KUNIT_EXPECT_EQ(test, liteio_bucket_opens(&b), START + S);
	/* but no burst is given for it */
	liteio_bucket_take(&b, 1, START + S);
	KUNIT_EXPECT_EQ(test, liteio_bucket_opens(&b), START + S + S / 2);
}

static void change_keeps_what_is_left_of_the_burst(struct kunit *test)
{
	struct liteio_bucket b = bucket(1000, 100 * MS, START);

	liteio_bucket_take(&b, 40, START);
	liteio_bucket_set(&b, 10, 100 * MS, START);
	KUNIT_EXPECT_EQ(test, b.paid_ns, START + 40 * MS);
	liteio_bucket_set(&b, 10, 20 * MS, START);
	KUNIT_EXPECT_EQ(test, b.paid_ns, START + 20 * MS);
}

static void taken_away_it_is_open(struct kunit *test)
{
	struct liteio_bucket b = bucket(1, 100 * MS, START);

	liteio_bucket_take(&b, 3600, START);
	liteio_bucket_set(&b, 0, 100 * MS, START);
	KUNIT_EXPECT_EQ(test, liteio_bucket_opens(&b), 0ULL);
}

static void borrowing_closes_for_a_second_at_most(struct kunit *test)
{
	struct liteio_bucket b = bucket(100, 100 * MS, START);
	unsigned int i;

	/* as long as it fits, it is taken like anything else */
	liteio_bucket_borrow(&b, 10, START);
	KUNIT_EXPECT_EQ(test, b.paid_ns, START + 100 * MS);
	for (i = 0; i < 1000; i++)
		liteio_bucket_borrow(&b, 1, START);
	KUNIT_EXPECT_EQ(test, liteio_bucket_opens(&b), START + LITEIO_BUCKET_DEBT_NS);
	/* what is closed for longer is not opened by borrowing */
	liteio_bucket_take(&b, 1000, START);
	KUNIT_EXPECT_EQ(test, liteio_bucket_opens(&b), START + 11 * S);
	liteio_bucket_borrow(&b, 1000, START);
	KUNIT_EXPECT_EQ(test, liteio_bucket_opens(&b), START + 11 * S);
}

static struct kunit_case bucket_cases[] = {
	KUNIT_CASE_PARAM(rate_is_exact, rate_gen_params),
	KUNIT_CASE_PARAM(full_bucket_gives_its_burst, rate_gen_params),
	KUNIT_CASE(rest_is_not_lost),
	KUNIT_CASE(no_limit_is_always_open),
	KUNIT_CASE(idle_time_saves_no_more_than_the_burst),
	KUNIT_CASE(lateness_within_the_burst_costs_nothing),
	KUNIT_CASE(same_values_change_nothing),
	KUNIT_CASE(new_limit_begins_with_a_full_bucket),
	KUNIT_CASE(change_forgives_what_is_owed_beyond_the_burst),
	KUNIT_CASE(change_keeps_what_is_left_of_the_burst),
	KUNIT_CASE(taken_away_it_is_open),
	KUNIT_CASE(borrowing_closes_for_a_second_at_most),
	{}
};

static struct kunit_suite bucket_suite = {
	.name = "liteio_bucket",
	.test_cases = bucket_cases,
};

kunit_test_suite(bucket_suite);

MODULE_DESCRIPTION("KUnit tests of the arithmetic of limits");
MODULE_LICENSE("GPL");
