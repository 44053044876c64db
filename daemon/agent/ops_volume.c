// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on volumes.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/exports.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/volume_info.h"
#include "agent/walk.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "pool/step.h"

static int list_one(void *arg, struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
		    struct liteio_error *err)
{
	struct liteio_local_volume_list *list = arg;

	list->items = liteio_realloc(list->items, list->n_items + 1, sizeof(*list->items));
	memset(&list->items[list->n_items], 0, sizeof(*list->items));
	liteio_volume_info_fill(p, v, &list->items[list->n_items++]);
	return 0;
}

int liteio_op_volume_list(struct liteio_agent *a, struct liteio_local_volume_list *ret,
			  struct liteio_error *err)
{
	return liteio_walk(a->pools, LITEIO_CATALOG_VOLUME, list_one, ret, err);
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
	if (t->pool != p)
		return liteio_error_set(err, -EEXIST, "volume %s exists in pool %s", req->name,
					t->pool->name);
	if (!liteio_uuid_is_null(&req->uuid) && !liteio_uuid_equal(&req->uuid, &t->volume.uuid))
		return liteio_error_set(err, -EEXIST, "volume %s exists with another uuid",
					req->name);
	if (t->volume.size_bytes != c->size_bytes)
		return liteio_error_set(err, -EEXIST, "volume %s exists with %" PRIu64 " bytes",
					req->name, t->volume.size_bytes);
	if (req->snapshot && !liteio_uuid_equal(&t->volume.origin, &c->source))
		return liteio_error_set(err, -EEXIST, "volume %s exists from another source",
					req->name);
	if (t->volume.state == LITEIO_CATALOG_DELETING)
		return liteio_error_set(err, -EBUSY, "volume %s is being deleted", req->name);
	return 0;
}

static int create_in(struct liteio_agent *a, const struct liteio_local_volume_create *req,
		     struct liteio_open_pool *p, struct liteio_error *err)
{
	struct liteio_pool_create c = {
		.uuid = req->uuid,
		.name = req->name,
		.size_bytes = req->size_bytes,
		.wipe = (enum liteio_catalog_wipe)req->wipe,
	};
	LITEIO_TARGET(t);
	int r;

	r = create_source(a, req, p, &c, err);
	if (r == 0)
		r = liteio_volume_size_check(&c.size_bytes, err);
	if (r)
		return r;
	if (liteio_target_find(a, LITEIO_CATALOG_VOLUME, req->name, &t, NULL) == 0) {
		r = create_again(req, &c, p, &t, err);
		if (r < 0 || t.volume.state == LITEIO_CATALOG_READY)
			return r;
		c.uuid = t.volume.uuid;
	} else if (!liteio_uuid_is_null(&c.uuid) &&
		   liteio_target_find_uuid(a, &c.uuid, &t, NULL) == 0) {
		return liteio_error_set(err, -EEXIST, "uuid: it belongs to %s in pool %s",
					t.volume.name, t.pool->name);
	}
	if (liteio_uuid_is_null(&c.uuid))
		liteio_uuid_random(&c.uuid);
	liteio_lane_guard(p, false);
	return liteio_pool_volume_create(p->engine, &c, NULL, err);
}

int liteio_op_volume_create(struct liteio_agent *a, const struct liteio_local_volume_create *req,
			    struct liteio_local_volume *ret, struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	_cleanup_free_ char *name = liteio_strf("volume:%s", req->name);
	struct liteio_open_pool *p;
	int r;

	r = liteio_name_check("volume", req->name, err);
	if (r == 0)
		r = liteio_pools_get(a->pools, req->pool, &p, err);
	if (r)
		return r;
	lock = liteio_locks_take(a->locks, name);
	r = create_in(a, req, p, err);
	liteio_pools_put(a->pools, p);
	if (r)
		return liteio_error_wrap(err, r, "create volume %s", req->name);
	log_info(NULL, "volume %s is there", req->name);
	return liteio_op_volume_show(a, req->name, ret, err);
}

static int grow(struct liteio_agent *a, struct liteio_target *t, uint64_t size_bytes,
		struct liteio_error *err)
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
		liteio_lane_guard(t->pool, false);
		r = liteio_pool_volume_grow(t->pool->engine, &t->volume.uuid, size_bytes, err);
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
	LITEIO_TARGET(t);
	int r;

	r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, volume, &t, err);
	if (r)
		return r;
	r = grow(a, &t, size_bytes, err);
	if (r)
		return liteio_error_wrap(err, r, "grow volume %s", volume);
	liteio_volume_info_fill(t.pool, &t.volume, ret);
	return 0;
}
