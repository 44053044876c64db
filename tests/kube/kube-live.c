// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daemon/kube against a real API server: runs the live tests by name.
 *
 *	kube-live DIR [TEST...]			DIR is a folder of tests/kube/server
 *	kube-live DIR --candidate IDENTITY	compete for a lease until SIGTERM
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/config.h"
#include "live.h"

struct live live;

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "crud", live_crud },
	{ "paging", live_paging },
	{ "errors", live_errors },
	{ "compare-and-swap", live_cas },
	{ "compare-and-swap-threads", live_cas_threads },
	{ "server-side-apply", live_apply },
	{ "status-subresource", live_status },
	{ "asynchronous", live_async },
	{ "token-file", live_token },
	{ "informer", live_informer },
	{ "informer-wait", live_informer_wait },
	{ "informer-offer", live_informer_offer },
	{ "events", live_events },
	{ "lease-kill", live_lease_kill },
	{ "lease-stopped-leader", live_lease_stop },
	{ "lease-release", live_lease_release },
	{ "watch-through-restart", live_restart },
	{ "history-forgotten", live_forgotten },
};

#define N_TESTS (sizeof(tests) / sizeof(tests[0]))

static jmp_buf end_of_test;
static char failure[2048];

void live_failed(const char *file, int line, const char *what, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(failure, sizeof(failure), "%s:%d: %s: ", file, line, what);
	va_start(ap, fmt);
	vsnprintf(failure + n, sizeof(failure) - (size_t)n, fmt, ap);
	va_end(ap);
	longjmp(end_of_test, 1);
}

/* ---- helpers ------------------------------------------------------------------------------ */

struct on_loop {
	void (*fn)(void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool ended;
};

static void run_on_loop(void *arg)
{
	struct on_loop *o = arg;

	o->fn(o->arg);
	pthread_mutex_lock(&o->lock);
	o->ended = true;
	pthread_cond_signal(&o->done);
	pthread_mutex_unlock(&o->lock);
}

void live_on_loop(void (*fn)(void *arg), void *arg)
{
	struct on_loop o = { .fn = fn,
			     .arg = arg,
			     .lock = PTHREAD_MUTEX_INITIALIZER,
			     .done = PTHREAD_COND_INITIALIZER };

	liteio_loop_post(live.loop, run_on_loop, &o);
	pthread_mutex_lock(&o.lock);
	while (!o.ended)
		pthread_cond_wait(&o.done, &o.lock);
	pthread_mutex_unlock(&o.lock);
}

void live_server(const char *verb, const char *who)
{
	const char *const argv[] = { "tests/kube/server", live.dir, verb, who, NULL };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_child_result res = { 0 };
	int r = liteio_child_run(argv, 120000, &res, &err);

	CHECK(!r && !res.status, "%s %s: %s%s", verb, who ?: "", err.msg, res.output ?: "");
	free(res.output);
}

struct liteio_kube *live_client(struct liteio_loop *loop, const char *name)
{
	char *path = liteio_strf("%s/%s.kubeconfig", live.dir, name);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_kube_config cfg;
	struct liteio_kube *k;

	if (liteio_kube_config_load(path, &cfg, &err) ||
	    liteio_kube_new(loop, &cfg, "live/1", &k, &err)) {
		fprintf(stderr, "%s: %s\n", path, err.msg);
		exit(1);
	}
	free(path);
	/* the certificates stay open until the process ends */
	free(cfg.server);
	free(cfg.ca_file);
	free(cfg.token);
	free(cfg.token_file);
	free(cfg.ns);
	return k;
}

uint64_t live_deadline(uint64_t ms)
{
	return liteio_now_ms() + ms;
}

/* ---- running ------------------------------------------------------------------------------ */

static char **wanted;
static int passed, failed;

static bool is_wanted(const char *name)
{
	if (!*wanted)
		return true;
	for (char **w = wanted; *w; w++) {
		if (!strcmp(*w, name))
			return true;
	}
	return false;
}

/* longjmp() may come back here: nothing that has changed since setjmp() is used afterwards */
static void run_test(size_t i)
{
	const uint64_t begin = liteio_now_ms();

	if (!setjmp(end_of_test)) {
		tests[i].run();
		printf("ok - kube/%s (%llu ms)\n", tests[i].name,
		       (unsigned long long)(liteio_now_ms() - begin));
		passed++;
	} else {
		printf("not ok - kube/%s: %s\n", tests[i].name, failure);
		failed++;
	}
	fflush(stdout);
}

static void *run_tests(void *arg)
{
	for (size_t i = 0; i < N_TESTS; i++) {
		if (is_wanted(tests[i].name))
			run_test(i);
	}
	liteio_loop_quit(live.loop, 0);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 2) {
		fprintf(stderr, "usage: kube-live DIR [TEST...]\n");
		return 2;
	}
	liteio_log_init("kube-live", LITEIO_LOG_INFO, LITEIO_LOG_LOGFMT);
	live.dir = argv[1];
	if (argc == 4 && !strcmp(argv[2], "--candidate"))
		return live_candidate(argv[1], argv[3]);
	wanted = &argv[2];
	if (liteio_loop_new(&live.loop, NULL))
		return 1;
	live.a = live_client(live.loop, "a");
	live.b = live_client(live.loop, "b");
	pthread_create(&thread, NULL, run_tests, NULL);
	liteio_loop_run(live.loop);
	pthread_join(thread, NULL);
	printf("kube-live: %d passed, %d failed\n", passed, failed);
	if (failed) {
		/* what a test that ended early has left behind is no leak to report */
		fflush(stdout);
		_exit(1);
	}
	liteio_kube_free(live.a);
	liteio_kube_free(live.b);
	liteio_loop_free(live.loop);
	return 0;
}
