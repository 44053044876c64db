/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots of volumes of one pool that are taken at once: whoever comes into its lane first takes
 * up to LITEIO_POOL_SNAPSHOTS_MAX with one transaction, and the others come back with what became
 * of theirs.
 *
 * Only of what nobody has open. What is mounted here, or exported to who has it open, is held still
 * for its own snapshot, which is taken alone, for as short as can be: to freeze a filesystem may
 * take seconds, and neither the others nor a fence wait for that with it. So is one that somebody
 * opens meanwhile.
 */
#ifndef LITEIO_AGENT_SNAPSHOTS_H
#define LITEIO_AGENT_SNAPSHOTS_H

#include "base/uuid.h"

struct liteio_error;
struct liteio_named_lock;
struct liteio_open_pool;

/**
 * struct liteio_snapshot_locks - what nobody else does, or gives, meanwhile; where each is
 * @volume: that of the volume, or snapshot
 * @name: that of the name (liteio_name_take())
 * @uuid: that of the uuid (liteio_uuid_take()), or where there is none
 */
struct liteio_snapshot_locks {
	struct liteio_named_lock **volume;
	struct liteio_named_lock **name;
	struct liteio_named_lock **uuid;
};

/**
 * liteio_snapshots_take() - a snapshot, together with all others that wait to be taken
 * @p: the pool
 * @volume: what; or a snapshot
 * @uuid: of the snapshot
 * @name: likewise
 * @locks: taken over, and NULL, when it has not been decided in time whether there is a snapshot
 * @err: why not
 *
 * Its own answer, not before it is on the disk. Context: worker, not in the lane. Return: as
 * liteio_stillness_find(), liteio_lane_enter() and liteio_pool_snapshot_create(), or -ETIMEDOUT as
 * liteio_wish_run().
 */
int liteio_snapshots_take(struct liteio_open_pool *p, const struct liteio_uuid *volume,
			  const struct liteio_uuid *uuid, const char *name,
			  const struct liteio_snapshot_locks *locks, struct liteio_error *err);

#endif
