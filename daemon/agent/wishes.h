/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What several want of a pool at once: whoever comes into its lane first does it for all of them,
 * with one change of the catalog, and the others come back with what became of theirs.
 */
#ifndef LITEIO_AGENT_WISHES_H
#define LITEIO_AGENT_WISHES_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/pools.h"
#include "base/error.h"

struct liteio_named_lock;
struct liteio_wish_kind;

/* locks that a wish may take over */
#define LITEIO_WISH_LOCKS 3

/**
 * struct liteio_wish - the head of what is wanted, on the heap
 * @next: on the list of the pool, or among those that were taken from it together
 * @refs: the thread whose it is, and the list or who took it from there
 * @is_done: @result and @err count, and do not change any more
 * @result: 0 or a negative errno; written by who took it
 * @err: the sentence; likewise
 * @kind: which
 * @keeps: see liteio_wish_keep()
 *
 * All but what it is about, which does not change, is under the pool's lock.
 */
struct liteio_wish {
	struct liteio_wish *next;
	unsigned int refs;
	bool is_done;
	int result;
	struct liteio_error err;
	const struct liteio_wish_kind *kind;
	struct liteio_named_lock *keeps[LITEIO_WISH_LOCKS];
};

/**
 * struct liteio_wish_kind - wishes that can be fulfilled together
 * @most: so many at a time
 * @fulfil: in the lane; sets @result and @err of each
 * @release: what it has beside its memory, which waits for nothing: the pool's lock is held. NULL:
 *	there is no such thing
 */
struct liteio_wish_kind {
	size_t most;
	void (*fulfil)(struct liteio_pool *engine, struct liteio_wish *first, size_t n);
	void (*release)(struct liteio_wish *wish);
};

/**
 * liteio_wish_run() - have a wish fulfilled together with others
 * @p: the pool
 * @list: that of its kind, in @p
 * @kind: which
 * @wish: zeroed, but for what it is about; nobody's stack, for its thread may give up waiting while
 *	another one is at it
 * @err: why not
 *
 * The caller looks at it when this returns 0, and gives it back: liteio_wish_put(). Context:
 * worker, not in the lane. Return: its own @result, not before it is on the disk, or -ETIMEDOUT
 * when the lane has not been free in time: it will not be fulfilled then, unless another one has
 * taken it into the lane and hangs with it, for as long once more; the sentence says so.
 */
int liteio_wish_run(struct liteio_open_pool *p, struct liteio_wish **list,
		    const struct liteio_wish_kind *kind, struct liteio_wish *wish,
		    struct liteio_error *err);
/**
 * liteio_wish_run_for() - the same, by a thread that is waited for no longer than so long
 * @p: the pool
 * @list: that of its kind, all of which is fulfilled at a time
 * @kind: which
 * @wish: likewise
 * @what_for: in the lane
 * @ms: so long, once the lane is entered
 * @err: why not
 *
 * Return: likewise; -ETIMEDOUT: it may still be fulfilled, late, if it was begun.
 */
int liteio_wish_run_for(struct liteio_open_pool *p, struct liteio_wish **list,
			const struct liteio_wish_kind *kind, struct liteio_wish *wish,
			enum liteio_lane_for what_for, uint64_t ms, struct liteio_error *err);
void liteio_wish_put(struct liteio_open_pool *p, struct liteio_wish *wish);
/*
 * After -ETIMEDOUT: what may come to be all the same takes locks over, and gives them back, the
 * last one first, when it is decided; any may be NULL. Each is then; nothing happens to them when
 * nobody is at the wish any more
 */
void liteio_wish_keep(struct liteio_open_pool *p, struct liteio_wish *wish,
		      struct liteio_named_lock **const locks[LITEIO_WISH_LOCKS]);
/* nobody else is at it, nor will be: what it is about is its thread's alone */
bool liteio_wish_is_ours(struct liteio_open_pool *p, const struct liteio_wish *wish);

#endif
