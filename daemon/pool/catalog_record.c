// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The records of catalogs: made, shared, and what is known of them.
 */
#include <string.h>

#include "base/str.h"
#include "pool/catalog_record.h"
#include "pool/crc32c.h"

static_assert(LITEIO_CRC32C_UNIT == LITEIO_RECORD_BYTES, "checksums of records are joined");

/* ---- one ------------------------------------------------------------------------------------ */

uint32_t liteio_record_name_key(const char *name)
{
	return liteio_crc32c(0, name, strnlen(name, LITEIO_ONDISK_NAME));
}

struct liteio_catalog_volume *liteio_record_new(const struct liteio_catalog_volume *v)
{
	struct liteio_record_volume *new = liteio_calloc(1, sizeof(*new));

	new->r.refs = 1;
	new->v = *v;
	return &new->v;
}

struct liteio_catalog_attachment *liteio_record_new_att(const struct liteio_catalog_attachment *a)
{
	struct liteio_record_att *new = liteio_calloc(1, sizeof(*new));

	new->r.refs = 1;
	new->a = *a;
	return &new->a;
}

struct liteio_catalog_volume *liteio_record_own(struct liteio_catalog_volume *v)
{
	struct liteio_record *r = liteio_record_of(v);
	struct liteio_catalog_volume *own;

	if (r->refs == 1) {
		r->is_sealed = false;
		return v;
	}
	own = liteio_record_new(v);
	liteio_record_drop(r);
	return own;
}

struct liteio_catalog_attachment *liteio_record_own_att(struct liteio_catalog_attachment *a)
{
	struct liteio_record *r = liteio_record_of_att(a);
	struct liteio_catalog_attachment *own;

	if (r->refs == 1) {
		r->is_sealed = false;
		return a;
	}
	own = liteio_record_new_att(a);
	liteio_record_drop(r);
	return own;
}

/* ---- what is known of them ------------------------------------------------------------------ */

/* false: it was already */
static bool seal(struct liteio_catalog_volume *v)
{
	struct liteio_record *r = liteio_record_of(v);

	if (r->is_sealed)
		return false;
	memset(r->bytes, 0, sizeof(r->bytes));
	liteio_record_encode(v, (struct liteio_ondisk_volume *)r->bytes);
	r->crc = liteio_crc32c(0, r->bytes, sizeof(r->bytes));
	r->name_key = liteio_record_name_key(v->name);
	r->is_sealed = true;
	return true;
}

static void seal_att(struct liteio_catalog_attachment *a)
{
	struct liteio_record *r = liteio_record_of_att(a);

	if (r->is_sealed)
		return;
	memset(r->bytes, 0, sizeof(r->bytes));
	liteio_record_encode_att(a, (struct liteio_ondisk_attachment *)r->bytes);
	r->crc = liteio_crc32c(0, r->bytes, sizeof(r->bytes));
	r->is_sealed = true;
}

static uint64_t features_of(const struct liteio_catalog_volume *v)
{
	uint64_t features = 0;

	if (v->vclass == LITEIO_CATALOG_LINEAR)
		features |= LITEIO_SLOT_INCOMPAT_LINEAR;
	else if (v->vclass == LITEIO_CATALOG_RESERVED)
		features |= LITEIO_SLOT_INCOMPAT_RESERVE;
	if (!liteio_uuid_is_null(&v->replaces))
		features |= LITEIO_SLOT_INCOMPAT_REPLACES;
	if (v->wipe != LITEIO_CATALOG_WIPE_NONE)
		features |= LITEIO_SLOT_INCOMPAT_WIPE;
	if (v->is_unmade)
		features |= LITEIO_SLOT_INCOMPAT_UNMADE;
	return features;
}

void liteio_record_add_space(const struct liteio_catalog_volume *v, struct liteio_catalog_sum *sum)
{
	bool is_sharing = v->kind == LITEIO_CATALOG_SNAPSHOT || !liteio_uuid_is_null(&v->origin);

	if (v->vclass == LITEIO_CATALOG_THIN) {
		sum->thin_bytes += v->size_bytes;
		sum->thin_unmade += v->is_unmade;
		sum->thin_sharing += is_sharing;
		sum->thin_deleting += v->state == LITEIO_CATALOG_DELETING;
	} else if (v->vclass == LITEIO_CATALOG_RESERVED) {
		sum->reserved_bytes += v->size_bytes;
		sum->reserved_unmade += v->is_unmade;
	}
	sum->n_sharing += is_sharing;
}

static void add_up(const struct liteio_catalog_volume *v, struct liteio_catalog_sum *sum)
{
	sum->crc = liteio_crc32c_join(sum->crc, liteio_record_of(v)->crc);
	sum->n_pending += v->txid != 0;
	sum->features |= features_of(v);
	liteio_record_add_space(v, sum);
}

/* ---- names ---------------------------------------------------------------------------------- */

static void names_drop(struct liteio_catalog_names *names)
{
	if (names && !--names->refs)
		free(names);
}

/* true: none with this key was there */
static bool names_add(struct liteio_catalog_names *names, uint32_t key)
{
	uint64_t *word = &names->bits[key % LITEIO_CATALOG_NAMES_BITS / 64];
	uint64_t bit = 1ull << key % 64;
	/* others look at it */
	bool is_first = !(__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit);

	names->n += is_first;
	return is_first;
}

