// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Places in the kernel: made for pools that have not come up, and taken away when they are nobody's
 * any more. They are filled by liteio_export_prepare(), as whatever an earlier agent has left.
 *
 * A place is made under the lock of its volume, and, but for those of a pool whose disk hangs, only
 * while its pool is not open. A pool is in the table before any of its volumes is brought back
 * under the same lock: so a place is there when that is looked at, or is never made.
 */
#include "agent/places.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/ended.h"
#include "agent/exports.h"
#include "agent/known.h"
#include "agent/pools.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/block.h"
#include "host/head.h"
#include "host/nvmet.h"
#include "pool/step.h"

static const struct liteio_nvmet target = LITEIO_NVMET_INIT;

/*
 * One agent has one set of these. Of the pools all exports have places; there may be some in the
 * kernel also when nothing is known of it: what an earlier agent has left.
 */
static struct {
	pthread_mutex_t lock;
	struct liteio_uuid *pools;
	size_t n;
	_Atomic bool may_be_some;
} held = { .lock = PTHREAD_MUTEX_INITIALIZER, .may_be_some = true };

/* ---- which ---------------------------------------------------------------------------------- */

/* the lock is held */
static size_t find_held(const struct liteio_uuid *pool)
{
	size_t i = 0;

	while (i < held.n && !liteio_uuid_equal(&held.pools[i], pool))
		i++;
	return i;
}

bool liteio_places_are_held(struct liteio_agent *a, const struct liteio_uuid *pool)
{
	(void)a;
	liteio_guard(&held.lock);
	return find_held(pool) < held.n;
}

static void set_held(const struct liteio_uuid *pool, bool is_held)
{
	liteio_guard(&held.lock);
	size_t i = find_held(pool);

	if (i < held.n && !is_held) {
		held.pools[i] = held.pools[--held.n];
	} else if (i == held.n && is_held) {
		held.pools = liteio_realloc(held.pools, held.n + 1, sizeof(*held.pools));
		held.pools[held.n++] = *pool;
	}
}

uint64_t liteio_places_block(const struct liteio_uuid *volume, uint64_t generation)
{
	struct liteio_block_info info;
	struct liteio_head_state head;

	if (liteio_head_get(volume, generation, false, &head, NULL) || !head.head.lower ||
	    liteio_block_info(head.path, &info, NULL))
		return 0;
	return info.logical_bytes;
}

/* ---- making --------------------------------------------------------------------------------- */

/* the volume is locked, and nothing of it is being brought back */
static int hold_locked(struct liteio_agent *a, const struct liteio_place *place,
		       struct liteio_error *err)
{
	const struct liteio_catalog_attachment att = { .volume = place->volume,
						       .generation = place->generation };
	char *hosts[1] = { place->host };
	struct liteio_nvmet_export e = {
		.uuid = place->volume,
		.generation = place->generation,
		.host_nqns = hosts,
		.n_host_nqns = 1,
		.waits = true,
	};
	char path[LITEIO_DM_PATH_MAX];
	int r;

	r = liteio_head_place(&place->volume, place->generation, place->size_bytes, path, err);
	if (r)
		return r;
	liteio_step("agent-place:head");
	e.device = path;
	r = liteio_nvmet_create(&target, &e, err);
	if (r)
		return r;
	liteio_step("agent-place:enabled");
	r = liteio_export_link_again(a, &att, err);
	if (!r)
		liteio_step("agent-place:linked");
	return r;
}

static int hold_one(struct liteio_agent *a, const struct liteio_uuid *pool,
		    const struct liteio_place *place, struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	char text[LITEIO_UUID_STRLEN + 1];
	LITEIO_TARGET(twin);

	if (liteio_pools_is_open(a->pools, pool))
		return 0;
	liteio_uuid_format(&place->volume, text);
	lock = liteio_locks_take(a->locks, text);
	/* its own job does it; or its consumer is to hear that it has ended */
	if (liteio_pools_is_open(a->pools, pool) ||
	    liteio_ended_check(a, &place->volume, place->generation, NULL) == -ESTALE)
		return 0;
	/* made anew in a pool that is there: its heads are that one's (liteio_known_hold_back()) */
	if (!liteio_target_find_uuid(a, &place->volume, &twin, NULL))
		return 0;
	return hold_locked(a, place, err);
}

static void hold_pool(struct liteio_agent *a, const struct liteio_known_pool *k,
		      const struct liteio_pool_places *of)
{
	const char *name = k->name ? k->name : "without a name";
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = 0;

	for (size_t i = 0; !r && i < of->n; i++) {
		r = hold_one(a, &k->uuid, &of->items[i], &err);
		/* when it is there: a sweep that has looked before has not seen it */
		held.may_be_some = true;
		/* whoever waits at the start sees that it goes on */
		a->restore_end_ms = liteio_now_ms() + LITEIO_RESTORE_MS;
	}
	if (r) {
		log_err(NULL, "pool %s: no place can be held for its exports: %s", name,
			liteio_error_str(&err, r));
		return;
	}
	set_held(&k->uuid, true);
	if (of->n && !liteio_pools_is_open(a->pools, &k->uuid))
		log_warning(NULL,
			    "pool %s is not there: the I/O of its %zu consumers waits until it is, and keeps nobody out",
			    name, of->n);
}

