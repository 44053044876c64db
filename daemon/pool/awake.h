/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the disk below a pool's metadata answer, before the kernel is asked for what reads them?
 *
 * dm-thin has one lock for all thin pools of a node (dm-thin.c, dm_thin_pool_table.mutex), and
 * reads metadata with it held: when a device of a volume is loaded (thin_ctr()), and when a thin
 * pool is. A load that hangs with its disk holds up those of all other pools, and everybody who
 * hangs there can not even be killed. So the tree in which the kernel is about to look for the
 * device is read here first, all of it, past the kernel, by a thread that may be left behind and
 * that holds nothing (ask.h).
 *
 * A pool that is opened needs no question of its own: before the first of its thin pools is loaded
 * the job that opens it has read label, catalog and the superblock of the metadata, and written the
 * catalog. It hangs there, and holds no lock of anybody else.
 *
 * What is brought back is always asked about. Who asks for one device, to attach a volume or to
 * mend it, has most often just written the catalog, and a disk that has taken that is awake: it is
 * asked only when that, and its last answer, is longer ago than a second, and always after a
 * question that it did not answer (liteio_pools_check_awake()). So the usual attachment reads
 * nothing more, and one that is asked for again, or a repair by the doctor, reads a tree once a
 * second.
 *
 * The doctor reads the tree in the pool's lane, to compare it with the catalog of that moment; it
 * asks always before, so that a silent block keeps nobody else from the pool.
 *
 * What is not covered: who needs a device otherwise (numbers of one that is not in the kernel, a
 * clone, a wipe); a disk that begins to hang between the answer and the load; one that answers, and
 * hangs in writes (a commit that is under way keeps who loads a device waiting, with that lock
 * held), or takes writes and hangs in reads; one that hangs in some of its blocks only, as those of
 * the space maps, which the kernel reads when the thin pool is loaded; and what takes devices away,
 * which may commit, but for those that nobody asked to be taken (agent/let_go.h).
 */
#ifndef LITEIO_POOL_AWAKE_H
#define LITEIO_POOL_AWAKE_H

struct liteio_error;
struct liteio_uuid;

/* a disk that has answered is not asked again for so long */
#define LITEIO_AWAKE_MS 1000

/**
 * liteio_pool_awake() - ask the disk of its metadata
 * @pool: a pool that is open
 * @err: that it does not answer
 *
 * Context: any thread, no lane; blocks for LITEIO_ASK_MS at most (ask.h), and not at all while an
 * older question is not answered. Return: 0, also when the answer is an error, or the pool has no
 * thin pool that is active; or -ETIMEDOUT.
 */
int liteio_pool_awake(const struct liteio_uuid *pool, struct liteio_error *err);

/*
 * return when it does, however long that takes: a question that took too long and was answered all
 * the same is not put anew. Context: any thread that may block
 */
void liteio_pool_await(const struct liteio_uuid *pool);

#endif
