/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is taken strictly has every key once, and null nowhere: seen otherwise than the decoder
 * sees it.
 */
#ifndef LITEIO_TESTS_FUZZ_MEMBERS_H
#define LITEIO_TESTS_FUZZ_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

static inline size_t members_of(const struct liteio_json *j);

static inline int members_add(void *arg, const char *key, struct liteio_json *v)
{
	*(size_t *)arg += 1 + members_of(v);
	return 0;
}

/* of a value and all that is in it */
static inline size_t members_of(const struct liteio_json *j)
{
	size_t n = 0;

	for (size_t i = 0; i < liteio_json_len(j); i++)
		n += members_of(liteio_json_at(j, i));
	liteio_json_each(j, members_add, &n);
	return n;
}

/* members that a text of JSON has, those with the same key as well: one for each colon */
static inline size_t members_written(const char *text, size_t len)
{
	bool quoted = false;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else
			n += !quoted && text[i] == ':';
	}
	return n;
}

static inline bool members_once(const char *text, size_t len)
{
	struct liteio_json *j = NULL;
	bool once;

	if (liteio_json_parse(text, len, &j, NULL))
		return false;
	once = members_of(j) == members_written(text, len);
	liteio_json_unref(j);
	return once;
}

/* a member of these fields that is there and null */
static inline bool members_null(const struct liteio_json *j, const struct liteio_field *f)
{
	for (; f->key; f++) {
		const struct liteio_json *v = liteio_json_member(j, f->key);

		if (!v && liteio_json_has(j, f->key))
			return true;
		if (f->type == LITEIO_FIELD_OBJECT && v && members_null(v, f->fields))
			return true;
		for (size_t i = 0; f->type == LITEIO_FIELD_ARRAY && i < liteio_json_len(v); i++)
			if (members_null(liteio_json_at(v, i), f->fields))
				return true;
	}
	return false;
}

#endif
