/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pool on a device: making it, opening it, and the volumes in it.
 *
 * THREADS. Everything that changes or reads the disk or the kernel ("lane") blocks and belongs on a
 * worker, one lane per pool: two lane functions of the same pool never run at the same time; those
 * of different pools may. Functions marked "any thread" only look at memory under a short lock and
 * may be called while a lane function of the same pool runs; they see the state before or after a
 * change, never one that is not on the disk yet.
 *
 * ORDER. A change is on the disk before the kernel is told, and both before a function returns 0.
 * Every operation that takes several steps is a table of named steps (step.h, where they
 * are listed) and is finished or undone by liteio_pool_open() when it was interrupted at any of
 * them.
 *
 * Functions that want a state that is there already succeed; those that remove what is not there
 * succeed too.
 *
 * Over 600 lines because it is the whole interface of the folder, and nearly all of it is prose.
 */
#ifndef LITEIO_POOL_POOL_H
#define LITEIO_POOL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/uuid.h"
#include "pool/account.h"
#include "pool/catalog.h"
#include "pool/label.h"

struct liteio_disk_losses;
struct liteio_error;
struct liteio_pool;

/**
 * enum liteio_pool_condition - what can be done with an open pool
 * @LITEIO_POOL_READY: everything
 * @LITEIO_POOL_NO_SPACE: out of data space: new blocks of all volumes fail; free some
 * @LITEIO_POOL_READ_ONLY: volumes can be read; nothing is modified, the reason says why
 *	(needs_check, foreign transaction id, metadata full or failed its check, a catalog that can
 *	not be written). Found at opening, metadata that are not sound also make every device of
 *	the thin pool read-only; when the kernel finds them so while it works, what has its block
 *	already can still be written
 * @LITEIO_POOL_FAILED: the kernel gave the pool up, or it could not be activated
 *
 * In the order of getting worse.
 */
enum liteio_pool_condition {
	LITEIO_POOL_READY,
	LITEIO_POOL_NO_SPACE,
	LITEIO_POOL_READ_ONLY,
	LITEIO_POOL_FAILED,
};

extern const char *const liteio_pool_condition_names[];

/**
 * struct liteio_pool_info - an open pool
 * @uuid: of the pool
 * @name: of the pool
 * @device: block device it is on ("/dev/sdb", "/dev/loop0"); the first one of several
 * @n_devices: how many there are; liteio_pool_device() says which
 * @disk_id: what tells that device from all others, as struct liteio_block_info; may be ""
 * @file: backing file, "" for devices
 * @engine: "thin"
 * @condition: what can be done
 * @reason: one sentence when it is not READY, else ""
 * @reason_word: CamelCase word for programs when it is not READY, else ""
 * @ends_unsaid: the kernel may say nothing when the condition is over: only a refresh finds it out
 * @n_lies: how often since it was opened the disk had not what was written of the catalog, and it
 *	was written again
 * @device_bytes: size of the (first) device
 * @data_bytes: size of the thin pool's data
 * @data_used_bytes: blocks in use, as of the last liteio_pool_refresh()
 * @meta_bytes: size of its metadata
 * @meta_used_bytes: in use, with what the kernel keeps for its commits
 * @is_meta_pressed: so much of it that the pool is to be looked at often
 * @lacks_spare: they were nearly full, and a liteio_pool_refresh() has given it to them, for which
 *	volumes wait for moments: they could not be repaired, were they damaged
 * @leaks: why space is in use that no volume has, and could not be given back when it was opened;
 *	else ""
 * @provisioned_bytes: sum of the sizes of all volumes and snapshots of class thin
 * @overcommit_percent: how much that may be, in percent of @data_bytes
 * @space: all numbers of all classes, account.h
 * @block_bytes: of the thin pool
 * @thin_txid: of the catalog
 * @n_volumes: volumes, whatever their state
 * @n_snapshots: snapshots, whatever their state
 * @n_deleting: of both, those that wait for liteio_pool_reclaim()
 */
struct liteio_pool_info {
	struct liteio_uuid uuid;
	char name[LITEIO_ONDISK_NAME];
	char device[256];
	char disk_id[128];
	uint32_t n_devices;
	char file[4096];
	const char *engine;
	enum liteio_pool_condition condition;
	char reason[512];
	char reason_word[32];
	bool ends_unsaid;
	unsigned int n_lies;
	uint64_t device_bytes;
	uint64_t data_bytes;
	uint64_t data_used_bytes;
	uint64_t meta_bytes;
	uint64_t meta_used_bytes;
	bool is_meta_pressed;
	bool lacks_spare;
	char leaks[256];
	uint64_t provisioned_bytes;
	uint64_t overcommit_percent;
	struct liteio_account space;
	uint64_t block_bytes;
	uint64_t thin_txid;
	uint64_t n_volumes;
	uint64_t n_snapshots;
	uint64_t n_deleting;
};

