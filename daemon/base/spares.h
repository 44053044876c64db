/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spares: a few things of one kind that are dear to make, kept for whoever needs one next.
 */
#ifndef LITEIO_BASE_SPARES_H
#define LITEIO_BASE_SPARES_H

#include <stddef.h>

struct liteio_spares;

/**
 * liteio_spares_new() - an empty set
 * @max: so many are kept
 * @release: ends the life of a thing
 *
 * Return: the set, never NULL; liteio_spares_free().
 */
struct liteio_spares *liteio_spares_new(size_t max, void (*release)(void *thing));
/* releases what it holds; NULL is fine */
void liteio_spares_free(struct liteio_spares *s);

/* the one given last, now the caller's; NULL when there is none. Any thread; does not wait */
void *liteio_spares_take(struct liteio_spares *s);
/* back into the set, or released when that is full. Any thread; does not wait */
void liteio_spares_give(struct liteio_spares *s, void *thing);

#endif
