// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An export that can not be made: nobody was told of it, so nobody waits for it later, unless
 * somebody may use it by now. The catalog is that of a pool in memory, the kernel is made up.
 *
 * unit-src: daemon/agent/ops_export.c daemon/agent/let_go.c daemon/agent/locks.c
 * unit-src: daemon/agent/endings.c
 * unit-src: daemon/agent/pools.c
 * unit-src: daemon/agent/pools_look.c daemon/agent/rights.c daemon/agent/wishes.c
 * unit-src: daemon/agent/gate.c
 * unit-src: daemon/agent/generations.c daemon/agent/walk.c daemon/agent/together.c
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/door.h"
#include "agent/exports.h"
#include "agent/generations.h"
#include "agent/ops.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "base/error.h"
#include "pool/create.h"
#include "no_exports.h"
#include "pool_in_memory.h"
#include "unit.h"

#define GENERATION 3

static struct liteio_agent agent;
static struct liteio_open_pool pool = { .name = "fast", .refs = 1 };
static struct memory_pool memory;
static const struct liteio_uuid volume = { .b = { 5 } };

/* what is said by the kernel that there is not */
static struct {
	int prepare;
	int remember;
	int keep;
	int link;
	int take_back;
	bool is_fenced; /* while it is prepared */
	unsigned int taken_back;
	unsigned int shown;
} says;

/* ---- the pool ---- */

int liteio_target_find_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
			    struct liteio_target *ret, struct liteio_error *err)
{
	ret->agent = a;
	ret->pool = &pool;
	return liteio_pool_volume_get(&memory.p, uuid, &ret->volume);
}

int liteio_target_find(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		       struct liteio_target *ret, struct liteio_error *err)
{
	return liteio_target_find_uuid(a, &volume, ret, err);
}

int liteio_target_open(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		       struct liteio_target *ret, struct liteio_error *err)
{
	return liteio_target_find_uuid(a, &volume, ret, err);
}

void liteio_target_fini(struct liteio_target *t)
{
}

int liteio_pools_remember_remote(struct liteio_agent *a, struct liteio_open_pool *p,
				 struct liteio_error *err)
{
	return says.remember;
}

int liteio_places_keep(struct liteio_agent *a, struct liteio_open_pool *p, struct liteio_error *err)
{
	return says.keep;
}

/* ---- the kernel ---- */

int liteio_export_check_remote(struct liteio_agent *a, struct liteio_error *err)
{
	return 0;
}

int liteio_export_prepare(struct liteio_agent *a, struct liteio_open_pool *p,
			  const struct liteio_catalog_volume *v,
			  const struct liteio_catalog_attachment *att, struct liteio_error *err)
{
	if (says.is_fenced)
		ck_assert_int_eq(liteio_pool_attachment_fence(&memory.p, &att->volume,
							      att->generation, false, err), 0);
	return says.prepare;
}

int liteio_export_link(struct liteio_agent *a, const struct liteio_catalog_attachment *att,
		       struct liteio_error *err)
{
	return says.link;
}

int liteio_export_take_back(const struct liteio_uuid *uuid, uint64_t generation,
			    struct liteio_error *err)
{
	ck_assert(liteio_uuid_equal(uuid, &volume));
	ck_assert_uint_eq(generation, GENERATION);
	says.taken_back++;
	return says.take_back;
}

int liteio_export_show(struct liteio_agent *a, const struct liteio_export_view *view,
		       const struct liteio_catalog_volume *v,
		       const struct liteio_catalog_attachment *att,
		       struct liteio_local_export *ret, struct liteio_error *err)
{
	says.shown++;
	return 0;
}

int liteio_generations_in_kernel(const struct liteio_uuid *uuid, struct liteio_generations *ret,
				 struct liteio_error *err)
{
	return -ENOSYS;
}

void liteio_door_review(struct liteio_agent *a)
{
}

/* ---- tests ---- */

static void setup(void)
{
	const struct liteio_pool_create want = {
		.uuid = volume, .name = "data", .size_bytes = 1 << 20,
	};
	struct liteio_error err = LITEIO_ERROR_INIT;

	memset(&says, 0, sizeof(says));
	memory_new(&memory);
	ck_assert_int_eq(liteio_pool_volume_create(&memory.p, &want, NULL, &err), 0);
	pool.engine = &memory.p;
	pool.table = liteio_pools_new();
	pthread_mutex_init(&pool.lock, NULL);
	pthread_cond_init(&pool.changed, NULL);
}

