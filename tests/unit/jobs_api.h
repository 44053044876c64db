/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local API over its socket, with routes of a test, for what jobs are tested by: routes whose
 * work waits until the test lets go, and whoever asks for that.
 */
#ifndef LITEIO_TESTS_JOBS_API_H
#define LITEIO_TESTS_JOBS_API_H

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/about.h"
#include "agent/agent.h"
#include "agent/api.h"
#include "agent/jobs.h"
#include "agent/operations.h"
#include "agent/route.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_local.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "model/local_module.h"
#include "local_on_loop.h"
#include "unit.h"

#define ANSWER_MS 50000

/* ---- routes: what they do waits until the test lets go ---- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_open;
	unsigned int runs;
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void let_go(void)
{
	liteio_guard(&gate.lock);
	gate.is_open = true;
	pthread_cond_broadcast(&gate.changed);
}

static int run_held(struct liteio_call *c, struct liteio_error *err)
{
	liteio_guard(&gate.lock);
	gate.runs++;
	if (!strcmp(c->params[0], "bad"))
		return liteio_error_set(err, -ENOSPC, "there is no space for it");
	liteio_headway_total(100);
	liteio_headway_done(25);
	if (!strcmp(c->params[0], "settled"))
		liteio_headway_settled();
	while (!gate.is_open)
		pthread_cond_wait(&gate.changed, &gate.lock);
	if (!strcmp(c->params[0], "late"))
		return liteio_error_set(err, -EIO, "the disk has failed");
	((struct liteio_local_deleted *)c->ret)->deleted = true;
	return 0;
}

static int run_at_once(struct liteio_call *c, struct liteio_error *err)
{
	((struct liteio_local_deleted *)c->ret)->deleted = true;
	return 0;
}

#define STRUCT(s) liteio_local_##s##_fields, sizeof(struct liteio_local_##s), #s
#define NOTHING NULL, 0, NULL

const struct liteio_route liteio_routes[] = {
	{ "POST", "/v1/volumes/*/grow", run_held, LITEIO_ROUTE_LONG | LITEIO_ROUTE_WAIT, NOTHING,
	  STRUCT(deleted) },
	{ "POST", "/v1/volumes/*/rename", run_at_once, 0, NOTHING, STRUCT(deleted) },
	{ "POST", "/v1/volumes/*/clone", run_at_once, LITEIO_ROUTE_QUERY, STRUCT(clone),
	  STRUCT(deleted) },
	{ "POST", "/v1/volumes/*/limits", run_held, 0, NOTHING, STRUCT(deleted) },
	{ "GET", "/v1/volumes/*", run_held, 0, NOTHING, STRUCT(deleted) },
	{ "GET", "/v1/operations", liteio_op_operation_list, LITEIO_ROUTE_LOOP, NOTHING,
	  STRUCT(operation_list) },
	{ "GET", "/v1/operations/*", liteio_op_operation_show,
	  LITEIO_ROUTE_LOOP | LITEIO_ROUTE_QUERY, STRUCT(operation_wait), STRUCT(operation) },
	{ "GET", "/v1/events", liteio_events_open, LITEIO_ROUTE_STREAM, NOTHING, STRUCT(event) },
	{ .method = NULL },
};

static const struct liteio_field wait_fields[] = {
	{ .key = "wait", .type = LITEIO_FIELD_ENUM, .names = liteio_local_wait_names,
	  .offset = offsetof(struct liteio_call, wait) },
	{ .key = NULL },
};

const struct liteio_route_query liteio_route_queries[] = {
	{ LITEIO_ROUTE_WAIT, wait_fields },
	{ 0, NULL },
};

/*
 * ---- pools: a volume whose name begins with "slow" lies in that one. All are there, each with a
 * uuid of its own, but those whose names begin with "new"; "twin" has that of TWIN ----
 */

#define TWIN "11111111-2222-4333-8444-555555555555"

static uint64_t slow_ms;

void liteio_about_pool(const struct liteio_call *call, const struct liteio_route *route,
		       struct liteio_about *ret)
{
	*ret = (struct liteio_about){ .name = "slow", .busy_ms = slow_ms };
	if (liteio_about_change(route) && !strncmp(call->params[0], "slow", 4))
		ret->uuid.b[0] = 1;
	if (!strcmp(call->params[0], "twin"))
		(void)liteio_uuid_parse(TWIN, &ret->object);
	else if (strncmp(call->params[0], "new", 3) != 0 &&
		 liteio_uuid_parse(call->params[0], &ret->object))
		memcpy(ret->object.b, call->params[0], sizeof(ret->object.b));
}

