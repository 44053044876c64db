// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A head whose pool is busy, or whose disk is silent: what was not begun is told from what the
 * kernel may still do. And one that is made longer: alone where the device below is long enough,
 * else with that.
 *
 * unit-src: daemon/agent/pools.c daemon/agent/locks.c
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/door.h"
#include "agent/ended.h"
#include "agent/exports.h"
#include "agent/gate.h"
#include "agent/limits.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "base/error.h"
#include "host/head.h"
#include "host/netlink.h"
#include "pool/create.h"
#include "pool_in_memory.h"
#include "unit.h"

int head_keep(const char *path, struct liteio_error *err);

/* the rest of that file is the engine's, too */
#define liteio_block_keep(path, err) head_keep(path, err)
#include "agent/exports.c"
#undef liteio_block_keep

static struct liteio_agent agent;
static struct liteio_open_pool pool = { .name = "fast", .refs = 1 };
static struct memory_pool memory;

/* in place of the C library's: who waits for the lane has waited long enough */
int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
			   const struct timespec *until)
{
	const int is_late = ETIMEDOUT;

	return is_late;
}

static bool is_silent;

int liteio_pools_check_awake(struct liteio_open_pool *p, struct liteio_error *err)
{
	return is_silent ? liteio_error_set(err, -ETIMEDOUT, "pool %s: silent", p->name) : 0;
}

void liteio_pools_load_begin(struct liteio_open_pool *p)
{
}

void liteio_pools_load_end(struct liteio_open_pool *p)
{
}

/* is the module loaded? */
static bool has_module;
static struct liteio_netlink {
	char any;
} netlink;

int liteio_gate_open(struct liteio_netlink **ret, struct liteio_error *err)
{
	*ret = has_module ? &netlink : NULL;
	return 0;
}

void liteio_netlink_close(struct liteio_netlink *nl)
{
}

/* ---- a head --------------------------------------------------------------------------------- */

/* what it says when it is to grow alone; how long it has become, and what is below */
static int grows;
static uint64_t head_bytes, device_bytes;
/* happens beside the load of its table */
static void (*meanwhile)(void);
static unsigned int n_failed;

int liteio_head_grow(const struct liteio_uuid *uuid, uint64_t generation, uint64_t size_bytes,
		     struct liteio_error *err)
{
	if (grows > 0)
		head_bytes = size_bytes;
	return grows;
}

/* so often it is told to take no discards */
static unsigned int n_kept;

int head_keep(const char *path, struct liteio_error *err)
{
	ck_assert_str_eq(path, "/dev/dm-7");
	n_kept++;
	return 0;
}

int liteio_head_ensure(const struct liteio_head *h, char ret_path[LITEIO_DM_PATH_MAX],
		       struct liteio_error *err)
{
	strcpy(ret_path, "/dev/dm-7");
	/* as the kernel does it */
	if (h->size_bytes > device_bytes)
		return liteio_error_set(err, -EINVAL, "the device below is too short");
	head_bytes = h->size_bytes;
	if (meanwhile)
		meanwhile();
	return 0;
}

int liteio_head_fail(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		     struct liteio_error *err)
{
	n_failed++;
	return 0;
}

int liteio_head_get(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		    struct liteio_head_state *ret, struct liteio_error *err)
{
	/* a plain one, or what a fence has left of it */
	*ret = (struct liteio_head_state){ .head = { .generation = generation } };
	return has_module ? 0 : -ENODEV;
}

int liteio_head_path(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		     char ret[LITEIO_DM_PATH_MAX], struct liteio_error *err)
{
	return -ENODEV;
}

int liteio_head_remove(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		       struct liteio_error *err)
{
	return -EIO;
}

static int volume_activate(struct liteio_engine *e, const struct liteio_uuid *uuid,
			   const struct liteio_engine_device *want, struct liteio_pool_thin *ret,
			   struct liteio_error *err)
{
	device_bytes = want->size_bytes;
	return memory_activate(e, uuid, want, ret, err);
}

/* ---- what nobody comes to then -------------------------------------------------------------- */

int liteio_gate_volume(struct liteio_netlink *nl, const struct liteio_uuid *uuid, const char *name,
		       uint64_t floor, struct liteio_error *err)
{
	return has_module ? 0 : -EIO;
}

int liteio_gate_attach(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
		       uint64_t generation, const char *host, bool read_only,
		       struct liteio_error *err)
{
	return has_module ? 0 : -EIO;
}

int liteio_gate_detach(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
		       uint64_t generation, bool volume, struct liteio_error *err)
{
	return -EIO;
}

int liteio_limits_hold(struct liteio_netlink *nl, struct liteio_open_pool *p,
		       const struct liteio_uuid *uuid, struct liteio_error *err)
{
	return has_module ? 0 : -EIO;
}

int liteio_ended_check(struct liteio_agent *a, const struct liteio_uuid *volume,
		       uint64_t generation, struct liteio_error *err)
{
	return -EIO;
}

int liteio_publish_is(const struct liteio_uuid *uuid, const char *device)
{
	return 0;
}

void liteio_publish_del(const struct liteio_uuid *uuid, const char *device)
{
}

int liteio_places_keep(struct liteio_agent *a, struct liteio_open_pool *p,
		       struct liteio_error *err)
{
	return -EIO;
}

bool liteio_door_is_closed(const struct liteio_agent *a)
{
	return true;
}

