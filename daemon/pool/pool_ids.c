// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Thin devices that no record has, looked for and deleted.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "pool/ids.h"
#include "pool/object.h"

static int look_part(struct liteio_pool *p, struct liteio_engine *e, bool is_reserve,
		     struct liteio_pool_ids *ret, struct liteio_error *err)
{
	struct liteio_thin_device *devices _cleanup_free_ = NULL;
	size_t n = 0;
	int r;

	if (!e || !e->ops->is_active(e))
		return 0;
	r = e->ops->devices(e, &devices, &n, err);
	if (!r)
		liteio_pool_ids_compare(&p->cat, is_reserve, devices, n, ret);
	return r;
}

/* what does not come up, or can not be read, is the pool's condition */
static bool is_known(const struct liteio_pool *p)
{
	if (p->condition == LITEIO_POOL_FAILED || p->is_under_repair || p->is_mismatched)
		return false;
	return !p->is_stuck || !strcmp(p->reason_word, "ForeignDevice");
}

int liteio_pool_look_ids(struct liteio_pool *p, struct liteio_pool_ids *ret,
			 struct liteio_error *err)
{
	int r;

	*ret = (struct liteio_pool_ids){ 0 };
	if (!is_known(p))
		return 0;
	r = look_part(p, p->engine, false, ret, err);
	return r ? r : look_part(p, p->reserve, true, ret, err);
}

/* the device as it is now: 1, 0 when it is not there, -EBUSY when it stays, or another errno */
static int find_stray(struct liteio_pool *p, bool is_reserve, uint32_t id, struct liteio_error *err)
{
	struct liteio_pool_ids ids;
	int r = liteio_pool_look_ids(p, &ids, err);

	for (size_t i = 0; i < ids.n_strays && !r; i++) {
		const struct liteio_pool_stray *s = &ids.strays[i];

		if (s->id != id || s->is_reserve != is_reserve)
			continue;
		if (s->is_foreign || s->mapped)
			return liteio_error_set(err, -EBUSY, "thin device %u %s: it stays", id,
						s->mapped ? "has data" : "is somebody else's");
		return 1;
	}
	return r;
}

int liteio_pool_drop_stray(struct liteio_pool *p, bool is_reserve, uint32_t id,
			   struct liteio_error *err)
{
	struct liteio_engine *e = is_reserve ? p->reserve : p->engine;
	struct liteio_catalog draft;
	int r = liteio_pool_settle_all(p, err);

	if (!r)
		r = find_stray(p, is_reserve, id, err);
	if (r <= 0)
		return r;
	/* so that the older slot has no record of it either, should it ever count */
	liteio_pool_draft(p, &draft);
	r = liteio_pool_persist_both(p, &draft, err);
	return r ? r : e->ops->remove(e, id, err);
}
