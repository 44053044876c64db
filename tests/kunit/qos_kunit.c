// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: limits of a volume as heads and fences use them, with lock and memory debugging on: whom
 * they concern, who has to wait, what becomes of what waits, and which limit is to blame.
 *
 * What is owed here is owed for days, so that nothing that waits is ever sent on: these bios have
 * no device.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/ktime.h>

#include "qos.h"

#define NR_QUEUES 2
#define NR_BIOS 4

/**
 * struct bed - what a test has
 * @qos: limits of a volume, none at first
 * @queue: of its two attachments
 * @is_stopped: of their heads
 * @bio: bios that may wait
 * @kind: the limit that the last one waits for
 */
struct bed {
	struct liteio_qos *qos;
	struct liteio_qos_queue *queue[NR_QUEUES];
	bool is_stopped;
	struct bio bio[NR_BIOS];
	enum liteio_qos_kind kind;
};

static int qos_init(struct kunit *test)
{
	struct bed *bed = kunit_kzalloc(test, sizeof(*bed), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, bed);
	test->priv = bed;
	bed->qos = liteio_qos_new();
	KUNIT_ASSERT_NOT_NULL(test, bed->qos);
	for (i = 0; i < NR_QUEUES; i++) {
		bed->queue[i] = liteio_qos_queue_new(bed->qos);
		KUNIT_ASSERT_NOT_NULL(test, bed->queue[i]);
	}
	return 0;
}

static void qos_exit(struct kunit *test)
{
	struct bio_list left = BIO_EMPTY_LIST;
	struct bed *bed = test->priv;
	unsigned int i;

	for (i = 0; i < NR_QUEUES; i++) {
		liteio_qos_close(bed->queue[i], &left);
		liteio_qos_queue_free(bed->queue[i]);
	}
	liteio_qos_free(bed->qos);
}

/* one limit, and a burst of a millisecond */
static bool set_limit(struct bed *bed, enum liteio_limit limit, u64 value)
{
	struct liteio_limits limits = { .value[LITEIO_LIMIT_BURST_MS] = 1 };

	limits.value[limit] = value;
	return liteio_qos_set(bed->qos, &limits);
}

/* the lowest limits of a direction; of one so much is taken that it is closed for days */
static void owe(struct bed *bed, enum liteio_dir dir, enum liteio_qos_kind kind)
{
	struct liteio_lane *lane = &bed->qos->lanes[dir];
	struct liteio_limits limits = { .value[LITEIO_LIMIT_BURST_MS] = 1 };

	limits.value[LITEIO_LIMIT_RIOPS + dir] = 1;
	limits.value[LITEIO_LIMIT_RBPS + dir] = LITEIO_QOS_BPS_MIN;
	liteio_qos_set(bed->qos, &limits);
	spin_lock_irq(&lane->lock);
	liteio_bucket_take(&lane->buckets[kind], U32_MAX, ktime_get_ns());
	spin_unlock_irq(&lane->lock);
}

static struct bio *make_bio(struct bed *bed, unsigned int nr, blk_opf_t opf, u32 bytes)
{
	struct bio *bio = &bed->bio[nr];

	memset(bio, 0, sizeof(*bio));
	bio->bi_opf = opf;
	bio->bi_iter.bi_size = bytes;
	return bio;
}

static enum liteio_qos_verdict admit(struct bed *bed, unsigned int queue, struct bio *bio)
{
	return liteio_qos_admit(bed->queue[queue], bio, &bed->is_stopped, &bed->kind);
}

/* a write of this bed's, by its number */
static enum liteio_qos_verdict admit_write(struct bed *bed, unsigned int queue, unsigned int nr)
{
	return admit(bed, queue, make_bio(bed, nr, REQ_OP_WRITE, 4096));
}

static u64 opens(struct bed *bed, enum liteio_dir dir, enum liteio_qos_kind kind)
{
	return liteio_bucket_opens(&bed->qos->lanes[dir].buckets[kind]);
}

/* --- whom a limit concerns ------------------------------------------------------------------- */

struct concern_case {
	const char *name;
	enum liteio_limit limit;
	u64 value;
	unsigned int classes;
};

