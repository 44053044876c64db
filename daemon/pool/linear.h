/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device of a linear volume: dm-linear over its ranges. Context: lane.
 */
#ifndef LITEIO_POOL_LINEAR_H
#define LITEIO_POOL_LINEAR_H

#include <stddef.h>
#include <sys/types.h>

#include "base/uuid.h"
#include "pool/catalog.h"

struct liteio_error;
struct liteio_pool_thin;

/**
 * liteio_linear_activate() - have it in the kernel with this table
 * @uuid: of the volume
 * @dev: the pool's device
 * @e: its extents in their order, all in use
 * @n: how many, at least one
 * @ret: the device; may be NULL
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_linear_activate(const struct liteio_uuid *uuid, dev_t dev,
			   const struct liteio_catalog_extent *e, size_t n,
			   struct liteio_pool_thin *ret, struct liteio_error *err);
/* take it out: 0 also when it is not there, -EBUSY while it is open */
int liteio_linear_deactivate(const struct liteio_uuid *uuid, struct liteio_error *err);
/* is it in the kernel? */
bool liteio_linear_is_active(const struct liteio_uuid *uuid);
/* an operation that was interrupted may have left it held: let it go on */
int liteio_linear_resume(const struct liteio_uuid *uuid, struct liteio_error *err);

#endif
