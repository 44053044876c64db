// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Volumes placed on this node: make, grow, limit, export, remove, delete, and say so. Fences are
 * not here.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/cluster_plan.h"
#include "agent/cluster_work.h"
#include "agent/ops.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "kube/object.h"

/* how long to wait for the drain of an attachment that is fenced and drained already */
#define UNEXPORT_MS 5000

/**
 * struct pass - one look at one volume
 * @c: the cluster half
 * @obj: the object
 * @v: parsed
 * @uuid: of @v, as operations take it: what is done is done to that volume, whatever has its name
 *	by then
 * @place: its pool
 * @have: what is here; valid when @found
 * @found: there is this volume, or another one of its name
 * @exports: of it
 * @stuck: generations whose remains did not go in this pass
 * @n_stuck: so many
 */
struct pass {
	struct liteio_cluster *c;
	struct liteio_json *obj;
	struct liteio_volume v;
	char uuid[LITEIO_UUID_STRLEN + 1];
	struct liteio_cluster_place place;
	struct liteio_local_volume have;
	bool found;
	struct liteio_local_export_list exports;
	uint64_t stuck[LITEIO_CLUSTER_STEPS_MAX];
	size_t n_stuck;
};

static void look_fini(struct pass *p)
{
	liteio_json_fini(&p->have, liteio_local_volume_fields);
	liteio_json_fini(&p->exports, liteio_local_export_list_fields);
	p->found = false;
}

static int look(struct pass *p, struct liteio_error *err)
{
	int r;

	look_fini(p);
	r = liteio_op_volume_show(p->c->agent, p->uuid, &p->have, err);
	if (r == -ENOENT)
		r = liteio_op_volume_show(p->c->agent, p->v.meta.name, &p->have, err);
	/* of several others none is the one that was to go */
	if (r == -EEXIST && p->v.meta.deleting)
		r = -ENOENT;
	if (r && r != -ENOENT)
		return r;
	p->found = !r;
	/* whoever has been told of one that is not here lets go of it for good */
	if (!p->found || !liteio_uuid_equal(&p->have.uuid, &p->v.meta.uuid))
		return liteio_cluster_check_absent(p->c, &p->place, err);
	return liteio_op_export_list(p->c->agent, p->uuid, &p->exports, err);
}

static struct liteio_plan_volume input(const struct pass *p)
{
	return (struct liteio_plan_volume){
		.volume = &p->v,
		.pool = p->place.pool,
		.pool_ready = p->place.ready,
		.pool_gone = p->place.gone,
		.have = p->found ? &p->have : NULL,
		.exports = p->found ? &p->exports : NULL,
		.stuck = p->stuck,
		.n_stuck = p->n_stuck,
	};
}

static int create(struct pass *p, struct liteio_error *err)
{
	const struct liteio_volume_spec *spec = &p->v.spec;
	struct liteio_local_volume_create req = { .name = p->v.meta.name,
						  .uuid = p->v.meta.uuid,
						  .pool = p->place.pool,
						  .size_bytes = spec->size_bytes,
						  .volume_class = spec->volume_class,
						  .snapshot = spec->source.snapshot,
						  .limits = spec->limits };
	char source[LITEIO_UUID_STRLEN + 1];
	struct liteio_local_snapshot snap = { 0 };
	struct liteio_local_volume made = { 0 };
	bool meant;
	int r;

	if (req.snapshot) {
		r = liteio_op_snapshot_show(p->c->agent, req.snapshot, &snap, err);
		if (r)
			return r;
		meant = liteio_uuid_equal(&snap.uuid, &spec->placement.source_uuid);
		liteio_json_fini(&snap, liteio_local_snapshot_fields);
		if (!meant)
			return liteio_error_set(err, -ENOENT,
						"the snapshot %s that was meant is not here",
						req.snapshot);
		liteio_uuid_format(&spec->placement.source_uuid, source);
		req.snapshot = source;
	}
	r = liteio_op_volume_create_in(p->c->agent, &p->place.uuid, &req, &made, err);
	liteio_json_fini(&made, liteio_local_volume_fields);
	return r;
}

static int grow(struct pass *p, struct liteio_error *err)
{
	struct liteio_local_volume grown = { 0 };
	int r;

	r = liteio_op_volume_grow(p->c->agent, p->uuid, p->v.spec.size_bytes, &grown, err);
	liteio_json_fini(&grown, liteio_local_volume_fields);
	return r;
}

