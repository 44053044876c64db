// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking out what a pool has on a disk that is gone.
 */
#include "agent/replug.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "agent/agent.h"
#include "agent/ended.h"
#include "agent/events.h"
#include "agent/gate.h"
#include "agent/generations.h"
#include "agent/left.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/release.h"
#include "agent/thaw.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "host/block.h"
#include "host/dm.h"
#include "host/head.h"
#include "host/nvmet.h"
#include "model/local.h"
#include "pool/back.h"
#include "pool/heir.h"
#include "pool/step.h"

static const struct liteio_nvmet target = LITEIO_NVMET_INIT;

bool liteio_pools_any_unplugged(struct liteio_agent *a)
{
	struct liteio_open_pool **all;
	bool any = false;
	size_t n;

	liteio_pools_all(a->pools, &all, &n);
	for (size_t i = 0; i < n; i++)
		any = any || liteio_pool_is_gone(all[i]->engine);
	liteio_pools_put_all(a->pools, all, n);
	return any;
}

static int check_inflight(const struct liteio_catalog_volume *v,
			  const struct liteio_head_state *head, struct liteio_error *err)
{
	return head->inflight ? liteio_error_set(err, -EBUSY, "volume %s: I/O is under way on %s",
						 v->name, head->path) :
				0;
}

static int check_closed(const struct liteio_catalog_volume *v, struct liteio_head_state *head,
			struct liteio_error *err)
{
	if (liteio_release_is_closed(head))
		return 0;
	return liteio_error_set(err, -EBUSY,
				"volume %s is open here, as %s: unmount it, or close it, first",
				v->name, head->path);
}

/*
 * No subsystem any more, and no head, and the right of this node stays: liteio_export_prepare()
 * brings them back. What is in use keeps its head, and its name.
 */
static int take_down(const struct liteio_catalog_volume *v, uint64_t generation,
		     struct liteio_error *err)
{
	struct liteio_head_state head;
	int r;

	/* the door: who is behind it has seen errors, or sees them now, and does not come back */
	(void)liteio_nvmet_stay(&target, &v->uuid, generation, NULL);
	r = liteio_nvmet_remove(&target, &v->uuid, generation, false, err);
	if (r && r != -EBUSY)
		return r;
	r = liteio_head_get(&v->uuid, generation, false, &head, err);
	if (r == -ENODEV)
		return liteio_nvmet_remove(&target, &v->uuid, generation, true, err);
	if (r)
		return r;
	r = check_inflight(v, &head, err);
	if (!r)
		r = liteio_nvmet_remove(&target, &v->uuid, generation, true, err);
	if (!r)
		r = check_closed(v, &head, err);
	if (r)
		return r;
	r = liteio_head_remove(&v->uuid, generation, false, err);
	if (r == 0)
		liteio_publish_del(&v->uuid, head.path);
	return r;
}

/* ---- what is attached ----------------------------------------------------------------------- */

/**
 * struct attached - a generation that has a right, or anything in the kernel
 * @volume: of it, as the catalog has it
 * @generation: which
 * @is_remote: another node may use it: what it has not flushed is lost, and its end is not written
 *	down anywhere
 */
struct attached {
	struct liteio_catalog_volume volume;
	uint64_t generation;
	bool is_remote;
};

struct attached_list {
	struct attached *items;
	size_t n;
};

static void attached_fini(struct attached_list *l)
{
	free(l->items);
}

/* one that the catalog does not know may be anybody's */
static bool is_remote(const struct liteio_catalog_attachment *atts, size_t n,
		      const struct liteio_generation *g)
{
	for (size_t i = 0; i < n; i++) {
		if (atts[i].generation == g->generation &&
		    liteio_uuid_equal(&atts[i].volume, &g->uuid))
			return atts[i].state == LITEIO_CATALOG_ATT_LIVE &&
			       !(atts[i].flags & LITEIO_CATALOG_ATT_LOCAL);
	}
	return true;
}