/**
 * struct liteio_pool_found - a device that carries a label of ours
 * @device: path
 * @label: what it says
 * @from_backup: the first label was damaged
 * @untouched: nothing has been in it since it was made; not looked for by liteio_pool_scan()
 */
struct liteio_pool_found {
	char device[256];
	struct liteio_label label;
	bool from_backup;
	bool untouched;
};

/* ---- pools ---------------------------------------------------------------------------------- */

/**
 * liteio_pool_prepare() - once per process: device-mapper, thin-pool target
 * @err: what this kernel lacks
 *
 * Context: before any lane. Return: 0 or a negative errno.
 */
int liteio_pool_prepare(struct liteio_error *err);

/**
 * struct liteio_pool_format - what to make
 * @name: of the pool
 * @device: block device, or (ending in ".img") a file
 * @size_bytes: of a file to create; 0 for devices and for files that exist
 * @block_bytes: of the thin pool, 0 for the default
 * @linear_bytes: set apart for linear volumes, rounded up to LITEIO_LINEAR_UNIT
 * @reserve_bytes: set apart for reserved volumes, rounded up to blocks; its metadata comes on top
 * @force: take a device that carries a signature or partition table; never one in use
 * @losses: filled with what that destroys, before it is; may be NULL
 * @uuid: that it gets; NULL: a random one
 */
struct liteio_pool_format {
	const char *name;
	const char *device;
	uint64_t size_bytes;
	uint32_t block_bytes;
	uint64_t linear_bytes;
	uint64_t reserve_bytes;
	bool force;
	struct liteio_disk_losses *losses;
	const struct liteio_uuid *uuid;
};

/**
 * liteio_pool_format() - make a pool on a device
 * @f: what to make
 * @ret_uuid: of the new pool
 * @err: why not, with the pool's name
 *
 * A device that carries a pool of ours is refused with or without force (import it, or destroy it).
 * The label is written last: interrupted before, the device is as free as it was and the same call
 * succeeds; after it, the pool is there to be opened. Context: worker. Return: 0, -EEXIST, -EBUSY,
 * -EINVAL or another errno.
 */
int liteio_pool_format(const struct liteio_pool_format *f, struct liteio_uuid *ret_uuid,
		       struct liteio_error *err);

/**
 * liteio_pool_open() - read a pool of this node, activate it, finish what was interrupted
 * @device: block device or file
 * @was_on: where this pool is known to have been open last: a file or device as it is named here,
 *	the id of its first disk (struct liteio_pool_info), or liteio_block_where() of one that has
 *	none; NULL when that is not known
 * @ret: the pool, owned by the caller; see below
 * @err: why not
 *
 * What the kernel has of it already (the agent was restarted, I/O goes on) is adopted as it is. A
 * pool that can be read but must not be modified is opened, too: look at its condition. Only what
 * cannot be opened at all is an error, and nothing was written then: no label (-ENODATA), damaged
 * (-EBADMSG), newer (-ENOTSUP), in use by something else (-EBUSY), exported (-EPERM), there twice:
 * another disk carries the same pool, or the kernel has it from another device (-EEXIST). Of a pool
 * on several devices @device is any of them; the others are found among the disks of this machine,
 * and one that is missing (-ENODEV) or stale (-ESTALE) is an error, too. -ENODEV as well when the
 * kernel has it from a disk that is gone: see liteio_pool_open_left().
 *
 * As long as some disk that might carry the same pool does not answer, nobody knows whether this
 * is a stale copy: -EAGAIN, unless it is where the pool was last (@was_on), or the kernel has it.
 * Context: worker; may take as long as thin_check. Return: 0 or a negative errno.
 */
int liteio_pool_open(const char *device, const char *was_on, struct liteio_pool **ret,
		     struct liteio_error *err);

/**
 * struct liteio_pool_how - how a pool is opened
 * @device: where it is
 * @was_on: as for liteio_pool_open()
 * @is_asked: somebody says that @device is the disk that it was on, whatever it is
 * @is_import: it comes from elsewhere, or was exported, see below
 * @admit: asked before anything is written, or changed in the kernel, whether what is in the
 *	catalog may be here: 0, or what the call ends with. It may only list and find. NULL: it may
 * @admit_arg: for it
 */
struct liteio_pool_how {
	const char *device;
	const char *was_on;
	bool is_asked;
	bool is_import;
	int (*admit)(void *arg, struct liteio_pool *p, struct liteio_error *err);
	void *admit_arg;
};

/*
 * As liteio_pool_open(); but of an import one that was exported is no longer, and what could not be
 * modified afterwards is refused, before anything is written: the thin pool has another transaction
 * id than the catalog (-ESTALE: another program has written it, or the catalog is old). Metadata of
 * which not even that can be said do not keep it out: it is FAILED then, and can be repaired.
 */
