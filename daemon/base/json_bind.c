// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Structs and JSON objects: one table of fields drives decoding, encoding and releasing.
 *
 * Over 600 lines because one table of types has the functions of all three.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/uuid.h"

/* what all decoders get: one field, where it is kept, and where in the document we are */
struct ctx {
	const struct liteio_field *f;
	unsigned int flags;
	void *obj;
	struct liteio_error *err;
};

static void *member(const struct ctx *c)
{
	return (char *)c->obj + c->f->offset;
}

static size_t *count_of(const struct liteio_field *f, void *obj)
{
	return (size_t *)((char *)obj + f->count_offset);
}

/* the bool of a field that is either given or not */
static bool *given(const struct liteio_field *f, void *obj)
{
	return (bool *)((char *)obj + f->count_offset);
}

static bool is_left_out(const struct liteio_field *f, const void *obj)
{
	return f->flags & LITEIO_FIELD_GIVEN &&
	       !*(const bool *)((const char *)obj + f->count_offset);
}

static int wrong_type(const struct ctx *c, const char *wanted)
{
	return liteio_error_set(c->err, -EINVAL, "%s: must be %s", c->f->key, wanted);
}

/* ---- decoding, one function for each type ------------------------------------------------- */

static int check_string(const struct ctx *c, const char *s)
{
	if (!s)
		return wrong_type(c, "a string");
	if (c->f->max && strlen(s) > c->f->max)
		return liteio_error_set(c->err, -EINVAL, "%s: longer than %llu characters",
					c->f->key, (unsigned long long)c->f->max);
	return 0;
}

static int decode_string(const struct ctx *c, struct liteio_json *v)
{
	const char *s = liteio_json_string(v);
	int r = check_string(c, s);

	if (!r)
		*(char **)member(c) = liteio_strdup(s);
	return r;
}

static int decode_bool(const struct ctx *c, struct liteio_json *v)
{
	if (liteio_json_kind(v) != LITEIO_JSON_BOOL)
		return wrong_type(c, "true or false");
	*(bool *)member(c) = liteio_json_bool(v);
	return 0;
}

static int check_range(const struct ctx *c, uint64_t v)
{
	if (v < c->f->min)
		return liteio_error_set(c->err, -EINVAL, "%s: %llu is less than %llu", c->f->key,
					(unsigned long long)v, (unsigned long long)c->f->min);
	if (c->f->max && v > c->f->max)
		return liteio_error_set(c->err, -EINVAL, "%s: %llu is more than %llu", c->f->key,
					(unsigned long long)v, (unsigned long long)c->f->max);
	return 0;
}

static int decode_u64(const struct ctx *c, struct liteio_json *v)
{
	uint64_t n;
	int r = liteio_json_u64(v, &n);

	if (r == -ERANGE)
		return liteio_error_set(c->err, -EINVAL, "%s: number out of range", c->f->key);
	if (r)
		return wrong_type(c, "a whole number");
	r = check_range(c, n);
	if (!r)
		*(uint64_t *)member(c) = n;
	return r;
}

static int decode_size(const struct ctx *c, struct liteio_json *v)
{
	const char *s = liteio_json_string(v);
	uint64_t n;
	int r;

	if (!s)
		return decode_u64(c, v);
	/* the only size that is a string and zero: what a report of an empty pool says */
	if (!strcmp(s, "0"))
		n = 0;
	else if (liteio_parse_size(s, &n, c->err))
		return liteio_error_wrap(c->err, -EINVAL, "%s", c->f->key);
	r = check_range(c, n);
	if (!r)
		*(uint64_t *)member(c) = n;
	return r;
}

static int decode_enum(const struct ctx *c, struct liteio_json *v)
{
	struct liteio_buf known = LITEIO_BUF_INIT;
	const char *s = liteio_json_string(v);
	int r;

	if (!s)
		return wrong_type(c, "a string");
	for (int i = 0; c->f->names[i]; i++) {
		if (!strcmp(s, c->f->names[i])) {
			*(int *)member(c) = i;
			liteio_buf_fini(&known);
			return 0;
		}
		liteio_buf_addf(&known, "%s%s", i ? ", " : "", c->f->names[i]);
	}
	r = liteio_error_set(c->err, -EINVAL, "%s: \"%.64s\" is not one of: %s", c->f->key, s,
			     known.data ? known.data : "");
	liteio_buf_fini(&known);
	return r;
}

