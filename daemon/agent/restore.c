// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bringing back what the catalogs say.
 *
 * After a restart of the agent most of it is in the kernel already and is adopted as it is; after a
 * restart of the node nothing is. Both take the same way: floors of the pool; remains of ended
 * generations away; heads and subsystems of every live attachment; and last, behind a closed door,
 * all links at once. The door stays closed while anything is missing (see door.h), in whichever
 * pool that is open: so pools go this way side by side, and none waits for one whose disk hangs.
 * Beside them pools that are not there get places for their exports (places.h); what has one is
 * brought back in the same way when its pool comes.
 */
#include "agent/restore.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/door.h"
#include "agent/ended.h"
#include "agent/exports.h"
#include "agent/gate.h"
#include "agent/generations.h"
#include "agent/groups.h"
#include "agent/places.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/together.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/head.h"
#include "host/netlink.h"
#include "pool/awake.h"
#include "pool/back.h"
#include "pool/step.h"

/* volumes of one pool that are brought back at a time */
#define AT_ONCE 8
/* so long I/O of what has ended is waited for at the end; what hangs longer the doctor tells of */
#define DRAIN_MS 2000u

/* ---- what to restore ---- */

/**
 * struct live - one live attachment of the catalogs
 * @set: what it is one of
 * @pool: where; borrowed
 * @volume: its volume
 * @att: the attachment
 * @prepared: all but the link is there
 * @again: it was not its turn in time
 */
struct live {
	struct live_set *set;
	struct liteio_open_pool *pool;
	struct liteio_catalog_volume volume;
	struct liteio_catalog_attachment att;
	bool prepared;
	bool again;
};

/**
 * struct live_set - all of them, of one pool
 * @agent: whose
 * @is_slow: one has waited in vain for its turn in the pool's lane: who is in it hangs; or its disk
 *	does not answer
 * @awake_ms: when that has answered one of them last; what it said before that (pools.h) counts for
 *	nothing: what is brought back is always asked about
 * @items: each
 * @n: how many
 */
struct live_set {
	struct liteio_agent *agent;
	_Atomic bool is_slow;
	_Atomic uint64_t awake_ms;
	struct live *items;
	size_t n;
};

static void collect(struct liteio_open_pool *p, struct live_set *set)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	size_t i, n = 0;

	liteio_pool_attachment_list(p->engine, NULL, &atts, &n);
	set->items = liteio_realloc(set->items, set->n + n + 1, sizeof(*set->items));
	for (i = 0; i < n; i++) {
		struct live *l = &set->items[set->n];

		memset(l, 0, sizeof(*l));
		if (atts[i].state != LITEIO_CATALOG_ATT_LIVE ||
		    liteio_pool_volume_get(p->engine, &atts[i].volume, &l->volume) < 0)
			continue;
		l->set = set;
		l->pool = p;
		l->att = atts[i];
		set->n++;
	}
}

/* what an agent from before this has marked, and not said to the module when it was killed */
static void forget_deleted(struct liteio_open_pool *p)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	_cleanup_free_ struct liteio_catalog_volume *v = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	size_t n = 0;
	int r;

	r = liteio_gate_open(&nl, &err);
	if (!r && !nl)
		return;
	if (!r)
		liteio_pool_volume_list(p->engine, &v, &n);
	for (size_t i = 0; !r && i < n; i++)
		if (v[i].kind == LITEIO_CATALOG_VOLUME && v[i].state == LITEIO_CATALOG_DELETING)
			r = liteio_gate_forget(nl, &v[i].uuid, &err);
	if (r)
		log_err(NULL, "pool %s: deleted volumes are not forgotten by the kernel: %s",
			p->name, liteio_error_str(&err, r));
}

int liteio_restore_names(struct liteio_agent *a, const struct liteio_catalog_volume *v,
			 uint64_t generation, struct liteio_error *err)
{
	char path[LITEIO_DM_PATH_MAX];
	int r;

	r = liteio_head_path(&v->uuid, generation, false, path, err);
	if (r == 0)
		r = liteio_publish_add(&v->uuid, path, err);
	return r ? r : liteio_target_publish(a, v, path, err);
}

/* others may have ended it, or changed its volume, since it was collected; the volume is locked */
static bool is_still_live(struct live *l)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	bool live = false;
	size_t n = 0;

	if (liteio_pool_volume_get(l->pool->engine, &l->att.volume, &l->volume) < 0)
		return false;
	liteio_pool_attachment_list(l->pool->engine, &l->att.volume, &atts, &n);
	for (size_t i = 0; i < n; i++)
		live = live || (atts[i].generation == l->att.generation &&
				atts[i].state == LITEIO_CATALOG_ATT_LIVE);
	return live;
}