#define CHANGES (BIT(LITEIO_CLASS_WRITE) | BIT(LITEIO_CLASS_OTHER))

static const struct concern_case concern_cases[] = {
	{ "none", LITEIO_LIMIT_RIOPS, 0, 0 },
	{ "reads a second", LITEIO_LIMIT_RIOPS, 1, BIT(LITEIO_CLASS_READ) },
	{ "bytes read a second", LITEIO_LIMIT_RBPS, 4096, BIT(LITEIO_CLASS_READ) },
	{ "writes a second", LITEIO_LIMIT_WIOPS, 1, CHANGES },
	{ "bytes written a second", LITEIO_LIMIT_WBPS, 4096, CHANGES },
};

KUNIT_ARRAY_PARAM_DESC(concern, concern_cases, name);

static void a_limit_concerns_its_classes(struct kunit *test)
{
	const struct concern_case *c = test->param_value;
	struct bed *bed = test->priv;
	unsigned int nr;

	KUNIT_EXPECT_TRUE(test, set_limit(bed, c->limit, c->value));
	KUNIT_EXPECT_FALSE(test, set_limit(bed, c->limit, c->value));
	for (nr = 0; nr < LITEIO_CLASS_NR; nr++)
		KUNIT_EXPECT_EQ(test, liteio_qos_is_limited(bed->qos, nr),
				!!(c->classes & BIT(nr)));
	set_limit(bed, c->limit, 0);
	for (nr = 0; nr < LITEIO_CLASS_NR; nr++)
		KUNIT_EXPECT_FALSE(test, liteio_qos_is_limited(bed->qos, nr));
}

/* --- who has to wait ------------------------------------------------------------------------- */

struct verdict_case {
	const char *name;
	blk_opf_t opf;
	enum {
		OPEN,
		OWED,
		STOPPED,
		CLOSED,
	} state;
	bool is_by_worker;
	enum liteio_qos_verdict verdict;
};

static const struct verdict_case verdict_cases[] = {
	{ "open", REQ_OP_WRITE, OPEN, false, LITEIO_QOS_PASS },
	{ "a write", REQ_OP_WRITE, OWED, false, LITEIO_QOS_WAIT },
	{ "a forced write", REQ_OP_WRITE | REQ_FUA, OWED, false, LITEIO_QOS_WAIT },
	{ "a discard", REQ_OP_DISCARD, OWED, false, LITEIO_QOS_WAIT },
	{ "a read beside writes that owe", REQ_OP_READ, OWED, false, LITEIO_QOS_PASS },
	{ "metadata", REQ_OP_WRITE | REQ_META, OWED, false, LITEIO_QOS_PASS },
	{ "priority", REQ_OP_WRITE | REQ_PRIO, OWED, false, LITEIO_QOS_PASS },
	{ "swap", REQ_OP_WRITE | REQ_SWAP, OWED, false, LITEIO_QOS_PASS },
	{ "who would come back", REQ_OP_WRITE | REQ_NOWAIT, OWED, false, LITEIO_QOS_AGAIN },
	{ "who would come back, open", REQ_OP_WRITE | REQ_NOWAIT, OPEN, false, LITEIO_QOS_PASS },
	{ "polled for", REQ_OP_WRITE | REQ_POLLED, OWED, false, LITEIO_QOS_WAIT },
	{ "polled for, as io_uring does", REQ_OP_WRITE | REQ_POLLED | REQ_NOWAIT, OWED, false,
	  LITEIO_QOS_WAIT },
	{ "sent once more by a worker", REQ_OP_WRITE | REQ_NOWAIT, OWED, true, LITEIO_QOS_WAIT },
	{ "of a head that is suspended", REQ_OP_WRITE, STOPPED, false, LITEIO_QOS_PASS },
	{ "behind a closed gate", REQ_OP_WRITE, CLOSED, false, LITEIO_QOS_REFUSE },
	{ "metadata behind a closed gate", REQ_OP_WRITE | REQ_META, CLOSED, false,
	  LITEIO_QOS_REFUSE },
};

