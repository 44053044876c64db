// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liteio-agent: builds the context up, lets the loop run, takes it down again.
 *
 * Ending the agent changes nothing in the kernel: I/O goes on, and the next agent adopts what it
 * finds.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/api.h"
#include "agent/arrival.h"
#include "agent/cluster.h"
#include "agent/crowd.h"
#include "agent/door.h"
#include "agent/locks.h"
#include "agent/metrics.h"
#include "agent/node_lock.h"
#include "agent/pools.h"
#include "agent/release.h"
#include "agent/reload.h"
#include "agent/restore.h"
#include "agent/thaw.h"
#include "agent/used.h"
#include "agent/watch.h"
#include "base/args.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/heap.h"
#include "base/json.h"
#include "base/lazy.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/worker.h"
#include "host/dm.h"
#include "host/head.h"
#include "host/kmodule.h"
#include "host/nvme.h"
#include "pool/pool.h"
#include "pool/step.h"

#define EXIT_USAGE 2
/* threads, which are started when they are needed, and end when they are not any more */
#define WORKERS_MAX 256
#define URGENT_MAX 64
_Static_assert(WORKERS_MAX > LITEIO_CROWD_BEGUN_ALL && URGENT_MAX > LITEIO_CROWD_FENCES_ALL,
	       "some are for what is of no pool");
/* pools are asked side by side, each by one at a time */
#define LOOKS_MAX 128
/* as many are waited for together; one that hangs keeps none of these */
#define ASKERS_MAX 64
/* jobs that are under way at the end are cut off after this: they are safe to be cut anywhere */
#define GRACE_MS 20000
#define LOOKS_GRACE_MS 2000
/* the start, or that of the next agent, waits so long for what is suspended */
#define THAW_MS 5000

/* what a node can do without: said once, and again in its features */
static void load_module(void)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_kmodule_load("liteio", &err);

	if (r < 0)
		log_warning(NULL,
			    "the module liteio can not be loaded, only local volumes are served: %s",
			    liteio_error_str(&err, r));
}

