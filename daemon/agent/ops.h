/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The node's operations: what the local API and the cluster's reconcile both do, as plain
 * functions.
 *
 * For all of them:
 *
 * - Context: a worker thread, never the loop. They block for as long as the kernel and the disk
 *   need, each part within a bound of its own; several may run at the same time on any objects.
 * - Idempotent: asked again, an operation that is done answers as if it had just done it; one that
 *   was cut short goes on where it stopped. An object that exists but differs is -EEXIST.
 * - Checked first: a request that can not be fulfilled as a whole is refused in one sentence, and
 *   nothing has changed.
 * - @ret is zeroed by the caller, filled in only on success, and released with liteio_json_fini()
 *   and the table of its struct (model/local.h).
 * - @err carries the sentence. Return: 0 or a negative errno: -EINVAL bad request, -ENOENT no such
 *   object, -EEXIST differs, -EBUSY in use, -ESTALE generation fenced, -ENOSPC, -EOPNOTSUPP this
 *   node can not (no module), -ETIMEDOUT the kernel did not come back, -EAGAIN the agent still
 *   starts.
 *
 * Locks, in their order: by name (locks.h) those of who makes, opens, closes or grows a pool
 * (pool_locks.h), or the names that are to be given, in their order; a volume's, by its uuid
 * (one operation at a time on one volume), several in the order of these; the uuids that are to
 * be given, for which nobody waits; a pool's lane (pools.h); a pool's own lock (inside
 * daemon/pool, only around its catalog and single dm messages), the table locks (only around
 * look-ups). A fence takes no volume lock where the module is loaded: it never waits for
 * anything slow on the same volume, let alone on another. It runs on agent->urgent.
 *
 * What the attachment protocol stands on, kept by these functions and by nobody else:
 *
 *   export   the attachment is in the catalog's live set before its gate exists in the kernel, and
 *            both refuse a generation below the floor or fenced by itself: an export that comes
 *            late finds -ESTALE, or shows a closed gate
 *            One that could not be made as a whole, and that nobody was let in by, is gone from the
 *            kernel before it is gone from the catalog, and not ended: it may be asked for again
 *   fence    (1) the floor, or the end of the one generation, is persisted in the pool's catalog,
 *            (2) then the gates are closed in the kernel, (3) then the I/O in flight has ended,
 *            (4) then the answer says drained. Never drained without (1) and (2); a fence that did
 *            not drain may be repeated at any time
 *            A disk that does not take (1) in time is not waited for: the gates are closed, and
 *            the answer is that nothing may be concluded
 *            Of a pool whose disk is gone (replug.h), (1) is a file of this node, which stands for
 *            the catalog until there is a disk again (ended.h)
 *   remove   a namespace is disabled and a head removed only after (3)
 *   restart  floors of every pool are in the kernel before any head or export is touched
 */
#ifndef LITEIO_AGENT_OPS_H
#define LITEIO_AGENT_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "model/local.h"
#include "model/local_module.h"

struct liteio_agent;
struct liteio_error;

/* ---- node, module ---- */

int liteio_op_node_show(struct liteio_agent *a, struct liteio_local_node *ret,
			struct liteio_error *err);
/* the loaded module alone, without a look at the installed one */
int liteio_op_module_loaded(struct liteio_local_module *ret, struct liteio_error *err);
int liteio_op_module_show(struct liteio_agent *a, struct liteio_local_module *ret,
			  struct liteio_error *err);
/* load liteio.ko and give it the floors of all pools */
int liteio_op_module_load(struct liteio_agent *a, struct liteio_local_module *ret,
			  struct liteio_error *err);

/* ---- disks ---- */

/**
 * liteio_op_disk_list() - disks and partitions of this node, and whether a pool can be made on each
 * @a: the agent
 * @rule: which ones
 * @ret: those, each with the judgement that liteio_op_pool_create() would come to
 * @err: why not; a rule that nothing can match
 *
 * Reads every disk; changes nothing. Return: 0 or a negative errno.
 */
