// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ControllerPublishVolume and ControllerUnpublishVolume: the consumer's side of the attachment
 * protocol (daemon/model/volume.h).
 *
 * Publish writes a want and waits for two things in one and the same version of the object: the
 * controller's grant for this node that nobody has asked to fence, and the pool node's report that
 * the export of just that generation is ready. The generation goes into the publish context, so
 * whoever uses an old context finds a closed gate, never another one's volume.
 *
 * Unpublish removes the want and succeeds only when no grant of the node is left, which the
 * controller lets happen only after the fence has drained. If it does not drain the call fails,
 * and says why; there is no other way out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attach_context.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "busy.h"
#include "capability.h"
#include "csi.h"
#include "kube/object.h"
#include "volume.h"

/**
 * struct wish - what one publish wants
 * @node: consumer; borrowed
 * @read_only: only reading
 * @ret: filled in when it is ready
 */
struct wish {
	const char *node;
	bool read_only;
	struct liteio_csi_attach_context *ret;
};

static int check_node(const struct liteio_cluster_call *c, const char *node,
		      struct liteio_error *err)
{
	struct liteio_json *obj = NULL;
	int r;

	r = liteio_cluster_get(c, &liteio_resource_storagenode, node, &obj, err);
	liteio_json_unref(obj);
	return r;
}

/* may this node have the volume, beside those that have it? */
static int check_wish(const struct liteio_volume *v, const struct wish *wish,
		      struct liteio_error *err)
{
	const struct liteio_want *mine = liteio_volume_want(v, wish->node);

	if (v->meta.deleting)
		return liteio_error_set(err, -EBUSY, "volume %s is being deleted", v->meta.name);
	if (mine && mine->read_only != wish->read_only)
		return liteio_error_set(err, -EEXIST,
					"volume %s is attached to node %s already, %s",
					v->meta.name, wish->node,
					mine->read_only ? "read-only" : "for writing");
	for (size_t i = 0; i < v->spec.n_attachments; i++) {
		const struct liteio_want *other = &v->spec.attachments[i];

		if (other != mine && !(other->read_only && wish->read_only))
			return liteio_error_set(err, -EBUSY,
						"volume %s is attached to node %s: detach it there first",
						v->meta.name, other->node);
	}
	if (!mine && v->spec.n_attachments >= LITEIO_VOLUME_ATTACHMENTS_MAX)
		return liteio_error_set(err, -EBUSY,
					"volume %s is attached to %zu nodes, no more are possible",
					v->meta.name, v->spec.n_attachments);
	if (v->spec.position == LITEIO_POSITION_MUST_LOCAL && v->spec.placement.node &&
	    strcmp(v->spec.placement.node, wish->node))
		return liteio_error_set(err, -EBUSY,
					"volume %s is MustLocal and lives on node %s",
					v->meta.name, v->spec.placement.node);
	return 0;
}

/* the list of wants without @node, plus @wish unless NULL; replaces the whole list */
static struct liteio_json *wants_patch(const struct liteio_volume *v, const char *node,
				       const struct wish *wish)
{
	struct liteio_json *patch = liteio_meta_patch(&v->meta);
	struct liteio_json *spec = liteio_json_new_object();
	struct liteio_json *wants = liteio_json_new_array();
	const struct liteio_want mine = {
		.node = (char *)node, .read_only = wish && wish->read_only
	};

	for (size_t i = 0; i < v->spec.n_attachments; i++)
		if (*node && strcmp(v->spec.attachments[i].node, node))
			liteio_json_append(wants, liteio_json_encode(&v->spec.attachments[i],
								     liteio_want_fields));
	if (wish)
		liteio_json_append(wants, liteio_json_encode(&mine, liteio_want_fields));
	liteio_json_set(spec, "attachments", wants);
	liteio_json_set(patch, "spec", spec);
	return patch;
}

static int write_wants(const struct liteio_cluster_call *c, struct liteio_csi_volume *volume,
		       const char *node, const struct wish *wish, struct liteio_error *err)
{
	struct liteio_json *patch = wants_patch(&volume->v, node, wish);
	int r = liteio_csi_volume_patch(c, volume, patch, err);

	liteio_json_unref(patch);
	return r;
}

static int add_want(const struct liteio_cluster_call *c, const char *id, const struct wish *wish,
		    struct liteio_csi_volume *volume, struct liteio_error *err)
{
	int r;

	do {
		r = liteio_csi_volume_get(c, id, volume, err);
		if (r == 0)
			r = check_wish(&volume->v, wish, err);
		if (r == 0 && !liteio_volume_want(&volume->v, wish->node))
			r = write_wants(c, volume, wish->node, wish, err);
	} while (r == -EAGAIN);
	return r;
}

static void explain_condition(const struct liteio_volume *v, const char *type, const char *what,
			      char *why)
{
	const struct liteio_condition *cond =
		liteio_condition_find(v->status.conditions, v->status.n_conditions, type);

	snprintf(why, LITEIO_CLUSTER_WHY_MAX, "%s%s%s", what,
		 cond && cond->message && *cond->message ? ": " : "",
		 cond && cond->message ? cond->message : "");
}

/* a grant of this wish that will stay: as it was wanted, and nobody has asked to fence it */
static const struct liteio_grant *find_grant(const struct liteio_volume *v, const struct wish *wish)
{
	for (size_t i = 0; i < v->spec.n_grants; i++) {
		const struct liteio_grant *grant = &v->spec.grants[i];

		if (!strcmp(grant->node, wish->node) && grant->read_only == wish->read_only &&
		    !liteio_volume_fence_asked(v, grant->generation))
			return grant;
	}
	return NULL;
}

