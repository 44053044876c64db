/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which generations of a volume may still be used: the floor, and those fenced one by one. Pure.
 *
 * Both only ever take away. A generation below the floor is gone for good; a generation from the
 * floor on is usable unless it is in the barred set. Raising the floor empties the set below it,
 * so the set stays as small as the number of generations fenced since the oldest one in use.
 */
#ifndef LITEIO_GENERATIONS_H
#define LITEIO_GENERATIONS_H

#include "pure.h"

/**
 * struct liteio_generations - the rule of one volume
 * @floor: lowest generation still allowed
 * @nr_barred: used entries of @barred
 * @max_barred: room in @barred
 * @barred: ascending, each at or above @floor; memory of the caller, NULL when @max_barred is 0
 *
 * Changed under the caller's lock. @floor and @nr_barred may be read without it, with READ_ONCE().
 */
struct liteio_generations {
	u64 floor;
	u32 nr_barred;
	u32 max_barred;
	u64 *barred;
};

/**
 * liteio_generations_init() - everything from @floor on is allowed
 * @g: uninitialized
 * @floor: LITEIO_GEN_MIN to LITEIO_GEN_MAX
 *
 * Context: any.
 */
void liteio_generations_init(struct liteio_generations *g, u64 floor);

/**
 * liteio_generations_is_barred() - was this generation fenced by itself
 * @g: the rule
 * @gen: any number
 *
 * Context: caller holds the lock of @g. Return: false also for what is below the floor.
 */
bool liteio_generations_is_barred(const struct liteio_generations *g, u64 gen);

/**
 * liteio_generations_allow() - may this generation be used
 * @g: the rule
 * @gen: any number
 *
 * Context: caller holds the lock of @g. Return: true if at or above the floor and not barred.
 */
bool liteio_generations_allow(const struct liteio_generations *g, u64 gen);

/**
 * liteio_generations_raise() - raise the floor, and drop from the set what is now below it
 * @g: the rule
 * @floor: the new floor; one that is not above the present one changes nothing
 *
 * Context: caller holds the lock of @g. Return: true if the floor has changed.
 */
bool liteio_generations_raise(struct liteio_generations *g, u64 floor);

/**
 * liteio_generations_is_full() - does the set need more room before one more can be barred
 * @g: the rule
 *
 * Context: caller holds the lock of @g. Return: true if it does.
 */
static inline bool liteio_generations_is_full(const struct liteio_generations *g)
{
	return g->nr_barred == g->max_barred;
}

/**
 * liteio_generations_grow() - give the set a larger array
 * @g: the rule
 * @room: memory for @max entries, which now belongs to @g
 * @max: more than the present room
 *
 * Context: caller holds the lock of @g. Return: the old array, which now belongs to the caller.
 */
u64 *liteio_generations_grow(struct liteio_generations *g, u64 *room, u32 max);

/**
 * liteio_generations_bar() - take one generation away for good
 * @g: the rule
 * @gen: LITEIO_GEN_MIN to LITEIO_GEN_MAX
 *
 * Context: caller holds the lock of @g.
 * Return: 0, also if it was not allowed before; -ENOSPC if the set is full.
 */
int liteio_generations_bar(struct liteio_generations *g, u64 gen);

#endif
