// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attachments in the registry.
 *
 * Why an attachment can be freed safely. Its gate is used by I/O of bound heads only, and
 * device-mapper destroys a table after the last I/O that went through it has completed; deletion
 * is refused while a head is bound. What may still run is the callback of a gate that was closed
 * a moment ago (it needs an RCU grace period and nothing else) and the work that sends events:
 * deletion waits for both.
 */
#include <linux/slab.h>

#include "attachment.h"
#include "compat.h"
#include "dirty.h"
#include "fence.h"
#include "qos.h"
#include "registry.h"
#include "stats.h"
#include "trace.h"
#include "volume.h"

/* a gate without users opens within a grace period; beyond this, something is broken */
#define DRAIN_UNUSED_TIMEOUT (10 * HZ)

static LIST_HEAD(attachments); /* liteio_lock */

struct liteio_att *liteio_att_find(struct liteio_vol *vol, u64 gen)
{
	struct liteio_att *att;

	lockdep_assert_held(&liteio_lock);
	list_for_each_entry(att, &vol->attachments, vol_node) {
		if (att->gen == gen)
			return att;
	}
	return NULL;
}

struct liteio_att *liteio_att_after(u64 id)
{
	struct liteio_att *att;

	lockdep_assert_held(&liteio_lock);
	list_for_each_entry(att, &attachments, node) {
		if (att->id > id)
			return att;
	}
	return NULL;
}

struct liteio_att *liteio_att_next(struct liteio_att *att)
{
	lockdep_assert_held(&liteio_lock);
	return list_is_last(&att->node, &attachments) ? NULL : list_next_entry(att, node);
}

static void att_free(struct kref *ref)
{
	struct liteio_att *att = container_of(ref, struct liteio_att, ref);

	percpu_ref_exit(&att->gate);
	liteio_dirty_free(att->dirty, rcu_dereference_protected(att->dirty_map, true));
	liteio_qos_queue_free(att->queue);
	liteio_stats_free(att->stats);
	/* not when it was refused */
	if (att->vol)
		liteio_vol_put(att->vol);
	kfree(att);
}

struct liteio_att *liteio_att_get(struct liteio_att *att)
{
	kref_get(&att->ref);
	return att;
}

void liteio_att_put(struct liteio_att *att)
{
	kref_put(&att->ref, att_free);
}

u32 liteio_att_state(struct liteio_att *att)
{
	if (READ_ONCE(att->is_closed))
		return completion_done(&att->drained) ? LITEIO_ATT_FENCED : LITEIO_ATT_DRAINING;
	return READ_ONCE(att->nr_bound) ? LITEIO_ATT_OPEN : LITEIO_ATT_NEW;
}