int liteio_op_disk_list(struct liteio_agent *a, const struct liteio_local_disk_rule *rule,
			struct liteio_local_disk_list *ret, struct liteio_error *err);

/* ---- pools ---- */

/**
 * liteio_op_pool_create() - make a pool on a disk or a file, and open it
 * @a: the agent
 * @req: name, device; exists with the same name and device: answered as it is
 * @ret: the pool
 * @err: why not; for a device that carries something, what
 *
 * Return: 0 or a negative errno.
 */
int liteio_op_pool_create(struct liteio_agent *a, const struct liteio_local_pool_create *req,
			  struct liteio_local_pool *ret, struct liteio_error *err);
/* change what can be changed of an open pool: its overcommit */
int liteio_op_pool_set(struct liteio_agent *a, const char *pool,
		       const struct liteio_local_pool_set *req, struct liteio_local_pool *ret,
		       struct liteio_error *err);
/**
 * liteio_op_pool_import() - open a pool that is on a device already, and keep it
 * @a: the agent
 * @req: the device; open on it already: answered as it is. With force also while a disk that might
 *	carry a newer copy does not answer, and below what an earlier agent has left on a disk that
 *	is gone
 * @ret: the pool
 * @err: why not: a copy of one that is there, another writer, a newer format, ...
 *
 * What was interrupted in it is finished, and its exports are restored. Return: 0 or a negative
 * errno.
 */
int liteio_op_pool_import(struct liteio_agent *a, const struct liteio_local_pool_import *req,
			  struct liteio_local_pool *ret, struct liteio_error *err);
/* the same for every pool on the disks of this node that is not open, each with what came of it */
int liteio_op_pool_import_all(struct liteio_agent *a, struct liteio_local_pool_imported_list *ret,
			      struct liteio_error *err);
/**
 * liteio_op_pool_reopen() - open a pool again that was made here, or taken over
 * @a: the agent
 * @req: the device
 * @name: of the pool that is meant
 * @uuid: likewise
 * @ret: the pool
 * @err: why not: as for liteio_op_pool_import(); or the device carries another one
 *
 * One that was exported stays so: nobody in person asked for it. Nor is another pool opened because
 * it is on that device by now. Return: 0, -EEXIST another one, or another negative errno.
 */
int liteio_op_pool_reopen(struct liteio_agent *a, const struct liteio_local_pool_import *req,
			  const char *name, const struct liteio_uuid *uuid,
			  struct liteio_local_pool *ret, struct liteio_error *err);

/**
 * liteio_op_pool_export() - close a pool for good, until somebody imports it
 * @a: the agent
 * @pool: name; not open, but a disk of this node carries it exported: answered as done
 * @ret: what can be pulled
 * @err: why not; -EBUSY while any volume of it is attached, here or elsewhere
 *
 * It is not opened at the next start, and nobody waits for it. Return: 0 or a negative errno.
 */
int liteio_op_pool_export(struct liteio_agent *a, const char *pool,
			  struct liteio_local_pool_exported *ret, struct liteio_error *err);
/* take the space that its disk has gained, or make its file larger; volumes are in use meanwhile */
int liteio_op_pool_grow(struct liteio_agent *a, const char *pool,
			const struct liteio_local_pool_grow *req, struct liteio_local_pool *ret,
			struct liteio_error *err);
/*
 * close an empty pool and erase its label; -EBUSY while it has volumes or snapshots. One that is
 * not there is not waited for any more, as by liteio_op_pool_forget()
 */
int liteio_op_pool_delete(struct liteio_agent *a, const char *pool, bool *ret_deleted,
			  struct liteio_error *err);
/* the same for who has seen that it is open, with this uuid: -EAGAIN when it is not, any more */
int liteio_op_pool_delete_open(struct liteio_agent *a, const char *pool,
			       const struct liteio_uuid *uuid, struct liteio_error *err);
