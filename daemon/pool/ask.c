// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A question to several disks, of which some may hang.
 */
#include "pool/ask.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/block.h"
#include "pool/heir.h"

/*
 * On a machine that is short of time nobody is heard in time, and no disk hangs. So waiting comes
 * in slices, and one that ends late counts as if it had not: what passed meanwhile was no time in
 * which an answer would have been heard. But not for ever.
 */
#define SLICE_MS 100
#define LATE_MAX 6

/**
 * struct patience - of somebody who waits for answers
 * @left_ms: so much of it
 * @until_ms: no longer than that, whatever counted
 */
struct patience {
	uint64_t left_ms;
	uint64_t until_ms;
};

/**
 * struct question - put to one disk
 * @next: of those that are not answered
 * @ask: what is asked; its argument is owned
 * @dev: the disk
 * @path: likewise
 * @by: who has put it, and decides whether it is silent
 * @answer: of the disk
 * @code: likewise
 * @is_answered: there is one
 * @is_silent: there was none in time
 * @until_ms: nor was there one by then, should nobody have come to wait for it
 * @refs: the thread that asks, and who waits for it
 */
struct question {
	struct question *next;
	struct liteio_ask ask;
	dev_t dev;
	char path[256];
	const struct patience *by;
	void *answer;
	int code;
	bool is_answered;
	bool is_silent;
	uint64_t until_ms;
	int refs;
};

/* of all threads */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	struct question *open;
} asked = { .lock = PTHREAD_MUTEX_INITIALIZER, .answered = PTHREAD_COND_INITIALIZER };

/* the lock is held */
static void unref(struct question *q)
{
	if (--q->refs)
		return;
#ifndef __clang_analyzer__ /* which does not count references */
	free((void *)(uintptr_t)q->ask.arg);
	free(q->answer);
	free(q);
#endif
}

/* the lock is held */
static void close_question(struct question *q)
{
	struct question **at = &asked.open;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	q->is_answered = true;
	pthread_cond_broadcast(&asked.answered);
	unref(q);
}

static void *put_it(void *arg)
{
	struct question *q = arg;

	q->code = q->ask.fn(q->path, q->ask.arg, q->ask.arg_len, q->answer);
	liteio_guard(&asked.lock);
	close_question(q);
	return NULL;
}

static void *ask_thread(void *arg)
{
	liteio_heir_reads();
	return put_it(arg);
}

static int start(struct question *q)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attr, ask_thread, q);
	pthread_attr_destroy(&attr);
	return r;
}

/* the lock is held */
static bool has_no_answer(const struct question *q, uint64_t now)
{
	return q->is_silent || q->until_ms <= now;
}

/* likewise */
static bool is_silent(dev_t dev)
{
	uint64_t now = liteio_now_ms();

	for (const struct question *q = asked.open; q; q = q->next) {
		if (q->dev == dev && has_no_answer(q, now))
			return true;
	}
	return false;
}

/* the lock is held */
static struct question *find_same(const struct liteio_ask *ask, dev_t dev)
{
	for (struct question *q = asked.open; q; q = q->next) {
		if (q->dev == dev && q->ask.fn == ask->fn && !q->ask.arg_len && !ask->arg_len)
			return q;
	}
	return NULL;
}

/* the lock is held */
static struct question *question_new(const struct liteio_ask *ask,
				     const struct liteio_block_info *disk,
				     const struct patience *by)
{
	struct question *q = liteio_calloc(1, sizeof(*q));
	void *arg = NULL;

	if (ask->arg_len) {
		arg = liteio_calloc(1, ask->arg_len);
		memcpy(arg, ask->arg, ask->arg_len);
	}
	q->ask = *ask;
	q->ask.arg = arg;
	q->answer = liteio_calloc(1, ask->answer_len);
	q->dev = disk->dev;
	memcpy(q->path, disk->path, sizeof(q->path));
	q->by = by;
	q->until_ms = by->until_ms;
	q->refs = 1;
	q->next = asked.open;
	asked.open = q;
	return q;
}

/* NULL: it has not answered the last one; the caller has a reference */
static struct question *put(const struct liteio_ask *ask, const struct liteio_block_info *disk,
			    const struct patience *by)
{
	struct question *q;
	bool is_new;

	{
		liteio_guard(&asked.lock);
		if (is_silent(disk->dev))
			return NULL;
		q = find_same(ask, disk->dev);
		is_new = !q;
		if (is_new)
			q = question_new(ask, disk, by);
		q->refs++;
	}
	/* for want of a thread by this one, as long as it takes */
	if (is_new && start(q))
		put_it(q);
	return q;
}

/* the lock is held; it is let go meanwhile */
static void wait_slice(struct patience *p)
{
	uint64_t begin = liteio_now_ms(), took;
	uint64_t slice = p->left_ms < SLICE_MS ? p->left_ms : SLICE_MS;

	(void)liteio_wait_until(&asked.answered, &asked.lock, begin + slice);
	took = liteio_now_ms() - begin;
	p->left_ms -= took < slice ? took : slice;
	if (begin + took >= p->until_ms)
		p->left_ms = 0;
}

/* false: it is not waited for any more. The lock is held */
static bool wait_answer(struct question *q, struct patience *p)
{
	while (!q->is_answered && p->left_ms)
		wait_slice(p);
	if (!q->is_answered && q->by == p)
		q->is_silent = true;
	return q->is_answered;
}

void liteio_ask_all(const struct liteio_ask *ask, const struct liteio_block_info *disks, size_t n,
		    void *answers, int *codes)
{
	struct question **all _cleanup_free_ = liteio_calloc(n + 1, sizeof(struct question *));
	struct patience p = { .left_ms = ask->within_ms,
			      .until_ms = liteio_now_ms() + LATE_MAX * ask->within_ms };

	for (size_t i = 0; i < n; i++)
		all[i] = put(ask, &disks[i], &p);
	liteio_guard(&asked.lock);
	for (size_t i = 0; i < n; i++) {
		codes[i] = -ETIMEDOUT;
		if (!all[i])
			continue;
		if (wait_answer(all[i], &p)) {
			codes[i] = all[i]->code;
			memcpy((char *)answers + i * ask->answer_len, all[i]->answer,
			       ask->answer_len);
		}
		unref(all[i]);
	}
}

void liteio_ask_wait(uint64_t until_ms)
{
	liteio_guard(&asked.lock);
	(void)liteio_wait_until(&asked.answered, &asked.lock, until_ms);
}

bool liteio_ask_is_silent(dev_t dev)
{
	liteio_guard(&asked.lock);
	return is_silent(dev);
}

bool liteio_ask_any_silent(void)
{
	uint64_t now = liteio_now_ms();

	liteio_guard(&asked.lock);
	for (const struct question *q = asked.open; q; q = q->next) {
		if (has_no_answer(q, now))
			return true;
	}
	return false;
}
