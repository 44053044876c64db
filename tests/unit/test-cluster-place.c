// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nothing is concluded about a volume, or snapshot, whose pool went or came while it was looked
 * for: its object is not let go of, it is not said to be lost, nor made again.
 *
 * unit-src: daemon/agent/cluster_volume.c daemon/agent/cluster_snapshot.c
 * unit-src: daemon/agent/cluster_pool.c daemon/agent/cluster_plan.c daemon/agent/cluster_write.c
 * unit-src: daemon/agent/pools.c
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/cluster_work.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "base/error.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "model/snapshot.h"
#include "model/volume.h"
#include "pool_in_memory.h"
#include "unit.h"

#define UUID "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

/* ---- an API server with one object of each kind ---------------------------------------------- */

struct liteio_informer {
	const char *text;
};

static struct liteio_informer pools = {
	"{\"metadata\":{\"name\":\"n1.a\",\"uid\":\"" UUID "\",\"resourceVersion\":\"7\"},"
	"\"spec\":{\"node\":\"n1\",\"pool\":\"a\",\"device\":\"/dev/a\"},\"status\":{}}"
};
static struct liteio_informer volumes, snapshots;
static unsigned int n_released, n_reported, n_made;

struct liteio_json *liteio_informer_get(struct liteio_informer *inf, const char *key)
{
	struct liteio_json *j;

	ck_assert_int_eq(liteio_json_parse(inf->text, strlen(inf->text), &j, NULL), 0);
	return j;
}

struct liteio_json *liteio_informer_list(struct liteio_informer *inf)
{
	return liteio_json_new_array();
}

void liteio_informer_offer(struct liteio_informer *inf, struct liteio_json *obj)
{
}

int liteio_kube_call_sync(struct liteio_kube *k, const struct liteio_kube_request *req,
			  struct liteio_json **ret, struct liteio_error *err)
{
	if (req->verb == LITEIO_KUBE_PATCH)
		n_released++;
	else
		n_reported++;
	*ret = liteio_json_new_object();
	return 0;
}

void liteio_event_emit(struct liteio_events *ev, const struct liteio_json *obj, bool warning,
		       const char *reason, const char *action, const char *fmt, ...)
{
}

/* ---- a node whose pool goes, or comes, while something is looked for in it ------------------- */

static struct liteio_agent agent = { .identity = { .name = (char *)"n1" } };
static struct liteio_cluster cluster = { .agent = &agent, .pools = &pools, .volumes = &volumes,
					 .snapshots = &snapshots };
static struct memory_pool memory;
static struct liteio_open_pool *pool;
/* what happens to the pool as soon as its place is known */
static void (*meanwhile)(void);

static void export_it(void)
{
	ck_assert_int_eq(liteio_pools_take_out(agent.pools, pool, "exported", NULL), 0);
	liteio_pools_left(agent.pools, pool);
	liteio_pools_put(agent.pools, pool);
	pool = NULL;
}

static void export_and_import_it(void)
{
	export_it();
	ck_assert_int_eq(liteio_pools_add(agent.pools, &memory.p, &pool, NULL), 0);
}

int liteio_op_pool_show(struct liteio_agent *a, const char *name, struct liteio_local_pool *ret,
			struct liteio_error *err)
{
	struct liteio_open_pool *p;
	int r = liteio_pools_get(a->pools, name, &p, err);

	if (r)
		return r;
	ret->name = liteio_strdup(name);
	ret->uuid = p->uuid;
	ret->state = liteio_strdup("ready");
	liteio_pools_put(a->pools, p);
	if (meanwhile)
		meanwhile();
	meanwhile = NULL;
	return 0;
}

int liteio_op_volume_show(struct liteio_agent *a, const char *volume,
			  struct liteio_local_volume *ret, struct liteio_error *err)
{
	return liteio_error_set(err, -ENOENT, "no such volume on this node");
}

int liteio_op_snapshot_show(struct liteio_agent *a, const char *snapshot,
			    struct liteio_local_snapshot *ret, struct liteio_error *err)
{
	return liteio_error_set(err, -ENOENT, "no such snapshot on this node");
}

int liteio_op_volume_create_in(struct liteio_agent *a, const struct liteio_uuid *in,
			       const struct liteio_local_volume_create *req,
			       struct liteio_local_volume *ret, struct liteio_error *err)
{
	n_made++;
	/* the pool that was looked at, whatever has its name by now */
	ck_assert(pool && liteio_uuid_equal(in, &pool->uuid));
	return liteio_error_set(err, -EIO, "the disk has failed");
}

#define NOT_ASKED(name, ...) \
	int name(struct liteio_agent *a, __VA_ARGS__, struct liteio_error *err) \
	{ \
		ck_abort_msg("nobody has wanted this"); \
		return -EINVAL; \
	}

NOT_ASKED(liteio_op_volume_grow, const char *volume, uint64_t size_bytes,
	  struct liteio_local_volume *ret)
NOT_ASKED(liteio_op_volume_limit, const char *volume, const struct liteio_limits_change *change,
	  struct liteio_local_volume *ret)
NOT_ASKED(liteio_op_volume_delete, const char *volume, const struct liteio_local_delete *req,
	  struct liteio_local_deleted *ret)
NOT_ASKED(liteio_op_snapshot_delete, const char *volume, const struct liteio_local_delete *req,
	  struct liteio_local_deleted *ret)
NOT_ASKED(liteio_op_snapshot_create, const struct liteio_local_snapshot_create *req,
	  struct liteio_local_snapshot *ret)
