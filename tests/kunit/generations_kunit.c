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

/* what happens to a rule, which begins with floor 10, and what it then says of one generation */
enum step {
	END,
	RAISE,
	BAR,
};

struct rule_case {
	const char *name;
	struct {
		enum step step;
		u64 gen;
	} steps[4];
	u64 gen;
	bool is_allowed;
	bool is_barred;
	u64 floor;
	u32 nr_barred;
};

static const struct rule_case rule_cases[] = {
	{ "nothing has number 0", {}, 0, false, false, 10, 0 },
	{ "below the floor", {}, 9, false, false, 10, 0 },
	{ "the floor itself", {}, 10, true, false, 10, 0 },
	{ "the highest", {}, LITEIO_GEN_MAX, true, false, 10, 0 },
	{ "a floor is not lowered", { { RAISE, 9 } }, 9, false, false, 10, 0 },
	{ "the same floor again", { { RAISE, 10 } }, 10, true, false, 10, 0 },
	{ "a raised floor", { { RAISE, 11 } }, 10, false, false, 11, 0 },
	{ "from a raised floor on", { { RAISE, 11 } }, 11, true, false, 11, 0 },
	{ "lowered after it was raised",
	  { { RAISE, 20 }, { RAISE, 11 } }, 11, false, false, 20, 0 },
	{ "the highest floor", { { RAISE, LITEIO_GEN_MAX } }, LITEIO_GEN_MAX, true, false,
	  LITEIO_GEN_MAX, 0 },
	{ "below the highest floor", { { RAISE, LITEIO_GEN_MAX } }, LITEIO_GEN_MAX - 1, false,
	  false, LITEIO_GEN_MAX, 0 },
	{ "barred", { { BAR, 12 } }, 12, false, true, 10, 1 },
	{ "below a barred one", { { BAR, 12 } }, 11, true, false, 10, 1 },
	{ "above a barred one", { { BAR, 12 } }, 13, true, false, 10, 1 },
	{ "barred twice", { { BAR, 12 }, { BAR, 12 } }, 12, false, true, 10, 1 },
	{ "barred below the floor", { { BAR, 3 } }, 3, false, false, 10, 0 },
	{ "the floor barred", { { BAR, 10 } }, 10, false, true, 10, 1 },
	{ "the highest barred", { { BAR, LITEIO_GEN_MAX } }, LITEIO_GEN_MAX, false, true, 10, 1 },
	{ "in any order", { { BAR, 15 }, { BAR, 11 }, { BAR, 13 } }, 13, false, true, 10, 3 },
	{ "between barred ones",
	  { { BAR, 15 }, { BAR, 11 }, { BAR, 13 } }, 14, true, false, 10, 3 },
	{ "floor below a barred one", { { BAR, 14 }, { RAISE, 12 } }, 14, false, true, 12, 1 },
	{ "floor at a barred one", { { BAR, 14 }, { RAISE, 14 } }, 14, false, true, 14, 1 },
	{ "floor above a barred one", { { BAR, 14 }, { RAISE, 15 } }, 14, false, false, 15, 0 },
	{ "floor amid barred ones", { { BAR, 11 }, { BAR, 14 }, { BAR, 16 }, { RAISE, 14 } }, 16,
	  false, true, 14, 2 },
	{ "floor above all barred ones", { { BAR, 11 }, { BAR, 14 }, { BAR, 16 }, { RAISE, 17 } },
	  17, true, false, 17, 0 },
};

KUNIT_ARRAY_PARAM_DESC(rule, rule_cases, name);

static void rule_holds(struct kunit *test)
{
	const struct rule_case *c = test->param_value;
	struct liteio_generations *g = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(c->steps); i++) {
		u64 gen = c->steps[i].gen, before = g->floor;

		if (c->steps[i].step == RAISE)
			KUNIT_EXPECT_EQ(test, liteio_generations_raise(g, gen), gen > before);
		else if (c->steps[i].step == BAR)
			KUNIT_EXPECT_EQ(test, liteio_generations_bar(g, gen), 0);
	}
	KUNIT_EXPECT_EQ(test, liteio_generations_allow(g, c->gen), c->is_allowed);
	KUNIT_EXPECT_EQ(test, liteio_generations_is_barred(g, c->gen), c->is_barred);
	KUNIT_EXPECT_EQ(test, g->floor, c->floor);
	KUNIT_EXPECT_EQ(test, g->nr_barred, c->nr_barred);
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
	KUNIT_CASE_PARAM(rule_holds, rule_gen_params),
	KUNIT_CASE(barring_again_takes_no_room),
	KUNIT_CASE(set_is_sorted_and_bounded),
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
