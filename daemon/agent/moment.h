/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A moment: one point in time of volumes that share no transaction, of several pools or of several
 * classes. Each pool has a thread, and they wait for each other: until all are in their lanes,
 * until all heads are held still, until all snapshots are taken. Only then anything goes on. So of
 * two writes, the second begun after the first was answered, the second is never there alone.
 *
 * All or none: see groups.h.
 */
#ifndef LITEIO_AGENT_MOMENT_H
#define LITEIO_AGENT_MOMENT_H

#include <stddef.h>

#include "pool/pool.h"

struct liteio_agent;
struct liteio_error;
struct liteio_open_pool;

/**
 * struct liteio_moment_part - what is taken of one pool
 * @pool: the pool, open
 * @members: the snapshots, as the pool wants them
 * @n: how many, at least 1
 */
struct liteio_moment_part {
	struct liteio_open_pool *pool;
	const struct liteio_pool_member *members;
	size_t n;
};

/**
 * liteio_moment_take() - snapshots of one moment
 * @a: the agent
 * @parts: each of another pool; all volumes are locked by the caller
 * @n: how many
 * @err: why not
 *
 * A pool that is not ready within a few seconds ends it for all of them: nobody's I/O is held
 * longer than that by the disk of another pool, and who asked does not wait for one that hangs.
 * Context: worker, in no lane. Return: 0, also when all are there already, or a negative errno:
 * then none is there, or what is there is deleted as soon as its pool lets it.
 */
int liteio_moment_take(struct liteio_agent *a, const struct liteio_moment_part *parts, size_t n,
		       struct liteio_error *err);

#endif
