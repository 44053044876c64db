// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A queue of keys to be reconciled.
 *
 * A key is in at most one place: the ready list (in order of arrival), the heap (ordered by when it
 * is due), or with a worker. What is asked for while it is with a worker is noted on it and done
 * when the worker comes back. The queue is reference-counted, since workers and posts may come back
 * after its owner has let go.
 */
#include <pthread.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "kube/backoff.h"
#include "kube/workqueue.h"

#define NOT_IN_HEAP ((size_t)-1)
#define NEVER UINT64_MAX

enum place {
	NOWHERE,
	READY,
	DELAYED,
	RUNNING,
};

/**
 * struct key - one key; @name is the first member: a search key is a key, too
 * @name: the key
 * @q: its queue
 * @place: where it is
 * @next: in the ready list
 * @heap_at: its place in the heap
 * @due_ms: when it is due (DELAYED), or to be looked at again after the run (RUNNING)
 * @again: was added while it ran
 * @backoff: of failures in a row
 */
struct key {
	char *name;
	struct liteio_workqueue *q;
	enum place place;
	struct key *next;
	size_t heap_at;
	uint64_t due_ms;
	bool again;
	struct liteio_backoff backoff;
};

/**
 * struct liteio_workqueue - the queue
 * @loop: where @timer lives
 * @workers: where @fn runs
 * @opt: bounds, defaults filled in
 * @fn: the work
 * @arg: for @fn
 * @timer: fires when the heap's first key is due, or a token is there
 * @lock: covers what follows
 * @root: tsearch() tree of all keys
 * @count: keys in it
 * @ready: first of the ready list
 * @ready_tail: where the next one goes
 * @heap: delayed keys
 * @heap_n: how many
 * @heap_cap: room for so many
 * @running: keys with workers
 * @tokens: keys that may begin now, in thousandths
 * @tokens_ms: when @tokens was right
 * @failures: so far
 * @posted: a call of rearm() is on its way
 * @closed: the owner has let go
 * @refs: owner, runs, posts
 */
struct liteio_workqueue {
	struct liteio_loop *loop;
	struct liteio_workers *workers;
	struct liteio_workqueue_options opt;
	liteio_workqueue_fn fn;
	void *arg;
	struct liteio_timer *timer;

	pthread_mutex_t lock;
	void *root;
	size_t count;
	struct key *ready, **ready_tail;
	struct key **heap;
	size_t heap_n, heap_cap;
	unsigned int running;
	uint64_t tokens;
	uint64_t tokens_ms;
	uint64_t failures;
	bool posted;
	bool closed;
	unsigned int refs;
};

/* ---- keys; the lock is held in all of this ------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct key *)a)->name, ((const struct key *)b)->name);
}

static struct key *get_key(struct liteio_workqueue *q, const char *name)
{
	const struct key wanted = { .name = (char *)(uintptr_t)name };
	void *node = tfind(&wanted, &q->root, compare);
	struct key *k;

	if (node)
		return *(struct key **)node;
	k = liteio_calloc(1, sizeof(*k));
	k->name = liteio_strdup(name);
	k->q = q;
	k->heap_at = NOT_IN_HEAP;
	k->due_ms = NEVER;
	k->backoff = (struct liteio_backoff){ q->opt.backoff_min_ms, q->opt.backoff_max_ms, 0 };
	if (!tsearch(k, &q->root, compare))
		abort();
	q->count++;
	return k;
}

static void free_key(void *p)
{
	struct key *k = p;

	free(k->name);
	free(k);
}

static void heap_put(struct liteio_workqueue *q, size_t at, struct key *k)
{
	q->heap[at] = k;
	k->heap_at = at;
}

/* let the key at @at find its place, upwards and then downwards */
static void heap_settle(struct liteio_workqueue *q, size_t at)
{
	struct key *k = q->heap[at];

	while (at && q->heap[(at - 1) / 2]->due_ms > k->due_ms) {
		heap_put(q, at, q->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < q->heap_n && q->heap[child + 1]->due_ms < q->heap[child]->due_ms)
			child++;
		if (child >= q->heap_n || q->heap[child]->due_ms >= k->due_ms)
			break;
		heap_put(q, at, q->heap[child]);
		at = child;
	}
	heap_put(q, at, k);
}

