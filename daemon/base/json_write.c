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

/* of an element so many fields are compared with those of the last one: no list has more */
#define SAID_MAX 24

/**
 * struct piece - what is said of a field
 * @at: where that is, with key and comma
 * @len: how long; 0: there was nothing to say
 * @is_first: no comma is before it
 */
struct piece {
	size_t at;
	size_t len;
	bool is_first;
};

/**
 * struct said - the element of a list that was written last
 * @item: it; NULL: none yet
 * @pieces: of its fields, one behind the other
 *
 * The elements of a list mostly are the same but for a few fields, and what is the same in the next
 * one has been written then.
 */
struct said {
	const char *item;
	struct piece pieces[SAID_MAX];
};

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

static void add_element(struct liteio_buf *b, const struct liteio_field *fields, const char *obj,
			struct said *said);
static void add_fields(struct liteio_buf *b, const void *obj, const struct liteio_field *fields);

/* an object of which there is nothing to say turns out to be one when it is written */
static bool add_object(struct liteio_buf *b, const struct liteio_field *f, bool is_first,
		       const void *obj)
{
	size_t before = b->len, n;

	add_key(b, f, is_first);
	n = b->len;
	add_fields(b, obj, f->fields);
	if (b->len > n + 2 || f->flags & LITEIO_FIELD_KEEP_ZERO)
		return true;
	end_at(b, b->data + before);
	return false;
}

static void add_list(struct liteio_buf *b, const struct liteio_field *f, bool is_first,
		     const void *items, size_t n)
{
	struct said said;

	said.item = NULL;
	add_key(b, f, is_first);
	add_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			add_char(b, ',');
		if (f->type == LITEIO_FIELD_STRINGS)
			add_string_or_null(b, ((char *const *)items)[i]);
		else if (n == 1)
			add_fields(b, items, f->fields);
		else
			add_element(b, f->fields, (const char *)items + i * f->elem_size, &said);
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

static void add_fields(struct liteio_buf *b, const void *obj, const struct liteio_field *fields)
{
	bool is_first = true;

	add_char(b, '{');
	for (const struct liteio_field *f = fields; f->key; f++) {
		if (!is_left_out(f, obj) && add_field(b, f, is_first, obj))
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

/* ---- elements of a list ---------------------------------------------------------------------- */

/* is @s what is said in @p? what is written otherwise than it is, is not looked for */
static bool is_string(const struct liteio_buf *b, const struct liteio_field *f, const char *s,
		      const struct piece *p)
{
	const size_t key = (f->written_len ? f->written_len : strlen(f->key) + 4) - p->is_first;
	size_t len;

	if (!s || !p->len)
		return !s && !p->len;
	len = strlen(s);
	return p->len == key + len + 2 && !memcmp(b->data + p->at + key + 1, s, len) &&
	       is_plain(s, len);
}

/* would the same be said of both? false is always true enough; pointers in @last lead nowhere */
static bool is_same(const struct liteio_buf *b, const struct liteio_field *f, const char *obj,
		    const char *last, const struct piece *p)
{
	const void *x = obj + f->offset, *y = last + f->offset;

	if (is_left_out(f, obj) != is_left_out(f, last))
		return false;
	switch (f->type) {
	case LITEIO_FIELD_STRING:
		return is_string(b, f, *(char *const *)x, p);
	case LITEIO_FIELD_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case LITEIO_FIELD_U64:
	case LITEIO_FIELD_SIZE:
		return *(const uint64_t *)x == *(const uint64_t *)y;
	case LITEIO_FIELD_ENUM:
		return *(const int *)x == *(const int *)y;
	case LITEIO_FIELD_UUID:
		return liteio_uuid_equal(x, y);
	case LITEIO_FIELD_OBJECT:
		return f->elem_size && !memcmp(x, y, f->elem_size);
	case LITEIO_FIELD_ARRAY:
	case LITEIO_FIELD_STRINGS:
	case LITEIO_FIELD_MAP:
	case LITEIO_FIELD_RAW:
		break;
	}
	return false;
}

static void add_again(struct liteio_buf *b, size_t at, size_t len)
{
	char *to = liteio_buf_room(b, len);

	memcpy(to, b->data + at, len);
	end_at(b, to + len);
}

/* as add_fields() does it, but what is the same as in the last one is copied from there */
static void add_element(struct liteio_buf *b, const struct liteio_field *fields, const char *obj,
			struct said *said)
{
	/* of the last one, not copied yet: pieces that follow each other */
	size_t at = 0, len = 0, i = 0, before;
	struct piece more, *p;
	bool is_first = true;

	add_char(b, '{');
	for (const struct liteio_field *f = fields; f->key; f++, i++) {
		p = i < SAID_MAX ? &said->pieces[i] : &more;
		if (p != &more && said->item && p->is_first == is_first &&
		    is_same(b, f, obj, said->item, p)) {
			at = len ? at : p->at;
			p->at = b->len + len;
			len += p->len;
		} else {
			if (len)
				add_again(b, at, len);
			len = 0;
			before = b->len;
			if (!is_left_out(f, obj))
				add_field(b, f, is_first, obj);
			*p = (struct piece){ before, b->len - before, is_first };
		}
		is_first = is_first && !p->len;
	}
	if (len)
		add_again(b, at, len);
	add_char(b, '}');
	said->item = obj;
}

/**
 * struct liteio_json_list - a list that is being written
 * @b: what is written
 * @f: the list
 * @n: how many elements it has
 * @said: the last one
 * @last: as it was
 */
struct liteio_json_list {
	struct liteio_buf b;
	const struct liteio_field *f;
	size_t n;
	struct said said;
	char last[] __attribute__((aligned(16)));
};

struct liteio_json_list *liteio_json_list_new(const struct liteio_field *fields)
{
	struct liteio_json_list *l = liteio_calloc(1, sizeof(*l) + fields->elem_size);

	l->f = fields;
	add_char(&l->b, '{');
	add_key(&l->b, fields, true);
	add_char(&l->b, '[');
	return l;
}

void liteio_json_list_add(struct liteio_json_list *l, const void *item)
{
	if (l->n++)
		add_char(&l->b, ',');
	add_element(&l->b, l->f->fields, item, &l->said);
	memcpy(l->last, item, l->f->elem_size);
	l->said.item = l->last;
}

char *liteio_json_list_end(struct liteio_json_list *l)
{
	char *text;

	if (!l->n && !(l->f->flags & LITEIO_FIELD_KEEP_ZERO))
		end_at(&l->b, l->b.data + 1);
	else
		add_char(&l->b, ']');
	add_char(&l->b, '}');
	text = liteio_buf_take(&l->b);
	free(l);
	return text;
}
