/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that wait, and the jobs that they wait for.
 *
 * A request is answered exactly once, on the loop thread, and within a bound, whatever its job
 * waits for: long work is answered with its operation after two seconds, or at once where the asker
 * does not wait; everything else that has not ended within its time with -ETIMEDOUT, while its job
 * goes on as an operation, and may be asked for again. The same request as one that is under way
 * joins it instead of beginning another job; not one that has deleted what it names and only gives
 * the space back, for there may be another one of that name by now.
 *
 * Both are bounded in number: jobs, beyond which a request is refused, and requests that wait,
 * beyond which (many join the same job) the one that has waited longest is answered before its
 * time. What changes something in one pool has a share of the workers and of the jobs (crowd.h),
 * and when what is in the pool's lane does not end, only a few may wait for it. So no disks that
 * hang and no number of askers keep others from being heard, or their pools from being worked on.
 *
 * Context of all functions: loop thread.
 */
#ifndef LITEIO_AGENT_JOBS_H
#define LITEIO_AGENT_JOBS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/route.h"

struct liteio_agent;
struct liteio_error;
struct liteio_http_request;
struct liteio_jobs;

/* jobs on each of the agent's two pools of workers, begun or not; fewer than operations are kept */
#define LITEIO_JOBS_MAX 224
/*
 * Requests that wait for an answer. Not fewer than jobs: one that is under way would have its asker
 * turned away in the middle of a crowd that is done in seconds
 */
#define LITEIO_JOBS_WAITING_MAX (2 * LITEIO_JOBS_MAX)
/* long work: so long is its answer waited for */
#define LITEIO_JOBS_LONG_MS 2000
/* and so long when the asker does not want to wait: what fails at once says so */
#define LITEIO_JOBS_SHORT_MS 100
/* all else, beside the time that the request gives itself: longer than a lane is waited for */
#define LITEIO_JOBS_BOUND_MS 75000

/**
 * struct liteio_ask - a request, checked and decoded
 * @jobs: whose
 * @next: in the list of those that wait, in the order they came
 * @link: what points at this one there
 * @job: that it waits for, or NULL
 * @req: is answered once
 * @route: its line
 * @call: its arguments; @call.req and @call.ret are owned
 * @text: method and path on a line, then what else was said: two requests with the same are the
 *	same
 * @begun_ns: when it came, by liteio_now_ns()
 * @deadline_ms: is answered by then, by liteio_now_ms()
 * @uid: of the peer
 * @gid: of the peer
 * @is_waiting: it is in the list
 * @denied: 0, or why its peer may not
 */
struct liteio_ask {
	struct liteio_jobs *jobs;
	struct liteio_ask *next, **link;
	struct liteio_job *job;
	struct liteio_http_request *req;
	const struct liteio_route *route;
	struct liteio_call call;
	char *text;
	uint64_t begun_ns;
	uint64_t deadline_ms;
	uid_t uid;
	gid_t gid;
	bool is_waiting;
	int denied;
};

/**
 * liteio_jobs_new() - none yet
 * @a: with loop, workers, operations
 * @ret: owned by the caller
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_jobs_new(struct liteio_agent *a, struct liteio_jobs **ret, struct liteio_error *err);
/*
 * nobody is answered any more; jobs that run keep what they need, and are not heard of again.
 * NULL is fine
 */
void liteio_jobs_free(struct liteio_jobs *jobs);

/* take over a request, which has no @job yet; it is answered now or later */
void liteio_jobs_take(struct liteio_jobs *jobs, struct liteio_ask *ask);
/* answer one that was not taken over, and free it */
void liteio_ask_refuse(struct liteio_ask *ask, int r, const char *message);

#endif
