/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Limits of a volume: which I/O has to wait, where it waits, and who sends it on.
 *
 * A volume has two lanes, reads and writes, which know nothing of each other: a lane has a bucket
 * for operations and one for bytes. Every attachment has a queue in each lane; queues in which
 * something waits take turns. A timer wakes a lane's work when its buckets open; the work sends
 * on what they allow. Nothing is allocated for I/O that waits.
 *
 * Whoever asks liteio_qos_admit() holds a reference on the gate of the attachment for that I/O,
 * and keeps it while the I/O waits: so nothing waits any more when an attachment is deleted, and
 * a fence is drained only when its queue is empty.
 *
 * LOCKS. Each lane has a spinlock, innermost of all, taken with interrupts off. No bio is ended
 * or sent on while it is held. I/O of a volume without limits takes no lock: it reads one word.
 */
#ifndef LITEIO_QOS_H
#define LITEIO_QOS_H

#include <linux/bio.h>
#include <linux/cache.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <uapi/linux/liteio.h>

#include "bucket.h"

/**
 * enum liteio_limit - which limit; for each direction an even or an odd number
 * @LITEIO_LIMIT_RIOPS: reads a second
 * @LITEIO_LIMIT_WIOPS: writes a second
 * @LITEIO_LIMIT_RBPS: bytes read a second
 * @LITEIO_LIMIT_WBPS: bytes written a second
 * @LITEIO_LIMIT_BURST_MS: burst of all four
 */
enum liteio_limit {
	LITEIO_LIMIT_RIOPS,
	LITEIO_LIMIT_WIOPS,
	LITEIO_LIMIT_RBPS,
	LITEIO_LIMIT_WBPS,
	LITEIO_LIMIT_BURST_MS,

	/* private: how many */
	LITEIO_LIMIT_NR
};

/**
 * struct liteio_limits - the limits of a volume
 * @value: by enum liteio_limit; rates in units a second, 0 for none, and milliseconds
 */
struct liteio_limits {
	u64 value[LITEIO_LIMIT_NR];
};

/**
 * enum liteio_dir - direction of I/O, number of a lane
 * @LITEIO_DIR_READ: reads
 * @LITEIO_DIR_WRITE: what changes data
 */
enum liteio_dir {
	LITEIO_DIR_READ,
	LITEIO_DIR_WRITE,

	/* private: how many */
	LITEIO_DIR_NR
};

/**
 * enum liteio_qos_kind - what is limited, number of a bucket
 * @LITEIO_QOS_IOPS: operations
 * @LITEIO_QOS_BPS: bytes
 */
enum liteio_qos_kind {
	LITEIO_QOS_IOPS,
	LITEIO_QOS_BPS,

	/* private: how many */
	LITEIO_QOS_KIND_NR
};

/**
 * enum liteio_qos_verdict - what becomes of an I/O
 * @LITEIO_QOS_PASS: it goes on
 * @LITEIO_QOS_WAIT: it waits and is not the caller's any more, it may even have ended
 * @LITEIO_QOS_AGAIN: it would have to wait, and its submitter would rather come back
 * @LITEIO_QOS_REFUSE: its attachment was closed
 */
enum liteio_qos_verdict {
	LITEIO_QOS_PASS,
	LITEIO_QOS_WAIT,
	LITEIO_QOS_AGAIN,
	LITEIO_QOS_REFUSE,
};

/**
 * struct liteio_throttle - what the limits of one direction did
 * @queued: I/O that waits
 * @throttled: I/O that had to wait
 * @over_ns: how long anything waited, by the limit that was to blame at the moment
 */
struct liteio_throttle {
	u64 queued;
	u64 throttled;
	u64 over_ns[LITEIO_QOS_KIND_NR];
};

/**
 * struct liteio_lane - one direction of a volume
 * @lock: protects everything here, and the queues in this lane
 * @buckets: by enum liteio_qos_kind
 * @waiting: queues with I/O that waits, in the order of their turn
 * @released: I/O that need not wait any more, for @work
 * @seen: counters; over_ns until @over_since
 * @is_over: something waits since @over_since
 * @over_since: see @seen
 * @over_kind: the limit to blame since then
 * @timer: the moment when the buckets open; wakes @work
 * @work: sends on what may pass
 */
struct liteio_lane {
	spinlock_t lock; /* all below */
	struct liteio_bucket buckets[LITEIO_QOS_KIND_NR];
	struct list_head waiting;
	struct bio_list released;
	struct liteio_throttle seen;
	bool is_over;
	u64 over_since;
	enum liteio_qos_kind over_kind;
	struct hrtimer timer;
	struct work_struct work;
};

/**
 * struct liteio_qos - limits of a volume
 * @limited: bit of each enum liteio_class that a limit concerns; alone in its cache line, because
 *	all I/O reads it
 * @lanes: by enum liteio_dir
 */
struct liteio_qos {
	unsigned int limited;
	struct liteio_lane lanes[LITEIO_DIR_NR] ____cacheline_aligned_in_smp;
};

struct liteio_qos_queue;