static void teardown(void)
{
	memory_close(&memory);
	liteio_pools_free(pool.table);
}

/* the sentence of what was asked for last */
static struct liteio_error said;

static int create(void)
{
	const struct liteio_local_export_create req = {
		.volume = (char *)"data",
		.generation = GENERATION,
		.host_nqn = (char *)"nqn.2014-08.org.nvmexpress:uuid:a",
	};
	struct liteio_local_export ret = { 0 };

	said = (struct liteio_error)LITEIO_ERROR_INIT;
	return liteio_op_export_create(&agent, &req, &ret, &said);
}

/* of the attachment in the catalog, 0 when there is none */
static int state(void)
{
	const struct liteio_catalog_attachment *a =
		liteio_catalog_find_att(&memory.p.cat, &volume, GENERATION);

	return a ? (int)a->state : 0;
}

static const struct {
	const char *what;
	int prepare;
	int remember;
	int keep;
	int link;
	int take_back;
	bool is_fenced;
	int left;
} failed[] = {
	{ .what = "its head can not be made", .prepare = -EIO },
	{ .what = "nobody would remember that the pool is waited for", .remember = -ENOSPC },
	{ .what = "it would have no place", .keep = -ENOSPC },
	{ .what = "no port can be bound", .link = -EADDRNOTAVAIL },
	{ .what = "one port was linked, and another can not be", .link = -EADDRNOTAVAIL,
	  .take_back = -EBUSY, .left = LITEIO_CATALOG_ATT_LIVE },
	{ .what = "its pool was busy, and nothing was begun", .prepare = -EAGAIN },
	{ .what = "its pool was busy, and is still", .prepare = -EAGAIN, .take_back = -ETIMEDOUT,
	  .left = LITEIO_CATALOG_ATT_LIVE },
	{ .what = "the kernel may still do it", .prepare = -ETIMEDOUT,
	  .left = LITEIO_CATALOG_ATT_LIVE },
	{ .what = "it was fenced meanwhile", .prepare = -ESTALE, .is_fenced = true,
	  .left = LITEIO_CATALOG_ATT_FENCED },
	{ .what = "it was fenced meanwhile, and something else failed", .prepare = -EIO,
	  .is_fenced = true, .left = LITEIO_CATALOG_ATT_FENCED },
};

START_TEST(what_can_not_be_exported_has_no_right)
{
	int r = failed[_i].prepare + failed[_i].remember + failed[_i].keep + failed[_i].link;

	says.prepare = failed[_i].prepare;
	says.remember = failed[_i].remember;
	says.keep = failed[_i].keep;
	says.link = failed[_i].link;
	says.take_back = failed[_i].take_back;
	says.is_fenced = failed[_i].is_fenced;
	ck_assert_int_eq(create(), r == -EAGAIN ? -ETIMEDOUT : r);
	ck_assert_msg(state() == failed[_i].left, "%s: left is %d", failed[_i].what, state());
	ck_assert_uint_eq(says.shown, 0);
	/* what stays is said */
	ck_assert_msg(!strstr(said.msg, "generation 3 stays attached until it is ended") ==
		      (failed[_i].left != LITEIO_CATALOG_ATT_LIVE), "%s: %s", failed[_i].what,
		      said.msg);
	/* asked for again, it is had */
	memset(&says, 0, sizeof(says));
	if (failed[_i].left == LITEIO_CATALOG_ATT_FENCED) {
		ck_assert_int_eq(create(), -ESTALE);
		return;
	}
	ck_assert_int_eq(create(), 0);
	ck_assert_int_eq(state(), LITEIO_CATALOG_ATT_LIVE);
	ck_assert_uint_eq(says.taken_back, 0);
}
END_TEST

/* a consumer has it: that it can not be brought back now ends nothing */
START_TEST(what_was_exported_keeps_its_right)
{
	ck_assert_int_eq(create(), 0);
	says.prepare = -EIO;
	ck_assert_int_eq(create(), -EIO);
	ck_assert_int_eq(state(), LITEIO_CATALOG_ATT_LIVE);
	ck_assert_uint_eq(says.taken_back, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("agent-exports");
	TCase *cases = unit_case(suite, "all");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, what_can_not_be_exported_has_no_right, 0,
			    sizeof(failed) / sizeof(failed[0]));
	tcase_add_test(cases, what_was_exported_keeps_its_right);
	return unit_run(suite);
}
