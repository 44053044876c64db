/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks by name: one operation at a time on one volume, without a lock object per volume. Names are
 * uuids of volumes, "volume:NAME" and "snapshot:NAME" for what is to get a name, and "pools"; ops.h
 * has their order.
 */
#ifndef LITEIO_AGENT_LOCKS_H
#define LITEIO_AGENT_LOCKS_H

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
/* the same without waiting: NULL when another one holds it */
struct liteio_named_lock *liteio_locks_try(struct liteio_locks *l, const char *name);
void liteio_locks_give(struct liteio_named_lock *lock); /* NULL is fine */

static inline void liteio_locks_givep(struct liteio_named_lock **lock)
{
	liteio_locks_give(*lock);
}

/* a lock that is given back at the end of the scope, and not looked at otherwise */
#define _liteio_held_ __attribute__((cleanup(liteio_locks_givep), unused))

#endif
