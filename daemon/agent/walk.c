// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walks: every volume, or every snapshot, of every open pool.
 */
#include "agent/walk.h"
#include "base/cleanup.h"
#include "base/str.h"

/* the records of a thousand take most of a MiB, which has to be cleared for each walk */
#define SOME 64u

static int walk_pool(struct liteio_open_pool *p, enum liteio_catalog_kind kind, liteio_walk_fn fn,
		     void *arg, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_volume *v = liteio_calloc(SOME, sizeof(*v));
	const struct liteio_uuid *after = NULL;
	struct liteio_uuid last;
	size_t i, n;
	int r = 0;

	do {
		n = liteio_pool_volume_next(p->engine, after, v, SOME);
		for (i = 0; r == 0 && i < n; i++)
			if (v[i].kind == kind)
				r = fn(arg, p, &v[i], err);
		if (n)
			last = v[n - 1].uuid;
		after = &last;
	} while (r == 0 && n == SOME);
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
