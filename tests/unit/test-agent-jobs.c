// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local API over its socket, with routes of the test: long work becomes an operation, the same
 * request joins the one that is under way, and neither jobs that hang nor requests that wait keep
 * others from being heard.
 *
 * Over 600 lines because the socket, and routes that wait, are there once for all of it.
 *
 * unit-src: daemon/agent/api.c daemon/agent/jobs.c daemon/agent/operations.c daemon/agent/reply.c
 * unit-src: daemon/agent/peer.c daemon/agent/route.c daemon/agent/events.c
 * unit-src: daemon/agent/ops_operation.c daemon/agent/about.c daemon/agent/crowd.c
 */
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/about.h"
#include "agent/agent.h"
#include "agent/api.h"
#include "agent/crowd.h"
#include "agent/jobs.h"
#include "agent/operations.h"
#include "agent/route.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_client.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "model/local_module.h"
#include "timer_left.h"
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

/* ---- pools: a volume whose name begins with "slow" lies in that one ---- */

static uint64_t slow_ms;

void liteio_about_pool(const struct liteio_call *call, const struct liteio_route *route,
		       struct liteio_about *ret)
{
	*ret = (struct liteio_about){ .name = "slow", .busy_ms = slow_ms };
	if (liteio_about_change(route) && !strncmp(call->params[0], "slow", 4))
		ret->uuid.b[0] = 1;
}

/* ---- asking ---- */

static struct liteio_agent agent;
static unsigned int n_workers = 4;
static struct liteio_http_client *client;
static char dir[] = "/tmp/liteio-jobs-XXXXXX";

struct asked {
	struct liteio_http_call *call;
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

static void ask(struct asked *a, const char *method, const char *target)
{
	_cleanup_free_ char *url = liteio_strf("http://localhost%s", target);
	const struct liteio_http_call_spec spec = {
		.method = method,
		.url = url,
		.unix_path = agent.config.socket,
		.timeout_ms = ANSWER_MS,
	};

	memset(a, 0, sizeof(*a));
	a->call = liteio_http_call_start(client, &spec, NULL, on_done, a);
}

static void wait_for(const struct asked *a)
{
	while (!a->status)
		ck_assert_int_ge(liteio_loop_run(agent.loop), 0);
	ck_assert_int_gt(a->status, 0);
}

static void forget(struct asked *a)
{
	liteio_json_unref(a->said);
	a->said = NULL;
}

/* ask and wait for the answer; the status */
static long say(struct asked *a, const char *method, const char *target)
{
	ask(a, method, target);
	wait_for(a);
	return a->status;
}

static const char *text(const struct asked *a, const char *path)
{
	const char *s = liteio_json_get_string(a->said, path);

	return s ? s : "";
}

static void on_moment(void *arg)
{
	liteio_loop_quit(agent.loop, 0);
}

/* until so many jobs have begun */
static void wait_for_runs(unsigned int n)
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

static size_t n_operations(const char *state)
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
	ck_assert_int_eq(liteio_http_client_new(agent.loop, NULL, &client, &err), 0);
}

