// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the low-water mark of a thin pool is in time. Pure.
 */
#include "pool/mark.h"

#define META_BLOCK 4096ull

/*
 * What metadata may grow by for good when one more block of data is taken: five levels of nodes, of
 * each the copy of a shared one, that of a neighbour it is balanced with, and a new one, and a root
 * above (dm-btree.c rebalance_or_split()); and for the 252 blocks of each copied leaf the counts of
 * who shares them, where these are above two (dm-space-map-common.c): three nodes of data, a dozen
 * of metadata. Most take none at all.
 */
#define BLOCK_COST (32 * META_BLOCK)
/* of fewer the kernel would speak up again and again */
#define STEPS_MIN 4u

/*
 * What metadata are at most, whatever is shared: the nodes of each device, as if they were its own,
 * a third full (dm-btree-remove.c leaves no less): 84 blocks to one of 4 KiB, and a few of it
 * beside; the counts of who shares a block that three have, and the bitmaps of both.
 */
#define MAPPED_COST 58u
#define DEVICE_COST (3 * META_BLOCK)
#define META_BLOCK_COST 25u
#define KEPT_MAX (16ull << 20)
#define REST_COST (64ull << 10)

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* of devices that map so many bytes together */
static unsigned __int128 most(const struct liteio_mark_of *u, unsigned __int128 mapped)
{
	const uint64_t blocks = u->data.total / u->block_bytes;

	return mapped / u->block_bytes * MAPPED_COST +
	       (unsigned __int128)u->n_devices * (DEVICE_COST + MAPPED_COST) + blocks / 4 +
	       u->meta.total / META_BLOCK * META_BLOCK_COST + REST_COST +
	       least(u->meta.total / 10, KEPT_MAX);
}

/* the next line that they may reach, in bytes in use */
static unsigned __int128 line_of(const struct liteio_mark_of *u)
{
	return (unsigned __int128)u->meta.used + liteio_account_metadata_left(&u->meta);
}

/* they can not get to their next line, be the pool written full */
static bool can_not_fill(const struct liteio_mark_of *u)
{
	return most(u, u->promised) < line_of(u);
}

/*
 * What is left of them for what is told: discards copy no more than all that is mapped now. None of
 * the devices maps more than there is in use
 */
static uint64_t meta_left(const struct liteio_mark_of *u)
{
	unsigned __int128 mapped = (unsigned __int128)u->n_devices * u->data.used;
	unsigned __int128 taken = u->meta.used, unshared;

	if (u->may_unshare) {
		unshared = most(u, mapped < u->promised ? mapped : u->promised);
		taken = unshared > taken ? unshared : taken;
	}
	return taken < line_of(u) ? (uint64_t)(line_of(u) - taken) : 0;
}

static void find_data(const struct liteio_mark_of *u, uint64_t free_blocks,
		      struct liteio_mark_range *ret)
{
	uint64_t left = liteio_account_fill_left(&u->data), blocks;

	/* the last one the kernel says by itself */
	if (liteio_account_fill(&u->data) >= LITEIO_FILL_CRITICAL)
		return;
	blocks = (left + u->block_bytes - 1) / u->block_bytes;
	/* it speaks before it takes the block that reaches the rung */
	ret->lowest = minus(free_blocks + 1, blocks);
	ret->best = ret->lowest;
}

static void find_meta(const struct liteio_mark_of *u, uint64_t free_blocks,
		      struct liteio_mark_range *ret)
{
	uint64_t steps = meta_left(u) / BLOCK_COST;
	/* as above: before the last one of them is taken */
	uint64_t lowest = minus(free_blocks + 1, steps), best = minus(free_blocks, steps / 2);

	if (can_not_fill(u) || !lowest)
		return;
	/* there is nothing left to be done before the kernel says that they are full */
	if (!u->has_relief && liteio_account_metadata_short(&u->meta))
		return;
	if (steps < STEPS_MIN)
		ret->is_any = false;
	if (ret->lowest < lowest)
		ret->lowest = lowest;
	if (ret->best < best)
		ret->best = best;
}

void liteio_mark_find(const struct liteio_mark_of *u, struct liteio_mark_range *ret)
{
	uint64_t free_blocks;

	*ret = (struct liteio_mark_range){ 0 };
	if (!u->block_bytes || !u->data.total || !u->meta.total)
		return;
	free_blocks = minus(u->data.total, u->data.used) / u->block_bytes;
	ret->is_any = true;
	find_data(u, free_blocks, ret);
	find_meta(u, free_blocks, ret);
}

uint64_t liteio_mark_rest(struct liteio_mark_rest *r, const struct liteio_mark_seen *now,
			  uint64_t now_ms)
{
	if (!r->since_ms || r->seen.n_ios != now->n_ios || r->seen.data_used != now->data_used ||
	    r->seen.meta_used != now->meta_used)
		*r = (struct liteio_mark_rest){ .seen = *now, .since_ms = now_ms };
	return now_ms - r->since_ms;
}

enum liteio_mark_step liteio_mark_judge(const struct liteio_mark_range *range, uint64_t mark,
					bool is_ahead, bool is_at_rest)
{
	if (range->is_any && (!range->lowest || (is_ahead && mark >= range->lowest)))
		return LITEIO_MARK_TOLD;
	return range->is_any && is_at_rest ? LITEIO_MARK_LOAD : LITEIO_MARK_CLOCK;
}
