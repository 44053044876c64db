// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A volume that is deleted, and fenced meanwhile: the module knows it as long as the catalog does,
 * and no longer. The catalog is that of a pool in memory, the module is made up.
 *
 * unit-src: daemon/agent/ops_delete.c daemon/agent/ops_export.c daemon/agent/let_go.c
 * unit-src: daemon/agent/endings.c
 * unit-src: daemon/agent/locks.c daemon/agent/pools.c daemon/agent/pools_look.c
 * unit-src: daemon/agent/rights.c daemon/agent/wishes.c daemon/agent/generations.c
 * unit-src: daemon/agent/walk.c daemon/agent/together.c
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/door.h"
#include "agent/events.h"
#include "agent/exports.h"
#include "agent/gate.h"
#include "agent/generations.h"
#include "agent/limits.h"
#include "agent/ops.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "agent/volume_info.h"
#include "base/error.h"
#include "pool/create.h"
#include "no_exports.h"
#include "pool_in_memory.h"
#include "unit.h"

#define FLOOR 7

static struct liteio_agent agent;
static struct liteio_open_pool pool = { .name = "fast", .refs = 1 };
static struct memory_pool memory;
static const struct liteio_uuid volume = { .b = { 5 } };

/* the registry: does it know the volume, with which floor; and how often it was to forget it */
static struct {
	bool knows;
	uint64_t floor;
	unsigned int forgotten;
} module;

/* when the other one comes: a fence while it is deleted, or somebody who deletes it meanwhile */
static enum { NEVER, FORGOTTEN, PERSISTED } comes;
/* its catalog does not take the mark */
static bool mark_fails;
/* nor can be found out what it has left, when the module has forgotten it */
static bool forget_fails;
static bool is_fencing;

static int fence(void)
{
	const struct liteio_local_fence req = { .floor = FLOOR };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_local_fenced ret = { 0 };
	int r;

	is_fencing = true;
	r = liteio_op_volume_fence(&agent, "data", &req, &ret, &err);
	is_fencing = false;
	liteio_json_fini(&ret, liteio_local_fenced_fields);
	return r;
}

static int delete(struct liteio_error *err)
{
	const struct liteio_local_delete req = { .wait = LITEIO_LOCAL_WAIT };
	struct liteio_local_deleted ret = { 0 };

	is_fencing = false;
	return liteio_op_volume_delete(&agent, "data", &req, &ret, err);
}

/* ---- the pool ---- */

static bool is_out;

int liteio_target_find_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
			    struct liteio_target *ret, struct liteio_error *err)
{
	if (is_out)
		return -EBUSY;
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
	char text[LITEIO_UUID_STRLEN + 1];
	int r = liteio_target_find_uuid(a, &volume, ret, err);

	/* where the module is loaded a fence does not ask for the lock */
	if (r || is_fencing)
		return r;
	liteio_uuid_format(&volume, text);
	ret->lock = liteio_locks_take(a->locks, text);
	return 0;
}

void liteio_target_fini(struct liteio_target *t)
{
	liteio_locks_give(t->lock);
	t->lock = NULL;
}

int liteio_pools_reclaim(struct liteio_open_pool *p, const struct liteio_uuid *uuid,
			 struct liteio_error *err)
{
	return 0;
}

void liteio_pools_reclaimed(struct liteio_agent *a, const struct liteio_open_pool *p)
{
}

void liteio_pools_reclaim_later(struct liteio_agent *a, struct liteio_open_pool *p)
{
}

/* ---- the module ---- */

int liteio_gate_fence(const struct liteio_uuid *uuid, const char *name, uint64_t floor,
		      uint64_t generation, uint64_t timeout_ms, struct liteio_local_fenced *ret,
		      struct liteio_error *err)
{
	struct liteio_error said = LITEIO_ERROR_INIT;

	if (comes == PERSISTED) {
		comes = NEVER;
		ck_assert_msg(!delete(&said), "%s", said.msg);
	}
	module.knows = true;
	module.floor = floor;
	return 0;
}

int liteio_gate_fence_meanwhile(const struct liteio_uuid *uuid, const char *name, uint64_t floor,
				uint64_t generation)
{
	return liteio_gate_fence(uuid, name, floor, generation, 0, NULL, NULL);
}

int liteio_gate_forget_gone(const struct liteio_uuid *uuid, struct liteio_error *err)
{
	struct liteio_catalog_volume v;

	/* not as long as there is one */
	ck_assert(liteio_pool_volume_get(&memory.p, uuid, &v) < 0 ||
		  v.state == LITEIO_CATALOG_DELETING);
	module.forgotten++;
	module.knows = false;
	return 0;
}

int liteio_export_forget(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			 struct liteio_error *err)
{
	module.forgotten++;
	module.knows = false;
	if (forget_fails)
		return liteio_error_set(err, -EIO, "what it has left is not known");
	if (comes == FORGOTTEN) {
		comes = NEVER;
		ck_assert_int_eq(fence(), 0);
	}
	if (mark_fails)
		memory.p.condition = LITEIO_POOL_READ_ONLY;
	return 0;
}

int liteio_limits_enforce(struct liteio_target *t, struct liteio_error *err)
{
	module.knows = true;
	if (t->volume.floor > module.floor)
		module.floor = t->volume.floor;
	return 0;
}

/* ---- what nobody comes to then ---- */

int liteio_pools_remember_remote(struct liteio_agent *a, struct liteio_open_pool *p,
				 struct liteio_error *err)
{
	return -ENOSYS;
}

int liteio_places_keep(struct liteio_agent *a, struct liteio_open_pool *p, struct liteio_error *err)
{
	return -ENOSYS;
}

