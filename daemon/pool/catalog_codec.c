// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The catalog as the bytes of a slot.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "pool/bytes.h"
#include "pool/catalog_record.h"
#include "pool/crc32c.h"

/* what is as near to another change is written along with it: that costs less than a write */
#define NEAR_BYTES (32u << 10)

static size_t n_records(const struct liteio_catalog *c)
{
	return c->n_volumes + c->n_attachments + c->n_extents;
}

size_t liteio_catalog_bytes(const struct liteio_catalog *c)
{
	size_t bytes = LITEIO_ONDISK_BLOCK + n_records(c) * LITEIO_RECORD_BYTES;

	return (bytes + LITEIO_ONDISK_BLOCK - 1) / LITEIO_ONDISK_BLOCK * LITEIO_ONDISK_BLOCK;
}

static uint32_t header_crc(const struct liteio_ondisk_slot *h)
{
	struct liteio_ondisk_slot copy = *h;

	liteio_put(copy.crc, 0);
	return liteio_crc32c(0, &copy, sizeof(copy));
}

/* ---- writing -------------------------------------------------------------------------------- */

void liteio_record_encode(const struct liteio_catalog_volume *v, struct liteio_ondisk_volume *d)
{
	liteio_put(d->type, LITEIO_RECORD_VOLUME);
	d->kind = (uint8_t)v->kind;
	d->vclass = (uint8_t)v->vclass;
	d->state = (uint8_t)v->state;
	memcpy(d->uuid, v->uuid.b, sizeof(d->uuid));
	memcpy(d->origin, v->origin.b, sizeof(d->origin));
	liteio_put(d->size, v->size_bytes);
	liteio_put(d->created, v->created);
	liteio_put(d->floor, v->floor);
	liteio_put(d->txid, v->txid);
	liteio_put(d->thin_id, v->thin_id);
	liteio_put(d->burst_ms, v->limits.burst_ms);
	liteio_put(d->read_iops, v->limits.read_iops);
	liteio_put(d->write_iops, v->limits.write_iops);
	liteio_put(d->read_bps, v->limits.read_bps);
	liteio_put(d->write_bps, v->limits.write_bps);
	liteio_text_put(d->name, sizeof(d->name), v->name);
	liteio_text_put(d->owner, sizeof(d->owner), v->owner);
	memcpy(d->replaces, v->replaces.b, sizeof(d->replaces));
	d->wipe = (uint8_t)v->wipe;
	if (v->state == LITEIO_CATALOG_CREATING)
		liteio_put(d->zeroed, v->zeroed_bytes);
	d->unmade = v->is_unmade;
}

void liteio_record_encode_att(const struct liteio_catalog_attachment *a,
			      struct liteio_ondisk_attachment *d)
{
	liteio_put(d->type, LITEIO_RECORD_ATTACHMENT);
	d->state = (uint8_t)a->state;
	liteio_put(d->flags, a->flags);
	memcpy(d->volume, a->volume.b, sizeof(d->volume));
	liteio_put(d->generation, a->generation);
	liteio_put(d->created, a->created);
	liteio_text_put(d->host, sizeof(d->host), a->host);
}

static void encode_extent(const struct liteio_catalog_extent *e, struct liteio_ondisk_linear *d)
{
	liteio_put(d->type, LITEIO_RECORD_EXTENT);
	d->state = (uint8_t)e->state;
	liteio_put(d->device, e->device);
	memcpy(d->volume, e->volume.b, sizeof(d->volume));
	liteio_put(d->start, e->start);
	liteio_put(d->length, e->length);
	liteio_put(d->offset, e->offset);
}

/* the bytes of record @i of all, volumes first; an extent's are made in @room */
static const uint8_t *record_bytes(const struct liteio_catalog *c, size_t i, uint8_t *room)
{
	if (i < c->n_volumes)
		return liteio_record_of(c->volumes[i])->bytes;
	i -= c->n_volumes;
	if (i < c->n_attachments)
		return liteio_record_of_att(c->attachments[i])->bytes;
	memset(room, 0, LITEIO_RECORD_BYTES);
	encode_extent(&c->extents[i - c->n_attachments], (struct liteio_ondisk_linear *)room);
	return room;
}

