// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The resources as C: what is parsed, what is refused with which sentence, patches, conditions.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "model/node.h"
#include "model/pool.h"
#include "model/snapshot.h"
#include "model/volume.h"
#include "unit.h"

#define UID "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define META \
	"\"metadata\":{\"name\":\"x\",\"uid\":\"" UID "\",\"resourceVersion\":\"7\",\"generation\":3," \
	"\"labels\":{\"a.b/c\":\"d\"},\"finalizers\":[\"other.io/a\",\"liteio.io/volume\"]}"

static struct liteio_json *parse(const char *text)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j = NULL;

	ck_assert_msg(!liteio_json_parse(text, strlen(text), &j, &err), "%s: %s", text, err.msg);
	return j;
}

static void prints(struct liteio_json *j, const char *text)
{
	_cleanup_free_ char *have = liteio_json_print(j);

	ck_assert_str_eq(have, text);
	liteio_json_unref(j);
}

START_TEST(volume)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *j = parse(
		"{" META ",\"spec\":{\"sizeBytes\":1073741824,\"position\":\"MustRemote\","
		"\"preferredNode\":\"n\",\"nodeSelector\":{\"zone\":\"a\"},"
		"\"source\":{\"snapshot\":\"s\"},\"futureField\":1,"
		"\"attachments\":[{\"node\":\"a\"},{\"node\":\"b\",\"readOnly\":true}],"
		"\"placement\":{\"node\":\"p\",\"pool\":\"p.x\",\"sourceUUID\":\"" UID "\"},"
		"\"nextGeneration\":9,\"grants\":[{\"generation\":8,\"node\":\"a\",\"hostNQN\":\"q\"}],"
		"\"fenceBelow\":8,\"fenceGenerations\":[{\"generation\":6}]},"
		"\"status\":{\"node\":{\"created\":true,\"fencedBelow\":7,"
		"\"fencedGenerations\":[{\"generation\":8}],\"exports\":[{\"generation\":8,"
		"\"node\":\"a\",\"ready\":true,\"nqn\":\"v\",\"addresses\":[\"192.0.2.1:4420\"]}]},"
		"\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}");
	char uuid[LITEIO_UUID_STRLEN + 1];
	_cleanup_free_ char *nqn = NULL;
	struct liteio_volume v = { 0 };

	ck_assert_msg(!liteio_volume_parse(j, &v, &err), "%s", err.msg);
	liteio_json_unref(j);
	liteio_uuid_format(&v.meta.uuid, uuid);
	ck_assert_str_eq(uuid, UID);
	ck_assert_uint_eq(v.meta.generation, 3);
	ck_assert(v.meta.has_finalizer && !v.meta.deleting);
	ck_assert_str_eq(liteio_meta_label(&v.meta, "a.b/c"), "d");
	ck_assert_int_eq(v.spec.position, LITEIO_POSITION_MUST_REMOTE);
	ck_assert(liteio_volume_want(&v, "b")->read_only);
	ck_assert_ptr_null(liteio_volume_want(&v, "c"));
	ck_assert_str_eq(liteio_volume_grant(&v, 8)->host_nqn, "q");
	ck_assert_ptr_eq(liteio_volume_grant_of(&v, "a"), liteio_volume_grant(&v, 8));
	ck_assert_ptr_null(liteio_volume_grant_of(&v, "b"));
	ck_assert(liteio_volume_export(&v, 8)->ready);
	/* asked: below 8, and 6; done: below 7, and 8 */
	ck_assert(liteio_volume_fence_asked(&v, 7) && !liteio_volume_fence_asked(&v, 8));
	ck_assert(liteio_volume_is_fenced(&v, 6) && liteio_volume_is_fenced(&v, 8));
	ck_assert(!liteio_volume_is_fenced(&v, 7));
	nqn = liteio_volume_nqn(&v.meta.uuid, 8);
	ck_assert_str_eq(nqn, "nqn.2026-11.io.liteio:" UID ":8");
	liteio_volume_fini(&v);
}
END_TEST

START_TEST(bare_volume)
{
	struct liteio_json *j = parse("{" META ",\"spec\":{\"sizeBytes\":4194304}}");
	struct liteio_volume v = { 0 };

	ck_assert(!liteio_volume_parse(j, &v, NULL));
	liteio_json_unref(j);
	ck_assert_uint_eq(v.spec.next_generation, 1);
	ck_assert_ptr_null(v.spec.placement.node);
	ck_assert_int_eq(v.spec.position, LITEIO_POSITION_PREFER_LOCAL);
	ck_assert(!liteio_volume_is_fenced(&v, 1));
	liteio_volume_fini(&v);
}
END_TEST

static const struct {
	const char *object;
	const char *sentence;
} bad_volumes[] = {
	{ "{}", "volume ?: metadata.name: missing" },
	{ "{\"metadata\":{\"name\":\"x\",\"uid\":\"1\",\"resourceVersion\":\"7\"}}",
	  "volume ?: metadata.uid: not a uuid" },
	{ "{" META ",\"spec\":{}}", "volume x: sizeBytes: missing" },
	{ "{" META ",\"spec\":{\"sizeBytes\":4194304,\"class\":\"gold\"}}", "volume x: class" },
	{ "{" META ",\"spec\":{\"sizeBytes\":4194304,\"grants\":[{\"node\":\"a\"}]}}",
	  "volume x: grants[0].generation: missing" },
	{ "{" META ",\"spec\":{\"sizeBytes\":4194304,\"grants\":[{\"node\":\"a\","
	  "\"generation\":281474976710656}]}}",
	  "volume x: grants[0].generation" },
	{ "{" META ",\"spec\":{\"sizeBytes\":4194304,\"placement\":{\"node\":\"a\"}}}",
	  "volume x: placement.pool: missing" },
};

