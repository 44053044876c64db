// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Linear volumes: created, grown, given back.
 *
 * The order that keeps data of one volume out of another: ranges are written down as FRESH, which
 * nothing maps; they are zeroed and flushed; one write of the catalog makes them part of the
 * volume. An interruption before that write leaves ranges that whoever opens the pool next drops.
 *
 * Zeroing may take hours. Of a new volume the catalog is told now and then how much is zeroed and
 * flushed; one that was cut short after that is not dropped, and goes on from there when it is
 * asked for again, or is deleted like any other. What is zeroed for one that grows is not
 * remembered.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/block.h"
#include "pool/alloc.h"
#include "pool/linear.h"
#include "pool/object.h"

#define SIZE_MAX_BYTES (1ull << 59)
/* wiping: others wait for so much of it */
#define ZERO_SLICE_BYTES (64ull << 20)
#define DISCARD_SLICE_BYTES (1ull << 30)

/**
 * struct linear_op - a volume that gets ranges
 * @p: the pool
 * @v: its record, as it shall be; for a growing one only @uuid and @size_bytes count
 * @is_new: it is created
 */
struct linear_op {
	struct liteio_pool *p;
	struct liteio_catalog_volume v;
	bool is_new;
};

static uint64_t round_up(uint64_t v)
{
	return (v + LITEIO_LINEAR_UNIT - 1) / LITEIO_LINEAR_UNIT * LITEIO_LINEAR_UNIT;
}

/* ---- ranges --------------------------------------------------------------------------------- */

static size_t list_regions(const struct liteio_label *l, struct liteio_range *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_extents; i++) {
		const struct liteio_extent *e = &l->extents[i];

		if (e->kind == LITEIO_EXTENT_LINEAR)
			ret[n++] = (struct liteio_range){ e->device, e->start, e->length };
	}
	return n;
}

/* free ranges of the pool in new memory */
static struct liteio_range *list_free(const struct liteio_pool *p, size_t *ret_n)
{
	struct liteio_range regions[LITEIO_LABEL_EXTENTS_MAX];
	size_t n = list_regions(&p->store.label, regions), n_used = p->cat.n_extents;
	struct liteio_range *used _cleanup_free_ = liteio_calloc(n_used + 1, sizeof(*used));
	struct liteio_range *ret = liteio_calloc(n + n_used + 1, sizeof(*ret));

	for (size_t i = 0; i < n_used; i++) {
		const struct liteio_catalog_extent *e = &p->cat.extents[i];

		used[i] = (struct liteio_range){ e->device, e->start, e->length };
	}
	*ret_n = liteio_alloc_free(regions, n, used, n_used, ret);
	return ret;
}

/* put FRESH ranges of @bytes behind what the volume has in the draft */
static int take_ranges(const struct liteio_pool *p, struct liteio_catalog *draft,
		       const struct liteio_uuid *uuid, uint64_t bytes, struct liteio_error *err)
{
	struct liteio_range got[LITEIO_ALLOC_RANGES_MAX], after = { 0 };
	struct liteio_catalog_extent e = { .volume = *uuid, .state = LITEIO_CATALOG_EXTENT_FRESH };
	size_t first, n_free, n = liteio_catalog_extents_of(draft, uuid, &first);
	struct liteio_range *free_ranges _cleanup_free_ = list_free(p, &n_free);
	int r;

	if (n) {
		const struct liteio_catalog_extent *last = &draft->extents[first + n - 1];

		after = (struct liteio_range){ last->device, last->start, last->length };
		e.offset = last->offset + last->length;
	}
	r = liteio_alloc_take(free_ranges, n_free, bytes, n ? &after : NULL, got,
			      n < LITEIO_ALLOC_RANGES_MAX ? LITEIO_ALLOC_RANGES_MAX - n : 0);
	if (r < 0)
		return liteio_error_set(err, -ENOSPC, "pool %s: %s", p->store.label.pool_name,
					r == -E2BIG ? "free linear space is in too many pieces" :
						      "there is not so much linear space free");
	for (int i = 0; i < r; i++) {
		e.device = got[i].device;
		e.start = got[i].start;
		e.length = got[i].length;
		liteio_catalog_add_extent(draft, &e);
		e.offset += e.length;
	}
	return 0;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static int step_zeroed(void *arg, struct liteio_error *err)
{
	struct linear_op *op = arg;

	return liteio_pool_zero_fresh(op->p, &op->v.uuid, op->v.size_bytes, op->is_new, err);
}

/*
 * Others have the lane while it is zeroed, and may ask for the same volume; what they find FRESH is
 * under way then, and not the rest of something that failed.
 */
static bool is_busy(const struct liteio_pool *p, const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < p->n_zeroing; i++) {
		if (liteio_uuid_equal(&p->zeroing[i], uuid))
			return true;
	}
	return false;
}

