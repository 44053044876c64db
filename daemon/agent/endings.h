/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ends of rights to volumes of one pool that come at once: who comes into its lane first writes all
 * of them with one change of the catalog.
 */
#ifndef LITEIO_AGENT_ENDINGS_H
#define LITEIO_AGENT_ENDINGS_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_catalog_volume;
struct liteio_error;
struct liteio_open_pool;

/**
 * struct liteio_ending - what a fence ends
 * @floor: generations below this one, or 0
 * @generation: else exactly this one
 * @by_floor: that one may be written down as a floor, see liteio_pool_attachment_fence()
 */
struct liteio_ending {
	uint64_t floor;
	uint64_t generation;
	bool by_floor;
};

/**
 * liteio_endings_persist() - (1) of the order in ops.h
 * @p: the pool
 * @volume: whose; in the end its record, read again
 * @e: what
 * @ms: so long the disk may take, once the lane is entered
 * @err: why not
 *
 * A disk that does not take it in time may take it later: nobody was told that it is fenced.
 * Context: worker, not in the lane. Return: 0 when it is on the disk, or a negative errno.
 */
int liteio_endings_persist(struct liteio_open_pool *p, struct liteio_catalog_volume *volume,
			   const struct liteio_ending *e, uint64_t ms, struct liteio_error *err);

#endif
