// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generations, sorted.
 */
#include "agent/generations.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void liteio_generations_fini(struct liteio_generations *g)
{
	free(g->items);
	*g = (struct liteio_generations){ 0 };
}

void liteio_generations_add(struct liteio_generations *g, const struct liteio_uuid *uuid,
			    uint64_t generation)
{
	/* there is room up to the next power of two */
	if (!(g->n & (g->n - 1)))
		g->items = liteio_realloc(g->items, g->n ? 2 * g->n : 1, sizeof(*g->items));
	g->items[g->n++] = (struct liteio_generation){ *uuid, generation };
}

static int compare(const void *a, const void *b)
{
	const struct liteio_generation *x = a, *y = b;
	int d = memcmp(x->uuid.b, y->uuid.b, sizeof(x->uuid.b));

	if (d)
		return d;
	return x->generation < y->generation ? -1 : x->generation > y->generation;
}

void liteio_generations_sort(struct liteio_generations *g)
{
	size_t n = 0;

	if (g->n)
		qsort(g->items, g->n, sizeof(*g->items), compare);
	for (size_t i = 0; i < g->n; i++) {
		if (!n || compare(&g->items[n - 1], &g->items[i]))
			g->items[n++] = g->items[i];
	}
	g->n = n;
}

size_t liteio_generations_of(const struct liteio_generations *g, const struct liteio_uuid *uuid,
			     size_t *ret_first)
{
	const struct liteio_generation least = { *uuid, 0 };
	size_t lo = 0, hi = g->n, end;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare(&g->items[mid], &least) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (end = lo; end < g->n && liteio_uuid_equal(&g->items[end].uuid, uuid);)
		end++;
	*ret_first = lo;
	return end - lo;
}
