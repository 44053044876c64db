/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pools on their way into the table: opened side by side, each by a job of its own, and waited for
 * together, as long as all of them may take and no longer.
 *
 * Whoever waits has one budget, however many of them hang and whatever they hang in. A pool that is
 * not there by then is late: its job goes on, and does by itself what is left to be done.
 *
 * Context of all functions: any thread, unless said otherwise; one lock for all of them.
 */
#ifndef LITEIO_AGENT_OPENING_H
#define LITEIO_AGENT_OPENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "pool/ondisk.h"

struct liteio_agent;
struct liteio_claim;
struct liteio_open_pool;

/* a disk that has not said whose pool it carries by then is not waited for */
#define LITEIO_OPENING_ASK_MS 10000
/* nor is anything longer than this, from the first look for pools on */
#define LITEIO_OPENING_BUDGET_MS 20000

enum liteio_opening_state {
	LITEIO_OPENING_ASKS,
	LITEIO_OPENING_OPENS,
	LITEIO_OPENING_ENDED,
};

/**
 * struct liteio_opening - a pool on its way into the table
 * @next: of all that are under way
 * @agent: whose
 * @devices: where it may be: tried in this order until it is open
 * @n: how many
 * @has_uuid: it must be this pool
 * @uuid: likewise
 * @name: what the device that was asked last says its pool is called; for @run
 * @claim: on @uuid; for @run
 * @run: opens it, on a worker
 * @late: called when one that was late has ended; set by @run
 * @opened: called when it is open; else only when nobody waited for it, by then
 * @is_again: what keeps it from being opened has been said
 * @begun_ms: when
 * @state: how far it is
 * @is_late: nobody waits for it any more
 * @refs: the job, and who waits
 */
struct liteio_opening {
	struct liteio_opening *next;
	struct liteio_agent *agent;
	char **devices;
	size_t n;
	bool has_uuid;
	struct liteio_uuid uuid;
	char name[LITEIO_ONDISK_NAME];
	struct liteio_claim *claim;
	void (*run)(struct liteio_opening *o);
	void (*late)(struct liteio_agent *a);
	void (*opened)(struct liteio_agent *a, struct liteio_open_pool *p);
	bool is_again;
	uint64_t begun_ms;
	enum liteio_opening_state state;
	bool is_late;
	int refs;
};

/**
 * struct liteio_openings - those that are waited for together
 * @items: of one thread, until they are begun
 * @n: how many
 * @end_ms: when the patience with all of them ends, by liteio_now_ms()
 */
struct liteio_openings {
	struct liteio_opening **items;
	size_t n;
	uint64_t end_ms;
};

/* one more; @uuid may be NULL. It is owned by @all until liteio_openings_run() */
struct liteio_opening *liteio_openings_add(struct liteio_openings *all, struct liteio_agent *a,
					   const struct liteio_uuid *uuid);
/* that of a pool: one on several disks, and one with a copy, are there more than once; or NULL */
struct liteio_opening *liteio_openings_find(const struct liteio_openings *all,
					    const struct liteio_uuid *uuid);
bool liteio_openings_have(const struct liteio_openings *all, const char *device);
void liteio_opening_add_device(struct liteio_opening *o, const char *device);

/**
 * liteio_openings_run() - begin all, and wait for those that are well
 * @all: empty afterwards; @end_ms is set
 * @run: of each
 *
 * Context: worker; blocks until all have ended or are not waited for any more.
 */
void liteio_openings_run(struct liteio_openings *all, void (*run)(struct liteio_opening *o));

/* until when it is waited for, by liteio_now_ms(); 0 for no longer. Pure */
uint64_t liteio_opening_until(const struct liteio_opening *o, uint64_t end_ms, uint64_t now_ms);

/* for @run */
void liteio_opening_set_state(struct liteio_opening *o, enum liteio_opening_state state);
bool liteio_opening_is_late(const struct liteio_opening *o);
/* it turned out to be this pool; false when another one that is under way is, too */
bool liteio_opening_claim(struct liteio_opening *o, const struct liteio_uuid *uuid);

/* is a job at it, maybe for hours? By either; both may be NULL */
bool liteio_opening_is_under_way(const char *device, const struct liteio_uuid *uuid);

#endif
