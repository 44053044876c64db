// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plans for volumes, snapshots and pools; fences are in cluster_plan_fence.c.
 */
#include "agent/cluster_plan.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"

#define REPORT_BYTES_STEP (64ull << 20)

const char *const liteio_plan_names[] = {
	[LITEIO_PLAN_NOTHING] = "nothing", [LITEIO_PLAN_CREATE] = "create",
	[LITEIO_PLAN_IMPORT] = "import",   [LITEIO_PLAN_GROW] = "grow",
	[LITEIO_PLAN_EXPORT] = "export",   [LITEIO_PLAN_UNEXPORT] = "unexport",
	[LITEIO_PLAN_DELETE] = "delete",   [LITEIO_PLAN_HOLD] = "hold",
	[LITEIO_PLAN_LIMIT] = "limit",	   [LITEIO_PLAN_RELEASE] = "release",
	NULL,
};

static bool is_state(const char *state, const char *what)
{
	return state && !strcmp(state, what);
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

/* ---- volumes ---- */

static const struct liteio_local_export *export_of(const struct liteio_plan_volume *in,
						   uint64_t generation)
{
	size_t i;

	for (i = 0; in->exports && i < in->exports->n_items; i++)
		if (in->exports->items[i].generation == generation)
			return &in->exports->items[i];
	return NULL;
}

static bool is_local(const struct liteio_volume *v, const struct liteio_grant *g)
{
	return !strcmp(g->node, v->spec.placement.node);
}

static bool is_ready_export(const struct liteio_volume *v, const struct liteio_grant *g,
			    const struct liteio_local_export *e)
{
	bool local = is_local(v, g);

	return e && e->ready && e->local == local && e->read_only == g->read_only &&
	       (local || same_text(e->host_nqn, g->host_nqn));
}

static bool is_stuck(const struct liteio_plan_volume *in, uint64_t generation)
{
	size_t i;

	for (i = 0; i < in->n_stuck; i++)
		if (in->stuck[i] == generation)
			return true;
	return false;
}

static bool can_go(const struct liteio_plan_volume *in, uint64_t generation)
{
	return liteio_volume_is_fenced(in->volume, generation) && !is_stuck(in, generation);
}

/* an attachment that is over: fenced, reported, and its remains can go */
static bool next_unexport(const struct liteio_plan_volume *in, struct liteio_plan *ret)
{
	uint64_t generation = 0;
	size_t i;

	for (i = 0; !generation && i < in->have->n_attachments; i++)
		if (can_go(in, in->have->attachments[i].generation))
			generation = in->have->attachments[i].generation;
	for (i = 0; !generation && in->exports && i < in->exports->n_items; i++)
		if (can_go(in, in->exports->items[i].generation))
			generation = in->exports->items[i].generation;
	if (generation)
		*ret = (struct liteio_plan){ LITEIO_PLAN_UNEXPORT, generation };
	return generation;
}

static bool next_export(const struct liteio_plan_volume *in, struct liteio_plan *ret)
{
	const struct liteio_volume *v = in->volume;
	size_t i;

	for (i = 0; i < v->spec.n_grants; i++) {
		const struct liteio_grant *g = &v->spec.grants[i];

		if (liteio_volume_fence_asked(v, g->generation) ||
		    in->have->floor > g->generation ||
		    is_ready_export(v, g, export_of(in, g->generation)))
			continue;
		*ret = (struct liteio_plan){ LITEIO_PLAN_EXPORT, g->generation };
		return true;
	}
	return false;
}

/* there is no volume of that name here */
static void plan_absent(const struct liteio_plan_volume *in, struct liteio_plan *ret,
			struct liteio_verdict *ready)
{
	const struct liteio_volume *v = in->volume;

	if (v->meta.deleting) {
		ret->kind = LITEIO_PLAN_RELEASE;
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Deleted",
				   "the pool has nothing of it any more");
	} else if (v->status.node.created) {
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Lost",
				   "pool %s does not have the volume any more; it is not made again",
				   in->pool);
	} else {
		ret->kind = LITEIO_PLAN_CREATE;
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Creating",
				   "being made on pool %s", in->pool);
	}
}

/* a record of that name with another uuid: ours, if it ever was, is gone */
static void plan_foreign(const struct liteio_plan_volume *in, struct liteio_plan *ret,
			 struct liteio_verdict *ready)
{
	char uuid[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(&in->have->uuid, uuid);
	if (in->volume->meta.deleting)
		ret->kind = LITEIO_PLAN_RELEASE;
	liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "NameTaken",
			   "pool %s has another volume of this name, with uuid %s", in->have->pool,
			   uuid);
}

