// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold in a catalog, and between its records: of all of them, or of those that a change
 * has to do with.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/catalog_record.h"

#define SIZE_MAX_BYTES (1ull << 60)

static int compare_uuid(const struct liteio_uuid *a, const struct liteio_uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

__attribute__((format(printf, 3, 4)))
static int bad(struct liteio_error *err, const struct liteio_uuid *uuid, const char *fmt, ...)
{
	char text[LITEIO_UUID_STRLEN + 1], what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	liteio_uuid_format(uuid, text);
	return liteio_error_set(err, -EBADMSG, "the catalog is damaged: volume %s %s", text, what);
}

static bool text_ok(const char *s, size_t size, bool may_be_empty)
{
	size_t len = strnlen(s, size);

	if (len == size || (!len && !may_be_empty))
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	}
	return true;
}

/* without a thin device: nothing can have been made from it, nor it from anything */
static int check_unmade(const struct liteio_catalog_volume *v, struct liteio_error *err)
{
	if (!v->is_unmade)
		return 0;
	if (v->vclass == LITEIO_CATALOG_LINEAR || v->kind != LITEIO_CATALOG_VOLUME)
		return bad(err, &v->uuid, "is unmade and never was to be made");
	if (v->state != LITEIO_CATALOG_READY || !liteio_uuid_is_null(&v->origin))
		return bad(err, &v->uuid, "is unmade and not an empty volume that is ready");
	return 0;
}

/* a place in a thin pool and what is under way there; a linear volume has neither */
static int check_place(const struct liteio_catalog *c, const struct liteio_catalog_volume *v,
		       struct liteio_error *err)
{
	uint64_t txid = v->vclass == LITEIO_CATALOG_RESERVED ? c->reserve_txid : c->thin_txid;

	if (v->vclass == LITEIO_CATALOG_LINEAR) {
		if (v->thin_id || v->txid)
			return bad(err, &v->uuid, "is linear and has a thin id or a transaction");
		if (v->kind != LITEIO_CATALOG_VOLUME)
			return bad(err, &v->uuid, "is a snapshot and linear");
		return 0;
	}
	if (!v->thin_id || v->thin_id > LITEIO_THIN_ID_MAX || v->thin_id >= c->next_thin_id)
		return bad(err, &v->uuid, "has the thin id %u, which was never given out",
			   v->thin_id);
	if (v->txid && v->txid != txid + 1)
		return bad(err, &v->uuid, "has the transaction %llu under way, %llu is the next",
			   (unsigned long long)v->txid, (unsigned long long)txid + 1);
	if (v->txid && v->state == LITEIO_CATALOG_READY && !v->is_unmade)
		return bad(err, &v->uuid, "is ready and has a transaction under way");
	if (!v->txid && v->state == LITEIO_CATALOG_CREATING)
		return bad(err, &v->uuid, "is being created without a transaction");
	return 0;
}

static int check_volume(const struct liteio_catalog *c, const struct liteio_catalog_volume *v,
			struct liteio_error *err)
{
	if (liteio_uuid_is_null(&v->uuid))
		return bad(err, &v->uuid, "has no uuid");
	if (v->kind != LITEIO_CATALOG_VOLUME && v->kind != LITEIO_CATALOG_SNAPSHOT)
		return bad(err, &v->uuid, "is of no known kind");
	if (v->vclass < LITEIO_CATALOG_THIN || v->vclass > LITEIO_CATALOG_LINEAR)
		return bad(err, &v->uuid, "is of no known class");
	if (v->state < LITEIO_CATALOG_CREATING || v->state > LITEIO_CATALOG_DELETING)
		return bad(err, &v->uuid, "is in no known state");
	if (!v->size_bytes || v->size_bytes > SIZE_MAX_BYTES || v->size_bytes % 512)
		return bad(err, &v->uuid, "has no valid size");
	if (v->floor < LITEIO_CATALOG_GEN_MIN || v->floor > LITEIO_CATALOG_GEN_MAX)
		return bad(err, &v->uuid, "has no valid floor");
	if (liteio_uuid_equal(&v->uuid, &v->origin))
		return bad(err, &v->uuid, "is its own origin");
	if (!text_ok(v->name, sizeof(v->name), false) || liteio_name_check("volume", v->name, NULL))
		return bad(err, &v->uuid, "has no valid name");
	if (!text_ok(v->owner, sizeof(v->owner), true))
		return bad(err, &v->uuid, "has no valid owner");
	if (v->wipe > LITEIO_CATALOG_WIPE_ZERO)
		return bad(err, &v->uuid, "is to be wiped in no known way");
	if (v->zeroed_bytes > v->size_bytes)
		return bad(err, &v->uuid, "is zeroed behind its end");
	if (check_unmade(v, err))
		return -EBADMSG;
	return check_place(c, v, err);
}