static int limit(struct pass *p, struct liteio_error *err)
{
	const struct liteio_limits_change exactly = liteio_limits_exactly(&p->v.spec.limits);
	struct liteio_local_volume limited = { 0 };
	int r;

	r = liteio_op_volume_limit(p->c->agent, p->uuid, &exactly, &limited, err);
	liteio_json_fini(&limited, liteio_local_volume_fields);
	return r;
}

static int export(struct pass *p, uint64_t generation, struct liteio_error *err)
{
	const struct liteio_grant *g = liteio_volume_grant(&p->v, generation);
	struct liteio_local_export_create req = {
		.volume = p->uuid,
		.generation = generation,
		.read_only = g->read_only,
		.local = !strcmp(g->node, p->v.spec.placement.node),
	};
	struct liteio_local_export made = { 0 };
	int r;

	req.host_nqn = req.local ? NULL : g->host_nqn;
	r = liteio_op_export_create(p->c->agent, &req, &made, err);
	liteio_json_fini(&made, liteio_local_export_fields);
	return r;
}

static int unexport(struct pass *p, uint64_t generation, struct liteio_error *err)
{
	struct liteio_local_unexport gone = { 0 };
	int r;

	r = liteio_op_export_delete(p->c->agent, p->uuid, generation, UNEXPORT_MS, &gone, err);
	if (!r && !gone.drained)
		return liteio_error_set(err, -EBUSY,
					"generation %" PRIu64 " has I/O in flight that does not end",
					generation);
	if (!r && !gone.removed)
		return liteio_error_set(err, -EBUSY,
					"generation %" PRIu64
					" is fenced, but its device is still open on this node",
					generation);
	return r;
}

/* its space comes back beside everything else: there are few workers, and attaches need them */
static int delete(struct pass *p, struct liteio_error *err)
{
	const struct liteio_local_delete how = { .wait = LITEIO_LOCAL_WAIT_NOT };
	struct liteio_local_deleted gone = { 0 };

	if (!strcmp(p->have.state, "deleting"))
		return liteio_error_set(err, -EINPROGRESS, "its space is being given back");
	return liteio_op_volume_delete(p->c->agent, p->uuid, &how, &gone, err);
}

static int step(struct pass *p, const struct liteio_plan *plan, struct liteio_error *err)
{
	switch (plan->kind) {
	case LITEIO_PLAN_CREATE:
		return create(p, err);
	case LITEIO_PLAN_GROW:
		return grow(p, err);
	case LITEIO_PLAN_LIMIT:
		return limit(p, err);
	case LITEIO_PLAN_EXPORT:
		return export(p, plan->generation, err);
	case LITEIO_PLAN_UNEXPORT:
		return unexport(p, plan->generation, err);
	case LITEIO_PLAN_DELETE:
		return delete(p, err);
	default:
		return liteio_error_set(err, -EINVAL, "no such step for a volume");
	}
}

/* our conditions: Ready as it is now, Fencing as the fences say */
static struct liteio_json *conditions(const struct liteio_volume *v,
				      const struct liteio_verdict *ready)
{
	const struct liteio_volume_status *s = &v->status;
	const struct liteio_condition *was =
		liteio_condition_find(s->conditions, s->n_conditions, LITEIO_CONDITION_FENCING);
	struct liteio_verdict fencing = { .type = LITEIO_CONDITION_FENCING };
	struct liteio_json *list = liteio_json_new_array();

	if (was)
		liteio_verdict_set(&fencing, was->status, was->reason ? was->reason : "Unknown",
				   "%s", was->message ? was->message : "");
	else
		liteio_verdict_set(&fencing, LITEIO_CONDITION_FALSE, "NotFencing",
				   "no fence is under way");
	liteio_cluster_condition(list, ready, s->conditions, s->n_conditions, v->meta.generation);
	liteio_cluster_condition(list, &fencing, s->conditions, s->n_conditions,
				 v->meta.generation);
	return list;
}

