// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fence that only the kernel was told of, as its pool was not in the table: it says so, and when
 * the pool is there, or there again, under the same kernel, its catalog has it, too.
 *
 * unit-src: daemon/agent/restore_floors.c daemon/agent/ops_module.c daemon/agent/walk.c
 * unit-src: daemon/agent/pools.c daemon/agent/pools_look.c daemon/agent/together.c
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/gate.h"
#include "agent/limits.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/netlink.h"
#include "pool/create.h"
#include "pool_in_memory.h"
#include "unit.h"

static const struct liteio_uuid data = { { 5 } };
static struct liteio_agent agent;
static struct memory_pool memory;
static struct liteio_open_pool *pool;

/* ---- the kernel ----------------------------------------------------------------------------- */

/* what it has of the volume; at most one attachment */
static struct {
	struct liteio_netlink_volume volume;
	struct liteio_netlink_att att;
	bool has_att;
	struct liteio_netlink_volume other; /* if it has a name */
} kernel;
/* a pool is put back when the kernel is told of a fence, and has not looked yet */
static bool comes_back;

int liteio_gate_open(struct liteio_netlink **ret, struct liteio_error *err)
{
	*ret = (struct liteio_netlink *)&kernel;
	return 0;
}

void liteio_netlink_close(struct liteio_netlink *nl)
{
}

int liteio_gate_need(struct liteio_netlink **ret, struct liteio_error *err)
{
	return liteio_gate_open(ret, err);
}

int liteio_gate_volume(struct liteio_netlink *nl, const struct liteio_uuid *uuid, const char *name,
		       uint64_t floor, struct liteio_error *err)
{
	if (floor > kernel.volume.floor)
		kernel.volume.floor = floor;
	return 0;
}

int liteio_netlink_vol_list(struct liteio_netlink *nl, struct liteio_netlink_volume **ret,
			    size_t *ret_n, struct liteio_error *err)
{
	*ret = liteio_calloc(2, sizeof(**ret));
	(*ret)[0] = kernel.volume;
	(*ret)[1] = kernel.other;
	*ret_n = kernel.other.name[0] ? 2 : 1;
	return 0;
}

int liteio_netlink_vol_get(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   struct liteio_netlink_volume *ret, struct liteio_error *err)
{
	*ret = kernel.volume;
	return 0;
}

int liteio_netlink_att_list(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			    struct liteio_netlink_att **ret, size_t *ret_n,
			    struct liteio_error *err)
{
	*ret = liteio_calloc(1, sizeof(**ret));
	**ret = kernel.att;
	*ret_n = kernel.has_att;
	return 0;
}

int liteio_netlink_fence(struct liteio_netlink *nl, const struct liteio_uuid *uuid, uint64_t floor,
			 uint64_t generation, uint32_t timeout_ms, struct liteio_netlink_fence *ret,
			 struct liteio_error *err)
{
	ck_assert(generation);
	return 0;
}

static void come_back(void)
{
	liteio_restore_put_back(&agent, pool);
}

int liteio_gate_fence_only(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   uint64_t floor, uint64_t generation, uint64_t timeout_ms,
			   struct liteio_netlink_fence *ret, struct liteio_error *err)
{
	if (comes_back)
		come_back();
	comes_back = false;
	*ret = (struct liteio_netlink_fence){ .drained = true };
	if (floor && floor < kernel.volume.floor)
		snprintf(ret->note, sizeof(ret->note), "the floor is higher already");
	(void)liteio_gate_volume(nl, uuid, NULL, floor, NULL);
	if (generation && kernel.att.generation == generation) {
		kernel.att.state = LITEIO_ATT_FENCED;
		kernel.volume.barred = 1;
	}
	ret->floor = kernel.volume.floor;
	return 0;
}

/* ---- the rest of the agent ------------------------------------------------------------------ */

/* as ops_export.c does it: the catalog first, if there is one */
int liteio_op_volume_fence_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
				const struct liteio_local_fence *req,
				struct liteio_local_fenced *ret, char **ret_pool,
				struct liteio_error *err)
{
	struct liteio_open_pool *p;
	int r = liteio_pools_get(a->pools, "slow", &p, err);

	if (r)
		return -ENOENT;
	if (req->floor)
		r = liteio_pool_floor_raise(p->engine, uuid, req->floor, err);
	else
		r = liteio_pool_attachment_fence(p->engine, uuid, req->generation, false, err);
	ck_assert_int_eq(r, 0);
	(void)liteio_gate_volume(NULL, uuid, NULL, req->floor, NULL);
	ret->floor = req->floor;
	ret->drained = true;
	*ret_pool = liteio_strdup(p->name);
	liteio_pools_put(a->pools, p);
	return 0;
}

