/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `pool create --find`: which of the disks that a rule has found becomes the pool's. Pure.
 */
#ifndef LITEIO_CTL_POOL_FIND_H
#define LITEIO_CTL_POOL_FIND_H

struct liteio_error;
struct liteio_json;

/**
 * liteio_pool_find() - the one disk that is meant
 * @disks: the items that the agent found by rule, usable or not
 * @pool: name of the pool that is to be
 * @ret: that disk, of @disks
 * @err: why none is
 *
 * The disk that a pool of this name is on already, so that it may be asked for again; else the only
 * usable one. Which of several is nobody's guess, and none that holds anything is ever taken.
 *
 * Return: 0, -ENODEV (none), -EBUSY (none that is usable), -ENOTUNIQ.
 */
int liteio_pool_find(const struct liteio_json *disks, const char *pool,
		     const struct liteio_json **ret, struct liteio_error *err);

#endif
