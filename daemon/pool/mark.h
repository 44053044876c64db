/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * At how many free blocks the kernel is to say something of a thin pool, so that nobody has to look
 * at it by the clock.
 *
 * dm-thin has two events for what fills: the low-water mark of its table, in blocks of data, once
 * until the table is loaded again (check_low_water_mark()), and one of metadata, at 4 MiB free,
 * which is too late for all but small pools: 16 MiB it keeps for its commits. But metadata grow by
 * what is written: as long as so many blocks are not taken that they could make the metadata reach
 * their next line, nobody has to ask. So the mark stands where the next rung of data is reached, or
 * where metadata might be, whichever comes first.
 *
 * A discard takes no block, and is not told of. Where nothing is shared it takes no metadata for
 * longer than until the next commit, either. Of what is shared it copies the nodes: once all are
 * copied, each device has its own, and that much is not left to what is told of. So where somebody
 * may discard what is shared, and metadata have no room for that, there is no mark. Pure.
 */
#ifndef LITEIO_POOL_MARK_H
#define LITEIO_POOL_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/account.h"

/**
 * struct liteio_mark_of - what a mark is judged by
 * @data: blocks of the thin pool, bytes
 * @meta: its metadata, with what the kernel keeps of them
 * @block_bytes: of its blocks
 * @promised: sum of the sizes of all devices in it
 * @n_devices: how many these are
 * @may_unshare: of blocks that several of them share some may be discarded, and nobody would know
 * @has_relief: when they are nearly full they take a spare, or what a relief that was cut short
 *	has left; who looks does that
 */
struct liteio_mark_of {
	struct liteio_usage data;
	struct liteio_usage meta;
	uint64_t block_bytes;
	uint64_t promised;
	uint64_t n_devices;
	bool may_unshare;
	bool has_relief;
};

/**
 * struct liteio_mark_range - marks, in free blocks
 * @is_any: there is one that is in time
 * @lowest: the event of a lower one would come too late; 0: the kernel need not say anything
 * @best: what is to be loaded; it stays in time when a little happens that it does not tell
 */
struct liteio_mark_range {
	bool is_any;
	uint64_t lowest;
	uint64_t best;
};

void liteio_mark_find(const struct liteio_mark_of *u, struct liteio_mark_range *ret);

/**
 * struct liteio_mark_seen - what is the same as long as nothing happens in a pool
 * @n_ios: reads, writes, discards and flushes since it is there
 * @data_used: bytes
 * @meta_used: bytes
 */
struct liteio_mark_seen {
	uint64_t n_ios;
	uint64_t data_used;
	uint64_t meta_used;
};

/**
 * struct liteio_mark_rest - since when nothing has happened
 * @seen: since it was first seen so
 * @since_ms: when that was; 0 at the beginning
 */
struct liteio_mark_rest {
	struct liteio_mark_seen seen;
	uint64_t since_ms;
};

/* remember what was seen at @now_ms: for how long has it been the same? */
uint64_t liteio_mark_rest(struct liteio_mark_rest *r, const struct liteio_mark_seen *now,
			  uint64_t now_ms);

/**
 * enum liteio_mark_step - what has to be done so that a pool is heard of
 * @LITEIO_MARK_TOLD: nothing: the kernel says it
 * @LITEIO_MARK_CLOCK: it has to be looked at every now and then
 * @LITEIO_MARK_LOAD: its table is to be loaded with another mark, as that is in nobody's way
 */
enum liteio_mark_step {
	LITEIO_MARK_TOLD,
	LITEIO_MARK_CLOCK,
	LITEIO_MARK_LOAD,
};

/**
 * liteio_mark_judge() - what has to be done?
 * @range: what would be in time
 * @mark: that of the table in the kernel
 * @is_ahead: its event is still to come
 * @is_at_rest: nobody uses the pool: all its volumes may be held for a moment
 *
 * Return: that.
 */
enum liteio_mark_step liteio_mark_judge(const struct liteio_mark_range *range, uint64_t mark,
					bool is_ahead, bool is_at_rest);

#endif