/* all that is live in the catalog, and what the kernel has: a fence may not be at its end */
static void list_attached(struct liteio_pool *engine, struct liteio_generations *in_kernel,
			  struct attached_list *ret)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	size_t n = 0;

	liteio_pool_attachment_list(engine, NULL, &atts, &n);
	for (size_t i = 0; i < n; i++) {
		if (atts[i].state == LITEIO_CATALOG_ATT_LIVE)
			liteio_generations_add(in_kernel, &atts[i].volume, atts[i].generation);
	}
	liteio_generations_sort(in_kernel);
	ret->items = liteio_calloc(in_kernel->n + 1, sizeof(*ret->items));
	for (size_t i = 0; i < in_kernel->n; i++) {
		const struct liteio_generation *g = &in_kernel->items[i];
		struct attached *to = &ret->items[ret->n];

		if (liteio_pool_volume_get(engine, &g->uuid, &to->volume) < 0)
			continue;
		to->generation = g->generation;
		to->is_remote = is_remote(atts, n, g);
		ret->n++;
	}
}

static int find_attached(struct liteio_pool *engine, struct attached_list *ret,
			 struct liteio_error *err)
{
	LITEIO_GENERATIONS(in_kernel);
	int r = liteio_generations_in_kernel(NULL, &in_kernel, err);

	if (!r)
		list_attached(engine, &in_kernel, ret);
	return r;
}

/* ---- its end -------------------------------------------------------------------------------- */

/*
 * What other nodes have written and not flushed was in the cache of the disk, which lost its power;
 * whether they have it open nobody here knows. On the new disk their next flush would succeed, and
 * so they do not get there by the old right. That is written down where this node keeps what it has
 * to know, in the place of the catalog; liteio_restore_pool() takes it into the catalog when there
 * is a disk again.
 */
static int write_down(struct liteio_agent *a, const struct attached_list *l,
		      struct liteio_pool *engine, const struct liteio_uuid *pool,
		      struct liteio_error *err)
{
	uint64_t sequence = liteio_pool_sequence(engine);
	_cleanup_free_ struct liteio_ended *ended = liteio_calloc(l->n + 1, sizeof(*ended));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (l->items[i].is_remote)
			ended[n++] = (struct liteio_ended){ .pool = *pool,
							    .volume = l->items[i].volume.uuid,
							    .generation = l->items[i].generation,
							    .sequence = sequence };
	}
	if (n)
		r = liteio_ended_add(a, ended, n, err);
	liteio_step("agent-replug:ended");
	return r;
}

static int close_gate(const struct attached *at, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = &at->volume;
	struct liteio_local_fenced closed = { 0 };
	int r = liteio_gate_fence(&v->uuid, v->name, 0, at->generation, 0, &closed, err);

	if (!r && !closed.drained)
		r = liteio_error_set(err, -EBUSY, "volume %s: I/O is under way", v->name);
	liteio_json_fini(&closed, liteio_local_fenced_fields);
	return r;
}

/* one that is open here is in the way of all: then the others are left as they are */
static int check_down(const struct attached *at, struct liteio_error *err)
{
	struct liteio_head_state head;
	int r;

	/* an export has its head open, and what has ended goes in any case */
	if (at->is_remote ||
	    liteio_head_get(&at->volume.uuid, at->generation, false, &head, NULL))
		return 0;
	r = check_inflight(&at->volume, &head, err);
	return r ? r : check_closed(&at->volume, &head, err);
}

/* first what must not be forgotten, then what is in the way, and last the gates, for good */
static int end_all(struct liteio_agent *a, struct liteio_pool *engine,
		   const struct liteio_uuid *pool, struct liteio_error *err)
{
	struct attached_list l _cleanup_(attached_fini) = { 0 };
	int r = find_attached(engine, &l, err);

	if (r == 0)
		r = write_down(a, &l, engine, pool, err);
	for (size_t i = 0; i < l.n && r == 0; i++)
		r = check_down(&l.items[i], err);
	for (size_t i = 0; i < l.n && r == 0; i++)
		r = take_down(&l.items[i].volume, l.items[i].generation, err);
	for (size_t i = 0; i < l.n && r == 0; i++) {
		if (l.items[i].is_remote)
			r = close_gate(&l.items[i], err);
	}
	return r;
}

static void left_fini(struct liteio_left *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->devices[i].below);
	free(l->devices);
	free(l->gone);
	liteio_nvmet_exports_free(l->exports, l->n_exports);
}

