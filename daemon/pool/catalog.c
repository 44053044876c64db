// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The catalog in memory: sorted arrays, looked up by bisection.
 */
#include <string.h>

#include "base/str.h"
#include "pool/catalog_record.h"

/* ---- looking up ----------------------------------------------------------------------------- */

static int compare_uuid(const struct liteio_uuid *a, const struct liteio_uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

int liteio_catalog_compare_att(const struct liteio_catalog_attachment *a,
			       const struct liteio_uuid *volume, uint64_t generation)
{
	int d = compare_uuid(&a->volume, volume);

	if (d)
		return d;
	return a->generation < generation ? -1 : a->generation > generation;
}

/* the first volume not before @uuid */
static size_t volume_slot(const struct liteio_catalog *c, const struct liteio_uuid *uuid)
{
	size_t lo = 0, hi = c->n_volumes;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_uuid(&c->volumes[mid]->uuid, uuid) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t liteio_catalog_after(const struct liteio_catalog *c, const struct liteio_uuid *uuid)
{
	size_t i = volume_slot(c, uuid);

	return i + (i < c->n_volumes && !compare_uuid(&c->volumes[i]->uuid, uuid));
}

/* the first attachment not before (@volume, @generation) */
static size_t att_slot(const struct liteio_catalog *c, const struct liteio_uuid *volume,
		       uint64_t generation)
{
	size_t lo = 0, hi = c->n_attachments;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (liteio_catalog_compare_att(c->attachments[mid], volume, generation) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct liteio_catalog_volume *liteio_catalog_find(const struct liteio_catalog *c,
							const struct liteio_uuid *uuid)
{
	size_t i = volume_slot(c, uuid);

	if (i < c->n_volumes && liteio_uuid_equal(&c->volumes[i]->uuid, uuid))
		return c->volumes[i];
	return NULL;
}

const struct liteio_catalog_volume *liteio_catalog_find_name(const struct liteio_catalog *c,
							     enum liteio_catalog_kind kind,
							     const char *name)
{
	uint32_t key = liteio_record_name_key(name);
	size_t n_summed = c->n_summed;
	size_t end = liteio_catalog_may_have(c, key) ? 0 : n_summed;

	/* the newest first, which is asked for most */
	for (size_t i = c->n_volumes; i-- > end;) {
		const struct liteio_catalog_volume *v = c->volumes[i];

		if (liteio_record_may_be(liteio_record_of(v), key) && v->kind == kind &&
		    v->state != LITEIO_CATALOG_DELETING && !strcmp(v->name, name))
			return v;
	}
	return NULL;
}

const struct liteio_catalog_attachment *liteio_catalog_find_att(const struct liteio_catalog *c,
								const struct liteio_uuid *volume,
								uint64_t generation)
{
	size_t i = att_slot(c, volume, generation);

	if (i < c->n_attachments &&
	    !liteio_catalog_compare_att(c->attachments[i], volume, generation))
		return c->attachments[i];
	return NULL;
}

size_t liteio_catalog_atts_of(const struct liteio_catalog *c, const struct liteio_uuid *volume,
			      size_t *ret_first)
{
	size_t first = att_slot(c, volume, 0), end = first;

	/* most have one or two, which are seen sooner than the end is looked for among all */
	while (end < c->n_attachments &&
	       liteio_uuid_equal(&c->attachments[end]->volume, volume))
		end++;
	*ret_first = first;
	return end - first;
}

/* it is known that there is none */
static bool none_is_pending(const struct liteio_catalog *c)
{
	return c->n_summed == c->n_volumes && !c->sum.n_pending;
}

const struct liteio_catalog_volume *liteio_catalog_pending(const struct liteio_catalog *c)
{
	size_t lo = 0, hi = c->n_summed / LITEIO_CATALOG_SUM_EACH;

	/* the first sum with one, or behind all of them */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->sums[mid].n_pending)
			hi = mid;
		else
			lo = mid + 1;
	}
	lo = c->sum.n_pending ? lo * LITEIO_CATALOG_SUM_EACH : c->n_summed;
	for (; lo < c->n_volumes; lo++) {
		if (c->volumes[lo]->txid)
			return c->volumes[lo];
	}
	return NULL;
}

const struct liteio_catalog_volume *liteio_catalog_replacing(const struct liteio_catalog *c,
							     const struct liteio_uuid *volume)
{
	if (none_is_pending(c))
		return NULL;
	for (size_t i = 0; i < c->n_volumes; i++) {
		if (c->volumes[i]->txid && liteio_uuid_equal(&c->volumes[i]->replaces, volume))
			return c->volumes[i];
	}
	return NULL;
}

size_t liteio_catalog_count_live(const struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	size_t first, n = liteio_catalog_atts_of(c, volume, &first), live = 0;

	for (size_t i = first; i < first + n; i++)
		live += c->attachments[i]->state == LITEIO_CATALOG_ATT_LIVE;
	return live;
}

/* what all volumes take, whether they are sealed or not */
static struct liteio_catalog_sum sum_space(const struct liteio_catalog *c)
{
	struct liteio_catalog_sum sum = c->sum;

	for (size_t i = c->n_summed; i < c->n_volumes; i++)
		liteio_record_add_space(c->volumes[i], &sum);
	return sum;
}

void liteio_catalog_promised(const struct liteio_catalog *c, uint64_t *ret_thin,
			     uint64_t *ret_reserved)
{
	const struct liteio_catalog_sum sum = sum_space(c);

	*ret_thin = sum.thin_bytes;
	*ret_reserved = sum.reserved_bytes;
}

uint32_t liteio_catalog_unmade(const struct liteio_catalog *c, enum liteio_catalog_class vclass)
{
	const struct liteio_catalog_sum sum = sum_space(c);

	return vclass == LITEIO_CATALOG_RESERVED ? sum.reserved_unmade : sum.thin_unmade;
}

bool liteio_catalog_may_share(const struct liteio_catalog *c)
{
	return sum_space(c).n_sharing > 0;
}

/* the head of a volume that is attached read-only refuses discards */
static bool is_discarding(const struct liteio_catalog *c, const struct liteio_catalog_attachment *a)
{
	const struct liteio_catalog_volume *v;

	if (a->state != LITEIO_CATALOG_ATT_LIVE || (a->flags & LITEIO_CATALOG_ATT_READ_ONLY))
		return false;
	v = liteio_catalog_find(c, &a->volume);
	return v && v->vclass == LITEIO_CATALOG_THIN;
}

bool liteio_catalog_may_unshare(const struct liteio_catalog *c)
{
	const struct liteio_catalog_sum sum = sum_space(c);
	bool is = sum.thin_deleting > 0;

	if (!sum.thin_sharing)
		return false;
	for (size_t i = 0; i < c->n_attachments && !is; i++)
		is = is_discarding(c, c->attachments[i]);
	return is;
}

/* ---- changing ------------------------------------------------------------------------------- */

/* nothing is known any more of the volumes from @i on, together with those before */
static void volumes_change(struct liteio_catalog *c, size_t i)
{
	size_t n_sums = i / LITEIO_CATALOG_SUM_EACH;

	if (c->n_summed > i) {
		c->n_summed = n_sums * LITEIO_CATALOG_SUM_EACH;
		c->sum = n_sums ? c->sums[n_sums - 1] : (struct liteio_catalog_sum){ 0 };
	}
	if (c->same.n_volumes > i)
		c->same.n_volumes = i;
	c->has_crc = false;
}

static void atts_change(struct liteio_catalog *c, size_t i)
{
	/* most come last; of fewer than all no checksum is kept */
	if (c->n_sealed_atts > i) {
		c->n_sealed_atts = 0;
		c->atts_crc = 0;
	}
	if (c->same.n_atts > i)
		c->same.n_atts = i;
	c->has_crc = false;
}

struct liteio_catalog_volume *liteio_catalog_edit(struct liteio_catalog *c,
						  const struct liteio_uuid *uuid)
{
	size_t i = volume_slot(c, uuid);

	if (i >= c->n_volumes || !liteio_uuid_equal(&c->volumes[i]->uuid, uuid))
		return NULL;
	volumes_change(c, i);
	c->volumes[i] = liteio_record_own(c->volumes[i]);
	return c->volumes[i];
}

struct liteio_catalog_attachment *liteio_catalog_edit_att(struct liteio_catalog *c,
							  const struct liteio_uuid *volume,
							  uint64_t generation)
{
	size_t i = att_slot(c, volume, generation);

	if (i >= c->n_attachments ||
	    liteio_catalog_compare_att(c->attachments[i], volume, generation))
		return NULL;
	atts_change(c, i);
	c->attachments[i] = liteio_record_own_att(c->attachments[i]);
	return c->attachments[i];
}

struct liteio_catalog_volume *liteio_catalog_add(struct liteio_catalog *c,
						 const struct liteio_catalog_volume *v)
{
	size_t i = volume_slot(c, &v->uuid), room = liteio_catalog_room(c->n_volumes + 1);

	if (!c->volumes || c->n_volumes == liteio_catalog_room(c->n_volumes)) {
		c->volumes = liteio_realloc(c->volumes, room, sizeof(*c->volumes));
		c->sums = liteio_realloc(c->sums, liteio_catalog_sums_room(c->n_volumes + 1),
					 sizeof(*c->sums));
	}
	volumes_change(c, i);
	memmove(&c->volumes[i + 1], &c->volumes[i], (c->n_volumes - i) * sizeof(*c->volumes));
	c->volumes[i] = liteio_record_new(v);
	c->n_volumes++;
	return c->volumes[i];
}

struct liteio_catalog_attachment *
liteio_catalog_add_att(struct liteio_catalog *c, const struct liteio_catalog_attachment *a)
{
	size_t i = att_slot(c, &a->volume, a->generation);

	if (!c->attachments || c->n_attachments == liteio_catalog_room(c->n_attachments))
		c->attachments = liteio_realloc(c->attachments,
						liteio_catalog_room(c->n_attachments + 1),
						sizeof(*c->attachments));
	atts_change(c, i);
	memmove(&c->attachments[i + 1], &c->attachments[i],
		(c->n_attachments - i) * sizeof(*c->attachments));
	c->attachments[i] = liteio_record_new_att(a);
	c->n_attachments++;
	return c->attachments[i];
}

/* drop @n attachments from @i on */
static void drop_atts(struct liteio_catalog *c, size_t i, size_t n)
{
	if (!n)
		return;
	atts_change(c, i);
	for (size_t k = i; k < i + n; k++)
		liteio_record_drop(liteio_record_of_att(c->attachments[k]));
	memmove(&c->attachments[i], &c->attachments[i + n],
		(c->n_attachments - i - n) * sizeof(*c->attachments));
	c->n_attachments -= n;
}

/* drop the attachments of a volume with a generation below @floor */
static void drop_atts_below(struct liteio_catalog *c, const struct liteio_uuid *volume,
			    uint64_t floor)
{
	size_t from = att_slot(c, volume, 0);

	drop_atts(c, from, att_slot(c, volume, floor) - from);
}

bool liteio_catalog_remove(struct liteio_catalog *c, const struct liteio_uuid *uuid)
{
	size_t i = volume_slot(c, uuid), extent, n;

	if (i >= c->n_volumes || !liteio_uuid_equal(&c->volumes[i]->uuid, uuid))
		return false;
	drop_atts_below(c, uuid, UINT64_MAX);
	n = liteio_catalog_extents_of(c, uuid, &extent);
	liteio_catalog_drop_extents(c, extent, n);
	volumes_change(c, i);
	liteio_record_drop(liteio_record_of(c->volumes[i]));
	memmove(&c->volumes[i], &c->volumes[i + 1],
		(c->n_volumes - i - 1) * sizeof(*c->volumes));
	c->n_volumes--;
	return true;
}

bool liteio_catalog_remove_att(struct liteio_catalog *c, const struct liteio_uuid *volume,
			       uint64_t generation)
{
	size_t i = att_slot(c, volume, generation);

	if (i >= c->n_attachments ||
	    liteio_catalog_compare_att(c->attachments[i], volume, generation))
		return false;
	drop_atts(c, i, 1);
	return true;
}

bool liteio_catalog_raise_floor(struct liteio_catalog *c, const struct liteio_uuid *uuid,
				uint64_t floor)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(c, uuid);

	if (!v || floor <= v->floor)
		return false;
	liteio_catalog_edit(c, uuid)->floor = floor;
	drop_atts_below(c, uuid, floor);
	return true;
}

bool liteio_catalog_raise_past(struct liteio_catalog *c, const struct liteio_uuid *uuid,
			       uint64_t generation)
{
	if (generation >= LITEIO_CATALOG_GEN_MAX)
		return false;
	for (size_t i = att_slot(c, uuid, 0); i < att_slot(c, uuid, generation); i++) {
		if (c->attachments[i]->state == LITEIO_CATALOG_ATT_LIVE)
			return false;
	}
	return liteio_catalog_raise_floor(c, uuid, generation + 1);
}

/* the new data is the volume's, the old data goes under the uuid of the record */
static void take_place(struct liteio_catalog *c, struct liteio_catalog_volume *v)
{
	struct liteio_catalog_volume *target = liteio_catalog_edit(c, &v->replaces);
	uint32_t old = target->thin_id;

	target->thin_id = v->thin_id;
	v->thin_id = old;
	v->state = LITEIO_CATALOG_DELETING;
	memcpy(v->name, target->name, sizeof(v->name));
	memset(&v->replaces, 0, sizeof(v->replaces));
}

void liteio_catalog_finish(struct liteio_catalog *c)
{
	const struct liteio_catalog_volume *pending;

	while ((pending = liteio_catalog_pending(c))) {
		const struct liteio_uuid uuid = pending->uuid;
		struct liteio_catalog_volume *v = liteio_catalog_edit(c, &uuid);

		*liteio_catalog_txid(c, v->vclass) = v->txid;
		v->txid = 0;
		v->is_unmade = false;
		if (!liteio_uuid_is_null(&v->replaces))
			take_place(c, v);
		else if (v->state == LITEIO_CATALOG_DELETING)
			liteio_catalog_remove(c, &uuid);
		else
			v->state = LITEIO_CATALOG_READY;
	}
}

/*
 * Whether a device that was taken back is off the disk the kernel does not say: by its id nothing
 * is made again, as long as there are others
 */
static void unmake(struct liteio_catalog *c, struct liteio_catalog_volume *v)
{
	v->txid = 0;
	if (c->next_thin_id <= LITEIO_THIN_ID_MAX)
		v->thin_id = c->next_thin_id++;
}

void liteio_catalog_undo(struct liteio_catalog *c)
{
	const struct liteio_catalog_volume *pending;

	while ((pending = liteio_catalog_pending(c))) {
		const struct liteio_uuid uuid = pending->uuid;

		if (pending->is_unmade)
			unmake(c, liteio_catalog_edit(c, &uuid));
		else
			liteio_catalog_remove(c, &uuid);
	}
}
