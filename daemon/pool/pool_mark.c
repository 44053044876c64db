// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When the kernel says something of a pool, and what is done so that it does in time.
 *
 * The reserve needs no mark: its blocks are those that were promised, and its metadata are never
 * full (README.md).
 */
#include <errno.h>

#include "base/error.h"
#include "pool/object.h"

/* holding them takes its time for each volume, and the lane for all of that: not of more than so */
#define HELD_MAX 100u

static bool is_well(const struct liteio_pool *p)
{
	return p->condition == LITEIO_POOL_READY && p->status.mode == LITEIO_ENGINE_RW;
}

static void find(const struct liteio_pool *p, struct liteio_mark_range *ret)
{
	struct liteio_mark_of u = {
		.data = { p->status.data_used, p->status.data_total },
		.meta = { p->status.meta_used, p->status.meta_total },
		.block_bytes = p->store.label.thin_block,
		.n_devices = p->cat.n_volumes,
		.may_unshare = liteio_catalog_may_unshare(&p->cat),
		.has_relief = liteio_pool_has_relief(p),
	};
	uint64_t reserved;

	liteio_catalog_promised(&p->cat, &u.promised, &reserved);
	liteio_mark_find(&u, ret);
}

/* that of a table which has become another one since is not known */
static void remember(struct liteio_pool *p, uint64_t blocks)
{
	p->mark.blocks = blocks;
	p->mark.data_total = p->status.data_total;
	p->mark.meta_total = p->status.meta_total;
}

static uint64_t remembered(const struct liteio_pool *p)
{
	return p->mark.data_total == p->status.data_total &&
			       p->mark.meta_total == p->status.meta_total ?
		       p->mark.blocks :
		       0;
}

static int load(struct liteio_pool *p, uint64_t blocks, struct liteio_error *err)
{
	int r = p->engine->ops->set_mark(p->engine, blocks, err);

	if (r)
		return liteio_error_wrap(err, r, "pool %s", p->store.label.pool_name);
	remember(p, blocks);
	return 1;
}

static int keep(struct liteio_pool *p, uint64_t now_ms, uint64_t rest_ms, struct liteio_error *err)
{
	struct liteio_mark_seen seen = { .data_used = p->status.data_used,
					 .meta_used = p->status.meta_used };
	struct liteio_mark_range range;
	struct liteio_engine_mark now;
	bool is_at_rest;
	int r = p->engine->ops->mark(p->engine, &now, err);

	if (r)
		return r;
	find(p, &range);
	remember(p, now.blocks);
	seen.n_ios = now.n_ios;
	is_at_rest = liteio_mark_rest(&p->rest, &seen, now_ms) >= rest_ms && now.n_open <= HELD_MAX;
	switch (liteio_mark_judge(&range, now.blocks, now.is_ahead, is_at_rest)) {
	case LITEIO_MARK_TOLD:
		return 1;
	case LITEIO_MARK_LOAD:
		return load(p, range.best, err);
	case LITEIO_MARK_CLOCK:
		break;
	}
	return 0;
}

int liteio_pool_keep_mark(struct liteio_pool *p, uint64_t now_ms, uint64_t rest_ms,
			  struct liteio_error *err)
{
	int r = is_well(p) ? keep(p, now_ms, rest_ms, err) : 1;

	p->is_by_clock = r <= 0;
	return r;
}

void liteio_pool_check_mark(struct liteio_pool *p)
{
	struct liteio_mark_range range;

	if (p->is_by_clock || !p->lane.changed || !is_well(p) || !p->status.data_total)
		return;
	find(p, &range);
	if (liteio_mark_judge(&range, remembered(p), true, false) == LITEIO_MARK_TOLD)
		return;
	p->is_by_clock = true;
	liteio_pool_say_changed(p);
}
