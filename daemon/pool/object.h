/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool object, for the pool_*.c files only.
 *
 * Lane functions read the catalog freely, as nobody else changes it, and change it only through
 * liteio_pool_persist(): a copy is written to the disk and then swapped in under the lock.
 */
#ifndef LITEIO_POOL_OBJECT_H
#define LITEIO_POOL_OBJECT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "pool/engine.h"
#include "pool/mark.h"
#include "pool/pool.h"
#include "pool/step.h"
#include "pool/store.h"

/**
 * struct liteio_pool - an open pool
 * @lock: covers @cat (replacing it), @n_lies, @status, @condition, @reason, @reason_word
 * @store: lane only, but for its label, its sizes and its paths, which are covered by @lock: the
 *	lane reads them without
 * @label_in_doubt: the last write of home's label failed
 * @engine: lane only
 * @reserve: the same for reserved volumes; NULL when the pool has no reserve
 * @cat: what is on the disk
 * @is_one_copy: what must be in both slots is in one of them, or that is not known; lane only
 * @n_lies: how often something that was written to a slot was not there
 * @refused_ms: when the disk last did not take the catalog; lane only
 * @taken_ms: when it last did; under the lock
 * @status: of the engine, as of the last refresh
 * @reserve_status: of the reserve
 * @mark: as it was seen or loaded last, and what the pool had then; lane only
 * @rest: since when nobody uses the pool, as far as somebody has looked; lane only
 * @is_by_clock: the kernel may not say in time what becomes of it: whoever listens knows; lane only
 * @condition: what can be done
 * @is_stuck: @condition was found when the pool was opened and stays until it is opened again, or
 *	repaired
 * @is_refreshing: what it comes to is said when all has been asked; lane only
 * @is_under_repair: somebody is at it, in the lane or not
 * @is_mismatched: the thin pool is not as the catalog says: one of both is of another time
 * @reason: the sentence
 * @reason_word: for programs
 * @leaks: why blocks that nobody has are still in use; "" when there are none; under the lock
 * @file: backing file of a loop device, or ""
 * @is_taken: somebody else has brought it into the kernel while it was opened
 * @named: what it is opened by; while it is opened only
 * @was_on: where it was last, or NULL; likewise
 * @lane: the way out of it
 * @zeroing: linear volumes whose ranges are being zeroed; lane only
 * @n_zeroing: how many
 * @empty: thin ids of devices that have no blocks if they are not in the kernel, in order; lane
 *	only
 * @n_empty: how many
 */
struct liteio_pool {
	pthread_mutex_t lock;
	struct liteio_store store;
	bool label_in_doubt;
	struct liteio_engine *engine;
	struct liteio_engine *reserve;
	struct liteio_catalog cat;
	bool is_one_copy;
	unsigned int n_lies;
	uint64_t refused_ms;
	uint64_t taken_ms;
	struct liteio_engine_status status;
	struct liteio_engine_status reserve_status;
	struct {
		uint64_t blocks;
		uint64_t data_total;
		uint64_t meta_total;
	} mark;
	struct liteio_mark_rest rest;
	bool is_by_clock;
	enum liteio_pool_condition condition;
	bool is_stuck;
	bool is_refreshing;
	bool is_under_repair;
	bool is_mismatched;
	char reason[512];
	char reason_word[32];
	char leaks[256];
	char file[4096];
	bool is_taken;
	const char *named;
	const char *was_on;
	struct liteio_pool_lane lane;
	struct liteio_uuid *zeroing;
	size_t n_zeroing;
	uint32_t *empty;
	size_t n_empty;
};

/* what a thin pool and the catalog say that differs */
struct liteio_pool_txids {
	uint64_t kernel;
	uint64_t catalog;
};

/* a copy of the catalog to change; handed to liteio_pool_persist() or liteio_catalog_fini() */
void liteio_pool_draft(struct liteio_pool *p, struct liteio_catalog *ret);
/* write the draft and make it the catalog; takes it over in any case */
int liteio_pool_persist(struct liteio_pool *p, struct liteio_catalog *draft,
			struct liteio_error *err);
