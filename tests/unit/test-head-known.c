// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which heads are known: each once, by volume, and what is made while it is removed stays.
 */
#include <stdlib.h>

#include "host/head_known.h"
#include "unit.h"

static struct liteio_head_id head(unsigned char uuid, uint64_t generation, bool remote)
{
	return (struct liteio_head_id){ { { uuid } }, generation, remote };
}

static size_t count(unsigned char uuid)
{
	const struct liteio_uuid u = { { uuid } };
	struct liteio_head_id *ids;
	size_t n = liteio_head_known_of(&u, &ids);

	for (size_t i = 0; i < n; i++)
		ck_assert(liteio_uuid_equal(&ids[i].uuid, &u));
	free(ids);
	return n;
}

START_TEST(test_of_volumes)
{
	/* in an order that is none */
	for (unsigned int i = 0; i < 3 * 100; i++) {
		const struct liteio_head_id id = head((unsigned char)(i * 37 % 100), 1 + i / 100,
						      i / 100 == 1);

		liteio_head_remember(&id);
		liteio_head_remember(&id);
	}
	for (unsigned int i = 0; i < 100; i++)
		ck_assert_uint_eq(count((unsigned char)i), 3);
	ck_assert_uint_eq(count(100), 0);
	for (unsigned int i = 0; i < 100; i++) {
		const struct liteio_head_id id = head((unsigned char)i, 2, true);
		const struct liteio_head_id other = head((unsigned char)i, 2, false);

		ck_assert_uint_eq(liteio_head_times(&id), 2);
		ck_assert_uint_eq(liteio_head_times(&other), 0);
		liteio_head_forget(&other, 0);
		liteio_head_forget(&id, 2);
		ck_assert_uint_eq(count((unsigned char)i), 2);
	}
}
END_TEST

/* who removes it forgets it when that has ended: it may be there again */
START_TEST(test_made_again)
{
	const struct liteio_head_id id = head(1, 7, false);
	unsigned int before;

	liteio_head_remember(&id);
	before = liteio_head_times(&id);
	liteio_head_remember(&id);
	liteio_head_forget(&id, before);
	ck_assert_uint_eq(count(1), 1);
	liteio_head_forget(&id, liteio_head_times(&id));
	ck_assert_uint_eq(count(1), 0);
}
END_TEST

UNIT_MAIN("head-known", test_of_volumes, test_made_again)
