// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What only the text of a value says. Where is what a sentence is about? json-c keeps no lines, so
 * the text is walked once more, along the place that the sentence begins with. And is a key given
 * twice? Of two json-c keeps the last one.
 *
 * The text has been parsed before, so it is valid and not too deep; still nothing here reads past
 * its end.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

struct walk {
	const char *p, *end;
	size_t line;
};

static size_t find(struct walk *w, const char *place);

static void skip_space(struct walk *w)
{
	while (w->p < w->end && strchr(" \t\r\n", *w->p)) {
		w->line += *w->p == '\n';
		w->p++;
	}
}

/* is it the next character? then step over it */
static bool take(struct walk *w, char c)
{
	skip_space(w);
	if (w->p == w->end || *w->p != c)
		return false;
	w->p++;
	return true;
}

static void skip_string(struct walk *w)
{
	for (w->p++; w->p < w->end && *w->p != '"'; w->p++)
		if (*w->p == '\\')
			w->p++;
	w->p = w->p < w->end ? w->p + 1 : w->end;
}

/* step over a key: its text, escapes undone, in new memory; NULL when there is none */
static char *take_key(struct walk *w)
{
	struct liteio_json *j = NULL;
	const char *quoted;
	char *key = NULL;
	size_t len;

	skip_space(w);
	if (w->p == w->end || *w->p != '"')
		return NULL;
	quoted = w->p;
	skip_string(w);
	len = (size_t)(w->p - quoted);
	if (!memchr(quoted, '\\', len))
		return liteio_strf("%.*s", (int)len - 1 - (len > 1), quoted + 1);
	if (!liteio_json_parse(quoted, len, &j, NULL))
		key = liteio_strdup(liteio_json_string(j));
	liteio_json_unref(j);
	return key;
}

/* the sentence's place goes on with this key: what comes after it, or NULL */
static const char *after_key(const char *place, const char *key)
{
	const size_t len = strlen(key);

	if (!place || strncmp(place, key, len) != 0 || !place[len] || !strchr(".[:", place[len]))
		return NULL;
	return place + len;
}

/* the same for element @i of a list */
static const char *after_index(const char *place, size_t i)
{
	char *end;

	if (!place || place[0] != '[' || strtoul(place + 1, &end, 10) != i || *end != ']')
		return NULL;
	return end + 1;
}

/* the value of a key or an element in @line: the line of what is meant in it, or else its own */
static size_t within(struct walk *w, const char *rest, size_t line)
{
	size_t inner = find(w, rest && *rest == '.' ? rest + 1 : rest);

	return rest && inner ? inner : line;
}

static size_t find_in_object(struct walk *w, const char *place)
{
	size_t found = 0, line, inner;

	while (w->p < w->end && !take(w, '}')) {
		char *key _cleanup_free_ = NULL;
		const char *rest;

		skip_space(w);
		line = w->line;
		key = take_key(w);
		if (!key)
			break;
		rest = after_key(place, key);
		take(w, ':');
		inner = within(w, rest, line);
		/* of two with the same key the last one counts */
		if (rest)
			found = inner;
		take(w, ',');
	}
	return found;
}

static size_t find_in_list(struct walk *w, const char *place)
{
	size_t found = 0, inner;

	for (size_t i = 0; w->p < w->end && !take(w, ']'); i++) {
		const char *before = w->p, *rest = after_index(place, i);

		skip_space(w);
		inner = within(w, rest, w->line);
		if (rest)
			found = inner;
		take(w, ',');
		if (w->p == before)
			break;
	}
	return found;
}

/* step over one value; the line of @place in it, 0 when there is none */
static size_t find(struct walk *w, const char *place)
{
	if (take(w, '{'))
		return find_in_object(w, place);
	if (take(w, '['))
		return find_in_list(w, place);
	if (w->p < w->end && *w->p == '"')
		skip_string(w);
	else
		while (w->p < w->end && !strchr(",]} \t\r\n", *w->p))
			w->p++;
	return 0;
}

size_t liteio_json_line(const char *text, size_t len, const char *sentence)
{
	struct walk w = { text, text + len, 1 };

	return find(&w, sentence);
}

void liteio_json_wrap_line(struct liteio_error *err, const char *text, size_t len)
{
	size_t line = err ? liteio_json_line(text, len, err->msg) : 0;

	if (line)
		liteio_error_wrap(err, err->code, "line %zu", line);
}

/* ---- every key once ----------------------------------------------------------------------- */

static int once(struct walk *w, struct liteio_error *err);

/* put the place of what is around it before a sentence: "key." or, of a list, "key" */
static int around(struct liteio_error *err, int r, const char *place)
{
	struct liteio_error inner;

	if (!err)
		return r;
	inner = *err;
	return liteio_error_set(err, r, "%.128s%s%s", place, inner.msg[0] == '[' ? "" : ".",
				inner.msg);
}

static int once_in_object(struct walk *w, struct liteio_error *err)
{
	struct liteio_json *seen = liteio_json_new_object();
	int r = 0;

	while (!r && w->p < w->end && !take(w, '}')) {
		char *key _cleanup_free_ = take_key(w);

		if (!key)
			break;
		if (liteio_json_has(seen, key)) {
			r = liteio_error_set(err, -EINVAL, "%.128s: given twice", key);
			break;
		}
		liteio_json_set(seen, key, NULL);
		take(w, ':');
		r = once(w, err);
		if (r)
			around(err, r, key);
		take(w, ',');
	}
	liteio_json_unref(seen);
	return r;
}

static int once_in_list(struct walk *w, struct liteio_error *err)
{
	char place[32];
	int r = 0;

	for (size_t i = 0; !r && w->p < w->end && !take(w, ']'); i++) {
		const char *before = w->p;

		r = once(w, err);
		if (r) {
			snprintf(place, sizeof(place), "[%zu]", i);
			around(err, r, place);
		}
		take(w, ',');
		if (w->p == before)
			break;
	}
	return r;
}

/* step over one value: -EINVAL when an object in it has a key twice */
static int once(struct walk *w, struct liteio_error *err)
{
	if (take(w, '{'))
		return once_in_object(w, err);
	if (take(w, '['))
		return once_in_list(w, err);
	find(w, NULL);
	return 0;
}

int liteio_json_parse_strict(const char *text, size_t len, struct liteio_json **ret,
			     struct liteio_error *err)
{
	struct walk w = { text, text + len, 1 };
	struct liteio_json *j;
	int r;

	r = liteio_json_parse(text, len, &j, err);
	if (r)
		return r;
	r = once(&w, err);
	if (r)
		liteio_json_unref(j);
	else
		*ret = j;
	return r;
}