static int add_device(struct liteio_left *l, const struct liteio_dm_info *info,
		      struct liteio_error *err)
{
	struct liteio_left_device *d = &l->devices[l->n];
	int r = liteio_dm_deps(info->name, &d->below, &d->n_below, err);

	/* one that goes while it is looked at is not there */
	if (r)
		return liteio_dm_exists(info->name) ? r : 0;
	memcpy(d->name, info->name, sizeof(d->name));
	d->dev = makedev(info->major, info->minor);
	l->n++;
	for (size_t i = 0; i < d->n_below; i++) {
		if (liteio_block_is_there(d->below[i]))
			continue;
		l->gone = liteio_realloc(l->gone, l->n_gone + 1, sizeof(*l->gone));
		l->gone[l->n_gone++] = d->below[i];
	}
	return 0;
}

static int look_left(struct liteio_left *ret, struct liteio_error *err)
{
	struct liteio_dm_info *infos _cleanup_free_ = NULL;
	size_t n = 0;
	int r = liteio_dm_list(&infos, &n, err);

	if (r)
		return r;
	ret->devices = liteio_calloc(n + 1, sizeof(*ret->devices));
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_device(ret, &infos[i], err);
	if (r || !ret->n_gone)
		return r;
	r = liteio_nvmet_list(&target, &ret->exports, &ret->n_exports, err);
	/* no target at all: nothing is exported */
	return r == -ENOENT ? 0 : r;
}

/* of pools that are not open; those that are know more */
static int end_left(struct liteio_agent *a, struct liteio_error *err)
{
	struct liteio_left l _cleanup_(left_fini) = { 0 };
	_cleanup_free_ struct liteio_ended *ended = NULL;
	size_t n = 0;
	int r = look_left(&l, err);

	if (r == 0)
		liteio_left_ended(&l, &ended, &n);
	return n ? liteio_ended_add(a, ended, n, err) : r;
}

bool liteio_pools_end_unplugged(struct liteio_agent *a)
{
	struct liteio_error left_err = LITEIO_ERROR_INIT;
	struct liteio_open_pool **all;
	bool done = true;
	size_t n;
	int left;

	liteio_pools_all(a->pools, &all, &n);
	for (size_t i = 0; i < n; i++) {
		struct attached_list l _cleanup_(attached_fini) = { 0 };
		struct liteio_error err = LITEIO_ERROR_INIT;
		int r;

		if (!liteio_pool_is_gone(all[i]->engine))
			continue;
		r = find_attached(all[i]->engine, &l, &err);
		if (r == 0)
			r = write_down(a, &l, all[i]->engine, &all[i]->uuid, &err);
		done = done && r == 0;
		if (r)
			log_err(NULL, "pool %s: its disk is gone, and what has ended with it is not written down: %s",
				all[i]->name, liteio_error_str(&err, r));
	}
	liteio_pools_put_all(a->pools, all, n);
	left = end_left(a, &left_err);
	if (left)
		log_err(NULL, "what has ended with disks of pools that are not open is not written down: %s",
			liteio_error_str(&left_err, left));
	return done && left == 0;
}

/* as long as somebody has a volume open it stays in the table, and says what is wrong */
int liteio_pools_drop(struct liteio_agent *a, struct liteio_open_pool *p, struct liteio_error *err)
{
	int r = end_all(a, p->engine, &p->uuid, err);

	if (r == 0)
		r = liteio_pools_take_out(a->pools, p, "taken off a disk that is gone", err);
	if (r)
		return r;
	liteio_heir_begin(&p->uuid);
	r = liteio_pool_drop(p->engine, err);
	liteio_heir_end();
	if (r) {
		liteio_pools_put_back(a->pools, p);
		return r;
	}
	liteio_pools_left(a->pools, p);
	liteio_step("agent-replug:dropped");
	liteio_events_say(a, LITEIO_LOCAL_EVENT_POOL_CLOSED, p->name, &p->uuid, NULL,
			  "its disk is gone");
	return 0;
}

