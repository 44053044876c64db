// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening the pools of this node: at the start, and those whose disks come late.
 *
 * A disk may hang, or take an hour to be checked, and the other pools do not wait for it: each pool
 * is opened by a job of its own. Whoever waits for them waits as long as disks take that are well.
 * A pool that comes later is in the table by then, and its exports are brought back by its own job.
 *
 * Over 600 lines because what is under way, who waits for it, and what is begun share a list.
 */
#include <errno.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/agent.h"
#include "agent/claims.h"
#include "agent/door.h"
#include "agent/events.h"
#include "agent/known.h"
#include "agent/pools.h"
#include "agent/replug.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"

/* a disk that has not said whose pool it carries by then is not waited for */
#define ASK_MS 10000
/* nor is one whose metadata take longer than this */
#define OPEN_MS 60000

enum opening_state {
	OPENING_ASKS,
	OPENING_OPENS,
	OPENING_ENDED,
};

/**
 * struct opening - a pool on its way into the table
 * @next: of all that are under way
 * @agent: whose
 * @devices: where it may be: tried in this order until it is open
 * @n: how many
 * @has_uuid: it must be this pool
 * @uuid: likewise
 * @claim: on @uuid; the job's
 * @opened: called when it is open; else only when nobody waited for it, by then
 * @is_again: what keeps it from being opened has been said
 * @begun_ms: when
 * @state: how far it is
 * @is_late: nobody waits for it any more
 * @refs: the job, and who waits
 */
struct opening {
	struct opening *next;
	struct liteio_agent *agent;
	char **devices;
	size_t n;
	bool has_uuid;
	struct liteio_uuid uuid;
	struct liteio_claim *claim;
	void (*opened)(struct liteio_agent *a, struct liteio_open_pool *p);
	bool is_again;
	uint64_t begun_ms;
	enum opening_state state;
	bool is_late;
	int refs;
};

/* one agent has one set of them */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct opening *first;
	bool try_again;
} under_way = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

/* ---- one pool ------------------------------------------------------------------------------- */

/* the lock is held */
static void unref(struct opening *o)
{
	if (--o->refs)
		return;
	liteio_fs_names_free(o->devices, o->n);
	free(o);
}

static void set_state(struct opening *o, enum opening_state state)
{
	liteio_guard(&under_way.lock);
	o->state = state;
	pthread_cond_broadcast(&under_way.changed);
}

static bool is_late(const struct opening *o)
{
	liteio_guard(&under_way.lock);
	return o->is_late;
}

static bool is_open(struct liteio_agent *a, const struct liteio_uuid *uuid)
{
	struct liteio_open_pool *p;

	if (liteio_pools_get_uuid(a->pools, uuid, &p))
		return false;
	liteio_pools_put(a->pools, p);
	return true;
}

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

static void try_later(void)
{
	liteio_guard(&under_way.lock);
	under_way.try_again = true;
}

/*
 * An agent that was killed has it as long as one of its threads hangs, or some disk does not answer
 * that may carry a newer one: then it is tried again
 */
static void say_not_opened(const struct opening *o, const char *device, int r,
			   const struct liteio_error *err)
{
	if (r != -EAGAIN && (r != -EBUSY || !liteio_pool_is_locked(device))) {
		log_err(NULL, "pool on %s can not be opened: %s", device, liteio_error_str(err, r));
		return;
	}
	if (!o->is_again)
		log_warning(NULL, "pool on %s: %s: it is tried again", device,
			    liteio_error_str(err, r));
	try_later();
}

/* is it this pool, or, when none is wanted, which one is it? */
static int find_uuid(const struct opening *o, const char *device, struct liteio_uuid *ret,
		     struct liteio_error *err)
{
	struct liteio_pool_found found;
	int r = 0;

	/* that of a device has been compared */
	if (o->has_uuid && !strncmp(device, "/dev/", 5)) {
		*ret = o->uuid;
		return 0;
	}
	r = liteio_pool_probe(device, &found, err);
	if (!r)
		*ret = found.label.pool_uuid;
	return r;
}

/* the kernel has it by now: as nobody uses it, it goes */
static void let_go(const char *device, struct liteio_pool *engine, int r,
		   const struct liteio_error *err)
{
	log_err(NULL, "pool on %s: %s", device, liteio_error_str(err, r));
	if (r != -ECANCELED || liteio_pool_close(engine, NULL))
		liteio_pool_release(engine);
}

