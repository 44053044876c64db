// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON values, on json-c.
 *
 * json-c counts references without atomic operations, while our values are shared between threads
 * (the stores of daemon/kube). One lock therefore covers every change of a reference count; reading
 * a value takes none. json-c's own printer is not used: it caches its text inside the value, which
 * would be a write to something shared.
 */
#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

static pthread_mutex_t refs_lock = PTHREAD_MUTEX_INITIALIZER;

static struct json_object *in(const struct liteio_json *j)
{
	return (struct json_object *)(uintptr_t)j;
}

static struct liteio_json *out(struct json_object *o)
{
	return (struct liteio_json *)o;
}

/* json-c answers NULL when there is no memory; for us NULL is null */
static struct liteio_json *made(struct json_object *o)
{
	if (!o)
		abort();
	return out(o);
}

struct liteio_json *liteio_json_ref(struct liteio_json *j)
{
	liteio_guard(&refs_lock);
	return out(json_object_get(in(j)));
}

void liteio_json_unref(struct liteio_json *j)
{
	liteio_guard(&refs_lock);
	json_object_put(in(j));
}

/* ---- parsing ------------------------------------------------------------------------------ */

/* json-c cuts strings and keys at a NUL character; nothing we speak with has any use for one */
static const char *find_nul(const char *text, size_t len)
{
	const char *end = text + len;

	for (const char *p = text; p < end; p++) {
		if (!*p)
			return p;
		if (*p != '\\')
			continue;
		if (end - p >= 6 && !memcmp(p, "\\u0000", 6))
			return p;
		p++;
	}
	return NULL;
}

static bool all_finite(struct json_object *o);

static bool all_members_finite(struct json_object *o)
{
	json_object_object_foreach(o, key, v) {
		(void)key;
		if (!all_finite(v))
			return false;
	}
	return true;
}

/* numbers that JSON does not have but json-c reads: NaN, Infinity, 1e999 */
static bool all_finite(struct json_object *o)
{
	switch (json_object_get_type(o)) {
	case json_type_double:
		return isfinite(json_object_get_double(o));
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(o); i++) {
			if (!all_finite(json_object_array_get_idx(o, i)))
				return false;
		}
		return true;
	case json_type_object:
		return all_members_finite(o);
	default:
		return true;
	}
}

/* the line of byte @at */
static size_t line_at(const char *text, size_t at)
{
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

static int parse_failed(struct json_tokener *tok, enum json_tokener_error e, const char *text,
			size_t len, struct liteio_error *err)
{
	size_t at = json_tokener_get_parse_end(tok);

	if (e == json_tokener_continue)
		return liteio_error_set(err, -EINVAL, "not JSON: ends in the middle");
	if (e == json_tokener_error_depth)
		return liteio_error_set(err, -EINVAL, "JSON is nested deeper than %d levels",
					LITEIO_JSON_MAX_DEPTH);
	return liteio_error_set(err, -EINVAL, "not JSON: %s at byte %zu, in line %zu",
				json_tokener_error_desc(e), at,
				line_at(text, at < len ? at : len));
}

int liteio_json_parse(const char *text, size_t len, struct liteio_json **ret,
		      struct liteio_error *err)
{
	enum json_tokener_error e;
	struct json_tokener *tok;
	struct json_object *o;
	const char *nul;
	int r = 0;

	if (len > LITEIO_JSON_MAX_BYTES)
		return liteio_error_set(err, -EMSGSIZE, "JSON of %zu bytes is larger than %u", len,
					LITEIO_JSON_MAX_BYTES);
	nul = find_nul(text, len);
	if (nul)
		return liteio_error_set(err, -EINVAL, "not JSON: NUL character at byte %zu",
					(size_t)(nul - text));
	tok = json_tokener_new_ex(LITEIO_JSON_MAX_DEPTH);
	if (!tok)
		abort();
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, (int)len);
	e = json_tokener_get_error(tok);
	/* a number at the very end could go on; the terminator says that it does not */
	if (e == json_tokener_continue) {
		o = json_tokener_parse_ex(tok, "", 1);
		e = json_tokener_get_error(tok);
	}
	if (e != json_tokener_success)
		r = parse_failed(tok, e, text, len, err);
	else if (!all_finite(o))
		r = liteio_error_set(err, -EINVAL, "not JSON: a number is not finite");
	json_tokener_free(tok);
	if (r) {
		liteio_json_unref(out(o));
		return r;
	}
	*ret = out(o);
	return 0;
}

/* ---- printing ----------------------------------------------------------------------------- */