static int check_back(struct liteio_open_pool *p, const struct liteio_pool_found *f,
		      struct liteio_error *err)
{
	int r = liteio_pool_check_back(p->engine, f, err);

	return r == -ESTALE ? liteio_error_set(err, r, "%s; import it by hand if it is meant",
					       liteio_error_str(err, r)) :
			      r;
}

/* may it be opened from there, once the kernel has nothing of it from the disk that is gone? */
static int check_coming(const struct liteio_pool_found *f, const struct liteio_pool_how *how,
			struct liteio_error *err)
{
	struct liteio_pool_how asked = *how;
	struct liteio_pool *coming;
	int r;

	if (f->label.n_devices > 1)
		return 0;
	asked.is_asked = true;
	r = liteio_pool_open_left(&asked, &coming, err);
	if (!r)
		liteio_pool_release(coming);
	/* the kernel has nothing of it even now: who opens it says all that is to be said */
	return r == -ENODEV ? 0 : r;
}

int liteio_pools_unplug(struct liteio_agent *a, const struct liteio_pool_found *f,
			const struct liteio_pool_how *how, struct liteio_error *err)
{
	struct liteio_open_pool *p;
	int r;

	r = liteio_pools_get_uuid(a->pools, &f->label.pool_uuid, &p);
	if (r == -EBUSY)
		return liteio_error_set(err, r,
					"pool %s is being taken out of the kernel: ask again later",
					f->label.pool_name);
	if (r)
		return 0;
	/* the one that is gone may be another one of its disks: that has not come back */
	if (!liteio_pool_has_lost(p->engine, f)) {
		liteio_pools_put(a->pools, p);
		return 0;
	}
	r = how ? check_coming(f, how, err) : check_back(p, f, err);
	if (!r)
		r = liteio_pools_drop(a, p, err);
	liteio_pools_put(a->pools, p);
	return r ? liteio_error_wrap(err, r,
				     "pool %s was on a disk that is gone, %s is to take its place",
				     f->label.pool_name, f->device) :
		   0;
}

/* done, or for people to decide; all else ends by itself, some day */
static bool is_final(int r)
{
	return !r || r == -ESTALE || r == -EEXIST || r == -EPERM;
}

bool liteio_pools_unplug_for(struct liteio_agent *a, const struct liteio_pool_found *f,
			     bool is_again)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_pools_unplug(a, f, NULL, &err);

	if (r && !is_again)
		log_err(NULL, "%s", liteio_error_str(&err, r));
	return is_final(r);
}

/* ---- what an earlier agent has left ---- */

/* the pool is in the kernel on the disk that is gone, and in no table */
static int drop_left(struct liteio_agent *a, const struct liteio_pool_how *how,
		     const struct liteio_uuid *uuid, struct liteio_error *err)
{
	struct liteio_pool *engine;
	int r;

	r = liteio_pool_open_left(how, &engine, err);
	if (r)
		return r;
	r = end_all(a, engine, uuid, err);
	if (r == 0)
		r = liteio_pool_drop(engine, err);
	/* of a pool it means something else */
	if (r == -EPERM)
		r = -EIO;
	if (r)
		liteio_pool_release(engine);
	return r;
}

int liteio_replug_open(struct liteio_agent *a, const struct liteio_pool_how *how,
		       const struct liteio_uuid *uuid, struct liteio_pool **ret, bool *ret_again,
		       struct liteio_error *err)
{
	struct liteio_error left_err = LITEIO_ERROR_INIT;
	int r, left;

	*ret_again = false;
	liteio_heir_begin(uuid);
	r = liteio_pool_open_how(how, ret, err);
	if (r == -ENODEV) {
		left = drop_left(a, how, uuid, &left_err);
		*ret_again = !is_final(left) && left != -ENODEV;
		if (left == 0) {
			r = liteio_pool_open_how(how, ret, err);
			/* it is nowhere now: whatever it was, another time it may work */
			*ret_again = !is_final(r);
		} else if (left != -ENODEV) {
			r = liteio_error_set(err, left, "%s", liteio_error_str(&left_err, left));
		}
	}
	/* what an agent that hangs has suspended since this one began */
	if (!r)
		liteio_thaw_pool(*ret);
	liteio_heir_end();
	return r;
}
