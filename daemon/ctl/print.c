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
#include "model/volume.h"

#define COLUMNS_MAX 24

static void join(struct liteio_buf *b, const char *s)
{
	if (b->len > 0)
		liteio_buf_addstr(b, ",");
	liteio_buf_addstr(b, s);
}

char *liteio_format_ns(uint64_t ns, char *out, size_t len)
{
	const uint64_t us = ns / 1000, s = ns / 1000000000;

	if (!ns)
		snprintf(out, len, "0");
	else if (us < 1000)
		snprintf(out, len, "%" PRIu64 "us", us ? us : 1);
	else if (us < 100000)
		snprintf(out, len, "%.1fms", (double)us / 1e3);
	else if (s < 1)
		snprintf(out, len, "%" PRIu64 "ms", us / 1000);
	else if (s < 100)
		snprintf(out, len, "%.2fs", (double)ns / 1e9);
	else if (s < 6000)
		snprintf(out, len, "%" PRIu64 "m%02us", s / 60, (unsigned int)(s % 60));
	else
		snprintf(out, len, "%" PRIu64 "h%02um", s / 3600, (unsigned int)(s / 60 % 60));
	return out;
}

static void add_limit(struct liteio_buf *b, const char *what, uint64_t v, bool is_size)
{
	char text[32];

	if (!v)
		return;
	if (is_size)
		liteio_format_size(v, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%" PRIu64, v);
	liteio_buf_addf(b, "%s%s %s/s", b->len ? ", " : "", what, text);
}

/* "read 100/s, write 10.0 MiB/s"; of an object that says so: that they are not in force */
static void add_limits(struct liteio_buf *b, const struct liteio_json *v,
		       const struct liteio_json *object)
{
	add_limit(b, "read", (uint64_t)liteio_json_get_int(v, "readIOPS", 0), false);
	add_limit(b, "read", (uint64_t)liteio_json_get_int(v, "readBytesPerSecond", 0), true);
	add_limit(b, "write", (uint64_t)liteio_json_get_int(v, "writeIOPS", 0), false);
	add_limit(b, "write", (uint64_t)liteio_json_get_int(v, "writeBytesPerSecond", 0), true);
	if (b->len && liteio_json_get(object, "limitsNotInForce"))
		liteio_buf_addstr(b, " (not in force)");
}

/* "read 1.20s, write 0"; nothing when there never was any */
static void add_over_limit(struct liteio_buf *b, const struct liteio_json *v)
{
	uint64_t rd = (uint64_t)(liteio_json_get_int(v, "read.iopsNs", 0) +
				 liteio_json_get_int(v, "read.bytesNs", 0));
	uint64_t wr = (uint64_t)(liteio_json_get_int(v, "write.iopsNs", 0) +
				 liteio_json_get_int(v, "write.bytesNs", 0));
	char text[2][16];

	if (rd || wr)
		liteio_buf_addf(b, "read %s, write %s", liteio_format_ns(rd, text[0], 16),
				liteio_format_ns(wr, text[1], 16));
}

/* the types whose value is a single number */
static void add_number(struct liteio_buf *b, enum liteio_column_type type, int64_t v)
{
	char text[32];

	if (!v && (type == LITEIO_COLUMN_LIMIT || type == LITEIO_COLUMN_LIMIT_SIZE))
		liteio_buf_addstr(b, "none");
	else if (type == LITEIO_COLUMN_SIZE || type == LITEIO_COLUMN_LIMIT_SIZE)
		liteio_buf_addstr(b, liteio_format_size((uint64_t)v, text, sizeof(text)));
	else if (type == LITEIO_COLUMN_NS)
		liteio_buf_addstr(b, liteio_format_ns((uint64_t)v, text, sizeof(text)));
	else
		liteio_buf_addf(b, "%" PRId64, v);
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
	case LITEIO_COLUMN_SIZE:
	case LITEIO_COLUMN_NS:
	case LITEIO_COLUMN_LIMIT:
	case LITEIO_COLUMN_LIMIT_SIZE:
		add_number(&b, c->type, liteio_json_get_int(object, c->key, 0));
		break;
	case LITEIO_COLUMN_LIMITS:
		add_limits(&b, v, object);
		break;
	case LITEIO_COLUMN_OVER_LIMIT:
		add_over_limit(&b, v);
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
	case LITEIO_COLUMN_WIDE:
		break;
	}
	if (b.len == 0)
		liteio_buf_addstr(&b, "-");
	return liteio_buf_take(&b);
}

/* those that are shown */
static size_t choose(const struct liteio_column *columns, bool wide,
		     const struct liteio_column *ret[COLUMNS_MAX])
{
	size_t n = 0;

	for (; n < COLUMNS_MAX && columns->title; columns++) {
		if (columns->type != LITEIO_COLUMN_WIDE)
			ret[n++] = columns;
		else if (!wide)
			break;
	}
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

void liteio_print_table(struct liteio_buf *out, const struct liteio_column *columns, bool wide,
			const struct liteio_json *items)
{
	const struct liteio_column *shown[COLUMNS_MAX];
	size_t n = choose(columns, wide, shown), rows = liteio_json_len(items), i, row;
	size_t widths[COLUMNS_MAX] = { 0 };
	char **cells = liteio_calloc((rows + 1) * n, sizeof(*cells));

	for (row = 0; row <= rows; row++) {
		for (i = 0; i < n; i++) {
			char **c = &cells[row * n + i];

			*c = row ? cell(shown[i], liteio_json_at(items, row - 1)) :
				   liteio_strdup(shown[i]->title);
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
	const struct liteio_column *shown[COLUMNS_MAX];
	size_t n = choose(columns, true, shown), i, width = 0;

	for (i = 0; i < n; i++)
		if (strlen(shown[i]->key) > width)
			width = strlen(shown[i]->key);
	for (i = 0; i < n; i++) {
		_cleanup_free_ char *text = NULL;

		if (!liteio_json_get(object, shown[i]->key))
			continue;
		text = cell(shown[i], object);
		liteio_buf_addf(out, "%-*s  %s\n", (int)width, shown[i]->key, text);
	}
}

char *liteio_print_rounded(uint64_t asked, const struct liteio_json *volume)
{
	uint64_t size = (uint64_t)liteio_json_get_int(volume, "sizeBytes", 0);

	if (!asked || size <= asked || size - asked >= LITEIO_VOLUME_SIZE_ALIGN)
		return NULL;
	return liteio_strf("the size is rounded up to a multiple of %llu MiB: %" PRIu64 " bytes",
			   LITEIO_VOLUME_SIZE_ALIGN >> 20, size);
}
