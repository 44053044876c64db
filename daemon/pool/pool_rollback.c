// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rolling a volume back to one of its snapshots.
 *
 * A new thin device is made as a snapshot of the snapshot, under a record of its own that says
 * whose place it takes. The write that ends the transaction swaps the two thin ids: the volume has
 * the new one, and the old one is being deleted under the record's uuid. Killed before the kernel's
 * transaction id has changed, the new device is removed and nothing has happened; killed after it,
 * opening the pool does the swap. Nobody has the volume open meanwhile, and nobody can activate it
 * while it is not known which of both it is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/object.h"

/**
 * struct rollback_op - a volume on its way back
 * @p: the pool
 * @v: the record that takes the volume's place, and then its old data
 * @source: thin id of the snapshot
 * @undo_message: the kernel may know the new id
 */
struct rollback_op {
	struct liteio_pool *p;
	struct liteio_catalog_volume v;
	uint32_t source;
	bool undo_message;
};

/* ---- steps ---------------------------------------------------------------------------------- */

static int step_catalog_pending(void *arg, struct liteio_error *err)
{
	struct rollback_op *op = arg;
	struct liteio_catalog draft;

	liteio_pool_draft(op->p, &draft);
	if (draft.next_thin_id > LITEIO_THIN_ID_MAX) {
		liteio_catalog_fini(&draft);
		return liteio_error_set(err, -ENOSPC, "pool %s has given out all thin ids",
					op->p->store.label.pool_name);
	}
	op->v.thin_id = draft.next_thin_id++;
	op->v.txid = *liteio_catalog_txid(&draft, op->v.vclass) + 1;
	liteio_catalog_add(&draft, &op->v);
	return liteio_pool_persist(op->p, &draft, err);
}

static int step_messages(void *arg, struct liteio_error *err)
{
	struct rollback_op *op = arg;
	struct liteio_engine *e = liteio_pool_engine_of(op->p, op->v.vclass);
	int r;

	r = e->ops->snapshot(e, op->v.thin_id, op->source, err);
	/* what has it is not ours to remove */
	op->undo_message = r != -EEXIST;
	return r == -EEXIST ? liteio_pool_foreign_id(op->p, op->v.thin_id, err) : r;
}

static int step_transaction(void *arg, struct liteio_error *err)
{
	struct rollback_op *op = arg;
	struct liteio_engine *e = liteio_pool_engine_of(op->p, op->v.vclass);

	return e->ops->commit(e, op->v.txid - 1, op->v.txid, err);
}

static int step_catalog_swapped(void *arg, struct liteio_error *err)
{
	struct rollback_op *op = arg;

	return liteio_pool_finish(op->p, err);
}

static const struct liteio_step table[] = {
	{ "rollback:catalog-pending", step_catalog_pending },
	{ "rollback:messages", step_messages },
	{ "rollback:transaction", step_transaction },
	{ "rollback:catalog-swapped", step_catalog_swapped },
};
LITEIO_STEPS(steps, table);

/* ---- the whole ------------------------------------------------------------------------------ */

static const struct liteio_catalog_attachment *live_of(const struct liteio_catalog *c,
						       const struct liteio_uuid *volume)
{
	size_t first, n = liteio_catalog_atts_of(c, volume, &first);

	for (size_t i = first; i < first + n; i++) {
		if (c->attachments[i]->state == LITEIO_CATALOG_ATT_LIVE)
			return c->attachments[i];
	}
	return NULL;
}

/* a reader, too, would have its data change under it, or go on with what is no more */
static int check_unused(struct liteio_pool *p, const struct liteio_catalog_volume *v,
			struct liteio_error *err)
{
	const struct liteio_catalog_attachment *a = live_of(&p->cat, &v->uuid);
	int r;

