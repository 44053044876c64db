// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening the pools of this node: at the start, and those whose disks come late.
 *
 * A disk may hang, or take an hour to be checked, and the other pools do not wait for it: see
 * opening.h. A pool that comes later is in the table by then, and its exports are brought back by
 * its own job.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/claims.h"
#include "agent/door.h"
#include "agent/events.h"
#include "agent/known.h"
#include "agent/opening.h"
#include "agent/pool_locks.h"
#include "agent/pools.h"
#include "agent/replug.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "pool/heir.h"

/* one could not be opened because of what ends by itself */
static atomic_bool may_be_tried_again;

/* ---- one pool ------------------------------------------------------------------------------- */

/* it is not ours any more: an agent that was killed while it exported it has not said so */
static void forget_exported(struct liteio_agent *a, const char *device,
			    const struct liteio_uuid *uuid)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_pools_forget_gone(a, uuid, &err);

	log_info(NULL, "the pool on %s was exported; import it to use it", device);
	if (r)
		log_err(NULL, "the list of pools is not written: %s", liteio_error_str(&err, r));
}

static void remember(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_pools_remember(a, &err);

	if (r < 0)
		log_err(NULL, "the list of pools is not written: %s", liteio_error_str(&err, r));
}

/*
 * An agent that was killed has it as long as one of its threads hangs, or some disk does not answer
 * that may carry a newer one: then it is tried again
 */
static bool ends_by_itself(const char *device, int r)
{
	return r == -EAGAIN || (r == -EBUSY && liteio_pool_is_locked(device));
}

static void say_not_opened(const struct liteio_opening *o, const char *device, int r, bool again,
			   const struct liteio_error *err)
{
	if (again)
		may_be_tried_again = true;
	/* what ends by itself was said the first time; nobody comes back to what does not */
	if (again && !o->is_again)
		log_warning(NULL, "pool on %s: %s: it is tried again", device,
			    liteio_error_str(err, r));
	else if (!again)
		log_err(NULL, "pool on %s can not be opened: %s", device, liteio_error_str(err, r));
}

/* is it this pool, or, when none is wanted, which one is it? And what is it called? */
static int find_label(const struct liteio_opening *o, const char *device,
		      struct liteio_uuid *ret, char ret_name[LITEIO_ONDISK_NAME],
		      struct liteio_error *err)
{
	struct liteio_pool_found found;
	int r = 0;

	/* that of a device has been compared */
	if (o->has_uuid && !strncmp(device, "/dev/", 5)) {
		*ret = o->uuid;
		memcpy(ret_name, o->name, LITEIO_ONDISK_NAME);
		return 0;
	}
	r = liteio_pool_probe(device, &found, err);
	if (!r) {
		*ret = found.label.pool_uuid;
		memcpy(ret_name, found.label.pool_name, LITEIO_ONDISK_NAME);
	}
	return r;
}

/*
 * before anything of it is in the kernel: which of two pools of one name is served is not to be a
 * matter of who comes first
 */
static int check_name(struct liteio_agent *a, struct liteio_claim *claim,
		      const struct liteio_uuid *uuid, const char *name, const char *device,
		      struct liteio_error *err)
{
	int r = liteio_known_check_name(a, uuid, name, false, err);

	return r ? r : liteio_claim_name(claim, a->pools, name, device, err);
}

/**
 * struct candidate - a pool that may come in
 * @agent: where
 * @claim: on it
 * @r: what was said when it was asked for what is in it
 */
struct candidate {
	struct liteio_agent *agent;
	struct liteio_claim *claim;
	int r;
};

/* in this order: who is about to give a uuid has its lock, and looks for claims then */
static int admit(void *arg, struct liteio_pool *engine, struct liteio_error *err)
{
	struct candidate *c = arg;

	c->r = liteio_claim_names(c->claim, engine, false, err);
	if (!c->r)
		c->r = liteio_target_check_uuids(c->agent, engine, err);
	return c->r;
}

/*
 * What it has was made anew while it was away, and may have been written to. It stays out, at the
 * next start, too, until somebody has said which of both is meant
 */
