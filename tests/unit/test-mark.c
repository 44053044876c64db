// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The low-water mark of a thin pool: where it has to stand so that nothing is missed, against a
 * kernel that takes block after block, and when it is worth a reload.
 */
#include <inttypes.h>
#include <stdbool.h>

#include "pool/mark.h"
#include "unit.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define BLOCK (256ull << 10)
/* more than the header says would be a mistake there */
#define WORST (128ull << 10)

static const struct mark_case {
	const char *what;
	struct liteio_usage data;
	struct liteio_usage meta;
	uint64_t promised;
	uint64_t n_devices;
	bool is_any;
	uint64_t lowest;
	uint64_t best;
} cases[] = {
	/* 64 GiB are 262144 blocks */
	{ "nothing is known", { 0, 0 }, { 0, 0 }, 0, 0, false, 0, 0 },
	{ "empty: 80 % are a fifth that is left", { 0, 64 * GIB }, { 3 * MIB, 24 * MIB }, 0, 0,
	  true, 52429, 52429 },
	{ "as much promised as there is", { GIB, 64 * GIB }, { 4 * MIB, 24 * MIB }, 64 * GIB, 10,
	  true, 52429, 52429 },
	/* 15 MiB to the line are 112 blocks */
	{ "twice as much", { GIB, 64 * GIB }, { 4 * MIB, 24 * MIB }, 128 * GIB, 100, true, 257937,
	  257992 },
	{ "many small ones", { GIB, 64 * GIB }, { 4 * MIB, 24 * MIB }, 16 * GIB, 3000, true, 257937,
	  257992 },
	{ "behind 80 %: the next is 90 %", { 52 * GIB, 64 * GIB }, { 4 * MIB, 24 * MIB }, 64 * GIB,
	  1, true, 26215, 26215 },
	{ "behind 90 %: the next is 95 %", { 58 * GIB, 64 * GIB }, { 4 * MIB, 24 * MIB }, 64 * GIB,
	  1, true, 13108, 13108 },
	{ "behind 95 %: that it is full the kernel says", { 61 * GIB, 64 * GIB },
	  { 4 * MIB, 24 * MIB }, 64 * GIB, 1, true, 0, 0 },
	{ "full", { 64 * GIB, 64 * GIB }, { 4 * MIB, 24 * MIB }, 64 * GIB, 1, true, 0, 0 },
	{ "full, and not of data alone", { 64 * GIB, 64 * GIB }, { 17 * MIB, 24 * MIB }, 640 * GIB,
	  1, true, 0, 0 },
	{ "metadata shortly before their line", { GIB, 64 * GIB },
	  { 18 * MIB - 4 * WORST, 24 * MIB }, 640 * GIB, 1, true, 258045, 258046 },
	{ "too near", { GIB, 64 * GIB }, { 18 * MIB - 4 * WORST + 1, 24 * MIB }, 640 * GIB, 1,
	  false, 258046, 258047 },
	{ "behind it: the next is where the spare is taken", { GIB, 64 * GIB },
	  { 18 * MIB, 24 * MIB }, 640 * GIB, 1, true, 258011, 258029 },
	{ "behind that, and they could not take it", { GIB, 64 * GIB }, { 23 * MIB, 24 * MIB },
	  640 * GIB, 1, false, 258049, 258048 },
	{ "data are full before", { 64 * GIB - 50 * BLOCK, 64 * GIB }, { 4 * MIB, 24 * MIB },
	  640 * GIB, 1, true, 0, 0 },
};

START_TEST(test_cases)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct mark_case *c = &cases[i];
		const struct liteio_mark_of u = { .data = c->data,
						  .meta = c->meta,
						  .block_bytes = c->data.total ? BLOCK : 0,
						  .promised = c->promised,
						  .n_devices = c->n_devices,
						  .has_relief = true };
		struct liteio_mark_range r;

		liteio_mark_find(&u, &r);
		ck_assert_msg(r.is_any == c->is_any && r.lowest == c->lowest && r.best == c->best,
			      "%s: %d %" PRIu64 " %" PRIu64, c->what, r.is_any, r.lowest, r.best);
	}
}
END_TEST

