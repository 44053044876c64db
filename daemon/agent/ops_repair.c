// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Repair of a pool: its volumes are let go of, and come back when it is over, whatever became of
 * it.
 *
 * Nobody else works on a volume of the thin pools until these are out of the kernel; from then on
 * such a volume can be fenced and let go of, and is refused to who wants to use it. Linear volumes
 * are in use all the while.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/release.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/head.h"
#include "pool/find.h"
#include "pool/repair.h"
#include "pool/step.h"

/* so long the volumes may be somebody else's; as long as a lane */
#define HOLD_MS 60000
/* so long the kernel may take to say what is wrong */
#define LOOK_MS 20000

/**
 * struct hold - all volumes of the thin pools of a pool, locked
 * @locks: in the order of their uuids, as whoever takes several does
 * @n: how many
 */
struct hold {
	struct liteio_named_lock **locks;
	size_t n;
};

/* what hangs with one of them must not take the repair along without a word */
static int hold_all(struct liteio_agent *a, struct liteio_open_pool *p, struct hold *ret,
		    struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_volume *v = NULL;
	uint64_t until_ms = liteio_now_ms() + HOLD_MS;
	char text[LITEIO_UUID_STRLEN + 1];
	size_t n;

	liteio_pool_volume_list(p->engine, &v, &n);
	ret->locks = liteio_calloc(n + 1, sizeof(struct liteio_named_lock *));
	for (size_t i = 0; i < n; i++) {
		uint64_t now_ms = liteio_now_ms();
		uint64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;

		if (v[i].vclass == LITEIO_CATALOG_LINEAR)
			continue;
		liteio_uuid_format(&v[i].uuid, text);
		ret->locks[ret->n] = liteio_locks_take_for(a->locks, text, left_ms);
		if (!ret->locks[ret->n])
			return liteio_error_set(err, -EBUSY,
						"%s: another operation on it has not ended for %d s: ask again later",
						v[i].name, HOLD_MS / 1000);
		ret->n++;
	}
	return 0;
}

static void hold_end(struct hold *h)
{
	for (size_t i = 0; i < h->n; i++)
		liteio_locks_give(h->locks[i]);
	free(h->locks);
	*h = (struct hold){ 0 };
}

struct named_head {
	struct liteio_uuid uuid;
	uint64_t generation;
};

/**
 * struct published - attachments whose head has the volume's name, and has gone
 * @items: them
 * @n: how many
 *
 * Their heads come back as other devices, and the numbers that they had may be others' then.
 */
struct published {
	struct named_head *items;
	size_t n;
};

static void publish_again(struct published *p)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	char path[LITEIO_DM_PATH_MAX];

	for (size_t i = 0; i < p->n; i++) {
		if (liteio_head_path(&p->items[i].uuid, p->items[i].generation, false, path,
				     NULL) >= 0 &&
		    liteio_publish_add(&p->items[i].uuid, path, &err) < 0)
			log_err(NULL, "a volume has no name after the repair: %s", err.msg);
	}
	free(p->items);
	*p = (struct published){ 0 };
}

/* on nothing, so not on the pool: there is nothing to let go of, and its consumer waits on */
static bool is_place(const struct liteio_catalog_attachment *att,
		     const struct liteio_head_state *head)
{
	return !(att->flags & LITEIO_CATALOG_ATT_LOCAL) && !head->head.lower;
}

/* can it be let go of for a while? */
static int check_idle(const struct liteio_catalog_volume *v,
		      const struct liteio_catalog_attachment *att, struct liteio_error *err)
{
	struct liteio_head_state head;

	if (liteio_head_get(&v->uuid, att->generation, false, &head, NULL) < 0 ||
	    is_place(att, &head))
		return 0;
	if (!(att->flags & LITEIO_CATALOG_ATT_LOCAL))
		return liteio_error_set(err, -EBUSY,
					"volume %s is exported to %s: end generation %" PRIu64 " first",
					v->name, att->host, att->generation);
	/* udev looks into a head that has just come */
	if (!liteio_release_is_closed(&head))
		return liteio_error_set(err, -EBUSY,
					"volume %s is in use on this node (generation %" PRIu64 ", %s): unmount it first",
					v->name, att->generation, head.path);
	return 0;
}

static int remove_head(const struct liteio_catalog_attachment *att, struct published *gone,
		       struct liteio_error *err)
{
	const struct liteio_uuid *uuid = &att->volume;
	struct liteio_head_state head;
	int r = liteio_head_get(uuid, att->generation, false, &head, NULL);
	bool is_there = r >= 0;

