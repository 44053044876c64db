/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers for people: tables of aligned columns. Pure.
 */
#ifndef LITEIO_CTL_PRINT_H
#define LITEIO_CTL_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_buf;
struct liteio_json;

enum liteio_column_type {
	LITEIO_COLUMN_TEXT,
	LITEIO_COLUMN_WIDE, /* no column: those behind it are for tables that have room (-o wide) */
	LITEIO_COLUMN_NUMBER,
	LITEIO_COLUMN_SIZE,
	LITEIO_COLUMN_BOOL,
	LITEIO_COLUMN_TEXTS, /* array of strings, joined with commas */
	LITEIO_COLUMN_FIRST, /* array of strings, only the first one */
	LITEIO_COLUMN_GENERATIONS, /* of an array of attachments, joined with commas */
	LITEIO_COLUMN_NS, /* a time in nanoseconds */
	LITEIO_COLUMN_LIMIT, /* a number; 0 is none */
	LITEIO_COLUMN_LIMIT_SIZE, /* a size; 0 is none */
	LITEIO_COLUMN_LIMITS, /* an object of limits, in short */
	LITEIO_COLUMN_OVER_LIMIT, /* an object of times over limit, in short */
};

/**
 * struct liteio_column - one column
 * @title: in capitals; NULL ends the table
 * @key: path of the value in the object
 * @type: how it is written
 */
struct liteio_column {
	const char *title;
	const char *key;
	enum liteio_column_type type;
};

/* "0", "870us", "12.3ms", "4.56s", "2h03m": in a buffer of at least 16 bytes, which is returned */
char *liteio_format_ns(uint64_t ns, char *out, size_t len);

/* rows of @items (an array) under the titles; nothing but the titles when there is none */
void liteio_print_table(struct liteio_buf *out, const struct liteio_column *columns, bool wide,
			const struct liteio_json *items);
/* one object, a line per column; members that are absent are left out */
void liteio_print_object(struct liteio_buf *out, const struct liteio_column *columns,
			 const struct liteio_json *object);

/*
 * that a volume is larger than was asked for, because sizes are rounded up: a sentence, in new
 * memory; NULL when it is not, or when it was that large before. @asked: 0 for no size
 */
char *liteio_print_rounded(uint64_t asked, const struct liteio_json *volume);

#endif
