// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The label: layout of a new device, encoding, decoding, checking.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "pool/bytes.h"
#include "pool/crc32c.h"
#include "pool/label.h"

#define MIB (1ull << 20)
/* a little below LITEIO_THIN_META_MAX */
#define META_MAX (15ull << 30)
#define META_MIN (4ull << 20)
/* bytes of metadata for one mapped block, in the b-tree's worst case */
#define META_PER_BLOCK 48ull
/*
 * Each device takes a block of 4 KiB at least, and more once it shares with others: so many of a
 * small disk, too, and as many as a catalog of 8 MiB has records for whatever the size
 */
#define META_PER_DATA 512u
#define META_FOR_DEVICES_MAX (64ull << 20)

static uint64_t round_up(uint64_t v, uint64_t to)
{
	return (v + to - 1) / to * to;
}

static uint64_t round_down(uint64_t v, uint64_t to)
{
	return v / to * to;
}

static uint64_t meta_bytes(uint64_t bytes)
{
	bytes = round_up(bytes, MIB);
	if (bytes < META_MIN)
		return META_MIN;
	return bytes > META_MAX ? META_MAX : bytes;
}

uint64_t liteio_label_meta_least(uint64_t data_bytes, uint32_t thin_block)
{
	return meta_bytes(data_bytes / thin_block * META_PER_BLOCK * 2);
}

uint64_t liteio_label_meta_bytes(uint64_t data_bytes, uint32_t thin_block)
{
	uint64_t for_data = liteio_label_meta_least(data_bytes, thin_block);
	uint64_t for_devices = data_bytes / META_PER_DATA;

	if (for_devices > META_FOR_DEVICES_MAX)
		for_devices = META_FOR_DEVICES_MAX;
	for_devices = meta_bytes(for_devices);
	return for_data > for_devices ? for_data : for_devices;
}

uint64_t liteio_label_backup_offset(uint64_t size)
{
	return round_down(size, LITEIO_ONDISK_BLOCK) - LITEIO_ONDISK_BLOCK;
}

static bool thin_block_ok(uint64_t b)
{
	return b >= LITEIO_THIN_BLOCK_MIN && b <= LITEIO_THIN_BLOCK_MAX &&
	       b % LITEIO_THIN_BLOCK_MIN == 0;
}

static void add_extent(struct liteio_label *l, enum liteio_extent_kind kind, uint64_t *pos,
		       uint64_t length)
{
	l->extents[l->n_extents++] = (struct liteio_extent){
		.kind = kind,
		.start = *pos,
		.length = length,
	};
	*pos += length;
}

/* metadata, spare and linear space; where the thin data begins */
static int add_regions(struct liteio_label *l, const struct liteio_label_regions *regions,
		       uint64_t *pos, uint64_t end, struct liteio_error *err)
{
	/* whole blocks: none straddles a stripe or an erase unit */
	uint64_t align = l->thin_block < MIB ? MIB : l->thin_block;
	uint64_t linear = round_up(regions->linear, LITEIO_LINEAR_UNIT), meta;
	uint64_t reserve = round_up(regions->reserve, l->thin_block);

	if (linear > end || reserve > end || linear + reserve >= end - *pos)
		return liteio_error_set(err, -EINVAL,
					"what is set apart leaves no room for the pool itself");
	meta = liteio_label_meta_bytes(end - *pos - linear - reserve, l->thin_block);
	add_extent(l, LITEIO_EXTENT_THIN_META, pos, meta);
	add_extent(l, LITEIO_EXTENT_META_SPARE, pos, meta);
	if (reserve) {
		meta = liteio_label_meta_bytes(reserve, l->thin_block);
		add_extent(l, LITEIO_EXTENT_RESERVE_META, pos, meta);
		add_extent(l, LITEIO_EXTENT_RESERVE_SPARE, pos, meta);
		*pos = round_up(*pos, align);
		add_extent(l, LITEIO_EXTENT_RESERVE_DATA, pos, reserve);
	}
	*pos = round_up(*pos, MIB);
	if (linear)
		add_extent(l, LITEIO_EXTENT_LINEAR, pos, linear);
	*pos = round_up(*pos, align);
	return 0;
}