static int report(struct pass *p, const struct liteio_verdict *ready, struct liteio_error *err)
{
	const struct liteio_volume_status *s = &p->v.status;
	bool says = liteio_verdict_differs(ready, s->conditions, s->n_conditions);
	struct liteio_plan_volume in = input(p);
	struct liteio_volume_observed now = { 0 };
	struct liteio_json *status;
	int r = 0;

	liteio_plan_observe(&in, &now);
	if (says || liteio_plan_differs(&s->node, &now)) {
		status = liteio_json_new_object();
		liteio_json_set(status, "node",
				liteio_json_encode(&now, liteio_volume_observed_fields));
		liteio_json_set(status, "conditions", conditions(&p->v, ready));
		r = liteio_cluster_report(p->c, &liteio_resource_volume, p->c->volumes, &p->v.meta,
					  status, err);
		if (!r && says)
			liteio_event_emit(p->c->events, p->obj,
					  ready->status != LITEIO_CONDITION_TRUE, ready->reason,
					  "Reconcile", "%s", ready->message);
	}
	liteio_json_fini(&now, liteio_volume_observed_fields);
	return r;
}

/* remains that can not go yet do not make a volume unfit; what else is to be done goes on */
static bool go_on_without(struct pass *p, const struct liteio_plan *plan,
			  const struct liteio_verdict *ready)
{
	if (plan->kind != LITEIO_PLAN_UNEXPORT || ready->status != LITEIO_CONDITION_TRUE)
		return false;
	p->stuck[p->n_stuck++] = plan->generation;
	return true;
}

/* steps until nothing is left to do, one fails, or the object is released */
static int drive(struct pass *p, const char *about, struct liteio_verdict *ready,
		 bool *ret_released, struct liteio_error *err)
{
	struct liteio_plan_volume in;
	struct liteio_plan plan;
	int r, i, stuck = 0;

	for (i = 0; i < LITEIO_CLUSTER_STEPS_MAX; i++) {
		r = look(p, err);
		if (r)
			return r;
		in = input(p);
		liteio_plan_volume(&in, &plan, ready);
		if (plan.kind == LITEIO_PLAN_NOTHING)
			return stuck;
		if (plan.kind == LITEIO_PLAN_RELEASE) {
			*ret_released = true;
			return liteio_cluster_finalizer(p->c, &liteio_resource_volume,
							p->c->volumes, p->obj, &p->v.meta,
							LITEIO_VOLUME_FINALIZER, false, err);
		}
		r = step(p, &plan, err);
		if (r && go_on_without(p, &plan, ready)) {
			stuck = liteio_error_wrap(err, r, "%s", liteio_plan_names[plan.kind]);
			continue;
		}
		if (r == -EINPROGRESS)
			return r;
		if (r) {
			liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "OperationFailed",
					   "%s: %s", liteio_plan_names[plan.kind],
					   liteio_error_str(err, r));
			return liteio_error_wrap(err, r, "%s", liteio_plan_names[plan.kind]);
		}
		log_info(about, "%s generation=%" PRIu64, liteio_plan_names[plan.kind],
			 plan.generation);
	}
	return liteio_error_set(err, -ELOOP, "after %d steps there is still something to do", i);
}

static int reconcile(struct pass *p, const char *about, struct liteio_error *err)
{
	struct liteio_verdict ready = { .type = LITEIO_CONDITION_READY };
	struct liteio_error ignored = LITEIO_ERROR_INIT;
	bool released = false;
	int r, said;

	r = liteio_cluster_place(p->c, p->v.spec.placement.pool, &p->place, err);
	if (r)
		return r;
	r = drive(p, about, &ready, &released, err);
	if (released || !ready.reason)
		return r;
	/* what was done is said also when the last step failed */
	if (r && look(p, &ignored))
		return r;
	said = report(p, &ready, r ? &ignored : err);
	return r ? r : said;
}

int liteio_cluster_volume(struct liteio_cluster *c, const char *name, uint64_t *ret_again_ms)
{
	_cleanup_free_ char *about = liteio_strf("volume=%s", name);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct pass p = { .c = c, .obj = liteio_informer_get(c->volumes, name) };
	int r;

	if (!p.obj)
		return 0;
	r = liteio_volume_parse(p.obj, &p.v, &err);
	liteio_uuid_format(&p.v.meta.uuid, p.uuid);
	if (!r && p.v.spec.placement.node &&
	    !strcmp(p.v.spec.placement.node, c->agent->identity.name) &&
	    (p.v.meta.has_finalizer || !p.v.meta.deleting))
		r = reconcile(&p, about, &err);
	look_fini(&p);
	free(p.place.pool);
	liteio_volume_fini(&p.v);
	liteio_json_unref(p.obj);
	return liteio_cluster_result(r, about, &err, ret_again_ms);
}
