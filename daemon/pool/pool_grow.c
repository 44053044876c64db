// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pool takes the space that its device has gained.
 *
 * The label first, then the kernel: what was interrupted in between is made true by whoever opens
 * the pool next, because activating it loads the tables that the label asks for. The devices below
 * the thin pool become longer before it does, and shorter never.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/block.h"
#include "pool/object.h"

const char *const liteio_pool_grow_steps[] = {
	"pool-grow:file", "pool-grow:label", "pool-grow:devices", "pool-grow:pool", NULL,
};

/**
 * struct grow_op - a pool that grows
 * @p: the pool
 * @file_bytes: make its file so large, or 0
 */
struct grow_op {
	struct liteio_pool *p;
	uint64_t file_bytes;
};

static int step_file(void *arg, struct liteio_error *err)
{
	struct grow_op *op = arg;

	if (!op->p->file[0])
		return 0;
	return liteio_block_loop_resize(op->p->store.path, op->file_bytes, err);
}

/* others look at the label while it changes */
static void set_label(struct liteio_pool *p, const struct liteio_label *l)
{
	liteio_guard(&p->lock);
	p->store.label = *l;
}

static int step_label(void *arg, struct liteio_error *err)
{
	struct liteio_pool *p = ((struct grow_op *)arg)->p;
	struct liteio_label old = p->store.label, new = old;
	uint64_t size;
	int r;

	r = liteio_block_size(p->store.path, &size, err);
	if (!r)
		r = liteio_label_grow(&new, size, err);
	if (r <= 0)
		return r;
	new.sequence++;
	set_label(p, &new);
	{
		liteio_guard(&p->lock);
		p->store.size = size;
	}
	r = liteio_store_write_label(&p->store, err);
	if (!r)
		return 0;
	/* one of the copies may have it: its number is not used for anything else */
	old.sequence = new.sequence;
	set_label(p, &old);
	return r;
}

static int step_devices(void *arg, struct liteio_error *err)
{
	struct liteio_pool *p = ((struct grow_op *)arg)->p;

	return p->engine->ops->resize(p->engine, &p->store.label, err);
}

static int step_pool(void *arg, struct liteio_error *err)
{
	struct liteio_pool *p = ((struct grow_op *)arg)->p;

	return p->engine->ops->activate(p->engine, false, err);
}

static const struct liteio_step steps[] = {
	{ "pool-grow:file", step_file },
	{ "pool-grow:label", step_label },
	{ "pool-grow:devices", step_devices },
	{ "pool-grow:pool", step_pool },
};

int liteio_pool_grow(struct liteio_pool *p, uint64_t size_bytes, struct liteio_error *err)
{
	struct grow_op op = { .p = p, .file_bytes = size_bytes };
	int r;

	r = liteio_pool_settle_all(p, err);
	if (!r && size_bytes && !p->file[0])
		r = liteio_error_set(err, -EINVAL,
				     "a size is only for pools in files: this one takes what its disk has");
	if (!r)
		r = liteio_steps_run(steps, LITEIO_ARRAY_SIZE(steps), &op, err);
	if (!r)
		r = liteio_pool_refresh(p, err);
	return r ? liteio_error_wrap(err, r, "pool %s", p->store.label.pool_name) : 0;
}