int liteio_label_layout(const char *name, uint64_t size, uint32_t thin_block,
			const struct liteio_label_regions *regions, struct liteio_label *ret,
			struct liteio_error *err)
{
	static const struct liteio_label_regions nothing;
	struct liteio_label l = { .sequence = 1, .n_devices = 1 };
	uint64_t slot = LITEIO_SLOT_BYTES;
	uint64_t pos = LITEIO_SLOT_OFFSET, end;
	char text[32];
	int r;

	if (size < LITEIO_SLOT_SMALL_BELOW)
		slot = LITEIO_SLOT_BYTES_SMALL;
	r = liteio_name_check("pool", name, err);
	if (r)
		return r;
	l.thin_block = thin_block ? thin_block : LITEIO_THIN_BLOCK_DEF;
	if (!thin_block_ok(l.thin_block))
		return liteio_error_set(err, -EINVAL,
					"block size %u is not a multiple of 64 KiB up to 1 GiB",
					l.thin_block);
	if (size < LITEIO_POOL_SIZE_MIN)
		return liteio_error_set(err, -EINVAL, "%s is too small for a pool, 64 MiB is the least",
					liteio_format_size(size, text, sizeof(text)));
	end = liteio_label_backup_offset(size);
	add_extent(&l, LITEIO_EXTENT_SLOT_A, &pos, slot);
	add_extent(&l, LITEIO_EXTENT_SLOT_B, &pos, slot);
	r = add_regions(&l, regions ? regions : &nothing, &pos, end, err);
	if (r)
		return r;
	if (pos >= end || end - pos < l.thin_block)
		return liteio_error_set(err, -EINVAL, "%s has no room for one block of the pool",
					liteio_format_size(size, text, sizeof(text)));
	add_extent(&l, LITEIO_EXTENT_THIN_DATA, &pos, round_down(end - pos, l.thin_block));
	strncpy(l.pool_name, name, sizeof(l.pool_name) - 1);
	liteio_uuid_random(&l.pool_uuid);
	liteio_uuid_random(&l.devices[0].uuid);
	l.devices[0].size = size;
	*ret = l;
	return 0;
}

/* ---- several devices ------------------------------------------------------------------------- */

static bool knows(const struct liteio_label *home, const struct liteio_label *other)
{
	uint32_t i = other->this_device;

	return i < home->n_devices &&
	       liteio_uuid_equal(&home->devices[i].uuid, &other->devices[i].uuid);
}

bool liteio_label_is_left_over(const struct liteio_label *home, const struct liteio_label *other)
{
	return liteio_uuid_equal(&home->pool_uuid, &other->pool_uuid) && other->this_device &&
	       !knows(home, other) && other->sequence % 2 && other->sequence <= home->sequence + 1;
}

int liteio_label_check_other(const struct liteio_label *home, const struct liteio_label *other,
			     struct liteio_error *err)
{
	uint32_t i = other->this_device;

	bool is_ours = liteio_uuid_equal(&home->pool_uuid, &other->pool_uuid) && i;

	if (is_ours && !knows(home, other) && !liteio_label_is_left_over(home, other))
		return liteio_error_set(err, -ESTALE,
					"the first disk of pool %s is a stale copy: it does not know disk %u",
					home->pool_name, i + 1);
	if (!is_ours || !knows(home, other))
		return liteio_error_set(err, -ENODEV,
					"it is no part of pool %s: it was being added when that was interrupted; add it again",
					home->pool_name);
	if (other->sequence + 1 < home->sequence)
		return liteio_error_set(err, -ESTALE,
					"it is a stale copy of disk %u of pool %s (%llu, the pool is at %llu)",
					i + 1, home->pool_name,
					(unsigned long long)other->sequence,
					(unsigned long long)home->sequence);
	if (other->sequence > home->sequence + 1)
		return liteio_error_set(err, -ESTALE,
					"the first disk of pool %s is a stale copy (%llu, this one is at %llu)",
					home->pool_name, (unsigned long long)home->sequence,
					(unsigned long long)other->sequence);
	return 0;
}

uint64_t liteio_label_sum(const struct liteio_label *l, enum liteio_extent_kind kind)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < l->n_extents; i++)
		sum += l->extents[i].kind == kind ? l->extents[i].length : 0;
	return sum;
}

const struct liteio_extent *liteio_label_extent(const struct liteio_label *l,
						enum liteio_extent_kind kind)
{
	for (size_t i = 0; i < l->n_extents; i++) {
		if (l->extents[i].kind == kind)
			return &l->extents[i];
	}
	return NULL;
}

/* ---- checking ------------------------------------------------------------------------------- */