/**
 * liteio_qos_init() - get ready to throttle
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int liteio_qos_init(void);

/**
 * liteio_qos_fini() - the end; nothing that liteio_qos_new() gave is left
 *
 * Context: process, sleeps.
 */
void liteio_qos_fini(void);

/**
 * liteio_qos_new() - a volume without limits
 *
 * Context: process, sleeps. Return: to be given to liteio_qos_free(), NULL without memory.
 */
struct liteio_qos *liteio_qos_new(void);

/**
 * liteio_qos_free() - free the limits of a volume that has no queues any more
 * @qos: from liteio_qos_new(); NULL does nothing
 *
 * Context: process, sleeps for a moment, but not for I/O: none is left.
 */
void liteio_qos_free(struct liteio_qos *qos);

/**
 * liteio_qos_set() - change limits
 * @qos: of the volume
 * @limits: in the ranges of the protocol
 *
 * What waits is looked at again at once. Context: process, callers come one at a time.
 * Return: true if anything has changed.
 */
bool liteio_qos_set(struct liteio_qos *qos, const struct liteio_limits *limits);

/**
 * liteio_qos_limits() - the present limits
 * @qos: of the volume
 * @ret: the limits; those of one direction belong together
 *
 * Context: any, takes the lanes' locks.
 */
void liteio_qos_limits(struct liteio_qos *qos, struct liteio_limits *ret);

/**
 * liteio_qos_throttle() - what the limits of one direction did until now
 * @qos: of the volume
 * @dir: the direction
 * @ret: counters that belong together
 *
 * Context: any, takes the lane's lock.
 */
void liteio_qos_throttle(struct liteio_qos *qos, enum liteio_dir dir, struct liteio_throttle *ret);

/**
 * liteio_qos_queue_new() - the queues of one attachment
 * @qos: of its volume; must live longer
 *
 * Context: process, sleeps. Return: for liteio_qos_queue_free(), NULL without memory.
 */
struct liteio_qos_queue *liteio_qos_queue_new(struct liteio_qos *qos);

/**
 * liteio_qos_queue_free() - free the queues of an attachment, in which nothing waits
 * @queue: from liteio_qos_queue_new(); NULL does nothing
 *
 * Context: process.
 */
void liteio_qos_queue_free(struct liteio_qos_queue *queue);

/**
 * liteio_qos_is_limited() - must liteio_qos_admit() be asked about I/O of this class
 * @qos: of the volume
 * @class: enum liteio_class
 *
 * Context: any. Return: false if it may go on.
 */
static inline bool liteio_qos_is_limited(const struct liteio_qos *qos, unsigned int class)
{
	return READ_ONCE(qos->limited) & 1U << class;
}

/**
 * liteio_qos_admit() - may this I/O go on
 * @queue: of the attachment
 * @bio: ready to be sent on with dm_submit_bio_remap(), no flush; not of this function any more
 *	unless it says LITEIO_QOS_WAIT; what waits is neither polled for nor non-blocking any more
 * @is_stopped: of the head, see liteio_qos_stop()
 * @ret_kind: the limit it waits for, set with LITEIO_QOS_WAIT only
 *
 * Context: of the submitter, takes a lane's lock. Return: the verdict.
 */
enum liteio_qos_verdict liteio_qos_admit(struct liteio_qos_queue *queue, struct bio *bio,
					 const bool *is_stopped, enum liteio_qos_kind *ret_kind);

/**
 * liteio_qos_stop() - a head is about to be suspended or removed: nothing of it may wait any more
 * @queue: of its attachment
 * @is_stopped: of the head; set: from here on liteio_qos_admit() lets everything pass
 * @ret: gets what waits, which is the caller's now; NULL: it is sent on soon, and owed
 *
 * All tables of an attachment are of one device, and only one of them has I/O: what waits is of
 * this table. Context: process, takes the lanes' locks.
 */
void liteio_qos_stop(struct liteio_qos_queue *queue, bool *is_stopped, struct bio_list *ret);

/**
 * liteio_qos_start() - a head is resumed, or is not suspended after all
 * @is_stopped: of the head
 *
 * Context: any.
 */
static inline void liteio_qos_start(bool *is_stopped)
{
	WRITE_ONCE(*is_stopped, false);
}

/**
 * liteio_qos_close() - an attachment is closed for good
 * @queue: of the attachment; liteio_qos_admit() will refuse everything
 * @ret: gets what waits, which is the caller's now
 *
 * Context: process, takes the lanes' locks.
 */
void liteio_qos_close(struct liteio_qos_queue *queue, struct bio_list *ret);

/**
 * liteio_qos_queued() - I/O of an attachment that waits
 * @queue: of the attachment
 *
 * Context: any. Return: their number, both directions.
 */
u64 liteio_qos_queued(const struct liteio_qos_queue *queue);

/**
 * liteio_qos_throttled() - I/O of an attachment that had to wait
 * @queue: of the attachment
 *
 * Context: any. Return: their number, both directions.
 */
u64 liteio_qos_throttled(const struct liteio_qos_queue *queue);

#endif
