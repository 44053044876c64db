/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which names lead to which devices: so that those of one device are found without reading
 * thousands of links. Pure.
 *
 * The owner locks it, and looks whether a name still leads there before it does anything to it.
 */
#ifndef LITEIO_AGENT_NAMES_H
#define LITEIO_AGENT_NAMES_H

#include <stddef.h>

/**
 * struct liteio_names - names, sorted by where they lead
 * @items: as they were added
 * @n: how many
 */
struct liteio_names {
	struct liteio_name *items;
	size_t n;
};

/* @name leads to @target; nothing when that is known */
void liteio_names_add(struct liteio_names *names, const char *name, const char *target);

/**
 * liteio_names_take() - a name that leads to a device, which is not known any more
 * @names: all
 * @target: the device
 * @but: one that stays; NULL for none
 *
 * Return: the name, in memory that is the caller's now; NULL when there is no other one.
 */
char *liteio_names_take(struct liteio_names *names, const char *target, const char *but);

void liteio_names_fini(struct liteio_names *names);

#endif
