/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stillness: the heads of volumes held still while their snapshots are taken.
 *
 * A filesystem that is mounted on a head of this node is frozen: what was acknowledged is on the
 * volume, and nothing is half done. A remote consumer's is as after a power cut.
 */
#ifndef LITEIO_AGENT_STILLNESS_H
#define LITEIO_AGENT_STILLNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "host/head.h"
#include "pool/pool.h"

struct liteio_error;
struct liteio_holding;
struct liteio_open_pool;

/**
 * struct liteio_stillness - the heads that are, or are to be, suspended
 * @pool: of the volumes
 * @heads: the heads of the volumes
 * @n: how many
 * @is_group: see liteio_stillness_find()
 * @is_all: from the freeze on: those that nobody has open are held, too
 * @until_ms: so long a freeze may take in all, by liteio_now_ms()
 * @n_held: of @heads, from the first on: those of them that somebody has open are suspended
 * @holding: the thread that suspends them, from the freeze on
 * @traffic: what each head has said of its I/O, once that was asked for
 */
struct liteio_stillness {
	struct liteio_uuid pool;
	struct liteio_dm_info *heads;
	size_t n;
	bool is_group;
	bool is_all;
	uint64_t until_ms;
	size_t n_held;
	struct liteio_holding *holding;
	char (*traffic)[LITEIO_HEAD_TRAFFIC];
};

/**
 * liteio_stillness_find() - look which heads there are
 * @s: released with liteio_stillness_fini() in any case
 * @p: their pool; its catalog says which heads there can be, and only these are looked for
 * @uuids: volumes, each locked by the caller
 * @n: how many
 * @is_group: they are taken one after the other, or others with them: heads that nobody has open
 *	are held, too. Whoever opens one waits with what he writes: else it could be in one of them
 *	that comes last, and what it was written after not in the first. A single one is held only
 *	where somebody has it open, unless somebody comes (freeze_rest() of struct liteio_quiesce)
 * @err: why not
 *
 * What their filesystems have to write is written now, so that the freeze finds little to do. A
 * disk that does not take it within a minute is not waited for: -ETIMEDOUT.
 * Context: worker, in no lane. Return: 0 or a negative errno.
 */
int liteio_stillness_find(struct liteio_stillness *s, struct liteio_open_pool *p,
			  const struct liteio_uuid *uuids, size_t n, bool is_group,
			  struct liteio_error *err);
/* when they were looked for somebody had one open */
bool liteio_stillness_is_needed(const struct liteio_stillness *s);
/*
 * To be called outside the pool's lane, and before the volumes are unlocked: of a freeze that was
 * given up the kernel may still be at one head, which is waited for. Context: worker
 */
void liteio_stillness_fini(struct liteio_stillness *s);

/*
 * for daemon/pool: the freeze gives up, and lets everything go on, when it takes too long: the lane
 * is held no longer than that, whatever a filesystem waits for. Heads that an interrupted one has
 * left suspended go on when the agent starts
 */
struct liteio_quiesce liteio_stillness_quiesce(struct liteio_stillness *s);

#endif
