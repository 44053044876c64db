// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pools on their way into the table.
 */
#include "agent/opening.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/claims.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"

/* one agent has one set of them */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct liteio_opening *first;
} under_way = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

/* ---- before they are begun ------------------------------------------------------------------ */

struct liteio_opening *liteio_openings_add(struct liteio_openings *all, struct liteio_agent *a,
					   const struct liteio_uuid *uuid)
{
	struct liteio_opening *o = liteio_calloc(1, sizeof(*o));

	o->agent = a;
	o->refs = 2;
	if (uuid) {
		o->has_uuid = true;
		o->uuid = *uuid;
	}
	all->items = liteio_realloc(all->items, all->n + 1, sizeof(struct liteio_opening *));
	all->items[all->n++] = o;
	return o;
}

void liteio_opening_add_device(struct liteio_opening *o, const char *device)
{
	o->devices = liteio_realloc(o->devices, o->n + 1, sizeof(*o->devices));
	o->devices[o->n++] = liteio_strdup(device);
}

struct liteio_opening *liteio_openings_find(const struct liteio_openings *all,
					    const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->items[i]->has_uuid && liteio_uuid_equal(&all->items[i]->uuid, uuid))
			return all->items[i];
	}
	return NULL;
}

static bool has_device(const struct liteio_opening *o, const char *device)
{
	for (size_t i = 0; i < o->n; i++) {
		if (!strcmp(o->devices[i], device))
			return true;
	}
	return false;
}

bool liteio_openings_have(const struct liteio_openings *all, const char *device)
{
	for (size_t i = 0; i < all->n; i++) {
		if (has_device(all->items[i], device))
			return true;
	}
	return false;
}

/* ---- under way ------------------------------------------------------------------------------ */

/* the lock is held */
static bool is_of(const struct liteio_opening *o, const struct liteio_uuid *uuid)
{
	return uuid && o->has_uuid && liteio_uuid_equal(&o->uuid, uuid);
}

bool liteio_opening_is_under_way(const char *device, const struct liteio_uuid *uuid)
{
	liteio_guard(&under_way.lock);
	for (const struct liteio_opening *o = under_way.first; o; o = o->next) {
		if (is_of(o, uuid) || (device && has_device(o, device)))
			return true;
	}
	return false;
}

bool liteio_opening_claim(struct liteio_opening *o, const struct liteio_uuid *uuid)
{
	liteio_guard(&under_way.lock);
	for (const struct liteio_opening *other = under_way.first; other; other = other->next) {
		if (other != o && is_of(other, uuid))
			return false;
	}
	o->has_uuid = true;
	o->uuid = *uuid;
	return true;
}

void liteio_opening_set_state(struct liteio_opening *o, enum liteio_opening_state state)
{
	liteio_guard(&under_way.lock);
	o->state = state;
	pthread_cond_broadcast(&under_way.changed);
}

bool liteio_opening_is_late(const struct liteio_opening *o)
{
	liteio_guard(&under_way.lock);
	return o->is_late;
}

/* the lock is held */
static void unref(struct liteio_opening *o)
{
	if (--o->refs)
		return;
	liteio_fs_names_free(o->devices, o->n);
	free(o);
}

/* what is called when it was late, or NULL; @o is gone */
static void (*end(struct liteio_opening *o))(struct liteio_agent *a)
{
	void (*late)(struct liteio_agent *a) = NULL;
	struct liteio_opening **at = &under_way.first;

	liteio_guard(&under_way.lock);
	if (o->is_late) {
		liteio_late_end(o->devices[0]);
		late = o->late;
	}
	o->state = LITEIO_OPENING_ENDED;
	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	pthread_cond_broadcast(&under_way.changed);
	unref(o);
	return late;
}

static void job(void *arg)
{
	struct liteio_opening *o = arg;
	struct liteio_agent *a = o->agent;
	void (*late)(struct liteio_agent *a);

	o->run(o);
	late = end(o);
	if (late)
		late(a);
}

/* all are on the list before the first one runs: none takes what another one stands for */
static void begin(struct liteio_openings *all)
{
	uint64_t now = liteio_now_ms();

	{
		liteio_guard(&under_way.lock);
		for (size_t i = 0; i < all->n; i++) {
			all->items[i]->begun_ms = now;
			all->items[i]->next = under_way.first;
			under_way.first = all->items[i];
		}
	}
	for (size_t i = 0; i < all->n; i++)
		liteio_worker_submit(all->items[i]->agent->workers, NULL, job, NULL, all->items[i]);
}

/* ---- waiting -------------------------------------------------------------------------------- */

uint64_t liteio_opening_until(const struct liteio_opening *o, uint64_t end_ms, uint64_t now_ms)
{
	uint64_t until = end_ms, answers = o->begun_ms + LITEIO_OPENING_ASK_MS;

	if (o->state == LITEIO_OPENING_ASKS && answers < until)
		until = answers;
	return o->state == LITEIO_OPENING_ENDED || until <= now_ms ? 0 : until;
}

/* the first time that the patience with one ends, or 0. The lock is held */
static uint64_t next_end(const struct liteio_openings *all)
{
	uint64_t now = liteio_now_ms(), first = 0;

	for (size_t i = 0; i < all->n; i++) {
		uint64_t until = liteio_opening_until(all->items[i], all->end_ms, now);

		if (until && (!first || until < first))
			first = until;
	}
	return first;
}

/* the lock is held */
static void give_up(struct liteio_opening *o)
{
	if (o->state == LITEIO_OPENING_ENDED)
		return;
	o->is_late = true;
	liteio_late_begin(o->devices[0], o->has_uuid ? &o->uuid : NULL);
	log_warning(NULL, "pool on %s: %s: the others do not wait for it", o->devices[0],
		    o->state == LITEIO_OPENING_ASKS ? "its disk does not answer" :
						      "it takes long to open");
}

void liteio_openings_run(struct liteio_openings *all, void (*run)(struct liteio_opening *o))
{
	uint64_t until_ms;

	for (size_t i = 0; i < all->n; i++)
		all->items[i]->run = run;
	begin(all);
	liteio_guard(&under_way.lock);
	while ((until_ms = next_end(all)))
		(void)liteio_wait_until(&under_way.changed, &under_way.lock, until_ms);
	for (size_t i = 0; i < all->n; i++) {
		give_up(all->items[i]);
		unref(all->items[i]);
	}
	free(all->items);
	*all = (struct liteio_openings){ 0 };
}