/* metadata that are nearly full and have no spare: the kernel says when they are */
START_TEST(test_last)
{
	struct liteio_mark_of u = { .data = { GIB, 64 * GIB },
				    .meta = { 23 * MIB, 24 * MIB },
				    .block_bytes = BLOCK,
				    .promised = 640 * GIB };
	struct liteio_mark_range r;

	liteio_mark_find(&u, &r);
	ck_assert(r.is_any);
	ck_assert_uint_eq(r.lowest, 52429);
	u.meta.used = 22 * MIB;
	liteio_mark_find(&u, &r);
	ck_assert(r.is_any);
	ck_assert_uint_gt(r.lowest, 258000);
}
END_TEST

/* which lines are reached: whoever looks now would say something else than before */
static unsigned int lines(const struct liteio_mark_of *u)
{
	enum liteio_fill fill = liteio_account_fill(&u->data);

	/* full is said by the kernel */
	return (fill == LITEIO_FILL_FULL ? LITEIO_FILL_CRITICAL : fill) +
	       10u * liteio_account_metadata_pressed(&u->meta) +
	       10u * liteio_account_metadata_short(&u->meta);
}

/* blocks are taken at this price in metadata until a line is reached: the event is before that */
static void check_in_time(struct liteio_mark_of u, uint64_t price, uint64_t mark)
{
	const struct liteio_mark_of from = u;
	bool is_said = false;

	while (lines(&u) == lines(&from) && u.data.used < u.data.total) {
		is_said = is_said || (u.data.total - u.data.used) / BLOCK <= mark;
		u.data.used += BLOCK;
		u.meta.used += price;
	}
	ck_assert_msg(is_said || lines(&u) == lines(&from),
		      "from %" PRIu64 " and %" PRIu64 " nothing is said at mark %" PRIu64,
		      from.data.used, from.meta.used, mark);
}

START_TEST(test_in_time)
{
	struct liteio_mark_of u = { .data = { 0, 2001 * BLOCK },
				    .meta = { 0, 32 * MIB },
				    .block_bytes = BLOCK,
				    .promised = 1000 * GIB };
	struct liteio_mark_range r;
	unsigned int found = 0;

	for (u.data.used = 0; u.data.used <= u.data.total; u.data.used += 3 * BLOCK) {
		for (u.meta.used = MIB; u.meta.used < u.meta.total; u.meta.used += 999999) {
			liteio_mark_find(&u, &r);
			if (!r.is_any)
				continue;
			ck_assert_uint_le(r.lowest, r.best);
			found++;
			check_in_time(u, WORST, r.lowest);
			check_in_time(u, 0, r.lowest);
			check_in_time(u, WORST, r.best);
		}
	}
	ck_assert_uint_gt(found, 10000);
}
END_TEST

/* once discards have copied all that is shared: nodes of its own for each device, a third full */
static uint64_t unshared(const struct liteio_mark_of *u)
{
	return u->n_devices * (u->data.used / BLOCK / 84 + 3) * 4096 + u->meta.total / 10;
}

/* nobody is told of what is discarded: there is room left for whatever that copies */
START_TEST(test_discards)
{
	struct liteio_mark_of u = { .data = { 0, 2001 * BLOCK },
				    .meta = { 0, 8 * MIB },
				    .block_bytes = BLOCK,
				    .promised = 1000 * GIB,
				    .n_devices = 40,
				    .may_unshare = true };
	unsigned int found = 0, not_found = 0;
	struct liteio_mark_range r;

	for (u.data.used = 0; u.data.used <= u.data.total; u.data.used += 3 * BLOCK) {
		for (u.meta.used = MIB; u.meta.used < 7 * MIB; u.meta.used += 99999) {
			struct liteio_mark_of after = u;

			liteio_mark_find(&u, &r);
			not_found += !r.is_any;
			if (!r.is_any)
				continue;
			found++;
			if (after.meta.used < unshared(&u))
				after.meta.used = unshared(&u);
			ck_assert_uint_eq(lines(&after), lines(&u));
			check_in_time(after, WORST, r.lowest);
		}
	}
	ck_assert_uint_gt(found, 10000);
	ck_assert_uint_gt(not_found, 5000);
	/* with as much promised as the metadata are made for it is no matter */
	u.data.used = 1000 * BLOCK;
	u.meta.used = MIB;
	u.promised = u.data.total;
	liteio_mark_find(&u, &r);
	ck_assert(r.is_any);
	ck_assert_uint_eq(r.lowest, 401);
}
END_TEST

