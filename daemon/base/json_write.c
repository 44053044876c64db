// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Structs as JSON text: the answers of an API, without a value of json-c for each of their fields.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"
#include "base/uuid.h"

/* most are shorter: one piece of memory for all of it */
#define LIKELY_BYTES 768

static void add_char(struct liteio_buf *b, char c)
{
	*liteio_buf_room(b, 1) = c;
	b->data[++b->len] = '\0';
}

#define EACH_BYTE 0x0101010101010101ull
#define HIGH_BITS 0x8080808080808080ull

/* a high bit where a byte is 0; above one that is, others may have theirs as well */
static uint64_t zeros_in(uint64_t bytes)
{
	return (bytes - EACH_BYTE) & ~bytes & HIGH_BITS;
}

/* eight characters of which each is written as it is */
static bool are_plain(uint64_t bytes)
{
	/* not above 0x7f, not 0x7f, not below 0x20 */
	const uint64_t control = bytes | (bytes + EACH_BYTE) | (bytes - EACH_BYTE * 0x20);

	return !((control & HIGH_BITS) | zeros_in(bytes ^ EACH_BYTE * '"') |
		 zeros_in(bytes ^ EACH_BYTE * '\\'));
}

/* for most there is nothing to change */
static bool is_plain(const char *s, size_t len)
{
	uint64_t bytes;
	bool is = true;

	for (; is && len >= sizeof(bytes); s += sizeof(bytes), len -= sizeof(bytes)) {
		memcpy(&bytes, s, sizeof(bytes));
		is = are_plain(bytes);
	}
	bytes = EACH_BYTE * ' ';
	for (size_t i = 0; i < len && is; i++)
		bytes = bytes << 8 | (unsigned char)s[i];
	return is && are_plain(bytes);
}

static void add_quoted(struct liteio_buf *b, const char *s, size_t len)
{
	char *to = liteio_buf_room(b, len + 2);

	to[0] = '"';
	memcpy(to + 1, s, len);
	to[len + 1] = '"';
	b->len += len + 2;
	b->data[b->len] = '\0';
}

/* what comes next ends the text again */
static void add_key(struct liteio_buf *b, const struct liteio_field *f, bool is_first)
{
	size_t len = f->key_len ? f->key_len : strlen(f->key);
	char *to = liteio_buf_room(b, len + 4);
	char *at = to;

	if (!is_first)
		*at++ = ',';
	*at++ = '"';
	memcpy(at, f->key, len);
	at += len;
	*at++ = '"';
	*at++ = ':';
	b->len += (size_t)(at - to);
}

static void add_string(struct liteio_buf *b, const char *s)
{
	size_t len = strlen(s);
	struct liteio_json *j;
	char *text;

	if (is_plain(s, len)) {
		add_quoted(b, s, len);
		return;
	}
	j = liteio_json_new_string(s);
	text = liteio_json_print(j);
	liteio_buf_addstr(b, text);
	free(text);
	liteio_json_unref(j);
}

static void add_string_or_null(struct liteio_buf *b, const char *s)
{
	if (s)
		add_string(b, s);
	else
		liteio_buf_add(b, "null", 4);
}

static void add_bool(struct liteio_buf *b, bool v)
{
	liteio_buf_add(b, v ? "true" : "false", v ? 4 : 5);
}

static void add_json(struct liteio_buf *b, const struct liteio_json *j)
{
	char *text _cleanup_free_ = liteio_json_print(j);

	liteio_buf_addstr(b, text);
}

/* ---- fields ---------------------------------------------------------------------------------- */

static void add_fields(struct liteio_buf *b, const void *obj, const struct liteio_field *fields);
static bool is_empty(const struct liteio_field *f, const void *obj);

static const char *word_of(const struct liteio_field *f, int v)
{
	for (int i = 0; f->names[i]; i++) {
		if (i == v)
			return f->names[i];
	}
	return NULL;
}

static void add_list(struct liteio_buf *b, const struct liteio_field *f, const void *items,
		     size_t n)
{
	add_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			add_char(b, ',');
		if (f->type == LITEIO_FIELD_STRINGS)
			add_string_or_null(b, ((char *const *)items)[i]);
		else
			add_fields(b, (const char *)items + i * f->elem_size, f->fields);
	}
	add_char(b, ']');
}

