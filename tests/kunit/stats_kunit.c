// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: counters of an attachment: what is in flight, what is counted, when I/O last ended.
 */
#include <kunit/test.h>
#include <linux/ktime.h>

#include "stats.h"

static int stats_init(struct kunit *test)
{
	test->priv = (void __force *)liteio_stats_new();
	return test->priv ? 0 : -ENOMEM;
}

static struct liteio_stats_cpu __percpu *stats_of(struct kunit *test)
{
	return (struct liteio_stats_cpu __percpu __force *)test->priv;
}

static void stats_exit(struct kunit *test)
{
	KUNIT_EXPECT_GE(test, liteio_stats_bytes(), (u64)sizeof(struct liteio_stats_cpu));
	liteio_stats_free(stats_of(test));
	KUNIT_EXPECT_EQ(test, liteio_stats_bytes(), 0ULL);
}

/* how an I/O ends, and what it leaves in the counters of its class */
struct end_case {
	const char *name;
	enum {
		DONE,
		FAILED,
		BOUNCED,
	} end;
	u64 ios;
	u64 errors;
	u64 bytes;
	u64 time_ns;
	bool is_last;
};

static const struct end_case end_cases[] = {
	{ "well", DONE, 1, 0, 4096, 2000, true },
	{ "with an error", FAILED, 1, 1, 0, 0, true },
	{ "refused, or sent back", BOUNCED, 0, 0, 0, 0, false },
};

KUNIT_ARRAY_PARAM_DESC(end, end_cases, name);

static void end_is_counted(struct kunit *test)
{
	const struct end_case *c = test->param_value;
	struct liteio_stats_cpu __percpu *stats = stats_of(test);
	u64 now = ktime_get_ns(), before = ktime_get_boottime_ns(), last, inflight;
	struct liteio_stats_class sum;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, liteio_stats_last_ns(stats), 0ULL);
	liteio_stats_start(stats);
	KUNIT_EXPECT_EQ(test, liteio_stats_inflight(stats), 1ULL);
	KUNIT_EXPECT_EQ(test, liteio_stats_started(stats, &inflight), 1ULL);
	KUNIT_EXPECT_EQ(test, inflight, 1ULL);
	if (c->end == DONE)
		liteio_stats_done(stats, LITEIO_CLASS_WRITE, 4096, now - 2000, now);
	else if (c->end == FAILED)
		liteio_stats_failed(stats, LITEIO_CLASS_WRITE, now);
	else
		liteio_stats_bounced(stats);
	KUNIT_EXPECT_EQ(test, liteio_stats_inflight(stats), 0ULL);
	/* what has ended was there, in whatever way it did */
	KUNIT_EXPECT_EQ(test, liteio_stats_started(stats, &inflight), 1ULL);
	KUNIT_EXPECT_EQ(test, inflight, 0ULL);
	liteio_stats_class(stats, LITEIO_CLASS_WRITE, &sum);
	KUNIT_EXPECT_EQ(test, sum.ios, c->ios);
	KUNIT_EXPECT_EQ(test, sum.errors, c->errors);
	KUNIT_EXPECT_EQ(test, sum.bytes, c->bytes);
	KUNIT_EXPECT_EQ(test, sum.time_ns, c->time_ns);
	for (i = 0; i < LITEIO_HIST_BUCKETS; i++)
		KUNIT_EXPECT_EQ(test, sum.hist[i],
				(u64)(c->end == DONE && i == liteio_hist_index(c->time_ns)));
	KUNIT_EXPECT_EQ(test, liteio_stats_errors(stats), c->errors);
	/* the clock that is told is another one than the one that is kept */
	last = liteio_stats_last_ns(stats);
	KUNIT_EXPECT_EQ(test, !!last, c->is_last);
	if (c->is_last) {
		KUNIT_EXPECT_LE(test, last, before);
		KUNIT_EXPECT_GE(test, last + NSEC_PER_SEC, before);
	}
}

/* of all CPUs the latest, whoever ended something first */
static void last_is_the_latest(struct kunit *test)
{
	struct liteio_stats_cpu __percpu *stats = stats_of(test);
	u64 now = ktime_get_ns(), last;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		per_cpu_ptr(stats, cpu)->last_ns = now - cpu;
	last = liteio_stats_last_ns(stats);
	per_cpu_ptr(stats, 0)->last_ns = now + 7;
	KUNIT_EXPECT_EQ(test, liteio_stats_last_ns(stats), last + 7);
}

static struct kunit_case stats_cases[] = {
	KUNIT_CASE_PARAM(end_is_counted, end_gen_params),
	KUNIT_CASE(last_is_the_latest),
	{}
};

static struct kunit_suite stats_suite = {
	.name = "liteio_stats",
	.init = stats_init,
	.exit = stats_exit,
	.test_cases = stats_cases,
};

kunit_test_suite(stats_suite);

MODULE_DESCRIPTION("KUnit tests of counters");
MODULE_LICENSE("GPL");
