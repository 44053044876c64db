// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The work queue: no key twice at a time, nothing lost, failures come back later and later.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "kube/workqueue.h"
#include "unit.h"

static struct liteio_loop *loop;
static struct liteio_workers *workers;
static struct liteio_workqueue *queue;

static void setup(const struct liteio_workqueue_options *opt, liteio_workqueue_fn fn)
{
	ck_assert_int_eq(liteio_loop_new(&loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(loop, 8, &workers, NULL), 0);
	ck_assert_int_eq(liteio_workqueue_new(loop, workers, opt, fn, NULL, &queue, NULL), 0);
}

static void empty(void *arg)
{
	liteio_loop_quit(loop, 0);
}

static void teardown(void)
{
	liteio_workqueue_free(queue);
	ck_assert(liteio_workers_free(workers, 10000));
	/* what was posted meanwhile still holds references */
	liteio_loop_post(loop, empty, NULL);
	liteio_loop_run(loop);
	liteio_loop_free(loop);
}

/* ---- exclusion and nothing lost ----------------------------------------------------------- */

#define KEYS 20
#define ROUNDS 500

static unsigned int wanted[KEYS], done[KEYS];
static int inside[KEYS];
static unsigned int runs;

static int reconcile(void *arg, const char *key, uint64_t *again_ms)
{
	int k = atoi(key);
	unsigned int w;

	ck_assert_int_eq(__atomic_fetch_add(&inside[k], 1, __ATOMIC_SEQ_CST), 0);
	w = __atomic_load_n(&wanted[k], __ATOMIC_SEQ_CST);
	sched_yield();
	__atomic_store_n(&done[k], w, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&inside[k], 1, __ATOMIC_SEQ_CST);
	if (__atomic_add_fetch(&runs, 1, __ATOMIC_SEQ_CST) % 7 == 0)
		return -EIO;
	for (int i = 0; i < KEYS; i++) {
		if (__atomic_load_n(&done[i], __ATOMIC_SEQ_CST) != ROUNDS)
			return 0;
	}
	liteio_loop_quit(loop, 0);
	return 0;
}

static void *want_more(void *arg)
{
	for (unsigned int i = 1; i <= ROUNDS; i++) {
		for (int k = 0; k < KEYS; k++) {
			char key[16];

			snprintf(key, sizeof(key), "%d", k);
			__atomic_store_n(&wanted[k], i, __ATOMIC_SEQ_CST);
			liteio_workqueue_add(queue, key);
		}
	}
	return NULL;
}

START_TEST(test_level)
{
	const struct liteio_workqueue_options opt = { .parallel = 4, .backoff_min_ms = 1,
						      .backoff_max_ms = 10 };
	pthread_t t;

	setup(&opt, reconcile);
	pthread_create(&t, NULL, want_more, NULL);
	/* ends when the last value of every key was seen by a run */
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	pthread_join(t, NULL);
	ck_assert_uint_ge(__atomic_load_n(&runs, __ATOMIC_SEQ_CST), KEYS);
	ck_assert_uint_lt(__atomic_load_n(&runs, __ATOMIC_SEQ_CST), KEYS * ROUNDS * 2);
	ck_assert_uint_gt(liteio_workqueue_failures(queue), 0);
	teardown();
}
END_TEST

/* ---- deduplication ------------------------------------------------------------------------ */

static sem_t begun, go_on;

static int slow(void *arg, const char *key, uint64_t *again_ms)
{
	runs++;
	sem_post(&begun);
	sem_wait(&go_on);
	return 0;
}

START_TEST(test_dedup)
{
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	setup(NULL, slow);
	liteio_workqueue_add(queue, "a");
	sem_wait(&begun);
	for (int i = 0; i < 100; i++)
		liteio_workqueue_add(queue, "a");
	ck_assert_uint_eq(liteio_workqueue_depth(queue), 1);
	sem_post(&go_on);
	/* exactly once more */
	sem_wait(&begun);
	sem_post(&go_on);
	while (liteio_workqueue_depth(queue))
		sched_yield();
	ck_assert_uint_eq(runs, 2);
	teardown();
}
END_TEST

/* ---- shares ------------------------------------------------------------------------------- */

static unsigned int runs_of[128];

/* what is one's begins with his letter; all of it hangs */
static int hang(void *arg, const char *key, uint64_t *again_ms)
{
	__atomic_add_fetch(&runs_of[(unsigned char)key[0]], 1, __ATOMIC_SEQ_CST);
	sem_post(&begun);
	sem_wait(&go_on);
	return 0;
}

static void add_for(const char *whose, int n)
{
	for (int i = 0; i < n; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%s%d", whose, i);
		liteio_workqueue_add_for(queue, key, whose);
	}
}

static void wait_for_begun(int n)
{
	for (int i = 0; i < n; i++)
		sem_wait(&begun);
}

START_TEST(test_share)
{
	const struct liteio_workqueue_options opt = { .parallel = 8, .share_max = 3 };

	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	setup(&opt, hang);
	/* each has what the bound says, or half of what the others have left him */
	add_for("a", 20);
	wait_for_begun(3);
	add_for("b", 20);
	wait_for_begun(2);
	add_for("c", 20);
	wait_for_begun(1);
	add_for("d", 1);
	wait_for_begun(1);
	/* what is nobody's has no share, but a worker */
	liteio_workqueue_add(queue, "x");
	wait_for_begun(1);
	ck_assert_uint_eq(runs_of['a'], 3);
	ck_assert_uint_eq(runs_of['b'], 2);
	ck_assert_uint_eq(runs_of['c'], 1);
	ck_assert_uint_eq(runs_of['d'], 1);
	/* nothing is forgotten: all of it comes, in the end */
	for (int i = 0; i < 62; i++)
		sem_post(&go_on);
	while (liteio_workqueue_depth(queue))
		sched_yield();
	ck_assert_uint_eq(runs_of['a'] + runs_of['b'] + runs_of['c'] + runs_of['d'] + runs_of['x'],
			  62);
	teardown();
}
END_TEST

/* ---- delays ------------------------------------------------------------------------------- */

static uint64_t at[8];
static struct liteio_buf order;

static int fail_some(void *arg, const char *key, uint64_t *again_ms)
{
	at[runs++] = liteio_now_ms();
	if (runs < 5)
		return -EIO;
	liteio_loop_quit(loop, 0);
	return 0;
}

START_TEST(test_backoff)
{
	const struct liteio_workqueue_options opt = { .backoff_min_ms = 40, .backoff_max_ms = 100 };
	static const uint64_t at_least[] = { 20, 40, 50, 50 };

	setup(&opt, fail_some);
	liteio_workqueue_add(queue, "a");
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_msg(at[i + 1] - at[i] >= at_least[i], "delay %d: %llu ms", i,
			      (unsigned long long)(at[i + 1] - at[i]));
	ck_assert_uint_eq(liteio_workqueue_failures(queue), 4);
	teardown();
}
END_TEST

static int note(void *arg, const char *key, uint64_t *again_ms)
{
	liteio_buf_addstr(&order, key);
	if (!strcmp(key, "r") && ++runs < 3)
		*again_ms = 20;
	if (!strcmp(key, "z"))
		liteio_loop_quit(loop, 0);
	return 0;
}

START_TEST(test_delayed)
{
	const struct liteio_workqueue_options opt = { .parallel = 1 };
	uint64_t begin = liteio_now_ms();

	setup(&opt, note);
	liteio_workqueue_add_after(queue, "z", 150);
	liteio_workqueue_add_after(queue, "c", 60);
	liteio_workqueue_add_after(queue, "b", 30);
	/* the earlier of both; and at once is earlier than any */
	liteio_workqueue_add_after(queue, "b", 10000);
	liteio_workqueue_add_after(queue, "d", 10000);
	liteio_workqueue_add_after(queue, "d", 90);
	liteio_workqueue_add_after(queue, "a", 10000);
	liteio_workqueue_add(queue, "a");
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_uint_ge(liteio_now_ms() - begin, 150);
	ck_assert_str_eq(order.data, "abcdz");
	teardown();
	liteio_buf_fini(&order);
}
END_TEST

START_TEST(test_again)
{
	const struct liteio_workqueue_options opt = { .parallel = 1 };
	uint64_t begin = liteio_now_ms();

	setup(&opt, note);
	liteio_workqueue_add(queue, "r");
	liteio_workqueue_add_after(queue, "z", 200);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_str_eq(order.data, "rrrz");
	ck_assert_uint_ge(liteio_now_ms() - begin, 40);
	teardown();
	liteio_buf_fini(&order);
}
END_TEST

static int count(void *arg, const char *key, uint64_t *again_ms)
{
	if (__atomic_add_fetch(&runs, 1, __ATOMIC_SEQ_CST) == 30)
		liteio_loop_quit(loop, 0);
	return 0;
}

START_TEST(test_rate)
{
	const struct liteio_workqueue_options opt = { .rate_per_s = 100, .burst = 10 };
	uint64_t begin = liteio_now_ms();

	setup(&opt, count);
	for (int i = 0; i < 30; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%d", i);
		liteio_workqueue_add(queue, key);
	}
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	/* ten at once, twenty at a hundred a second */
	ck_assert_uint_ge(liteio_now_ms() - begin, 190);
	teardown();
}
END_TEST

START_TEST(test_free_while_running)
{
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	setup(NULL, slow);
	liteio_workqueue_add(queue, "a");
	liteio_workqueue_add_after(queue, "b", 10000);
	sem_wait(&begun);
	liteio_workqueue_free(queue);
	sem_post(&go_on);
	ck_assert(liteio_workers_free(workers, 10000));
	ck_assert_uint_eq(runs, 1);
	liteio_loop_post(loop, empty, NULL);
	liteio_loop_run(loop);
	liteio_loop_free(loop);
}
END_TEST

UNIT_MAIN("kube-workqueue", test_level, test_dedup, test_share, test_backoff, test_delayed,
	  test_again, test_rate, test_free_while_running)
