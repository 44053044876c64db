// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the cluster half does to a volume or snapshot it does to the one it has looked at, by its
 * uuid, and in the pool it has looked at: what is called so a moment later may be another one.
 *
 * unit-src: daemon/agent/cluster_volume.c daemon/agent/cluster_snapshot.c
 * unit-src: daemon/agent/cluster_plan.c daemon/agent/cluster_plan_fence.c
 */
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/cluster_work.h"
#include "agent/ops.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "model/condition.h"
#include "unit.h"

#define UUID "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define SOURCE "7ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define OTHER "8ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define POOL "9ba7b810-9dad-11d1-80b4-00c04fd430c8"

static struct liteio_agent agent;
static struct liteio_cluster cluster = { .agent = &agent };
static struct liteio_json *object;
/* what was done, and to what: "grow UUID " */
static struct liteio_buf did;
/* what the node has by UUID; 0 bytes: nothing */
static uint64_t has_bytes;
static uint64_t has_generation;
/* two others have the name */
static bool name_is_twice;
/* one other has it */
static bool name_is_taken;
/* a pool has come or gone since it was looked up */
static bool has_changed;
/* what is done last does not work: nothing follows it */
static bool may_fail;

static struct liteio_uuid uuid_of(const char *text)
{
	struct liteio_uuid uuid;

	ck_assert_int_eq(liteio_uuid_parse(text, &uuid), 0);
	return uuid;
}

/* ---- the cluster ---------------------------------------------------------------------------- */

struct liteio_json *liteio_informer_get(struct liteio_informer *inf, const char *name)
{
	return liteio_json_ref(object);
}

int liteio_cluster_place(struct liteio_cluster *c, const char *storage_pool,
			 struct liteio_cluster_place *ret, struct liteio_error *err)
{
	*ret = (struct liteio_cluster_place){ .pool = liteio_strdup("a"), .uuid = uuid_of(POOL),
					      .ready = true };
	return 0;
}

int liteio_cluster_check_absent(struct liteio_cluster *c, const struct liteio_cluster_place *place,
				struct liteio_error *err)
{
	return has_changed ? liteio_error_set(err, -EAGAIN, "look again") : 0;
}

int liteio_cluster_report(struct liteio_cluster *c, const struct liteio_resource *res,
			  struct liteio_informer *inf, const struct liteio_meta *meta,
			  struct liteio_json *status, struct liteio_error *err)
{
	liteio_json_unref(status);
	return 0;
}

int liteio_cluster_finalizer(struct liteio_cluster *c, const struct liteio_resource *res,
			     struct liteio_informer *inf, const struct liteio_json *obj,
			     const struct liteio_meta *meta, const char *finalizer, bool present,
			     struct liteio_error *err)
{
	liteio_buf_addf(&did, "release ");
	return 0;
}

void liteio_cluster_condition(struct liteio_json *list, const struct liteio_verdict *v,
			      const struct liteio_condition *old, size_t n_old, uint64_t generation)
{
}

int liteio_cluster_result(int r, const char *about, const struct liteio_error *err,
			  uint64_t *ret_again_ms)
{
	ck_assert_msg(!r == !may_fail, "%s: %s", about, err->msg);
	return r;
}

void liteio_event_emit(struct liteio_events *e, const struct liteio_json *about, bool warning,
		       const char *reason, const char *action, const char *fmt, ...)
{
}

/* ---- the node ------------------------------------------------------------------------------- */

/* by what it is called there is another one, or two */
static int find(const char *name, struct liteio_error *err)
{
	if (!strcmp(name, UUID))
		return has_bytes ? 0 : liteio_error_set(err, -ENOENT, "no such");
	if (name_is_taken && !strcmp(name, "v"))
		return 0;
	if (name_is_twice)
		return liteio_error_set(err, -EEXIST, "there are two");
	return liteio_error_set(err, -ENOENT, "no such");
}

static const char *uuid_by(const char *name)
{
	if (!strcmp(name, SOURCE))
		return SOURCE;
	return strcmp(name, UUID) ? OTHER : UUID;
}

static void fill(struct liteio_local_volume *ret, const char *uuid, uint64_t size_bytes)
{
	ret->name = liteio_strdup("v");
	ret->uuid = uuid_of(uuid);
	ret->pool = liteio_strdup("a");
	ret->state = liteio_strdup("ready");
	ret->size_bytes = size_bytes;
}

