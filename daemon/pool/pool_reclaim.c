// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Giving back the space of deleted volumes.
 *
 * Deleting a device walks all its mappings with the pool's metadata lock held, and every volume of
 * the pool waits. So its blocks are discarded first, a slice at a time, from the end: the kernel
 * says where the last mapped block is, which makes holes cost nothing and needs no memory of where
 * we were. What is left for the delete is an empty tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/block.h"
#include "pool/object.h"

#define SLICE_BYTES (256ull << 20)
/* so small that a hole in it costs little: writing zeros there takes a block, for a moment */
#define WIPE_BYTES (8ull << 20)

/**
 * struct reclaim_op - what is on its way out
 * @p: the pool
 * @engine: that has the device
 * @vclass: of the record; says which engine that is
 * @uuid: of the record
 * @thin_id: of the device
 * @size: bytes of the device
 * @wipe: what is done to a block before it is free
 */
struct reclaim_op {
	struct liteio_pool *p;
	struct liteio_engine *engine;
	enum liteio_catalog_class vclass;
	struct liteio_uuid uuid;
	uint32_t thin_id;
	uint64_t size;
	enum liteio_catalog_wipe wipe;
};

/* ---- the end -------------------------------------------------------------------------------- */

static int step_catalog_pending(void *arg, struct liteio_error *err)
{
	struct reclaim_op *op = arg;
	struct liteio_catalog draft;

	/* written when it was marked */
	if (liteio_catalog_find(&op->p->cat, &op->uuid)->txid)
		return 0;
	liteio_pool_draft(op->p, &draft);
	liteio_catalog_edit(&draft, &op->uuid)->txid = *liteio_catalog_txid(&draft, op->vclass) + 1;
	return liteio_pool_persist(op->p, &draft, err);
}

static int step_messages(void *arg, struct liteio_error *err)
{
	struct reclaim_op *op = arg;
	struct liteio_engine *e = op->engine;

	liteio_pool_empty_forget(op->p, op->thin_id);
	return e->ops->remove(e, op->thin_id, err);
}

static int step_transaction(void *arg, struct liteio_error *err)
{
	struct reclaim_op *op = arg;
	struct liteio_engine *e = op->engine;

	uint64_t t = *liteio_catalog_txid(&op->p->cat, op->vclass);

	return e->ops->commit(e, t, t + 1, err);
}

static int step_catalog_gone(void *arg, struct liteio_error *err)
{
	struct reclaim_op *op = arg;

	return liteio_pool_finish(op->p, err);
}

static const struct liteio_step table[] = {
	{ "reclaim:catalog-pending", step_catalog_pending },
	{ "reclaim:messages", step_messages },
	{ "reclaim:transaction", step_transaction },
	{ "reclaim:catalog-gone", step_catalog_gone },
};
LITEIO_STEPS(steps, table);

/* ---- slices --------------------------------------------------------------------------------- */

/*
 * Zeros over the end of the volume, on the disk when this returns; @start is where they begin.
 *
 * No snapshot was ever taken of it (liteio_pool_check_source()), so every block is overwritten
 * where it is. A hole gets a block for a moment: where these are scarce it is done block by block,
 * and the last one is no hole.
 */
static int wipe_slice(struct reclaim_op *op, int fd, uint64_t end, uint64_t *start,
		      struct liteio_error *err)
{
	uint64_t block = op->p->store.label.thin_block, bytes;
	struct liteio_engine *e = op->engine;
	struct liteio_engine_status s;
	int r;

	r = e->ops->status(e, &s, err);
	if (r)
		return r;
	bytes = s.data_total - s.data_used > 8 * WIPE_BYTES ? WIPE_BYTES : block;
	*start = end > bytes ? (end - bytes) / block * block : 0;
	r = liteio_block_zero(fd, *start, end - *start, err);
	if (!r)
		r = liteio_block_flush(fd, err);
	if (!r)
		liteio_step("reclaim:wiped");
	return r;
}

