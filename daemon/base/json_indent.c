// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON as text on its way to a reader: over lines and indented, as liteio_json_print_pretty() has
 * it, without a value of json-c for each of its fields. Pure.
 *
 * Whoever wrote it is trusted to write JSON: of what makes it that only strings, brackets and depth
 * are looked at, so that what is cut off is no answer. Each character is looked at and written in
 * one go: a list is long, and most of what there is to do to it is this.
 *
 * Nor is each of them looked at: an object in a list is mostly the one before it but for a name and
 * a few numbers. What becomes of a member depends on its own characters and on how deep it is, so
 * members that are the same, one after the other, are copied as they were written the last time.
 */
#include <endian.h>
#include <errno.h>
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

/* of an object in a list so many members are remembered: it is as good without the others */
#define MARKS_MAX 32

/**
 * struct mark - where a member begins, or where the members of an object have ended
 * @in: in the text, behind a comma
 * @out: in what is written, where nothing has been said of it
 */
struct mark {
	size_t in;
	size_t out;
};

/**
 * struct marks - the members of an object in a list, but for the first one, which nothing is before
 * @items: in their order
 * @n: how many
 */
struct marks {
	struct mark items[MARKS_MAX];
	size_t n;
};

/**
 * struct indent - on the way
 * @at: what is read next
 * @end: of the text
 * @to: what is written next; there is room for all that is left, and for MORE_MAX
 * @out: so far, but for @len
 * @closes: what ends each of the values that are open, the innermost last
 * @depth: how many
 * @is_new: nothing of the innermost has been said
 * @is_all: nothing follows the text
 * @is_cut: what is at @at has no end in the text, which is not all
 * @begin: of the text
 * @objects: how deep members are of the objects of that list whose objects are compared, which is
 *	the outermost one; 0: there is none
 * @marks: for @last and @now
 * @last: the object before this one
 * @now: this one
 * @next: which member of @last is looked at next
 */
