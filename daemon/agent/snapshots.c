// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshots of volumes of one pool that are taken at once.
 */
#include "agent/snapshots.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/pools.h"
#include "agent/stillness.h"
#include "agent/wishes.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "pool/snapshots.h"

/**
 * struct snapshot - a wish
 * @wish: its head
 * @volume: what
 * @uuid: of the snapshot
 * @name: likewise
 * @still: what is above the volume. Others only ask it whether that is idle; it is held by its own
 *	thread, so that none but that waits for a freeze that was given up
 * @is_alone: nothing has come of it: it is to be taken alone
 */
struct snapshot {
	struct liteio_wish wish;
	struct liteio_uuid volume;
	struct liteio_uuid uuid;
	char name[LITEIO_ONDISK_NAME];
	struct liteio_stillness still;
	bool is_alone;
};

/* in the lane, on its own thread */
static int create(struct liteio_pool *engine, struct snapshot *x, struct liteio_error *err)
{
	const struct liteio_quiesce q = liteio_stillness_quiesce(&x->still);

	return liteio_pool_snapshot_create(engine, &x->uuid, x->name, &x->volume, NULL, &q, err);
}

static void take_all(struct liteio_pool *engine, struct liteio_wish *first, size_t n)
{
	struct liteio_pool_snapshot all[LITEIO_POOL_SNAPSHOTS_MAX] = { 0 };
	struct liteio_quiesce q[LITEIO_POOL_SNAPSHOTS_MAX];
	size_t i = 0;

	/* the only one is of who is in the lane */
	if (n == 1) {
		first->result = create(engine, liteio_container_of(first, struct snapshot, wish),
				       &first->err);
		return;
	}
	for (struct liteio_wish *w = first; w; w = w->next, i++) {
		struct snapshot *x = liteio_container_of(w, struct snapshot, wish);

		q[i] = liteio_stillness_quiesce(&x->still);
		all[i] = (struct liteio_pool_snapshot){
			.uuid = x->uuid,
			.name = x->name,
			.volume = x->volume,
			.q = &q[i],
			.err = &w->err,
		};
	}
	liteio_pool_snapshot_create_all(engine, all, n);
	i = 0;
	for (struct liteio_wish *w = first; w; w = w->next, i++) {
		struct snapshot *x = liteio_container_of(w, struct snapshot, wish);

		x->is_alone = all[i].result == LITEIO_POOL_SNAPSHOT_ALONE;
		w->result = x->is_alone ? 0 : all[i].result;
	}
}

/* nothing was held by others: nothing is waited for */
static void release(struct liteio_wish *w)
{
	liteio_stillness_fini(&liteio_container_of(w, struct snapshot, wish)->still);
}

static const struct liteio_wish_kind kind = { LITEIO_POOL_SNAPSHOTS_MAX, take_all, release };

static int take_alone(struct liteio_open_pool *p, struct snapshot *x, struct liteio_error *err)
{
	LITEIO_LANE(lane);
	int r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);

	return r ? r : create(p->engine, x, err);
}

static int take_with_others(struct liteio_open_pool *p, struct snapshot *x,
			    const struct liteio_snapshot_locks *locks, struct liteio_error *err)
{
	struct liteio_named_lock **const keeps[LITEIO_WISH_LOCKS] = { locks->volume, locks->name,
								      locks->uuid };
	int r = liteio_wish_run(p, &p->snapshots, &kind, &x->wish, err);

	if (liteio_wish_is_ours(p, &x->wish)) {
		if (!r && x->is_alone)
			r = take_alone(p, x, err);
		liteio_stillness_fini(&x->still);
	} else {
		liteio_wish_keep(p, &x->wish, keeps);
	}
	liteio_wish_put(p, &x->wish);
	return r;
}

int liteio_snapshots_take(struct liteio_open_pool *p, const struct liteio_uuid *volume,
			  const struct liteio_uuid *uuid, const char *name,
			  const struct liteio_snapshot_locks *locks, struct liteio_error *err)
{
	struct snapshot *x = liteio_calloc(1, sizeof(*x));
	int r;

	x->volume = *volume;
	x->uuid = *uuid;
	snprintf(x->name, sizeof(x->name), "%s", name);
	r = liteio_stillness_find(&x->still, p, volume, 1, false, err);
	if (!r && !liteio_stillness_is_needed(&x->still))
		return take_with_others(p, x, locks, err);
	if (!r)
		r = take_alone(p, x, err);
	liteio_stillness_fini(&x->still);
	free(x);
	return r;
}
