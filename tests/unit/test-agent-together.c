// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Jobs side by side: who waits for them has all, or goes on without the one that hangs, which is told
 * that it is late.
 *
 * unit-src: daemon/agent/together.c
 */
#include <semaphore.h>
#include <stdbool.h>

#include "agent/together.h"
#include "base/loop.h"
#include "base/worker.h"
#include "unit.h"

static struct liteio_loop *loop;
static struct liteio_workers *workers;
static sem_t go_on, told;
static _Atomic int n_done, n_late;

static void setup(void)
{
	ck_assert_int_eq(liteio_loop_new(&loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(loop, 4, &workers, NULL), 0);
	sem_init(&go_on, 0, 0);
	sem_init(&told, 0, 0);
}

static void teardown(void)
{
	ck_assert(liteio_workers_free(workers, 10000));
	liteio_loop_free(loop);
}

static void job(void *arg)
{
	if (arg)
		sem_wait(arg);
}

static void done(void *arg, bool late)
{
	n_done++;
	n_late += late;
	sem_post(&told);
}

START_TEST(test_all)
{
	struct liteio_together *t;

	setup();
	t = liteio_together_new(workers, 600);
	for (int i = 0; i < 20; i++)
		liteio_together_add(t, job, done, NULL);
	liteio_together_wait(t);
	liteio_together_add(t, job, done, NULL);
	ck_assert_uint_eq(liteio_together_end(t), 0);
	teardown();
	ck_assert_int_eq(n_done, 21);
	ck_assert_int_eq(n_late, 0);
}
END_TEST

START_TEST(test_late)
{
	struct liteio_together *t;

	setup();
	t = liteio_together_new(workers, 1);
	liteio_together_add(t, job, done, &go_on);
	for (int i = 0; i < 5; i++)
		liteio_together_add(t, job, done, NULL);
	for (int i = 0; i < 5; i++)
		sem_wait(&told);
	/* one hangs: the others are done, and it is not waited for */
	ck_assert_uint_eq(liteio_together_end(t), 1);
	ck_assert_int_eq(n_late, 0);
	sem_post(&go_on);
	sem_wait(&told);
	ck_assert_int_eq(n_late, 1);
	teardown();
	ck_assert_int_eq(n_done, 6);
}
END_TEST

UNIT_MAIN("agent-together", test_all, test_late)
