// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel has of generations that have ended: only of the pools that are brought back, and
 * waited for together.
 *
 * unit-src: daemon/agent/restore_sweep.c daemon/agent/generations.c daemon/agent/locks.c
 */
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/exports.h"
#include "agent/generations.h"
#include "agent/locks.h"
#include "agent/pools.h"
#include "agent/restore.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "unit.h"

#define VOLUMES 3

/* the first volumes are in this one, the last in the other */
static struct liteio_open_pool ours, other;
static struct liteio_open_pool *const pools[] = { &ours };
static struct liteio_agent agent;
/* of each volume: is its generation over? */
static bool is_over[VOLUMES];
static unsigned int n_swept[VOLUMES];
static uint64_t waited_ms[VOLUMES];
/* the next wait takes all the time that it may */
static bool hangs;

int liteio_generations_in_kernel(const struct liteio_uuid *uuid, struct liteio_generations *ret,
				 struct liteio_error *err)
{
	ck_assert_ptr_null(uuid);
	for (uint8_t i = 0; i < VOLUMES; i++)
		liteio_generations_add(ret, &(struct liteio_uuid){ .b = { 1, i } }, 7);
	liteio_generations_sort(ret);
	return 0;
}

int liteio_target_find_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
			    struct liteio_target *ret, struct liteio_error *err)
{
	ret->pool = uuid->b[1] + 1 < VOLUMES ? &ours : &other;
	ret->volume.uuid = *uuid;
	return 0;
}

void liteio_target_fini(struct liteio_target *t)
{
}

void liteio_export_remains(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			   const struct liteio_generations *in_kernel, uint64_t **ret,
			   size_t *ret_n)
{
	*ret_n = is_over[v->uuid.b[1]];
	*ret = liteio_calloc(1, sizeof(**ret));
}

int liteio_export_sweep(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			uint64_t wait_ms, struct liteio_error *err)
{
	const uint64_t end_ms = liteio_now_ms() + wait_ms;

	n_swept[v->uuid.b[1]]++;
	waited_ms[v->uuid.b[1]] = wait_ms;
	while (hangs && liteio_now_ms() < end_ms)
		;
	return 0;
}

static void setup(void)
{
	agent.locks = liteio_locks_new();
}

static void teardown(void)
{
	liteio_locks_free(agent.locks);
}

START_TEST(what_is_live_is_left_alone)
{
	ck_assert(!liteio_restore_sweep(&agent, pools, 1, 20));
	for (size_t i = 0; i < VOLUMES; i++)
		ck_assert_uint_eq(n_swept[i], 0);
}
END_TEST

START_TEST(only_of_these_pools)
{
	is_over[1] = true;
	is_over[VOLUMES - 1] = true;
	ck_assert(liteio_restore_sweep(&agent, pools, 1, 0));
	ck_assert_uint_eq(n_swept[0], 0);
	ck_assert_uint_eq(n_swept[1], 1);
	ck_assert_uint_eq(waited_ms[1], 0);
	ck_assert_uint_eq(n_swept[VOLUMES - 1], 0);
}
END_TEST

/* a disk that hangs does so for all of them: the second one is closed, too, and not waited for */
START_TEST(all_are_waited_for_together)
{
	is_over[0] = true;
	is_over[1] = true;
	hangs = true;
	ck_assert(liteio_restore_sweep(&agent, pools, 1, 20));
	ck_assert_uint_gt(waited_ms[0], 0);
	ck_assert_uint_le(waited_ms[0], 20);
	ck_assert_uint_eq(n_swept[1], 1);
	ck_assert_uint_eq(waited_ms[1], 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-sweep");
	TCase *t = unit_case(s, "sweep");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_live_is_left_alone);
	tcase_add_test(t, only_of_these_pools);
	tcase_add_test(t, all_are_waited_for_together);
	return unit_run(s);
}