static void plan_deleting(const struct liteio_plan_volume *in, struct liteio_plan *ret,
			  struct liteio_verdict *ready)
{
	const struct liteio_volume *v = in->volume;

	if (v->spec.n_grants) {
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Deleting",
				   "deletion waits: node %s holds it as generation %" PRIu64,
				   v->spec.grants[0].node, v->spec.grants[0].generation);
		/* the remains of fences may go meanwhile */
		next_unexport(in, ret);
		return;
	}
	/* no grant is left and none can come: whatever is still open is ended, then all goes */
	liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Deleting", "being deleted from pool %s",
			   in->pool);
	if (in->have->n_attachments)
		*ret = (struct liteio_plan){ LITEIO_PLAN_UNEXPORT,
					     in->have->attachments[0].generation };
	else
		ret->kind = LITEIO_PLAN_DELETE;
}

static void plan_present(const struct liteio_plan_volume *in, struct liteio_plan *ret,
			 struct liteio_verdict *ready)
{
	const struct liteio_volume *v = in->volume;

	liteio_verdict_set(ready, LITEIO_CONDITION_TRUE, "Ready", "on pool %s", in->pool);
	if (!same_text(in->have->pool, in->pool)) {
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "WrongPool",
				   "the volume is on pool %s, not on %s", in->have->pool, in->pool);
		return;
	}
	if (is_state(in->have->state, "creating")) {
		ret->kind = LITEIO_PLAN_CREATE; /* goes on where it was cut short */
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Creating",
				   "being made on pool %s", in->pool);
		return;
	}
	if (!is_state(in->have->state, "ready")) {
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Failed",
				   "the pool's catalog has the volume as %s",
				   in->have->state ? in->have->state : "unknown");
		return;
	}
	if (in->have->size_bytes < v->spec.size_bytes) {
		ret->kind = LITEIO_PLAN_GROW;
		liteio_verdict_set(ready, LITEIO_CONDITION_TRUE, "Growing",
				   "on pool %s, being made larger", in->pool);
		return;
	}
	if (!liteio_limits_equal(&in->have->limits, &v->spec.limits)) {
		ret->kind = LITEIO_PLAN_LIMIT;
		return;
	}
	/* who was granted the volume waits for nobody who has lost it */
	if (!next_export(in, ret))
		next_unexport(in, ret);
}

void liteio_plan_volume(const struct liteio_plan_volume *in, struct liteio_plan *ret,
			struct liteio_verdict *ready)
{
	*ret = (struct liteio_plan){ LITEIO_PLAN_NOTHING, 0 };
	*ready = (struct liteio_verdict){ .type = LITEIO_CONDITION_READY };
	if (in->have && !liteio_uuid_equal(&in->have->uuid, &in->volume->meta.uuid)) {
		plan_foreign(in, ret, ready);
		/* another record of the name says nothing about a pool that is not here */
		if (!in->pool_ready)
			ret->kind = LITEIO_PLAN_NOTHING;
	} else if (!in->pool_ready) {
		if (in->volume->meta.deleting && in->pool_gone && !in->have)
			ret->kind = LITEIO_PLAN_RELEASE;
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "PoolNotReady",
				   "pool %s is not ready on this node", in->pool);
	} else if (!in->have) {
		plan_absent(in, ret, ready);
	} else if (in->volume->meta.deleting) {
		plan_deleting(in, ret, ready);
	} else {
		plan_present(in, ret, ready);
	}
}

/* what was reported as fenced stays so, as long as it is asked for */
static void copy_fences(const struct liteio_volume *v, struct liteio_volume_observed *to)
{
	const struct liteio_volume_observed *from = &v->status.node;
	size_t i, k;

	to->fenced_below = from->fenced_below;
	to->fenced_gens = liteio_calloc(from->n_fenced_gens + 1, sizeof(*to->fenced_gens));
	for (i = 0; i < from->n_fenced_gens; i++)
		for (k = 0; k < v->spec.n_fence_gens; k++)
			if (v->spec.fence_gens[k].generation == from->fenced_gens[i].generation)
				to->fenced_gens[to->n_fenced_gens++] = from->fenced_gens[i];
}

static void observe_export(const struct liteio_volume *v, const struct liteio_local_export *e,
			   struct liteio_export_status *to)
{
	const struct liteio_grant *g = liteio_volume_grant(v, e->generation);
	size_t i;

