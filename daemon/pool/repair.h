/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repair of a pool: metadata that are damaged, and a catalog that is lost.
 */
#ifndef LITEIO_POOL_REPAIR_H
#define LITEIO_POOL_REPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool/ondisk.h"

struct liteio_error;
struct liteio_pool;
struct liteio_pool_found;

/**
 * struct liteio_pool_repaired - what a repair has done
 * @n_copied: metadata (of the pool, of its reserve) that were sound and were taken over as they are
 * @n_rebuilt: metadata that were damaged and were made anew of what could be read
 * @lost_volumes: volumes and snapshots that are gone: only with force
 * @lost_bytes: what was written to others and reads as zeros now: only with force
 * @lost: both in words; or that they may be as they were at an earlier time; "" when nothing is
 */
struct liteio_pool_repaired {
	unsigned int n_copied;
	unsigned int n_rebuilt;
	uint64_t lost_volumes;
	uint64_t lost_bytes;
	char lost[256];
};

/**
 * struct liteio_pool_repair - how a repair is done
 * @force: also when nothing is wrong, and also when something is lost for good
 * @begun: in the lane: the thin pools are out of the kernel and nobody gets them until it is over,
 *	so that whoever kept their volumes unused need not do so any more; NULL for nothing
 * @arg: for it
 */
struct liteio_pool_repair {
	bool force;
	void (*begun)(void *arg);
	void *arg;
};

/**
 * liteio_pool_repair() - make the metadata of a pool good, in its spare region, and take them
 * @p: the pool; read-only or failed, or whatever it is with force
 * @how: how
 * @ret: what was done: all 0 when nothing was wrong
 * @err: why not; the volumes that would lose something
 *
 * The old metadata stay as they are until the next repair. Without force nothing is taken that is
 * not known to be all there was. Context: lane, which others have while all metadata are read,
 * several times; takes the thin pools out of the kernel meanwhile.
 * Return: 0; -EBUSY a volume is in use, and nothing was touched, or another repair is under way;
 * -ENOSPC the metadata were full and have taken the spare: the pool has to grow first; -ESTALE
 * they have, and the label that was read is from before: no force overrides that;
 * -EUCLEAN not completely, or not at all, and nothing was changed; -EROFS it did not help; or
 * another errno.
 */
int liteio_pool_repair(struct liteio_pool *p, const struct liteio_pool_repair *how,
		       struct liteio_pool_repaired *ret, struct liteio_error *err);

/**
 * struct liteio_pool_salvage - what can be found again without a catalog
 * @pool: name
 * @n_volumes: thin and reserved devices that the metadata have
 * @what: the first few of them, and how long each is at least
 * @lost: what can not be found again, if the pool has space for it; "" for nothing
 */
struct liteio_pool_salvage {
	char pool[LITEIO_ONDISK_NAME];
	size_t n_volumes;
	char what[256];
	char lost[160];
};

/**
 * enum liteio_pool_salvage_how - what is made of it
 * @LITEIO_SALVAGE_LOOK: nothing
 * @LITEIO_SALVAGE_MAKE: a catalog: each thin device is a volume, "recovered-<thin id>"
 * @LITEIO_SALVAGE_FORCE: likewise, and the space of linear volumes is given up
 */
enum liteio_pool_salvage_how {
	LITEIO_SALVAGE_LOOK,
	LITEIO_SALVAGE_MAKE,
	LITEIO_SALVAGE_FORCE,
};

/**
 * liteio_pool_salvage() - a pool with both copies of its catalog lost: what is in it?
 * @device: block device, any of the pool's, or file; nobody has the pool open
 * @how: what is made of it
 * @ret: what is in it
 * @err: why that can not be said
 *
 * Names, sizes, snapshots, floors, attachments, limits, the overcommit, what was to be wiped, what
 * was being deleted, and all of linear volumes and of those that were never used were in the
 * catalog alone, and the latter are not even missed (@ret does not know them): a volume is as long
 * as its last block, and may have been longer; what was being deleted is a volume again; and all of
 * them are to be discarded when they are deleted, where the disks take that. Context: worker; as
 * long as all metadata take to be read twice. Return: 0; -EEXIST the catalog can be read, or there
 * is a copy; -EBUSY something in the kernel is on the disk; -EUCLEAN the metadata are damaged, too,
 * or linear volumes would be given up; or another negative errno.
 */
int liteio_pool_salvage(const char *device, enum liteio_pool_salvage_how how,
			struct liteio_pool_salvage *ret, struct liteio_error *err);

#endif
