// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an agent that was killed has left suspended goes on: once more when its pool is opened, and
 * when the last of its threads has ended; what an operation of this agent holds does not. One that
 * hangs when it is to go on holds up nobody else.
 *
 * unit-src: daemon/agent/thaw.c daemon/agent/locks.c daemon/agent/together.c
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/locks.h"
#include "agent/thaw.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/uuid.h"
#include "base/worker.h"
#include "host/dm.h"
#include "pool/heir.h"
#include "pool/pool.h"
#include "unit.h"

/* ---- a kernel with some devices ------------------------------------------------------------- */

#define MAX 8

static const struct liteio_uuid one = { { 1 } }, two = { { 2 } }, the_pool = { { 3 } };

static struct {
	pthread_mutex_t lock;
	struct liteio_dm_info all[MAX];
	size_t n;
	/* in the order in which they were let go, by their places in @all */
	size_t resumed[MAX];
	size_t n_resumed;
	/* whose thread said so, of each */
	struct liteio_uuid works_on[MAX];
	/* the resume of this one hangs as long as that is so, and somebody is in it */
	size_t hangs;
	bool is_hung;
	pthread_cond_t change;
} kernel = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.hangs = MAX,
	.change = PTHREAD_COND_INITIALIZER,
};

/* 253:1 is the first one */
static void add(enum liteio_dm_role role, const struct liteio_uuid *uuid, uint64_t generation,
		bool is_suspended)
{
	struct liteio_dm_info *i = &kernel.all[kernel.n++];

	i->major = 253;
	i->minor = (uint32_t)kernel.n;
	liteio_dm_name(role, uuid, generation, i->name);
	i->live_table = true;
	i->suspended = is_suspended;
}

int liteio_dm_list(struct liteio_dm_info **ret, size_t *ret_n, struct liteio_error *err)
{
	pthread_mutex_lock(&kernel.lock);
	*ret = calloc(kernel.n, sizeof(**ret));
	memcpy(*ret, kernel.all, kernel.n * sizeof(**ret));
	*ret_n = kernel.n;
	pthread_mutex_unlock(&kernel.lock);
	return 0;
}

static size_t find(const char *name)
{
	size_t i = 0;

	while (i < kernel.n && strcmp(kernel.all[i].name, name) != 0)
		i++;
	return i;
}

int liteio_dm_info(const char *name, struct liteio_dm_info *ret, struct liteio_error *err)
{
	size_t i;

	pthread_mutex_lock(&kernel.lock);
	i = find(name);
	if (i < kernel.n)
		*ret = kernel.all[i];
	pthread_mutex_unlock(&kernel.lock);
	return i < kernel.n ? 0 : -ENODEV;
}

/* the thin volume lies in the pool, which is the last one */
int liteio_dm_table(const char *name, struct liteio_dm_target **ret, size_t *ret_n,
		    struct liteio_error *err)
{
	size_t i;

	pthread_mutex_lock(&kernel.lock);
	i = find(name);
	if (i < kernel.n) {
		*ret_n = 1;
		*ret = calloc(1, sizeof(**ret));
		snprintf((*ret)->params, sizeof((*ret)->params), "253:%zu 5", kernel.n);
	}
	pthread_mutex_unlock(&kernel.lock);
	return i < kernel.n ? 0 : -ENODEV;
}

/* what this thread says that it works on */
static _Thread_local struct liteio_uuid works_on;

void liteio_heir_begin(const struct liteio_uuid *pool)
{
	works_on = *pool;
}

void liteio_heir_end(void)
{
	works_on = (struct liteio_uuid){ 0 };
}

int liteio_dm_resume(const char *name, unsigned int flags, struct liteio_error *err)
{
	size_t i;

	pthread_mutex_lock(&kernel.lock);
	i = find(name);
	ck_assert_uint_lt(i, kernel.n);
	while (i == kernel.hangs) {
		kernel.is_hung = true;
		pthread_cond_broadcast(&kernel.change);
		pthread_cond_wait(&kernel.change, &kernel.lock);
	}
	kernel.all[i].suspended = false;
	kernel.works_on[i] = works_on;
	kernel.resumed[kernel.n_resumed++] = i;
	pthread_cond_broadcast(&kernel.change);
	pthread_mutex_unlock(&kernel.lock);
	return 0;
}

/* the pool that was opened has the first volume */
int liteio_pool_volume_get(struct liteio_pool *p, const struct liteio_uuid *uuid,
			   struct liteio_catalog_volume *ret)
{
	return liteio_uuid_equal(uuid, &one) ? 0 : -ENOENT;
}

