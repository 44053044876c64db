// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The attachment protocol's decisions.
 */
#include "controller/attach.h"

#include <inttypes.h>
#include <string.h>

const char *const liteio_attach_names[] = {
	[LITEIO_ATTACH_NOTHING] = "nothing",
	[LITEIO_ATTACH_RAISE] = "raise",
	[LITEIO_ATTACH_DROP] = "drop",
	[LITEIO_ATTACH_FENCE_BELOW] = "fence",
	[LITEIO_ATTACH_FENCE_ONE] = "fence-one",
	[LITEIO_ATTACH_CLEAN] = "clean",
	[LITEIO_ATTACH_GIVE] = "give",
	NULL,
};

static bool is_placed(const struct liteio_volume *v)
{
	return v->spec.placement.node && v->spec.placement.pool;
}

/* a want of another mode is another attachment */
static bool is_wanted(const struct liteio_volume *v, const struct liteio_grant *g)
{
	const struct liteio_want *w = liteio_volume_want(v, g->node);

	return w && w->read_only == g->read_only;
}

/* an open gate that the spec knows nothing of: only after a restored backup */
static const struct liteio_export_status *stray_export(const struct liteio_volume *v)
{
	const struct liteio_volume_observed *o = &v->status.node;
	size_t i;

	for (i = 0; i < o->n_exports; i++) {
		uint64_t generation = o->exports[i].generation;

		if (!liteio_volume_grant(v, generation) && !liteio_volume_is_fenced(v, generation))
			return &o->exports[i];
	}
	return NULL;
}

static bool next_drop(const struct liteio_volume *v, struct liteio_attach_step *ret)
{
	size_t i;

	for (i = 0; i < v->spec.n_grants; i++) {
		const struct liteio_grant *g = &v->spec.grants[i];

		if (!liteio_volume_fence_asked(v, g->generation) ||
		    !liteio_volume_is_fenced(v, g->generation))
			continue;
		*ret = (struct liteio_attach_step){ .kind = LITEIO_ATTACH_DROP,
						    .generation = g->generation,
						    .node = g->node };
		return true;
	}
	return false;
}

/* would a floor above @generation end an attachment that shall live? */
static bool floor_would_hurt(const struct liteio_volume *v, uint64_t generation)
{
	size_t i;

	for (i = 0; i < v->spec.n_grants; i++) {
		const struct liteio_grant *g = &v->spec.grants[i];

		if (g->generation < generation && is_wanted(v, g) &&
		    !liteio_volume_fence_asked(v, g->generation))
			return true;
	}
	return false;
}

static void fence(const struct liteio_volume *v, uint64_t generation, const char *node,
		  struct liteio_attach_step *ret)
{
	*ret = (struct liteio_attach_step){ .kind = LITEIO_ATTACH_FENCE_BELOW,
					    .generation = generation + 1,
					    .node = node };
	if (!floor_would_hurt(v, generation))
		return;
	/* a list that is full is emptied by the fences that are under way */
	if (v->spec.n_fence_gens == LITEIO_VOLUME_ATTACHMENTS_MAX) {
		*ret = (struct liteio_attach_step){ .kind = LITEIO_ATTACH_NOTHING };
		return;
	}
	ret->kind = LITEIO_ATTACH_FENCE_ONE;
	ret->generation = generation;
}

static bool next_fence(const struct liteio_volume *v, struct liteio_attach_step *ret)
{
	const struct liteio_export_status *stray;
	size_t i;

	for (i = 0; i < v->spec.n_grants; i++) {
		const struct liteio_grant *g = &v->spec.grants[i];

		if (is_wanted(v, g) || liteio_volume_fence_asked(v, g->generation))
			continue;
		fence(v, g->generation, g->node, ret);
		return ret->kind != LITEIO_ATTACH_NOTHING;
	}
	stray = stray_export(v);
	if (stray && !liteio_volume_fence_asked(v, stray->generation)) {
		fence(v, stray->generation, stray->node, ret);
		return ret->kind != LITEIO_ATTACH_NOTHING;
	}
	return false;
}

static bool next_clean(const struct liteio_volume *v, struct liteio_attach_step *ret)
{
	size_t i;

	for (i = 0; i < v->spec.n_fence_gens; i++) {
		uint64_t generation = v->spec.fence_gens[i].generation;

		if (liteio_volume_grant(v, generation) || !liteio_volume_is_fenced(v, generation))
			continue;
		*ret = (struct liteio_attach_step){ .kind = LITEIO_ATTACH_CLEAN,
						    .generation = generation };
		return true;
	}
	return false;
}