int liteio_op_volume_show(struct liteio_agent *a, const char *volume,
			  struct liteio_local_volume *ret, struct liteio_error *err)
{
	int r = strcmp(volume, SOURCE) ? find(volume, err) : 0;

	if (r)
		return r;
	fill(ret, uuid_by(volume), has_bytes);
	if (has_generation) {
		ret->attachments = liteio_calloc(1, sizeof(*ret->attachments));
		ret->attachments[0].generation = has_generation;
		ret->n_attachments = 1;
	}
	return 0;
}

int liteio_op_export_list(struct liteio_agent *a, const char *volume,
			  struct liteio_local_export_list *ret, struct liteio_error *err)
{
	ck_assert_str_eq(volume, UUID);
	return 0;
}

int liteio_op_volume_create_in(struct liteio_agent *a, const struct liteio_uuid *pool,
			       const struct liteio_local_volume_create *req,
			       struct liteio_local_volume *ret, struct liteio_error *err)
{
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(pool, text);
	liteio_buf_addf(&did, "create %s in %s %s from %s ", req->name, req->pool, text,
			req->snapshot ? req->snapshot : "nothing");
	has_bytes = req->size_bytes;
	return 0;
}

int liteio_op_volume_grow(struct liteio_agent *a, const char *volume, uint64_t size_bytes,
			  struct liteio_local_volume *ret, struct liteio_error *err)
{
	liteio_buf_addf(&did, "grow %s ", volume);
	has_bytes = size_bytes;
	return 0;
}

int liteio_op_volume_limit(struct liteio_agent *a, const char *volume,
			   const struct liteio_limits_change *change,
			   struct liteio_local_volume *ret, struct liteio_error *err)
{
	liteio_buf_addf(&did, "limit %s ", volume);
	return liteio_error_set(err, -EIO, "enough");
}

int liteio_op_export_create(struct liteio_agent *a, const struct liteio_local_export_create *req,
			    struct liteio_local_export *ret, struct liteio_error *err)
{
	liteio_buf_addf(&did, "export %s ", req->volume);
	return liteio_error_set(err, -EIO, "enough");
}

int liteio_op_export_delete(struct liteio_agent *a, const char *volume, uint64_t generation,
			    uint64_t timeout_ms, struct liteio_local_unexport *ret,
			    struct liteio_error *err)
{
	liteio_buf_addf(&did, "unexport %s ", volume);
	ret->drained = true;
	ret->removed = true;
	has_generation = 0;
	return 0;
}

int liteio_op_volume_delete(struct liteio_agent *a, const char *volume,
			    const struct liteio_local_delete *req,
			    struct liteio_local_deleted *ret, struct liteio_error *err)
{
	liteio_buf_addf(&did, "delete %s ", volume);
	has_bytes = 0;
	return 0;
}

int liteio_op_snapshot_show(struct liteio_agent *a, const char *snapshot,
			    struct liteio_local_snapshot *ret, struct liteio_error *err)
{
	/* a volume is made from it, and that is looked for by its name */
	bool is_source = !strcmp(snapshot, "s");
	int r = is_source ? 0 : find(snapshot, err);

	if (r)
		return r;
	ret->name = liteio_strdup("s");
	ret->uuid = uuid_of(is_source ? SOURCE : uuid_by(snapshot));
	ret->pool = liteio_strdup("a");
	ret->state = liteio_strdup("ready");
	return 0;
}

int liteio_op_snapshot_create(struct liteio_agent *a,
			      const struct liteio_local_snapshot_create *req,
			      struct liteio_local_snapshot *ret, struct liteio_error *err)
{
	liteio_buf_addf(&did, "snapshot %s of %s ", req->name, req->volume);
	has_bytes = 4 << 20;
	return 0;
}

int liteio_op_snapshot_delete(struct liteio_agent *a, const char *snapshot,
			      const struct liteio_local_delete *req,
			      struct liteio_local_deleted *ret, struct liteio_error *err)
{
	liteio_buf_addf(&did, "delete %s ", snapshot);
	has_bytes = 0;
	return 0;
}

