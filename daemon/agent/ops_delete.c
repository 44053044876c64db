// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deleting volumes and snapshots: gone for everybody in one write, then their space comes back in
 * slices.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/exports.h"
#include "agent/gate.h"
#include "agent/limits.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/volume_info.h"
#include "agent/walk.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/headway.h"
#include "base/log.h"
#include "base/str.h"
#include "pool/step.h"

/* in the catalog */
static int mark(struct liteio_target *t, enum liteio_catalog_wipe wipe, struct liteio_error *err)
{
	struct liteio_pool *engine = t->pool->engine;
	LITEIO_LANE(lane);
	int r;

	r = liteio_lane_enter(t->pool, LITEIO_LANE_CHANGE, &lane, err);
	if (r)
		return r;
	if (wipe != LITEIO_CATALOG_WIPE_NONE && t->volume.state == LITEIO_CATALOG_READY) {
		/* what is said of its blocks is not taken back: not of one that stays */
		r = liteio_pool_volume_check_delete(engine, &t->volume.uuid, err);
		if (!r)
			r = liteio_pool_volume_wipe(engine, &t->volume.uuid, wipe, err);
	}
	return r ? r : liteio_pool_volume_delete(engine, &t->volume.uuid, err);
}

/* as it is by now: somebody may have fenced it meanwhile */
static void put_back(struct liteio_target *t)
{
	if (!liteio_pool_volume_get(t->pool->engine, &t->volume.uuid, &t->volume) &&
	    t->volume.state == LITEIO_CATALOG_READY)
		(void)liteio_limits_enforce(t, NULL);
}

/* a fence has closed its gates meanwhile, and the module may know it again: see ops_export.c */
static void forget_again(const struct liteio_target *t)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	if (!liteio_locks_is_noted(t->lock))
		return;
	r = liteio_gate_forget_gone(&t->volume.uuid, &err);
	if (r)
		log_warning(NULL, "volume %s is gone, and in the module still: %s", t->volume.name,
			    liteio_error_str(&err, r));
}

/*
 * The module forgets it first: one that is gone may be gone from the catalog, too, and nobody would
 * know of it. When an agent is killed in between, the next one tells the module of its floor. Of
 * snapshots it has never heard
 */
static int forget_and_mark(struct liteio_target *t, enum liteio_catalog_wipe wipe,
			   struct liteio_error *err)
{
	bool is_volume = t->volume.kind == LITEIO_CATALOG_VOLUME;
	int r = 0;

	/* remains of ended generations would hold the thin device open */
	if (is_volume)
		r = liteio_export_forget(t->pool, &t->volume, err);
	if (!r) {
		liteio_step("agent-delete:forgotten");
		r = mark(t, wipe, err);
	}
	/* it may be forgotten also when what it has left could not be looked for, or taken away */
	if (is_volume && r)
		put_back(t);
	else if (is_volume)
		forget_again(t);
	return r;
}

/* one that was never used is gone with its record: nobody else comes to say that all is free */
static void free_later(struct liteio_agent *a, struct liteio_open_pool *p)
{
	struct liteio_pool_info info;

	liteio_pool_info(p->engine, &info);
	if (info.n_deleting)
		liteio_pools_reclaim_later(a, p);
	else
		liteio_pools_reclaimed(a, p);
}

static int delete_target(struct liteio_agent *a, struct liteio_target *t,
			 const struct liteio_local_delete *req, struct liteio_local_deleted *ret,
			 struct liteio_error *err)
{
	int r;

	liteio_headway_place(t->pool->name);
	r = forget_and_mark(t, (enum liteio_catalog_wipe)req->wipe, err);
	if (r)
		return r;
	liteio_events_say(a,
			  t->volume.kind == LITEIO_CATALOG_VOLUME ?
				  LITEIO_LOCAL_EVENT_VOLUME_REMOVED :
				  LITEIO_LOCAL_EVENT_SNAPSHOT_REMOVED,
			  t->volume.name, &t->volume.uuid, t->pool->name, NULL);
	liteio_headway_settled();
	liteio_step("agent-delete:marked");
	ret->deleted = true;
	if (req->wait == LITEIO_LOCAL_WAIT) {
		/* it may be gone with all it had */
		if (!liteio_pool_volume_get(t->pool->engine, &t->volume.uuid, &t->volume))
			r = liteio_pools_reclaim(t->pool, &t->volume.uuid, err);
		if (r == 0)
			liteio_pools_reclaimed(a, t->pool);
		return r;
	}
	ret->uuid = t->volume.uuid;
	free_later(a, t->pool);
	return 0;
}

static int deleted_one(void *arg, struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
		       struct liteio_error *err)
{
	struct liteio_catalog_volume *ret = arg;

	if (v->state == LITEIO_CATALOG_DELETING && !strcmp(v->name, ret->name))
		*ret = *v;
	return 0;
}

