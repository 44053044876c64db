// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A Volume's reconcile: place it once, take the attachment protocol one step further, say so.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "controller/attach.h"
#include "controller/controller.h"
#include "controller/pass.h"
#include "controller/placement.h"
#include "controller/schedule.h"
#include "controller/view.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "model/snapshot.h"

/* looked at again after so long when what it waits for sends no event of its own */
#define AGAIN_MS 10000

/**
 * struct source - the snapshot a volume is restored from
 * @pool: where it is; the volume goes there too
 * @uuid: its uuid
 */
struct source {
	char *pool;
	struct liteio_uuid uuid;
};

/* 1: known, 0: not yet or never (said in @v), negative: failure */
static int find_source(struct liteio_controller *c, const struct liteio_volume *vol,
		       struct source *ret, struct liteio_verdict *v)
{
	const char *name = vol->spec.source.snapshot;
	struct liteio_json *obj = liteio_informer_get(c->snapshots, name);
	struct liteio_snapshot snap = { 0 };
	int r;

	if (!obj) {
		liteio_verdict_set(v, LITEIO_CONDITION_FALSE, "SourceMissing",
				   "there is no Snapshot %s", name);
		return 0;
	}
	r = liteio_snapshot_parse(obj, &snap, NULL);
	liteio_json_unref(obj);
	if (r)
		return r;
	if (snap.meta.deleting)
		liteio_verdict_set(v, LITEIO_CONDITION_FALSE, "SourceDeleting",
				   "snapshot %s is being deleted", name);
	else if (!snap.status.ready || !snap.spec.placement.pool)
		liteio_verdict_set(v, LITEIO_CONDITION_FALSE, "SourceNotReady",
				   "snapshot %s is not ready yet", name);
	else if (snap.status.size_bytes > vol->spec.size_bytes)
		liteio_verdict_set(v, LITEIO_CONDITION_FALSE, "SourceTooBig",
				   "snapshot %s has %" PRIu64 " bytes, more than the volume", name,
				   snap.status.size_bytes);
	else
		r = 1;
	if (r) {
		ret->pool = take_ptr(snap.spec.placement.pool);
		ret->uuid = snap.meta.uuid;
	}
	liteio_snapshot_fini(&snap);
	return r;
}

static int write_placement(struct liteio_controller *c, const struct liteio_volume *vol,
			   const struct liteio_placement *p, struct liteio_json **obj,
			   struct liteio_error *err)
{
	const struct liteio_placing what = {
		.resource = &liteio_resource_volume,
		.store = c->volumes,
		.finalizer = LITEIO_VOLUME_FINALIZER,
		.meta = &vol->meta,
	};

	return liteio_placement_write(c, &what, p, obj, err);
}

/* choose among what the stores have; the caller holds place_lock */
static void choose(struct liteio_controller *c, const struct liteio_schedule_request *req,
		   struct liteio_view *view, struct liteio_schedule_result *res)
{
	struct liteio_json *pools = liteio_informer_list(c->pools);
	struct liteio_json *nodes = liteio_informer_list(c->nodes);
	struct liteio_json *volumes = liteio_informer_list(c->volumes);
	struct liteio_json *snapshots = liteio_informer_list(c->snapshots);
	struct liteio_view_sources s = { .pools = pools,
					 .nodes = nodes,
					 .volumes = volumes,
					 .snapshots = snapshots,
					 .beats = c->beats,
					 .now_ms = liteio_now_ms() };

	liteio_view_init(view, &s);
	liteio_schedule(req, view->candidates, view->n, res);
	liteio_json_unref(pools);
	liteio_json_unref(nodes);
	liteio_json_unref(volumes);
	liteio_json_unref(snapshots);
}

static int place_on(struct liteio_controller *c, const struct liteio_volume *vol,
		    struct liteio_json **obj, const struct liteio_candidate *best,
		    const struct source *src, struct liteio_verdict *v, struct liteio_error *err)
{
	struct liteio_placement p = { .node = best->pool->spec.node,
				      .pool = best->pool->meta.name,
				      .source_uuid = src->uuid };
	int r;

	r = write_placement(c, vol, &p, obj, err);
	if (r)
		return r;
	liteio_verdict_set(v, LITEIO_CONDITION_TRUE, "Placed", "on pool %s", p.pool);
	liteio_event_emit(c->events, *obj, false, "Placed", "Place", "placed on pool %s", p.pool);
	return 0;
}

static int place(struct liteio_controller *c, const struct liteio_volume *vol,
		 struct liteio_json **obj, struct liteio_verdict *v, struct liteio_error *err)
{
	struct liteio_schedule_request req = { .volume = vol };
	struct source src = { 0 };
	struct liteio_schedule_result res;
	struct liteio_view view;
	int r = 1;

