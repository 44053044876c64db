/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one pool may have of the workers: a disk that hangs must not take along who works for
 * others.
 *
 * Of what changes something in a pool so many are begun at a time; the others are parked, without a
 * worker, and begun in the order they came. When the same has been in the pool's lane for long, its
 * disk may hang: then only a few may wait for it, and more are refused.
 *
 * Pure; context of all functions: one thread.
 */
#ifndef LITEIO_AGENT_CROWD_H
#define LITEIO_AGENT_CROWD_H

#include <stdbool.h>

struct liteio_about;
struct liteio_error;
struct liteio_uuid;

/* of one pool, begun or parked; there are LITEIO_JOBS_MAX of all */
#define LITEIO_CROWD_MAX 160
/*
 * begun: of the workers for all else, and of those for fences. Who waits for the lane is taken
 * along by who is in it (wishes.h), but only if he has been begun: so a hundred are
 */
#define LITEIO_CROWD_BEGUN_MAX 104
#define LITEIO_CROWD_FENCES_MAX 12
/* the same has been in the lane for so long: then so many */
#define LITEIO_CROWD_HANGS_MS 20000
#define LITEIO_CROWD_HANGS_MAX 16

struct liteio_crowd;

/**
 * struct liteio_crowds - of all pools
 * @first: those that have anybody
 */
struct liteio_crowds {
	struct liteio_crowd *first;
};

/**
 * liteio_crowd_check() - may one more come?
 * @c: all
 * @about: the pool
 * @err: the sentence why not
 *
 * Not asked for fences. Return: 0 or -EBUSY.
 */
int liteio_crowd_check(const struct liteio_crowds *c, const struct liteio_about *about,
		       struct liteio_error *err);
/* one comes, whose pool is @pool: true when it is begun now; else it is parked. Null: no pool */
bool liteio_crowd_enter(struct liteio_crowds *c, const struct liteio_uuid *pool, bool is_fence,
			void *who);
/* one that was begun has ended: who is begun in its place, or NULL */
void *liteio_crowd_leave(struct liteio_crowds *c, const struct liteio_uuid *pool, bool is_fence);
/* forget all; who is parked is given to @drop */
void liteio_crowds_fini(struct liteio_crowds *c, void (*drop)(void *who));

#endif
