// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on volumes.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/creations.h"
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
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "pool/create.h"
#include "pool/step.h"

/**
 * struct listing - a list on its way; there may be thousands, and no two of them are there at once
 * @list: what is written
 * @look: how far the kernel was asked for volumes
 * @limits: what it makes of limits
 */
struct listing {
	struct liteio_json_list *list;
	struct liteio_volume_look look;
	struct liteio_limits_view limits;
};

static int list_one(void *arg, struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
		    struct liteio_error *err)
{
	struct liteio_local_volume item = { 0 };
	struct listing *l = arg;

	liteio_volume_info_list(&l->look, p, v, &item);
	if (liteio_limits_any(&item.limits)) {
		/* the module is asked, and not in the lane of a pool */
		liteio_volume_look_leave(&l->look);
		liteio_limits_view_look(&l->limits, &item);
	}
	liteio_json_list_add(l->list, &item);
	liteio_json_drop(&item, liteio_local_volume_fields);
	return 0;
}

int liteio_op_volume_list(struct liteio_agent *a, char **ret, struct liteio_error *err)
{
	struct listing l = { .list = liteio_json_list_new(liteio_local_volume_list_fields) };
	_cleanup_free_ char *text = NULL;
	int r;

	liteio_volume_look_begin(&l.look, a->used);
	liteio_volume_look_all(&l.look, a->pools);
	r = liteio_walk(a->pools, LITEIO_CATALOG_VOLUME, list_one, &l, err);
	liteio_volume_look_end(&l.look);
	liteio_limits_view_fini(&l.limits);
	text = liteio_json_list_end(l.list);
	if (r == 0)
		*ret = take_ptr(text);
	return r;
}

int liteio_op_volume_show(struct liteio_agent *a, const char *volume,
			  struct liteio_local_volume *ret, struct liteio_error *err)
{
	LITEIO_TARGET(t);
	int r;

	r = liteio_target_find(a, LITEIO_CATALOG_VOLUME, volume, &t, err);
	if (r)
		return r;
	liteio_volume_info_fill(t.pool, &t.volume, ret);
	liteio_limits_look(ret);
	return 0;
}

/* what a new volume is filled from; its uuid stays null for an empty one */
static int create_source(struct liteio_agent *a, const struct liteio_local_volume_create *req,
			 const struct liteio_open_pool *p, struct liteio_pool_create *c,
			 struct liteio_error *err)
{
	LITEIO_TARGET(t);
	int r;

	if (!req->snapshot)
		return 0;
	r = liteio_target_find(a, LITEIO_CATALOG_SNAPSHOT, req->snapshot, &t, err);
	if (r)
		return r;
	if (t.pool != p)
		return liteio_error_set(err, -EINVAL, "snapshot %s is in pool %s, not in %s",
					req->snapshot, t.pool->name, p->name);
	if (t.volume.state != LITEIO_CATALOG_READY)
		return liteio_error_set(err, -EBUSY, "snapshot %s is not ready", req->snapshot);
	if (c->size_bytes == 0)
		c->size_bytes = t.volume.size_bytes;
	if (c->size_bytes < t.volume.size_bytes)
		return liteio_error_set(err, -EINVAL,
					"snapshot %s has %" PRIu64 " bytes and does not fit",
					req->snapshot, t.volume.size_bytes);
	c->source = t.volume.uuid;
	return 0;
}

