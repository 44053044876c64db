// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of a label later: space that devices have gained, other devices, and metadata that
 * take the spare.
 */
#include <errno.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "pool/label.h"

#define MIB (1ull << 20)

static uint64_t round_up(uint64_t v, uint64_t to)
{
	return (v + to - 1) / to * to;
}

static uint64_t round_down(uint64_t v, uint64_t to)
{
	return v / to * to;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* what dm-thin uses besides so many bytes of metadata */
static uint64_t room_beside(uint64_t have)
{
	return have < LITEIO_THIN_META_MAX ? LITEIO_THIN_META_MAX - have : 0;
}

/* ---- growing -------------------------------------------------------------------------------- */

/**
 * struct gain - what a device has gained, and what of it is not for data
 * @bytes: all of it
 * @meta: for metadata
 * @spare: for the spare
 */
struct gain {
	uint64_t bytes;
	uint64_t meta;
	uint64_t spare;
};

/* for data of the new size: what is needed, or more when that is little: there are few extents */
static uint64_t meta_for_data(const struct liteio_label *l, uint64_t gain)
{
	uint64_t have = liteio_label_sum(l, LITEIO_EXTENT_THIN_META);
	uint64_t data = liteio_label_sum(l, LITEIO_EXTENT_THIN_DATA) + gain;
	uint64_t need = liteio_label_meta_least(data, l->thin_block), add;

	if (need <= have)
		return 0;
	add = round_up(have / 4, MIB);
	return add < need - have || add > gain / 32 ? need - have : add;
}

/* as a new pool of this size has for many devices; a small gain is for data, not for an extent */
static uint64_t meta_for_devices(const struct liteio_label *l, uint64_t gain)
{
	uint64_t have = liteio_label_sum(l, LITEIO_EXTENT_THIN_META);
	uint64_t data = liteio_label_sum(l, LITEIO_EXTENT_THIN_DATA) + gain;
	uint64_t need = liteio_label_meta_bytes(data, l->thin_block), add;

	if (need <= have)
		return 0;
	add = least(need - have, round_down(gain / 32, MIB));
	return add == need - have || add >= have / 2 ? add : 0;
}

/*
 * for metadata that are nearly full, of snapshots say, whatever the size of the data: what is full
 * goes on with a little, too, and does not without
 */
static uint64_t meta_for_use(const struct liteio_label *l, uint64_t gain, uint64_t used)
{
	uint64_t have = liteio_label_sum(l, LITEIO_EXTENT_THIN_META);

	if (used < have / 4 * 3 || gain < 4 * MIB)
		return 0;
	return least(have, gain < 8 * MIB ? MIB : round_down(gain / 8, MIB));
}

static void divide(const struct liteio_label *l, uint64_t meta_used, struct gain *g)
{
	uint64_t have = liteio_label_sum(l, LITEIO_EXTENT_THIN_META);
	uint64_t lacks = have - liteio_label_sum(l, LITEIO_EXTENT_META_SPARE);
	uint64_t for_data = meta_for_data(l, g->bytes);
	uint64_t for_use = meta_for_use(l, g->bytes, meta_used);
	uint64_t for_devices = meta_for_devices(l, g->bytes);
	uint64_t rest;

	g->meta = least(most(for_data, most(for_use, for_devices)), room_beside(have));
	rest = g->bytes > 2 * g->meta ? g->bytes - 2 * g->meta : 0;
	g->spare = g->meta + least(lacks, round_down(rest / 2, MIB));
}

/* behind the last extent of a device; what a pool leaves alone at the beginning when it has none */
static uint64_t end_of(const struct liteio_label *l, uint32_t device)
{
	uint64_t end = LITEIO_SLOT_OFFSET;

	for (size_t i = 0; i < l->n_extents; i++) {
		const struct liteio_extent *e = &l->extents[i];

		if (e->device == device && e->start + e->length > end)
			end = e->start + e->length;
	}
	return end;
}

/* the last of the thin data, when it is on this device and nothing is behind it there; or NULL */
static struct liteio_extent *find_open_end(struct liteio_label *l, uint32_t device)
{
	struct liteio_extent *last = NULL;

	for (size_t i = 0; i < l->n_extents; i++) {
		if (l->extents[i].kind == LITEIO_EXTENT_THIN_DATA)
			last = &l->extents[i];
	}
	if (!last || last->device != device || last->start + last->length != end_of(l, device))
		return NULL;
	return last;
}

static void append_extent(struct liteio_label *l, enum liteio_extent_kind kind, uint32_t device,
			  uint64_t *pos, uint64_t length)
{
	if (!length)
		return;
	l->extents[l->n_extents++] = (struct liteio_extent){
		.kind = kind,
		.device = device,
		.start = *pos,
		.length = length,
	};
	*pos += length;
}

/* all that is free at the end of a device: 1 there is a block, 0 there is none, or -ENOSPC */
static int take_end(struct liteio_label *l, uint32_t device, uint64_t meta_used,
		    struct liteio_error *err)
{
	uint64_t align = l->thin_block < MIB ? MIB : l->thin_block, begin = end_of(l, device);
	uint64_t end = liteio_label_backup_offset(l->devices[device].size);
	struct liteio_extent *longer = find_open_end(l, device);
	struct gain g = { 0 };

	if (!longer)
		begin = round_up(begin, align);
	if (end < begin + l->thin_block)
		return 0;
	g.bytes = end - begin;
	divide(l, meta_used, &g);
	/* behind the data, so that this goes on where it is */
	if (g.bytes < g.meta + g.spare)
		return 0;
	end -= g.meta + g.spare;
	if (end < begin + l->thin_block)
		return 0;
	if (l->n_extents + 3 > LITEIO_LABEL_EXTENTS_MAX)
		return liteio_error_set(err, -ENOSPC,
					"the pool has grown so often that its label has no room for more");
	if (longer)
		longer->length += round_down(end - begin, l->thin_block);
	else
		append_extent(l, LITEIO_EXTENT_THIN_DATA, device, &begin,
			      round_down(end - begin, l->thin_block));
	append_extent(l, LITEIO_EXTENT_THIN_META, device, &end, g.meta);
	append_extent(l, LITEIO_EXTENT_META_SPARE, device, &end, g.spare);
	return 1;
}

int liteio_label_grow(struct liteio_label *l, uint32_t device, uint64_t size, uint64_t meta_used,
		      struct liteio_error *err)
{
	struct liteio_label new = *l;
	int r;

	if (size < l->devices[device].size)
		return liteio_error_set(err, -EINVAL,
					"its device has %llu bytes now, and %llu before: a pool can not shrink",
					(unsigned long long)size,
					(unsigned long long)l->devices[device].size);
	new.devices[device].size = size;
	r = take_end(&new, device, meta_used, err);
	if (r == 1)
		*l = new;
	return r;
}

int liteio_label_add(struct liteio_label *l, uint64_t size, uint64_t meta_used,
		     struct liteio_error *err)
{
	struct liteio_label new = *l;
	char text[32];
	int r;

	if (new.n_devices == LITEIO_LABEL_DEVICES_MAX)
		return liteio_error_set(err, -ENOSPC, "the pool has %u devices, and can have no more",
					LITEIO_LABEL_DEVICES_MAX);
	if (size < LITEIO_POOL_SIZE_MIN)
		return liteio_error_set(err, -EINVAL, "%s is too small for a pool, 64 MiB is the least",
					liteio_format_size(size, text, sizeof(text)));
	liteio_uuid_random(&new.devices[new.n_devices].uuid);
	new.devices[new.n_devices].size = size;
	r = take_end(&new, (uint32_t)new.n_devices++, meta_used, err);
	if (!r)
		r = liteio_error_set(err, -EINVAL, "%s has no room for one block of the pool",
				     liteio_format_size(size, text, sizeof(text)));
	if (r < 0)
		return r;
	*l = new;
	return 0;
}

/* ---- the spare ------------------------------------------------------------------------------ */

bool liteio_label_has_spare(const struct liteio_label *l)
{
	return liteio_label_sum(l, LITEIO_EXTENT_META_SPARE) ==
	       liteio_label_sum(l, LITEIO_EXTENT_THIN_META);
}

/*
 * the first @most bytes of it, as metadata in @ret; what is left of it is spare behind @rest. 0
 * when it can not be divided for want of another entry
 */
static uint64_t take_part(const struct liteio_extent *e, uint64_t most, size_t n_extents,
			  struct liteio_extent *ret, struct liteio_extent *ret_rest)
{
	*ret = *e;
	*ret_rest = *e;
	ret->kind = LITEIO_EXTENT_THIN_META;
	ret->length = least(e->length, most);
	ret_rest->start += ret->length;
	ret_rest->length -= ret->length;
	if (ret_rest->length && n_extents == LITEIO_LABEL_EXTENTS_MAX) {
		*ret_rest = *e;
		ret->length = 0;
	}
	return ret->length;
}

bool liteio_label_take_spare(struct liteio_label *l)
{
	uint64_t have = liteio_label_sum(l, LITEIO_EXTENT_THIN_META);
	uint64_t room = room_beside(have);
	struct liteio_extent taken[LITEIO_LABEL_EXTENTS_MAX];
	struct liteio_label new = *l;
	size_t n = 0, n_taken = 0;

	for (size_t i = 0; i < l->n_extents; i++) {
		struct liteio_extent rest = l->extents[i];

		if (rest.kind == LITEIO_EXTENT_META_SPARE && room) {
			uint64_t got = take_part(&l->extents[i], room, l->n_extents,
						 &taken[n_taken], &rest);

			n_taken += got != 0;
			room -= got;
		}
		if (rest.length)
			new.extents[n++] = rest;
	}
	if (!n_taken)
		return false;
	/* behind all others: where metadata are in their device must not change */
	for (size_t i = 0; i < n_taken; i++)
		new.extents[n++] = taken[i];
	new.n_extents = n;
	*l = new;
	return true;
}

int liteio_label_catch_up(struct liteio_label *l, uint64_t meta_bytes)
{
	struct liteio_label new = *l;

	if (meta_bytes <= liteio_label_sum(l, LITEIO_EXTENT_THIN_META))
		return 0;
	if (!liteio_label_take_spare(&new) ||
	    liteio_label_sum(&new, LITEIO_EXTENT_THIN_META) != meta_bytes)
		return -ESTALE;
	new.sequence++;
	*l = new;
	return 1;
}