/* the grant that stands in the way of one more, or NULL */
static const struct liteio_grant *next_obstacle(const struct liteio_volume *v)
{
	size_t i;

	if (!v->spec.n_grants)
		return NULL;
	for (i = 0; i < v->spec.n_attachments; i++)
		if (!v->spec.attachments[i].read_only)
			return &v->spec.grants[0];
	for (i = 0; i < v->spec.n_grants; i++)
		if (!v->spec.grants[i].read_only)
			return &v->spec.grants[i];
	return v->spec.n_grants < LITEIO_VOLUME_ATTACHMENTS_MAX ? NULL : &v->spec.grants[0];
}

/* may this volume be given to anybody now? says why not */
static bool may_give(const struct liteio_volume *v, const struct liteio_want *w,
		     struct liteio_verdict *why)
{
	const struct liteio_grant *own = liteio_volume_grant_of(v, w->node);
	const struct liteio_grant *other = own ? own : next_obstacle(v);

	if (v->meta.deleting)
		liteio_verdict_set(why, LITEIO_CONDITION_FALSE, "Deleting",
				   "node %s can not have it: the volume is being deleted", w->node);
	else if (!is_placed(v))
		liteio_verdict_set(why, LITEIO_CONDITION_FALSE, "NotPlaced",
				   "node %s waits until the volume is placed", w->node);
	else if (!v->status.node.created)
		liteio_verdict_set(why, LITEIO_CONDITION_FALSE, "NotCreated",
				   "node %s waits until node %s has made the volume", w->node,
				   v->spec.placement.node);
	else if (other && liteio_volume_fence_asked(v, other->generation))
		liteio_verdict_set(why, LITEIO_CONDITION_FALSE, "Fencing",
				   "node %s waits until generation %" PRIu64 " of node %s is fenced",
				   w->node, other->generation, other->node);
	else if (other)
		liteio_verdict_set(why, LITEIO_CONDITION_FALSE, "Held",
				   "node %s waits: node %s holds the volume as generation %" PRIu64,
				   w->node, other->node, other->generation);
	else if (stray_export(v))
		liteio_verdict_set(why, LITEIO_CONDITION_FALSE, "Fencing",
				   "node %s waits until an older generation is fenced", w->node);
	else if (v->spec.next_generation >= LITEIO_GENERATION_MAX)
		liteio_verdict_set(why, LITEIO_CONDITION_FALSE, "NoGeneration",
				   "all generations of the volume are used up");
	else
		return true;
	return false;
}

static bool next_give(const struct liteio_volume *v, const struct liteio_attach_hosts *hosts,
		      struct liteio_attach_step *ret, struct liteio_verdict *why)
{
	size_t i;

	for (i = 0; i < v->spec.n_attachments; i++) {
		const struct liteio_want *w = &v->spec.attachments[i];
		const struct liteio_grant *g = liteio_volume_grant_of(v, w->node);
		const char *nqn = NULL;

		if (g && is_wanted(v, g) && !liteio_volume_fence_asked(v, g->generation))
			continue;
		if (!may_give(v, w, why))
			continue;
		if (strcmp(w->node, v->spec.placement.node) != 0) {
			nqn = hosts->nqn(hosts->arg, w->node);
			if (!nqn) {
				liteio_verdict_set(why, LITEIO_CONDITION_FALSE, "ConsumerUnknown",
						   "node %s has no StorageNode with a host NQN",
						   w->node);
				continue;
			}
		}
		*ret = (struct liteio_attach_step){ .kind = LITEIO_ATTACH_GIVE,
						    .generation = v->spec.next_generation,
						    .node = w->node,
						    .host_nqn = nqn,
						    .read_only = w->read_only };
		return true;
	}
	return false;
}

void liteio_attach_next(const struct liteio_volume *v, const struct liteio_attach_hosts *hosts,
			struct liteio_attach_step *ret, struct liteio_verdict *granted)
{
	struct liteio_attach_step step = { .kind = LITEIO_ATTACH_NOTHING };
	bool give;