static void print_string(struct liteio_buf *b, const char *s, size_t len)
{
	size_t plain = 0;

	liteio_buf_add(b, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		liteio_buf_add(b, s + plain, i - plain);
		plain = i + 1;
		if (c == '"' || c == '\\')
			liteio_buf_addf(b, "\\%c", c);
		else if (c == '\n')
			liteio_buf_addstr(b, "\\n");
		else
			liteio_buf_addf(b, "\\u%04x", c);
	}
	liteio_buf_add(b, s + plain, len - plain);
	liteio_buf_add(b, "\"", 1);
}

/* the shortest text that reads back as the same number */
static void print_double(struct liteio_buf *b, double v)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	liteio_buf_addstr(b, text);
	/* it was no whole number, and should not come back as one */
	if (!strpbrk(text, ".e"))
		liteio_buf_addstr(b, ".0");
}

static void newline(struct liteio_buf *b, int depth)
{
	size_t len;
	char *to;

	if (depth < 0)
		return;
	len = 1 + 2 * (size_t)depth;
	to = liteio_buf_room(b, len);
	memset(to, ' ', len);
	to[0] = '\n';
	b->len += len;
	b->data[b->len] = '\0';
}

/* @depth: of the value when pretty, else negative for good */
static void print_value(struct liteio_buf *b, struct json_object *o, int depth)
{
	int inner = depth < 0 ? depth : depth + 1;
	size_t n = 0;

	switch (json_object_get_type(o)) {
	case json_type_null:
		liteio_buf_addstr(b, "null");
		return;
	case json_type_boolean:
		liteio_buf_addstr(b, json_object_get_boolean(o) ? "true" : "false");
		return;
	case json_type_int:
		if (json_object_get_int64(o) < 0)
			liteio_buf_addf(b, "%lld", (long long)json_object_get_int64(o));
		else
			liteio_buf_add_u64(b, json_object_get_uint64(o));
		return;
	case json_type_double:
		print_double(b, json_object_get_double(o));
		return;
	case json_type_string:
		print_string(b, json_object_get_string(o), (size_t)json_object_get_string_len(o));
		return;
	case json_type_array:
		liteio_buf_add(b, "[", 1);
		for (; n < json_object_array_length(o); n++) {
			liteio_buf_add(b, ",", n ? 1 : 0);
			newline(b, inner);
			print_value(b, json_object_array_get_idx(o, n), inner);
		}
		break;
	case json_type_object: {
		liteio_buf_add(b, "{", 1);
		json_object_object_foreach(o, key, v) {
			liteio_buf_add(b, ",", n++ ? 1 : 0);
			newline(b, inner);
			print_string(b, key, strlen(key));
			liteio_buf_addstr(b, depth < 0 ? ":" : ": ");
			print_value(b, v, inner);
		}
		break;
	}
	}
	if (n)
		newline(b, depth);
	liteio_buf_addstr(b, json_object_is_type(o, json_type_array) ? "]" : "}");
}

char *liteio_json_print(const struct liteio_json *j)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	print_value(&b, in(j), -1);
	return liteio_buf_take(&b);
}

char *liteio_json_print_pretty(const struct liteio_json *j)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	print_value(&b, in(j), 0);
	return liteio_buf_take(&b);
}

/* ---- making ------------------------------------------------------------------------------- */

struct liteio_json *liteio_json_new_object(void)
{
	return made(json_object_new_object());
}

struct liteio_json *liteio_json_new_array(void)
{
	return made(json_object_new_array());
}

struct liteio_json *liteio_json_new_string(const char *s)
{
	char *clean _cleanup_free_ = NULL;

	if (!s)
		return NULL;
	clean = liteio_utf8_clean(s);
	return made(json_object_new_string(clean ? clean : s));
}

struct liteio_json *liteio_json_new_int(int64_t v)
{
	return made(json_object_new_int64(v));
}

struct liteio_json *liteio_json_new_u64(uint64_t v)
{
	return made(v > INT64_MAX ? json_object_new_uint64(v) : json_object_new_int64((int64_t)v));
}

struct liteio_json *liteio_json_new_bool(bool v)
{
	return made(json_object_new_boolean(v));
}

struct liteio_json *liteio_json_copy(const struct liteio_json *j)
{
	struct json_object *copy = NULL;

	if (!j)
		return NULL;
	if (json_object_deep_copy(in(j), &copy, NULL))
		abort();
	return out(copy);
}

void liteio_json_set(struct liteio_json *object, const char *key, struct liteio_json *v)
{
	/* may drop the last reference to what was there */
	liteio_guard(&refs_lock);
	if (json_object_object_add(in(object), key, in(v)))
		abort();
}

void liteio_json_del(struct liteio_json *object, const char *key)
{
	liteio_guard(&refs_lock);
	json_object_object_del(in(object), key);
}