/* that of volumes and attachments is asked for more than once; it is sealed */
static uint32_t records_crc(struct liteio_catalog *c)
{
	uint8_t room[LITEIO_RECORD_BYTES];
	uint32_t crc;

	if (!c->has_crc)
		c->crc = liteio_crc32c_join_many(c->sum.crc, c->atts_crc,
						 (uint32_t)c->n_attachments);
	c->has_crc = true;
	crc = c->crc;
	for (size_t i = c->n_volumes + c->n_attachments; i < n_records(c); i++)
		crc = liteio_crc32c(crc, record_bytes(c, i, room), sizeof(room));
	return crc;
}

uint64_t liteio_catalog_features(struct liteio_catalog *c)
{
	uint64_t features = c->reserve_txid ? LITEIO_SLOT_INCOMPAT_RESERVE : 0;

	liteio_catalog_seal(c);
	if (c->sum.n_pending > 1)
		features |= liteio_catalog_pending(c)->is_unmade ? LITEIO_SLOT_INCOMPAT_MAKING :
								   LITEIO_SLOT_INCOMPAT_GROUP;
	return features | c->sum.features;
}

static uint64_t compat_features(struct liteio_catalog *c)
{
	bool has_linear = liteio_catalog_features(c) & LITEIO_SLOT_INCOMPAT_LINEAR;

	return (c->overcommit_percent ? LITEIO_SLOT_COMPAT_OVERCOMMIT : 0) |
	       (has_linear ? LITEIO_SLOT_COMPAT_ZEROED : 0);
}

void liteio_catalog_encode_header(struct liteio_catalog *c, uint64_t written, void *out)
{
	struct liteio_ondisk_slot *h = out;

	liteio_catalog_seal(c);
	memset(out, 0, LITEIO_ONDISK_BLOCK);
	memcpy(h->magic, LITEIO_SLOT_MAGIC, sizeof(h->magic));
	liteio_put(h->version, LITEIO_ONDISK_VERSION);
	liteio_put(h->compat, compat_features(c));
	liteio_put(h->incompat, liteio_catalog_features(c));
	liteio_put(h->sequence, c->sequence);
	memcpy(h->pool_uuid, c->pool_uuid.b, sizeof(h->pool_uuid));
	liteio_put(h->thin_txid, c->thin_txid);
	liteio_put(h->next_thin_id, c->next_thin_id);
	liteio_put(h->flags, c->is_clean ? LITEIO_SLOT_CLEAN : 0);
	liteio_put(h->n_records, n_records(c));
	liteio_put(h->records_crc, records_crc(c));
	liteio_put(h->written, written);
	liteio_put(h->reserve_txid, c->reserve_txid);
	liteio_put(h->overcommit_percent, c->overcommit_percent);
	liteio_put(h->crc, header_crc(h));
}

void liteio_catalog_encode_range(struct liteio_catalog *c, const struct liteio_catalog_range *range,
				 void *out)
{
	size_t i = (range->start - LITEIO_ONDISK_BLOCK) / LITEIO_RECORD_BYTES;
	uint8_t room[LITEIO_RECORD_BYTES], *p = out, *end = p + (range->end - range->start);

	liteio_catalog_seal(c);
	for (; p < end && i < n_records(c); i++, p += LITEIO_RECORD_BYTES)
		memcpy(p, record_bytes(c, i, room), LITEIO_RECORD_BYTES);
	memset(p, 0, (size_t)(end - p));
}

void liteio_catalog_encode(struct liteio_catalog *c, uint64_t written, void *out)
{
	const struct liteio_catalog_range all = { LITEIO_ONDISK_BLOCK, liteio_catalog_bytes(c) };

	liteio_catalog_encode_header(c, written, out);
	liteio_catalog_encode_range(c, &all, (uint8_t *)out + LITEIO_ONDISK_BLOCK);
}

/* do both have the same record there? @i is below the number of either's */
static bool is_same(const struct liteio_catalog *was, const struct liteio_catalog *c, size_t i)
{
	uint8_t room[LITEIO_RECORD_BYTES], was_room[LITEIO_RECORD_BYTES];
	const uint8_t *bytes, *was_bytes;

	/* what both share needs no comparing */
	if (i < c->n_volumes && i < was->n_volumes && c->volumes[i] == was->volumes[i])
		return true;
	bytes = record_bytes(c, i, room);
	was_bytes = record_bytes(was, i, was_room);
	return bytes == was_bytes || !memcmp(bytes, was_bytes, LITEIO_RECORD_BYTES);
}

