// SPDX-License-Identifier: GPL-2.0-only
/*
 * Collecting ranges of chunks. Pure.
 */
#include "chunks.h"

/* number of the lowest bit; not of 0 */
static unsigned int lowest(u64 bits)
{
	return fls64(bits & -bits) - 1;
}

/* the lowest bits of a word that are adjacent, at most as many as given; the word is not 0 */
static struct liteio_range first_run(u64 bits, u64 max)
{
	unsigned int at = lowest(bits);
	u64 rest = ~(bits >> at);
	u64 len = rest ? lowest(rest) : LITEIO_CHUNKS_WORD;

	return (struct liteio_range){ at, len < max ? len : max };
}

/* Return: false when there is no room for one more range */
static bool append(struct liteio_ranges *ranges, u64 chunk, u64 len)
{
	struct liteio_range *last = ranges->nr ? &ranges->range[ranges->nr - 1] : NULL;

	if (last && last->chunk + last->len == chunk) {
		last->len += len;
	} else {
		if (ranges->nr == LITEIO_DIRTY_RANGES_MAX)
			return false;
		ranges->range[ranges->nr++] = (struct liteio_range){ chunk, len };
	}
	ranges->nr_chunks += len;
	return true;
}

u64 liteio_ranges_take(struct liteio_ranges *ranges, u64 word, u64 bits)
{
	u64 taken = 0, left;

	while (bits) {
		struct liteio_range run;
		u64 mask;

		left = ranges->max_chunks - ranges->nr_chunks;
		if (!left)
			break;
		run = first_run(bits, left);
		if (!append(ranges, word * LITEIO_CHUNKS_WORD + run.chunk, run.len))
			break;
		mask = liteio_chunks_mask(0, run);
		taken |= mask;
		bits &= ~mask;
	}
	return taken;
}
