/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attachments: made, found, bound to heads, closed, deleted.
 */
#ifndef LITEIO_ATTACHMENT_H
#define LITEIO_ATTACHMENT_H

#include "liteio.h"

/**
 * liteio_att_new() - an attachment that nobody knows yet
 * @gen: LITEIO_GEN_MIN to LITEIO_GEN_MAX
 * @host: the consumer, for people; NULL for none; at most LITEIO_HOST_MAX characters
 * @flags: bits of enum liteio_att_flag
 *
 * Context: process, sleeps for memory that I/O may have to free: liteio_lock is not held. The
 * counters and the gate are per CPU, and whoever wants per-CPU memory may have to wait for
 * somebody who has pcpu_alloc_mutex and waits for I/O, maybe of a head that is suspended. That it
 * asks for no I/O itself does not help. If it held liteio_lock, the table without which the head is
 * not resumed could not be loaded; so only the caller waits. For the same reason none of our locks
 * is held over any other allocation of per-CPU memory; freeing it takes a spinlock only.
 * Return: with a reference, NULL without memory.
 */
struct liteio_att *liteio_att_new(u64 gen, const char *host, u32 flags);

/**
 * liteio_att_add() - give a consumer the right to a volume
 * @uuid: the volume
 * @att: from liteio_att_new(), never added before; on success the registry has the caller's
 *	reference, else the caller drops it
 * @why: on failure one sentence in static storage
 *
 * Context: process, takes liteio_life and liteio_lock.
 * Return: 0, -ENOENT, -ESTALE, -EEXIST, -ENOSPC, -ENOMEM or what the window said.
 */
int liteio_att_add(const uuid_t *uuid, struct liteio_att *att, const char **why);

/**
 * liteio_att_find() - the attachment of this generation
 * @vol: in the registry
 * @gen: any number
 *
 * Context: caller holds liteio_lock. Return: borrowed while the lock is held, NULL if there is
 * none.
 */
struct liteio_att *liteio_att_find(struct liteio_vol *vol, u64 gen);

/**
 * liteio_att_after() - begin, or go on, a walk over all attachments in order of creation
 * @id: the last id seen, 0 to begin
 *
 * Context: caller holds liteio_lock. Return: borrowed while the lock is held, NULL at the end.
 */
struct liteio_att *liteio_att_after(u64 id);

/**
 * liteio_att_next() - next step of a walk
 * @att: where it is
 *
 * Context: caller holds liteio_lock. Return: borrowed while the lock is held, NULL at the end.
 */
struct liteio_att *liteio_att_next(struct liteio_att *att);

/**
 * liteio_att_delete() - forget an attachment without a head
 * @uuid: its volume
 * @gen: its generation
 * @why: on failure one sentence in static storage
 *
 * Context: process, takes liteio_life and liteio_lock; sleeps for an RCU grace period if it was
 * fenced just now.
 * Return: 0, -ENOENT or -EBUSY.
 */
int liteio_att_delete(const uuid_t *uuid, u64 gen, const char **why);

/**
 * liteio_att_delete_all() - at the end of the module
 *
 * Context: process, sleeps; nobody else uses the registry, no head is bound.
 */
void liteio_att_delete_all(void);

/**
 * liteio_att_close() - close the gate for good; once closed, does nothing
 * @att: in the registry
 *
 * Must be followed by liteio_att_tell_closed() under the same lock: several gates are all closed
 * before the first event about them takes its time. Context: caller holds liteio_lock; does not
 * wait for I/O in flight: @att->drained does.
 */
void liteio_att_close(struct liteio_att *att);

/**
 * liteio_att_tell_closed() - send the event about a gate that was closed just now
 * @att: in the registry; nothing happens if it was told before or is open
 *
 * Context: caller holds liteio_lock.
 */
void liteio_att_tell_closed(struct liteio_att *att);

/**
 * liteio_att_bind() - a table names this attachment
 * @uuid: the volume
 * @gen: the generation
 * @owner: the device-mapper device of the table; all tables bound at a time are of the same one
 * @dev: number of @owner
 * @ret_att: the attachment, with a reference, for liteio_att_unbind()
 * @why: on failure one sentence in static storage
 *
 * Context: process, takes liteio_lock.
 * Return: 0, -ENOENT, -ESTALE when the generation is fenced, whether it still has an attachment or
 * not, -EBUSY when another device owns it.
 */
int liteio_att_bind(const uuid_t *uuid, u64 gen, const void *owner, dev_t dev,
		    struct liteio_att **ret_att, const char **why);

/**
 * liteio_att_unbind() - a table that named this attachment is gone
 * @att: from liteio_att_bind(); the reference is dropped
 *
 * Context: process, takes liteio_lock.
 */
void liteio_att_unbind(struct liteio_att *att);

/**
 * liteio_att_state() - where in its life an attachment is
 * @att: with a reference
 *
 * Context: any. Return: enum liteio_att_state.
 */
u32 liteio_att_state(struct liteio_att *att);

/**
 * liteio_att_state_name() - name of a state
 * @state: enum liteio_att_state
 *
 * Context: any. Return: one word in static storage.
 */
const char *liteio_att_state_name(u32 state);

/**
 * liteio_att_notice() - from the I/O path: tell the front ends about something, later
 * @att: bound, or with a reference
 * @bit: LITEIO_NOTICED_...
 *
 * The same thing is told about once a second at most. Context: any, also hard interrupts.
 */
void liteio_att_notice(struct liteio_att *att, enum liteio_att_bit bit);

/**
 * liteio_att_get() - take a reference
 * @att: with a reference, or in the registry under liteio_lock
 *
 * Context: any. Return: @att.
 */
struct liteio_att *liteio_att_get(struct liteio_att *att);

/**
 * liteio_att_put() - drop a reference
 * @att: may be freed
 *
 * Context: process.
 */
void liteio_att_put(struct liteio_att *att);

#endif