/* the kernel has closed its gate for good: a fence outlives the head, and the pool */
static bool is_ended(const struct live *l)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;

	return liteio_gate_open(&nl, NULL) == 0 && nl &&
	       liteio_gate_attach(nl, &l->att.volume, l->att.generation, l->att.host,
				  l->att.flags & LITEIO_CATALOG_ATT_READ_ONLY, NULL) == -ESTALE;
}

/* the disk was not there to write it down on (replug.h): before anything else of it is restored */
static int end_generation(struct liteio_open_pool *p, const struct liteio_uuid *volume,
			  const char *name, uint64_t generation, struct liteio_error *err)
{
	LITEIO_LANE(lane);
	int r;

	r = liteio_lane_enter(p, LITEIO_LANE_FENCE, &lane, err);
	if (r == 0)
		r = liteio_pool_attachment_fence(p->engine, volume, generation, false, err);
	if (r == 0)
		log_warning(NULL,
			    "volume %s: generation %" PRIu64 " has ended: its consumer has to attach it again",
			    name, generation);
	return r;
}

/* 0 when the catalog says so, whether it knew of it or not: one slot of it may */
static int settle_one(struct liteio_agent *a, struct liteio_open_pool *p,
		      const struct liteio_ended *ended, struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	char text[LITEIO_UUID_STRLEN + 1];
	int r;

	liteio_uuid_format(&ended->volume, text);
	lock = liteio_locks_take(a->locks, text);
	r = end_generation(p, &ended->volume, text, ended->generation, err);
	/* or the volume is not there any more */
	if (r && r != -ENOENT)
		return r;
	return liteio_ended_settled(a, ended, liteio_pool_sequence_found(p->engine), err);
}

/* what ended while the disk was gone; what can not be written down is not brought back either */
static void settle_ended(struct liteio_agent *a, struct liteio_open_pool *p)
{
	_cleanup_free_ struct liteio_ended *ended = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	size_t n;
	int r;

	r = liteio_ended_of(a, &p->uuid, &ended, &n, &err);
	if (r)
		log_err(NULL, "pool %s: %s", p->name, liteio_error_str(&err, r));
	for (size_t i = 0; !r && i < n; i++) {
		int one = settle_one(a, p, &ended[i], &err);

		if (one)
			log_err(NULL, "pool %s: generation %" PRIu64 " has ended, and its catalog does not say so: %s",
				p->name, ended[i].generation, liteio_error_str(&err, one));
	}
}

/* ---- a disk that does not answer ---- */

static void close_door(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_door_close_for_links(a, &err);

	if (r)
		log_warning(NULL, "the door can not be closed while exports come back: %s",
			    liteio_error_str(&err, r));
}

/* of a pool that does not get on */
static void hold_places(struct liteio_agent *a, struct liteio_open_pool *p)
{
	if (!liteio_export_has_remote(p))
		return;
	close_door(a);
	liteio_places_hold_silent(a, p);
	liteio_door_review(a);
}

/* its own job does, and nobody else has to, with a worker or at the door. No lock is held */
static void wait_for_disk(struct liteio_agent *a, struct liteio_open_pool *p)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	if (!liteio_pools_ask_awake(p, &err))
		return;
	log_warning(NULL, "pool %s: %s: its volumes are brought back when it does", p->name,
		    err.msg);
	hold_places(a, p);
	liteio_pools_await(p);
	log_info(NULL, "pool %s: its disk answers again", p->name);
}

/* what is loaded hangs with it, and with a lock that the loads of all pools need */
static bool is_awake(struct live *l)
{
	struct live_set *set = l->set;

	if (l->volume.vclass == LITEIO_CATALOG_LINEAR ||
	    liteio_now_ms() < set->awake_ms + LITEIO_AWAKE_MS)
		return true;
	if (liteio_pools_ask_awake(l->pool, NULL))
		return false;
	set->awake_ms = liteio_now_ms();
	return true;
}

