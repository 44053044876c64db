// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshots and who may open what they are of: of a group all heads are held, also those that
 * nobody has open; of a single one those that somebody has. And what is given, to these and to new
 * volumes, by whoever comes first: uuids, and a place in a pool.
 *
 * unit-src: daemon/agent/ops_snapshot.c daemon/agent/ops_change.c
 * unit-src: daemon/agent/pools.c daemon/agent/pools_target.c daemon/agent/locks.c
 * unit-src: daemon/agent/claims.c daemon/agent/walk.c daemon/agent/ops_volume.c
 * unit-src: daemon/agent/creations.c daemon/agent/wishes.c daemon/agent/pools_look.c
 * unit-src: daemon/agent/together.c daemon/agent/snapshots.c
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/exports.h"
#include "agent/gate.h"
#include "agent/groups.h"
#include "agent/limits.h"
#include "agent/moment.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/stillness.h"
#include "agent/volume_info.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/create.h"
#include "pool_in_memory.h"
#include "unit.h"

/* in place of it, when a group has looked for its volumes, and opens them */
static int open_later(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		      struct liteio_target *ret, struct liteio_error *err);
#define liteio_target_open open_later
#include "agent/ops_group.c"
#undef liteio_target_open

static struct liteio_agent agent;
static struct memory_pool memory;
static struct liteio_open_pool *pool;
/* so many volumes were held still together, and how */
static size_t n_still;
static bool is_still_as_group;
/* the group was left to who takes those of several pools, or classes */
static unsigned int n_moments;

/* ---- what is not looked at here ------------------------------------------------------------- */

int liteio_stillness_find(struct liteio_stillness *s, struct liteio_open_pool *p,
			  const struct liteio_uuid *uuids, size_t n, bool is_group,
			  struct liteio_error *err)
{
	*s = (struct liteio_stillness){ .pool = p->uuid };
	n_still = n;
	is_still_as_group = is_group;
	return 0;
}

bool liteio_stillness_is_needed(const struct liteio_stillness *s)
{
	return false;
}

void liteio_stillness_fini(struct liteio_stillness *s)
{
}

static int hold_still(void *arg, struct liteio_error *err)
{
	return 0;
}

static void let_go(void *arg)
{
}

struct liteio_quiesce liteio_stillness_quiesce(struct liteio_stillness *s)
{
	return (struct liteio_quiesce){ .freeze = hold_still, .freeze_rest = hold_still,
					.thaw = let_go };
}

int liteio_moment_take(struct liteio_agent *a, const struct liteio_moment_part *parts, size_t n,
		       struct liteio_error *err)
{
	n_moments++;
	return liteio_error_set(err, -EIO, "not here");
}

int liteio_groups_check(struct liteio_agent *a, const struct liteio_catalog_volume *snapshot,
			struct liteio_error *err)
{
	return 0;
}

void liteio_events_say(struct liteio_agent *a, enum liteio_local_event_type type, const char *name,
		       const struct liteio_uuid *uuid, const char *in, const char *message)
{
}

void liteio_snapshot_info_fill(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			       struct liteio_local_snapshot *ret)
{
	ret->name = liteio_strdup(v->name);
}

void liteio_volume_info_fill(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			     struct liteio_local_volume *ret)
{
}

void liteio_volume_info_list(struct liteio_volume_look *l, struct liteio_open_pool *p,
			     const struct liteio_catalog_volume *v, struct liteio_local_volume *ret)
{
}

void liteio_volume_info_told(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			     uint64_t allocated, struct liteio_local_volume *ret)
{
}

void liteio_volume_look_begin(struct liteio_volume_look *l, struct liteio_used *used)
{
}

void liteio_volume_look_all(struct liteio_volume_look *l, struct liteio_pools *t)
{
}

void liteio_volume_look_leave(struct liteio_volume_look *l)
{
}

void liteio_volume_look_end(struct liteio_volume_look *l)
{
}

int liteio_volume_size_check(uint64_t *size_bytes, struct liteio_error *err)
{
	return 0;
}

struct liteio_catalog_limits liteio_limits_to_catalog(const struct liteio_limits *l)
{
	return (struct liteio_catalog_limits){ 0 };
}

struct liteio_limits liteio_limits_of_catalog(const struct liteio_catalog_limits *l)
{
	return (struct liteio_limits){ 0 };
}

int liteio_limits_enforce(struct liteio_target *t, struct liteio_error *err)
{
	return 0;
}

void liteio_limits_look(struct liteio_local_volume *item)
{
}

void liteio_limits_view_look(struct liteio_limits_view *v, struct liteio_local_volume *item)
{
}

void liteio_limits_view_fini(struct liteio_limits_view *v)
{
}

