// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several pools, asked beside each other: one that hangs does not keep anybody from the others, nor
 * who asked or wrote. And one disk, asked whether it is awake only when nothing says so.
 * Over 600 lines because each way of looking needs disks that hang in another way.
 *
 * unit-src: daemon/agent/locks.c daemon/agent/pools.c daemon/agent/pools_look.c
 * unit-src: daemon/agent/together.c daemon/agent/volume_info.c daemon/agent/limits.c
 * unit-src: daemon/agent/gate.c daemon/agent/used.c
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "agent/pools.h"
#include "agent/volume_info.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/worker.h"
#include "pool/awake.h"
#include "pool/create.h"
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
	struct liteio_volume_look look;

	liteio_volume_look_begin(&look, NULL);
	liteio_volume_look_all(&look, arg);
	liteio_volume_look_end(&look);
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
	while (liteio_pools_take_out(table, p[0], "closed", &err))
		;
	pthread_mutex_lock(&disk.lock);
	disk.answers = true;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
	pthread_join(asks, NULL);
	ck_assert_msg(!liteio_pools_take_out(table, p[1], "closed", &err), "%s", err.msg);
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

/* ---- looking at a pool that may hang ---- */

static struct liteio_open_pool pool;

static pthread_mutex_t disk_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int told;

static int ask(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	*(int *)ret = 42;
	return 0;
}

static int ask_who(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	prctl(PR_GET_NAME, ret);
	return 0;
}

static int ask_in_vain(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	*(int *)ret = 43;
	return liteio_error_set(err, -EIO, "it is broken");
}

static int add_one(struct liteio_pool *engine, void *data, struct liteio_error *err)
{
	++*(int *)data;
	return 0;
}

/* how many times a disk that hung has answered */
static int did;

/* as long as somebody holds the disk */
static int ask_what_hangs(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	pthread_mutex_lock(&disk_lock);
	*(int *)ret = 44;
	did++;
	pthread_mutex_unlock(&disk_lock);
	return 0;
}

static void count_told(void *arg)
{
	told++;
}

START_TEST(who_looks_does_not_hang_with_the_disk)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_pools *table = liteio_pools_new();
	struct liteio_workers *workers;
	struct liteio_loop *loop;
	char name[16] = "";
	int answer = 0;

	ck_assert_int_eq(liteio_loop_new(&loop, &err), 0);
	ck_assert_int_eq(liteio_workers_new(loop, 2, &workers, &err), 0);
	liteio_pools_set_workers(table, workers, NULL);
	liteio_pools_tell(table, count_told, NULL);
	pthread_mutex_init(&pool.lock, NULL);
	pthread_cond_init(&pool.changed, NULL);
	pool.table = table;
	pool.refs = 1;
	snprintf(pool.name, sizeof(pool.name), "slow");

	ck_assert_int_eq(liteio_pools_look(&pool, ask, &answer, sizeof(answer), &err), 0);
	ck_assert_int_eq(answer, 42);
	ck_assert_int_eq(liteio_pools_look(&pool, ask_in_vain, &answer, sizeof(answer), &err),
			 -EIO);
	ck_assert_str_eq(err.msg, "it is broken");
	ck_assert_int_eq(answer, 42);
	ck_assert_int_eq(told, 0);
	/* who works on the pool says so in its name, and nobody else does */
	ck_assert_int_eq(liteio_pools_look(&pool, ask_who, name, sizeof(name), &err), 0);
	ck_assert_ptr_eq(strstr(name, "pool:"), name);
	prctl(PR_GET_NAME, name);
	ck_assert_ptr_null(strstr(name, "pool:"));

	pthread_mutex_lock(&disk_lock);
	ck_assert_int_eq(liteio_pools_look_for(&pool, ask_what_hangs, &answer, sizeof(answer), 50,
					       &err),
			 -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(err.msg, "its disk may not answer"));
	ck_assert_int_eq(told, 1);
	ck_assert_int_eq(answer, 42);
	/* the lane is the question's until the disk answers */
	pthread_mutex_lock(&pool.lock);
	ck_assert(pool.busy);
	pthread_mutex_unlock(&pool.lock);
	pthread_mutex_unlock(&disk_lock);
	ck_assert_int_eq(liteio_pools_look(&pool, ask, &answer, sizeof(answer), &err), 0);
	ck_assert(!pool.is_silent);
	answer = 7;
	ck_assert_int_eq(liteio_pools_do_for(&pool, LITEIO_LANE_FENCE, add_one, &answer,
					     sizeof(answer), 10000, &err),
			 0);
	ck_assert_int_eq(answer, 8);
	/* what takes too long is done all the same, and who asked for it is not there any more */
	pthread_mutex_lock(&disk_lock);
	ck_assert_int_eq(liteio_pools_do_for(&pool, LITEIO_LANE_FENCE, ask_what_hangs, &answer,
					     sizeof(answer), 50, &err),
			 -ETIMEDOUT);
	pthread_mutex_unlock(&disk_lock);
	ck_assert_int_eq(answer, 8);
	ck_assert_int_eq(liteio_pools_look(&pool, ask, &answer, sizeof(answer), &err), 0);
	ck_assert_int_eq(did, 2);
	ck_assert(liteio_workers_free(workers, 10000));
	/* and that it does again, both times */
	ck_assert_int_eq(told, 4);
	ck_assert_uint_eq(pool.refs, 1);
	liteio_loop_free(loop);
	liteio_pools_free(table);
}
END_TEST