static int bad(struct liteio_error *err, const char *what)
{
	return liteio_error_set(err, -EBADMSG, "the label is damaged: %s", what);
}

/* whatever their order */
static bool is_apart(const struct liteio_label *l, size_t i)
{
	const struct liteio_extent *e = &l->extents[i];

	for (size_t k = 0; k < i; k++) {
		const struct liteio_extent *p = &l->extents[k];

		if (p->device == e->device && p->start + p->length > e->start &&
		    e->start + e->length > p->start)
			return false;
	}
	return true;
}

/* inside its device, between label and backup, aligned */
static bool extent_ok(const struct liteio_label *l, size_t i)
{
	const struct liteio_extent *e = &l->extents[i];
	uint64_t end;

	if (e->kind < LITEIO_EXTENT_THIN_META || e->kind > LITEIO_EXTENT_RESERVE_DATA)
		return false;
	if (e->device >= l->n_devices || !e->length)
		return false;
	if (e->start % LITEIO_ONDISK_BLOCK || e->length % LITEIO_ONDISK_BLOCK)
		return false;
	end = liteio_label_backup_offset(l->devices[e->device].size);
	if (e->start < LITEIO_LABEL_OFFSET + LITEIO_ONDISK_BLOCK || e->start >= end ||
	    e->length > end - e->start)
		return false;
	return is_apart(l, i);
}

/* what a pool was made with is on its first device; only thin data and metadata come later */
static bool home_ok(const struct liteio_extent *e)
{
	return !e->device || e->kind == LITEIO_EXTENT_THIN_DATA ||
	       e->kind == LITEIO_EXTENT_THIN_META || e->kind == LITEIO_EXTENT_META_SPARE;
}

static size_t count_extents(const struct liteio_label *l, enum liteio_extent_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_extents; i++)
		n += l->extents[i].kind == kind;
	return n;
}

/* what its kind is given out in */
static bool units_ok(const struct liteio_label *l, const struct liteio_extent *e)
{
	switch (e->kind) {
	case LITEIO_EXTENT_THIN_DATA:
	case LITEIO_EXTENT_RESERVE_DATA:
		return e->length % l->thin_block == 0;
	case LITEIO_EXTENT_LINEAR:
		return e->start % LITEIO_LINEAR_UNIT == 0 && e->length % LITEIO_LINEAR_UNIT == 0;
	default:
		return true;
	}
}

/* all three kinds, or none */
static bool reserve_ok(const struct liteio_label *l)
{
	size_t meta = count_extents(l, LITEIO_EXTENT_RESERVE_META);

	return meta <= 1 && count_extents(l, LITEIO_EXTENT_RESERVE_SPARE) == meta &&
	       (count_extents(l, LITEIO_EXTENT_RESERVE_DATA) > 0) == (meta == 1);
}

static int check_extents(const struct liteio_label *l, struct liteio_error *err)
{
	const struct liteio_extent *a, *b;

	for (size_t i = 0; i < l->n_extents; i++) {
		if (!extent_ok(l, i))
			return bad(err, "an extent is outside its device or overlaps another");
		if (!units_ok(l, &l->extents[i]))
			return bad(err, "an extent is not a number of whole blocks");
		if (!home_ok(&l->extents[i]))
			return bad(err, "an extent is on a device where it can not be");
	}
	if (!reserve_ok(l))
		return bad(err, "its reserve is not complete");
	if (count_extents(l, LITEIO_EXTENT_SLOT_A) != 1 ||
	    count_extents(l, LITEIO_EXTENT_SLOT_B) != 1 ||
	    count_extents(l, LITEIO_EXTENT_THIN_META) < 1 ||
	    count_extents(l, LITEIO_EXTENT_THIN_DATA) < 1)
		return bad(err, "an extent is missing or there twice");
	if (liteio_label_sum(l, LITEIO_EXTENT_THIN_META) <
	    liteio_label_sum(l, LITEIO_EXTENT_META_SPARE))
		return bad(err, "the spare is larger than the metadata");
	a = liteio_label_extent(l, LITEIO_EXTENT_SLOT_A);
	b = liteio_label_extent(l, LITEIO_EXTENT_SLOT_B);
	if (a->length != b->length || a->length < 2 * (uint64_t)LITEIO_ONDISK_BLOCK ||
	    a->length > (1ull << 30))
		return bad(err, "the catalog slots have no valid size");
	return 0;
}