/* one range of the records from @first to before @last; false: they are the same */
static bool diff_part(const struct liteio_catalog *was, const struct liteio_catalog *c,
		      size_t first, size_t last, struct liteio_catalog_range *ret)
{
	size_t n_was = n_records(was);

	while (first < last && first < n_was && is_same(was, c, first))
		first++;
	while (last > first && last <= n_was && is_same(was, c, last - 1))
		last--;
	if (first >= last)
		return false;
	ret->start = LITEIO_ONDISK_BLOCK + first * LITEIO_RECORD_BYTES;
	ret->end = LITEIO_ONDISK_BLOCK + last * LITEIO_RECORD_BYTES;
	ret->start -= ret->start % LITEIO_ONDISK_BLOCK;
	ret->end += LITEIO_ONDISK_BLOCK - 1;
	ret->end -= ret->end % LITEIO_ONDISK_BLOCK;
	return true;
}

size_t liteio_catalog_diff(struct liteio_catalog *was, struct liteio_catalog *c,
			   const struct liteio_catalog_same *same,
			   struct liteio_catalog_range *ret)
{
	size_t n = 0;

	liteio_catalog_seal(was);
	liteio_catalog_seal(c);
	/* with a volume more or less, all that is behind it has moved */
	if (c->n_volumes != was->n_volumes)
		return diff_part(was, c, same->n_volumes, n_records(c), ret);
	n += diff_part(was, c, same->n_volumes, c->n_volumes, &ret[n]);
	n += diff_part(was, c, c->n_volumes + same->n_atts, n_records(c), &ret[n]);
	if (n > 1 && ret[1].start < ret[0].end + NEAR_BYTES) {
		ret[0].end = ret[1].end;
		n--;
	}
	return n;
}

bool liteio_catalog_is_twin(struct liteio_catalog *a, struct liteio_catalog *b)
{
	const struct liteio_catalog_same unknown = { 0 };
	struct liteio_catalog_range differ[LITEIO_CATALOG_RANGES];

	return !liteio_catalog_diff(a, b, &unknown, differ) && n_records(a) == n_records(b) &&
	       a->next_thin_id == b->next_thin_id && a->thin_txid == b->thin_txid &&
	       a->reserve_txid == b->reserve_txid &&
	       a->overcommit_percent == b->overcommit_percent;
}

/* ---- reading -------------------------------------------------------------------------------- */

static int bad(struct liteio_error *err, const char *what)
{
	return liteio_error_set(err, -EBADMSG, "the catalog slot is damaged: %s", what);
}

static int decode_volume(const struct liteio_ondisk_volume *d, bool strict,
			 struct liteio_catalog_volume *v, struct liteio_error *err)
{
	v->kind = d->kind;
	v->vclass = d->vclass;
	v->state = d->state;
	memcpy(v->uuid.b, d->uuid, sizeof(d->uuid));
	memcpy(v->origin.b, d->origin, sizeof(d->origin));
	v->size_bytes = liteio_get(d->size);
	v->created = liteio_get(d->created);
	v->floor = liteio_get(d->floor);
	v->txid = liteio_get(d->txid);
	v->thin_id = (uint32_t)liteio_get(d->thin_id);
	v->limits.burst_ms = (uint32_t)liteio_get(d->burst_ms);
	v->limits.read_iops = liteio_get(d->read_iops);
	v->limits.write_iops = liteio_get(d->write_iops);
	v->limits.read_bps = liteio_get(d->read_bps);
	v->limits.write_bps = liteio_get(d->write_bps);
	memcpy(v->replaces.b, d->replaces, sizeof(d->replaces));
	v->wipe = d->wipe;
	v->zeroed_bytes = liteio_get(d->zeroed);
	v->is_unmade = d->unmade;
	if (d->unmade > 1)
		return bad(err, "a volume is neither made nor unmade");
	if (!liteio_text_get(d->name, sizeof(d->name), v->name) ||
	    !liteio_text_get(d->owner, sizeof(d->owner), v->owner))
		return bad(err, "a volume has no valid name or owner");
	if (strict && (!liteio_is_zero(d->zero1, sizeof(d->zero1)) ||
		       !liteio_is_zero(d->zero2, sizeof(d->zero2)) ||
		       !liteio_is_zero(d->zero3, sizeof(d->zero3)) ||
		       (v->zeroed_bytes && v->state != LITEIO_CATALOG_CREATING)))
		return bad(err, "a volume has bytes where none should be");
	if (v->state != LITEIO_CATALOG_CREATING)
		v->zeroed_bytes = 0;
	return 0;
}

