/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a pool has more than once: labels and catalog slots, and blocks that several volumes share.
 */
#ifndef LITEIO_POOL_COPIES_H
#define LITEIO_POOL_COPIES_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_error;
struct liteio_pool;

/**
 * liteio_pool_shared() - how much sharing of blocks saves
 * @p: the pool
 * @ret_bytes: what all thin and reserved volumes and snapshots map together, beyond what is in use
 *
 * A block that three of them map counts twice: it is what would be in use, too, without sharing.
 * Only the kernel knows what a device maps, and only of one that is active: nothing is activated
 * for this. Numbers are of moments that are not one, and what was freed counts as in use until the
 * next commit of the metadata, a second later: with I/O under way it is that much out.
 *
 * Context: lane. Return: 0, -ENODATA when a device is not active or the numbers contradict each
 * other, or another negative errno.
 */
int liteio_pool_shared(struct liteio_pool *p, uint64_t *ret_bytes);

/**
 * struct liteio_pool_copies - what is there twice, and how full it is
 * @slots: of the two catalog slots, how many are whole
 * @is_lost: both are whole, and neither has what was written and flushed last: the disk lies
 * @labels_differ: a label of one of the devices is not as it should be
 * @records: in the catalog
 * @records_max: it has room for
 */
struct liteio_pool_copies {
	unsigned int slots;
	bool is_lost;
	bool labels_differ;
	uint64_t records;
	uint64_t records_max;
};

/**
 * liteio_pool_look_copies() - read labels and catalog slots again
 * @p: the pool
 * @ret: what there is
 * @err: why not
 *
 * Context: lane; changes nothing. Return: 0 or a negative errno, when one can not be read.
 */
int liteio_pool_look_copies(struct liteio_pool *p, struct liteio_pool_copies *ret,
			    struct liteio_error *err);
/**
 * liteio_pool_mend_copies() - write what is damaged again, from what is whole
 * @p: the pool
 * @err: why not
 *
 * Never over the only slot that is whole. What is written is read again. Context: lane. Return: 0,
 * -EROFS (condition), or another negative errno.
 */
int liteio_pool_mend_copies(struct liteio_pool *p, struct liteio_error *err);

#endif
