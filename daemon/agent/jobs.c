// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that wait, and the jobs that they wait for.
 *
 * A request is an ask until it is answered; an ask is in the list of those that wait exactly while
 * somebody else decides when that is: its job, the clock, or the number of those behind it. Whoever
 * answers takes it out first, so nobody answers it again. A job outlives its asks: the worker has
 * it until job_done(), which finds those that are left, if any.
 */
#include "agent/jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/about.h"
#include "agent/agent.h"
#include "agent/crowd.h"
#include "agent/events.h"
#include "agent/operations.h"
#include "agent/peer.h"
#include "agent/reply.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_server.h"
#include "base/json.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"

#define SLACK_MS 20

_Static_assert(LITEIO_CROWD_ALL <= LITEIO_JOBS_MAX, "all pools have room");

/**
 * struct liteio_job - what a worker does for one request or several
 * @jobs: whose; NULL when these are gone
 * @next: in the list of those that are under way
 * @link: what points at this one there
 * @route: what runs
 * @call: its arguments, of the first ask
 * @text: of the first ask
 * @op: what it becomes when it outlives its requests; NULL for what only looks
 * @pool: in which it changes something; null for none
 * @object: &struct liteio_about.object
 * @only: the ask whose answer goes on, which waits for nothing else
 * @is_passed: something else was done to the same object since it began: what it has done may have
 *	been undone, so nobody joins it any more
 * @r: how it ended
 * @err: the sentence
 */
struct liteio_job {
	struct liteio_jobs *jobs;
	struct liteio_job *next, **link;
	const struct liteio_route *route;
	struct liteio_call call;
	char *text;
	struct liteio_operation *op;
	struct liteio_uuid pool;
	struct liteio_uuid object;
	struct liteio_ask *only;
	bool is_passed;
	int r;
	struct liteio_error err;
};

/**
 * struct liteio_jobs - all of them
 * @agent: whose
 * @timer: fires at the next deadline
 * @armed_ms: when that is; UINT64_MAX while it is not armed
 * @jobs: under way
 * @crowds: of each pool
 * @n_jobs: how many on the workers, and how many on the urgent ones
 * @waiting: asks in the order they came
 * @last: where the next one is put
 * @n_waiting: how many
 */
struct liteio_jobs {
	struct liteio_agent *agent;
	struct liteio_timer *timer;
	uint64_t armed_ms;
	struct liteio_job *jobs;
	struct liteio_crowds crowds;
	unsigned int n_jobs[2];
	struct liteio_ask *waiting;
	struct liteio_ask **last;
	unsigned int n_waiting;
};

static bool is_urgent(const struct liteio_route *route)
{
	return route->flags & (LITEIO_ROUTE_URGENT | LITEIO_ROUTE_STREAM);
}

static void call_fini(struct liteio_call *call, const struct liteio_route *route)
{
	if (call->req)
		liteio_json_drop(call->req, route->req_fields);
	free(call->req);
	if (call->ret && route->ret_fields)
		liteio_json_drop(call->ret, route->ret_fields);
	free(call->ret);
	free(call->text);
}

static void ask_free(struct liteio_ask *ask)
{
#ifndef __clang_analyzer__ /* which does not know what was taken out of the list before */
	call_fini(&ask->call, ask->route);
	free(ask->text);
	free(ask);
#endif
}

static void job_free(struct liteio_job *job)
{
	call_fini(&job->call, job->route);
	liteio_operation_unref(job->op);
	free(job->text);
	free(job);
}

/* nobody has begun it */
static void job_drop(void *who)
{
	job_free(who);
}

/* ---- answers: each takes an ask that is in no list ------------------------------------------ */

static void count(const struct liteio_ask *ask, int r)
{
	liteio_counters_add(&ask->call.agent->counters, (size_t)(ask->route - liteio_routes),
			    liteio_now_ns() - ask->begun_ns, r);
}

void liteio_ask_refuse(struct liteio_ask *ask, int r, const char *message)
{
	count(ask, r);
	liteio_reply_error(ask->req, liteio_local_status(r), r, message, NULL);
	ask_free(ask);
}

/* @take: nobody else needs the text */
static void answer_result(struct liteio_ask *ask, char **result, bool take)
{
	count(ask, 0);
	if (take)
		liteio_reply_own(ask->req, 200, take_ptr(*result));
	else
		liteio_reply_text(ask->req, 200, *result);
	ask_free(ask);
}

static void say_operation(struct liteio_agent *a, enum liteio_local_event_type type,
			  struct liteio_operation *op)
{
	struct liteio_local_event e = { .type = type, .message = op->message };
	struct liteio_local_operation o;

