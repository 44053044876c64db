// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The watch: each pool is looked at by itself, and what there is to say of one is said while
 * another one hangs.
 *
 * unit-src: daemon/agent/watch.c daemon/host/dm_name.c
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "agent/agent.h"
#include "agent/cluster.h"
#include "agent/events.h"
#include "agent/pools.h"
#include "agent/watch.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/worker.h"
#include "host/dm.h"
#include "timer_left.h"
#include "unit.h"

/* ---- a node with two pools ------------------------------------------------------------------ */

static struct liteio_agent agent;
static struct liteio_open_pool hangs = { .name = "hangs", .uuid = { { 1 } } };
static struct liteio_open_pool well = { .name = "well", .uuid = { { 2 } } };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int looks_at_hanging;
	unsigned int looks_at_well;
	bool answers;
	bool ends_unsaid;
	bool untold;
	enum liteio_pool_condition condition;
} disks = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

/* of the loop's thread */
static unsigned int n_held, n_told, n_of_hanging, n_of_well;

static int event;

/* what the kernel has said of the pools, which are one thin pool each, unless one has a reserve */
static uint32_t n_said, n_said_of_reserve;
static uint64_t reserve_bytes;
static unsigned int n_reserve_asked;

int liteio_dm_info(const char *name, struct liteio_dm_info *ret, struct liteio_error *err)
{
	if (strstr(name, "rpool")) {
		n_reserve_asked++;
		if (!reserve_bytes)
			return -ENODEV;
		*ret = (struct liteio_dm_info){ .minor = 2, .event_nr = n_said_of_reserve };
		return 0;
	}
	*ret = (struct liteio_dm_info){ .minor = 1, .event_nr = n_said };
	return 0;
}

int liteio_dm_events_open(struct liteio_error *err)
{
	return event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int liteio_dm_events_arm(int fd, struct liteio_error *err)
{
	eventfd_t n;

	(void)eventfd_read(fd, &n);
	return 0;
}

struct liteio_workers *liteio_pools_askers(const struct liteio_pools *t)
{
	return agent.askers;
}

void liteio_pools_tell(struct liteio_pools *t, void (*fn)(void *arg), void *arg)
{
}

void liteio_pools_all(struct liteio_pools *t, struct liteio_open_pool ***ret, size_t *ret_n)
{
	*ret = calloc(2, sizeof(**ret));
	(*ret)[0] = &hangs;
	(*ret)[1] = &well;
	*ret_n = 2;
	n_held += 2;
}

void liteio_pools_put(struct liteio_pools *t, struct liteio_open_pool *p)
{
	if (!--n_held)
		liteio_loop_quit(agent.loop, 0);
}

void liteio_pools_put_all(struct liteio_pools *t, struct liteio_open_pool **all, size_t n)
{
	n_held -= (unsigned int)n;
	free(all);
}

void liteio_pools_reclaim_rest(struct liteio_agent *a, struct liteio_open_pool *p)
{
}

void liteio_pools_state(struct liteio_open_pool *p, bool is_all, struct liteio_pools_state *ret)
{
	*ret = (struct liteio_pools_state){ .info.uuid = p->uuid };
	ret->info.space.reserve.total = reserve_bytes;
	snprintf(ret->info.name, sizeof(ret->info.name), "%s", p->name);
	pthread_mutex_lock(&disks.lock);
	if (p == &hangs) {
		disks.looks_at_hanging++;
		while (!disks.answers)
			pthread_cond_wait(&disks.changed, &disks.lock);
		ret->info.condition = LITEIO_POOL_FAILED;
	} else {
		disks.looks_at_well++;
		ret->info.condition = disks.condition;
		ret->info.ends_unsaid = disks.ends_unsaid;
	}
	pthread_mutex_unlock(&disks.lock);
}

/* does the kernel say in time what becomes of either? */
int liteio_pools_look(struct liteio_open_pool *p, liteio_look_fn fn, void *ret, size_t size,
		      struct liteio_error *err)
{
	*(bool *)ret = !disks.untold;
	return 0;
}

int liteio_pool_keep_mark(struct liteio_pool *p, uint64_t now_ms, uint64_t calm_ms,
			  struct liteio_error *err)
{
	return 1;
}

void liteio_events_say(struct liteio_agent *a, enum liteio_local_event_type type, const char *name,
		       const struct liteio_uuid *uuid, const char *pool, const char *message)
{
	ck_assert_int_eq(type, LITEIO_LOCAL_EVENT_POOL_CHANGED);
	if (liteio_uuid_equal(uuid, &hangs.uuid))
		n_of_hanging++;
	else
		n_of_well++;
	liteio_loop_quit(agent.loop, 0);
}

void liteio_cluster_pools_changed(struct liteio_cluster *c)
{
	n_told++;
}

/* ---- the tests ------------------------------------------------------------------------------ */

static void setup(void)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	static int cluster;

	ck_assert_int_eq(liteio_loop_new(&agent.loop, &err), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, 4, &agent.askers, &err), 0);
	agent.cluster = (struct liteio_cluster *)&cluster;
	ck_assert_msg(!liteio_watch_start(&agent, &agent.watch, &err), "%s", err.msg);
}

