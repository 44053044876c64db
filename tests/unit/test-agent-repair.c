// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What has to be let go of before a pool is repaired: what stands on it. A place does not, and its
 * consumer waits on. Nobody who wants the lane waits for it, but for what comes meanwhile. The pool
 * is one in memory, the kernel has one head.
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
#include "agent/release.h"
#include "agent/restore.h"
#include "base/error.h"
#include "host/head.h"
#include "model/local.h"
#include "pool/create.h"
#include "pool/object.h"
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
static bool has_gone;

/* somebody is in the lane; how often that was; and a head is there again the second time */
static bool is_in_lane;
static unsigned int n_lanes;
static bool comes_back;

int liteio_pools_get(struct liteio_pools *t, const char *name, struct liteio_open_pool **ret,
		     struct liteio_error *err)
{
	*ret = &pool;
	return 0;
}

void liteio_pools_put(struct liteio_pools *t, struct liteio_open_pool *p)
{
}

/* in place of the C library's: time is over as soon as somebody waits */
int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
			   const struct timespec *until)
{
	/* as POSIX has it: not negative */
	const int is_late = ETIMEDOUT;

	return is_late;
}

/* somebody hangs there */
static bool is_taken;

int liteio_lane_enter(struct liteio_open_pool *p, enum liteio_lane_for what_for,
		      struct liteio_open_pool **ret, struct liteio_error *err)
{
	if (is_taken)
		return liteio_error_set(err, -ETIMEDOUT, "its disk may not answer");
	if (++n_lanes == 2 && comes_back)
		has_gone = false;
	is_in_lane = true;
	*ret = p;
	return 0;
}

int liteio_pools_do_for(struct liteio_open_pool *p, enum liteio_lane_for what_for,
			liteio_look_fn fn, void *data, size_t len, uint64_t ms,
			struct liteio_error *err)
{
	struct liteio_open_pool *lane;
	int r = liteio_lane_enter(p, what_for, &lane, err);

	return r ? r : fn(p->engine, data, err);
}

void liteio_pools_leave(struct liteio_open_pool *p)
{
	is_in_lane = false;
}

char *liteio_pools_known_file(struct liteio_agent *a, const char *name)
{
	return NULL;
}

int liteio_head_get(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		    struct liteio_head_state *ret, struct liteio_error *err)
{
	*ret = there;
	return has_gone ? -ENODEV : 0;
}

static bool is_for_a_moment;

bool liteio_release_is_closed(struct liteio_head_state *io)
{
	if (is_for_a_moment)
		io->dm.open_count = 0;
	return io->dm.open_count <= 0;
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
	ck_assert(!has_gone);
	ck_assert_uint_eq(is_in_lane, removed++);
	has_gone = true;
	return 0;
}

/* beside the repair, which is not the real one; no pool here is opened */
int liteio_pool_free_leaks(struct liteio_pool *p, bool of_thin, bool of_reserved,
			   struct liteio_error *err)
{
	return 0;
}

int liteio_pool_repair(struct liteio_pool *p, const struct liteio_pool_repair *how,
		       struct liteio_pool_repaired *ret, struct liteio_error *err)
{
	ck_assert(is_in_lane);
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
	bool is_for_a_moment;
	int code;
	unsigned int removed;
	bool is_taken;
	bool is_held;
	bool comes_back;
} rows[] = {
	{ .is_local = true, .lower = 1, .removed = 1 },
	/* somebody has attached it before the lane was had */
	{ .is_local = true, .lower = 1, .removed = 2, .comes_back = true },
	{ .is_local = true, .lower = 1, .open_count = 1, .code = -EBUSY },
	/* by udev */
	{ .is_local = true, .lower = 1, .open_count = 1, .is_for_a_moment = true, .removed = 1 },
	{ .lower = 1, .open_count = 1, .code = -EBUSY },
	/* nvmet has it open */
	{ .open_count = 1 },
	/* nothing is let go of for what can not be begun */
	{ .is_local = true, .lower = 1, .is_taken = true, .code = -ETIMEDOUT },
	{ .is_local = true, .lower = 1, .is_held = true, .code = -EBUSY },
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
	struct liteio_named_lock *held = NULL;
	char text[LITEIO_UUID_STRLEN + 1];
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
	is_for_a_moment = rows[_i].is_for_a_moment;
	is_taken = rows[_i].is_taken;
	comes_back = rows[_i].comes_back;
	liteio_uuid_format(&volume, text);
	if (rows[_i].is_held)
		held = liteio_locks_take(agent.locks, text);
	ck_assert_int_eq(liteio_op_pool_repair(&agent, "fast", &req, &ret, &err), rows[_i].code);
	ck_assert_uint_eq(removed, rows[_i].removed);
	ck_assert_uint_eq(repaired, !rows[_i].code);
	liteio_json_fini(&ret, liteio_local_pool_repaired_fields);
	if (held)
		liteio_locks_give(held);
	/* whoever asks again is told the same: nothing of the first one is left */
	ck_assert(!pool.repairs);
	held = liteio_locks_try(agent.locks, text);
	ck_assert_ptr_nonnull(held);
	liteio_locks_give(held);
	liteio_locks_free(agent.locks);
	memory_close(&memory);
}
END_TEST

START_TEST(a_pool_that_hangs_does_not_say_what_is_wrong)
{
	const struct liteio_local_pool_repair req = { .force = false };
	struct liteio_local_pool_repaired ret = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;

	memory_new(&memory);
	pool.engine = &memory.p;
	is_taken = true;
	ck_assert_int_eq(liteio_op_pool_repair(&agent, "fast", &req, &ret, &err), -ETIMEDOUT);
	is_taken = false;
	/* and nothing is */
	ck_assert_int_eq(liteio_op_pool_repair(&agent, "fast", &req, &ret, &err), 0);
	ck_assert_uint_eq(repaired, 0);
	liteio_json_fini(&ret, liteio_local_pool_repaired_fields);
	memory_close(&memory);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-repair");
	TCase *t = unit_case(s, "repair");

	tcase_add_loop_test(t, what_stands_on_the_pool_is_let_go_of, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(t, a_pool_that_hangs_does_not_say_what_is_wrong);
	return unit_run(s);
}
