// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CreateSnapshot, DeleteSnapshot, ListSnapshots.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "busy.h"
#include "csi.h"
#include "id.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "listing.h"
#include "model/snapshot.h"
#include "remove.h"
#include "volume.h"

static void answer(const struct liteio_snapshot *s, Csi__V1__Snapshot *out)
{
	time_t created = 0;

	out->snapshot_id = liteio_strdup(s->meta.name);
	out->source_volume_id = liteio_strdup(s->spec.volume);
	out->size_bytes = (int64_t)s->status.size_bytes;
	out->ready_to_use = s->status.ready;
	if (s->status.created_at)
		liteio_time_parse(s->status.created_at, &created);
	out->creation_time = liteio_message_new(&google__protobuf__timestamp__descriptor);
	out->creation_time->seconds = created;
}

/* ---- create */

static int check_parameters(const Csi__V1__CreateSnapshotRequest *req, struct liteio_error *err)
{
	static const char prefix[] = "csi.storage.k8s.io/volumesnapshot";

	for (size_t i = 0; i < req->n_parameters; i++)
		if (strncmp(req->parameters[i]->key, prefix, strlen(prefix)))
			return liteio_error_set(err, -EINVAL,
						"unknown parameter \"%s\": snapshots have none",
						req->parameters[i]->key);
	return 0;
}

static int check_existing(const struct liteio_json *obj, const Csi__V1__CreateSnapshotRequest *req,
			  struct liteio_error *err)
{
	const char *name = liteio_object_annotation(obj, LITEIO_CSI_NAME_ANNOTATION);
	const char *volume = liteio_json_get_string(obj, "spec.volume");

	if (liteio_object_deleting(obj))
		return liteio_error_set(err, -EAGAIN, "the snapshot %s of that name is being deleted",
					liteio_object_name(obj));
	if (!name || strcmp(name, req->name) || !volume || strcmp(volume, req->source_volume_id))
		return liteio_error_set(err, -EEXIST, "snapshot %s exists already, of volume %s",
					liteio_object_name(obj), volume ? volume : "(none)");
	return 0;
}

static struct liteio_json *object_of(const char *id, const Csi__V1__CreateSnapshotRequest *req)
{
	struct liteio_json *obj = liteio_object_new(&liteio_resource_snapshot, NULL, id);
	struct liteio_json *spec = liteio_json_new_object();
	struct liteio_json *annotations = liteio_json_new_object();

	liteio_json_set_string(annotations, LITEIO_CSI_NAME_ANNOTATION, req->name);
	liteio_json_set(liteio_json_get(obj, "metadata"), "annotations", annotations);
	liteio_json_set_string(spec, "volume", req->source_volume_id);
	liteio_json_set(obj, "spec", spec);
	return obj;
}

static int check_source(const struct liteio_cluster_call *c, const char *volume,
			struct liteio_error *err)
{
	struct liteio_json *obj = NULL;
	int r;

	r = liteio_cluster_get(c, &liteio_resource_volume, volume, &obj, err);
	if (r == 0 && liteio_object_deleting(obj))
		r = liteio_error_set(err, -EBUSY, "volume %s is being deleted", volume);
	liteio_json_unref(obj);
	return r;
}

static int find_or_make(const struct liteio_cluster_call *c, const char *id,
			const Csi__V1__CreateSnapshotRequest *req, struct liteio_json **ret,
			struct liteio_error *err)
{
	struct liteio_json *obj;
	int r;

	r = liteio_cluster_get(c, &liteio_resource_snapshot, id, ret, err);
	if (r == 0)
		return check_existing(*ret, req, err);
	if (r == -ENOENT)
		r = check_source(c, req->source_volume_id, err);
	if (r < 0)
		return r;
	obj = object_of(id, req);
	r = liteio_cluster_create(c, &liteio_resource_snapshot, obj, ret, err);
	liteio_json_unref(obj);
	return r == -EEXIST ? -EAGAIN : r; /* another instance of this driver was faster */
}

static int is_taken(void *arg, const struct liteio_json *obj, char *why, struct liteio_error *err)
{
	struct liteio_snapshot s = { 0 };
	const struct liteio_condition *cond;
	const char *type;
	int r;

	r = liteio_snapshot_parse(obj, &s, err);
	if (r < 0)
		return -EIO;
	type = s.spec.placement.node ? LITEIO_CONDITION_READY : LITEIO_CONDITION_PLACED;
	cond = liteio_condition_find(s.status.conditions, s.status.n_conditions, type);
	r = s.status.ready;
	if (s.meta.deleting)
		r = liteio_error_set(err, -EAGAIN, "snapshot %s is being deleted", s.meta.name);
	snprintf(why, LITEIO_CLUSTER_WHY_MAX, "it was not taken yet%s%s", cond ? ": " : "",
		 cond && cond->message ? cond->message : "");
	liteio_snapshot_fini(&s);
	return r;
}

static int create(const struct liteio_cluster_call *c, const char *id,
		  const Csi__V1__CreateSnapshotRequest *req, Csi__V1__Snapshot *out,
		  struct liteio_error *err)
{
	struct liteio_json *obj = NULL, *taken = NULL;
	struct liteio_snapshot s = { 0 };
	int r;

