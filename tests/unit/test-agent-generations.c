// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generations of volumes, sorted: each once, and those of one volume together.
 *
 * unit-src: daemon/agent/generations.c
 */
#include "agent/generations.h"
#include "unit.h"

static struct liteio_uuid uuid(unsigned int n)
{
	return (struct liteio_uuid){ { (uint8_t)(n * 37), (uint8_t)n, (uint8_t)(n >> 8) } };
}

START_TEST(test_sorted)
{
	struct liteio_generations g = { 0 };
	struct liteio_uuid u, none = uuid(2000);
	size_t first, n;

	/* a head, a gate and a subsystem of each, in no order */
	for (unsigned int round = 0; round < 3; round++)
		for (unsigned int i = 0; i < 1000; i++) {
			u = uuid((i * 7 + round) % 1000);
			liteio_generations_add(&g, &u, 1 + i % 2);
			liteio_generations_add(&g, &u, 5);
		}
	liteio_generations_sort(&g);
	n = 0;
	for (size_t i = 0; i < g.n; i += n) {
		n = liteio_generations_of(&g, &g.items[i].uuid, &first);
		ck_assert_uint_eq(first, i);
		ck_assert_uint_ge(n, 2);
		ck_assert_uint_le(n, 3);
		ck_assert_uint_eq(g.items[i + n - 1].generation, 5);
		for (size_t k = i + 1; k < i + n; k++)
			ck_assert_uint_lt(g.items[k - 1].generation, g.items[k].generation);
	}
	u = uuid(77);
	ck_assert_uint_ge(liteio_generations_of(&g, &u, &first), 2);
	ck_assert(liteio_uuid_equal(&g.items[first].uuid, &u));
	ck_assert_uint_eq(liteio_generations_of(&g, &none, &first), 0);
	liteio_generations_fini(&g);
	liteio_generations_sort(&g);
	ck_assert_uint_eq(liteio_generations_of(&g, &u, &first), 0);
}
END_TEST

UNIT_MAIN("agent-generations", test_sorted)
