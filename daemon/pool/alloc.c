// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The allocator of linear space.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "pool/alloc.h"

uint64_t liteio_alloc_sum(const struct liteio_range *r, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += r[i].length;
	return sum;
}

static int compare(const void *a, const void *b)
{
	const struct liteio_range *x = a, *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

size_t liteio_alloc_free(const struct liteio_range *regions, size_t n_regions,
			 struct liteio_range *used, size_t n_used, struct liteio_range *ret)
{
	size_t n = 0, u = 0;

	if (n_used)
		qsort(used, n_used, sizeof(*used), compare);
	for (size_t i = 0; i < n_regions; i++) {
		uint64_t at = regions[i].start, end = at + regions[i].length;

		for (; u < n_used && used[u].device == regions[i].device && used[u].start < end;
		     u++) {
			if (used[u].start > at)
				ret[n++] = (struct liteio_range){ regions[i].device, at,
								  used[u].start - at };
			at = used[u].start + used[u].length;
		}
		if (at < end)
			ret[n++] = (struct liteio_range){ regions[i].device, at, end - at };
	}
	return n;
}

/* cut @want bytes, or as much as there is, off the front of a range */
static struct liteio_range cut(struct liteio_range *from, uint64_t want)
{
	struct liteio_range r = *from;

	if (r.length > want)
		r.length = want;
	from->start += r.length;
	from->length -= r.length;
	return r;
}

/* the free range that begins where @after ends, or NULL */
static struct liteio_range *next_to(struct liteio_range *f, size_t n,
				    const struct liteio_range *after)
{
	for (size_t i = 0; after && i < n; i++) {
		if (f[i].length && f[i].device == after->device &&
		    f[i].start == after->start + after->length)
			return &f[i];
	}
	return NULL;
}

/* the smallest one that holds @want, else the largest; NULL when there is nothing */
static struct liteio_range *best(struct liteio_range *f, size_t n, uint64_t want)
{
	struct liteio_range *fits = NULL, *largest = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!f[i].length)
			continue;
		if (f[i].length >= want && (!fits || f[i].length < fits->length))
			fits = &f[i];
		if (!largest || f[i].length > largest->length)
			largest = &f[i];
	}
	return fits ? fits : largest;
}

int liteio_alloc_take(const struct liteio_range *free, size_t n_free, uint64_t want,
		      const struct liteio_range *after, struct liteio_range *ret, size_t max)
{
	struct liteio_range *left _cleanup_free_ = liteio_calloc(n_free + 1, sizeof(*left));
	struct liteio_range *from;
	size_t n = 0;

	if (n_free)
		memcpy(left, free, n_free * sizeof(*left));
	from = next_to(left, n_free, after);
	while (want) {
		if (!from)
			from = best(left, n_free, want);
		if (!from)
			return -ENOSPC;
		if (n == max)
			return liteio_alloc_sum(left, n_free) < want ? -ENOSPC : -E2BIG;
		ret[n] = cut(from, want);
		want -= ret[n++].length;
		from = NULL;
	}
	return (int)n;
}
