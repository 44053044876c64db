// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent's plans for objects of the cluster, as tables.
 * unit-src: daemon/agent/cluster_plan.c daemon/agent/cluster_plan_fence.c
 */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cluster_plan.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "unit.h"

#define UUID "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define OTHER "7ba7b810-9dad-11d1-80b4-00c04fd430c8"

static struct liteio_json *parse(const char *text)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j = NULL;

	ck_assert_msg(!liteio_json_parse(text, strlen(text), &j, &err), "%s: %s", text, err.msg);
	return j;
}

static void decode(const char *text, const struct liteio_field *fields, void *ret)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j = parse(text);

	ck_assert_msg(!liteio_json_decode(j, fields, LITEIO_JSON_STRICT, ret, &err), "%s: %s", text,
		      err.msg);
	liteio_json_unref(j);
}

static char *object(const char *meta, const char *spec, const char *status)
{
	return liteio_strf("{\"metadata\":{\"name\":\"x\",\"uid\":\"" UUID
			   "\",\"resourceVersion\":\"7\"%s},\"spec\":{%s},\"status\":{%s}}",
			   meta, spec, status);
}

#define DELETING ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\""
#define SIZE(n) "\"sizeBytes\":" #n
#define PLACED ",\"placement\":{\"node\":\"p\",\"pool\":\"p.fast\",\"sourceUUID\":\"" UUID "\"}"
#define GRANT(g, n) "{\"generation\":" #g ",\"node\":\"" n "\",\"hostNQN\":\"nqn.h\"}"
#define GRANTS(next, g) ",\"nextGeneration\":" #next ",\"grants\":[" g "]"
#define LIMITS(n) ",\"limits\":{\"readIOPS\":" #n "}"
#define FLOOR(n) ",\"fenceBelow\":" #n
#define NODE(x) "\"node\":{" x "}"
#define CREATED "\"created\":true,\"sizeBytes\":8388608"
#define HAVE(uuid, more) "{\"name\":\"x\",\"uuid\":\"" uuid "\",\"pool\":\"fast\"," more "}"
#define READY SIZE(8388608) ",\"state\":\"ready\""
#define LIVE(g) "{\"generation\":" #g ",\"hostNQN\":\"nqn.h\"}"
#define EXPORT(g, host, ready) \
	"{\"volume\":\"x\",\"uuid\":\"" UUID "\",\"generation\":" #g ",\"nqn\":\"nqn.v\"," \
	"\"hostNQN\":\"" host "\",\"addresses\":[\"192.0.2.1:4420\"],\"ready\":" #ready "}"
#define LOCAL(g) \
	"{\"volume\":\"x\",\"uuid\":\"" UUID "\",\"generation\":" #g "," \
	"\"local\":true,\"ready\":true}"
#define NO_POOL 1u
#define POOL_GONE 2u
#define STUCK_2 4u