static void setup(void)
{
	add(LITEIO_DM_HEAD, &one, 3, true);
	add(LITEIO_DM_HEAD, &one, 4, false);
	add(LITEIO_DM_THIN, &one, 0, true);
	add(LITEIO_DM_HEAD, &two, 1, true);
	add(LITEIO_DM_LINEAR, &two, 0, true);
	/* what a pool is made of changes together */
	add(LITEIO_DM_POOL, &the_pool, 0, true);
}

static void check_resumed(const size_t *want, size_t n)
{
	ck_assert_uint_eq(kernel.n_resumed, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(kernel.resumed[i], want[i]);
}

static size_t n_resumed(void)
{
	size_t n;

	pthread_mutex_lock(&kernel.lock);
	n = kernel.n_resumed;
	pthread_mutex_unlock(&kernel.lock);
	return n;
}

static bool is_hung(void)
{
	bool is;

	pthread_mutex_lock(&kernel.lock);
	is = kernel.is_hung;
	pthread_mutex_unlock(&kernel.lock);
	return is;
}

/* ---- the tests ------------------------------------------------------------------------------ */

#define FOR_EVER_MS 3600000

static struct liteio_loop *loop;
static struct liteio_workers *workers;
static struct liteio_locks *locks;

static void begin(void)
{
	setup();
	ck_assert_int_eq(liteio_loop_new(&loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(loop, LITEIO_THAW_MAX, &workers, NULL), 0);
	locks = liteio_locks_new();
}

/* what was begun has ended */
static void end(void)
{
	ck_assert(liteio_workers_free(workers, 10000));
	liteio_loop_free(loop);
	liteio_locks_free(locks);
}

/* of each volume from below */
START_TEST(test_all)
{
	static const size_t want[] = { 4, 3, 2, 0 };

	setup();
	ck_assert_uint_eq(liteio_thaw(NULL, NULL, 0), 0);
	check_resumed(want, 4);
	/* who hangs with a pool's disk says so; of a linear volume the pool is not known */
	ck_assert(liteio_uuid_equal(&kernel.works_on[0], &the_pool));
	ck_assert(liteio_uuid_equal(&kernel.works_on[2], &the_pool));
	ck_assert(liteio_uuid_is_null(&kernel.works_on[3]));
	ck_assert(liteio_uuid_is_null(&works_on));
}
END_TEST

START_TEST(test_of_a_pool)
{
	static const size_t want[] = { 2, 0 };

	setup();
	liteio_thaw_pool(NULL);
	check_resumed(want, 2);
}
END_TEST

/* the disk of the first volume hangs: the second one goes on, and nobody waits for ever */
START_TEST(test_one_hangs)
{
	begin();
	kernel.hangs = 2;
	ck_assert_uint_ge(liteio_thaw(workers, locks, 10), 2);
	/* whatever came first, neither has held up the other one */
	while (n_resumed() < 2 || !is_hung())
		sched_yield();
	ck_assert(!kernel.all[3].suspended);
	ck_assert(!kernel.all[4].suspended);
	ck_assert(kernel.all[0].suspended);
	/* it answers: what was begun is brought to its end */
	pthread_mutex_lock(&kernel.lock);
	kernel.hangs = MAX;
	pthread_cond_broadcast(&kernel.change);
	pthread_mutex_unlock(&kernel.lock);
	end();
	ck_assert(!kernel.all[0].suspended);
	ck_assert_uint_eq(kernel.n_resumed, 4);
}
END_TEST

static void *thaw(void *arg)
{
	ck_assert_uint_eq(liteio_thaw(workers, locks, FOR_EVER_MS), 0);
	return NULL;
}

/* a snapshot of the first volume is being taken, and lets its head go when it is */
START_TEST(test_beside_an_operation)
{
	static const size_t want[] = { 4, 3, 0, 2 };
	struct liteio_named_lock *lock;
	char text[LITEIO_UUID_STRLEN + 1];
	pthread_t t;

	begin();
	liteio_uuid_format(&one, text);
	lock = liteio_locks_take(locks, text);
	ck_assert_int_eq(pthread_create(&t, NULL, thaw, NULL), 0);
	/* the other one does not wait for that */
	while (n_resumed() < 2)
		sched_yield();
	ck_assert(kernel.all[0].suspended);
	ck_assert_int_eq(liteio_dm_resume(kernel.all[0].name, 0, NULL), 0);
	liteio_locks_give(lock);
	pthread_join(t, NULL);
	/* which is not let go a second time */
	check_resumed(want, 4);
	end();
}
END_TEST

UNIT_MAIN("agent-thaw", test_all, test_of_a_pool, test_one_hangs, test_beside_an_operation)
