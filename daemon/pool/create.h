/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several new volumes at once.
 */
#ifndef LITEIO_POOL_CREATE_H
#define LITEIO_POOL_CREATE_H

#include <stdbool.h>
#include <stddef.h>

#include "pool/pool.h"

/**
 * struct liteio_pool_creation - one of several volumes that are created together
 * @want: an empty volume of class thin or reserved (liteio_pool_creates_together())
 * @result: as liteio_pool_volume_create()
 * @err: the sentence, if @result is none
 */
struct liteio_pool_creation {
	const struct liteio_pool_create *want;
	int result;
	struct liteio_error *err;
};

/* can it be one of them? The others take work of their own */
static inline bool liteio_pool_creates_together(const struct liteio_pool_create *c)
{
	return c->vclass != LITEIO_CATALOG_LINEAR && liteio_uuid_is_null(&c->source);
}

/**
 * liteio_pool_volume_create_all() - new, empty volumes, with one change of the catalog
 * @p: the pool
 * @all: which; each gets what came of it
 * @n: how many
 *
 * Each as if it was the only one, in their order: one that is refused keeps no other from being
 * there. All that are new are on the disk, in both slots, when this returns. Their thin devices are
 * made by whatever needs them first. Context: lane.
 */
void liteio_pool_volume_create_all(struct liteio_pool *p, struct liteio_pool_creation *all,
				   size_t n);

#endif
