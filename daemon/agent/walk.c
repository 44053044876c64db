// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walks: every volume, or every snapshot, of every open pool.
 */
#include "agent/walk.h"
#include "base/cleanup.h"

static int walk_pool(struct liteio_open_pool *p, enum liteio_catalog_kind kind, liteio_walk_fn fn,
		     void *arg, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_volume *v = NULL;
	size_t i, n = 0;
	int r = 0;

	liteio_pool_volume_list(p->engine, &v, &n);
	for (i = 0; r == 0 && i < n; i++)
		if (v[i].kind == kind)
			r = fn(arg, p, &v[i], err);
	return r;
}

int liteio_walk(struct liteio_pools *t, enum liteio_catalog_kind kind, liteio_walk_fn fn, void *arg,
		struct liteio_error *err)
{
	struct liteio_open_pool **all;
	size_t i, n;
	int r = 0;

	liteio_pools_all(t, &all, &n);
	for (i = 0; r == 0 && i < n; i++)
		r = walk_pool(all[i], kind, fn, arg, err);
	liteio_pools_put_all(t, all, n);
	return r;
}
