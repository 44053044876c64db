// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshots placed on this node: take, delete, and say so.
 */
#include <errno.h>
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

/**
 * struct pass - one look at one snapshot
 * @c: the cluster half
 * @obj: the object
 * @s: parsed
 * @uuid: of @s, as operations take it: as of a volume
 * @place: its pool
 * @have: what is here; valid when @found
 * @found: there is this snapshot, or another one of its name
 * @source: the volume that was meant, or that of the name in spec; valid when @source_found
 * @source_found: there is one
 */
struct pass {
	struct liteio_cluster *c;
	struct liteio_json *obj;
	struct liteio_snapshot s;
	char uuid[LITEIO_UUID_STRLEN + 1];
	struct liteio_cluster_place place;
	struct liteio_local_snapshot have;
	bool found;
	struct liteio_local_volume source;
	bool source_found;
};

static void look_fini(struct pass *p)
{
	liteio_json_fini(&p->have, liteio_local_snapshot_fields);
	liteio_json_fini(&p->source, liteio_local_volume_fields);
	p->found = false;
	p->source_found = false;
}

static int look(struct pass *p, struct liteio_error *err)
{
	char source[LITEIO_UUID_STRLEN + 1];
	int r;

	look_fini(p);
	r = liteio_op_snapshot_show(p->c->agent, p->uuid, &p->have, err);
	if (r == -ENOENT)
		r = liteio_op_snapshot_show(p->c->agent, p->s.meta.name, &p->have, err);
	/* of several others none is the one that was to go */
	if (r == -EEXIST && p->s.meta.deleting)
		r = -ENOENT;
	if (r && r != -ENOENT)
		return r;
	p->found = !r;
	if (p->found && liteio_uuid_equal(&p->have.uuid, &p->s.meta.uuid))
		return 0;
	if (p->found)
		return liteio_cluster_check_absent(p->c, &p->place, err);
	liteio_uuid_format(&p->s.spec.placement.source_uuid, source);
	r = liteio_op_volume_show(p->c->agent, source, &p->source, err);
	if (r == -ENOENT)
		r = liteio_op_volume_show(p->c->agent, p->s.spec.volume, &p->source, err);
	if (r && r != -ENOENT)
		return r;
	p->source_found = !r;
	return liteio_cluster_check_absent(p->c, &p->place, err);
}

static int create(struct pass *p, struct liteio_error *err)
{
	char volume[LITEIO_UUID_STRLEN + 1];
	struct liteio_local_snapshot_create req = { .name = p->s.meta.name,
						    .uuid = p->s.meta.uuid,
						    .volume = volume };
	struct liteio_local_snapshot made = { 0 };
	int r;

	liteio_uuid_format(&p->s.spec.placement.source_uuid, volume);
	r = liteio_op_snapshot_create(p->c->agent, &req, &made, err);
	liteio_json_fini(&made, liteio_local_snapshot_fields);
	return r;
}

/* as of a volume: its space comes back beside everything else */
static int delete(struct pass *p, struct liteio_error *err)
{
	const struct liteio_local_delete how = { .wait = LITEIO_LOCAL_WAIT_NOT };
	struct liteio_local_deleted gone = { 0 };

	if (!strcmp(p->have.state, "deleting"))
		return liteio_error_set(err, -EINPROGRESS, "its space is being given back");
	return liteio_op_snapshot_delete(p->c->agent, p->uuid, &how, &gone, err);
}

static int step(struct pass *p, const struct liteio_plan *plan, struct liteio_error *err)
{
	switch (plan->kind) {
	case LITEIO_PLAN_CREATE:
		return create(p, err);
	case LITEIO_PLAN_DELETE:
		return delete(p, err);
	default:
		return liteio_error_set(err, -EINVAL, "no such step for a snapshot");
	}
}