void liteio_json_append(struct liteio_json *array, struct liteio_json *v)
{
	if (json_object_array_add(in(array), in(v)))
		abort();
}

void liteio_json_set_string(struct liteio_json *object, const char *key, const char *s)
{
	liteio_json_set(object, key, liteio_json_new_string(s));
}

void liteio_json_set_int(struct liteio_json *object, const char *key, int64_t v)
{
	liteio_json_set(object, key, liteio_json_new_int(v));
}

void liteio_json_set_bool(struct liteio_json *object, const char *key, bool v)
{
	liteio_json_set(object, key, liteio_json_new_bool(v));
}

/* ---- reading ------------------------------------------------------------------------------ */

enum liteio_json_kind liteio_json_kind(const struct liteio_json *j)
{
	switch (json_object_get_type(in(j))) {
	case json_type_boolean:
		return LITEIO_JSON_BOOL;
	case json_type_int:
		return LITEIO_JSON_INT;
	case json_type_double:
		return LITEIO_JSON_DOUBLE;
	case json_type_string:
		return LITEIO_JSON_STRING;
	case json_type_array:
		return LITEIO_JSON_ARRAY;
	case json_type_object:
		return LITEIO_JSON_OBJECT;
	case json_type_null:
		break;
	}
	return LITEIO_JSON_NULL;
}

bool liteio_json_is_object(const struct liteio_json *j)
{
	return json_object_is_type(in(j), json_type_object);
}

bool liteio_json_is_array(const struct liteio_json *j)
{
	return j && json_object_is_type(in(j), json_type_array);
}

struct liteio_json *liteio_json_member(const struct liteio_json *object, const char *key)
{
	struct json_object *v;

	if (!liteio_json_is_object(object) || !json_object_object_get_ex(in(object), key, &v))
		return NULL;
	return out(v);
}

bool liteio_json_has(const struct liteio_json *object, const char *key)
{
	return liteio_json_is_object(object) &&
	       json_object_object_get_ex(in(object), key, NULL);
}

struct liteio_json *liteio_json_get(const struct liteio_json *object, const char *path)
{
	const struct liteio_json *j = object;
	char key[256];

	while (j) {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(key))
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		j = liteio_json_member(j, key);
		if (!path[len])
			break;
		path += len + 1;
	}
	return out(in(j));
}

const char *liteio_json_string(const struct liteio_json *j)
{
	return json_object_is_type(in(j), json_type_string) ? json_object_get_string(in(j)) : NULL;
}

const char *liteio_json_get_string(const struct liteio_json *object, const char *path)
{
	return liteio_json_string(liteio_json_get(object, path));
}

int64_t liteio_json_get_int(const struct liteio_json *object, const char *path, int64_t def)
{
	struct json_object *v = in(liteio_json_get(object, path));

	return json_object_is_type(v, json_type_int) ? json_object_get_int64(v) : def;
}

bool liteio_json_bool(const struct liteio_json *j)
{
	return json_object_is_type(in(j), json_type_boolean) && json_object_get_boolean(in(j));
}

bool liteio_json_get_bool(const struct liteio_json *object, const char *path, bool def)
{
	struct json_object *v = in(liteio_json_get(object, path));

	return json_object_is_type(v, json_type_boolean) ? json_object_get_boolean(v) : def;
}

int liteio_json_u64(const struct liteio_json *j, uint64_t *ret)
{
	if (!json_object_is_type(in(j), json_type_int))
		return -EINVAL;
	/* json-c reads what is too large as the largest number there is */
	if (json_object_get_int64(in(j)) < 0 || json_object_get_uint64(in(j)) == UINT64_MAX)
		return -ERANGE;
	*ret = json_object_get_uint64(in(j));
	return 0;
}

bool liteio_json_equal(const struct liteio_json *a, const struct liteio_json *b)
{
	return json_object_equal(in(a), in(b));
}

size_t liteio_json_len(const struct liteio_json *array)
{
	return liteio_json_is_array(array) ? json_object_array_length(in(array)) : 0;
}

struct liteio_json *liteio_json_at(const struct liteio_json *array, size_t i)
{
	return i < liteio_json_len(array) ? out(json_object_array_get_idx(in(array), i)) : NULL;
}

int liteio_json_each(const struct liteio_json *object,
		     int (*fn)(void *arg, const char *key, struct liteio_json *v), void *arg)
{
	int r;

	if (!liteio_json_is_object(object))
		return 0;
	json_object_object_foreach(in(object), key, v) {
		r = fn(arg, key, out(v));
		if (r)
			return r;
	}
	return 0;
}