static const struct {
	const char *name;
	const char *meta;
	const char *spec;
	const char *status;
	const char *have;
	const char *exports;
	unsigned int flags;
	enum liteio_plan_kind kind;
	uint64_t generation;
	const char *reason;
} volumes[] = {
	{ "new", "", SIZE(8388608) PLACED, "", NULL, "", 0, LITEIO_PLAN_CREATE, 0, "Creating" },
	{ "pool not here", "", SIZE(8388608) PLACED, "", NULL, "", NO_POOL, LITEIO_PLAN_NOTHING, 0,
	  "PoolNotReady" },
	{ "lost is not made again", "", SIZE(8388608) PLACED, NODE(CREATED), NULL, "", 0,
	  LITEIO_PLAN_NOTHING, 0, "Lost" },
	{ "cut short", "", SIZE(8388608) PLACED, "",
	  HAVE(UUID, SIZE(8388608) ",\"state\":\"creating\""), "", 0, LITEIO_PLAN_CREATE, 0,
	  "Creating" },
	{ "there", "", SIZE(8388608) PLACED, NODE(CREATED), HAVE(UUID, READY), "", 0,
	  LITEIO_PLAN_NOTHING, 0, "Ready" },
	{ "another one of the name", "", SIZE(8388608) PLACED, NODE(CREATED),
	  HAVE(OTHER, READY), "", 0, LITEIO_PLAN_NOTHING, 0, "NameTaken" },
	{ "another one of the name is not deleted", DELETING, SIZE(8388608) PLACED, NODE(CREATED),
	  HAVE(OTHER, READY), "", 0, LITEIO_PLAN_RELEASE, 0, "NameTaken" },
	{ "grows", "", SIZE(16777216) PLACED, NODE(CREATED), HAVE(UUID, READY), "", 0,
	  LITEIO_PLAN_GROW, 0, "Growing" },
	{ "limited", "", SIZE(8388608) PLACED LIMITS(100), NODE(CREATED), HAVE(UUID, READY), "", 0,
	  LITEIO_PLAN_LIMIT, 0, "Ready" },
	{ "limited before it is given", "",
	  SIZE(8388608) PLACED LIMITS(100) GRANTS(3, GRANT(2, "a")),
	  NODE(CREATED), HAVE(UUID, READY LIMITS(99)), "", 0, LITEIO_PLAN_LIMIT, 0, "Ready" },
	{ "limited as it should be", "", SIZE(8388608) PLACED LIMITS(100), NODE(CREATED),
	  HAVE(UUID, READY LIMITS(100)), "", 0, LITEIO_PLAN_NOTHING, 0, "Ready" },
	{ "no limit any more", "", SIZE(8388608) PLACED, NODE(CREATED),
	  HAVE(UUID, READY LIMITS(100)), "", 0, LITEIO_PLAN_LIMIT, 0, "Ready" },
	{ "granted", "", SIZE(8388608) PLACED GRANTS(3, GRANT(2, "a")), NODE(CREATED),
	  HAVE(UUID, READY), "", 0, LITEIO_PLAN_EXPORT, 2, "Ready" },
	{ "exported", "", SIZE(8388608) PLACED GRANTS(3, GRANT(2, "a")), NODE(CREATED),
	  HAVE(UUID, READY ",\"attachments\":[" LIVE(2) "]"), EXPORT(2, "nqn.h", true), 0,
	  LITEIO_PLAN_NOTHING, 0, "Ready" },
	{ "exported, not ready", "", SIZE(8388608) PLACED GRANTS(3, GRANT(2, "a")), NODE(CREATED),
	  HAVE(UUID, READY ",\"attachments\":[" LIVE(2) "]"), EXPORT(2, "nqn.h", false), 0,
	  LITEIO_PLAN_EXPORT, 2, "Ready" },
	{ "exported to another host", "", SIZE(8388608) PLACED GRANTS(3, GRANT(2, "a")),
	  NODE(CREATED), HAVE(UUID, READY ",\"attachments\":[" LIVE(2) "]"),
	  EXPORT(2, "nqn.other", true), 0, LITEIO_PLAN_EXPORT, 2, "Ready" },
	{ "local consumer", "", SIZE(8388608) PLACED GRANTS(3, GRANT(2, "p")), NODE(CREATED),
	  HAVE(UUID, READY ",\"attachments\":[" LIVE(2) "]"), LOCAL(2), 0, LITEIO_PLAN_NOTHING, 0,
	  "Ready" },
	{ "to be fenced is not opened", "", SIZE(8388608) PLACED GRANTS(3, GRANT(2, "a")) FLOOR(3),
	  NODE(CREATED), HAVE(UUID, READY), "", 0, LITEIO_PLAN_NOTHING, 0, "Ready" },
	{ "below the catalog's floor is not opened", "",
	  SIZE(8388608) PLACED GRANTS(3, GRANT(2, "a")), NODE(CREATED),
	  HAVE(UUID, READY ",\"floor\":3"), "", 0, LITEIO_PLAN_NOTHING, 0, "Ready" },
	{ "fenced, not yet reported, stays", "",
	  SIZE(8388608) PLACED GRANTS(3, GRANT(2, "a")) FLOOR(3), NODE(CREATED),
	  HAVE(UUID, READY ",\"attachments\":[" LIVE(2) "]"), EXPORT(2, "nqn.h", true), 0,
	  LITEIO_PLAN_NOTHING, 0, "Ready" },
	{ "fenced and reported goes", "", SIZE(8388608) PLACED GRANTS(3, GRANT(2, "a")) FLOOR(3),
	  NODE(CREATED ",\"fencedBelow\":3"), HAVE(UUID, READY ",\"attachments\":[" LIVE(2) "]"),
	  EXPORT(2, "nqn.h", true), 0, LITEIO_PLAN_UNEXPORT, 2, "Ready" },
	{ "the next generation is opened before remains go", "",
	  SIZE(8388608) PLACED GRANTS(4, GRANT(3, "a")) FLOOR(3),
	  NODE(CREATED ",\"fencedBelow\":3"), HAVE(UUID, READY ",\"attachments\":[" LIVE(2) "]"),
	  EXPORT(2, "nqn.h", true), 0, LITEIO_PLAN_EXPORT, 3, "Ready" },
	{ "remains that do not go are left", "",
	  SIZE(8388608) PLACED GRANTS(3, GRANT(2, "a")) FLOOR(3),
	  NODE(CREATED ",\"fencedBelow\":3"), HAVE(UUID, READY ",\"attachments\":[" LIVE(2) "]"),
	  EXPORT(2, "nqn.h", true), STUCK_2, LITEIO_PLAN_NOTHING, 0, "Ready" },
	{ "a held volume is not deleted", DELETING, SIZE(8388608) PLACED GRANTS(3, GRANT(2, "a")),
	  NODE(CREATED), HAVE(UUID, READY), "", 0, LITEIO_PLAN_NOTHING, 0, "Deleting" },
	{ "stray attachments end before deletion", DELETING, SIZE(8388608) PLACED, NODE(CREATED),
	  HAVE(UUID, READY ",\"attachments\":[" LIVE(9) "]"), "", 0, LITEIO_PLAN_UNEXPORT, 9,
	  "Deleting" },
	{ "deleted", DELETING, SIZE(8388608) PLACED, NODE(CREATED), HAVE(UUID, READY), "", 0,
	  LITEIO_PLAN_DELETE, 0, "Deleting" },
	{ "released", DELETING, SIZE(8388608) PLACED, NODE(CREATED), NULL, "", 0,
	  LITEIO_PLAN_RELEASE, 0, "Deleted" },
	{ "not released while the pool is away", DELETING, SIZE(8388608) PLACED,
	  NODE(CREATED), NULL, "", NO_POOL, LITEIO_PLAN_NOTHING, 0, "PoolNotReady" },
	{ "released when the pool was deleted", DELETING, SIZE(8388608) PLACED, NODE(CREATED), NULL,
	  "", NO_POOL | POOL_GONE, LITEIO_PLAN_RELEASE, 0, "PoolNotReady" },
	{ "on another pool", "", SIZE(8388608) PLACED, NODE(CREATED),
	  "{\"name\":\"x\",\"uuid\":\"" UUID "\",\"pool\":\"slow\"," READY "}", "", 0,
	  LITEIO_PLAN_NOTHING, 0, "WrongPool" },
};

