/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Progress of an operation, drawn over one line of a terminal. Pure.
 */
#ifndef LITEIO_CTL_PROGRESS_H
#define LITEIO_CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_buf;
struct liteio_json;

/**
 * struct liteio_progress - what was seen last
 * @done_bytes: of @total_bytes
 * @total_bytes: 0 for what is not told in bytes
 * @took_ms: so far
 */
struct liteio_progress {
	uint64_t done_bytes;
	uint64_t total_bytes;
	uint64_t took_ms;
};

/* take in an operation */
void liteio_progress_see(struct liteio_progress *p, const struct liteio_json *operation);
/*
 * "\r[#####     ]  50%  512Mi left" of so many columns, or how long it has taken where nothing else
 * is known; an empty one to wipe it with @done
 */
void liteio_progress_draw(struct liteio_buf *out, const struct liteio_progress *p,
			  unsigned int columns, bool done);

#endif