static int report(struct pass *p, const struct liteio_verdict *ready, struct liteio_error *err)
{
	const struct liteio_snapshot_status *old = &p->s.status;
	bool mine = p->found && liteio_uuid_equal(&p->have.uuid, &p->s.meta.uuid);
	struct liteio_json *status, *list;
	bool now_ready = old->ready || (mine && ready->status == LITEIO_CONDITION_TRUE);
	int r;

	if (now_ready == old->ready &&
	    !liteio_verdict_differs(ready, old->conditions, old->n_conditions))
		return 0;
	status = liteio_json_new_object();
	list = liteio_json_new_array();
	liteio_json_set_bool(status, "ready", now_ready);
	if (mine) {
		liteio_json_set_int(status, "sizeBytes", (int64_t)p->have.size_bytes);
		liteio_json_set_string(status, "createdAt", p->have.created_at);
	} else if (old->ready) {
		liteio_json_set_int(status, "sizeBytes", (int64_t)old->size_bytes);
		liteio_json_set_string(status, "createdAt", old->created_at);
	}
	liteio_cluster_condition(list, ready, old->conditions, old->n_conditions,
				 p->s.meta.generation);
	liteio_json_set(status, "conditions", list);
	r = liteio_cluster_report(p->c, &liteio_resource_snapshot, p->c->snapshots, &p->s.meta,
				  status, err);
	if (!r)
		liteio_event_emit(p->c->events, p->obj, ready->status != LITEIO_CONDITION_TRUE,
				  ready->reason, "Reconcile", "%s", ready->message);
	return r;
}

static int drive(struct pass *p, const char *about, struct liteio_verdict *ready,
		 bool *ret_released, struct liteio_error *err)
{
	struct liteio_plan plan;
	int r, i;

	for (i = 0; i < LITEIO_CLUSTER_STEPS_MAX; i++) {
		struct liteio_plan_snapshot in = { .snapshot = &p->s,
						   .pool = p->place.pool,
						   .pool_ready = p->place.ready,
						   .pool_gone = p->place.gone };

		r = look(p, err);
		if (r)
			return r;
		in.have = p->found ? &p->have : NULL;
		in.source = p->source_found ? &p->source : NULL;
		liteio_plan_snapshot(&in, &plan, ready);
		if (plan.kind == LITEIO_PLAN_NOTHING)
			return 0;
		if (plan.kind == LITEIO_PLAN_RELEASE) {
			*ret_released = true;
			return liteio_cluster_finalizer(p->c, &liteio_resource_snapshot,
							p->c->snapshots, p->obj, &p->s.meta,
							LITEIO_SNAPSHOT_FINALIZER, false, err);
		}
		r = step(p, &plan, err);
		if (r == -EINPROGRESS)
			return r;
		if (r) {
			liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "OperationFailed",
					   "%s: %s", liteio_plan_names[plan.kind],
					   liteio_error_str(err, r));
			return liteio_error_wrap(err, r, "%s", liteio_plan_names[plan.kind]);
		}
		log_info(about, "%s", liteio_plan_names[plan.kind]);
	}
	return liteio_error_set(err, -ELOOP, "after %d steps there is still something to do", i);
}

static int reconcile(struct pass *p, const char *about, struct liteio_error *err)
{
	struct liteio_verdict ready = { .type = LITEIO_CONDITION_READY };
	bool released = false;
	int r, said;

	r = liteio_cluster_place(p->c, p->s.spec.placement.pool, &p->place, err);
	if (r)
		return r;
	r = drive(p, about, &ready, &released, err);
	if (released || !ready.reason)
		return r;
	said = report(p, &ready, r ? NULL : err);
	return r ? r : said;
}

int liteio_cluster_snapshot(struct liteio_cluster *c, const char *name, uint64_t *ret_again_ms)
{
	_cleanup_free_ char *about = liteio_strf("snapshot=%s", name);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct pass p = { .c = c, .obj = liteio_informer_get(c->snapshots, name) };
	int r;

	if (!p.obj)
		return 0;
	r = liteio_snapshot_parse(p.obj, &p.s, &err);
	liteio_uuid_format(&p.s.meta.uuid, p.uuid);
	if (!r && p.s.spec.placement.node &&
	    !strcmp(p.s.spec.placement.node, c->agent->identity.name) &&
	    (p.s.meta.has_finalizer || !p.s.meta.deleting))
		r = reconcile(&p, about, &err);
	look_fini(&p);
	free(p.place.pool);
	liteio_snapshot_fini(&p.s);
	liteio_json_unref(p.obj);
	return liteio_cluster_result(r, about, &err, ret_again_ms);
}
