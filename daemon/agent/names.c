// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names, sorted by where they lead.
 */
#include "agent/names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/**
 * struct liteio_name - a name
 * @target: where it leads
 * @name: what it is, in the memory of @target
 */
struct liteio_name {
	char *target;
	char *name;
};

static int compare(const struct liteio_name *a, const char *target, const char *name)
{
	int d = strcmp(a->target, target);

	return d ? d : strcmp(a->name, name);
}

/* the first one that is not before this one */
static size_t find(const struct liteio_names *names, const char *target, const char *name)
{
	size_t lo = 0, hi = names->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare(&names->items[mid], target, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void liteio_names_add(struct liteio_names *names, const char *name, const char *target)
{
	size_t at = find(names, target, name), len = strlen(target) + 1;
	struct liteio_name *x;

	if (at < names->n && compare(&names->items[at], target, name) == 0)
		return;
	/* there is room up to the next power of two */
	if (!(names->n & (names->n - 1)))
		names->items = liteio_realloc(names->items, names->n ? 2 * names->n : 1,
					      sizeof(*names->items));
	x = &names->items[at];
	memmove(x + 1, x, (names->n++ - at) * sizeof(*x));
	x->target = liteio_calloc(1, len + strlen(name) + 1);
	x->name = x->target + len;
	memcpy(x->target, target, len);
	memcpy(x->name, name, strlen(name) + 1);
}

static bool leads_to(const struct liteio_names *names, size_t at, const char *target)
{
	return at < names->n && strcmp(names->items[at].target, target) == 0;
}

char *liteio_names_take(struct liteio_names *names, const char *target, const char *but)
{
	size_t at = find(names, target, "");
	struct liteio_name *x;
	char *taken;

	if (but && leads_to(names, at, target) && strcmp(names->items[at].name, but) == 0)
		at++;
	if (!leads_to(names, at, target))
		return NULL;
	x = &names->items[at];
	taken = x->target;
	memmove(taken, x->name, strlen(x->name) + 1);
	memmove(x, x + 1, (--names->n - at) * sizeof(*x));
	return taken;
}

void liteio_names_fini(struct liteio_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i].target);
	free(names->items);
	*names = (struct liteio_names){ 0 };
}