const char *liteio_att_state_name(u32 state)
{
	static const char *const names[] = {
		[LITEIO_ATT_NEW] = "new",
		[LITEIO_ATT_OPEN] = "open",
		[LITEIO_ATT_DRAINING] = "draining",
		[LITEIO_ATT_FENCED] = "fenced",
	};

	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

void liteio_att_notice(struct liteio_att *att, enum liteio_att_bit bit)
{
	unsigned long now = jiffies, next = READ_ONCE(att->notice_last) + HZ;

	if (test_and_set_bit(bit, &att->noticed))
		return;
	/* what may happen a million times a second waits its turn, what happens once does not */
	if ((bit != LITEIO_NOTICED_ERROR && bit != LITEIO_NOTICED_NO_SPACE) ||
	    !time_before(now, next))
		next = now;
	liteio_registry_queue(&att->notice_work, next - now);
}

static void notice_work(struct work_struct *work)
{
	struct liteio_att *att = container_of(to_delayed_work(work), struct liteio_att,
					      notice_work);
	static const struct {
		enum liteio_att_bit bit;
		u32 type;
	} kinds[] = {
		{ LITEIO_NOTICED_STALE, LITEIO_EVENT_STALE_IO },
		{ LITEIO_NOTICED_ERROR, LITEIO_EVENT_IO_ERROR },
		{ LITEIO_NOTICED_NO_SPACE, LITEIO_EVENT_NO_SPACE },
		{ LITEIO_NOTICED_DRAINED, LITEIO_EVENT_ATT_DRAINED },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		u64 value = 0;

		if (!test_and_clear_bit(kinds[i].bit, &att->noticed))
			continue;
		if (kinds[i].bit == LITEIO_NOTICED_ERROR ||
		    kinds[i].bit == LITEIO_NOTICED_NO_SPACE) {
			WRITE_ONCE(att->notice_last, jiffies);
			value = liteio_stats_errors(att->stats);
		}
		liteio_registry_event(kinds[i].type, att->vol, att, value);
	}
}

/* the gate is closed and its last user has gone; RCU callback or completion of I/O */
static void gate_released(struct percpu_ref *gate)
{
	struct liteio_att *att = container_of(gate, struct liteio_att, gate);

	liteio_att_notice(att, LITEIO_NOTICED_DRAINED);
	/* last: whoever waits for it may free the attachment */
	complete_all(&att->drained);
}

/* what waits because of a limit never got under way: the gate refuses it after all */
static void refuse_waiting(struct liteio_att *att)
{
	struct bio_list waiting = BIO_EMPTY_LIST;
	struct bio *bio;

	liteio_qos_close(att->queue, &waiting);
	while ((bio = bio_list_pop(&waiting))) {
		struct liteio_io *io = dm_per_bio_data(bio, sizeof(*io));

		bio->bi_iter.bi_sector = io->sector;
		trace_liteio_reject(att, bio);
		atomic64_inc(&att->rejected);
		io->class = LITEIO_CLASS_REFUSED;
		bio_io_error(bio);
	}
}

void liteio_att_close(struct liteio_att *att)
{
	lockdep_assert_held(&liteio_lock);
	if (att->is_closed)
		return;
	/* held until the event is out, so that "drained" cannot overtake "fenced" */
	percpu_ref_get(&att->gate);
	percpu_ref_kill(&att->gate);
	WRITE_ONCE(att->is_closed, true);
	att->is_close_untold = true;
	refuse_waiting(att);
}

void liteio_att_tell_closed(struct liteio_att *att)
{
	lockdep_assert_held(&liteio_lock);
	if (!att->is_close_untold)
		return;
	att->is_close_untold = false;
	liteio_registry_event(LITEIO_EVENT_ATT_FENCED, att->vol, att,
			      liteio_stats_inflight(att->stats));
	percpu_ref_put(&att->gate);
}

struct liteio_att *liteio_att_new(u64 gen, const char *host, u32 flags)
{
	struct liteio_att *att = kzalloc(sizeof(*att), GFP_KERNEL);

	if (!att)
		return NULL;
	att->stats = liteio_stats_new();
	if (!att->stats)
		goto err_stats;
	att->dirty = liteio_dirty_new();
	if (!att->dirty)
		goto err_dirty;
	if (percpu_ref_init(&att->gate, gate_released, 0, GFP_KERNEL))
		goto err_gate;

	kref_init(&att->ref);
	att->gen = gen;
	att->flags = flags;
	if (host)
		strscpy(att->host, host, sizeof(att->host));
	init_completion(&att->drained);
	INIT_DELAYED_WORK(&att->notice_work, notice_work);
	att->notice_last = jiffies - HZ;
	return att;

err_gate:
	liteio_dirty_free(att->dirty, NULL);
err_dirty:
	liteio_stats_free(att->stats);
err_stats:
	kfree(att);
	return NULL;
}

/* gone for good? */
static int check_gen(struct liteio_vol *vol, u64 gen, const char **why)
{
	if (gen < vol->gens.floor) {
		*why = "the generation is below the floor of the volume";
		return -ESTALE;
	}
	if (liteio_generations_is_barred(&vol->gens, gen)) {
		*why = "the generation was fenced";
		return -ESTALE;
	}
	return 0;
}

static int check_add(struct liteio_vol *vol, u64 gen, const char **why)
{
	int ret = check_gen(vol, gen, why);

	if (ret)
		return ret;
	if (liteio_att_find(vol, gen)) {
		*why = "the attachment exists";
		return -EEXIST;
	}
	if (vol->nr_attachments >= LITEIO_VOL_ATT_MAX) {
		*why = "the volume has as many attachments as it may have";
		return -ENOSPC;
	}
	return 0;
}

/* all that can be said before the window is told */
static int prepare(const uuid_t *uuid, struct liteio_att *att, const char **why)
{
	unsigned int cookie = liteio_registry_lock();
	struct liteio_vol *vol = liteio_vol_find(uuid);
	int ret;

	if (!vol) {
		*why = "no such volume";
		ret = -ENOENT;
	} else {
		ret = check_add(vol, att->gen, why);
	}
	if (!ret)
		att->vol = liteio_vol_get(vol);
	liteio_registry_unlock(cookie);
	if (ret)
		return ret;
	att->queue = liteio_qos_queue_new(vol->qos);
	if (!att->queue) {
		*why = "no memory for the attachment";
		return -ENOMEM;
	}
	att->qos = vol->qos;
	return 0;
}

/* unless a fence came first */
static int link_att(struct liteio_att *att, const char **why)
{
	unsigned int cookie = liteio_registry_lock();
	struct liteio_vol *vol = att->vol;
	int ret;

	ret = check_gen(vol, att->gen, why);
	if (!ret)
		ret = liteio_fence_reserve(vol, why);
	if (!ret) {
		att->id = liteio_registry_id();
		list_add_tail(&att->node, &attachments);
		list_add_tail(&att->vol_node, &vol->attachments);
		WRITE_ONCE(vol->nr_attachments, vol->nr_attachments + 1);
		liteio_registry_touch();
		liteio_registry_event(LITEIO_EVENT_ATT_ADDED, vol, att, att->flags);
	}
	liteio_registry_unlock(cookie);
	return ret;
}

static int add(const uuid_t *uuid, struct liteio_att *att, const char **why)
{
	const struct liteio_front *window = liteio_registry_window();
	int ret;

	lockdep_assert_held(&liteio_life);
	ret = prepare(uuid, att, why);
	if (ret)
		return ret;
	ret = window->att_added ? window->att_added(att) : 0;
	if (ret) {
		*why = "the attachment cannot be shown in configfs";
		return ret;
	}
	ret = link_att(att, why);
	if (ret && window->att_removed)
		window->att_removed(att);
	return ret;
}

int liteio_att_add(const uuid_t *uuid, struct liteio_att *att, const char **why)
{
	unsigned int cookie = liteio_registry_lock_life();
	int ret = add(uuid, att, why);

	liteio_registry_unlock_life(cookie);
	return ret;
}

static int find_unbound(const uuid_t *uuid, u64 gen, struct liteio_att **ret_att, const char **why)
{
	struct liteio_vol *vol = liteio_vol_find(uuid);
	struct liteio_att *att = vol ? liteio_att_find(vol, gen) : NULL;

	if (!att) {
		*why = vol ? "no such attachment" : "no such volume";
		return -ENOENT;
	}
	if (att->nr_bound) {
		*why = "a head is bound to the attachment";
		return -EBUSY;
	}
	*ret_att = att;
	return 0;
}

/* take an attachment that nothing uses out of the lists; the caller has their reference then */
static void unlink_att(struct liteio_att *att)
{
	struct liteio_vol *vol = att->vol;

	lockdep_assert_held(&liteio_lock);
	list_del(&att->node);
	list_del(&att->vol_node);
	att->is_gone = true;
	WRITE_ONCE(vol->nr_attachments, vol->nr_attachments - 1);
	/* nobody notices anything any more: what was noticed is told now */
	flush_delayed_work(&att->notice_work);
	trace_liteio_release(att);
	liteio_registry_touch();
}

static void forget_att(struct liteio_att *att)
{
	const struct liteio_front *window = liteio_registry_window();

	lockdep_assert_held(&liteio_life);
	if (window->att_removed)
		window->att_removed(att);
	liteio_registry_event(LITEIO_EVENT_ATT_DELETED, att->vol, att, 0);
	liteio_att_put(att);
}

/* -EAGAIN, with a reference, when its gate was closed a moment ago and has to drain first */
static int try_delete(const uuid_t *uuid, u64 gen, struct liteio_att **ret_att, const char **why)
{
	unsigned int life = liteio_registry_lock_life();
	unsigned int cookie = liteio_registry_lock();
	struct liteio_att *att;
	int ret;

	ret = find_unbound(uuid, gen, &att, why);
	if (!ret && att->is_closed && !completion_done(&att->drained)) {
		*ret_att = liteio_att_get(att);
		ret = -EAGAIN;
	}
	if (!ret)
		unlink_att(att);
	liteio_registry_unlock(cookie);
	if (!ret)
		forget_att(att);
	liteio_registry_unlock_life(life);
	return ret;
}

int liteio_att_delete(const uuid_t *uuid, u64 gen, const char **why)
{
	struct liteio_att *att;
	bool is_drained;
	int ret;

	while ((ret = try_delete(uuid, gen, &att, why)) == -EAGAIN) {
		/* let the grace period pass, then look again */
		is_drained = wait_for_completion_timeout(&att->drained, DRAIN_UNUSED_TIMEOUT);
		liteio_att_put(att);
		if (!is_drained) {
			*why = "I/O of the attachment has not ended";
			return -EBUSY;
		}
	}
	return ret;
}

void liteio_att_delete_all(void)
{
	struct liteio_att *att;
	const char *why = "";
	unsigned int cookie;

	for (;;) {
		cookie = liteio_registry_lock();
		att = liteio_att_after(0);
		if (att)
			liteio_att_get(att);
		liteio_registry_unlock(cookie);
		if (!att)
			return;
		WARN_ON(liteio_att_delete(&att->vol->uuid, att->gen, &why));
		liteio_att_put(att);
	}
}

static int check_bind(struct liteio_vol *vol, u64 gen, struct liteio_att *att, const void *owner,
		      const char **why)
{
	int ret;

	if (!vol) {
		*why = "no such volume is registered";
		return -ENOENT;
	}
	if (!att) {
		/* a fence outlives what it fenced */
		ret = check_gen(vol, gen, why);
		if (ret)
			return ret;
		*why = "no such attachment is registered";
		return -ENOENT;
	}
	if (att->is_closed) {
		*why = "the attachment is fenced";
		return -ESTALE;
	}
	if (att->nr_bound && att->owner != owner) {
		*why = "another device is the head of the attachment";
		return -EBUSY;
	}
	return 0;
}

int liteio_att_bind(const uuid_t *uuid, u64 gen, const void *owner, dev_t dev,
		    struct liteio_att **ret_att, const char **why)
{
	struct liteio_vol *vol;
	struct liteio_att *att;
	unsigned int cookie;
	int ret;

	cookie = liteio_registry_lock();
	vol = liteio_vol_find(uuid);
	att = vol ? liteio_att_find(vol, gen) : NULL;
	ret = check_bind(vol, gen, att, owner, why);
	if (!ret) {
		if (!att->nr_bound) {
			att->owner = owner;
			WRITE_ONCE(att->dev, dev);
			liteio_registry_event(LITEIO_EVENT_ATT_BOUND, vol, att,
					      (u64)MAJOR(dev) << 32 | MINOR(dev));
		}
		WRITE_ONCE(att->nr_bound, att->nr_bound + 1);
		*ret_att = liteio_att_get(att);
	}
	liteio_registry_unlock(cookie);
	return ret;
}

void liteio_att_unbind(struct liteio_att *att)
{
	unsigned int cookie = liteio_registry_lock();

	WRITE_ONCE(att->nr_bound, att->nr_bound - 1);
	if (!att->nr_bound) {
		dev_t dev = att->dev;

		att->owner = NULL;
		WRITE_ONCE(att->dev, 0);
		liteio_registry_event(LITEIO_EVENT_ATT_UNBOUND, att->vol, att,
				      (u64)MAJOR(dev) << 32 | MINOR(dev));
	}
	liteio_registry_unlock(cookie);
	liteio_att_put(att);
}
