// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several snapshots at once; snapshots.h says in which order, and why.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "pool/object.h"
#include "pool/snapshots.h"

/**
 * struct member - one snapshot on its way
 * @want: what
 * @v: its record
 * @source: thin id that it shares blocks with
 * @is_watched: its volume is in the kernel, and something has it open
 * @is_empty: it is not, or nothing has, and it has no blocks
 * @is_told: the kernel may know the new id
 * @is_out: it fell out
 */
struct member {
	struct liteio_pool_snapshot *want;
	struct liteio_catalog_volume v;
	uint32_t source;
	bool is_watched;
	bool is_empty;
	bool is_told;
	bool is_out;
};

/**
 * struct snapshots_op - several on their way, all of one class
 * @p: the pool
 * @e: their thin pool
 * @vclass: of all
 * @txid: of the transaction
 * @draft: with the records of all; until the first step takes it
 * @members: the snapshots
 * @n: how many
 * @undo_message: the kernel may know some of the new ids
 */
struct snapshots_op {
	struct liteio_pool *p;
	struct liteio_engine *e;
	enum liteio_catalog_class vclass;
	uint64_t txid;
	struct liteio_catalog draft;
	struct member members[LITEIO_POOL_SNAPSHOTS_MAX];
	size_t n;
	bool undo_message;
};

/* ---- steps ---------------------------------------------------------------------------------- */

static int step_catalog_creating(void *arg, struct liteio_error *err)
{
	struct snapshots_op *op = arg;
	struct liteio_catalog draft = op->draft;

	op->draft = (struct liteio_catalog){ 0 };
	return liteio_pool_persist(op->p, &draft, err);
}

/* nothing has to be held still, as far as is known now */
static bool is_still(const struct snapshots_op *op, struct member *m)
{
	const struct liteio_quiesce *q = m->want->q;
	struct liteio_engine_volume origin = { 0 };
	int r = op->e->ops->volume_status(op->e, &m->want->volume, &origin, NULL);

	if (r && r != -ENODEV)
		return false;
	m->is_watched = !r && origin.open_count > 0;
	m->is_empty = r ? liteio_pool_empty_is(op->p, m->source) :
			  !m->is_watched && !origin.mapped_bytes;
	return !m->is_watched ||
	       (q && q->is_idle && q->is_idle(q->arg, (unsigned int)origin.open_count));
}

/*
 * The id of one is somebody else's: what was taken before it is ours to remove, that one is not.
 * One that stays costs no more than its id
 */
static int take_back(struct snapshots_op *op, size_t n, struct liteio_error *err)
{
	uint32_t theirs = op->members[n].v.thin_id;

	for (size_t i = 0; i < n; i++) {
		if (op->members[i].is_told)
			(void)op->e->ops->remove(op->e, op->members[i].v.thin_id, NULL);
	}
	op->undo_message = false;
	return liteio_pool_foreign_id(op->p, theirs, err);
}

/* -EEXIST: its id is somebody else's; else it is taken, or fell out */
static int take(struct snapshots_op *op, struct member *m)
{
	const struct liteio_quiesce *q = m->want->q;
	int r;

	m->is_out = !is_still(op, m);
	if (m->is_out)
		return 0;
	r = op->e->ops->snapshot(op->e, m->v.thin_id, m->source, m->want->err);
	if (r == -EEXIST)
		return r;
	m->is_told = true;
	op->undo_message = true;
	liteio_step("snapshots:taken");
	if (r)
		m->want->result = r;
	m->is_out = r || (m->is_watched && !q->was_idle(q->arg));
	if (!m->is_out && m->is_empty)
		liteio_pool_empty_remember(op->p, m->v.thin_id);
	return 0;
}