static size_t count_of(const struct liteio_field *f, const void *obj)
{
	return *(const size_t *)((const char *)obj + f->count_offset);
}

static bool is_left_out(const struct liteio_field *f, const void *obj)
{
	return f->flags & LITEIO_FIELD_GIVEN &&
	       !*(const bool *)((const char *)obj + f->count_offset);
}

/* there is nothing to say of any of its fields */
static bool is_bare(const void *obj, const struct liteio_field *fields)
{
	const struct liteio_field *f = fields;

	while (f->key && (is_left_out(f, obj) || is_empty(f, obj)))
		f++;
	return !f->key;
}

/* there is nothing to say of it */
static bool is_empty(const struct liteio_field *f, const void *obj)
{
	const void *p = (const char *)obj + f->offset;
	bool keep = f->flags & LITEIO_FIELD_KEEP_ZERO;
	const char *s;

	switch (f->type) {
	case LITEIO_FIELD_STRING:
		return !keep && !*(char *const *)p;
	case LITEIO_FIELD_BOOL:
		return !keep && !*(const bool *)p;
	case LITEIO_FIELD_U64:
	case LITEIO_FIELD_SIZE:
		return !keep && !*(const uint64_t *)p;
	case LITEIO_FIELD_ENUM:
		s = word_of(f, *(const int *)p);
		return !s || (!*s && !keep);
	case LITEIO_FIELD_UUID:
		return !keep && liteio_uuid_is_null(p);
	case LITEIO_FIELD_OBJECT:
		return !keep && is_bare(p, f->fields);
	case LITEIO_FIELD_ARRAY:
	case LITEIO_FIELD_STRINGS:
		return !keep && !count_of(f, obj);
	case LITEIO_FIELD_MAP:
		return !keep && !*(struct liteio_json *const *)p;
	case LITEIO_FIELD_RAW:
		return !*(struct liteio_json *const *)p;
	}
	return true;
}

static void add_value(struct liteio_buf *b, const struct liteio_field *f, const void *obj)
{
	const void *p = (const char *)obj + f->offset;
	char uuid[LITEIO_UUID_STRLEN + 1];
	const char *s;

	switch (f->type) {
	case LITEIO_FIELD_STRING:
		s = *(char *const *)p;
		add_string(b, s ? s : "");
		break;
	case LITEIO_FIELD_BOOL:
		add_bool(b, *(const bool *)p);
		break;
	case LITEIO_FIELD_U64:
	case LITEIO_FIELD_SIZE:
		liteio_buf_add_u64(b, *(const uint64_t *)p);
		break;
	case LITEIO_FIELD_ENUM:
		add_string(b, word_of(f, *(const int *)p));
		break;
	case LITEIO_FIELD_UUID:
		liteio_uuid_format(p, uuid);
		add_quoted(b, uuid, LITEIO_UUID_STRLEN);
		break;
	case LITEIO_FIELD_OBJECT:
		add_fields(b, p, f->fields);
		break;
	case LITEIO_FIELD_ARRAY:
	case LITEIO_FIELD_STRINGS:
		add_list(b, f, *(const void *const *)p, count_of(f, obj));
		break;
	case LITEIO_FIELD_MAP:
	case LITEIO_FIELD_RAW:
		if (*(struct liteio_json *const *)p)
			add_json(b, *(struct liteio_json *const *)p);
		else
			liteio_buf_add(b, "{}", 2);
		break;
	}
}

static void add_fields(struct liteio_buf *b, const void *obj, const struct liteio_field *fields)
{
	bool is_first = true;

	add_char(b, '{');
	for (const struct liteio_field *f = fields; f->key; f++) {
		if (is_left_out(f, obj) || is_empty(f, obj))
			continue;
		add_key(b, f, is_first);
		add_value(b, f, obj);
		is_first = false;
	}
	add_char(b, '}');
}

char *liteio_json_write(const void *obj, const struct liteio_field *fields)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	liteio_buf_room(&b, LIKELY_BYTES);
	add_fields(&b, obj, fields);
	return liteio_buf_take(&b);
}
