// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liteioctl top: the loop, the requests and the terminal.
 */
#include "ctl/top.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_local.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "ctl/ask.h"
#include "ctl/sample.h"
#include "ctl/screen.h"
#include "ctl/top_view.h"

#define DELAY_S 2
#define TIMEOUT_MS 10000

/**
 * struct top - a run
 * @o: how
 * @loop: the loop
 * @call: of the round under way, or NULL
 * @timer: the next round
 * @screen: NULL when rounds are only written
 * @begun_ms: of the round under way
 * @stats: its first answer
 * @samples: the one before, and the newest
 * @n_samples: how many of them there are
 * @rounds: told so far
 * @r: why it ended
 * @err: in a sentence
 */
struct top {
	const struct liteio_top_options *o;
	struct liteio_loop *loop;
	struct liteio_http_local *call;
	struct liteio_timer *timer;
	struct liteio_screen *screen;
	uint64_t begun_ms;
	struct liteio_json *stats;
	struct liteio_sample samples[2];
	unsigned int n_samples;
	uint64_t rounds;
	int r;
	struct liteio_error err;
};

static void next_round(struct top *t)
{
	uint64_t period = (t->o->delay_s ? t->o->delay_s : DELAY_S) * 1000;
	uint64_t gone = liteio_now_ms() - t->begun_ms;

	liteio_timer_arm(t->timer, gone < period ? period - gone : 0, 0);
}

/* on a terminal it is said and tried again; elsewhere it is the end */
static void fail(struct top *t, const struct liteio_error *err, int r)
{
	liteio_json_unref(take_ptr(t->stats));
	if (!t->screen) {
		t->err = *err;
		t->r = r;
		liteio_loop_quit(t->loop, 0);
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
		fflush(stdout);
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
	fflush(stdout);
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
	if (t->o->count && t->rounds >= t->o->count)
		liteio_loop_quit(t->loop, 0);
	else
		next_round(t);
}

/* ---- requests ------------------------------------------------------------------------------- */

static void get(struct top *t, const char *path, liteio_http_done_fn done)
{
	const struct liteio_http_local_spec spec = {
		.socket = t->o->socket,
		.method = "GET",
		.target = path,
		.timeout_ms = TIMEOUT_MS,
	};

	t->call = liteio_http_local_start(t->loop, &spec, NULL, done, t);
}

static int answer(struct top *t, int r, const struct liteio_http_response *rsp,
		  const struct liteio_error *why, struct liteio_json **ret,
		  struct liteio_error *err)
{
	t->call = NULL;
	if (r < 0)
		return liteio_error_set(err, r, "no answer from the agent at %s: %s", t->o->socket,
					liteio_error_str(why, r));
	return liteio_ask_answer(rsp, ret, err);
}

static void on_volumes(void *arg, int r, const struct liteio_http_response *rsp,
		       const struct liteio_error *why)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_json *volumes = NULL;
	struct liteio_sample s;
	struct top *t = arg;

	r = answer(t, r, rsp, why, &volumes, &err);
	if (r == 0)
		r = liteio_sample_read(t->stats, volumes, liteio_now_ns(), &s, &err);
	liteio_json_unref(volumes);
	if (r) {
		fail(t, &err, r);
		return;
	}
	liteio_json_unref(take_ptr(t->stats));
	take_sample(t, &s);
}

static void on_stats(void *arg, int r, const struct liteio_http_response *rsp,
		     const struct liteio_error *why)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct top *t = arg;

	r = answer(t, r, rsp, why, &t->stats, &err);
	if (r)
		fail(t, &err, r);
	else
		get(t, "/v1/module/volumes", on_volumes);
}

static void on_timer(void *arg)
{
	struct top *t = arg;

	t->begun_ms = liteio_now_ms();
	get(t, "/v1/stats", on_stats);
}

/* ---- the run -------------------------------------------------------------------------------- */

static void on_key(void *arg, enum liteio_screen_key key)
{
	struct top *t = arg;

	if (key == LITEIO_SCREEN_QUIT)
		liteio_loop_quit(t->loop, 0);
	else
		redraw(t);
}

static void on_signal(void *arg, int signo)
{
	struct top *t = arg;

	liteio_loop_quit(t->loop, 0);
}

static int begin(struct top *t, struct liteio_error *err)
{
	int r;

	r = liteio_loop_new(&t->loop, err);
	if (r == 0)
		r = liteio_loop_on_signal(t->loop, SIGINT, on_signal, t, err);
	if (r == 0)
		r = liteio_loop_on_signal(t->loop, SIGTERM, on_signal, t, err);
	if (r == 0)
		r = liteio_loop_on_signal(t->loop, SIGHUP, on_signal, t, err);
	if (r == 0)
		r = liteio_timer_new(t->loop, on_timer, t, &t->timer, err);
	if (r == 0 && !t->o->json && !t->o->batch && isatty(STDOUT_FILENO))
		r = liteio_screen_open(t->loop, on_key, t, &t->screen, err);
	return r;
}

static void finish(struct top *t)
{
	liteio_screen_close(t->screen);
	liteio_http_local_cancel(t->call);
	liteio_timer_free(t->timer);
	liteio_loop_free(t->loop);
	liteio_json_unref(t->stats);
	while (t->n_samples)
		liteio_sample_fini(&t->samples[--t->n_samples]);
}

int liteio_top(const struct liteio_top_options *o, struct liteio_error *err)
{
	struct top t = { .o = o };
	int r;

	r = begin(&t, err);
	if (r == 0) {
		liteio_timer_arm(t.timer, 0, 0);
		r = liteio_loop_run(t.loop);
		if (r < 0)
			liteio_error_set(err, r, "the event loop failed");
		else if (t.r)
			*err = t.err;
	}
	finish(&t);
	return r < 0 ? r : t.r;
}