int liteio_pool_open_how(const struct liteio_pool_how *how, struct liteio_pool **ret,
			 struct liteio_error *err);

/**
 * liteio_pool_open_left() - open a pool that the kernel has from a disk that is gone, only to take
 *	it out
 * @how: from the disk that is back; a file never is
 * @ret: for looking at its attachments, liteio_pool_drop() and liteio_pool_release()
 * @err: why not
 *
 * Reads the disk, writes nothing, and leaves the kernel as it is; what else is against opening the
 * pool is found out here, @admit of @how among it. The disk is taken for the one that is gone by
 * its id alone: nobody knows any more what was written to it last. Of several disks the list of
 * pools knows only the first, which need not be the one that is gone. Context: worker. Return: 0,
 * -ENODEV nothing of it is in the kernel from a disk that is gone, -ESTALE it is not known to be
 * that disk, or as liteio_pool_open().
 */
int liteio_pool_open_left(const struct liteio_pool_how *how, struct liteio_pool **ret,
			  struct liteio_error *err);

/**
 * liteio_pool_export() - close a pool so that its disk can be pulled
 * @p: released when this succeeds
 * @err: who still uses it
 *
 * As liteio_pool_close(), and the label says that it was exported: nobody opens it who is not asked
 * to import it. Killed before that is written it is as if it was never begun.
 * Context: lane. Return: 0, -EBUSY while a volume has live attachments or is open, -EROFS when the
 * pool cannot be modified, or another negative errno.
 */
int liteio_pool_export(struct liteio_pool *p, struct liteio_error *err);
/* lane: would liteio_pool_export(), liteio_pool_destroy() refuse at once? 0 or -EBUSY */
int liteio_pool_check_export(struct liteio_pool *p, struct liteio_error *err);
int liteio_pool_check_destroy(struct liteio_pool *p, struct liteio_error *err);

/* any thread: is this device, or this file, the one, or one of those, that the pool is open on? */
bool liteio_pool_is_on(struct liteio_pool *p, const char *device);

/**
 * struct liteio_pool_growth - where more space comes from; zeros for what the devices have gained
 * @size_bytes: of a pool in a file: make the file so large first
 * @add: a disk that the pool is to lie on, too; NULL for none. One that it has already is no error
 * @force: as in struct liteio_pool_format, for @add
 * @losses: likewise
 */
struct liteio_pool_growth {
	uint64_t size_bytes;
	const char *add;
	bool force;
	struct liteio_disk_losses *losses;
};

/**
 * liteio_pool_grow() - take the space that the devices have gained, or another device
 * @p: the pool
 * @g: where it comes from
 * @err: why not
 *
 * Volumes are in use all the while; I/O waits for moments. Cut short at whatever step, the pool is
 * as before, or as large as it can be, when it is opened again. There is nothing to gain: a success
 * that changes nothing. A pool that is read-only grows when its metadata are full, and goes on
 * then; when they are not sound and have no spare its label does, so that they can be repaired.
 * Context: lane. Return: 0, -EINVAL when the device is smaller than the pool on it, @size_bytes is
 * less than there is, or is said of a disk, -EROFS (condition), -ENOSPC, also when metadata are
 * full and there is too little for more of them, what keeps a disk from being taken (disk.h), or
 * another negative errno.
 */
int liteio_pool_grow(struct liteio_pool *p, const struct liteio_pool_growth *g,
		     struct liteio_error *err);

/*
 * the part of liteio_pool_grow() that may take long: make the file of a pool so long, unless it can
 * be known that the rest will be refused. Any thread that may block, not in the lane; 0 for a pool
 * that is in no file, and for one that liteio_pool_grow() will refuse by its condition
 */
int liteio_pool_grow_file(struct liteio_pool *p, const struct liteio_pool_growth *g,
			  struct liteio_error *err);

/* any thread: path of one of the devices, in their order; "" behind the last one */
void liteio_pool_device(struct liteio_pool *p, uint32_t i, char ret[256]);

/**
 * liteio_pool_close() - deactivate: thin devices, pool, metadata, data, loop device
 * @p: released when this succeeds
 * @err: who still uses it
 *
 * Context: lane. Return: 0, -EBUSY while a head is on one of its volumes (nothing has changed but
 * for thin devices that nobody used), or another negative errno.
 */
int liteio_pool_close(struct liteio_pool *p, struct liteio_error *err);
/*
 * One of its disks is gone (liteio_pool_is_gone()): what it has in the kernel goes, nothing is
 * written, and @p is released; -EBUSY while a head is on one of its volumes. Context: lane
 */
