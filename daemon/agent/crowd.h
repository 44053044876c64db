/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one pool may have of the workers: a disk that hangs must not take along who works for
 * others.
 *
 * Of what changes something in a pool so many are begun at a time; the others are parked, without a
 * worker, and begun in the order they came. When the same has been in the pool's lane for long, its
 * disk may hang: then only a few may wait for it, and more are refused.
 *
 * Several disks may hang at once, those of a controller. So of each kind a pool has no more than
 * half of what the others leave, if only one: however many hang, something is left for one that
 * does not.
 *
 * Pure; context of all functions: one thread.
 */
#ifndef LITEIO_AGENT_CROWD_H
#define LITEIO_AGENT_CROWD_H

#include <stdbool.h>

struct liteio_about;
struct liteio_error;
struct liteio_uuid;

/* of one pool, begun or parked, and of all: there are LITEIO_JOBS_MAX of each kind */
#define LITEIO_CROWD_MAX 112
#define LITEIO_CROWD_ALL 224
/*
 * begun: of the workers for all else, and of those for fences, of which there are some more. Who
 * waits for the lane is taken along by who is in it (wishes.h), but only if he has been begun: so a
 * hundred are
 */
#define LITEIO_CROWD_BEGUN_MAX 104
#define LITEIO_CROWD_BEGUN_ALL 208
#define LITEIO_CROWD_FENCES_MAX 12
#define LITEIO_CROWD_FENCES_ALL 56
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
 * @is_fence: what closes gates is not kept out by all else that waits for the same disk, only by as
 *	many of its kind as would keep out that of other pools
 * @err: the sentence why not
 *
 * Return: 0 or -EBUSY.
 */
int liteio_crowd_check(const struct liteio_crowds *c, const struct liteio_about *about,
		       bool is_fence, struct liteio_error *err);
/* one comes, whose pool is @pool: true when it is begun now; else it is parked. Null: no pool */
bool liteio_crowd_enter(struct liteio_crowds *c, const struct liteio_uuid *pool, bool is_fence,
			void *who);
/* one that was begun has ended */
void liteio_crowd_leave(struct liteio_crowds *c, const struct liteio_uuid *pool, bool is_fence);
/* who was parked, and is begun now; to be called after each leave until there is none: NULL */
void *liteio_crowd_next(struct liteio_crowds *c, bool is_fence);
/* forget all; who is parked is given to @drop */
void liteio_crowds_fini(struct liteio_crowds *c, void (*drop)(void *who));

#endif