int liteio_pool_linear_check_idle(const struct liteio_pool *p, const struct liteio_uuid *uuid,
				  struct liteio_error *err)
{
	if (is_busy(p, uuid))
		return liteio_error_set(err, -EBUSY, "space for the volume is being zeroed");
	return 0;
}

static int run(const struct liteio_steps *steps, struct linear_op *op, struct liteio_error *err)
{
	struct liteio_pool *p = op->p;
	int r;

	p->zeroing = liteio_realloc(p->zeroing, p->n_zeroing + 1, sizeof(*p->zeroing));
	p->zeroing[p->n_zeroing++] = op->v.uuid;
	r = liteio_steps_run(steps, op, err);
	for (size_t i = 0; i < p->n_zeroing; i++) {
		if (liteio_uuid_equal(&p->zeroing[i], &op->v.uuid)) {
			p->zeroing[i] = p->zeroing[--p->n_zeroing];
			break;
		}
	}
	return r;
}

/* ---- creating ------------------------------------------------------------------------------- */

static int step_catalog_creating(void *arg, struct liteio_error *err)
{
	struct linear_op *op = arg;
	struct liteio_catalog_volume *v;
	struct liteio_catalog draft;
	int r;

	/* one that failed halfway, and whose undoing failed, too, or that was cut short */
	liteio_pool_draft(op->p, &draft);
	v = liteio_catalog_edit(&draft, &op->v.uuid);
	if (v) {
		v->limits = op->v.limits;
		v->wipe = op->v.wipe;
		return liteio_pool_persist(op->p, &draft, err);
	}
	op->v.state = LITEIO_CATALOG_CREATING;
	op->v.created = (uint64_t)time(NULL);
	liteio_catalog_add(&draft, &op->v);
	r = take_ranges(op->p, &draft, &op->v.uuid, op->v.size_bytes, err);
	if (r) {
		liteio_catalog_fini(&draft);
		return r;
	}
	return liteio_pool_persist(op->p, &draft, err);
}

/* what was zeroed becomes part of the volume */
static int step_catalog_used(void *arg, struct liteio_error *err)
{
	struct linear_op *op = arg;
	struct liteio_catalog_volume *v;
	struct liteio_catalog draft;

	liteio_pool_draft(op->p, &draft);
	v = liteio_catalog_edit(&draft, &op->v.uuid);
	if (!v || v->state != (op->is_new ? LITEIO_CATALOG_CREATING : LITEIO_CATALOG_READY)) {
		liteio_catalog_fini(&draft);
		return liteio_error_set(err, -ENOENT, "the volume was deleted meanwhile");
	}
	v->state = LITEIO_CATALOG_READY;
	v->zeroed_bytes = 0;
	v->size_bytes = op->v.size_bytes;
	liteio_catalog_use_extents(&draft, &op->v.uuid);
	/*
	 * Of a thin volume the thin pool knows, too; of this one nobody but the catalog, and what
	 * is written to it from now on must not be lost with one slot.
	 */
	return liteio_pool_persist_both(op->p, &draft, err);
}

static const struct liteio_step create_table[] = {
	{ "linear-create:catalog-creating", step_catalog_creating },
	{ "linear-create:zeroed", step_zeroed },
	{ "linear-create:catalog-ready", step_catalog_used },
};
LITEIO_STEPS(create_steps, create_table);

static int check_new(const struct linear_op *op, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = &op->v;
	int r = liteio_pool_check_writable(op->p, err);

	if (!r)
		r = liteio_name_check("volume", v->name, err);
	if (!r && liteio_uuid_is_null(&v->uuid))
		r = liteio_error_set(err, -EINVAL, "a volume needs a uuid");
	if (!r && (!v->size_bytes || v->size_bytes > SIZE_MAX_BYTES))
		r = liteio_error_set(err, -EINVAL, "volume %s cannot have %llu bytes", v->name,
				     (unsigned long long)v->size_bytes);
	return r;
}

