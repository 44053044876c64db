/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes that are created at once in one pool: whoever comes into its lane first creates them all,
 * and the others come back with what became of theirs.
 */
#ifndef LITEIO_AGENT_CREATIONS_H
#define LITEIO_AGENT_CREATIONS_H

#include "agent/locks.h"

struct liteio_error;
struct liteio_open_pool;
struct liteio_pool_create;

/**
 * struct liteio_creation_locks - what nobody else gives meanwhile
 * @name: that of its name (liteio_name_take())
 * @uuid: that of its uuid (liteio_uuid_take()); NULL for one of its own
 */
struct liteio_creation_locks {
	struct liteio_named_lock *name;
	struct liteio_named_lock *uuid;
};

/* given back with this; those that were taken over are NULL */
static inline void liteio_creation_locks_give(struct liteio_creation_locks *l)
{
	liteio_locks_give(l->uuid);
	liteio_locks_give(l->name);
}

/**
 * liteio_creations_run() - create a volume together with all others that wait to be
 * @p: the pool
 * @want: for which liteio_pool_creates_together() is true; without an owner
 * @locks: taken over, and NULL, when it has not been decided in time whether the volume has what
 *	they stand for
 * @err: why not
 *
 * Its own answer, not before it is on the disk. Context: worker, not in the lane. Return: as
 * liteio_pool_volume_create(), or -ETIMEDOUT as liteio_wish_run().
 */
int liteio_creations_run(struct liteio_open_pool *p, const struct liteio_pool_create *want,
			 struct liteio_creation_locks *locks, struct liteio_error *err);

#endif