/* a roll back that is under way */
static int check_replaces(const struct liteio_catalog *c, const struct liteio_catalog_volume *v,
			  struct liteio_error *err)
{
	const struct liteio_catalog_volume *target;

	if (liteio_uuid_is_null(&v->replaces))
		return 0;
	target = liteio_catalog_find(c, &v->replaces);
	if (v->kind != LITEIO_CATALOG_VOLUME || v->state != LITEIO_CATALOG_CREATING)
		return bad(err, &v->uuid, "replaces another and is not being created");
	if (!target || target->kind != LITEIO_CATALOG_VOLUME ||
	    target->state != LITEIO_CATALOG_READY || target->is_unmade ||
	    target->vclass != v->vclass)
		return bad(err, &v->uuid, "replaces what is no volume of its class that is ready");
	return 0;
}

/* one of several that a transaction may be about together */
static bool is_member(const struct liteio_catalog_volume *v, bool is_making)
{
	if (is_making)
		return v->is_unmade;
	return v->kind == LITEIO_CATALOG_SNAPSHOT && v->state == LITEIO_CATALOG_CREATING;
}

/*
 * a transaction is that of one record, or creates the snapshots of a group, or makes the devices of
 * several volumes
 */
static int check_pending(const struct liteio_catalog *c, struct liteio_error *err)
{
	const struct liteio_catalog_volume *first = liteio_catalog_pending(c);
	size_t pending = 0, members = 0;

	for (size_t i = 0; i < c->n_volumes; i++) {
		const struct liteio_catalog_volume *v = c->volumes[i];

		pending += v->txid != 0;
		members += v->txid && v->vclass == first->vclass &&
			   is_member(v, first->is_unmade);
	}
	if (pending > 1 && members < pending)
		return liteio_error_set(err, -EBADMSG,
					"the catalog is damaged: %zu operations are under way",
					pending);
	return 0;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int compare_names(const void *a, const void *b)
{
	const struct liteio_catalog_volume *x = *(const struct liteio_catalog_volume *const *)a;
	const struct liteio_catalog_volume *y = *(const struct liteio_catalog_volume *const *)b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->name, y->name);
}

/*
 * Thin ids and names, each given once; what is being deleted has no name any more. Sorted copies,
 * so that a full catalog is checked in no time.
 */
static int check_unique(const struct liteio_catalog *c, struct liteio_error *err)
{
	uint32_t *ids _cleanup_free_ = liteio_calloc(c->n_volumes + 1, sizeof(*ids));
	const struct liteio_catalog_volume **names _cleanup_free_ =
		liteio_calloc(c->n_volumes + 1, sizeof(*names));

	size_t n_names = 0;

	for (size_t i = 0; i < c->n_volumes; i++) {
		ids[i] = c->volumes[i]->thin_id;
		if (c->volumes[i]->state != LITEIO_CATALOG_DELETING)
			names[n_names++] = c->volumes[i];
	}
	qsort(ids, c->n_volumes, sizeof(*ids), compare_u32);
	qsort(names, n_names, sizeof(*names), compare_names);
	for (size_t i = 1; i < c->n_volumes; i++) {
		if (ids[i] && ids[i] == ids[i - 1])
			return liteio_error_set(err, -EBADMSG,
						"the catalog is damaged: thin id %u is there twice",
						ids[i]);
	}
	for (size_t i = 1; i < n_names; i++) {
		if (!compare_names(&names[i], &names[i - 1]))
			return bad(err, &names[i]->uuid, "has the name \"%s\" of another",
				   names[i]->name);
	}
	return 0;
}

static int check_att(const struct liteio_catalog *c, size_t i, struct liteio_error *err)
{
	const struct liteio_catalog_attachment *a = c->attachments[i];
	const struct liteio_catalog_volume *v = liteio_catalog_find(c, &a->volume);

	if (i && liteio_catalog_compare_att(c->attachments[i - 1], &a->volume,
					    a->generation) >= 0)
		return bad(err, &a->volume, "has attachments out of order or twice");
	if (!v)
		return bad(err, &a->volume, "has an attachment and does not exist");
	if (v->kind != LITEIO_CATALOG_VOLUME)
		return bad(err, &a->volume, "is a snapshot and has an attachment");
	if (a->generation < v->floor || a->generation > LITEIO_CATALOG_GEN_MAX)
		return bad(err, &a->volume, "has an attachment %llu, its floor is %llu",
			   (unsigned long long)a->generation, (unsigned long long)v->floor);
	if (a->state != LITEIO_CATALOG_ATT_LIVE && a->state != LITEIO_CATALOG_ATT_FENCED)
		return bad(err, &a->volume, "has an attachment in no known state");
	if (a->state == LITEIO_CATALOG_ATT_LIVE && v->state != LITEIO_CATALOG_READY)
		return bad(err, &a->volume, "is attached and not ready");
	if (a->flags & ~(LITEIO_CATALOG_ATT_READ_ONLY | LITEIO_CATALOG_ATT_LOCAL))
		return bad(err, &a->volume, "has an attachment with unknown flags");
	if (!text_ok(a->host, sizeof(a->host), true))
		return bad(err, &a->volume, "has an attachment without a valid host");
	return 0;
}