int liteio_pool_drop(struct liteio_pool *p, struct liteio_error *err);
/* one of its disks was taken away, and does not come back as what it was. Any thread */
bool liteio_pool_is_gone(struct liteio_pool *p);
/* forget it and leave everything in the kernel as it is; for the end of the process */
void liteio_pool_release(struct liteio_pool *p);
/*
 * close it, wipe its labels, release @p; -EBUSY while it has volumes or snapshots. What fails
 * leaves it open, as it was, or with a condition that says why not
 */
int liteio_pool_destroy(struct liteio_pool *p, struct liteio_error *err);

/* the kernel has its thin pool, whoever has brought it there; any thread, does not ask a disk */
bool liteio_pool_is_in_kernel(const struct liteio_uuid *pool);
/* worker: the label of one device, or of a file; writes nothing. 0, -ENODATA, -EBADMSG, ... */
int liteio_pool_probe(const char *device, struct liteio_pool_found *ret, struct liteio_error *err);
/* the same without waiting for ever: -EAGAIN for a disk that has not answered within seconds */
int liteio_pool_probe_soon(const char *device, struct liteio_pool_found *ret,
			   struct liteio_error *err);
/*
 * worker: all disks of this machine with a label of ours; new memory. They are read side by side;
 * one that can not be read, or does not answer within five seconds, does not keep the others away
 */
int liteio_pool_scan(struct liteio_pool_found **ret, size_t *ret_n, struct liteio_error *err);
/**
 * struct liteio_pool_silence - disks of which a scan does not know what they carry
 * @n: how many have not answered
 * @free: the largest of those that nobody uses and that are not divided; "" for none
 * @free_bytes: its size
 * @any: the largest of all, used or not; "" for none
 * @any_bytes: its size
 */
struct liteio_pool_silence {
	size_t n;
	char free[256];
	uint64_t free_bytes;
	char any[256];
	uint64_t any_bytes;
};

/* the same as liteio_pool_scan(), and whom it has not heard of; nothing of both when it fails */
int liteio_pool_scan_hear(struct liteio_pool_found **ret, size_t *ret_n,
			  struct liteio_pool_silence *ret_silence, struct liteio_error *err);
/* a scan, an earlier one maybe, still waits for a disk. Any thread */
bool liteio_pool_any_silent(void);
/* worker: somebody has the pool on this device open, in this process or in another one */
bool liteio_pool_is_locked(const char *device);

/* any thread */
void liteio_pool_info(struct liteio_pool *p, struct liteio_pool_info *ret);
/*
 * when the disk has last taken a catalog, by liteio_now_ms(); 0: not since it is open, or the pool
 * is on several disks, of which that says nothing. Any thread
 */
uint64_t liteio_pool_taken_ms(struct liteio_pool *p);
/*
 * lane: ask the kernel for usage and condition, without a metadata commit; a catalog that could not
 * be written is tried again
 */
int liteio_pool_refresh(struct liteio_pool *p, struct liteio_error *err);
/* lane: ask the kernel anything, to see whether the disk lets it answer; what it says is dropped */
void liteio_pool_ask(struct liteio_pool *p);
/* reserved volumes are in a thin pool of their own, which may hang alone */
bool liteio_pool_has_reserve(const struct liteio_pool *p);

/**
 * liteio_pool_keep_mark() - will the kernel say in time what becomes of a pool?
 * @p: the pool, after liteio_pool_refresh()
 * @now_ms: by a clock that goes on
 * @rest_ms: nobody uses a pool when the last look at it that found something new is so long ago
 * @err: why its low-water mark could not be asked for, or set
 *
 * In time is before the next rung of README.md's two ladders: then nobody has to look. Where its
 * mark does not do, and nobody uses the pool, it is set to one that does, which holds its volumes
 * for a moment. Later, when more is promised or in use than that mark is good for, lane.changed is
 * called. Of a pool whose condition is not READY a mark does not say enough: it is not to be asked
 * for, and 1 here.
 *
 * Context: lane. Return: 1 when it will; 0 when the pool has to be looked at every now and then,
 * for the time being; a negative errno, likewise.
 */
int liteio_pool_keep_mark(struct liteio_pool *p, uint64_t now_ms, uint64_t rest_ms,
			  struct liteio_error *err);

/**
 * struct liteio_pool_lane - the way out of the lane and back, for long work
 * @leave: others have their turn from here on; NULL for nothing
 * @enter: waits for them
 * @changed: the condition has become another one, or the kernel may no longer say in time what
 *	becomes of the pool; in the lane, under no lock; NULL for nothing
 * @arg: of all
 *
 * Between slices, or while a program looks at metadata that nobody else can have.
 */
struct liteio_pool_lane {
	void (*leave)(void *arg);
	void (*enter)(void *arg);
	void (*changed)(void *arg);
	void *arg;
};

/* context: before anybody else has the pool */
void liteio_pool_set_lane(struct liteio_pool *p, const struct liteio_pool_lane *lane);
/* lane: how much thin volumes may be promised: LITEIO_OVERCOMMIT_MIN to _MAX, 0 for the default */
int liteio_pool_set_overcommit(struct liteio_pool *p, uint64_t percent, struct liteio_error *err);

