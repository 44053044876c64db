// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plans for fences: what to ask of the node next, and what may be said after its answer.
 */
#include <string.h>

#include "agent/cluster_plan.h"
#include "base/str.h"

static bool listed(const struct liteio_fence_gen *list, size_t n, uint64_t generation)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i].generation == generation)
			return true;
	return false;
}

bool liteio_plan_fence(const struct liteio_volume *v, uint64_t catalog_floor,
		       const struct liteio_volume_observed *done, struct liteio_plan_fence *ret)
{
	uint64_t floor = v->spec.fence_below > catalog_floor ? v->spec.fence_below : catalog_floor;
	size_t i;

	/* generations begin with 1: a floor of 1 fences nothing */
	if (floor > 1 && floor > done->fenced_below) {
		*ret = (struct liteio_plan_fence){ .floor = floor };
		return true;
	}
	for (i = 0; i < v->spec.n_fence_gens; i++) {
		uint64_t generation = v->spec.fence_gens[i].generation;

		/* what the floor has ended needs no fence of its own, but is asked for by name */
		if (listed(done->fenced_gens, done->n_fenced_gens, generation))
			continue;
		*ret = (struct liteio_plan_fence){ .generation = generation };
		return true;
	}
	return false;
}

void liteio_plan_fence_start(const struct liteio_volume *v, struct liteio_volume_observed *ret)
{
	const struct liteio_volume_observed *old = &v->status.node;
	struct liteio_json *copy = liteio_json_encode(old, liteio_volume_observed_fields);
	size_t i, n = 0;

	*ret = (struct liteio_volume_observed){ 0 };
	liteio_json_decode(copy, liteio_volume_observed_fields, 0, ret, NULL);
	liteio_json_unref(copy);
	for (i = 0; i < ret->n_fenced_gens; i++)
		if (listed(v->spec.fence_gens, v->spec.n_fence_gens,
			   ret->fenced_gens[i].generation))
			ret->fenced_gens[n++] = ret->fenced_gens[i];
	ret->n_fenced_gens = n;
}

bool liteio_plan_fence_done(const struct liteio_plan_fence *f,
			    const struct liteio_local_fenced *answer,
			    struct liteio_volume_observed *done)
{
	size_t i;

	if (!answer->drained || (f->floor && answer->floor < f->floor))
		return false;
	if (f->floor) {
		done->fenced_below = f->floor;
	} else {
		done->fenced_gens = liteio_realloc(done->fenced_gens, done->n_fenced_gens + 1,
						   sizeof(*done->fenced_gens));
		done->fenced_gens[done->n_fenced_gens++].generation = f->generation;
	}
	for (i = 0; i < done->n_exports; i++)
		if (done->exports[i].generation < f->floor ||
		    done->exports[i].generation == f->generation)
			done->exports[i].ready = false;
	return true;
}