	r = find_or_make(c, id, req, &obj, err);
	if (r == 0)
		r = liteio_cluster_wait(c, c->csi->snapshots, &liteio_resource_snapshot, obj,
					is_taken, NULL, &taken, err);
	if (r == 0)
		r = liteio_snapshot_parse(taken, &s, err);
	if (r == 0)
		answer(&s, out);
	liteio_snapshot_fini(&s);
	liteio_json_unref(taken);
	liteio_json_unref(obj);
	return r;
}

int liteio_csi_create_snapshot(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			       struct liteio_error *err)
{
	const struct liteio_cluster_call c = { .csi = ctx, .call = call };
	const Csi__V1__CreateSnapshotRequest *req = in;
	Csi__V1__CreateSnapshotResponse *resp = out;
	_cleanup_busy_ struct liteio_busy_mark *mark = NULL;
	_cleanup_free_ char *id = NULL;
	int r;

	if (!*req->name)
		return liteio_error_set(err, -EINVAL, "the snapshot has no name");
	if (!*req->source_volume_id)
		return liteio_error_set(err, -EINVAL, "the source volume id is missing");
	r = check_parameters(req, err);
	if (r < 0)
		return r;
	id = liteio_csi_id("s", req->name);
	r = liteio_busy_enter(c.csi->busy, "snapshot", id, &mark, err);
	if (r < 0)
		return r;
	resp->snapshot = liteio_message_new(&csi__v1__snapshot__descriptor);
	return create(&c, id, req, resp->snapshot, err);
}

/* ---- delete */

/* a volume that is still being filled from it needs it */
static int check_unused(const struct liteio_cluster_call *c, const struct liteio_json *obj,
			struct liteio_error *err)
{
	struct liteio_json *list = liteio_informer_list(c->csi->volumes);
	const char *id = liteio_object_name(obj);
	int r = 0;

	for (size_t i = 0; r == 0 && i < liteio_json_len(list); i++) {
		const struct liteio_json *volume = liteio_json_at(list, i);
		const char *source = liteio_json_get_string(volume, "spec.source.snapshot");

		if (source && !strcmp(source, id) &&
		    !liteio_json_get_bool(volume, "status.node.created", false))
			r = liteio_error_set(err, -EBUSY, "volume %s is being made from snapshot %s",
					     liteio_object_name(volume), id);
	}
	liteio_json_unref(list);
	return r;
}

int liteio_csi_delete_snapshot(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			       struct liteio_error *err)
{
	const struct liteio_cluster_call c = { .csi = ctx, .call = call };
	const Csi__V1__DeleteSnapshotRequest *req = in;
	const struct liteio_csi_removal removal = {
		.kind = "snapshot",
		.resource = &liteio_resource_snapshot,
		.store = c.csi->snapshots,
		.check_unused = check_unused,
	};

	return liteio_csi_remove(&c, &removal, req->snapshot_id, err);
}

/* ---- list */

static bool is_asked_for(const struct liteio_snapshot *s, const Csi__V1__ListSnapshotsRequest *req)
{
	if (*req->snapshot_id && strcmp(req->snapshot_id, s->meta.name))
		return false;
	if (*req->source_volume_id && strcmp(req->source_volume_id, s->spec.volume))
		return false;
	return s->status.ready;
}

struct answer {
	const Csi__V1__ListSnapshotsRequest *req;
	Csi__V1__ListSnapshotsResponse *resp;
};

static int add_snapshot(void *arg, struct liteio_csi_page *page, const struct liteio_json *obj,
			struct liteio_error *err)
{
	const struct answer *a = arg;
	Csi__V1__ListSnapshotsResponse *resp = a->resp;
	Csi__V1__ListSnapshotsResponse__Entry *entry;
	struct liteio_snapshot s = { 0 };

	if (liteio_snapshot_parse(obj, &s, err) < 0)
		return -EIO;
	if (is_asked_for(&s, a->req) && liteio_csi_page_take(page, liteio_object_name(obj))) {
		entry = liteio_message_new(&csi__v1__list_snapshots_response__entry__descriptor);
		entry->snapshot = liteio_message_new(&csi__v1__snapshot__descriptor);
		answer(&s, entry->snapshot);
		resp->entries = liteio_realloc(resp->entries, resp->n_entries + 1,
					       sizeof(*resp->entries));
		resp->entries[resp->n_entries++] = entry;
	}
	liteio_snapshot_fini(&s);
	return 0;
}

int liteio_csi_list_snapshots(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			      struct liteio_error *err)
{
	const Csi__V1__ListSnapshotsRequest *req = in;
	Csi__V1__ListSnapshotsResponse *resp = out;
	const struct liteio_csi *csi = ctx;
	struct answer a = { .req = req, .resp = resp };
	const struct liteio_csi_listing listing = {
		.store = csi->snapshots,
		.what = "snapshots",
		.max_entries = req->max_entries,
		.token = req->starting_token,
		.add = add_snapshot,
		.arg = &a,
	};

	return liteio_csi_listing_run(&listing, &resp->next_token, err);
}
