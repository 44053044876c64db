/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Progress of a deletion, drawn over one line of a terminal. Pure.
 */
#ifndef LITEIO_CTL_PROGRESS_H
#define LITEIO_CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_buf;
struct liteio_json;

/**
 * struct liteio_progress - what has been seen so far
 * @kind: "volume" or "snapshot"; borrowed
 * @name: of what is deleted; borrowed
 * @total_bytes: the most that was ever left
 * @left_bytes: what is left now
 */
struct liteio_progress {
	const char *kind;
	const char *name;
	uint64_t total_bytes;
	uint64_t left_bytes;
};

/* take in an answer of GET /v1/deletions; false when there is nothing of it there */
bool liteio_progress_see(struct liteio_progress *p, const struct liteio_json *answer);
/* "\r[#####     ]  50%  512Mi left" of so many columns; an empty one to wipe it with @done */
void liteio_progress_draw(struct liteio_buf *out, const struct liteio_progress *p,
			  unsigned int columns, bool done);

#endif
