// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Objects: paths, finalizers, owners, conditions, times, backoff, base64.
 */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "kube/backoff.h"
#include "kube/base64.h"
#include "kube/object.h"
#include "unit.h"

static struct liteio_json *parse(const char *text)
{
	struct liteio_json *j = NULL;

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, NULL), 0);
	return j;
}

static void check_print(struct liteio_json *j, const char *wanted)
{
	char *s = liteio_json_print(j);

	ck_assert_str_eq(s, wanted);
	free(s);
	liteio_json_unref(j);
}

static void check_path(const struct liteio_resource *res, const char *ns, const char *name,
		       const char *sub, const char *wanted)
{
	char *s = liteio_resource_path(res, ns, name, sub);

	ck_assert_str_eq(s, wanted);
	free(s);
}

START_TEST(test_paths)
{
	check_path(&liteio_resource_volume, NULL, NULL, NULL, "/apis/liteio.io/v1/volumes");
	check_path(&liteio_resource_volume, NULL, "v", "status",
		   "/apis/liteio.io/v1/volumes/v/status");
	/* a namespace does not belong to what has none */
	check_path(&liteio_resource_node, "ns", "n", NULL, "/api/v1/nodes/n");
	check_path(&liteio_resource_pod, NULL, NULL, NULL, "/api/v1/pods");
	check_path(&liteio_resource_lease, "a", "b", NULL,
		   "/apis/coordination.k8s.io/v1/namespaces/a/leases/b");
	/* a name can not leave its place */
	check_path(&liteio_resource_node, NULL, "a/../b?c#d%", NULL,
		   "/api/v1/nodes/a%2F..%2Fb%3Fc%23d%25");
	check_path(&liteio_resource_node, NULL, "..", NULL, "/api/v1/nodes/%2E%2E");
}
END_TEST

START_TEST(test_new)
{
	char *key;
	struct liteio_json *obj = liteio_object_new(&liteio_resource_lease, "ns", "x");

	key = liteio_object_key(obj);
	ck_assert_str_eq(key, "ns/x");
	free(key);
	check_print(obj, "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\","
			 "\"metadata\":{\"name\":\"x\",\"namespace\":\"ns\"}}");
	obj = liteio_object_new(&liteio_resource_node, "ns", "x");
	key = liteio_object_key(obj);
	ck_assert_str_eq(key, "x");
	free(key);
	check_print(obj, "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"x\"}}");
}
END_TEST

START_TEST(test_metadata)
{
	struct liteio_json *obj = parse(
		"{\"metadata\":{\"name\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"7\","
		"\"generation\":3,\"labels\":{\"a.b/c\":\"l\"},\"annotations\":{\"x\":\"y\"},"
		"\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"}}");

	ck_assert_str_eq(liteio_object_uid(obj), "u");
	ck_assert_str_eq(liteio_object_version(obj), "7");
	ck_assert_int_eq(liteio_object_generation(obj), 3);
	ck_assert_str_eq(liteio_object_label(obj, "a.b/c"), "l");
	ck_assert_str_eq(liteio_object_annotation(obj, "x"), "y");
	ck_assert_ptr_null(liteio_object_label(obj, "a"));
	ck_assert(liteio_object_deleting(obj));
	liteio_json_unref(obj);
	ck_assert_ptr_null(liteio_object_name(NULL));
	ck_assert(!liteio_object_deleting(NULL));
}
END_TEST

START_TEST(test_finalizers)
{
	struct liteio_json *obj = parse("{\"metadata\":{\"name\":\"n\",\"uid\":\"u\","
					"\"resourceVersion\":\"7\",\"finalizers\":[\"a\",\"b\"]}}");

	ck_assert(liteio_object_has_finalizer(obj, "b"));
	ck_assert(!liteio_object_has_finalizer(obj, "c"));
	ck_assert_ptr_null(liteio_object_finalizer_patch(obj, "b", true));
	ck_assert_ptr_null(liteio_object_finalizer_patch(obj, "c", false));
	check_print(liteio_object_finalizer_patch(obj, "c", true),
		    "{\"metadata\":{\"resourceVersion\":\"7\",\"uid\":\"u\","
		    "\"finalizers\":[\"a\",\"b\",\"c\"]}}");
	check_print(liteio_object_finalizer_patch(obj, "a", false),
		    "{\"metadata\":{\"resourceVersion\":\"7\",\"uid\":\"u\","
		    "\"finalizers\":[\"b\"]}}");
	liteio_json_unref(obj);
}
END_TEST

START_TEST(test_owner)
{
	struct liteio_json *owner = parse("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":"
					  "{\"name\":\"n\",\"uid\":\"u\"}}");
	struct liteio_json *obj = liteio_object_new(&liteio_resource_node, NULL, "x");

	liteio_object_add_owner(obj, owner, true);
	liteio_object_add_owner(obj, owner, false);
	ck_assert_uint_eq(liteio_json_len(liteio_json_get(obj, "metadata.ownerReferences")), 2);
	check_print(liteio_json_copy(liteio_json_at(
			    liteio_json_get(obj, "metadata.ownerReferences"), 0)),
		    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n\",\"uid\":\"u\","
		    "\"controller\":true,\"blockOwnerDeletion\":true}");
	liteio_json_unref(obj);
	liteio_json_unref(owner);
}
END_TEST

