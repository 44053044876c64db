// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The schemas that the API server enforces and the tables that our programs parse with say the
 * same: every field in both, with the same type, bounds, names and requirement. Run from the top
 * of the tree.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/liteio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "model/node.h"
#include "model/pool.h"
#include "model/snapshot.h"
#include "model/volume.h"
#include "unit.h"

#define TO_JSON "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)"

static struct liteio_json *load(const char *file)
{
	_cleanup_free_ char *command = liteio_strf("python3 -c '%s' deploy/crds/%s", TO_JSON, file);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_buf text = LITEIO_BUF_INIT;
	struct liteio_json *j = NULL;
	char chunk[4096];
	FILE *f = popen(command, "r");
	size_t n;

	ck_assert(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		liteio_buf_add(&text, chunk, n);
	ck_assert_msg(!pclose(f), "%s can not be read", file);
	ck_assert_msg(!liteio_json_parse(text.data, text.len, &j, &err), "%s: %s", file, err.msg);
	liteio_buf_fini(&text);
	return j;
}

static bool lists(const struct liteio_json *array, const char *s)
{
	size_t i;

	for (i = 0; i < liteio_json_len(array); i++)
		if (!strcmp(liteio_json_string(liteio_json_at(array, i)), s))
			return true;
	return false;
}

static const char *schema_type(enum liteio_field_type type)
{
	switch (type) {
	case LITEIO_FIELD_STRING:
	case LITEIO_FIELD_ENUM:
	case LITEIO_FIELD_UUID:
		return "string";
	case LITEIO_FIELD_BOOL:
		return "boolean";
	case LITEIO_FIELD_U64:
	case LITEIO_FIELD_SIZE:
		return "integer";
	case LITEIO_FIELD_ARRAY:
	case LITEIO_FIELD_STRINGS:
		return "array";
	default:
		return "object";
	}
}

static void check_enum(const struct liteio_field *f, const struct liteio_json *schema,
		       const char *where)
{
	const struct liteio_json *names = liteio_json_get(schema, "enum");
	size_t n = 0;

	while (f->names[n]) {
		ck_assert_msg(lists(names, f->names[n]), "%s: the schema lacks %s", where,
			      f->names[n]);
		n++;
	}
	ck_assert_msg(liteio_json_len(names) == n, "%s: the schema has other names", where);
}

static void check_bound(const struct liteio_json *schema, const char *key, uint64_t bound,
			const char *where)
{
	int64_t have = liteio_json_get_int(schema, key, 0);

	ck_assert_msg(have == (int64_t)bound, "%s: %s is %" PRId64 " in the schema, %" PRIu64
		      " in the table", where, key, have, bound);
}

static void check_table(const struct liteio_field *fields, const struct liteio_json *schema,
			const char *where);

static void check_field(const struct liteio_field *f, const struct liteio_json *schema,
			const char *where)
{
	const char *type = liteio_json_get_string(schema, "type");

	ck_assert_msg(type && !strcmp(type, schema_type(f->type)), "%s: type", where);
	switch (f->type) {
	case LITEIO_FIELD_STRING:
		check_bound(schema, "maxLength", f->max, where);
		break;
	case LITEIO_FIELD_UUID:
		check_bound(schema, "maxLength", LITEIO_UUID_STRLEN, where);
		check_bound(schema, "minLength", LITEIO_UUID_STRLEN, where);
		break;
	case LITEIO_FIELD_U64:
		check_bound(schema, "minimum", f->min, where);
		check_bound(schema, "maximum", f->max, where);
		break;
	case LITEIO_FIELD_ENUM:
		check_enum(f, schema, where);
		break;
	case LITEIO_FIELD_MAP:
		check_bound(schema, "maxProperties", f->max, where);
		break;
	case LITEIO_FIELD_STRINGS:
		check_bound(schema, "maxItems", f->max, where);
		break;
	case LITEIO_FIELD_ARRAY:
		check_bound(schema, "maxItems", f->max, where);
		check_table(f->fields, liteio_json_get(schema, "items"), where);
		break;
	case LITEIO_FIELD_OBJECT:
		check_table(f->fields, schema, where);
		break;
	default:
		break;
	}
}

struct walk {
	const struct liteio_field *fields;
	const struct liteio_json *required;
	const char *where;
	size_t n;
};

static int visit(void *arg, const char *key, struct liteio_json *schema)
{
	struct walk *w = arg;
	_cleanup_free_ char *where = liteio_strf("%s.%s", w->where, key);
	const struct liteio_field *f = w->fields;
	bool required;

	while (f->key && strcmp(f->key, key) != 0)
		f++;
	ck_assert_msg(f->key, "%s is in the schema and not in the table", where);
	required = f->flags & LITEIO_FIELD_REQUIRED;
	/* a snapshot's placement names its source always, a volume's only sometimes: one table */
	if (strcmp(key, "sourceUUID") != 0)
		ck_assert_msg(required == lists(w->required, key), "%s: required", where);
	check_field(f, schema, where);
	w->n++;
	return 0;
}

static void check_table(const struct liteio_field *fields, const struct liteio_json *schema,
			const char *where)
{
	struct walk w = { .fields = fields,
			  .required = liteio_json_get(schema, "required"),
			  .where = where };
	size_t n = 0;

	liteio_json_each(liteio_json_get(schema, "properties"), visit, &w);
	while (fields[n].key)
		n++;
	ck_assert_msg(w.n == n, "%s: the table has %zu fields, the schema %zu", where, n, w.n);
}

static const struct {
	const char *file;
	const struct liteio_field *spec;
	const struct liteio_field *status;
} crds[] = {
	{ "volumes.yaml", liteio_volume_spec_fields, liteio_volume_status_fields },
	{ "snapshots.yaml", liteio_snapshot_spec_fields, liteio_snapshot_status_fields },
	{ "storagepools.yaml", liteio_pool_spec_fields, liteio_pool_status_fields },
	{ "storagenodes.yaml", liteio_node_spec_fields, liteio_node_status_fields },
};

START_TEST(schema_is_the_table)
{
	struct liteio_json *j = load(crds[_i].file);
	const struct liteio_json *versions = liteio_json_get(j, "spec.versions");
	const struct liteio_json *schema =
		liteio_json_get(liteio_json_at(versions, 0), "schema.openAPIV3Schema.properties");

	ck_assert_uint_eq(liteio_json_len(versions), 1);
	ck_assert_str_eq(liteio_json_get_string(j, "spec.group"), LITEIO_API_GROUP);
	check_table(crds[_i].spec, liteio_json_get(schema, "spec"), "spec");
	check_table(crds[_i].status, liteio_json_get(schema, "status"), "status");
	liteio_json_unref(j);
}
END_TEST

/* what the tables do not hold: the least limit of bytes that is one, in a rule */
START_TEST(limits_of_bytes_are_the_modules)
{
	static const char *const keys[] = { "readBytesPerSecond", "writeBytesPerSecond" };
	_cleanup_free_ char *rule = liteio_strf("self == 0 || self >= %llu", LITEIO_QOS_BPS_MIN);
	struct liteio_json *j = load("volumes.yaml");
	const struct liteio_json *limits = liteio_json_get(
		liteio_json_at(liteio_json_get(j, "spec.versions"), 0),
		"schema.openAPIV3Schema.properties.spec.properties.limits.properties");

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(keys); i++) {
		const struct liteio_json *rules = liteio_json_get(
			liteio_json_get(limits, keys[i]), "x-kubernetes-validations");

		ck_assert_uint_eq(liteio_json_len(rules), 1);
		ck_assert_str_eq(liteio_json_get_string(liteio_json_at(rules, 0), "rule"), rule);
		check_bound(liteio_json_get(limits, keys[i]), "maximum", LITEIO_QOS_BPS_MAX,
			    keys[i]);
	}
	check_bound(liteio_json_get(limits, "readIOPS"), "maximum", LITEIO_QOS_IOPS_MAX,
		    "readIOPS");
	check_bound(liteio_json_get(limits, "burstMilliseconds"), "minimum",
		    LITEIO_QOS_BURST_MS_MIN, "burstMilliseconds");
	liteio_json_unref(j);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crd");
	TCase *t = unit_case(s, "crd");

	tcase_add_loop_test(t, schema_is_the_table, 0, LITEIO_ARRAY_SIZE(crds));
	tcase_add_test(t, limits_of_bytes_are_the_modules);
	return unit_run(s);
}