/* ---- volumes and snapshots ------------------------------------------------------------------ */

/**
 * struct liteio_pool_create - a new volume
 * @uuid: of the volume, not zero
 * @name: unique among the volumes of the pool
 * @vclass: where its space comes from; 0 is that of @source, or thin
 * @size_bytes: rounded up to the pool's block size, or LITEIO_LINEAR_UNIT; at least that of @source
 * @source: volume or snapshot to be filled from; zero for an empty one. It shares blocks, and so
 *	is of the same class, which is not linear
 * @owner: free text, may be NULL
 * @limits: from the beginning; what is there already keeps its own
 * @wipe: enum liteio_catalog_wipe; what @source has counts too. With zeros only for an empty one,
 *	of which then there are no snapshots and clones: dm-thin does not overwrite in place what
 *	has ever been shared
 */
struct liteio_pool_create {
	struct liteio_uuid uuid;
	const char *name;
	enum liteio_catalog_class vclass;
	uint64_t size_bytes;
	struct liteio_uuid source;
	const char *owner;
	struct liteio_catalog_limits limits;
	enum liteio_catalog_wipe wipe;
};

/**
 * struct liteio_quiesce - how to hold still what is above a volume while its snapshot is taken
 * @freeze: suspend the heads with a freeze of the filesystem; what it did is undone by @thaw
 * @freeze_rest: after it, before anything is suspended: nothing of what is above is left that runs,
 *	also what nobody had open then. May be NULL: there is no such thing
 * @thaw: resume them; called once after a successful @freeze, whatever happened between
 * @is_idle: nobody can write through what has the volume open, which is so many devices; what has
 *	passed so far is remembered. May be NULL: it is not known
 * @was_idle: nothing has passed since then, nor can it now
 * @arg: for all
 *
 * Between @freeze and @thaw the pool only suspends the thin device, takes the snapshot, and
 * resumes; or, when it is idle, only takes the snapshot, and takes it again, suspended, when it was
 * not.
 */
struct liteio_quiesce {
	int (*freeze)(void *arg, struct liteio_error *err);
	int (*freeze_rest)(void *arg, struct liteio_error *err);
	void (*thaw)(void *arg);
	bool (*is_idle)(void *arg, unsigned int n_open);
	bool (*was_idle)(void *arg);
	void *arg;
};

/**
 * liteio_pool_volume_create() - a new volume, empty or filled from a snapshot or volume
 * @p: the pool
 * @c: what
 * @q: for a source that is a volume in use; may be NULL otherwise
 * @err: why not
 *
 * The same again is a success; another volume under this uuid or name is -EEXIST. What an empty one
 * of class thin or reserved is in the kernel is made when it is first needed (create.h).
 * A linear volume is zeroed first: as long as that takes, others have the lane between slices.
 * Context: lane. Return: 0, -EINVAL, -EEXIST, -ENOENT (source), -ENOSPC (catalog or metadata full,
 * no space of its class), -EOPNOTSUPP (its class can not), -EROFS (condition), or another negative
 * errno.
 */
int liteio_pool_volume_create(struct liteio_pool *p, const struct liteio_pool_create *c,
			      const struct liteio_quiesce *q, struct liteio_error *err);

/**
 * liteio_pool_snapshot_create() - a point in time of a volume
 * @p: the pool
 * @uuid: of the snapshot
 * @name: unique among the snapshots of the pool
 * @volume: what; or a snapshot, for another one of the same point in time of the same volume
 * @owner: free text, may be NULL
 * @q: holds still what is above; NULL when nothing is
 * @err: why not
 *
 * It is of the class of the volume; of a linear one there are none (-EOPNOTSUPP). In the reserve it
 * takes as much as the volume's size.
 * Context: lane. Return: as liteio_pool_volume_create().
 */
int liteio_pool_snapshot_create(struct liteio_pool *p, const struct liteio_uuid *uuid,
				const char *name, const struct liteio_uuid *volume,
				const char *owner, const struct liteio_quiesce *q,
				struct liteio_error *err);

/**
 * liteio_pool_volume_grow() - make it larger
 * @p: the pool
 * @uuid: volume
 * @size_bytes: new size, rounded up to the block size; smaller than now is -EINVAL
 * @ret_allocated: as liteio_pool_volume_allocated(), when its device was looked at; or NULL
 * @err: why not
 *
 * Its device follows when it is active; heads are reloaded by the caller. A linear volume gets
 * further ranges, zeroed. Context: lane. Return: 0 or a negative errno.
 */
int liteio_pool_volume_grow(struct liteio_pool *p, const struct liteio_uuid *uuid,
			    uint64_t size_bytes, uint64_t *ret_allocated,
			    struct liteio_error *err);