/* 1 it is there already, 0 it is not, or a negative errno */
static int check_there(const struct linear_op *op, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&op->p->cat, &op->v.uuid);
	const struct liteio_catalog_volume *named;

	if (v && v->state != LITEIO_CATALOG_DELETING && v->vclass == LITEIO_CATALOG_LINEAR &&
	    v->size_bytes == op->v.size_bytes && !strcmp(v->name, op->v.name))
		return v->state == LITEIO_CATALOG_READY;
	if (v)
		return liteio_error_set(err, -EEXIST, "volume %s: the uuid is that of %s, %s",
					op->v.name, v->name,
					v->state == LITEIO_CATALOG_DELETING ?
						"which is being deleted" :
						"which is another one");
	named = liteio_catalog_find_name(&op->p->cat, LITEIO_CATALOG_VOLUME, op->v.name);
	if (named)
		return liteio_error_set(err, -EEXIST, "volume %s exists", op->v.name);
	return 0;
}

static void undo_create(struct linear_op *op)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&op->p->cat, &op->v.uuid);
	struct liteio_catalog draft;

	if (!v || v->state != LITEIO_CATALOG_CREATING)
		return;
	/* what fails now is settled when it is asked for again, or by the next opening */
	liteio_pool_draft(op->p, &draft);
	liteio_catalog_remove(&draft, &op->v.uuid);
	liteio_pool_persist(op->p, &draft, NULL);
}

int liteio_pool_linear_create(struct liteio_pool *p, const struct liteio_pool_create *c,
			      struct liteio_error *err)
{
	struct linear_op op = {
		.p = p,
		.is_new = true,
		.v = {
			.uuid = c->uuid,
			.kind = LITEIO_CATALOG_VOLUME,
			.vclass = LITEIO_CATALOG_LINEAR,
			.floor = LITEIO_CATALOG_GEN_MIN,
			.limits = c->limits,
			.wipe = c->wipe,
		},
	};
	int r;

	snprintf(op.v.name, sizeof(op.v.name), "%s", c->name);
	snprintf(op.v.owner, sizeof(op.v.owner), "%s", c->owner ? c->owner : "");
	if (c->size_bytes <= SIZE_MAX_BYTES)
		op.v.size_bytes = round_up(c->size_bytes);
	if (!liteio_uuid_is_null(&c->source))
		return liteio_pool_admit(p, LITEIO_CATALOG_LINEAR, LITEIO_ACCOUNT_SHARE, 0, err);
	r = check_new(&op, err);
	if (!r)
		r = liteio_pool_check_discards(p, c->wipe, err);
	if (!r)
		r = liteio_pool_linear_check_idle(p, &op.v.uuid, err);
	if (!r)
		r = check_there(&op, err);
	if (r)
		return r > 0 ? liteio_pool_confirm(p, err) : r;
	if (!liteio_catalog_find(&p->cat, &c->uuid))
		r = liteio_pool_admit(p, LITEIO_CATALOG_LINEAR, LITEIO_ACCOUNT_CREATE,
				      op.v.size_bytes, err);
	if (r)
		return r;
	r = run(&create_steps, &op, err);
	if (r)
		undo_create(&op);
	return r;
}

/* ---- growing -------------------------------------------------------------------------------- */

static int step_catalog_fresh(void *arg, struct liteio_error *err)
{
	struct linear_op *op = arg;
	const struct liteio_catalog_volume *v;
	struct liteio_catalog draft;
	int r;

	/* of one that failed halfway, and whose undoing failed, too: not what is zeroed now */
	liteio_pool_draft(op->p, &draft);
	if (liteio_catalog_drop_fresh(&draft, &op->v.uuid)) {
		r = liteio_pool_persist(op->p, &draft, err);
		if (r)
			return r;
		liteio_pool_draft(op->p, &draft);
	}
	v = liteio_catalog_find(&draft, &op->v.uuid);
	r = take_ranges(op->p, &draft, &op->v.uuid, op->v.size_bytes - v->size_bytes, err);
	if (r) {
		liteio_catalog_fini(&draft);
		return r;
	}
	return liteio_pool_persist(op->p, &draft, err);
}

