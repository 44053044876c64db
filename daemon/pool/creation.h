/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New volumes on paper: what a wish for one is as a record, and whether there may be such a
 * record beside those that are there. Several wishes that come together are decided one after the
 * other, on one draft of the catalog: each is there or refused by itself, and what an earlier one
 * has taken, a name or space, a later one does not get. Pure: no I/O, no clock.
 */
#ifndef LITEIO_POOL_CREATION_H
#define LITEIO_POOL_CREATION_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/account.h"
#include "pool/catalog.h"

struct liteio_error;
struct liteio_pool_create;

#define LITEIO_CREATION_BYTES_MAX (1ull << 59)

/**
 * struct liteio_creation_room - what a pool has, as the kernel said last
 * @thin: blocks of the thin pool
 * @thin_meta: of its metadata, what new things may use
 * @spare_is_taken: @thin_meta is half of what they have
 * @reserve: blocks of the reserve; zeros when there is none
 * @reserve_meta: of its metadata; likewise
 * @slot_bytes: of a slot of the catalog
 */
struct liteio_creation_room {
	struct liteio_usage thin;
	struct liteio_usage thin_meta;
	bool spare_is_taken;
	struct liteio_usage reserve;
	struct liteio_usage reserve_meta;
	uint64_t slot_bytes;
};

/* so many bytes in whole blocks; what no volume can have stays as it is */
uint64_t liteio_creation_size(uint64_t bytes, uint32_t thin_block);

/**
 * liteio_creation_record() - the record of a wish
 * @c: what is there: a wish for a volume that is does not have to say its size and class again
 * @want: the wish
 * @thin_block: bytes
 * @ret: without thin id, time and transaction; its class is 0 when nobody has said one
 */
void liteio_creation_record(const struct liteio_catalog *c, const struct liteio_pool_create *want,
			    uint32_t thin_block, struct liteio_catalog_volume *ret);

/**
 * liteio_creation_check() - is it there, or could it be?
 * @c: what is there
 * @v: of liteio_creation_record(), with a class
 * @err: why not
 *
 * Return: 1 it is there and ready, 0 nothing speaks against it but space, -EINVAL, or -EEXIST for
 * another one by its uuid or name.
 */
int liteio_creation_check(const struct liteio_catalog *c, const struct liteio_catalog_volume *v,
			  struct liteio_error *err);

/**
 * liteio_creation_add() - promise it its space, and add its record, without a thin device
 * @c: a draft, for which liteio_creation_check() says 0; unchanged when this fails
 * @room: of the pool
 * @v: of class thin or reserved, empty
 * @now: seconds since 1970
 * @err: why not
 *
 * Return: 0, -ENOSPC, or -EOPNOTSUPP when the pool has nothing for this class.
 */
int liteio_creation_add(struct liteio_catalog *c, const struct liteio_creation_room *room,
			const struct liteio_catalog_volume *v, uint64_t now,
			struct liteio_error *err);

#endif
