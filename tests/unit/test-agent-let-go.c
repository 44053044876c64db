// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device of a volume that nobody has attached goes out of the kernel, but not when somebody
 * works on the volume, and not when its disk is silent: nobody has asked for it, and it would wait
 * with a lock that all pools need. The catalog is that of a pool in memory.
 *
 * unit-src: daemon/agent/let_go.c daemon/agent/pools.c daemon/agent/locks.c
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/let_go.h"
#include "agent/locks.h"
#include "agent/pools.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/worker.h"
#include "pool_in_memory.h"
#include "unit.h"

static struct liteio_agent agent;
static struct liteio_open_pool *pool;
static struct memory_pool memory;
static struct liteio_engine_ops ops;
static const struct liteio_uuid volume = { .b = { 5 } };
static bool is_silent;
static unsigned int n_taken;

int liteio_pools_check_awake(struct liteio_open_pool *p, struct liteio_error *err)
{
	return is_silent ? liteio_error_set(err, -ETIMEDOUT, "pool %s: silent", p->name) : 0;
}

void liteio_pools_load_begin(struct liteio_open_pool *p)
{
}

void liteio_pools_load_end(struct liteio_open_pool *p)
{
}

int liteio_target_find_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
			    struct liteio_target *ret, struct liteio_error *err)
{
	ck_assert_int_eq(liteio_pools_get_uuid(a->pools, &pool->uuid, &ret->pool), 0);
	ret->agent = a;
	return liteio_pool_volume_get(ret->pool->engine, uuid, &ret->volume);
}

void liteio_target_fini(struct liteio_target *t)
{
	liteio_locks_give(t->lock);
	liteio_pools_put(t->agent->pools, t->pool);
}

static int is_there(struct liteio_engine *e, const struct liteio_uuid *uuid,
		    struct liteio_engine_volume *ret, struct liteio_error *err)
{
	*ret = (struct liteio_engine_volume){ 0 };
	return 0;
}

static int is_taken(struct liteio_engine *e, const struct liteio_uuid *uuid,
		    struct liteio_error *err)
{
	n_taken++;
	return 0;
}

static void quit(void *arg)
{
	liteio_loop_quit(agent.loop, 0);
}

static void nothing(void *arg)
{
}

/* how often the device was taken out by then */
static unsigned int let_go(void)
{
	liteio_let_go_later(&agent, &volume);
	/* there is one thread: this comes after it */
	liteio_worker_submit(agent.workers, NULL, nothing, quit, NULL);
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	return n_taken;
}

START_TEST(it_goes_unless_somebody_would_wait_for_it)
{
	const struct liteio_pool_create want = { .uuid = volume, .name = "data",
						 .size_bytes = 1 << 20 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_named_lock *lock;

	ck_assert_int_eq(liteio_loop_new(&agent.loop, &err), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, 1, &agent.workers, &err), 0);
	agent.pools = liteio_pools_new();
	agent.locks = liteio_locks_new();
	memory_new(&memory);
	ck_assert_int_eq(liteio_pool_volume_create(&memory.p, &want, NULL, &err), 0);
	ck_assert_int_eq(liteio_pool_volume_activate(&memory.p, &volume, NULL, &err), 0);
	ops = *memory.engine.ops;
	ops.volume_status = is_there;
	ops.volume_deactivate = is_taken;
	memory.engine.ops = &ops;
	ck_assert_int_eq(liteio_pools_add(agent.pools, &memory.p, &pool, &err), 0);

	is_silent = true;
	ck_assert_uint_eq(let_go(), 0);
	is_silent = false;
	lock = liteio_locks_take(agent.locks, "05000000-0000-0000-0000-000000000000");
	ck_assert_uint_eq(let_go(), 0);
	liteio_locks_give(lock);
	ck_assert_uint_eq(let_go(), 1);

	ck_assert_int_eq(liteio_pools_take_out(agent.pools, pool, "closed", &err), 0);
	liteio_pools_left(agent.pools, pool);
	liteio_pools_put(agent.pools, pool);
	ck_assert(liteio_workers_free(agent.workers, 10000));
	memory_close(&memory);
	liteio_pools_free(agent.pools);
	liteio_locks_free(agent.locks);
	liteio_loop_free(agent.loop);
}
END_TEST

UNIT_MAIN("agent-let-go", it_goes_unless_somebody_would_wait_for_it)