	if (r == -ENODEV || (is_there && is_place(att, &head)))
		return 0;
	if (is_there && liteio_publish_is(uuid, head.path)) {
		gone->items = liteio_realloc(gone->items, gone->n + 1, sizeof(*gone->items));
		gone->items[gone->n].uuid = *uuid;
		gone->items[gone->n++].generation = att->generation;
		liteio_publish_del(uuid, head.path);
	}
	return liteio_head_remove(uuid, att->generation, false, err);
}

/* the heads of the thin pools' volumes: looked at, and when all are idle, taken away */
static int let_go(struct liteio_open_pool *p, struct published *gone, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	struct liteio_catalog_volume v;
	size_t n = 0;
	int r = 0;

	liteio_pool_attachment_list(p->engine, NULL, &atts, &n);
	for (int remove = 0; remove <= 1; remove++) {
		for (size_t i = 0; i < n && !r; i++) {
			if (liteio_pool_volume_get(p->engine, &atts[i].volume, &v) < 0 ||
			    v.vclass == LITEIO_CATALOG_LINEAR)
				continue;
			if (remove)
				r = remove_head(&atts[i], gone, err);
			else
				r = check_idle(&v, &atts[i], err);
		}
	}
	return r;
}

static int look(struct liteio_pool *engine, void *data, struct liteio_error *err)
{
	(void)liteio_pool_refresh(engine, NULL);
	return 0;
}

/* 1 when something is, 0, or it does not say */
static int is_wrong(struct liteio_open_pool *p, struct liteio_error *err)
{
	struct liteio_pool_info info;
	int r = liteio_pools_do_for(p, LITEIO_LANE_CHANGE, look, NULL, 0, LOOK_MS, err);

	if (r)
		return r;
	liteio_pool_info(p->engine, &info);
	return info.condition >= LITEIO_POOL_READ_ONLY;
}

/* nobody gets at the volumes any more: who asks for them, or fences them, need not wait */
static void begun(void *arg)
{
	hold_end(arg);
	liteio_step("agent-repair:begun");
}

static int check_lane(struct liteio_open_pool *p, struct liteio_error *err)
{
	LITEIO_LANE(lane);

	return liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);
}

/* what was attached to new volumes since is let go of, too: in the lane nobody can come any more */
static int repair_in_lane(struct liteio_open_pool *p, const struct liteio_pool_repair *how,
			  struct published *gone, struct liteio_pool_repaired *ret,
			  struct liteio_error *err)
{
	LITEIO_LANE(lane);
	int r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);

	if (!r)
		r = let_go(p, gone, err);
	liteio_step("agent-repair:let-go");
	return r ? r : liteio_pool_repair(p->engine, how, ret, err);
}

/*
 * The volumes are held; nothing is let go of before it is known that the lane can be had. For each
 * head the kernel takes a while, and there may be many: nobody who wants the lane waits for that.
 * When somebody else has it by then, for too long, they come back as after any repair that fails
 */
static int repair_held(struct liteio_open_pool *p, const struct liteio_pool_repair *how,
		       struct published *gone, struct liteio_pool_repaired *ret,
		       struct liteio_error *err)
{
	int r = check_lane(p, err);

	if (!r)
		r = let_go(p, gone, err);
	return r ? r : repair_in_lane(p, how, gone, ret, err);
}

static int repair(struct liteio_agent *a, struct liteio_open_pool *p, bool force,
		  struct published *gone, struct liteio_pool_repaired *ret,
		  struct liteio_error *err)
{
	struct hold hold = { 0 };
	const struct liteio_pool_repair how = { .force = force, .begun = begun, .arg = &hold };
	int r = hold_all(a, p, &hold, err);

	if (!r)
		r = repair_held(p, &how, gone, ret, err);
	hold_end(&hold);
	return r;
}

static void answer(struct liteio_open_pool *p, const struct liteio_pool_repaired *done,
		   struct liteio_local_pool_repaired *ret)
{
	*ret = (struct liteio_local_pool_repaired){
		.pool = liteio_strdup(p->name),
		.copied = done->n_copied,
		.rebuilt = done->n_rebuilt,
		.lost_volumes = done->lost_volumes,
		.lost_bytes = done->lost_bytes,
		.lost = done->lost[0] ? liteio_strdup(done->lost) : NULL,
	};
}

/* ---- a pool without a catalog is not open --------------------------------------------------- */

/* where its label is, in new memory: on one of its disks, or in a file; -ENOENT, -EEXIST */
static int find_closed(struct liteio_agent *a, const char *pool, char **ret,
		       struct liteio_error *err)
{
	const struct liteio_pool_wanted wanted = { .name = pool };
	struct liteio_pool_found *found _cleanup_free_ = NULL;
	size_t n;
	int r = liteio_pool_find(&wanted, &found, &n, err);