struct world {
	struct liteio_volume v;
	struct liteio_local_volume have;
	struct liteio_local_export_list exports;
	struct liteio_plan_volume in;
};

static void world_init(struct world *w, int i)
{
	static const uint64_t stuck[] = { 2 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	_cleanup_free_ char *text = object(volumes[i].meta, volumes[i].spec, volumes[i].status);
	_cleanup_free_ char *list = liteio_strf("{\"items\":[%s]}", volumes[i].exports);
	struct liteio_json *j = parse(text);

	*w = (struct world){ 0 };
	ck_assert_msg(!liteio_volume_parse(j, &w->v, &err), "%s: %s", volumes[i].name, err.msg);
	liteio_json_unref(j);
	w->in = (struct liteio_plan_volume){ .volume = &w->v,
					     .pool = "fast",
					     .pool_ready = !(volumes[i].flags & NO_POOL),
					     .pool_gone = volumes[i].flags & POOL_GONE };
	if (!volumes[i].have)
		return;
	decode(volumes[i].have, liteio_local_volume_fields, &w->have);
	decode(list, liteio_local_export_list_fields, &w->exports);
	w->in.have = &w->have;
	w->in.exports = &w->exports;
	w->in.stuck = stuck;
	w->in.n_stuck = volumes[i].flags & STUCK_2 ? 1 : 0;
}

static void world_fini(struct world *w)
{
	liteio_volume_fini(&w->v);
	liteio_json_fini(&w->have, liteio_local_volume_fields);
	liteio_json_fini(&w->exports, liteio_local_export_list_fields);
}

START_TEST(volume)
{
	struct liteio_verdict ready;
	struct liteio_plan plan;
	struct world w;

	world_init(&w, _i);
	liteio_plan_volume(&w.in, &plan, &ready);
	ck_assert_msg(plan.kind == volumes[_i].kind, "%s: %s", volumes[_i].name,
		      liteio_plan_names[plan.kind]);
	ck_assert_msg(plan.generation == volumes[_i].generation, "%s: %" PRIu64, volumes[_i].name,
		      plan.generation);
	ck_assert_msg(!strcmp(ready.reason, volumes[_i].reason), "%s: %s", volumes[_i].name,
		      ready.reason);
	world_fini(&w);
}
END_TEST

/* whatever is seen, what was reported about fences and existence never goes back */
START_TEST(observation_never_goes_back)
{
	struct liteio_volume_observed now;
	struct world w;

	world_init(&w, _i);
	liteio_plan_observe(&w.in, &now);
	ck_assert(now.created >= w.v.status.node.created);
	ck_assert_uint_ge(now.size_bytes, w.v.status.node.size_bytes);
	ck_assert_uint_eq(now.fenced_below, w.v.status.node.fenced_below);
	liteio_json_fini(&now, liteio_volume_observed_fields);
	world_fini(&w);
}
END_TEST

/* limits are said as the catalog has them, with the reason when they do not hold */
START_TEST(limits_are_said)
{
	struct liteio_local_volume have = {
		.state = (char *)"ready",
		.pool = (char *)"fast",
		.limits = { .write_bps = 4096 },
	};
	struct liteio_volume_observed now, then;
	struct world w;
	char why[1000];

	world_init(&w, 4);
	have.uuid = w.v.meta.uuid;
	w.in.have = &have;
	liteio_plan_observe(&w.in, &now);
	ck_assert_uint_eq(now.limits.write_bps, 4096);
	ck_assert_ptr_null(now.limits_not_in_force);
	memset(why, 'y', sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	have.limits_not_in_force = why;
	liteio_plan_observe(&w.in, &then);
	/* as long as the schema takes it */
	ck_assert_uint_eq(strlen(then.limits_not_in_force), LITEIO_VOLUME_REASON_MAX);
	ck_assert(liteio_plan_differs(&now, &then));
	liteio_json_fini(&now, liteio_volume_observed_fields);
	liteio_json_fini(&then, liteio_volume_observed_fields);
	world_fini(&w);
}
END_TEST

static struct liteio_volume fencing(const char *spec, const char *status)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	_cleanup_free_ char *text = object("", spec, status);
	struct liteio_json *j = parse(text);
	struct liteio_volume v = { 0 };

	ck_assert_msg(!liteio_volume_parse(j, &v, &err), "%s", err.msg);
	liteio_json_unref(j);
	return v;
}

START_TEST(fences_in_order)
{
	struct liteio_volume v = fencing(
		SIZE(8388608) PLACED GRANTS(9, GRANT(8, "a")) FLOOR(5)
		",\"fenceGenerations\":[{\"generation\":7}]",
		NODE(CREATED ",\"fencedBelow\":3,\"fencedGenerations\":[{\"generation\":2}],"
			     "\"exports\":[{\"generation\":4,\"ready\":true},"
			     "{\"generation\":7,\"ready\":true},"
			     "{\"generation\":8,\"ready\":true}]"));
	struct liteio_local_fenced drained = { .floor = 5, .drained = true };
	struct liteio_local_fenced busy = { .floor = 5, .inflight = 3 };
	struct liteio_local_fenced low = { .floor = 4, .drained = true };
	struct liteio_volume_observed done;
	struct liteio_plan_fence f;

	liteio_plan_fence_start(&v, &done);
	/* no longer asked for: no longer listed */
	ck_assert_uint_eq(done.n_fenced_gens, 0);
	ck_assert(liteio_plan_fence(&v, 0, &done, &f));
	ck_assert_uint_eq(f.floor, 5);
	/* not drained, or another floor: nothing is said, and it is asked again */
	ck_assert(!liteio_plan_fence_done(&f, &busy, &done));
	ck_assert(!liteio_plan_fence_done(&f, &low, &done));
	ck_assert_uint_eq(done.fenced_below, 3);
	ck_assert(liteio_plan_fence_done(&f, &drained, &done));
	ck_assert_uint_eq(done.fenced_below, 5);
	ck_assert(!done.exports[0].ready && done.exports[1].ready);
	ck_assert(liteio_plan_fence(&v, 0, &done, &f));
	ck_assert_uint_eq(f.generation, 7);
	ck_assert_uint_eq(f.floor, 0);
	ck_assert(liteio_plan_fence_done(&f, &drained, &done));
	ck_assert_uint_eq(done.n_fenced_gens, 1);
	ck_assert(!done.exports[1].ready && done.exports[2].ready);
	ck_assert(!liteio_plan_fence(&v, 0, &done, &f));
	/* the catalog knows more than the API server: said, too */
	ck_assert(liteio_plan_fence(&v, 12, &done, &f));
	ck_assert_uint_eq(f.floor, 12);
	liteio_json_fini(&done, liteio_volume_observed_fields);
	liteio_volume_fini(&v);
}
END_TEST

START_TEST(nothing_to_fence)
{
	struct liteio_volume v = fencing(SIZE(8388608) PLACED, NODE(CREATED));
	struct liteio_volume_observed done;
	struct liteio_plan_fence f;

	liteio_plan_fence_start(&v, &done);
	ck_assert(!liteio_plan_fence(&v, 0, &done, &f));
	ck_assert(!liteio_plan_fence(&v, 1, &done, &f));
	liteio_json_fini(&done, liteio_volume_observed_fields);
	liteio_volume_fini(&v);
}
END_TEST

START_TEST(small_changes_are_not_written)
{
	struct liteio_volume_observed a = { .created = true, .allocated_bytes = 1 << 20 };
	struct liteio_volume_observed b = a;

	ck_assert(!liteio_plan_differs(&a, &b));
	b.allocated_bytes = 2 << 20;
	ck_assert(!liteio_plan_differs(&a, &b));
	b.allocated_bytes = 1 << 30;
	ck_assert(liteio_plan_differs(&a, &b));
	b = a;
	b.fenced_below = 2;
	ck_assert(liteio_plan_differs(&a, &b));
}
END_TEST

static const struct {
	const char *name;
	const char *meta;
	const char *status;
	const char *have;
	const char *source;
	unsigned int flags;
	enum liteio_plan_kind kind;
	const char *reason;
} snapshots[] = {
	{ "new", "", "", NULL, HAVE(UUID, READY), 0, LITEIO_PLAN_CREATE, "Creating" },
	{ "of another volume", "", "", NULL, HAVE(OTHER, READY), 0, LITEIO_PLAN_NOTHING,
	  "VolumeGone" },
	{ "of none", "", "", NULL, NULL, 0, LITEIO_PLAN_NOTHING, "VolumeGone" },
	{ "there", "", "", HAVE(UUID, READY), NULL, 0, LITEIO_PLAN_NOTHING, "Ready" },
	{ "lost is not taken again", "", "\"ready\":true", NULL, HAVE(UUID, READY), 0,
	  LITEIO_PLAN_NOTHING, "Lost" },
	{ "another one of the name", "", "", HAVE(OTHER, READY), NULL, 0, LITEIO_PLAN_NOTHING,
	  "NameTaken" },
	{ "deleted", DELETING, "\"ready\":true", HAVE(UUID, READY), NULL, 0, LITEIO_PLAN_DELETE,
	  "Deleting" },
	{ "released", DELETING, "\"ready\":true", NULL, NULL, 0, LITEIO_PLAN_RELEASE, "Deleted" },
	{ "pool away", DELETING, "\"ready\":true", NULL, NULL, NO_POOL, LITEIO_PLAN_NOTHING,
	  "PoolNotReady" },
};

START_TEST(snapshot)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	_cleanup_free_ char *text = object(snapshots[_i].meta, "\"volume\":\"y\"" PLACED,
					   snapshots[_i].status);
	struct liteio_json *j = parse(text);
	struct liteio_local_snapshot have = { 0 };
	struct liteio_local_volume source = { 0 };
	struct liteio_snapshot s = { 0 };
	struct liteio_plan_snapshot in = { .snapshot = &s,
					   .pool = "fast",
					   .pool_ready = !(snapshots[_i].flags & NO_POOL) };
	struct liteio_verdict ready;
	struct liteio_plan plan;

	ck_assert_msg(!liteio_snapshot_parse(j, &s, &err), "%s", err.msg);
	liteio_json_unref(j);
	if (snapshots[_i].have) {
		decode(snapshots[_i].have, liteio_local_snapshot_fields, &have);
		in.have = &have;
	}
	if (snapshots[_i].source) {
		decode(snapshots[_i].source, liteio_local_volume_fields, &source);
		in.source = &source;
	}
	liteio_plan_snapshot(&in, &plan, &ready);
	ck_assert_msg(plan.kind == snapshots[_i].kind, "%s: %s", snapshots[_i].name,
		      liteio_plan_names[plan.kind]);
	ck_assert_msg(!strcmp(ready.reason, snapshots[_i].reason), "%s: %s", snapshots[_i].name,
		      ready.reason);
	liteio_snapshot_fini(&s);
	liteio_json_fini(&have, liteio_local_snapshot_fields);
	liteio_json_fini(&source, liteio_local_volume_fields);
}
END_TEST

