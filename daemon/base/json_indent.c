// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON as text on its way to a reader: over lines and indented, as liteio_json_print_pretty() has
 * it, without a value of json-c for each of its fields. Pure.
 *
 * Whoever wrote it is trusted to write JSON: of what makes it that only strings, brackets and depth
 * are looked at, so that what is cut off is no answer. Each character is looked at and written in
 * one go: a list is long, and most of what there is to do to it is this.
 */
#include <endian.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_word.h"
#include "base/str.h"

/* characters of a string that are seen at a time */
#define WORD sizeof(uint64_t)

/* what the longest line begins with: written so many blanks at a time */
#define BLANKS "                "
#define INDENT_MAX (2 * LITEIO_JSON_MAX_DEPTH)
_Static_assert(INDENT_MAX % (sizeof(BLANKS) - 1) == 0, "whole groups of blanks");

/* that, a comma, a newline, and what a word copies too much */
#define MORE_MAX (INDENT_MAX + 2 + WORD)

/**
 * struct indent - on the way
 * @at: what is read next
 * @end: of the text
 * @to: what is written next; there is room for all that is left, and for MORE_MAX
 * @out: so far, but for @len
 * @closes: what ends each of the values that are open, the innermost last
 * @depth: how many
 * @is_new: nothing of the innermost has been said
 */
struct indent {
	const char *at;
	const char *end;
	char *to;
	struct liteio_buf out;
	char closes[LITEIO_JSON_MAX_DEPTH];
	size_t depth;
	bool is_new;
};

/* no part of a number or a word; nor is a NUL */
static const bool ends_word[256] = {
	['\0'] = true, [' '] = true, ['\t'] = true, ['\n'] = true, ['\r'] = true, [','] = true,
	[':'] = true,  ['['] = true, [']'] = true,  ['{'] = true,  ['}'] = true,  ['"'] = true,
};

static void make_room(struct indent *in)
{
	in->out.len = (size_t)(in->to - in->out.data);
	in->to = liteio_buf_room(&in->out, (size_t)(in->end - in->at) + MORE_MAX);
}

static void newline(struct indent *in)
{
	const size_t n = 2 * in->depth;

	*in->to++ = '\n';
	for (size_t i = 0; i < n; i += sizeof(BLANKS) - 1)
		memcpy(in->to + i, BLANKS, sizeof(BLANKS) - 1);
	in->to += n;
}

/* before anything that is within brackets */
static void begin(struct indent *in)
{
	if (in->is_new && in->depth)
		newline(in);
	in->is_new = false;
}

static bool open_value(struct indent *in)
{
	const char c = *in->at++;

	if (in->depth == LITEIO_JSON_MAX_DEPTH)
		return false;
	begin(in);
	in->closes[in->depth++] = c == '{' ? '}' : ']';
	in->is_new = true;
	*in->to++ = c;
	return true;
}

static bool close_value(struct indent *in)
{
	const char c = *in->at++;

	if (!in->depth || in->closes[--in->depth] != c)
		return false;
	if (!in->is_new)
		newline(in);
	in->is_new = false;
	*in->to++ = c;
	return true;
}

/* up to a quote or a backslash, or as far as whole words go: how much that is */
static size_t copy_plain(char *to, const char *from, const char *end)
{
	uint64_t bytes, found = 0;
	size_t n = 0;

	while (!found && (size_t)(end - from) - n >= WORD) {
		memcpy(&bytes, from + n, WORD);
		memcpy(to + n, &bytes, WORD);
		found = liteio_word_marks(le64toh(bytes));
		n += found ? (size_t)__builtin_ctzll(found) / CHAR_BIT : WORD;
	}
	return n;
}

/* with its quotes; false when it has no end */
static bool copy_string(struct indent *in)
{
	const char *at = in->at, *end = in->end;
	char *to = in->to;
	size_t n;

	*to++ = *at++;
	for (;;) {
		n = copy_plain(to, at, end);
		at += n;
		to += n;
		/* what follows a backslash is no end */
		if (at < end && *at == '\\')
			*to++ = *at++;
		else if (at < end && *at == '"')
			break;
		if (at == end)
			return false;
		*to++ = *at++;
	}
	*to++ = *at++;
	in->at = at;
	in->to = to;
	return true;
}

static bool copy_word(struct indent *in)
{
	const char *at = in->at, *end = in->end;
	char *to = in->to;

	while (at < end && !ends_word[(unsigned char)*at])
		*to++ = *at++;
	if (at == in->at)
		return false;
	in->at = at;
	in->to = to;
	return true;
}

static bool separate(struct indent *in)
{
	in->at++;
	*in->to++ = ',';
	newline(in);
	return in->depth > 0;
}

static bool name(struct indent *in)
{
	in->at++;
	*in->to++ = ':';
	*in->to++ = ' ';
	return true;
}

/* false: it is no JSON */
static bool step(struct indent *in)
{
	switch (*in->at) {
	case '{':
	case '[':
		return open_value(in);
	case '}':
	case ']':
		return close_value(in);
	case ',':
		return separate(in);
	case ':':
		return name(in);
	case ' ':
	case '\t':
	case '\n':
	case '\r':
		in->at++;
		return true;
	case '"':
		begin(in);
		return copy_string(in);
	default:
		begin(in);
		return copy_word(in);
	}
}

char *liteio_json_indent(const char *text, size_t len)
{
	struct indent in = { .at = text, .end = text + len, .is_new = true };
	bool ok = true;

	while (ok && in.at < in.end) {
		make_room(&in);
		ok = step(&in);
	}
	if (ok && !in.depth && in.to != in.out.data) {
		*in.to = '\0';
		return liteio_buf_take(&in.out);
	}
	liteio_buf_fini(&in.out);
	return NULL;
}