static int check_counters(const struct liteio_catalog *c, struct liteio_error *err)
{
	if (liteio_uuid_is_null(&c->pool_uuid))
		return liteio_error_set(err, -EBADMSG, "the catalog is damaged: it has no pool");
	if (!c->next_thin_id || c->next_thin_id > LITEIO_THIN_ID_MAX + 1)
		return liteio_error_set(err, -EBADMSG, "the catalog is damaged: next thin id %u",
					c->next_thin_id);
	if (c->thin_txid >= INT64_MAX || c->reserve_txid >= INT64_MAX || c->sequence >= INT64_MAX)
		return liteio_error_set(err, -EBADMSG,
					"the catalog is damaged: a counter is out of range");
	if (c->overcommit_percent && (c->overcommit_percent < LITEIO_OVERCOMMIT_MIN ||
				      c->overcommit_percent > LITEIO_OVERCOMMIT_MAX))
		return liteio_error_set(err, -EBADMSG,
					"the catalog is damaged: its overcommit is %u percent",
					c->overcommit_percent);
	return 0;
}

/* each behind the one before it */
static int check_order(const struct liteio_catalog *c, size_t i, struct liteio_error *err)
{
	if (i && i < c->n_volumes &&
	    compare_uuid(&c->volumes[i - 1]->uuid, &c->volumes[i]->uuid) >= 0)
		return bad(err, &c->volumes[i]->uuid, "is out of order or there twice");
	return 0;
}

/* what is under way, which a change of something else may have to do with */
static int check_under_way(const struct liteio_catalog *c, struct liteio_error *err)
{
	int r = check_pending(c, err);

	for (size_t i = 0; i < c->n_volumes && !r; i++) {
		if (c->volumes[i]->txid)
			r = check_place(c, c->volumes[i], err);
		if (!r)
			r = check_replaces(c, c->volumes[i], err);
	}
	return r;
}

int liteio_catalog_check(const struct liteio_catalog *c, struct liteio_error *err)
{
	int r = check_counters(c, err);

	for (size_t i = 0; i < c->n_volumes && !r; i++) {
		r = check_volume(c, c->volumes[i], err);
		if (!r)
			r = check_order(c, i, err);
	}
	if (!r)
		r = check_under_way(c, err);
	for (size_t i = 0; i < c->n_attachments && !r; i++)
		r = check_att(c, i, err);
	if (!r)
		r = liteio_catalog_check_extents(c, err);
	return r ? r : check_unique(c, err);
}

/* ---- a change ------------------------------------------------------------------------------- */

/* no other volume has its thin id */
static int check_id(const struct liteio_catalog *c, const struct liteio_catalog_volume *v,
		    struct liteio_error *err)
{
	for (size_t i = 0; v->thin_id && i < c->n_volumes; i++) {
		if (c->volumes[i]->thin_id == v->thin_id && c->volumes[i] != v)
			return liteio_error_set(err, -EBADMSG,
						"the catalog is damaged: thin id %u is there twice",
						v->thin_id);
	}
	return 0;
}

/* ... nor its name */
static int check_name(const struct liteio_catalog *c, const struct liteio_catalog_volume *v,
		      struct liteio_error *err)
{
	uint32_t key = liteio_record_name_key(v->name);

	for (size_t i = 0; v->state != LITEIO_CATALOG_DELETING && i < c->n_volumes; i++) {
		const struct liteio_catalog_volume *o = c->volumes[i];

		if (liteio_record_may_be(liteio_record_of(o), key) && o != v &&
		    o->kind == v->kind && o->state != LITEIO_CATALOG_DELETING &&
		    !strcmp(o->name, v->name))
			return bad(err, &v->uuid, "has the name \"%s\" of another", v->name);
	}
	return 0;
}

/* the attachments of a volume that has changed, or is not there any more */
static int check_atts_of(const struct liteio_catalog *c, const struct liteio_uuid *volume,
			 struct liteio_error *err)
{
	size_t first, n = liteio_catalog_atts_of(c, volume, &first);
	int r = 0;