KUNIT_ARRAY_PARAM_DESC(verdict, verdict_cases, name);

/* one question, by a worker of the kernel's */
struct question {
	struct work_struct work;
	struct bed *bed;
	struct bio *bio;
	enum liteio_qos_verdict verdict;
};

static void ask(struct work_struct *work)
{
	struct question *q = container_of(work, struct question, work);

	q->verdict = admit(q->bed, 0, q->bio);
}

static enum liteio_qos_verdict admit_by_worker(struct bed *bed, struct bio *bio)
{
	struct question q = { .bed = bed, .bio = bio };

	INIT_WORK_ONSTACK(&q.work, ask);
	schedule_work(&q.work);
	flush_work(&q.work);
	destroy_work_on_stack(&q.work);
	return q.verdict;
}

static void who_has_to_wait(struct kunit *test)
{
	const struct verdict_case *c = test->param_value;
	struct bio_list none = BIO_EMPTY_LIST;
	enum liteio_qos_verdict verdict;
	struct bed *bed = test->priv;
	struct bio *bio = make_bio(bed, 0, c->opf, 4096);

	if (c->state == OPEN)
		set_limit(bed, LITEIO_LIMIT_WIOPS, 1);
	else
		owe(bed, LITEIO_DIR_WRITE, LITEIO_QOS_BPS);
	bed->is_stopped = c->state == STOPPED;
	if (c->state == CLOSED)
		liteio_qos_close(bed->queue[0], &none);
	verdict = c->is_by_worker ? admit_by_worker(bed, bio) : admit(bed, 0, bio);
	KUNIT_EXPECT_EQ(test, verdict, c->verdict);
	KUNIT_EXPECT_EQ(test, liteio_qos_queued(bed->queue[0]), (u64)(verdict == LITEIO_QOS_WAIT));
	KUNIT_EXPECT_EQ(test, liteio_qos_throttled(bed->queue[0]),
			(u64)(verdict == LITEIO_QOS_WAIT));
	/* nobody polls for what waits, and who sends it on may wait for the disk */
	if (verdict == LITEIO_QOS_WAIT)
		KUNIT_EXPECT_EQ(test, (__force u32)(bio->bi_opf & (REQ_POLLED | REQ_NOWAIT)), 0U);
	else
		KUNIT_EXPECT_EQ(test, (__force u32)bio->bi_opf, (__force u32)c->opf);
}

/* --- what is taken --------------------------------------------------------------------------- */

static void a_discard_is_one_operation_and_no_bytes(struct kunit *test)
{
	struct bed *bed = test->priv;
	u64 before = ktime_get_ns();

	set_limit(bed, LITEIO_LIMIT_WBPS, LITEIO_QOS_BPS_MIN);
	KUNIT_EXPECT_EQ(test, admit(bed, 0, make_bio(bed, 0, REQ_OP_DISCARD, U32_MAX)),
			LITEIO_QOS_PASS);
	KUNIT_EXPECT_LE(test, opens(bed, LITEIO_DIR_WRITE, LITEIO_QOS_BPS), ktime_get_ns());
	KUNIT_EXPECT_EQ(test, admit(bed, 0, make_bio(bed, 0, REQ_OP_WRITE, U32_MAX)),
			LITEIO_QOS_PASS);
	KUNIT_EXPECT_GE(test, opens(bed, LITEIO_DIR_WRITE, LITEIO_QOS_BPS),
			before + 1000 * NSEC_PER_SEC);

	set_limit(bed, LITEIO_LIMIT_WIOPS, 1);
	before = ktime_get_ns();
	KUNIT_EXPECT_EQ(test, admit(bed, 0, make_bio(bed, 0, REQ_OP_DISCARD, U32_MAX)),
			LITEIO_QOS_PASS);
	KUNIT_EXPECT_GE(test, opens(bed, LITEIO_DIR_WRITE, LITEIO_QOS_IOPS),
			before + NSEC_PER_SEC - NSEC_PER_MSEC);
}

