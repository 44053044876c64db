// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Spares: what is kept, what is released, and when.
 */
#include "base/spares.h"
#include "unit.h"

static int released;

static void release(void *thing)
{
	*(int *)thing = -1;
	released++;
}

START_TEST(last_given_first_taken)
{
	struct liteio_spares *s = liteio_spares_new(2, release);
	int a = 1, b = 2;

	released = 0;
	ck_assert_ptr_null(liteio_spares_take(s));
	liteio_spares_give(s, &a);
	liteio_spares_give(s, &b);
	ck_assert_ptr_eq(liteio_spares_take(s), &b);
	ck_assert_ptr_eq(liteio_spares_take(s), &a);
	ck_assert_ptr_null(liteio_spares_take(s));
	ck_assert_int_eq(released, 0);
	liteio_spares_free(s);
	ck_assert_int_eq(released, 0);
}
END_TEST

START_TEST(no_more_than_max)
{
	struct liteio_spares *s = liteio_spares_new(1, release);
	int a = 1, b = 2;

	released = 0;
	liteio_spares_give(s, &a);
	liteio_spares_give(s, &b);
	ck_assert_int_eq(released, 1);
	ck_assert_int_eq(b, -1);
	ck_assert_int_eq(a, 1);
	liteio_spares_free(s);
	ck_assert_int_eq(released, 2);
	ck_assert_int_eq(a, -1);
	liteio_spares_free(NULL);
}
END_TEST

UNIT_MAIN("spares", last_given_first_taken, no_more_than_max)