	for (size_t i = first; i < first + n && !r; i++)
		r = check_att(c, i, err);
	return r;
}

/*
 * It is known, without a look at all of them, that no volume that the catalogs share has its name.
 * Of two new ones with one name, the one that was sealed second is not the first.
 */
static bool has_new_name(const struct liteio_catalog *was, const struct liteio_catalog *c,
			 const struct liteio_catalog_volume *v)
{
	/* the bits of all these were there when it was sealed */
	return c->names == was->names && liteio_record_of(v)->is_first;
}

/* @old is what it was, NULL for a new one */
static int check_changed(const struct liteio_catalog *was, const struct liteio_catalog *c, size_t i,
			 const struct liteio_catalog_volume *old, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = c->volumes[i];
	int r = check_volume(c, v, err);

	if (!r)
		r = check_order(c, i, err);
	if (!r)
		r = check_order(c, i + 1, err);
	if (!r)
		r = check_replaces(c, v, err);
	if (!r && !has_new_name(was, c, v) &&
	    (!old || old->kind != v->kind || old->state == LITEIO_CATALOG_DELETING ||
	     strcmp(old->name, v->name) != 0))
		r = check_name(c, v, err);
	return r ? r : check_atts_of(c, &v->uuid, err);
}

/* the volumes that the catalogs do not share; 1: some are linear, or were */
static int check_volumes_changed(const struct liteio_catalog *was, const struct liteio_catalog *c,
				 struct liteio_error *err)
{
	const struct liteio_catalog_volume *old, *v;
	size_t i = liteio_catalog_same(was, NULL, c).n_volumes, k = i;
	unsigned int n_new = 0;
	int r = 0, d;
	bool is_linear = false;

	while (!r && (i < was->n_volumes || k < c->n_volumes)) {
		old = i < was->n_volumes ? was->volumes[i] : NULL;
		v = k < c->n_volumes ? c->volumes[k] : NULL;
		if (old == v) {
			i++;
			k++;
			continue;
		}
		d = !old ? 1 : !v ? -1 : compare_uuid(&old->uuid, &v->uuid);
		is_linear = is_linear || (d <= 0 && old->vclass == LITEIO_CATALOG_LINEAR) ||
			    (d >= 0 && v->vclass == LITEIO_CATALOG_LINEAR);
		if (d < 0)
			r = check_atts_of(c, &old->uuid, err);
		else
			r = check_changed(was, c, k, d ? NULL : old, err);
		/* the first id that was never given out before is nobody else's */
		if (!r && d >= 0 && (v->thin_id < was->next_thin_id || n_new++) &&
		    (d || old->thin_id != v->thin_id))
			r = check_id(c, v, err);
		i += d <= 0;
		k += d >= 0;
	}
	return r ? r : is_linear;
}

static int check_atts_changed(const struct liteio_catalog *was, const struct liteio_catalog *c,
			      struct liteio_error *err)
{
	size_t i = liteio_catalog_same(was, NULL, c).n_atts;
	int r = 0;

	for (size_t k = i; k < c->n_attachments && !r; k++) {
		const struct liteio_catalog_attachment *a = c->attachments[k];

		while (i < was->n_attachments && was->attachments[i] != a &&
		       liteio_catalog_compare_att(was->attachments[i], &a->volume,
						  a->generation) <= 0)
			i++;
		if (i < was->n_attachments && was->attachments[i] == a) {
			i++;
			continue;
		}
		r = check_att(c, k, err);
		if (!r && k + 1 < c->n_attachments)
			r = check_att(c, k + 1, err);
	}
	return r;
}

static bool same_extents(const struct liteio_catalog *a, const struct liteio_catalog *b)
{
	return a->n_extents == b->n_extents &&
	       (!a->n_extents ||
		!memcmp(a->extents, b->extents, a->n_extents * sizeof(*a->extents)));
}

static bool any_pending(const struct liteio_catalog *c)
{
	return c->sum.n_pending;
}

int liteio_catalog_check_change(struct liteio_catalog *was, struct liteio_catalog *c,
				struct liteio_error *err)
{
	int r, linear;

	liteio_catalog_seal(was);
	liteio_catalog_seal(c);
	/* all ids may have become too high */
	if (c->next_thin_id < was->next_thin_id)
		return liteio_catalog_check(c, err);
	r = check_counters(c, err);
	if (r)
		return r;
	linear = check_volumes_changed(was, c, err);
	if (linear < 0)
		return linear;
	if (any_pending(c) && (any_pending(was) || c->sum.n_pending > 1))
		r = check_under_way(c, err);
	if (!r)
		r = check_atts_changed(was, c, err);
	if (!r && (linear || !same_extents(was, c)))
		r = liteio_catalog_check_extents(c, err);
	return r;
}
