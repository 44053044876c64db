// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same for several: side by side, waited for together, not for who hangs; or some at a time.
 *
 * unit-src: daemon/agent/together.c
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "agent/together.h"
#include "base/loop.h"
#include "base/worker.h"
#include "unit.h"

#define N 4
#define FOR_EVER_MS 3600000

static struct liteio_workers *workers;
static struct liteio_loop *loop;
/* what hangs, until it is let go; all that are at it have come */
static sem_t gate;
static pthread_barrier_t all_here;
static atomic_uint n_done;
static _Atomic uint64_t end_ms;
static uint64_t first_end_ms;
static int hangs = 1, is_well;

static void setup_with(unsigned int threads)
{
	sem_init(&gate, 0, 0);
	ck_assert_int_eq(liteio_loop_new(&loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(loop, threads, &workers, NULL), 0);
}

static void setup(void)
{
	setup_with(2 * N);
}

/* everything that was begun has ended, and what it had is freed */
static void teardown(void)
{
	ck_assert(liteio_workers_free(workers, 10000));
	liteio_loop_free(loop);
}

static void run(void *arg)
{
	if (arg == &hangs)
		sem_wait(&gate);
	n_done++;
}

static void meet(void *arg)
{
	pthread_barrier_wait(&all_here);
	n_done++;
}

START_TEST(side_by_side)
{
	void *args[N] = { &is_well, &is_well, &is_well, &is_well };
	bool ended[N] = { false };

	setup();
	/* none would come back if one of them was waited for first */
	pthread_barrier_init(&all_here, NULL, N);
	end_ms = liteio_now_ms() + FOR_EVER_MS;
	ck_assert_uint_eq(liteio_together_run(workers, meet, args, N, &end_ms, ended), 0);
	ck_assert_uint_eq(n_done, N);
	for (unsigned int i = 0; i < N; i++)
		ck_assert(ended[i]);
	teardown();
}
END_TEST

START_TEST(not_for_who_hangs)
{
	void *args[N] = { &is_well, &hangs, &is_well, &is_well };
	bool ended[N] = { false };

	setup();
	end_ms = liteio_now_ms() + 1000;
	ck_assert_uint_eq(liteio_together_run(workers, run, args, N, &end_ms, ended), 1);
	for (unsigned int i = 0; i < N; i++)
		ck_assert_int_eq(ended[i], i != 1);
	ck_assert_uint_eq(n_done, N - 1);
	/* and it goes on by itself */
	sem_post(&gate);
	teardown();
	ck_assert_uint_eq(n_done, N);
}
END_TEST

/* it was to end long ago, and says that it is at it */
static void go_on(void *arg)
{
	(void)arg;
	end_ms = liteio_now_ms() + FOR_EVER_MS;
	pthread_barrier_wait(&all_here);
	n_done++;
}

/* comes when the first end has passed */
static void *come_late(void *arg)
{
	(void)arg;
	while (liteio_now_ms() < first_end_ms)
		sched_yield();
	pthread_barrier_wait(&all_here);
	return NULL;
}

START_TEST(as_long_as_it_goes_on)
{
	void *args[1] = { &is_well };
	bool ended[1] = { false };
	pthread_t late;

	setup();
	pthread_barrier_init(&all_here, NULL, 2);
	first_end_ms = liteio_now_ms() + 300;
	end_ms = first_end_ms;
	ck_assert_int_eq(pthread_create(&late, NULL, come_late, NULL), 0);
	ck_assert_uint_eq(liteio_together_run(workers, go_on, args, 1, &end_ms, ended), 0);
	ck_assert(ended[0]);
	pthread_join(late, NULL);
	teardown();
}
END_TEST

/* they meet only if who waits is one of them */
START_TEST(without_an_end)
{
	void *args[N] = { &is_well, &is_well, &is_well, &is_well };
	bool ended[N] = { false };

	setup_with(N - 1);
	pthread_barrier_init(&all_here, NULL, N);
	ck_assert_uint_eq(liteio_together_run(workers, meet, args, N, NULL, ended), 0);
	ck_assert_uint_eq(n_done, N);
	for (unsigned int i = 0; i < N; i++)
		ck_assert(ended[i]);
	teardown();
}
END_TEST

/* each after the one before it, in the thread that asks */
static void in_line(void *arg)
{
	static pthread_t first;

	if (!n_done)
		first = pthread_self();
	ck_assert(pthread_equal(pthread_self(), first));
	ck_assert_uint_eq((uintptr_t)arg, ++n_done);
}

START_TEST(without_workers)
{
	void *args[N] = { (void *)1, (void *)2, (void *)3, (void *)4 };

	ck_assert_uint_eq(liteio_together_run(NULL, in_line, args, N, NULL, NULL), 0);
	ck_assert_uint_eq(n_done, N);
}
END_TEST

static atomic_uint n_here, most_here;

/* in twos, each time with another one, and never more of them */
static void meet_some(void *arg)
{
	unsigned int here = ++n_here;

	if (here > most_here)
		most_here = here;
	pthread_barrier_wait(&all_here);
	(*(atomic_uint *)arg)++;
	n_here--;
	n_done++;
}

START_TEST(some_at_a_time)
{
	static atomic_uint each[6 * N];
	void *args[6 * N];

	setup();
	pthread_barrier_init(&all_here, NULL, 2);
	for (unsigned int i = 0; i < 6 * N; i++)
		args[i] = &each[i];
	liteio_together_share(workers, meet_some, args, 6 * N, 2);
	ck_assert_uint_eq(n_done, 6 * N);
	ck_assert_uint_le(most_here, 2);
	for (unsigned int i = 0; i < 6 * N; i++)
		ck_assert_uint_eq(each[i], 1);
	teardown();
}
END_TEST

/* every worker is asking for help: each does its own alone */
static void share_out(void *arg)
{
	void *args[N] = { &is_well, &is_well, &is_well, &is_well };

	pthread_barrier_wait(&all_here);
	liteio_together_share(workers, run, args, N, N);
}

START_TEST(without_help)
{
	void *args[2] = { NULL, NULL };

	setup_with(2);
	pthread_barrier_init(&all_here, NULL, 2);
	end_ms = liteio_now_ms() + FOR_EVER_MS;
	ck_assert_uint_eq(liteio_together_run(workers, share_out, args, 2, &end_ms, NULL), 0);
	ck_assert_uint_eq(n_done, 2 * N);
	liteio_together_share(workers, run, NULL, 0, N);
	teardown();
}
END_TEST

START_TEST(none)
{
	setup();
	ck_assert_uint_eq(liteio_together_run(workers, run, NULL, 0, &end_ms, NULL), 0);
	ck_assert_uint_eq(liteio_together_run(workers, run, NULL, 0, NULL, NULL), 0);
	teardown();
}
END_TEST

UNIT_MAIN("agent-together", side_by_side, not_for_who_hangs, as_long_as_it_goes_on, without_an_end,
	  without_workers, some_at_a_time, without_help, none)