/* out of the kernel, and then out of both slots: none is left that would make one of them ready */
static int drop(struct snapshots_op *op, size_t n_out, struct liteio_error *err)
{
	struct liteio_catalog draft;
	int r;

	for (size_t i = 0; i < op->n; i++) {
		const struct member *m = &op->members[i];

		r = m->is_out && m->is_told ? op->e->ops->remove(op->e, m->v.thin_id, err) : 0;
		if (r)
			return r;
	}
	/* there is no transaction without any: it is undone */
	if (n_out == op->n)
		return liteio_error_set(err, -ECANCELED, "none of the snapshots can be taken here");
	liteio_pool_draft(op->p, &draft);
	for (size_t i = 0; i < op->n; i++) {
		if (op->members[i].is_out)
			liteio_catalog_remove(&draft, &op->members[i].v.uuid);
	}
	r = liteio_pool_persist(op->p, &draft, err);
	if (r)
		return r;
	liteio_step("snapshots:dropped-once");
	r = liteio_pool_persist_again(op->p, err);
	if (!r)
		liteio_step("snapshots:dropped");
	return r;
}

static int step_messages(void *arg, struct liteio_error *err)
{
	struct snapshots_op *op = arg;
	size_t n_out = 0;

	for (size_t i = 0; i < op->n; i++) {
		if (take(op, &op->members[i]))
			return take_back(op, i, err);
		n_out += op->members[i].is_out;
	}
	return n_out ? drop(op, n_out, err) : 0;
}

static int step_transaction(void *arg, struct liteio_error *err)
{
	struct snapshots_op *op = arg;

	return op->e->ops->commit(op->e, op->txid - 1, op->txid, err);
}

static int step_catalog_ready(void *arg, struct liteio_error *err)
{
	struct snapshots_op *op = arg;

	return liteio_pool_finish(op->p, err);
}

static const struct liteio_step table[] = {
	{ "snapshots:catalog-creating", step_catalog_creating },
	{ "snapshots:messages", step_messages },
	{ "snapshots:transaction", step_transaction },
	{ "snapshots:catalog-ready", step_catalog_ready },
};
LITEIO_STEPS(steps, table);

/* ---- those of one class --------------------------------------------------------------------- */

/*
 * What became of all of them. When nothing but the first write was tried, it may have been refused
 * for one of them, as the catalog has no room for so many: each is asked for alone
 */
static void tell(struct snapshots_op *op, int r, const struct liteio_error *err)
{
	bool is_shared = op->n > 1 && !op->undo_message && !op->p->store.is_failing;

	for (size_t i = 0; i < op->n; i++) {
		struct member *m = &op->members[i];

		if (m->is_out || (r && is_shared))
			continue;
		m->want->result = r ? liteio_error_set(m->want->err, r, "%s", err->msg) : 0;
	}
}

/* into the draft, unless it has to be held still, or can not be: that is its result then */
static void add(struct snapshots_op *op, struct liteio_pool_snapshot *s)
{
	struct member *m = &op->members[op->n];
	int r;

	*m = (struct member){ .want = s };
	r = liteio_pool_snapshot_record(op->p, &s->uuid, s->name, &s->volume, &m->v, s->err);
	if (!r && m->v.vclass != op->vclass)
		return;
	if (!r)
		r = liteio_pool_check_shared(op->p, &op->draft, &m->v, s->err);
	if (r) {
		s->result = r > 0 ? 0 : r;
		return;
	}
	m->source = liteio_catalog_find(&op->p->cat, &s->volume)->thin_id;
	/* the last ids are given out one by one; one that could not be made says why when it is */
	if (op->draft.next_thin_id > LITEIO_THIN_ID_MAX ||
	    liteio_catalog_find(&op->p->cat, &s->volume)->is_unmade || !is_still(op, m))
		return;
	m->v.thin_id = op->draft.next_thin_id++;
	m->v.txid = op->txid;
	m->v.state = LITEIO_CATALOG_CREATING;
	m->v.created = (uint64_t)time(NULL);
	liteio_catalog_add(&op->draft, &m->v);
	op->n++;
}

