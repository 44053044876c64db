// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local API's table: every path leads to its operation, with what stands in it; what is no uuid
 * or generation leads to none. And what the agent says of its API is what the table says.
 *
 * The operations are those of this file: they note that they were called, and with what.
 *
 * unit-src: daemon/agent/api_routes.c daemon/agent/api_describe.c daemon/agent/route.c
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/api.h"
#include "agent/doctor.h"
#include "agent/events.h"
#include "agent/operations.h"
#include "agent/ops.h"
#include "agent/route.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "unit.h"

#define ID "11111111-2222-4333-8444-555555555555"
#define SIZE 77
#define TIMEOUT 5

/* ---- operations */

/**
 * struct seen - the last call of an operation
 * @op: which, NULL: none was called
 * @name: of pool, volume or snapshot; "" without
 * @uuid: of the volume
 * @generation: of the attachment or export
 * @size_bytes: wanted
 * @timeout_ms: of the query
 * @force: of the query
 * @req: the whole request
 */
static struct seen {
	const char *op;
	char name[LITEIO_ROUTE_PARAM_MAX];
	struct liteio_uuid uuid;
	uint64_t generation;
	uint64_t size_bytes;
	uint64_t timeout_ms;
	bool force;
	const void *req;
} seen;

static const char *missing; /* this operation finds nothing */

static int note(const char *op, const char *name, const void *req)
{
	seen.op = op;
	snprintf(seen.name, sizeof(seen.name), "%s", name);
	seen.req = req;
	return missing && !strcmp(op, missing) ? -ENOENT : 0;
}

