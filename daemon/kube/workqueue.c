// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A queue of keys to be reconciled.
 *
 * A key is in at most one place: a ready list (in order of arrival), the heap (ordered by when it
 * is due), or with a worker. There is a ready list for each of those whose keys there are: one
 * whose share of the workers is taken is passed over without a look at what he has waiting. What is
 * asked for while a key is with a worker is noted on it and done when the worker comes back. The
 * queue is reference-counted, since workers and posts may come back after its owner has let go.
 */
#include <pthread.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/share.h"
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
 * struct owner - one of those whose keys there are
 * @next: of all
 * @name: who; "" for what is nobody's, of which there may be any number
 * @n_keys: his
 * @n_running: of these, with workers
 * @ready: first of his ready list
 * @ready_tail: where the next one goes
 */
struct owner {
	struct owner *next;
	char *name;
	size_t n_keys;
	unsigned int n_running;
	struct key *ready, **ready_tail;
};

/**
 * struct key - one key; @name is the first member: a search key is a key, too
 * @name: the key
 * @q: its queue
 * @owner: whose
 * @arrival: in the order of all that have become ready
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
	struct owner *owner;
	uint64_t arrival;
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
 * @owners: whose keys there are
 * @arrivals: so many have become ready
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
	struct owner *owners;
	uint64_t arrivals;
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

static struct owner *get_owner(struct liteio_workqueue *q, const char *name)
{
	struct owner *o;

	for (o = q->owners; o; o = o->next) {
		if (!strcmp(o->name, name))
			return o;
	}
	o = liteio_calloc(1, sizeof(*o));
	o->name = liteio_strdup(name);
	o->ready_tail = &o->ready;
	o->next = q->owners;
	q->owners = o;
	return o;
}

static void put_owner(struct liteio_workqueue *q, struct owner *o)
{
	struct owner **at = &q->owners;

	if (!o || --o->n_keys)
		return;
	while (*at && *at != o)
		at = &(*at)->next;
	*at = o->next;
	free(o->name);
	free(o);
}

/* one that waits in his list, or is with a worker, stays his */
static void set_owner(struct liteio_workqueue *q, struct key *k, const char *name)
{
	struct owner *old = k->owner;

	if (k->place == READY || k->place == RUNNING)
		return;
	k->owner = get_owner(q, name);
	k->owner->n_keys++;
	put_owner(q, old);
}

/* @whose: NULL: it stays whose it is */
static struct key *get_key(struct liteio_workqueue *q, const char *name, const char *whose)
{
	const struct key wanted = { .name = (char *)(uintptr_t)name };
	void *node = tfind(&wanted, &q->root, compare);
	struct key *k;

	if (node) {
		k = *(struct key **)node;
		if (whose)
			set_owner(q, k, whose);
		return k;
	}
	k = liteio_calloc(1, sizeof(*k));
	k->name = liteio_strdup(name);
	k->q = q;
	k->heap_at = NOT_IN_HEAP;
	k->due_ms = NEVER;
	k->backoff = (struct liteio_backoff){ q->opt.backoff_min_ms, q->opt.backoff_max_ms, 0 };
	set_owner(q, k, whose ? whose : "");
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
	k->arrival = q->arrivals++;
	k->next = NULL;
	*k->owner->ready_tail = k;
	k->owner->ready_tail = &k->next;
}

static struct key *pop_ready(struct owner *o)
{
	struct key *k = o->ready;

	o->ready = k->next;
	if (!o->ready)
		o->ready_tail = &o->ready;
	return k;
}

static bool has_share(const struct liteio_workqueue *q, const struct owner *o)
{
	if (!q->opt.share_max || !*o->name)
		return true;
	return o->n_running < liteio_share(q->opt.share_max, q->opt.parallel,
					   q->running - o->n_running);
}

/* who has what became ready first, of those who may have one more worker; NULL: nobody */
static struct owner *find_next(const struct liteio_workqueue *q)
{
	struct owner *first = NULL;

	for (struct owner *o = q->owners; o; o = o->next) {
		if (o->ready && has_share(q, o) &&
		    (!first || o->ready->arrival < first->ready->arrival))
			first = o;
	}
	return first;
}

/* ---- dispatch ----------------------------------------------------------------------------- */

static void run_job(void *arg);
static void rearm(void *arg);

static void unref(struct liteio_workqueue *q)
{
	struct owner *o;
	bool last;

	pthread_mutex_lock(&q->lock);
	last = !--q->refs;
	pthread_mutex_unlock(&q->lock);
	if (!last)
		return;
	tdestroy(q->root, free_key);
	while ((o = q->owners)) {
		q->owners = o->next;
		free(o->name);
		free(o);
	}
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

	while (q->running < q->opt.parallel) {
		struct owner *o = find_next(q);
		struct key *k;

		if (!o)
			break;
		if (!take_token(q, now))
			return false;
		k = pop_ready(o);
		k->place = RUNNING;
		k->again = false;
		o->n_running++;
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
		put_owner(q, k->owner);
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
	k->owner->n_running--;
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

static void add(struct liteio_workqueue *q, const char *key, const char *whose)
{
	struct key *k;

	liteio_guard(&q->lock);
	if (q->closed)
		return;
	k = get_key(q, key, whose);
	if (k->place == RUNNING)
		k->again = true;
	else if (k->place != READY)
		make_ready(q, k);
	if (!dispatch(q))
		post_rearm(q);
}

void liteio_workqueue_add(struct liteio_workqueue *q, const char *key)
{
	add(q, key, NULL);
}

void liteio_workqueue_add_for(struct liteio_workqueue *q, const char *key, const char *whose)
{
	add(q, key, whose);
}

void liteio_workqueue_add_after(struct liteio_workqueue *q, const char *key, uint64_t delay_ms)
{
	uint64_t due = liteio_now_ms() + delay_ms;
	struct key *k;

	liteio_guard(&q->lock);
	if (q->closed)
		return;
	k = get_key(q, key, NULL);
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
