// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local API's table: path, operation, request and answer. Names are checked by the operations;
 * all else that is here is pure.
 */
#include <errno.h>

#include "agent/doctor.h"
#include "agent/events.h"
#include "agent/operations.h"
#include "agent/ops.h"
#include "agent/route.h"
#include "base/error.h"
#include "base/str.h"
#include "base/uuid.h"
#include "model/local.h"
#include "model/local_doctor.h"
#include "model/local_module.h"
#include "model/local_operation.h"

static int param_generation(const char *s, uint64_t *ret, struct liteio_error *err)
{
	if (liteio_parse_u64(s, 1, LITEIO_GENERATION_MAX, ret) < 0)
		return liteio_error_set(err, -EINVAL, "\"%s\" is not a generation", s);
	return 0;
}

/* the parameters of an attachment's path */
static int param_attachment(const struct liteio_call *c, struct liteio_uuid *ret_uuid,
			    uint64_t *ret_generation, struct liteio_error *err)
{
	if (liteio_uuid_parse(c->params[0], ret_uuid) < 0)
		return liteio_error_set(err, -EINVAL, "\"%s\" is not a UUID", c->params[0]);
	return param_generation(c->params[1], ret_generation, err);
}

static bool *deleted(const struct liteio_call *c)
{
	return &((struct liteio_local_deleted *)c->ret)->deleted;
}

static int node_show(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_node_show(c->agent, c->ret, err);
}

static int module_show(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_module_show(c->agent, c->ret, err);
}

static int module_load(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_module_load(c->agent, c->ret, err);
}

static int disk_list(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_disk_list(c->agent, c->req, c->ret, err);
}

static int pool_list(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_pool_list(c->agent, c->ret, err);
}

static int pool_show(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_pool_show(c->agent, c->params[0], c->ret, err);
}

static int pool_create(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_pool_create(c->agent, c->req, c->ret, err);
}

static int pool_import(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_pool_import(c->agent, c->req, c->ret, err);
}

static int pool_import_all(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_pool_import_all(c->agent, c->ret, err);
}

static int pool_export(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_pool_export(c->agent, c->params[0], c->ret, err);
}

static int pool_grow(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_pool_grow(c->agent, c->params[0], c->req, c->ret, err);
}

static int pool_set(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_pool_set(c->agent, c->params[0], c->req, c->ret, err);
}

static int pool_delete(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_pool_delete(c->agent, c->params[0], deleted(c), err);
}

static int volume_list(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_volume_list(c->agent, &c->text, err);
}

static int volume_show(struct liteio_call *c, struct liteio_error *err)
{
	int r = liteio_op_volume_show(c->agent, c->params[0], c->ret, err);

	/* while no other one has the name */
	return r == -ENOENT ? liteio_op_deletion_show(c->agent, c->params[0], c->ret, err) : r;
}

static int volume_create(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_volume_create(c->agent, c->req, c->ret, err);
}

static int volume_grow(struct liteio_call *c, struct liteio_error *err)
{
	const struct liteio_local_resize *req = c->req;

	return liteio_op_volume_grow(c->agent, c->params[0], req->size_bytes, c->ret, err);
}

static int volume_fence(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_volume_fence(c->agent, c->params[0], c->req, c->ret, err);
}

static int volume_rollback(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_volume_rollback(c->agent, c->params[0], c->req, c->ret, err);
}

static int volume_attach(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_volume_attach(c->agent, c->params[0], c->req, c->ret, err);
}

static int volume_detach(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_volume_detach(c->agent, c->params[0], c->force, c->ret, err);
}

static int volume_rename(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_volume_rename(c->agent, c->params[0], c->req, c->ret, err);
}

static int volume_clone(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_volume_clone(c->agent, c->params[0], c->req, c->ret, err);
}

static int volume_delete(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_volume_delete(c->agent, c->params[0], c->req, c->ret, err);
}

static int snapshot_list(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_snapshot_list(c->agent, c->ret, err);
}