/* an earlier agent has attached them all the same: they work, and can not wait */
static void look_for_multipath(void)
{
	struct liteio_head_state *heads _cleanup_free_ = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	bool is_some = false;
	size_t n = 0;
	int r;

	/* without the host's module nothing is attached */
	r = liteio_nvme_check_multipath(&err);
	if (!r || !liteio_kmodule_is_loaded("nvme_core") || liteio_head_list(&heads, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++)
		is_some = is_some || heads[i].head.remote;
	if (is_some)
		log_warning(NULL, "volumes of other nodes are attached here: %s",
			    liteio_error_str(&err, r));
}

static void restore_run(void *arg)
{
	struct liteio_agent *a = arg;

	/* before any disk is read: one may be slow, or hang */
	(void)liteio_thaw(a->thawers, a->locks, THAW_MS);
	look_for_multipath();
	liteio_restore_start(a);
	/* what only the start has needed */
	liteio_heap_give_back();
}

static void join_cluster(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	r = liteio_cluster_new(a, &a->cluster, &err);
	if (r == -ENOENT) {
		log_info(NULL, "no Kubernetes here, working alone: %s", liteio_error_str(&err, r));
	} else if (r < 0) {
		log_err(NULL, "the cluster can not be joined: %s", liteio_error_str(&err, r));
		liteio_loop_quit(a->loop, EXIT_FAILURE);
	}
}

/* without it a pool whose disk comes late is imported by hand */
static void start_arrival(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_arrival_start(a, &a->arrival, &err);

	if (r < 0)
		log_err(NULL, "disks that come late are not noticed: %s",
			liteio_error_str(&err, r));
}

static void restore_done(void *arg)
{
	struct liteio_agent *a = arg;

	a->ready = true;
	log_info(NULL, "ready");
	liteio_loop_ready();
	liteio_watch_look(a->watch);
	start_arrival(a);
	if (!a->config.standalone)
		join_cluster(a);
	liteio_lazy_forget_code();
}

static void thaw_run(void *arg)
{
	struct liteio_agent *a = arg;

	(void)liteio_thaw(a->thawers, a->locks, THAW_MS);
}

static void on_dead_gone(void *arg, int fd, unsigned int events)
{
	struct liteio_agent *a = arg;

	log_info(NULL, "the agent that was killed is gone");
	for (size_t i = 0; i < a->dead.n; i++) {
		if (a->dead.fds[i] != fd)
			continue;
		liteio_io_free(a->dead_io[i]);
		a->dead_io[i] = NULL;
	}
	liteio_worker_submit(a->workers, NULL, thaw_run, NULL, a);
}

/* without it what it may still suspend is found by the doctor */
static void watch_dead(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	for (size_t i = 0; i < a->dead.n; i++)
		if (liteio_io_new(a->loop, a->dead.fds[i], LITEIO_IO_READ, on_dead_gone, a,
				  &a->dead_io[i], &err))
			log_err(NULL, "the end of the agent that was killed is not noticed: %s",
				err.msg);
}

static void on_signal(void *arg, int signo)
{
	struct liteio_agent *a = arg;

	log_info(NULL, "ending: signal %d", signo);
	liteio_loop_quit(a->loop, 0);
}

static void on_reload(void *arg, int signo)
{
	liteio_reload(arg);
}

/* an address that is taken is no reason to leave volumes alone */
static void start_metrics(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_metrics_listen(a, a->config.metrics, &err);

	if (r < 0)
		log_err(NULL, "metrics: there are none: %s", liteio_error_str(&err, r));
}

/* without it pools are looked at when somebody asks for them */
static void start_watch(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_watch_start(a, &a->watch, &err);

	if (r < 0)
		log_err(NULL, "changes of pools are not noticed: %s", liteio_error_str(&err, r));
}

static int agent_init(struct liteio_agent *a, struct liteio_error *err)
{
	int r;

	r = liteio_identity_init(&a->identity, &a->config, err);
	if (r == 0)
		r = liteio_pool_prepare(err);
	if (r == 0)
		r = liteio_loop_new(&a->loop, err);
	if (r == 0)
		r = liteio_loop_on_signal(a->loop, SIGTERM, on_signal, a, err);
	if (r == 0)
		r = liteio_loop_on_signal(a->loop, SIGINT, on_signal, a, err);
	if (r == 0)
		r = liteio_loop_on_signal(a->loop, SIGHUP, on_reload, a, err);
	if (r == 0)
		r = liteio_workers_new(a->loop, WORKERS_MAX, &a->workers, err);
	if (r == 0)
		r = liteio_workers_new(a->loop, URGENT_MAX, &a->urgent, err);
	if (r == 0)
		r = liteio_workers_new(a->loop, LOOKS_MAX, &a->looks, err);
	if (r == 0)
		r = liteio_workers_new(a->loop, ASKERS_MAX, &a->askers, err);
	if (r == 0)
		r = liteio_workers_new(a->loop, LITEIO_THAW_MAX, &a->thawers, err);
	if (r < 0)
		return r;
	a->locks = liteio_locks_new();
	a->pools = liteio_pools_new();
	a->used = liteio_used_new();
	liteio_pools_set_workers(a->pools, a->looks, a->askers);
	a->door = liteio_door_new();
	r = liteio_api_start(a, err);
	if (r == 0) {
		start_metrics(a);
		start_watch(a);
		watch_dead(a);
	}
	return r;
}

/* false: a job is stuck in the kernel; its memory is left to the end of the process */
static bool agent_stop(struct liteio_agent *a)
{
	bool ended = true;

	liteio_api_stop(a);
	liteio_metrics_stop(a);
	liteio_watch_stop(a->watch);
	for (size_t i = 0; i < a->dead.n; i++) {
		liteio_io_free(a->dead_io[i]);
		a->dead_io[i] = NULL;
	}
	liteio_arrival_stop(a->arrival);
	liteio_cluster_free(a->cluster);
	if (a->workers)
		ended = liteio_workers_free(a->workers, GRACE_MS) && ended;
	if (a->urgent)
		ended = liteio_workers_free(a->urgent, GRACE_MS) && ended;
	/* when nobody waits for them any more; a question can be cut anywhere */
	if (a->askers)
		ended = liteio_workers_free(a->askers, LOOKS_GRACE_MS) && ended;
	if (a->looks)
		ended = liteio_workers_free(a->looks, LOOKS_GRACE_MS) && ended;
	if (a->thawers)
		ended = liteio_workers_free(a->thawers, LOOKS_GRACE_MS) && ended;
	return ended;
}

static void agent_fini(struct liteio_agent *a)
{
	liteio_metrics_free(a);
	liteio_watch_free(a->watch);
	liteio_arrival_free(a->arrival);
	liteio_door_free(a->door);
	liteio_pools_free(a->pools);
	liteio_used_free(a->used);
	liteio_locks_free(a->locks);
	liteio_loop_free(a->loop);
	liteio_identity_fini(&a->identity);
	liteio_config_fini(&a->config);
}

static int run(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	load_module();
	r = agent_init(a, &err);
	if (r == 0) {
		log_info(NULL, "agent %s on node %s", LITEIO_AGENT_VERSION, a->identity.name);
		liteio_worker_submit(a->workers, NULL, restore_run, restore_done, a);
		r = liteio_loop_run(a->loop);
		if (r < 0)
			liteio_error_set(&err, r, "the event loop failed");
	}
	if (r < 0)
		log_err(NULL, "%s", liteio_error_str(&err, r));
	if (!agent_stop(a)) {
		log_warning(NULL, "operations that hang in the kernel were left behind");
		_exit(r ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	agent_fini(a);
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* when an agent has ended, and maybe no other one starts */
static int thaw_only(struct liteio_agent *a)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	unsigned int left = 1;
	bool ended = true;
	int r;

	r = liteio_dm_init(&err);
	if (r == 0)
		r = liteio_loop_new(&a->loop, &err);
	if (r == 0)
		r = liteio_workers_new(a->loop, LITEIO_THAW_MAX, &a->thawers, &err);
	if (r == 0) {
		left = liteio_thaw(a->thawers, NULL, THAW_MS);
		/* what hangs is left behind, and what has nothing to do ends in a moment */
		ended = liteio_workers_free(a->thawers, left ? 0 : LOOKS_GRACE_MS);
	} else {
		log_err(NULL, "%s", liteio_error_str(&err, r));
	}
	if (!ended)
		_exit(left ? EXIT_FAILURE : EXIT_SUCCESS);
	liteio_loop_free(a->loop);
	liteio_config_fini(&a->config);
	return left ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* what it can be told to kill itself after: for tests, which have to know them all */
static struct liteio_json *describe_steps(void)
{
	_cleanup_free_ const char **names = liteio_step_names();
	struct liteio_json *steps = liteio_json_new_array();

	for (size_t i = 0; names[i]; i++)
		liteio_json_append(steps, liteio_json_new_string(names[i]));
	return steps;
}

int main(int argc, char **argv)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	_cleanup_close_ int lock = -1;
	struct liteio_agent a = { .argc = argc, .argv = argv };
	struct liteio_json *told;
	int mode, r;

	liteio_heap_init();
	r = liteio_config_load(argc, argv, &a.config, &mode, &told, &err);
	if (r < 0) {
		fprintf(stderr, "liteio-agent: %s\n", liteio_error_str(&err, r));
		return EXIT_USAGE;
	}
	if (mode == LITEIO_CONFIG_DESCRIBE) {
		liteio_json_set(told, "api", liteio_api_describe());
		liteio_json_set(told, "steps", describe_steps());
		liteio_args_print_description(told);
	}
	if (mode == LITEIO_CONFIG_HELP || mode == LITEIO_CONFIG_DESCRIBE)
		return liteio_args_finish("liteio-agent", EXIT_SUCCESS);
	liteio_log_init("liteio-agent", liteio_config_priority(&a.config), a.config.log_format);
	if (mode == LITEIO_CONFIG_RELEASE) {
		r = liteio_dm_init(&err);
		liteio_config_fini(&a.config);
		return r == 0 && liteio_release_all() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	r = liteio_node_lock(a.config.state_dir, &lock, &a.dead, &err);
	if (r < 0) {
		log_err(NULL, "%s", liteio_error_str(&err, r));
		return EXIT_FAILURE;
	}
	return mode == LITEIO_CONFIG_THAW ? thaw_only(&a) : run(&a);
}