/* ---- is it awake? ---- */

static unsigned int n_asked_awake;
static bool is_silent;

int liteio_pool_awake(const struct liteio_uuid *uuid, struct liteio_error *err)
{
	n_asked_awake++;
	return is_silent ? liteio_error_set(err, -ETIMEDOUT, "it does not answer") : 0;
}

void liteio_pool_await(const struct liteio_uuid *uuid)
{
}

static void checks_awake(struct liteio_open_pool *p, int r, unsigned int n)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	n_asked_awake = 0;
	ck_assert_int_eq(liteio_pools_check_awake(p, &err), r);
	ck_assert_uint_eq(n_asked_awake, n);
	if (r)
		ck_assert_str_eq(err.msg, "pool slow: it does not answer");
}

START_TEST(a_disk_is_asked_when_nothing_says_that_it_is_awake)
{
	const struct liteio_pool_create want = {
		.uuid = { .b = { 5 } }, .name = "data", .size_bytes = 1 << 20,
	};
	struct liteio_open_pool p = { .name = "slow" };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct memory_pool m;

	memory_new(&m);
	p.engine = &m.p;
	m.p.taken_ms = 0;
	checks_awake(&p, 0, 1);
	checks_awake(&p, 0, 0);
	p.awake_ms = 0;
	checks_awake(&p, 0, 1);
	/* it has taken a catalog */
	p.awake_ms = 0;
	ck_assert_int_eq(liteio_pool_volume_create(&m.p, &want, NULL, &err), 0);
	checks_awake(&p, 0, 0);
	/* of another disk than that of the metadata, maybe */
	m.p.store.label.n_devices = 2;
	checks_awake(&p, 0, 1);
	m.p.store.label.n_devices = 1;
	/* that was long ago */
	p.awake_ms = 0;
	m.p.taken_ms -= 2000;
	is_silent = true;
	checks_awake(&p, -ETIMEDOUT, 1);
	/* what has not answered is asked again, whatever else it takes */
	p.awake_ms = liteio_now_ms();
	m.p.taken_ms = liteio_now_ms();
	checks_awake(&p, -ETIMEDOUT, 1);
	is_silent = false;
	checks_awake(&p, 0, 1);
	checks_awake(&p, 0, 0);
	/* or it was waited for */
	p.awake_ms = 0;
	m.p.taken_ms = 0;
	is_silent = true;
	checks_awake(&p, -ETIMEDOUT, 1);
	liteio_pools_await(&p);
	checks_awake(&p, 0, 0);
	memory_close(&m);
}
END_TEST

