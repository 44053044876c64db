// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One point in time of several volumes of this node.
 *
 * Locks: the names of the snapshots in their order, then the volumes in the order of their uuids;
 * whoever else takes several does it in the same order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/stillness.h"
#include "agent/volume_info.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

/**
 * struct item - one snapshot of the group
 * @req: what was asked for
 * @name_lock: nobody else makes a snapshot of this name
 * @volume: what, open
 * @uuid: of the snapshot
 */
struct item {
	const struct liteio_local_snapshot_create *req;
	struct liteio_named_lock *name_lock;
	struct liteio_target volume;
	struct liteio_uuid uuid;
};

struct group {
	struct item *items;
	size_t n;
};

static void group_fini(struct group *g)
{
	for (size_t i = g->n; i > 0; i--) {
		liteio_target_fini(&g->items[i - 1].volume);
		liteio_locks_give(g->items[i - 1].name_lock);
	}
	free(g->items);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->req->name, ((const struct item *)b)->req->name);
}

static int by_volume(const void *a, const void *b)
{
	return memcmp(((const struct item *)a)->uuid.b, ((const struct item *)b)->uuid.b, 16);
}

/* only names: nothing has been looked up yet */
static int check(const struct liteio_local_snapshot_group *req, struct liteio_error *err)
{
	for (size_t i = 0; i < req->n_snapshots; i++) {
		const struct liteio_local_snapshot_create *s = &req->snapshots[i];
		int r = liteio_name_check("snapshot", s->name, err);

		if (r)
			return r;
		if (!s->volume || s->snapshot)
			return liteio_error_set(err, -EINVAL,
						"snapshot %s of a group needs a volume", s->name);
		for (size_t k = 0; k < i; k++) {
			if (!strcmp(s->name, req->snapshots[k].name))
				return liteio_error_set(err, -EINVAL, "snapshot %s is there twice",
							s->name);
			if (!strcmp(s->volume, req->snapshots[k].volume))
				return liteio_error_set(err, -EINVAL, "volume %s is there twice",
							s->volume);
		}
	}
	if (!req->n_snapshots)
		return liteio_error_set(err, -EINVAL, "a group has at least one snapshot");
	return 0;
}

static void take_names(struct liteio_agent *a, const struct liteio_local_snapshot_group *req,
		       struct group *g)
{
	g->items = liteio_calloc(req->n_snapshots, sizeof(*g->items));
	g->n = req->n_snapshots;
	for (size_t i = 0; i < g->n; i++)
		g->items[i].req = &req->snapshots[i];
	qsort(g->items, g->n, sizeof(*g->items), by_name);
	for (size_t i = 0; i < g->n; i++) {
		_cleanup_free_ char *name = liteio_strf("snapshot:%s", g->items[i].req->name);

		g->items[i].name_lock = liteio_locks_take(a->locks, name);
	}
}

/* the volumes, locked */
static int open_volumes(struct liteio_agent *a, struct group *g, struct liteio_error *err)
{
	int r = 0;

	for (size_t i = 0; i < g->n && !r; i++) {
		LITEIO_TARGET(t);

		r = liteio_target_find(a, LITEIO_CATALOG_VOLUME, g->items[i].req->volume, &t, err);
		if (!r)
			g->items[i].uuid = t.volume.uuid;
	}
	if (r)
		return r;
	qsort(g->items, g->n, sizeof(*g->items), by_volume);
	for (size_t i = 0; i < g->n && !r; i++) {
		struct item *it = &g->items[i];

		r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, it->req->volume, &it->volume, err);
		if (!r && it->volume.volume.state != LITEIO_CATALOG_READY)
			r = liteio_error_set(err, -EBUSY, "volume %s is not ready",
					     it->req->volume);
		if (!r && it->volume.pool != g->items[0].volume.pool)
			r = liteio_error_set(err, -EINVAL,
					     "volumes %s and %s are in different pools: a group is of one pool",
					     g->items[0].req->volume, it->req->volume);
	}
	return r;
}

