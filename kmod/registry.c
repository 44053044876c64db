// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry's lock, counts, workqueue and front ends. The objects are in volume.c,
 * attachment.c.
 */
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>

#include "compat.h"
#include "qos.h"
#include "registry.h"
#include "volume.h"

DEFINE_MUTEX(liteio_lock); /* the registry: see registry.h */
DEFINE_MUTEX(liteio_life); /* which objects there are: see registry.h */

static const struct liteio_front *window;
static const struct liteio_front *events;
static struct workqueue_struct *wq;
static u8 instance[LITEIO_UUID_LEN];
static unsigned int nr_changes = 1; /* liteio_lock */
static u64 last_id; /* liteio_lock */

int liteio_registry_init(const struct liteio_front *window_front,
			 const struct liteio_front *events_front)
{
	int ret = liteio_qos_init();

	if (ret)
		return ret;
	window = window_front;
	events = events_front;
	get_random_bytes(instance, sizeof(instance));
	/* flushed under liteio_lock, which must not wait for memory that I/O would have to free */
	wq = alloc_workqueue("liteio", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (wq)
		return 0;
	liteio_qos_fini();
	return -ENOMEM;
}

void liteio_registry_clear(void)
{
	liteio_vol_delete_all();
}

void liteio_registry_fini(void)
{
	/* callbacks of gates that were closed have run, but may not have returned yet */
	rcu_barrier();
	destroy_workqueue(wq);
	liteio_qos_fini();
}

const u8 *liteio_registry_instance(void)
{
	return instance;
}

u64 liteio_registry_features(void)
{
	return LITEIO_FEATURE_FENCE_FLOOR | LITEIO_FEATURE_FENCE_GEN | LITEIO_FEATURE_STATS |
	       LITEIO_FEATURE_EVENTS | LITEIO_FEATURE_QOS | LITEIO_FEATURE_DIRTY |
	       (LITEIO_DM_ATOMIC_WRITES ? LITEIO_FEATURE_ATOMIC_WRITES : 0);
}

unsigned int liteio_registry_lock(void)
{
	mutex_lock(&liteio_lock);
	return memalloc_noio_save();
}

void liteio_registry_unlock(unsigned int cookie)
{
	memalloc_noio_restore(cookie);
	mutex_unlock(&liteio_lock);
}

unsigned int liteio_registry_lock_life(void)
{
	mutex_lock(&liteio_life);
	return memalloc_noio_save();
}

void liteio_registry_unlock_life(unsigned int cookie)
{
	memalloc_noio_restore(cookie);
	mutex_unlock(&liteio_life);
}

unsigned int liteio_registry_changes(void)
{
	lockdep_assert_held(&liteio_lock);
	return nr_changes;
}

void liteio_registry_touch(void)
{
	lockdep_assert_held(&liteio_lock);
	if (!++nr_changes)
		nr_changes = 1;
}

u64 liteio_registry_id(void)
{
	lockdep_assert_held(&liteio_lock);
	return ++last_id;
}

void liteio_registry_queue(struct delayed_work *work, unsigned long delay)
{
	/* now means now, also for what waits for later */
	if (delay)
		queue_delayed_work(wq, work, delay);
	else
		mod_delayed_work(wq, work, 0);
}

void liteio_registry_event(u32 type, const struct liteio_vol *vol, const struct liteio_att *att,
			   u64 value)
{
	if (events->event)
		events->event(type, vol, att, value);
}

const struct liteio_front *liteio_registry_window(void)
{
	return window;
}
