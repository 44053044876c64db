// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What thin_dump writes. Pure.
 *
 * One element is one tag; attributes are numbers in quotes. Of damaged metadata the text ends
 * somewhere, with a sentence of the program behind it: what was read until then is taken.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "pool/ondisk.h"
#include "pool/thin_meta.h"

#define NAME_MAX_CHARS 32
#define VALUE_MAX_CHARS 24

/* a tag, from its name to before its ">" */
struct tag {
	const char *at;
	size_t len;
};

/* the next tag behind @pos, which moves on; false at the end, or where a tag has none */
static bool next_tag(const char *text, size_t len, size_t *pos, struct tag *ret)
{
	const char *begin = memchr(text + *pos, '<', len - *pos), *end;

	if (!begin)
		return false;
	begin++;
	end = memchr(begin, '>', (size_t)(text + len - begin));
	if (!end)
		return false;
	ret->at = begin;
	ret->len = (size_t)(end - begin);
	*pos = (size_t)(end + 1 - text);
	return true;
}

static bool is_tag(const struct tag *t, const char *name)
{
	size_t n = strlen(name);

	return t->len >= n && !memcmp(t->at, name, n) &&
	       (t->len == n || t->at[n] == ' ' || t->at[n] == '/');
}

/* name="123" as a number up to @max */
static int number(const struct tag *t, const char *name, uint64_t max, uint64_t *ret)
{
	char want[NAME_MAX_CHARS], value[VALUE_MAX_CHARS];
	const char *at, *end, *stop = t->at + t->len;
	size_t n;

	n = (size_t)snprintf(want, sizeof(want), " %s=\"", name);
	at = memmem(t->at, t->len, want, n);
	if (!at)
		return -EBADMSG;
	at += n;
	end = memchr(at, '"', (size_t)(stop - at));
	if (!end || (size_t)(end - at) >= sizeof(value))
		return -EBADMSG;
	memcpy(value, at, (size_t)(end - at));
	value[end - at] = '\0';
	return liteio_parse_u64(value, 0, max, ret) ? -EBADMSG : 0;
}

static int take_superblock(const struct tag *t, struct liteio_thin_dump *d)
{
	uint64_t flags, block;

	if (number(t, "transaction", UINT64_MAX, &d->txid) ||
	    number(t, "flags", UINT32_MAX, &flags) ||
	    number(t, "data_block_size", UINT32_MAX, &block) ||
	    number(t, "nr_data_blocks", UINT64_MAX, &d->data_blocks))
		return -EBADMSG;
	d->flags = (uint32_t)flags;
	d->block_sectors = (uint32_t)block;
	return 0;
}

static int take_device(const struct tag *t, struct liteio_thin_dump *d)
{
	const struct liteio_thin_device *last = d->n_devices ? &d->devices[d->n_devices - 1] : NULL;
	struct liteio_thin_device v = { 0 };
	uint64_t id;

	/* dm-thin's ids have 24 bits, and 0 is one of them: not of ours */
	if (number(t, "dev_id", LITEIO_THIN_ID_MAX, &id) ||
	    number(t, "mapped_blocks", UINT64_MAX, &v.mapped) || (last && id <= last->id))
		return -EBADMSG;
	v.id = (uint32_t)id;
	d->devices = liteio_realloc(d->devices, d->n_devices + 1, sizeof(*d->devices));
	d->devices[d->n_devices++] = v;
	return 0;
}

static int take_mapping(const struct tag *t, const char *where, const char *length,
			struct liteio_thin_dump *d)
{
	uint64_t begin, n = 1;

	if (!d->n_devices || number(t, where, UINT32_MAX, &begin) ||
	    (length && number(t, length, UINT32_MAX, &n)))
		return -EBADMSG;
	if (d->devices[d->n_devices - 1].end < begin + n)
		d->devices[d->n_devices - 1].end = begin + n;
	return 0;
}

static int take(const struct tag *t, struct liteio_thin_dump *d)
{
	if (is_tag(t, "device"))
		return take_device(t, d);
	if (is_tag(t, "range_mapping"))
		return take_mapping(t, "origin_begin", "length", d);
	if (is_tag(t, "single_mapping"))
		return take_mapping(t, "origin_block", NULL, d);
	if (is_tag(t, "/superblock"))
		d->is_whole = true;
	else if (!is_tag(t, "/device"))
		return -EBADMSG;
	return 0;
}

int liteio_thin_dump_parse(const char *text, size_t len, struct liteio_thin_dump *ret)
{
	struct liteio_thin_dump d = { 0 };
	struct tag t;
	size_t pos = 0;
	int r = 0;

	if (!next_tag(text, len, &pos, &t) || !is_tag(&t, "superblock"))
		return -ENODATA;
	r = take_superblock(&t, &d);
	while (!r && !d.is_whole && next_tag(text, len, &pos, &t))
		r = take(&t, &d);
	if (r) {
		liteio_thin_dump_fini(&d);
		return r;
	}
	*ret = d;
	return 0;
}

void liteio_thin_dump_fini(struct liteio_thin_dump *d)
{
	free(d->devices);
	*d = (struct liteio_thin_dump){ 0 };
}

const struct liteio_thin_device *liteio_thin_dump_find(const struct liteio_thin_dump *d,
						       uint32_t id)
{
	size_t low = 0, high = d->n_devices;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->devices[mid].id == id)
			return &d->devices[mid];
		if (d->devices[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
