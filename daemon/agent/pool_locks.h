/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who makes, opens, closes or grows a pool, and what nobody else does meanwhile.
 *
 * Three names (locks.h), in this order:
 *
 *   pools       shared by all who do such a thing: they do not wait for each other. The doctor has
 *               it alone while it looks a second time, so that no pool comes or goes then
 *   pool:NAME   one at a time does it to the pool of that name, or makes one
 *   device:...  a disk, a partition or a file is taken by one at a time, and a disk by nobody while
 *               somebody takes a partition of it
 *
 * They are held over what is done to the disk, for hours if it hangs: who wants the same pool or
 * the same disk meanwhile is refused after a minute, and nobody else waits. What has to be done
 * while it hangs takes none: a pool that is on its way into the table is given up by its claim
 * (claims.h). Who opens pools unasked (arrival.h) does not wait either: it comes again when it is
 * told to.
 */
#ifndef LITEIO_AGENT_POOL_LOCKS_H
#define LITEIO_AGENT_POOL_LOCKS_H

#include <stdbool.h>

#include "base/cleanup.h"

struct liteio_error;
struct liteio_locks;
struct liteio_named_lock;

#define LITEIO_POOLS_LOCK "pools"
/* for all of them together; as long as a lane */
#define LITEIO_POOL_LOCKS_MS 60000

/**
 * struct liteio_pool_locks - those that are held
 * @pools: shared
 * @name: of the pool
 * @disk: of which @device is a partition, shared
 * @device: that is taken
 */
struct liteio_pool_locks {
	struct liteio_named_lock *pools;
	struct liteio_named_lock *name;
	struct liteio_named_lock *disk;
	struct liteio_named_lock *device;
};

/**
 * liteio_pool_locks_take() - be the only one
 * @l: the table of locks
 * @pool: name of the pool
 * @device: a path; NULL: none is taken
 * @ret: given back with liteio_pool_locks_give() in any case; zeroed before
 * @err: what is held by whom
 *
 * Context: worker; blocks for LITEIO_POOL_LOCKS_MS at most. Return: 0 or -EBUSY.
 */
int liteio_pool_locks_take(struct liteio_locks *l, const char *pool, const char *device,
			   struct liteio_pool_locks *ret, struct liteio_error *err);
/*
 * the same without waiting, @pool NULL: "pools" alone. False: whoever has asked for it
 * (liteio_locks_tell()) is told when it may be tried again
 */
bool liteio_pool_locks_try(struct liteio_locks *l, const char *pool, struct liteio_pool_locks *ret);
void liteio_pool_locks_give(struct liteio_pool_locks *p);

/* given back at the end of the scope */
#define LITEIO_POOL_LOCKS(x) \
	struct liteio_pool_locks x _cleanup_(liteio_pool_locks_give) = { 0 }

#endif
