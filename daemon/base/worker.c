// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workers: threads for what may block.
 *
 * One lock covers everything. A thread that has nothing to do sleeps outside it, and is woken by
 * name, the one that went to sleep last: with a condition each would take the lock once more, and
 * leave it as one that others wait for. A job is either waiting in its lane, waiting in the pool's
 * run queue, or running. A lane has at most one job outside itself: when that one ends, the next
 * moves to the run queue. The pool is reference-counted because a stuck thread may outlive
 * liteio_workers_free().
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/heap.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"

#define MAX_THREADS 256
/* so many stay when there is nothing to do: more of them have been for a crowd, and end with it */
#define MAX_IDLE 8

struct job {
	struct job *next;
	struct liteio_workers *w;
	struct liteio_lane *lane;
	liteio_job_fn fn;
	liteio_job_fn done;
	void *arg;
};

struct job_list {
	struct job *first;
	struct job **tail;
};

/**
 * struct liteio_lane - a line of jobs; covered by the pool's lock
 * @w: the pool
 * @next: in the pool's list of lanes
 * @link: what points at this lane there
 * @waiting: jobs behind the current one
 * @busy: a job of this lane is in the run queue or runs
 * @freed: release when the last job has ended
 */
struct liteio_lane {
	struct liteio_workers *w;
	struct liteio_lane *next, **link;
	struct job_list waiting;
	bool busy;
	bool freed;
};

/**
 * struct worker_slot - what a thread is doing
 * @is_taken: it is some thread's
 * @since_ms: when its job began, or got on last; 0 when idle
 * @next_idle: the one that has been idle for longer
 * @work: posted when there may be something to do for it, and it is idle no more
 */
struct worker_slot {
	bool is_taken;
	uint64_t since_ms;
	struct worker_slot *next_idle;
	sem_t work;
};

/**
 * struct liteio_workers - the pool
 * @loop: where done callbacks run
 * @lock: covers all below
 * @ended: signalled when a thread ends
 * @queue: jobs ready to run
 * @lanes: all lanes
 * @slots: one per thread
 * @max_threads: bound of @threads
 * @threads: started and not ended
 * @idle: those that sleep, the last one first
 * @n_idle: how many
 * @crest: of those that do not
 * @stopping: no new jobs are begun
 * @orphaned: the owner has gone; the last thread releases the pool
 */
struct liteio_workers {
	struct liteio_loop *loop;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct job_list queue;
	struct liteio_lane *lanes;
	struct worker_slot slots[MAX_THREADS];
	unsigned int max_threads;
	unsigned int threads;
	struct worker_slot *idle;
	unsigned int n_idle;
	struct liteio_crest crest;
	bool stopping;
	bool orphaned;
};

/* which one this thread is */
static _Thread_local struct {
	struct liteio_workers *w;
	unsigned int slot;
} self;

static void list_init(struct job_list *l)
{
	l->first = NULL;
	l->tail = &l->first;
}

static void list_push(struct job_list *l, struct job *j)
{
	j->next = NULL;
	*l->tail = j;
	l->tail = &j->next;
}

static struct job *list_pop(struct job_list *l)
{
	struct job *j = l->first;

	if (!j)
		return NULL;
	l->first = j->next;
	if (!l->first)
		l->tail = &l->first;
	return j;
}

static void list_drop(struct job_list *l)
{
	struct job *j;

	while ((j = list_pop(l)))
		free(j);
}

static void lane_release(struct liteio_lane *lane)
{
	*lane->link = lane->next;
	if (lane->next)
		lane->next->link = lane->link;
	list_drop(&lane->waiting);
	free(lane);
}

