// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pools on their way into the table: one patience with all of them, however many hang; a job for
 * each; none twice.
 *
 * unit-src: daemon/agent/opening.c daemon/agent/claims.c daemon/agent/locks.c daemon/agent/pools.c
 */
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/opening.h"
#include "base/cleanup.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "unit.h"

static const struct liteio_uuid uuid_a = { .b = { 1 } }, uuid_b = { .b = { 2 } };

static struct liteio_agent agent;
/* what hangs, until it is let go; what has ended well, or late */
static sem_t gate, ended;
static unsigned int n_well, n_late;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void setup(void)
{
	sem_init(&gate, 0, 0);
	sem_init(&ended, 0, 0);
	ck_assert_int_eq(liteio_loop_new(&agent.loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, 8, &agent.workers, NULL), 0);
}

static void teardown(void)
{
	ck_assert(liteio_workers_free(agent.workers, 10000));
	liteio_loop_free(agent.loop);
}

/* by the name of its device: it does not answer, it does not get open, or all is well */
static void run(struct liteio_opening *o)
{
	if (!strcmp(o->devices[0], "silent"))
		sem_wait(&gate);
	liteio_opening_set_state(o, LITEIO_OPENING_OPENS);
	if (!strncmp(o->devices[0], "slow", 4))
		sem_wait(&gate);
	{
		liteio_guard(&lock);
		if (liteio_opening_is_late(o))
			n_late++;
		else
			n_well++;
	}
	sem_post(&ended);
}

static void add(struct liteio_openings *all, const char *device, const struct liteio_uuid *uuid)
{
	liteio_opening_add_device(liteio_openings_add(all, &agent, uuid), device);
}

START_TEST(patience)
{
	/* how far, begun, the end of all, now: until when */
	static const struct {
		enum liteio_opening_state state;
		uint64_t begun, end, now, until;
	} rows[] = {
		{ LITEIO_OPENING_ASKS, 1000, 21000, 1000, 11000 },
		{ LITEIO_OPENING_ASKS, 1000, 21000, 10999, 11000 },
		{ LITEIO_OPENING_ASKS, 1000, 21000, 11000, 0 },
		{ LITEIO_OPENING_ASKS, 15000, 21000, 15000, 21000 },
		{ LITEIO_OPENING_OPENS, 1000, 21000, 11000, 21000 },
		{ LITEIO_OPENING_OPENS, 15000, 21000, 15000, 21000 },
		{ LITEIO_OPENING_OPENS, 1000, 21000, 21000, 0 },
		{ LITEIO_OPENING_OPENS, 30000, 21000, 30000, 0 },
		{ LITEIO_OPENING_ENDED, 1000, 21000, 1000, 0 },
	};

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(rows); i++) {
		const struct liteio_opening o = { .state = rows[i].state,
						  .begun_ms = rows[i].begun };

		ck_assert_msg(liteio_opening_until(&o, rows[i].end, rows[i].now) == rows[i].until,
			      "row %zu", i);
	}
}
END_TEST

START_TEST(who_is_well_is_waited_for)
{
	/* all the time in the world: it is not used up */
	struct liteio_openings all = { .end_ms = liteio_now_ms() + 3600000 };

	setup();
	add(&all, "a", &uuid_a);
	add(&all, "b", NULL);
	liteio_openings_run(&all, run);
	ck_assert_uint_eq(n_well, 2);
	ck_assert_uint_eq(all.n, 0);
	ck_assert(!liteio_opening_is_under_way("a", &uuid_a));
	teardown();
}
END_TEST

START_TEST(who_hangs_is_not)
{
	struct liteio_openings all = { .end_ms = liteio_now_ms() + 500 };

	setup();
	add(&all, "silent", NULL);
	add(&all, "slow", &uuid_a);
	add(&all, "well", &uuid_b);
	add(&all, "slower", NULL);
	/* would not come back if it waited for them */
	liteio_openings_run(&all, run);
	ck_assert_int_eq(sem_wait(&ended), 0);
	ck_assert_uint_eq(n_well, 1);
	ck_assert(liteio_opening_is_under_way("silent", NULL));
	ck_assert(liteio_opening_is_under_way(NULL, &uuid_a));
	ck_assert(liteio_opening_is_under_way("slow", &uuid_b));
	ck_assert(!liteio_opening_is_under_way("well", &uuid_b));
	/* it comes, and knows that nobody does for it what is left to be done */
	for (int i = 0; i < 3; i++)
		sem_post(&gate);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(sem_wait(&ended), 0);
	teardown();
	ck_assert_uint_eq(n_late, 3);
	ck_assert(!liteio_opening_is_under_way("slow", &uuid_a));
}
END_TEST

/* of a file it is known only when it is read: then others may be at the same pool */
static bool claimed[2];

static void run_claim(struct liteio_opening *o)
{
	if (o->has_uuid) {
		sem_post(&ended);
		sem_wait(&gate);
		return;
	}
	sem_wait(&ended);
	claimed[0] = liteio_opening_claim(o, &uuid_a);
	claimed[1] = liteio_opening_claim(o, &uuid_b);
	sem_post(&gate);
}

START_TEST(a_pool_is_opened_by_one)
{
	struct liteio_openings all = { .end_ms = liteio_now_ms() + 3600000 };

	setup();
	add(&all, "a", &uuid_a);
	add(&all, "file", NULL);
	ck_assert_ptr_eq(liteio_openings_find(&all, &uuid_a), all.items[0]);
	ck_assert_ptr_null(liteio_openings_find(&all, &uuid_b));
	ck_assert(liteio_openings_have(&all, "file"));
	ck_assert(!liteio_openings_have(&all, "b"));
	liteio_openings_run(&all, run_claim);
	ck_assert(!claimed[0]);
	ck_assert(claimed[1]);
	teardown();
}
END_TEST

UNIT_MAIN("agent-opening", patience, who_is_well_is_waited_for, who_hangs_is_not,
	  a_pool_is_opened_by_one)