/* the same, to one slot after the other, all of each: for what must outlive the loss of either */
int liteio_pool_persist_both(struct liteio_pool *p, struct liteio_catalog *draft,
			     struct liteio_error *err);
/*
 * The catalog as it is, to the other slot, after liteio_pool_persist(): as much of it as that
 * lacks. Both slots have it then, as by liteio_pool_persist_both(), but what rots unread is not
 * found
 */
int liteio_pool_persist_again(struct liteio_pool *p, struct liteio_error *err);
/*
 * Both: for a floor and a fence, which must not come back with the loss of either slot. Should one
 * of them have rotted before, where nothing is written now, it is no catalog, and never an old one
 */
int liteio_pool_persist_twice(struct liteio_pool *p, struct liteio_catalog *draft,
			      struct liteio_error *err);
/*
 * What these three could not write to the second slot, if anything: before it is
 * answered again that it is done. 0, or why it still is in one slot.
 */
int liteio_pool_persist_owed(struct liteio_pool *p, struct liteio_error *err);
/* the kernel has done its part of the operation that is under way: write that it is over */
int liteio_pool_finish(struct liteio_pool *p, struct liteio_error *err);
/* -EROFS with the reason unless volumes can be modified */
int liteio_pool_check_writable(struct liteio_pool *p, struct liteio_error *err);
void liteio_pool_set_condition(struct liteio_pool *p, enum liteio_pool_condition c,
			       const char *word, bool is_stuck, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* an engine's @met_damage, of the pool @arg: nothing is changed any more until it is repaired */
void liteio_pool_met_damage(void *arg);

/* out of the lane and back: nothing that was read of the pool before is still true after */
void liteio_pool_leave(struct liteio_pool *p);
void liteio_pool_enter(struct liteio_pool *p);
/* to whoever wants to know that the condition is another one; under no lock */
void liteio_pool_say_changed(struct liteio_pool *p);

/* the kernel has one of its thin pools */
bool liteio_pool_is_active(const struct liteio_pool *p);
/* the catalog says whether the thin pools were deactivated in order */
int liteio_pool_set_clean(struct liteio_pool *p, bool is_clean, struct liteio_error *err);
void liteio_pool_set_mismatch(struct liteio_pool *p, const struct liteio_pool_txids *t);

/*
 * Have the thin pools in the kernel, as their metadata allow, and settle what was interrupted;
 * @is_checked: metadata were found good by whoever calls. When one of them does not come up, all is
 * done for the other one first. Part of opening
 */
int liteio_pool_bring_up(struct liteio_pool *p, bool is_checked, struct liteio_error *err);
/*
 * Blocks that a power cut has left in use, and that no device has, are given back: good metadata
 * take the place of those that are there, as in a repair. Part of opening; of a pool that is not in
 * the kernel, others have the lane meanwhile. Return: 0, or why it was not done, and then nothing
 * was, but when the label is in doubt.
 */
int liteio_pool_free_leaks(struct liteio_pool *p, bool of_thin, bool of_reserved,
			   struct liteio_error *err);
/* the condition of a pool that could not be brought up, or not all of it: the code, and why */
void liteio_pool_set_not_active(struct liteio_pool *p, int code, const char *why);

/*
 * The kernel has a thin device by an id that the catalog has never given out. Whoever made it may
 * make others: nothing more is written here until somebody has looked. Return: -EUCLEAN.
 */
int liteio_pool_foreign_id(struct liteio_pool *p, uint32_t thin_id, struct liteio_error *err);

/*
 * Bring an operation that was interrupted to its end or its beginning, by the kernel's transaction
 * id; 0 when none is pending, or when its thin pool is not there, or can not be written. Sets the
 * condition when the id is none of the two that it may be.
 */
int liteio_pool_settle(struct liteio_pool *p, struct liteio_error *err);

/* the same, and nothing is under way any more, and volumes can be modified */
int liteio_pool_settle_all(struct liteio_pool *p, struct liteio_error *err);

/*
 * An operation that was interrupted by an error, not by the end of the process: settled now if that
 * can be, else by the next operation or the next opening. The kernel may have been told
 * (@is_told), or the records are as they were before.
 */
void liteio_pool_abandon(struct liteio_pool *p, bool is_told);

/* -EOPNOTSUPP when blocks are to be wiped by discarding, and the disk takes no discards */
int liteio_pool_check_discards(struct liteio_pool *p, enum liteio_catalog_wipe wipe,
			       struct liteio_error *err);
/*
 * Does its device take no discards? One that is wiped with zeros: the thin pool would free what is
 * discarded with the data in it, and nobody could find it again.
 */
bool liteio_pool_keeps(const struct liteio_catalog_volume *v);
/*
 * May there be a snapshot or clone of it? Not of a volume that is wiped with zeros: dm-thin takes
 * what a snapshot has ever shared for shared for ever, and writes to it go to another block. The
 * old one could be freed with the data in it.
 */
int liteio_pool_check_source(const struct liteio_catalog_volume *source, struct liteio_error *err);

/*
 * The record of a snapshot, but for its state, time, thin id and transaction: 1 that one is there
 * and ready, 0, or why there can be none of that volume
 */
int liteio_pool_snapshot_record(struct liteio_pool *p, const struct liteio_uuid *uuid,
				const char *name, const struct liteio_uuid *volume,
				struct liteio_catalog_volume *ret, struct liteio_error *err);
/*
 * Could a record that shares blocks with another come to those of @c, the catalog or a draft of it?
 * 1 it is there and ready, 0 nothing speaks against it but space, or why not
 */
int liteio_pool_check_shared(struct liteio_pool *p, const struct liteio_catalog *c,
			     const struct liteio_catalog_volume *v, struct liteio_error *err);

/*
 * The thin device of a volume that was created without: before anything else is done with it. 0,
 * also when it has one, or does not exist; -EROFS (condition), -ENOSPC (metadata: then nothing was
 * written), or another negative errno. It is known in one slot then, and for good when the caller
 * writes the catalog again. Records that were found before are to be found again
 */
int liteio_pool_make(struct liteio_pool *p, const struct liteio_uuid *uuid,
		     struct liteio_error *err);
/*
 * The same for several, at most LITEIO_POOL_RIGHTS_MAX, with one transaction for each thin pool:
 * before each is asked for by itself, and says what became of it. Of one class all are made, or
 * none
 */
void liteio_pool_make_together(struct liteio_pool *p, const struct liteio_uuid *uuids, size_t n);

/* -ENOENT with the sentence */
int liteio_pool_no_volume(struct liteio_pool *p, const struct liteio_uuid *uuid,
			  struct liteio_error *err);
/* the engine that volumes of this class are in: not for linear ones */
struct liteio_engine *liteio_pool_engine_of(const struct liteio_pool *p,
					    enum liteio_catalog_class vclass);

/* ---- opening (pool_import.c) ---- */

/*
 * May the pool that was read be opened, or imported? 0; -EPERM exported, -EEXIST there twice,
 * -ESTALE written by somebody else (an import only). Writes nothing.
 */
int liteio_pool_check_open(struct liteio_pool *p, bool is_active, bool is_import,
			   struct liteio_error *err);
/* of the catalog on a device that is home, 0 when it can not be read. Context: worker */
uint64_t liteio_pool_catalog_sequence(const char *device);

/*
 * No other disk that nobody has says that it is one of the pool's: 0, -EEXIST with both, -ESTALE
 * when the pool's first disk is from before it had that one, or as liteio_pool_check_heard()
 */
int liteio_pool_check_only_one(const struct liteio_pool *p, struct liteio_error *err);
/* -EAGAIN when a disk that has not answered may carry the pool, which was not here last */
int liteio_pool_check_heard(const struct liteio_pool *p, const struct liteio_pool_silence *silence,
			    struct liteio_error *err);
/*
 * A thin pool that is not active, against the catalog: -ESTALE with both numbers, -EUCLEAN when its
 * metadata are none that may be activated, or another errno when that is not known
 */
int liteio_pool_check_txid(struct liteio_pool *p, enum liteio_catalog_class vclass,
			   struct liteio_pool_txids *ret, struct liteio_error *err);
/* the pool may be written: both labels as they should be, and exported no more */
int liteio_pool_mend_label(struct liteio_pool *p, struct liteio_error *err);

/* ---- devices (pool_devices.c) ---- */

/* -EEXIST when the kernel has the pool from another device */
int liteio_pool_check_below(const struct liteio_pool *p, struct liteio_error *err);
/* liteio_pool_check_open() of one that is not in the kernel, whatever is there */
int liteio_pool_check_apart(struct liteio_pool *p, bool is_import, struct liteio_error *err);

/*
 * @store is open on one device, with its label: go to home, and have all others open. 0, as
 * liteio_pool_say_missing(), -EEXIST one is there twice, -ESTALE a copy from before, ...; writes
 * nothing. A label from before the metadata took the spare is in memory what it became then
 */
int liteio_pool_gather(struct liteio_pool *p, bool is_active, struct liteio_error *err);
/*
 * Disk @i of a pool was not found: -ENODEV it is missing, or -EAGAIN when a disk that has not
 * answered may be it
 */
int liteio_pool_say_missing(const struct liteio_label *l, uint32_t i,
			    const struct liteio_pool_silence *silence, struct liteio_error *err);
/*
 * Write this label, with the next sequence number, to all devices, those of @store's others that it
 * is new to included. It is the pool's as soon as home has it, whatever else fails.
 */
int liteio_pool_relabel(struct liteio_pool *p, const struct liteio_label *new,
			struct liteio_error *err);
/*
 * Likewise; of a pool on one disk one copy is enough where that is urgent: the other may not be
 * written for ever. One on several disks is not opened the next time when a copy lacks
 */
int liteio_pool_relabel_urgent(struct liteio_pool *p, const struct liteio_label *new,
			       bool is_urgent, struct liteio_error *err);
/*
 * After a write of home's label that failed: what the disk has of it is the pool's label, unless
 * that is older than the one that was the pool's before
 */
int liteio_pool_end_doubt(struct liteio_pool *p, struct liteio_error *err);
/* what the label says now is what the engines go by; their devices become as long */
int liteio_pool_follow_label(struct liteio_pool *p, struct liteio_error *err);
/* not all labels are as they should be */
bool liteio_pool_labels_differ(const struct liteio_pool *p);
/* the device numbers, by index */
void liteio_pool_devs(const struct liteio_pool *p, dev_t ret[LITEIO_LABEL_DEVICES_MAX]);
/* the kernel's name of a device that stands on it and is none of ours; false: there is none */
bool liteio_pool_foreign_holder(dev_t dev, char out[64]);
/* does another kernel device stand on it? Are all of them ours? */
bool liteio_pool_is_held(const char *device, bool *ret_by_us);

/* ---- devices without blocks (pool_empty.c); all of it in the lane ---- */

/* of a device that is not in the kernel: it is known to have none */
bool liteio_pool_empty_is(const struct liteio_pool *p, uint32_t thin_id);
void liteio_pool_empty_remember(struct liteio_pool *p, uint32_t thin_id);
/* of a device that is not in the kernel, as committed last: read, with that of others */
int liteio_pool_blocks(struct liteio_pool *p, const struct liteio_catalog_volume *v, uint64_t *ret,
		       struct liteio_error *err);
/* before it is brought into the kernel, or removed */
void liteio_pool_empty_forget(struct liteio_pool *p, uint32_t thin_id);
/* the metadata are others */
void liteio_pool_empty_forget_all(struct liteio_pool *p);

/* ---- deleting (pool_reclaim.c) ---- */

/* it has no block that would have to be given back, when the kernel has no device of it */
bool liteio_pool_is_empty(struct liteio_pool *p, const struct liteio_catalog_volume *v);
/*
 * The thin pool forgets one that is DELETING, empty, and not in the kernel, and the catalog, too.
 * What does not come to its end is settled later
 */
int liteio_pool_end_delete(struct liteio_pool *p, const struct liteio_uuid *uuid,
			   struct liteio_error *err);

/* ---- space (pool_space.c) ---- */

/* all numbers, with the engines' status as of the last refresh; lane, or under the lock */
void liteio_pool_account(const struct liteio_pool *p, struct liteio_account *ret);
/* may so much more be promised, by the kernel's numbers of now? 0, -ENOSPC, -EOPNOTSUPP, ... */
int liteio_pool_admit(struct liteio_pool *p, enum liteio_catalog_class vclass,
		      enum liteio_account_what what, uint64_t bytes, struct liteio_error *err);

/* ---- growing (pool_grow.c) ---- */

/*
 * The label that a growth has come to. -ENOSPC when metadata that are full (@is_full) gain nothing
 * by it; they do not wait for a copy that their only disk does not take
 */
int liteio_pool_grow_label(struct liteio_pool *p, const struct liteio_label *l, bool is_full,
			   struct liteio_error *err);
/*
 * @disk, open, becomes one of the pool's by @l, which is not written yet. It is wiped, unless it
 * would not help metadata that are full: -ENOSPC, and nothing on it was touched. @l is changed when
 * this succeeds
 */
int liteio_pool_grow_onto(struct liteio_pool *p, struct liteio_store *disk, bool is_full,
			  struct liteio_label *l, struct liteio_error *err);

/* ---- full metadata (pool_relief.c) ---- */

/* the word of a pool whose metadata are full, and the kernel has made it read-only for that */
#define LITEIO_POOL_META_FULL "MetadataFull"
/*
 * Metadata of the thin pool that are full, or nearly, by @status, take the spare, in use as they
 * are; or the kernel follows a label that says so already. Volumes wait for moments. Context: lane.
 * Return: 1 when it has more now: ask it again; 0 when there was nothing to do, or nothing to take;
 * or a negative errno, with the reason in the condition where they are full.
 */
int liteio_pool_relieve(struct liteio_pool *p);
/* by @status the kernel has less than the label says: a relief, or a growth, was cut short */
bool liteio_pool_meta_is_behind(const struct liteio_pool *p);
/* metadata that fill can be given more: that, a label in doubt, or a spare to take */
bool liteio_pool_has_relief(const struct liteio_pool *p);
/* of the metadata, what new things may use: what leaves room for a spare that is as large */
void liteio_pool_meta_usage(const struct liteio_pool *p, struct liteio_usage *ret);

/* ---- what the kernel says by itself (pool_mark.c) ---- */

/*
 * More may be promised now, or in use, than when somebody looked at the pool last: if the kernel
 * might not say it in time any more, whoever listens is told once. Context: lane
 */
void liteio_pool_check_mark(struct liteio_pool *p);

/* ---- linear volumes (pool_linear.c) ---- */

int liteio_pool_linear_create(struct liteio_pool *p, const struct liteio_pool_create *c,
			      struct liteio_error *err);
int liteio_pool_linear_grow(struct liteio_pool *p, const struct liteio_uuid *uuid,
			    uint64_t size_bytes, struct liteio_error *err);
int liteio_pool_linear_activate(struct liteio_pool *p, const struct liteio_catalog_volume *v,
				struct liteio_pool_thin *ret, struct liteio_error *err);
/*
 * zero what is FRESH of a linear volume, and flush it; of a new one go on from where its record
 * says, and have that say how far it is. pool_zero.c
 */
int liteio_pool_zero_fresh(struct liteio_pool *p, const struct liteio_uuid *uuid,
			   uint64_t size_bytes, bool is_new, struct liteio_error *err);
/* -EBUSY while ranges of it are being zeroed */
int liteio_pool_linear_check_idle(const struct liteio_pool *p, const struct liteio_uuid *uuid,
				  struct liteio_error *err);
/* give back a slice of one that is DELETING, at the end all of it and its record */
int liteio_pool_linear_reclaim(struct liteio_pool *p, const struct liteio_uuid *uuid,
			       struct liteio_error *err);
/* after opening: ranges that were not zeroed yet belong to nobody; what is held goes on */
int liteio_pool_linear_recover(struct liteio_pool *p, struct liteio_error *err);
/* extents are inside the linear space of the label: 0 or -EBADMSG */
int liteio_pool_linear_check(const struct liteio_pool *p, struct liteio_error *err);
/* take out the devices of all that nobody has open; -EBUSY when some stay */
int liteio_pool_linear_close(struct liteio_pool *p, struct liteio_error *err);

#endif