/* ---- the tests ------------------------------------------------------------------------------ */

static const struct liteio_pool_create want = {
	.uuid = { .b = { 5 } }, .name = "data", .size_bytes = 1 << 20,
};
static const struct liteio_catalog_attachment att = {
	.volume = { .b = { 5 } }, .generation = 1, .state = LITEIO_CATALOG_ATT_LIVE,
	.flags = LITEIO_CATALOG_ATT_LOCAL,
};

static void open_pool(void)
{
	memory_new(&memory);
	pool.engine = &memory.p;
	pthread_mutex_init(&pool.lock, NULL);
	pthread_cond_init(&pool.changed, NULL);
	pool.last = &pool.first;
}

/* a volume, attached here */
static void attach(struct liteio_error *err)
{
	ck_assert_int_eq(liteio_pool_volume_create(&memory.p, &want, NULL, err), 0);
	ck_assert_int_eq(liteio_pool_attachment_add(&memory.p, &att, err), 0);
}

START_TEST(what_was_not_begun_is_not_under_way)
{
	const struct liteio_catalog_volume v = { .uuid = { .b = { 5 } }, .name = "data" };
	struct liteio_error err = LITEIO_ERROR_INIT;

	open_pool();
	liteio_pools_enter(&pool, false);
	ck_assert_int_eq(liteio_export_prepare(&agent, &pool, &v, &att, &err), -EAGAIN);
	ck_assert_ptr_nonnull(strstr(err.msg, "pool fast"));
	liteio_pools_leave(&pool);
	is_silent = true;
	ck_assert_int_eq(liteio_export_prepare(&agent, &pool, &v, &att, &err), -EAGAIN);
	ck_assert_ptr_nonnull(strstr(err.msg, "pool fast: silent"));
	memory_close(&memory);
}
END_TEST

/* from 1 to 2 MiB, over a device that is so long: the catalog says so, and it is asked for again */
static void grow(int alone, uint64_t bytes)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_engine_ops ops;
	struct liteio_catalog_volume v;

	open_pool();
	ops = *memory.engine.ops;
	ops.volume_activate = volume_activate;
	memory.engine.ops = &ops;
	attach(&err);
	ck_assert_int_eq(liteio_pool_volume_grow(&memory.p, &want.uuid, 2 << 20, NULL, &err), 0);
	ck_assert_int_eq(liteio_pool_volume_get(&memory.p, &want.uuid, &v), 0);
	grows = alone;
	device_bytes = bytes;
	head_bytes = 1 << 20;
	ck_assert_msg(!liteio_export_resize(&agent, &pool, &v, &err), "%s", err.msg);
	ck_assert_uint_eq(head_bytes, 2 << 20);
	memory_close(&memory);
}

START_TEST(a_short_device_is_made_longer_with_its_head)
{
	/* as an older agent has made it */
	grow(-EINVAL, 1 << 20);
	ck_assert_uint_eq(device_bytes, 2 << 20);
	/* there is no head */
	grow(0, 1 << 20);
	ck_assert_uint_eq(device_bytes, 2 << 20);
	/* it has room */
	grow(1, 1ull << 40);
	ck_assert_uint_eq(device_bytes, 1ull << 40);
}
END_TEST

/*
 * the device below takes them for a moment when its table is loaded anew; the head of an older
 * agent would let them through
 */
START_TEST(one_that_will_be_wiped_with_zeros_takes_no_discards)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog_volume v;

	for (unsigned int is_wiped = 0; is_wiped < 2; is_wiped++) {
		open_pool();
		device_bytes = 1 << 20;
		attach(&err);
		if (is_wiped)
			memory.p.cat.volumes[0]->wipe = LITEIO_CATALOG_WIPE_ZERO;
		ck_assert_int_eq(liteio_pool_volume_get(&memory.p, &want.uuid, &v), 0);
		ck_assert_msg(!liteio_export_prepare(&agent, &pool, &v, &att, &err), "%s", err.msg);
		ck_assert_uint_eq(n_kept, is_wiped);
		memory_close(&memory);
	}
}
END_TEST

static void fence(void)
{
	ck_assert_int_eq(liteio_pool_attachment_fence(&memory.p,
						      &(struct liteio_uuid){ .b = { 5 } }, 1,
						      false, NULL), 0);
}

/* made without the module, which is there by now: its fence takes no lock of the volume */
START_TEST(a_plain_head_that_was_fenced_is_not_brought_back)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_catalog_volume v;

	open_pool();
	has_module = true;
	device_bytes = 1 << 20;
	attach(&err);
	ck_assert_int_eq(liteio_pool_volume_get(&memory.p, &want.uuid, &v), 0);
	ck_assert_int_eq(liteio_export_prepare(&agent, &pool, &v, &att, &err), 0);
	ck_assert_uint_eq(n_failed, 0);
	meanwhile = fence;
	ck_assert_int_eq(liteio_export_prepare(&agent, &pool, &v, &att, &err), -ESTALE);
	ck_assert_uint_eq(n_failed, 1);
	memory_close(&memory);
}
END_TEST

UNIT_MAIN("agent-head", what_was_not_begun_is_not_under_way,
	  a_short_device_is_made_longer_with_its_head,
	  one_that_will_be_wiped_with_zeros_takes_no_discards,
	  a_plain_head_that_was_fenced_is_not_brought_back)
