/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thin devices that no record of the catalog has, and records whose thin device is not there.
 *
 * The catalog writes down an id before the kernel is told of it, and forgets it after the kernel
 * has: neither is there after any interruption. What is found here is somebody else's, or a
 * mistake of ours.
 */
#ifndef LITEIO_POOL_IDS_H
#define LITEIO_POOL_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "pool/catalog.h"
#include "pool/thin_meta.h"

struct liteio_error;
struct liteio_pool;

/* no more than so many are told of, of either kind */
#define LITEIO_POOL_IDS_MAX 16

/**
 * struct liteio_pool_stray - a thin device that no record has
 * @id: its thin id
 * @is_reserve: it is in the reserve
 * @is_foreign: the catalog has never given out this id, or has no device made by it yet: another
 *	program writes the pool
 * @mapped: blocks that it has
 */
struct liteio_pool_stray {
	uint32_t id;
	bool is_reserve;
	bool is_foreign;
	uint64_t mapped;
};

/**
 * struct liteio_pool_lost - a record whose thin device is not there
 * @uuid: of the volume or snapshot
 * @id: thin id
 */
struct liteio_pool_lost {
	struct liteio_uuid uuid;
	uint32_t id;
};

/**
 * struct liteio_pool_ids - what the catalog and the thin pools say that differs
 * @strays: the first of them
 * @n_strays: how many of them are in @strays
 * @lost: likewise
 * @n_lost: likewise
 */
struct liteio_pool_ids {
	struct liteio_pool_stray strays[LITEIO_POOL_IDS_MAX];
	size_t n_strays;
	struct liteio_pool_lost lost[LITEIO_POOL_IDS_MAX];
	size_t n_lost;
};

/**
 * liteio_pool_ids_compare() - records and devices of one thin pool
 * @c: the catalog
 * @is_reserve: the reserve, and records of class reserved
 * @devices: in the order of their ids
 * @n: how many
 * @ret: what differs is added to it
 *
 * Of a record with an operation under way, or that is being deleted, it is not known whether its
 * device is there. Pure.
 */
void liteio_pool_ids_compare(const struct liteio_catalog *c, bool is_reserve,
			     const struct liteio_thin_device *devices, size_t n,
			     struct liteio_pool_ids *ret);

/**
 * liteio_pool_look_ids() - the same, of all that is active of the pool
 * @p: the pool
 * @ret: what differs; nothing while it is not known which of both is true: a repair is under way,
 *	or catalog and metadata are of different times
 * @err: why not
 *
 * Reads the metadata as they are on the disk, which was asked before whether it answers for them
 * (awake.h): a block that is silent would keep the lane. Context: lane; changes nothing. Return: 0,
 * -EAGAIN when they changed all the time, or another negative errno.
 */
int liteio_pool_look_ids(struct liteio_pool *p, struct liteio_pool_ids *ret,
			 struct liteio_error *err);

/**
 * liteio_pool_drop_stray() - delete a thin device that no record has
 * @p: the pool
 * @is_reserve: it is in the reserve
 * @id: its thin id
 * @err: why not
 *
 * Only one that has no block, and whose id the catalog has given out once: a device with data, or
 * of somebody else, stays. No record of either slot of the catalog has it then. 0 also when it is
 * not there any more. Context: lane. Return: 0, -EBUSY when it is not to be deleted, or is open,
 * -EROFS (condition), or another negative errno.
 */
int liteio_pool_drop_stray(struct liteio_pool *p, bool is_reserve, uint32_t id,
			   struct liteio_error *err);

#endif
