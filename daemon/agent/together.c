// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same for several, side by side.
 */
#include "agent/together.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"

/**
 * struct together - all of them
 * @lock: covers what follows
 * @ended: one has
 * @fn: what is done
 * @left: so many have not ended
 * @refs: the jobs of workers, and who waits: the last one frees it
 * @is_ended: of each
 */
struct together {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	void (*fn)(void *arg);
	size_t left;
	size_t refs;
	bool is_ended[];
};

struct job {
	struct together *all;
	size_t i;
	void *arg;
};

static void put(struct together *t)
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

static void run_one(struct together *t, size_t i, void *arg)
{
	t->fn(arg);
	liteio_guard(&t->lock);
	t->is_ended[i] = true;
	t->left--;
	pthread_cond_signal(&t->ended);
}

static void run(void *arg)
{
	struct job *j = arg;
	struct together *t = j->all;

	run_one(t, j->i, j->arg);
	free(j);
	put(t);
}

static void submit(struct together *t, struct liteio_workers *w, size_t i, void *arg)
{
	struct job *j = liteio_calloc(1, sizeof(*j));

	*j = (struct job){ t, i, arg };
	liteio_worker_submit(w, NULL, run, NULL, j);
}

/* until all have ended, or the end has come, if there is one; under the lock */
static void wait_for(struct together *t, const _Atomic uint64_t *end_ms)
{
	while (!end_ms && t->left)
		pthread_cond_wait(&t->ended, &t->lock);
	while (t->left) {
		uint64_t end = *end_ms;

		if (liteio_now_ms() >= end)
			return;
		(void)liteio_wait_until(&t->ended, &t->lock, end);
	}
}

size_t liteio_together_run(struct liteio_workers *w, void (*fn)(void *arg), void *const *args,
			   size_t n, const _Atomic uint64_t *end_ms, bool *ret_ended)
{
	struct together *t = liteio_calloc(1, sizeof(*t) + n * sizeof(t->is_ended[0]));
	/* who waits for all of them may as well do the last one */
	size_t left, here = !w ? n : !end_ms && n;

	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->ended, NULL);
	t->fn = fn;
	t->left = n;
	t->refs = n - here + 1;
	for (size_t i = 0; i < n; i++) {
		if (i + here < n)
			submit(t, w, i, args[i]);
		else
			run_one(t, i, args[i]);
	}
	{
		liteio_guard(&t->lock);
		wait_for(t, end_ms);
		left = t->left;
		for (size_t i = 0; ret_ended && i < n; i++)
			ret_ended[i] = t->is_ended[i];
	}
	put(t);
	return left;
}

/* ---- some at a time ---- */

/**
 * struct share - what is shared out
 * @lock: covers what follows
 * @ended: all have
 * @fn: what is done
 * @args: for each; not touched any more when all have ended
 * @n: how many
 * @next: the first that nobody has begun
 * @left: so many have not ended
 * @refs: the jobs of workers, and who waits: the last one frees it
 */
struct share {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	void (*fn)(void *arg);
	void *const *args;
	size_t n;
	size_t next;
	size_t left;
	size_t refs;
};

static bool take(struct share *s, void **ret)
{
	liteio_guard(&s->lock);
	if (s->next == s->n)
		return false;
	*ret = s->args[s->next++];
	return true;
}

static void take_all(struct share *s)
{
	void *arg;

	while (take(s, &arg)) {
		s->fn(arg);
		liteio_guard(&s->lock);
		if (!--s->left)
			pthread_cond_signal(&s->ended);
	}
}

static void share_put(struct share *s)
{
	bool is_last;

	{
		liteio_guard(&s->lock);
		is_last = !--s->refs;
	}
	if (!is_last)
		return;
	pthread_cond_destroy(&s->ended);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void help(void *arg)
{
	take_all(arg);
	share_put(arg);
}

void liteio_together_share(struct liteio_workers *w, void (*fn)(void *arg), void *const *args,
			   size_t n, size_t at_once)
{
	struct share *s = liteio_calloc(1, sizeof(*s));
	size_t helpers = (n < at_once ? n : at_once);

	helpers = helpers ? helpers - 1 : 0;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->ended, NULL);
	s->fn = fn;
	s->args = args;
	s->n = n;
	s->left = n;
	s->refs = helpers + 1;
	for (size_t i = 0; i < helpers; i++)
		liteio_worker_submit(w, NULL, help, NULL, s);
	take_all(s);
	{
		liteio_guard(&s->lock);
		while (s->left)
			pthread_cond_wait(&s->ended, &s->lock);
	}
	share_put(s);
}