#define AGENT struct liteio_agent *a
#define ERROR struct liteio_error *err
#define SHOW(op, type) \
	int liteio_op_##op(AGENT, struct liteio_local_##type *ret, ERROR) \
	{ \
		return note(#op, "", NULL); \
	}
#define TAKE(op, in, type) \
	int liteio_op_##op(AGENT, const struct liteio_local_##in *req, \
			   struct liteio_local_##type *ret, ERROR) \
	{ \
		return note(#op, "", req); \
	}
#define NAMED(op, type) \
	int liteio_op_##op(AGENT, const char *name, struct liteio_local_##type *ret, ERROR) \
	{ \
		return note(#op, name, NULL); \
	}
#define CHANGE(op, in, type) \
	int liteio_op_##op(AGENT, const char *name, const struct liteio_local_##in *req, \
			   struct liteio_local_##type *ret, ERROR) \
	{ \
		return note(#op, name, req); \
	}

SHOW(node_show, node)
SHOW(module_show, module)
SHOW(module_load, module)
SHOW(module_volume_list, module_volume_list)
SHOW(module_attachment_list, module_attachment_list)
TAKE(module_fence, module_fence, module_fenced)
TAKE(disk_list, disk_rule, disk_list)
SHOW(pool_list, pool_list)
NAMED(pool_show, pool)
TAKE(pool_import, pool_import, pool)
SHOW(pool_import_all, pool_imported_list)
NAMED(pool_export, pool_exported)
CHANGE(pool_grow, pool_grow, pool)
TAKE(pool_create, pool_create, pool)
CHANGE(pool_set, pool_set, pool)
CHANGE(pool_repair, pool_repair, pool_repaired)

int liteio_op_volume_list(AGENT, char **ret, ERROR)
{
	int r = note("volume_list", "", NULL);

	if (!r)
		*ret = liteio_strdup("{\"items\":[]}");
	return r;
}

NAMED(volume_show, volume)
NAMED(deletion_show, volume)
TAKE(volume_create, volume_create, volume)
CHANGE(volume_fence, fence, fenced)
CHANGE(volume_rollback, rollback, volume)
CHANGE(volume_attach, volume_attach, attachment)
CHANGE(volume_rename, rename, volume)
CHANGE(volume_clone, clone, volume)
CHANGE(volume_delete, delete, deleted)
SHOW(deletion_list, deletion_list)
SHOW(snapshot_list, snapshot_list)
NAMED(snapshot_show, snapshot)
TAKE(snapshot_create, snapshot_create, snapshot)
CHANGE(snapshot_rename, rename, snapshot)
TAKE(snapshot_group, snapshot_group, snapshot_list)
CHANGE(snapshot_delete, delete, deleted)
TAKE(export_create, export_create, export)
SHOW(attachment_list, attachment_list)
TAKE(attachment_create, attach, attachment)
SHOW(stats_list, stats_list)
SHOW(doctor, finding_list)
TAKE(doctor_fix, doctor_fix, doctor_fixed)

int liteio_module_events_open(struct liteio_call *call, ERROR)
{
	return note("module_events_open", "", NULL);
}

int liteio_events_open(struct liteio_call *call, ERROR)
{
	return note("events_open", "", NULL);
}

int liteio_op_operation_list(struct liteio_call *call, ERROR)
{
	return note("operation_list", "", NULL);
}

int liteio_op_operation_show(struct liteio_call *call, ERROR)
{
	return note("operation_show", call->params[0], call->req);
}

int liteio_op_module_volume_show(AGENT, const struct liteio_uuid *uuid,
				 struct liteio_local_module_volume *ret, ERROR)
{
	seen.uuid = *uuid;
	return note("module_volume_show", "", NULL);
}

int liteio_op_pool_delete(AGENT, const char *name, bool *ret_deleted, ERROR)
{
	*ret_deleted = true;
	return note("pool_delete", name, NULL);
}

int liteio_op_volume_grow(AGENT, const char *name, uint64_t size_bytes,
			  struct liteio_local_volume *ret, ERROR)
{
	seen.size_bytes = size_bytes;
	return note("volume_grow", name, NULL);
}

int liteio_op_volume_limit(AGENT, const char *name, const struct liteio_limits_change *change,
			   struct liteio_local_volume *ret, ERROR)
{
	return note("volume_limit", name, change);
}

int liteio_op_volume_detach(AGENT, const char *name, bool force,
			    struct liteio_local_unexport *ret, ERROR)
{
	seen.force = force;
	return note("volume_detach", name, NULL);
}

/* of all volumes */
int liteio_op_export_list(AGENT, const char *name, struct liteio_local_export_list *ret, ERROR)
{
	return note("export_list", name ? name : "", NULL);
}

int liteio_op_export_delete(AGENT, const char *name, uint64_t generation, uint64_t timeout_ms,
			    struct liteio_local_unexport *ret, ERROR)
{
	seen.generation = generation;
	seen.timeout_ms = timeout_ms;
	return note("export_delete", name, NULL);
}

int liteio_op_attachment_resize(AGENT, const struct liteio_uuid *uuid, uint64_t generation,
				uint64_t size_bytes, struct liteio_local_attachment *ret, ERROR)
{
	seen.uuid = *uuid;
	seen.generation = generation;
	seen.size_bytes = size_bytes;
	return note("attachment_resize", "", NULL);
}

int liteio_op_attachment_delete(AGENT, const struct liteio_uuid *uuid, uint64_t generation,
				bool force, bool *ret_deleted, ERROR)
{
	seen.uuid = *uuid;
	seen.generation = generation;
	seen.force = force;
	*ret_deleted = true;
	return note("attachment_delete", "", NULL);
}

/* ---- paths */

#define PLAIN .req = false
#define REQ .req = true
#define GROWN .size_bytes = SIZE
#define FORCED .force = true

static const struct {
	const char *method;
	const char *path;
	const char *op;
	const char *name;
	const char *uuid;
	uint64_t generation;
	uint64_t size_bytes;
	uint64_t timeout_ms;
	bool force;
	bool req;
} paths[] = {
	{ "GET", "/v1/node", "node_show", PLAIN },
	{ "GET", "/v1/module", "module_show", PLAIN },
	{ "POST", "/v1/module/load", "module_load", PLAIN },
	{ "GET", "/v1/module/volumes", "module_volume_list", PLAIN },
	{ "GET", "/v1/module/volumes/" ID, "module_volume_show", .uuid = ID },
	{ "GET", "/v1/module/attachments", "module_attachment_list", PLAIN },
	{ "POST", "/v1/module/fence", "module_fence", REQ },
	{ "GET", "/v1/module/events", "module_events_open", PLAIN },
	{ "GET", "/v1/disks", "disk_list", REQ },
	{ "GET", "/v1/pools", "pool_list", PLAIN },
	{ "GET", "/v1/pools/fast", "pool_show", "fast", PLAIN },
	{ "POST", "/v1/pools/import", "pool_import", REQ },
	{ "POST", "/v1/pools/import-all", "pool_import_all", PLAIN },
	{ "POST", "/v1/pools/fast/export", "pool_export", "fast", PLAIN },
	{ "POST", "/v1/pools/fast/grow", "pool_grow", "fast", REQ },
	{ "POST", "/v1/pools", "pool_create", REQ },
	{ "POST", "/v1/pools/fast/set", "pool_set", "fast", REQ },
	{ "POST", "/v1/pools/fast/repair", "pool_repair", "fast", REQ },
	{ "DELETE", "/v1/pools/fast", "pool_delete", "fast", PLAIN },
	{ "GET", "/v1/volumes", "volume_list", PLAIN },
	{ "GET", "/v1/volumes/data", "volume_show", "data", PLAIN },
	{ "POST", "/v1/volumes", "volume_create", REQ },
	{ "POST", "/v1/volumes/data/grow", "volume_grow", "data", GROWN },
	{ "POST", "/v1/volumes/data/limits", "volume_limit", "data", REQ },
	{ "POST", "/v1/volumes/data/fence", "volume_fence", "data", REQ },
	{ "POST", "/v1/volumes/data/rollback", "volume_rollback", "data", REQ },
	{ "POST", "/v1/volumes/data/attachment", "volume_attach", "data", REQ },
	{ "DELETE", "/v1/volumes/data/attachment", "volume_detach", "data", FORCED },
	{ "POST", "/v1/volumes/data/rename", "volume_rename", "data", REQ },
	{ "POST", "/v1/volumes/data/clone", "volume_clone", "data", REQ },
	{ "DELETE", "/v1/volumes/data", "volume_delete", "data", REQ },
	{ "GET", "/v1/deletions", "deletion_list", PLAIN },
	{ "GET", "/v1/snapshots", "snapshot_list", PLAIN },
	{ "GET", "/v1/snapshots/s", "snapshot_show", "s", PLAIN },
	{ "POST", "/v1/snapshots", "snapshot_create", REQ },
	{ "POST", "/v1/snapshots/s/rename", "snapshot_rename", "s", REQ },
	{ "POST", "/v1/snapshot-groups", "snapshot_group", REQ },
	{ "DELETE", "/v1/snapshots/s", "snapshot_delete", "s", REQ },
	{ "GET", "/v1/exports", "export_list", PLAIN },
	{ "POST", "/v1/exports", "export_create", REQ },
	{ "DELETE", "/v1/exports/data/7", "export_delete", "data", .generation = 7,
	  .timeout_ms = TIMEOUT },
	{ "GET", "/v1/attachments", "attachment_list", PLAIN },
	{ "POST", "/v1/attachments", "attachment_create", REQ },
	{ "POST", "/v1/attachments/" ID "/8/resize", "attachment_resize", .uuid = ID,
	  .generation = 8, GROWN },
	{ "DELETE", "/v1/attachments/" ID "/281474976710655", "attachment_delete", .uuid = ID,
	  .generation = 281474976710655, FORCED },
	{ "GET", "/v1/stats", "stats_list", PLAIN },
	{ "GET", "/v1/doctor", "doctor", PLAIN },
	{ "POST", "/v1/doctor/fix", "doctor_fix", REQ },
	{ "GET", "/v1/operations", "operation_list", PLAIN },
	{ "GET", "/v1/operations/" ID, "operation_show", ID, REQ },
	{ "GET", "/v1/events", "events_open", PLAIN },
};

/* answers of any operation, and a request that is all zeroes but for what is wanted */
static union {
	struct liteio_local_resize resize;
	char room[4096];
} request;
static char answer[4096];

/* find and run; where nothing is found the test fails */
static int run(const char *method, const char *path, const struct liteio_route **ret,
	       struct liteio_error *err)
{
	struct liteio_call call = {
		.timeout_ms = TIMEOUT, .force = true, .req = &request, .ret = answer
	};
	int r;

	seen = (struct seen){ 0 };
	request.resize.size_bytes = SIZE;
	r = liteio_route_find(liteio_routes, method, path, &call, ret);
	ck_assert_msg(r == 0, "%s %s: %d", method, path, r);
	ck_assert_uint_le((*ret)->req_size, sizeof(request));
	ck_assert_uint_le((*ret)->ret_size, sizeof(answer));
	r = (*ret)->run(&call, err);
	free(call.text);
	return r;
}

START_TEST(paths_lead_to_operations)
{
	size_t lines = 0;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(paths); i++) {
		const struct liteio_route *route;
		char uuid[LITEIO_UUID_STRLEN + 1];

		ck_assert_int_eq(run(paths[i].method, paths[i].path, &route, NULL), 0);
		ck_assert_ptr_nonnull(seen.op);
		ck_assert_str_eq(seen.op, paths[i].op);
		ck_assert_str_eq(seen.name, paths[i].name ? paths[i].name : "");
		liteio_uuid_format(&seen.uuid, uuid);
		ck_assert_msg(paths[i].uuid ? !strcmp(uuid, paths[i].uuid) :
					      liteio_uuid_is_null(&seen.uuid),
			      "%s: %s", paths[i].path, uuid);
		ck_assert_uint_eq(seen.generation, paths[i].generation);
		ck_assert_uint_eq(seen.size_bytes, paths[i].size_bytes);
		ck_assert_uint_eq(seen.timeout_ms, paths[i].timeout_ms);
		ck_assert_msg(seen.force == paths[i].force, "%s", paths[i].path);
		ck_assert_msg(seen.req == (paths[i].req ? &request : NULL), "%s", paths[i].path);
		/* one row is about one line, so that as many rows as lines are about all */
		ck_assert_ptr_eq(route, &liteio_routes[i]);
	}
	while (liteio_routes[lines].method)
		lines++;
	ck_assert_uint_eq(lines, LITEIO_ARRAY_SIZE(paths));
}
END_TEST

START_TEST(a_volume_is_shown_while_it_goes)
{
	const struct liteio_route *route;

	missing = "volume_show";
	ck_assert_int_eq(run("GET", "/v1/volumes/data", &route, NULL), 0);
	ck_assert_str_eq(seen.op, "deletion_show");
	ck_assert_str_eq(seen.name, "data");
	missing = "deletion_show";
	ck_assert_int_eq(run("GET", "/v1/volumes/data", &route, NULL), 0);
	ck_assert_str_eq(seen.op, "volume_show");
}
END_TEST

static const struct {
	const char *method;
	const char *path;
	const char *sentence;
} bad[] = {
	{ "GET", "/v1/module/volumes/data", "\"data\" is not a UUID" },
	{ "DELETE", "/v1/exports/data/0", "\"0\" is not a generation" },
	{ "DELETE", "/v1/exports/data/-1", "\"-1\" is not a generation" },
	{ "DELETE", "/v1/exports/data/7x", "\"7x\" is not a generation" },
	{ "DELETE", "/v1/exports/data/281474976710656", "\"281474976710656\" is not a generation" },
	{ "POST", "/v1/attachments/data/7/resize", "\"data\" is not a UUID" },
	{ "POST", "/v1/attachments/" ID "/0/resize", "\"0\" is not a generation" },
	{ "DELETE", "/v1/attachments/" ID "0/7", "\"" ID "0\" is not a UUID" },
	{ "DELETE", "/v1/attachments/" ID "/new", "\"new\" is not a generation" },
};

START_TEST(bad_paths_lead_nowhere)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(bad); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		const struct liteio_route *route;

		ck_assert_int_eq(run(bad[i].method, bad[i].path, &route, &err), -EINVAL);
		ck_assert_str_eq(err.msg, bad[i].sentence);
		ck_assert_ptr_null(seen.op);
	}
}
END_TEST

/* what a line says of bodies, queries and answers makes sense */
START_TEST(lines_make_sense)
{
	for (const struct liteio_route *r = liteio_routes; r->method; r++) {
		bool query = r->flags & LITEIO_ROUTE_QUERY;
		bool post = !strcmp(r->method, "POST");

		ck_assert_msg(!r->req_fields == !r->req_name && !r->req_fields == !r->req_size,
			      "%s", r->path);
		ck_assert_msg(r->ret_fields && r->ret_name && r->ret_size, "%s", r->path);
		/* a body comes with POST alone, so that proxies and clients let it through */
		ck_assert_msg(!r->req_fields || post != query, "%s %s", r->method, r->path);
		ck_assert_msg(!(post && (r->flags & (LITEIO_ROUTE_FORCE | LITEIO_ROUTE_TIMEOUT))),
			      "%s", r->path);
		ck_assert_msg(!strncmp(r->path, "/v1/", 4), "%s", r->path);
	}
}
END_TEST

/* ---- the description */

/* as text: "key,key" of the fields of an array */
static char *keys(const struct liteio_json *fields)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	for (size_t i = 0; i < liteio_json_len(fields); i++)
		liteio_buf_addf(&b, "%s%s", i ? "," : "",
				liteio_json_get_string(liteio_json_at(fields, i), "key"));
	return liteio_buf_take(&b);
}