static void hold_back(struct liteio_agent *a, const struct liteio_uuid *uuid, const char *name,
		      const char *device, bool was_known)
{
	struct liteio_known_pool pool = { .name = (char *)name, .uuid = *uuid };
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	if (strncmp(device, "/dev/", 5) != 0)
		pool.file = (char *)device;
	r = liteio_known_hold_back(a, &pool, was_known, &err);
	log_err(NULL, "pool %s on %s is held back: once there is only one of both, pool import %s",
		name, device, device);
	if (r)
		log_err(NULL, "the list of pools is not written: %s", liteio_error_str(&err, r));
}

/* @claim is on @uuid */
static int open_claimed(const struct liteio_opening *o, const char *device,
			struct liteio_claim *claim, const struct liteio_uuid *uuid,
			const char *name)
{
	bool was_known;
	_cleanup_free_ char *place = liteio_known_place(o->agent, uuid, &was_known);
	struct candidate candidate = { .agent = o->agent, .claim = claim };
	const struct liteio_pool_how how = { .device = device, .was_on = place, .admit = admit,
					     .admit_arg = &candidate };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_agent *a = o->agent;
	struct liteio_open_pool *p;
	struct liteio_pool *engine;
	bool again;
	int r;

	r = liteio_replug_open(a, &how, uuid, &engine, &again, &err);
	/* said by its first disk, and no copy of it is here: what one disk says is not enough */
	if (r == -EPERM) {
		forget_exported(a, device, uuid);
		return r;
	}
	if (r < 0) {
		/* who is about to give what it has, or to take it away, ends that */
		again = again || candidate.r == -EBUSY || ends_by_itself(device, r);
		say_not_opened(o, device, r, again, &err);
		if (candidate.r == -EEXIST)
			hold_back(a, uuid, name, device, was_known);
		return r;
	}
	r = liteio_claim_add(claim, a->pools, engine, &p, &err);
	if (r < 0) {
		log_err(NULL, "pool on %s: %s", device, liteio_error_str(&err, r));
		return r;
	}
	log_info(NULL, "pool %s on %s is open", p->name, device);
	/* who waits for it finds it in the table, or has given up by now */
	if (o->opened) {
		o->opened(a, p);
	} else if (liteio_opening_is_late(o)) {
		liteio_restore_pool(a, p);
		liteio_events_say(a, LITEIO_LOCAL_EVENT_POOL_OPENED, p->name, &p->uuid, NULL, "late");
		remember(a);
	}
	liteio_pools_put(a->pools, p);
	return 0;
}

/* 0 also when somebody else has opened it by now */
static int open_one(const struct liteio_opening *o, const char *device)
{
	struct liteio_claim *taken _cleanup_(liteio_claim_givep) = NULL, *claim = o->claim;
	struct liteio_error err = LITEIO_ERROR_INIT;
	char name[LITEIO_ONDISK_NAME];
	struct liteio_uuid uuid;
	int r;

	r = find_label(o, device, &uuid, name, &err);
	/* that of the one that is wanted has been taken */
	if (!r && !(claim && liteio_uuid_equal(&uuid, &o->uuid))) {
		r = liteio_claim_take(&uuid, device, &taken, &err);
		if (r) {
			may_be_tried_again = true;
			return r;
		}
		claim = taken;
	}
	if (!r && liteio_pools_is_open(o->agent->pools, &uuid))
		return 0;
	if (!r)
		r = check_name(o->agent, claim, &uuid, name, device, &err);
	if (r) {
		say_not_opened(o, device, r, ends_by_itself(device, r), &err);
		return r;
	}
	return open_claimed(o, device, claim, &uuid, name);
}

/*
 * A device may be there by the same name and be another one. What is not known by its uuid is asked
 * for it: nobody else opens the same pool meanwhile. What is wrong with a file is worth a line.
 */