/*
 * Nobody uses it any more, so it may give back what it has. What keeps it from that goes with the
 * device only.
 */
static int take_discards(struct reclaim_op *op, const struct liteio_engine_device *device,
			 struct liteio_pool_thin *thin, struct liteio_error *err)
{
	struct liteio_engine *e = op->engine;
	struct liteio_block_info info;
	int r = liteio_block_info(thin->path, &info, err);

	if (r || info.discard)
		return r;
	r = e->ops->volume_deactivate(e, &op->uuid, err);
	return r ? r : e->ops->volume_activate(e, &op->uuid, device, thin, err);
}

static int give_back(struct reclaim_op *op, const char *path, uint64_t end,
		     struct liteio_error *err)
{
	uint64_t start = end > SLICE_BYTES ? end - SLICE_BYTES : 0;
	int fd _cleanup_close_ = open(path, O_RDWR | O_CLOEXEC), r;

	if (fd < 0)
		return liteio_error_set(err, errno, "cannot open %s: %s", path,
					liteio_error_str(NULL, -errno));
	r = liteio_pool_check_discards(op->p, op->wipe, err);
	if (!r && op->wipe == LITEIO_CATALOG_WIPE_ZERO)
		r = wipe_slice(op, fd, end, &start, err);
	return r ? r : liteio_block_discard(fd, start, end - start, err);
}

/*
 * It has no blocks: to bring it into the kernel and take it out again would cost two of the
 * kernel's grace periods. Where that is not known, what was committed last is what it has, but for
 * the last second of one that somebody wrote to then: its blocks are free, too, only nobody tells
 * the disk so.
 */
bool liteio_pool_is_empty(struct liteio_pool *p, const struct liteio_catalog_volume *v)
{
	uint64_t blocks;

	if (v->vclass == LITEIO_CATALOG_LINEAR || v->wipe != LITEIO_CATALOG_WIPE_NONE)
		return false;
	if (liteio_pool_empty_is(p, v->thin_id))
		return true;
	return !liteio_pool_blocks(p, v, &blocks, NULL) && !blocks;
}

/* ... and is not in the kernel */
static bool is_empty(struct reclaim_op *op)
{
	struct liteio_engine *e = op->engine;
	struct liteio_engine_volume v;

	return e->ops->volume_status(e, &op->uuid, &v, NULL) == -ENODEV &&
	       liteio_pool_is_empty(op->p, liteio_catalog_find(&op->p->cat, &op->uuid));
}

/* discard the last slice that has blocks; @ret_left is false when nothing is left to do so */
static int discard_slice(struct reclaim_op *op, bool *ret_left, struct liteio_error *err)
{
	const struct liteio_engine_device device = { .id = op->thin_id, .size_bytes = op->size };
	struct liteio_engine *e = op->engine;
	struct liteio_engine_volume before, after;
	struct liteio_pool_thin thin;
	int r;

	*ret_left = false;
	if (is_empty(op))
		return 0;
	liteio_pool_empty_forget(op->p, op->thin_id);
	r = e->ops->volume_activate(e, &op->uuid, &device, &thin, err);
	/* the kernel has never heard of it, or not any more: there is nothing to give back */
	if (r == -ENODATA)
		return 0;
	if (!r)
		r = e->ops->volume_status(e, &op->uuid, &before, err);
	if (r || !before.mapped_bytes)
		return r;
	if (op->wipe == LITEIO_CATALOG_WIPE_ZERO)
		r = take_discards(op, &device, &thin, err);
	if (!r)
		r = give_back(op, thin.path, before.end_bytes, err);
	if (!r)
		r = e->ops->volume_status(e, &op->uuid, &after, err);
	/* a pool that takes no discards: what is to be wiped with zeros stays until it does */
	if (r)
		return r == -EOPNOTSUPP && op->wipe == LITEIO_CATALOG_WIPE_NONE ? 0 : r;
	liteio_step("reclaim:slice");
	*ret_left = after.mapped_bytes && after.end_bytes < before.end_bytes;
	if (after.mapped_bytes && !*ret_left && op->wipe != LITEIO_CATALOG_WIPE_NONE)
		return liteio_error_set(err, -EIO, "blocks that are to be wiped can not be given back");
	return 0;
}

