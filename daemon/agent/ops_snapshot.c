// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on snapshots; they are deleted as volumes are (ops_volume.c).
 */
#include <errno.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/volume_info.h"
#include "agent/walk.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "host/head.h"
#include "pool/step.h"

static int list_one(void *arg, struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
		    struct liteio_error *err)
{
	struct liteio_local_snapshot_list *list = arg;

	list->items = liteio_realloc(list->items, list->n_items + 1, sizeof(*list->items));
	memset(&list->items[list->n_items], 0, sizeof(*list->items));
	liteio_snapshot_info_fill(p, v, &list->items[list->n_items++]);
	return 0;
}

int liteio_op_snapshot_list(struct liteio_agent *a, struct liteio_local_snapshot_list *ret,
			    struct liteio_error *err)
{
	return liteio_walk(a->pools, LITEIO_CATALOG_SNAPSHOT, list_one, ret, err);
}

int liteio_op_snapshot_show(struct liteio_agent *a, const char *snapshot,
			    struct liteio_local_snapshot *ret, struct liteio_error *err)
{
	LITEIO_TARGET(t);
	int r;

	r = liteio_target_find(a, LITEIO_CATALOG_SNAPSHOT, snapshot, &t, err);
	if (r)
		return r;
	liteio_snapshot_info_fill(t.pool, &t.volume, ret);
	return 0;
}

/**
 * struct stillness - the heads that were suspended for a snapshot
 * @heads: all heads of this node
 * @n: how many
 * @uuid: volume
 * @n_held: of @heads, from the first on: those of the volume among them are suspended
 */
struct stillness {
	struct liteio_head_state *heads;
	size_t n;
	const struct liteio_uuid *uuid;
	size_t n_held;
};

/* a head that nobody has open has nothing to hold still */
static bool wants_stillness(const struct stillness *s, size_t i)
{
	return !s->heads[i].head.remote && s->heads[i].dm.open_count > 0 &&
	       liteio_uuid_equal(&s->heads[i].head.uuid, s->uuid);
}

static void thaw(void *arg)
{
	struct stillness *s = arg;
	struct liteio_error err = LITEIO_ERROR_INIT;
	size_t i;

	for (i = 0; i < s->n_held; i++) {
		if (!wants_stillness(s, i))
			continue;
		if (liteio_dm_resume(s->heads[i].dm.name, 0, &err) < 0)
			log_err(NULL, "%s stays suspended: %s", s->heads[i].dm.name, err.msg);
	}
	s->n_held = 0;
}

static int freeze(void *arg, struct liteio_error *err)
{
	struct stillness *s = arg;
	size_t i;
	int r;

	for (i = 0; i < s->n; i++) {
		if (wants_stillness(s, i)) {
			r = liteio_dm_suspend(s->heads[i].dm.name, LITEIO_DM_LOCKFS, err);
			if (r < 0) {
				thaw(s);
				return r;
			}
		}
		s->n_held = i + 1;
	}
	liteio_step("agent-snapshot:frozen");
	return 0;
}

static int take(struct liteio_target *t, const struct liteio_local_snapshot_create *req,
		struct liteio_error *err)
{
	_cleanup_free_ struct liteio_head_state *heads = NULL;
	struct stillness s = { .uuid = &t->volume.uuid };
	const struct liteio_quiesce q = { freeze, thaw, &s };
	struct liteio_uuid uuid = req->uuid;
	int r;

	if (t->volume.state != LITEIO_CATALOG_READY)
		return liteio_error_set(err, -EBUSY, "volume %s is not ready", req->volume);
	if (liteio_uuid_is_null(&uuid))
		liteio_uuid_random(&uuid);
	r = liteio_head_list(&heads, &s.n, err);
	if (r)
		return r;
	s.heads = heads;
	liteio_lane_guard(t->pool, false);
	return liteio_pool_snapshot_create(t->pool->engine, &uuid, req->name, &t->volume.uuid,
					   NULL, &q, err);
}

/* a snapshot of that name is there: is it the one that was asked for? */
static int create_again(const struct liteio_local_snapshot_create *req,
			const struct liteio_target *snapshot, const struct liteio_target *volume,
			struct liteio_error *err)
{
	if (!liteio_uuid_equal(&snapshot->volume.origin, &volume->volume.uuid))
		return liteio_error_set(err, -EEXIST, "it exists, of another volume");
	if (!liteio_uuid_is_null(&req->uuid) &&
	    !liteio_uuid_equal(&req->uuid, &snapshot->volume.uuid))
		return liteio_error_set(err, -EEXIST, "it exists with another uuid");
	if (snapshot->volume.state == LITEIO_CATALOG_DELETING)
		return liteio_error_set(err, -EBUSY, "it is being deleted");
	return 0;
}

static int create(struct liteio_agent *a, const struct liteio_local_snapshot_create *req,
		  struct liteio_error *err)
{
	struct liteio_local_snapshot_create again = *req;
	LITEIO_TARGET(volume);
	LITEIO_TARGET(snapshot);
	int r;

	r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, req->volume, &volume, err);
	if (r)
		return r;
	if (liteio_target_find(a, LITEIO_CATALOG_SNAPSHOT, req->name, &snapshot, NULL) == 0) {
		r = create_again(req, &snapshot, &volume, err);
		if (r < 0 || snapshot.volume.state == LITEIO_CATALOG_READY)
			return r;
		again.uuid = snapshot.volume.uuid;
	} else if (!liteio_uuid_is_null(&req->uuid) &&
		   liteio_target_find_uuid(a, &req->uuid, &snapshot, NULL) == 0) {
		return liteio_error_set(err, -EEXIST, "uuid: it belongs to %s in pool %s",
					snapshot.volume.name, snapshot.pool->name);
	}
	return take(&volume, &again, err);
}

int liteio_op_snapshot_create(struct liteio_agent *a,
			      const struct liteio_local_snapshot_create *req,
			      struct liteio_local_snapshot *ret, struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	_cleanup_free_ char *name = liteio_strf("snapshot:%s", req->name);
	int r;

	r = liteio_name_check("snapshot", req->name, err);
	if (r)
		return r;
	lock = liteio_locks_take(a->locks, name);
	r = create(a, req, err);
	if (r)
		return liteio_error_wrap(err, r, "create snapshot %s", req->name);
	log_info(NULL, "snapshot %s of volume %s is there", req->name, req->volume);
	return liteio_op_snapshot_show(a, req->name, ret, err);
}
