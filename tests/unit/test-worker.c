// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workers: lanes keep order, different lanes overlap, the end of a pool is bounded.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sched.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/worker.h"
#include "unit.h"

static struct liteio_loop *loop;
static struct liteio_workers *workers;

static void setup(unsigned int threads)
{
	ck_assert_int_eq(liteio_loop_new(&loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(loop, threads, &workers, NULL), 0);
}

static void teardown(void)
{
	ck_assert(liteio_workers_free(workers, 10000));
	liteio_loop_free(loop);
}

/* ---- order within a lane ------------------------------------------------------------------ */

#define JOBS 200

static int order[2 * JOBS];
static int inside[2];
static unsigned int next_slot, ended;

struct item {
	int lane;
	int number;
};

static struct item items[2][JOBS];

static void lane_job(void *arg)
{
	struct item *it = arg;

	/* never two of one lane at a time */
	ck_assert_int_eq(__atomic_fetch_add(&inside[it->lane], 1, __ATOMIC_SEQ_CST), 0);
	order[__atomic_fetch_add(&next_slot, 1, __ATOMIC_SEQ_CST)] = it->lane * 1000 + it->number;
	__atomic_fetch_sub(&inside[it->lane], 1, __ATOMIC_SEQ_CST);
}

static void lane_done(void *arg)
{
	if (++ended == 2 * JOBS)
		liteio_loop_quit(loop, 0);
}

START_TEST(test_lanes)
{
	struct liteio_lane *lane[2];
	int last[2] = { -1, -1 };

	setup(4);
	lane[0] = liteio_lane_new(workers);
	lane[1] = liteio_lane_new(workers);
	for (int i = 0; i < JOBS; i++) {
		for (int l = 0; l < 2; l++) {
			items[l][i] = (struct item){ l, i };
			liteio_worker_submit(workers, lane[l], lane_job, lane_done, &items[l][i]);
		}
	}
	/* released when its last job has ended */
	liteio_lane_free(lane[0]);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	liteio_lane_free(lane[1]);
	for (int i = 0; i < 2 * JOBS; i++) {
		int l = order[i] / 1000;

		ck_assert_int_eq(order[i] % 1000, last[l] + 1);
		last[l]++;
	}
	teardown();
}
END_TEST

/* ---- overlap ------------------------------------------------------------------------------ */

static pthread_barrier_t barrier;

static void meet(void *arg)
{
	pthread_barrier_wait(&barrier);
}

static void meet_done(void *arg)
{
	if (++ended == 4)
		liteio_loop_quit(loop, 0);
}

START_TEST(test_overlap)
{
	setup(4);
	pthread_barrier_init(&barrier, NULL, 4);
	/* ends only when four run at the same time */
	for (int i = 0; i < 4; i++)
		liteio_worker_submit(workers, NULL, meet, meet_done, NULL);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	pthread_barrier_destroy(&barrier);
	teardown();
}
END_TEST

#define CROWD 64

static unsigned int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void crowd_done(void *arg)
{
	if (++ended % CROWD == 0)
		liteio_loop_quit(loop, 0);
}

/* threads that a crowd has needed end with it, and are there again for the next one */
START_TEST(test_crowd)
{
	unsigned int before = count_threads();

	ended = 0;
	setup(CROWD);
	for (int round = 0; round < 2; round++) {
		pthread_barrier_init(&barrier, NULL, CROWD);
		for (int i = 0; i < CROWD; i++)
			liteio_worker_submit(workers, NULL, meet, crowd_done, NULL);
		ck_assert_int_eq(liteio_loop_run(loop), 0);
		pthread_barrier_destroy(&barrier);
		while (count_threads() > before + 8)
			sched_yield();
	}
	teardown();
}
END_TEST

/* ---- the end ------------------------------------------------------------------------------ */

static sem_t begun, go_on;
static bool second_ran;

static void block(void *arg)
{
	sem_post(&begun);
	sem_wait(&go_on);
}

static void second(void *arg)
{
	second_ran = true;
}

START_TEST(test_stuck)
{
	uint64_t begin;

	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	setup(1);
	liteio_worker_submit(workers, NULL, block, NULL, NULL);
	liteio_worker_submit(workers, NULL, second, NULL, NULL);
	sem_wait(&begun);
	begin = liteio_now_ms();
	while (!liteio_workers_stuck(workers, 0))
		ck_assert_uint_lt(liteio_now_ms() - begin, 10000);
	ck_assert_uint_eq(liteio_workers_stuck(workers, 100000), 0);
	ck_assert(!liteio_workers_free(workers, 50));
	ck_assert_uint_ge(liteio_now_ms() - begin, 50);
	liteio_loop_free(loop);
	/*
	 * nothing was begun behind the stuck job, and its thread does not touch the loop any more
	 */
	ck_assert(!second_ran);
	sem_post(&go_on);
}
END_TEST

/* what it does now has a bound of its own */
static void block_within_a_bound(void *arg)
{
	liteio_worker_allow(100000);
	block(arg);
	liteio_worker_moved();
	block(arg);
}

START_TEST(test_not_stuck)
{
	uint64_t begin;

	/* nothing on a thread that is no worker */
	liteio_worker_moved();
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	setup(1);
	liteio_worker_submit(workers, NULL, block_within_a_bound, NULL, NULL);
	sem_wait(&begun);
	begin = liteio_now_ms();
	while (liteio_now_ms() - begin < 20)
		ck_assert_uint_eq(liteio_workers_stuck(workers, 0), 0);
	sem_post(&go_on);
	sem_wait(&begun);
	begin = liteio_now_ms();
	while (!liteio_workers_stuck(workers, 0))
		ck_assert_uint_lt(liteio_now_ms() - begin, 10000);
	sem_post(&go_on);
	ck_assert(liteio_workers_free(workers, 10000));
	liteio_loop_free(loop);
}
END_TEST

START_TEST(test_bounds)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_loop_new(&loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(loop, 0, &workers, &err), -EINVAL);
	ck_assert_int_eq(liteio_workers_new(loop, 257, &workers, &err), -EINVAL);
	liteio_loop_free(loop);
	ck_assert(liteio_workers_free(NULL, 0));
	liteio_lane_free(NULL);
}
END_TEST

UNIT_MAIN("worker", test_lanes, test_overlap, test_crowd, test_stuck, test_not_stuck, test_bounds)