static int snapshot_show(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_snapshot_show(c->agent, c->params[0], c->ret, err);
}

static int snapshot_create(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_snapshot_create(c->agent, c->req, c->ret, err);
}

static int snapshot_rename(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_snapshot_rename(c->agent, c->params[0], c->req, c->ret, err);
}

static int snapshot_delete(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_snapshot_delete(c->agent, c->params[0], c->req, c->ret, err);
}

static int snapshot_group(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_snapshot_group(c->agent, c->req, c->ret, err);
}

static int deletion_list(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_deletion_list(c->agent, c->ret, err);
}

static int export_list(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_export_list(c->agent, NULL, c->ret, err);
}

static int export_create(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_export_create(c->agent, c->req, c->ret, err);
}

static int export_delete(struct liteio_call *c, struct liteio_error *err)
{
	uint64_t generation;
	int r;

	r = param_generation(c->params[1], &generation, err);
	if (r < 0)
		return r;
	return liteio_op_export_delete(c->agent, c->params[0], generation, c->timeout_ms, c->ret,
				       err);
}

static int attachment_list(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_attachment_list(c->agent, c->ret, err);
}

static int attachment_create(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_attachment_create(c->agent, c->req, c->ret, err);
}

static int attachment_resize(struct liteio_call *c, struct liteio_error *err)
{
	const struct liteio_local_resize *req = c->req;
	struct liteio_uuid uuid;
	uint64_t generation;
	int r;

	r = param_attachment(c, &uuid, &generation, err);
	if (r < 0)
		return r;
	return liteio_op_attachment_resize(c->agent, &uuid, generation, req->size_bytes, c->ret,
					   err);
}

static int attachment_delete(struct liteio_call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid;
	uint64_t generation;
	int r;

	r = param_attachment(c, &uuid, &generation, err);
	if (r < 0)
		return r;
	return liteio_op_attachment_delete(c->agent, &uuid, generation, c->force, deleted(c), err);
}

static int pool_repair(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_pool_repair(c->agent, c->params[0], c->req, c->ret, err);
}

/* ---- the module's registry, limits ---- */

static int module_volume_list(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_module_volume_list(c->agent, c->ret, err);
}

static int module_volume_show(struct liteio_call *c, struct liteio_error *err)
{
	struct liteio_uuid uuid;

	if (liteio_uuid_parse(c->params[0], &uuid) < 0)
		return liteio_error_set(err, -EINVAL, "\"%s\" is not a UUID", c->params[0]);
	return liteio_op_module_volume_show(c->agent, &uuid, c->ret, err);
}

static int module_attachment_list(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_module_attachment_list(c->agent, c->ret, err);
}

static int module_fence(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_module_fence(c->agent, c->req, c->ret, err);
}

static int volume_limit(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_volume_limit(c->agent, c->params[0], c->req, c->ret, err);
}

static int stats_list(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_stats_list(c->agent, c->ret, err);
}

static int doctor(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_doctor(c->agent, c->ret, err);
}

static int doctor_fix(struct liteio_call *c, struct liteio_error *err)
{
	return liteio_op_doctor_fix(c->agent, c->req, c->ret, err);
}

#define EARLY LITEIO_ROUTE_EARLY
#define URGENT LITEIO_ROUTE_URGENT
#define QUERY LITEIO_ROUTE_QUERY
#define TIMEOUT LITEIO_ROUTE_TIMEOUT
#define FORCE LITEIO_ROUTE_FORCE
#define STREAM LITEIO_ROUTE_STREAM
/* of these a query says whether to wait for the end; of a deletion its own query does */
#define LONG (LITEIO_ROUTE_LONG | LITEIO_ROUTE_WAIT)
#define LONG_QUERY (LITEIO_ROUTE_LONG | LITEIO_ROUTE_QUERY)
#define LOOP LITEIO_ROUTE_LOOP
#define STRUCT(s) liteio_local_##s##_fields, sizeof(struct liteio_local_##s), #s
#define LIMITS_CHANGE                                                                              \
	liteio_limits_change_fields, sizeof(struct liteio_limits_change), "limits_change"
