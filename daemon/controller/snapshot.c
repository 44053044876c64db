// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A Snapshot's reconcile: it goes where its volume lives.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "controller/controller.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "model/snapshot.h"

#define AGAIN_MS 10000
#define CONFLICT_MS 100

static struct liteio_json *place_patch(const struct liteio_snapshot *snap,
				       const struct liteio_json *obj,
				       const struct liteio_placement *p)
{
	struct liteio_json *patch = liteio_meta_patch(&snap->meta);
	struct liteio_json *labels = liteio_json_new_object();
	struct liteio_json *spec = liteio_json_new_object();

	liteio_json_set_string(labels, LITEIO_NODE_LABEL, p->node);
	liteio_json_set(liteio_json_get(patch, "metadata"), "labels", labels);
	liteio_meta_patch_finalizer(patch, obj, LITEIO_SNAPSHOT_FINALIZER, true);
	liteio_json_set(spec, "placement", liteio_json_encode(p, liteio_placement_fields));
	liteio_json_set(patch, "spec", spec);
	return patch;
}

/* fills @p (borrowing from @vol) and returns true when the snapshot can be placed; else says why */
static bool follow_volume(const struct liteio_volume *vol, const char *name,
			  struct liteio_placement *p, struct liteio_verdict *v)
{
	if (!vol->meta.name)
		liteio_verdict_set(v, LITEIO_CONDITION_FALSE, "VolumeMissing",
				   "there is no Volume %s", name);
	else if (vol->meta.deleting)
		liteio_verdict_set(v, LITEIO_CONDITION_FALSE, "VolumeDeleting",
				   "volume %s is being deleted", name);
	else if (!vol->spec.placement.node || !vol->status.node.created)
		liteio_verdict_set(v, LITEIO_CONDITION_FALSE, "VolumeNotReady",
				   "volume %s is not ready yet", name);
	else
		*p = (struct liteio_placement){ .node = vol->spec.placement.node,
						.pool = vol->spec.placement.pool,
						.source_uuid = vol->meta.uuid };
	return p->node;
}

static int place(struct liteio_controller *c, const struct liteio_snapshot *snap,
		 struct liteio_json **obj, struct liteio_verdict *v, struct liteio_error *err)
{
	struct liteio_json *volume = liteio_informer_get(c->volumes, snap->spec.volume);
	struct liteio_volume vol = { 0 };
	struct liteio_placement p = { 0 };
	int r = 0;

	if (volume)
		r = liteio_volume_parse(volume, &vol, err);
	if (!r && follow_volume(&vol, snap->spec.volume, &p, v)) {
		r = liteio_controller_patch(c, &liteio_resource_snapshot, snap->meta.name,
					    place_patch(snap, *obj, &p), c->snapshots, obj, err);
		if (!r)
			liteio_verdict_set(v, LITEIO_CONDITION_TRUE, "Placed", "on pool %s",
					   p.pool);
	}
	liteio_volume_fini(&vol);
	liteio_json_unref(volume);
	return r;
}

/* the label and the finalizer of a placed snapshot are ours to keep */
static bool needs_repair(const struct liteio_snapshot *snap)
{
	const char *label = liteio_meta_label(&snap->meta, LITEIO_NODE_LABEL);

	return snap->spec.placement.node && (!snap->meta.has_finalizer || !label ||
					     strcmp(label, snap->spec.placement.node) != 0);
}

static int repair(struct liteio_controller *c, const struct liteio_snapshot *snap,
		  struct liteio_json **obj, struct liteio_error *err)
{
	struct liteio_json *patch = place_patch(snap, *obj, &snap->spec.placement);

	return liteio_controller_patch(c, &liteio_resource_snapshot, snap->meta.name, patch,
				       c->snapshots, obj, err);
}

static int reconcile(struct liteio_controller *c, const struct liteio_snapshot *snap,
		     struct liteio_json **obj, uint64_t *ret_again_ms, struct liteio_error *err)
{
	struct liteio_verdict v = { .type = LITEIO_CONDITION_PLACED };
	int r = 0;

	if (snap->meta.deleting)
		return 0;
	if (needs_repair(snap))
		return repair(c, snap, obj, err);
	if (snap->spec.placement.node)
		liteio_verdict_set(&v, LITEIO_CONDITION_TRUE, "Placed", "on pool %s",
				   snap->spec.placement.pool);
	else
		r = place(c, snap, obj, &v, err);
	if (v.status != LITEIO_CONDITION_TRUE)
		*ret_again_ms = AGAIN_MS;
	if (!r)
		r = liteio_controller_report(c, &liteio_resource_snapshot, c->snapshots, obj, &v, 1,
					     err);
	if (r == 1 && v.status == LITEIO_CONDITION_FALSE)
		liteio_event_emit(c->events, *obj, true, v.reason, "Place", "%s", v.message);
	return r < 0 ? r : 0;
}

int liteio_snapshot_reconcile(struct liteio_controller *c, const char *name, uint64_t *ret_again_ms)
{
	struct liteio_json *obj = liteio_informer_get(c->snapshots, name);
	_cleanup_free_ char *about = liteio_strf("snapshot=%s", name);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_snapshot snap = { 0 };
	int r;

	if (!obj)
		return 0;
	r = liteio_snapshot_parse(obj, &snap, &err);
	if (!r)
		r = reconcile(c, &snap, &obj, ret_again_ms, &err);
	liteio_snapshot_fini(&snap);
	liteio_json_unref(obj);
	if (r == -EAGAIN || r == -ENOENT) {
		log_debug(about, "%s", liteio_error_str(&err, r));
		*ret_again_ms = CONFLICT_MS;
		return 0;
	}
	if (r)
		log_warning(about, "%s", liteio_error_str(&err, r));
	return r;
}
