/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The objects of the module, how they hang together, and the order of its locks.
 *
 * LOCK ORDER, outermost first
 *
 *	md->type_lock, table locks	device-mapper's own, held when it calls ctr, dtr and resume;
 *					a message comes under SRCU of the table
 *	dirty->lock (mutex)		tracking of one attachment, see dirty.h; liteio_lock is
 *					taken in it for a moment, when it begins or ends
 *	liteio_life (mutex)		which objects there are, see registry.h
 *	  configfs su_mutex, inodes,	held while a directory is made or taken away, without
 *	  frag_sem			liteio_lock; show() runs under frag_sem, so it takes neither
 *	liteio_lock (mutex)		the registry, see registry.h
 *	  event mutex (events.c)	numbers events and sends them in that order
 *	  vol->name_lock (spinlock)	the name, for readers without liteio_lock
 *	lane->lock (spinlock)		limits and what waits for them, see qos.h; innermost
 *
 * Nothing waits for I/O, or for another process, while it holds liteio_lock: no allocation under it
 * does I/O, and none is of per-CPU memory, whose lock others hold while they do. The I/O path takes
 * no lock at all, unless the volume has limits: it knows its attachment, which cannot go away while
 * a head is bound to it.
 */
#ifndef LITEIO_LITEIO_H
#define LITEIO_LITEIO_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/kdev_t.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/percpu-refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>

#include <uapi/linux/liteio.h>

#include "generations.h"

#if BITS_PER_LONG != 64
#error "liteio needs a 64-bit kernel: its counters are 64 bits wide and updated without a lock"
#endif

#define LITEIO_VERSION "0.1.0"

struct liteio_dirty;
struct liteio_dirty_map;
struct liteio_stats_cpu;
struct liteio_qos;
struct liteio_qos_queue;

/**
 * struct liteio_vol - a volume: a UUID, its floor, its attachments
 * @ref: references; the registry holds one while the volume is in its lists
 * @node: in the list of all volumes, in order of @id (liteio_lock)
 * @hash: in the table of all volumes by UUID (liteio_lock)
 * @attachments: its attachments, linked by vol_node, in order of their id (liteio_lock)
 * @nr_attachments: length of @attachments; written under liteio_lock, read anywhere
 * @id: order of creation, never used twice (constant)
 * @uuid: name (constant)
 * @gens: floor and barred generations; written under liteio_lock
 * @name_lock: protects @name
 * @name: what people call it, may be empty
 * @qos: its limits (constant pointer)
 * @window: the configfs front end's own object (liteio_life)
 */
struct liteio_vol {
	struct kref ref;
	struct list_head node;
	struct hlist_node hash;
	struct list_head attachments;
	unsigned int nr_attachments;
	u64 id;
	uuid_t uuid;
	struct liteio_generations gens;
	spinlock_t name_lock; /* name */
	char name[LITEIO_NAME_MAX + 1];
	struct liteio_qos *qos;
	void *window;
};

/**
 * enum liteio_att_bit - events that the I/O path has noticed, bits of struct liteio_att.noticed
 * @LITEIO_NOTICED_DRAINED: the gate is closed and the last I/O has ended
 * @LITEIO_NOTICED_STALE: I/O came to a closed gate
 * @LITEIO_NOTICED_ERROR: I/O failed
 * @LITEIO_NOTICED_NO_SPACE: I/O failed for lack of space
 * @LITEIO_STALE_TOLD: not an event: @LITEIO_NOTICED_STALE was noticed before
 */
enum liteio_att_bit {
	LITEIO_NOTICED_DRAINED,
	LITEIO_NOTICED_STALE,
	LITEIO_NOTICED_ERROR,
	LITEIO_NOTICED_NO_SPACE,
	LITEIO_STALE_TOLD,
};

/**
 * struct liteio_att - an attachment: the right of one consumer to a volume, named by a generation
 * @gate: what every I/O must pass: a reference taken in map and dropped at completion. Killed once,
 *	by a fence or by deletion, never opened again
 * @stats: counters, one set per CPU
 * @qos: limits of the volume (constant pointer)
 * @queue: I/O that waits because of them (constant pointer)
 * @dirty_map: chunks that were written to; NULL when they are not tracked (RCU, dirty->lock)
 * @flags: bits of enum liteio_att_flag (constant)
 * @dirty: the rest of the tracking (constant pointer)
 * @rejected: I/O that was refused, because of the gate or of read-only
 * @noticed: bits of enum liteio_att_bit, set by the I/O path, taken by @notice_work
 * @ref: references; the registry holds one while the attachment is in its lists, each head one
 * @node: in the list of all attachments, in order of @id (liteio_lock)
 * @vol_node: in the list of its volume (liteio_lock)
 * @vol: its volume; holds a reference (constant)
 * @id: order of creation, from the same count as volumes (constant)
 * @gen: generation (constant)
 * @host: the consumer, may be empty (constant)
 * @is_closed: @gate was killed; written under liteio_lock, read anywhere
 * @is_close_untold: closed, but the event is not out yet (liteio_lock)
 * @is_gone: not in the registry any more: nothing is told of it from here on (liteio_lock)
 * @drained: completed for all when @gate is killed and its last reference is dropped
 * @nr_bound: tables that name the attachment; written under liteio_lock, read anywhere
 * @owner: the device-mapper device of these tables (liteio_lock)
 * @dev: its number, 0 when @nr_bound is 0; written under liteio_lock, read anywhere
 * @notice_work: turns @noticed into events
 * @notice_last: jiffies when it last told of errors
 * @window: the configfs front end's own object (liteio_life)
 */
struct liteio_att {
	/* first what the I/O path reads: it shares no cache line with what others write */
	struct percpu_ref gate;
	struct liteio_stats_cpu __percpu *stats;
	struct liteio_qos *qos;
	struct liteio_qos_queue *queue;
	struct liteio_dirty_map __rcu *dirty_map;
	unsigned int flags;
	struct liteio_dirty *dirty;

	atomic64_t rejected ____cacheline_aligned_in_smp;
	unsigned long noticed;
	struct delayed_work notice_work;
	unsigned long notice_last;

	struct kref ref;
	struct list_head node;
	struct list_head vol_node;
	struct liteio_vol *vol;
	u64 id;
	u64 gen;
	char host[LITEIO_HOST_MAX + 1];
	bool is_closed;
	bool is_close_untold;
	bool is_gone;
	struct completion drained;
	unsigned int nr_bound;
	const void *owner;
	dev_t dev;
	void *window;
};

/* struct liteio_io.class of an I/O that a fence has refused after it had passed the gate */
#define LITEIO_CLASS_REFUSED LITEIO_CLASS_NR

/**
 * struct liteio_io - what a head remembers of an I/O in flight, in device-mapper's per-bio data
 * @start_ns: when it passed the gate
 * @sector: where it is on the head
 * @bytes: its size, which device-mapper counts down until completion
 * @class: enum liteio_class, or LITEIO_CLASS_REFUSED
 */
struct liteio_io {
	u64 start_ns;
	sector_t sector;
	u32 bytes;
	u32 class;
};

#endif
