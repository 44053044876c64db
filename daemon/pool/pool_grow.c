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
#include "pool/heir.h"
#include "pool/object.h"

/**
 * enum reach - how far a growth goes
 * @REACH_NOTHING: the pool is not modified
 * @REACH_LABEL: metadata that are not sound get a spare to be repaired into; the kernel is not told
 * @REACH_FULL: all of it; what else is under way can not go on before
 * @REACH_POOL: all of it
 */
enum reach {
	REACH_NOTHING,
	REACH_LABEL,
	REACH_FULL,
	REACH_POOL,
};

/**
 * struct grow_op - a pool that grows
 * @p: the pool
 * @g: where it comes from
 * @label: as it shall be; changed by every step that finds something to gain
 * @reach: how far it goes
 * @is_larger: it is not what it was
 */
struct grow_op {
	struct liteio_pool *p;
	const struct liteio_pool_growth *g;
	struct liteio_label label;
	enum reach reach;
	bool is_larger;
};

/* the kernel has something against the metadata, or got none: a repair is what they need */
static bool is_unsound(const struct liteio_pool *p)
{
	static const char *const words[] = { "NeedsCheck", "MetadataDamaged", "MetadataNotChecked",
					     "ReadOnly", "Failed" };

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(words); i++) {
		if (!strcmp(p->reason_word, words[i]))
			return true;
	}
	return false;
}

/* lane, or under the lock */
static enum reach reach_of(const struct liteio_pool *p)
{
	if (p->condition < LITEIO_POOL_READ_ONLY)
		return REACH_POOL;
	if (p->is_mismatched)
		return REACH_NOTHING;
	if (!strcmp(p->reason_word, LITEIO_POOL_META_FULL))
		return REACH_FULL;
	if (is_unsound(p) && !liteio_label_has_spare(&p->store.label))
		return REACH_LABEL;
	return REACH_NOTHING;
}

/* ---- another device ------------------------------------------------------------------------- */

/* what can not be undone: blocks of the volumes, and whether their discards reach the disks */
static int check_queue(struct grow_op *op, const struct liteio_block_info *new,
		       struct liteio_error *err)
{
	struct liteio_block_info old;
	char device[sizeof(old.path)];
	int r;

	for (uint32_t i = 0; i < op->p->store.label.n_devices; i++) {
		liteio_pool_device(op->p, i, device);
		r = liteio_block_info(device, &old, err);
		if (r)
			return r;
		if (new->logical_bytes > old.logical_bytes)
			return liteio_error_set(err, -EINVAL,
						"%s has blocks of %u bytes, %s of %u: volumes that are in use could not be written any more; make a pool of its own on it",
						new->path, new->logical_bytes, device,
						old.logical_bytes);
		if (old.discard && !new->discard)
			return liteio_error_set(err, -EINVAL,
						"%s takes no discards, %s does: nothing could be given back any more; make a pool of its own on it",
						new->path, device);
	}
	return 0;
}

static int check_disk(struct grow_op *op, struct liteio_error *err)
{
	struct liteio_pool_found found;
	struct liteio_disk disk;
	int r;

	r = liteio_disk_look(op->g->add, &disk, err);
	if (r)
		return r;
	if (!liteio_disk_is_local(&disk.info))
		return liteio_error_set(err, -EINVAL,
					"%s is no disk of this machine: a pool looks for its others among those, add a disk or a partition",
					op->g->add);
	if (!liteio_pool_probe(disk.info.path, &found, NULL) &&
	    liteio_label_is_left_over(&op->p->store.label, &found.label))
		disk.label_code = -ENODATA;
	r = liteio_disk_judge(&disk, op->g->add, op->label.thin_block, op->g->force, NULL, err);
	if (!r && op->g->losses)
		liteio_disk_lose(&disk, op->g->add, op->g->losses);
	return r ? r : check_queue(op, &disk.info, err);
}

/* metadata that are full: room for data is no help, and takes what they have left */
static int check_meta(const struct liteio_pool *p, const struct liteio_label *l, bool is_full,
		      struct liteio_error *err)
{
	uint64_t have = liteio_label_sum(&p->store.label, LITEIO_EXTENT_THIN_META);