/* @claim is on @uuid */
static int open_claimed(const struct opening *o, const char *device, struct liteio_claim *claim,
			const struct liteio_uuid *uuid)
{
	_cleanup_free_ char *place = liteio_known_place(o->agent, uuid);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_agent *a = o->agent;
	struct liteio_open_pool *p;
	struct liteio_pool *engine;
	int r;

	r = liteio_pool_open(device, place, &engine, &err);
	/* said by its first disk, and no copy of it is here: what one disk says is not enough */
	if (r == -EPERM) {
		forget_exported(a, device, uuid);
		return r;
	}
	if (r < 0) {
		say_not_opened(o, device, r, &err);
		return r;
	}
	r = liteio_claim_add(claim, a->pools, engine, &p, &err);
	if (r < 0) {
		let_go(device, engine, r, &err);
		return r;
	}
	log_info(NULL, "pool %s on %s is open", p->name, device);
	/* who waits for it finds it in the table, or has given up by now */
	if (o->opened) {
		o->opened(a, p);
	} else if (is_late(o)) {
		liteio_restore_pool(a, p);
		liteio_events_say(a, LITEIO_LOCAL_EVENT_POOL_OPENED, p->name, &p->uuid, NULL, "late");
		remember(a);
	}
	liteio_pools_put(a->pools, p);
	return 0;
}

/* 0 also when somebody else has opened it by now */
static int open_one(const struct opening *o, const char *device)
{
	struct liteio_claim *claim _cleanup_(liteio_claim_givep) = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_uuid uuid;
	int r;

	r = find_uuid(o, device, &uuid, &err);
	/* that of the one that is wanted has been taken */
	if (!r && !(o->claim && liteio_uuid_equal(&uuid, &o->uuid)))
		r = liteio_claim_take(&uuid, device, &claim, &err);
	if (r) {
		say_not_opened(o, device, r, &err);
		return r;
	}
	if (is_open(o->agent, &uuid))
		return 0;
	return open_claimed(o, device, claim ? claim : o->claim, &uuid);
}

/*
 * A device may be there by the same name and be another one; what is wrong with a file is worth a
 * line.
 */
static bool is_there(const struct opening *o, const char *device)
{
	struct liteio_pool_found found;
	int r;

	if (strncmp(device, "/dev/", 5) != 0)
		return true;
	r = liteio_pool_probe(device, &found, NULL);
	return !o->has_uuid ||
	       (r == 0 && liteio_uuid_equal(&found.label.pool_uuid, &o->uuid));
}

/* in the order of the devices, until it is open, or said to be another node's */
static void open_first(struct opening *o)
{
	bool is_done = false;

	for (size_t i = 0; i < o->n && !is_done; i++) {
		int r;

		set_state(o, OPENING_ASKS);
		if ((o->has_uuid && is_open(o->agent, &o->uuid)) || !is_there(o, o->devices[i]))
			continue;
		set_state(o, OPENING_OPENS);
		r = open_one(o, o->devices[i]);
		is_done = r == 0 || r == -EPERM;
	}
}

/* true: it was late. Nobody needs it any more, but those that have waited for it */
static bool end(struct opening *o)
{
	struct opening **at = &under_way.first;
	bool was_late;

	liteio_guard(&under_way.lock);
	was_late = o->is_late;
	if (was_late)
		liteio_late_end(o->devices[0]);
	o->state = OPENING_ENDED;
	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	pthread_cond_broadcast(&under_way.changed);
	unref(o);
	return was_late;
}

static void run(void *arg)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct opening *o = arg;
	struct liteio_agent *a = o->agent;
	int r = 0;

	/* from here on, however long the disk does not even say what it carries */
	if (o->has_uuid)
		r = liteio_claim_take(&o->uuid, o->devices[0], &o->claim, &err);
	if (!r)
		open_first(o);
	else
		say_not_opened(o, o->devices[0], r, &err);
	liteio_claim_give(o->claim);
	o->claim = NULL;
	/* what was waited for does not come */
	if (end(o))
		liteio_door_review(a);
}

/* ---- several at once ------------------------------------------------------------------------ */

/* those that are waited for together */
struct openings {
	struct opening **items;
	size_t n;
};

