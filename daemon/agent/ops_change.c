// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on volumes that are there: roll back, rename, clone.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/exports.h"
#include "agent/gate.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/stillness.h"
#include "agent/volume_info.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "host/head.h"
#include "host/netlink.h"
#include "pool/step.h"

/* ---- roll back ---- */

static int rollback(struct liteio_target *t, const struct liteio_uuid *snapshot,
		    struct liteio_error *err)
{
	int r;

	/* remains of ended generations would hold the thin device open */
	r = liteio_export_sweep(t->pool, &t->volume, 0, err);
	if (r)
		return r;
	liteio_step("agent-rollback:swept");
	LITEIO_LANE(lane);

	r = liteio_lane_enter(t->pool, LITEIO_LANE_CHANGE, &lane, err);
	if (r)
		return r;
	r = liteio_pool_volume_rollback(t->pool->engine, &t->volume.uuid, snapshot, err);
	if (r)
		return r;
	return liteio_pool_volume_get(t->pool->engine, &t->volume.uuid, &t->volume);
}

int liteio_op_volume_rollback(struct liteio_agent *a, const char *volume,
			      const struct liteio_local_rollback *req,
			      struct liteio_local_volume *ret, struct liteio_error *err)
{
	LITEIO_TARGET(t);
	LITEIO_TARGET(s);
	int r;

	r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, volume, &t, err);
	if (r == 0)
		r = liteio_target_find(a, LITEIO_CATALOG_SNAPSHOT, req->snapshot, &s, err);
	if (r == 0 && s.pool != t.pool)
		r = liteio_error_set(err, -EINVAL, "snapshot %s is not one of it", req->snapshot);
	if (r == 0)
		r = rollback(&t, &s.volume.uuid, err);
	if (r)
		return liteio_error_wrap(err, r, "roll back volume %s", volume);
	liteio_step("agent-rollback:done");
	log_info(NULL, "volume %s is rolled back to snapshot %s", volume, req->snapshot);
	liteio_events_say(a, LITEIO_LOCAL_EVENT_VOLUME_MODIFIED, t.volume.name, &t.volume.uuid,
			  t.pool->name, "rolled back");
	liteio_pools_reclaim_later(a, t.pool);
	liteio_volume_info_fill(t.pool, &t.volume, ret);
	return 0;
}

/* ---- rename ---- */

/* the module says it in its messages and statistics */
static int rename_in_kernel(const struct liteio_target *t, const char *name,
			    struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	int r;

	if (t->volume.kind != LITEIO_CATALOG_VOLUME)
		return 0;
	r = liteio_gate_open(&nl, err);
	if (r || !nl)
		return r;
	return liteio_gate_volume(nl, &t->volume.uuid, name, t->volume.floor, err);
}

/* whoever has it open has it still: only the link is another one */
static int rename_link(const struct liteio_target *t, const char *name, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_head_state *heads = NULL;
	size_t i, n = 0;
	int r;

	r = liteio_head_list_of(&t->volume.uuid, &heads, &n, err);
	for (i = 0; r == 0 && i < n; i++)
		if (liteio_uuid_equal(&heads[i].head.uuid, &t->volume.uuid) &&
		    liteio_publish_is(&t->volume.uuid, heads[i].path))
			r = liteio_publish_name(name, heads[i].path, err);
	return r;
}

static int rename_target(struct liteio_agent *a, struct liteio_target *t, const char *name,
			 struct liteio_error *err)
{
	LITEIO_TARGET(other);
	int r;

	r = liteio_target_find_name(a, t->volume.kind, name, &other, err);
	if (r && r != -ENOENT)
		return r;
	if (!r && !liteio_uuid_equal(&other.volume.uuid, &t->volume.uuid))
		return liteio_error_set(err, -EEXIST, "%s exists in pool %s", name,
					other.pool->name);
	{
		LITEIO_LANE(lane);

		r = liteio_lane_enter(t->pool, LITEIO_LANE_CHANGE, &lane, err);
		if (r)
			return r;
		r = liteio_pool_volume_rename(t->pool->engine, &t->volume.uuid, name, err);
	}
	if (r)
		return r;
	liteio_step("agent-rename:catalog");
	r = rename_in_kernel(t, name, err);
	return r ? r : rename_link(t, name, err);
}

/*
 * @ret is the object under its new name, open. Names of a cluster's volumes are those of its
 * objects: there is nothing to rename here. One that is gone, when there is one of the new name,
 * has been renamed by the same request before.
 */
static int rename_named(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *old,
			const char *name, struct liteio_target *ret, struct liteio_error *err)
{
	struct liteio_uuid uuid;
	int r;

	if (a->cluster)
		return liteio_error_set(err, -EBUSY,
					"this node is one of a cluster, whose objects give the names");
	r = liteio_target_open(a, kind, old, ret, err);
	/* whose uuid is not there any more was not renamed, but deleted */
	if (r == -ENOENT && liteio_uuid_parse(old, &uuid) &&
	    liteio_target_open(a, kind, name, ret, NULL) == 0)
		return 0;
	if (r)
		return r;
	r = rename_target(a, ret, name, err);
	if (r)
		return r;
	log_info(NULL, "%s is now called %s", old, name);
	liteio_events_say(a,
			  kind == LITEIO_CATALOG_VOLUME ? LITEIO_LOCAL_EVENT_VOLUME_MODIFIED :
							  LITEIO_LOCAL_EVENT_SNAPSHOT_MODIFIED,
			  name, &ret->volume.uuid, ret->pool->name, "renamed");
	return liteio_pool_volume_get(ret->pool->engine, &ret->volume.uuid, &ret->volume);
}

