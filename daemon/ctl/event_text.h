/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: lines of an answer as they arrive in pieces, and one as text. Pure.
 */
#ifndef LITEIO_CTL_EVENT_TEXT_H
#define LITEIO_CTL_EVENT_TEXT_H

#include <stddef.h>

#include "base/str.h"
#include "model/local_module.h"

struct liteio_error;

/* longer lines are not ours */
#define LITEIO_EVENT_LINE_MAX 4096

/* what has arrived and is not a whole line yet; zero to begin with */
struct liteio_event_lines {
	struct liteio_buf pending;
};

/**
 * liteio_event_lines_add() - bytes have arrived
 * @l: what was left over
 * @data: the bytes
 * @len: how many
 * @fn: called for each whole line, without its end; what is not 0 ends the call
 * @arg: for @fn
 *
 * Return: 0, what @fn returned, or -EMSGSIZE for a line that is too long.
 */
int liteio_event_lines_add(struct liteio_event_lines *l, const char *data, size_t len,
			   int (*fn)(void *arg, const char *line), void *arg);
void liteio_event_lines_fini(struct liteio_event_lines *l);

/*
 * a line as a struct, released with liteio_json_fini(); -EINVAL for what is none, or a type that we
 * do not know
 */
int liteio_event_parse(const char *line, struct liteio_local_event *ret, struct liteio_error *err);

/* one event for people, without the end of the line: new memory; NULL for what is not shown */
char *liteio_event_text(const struct liteio_local_event *e);

#endif