/* is a job at it, maybe for hours? By either; @uuid may be NULL */
static bool is_under_way(const char *device, const struct liteio_uuid *uuid)
{
	if (uuid && liteio_claim_is_taken(uuid))
		return true;
	liteio_guard(&under_way.lock);
	for (const struct opening *o = under_way.first; o; o = o->next) {
		if (uuid && o->has_uuid && liteio_uuid_equal(&o->uuid, uuid))
			return true;
		for (size_t i = 0; i < o->n; i++) {
			if (!strcmp(o->devices[i], device))
				return true;
		}
	}
	return false;
}

static struct opening *add(struct openings *all, struct liteio_agent *a,
			   const struct liteio_uuid *uuid)
{
	struct opening *o = liteio_calloc(1, sizeof(*o));

	o->agent = a;
	o->refs = 2;
	if (uuid) {
		o->has_uuid = true;
		o->uuid = *uuid;
	}
	all->items = liteio_realloc(all->items, all->n + 1, sizeof(*all->items));
	all->items[all->n++] = o;
	return o;
}

static void add_device(struct opening *o, const char *device)
{
	o->devices = liteio_realloc(o->devices, o->n + 1, sizeof(*o->devices));
	o->devices[o->n++] = liteio_strdup(device);
}

/* a pool on several disks, and one with a copy, are there more than once */
static struct opening *find(const struct openings *all, const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->items[i]->has_uuid && liteio_uuid_equal(&all->items[i]->uuid, uuid))
			return all->items[i];
	}
	return NULL;
}

static void begin(struct openings *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct opening *o = all->items[i];

		o->begun_ms = liteio_now_ms();
		{
			liteio_guard(&under_way.lock);
			o->next = under_way.first;
			under_way.first = o;
		}
		liteio_worker_submit(o->agent->workers, NULL, run, NULL, o);
	}
}

/* until when it is waited for; 0 for no longer. The lock is held */
static uint64_t patience(const struct opening *o, uint64_t now)
{
	uint64_t until = o->begun_ms + (o->state == OPENING_ASKS ? ASK_MS : OPEN_MS);

	return o->state == OPENING_ENDED || until <= now ? 0 : until;
}

/* the first time that somebody's patience ends, or 0. The lock is held */
static uint64_t next_end(const struct openings *all)
{
	uint64_t now = liteio_now_ms(), first = 0;

	for (size_t i = 0; i < all->n; i++) {
		uint64_t until = patience(all->items[i], now);

		if (until && (!first || until < first))
			first = until;
	}
	return first;
}

static void give_up(struct opening *o)
{
	if (o->state == OPENING_ENDED)
		return;
	o->is_late = true;
	liteio_late_begin(o->devices[0], o->has_uuid ? &o->uuid : NULL);
	log_warning(NULL, "pool on %s: %s: the others do not wait for it", o->devices[0],
		    o->state == OPENING_ASKS ? "its disk does not answer" : "it takes long to open");
}

/* begin all, and wait for those that are well */
static void open_all(struct openings *all)
{
	uint64_t until_ms;

	begin(all);
	liteio_guard(&under_way.lock);
	while ((until_ms = next_end(all))) {
		const struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
						.tv_nsec = (long)(until_ms % 1000) * 1000000 };

		pthread_cond_clockwait(&under_way.changed, &under_way.lock, CLOCK_MONOTONIC,
				       &until);
	}
	for (size_t i = 0; i < all->n; i++) {
		give_up(all->items[i]);
		unref(all->items[i]);
	}
	free(all->items);
	*all = (struct openings){ 0 };
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

static bool is_known(const struct liteio_known *known, const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < known->n_pools; i++) {
		if (liteio_uuid_equal(&known->pools[i].uuid, uuid))
			return true;
	}
	return false;
}

static bool is_allowed(const struct liteio_agent *a, const char *device)
{
	for (size_t i = 0; i < a->config.n_devices; i++) {
		if (fnmatch(a->config.devices[i], device, FNM_PATHNAME) == 0)
			return true;
	}
	return false;
}

static void add_found(struct openings *all, struct liteio_agent *a,
		      const struct liteio_pool_found *f)
{
	struct opening *o = find(all, &f->label.pool_uuid);

	if (is_under_way(f->device, &f->label.pool_uuid))
		return;
	add_device(o ? o : add(all, a, &f->label.pool_uuid), f->device);
}

