// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What has to be let go of before a pool is repaired: what stands on it. A place does not, and its
 * consumer waits on. The pool is one in memory, the kernel has one head.
 *
 * unit-src: daemon/agent/ops_repair.c daemon/agent/locks.c
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/restore.h"
#include "base/error.h"
#include "host/head.h"
#include "model/local.h"
#include "pool/create.h"
#include "pool/repair.h"
#include "pool_in_memory.h"
#include "unit.h"

static struct liteio_agent agent;
static struct liteio_open_pool pool = { .name = "fast", .uuid.b = { 1 } };
static struct memory_pool memory;
static const struct liteio_uuid volume = { .b = { 5 } };

/* the head that there is; how often one was taken away, and the pool repaired */
static struct liteio_head_state there;
static unsigned int removed, repaired;

int liteio_pools_get(struct liteio_pools *t, const char *name, struct liteio_open_pool **ret,
		     struct liteio_error *err)
{
	*ret = &pool;
	return 0;
}

void liteio_pools_put(struct liteio_pools *t, struct liteio_open_pool *p)
{
}

struct liteio_open_pool *liteio_pools_enter(struct liteio_open_pool *p, bool urgent)
{
	return p;
}

void liteio_pools_leave(struct liteio_open_pool *p)
{
}

char *liteio_pools_known_file(struct liteio_agent *a, const char *name)
{
	return NULL;
}

int liteio_head_get(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		    struct liteio_head_state *ret, struct liteio_error *err)
{
	*ret = there;
	return 0;
}

int liteio_head_path(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		     char ret[LITEIO_DM_PATH_MAX], struct liteio_error *err)
{
	ret[0] = '\0';
	return 0;
}

int liteio_head_remove(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		       struct liteio_error *err)
{
	removed++;
	return 0;
}

int liteio_pool_repair(struct liteio_pool *p, const struct liteio_pool_repair *how,
		       struct liteio_pool_repaired *ret, struct liteio_error *err)
{
	repaired++;
	return 0;
}

int liteio_publish_is(const struct liteio_uuid *uuid, const char *device)
{
	return 0;
}

int liteio_publish_add(const struct liteio_uuid *uuid, const char *device, struct liteio_error *err)
{
	return 0;
}

void liteio_publish_del(const struct liteio_uuid *uuid, const char *device)
{
}

void liteio_restore_pool(struct liteio_agent *a, struct liteio_open_pool *p)
{
}

void liteio_events_say(struct liteio_agent *a, enum liteio_local_event_type type, const char *name,
		       const struct liteio_uuid *uuid, const char *where, const char *message)
{
}

int liteio_op_pool_import(struct liteio_agent *a, const struct liteio_local_pool_import *req,
			  struct liteio_local_pool *ret, struct liteio_error *err)
{
	return -EIO;
}

static const struct {
	bool is_local;
	dev_t lower;
	int32_t open_count;
	int code;
	unsigned int removed;
} rows[] = {
	{ .is_local = true, .lower = 1, .removed = 1 },
	{ .is_local = true, .lower = 1, .open_count = 1, .code = -EBUSY },
	{ .lower = 1, .open_count = 1, .code = -EBUSY },
	/* nvmet has it open */
	{ .open_count = 1 },
};

START_TEST(what_stands_on_the_pool_is_let_go_of)
{
	const struct liteio_pool_create want = {
		.uuid = volume, .name = "data", .size_bytes = 1 << 20,
	};
	struct liteio_catalog_attachment att = {
		.volume = volume, .generation = 1, .state = LITEIO_CATALOG_ATT_LIVE,
		.flags = rows[_i].is_local ? LITEIO_CATALOG_ATT_LOCAL : 0,
	};
	const struct liteio_local_pool_repair req = { .force = true };
	struct liteio_local_pool_repaired ret = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;

	memory_new(&memory);
	ck_assert_int_eq(liteio_pool_volume_create(&memory.p, &want, NULL, &err), 0);
	if (!rows[_i].is_local)
		snprintf(att.host, sizeof(att.host), "nqn.2014-08.org.nvmexpress:uuid:a");
	ck_assert_int_eq(liteio_pool_attachment_add(&memory.p, &att, &err), 0);
	pool.engine = &memory.p;
	agent.locks = liteio_locks_new();
	there.head.lower = rows[_i].lower;
	there.dm.open_count = rows[_i].open_count;
	ck_assert_int_eq(liteio_op_pool_repair(&agent, "fast", &req, &ret, &err), rows[_i].code);
	ck_assert_uint_eq(removed, rows[_i].removed);
	ck_assert_uint_eq(repaired, !rows[_i].code);
	liteio_json_fini(&ret, liteio_local_pool_repaired_fields);
	liteio_locks_free(agent.locks);
	memory_close(&memory);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-repair");
	TCase *t = unit_case(s, "repair");

	tcase_add_loop_test(t, what_stands_on_the_pool_is_let_go_of, 0,
			    sizeof(rows) / sizeof(rows[0]));
	return unit_run(s);
}
