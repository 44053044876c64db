// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * StoragePools of this node: make, open, delete, and say how full they are.
 */
#include <errno.h>
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

/**
 * struct pass - one look at one pool
 * @c: the cluster half
 * @obj: the object
 * @p: parsed
 * @have: what is here; valid when @found
 * @found: there is a pool of that name
 */
struct pass {
	struct liteio_cluster *c;
	struct liteio_json *obj;
	struct liteio_storage_pool p;
	struct liteio_local_pool have;
	bool found;
};

static size_t placed_in(struct liteio_informer *inf, const char *pool)
{
	struct liteio_json *list = liteio_informer_list(inf);
	size_t i, n = 0;

	for (i = 0; i < liteio_json_len(list); i++) {
		const char *at = liteio_json_get_string(liteio_json_at(list, i),
							"spec.placement.pool");

		n += at && !strcmp(at, pool);
	}
	liteio_json_unref(list);
	return n;
}

int liteio_cluster_place(struct liteio_cluster *c, const char *storage_pool,
			 struct liteio_cluster_place *ret, struct liteio_error *err)
{
	struct liteio_json *obj = liteio_informer_get(c->pools, storage_pool);
	struct liteio_storage_pool p = { 0 };
	uint64_t changes = liteio_pools_changes(c->agent->pools);
	struct liteio_local_pool have = { 0 };
	const char *dot;
	int r;

	if (!obj) {
		/* the pool's own name has no dot, its node's may */
		dot = strrchr(storage_pool, '.');
		*ret = (struct liteio_cluster_place){
			.pool = liteio_strdup(dot ? dot + 1 : storage_pool),
			.gone = true,
			.changes = changes,
		};
		return 0;
	}
	r = liteio_storage_pool_parse(obj, &p, err);
	liteio_json_unref(obj);
	if (r)
		return r;
	r = liteio_op_pool_show(c->agent, p.spec.pool, &have, err);
	if (!r || r == -ENOENT) {
		*ret = (struct liteio_cluster_place){
			.pool = take_ptr(p.spec.pool),
			.uuid = have.uuid,
			.ready = !r && liteio_plan_pool_ready(&p, &have),
			.changes = changes,
		};
		r = 0;
	}
	liteio_json_fini(&have, liteio_local_pool_fields);
	liteio_storage_pool_fini(&p);
	return r;
}

int liteio_cluster_check_absent(struct liteio_cluster *c, const struct liteio_cluster_place *place,
				struct liteio_error *err)
{
	if (liteio_pools_changes(c->agent->pools) == place->changes)
		return 0;
	return liteio_error_set(err, -EAGAIN, "a pool has come or gone meanwhile");
}

static void look_fini(struct pass *p)
{
	liteio_json_fini(&p->have, liteio_local_pool_fields);
	p->found = false;
}

static int look(struct pass *p, struct liteio_error *err)
{
	int r;

	look_fini(p);
	r = liteio_op_pool_show(p->c->agent, p->p.spec.pool, &p->have, err);
	if (r && r != -ENOENT)
		return r;
	p->found = !r;
	return 0;
}

static int step(struct pass *p, const struct liteio_plan *plan, struct liteio_error *err)
{
	struct liteio_local_pool_create create = { .name = p->p.spec.pool,
						   .device = p->p.spec.device,
						   .size_bytes = p->p.spec.size_bytes,
						   .linear_bytes = p->p.spec.linear_bytes,
						   .reserved_bytes = p->p.spec.reserved_bytes };
	struct liteio_local_pool_import import = { .device = p->p.spec.device };
	struct liteio_local_pool made = { 0 };
	int r;

	switch (plan->kind) {
	case LITEIO_PLAN_CREATE:
		r = liteio_op_pool_create(p->c->agent, &create, &made, err);
		break;
	case LITEIO_PLAN_IMPORT:
		r = liteio_op_pool_reopen(p->c->agent, &import, p->p.spec.pool, &p->p.status.uuid,
					  &made, err);
		break;
	case LITEIO_PLAN_DELETE:
		r = liteio_op_pool_delete_open(p->c->agent, p->p.spec.pool, &p->have.uuid, err);
		break;
	default:
		r = liteio_error_set(err, -EINVAL, "no such step for a pool");
		break;
	}
	liteio_json_fini(&made, liteio_local_pool_fields);
	return r;
}

static bool numbers_differ(const struct liteio_pool_status *a, const struct liteio_pool_status *b)
{
	return !liteio_uuid_equal(&a->uuid, &b->uuid) || a->data_bytes != b->data_bytes ||
	       a->data_used_bytes != b->data_used_bytes ||
	       a->metadata_bytes != b->metadata_bytes ||
	       a->metadata_used_bytes != b->metadata_used_bytes ||
	       a->provisioned_bytes != b->provisioned_bytes || a->volumes != b->volumes ||
	       a->reserved_bytes != b->reserved_bytes ||
	       a->reserved_free_bytes != b->reserved_free_bytes ||
	       a->linear_bytes != b->linear_bytes ||
	       a->linear_free_bytes != b->linear_free_bytes ||
	       strcmp(a->fill ? a->fill : "", b->fill ? b->fill : "") != 0;
}

/* what is here, if it is the pool that is meant; else what was said before */
static struct liteio_pool_status numbers(const struct pass *p)
{
	const struct liteio_local_pool *have = &p->have;
	struct liteio_pool_status s = p->p.status;