/* give up a pool that is not there: its disk is not touched, its consumers are refused */
int liteio_op_pool_forget(struct liteio_agent *a, const char *pool, bool *ret_known,
			  struct liteio_error *err);
/**
 * liteio_op_pool_repair() - make the metadata of a pool good, in its spare region
 * @a: the agent
 * @pool: name
 * @req: force: also when nothing is wrong, and also when something is lost for good.
 *	fromMetadata: of a pool that is not open because its catalog is lost, make one; without,
 *	@err says what that would be
 * @ret: what was done
 * @err: why not; -EEXIST when nothing is wrong, -EBUSY naming a volume of the thin pools that is in
 *	use or exported, -EUCLEAN naming what would be lost: nothing has changed then
 *
 * Heads that nobody has open are taken away and put back. Nothing else of the pool goes on
 * meanwhile, for as long as its metadata take to be read several times. Return: 0 or a negative
 * errno.
 */
int liteio_op_pool_repair(struct liteio_agent *a, const char *pool,
			  const struct liteio_local_pool_repair *req,
			  struct liteio_local_pool_repaired *ret, struct liteio_error *err);
/* the pool with the kernel's numbers of this moment */
int liteio_op_pool_show(struct liteio_agent *a, const char *pool, struct liteio_local_pool *ret,
			struct liteio_error *err);
int liteio_op_pool_list(struct liteio_agent *a, struct liteio_local_pool_list *ret,
			struct liteio_error *err);

/* ---- volumes ---- */

/**
 * liteio_op_volume_create() - an empty volume, or one restored from a snapshot
 * @a: the agent
 * @req: see struct liteio_local_volume_create. Names and uuids are unique on the node
 * @ret: the volume
 * @err: why not
 *
 * Durable when it returns. Return: 0 or a negative errno.
 */
int liteio_op_volume_create(struct liteio_agent *a, const struct liteio_local_volume_create *req,
			    struct liteio_local_volume *ret, struct liteio_error *err);
/* the same for who has seen a pool of that name, with this uuid: -EAGAIN when it is another one */
int liteio_op_volume_create_in(struct liteio_agent *a, const struct liteio_uuid *pool,
			       const struct liteio_local_volume_create *req,
			       struct liteio_local_volume *ret, struct liteio_error *err);
/**
 * liteio_op_volume_grow() - make it larger, online, down to the consumer's controller
 * @a: the agent
 * @volume: name
 * @size_bytes: rounded up to LITEIO_VOLUME_SIZE_ALIGN; smaller than it is: -EINVAL
 * @ret: the volume
 * @err: why not
 *
 * Catalog first, then the thin device, then every head of it, then every namespace is told. A
 * consumer follows with liteio_op_attachment_resize() on its own node.
 * Return: 0 or a negative errno.
 */
int liteio_op_volume_grow(struct liteio_agent *a, const char *volume, uint64_t size_bytes,
			  struct liteio_local_volume *ret, struct liteio_error *err);
/**
 * liteio_op_volume_delete() - give up a volume for good
 * @a: the agent
 * @volume: name
 * @req: whether to wait until its space is free, and what happens to its blocks before
 * @ret: whether it was there; its uuid when its space is not free yet
 * @err: why not; -EBUSY while it has live attachments
 *
 * Its space comes back in slices, between which other volumes of the pool have their turn.
 * Return: 0 or a negative errno.
 */
int liteio_op_volume_delete(struct liteio_agent *a, const char *volume,
			    const struct liteio_local_delete *req,
			    struct liteio_local_deleted *ret, struct liteio_error *err);
/* what was deleted, or left by a roll back, and has not given back all its space */
int liteio_op_deletion_list(struct liteio_agent *a, struct liteio_local_deletion_list *ret,
			    struct liteio_error *err);
/* a volume that is being deleted, by the name that it had */
int liteio_op_deletion_show(struct liteio_agent *a, const char *volume,
			    struct liteio_local_volume *ret, struct liteio_error *err);