	if (!r)
		*ret = liteio_strdup(found[0].device);
	if (r != -ENOENT)
		return r;
	*ret = liteio_pools_known_file(a, pool);
	return *ret ? 0 : liteio_error_set(err, -ENOENT, "pool %s: no such pool", pool);
}

static int open_salvaged(struct liteio_agent *a, const char *pool, char *device, bool force,
			 struct liteio_local_pool_repaired *ret, struct liteio_error *err)
{
	const struct liteio_local_pool_import req = { .device = device };
	struct liteio_local_pool opened = { 0 };
	struct liteio_pool_salvage s;
	int r;

	r = liteio_pool_salvage(device, force ? LITEIO_SALVAGE_FORCE : LITEIO_SALVAGE_MAKE, &s,
				err);
	if (r)
		return r;
	log_warning(NULL, "pool %s has a new catalog, made of its metadata: %s", pool, s.what);
	r = liteio_op_pool_import(a, &req, &opened, err);
	liteio_json_fini(&opened, liteio_local_pool_fields);
	if (r)
		return r;
	*ret = (struct liteio_local_pool_repaired){
		.pool = liteio_strdup(pool),
		.recovered = s.n_volumes,
		.lost = liteio_strf("volumes that were never used can not be found again%s%s",
				    s.lost[0] ? "; " : "", s.lost),
	};
	return 0;
}

static int repair_closed(struct liteio_agent *a, const char *pool,
			 const struct liteio_local_pool_repair *req,
			 struct liteio_local_pool_repaired *ret, struct liteio_error *err)
{
	_cleanup_free_ char *device = NULL;
	struct liteio_pool_salvage s;
	int r;

	r = find_closed(a, pool, &device, err);
	if (!r && req->from_metadata)
		r = open_salvaged(a, pool, device, req->force, ret, err);
	else if (!r)
		r = liteio_pool_salvage(device, LITEIO_SALVAGE_LOOK, &s, err);
	if (r)
		return r == -ENOENT ? r : liteio_error_wrap(err, r, "pool %s is not open", pool);
	if (req->from_metadata)
		return 0;
	return liteio_error_set(err, -EUCLEAN,
				"pool %s: both copies of its catalog are lost; --from-metadata makes a new one with %s%s%s: names, lengths, snapshots, attachments, limits, volumes that were never used, and what was to be wiped or was being deleted, are lost",
				pool, s.what, s.lost[0] ? "; " : "", s.lost);
}

static int repair_alone(struct liteio_agent *a, struct liteio_open_pool *p, bool force,
			struct liteio_pool_repaired *ret, struct liteio_error *err)
{
	struct published gone = { 0 };
	int r = 1;

	/* it may take hours: nobody waits for that, not even who asks for the same */
	if (atomic_exchange(&p->repairs, true))
		return liteio_error_set(err, -EBUSY, "pool %s is being repaired", p->name);
	*ret = (struct liteio_pool_repaired){ 0 };
	/* what is well is left alone */
	if (!force)
		r = is_wrong(p, err);
	if (r > 0) {
		r = repair(a, p, force, &gone, ret, err);
		/* heads that were taken away come back, also when nothing was repaired */
		liteio_restore_pool(a, p);
		publish_again(&gone);
	}
	p->repairs = false;
	return r;
}

static int repair_open(struct liteio_agent *a, struct liteio_open_pool *p,
		       const struct liteio_local_pool_repair *req,
		       struct liteio_local_pool_repaired *ret, struct liteio_error *err)
{
	struct liteio_pool_repaired done = { 0 };
	int r = 0;

	/* one that is open has its catalog, also one that was made of its metadata just before */
	if (!req->from_metadata)
		r = repair_alone(a, p, req->force, &done, err);
	if (r)
		return r;
	answer(p, &done, ret);
	if (done.n_copied || done.n_rebuilt)
		liteio_events_say(a, LITEIO_LOCAL_EVENT_POOL_CHANGED, p->name, &p->uuid, NULL,
				  "repaired");
	if (done.n_copied || done.n_rebuilt)
		log_warning(NULL, "pool %s is repaired%s%s", p->name, done.lost[0] ? ": " : "",
			    done.lost);
	return 0;
}

int liteio_op_pool_repair(struct liteio_agent *a, const char *pool,
			  const struct liteio_local_pool_repair *req,
			  struct liteio_local_pool_repaired *ret, struct liteio_error *err)
{
	struct liteio_open_pool *p;
	int r;

	r = liteio_pools_get(a->pools, pool, &p, err);
	if (r == -ENOENT)
		return repair_closed(a, pool, req, ret, err);
	if (r)
		return r;
	r = repair_open(a, p, req, ret, err);
	liteio_pools_put(a->pools, p);
	return r;
}
