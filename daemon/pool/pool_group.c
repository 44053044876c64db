// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One point in time of several volumes.
 *
 * What is above them is held still, then every thin device that is in use is held, then all
 * snapshots are taken, and only then anything goes on: a write that was answered to one volume
 * before another one was begun is in both or in neither order. All records are written at once, and
 * one transaction of the thin pool covers all of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/object.h"

/**
 * struct member - one snapshot on its way
 * @v: its record
 * @source: thin id of the volume
 * @is_held: the thin device of the volume is suspended
 */
struct member {
	struct liteio_catalog_volume v;
	uint32_t source;
	bool is_held;
};

/**
 * struct group_op - a group on its way
 * @p: the pool
 * @members: the snapshots
 * @n: how many
 * @q: what is above the volumes
 * @undo_message: the kernel may know the new ids
 */
struct group_op {
	struct liteio_pool *p;
	struct member *members;
	size_t n;
	const struct liteio_quiesce *q;
	bool undo_message;
};

/* all members are of one class: one transaction is that of one thin pool */
static struct liteio_engine *engine_of(const struct group_op *op)
{
	return liteio_pool_engine_of(op->p, op->members[0].v.vclass);
}

/* ---- steps ---------------------------------------------------------------------------------- */

static int step_catalog_creating(void *arg, struct liteio_error *err)
{
	struct group_op *op = arg;
	struct liteio_catalog draft;

	liteio_pool_draft(op->p, &draft);
	if (LITEIO_THIN_ID_MAX - draft.next_thin_id + 1 < op->n) {
		liteio_catalog_fini(&draft);
		return liteio_error_set(err, -ENOSPC, "pool %s has given out all thin ids",
					op->p->store.label.pool_name);
	}
	for (size_t i = 0; i < op->n; i++) {
		struct liteio_catalog_volume *v = &op->members[i].v;

		v->thin_id = draft.next_thin_id++;
		v->txid = *liteio_catalog_txid(&draft, v->vclass) + 1;
		liteio_catalog_add(&draft, v);
	}
	return liteio_pool_persist(op->p, &draft, err);
}

static int hold(struct group_op *op, struct liteio_error *err)
{
	struct liteio_engine *e = engine_of(op);

	for (size_t i = 0; i < op->n; i++) {
		struct member *m = &op->members[i];
		struct liteio_engine_volume volume = { 0 };
		int r;

		r = e->ops->volume_status(e, &m->v.origin, &volume, NULL);
		if (r == -ENODEV || (!r && !volume.open_count))
			continue;
		if (r)
			return liteio_error_set(err, r, "cannot look at a volume of the group: %s",
						liteio_error_str(NULL, r));
		r = e->ops->volume_suspend(e, &m->v.origin, err);
		if (r)
			return r;
		m->is_held = true;
		liteio_step("group:suspended");
	}
	return 0;
}

/* the first error, after all were let go on */
static int let_go(struct group_op *op, struct liteio_error *err)
{
	struct liteio_engine *e = engine_of(op);
	int first = 0;

	for (size_t i = op->n; i > 0; i--) {
		struct member *m = &op->members[i - 1];
		int r;

		if (!m->is_held)
			continue;
		r = e->ops->volume_resume(e, &m->v.origin, first ? NULL : err);
		if (!first)
			first = r;
		m->is_held = false;
	}
	return first;
}

/*
 * The id of one is somebody else's: those that were made before it are ours to remove, that one is
 * not. One that stays costs no more than its id.
 */
static int take_back(struct group_op *op, size_t n, struct liteio_error *err)
{
	struct liteio_engine *e = engine_of(op);
	uint32_t theirs = op->members[n].v.thin_id;

	while (n > 0)
		(void)e->ops->remove(e, op->members[--n].v.thin_id, NULL);
	op->undo_message = false;
	return liteio_pool_foreign_id(op->p, theirs, err);
}

static int take(struct group_op *op, struct liteio_error *err)
{
	struct liteio_engine *e = engine_of(op);

	for (size_t i = 0; i < op->n; i++) {
		const struct member *m = &op->members[i];
		int r;

		r = e->ops->snapshot(e, m->v.thin_id, m->source, err);
		if (r == -EEXIST)
			return take_back(op, i, err);
		if (r)
			return r;
		liteio_step("group:taken");
	}
	return 0;
}

static int step_messages(void *arg, struct liteio_error *err)
{
	struct group_op *op = arg;
	int r, resumed;

	if (op->q) {
		r = op->q->freeze(op->q->arg, err);
		if (r)
			return r;
		liteio_step("group:frozen");
	}
	op->undo_message = true;
	r = hold(op, err);
	if (!r)
		r = take(op, err);
	resumed = let_go(op, r ? NULL : err);
	if (op->q)
		op->q->thaw(op->q->arg);
	liteio_step("group:resumed");
	return r ? r : resumed;
}

static int step_transaction(void *arg, struct liteio_error *err)
{
	struct group_op *op = arg;
	struct liteio_engine *e = engine_of(op);
	uint64_t txid = op->members[0].v.txid;

	return e->ops->commit(e, txid - 1, txid, err);
}

static int step_catalog_ready(void *arg, struct liteio_error *err)
{
	struct group_op *op = arg;

	return liteio_pool_finish(op->p, err);
}

static const struct liteio_step table[] = {
	{ "group:catalog-creating", step_catalog_creating },
	{ "group:messages", step_messages },
	{ "group:transaction", step_transaction },
	{ "group:catalog-ready", step_catalog_ready },
};
LITEIO_STEPS(steps, table);