	if (!is_full || liteio_pool_meta_is_behind(p) ||
	    liteio_label_sum(l, LITEIO_EXTENT_THIN_META) > have)
		return 0;
	if (have >= LITEIO_THIN_META_MAX)
		return liteio_error_set(err, -ENOSPC,
					"its metadata are full, and as large as dm-thin can use");
	return liteio_error_set(err, -ENOSPC,
				"its metadata are full, and what there is to gain is too little for more: it takes a larger disk, or another one");
}

int liteio_pool_grow_onto(struct liteio_pool *p, struct liteio_store *disk, bool is_full,
			  struct liteio_label *l, struct liteio_error *err)
{
	static const struct liteio_uuid nobody;
	struct liteio_label new = *l;
	int r = liteio_label_add(&new, disk->size, p->status.meta_used, err);

	/* what would not help is refused as long as there is something on it */
	if (!r)
		r = check_meta(p, &new, is_full, err);
	if (r)
		return r;
	/*
	 * Its label may be that of a part of another pool, and this thread has the name of ours:
	 * should it hang here, the lock of neither counts as left behind.
	 */
	liteio_heir_begin(&nobody);
	r = liteio_store_wipe(disk, err);
	liteio_heir_end();
	if (!r)
		*l = new;
	return r;
}

/* its label is written with those of the others: before it is the pool's, it is nobody's */
static int open_disk(struct grow_op *op, struct liteio_error *err)
{
	struct liteio_store *o = liteio_store_new();
	size_t i = op->label.n_devices;
	int r;

	r = liteio_store_open(op->g->add, true, o, err);
	if (!r)
		r = liteio_pool_grow_onto(op->p, o, op->reach == REACH_FULL, &op->label, err);
	if (r) {
		liteio_store_free(o);
		return r;
	}
	op->p->store.others[i] = o;
	op->is_larger = true;
	return 0;
}

/* it has not become one of the pool's; while that is not known nobody else may have it */
static void drop_disk(struct liteio_pool *p)
{
	if (p->label_in_doubt)
		return;
	for (size_t i = p->store.label.n_devices; i < LITEIO_LABEL_DEVICES_MAX; i++) {
		liteio_store_free(p->store.others[i]);
		p->store.others[i] = NULL;
	}
}

static int refuse_others(struct liteio_error *err)
{
	return liteio_error_set(err, -EINVAL,
				"a pool in a file has no other devices: make the file larger");
}

static int step_wiped(void *arg, struct liteio_error *err)
{
	struct grow_op *op = arg;
	int r;

	if (!op->g->add || liteio_pool_is_on(op->p, op->g->add))
		return 0;
	if (op->p->file[0])
		return refuse_others(err);
	if (op->label.n_devices == LITEIO_LABEL_DEVICES_MAX)
		return liteio_label_add(&op->label, LITEIO_POOL_SIZE_MIN, 0, err);
	r = check_disk(op, err);
	return r ? r : open_disk(op, err);
}

/* ---- what is there -------------------------------------------------------------------------- */

static int look_at_device(struct grow_op *op, uint32_t i, struct liteio_error *err)
{
	struct liteio_store *s = i ? op->p->store.others[i] : &op->p->store;
	uint64_t size;
	int r;

	r = liteio_block_size(s->path, &size, err);
	if (!r)
		r = liteio_label_grow(&op->label, i, size, op->p->status.meta_used, err);
	if (r <= 0)
		return r;
	op->is_larger = true;
	liteio_guard(&op->p->lock);
	s->size = size;
	return 0;
}

/* what is there already is looked at first: what is refused here has changed no other disk */
static int step_file(void *arg, struct liteio_error *err)
{
	struct grow_op *op = arg;
	int r = 0;

	if (op->p->file[0])
		r = liteio_block_loop_resize(op->p->store.path, op->g->size_bytes, err);
	for (uint32_t i = 0; i < op->p->store.label.n_devices && !r; i++)
		r = look_at_device(op, i, err);
	return r;
}

/*
 * The copy of the label where a device ended before: from now on that is a block like every other,
 * of which some volume may make no use, and the kernel has not got it yet. A label it would be
 * again where the device becomes as short as it was, or a part of it is made so, with the pool long
 * gone. Who can not have it overwritten goes on: the labels that count are written.
 */
