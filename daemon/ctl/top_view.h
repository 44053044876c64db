/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One round of `liteioctl top`, as lines or as JSON. Pure.
 */
#ifndef LITEIO_CTL_TOP_VIEW_H
#define LITEIO_CTL_TOP_VIEW_H

#include "ctl/sample.h"

struct liteio_buf;
struct liteio_json;

/**
 * struct liteio_round - one round
 * @interval_ns: between its two samples
 * @items: volumes, the busiest first
 * @n_items: how many
 */
struct liteio_round {
	uint64_t interval_ns;
	const struct liteio_activity *items;
	size_t n_items;
};

/**
 * liteio_top_lines() - a round for people: a line about all, the titles, a line per volume
 * @out: lines are added
 * @r: the round
 * @clock: of the day, for the first line
 * @columns: no line is longer; 0 for no bound
 * @lines: no more than these, the busiest volumes first; 0 for no bound
 */
void liteio_top_lines(struct liteio_buf *out, const struct liteio_round *r, const char *clock,
		      unsigned int columns, unsigned int lines);

/* a round for programs: what was counted, and in how long; an object, owned */
struct liteio_json *liteio_top_json(const struct liteio_round *r);

#endif