static int look_for_export(const struct liteio_volume *v, const struct wish *wish, char *why,
			   struct liteio_error *err)
{
	const struct liteio_want *want = liteio_volume_want(v, wish->node);
	const struct liteio_export_status *export;
	const struct liteio_grant *grant;

	if (!want || want->read_only != wish->read_only)
		return liteio_error_set(err, -ECANCELED,
					"volume %s was detached from node %s meanwhile",
					v->meta.name, wish->node);
	grant = find_grant(v, wish);
	if (!grant) {
		explain_condition(v, LITEIO_CONDITION_GRANTED,
				  "no generation was given to the node yet", why);
		return 0;
	}
	export = liteio_volume_export(v, grant->generation);
	if (!export || !export->ready) {
		explain_condition(v, LITEIO_CONDITION_READY,
				  "the pool's node has not opened it yet", why);
		return 0;
	}
	liteio_csi_attach_context_take(wish->ret, v, grant, export);
	return 1;
}

static int is_ready(void *arg, const struct liteio_json *obj, char *why, struct liteio_error *err)
{
	const struct wish *wish = arg;
	struct liteio_volume v = { 0 };
	int r;

	r = liteio_volume_parse(obj, &v, err);
	if (r < 0)
		return -EIO;
	r = look_for_export(&v, wish, why, err);
	liteio_volume_fini(&v);
	return r;
}

static int check_publish(const Csi__V1__ControllerPublishVolumeRequest *req,
			 struct liteio_error *err)
{
	if (!*req->volume_id)
		return liteio_error_set(err, -EINVAL, "the volume id is missing");
	if (!*req->node_id)
		return liteio_error_set(err, -EINVAL, "the node id is missing");
	return liteio_csi_capability_check(req->volume_capability, err);
}

int liteio_csi_publish_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			      struct liteio_error *err)
{
	const struct liteio_cluster_call c = { .csi = ctx, .call = call };
	const Csi__V1__ControllerPublishVolumeRequest *req = in;
	_cleanup_busy_ struct liteio_busy_mark *mark = NULL;
	struct liteio_csi_attach_context context = { 0 };
	struct liteio_csi_volume volume = { 0 };
	struct wish wish = { .node = req->node_id, .ret = &context };
	int r;

	r = check_publish(req, err);
	if (r < 0)
		return r;
	wish.read_only = req->readonly ||
			 liteio_csi_capability_reads_only(req->volume_capability);
	r = liteio_busy_enter(c.csi->busy, "volume", req->volume_id, &mark, err);
	if (r == 0)
		r = liteio_csi_volume_get(&c, req->volume_id, &volume, err);
	if (r == 0)
		r = check_node(&c, req->node_id, err);
	if (r == 0)
		r = add_want(&c, req->volume_id, &wish, &volume, err);
	if (r == 0)
		r = liteio_cluster_wait(&c, c.csi->volumes, &liteio_resource_volume, volume.obj,
					is_ready, &wish, NULL, err);
	if (r == 0)
		liteio_csi_attach_context_answer(&context, out);
	liteio_csi_attach_context_fini(&context);
	liteio_csi_volume_fini(&volume);
	return r;
}

static bool concerns(const char *node, const char *whom)
{
	return !*whom || !strcmp(node, whom);
}

static int is_detached(void *arg, const struct liteio_json *obj, char *why,
		       struct liteio_error *err)
{
	const char *node = arg;
	struct liteio_volume v = { 0 };
	int r;

	r = liteio_volume_parse(obj, &v, err);
	if (r < 0)
		return -EIO;
	r = 1;
	for (size_t i = 0; i < v.spec.n_grants; i++) {
		if (!concerns(v.spec.grants[i].node, node))
			continue;
		explain_condition(&v, LITEIO_CONDITION_FENCING,
				  "the pool's node has not fenced it yet", why);
		r = 0;
	}
	for (size_t i = 0; i < v.spec.n_attachments && r >= 0; i++)
		if (concerns(v.spec.attachments[i].node, node))
			r = liteio_error_set(err, -ECANCELED,
					     "volume %s was attached to node %s meanwhile",
					     v.meta.name, v.spec.attachments[i].node);
	liteio_volume_fini(&v);
	return r;
}

static bool is_wanted(const struct liteio_volume *v, const char *node)
{
	for (size_t i = 0; i < v->spec.n_attachments; i++)
		if (concerns(v->spec.attachments[i].node, node))
			return true;
	return false;
}

static int detach(const struct liteio_cluster_call *c, const char *id, const char *node,
		  struct liteio_error *err)
{
	struct liteio_csi_volume volume = { 0 };
	int r;

	do {
		r = liteio_csi_volume_get(c, id, &volume, err);
		if (r == 0 && is_wanted(&volume.v, node))
			r = write_wants(c, &volume, node, NULL, err);
	} while (r == -EAGAIN);
	if (r == 0)
		r = liteio_cluster_wait(c, c->csi->volumes, &liteio_resource_volume, volume.obj,
					is_detached, (void *)node, NULL, err);
	liteio_csi_volume_fini(&volume);
	/* deletion waits for all grants: a volume that is gone is attached nowhere */
	return r == -ENOENT ? 0 : r;
}

int liteio_csi_unpublish_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
				struct liteio_error *err)
{
	const struct liteio_cluster_call c = { .csi = ctx, .call = call };
	const Csi__V1__ControllerUnpublishVolumeRequest *req = in;
	_cleanup_busy_ struct liteio_busy_mark *mark = NULL;
	int r;

	if (!*req->volume_id)
		return liteio_error_set(err, -EINVAL, "the volume id is missing");
	r = liteio_busy_enter(c.csi->busy, "volume", req->volume_id, &mark, err);
	if (r < 0)
		return r;
	return detach(&c, req->volume_id, req->node_id, err);
}
