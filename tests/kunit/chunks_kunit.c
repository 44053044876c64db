// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: chunks of a head, and ranges of them.
 */
#include <kunit/test.h>

#include "chunks.h"

#define WORDS 9

struct touch {
	const char *name;
	u64 sector;
	u64 bytes;
	unsigned int shift;
	u64 chunk;
	u64 len;
};

static const struct touch touches[] = {
	{ "first sector", 0, 512, 16, 0, 1 },
	{ "one whole chunk", 128, 65536, 16, 1, 1 },
	{ "last sector of a chunk", 255, 512, 16, 1, 1 },
	{ "over a border", 255, 1024, 16, 1, 2 },
	{ "a chunk and a sector", 128, 65536 + 512, 16, 1, 2 },
	{ "sector before and after", 127, 65536 + 1024, 16, 0, 3 },
	{ "not a whole sector", 127, 513, 16, 0, 2 },
	{ "largest chunks", 131071, 1024, 26, 0, 2 },
	{ "largest discard", 0, U32_MAX & ~511U, 16, 0, 65536 },
	{ "end of the largest device", (1ULL << 55) - 1, 512, 16, (1ULL << 48) - 1, 1 },
};

static void touch_name(const struct touch *t, char *name)
{
	strscpy(name, t->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(touch, touches, touch_name);

static void io_touches_its_chunks(struct kunit *test)
{
	const struct touch *t = test->param_value;
	struct liteio_range got = liteio_chunks_of(t->sector, t->bytes, t->shift);

	KUNIT_EXPECT_EQ(test, got.chunk, t->chunk);
	KUNIT_EXPECT_EQ(test, got.len, t->len);
}

struct size {
	const char *name;
	u64 sectors;
	unsigned int shift;
	u64 nr;
};

static const struct size sizes[] = {
	{ "nothing", 0, 16, 0 },
	{ "one sector", 1, 16, 1 },
	{ "one chunk", 128, 16, 1 },
	{ "one chunk and a sector", 129, 16, 2 },
	{ "largest chunks", 131073, 26, 2 },
	{ "as many as there may be", 0x8000000ULL << 7, 16, LITEIO_DIRTY_CHUNKS_MAX },
	{ "largest device", 1ULL << 55, 16, 1ULL << 48 },
};

static void size_name(const struct size *s, char *name)
{
	strscpy(name, s->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(size, sizes, size_name);

static void a_chunk_that_is_not_whole_counts(struct kunit *test)
{
	const struct size *s = test->param_value;

	KUNIT_EXPECT_EQ(test, liteio_chunks_nr(s->sectors, s->shift), s->nr);
}

struct mask {
	const char *name;
	u64 word;
	struct liteio_range range;
	u64 bits;
};

static const struct mask masks[] = {
	{ "nothing", 0, { 5, 0 }, 0 },
	{ "one bit", 0, { 5, 1 }, 1ULL << 5 },
	{ "whole word", 1, { 64, 64 }, ~0ULL },
	{ "larger on both sides", 1, { 3, 1000 }, ~0ULL },
	{ "last bit", 0, { 63, 1 }, 1ULL << 63 },
	{ "last bit and next word", 0, { 63, 2 }, 1ULL << 63 },
	{ "first bit of the next word", 1, { 63, 2 }, 1 },
	{ "before", 3, { 63, 2 }, 0 },
	{ "after", 0, { 64, 2 }, 0 },
	{ "far away", 1ULL << 42, { (1ULL << 48) + 1, 2 }, 6 },
};

static void mask_name(const struct mask *m, char *name)
{
	strscpy(name, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mask, masks, mask_name);

static void a_range_has_its_bits(struct kunit *test)
{
	const struct mask *m = test->param_value;

	KUNIT_EXPECT_EQ(test, liteio_chunks_mask(m->word, m->range), m->bits);
}

static void cut_to_the_device(struct kunit *test)
{
	static const struct liteio_range in[] = { { 1, 3 }, { 7, 3 }, { 7, 4 }, { 10, 1 }, { 99, 9 } };
	static const struct liteio_range out[] = { { 1, 3 }, { 7, 3 }, { 7, 3 }, { 10, 0 }, { 10, 0 } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(in); i++) {
		struct liteio_range got = liteio_chunks_cut(in[i], 10);

		KUNIT_EXPECT_EQ(test, got.chunk, out[i].chunk);
		KUNIT_EXPECT_EQ(test, got.len, out[i].len);
	}
}

/* bits of words, and what has to come of them */
struct take {
	const char *name;
	u64 max_chunks;
	u64 words[WORDS];
	u64 taken[WORDS];
	u32 nr;
	struct liteio_range ranges[4];
};

static const struct take takes[] = {
	{ "nothing", 9, {}, {}, 0, {} },
	{ "one", 9, { 1 }, { 1 }, 1, { { 0, 1 } } },
	{ "adjacent and not", 9, { 0xb }, { 0xb }, 2, { { 0, 2 }, { 3, 1 } } },
	{ "over two words", 9, { 1ULL << 63, 3 }, { 1ULL << 63, 3 }, 1, { { 63, 3 } } },
	{ "over whole words", 999, { 1ULL << 63, ~0ULL, ~0ULL, 1 }, { 1ULL << 63, ~0ULL, ~0ULL, 1 },
	  1, { { 63, 130 } } },
	{ "a gap between words", 9, { 1ULL << 63, 2 }, { 1ULL << 63, 2 }, 2, { { 63, 1 }, { 65, 1 } } },
	{ "no more than allowed", 3, { 0x33 }, { 0x13 }, 2, { { 0, 2 }, { 4, 1 } } },
	{ "allowed within a run", 70, { ~0ULL, ~0ULL }, { ~0ULL, 0x3f }, 1, { { 0, 70 } } },
	{ "just what is allowed", 64, { ~0ULL, 0 }, { ~0ULL, 0 }, 1, { { 0, 64 } } },
};

static void take_name(const struct take *t, char *name)
{
	strscpy(name, t->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(take, takes, take_name);

static struct liteio_ranges *ranges_new(struct kunit *test, u64 max_chunks)
{
	struct liteio_ranges *ranges = kunit_kzalloc(test, sizeof(*ranges), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ranges);
	liteio_ranges_init(ranges, max_chunks);
	return ranges;
}

static void runs_are_collected(struct kunit *test)
{
	const struct take *t = test->param_value;
	struct liteio_ranges *ranges = ranges_new(test, t->max_chunks);
	u64 word;
	u32 i;

	for (word = 0; word < WORDS; word++)
		KUNIT_EXPECT_EQ(test, liteio_ranges_take(ranges, word, t->words[word]),
				t->taken[word]);
	KUNIT_ASSERT_EQ(test, ranges->nr, t->nr);
	for (i = 0; i < t->nr; i++) {
		KUNIT_EXPECT_EQ(test, ranges->range[i].chunk, t->ranges[i].chunk);
		KUNIT_EXPECT_EQ(test, ranges->range[i].len, t->ranges[i].len);
	}
}

static void an_answer_has_an_end(struct kunit *test)
{
	struct liteio_ranges *ranges = ranges_new(test, ~0ULL);
	u64 every_other = 0x5555555555555555, word;

	/* 32 ranges in a word */
	for (word = 0; word < LITEIO_DIRTY_RANGES_MAX / 32; word++)
		KUNIT_EXPECT_EQ(test, liteio_ranges_take(ranges, word, every_other), every_other);
	KUNIT_EXPECT_EQ(test, ranges->nr, (u32)LITEIO_DIRTY_RANGES_MAX);
	KUNIT_EXPECT_EQ(test, liteio_ranges_take(ranges, word, every_other), 0ULL);
	KUNIT_EXPECT_EQ(test, ranges->nr_chunks, (u64)LITEIO_DIRTY_RANGES_MAX);
}

static void the_last_range_may_go_on(struct kunit *test)
{
	struct liteio_ranges *ranges = ranges_new(test, ~0ULL);
	u64 word;

	for (word = 0; word < LITEIO_DIRTY_RANGES_MAX / 32; word++)
		liteio_ranges_take(ranges, word, 0xaaaaaaaaaaaaaaaa);
	KUNIT_EXPECT_EQ(test, liteio_ranges_take(ranges, word, 0x7), 0x7ULL);
	KUNIT_EXPECT_EQ(test, ranges->range[LITEIO_DIRTY_RANGES_MAX - 1].len, 4ULL);
	KUNIT_EXPECT_EQ(test, liteio_ranges_take(ranges, word + 1, 0x2), 0ULL);
}

static struct kunit_case chunks_cases[] = {
	KUNIT_CASE_PARAM(io_touches_its_chunks, touch_gen_params),
	KUNIT_CASE_PARAM(a_chunk_that_is_not_whole_counts, size_gen_params),
	KUNIT_CASE_PARAM(a_range_has_its_bits, mask_gen_params),
	KUNIT_CASE(cut_to_the_device),
	KUNIT_CASE_PARAM(runs_are_collected, take_gen_params),
	KUNIT_CASE(an_answer_has_an_end),
	KUNIT_CASE(the_last_range_may_go_on),
	{}
};

static struct kunit_suite chunks_suite = {
	.name = "liteio_chunks",
	.test_cases = chunks_cases,
};

kunit_test_suite(chunks_suite);

MODULE_DESCRIPTION("KUnit tests of chunks and their ranges");
MODULE_LICENSE("GPL");