static void workers_release(struct liteio_workers *w)
{
	struct liteio_lane *lane, *next;

	list_drop(&w->queue);
	for (lane = w->lanes; lane; lane = next) {
		next = lane->next;
		lane_release(lane);
	}
	pthread_cond_destroy(&w->ended);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static void job_done(void *arg)
{
	struct job *j = arg;

	j->done(j->arg);
	free(j);
}

/* the lock is held: one who is to be woken, or NULL */
static struct worker_slot *take_idle(struct liteio_workers *w)
{
	struct worker_slot *s = w->idle;

	if (!s)
		return NULL;
	w->idle = s->next_idle;
	w->n_idle--;
	return s;
}

/* the lock is held, and given up meanwhile */
static void sleep_idle(struct liteio_workers *w, struct worker_slot *s)
{
	s->next_idle = w->idle;
	w->idle = s;
	w->n_idle++;
	pthread_mutex_unlock(&w->lock);
	while (sem_wait(&s->work))
		;
	pthread_mutex_lock(&w->lock);
}

/* NULL is fine */
static void wake(struct worker_slot *s)
{
	if (s)
		sem_post(&s->work);
}

/* the lock is held: after a job, let its lane go on */
static void lane_advance(struct liteio_workers *w, struct liteio_lane *lane)
{
	struct job *next = list_pop(&lane->waiting);

	/* this thread is free, and looks for one now */
	if (next) {
		list_push(&w->queue, next);
		return;
	}
	lane->busy = false;
	if (lane->freed)
		lane_release(lane);
}

/* the lock is held, and given up while the job runs */
static void run_job(struct liteio_workers *w, struct job *j, unsigned int slot)
{
	struct liteio_lane *lane = j->lane;

	w->slots[slot].since_ms = liteio_now_ms();
	pthread_mutex_unlock(&w->lock);
	j->fn(j->arg);
	pthread_mutex_lock(&w->lock);
	w->slots[slot].since_ms = 0;
	if (lane)
		lane_advance(w, lane);
	/* with the lock held, so that nothing is posted to a loop whose owner stopped waiting */
	if (j->done && !w->orphaned)
		liteio_loop_post(w->loop, job_done, j);
	else
		free(j);
}

/* the lock is held; there is one for each thread that there may be */
static unsigned int take_slot(struct liteio_workers *w)
{
	unsigned int slot = 0;

	while (w->slots[slot].is_taken)
		slot++;
	w->slots[slot].is_taken = true;
	sem_init(&w->slots[slot].work, 0, 0);
	return slot;
}

static void *worker_main(void *arg)
{
	struct liteio_workers *w = arg;
	bool last, was_crowd;
	unsigned int slot;

	pthread_mutex_lock(&w->lock);
	slot = take_slot(w);
	self.w = w;
	self.slot = slot;
	while (!w->stopping) {
		struct job *j = list_pop(&w->queue);

		if (j) {
			run_job(w, j, slot);
			continue;
		}
		if (w->n_idle >= MAX_IDLE)
			break;
		sleep_idle(w, &w->slots[slot]);
	}
	sem_destroy(&w->slots[slot].work);
	w->slots[slot].is_taken = false;
	w->threads--;
	pthread_cond_signal(&w->ended);
	last = w->orphaned && !w->threads;
	was_crowd = !w->stopping && liteio_crest_fall(&w->crest, w->threads - w->n_idle);
	pthread_mutex_unlock(&w->lock);
	if (last)
		workers_release(w);
	if (was_crowd)
		liteio_heap_give_back();
	return NULL;
}

/* the lock is held: start a thread, with every signal blocked so that the loop gets them all */
static int start_thread(struct liteio_workers *w)
{
	sigset_t all, old;
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, &attr, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (!r)
		liteio_crest_rise(&w->crest, ++w->threads - w->n_idle);
	return -r;
}

int liteio_workers_new(struct liteio_loop *loop, unsigned int max_threads,
		       struct liteio_workers **ret, struct liteio_error *err)
{
	struct liteio_workers *w;
	int r;

	if (!max_threads || max_threads > MAX_THREADS)
		return liteio_error_set(err, -EINVAL, "%u worker threads: must be 1 to %d",
					max_threads, MAX_THREADS);
	w = liteio_calloc(1, sizeof(*w));
	w->loop = loop;
	w->max_threads = max_threads;
	list_init(&w->queue);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->ended, NULL);
	/* the first thread now: later ones may fail to start, and jobs then only wait longer */
	pthread_mutex_lock(&w->lock);
	r = start_thread(w);
	pthread_mutex_unlock(&w->lock);
	if (r) {
		workers_release(w);
		return liteio_error_set(err, r, "cannot start a thread: %s",
					liteio_error_str(NULL, r));
	}
	*ret = w;
	return 0;
}

bool liteio_workers_free(struct liteio_workers *w, uint64_t grace_ms)
{
	uint64_t until_ms = liteio_now_ms() + grace_ms;
	bool ended;

	if (!w)
		return true;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	while (w->idle)
		wake(take_idle(w));
	while (w->threads && liteio_wait_until(&w->ended, &w->lock, until_ms))
		;
	ended = !w->threads;
	w->orphaned = !ended;
	pthread_mutex_unlock(&w->lock);
	if (ended)
		workers_release(w);
	return ended;
}

struct liteio_lane *liteio_lane_new(struct liteio_workers *w)
{
	struct liteio_lane *lane = liteio_calloc(1, sizeof(*lane));

	lane->w = w;
	list_init(&lane->waiting);
	liteio_guard(&w->lock);
	lane->next = w->lanes;
	lane->link = &w->lanes;
	if (lane->next)
		lane->next->link = &lane->next;
	w->lanes = lane;
	return lane;
}

void liteio_lane_free(struct liteio_lane *lane)
{
	if (!lane)
		return;
	liteio_guard(&lane->w->lock);
	lane->freed = true;
	if (!lane->busy)
		lane_release(lane);
}

void liteio_worker_submit(struct liteio_workers *w, struct liteio_lane *lane, liteio_job_fn job,
			  liteio_job_fn done, void *arg)
{
	struct job *j = liteio_calloc(1, sizeof(*j));
	struct worker_slot *idle;

	j->w = w;
	j->lane = lane;
	j->fn = job;
	j->done = done;
	j->arg = arg;
	{
		liteio_guard(&w->lock);
		if (lane && lane->busy) {
			list_push(&lane->waiting, j);
			return;
		}
		if (lane)
			lane->busy = true;
		list_push(&w->queue, j);
		/* not one that was woken for a job before this one */
		idle = take_idle(w);
		if (!idle && w->threads < w->max_threads)
			(void)start_thread(w);
	}
	/* not under the lock, which the thread would wait for as soon as it is awake */
	wake(idle);
}

void liteio_worker_allow(uint64_t ms)
{
	if (!self.w)
		return;
	liteio_guard(&self.w->lock);
	self.w->slots[self.slot].since_ms = liteio_now_ms() + ms;
}

void liteio_worker_moved(void)
{
	liteio_worker_allow(0);
}

unsigned int liteio_workers_stuck(struct liteio_workers *w, uint64_t older_than_ms)
{
	uint64_t now = liteio_now_ms();
	unsigned int n = 0;

	liteio_guard(&w->lock);
	for (unsigned int i = 0; i < MAX_THREADS; i++) {
		uint64_t since = w->slots[i].since_ms;

		if (since && now > since && now - since > older_than_ms)
			n++;
	}
	return n;
}
