// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Volumes and snapshots: created from others (empty ones: pool_create.c), grown, activated.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/create.h"
#include "pool/creation.h"
#include "pool/heir.h"
#include "pool/linear.h"
#include "pool/object.h"

/**
 * struct create_op - a volume or snapshot on its way
 * @p: the pool
 * @v: its record
 * @source: thin id that it shares blocks with
 * @source_uuid: of that
 * @q: what is above the source
 * @undo_message: the kernel may know the new id
 */
struct create_op {
	struct liteio_pool *p;
	struct liteio_catalog_volume v;
	uint32_t source;
	struct liteio_uuid source_uuid;
	const struct liteio_quiesce *q;
	bool undo_message;
};

int liteio_pool_no_volume(struct liteio_pool *p, const struct liteio_uuid *uuid,
			  struct liteio_error *err)
{
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(uuid, text);
	return liteio_error_set(err, -ENOENT, "pool %s has no volume %s", p->store.label.pool_name,
				text);
}

/* ---- steps of creating ---------------------------------------------------------------------- */

static int step_catalog_creating(void *arg, struct liteio_error *err)
{
	struct create_op *op = arg;
	struct liteio_catalog draft;

	liteio_pool_draft(op->p, &draft);
	if (draft.next_thin_id > LITEIO_THIN_ID_MAX) {
		liteio_catalog_fini(&draft);
		return liteio_error_set(err, -ENOSPC, "pool %s has given out all thin ids",
					op->p->store.label.pool_name);
	}
	op->v.thin_id = draft.next_thin_id++;
	op->v.txid = *liteio_catalog_txid(&draft, op->v.vclass) + 1;
	op->v.state = LITEIO_CATALOG_CREATING;
	op->v.created = (uint64_t)time(NULL);
	liteio_catalog_add(&draft, &op->v);
	return liteio_pool_persist(op->p, &draft, err);
}

/* the kernel's part of a snapshot, the origin held still, and first whoever has come to it */
static int take_held(struct create_op *op, struct liteio_engine *e, struct liteio_error *err)
{
	const struct liteio_quiesce *q = op->q;
	int r, resumed;

	r = q && q->freeze_rest ? q->freeze_rest(q->arg, err) : 0;
	if (!r)
		r = e->ops->volume_suspend(e, &op->source_uuid, err);
	if (r)
		return r;
	liteio_step("snapshot:suspended");
	r = e->ops->snapshot(e, op->v.thin_id, op->source, err);
	liteio_step("snapshot:taken");
	resumed = e->ops->volume_resume(e, &op->source_uuid, r ? NULL : err);
	return r ? r : resumed;
}

/*
 * What is not written to meanwhile needs not be held still, for which the kernel would wait. A
 * write that was begun before the snapshot and goes on below it would change what the snapshot has
 * (dm-thin.c thin_bio_map()): was there one, it is taken again.
 */
static int take_idle(struct create_op *op, struct liteio_engine *e, struct liteio_error *err)
{
	int r = e->ops->snapshot(e, op->v.thin_id, op->source, err);

	liteio_step("snapshot:taken");
	if (r || op->q->was_idle(op->q->arg))
		return r;
	r = e->ops->remove(e, op->v.thin_id, err);
	return r ? r : take_held(op, e, err);
}

/* ... by the way that is needed */
static int take(struct create_op *op, struct liteio_error *err)
{
	struct liteio_engine *e = liteio_pool_engine_of(op->p, op->v.vclass);
	struct liteio_engine_volume origin = { 0 };
	const struct liteio_quiesce *q = op->q;
	int r;

	r = e->ops->volume_status(e, &op->source_uuid, &origin, NULL);
	if (r && r != -ENODEV)
		return liteio_error_set(err, r, "cannot look at the origin: %s",
					liteio_error_str(NULL, r));
	if (r || origin.open_count <= 0) {
		bool is_empty = r ? liteio_pool_empty_is(op->p, op->source) : !origin.mapped_bytes;

		r = e->ops->snapshot(e, op->v.thin_id, op->source, err);
		if (!r && is_empty)
			liteio_pool_empty_remember(op->p, op->v.thin_id);
		liteio_step("snapshot:taken");
		return r;
	}
	if (q && q->is_idle && q->is_idle(q->arg, (unsigned int)origin.open_count))
		return take_idle(op, e, err);
	return take_held(op, e, err);
}

