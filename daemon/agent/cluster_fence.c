// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fences of volumes placed on this node: ask for what is wanted, say what has drained.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/cluster_plan.h"
#include "agent/cluster_work.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "kube/object.h"

/* one wait for the drain; a fence that has not drained is asked for again after a moment */
#define DRAIN_MS 3000
#define AGAIN_MS 500
/* the pool of a fence is not here: it can only come back */
#define ABSENT_MS 5000

/*
 * the record that this object stands for: its floor; -ENOENT when it is not here. By its uuid: a
 * fence is for that one, whatever else has its name
 */
static int find_record(struct liteio_cluster *c, const struct liteio_volume *v,
		       uint64_t *ret_floor, struct liteio_error *err)
{
	char uuid[LITEIO_UUID_STRLEN + 1];
	struct liteio_target t = { 0 };
	int r;

	liteio_uuid_format(&v->meta.uuid, uuid);
	r = liteio_target_find(c->agent, LITEIO_CATALOG_VOLUME, uuid, &t, err);
	/* its pool is out of the table, and may be put back */
	if (r == -EBUSY)
		return -ENOENT;
	if (r)
		return r;
	if (!liteio_uuid_equal(&t.volume.uuid, &v->meta.uuid))
		r = liteio_error_set(err, -ENOENT, "the volume of this name here is another one");
	else
		*ret_floor = t.volume.floor;
	liteio_target_fini(&t);
	return r;
}

static int fence_one(struct liteio_cluster *c, const struct liteio_volume *v,
		     const struct liteio_plan_fence *f, struct liteio_volume_observed *done,
		     struct liteio_verdict *fencing, struct liteio_error *err)
{
	struct liteio_local_fence req = { .floor = f->floor,
					  .generation = f->generation,
					  .timeout_ms = DRAIN_MS };
	struct liteio_local_fenced answer = { 0 };
	char uuid[LITEIO_UUID_STRLEN + 1];
	int r;

	liteio_uuid_format(&v->meta.uuid, uuid);
	r = liteio_op_volume_fence(c->agent, uuid, &req, &answer, err);
	if (r) {
		liteio_verdict_set(fencing, LITEIO_CONDITION_TRUE, "FenceFailed", "%s",
				   liteio_error_str(err, r));
		return liteio_error_wrap(err, r, "fence");
	}
	free(answer.note);
	if (liteio_plan_fence_done(f, &answer, done))
		return 1;
	liteio_verdict_set(fencing, LITEIO_CONDITION_TRUE, "Draining",
			   "the gates are closed; %" PRIu64 " requests are still in flight",
			   answer.inflight);
	return 0;
}

static int report(struct liteio_cluster *c, const struct liteio_json *obj,
		  const struct liteio_volume *v, const struct liteio_volume_observed *done,
		  const struct liteio_verdict *fencing, struct liteio_error *err)
{
	const struct liteio_volume_status *s = &v->status;
	const struct liteio_condition *was =
		liteio_condition_find(s->conditions, s->n_conditions, LITEIO_CONDITION_READY);
	bool says = liteio_verdict_differs(fencing, s->conditions, s->n_conditions);
	struct liteio_verdict ready = { .type = LITEIO_CONDITION_READY };
	struct liteio_json *status, *list;
	int r;

	if (!says && !liteio_plan_differs(&s->node, done))
		return 0;
	status = liteio_json_new_object();
	list = liteio_json_new_array();
	liteio_json_set(status, "node", liteio_json_encode(done, liteio_volume_observed_fields));
	if (was) {
		liteio_verdict_set(&ready, was->status, was->reason ? was->reason : "Unknown", "%s",
				   was->message ? was->message : "");
		liteio_cluster_condition(list, &ready, s->conditions, s->n_conditions,
					 was->observed_generation);
	}
	liteio_cluster_condition(list, fencing, s->conditions, s->n_conditions, v->meta.generation);
	liteio_json_set(status, "conditions", list);
	r = liteio_cluster_report(c, &liteio_resource_volume, c->volumes, &v->meta, status, err);
	if (!r && says && fencing->status == LITEIO_CONDITION_TRUE)
		liteio_event_emit(c->events, obj, true, fencing->reason, "Fence", "%s",
				  fencing->message);
	return r;
}

/* is there anything to do at all? asked of the object alone, for most passes end here */
static bool is_asked(const struct liteio_volume *v)
{
	struct liteio_plan_fence f;

	return liteio_plan_fence(v, 0, &v->status.node, &f);
}

static int reconcile(struct liteio_cluster *c, const struct liteio_json *obj,
		     const struct liteio_volume *v, const char *about, uint64_t *ret_again_ms,
		     struct liteio_error *err)
{
	struct liteio_verdict fencing = { .type = LITEIO_CONDITION_FENCING };
	struct liteio_volume_observed done = { 0 };
	struct liteio_plan_fence f;
	uint64_t floor = 0;
	int r, said;

	liteio_verdict_set(&fencing, LITEIO_CONDITION_FALSE, "NotFencing", "no fence is under way");
	r = find_record(c, v, &floor, err);
	if (r == -ENOENT && !is_asked(v))
		return 0;
	if (r == -ENOENT) {
		liteio_verdict_set(&fencing, LITEIO_CONDITION_TRUE, "VolumeNotHere",
				   "nobody can confirm the fence: %s", liteio_error_str(err, r));
		*ret_again_ms = ABSENT_MS;
	} else if (r) {
		return r;
	}
	liteio_plan_fence_start(v, &done);
	while (!r && liteio_plan_fence(v, floor, &done, &f)) {
		r = fence_one(c, v, &f, &done, &fencing, err);
		if (!r) {
			*ret_again_ms = AGAIN_MS;
			break;
		}
		if (r == 1) {
			log_info(about, "fenced floor=%" PRIu64 " generation=%" PRIu64, f.floor,
				 f.generation);
			r = 0;
		}
	}
	said = report(c, obj, v, &done, &fencing, r && r != -ENOENT ? NULL : err);
	liteio_json_fini(&done, liteio_volume_observed_fields);
	return r && r != -ENOENT ? r : said;
}

int liteio_cluster_fence(struct liteio_cluster *c, const char *name, uint64_t *ret_again_ms)
{
	struct liteio_json *obj = liteio_informer_get(c->volumes, name);
	_cleanup_free_ char *about = liteio_strf("volume=%s", name);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_volume v = { 0 };
	int r;

	if (!obj)
		return 0;
	r = liteio_volume_parse(obj, &v, &err);
	if (!r && v.spec.placement.node &&
	    !strcmp(v.spec.placement.node, c->agent->identity.name))
		r = reconcile(c, obj, &v, about, ret_again_ms, &err);
	liteio_volume_fini(&v);
	liteio_json_unref(obj);
	return liteio_cluster_result(r, about, &err, ret_again_ms);
}
