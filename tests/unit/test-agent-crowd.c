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
	ck_assert_ptr_eq(liteio_crowd_leave(&crowds, &a, true), &who[9]);
	for (i = 0; i < 3; i++)
		ck_assert_ptr_eq(liteio_crowd_leave(&crowds, &a, false), &who[most + i]);
	/* who took their place counts */
	ck_assert_ptr_null(liteio_crowd_leave(&crowds, &a, false));
	ck_assert(liteio_crowd_enter(&crowds, &a, false, who));
	ck_assert(!liteio_crowd_enter(&crowds, &a, false, who));
	ck_assert_ptr_eq(liteio_crowd_leave(&crowds, &a, false), who);
	for (i = 0; i < most; i++)
		ck_assert_ptr_null(liteio_crowd_leave(&crowds, &a, false));
	for (i = 0; i < LITEIO_CROWD_FENCES_MAX; i++)
		ck_assert_ptr_null(liteio_crowd_leave(&crowds, &a, true));
	ck_assert_ptr_null(liteio_crowd_leave(&crowds, &none, false));
	ck_assert_ptr_null(liteio_crowd_leave(&crowds, &b, false));
	ck_assert_ptr_null(crowds.first);
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
		{ LITEIO_CROWD_MAX, 0, "pool fast: 160 requests are under way" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct liteio_about about = { a, "fast", rows[i].busy_ms };
		const struct liteio_about other = { b, "calm", 0 };
		struct liteio_error err = LITEIO_ERROR_INIT;
		int r;

		fill(&a, rows[i].n);
		r = liteio_crowd_check(&crowds, &about, &err);
		ck_assert_msg(r == (rows[i].said ? -EBUSY : 0), "row %zu: %d", i, r);
		if (rows[i].said)
			ck_assert_msg(strstr(err.msg, rows[i].said), "row %zu: %s", i, err.msg);
		ck_assert_int_eq(liteio_crowd_check(&crowds, &other, NULL), 0);
		liteio_crowds_fini(&crowds, drop);
	}
	ck_assert_uint_eq(n_dropped, 2 * LITEIO_CROWD_MAX - 1 - 2 * LITEIO_CROWD_BEGUN_MAX);
}
END_TEST

UNIT_MAIN("agent-crowd", in_the_order_they_came, how_many_may_come)