int liteio_export_resize(struct liteio_agent *a, struct liteio_open_pool *p,
			 const struct liteio_catalog_volume *v, struct liteio_error *err)
{
	return 0;
}

int liteio_publish_name(const char *name, const char *device, struct liteio_error *err)
{
	return 0;
}

int liteio_publish_is(const struct liteio_uuid *uuid, const char *device)
{
	return 0;
}

int liteio_gate_open(struct liteio_netlink **ret, struct liteio_error *err)
{
	*ret = NULL;
	return 0;
}

int liteio_gate_volume(struct liteio_netlink *nl, const struct liteio_uuid *uuid, const char *name,
		       uint64_t floor, struct liteio_error *err)
{
	return 0;
}

int liteio_export_sweep(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			uint64_t wait_ms, struct liteio_error *err)
{
	return 0;
}

void liteio_pools_reclaim_later(struct liteio_agent *a, struct liteio_open_pool *p)
{
}

static bool is_renamed_meanwhile;

static void rename_to(uint8_t uuid, const char *name)
{
	const struct liteio_uuid u = { .b = { uuid } };

	ck_assert_int_eq(liteio_pool_volume_rename(&memory.p, &u, name, NULL), 0);
}

static int open_later(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		      struct liteio_target *ret, struct liteio_error *err)
{
	if (is_renamed_meanwhile) {
		rename_to(5, "old");
		rename_to(6, "data");
		rename_to(5, "log");
	}
	is_renamed_meanwhile = false;
	return liteio_target_open(a, kind, name, ret, err);
}

/* ---- the tests ------------------------------------------------------------------------------ */

static void make_volume(uint8_t uuid, const char *name)
{
	const struct liteio_pool_create want = { .uuid = { .b = { uuid } }, .name = name,
						 .size_bytes = 1 << 20 };
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_msg(!liteio_pool_volume_create(&memory.p, &want, NULL, &err), "%s", err.msg);
}

static void setup(void)
{
	agent.pools = liteio_pools_new();
	agent.locks = liteio_locks_new();
	memory_new(&memory);
	memory.p.store.label.pool_uuid.b[0] = 1;
	snprintf(memory.p.store.label.pool_name, LITEIO_ONDISK_NAME, "a");
	make_volume(5, "data");
	make_volume(6, "log");
	ck_assert_int_eq(liteio_pools_add(agent.pools, &memory.p, &pool, NULL), 0);
}

static void teardown(void)
{
	ck_assert_int_eq(liteio_pools_take_out(agent.pools, pool, "closed", NULL), 0);
	liteio_pools_left(agent.pools, pool);
	liteio_pools_put(agent.pools, pool);
	memory_close(&memory);
	liteio_pools_free(agent.pools);
	liteio_locks_free(agent.locks);
}

/* of data and log; the uuids are asked for, 0 for one of its own */
static int take_group(uint8_t of_data, uint8_t of_log, struct liteio_error *err)
{
	struct liteio_local_snapshot_create s[] = {
		{ .name = (char *)"d", .volume = (char *)"data", .uuid = { .b = { of_data } } },
		{ .name = (char *)"l", .volume = (char *)"log", .uuid = { .b = { of_log } } },
	};
	const struct liteio_local_snapshot_group req = { .snapshots = s, .n_snapshots = 2 };
	struct liteio_local_snapshot_list ret = { 0 };
	int r = liteio_op_snapshot_group(&agent, &req, &ret, err);

	ck_assert_uint_eq(ret.n_items, r ? 0 : 2);
	liteio_json_fini(&ret, liteio_local_snapshot_list_fields);
	return r;
}

static int take_one(uint8_t uuid, struct liteio_error *err)
{
	const struct liteio_local_snapshot_create req = {
		.name = (char *)"one", .volume = (char *)"data", .uuid = { .b = { uuid } },
	};
	struct liteio_local_snapshot ret = { 0 };
	int r = liteio_op_snapshot_create(&agent, &req, &ret, err);

	liteio_json_fini(&ret, liteio_local_snapshot_fields);
	return r;
}

static int take_clone(uint8_t uuid, struct liteio_error *err)
{
	const struct liteio_local_clone req = { .name = (char *)"copy", .uuid = { .b = { uuid } } };
	struct liteio_local_volume ret = { 0 };

	return liteio_op_volume_clone(&agent, "data", &req, &ret, err);
}

/* one that is mounted while the others are taken is not in the group as after a power cut */
START_TEST(of_a_group_all_heads_are_held)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_msg(!take_group(0, 0, &err), "%s", err.msg);
	ck_assert_uint_eq(n_still, 2);
	ck_assert(is_still_as_group);
	ck_assert_uint_eq(n_moments, 0);
	ck_assert_uint_eq(memory.p.cat.n_volumes, 4);
}
END_TEST