static int decode_att(const struct liteio_ondisk_attachment *d, bool strict,
		      struct liteio_catalog_attachment *a, struct liteio_error *err)
{
	a->state = d->state;
	a->flags = (uint32_t)liteio_get(d->flags);
	memcpy(a->volume.b, d->volume, sizeof(d->volume));
	a->generation = liteio_get(d->generation);
	a->created = liteio_get(d->created);
	if (!liteio_text_get(d->host, sizeof(d->host), a->host))
		return bad(err, "an attachment has no valid host");
	if (strict && (d->zero1 || !liteio_is_zero(d->zero2, sizeof(d->zero2))))
		return bad(err, "an attachment has bytes where none should be");
	return 0;
}

static int decode_extent(const struct liteio_ondisk_linear *d, bool strict,
			 struct liteio_catalog_extent *e, struct liteio_error *err)
{
	e->state = d->state;
	e->device = (uint32_t)liteio_get(d->device);
	memcpy(e->volume.b, d->volume, sizeof(d->volume));
	e->start = liteio_get(d->start);
	e->length = liteio_get(d->length);
	e->offset = liteio_get(d->offset);
	if (strict && (d->zero1 || !liteio_is_zero(d->zero2, sizeof(d->zero2))))
		return bad(err, "an extent has bytes where none should be");
	return 0;
}

/* volumes, attachments, extents, each in their order: that is how they were written */
static int decode_records(const uint8_t *p, size_t n, bool strict, struct liteio_catalog *c,
			  struct liteio_error *err)
{
	static const struct liteio_catalog_volume no_volume;
	static const struct liteio_catalog_attachment no_att;
	int r = 0;

	c->volumes = liteio_calloc(liteio_catalog_room(n), sizeof(*c->volumes));
	c->sums = liteio_calloc(liteio_catalog_sums_room(n), sizeof(*c->sums));
	c->attachments = liteio_calloc(liteio_catalog_room(n), sizeof(*c->attachments));
	c->extents = liteio_calloc(liteio_catalog_room(n), sizeof(*c->extents));
	for (size_t i = 0; i < n && !r; i++, p += LITEIO_RECORD_BYTES) {
		switch (liteio_le_get(p, sizeof(liteio_le16))) {
		case LITEIO_RECORD_VOLUME:
			if (c->n_attachments || c->n_extents)
				return bad(err, "a volume follows another record");
			c->volumes[c->n_volumes] = liteio_record_new(&no_volume);
			r = decode_volume((const struct liteio_ondisk_volume *)p, strict,
					  c->volumes[c->n_volumes++], err);
			break;
		case LITEIO_RECORD_ATTACHMENT:
			if (c->n_extents)
				return bad(err, "an attachment follows an extent");
			c->attachments[c->n_attachments] = liteio_record_new_att(&no_att);
			r = decode_att((const struct liteio_ondisk_attachment *)p, strict,
				       c->attachments[c->n_attachments++], err);
			break;
		case LITEIO_RECORD_EXTENT:
			r = decode_extent((const struct liteio_ondisk_linear *)p, strict,
					  &c->extents[c->n_extents++], err);
			break;
		default:
			return bad(err, "a record is of no known type");
		}
	}
	return r;
}

/* written by one that does not know of it: then it is none of what it looks like */
static int drop_unsaid(struct liteio_catalog *c, bool strict, struct liteio_error *err)
{
	for (size_t i = 0; i < c->n_volumes && !(c->compat & LITEIO_SLOT_COMPAT_ZEROED); i++) {
		if (c->volumes[i]->zeroed_bytes && strict)
			return bad(err, "a volume has bytes where none should be");
		c->volumes[i]->zeroed_bytes = 0;
	}
	return 0;
}

/* is this a slot of this pool that this code can understand? */
static int check_header(const struct liteio_ondisk_slot *h, const struct liteio_uuid *pool_uuid,
			struct liteio_error *err)
{
	uint64_t unknown;

	if (memcmp(h->magic, LITEIO_SLOT_MAGIC, sizeof(h->magic)) != 0)
		return liteio_error_set(err, -ENODATA, "there is no catalog in the slot");
	if (liteio_get(h->crc) != header_crc(h))
		return bad(err, "the header's checksum is wrong");
	if (memcmp(h->pool_uuid, pool_uuid->b, sizeof(h->pool_uuid)) != 0)
		return liteio_error_set(err, -ENODATA, "the slot is that of another pool");
	if (liteio_get(h->version) != LITEIO_ONDISK_VERSION)
		return liteio_error_set(err, -ENOTSUP,
					"the catalog has format version %u, this program knows version %u",
					(unsigned int)liteio_get(h->version),
					LITEIO_ONDISK_VERSION);
	unknown = liteio_get(h->incompat) & ~LITEIO_SLOT_INCOMPAT;
	if (unknown)
		return liteio_error_set(err, -ENOTSUP,
					"the catalog uses features this program does not know (0x%llx)",
					(unsigned long long)unknown);
	return 0;
}