static const struct liteio_json *described(const struct liteio_json *api, const char *method,
					   const char *path)
{
	const struct liteio_json *routes = liteio_json_get(api, "routes");

	for (size_t i = 0; i < liteio_json_len(routes); i++) {
		const struct liteio_json *route = liteio_json_at(routes, i);

		if (!strcmp(liteio_json_get_string(route, "method"), method) &&
		    !strcmp(liteio_json_get_string(route, "path"), path))
			return route;
	}
	ck_abort_msg("%s %s is not described", method, path);
	return NULL;
}

static const struct {
	const char *method;
	const char *path;
	const char *query;
	const char *body; /* its name; NULL: there is none */
	const char *answer;
	const char *stream;
} descriptions[] = {
	{ "GET", "/v1/node", "", NULL, "node", NULL },
	{ "POST", "/v1/volumes/*/grow", "wait", "resize", "volume", NULL },
	{ "POST", "/v1/volumes/*/limits", "", "limits_change", "volume", NULL },
	{ "DELETE", "/v1/volumes/*/attachment", "force", NULL, "unexport", NULL },
	{ "DELETE", "/v1/exports/*/*", "timeoutMs", NULL, "unexport", NULL },
	{ "DELETE", "/v1/volumes/*", "wait,wipe", NULL, "deleted", NULL },
	{ "GET", "/v1/module/events", "", NULL, NULL, "event" },
	{ "GET", LITEIO_API_HEALTH, "", NULL, NULL, NULL },
};