#define HELD ",\"finalizers\":[\"liteio.io/pool\"]"
#define POOL(uuid, state, n) \
	"{\"name\":\"fast\",\"uuid\":\"" uuid "\",\"device\":\"/dev/vdb\"," \
	"\"state\":\"" state "\",\"volumes\":" #n "}"

static const struct {
	const char *name;
	const char *meta;
	const char *status;
	const char *have;
	size_t placed;
	enum liteio_plan_kind kind;
	const char *reason;
} pools[] = {
	{ "held before it is made", "", "", NULL, 0, LITEIO_PLAN_HOLD, "Creating" },
	{ "made", HELD, "", NULL, 0, LITEIO_PLAN_CREATE, "Creating" },
	{ "taken over", "", "", POOL(UUID, "ready", 0), 0, LITEIO_PLAN_HOLD, "Creating" },
	{ "ready", HELD, "\"uuid\":\"" UUID "\"", POOL(UUID, "ready", 3), 3, LITEIO_PLAN_NOTHING,
	  "Ready" },
	{ "lost is looked for, not made", HELD, "\"uuid\":\"" UUID "\"", NULL, 3,
	  LITEIO_PLAN_IMPORT, "NotOpen" },
	{ "another pool of the name", HELD, "\"uuid\":\"" UUID "\"", POOL(OTHER, "ready", 0), 0,
	  LITEIO_PLAN_NOTHING, "OtherPool" },
	{ "broken", HELD, "", POOL(UUID, "failed", 0), 0, LITEIO_PLAN_NOTHING, "Failed" },
	{ "not deleted with volumes", HELD DELETING, "\"uuid\":\"" UUID "\"",
	  POOL(UUID, "ready", 1), 0, LITEIO_PLAN_NOTHING, "InUse" },
	{ "not deleted with placements", HELD DELETING, "\"uuid\":\"" UUID "\"",
	  POOL(UUID, "ready", 0), 1, LITEIO_PLAN_NOTHING, "InUse" },
	{ "not released with placements", HELD DELETING, "\"uuid\":\"" UUID "\"", NULL, 1,
	  LITEIO_PLAN_NOTHING, "InUse" },
	{ "deleted", HELD DELETING, "\"uuid\":\"" UUID "\"", POOL(UUID, "ready", 0), 0,
	  LITEIO_PLAN_DELETE, "Deleting" },
	{ "released", HELD DELETING, "\"uuid\":\"" UUID "\"", NULL, 0, LITEIO_PLAN_RELEASE,
	  "NotOpen" },
};