static int decode_uuid(const struct ctx *c, struct liteio_json *v)
{
	const char *s = liteio_json_string(v);

	if (!s)
		return wrong_type(c, "a string");
	if (liteio_uuid_parse(s, member(c)))
		return liteio_error_set(c->err, -EINVAL, "%s: \"%.64s\" is not a UUID", c->f->key,
					s);
	return 0;
}

/* put "key." or "key[i]." before a sentence that begins with the place inside the element */
static int within(const struct ctx *c, int r, const char *place)
{
	struct liteio_error inner;

	if (!c->err)
		return r;
	inner = *c->err;
	return liteio_error_set(c->err, r, "%s%s", place, inner.msg);
}

static int decode_object(const struct ctx *c, struct liteio_json *v)
{
	char *place _cleanup_free_ = NULL;
	int r;

	if (!liteio_json_is_object(v))
		return wrong_type(c, "an object");
	r = liteio_json_decode(v, c->f->fields, c->flags, member(c), c->err);
	if (!r)
		return 0;
	place = liteio_strf("%s.", c->f->key);
	return within(c, r, place);
}

static int check_list(const struct ctx *c, struct liteio_json *v)
{
	if (!liteio_json_is_array(v))
		return wrong_type(c, "a list");
	if (c->f->max && liteio_json_len(v) > c->f->max)
		return liteio_error_set(c->err, -EINVAL, "%s: more than %llu elements", c->f->key,
					(unsigned long long)c->f->max);
	return 0;
}

static int decode_array(const struct ctx *c, struct liteio_json *v)
{
	size_t n = liteio_json_len(v), *count = count_of(c->f, c->obj);
	int r = check_list(c, v);
	char *items;

	if (r || !n)
		return r;
	items = liteio_calloc(n, c->f->elem_size);
	*(char **)member(c) = items;
	for (size_t i = 0; i < n; i++) {
		struct liteio_json *e = liteio_json_at(v, i);
		char *place _cleanup_free_ = NULL;

		if (!liteio_json_is_object(e))
			return liteio_error_set(c->err, -EINVAL, "%s[%zu]: must be an object",
						c->f->key, i);
		r = liteio_json_decode(e, c->f->fields, c->flags, items + i * c->f->elem_size,
				       c->err);
		if (r) {
			place = liteio_strf("%s[%zu].", c->f->key, i);
			return within(c, r, place);
		}
		*count = i + 1;
	}
	return 0;
}

static int decode_strings(const struct ctx *c, struct liteio_json *v)
{
	size_t n = liteio_json_len(v), *count = count_of(c->f, c->obj);
	int r = check_list(c, v);
	char **items;

	if (r || !n)
		return r;
	items = liteio_calloc(n, sizeof(*items));
	*(char ***)member(c) = items;
	for (size_t i = 0; i < n; i++) {
		const char *s = liteio_json_string(liteio_json_at(v, i));

		if (!s)
			return liteio_error_set(c->err, -EINVAL, "%s[%zu]: must be a string",
						c->f->key, i);
		items[i] = liteio_strdup(s);
		*count = i + 1;
	}
	return 0;
}

static int check_map_value(void *arg, const char *key, struct liteio_json *v)
{
	const struct ctx *c = arg;

	if (liteio_json_string(v))
		return 0;
	return liteio_error_set(c->err, -EINVAL, "%s.%s: must be a string", c->f->key, key);
}

static int decode_map(const struct ctx *c, struct liteio_json *v)
{
	int r;

	if (!liteio_json_is_object(v))
		return wrong_type(c, "an object");
	r = liteio_json_each(v, check_map_value, (void *)(uintptr_t)c);
	if (!r)
		*(struct liteio_json **)member(c) = liteio_json_ref(v);
	return r;
}

static int decode_raw(const struct ctx *c, struct liteio_json *v)
{
	*(struct liteio_json **)member(c) = liteio_json_ref(v);
	return 0;
}

/* ---- encoding: NULL when there is nothing to write ---------------------------------------- */