static int take_snapshot(struct create_op *op, struct liteio_error *err)
{
	const struct liteio_quiesce *q = op->q;
	int r;

	if (q) {
		r = q->freeze(q->arg, err);
		if (r)
			return r;
		liteio_step("snapshot:frozen");
	}
	r = take(op, err);
	if (q)
		q->thaw(q->arg);
	liteio_step("snapshot:resumed");
	return r;
}

static int step_messages(void *arg, struct liteio_error *err)
{
	struct create_op *op = arg;
	int r = take_snapshot(op, err);

	/* what has it is not ours to remove */
	op->undo_message = r != -EEXIST;
	return r == -EEXIST ? liteio_pool_foreign_id(op->p, op->v.thin_id, err) : r;
}

static int step_transaction(void *arg, struct liteio_error *err)
{
	struct create_op *op = arg;
	struct liteio_engine *e = liteio_pool_engine_of(op->p, op->v.vclass);

	return e->ops->commit(e, op->v.txid - 1, op->v.txid, err);
}

static int step_catalog_ready(void *arg, struct liteio_error *err)
{
	struct create_op *op = arg;

	return liteio_pool_finish(op->p, err);
}

static const struct liteio_step table[] = {
	{ "volume-create:catalog-creating", step_catalog_creating },
	{ "volume-create:messages", step_messages },
	{ "volume-create:transaction", step_transaction },
	{ "volume-create:catalog-ready", step_catalog_ready },
};
LITEIO_STEPS(steps, table);

void liteio_pool_abandon(struct liteio_pool *p, bool is_told)
{
	struct liteio_catalog draft;

	if (!liteio_catalog_pending(&p->cat))
		return;
	if (is_told) {
		liteio_pool_settle(p, NULL);
		return;
	}
	liteio_pool_draft(p, &draft);
	liteio_catalog_undo(&draft);
	liteio_pool_persist(p, &draft, NULL);
}

static int run_create(struct create_op *op, struct liteio_error *err)
{
	int r = liteio_steps_run(&steps, op, err);

	if (r)
		liteio_pool_abandon(op->p, op->undo_message);
	return r;
}

/* ---- creating ------------------------------------------------------------------------------- */

/* liteio_pool_settle() where nothing is pending, by what the kernel has just said of the pool */
static int compare_txid(struct liteio_pool *p, struct liteio_error *err)
{
	const struct liteio_pool_txids t = { .kernel = p->status.txid,
					     .catalog = p->cat.thin_txid };

	if (t.kernel != t.catalog)
		liteio_pool_set_mismatch(p, &t);
	return liteio_pool_check_writable(p, err);
}

/* what came before is settled, and there is space: the kernel is asked once where that will do */
static int settle_and_admit(struct create_op *op, struct liteio_error *err)
{
	struct liteio_pool *p = op->p;
	bool is_simple = op->v.vclass == LITEIO_CATALOG_THIN && !p->reserve &&
			 !liteio_catalog_pending(&p->cat);
	int r = 0;

	if (!is_simple) {
		r = liteio_pool_settle(p, err);
		if (!r)
			r = liteio_pool_check_writable(p, err);
	}
	if (!r)
		r = liteio_pool_admit(p, op->v.vclass, LITEIO_ACCOUNT_SHARE, op->v.size_bytes, err);
	return !r && is_simple ? compare_txid(p, err) : r;
}

int liteio_pool_check_shared(struct liteio_pool *p, const struct liteio_catalog *c,
			     const struct liteio_catalog_volume *v, struct liteio_error *err)
{
	int r;

	r = liteio_pool_check_writable(p, err);
	if (!r)
		r = liteio_creation_check(c, v, err);
	if (r)
		return r;
	if (v->wipe == LITEIO_CATALOG_WIPE_ZERO)
		return liteio_error_set(err, -EOPNOTSUPP,
					"volume %s shares blocks with what it is made from: only an empty one can be wiped with zeros",
					v->name);
	return liteio_pool_check_discards(p, v->wipe, err);
}

static int create(struct create_op *op, struct liteio_error *err)
{
	int r = liteio_pool_check_shared(op->p, &op->p->cat, &op->v, err);

	if (r > 0)
		return 0;
	if (!r)
		r = settle_and_admit(op, err);
	/* nothing is shared with what is not there */
	if (!r)
		r = liteio_pool_make(op->p, &op->source_uuid, err);
	if (r)
		return r;
	op->source = liteio_catalog_find(&op->p->cat, &op->source_uuid)->thin_id;
	return run_create(op, err);
}

