// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pools that go, and pools that come: export, deletion, and import of all that are found.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/claims.h"
#include "agent/events.h"
#include "agent/door.h"
#include "agent/gate.h"
#include "agent/groups.h"
#include "agent/ops.h"
#include "agent/pool_locks.h"
#include "agent/pools.h"
#include "agent/replug.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "host/netlink.h"
#include "model/local.h"
#include "pool/find.h"
#include "pool/step.h"

/*
 * before it is out of the table: for others one that is refused has been there all the while. Who
 * hangs with its disk is not waited for long
 */
static int check_in_lane(struct liteio_open_pool *p,
			 int (*check)(struct liteio_pool *engine, struct liteio_error *err),
			 struct liteio_error *err)
{
	LITEIO_LANE(lane);
	int r = liteio_lane_enter(p, LITEIO_LANE_LOOK, &lane, err);

	return r ? r : check(p->engine, err);
}

/* ---- export --------------------------------------------------------------------------------- */

static void add_device(struct liteio_local_pool_exported *ret, const char *device)
{
	ret->devices = liteio_realloc(ret->devices, ret->n_devices + 1, sizeof(*ret->devices));
	ret->devices[ret->n_devices++] = liteio_strdup(device);
}

static void fill_exported(const struct liteio_open_pool *p,
			  struct liteio_local_pool_exported *ret)
{
	struct liteio_pool_info info;
	char device[sizeof(info.device)];

	liteio_pool_info(p->engine, &info);
	ret->exported = true;
	ret->name = liteio_strdup(info.name);
	ret->uuid = info.uuid;
	add_device(ret, info.file[0] ? info.file : info.device);
	for (uint32_t i = 1; i < info.n_devices; i++) {
		liteio_pool_device(p->engine, i, device);
		add_device(ret, device);
	}
}

/*
 * not open: disks of this node may carry it, exported before; another one of that name is no answer
 * for one that could not be opened
 */
static int find_exported(struct liteio_agent *a, const char *pool,
			 struct liteio_local_pool_exported *ret, struct liteio_error *err)
{
	struct liteio_pool_wanted wanted = { .name = pool, .is_exported = true };
	struct liteio_pool_found *found _cleanup_free_ = NULL;
	struct liteio_uuid known;
	size_t n;
	int r;

	if (!liteio_pools_known_uuid(a, pool, &known))
		wanted.uuid = &known;
	r = liteio_pool_find(&wanted, &found, &n, err);
	if (r == -ENOENT)
		return liteio_error_set(err, r, "pool %s: no such pool", pool);
	if (r)
		return liteio_error_wrap(err, r, "pool %s is not open", pool);
	ret->exported = true;
	ret->name = liteio_strdup(pool);
	ret->uuid = found[0].label.pool_uuid;
	for (size_t i = 0; i < n; i++)
		add_device(ret, found[i].device);
	return 0;
}

/**
 * struct leaving - what a pool has that is about to go
 * @volumes: and snapshots
 * @n: so many
 * @atts: of them
 * @n_atts: so many
 */
struct leaving {
	struct liteio_catalog_volume *volumes;
	size_t n;
	struct liteio_catalog_attachment *atts;
	size_t n_atts;
};

static void leaving_fini(struct leaving *l)
{
	free(l->volumes);
	free(l->atts);
}

static size_t count_ended(const struct leaving *l, const struct liteio_catalog_volume *v)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_atts; i++)
		n += liteio_uuid_equal(&l->atts[i].volume, &v->uuid) &&
		     l->atts[i].state == LITEIO_CATALOG_ATT_FENCED;
	return n;
}

/*
 * The module need not remember volumes that are not on this node; who has a gate keeps it. One that
 * was fenced while its pool was on its way out, of which its catalog says nothing, stays there, for
 * as long as it was said to whoever has fenced: an import takes it into the catalog
 */
static void forget_volumes(const struct leaving *l)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;

	if (liteio_gate_open(&nl, NULL) || !nl)
		return;
	for (size_t i = 0; i < l->n; i++) {
		const struct liteio_catalog_volume *v = &l->volumes[i];

		if (v->kind == LITEIO_CATALOG_VOLUME)
			liteio_gate_forget_but(nl, &v->uuid, v->floor, count_ended(l, v));
	}
}

/* it is closed: nobody waits for it. What fails now is done again by the next start */
static void forget_pool(struct liteio_agent *a, const struct liteio_open_pool *p)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_pools_forget_gone(a, &p->uuid, &err);

	if (r)
		log_warning(NULL, "pool %s is exported, and still on the list of pools: %s",
			    p->name, liteio_error_str(&err, r));
	liteio_step("agent-pool-export:forgotten");
	liteio_door_review(a);
}