int liteio_op_volume_rename(struct liteio_agent *a, const char *volume,
			    const struct liteio_local_rename *req, struct liteio_local_volume *ret,
			    struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	LITEIO_TARGET(t);
	int r;

	r = liteio_name_check("volume", req->name, err);
	if (r)
		return r;
	r = liteio_name_take(a, LITEIO_CATALOG_VOLUME, req->name, liteio_name_until(), &lock, err);
	if (!r)
		r = rename_named(a, LITEIO_CATALOG_VOLUME, volume, req->name, &t, err);
	if (r)
		return liteio_error_wrap(err, r, "rename volume %s", volume);
	liteio_volume_info_fill(t.pool, &t.volume, ret);
	return 0;
}

int liteio_op_snapshot_rename(struct liteio_agent *a, const char *snapshot,
			      const struct liteio_local_rename *req,
			      struct liteio_local_snapshot *ret, struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	LITEIO_TARGET(t);
	int r;

	r = liteio_name_check("snapshot", req->name, err);
	if (r)
		return r;
	r = liteio_name_take(a, LITEIO_CATALOG_SNAPSHOT, req->name, liteio_name_until(), &lock,
			     err);
	if (!r)
		r = rename_named(a, LITEIO_CATALOG_SNAPSHOT, snapshot, req->name, &t, err);
	if (r)
		return liteio_error_wrap(err, r, "rename snapshot %s", snapshot);
	liteio_snapshot_info_fill(t.pool, &t.volume, ret);
	return 0;
}

/* ---- clone ---- */

/* a volume of that name is there: is it the one that was asked for? */
static int clone_again(const struct liteio_local_clone *req, const struct liteio_target *there,
		       const struct liteio_target *t, const struct liteio_pool_create *c,
		       struct liteio_error *err)
{
	if (!liteio_uuid_equal(&there->volume.origin, &t->volume.uuid))
		return liteio_error_set(err, -EEXIST, "it exists, from another source");
	if (!liteio_uuid_is_null(&req->uuid) &&
	    !liteio_uuid_equal(&req->uuid, &there->volume.uuid))
		return liteio_error_set(err, -EEXIST, "it exists with another uuid");
	/* the source may have grown since */
	if (req->size_bytes && c->size_bytes != there->volume.size_bytes)
		return liteio_error_set(err, -EEXIST, "it exists with %" PRIu64 " bytes",
					there->volume.size_bytes);
	if (there->volume.wipe < c->wipe)
		return liteio_error_set(err, -EEXIST,
					"it exists, and its blocks will not be wiped like that");
	return 0;
}

static int clone_new(struct liteio_target *t, struct liteio_pool_create *c,
		     struct liteio_error *err)
{
	struct liteio_stillness s _cleanup_(liteio_stillness_fini) = { 0 };
	struct liteio_quiesce q;
	int r;

	r = liteio_stillness_find(&s, t->pool, &t->volume.uuid, 1, false, err);
	if (r)
		return r;
	q = liteio_stillness_quiesce(&s);
	if (liteio_uuid_is_null(&c->uuid))
		liteio_uuid_ordered(&c->uuid);
	LITEIO_LANE(lane);

	r = liteio_lane_enter(t->pool, LITEIO_LANE_CHANGE, &lane, err);
	if (r)
		return r;
	r = liteio_pool_volume_create(t->pool->engine, c, &q, err);
	if (r == 0)
		liteio_events_say(t->agent, LITEIO_LOCAL_EVENT_VOLUME_CREATED, c->name, &c->uuid,
				  t->pool->name, NULL);
	return r;
}

static int clone_named(struct liteio_agent *a, const char *volume,
		       const struct liteio_local_clone *req, struct liteio_error *err)
{
	struct liteio_pool_create c = {
		.uuid = req->uuid,
		.name = req->name,
		.size_bytes = req->size_bytes,
		.wipe = (enum liteio_catalog_wipe)req->wipe,
	};
	struct liteio_named_lock *uuid_lock _liteio_held_ = NULL;
	LITEIO_TARGET(t);
	LITEIO_TARGET(there);
	int r;

	r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, volume, &t, err);
	if (r)
		return r;
	if (t.volume.state != LITEIO_CATALOG_READY)
		return liteio_error_set(err, -EBUSY, "volume %s is not ready", volume);
	if (c.size_bytes == 0)
		c.size_bytes = t.volume.size_bytes;
	r = liteio_volume_size_check(&c.size_bytes, err);
	if (r)
		return r;
	c.source = t.volume.uuid;
	r = liteio_target_find_name(a, LITEIO_CATALOG_VOLUME, req->name, &there, err);
	if (r && r != -ENOENT)
		return r;
	if (!r) {
		r = clone_again(req, &there, &t, &c, err);
		if (r < 0 || there.volume.state == LITEIO_CATALOG_READY)
			return r;
		c.uuid = there.volume.uuid;
	} else {
		r = liteio_uuid_take(a, &c.uuid, &uuid_lock, err);
		if (r)
			return r;
	}
	return clone_new(&t, &c, err);
}

int liteio_op_volume_clone(struct liteio_agent *a, const char *volume,
			   const struct liteio_local_clone *req, struct liteio_local_volume *ret,
			   struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	int r;

	r = liteio_name_check("volume", req->name, err);
	if (r)
		return r;
	r = liteio_name_take(a, LITEIO_CATALOG_VOLUME, req->name, liteio_name_until(), &lock, err);
	if (!r)
		r = clone_named(a, volume, req, err);
	if (r)
		return liteio_error_wrap(err, r, "clone volume %s to %s", volume, req->name);
	log_info(NULL, "volume %s is a clone of %s", req->name, volume);
	return liteio_op_volume_show(a, req->name, ret, err);
}
