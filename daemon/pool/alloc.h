/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linear space: which ranges are free, and which of them a volume gets. Pure.
 */
#ifndef LITEIO_POOL_ALLOC_H
#define LITEIO_POOL_ALLOC_H

#include <stddef.h>
#include <stdint.h>

/* ranges of one volume: each costs a record, and a line in its device's table */
#define LITEIO_ALLOC_RANGES_MAX 64

/*
 * struct liteio_range - of a device, in bytes; never empty
 */
struct liteio_range {
	uint32_t device;
	uint64_t start;
	uint64_t length;
};

/**
 * liteio_alloc_free() - what is left of the regions
 * @regions: in order of device and start, not overlapping
 * @n_regions: how many
 * @used: inside the regions, not overlapping; put in order by this function
 * @n_used: how many
 * @ret: room for @n_regions + @n_used
 *
 * Return: how many free ranges, in order; none touches another in the same region.
 */
size_t liteio_alloc_free(const struct liteio_range *regions, size_t n_regions,
			 struct liteio_range *used, size_t n_used, struct liteio_range *ret);

/**
 * liteio_alloc_take() - choose ranges of this length together
 * @free: free ranges, in order
 * @n_free: how many
 * @want: bytes
 * @after: what the volume ends with: that it goes on there is the best choice; NULL for a new one
 * @ret: the ranges, in the order of the volume
 * @max: room in @ret
 *
 * What continues @after first; then the smallest range that is large enough, so that large ones
 * stay whole; where none is, the largest ones. Return: how many ranges, -ENOSPC when there is not
 * so much, -E2BIG when there is, in more than @max pieces.
 */
int liteio_alloc_take(const struct liteio_range *free, size_t n_free, uint64_t want,
		      const struct liteio_range *after, struct liteio_range *ret, size_t max);

uint64_t liteio_alloc_sum(const struct liteio_range *r, size_t n);

#endif
