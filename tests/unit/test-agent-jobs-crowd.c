// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local API over its socket, with many who ask: neither jobs that hang nor requests that wait
 * keep others from being heard.
 *
 * unit-src: daemon/agent/api.c daemon/agent/jobs.c daemon/agent/operations.c daemon/agent/reply.c
 * unit-src: daemon/agent/peer.c daemon/agent/route.c daemon/agent/events.c
 * unit-src: daemon/agent/ops_operation.c daemon/agent/about.c daemon/agent/crowd.c
 */
#include "agent/crowd.h"
#include "jobs_api.h"

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
	/* it is heard when one that came later is answered */
	ck_assert_uint_eq(n_operations("running"), 0);
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
		local_call_cancel(crowd[i].call);
	liteio_api_stop(&agent);
	let_go();
	ck_assert(liteio_workers_free(agent.workers, ANSWER_MS));
	ck_assert_uint_eq(gate.runs, LITEIO_CROWD_BEGUN_MAX);
}
END_TEST

UNIT_MAIN("agent-jobs-crowd", requests_that_hang_keep_nobody_out, those_who_wait_longest_make_room,
	  a_pool_that_hangs_leaves_workers_for_others, a_pool_that_hangs_collects_few,
	  what_is_parked_is_dropped_at_the_end)