	if (p->found && (liteio_uuid_is_null(&s.uuid) || liteio_uuid_equal(&s.uuid, &have->uuid))) {
		s.uuid = have->uuid;
		s.data_bytes = have->data_bytes;
		s.data_used_bytes = have->data_used_bytes;
		s.metadata_bytes = have->metadata_bytes;
		s.metadata_used_bytes = have->metadata_used_bytes;
		s.provisioned_bytes = have->provisioned_bytes;
		s.volumes = have->volumes;
		s.reserved_bytes = have->reserved_bytes;
		s.reserved_free_bytes = have->reserved_free_bytes;
		s.linear_bytes = have->linear_bytes;
		s.linear_free_bytes = have->linear_free_bytes;
		s.fill = have->fill;
	}
	s.conditions = NULL;
	s.n_conditions = 0;
	return s;
}

/* what the pool is asked to promise, as the object says it */
static int set_overcommit(struct pass *p, struct liteio_error *err)
{
	const struct liteio_local_pool_set set = { p->p.spec.overcommit_percent };
	struct liteio_local_pool now = { 0 };
	int r;

	if (p->have.overcommit_percent == set.overcommit_percent ||
	    strcmp(p->have.state, "ready") != 0)
		return 0;
	r = liteio_op_pool_set(p->c->agent, p->p.spec.pool, &set, &now, err);
	liteio_json_fini(&now, liteio_local_pool_fields);
	return r;
}

static int report(struct pass *p, const struct liteio_verdict *ready, struct liteio_error *err)
{
	const struct liteio_pool_status *old = &p->p.status;
	bool says = liteio_verdict_differs(ready, old->conditions, old->n_conditions);
	struct liteio_pool_status now = numbers(p);
	struct liteio_json *status, *list;
	int r;

	/* the uuid is a promise to open no other pool under this object: not before it is ours */
	if (!p->p.meta.has_finalizer)
		now.uuid = old->uuid;
	if (!says && !numbers_differ(old, &now))
		return 0;
	status = liteio_json_encode(&now, liteio_pool_status_fields);
	list = liteio_json_new_array();
	liteio_cluster_condition(list, ready, old->conditions, old->n_conditions,
				 p->p.meta.generation);
	liteio_json_set(status, "conditions", list);
	r = liteio_cluster_report(p->c, &liteio_resource_storagepool, p->c->pools, &p->p.meta,
				  status, err);
	if (!r && says)
		liteio_event_emit(p->c->events, p->obj, ready->status != LITEIO_CONDITION_TRUE,
				  ready->reason, "Reconcile", "%s", ready->message);
	return r;
}

/* take hold of the object, or let go of it: nobody waits for a pool without one */
static int hold(struct pass *p, bool present, struct liteio_error *err)
{
	bool known;
	int r = 0;

	if (!present && !p->found)
		r = liteio_op_pool_forget(p->c->agent, p->p.spec.pool, &known, err);
	if (r)
		return r;
	return liteio_cluster_finalizer(p->c, &liteio_resource_storagepool, p->c->pools, p->obj,
					&p->p.meta, LITEIO_POOL_FINALIZER, present, err);
}

/* 1: the object was written (hold, release): what follows is concluded from the new one */
static int drive(struct pass *p, const char *about, struct liteio_verdict *ready,
		 struct liteio_error *err)
{
	const char *name = p->p.meta.name;
	struct liteio_plan plan;
	size_t placed;
	int r, i;

	for (i = 0; i < LITEIO_CLUSTER_STEPS_MAX; i++) {
		r = look(p, err);
		if (r)
			return r;
		placed = placed_in(p->c->volumes, name) + placed_in(p->c->snapshots, name);
		liteio_plan_pool(&p->p, p->found ? &p->have : NULL, placed, &plan, ready);
		if (plan.kind == LITEIO_PLAN_NOTHING)
			return ready->status == LITEIO_CONDITION_TRUE ? set_overcommit(p, err) : 0;
		if (plan.kind == LITEIO_PLAN_RELEASE || plan.kind == LITEIO_PLAN_HOLD) {
			r = hold(p, plan.kind == LITEIO_PLAN_HOLD, err);
			return r ? r : 1;
		}
		r = step(p, &plan, err);
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

int liteio_cluster_pool(struct liteio_cluster *c, const char *name, uint64_t *ret_again_ms)
{
	_cleanup_free_ char *about = liteio_strf("pool=%s", name);
	struct liteio_verdict ready = { .type = LITEIO_CONDITION_READY };
	struct pass p = { .c = c, .obj = liteio_informer_get(c->pools, name) };
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r, said;

	if (!p.obj)
		return 0;
	r = liteio_storage_pool_parse(p.obj, &p.p, &err);
	if (!r && !strcmp(p.p.spec.node, c->agent->identity.name) &&
	    (p.p.meta.has_finalizer || !p.p.meta.deleting)) {
		r = drive(&p, about, &ready, &err);
		if (r != 1 && ready.reason) {
			said = report(&p, &ready, r ? NULL : &err);
			r = r ? r : said;
		}
	}
	look_fini(&p);
	liteio_storage_pool_fini(&p.p);
	liteio_json_unref(p.obj);
	return liteio_cluster_result(r > 0 ? 0 : r, about, &err, ret_again_ms);
}
