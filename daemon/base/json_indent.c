// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON as text on its way to a reader: over lines and indented, as liteio_json_print_pretty() has
 * it, without a value of json-c for each of its fields. Pure.
 *
 * Whoever wrote it is trusted to write JSON: of what makes it that only strings, brackets and depth
 * are looked at, so that what is cut off is no answer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

#define DEPTH_MAX 32

/**
 * struct indent - on the way
 * @out: so far
 * @closes: what ends each of the values that are open, the innermost last
 * @depth: how many
 * @is_new: nothing of the innermost has been said
 */
struct indent {
	struct liteio_buf out;
	char closes[DEPTH_MAX];
	size_t depth;
	bool is_new;
};

static void newline(struct indent *in)
{
	size_t len = 1 + 2 * in->depth;
	char *to = liteio_buf_room(&in->out, len);

	memset(to, ' ', len);
	to[0] = '\n';
	in->out.len += len;
	in->out.data[in->out.len] = '\0';
}

/* before anything that is within brackets */
static void begin(struct indent *in)
{
	if (in->is_new && in->depth)
		newline(in);
	in->is_new = false;
}

static bool open_value(struct indent *in, char c)
{
	if (in->depth == DEPTH_MAX)
		return false;
	begin(in);
	in->closes[in->depth++] = c == '{' ? '}' : ']';
	in->is_new = true;
	liteio_buf_add(&in->out, &c, 1);
	return true;
}

static bool close_value(struct indent *in, char c)
{
	if (!in->depth || in->closes[--in->depth] != c)
		return false;
	if (!in->is_new)
		newline(in);
	in->is_new = false;
	liteio_buf_add(&in->out, &c, 1);
	return true;
}

/* the length of a string with its quotes, 0 when it has no end */
static size_t string_len(const char *s, const char *end)
{
	const char *at = s + 1;

	while (at < end && *at != '"')
		at += *at == '\\' ? 2 : 1;
	return at < end ? (size_t)(at + 1 - s) : 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* a NUL is no part of one */
static size_t word_len(const char *s, const char *end)
{
	const char *at = s;

	while (at < end && !is_space(*at) && !strchr(",:[]{}\"", *at))
		at++;
	return (size_t)(at - s);
}

/* a string, a number or a word */
static size_t plain(struct indent *in, const char *at, const char *end)
{
	size_t len = *at == '"' ? string_len(at, end) : word_len(at, end);

	if (!len)
		return 0;
	begin(in);
	liteio_buf_add(&in->out, at, len);
	return len;
}

/* how much of the text that was; 0: it is no JSON */
static size_t step(struct indent *in, const char *at, const char *end)
{
	switch (*at) {
	case '{':
	case '[':
		return open_value(in, *at);
	case '}':
	case ']':
		return close_value(in, *at);
	case ',':
		if (!in->depth)
			return 0;
		liteio_buf_add(&in->out, ",", 1);
		newline(in);
		return 1;
	case ':':
		liteio_buf_add(&in->out, ": ", 2);
		return 1;
	default:
		return is_space(*at) ? 1 : plain(in, at, end);
	}
}

char *liteio_json_indent(const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	struct indent in = { .is_new = true };
	size_t n = 1;

	for (; at < end && n; at += n)
		n = step(&in, at, end);
	if (n && !in.depth && in.out.len)
		return liteio_buf_take(&in.out);
	liteio_buf_fini(&in.out);
	return NULL;
}