/* who has it open sees the new size from here on */
static int step_table(void *arg, struct liteio_error *err)
{
	struct linear_op *op = arg;

	if (!liteio_linear_is_active(&op->v.uuid))
		return 0;
	return liteio_pool_linear_activate(op->p, liteio_catalog_find(&op->p->cat, &op->v.uuid),
					   NULL, err);
}

static const struct liteio_step grow_table[] = {
	{ "linear-grow:catalog-fresh", step_catalog_fresh },
	{ "linear-grow:zeroed", step_zeroed },
	{ "linear-grow:catalog", step_catalog_used },
	{ "linear-grow:table", step_table },
};
LITEIO_STEPS(grow_steps, grow_table);

static void undo_grow(struct linear_op *op)
{
	struct liteio_catalog draft;

	liteio_pool_draft(op->p, &draft);
	if (liteio_catalog_drop_fresh(&draft, &op->v.uuid))
		liteio_pool_persist(op->p, &draft, NULL);
	else
		liteio_catalog_fini(&draft);
}

int liteio_pool_linear_grow(struct liteio_pool *p, const struct liteio_uuid *uuid,
			    uint64_t size_bytes, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);
	struct linear_op op = { .p = p, .v = *v };
	int r;

	op.v.size_bytes = round_up(size_bytes);
	if (op.v.size_bytes < v->size_bytes)
		return liteio_error_set(err, -EINVAL, "volume %s has %llu bytes and cannot shrink",
					v->name, (unsigned long long)v->size_bytes);
	r = liteio_pool_check_writable(p, err);
	if (!r)
		r = liteio_pool_linear_check_idle(p, uuid, err);
	if (r)
		return r;
	if (op.v.size_bytes == v->size_bytes) {
		r = liteio_pool_confirm(p, err);
		return r ? r : step_table(&op, err);
	}
	r = liteio_pool_admit(p, LITEIO_CATALOG_LINEAR, LITEIO_ACCOUNT_GROW,
			      op.v.size_bytes - v->size_bytes, err);
	if (r)
		return r;
	r = run(&grow_steps, &op, err);
	if (r)
		undo_grow(&op);
	return r;
}

/* ---- activation ----------------------------------------------------------------------------- */

int liteio_pool_linear_activate(struct liteio_pool *p, const struct liteio_catalog_volume *v,
				struct liteio_pool_thin *ret, struct liteio_error *err)
{
	size_t first, n = liteio_catalog_extents_of(&p->cat, &v->uuid, &first), used = 0;

	while (used < n && p->cat.extents[first + used].state == LITEIO_CATALOG_EXTENT_USED)
		used++;
	return liteio_linear_activate(&v->uuid, p->store.dev, &p->cat.extents[first], used, ret,
				      err);
}

/* ---- giving back ---------------------------------------------------------------------------- */

/* the last slice of the last extent, in the draft; what it was is discarded by the caller */
static struct liteio_range cut_slice(struct liteio_catalog *draft, size_t last, uint64_t bytes)
{
	struct liteio_catalog_extent *e = &draft->extents[last];
	struct liteio_range r = { e->device, e->start, e->length };

	if (r.length > bytes) {
		r.start += r.length - bytes;
		r.length = bytes;
	}
	e->length -= r.length;
	if (!e->length)
		liteio_catalog_drop_extents(draft, last, 1);
	return r;
}

/* nobody has the range any more, and it is still the volume's: what was asked for is done to it */
static int wipe_range(struct liteio_pool *p, enum liteio_catalog_wipe wipe,
		      const struct liteio_range *gone, struct liteio_error *err)
{
	int r = 0;

	if (wipe == LITEIO_CATALOG_WIPE_ZERO) {
		r = liteio_block_zero(p->store.fd, gone->start, gone->length, err);
		if (!r)
			r = liteio_block_flush(p->store.fd, err);
	}
	if (r)
		return r;
	/*
	 * A disk that can not discard loses nothing by it; one that fails at it will say so when
	 * the range is zeroed.
	 */
	r = liteio_block_discard(p->store.fd, gone->start, gone->length, err);
	return wipe == LITEIO_CATALOG_WIPE_DISCARD ? r : 0;
}