	to->generation = e->generation;
	to->node = g ? liteio_strdup(g->node) : NULL;
	to->ready = g ? is_ready_export(v, g, e) : e->ready;
	to->local = e->local;
	to->nqn = e->nqn ? liteio_strdup(e->nqn) : NULL;
	to->addresses = liteio_calloc(e->n_addresses + 1, sizeof(*to->addresses));
	for (i = 0; i < e->n_addresses; i++)
		to->addresses[to->n_addresses++] = liteio_strdup(e->addresses[i]);
}

void liteio_plan_observe(const struct liteio_plan_volume *in, struct liteio_volume_observed *ret)
{
	const struct liteio_volume_observed *old = &in->volume->status.node;
	const struct liteio_local_volume *have = in->have;
	size_t i, n = in->exports ? in->exports->n_items : 0;

	*ret = (struct liteio_volume_observed){ .created = old->created,
						.size_bytes = old->size_bytes,
						.allocated_bytes = old->allocated_bytes };
	copy_fences(in->volume, ret);
	ret->exports = liteio_calloc(n + 1, sizeof(*ret->exports));
	if (!have || !liteio_uuid_equal(&have->uuid, &in->volume->meta.uuid))
		return;
	if (is_state(have->state, "ready"))
		ret->created = true;
	if (ret->created && have->size_bytes > ret->size_bytes)
		ret->size_bytes = have->size_bytes;
	ret->allocated_bytes = have->allocated_bytes;
	ret->limits = have->limits;
	if (have->limits_not_in_force)
		ret->limits_not_in_force = liteio_strf("%.*s", LITEIO_VOLUME_REASON_MAX,
						       have->limits_not_in_force);
	for (i = 0; i < n && ret->n_exports < LITEIO_VOLUME_EXPORTS_MAX; i++) {
		/* what is fenced is no attachment any more, whatever is left of it */
		if (liteio_volume_is_fenced(in->volume, in->exports->items[i].generation))
			continue;
		observe_export(in->volume, &in->exports->items[i], &ret->exports[ret->n_exports++]);
	}
}

bool liteio_plan_differs(const struct liteio_volume_observed *old,
			 const struct liteio_volume_observed *now)
{
	struct liteio_volume_observed a = *old, b = *now;
	uint64_t step = a.allocated_bytes > b.allocated_bytes ?
				a.allocated_bytes - b.allocated_bytes :
				b.allocated_bytes - a.allocated_bytes;
	struct liteio_json *ja, *jb;
	bool differs;

	if (step < REPORT_BYTES_STEP && !(a.allocated_bytes == 0) == !(b.allocated_bytes == 0))
		a.allocated_bytes = b.allocated_bytes;
	ja = liteio_json_encode(&a, liteio_volume_observed_fields);
	jb = liteio_json_encode(&b, liteio_volume_observed_fields);
	differs = !liteio_json_equal(ja, jb);
	liteio_json_unref(ja);
	liteio_json_unref(jb);
	return differs;
}

/* ---- snapshots ---- */

static void plan_snapshot_absent(const struct liteio_plan_snapshot *in, struct liteio_plan *ret,
				 struct liteio_verdict *ready)
{
	const struct liteio_snapshot *s = in->snapshot;
	const struct liteio_uuid *source = &s->spec.placement.source_uuid;

	if (s->meta.deleting) {
		ret->kind = LITEIO_PLAN_RELEASE;
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Deleted",
				   "the pool has nothing of it any more");
	} else if (s->status.ready) {
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Lost",
				   "pool %s does not have the snapshot any more; it is not taken again",
				   in->pool);
	} else if (!in->source || !liteio_uuid_equal(&in->source->uuid, source)) {
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "VolumeGone",
				   "the volume %s that was meant is not here", s->spec.volume);
	} else {
		ret->kind = LITEIO_PLAN_CREATE;
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Creating",
				   "being taken on pool %s", in->pool);
	}
}

static void plan_snapshot_present(const struct liteio_plan_snapshot *in, struct liteio_plan *ret,
				  struct liteio_verdict *ready)
{
	const struct liteio_snapshot *s = in->snapshot;

	if (!liteio_uuid_equal(&in->have->uuid, &s->meta.uuid)) {
		if (s->meta.deleting)
			ret->kind = LITEIO_PLAN_RELEASE;
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "NameTaken",
				   "pool %s has another snapshot of this name", in->have->pool);
	} else if (s->meta.deleting) {
		ret->kind = LITEIO_PLAN_DELETE;
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Deleting",
				   "being deleted from pool %s", in->pool);
	} else if (is_state(in->have->state, "creating")) {
		ret->kind = LITEIO_PLAN_CREATE;
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Creating",
				   "being taken on pool %s", in->pool);
	} else if (is_state(in->have->state, "ready")) {
		liteio_verdict_set(ready, LITEIO_CONDITION_TRUE, "Ready", "on pool %s", in->pool);
	} else {
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Failed",
				   "the pool's catalog has the snapshot as %s",
				   in->have->state ? in->have->state : "unknown");
	}
}