static bool asks_there(struct liteio_opening *o, const char *device)
{
	bool is_file = strncmp(device, "/dev/", 5) != 0;
	struct liteio_pool_found found;

	if (o->has_uuid && liteio_pools_is_open(o->agent->pools, &o->uuid))
		return false;
	/* one that is looked for again is not worth a line as long as it is not there */
	if (o->has_uuid && is_file)
		return !o->opened || liteio_fs_exists(device);
	if (liteio_pool_probe(device, &found, NULL))
		return is_file;
	memcpy(o->name, found.label.pool_name, sizeof(o->name));
	if (o->has_uuid)
		return liteio_uuid_equal(&found.label.pool_uuid, &o->uuid);
	return liteio_opening_claim(o, &found.label.pool_uuid) &&
	       !liteio_pools_is_open(o->agent->pools, &o->uuid);
}

/* a disk that hangs says in whose name this thread does */
static bool is_there(struct liteio_opening *o, const char *device)
{
	bool is_named = o->has_uuid, is;

	if (is_named)
		liteio_heir_begin(&o->uuid);
	is = asks_there(o, device);
	if (is_named)
		liteio_heir_end();
	return is;
}

/* in the order of the devices, until it is open, or said to be another node's */
static void try_all(struct liteio_opening *o)
{
	bool is_done = false;

	for (size_t i = 0; i < o->n && !is_done; i++) {
		int r;

		liteio_opening_set_state(o, LITEIO_OPENING_ASKS);
		if (!is_there(o, o->devices[i]))
			continue;
		liteio_opening_set_state(o, LITEIO_OPENING_OPENS);
		r = open_one(o, o->devices[i]);
		is_done = r == 0 || r == -EPERM;
	}
}

static void open_first(struct liteio_opening *o)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = 0;

	/* what was waited for may not come */
	o->late = liteio_door_review;
	/* from here on, however long the disk does not even say what it carries */
	if (o->has_uuid)
		r = liteio_claim_take(&o->uuid, o->devices[0], &o->claim, &err);
	/* whoever is at it may not get it open */
	if (r)
		may_be_tried_again = true;
	else
		try_all(o);
	liteio_claim_give(o->claim);
	o->claim = NULL;
}

/* ---- which ---------------------------------------------------------------------------------- */

/* open on another device: what this one carries is a copy */
static bool is_open_elsewhere(struct liteio_agent *a, const struct liteio_pool_found *f)
{
	struct liteio_open_pool *p;
	bool elsewhere;

	if (liteio_pools_get_uuid(a->pools, &f->label.pool_uuid, &p))
		return false;
	elsewhere = !liteio_pool_is_on(p->engine, f->device);
	liteio_pools_put(a->pools, p);
	return elsewhere;
}

/* its line on the list; NULL: it is not known */
static const struct liteio_known_pool *find_known(const struct liteio_known *known,
						  const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < known->n_pools; i++) {
		if (liteio_uuid_equal(&known->pools[i].uuid, uuid))
			return &known->pools[i];
	}
	return NULL;
}

static bool is_allowed(const struct liteio_agent *a, const char *device)
{
	for (size_t i = 0; i < a->config.n_devices; i++) {
		if (fnmatch(a->config.devices[i], device, FNM_PATHNAME) == 0)
			return true;
	}
	return false;
}

static void add_found(struct liteio_openings *all, struct liteio_agent *a,
		      const struct liteio_pool_found *f)
{
	struct liteio_opening *o = liteio_openings_find(all, &f->label.pool_uuid);

	/* whoever is at it may not get it open, and does not say when he has given up */
	if (liteio_claim_is_taken(&f->label.pool_uuid) ||
	    liteio_opening_is_under_way(f->device, &f->label.pool_uuid)) {
		may_be_tried_again = true;
		return;
	}
	if (!o)
		o = liteio_openings_add(all, a, &f->label.pool_uuid);
	if (!liteio_openings_have(all, f->device))
		liteio_opening_add_device(o, f->device);
}

/* another pool of the same name that may be opened unasked, as @f may; NULL for none */
static const struct liteio_pool_found *namesake_of(const struct liteio_agent *a,
						   const struct liteio_pool_found *f,
						   const struct liteio_pool_found *found, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(found[i].label.pool_name, f->label.pool_name) &&
		    !liteio_uuid_equal(&found[i].label.pool_uuid, &f->label.pool_uuid) &&
		    !found[i].label.exported && is_allowed(a, found[i].device))
			return &found[i];
	}
	return NULL;
}