/* it was deleted by somebody else, or before the agent was started: its space is waited for, too */
static int wait_for_space(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
			  struct liteio_local_deleted *ret, struct liteio_error *err)
{
	struct liteio_catalog_volume v = { 0 };
	LITEIO_TARGET(t);
	int r;

	snprintf(v.name, sizeof(v.name), "%s", name);
	r = liteio_walk(a->pools, kind, deleted_one, &v, err);
	/* or it was meant by its uuid */
	if (!r && liteio_uuid_is_null(&v.uuid))
		(void)liteio_uuid_parse(name, &v.uuid);
	if (r || liteio_uuid_is_null(&v.uuid))
		return r;
	r = liteio_target_find_uuid(a, &v.uuid, &t, err);
	if (r || t.volume.state != LITEIO_CATALOG_DELETING)
		return r == -ENOENT ? 0 : r;
	liteio_headway_place(t.pool->name);
	liteio_headway_settled();
	ret->deleted = true;
	return liteio_pools_reclaim(t.pool, &v.uuid, err);
}

static int delete_named(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
			const struct liteio_local_delete *req, struct liteio_local_deleted *ret,
			struct liteio_error *err)
{
	LITEIO_TARGET(t);
	int r;

	r = liteio_target_open(a, kind, name, &t, err);
	if (r == -ENOENT)
		return req->wait == LITEIO_LOCAL_WAIT ? wait_for_space(a, kind, name, ret, err) : 0;
	if (r)
		return r;
	r = delete_target(a, &t, req, ret, err);
	if (r == 0)
		log_info(NULL, "%s is deleted", name);
	return r;
}

int liteio_op_volume_delete(struct liteio_agent *a, const char *volume,
			    const struct liteio_local_delete *req,
			    struct liteio_local_deleted *ret, struct liteio_error *err)
{
	int r = delete_named(a, LITEIO_CATALOG_VOLUME, volume, req, ret, err);

	return r < 0 ? liteio_error_wrap(err, r, "delete volume %s", volume) : 0;
}

int liteio_op_snapshot_delete(struct liteio_agent *a, const char *snapshot,
			      const struct liteio_local_delete *req,
			      struct liteio_local_deleted *ret, struct liteio_error *err)
{
	int r = delete_named(a, LITEIO_CATALOG_SNAPSHOT, snapshot, req, ret, err);

	return r < 0 ? liteio_error_wrap(err, r, "delete snapshot %s", snapshot) : 0;
}

/* ---- what is on its way out ---- */

static void fill(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
		 struct liteio_local_deletion *ret)
{
	ret->uuid = v->uuid;
	ret->name = liteio_strdup(v->name);
	ret->kind = liteio_strdup(v->kind == LITEIO_CATALOG_SNAPSHOT ? "snapshot" : "volume");
	ret->pool = liteio_strdup(p->name);
	ret->wipe = (int)v->wipe;
	(void)liteio_volume_info_allocated(p, v, true, &ret->left_bytes);
}

static void list_pool(struct liteio_open_pool *p, struct liteio_local_deletion_list *ret)
{
	_cleanup_free_ struct liteio_catalog_volume *v = NULL;
	size_t n = 0;

	liteio_pool_volume_list(p->engine, &v, &n);
	for (size_t i = 0; i < n; i++) {
		if (v[i].state != LITEIO_CATALOG_DELETING)
			continue;
		ret->items = liteio_realloc(ret->items, ret->n_items + 1, sizeof(*ret->items));
		memset(&ret->items[ret->n_items], 0, sizeof(*ret->items));
		fill(p, &v[i], &ret->items[ret->n_items++]);
	}
}

int liteio_op_deletion_list(struct liteio_agent *a, struct liteio_local_deletion_list *ret,
			    struct liteio_error *err)
{
	struct liteio_open_pool **all;
	size_t n;

	liteio_pools_all(a->pools, &all, &n);
	for (size_t i = 0; i < n; i++)
		list_pool(all[i], ret);
	liteio_pools_put_all(a->pools, all, n);
	return 0;
}

int liteio_op_deletion_show(struct liteio_agent *a, const char *volume,
			    struct liteio_local_volume *ret, struct liteio_error *err)
{
	struct liteio_catalog_volume v = { 0 };
	LITEIO_TARGET(t);
	int r;

	snprintf(v.name, sizeof(v.name), "%s", volume);
	r = liteio_walk(a->pools, LITEIO_CATALOG_VOLUME, deleted_one, &v, err);
	if (r == 0)
		r = liteio_target_find_uuid(a, &v.uuid, &t, err);
	if (r == -ENOENT)
		return liteio_error_set(err, r, "volume %s: no such volume on this node", volume);
	if (r)
		return r;
	liteio_volume_info_fill(t.pool, &t.volume, ret);
	return 0;
}