int liteio_pool_linear_reclaim(struct liteio_pool *p, const struct liteio_uuid *uuid,
			       struct liteio_error *err)
{
	enum liteio_catalog_wipe wipe = liteio_catalog_find(&p->cat, uuid)->wipe;
	struct liteio_catalog draft;
	struct liteio_range gone;
	size_t first, n;
	int r;

	r = liteio_linear_deactivate(uuid, err);
	if (r)
		return r;
	liteio_pool_draft(p, &draft);
	n = liteio_catalog_extents_of(&draft, uuid, &first);
	if (n) {
		gone = cut_slice(&draft, first + n - 1,
				 wipe == LITEIO_CATALOG_WIPE_ZERO ? ZERO_SLICE_BYTES :
								    DISCARD_SLICE_BYTES);
		r = wipe_range(p, wipe, &gone, err);
		if (r) {
			liteio_catalog_fini(&draft);
			return r;
		}
		liteio_step("linear-reclaim:discarded");
	}
	if (!liteio_catalog_extents_of(&draft, uuid, &first))
		liteio_catalog_remove(&draft, uuid);
	r = liteio_pool_persist(p, &draft, err);
	if (!r)
		liteio_step("linear-reclaim:catalog");
	return r;
}

/* ---- opening and closing -------------------------------------------------------------------- */

static bool in_region(const struct liteio_pool *p, const struct liteio_catalog_extent *e)
{
	struct liteio_range regions[LITEIO_LABEL_EXTENTS_MAX];
	size_t n = list_regions(&p->store.label, regions);

	for (size_t i = 0; i < n; i++) {
		if (e->device == regions[i].device && e->start >= regions[i].start &&
		    e->start - regions[i].start <= regions[i].length &&
		    e->length <= regions[i].length - (e->start - regions[i].start))
			return true;
	}
	return false;
}

int liteio_pool_linear_check(const struct liteio_pool *p, struct liteio_error *err)
{
	for (size_t i = 0; i < p->cat.n_extents; i++) {
		if (!in_region(p, &p->cat.extents[i]))
			return liteio_error_set(err, -EBADMSG,
					"the catalog is damaged: an extent is outside the linear space");
	}
	return 0;
}

int liteio_pool_linear_recover(struct liteio_pool *p, struct liteio_error *err)
{
	bool changed = false;
	struct liteio_catalog draft;
	int r = 0;

	for (size_t i = 0; i < p->cat.n_volumes && !r; i++) {
		if (p->cat.volumes[i]->vclass == LITEIO_CATALOG_LINEAR)
			r = liteio_linear_resume(&p->cat.volumes[i]->uuid, err);
	}
	/* an old catalog gives nothing away */
	if (r || liteio_pool_check_writable(p, NULL))
		return r;
	liteio_pool_draft(p, &draft);
	for (size_t i = 0; i < draft.n_volumes;) {
		struct liteio_uuid uuid = draft.volumes[i]->uuid;

		/* after a repair another worker is at it; or it is worth to go on with */
		if (is_busy(p, &uuid) || (draft.volumes[i]->state == LITEIO_CATALOG_CREATING &&
					  draft.volumes[i]->zeroed_bytes)) {
			i++;
			continue;
		}
		if (draft.volumes[i]->vclass == LITEIO_CATALOG_LINEAR &&
		    draft.volumes[i]->state == LITEIO_CATALOG_CREATING) {
			liteio_catalog_remove(&draft, &uuid);
			changed = true;
			continue;
		}
		if (liteio_catalog_drop_fresh(&draft, &uuid))
			changed = true;
		i++;
	}
	if (changed)
		return liteio_pool_persist(p, &draft, err);
	liteio_catalog_fini(&draft);
	return 0;
}

int liteio_pool_linear_close(struct liteio_pool *p, struct liteio_error *err)
{
	int r, first = 0;

	for (size_t i = 0; i < p->cat.n_volumes; i++) {
		if (p->cat.volumes[i]->vclass != LITEIO_CATALOG_LINEAR)
			continue;
		r = liteio_linear_deactivate(&p->cat.volumes[i]->uuid, first ? NULL : err);
		if (r && !first)
			first = r;
	}
	return first;
}