/* one that this node does not know: it takes no name that is another one's, or may be */
static void add_allowed(struct liteio_openings *all, struct liteio_agent *a,
			const struct liteio_pool_found *f, const struct liteio_pool_found *found,
			size_t n)
{
	const struct liteio_pool_found *other = namesake_of(a, f, found, n);
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_known_check_name(a, &f->label.pool_uuid, f->label.pool_name, false, &err);

	if (!r && other)
		r = liteio_error_set(&err, -EEXIST,
				     "%s carries another one of that name: import the one that is meant",
				     other->device);
	if (r)
		log_err(NULL, "pool %s on %s is not opened: %s", f->label.pool_name, f->device,
			liteio_error_str(&err, r));
	else
		add_found(all, a, f);
}

/**
 * struct start - pools that are opened at a start
 * @first: that were open when the list was written last
 * @then: all others: what was made in one of the first while they were away may be in them, too,
 *	by the same uuid, and older
 */
struct start {
	struct liteio_openings first;
	struct liteio_openings then;
};

static struct liteio_openings *round_of(struct start *s, const struct liteio_known_pool *k)
{
	return k->was_away ? &s->then : &s->first;
}

static void add_devices(struct start *s, struct liteio_agent *a, const struct liteio_known *known,
			const struct liteio_pool_found *found, size_t n)
{
	struct liteio_openings *all = &s->then;

	for (size_t i = 0; i < n; i++) {
		const struct liteio_known_pool *k = find_known(known, &found[i].label.pool_uuid);

		if (liteio_pools_is_open(a->pools, &found[i].label.pool_uuid))
			continue;
		if (k)
			add_found(round_of(s, k), a, &found[i]);
		/*
		 * not on the list and in the kernel: who made or imported it died between both, as
		 * nobody else brings one into this kernel, and what was begun goes on
		 */
		else if (is_allowed(a, found[i].device) ||
			 liteio_pool_is_in_kernel(&found[i].label.pool_uuid))
			add_allowed(all, a, &found[i], found, n);
		else
			log_info(NULL, "pool %s on %s is not one of this node; import it to use it",
				 found[i].label.pool_name, found[i].device);
	}
}

/* before the devices: of a pool that a device carries as well, the file is tried first */
static void add_known_files(struct start *s, struct liteio_agent *a,
			    const struct liteio_known *known)
{
	for (size_t i = 0; i < known->n_pools; i++) {
		const struct liteio_known_pool *k = &known->pools[i];

		if (k->file)
			liteio_opening_add_device(liteio_openings_add(round_of(s, k), a, &k->uuid),
						  k->file);
	}
}

static void add_files(struct start *s, struct liteio_agent *a)
{
	for (size_t i = 0; i < a->config.n_devices; i++) {
		const char *pattern = a->config.devices[i];

		if (!strpbrk(pattern, "*?[") && strncmp(pattern, "/dev/", 5) != 0 &&
		    liteio_fs_exists(pattern) && !liteio_openings_have(&s->first, pattern) &&
		    !liteio_openings_have(&s->then, pattern))
			liteio_opening_add_device(liteio_openings_add(&s->then, a, NULL), pattern);
	}
}

static void warn_of_copies(struct liteio_agent *a, const struct liteio_pool_found *found, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_open_elsewhere(a, &found[i]))
			log_warning(NULL, "%s carries a copy of the pool %s: it is left alone",
				    found[i].device, found[i].label.pool_name);
	}
}

/* those of a round side by side: no disk, no file, holds up another one, nor the start for long */
static void open_known(struct liteio_agent *a, const struct liteio_known *known)
{
	const uint64_t end_ms = liteio_now_ms() + LITEIO_OPENING_BUDGET_MS;
	struct start s = { .first.end_ms = end_ms, .then.end_ms = end_ms };
	_cleanup_free_ struct liteio_pool_found *found = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	size_t n = 0;
	int r;

	r = liteio_pool_scan(&found, &n, &err);
	if (r < 0)
		log_err(NULL, "looking for pools: %s", liteio_error_str(&err, r));
	add_known_files(&s, a, known);
	add_devices(&s, a, known, found, n);
	add_files(&s, a);
	liteio_openings_run(&s.first, open_first);
	liteio_openings_run(&s.then, open_first);
	warn_of_copies(a, found, n);
}