/* @is_last: nobody comes back to it */
static void prepare(struct live *l, bool is_last)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_agent *a = l->set->agent;
	char text[LITEIO_UUID_STRLEN + 1];
	int r;

	/* a pool that is imported late comes while other operations run */
	liteio_uuid_format(&l->att.volume, text);
	lock = liteio_locks_take(a->locks, text);
	if (!is_still_live(l))
		return;
	r = liteio_export_prepare(a, l->pool, &l->volume, &l->att, &err);
	/* whoever is mounted has its name still */
	if (r == 0 && l->att.flags & LITEIO_CATALOG_ATT_LOCAL)
		r = liteio_restore_names(a, &l->volume, l->att.generation, &err);
	l->prepared = r == 0;
	l->again = (r == -ETIMEDOUT || r == -EAGAIN) && !is_last;
	if (l->again)
		return;
	if (r == -ESTALE && !(l->att.flags & LITEIO_CATALOG_ATT_LOCAL) && is_ended(l))
		r = end_generation(l->pool, &l->att.volume, l->volume.name,
				   l->att.generation, &err);
	if (r)
		log_err(NULL, "volume %s: generation %" PRIu64 " is not restored: %s",
			l->volume.name, l->att.generation, liteio_error_str(&err, r));
}

static void link_one(struct liteio_agent *a, struct live *l)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	char text[LITEIO_UUID_STRLEN + 1];
	int r;

	if (!l->prepared)
		return;
	/* it may have been ended since it was prepared */
	liteio_uuid_format(&l->att.volume, text);
	lock = liteio_locks_take(a->locks, text);
	if (!is_still_live(l))
		return;
	r = liteio_export_link_again(a, &l->att, &err);
	if (r)
		log_err(NULL, "volume %s: generation %" PRIu64 " is not reachable: %s",
			l->volume.name, l->att.generation, liteio_error_str(&err, r));
	else
		log_info(NULL, "volume %s: generation %" PRIu64 " is restored", l->volume.name,
			 l->att.generation);
}

/* one step more: who waits at the start sees that it goes on */
static void has_moved(struct liteio_agent *a)
{
	a->restore_end_ms = liteio_now_ms() + LITEIO_RESTORE_MS;
}

/* what fails keeps nobody waiting */
static void prepare_and_tell(struct live *l, bool is_last)
{
	prepare(l, is_last);
	if (l->prepared)
		has_moved(l->set->agent);
}

static void prepare_one(void *arg)
{
	struct live *l = arg;

	if (l->set->is_slow || !is_awake(l))
		l->again = true;
	else
		prepare_and_tell(l, false);
	if (l->again)
		l->set->is_slow = true;
}

/*
 * Most of it is waiting for the kernel: for grace periods, one after the other in each. When one of
 * them hangs with its disk the others do not wait for it with a worker each, nor are they given up:
 * they come after it, one by one, each when the disk answers.
 */
static void prepare_all(struct live_set *set)
{
	void **args _cleanup_free_ = liteio_calloc(set->n + 1, sizeof(*args));

	for (size_t i = 0; i < set->n; i++)
		args[i] = &set->items[i];
	liteio_together_share(set->agent->workers, prepare_one, args, set->n, AT_ONCE);
	for (size_t i = 0; i < set->n; i++) {
		struct live *l = &set->items[i];

		if (!l->again)
			continue;
		if (!is_awake(l))
			wait_for_disk(set->agent, l->pool);
		prepare_and_tell(l, true);
		/* it has fallen silent again: nobody comes back to this one */
		while (!l->prepared && l->pool->is_asleep) {
			wait_for_disk(set->agent, l->pool);
			prepare_and_tell(l, true);
		}
	}
}

/* is there, or will there be, anything that a remote consumer may look for? */
static bool has_remote(struct liteio_agent *a, const struct live_set *set)
{
	_cleanup_free_ char *missing = NULL;
	size_t i;

	for (i = 0; i < set->n; i++)
		if (!(set->items[i].att.flags & LITEIO_CATALOG_ATT_LOCAL))
			return true;
	missing = liteio_pools_missing(a);
	return !!missing;
}

/* all doors at once; when ports listen already, what is missing can only be added */
static void link_all(struct liteio_agent *a, struct live_set *set)
{
	size_t i;

	if (has_remote(a, set))
		close_door(a);
	liteio_step("agent-restore:closed");
	for (i = 0; i < set->n; i++) {
		link_one(a, &set->items[i]);
		liteio_step("agent-restore:linked");
	}
	liteio_door_review(a);
}

/* ---- the whole ---- */

static void log_floors(struct liteio_agent *a, struct liteio_open_pool *p)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	r = liteio_restore_floors(a, p, &err);
	if (r)
		log_err(NULL, "pool %s: floors are not in the kernel: %s", p->name,
			liteio_error_str(&err, r));
}

