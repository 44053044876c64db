// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What thin_dump writes. Pure.
 *
 * One element is one tag; attributes are numbers in quotes. Of damaged metadata the text ends
 * somewhere, with a sentence of the program behind it: what was read until then is taken.
 */
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "pool/ondisk.h"
#include "pool/thin_meta.h"

#define NAME_MAX_CHARS 32
#define VALUE_MAX_CHARS 24
/* the longest one is the superblock's */
#define TAG_MAX_CHARS 512

/* a tag, from its name to before its ">" */
struct tag {
	const char *at;
	size_t len;
};

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
	uint64_t block;

	if (number(t, "transaction", UINT64_MAX, &d->txid) ||
	    number(t, "data_block_size", UINT32_MAX, &block) ||
	    number(t, "nr_data_blocks", UINT64_MAX, &d->data_blocks))
		return -EBADMSG;
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

/**
 * struct def - mappings that several devices have; from version 1.0 on they are written once,
 *	before these
 * @name: what they are referred to by
 * @end: block behind the last one
 */
struct def {
	uint64_t name;
	uint64_t end;
};

/**
 * struct liteio_thin_parser - as far as it has come
 * @d: what was found
 * @defs: of struct def, by their names, for tsearch()
 * @def: the one that is under way, or NULL
 * @tag: the tag that is under way
 * @len: of it
 * @is_in_tag: there is one
 * @has_superblock: the first tag was that
 * @code: why nothing more is taken; 1 when all of it was there
 */
struct liteio_thin_parser {
	struct liteio_thin_dump d;
	void *defs;
	struct def *def;
	char tag[TAG_MAX_CHARS];
	size_t len;
	bool is_in_tag;
	bool has_superblock;
	int code;
};

static int compare_defs(const void *a, const void *b)
{
	const struct def *x = a, *y = b;

	return (x->name > y->name) - (x->name < y->name);
}

static int take_def(struct liteio_thin_parser *p, const struct tag *t)
{
	struct def *def = liteio_calloc(1, sizeof(*def));
	struct def **at;

	if (p->def || number(t, "name", UINT64_MAX, &def->name)) {
		free(def);
		return -EBADMSG;
	}
	at = tsearch(def, &p->defs, compare_defs);
	if (!at)
		abort();
	/* twice */
	if (*at != def) {
		free(def);
		return -EBADMSG;
	}
	p->def = def;
	return 0;
}

/* whoever is under way has this */
static int reach(struct liteio_thin_parser *p, uint64_t end)
{
	struct liteio_thin_dump *d = &p->d;
	uint64_t *at;

	if (!p->def && !d->n_devices)
		return -EBADMSG;
	at = p->def ? &p->def->end : &d->devices[d->n_devices - 1].end;
	if (*at < end)
		*at = end;
	return 0;
}

static int take_ref(struct liteio_thin_parser *p, const struct tag *t)
{
	struct def want = { 0 };
	struct def **at;

	if (number(t, "name", UINT64_MAX, &want.name))
		return -EBADMSG;
	at = tfind(&want, &p->defs, compare_defs);
	return at ? reach(p, (*at)->end) : -EBADMSG;
}

static int take_mapping(struct liteio_thin_parser *p, const struct tag *t, const char *where,
			const char *length)
{
	uint64_t begin, n = 1;

	if (number(t, where, UINT32_MAX, &begin) ||
	    (length && number(t, length, UINT32_MAX, &n)))
		return -EBADMSG;
	return reach(p, begin + n);
}

static int take(struct liteio_thin_parser *p, const struct tag *t)
{
	if (is_tag(t, "device"))
		return p->def ? -EBADMSG : take_device(t, &p->d);
	if (is_tag(t, "range_mapping"))
		return take_mapping(p, t, "origin_begin", "length");
	if (is_tag(t, "single_mapping"))
		return take_mapping(p, t, "origin_block", NULL);
	if (is_tag(t, "def"))
		return take_def(p, t);
	if (is_tag(t, "ref"))
		return take_ref(p, t);
	if (is_tag(t, "/def"))
		p->def = NULL;
	else if (is_tag(t, "/superblock"))
		p->d.is_whole = true;
	else if (!is_tag(t, "/device"))
		return -EBADMSG;
	return 0;
}

struct liteio_thin_parser *liteio_thin_parser_new(void)
{
	return liteio_calloc(1, sizeof(struct liteio_thin_parser));
}

static void end_tag(struct liteio_thin_parser *p)
{
	const struct tag t = { p->tag, p->len };

	p->is_in_tag = false;
	if (p->has_superblock) {
		p->code = take(p, &t);
	} else {
		p->has_superblock = is_tag(&t, "superblock");
		p->code = p->has_superblock ? take_superblock(&t, &p->d) : -ENODATA;
	}
	if (!p->code && p->d.is_whole)
		p->code = 1;
}

/* what of the text belongs to the tag that is under way; how much that is */
static size_t feed_tag(struct liteio_thin_parser *p, const char *text, size_t len)
{
	const char *end = memchr(text, '>', len);
	size_t n = end ? (size_t)(end - text) : len;

	if (n > sizeof(p->tag) - p->len) {
		p->code = p->has_superblock ? -EBADMSG : -ENODATA;
		return len;
	}
	memcpy(p->tag + p->len, text, n);
	p->len += n;
	if (!end)
		return n;
	end_tag(p);
	return n + 1;
}

void liteio_thin_parser_feed(struct liteio_thin_parser *p, const char *text, size_t len)
{
	while (len && !p->code) {
		const char *begin = p->is_in_tag ? text : memchr(text, '<', len);
		size_t n;

		if (!begin)
			return;
		if (!p->is_in_tag) {
			p->is_in_tag = true;
			p->len = 0;
			begin++;
		}
		n = (size_t)(begin - text);
		n += feed_tag(p, begin, len - n);
		text += n;
		len -= n;
	}
}

int liteio_thin_parser_end(struct liteio_thin_parser *p, struct liteio_thin_dump *ret)
{
	int r = p->has_superblock ? p->code : -ENODATA;

	if (r < 0)
		liteio_thin_dump_fini(&p->d);
	else
		*ret = p->d;
	tdestroy(p->defs, free);
	free(p);
	return r < 0 ? r : 0;
}

int liteio_thin_dump_parse(const char *text, size_t len, struct liteio_thin_dump *ret)
{
	struct liteio_thin_parser *p = liteio_thin_parser_new();

	liteio_thin_parser_feed(p, text, len);
	return liteio_thin_parser_end(p, ret);
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