static void open_devices(struct liteio_agent *a, const struct liteio_known *known)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	_cleanup_free_ struct liteio_pool_found *found = NULL;
	struct openings all = { 0 };
	size_t i, n = 0;
	int r;

	r = liteio_pool_scan(&found, &n, &err);
	if (r < 0) {
		log_err(NULL, "looking for pools: %s", liteio_error_str(&err, r));
		return;
	}
	for (i = 0; i < n; i++) {
		if (is_open_elsewhere(a, &found[i]))
			log_warning(NULL, "%s carries a copy of the pool %s: it is left alone",
				    found[i].device, found[i].label.pool_name);
		if (is_open(a, &found[i].label.pool_uuid))
			continue;
		if (is_known(known, &found[i].label.pool_uuid) || is_allowed(a, found[i].device))
			add_found(&all, a, &found[i]);
		else
			log_info(NULL, "pool %s on %s is not one of this node; import it to use it",
				 found[i].label.pool_name, found[i].device);
	}
	open_all(&all);
}

/* files first: their loop devices then are seen as what they are, in use */
static void open_files(struct liteio_agent *a, const struct liteio_known *known)
{
	struct openings all = { 0 };

	for (size_t i = 0; i < known->n_pools; i++) {
		if (known->pools[i].file)
			add_device(add(&all, a, &known->pools[i].uuid), known->pools[i].file);
	}
	open_all(&all);
	for (size_t i = 0; i < a->config.n_devices; i++) {
		const char *pattern = a->config.devices[i];

		if (!strpbrk(pattern, "*?[") && strncmp(pattern, "/dev/", 5) != 0 &&
		    !is_under_way(pattern, NULL) && liteio_fs_exists(pattern))
			add_device(add(&all, a, NULL), pattern);
	}
	open_all(&all);
}

void liteio_pools_open_known(struct liteio_agent *a)
{
	struct liteio_known known = { 0 };

	liteio_known_list(a, &known, NULL);
	open_files(a, &known);
	open_devices(a, &known);
	liteio_known_list_free(&known);
	remember(a);
}

/* ---- what comes late ------------------------------------------------------------------------ */

bool liteio_pools_any_missing(struct liteio_agent *a)
{
	struct liteio_known known = { 0 };
	bool missing = false;

	liteio_known_list(a, &known, NULL);
	for (size_t i = 0; i < known.n_pools; i++)
		missing = missing || !is_open(a, &known.pools[i].uuid);
	liteio_known_list_free(&known);
	return missing || liteio_pools_any_unplugged(a);
}

/* true once: one was refused that may be free now */
static bool is_worth_another_try(void)
{
	liteio_guard(&under_way.lock);
	if (!under_way.try_again)
		return false;
	under_way.try_again = false;
	return true;
}

bool liteio_pools_try_again(void)
{
	static bool was_silent;
	bool is_silent = liteio_pool_any_silent(), again = is_worth_another_try();

	again = again || is_silent || was_silent;
	was_silent = is_silent;
	return again;
}

static void add_missing_files(struct openings *all, struct liteio_agent *a,
			      const struct liteio_known *known)
{
	for (size_t i = 0; i < known->n_pools; i++) {
		const struct liteio_known_pool *k = &known->pools[i];

		/* what hangs is not looked at again */
		if (k->file && !is_open(a, &k->uuid) && !is_under_way(k->file, &k->uuid) &&
		    liteio_fs_exists(k->file))
			add_device(add(all, a, &k->uuid), k->file);
	}
}

static void add_missing_devices(struct openings *all, struct liteio_agent *a,
				const struct liteio_known *known, bool is_again)
{
	_cleanup_free_ struct liteio_pool_found *found = NULL;
	size_t n = 0;

	(void)liteio_pool_scan(&found, &n, NULL);
	for (size_t i = 0; i < n; i++) {
		if (!is_known(known, &found[i].label.pool_uuid))
			continue;
		/* its disk was pulled out, and this is that disk again */
		if (!liteio_pools_unplug_for(a, &found[i], is_again))
			try_later();
		if (!is_open(a, &found[i].label.pool_uuid))
			add_found(all, a, &found[i]);
	}
}

void liteio_pools_open_missing(struct liteio_agent *a, bool is_again,
			       void (*opened)(struct liteio_agent *a, struct liteio_open_pool *p))
{
	struct liteio_known known = { 0 };
	struct openings all = { 0 };

	liteio_known_list(a, &known, NULL);
	add_missing_files(&all, a, &known);
	add_missing_devices(&all, a, &known, is_again);
	liteio_known_list_free(&known);
	for (size_t i = 0; i < all.n; i++) {
		all.items[i]->opened = opened;
		all.items[i]->is_again = is_again;
	}
	open_all(&all);
}
