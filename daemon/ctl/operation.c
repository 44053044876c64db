// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waiting for an operation: asked for again and again, each time until it has ended or for a
 * while, which is short where somebody watches.
 */
#include "ctl/operation.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "ctl/ask.h"
#include "ctl/progress.h"

#define WATCHED_MS 250
#define UNWATCHED_MS 30000
#define COLUMNS_DEFAULT 80

static unsigned int columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) < 0 || !w.ws_col)
		return COLUMNS_DEFAULT;
	return w.ws_col;
}

static void draw(const struct liteio_progress *p, bool done)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	liteio_progress_draw(&b, p, columns(), done);
	fputs(b.data, stderr);
	fflush(stderr);
	liteio_buf_fini(&b);
}

static bool is_running(const struct liteio_json *operation)
{
	const char *state = liteio_json_get_string(operation, "state");

	return state && !strcmp(state, "running");
}

/* the sentence of one that has failed */
static int check_end(const struct liteio_json *operation, struct liteio_error *err)
{
	const char *message = liteio_json_get_string(operation, "error.message");

	return message ? liteio_error_set(err, -EREMOTEIO, "%s", message) : 0;
}

int liteio_operation_wait(const char *socket, const char *uuid, struct liteio_json **ret,
			  struct liteio_error *err)
{
	bool is_watched = isatty(STDERR_FILENO);
	_cleanup_free_ char *target = liteio_strf("/v1/operations/%s?waitMs=%d", uuid,
						  is_watched ? WATCHED_MS : UNWATCHED_MS);
	struct liteio_progress p = { 0 };
	struct liteio_json *operation;
	bool is_drawn = false, runs;
	int r;

	do {
		r = liteio_ask(socket, "GET", target, NULL, &operation, err);
		runs = r == 0 && is_running(operation);
		if (is_watched && (runs || is_drawn)) {
			liteio_progress_see(&p, r == 0 ? operation : NULL);
			draw(&p, !runs);
			is_drawn = true;
		}
		if (runs)
			liteio_json_unref(operation);
	} while (runs);
	if (r < 0)
		return liteio_error_wrap(err, r, "what became of it is not known");
	*ret = operation;
	return check_end(operation, err);
}
