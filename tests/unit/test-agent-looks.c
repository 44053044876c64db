// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several pools, asked beside each other: one that hangs does not keep anybody from the others.
 *
 * unit-src: daemon/agent/locks.c daemon/agent/pools.c daemon/agent/pools_look.c
 * unit-src: daemon/agent/together.c
 */
#include <pthread.h>
#include <stdio.h>

#include "agent/pools.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/worker.h"
#include "pool_in_memory.h"
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

/* the disk of one pool takes its time */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_asked;
	bool answers;
} disk = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static int slow_status(struct liteio_engine *e, struct liteio_engine_status *ret,
		       struct liteio_error *err)
{
	pthread_mutex_lock(&disk.lock);
	disk.is_asked = true;
	pthread_cond_broadcast(&disk.changed);
	while (!disk.answers)
		pthread_cond_wait(&disk.changed, &disk.lock);
	pthread_mutex_unlock(&disk.lock);
	return memory_status(e, ret, err);
}

static struct liteio_open_pool *add_pool(struct liteio_pools *table, struct memory_pool *m,
					 uint8_t number)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *p;

	memory_new(m);
	m->p.store.label.pool_uuid.b[0] = number;
	snprintf(m->p.store.label.pool_name, sizeof(m->p.store.label.pool_name), "p%u", number);
	ck_assert_msg(!liteio_pools_add(table, &m->p, &p, &err), "%s", err.msg);
	return p;
}

static void *ask_all(void *arg)
{
	liteio_pools_ask_all(arg);
	return NULL;
}

/* one that hangs keeps nobody from taking out the others */
START_TEST(test_held_no_longer)
{
	static struct memory_pool m[2];
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_pools *table = liteio_pools_new();
	struct liteio_open_pool *p[2];
	struct liteio_engine_ops slow;
	struct liteio_workers *askers;
	struct liteio_loop *loop;
	pthread_t asks;

	ck_assert_int_eq(liteio_loop_new(&loop, &err), 0);
	ck_assert_int_eq(liteio_workers_new(loop, 1, &askers, &err), 0);
	liteio_pools_set_workers(table, NULL, askers);
	for (uint8_t i = 0; i < 2; i++)
		p[i] = add_pool(table, &m[i], i + 1);
	slow = *m[1].engine.ops;
	slow.status = slow_status;
	m[1].engine.ops = &slow;
	pthread_create(&asks, NULL, ask_all, table);
	pthread_mutex_lock(&disk.lock);
	while (!disk.is_asked)
		pthread_cond_wait(&disk.changed, &disk.lock);
	pthread_mutex_unlock(&disk.lock);
	/* were it held as long as the other one, this would end with the test's time */
	while (liteio_pools_take_out(table, p[0], &err))
		;
	pthread_mutex_lock(&disk.lock);
	disk.answers = true;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
	pthread_join(asks, NULL);
	ck_assert_msg(!liteio_pools_take_out(table, p[1], &err), "%s", err.msg);
	for (int i = 0; i < 2; i++) {
		/* not on the heap */
		p[i]->engine = NULL;
		liteio_pools_put(table, p[i]);
		memory_close(&m[i]);
	}
	ck_assert(liteio_workers_free(askers, 10000));
	liteio_loop_free(loop);
	liteio_pools_free(table);
}
END_TEST

UNIT_MAIN("agent-looks", test_several, test_held_no_longer)