/* ---- of a pool that is open ------------------------------------------------------------------ */

static int hold_silent_one(struct liteio_agent *a, struct liteio_open_pool *p,
			   const struct liteio_place *place, struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(&place->volume, text);
	lock = liteio_locks_try(a->locks, text);
	if (!lock ||
	    !liteio_pool_attachment_is_live(p->engine, &place->volume, place->generation) ||
	    liteio_ended_check(a, &place->volume, place->generation, NULL) == -ESTALE)
		return 0;
	return hold_locked(a, place, err);
}

void liteio_places_hold_silent(struct liteio_agent *a, struct liteio_open_pool *p)
{
	const struct liteio_pool_places *of = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_places places = { 0 };
	int r;

	r = liteio_places_load(a, &places, &err);
	if (!r)
		of = liteio_places_of(&places, &p->uuid);
	if (of && (!of->n || !a->config.n_listen || !liteio_places_can_be_held(of)))
		of = NULL;
	if (of)
		r = liteio_nvmet_prepare(&target, &err);
	for (size_t i = 0; of && !r && i < of->n; i++) {
		struct liteio_error why = LITEIO_ERROR_INIT;
		int one = hold_silent_one(a, p, &of->items[i], &why);

		/* the others' consumers have done nothing */
		if (one)
			log_err(NULL, "pool %s: no place can be held for one of its exports: %s",
				p->name, liteio_error_str(&why, one));
		held.may_be_some = true;
	}
	if (r)
		log_err(NULL, "pool %s: no place can be held for its exports: %s", p->name,
			liteio_error_str(&err, r));
	else if (of)
		log_warning(NULL,
			    "pool %s does not answer: the I/O of its consumers waits until it does, and keeps nobody out",
			    p->name);
	liteio_places_free(&places);
}

/* ---- of those that are not ------------------------------------------------------------------- */

/* an agent was killed after it had given up the pool, and before its places */
static void drop_forgotten(struct liteio_agent *a, const struct liteio_known *known,
			   const struct liteio_places *places)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	for (size_t i = 0; i < places->n_pools; i++) {
		const struct liteio_uuid *pool = &places->pools[i].pool;
		bool is_known = liteio_pools_is_open(a->pools, pool);
		int r;

		for (size_t k = 0; k < known->n_pools && !is_known; k++)
			is_known = liteio_uuid_equal(&known->pools[k].uuid, pool);
		r = is_known ? 0 : liteio_places_drop(a, pool, &err);
		if (r)
			log_warning(NULL, "a pool that was given up is written down still: %s",
				    liteio_error_str(&err, r));
	}
}

static void hold_all(struct liteio_agent *a, const struct liteio_known *known,
		     const struct liteio_places *places)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	bool is_ready = false;

	for (size_t i = 0; i < known->n_pools; i++) {
		const struct liteio_known_pool *k = &known->pools[i];
		const struct liteio_pool_places *of = liteio_places_of(places, &k->uuid);
		int r;

		if (!k->remote || !of || !liteio_places_say(places, k) ||
		    liteio_pools_is_open(a->pools, &k->uuid) ||
		    !liteio_places_can_be_held(of))
			continue;
		r = of->n && !is_ready ? liteio_nvmet_prepare(&target, &err) : 0;
		if (r) {
			log_err(NULL, "no place can be held: %s", liteio_error_str(&err, r));
			return;
		}
		is_ready = is_ready || of->n;
		hold_pool(a, k, of);
	}
}

void liteio_places_hold(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_places places = { 0 };
	struct liteio_known known = { 0 };
	int r;

	r = liteio_known_list(a, &known, &err);
	if (!r)
		r = liteio_places_load(a, &places, &err);
	if (r) {
		log_err(NULL, "no place is held: %s", liteio_error_str(&err, r));
	} else if (a->config.n_listen) {
		drop_forgotten(a, &known, &places);
		hold_all(a, &known, &places);
	}
	liteio_places_free(&places);
	liteio_known_list_free(&known);
	liteio_places_sweep(a);
}

/* ---- taking away ---------------------------------------------------------------------------- */

/* the pool that it is written down of, or NULL */
static const struct liteio_uuid *find_owner(const struct liteio_places *places,
					    const struct liteio_nvmet_export *e)
{
	for (size_t i = 0; i < places->n_pools; i++) {
		const struct liteio_pool_places *of = &places->pools[i];

		for (size_t k = 0; k < of->n; k++) {
			if (of->items[k].generation == e->generation &&
			    liteio_uuid_equal(&of->items[k].volume, &e->uuid))
				return &of->pool;
		}
	}
	return NULL;
}

