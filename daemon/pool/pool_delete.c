// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deleting volumes and snapshots: the first half; the other one is pool_reclaim.c.
 */
#include <errno.h>

#include "base/error.h"
#include "pool/object.h"

/* DELETING; of what has nothing to give back the thin pool is told next, by the same write */
static void mark(struct liteio_catalog *draft, const struct liteio_uuid *uuid, bool is_empty)
{
	struct liteio_catalog_volume *v = liteio_catalog_edit(draft, uuid);

	v->state = LITEIO_CATALOG_DELETING;
	if (is_empty)
		v->txid = *liteio_catalog_txid(draft, v->vclass) + 1;
}

/* what never had a device has nothing to give back: it is gone at once */
static int give_up(struct liteio_pool *p, const struct liteio_uuid *uuid, bool is_out,
		   struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);
	bool is_unmade = v->is_unmade;
	bool is_empty = !is_unmade && is_out && liteio_pool_is_empty(p, v);
	struct liteio_catalog draft;
	int r;

	liteio_pool_draft(p, &draft);
	if (is_unmade)
		liteio_catalog_remove(&draft, uuid);
	else
		mark(&draft, uuid, is_empty);
	r = liteio_pool_persist(p, &draft, err);
	if (r)
		return r;
	liteio_step("volume-delete:catalog");
	/* it is gone, and stays so unless that slot is lost: an empty volume comes back then */
	if (is_unmade)
		(void)liteio_pool_persist_again(p, NULL);
	/* it is deleted, whatever comes of that: who waits for its space is told */
	if (is_empty)
		(void)liteio_pool_end_delete(p, uuid, NULL);
	return 0;
}

/*
 * A device that nobody has open stays in the kernel: its space is given back through it, and to
 * take it out and bring it back costs two of the kernel's grace periods. @ret_is_out: it is not in
 * there
 */
static int close_device(struct liteio_pool *p, const struct liteio_catalog_volume *v,
			bool *ret_is_out, struct liteio_error *err)
{
	struct liteio_engine *e;
	struct liteio_engine_volume active;
	int r;

	*ret_is_out = false;
	if (v->vclass == LITEIO_CATALOG_LINEAR)
		return liteio_pool_volume_deactivate(p, &v->uuid, err);
	e = liteio_pool_engine_of(p, v->vclass);
	r = e->ops->volume_status(e, &v->uuid, &active, NULL);
	*ret_is_out = r == -ENODEV;
	if (r == -ENODEV || (!r && !active.open_count))
		return 0;
	return liteio_pool_volume_deactivate(p, &v->uuid, err);
}

static bool is_deleted(const struct liteio_pool *p, const struct liteio_uuid *uuid)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);

	return !v || v->state == LITEIO_CATALOG_DELETING;
}

static int check_delete(struct liteio_pool *p, const struct liteio_uuid *uuid, bool *ret_is_out,
			struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);
	int r;

	if (is_deleted(p, uuid))
		return 0;
	r = liteio_pool_check_writable(p, err);
	if (r)
		return r;
	if (liteio_catalog_count_live(&p->cat, uuid))
		return liteio_error_set(err, -EBUSY, "volume %s has live attachments", v->name);
	r = liteio_pool_linear_check_idle(p, uuid, err);
	if (!r)
		r = close_device(p, v, ret_is_out, err);
	if (r)
		return liteio_error_wrap(err, r, "volume %s", v->name);
	return liteio_pool_settle_all(p, err);
}

int liteio_pool_volume_check_delete(struct liteio_pool *p, const struct liteio_uuid *uuid,
				    struct liteio_error *err)
{
	bool is_out;

	return check_delete(p, uuid, &is_out, err);
}

int liteio_pool_volume_delete(struct liteio_pool *p, const struct liteio_uuid *uuid,
			      struct liteio_error *err)
{
	bool is_out = false;
	int r;

	if (is_deleted(p, uuid))
		return 0;
	r = check_delete(p, uuid, &is_out, err);
	if (r || !liteio_catalog_find(&p->cat, uuid))
		return r;
	return give_up(p, uuid, is_out, err);
}