static const struct liteio_catalog_volume *find_deleting(const struct liteio_catalog *c,
							 size_t nth)
{
	for (size_t i = 0; i < c->n_volumes; i++) {
		if (c->volumes[i]->state == LITEIO_CATALOG_DELETING && !nth--)
			return c->volumes[i];
	}
	return NULL;
}

static void aim(struct reclaim_op *op, const struct liteio_catalog_volume *v)
{
	op->uuid = v->uuid;
	op->thin_id = v->thin_id;
	op->size = v->size_bytes;
	op->wipe = v->wipe;
	op->vclass = v->vclass;
	op->engine = liteio_pool_engine_of(op->p, v->vclass);
}

int liteio_pool_end_delete(struct liteio_pool *p, const struct liteio_uuid *uuid,
			   struct liteio_error *err)
{
	struct reclaim_op op = { .p = p };

	aim(&op, liteio_catalog_find(&p->cat, uuid));
	return liteio_steps_run(&steps, &op, err);
}

/* a slice of the first one that has one to give; one that can not now does not keep the others */
static int find_slice(struct reclaim_op *op, bool *ret_left, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v;
	int r, first = 0;

	for (size_t nth = 0; (v = find_deleting(&op->p->cat, nth)); nth++) {
		aim(op, v);
		if (v->vclass == LITEIO_CATALOG_LINEAR) {
			/* its record goes with the last of its ranges */
			*ret_left = true;
			r = liteio_pool_linear_reclaim(op->p, &op->uuid, first ? NULL : err);
		} else {
			r = discard_slice(op, ret_left, first ? NULL : err);
		}
		if (!r)
			return 0;
		if (!first)
			first = r;
	}
	return first;
}

int liteio_pool_reclaim(struct liteio_pool *p, bool *ret_more, struct liteio_error *err)
{
	struct reclaim_op op = { .p = p };
	bool left = true;
	int r;

	*ret_more = false;
	if (!find_deleting(&p->cat, 0))
		return 0;
	r = liteio_pool_check_writable(p, err);
	if (!r)
		r = liteio_pool_settle(p, err);
	if (!r)
		r = liteio_pool_check_writable(p, err);
	if (r || !find_deleting(&p->cat, 0))
		return r;
	r = find_slice(&op, &left, err);
	if (!r && !left) {
		r = op.engine->ops->volume_deactivate(op.engine, &op.uuid, err);
		if (!r)
			r = liteio_steps_run(&steps, &op, err);
	}
	if (!r)
		*ret_more = find_deleting(&p->cat, 0);
	return r;
}

int liteio_pool_reclaim_left(struct liteio_pool *p, const struct liteio_uuid *uuid,
			     uint64_t *ret_bytes, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);
	struct liteio_engine_volume now = { 0 };
	struct liteio_engine *e;
	uint64_t blocks = 0;
	int r;

	*ret_bytes = 0;
	if (!v || v->state != LITEIO_CATALOG_DELETING)
		return 0;
	if (v->vclass == LITEIO_CATALOG_LINEAR) {
		*ret_bytes = liteio_catalog_extents_bytes(&p->cat, uuid);
		return 0;
	}
	e = liteio_pool_engine_of(p, v->vclass);
	r = e->ops->volume_status(e, uuid, &now, NULL);
	/* as committed last; nothing when the kernel has removed it, and its record is left */
	if (r == -ENODEV) {
		r = liteio_pool_blocks(p, v, &blocks, err);
		now.mapped_bytes = blocks * p->store.label.thin_block;
	}
	*ret_bytes = now.mapped_bytes;
	return r;
}