static void teardown(void)
{
	let_go();
	while (n_operations("running"))
		;
	liteio_http_client_free(client);
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

/* ---- */

START_TEST(long_work_goes_on_as_an_operation)
{
	_cleanup_free_ char *target = NULL;
	struct asked begun, watched, a;
	uint64_t before;

	setup();
	before = liteio_now_ms();
	ck_assert_int_eq(say(&begun, "POST", "/v1/volumes/a/grow"), 202);
	ck_assert_uint_ge(liteio_now_ms() - before, LITEIO_JOBS_LONG_MS);
	ck_assert_str_eq(text(&begun, "verb"), "volume grow");
	ck_assert_str_eq(text(&begun, "object"), "a");
	ck_assert_str_eq(text(&begun, "state"), "running");
	ck_assert_int_eq(liteio_json_get_int(begun.said, "doneBytes", 0), 25);
	ck_assert_int_eq(liteio_json_get_int(begun.said, "totalBytes", 0), 100);
	target = liteio_strf("/v1/operations/%s?waitMs=20", text(&begun, "uuid"));
	/* bounded: it still runs */
	ck_assert_int_eq(say(&a, "GET", target), 200);
	ck_assert_str_eq(text(&a, "state"), "running");
	forget(&a);
	free(target);
	target = liteio_strf("/v1/operations/%s?waitMs=60000", text(&begun, "uuid"));
	ask(&watched, "GET", target);
	/* it is heard, and waits, when one that came later is answered */
	ck_assert_uint_eq(n_operations("running"), 1);
	ck_assert_int_eq(watched.status, 0);
	let_go();
	wait_for(&watched);
	ck_assert_int_eq(watched.status, 200);
	ck_assert_str_eq(text(&watched, "state"), "done");
	ck_assert(liteio_json_get_bool(watched.said, "result.deleted", false));
	forget(&watched);
	forget(&begun);
	ck_assert_uint_eq(n_operations("done"), 1);
	teardown();
}
END_TEST

START_TEST(who_does_not_wait_is_answered_soon)
{
	uint64_t before;
	struct asked a;

	setup();
	before = liteio_now_ms();
	ck_assert_int_eq(say(&a, "POST", "/v1/volumes/a/grow?wait=false"), 202);
	ck_assert_uint_lt(liteio_now_ms() - before, LITEIO_JOBS_LONG_MS);
	forget(&a);
	/* what is wrong is said, and is no operation */
	ck_assert_int_eq(say(&a, "POST", "/v1/volumes/bad/grow?wait=false"), 507);
	ck_assert_str_eq(text(&a, "error.message"), "there is no space for it");
	forget(&a);
	ck_assert_int_eq(say(&a, "POST", "/v1/volumes/a/grow?wait=perhaps"), 400);
	forget(&a);
	ck_assert_int_eq(say(&a, "POST", "/v1/volumes/a/rename?wait=false"), 400);
	forget(&a);
	ck_assert_uint_eq(n_operations("running"), 1);
	ck_assert_uint_eq(n_operations("failed"), 0);
	teardown();
}
END_TEST

/* once the server has noticed that nobody is there any more */
START_TEST(no_timer_is_left_behind)
{
	uint64_t end_ms = liteio_now_ms() + LITEIO_JOBS_LONG_MS;
	struct asked a, b;

	setup();
	ask(&a, "POST", "/v1/volumes/a/limits");
	wait_for_runs(1);
	ask(&b, "POST", "/v1/volumes/b/limits");
	wait_for_runs(2);
	ck_assert_uint_ne(timer_left_ms(agent.loop), UINT64_MAX);
	let_go();
	wait_for(&a);
	wait_for(&b);
	forget(&a);
	forget(&b);
	liteio_http_client_free(client);
	while (timer_left_ms(agent.loop) != UINT64_MAX && liteio_now_ms() < end_ms)
		;
	ck_assert_uint_eq(timer_left_ms(agent.loop), UINT64_MAX);
	ck_assert_int_eq(liteio_http_client_new(agent.loop, NULL, &client, NULL), 0);
	teardown();
}
END_TEST

START_TEST(a_failure_is_told_by_the_operation)
{
	_cleanup_free_ char *target = NULL;
	struct asked begun, a;

	setup();
	ck_assert_int_eq(say(&begun, "POST", "/v1/volumes/late/grow?wait=false"), 202);
	target = liteio_strf("/v1/operations/%s?waitMs=60000", text(&begun, "uuid"));
	let_go();
	ck_assert_int_eq(say(&a, "GET", target), 200);
	ck_assert_str_eq(text(&a, "state"), "failed");
	ck_assert_str_eq(text(&a, "error.code"), "EIO");
	ck_assert_str_eq(text(&a, "error.message"), "the disk has failed");
	forget(&a);
	ck_assert_int_eq(say(&a, "GET", "/v1/operations/11111111-2222-4333-8444-555555555555"),
			 404);
	forget(&a);
	ck_assert_int_eq(say(&a, "GET", "/v1/operations/a"), 400);
	forget(&a);
	ck_assert_int_eq(say(&a, "GET", "/v1/operations?waitMs=1"), 400);
	forget(&a);
	free(target);
	target = liteio_strf("/v1/operations/%s?waitMs=60001", text(&begun, "uuid"));
	ck_assert_int_eq(say(&a, "GET", target), 400);
	forget(&a);
	forget(&begun);
	teardown();
}
END_TEST

START_TEST(the_same_request_joins)
{
	struct asked a, b, c;

	setup();
	ask(&a, "POST", "/v1/volumes/a/grow");
	wait_for_runs(1);
	ask(&b, "POST", "/v1/volumes/a/grow");
	ask(&c, "POST", "/v1/volumes/c/grow");
	wait_for_runs(2);
	let_go();
	wait_for(&a);
	wait_for(&b);
	wait_for(&c);
	ck_assert_int_eq(a.status, 200);
	ck_assert_int_eq(b.status, 200);
	ck_assert_int_eq(c.status, 200);
	ck_assert_uint_eq(gate.runs, 2);
	forget(&a);
	forget(&b);
	forget(&c);
	teardown();
}
END_TEST

/* what was done to it in between may have undone what the first one did */
START_TEST(what_was_passed_is_not_joined)
{
	struct asked a, b, c;

	setup();
	ask(&a, "POST", "/v1/volumes/a/grow");
	wait_for_runs(1);
	ck_assert_int_eq(say(&b, "POST", "/v1/volumes/other/rename"), 200);
	forget(&b);
	ask(&b, "POST", "/v1/volumes/a/grow");
	ck_assert_int_eq(say(&c, "POST", "/v1/volumes/a/rename"), 200);
	forget(&c);
	ck_assert_uint_eq(gate.runs, 1);
	ask(&c, "POST", "/v1/volumes/a/grow");
	wait_for_runs(2);
	let_go();
	wait_for(&a);
	wait_for(&b);
	wait_for(&c);
	ck_assert_int_eq(c.status, 200);
	forget(&a);
	forget(&b);
	forget(&c);
	teardown();
}
END_TEST

/* the rest of a deletion: the name may be that of another one by now, whoever has made it */
START_TEST(what_is_settled_is_not_joined)
{
	struct asked a, b;

	setup();
	ask(&a, "POST", "/v1/volumes/settled/grow");
	wait_for_runs(1);
	ask(&b, "POST", "/v1/volumes/settled/grow");
	wait_for_runs(2);
	let_go();
	wait_for(&a);
	wait_for(&b);
	ck_assert_int_eq(a.status, 200);
	ck_assert_int_eq(b.status, 200);
	forget(&a);
	forget(&b);
	teardown();
}
END_TEST

/* so may what was made under its name or uuid in between, of another object */
START_TEST(what_was_made_again_is_not_joined)
{
	static const char id[] = "11111111-2222-4333-8444-555555555555";
	_cleanup_free_ char *grow = liteio_strf("/v1/volumes/%s/grow", id);
	_cleanup_free_ char *clone = liteio_strf("/v1/volumes/other/clone?name=b&uuid=%s", id);
	struct asked a[6], done;

	setup();
	ask(&a[0], "POST", "/v1/volumes/a/grow");
	ask(&a[1], "POST", grow);
	wait_for_runs(2);
	ck_assert_int_eq(say(&done, "POST", "/v1/volumes/other/clone?name=c"), 200);
	forget(&done);
	ask(&a[2], "POST", "/v1/volumes/a/grow");
	ck_assert_int_eq(say(&done, "POST", "/v1/volumes/other/clone?name=a"), 200);
	forget(&done);
	ck_assert_uint_eq(gate.runs, 2);
	ask(&a[3], "POST", "/v1/volumes/a/grow");
	wait_for_runs(3);
	ask(&a[4], "POST", grow);
	ck_assert_int_eq(say(&done, "POST", clone), 200);
	forget(&done);
	ck_assert_uint_eq(gate.runs, 3);
	ask(&a[5], "POST", grow);
	wait_for_runs(4);
	let_go();
	for (size_t i = 0; i < 6; i++) {
		wait_for(&a[i]);
		ck_assert_int_eq(a[i].status, 200);
		forget(&a[i]);
	}
	teardown();
}
END_TEST

START_TEST(who_hangs_up_leaves_an_operation)
{
	struct asked a;

	setup();
	ask(&a, "POST", "/v1/volumes/a/grow?wait=false");
	wait_for_runs(1);
	liteio_http_call_cancel(a.call);
	while (n_operations("running") == 0)
		;
	let_go();
	while (n_operations("done") == 0)
		;
	teardown();
}
END_TEST

/* more than there are workers, and than may be under way; each of another volume: none joins */
#define MANY (LITEIO_JOBS_MAX + 8)

static unsigned int count_answered(const struct asked *all, size_t n)
{
	unsigned int answered = 0;

	for (size_t i = 0; i < n; i++)
		answered += all[i].status != 0;
	return answered;
}

static void wait_for_answers(const struct asked *all, size_t n, unsigned int answers)
{
	while (count_answered(all, n) < answers)
		ck_assert_int_ge(liteio_loop_run(agent.loop), 0);
}

START_TEST(requests_that_hang_keep_nobody_out)
{
	static struct asked many[MANY];
	unsigned int n[600] = { 0 };
	struct asked a;

	setup();
	for (size_t i = 0; i < MANY; i++) {
		_cleanup_free_ char *target = liteio_strf("/v1/volumes/v%zu/limits", i);

		ask(&many[i], "POST", target);
	}
	wait_for_answers(many, MANY, MANY - LITEIO_JOBS_MAX);
	ask(&a, "GET", "/healthz");
	wait_for(&a);
	ck_assert_int_eq(a.status, 200);
	forget(&a);
	/* what has begun is waited for by whoever asked, be they as many as there may be */
	ck_assert_uint_eq(n_operations("running"), 0);
	let_go();
	for (size_t k = 0; k < MANY; k++) {
		wait_for(&many[k]);
		n[many[k].status]++;
		forget(&many[k]);
	}
	ck_assert_uint_eq(n[503], MANY - LITEIO_JOBS_MAX);
	ck_assert_uint_eq(n[200], LITEIO_JOBS_MAX);
	teardown();
}
END_TEST

/* more than may wait, though it is one job */
#define ASKERS (LITEIO_JOBS_WAITING_MAX + 8)

START_TEST(those_who_wait_longest_make_room)
{
	static struct asked many[ASKERS];
	unsigned int n[600] = { 0 };

	setup();
	ask(&many[0], "POST", "/v1/volumes/a/limits");
	wait_for_runs(1);
	for (size_t i = 1; i < ASKERS; i++)
		ask(&many[i], "POST", "/v1/volumes/a/limits");
	wait_for_answers(many, ASKERS, ASKERS - LITEIO_JOBS_WAITING_MAX);
	ck_assert_int_eq(many[0].status, 504);
	ck_assert_str_ne(text(&many[0], "operation"), "");
	ck_assert_uint_eq(n_operations("running"), 1);
	let_go();
	for (size_t k = 0; k < ASKERS; k++) {
		wait_for(&many[k]);
		n[many[k].status]++;
		forget(&many[k]);
	}
	ck_assert_uint_eq(n[504], ASKERS - LITEIO_JOBS_WAITING_MAX);
	ck_assert_uint_eq(n[200], LITEIO_JOBS_WAITING_MAX);
	ck_assert_uint_eq(gate.runs, 1);
	teardown();
}
END_TEST

/* more than it may have of the workers: what is not of this pool is done at once all the same */
#define CROWD (LITEIO_CROWD_BEGUN_MAX + 8)

static void ask_crowd(struct asked crowd[CROWD])
{
	for (unsigned int i = 0; i < CROWD; i++) {
		_cleanup_free_ char *target = liteio_strf("/v1/volumes/slow%u/limits", i);

		ask(&crowd[i], "POST", target);
	}
	wait_for_runs(LITEIO_CROWD_BEGUN_MAX);
}

START_TEST(a_pool_that_hangs_leaves_workers_for_others)
{
	static struct asked crowd[CROWD];
	struct asked a;

	n_workers = CROWD;
	setup();
	ask_crowd(crowd);
	ck_assert_int_eq(say(&a, "POST", "/v1/volumes/other/rename"), 200);
	forget(&a);
	ck_assert_uint_eq(gate.runs, LITEIO_CROWD_BEGUN_MAX);
	/* those that had to wait are done, too */
	let_go();
	for (unsigned int i = 0; i < CROWD; i++) {
		wait_for(&crowd[i]);
		ck_assert_int_eq(crowd[i].status, 200);
		forget(&crowd[i]);
	}
	ck_assert_uint_eq(gate.runs, CROWD);
	teardown();
}
END_TEST

START_TEST(a_pool_that_hangs_collects_few)
{
	static struct asked crowd[CROWD];
	struct asked a;

	n_workers = CROWD;
	setup();
	ask_crowd(crowd);
	slow_ms = LITEIO_CROWD_HANGS_MS;
	ck_assert_int_eq(say(&a, "POST", "/v1/volumes/slow/rename"), 409);
	ck_assert_str_eq(text(&a, "error.code"), "EBUSY");
	ck_assert_ptr_nonnull(strstr(text(&a, "error.message"),
				     "requests wait: what was begun 20 s ago has not ended"));
	forget(&a);
	/* who looks, and who works for another pool */
	ck_assert_int_eq(say(&a, "POST", "/v1/volumes/other/rename"), 200);
	forget(&a);
	/* the same request is no further one */
	ask(&a, "POST", "/v1/volumes/slow0/limits");
	let_go();
	wait_for(&a);
	ck_assert_int_eq(a.status, 200);
	forget(&a);
	for (unsigned int i = 0; i < CROWD; i++) {
		wait_for(&crowd[i]);
		forget(&crowd[i]);
	}
	ck_assert_int_eq(say(&a, "POST", "/v1/volumes/slow/rename"), 200);
	forget(&a);
	teardown();
}
END_TEST

/* what is parked when the agent ends has not begun, and is nobody's */
START_TEST(what_is_parked_is_dropped_at_the_end)
{
	static struct asked crowd[CROWD];

	n_workers = CROWD;
	setup();
	ask_crowd(crowd);
	for (unsigned int i = 0; i < CROWD; i++)
		liteio_http_call_cancel(crowd[i].call);
	liteio_http_client_free(client);
	liteio_api_stop(&agent);
	let_go();
	ck_assert(liteio_workers_free(agent.workers, ANSWER_MS));
	ck_assert_uint_eq(gate.runs, LITEIO_CROWD_BEGUN_MAX);
}
END_TEST

/* ---- events ---- */

static struct liteio_buf heard;

static int on_data(void *arg, const char *data, size_t len)
{
	liteio_buf_add(&heard, data, len);
	liteio_loop_quit(agent.loop, 0);
	return 0;
}

static bool hears(const char *word)
{
	return heard.len && memmem(heard.data, heard.len, word, strlen(word));
}

START_TEST(operations_are_events)
{
	const struct liteio_http_call_spec spec = {
		.method = "GET",
		.url = "http://localhost/v1/events",
		.unix_path = agent.config.socket,
	};
	struct liteio_http_call_spec here = spec;
	struct asked stream = { 0 }, a;

	setup();
	here.unix_path = agent.config.socket;
	liteio_events_say(&agent, LITEIO_LOCAL_EVENT_POOL_OPENED, "early", NULL, NULL, NULL);
	stream.call = liteio_http_call_start(client, &here, on_data, on_done, &stream);
	while (!hears("\"begin\"") && !stream.status)
		ck_assert_int_ge(liteio_loop_run(agent.loop), 0);
	ck_assert_int_eq(stream.status, 0);
	ck_assert_int_eq(say(&a, "POST", "/v1/volumes/a/grow?wait=false"), 202);
	while (!hears("operationBegun"))
		ck_assert_int_ge(liteio_loop_run(agent.loop), 0);
	ck_assert(hears(text(&a, "uuid")));
	ck_assert(hears("\"volume grow\""));
	let_go();
	while (!hears("operationDone"))
		ck_assert_int_ge(liteio_loop_run(agent.loop), 0);
	liteio_events_say(&agent, LITEIO_LOCAL_EVENT_POOL_CHANGED, "fast", NULL, NULL, "grown");
	while (!hears("\"grown\""))
		ck_assert_int_ge(liteio_loop_run(agent.loop), 0);
	ck_assert(!hears("early"));
	forget(&a);
	liteio_http_call_cancel(stream.call);
	liteio_buf_fini(&heard);
	teardown();
}
END_TEST

UNIT_MAIN("agent-jobs", long_work_goes_on_as_an_operation, who_does_not_wait_is_answered_soon,
	  no_timer_is_left_behind,
	  a_failure_is_told_by_the_operation, the_same_request_joins,
	  what_was_passed_is_not_joined, what_is_settled_is_not_joined,
	  what_was_made_again_is_not_joined,
	  who_hangs_up_leaves_an_operation,
	  requests_that_hang_keep_nobody_out, those_who_wait_longest_make_room,
	  a_pool_that_hangs_leaves_workers_for_others,
	  a_pool_that_hangs_collects_few, what_is_parked_is_dropped_at_the_end,
	  operations_are_events)