/* ---- the whole ------------------------------------------------------------------------------ */

/* 1 it is there, 0 it is not, or why it must not be made */
static int check_there(const struct liteio_pool *p, const struct liteio_pool_member *m,
		       struct liteio_error *err)
{
	const struct liteio_catalog_volume *there = liteio_catalog_find(&p->cat, &m->uuid);

	if (there) {
		if (there->state == LITEIO_CATALOG_READY &&
		    there->kind == LITEIO_CATALOG_SNAPSHOT && !strcmp(there->name, m->name) &&
		    liteio_uuid_equal(&there->origin, &m->volume))
			return 1;
		return liteio_error_set(err, -EEXIST, "snapshot %s: the uuid is that of %s, %s",
					m->name, there->name,
					there->state == LITEIO_CATALOG_DELETING ?
						"which is being deleted" :
						"which is another one");
	}
	if (liteio_catalog_find_name(&p->cat, LITEIO_CATALOG_SNAPSHOT, m->name))
		return liteio_error_set(err, -EEXIST, "snapshot %s exists", m->name);
	return 0;
}

static int check_twice(const struct liteio_pool_member *m, size_t i, struct liteio_error *err)
{
	for (size_t k = 0; k < i; k++) {
		if (liteio_uuid_equal(&m[k].volume, &m[i].volume) ||
		    liteio_uuid_equal(&m[k].uuid, &m[i].uuid) || !strcmp(m[k].name, m[i].name))
			return liteio_error_set(err, -EINVAL,
						"snapshots %s and %s are of the same volume or the same themselves",
						m[k].name, m[i].name);
	}
	return 0;
}

static int fill(struct liteio_pool *p, const struct liteio_pool_member *m, const char *owner,
		struct member *ret, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, &m->volume);
	int r;

	if (!v || v->kind != LITEIO_CATALOG_VOLUME || v->state != LITEIO_CATALOG_READY)
		return liteio_pool_no_volume(p, &m->volume, err);
	r = liteio_pool_check_source(v, err);
	if (r)
		return r;
	ret->source = v->thin_id;
	ret->v = (struct liteio_catalog_volume){
		.uuid = m->uuid,
		.kind = LITEIO_CATALOG_SNAPSHOT,
		.vclass = v->vclass,
		.state = LITEIO_CATALOG_CREATING,
		.size_bytes = v->size_bytes,
		.floor = LITEIO_CATALOG_GEN_MIN,
		.origin = v->uuid,
		.created = (uint64_t)time(NULL),
		.wipe = v->wipe,
	};
	snprintf(ret->v.name, sizeof(ret->v.name), "%s", m->name);
	snprintf(ret->v.owner, sizeof(ret->v.owner), "%s", owner ? owner : "");
	return 0;
}

/* 1 all are there, 0 none is, or a negative errno */
static int check(struct liteio_pool *p, const struct liteio_pool_member *m, size_t n,
		 struct liteio_error *err)
{
	size_t there = 0;

	for (size_t i = 0; i < n; i++) {
		int r;

		r = liteio_name_check("snapshot", m[i].name, err);
		if (!r && liteio_uuid_is_null(&m[i].uuid))
			r = liteio_error_set(err, -EINVAL, "a snapshot needs a uuid");
		if (!r)
			r = check_twice(m, i, err);
		if (!r)
			r = check_there(p, &m[i], err);
		if (r < 0)
			return r;
		there += (size_t)r;
	}
	if (there && there < n)
		return liteio_error_set(err, -EEXIST,
					"%zu of the %zu snapshots exist already, of another moment",
					there, n);
	return there == n;
}

/* may all of them be taken, and together? */
static int admit(const struct group_op *op, struct liteio_error *err)
{
	const struct liteio_catalog_volume *first = &op->members[0].v;
	uint64_t bytes = 0;

	for (size_t i = 0; i < op->n; i++) {
		const struct liteio_catalog_volume *v = &op->members[i].v;

		if (v->vclass != first->vclass)
			return liteio_error_set(err, -EOPNOTSUPP,
						"snapshots %s and %s are of volumes of different classes: these share no transaction",
						first->name, v->name);
		bytes += v->size_bytes;
	}
	return liteio_pool_admit(op->p, first->vclass, LITEIO_ACCOUNT_SHARE, bytes, err);
}

int liteio_pool_snapshot_group(struct liteio_pool *p, const struct liteio_pool_member *m, size_t n,
			       const char *owner, const struct liteio_quiesce *q,
			       struct liteio_error *err)
{
	struct member *members _cleanup_free_ = NULL;
	struct group_op op = { .p = p, .n = n, .q = q };
	int r;

	if (!n)
		return liteio_error_set(err, -EINVAL, "a group has at least one snapshot");
	r = liteio_pool_settle_all(p, err);
	if (!r)
		r = check(p, m, n, err);
	if (r)
		return r > 0 ? 0 : r;
	members = liteio_calloc(n, sizeof(*members));
	op.members = members;
	for (size_t i = 0; i < n && !r; i++)
		r = fill(p, &m[i], owner, &members[i], err);
	if (!r)
		r = admit(&op, err);
	for (size_t i = 0; i < n && !r; i++) {
		r = liteio_pool_make(p, &m[i].volume, err);
		if (!r)
			members[i].source = liteio_catalog_find(&p->cat, &m[i].volume)->thin_id;
	}
	if (r)
		return r;
	r = liteio_steps_run(&steps, &op, err);
	if (r)
		liteio_pool_abandon(p, op.undo_message);
	return r;
}
