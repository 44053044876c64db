// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on snapshots; they are deleted as volumes are (ops_volume.c).
 */
#include <errno.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/groups.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/snapshots.h"
#include "agent/volume_info.h"
#include "agent/walk.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

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

static int take(struct liteio_target *t, const struct liteio_local_snapshot_create *req,
		const struct liteio_snapshot_locks *locks, struct liteio_error *err)
{
	struct liteio_uuid uuid = req->uuid;
	int r;

	if (t->volume.state != LITEIO_CATALOG_READY)
		return liteio_error_set(err, -EBUSY, "%s is not ready", t->volume.name);
	if (liteio_uuid_is_null(&uuid))
		liteio_uuid_ordered(&uuid);
	r = liteio_snapshots_take(t->pool, &t->volume.uuid, &uuid, req->name, locks, err);
	if (r == 0)
		liteio_events_say(t->agent, LITEIO_LOCAL_EVENT_SNAPSHOT_CREATED, req->name, &uuid,
				  t->pool->name, NULL);
	return r;
}

/* a snapshot of that name is there: is it the one that was asked for? */
static int create_again(const struct liteio_local_snapshot_create *req,
			const struct liteio_target *snapshot, const struct liteio_target *source,
			struct liteio_error *err)
{
	const struct liteio_uuid *volume = source->volume.kind == LITEIO_CATALOG_SNAPSHOT ?
						   &source->volume.origin :
						   &source->volume.uuid;

	if (!liteio_uuid_equal(&snapshot->volume.origin, volume))
		return liteio_error_set(err, -EEXIST, "it exists, of another volume");
	if (!liteio_uuid_is_null(&req->uuid) &&
	    !liteio_uuid_equal(&req->uuid, &snapshot->volume.uuid))
		return liteio_error_set(err, -EEXIST, "it exists with another uuid");
	if (snapshot->volume.state == LITEIO_CATALOG_DELETING)
		return liteio_error_set(err, -EBUSY, "it is being deleted");
	return 0;
}

/* @lock: that of its name; NULL when what hangs has it */
static int create(struct liteio_agent *a, const struct liteio_local_snapshot_create *req,
		  struct liteio_named_lock **lock, struct liteio_error *err)
{
	struct liteio_named_lock *uuid_lock _liteio_held_ = NULL;
	struct liteio_local_snapshot_create again = *req;
	LITEIO_TARGET(source);
	LITEIO_TARGET(snapshot);
	const struct liteio_snapshot_locks locks = { &source.lock, lock, &uuid_lock };
	int r;

	if (!req->volume == !req->snapshot)
		return liteio_error_set(err, -EINVAL,
					"exactly one of volume and snapshot is needed");
	if (req->volume)
		r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, req->volume, &source, err);
	else
		r = liteio_target_open(a, LITEIO_CATALOG_SNAPSHOT, req->snapshot, &source, err);
	if (r)
		return r;
	r = liteio_target_find_name(a, LITEIO_CATALOG_SNAPSHOT, req->name, &snapshot, err);
	if (r && r != -ENOENT)
		return r;
	if (!r) {
		r = create_again(req, &snapshot, &source, err);
		if (r == 0 && snapshot.volume.state == LITEIO_CATALOG_READY)
			return liteio_groups_check(a, &snapshot.volume, err);
		if (r < 0)
			return r;
		again.uuid = snapshot.volume.uuid;
	} else {
		r = liteio_uuid_take(a, &req->uuid, &uuid_lock, err);
		if (r)
			return r;
	}
	return take(&source, &again, &locks, err);
}

int liteio_op_snapshot_create(struct liteio_agent *a,
			      const struct liteio_local_snapshot_create *req,
			      struct liteio_local_snapshot *ret, struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	int r;

	r = liteio_name_check("snapshot", req->name, err);
	if (r)
		return r;
	r = liteio_name_take(a, LITEIO_CATALOG_SNAPSHOT, req->name, liteio_name_until(), &lock,
			     err);
	if (!r)
		r = create(a, req, &lock, err);
	if (r)
		return liteio_error_wrap(err, r, "create snapshot %s", req->name);
	log_info(NULL, "snapshot %s of %s is there", req->name,
		 req->volume ? req->volume : req->snapshot);
	return liteio_op_snapshot_show(a, req->name, ret, err);
}