bool liteio_catalog_may_have(const struct liteio_catalog *c, uint32_t name_key)
{
	const uint64_t *word;

	if (!c->names)
		return true;
	word = &c->names->bits[name_key % LITEIO_CATALOG_NAMES_BITS / 64];
	return __atomic_load_n(word, __ATOMIC_RELAXED) >> name_key % 64 & 1;
}

/* of the volumes that are summed */
static struct liteio_catalog_names *names_of(const struct liteio_catalog *c)
{
	struct liteio_catalog_names *names = liteio_calloc(1, sizeof(*names));

	names->refs = 1;
	for (size_t i = 0; i < c->n_summed; i++)
		names_add(names, liteio_record_of(c->volumes[i])->name_key);
	return names;
}

/* those of a catalog for one that is made of it, which nobody else has yet */
static struct liteio_catalog_names *names_for_copy(const struct liteio_catalog *c)
{
	if (c->names->n > LITEIO_CATALOG_NAMES_BITS / 4 && c->names->n > 2 * c->n_volumes)
		return names_of(c);
	c->names->refs++;
	return c->names;
}

void liteio_catalog_seal(struct liteio_catalog *c)
{
	if (!c->names)
		c->names = names_of(c);
	while (c->n_summed < c->n_volumes) {
		struct liteio_catalog_volume *v = c->volumes[c->n_summed++];
		struct liteio_record *r = liteio_record_of(v);
		bool is_new = seal(v), is_first = names_add(c->names, r->name_key);

		/* what was sealed before has set its bit itself */
		if (is_new)
			r->is_first = is_first;
		add_up(v, &c->sum);
		if (c->n_summed % LITEIO_CATALOG_SUM_EACH == 0)
			c->sums[c->n_summed / LITEIO_CATALOG_SUM_EACH - 1] = c->sum;
	}
	while (c->n_sealed_atts < c->n_attachments) {
		struct liteio_catalog_attachment *a = c->attachments[c->n_sealed_atts++];

		seal_att(a);
		c->atts_crc = liteio_crc32c_join(c->atts_crc, liteio_record_of_att(a)->crc);
	}
}

/* ---- all ------------------------------------------------------------------------------------ */

void liteio_catalog_init(struct liteio_catalog *c, const struct liteio_uuid *pool_uuid)
{
	*c = (struct liteio_catalog){ .pool_uuid = *pool_uuid, .next_thin_id = 1 };
}

void liteio_catalog_fini(struct liteio_catalog *c)
{
	for (size_t i = 0; i < c->n_volumes; i++)
		liteio_record_drop(liteio_record_of(c->volumes[i]));
	for (size_t i = 0; i < c->n_attachments; i++)
		liteio_record_drop(liteio_record_of_att(c->attachments[i]));
	free(c->volumes);
	free(c->sums);
	free(c->attachments);
	free(c->extents);
	names_drop(c->names);
	*c = (struct liteio_catalog){ 0 };
}

static size_t min_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

struct liteio_catalog_same liteio_catalog_same(const struct liteio_catalog *was,
					       const struct liteio_catalog *between,
					       const struct liteio_catalog *c)
{
	if (c->source && c->source == was->volumes)
		return c->same;
	if (!between || !c->source || !between->source || c->source != between->volumes ||
	    between->source != was->volumes)
		return (struct liteio_catalog_same){ 0 };
	return (struct liteio_catalog_same){
		.n_volumes = min_of(c->same.n_volumes, between->same.n_volumes),
		.n_atts = min_of(c->same.n_atts, between->same.n_atts),
	};
}

size_t liteio_catalog_room(size_t n)
{
	size_t room = 8;

	while (room < n)
		room *= 2;
	return room;
}

size_t liteio_catalog_sums_room(size_t n)
{
	return liteio_catalog_room(n) / LITEIO_CATALOG_SUM_EACH + 1;
}

/* @n elements of @from in memory that has room for @room */
static void *array_in(const void *from, size_t n, size_t room, size_t size)
{
	void *to = liteio_realloc(NULL, room, size);

	if (n)
		memcpy(to, from, n * size);
	return to;
}

/* or for as many as it would have grown to */
static void *array_of(const void *from, size_t n, size_t size)
{
	return array_in(from, n, liteio_catalog_room(n), size);
}

void liteio_catalog_copy(struct liteio_catalog *from, struct liteio_catalog *ret)
{
	struct liteio_catalog c;

	liteio_catalog_seal(from);
	c = *from;
	c.is_written = false;
	c.names = names_for_copy(from);
	c.source = from->volumes;
	c.same = (struct liteio_catalog_same){ c.n_volumes, c.n_attachments };
	c.volumes = array_of(from->volumes, c.n_volumes, sizeof(*c.volumes));
	c.sums = array_in(from->sums, c.n_volumes / LITEIO_CATALOG_SUM_EACH,
			  liteio_catalog_sums_room(c.n_volumes), sizeof(*c.sums));
	c.attachments = array_of(from->attachments, c.n_attachments, sizeof(*c.attachments));
	c.extents = array_of(from->extents, c.n_extents, sizeof(*c.extents));
	for (size_t i = 0; i < c.n_volumes; i++)
		liteio_record_of(c.volumes[i])->refs++;
	for (size_t i = 0; i < c.n_attachments; i++)
		liteio_record_of_att(c.attachments[i])->refs++;
	*ret = c;
}