static void heap_add(struct liteio_workqueue *q, struct key *k, uint64_t due_ms)
{
	if (q->heap_n == q->heap_cap) {
		q->heap_cap = q->heap_cap ? 2 * q->heap_cap : 64;
		q->heap = liteio_realloc(q->heap, q->heap_cap, sizeof(*q->heap));
	}
	k->due_ms = due_ms;
	k->place = DELAYED;
	heap_put(q, q->heap_n++, k);
	heap_settle(q, k->heap_at);
}

static void heap_remove(struct liteio_workqueue *q, struct key *k)
{
	size_t at = k->heap_at;
	struct key *last = q->heap[--q->heap_n];

	if (last != k) {
		heap_put(q, at, last);
		heap_settle(q, at);
	}
	k->heap_at = NOT_IN_HEAP;
	k->due_ms = NEVER;
	k->place = NOWHERE;
}

static void make_ready(struct liteio_workqueue *q, struct key *k)
{
	if (k->place == DELAYED)
		heap_remove(q, k);
	k->place = READY;
	k->due_ms = NEVER;
	k->next = NULL;
	*q->ready_tail = k;
	q->ready_tail = &k->next;
}

static struct key *pop_ready(struct liteio_workqueue *q)
{
	struct key *k = q->ready;

	q->ready = k->next;
	if (!q->ready)
		q->ready_tail = &q->ready;
	return k;
}

/* ---- dispatch ----------------------------------------------------------------------------- */

static void run_job(void *arg);
static void rearm(void *arg);

