// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floors, ended generations and limits of a pool into the module's registry, which is empty after a
 * boot, and has them all when only the agent was restarted. And the other way round: what the
 * kernel alone was told of them while no open pool had the volume.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/gate.h"
#include "agent/limits.h"
#include "agent/pools.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/uuid.h"
#include "host/netlink.h"
#include "model/limits.h"
#include "pool/grant.h"

/**
 * struct registry - the module's, as it was before the floors of a pool were told
 * @volumes: sorted by uuid
 * @n: how many
 */
struct registry {
	struct liteio_netlink_volume *volumes;
	size_t n;
};

static int compare_uuid(const void *a, const void *b)
{
	const struct liteio_netlink_volume *x = a, *y = b;

	return memcmp(x->uuid.b, y->uuid.b, sizeof(x->uuid.b));
}

/* one that can not be read is taken for empty: all is told then */
static void registry_read(struct liteio_netlink *nl, struct registry *ret)
{
	if (liteio_netlink_vol_list(nl, &ret->volumes, &ret->n, NULL))
		*ret = (struct registry){ 0 };
	if (ret->n)
		qsort(ret->volumes, ret->n, sizeof(*ret->volumes), compare_uuid);
}

static const struct liteio_netlink_volume *find(const struct registry *r,
						const struct liteio_uuid *uuid)
{
	const struct liteio_netlink_volume key = { .uuid = *uuid };

	return r->n ? bsearch(&key, r->volumes, r->n, sizeof(key), compare_uuid) : NULL;
}

/* floors only grow, so one that was there is not less by now */
static bool is_told(const struct registry *r, const struct liteio_catalog_volume *v)
{
	const struct liteio_netlink_volume *there = find(r, &v->uuid);

	return there && there->floor >= v->floor && !strcmp(there->name, v->name);
}

static int floors_of_volume(struct liteio_netlink *nl, struct liteio_open_pool *p,
			    const struct registry *registry,
			    const struct liteio_catalog_volume *v, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	struct liteio_netlink_fence fence;
	size_t i, n = 0;
	int r = 0;

	if (!is_told(registry, v))
		r = liteio_gate_volume(nl, &v->uuid, v->name, v->floor, err);
	liteio_pool_attachment_list(p->engine, &v->uuid, &atts, &n);
	for (i = 0; r == 0 && i < n; i++)
		if (atts[i].state == LITEIO_CATALOG_ATT_FENCED)
			r = liteio_netlink_fence(nl, &v->uuid, 0, atts[i].generation, 0, &fence,
						 err);
	return r;
}

/*
 * Not worth to end anything for: an attachment tries again. One that had none, and has none, is not
 * told so: whoever limits it meanwhile tells the kernel.
 */
static void limits_of_volume(struct liteio_netlink *nl, struct liteio_open_pool *p,
			     const struct registry *registry,
			     const struct liteio_catalog_volume *v)
{
	const struct liteio_netlink_volume *there = find(registry, &v->uuid);
	const struct liteio_limits wanted = liteio_limits_of_catalog(&v->limits);
	struct liteio_limits held = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	if (there)
		held = liteio_limits_of_kernel(there);
	if (!liteio_limits_any(&wanted) && !liteio_limits_any(&held))
		return;
	r = liteio_limits_hold(nl, p, &v->uuid, &err);
	if (r)
		log_warning(NULL, "volume %s: its limits do not hold: %s", v->name,
			    liteio_error_str(&err, r));
}

/* ---- what only the kernel was told ---------------------------------------------------------- */

/* as long as a fence waits for it: all of them together, however many the volumes are */
#define WRITTEN_MS 20000

/**
 * struct end - what has ended: below @floor, or exactly @generation
 * @at: which one of the catalog's volumes
 * @volume: its uuid
 * @floor: or 0
 * @generation: else
 * @result: what came of it
 * @err: why it is not written
 */
struct end {
	size_t at;
	struct liteio_uuid volume;
	uint64_t floor;
	uint64_t generation;
	int result;
	struct liteio_error err;
};

/* plain bytes: they go to another thread and come back */
struct ends {
	size_t n;
	struct end items[];
};

static void ends_add(struct ends **all, const struct end *e)
{
	size_t n = *all ? (*all)->n : 0;

	*all = liteio_realloc(*all, 1, sizeof(**all) + (n + 1) * sizeof(*e));
	(*all)->items[n] = *e;
	(*all)->items[n].err = (struct liteio_error)LITEIO_ERROR_INIT;
	(*all)->n = n + 1;
}

/* in the lane: with one change of the catalog */
static int write_ends(struct liteio_pool *engine, void *data, struct liteio_error *err)
{
	struct ends *all = data;
	_cleanup_free_ struct liteio_pool_ending *endings =
		liteio_calloc(all->n, sizeof(*endings));

	for (size_t i = 0; i < all->n; i++)
		endings[i] = (struct liteio_pool_ending){
			.volume = all->items[i].volume,
			.floor = all->items[i].floor,
			.generation = all->items[i].generation,
			.err = &all->items[i].err,
		};
	liteio_pool_end_all(engine, endings, all->n);
	for (size_t i = 0; i < all->n; i++)
		all->items[i].result = endings[i].result;
	return 0;
}

