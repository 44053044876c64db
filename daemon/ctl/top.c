// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liteioctl top: the rounds, the requests and the terminal.
 */
#include "ctl/top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/http_local.h"
#include "base/json.h"
#include "base/str.h"
#include "ctl/ask.h"
#include "ctl/sample.h"
#include "ctl/screen.h"
#include "ctl/signals.h"
#include "ctl/top_view.h"

#define DELAY_S 2
#define TIMEOUT_MS 10000

/**
 * struct top - a run
 * @o: how
 * @signals: those that end it, or are about the terminal
 * @call: of the round under way, or NULL
 * @screen: NULL when rounds are only written
 * @begun_ms: of the round under way, or the last one
 * @next_ms: of the next one; both by liteio_now_ms()
 * @stats: the first answer of the round
 * @samples: the one before, and the newest
 * @n_samples: how many of them there are
 * @rounds: told so far
 * @is_over: there is no next round
 * @r: why it ended
 * @err: in a sentence
 */
struct top {
	const struct liteio_top_options *o;
	int signals;
	struct liteio_http_local *call;
	struct liteio_screen *screen;
	uint64_t begun_ms;
	uint64_t next_ms;
	struct liteio_json *stats;
	struct liteio_sample samples[2];
	unsigned int n_samples;
	uint64_t rounds;
	bool is_over;
	int r;
	struct liteio_error err;
};

static void next_round(struct top *t)
{
	t->next_ms = t->begun_ms + (t->o->delay_s ? t->o->delay_s : DELAY_S) * 1000;
}

/* on a terminal it is said and tried again; elsewhere it is the end */
static void fail(struct top *t, const struct liteio_error *err, int r)
{
	liteio_json_unref(take_ptr(t->stats));
	if (!t->screen) {
		t->err = *err;
		t->r = r;
		t->is_over = true;
		return;
	}
	liteio_screen_draw(t->screen, liteio_error_str(err, r));
	next_round(t);
}

static void clock_text(char out[16])
{
	time_t now = time(NULL);
	struct tm tm;

	out[0] = '\0';
	if (localtime_r(&now, &tm))
		strftime(out, 16, "%H:%M:%S", &tm);
}

static void tell(struct top *t, const struct liteio_round *round)
{
	_cleanup_free_ char *text = NULL;
	struct liteio_buf out = LITEIO_BUF_INIT;
	struct liteio_json *j;
	unsigned int columns = 0, lines = 0;
	char clock[16];

	if (t->o->json) {
		j = liteio_top_json(round);
		text = liteio_json_print(j);
		liteio_json_unref(j);
		puts(text);
		t->is_over |= fflush(stdout) != 0;
		return;
	}
	clock_text(clock);
	if (t->screen)
		liteio_screen_size(t->screen, &columns, &lines);
	liteio_top_lines(&out, round, clock, columns, lines);
	text = liteio_buf_take(&out);
	if (t->screen)
		liteio_screen_draw(t->screen, text);
	else
		printf("%s%s", t->rounds ? "\n" : "", text);
	/* nothing more can be said; whether that is a failure its end tells */
	t->is_over |= fflush(stdout) != 0;
}

/* the difference of the two newest samples */
static void redraw(struct top *t)
{
	_cleanup_free_ struct liteio_activity *items = NULL;
	struct liteio_round round = {
		.interval_ns = t->samples[1].at_ns - t->samples[0].at_ns,
	};

	if (t->n_samples < 2)
		return;
	liteio_sample_compare(&t->samples[0], &t->samples[1], &items, &round.n_items);
	round.items = items;
	tell(t, &round);
}

static void take_sample(struct top *t, const struct liteio_sample *s)
{
	if (t->n_samples == 2) {
		liteio_sample_fini(&t->samples[0]);
		t->samples[0] = t->samples[1];
		t->n_samples = 1;
	}
	t->samples[t->n_samples++] = *s;
	if (t->n_samples == 2) {
		redraw(t);
		t->rounds++;
	}
	t->is_over |= t->o->count && t->rounds >= t->o->count;
	next_round(t);
}

/* ---- requests ------------------------------------------------------------------------------- */

static void get(struct top *t, const char *path)
{
	const struct liteio_http_local_spec spec = {
		.socket = t->o->socket,
		.method = "GET",
		.target = path,
		.timeout_ms = TIMEOUT_MS,
	};

	t->call = liteio_http_local_new(&spec, NULL, NULL);
}