START_TEST(of_a_single_one_those_that_are_open)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	is_still_as_group = true;
	ck_assert_msg(!take_one(0, &err), "%s", err.msg);
	ck_assert_uint_eq(n_still, 1);
	ck_assert(!is_still_as_group);
	is_still_as_group = true;
	ck_assert_msg(!take_clone(0, &err), "%s", err.msg);
	ck_assert(!is_still_as_group);
	ck_assert_uint_eq(memory.p.cat.n_volumes, 4);
}
END_TEST

/* @in: NULL for whatever pool is called "a" */
static int create(const char *name, uint8_t uuid, const struct liteio_uuid *in,
		  struct liteio_error *err)
{
	const struct liteio_local_volume_create req = {
		.name = (char *)name, .pool = (char *)"a", .size_bytes = 1 << 20,
		.uuid = { .b = { uuid } },
	};
	struct liteio_local_volume ret = { 0 };

	return in ? liteio_op_volume_create_in(&agent, in, &req, &ret, err) :
		    liteio_op_volume_create(&agent, &req, &ret, err);
}

/* one of that name was imported since the pool was looked at */
START_TEST(a_volume_is_made_in_the_pool_that_is_meant)
{
	const struct liteio_uuid other = { .b = { 2 } };
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(create("new", 0, &other, &err), -EAGAIN);
	ck_assert_str_eq(err.msg, "pool a is another one than a moment ago");
	ck_assert_uint_eq(memory.p.cat.n_volumes, 2);
	ck_assert_msg(!create("new", 0, &pool->uuid, &err), "%s", err.msg);
	ck_assert_msg(!create("more", 0, NULL, &err), "%s", err.msg);
	ck_assert_uint_eq(memory.p.cat.n_volumes, 4);
	/* nobody holds it */
	ck_assert_uint_eq(pool->refs, 2);
}
END_TEST

/* whoever gives it: nothing has changed */
START_TEST(a_uuid_that_somebody_gives_is_not_given)
{
	const struct liteio_uuid uuid = { .b = { 9 } };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_named_lock *lock = NULL;

	ck_assert_int_eq(liteio_uuid_take(&agent, &uuid, &lock, &err), 0);
	ck_assert_int_eq(take_group(8, 9, &err), -EBUSY);
	ck_assert_str_eq(err.msg,
			 "snapshot group: uuid: somebody else is about to give it: ask again later");
	ck_assert_int_eq(take_one(9, &err), -EBUSY);
	ck_assert_int_eq(take_clone(9, &err), -EBUSY);
	ck_assert_int_eq(create("new", 9, NULL, &err), -EBUSY);
	ck_assert_str_eq(err.msg,
			 "create volume new: uuid: somebody else is about to give it: ask again later");
	ck_assert_uint_eq(memory.p.cat.n_volumes, 2);
	liteio_locks_give(lock);
	/* nobody keeps one that he has not used; nor one that he has */
	ck_assert_msg(!take_group(8, 9, &err), "%s", err.msg);
	ck_assert_int_eq(take_clone(9, &err), -EEXIST);
	/* asked for again */
	ck_assert_msg(!take_group(8, 9, &err), "%s", err.msg);
	ck_assert_uint_eq(memory.p.cat.n_volumes, 4);
}
END_TEST

/* they were found by their names, sorted, and are locked in that order: it stays with these */
START_TEST(a_name_that_is_turned_meanwhile_is_no_matter)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog_volume v;

	is_renamed_meanwhile = true;
	ck_assert_msg(!take_group(8, 9, &err), "%s", err.msg);
	ck_assert(!is_renamed_meanwhile);
	ck_assert_int_eq(liteio_pool_volume_get(&memory.p, &(struct liteio_uuid){ .b = { 8 } }, &v),
			 0);
	ck_assert_str_eq(v.name, "d");
	ck_assert_uint_eq(v.origin.b[0], 5);
}
END_TEST

START_TEST(a_uuid_is_in_a_group_once)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(take_group(8, 8, &err), -EINVAL);
	ck_assert_str_eq(err.msg, "snapshot group: snapshots d and l have one uuid");
	ck_assert_uint_eq(memory.p.cat.n_volumes, 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-group");
	TCase *t = unit_case(s, "group");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, of_a_group_all_heads_are_held);
	tcase_add_test(t, of_a_single_one_those_that_are_open);
	tcase_add_test(t, a_volume_is_made_in_the_pool_that_is_meant);
	tcase_add_test(t, a_uuid_that_somebody_gives_is_not_given);
	tcase_add_test(t, a_name_that_is_turned_meanwhile_is_no_matter);
	tcase_add_test(t, a_uuid_is_in_a_group_once);
	return unit_run(s);
}