void liteio_pools_open_known(struct liteio_agent *a)
{
	struct liteio_known known = { 0 };

	liteio_known_list(a, &known, NULL);
	open_known(a, &known);
	liteio_known_list_free(&known);
	remember(a);
}

/* ---- what comes late ------------------------------------------------------------------------ */

bool liteio_pools_any_missing(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_known known = { 0 };
	bool missing = false;

	/* of a list that can not be read all is missing, until somebody puts it right */
	missing = liteio_known_list(a, &known, &err) != 0;
	if (missing)
		may_be_tried_again = true;
	for (size_t i = 0; i < known.n_pools; i++)
		missing = missing || (!known.pools[i].held_back &&
				      !liteio_pools_is_open(a->pools, &known.pools[i].uuid));
	liteio_known_list_free(&known);
	return missing || liteio_pools_any_unplugged(a);
}

bool liteio_pools_try_again(void)
{
	static bool was_silent;
	bool is_silent = liteio_pool_any_silent();
	/* true once: one was refused that may be free now */
	bool again = atomic_exchange(&may_be_tried_again, false);

	again = again || is_silent || was_silent;
	was_silent = is_silent;
	return again;
}

static void add_missing_files(struct liteio_openings *all, struct liteio_agent *a,
			      const struct liteio_known *known)
{
	for (size_t i = 0; i < known->n_pools; i++) {
		const struct liteio_known_pool *k = &known->pools[i];

		if (!k->file || k->held_back || liteio_pools_is_open(a->pools, &k->uuid))
			continue;
		/* what hangs is not looked at again, and whether it is there may hang */
		if (liteio_claim_is_taken(&k->uuid) ||
		    liteio_opening_is_under_way(k->file, &k->uuid))
			may_be_tried_again = true;
		else
			liteio_opening_add_device(liteio_openings_add(all, a, &k->uuid), k->file);
	}
}

/* one that somebody works on is left to him, and looked at again when that is over */
static bool unplug(struct liteio_agent *a, const struct liteio_pool_found *f, bool is_again)
{
	LITEIO_POOL_LOCKS(locks);

	if (!liteio_pools_is_open(a->pools, &f->label.pool_uuid) ||
	    !liteio_pool_locks_try(a->locks, f->label.pool_name, &locks))
		return true;
	return liteio_pools_unplug_for(a, f, is_again);
}

static void add_missing_devices(struct liteio_openings *all, struct liteio_agent *a,
				const struct liteio_known *known, bool is_again)
{
	_cleanup_free_ struct liteio_pool_found *found = NULL;
	size_t n = 0;

	(void)liteio_pool_scan(&found, &n, NULL);
	for (size_t i = 0; i < n; i++) {
		const struct liteio_known_pool *k = find_known(known, &found[i].label.pool_uuid);

		/* one that is held back was said to be when it came, and at the start */
		if ((!k || k->held_back) &&
		    !liteio_pools_is_open(a->pools, &found[i].label.pool_uuid))
			continue;
		/* its disk was pulled out, and this is that disk again */
		if (!unplug(a, &found[i], is_again))
			may_be_tried_again = true;
		if (!liteio_pools_is_open(a->pools, &found[i].label.pool_uuid))
			add_found(all, a, &found[i]);
	}
}

void liteio_pools_open_missing(struct liteio_agent *a, bool is_again,
			       void (*opened)(struct liteio_agent *a, struct liteio_open_pool *p))
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_known known = { 0 };
	struct liteio_openings all = { .end_ms = liteio_now_ms() + LITEIO_OPENING_BUDGET_MS };

	/* why it can not be read was said at the start */
	(void)liteio_known_list(a, &known, &err);
	add_missing_files(&all, a, &known);
	add_missing_devices(&all, a, &known, is_again);
	liteio_known_list_free(&known);
	for (size_t i = 0; i < all.n; i++) {
		all.items[i]->opened = opened;
		all.items[i]->is_again = is_again;
	}
	liteio_openings_run(&all, open_first);
}