static void restore(struct liteio_agent *a, struct liteio_open_pool **pools, size_t n)
{
	struct live_set set = { .agent = a };
	bool is_left;
	size_t i;

	for (i = 0; i < n; i++)
		wait_for_disk(a, pools[i]);
	for (i = 0; i < n; i++)
		settle_ended(a, pools[i]);
	for (i = 0; i < n; i++)
		liteio_groups_undo(a, pools[i], NULL, NULL);
	for (i = 0; i < n; i++)
		log_floors(a, pools[i]);
	liteio_step("agent-restore:floors");
	for (i = 0; i < n; i++)
		collect(pools[i], &set);
	is_left = liteio_restore_sweep(a, pools, n, 0);
	for (i = 0; i < n; i++)
		forget_deleted(pools[i]);
	/* before a head grows: what is not written down has no place when the node comes back */
	for (i = 0; i < n; i++)
		liteio_places_keep_or_lose(a, pools[i]);
	prepare_all(&set);
	liteio_step("agent-restore:prepared");
	/* and, as a head says which blocks it has, before it is linked for the first time */
	for (i = 0; i < n; i++)
		liteio_places_keep_or_lose(a, pools[i]);
	link_all(a, &set);
	/* those of what has ended while its pool was away */
	liteio_places_sweep(a);
	/* what still had I/O under way: nobody else comes for it */
	if (is_left)
		liteio_restore_sweep(a, pools, n, DRAIN_MS);
	free(set.items);
	for (i = 0; i < n; i++)
		liteio_pools_reclaim_later(a, pools[i]);
}

/* ---- at the start ---- */

/**
 * struct restoring - a pool that is restored beside others
 * @agent: whose
 * @pool: a reference; NULL: those that are not there get their places
 */
struct restoring {
	struct liteio_agent *agent;
	struct liteio_open_pool *pool;
};

static void restore_one(void *arg)
{
	struct restoring *x = arg;

	if (x->pool) {
		restore(x->agent, &x->pool, 1);
		liteio_pools_put(x->agent->pools, x->pool);
	} else {
		liteio_places_hold(x->agent);
		liteio_door_review(x->agent);
	}
	free(x);
}

/*
 * Before the first of them is begun: one that hangs before it comes to its links has consumers,
 * too, and whoever exports something new meanwhile makes the port listen
 */
static void close_door_for(struct liteio_agent *a, struct liteio_open_pool **pools, size_t n)
{
	_cleanup_free_ char *missing = liteio_pools_missing(a);
	bool is_awaited = missing;

	for (size_t i = 0; i < n && !is_awaited; i++)
		is_awaited = liteio_export_has_remote(pools[i]);
	if (is_awaited)
		close_door(a);
}

/* all are in the table: the door waits for what each of them lacks */
static void restore_all(struct liteio_agent *a, struct liteio_open_pool **pools, size_t n)
{
	bool *ended _cleanup_free_ = liteio_calloc(n + 1, sizeof(*ended));
	void **args _cleanup_free_ = liteio_calloc(n + 1, sizeof(*args));

	has_moved(a);
	close_door_for(a, pools, n);
	for (size_t i = 0; i <= n; i++) {
		struct restoring *x = liteio_calloc(1, sizeof(*x));

		*x = (struct restoring){ a, i < n ? pools[i] : NULL };
		if (x->pool)
			liteio_pools_hold(x->pool);
		args[i] = x;
	}
	if (!liteio_together_run(a->workers, restore_one, args, n + 1, &a->restore_end_ms,
				 ended))
		return;
	for (size_t i = 0; i < n; i++) {
		if (ended[i])
			continue;
		log_warning(NULL,
			    "pool %s: it takes long to bring its volumes back: the others do not wait for it",
			    pools[i]->name);
		hold_places(a, pools[i]);
	}
}

void liteio_restore_start(struct liteio_agent *a)
{
	struct liteio_open_pool **all;
	size_t n;

	liteio_door_find(a);
	liteio_publish_start();
	liteio_pools_open_known(a);
	liteio_pools_all(a->pools, &all, &n);
	/* with none there may be some that are missing */
	if (!n)
		restore(a, all, n);
	restore_all(a, all, n);
	liteio_pools_put_all(a->pools, all, n);
}

void liteio_restore_pool(struct liteio_agent *a, struct liteio_open_pool *p)
{
	restore(a, &p, 1);
}
