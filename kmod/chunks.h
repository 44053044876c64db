/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chunks of a head, and ranges of them: which an I/O touches, where their bits are, and how marked
 * ones are collected. Pure.
 *
 * A bitmap of chunks is an array of words of 64 bits; bit n % 64 of word n / 64 is chunk n.
 */
#ifndef LITEIO_CHUNKS_H
#define LITEIO_CHUNKS_H

#include "pure.h"

#define LITEIO_CHUNKS_WORD 64

/**
 * struct liteio_range - adjacent chunks
 * @chunk: the first one
 * @len: how many
 */
struct liteio_range {
	u64 chunk;
	u64 len;
};

/**
 * struct liteio_ranges - chunks that were collected, in ascending order
 * @max_chunks: no more than this
 * @nr_chunks: in all ranges
 * @nr: used entries of @range
 * @range: not empty each, and a gap between any two
 */
struct liteio_ranges {
	u64 max_chunks;
	u64 nr_chunks;
	u32 nr;
	struct liteio_range range[LITEIO_DIRTY_RANGES_MAX];
};

/**
 * liteio_chunks_nr() - chunks of a device
 * @sectors: its length
 * @shift: LITEIO_DIRTY_SHIFT_MIN to LITEIO_DIRTY_SHIFT_MAX
 *
 * Context: any. Return: a chunk that is not whole counts.
 */
static inline u64 liteio_chunks_nr(u64 sectors, unsigned int shift)
{
	u64 whole = sectors >> (shift - 9);

	return whole + (whole << (shift - 9) != sectors);
}

/**
 * liteio_chunks_of() - the chunks that an I/O touches
 * @sector: where it begins
 * @bytes: its length, not 0; with @sector no overflow
 * @shift: as above
 *
 * Context: any. Return: at least one chunk.
 */
static inline struct liteio_range liteio_chunks_of(u64 sector, u64 bytes, unsigned int shift)
{
	u64 first = sector >> (shift - 9);
	u64 last = (sector + ((bytes - 1) >> 9)) >> (shift - 9);

	return (struct liteio_range){ first, last - first + 1 };
}

/**
 * liteio_chunks_mask() - the bits of a range in one word
 * @word: number of the word
 * @range: may be empty
 *
 * Context: any. Return: 0 when there are none.
 */
static inline u64 liteio_chunks_mask(u64 word, struct liteio_range range)
{
	u64 begin = word * LITEIO_CHUNKS_WORD, end = begin + LITEIO_CHUNKS_WORD;
	u64 from = range.chunk > begin ? range.chunk : begin;
	u64 to = range.chunk + range.len < end ? range.chunk + range.len : end;

	if (from >= to)
		return 0;
	return ~0ULL >> (LITEIO_CHUNKS_WORD - (to - from)) << (from - begin);
}

/**
 * liteio_chunks_cut() - what of a range there is in a device
 * @range: any
 * @nr: chunks of the device
 *
 * Context: any. Return: an empty one begins at @nr.
 */
static inline struct liteio_range liteio_chunks_cut(struct liteio_range range, u64 nr)
{
	if (range.chunk > nr)
		range.chunk = nr;
	if (range.len > nr - range.chunk)
		range.len = nr - range.chunk;
	return range;
}

/**
 * liteio_ranges_init() - nothing is collected yet
 * @ranges: uninitialized
 * @max_chunks: collect no more than this
 *
 * Context: any.
 */
static inline void liteio_ranges_init(struct liteio_ranges *ranges, u64 max_chunks)
{
	ranges->max_chunks = max_chunks;
	ranges->nr_chunks = 0;
	ranges->nr = 0;
}

/**
 * liteio_ranges_take() - collect the chunks of one word
 * @ranges: all in it lie before
 * @word: number of the word
 * @bits: chunks of that word
 *
 * Context: any. Return: the bits that were collected: the lowest of @bits; fewer than all when
 * there is no room.
 */
u64 liteio_ranges_take(struct liteio_ranges *ranges, u64 word, u64 bits);

#endif