int liteio_op_volume_show(struct liteio_agent *a, const char *volume,
			  struct liteio_local_volume *ret, struct liteio_error *err);
/* @ret: a struct liteio_local_volume_list, as it is written; new memory */
int liteio_op_volume_list(struct liteio_agent *a, char **ret, struct liteio_error *err);

/* ---- volumes that are there: ops_change.c ---- */

/**
 * liteio_op_volume_rollback() - make a volume what one of its snapshots is
 * @a: the agent
 * @volume: name; without live attachments, or -EBUSY
 * @req: the snapshot; it stays, as do those that were taken later
 * @ret: the volume: uuid, name, floor, limits and size are what they were. The size does not go
 *       back: who was promised so many bytes keeps them; behind the end of the snapshot they are
 *       zero
 * @err: why not
 *
 * Durable when it returns; the space of the old data comes back in slices, later. Cut short, the
 * volume is as before or as the snapshot. Asked again it goes back again. Return: 0 or a negative
 * errno.
 */
int liteio_op_volume_rollback(struct liteio_agent *a, const char *volume,
			      const struct liteio_local_rollback *req,
			      struct liteio_local_volume *ret, struct liteio_error *err);
/*
 * Another name for a volume or snapshot, in use or not; what has only the new name is answered as
 * done. -EBUSY on a node of a cluster: there objects give the names.
 */
int liteio_op_volume_rename(struct liteio_agent *a, const char *volume,
			    const struct liteio_local_rename *req, struct liteio_local_volume *ret,
			    struct liteio_error *err);
int liteio_op_snapshot_rename(struct liteio_agent *a, const char *snapshot,
			      const struct liteio_local_rename *req,
			      struct liteio_local_snapshot *ret, struct liteio_error *err);
/* a new volume with what @volume has at this moment, held still as for a snapshot */
int liteio_op_volume_clone(struct liteio_agent *a, const char *volume,
			   const struct liteio_local_clone *req, struct liteio_local_volume *ret,
			   struct liteio_error *err);

/* ---- the fence ---- */

/**
 * liteio_op_volume_fence() - end the right to a volume of older generations, or of one
 * @a: the agent
 * @volume: name
 * @req: floor or generation, and how long to wait for the drain
 * @ret: drained, or how much is still in flight
 * @err: why the gates could not be closed; then nothing may be concluded
 *
 * Only closes gates; what was behind them is removed by liteio_op_export_delete(). An answer with
 * @ret->drained false is a success: the gates are closed for good, ask again.
 * Return: 0 or a negative errno.
 */
int liteio_op_volume_fence(struct liteio_agent *a, const char *volume,
			   const struct liteio_local_fence *req, struct liteio_local_fenced *ret,
			   struct liteio_error *err);

/* ---- the module's registry, as the kernel has it; -ENOENT when the module is not loaded ---- */

int liteio_op_module_volume_list(struct liteio_agent *a,
				 struct liteio_local_module_volume_list *ret,
				 struct liteio_error *err);
/* also -ENOENT when the kernel does not know it */
int liteio_op_module_volume_show(struct liteio_agent *a, const struct liteio_uuid *uuid,
				 struct liteio_local_module_volume *ret, struct liteio_error *err);
int liteio_op_module_attachment_list(struct liteio_agent *a,
				     struct liteio_local_module_attachment_list *ret,
				     struct liteio_error *err);
/**
 * liteio_op_module_fence() - end the right to a volume, whoever may know it
 * @a: the agent
 * @req: uuid, floor or generation, and how long to wait for the drain
 * @ret: the fence; persisted says whether it outlives this boot
 * @err: why the gates could not be closed; -ENOENT when neither a pool nor the kernel knows it
 *
 * A volume of a pool of this node is fenced as by liteio_op_volume_fence(): its catalog first. For
 * any other the kernel is all there is, and a note says so, and why. A pool that is not open keeps
 * what its catalog says until it comes into the table, or back, while this kernel runs: then it is
 * written down (liteio_restore_floors()). Return: 0 or a negative errno.
 */
