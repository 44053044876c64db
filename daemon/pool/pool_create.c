// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * New, empty volumes: any number of them with one change of the catalog, and the thin device of
 * each when it is needed.
 *
 * dm-thin commits its metadata for every message that it gets (dm-thin.c pool_message()), be there
 * one or a hundred that wait: two writes and three flushes for each device, one after the other. So
 * nothing is made when a volume is created. Its record says what it is to be, is on the disk before
 * anybody is told, and those that come together share its two writes. The device is made before it
 * is first activated or shared, those of several that are attached together by one transaction; a
 * volume that is deleted before that is gone with its record.
 */
#include <errno.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "pool/create.h"
#include "pool/creation.h"
#include "pool/grant.h"
#include "pool/object.h"

/* ---- records -------------------------------------------------------------------------------- */

/* may anything be created now? What was interrupted is over then */
static int prepare(struct liteio_pool *p, struct liteio_error *err)
{
	int r = liteio_pool_settle_all(p, err);

	/* what was asked for a minute ago may have been freed since */
	if (!r)
		r = liteio_pool_refresh(p, err);
	/* nor is a pool that was writable then writable for ever */
	return r ? r : liteio_pool_check_writable(p, err);
}

static struct liteio_creation_room room_of(const struct liteio_pool *p)
{
	struct liteio_creation_room room = {
		.thin = { p->status.data_used, p->status.data_total },
		.reserve = { p->reserve_status.data_used,
			     liteio_label_sum(&p->store.label, LITEIO_EXTENT_RESERVE_DATA) },
		.reserve_meta = { p->reserve_status.meta_used, p->reserve_status.meta_total },
		.slot_bytes = liteio_label_extent(&p->store.label, LITEIO_EXTENT_SLOT_A)->length,
		.spare_is_taken = !liteio_label_has_spare(&p->store.label),
	};

	liteio_pool_meta_usage(p, &room.thin_meta);
	return room;
}

/* 1 it is in the draft already, 0 now it is, or why it can not be */
static int add(struct liteio_pool *p, const struct liteio_creation_room *room,
	       struct liteio_catalog *draft, const struct liteio_pool_create *want,
	       struct liteio_error *err)
{
	struct liteio_catalog_volume v;
	int r;

	liteio_creation_record(draft, want, p->store.label.thin_block, &v);
	if (!v.vclass)
		v.vclass = LITEIO_CATALOG_THIN;
	r = liteio_creation_check(draft, &v, err);
	if (!r)
		r = liteio_pool_check_discards(p, v.wipe, err);
	return r ? r : liteio_creation_add(draft, room, &v, (uint64_t)time(NULL), err);
}

/* takes over the draft, in which @n are new */
static int persist(struct liteio_pool *p, struct liteio_catalog *draft, size_t n,
		   struct liteio_error *err)
{
	int r;

	if (!n) {
		liteio_catalog_fini(draft);
		return liteio_pool_persist_owed(p, err);
	}
	r = liteio_pool_persist(p, draft, err);
	if (r)
		return r;
	liteio_step("volume-new:one-copy");
	r = liteio_pool_persist_again(p, err);
	if (!r)
		liteio_step("volume-new:catalog");
	return r;
}

static bool is_there(const struct liteio_pool *p, const struct liteio_pool_create *want)
{
	struct liteio_catalog_volume v;

	liteio_creation_record(&p->cat, want, p->store.label.thin_block, &v);
	return liteio_creation_check(&p->cat, &v, NULL) == 1;
}

/* nothing is to be done, in whatever condition the pool is, but for what is owed */
static bool are_there(const struct liteio_pool *p, const struct liteio_pool_creation *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_there(p, all[i].want))
			return false;
	}
	return true;
}

/*
 * Those that were not refused by themselves share what became of all, but for those that are there:
 * they would be by themselves, whatever keeps the others from it
 */
static void tell(struct liteio_pool *p, struct liteio_pool_creation *all, size_t n, int r,
		 const struct liteio_error *err)
{
	struct liteio_error owed_err = LITEIO_ERROR_INIT;
	int owed = r ? liteio_pool_confirm(p, &owed_err) : 0;

	for (size_t i = 0; i < n; i++) {
		bool is_own = r && is_there(p, all[i].want);
		int own = is_own ? owed : r;

		if (all[i].result < 0)
			continue;
		all[i].result = own ? liteio_error_set(all[i].err, own, "%s",
						       is_own ? owed_err.msg : err->msg) :
				      0;
	}
}

void liteio_pool_volume_create_all(struct liteio_pool *p, struct liteio_pool_creation *all,
				   size_t n)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_creation_room room;
	struct liteio_catalog draft;
	size_t n_new = 0;
	int r;

	for (size_t i = 0; i < n; i++)
		all[i].result = 0;
	if (are_there(p, all, n)) {
		r = liteio_pool_confirm(p, &err);
		tell(p, all, n, r, &err);
		return;
	}
	r = prepare(p, &err);
	if (!r) {
		room = room_of(p);
		liteio_pool_draft(p, &draft);
		for (size_t i = 0; i < n; i++) {
			all[i].result = add(p, &room, &draft, all[i].want, all[i].err);
			n_new += !all[i].result;
		}
		r = persist(p, &draft, n_new, &err);
	}
	tell(p, all, n, r, &err);
}

/* ---- devices -------------------------------------------------------------------------------- */

/**
 * struct make_op - thin devices on their way, by one transaction
 * @p: the pool
 * @vclass: of their volumes
 * @uuids: of these
 * @thin_ids: likewise
 * @n: how many
 * @txid: of the transaction
 * @undo_message: the kernel may know the ids
 */
