// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Structs as JSON text: the answers of an API, without a value of json-c for each of their fields.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/json_word.h"
#include "base/str.h"
#include "base/uuid.h"

/* most are shorter: one piece of memory for all of it */
#define LIKELY_BYTES 768

static void add_char(struct liteio_buf *b, char c)
{
	*liteio_buf_room(b, 1) = c;
	b->data[++b->len] = '\0';
}

/* ---- strings --------------------------------------------------------------------------------- */

/* eight characters of which each is written as it is */
static bool are_plain(uint64_t bytes)
{
	/* not above 0x7f, not 0x7f, not below 0x20 */
	const uint64_t control = bytes | (bytes + LITEIO_WORD_EACH) |
				 (bytes - LITEIO_WORD_EACH * 0x20);

	return !((control & LITEIO_WORD_HIGH) | liteio_word_marks(bytes));
}

/* up to seven characters, some of them twice, and blanks */
static uint64_t few_bytes(const char *s, size_t len)
{
	uint32_t first = 0x20202020, last = 0x20202020;

	if (len >= sizeof(first)) {
		memcpy(&first, s, sizeof(first));
		memcpy(&last, s + len - sizeof(last), sizeof(last));
	} else if (len) {
		first = (uint32_t)(unsigned char)s[0] << 16 |
			(uint32_t)(unsigned char)s[len / 2] << 8 | (unsigned char)s[len - 1] |
			0x20u << 24;
	}
	return (uint64_t)first << 32 | last;
}

/* for most there is nothing to change */
static bool is_plain(const char *s, size_t len)
{
	uint64_t bytes;

	for (; len >= sizeof(bytes); s += sizeof(bytes), len -= sizeof(bytes)) {
		memcpy(&bytes, s, sizeof(bytes));
		if (!are_plain(bytes))
			return false;
	}
	return are_plain(few_bytes(s, len));
}

/* as json-c says it */
static void add_changed(struct liteio_buf *b, const char *s)
{
	struct liteio_json *j = liteio_json_new_string(s);
	char *text = liteio_json_print(j);

	liteio_buf_addstr(b, text);
	free(text);
	liteio_json_unref(j);
}

static char *put_quoted(char *to, const char *s, size_t len)
{
	*to++ = '"';
	memcpy(to, s, len);
	to[len] = '"';
	return to + len + 1;
}

static void end_at(struct liteio_buf *b, char *at)
{
	*at = '\0';
	b->len = (size_t)(at - b->data);
}

static void add_string_or_null(struct liteio_buf *b, const char *s)
{
	size_t len = s ? strlen(s) : 0;

	if (!s)
		liteio_buf_add(b, "null", 4);
	else if (is_plain(s, len))
		end_at(b, put_quoted(liteio_buf_room(b, len + 2), s, len));
	else
		add_changed(b, s);
}

/* ---- fields ---------------------------------------------------------------------------------- */

static char *put_uncounted_key(struct liteio_buf *b, const struct liteio_field *f, bool is_first,
			       size_t more)
{
	size_t len = strlen(f->key);
	char *to = liteio_buf_room(b, len + 4 + more);

	if (!is_first)
		*to++ = ',';
	*to++ = '"';
	memcpy(to, f->key, len);
	to += len;
	*to++ = '"';
	*to++ = ':';
	return to;
}

/* up to seven bytes more than that, which are there: no call for some bytes */
static char *put_words(char *to, const char *text, size_t len)
{
	const size_t word = sizeof(uint64_t);

	for (size_t at = 0; at < len; at += word)
		memcpy(to + at, text + at, word);
	return to + len;
}

/*
 * the key; there is room for so much more where it ends. Nothing of it counts before end_at()
 */
static char *put_key(struct liteio_buf *b, const struct liteio_field *f, bool is_first, size_t more)
{
	const size_t word = sizeof(uint64_t);
	size_t len = f->written_len;
	char *to;

	if (!len)
		return put_uncounted_key(b, f, is_first, more);
	to = liteio_buf_room(b, len + word + more);
	if (is_first) {
		*to++ = '"';
		return put_words(to, f->written + 2, len - 2);
	}
	return put_words(to, f->written, len);
}

