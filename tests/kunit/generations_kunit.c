// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the floor and the barred generations.
 */
#include <kunit/test.h>

#include "generations.h"

#define ROOM 4

static int generations_init(struct kunit *test)
{
	struct liteio_generations *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);
	u64 *room = kunit_kcalloc(test, ROOM, sizeof(*room), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, g);
	KUNIT_ASSERT_NOT_NULL(test, room);
	liteio_generations_init(g, 10);
	KUNIT_ASSERT_NULL(test, liteio_generations_grow(g, room, ROOM));
	test->priv = g;
	return 0;
}

static void allows_from_the_floor_on(struct kunit *test)
{
	struct liteio_generations *g = test->priv;

	KUNIT_EXPECT_FALSE(test, liteio_generations_allow(g, 0));
	KUNIT_EXPECT_FALSE(test, liteio_generations_allow(g, 9));
	KUNIT_EXPECT_TRUE(test, liteio_generations_allow(g, 10));
	KUNIT_EXPECT_TRUE(test, liteio_generations_allow(g, LITEIO_GEN_MAX));
}

static void floor_only_rises(struct kunit *test)
{
	struct liteio_generations *g = test->priv;

	KUNIT_EXPECT_FALSE(test, liteio_generations_raise(g, 9));
	KUNIT_EXPECT_FALSE(test, liteio_generations_raise(g, 10));
	KUNIT_EXPECT_EQ(test, g->floor, 10ULL);
	KUNIT_EXPECT_TRUE(test, liteio_generations_raise(g, 11));
	KUNIT_EXPECT_EQ(test, g->floor, 11ULL);
	KUNIT_EXPECT_FALSE(test, liteio_generations_allow(g, 10));
	KUNIT_EXPECT_TRUE(test, liteio_generations_raise(g, LITEIO_GEN_MAX));
	KUNIT_EXPECT_TRUE(test, liteio_generations_allow(g, LITEIO_GEN_MAX));
}

static void bars_exactly_one(struct kunit *test)
{
	struct liteio_generations *g = test->priv;

	KUNIT_EXPECT_EQ(test, liteio_generations_bar(g, 12), 0);
	KUNIT_EXPECT_TRUE(test, liteio_generations_allow(g, 11));
	KUNIT_EXPECT_FALSE(test, liteio_generations_allow(g, 12));
	KUNIT_EXPECT_TRUE(test, liteio_generations_allow(g, 13));
	KUNIT_EXPECT_TRUE(test, liteio_generations_is_barred(g, 12));
	KUNIT_EXPECT_FALSE(test, liteio_generations_is_barred(g, 9));
}

static void barring_again_takes_no_room(struct kunit *test)
{
	struct liteio_generations *g = test->priv;
	unsigned int i;

	for (i = 0; i < 3 * ROOM; i++)
		KUNIT_EXPECT_EQ(test, liteio_generations_bar(g, 12), 0);
	KUNIT_EXPECT_EQ(test, liteio_generations_bar(g, 3), 0);
	KUNIT_EXPECT_EQ(test, g->nr_barred, 1U);
}

static void set_is_sorted_and_bounded(struct kunit *test)
{
	struct liteio_generations *g = test->priv;
	static const u64 order[ROOM] = { 15, 11, 20, 13 };
	static const u64 sorted[ROOM] = { 11, 13, 15, 20 };
	unsigned int i;

	for (i = 0; i < ROOM; i++)
		KUNIT_EXPECT_EQ(test, liteio_generations_bar(g, order[i]), 0);
	KUNIT_EXPECT_MEMEQ(test, g->barred, sorted, sizeof(sorted));
	KUNIT_EXPECT_TRUE(test, liteio_generations_is_full(g));
	KUNIT_EXPECT_EQ(test, liteio_generations_bar(g, 30), -ENOSPC);
	KUNIT_EXPECT_TRUE(test, liteio_generations_allow(g, 30));
	KUNIT_EXPECT_EQ(test, liteio_generations_bar(g, 13), 0);
}

static void raising_empties_the_set_below(struct kunit *test)
{
	struct liteio_generations *g = test->priv;

	KUNIT_EXPECT_EQ(test, liteio_generations_bar(g, 11), 0);
	KUNIT_EXPECT_EQ(test, liteio_generations_bar(g, 14), 0);
	KUNIT_EXPECT_EQ(test, liteio_generations_bar(g, 16), 0);
	KUNIT_EXPECT_TRUE(test, liteio_generations_raise(g, 14));
	KUNIT_EXPECT_EQ(test, g->nr_barred, 2U);
	KUNIT_EXPECT_FALSE(test, liteio_generations_allow(g, 11));
	KUNIT_EXPECT_FALSE(test, liteio_generations_allow(g, 14));
	KUNIT_EXPECT_TRUE(test, liteio_generations_allow(g, 15));
	KUNIT_EXPECT_FALSE(test, liteio_generations_allow(g, 16));
	KUNIT_EXPECT_TRUE(test, liteio_generations_raise(g, 17));
	KUNIT_EXPECT_EQ(test, g->nr_barred, 0U);
	KUNIT_EXPECT_FALSE(test, liteio_generations_allow(g, 16));
}

static void growing_keeps_the_set(struct kunit *test)
{
	struct liteio_generations *g = test->priv;
	u64 *room = kunit_kcalloc(test, 2 * ROOM, sizeof(*room), GFP_KERNEL);
	u64 *before = g->barred;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, room);
	for (i = 0; i < ROOM; i++)
		KUNIT_EXPECT_EQ(test, liteio_generations_bar(g, 20 - i), 0);
	KUNIT_EXPECT_PTR_EQ(test, liteio_generations_grow(g, room, 2 * ROOM), before);
	KUNIT_EXPECT_EQ(test, liteio_generations_bar(g, 30), 0);
	for (i = 0; i < ROOM; i++)
		KUNIT_EXPECT_FALSE(test, liteio_generations_allow(g, 20 - i));
	KUNIT_EXPECT_FALSE(test, liteio_generations_allow(g, 30));
	KUNIT_EXPECT_TRUE(test, liteio_generations_allow(g, 21));
}

static struct kunit_case generations_cases[] = {
	KUNIT_CASE(allows_from_the_floor_on),
	KUNIT_CASE(floor_only_rises),
	KUNIT_CASE(bars_exactly_one),
	KUNIT_CASE(barring_again_takes_no_room),
	KUNIT_CASE(set_is_sorted_and_bounded),
	KUNIT_CASE(raising_empties_the_set_below),
	KUNIT_CASE(growing_keeps_the_set),
	{}
};

static struct kunit_suite generations_suite = {
	.name = "liteio_generations",
	.init = generations_init,
	.test_cases = generations_cases,
};

kunit_test_suite(generations_suite);

MODULE_DESCRIPTION("KUnit tests of generations");
MODULE_LICENSE("GPL");