/* what the doctor reads in the lane is read without it before: a silent block does not keep it */
START_TEST(who_reads_the_tree_asks_before_he_has_the_lane)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_pools *table = liteio_pools_new();
	struct liteio_open_pool *p;
	struct memory_pool m;
	int answer = 0;

	p = add_pool(table, &m, 1);
	/* it has answered a moment ago, but not for the whole tree */
	p->awake_ms = liteio_now_ms();
	n_asked_awake = 0;
	is_silent = true;
	ck_assert_int_eq(liteio_pools_look_awake(p, ask, &answer, sizeof(answer), &err),
			 -ETIMEDOUT);
	ck_assert_str_eq(err.msg, "it does not answer");
	ck_assert_uint_eq(n_asked_awake, 1);
	ck_assert_int_eq(answer, 0);
	ck_assert_int_eq(liteio_pools_look(p, ask_in_vain, &answer, sizeof(answer), &err), -EIO);
	is_silent = false;
	ck_assert_int_eq(liteio_pools_look_awake(p, ask, &answer, sizeof(answer), &err), 0);
	ck_assert_uint_eq(n_asked_awake, 2);
	ck_assert_int_eq(answer, 42);
	ck_assert_msg(!liteio_pools_take_out(table, p, "closed", &err), "%s", err.msg);
	/* not on the heap */
	p->engine = NULL;
	liteio_pools_put(table, p);
	memory_close(&m);
	liteio_pools_free(table);
}
END_TEST

static uint64_t mapped_bytes;
static unsigned int n_asked;

static int is_active(struct liteio_engine *e, const struct liteio_uuid *uuid,
		     struct liteio_engine_volume *ret, struct liteio_error *err)
{
	*ret = (struct liteio_engine_volume){ .mapped_bytes = mapped_bytes };
	n_asked++;
	return 0;
}

/* the module */
static struct {
	unsigned int n_asked;
	bool is_there;
	uint64_t changes;
} module;

bool liteio_used_read(struct liteio_used *u)
{
	const struct liteio_used_moment now = { .changes = module.changes, .module = 1 };

	module.n_asked++;
	if (module.is_there)
		liteio_used_reading(u, &now);
	return module.is_there;
}

/* as a list has it; what is known of it is @bytes */
static void list(struct liteio_volume_look *look, struct liteio_open_pool *p,
		 const struct liteio_catalog_volume *v, uint64_t bytes)
{
	struct liteio_local_volume shown = { 0 };

	liteio_volume_info_list(look, p, v, &shown);
	ck_assert(!shown.allocated_unknown);
	ck_assert_uint_eq(shown.allocated_bytes, bytes);
	liteio_json_fini(&shown, liteio_local_volume_fields);
}

/* a list that has the volume @n times; how often the kernel was asked for it */
static unsigned int asked_in_list(struct liteio_open_pool *p, struct liteio_used *used,
				  const struct liteio_catalog_volume *v, unsigned int n)
{
	struct liteio_volume_look look;

	n_asked = 0;
	module.n_asked = 0;
	liteio_volume_look_begin(&look, used);
	for (unsigned int i = 0; i < n; i++)
		list(&look, p, v, mapped_bytes);
	liteio_volume_look_end(&look);
	return n_asked;
}

/* who has the lane for one volume does not wait for it because of the next */
static void lane_is_left(struct liteio_open_pool *p, const struct liteio_catalog_volume *v)
{
	struct liteio_used *used = liteio_used_new();
	struct liteio_catalog_volume deleted = *v;
	struct liteio_local_volume shown = { 0 };
	struct liteio_volume_look look;

	deleted.state = LITEIO_CATALOG_DELETING;
	liteio_volume_look_begin(&look, used);
	for (unsigned int i = 0; i <= LITEIO_USED_MANY; i++)
		list(&look, p, v, mapped_bytes);
	ck_assert(look.reads);
	/* another pool was looked at in between */
	look.pool = NULL;
	liteio_volume_info_list(&look, p, &deleted, &shown);
	liteio_json_fini(&shown, liteio_local_volume_fields);
	p->answered_ms = 0;
	list(&look, p, v, mapped_bytes);
	ck_assert(look.answers);
	liteio_volume_look_end(&look);
	liteio_used_free(used);
}

/* a pool is asked whether it answers by what its first volumes, @v among them, are asked for */
static void looks_at_first(struct liteio_open_pool *p, const struct liteio_catalog_volume *v)
{
	struct liteio_volume_look look;

	n_asked = 0;
	p->answered_ms = 0;
	for (unsigned int i = 0; i < 2; i++) {
		liteio_volume_look_begin(&look, NULL);
		liteio_volume_look_all(&look, p->table);
		ck_assert(liteio_pools_has_answered(p));
		ck_assert_uint_eq(n_asked, 1);
		list(&look, p, v, mapped_bytes);
		/* of one that has answered just now nothing is asked twice, and that once */
		ck_assert_uint_eq(n_asked, 1 + i);
		liteio_volume_look_end(&look);
	}
}