int liteio_export_check_remote(struct liteio_agent *a, struct liteio_error *err)
{
	return -ENOSYS;
}

int liteio_export_prepare(struct liteio_agent *a, struct liteio_open_pool *p,
			  const struct liteio_catalog_volume *v,
			  const struct liteio_catalog_attachment *att, struct liteio_error *err)
{
	return -ENOSYS;
}

int liteio_export_link(struct liteio_agent *a, const struct liteio_catalog_attachment *att,
		       struct liteio_error *err)
{
	return -ENOSYS;
}

int liteio_export_take_back(const struct liteio_uuid *uuid, uint64_t generation,
			    struct liteio_error *err)
{
	return -ENOSYS;
}

int liteio_export_show(struct liteio_agent *a, const struct liteio_export_view *view,
		       const struct liteio_catalog_volume *v,
		       const struct liteio_catalog_attachment *att,
		       struct liteio_local_export *ret, struct liteio_error *err)
{
	return -ENOSYS;
}

int liteio_generations_in_kernel(const struct liteio_uuid *uuid, struct liteio_generations *ret,
				 struct liteio_error *err)
{
	return -ENOSYS;
}

bool liteio_volume_info_allocated(struct liteio_open_pool *p,
				  const struct liteio_catalog_volume *v, bool may_activate,
				  uint64_t *ret)
{
	return false;
}

void liteio_volume_info_fill(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			     struct liteio_local_volume *ret)
{
}

void liteio_door_review(struct liteio_agent *a)
{
}

void liteio_events_say(struct liteio_agent *a, enum liteio_local_event_type type, const char *name,
		       const struct liteio_uuid *uuid, const char *where, const char *message)
{
}

/* ---- tests ---- */

static void setup(void)
{
	const struct liteio_pool_create want = {
		.uuid = volume, .name = "data", .size_bytes = 1 << 20,
	};
	struct liteio_error err = LITEIO_ERROR_INIT;

	memset(&module, 0, sizeof(module));
	module.knows = true;
	memory_new(&memory);
	ck_assert_int_eq(liteio_pool_volume_create(&memory.p, &want, NULL, &err), 0);
	agent.locks = liteio_locks_new();
	pool.engine = &memory.p;
	pool.table = liteio_pools_new();
	pool.last = &pool.first;
	pthread_mutex_init(&pool.lock, NULL);
	pthread_cond_init(&pool.changed, NULL);
}

static void teardown(void)
{
	memory_close(&memory);
	liteio_pools_free(pool.table);
	liteio_locks_free(agent.locks);
}

static bool is_there(void)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&memory.p.cat, &volume);

	return v && v->state == LITEIO_CATALOG_READY;
}

START_TEST(it_is_forgotten_once)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_msg(!delete(&err), "%s", err.msg);
	ck_assert(!is_there());
	ck_assert(!module.knows);
	ck_assert_uint_eq(module.forgotten, 1);
}
END_TEST

/* between "the module has forgotten it" and the catalog's mark */
START_TEST(a_fence_before_the_mark_leaves_nothing)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	comes = FORGOTTEN;
	ck_assert_msg(!delete(&err), "%s", err.msg);
	ck_assert_uint_eq(module.floor, FLOOR);
	ck_assert(!is_there());
	ck_assert(!module.knows);
}
END_TEST

/* its floor is on the disk, and its gates are closed after the mark */
START_TEST(a_fence_after_the_mark_leaves_nothing)
{
	comes = PERSISTED;
	ck_assert_int_eq(fence(), 0);
	ck_assert(!is_there());
	ck_assert(!module.knows);
}
END_TEST

/* what stays is fenced, and the next one who deletes it has nothing to do twice */
START_TEST(a_volume_that_stays_is_fenced)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog_volume v;

	comes = FORGOTTEN;
	mark_fails = true;
	ck_assert_int_lt(delete(&err), 0);
	ck_assert(is_there());
	ck_assert(module.knows);
	ck_assert_uint_eq(module.floor, FLOOR);
	ck_assert_int_eq(liteio_pool_volume_get(&memory.p, &volume, &v), 0);
	ck_assert_uint_eq(v.floor, FLOOR);
	memory.p.condition = LITEIO_POOL_READY;
	mark_fails = false;
	module.forgotten = 0;
	ck_assert_msg(!delete(&err), "%s", err.msg);
	ck_assert(!module.knows);
	ck_assert_uint_eq(module.forgotten, 1);
}
END_TEST

START_TEST(what_is_not_deleted_is_put_back)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	forget_fails = true;
	ck_assert_int_eq(delete(&err), -EIO);
	ck_assert(is_there());
	ck_assert(module.knows);
}
END_TEST

/* by its uuid, while its pool is out: its gates can be closed, which is for who asked to do */
START_TEST(what_is_in_a_pool_that_is_out_is_in_none_that_is_open)
{
	const struct liteio_local_fence req = { .floor = FLOOR };
	struct liteio_local_fenced ret = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	char *name = NULL;

	is_out = true;
	ck_assert_int_eq(liteio_op_volume_fence_uuid(&agent, &volume, &req, &ret, &name, &err),
			 -ENOENT);
	ck_assert_ptr_null(name);
	is_out = false;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("agent-delete");
	TCase *cases = unit_case(suite, "all");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, it_is_forgotten_once);
	tcase_add_test(cases, a_fence_before_the_mark_leaves_nothing);
	tcase_add_test(cases, a_fence_after_the_mark_leaves_nothing);
	tcase_add_test(cases, a_volume_that_stays_is_fenced);
	tcase_add_test(cases, what_is_not_deleted_is_put_back);
	tcase_add_test(cases, what_is_in_a_pool_that_is_out_is_in_none_that_is_open);
	return unit_run(suite);
}