	if (vol->spec.source.snapshot)
		r = find_source(c, vol, &src, v);
	if (r <= 0)
		return r;
	req.only_pool = src.pool;
	{
		liteio_guard(&c->place_lock);
		choose(c, &req, &view, &res);
		if (res.chosen >= 0)
			r = place_on(c, vol, obj, &view.candidates[res.chosen], &src, v, err);
	}
	if (res.chosen < 0) {
		liteio_schedule_explain(&req, &res, v);
		r = 0;
	}
	liteio_view_fini(&view);
	free(src.pool);
	return r;
}

/* host NQNs of consumers, kept until the step is written */
struct hosts {
	struct liteio_controller *c;
	struct liteio_json *obj;
};

static const char *host_nqn(void *arg, const char *node)
{
	struct hosts *h = arg;

	liteio_json_unref(h->obj);
	h->obj = liteio_informer_get(h->c->nodes, node);
	return liteio_json_get_string(h->obj, "status.hostNQN");
}

static int attach(struct liteio_controller *c, const struct liteio_volume *vol,
		  struct liteio_json **obj, struct liteio_verdict *granted,
		  struct liteio_error *err)
{
	struct hosts h = { .c = c };
	struct liteio_attach_hosts look_up = { .nqn = host_nqn, .arg = &h };
	struct liteio_attach_step step;
	_cleanup_free_ char *about = NULL;
	int r = 0;

	liteio_attach_next(vol, &look_up, &step, granted);
	if (step.kind != LITEIO_ATTACH_NOTHING) {
		about = liteio_strf("volume=%s node=%s generation=%" PRIu64, vol->meta.name,
				    step.node ? step.node : "-", step.generation);
		r = liteio_controller_patch(c, &liteio_resource_volume, vol->meta.name,
					    liteio_attach_patch(vol, &step), c->volumes, obj, err);
		if (!r)
			log_info(about, "%s", liteio_attach_names[step.kind]);
		if (!r && step.kind == LITEIO_ATTACH_GIVE)
			liteio_event_emit(c->events, *obj, false, "Granted", "Attach",
					  "generation %" PRIu64 " given to node %s",
					  step.generation, step.node);
	}
	liteio_json_unref(h.obj);
	return r;
}

static int reconcile(struct liteio_controller *c, const struct liteio_volume *vol,
		     struct liteio_json **obj, uint64_t *ret_again_ms, struct liteio_error *err)
{
	struct liteio_verdict v[2] = { { .type = LITEIO_CONDITION_PLACED },
				       { .type = LITEIO_CONDITION_GRANTED } };
	int r = 0;

	if (vol->spec.placement.node) {
		liteio_verdict_set(&v[0], LITEIO_CONDITION_TRUE, "Placed", "on pool %s",
				   vol->spec.placement.pool);
		if (liteio_placement_needs_repair(&vol->meta, &vol->spec.placement))
			return write_placement(c, vol, &vol->spec.placement, obj, err);
	} else if (vol->meta.deleting) {
		liteio_verdict_set(&v[0], LITEIO_CONDITION_FALSE, "Deleting",
				   "deleted before it was placed");
	} else {
		r = place(c, vol, obj, &v[0], err);
		if (r)
			return r;
		if (v[0].status != LITEIO_CONDITION_TRUE)
			*ret_again_ms = AGAIN_MS;
	}
	r = attach(c, vol, obj, &v[1], err);
	if (!r)
		r = liteio_controller_report(c, &liteio_resource_volume, c->volumes, obj, v, 2,
					     err);
	if (r == 1 && v[0].status == LITEIO_CONDITION_FALSE)
		liteio_event_emit(c->events, *obj, true, v[0].reason, "Place", "%s", v[0].message);
	return r < 0 ? r : 0;
}

static int look(struct liteio_controller *c, struct liteio_json **obj, uint64_t *ret_again_ms,
		struct liteio_error *err)
{
	struct liteio_volume vol = { 0 };
	int r;

	r = liteio_volume_parse(*obj, &vol, err);
	if (!r)
		r = reconcile(c, &vol, obj, ret_again_ms, err);
	liteio_volume_fini(&vol);
	return r;
}

int liteio_volume_reconcile(struct liteio_controller *c, const char *name, uint64_t *ret_again_ms)
{
	const struct liteio_pass pass = { .kind = "volume", .store = c->volumes, .look = look };

	return liteio_pass_run(c, &pass, name, ret_again_ms);
}