/* what was loaded stays good enough as blocks are taken, so that nobody loads it twice */
START_TEST(test_stays)
{
	struct liteio_mark_of u = { .data = { 100 * BLOCK, 4000 * BLOCK },
				    .meta = { 5 * MIB, 32 * MIB },
				    .block_bytes = BLOCK,
				    .promised = 1000 * GIB };
	struct liteio_mark_range first, now;

	liteio_mark_find(&u, &first);
	ck_assert(first.is_any && first.best < 3900);
	while ((u.data.total - u.data.used) / BLOCK > first.best) {
		u.data.used += BLOCK;
		u.meta.used += WORST;
		liteio_mark_find(&u, &now);
		ck_assert_uint_ge(first.best, now.lowest);
	}
	/* a snapshot takes some that no block of data stands for */
	liteio_mark_find(&u, &now);
	ck_assert_uint_lt(now.lowest, first.best);
}
END_TEST

START_TEST(test_judge)
{
	static const struct {
		struct liteio_mark_range range;
		uint64_t mark;
		bool is_ahead;
		bool is_at_rest;
		enum liteio_mark_step want;
	} judged[] = {
		{ { true, 100, 150 }, 100, true, false, LITEIO_MARK_TOLD },
		{ { true, 100, 150 }, 100, true, true, LITEIO_MARK_TOLD },
		{ { true, 100, 150 }, 999, true, false, LITEIO_MARK_TOLD },
		{ { true, 100, 150 }, 99, true, false, LITEIO_MARK_CLOCK },
		{ { true, 100, 150 }, 99, true, true, LITEIO_MARK_LOAD },
		/* it has come already */
		{ { true, 100, 150 }, 150, false, false, LITEIO_MARK_CLOCK },
		{ { true, 100, 150 }, 150, false, true, LITEIO_MARK_LOAD },
		/* there is nothing to be told */
		{ { true, 0, 0 }, 0, false, true, LITEIO_MARK_TOLD },
		/* and nothing that would be told in time */
		{ { false, 100, 150 }, 150, true, true, LITEIO_MARK_CLOCK },
		{ { false, 0, 0 }, 150, true, true, LITEIO_MARK_CLOCK },
	};

	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++)
		ck_assert_msg(liteio_mark_judge(&judged[i].range, judged[i].mark,
						judged[i].is_ahead,
						judged[i].is_at_rest) == judged[i].want,
			      "%zu", i);
}
END_TEST

START_TEST(test_rest)
{
	static const struct {
		struct liteio_mark_seen seen;
		uint64_t now_ms;
		uint64_t want_ms;
	} looks[] = {
		{ { 7, 1, 1 }, 1000, 0 },     { { 7, 1, 1 }, 1001, 1 },
		{ { 7, 1, 1 }, 31000, 30000 }, { { 8, 1, 1 }, 61000, 0 },
		{ { 8, 1, 1 }, 91000, 30000 }, { { 8, 2, 1 }, 92000, 0 },
		{ { 8, 2, 2 }, 93000, 0 },    { { 8, 2, 2 }, 94000, 1000 },
	};
	struct liteio_mark_rest r = { 0 };

	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		ck_assert_uint_eq(liteio_mark_rest(&r, &looks[i].seen, looks[i].now_ms),
				  looks[i].want_ms);
}
END_TEST

UNIT_MAIN("mark", test_cases, test_last, test_in_time, test_discards, test_stays, test_judge,
	  test_rest)
