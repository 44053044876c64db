// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one pool may have of the workers: so many begun, the others in the order they came; fewer
 * may wait when its disk hangs.
 *
 * unit-src: daemon/agent/crowd.c
 */
#include <errno.h>
#include <string.h>

#include "agent/about.h"
#include "agent/crowd.h"
#include "base/error.h"
#include "unit.h"

static const struct liteio_uuid none, a = { .b = { 1 } }, b = { .b = { 2 } };
static struct liteio_crowds crowds;
static int who[LITEIO_CROWD_MAX];
static unsigned int n_dropped;

static void drop(void *arg)
{
	n_dropped++;
}

/* none has to wait any more */
static void nobody_is_next(bool is_fence)
{
	ck_assert_ptr_null(liteio_crowd_next(&crowds, is_fence));
}

static void fill(const struct liteio_uuid *pool, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		ck_assert_int_eq(liteio_crowd_enter(&crowds, pool, false, &who[i]),
				 i < LITEIO_CROWD_BEGUN_MAX);
}

START_TEST(in_the_order_they_came)
{
	unsigned int i, most = LITEIO_CROWD_BEGUN_MAX;

	fill(&a, most + 3);
	/* of another pool, of none, and what is urgent */
	ck_assert(liteio_crowd_enter(&crowds, &b, false, who));
	ck_assert(liteio_crowd_enter(&crowds, &none, false, who));
	for (i = 0; i < LITEIO_CROWD_FENCES_MAX; i++)
		ck_assert(liteio_crowd_enter(&crowds, &a, true, who));
	ck_assert(!liteio_crowd_enter(&crowds, &a, true, &who[9]));
	nobody_is_next(true);
	liteio_crowd_leave(&crowds, &a, true);
	nobody_is_next(false);
	ck_assert_ptr_eq(liteio_crowd_next(&crowds, true), &who[9]);
	liteio_crowd_leave(&crowds, &b, false);
	for (i = 0; i < 3; i++) {
		liteio_crowd_leave(&crowds, &a, false);
		ck_assert_ptr_eq(liteio_crowd_next(&crowds, false), &who[most + i]);
		nobody_is_next(false);
	}
	/* who took their place counts */
	liteio_crowd_leave(&crowds, &a, false);
	nobody_is_next(false);
	ck_assert(liteio_crowd_enter(&crowds, &a, false, who));
	ck_assert(!liteio_crowd_enter(&crowds, &a, false, who));
	liteio_crowd_leave(&crowds, &a, false);
	ck_assert_ptr_eq(liteio_crowd_next(&crowds, false), who);
	for (i = 0; i < most; i++)
		liteio_crowd_leave(&crowds, &a, false);
	for (i = 0; i < LITEIO_CROWD_FENCES_MAX; i++)
		liteio_crowd_leave(&crowds, &a, true);
	liteio_crowd_leave(&crowds, &none, false);
	ck_assert_ptr_null(crowds.first);
}
END_TEST

/* pools that hang, one after the other, each with more who ask than it may have */
static unsigned int take_all(unsigned char pool, bool is_fence, unsigned int most)
{
	const struct liteio_uuid uuid = { .b = { pool } };
	unsigned int n = 0;

	while (n <= most && liteio_crowd_enter(&crowds, &uuid, is_fence, &who[n]))
		n++;
	ck_assert_uint_le(n, most);
	return n;
}

START_TEST(however_many_hang_something_is_left)
{
	unsigned int fences = 0, begun = 0;

	for (unsigned char pool = 1; pool <= 8; pool++) {
		unsigned int n = take_all(pool, true, LITEIO_CROWD_FENCES_MAX);

		/* with three that hang the fourth has what it needs, and none has nothing */
		ck_assert_uint_ge(n, pool <= 4 ? 10 : 1);
		fences += n;
		n = take_all(pool, false, LITEIO_CROWD_BEGUN_MAX);
		ck_assert_uint_ge(n, pool <= 4 ? 13 : 1);
		begun += n;
	}
	ck_assert_uint_le(fences, LITEIO_CROWD_FENCES_ALL);
	ck_assert_uint_le(begun, LITEIO_CROWD_BEGUN_ALL);
	/* what one gives back is there for those of the others that wait */
	for (unsigned int n = 0; n < LITEIO_CROWD_FENCES_MAX; n++)
		liteio_crowd_leave(&crowds, &a, true);
	ck_assert_ptr_nonnull(liteio_crowd_next(&crowds, true));
	liteio_crowds_fini(&crowds, drop);
}
END_TEST

START_TEST(a_pool_has_half_of_what_the_others_leave)
{
	const struct liteio_about about = { .uuid = b, .name = "calm" };
	const struct liteio_about hung = { .uuid = a, .name = "fast", .busy_ms = 3600000 };
	unsigned int n = 0;

	fill(&a, LITEIO_CROWD_MAX);
	while (!liteio_crowd_check(&crowds, &about, false, NULL)) {
		liteio_crowd_enter(&crowds, &b, false, &who[n]);
		n++;
	}
	ck_assert_uint_eq(n, (LITEIO_CROWD_ALL - LITEIO_CROWD_MAX) / 2);
	/* fences, also of one that hangs, but not all there may be */
	for (n = 0; !liteio_crowd_check(&crowds, &hung, true, NULL); n++)
		liteio_crowd_enter(&crowds, &a, true, &who[n]);
	ck_assert_uint_eq(n, LITEIO_CROWD_MAX);
	ck_assert_int_eq(liteio_crowd_check(&crowds, &about, true, NULL), 0);
	liteio_crowds_fini(&crowds, drop);
}
END_TEST

START_TEST(how_many_may_come)
{
	static const struct {
		unsigned int n;
		uint64_t busy_ms;
		const char *said;
	} rows[] = {
		{ 0, 3600000, NULL },
		{ LITEIO_CROWD_HANGS_MAX - 1, 3600000, NULL },
		{ LITEIO_CROWD_HANGS_MAX, LITEIO_CROWD_HANGS_MS - 1, NULL },
		{ LITEIO_CROWD_HANGS_MAX, LITEIO_CROWD_HANGS_MS,
		  "pool fast: 16 requests wait: what was begun 20 s ago" },
		{ LITEIO_CROWD_MAX - 1, 0, NULL },
		{ LITEIO_CROWD_MAX, 0, "pool fast: 112 requests are under way" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct liteio_about about = { .uuid = a, .name = "fast",
						    .busy_ms = rows[i].busy_ms };
		const struct liteio_about other = { .uuid = b, .name = "calm" };
		struct liteio_error err = LITEIO_ERROR_INIT;
		int r;

		fill(&a, rows[i].n);
		r = liteio_crowd_check(&crowds, &about, false, &err);
		ck_assert_msg(r == (rows[i].said ? -EBUSY : 0), "row %zu: %d", i, r);
		if (rows[i].said)
			ck_assert_msg(strstr(err.msg, rows[i].said), "row %zu: %s", i, err.msg);
		ck_assert_int_eq(liteio_crowd_check(&crowds, &other, false, NULL), 0);
		liteio_crowds_fini(&crowds, drop);
	}
	ck_assert_uint_eq(n_dropped, 2 * LITEIO_CROWD_MAX - 1 - 2 * LITEIO_CROWD_BEGUN_MAX);
}
END_TEST

UNIT_MAIN("agent-crowd", in_the_order_they_came, however_many_hang_something_is_left,
	  a_pool_has_half_of_what_the_others_leave, how_many_may_come)