/* may all be promised their space? The last one is to find what it needs of the metadata, too */
static int admit(const struct snapshots_op *op)
{
	uint64_t unmade = liteio_catalog_unmade(&op->p->cat, op->vclass), bytes = 0;
	struct liteio_usage meta;
	int r;

	for (size_t i = 0; i < op->n; i++)
		bytes += op->members[i].v.size_bytes;
	r = liteio_pool_admit(op->p, op->vclass, LITEIO_ACCOUNT_SHARE, bytes, NULL);
	if (r || op->vclass != LITEIO_CATALOG_THIN)
		return r;
	liteio_pool_meta_usage(op->p, &meta);
	return liteio_account_metadata(&meta, unmade + op->n - 1, LITEIO_ACCOUNT_SHARE, NULL);
}

static void take_class(struct liteio_pool *p, struct liteio_pool_snapshot *all, size_t n,
		       enum liteio_catalog_class vclass)
{
	struct snapshots_op op = { .p = p, .e = liteio_pool_engine_of(p, vclass),
				   .vclass = vclass };
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	liteio_pool_draft(p, &op.draft);
	op.txid = *liteio_catalog_txid(&op.draft, vclass) + 1;
	for (size_t i = 0; i < n; i++) {
		if (all[i].result == LITEIO_POOL_SNAPSHOT_ALONE)
			add(&op, &all[i]);
	}
	/* each says for itself why it can not be */
	if (!op.n || admit(&op)) {
		liteio_catalog_fini(&op.draft);
		return;
	}
	r = liteio_steps_run(&steps, &op, &err);
	if (r)
		liteio_pool_abandon(p, op.undo_message);
	tell(&op, r, &err);
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* those that are there, and those of which there can be none */
static void look(struct liteio_pool *p, struct liteio_pool_snapshot *s)
{
	struct liteio_catalog_volume v;
	int r = liteio_pool_snapshot_record(p, &s->uuid, s->name, &s->volume, &v, s->err);

	if (!r)
		r = liteio_pool_check_shared(p, &p->cat, &v, s->err);
	if (r)
		s->result = r > 0 ? 0 : r;
}

static bool is_among(const struct liteio_uuid *uuids, size_t n, const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < n; i++) {
		if (liteio_uuid_equal(&uuids[i], uuid))
			return true;
	}
	return false;
}

/* nothing is shared with what is not there */
static void make_sources(struct liteio_pool *p, const struct liteio_pool_snapshot *all, size_t n)
{
	struct liteio_uuid uuids[LITEIO_POOL_SNAPSHOTS_MAX] = { 0 };
	size_t n_unmade = 0;

	for (size_t i = 0; i < n; i++) {
		const struct liteio_catalog_volume *v =
			liteio_catalog_find(&p->cat, &all[i].volume);

		if (all[i].result == LITEIO_POOL_SNAPSHOT_ALONE && v && v->is_unmade &&
		    !is_among(uuids, n_unmade, &v->uuid))
			uuids[n_unmade++] = v->uuid;
	}
	/* one by itself is made by who takes that alone */
	if (n_unmade < 2)
		return;
	liteio_pool_make_together(p, uuids, n_unmade);
}

void liteio_pool_snapshot_create_all(struct liteio_pool *p, struct liteio_pool_snapshot *all,
				     size_t n)
{
	for (size_t i = 0; i < n; i++)
		all[i].result = LITEIO_POOL_SNAPSHOT_ALONE;
	/* who is alone says why it can not be settled */
	if (liteio_catalog_pending(&p->cat) && liteio_pool_settle(p, NULL))
		return;
	for (size_t i = 0; i < n; i++)
		look(p, &all[i]);
	make_sources(p, all, n);
	if (liteio_pool_settle_all(p, NULL))
		return;
	take_class(p, all, n, LITEIO_CATALOG_THIN);
	/* what could not be taken back is of the other thin pool: nothing else is begun above it */
	if (p->reserve && !liteio_catalog_pending(&p->cat))
		take_class(p, all, n, LITEIO_CATALOG_RESERVED);
}