/* ---- asking ---- */

static struct liteio_agent agent;
static unsigned int n_workers = 4;
static char dir[] = "/tmp/liteio-jobs-XXXXXX";

struct asked {
	struct local_call *call;
	long status; /* 0 while there is no answer, -1 when there will be none */
	struct liteio_json *said;
};

static void on_done(void *arg, int r, const struct liteio_http_response *rsp,
		    const struct liteio_error *err)
{
	struct asked *a = arg;

	a->call = NULL;
	a->status = r < 0 ? -1 : rsp->status;
	if (r == 0)
		(void)liteio_json_parse(rsp->body, rsp->body_len, &a->said, NULL);
	liteio_loop_quit(agent.loop, 0);
}

static inline void ask(struct asked *a, const char *method, const char *target)
{
	const struct liteio_http_local_spec spec = {
		.socket = agent.config.socket,
		.method = method,
		.target = target,
		.timeout_ms = ANSWER_MS,
	};

	memset(a, 0, sizeof(*a));
	a->call = local_call_start(agent.loop, &spec, NULL, on_done, a);
}

static inline void wait_for(const struct asked *a)
{
	while (!a->status)
		ck_assert_int_ge(liteio_loop_run(agent.loop), 0);
	ck_assert_int_gt(a->status, 0);
}

static inline void forget(struct asked *a)
{
	liteio_json_unref(a->said);
	a->said = NULL;
}

/* ask and wait for the answer; the status */
static inline long say(struct asked *a, const char *method, const char *target)
{
	ask(a, method, target);
	wait_for(a);
	return a->status;
}

static inline const char *text(const struct asked *a, const char *path)
{
	const char *s = liteio_json_get_string(a->said, path);

	return s ? s : "";
}

static void on_moment(void *arg)
{
	liteio_loop_quit(agent.loop, 0);
}

/* until so many jobs have begun */
static inline void wait_for_runs(unsigned int n)
{
	struct liteio_timer *t;

	ck_assert_int_eq(liteio_timer_new(agent.loop, on_moment, NULL, &t, NULL), 0);
	for (;;) {
		unsigned int now;

		pthread_mutex_lock(&gate.lock);
		now = gate.runs;
		pthread_mutex_unlock(&gate.lock);
		if (now >= n)
			break;
		liteio_timer_arm(t, 5, 0);
		ck_assert_int_ge(liteio_loop_run(agent.loop), 0);
	}
	liteio_timer_free(t);
}

static inline size_t n_operations(const char *state)
{
	const struct liteio_json *items;
	struct asked a;
	size_t n = 0;

	ck_assert_int_eq(say(&a, "GET", "/v1/operations"), 200);
	items = liteio_json_get(a.said, "items");
	for (size_t i = 0; i < liteio_json_len(items); i++)
		n += !strcmp(liteio_json_get_string(liteio_json_at(items, i), "state"), state);
	forget(&a);
	return n;
}

static void setup(void)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct group *g = getgrgid(getgid());

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_ptr_nonnull(g);
	memset(&agent, 0, sizeof(agent));
	agent.ready = true;
	agent.config.socket = liteio_strf("%s/agent.sock", dir);
	agent.config.socket_group = liteio_strdup(g->gr_name);
	ck_assert_int_eq(liteio_loop_new(&agent.loop, &err), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, n_workers, &agent.workers, &err), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, 2, &agent.urgent, &err), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, 1, &agent.looks, &err), 0);
	ck_assert_msg(liteio_api_start(&agent, &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	let_go();
	while (n_operations("running"))
		;
	liteio_api_stop(&agent);
	ck_assert(liteio_workers_free(agent.workers, ANSWER_MS));
	ck_assert(liteio_workers_free(agent.urgent, ANSWER_MS));
	ck_assert(liteio_workers_free(agent.looks, ANSWER_MS));
	liteio_loop_free(agent.loop);
	unlink(agent.config.socket);
	rmdir(dir);
	free(agent.config.socket);
	free(agent.config.socket_group);
}

#endif