struct indent {
	const char *at;
	const char *end;
	char *to;
	struct liteio_buf out;
	char closes[LITEIO_JSON_MAX_DEPTH];
	size_t depth;
	bool is_new;
	bool is_all;
	bool is_cut;
	const char *begin;
	size_t objects;
	struct marks marks[2];
	struct marks *last;
	struct marks *now;
	size_t next;
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

/* ---- objects in a list ---------------------------------------------------------------------- */

/* @in has the list, but not yet the object */
static void begin_object(struct indent *in)
{
	struct marks *free = in->last;

	if (in->objects && in->objects <= in->depth)
		return;
	if (in->objects) {
		in->last = in->now;
		in->now = free;
	} else {
		in->objects = in->depth + 1;
		in->last->n = 0;
	}
	in->now->n = 0;
	in->next = 0;
}

static void remember(struct indent *in, size_t at, size_t to)
{
	struct marks *now = in->now;

	if (now->n < MARKS_MAX)
		now->items[now->n++] = (struct mark){ at, to };
}

/* how much of both is the same; @a is before @b */
static size_t same_bytes(const char *a, const char *b, const char *end)
{
	const size_t max = (size_t)(end - b);
	uint64_t x, y;
	size_t n = 0;

	for (; max - n >= WORD; n += WORD) {
		memcpy(&x, a + n, WORD);
		memcpy(&y, b + n, WORD);
		if (x != y)
			return n + (size_t)__builtin_ctzll(le64toh(x ^ y)) / CHAR_BIT;
	}
	while (n < max && a[n] == b[n])
		n++;
	return n;
}

/* how much of what is known from @from on is the same here: mostly all of it */
static size_t same_members(const struct indent *in, const struct mark *from)
{
	const size_t all = in->last->items[in->last->n - 1].in - from->in;
	const char *a = in->begin + from->in;

	if (all <= (size_t)(in->end - in->at) && !memcmp(a, in->at, all))
		return all;
	return same_bytes(a, in->at, in->end);
}

/* that member of the last object that begins like this one does; NULL: none that is known */
static const struct mark *find_like(struct indent *in)
{
	const struct marks *last = in->last;
	uint64_t x, y;

	if ((size_t)(in->end - in->at) < WORD)
		return NULL;
	memcpy(&x, in->at, WORD);
	for (size_t i = in->next; i < last->n; i++) {
		memcpy(&y, in->begin + last->items[i].in, WORD);
		if (x != y)
			continue;
		in->next = i + 1;
		return &last->items[i];
	}
	return NULL;
}

/* a member begins: it and those that follow, as far as they are those of the last object */
static void copy_same(struct indent *in)
{
	const size_t at = (size_t)(in->at - in->begin), to = (size_t)(in->to - in->out.data);
	const struct mark *from, *m;
	size_t same, len;

	remember(in, at, to);
	from = find_like(in);
	if (!from)
		return;
	same = from->in + same_members(in, from);
	for (m = from + 1; m < in->last->items + in->last->n && m->in <= same; m++)
		remember(in, at + (m->in - from->in), to + (m->out - from->out));
	m--;
	if (m == from)
		return;
	in->next = (size_t)(m - in->last->items) + 1;
	in->at += m->in - from->in;
	len = m->out - from->out;
	in->out.len = to;
	in->to = liteio_buf_room(&in->out, len + (size_t)(in->end - in->at) + MORE_MAX);
	memcpy(in->to, in->out.data + from->out, len);
	in->to += len;
}

/* ---- values --------------------------------------------------------------------------------- */

static bool open_value(struct indent *in)
{
	const char c = *in->at++;

	if (in->depth == LITEIO_JSON_MAX_DEPTH)
		return false;
	begin(in);
	if (c == '{' && in->depth && in->closes[in->depth - 1] == ']')
		begin_object(in);
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
	/* the list itself has ended */
	if (in->depth + 1 < in->objects)
		in->objects = 0;
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
		if (at == end) {
			in->is_cut = !in->is_all;
			return false;
		}
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
	if (at == end && !in->is_all)
		in->is_cut = true;
	if (at == in->at || in->is_cut)
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
	/* there may be lists among the objects of a list */
	if (in->depth && in->depth == in->objects && in->closes[in->depth - 1] == '}')
		copy_same(in);
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

static void init(struct indent *in)
{
	*in = (struct indent){ .is_new = true, .is_all = true };
	in->last = &in->marks[0];
	in->now = &in->marks[1];
}

/* false: it is no JSON, or cut off */
static bool go(struct indent *in, const char *text, size_t len)
{
	bool ok = true;

	in->begin = text;
	in->at = text;
	in->end = text + len;
	in->to = in->out.data ? in->out.data + in->out.len : NULL;
	while (ok && in->at < in->end) {
		make_room(in);
		ok = step(in);
	}
	if (in->to)
		in->out.len = (size_t)(in->to - in->out.data);
	return ok;
}

char *liteio_json_indent(const char *text, size_t len)
{
	struct indent in;

	init(&in);
	if (go(&in, text, len) && !in.depth && in.out.len) {
		*in.to = '\0';
		return liteio_buf_take(&in.out);
	}
	liteio_buf_fini(&in.out);
	return NULL;
}

/* ---- by pieces ------------------------------------------------------------------------------ */

/* so much is waited for: objects are not compared beyond it, and each page of it is cleared once */
#define PIECE (48u << 10)

/**
 * struct liteio_json_lines - a text by pieces
 * @in: on the way
 * @text: what has come and is not done
 * @wanted: with so much of it, it goes on: at least twice what could not be done before
 * @is_said: of something
 * @say: whom to give it
 * @arg: for @say
 */
struct liteio_json_lines {
	struct indent in;
	struct liteio_buf text;
	size_t wanted;
	bool is_said;
	liteio_json_say_fn say;
	void *arg;
};

struct liteio_json_lines *liteio_json_lines_new(liteio_json_say_fn say, void *arg)
{
	struct liteio_json_lines *l = liteio_calloc(1, sizeof(*l));

	init(&l->in);
	l->in.is_all = false;
	l->wanted = PIECE;
	l->say = say;
	l->arg = arg;
	return l;
}

static int go_on(struct liteio_json_lines *l)
{
	struct indent *in = &l->in;
	int r;

	/* they are in another piece */
	in->last->n = 0;
	in->now->n = 0;
	in->is_cut = false;
	if (!go(in, l->text.data, l->text.len) && !in->is_cut)
		return -EBADMSG;
	liteio_buf_consume(&l->text, (size_t)(in->at - in->begin));
	l->wanted = l->text.len + (l->text.len > PIECE ? l->text.len : PIECE);
	if (!in->out.len)
		return 0;
	l->is_said = true;
	r = l->say(l->arg, in->out.data, in->out.len);
	in->out.len = 0;
	return r;
}

int liteio_json_lines_add(struct liteio_json_lines *l, const char *data, size_t len)
{
	if (len > LITEIO_JSON_MAX_BYTES || l->text.len > LITEIO_JSON_MAX_BYTES)
		return -EMSGSIZE;
	liteio_buf_add(&l->text, data, len);
	return l->text.len < l->wanted ? 0 : go_on(l);
}

int liteio_json_lines_end(struct liteio_json_lines *l)
{
	int r = 0;

	l->in.is_all = true;
	if (l->text.len)
		r = go_on(l);
	return r ?: l->in.depth || !l->is_said ? -EBADMSG : 0;
}

void liteio_json_lines_free(struct liteio_json_lines *l)
{
	if (!l)
		return;
	liteio_buf_fini(&l->in.out);
	liteio_buf_fini(&l->text);
	free(l);
}