NOT_ASKED(liteio_op_export_create, const struct liteio_local_export_create *req,
	  struct liteio_local_export *ret)
NOT_ASKED(liteio_op_export_delete, const char *volume, uint64_t generation, uint64_t timeout_ms,
	  struct liteio_local_unexport *ret)
NOT_ASKED(liteio_op_export_list, const char *volume, struct liteio_local_export_list *ret)
NOT_ASKED(liteio_op_pool_create, const struct liteio_local_pool_create *req,
	  struct liteio_local_pool *ret)
NOT_ASKED(liteio_op_pool_reopen, const struct liteio_local_pool_import *req, const char *name,
	  const struct liteio_uuid *uuid,
	  struct liteio_local_pool *ret)
NOT_ASKED(liteio_op_pool_delete_open, const char *name, const struct liteio_uuid *uuid)
NOT_ASKED(liteio_op_pool_forget, const char *name, bool *ret_known)
NOT_ASKED(liteio_op_pool_set, const char *name, const struct liteio_local_pool_set *req,
	  struct liteio_local_pool *ret)

static void setup(void)
{
	agent.pools = liteio_pools_new();
	memory_new(&memory);
	snprintf(memory.p.store.label.pool_name, LITEIO_ONDISK_NAME, "a");
	ck_assert_int_eq(liteio_pools_add(agent.pools, &memory.p, &pool, NULL), 0);
}

static void teardown(void)
{
	if (pool)
		export_it();
	memory_close(&memory);
	liteio_pools_free(agent.pools);
}

/* ---- objects --------------------------------------------------------------------------------- */

#define META(more) \
	"{\"metadata\":{\"name\":\"x\",\"uid\":\"" UUID "\",\"resourceVersion\":\"7\"" more "}"
#define DELETED(finalizer) \
	",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\",\"finalizers\":[\"" finalizer "\"]"
#define PLACED "\"placement\":{\"node\":\"n1\",\"pool\":\"n1.a\"}"
#define VOLUME(meta, status) \
	META(meta) ",\"spec\":{\"sizeBytes\":8388608," PLACED "},\"status\":{" status "}}"
#define SNAPSHOT(meta, status) \
	META(meta) ",\"spec\":{\"volume\":\"v\"," PLACED "},\"status\":{" status "}}"

static const struct {
	const char *volume;
	const char *snapshot;
	unsigned int released;
	unsigned int reported;
	unsigned int made;
} cases[] = {
	/* the pool has nothing of it any more */
	{ .volume = VOLUME(DELETED(LITEIO_VOLUME_FINALIZER), ""), .released = 1 },
	{ .snapshot = SNAPSHOT(DELETED(LITEIO_SNAPSHOT_FINALIZER), ""), .released = 1 },
	/* lost */
	{ .volume = VOLUME("", "\"node\":{\"created\":true}"), .reported = 1 },
	{ .snapshot = SNAPSHOT("", "\"ready\":true"), .reported = 1 },
	/* new; the disk fails, which is said, too */
	{ .volume = VOLUME("", ""), .reported = 1, .made = 1 },
};

static void pass(int i, uint64_t *ret_again_ms)
{
	volumes.text = cases[i].volume;
	snapshots.text = cases[i].snapshot;
	*ret_again_ms = 0;
	if (volumes.text)
		(void)liteio_cluster_volume(&cluster, "x", ret_again_ms);
	else
		(void)liteio_cluster_snapshot(&cluster, "x", ret_again_ms);
}

static void expect(unsigned int released, unsigned int reported, unsigned int made)
{
	ck_assert_uint_eq(n_released, released);
	ck_assert_uint_eq(n_reported, reported);
	ck_assert_uint_eq(n_made, made);
}

START_TEST(what_is_not_in_a_pool_that_stays_is_not_there)
{
	uint64_t again_ms;

	pass(_i, &again_ms);
	expect(cases[_i].released, cases[_i].reported, cases[_i].made);
}
END_TEST

START_TEST(what_was_in_a_pool_that_went_is_not_gone)
{
	uint64_t again_ms;

	meanwhile = export_it;
	pass(_i, &again_ms);
	expect(0, 0, 0);
	ck_assert_uint_eq(again_ms, LITEIO_CLUSTER_CONFLICT_MS);
	/* and the next pass knows that it is not there; of what is not deleted that is said */
	pass(_i, &again_ms);
	ck_assert_uint_eq(n_released, 0);
	ck_assert_uint_eq(n_made, 0);
}
END_TEST

/* there before, and there after: but not when it was looked for */
START_TEST(a_pool_that_went_and_came_back_has_been_away)
{
	uint64_t again_ms;

	meanwhile = export_and_import_it;
	pass(_i, &again_ms);
	expect(0, 0, 0);
	ck_assert_uint_eq(again_ms, LITEIO_CLUSTER_CONFLICT_MS);
	pass(_i, &again_ms);
	expect(cases[_i].released, cases[_i].reported, cases[_i].made);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cluster-place");
	TCase *t = unit_case(s, "place");
	const int n = sizeof(cases) / sizeof(cases[0]);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, what_is_not_in_a_pool_that_stays_is_not_there, 0, n);
	tcase_add_loop_test(t, what_was_in_a_pool_that_went_is_not_gone, 0, n);
	tcase_add_loop_test(t, a_pool_that_went_and_came_back_has_been_away, 0, n);
	return unit_run(s);
}