	liteio_operation_fill(op, false, &o);
	e.uuid = o.uuid;
	e.name = o.object;
	e.pool = o.pool;
	e.verb = o.verb;
	liteio_events_tell(a, &e);
	liteio_json_fini(&o, liteio_local_operation_fields);
}

/* its job goes on */
static void answer_early(struct liteio_ask *ask)
{
	struct liteio_job *job = ask->job;
	struct liteio_agent *a = ask->call.agent;

	liteio_agent_look(a);
	if (!job->op) {
		liteio_ask_refuse(ask, -ETIMEDOUT,
				  "this has not ended within its time: ask again later");
		return;
	}
	if (liteio_operations_tell(a->operations, job->op))
		say_operation(a, LITEIO_LOCAL_EVENT_OPERATION_BEGUN, job->op);
	if (job->route->flags & LITEIO_ROUTE_LONG) {
		count(ask, 0);
		liteio_reply_json(ask->req, 202, liteio_operation_describe(job->op));
	} else {
		count(ask, -ETIMEDOUT);
		liteio_reply_error(ask->req, liteio_local_status(-ETIMEDOUT), -ETIMEDOUT,
				   "this has not ended within its time and goes on: ask again later",
				   &job->op->uuid);
	}
	ask_free(ask);
}

/* ---- waiting -------------------------------------------------------------------------------- */

/* to when the first of those that wait has waited enough; not at all when none does */
static void arm(struct liteio_jobs *jobs)
{
	uint64_t first = UINT64_MAX, now;

	for (const struct liteio_ask *ask = jobs->waiting; ask; ask = ask->next)
		first = ask->deadline_ms < first ? ask->deadline_ms : first;
	jobs->armed_ms = first;
	liteio_timer_disarm(jobs->timer);
	if (first == UINT64_MAX)
		return;
	now = liteio_now_ms();
	liteio_timer_arm(jobs->timer, first > now ? first - now : 0, SLACK_MS);
}

static void stop_waiting(struct liteio_ask *ask)
{
	struct liteio_jobs *jobs = ask->jobs;

	*ask->link = ask->next;
	if (ask->next)
		ask->next->link = ask->link;
	else
		jobs->last = ask->link;
	ask->is_waiting = false;
	jobs->n_waiting--;
	if (ask->deadline_ms == jobs->armed_ms)
		arm(jobs);
}

/* 1 while it is to be asked again */
static int run_on_loop(struct liteio_ask *ask)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	_cleanup_free_ char *result = NULL;
	int r = ask->route->run(&ask->call, &err);

	if (r == -EINPROGRESS)
		return 1;
	if (ask->is_waiting)
		stop_waiting(ask);
	if (r < 0) {
		liteio_ask_refuse(ask, r, liteio_error_str(&err, r));
		return 0;
	}
	result = liteio_json_write(ask->call.ret, ask->route->ret_fields);
	answer_result(ask, &result, true);
	return 0;
}

/* its time is over, or another one needs its place */
static void end_waiting(struct liteio_ask *ask)
{
	if (ask->job) {
		stop_waiting(ask);
		answer_early(ask);
		return;
	}
	ask->call.late = true;
	(void)run_on_loop(ask);
}

static void start_waiting(struct liteio_ask *ask, uint64_t ms)
{
	struct liteio_jobs *jobs = ask->jobs;

	ask->deadline_ms = liteio_now_ms() + ms;
	ask->is_waiting = true;
	ask->next = NULL;
	ask->link = jobs->last;
	*jobs->last = ask;
	jobs->last = &ask->next;
	if (ask->deadline_ms < jobs->armed_ms) {
		jobs->armed_ms = ask->deadline_ms;
		liteio_timer_arm(jobs->timer, ms, SLACK_MS);
	}
	if (++jobs->n_waiting > LITEIO_JOBS_WAITING_MAX)
		end_waiting(jobs->waiting);
}

static void on_timer(void *arg)
{
	uint64_t now = liteio_now_ms();
	struct liteio_jobs *jobs = arg;
	struct liteio_ask *ask, *next;

	/* by nobody below */
	jobs->armed_ms = 0;
	for (ask = jobs->waiting; ask; ask = next) {
		next = ask->next;
		if (ask->deadline_ms <= now)
			end_waiting(ask);
	}
	arm(jobs);
}

