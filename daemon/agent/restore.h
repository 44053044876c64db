/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bringing back what the catalogs say: after the agent was restarted, or the node.
 */
#ifndef LITEIO_AGENT_RESTORE_H
#define LITEIO_AGENT_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_agent;
struct liteio_catalog_volume;
struct liteio_error;
struct liteio_open_pool;

/* so long the start waits, after the last volume, for the next one to be brought back */
#define LITEIO_RESTORE_MS 20000

/**
 * liteio_restore_start() - open the known pools and make the kernel what their catalogs say
 * @a: the agent, starting; @a->ready is set by the caller afterwards
 *
 * Of each pool floors into the kernel, then heads and exports of every live attachment, then the
 * links to the ports, which nobody reaches before those of all pools are there; what is there and
 * should not be is removed. What can not be done is logged; it does not keep the rest from being
 * done. A pool that takes longer to open than the others are to wait follows by itself
 * (liteio_restore_pool()), and so do those that are left when nothing came back for
 * LITEIO_RESTORE_MS: their disks hang. The exports of a pool that is not there get places
 * (places.h), where that can be done; else the door stays closed for remote consumers meanwhile.
 *
 * A pool that is open, and whose disk does not answer any more, is not gone on with before it does:
 * that is asked before anything of it is brought back, and before its devices are loaded, once in a
 * second (pool/awake.h says why, and what it does not find out). Its job waits for it, and holds
 * nothing meanwhile that anybody else needs; its exports get places at once. So do, when nothing
 * came back for LITEIO_RESTORE_MS, those of a pool that hangs in anything else: but for volumes
 * whose loads hang in the kernel, at most eight of a pool. For these the door stays closed until
 * they go on, or the disk is pulled out: nobody may touch what they are about to make.
 * Context: worker.
 */
void liteio_restore_start(struct liteio_agent *a);

/* the same for one pool that was imported while the agent runs, or was late; worker */
void liteio_restore_pool(struct liteio_agent *a, struct liteio_open_pool *p);

/*
 * Floors and fenced generations of one pool into the kernel's registry; 0 without the module. Those
 * that are ahead there go into the catalog first, if that can be written: somebody has fenced
 * (liteio_op_module_fence()) while the pool was not in the table, and was told that it would hold
 * for as long as this kernel. What comes into the table goes this way. Worker, no lane
 */
int liteio_restore_floors(struct liteio_agent *a, struct liteio_open_pool *p,
			  struct liteio_error *err);

/*
 * What the kernel has of generations of these pools that are not live is ended and taken away. One
 * that still has I/O under way is closed, and waited for no longer than @wait_ms, all of them
 * together. True: there was something, which may be there still. Worker, no lane
 */
bool liteio_restore_sweep(struct liteio_agent *a, struct liteio_open_pool *const *pools,
			  size_t n_pools, uint64_t wait_ms);

/* liteio_pools_put_back(), and that; not for a disk that is gone, whose catalog nobody writes */
void liteio_restore_put_back(struct liteio_agent *a, struct liteio_open_pool *p);

/* what this node mounts has its names again, which lead to that generation's head; worker */
int liteio_restore_names(struct liteio_agent *a, const struct liteio_catalog_volume *v,
			 uint64_t generation, struct liteio_error *err);

#endif
