/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several snapshots at once, of volumes that nobody uses, each a point in time of its own.
 *
 * dm-thin commits its metadata for each create_snap, whoever asks; but each snapshot by itself adds
 * two writes of the catalog and a second commit to that, for the transaction id. These are shared:
 *
 *   1. all records, being created, with txid = T + 1: one write, as of a group
 *      (LITEIO_SLOT_INCOMPAT_GROUP: older versions know it, and the disk has nothing new);
 *   2. create_snap of each, of which each commits by itself;
 *   3. those that fell out are taken back, see below;
 *   4. set_transaction_id T T+1;
 *   5. all records, ready, with thin_txid = T + 1: one write.
 *
 * What is cut off where:
 *
 *   before 1 is whole   that slot fails its checksum, the other one says T: none was ever begun;
 *   in 2, up to 4       the kernel says T: opening removes whatever of the ids it has, made or not,
 *                       and then the records. Nobody was told of any, and no id is used again;
 *   after 4             the kernel says T + 1: opening does 5, and all that are in the catalog are
 *                       there. That of 4 is durable before 5 is begun, and so is each message of 2;
 *   in 3                nothing of 4 has been: as in 2. What fell out is gone from the kernel
 *                       before its record is, so that there is no device without a record; and its
 *                       record is gone from both slots before 4, so that there is no slot left that
 *                       has it when the kernel says T + 1: whichever is lost, nothing is ready
 *                       that has no device.
 *
 * WHAT FALLS OUT. Nothing is held still here, as to hold one would have the others wait in the
 * lane, and fences with them. A snapshot is a point in time without that if nobody has the volume
 * open and nothing passed its heads from before its message until after it (is_idle() and
 * was_idle() of struct liteio_quiesce). Which volumes are so is asked before anything is written,
 * and of each again right before its message. One that is not so any more, or was not in the end,
 * is left out, what was taken of it is taken back, and it is to be taken alone: nothing that was
 * taken while somebody wrote is ever there for anybody. So is one that the kernel refuses; that one
 * says so.
 */
#ifndef LITEIO_POOL_SNAPSHOTS_H
#define LITEIO_POOL_SNAPSHOTS_H

#include <stddef.h>

#include "pool/grant.h"
#include "pool/pool.h"

/*
 * As many at a time: each is a commit of the kernel's metadata, as a right may be, so a fence waits
 * for the lane no longer than behind those; twice as long where none of the volumes was ever used
 */
#define LITEIO_POOL_SNAPSHOTS_MAX LITEIO_POOL_RIGHTS_MAX

/* nothing has come of it, and nothing speaks against it: liteio_pool_snapshot_create() */
#define LITEIO_POOL_SNAPSHOT_ALONE 1

/**
 * struct liteio_pool_snapshot - one of several that are taken together
 * @uuid: as for liteio_pool_snapshot_create(); no two have the same
 * @name: likewise
 * @volume: what; or a snapshot
 * @q: of this only is_idle() and was_idle() are called; NULL when there is nothing above
 * @result: 0 it is there, LITEIO_POOL_SNAPSHOT_ALONE, or as liteio_pool_snapshot_create()
 * @err: the sentence, if @result is negative
 */
struct liteio_pool_snapshot {
	struct liteio_uuid uuid;
	const char *name;
	struct liteio_uuid volume;
	const struct liteio_quiesce *q;
	int result;
	struct liteio_error *err;
};

/**
 * liteio_pool_snapshot_create_all() - snapshots of what nobody uses, with one transaction
 * @p: the pool
 * @all: which; each gets what came of it
 * @n: how many, at most LITEIO_POOL_SNAPSHOTS_MAX
 *
 * Each as if it was the only one, in their order: one that is refused, or falls out, keeps no other
 * from being there. Those of class thin share a transaction, and those of class reserved. All that
 * need space are refused together or not at all, so where there is too little for all each is to be
 * asked for alone.
 *
 * Volumes that were never used get their devices first, by one transaction. Context: lane, which is
 * not left: who waits with his own has given it to this one.
 */
void liteio_pool_snapshot_create_all(struct liteio_pool *p, struct liteio_pool_snapshot *all,
				     size_t n);

#endif
