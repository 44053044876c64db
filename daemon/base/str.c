// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strings: growing buffers, memory that is always there, splitting, the rule for names.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"

/* of the largest number of 64 bits */
#define DIGITS_MAX 20

static _Noreturn void out_of_memory(void)
{
	static const char msg[] = "out of memory\n";

	fwrite(msg, 1, sizeof(msg) - 1, stderr);
	abort();
}

void *liteio_calloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *liteio_realloc(void *p, size_t n, size_t size)
{
	void *q;

	q = reallocarray(p, n ? n : 1, size ? size : 1);
	if (!q)
		out_of_memory();
	return q;
}

void *liteio_list_room(void *items, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return items;
	*room = *room ? 2 * *room : 8;
	return liteio_realloc(items, *room, size);
}

char *liteio_strdup(const char *s)
{
	char *copy;

	if (!s)
		return NULL;
	copy = strdup(s);
	if (!copy)
		out_of_memory();
	return copy;
}

char *liteio_strf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		out_of_memory();
	va_end(ap);
	return s;
}

void liteio_buf_grow(struct liteio_buf *b, size_t len)
{
	size_t need, cap;

	if (__builtin_add_overflow(b->len, len, &need) || __builtin_add_overflow(need, 1, &need))
		out_of_memory();
	cap = b->cap < 64 ? 64 : b->cap;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	b->data = liteio_realloc(b->data, cap, 1);
	b->cap = cap;
}

void liteio_buf_add(struct liteio_buf *b, const void *data, size_t len)
{
	char *to = liteio_buf_room(b, len);

	if (len)
		memcpy(to, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void liteio_buf_addstr(struct liteio_buf *b, const char *s)
{
	liteio_buf_add(b, s, strlen(s));
}

void liteio_buf_addf(struct liteio_buf *b, const char *fmt, ...)
{
	va_list ap;
	size_t room;
	int n;

	/* most of it is short, and need not be written twice to know how long it is */
	liteio_buf_room(b, 0);
	room = b->cap - b->len;
	va_start(ap, fmt);
	n = vsnprintf(b->data + b->len, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	if ((size_t)n >= room) {
		liteio_buf_room(b, (size_t)n);
		va_start(ap, fmt);
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

void liteio_buf_add_u64(struct liteio_buf *b, uint64_t v)
{
	char *to = liteio_buf_room(b, DIGITS_MAX);
	size_t n = 1;

	for (uint64_t rest = v / 10; rest; rest /= 10)
		n++;
	to[n] = '\0';
	b->len += n;
	while (n) {
		to[--n] = (char)('0' + v % 10);
		v /= 10;
	}
}

void liteio_buf_consume(struct liteio_buf *b, size_t n)
{
	if (!n)
		return;
	b->len -= n;
	memmove(b->data, b->data + n, b->len);
	b->data[b->len] = '\0';
}

void liteio_buf_fini(struct liteio_buf *b)
{
	free(b->data);
	*b = (struct liteio_buf)LITEIO_BUF_INIT;
}

char *liteio_buf_take(struct liteio_buf *b)
{
	char *s = b->data ? b->data : liteio_strdup("");

	*b = (struct liteio_buf)LITEIO_BUF_INIT;
	return s;
}

/* bytes of the UTF-8 character at @s, 0 when there is no valid one */
static size_t utf8_len(const unsigned char *s)
{
	/* the smallest second byte that is not an overlong form, a surrogate or beyond U+10FFFF */
	unsigned char lo = 0x80, hi = 0xbf;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		lo = 0xa0;
	else if (s[0] == 0xed)
		hi = 0x9f;
	else if (s[0] == 0xf0)
		lo = 0x90;
	else if (s[0] == 0xf4)
		hi = 0x8f;
	if (s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

char *liteio_utf8_clean(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	struct liteio_buf b = LITEIO_BUF_INIT;
	size_t n;

	while (*p && (n = utf8_len(p)))
		p += n;
	if (!*p)
		return NULL;
	liteio_buf_add(&b, s, (size_t)((const char *)p - s));
	for (; *p; p += n) {
		n = utf8_len(p);
		if (n) {
			liteio_buf_add(&b, p, n);
			continue;
		}
		liteio_buf_addstr(&b, "\xef\xbf\xbd");
		n = 1;
	}
	return liteio_buf_take(&b);
}

size_t liteio_split(char *s, char sep, char **fields, size_t max)
{
	size_t n = 0;

	while (n < max) {
		char *end = strchr(s, sep);

		fields[n++] = s;
		if (!end)
			break;
		*end = '\0';
		s = end + 1;
	}
	return n;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool liteio_url_plain(char c)
{
	return is_alnum(c) || (c >= 'A' && c <= 'Z') || (c && strchr("-_.~", c));
}

int liteio_name_check(const char *what, const char *name, struct liteio_error *err)
{
	size_t len = name ? strlen(name) : 0;

	if (!len)
		return liteio_error_set(err, -EINVAL, "the %s has no name", what);
	if (len > LITEIO_OBJECT_NAME_MAX)
		return liteio_error_set(err, -EINVAL, "%s name of %zu characters is longer than %d",
					what, len, LITEIO_OBJECT_NAME_MAX);
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(name[i]) && name[i] != '-' && name[i] != '.')
			return liteio_error_set(err, -EINVAL,
						"%s name \"%s\": only lower-case letters, digits, '-' and '.' are allowed",
						what, name);
	}
	if (!is_alnum(name[0]) || !is_alnum(name[len - 1]))
		return liteio_error_set(err, -EINVAL,
					"%s name \"%s\" must begin and end with a letter or digit",
					what, name);
	if (strstr(name, ".."))
		return liteio_error_set(err, -EINVAL, "%s name \"%s\" must not contain \"..\"",
					what, name);
	return 0;
}