/**
 * liteio_pool_volume_limit() - persist limits; the kernel is told by the caller, after this
 * @p: the pool
 * @uuid: volume
 * @limits: all of them
 * @err: why not
 *
 * The same again writes nothing. Context: lane. Return: 0, -ENOENT no such READY volume, -EROFS
 * (condition), or another negative errno.
 */
int liteio_pool_volume_limit(struct liteio_pool *p, const struct liteio_uuid *uuid,
			     const struct liteio_catalog_limits *limits, struct liteio_error *err);

/*
 * can it be deleted, as far as is known before its catalog is written? Takes its thin device out of
 * the kernel where that is needed. 0, or what liteio_pool_volume_delete() says. Context: lane
 */
int liteio_pool_volume_check_delete(struct liteio_pool *p, const struct liteio_uuid *uuid,
				    struct liteio_error *err);

/**
 * liteio_pool_volume_delete() - give up a volume or snapshot, for good
 * @p: the pool
 * @uuid: volume or snapshot
 * @err: why not
 *
 * From now on it is DELETING and cannot be attached; liteio_pool_reclaim() gives the space back.
 * Context: lane. Return: 0 (also when there is none), -EBUSY while it has live attachments or its
 * thin device is open, or another negative errno.
 */
int liteio_pool_volume_delete(struct liteio_pool *p, const struct liteio_uuid *uuid,
			      struct liteio_error *err);

/**
 * liteio_pool_reclaim() - give back one slice of one deleted volume
 * @p: the pool
 * @ret_more: call again, when other jobs of the lane had their turn
 * @err: why not; the volume stays DELETING and the next call tries again
 *
 * Context: lane; one slice is at most 256 MiB of space. Return: 0 or a negative errno.
 */
int liteio_pool_reclaim(struct liteio_pool *p, bool *ret_more, struct liteio_error *err);

/* lane: bytes that a deleted volume or snapshot still has; 0 when it is gone */
int liteio_pool_reclaim_left(struct liteio_pool *p, const struct liteio_uuid *uuid,
			     uint64_t *ret_bytes, struct liteio_error *err);

/* ---- back, together, by another name -------------------------------------------------------- */

/**
 * liteio_pool_volume_rollback() - make a volume what one of its snapshots is
 * @p: the pool
 * @volume: what
 * @snapshot: of this volume, whenever it was taken; it stays, and so do those taken later
 * @err: why not
 *
 * The volume keeps its uuid, name, floor, limits and size: a volume that has grown since reads
 * zeros behind the end of the snapshot. Its old data is given back by liteio_pool_reclaim(). After
 * any interruption it is as before or as the snapshot, and nothing between. Asked again it goes
 * back again.
 * Context: lane; the heads of ended attachments are gone. Return: 0, -ENOENT, -EINVAL when it is a
 * snapshot of something else, -EBUSY while there is any live attachment, writable or not, or the
 * thin device of one of both is open, -ENOSPC, -EROFS, or another negative errno.
 */
int liteio_pool_volume_rollback(struct liteio_pool *p, const struct liteio_uuid *volume,
				const struct liteio_uuid *snapshot, struct liteio_error *err);

/**
 * liteio_pool_volume_rename() - give a volume or snapshot another name
 * @p: the pool
 * @uuid: volume or snapshot; in use or not
 * @name: unique among those of its kind
 * @err: why not
 *
 * Context: lane. Works on a READ_ONLY pool, too: the catalog is not the thin pool.
 * Return: 0 (also when that is its name), -ENOENT, -EEXIST, -EINVAL, or another negative errno.
 */
int liteio_pool_volume_rename(struct liteio_pool *p, const struct liteio_uuid *uuid,
			      const char *name, struct liteio_error *err);

/**
 * liteio_pool_volume_wipe() - say what happens to its blocks before others can have them
 * @p: the pool
 * @uuid: volume or snapshot, ready
 * @wipe: less than what was said before is not taken back and changes nothing
 * @err: why not
 *
 * Snapshots, clones and restored volumes have what their source has. Context: lane.
 * Return: 0, -EOPNOTSUPP for zeros (see struct liteio_pool_create), or when the disk takes no
 * discards, or another negative errno.
 */
int liteio_pool_volume_wipe(struct liteio_pool *p, const struct liteio_uuid *uuid,
			    enum liteio_catalog_wipe wipe, struct liteio_error *err);

/**
 * struct liteio_pool_member - one snapshot of a group
 * @uuid: of the snapshot
 * @name: unique among the snapshots of the pool
 * @volume: what; each volume only once
 */
struct liteio_pool_member {
	struct liteio_uuid uuid;
	const char *name;
	struct liteio_uuid volume;
};

