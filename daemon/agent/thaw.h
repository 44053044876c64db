/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Letting go of what an agent that is gone held still.
 */
#ifndef LITEIO_AGENT_THAW_H
#define LITEIO_AGENT_THAW_H

#include <stdint.h>

struct liteio_locks;
struct liteio_pool;
struct liteio_workers;

/* as many volumes side by side: a group of snapshots has so many */
#define LITEIO_THAW_MAX 64

/**
 * liteio_thaw() - resume every volume of ours that is suspended
 * @w: side by side, on these; NULL: in this thread, one after the other
 * @locks: an operation that has its volume locked is not disturbed, and waited for; NULL where
 *	there are no operations
 * @wait_ms: so long it waits; what hangs, or is locked, is done later, by the workers
 *
 * An agent suspends a volume for a snapshot, or for another table, and resumes it a moment later;
 * one that died between the two leaves whoever writes there waiting. The next agent does this
 * before it reads a disk, since it may never come to the pool the volume belongs to; systemd does
 * it with "liteio-agent --thaw" when an agent has ended, since another may never start.
 *
 * What is resumed is what the dead agent would have resumed: the table it had loaded, if it had
 * loaded one. A snapshot that was not taken is found by the pool's transaction id. The devices a
 * pool is made of are left to the pool: they have to change together. To resume a device may hang
 * with its disk, as a filesystem that is let go writes that down: so no volume waits for another.
 *
 * An agent that was killed in the middle of a suspend hangs in the kernel until that is done, which
 * a filesystem that has much to write, or its disk, may delay: then nobody resumes it, and the next
 * agent has been through all by that time. So the same once more when the last thread of it has
 * ended (@ret_dead of liteio_node_lock()): a pool may be one that can not be opened.
 *
 * Context: liteio_dm_init() was called; a thread that may block, and has no volume locked. What
 * fails is logged. Return: how many devices are suspended yet.
 */
unsigned int liteio_thaw(struct liteio_workers *w, struct liteio_locks *locks, uint64_t wait_ms);

/*
 * The same for the volumes of a pool that was just opened, which it is when no thread of a dead
 * agent works on it any more. Context: nobody else knows the pool yet
 */
void liteio_thaw_pool(struct liteio_pool *p);

#endif