/* @v is active */
static void looks_at_many(struct liteio_open_pool *p, const struct liteio_catalog_volume *v)
{
	const unsigned int few = LITEIO_USED_MANY;
	struct liteio_used *used = liteio_used_new();

	/* nobody keeps anything */
	ck_assert_uint_eq(asked_in_list(p, NULL, v, few + 9), few + 9);
	/* for few the module is not asked, and without it each is asked for, it once */
	ck_assert_uint_eq(asked_in_list(p, used, v, few), few);
	ck_assert_uint_eq(module.n_asked, 0);
	ck_assert_uint_eq(asked_in_list(p, used, v, few + 9), few + 9);
	ck_assert_uint_eq(module.n_asked, 1);
	/* what the kernel said after the module was asked is said again */
	module.is_there = true;
	ck_assert_uint_eq(asked_in_list(p, used, v, few + 9), few + 1);
	ck_assert_uint_eq(module.n_asked, 1);
	ck_assert_uint_eq(asked_in_list(p, used, v, few + 9), few);
	/* until something was done */
	module.changes++;
	mapped_bytes += 4096;
	ck_assert_uint_eq(asked_in_list(p, used, v, few + 9), few + 1);
	/* whoever lists beside somebody else asks the kernel, and waits for nobody */
	ck_assert(liteio_used_begin(used));
	ck_assert_uint_eq(asked_in_list(p, used, v, few + 9), few + 9);
	liteio_used_end(used);
	ck_assert_uint_eq(asked_in_list(p, used, v, few + 9), few);
	liteio_used_free(used);
}

/* of a device that is known to be empty nobody is asked, so nobody has answered */
static void looks_at_one(struct liteio_open_pool *p, struct memory_pool *m)
{
	const struct liteio_pool_create want = {
		.uuid = { .b = { 5 } }, .name = "data", .size_bytes = 1 << 20,
	};
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_engine_ops *was = m->engine.ops;
	struct liteio_engine_ops ops = *was;
	struct liteio_volume_look look = { 0 };
	struct liteio_catalog_volume v;
	uint64_t bytes = 1, before_ms = liteio_now_ms() - 500;

	ck_assert_int_eq(liteio_pool_volume_create(&m->p, &want, NULL, &err), 0);
	ck_assert_int_eq(liteio_pool_volume_activate(&m->p, &want.uuid, NULL, &err), 0);
	ck_assert_int_eq(liteio_pool_volume_get(&m->p, &want.uuid, &v), 0);
	liteio_pool_empty_remember(&m->p, v.thin_id);
	p->answered_ms = 0;
	ck_assert(liteio_volume_info_allocated(p, &v, false, &bytes));
	ck_assert_uint_eq(bytes, 0);
	ck_assert(!liteio_pools_has_answered(p));
	/* nor is it unknown in a list, the first one or another */
	for (unsigned int i = 0; i < 3; i++)
		list(&look, p, &v, 0);
	liteio_volume_look_end(&look);
	/* another one's answer gets no younger by it */
	p->answered_ms = before_ms;
	ck_assert(liteio_volume_info_allocated(p, &v, false, &bytes));
	ck_assert_uint_eq(p->answered_ms, before_ms);
	p->answered_ms = 0;
	ops.volume_status = is_active;
	m->engine.ops = &ops;
	mapped_bytes = 4096;
	ck_assert(liteio_volume_info_allocated(p, &v, false, &bytes));
	ck_assert_uint_eq(bytes, 4096);
	ck_assert(liteio_pools_has_answered(p));
	looks_at_many(p, &v);
	looks_at_first(p, &v);
	lane_is_left(p, &v);
	module.is_there = false;
	/* of the engine's table of operations this was one on the stack */
	m->engine.ops = was;
}

START_TEST(what_is_known_is_no_answer)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_pools *table = liteio_pools_new();
	struct liteio_workers *workers;
	struct liteio_open_pool *p;
	struct liteio_loop *loop;
	struct memory_pool m;

	/* here, or on a thread of its own */
	for (unsigned int i = 0; i < 2; i++) {
		p = add_pool(table, &m, 1);
		if (i) {
			ck_assert_int_eq(liteio_loop_new(&loop, &err), 0);
			ck_assert_int_eq(liteio_workers_new(loop, 2, &workers, &err), 0);
			liteio_pools_set_workers(table, workers, NULL);
		}
		looks_at_one(p, &m);
		while (liteio_pools_take_out(table, p, "closed", &err))
			;
		/* not on the heap */
		p->engine = NULL;
		liteio_pools_put(table, p);
		memory_close(&m);
	}
	ck_assert(liteio_workers_free(workers, 10000));
	liteio_loop_free(loop);
	liteio_pools_free(table);
}
END_TEST