/* what cannot wait takes as well, but never more than a second's worth */
static void metadata_is_paid_for_later(struct kunit *test)
{
	struct bed *bed = test->priv;
	u64 before = ktime_get_ns();

	set_limit(bed, LITEIO_LIMIT_WBPS, LITEIO_QOS_BPS_MIN);
	KUNIT_EXPECT_EQ(test, admit(bed, 0, make_bio(bed, 0, REQ_OP_WRITE | REQ_META, U32_MAX)),
			LITEIO_QOS_PASS);
	KUNIT_EXPECT_GE(test, opens(bed, LITEIO_DIR_WRITE, LITEIO_QOS_BPS),
			before + LITEIO_BUCKET_DEBT_NS);
	KUNIT_EXPECT_LE(test, opens(bed, LITEIO_DIR_WRITE, LITEIO_QOS_BPS),
			ktime_get_ns() + LITEIO_BUCKET_DEBT_NS);
}

/* --- what becomes of what waits -------------------------------------------------------------- */

static void expect_seen(struct kunit *test, u64 queued, u64 throttled)
{
	struct bed *bed = test->priv;
	struct liteio_throttle seen;

	liteio_qos_throttle(bed->qos, LITEIO_DIR_WRITE, &seen);
	KUNIT_EXPECT_EQ(test, seen.queued, queued);
	KUNIT_EXPECT_EQ(test, seen.throttled, throttled);
}

static void a_fence_takes_what_waits_of_one(struct kunit *test)
{
	struct bio_list waited = BIO_EMPTY_LIST;
	struct bed *bed = test->priv;

	owe(bed, LITEIO_DIR_WRITE, LITEIO_QOS_BPS);
	KUNIT_EXPECT_EQ(test, admit_write(bed, 0, 0), LITEIO_QOS_WAIT);
	KUNIT_EXPECT_EQ(test, admit_write(bed, 1, 1), LITEIO_QOS_WAIT);
	KUNIT_EXPECT_EQ(test, admit_write(bed, 0, 2), LITEIO_QOS_WAIT);
	expect_seen(test, 3, 3);
	liteio_qos_close(bed->queue[0], &waited);
	KUNIT_EXPECT_PTR_EQ(test, bio_list_pop(&waited), &bed->bio[0]);
	KUNIT_EXPECT_PTR_EQ(test, bio_list_pop(&waited), &bed->bio[2]);
	KUNIT_EXPECT_TRUE(test, bio_list_empty(&waited));
	KUNIT_EXPECT_EQ(test, liteio_qos_queued(bed->queue[0]), 0ULL);
	KUNIT_EXPECT_EQ(test, liteio_qos_throttled(bed->queue[0]), 2ULL);
	KUNIT_EXPECT_EQ(test, liteio_qos_queued(bed->queue[1]), 1ULL);
	expect_seen(test, 1, 3);
	/* for good, and for that one alone */
	KUNIT_EXPECT_EQ(test, admit_write(bed, 0, 0), LITEIO_QOS_REFUSE);
	KUNIT_EXPECT_EQ(test, admit_write(bed, 1, 2), LITEIO_QOS_WAIT);
}

static void a_suspend_takes_back_what_waits(struct kunit *test)
{
	struct bio_list waited = BIO_EMPTY_LIST;
	struct bed *bed = test->priv;

	owe(bed, LITEIO_DIR_WRITE, LITEIO_QOS_BPS);
	KUNIT_EXPECT_EQ(test, admit_write(bed, 0, 0), LITEIO_QOS_WAIT);
	KUNIT_EXPECT_EQ(test, admit_write(bed, 0, 1), LITEIO_QOS_WAIT);
	liteio_qos_stop(bed->queue[0], &bed->is_stopped, &waited);
	KUNIT_EXPECT_TRUE(test, bed->is_stopped);
	KUNIT_EXPECT_PTR_EQ(test, bio_list_pop(&waited), &bed->bio[0]);
	KUNIT_EXPECT_PTR_EQ(test, bio_list_pop(&waited), &bed->bio[1]);
	KUNIT_EXPECT_TRUE(test, bio_list_empty(&waited));
	expect_seen(test, 0, 2);
	KUNIT_EXPECT_EQ(test, admit_write(bed, 0, 2), LITEIO_QOS_PASS);
	/* limits hold again, and what is owed is owed still */
	liteio_qos_start(&bed->is_stopped);
	KUNIT_EXPECT_EQ(test, admit_write(bed, 0, 3), LITEIO_QOS_WAIT);
}