int liteio_label_check(const struct liteio_label *l, struct liteio_error *err)
{
	if (liteio_uuid_is_null(&l->pool_uuid))
		return bad(err, "the pool has no uuid");
	if (liteio_name_check("pool", l->pool_name, NULL))
		return bad(err, "the pool has no valid name");
	if (!l->sequence)
		return bad(err, "it has no sequence number");
	if (!thin_block_ok(l->thin_block))
		return bad(err, "the block size is none of dm-thin");
	if (!l->n_devices || l->n_devices > LITEIO_LABEL_DEVICES_MAX ||
	    l->this_device >= l->n_devices)
		return bad(err, "the number of devices is out of range");
	if (l->n_extents > LITEIO_LABEL_EXTENTS_MAX)
		return bad(err, "the number of extents is out of range");
	for (size_t i = 0; i < l->n_devices; i++) {
		if (l->devices[i].size < LITEIO_POOL_SIZE_MIN || l->devices[i].size > INT64_MAX ||
		    liteio_uuid_is_null(&l->devices[i].uuid))
			return bad(err, "a device has no valid size or uuid");
	}
	return check_extents(l, err);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static uint32_t label_crc(const struct liteio_ondisk_label *d)
{
	struct liteio_ondisk_label copy = *d;

	liteio_put(copy.crc, 0);
	return liteio_crc32c(0, &copy, sizeof(copy));
}

static bool begins_at_home(const struct liteio_label *l, enum liteio_extent_kind kind)
{
	const struct liteio_extent *e = liteio_label_extent(l, kind);

	return !e || !e->device;
}

/* what was true of every label before there were any whose metadata had taken a spare */
static bool is_taken(const struct liteio_label *l)
{
	if (!liteio_label_has_spare(l) || !begins_at_home(l, LITEIO_EXTENT_THIN_META) ||
	    !begins_at_home(l, LITEIO_EXTENT_META_SPARE))
		return true;
	for (size_t i = 1; i < l->n_extents && l->n_devices == 1; i++) {
		if (l->extents[i].start < l->extents[i - 1].start)
			return true;
	}
	return false;
}

/* what a reader must know to understand it: nothing new as long as nothing new is used */
static uint64_t incompat(const struct liteio_label *l)
{
	uint64_t bits = 0;

	if (liteio_label_extent(l, LITEIO_EXTENT_LINEAR))
		bits |= LITEIO_LABEL_INCOMPAT_LINEAR;
	if (liteio_label_extent(l, LITEIO_EXTENT_RESERVE_DATA))
		bits |= LITEIO_LABEL_INCOMPAT_RESERVE;
	if (count_extents(l, LITEIO_EXTENT_THIN_META) > 1 ||
	    count_extents(l, LITEIO_EXTENT_META_SPARE) > 1)
		bits |= LITEIO_LABEL_INCOMPAT_PARTS;
	if (l->n_devices > 1)
		bits |= LITEIO_LABEL_INCOMPAT_DEVICES;
	if (is_taken(l))
		bits |= LITEIO_LABEL_INCOMPAT_TAKEN;
	return bits;
}

void liteio_label_encode(const struct liteio_label *l, struct liteio_ondisk_label *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->magic, LITEIO_LABEL_MAGIC, sizeof(out->magic));
	liteio_put(out->version, LITEIO_ONDISK_VERSION);
	liteio_put(out->compat, l->exported ? LITEIO_LABEL_COMPAT_EXPORTED : 0);
	liteio_put(out->incompat, incompat(l));
	liteio_put(out->sequence, l->sequence);
	memcpy(out->pool_uuid, l->pool_uuid.b, sizeof(out->pool_uuid));
	liteio_put(out->created, l->created);
	liteio_put(out->this_device, l->this_device);
	liteio_put(out->n_devices, l->n_devices);
	liteio_put(out->n_extents, l->n_extents);
	liteio_put(out->thin_block, l->thin_block);
	liteio_text_put(out->pool_name, sizeof(out->pool_name), l->pool_name);
	for (size_t i = 0; i < l->n_devices; i++) {
		memcpy(out->devices[i].uuid, l->devices[i].uuid.b, sizeof(out->devices[i].uuid));
		liteio_put(out->devices[i].size, l->devices[i].size);
	}
	for (size_t i = 0; i < l->n_extents; i++) {
		liteio_put(out->extents[i].kind, l->extents[i].kind);
		liteio_put(out->extents[i].device, l->extents[i].device);
		liteio_put(out->extents[i].start, l->extents[i].start);
		liteio_put(out->extents[i].length, l->extents[i].length);
	}
	liteio_put(out->crc, label_crc(out));
}