/* the first is of what there was to do, the second of whose that is */
static int take_answer(struct top *t, struct liteio_json *j, struct liteio_error *err)
{
	struct liteio_sample s;
	int r;

	if (!t->stats) {
		t->stats = j;
		get(t, "/v1/module/volumes");
		return 0;
	}
	r = liteio_sample_read(t->stats, j, liteio_now_ns(), &s, err);
	liteio_json_unref(j);
	if (r)
		return r;
	liteio_json_unref(take_ptr(t->stats));
	take_sample(t, &s);
	return 0;
}

/* 0 while there is more to do */
static int step(struct top *t, struct pollfd *ret_wait, int *ret_ms, struct liteio_json **ret,
		struct liteio_error *err)
{
	struct liteio_error why = LITEIO_ERROR_INIT;
	struct liteio_http_response rsp;
	int r;

	r = liteio_http_local_step(t->call, ret_wait, ret_ms, &why);
	if (!r)
		return 0;
	if (r < 0) {
		r = liteio_error_set(err, r, "no answer from the agent at %s: %s", t->o->socket,
				     liteio_error_str(&why, r));
	} else {
		liteio_http_local_take(t->call, &rsp);
		r = liteio_ask_answer(&rsp, ret, err);
		liteio_http_response_fini(&rsp);
	}
	liteio_http_local_free(take_ptr(t->call));
	return r < 0 ? r : 1;
}

/* begin the next round, or go on with the one under way; for how long to wait, and for what */
static int go_on(struct top *t, struct pollfd *ret_wait)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *answer = NULL;
	uint64_t now = liteio_now_ms();
	int r, ms = 0;

	if (!t->call && now < t->next_ms)
		return (int)(t->next_ms - now);
	if (!t->call) {
		t->begun_ms = now;
		get(t, "/v1/stats");
	}
	r = step(t, ret_wait, &ms, &answer, &err);
	if (!r)
		return ms;
	if (r > 0)
		r = take_answer(t, answer, &err);
	if (r < 0)
		fail(t, &err, r);
	return 0;
}

/* ---- the run -------------------------------------------------------------------------------- */

static void see_signal(struct top *t)
{
	int signo = liteio_signals_take(t->signals);

	if (signo == SIGTSTP)
		liteio_screen_stop(t->screen);
	if (signo == SIGTSTP || signo == SIGWINCH)
		redraw(t);
	else if (signo)
		t->is_over = true;
}

static void see_key(struct top *t)
{
	enum liteio_screen_key key = liteio_screen_key(t->screen);

	if (key == LITEIO_SCREEN_QUIT)
		t->is_over = true;
	else if (key == LITEIO_SCREEN_REDRAW)
		redraw(t);
}

static void turn(struct top *t)
{
	struct pollfd p[] = {
		{ .fd = t->signals, .events = POLLIN },
		{ .fd = liteio_screen_keys(t->screen), .events = POLLIN },
		{ .fd = -1 },
	};
	int ms = go_on(t, &p[2]);

	if (t->is_over || poll(p, LITEIO_ARRAY_SIZE(p), ms) <= 0)
		return;
	if (p[0].revents)
		see_signal(t);
	if (p[1].revents)
		see_key(t);
}

/* what is about a terminal does what it always does where there is none */
static int begin(struct top *t, struct liteio_error *err)
{
	static const int on_screen[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, 0 };
	static const int plain[] = { SIGINT, SIGTERM, SIGHUP, 0 };
	bool is_drawn = !t->o->json && !t->o->batch && isatty(STDOUT_FILENO);

	t->signals = liteio_signals_open(is_drawn ? on_screen : plain, err);
	if (t->signals < 0)
		return t->signals;
	if (is_drawn)
		t->screen = liteio_screen_open();
	return 0;
}

static void finish(struct top *t)
{
	liteio_screen_close(t->screen);
	liteio_http_local_free(t->call);
	close(t->signals);
	liteio_json_unref(t->stats);
	while (t->n_samples)
		liteio_sample_fini(&t->samples[--t->n_samples]);
}

int liteio_top(const struct liteio_top_options *o, struct liteio_error *err)
{
	struct top t = { .o = o };
	int r = begin(&t, err);

	if (r < 0)
		return r;
	while (!t.is_over)
		turn(&t);
	finish(&t);
	if (t.r)
		*err = t.err;
	return t.r;
}