#define NOTHING NULL, 0, NULL

const struct liteio_route liteio_routes[] = {
	{ "GET", "/v1/node", node_show, EARLY, NOTHING, STRUCT(node) },
	{ "GET", "/v1/module", module_show, EARLY, NOTHING, STRUCT(module) },
	{ "POST", "/v1/module/load", module_load, 0, NOTHING, STRUCT(module) },
	{ "GET", "/v1/module/volumes", module_volume_list, EARLY, NOTHING,
	  STRUCT(module_volume_list) },
	{ "GET", "/v1/module/volumes/*", module_volume_show, EARLY, NOTHING,
	  STRUCT(module_volume) },
	{ "GET", "/v1/module/attachments", module_attachment_list, EARLY, NOTHING,
	  STRUCT(module_attachment_list) },
	{ "POST", "/v1/module/fence", module_fence, URGENT, STRUCT(module_fence),
	  STRUCT(module_fenced) },
	{ "GET", "/v1/module/events", liteio_module_events_open, EARLY | STREAM, NOTHING,
	  STRUCT(event) },

	{ "GET", "/v1/disks", disk_list, EARLY | QUERY, STRUCT(disk_rule), STRUCT(disk_list) },

	{ "GET", "/v1/pools", pool_list, 0, NOTHING, STRUCT(pool_list) },
	{ "GET", "/v1/pools/*", pool_show, 0, NOTHING, STRUCT(pool) },
	{ "POST", "/v1/pools/import", pool_import, LONG, STRUCT(pool_import), STRUCT(pool) },
	{ "POST", "/v1/pools/import-all", pool_import_all, LONG, NOTHING,
	  STRUCT(pool_imported_list) },
	{ "POST", "/v1/pools/*/export", pool_export, LONG, NOTHING, STRUCT(pool_exported) },
	{ "POST", "/v1/pools/*/grow", pool_grow, LONG, STRUCT(pool_grow), STRUCT(pool) },
	{ "POST", "/v1/pools", pool_create, LONG, STRUCT(pool_create), STRUCT(pool) },
	{ "POST", "/v1/pools/*/set", pool_set, 0, STRUCT(pool_set), STRUCT(pool) },
	{ "POST", "/v1/pools/*/repair", pool_repair, LONG, STRUCT(pool_repair),
	  STRUCT(pool_repaired) },
	{ "DELETE", "/v1/pools/*", pool_delete, LONG, NOTHING, STRUCT(deleted) },

	{ "GET", "/v1/volumes", volume_list, 0, NOTHING, STRUCT(volume_list) },
	{ "GET", "/v1/volumes/*", volume_show, 0, NOTHING, STRUCT(volume) },
	{ "POST", "/v1/volumes", volume_create, LONG, STRUCT(volume_create), STRUCT(volume) },
	{ "POST", "/v1/volumes/*/grow", volume_grow, LONG, STRUCT(resize), STRUCT(volume) },
	{ "POST", "/v1/volumes/*/limits", volume_limit, 0, LIMITS_CHANGE, STRUCT(volume) },
	{ "POST", "/v1/volumes/*/fence", volume_fence, URGENT, STRUCT(fence), STRUCT(fenced) },
	{ "POST", "/v1/volumes/*/rollback", volume_rollback, 0, STRUCT(rollback), STRUCT(volume) },
	{ "POST", "/v1/volumes/*/attachment", volume_attach, 0, STRUCT(volume_attach),
	  STRUCT(attachment) },
	{ "DELETE", "/v1/volumes/*/attachment", volume_detach, FORCE, NOTHING, STRUCT(unexport) },
	{ "POST", "/v1/volumes/*/rename", volume_rename, 0, STRUCT(rename), STRUCT(volume) },
	{ "POST", "/v1/volumes/*/clone", volume_clone, 0, STRUCT(clone), STRUCT(volume) },
	{ "DELETE", "/v1/volumes/*", volume_delete, LONG_QUERY, STRUCT(delete), STRUCT(deleted) },
	{ "GET", "/v1/deletions", deletion_list, 0, NOTHING, STRUCT(deletion_list) },

	{ "GET", "/v1/snapshots", snapshot_list, 0, NOTHING, STRUCT(snapshot_list) },
	{ "GET", "/v1/snapshots/*", snapshot_show, 0, NOTHING, STRUCT(snapshot) },
	{ "POST", "/v1/snapshots", snapshot_create, 0, STRUCT(snapshot_create), STRUCT(snapshot) },
	{ "POST", "/v1/snapshots/*/rename", snapshot_rename, 0, STRUCT(rename), STRUCT(snapshot) },
	{ "POST", "/v1/snapshot-groups", snapshot_group, 0, STRUCT(snapshot_group),
	  STRUCT(snapshot_list) },
	{ "DELETE", "/v1/snapshots/*", snapshot_delete, LONG_QUERY, STRUCT(delete),
	  STRUCT(deleted) },

	{ "GET", "/v1/exports", export_list, 0, NOTHING, STRUCT(export_list) },
	{ "POST", "/v1/exports", export_create, 0, STRUCT(export_create), STRUCT(export) },
	{ "DELETE", "/v1/exports/*/*", export_delete, TIMEOUT, NOTHING, STRUCT(unexport) },

	{ "GET", "/v1/attachments", attachment_list, 0, NOTHING, STRUCT(attachment_list) },
	{ "POST", "/v1/attachments", attachment_create, 0, STRUCT(attach), STRUCT(attachment) },
	{ "POST", "/v1/attachments/*/*/resize", attachment_resize, 0, STRUCT(resize),
	  STRUCT(attachment) },
	{ "DELETE", "/v1/attachments/*/*", attachment_delete, FORCE, NOTHING, STRUCT(deleted) },

	{ "GET", "/v1/stats", stats_list, 0, NOTHING, STRUCT(stats_list) },

	{ "GET", "/v1/doctor", doctor, 0, NOTHING, STRUCT(finding_list) },
	{ "POST", "/v1/doctor/fix", doctor_fix, 0, STRUCT(doctor_fix), STRUCT(doctor_fixed) },

	{ "GET", "/v1/operations", liteio_op_operation_list, EARLY | LOOP, NOTHING,
	  STRUCT(operation_list) },
	{ "GET", "/v1/operations/*", liteio_op_operation_show, EARLY | LOOP | QUERY,
	  STRUCT(operation_wait), STRUCT(operation) },
	{ "GET", "/v1/events", liteio_events_open, EARLY | STREAM, NOTHING, STRUCT(event) },
	{ .method = NULL },
};

static const struct liteio_field timeout_fields[] = {
	{ .key = "timeoutMs", .type = LITEIO_FIELD_U64,
	  .offset = offsetof(struct liteio_call, timeout_ms), .max = LITEIO_LOCAL_TIMEOUT_MS_MAX },
	{ .key = NULL },
};

static const struct liteio_field force_fields[] = {
	{ .key = "force", .type = LITEIO_FIELD_BOOL,
	  .offset = offsetof(struct liteio_call, force) },
	{ .key = NULL },
};

static const struct liteio_field wait_fields[] = {
	{ .key = "wait", .type = LITEIO_FIELD_ENUM, .names = liteio_local_wait_names,
	  .offset = offsetof(struct liteio_call, wait) },
	{ .key = NULL },
};

const struct liteio_route_query liteio_route_queries[] = {
	{ LITEIO_ROUTE_TIMEOUT, timeout_fields },
	{ LITEIO_ROUTE_FORCE, force_fields },
	{ LITEIO_ROUTE_WAIT, wait_fields },
	{ 0, NULL },
};