/* the uuid of the snapshot: of the one that is there, that was asked for, or a new one */
static int find_uuid(struct liteio_agent *a, struct item *it, struct liteio_error *err)
{
	const struct liteio_local_snapshot_create *req = it->req;
	LITEIO_TARGET(t);

	it->uuid = req->uuid;
	if (liteio_target_find(a, LITEIO_CATALOG_SNAPSHOT, req->name, &t, NULL) == 0) {
		if (!liteio_uuid_is_null(&req->uuid) &&
		    !liteio_uuid_equal(&req->uuid, &t.volume.uuid))
			return liteio_error_set(err, -EEXIST,
						"snapshot %s exists with another uuid", req->name);
		if (t.pool != it->volume.pool)
			return liteio_error_set(err, -EEXIST, "snapshot %s exists in pool %s",
						req->name, t.pool->name);
		it->uuid = t.volume.uuid;
	} else if (!liteio_uuid_is_null(&req->uuid) &&
		   liteio_target_find_uuid(a, &req->uuid, &t, NULL) == 0) {
		return liteio_error_set(err, -EEXIST, "uuid: it belongs to %s in pool %s",
					t.volume.name, t.pool->name);
	}
	if (liteio_uuid_is_null(&it->uuid))
		liteio_uuid_ordered(&it->uuid);
	return 0;
}

static int take(struct liteio_agent *a, struct group *g, struct liteio_error *err)
{
	struct liteio_stillness s _cleanup_(liteio_stillness_fini) = { 0 };
	_cleanup_free_ struct liteio_pool_member *m = liteio_calloc(g->n, sizeof(*m));
	_cleanup_free_ struct liteio_uuid *volumes = liteio_calloc(g->n, sizeof(*volumes));
	struct liteio_open_pool *p = g->items[0].volume.pool;
	struct liteio_quiesce q;
	int r = 0;

	for (size_t i = 0; i < g->n && !r; i++) {
		struct item *it = &g->items[i];

		r = find_uuid(a, it, err);
		volumes[i] = it->volume.volume.uuid;
		m[i] = (struct liteio_pool_member){ it->uuid, it->req->name, volumes[i] };
	}
	if (!r)
		r = liteio_stillness_find(&s, p, volumes, g->n, err);
	if (r)
		return r;
	q = liteio_stillness_quiesce(&s);
	LITEIO_LANE(lane);

	r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);
	if (r)
		return r;
	r = liteio_pool_snapshot_group(p->engine, m, g->n, NULL, &q, err);
	for (size_t i = 0; i < g->n && !r; i++)
		liteio_events_say(a, LITEIO_LOCAL_EVENT_SNAPSHOT_CREATED, m[i].name, &m[i].uuid,
				  p->name, NULL);
	return r;
}

int liteio_op_snapshot_group(struct liteio_agent *a, const struct liteio_local_snapshot_group *req,
			     struct liteio_local_snapshot_list *ret, struct liteio_error *err)
{
	struct group g _cleanup_(group_fini) = { 0 };
	struct liteio_open_pool *p;
	int r;

	r = check(req, err);
	if (r)
		return liteio_error_wrap(err, r, "snapshot group");
	take_names(a, req, &g);
	r = open_volumes(a, &g, err);
	if (!r)
		r = take(a, &g, err);
	if (r)
		return liteio_error_wrap(err, r, "snapshot group");
	p = g.items[0].volume.pool;
	log_info(NULL, "pool %s: a group of %zu snapshots is there", p->name, g.n);
	/* in the order of the request */
	ret->items = liteio_calloc(g.n, sizeof(*ret->items));
	for (size_t i = 0; i < g.n; i++) {
		struct liteio_catalog_volume v;

		if (liteio_pool_volume_find(p->engine, LITEIO_CATALOG_SNAPSHOT,
					    req->snapshots[i].name, &v) == 0)
			liteio_snapshot_info_fill(p, &v, &ret->items[ret->n_items++]);
	}
	return 0;
}
