// SPDX-License-Identifier: GPL-2.0-only
/*
 * Closing gates and waiting for them.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "attachment.h"
#include "fence.h"
#include "registry.h"
#include "stats.h"
#include "trace.h"
#include "volume.h"

#define BARRED_ROOM_MIN 16

void liteio_fence_floor(struct liteio_vol *vol, u64 floor)
{
	u64 first = vol->gens.floor;
	struct liteio_att *att;

	lockdep_assert_held(&liteio_lock);
	if (!liteio_generations_raise(&vol->gens, floor))
		return;
	trace_liteio_fence(vol, first, floor - 1);
	list_for_each_entry(att, &vol->attachments, vol_node) {
		if (att->gen < floor)
			liteio_att_close(att);
	}
	liteio_registry_touch();
	liteio_registry_event(LITEIO_EVENT_VOL_CHANGED, vol, NULL, floor);
	list_for_each_entry(att, &vol->attachments, vol_node)
		liteio_att_tell_closed(att);
}

/* attachments that may still have to be barred */
static u32 nr_open(struct liteio_vol *vol)
{
	struct liteio_att *att;
	u32 nr = 0;

	list_for_each_entry(att, &vol->attachments, vol_node)
		nr += !att->is_closed;
	return nr;
}

int liteio_fence_reserve(struct liteio_vol *vol, const char **why)
{
	struct liteio_generations *g = &vol->gens;
	u32 need = g->nr_barred + nr_open(vol) + 1;
	u32 max = max_t(u32, g->max_barred, BARRED_ROOM_MIN);
	u64 *room;

	lockdep_assert_held(&liteio_lock);
	if (need <= g->max_barred)
		return 0;
	if (need > LITEIO_BARRED_MAX) {
		*why = "too many generations were fenced one by one: raise the floor";
		return -ENOSPC;
	}
	while (max < need)
		max *= 2;
	room = kvmalloc_array(max, sizeof(*room), GFP_KERNEL);
	if (!room) {
		*why = "no memory to remember one more fenced generation";
		return -ENOMEM;
	}
	kvfree(liteio_generations_grow(g, room, max));
	return 0;
}

int liteio_fence_gen(struct liteio_vol *vol, u64 gen, const char **why)
{
	struct liteio_att *att = liteio_att_find(vol, gen);
	int ret;

	lockdep_assert_held(&liteio_lock);
	if (liteio_generations_allow(&vol->gens, gen)) {
		/* an attachment has had its room since it was added */
		ret = att ? 0 : liteio_fence_reserve(vol, why);
		if (ret)
			return ret;
		WARN_ON_ONCE(liteio_generations_bar(&vol->gens, gen));
		trace_liteio_fence(vol, gen, gen);
		liteio_registry_touch();
	}
	if (att) {
		liteio_att_close(att);
		liteio_att_tell_closed(att);
	}
	return 0;
}

static bool is_in_range(const struct liteio_fence *fence, const struct liteio_att *att)
{
	return att->gen >= fence->first && att->gen <= fence->last;
}

/* an attachment of the range with I/O in flight, with a reference, and all I/O in flight */
static struct liteio_att *first_undrained(const struct liteio_fence *fence, u64 *ret_inflight)
{
	unsigned int cookie = liteio_registry_lock();
	struct liteio_att *att, *first = NULL;
	u64 inflight = 0;

	list_for_each_entry(att, &fence->vol->attachments, vol_node) {
		if (!is_in_range(fence, att) || completion_done(&att->drained))
			continue;
		inflight += liteio_stats_inflight(att->stats);
		if (!first)
			first = liteio_att_get(att);
	}
	liteio_registry_unlock(cookie);
	*ret_inflight = inflight;
	return first;
}

int liteio_fence_wait(const struct liteio_fence *fence, unsigned int timeout_ms,
		      struct liteio_fence_result *ret)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(timeout_ms);
	u64 start = ktime_get_ns();
	struct liteio_att *att;
	long left, woken = 1;

	while ((att = first_undrained(fence, &ret->inflight))) {
		left = deadline - jiffies;
		woken = left > 0 ?
			wait_for_completion_killable_timeout(&att->drained, left) : 0;
		liteio_att_put(att);
		if (woken <= 0)
			break;
	}
	ret->is_drained = woken > 0;
	ret->waited_ns = ktime_get_ns() - start;
	trace_liteio_drain(fence, ret);
	return woken < 0 ? -EINTR : 0;
}