/* a volume of that name is there: is it the one that was asked for? */
static int create_again(const struct liteio_local_volume_create *req,
			const struct liteio_pool_create *c, const struct liteio_open_pool *p,
			const struct liteio_target *t, struct liteio_error *err)
{
	struct liteio_limits has;

	if (t->pool != p)
		return liteio_error_set(err, -EEXIST, "volume %s exists in pool %s", req->name,
					t->pool->name);
	if (!liteio_uuid_is_null(&req->uuid) && !liteio_uuid_equal(&req->uuid, &t->volume.uuid))
		return liteio_error_set(err, -EEXIST, "volume %s exists with another uuid",
					req->name);
	if (t->volume.size_bytes != c->size_bytes)
		return liteio_error_set(err, -EEXIST, "volume %s exists with %" PRIu64 " bytes",
					req->name, t->volume.size_bytes);
	if (t->volume.vclass != c->vclass)
		return liteio_error_set(err, -EEXIST, "volume %s exists of another class",
					req->name);
	/* a snapshot says how itself: what is made from it has the same, or more */
	if (t->volume.wipe < c->wipe)
		return liteio_error_set(err, -EEXIST,
					"volume %s exists, and its blocks will not be wiped like that",
					req->name);
	if (req->snapshot && !liteio_uuid_equal(&t->volume.origin, &c->source))
		return liteio_error_set(err, -EEXIST, "volume %s exists from another source",
					req->name);
	if (t->volume.state == LITEIO_CATALOG_DELETING)
		return liteio_error_set(err, -EBUSY, "volume %s is being deleted", req->name);
	has = liteio_limits_of_catalog(&t->volume.limits);
	/* one that is still being made is made with those of today */
	if (t->volume.state == LITEIO_CATALOG_READY && !liteio_limits_equal(&has, &req->limits))
		return liteio_error_set(err, -EEXIST, "volume %s exists with other limits",
					req->name);
	return 0;
}

/* it is there, and asked for again: whoever was killed before its second write has told nobody */
static int confirm(struct liteio_open_pool *p, struct liteio_error *err)
{
	LITEIO_LANE(lane);
	int r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);

	return r ? r : liteio_pool_confirm(p->engine, err);
}

/* what takes work of its own in the pool's lane; the rest, of which any number can come together */
static int create_record(struct liteio_open_pool *p, const struct liteio_pool_create *c,
			 struct liteio_creation_locks *locks, struct liteio_error *err)
{
	LITEIO_LANE(lane);
	int r;

	if (liteio_pool_creates_together(c))
		return liteio_creations_run(p, c, locks, err);
	r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);
	if (r)
		return r;
	liteio_headway_place(p->name);
	return liteio_pool_volume_create(p->engine, c, NULL, err);
}

/* @locks: that of its name; NULL when what hangs has it */
static int create_in(struct liteio_agent *a, const struct liteio_local_volume_create *req,
		     struct liteio_open_pool *p, struct liteio_creation_locks *locks,
		     struct liteio_error *err)
{
	struct liteio_pool_create c = {
		.uuid = req->uuid,
		.name = req->name,
		.size_bytes = req->size_bytes,
		.limits = liteio_limits_to_catalog(&req->limits),
		.wipe = (enum liteio_catalog_wipe)req->wipe,
		.vclass = liteio_volume_class_to_catalog(req->volume_class),
	};
	LITEIO_TARGET(t);
	bool is_there = false;
	int r;

	r = create_source(a, req, p, &c, err);
	if (r == 0)
		r = liteio_volume_size_check(&c.size_bytes, err);
	if (r)
		return r;
	r = liteio_target_find_name(a, LITEIO_CATALOG_VOLUME, req->name, &t, err);
	if (r && r != -ENOENT)
		return r;
	if (!r) {
		r = create_again(req, &c, p, &t, err);
		is_there = t.volume.state == LITEIO_CATALOG_READY;
		/* of one that has a source the thin pool knows, too: it needs no second write */
		if (r < 0 || (is_there && !liteio_uuid_is_null(&c.source)))
			return r;
		if (is_there && !liteio_pool_creates_together(&c))
			return confirm(p, err);
		c.uuid = t.volume.uuid;
	} else {
		r = liteio_uuid_take(a, &c.uuid, &locks->uuid, err);
		if (r)
			return r;
	}
	if (liteio_uuid_is_null(&c.uuid))
		liteio_uuid_ordered(&c.uuid);
	r = create_record(p, &c, locks, err);
	if (r == 0 && !is_there)
		liteio_events_say(a, LITEIO_LOCAL_EVENT_VOLUME_CREATED, req->name, &c.uuid, p->name,
				  NULL);
	return r;
}

/* the registry is to say what will hold, before the first attachment too */
static int limit_new(struct liteio_agent *a, const char *name, struct liteio_error *err)
{
	LITEIO_TARGET(t);
	int r;

	r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, name, &t, err);
	if (r == 0)
		r = liteio_limits_enforce(&t, err);
	return r ? liteio_error_wrap(err, r, "limits of volume %s", name) : 0;
}

