// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liteioctl events --follow, module events --follow: an answer that goes on, line by line.
 */
#include "ctl/follow.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_local.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "ctl/ask.h"
#include "ctl/event_text.h"

/* the agent says something every ten seconds: who says nothing for so long has gone */
#define SILENCE_MS 60000
#define ENOUGH (-ECANCELED)
/* nobody reads what is said any more */
#define UNREAD (-ESHUTDOWN)

/**
 * struct follow - a run
 * @socket: of the agent
 * @loop: the loop
 * @call: the answer
 * @silence: fires when nothing was said for long
 * @lines: of it
 * @count: events still to come; 0 for all
 * @json: write lines as they are
 * @r: why it ended
 * @err: in a sentence
 */
struct follow {
	const char *socket;
	struct liteio_loop *loop;
	struct liteio_http_local *call;
	struct liteio_timer *silence;
	struct liteio_event_lines lines;
	uint64_t count;
	bool json;
	int r;
	struct liteio_error *err;
};

static void quit(struct follow *f, int r)
{
	f->r = r;
	liteio_loop_quit(f->loop, 0);
}

/* whoever reads a pipe wants to know now, and may have gone */
static int say(const char *text)
{
	return puts(text) < 0 || fflush(stdout) ? UNREAD : 0;
}

static int on_line(void *arg, const char *line)
{
	_cleanup_free_ char *text = NULL;
	struct follow *f = arg;
	struct liteio_local_event e;
	int r, type;

	r = liteio_event_parse(line, &e, f->err);
	/* of a newer agent: programs may know it */
	if (r)
		return f->json ? say(line) : 0;
	/* of what is released nothing is left */
	type = e.type;
	if (type != LITEIO_LOCAL_EVENT_ALIVE)
		text = f->json ? liteio_strdup(line) : liteio_event_text(&e);
	liteio_json_fini(&e, liteio_local_event_fields);
	r = text ? say(text) : 0;
	if (r || type == LITEIO_LOCAL_EVENT_ALIVE)
		return r;
	if (type == LITEIO_LOCAL_EVENT_END)
		return liteio_error_set(f->err, -ENODEV,
					"the module was unloaded, or loaded again");
	if (type == LITEIO_LOCAL_EVENT_BEGIN || !f->count)
		return 0;
	return --f->count ? 0 : ENOUGH;
}

static int on_data(void *arg, const char *data, size_t len)
{
	struct follow *f = arg;

	liteio_timer_arm(f->silence, SILENCE_MS, 0);
	return liteio_event_lines_add(&f->lines, data, len, on_line, f);
}

static void on_done(void *arg, int r, const struct liteio_http_response *rsp,
		    const struct liteio_error *why)
{
	struct liteio_json *answer = NULL;
	struct follow *f = arg;

	f->call = NULL;
	if (r == ENOUGH) {
		quit(f, 0);
	} else if (r == -ENODEV) {
		quit(f, r);
	} else if (r == UNREAD) {
		quit(f, liteio_error_set(f->err, -EPIPE, "nobody reads what is said any more"));
	} else if (r < 0) {
		quit(f, liteio_error_set(f->err, r, "no answer from the agent at %s: %s",
					 f->socket, liteio_error_str(why, r)));
	} else if (rsp->status != 200) {
		r = liteio_ask_answer(rsp, &answer, f->err);
		liteio_json_unref(answer);
		quit(f, r);
	} else {
		quit(f, liteio_error_set(f->err, -EPIPE, "the agent has ended its answer"));
	}
}

static void on_signal(void *arg, int signo)
{
	quit(arg, 0);
}

static void on_silence(void *arg)
{
	struct follow *f = arg;

	quit(f, liteio_error_set(f->err, -ETIMEDOUT, "the agent says nothing any more"));
}

static int begin(struct follow *f)
{
	int r;

	r = liteio_loop_new(&f->loop, f->err);
	if (r == 0)
		r = liteio_loop_on_signal(f->loop, SIGINT, on_signal, f, f->err);
	if (r == 0)
		r = liteio_loop_on_signal(f->loop, SIGTERM, on_signal, f, f->err);
	if (r == 0)
		r = liteio_timer_new(f->loop, on_silence, f, &f->silence, f->err);
	return r;
}

int liteio_follow(const char *socket, const char *path, uint64_t count, bool json,
		  struct liteio_error *err)
{
	const struct liteio_http_local_spec spec = {
		.socket = socket,
		.method = "GET",
		.target = path,
	};
	struct follow f = { .socket = socket, .count = count, .json = json, .err = err };
	int r;

	r = begin(&f);
	if (r == 0) {
		liteio_timer_arm(f.silence, SILENCE_MS, 0);
		f.call = liteio_http_local_start(f.loop, &spec, on_data, on_done, &f);
		r = liteio_loop_run(f.loop);
		if (r < 0)
			liteio_error_set(err, r, "the event loop failed");
	}
	liteio_http_local_cancel(f.call);
	liteio_timer_free(f.silence);
	liteio_loop_free(f.loop);
	liteio_event_lines_fini(&f.lines);
	return r < 0 ? r : f.r;
}
