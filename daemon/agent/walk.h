/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks: every volume, or every snapshot, of every open pool.
 */
#ifndef LITEIO_AGENT_WALK_H
#define LITEIO_AGENT_WALK_H

#include "agent/pools.h"

/**
 * typedef liteio_walk_fn - called for each
 * @arg: of the walk
 * @p: where it is; referenced during the call
 * @v: its record, as it was when the walk came near it
 * @err: why the walk ends
 *
 * Return: 0 to go on, a negative errno to end the walk.
 */
typedef int (*liteio_walk_fn)(void *arg, struct liteio_open_pool *p,
			      const struct liteio_catalog_volume *v, struct liteio_error *err);

/**
 * liteio_walk() - call a function for each volume or snapshot of this node
 * @t: the pools
 * @kind: volumes, or snapshots
 * @fn: called for each, without any lock
 * @arg: for @fn
 * @err: of @fn
 *
 * Context: where @fn may be called; does not wait itself. Return: 0, or what @fn ended it with.
 */
int liteio_walk(struct liteio_pools *t, enum liteio_catalog_kind kind, liteio_walk_fn fn, void *arg,
		struct liteio_error *err);

#endif