/* one of that name may have been imported since whoever asks has looked */
static int find_pool(struct liteio_agent *a, const char *name, const struct liteio_uuid *uuid,
		     struct liteio_open_pool **ret, struct liteio_error *err)
{
	int r = liteio_pools_get(a->pools, name, ret, err);

	if (r || !uuid || liteio_uuid_equal(&(*ret)->uuid, uuid))
		return r;
	liteio_pools_put(a->pools, *ret);
	return liteio_error_set(err, -EAGAIN, "pool %s is another one than a moment ago", name);
}

int liteio_op_volume_create_in(struct liteio_agent *a, const struct liteio_uuid *pool,
			       const struct liteio_local_volume_create *req,
			       struct liteio_local_volume *ret, struct liteio_error *err)
{
	struct liteio_creation_locks locks _cleanup_(liteio_creation_locks_give) = { 0 };
	struct liteio_open_pool *p;
	int r;

	r = liteio_name_check("volume", req->name, err);
	if (r == 0)
		r = liteio_limits_check(&req->limits, err);
	if (r == 0)
		r = find_pool(a, req->pool, pool, &p, err);
	if (r)
		return r;
	r = liteio_name_take(a, LITEIO_CATALOG_VOLUME, req->name, liteio_name_until(), &locks.name,
			     err);
	if (!r)
		r = create_in(a, req, p, &locks, err);
	liteio_pools_put(a->pools, p);
	if (r)
		return liteio_error_wrap(err, r, "create volume %s", req->name);
	log_info(NULL, "volume %s is there", req->name);
	if (liteio_limits_any(&req->limits)) {
		r = limit_new(a, req->name, err);
		if (r)
			return r;
	}
	return liteio_op_volume_show(a, req->name, ret, err);
}

int liteio_op_volume_create(struct liteio_agent *a, const struct liteio_local_volume_create *req,
			    struct liteio_local_volume *ret, struct liteio_error *err)
{
	return liteio_op_volume_create_in(a, NULL, req, ret, err);
}

/* nobody has told what it has in use */
#define UNTOLD UINT64_MAX

static int grow(struct liteio_agent *a, struct liteio_target *t, uint64_t size_bytes,
		uint64_t *allocated, struct liteio_error *err)
{
	int r;

	if (t->volume.state != LITEIO_CATALOG_READY)
		return liteio_error_set(err, -EBUSY, "it is not ready");
	r = liteio_volume_size_check(&size_bytes, err);
	if (r)
		return r;
	if (size_bytes < t->volume.size_bytes)
		return liteio_error_set(err, -EINVAL,
					"it has %" PRIu64 " bytes; volumes do not shrink",
					t->volume.size_bytes);
	if (size_bytes > t->volume.size_bytes) {
		LITEIO_LANE(lane);

		r = liteio_lane_enter(t->pool, LITEIO_LANE_CHANGE, &lane, err);
		if (r)
			return r;
		liteio_headway_place(t->pool->name);
		r = liteio_pool_volume_grow(t->pool->engine, &t->volume.uuid, size_bytes,
					    allocated, err);
		if (r)
			return r;
		liteio_events_say(a, LITEIO_LOCAL_EVENT_VOLUME_MODIFIED, t->volume.name,
				  &t->volume.uuid, t->pool->name, "grown");
	} else {
		r = confirm(t->pool, err);
		if (r)
			return r;
	}
	liteio_step("agent-grow:pool");
	r = liteio_pool_volume_get(t->pool->engine, &t->volume.uuid, &t->volume);
	if (r)
		return r;
	return liteio_export_resize(a, t->pool, &t->volume, err);
}

int liteio_op_volume_grow(struct liteio_agent *a, const char *volume, uint64_t size_bytes,
			  struct liteio_local_volume *ret, struct liteio_error *err)
{
	uint64_t allocated = UNTOLD;
	LITEIO_TARGET(t);
	int r;

	r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, volume, &t, err);
	if (r)
		return r;
	r = grow(a, &t, size_bytes, &allocated, err);
	if (r)
		return liteio_error_wrap(err, r, "grow volume %s", volume);
	if (allocated == UNTOLD)
		liteio_volume_info_fill(t.pool, &t.volume, ret);
	else
		liteio_volume_info_told(t.pool, &t.volume, allocated, ret);
	return 0;
}