	if (a)
		return liteio_error_set(err, -EBUSY,
					"volume %s is attached%s (generation %llu): end that first",
					v->name,
					a->flags & LITEIO_CATALOG_ATT_READ_ONLY ? " read-only" : "",
					(unsigned long long)a->generation);
	r = liteio_pool_volume_deactivate(p, &v->uuid, err);
	return r ? liteio_error_wrap(err, r, "volume %s", v->name) : 0;
}

static int check_source(struct liteio_pool *p, const struct liteio_catalog_volume *s,
			const struct liteio_catalog_volume *v, struct liteio_error *err)
{
	int r;

	if (!liteio_uuid_equal(&s->origin, &v->uuid))
		return liteio_error_set(err, -EINVAL, "snapshot %s is not one of volume %s",
					s->name, v->name);
	if (s->size_bytes > v->size_bytes)
		return liteio_error_set(err, -EINVAL, "snapshot %s is larger than volume %s",
					s->name, v->name);
	/* nobody writes it, but who has it open would have to be held still */
	r = liteio_pool_volume_deactivate(p, &s->uuid, err);
	return r ? liteio_error_wrap(err, r, "snapshot %s", s->name) : 0;
}

static int run(struct rollback_op *op, struct liteio_error *err)
{
	const struct liteio_uuid volume = op->v.replaces;
	uint32_t new_id;
	int r;

	r = liteio_steps_run(&steps, op, err);
	if (!r)
		return 0;
	new_id = op->v.thin_id;
	liteio_pool_abandon(op->p, op->undo_message);
	/* the last write failed, and was made good */
	return liteio_catalog_find(&op->p->cat, &volume)->thin_id == new_id ? 0 : r;
}

int liteio_pool_volume_rollback(struct liteio_pool *p, const struct liteio_uuid *volume,
				const struct liteio_uuid *snapshot, struct liteio_error *err)
{
	struct rollback_op op = {
		.p = p,
		.v = {
			.kind = LITEIO_CATALOG_VOLUME,
			.state = LITEIO_CATALOG_CREATING,
			.floor = LITEIO_CATALOG_GEN_MIN,
			.created = (uint64_t)time(NULL),
			.replaces = *volume,
		},
	};
	const struct liteio_catalog_volume *v, *s;
	char text[LITEIO_UUID_STRLEN + 1];
	int r;

	r = liteio_pool_settle_all(p, err);
	if (r)
		return r;
	v = liteio_catalog_find(&p->cat, volume);
	if (!v || v->kind != LITEIO_CATALOG_VOLUME || v->state != LITEIO_CATALOG_READY)
		return liteio_pool_no_volume(p, volume, err);
	s = liteio_catalog_find(&p->cat, snapshot);
	if (!s || s->kind != LITEIO_CATALOG_SNAPSHOT || s->state != LITEIO_CATALOG_READY)
		return liteio_pool_no_volume(p, snapshot, err);
	r = check_source(p, s, v, err);
	if (!r)
		r = check_unused(p, v, err);
	/* until the old data has been given back both are there */
	if (!r)
		r = liteio_pool_admit(p, v->vclass, LITEIO_ACCOUNT_SHARE, v->size_bytes, err);
	/* one of the same uuid had the snapshot, and this one was never used */
	if (!r)
		r = liteio_pool_make(p, volume, err);
	if (r)
		return r;
	v = liteio_catalog_find(&p->cat, volume);
	s = liteio_catalog_find(&p->cat, snapshot);
	op.v.vclass = v->vclass;
	liteio_uuid_ordered(&op.v.uuid);
	liteio_uuid_format(&op.v.uuid, text);
	/* until it takes over the volume's, a name that nobody has */
	snprintf(op.v.name, sizeof(op.v.name), "rollback-%s", text);
	memcpy(op.v.owner, v->owner, sizeof(op.v.owner));
	op.v.size_bytes = v->size_bytes;
	op.v.wipe = v->wipe > s->wipe ? v->wipe : s->wipe;
	op.source = s->thin_id;
	return run(&op, err);
}
