// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: tracking of dirty chunks as heads and commands use it, with lock and memory debugging on:
 * what is given out, confirmed and taken back, heads that grow and shrink, and the end of it.
 */
#include <kunit/test.h>

#include "attachment.h"
#include "dirty.h"
#include "events.h"
#include "fence.h"
#include "registry.h"
#include "volume.h"

#define SHIFT 16
#define CHUNK_SECTORS (1ULL << (SHIFT - 9))
#define CHUNKS 200

static const uuid_t uuid = UUID_INIT(0x76543210, 0x89ab, 0xcdef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
				     0xcd, 0xef);

/**
 * struct bed - what a test has
 * @att: bound, its head has CHUNKS chunks
 * @why: the last refusal
 * @fetch: the last fetch
 */
struct bed {
	struct liteio_att *att;
	const char *why;
	struct liteio_dirty_fetch fetch;
};

/* with a head of CHUNKS chunks */
static void attach(struct kunit *test)
{
	struct bed *bed = test->priv;
	struct liteio_att *att = liteio_att_new(1, NULL, 0);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, att);
	ret = liteio_att_add(&uuid, att, &bed->why);
	KUNIT_ASSERT_EQ(test, ret, 0);
	ret = liteio_att_bind(&uuid, 1, bed, MKDEV(254, 1), &bed->att, &bed->why);
	KUNIT_ASSERT_EQ(test, ret, 0);
	ret = liteio_dirty_make_room(bed->att, CHUNKS * CHUNK_SECTORS, &bed->why);
	KUNIT_ASSERT_EQ(test, ret, 0);
	liteio_dirty_resize(bed->att, CHUNKS * CHUNK_SECTORS);
}

static int dirty_init(struct kunit *test)
{
	struct liteio_vol_spec spec = { .uuid = uuid, .is_create = true, .is_exclusive = true };
	struct bed *bed = kunit_kzalloc(test, sizeof(*bed), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bed);
	test->priv = bed;
	KUNIT_ASSERT_EQ(test, liteio_vol_set(&spec, &bed->why), 0);
	attach(test);
	return 0;
}

/* an attachment takes its tracking with it */
static void dirty_exit(struct kunit *test)
{
	struct bed *bed = test->priv;

	liteio_att_unbind(bed->att);
	KUNIT_EXPECT_EQ(test, liteio_att_delete(&uuid, 1, &bed->why), 0);
	KUNIT_EXPECT_EQ(test, liteio_dirty_bytes(), 0ULL);
	KUNIT_EXPECT_EQ(test, liteio_vol_delete(&uuid, &bed->why), 0);
}

static void start(struct kunit *test)
{
	struct liteio_dirty_state state = {};
	struct bed *bed = test->priv;

	KUNIT_ASSERT_EQ(test, liteio_dirty_start(bed->att, SHIFT, &state, &bed->why), 0);
	KUNIT_EXPECT_NE(test, state.tracking, 0ULL);
	KUNIT_EXPECT_EQ(test, state.remaining, 0ULL);
	bed->fetch.tracking = state.tracking;
	bed->fetch.ticket = 0;
}

static void mark(struct bed *bed, u64 chunk, u32 class)
{
	struct liteio_io io = { .sector = chunk * CHUNK_SECTORS, .bytes = 4096, .class = class };

	if (liteio_dirty_is_tracked(bed->att))
		liteio_dirty_mark(bed->att, &io);
}

/* with the ticket that is in the bed, from the beginning */
static int fetch(struct bed *bed, u64 max_chunks)
{
	bed->fetch.cursor = 0;
	bed->fetch.max_chunks = max_chunks;
	return liteio_dirty_fetch(bed->att, &bed->fetch, &bed->why);
}

static void expect_fetch(struct kunit *test, u64 max_chunks, u32 nr, u64 first, u64 remaining)
{
	struct bed *bed = test->priv;

	KUNIT_ASSERT_EQ(test, fetch(bed, max_chunks), 0);
	KUNIT_EXPECT_EQ(test, bed->fetch.ranges.nr, nr);
	if (nr)
		KUNIT_EXPECT_EQ(test, bed->fetch.ranges.range[0].chunk, first);
	KUNIT_EXPECT_EQ(test, bed->fetch.state.remaining, remaining);
}

