// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liteio-controller: places volumes, gives generations, asks for fences.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/args.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/uuid.h"
#include "controller/controller.h"

static const char *const level_names[] = { "error", "warning", "info", "debug", NULL };
static const enum liteio_log_level levels[] = { LITEIO_LOG_ERR, LITEIO_LOG_WARNING, LITEIO_LOG_INFO,
						LITEIO_LOG_DEBUG };
static const char *const format_names[] = { "logfmt", "json", NULL };

static void on_signal(void *arg, int signo)
{
	liteio_controller_stop(arg);
}

/*
 * The pod's name: a container that is started again in its pod goes on with the Lease it holds.
 * Outside of a pod the host's name, and something that no other process ever has.
 */
static char *own_identity(void)
{
	const char *pod = getenv("POD_NAME");
	char host[256] = "controller";
	char id[LITEIO_UUID_STRLEN + 1];
	struct liteio_uuid u;

	if (pod && *pod)
		return liteio_strdup(pod);
	gethostname(host, sizeof(host) - 1);
	liteio_uuid_random(&u);
	liteio_uuid_format(&u, id);
	return liteio_strf("%s_%s", host, id);
}

static int run(struct liteio_controller *c, const struct liteio_controller_options *opt,
	       struct liteio_error *err)
{
	int r;

	r = liteio_loop_new(&c->loop, err);
	if (!r)
		r = liteio_loop_on_signal(c->loop, SIGTERM, on_signal, c, err);
	if (!r)
		r = liteio_loop_on_signal(c->loop, SIGINT, on_signal, c, err);
	if (r)
		return r;
	r = liteio_controller_start(c, opt, err);
	if (!r) {
		log_info(NULL, "started as %s", opt->identity);
		r = liteio_loop_run(c->loop);
	}
	liteio_controller_fini(c);
	return r;
}

int main(int argc, char **argv)
{
	struct liteio_controller_options opt = { .leader_elect = true, .ns = "liteio-system" };
	_cleanup_free_ char *identity = own_identity();
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_controller c = { 0 };
	int level = 2, format = 0, operand, r;
	enum liteio_args_help help = LITEIO_ARGS_RUN;
	const struct liteio_arg args[] = {
		{ .name = "kubeconfig", .type = LITEIO_ARG_STRING, .value = &opt.kubeconfig,
		  .metavar = "FILE", .help = "credentials; default: the pod's service account" },
		{ .name = "leader-elect", .type = LITEIO_ARG_FLAG, .value = &opt.leader_elect,
		  .help = "work only while holding the Lease (default)" },
		{ .name = "namespace", .type = LITEIO_ARG_STRING, .value = &opt.ns,
		  .metavar = "NAME", .help = "where the Leases are; default liteio-system" },
		{ .name = "health-address", .type = LITEIO_ARG_STRING, .value = &opt.health_address,
		  .metavar = "ADDRESS", .help = "serve /healthz and /readyz: tcp://[::]:9810" },
		{ .name = "log-level", .type = LITEIO_ARG_ENUM, .value = &level,
		  .names = level_names, .metavar = "LEVEL", .help = "error, warning, info, debug" },
		{ .name = "log-format", .type = LITEIO_ARG_ENUM, .value = &format,
		  .names = format_names, .metavar = "FORMAT", .help = "logfmt or json" },
		{ .name = NULL },
	};

	r = liteio_args_parse(argc, argv, args, &operand, &help, &err);
	if (!r && help == LITEIO_ARGS_DESCRIBE) {
		liteio_args_print_description(liteio_args_describe("liteio-controller", args));
		return liteio_args_finish("liteio-controller", EXIT_SUCCESS);
	}
	if (!r && help) {
		printf("usage: liteio-controller [OPTION]...\n\n");
		liteio_args_print(args);
		return liteio_args_finish("liteio-controller", EXIT_SUCCESS);
	}
	if (!r && operand < argc)
		r = liteio_error_set(&err, -1, "%s: no operands are taken", argv[operand]);
	if (r) {
		fprintf(stderr, "liteio-controller: %s\n", liteio_error_str(&err, r));
		return 2;
	}
	opt.identity = identity;
	liteio_log_init("liteio-controller", levels[level], (enum liteio_log_format)format);
	r = run(&c, &opt, &err);
	if (r < 0)
		log_err(NULL, "%s", liteio_error_str(&err, r));
	liteio_loop_free(c.loop);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
