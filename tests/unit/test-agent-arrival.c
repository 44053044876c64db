// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Disks that come back while somebody has what is needed to open them: nobody waits for him, and it
 * is done when he gives it back.
 *
 * unit-src: daemon/agent/arrival.c daemon/agent/locks.c daemon/agent/pool_locks.c
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/arrival.h"
#include "agent/door.h"
#include "agent/events.h"
#include "agent/pool_locks.h"
#include "agent/pools.h"
#include "agent/replug.h"
#include "agent/restore.h"
#include "base/loop.h"
#include "base/worker.h"
#include "host/block.h"
#include "host/uevent.h"
#include "unit.h"

static struct liteio_agent agent;
static atomic_uint n_opened;

/* a pool is missing, and the door closed because of it */
bool liteio_pools_any_missing(struct liteio_agent *a)
{
	return true;
}

bool liteio_pools_end_unplugged(struct liteio_agent *a)
{
	return true;
}

bool liteio_pools_try_again(void)
{
	return false;
}

void liteio_pools_open_missing(struct liteio_agent *a, bool is_again,
			       void (*opened)(struct liteio_agent *a, struct liteio_open_pool *p))
{
	n_opened++;
}

int liteio_pools_remember(struct liteio_agent *a, struct liteio_error *err)
{
	return 0;
}

void liteio_restore_pool(struct liteio_agent *a, struct liteio_open_pool *p)
{
}

void liteio_events_say(struct liteio_agent *a, enum liteio_local_event_type type, const char *name,
		       const struct liteio_uuid *uuid, const char *pool, const char *message)
{
}

void liteio_door_review(struct liteio_agent *a)
{
	liteio_loop_quit(a->loop, 0);
}

bool liteio_door_is_closed(const struct liteio_agent *a)
{
	return true;
}

int liteio_block_list(struct liteio_block_info **ret, size_t *ret_n, struct liteio_error *err)
{
	return -ENOENT;
}

/* the kernel says that a disk has come as often as something is in the pipe */
static int kernel[2];

int liteio_uevents_open(struct liteio_uevents **ret, struct liteio_error *err)
{
	return 0;
}

void liteio_uevents_only_disks(struct liteio_uevents *u)
{
}

int liteio_uevents_fd(const struct liteio_uevents *u)
{
	return kernel[0];
}

int liteio_uevents_next(struct liteio_uevents *u, struct liteio_uevent *ret,
			struct liteio_error *err)
{
	static bool any;
	char c;

	any = !any && read(kernel[0], &c, 1) == 1;
	ret->lost = any;
	return any;
}

void liteio_uevents_close(struct liteio_uevents *u)
{
}

static void nothing(void *arg)
{
}

static void has_ended(void *arg)
{
	*(bool *)arg = true;
	liteio_loop_quit(agent.loop, 0);
}

START_TEST(what_is_in_the_way_is_not_waited_for)
{
	struct liteio_named_lock *doctor;
	bool is_over = false;

	ck_assert_int_eq(pipe(kernel), 0);
	ck_assert_int_eq(liteio_loop_new(&agent.loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, 1, &agent.workers, NULL), 0);
	agent.locks = liteio_locks_new();
	doctor = liteio_locks_try(agent.locks, LITEIO_POOLS_LOCK);
	ck_assert_int_eq(liteio_arrival_start(&agent, &agent.arrival, NULL), 0);
	ck_assert_int_eq(write(kernel[1], "", 1), 1);
	/* were it waited for, the door would not be looked at before the time is up */
	ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	ck_assert_uint_eq(n_opened, 0);
	liteio_locks_give(doctor);
	/* the next look is because of that: the kernel says nothing, and no disk is another one */
	while (!n_opened)
		ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	ck_assert_uint_eq(n_opened, 1);
	liteio_arrival_stop(agent.arrival);
	/* there is one worker: so all looks have ended, too */
	liteio_worker_submit(agent.workers, NULL, nothing, has_ended, &is_over);
	while (!is_over)
		ck_assert_int_eq(liteio_loop_run(agent.loop), 0);
	ck_assert(liteio_workers_free(agent.workers, 10000));
	liteio_arrival_free(agent.arrival);
	liteio_locks_free(agent.locks);
	liteio_loop_free(agent.loop);
}
END_TEST

UNIT_MAIN("agent-arrival", what_is_in_the_way_is_not_waited_for)
