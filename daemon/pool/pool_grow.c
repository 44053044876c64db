// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pool takes the space that its devices have gained, or another device.
 *
 * The label first, then the kernel: what was interrupted in between is made true by whoever opens
 * the pool next, because activating it loads the tables that the label asks for. The devices below
 * the thin pool become longer before it does, and shorter never.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/block.h"
#include "pool/disk.h"
#include "pool/object.h"

const char *const liteio_pool_grow_steps[] = {
	"pool-grow:file",    "pool-grow:wiped", "pool-grow:label",
	"pool-grow:devices", "pool-grow:pool",	NULL,
};

/**
 * struct grow_op - a pool that grows
 * @p: the pool
 * @g: where it comes from
 * @label: as it shall be; changed by every step that finds something to gain
 * @is_larger: it is not what it was
 */
struct grow_op {
	struct liteio_pool *p;
	const struct liteio_pool_growth *g;
	struct liteio_label label;
	bool is_larger;
};

/* ---- another device ------------------------------------------------------------------------- */

/* what an interrupted addition to this very pool has left is no pool of somebody's */
static bool is_left_over(const struct liteio_pool *p, const struct liteio_pool_found *f)
{
	return liteio_uuid_equal(&f->label.pool_uuid, &p->store.label.pool_uuid) &&
	       liteio_label_check_other(&p->store.label, &f->label, NULL) == -ENODEV &&
	       f->label.this_device;
}

static int check_disk(const struct grow_op *op, struct liteio_error *err)
{
	struct liteio_pool_found found;
	struct liteio_disk disk;
	int r;

	r = liteio_disk_look(op->g->add, &disk, err);
	if (r)
		return r;
	if (!liteio_disk_is_local(&disk.info))
		return liteio_error_set(err, -EINVAL,
					"%s is no disk of this machine: a pool looks for its others among those",
					op->g->add);
	if (!liteio_pool_probe(disk.info.path, &found, NULL) && is_left_over(op->p, &found))
		disk.label_code = -ENODATA;
	return liteio_disk_judge(&disk, op->g->add, op->label.thin_block, op->g->force, NULL, err);
}

/* its label is written with those of the others: before it is the pool's, it is nobody's */
static int open_disk(struct grow_op *op, struct liteio_error *err)
{
	struct liteio_store *o = liteio_calloc(1, sizeof(*o));
	size_t i = op->label.n_devices;
	int r;

	o->fd = -1;
	r = liteio_store_open(op->g->add, true, o, err);
	if (!r)
		r = liteio_label_add(&op->label, o->size, err);
	if (!r)
		r = liteio_store_wipe(o, err);
	if (r) {
		liteio_store_close(o);
		free(o);
		return r;
	}
	op->p->store.others[i] = o;
	op->is_larger = true;
	return 0;
}

/* it has not become one of the pool's */
static void drop_disk(struct liteio_pool *p)
{
	for (size_t i = p->store.label.n_devices; i < LITEIO_LABEL_DEVICES_MAX; i++) {
		struct liteio_store *o = p->store.others[i];

		p->store.others[i] = NULL;
		if (o)
			liteio_store_close(o);
		free(o);
	}
}

static int step_wiped(void *arg, struct liteio_error *err)
{
	struct grow_op *op = arg;
	int r;

	if (!op->g->add || liteio_pool_is_on(op->p, op->g->add))
		return 0;
	if (op->p->file[0])
		return liteio_error_set(err, -EINVAL,
					"a pool in a file has no other devices: make the file larger");
	if (op->label.n_devices == LITEIO_LABEL_DEVICES_MAX)
		return liteio_label_add(&op->label, LITEIO_POOL_SIZE_MIN, err);
	r = check_disk(op, err);
	return r ? r : open_disk(op, err);
}

/* ---- what is there -------------------------------------------------------------------------- */

static int step_file(void *arg, struct liteio_error *err)
{
	struct grow_op *op = arg;

	if (!op->p->file[0])
		return 0;
	return liteio_block_loop_resize(op->p->store.path, op->g->size_bytes, err);
}

static int look_at_device(struct grow_op *op, uint32_t i, struct liteio_error *err)
{
	struct liteio_store *s = i ? op->p->store.others[i] : &op->p->store;
	uint64_t size;
	int r;

	r = liteio_block_size(s->path, &size, err);
	if (!r)
		r = liteio_label_grow(&op->label, i, size, err);
	if (r <= 0)
		return r;
	op->is_larger = true;
	liteio_guard(&op->p->lock);
	s->size = size;
	return 0;
}

static int step_label(void *arg, struct liteio_error *err)
{
	struct grow_op *op = arg;
	int r = 0;

	/* one that comes now has been taken as it is */
	for (uint32_t i = 0; i < op->p->store.label.n_devices && !r; i++)
		r = look_at_device(op, i, err);
	if (r || !op->is_larger)
		return r;
	return liteio_pool_relabel(op->p, &op->label, err);
}

static int step_devices(void *arg, struct liteio_error *err)
{
	struct liteio_pool *p = ((struct grow_op *)arg)->p;
	dev_t devs[LITEIO_LABEL_DEVICES_MAX];

	liteio_pool_devs(p, devs);
	return p->engine->ops->resize(p->engine, &p->store.label, devs, err);
}

static int step_pool(void *arg, struct liteio_error *err)
{
	struct liteio_pool *p = ((struct grow_op *)arg)->p;

	return p->engine->ops->activate(p->engine, false, err);
}

static const struct liteio_step steps[] = {
	{ "pool-grow:file", step_file },
	{ "pool-grow:wiped", step_wiped },
	{ "pool-grow:label", step_label },
	{ "pool-grow:devices", step_devices },
	{ "pool-grow:pool", step_pool },
};

int liteio_pool_grow(struct liteio_pool *p, const struct liteio_pool_growth *g,
		     struct liteio_error *err)
{
	struct grow_op op = { .p = p, .g = g, .label = p->store.label };
	int r;

	r = liteio_pool_settle_all(p, err);
	if (!r && g->size_bytes && !p->file[0])
		r = liteio_error_set(err, -EINVAL,
				     "a size is only for pools in files: this one takes what its disk has");
	if (!r)
		r = liteio_steps_run(steps, LITEIO_ARRAY_SIZE(steps), &op, err);
	drop_disk(p);
	if (!r)
		r = liteio_pool_refresh(p, err);
	return r ? liteio_error_wrap(err, r, "pool %s", p->store.label.pool_name) : 0;
}
