// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When memory is given back: when a crowd has gone, not for a few; also when some of it never go.
 */
#include "base/heap.h"
#include "unit.h"

/* so many come, and go but for some: how often it is given back */
static unsigned int wave(struct liteio_crest *c, unsigned int n, unsigned int stay)
{
	unsigned int times = 0;

	for (unsigned int i = stay; i < n; i++)
		liteio_crest_rise(c, i + 1);
	for (unsigned int i = n; i-- > stay;)
		times += liteio_crest_fall(c, i);
	return times;
}

START_TEST(test_few)
{
	struct liteio_crest c = { 0 };

	for (int i = 0; i < 1000; i++)
		ck_assert_uint_eq(wave(&c, 1, 0), 0);
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(wave(&c, 12, 0), 0);
}
END_TEST

START_TEST(test_crowd)
{
	struct liteio_crest c = { 0 };

	ck_assert_uint_eq(wave(&c, 100, 0), 1);
	/* it is over */
	ck_assert_uint_eq(wave(&c, 1, 0), 0);
	ck_assert_uint_eq(wave(&c, 100, 0), 1);
	/* of many more there are still some when most have gone: they leave something, too */
	ck_assert_uint_eq(wave(&c, 256, 0), 2);
	ck_assert_uint_le(c.most, 4);
}
END_TEST

START_TEST(test_some_stay)
{
	struct liteio_crest c = { 0 };

	ck_assert_uint_eq(wave(&c, 100, 3), 1);
	ck_assert_uint_eq(wave(&c, 100, 3), 1);
	ck_assert_uint_eq(wave(&c, 5, 3), 0);
}
END_TEST

UNIT_MAIN("heap", test_few, test_crowd, test_some_stay)