static int export_open(struct liteio_agent *a, struct liteio_open_pool *p,
		       struct liteio_local_pool_exported *ret, struct liteio_error *err)
{
	struct leaving l _cleanup_(leaving_fini) = { 0 };
	int r;

	r = check_in_lane(p, liteio_pool_check_export, err);
	/* where it comes back nobody knows of groups that were not taken as a whole */
	if (!r)
		r = liteio_groups_undo(a, p, NULL, err);
	if (!r)
		r = liteio_pools_take_out(a->pools, p, "exported", err);
	if (r)
		return r;
	liteio_pool_volume_list(p->engine, &l.volumes, &l.n);
	liteio_pool_attachment_list(p->engine, NULL, &l.atts, &l.n_atts);
	fill_exported(p, ret);
	{
		/* brought up again after a failure it leaves the lane for a check, and enters it */
		liteio_lane_guard(p, false);
		r = liteio_pool_export(p->engine, err);
	}
	if (r) {
		liteio_json_fini(ret, liteio_local_pool_exported_fields);
		liteio_restore_put_back(a, p);
		return r;
	}
	liteio_pools_left(a->pools, p);
	liteio_step("agent-pool-export:closed");
	forget_volumes(&l);
	forget_pool(a, p);
	log_info(NULL, "pool %s on %s is exported", p->name, ret->devices[0]);
	liteio_events_say(a, LITEIO_LOCAL_EVENT_POOL_CLOSED, p->name, &p->uuid, NULL, "exported");
	return 0;
}

int liteio_op_pool_export(struct liteio_agent *a, const char *pool,
			  struct liteio_local_pool_exported *ret, struct liteio_error *err)
{
	struct liteio_open_pool *p;
	LITEIO_POOL_LOCKS(locks);
	int r;

	r = liteio_pool_locks_take(a->locks, pool, NULL, &locks, err);
	if (r)
		return r;
	r = liteio_pools_get(a->pools, pool, &p, err);
	if (r)
		return r == -ENOENT ? find_exported(a, pool, ret, err) : r;
	r = export_open(a, p, ret, err);
	liteio_pools_put(a->pools, p);
	return r ? liteio_error_wrap(err, r, "export of pool %s", pool) : 0;
}

/* ---- deletion ------------------------------------------------------------------------------- */

/* a pool that is not there: its disk is not touched, should it ever come back */
static int forget(struct liteio_agent *a, const char *pool, bool *ret_deleted,
		  struct liteio_error *err)
{
	struct liteio_uuid uuid;
	int r;

	/* who is opening it sees that, or has it in the table by now */
	if (liteio_pools_known_uuid(a, pool, &uuid) == 0)
		liteio_claim_give_up(&uuid);
	r = liteio_pools_forget(a, pool, ret_deleted, err);
	if (r == 0 && *ret_deleted) {
		log_info(NULL, "pool %s is not waited for any more", pool);
		liteio_door_review(a);
	}
	return r;
}

/*
 * The way out when its disk hangs while it is opened: who does that has its name, or may have, for
 * as long, and is not waited for
 */
static bool is_being_opened(struct liteio_agent *a, const char *pool)
{
	struct liteio_uuid uuid;

	return liteio_pools_known_uuid(a, pool, &uuid) == 0 && liteio_claim_is_taken(&uuid) &&
	       !liteio_pools_is_open(a->pools, &uuid);
}

int liteio_op_pool_forget(struct liteio_agent *a, const char *pool, bool *ret_known,
			  struct liteio_error *err)
{
	LITEIO_POOL_LOCKS(locks);
	int r = 0;

	if (!is_being_opened(a, pool))
		r = liteio_pool_locks_take(a->locks, pool, NULL, &locks, err);
	return r ? r : forget(a, pool, ret_known, err);
}

/* the pool is open, and its name locked */
static int delete_open(struct liteio_agent *a, struct liteio_open_pool *p, bool *ret_deleted,
		       struct liteio_error *err)
{
	struct liteio_error known_err = LITEIO_ERROR_INIT;
	struct liteio_pool_info info;
	int r, remembered;

