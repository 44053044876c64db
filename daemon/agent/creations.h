/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes that are created at once in one pool: whoever comes into its lane first creates them all,
 * and the others come back with what became of theirs.
 */
#ifndef LITEIO_AGENT_CREATIONS_H
#define LITEIO_AGENT_CREATIONS_H

struct liteio_error;
struct liteio_named_lock;
struct liteio_open_pool;
struct liteio_pool_create;

/**
 * liteio_creations_run() - create a volume together with all others that wait to be
 * @p: the pool
 * @want: for which liteio_pool_creates_together() is true; without an owner
 * @name: nobody else gives this name. Taken over, and NULL, when it has not been decided in time
 *	whether the volume has it
 * @err: why not
 *
 * Its own answer, not before it is on the disk. Context: worker, not in the lane. Return: as
 * liteio_pool_volume_create(), or -ETIMEDOUT as liteio_wish_run().
 */
int liteio_creations_run(struct liteio_open_pool *p, const struct liteio_pool_create *want,
			 struct liteio_named_lock **name, struct liteio_error *err);

#endif
