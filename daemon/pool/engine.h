/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What gives a pool its blocks, behind one table of operations. The label and the catalog are the
 * pool's; an engine only knows numbers of devices inside it ("id") and one transaction id.
 *
 * Context of all operations: lane, but for @volume_activate, which any number of threads may be in,
 * in the lane or not. They may block as long as the disk does.
 */
#ifndef LITEIO_POOL_ENGINE_H
#define LITEIO_POOL_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/uuid.h"
#include "pool/thin_meta.h"

struct liteio_error;
struct liteio_engine;
struct liteio_label;
struct liteio_pool_thin;

enum liteio_engine_mode {
	LITEIO_ENGINE_RW,
	LITEIO_ENGINE_NO_SPACE,
	LITEIO_ENGINE_RO,
	LITEIO_ENGINE_FAILED,
};

/**
 * struct liteio_engine_status - what the kernel says of an active pool
 * @txid: transaction id
 * @mode: what it lets do
 * @needs_check: the metadata must be checked offline
 * @meta_used: bytes
 * @meta_total: bytes
 * @data_used: bytes
 * @data_total: bytes
 */
struct liteio_engine_status {
	uint64_t txid;
	enum liteio_engine_mode mode;
	bool needs_check;
	uint64_t meta_used;
	uint64_t meta_total;
	uint64_t data_used;
	uint64_t data_total;
};

/**
 * struct liteio_engine_mark - when the kernel says something of an active pool, and who is in it
 * @blocks: at so many free blocks
 * @is_ahead: nothing has been said since that was loaded: it is still to come
 * @n_open: how many volumes are active
 * @n_ios: reads, writes, discards and flushes of all of them since the pool is there
 */
struct liteio_engine_mark {
	uint64_t blocks;
	bool is_ahead;
	unsigned int n_open;
	uint64_t n_ios;
};

/**
 * struct liteio_engine_volume - an active volume
 * @open_count: who has it open
 * @suspended: its I/O is held
 * @size_bytes: how long the device is
 * @mapped_bytes: blocks in use
 * @end_bytes: behind the last one in use
 */
struct liteio_engine_volume {
	int open_count;
	bool suspended;
	uint64_t size_bytes;
	uint64_t mapped_bytes;
	uint64_t end_bytes;
};

/**
 * struct liteio_engine_device - an active volume, as it is wanted
 * @id: by which the engine knows it
 * @size_bytes: so long it is, or longer
 * @room_bytes: so long it is made, if it has to be; 0: @size_bytes. What does not become longer
 *	needs not be held when the volume grows
 * @keeps: it takes no discards; one that does so now stays like that while it is in the kernel
 */
struct liteio_engine_device {
	uint32_t id;
	uint64_t size_bytes;
	uint64_t room_bytes;
	bool keeps;
};

/**
 * struct liteio_engine_spare - metadata made good in the spare region
 * @was_sound: the ones that are there passed their check: they were copied, else made anew
 * @is_leaky: blocks are in use in it that no device has, as in the ones that are there, which are
 *	sound
 * @before: what could be read of the ones that are there; nothing when not even its txid
 * @knows_before: there is something in @before
 * @after: what is in the spare: it passed the check
 *
 * Released with liteio_engine_spare_fini().
 */
struct liteio_engine_spare {
	bool was_sound;
	bool is_leaky;
	bool knows_before;
	struct liteio_thin_dump before;
	struct liteio_thin_dump after;
};

/**
 * struct liteio_engine_ops - an engine
 * @name: "thin"
 * @is_active: the pool is in the kernel
 * @check: examine the metadata of a pool that is not active, as liteio_thin_meta_check():
 *	LITEIO_THIN_LEAKY, or -EUCLEAN when they are damaged
 * @is_locked: what is in the kernel was activated read-only, by whoever it was
 * @needs_repair: of a pool that is not active: 1 when its metadata are damaged or the kernel says
 *	that they have to be checked (@err says which), 0 when not, or why it is not known
 * @spare_fill: of a pool that is not active: make good metadata in the spare of those that are
 *	there, which are only read; @txid is for when they do not say. -EUCLEAN when nothing came of
 *	it
 * @contents: of a pool that is not active: what its metadata have, with mappings
 * @devices: of the active pool: those that its metadata have, as committed last; see
 *	liteio_thin_meta_devices()
 * @near: likewise, one of them, if it is there, and some others; see liteio_thin_meta_near()
 * @activate: bring it into the kernel, or adopt what is there, as large as the label says;
 *	@read_only lets nothing be modified: neither metadata, nor volumes, which are activated
 *	read-only then
 * @deactivate: take it out; -EBUSY while a volume of it is active
 * @resize: the label's extents, or devices, have become more: what is below the pool is as long as
 *	they are now; the pool itself follows with @activate. Not below one that is not active, or
 *	whose metadata are not sound: then the label is heard of, and no more
 * @status: of the active pool, without a metadata commit unless it is full, or its metadata nearly:
 *	only a commit counts what was freed
 * @mark: of the active pool; asks nothing of its disk
 * @set_mark: have the kernel say something at so many free blocks, once. All active volumes are
 *	held for a moment; be it interrupted wherever it may, they go on
 * @create: a new empty device; -EEXIST when the id is in use
 * @snapshot: a new device that shares the blocks of another
 * @remove: forget a device; 0 when there is none
 * @commit: compare-and-swap of the transaction id; 0 only when it is on the disk
 * @volume_activate: have a device in the kernel. Nobody else works on that volume; what others do
 *	to the pool meanwhile, it waits for, or they for it
 * @volume_deactivate: take it out; 0 when it is not there, -EBUSY while it is open
 * @volume_status: -ENODEV when it is not active
 * @volume_suspend: hold its I/O
 * @volume_resume: let it go on
 * @devices_resume: let go on what is below the volumes, where an interrupted growth has left it
 *	held; before anything else is asked of the engine: that would wait for it
 * @volumes_deactivate: take out all that nobody has open; -EBUSY when some stay
 * @volumes_resume: let go on all that an interrupted operation has left held
 * @free: release the engine, leave the kernel as it is
 */