/* each pool is looked up once: it may come and go meanwhile, and is either here or away */
static void look_in(struct liteio_agent *a, const struct liteio_uuid *pool,
		    const struct liteio_nvmet_export *e, bool *is_live, bool *is_away)
{
	struct liteio_open_pool *p;

	if (liteio_pools_get_uuid(a->pools, pool, &p)) {
		*is_away = true;
		return;
	}
	*is_live = *is_live ||
		   liteio_pool_attachment_is_live(p->engine, &e->uuid, e->generation);
	liteio_pools_put(a->pools, p);
}

/* nobody has written down whose it is: of those that are away it may be, unless all of them say */
static void look_in_all(struct liteio_agent *a, const struct liteio_places *places,
			const struct liteio_nvmet_export *e, struct liteio_place_facts *ret)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_known known = { 0 };
	LITEIO_TARGET(t);
	int r;

	if (liteio_known_list(a, &known, &err))
		ret->is_unsure = true;
	for (size_t i = 0; i < known.n_pools; i++) {
		bool is_away = false;

		look_in(a, &known.pools[i].uuid, e, &ret->is_live, &is_away);
		if (is_away && !liteio_places_say(places, &known.pools[i]))
			ret->is_unsure = true;
	}
	liteio_known_list_free(&known);
	/* one may be open that is not on the list yet */
	r = liteio_target_find_uuid(a, &e->uuid, &t, NULL);
	if (!r)
		ret->is_live = ret->is_live ||
			       liteio_pool_attachment_is_live(t.pool->engine, &e->uuid,
							      e->generation);
	else if (r == -EBUSY)
		ret->is_unsure = true;
}

static void look(struct liteio_agent *a, const struct liteio_nvmet_export *e,
		 struct liteio_place_facts *ret)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_places places = { 0 };
	const struct liteio_uuid *owner;

	/* what nobody can say is left as it is */
	if (liteio_places_load(a, &places, &err))
		ret->is_unsure = true;
	owner = find_owner(&places, e);
	if (owner)
		look_in(a, owner, e, &ret->is_live, &ret->is_written_down);
	else
		look_in_all(a, &places, e, ret);
	ret->has_ended = liteio_ended_check(a, &e->uuid, e->generation, NULL) == -ESTALE;
	liteio_places_free(&places);
}

/* it may have been filled since it was seen; the volume is locked */
static bool still_waits(const struct liteio_nvmet_export *e)
{
	struct liteio_nvmet_export *exports = NULL;
	bool waits = false;
	size_t n = 0;

	if (liteio_nvmet_list_of(&target, &e->uuid, &exports, &n, NULL))
		return false;
	for (size_t i = 0; i < n; i++)
		waits = waits || (exports[i].generation == e->generation && exports[i].waits);
	liteio_nvmet_exports_free(exports, n);
	return waits;
}

/* true: it is there still */
static bool sweep_one(struct liteio_agent *a, const struct liteio_nvmet_export *e)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_place_facts facts = { 0 };
	char text[LITEIO_UUID_STRLEN + 1];
	bool is_gone = false;
	int r;

	liteio_uuid_format(&e->uuid, text);
	/* whoever works on it may hang with its disk: nobody else's consumers wait for that */
	lock = liteio_locks_try(a->locks, text);
	if (!lock)
		return true;
	if (!still_waits(e))
		return false;
	look(a, e, &facts);
	if (liteio_place_stays(&facts))
		return true;
	/* nothing of it was ever let through: nothing is in flight */
	r = liteio_export_remove(&e->uuid, e->generation, true, &is_gone, &err);
	if (r)
		log_err(NULL, "the place of generation %" PRIu64 " of volume %s: %s", e->generation,
			text, liteio_error_str(&err, r));
	else
		log_info(NULL, "volume %s: generation %" PRIu64 " is over: its place goes", text,
			 e->generation);
	return r || !is_gone;
}

static pthread_mutex_t sweeping = PTHREAD_MUTEX_INITIALIZER;

void liteio_places_sweep(struct liteio_agent *a)
{
	struct liteio_nvmet_export *exports = NULL;
	bool is_some = false;
	size_t n = 0;
	int r;

	/*
	 * Who comes while another one sweeps has something to sweep that this one may have passed;
	 * nobody waits for a disk in here
	 */
	liteio_guard(&sweeping);
	/* before the look: who makes one after it says so again */
	if (!atomic_exchange(&held.may_be_some, false))
		return;
	r = liteio_nvmet_list(&target, &exports, &n, NULL);
	/* no target at all: no places */
	is_some = r && r != -ENOENT;
	for (size_t i = 0; !r && i < n; i++)
		if (exports[i].waits && sweep_one(a, &exports[i]))
			is_some = true;
	liteio_nvmet_exports_free(exports, n);
	if (is_some)
		held.may_be_some = true;
}

void liteio_places_give_up(struct liteio_agent *a, const struct liteio_uuid *pool)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_places_drop(a, pool, &err);

	if (r)
		log_warning(NULL, "the exports of a pool that was given up are written down still: %s",
			    liteio_error_str(&err, r));
	set_held(pool, false);
	liteio_places_sweep(a);
}