static void teardown(void)
{
	liteio_watch_stop(agent.watch);
	ck_assert(liteio_workers_free(agent.askers, 10000));
	liteio_watch_free(agent.watch);
	liteio_loop_free(agent.loop);
}

/* what a timer or an event of the kernel does */
static void say_of_well(enum liteio_pool_condition condition)
{
	pthread_mutex_lock(&disks.lock);
	disks.condition = condition;
	pthread_mutex_unlock(&disks.lock);
	liteio_watch_look(agent.watch);
}

/* by a look that goes on */
static void until_none_is_held(void)
{
	while (n_held)
		ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
}

/* if its turn came after the other one's, the loop would turn until the test's time is over */
START_TEST(test_while_another_one_hangs)
{
	setup();
	say_of_well(LITEIO_POOL_READ_ONLY);
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	ck_assert_uint_eq(n_of_well, 1);
	/* the cluster looks by itself: it is told at once */
	ck_assert_uint_eq(n_told, 1);
	/* and again, with the same look still under way */
	say_of_well(LITEIO_POOL_READY);
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	ck_assert_uint_eq(n_of_well, 2);
	ck_assert_uint_eq(n_told, 2);
	ck_assert_uint_eq(n_of_hanging, 0);
	ck_assert_uint_eq(disks.looks_at_hanging, 1);
	/* now it answers: said, and looked at once more, as something has happened since it was */
	pthread_mutex_lock(&disks.lock);
	disks.answers = true;
	pthread_cond_signal(&disks.changed);
	pthread_mutex_unlock(&disks.lock);
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	ck_assert_uint_eq(n_of_hanging, 1);
	until_none_is_held();
	teardown();
	ck_assert_uint_eq(disks.looks_at_hanging, 2);
	ck_assert_uint_eq(disks.looks_at_well, 2);
}
END_TEST

/* what is the same as before is not said again, and nobody is held who is not looked at */
START_TEST(test_nothing_new)
{
	setup();
	disks.answers = true;
	say_of_well(LITEIO_POOL_NO_SPACE);
	while (n_of_hanging + n_of_well < 2)
		ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	ck_assert_uint_eq(n_held, 0);
	say_of_well(LITEIO_POOL_NO_SPACE);
	say_of_well(LITEIO_POOL_READY);
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	ck_assert_uint_eq(n_of_hanging, 1);
	ck_assert_uint_eq(n_of_well, 2);
	until_none_is_held();
	teardown();
}
END_TEST

static void look_at_both(void)
{
	liteio_watch_look(agent.watch);
	until_none_is_held();
}

