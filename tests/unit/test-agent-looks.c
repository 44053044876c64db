// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several pools, asked beside each other: one that hangs does not keep anybody from the others.
 *
 * unit-src: daemon/agent/locks.c daemon/agent/pools.c daemon/agent/pools_look.c
 */
#include <pthread.h>

#include "agent/pools.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/worker.h"
#include "unit.h"

#define ROUND 5u

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int begun;
	unsigned int calls[ROUND];
} together = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

/* none ends before all have begun */
static void begin_together(void *arg, struct liteio_open_pool *p, size_t i)
{
	ck_assert_ptr_eq(p, ((struct liteio_open_pool **)arg)[i]);
	pthread_mutex_lock(&together.lock);
	together.calls[i]++;
	together.begun++;
	pthread_cond_broadcast(&together.changed);
	while (together.begun < ROUND)
		pthread_cond_wait(&together.changed, &together.lock);
	pthread_mutex_unlock(&together.lock);
}

static void call(void *arg, struct liteio_open_pool *p, size_t i)
{
	together.calls[i]++;
}

START_TEST(test_several)
{
	static struct liteio_open_pool pools[ROUND];
	struct liteio_open_pool *all[ROUND];
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_pools *table = liteio_pools_new();
	struct liteio_workers *askers;
	struct liteio_loop *loop;

	ck_assert_int_eq(liteio_loop_new(&loop, &err), 0);
	ck_assert_int_eq(liteio_workers_new(loop, ROUND - 1, &askers, &err), 0);
	for (unsigned int i = 0; i < ROUND; i++)
		all[i] = &pools[i];
	/* without threads, one after the other */
	liteio_pools_each(table, all, ROUND, call, all);
	liteio_pools_set_workers(table, NULL, askers);
	liteio_pools_each(table, all, ROUND, begin_together, all);
	liteio_pools_each(table, all, 0, begin_together, all);
	for (unsigned int i = 0; i < ROUND; i++)
		ck_assert_uint_eq(together.calls[i], 2);
	ck_assert(liteio_workers_free(askers, 10000));
	liteio_loop_free(loop);
	liteio_pools_free(table);
}
END_TEST

UNIT_MAIN("agent-looks", test_several)
