// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lanes, their queues, and the work that sends on what has waited.
 */
#include <linux/blkdev.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "compat.h"
#include "qos.h"

/* metadata and swap: others, who hold locks, may wait for it */
#define URGENT (REQ_META | REQ_PRIO | REQ_SWAP)

/* how much later than the moment the timer may fire, so that it need not for every single I/O */
#define SLACK_NS 50000

/* how much is sent on before the lock is taken again */
#define BATCH 64

/**
 * struct share - what an attachment has in a lane
 * @node: in the lane's list of those who wait, empty when nothing does
 * @bios: what waits, in the order of arrival
 * @nr_queued: length of @bios; written under the lane's lock, read anywhere
 * @nr_throttled: what has waited; written under the lane's lock, read anywhere
 * @is_closed: nothing may wait here any more
 *
 * Protected by the lane's lock.
 */
struct share {
	struct list_head node;
	struct bio_list bios;
	u64 nr_queued;
	u64 nr_throttled;
	bool is_closed;
};

/**
 * struct liteio_qos_queue - the queues of an attachment
 * @qos: of its volume (constant)
 * @shares: by enum liteio_dir
 */
struct liteio_qos_queue {
	struct liteio_qos *qos;
	struct share shares[LITEIO_DIR_NR];
};

static struct workqueue_struct *wq;

/* --- one lane; its lock is held -------------------------------------------------------------- */

/* when the next I/O may pass, and which limit says so */
static u64 lane_opens(const struct liteio_lane *lane, enum liteio_qos_kind *ret_kind)
{
	u64 iops = liteio_bucket_opens(&lane->buckets[LITEIO_QOS_IOPS]);
	u64 bps = liteio_bucket_opens(&lane->buckets[LITEIO_QOS_BPS]);

	*ret_kind = bps > iops ? LITEIO_QOS_BPS : LITEIO_QOS_IOPS;
	return max(iops, bps);
}

typedef void (*take_fn)(struct liteio_bucket *b, u32 amount, u64 now);

/* discards and their like are one operation each, as device-mapper has split them */
static void lane_take(struct liteio_lane *lane, const struct bio *bio, take_fn take, u64 now)
{
	bool has_data = bio_op(bio) == REQ_OP_READ || bio_op(bio) == REQ_OP_WRITE;

	take(&lane->buckets[LITEIO_QOS_IOPS], 1, now);
	take(&lane->buckets[LITEIO_QOS_BPS], has_data ? bio->bi_iter.bi_size : 0, now);
}

/* time over limit, until now */
static void lane_count(struct liteio_lane *lane, u64 now)
{
	if (lane->is_over)
		lane->seen.over_ns[lane->over_kind] += now - lane->over_since;
	lane->over_since = now;
}

/* after queues or buckets changed: who is to blame from now on, and when to look again */
static void lane_settle(struct liteio_lane *lane, u64 now)
{
	enum liteio_qos_kind kind;
	u64 opens = lane_opens(lane, &kind);

	lane_count(lane, now);
	lane->is_over = !list_empty(&lane->waiting);
	lane->over_kind = kind;
	if (lane->is_over)
		hrtimer_start_range_ns(&lane->timer, ns_to_ktime(opens), SLACK_NS,
				       HRTIMER_MODE_ABS);
}

static void lane_push(struct liteio_lane *lane, struct share *share, struct bio *bio)
{
	bio_list_add(&share->bios, bio);
	if (list_empty(&share->node))
		list_add_tail(&share->node, &lane->waiting);
	WRITE_ONCE(share->nr_queued, share->nr_queued + 1);
	WRITE_ONCE(share->nr_throttled, share->nr_throttled + 1);
	lane->seen.queued++;
	lane->seen.throttled++;
}

/* the first of those whose turn it is; then it is the next one's turn */
static struct bio *lane_pop(struct liteio_lane *lane)
{
	struct share *share = list_first_entry(&lane->waiting, struct share, node);
	struct bio *bio = bio_list_pop(&share->bios);

	if (bio_list_empty(&share->bios))
		list_del_init(&share->node);
	else
		list_move_tail(&share->node, &lane->waiting);
	WRITE_ONCE(share->nr_queued, share->nr_queued - 1);
	lane->seen.queued--;
	return bio;
}

