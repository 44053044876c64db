// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where in a text is what a sentence is about? json-c keeps no lines, so the text is walked once
 * more, along the place that the sentence begins with.
 *
 * The text has been parsed before, so it is valid and not too deep; still nothing here reads past
 * its end.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

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

/* the sentence's place goes on with this key: what comes after it, or NULL */
static const char *after_key(const char *place, const char *key, size_t len)
{
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
		const char *key, *rest;

		skip_space(w);
		if (w->p == w->end || *w->p != '"')
			break;
		line = w->line;
		key = w->p + 1;
		skip_string(w);
		rest = after_key(place, key, (size_t)(w->p - key) - (w->p > key));
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