/**
 * liteio_pool_snapshot_group() - one point in time of several volumes
 * @p: the pool
 * @m: the snapshots
 * @n: how many, at least 1
 * @owner: free text, may be NULL
 * @q: holds still what is above all of them
 * @err: why not
 *
 * All thin devices that are in use are held, all snapshots taken, all let go on; all records change
 * in one write: after any interruption there are all or none. The same again is a success, a group
 * of which only a part is there is -EEXIST. Context: lane. Return: as liteio_pool_volume_create().
 */
int liteio_pool_snapshot_group(struct liteio_pool *p, const struct liteio_pool_member *m, size_t n,
			       const char *owner, const struct liteio_quiesce *q,
			       struct liteio_error *err);

/*
 * lane: before it is answered again that something is there, or done, that must outlive the loss of
 * either slot of the catalog: it is in both. Of a catalog that may be old nothing is written. 0, or
 * why it is in one slot, or is not known to be in more
 */
int liteio_pool_confirm(struct liteio_pool *p, struct liteio_error *err);

/* any thread: one by uuid, or by kind and name; 0 or -ENOENT */
int liteio_pool_volume_get(struct liteio_pool *p, const struct liteio_uuid *uuid,
			   struct liteio_catalog_volume *ret);
int liteio_pool_volume_find(struct liteio_pool *p, enum liteio_catalog_kind kind, const char *name,
			    struct liteio_catalog_volume *ret);
/* any thread: all volumes and snapshots; new memory */
void liteio_pool_volume_list(struct liteio_pool *p, struct liteio_catalog_volume **ret,
			     size_t *ret_n);
/*
 * Likewise, but a few at a time, in the order of their uuids: at most @max of those behind @after,
 * NULL for the first ones. How many; less than @max: there are no more. One that is there all the
 * time is neither left out nor given twice, whatever comes and goes in between
 */
size_t liteio_pool_volume_next(struct liteio_pool *p, const struct liteio_uuid *after,
			       struct liteio_catalog_volume *ret, size_t max);

/**
 * struct liteio_pool_thin - an active thin device
 * @dev: its number, what a head sits on
 * @path: "/dev/dm-5"
 * @size_bytes: its size now
 * @is_read_only: the pool was opened read-only: nothing may write to it
 */
struct liteio_pool_thin {
	dev_t dev;
	char path[32];
	uint64_t size_bytes;
	bool is_read_only;
};

/**
 * struct liteio_pool_load - a device that is to be in the kernel
 * @pool: uuid of the pool
 * @uuid: of its volume
 * @engine: loads it; NULL: that was done in the lane
 * @thin_id: by which the engine knows it
 * @thin: its size; all of it, when it was done
 * @room_bytes: the device is made so long: as long as a volume can become, for it is the head above
 *	that is as long as the volume; 0 without one
 * @keeps: it takes no discards: each block is given back when it is wiped
 */
struct liteio_pool_load {
	struct liteio_uuid pool;
	struct liteio_uuid uuid;
	struct liteio_engine *engine;
	uint32_t thin_id;
	struct liteio_pool_thin thin;
	uint64_t room_bytes;
	bool keeps;
};

/**
 * liteio_pool_volume_prepare() - what the device of a READY volume needs of the lane
 * @p: the pool
 * @uuid: volume; its thin device is made, if it was never used
 * @ret: for liteio_pool_volume_load()
 * @err: why it can not be in the kernel
 *
 * Context: lane. Return: 0, -EROFS for what can not be made, or another negative errno.
 */
int liteio_pool_volume_prepare(struct liteio_pool *p, const struct liteio_uuid *uuid,
			       struct liteio_pool_load *ret, struct liteio_error *err);
/**
 * liteio_pool_volume_load() - have the device in the kernel
 * @load: as liteio_pool_volume_prepare() has left it
 * @ret: the device; may be NULL
 * @err: why not
 *
 * Each waits for the kernel a while, so many do that side by side: in the lane or not. Nobody else
 * works on the volume from liteio_pool_volume_prepare() until this returns, nor is the pool closed.
 * Context: worker. Return: 0 or a negative errno.
 */
int liteio_pool_volume_load(const struct liteio_pool_load *load, struct liteio_pool_thin *ret,
			    struct liteio_error *err);
/* lane: both of them, for whoever uses the device itself */
int liteio_pool_volume_activate(struct liteio_pool *p, const struct liteio_uuid *uuid,
				struct liteio_pool_thin *ret, struct liteio_error *err);
/* lane: take it out; -EBUSY while it is open, 0 when it is not active */
int liteio_pool_volume_deactivate(struct liteio_pool *p, const struct liteio_uuid *uuid,
				  struct liteio_error *err);
