/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several rights to volumes at once, and the ends of several.
 */
#ifndef LITEIO_POOL_GRANT_H
#define LITEIO_POOL_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool/pool.h"

/*
 * As many at a time. The thin device of each may have to be made, which is a commit of the kernel's
 * metadata: with more of them a fence would wait too long for the lane, and a disk that is merely
 * slow be taken for one that hangs
 */
#define LITEIO_POOL_RIGHTS_MAX 8

/**
 * struct liteio_pool_right - one of several that are given together
 * @att: as for liteio_pool_attachment_add(); of another volume than all others
 * @result: likewise
 * @is_new: it was not there before
 * @err: the sentence, if @result is none
 */
struct liteio_pool_right {
	const struct liteio_catalog_attachment *att;
	int result;
	bool is_new;
	struct liteio_error *err;
};

/**
 * liteio_pool_attachment_add_all() - persist rights of consumers, with one change of the catalog
 * @p: the pool
 * @all: which; each gets what came of it
 * @n: how many, at most LITEIO_POOL_RIGHTS_MAX
 *
 * Each as if it was the only one. Devices that have to be made before share a transaction of their
 * thin pool, and are made one by one when that fails. Context: lane.
 */
void liteio_pool_attachment_add_all(struct liteio_pool *p, struct liteio_pool_right *all, size_t n);

/**
 * struct liteio_pool_ending - one of several that are ended together
 * @volume: whose
 * @floor: as for liteio_pool_floor_raise(), or 0
 * @generation: else as for liteio_pool_attachment_fence()
 * @by_floor: likewise
 * @result: of that
 * @err: the sentence, if @result is none
 */
struct liteio_pool_ending {
	struct liteio_uuid volume;
	uint64_t floor;
	uint64_t generation;
	bool by_floor;
	int result;
	struct liteio_error *err;
};

/**
 * liteio_pool_end_all() - persist ends of generations, with one change of the catalog
 * @p: the pool
 * @all: which; each gets what came of it
 * @n: how many
 *
 * Each as if it was the only one, in this order. Context: lane.
 */
void liteio_pool_end_all(struct liteio_pool *p, struct liteio_pool_ending *all, size_t n);

#endif