/* what it shares its blocks with, and that it may */
static int find_source(struct create_op *op, const struct liteio_uuid *uuid,
		       struct liteio_error *err)
{
	const struct liteio_catalog_volume *s = liteio_catalog_find(&op->p->cat, uuid);
	int r;

	if (!s || s->state != LITEIO_CATALOG_READY)
		return liteio_pool_no_volume(op->p, uuid, err);
	r = liteio_pool_check_source(s, err);
	if (r)
		return r;
	if (s->vclass == LITEIO_CATALOG_LINEAR)
		return liteio_pool_admit(op->p, s->vclass, LITEIO_ACCOUNT_SHARE, 0, err);
	/* blocks are shared within one thin pool */
	if (op->v.vclass && op->v.vclass != s->vclass)
		return liteio_error_set(err, -EOPNOTSUPP,
					"volume %s shares blocks with %s and must be of its class",
					op->v.name, s->name);
	op->v.vclass = s->vclass;
	if (!op->v.size_bytes)
		op->v.size_bytes = s->size_bytes;
	if (op->v.size_bytes < s->size_bytes)
		return liteio_error_set(err, -EINVAL,
					"volume %s is smaller than what it is made from (%llu bytes)",
					op->v.name, (unsigned long long)s->size_bytes);
	op->source = s->thin_id;
	op->source_uuid = s->uuid;
	op->v.origin = s->uuid;
	/* the same point in time of the same volume, whatever becomes of the one in between */
	if (op->v.kind == LITEIO_CATALOG_SNAPSHOT && s->kind == LITEIO_CATALOG_SNAPSHOT)
		op->v.origin = s->origin;
	if (op->v.wipe < s->wipe)
		op->v.wipe = s->wipe;
	return 0;
}

/* a creation that failed halfway, and whose undoing failed, too, must not be taken for a volume */
static int settle_first(struct liteio_pool *p, struct liteio_error *err)
{
	return liteio_catalog_pending(&p->cat) ? liteio_pool_settle(p, err) : 0;
}

/* @c has a source, of which there may be nothing any more when it is asked for again */
static int create_from(struct liteio_pool *p, const struct liteio_pool_create *c,
		       const struct liteio_quiesce *q, struct liteio_error *err)
{
	bool is_there = liteio_catalog_find(&p->cat, &c->uuid);
	struct create_op op = { .p = p, .q = q };
	int r = 0;

	liteio_creation_record(&p->cat, c, p->store.label.thin_block, &op.v);
	if (!is_there)
		r = find_source(&op, &c->source, err);
	return r ? r : create(&op, err);
}

int liteio_pool_volume_create(struct liteio_pool *p, const struct liteio_pool_create *c,
			      const struct liteio_quiesce *q, struct liteio_error *err)
{
	struct liteio_pool_creation one = { .want = c, .err = err };
	int r;

	r = settle_first(p, err);
	if (r)
		return r;
	if (c->vclass == LITEIO_CATALOG_LINEAR)
		return liteio_pool_linear_create(p, c, err);
	if (!liteio_pool_creates_together(c))
		return create_from(p, c, q, err);
	liteio_pool_volume_create_all(p, &one, 1);
	return one.result;
}

/* 1 it is there, 0 the record is complete but for what the first step adds, or why not */
static int fill_snapshot(struct create_op *op, const struct liteio_uuid *uuid, const char *name,
			 const struct liteio_uuid *volume, struct liteio_error *err)
{
	const struct liteio_catalog_volume *there, *source;
	struct liteio_uuid origin = *volume;

	op->v = (struct liteio_catalog_volume){
		.uuid = *uuid,
		.kind = LITEIO_CATALOG_SNAPSHOT,
		.floor = LITEIO_CATALOG_GEN_MIN,
	};
	source = liteio_catalog_find(&op->p->cat, volume);
	if (source && source->kind == LITEIO_CATALOG_SNAPSHOT)
		origin = source->origin;
	/* the volume may have grown, or gone, since the snapshot was taken */
	there = liteio_catalog_find(&op->p->cat, uuid);
	if (there && there->state == LITEIO_CATALOG_READY &&
	    there->kind == LITEIO_CATALOG_SNAPSHOT && !strcmp(there->name, name) &&
	    liteio_uuid_equal(&there->origin, &origin))
		return 1;
	snprintf(op->v.name, sizeof(op->v.name), "%s", name);
	return find_source(op, volume, err);
}

