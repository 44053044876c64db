/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers for people: tables of aligned columns. Pure.
 */
#ifndef LITEIO_CTL_PRINT_H
#define LITEIO_CTL_PRINT_H

struct liteio_buf;
struct liteio_json;

enum liteio_column_type {
	LITEIO_COLUMN_TEXT,
	LITEIO_COLUMN_NUMBER,
	LITEIO_COLUMN_SIZE,
	LITEIO_COLUMN_BOOL,
	LITEIO_COLUMN_TEXTS, /* array of strings, joined with commas */
	LITEIO_COLUMN_FIRST, /* array of strings, only the first one */
	LITEIO_COLUMN_GENERATIONS, /* of an array of attachments, joined with commas */
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

/* rows of @items (an array) under the titles; nothing but the titles when there is none */
void liteio_print_table(struct liteio_buf *out, const struct liteio_column *columns,
			const struct liteio_json *items);
/* one object, a line per column; members that are absent are left out */
void liteio_print_object(struct liteio_buf *out, const struct liteio_column *columns,
			 const struct liteio_json *object);

#endif
