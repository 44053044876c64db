// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is promised, what is left, and what is therefore refused.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "pool/object.h"

struct liteio_engine *liteio_pool_engine_of(const struct liteio_pool *p,
					    enum liteio_catalog_class vclass)
{
	return vclass == LITEIO_CATALOG_RESERVED ? p->reserve : p->engine;
}

void liteio_pool_account(const struct liteio_pool *p, struct liteio_account *ret)
{
	const struct liteio_usage thin = { p->status.data_used, p->status.data_total };
	/* its size is known, whatever the kernel says of it: what was promised is not less then */
	const struct liteio_usage reserve = {
		p->reserve_status.data_used,
		liteio_label_sum(&p->store.label, LITEIO_EXTENT_RESERVE_DATA),
	};

	liteio_account(&p->cat, &thin, &reserve,
		       liteio_label_sum(&p->store.label, LITEIO_EXTENT_LINEAR), ret);
}

int liteio_pool_admit(struct liteio_pool *p, enum liteio_catalog_class vclass,
		      enum liteio_account_what what, uint64_t bytes, struct liteio_error *err)
{
	struct liteio_account a;
	struct liteio_usage meta;
	int r = 0;

	/* what was asked for a minute ago may have been freed since */
	if (vclass == LITEIO_CATALOG_THIN)
		r = liteio_pool_refresh(p, err);
	/* nor is a pool that was writable then writable for ever */
	if (!r)
		r = liteio_pool_check_writable(p, err);
	liteio_pool_meta_usage(p, &meta);
	if (!r && vclass == LITEIO_CATALOG_THIN)
		r = liteio_account_metadata(&meta, liteio_catalog_unmade(&p->cat, vclass), what,
					    err);
	if (r)
		return liteio_account_explain(!liteio_label_has_spare(&p->store.label), r, err);
	liteio_pool_account(p, &a);
	return liteio_account_admit(&a, vclass, what, bytes, err);
}

int liteio_pool_set_overcommit(struct liteio_pool *p, uint64_t percent, struct liteio_error *err)
{
	struct liteio_catalog draft;
	int r;

	if (percent && (percent < LITEIO_OVERCOMMIT_MIN || percent > LITEIO_OVERCOMMIT_MAX))
		return liteio_error_set(err, -EINVAL, "an overcommit is %u to %u percent",
					LITEIO_OVERCOMMIT_MIN, LITEIO_OVERCOMMIT_MAX);
	if (percent == p->cat.overcommit_percent)
		return 0;
	r = liteio_pool_check_writable(p, err);
	if (r)
		return r;
	liteio_pool_draft(p, &draft);
	draft.overcommit_percent = (uint32_t)percent;
	r = liteio_pool_persist(p, &draft, err);
	if (!r)
		liteio_step("overcommit:catalog");
	return r;
}

void liteio_pool_set_lane(struct liteio_pool *p, const struct liteio_pool_lane *lane)
{
	p->lane = *lane;
}

void liteio_pool_say_changed(struct liteio_pool *p)
{
	if (p->lane.changed)
		p->lane.changed(p->lane.arg);
}

void liteio_pool_leave(struct liteio_pool *p)
{
	if (p->lane.leave)
		p->lane.leave(p->lane.arg);
}

void liteio_pool_enter(struct liteio_pool *p)
{
	if (p->lane.enter)
		p->lane.enter(p->lane.arg);
}