START_TEST(bad_volume)
{
	struct liteio_json *j = parse(bad_volumes[_i].object);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_volume v = { 0 };

	ck_assert_int_eq(liteio_volume_parse(j, &v, &err), -EINVAL);
	ck_assert_msg(!strncmp(err.msg, bad_volumes[_i].sentence, strlen(bad_volumes[_i].sentence)),
		      "%s", err.msg);
	ck_assert_ptr_null(v.meta.name);
	liteio_json_unref(j);
}
END_TEST

START_TEST(other_kinds)
{
	struct liteio_json *j = parse("{" META ",\"spec\":{\"node\":\"n\",\"pool\":\"x\","
				      "\"device\":\"/dev/vdb\"},\"status\":{\"dataBytes\":5}}");
	struct liteio_storage_pool p = { 0 };
	struct liteio_snapshot s = { 0 };
	struct liteio_node n = { 0 };

	ck_assert(!liteio_storage_pool_parse(j, &p, NULL));
	ck_assert_uint_eq(p.spec.overcommit_percent, LITEIO_POOL_OVERCOMMIT_DEFAULT);
	ck_assert_uint_eq(p.status.data_bytes, 5);
	ck_assert(liteio_uuid_is_null(&p.status.uuid));
	liteio_storage_pool_fini(&p);
	ck_assert_int_eq(liteio_snapshot_parse(j, &s, NULL), -EINVAL);
	liteio_json_unref(j);
	j = parse("{" META ",\"spec\":{\"volume\":\"v\"},\"status\":{\"ready\":true}}");
	ck_assert(!liteio_snapshot_parse(j, &s, NULL));
	ck_assert(s.status.ready && !s.meta.has_finalizer);
	liteio_snapshot_fini(&s);
	liteio_json_unref(j);
	j = parse("{" META "}");
	ck_assert(!liteio_node_parse(j, &n, NULL));
	liteio_node_fini(&n);
	liteio_json_unref(j);
}
END_TEST

START_TEST(patches)
{
	struct liteio_json *j = parse("{" META "}");
	struct liteio_json *selector = parse("{\"a.b/c\":\"d\"}");
	struct liteio_meta m = { 0 };
	struct liteio_json *patch;

	ck_assert(!liteio_meta_parse(j, "liteio.io/volume", &m, NULL));
	ck_assert(liteio_meta_match(&m, NULL) && liteio_meta_match(&m, selector));
	liteio_json_set_string(selector, "a.b/c", "e");
	ck_assert(!liteio_meta_match(&m, selector));
	liteio_json_unref(selector);
	patch = liteio_meta_patch(&m);
	liteio_meta_patch_finalizer(patch, j, "liteio.io/volume", false);
	prints(patch, "{\"metadata\":{\"resourceVersion\":\"7\",\"finalizers\":[\"other.io/a\"]}}");
	patch = liteio_meta_patch(&m);
	liteio_meta_patch_finalizer(patch, j, "liteio.io/pool", true);
	prints(patch, "{\"metadata\":{\"resourceVersion\":\"7\",\"finalizers\":[\"other.io/a\","
		      "\"liteio.io/volume\",\"liteio.io/pool\"]}}");
	liteio_meta_fini(&m);
	liteio_json_unref(j);
}
END_TEST

START_TEST(conditions)
{
	struct liteio_json *j = parse("{\"status\":{\"conditions\":[{\"type\":\"Ready\","
				      "\"status\":\"True\",\"reason\":\"R\",\"message\":\"m\","
				      "\"lastTransitionTime\":\"then\"}]}}");
	struct liteio_verdict v = { .type = LITEIO_CONDITION_READY };
	struct liteio_condition_list l = { 0 };

	ck_assert(!liteio_condition_list_parse(j, &l, NULL));
	ck_assert(liteio_condition_is_true(l.conditions, l.n_conditions, "Ready"));
	ck_assert(!liteio_condition_is_true(l.conditions, l.n_conditions, "Placed"));
	liteio_verdict_set(&v, LITEIO_CONDITION_TRUE, "R", "m");
	ck_assert(!liteio_verdict_differs(&v, l.conditions, l.n_conditions));
	/* the time of the transition is kept as long as the status is */
	liteio_verdict_set(&v, LITEIO_CONDITION_TRUE, "R", "n %d", 5);
	ck_assert(liteio_verdict_differs(&v, l.conditions, l.n_conditions));
	prints(liteio_verdict_condition(&v, l.conditions, l.n_conditions, 4, "now"),
	       "{\"type\":\"Ready\",\"status\":\"True\",\"reason\":\"R\",\"message\":\"n 5\","
	       "\"lastTransitionTime\":\"then\",\"observedGeneration\":4}");
	liteio_verdict_set(&v, LITEIO_CONDITION_FALSE, "R", "m");
	prints(liteio_verdict_condition(&v, l.conditions, l.n_conditions, 0, "now"),
	       "{\"type\":\"Ready\",\"status\":\"False\",\"reason\":\"R\",\"message\":\"m\","
	       "\"lastTransitionTime\":\"now\"}");
	liteio_condition_list_fini(&l);
	liteio_json_unref(j);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model");
	TCase *t = unit_case(s, "model");

	tcase_add_test(t, volume);
	tcase_add_test(t, bare_volume);
	tcase_add_loop_test(t, bad_volume, 0, LITEIO_ARRAY_SIZE(bad_volumes));
	tcase_add_test(t, other_kinds);
	tcase_add_test(t, patches);
	tcase_add_test(t, conditions);
	return unit_run(s);
}