int liteio_limits_hold(struct liteio_netlink *nl, struct liteio_open_pool *p,
		       const struct liteio_uuid *uuid, struct liteio_error *err)
{
	return 0;
}

struct liteio_limits liteio_limits_of_catalog(const struct liteio_catalog_limits *l)
{
	return (struct liteio_limits){ 0 };
}

struct liteio_limits liteio_limits_of_kernel(const struct liteio_netlink_volume *v)
{
	return (struct liteio_limits){ 0 };
}

struct liteio_over_limit liteio_over_limit_of_kernel(const struct liteio_netlink_volume *v)
{
	return (struct liteio_over_limit){ 0 };
}

/* ---- the tests ------------------------------------------------------------------------------ */

static void come_in(void)
{
	ck_assert_int_eq(liteio_pools_add(agent.pools, &memory.p, &pool, NULL), 0);
}

static void go_out(void)
{
	ck_assert_int_eq(liteio_pools_take_out(agent.pools, pool, "exported", NULL), 0);
}

static void setup(void)
{
	const struct liteio_pool_create want = { .uuid = data, .name = "data",
						 .size_bytes = 1 << 20 };
	const struct liteio_catalog_attachment att = { .volume = data, .generation = 5,
						       .state = LITEIO_CATALOG_ATT_LIVE };
	struct liteio_error err = LITEIO_ERROR_INIT;

	agent.pools = liteio_pools_new();
	memory_new(&memory);
	memory.p.store.label.pool_uuid.b[0] = 1;
	snprintf(memory.p.store.label.pool_name, LITEIO_ONDISK_NAME, "slow");
	ck_assert_int_eq(liteio_pool_volume_create(&memory.p, &want, NULL, &err), 0);
	ck_assert_msg(!liteio_pool_attachment_add(&memory.p, &att, &err), "%s", err.msg);
	kernel.volume = (struct liteio_netlink_volume){ .uuid = data, .name = "data", .floor = 1 };
	kernel.att = (struct liteio_netlink_att){ .uuid = data, .generation = 5,
						  .state = LITEIO_ATT_OPEN };
	kernel.has_att = true;
	memset(&kernel.other, 0, sizeof(kernel.other));
}

static void teardown(void)
{
	go_out();
	liteio_pools_left(agent.pools, pool);
	liteio_pools_put(agent.pools, pool);
	memory_close(&memory);
	liteio_pools_free(agent.pools);
}

/* @said: NULL when it is persisted, and nothing is to be said */
static void fence(uint64_t floor, uint64_t generation, const char *said)
{
	const struct liteio_local_module_fence req = { .uuid = data, .floor = floor,
						       .generation = generation };
	struct liteio_local_module_fenced ret = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_op_module_fence(&agent, &req, &ret, &err), 0);
	ck_assert_pstr_eq(ret.note, said);
	ck_assert(ret.persisted == !said);
	ck_assert_pstr_eq(ret.pool, said ? NULL : "slow");
	ck_assert(ret.drained);
	free(ret.note);
	free(ret.pool);
}

static void is_written(uint64_t floor, bool is_fenced)
{
	struct liteio_catalog_attachment *atts _cleanup_free_ = NULL;
	struct liteio_catalog_volume v;
	size_t n = 0;

	ck_assert_int_eq(liteio_pool_volume_get(&memory.p, &data, &v), 0);
	ck_assert_uint_eq(v.floor, floor);
	liteio_pool_attachment_list(&memory.p, &data, &atts, &n);
	if (floor > 5) {
		ck_assert_uint_eq(n, 0);
		return;
	}
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(atts[0].state,
			 is_fenced ? LITEIO_CATALOG_ATT_FENCED : LITEIO_CATALOG_ATT_LIVE);
}

#define OUT \
	"it is not written down (pool slow is being exported: ask again later): only this kernel keeps it, until the node starts again"

START_TEST(what_is_put_back_has_it)
{
	come_in();
	fence(3, 0, NULL);
	is_written(3, false);
	go_out();
	fence(4, 0, OUT);
	/* nor is it now, and that is said */
	is_written(3, false);
	come_back();
	is_written(4, false);
	fence(4, 0, NULL);
	/* and what ends with it */
	go_out();
	fence(10, 0, OUT);
	fence(9, 0, OUT "; the floor is higher already");
	come_back();
	is_written(10, false);
}
END_TEST

