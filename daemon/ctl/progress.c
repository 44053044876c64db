// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Progress of a deletion, drawn over one line of a terminal.
 */
#include "ctl/progress.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

/* brackets, per cent, what is left */
#define WORDS_COLUMNS 28

bool liteio_progress_see(struct liteio_progress *p, const struct liteio_json *answer)
{
	const struct liteio_json *items = liteio_json_get(answer, "items");
	bool found = false;

	p->left_bytes = 0;
	for (size_t i = 0; i < liteio_json_len(items); i++) {
		const struct liteio_json *item = liteio_json_at(items, i);
		const char *kind = liteio_json_get_string(item, "kind");
		const char *name = liteio_json_get_string(item, "name");
		int64_t left = liteio_json_get_int(item, "leftBytes", 0);

		if (!kind || !name || strcmp(kind, p->kind) != 0 || strcmp(name, p->name) != 0)
			continue;
		found = true;
		if (left > 0)
			p->left_bytes += (uint64_t)left;
	}
	if (p->total_bytes < p->left_bytes)
		p->total_bytes = p->left_bytes;
	return found;
}

void liteio_progress_draw(struct liteio_buf *out, const struct liteio_progress *p,
			  unsigned int columns, bool done)
{
	unsigned int width = columns > WORDS_COLUMNS + 10 ? columns - WORDS_COLUMNS : 10;
	unsigned int part = 100, marks;
	char size[32];

	if (done) {
		liteio_buf_addf(out, "\r%*s\r", (int)(width + WORDS_COLUMNS - 1), "");
		return;
	}
	if (p->total_bytes)
		part = (unsigned int)(100 - p->left_bytes * 100.0 / p->total_bytes);
	marks = part * width / 100;
	liteio_buf_addstr(out, "\r[");
	for (unsigned int i = 0; i < width; i++)
		liteio_buf_add(out, i < marks ? "#" : " ", 1);
	liteio_buf_addf(out, "] %3u%%  %9s left", part,
			liteio_format_size(p->left_bytes, size, sizeof(size)));
}
