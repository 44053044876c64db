/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracking of dirty chunks: which chunks of an attachment's head were written to.
 *
 * WHY NO WRITE IS MISSED
 *
 * The end of a write reads att->dirty_map and, when there is one, marks: full barrier, look at the
 * bits, set those that are not set. All of that comes after the device below has ended the write
 * and before the submitter is told. Three things can happen at the same time:
 *
 *  - A start publishes the map and waits for a grace period before it answers. A write whose end
 *    saw no map was over on its CPU before that answer, so its data is seen by whoever begins to
 *    read after it.
 *  - A fetch takes bits with an atomic operation that is a full barrier. Either the end of a write
 *    comes to its bit after that, and sets it again; or it saw the bit set, and then, by the two
 *    barriers, whoever got the answer of the fetch sees the data.
 *  - A head that grows gets a larger map. It is published empty; after a grace period nobody marks
 *    in the old one any more, and its bits are added. Nobody fetches meanwhile.
 *
 * What a fetch gave out stays in the answer's record until the next fetch confirms it or puts it
 * back: a mark is in the bitmap, or in the record, or on its way in a write that has not ended.
 *
 * LOCKS. Each attachment's tracking has a mutex, for all but marking and looking: starts, stops,
 * fetches, tables that are loaded and resumed take turns. It is never taken with liteio_lock held;
 * that one is taken in it when a tracking begins or ends, to tell of it before the attachment is
 * deleted or not at all. What is allocated under it does no I/O, because a table of a suspended
 * device may wait for it. Marking takes no lock; the map it marks in is protected by RCU.
 */
#ifndef LITEIO_DIRTY_H
#define LITEIO_DIRTY_H

#include <linux/rcupdate.h>

#include "chunks.h"
#include "liteio.h"

/**
 * struct liteio_dirty_state - what can be told of a tracking
 * @tracking: its name, never 0
 * @shift: logarithm of the bytes of a chunk
 * @chunks: of the head at present
 * @remaining: marked chunks that are not given out; exact while no I/O ends, else never too low
 */
struct liteio_dirty_state {
	u64 tracking;
	unsigned int shift;
	u64 chunks;
	u64 remaining;
};

/**
 * struct liteio_dirty_fetch - a fetch: what is asked, and what is answered
 * @tracking: in: its name
 * @cursor: in: first chunk to look at; out: first one that was not looked at
 * @max_chunks: in: give out no more
 * @ticket: in: of the answer that is confirmed, 0 for none; out: of this answer
 * @state: out
 * @ranges: out: what is given out
 */
struct liteio_dirty_fetch {
	u64 tracking;
	u64 cursor;
	u64 max_chunks;
	u64 ticket;
	struct liteio_dirty_state state;
	struct liteio_ranges ranges;
};

/**
 * liteio_dirty_new() - nothing is tracked
 *
 * Context: process, sleeps. Return: for liteio_dirty_free(), NULL without memory.
 */
struct liteio_dirty *liteio_dirty_new(void);

/**
 * liteio_dirty_free() - the end of an attachment, tracked or not
 * @dirty: of the attachment
 * @map: its dirty_map, which nobody reads any more
 *
 * Context: process.
 */
void liteio_dirty_free(struct liteio_dirty *dirty, struct liteio_dirty_map *map);

/**
 * liteio_dirty_is_tracked() - has liteio_dirty_mark() anything to do
 * @att: bound
 *
 * Context: any, also hard interrupts. Return: false nearly always.
 */
static inline bool liteio_dirty_is_tracked(const struct liteio_att *att)
{
	return rcu_access_pointer(att->dirty_map);
}

/**
 * liteio_dirty_mark() - the device below has ended an I/O, well or not
 * @att: bound, the I/O holds its gate
 * @io: the I/O; of any class
 *
 * Context: any, also hard interrupts; before the submitter is told.
 */
void liteio_dirty_mark(struct liteio_att *att, const struct liteio_io *io);

/**
 * liteio_dirty_make_room() - a table is being loaded: all of it must find place in the bitmap
 * @att: bound
 * @sectors: where the table's part of the head ends
 * @why: on failure one sentence in static storage
 *
 * Context: process, sleeps for memory and a grace period. Return: 0, -E2BIG or -ENOMEM.
 */
int liteio_dirty_make_room(struct liteio_att *att, u64 sectors, const char **why);

/**
 * liteio_dirty_resize() - a table is being resumed: what is new in the head is dirty
 * @att: bound, no I/O of it is under way
 * @sectors: the head's length
 *
 * Context: process, sleeps.
 */
void liteio_dirty_resize(struct liteio_att *att, u64 sectors);

/**
 * liteio_dirty_start() - begin to track
 * @att: with a reference
 * @shift: LITEIO_DIRTY_SHIFT_MIN to LITEIO_DIRTY_SHIFT_MAX
 * @ret: the new tracking
 * @why: on failure one sentence in static storage
 *
 * Context: process, sleeps for memory and a grace period; liteio_lock is not held.
 * Return: 0, -EBUSY, -E2BIG, -ENOMEM, or -ENOENT when the attachment was deleted meanwhile.
 */
int liteio_dirty_start(struct liteio_att *att, unsigned int shift, struct liteio_dirty_state *ret,
		       const char **why);

/**
 * liteio_dirty_stop() - end to track
 * @att: with a reference
 * @tracking: only this one; NULL for any
 * @why: on failure one sentence in static storage
 *
 * Context: process, sleeps for a grace period; liteio_lock is not held.
 * Return: 0, -ENODATA, -ESTALE, or -ENOENT when the attachment was deleted meanwhile: its tracking
 * ended with it.
 */
int liteio_dirty_stop(struct liteio_att *att, const u64 *tracking, const char **why);

/**
 * liteio_dirty_fetch() - give out marked chunks
 * @att: with a reference
 * @fetch: see there; out only on success
 * @why: on failure one sentence in static storage
 *
 * Context: process, sleeps; liteio_lock is not held.
 * Return: 0, -ENODATA, -ESTALE or -ERANGE; then nothing has changed.
 */
int liteio_dirty_fetch(struct liteio_att *att, struct liteio_dirty_fetch *fetch, const char **why);

/**
 * liteio_dirty_take_back() - an answer did not get to who asked: its chunks are marked again
 * @att: with a reference
 * @fetch: what was answered; when that is not the last answer any more, nothing happens
 *
 * Context: process, sleeps; liteio_lock is not held.
 */
void liteio_dirty_take_back(struct liteio_att *att, const struct liteio_dirty_fetch *fetch);

/**
 * liteio_dirty_state() - what can be told
 * @att: with a reference
 * @ret: set when tracked
 *
 * Context: any. Return: is it tracked?
 */
bool liteio_dirty_state(struct liteio_att *att, struct liteio_dirty_state *ret);

/**
 * liteio_dirty_bytes() - memory that tracking takes, of all attachments
 *
 * Context: any. Return: bytes.
 */
u64 liteio_dirty_bytes(void);

#endif
