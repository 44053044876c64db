/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registry: all volumes and attachments, the lock over them, and who is told when they change.
 */
#ifndef LITEIO_REGISTRY_H
#define LITEIO_REGISTRY_H

#include <linux/mutex.h>

#include "liteio.h"

/*
 * liteio_lock protects the registry.
 *
 * Covers the lists of volumes and attachments, every generation rule, closing of gates, bindings
 * of heads, and the count of changes. Taken with liteio_registry_lock() only.
 */
extern struct mutex liteio_lock;

/*
 * liteio_life protects which objects there are.
 *
 * Whoever makes or deletes one holds it from when he looks until the window shows what he has done.
 * It comes before liteio_lock, and the window is told under it alone: a directory can change only
 * when nobody lists it, and who does may wait for a page of his own memory, which may come from a
 * disk that hangs. Fences, tables, changes and questions take liteio_lock only, and do not wait for
 * him. Taken with liteio_registry_lock_life() only.
 */
extern struct mutex liteio_life;

/**
 * struct liteio_front - what a front end wants to be told
 * @vol_added: a volume was made; may refuse it with a negative errno
 * @vol_removed: it is going away; not called for one that was refused
 * @att_added: as for volumes
 * @att_removed: as for volumes
 * @event: something happened: @type of enum liteio_event, @att NULL for events of a volume
 *
 * Members may be NULL. The first four are called under liteio_life, without liteio_lock, in process
 * context: before an object is in the registry, and after it has left. @event is called in process
 * context with or without these locks, of which it must take none.
 */
struct liteio_front {
	int (*vol_added)(struct liteio_vol *vol);
	void (*vol_removed)(struct liteio_vol *vol);
	int (*att_added)(struct liteio_att *att);
	void (*att_removed)(struct liteio_att *att);
	void (*event)(u32 type, const struct liteio_vol *vol, const struct liteio_att *att,
		      u64 value);
};

/**
 * liteio_registry_init() - get ready
 * @window: told of objects
 * @events: told of events
 *
 * Both stay until liteio_registry_fini() and live longer. Context: process.
 * Return: 0, or a negative errno.
 */
int liteio_registry_init(const struct liteio_front *window, const struct liteio_front *events);

/**
 * liteio_registry_clear() - delete everything that is left
 *
 * No head is bound and no front end calls in any more, but the window is still told. Context:
 * process, sleeps until gates are drained, which needs no I/O any more.
 */
void liteio_registry_clear(void);

/**
 * liteio_registry_fini() - the end of the registry, which is empty
 *
 * Context: process, sleeps.
 */
void liteio_registry_fini(void);

/**
 * liteio_registry_instance() - the random id of this registry
 *
 * Context: any. Return: LITEIO_UUID_LEN bytes.
 */
const u8 *liteio_registry_instance(void);

/**
 * liteio_registry_features() - what the module can do
 *
 * Context: any. Return: bits of enum liteio_feature.
 */
u64 liteio_registry_features(void);

/**
 * liteio_registry_lock() - take liteio_lock
 *
 * Until the lock is dropped, allocations of this thread do no I/O: the device below may be one
 * that is suspended by whoever waits for us. Per-CPU memory is not taken under it at all, see
 * liteio_att_new(). Context: process, sleeps.
 * Return: to be given to liteio_registry_unlock().
 */
unsigned int liteio_registry_lock(void);

/**
 * liteio_registry_unlock() - drop liteio_lock
 * @cookie: from liteio_registry_lock()
 *
 * Context: process.
 */
void liteio_registry_unlock(unsigned int cookie);

/**
 * liteio_registry_lock_life() - take liteio_life
 *
 * liteio_lock is not held. Allocations of this thread do no I/O until it is dropped: who makes an
 * object does not wait for a disk that somebody has suspended. Context: process, sleeps.
 * Return: to be given to liteio_registry_unlock_life().
 */
unsigned int liteio_registry_lock_life(void);

/**
 * liteio_registry_unlock_life() - drop liteio_life
 * @cookie: from liteio_registry_lock_life()
 *
 * Context: process.
 */
void liteio_registry_unlock_life(unsigned int cookie);

/**
 * liteio_registry_changes() - count of changes, for readers that come back
 *
 * Context: caller holds liteio_lock. Return: another number after objects were added or deleted
 * or a floor was raised; never 0.
 */
unsigned int liteio_registry_changes(void);

/**
 * liteio_registry_touch() - count one change
 *
 * Context: caller holds liteio_lock.
 */
void liteio_registry_touch(void);

/**
 * liteio_registry_id() - the next id for an object
 *
 * Context: caller holds liteio_lock. Return: above all ids before.
 */
u64 liteio_registry_id(void);

/**
 * liteio_registry_queue() - run a delayed work of an object on the module's workqueue
 * @work: the work
 * @delay: jiffies
 *
 * Context: any, also hard interrupts.
 */
void liteio_registry_queue(struct delayed_work *work, unsigned long delay);

/**
 * liteio_registry_event() - tell the front ends that something happened
 * @type: enum liteio_event
 * @vol: the volume
 * @att: the attachment, or NULL
 * @value: as enum liteio_event says
 *
 * Context: process, may sleep, with or without liteio_lock.
 */
void liteio_registry_event(u32 type, const struct liteio_vol *vol, const struct liteio_att *att,
			   u64 value);

/**
 * liteio_registry_window() - the front end that is told of objects
 *
 * Context: any. Return: never NULL.
 */
const struct liteio_front *liteio_registry_window(void);

#endif