/* an operation has ended: whoever waits for one looks whether it is that */
static void wake(struct liteio_jobs *jobs)
{
	struct liteio_ask *ask, *next;

	for (ask = jobs->waiting; ask; ask = next) {
		next = ask->next;
		if (!ask->job)
			(void)run_on_loop(ask);
	}
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static struct liteio_operation *operation_of(const struct liteio_ask *ask)
{
	_cleanup_free_ char *verb = NULL;

	if (!liteio_about_change(ask->route))
		return NULL;
	verb = liteio_route_verb(ask->route);
	return liteio_operation_new(verb, liteio_about_object(&ask->call, ask->route),
				    liteio_about_pool_name(&ask->call, ask->route));
}

static void job_done(void *arg);

/* worker thread */
static void job_run(void *arg)
{
	struct liteio_job *job = arg;

	liteio_headway_watch(job->op ? &job->op->headway : NULL);
	job->r = job->route->run(&job->call, &job->err);
	liteio_headway_watch(NULL);
}

static void job_submit(struct liteio_job *job)
{
	struct liteio_agent *a = job->jobs->agent;

	liteio_worker_submit(is_urgent(job->route) ? a->urgent : a->workers, NULL, job_run,
			     job_done, job);
}

static void job_unlink(struct liteio_job *job)
{
	*job->link = job->next;
	if (job->next)
		job->next->link = job->link;
	job->jobs->n_jobs[is_urgent(job->route)]--;
}

/* it may have undone what they did; who does something to several objects names none */
static void pass(struct liteio_jobs *jobs, const struct liteio_job *done)
{
	for (struct liteio_job *job = jobs->jobs; job; job = job->next)
		if (job->op && (liteio_about_is_one(done->op->object, &done->object,
						    job->op->object, &job->object) ||
				liteio_about_says(&done->call, done->route, job->op->object)))
			job->is_passed = true;
}

/* @result: given to the last one when no operation needs it */
static void answer_all(struct liteio_jobs *jobs, struct liteio_job *job, char **result)
{
	struct liteio_ask *ask, *next, *last = NULL;

	for (ask = jobs->waiting; ask; ask = next) {
		next = ask->next;
		if (ask->job != job)
			continue;
		stop_waiting(ask);
		if (job->r < 0) {
			liteio_ask_refuse(ask, job->r, liteio_error_str(&job->err, job->r));
			continue;
		}
		if (last)
			answer_result(last, result, false);
		last = ask;
	}
	if (last)
		answer_result(last, result, !job->op);
}

static void answer_stream(struct liteio_job *job)
{
	struct liteio_ask *ask = job->only;

	if (job->r < 0) {
		liteio_ask_refuse(ask, job->r, liteio_error_str(&job->err, job->r));
		return;
	}
	count(ask, 0);
	job->call.stream(&job->call, ask->req);
	ask_free(ask);
}

/* @result: its answer, taken over when somebody was told that it goes on */
static void end_operation(struct liteio_jobs *jobs, struct liteio_job *job, char **result)
{
	struct liteio_operation *op = job->op;

	if (liteio_uuid_is_null(&op->uuid))
		return;
	liteio_operations_end(jobs->agent->operations, op, job->r,
			      liteio_error_str(&job->err, job->r), take_ptr(*result));
	say_operation(jobs->agent,
		      job->r < 0 ? LITEIO_LOCAL_EVENT_OPERATION_FAILED :
				   LITEIO_LOCAL_EVENT_OPERATION_DONE,
		      op);
	wake(jobs);
}

/* loop thread */
static void job_done(void *arg)
{
	struct liteio_job *job = arg;
	struct liteio_jobs *jobs = job->jobs;
	_cleanup_free_ char *result = NULL;
	struct liteio_job *next;

	if (!jobs) {
		job_free(job);
		return;
	}
	job_unlink(job);
	liteio_crowd_leave(&jobs->crowds, &job->pool, is_urgent(job->route));
	while ((next = liteio_crowd_next(&jobs->crowds, is_urgent(job->route))))
		job_submit(next);
	if (job->r < 0)
		log_info(NULL, "%.*s: %s", (int)strcspn(job->text, "\n"), job->text,
			 liteio_error_str(&job->err, job->r));
	else if (!job->only)
		result = job->call.text ? take_ptr(job->call.text) :
			 liteio_json_write(job->call.ret, job->route->ret_fields);
	if (job->only)
		answer_stream(job);
	else
		answer_all(jobs, job, &result);
	if (job->op) {
		pass(jobs, job);
		end_operation(jobs, job, &result);
	}
	job_free(job);
}

static struct liteio_job *job_new(struct liteio_jobs *jobs, struct liteio_ask *ask,
				  const struct liteio_about *about)
{
	struct liteio_job *job = liteio_calloc(1, sizeof(*job));

	job->jobs = jobs;
	job->route = ask->route;
	job->op = operation_of(ask);
	job->pool = about->uuid;
	job->object = about->object;
	job->call = ask->call;
	/* they are the job's now */
	job->text = take_ptr(ask->text);
	ask->call.req = NULL;
	ask->call.ret = NULL;
	job->next = jobs->jobs;
	job->link = &jobs->jobs;
	if (job->next)
		job->next->link = &job->next;
	jobs->jobs = job;
	jobs->n_jobs[is_urgent(job->route)]++;
	return job;
}

/*
 * The same is under way. Not for fences: each has a time of its own, and its answer says what was
 * when it looked.
 */
static struct liteio_job *find_same(struct liteio_jobs *jobs, const struct liteio_ask *ask)
{
	if (!liteio_about_change(ask->route) || is_urgent(ask->route))
		return NULL;
	for (struct liteio_job *job = jobs->jobs; job; job = job->next)
		if (job->route == ask->route && !job->is_passed && !strcmp(job->text, ask->text) &&
		    !liteio_headway_is_settled(&job->op->headway))
			return job;
	return NULL;
}

static uint64_t bound_ms(const struct liteio_ask *ask)
{
	unsigned int flags = ask->route->flags;

	if (flags & LITEIO_ROUTE_LONG)
		return ask->call.wait == LITEIO_LOCAL_WAIT_NOT ? LITEIO_JOBS_SHORT_MS :
								 LITEIO_JOBS_LONG_MS;
	if (flags & LITEIO_ROUTE_URGENT)
		return LITEIO_JOBS_BOUND_MS + LITEIO_LOCAL_TIMEOUT_MS_MAX;
	return LITEIO_JOBS_BOUND_MS + (flags & LITEIO_ROUTE_TIMEOUT ? ask->call.timeout_ms : 0);
}

/* 0, or why no more are taken */
static int check_room(struct liteio_jobs *jobs, const struct liteio_ask *ask,
		      const struct liteio_about *about, struct liteio_error *err)
{
	bool urgent = is_urgent(ask->route);

	if (jobs->n_jobs[urgent] >= LITEIO_JOBS_MAX)
		return liteio_error_set(err, -EAGAIN,
					"too many requests are under way: ask again later");
	return liteio_crowd_check(&jobs->crowds, about, urgent, err);
}

static void begin(struct liteio_ask *ask)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_jobs *jobs = ask->jobs;
	struct liteio_about about;
	int r;

	if (ask->route->flags & LITEIO_ROUTE_LOOP) {
		if (run_on_loop(ask))
			start_waiting(ask, ask->call.wait_ms);
		return;
	}
	ask->job = find_same(jobs, ask);
	if (!ask->job) {
		liteio_about_pool(&ask->call, ask->route, &about);
		r = check_room(jobs, ask, &about, &err);
		if (r) {
			liteio_ask_refuse(ask, r, liteio_error_str(&err, r));
			return;
		}
		ask->job = job_new(jobs, ask, &about);
		if (liteio_crowd_enter(&jobs->crowds, &about.uuid, is_urgent(ask->route), ask->job))
			job_submit(ask->job);
	}
	if (ask->route->flags & LITEIO_ROUTE_STREAM)
		ask->job->only = ask;
	else
		start_waiting(ask, bound_ms(ask));
}