static void only_what_changes_data_marks(struct kunit *test)
{
	struct bed *bed = test->priv;
	u32 class;

	start(test);
	for (class = 0; class <= LITEIO_CLASS_REFUSED; class++)
		mark(bed, 10 * class, class);
	KUNIT_ASSERT_EQ(test, fetch(bed, CHUNKS), 0);
	KUNIT_ASSERT_EQ(test, bed->fetch.ranges.nr, 2U);
	KUNIT_EXPECT_EQ(test, bed->fetch.ranges.range[0].chunk, 10ULL * LITEIO_CLASS_WRITE);
	KUNIT_EXPECT_EQ(test, bed->fetch.ranges.range[1].chunk, 10ULL * LITEIO_CLASS_OTHER);
}

/* an I/O marks all that it touches */
static void a_write_over_a_border_marks_both_sides(struct kunit *test)
{
	struct bed *bed = test->priv;
	struct liteio_io io = { .sector = 4 * CHUNK_SECTORS - 1, .bytes = 1024 + (1 << SHIFT),
				.class = LITEIO_CLASS_WRITE };

	start(test);
	liteio_dirty_mark(bed->att, &io);
	expect_fetch(test, 9, 1, 3, 0);
	KUNIT_EXPECT_EQ(test, bed->fetch.ranges.range[0].len, 3ULL);
}

static void what_is_not_confirmed_comes_back(struct kunit *test)
{
	struct bed *bed = test->priv;

	start(test);
	mark(bed, 3, LITEIO_CLASS_WRITE);
	mark(bed, 5, LITEIO_CLASS_WRITE);
	expect_fetch(test, 1, 1, 3, 1);
	bed->fetch.ticket = 0;
	expect_fetch(test, 1, 1, 3, 1);
	/* confirmed, but marked again since */
	mark(bed, 3, LITEIO_CLASS_WRITE);
	expect_fetch(test, 1, 1, 3, 1);
	expect_fetch(test, 1, 1, 5, 0);
	expect_fetch(test, 1, 0, 0, 0);
	/* another's ticket */
	mark(bed, 7, LITEIO_CLASS_WRITE);
	expect_fetch(test, 9, 1, 7, 0);
	bed->fetch.ticket--;
	expect_fetch(test, 9, 1, 7, 0);
}

static void what_is_taken_back_is_marked(struct kunit *test)
{
	struct liteio_dirty_fetch *old;
	struct liteio_dirty_state state;
	struct bed *bed = test->priv;

	old = kunit_kzalloc(test, sizeof(*old), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, old);
	start(test);
	mark(bed, 3, LITEIO_CLASS_WRITE);
	expect_fetch(test, 9, 1, 3, 0);
	*old = bed->fetch;
	liteio_dirty_take_back(bed->att, &bed->fetch);
	KUNIT_ASSERT_TRUE(test, liteio_dirty_state(bed->att, &state));
	KUNIT_EXPECT_EQ(test, state.remaining, 1ULL);
	expect_fetch(test, 9, 1, 3, 0);
	/* not the last answer any more */
	liteio_dirty_take_back(bed->att, old);
	KUNIT_ASSERT_TRUE(test, liteio_dirty_state(bed->att, &state));
	KUNIT_EXPECT_EQ(test, state.remaining, 0ULL);
}

