// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor of a volume and its generations fenced one by one. Pure.
 */
#include "generations.h"

/* first entry that is not below gen */
static u32 lower_bound(const struct liteio_generations *g, u64 gen)
{
	u32 lo = 0, hi = g->nr_barred;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (g->barred[mid] < gen)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void liteio_generations_init(struct liteio_generations *g, u64 floor)
{
	g->floor = floor;
	g->nr_barred = 0;
	g->max_barred = 0;
	g->barred = NULL;
}

bool liteio_generations_is_barred(const struct liteio_generations *g, u64 gen)
{
	u32 at = lower_bound(g, gen);

	return at < g->nr_barred && g->barred[at] == gen;
}

bool liteio_generations_allow(const struct liteio_generations *g, u64 gen)
{
	return gen >= g->floor && !liteio_generations_is_barred(g, gen);
}

bool liteio_generations_raise(struct liteio_generations *g, u64 floor)
{
	u32 gone;

	if (floor <= g->floor)
		return false;
	gone = lower_bound(g, floor);
	if (gone) {
		memmove(g->barred, g->barred + gone, (g->nr_barred - gone) * sizeof(*g->barred));
		WRITE_ONCE(g->nr_barred, g->nr_barred - gone);
	}
	WRITE_ONCE(g->floor, floor);
	return true;
}

u64 *liteio_generations_grow(struct liteio_generations *g, u64 *room, u32 max)
{
	u64 *old = g->barred;

	if (g->nr_barred)
		memcpy(room, old, g->nr_barred * sizeof(*room));
	g->barred = room;
	g->max_barred = max;
	return old;
}

int liteio_generations_bar(struct liteio_generations *g, u64 gen)
{
	u32 at;

	if (!liteio_generations_allow(g, gen))
		return 0;
	if (liteio_generations_is_full(g))
		return -ENOSPC;
	at = lower_bound(g, gen);
	memmove(g->barred + at + 1, g->barred + at, (g->nr_barred - at) * sizeof(*g->barred));
	g->barred[at] = gen;
	WRITE_ONCE(g->nr_barred, g->nr_barred + 1);
	return 0;
}