int liteio_op_module_fence(struct liteio_agent *a, const struct liteio_local_module_fence *req,
			   struct liteio_local_module_fenced *ret, struct liteio_error *err);
/*
 * liteio_op_volume_fence() by uuid; -ENOENT only when no open pool has it, which one that is out of
 * the table, and may be put back, is not: @err says which of both; @ret_pool: new memory
 */
int liteio_op_volume_fence_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
				const struct liteio_local_fence *req,
				struct liteio_local_fenced *ret, char **ret_pool,
				struct liteio_error *err);

/* ---- limits ---- */

/**
 * liteio_op_volume_limit() - change what a volume may do in a second
 * @a: the agent
 * @volume: name
 * @change: what is not given stays as it is
 * @ret: the volume; without a module that has limits they are kept and not in force, as it says
 * @err: why not; then nothing has changed, or (when the kernel failed) they hold from the next
 *	attachment on
 *
 * Catalog first, then the kernel, where they hold at once, also for I/O that waits already.
 * Return: 0 or a negative errno.
 */
int liteio_op_volume_limit(struct liteio_agent *a, const char *volume,
			   const struct liteio_limits_change *change,
			   struct liteio_local_volume *ret, struct liteio_error *err);

/* ---- snapshots ---- */

/**
 * liteio_op_snapshot_create() - a point in time of a volume
 * @a: the agent
 * @req: name, volume
 * @ret: the snapshot
 * @err: why not
 *
 * The heads of the volume are suspended for the moment: a filesystem that is mounted on this node
 * is frozen consistently, a remote consumer's is as after a power cut. All that was acknowledged to
 * a flush before is in it. Of what nobody has open several are taken together (snapshots.h).
 * Return: 0 or a negative errno.
 */
int liteio_op_snapshot_create(struct liteio_agent *a,
			      const struct liteio_local_snapshot_create *req,
			      struct liteio_local_snapshot *ret, struct liteio_error *err);
/**
 * liteio_op_snapshot_group() - one point in time of several volumes of this node
 * @a: the agent
 * @req: the snapshots
 * @ret: these, in the order of the request
 * @err: why not; then none was made
 *
 * The heads of all of them are held still together, for a bounded time. Cut short, there are all
 * or none. Return: 0 or a negative errno.
 */
int liteio_op_snapshot_group(struct liteio_agent *a, const struct liteio_local_snapshot_group *req,
			     struct liteio_local_snapshot_list *ret, struct liteio_error *err);
int liteio_op_snapshot_delete(struct liteio_agent *a, const char *snapshot,
			      const struct liteio_local_delete *req,
			      struct liteio_local_deleted *ret, struct liteio_error *err);
int liteio_op_snapshot_show(struct liteio_agent *a, const char *snapshot,
			    struct liteio_local_snapshot *ret, struct liteio_error *err);
int liteio_op_snapshot_list(struct liteio_agent *a, struct liteio_local_snapshot_list *ret,
			    struct liteio_error *err);

/* ---- exports: the pool node's side ---- */

/**
 * liteio_op_export_create() - open the gate of one attachment, and let its consumer reach it
 * @a: the agent
 * @req: volume, generation, consumer
 * @ret: the export, ready; NULL when nobody wants to know what the kernel says of it
 * @err: why not; -ESTALE for a generation below the floor or fenced by itself
 *
 * Return: 0 or a negative errno.
 */
int liteio_op_export_create(struct liteio_agent *a, const struct liteio_local_export_create *req,
			    struct liteio_local_export *ret, struct liteio_error *err);
/**
 * liteio_op_export_delete() - fence one generation and, once drained, remove what it had
 * @a: the agent
 * @volume: name
 * @generation: of the attachment, whether it has an export or not
 * @timeout_ms: how long to wait for the drain
 * @ret: fenced; drained; removed. A head that a local mount still holds stays, dead, until it is
 *       closed: drained without removed
 * @err: why not
 *
 * On a node by itself the floor is raised past it, unless a live attachment is older: no record is
 * left. In a cluster only the controller raises floors.
 * Return: 0 or a negative errno.
 */