static void refusals_change_nothing(struct kunit *test)
{
	struct liteio_dirty_state state;
	struct bed *bed = test->priv;
	u64 other, seq;

	KUNIT_EXPECT_EQ(test, fetch(bed, 1), -ENODATA);
	KUNIT_EXPECT_EQ(test, liteio_dirty_stop(bed->att, NULL, &bed->why), -ENODATA);
	start(test);
	mark(bed, 3, LITEIO_CLASS_WRITE);
	expect_fetch(test, 9, 1, 3, 0);
	KUNIT_EXPECT_EQ(test, liteio_dirty_start(bed->att, SHIFT, &state, &bed->why), -EBUSY);
	other = bed->fetch.tracking + 1;
	KUNIT_EXPECT_EQ(test, liteio_dirty_stop(bed->att, &other, &bed->why), -ESTALE);
	bed->fetch.ticket = 0;
	bed->fetch.cursor = CHUNKS + 1;
	KUNIT_EXPECT_EQ(test, liteio_dirty_fetch(bed->att, &bed->fetch, &bed->why), -ERANGE);
	bed->fetch.tracking++;
	KUNIT_EXPECT_EQ(test, fetch(bed, 1), -ESTALE);
	bed->fetch.tracking--;
	/* none of them has taken the answer back */
	KUNIT_ASSERT_TRUE(test, liteio_dirty_state(bed->att, &state));
	KUNIT_EXPECT_EQ(test, state.remaining, 0ULL);
	expect_fetch(test, 9, 1, 3, 0);
	mark(bed, 7, LITEIO_CLASS_WRITE);
	seq = liteio_events_seq();
	KUNIT_EXPECT_EQ(test, liteio_dirty_stop(bed->att, &bed->fetch.tracking, &bed->why), 0);
	KUNIT_EXPECT_EQ(test, liteio_dirty_bytes(), 0ULL);
	KUNIT_EXPECT_EQ(test, liteio_events_seq(), seq + 1);
	/* what comes after it has no marks and another name; who asks for the old one hears so */
	other = bed->fetch.tracking;
	start(test);
	KUNIT_EXPECT_EQ(test, liteio_events_seq(), seq + 2);
	KUNIT_EXPECT_NE(test, bed->fetch.tracking, other);
	bed->fetch.tracking = other;
	KUNIT_EXPECT_EQ(test, fetch(bed, 1), -ESTALE);
}

/* what was under way at a fence ends behind it, and marks */
static void a_fence_leaves_marks_and_lets_mark(struct kunit *test)
{
	struct bed *bed = test->priv;
	unsigned int cookie;

	start(test);
	mark(bed, 3, LITEIO_CLASS_WRITE);
	cookie = liteio_registry_lock();
	liteio_fence_floor(bed->att->vol, 2);
	liteio_registry_unlock(cookie);
	mark(bed, 5, LITEIO_CLASS_WRITE);
	mark(bed, 7, LITEIO_CLASS_REFUSED);
	expect_fetch(test, 9, 2, 3, 0);
	KUNIT_EXPECT_EQ(test, bed->fetch.ranges.range[1].chunk, 5ULL);
}

static void growth_brings_marks_and_keeps_others(struct kunit *test)
{
	struct bed *bed = test->priv;
	u64 more = 3 * CHUNKS * CHUNK_SECTORS + 1;

	start(test);
	mark(bed, 3, LITEIO_CLASS_WRITE);
	KUNIT_ASSERT_EQ(test, liteio_dirty_make_room(bed->att, more, &bed->why), 0);
	mark(bed, 3, LITEIO_CLASS_WRITE);
	mark(bed, 4, LITEIO_CLASS_WRITE);
	expect_fetch(test, 9, 1, 3, 0);
	KUNIT_EXPECT_EQ(test, bed->fetch.ranges.nr_chunks, 2ULL);
	liteio_dirty_resize(bed->att, more);
	expect_fetch(test, LITEIO_DIRTY_CHUNKS_MAX, 1, CHUNKS, 0);
	KUNIT_EXPECT_EQ(test, bed->fetch.ranges.nr_chunks, 2ULL * CHUNKS + 1);
	/* smaller, larger: what was beyond the end is new */
	mark(bed, 2, LITEIO_CLASS_WRITE);
	mark(bed, 20, LITEIO_CLASS_WRITE);
	liteio_dirty_resize(bed->att, 10 * CHUNK_SECTORS);
	expect_fetch(test, LITEIO_DIRTY_CHUNKS_MAX, 1, 2, 0);
	liteio_dirty_resize(bed->att, 12 * CHUNK_SECTORS);
	expect_fetch(test, LITEIO_DIRTY_CHUNKS_MAX, 1, 10, 0);
	KUNIT_EXPECT_EQ(test, bed->fetch.ranges.nr_chunks, 2ULL);
}

