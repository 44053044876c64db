// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Spares: a few things of one kind that are dear to make, kept for whoever needs one next.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/spares.h"
#include "base/str.h"

/**
 * struct liteio_spares - the set
 * @lock: covers @things and @n
 * @release: ends the life of a thing
 * @max: so many are kept
 * @n: so many are here
 * @things: the last one given is the last
 */
struct liteio_spares {
	pthread_mutex_t lock;
	void (*release)(void *thing);
	size_t max;
	size_t n;
	void *things[];
};

struct liteio_spares *liteio_spares_new(size_t max, void (*release)(void *thing))
{
	struct liteio_spares *s = liteio_calloc(1, sizeof(*s) + max * sizeof(s->things[0]));

	pthread_mutex_init(&s->lock, NULL);
	s->release = release;
	s->max = max;
	return s;
}

void liteio_spares_free(struct liteio_spares *s)
{
	if (!s)
		return;
	while (s->n)
		s->release(s->things[--s->n]);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void *liteio_spares_take(struct liteio_spares *s)
{
	liteio_guard(&s->lock);
	return s->n ? s->things[--s->n] : NULL;
}

static bool keep(struct liteio_spares *s, void *thing)
{
	liteio_guard(&s->lock);
	if (s->n == s->max)
		return false;
	s->things[s->n++] = thing;
	return true;
}

void liteio_spares_give(struct liteio_spares *s, void *thing)
{
	if (!keep(s, thing))
		s->release(thing);
}
