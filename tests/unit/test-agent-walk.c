// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every volume of a pool: each that is there all the time comes once, whatever comes meanwhile.
 *
 * unit-src: daemon/agent/locks.c daemon/agent/pools.c daemon/agent/pools_look.c
 * unit-src: daemon/agent/together.c daemon/agent/walk.c
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/pools.h"
#include "agent/walk.h"
#include "base/error.h"
#include "pool/create.h"
#include "pool_in_memory.h"
#include "unit.h"

#define WALKED 130u

static uint8_t walked[WALKED];

static void make(struct memory_pool *m, unsigned int i)
{
	char name[16];
	const struct liteio_pool_create want = { .uuid = { .b = { 7, (uint8_t)i } }, .name = name,
						 .size_bytes = 1 << 20 };
	struct liteio_error err = LITEIO_ERROR_INIT;

	snprintf(name, sizeof(name), "w%u", i);
	ck_assert_msg(!liteio_pool_volume_create(&m->p, &want, NULL, &err), "%s", err.msg);
}

/* the first one makes one that comes behind it, and one before */
static int walk_one(void *arg, struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
		    struct liteio_error *err)
{
	if (v->uuid.b[0] != 7)
		return 0;
	walked[v->uuid.b[1]]++;
	if (v->uuid.b[1] == 1 && !walked[WALKED - 1]) {
		make(arg, WALKED - 1);
		make(arg, 0);
	}
	return walked[100] == 2 ? -EINTR : 0;
}

/* in more than one piece */
START_TEST(test_once)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_pools *table = liteio_pools_new();
	struct liteio_open_pool *p;
	struct memory_pool m;

	memory_new(&m);
	ck_assert_msg(!liteio_pools_add(table, &m.p, &p, &err), "%s", err.msg);
	for (unsigned int i = 1; i < WALKED - 1; i++)
		make(&m, i);
	ck_assert_int_eq(liteio_walk(table, LITEIO_CATALOG_SNAPSHOT, walk_one, &m, NULL), 0);
	ck_assert_int_eq(liteio_walk(table, LITEIO_CATALOG_VOLUME, walk_one, &m, NULL), 0);
	for (unsigned int i = 1; i < WALKED - 1; i++)
		ck_assert_uint_eq(walked[i], 1);
	ck_assert_uint_eq(walked[0], 0);
	ck_assert_uint_eq(walked[WALKED - 1], 1);
	/* until it is ended */
	walked[1] = 1;
	ck_assert_int_eq(liteio_walk(table, LITEIO_CATALOG_VOLUME, walk_one, &m, NULL), -EINTR);
	ck_assert_uint_eq(walked[100], 2);
	ck_assert_uint_eq(walked[101], 1);
	while (liteio_pools_take_out(table, p, "closed", &err))
		;
	/* not on the heap */
	p->engine = NULL;
	liteio_pools_put(table, p);
	memory_close(&m);
	liteio_pools_free(table);
}
END_TEST

UNIT_MAIN("agent-walk", test_once)
