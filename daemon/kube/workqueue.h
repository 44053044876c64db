/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A queue of keys to be reconciled: level-triggered, each key once, never by two threads at a time.
 *
 * Adding a key that waits does nothing; adding one that is being worked on runs it once more
 * afterwards. A failed key comes back after a delay that doubles with every failure in a row.
 *
 * Keys may be told whose they are: what hangs for one must not keep all workers from the others.
 */
#ifndef LITEIO_KUBE_WORKQUEUE_H
#define LITEIO_KUBE_WORKQUEUE_H

#include <stddef.h>
#include <stdint.h>

struct liteio_error;
struct liteio_loop;
struct liteio_workers;
struct liteio_workqueue;

/**
 * typedef liteio_workqueue_fn - bring one thing closer to what is wanted
 * @arg: of the queue
 * @key: what
 * @ret_again_ms: set to have the key looked at again after so long, though nothing failed
 *
 * Logs its own failures: the queue only counts them.
 *
 * Context: worker thread. Return: 0, or a negative errno: again after a growing delay.
 */
typedef int (*liteio_workqueue_fn)(void *arg, const char *key, uint64_t *ret_again_ms);

/**
 * struct liteio_workqueue_options - zero takes the default
 * @parallel: keys worked on at the same time, default 4
 * @backoff_min_ms: delay after the first failure, default 250
 * @backoff_max_ms: upper bound, default 60000
 * @rate_per_s: keys begun per second on average, 0 for no bound
 * @burst: keys begun at once before @rate_per_s counts, default 16
 * @share_max: keys worked on at the same time of one and the same (liteio_workqueue_add_for()), and
 *	no more than half of what the others leave, but one; 0 for no bound
 */
struct liteio_workqueue_options {
	unsigned int parallel;
	uint64_t backoff_min_ms;
	uint64_t backoff_max_ms;
	unsigned int rate_per_s;
	unsigned int burst;
	unsigned int share_max;
};

/**
 * liteio_workqueue_new() - a queue, working at once
 * @loop: where its timer lives
 * @workers: where @fn runs
 * @opt: NULL for all defaults
 * @fn: the work
 * @arg: for @fn
 * @ret: the queue, owned by the caller
 * @err: why not
 *
 * Context: loop thread. Return: 0 or a negative errno.
 */
int liteio_workqueue_new(struct liteio_loop *loop, struct liteio_workers *workers,
			 const struct liteio_workqueue_options *opt, liteio_workqueue_fn fn,
			 void *arg, struct liteio_workqueue **ret, struct liteio_error *err);

/**
 * liteio_workqueue_free() - begin no more work, forget all keys
 * @q: may be NULL
 *
 * What runs goes on; the queue's memory goes with the last of it. Free the workers afterwards, with
 * a grace: then nothing uses @arg any more.
 *
 * Context: loop thread; does not block.
 */
void liteio_workqueue_free(struct liteio_workqueue *q);

/* look at this key soon. Context: any thread, does not block */
void liteio_workqueue_add(struct liteio_workqueue *q, const char *key);

/* the same for a key of which it is known whose it is. It is his as long as it is in the queue */
void liteio_workqueue_add_for(struct liteio_workqueue *q, const char *key, const char *whose);

/* look at it after a while, unless it is looked at before anyway. Context: any thread */
void liteio_workqueue_add_after(struct liteio_workqueue *q, const char *key, uint64_t delay_ms);

/* keys waiting or running, for metrics. Context: any thread */
size_t liteio_workqueue_depth(struct liteio_workqueue *q);
/* failures so far, all keys together. Context: any thread */
uint64_t liteio_workqueue_failures(struct liteio_workqueue *q);

#endif
