/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The story of a pool.
 */
#ifndef LITEIO_TESTS_STORY_H
#define LITEIO_TESTS_STORY_H

#include "base/uuid.h"

struct liteio_error;
struct liteio_pool;

/**
 * poolctl_story() - do everything that a pool can do, and undo it
 * @pool: with space of all classes, or only of some: what it has none of is left out
 * @one: volume, which a snapshot is taken of and which goes back to it
 * @two: volume, made of the snapshot
 * @snap: the snapshot
 * @err: what failed
 *
 * Cut short at whatever step it may be called again. Context: lane. Return: 0 or a negative errno.
 */
int poolctl_story(struct liteio_pool *pool, const struct liteio_uuid *one,
		  const struct liteio_uuid *two, const struct liteio_uuid *snap,
		  struct liteio_error *err);

#endif