static void add_key(struct liteio_buf *b, const struct liteio_field *f, bool is_first)
{
	end_at(b, put_key(b, f, is_first, 0));
}

static void add_string(struct liteio_buf *b, const struct liteio_field *f, bool is_first,
		       const char *s)
{
	size_t len = strlen(s);

	if (is_plain(s, len)) {
		end_at(b, put_quoted(put_key(b, f, is_first, len + 2), s, len));
		return;
	}
	add_key(b, f, is_first);
	add_changed(b, s);
}

static void add_number(struct liteio_buf *b, const struct liteio_field *f, bool is_first,
		       uint64_t v)
{
	char *at;

	/* most are 0 or 1: of a list of volumes, a twelfth of all it takes to write is saved */
	if (v < 10) {
		at = put_key(b, f, is_first, 1);
		*at = (char)('0' + v);
		end_at(b, at + 1);
		return;
	}
	add_key(b, f, is_first);
	liteio_buf_add_u64(b, v);
}

static void add_bool(struct liteio_buf *b, const struct liteio_field *f, bool is_first, bool v)
{
	add_key(b, f, is_first);
	liteio_buf_add(b, v ? "true" : "false", v ? 4 : 5);
}

static void add_uuid(struct liteio_buf *b, const struct liteio_field *f, bool is_first,
		     const struct liteio_uuid *uuid)
{
	char *at = put_key(b, f, is_first, LITEIO_UUID_STRLEN + 2);

	*at++ = '"';
	liteio_uuid_format(uuid, at);
	at[LITEIO_UUID_STRLEN] = '"';
	end_at(b, at + LITEIO_UUID_STRLEN + 1);
}

/* of so many objects in an element the text is remembered */
#define SAID_MAX 2

/**
 * struct said - the element of a list that was written last
 * @item: it
 * @objects: where the text of its objects is in the buffer, key and all, and how long; 0: nowhere
 *
 * Objects in the elements of a list are often the same, byte by byte, and then so is their text.
 */
struct said {
	const char *item;
	struct {
		size_t at;
		size_t len;
	} objects[SAID_MAX];
};

static void add_fields(struct liteio_buf *b, const void *obj, const struct liteio_field *fields,
		       struct said *said);

/* an object of which there is nothing to say turns out to be one when it is written */
static bool add_object(struct liteio_buf *b, const struct liteio_field *f, bool is_first,
		       const void *obj)
{
	size_t before = b->len, n;

	add_key(b, f, is_first);
	n = b->len;
	add_fields(b, obj, f->fields, NULL);
	if (b->len > n + 2 || f->flags & LITEIO_FIELD_KEEP_ZERO)
		return true;
	end_at(b, b->data + before);
	return false;
}

/* as add_object(), the @i-th one of the fields of an element; @obj is that element */
static bool add_object_again(struct liteio_buf *b, const struct liteio_field *f, bool is_first,
			     const char *obj, struct said *said, size_t i)
{
	const size_t len = said->objects[i].len, at = b->len + !is_first;
	char *to;

	if (len && !memcmp(obj + f->offset, said->item + f->offset, f->elem_size)) {
		to = liteio_buf_room(b, len + 1);
		if (!is_first)
			*to++ = ',';
		memcpy(to, b->data + said->objects[i].at, len);
		end_at(b, to + len);
		return true;
	}
	said->objects[i].len = 0;
	if (!add_object(b, f, is_first, obj + f->offset))
		return false;
	said->objects[i].at = at;
	said->objects[i].len = b->len - at;
	return true;
}

