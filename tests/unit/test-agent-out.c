// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is not there is deleted, and what may come back is not: a pool that is out of the table
 * keeps others waiting for what it has, and for nothing else.
 *
 * unit-src: daemon/agent/ops_delete.c daemon/agent/pools_target.c daemon/agent/pools.c
 * unit-src: daemon/agent/locks.c daemon/agent/claims.c daemon/agent/walk.c
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/exports.h"
#include "agent/gate.h"
#include "agent/limits.h"
#include "agent/locks.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/volume_info.h"
#include "base/error.h"
#include "model/local.h"
#include "pool_in_memory.h"
#include "unit.h"

/* ---- no kernel, and nobody who listens ------------------------------------------------------- */

int liteio_publish_name(const char *name, const char *device, struct liteio_error *err)
{
	return 0;
}

int liteio_export_forget(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			 struct liteio_error *err)
{
	return 0;
}

int liteio_limits_enforce(struct liteio_target *t, struct liteio_error *err)
{
	return 0;
}

int liteio_gate_forget_gone(const struct liteio_uuid *uuid, struct liteio_error *err)
{
	return 0;
}

void liteio_events_say(struct liteio_agent *a, enum liteio_local_event_type type, const char *name,
		       const struct liteio_uuid *uuid, const char *pool, const char *message)
{
}

void liteio_volume_info_fill(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			     struct liteio_local_volume *ret)
{
}

bool liteio_volume_info_allocated(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
				  bool is_asked, uint64_t *ret)
{
	return false;
}

int liteio_pools_reclaim(struct liteio_open_pool *p, const struct liteio_uuid *uuid,
			 struct liteio_error *err)
{
	return 0;
}

void liteio_pools_reclaim_later(struct liteio_agent *a, struct liteio_open_pool *p)
{
}

void liteio_pools_reclaimed(struct liteio_agent *a, const struct liteio_open_pool *p)
{
}

/* ---- a pool that is empty, and one that is not ----------------------------------------------- */

static struct liteio_agent agent;
static struct memory_pool memories[2];
static struct liteio_open_pool *pools[2];

static void open_pool(size_t i, const char *name)
{
	struct liteio_label *l = &memories[i].p.store.label;

	memory_new(&memories[i]);
	l->pool_uuid.b[0] = (uint8_t)(i + 1);
	snprintf(l->pool_name, sizeof(l->pool_name), "%s", name);
	ck_assert_int_eq(liteio_pools_add(agent.pools, &memories[i].p, &pools[i], NULL), 0);
}

static void setup(void)
{
	const struct liteio_pool_create want = {
		.uuid = { .b = { 5 } }, .name = "data", .size_bytes = 1 << 20,
	};

	agent.pools = liteio_pools_new();
	agent.locks = liteio_locks_new();
	open_pool(0, "empty");
	open_pool(1, "full");
	ck_assert_int_eq(liteio_pool_volume_create(&memories[1].p, &want, NULL, NULL), 0);
}

static void take_out(size_t i)
{
	ck_assert_int_eq(liteio_pools_take_out(agent.pools, pools[i], "deleted", NULL), 0);
}

static void teardown(void)
{
	for (size_t i = 0; i < 2; i++) {
		take_out(i);
		liteio_pools_left(agent.pools, pools[i]);
		liteio_pools_put(agent.pools, pools[i]);
		memory_close(&memories[i]);
	}
	liteio_pools_free(agent.pools);
	liteio_locks_free(agent.locks);
}

static int deletes(const char *name, bool was_there, struct liteio_error *err)
{
	const struct liteio_local_delete how = { .wait = LITEIO_LOCAL_WAIT_NOT };
	struct liteio_local_deleted gone = { 0 };
	int r = liteio_op_volume_delete(&agent, name, &how, &gone, err);

	ck_assert_int_eq(gone.deleted, was_there);
	return r;
}

/* its deletion hangs with its disk: it has nothing, so that nobody waits for it */
START_TEST(an_empty_pool_that_is_out_keeps_nobody)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	take_out(0);
	ck_assert_msg(!deletes("none", false, &err), "%s", err.msg);
	ck_assert_int_eq(deletes("data", true, &err), 0);
	liteio_pools_put_back(agent.pools, pools[0]);
}
END_TEST

START_TEST(what_a_pool_that_is_out_has_is_not_gone)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	take_out(1);
	ck_assert_int_eq(deletes("data", false, &err), -EBUSY);
	ck_assert_str_eq(err.msg, "delete volume data: pool full is being deleted: ask again later");
	ck_assert_int_eq(deletes("05000000-0000-0000-0000-000000000000", false, &err), -EBUSY);
	ck_assert_int_eq(deletes("none", false, &err), 0);
	liteio_pools_put_back(agent.pools, pools[1]);
	ck_assert_int_eq(deletes("data", true, &err), 0);
	ck_assert_int_eq(deletes("data", false, &err), 0);
}
END_TEST

/* its name is nobody's any more, but its space comes back with the pool, if at all */
START_TEST(what_was_deleted_there_is_waited_for)
{
	const struct liteio_local_delete how = { .wait = LITEIO_LOCAL_WAIT };
	struct liteio_local_deleted gone = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;

	/* one of which blocks are left */
	memories[1].p.cat.volumes[0]->state = LITEIO_CATALOG_DELETING;
	take_out(1);
	ck_assert_int_eq(liteio_op_volume_delete(&agent, "data", &how, &gone, &err), -EBUSY);
	liteio_pools_put_back(agent.pools, pools[1]);
	ck_assert_int_eq(liteio_op_volume_delete(&agent, "data", &how, &gone, &err), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-out");
	TCase *t = unit_case(s, "out");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_empty_pool_that_is_out_keeps_nobody);
	tcase_add_test(t, what_a_pool_that_is_out_has_is_not_gone);
	tcase_add_test(t, what_was_deleted_there_is_waited_for);
	return unit_run(s);
}
