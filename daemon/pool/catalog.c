// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The catalog in memory: sorted arrays, looked up by bisection, and what must hold between records.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/catalog.h"

#define SIZE_MAX_BYTES (1ull << 60)

void liteio_catalog_init(struct liteio_catalog *c, const struct liteio_uuid *pool_uuid)
{
	*c = (struct liteio_catalog){ .pool_uuid = *pool_uuid, .next_thin_id = 1 };
}

void liteio_catalog_fini(struct liteio_catalog *c)
{
	free(c->volumes);
	free(c->attachments);
	free(c->extents);
	*c = (struct liteio_catalog){ 0 };
}

size_t liteio_catalog_room(size_t n)
{
	size_t room = 8;

	while (room < n)
		room *= 2;
	return room;
}

void liteio_catalog_copy(const struct liteio_catalog *from, struct liteio_catalog *ret)
{
	struct liteio_catalog c = *from;

	c.volumes = liteio_calloc(liteio_catalog_room(c.n_volumes), sizeof(*c.volumes));
	c.attachments = liteio_calloc(liteio_catalog_room(c.n_attachments),
				      sizeof(*c.attachments));
	c.extents = liteio_calloc(liteio_catalog_room(c.n_extents), sizeof(*c.extents));
	if (c.n_volumes)
		memcpy(c.volumes, from->volumes, c.n_volumes * sizeof(*c.volumes));
	if (c.n_attachments)
		memcpy(c.attachments, from->attachments, c.n_attachments * sizeof(*c.attachments));
	if (c.n_extents)
		memcpy(c.extents, from->extents, c.n_extents * sizeof(*c.extents));
	*ret = c;
}

/* ---- looking up ----------------------------------------------------------------------------- */

