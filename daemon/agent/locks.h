/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks by name: one operation at a time on one volume, without a lock object per volume. Names are
 * uuids of volumes, "volume:NAME" and "snapshot:NAME" for what is to get a name, "uuid:UUID" for
 * what is to get a uuid, and those of pool_locks.h; ops.h has their order.
 */
#ifndef LITEIO_AGENT_LOCKS_H
#define LITEIO_AGENT_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_locks;
struct liteio_named_lock;

struct liteio_locks *liteio_locks_new(void);
void liteio_locks_free(struct liteio_locks *l); /* none is held any more */

/**
 * liteio_locks_take() - wait for a name and hold it
 * @l: the table
 * @name: what is locked
 *
 * Context: worker; blocks as long as another one holds it. Return: to be given back; never NULL.
 */
struct liteio_named_lock *liteio_locks_take(struct liteio_locks *l, const char *name);
/* the same, no longer than so long: NULL when others have held it all the while */
struct liteio_named_lock *liteio_locks_take_for(struct liteio_locks *l, const char *name,
						uint64_t ms);
/* likewise, beside others who share it: who takes it has it alone */
struct liteio_named_lock *liteio_locks_share_for(struct liteio_locks *l, const char *name,
						 uint64_t ms);
/* liteio_locks_take() without waiting: NULL when another one holds it */
struct liteio_named_lock *liteio_locks_try(struct liteio_locks *l, const char *name);
void liteio_locks_give(struct liteio_named_lock *lock); /* NULL is fine */
/*
 * who holds it alone now is to look once more when he is done: something was done beside him, which
 * waits for nobody. Context: any thread; blocks for nothing
 */
void liteio_locks_note(struct liteio_locks *l, const char *name);
/* was that said since it was taken? NULL: it is not locked, and was not */
bool liteio_locks_is_noted(const struct liteio_named_lock *lock);
/* somebody holds it, or waits for it. Context: any thread; blocks for nothing */
bool liteio_locks_is_used(struct liteio_locks *l, const char *name);

/**
 * liteio_locks_tell() - who wants to know when a name is given back, and does not wait for it
 * @l: the table; there is one who does
 * @fn: called when nobody holds a name any more that was wanted, on any thread and under the lock
 *	of the table: it blocks for nothing. NULL: not from the return of this call on
 * @arg: for it
 *
 * Context: any thread.
 */
void liteio_locks_tell(struct liteio_locks *l, void (*fn)(void *arg), void *arg);
/* liteio_locks_take_for(), liteio_locks_share_for() without waiting. NULL: it is wanted */
struct liteio_named_lock *liteio_locks_take_or_want(struct liteio_locks *l, const char *name);
struct liteio_named_lock *liteio_locks_share_or_want(struct liteio_locks *l, const char *name);

static inline void liteio_locks_givep(struct liteio_named_lock **lock)
{
	liteio_locks_give(*lock);
}

/* a lock that is given back at the end of the scope, and not looked at otherwise */
#define _liteio_held_ __attribute__((cleanup(liteio_locks_givep), unused))

#endif