static struct liteio_json *encode_string(const struct liteio_field *f, const void *p)
{
	const char *s = *(char *const *)p;

	if (!s && f->flags & LITEIO_FIELD_KEEP_ZERO)
		s = "";
	return liteio_json_new_string(s);
}

static struct liteio_json *encode_bool(const struct liteio_field *f, const void *p)
{
	bool v = *(const bool *)p;

	return v || f->flags & LITEIO_FIELD_KEEP_ZERO ? liteio_json_new_bool(v) : NULL;
}

static struct liteio_json *encode_u64(const struct liteio_field *f, const void *p)
{
	uint64_t v = *(const uint64_t *)p;

	return v || f->flags & LITEIO_FIELD_KEEP_ZERO ? liteio_json_new_u64(v) : NULL;
}

/* an enum is always set: its zero is a word like the others, unless that word is empty */
static struct liteio_json *encode_enum(const struct liteio_field *f, const void *p)
{
	int v = *(const int *)p;

	for (int i = 0; f->names[i]; i++) {
		if (i != v)
			continue;
		if (!f->names[i][0] && !(f->flags & LITEIO_FIELD_KEEP_ZERO))
			return NULL;
		return liteio_json_new_string(f->names[i]);
	}
	return NULL;
}

static struct liteio_json *encode_uuid(const struct liteio_field *f, const void *p)
{
	char text[LITEIO_UUID_STRLEN + 1];

	if (liteio_uuid_is_null(p) && !(f->flags & LITEIO_FIELD_KEEP_ZERO))
		return NULL;
	liteio_uuid_format(p, text);
	return liteio_json_new_string(text);
}

static int stop_at_first(void *arg, const char *key, struct liteio_json *v)
{
	return 1;
}

static struct liteio_json *encode_object(const struct liteio_field *f, const void *p)
{
	struct liteio_json *o = liteio_json_encode(p, f->fields);

	if (liteio_json_each(o, stop_at_first, NULL) || f->flags & LITEIO_FIELD_KEEP_ZERO)
		return o;
	liteio_json_unref(o);
	return NULL;
}

static struct liteio_json *encode_list(const struct liteio_field *f, const void *obj)
{
	size_t n = *(const size_t *)((const char *)obj + f->count_offset);
	const void *p = (const char *)obj + f->offset;
	struct liteio_json *list;

	if (!n && !(f->flags & LITEIO_FIELD_KEEP_ZERO))
		return NULL;
	list = liteio_json_new_array();
	for (size_t i = 0; i < n; i++) {
		if (f->type == LITEIO_FIELD_STRINGS)
			liteio_json_append(list, liteio_json_new_string((*(char **const *)p)[i]));
		else
			liteio_json_append(list, liteio_json_encode(*(char *const *)p +
								    i * f->elem_size, f->fields));
	}
	return list;
}

static struct liteio_json *encode_ref(const struct liteio_field *f, const void *p)
{
	struct liteio_json *v = *(struct liteio_json *const *)p;

	if (!v)
		return f->flags & LITEIO_FIELD_KEEP_ZERO && f->type == LITEIO_FIELD_MAP ?
			       liteio_json_new_object() : NULL;
	return liteio_json_ref(v);
}

/* ---- releasing ---------------------------------------------------------------------------- */

static void fini_string(const struct liteio_field *f, void *obj)
{
	free(*(char **)((char *)obj + f->offset));
}

static void fini_object(const struct liteio_field *f, void *obj)
{
	/* numbers hold nothing */
	if (!f->elem_size)
		liteio_json_drop((char *)obj + f->offset, f->fields);
}

static void fini_list(const struct liteio_field *f, void *obj)
{
	char *items = *(char **)((char *)obj + f->offset);

	for (size_t i = 0; i < *count_of(f, obj); i++) {
		if (f->type == LITEIO_FIELD_STRINGS)
			free(((char **)items)[i]);
		else
			liteio_json_drop(items + i * f->elem_size, f->fields);
	}
	free(items);
	*count_of(f, obj) = 0;
}

static void fini_ref(const struct liteio_field *f, void *obj)
{
	liteio_json_unref(*(struct liteio_json **)((char *)obj + f->offset));
}

/* ---- the types ---------------------------------------------------------------------------- */

