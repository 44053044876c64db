// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A Snapshot's reconcile: it goes where its volume lives.
 */
#include "base/error.h"
#include "controller/controller.h"
#include "controller/pass.h"
#include "controller/placement.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "model/snapshot.h"

#define AGAIN_MS 10000

static int write_placement(struct liteio_controller *c, const struct liteio_snapshot *snap,
			   const struct liteio_placement *p, struct liteio_json **obj,
			   struct liteio_error *err)
{
	const struct liteio_placing what = {
		.resource = &liteio_resource_snapshot,
		.store = c->snapshots,
		.finalizer = LITEIO_SNAPSHOT_FINALIZER,
		.meta = &snap->meta,
	};

	return liteio_placement_write(c, &what, p, obj, err);
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
		r = write_placement(c, snap, &p, obj, err);
		if (!r)
			liteio_verdict_set(v, LITEIO_CONDITION_TRUE, "Placed", "on pool %s",
					   p.pool);
	}
	liteio_volume_fini(&vol);
	liteio_json_unref(volume);
	return r;
}

static int reconcile(struct liteio_controller *c, const struct liteio_snapshot *snap,
		     struct liteio_json **obj, uint64_t *ret_again_ms, struct liteio_error *err)
{
	struct liteio_verdict v = { .type = LITEIO_CONDITION_PLACED };
	int r = 0;

	if (snap->meta.deleting)
		return 0;
	if (liteio_placement_needs_repair(&snap->meta, &snap->spec.placement))
		return write_placement(c, snap, &snap->spec.placement, obj, err);
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

static int look(struct liteio_controller *c, struct liteio_json **obj, uint64_t *ret_again_ms,
		struct liteio_error *err)
{
	struct liteio_snapshot snap = { 0 };
	int r;

	r = liteio_snapshot_parse(*obj, &snap, err);
	if (!r)
		r = reconcile(c, &snap, obj, ret_again_ms, err);
	liteio_snapshot_fini(&snap);
	return r;
}

int liteio_snapshot_reconcile(struct liteio_controller *c, const char *name, uint64_t *ret_again_ms)
{
	const struct liteio_pass pass = { .kind = "snapshot", .store = c->snapshots, .look = look };

	return liteio_pass_run(c, &pass, name, ret_again_ms);
}