void liteio_plan_snapshot(const struct liteio_plan_snapshot *in, struct liteio_plan *ret,
			  struct liteio_verdict *ready)
{
	*ret = (struct liteio_plan){ LITEIO_PLAN_NOTHING, 0 };
	*ready = (struct liteio_verdict){ .type = LITEIO_CONDITION_READY };
	if (in->pool_ready && in->have) {
		plan_snapshot_present(in, ret, ready);
	} else if (in->pool_ready) {
		plan_snapshot_absent(in, ret, ready);
	} else {
		if (in->snapshot->meta.deleting && in->pool_gone && !in->have)
			ret->kind = LITEIO_PLAN_RELEASE;
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "PoolNotReady",
				   "pool %s is not ready on this node", in->pool);
	}
}

/* ---- pools ---- */

static bool is_that_pool(const struct liteio_storage_pool *p,
			 const struct liteio_local_pool *have)
{
	return liteio_uuid_is_null(&p->status.uuid) ||
	       liteio_uuid_equal(&p->status.uuid, &have->uuid);
}

bool liteio_plan_pool_ready(const struct liteio_storage_pool *p,
			    const struct liteio_local_pool *have)
{
	/*
	 * What brings a full pool back is done to its volumes: they are deleted, and attached for
	 * an fstrim. Those of other classes do not notice.
	 */
	return have && is_that_pool(p, have) &&
	       (is_state(have->state, "ready") || is_state(have->state, "noSpace"));
}

static void plan_pool_absent(const struct liteio_storage_pool *p, size_t placed,
			     struct liteio_plan *ret, struct liteio_verdict *ready)
{
	bool made = !liteio_uuid_is_null(&p->status.uuid);

	if (p->meta.deleting && made && placed)
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "InUse",
				   "deletion waits: %zu volumes and snapshots are placed here",
				   placed);
	else if (p->meta.deleting)
		ret->kind = LITEIO_PLAN_RELEASE;
	else if (!p->meta.has_finalizer)
		ret->kind = LITEIO_PLAN_HOLD;
	else
		ret->kind = made ? LITEIO_PLAN_IMPORT : LITEIO_PLAN_CREATE;
	if (ret->kind != LITEIO_PLAN_NOTHING)
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, made ? "NotOpen" : "Creating",
				   made ? "being looked for on %s" : "being made on %s",
				   p->spec.device);
}

static void plan_pool_deleting(const struct liteio_storage_pool *p,
			       const struct liteio_local_pool *have, size_t placed,
			       struct liteio_plan *ret, struct liteio_verdict *ready)
{
	if (placed || have->volumes) {
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "InUse",
				   "deletion waits: the pool has %" PRIu64
				   " volumes and snapshots, %zu are placed on it",
				   have->volumes, placed);
		return;
	}
	ret->kind = LITEIO_PLAN_DELETE;
	liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Deleting", "being erased from %s",
			   p->spec.device);
}

void liteio_plan_pool(const struct liteio_storage_pool *p, const struct liteio_local_pool *have,
		      size_t placed, struct liteio_plan *ret, struct liteio_verdict *ready)
{
	char uuid[LITEIO_UUID_STRLEN + 1];

	*ret = (struct liteio_plan){ LITEIO_PLAN_NOTHING, 0 };
	*ready = (struct liteio_verdict){ .type = LITEIO_CONDITION_READY };
	if (!have) {
		plan_pool_absent(p, placed, ret, ready);
	} else if (!is_that_pool(p, have)) {
		liteio_uuid_format(&have->uuid, uuid);
		if (p->meta.deleting)
			ret->kind = LITEIO_PLAN_RELEASE;
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "OtherPool",
				   "the pool of this name on the node is another one, with uuid %s",
				   uuid);
	} else if (p->meta.deleting) {
		plan_pool_deleting(p, have, placed, ret, ready);
	} else if (!p->meta.has_finalizer) {
		ret->kind = LITEIO_PLAN_HOLD;
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Creating", "being taken over");
	} else if (is_state(have->state, "ready")) {
		liteio_verdict_set(ready, LITEIO_CONDITION_TRUE, "Ready", "on %s", have->device);
	} else {
		liteio_verdict_set(ready, LITEIO_CONDITION_FALSE, "Failed", "%s",
				   have->reason ? have->reason : "the pool is not ready");
	}
}