static const struct {
	int (*decode)(const struct ctx *c, struct liteio_json *v);
	struct liteio_json *(*encode)(const struct liteio_field *f, const void *p);
	void (*fini)(const struct liteio_field *f, void *obj);
	size_t size; /* of the member, zeroed after release; 0: its fields are */
} types[] = {
	[LITEIO_FIELD_STRING] = { decode_string, encode_string, fini_string, sizeof(char *) },
	[LITEIO_FIELD_BOOL] = { decode_bool, encode_bool, NULL, sizeof(bool) },
	[LITEIO_FIELD_U64] = { decode_u64, encode_u64, NULL, sizeof(uint64_t) },
	[LITEIO_FIELD_SIZE] = { decode_size, encode_u64, NULL, sizeof(uint64_t) },
	[LITEIO_FIELD_ENUM] = { decode_enum, encode_enum, NULL, sizeof(int) },
	[LITEIO_FIELD_UUID] = { decode_uuid, encode_uuid, NULL, sizeof(struct liteio_uuid) },
	[LITEIO_FIELD_OBJECT] = { decode_object, encode_object, fini_object, 0 },
	[LITEIO_FIELD_ARRAY] = { decode_array, NULL, fini_list, sizeof(void *) },
	[LITEIO_FIELD_STRINGS] = { decode_strings, NULL, fini_list, sizeof(void *) },
	[LITEIO_FIELD_MAP] = { decode_map, encode_ref, fini_ref, sizeof(void *) },
	[LITEIO_FIELD_RAW] = { decode_raw, encode_ref, fini_ref, sizeof(void *) },
};

struct unknown_search {
	const struct liteio_field *fields;
	struct liteio_error *err;
};

static int check_known(void *arg, const char *key, struct liteio_json *v)
{
	const struct unknown_search *s = arg;

	for (const struct liteio_field *f = s->fields; f->key; f++) {
		if (strcmp(f->key, key) != 0)
			continue;
		if (v)
			return 0;
		return liteio_error_set(s->err, -EINVAL, "%s: null is no value%s", key,
					f->flags & LITEIO_FIELD_REQUIRED ?
						"" : ", leave it out instead");
	}
	return liteio_error_set(s->err, -EINVAL, "%.128s: unknown field", key);
}

static int decode_fields(const struct liteio_json *j, const struct liteio_field *fields,
			 unsigned int flags, void *obj, struct liteio_error *err)
{
	int r;

	for (const struct liteio_field *f = fields; f->key; f++) {
		const struct ctx c = { f, flags, obj, err };
		struct liteio_json *v = liteio_json_member(j, f->key);

		/* null is the same as absent, as it is for Kubernetes; unless strict, see above */
		if (!v && f->flags & LITEIO_FIELD_REQUIRED)
			return liteio_error_set(err, -EINVAL, "%s: missing", f->key);
		if (!v)
			continue;
		r = types[f->type].decode(&c, v);
		if (r)
			return r;
		if (f->flags & LITEIO_FIELD_GIVEN)
			*given(f, obj) = true;
	}
	return 0;
}

int liteio_json_decode(const struct liteio_json *j, const struct liteio_field *fields,
		       unsigned int flags, void *obj, struct liteio_error *err)
{
	struct unknown_search s = { fields, err };
	int r = 0;

	if (!liteio_json_is_object(j))
		return liteio_error_set(err, -EINVAL, "must be a JSON object");
	if (flags & LITEIO_JSON_STRICT)
		r = liteio_json_each(j, check_known, &s);
	if (!r)
		r = decode_fields(j, fields, flags, obj, err);
	if (r)
		liteio_json_fini(obj, fields);
	return r;
}

struct liteio_json *liteio_json_encode(const void *obj, const struct liteio_field *fields)
{
	struct liteio_json *o = liteio_json_new_object();

	for (const struct liteio_field *f = fields; f->key; f++) {
		struct liteio_json *v;

		if (is_left_out(f, obj))
			continue;
		if (types[f->type].encode)
			v = types[f->type].encode(f, (const char *)obj + f->offset);
		else
			v = encode_list(f, obj);
		if (v)
			liteio_json_set(o, f->key, v);
	}
	return o;
}