/* who lists pools needs no event of the kernel's: each of them is asked for what it is now */
START_TEST(what_a_pool_has_become_is_seen_at_once)
{
	static const struct {
		enum liteio_engine_mode mode;
		bool needs_check;
		enum liteio_pool_condition condition;
	} becomes[] = {
		{ LITEIO_ENGINE_RW, false, LITEIO_POOL_READY },
		{ LITEIO_ENGINE_NO_SPACE, false, LITEIO_POOL_NO_SPACE },
		{ LITEIO_ENGINE_RW, false, LITEIO_POOL_READY },
		{ LITEIO_ENGINE_RO, false, LITEIO_POOL_READ_ONLY },
		{ LITEIO_ENGINE_RO, true, LITEIO_POOL_READ_ONLY },
		{ LITEIO_ENGINE_FAILED, true, LITEIO_POOL_FAILED },
	};
	struct liteio_pools *table = liteio_pools_new();
	struct liteio_pools_state now;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *p;
	struct memory_pool m;

	p = add_pool(table, &m, 1);
	for (size_t i = 0; i < sizeof(becomes) / sizeof(becomes[0]); i++) {
		m.thin->says.mode = becomes[i].mode;
		m.thin->says.needs_check = becomes[i].needs_check;
		liteio_pools_state(p, false, &now);
		ck_assert_int_eq(now.info.condition, becomes[i].condition);
	}
	ck_assert_int_eq(liteio_pools_take_out(table, p, "closed", &err), 0);
	p->engine = NULL;
	liteio_pools_put(table, p);
	memory_close(&m);
	liteio_pools_free(table);
}
END_TEST

/* the disks of the reserve are others: that its first volumes answer says nothing of them */
static unsigned int n_reserve_asked;

static int reserve_status(struct liteio_engine *e, struct liteio_engine_status *ret,
			  struct liteio_error *err)
{
	n_reserve_asked++;
	return memory_status(e, ret, err);
}

START_TEST(a_reserve_is_asked_beside_the_first_volumes)
{
	const struct liteio_pool_create want = {
		.uuid = { .b = { 5 } }, .name = "data", .size_bytes = 1 << 20,
	};
	struct liteio_engine_ops ops = memory_ops, reserve_ops = memory_ops;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_pools *table = liteio_pools_new();
	struct liteio_open_pool *p;
	struct memory_pool m, reserve;

	p = add_pool(table, &m, 1);
	memory_new(&reserve);
	ck_assert_int_eq(liteio_pool_volume_create(&m.p, &want, NULL, &err), 0);
	ck_assert_int_eq(liteio_pool_volume_activate(&m.p, &want.uuid, NULL, &err), 0);
	ops.volume_status = is_active;
	m.engine.ops = &ops;
	reserve_ops.status = reserve_status;
	reserve.engine.ops = &reserve_ops;
	for (unsigned int has = 0; has < 2; has++) {
		m.p.reserve = has ? &reserve.engine : NULL;
		p->answered_ms = 0;
		n_asked = 0;
		ask_all(table);
		ck_assert_uint_eq(n_asked, 1);
		ck_assert_uint_eq(n_reserve_asked, has);
	}
	m.p.reserve = NULL;
	ck_assert_int_eq(liteio_pools_take_out(table, p, "closed", &err), 0);
	p->engine = NULL;
	liteio_pools_put(table, p);
	memory_close(&m);
	memory_close(&reserve);
	liteio_pools_free(table);
}
END_TEST

UNIT_MAIN("agent-looks", what_is_known_is_no_answer,
	  a_reserve_is_asked_beside_the_first_volumes,
	  what_a_pool_has_become_is_seen_at_once,
	  test_several, test_held_no_longer,
	  who_looks_does_not_hang_with_the_disk,
	  a_disk_is_asked_when_nothing_says_that_it_is_awake,
	  who_reads_the_tree_asks_before_he_has_the_lane)