/**
 * liteio_pool_volume_let_go() - may the device of a volume go out of the kernel?
 * @p: the pool
 * @uuid: of the volume
 * @ret: for liteio_pool_volume_unload()
 *
 * One that has no blocks, and is not attached, may: it is not needed when the volume is deleted.
 * One that has some gives them back through it then. Context: lane.
 * Return: 0, -ENODEV it is not there, -EBUSY it has to stay, or another negative errno.
 */
int liteio_pool_volume_let_go(struct liteio_pool *p, const struct liteio_uuid *uuid,
			      struct liteio_pool_load *ret);
/*
 * Take it out; the kernel waits a while, so this is done in the lane or not. As with
 * liteio_pool_volume_load() nobody else works on the volume meanwhile. Context: worker
 */
int liteio_pool_volume_unload(const struct liteio_pool_load *load, struct liteio_error *err);
/*
 * lane: bytes mapped (shared with snapshots or not): 0, the kernel has said so; 1, it was known
 * without it; -ENODEV when it is not active, but once was, unless it is known to have none
 */
int liteio_pool_volume_allocated(struct liteio_pool *p, const struct liteio_uuid *uuid,
				 uint64_t *ret_bytes, struct liteio_error *err);
/* likewise, and how often its device is open: @ret_open is set when the kernel has said it (0) */
int liteio_pool_volume_look(struct liteio_pool *p, const struct liteio_uuid *uuid,
			    uint64_t *ret_bytes, int *ret_open, struct liteio_error *err);

/* ---- floors and attachments ----------------------------------------------------------------- */

/**
 * liteio_pool_floor_raise() - persist a floor; the kernel's is raised by the caller, after this
 * @p: the pool
 * @uuid: volume
 * @floor: lowest generation still allowed; one that is not higher than the present one is a success
 *         and changes nothing
 * @err: why not
 *
 * Attachments below are dropped from the catalog in the same write. Works while the pool is
 * READ_ONLY too: the catalog is not the thin pool. Context: lane. Return: 0 or a negative errno.
 */
int liteio_pool_floor_raise(struct liteio_pool *p, const struct liteio_uuid *uuid, uint64_t floor,
			    struct liteio_error *err);

/**
 * liteio_pool_attachment_add() - persist the right of a consumer
 * @p: the pool
 * @a: volume, generation, flags, host; state LIVE; @created is set here
 * @err: why not
 *
 * Before the kernel's ATT_ADD. The same again is a success. The first one of a volume makes its
 * thin device before it is written: when that can not be, there is no attachment. Context: lane.
 * Return: 0, -ESTALE below the floor or fenced by itself, -EEXIST with other flags or host,
 * -ENOENT no such READY volume, -EROFS for one that may write in a READ_ONLY pool (or any when the
 * catalog may be old, or the volume was never used), -ENOSPC its metadata are nearly full, ...
 */
int liteio_pool_attachment_add(struct liteio_pool *p, const struct liteio_catalog_attachment *a,
			       struct liteio_error *err);
/*
 * lane: take back a right that nobody was told of, and of which the kernel has nothing. It may be
 * given again. 0, also when there is none or it has ended, or why it is still there
 */
int liteio_pool_attachment_drop(struct liteio_pool *p, const struct liteio_uuid *volume,
				uint64_t generation, struct liteio_error *err);
/**
 * liteio_pool_attachment_fence() - persist the end of one generation, before the kernel is told
 * @p: the pool
 * @volume: whose
 * @generation: which
 * @by_floor: nobody will ask for a lower one that was never there: if this one was, the floor is
 *	raised past it, unless a live attachment is older. Else the generation has a record for
 *	ever, of which there is room for some thousands
 * @err: why not
 *
 * Context: lane. Return: 0, -ENOENT, or why it is not on the disk.
 */
int liteio_pool_attachment_fence(struct liteio_pool *p, const struct liteio_uuid *volume,
				 uint64_t generation, bool by_floor, struct liteio_error *err);
/* @n: no more are told of */
typedef void (*liteio_pool_attachment_fn)(void *arg, const struct liteio_catalog_attachment *a,
					  size_t n);
/* any thread: @fn of each attachment of a volume, live and fenced; the pool's lock is held */
void liteio_pool_attachment_each(struct liteio_pool *p, const struct liteio_uuid *volume,
				 liteio_pool_attachment_fn fn, void *arg);
/* any thread: has a volume this generation, and has it not ended? */
bool liteio_pool_attachment_is_live(struct liteio_pool *p, const struct liteio_uuid *volume,
				    uint64_t generation);
/* any thread: attachments of a volume (NULL: of all), live and fenced; new memory */
void liteio_pool_attachment_list(struct liteio_pool *p, const struct liteio_uuid *volume,
				 struct liteio_catalog_attachment **ret, size_t *ret_n);
/* likewise those that are live and of other nodes, of all volumes: few where most are local */
void liteio_pool_attachment_list_remote(struct liteio_pool *p,
					struct liteio_catalog_attachment **ret, size_t *ret_n);

#endif
