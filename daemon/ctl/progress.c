// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Progress of an operation, drawn over one line of a terminal.
 */
#include "ctl/progress.h"

#include <inttypes.h>

#include "base/json.h"
#include "base/str.h"

/* brackets, per cent, what is left */
#define WORDS_COLUMNS 28

static uint64_t number(const struct liteio_json *j, const char *key)
{
	int64_t v = liteio_json_get_int(j, key, 0);

	return v > 0 ? (uint64_t)v : 0;
}

void liteio_progress_see(struct liteio_progress *p, const struct liteio_json *operation)
{
	p->total_bytes = number(operation, "totalBytes");
	p->done_bytes = number(operation, "doneBytes");
	if (p->done_bytes > p->total_bytes)
		p->done_bytes = p->total_bytes;
	p->took_ms = number(operation, "tookMs");
}

void liteio_progress_draw(struct liteio_buf *out, const struct liteio_progress *p,
			  unsigned int columns, bool done)
{
	unsigned int width = columns > WORDS_COLUMNS + 10 ? columns - WORDS_COLUMNS : 10;
	unsigned int part, marks;
	char size[32];

	if (done) {
		liteio_buf_addf(out, "\r%*s\r", (int)(width + WORDS_COLUMNS - 1), "");
		return;
	}
	if (!p->total_bytes) {
		liteio_buf_addf(out, "\r%*s  %6" PRIu64 " s", (int)(width + WORDS_COLUMNS - 12), "",
				p->took_ms / 1000);
		return;
	}
	part = (unsigned int)((double)p->done_bytes * 100.0 / (double)p->total_bytes);
	marks = part * width / 100;
	liteio_buf_addstr(out, "\r[");
	for (unsigned int i = 0; i < width; i++)
		liteio_buf_add(out, i < marks ? "#" : " ", 1);
	liteio_buf_addf(out, "] %3u%%  %9s left", part,
			liteio_format_size(p->total_bytes - p->done_bytes, size, sizeof(size)));
}
