// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ends of rights to volumes of one pool that come at once.
 */
#include "agent/endings.h"

#include <stdlib.h>

#include "agent/wishes.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "pool/grant.h"

/**
 * struct ending - a wish
 * @wish: its head
 * @what: is ended
 * @volume: of this one; in the end its record, read again
 */
struct ending {
	struct liteio_wish wish;
	struct liteio_ending what;
	struct liteio_catalog_volume volume;
};

static void read_again(struct liteio_pool *engine, struct ending *x)
{
	const struct liteio_uuid uuid = x->volume.uuid;

	if (!x->wish.result)
		x->wish.result = liteio_pool_volume_get(engine, &uuid, &x->volume);
}

static void end_all(struct liteio_pool *engine, struct liteio_wish *first, size_t n)
{
	struct liteio_pool_ending *all _cleanup_free_ = liteio_calloc(n, sizeof(*all));
	size_t i = 0;

	for (struct liteio_wish *w = first; w; w = w->next) {
		const struct ending *x = liteio_container_of(w, struct ending, wish);

		/* also what has ended: it may be in one slot only */
		all[i++] = (struct liteio_pool_ending){
			.volume = x->volume.uuid,
			.floor = x->what.floor,
			.generation = x->what.generation,
			.by_floor = x->what.by_floor,
			.err = &w->err,
		};
	}
	liteio_pool_end_all(engine, all, n);
	i = 0;
	for (struct liteio_wish *w = first; w; w = w->next) {
		struct ending *x = liteio_container_of(w, struct ending, wish);

		w->result = all[i++].result;
		read_again(engine, x);
	}
}

static const struct liteio_wish_kind kind = { .most = SIZE_MAX, .fulfil = end_all };

int liteio_endings_persist(struct liteio_open_pool *p, struct liteio_catalog_volume *volume,
			   const struct liteio_ending *e, uint64_t ms, struct liteio_error *err)
{
	struct ending *x = liteio_calloc(1, sizeof(*x));
	int r;

	x->what = *e;
	x->volume = *volume;
	r = liteio_wish_run_for(p, &p->endings, &kind, &x->wish, LITEIO_LANE_FENCE, ms, err);
	if (!r)
		*volume = x->volume;
	liteio_wish_put(p, &x->wish);
	return r;
}