/* all that waits in a share */
static void lane_pop_share(struct liteio_lane *lane, struct share *share, struct bio_list *ret)
{
	bio_list_merge(ret, &share->bios);
	bio_list_init(&share->bios);
	list_del_init(&share->node);
	lane->seen.queued -= share->nr_queued;
	WRITE_ONCE(share->nr_queued, 0);
}

/*
 * Is there somebody to come back? Not behind what is polled for: device-mapper takes its EAGAIN for
 * a lack of requests, sends it once more, by a worker and not polled for any more, and then gives
 * up. Nor behind what a worker sends: that is what went back to device-mapper. 6.1 has REQ_NOWAIT
 * on all that is polled for, whatever the submitter said.
 */
static bool comes_back(const struct bio *bio)
{
	return (bio->bi_opf & (REQ_NOWAIT | REQ_POLLED)) == REQ_NOWAIT &&
	       !(current->flags & PF_WQ_WORKER);
}

static enum liteio_qos_verdict lane_admit(struct liteio_lane *lane, struct share *share,
					  struct bio *bio, bool is_stopped,
					  enum liteio_qos_kind *ret_kind)
{
	u64 now = ktime_get_ns();

	if (share->is_closed)
		return LITEIO_QOS_REFUSE;
	if (is_stopped || (bio->bi_opf & URGENT)) {
		lane_take(lane, bio, liteio_bucket_borrow, now);
		return LITEIO_QOS_PASS;
	}
	if (list_empty(&lane->waiting) && lane_opens(lane, ret_kind) <= now) {
		lane_take(lane, bio, liteio_bucket_take, now);
		return LITEIO_QOS_PASS;
	}
	if (comes_back(bio))
		return LITEIO_QOS_AGAIN;
	/* nobody may poll for what has not begun, and the work that sends it on can wait */
	bio_clear_polled(bio);
	bio->bi_opf &= ~REQ_NOWAIT;
	lane_push(lane, share, bio);
	if (!lane->is_over)
		lane_settle(lane, now);
	*ret_kind = lane->over_kind;
	return LITEIO_QOS_WAIT;
}

/* --- sending on ------------------------------------------------------------------------------ */

static enum hrtimer_restart lane_timer(struct hrtimer *timer)
{
	queue_work(wq, &container_of(timer, struct liteio_lane, timer)->work);
	return HRTIMER_NORESTART;
}

/* some of what may pass now; if nothing may, the timer is set */
static bool lane_collect(struct liteio_lane *lane, struct bio_list *ret)
{
	enum liteio_qos_kind kind;
	unsigned int nr;
	u64 now;

	bio_list_init(ret);
	spin_lock_irq(&lane->lock);
	now = ktime_get_ns();
	bio_list_merge(ret, &lane->released);
	bio_list_init(&lane->released);
	for (nr = 0; nr < BATCH && !list_empty(&lane->waiting); nr++) {
		struct bio *bio;

		if (lane_opens(lane, &kind) > now)
			break;
		bio = lane_pop(lane);
		lane_take(lane, bio, liteio_bucket_take, now);
		bio_list_add(ret, bio);
	}
	lane_settle(lane, now);
	spin_unlock_irq(&lane->lock);
	return !bio_list_empty(ret);
}

static void lane_work(struct work_struct *work)
{
	struct liteio_lane *lane = container_of(work, struct liteio_lane, work);
	struct blk_plug plug;
	struct bio_list bios;
	struct bio *bio;

	while (lane_collect(lane, &bios)) {
		blk_start_plug(&plug);
		while ((bio = bio_list_pop(&bios)))
			dm_submit_bio_remap(bio, NULL);
		blk_finish_plug(&plug);
		cond_resched();
	}
}

/* --- volumes --------------------------------------------------------------------------------- */

int liteio_qos_init(void)
{
	/*
	 * Writeback may wait for what waits here. A lane's work may block in the device below, when
	 * that has no room for more requests: as many as there can be must not keep the others.
	 */
	wq = alloc_workqueue("liteio_qos", WQ_UNBOUND | WQ_MEM_RECLAIM | WQ_HIGHPRI,
			     WQ_MAX_ACTIVE);
	return wq ? 0 : -ENOMEM;
}