static void say_written(const struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			const struct end *e)
{
	if (e->result)
		log_err(NULL, "volume %s: what only the kernel knows has ended is not written down: %s",
			v->name, liteio_error_str(&e->err, e->result));
	else
		log_warning(NULL,
			    "volume %s was fenced while pool %s was not open: that %s %" PRIu64
			    " has ended is written down now",
			    v->name, p->name, e->floor ? "all below" : "generation",
			    e->floor ? e->floor : e->generation);
}

static size_t count_fenced(const struct liteio_catalog_attachment *atts, size_t n, uint64_t floor)
{
	size_t n_fenced = 0;

	for (size_t i = 0; i < n; i++)
		n_fenced += atts[i].state == LITEIO_CATALOG_ATT_FENCED &&
			    atts[i].generation >= floor;
	return n_fenced;
}

/* one that has no attachment in the kernel it says only the number of, and lets nobody in */
static void add_generations(struct liteio_netlink *nl, struct liteio_open_pool *p, size_t at,
			    const struct liteio_netlink_volume *reg, struct ends **all)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	_cleanup_free_ struct liteio_netlink_att *there = NULL;
	size_t n = 0, n_there = 0;

	liteio_pool_attachment_list(p->engine, &reg->uuid, &atts, &n);
	if (reg->barred <= count_fenced(atts, n, reg->floor) ||
	    liteio_netlink_att_list(nl, &reg->uuid, &there, &n_there, NULL))
		return;
	for (size_t i = 0; i < n_there; i++) {
		const struct end end = { .at = at,
					 .volume = reg->uuid,
					 .generation = there[i].generation };
		bool is_fenced = there[i].state == LITEIO_ATT_DRAINING ||
				 there[i].state == LITEIO_ATT_FENCED;

		/* what is below the floor ends with that */
		if (is_fenced && there[i].generation >= reg->floor &&
		    liteio_pool_attachment_is_live(p->engine, &reg->uuid, there[i].generation))
			ends_add(all, &end);
	}
}

/*
 * What can not be written stays as it was when whoever fenced was told so: the next time may do. A
 * disk that takes no catalog is waited for once
 */
static void take_over_all(struct liteio_netlink *nl, struct liteio_open_pool *p,
			  const struct registry *registry, const struct liteio_catalog_volume *v,
			  size_t n)
{
	_cleanup_free_ struct ends *all = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	for (size_t i = 0; i < n; i++) {
		const struct liteio_netlink_volume *there = find(registry, &v[i].uuid);

		if (!there || v[i].kind != LITEIO_CATALOG_VOLUME ||
		    v[i].state != LITEIO_CATALOG_READY)
			continue;
		if (there->floor > v[i].floor) {
			const struct end end = { .at = i,
						 .volume = v[i].uuid,
						 .floor = there->floor };

			ends_add(&all, &end);
		}
		if (there->barred)
			add_generations(nl, p, i, there, &all);
	}
	if (!all)
		return;
	r = liteio_pools_do_for(p, LITEIO_LANE_FENCE, write_ends, all,
				sizeof(*all) + all->n * sizeof(all->items[0]), WRITTEN_MS, &err);
	if (r)
		log_err(NULL,
			"pool %s: what only the kernel knows has ended is not written down (%zu): %s",
			p->name, all->n, liteio_error_str(&err, r));
	for (size_t i = 0; !r && i < all->n; i++)
		say_written(p, &v[all->items[i].at], &all->items[i]);
}

/* ---- both ways ------------------------------------------------------------------------------ */

int liteio_restore_floors(struct liteio_agent *a, struct liteio_open_pool *p,
			  struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	_cleanup_free_ struct liteio_catalog_volume *v = NULL;
	struct registry registry = { 0 };
	size_t i, n = 0;
	int r;

	r = liteio_gate_open(&nl, err);
	if (r || !nl)
		return r;
	registry_read(nl, &registry);
	/* after the registry: what is changed in the catalog meanwhile is told by who does it */
	liteio_pool_volume_list(p->engine, &v, &n);
	take_over_all(nl, p, &registry, v, n);
	for (i = 0; r == 0 && i < n; i++)
		if (v[i].kind == LITEIO_CATALOG_VOLUME && v[i].state == LITEIO_CATALOG_READY)
			r = floors_of_volume(nl, p, &registry, &v[i], err);
	for (i = 0; r == 0 && i < n; i++)
		if (v[i].kind == LITEIO_CATALOG_VOLUME && v[i].state == LITEIO_CATALOG_READY)
			limits_of_volume(nl, p, &registry, &v[i]);
	free(registry.volumes);
	return r;
}

void liteio_restore_put_back(struct liteio_agent *a, struct liteio_open_pool *p)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	/* in this order: who fences looks for it once more when the kernel has been told */
	liteio_pools_put_back(a->pools, p);
	r = liteio_restore_floors(a, p, &err);
	if (r)
		log_err(NULL, "pool %s: floors are not in the kernel: %s", p->name,
			liteio_error_str(&err, r));
}
