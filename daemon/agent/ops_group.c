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
#include "agent/moment.h"
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
 * @uuid_lock: nor gives this uuid to anything
 * @volume: what, open
 * @uuid: of the snapshot
 */
struct item {
	const struct liteio_local_snapshot_create *req;
	struct liteio_named_lock *name_lock;
	struct liteio_named_lock *uuid_lock;
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
		liteio_locks_give(g->items[i - 1].uuid_lock);
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
			if (!liteio_uuid_is_null(&s->uuid) &&
			    liteio_uuid_equal(&s->uuid, &req->snapshots[k].uuid))
				return liteio_error_set(err, -EINVAL,
							"snapshots %s and %s have one uuid",
							req->snapshots[k].name, s->name);
		}
	}
	if (!req->n_snapshots)
		return liteio_error_set(err, -EINVAL, "a group has at least one snapshot");
	return 0;
}

static int take_names(struct liteio_agent *a, const struct liteio_local_snapshot_group *req,
		      struct group *g, struct liteio_error *err)
{
	uint64_t until_ms = liteio_name_until();
	int r = 0;

	g->items = liteio_calloc(req->n_snapshots, sizeof(*g->items));
	g->n = req->n_snapshots;
	for (size_t i = 0; i < g->n; i++)
		g->items[i].req = &req->snapshots[i];
	qsort(g->items, g->n, sizeof(*g->items), by_name);
	for (size_t i = 0; i < g->n && !r; i++)
		r = liteio_name_take(a, LITEIO_CATALOG_SNAPSHOT, g->items[i].req->name, until_ms,
				     &g->items[i].name_lock, err);
	return r;
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
	/* by its name and by its uuid it is one: nobody waits for what he has locked */
	for (size_t i = 1; i < g->n; i++) {
		if (liteio_uuid_equal(&g->items[i - 1].uuid, &g->items[i].uuid))
			return liteio_error_set(err, -EINVAL, "volume %s is named twice",
						g->items[i].req->volume);
	}
	/* these, in this order, whatever they are called by now */
	for (size_t i = 0; i < g->n && !r; i++) {
		struct item *it = &g->items[i];
		char uuid[LITEIO_UUID_STRLEN + 1];

		liteio_uuid_format(&it->uuid, uuid);
		r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, uuid, &it->volume, err);
		if (r == -ENOENT)
			r = liteio_error_set(err, r, "volume %s has just gone", it->req->volume);
		if (!r && it->volume.volume.state != LITEIO_CATALOG_READY)
			r = liteio_error_set(err, -EBUSY, "volume %s is not ready",
					     it->req->volume);
	}
	return r;
}

/* the uuid of the snapshot: of the one that is there, that was asked for, or a new one */
static int find_uuid(struct liteio_agent *a, struct item *it, struct liteio_error *err)
{
	const struct liteio_local_snapshot_create *req = it->req;
	LITEIO_TARGET(t);
	int r;

	it->uuid = req->uuid;
	r = liteio_target_find_name(a, LITEIO_CATALOG_SNAPSHOT, req->name, &t, err);
	if (r && r != -ENOENT)
		return r;
	if (!r) {
		if (!liteio_uuid_is_null(&req->uuid) &&
		    !liteio_uuid_equal(&req->uuid, &t.volume.uuid))
			return liteio_error_set(err, -EEXIST,
						"snapshot %s exists with another uuid", req->name);
		if (t.pool != it->volume.pool)
			return liteio_error_set(err, -EEXIST, "snapshot %s exists in pool %s",
						req->name, t.pool->name);
		it->uuid = t.volume.uuid;
	} else {
		r = liteio_uuid_take(a, &req->uuid, &it->uuid_lock, err);
		if (r)
			return r;
	}
	if (liteio_uuid_is_null(&it->uuid))
		liteio_uuid_ordered(&it->uuid);
	return 0;
}