/* --- time over limit ------------------------------------------------------------------------- */

struct blame_case {
	const char *name;
	enum liteio_dir dir;
	enum liteio_qos_kind kind;
};

static const struct blame_case blame_cases[] = {
	{ "reads", LITEIO_DIR_READ, LITEIO_QOS_IOPS },
	{ "bytes read", LITEIO_DIR_READ, LITEIO_QOS_BPS },
	{ "writes", LITEIO_DIR_WRITE, LITEIO_QOS_IOPS },
	{ "bytes written", LITEIO_DIR_WRITE, LITEIO_QOS_BPS },
};

KUNIT_ARRAY_PARAM_DESC(blame, blame_cases, name);

static void the_limit_to_blame_is_blamed(struct kunit *test)
{
	const struct blame_case *c = test->param_value;
	enum liteio_qos_kind other = c->kind == LITEIO_QOS_IOPS ? LITEIO_QOS_BPS : LITEIO_QOS_IOPS;
	bool is_read = c->dir == LITEIO_DIR_READ;
	struct bio_list waited = BIO_EMPTY_LIST;
	struct liteio_throttle seen, later;
	struct bed *bed = test->priv;
	struct bio *bio;
	u64 before;

	owe(bed, c->dir, c->kind);
	liteio_qos_throttle(bed->qos, c->dir, &seen);
	KUNIT_EXPECT_EQ(test, seen.over_ns[c->kind], 0ULL);
	bio = make_bio(bed, 0, is_read ? REQ_OP_READ : REQ_OP_WRITE, 4096);
	KUNIT_EXPECT_EQ(test, admit(bed, 0, bio), LITEIO_QOS_WAIT);
	KUNIT_EXPECT_EQ(test, bed->kind, c->kind);
	before = ktime_get_ns();
	usleep_range(1000, 2000);
	before = ktime_get_ns() - before;
	liteio_qos_throttle(bed->qos, c->dir, &seen);
	KUNIT_EXPECT_GE(test, seen.over_ns[c->kind], before);
	KUNIT_EXPECT_EQ(test, seen.over_ns[other], 0ULL);
	/* it stands still when nothing waits; the other direction never had any */
	liteio_qos_stop(bed->queue[0], &bed->is_stopped, &waited);
	liteio_qos_throttle(bed->qos, c->dir, &seen);
	usleep_range(1000, 2000);
	liteio_qos_throttle(bed->qos, c->dir, &later);
	KUNIT_EXPECT_EQ(test, later.over_ns[c->kind], seen.over_ns[c->kind]);
	liteio_qos_throttle(bed->qos, is_read ? LITEIO_DIR_WRITE : LITEIO_DIR_READ, &later);
	KUNIT_EXPECT_EQ(test, later.over_ns[LITEIO_QOS_IOPS] + later.over_ns[LITEIO_QOS_BPS], 0ULL);
}

static struct kunit_case qos_cases[] = {
	KUNIT_CASE_PARAM(a_limit_concerns_its_classes, concern_gen_params),
	KUNIT_CASE_PARAM(who_has_to_wait, verdict_gen_params),
	KUNIT_CASE(a_discard_is_one_operation_and_no_bytes),
	KUNIT_CASE(metadata_is_paid_for_later),
	KUNIT_CASE(a_fence_takes_what_waits_of_one),
	KUNIT_CASE(a_suspend_takes_back_what_waits),
	KUNIT_CASE_PARAM(the_limit_to_blame_is_blamed, blame_gen_params),
	{}
};

static struct kunit_suite qos_suite = {
	.name = "liteio_qos",
	.init = qos_init,
	.exit = qos_exit,
	.test_cases = qos_cases,
};

kunit_test_suite(qos_suite);

MODULE_DESCRIPTION("KUnit tests of limits");
MODULE_LICENSE("GPL");