void liteio_json_drop(void *obj, const struct liteio_field *fields)
{
	for (const struct liteio_field *f = fields; f->key; f++) {
		if (types[f->type].fini)
			types[f->type].fini(f, obj);
	}
}

static void clear(void *obj, const struct liteio_field *fields)
{
	for (const struct liteio_field *f = fields; f->key; f++) {
		if (f->type == LITEIO_FIELD_OBJECT)
			clear((char *)obj + f->offset, f->fields);
		else
			memset((char *)obj + f->offset, 0, types[f->type].size);
		if (f->flags & LITEIO_FIELD_GIVEN)
			*given(f, obj) = false;
	}
}

void liteio_json_fini(void *obj, const struct liteio_field *fields)
{
	liteio_json_drop(obj, fields);
	clear(obj, fields);
}

bool liteio_json_field_equal(const struct liteio_field *f, const void *a, const void *b)
{
	const struct liteio_field one[] = { *f, { .key = NULL } };
	struct liteio_json *ja = liteio_json_encode(a, one), *jb = liteio_json_encode(b, one);
	bool equal = liteio_json_equal(ja, jb);

	liteio_json_unref(ja);
	liteio_json_unref(jb);
	return equal;
}

static void swap_bytes(void *a, void *b, size_t n)
{
	unsigned char *x = a, *y = b;

	while (n--) {
		unsigned char c = *x;

		*x++ = *y;
		*y++ = c;
	}
}

void liteio_json_field_swap(const struct liteio_field *f, void *a, void *b)
{
	swap_bytes((char *)a + f->offset, (char *)b + f->offset, types[f->type].size);
	if (f->type == LITEIO_FIELD_ARRAY || f->type == LITEIO_FIELD_STRINGS)
		swap_bytes(count_of(f, a), count_of(f, b), sizeof(size_t));
}

/* ---- description ---- */

static void describe_bounds(struct liteio_json *o, const struct liteio_field *f)
{
	static const struct {
		unsigned int flag;
		const char *word;
	} flags[] = {
		{ LITEIO_FIELD_REQUIRED, "required" },
		{ LITEIO_FIELD_KEEP_ZERO, "always" },
		{ LITEIO_FIELD_LIVE, "live" },
	};

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(flags); i++)
		if (f->flags & flags[i].flag)
			liteio_json_set_bool(o, flags[i].word, true);
	if (f->min)
		liteio_json_set(o, "min", liteio_json_new_u64(f->min));
	if (f->max)
		liteio_json_set(o, "max", liteio_json_new_u64(f->max));
	if (f->type == LITEIO_FIELD_SIZE)
		liteio_json_set_string(o, "pattern", LITEIO_SIZE_PATTERN);
	if (f->fields)
		liteio_json_set(o, "fields", liteio_json_describe(f->fields));
}

struct liteio_json *liteio_json_describe(const struct liteio_field *fields)
{
	static const char *const words[] = {
		[LITEIO_FIELD_STRING] = "string",   [LITEIO_FIELD_BOOL] = "true or false",
		[LITEIO_FIELD_U64] = "number",	    [LITEIO_FIELD_SIZE] = "size",
		[LITEIO_FIELD_ENUM] = "choice",	    [LITEIO_FIELD_UUID] = "uuid",
		[LITEIO_FIELD_OBJECT] = "object",   [LITEIO_FIELD_ARRAY] = "list of objects",
		[LITEIO_FIELD_STRINGS] = "list of strings",
		[LITEIO_FIELD_MAP] = "object of strings", [LITEIO_FIELD_RAW] = "anything",
	};
	struct liteio_json *list = liteio_json_new_array();

	for (; fields->key; fields++) {
		struct liteio_json *o = liteio_json_new_object(), *names;

		liteio_json_set_string(o, "key", fields->key);
		liteio_json_set_string(o, "type", words[fields->type]);
		if (fields->type == LITEIO_FIELD_ENUM) {
			names = liteio_json_new_array();
			for (int i = 0; fields->names[i]; i++)
				liteio_json_append(names, liteio_json_new_string(fields->names[i]));
			liteio_json_set(o, "choices", names);
		}
		describe_bounds(o, fields);
		liteio_json_set_string(o, "help", fields->help ? fields->help : "");
		liteio_json_append(list, o);
	}
	return list;
}