static void wipe_old_ends(struct liteio_pool *p, const struct liteio_label *before)
{
	for (uint32_t i = 0; i < before->n_devices; i++) {
		struct liteio_store *s = i ? p->store.others[i] : &p->store;

		(void)liteio_store_wipe_end(s, before->devices[i].size, NULL);
	}
}

int liteio_pool_grow_label(struct liteio_pool *p, const struct liteio_label *l, bool is_full,
			   struct liteio_error *err)
{
	const struct liteio_label before = p->store.label;
	int r = check_meta(p, l, is_full, err);

	if (!r)
		r = liteio_pool_relabel_urgent(p, l, is_full, err);
	if (!r)
		wipe_old_ends(p, &before);
	return r;
}

/* also the rest of one that some disk did not get */
static int step_label(void *arg, struct liteio_error *err)
{
	struct grow_op *op = arg;
	bool is_full = op->reach == REACH_FULL;

	if (!op->is_larger && !liteio_pool_labels_differ(op->p))
		return check_meta(op->p, &op->label, is_full, err);
	return liteio_pool_grow_label(op->p, &op->label, is_full, err);
}

static int step_devices(void *arg, struct liteio_error *err)
{
	return liteio_pool_follow_label(((struct grow_op *)arg)->p, err);
}

static int step_pool(void *arg, struct liteio_error *err)
{
	struct grow_op *op = arg;
	struct liteio_engine *e = op->p->engine;

	return op->reach > REACH_LABEL ? e->ops->activate(e, false, err) : 0;
}

static const struct liteio_step table[] = {
	{ "pool-grow:file", step_file },
	{ "pool-grow:wiped", step_wiped },
	{ "pool-grow:label", step_label },
	{ "pool-grow:devices", step_devices },
	{ "pool-grow:pool", step_pool },
};
LITEIO_STEPS(steps, table);

/* what is refused has no longer file; the lock is held. 1: it may be made longer */
static int check_file(const struct liteio_pool *p, uint64_t size_bytes, struct liteio_error *err)
{
	struct liteio_label new = p->store.label;
	enum reach reach = reach_of(p);
	int r = 0;

	if (reach == REACH_NOTHING)
		return 0;
	if (size_bytes > new.devices[0].size)
		r = liteio_label_grow(&new, 0, size_bytes, p->status.meta_used, err);
	if (r >= 0)
		r = check_meta(p, &new, reach == REACH_FULL, err);
	return r ? r : 1;
}

int liteio_pool_grow_file(struct liteio_pool *p, const struct liteio_pool_growth *g,
			  struct liteio_error *err)
{
	int r = 0;

	if (!g->size_bytes || !p->file[0])
		return 0;
	if (g->add && !liteio_pool_is_on(p, g->add)) {
		r = refuse_others(err);
	} else {
		liteio_guard(&p->lock);
		r = check_file(p, g->size_bytes, err);
	}
	if (r > 0)
		r = liteio_block_file_extend(p->file, g->size_bytes, err);
	return r ? liteio_error_wrap(err, r, "pool %s", p->store.label.pool_name) : 0;
}

static int may_grow(struct grow_op *op, struct liteio_error *err)
{
	struct liteio_pool *p = op->p;
	int r = 0;

	/* the kernel may have made it read-only since anybody asked */
	if (reach_of(p) > REACH_LABEL)
		r = liteio_pool_refresh(p, err);
	op->reach = reach_of(p);
	if (r || op->reach == REACH_LABEL || op->reach == REACH_FULL)
		return r;
	return liteio_pool_settle_all(p, err);
}

int liteio_pool_grow(struct liteio_pool *p, const struct liteio_pool_growth *g,
		     struct liteio_error *err)
{
	struct grow_op op = { .p = p, .g = g };
	int r = may_grow(&op, err);

	if (!r)
		r = liteio_pool_end_doubt(p, err);
	if (!r && g->size_bytes && !p->file[0])
		r = liteio_error_set(err, -EINVAL,
				     "a size is only for pools in files: this one takes what its disk has");
	op.label = p->store.label;
	if (!r)
		r = liteio_steps_run(&steps, &op, err);
	drop_disk(p);
	/* what is wrong with its metadata still is, and may be that the kernel has not got it */
	if (!r && op.reach > REACH_LABEL)
		r = liteio_pool_refresh(p, err);
	return r ? liteio_error_wrap(err, r, "pool %s", p->store.label.pool_name) : 0;
}
