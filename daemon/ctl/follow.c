// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liteioctl events --follow, module events --follow: an answer that goes on, line by line.
 */
#include "ctl/follow.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/http_local.h"
#include "base/json.h"
#include "base/str.h"
#include "ctl/ask.h"
#include "ctl/event_text.h"
#include "ctl/signals.h"

/* the agent says something every ten seconds: who says nothing for so long has gone */
#define SILENCE_MS 60000
#define ENOUGH (-ECANCELED)
/* nobody reads what is said any more */
#define UNREAD (-ESHUTDOWN)

/**
 * struct follow - a run
 * @socket: of the agent
 * @silent_ms: when nothing will have been said for long, by liteio_now_ms()
 * @lines: of the answer
 * @count: events still to come; 0 for all
 * @json: write lines as they are
 * @err: why it ended, in a sentence
 */
struct follow {
	const char *socket;
	uint64_t silent_ms;
	struct liteio_event_lines lines;
	uint64_t count;
	bool json;
	struct liteio_error *err;
};

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

	f->silent_ms = liteio_now_ms() + SILENCE_MS;
	return liteio_event_lines_add(&f->lines, data, len, on_line, f);
}

/* until there is more of the answer: 0; ENOUGH by a signal */
static int wait_for(struct follow *f, int signals, const struct pollfd *answer, int ms)
{
	struct pollfd p[] = { *answer, { .fd = signals, .events = POLLIN } };
	uint64_t now = liteio_now_ms(), left = f->silent_ms > now ? f->silent_ms - now : 0;

	if (ms < 0 || (uint64_t)ms > left)
		ms = (int)left;
	if (poll(p, LITEIO_ARRAY_SIZE(p), ms) == 0 && !left)
		return liteio_error_set(f->err, -ETIMEDOUT, "the agent says nothing any more");
	return liteio_signals_take(signals) ? ENOUGH : 0;
}

/* @r is 1 with an answer, which would have gone on */
static int tell_end(struct follow *f, int r, struct liteio_http_local *call,
		    const struct liteio_error *why)
{
	struct liteio_http_response rsp;
	struct liteio_json *answer = NULL;

	if (r == ENOUGH)
		return 0;
	/* its sentence is there */
	if (r == -ENODEV)
		return r;
	if (r == UNREAD)
		return liteio_error_set(f->err, -EPIPE, "nobody reads what is said any more");
	if (r < 0)
		return liteio_error_set(f->err, r, "no answer from the agent at %s: %s", f->socket,
					liteio_error_str(why, r));
	liteio_http_local_take(call, &rsp);
	if (rsp.status == 200) {
		r = liteio_error_set(f->err, -EPIPE, "the agent has ended its answer");
	} else {
		r = liteio_ask_answer(&rsp, &answer, f->err);
		liteio_json_unref(answer);
	}
	liteio_http_response_fini(&rsp);
	return r;
}

/* until the answer ends, or the waiting for more of it */
static int read_all(struct follow *f, int signals, struct liteio_http_local *call)
{
	struct liteio_error why = LITEIO_ERROR_INIT;
	struct pollfd wait;
	int r, ms;

	while (!(r = liteio_http_local_step(call, &wait, &ms, &why))) {
		r = wait_for(f, signals, &wait, ms);
		if (r)
			return r == ENOUGH ? 0 : r;
	}
	return tell_end(f, r, call, &why);
}

int liteio_follow(const char *socket, const char *path, uint64_t count, bool json,
		  struct liteio_error *err)
{
	static const int ends[] = { SIGINT, SIGTERM, 0 };
	const struct liteio_http_local_spec spec = {
		.socket = socket,
		.method = "GET",
		.target = path,
	};
	struct follow f = {
		.socket = socket,
		.silent_ms = liteio_now_ms() + SILENCE_MS,
		.count = count,
		.json = json,
		.err = err,
	};
	int signals = liteio_signals_open(ends, err), r;
	struct liteio_http_local *call;

	if (signals < 0)
		return signals;
	call = liteio_http_local_new(&spec, on_data, &f);
	r = read_all(&f, signals, call);
	liteio_http_local_free(call);
	liteio_event_lines_fini(&f.lines);
	close(signals);
	return r;
}