/* ---- the tests ------------------------------------------------------------------------------ */

#define PLACED "\"placement\":{\"node\":\"n1\",\"pool\":\"n1.a\",\"sourceUUID\":\"" SOURCE "\"}"

static const struct act {
	const char *spec;
	uint64_t has_bytes;
	uint64_t has_generation;
	bool is_deleting;
	bool is_snapshot;
	bool fails;
	const char *did;
} acts[] = {
	{ "\"sizeBytes\":4194304", .did = "create v in a " POOL " from nothing " },
	{ "\"sizeBytes\":4194304,\"source\":{\"snapshot\":\"s\"}",
	  .did = "create v in a " POOL " from " SOURCE " " },
	{ "\"sizeBytes\":8388608", 4 << 20, .did = "grow " UUID " " },
	{ "\"sizeBytes\":4194304,\"limits\":{\"readIOPS\":5000}", 4 << 20, .fails = true,
	  .did = "limit " UUID " " },
	{ "\"sizeBytes\":4194304,\"grants\":[{\"generation\":3,\"node\":\"n1\"}]", 4 << 20,
	  .fails = true, .did = "export " UUID " " },
	{ "\"sizeBytes\":4194304", 4 << 20, 3, .is_deleting = true,
	  .did = "unexport " UUID " delete " UUID " release " },
	{ "\"volume\":\"v\"", .is_snapshot = true, .did = "snapshot v of " SOURCE " " },
	{ "\"volume\":\"v\"", 4 << 20, .is_snapshot = true, .is_deleting = true,
	  .did = "delete " UUID " release " },
};

static void object_is(const struct act *act)
{
	char *text = liteio_strf("{\"metadata\":{\"name\":\"v\",\"uid\":\"" UUID
				 "\",\"resourceVersion\":\"1\",\"finalizers\":[\"liteio.io/%s\"]%s},"
				 "\"spec\":{%s," PLACED "}}",
				 act->is_snapshot ? "snapshot" : "volume",
				 act->is_deleting ?
					 ",\"deletionTimestamp\":\"2026-11-27T00:00:00Z\"" :
					 "",
				 act->spec);

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &object, NULL), 0);
	free(text);
}

static void act_on(const struct act *act)
{
	uint64_t again_ms = 0;

	agent.identity.name = (char *)"n1";
	has_bytes = act->has_bytes;
	has_generation = act->has_generation;
	may_fail = act->fails;
	object_is(act);
	if (act->is_snapshot)
		(void)liteio_cluster_snapshot(&cluster, "v", &again_ms);
	else
		(void)liteio_cluster_volume(&cluster, "v", &again_ms);
	ck_assert_str_eq(did.data ? did.data : "", act->did);
	liteio_buf_fini(&did);
	liteio_json_unref(object);
}

START_TEST(it_is_done_to_the_one_that_is_meant)
{
	act_on(&acts[_i]);
}
END_TEST

/* pools that came late have it, too */
START_TEST(also_when_its_name_means_nothing)
{
	name_is_twice = true;
	if (acts[_i].has_bytes)
		act_on(&acts[_i]);
}
END_TEST

/* that another one has the name says that this one is gone only when no pool has, meanwhile */
START_TEST(what_is_not_found_may_be_in_a_pool_that_has_just_gone)
{
	const struct act gone[] = {
		{ "\"sizeBytes\":4194304", .is_deleting = true, .did = "release " },
		{ "\"volume\":\"v\"", .is_snapshot = true, .is_deleting = true,
		  .did = "release " },
	};
	struct act unsure = gone[_i % 2];

	name_is_taken = _i / 2;
	act_on(&gone[_i % 2]);
	has_changed = true;
	unsure.fails = true;
	unsure.did = "";
	act_on(&unsure);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-cluster-acts");
	TCase *t = unit_case(s, "acts");

	tcase_add_loop_test(t, it_is_done_to_the_one_that_is_meant, 0, LITEIO_ARRAY_SIZE(acts));
	tcase_add_loop_test(t, also_when_its_name_means_nothing, 0, LITEIO_ARRAY_SIZE(acts));
	tcase_add_loop_test(t, what_is_not_found_may_be_in_a_pool_that_has_just_gone, 0, 4);
	return unit_run(s);
}
