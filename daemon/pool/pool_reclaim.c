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

const char *const liteio_pool_reclaim_steps[] = {
	"reclaim:slice",       "reclaim:catalog-pending", "reclaim:messages",
	"reclaim:transaction", "reclaim:catalog-gone",	  NULL,
};

struct reclaim_op {
	struct liteio_pool *p;
	struct liteio_engine *engine;
	enum liteio_catalog_class vclass;
	struct liteio_uuid uuid;
	uint32_t thin_id;
};

/* ---- the end -------------------------------------------------------------------------------- */

static int step_catalog_pending(void *arg, struct liteio_error *err)
{
	struct reclaim_op *op = arg;
	struct liteio_catalog draft;

	liteio_pool_draft(op->p, &draft);
	liteio_catalog_find(&draft, &op->uuid)->txid = *liteio_catalog_txid(&draft, op->vclass) + 1;
	return liteio_pool_persist(op->p, &draft, err);
}

static int step_messages(void *arg, struct liteio_error *err)
{
	struct reclaim_op *op = arg;
	struct liteio_engine *e = op->engine;

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
	struct liteio_catalog draft;

	liteio_pool_draft(op->p, &draft);
	(*liteio_catalog_txid(&draft, op->vclass))++;
	liteio_catalog_remove(&draft, &op->uuid);
	return liteio_pool_persist(op->p, &draft, err);
}

static const struct liteio_step steps[] = {
	{ "reclaim:catalog-pending", step_catalog_pending },
	{ "reclaim:messages", step_messages },
	{ "reclaim:transaction", step_transaction },
	{ "reclaim:catalog-gone", step_catalog_gone },
};

/* ---- slices --------------------------------------------------------------------------------- */

/* discard the last slice that has blocks; @ret_left is false when nothing is left to do so */
static int discard_slice(struct reclaim_op *op, uint64_t size, bool *ret_left,
			 struct liteio_error *err)
{
	struct liteio_engine *e = op->engine;
	struct liteio_engine_volume before, after;
	struct liteio_pool_thin thin;
	uint64_t start;
	int fd _cleanup_close_ = -1, r;

	*ret_left = false;
	r = e->ops->volume_activate(e, &op->uuid, op->thin_id, size, &thin, err);
	/* the kernel has never heard of it, or not any more: there is nothing to give back */
	if (r == -ENODATA)
		return 0;
	if (!r)
		r = e->ops->volume_status(e, &op->uuid, &before, err);
	if (r || !before.mapped_bytes)
		return r;
	fd = open(thin.path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return liteio_error_set(err, errno, "cannot open %s: %s", thin.path,
					liteio_error_str(NULL, -errno));
	start = before.end_bytes > SLICE_BYTES ? before.end_bytes - SLICE_BYTES : 0;
	r = liteio_block_discard(fd, start, before.end_bytes - start, err);
	if (!r)
		r = e->ops->volume_status(e, &op->uuid, &after, err);
	if (r)
		return r == -EOPNOTSUPP ? 0 : r;
	liteio_step("reclaim:slice");
	*ret_left = after.mapped_bytes && after.end_bytes < before.end_bytes;
	return 0;
}

static const struct liteio_catalog_volume *find_deleting(const struct liteio_catalog *c)
{
	for (size_t i = 0; i < c->n_volumes; i++) {
		if (c->volumes[i].state == LITEIO_CATALOG_DELETING)
			return &c->volumes[i];
	}
	return NULL;
}

int liteio_pool_reclaim(struct liteio_pool *p, bool *ret_more, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v;
	struct reclaim_op op = { .p = p };
	bool left;
	int r;

	*ret_more = false;
	if (!find_deleting(&p->cat))
		return 0;
	r = liteio_pool_check_writable(p, err);
	if (!r)
		r = liteio_pool_settle(p, err);
	if (!r)
		r = liteio_pool_check_writable(p, err);
	v = find_deleting(&p->cat);
	if (r || !v)
		return r;
	op.uuid = v->uuid;
	op.thin_id = v->thin_id;
	op.vclass = v->vclass;
	op.engine = liteio_pool_engine_of(p, v->vclass);
	if (op.vclass == LITEIO_CATALOG_LINEAR) {
		r = liteio_pool_linear_reclaim(p, &op.uuid, err);
		*ret_more = !r && find_deleting(&p->cat);
		return r;
	}
	r = discard_slice(&op, v->size_bytes, &left, err);
	if (!r && !left) {
		r = op.engine->ops->volume_deactivate(op.engine, &op.uuid, err);
		if (!r)
			r = liteio_steps_run(steps, LITEIO_ARRAY_SIZE(steps), &op, err);
	}
	if (!r)
		*ret_more = find_deleting(&p->cat);
	return r;
}