/* one pool, one class: one transaction */
static int take_together(struct liteio_open_pool *p, const struct liteio_pool_member *m, size_t n,
			 struct liteio_error *err)
{
	struct liteio_stillness s _cleanup_(liteio_stillness_fini) = { 0 };
	_cleanup_free_ struct liteio_uuid *volumes = liteio_calloc(n, sizeof(*volumes));
	struct liteio_quiesce q;
	int r;

	for (size_t i = 0; i < n; i++)
		volumes[i] = m[i].volume;
	r = liteio_stillness_find(&s, p, volumes, n, true, err);
	if (r)
		return r;
	q = liteio_stillness_quiesce(&s);
	LITEIO_LANE(lane);

	r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);
	return r ? r : liteio_pool_snapshot_group(p->engine, m, n, NULL, &q, err);
}

static int by_pool(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return memcmp(x->volume.pool->uuid.b, y->volume.pool->uuid.b, sizeof(x->uuid.b));
}

/* the items of each pool, which stand beside each other */
static size_t part_pools(const struct group *g, const struct liteio_pool_member *m,
			 struct liteio_moment_part *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		if (!n || ret[n - 1].pool != g->items[i].volume.pool)
			ret[n++] = (struct liteio_moment_part){ g->items[i].volume.pool, &m[i], 0 };
		ret[n - 1].n++;
	}
	return n;
}

static bool is_one_class(const struct group *g)
{
	for (size_t i = 1; i < g->n; i++)
		if (g->items[i].volume.volume.vclass != g->items[0].volume.volume.vclass)
			return false;
	return true;
}

static int take(struct liteio_agent *a, struct group *g, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_moment_part *parts = liteio_calloc(g->n, sizeof(*parts));
	_cleanup_free_ struct liteio_pool_member *m = liteio_calloc(g->n, sizeof(*m));
	size_t n;
	int r = 0;

	qsort(g->items, g->n, sizeof(*g->items), by_pool);
	for (size_t i = 0; i < g->n && !r; i++) {
		struct item *it = &g->items[i];

		r = find_uuid(a, it, err);
		m[i] = (struct liteio_pool_member){ it->uuid, it->req->name,
						    it->volume.volume.uuid };
	}
	if (r)
		return r;
	n = part_pools(g, m, parts);
	if (n == 1 && is_one_class(g))
		r = take_together(parts[0].pool, m, g->n, err);
	else
		r = liteio_moment_take(a, parts, n, err);
	for (size_t i = 0; i < g->n && !r; i++)
		liteio_events_say(a, LITEIO_LOCAL_EVENT_SNAPSHOT_CREATED, m[i].name, &m[i].uuid,
				  g->items[i].volume.pool->name, NULL);
	return r;
}

int liteio_op_snapshot_group(struct liteio_agent *a, const struct liteio_local_snapshot_group *req,
			     struct liteio_local_snapshot_list *ret, struct liteio_error *err)
{
	struct group g _cleanup_(group_fini) = { 0 };
	int r;

	r = check(req, err);
	if (r)
		return liteio_error_wrap(err, r, "snapshot group");
	r = take_names(a, req, &g, err);
	if (!r)
		r = open_volumes(a, &g, err);
	if (!r)
		r = take(a, &g, err);
	if (r)
		return liteio_error_wrap(err, r, "snapshot group");
	log_info(NULL, "a group of %zu snapshots is there", g.n);
	/* in the order of the request */
	ret->items = liteio_calloc(g.n, sizeof(*ret->items));
	for (size_t i = 0; i < g.n; i++) {
		LITEIO_TARGET(t);

		if (liteio_target_find_name(a, LITEIO_CATALOG_SNAPSHOT, req->snapshots[i].name, &t,
					    NULL) == 0)
			liteio_snapshot_info_fill(t.pool, &t.volume, &ret->items[ret->n_items++]);
	}
	return 0;
}
