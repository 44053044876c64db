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

static int grow(struct liteio_generations *g, const char **why)
{
	u32 max = max_t(u32, g->max_barred * 2, BARRED_ROOM_MIN);
	u64 *room;

	if (g->max_barred >= LITEIO_BARRED_MAX) {
		*why = "too many generations were fenced one by one: raise the floor";
		return -ENOSPC;
	}
	room = kvmalloc_array(max, sizeof(*room), GFP_KERNEL);
	if (!room) {
		*why = "no memory to remember the fenced generation";
		return -ENOMEM;
	}
	kvfree(liteio_generations_grow(g, room, max));
	return 0;
}

int liteio_fence_gen(struct liteio_vol *vol, u64 gen, const char **why)
{
	struct liteio_att *att;
	int ret;

	lockdep_assert_held(&liteio_lock);
	if (liteio_generations_allow(&vol->gens, gen)) {
		if (liteio_generations_is_full(&vol->gens)) {
			ret = grow(&vol->gens, why);
			if (ret)
				return ret;
		}
		ret = liteio_generations_bar(&vol->gens, gen);
		if (WARN_ON_ONCE(ret))
			return ret;
		trace_liteio_fence(vol, gen, gen);
		liteio_registry_touch();
	}
	att = liteio_att_find(vol, gen);
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
