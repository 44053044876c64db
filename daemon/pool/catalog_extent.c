// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ranges of linear volumes in the catalog.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "pool/catalog.h"

static int compare(const struct liteio_catalog_extent *e, const struct liteio_uuid *volume,
		   uint64_t offset)
{
	int d = memcmp(e->volume.b, volume->b, sizeof(volume->b));

	if (d)
		return d;
	return e->offset < offset ? -1 : e->offset > offset;
}

/* the first extent not before (@volume, @offset) */
static size_t slot(const struct liteio_catalog *c, const struct liteio_uuid *volume,
		   uint64_t offset)
{
	size_t lo = 0, hi = c->n_extents;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare(&c->extents[mid], volume, offset) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t liteio_catalog_extents_of(const struct liteio_catalog *c, const struct liteio_uuid *volume,
				 size_t *ret_first)
{
	*ret_first = slot(c, volume, 0);
	return slot(c, volume, UINT64_MAX) - *ret_first;
}

uint64_t liteio_catalog_extents_bytes(const struct liteio_catalog *c,
				      const struct liteio_uuid *volume)
{
	size_t i, n = liteio_catalog_extents_of(c, volume, &i);
	uint64_t bytes = 0;

	for (; n > 0; n--)
		bytes += c->extents[i++].length;
	return bytes;
}

void liteio_catalog_add_extent(struct liteio_catalog *c, const struct liteio_catalog_extent *e)
{
	size_t i = slot(c, &e->volume, e->offset);

	if (!c->extents || c->n_extents == liteio_catalog_room(c->n_extents))
		c->extents = liteio_realloc(c->extents, liteio_catalog_room(c->n_extents + 1),
					    sizeof(*c->extents));
	memmove(&c->extents[i + 1], &c->extents[i], (c->n_extents - i) * sizeof(*c->extents));
	c->extents[i] = *e;
	c->n_extents++;
}

void liteio_catalog_drop_extents(struct liteio_catalog *c, size_t i, size_t n)
{
	if (!n)
		return;
	memmove(&c->extents[i], &c->extents[i + n], (c->n_extents - i - n) * sizeof(*c->extents));
	c->n_extents -= n;
}

size_t liteio_catalog_drop_fresh(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	size_t first, n = liteio_catalog_extents_of(c, volume, &first), used = 0;

	while (used < n && c->extents[first + used].state == LITEIO_CATALOG_EXTENT_USED)
		used++;
	liteio_catalog_drop_extents(c, first + used, n - used);
	return n - used;
}

void liteio_catalog_use_extents(struct liteio_catalog *c, const struct liteio_uuid *volume)
{
	size_t first, n = liteio_catalog_extents_of(c, volume, &first);

	for (size_t i = first; i < first + n; i++) {
		struct liteio_catalog_extent *e = &c->extents[i], *prev = e - 1;

		e->state = LITEIO_CATALOG_EXTENT_USED;
		if (i == first || prev->device != e->device ||
		    prev->start + prev->length != e->start)
			continue;
		prev->length += e->length;
		liteio_catalog_drop_extents(c, i, 1);
		i--;
		n--;
	}
}

/* ---- what must hold ------------------------------------------------------------------------- */

static int bad(struct liteio_error *err, const struct liteio_uuid *uuid, const char *what)
{
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(uuid, text);
	return liteio_error_set(err, -EBADMSG, "the catalog is damaged: volume %s %s", text, what);
}

static bool bounds_ok(const struct liteio_catalog_extent *e)
{
	return e->length && e->start % LITEIO_LINEAR_UNIT == 0 &&
	       e->length % LITEIO_LINEAR_UNIT == 0 && e->start < INT64_MAX &&
	       e->length < INT64_MAX && e->offset < INT64_MAX &&
	       e->device < LITEIO_LABEL_DEVICES_MAX;
}

static int check_one(const struct liteio_catalog *c, size_t i, struct liteio_error *err)
{
	const struct liteio_catalog_extent *e = &c->extents[i], *prev = i ? e - 1 : NULL;
	const struct liteio_catalog_volume *v = liteio_catalog_find(c, &e->volume);

	if (!v)
		return bad(err, &e->volume, "has an extent and does not exist");
	if (v->vclass != LITEIO_CATALOG_LINEAR)
		return bad(err, &e->volume, "has an extent and is not linear");
	if (!bounds_ok(e))
		return bad(err, &e->volume, "has an extent out of bounds");
	if (e->state != LITEIO_CATALOG_EXTENT_FRESH && e->state != LITEIO_CATALOG_EXTENT_USED)
		return bad(err, &e->volume, "has an extent in no known state");
	if (e->state == LITEIO_CATALOG_EXTENT_USED && v->state == LITEIO_CATALOG_CREATING)
		return bad(err, &e->volume, "is being created and has an extent in use");
	if (prev && !liteio_uuid_equal(&prev->volume, &e->volume)) {
		if (compare(prev, &e->volume, 0) > 0)
			return bad(err, &e->volume, "has extents out of order");
		prev = NULL;
	}
	if (e->offset != (prev ? prev->offset + prev->length : 0))
		return bad(err, &e->volume, "has extents that do not follow each other");
	if (prev && prev->state == LITEIO_CATALOG_EXTENT_FRESH && e->state != prev->state)
		return bad(err, &e->volume, "has an extent in use behind one that is not");
	return 0;
}

/* together as long as the volume; while it is deleted they become less */
static int check_volume(const struct liteio_catalog *c, const struct liteio_catalog_volume *v,
			struct liteio_error *err)
{
	size_t first, n = liteio_catalog_extents_of(c, &v->uuid, &first);
	uint64_t sum = 0;

	for (size_t i = first; i < first + n; i++) {
		if (v->state == LITEIO_CATALOG_CREATING ||
		    c->extents[i].state == LITEIO_CATALOG_EXTENT_USED)
			sum += c->extents[i].length;
	}
	if (v->state == LITEIO_CATALOG_DELETING ? sum <= v->size_bytes : sum == v->size_bytes)
		return 0;
	return bad(err, &v->uuid, "has extents of another length than its own");
}

static int compare_place(const void *a, const void *b)
{
	const struct liteio_catalog_extent *x = *(const struct liteio_catalog_extent *const *)a;
	const struct liteio_catalog_extent *y = *(const struct liteio_catalog_extent *const *)b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static int check_places(const struct liteio_catalog *c, struct liteio_error *err)
{
	const struct liteio_catalog_extent **all _cleanup_free_ =
		liteio_calloc(c->n_extents + 1, sizeof(*all));

	for (size_t i = 0; i < c->n_extents; i++)
		all[i] = &c->extents[i];
	qsort(all, c->n_extents, sizeof(*all), compare_place);
	for (size_t i = 1; i < c->n_extents; i++) {
		if (all[i - 1]->device == all[i]->device &&
		    all[i - 1]->start + all[i - 1]->length > all[i]->start)
			return bad(err, &all[i]->volume, "has an extent that another has, too");
	}
	return 0;
}

int liteio_catalog_check_extents(const struct liteio_catalog *c, struct liteio_error *err)
{
	int r;

	for (size_t i = 0; i < c->n_extents; i++) {
		r = check_one(c, i, err);
		if (r)
			return r;
	}
	for (size_t i = 0; i < c->n_volumes; i++) {
		if (c->volumes[i]->vclass != LITEIO_CATALOG_LINEAR)
			continue;
		r = check_volume(c, c->volumes[i], err);
		if (r)
			return r;
	}
	return check_places(c, err);
}
