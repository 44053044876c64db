// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers for people: tables of aligned columns.
 */
#include "ctl/print.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"

#define COLUMNS_MAX 16

static void join(struct liteio_buf *b, const char *s)
{
	if (b->len > 0)
		liteio_buf_addstr(b, ",");
	liteio_buf_addstr(b, s);
}

/* text of one value in new memory, "-" when it is absent */
static char *cell(const struct liteio_column *c, const struct liteio_json *object)
{
	const struct liteio_json *v = liteio_json_get(object, c->key);
	struct liteio_buf b = LITEIO_BUF_INIT;
	char text[32];
	size_t i;

	switch (c->type) {
	case LITEIO_COLUMN_TEXT:
		if (liteio_json_string(v))
			liteio_buf_addstr(&b, liteio_json_string(v));
		break;
	case LITEIO_COLUMN_NUMBER:
		liteio_buf_addf(&b, "%" PRId64, liteio_json_get_int(object, c->key, 0));
		break;
	case LITEIO_COLUMN_SIZE:
		liteio_buf_addstr(&b, liteio_format_size(liteio_json_get_int(object, c->key, 0),
							 text, sizeof(text)));
		break;
	case LITEIO_COLUMN_BOOL:
		liteio_buf_addstr(&b, liteio_json_get_bool(object, c->key, false) ? "yes" : "no");
		break;
	case LITEIO_COLUMN_TEXTS:
		for (i = 0; i < liteio_json_len(v); i++)
			join(&b, liteio_json_string(liteio_json_at(v, i)));
		break;
	case LITEIO_COLUMN_FIRST:
		if (liteio_json_len(v) > 0)
			liteio_buf_addstr(&b, liteio_json_string(liteio_json_at(v, 0)));
		break;
	case LITEIO_COLUMN_GENERATIONS:
		for (i = 0; i < liteio_json_len(v); i++) {
			snprintf(text, sizeof(text), "%" PRId64,
				 liteio_json_get_int(liteio_json_at(v, i), "generation", 0));
			join(&b, text);
		}
		break;
	}
	if (b.len == 0)
		liteio_buf_addstr(&b, "-");
	return liteio_buf_take(&b);
}

static size_t columns_count(const struct liteio_column *columns)
{
	size_t n = 0;

	while (n < COLUMNS_MAX && columns[n].title)
		n++;
	return n;
}

/* the last column is not padded: no line ends in blanks */
static void add_row(struct liteio_buf *out, char **cells, const size_t *widths, size_t n)
{
	size_t i;

	for (i = 0; i + 1 < n; i++)
		liteio_buf_addf(out, "%-*s  ", (int)widths[i], cells[i]);
	liteio_buf_addf(out, "%s\n", cells[n - 1]);
}

void liteio_print_table(struct liteio_buf *out, const struct liteio_column *columns,
			const struct liteio_json *items)
{
	size_t n = columns_count(columns), rows = liteio_json_len(items), i, row;
	size_t widths[COLUMNS_MAX] = { 0 };
	char **cells = liteio_calloc((rows + 1) * n, sizeof(*cells));

	for (row = 0; row <= rows; row++) {
		for (i = 0; i < n; i++) {
			char **c = &cells[row * n + i];

			*c = row ? cell(&columns[i], liteio_json_at(items, row - 1)) :
				   liteio_strdup(columns[i].title);
			if (strlen(*c) > widths[i])
				widths[i] = strlen(*c);
		}
	}
	for (row = 0; row <= rows; row++)
		add_row(out, &cells[row * n], widths, n);
	for (i = 0; i < (rows + 1) * n; i++)
		free(cells[i]);
	free(cells);
}

void liteio_print_object(struct liteio_buf *out, const struct liteio_column *columns,
			 const struct liteio_json *object)
{
	size_t i, width = 0;

	for (i = 0; columns[i].title; i++)
		if (strlen(columns[i].key) > width)
			width = strlen(columns[i].key);
	for (i = 0; columns[i].title; i++) {
		_cleanup_free_ char *text = NULL;

		if (!liteio_json_get(object, columns[i].key))
			continue;
		text = cell(&columns[i], object);
		liteio_buf_addf(out, "%-*s  %s\n", (int)width, columns[i].key, text);
	}
}
