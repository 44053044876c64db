// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is there more than once: labels and catalog slots, looked at again and written again; and
 * blocks that several volumes share.
 */
#include <errno.h>

#include "base/error.h"
#include "pool/copies.h"
#include "pool/object.h"

/* the label of one device read again: the pool's own view of it is not touched */
static int reread(const struct liteio_store *s, struct liteio_store *ret, struct liteio_error *err)
{
	*ret = *s;
	return liteio_store_read_label(ret, err);
}

static const struct liteio_store *device(const struct liteio_pool *p, uint32_t i)
{
	return i ? p->store.others[i] : &p->store;
}

static int look_labels(const struct liteio_pool *p, bool *ret_differ, struct liteio_error *err)
{
	struct liteio_store s;

	*ret_differ = false;
	for (uint32_t i = 0; i < p->store.label.n_devices; i++) {
		int r = reread(device(p, i), &s, err);

		/* neither copy is whole, and the pool is open: that can be mended, too */
		if (r && r != -ENODATA && r != -EBADMSG)
			return r;
		*ret_differ = *ret_differ || r || s.needs_labels ||
			      s.label.sequence != p->store.label.sequence;
	}
	return 0;
}

int liteio_pool_look_copies(struct liteio_pool *p, struct liteio_pool_copies *ret,
			    struct liteio_error *err)
{
	const struct liteio_extent *slot = liteio_label_extent(&p->store.label,
							       LITEIO_EXTENT_SLOT_A);
	struct liteio_pool_copies c = {
		.records = p->cat.n_volumes + p->cat.n_attachments + p->cat.n_extents,
		.records_max = (slot->length - LITEIO_ONDISK_BLOCK) / LITEIO_RECORD_BYTES,
	};
	uint64_t newest;
	int r = liteio_store_count_slots(&p->store, &newest, err);

	if (r < 0)
		return r;
	c.slots = (unsigned int)r;
	c.is_lost = r == 2 && newest < p->cat.sequence;
	r = look_labels(p, &c.labels_differ, err);
	if (!r)
		*ret = c;
	return r;
}

static int mend_labels(struct liteio_pool *p, struct liteio_error *err)
{
	for (uint32_t i = 0; i < p->store.label.n_devices; i++) {
		struct liteio_store *s = i ? p->store.others[i] : &p->store, now;
		int r = reread(s, &now, err);

		if (r && r != -ENODATA && r != -EBADMSG)
			return r;
		/* what is whole is written last: at no moment is there none */
		s->needs_labels = s->needs_labels || r || now.needs_labels ||
				  now.label.sequence != p->store.label.sequence;
		s->from_backup = !r && now.from_backup;
	}
	return liteio_pool_mend_label(p, err);
}

/* both slots are whole, and what was written last is in one of them: 1, 0, or a negative errno */
static int are_sound(struct liteio_pool *p, struct liteio_error *err)
{
	uint64_t newest;
	int r = liteio_store_count_slots(&p->store, &newest, err);

	return r < 0 ? r : r == 2 && newest >= p->cat.sequence;
}

/* the slot that counts is the newest that the disk has, whatever was written: its number, or 0 */
static uint64_t follow_disk(struct liteio_pool *p)
{
	struct liteio_catalog whole;
	struct liteio_store s;
	uint64_t newest;

	liteio_store_doubt(&p->store, &p->cat);
	s = p->store;
	if (liteio_store_read_catalog(&s, &whole, NULL)) {
		p->store.has_lied = true;
		return 0;
	}
	newest = whole.sequence;
	liteio_catalog_fini(&whole);
	p->store.slot = s.slot;
	/* both lack it: after the next write it is in one of them */
	if (newest < p->cat.sequence)
		p->store.has_lied = true;
	return newest;
}

/*
 * the next write goes to the slot that is not whole, or the older one of what the disk has, be it
 * the one that was written last. A write that failed may be there all the same, and be the newest:
 * both slots must not have one number
 */
static int mend_slots(struct liteio_pool *p, struct liteio_error *err)
{
	struct liteio_catalog draft;
	uint64_t newest;
	int r = are_sound(p, err);

	if (r)
		return r < 0 ? r : 0;
	newest = follow_disk(p);
	liteio_pool_draft(p, &draft);
	if (draft.sequence < newest)
		draft.sequence = newest;
	r = liteio_pool_persist(p, &draft, err);
	/* what the other slot has is from before something that must be in both */
	if (!r)
		p->is_one_copy = true;
	return r;
}

static int check_sound(struct liteio_pool *p, struct liteio_error *err)
{
	int r = are_sound(p, err);

	if (r)
		return r < 0 ? r : 0;
	/* what is written next is not written over the newest that there is */
	(void)follow_disk(p);
	return liteio_error_set(err, -EIO,
				"the disk has not what was written to it: a slot of the catalog is still damaged, or old");
}

int liteio_pool_mend_copies(struct liteio_pool *p, struct liteio_error *err)
{
	int r = liteio_pool_check_writable(p, err);

	if (!r)
		r = mend_labels(p, err);
	if (!r)
		r = mend_slots(p, err);
	/* both were damaged: the second write is for the other one */
	if (!r)
		r = mend_slots(p, err);
	if (!r)
		r = check_sound(p, err);
	/* to the other slot, once what was written first has been found there */
	if (!r)
		r = liteio_pool_persist_owed(p, err);
	if (!r)
		r = check_sound(p, err);
	return r ? liteio_error_wrap(err, r, "pool %s", p->store.label.pool_name) : 0;
}

/* ---- shared blocks -------------------------------------------------------------------------- */

/* what all devices of the pool map together */
static int sum_mapped(const struct liteio_pool *p, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < p->cat.n_volumes; i++) {
		const struct liteio_catalog_volume *v = p->cat.volumes[i];
		struct liteio_engine *e;
		struct liteio_engine_volume s = { 0 };

		if (v->vclass == LITEIO_CATALOG_LINEAR || v->is_unmade)
			continue;
		e = liteio_pool_engine_of(p, v->vclass);
		if (e->ops->volume_status(e, &v->uuid, &s, NULL) &&
		    !liteio_pool_empty_is(p, v->thin_id))
			return -ENODATA;
		*ret += s.mapped_bytes;
	}
	return 0;
}

int liteio_pool_shared(struct liteio_pool *p, uint64_t *ret_bytes)
{
	struct liteio_engine_status thin = { 0 }, reserve = { 0 };
	uint64_t mapped;
	int r;

	if (!liteio_catalog_may_share(&p->cat)) {
		*ret_bytes = 0;
		return 0;
	}
	r = sum_mapped(p, &mapped);
	if (!r)
		r = p->engine->ops->status(p->engine, &thin, NULL);
	if (!r && p->reserve)
		r = p->reserve->ops->status(p->reserve, &reserve, NULL);
	if (r)
		return r;
	/* what was freed a moment ago still counts as in use */
	if (mapped < thin.data_used + reserve.data_used)
		return -ENODATA;
	*ret_bytes = mapped - thin.data_used - reserve.data_used;
	return 0;
}