bool liteio_catalog_is_header(struct liteio_catalog *c, const void *block)
{
	const struct liteio_ondisk_slot *h = block;

	liteio_catalog_seal(c);
	return !check_header(h, &c->pool_uuid, NULL) && liteio_get(h->n_records) == n_records(c) &&
	       liteio_get(h->records_crc) == records_crc(c);
}

size_t liteio_catalog_used(const void *header, size_t room)
{
	const struct liteio_ondisk_slot *h = header;
	uint64_t end = (uint64_t)liteio_get(h->n_records) * LITEIO_RECORD_BYTES;

	end = (end + 2 * LITEIO_ONDISK_BLOCK - 1) / LITEIO_ONDISK_BLOCK * LITEIO_ONDISK_BLOCK;
	return end < room ? (size_t)end : room;
}

int liteio_catalog_decode(const void *slot, size_t len, const struct liteio_uuid *pool_uuid,
			  struct liteio_catalog *ret, struct liteio_error *err)
{
	const struct liteio_ondisk_slot *h = slot;
	const uint8_t *records = (const uint8_t *)slot + LITEIO_ONDISK_BLOCK;
	struct liteio_catalog c;
	uint64_t n, flags;
	bool strict;
	int r;

	if (len < LITEIO_ONDISK_BLOCK)
		return bad(err, "it is cut off");
	r = check_header(h, pool_uuid, err);
	if (r)
		return r;
	n = liteio_get(h->n_records);
	if (n > (len - LITEIO_ONDISK_BLOCK) / LITEIO_RECORD_BYTES)
		return bad(err, "it counts more records than it has room for");
	if (liteio_crc32c(0, records, n * LITEIO_RECORD_BYTES) != liteio_get(h->records_crc))
		return bad(err, "the records' checksum is wrong");
	flags = liteio_get(h->flags);
	liteio_catalog_init(&c, pool_uuid);
	c.compat = liteio_get(h->compat);
	c.sequence = liteio_get(h->sequence);
	c.thin_txid = liteio_get(h->thin_txid);
	if (liteio_get(h->incompat) & LITEIO_SLOT_INCOMPAT_RESERVE)
		c.reserve_txid = liteio_get(h->reserve_txid);
	else if (liteio_get(h->reserve_txid))
		return bad(err, "the header has a reserve without saying so");
	if (c.compat & LITEIO_SLOT_COMPAT_OVERCOMMIT)
		c.overcommit_percent = (uint32_t)liteio_get(h->overcommit_percent);
	else if (liteio_get(h->overcommit_percent))
		return bad(err, "the header has an overcommit without saying so");
	c.next_thin_id = (uint32_t)liteio_get(h->next_thin_id);
	c.is_clean = flags & LITEIO_SLOT_CLEAN;
	/* what a compatible newer version has put there is none of our business */
	strict = !(c.compat & ~LITEIO_SLOT_COMPAT);
	if (strict && (flags & ~LITEIO_SLOT_CLEAN || !liteio_is_zero(h->zero, sizeof(h->zero))))
		return bad(err, "the header has bytes where none should be");
	r = decode_records(records, n, strict, &c, err);
	if (!r)
		r = drop_unsaid(&c, strict, err);
	if (!r)
		r = liteio_catalog_check(&c, err);
	if (!r && liteio_catalog_features(&c) & ~liteio_get(h->incompat))
		r = bad(err, "it uses features that its header does not name");
	if (r) {
		liteio_catalog_fini(&c);
		return r;
	}
	*ret = c;
	return 0;
}

int liteio_catalog_choose(int ra, const struct liteio_catalog *a, int rb,
			  const struct liteio_catalog *b)
{
	if (ra == -ENOTSUP || rb == -ENOTSUP)
		return -ENOTSUP;
	if (ra && rb)
		return -EBADMSG;
	if (ra || rb)
		return ra ? 1 : 0;
	if (a->sequence == b->sequence)
		return -EBADMSG;
	return a->sequence > b->sequence ? 0 : 1;
}