int liteio_pool_snapshot_record(struct liteio_pool *p, const struct liteio_uuid *uuid,
				const char *name, const struct liteio_uuid *volume,
				struct liteio_catalog_volume *ret, struct liteio_error *err)
{
	struct create_op op = { .p = p };
	int r = fill_snapshot(&op, uuid, name, volume, err);

	*ret = op.v;
	return r;
}

int liteio_pool_snapshot_create(struct liteio_pool *p, const struct liteio_uuid *uuid,
				const char *name, const struct liteio_uuid *volume,
				const char *owner, const struct liteio_quiesce *q,
				struct liteio_error *err)
{
	struct create_op op = { .p = p, .q = q };
	int r;

	r = settle_first(p, err);
	if (!r)
		r = fill_snapshot(&op, uuid, name, volume, err);
	if (r)
		return r > 0 ? 0 : r;
	snprintf(op.v.owner, sizeof(op.v.owner), "%s", owner ? owner : "");
	return create(&op, err);
}

/* ---- growing -------------------------------------------------------------------------------- */

static int grow_catalog(struct liteio_pool *p, const struct liteio_uuid *uuid, uint64_t size,
			struct liteio_error *err)
{
	struct liteio_catalog draft;
	int r;

	liteio_pool_draft(p, &draft);
	liteio_catalog_edit(&draft, uuid)->size_bytes = size;
	r = liteio_pool_persist(p, &draft, err);
	/* to both slots: a filesystem that has grown with it fits into no less */
	if (!r)
		r = liteio_pool_persist_again(p, err);
	if (!r)
		liteio_step("volume-grow:catalog");
	return r;
}

int liteio_pool_volume_grow(struct liteio_pool *p, const struct liteio_uuid *uuid,
			    uint64_t size_bytes, uint64_t *ret_allocated, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);
	struct liteio_engine_device device = { 0 };
	struct liteio_engine_volume active;
	struct liteio_engine *e;
	uint64_t size;
	int r;

	if (!v || v->kind != LITEIO_CATALOG_VOLUME || v->state != LITEIO_CATALOG_READY)
		return liteio_pool_no_volume(p, uuid, err);
	if (size_bytes > LITEIO_CREATION_BYTES_MAX)
		return liteio_error_set(err, -EINVAL, "volume %s cannot have %llu bytes", v->name,
					(unsigned long long)size_bytes);
	if (v->vclass == LITEIO_CATALOG_LINEAR)
		return liteio_pool_linear_grow(p, uuid, size_bytes, err);
	e = liteio_pool_engine_of(p, v->vclass);
	size = liteio_creation_size(size_bytes, p->store.label.thin_block);
	if (size < v->size_bytes)
		return liteio_error_set(err, -EINVAL, "volume %s has %llu bytes and cannot shrink",
					v->name, (unsigned long long)v->size_bytes);
	r = liteio_pool_check_writable(p, err);
	if (!r && size > v->size_bytes)
		r = liteio_pool_admit(p, v->vclass, LITEIO_ACCOUNT_GROW, size - v->size_bytes, err);
	if (!r)
		r = size > v->size_bytes ? grow_catalog(p, uuid, size, err) :
					   liteio_pool_persist_owed(p, err);
	if (r)
		return r;
	r = e->ops->volume_status(e, uuid, &active, NULL);
	if (r)
		return r == -ENODEV ? 0 : liteio_error_set(err, r, "cannot look at the volume");
	if (ret_allocated)
		*ret_allocated = active.mapped_bytes;
	v = liteio_catalog_find(&p->cat, uuid);
	device.id = v->thin_id;
	device.size_bytes = size;
	device.keeps = liteio_pool_keeps(v);
	if (active.size_bytes < size || active.suspended)
		r = e->ops->volume_activate(e, uuid, &device, NULL, err);
	if (!r)
		liteio_step("volume-grow:thin");
	return r;
}

/* ---- activation ----------------------------------------------------------------------------- */

/* of two thin pools one may have failed */
static bool has_failed(struct liteio_engine *e)
{
	struct liteio_engine_status s;

	return e->ops->status(e, &s, NULL) || s.mode == LITEIO_ENGINE_FAILED;
}

