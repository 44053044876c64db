// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watching a deletion from a second thread while the first one waits for its answer.
 */
#include "ctl/watch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"
#include "ctl/progress.h"

#define LOOK_MS 250
#define COLUMNS_DEFAULT 80

/**
 * struct liteio_watch - a watch
 * @thread: the second thread
 * @lock: covers @is_over
 * @changed: @is_over was set
 * @is_over: the first thread has its answer
 * @p: what was seen; of the second thread
 * @ask: asks the agent
 * @arg: for it
 */
struct liteio_watch {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_over;
	struct liteio_progress p;
	liteio_watch_fn ask;
	void *arg;
};

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

/* false when it is over */
static bool wait_a_moment(struct liteio_watch *w)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_MS * 1000000l;
	until.tv_sec += until.tv_nsec / 1000000000l;
	until.tv_nsec %= 1000000000l;
	liteio_guard(&w->lock);
	if (!w->is_over)
		pthread_cond_timedwait(&w->changed, &w->lock, &until);
	return !w->is_over;
}

static void *watch(void *arg)
{
	struct liteio_watch *w = arg;
	bool drawn = false;

	while (wait_a_moment(w)) {
		struct liteio_json *answer = w->ask(w->arg);

		if (answer && liteio_progress_see(&w->p, answer)) {
			draw(&w->p, false);
			drawn = true;
		}
		liteio_json_unref(answer);
	}
	if (drawn)
		draw(&w->p, true);
	return NULL;
}

struct liteio_watch *liteio_watch_begin(const char *kind, const char *name, liteio_watch_fn ask,
					void *arg)
{
	struct liteio_watch *w;
	pthread_condattr_t attr;

	if (!isatty(STDERR_FILENO))
		return NULL;
	w = liteio_calloc(1, sizeof(*w));
	w->p.kind = kind;
	w->p.name = name;
	w->ask = ask;
	w->arg = arg;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&w->thread, NULL, watch, w)) {
		free(w);
		return NULL;
	}
	return w;
}

void liteio_watch_end(struct liteio_watch *w)
{
	if (!w)
		return;
	{
		liteio_guard(&w->lock);
		w->is_over = true;
		pthread_cond_signal(&w->changed);
	}
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