/* ---- who asks ------------------------------------------------------------------------------- */

/* worker thread */
static void check_run(void *arg)
{
	struct liteio_ask *ask = arg;

	if (!liteio_peer_may(&ask->call.agent->config, ask->uid, ask->gid))
		ask->denied = -EACCES;
}

static void check_done(void *arg)
{
	struct liteio_ask *ask = arg;

	if (ask->denied)
		liteio_ask_refuse(ask, ask->denied,
				  "only root and the socket's group may use this API");
	else
		begin(ask);
}

void liteio_jobs_take(struct liteio_jobs *jobs, struct liteio_ask *ask)
{
	ask->jobs = jobs;
	/* on those that nothing hangs on: it is for what needs no worker, too */
	if (ask->uid == 0)
		begin(ask);
	else
		liteio_worker_submit(jobs->agent->urgent, NULL, check_run, check_done, ask);
}

int liteio_jobs_new(struct liteio_agent *a, struct liteio_jobs **ret, struct liteio_error *err)
{
	struct liteio_jobs *jobs = liteio_calloc(1, sizeof(*jobs));
	int r;

	jobs->agent = a;
	jobs->last = &jobs->waiting;
	jobs->armed_ms = UINT64_MAX;
	r = liteio_timer_new(a->loop, on_timer, jobs, &jobs->timer, err);
	if (r < 0) {
		free(jobs);
		return r;
	}
	*ret = jobs;
	return 0;
}

void liteio_jobs_free(struct liteio_jobs *jobs)
{
	struct liteio_ask *ask;

	if (!jobs)
		return;
	for (struct liteio_job *job = jobs->jobs; job; job = job->next)
		job->jobs = NULL;
	liteio_crowds_fini(&jobs->crowds, job_drop);
	while ((ask = jobs->waiting)) {
		stop_waiting(ask);
		ask_free(ask);
	}
	liteio_timer_free(jobs->timer);
	free(jobs);
}