	/* nothing on it can be deleted any more: it is one that is not there */
	if (liteio_pool_is_gone(p->engine)) {
		r = liteio_pools_drop(a, p, err);
		return r ? r : forget(a, p->name, ret_deleted, err);
	}
	r = check_in_lane(p, liteio_pool_check_destroy, err);
	if (!r)
		r = liteio_pools_take_out(a->pools, p, "deleted", err);
	if (r < 0)
		return r;
	/*
	 * First, so that a deleted pool is never waited for; known it stays, to be deleted again.
	 * One that has volumes will be refused, and may be waited for.
	 */
	liteio_pool_info(p->engine, &info);
	r = info.n_volumes ? 0 : liteio_pools_wait_no_more(a, &p->uuid, err);
	if (r == 0) {
		liteio_step("agent-pool-delete:not-awaited");
		/* brought up again after a failure it leaves the lane for a check, and enters it */
		liteio_lane_guard(p, false);
		r = liteio_pool_destroy(p->engine, err);
	}
	if (r < 0) {
		liteio_restore_put_back(a, p);
		remembered = liteio_pools_remember(a, &known_err);
		if (remembered)
			log_err(NULL, "pool %s is there still, the list of pools may not have it: %s",
				p->name, liteio_error_str(&known_err, remembered));
		return r;
	}
	liteio_pools_left(a->pools, p);
	liteio_step("agent-pool-delete:destroyed");
	/* a name on the list for which there is no disk is given up by the next request */
	remembered = liteio_pools_forget_gone(a, &p->uuid, &known_err);
	if (remembered)
		log_warning(NULL, "pool %s is deleted, and still on the list of pools: %s", p->name,
			    liteio_error_str(&known_err, remembered));
	liteio_events_say(a, LITEIO_LOCAL_EVENT_POOL_CLOSED, p->name, &p->uuid, NULL, "deleted");
	log_info(NULL, "pool %s is deleted", p->name);
	*ret_deleted = true;
	liteio_door_review(a);
	return 0;
}

/* @that: it is to be this one, and open; NULL: whatever there is of the name */
static int delete_locked(struct liteio_agent *a, const char *pool, const struct liteio_uuid *that,
			 bool *ret_deleted, struct liteio_error *err)
{
	struct liteio_open_pool *p;
	LITEIO_POOL_LOCKS(locks);
	int r;

	r = liteio_pool_locks_take(a->locks, pool, NULL, &locks, err);
	if (r)
		return r;
	r = liteio_pools_get(a->pools, pool, &p, err);
	if (r == -ENOENT && !that)
		return forget(a, pool, ret_deleted, err);
	if (r == -ENOENT)
		return liteio_error_set(err, -EAGAIN, "pool %s has just gone", pool);
	if (r)
		return r;
	if (that && !liteio_uuid_equal(&p->uuid, that))
		r = liteio_error_set(err, -EAGAIN, "pool %s is another one than a moment ago",
				     pool);
	else
		r = delete_open(a, p, ret_deleted, err);
	liteio_pools_put(a->pools, p);
	return r;
}

int liteio_op_pool_delete(struct liteio_agent *a, const char *pool, bool *ret_deleted,
			  struct liteio_error *err)
{
	int r = 0;

	*ret_deleted = false;
	/* unless it is open by now: then it is deleted like any other */
	if (is_being_opened(a, pool))
		r = forget(a, pool, ret_deleted, err);
	return r || *ret_deleted ? r : delete_locked(a, pool, NULL, ret_deleted, err);
}

int liteio_op_pool_delete_open(struct liteio_agent *a, const char *pool,
			       const struct liteio_uuid *uuid, struct liteio_error *err)
{
	bool deleted = false;

	return delete_locked(a, pool, uuid, &deleted, err);
}

/* ---- all that are there --------------------------------------------------------------------- */

/* open on this very disk */
static bool is_open_on(struct liteio_agent *a, const struct liteio_pool_found *f)
{
	struct liteio_open_pool **all;
	bool open = false;
	size_t n;

	liteio_pools_all(a->pools, &all, &n);
	for (size_t i = 0; i < n; i++)
		open = open || liteio_pool_is_on(all[i]->engine, f->device);
	liteio_pools_put_all(a->pools, all, n);
	return open;
}

static void import_one(struct liteio_agent *a, struct liteio_pool_found *f,
		       struct liteio_local_pool_imported *ret)
{
	const struct liteio_local_pool_import req = { .device = f->device };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_local_pool pool = { 0 };
	int r = liteio_op_pool_import(a, &req, &pool, &err);

	liteio_json_fini(&pool, liteio_local_pool_fields);
	ret->name = liteio_strdup(f->label.pool_name);
	ret->uuid = f->label.pool_uuid;
	ret->device = liteio_strdup(f->device);
	ret->imported = r == 0;
	ret->reason = r ? liteio_strdup(liteio_error_str(&err, r)) : NULL;
}

int liteio_op_pool_import_all(struct liteio_agent *a, struct liteio_local_pool_imported_list *ret,
			      struct liteio_error *err)
{
	struct liteio_pool_found *found _cleanup_free_ = NULL;
	size_t n;
	int r;

	r = liteio_pool_scan(&found, &n, err);
	if (r)
		return r;
	ret->items = liteio_calloc(n + 1, sizeof(*ret->items));
	for (size_t i = 0; i < n; i++) {
		if (!is_open_on(a, &found[i]))
			import_one(a, &found[i], &ret->items[ret->n_items++]);
	}
	return 0;
}