int liteio_pool_volume_prepare(struct liteio_pool *p, const struct liteio_uuid *uuid,
			       struct liteio_pool_load *ret, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v;
	struct liteio_engine *e;
	bool is_unmade;
	int r;

	*ret = (struct liteio_pool_load){ .pool = p->store.label.pool_uuid, .uuid = *uuid };
	/* which data it has is not known before that is over */
	if (liteio_catalog_replacing(&p->cat, uuid)) {
		r = liteio_pool_settle_all(p, err);
		if (r)
			return liteio_error_wrap(err, r, "a volume that is being rolled back");
	}
	v = liteio_catalog_find(&p->cat, uuid);
	if (!v || v->state != LITEIO_CATALOG_READY)
		return liteio_pool_no_volume(p, uuid, err);
	/* nothing of it goes through the thin pool */
	if (v->vclass == LITEIO_CATALOG_LINEAR)
		return liteio_pool_linear_activate(p, v, &ret->thin, err);
	e = liteio_pool_engine_of(p, v->vclass);
	if (p->condition == LITEIO_POOL_FAILED && has_failed(e))
		return liteio_error_set(err, -EIO, "pool %s: %s", p->store.label.pool_name,
					p->reason);
	is_unmade = v->is_unmade;
	r = liteio_pool_make(p, uuid, err);
	if (r)
		return r;
	/* losing a slot must not make one that has data a volume without a device */
	if (is_unmade)
		(void)liteio_pool_persist_again(p, NULL);
	v = liteio_catalog_find(&p->cat, uuid);
	liteio_pool_empty_forget(p, v->thin_id);
	ret->engine = e;
	ret->thin_id = v->thin_id;
	ret->thin.size_bytes = v->size_bytes;
	ret->room_bytes = LITEIO_CREATION_BYTES_MAX;
	ret->keeps = liteio_pool_keeps(v);
	return 0;
}

int liteio_pool_volume_load(const struct liteio_pool_load *load, struct liteio_pool_thin *ret,
			    struct liteio_error *err)
{
	const struct liteio_engine_device device = {
		.id = load->thin_id,
		.size_bytes = load->thin.size_bytes,
		.room_bytes = load->room_bytes,
		.keeps = load->keeps,
	};
	struct liteio_engine *e = load->engine;
	int r;

	if (ret)
		*ret = load->thin;
	if (!e)
		return 0;
	/* it may read its metadata, and hang with its disk */
	liteio_heir_begin(&load->pool);
	r = e->ops->volume_activate(e, &load->uuid, &device, ret, err);
	liteio_heir_end();
	return r;
}

int liteio_pool_volume_activate(struct liteio_pool *p, const struct liteio_uuid *uuid,
				struct liteio_pool_thin *ret, struct liteio_error *err)
{
	struct liteio_pool_load load;
	int r = liteio_pool_volume_prepare(p, uuid, &load, err);

	/* no head is above it */
	load.room_bytes = 0;
	return r ? r : liteio_pool_volume_load(&load, ret, err);
}

int liteio_pool_volume_deactivate(struct liteio_pool *p, const struct liteio_uuid *uuid,
				  struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);

	if (!v || v->vclass == LITEIO_CATALOG_LINEAR)
		return liteio_linear_deactivate(uuid, err);
	liteio_pool_empty_forget(p, v->thin_id);
	return p->engine->ops->volume_deactivate(p->engine, uuid, err);
}

int liteio_pool_volume_look(struct liteio_pool *p, const struct liteio_uuid *uuid,
			    uint64_t *ret_bytes, int *ret_open, struct liteio_error *err)
{
	const struct liteio_catalog_volume *record = liteio_catalog_find(&p->cat, uuid);
	struct liteio_engine_volume v;
	int r;

	if (record && record->vclass == LITEIO_CATALOG_LINEAR) {
		*ret_bytes = record->size_bytes;
		return 1;
	}
	if (record && record->is_unmade) {
		*ret_bytes = 0;
		return 1;
	}
	r = p->engine->ops->volume_status(p->engine, uuid, &v, err);
	if (!r) {
		*ret_bytes = v.mapped_bytes;
		*ret_open = v.open_count;
	}
	if (r == -ENODEV && record && liteio_pool_empty_is(p, record->thin_id)) {
		*ret_bytes = 0;
		r = 1;
	}
	return r;
}

int liteio_pool_volume_allocated(struct liteio_pool *p, const struct liteio_uuid *uuid,
				 uint64_t *ret_bytes, struct liteio_error *err)
{
	int n_open;

	return liteio_pool_volume_look(p, uuid, ret_bytes, &n_open, err);
}
