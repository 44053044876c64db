// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Thin devices that have no blocks, as far as that is known, and that the kernel need not have:
 * they have nothing to give back, and nobody reads or writes them.
 *
 * One that is not in the kernel stays empty until it is brought back, which makes that unknown. So
 * it is deleted without anybody asking the disk what it has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "pool/heir.h"
#include "pool/object.h"

/* where it is, or would be */
static size_t slot_of(const struct liteio_pool *p, uint32_t thin_id)
{
	size_t lo = 0, hi = p->n_empty;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->empty[mid] < thin_id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool liteio_pool_empty_is(const struct liteio_pool *p, uint32_t thin_id)
{
	size_t i = slot_of(p, thin_id);

	return i < p->n_empty && p->empty[i] == thin_id;
}

void liteio_pool_empty_remember(struct liteio_pool *p, uint32_t thin_id)
{
	size_t i = slot_of(p, thin_id);

	if (liteio_pool_empty_is(p, thin_id))
		return;
	if (!p->empty || p->n_empty == liteio_catalog_room(p->n_empty))
		p->empty = liteio_realloc(p->empty, liteio_catalog_room(p->n_empty + 1),
					  sizeof(*p->empty));
	memmove(&p->empty[i + 1], &p->empty[i], (p->n_empty++ - i) * sizeof(*p->empty));
	p->empty[i] = thin_id;
}

void liteio_pool_empty_forget(struct liteio_pool *p, uint32_t thin_id)
{
	size_t i = slot_of(p, thin_id);

	if (liteio_pool_empty_is(p, thin_id))
		memmove(&p->empty[i], &p->empty[i + 1], (--p->n_empty - i) * sizeof(*p->empty));
}

void liteio_pool_empty_forget_all(struct liteio_pool *p)
{
	free(p->empty);
	p->empty = NULL;
	p->n_empty = 0;
}

/*
 * Of those beside it that are in the kernel nothing is said: when one leaves it is known what it
 * has (let_go()), or that is forgotten (deactivate()).
 *
 * What is read is what was committed last: of one that left the kernel with a block written in the
 * second before that "it has none" may be wrong, until it is brought back. Of ours only what is
 * being deleted, or was to be rolled back, leaves with blocks. No harm is done: too few bytes are
 * said of it, also of its snapshots, and its blocks are free when it is deleted, as the kernel
 * removes a device with all it has, only the disk is not told so. Nothing that is to be wiped goes
 * by it (liteio_pool_is_empty()), nor does anything that reads or copies data
 */
int liteio_pool_blocks(struct liteio_pool *p, const struct liteio_catalog_volume *v, uint64_t *ret,
		       struct liteio_error *err)
{
	struct liteio_engine *e = liteio_pool_engine_of(p, v->vclass);
	struct liteio_thin_device *near;
	size_t n;
	int r = e->ops->near(e, v->thin_id, &near, &n, err);

	if (r)
		return r;
	*ret = liteio_thin_mapped(near, n, v->thin_id);
	for (size_t i = 0; i < n; i++) {
		if (!near[i].mapped)
			liteio_pool_empty_remember(p, near[i].id);
	}
	free(near);
	return 0;
}

int liteio_pool_volume_let_go(struct liteio_pool *p, const struct liteio_uuid *uuid,
			      struct liteio_pool_load *ret)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);
	struct liteio_engine_volume now;
	struct liteio_engine *e;
	int r;

	*ret = (struct liteio_pool_load){ .pool = p->store.label.pool_uuid, .uuid = *uuid };
	if (!v || v->state != LITEIO_CATALOG_READY || v->vclass == LITEIO_CATALOG_LINEAR ||
	    v->is_unmade || liteio_catalog_count_live(&p->cat, uuid) ||
	    liteio_catalog_replacing(&p->cat, uuid))
		return -EBUSY;
	e = liteio_pool_engine_of(p, v->vclass);
	r = e->ops->volume_status(e, uuid, &now, NULL);
	if (r != -ENODEV)
		liteio_pool_empty_forget(p, v->thin_id);
	if (!r && (now.open_count || now.suspended || now.mapped_bytes))
		r = -EBUSY;
	if (r)
		return r;
	liteio_pool_empty_remember(p, v->thin_id);
	ret->engine = e;
	ret->thin_id = v->thin_id;
	return 0;
}

int liteio_pool_volume_unload(const struct liteio_pool_load *load, struct liteio_error *err)
{
	struct liteio_engine *e = load->engine;
	int r;

	/* it waits for the metadata, and may hang with their disk */
	liteio_heir_begin(&load->pool);
	r = e->ops->volume_deactivate(e, &load->uuid, err);
	liteio_heir_end();
	return r;
}
