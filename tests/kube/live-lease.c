// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leases and Events against a real API server. Candidates are processes: one is killed, one is
 * stopped for longer than its lease lasts, one gives its lease back.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/event.h"
#include "kube/lease.h"
#include "kube/object.h"
#include "live.h"

#define DURATION_MS 3000
#define DEADLINE_MS 2000
#define RETRY_MS 300

static struct liteio_error err;

/* ---- a candidate: says on its standard output what happens -------------------------------- */

static struct liteio_lease *lease;

static void say(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
}

static void on_lease(void *arg, bool leading)
{
	say(leading ? "leading" : "lost");
}

static void on_released(void *arg)
{
	say("released");
	liteio_loop_quit(live.loop, 0);
}

static void on_term(void *arg, int signo)
{
	liteio_lease_release(lease, on_released, NULL);
}

static void on_ask(void *arg, int signo)
{
	say(liteio_lease_held(lease) ? "held" : "not held");
}

int live_candidate(const char *dir, const char *identity)
{
	const struct liteio_lease_spec spec = { .ns = "default",
						.name = getenv("LIVE_LEASE"),
						.identity = identity,
						.duration_ms = DURATION_MS,
						.deadline_ms = DEADLINE_MS,
						.retry_ms = RETRY_MS };

	if (liteio_loop_new(&live.loop, &err) ||
	    liteio_loop_on_signal(live.loop, SIGTERM, on_term, NULL, &err) ||
	    liteio_loop_on_signal(live.loop, SIGUSR1, on_ask, NULL, &err))
		return 1;
	live.a = live_client(live.loop, "a");
	if (liteio_lease_new(live.a, &spec, on_lease, NULL, &lease, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	liteio_loop_run(live.loop);
	liteio_lease_free(lease);
	liteio_kube_free(live.a);
	liteio_loop_free(live.loop);
	return 0;
}

/* ---- the one who watches ------------------------------------------------------------------ */

struct candidate {
	pid_t pid;
	int out;
};

static void spawn(struct candidate *c, const char *lease_name, const char *identity)
{
	char *env = liteio_strf("LIVE_LEASE=%s", lease_name);
	char *argv[] = { "kube-live", (char *)(uintptr_t)live.dir, "--candidate",
			 (char *)(uintptr_t)identity, NULL };
	char *envp[] = { env, NULL };
	posix_spawn_file_actions_t actions;
	int fds[2], r;

	CHECK(!pipe2(fds, O_CLOEXEC), "pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	r = posix_spawn(&c->pid, "/proc/self/exe", &actions, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&actions);
	CHECK(!r, "cannot start a candidate: %s", strerror(r));
	close(fds[1]);
	c->out = fds[0];
	free(env);
}

/* the next line of a candidate; "" when it says nothing for so long */
static const char *listen_to(struct candidate *c, uint64_t ms)
{
	static char line[64];
	uint64_t until = live_deadline(ms);
	size_t n = 0;

	while (n + 1 < sizeof(line)) {
		struct pollfd p = { .fd = c->out, .events = POLLIN };
		uint64_t now = liteio_now_ms();

		if (now >= until || poll(&p, 1, (int)(until - now)) <= 0 ||
		    read(c->out, &line[n], 1) != 1 || line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
	return line;
}

static void expect(struct candidate *c, const char *what, uint64_t ms)
{
	const char *said = listen_to(c, ms);

	CHECK(!strcmp(said, what), "a candidate said \"%s\", not \"%s\"", said, what);
}

static void bury(struct candidate *c, int signo)
{
	kill(c->pid, signo);
	waitpid(c->pid, NULL, 0);
	close(c->out);
}

static void check_holder(const char *name, const char *holder, int64_t transitions)
{
	struct liteio_json *obj;

	CHECK(!liteio_kube_get(live.a, &liteio_resource_lease, "default", name, &obj, &err), "%s",
	      err.msg);
	CHECK(!strcmp(liteio_json_get_string(obj, "spec.holderIdentity") ?: "", holder), "%s",
	      liteio_json_get_string(obj, "spec.holderIdentity") ?: "nobody");
	CHECK(liteio_json_get_int(obj, "spec.leaseTransitions", -1) == transitions, "%lld",
	      (long long)liteio_json_get_int(obj, "spec.leaseTransitions", -1));
	liteio_json_unref(obj);
}

void live_lease_kill(void)
{
	struct candidate one, two;
	uint64_t killed;

	spawn(&one, "kill", "one");
	expect(&one, "leading", 20000);
	spawn(&two, "kill", "two");
	/* for longer than a lease lasts, it is renewed and nobody else gets it */
	CHECK(!*listen_to(&two, 2 * DURATION_MS), "two leaders");
	check_holder("kill", "one", 0);
	killed = liteio_now_ms();
	bury(&one, SIGKILL);
	expect(&two, "leading", 20000);
	printf("# took over %llu ms after the leader was killed (lease of %d ms)\n",
	       (unsigned long long)(liteio_now_ms() - killed), DURATION_MS);
	CHECK(liteio_now_ms() - killed >= DURATION_MS - DEADLINE_MS, "too early");
	check_holder("kill", "two", 1);
	bury(&two, SIGKILL);
}

void live_lease_stop(void)
{
	struct candidate one, two;

	spawn(&one, "stop", "one");
	expect(&one, "leading", 20000);
	spawn(&two, "stop", "two");
	kill(one.pid, SIGSTOP);
	expect(&two, "leading", 20000);
	/* the one that was away is asked before it had time to look: it must not believe to lead */
	kill(one.pid, SIGUSR1);
	kill(one.pid, SIGCONT);
	for (int i = 0; i < 2; i++) {
		const char *said = listen_to(&one, 20000);

		CHECK(!strcmp(said, "lost") || !strcmp(said, "not held"), "it said \"%s\"", said);
	}
	CHECK(!*listen_to(&one, DURATION_MS), "two leaders");
	check_holder("stop", "two", 1);
	bury(&one, SIGKILL);
	bury(&two, SIGKILL);
}

void live_lease_release(void)
{
	struct candidate one, two;
	uint64_t begin;

	spawn(&one, "release", "one");
	expect(&one, "leading", 20000);
	spawn(&two, "release", "two");
	CHECK(!*listen_to(&two, RETRY_MS * 3), "two leaders");
	begin = liteio_now_ms();
	kill(one.pid, SIGTERM);
	expect(&one, "released", 20000);
	expect(&two, "leading", 20000);
	/* not after the lease has run out: soon */
	CHECK(liteio_now_ms() - begin < DURATION_MS, "took %llu ms",
	      (unsigned long long)(liteio_now_ms() - begin));
	bury(&one, 0);
	bury(&two, SIGKILL);
}

/* ---- events ------------------------------------------------------------------------------- */

static struct liteio_events *events;

static void start_events(void *arg)
{
	if (liteio_events_new(live.a, "liteio.io/live", "here", &events, &err))
		abort();
}

static void stop_events(void *arg)
{
	liteio_events_free(events);
}

/* our Events about the object, once there are so many */
static struct liteio_json *list_events(size_t wanted)
{
	uint64_t until = live_deadline(30000);

	for (;;) {
		struct liteio_json *ours = liteio_json_new_array();
		struct liteio_json *all = live_list(live.a, &liteio_resource_event, "default",
						    NULL);

		for (size_t i = 0; i < liteio_json_len(all); i++) {
			struct liteio_json *e = liteio_json_at(all, i);
			const char *who = liteio_json_get_string(e, "reportingController");

			if (who && !strcmp(who, "liteio.io/live"))
				liteio_json_append(ours, liteio_json_ref(e));
		}
		liteio_json_unref(all);
		if (liteio_json_len(ours) >= wanted)
			return ours;
		liteio_json_unref(ours);
		CHECK(liteio_now_ms() < until, "fewer than %zu events", wanted);
	}
}

void live_events(void)
{
	struct liteio_json *obj, *list;

	obj = liteio_object_new(&liteio_resource_volume, NULL, "talkative");
	liteio_json_set_string(liteio_json_member(obj, "metadata"), "uid", "u-1");
	live_on_loop(start_events, NULL);
	for (int i = 0; i < 5; i++)
		liteio_event_emit(events, obj, true, "Fencing", "Detach", "still waiting for %s",
				  "node-1");
	liteio_event_emit(events, obj, false, "Provisioned", "Provision", "on pool p1");
	list = list_events(2);
	CHECK(liteio_json_len(list) == 2, "%zu events", liteio_json_len(list));
	for (size_t i = 0; i < 2; i++) {
		const struct liteio_json *e = liteio_json_at(list, i);

		CHECK(!strcmp(liteio_json_get_string(e, "regarding.name"), "talkative"), "name");
		CHECK(!strcmp(liteio_json_get_string(e, "reportingInstance"), "here"), "instance");
		CHECK(liteio_json_get_string(e, "note"), "note");
	}
	liteio_json_unref(list);
	/* a loop gone wrong: the bound holds, and what is beyond is counted */
	for (int i = 0; i < 100; i++)
		liteio_event_emit(events, obj, true, "Loop", "Spin", "round %d", i);
	list = list_events(10);
	liteio_json_unref(list);
	live_on_loop(stop_events, NULL);
	liteio_json_unref(obj);
	list = list_events(2);
	CHECK(liteio_json_len(list) <= 20, "%zu events", liteio_json_len(list));
	liteio_json_unref(list);
}