int liteio_op_export_delete(struct liteio_agent *a, const char *volume, uint64_t generation,
			    uint64_t timeout_ms, struct liteio_local_unexport *ret,
			    struct liteio_error *err);
/**
 * liteio_op_export_sweep() - remove what fenced generations of a volume have left behind
 * @a: the agent
 * @volume: name
 * @err: what failed
 *
 * After liteio_op_volume_fence() with a floor: doors, subsystems and heads of every generation that
 * is not live in the catalog. What has not drained, or is still mounted here, stays for the next
 * time.
 * Return: 0 or a negative errno.
 */
int liteio_op_export_sweep(struct liteio_agent *a, const char *volume, struct liteio_error *err);
/*
 * The live attachments of one volume (NULL: of all volumes), as the kernel has them now; and, never
 * ready, what ended ones have left in the kernel.
 */
int liteio_op_export_list(struct liteio_agent *a, const char *volume,
			  struct liteio_local_export_list *ret, struct liteio_error *err);

/* ---- attachments: the consumer's side ---- */

/**
 * liteio_op_attachment_create() - make the volume's block device appear on this node
 * @a: the agent
 * @req: uuid, generation, how to connect
 * @ret: the attachment; its device has the uuid and at least the size that were asked for
 * @err: why not; -EBUSY while another generation of the volume is still attached here
 *
 * Return: 0 or a negative errno.
 */
int liteio_op_attachment_create(struct liteio_agent *a, const struct liteio_local_attach *req,
				struct liteio_local_attachment *ret, struct liteio_error *err);
/* follow the volume's growth: done when the device has at least that size */
int liteio_op_attachment_resize(struct liteio_agent *a, const struct liteio_uuid *uuid,
				uint64_t generation, uint64_t size_bytes,
				struct liteio_local_attachment *ret, struct liteio_error *err);
/**
 * liteio_op_attachment_delete() - let go of a volume
 * @a: the agent
 * @uuid: volume
 * @generation: attachment
 * @force: also when the device is still open: its users get errors
 * @ret_deleted: it was there
 * @err: why not; -EBUSY while the device is open and @force is not set
 *
 * Never hangs: with @force, or when the path is dead, the controller goes first, so that whatever
 * waits for it gets an error. Return: 0 or a negative errno.
 */
int liteio_op_attachment_delete(struct liteio_agent *a, const struct liteio_uuid *uuid,
				uint64_t generation, bool force, bool *ret_deleted,
				struct liteio_error *err);
int liteio_op_attachment_list(struct liteio_agent *a, struct liteio_local_attachment_list *ret,
			      struct liteio_error *err);

/**
 * liteio_op_volume_attach() - attach a volume of this node to this node
 * @a: the agent, which works alone: the rights of a cluster's volumes are the cluster's to give
 * @volume: name
 * @req: how
 * @ret: the attachment
 * @err: why not; -EEXIST when it is attached in the other way
 *
 * Export and attachment in one, of a generation that has never been given; what is attached already
 * is answered as it is. Return: 0 or a negative errno.
 */
int liteio_op_volume_attach(struct liteio_agent *a, const char *volume,
			    const struct liteio_local_volume_attach *req,
			    struct liteio_local_attachment *ret, struct liteio_error *err);
/*
 * and the end of it: -EBUSY while the device is open and @force is not set. The floor of the volume
 * is raised where nobody else's right is older, so that nothing has to be remembered of it
 */
int liteio_op_volume_detach(struct liteio_agent *a, const char *volume, bool force,
			    struct liteio_local_unexport *ret, struct liteio_error *err);

/* ---- statistics ---- */

int liteio_op_stats_list(struct liteio_agent *a, struct liteio_local_stats_list *ret,
			 struct liteio_error *err);

#endif
