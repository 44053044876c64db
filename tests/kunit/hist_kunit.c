// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: buckets and percentiles of the latency histogram.
 */
#include <kunit/test.h>

#include "hist.h"

/* which bucket counts a latency, and where that bucket begins: the protocol says so in numbers */
struct latency_case {
	const char *name;
	u64 ns;
	unsigned int bucket;
	u64 lower;
};

static const struct latency_case latency_cases[] = {
	{ "nothing", 0, 0, 0 },
	{ "just below the first bound", 1023, 0, 0 },
	{ "the first bound", 1024, 1, 1024 },
	{ "the first half of a doubling", 1535, 1, 1024 },
	{ "the second half", 1536, 2, 1536 },
	{ "its end", 2047, 2, 1536 },
	{ "the next doubling", 2048, 3, 2048 },
	{ "its second half", 3072, 4, 3072 },
	{ "4 us", 4096, 5, 4096 },
	{ "6 us", 6144, 6, 6144 },
	{ "a millisecond", 1000000, 20, 786432 },
	{ "a second", 1000000000, 40, 805306368 },
	{ "a minute", 60000000000, 52, 51539607552 },
	{ "just below the last bucket", (1ULL << 41) - 1, 62, 3ULL << 39 },
	{ "the last bucket", 1ULL << 41, 63, 1ULL << 41 },
	{ "a day", 86400000000000, 63, 1ULL << 41 },
	{ "forever", ~0ULL, 63, 1ULL << 41 },
};

KUNIT_ARRAY_PARAM_DESC(latency, latency_cases, name);

static void latency_is_in_its_bucket(struct kunit *test)
{
	const struct latency_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, liteio_hist_index(c->ns), c->bucket);
	KUNIT_EXPECT_EQ(test, liteio_hist_lower_ns(c->bucket), c->lower);
	KUNIT_EXPECT_GE(test, c->ns, c->lower);
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
}

/* counts by bucket, and which latency a share of them did not exceed */
struct percentile_case {
	const char *name;
	struct {
		unsigned int bucket;
		u64 nr;
	} counts[3];
	unsigned int permille;
	u64 ns;
};

/* below 1024 ns; from 2048 to 3071 ns; of more than half a second */
#define MANY { { 0, 900 }, { 3, 99 }, { 39, 1 } }

static const struct percentile_case percentile_cases[] = {
	{ "nothing was counted", {}, 500, 0 },
	{ "nothing, the highest", {}, 1000, 0 },
	{ "the lowest", MANY, 0, 1024 },
	{ "the half", MANY, 500, 1024 },
	{ "the last of a bucket", MANY, 900, 1024 },
	{ "the first of the next", MANY, 901, 3072 },
	{ "p99.9", MANY, 999, 3072 },
	{ "the slowest", MANY, 1000, 805306368 },
	{ "more than all", MANY, 5000, 805306368 },
	{ "a single one", { { 7, 1 } }, 1, 12288 },
	{ "one of two, rounded up", { { 1, 1 }, { 2, 1 } }, 501, 2048 },
	{ "the last bucket has no upper bound", { { 63, 1 } }, 500, 1ULL << 41 },
	{ "large counts, the lower half", { { 1, 1ULL << 62 }, { 5, 1ULL << 62 } }, 500, 1536 },
	{ "large counts, the upper half", { { 1, 1ULL << 62 }, { 5, 1ULL << 62 } }, 501, 6144 },
};

KUNIT_ARRAY_PARAM_DESC(percentile, percentile_cases, name);

static void percentile_is_an_upper_bound(struct kunit *test)
{
	const struct percentile_case *c = test->param_value;
	u64 hist[LITEIO_HIST_BUCKETS] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(c->counts); i++)
		hist[c->counts[i].bucket] += c->counts[i].nr;
	KUNIT_EXPECT_EQ(test, liteio_hist_percentile(hist, c->permille), c->ns);
}

static struct kunit_case hist_cases[] = {
	KUNIT_CASE_PARAM(latency_is_in_its_bucket, latency_gen_params),
	KUNIT_CASE(every_bound_is_in_its_bucket),
	KUNIT_CASE_PARAM(percentile_is_an_upper_bound, percentile_gen_params),
	{}
};

static struct kunit_suite hist_suite = {
	.name = "liteio_hist",
	.test_cases = hist_cases,
};

kunit_test_suite(hist_suite);

MODULE_DESCRIPTION("KUnit tests of the latency histogram");
MODULE_LICENSE("GPL");