/* one that is not well is looked at soon, and less often as soon as it is */
START_TEST(test_timer)
{
	setup();
	disks.answers = true;
	disks.condition = LITEIO_POOL_NO_SPACE;
	disks.ends_unsaid = true;
	look_at_both();
	ck_assert_uint_lt(timer_left_ms(agent.loop), 6500);
	/* that is sooner */
	agent.try_later(&agent);
	ck_assert_uint_lt(timer_left_ms(agent.loop), 6500);
	disks.condition = LITEIO_POOL_READY;
	disks.ends_unsaid = false;
	/* the other one is a failed pool, which is looked at less often */
	look_at_both();
	ck_assert_uint_gt(timer_left_ms(agent.loop), 6500);
	ck_assert_uint_lt(timer_left_ms(agent.loop), 32000);
	teardown();
}
END_TEST

/* an event, of a pool */
static void say_something(void)
{
	n_said++;
	ck_assert_int_eq(eventfd_write(event, 1), 0);
}

static void waited(void *arg)
{
	liteio_loop_quit(agent.loop, 0);
}

/* ... and of a device that came or went: only the cluster is told, which looks by itself */
static void device_came(void)
{
	struct liteio_timer *t;

	ck_assert_int_eq(eventfd_write(event, 1), 0);
	ck_assert_int_eq(liteio_timer_new(agent.loop, waited, NULL, &t, NULL), 0);
	liteio_timer_arm(t, 100, 0);
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	liteio_timer_free(t);
}

START_TEST(test_event_of_no_pool)
{
	setup();
	agent.ready = true;
	disks.answers = true;
	say_something();
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	until_none_is_held();
	ck_assert_uint_eq(disks.looks_at_well, 1);
	ck_assert_uint_eq(n_told, 1);
	device_came();
	ck_assert_uint_eq(disks.looks_at_well, 1);
	ck_assert_uint_eq(n_told, 2);
	say_something();
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	until_none_is_held();
	ck_assert_uint_eq(disks.looks_at_well, 2);
	teardown();
}
END_TEST

/* of a reserve the kernel is asked as long as there may be one */
START_TEST(test_event_of_reserve)
{
	setup();
	agent.ready = true;
	disks.answers = true;
	say_something();
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	until_none_is_held();
	ck_assert_uint_eq(n_reserve_asked, 2);
	device_came();
	ck_assert_uint_eq(n_reserve_asked, 2);
	ck_assert_uint_eq(disks.looks_at_well, 1);
	/* other pools, which have one */
	reserve_bytes = 1 << 30;
	hangs.uuid.b[0] = 3;
	well.uuid.b[0] = 4;
	say_something();
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	until_none_is_held();
	ck_assert_uint_eq(disks.looks_at_well, 2);
	for (unsigned int i = 0; i < 2; i++) {
		n_said_of_reserve++;
		device_came();
		until_none_is_held();
		ck_assert_uint_eq(disks.looks_at_well, 3 + i);
	}
	teardown();
}
END_TEST

/* it speaks before it does what it speaks of: what is not seen then is looked for once more */
START_TEST(test_event)
{
	setup();
	agent.ready = true;
	disks.answers = true;
	disks.untold = true;
	look_at_both();
	ck_assert_uint_gt(timer_left_ms(agent.loop), 6500);
	say_something();
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	until_none_is_held();
	ck_assert_uint_lt(timer_left_ms(agent.loop), 6500);
	look_at_both();
	ck_assert_uint_gt(timer_left_ms(agent.loop), 6500);
	teardown();
}
END_TEST

/* what is wanted later does not put it off, however often it is */
START_TEST(test_timer_is_not_put_off)
{
	struct liteio_timer *t;

	setup();
	disks.answers = true;
	look_at_both();
	ck_assert_int_eq(liteio_timer_new(agent.loop, waited, NULL, &t, NULL), 0);
	liteio_timer_arm(t, 2500, 0);
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	liteio_timer_free(t);
	agent.try_later(&agent);
	ck_assert_uint_lt(timer_left_ms(agent.loop), 29000);
	teardown();
}
END_TEST

UNIT_MAIN("agent-watch", test_while_another_one_hangs, test_nothing_new, test_timer,
	  test_event, test_event_of_no_pool, test_event_of_reserve, test_timer_is_not_put_off)