static bool unused_is_zero(const struct liteio_ondisk_label *in, size_t n_devices, size_t n_extents)
{
	for (size_t i = 0; i < n_devices; i++) {
		if (liteio_get(in->devices[i].zero))
			return false;
	}
	return liteio_is_zero(in->zero1, sizeof(in->zero1)) &&
	       liteio_is_zero(in->zero2, sizeof(in->zero2)) &&
	       liteio_is_zero((const uint8_t *)&in->devices[n_devices],
			      (LITEIO_LABEL_DEVICES_MAX - n_devices) * sizeof(in->devices[0])) &&
	       liteio_is_zero((const uint8_t *)&in->extents[n_extents],
			      (LITEIO_LABEL_EXTENTS_MAX - n_extents) * sizeof(in->extents[0]));
}

/* what has to be known before anything else in it can be understood */
static int check_envelope(const struct liteio_ondisk_label *in, struct liteio_error *err)
{
	uint64_t unknown;

	if (memcmp(in->magic, LITEIO_LABEL_MAGIC, sizeof(in->magic)) != 0)
		return liteio_error_set(err, -ENODATA, "it carries no pool");
	if (liteio_get(in->crc) != label_crc(in))
		return bad(err, "its checksum is wrong");
	if (liteio_get(in->version) != LITEIO_ONDISK_VERSION)
		return liteio_error_set(err, -ENOTSUP,
					"the pool has format version %u, this program knows version %u",
					(unsigned int)liteio_get(in->version),
					LITEIO_ONDISK_VERSION);
	unknown = liteio_get(in->incompat) & ~LITEIO_LABEL_INCOMPAT;
	if (unknown)
		return liteio_error_set(err, -ENOTSUP,
					"the pool uses features this program does not know (0x%llx)",
					(unsigned long long)unknown);
	return 0;
}

int liteio_label_decode(const struct liteio_ondisk_label *in, struct liteio_label *ret,
			struct liteio_error *err)
{
	struct liteio_label l = { 0 };
	int r;

	r = check_envelope(in, err);
	if (r)
		return r;
	l.compat = liteio_get(in->compat);
	l.exported = l.compat & LITEIO_LABEL_COMPAT_EXPORTED;
	l.sequence = liteio_get(in->sequence);
	memcpy(l.pool_uuid.b, in->pool_uuid, sizeof(l.pool_uuid.b));
	l.created = liteio_get(in->created);
	l.this_device = (uint32_t)liteio_get(in->this_device);
	l.thin_block = (uint32_t)liteio_get(in->thin_block);
	l.n_devices = liteio_get(in->n_devices);
	l.n_extents = liteio_get(in->n_extents);
	if (l.n_devices > LITEIO_LABEL_DEVICES_MAX || l.n_extents > LITEIO_LABEL_EXTENTS_MAX)
		return bad(err, "it counts more devices or extents than it can hold");
	if (!liteio_text_get(in->pool_name, sizeof(in->pool_name), l.pool_name))
		return bad(err, "the pool has no valid name");
	for (size_t i = 0; i < l.n_devices; i++) {
		memcpy(l.devices[i].uuid.b, in->devices[i].uuid, sizeof(l.devices[i].uuid.b));
		l.devices[i].size = liteio_get(in->devices[i].size);
	}
	for (size_t i = 0; i < l.n_extents; i++) {
		l.extents[i].kind = (enum liteio_extent_kind)liteio_get(in->extents[i].kind);
		l.extents[i].device = (uint32_t)liteio_get(in->extents[i].device);
		l.extents[i].start = liteio_get(in->extents[i].start);
		l.extents[i].length = liteio_get(in->extents[i].length);
	}
	/* what a compatible newer version has put there is none of our business */
	if (!(l.compat & ~LITEIO_LABEL_COMPAT) && !unused_is_zero(in, l.n_devices, l.n_extents))
		return bad(err, "there are bytes where none should be");
	r = liteio_label_check(&l, err);
	if (r)
		return r;
	if (liteio_get(in->incompat) != incompat(&l))
		return bad(err, "its features are not those of its extents");
	*ret = l;
	return 0;
}