static void add_list(struct liteio_buf *b, const struct liteio_field *f, bool is_first,
		     const void *items, size_t n)
{
	struct said said = { 0 };

	add_key(b, f, is_first);
	add_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			add_char(b, ',');
		if (f->type == LITEIO_FIELD_STRINGS)
			add_string_or_null(b, ((char *const *)items)[i]);
		else
			add_fields(b, (const char *)items + i * f->elem_size, f->fields, &said);
	}
	add_char(b, ']');
}

static void add_json(struct liteio_buf *b, const struct liteio_field *f, bool is_first,
		     const struct liteio_json *j)
{
	char *text _cleanup_free_ = j ? liteio_json_print(j) : liteio_strdup("{}");

	add_key(b, f, is_first);
	liteio_buf_addstr(b, text);
}

static const char *word_of(const struct liteio_field *f, int v)
{
	for (int i = 0; f->names[i]; i++) {
		if (i == v)
			return f->names[i];
	}
	return NULL;
}

static size_t count_of(const struct liteio_field *f, const void *obj)
{
	return *(const size_t *)((const char *)obj + f->count_offset);
}

/* false when there is nothing to say of it */
static bool add_field(struct liteio_buf *b, const struct liteio_field *f, bool is_first,
		      const void *obj)
{
	const void *p = (const char *)obj + f->offset;
	bool keep = f->flags & LITEIO_FIELD_KEEP_ZERO, is = true;
	const char *s;
	size_t n;

	switch (f->type) {
	case LITEIO_FIELD_STRING:
		s = *(char *const *)p;
		is = s || keep;
		if (is)
			add_string(b, f, is_first, s ? s : "");
		break;
	case LITEIO_FIELD_BOOL:
		is = *(const bool *)p || keep;
		if (is)
			add_bool(b, f, is_first, *(const bool *)p);
		break;
	case LITEIO_FIELD_U64:
	case LITEIO_FIELD_SIZE:
		is = *(const uint64_t *)p || keep;
		if (is)
			add_number(b, f, is_first, *(const uint64_t *)p);
		break;
	case LITEIO_FIELD_ENUM:
		s = word_of(f, *(const int *)p);
		is = s && (*s || keep);
		if (is)
			add_string(b, f, is_first, s);
		break;
	case LITEIO_FIELD_UUID:
		is = keep || !liteio_uuid_is_null(p);
		if (is)
			add_uuid(b, f, is_first, p);
		break;
	case LITEIO_FIELD_OBJECT:
		is = add_object(b, f, is_first, p);
		break;
	case LITEIO_FIELD_ARRAY:
	case LITEIO_FIELD_STRINGS:
		n = count_of(f, obj);
		is = n || keep;
		if (is)
			add_list(b, f, is_first, *(const void *const *)p, n);
		break;
	case LITEIO_FIELD_MAP:
	case LITEIO_FIELD_RAW:
		is = *(struct liteio_json *const *)p || (keep && f->type == LITEIO_FIELD_MAP);
		if (is)
			add_json(b, f, is_first, *(struct liteio_json *const *)p);
		break;
	}
	return is;
}

static bool is_left_out(const struct liteio_field *f, const void *obj)
{
	return f->flags & LITEIO_FIELD_GIVEN &&
	       !*(const bool *)((const char *)obj + f->count_offset);
}

static void add_fields(struct liteio_buf *b, const void *obj, const struct liteio_field *fields,
		       struct said *said)
{
	bool is_first = true, is;
	size_t n = 0;

	add_char(b, '{');
	for (const struct liteio_field *f = fields; f->key; f++) {
		if (is_left_out(f, obj))
			continue;
		if (said && f->type == LITEIO_FIELD_OBJECT && f->elem_size && n < SAID_MAX)
			is = add_object_again(b, f, is_first, obj, said, n++);
		else
			is = add_field(b, f, is_first, obj);
		if (is)
			is_first = false;
	}
	add_char(b, '}');
	if (said)
		said->item = obj;
}

char *liteio_json_write(const void *obj, const struct liteio_field *fields)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	liteio_buf_room(&b, LIKELY_BYTES);
	add_fields(&b, obj, fields, NULL);
	return liteio_buf_take(&b);
}