START_TEST(test_conditions)
{
	struct liteio_object_condition c = { "Ready", "False", "NoPool", NULL, 2 };
	struct liteio_json *list = liteio_json_new_array(), *obj, *status;
	const struct liteio_json *got;

	ck_assert(liteio_object_condition_set(list, &c, 1000));
	ck_assert(!liteio_object_condition_set(list, &c, 2000));
	/* another message is a change, but no transition */
	c.message = "none fits";
	ck_assert(liteio_object_condition_set(list, &c, 3000));
	obj = liteio_json_new_object();
	status = liteio_json_new_object();
	liteio_json_set(status, "conditions", list);
	liteio_json_set(obj, "status", status);
	got = liteio_object_condition_get(obj, "Ready");
	ck_assert_str_eq(liteio_json_get_string(got, "lastTransitionTime"), "1970-01-01T00:16:40Z");
	ck_assert_str_eq(liteio_json_get_string(got, "message"), "none fits");
	ck_assert_int_eq(liteio_json_get_int(got, "observedGeneration", 0), 2);
	ck_assert(!liteio_object_condition_is_true(obj, "Ready"));
	c.status = "True";
	ck_assert(liteio_object_condition_set(list, &c, 4000));
	ck_assert_str_eq(liteio_json_get_string(got, "lastTransitionTime"), "1970-01-01T01:06:40Z");
	ck_assert(liteio_object_condition_is_true(obj, "Ready"));
	ck_assert(!liteio_object_condition_is_true(obj, "Other"));
	ck_assert_uint_eq(liteio_json_len(list), 1);
	liteio_json_unref(obj);
}
END_TEST

START_TEST(test_time)
{
	static const struct {
		const char *text;
		time_t t;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-22T12:00:00Z", 1795348800 },
		{ "2026-11-22T12:00:00.123456789Z", 1795348800 },
		{ "2026-11-22T13:30:00+01:30", 1795348800 },
		{ "2026-11-22T11:00:00-01:00", 1795348800 },
		{ "2024-02-29T00:00:00Z", 1709164800 },
		{ "2016-12-31T23:59:60Z", 1483228800 },
	};
	static const char *const bad[] = {
		"",
		"now",
		"2026-11-22",
		"2026-11-22T12:00:00",
		"2026-11-22 12:00:00Z",
		"2026-13-22T12:00:00Z",
		"2026-02-29T12:00:00Z",
		"2026-11-31T12:00:00Z",
		"2026-11-22T24:00:00Z",
		"2026-11-22T12:60:00Z",
		"2026-11-22T12:00:00.Z",
		"2026-11-22T12:00:00Zz",
		"2026-11-22T12:00:00+1:00",
		"2026-11-22T12:00:00+25:00",
		"-026-11-22T12:00:00Z",
	};
	char out[LITEIO_TIME_STRLEN + 1], micro[LITEIO_TIME_MICRO_STRLEN + 1];
	struct timespec ts = { 1795348800, 123456789 };
	time_t t;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(!liteio_time_parse(good[i].text, &t), "%s", good[i].text);
		ck_assert_msg(t == good[i].t, "%s: %lld", good[i].text, (long long)t);
	}
	t = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(liteio_time_parse(bad[i], &t) == -EINVAL, "accepted %s", bad[i]);
	ck_assert_int_eq(liteio_time_parse(NULL, &t), -EINVAL);
	ck_assert_int_eq(t, 7);
	liteio_time_format(1795348800, out);
	ck_assert_str_eq(out, "2026-11-22T12:00:00Z");
	liteio_time_format_micro(&ts, micro);
	ck_assert_str_eq(micro, "2026-11-22T12:00:00.123456Z");
	/* what has no four digits for its year is the nearest that has */
	liteio_time_format(INT64_MAX, out);
	ck_assert_str_eq(out, "9999-12-31T23:59:59Z");
}
END_TEST

START_TEST(test_backoff)
{
	static const uint64_t bounds[] = { 100, 200, 400, 800, 1000, 1000 };
	struct liteio_backoff b = { 100, 1000, 0 };
	bool differs = false;
	uint64_t first = 0;

	ck_assert_uint_eq(liteio_backoff_bound(&b), 0);
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		uint64_t d = liteio_backoff_next(&b);

		ck_assert_uint_eq(liteio_backoff_bound(&b), bounds[i]);
		ck_assert_uint_le(d, bounds[i]);
		ck_assert_uint_ge(d, bounds[i] / 2);
	}
	for (int i = 0; i < 100; i++) {
		uint64_t d = liteio_backoff_next(&b);

		differs |= first && d != first;
		first = d;
	}
	ck_assert(differs);
	/* a thing that fails for ever neither overflows nor gives up */
	for (int i = 0; i < 100000; i++)
		ck_assert_uint_le(liteio_backoff_next(&b), 1000);
	liteio_backoff_reset(&b);
	ck_assert_uint_le(liteio_backoff_next(&b), 100);
	ck_assert_uint_eq(liteio_random_below(0), 0);
	ck_assert_uint_eq(liteio_random_below(1), 0);
}
END_TEST

START_TEST(test_base64)
{
	static const struct {
		const char *text;
		const char *data;
	} good[] = {
		{ "", "" },
		{ "YQ==", "a" },
		{ "YWI=", "ab" },
		{ "YWJj", "abc" },
		{ "YW\nJj\r\nZA==", "abcd" },
		{ "+/+/", "\xfb\xff\xbf" },
	};
	static const char *const bad[] = { "Y", "YQ", "YQ=", "YQ===", "Y===", "Y*==", "YQ==YQ==",
					   "=", "YR==", "YWJ=" };
	char *data = NULL;
	size_t len;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_int_eq(liteio_base64_decode(good[i].text, &data, &len), 0);
		ck_assert_uint_eq(len, strlen(good[i].data));
		ck_assert_str_eq(data, good[i].data);
		free(data);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(liteio_base64_decode(bad[i], &data, &len) == -EINVAL, "%s", bad[i]);
}
END_TEST

UNIT_MAIN("kube-object", test_paths, test_new, test_metadata, test_finalizers, test_owner,
	  test_conditions, test_time, test_backoff, test_base64)