static void what_was_given_out_beyond_the_end_is_forgotten(struct kunit *test)
{
	struct bed *bed = test->priv;

	start(test);
	mark(bed, 9, LITEIO_CLASS_WRITE);
	mark(bed, CHUNKS - 1, LITEIO_CLASS_WRITE);
	expect_fetch(test, 9, 2, 9, 0);
	liteio_dirty_resize(bed->att, 10 * CHUNK_SECTORS);
	bed->fetch.ticket = 0;
	expect_fetch(test, 9, 1, 9, 0);
}

static void bitmaps_are_bounded(struct kunit *test)
{
	u64 most = LITEIO_DIRTY_CHUNKS_MAX * CHUNK_SECTORS;
	struct liteio_dirty_state state;
	struct bed *bed = test->priv;

	start(test);
	KUNIT_EXPECT_EQ(test, liteio_dirty_make_room(bed->att, most + 1, &bed->why), -E2BIG);
	KUNIT_EXPECT_EQ(test, liteio_dirty_stop(bed->att, NULL, &bed->why), 0);
	KUNIT_EXPECT_EQ(test, liteio_dirty_make_room(bed->att, most + 1, &bed->why), 0);
	KUNIT_EXPECT_EQ(test, liteio_dirty_start(bed->att, SHIFT, &state, &bed->why), -E2BIG);
	KUNIT_EXPECT_EQ(test, liteio_dirty_start(bed->att, SHIFT + 1, &state, &bed->why), 0);
	KUNIT_EXPECT_GE(test, liteio_dirty_bytes(), LITEIO_DIRTY_CHUNKS_MAX / 16ULL);
}

/* whoever has a reference comes too late: nothing begins, nothing is told after the deletion */
static void nothing_is_told_of_what_was_deleted(struct kunit *test)
{
	struct bed *bed = test->priv;
	struct liteio_dirty_state state;
	struct liteio_att *late;
	int is_tracked;
	u64 seq;

	for (is_tracked = 0; is_tracked < 2; is_tracked++) {
		if (is_tracked)
			start(test);
		late = liteio_att_get(bed->att);
		liteio_att_unbind(bed->att);
		KUNIT_EXPECT_EQ(test, liteio_att_delete(&uuid, 1, &bed->why), 0);
		seq = liteio_events_seq();
		if (is_tracked)
			KUNIT_EXPECT_EQ(test, liteio_dirty_stop(late, NULL, &bed->why), -ENOENT);
		KUNIT_EXPECT_EQ(test, liteio_dirty_start(late, SHIFT, &state, &bed->why), -ENOENT);
		KUNIT_EXPECT_EQ(test, liteio_events_seq(), seq);
		KUNIT_EXPECT_EQ(test, liteio_dirty_bytes(), 0ULL);
		liteio_att_put(late);
		attach(test);
	}
}

static struct kunit_case dirty_cases[] = {
	KUNIT_CASE(only_what_changes_data_marks),
	KUNIT_CASE(a_write_over_a_border_marks_both_sides),
	KUNIT_CASE(what_is_not_confirmed_comes_back),
	KUNIT_CASE(what_is_taken_back_is_marked),
	KUNIT_CASE(refusals_change_nothing),
	KUNIT_CASE(a_fence_leaves_marks_and_lets_mark),
	KUNIT_CASE(growth_brings_marks_and_keeps_others),
	KUNIT_CASE(what_was_given_out_beyond_the_end_is_forgotten),
	KUNIT_CASE(bitmaps_are_bounded),
	KUNIT_CASE(nothing_is_told_of_what_was_deleted),
	{}
};

static struct kunit_suite dirty_suite = {
	.name = "liteio_dirty",
	.init = dirty_init,
	.exit = dirty_exit,
	.test_cases = dirty_cases,
};

kunit_test_suite(dirty_suite);

MODULE_DESCRIPTION("KUnit tests of the tracking of dirty chunks");
MODULE_LICENSE("GPL");
