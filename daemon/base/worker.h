/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workers: threads for what may block, so that the loop never does.
 *
 * A job is a sequential function that may block within a bound it knows. Jobs of one lane run one
 * after another in the order they were submitted; jobs of different lanes run side by side, as far
 * as there are threads. Kernel writes that may block without a bound do not belong on a worker but
 * in a child process (child.h).
 */
#ifndef LITEIO_BASE_WORKER_H
#define LITEIO_BASE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_error;
struct liteio_loop;
struct liteio_workers;
struct liteio_lane;

typedef void (*liteio_job_fn)(void *arg);

/**
 * liteio_workers_new() - a pool of threads, started when first needed
 * @loop: where done callbacks run
 * @max_threads: 1..256
 * @ret: the pool, owned by the caller
 * @err: why not
 *
 * Context: loop thread. Return: 0 or a negative errno.
 */
int liteio_workers_new(struct liteio_loop *loop, unsigned int max_threads,
		       struct liteio_workers **ret, struct liteio_error *err);

/**
 * liteio_workers_free() - wait for running jobs (at most @grace_ms) and release the pool
 * @w: may be NULL
 * @grace_ms: how long to wait for jobs that still run
 *
 * Context: loop thread; blocks. Jobs not begun are dropped without their done callback.
 * Return: true when every job had ended; false leaves the stuck threads to the end of the process.
 */
bool liteio_workers_free(struct liteio_workers *w, uint64_t grace_ms);

/**
 * liteio_lane_new() - a line of jobs that never overlap
 * @w: the pool
 *
 * Context: any thread. Return: the lane, owned by the caller; never NULL.
 */
struct liteio_lane *liteio_lane_new(struct liteio_workers *w);

/**
 * liteio_lane_free() - release a lane once its last job has ended
 * @lane: may be NULL; no more jobs may be submitted
 *
 * Context: any thread; does not block.
 */
void liteio_lane_free(struct liteio_lane *lane);

/**
 * liteio_worker_submit() - run a job
 * @w: the pool
 * @lane: keeps the order with the lane's other jobs; NULL for none
 * @job: runs on a worker thread
 * @done: runs on the loop thread after @job; may be NULL
 * @arg: for both
 *
 * Context: any thread; does not block, never fails.
 */
void liteio_worker_submit(struct liteio_workers *w, struct liteio_lane *lane, liteio_job_fn job,
			  liteio_job_fn done, void *arg);

/**
 * liteio_worker_moved() - the job of this thread is not stuck: it has got on
 *
 * Context: any thread; nothing on one that is no worker.
 */
void liteio_worker_moved(void);
/* and what it does now is bounded by itself: it may take so long */
void liteio_worker_allow(uint64_t ms);

/**
 * liteio_workers_stuck() - how many jobs have not got on for longer than a bound
 * @w: the pool
 * @older_than_ms: the bound, from when the job began, or moved last
 *
 * Context: any thread. Return: the number, for the health report.
 */
unsigned int liteio_workers_stuck(struct liteio_workers *w, uint64_t older_than_ms);

#endif