START_TEST(pool)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	_cleanup_free_ char *text =
		object(pools[_i].meta,
		       "\"node\":\"p\",\"pool\":\"fast\",\"device\":\"/dev/vdb\"",
		       pools[_i].status);
	struct liteio_json *j = parse(text);
	struct liteio_local_pool have = { 0 };
	struct liteio_storage_pool p = { 0 };
	struct liteio_verdict ready;
	struct liteio_plan plan;

	ck_assert_msg(!liteio_storage_pool_parse(j, &p, &err), "%s", err.msg);
	liteio_json_unref(j);
	if (pools[_i].have)
		decode(pools[_i].have, liteio_local_pool_fields, &have);
	liteio_plan_pool(&p, pools[_i].have ? &have : NULL, pools[_i].placed, &plan, &ready);
	ck_assert_msg(plan.kind == pools[_i].kind, "%s: %s", pools[_i].name,
		      liteio_plan_names[plan.kind]);
	ck_assert_msg(!strcmp(ready.reason, pools[_i].reason), "%s: %s", pools[_i].name,
		      ready.reason);
	liteio_storage_pool_fini(&p);
	liteio_json_fini(&have, liteio_local_pool_fields);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cluster-plan");
	TCase *t = unit_case(s, "cluster-plan");

	tcase_add_loop_test(t, volume, 0, LITEIO_ARRAY_SIZE(volumes));
	tcase_add_loop_test(t, observation_never_goes_back, 0, LITEIO_ARRAY_SIZE(volumes));
	tcase_add_test(t, limits_are_said);
	tcase_add_test(t, fences_in_order);
	tcase_add_test(t, nothing_to_fence);
	tcase_add_test(t, small_changes_are_not_written);
	tcase_add_loop_test(t, snapshot, 0, LITEIO_ARRAY_SIZE(snapshots));
	tcase_add_loop_test(t, pool, 0, LITEIO_ARRAY_SIZE(pools));
	return unit_run(s);
}
