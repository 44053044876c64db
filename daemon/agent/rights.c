// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rights to volumes of one pool that are given at once.
 */
#include "agent/rights.h"

#include <stdlib.h>

#include "agent/pools.h"
#include "agent/wishes.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "pool/grant.h"

/**
 * struct right - a wish
 * @wish: its head
 * @att: what
 * @is_new: it was not there before
 */
struct right {
	struct liteio_wish wish;
	struct liteio_catalog_attachment att;
	bool is_new;
};

static void give_all(struct liteio_pool *engine, struct liteio_wish *first, size_t n)
{
	struct liteio_pool_right all[LITEIO_POOL_RIGHTS_MAX] = { 0 };
	size_t i = 0;

	for (struct liteio_wish *w = first; w; w = w->next)
		all[i++] = (struct liteio_pool_right){
			.att = &liteio_container_of(w, struct right, wish)->att,
			.err = &w->err,
		};
	liteio_pool_attachment_add_all(engine, all, n);
	i = 0;
	for (struct liteio_wish *w = first; w; w = w->next) {
		liteio_container_of(w, struct right, wish)->is_new = all[i].is_new;
		w->result = all[i++].result;
	}
}

static const struct liteio_wish_kind kind = { .most = LITEIO_POOL_RIGHTS_MAX, .fulfil = give_all };

int liteio_rights_give(struct liteio_open_pool *p, const struct liteio_catalog_attachment *att,
		       bool *ret_is_new, struct liteio_error *err)
{
	struct right *x = liteio_calloc(1, sizeof(*x));
	int r;

	x->att = *att;
	r = liteio_wish_run(p, &p->rights, &kind, &x->wish, err);
	if (!r)
		*ret_is_new = x->is_new;
	liteio_wish_put(p, &x->wish);
	return r;
}
