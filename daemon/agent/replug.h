/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pools whose disk was pulled out.
 *
 * To the kernel a disk that comes back is another one. What the pool has on the old one is errors:
 * it is taken out, and the pool opened from the new one. Whoever has a volume open has seen these
 * errors and may have data in memory that are not on the disk; the disk may have been elsewhere. So
 * nobody gets it back below what is open: that has to be closed first.
 *
 * Of another node nobody knows whether it has a volume open. What it has written and not flushed
 * may have gone with the power of the disk, and its next flush must not succeed on the new one:
 * its generation is ended: by ended.h as soon as the disk is gone, in the kernel before the pool is
 * taken out, and in the catalog when it is open again. The consumer sees errors, never a success,
 * until it is attached anew.
 *
 * By itself that is done only for the disk that is gone (pool/back.h), never for an image of it or
 * of another disk of the pool: such a one is left to an import by hand.
 */
#ifndef LITEIO_AGENT_REPLUG_H
#define LITEIO_AGENT_REPLUG_H

#include <stdbool.h>

struct liteio_agent;
struct liteio_error;
struct liteio_open_pool;
struct liteio_pool;
struct liteio_pool_found;
struct liteio_pool_how;
struct liteio_uuid;

/* a disk of some open pool is gone. Any thread */
bool liteio_pools_any_unplugged(struct liteio_agent *a);
/*
 * write down what has ended with them (ended.h), and with pools that nobody has open and that the
 * kernel has on disks that are gone (left.h). False, and a line, when something can not be: it is
 * to be tried again. Worker, no lane
 */
bool liteio_pools_end_unplugged(struct liteio_agent *a);

/*
 * take a pool out whose disk is gone, with what it has in the kernel; @p stays the caller's, and is
 * good for nothing but liteio_pools_put(). Worker that holds its name (pool_locks.h): 0, -EBUSY...
 */
int liteio_pools_drop(struct liteio_agent *a, struct liteio_open_pool *p, struct liteio_error *err);

/**
 * liteio_pools_unplug() - take an open pool out whose disk is gone, for one that is there
 * @a: the agent
 * @f: a disk that carries a pool
 * @how: somebody says that it is to take that place, whatever it is, and be opened like this; NULL:
 *	nobody does
 * @err: who has a volume of it open, or why it is not that disk
 *
 * What is against opening the one that was asked for is found out first, and then nothing has
 * changed; but not of a pool of several disks: those that are there are locked as long as it is
 * open. Context: worker that holds the pool's name. Return: 0 (also when no such pool is open, or
 * it has a disk in that place), -EBUSY, -ESTALE it is not the disk that is gone, or another errno.
 */
int liteio_pools_unplug(struct liteio_agent *a, const struct liteio_pool_found *f,
			const struct liteio_pool_how *how, struct liteio_error *err);
/*
 * the same, unasked; why not is logged, once for each disk that comes. False: it is to be tried
 * again
 */
bool liteio_pools_unplug_for(struct liteio_agent *a, const struct liteio_pool_found *f,
			     bool is_again);

/**
 * liteio_replug_open() - open a pool, also one that another agent has left on a disk that is gone
 * @a: the agent
 * @how: what is opened
 * @uuid: of the pool, which is claimed
 * @ret: the pool
 * @ret_again: what is in the way may end by itself
 * @err: why not
 *
 * An agent that ended while the disk was out has said to nobody what it knew of it. What is left is
 * taken out as by liteio_pools_drop(), when nothing else is against opening the pool. Context:
 * worker. Return: 0; -EBUSY a volume of it is open; -ESTALE @device is not known to be that disk,
 * and somebody has to say so; or as liteio_pool_open().
 */
int liteio_replug_open(struct liteio_agent *a, const struct liteio_pool_how *how,
		       const struct liteio_uuid *uuid, struct liteio_pool **ret, bool *ret_again,
		       struct liteio_error *err);

#endif