void liteio_qos_fini(void)
{
	destroy_workqueue(wq);
}

struct liteio_qos *liteio_qos_new(void)
{
	struct liteio_qos *qos = kzalloc(sizeof(*qos), GFP_KERNEL);
	struct liteio_limits none = {
		.value[LITEIO_LIMIT_BURST_MS] = LITEIO_QOS_BURST_MS_DEF,
	};
	unsigned int dir;

	if (!qos)
		return NULL;
	for (dir = 0; dir < LITEIO_DIR_NR; dir++) {
		struct liteio_lane *lane = &qos->lanes[dir];

		spin_lock_init(&lane->lock);
		INIT_LIST_HEAD(&lane->waiting);
		bio_list_init(&lane->released);
		liteio_hrtimer_setup(&lane->timer, lane_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
		INIT_WORK(&lane->work, lane_work);
	}
	liteio_qos_set(qos, &none);
	return qos;
}

void liteio_qos_free(struct liteio_qos *qos)
{
	unsigned int dir;

	if (!qos)
		return;
	for (dir = 0; dir < LITEIO_DIR_NR; dir++) {
		struct liteio_lane *lane = &qos->lanes[dir];

		WARN_ON(!list_empty(&lane->waiting));
		/* in this order: the timer wakes the work, which sets no timer for nothing */
		hrtimer_cancel(&lane->timer);
		cancel_work_sync(&lane->work);
	}
	kfree(qos);
}

static void lane_limits(const struct liteio_lane *lane, enum liteio_dir dir,
			struct liteio_limits *ret)
{
	const struct liteio_bucket *iops = &lane->buckets[LITEIO_QOS_IOPS];

	ret->value[LITEIO_LIMIT_RIOPS + dir] = iops->rate;
	ret->value[LITEIO_LIMIT_RBPS + dir] = lane->buckets[LITEIO_QOS_BPS].rate;
	ret->value[LITEIO_LIMIT_BURST_MS] = iops->burst_ns / NSEC_PER_MSEC;
}

static void lane_set(struct liteio_lane *lane, enum liteio_dir dir,
		     const struct liteio_limits *limits)
{
	u64 burst_ns = limits->value[LITEIO_LIMIT_BURST_MS] * NSEC_PER_MSEC;
	u64 now;

	spin_lock_irq(&lane->lock);
	now = ktime_get_ns();
	liteio_bucket_set(&lane->buckets[LITEIO_QOS_IOPS],
			  limits->value[LITEIO_LIMIT_RIOPS + dir], burst_ns, now);
	liteio_bucket_set(&lane->buckets[LITEIO_QOS_BPS],
			  limits->value[LITEIO_LIMIT_RBPS + dir], burst_ns, now);
	lane_settle(lane, now);
	spin_unlock_irq(&lane->lock);
}

bool liteio_qos_set(struct liteio_qos *qos, const struct liteio_limits *limits)
{
	static const unsigned int classes[LITEIO_DIR_NR] = {
		[LITEIO_DIR_READ] = BIT(LITEIO_CLASS_READ),
		[LITEIO_DIR_WRITE] = BIT(LITEIO_CLASS_WRITE) | BIT(LITEIO_CLASS_OTHER),
	};
	struct liteio_limits before;
	unsigned int dir, limited = 0;

	liteio_qos_limits(qos, &before);
	if (!memcmp(&before, limits, sizeof(before)))
		return false;
	for (dir = 0; dir < LITEIO_DIR_NR; dir++) {
		lane_set(&qos->lanes[dir], dir, limits);
		if (limits->value[LITEIO_LIMIT_RIOPS + dir] ||
		    limits->value[LITEIO_LIMIT_RBPS + dir])
			limited |= classes[dir];
	}
	WRITE_ONCE(qos->limited, limited);
	return true;
}

void liteio_qos_limits(struct liteio_qos *qos, struct liteio_limits *ret)
{
	unsigned long flags;
	unsigned int dir;

	for (dir = 0; dir < LITEIO_DIR_NR; dir++) {
		spin_lock_irqsave(&qos->lanes[dir].lock, flags);
		lane_limits(&qos->lanes[dir], dir, ret);
		spin_unlock_irqrestore(&qos->lanes[dir].lock, flags);
	}
}

void liteio_qos_throttle(struct liteio_qos *qos, enum liteio_dir dir, struct liteio_throttle *ret)
{
	struct liteio_lane *lane = &qos->lanes[dir];
	unsigned long flags;

	spin_lock_irqsave(&lane->lock, flags);
	lane_count(lane, ktime_get_ns());
	*ret = lane->seen;
	spin_unlock_irqrestore(&lane->lock, flags);
}

/* --- attachments ----------------------------------------------------------------------------- */

struct liteio_qos_queue *liteio_qos_queue_new(struct liteio_qos *qos)
{
	struct liteio_qos_queue *queue = kzalloc(sizeof(*queue), GFP_KERNEL);
	unsigned int dir;