struct liteio_engine_ops {
	const char *name;
	bool (*is_active)(struct liteio_engine *e);
	int (*check)(struct liteio_engine *e, struct liteio_error *err);
	bool (*is_locked)(struct liteio_engine *e);
	int (*needs_repair)(struct liteio_engine *e, struct liteio_error *err);
	int (*spare_fill)(struct liteio_engine *e, uint64_t txid, struct liteio_engine_spare *ret,
			  struct liteio_error *err);
	int (*contents)(struct liteio_engine *e, struct liteio_thin_dump *ret,
			struct liteio_error *err);
	int (*devices)(struct liteio_engine *e, struct liteio_thin_device **ret, size_t *ret_n,
		       struct liteio_error *err);
	int (*near)(struct liteio_engine *e, uint32_t id, struct liteio_thin_device **ret,
		    size_t *ret_n, struct liteio_error *err);
	int (*activate)(struct liteio_engine *e, bool read_only, struct liteio_error *err);
	int (*deactivate)(struct liteio_engine *e, struct liteio_error *err);
	int (*resize)(struct liteio_engine *e, const struct liteio_label *label, const dev_t *devs,
		      struct liteio_error *err);
	int (*status)(struct liteio_engine *e, struct liteio_engine_status *ret,
		      struct liteio_error *err);
	int (*mark)(struct liteio_engine *e, struct liteio_engine_mark *ret,
		    struct liteio_error *err);
	int (*set_mark)(struct liteio_engine *e, uint64_t blocks, struct liteio_error *err);
	int (*create)(struct liteio_engine *e, uint32_t id, struct liteio_error *err);
	int (*snapshot)(struct liteio_engine *e, uint32_t id, uint32_t origin,
			struct liteio_error *err);
	int (*remove)(struct liteio_engine *e, uint32_t id, struct liteio_error *err);
	int (*commit)(struct liteio_engine *e, uint64_t from, uint64_t to,
		      struct liteio_error *err);
	int (*volume_activate)(struct liteio_engine *e, const struct liteio_uuid *uuid,
			       const struct liteio_engine_device *want,
			       struct liteio_pool_thin *ret, struct liteio_error *err);
	int (*volume_deactivate)(struct liteio_engine *e, const struct liteio_uuid *uuid,
				 struct liteio_error *err);
	int (*volume_status)(struct liteio_engine *e, const struct liteio_uuid *uuid,
			     struct liteio_engine_volume *ret, struct liteio_error *err);
	int (*volume_suspend)(struct liteio_engine *e, const struct liteio_uuid *uuid,
			      struct liteio_error *err);
	int (*volume_resume)(struct liteio_engine *e, const struct liteio_uuid *uuid,
			     struct liteio_error *err);
	int (*devices_resume)(struct liteio_engine *e, struct liteio_error *err);
	int (*volumes_deactivate)(struct liteio_engine *e, struct liteio_error *err);
	int (*volumes_resume)(struct liteio_engine *e, struct liteio_error *err);
	void (*free)(struct liteio_engine *e);
};

static inline void liteio_engine_spare_fini(struct liteio_engine_spare *s)
{
	liteio_thin_dump_fini(&s->before);
	liteio_thin_dump_fini(&s->after);
}

/**
 * struct liteio_engine - the head of every engine's own struct
 * @ops: what it can do
 * @met_damage: told that the kernel has read metadata which are not what was written there, and has
 *	done nothing: on the thread that has asked it for something, in the lane or not, before that
 *	ends with -EUCLEAN. NULL: nobody wants to know
 * @arg: for that
 */
struct liteio_engine {
	const struct liteio_engine_ops *ops;
	void (*met_damage)(void *arg);
	void *arg;
};

#endif