static void unref(struct liteio_workqueue *q)
{
	bool last;

	pthread_mutex_lock(&q->lock);
	last = !--q->refs;
	pthread_mutex_unlock(&q->lock);
	if (!last)
		return;
	tdestroy(q->root, free_key);
	free(q->heap);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

/* the lock is held: may one more key begin, by the rate? */
static bool take_token(struct liteio_workqueue *q, uint64_t now)
{
	uint64_t full = q->opt.burst * 1000ULL;

	if (!q->opt.rate_per_s)
		return true;
	q->tokens += (now - q->tokens_ms) * q->opt.rate_per_s;
	q->tokens_ms = now;
	if (q->tokens > full)
		q->tokens = full;
	if (q->tokens < 1000)
		return false;
	q->tokens -= 1000;
	return true;
}

/* the lock is held: have the loop thread look at the timer */
static void post_rearm(struct liteio_workqueue *q)
{
	if (q->posted)
		return;
	q->posted = true;
	q->refs++;
	liteio_loop_post(q->loop, rearm, q);
}

/* the lock is held: give ready keys to workers. Returns false when only the rate was in the way */
static bool dispatch(struct liteio_workqueue *q)
{
	uint64_t now = liteio_now_ms();

	while (q->ready && q->running < q->opt.parallel) {
		struct key *k;

		if (!take_token(q, now))
			return false;
		k = pop_ready(q);
		k->place = RUNNING;
		k->again = false;
		q->running++;
		q->refs++;
		liteio_worker_submit(q->workers, NULL, run_job, NULL, k);
	}
	return true;
}

/* loop thread: what is due becomes ready; wake up for the next */
static void tick(struct liteio_workqueue *q)
{
	uint64_t now = liteio_now_ms(), next = NEVER;

	liteio_guard(&q->lock);
	if (q->closed)
		return;
	while (q->heap_n && q->heap[0]->due_ms <= now)
		make_ready(q, q->heap[0]);
	if (!dispatch(q))
		next = now + (1000 - q->tokens) / q->opt.rate_per_s + 1;
	if (q->heap_n && q->heap[0]->due_ms < next)
		next = q->heap[0]->due_ms;
	if (next == NEVER)
		liteio_timer_disarm(q->timer);
	else
		liteio_timer_arm(q->timer, next - now, 1);
}

static void on_timer(void *arg)
{
	tick(arg);
}

static void rearm(void *arg)
{
	struct liteio_workqueue *q = arg;

	pthread_mutex_lock(&q->lock);
	q->posted = false;
	pthread_mutex_unlock(&q->lock);
	tick(q);
	unref(q);
}

/* the lock is held: a worker is back; where does the key go? */
static void settle(struct liteio_workqueue *q, struct key *k, int r, uint64_t again_ms)
{
	uint64_t now = liteio_now_ms(), due = k->due_ms, delay;

	k->place = NOWHERE;
	k->due_ms = NEVER;
	if (r) {
		q->failures++;
		delay = liteio_backoff_next(&k->backoff);
		/* it may be another matter now, but a failure must not spin on what it causes */
		if (k->again && delay > q->opt.backoff_min_ms)
			delay = q->opt.backoff_min_ms;
		if (now + delay < due)
			due = now + delay;
		heap_add(q, k, due);
		return;
	}
	liteio_backoff_reset(&k->backoff);
	if (again_ms && now + again_ms < due)
		due = now + again_ms;
	if (k->again) {
		make_ready(q, k);
	} else if (due != NEVER) {
		heap_add(q, k, due);
	} else {
		tdelete(k, &q->root, compare);
		q->count--;
		free_key(k);
	}
}

static void run_job(void *arg)
{
	struct key *k = arg;
	struct liteio_workqueue *q = k->q;
	uint64_t again_ms = 0;
	bool closed;
	int r = 0;

	pthread_mutex_lock(&q->lock);
	closed = q->closed;
	pthread_mutex_unlock(&q->lock);
	if (!closed)
		r = q->fn(q->arg, k->name, &again_ms);
	pthread_mutex_lock(&q->lock);
	q->running--;
	if (!q->closed) {
		settle(q, k, r, again_ms);
		dispatch(q);
		post_rearm(q);
	}
	pthread_mutex_unlock(&q->lock);
	unref(q);
}

/* ---- the outside -------------------------------------------------------------------------- */

int liteio_workqueue_new(struct liteio_loop *loop, struct liteio_workers *workers,
			 const struct liteio_workqueue_options *opt, liteio_workqueue_fn fn,
			 void *arg, struct liteio_workqueue **ret, struct liteio_error *err)
{
	struct liteio_workqueue *q = liteio_calloc(1, sizeof(*q));
	int r;

	r = liteio_timer_new(loop, on_timer, q, &q->timer, err);
	if (r) {
		free(q);
		return r;
	}
	if (opt)
		q->opt = *opt;
	q->opt.parallel = q->opt.parallel ?: 4;
	q->opt.backoff_min_ms = q->opt.backoff_min_ms ?: 250;
	q->opt.backoff_max_ms = q->opt.backoff_max_ms ?: 60000;
	q->opt.burst = q->opt.burst ?: 16;
	pthread_mutex_init(&q->lock, NULL);
	q->loop = loop;
	q->workers = workers;
	q->fn = fn;
	q->arg = arg;
	q->ready_tail = &q->ready;
	q->tokens = q->opt.burst * 1000ULL;
	q->tokens_ms = liteio_now_ms();
	q->refs = 1;
	*ret = q;
	return 0;
}

void liteio_workqueue_free(struct liteio_workqueue *q)
{
	if (!q)
		return;
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_mutex_unlock(&q->lock);
	liteio_timer_free(q->timer);
	unref(q);
}

void liteio_workqueue_add(struct liteio_workqueue *q, const char *key)
{
	struct key *k;

	liteio_guard(&q->lock);
	if (q->closed)
		return;
	k = get_key(q, key);
	if (k->place == RUNNING)
		k->again = true;
	else if (k->place != READY)
		make_ready(q, k);
	if (!dispatch(q))
		post_rearm(q);
}

void liteio_workqueue_add_after(struct liteio_workqueue *q, const char *key, uint64_t delay_ms)
{
	uint64_t due = liteio_now_ms() + delay_ms;
	struct key *k;

	liteio_guard(&q->lock);
	if (q->closed)
		return;
	k = get_key(q, key);
	if (k->place == READY || due >= k->due_ms)
		return;
	if (k->place == RUNNING) {
		k->due_ms = due;
		return;
	}
	if (k->place == DELAYED)
		heap_remove(q, k);
	heap_add(q, k, due);
	post_rearm(q);
}

size_t liteio_workqueue_depth(struct liteio_workqueue *q)
{
	liteio_guard(&q->lock);
	return q->count;
}

uint64_t liteio_workqueue_failures(struct liteio_workqueue *q)
{
	liteio_guard(&q->lock);
	return q->failures;
}