	if (!queue)
		return NULL;
	queue->qos = qos;
	for (dir = 0; dir < LITEIO_DIR_NR; dir++) {
		INIT_LIST_HEAD(&queue->shares[dir].node);
		bio_list_init(&queue->shares[dir].bios);
	}
	return queue;
}

void liteio_qos_queue_free(struct liteio_qos_queue *queue)
{
	WARN_ON(queue && liteio_qos_queued(queue));
	kfree(queue);
}

enum liteio_qos_verdict liteio_qos_admit(struct liteio_qos_queue *queue, struct bio *bio,
					 const bool *is_stopped, enum liteio_qos_kind *ret_kind)
{
	enum liteio_dir dir = bio_op(bio) == REQ_OP_READ ? LITEIO_DIR_READ : LITEIO_DIR_WRITE;
	struct liteio_lane *lane = &queue->qos->lanes[dir];
	enum liteio_qos_verdict verdict;
	unsigned long flags;

	spin_lock_irqsave(&lane->lock, flags);
	verdict = lane_admit(lane, &queue->shares[dir], bio, READ_ONCE(*is_stopped), ret_kind);
	spin_unlock_irqrestore(&lane->lock, flags);
	return verdict;
}

/* nobody is left in a lane that sees the head go on, so nothing comes after what was sent on */
static void stop_lane(struct liteio_lane *lane, struct share *share, struct bio_list *ret)
{
	u64 now = ktime_get_ns();
	struct bio *bio;

	if (!ret) {
		bio_list_for_each(bio, &share->bios)
			lane_take(lane, bio, liteio_bucket_borrow, now);
		lane_pop_share(lane, share, &lane->released);
		queue_work(wq, &lane->work);
	} else {
		lane_pop_share(lane, share, ret);
	}
	lane_settle(lane, now);
}

void liteio_qos_stop(struct liteio_qos_queue *queue, bool *is_stopped, struct bio_list *ret)
{
	unsigned int dir;

	for (dir = 0; dir < LITEIO_DIR_NR; dir++) {
		struct liteio_lane *lane = &queue->qos->lanes[dir];

		spin_lock_irq(&lane->lock);
		WRITE_ONCE(*is_stopped, true);
		stop_lane(lane, &queue->shares[dir], ret);
		spin_unlock_irq(&lane->lock);
	}
}

void liteio_qos_close(struct liteio_qos_queue *queue, struct bio_list *ret)
{
	unsigned int dir;

	for (dir = 0; dir < LITEIO_DIR_NR; dir++) {
		struct liteio_lane *lane = &queue->qos->lanes[dir];
		struct share *share = &queue->shares[dir];

		spin_lock_irq(&lane->lock);
		share->is_closed = true;
		lane_pop_share(lane, share, ret);
		lane_settle(lane, ktime_get_ns());
		spin_unlock_irq(&lane->lock);
	}
}

u64 liteio_qos_queued(const struct liteio_qos_queue *queue)
{
	return READ_ONCE(queue->shares[LITEIO_DIR_READ].nr_queued) +
	       READ_ONCE(queue->shares[LITEIO_DIR_WRITE].nr_queued);
}

u64 liteio_qos_throttled(const struct liteio_qos_queue *queue)
{
	return READ_ONCE(queue->shares[LITEIO_DIR_READ].nr_throttled) +
	       READ_ONCE(queue->shares[LITEIO_DIR_WRITE].nr_throttled);
}
