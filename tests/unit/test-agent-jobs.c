// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local API over its socket: long work becomes an operation, and the same request joins the one
 * that is under way.
 *
 * unit-src: daemon/agent/api.c daemon/agent/jobs.c daemon/agent/operations.c daemon/agent/reply.c
 * unit-src: daemon/agent/peer.c daemon/agent/route.c daemon/agent/events.c
 * unit-src: daemon/agent/ops_operation.c daemon/agent/about.c daemon/agent/crowd.c
 */
#include "jobs_api.h"
#include "timer_left.h"

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
	while (timer_left_ms(agent.loop) != UINT64_MAX && liteio_now_ms() < end_ms)
		;
	ck_assert_uint_eq(timer_left_ms(agent.loop), UINT64_MAX);
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
	static const char id[] = TWIN;
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

/* two requests for @object, between which something is done to @other: does the second one join? */
static bool joins_after(const char *object, const char *other)
{
	_cleanup_free_ char *grow = liteio_strf("/v1/volumes/%s/grow", object);
	_cleanup_free_ char *rename = liteio_strf("/v1/volumes/%s/rename", other);
	struct asked a[3], done;
	bool joins;

	setup();
	ask(&a[0], "POST", grow);
	wait_for_runs(1);
	ck_assert_int_eq(say(&done, "POST", rename), 200);
	forget(&done);
	ask(&a[1], "POST", grow);
	/* begun after it */
	ask(&a[2], "POST", "/v1/volumes/last/grow");
	wait_for_runs(2);
	let_go();
	for (size_t i = 0; i < 3; i++) {
		wait_for(&a[i]);
		ck_assert_int_eq(a[i].status, 200);
		forget(&a[i]);
	}
	joins = gate.runs == 2;
	teardown();
	return joins;
}

START_TEST(by_its_name_and_by_its_uuid_it_is_one)
{
	ck_assert(!joins_after("twin", TWIN));
}
END_TEST

START_TEST(by_its_uuid_and_by_its_name_it_is_one)
{
	ck_assert(!joins_after(TWIN, "twin"));
}
END_TEST

START_TEST(another_one_has_another_uuid)
{
	ck_assert(joins_after("other", TWIN));
}
END_TEST

/* nobody knows yet which uuid it has */
START_TEST(what_was_not_there_may_be_any_uuid)
{
	ck_assert(!joins_after("new", TWIN));
}
END_TEST

START_TEST(any_uuid_may_be_of_what_was_not_there)
{
	ck_assert(!joins_after(TWIN, "new"));
}
END_TEST

START_TEST(who_hangs_up_leaves_an_operation)
{
	struct asked a;

	setup();
	ask(&a, "POST", "/v1/volumes/a/grow?wait=false");
	wait_for_runs(1);
	local_call_cancel(a.call);
	while (n_operations("running") == 0)
		;
	let_go();
	while (n_operations("done") == 0)
		;
	teardown();
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
	struct liteio_http_local_spec spec = { .method = "GET", .target = "/v1/events" };
	struct asked stream = { 0 }, a;

	setup();
	spec.socket = agent.config.socket;
	liteio_events_say(&agent, LITEIO_LOCAL_EVENT_POOL_OPENED, "early", NULL, NULL, NULL);
	stream.call = local_call_start(agent.loop, &spec, on_data, on_done, &stream);
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
	local_call_cancel(stream.call);
	liteio_buf_fini(&heard);
	teardown();
}
END_TEST

UNIT_MAIN("agent-jobs", long_work_goes_on_as_an_operation, who_does_not_wait_is_answered_soon,
	  no_timer_is_left_behind, a_failure_is_told_by_the_operation, the_same_request_joins,
	  what_was_passed_is_not_joined, what_is_settled_is_not_joined,
	  what_was_made_again_is_not_joined, by_its_name_and_by_its_uuid_it_is_one,
	  by_its_uuid_and_by_its_name_it_is_one, another_one_has_another_uuid,
	  what_was_not_there_may_be_any_uuid, any_uuid_may_be_of_what_was_not_there,
	  who_hangs_up_leaves_an_operation,
	  operations_are_events)
