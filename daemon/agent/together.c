// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Jobs side by side, waited for within a bound.
 */
#include "agent/together.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/worker.h"

/**
 * struct liteio_together - what jobs and who waits for them share
 * @workers: where they run
 * @until: when they are late
 * @lock: covers what follows
 * @ended: @n_left is less
 * @refs: jobs, and who waits; the last one frees it
 * @n_left: jobs that have not ended
 * @is_late: nobody waits any more
 */
struct liteio_together {
	struct liteio_workers *workers;
	struct timespec until;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	unsigned int refs;
	size_t n_left;
	bool is_late;
};

struct job {
	struct liteio_together *together;
	void (*job)(void *arg);
	void (*done)(void *arg, bool late);
	void *arg;
};

struct liteio_together *liteio_together_new(struct liteio_workers *w, unsigned int seconds)
{
	struct liteio_together *t = liteio_calloc(1, sizeof(*t));

	t->workers = w;
	t->refs = 1;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->ended, NULL);
	clock_gettime(CLOCK_MONOTONIC, &t->until);
	t->until.tv_sec += seconds;
	return t;
}

static void put(struct liteio_together *t)
{
	bool is_last;

	{
		liteio_guard(&t->lock);
		is_last = !--t->refs;
	}
	if (!is_last)
		return;
	pthread_cond_destroy(&t->ended);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static void run(void *arg)
{
	struct job *j = arg;
	struct liteio_together *t = j->together;
	bool is_late;

	j->job(j->arg);
	{
		liteio_guard(&t->lock);
		is_late = t->is_late;
		t->n_left--;
		pthread_cond_signal(&t->ended);
	}
	j->done(j->arg, is_late);
	free(j);
	put(t);
}

void liteio_together_add(struct liteio_together *t, void (*job)(void *arg),
			 void (*done)(void *arg, bool late), void *arg)
{
	struct job *j = liteio_calloc(1, sizeof(*j));

	*j = (struct job){ t, job, done, arg };
	{
		liteio_guard(&t->lock);
		t->refs++;
		t->n_left++;
	}
	liteio_worker_submit(t->workers, NULL, run, NULL, j);
}

void liteio_together_wait(struct liteio_together *t)
{
	int r = 0;

	liteio_guard(&t->lock);
	while (t->n_left && !r)
		r = pthread_cond_clockwait(&t->ended, &t->lock, CLOCK_MONOTONIC, &t->until);
}

size_t liteio_together_end(struct liteio_together *t)
{
	size_t n_left;

	liteio_together_wait(t);
	{
		liteio_guard(&t->lock);
		t->is_late = true;
		n_left = t->n_left;
	}
	put(t);
	return n_left;
}