static int compare_uuid(const struct liteio_uuid *a, const struct liteio_uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

static int compare_att(const struct liteio_catalog_attachment *a, const struct liteio_uuid *volume,
		       uint64_t generation)
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

		if (compare_uuid(&c->volumes[mid].uuid, uuid) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* the first attachment not before (@volume, @generation) */
static size_t att_slot(const struct liteio_catalog *c, const struct liteio_uuid *volume,
		       uint64_t generation)
{
	size_t lo = 0, hi = c->n_attachments;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_att(&c->attachments[mid], volume, generation) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct liteio_catalog_volume *liteio_catalog_find(const struct liteio_catalog *c,
						  const struct liteio_uuid *uuid)
{
	size_t i = volume_slot(c, uuid);

	if (i < c->n_volumes && liteio_uuid_equal(&c->volumes[i].uuid, uuid))
		return &c->volumes[i];
	return NULL;
}

struct liteio_catalog_volume *liteio_catalog_find_name(const struct liteio_catalog *c,
						       enum liteio_catalog_kind kind,
						       const char *name)
{
	for (size_t i = 0; i < c->n_volumes; i++) {
		const struct liteio_catalog_volume *v = &c->volumes[i];

		if (v->kind == kind && v->state != LITEIO_CATALOG_DELETING &&
		    !strcmp(v->name, name))
			return &c->volumes[i];
	}
	return NULL;
}

struct liteio_catalog_attachment *liteio_catalog_find_att(const struct liteio_catalog *c,
							  const struct liteio_uuid *volume,
							  uint64_t generation)
{
	size_t i = att_slot(c, volume, generation);

	if (i < c->n_attachments && !compare_att(&c->attachments[i], volume, generation))
		return &c->attachments[i];
	return NULL;
}

struct liteio_catalog_volume *liteio_catalog_pending(const struct liteio_catalog *c)
{
	for (size_t i = 0; i < c->n_volumes; i++) {
		if (c->volumes[i].txid)
			return &c->volumes[i];
	}
	return NULL;
}

struct liteio_catalog_volume *liteio_catalog_replacing(const struct liteio_catalog *c,
						       const struct liteio_uuid *volume)
{
	for (size_t i = 0; i < c->n_volumes; i++) {
		if (c->volumes[i].txid && liteio_uuid_equal(&c->volumes[i].replaces, volume))
			return &c->volumes[i];
	}
	return NULL;
}

size_t liteio_catalog_count_live(const struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	size_t n = 0;

	for (size_t i = att_slot(c, volume, 0); i < c->n_attachments; i++) {
		if (!liteio_uuid_equal(&c->attachments[i].volume, volume))
			break;
		n += c->attachments[i].state == LITEIO_CATALOG_ATT_LIVE;
	}
	return n;
}

/* ---- changing ------------------------------------------------------------------------------- */

struct liteio_catalog_volume *liteio_catalog_add(struct liteio_catalog *c,
						 const struct liteio_catalog_volume *v)
{
	size_t i = volume_slot(c, &v->uuid);

	if (!c->volumes || c->n_volumes == liteio_catalog_room(c->n_volumes))
		c->volumes = liteio_realloc(c->volumes, liteio_catalog_room(c->n_volumes + 1),
					    sizeof(*c->volumes));
	memmove(&c->volumes[i + 1], &c->volumes[i], (c->n_volumes - i) * sizeof(*c->volumes));
	c->volumes[i] = *v;
	c->n_volumes++;
	return &c->volumes[i];
}

struct liteio_catalog_attachment *
liteio_catalog_add_att(struct liteio_catalog *c, const struct liteio_catalog_attachment *a)
{
	size_t i = att_slot(c, &a->volume, a->generation);

	if (!c->attachments || c->n_attachments == liteio_catalog_room(c->n_attachments))
		c->attachments = liteio_realloc(c->attachments,
						liteio_catalog_room(c->n_attachments + 1),
						sizeof(*c->attachments));
	memmove(&c->attachments[i + 1], &c->attachments[i],
		(c->n_attachments - i) * sizeof(*c->attachments));
	c->attachments[i] = *a;
	c->n_attachments++;
	return &c->attachments[i];
}

/* drop @n attachments from @i on */
static void drop_atts(struct liteio_catalog *c, size_t i, size_t n)
{
	if (!n)
		return;
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

	if (i >= c->n_volumes || !liteio_uuid_equal(&c->volumes[i].uuid, uuid))
		return false;
	drop_atts_below(c, uuid, UINT64_MAX);
	n = liteio_catalog_extents_of(c, uuid, &extent);
	liteio_catalog_drop_extents(c, extent, n);
	memmove(&c->volumes[i], &c->volumes[i + 1],
		(c->n_volumes - i - 1) * sizeof(*c->volumes));
	c->n_volumes--;
	return true;
}

bool liteio_catalog_remove_att(struct liteio_catalog *c, const struct liteio_uuid *volume,
			       uint64_t generation)
{
	size_t i = att_slot(c, volume, generation);

	if (i >= c->n_attachments || compare_att(&c->attachments[i], volume, generation))
		return false;
	drop_atts(c, i, 1);
	return true;
}

bool liteio_catalog_raise_floor(struct liteio_catalog *c, struct liteio_catalog_volume *v,
				uint64_t floor)
{
	if (floor <= v->floor)
		return false;
	v->floor = floor;
	drop_atts_below(c, &v->uuid, floor);
	return true;
}

bool liteio_catalog_raise_past(struct liteio_catalog *c, struct liteio_catalog_volume *v,
			       uint64_t generation)
{
	if (generation >= LITEIO_CATALOG_GEN_MAX)
		return false;
	for (size_t i = att_slot(c, &v->uuid, 0); i < c->n_attachments; i++) {
		const struct liteio_catalog_attachment *a = &c->attachments[i];

		if (!liteio_uuid_equal(&a->volume, &v->uuid) || a->generation >= generation)
			break;
		if (a->state == LITEIO_CATALOG_ATT_LIVE)
			return false;
	}
	return liteio_catalog_raise_floor(c, v, generation + 1);
}

/* the new data is the volume's, the old data goes under the uuid of the record */
static void take_place(struct liteio_catalog *c, struct liteio_catalog_volume *v)
{
	struct liteio_catalog_volume *target = liteio_catalog_find(c, &v->replaces);
	uint32_t old = target->thin_id;

	target->thin_id = v->thin_id;
	v->thin_id = old;
	v->state = LITEIO_CATALOG_DELETING;
	memcpy(v->name, target->name, sizeof(v->name));
	memset(&v->replaces, 0, sizeof(v->replaces));
}

void liteio_catalog_finish(struct liteio_catalog *c)
{
	struct liteio_catalog_volume *v;

	while ((v = liteio_catalog_pending(c))) {
		*liteio_catalog_txid(c, v->vclass) = v->txid;
		v->txid = 0;
		if (!liteio_uuid_is_null(&v->replaces)) {
			take_place(c, v);
		} else if (v->state == LITEIO_CATALOG_DELETING) {
			const struct liteio_uuid uuid = v->uuid;

			liteio_catalog_remove(c, &uuid);
		} else {
			v->state = LITEIO_CATALOG_READY;
		}
	}
}

uint64_t liteio_catalog_features(const struct liteio_catalog *c)
{
	uint64_t features = c->reserve_txid ? LITEIO_SLOT_INCOMPAT_RESERVE : 0;
	size_t pending = 0;

	for (size_t i = 0; i < c->n_volumes; i++) {
		const struct liteio_catalog_volume *v = &c->volumes[i];

		if (v->vclass == LITEIO_CATALOG_LINEAR)
			features |= LITEIO_SLOT_INCOMPAT_LINEAR;
		else if (v->vclass == LITEIO_CATALOG_RESERVED)
			features |= LITEIO_SLOT_INCOMPAT_RESERVE;
		features |= liteio_uuid_is_null(&v->replaces) ? 0 : LITEIO_SLOT_INCOMPAT_REPLACES;
		features |= v->wipe == LITEIO_CATALOG_WIPE_NONE ? 0 : LITEIO_SLOT_INCOMPAT_WIPE;
		pending += v->txid != 0;
	}
	return pending > 1 ? features | LITEIO_SLOT_INCOMPAT_GROUP : features;
}

/* ---- what must hold ------------------------------------------------------------------------- */

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
	if (v->txid && v->state == LITEIO_CATALOG_READY)
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
	    target->state != LITEIO_CATALOG_READY || target->vclass != v->vclass)
		return bad(err, &v->uuid, "replaces what is no volume of its class that is ready");
	return 0;
}

/* a transaction is that of one record, or creates the snapshots of a group */
static int check_pending(const struct liteio_catalog *c, struct liteio_error *err)
{
	const struct liteio_catalog_volume *first = liteio_catalog_pending(c);
	size_t pending = 0, members = 0;

	for (size_t i = 0; i < c->n_volumes; i++) {
		const struct liteio_catalog_volume *v = &c->volumes[i];

		pending += v->txid != 0;
		members += v->txid && v->kind == LITEIO_CATALOG_SNAPSHOT &&
			   v->state == LITEIO_CATALOG_CREATING && v->vclass == first->vclass;
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
		ids[i] = c->volumes[i].thin_id;
		if (c->volumes[i].state != LITEIO_CATALOG_DELETING)
			names[n_names++] = &c->volumes[i];
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
	const struct liteio_catalog_attachment *a = &c->attachments[i];
	const struct liteio_catalog_volume *v = liteio_catalog_find(c, &a->volume);

	if (i && compare_att(a - 1, &a->volume, a->generation) >= 0)
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

int liteio_catalog_check(const struct liteio_catalog *c, struct liteio_error *err)
{
	int r;

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
	for (size_t i = 0; i < c->n_volumes; i++) {
		r = check_volume(c, &c->volumes[i], err);
		if (r)
			return r;
		if (i && compare_uuid(&c->volumes[i - 1].uuid, &c->volumes[i].uuid) >= 0)
			return bad(err, &c->volumes[i].uuid, "is out of order or there twice");
	}
	for (size_t i = 0; i < c->n_volumes; i++) {
		r = check_replaces(c, &c->volumes[i], err);
		if (r)
			return r;
	}
	r = check_pending(c, err);
	if (r)
		return r;
	for (size_t i = 0; i < c->n_attachments; i++) {
		r = check_att(c, i, err);
		if (r)
			return r;
	}
	r = liteio_catalog_check_extents(c, err);
	return r ? r : check_unique(c, err);
}