	*granted = (struct liteio_verdict){ .type = LITEIO_CONDITION_GRANTED };
	if (v->spec.n_attachments)
		liteio_verdict_set(granted, LITEIO_CONDITION_TRUE, "Granted",
				   "every consumer has its generation");
	else
		liteio_verdict_set(granted, LITEIO_CONDITION_TRUE, "NotWanted",
				   "no consumer wants the volume");
	/* the verdict is about all wants, so it is always worked out */
	give = next_give(v, hosts, &step, granted);
	if (give)
		liteio_verdict_set(granted, LITEIO_CONDITION_TRUE, "Granted",
				   "node %s is given generation %" PRIu64, step.node,
				   step.generation);
	if (v->status.node.fenced_below > v->spec.fence_below)
		step = (struct liteio_attach_step){ .kind = LITEIO_ATTACH_RAISE,
						    .generation = v->status.node.fenced_below };
	else if (!next_drop(v, &step) && !next_fence(v, &step))
		next_clean(v, &step);
	*ret = step;
}

static struct liteio_json *grants_without(const struct liteio_volume *v, uint64_t generation)
{
	struct liteio_json *list = liteio_json_new_array();
	size_t i;

	for (i = 0; i < v->spec.n_grants; i++)
		if (v->spec.grants[i].generation != generation)
			liteio_json_append(list, liteio_json_encode(&v->spec.grants[i],
								    liteio_grant_fields));
	return list;
}

static struct liteio_json *fence_gens_without(const struct liteio_volume *v, uint64_t generation)
{
	struct liteio_json *list = liteio_json_new_array();
	size_t i;

	for (i = 0; i < v->spec.n_fence_gens; i++)
		if (v->spec.fence_gens[i].generation != generation)
			liteio_json_append(list, liteio_json_encode(&v->spec.fence_gens[i],
								    liteio_fence_gen_fields));
	return list;
}

static void patch_floor(const struct liteio_volume *v, uint64_t floor, struct liteio_json *spec)
{
	liteio_json_set_int(spec, "fenceBelow", (int64_t)floor);
	if (floor > v->spec.next_generation)
		liteio_json_set_int(spec, "nextGeneration", (int64_t)floor);
}

static void patch_fence_one(const struct liteio_volume *v, uint64_t generation,
			    struct liteio_json *spec)
{
	struct liteio_fence_gen one = { .generation = generation };
	struct liteio_json *list = fence_gens_without(v, generation);

	liteio_json_append(list, liteio_json_encode(&one, liteio_fence_gen_fields));
	liteio_json_set(spec, "fenceGenerations", list);
	if (generation >= v->spec.next_generation)
		liteio_json_set_int(spec, "nextGeneration", (int64_t)generation + 1);
}

static void patch_give(const struct liteio_volume *v, const struct liteio_attach_step *step,
		       struct liteio_json *spec)
{
	struct liteio_grant grant = { .generation = step->generation,
				      .node = (char *)step->node,
				      .host_nqn = (char *)step->host_nqn,
				      .read_only = step->read_only };
	struct liteio_json *list = grants_without(v, step->generation);

	liteio_json_append(list, liteio_json_encode(&grant, liteio_grant_fields));
	liteio_json_set(spec, "grants", list);
	liteio_json_set_int(spec, "nextGeneration", (int64_t)step->generation + 1);
}

struct liteio_json *liteio_attach_patch(const struct liteio_volume *v,
					const struct liteio_attach_step *step)
{
	struct liteio_json *patch = liteio_meta_patch(&v->meta);
	struct liteio_json *spec = liteio_json_new_object();

	switch (step->kind) {
	case LITEIO_ATTACH_RAISE:
	case LITEIO_ATTACH_FENCE_BELOW:
		patch_floor(v, step->generation, spec);
		break;
	case LITEIO_ATTACH_DROP:
		liteio_json_set(spec, "grants", grants_without(v, step->generation));
		liteio_json_set(spec, "fenceGenerations", fence_gens_without(v, step->generation));
		break;
	case LITEIO_ATTACH_FENCE_ONE:
		patch_fence_one(v, step->generation, spec);
		break;
	case LITEIO_ATTACH_CLEAN:
		liteio_json_set(spec, "fenceGenerations", fence_gens_without(v, step->generation));
		break;
	case LITEIO_ATTACH_GIVE:
		patch_give(v, step, spec);
		break;
	case LITEIO_ATTACH_NOTHING:
		break;
	}
	liteio_json_set(patch, "spec", spec);
	return patch;
}