static void assert_name(const struct liteio_json *route, const char *what, const char *name)
{
	const struct liteio_json *o = liteio_json_get(route, what);

	ck_assert_msg(!o == !name, "%s: %s", liteio_json_get_string(route, "path"), what);
	if (!name)
		return;
	ck_assert_str_eq(liteio_json_get_string(o, "name"), name);
	ck_assert_uint_gt(liteio_json_len(liteio_json_get(o, "fields")), 0);
}

START_TEST(the_table_is_described)
{
	struct liteio_json *api = liteio_api_describe();

	/* all of it, and the one path that is answered without it */
	ck_assert_uint_eq(liteio_json_len(liteio_json_get(api, "routes")),
			  LITEIO_ARRAY_SIZE(paths) + 1);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(descriptions); i++) {
		const struct liteio_json *route =
			described(api, descriptions[i].method, descriptions[i].path);
		_cleanup_free_ char *query = keys(liteio_json_get(route, "query"));

		ck_assert_str_eq(query ? query : "", descriptions[i].query);
		assert_name(route, "body", descriptions[i].body);
		assert_name(route, "answer", descriptions[i].answer);
		assert_name(route, "stream", descriptions[i].stream);
	}
	liteio_json_unref(api);
}
END_TEST

START_TEST(errors_are_described)
{
	struct liteio_json *api = liteio_api_describe();
	const struct liteio_json *errors = liteio_json_get(api, "errors");
	_cleanup_free_ char *failure = keys(liteio_json_get(api, "failure.fields"));
	bool has_noent = false;

	ck_assert_str_eq(failure, "error,operation");
	for (size_t i = 0; i < liteio_json_len(errors); i++) {
		const struct liteio_json *o = liteio_json_at(errors, i);
		int64_t status = liteio_json_get_int(o, "status", 0);

		/* what has no status of its own is 500, and not worth a line */
		ck_assert_msg(status >= 400 && status != 500, "%lld", (long long)status);
		if (!strcmp(liteio_json_get_string(o, "code"), "ENOENT")) {
			ck_assert_int_eq(status, 404);
			has_noent = true;
		}
	}
	ck_assert(has_noent);
	liteio_json_unref(api);
}
END_TEST

UNIT_MAIN("agent-api", paths_lead_to_operations, a_volume_is_shown_while_it_goes,
	  bad_paths_lead_nowhere, lines_make_sense, the_table_is_described, errors_are_described)
