// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: buckets and percentiles of the latency histogram.
 */
#include <kunit/test.h>

#include "hist.h"

static void buckets_start_where_the_protocol_says(struct kunit *test)
{
	static const u64 first[] = { 0, 1024, 1536, 2048, 3072, 4096, 6144 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(first); i++)
		KUNIT_EXPECT_EQ(test, liteio_hist_lower_ns(i), first[i]);
	KUNIT_EXPECT_EQ(test, liteio_hist_lower_ns(LITEIO_HIST_BUCKETS - 1), 1ULL << 41);
}

static void every_bound_is_in_its_bucket(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < LITEIO_HIST_BUCKETS; i++) {
		u64 lower = liteio_hist_lower_ns(i);

		KUNIT_EXPECT_EQ(test, liteio_hist_index(lower), i);
		if (i)
			KUNIT_EXPECT_EQ(test, liteio_hist_index(lower - 1), i - 1);
	}
	KUNIT_EXPECT_EQ(test, liteio_hist_index(~0ULL), LITEIO_HIST_BUCKETS - 1);
}

static void nothing_has_no_percentile(struct kunit *test)
{
	u64 hist[LITEIO_HIST_BUCKETS] = {};

	KUNIT_EXPECT_EQ(test, liteio_hist_percentile(hist, 500), 0ULL);
}

static void percentiles_are_upper_bounds(struct kunit *test)
{
	u64 hist[LITEIO_HIST_BUCKETS] = {};

	/* 900 below 1024 ns, 99 from 2048 to 3071, one of more than a second */
	hist[0] = 900;
	hist[3] = 99;
	hist[liteio_hist_index(1000000000)] = 1;
	KUNIT_EXPECT_EQ(test, liteio_hist_percentile(hist, 0), 1024ULL);
	KUNIT_EXPECT_EQ(test, liteio_hist_percentile(hist, 500), 1024ULL);
	KUNIT_EXPECT_EQ(test, liteio_hist_percentile(hist, 900), 1024ULL);
	KUNIT_EXPECT_EQ(test, liteio_hist_percentile(hist, 901), 3072ULL);
	KUNIT_EXPECT_EQ(test, liteio_hist_percentile(hist, 999), 3072ULL);
	KUNIT_EXPECT_EQ(test, liteio_hist_percentile(hist, 1000),
			liteio_hist_lower_ns(liteio_hist_index(1000000000) + 1));
	KUNIT_EXPECT_EQ(test, liteio_hist_percentile(hist, 5000),
			liteio_hist_percentile(hist, 1000));
}

static void last_bucket_has_no_upper_bound(struct kunit *test)
{
	u64 hist[LITEIO_HIST_BUCKETS] = {};

	hist[LITEIO_HIST_BUCKETS - 1] = 1;
	KUNIT_EXPECT_EQ(test, liteio_hist_percentile(hist, 500), 1ULL << 41);
}

static void large_counts_do_not_overflow(struct kunit *test)
{
	u64 hist[LITEIO_HIST_BUCKETS] = {};

	hist[1] = 1ULL << 62;
	hist[5] = 1ULL << 62;
	KUNIT_EXPECT_EQ(test, liteio_hist_percentile(hist, 500), 1536ULL);
	KUNIT_EXPECT_EQ(test, liteio_hist_percentile(hist, 501), 6144ULL);
}

static struct kunit_case hist_cases[] = {
	KUNIT_CASE(buckets_start_where_the_protocol_says),
	KUNIT_CASE(every_bound_is_in_its_bucket),
	KUNIT_CASE(nothing_has_no_percentile),
	KUNIT_CASE(percentiles_are_upper_bounds),
	KUNIT_CASE(last_bucket_has_no_upper_bound),
	KUNIT_CASE(large_counts_do_not_overflow),
	{}
};

static struct kunit_suite hist_suite = {
	.name = "liteio_hist",
	.test_cases = hist_cases,
};

kunit_test_suite(hist_suite);

MODULE_DESCRIPTION("KUnit tests of the latency histogram");
MODULE_LICENSE("GPL");