START_TEST(a_generation_likewise)
{
	uint64_t sequence;

	come_in();
	go_out();
	fence(0, 5, OUT);
	come_back();
	is_written(1, true);
	/* what it has is not written again */
	sequence = memory.p.cat.sequence;
	go_out();
	come_back();
	ck_assert_uint_eq(memory.p.cat.sequence, sequence);
	/* and the kernel has what it has */
	ck_assert_uint_eq(kernel.volume.floor, 1);
}
END_TEST

/* whoever was killed in between: the next agent opens it, and finds the kernel as it was */
START_TEST(what_comes_late_has_it)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	fence(4, 0,
	      "it is not written down (pool slow: no such pool): only this kernel keeps it, until the node starts again");
	come_in();
	ck_assert_int_eq(liteio_restore_floors(&agent, pool, &err), 0);
	is_written(4, false);
}
END_TEST

/* between the look for it and what the kernel is told: who brings it in has seen nothing there */
START_TEST(what_comes_back_meanwhile_is_asked_again)
{
	come_in();
	go_out();
	comes_back = true;
	fence(4, 0, NULL);
	is_written(4, false);
	ck_assert_uint_eq(kernel.volume.floor, 4);
}
END_TEST

/* what can not be written keeps nothing else from being done, and is said the next time */
START_TEST(what_can_not_be_written_is_tried_again)
{
	int fd = memory.p.store.fd;

	come_in();
	go_out();
	fence(4, 0, OUT);
	memory.p.store.fd = -1;
	come_back();
	is_written(1, false);
	ck_assert_uint_eq(kernel.volume.floor, 4);
	memory.p.store.fd = fd;
	ck_assert_int_eq(liteio_restore_floors(&agent, pool, NULL), 0);
	is_written(4, false);
}
END_TEST

/*
 * a disk that takes no catalog is waited for once, not for each volume: all that has ended is one
 * change of it
 */
START_TEST(all_that_has_ended_is_written_at_once)
{
	const struct liteio_pool_create want = { .uuid = { { 6 } }, .name = "other",
						 .size_bytes = 1 << 20 };
	struct liteio_catalog_volume v;
	uint64_t sequence, of_one;

	ck_assert_int_eq(liteio_pool_volume_create(&memory.p, &want, NULL, NULL), 0);
	come_in();
	sequence = memory.p.cat.sequence;
	kernel.volume.floor = 3;
	ck_assert_int_eq(liteio_restore_floors(&agent, pool, NULL), 0);
	of_one = memory.p.cat.sequence - sequence;
	ck_assert_uint_gt(of_one, 0);
	kernel.other = (struct liteio_netlink_volume){ .uuid = want.uuid, .name = "other",
						       .floor = 7 };
	kernel.volume.floor = 4;
	kernel.volume.barred = 1;
	kernel.att.state = LITEIO_ATT_FENCED;
	sequence = memory.p.cat.sequence;
	ck_assert_int_eq(liteio_restore_floors(&agent, pool, NULL), 0);
	ck_assert_uint_eq(memory.p.cat.sequence - sequence, of_one);
	is_written(4, true);
	ck_assert_int_eq(liteio_pool_volume_get(&memory.p, &want.uuid, &v), 0);
	ck_assert_uint_eq(v.floor, 7);
}
END_TEST

/* what has ended below the kernel's floor is none of those that it says the number of */
START_TEST(ends_below_the_floor_hide_none_above_it)
{
	const struct liteio_catalog_attachment old = { .volume = data, .generation = 2 };

	ck_assert_int_eq(liteio_pool_attachment_add(&memory.p, &old, NULL), 0);
	ck_assert_int_eq(liteio_pool_attachment_fence(&memory.p, &data, 2, false, NULL), 0);
	come_in();
	kernel.volume.floor = 4;
	kernel.volume.barred = 1;
	kernel.att.state = LITEIO_ATT_FENCED;
	ck_assert_int_eq(liteio_restore_floors(&agent, pool, NULL), 0);
	is_written(4, true);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-floors");
	TCase *t = unit_case(s, "floors");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_put_back_has_it);
	tcase_add_test(t, a_generation_likewise);
	tcase_add_test(t, what_comes_late_has_it);
	tcase_add_test(t, what_comes_back_meanwhile_is_asked_again);
	tcase_add_test(t, what_can_not_be_written_is_tried_again);
	tcase_add_test(t, all_that_has_ended_is_written_at_once);
	tcase_add_test(t, ends_below_the_floor_hide_none_above_it);
	return unit_run(s);
}
