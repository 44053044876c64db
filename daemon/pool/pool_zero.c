// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zeroing the ranges of linear volumes before they are part of one.
 */
#include "base/error.h"
#include "base/headway.h"
#include "host/block.h"
#include "pool/alloc.h"
#include "pool/object.h"

/* others, fences among them, wait for so much zeroing: well below a second on any disk */
#define ZERO_SLICE_BYTES (64ull << 20)
/* so much at least, and a 64th of the volume, is zeroed between two marks in the catalog */
#define ZERO_MARK_BYTES (64ull << 20)
#define ZERO_MARKS 64

/* the part of a FRESH extent that begins at @offset of the volume or later; false: there is none */
static bool find_fresh(const struct liteio_pool *p, const struct liteio_uuid *uuid, uint64_t offset,
		       struct liteio_range *ret, uint64_t *ret_offset)
{
	size_t first, n = liteio_catalog_extents_of(&p->cat, uuid, &first);

	for (size_t i = first; i < first + n; i++) {
		const struct liteio_catalog_extent *e = &p->cat.extents[i];
		uint64_t skip = offset > e->offset ? offset - e->offset : 0;

		if (e->state != LITEIO_CATALOG_EXTENT_FRESH || skip >= e->length)
			continue;
		*ret = (struct liteio_range){ e->device, e->start + skip, e->length - skip };
		*ret_offset = e->offset + skip;
		return true;
	}
	return false;
}

static uint64_t zeroed_already(const struct liteio_pool *p, const struct liteio_uuid *uuid)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);

	return v ? v->zeroed_bytes : 0;
}

/* what is on the disk by now is so after a restart, too */
static int mark_zeroed(struct liteio_pool *p, const struct liteio_uuid *uuid, uint64_t bytes,
		       struct liteio_error *err)
{
	struct liteio_catalog_volume *v;
	struct liteio_catalog draft;
	int r = liteio_block_flush(p->store.fd, err);

	if (r)
		return r;
	liteio_pool_draft(p, &draft);
	v = liteio_catalog_edit(&draft, uuid);
	/* deleted meanwhile: that is found at the end */
	if (!v || v->state != LITEIO_CATALOG_CREATING) {
		liteio_catalog_fini(&draft);
		return 0;
	}
	v->zeroed_bytes = bytes;
	r = liteio_pool_persist(p, &draft, err);
	if (!r)
		liteio_step("linear-create:marked");
	return r;
}

/* others have the lane between two slices: nothing is kept across but where we are */
int liteio_pool_zero_fresh(struct liteio_pool *p, const struct liteio_uuid *uuid,
			   uint64_t size_bytes, bool is_new, struct liteio_error *err)
{
	uint64_t offset = is_new ? zeroed_already(p, uuid) : 0, marked = offset;
	uint64_t step = size_bytes / ZERO_MARKS;
	struct liteio_range r;
	int ret = 0;

	if (step < ZERO_MARK_BYTES)
		step = ZERO_MARK_BYTES;
	liteio_headway_total(size_bytes);
	while (!ret && find_fresh(p, uuid, offset, &r, &offset)) {
		if (r.length > ZERO_SLICE_BYTES)
			r.length = ZERO_SLICE_BYTES;
		ret = liteio_block_zero(p->store.fd, r.start, r.length, err);
		offset += r.length;
		if (!ret && is_new && offset - marked >= step && offset < size_bytes) {
			ret = mark_zeroed(p, uuid, offset, err);
			marked = offset;
		}
		if (!ret) {
			liteio_headway_done(offset);
			liteio_pool_leave(p);
			liteio_pool_enter(p);
		}
	}
	/* all of it must be on the disk before the catalog says that it is */
	return ret ? ret : liteio_block_flush(p->store.fd, err);
}