struct make_op {
	struct liteio_pool *p;
	enum liteio_catalog_class vclass;
	struct liteio_uuid uuids[LITEIO_POOL_RIGHTS_MAX];
	uint32_t thin_ids[LITEIO_POOL_RIGHTS_MAX];
	size_t n;
	uint64_t txid;
	bool undo_message;
};

static int step_catalog_making(void *arg, struct liteio_error *err)
{
	struct make_op *op = arg;
	struct liteio_catalog draft;

	liteio_pool_draft(op->p, &draft);
	op->txid = *liteio_catalog_txid(&draft, op->vclass) + 1;
	for (size_t i = 0; i < op->n; i++)
		liteio_catalog_edit(&draft, &op->uuids[i])->txid = op->txid;
	return liteio_pool_persist(op->p, &draft, err);
}

/* what has the id is not ours to remove, those that were made before it are */
static int take_back(struct make_op *op, size_t n, struct liteio_error *err)
{
	struct liteio_engine *e = liteio_pool_engine_of(op->p, op->vclass);
	uint32_t theirs = op->thin_ids[n];

	while (n > 0)
		(void)e->ops->remove(e, op->thin_ids[--n], NULL);
	op->undo_message = false;
	return liteio_pool_foreign_id(op->p, theirs, err);
}

static int step_messages(void *arg, struct liteio_error *err)
{
	struct make_op *op = arg;
	struct liteio_engine *e = liteio_pool_engine_of(op->p, op->vclass);

	op->undo_message = true;
	for (size_t i = 0; i < op->n; i++) {
		int r = e->ops->create(e, op->thin_ids[i], err);

		if (r)
			return r == -EEXIST ? take_back(op, i, err) : r;
		liteio_step("volume-make:message");
	}
	return 0;
}

static int step_transaction(void *arg, struct liteio_error *err)
{
	struct make_op *op = arg;
	struct liteio_engine *e = liteio_pool_engine_of(op->p, op->vclass);

	return e->ops->commit(e, op->txid - 1, op->txid, err);
}

static int step_catalog_made(void *arg, struct liteio_error *err)
{
	struct make_op *op = arg;

	return liteio_pool_finish(op->p, err);
}

static const struct liteio_step table[] = {
	{ "volume-make:catalog-making", step_catalog_making },
	{ "volume-make:messages", step_messages },
	{ "volume-make:transaction", step_transaction },
	{ "volume-make:catalog-made", step_catalog_made },
};
LITEIO_STEPS(steps, table);

/* by the kernel's numbers of now: since it was promised the metadata may have been filled */
static int check_room(struct liteio_pool *p, const struct make_op *op, struct liteio_error *err)
{
	const struct liteio_engine_status *s =
		op->vclass == LITEIO_CATALOG_RESERVED ? &p->reserve_status : &p->status;
	struct liteio_usage meta;
	int r = liteio_pool_refresh(p, err);

	if (!r)
		r = liteio_pool_check_writable(p, err);
	/* the last one is to find what it needs, too */
	meta = (struct liteio_usage){ s->meta_used + (op->n - 1) * LITEIO_ONDISK_BLOCK,
				      s->meta_total };
	return r ? r : liteio_account_make(&meta, err);
}

/* if it has no device, and is of that class */
static void add_to(struct make_op *op, const struct liteio_uuid *uuid)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&op->p->cat, uuid);

	if (!v || !v->is_unmade || v->vclass != op->vclass || op->n == LITEIO_POOL_RIGHTS_MAX)
		return;
	op->uuids[op->n] = v->uuid;
	op->thin_ids[op->n++] = v->thin_id;
}

static int run_make(struct make_op *op, struct liteio_error *err)
{
	int r = check_room(op->p, op, err);

	if (r)
		return r;
	r = liteio_steps_run(&steps, op, err);
	if (r)
		liteio_pool_abandon(op->p, op->undo_message);
	return r;
}

static int make_one(struct liteio_pool *p, const struct liteio_uuid *uuid, struct liteio_error *err)
{
	struct make_op op = { .p = p, .vclass = liteio_catalog_find(&p->cat, uuid)->vclass };
	int r = liteio_pool_settle_all(p, err);

	if (r)
		return r;
	/* what was interrupted may have been this */
	add_to(&op, uuid);
	r = op.n ? run_make(&op, err) : 0;
	/* the kernel, or the disk, had done more than it said, and the rest was made good */
	return liteio_catalog_find(&p->cat, uuid)->is_unmade ? r : 0;
}

int liteio_pool_make(struct liteio_pool *p, const struct liteio_uuid *uuid,
		     struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);
	int r;

	if (!v || !v->is_unmade)
		return 0;
	r = make_one(p, uuid, err);
	v = liteio_catalog_find(&p->cat, uuid);
	return r ? liteio_error_wrap(err, r, "volume %s was never used and can not be made now",
				     v->name) :
		   0;
}

void liteio_pool_make_together(struct liteio_pool *p, const struct liteio_uuid *uuids, size_t n)
{
	static const enum liteio_catalog_class classes[] = { LITEIO_CATALOG_THIN,
							     LITEIO_CATALOG_RESERVED };

	/* what was interrupted may have been one of them */
	if (n < 2 || liteio_pool_settle_all(p, NULL))
		return;
	for (size_t k = 0; k < LITEIO_ARRAY_SIZE(classes); k++) {
		struct make_op op = { .p = p, .vclass = classes[k] };

		for (size_t i = 0; i < n; i++)
			add_to(&op, &uuids[i]);
		if (op.n > 1)
			(void)run_make(&op, NULL);
	}
}
