// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Space of deleted volumes: who only looks at a pool gives it back no sooner than somebody has
 * brought back the pool's volumes, and nobody waits for ever for one who hangs in the lane.
 *
 * unit-src: daemon/agent/locks.c daemon/agent/pools.c daemon/agent/pools_reclaim.c
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/pools.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/worker.h"
#include "unit.h"

/* ---- a pool with something deleted ---------------------------------------------------------- */

static int opened;
static struct liteio_agent agent;
static _Atomic unsigned int n_deleting, n_reclaimed;

void liteio_pool_info(struct liteio_pool *p, struct liteio_pool_info *ret)
{
	*ret = (struct liteio_pool_info){ .name = "a", .n_deleting = n_deleting };
}

void liteio_pool_set_lane(struct liteio_pool *p, const struct liteio_pool_lane *lane)
{
}

void liteio_pool_volume_list(struct liteio_pool *p, struct liteio_catalog_volume **ret,
			     size_t *ret_n)
{
	*ret = NULL;
	*ret_n = 0;
}

void liteio_pool_release(struct liteio_pool *p)
{
}

int liteio_pool_reclaim(struct liteio_pool *p, bool *ret_more, struct liteio_error *err)
{
	n_reclaimed++;
	n_deleting--;
	*ret_more = n_deleting > 0;
	return 0;
}

int liteio_pool_reclaim_left(struct liteio_pool *p, const struct liteio_uuid *uuid,
			     uint64_t *ret_bytes, struct liteio_error *err)
{
	*ret_bytes = 0;
	return 0;
}

static void freed(void *arg)
{
	liteio_loop_quit(agent.loop, 0);
}

void liteio_events_say(struct liteio_agent *a, enum liteio_local_event_type type, const char *name,
		       const struct liteio_uuid *uuid, const char *pool, const char *message)
{
	ck_assert_int_eq(type, LITEIO_LOCAL_EVENT_SPACE_FREED);
	liteio_loop_post(agent.loop, freed, NULL);
}

/* in place of the C library's: time is over as soon as somebody waits */
static bool is_impatient;

int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
			   const struct timespec *until)
{
	int (*wait)(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
		    const struct timespec *until);
	/* as POSIX has it: not negative */
	const int is_late = ETIMEDOUT;

	*(void **)&wait = dlsym(RTLD_NEXT, "pthread_cond_clockwait");
	return is_impatient ? is_late : wait(cond, mutex, clock, until);
}

/* ---- the tests ------------------------------------------------------------------------------ */

static struct liteio_open_pool *setup(void)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_open_pool *p;

	ck_assert_int_eq(liteio_loop_new(&agent.loop, &err), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, 2, &agent.workers, &err), 0);
	agent.pools = liteio_pools_new();
	ck_assert_int_eq(liteio_pools_add(agent.pools, (struct liteio_pool *)&opened, &p, &err), 0);
	return p;
}

static void finish(struct liteio_open_pool *p)
{
	ck_assert(liteio_workers_free(agent.workers, 10000));
	liteio_pools_put(agent.pools, p);
	liteio_pools_free(agent.pools);
	liteio_loop_free(agent.loop);
}

START_TEST(test_not_before_its_time)
{
	struct liteio_open_pool *p = setup();

	n_deleting = 3;
	/* a job would wait for the lane */
	liteio_pools_enter(p, false);
	liteio_pools_reclaim_rest(&agent, p);
	/* the table's, and that of the test: no job has one */
	ck_assert_uint_eq(p->refs, 2);
	liteio_pools_leave(p);
	finish(p);
}
END_TEST

START_TEST(test_what_is_left)
{
	struct liteio_open_pool *p = setup();

	/* there is nothing yet */
	liteio_pools_reclaim_later(&agent, p);
	n_deleting = 3;
	liteio_pools_reclaim_rest(&agent, p);
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	finish(p);
	ck_assert_uint_eq(n_reclaimed, 3);
}
END_TEST

/* of a pool that was made and not opened nobody brings anything back */
START_TEST(test_after_a_deletion)
{
	struct liteio_open_pool *p = setup();

	n_deleting = 1;
	ck_assert_int_eq(liteio_pools_reclaim(p, NULL, NULL), 0);
	n_deleting = 1;
	liteio_pools_reclaim_rest(&agent, p);
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	finish(p);
	ck_assert_uint_eq(n_reclaimed, 2);
}
END_TEST

static void tried_later(struct liteio_agent *a)
{
	liteio_loop_quit(a->loop, 0);
}

/* without a bound this would end with the test's time */
START_TEST(test_somebody_hangs)
{
	struct liteio_open_pool *p = setup();
	struct liteio_error err = LITEIO_ERROR_INIT;

	n_deleting = 2;
	n_reclaimed = 0;
	is_impatient = true;
	agent.try_later = tried_later;
	liteio_pools_enter(p, false);
	ck_assert_int_eq(liteio_pools_reclaim(p, NULL, &err), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(err.msg, "it is deleted, and its space comes back later"));
	ck_assert_ptr_nonnull(strstr(err.msg, "its disk may not answer"));
	/* a job gives its worker back, and the watch begins another one */
	liteio_pools_reclaim_later(&agent, p);
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	ck_assert_uint_eq(n_reclaimed, 0);
	ck_assert(!p->reclaims);
	liteio_pools_leave(p);
	is_impatient = false;
	liteio_pools_reclaim_rest(&agent, p);
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	finish(p);
	ck_assert_uint_eq(n_reclaimed, 2);
}
END_TEST

UNIT_MAIN("agent-reclaim", test_not_before_its_time, test_what_is_left, test_after_a_deletion,
	  test_somebody_hangs)
