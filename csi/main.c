// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liteio-csi: the CSI driver. Options, the order of start and end, nothing else.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent_client.h"
#include "base/args.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "busy.h"
#include "csi.h"
#include "grpc.h"
#include "h2_listen.h"
#include "health.h"
#include "kube/client.h"
#include "kube/config.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "model/meta.h"
#include "registration.h"

#define END_GRACE_MS 10000 /* calls that run at the end are repeated by their callers anyway */
#define STOP_GRACE_MS 1000
#define NODE_NAME_MS 60000
#define REGISTRATION_SOCKET "/var/lib/kubelet/plugins_registry/" LITEIO_CSI_DRIVER "-reg.sock"

struct options {
	const char *endpoint;
	int mode;
	const char *node_name;
	const char *agent_socket;
	const char *state_dir;
	bool registration;
	const char *registration_socket;
	const char *kubelet_endpoint;
	const char *kubeconfig;
	const char *health_address;
	uint64_t threads;
	int log_level;
	int log_format;
};

struct program {
	struct options opt;
	struct liteio_loop *loop;
	struct liteio_workers *workers;
	struct liteio_csi csi;
	struct liteio_kube_config kube_config;
	char *node_name;
	struct liteio_grpc *grpc;
	struct liteio_h2_listener *listener;
	struct liteio_registration *registration;
	struct liteio_health *health;
	struct liteio_timer *grace;
};

static const char *const level_names[] = { "error", "warning", "info", "debug", NULL };
static const enum liteio_log_level levels[] = { LITEIO_LOG_ERR, LITEIO_LOG_WARNING, LITEIO_LOG_INFO,
						LITEIO_LOG_DEBUG };
static const char *const format_names[] = { "logfmt", "json", NULL };

enum mode {
	MODE_ALL,
	MODE_CONTROLLER,
	MODE_NODE,
};

static const char *const mode_names[] = { "all", "controller", "node", NULL };

/* sockets are paths; the form that gRPC clients use is taken, too */
static const char *without_scheme(const char *path)
{
	static const char scheme[] = "unix://";

	return strncmp(path, scheme, strlen(scheme)) ? path : path + strlen(scheme);
}

/* 0: go on; else the exit status + 1 */
static int parse_options(int argc, char **argv, struct options *o)
{
	const struct liteio_arg args[] = {
		{ .name = "endpoint", .type = LITEIO_ARG_STRING, .value = &o->endpoint,
		  .metavar = "SOCKET", .help = "of CSI; default unix:///csi/csi.sock" },
		{ .name = "mode", .type = LITEIO_ARG_ENUM, .value = &o->mode,
		  .names = mode_names, .metavar = "MODE",
		  .help = "which half to serve: all (default), controller, node" },
		{ .name = "node-name", .type = LITEIO_ARG_STRING, .value = &o->node_name,
		  .metavar = "NAME", .help = "this node; default: as the agent knows it" },
		{ .name = "agent-socket", .type = LITEIO_ARG_STRING, .value = &o->agent_socket,
		  .metavar = "PATH", .help = "of liteio-agent; default " LITEIO_LOCAL_SOCKET },
		{ .name = "state-dir", .type = LITEIO_ARG_STRING, .value = &o->state_dir,
		  .metavar = "DIR", .help = "what is staged here; default /run/liteio/csi" },
		{ .name = "registration", .type = LITEIO_ARG_FLAG, .value = &o->registration,
		  .help = "with the kubelet (default; =false leaves it to a sidecar)" },
		{ .name = "registration-socket", .type = LITEIO_ARG_STRING,
		  .value = &o->registration_socket, .metavar = "PATH",
		  .help = "default " REGISTRATION_SOCKET },
		{ .name = "kubelet-endpoint", .type = LITEIO_ARG_STRING,
		  .value = &o->kubelet_endpoint, .metavar = "PATH",
		  .help = "--endpoint as the kubelet sees it, when that is another path" },
		{ .name = "kubeconfig", .type = LITEIO_ARG_STRING, .value = &o->kubeconfig,
		  .metavar = "FILE", .help = "credentials; default: the pod's service account" },
		{ .name = "health-address", .type = LITEIO_ARG_STRING, .value = &o->health_address,
		  .metavar = "ADDRESS", .help = "serve /healthz: tcp://127.0.0.1:9811" },
		{ .name = "threads", .type = LITEIO_ARG_U64, .value = &o->threads, .min = 1,
		  .max = 256, .metavar = "N", .help = "calls at a time; default 128" },
		{ .name = "log-level", .type = LITEIO_ARG_ENUM, .value = &o->log_level,
		  .names = level_names, .metavar = "LEVEL", .help = "error, warning, info, debug" },
		{ .name = "log-format", .type = LITEIO_ARG_ENUM, .value = &o->log_format,
		  .names = format_names, .metavar = "FORMAT", .help = "logfmt or json" },
		{ .name = NULL },
	};
	struct liteio_error err = LITEIO_ERROR_INIT;
	enum liteio_args_help help = LITEIO_ARGS_RUN;
	int operand, r;

	r = liteio_args_parse(argc, argv, args, &operand, &help, &err);
	if (r == 0 && help == LITEIO_ARGS_DESCRIBE) {
		liteio_args_print_description(liteio_args_describe("liteio-csi", args));
		return liteio_args_finish("liteio-csi", EXIT_SUCCESS) + 1;
	}
	if (r == 0 && help) {
		printf("usage: liteio-csi [OPTION]...\n\n");
		liteio_args_print(args);
		return liteio_args_finish("liteio-csi", EXIT_SUCCESS) + 1;
	}
	if (r == 0 && operand < argc)
		r = liteio_error_set(&err, -EINVAL, "%s: no operands are taken", argv[operand]);
	if (r < 0) {
		fprintf(stderr, "liteio-csi: %s\n", liteio_error_str(&err, r));
		return 2 + 1;
	}
	o->endpoint = without_scheme(o->endpoint);
	o->registration_socket = without_scheme(o->registration_socket);
	if (!o->kubelet_endpoint)
		o->kubelet_endpoint = o->endpoint;
	return 0;
}

/* ---- the controller's half */

static int watch(struct program *p, const struct liteio_resource *resource,
		 struct liteio_informer **ret, struct liteio_error *err)
{
	const struct liteio_informer_spec spec = { .resource = resource };

	return liteio_informer_new(p->csi.kube, &spec, NULL, NULL, ret, err);
}

static int start_controller(struct program *p, struct liteio_error *err)
{
	int r;

	r = liteio_kube_config_load(p->opt.kubeconfig, &p->kube_config, err);
	if (r == 0)
		r = liteio_kube_new(p->loop, &p->kube_config, "liteio-csi/" LITEIO_CSI_VERSION,
				    &p->csi.kube, err);
	if (r == 0)
		r = watch(p, &liteio_resource_volume, &p->csi.volumes, err);
	if (r == 0)
		r = watch(p, &liteio_resource_snapshot, &p->csi.snapshots, err);
	if (r == 0)
		r = watch(p, &liteio_resource_storagepool, &p->csi.pools, err);
	if (r == 0)
		r = watch(p, &liteio_resource_storagenode, &p->csi.nodes, err);
	if (r == 0)
		r = liteio_csi_add_controller(p->grpc, &p->csi, err);
	return r;
}

static void stop_controller(struct program *p)
{
	liteio_informer_free(p->csi.volumes);
	liteio_informer_free(p->csi.snapshots);
	liteio_informer_free(p->csi.pools);
	liteio_informer_free(p->csi.nodes);
	if (p->csi.kube)
		liteio_kube_free(p->csi.kube);
	liteio_kube_config_fini(&p->kube_config);
}

/* ---- the node's half */

static int find_node_name(struct program *p, struct liteio_error *err)
{
	int r = 0;

	if (p->opt.node_name)
		p->node_name = liteio_strdup(p->opt.node_name);
	else
		r = liteio_agent_node_name(p->csi.agent, liteio_now_ms() + NODE_NAME_MS,
					   &p->node_name, err);
	if (r < 0)
		return liteio_error_wrap(err, r, "the name of this node (--node-name)");
	if (liteio_name_check("node", p->node_name, err) < 0)
		return -EINVAL;
	if (strlen(p->node_name) > LITEIO_NODE_NAME_MAX)
		return liteio_error_set(err, -EINVAL,
					"node name %s is longer than %d characters, as a label may be",
					p->node_name, LITEIO_NODE_NAME_MAX);
	p->csi.node_name = p->node_name;
	return 0;
}

static int start_node(struct program *p, struct liteio_error *err)
{
	int r;

	p->csi.state_dir = p->opt.state_dir;
	p->csi.agent = liteio_agent_client_new(p->opt.agent_socket);
	r = find_node_name(p, err);
	if (r == 0)
		r = liteio_csi_add_node(p->grpc, &p->csi, err);
	return r;
}

/* ---- the whole */

static void quit(void *arg)
{
	struct program *p = arg;

	liteio_loop_quit(p->loop, EXIT_SUCCESS);
}

static void registration_idle(void *arg)
{
	struct program *p = arg;

	liteio_grpc_on_idle(p->grpc, quit, p);
}

/* no new calls; those that run may end, for a while */
static void on_end(void *arg, int signo)
{
	struct program *p = arg;

	log_info(NULL, "%s: ending", strsignal(signo));
	liteio_registration_stop(p->registration);
	liteio_h2_listener_shutdown(p->listener);
	liteio_timer_arm(p->grace, END_GRACE_MS, 0);
	if (p->registration)
		liteio_registration_on_idle(p->registration, registration_idle, p);
	else
		registration_idle(p);
}

static int serve(struct program *p, struct liteio_error *err)
{
	struct liteio_h2_listen_config config = LITEIO_H2_LISTEN_CONFIG_DEFAULT;
	int r;

	config.path = p->opt.endpoint;
	r = liteio_h2_listener_new(p->loop, &config, liteio_grpc_ops(), p->grpc, &p->listener, err);
	if (r == 0 && p->opt.health_address)
		r = liteio_health_new(p->loop, p->workers, p->opt.health_address, &p->health, err);
	if (r == 0 && p->opt.mode != MODE_CONTROLLER && p->opt.registration)
		r = liteio_registration_new(p->loop, p->workers, p->opt.registration_socket,
					    p->opt.kubelet_endpoint, &p->registration, err);
	return r;
}

static int start(struct program *p, struct liteio_error *err)
{
	const struct liteio_grpc_config grpc_config = LITEIO_GRPC_CONFIG_DEFAULT;
	int r;

	r = liteio_loop_new(&p->loop, err);
	if (r == 0)
		r = liteio_loop_on_signal(p->loop, SIGTERM, on_end, p, err);
	if (r == 0)
		r = liteio_loop_on_signal(p->loop, SIGINT, on_end, p, err);
	if (r == 0)
		r = liteio_timer_new(p->loop, quit, p, &p->grace, err);
	if (r == 0)
		r = liteio_workers_new(p->loop, (unsigned int)p->opt.threads, &p->workers, err);
	if (r < 0)
		return r;
	p->csi.busy = liteio_busy_new();
	p->grpc = liteio_grpc_new(p->loop, p->workers, &grpc_config);
	r = liteio_csi_add_identity(p->grpc, &p->csi, err);
	if (r == 0 && p->opt.mode != MODE_NODE)
		r = start_controller(p, err);
	if (r == 0 && p->opt.mode != MODE_CONTROLLER)
		r = start_node(p, err);
	return r == 0 ? serve(p, err) : r;
}

/* a handler that does not end keeps what it uses: the process ends with it */
static void stop(struct program *p)
{
	liteio_health_free(p->health);
	liteio_h2_listener_free(p->listener);
	liteio_registration_stop(p->registration);
	if (p->workers && !liteio_workers_free(p->workers, STOP_GRACE_MS)) {
		log_warning(NULL, "a call did not end");
		return;
	}
	liteio_registration_free(p->registration);
	stop_controller(p);
	liteio_agent_client_free(p->csi.agent);
	liteio_grpc_free(p->grpc);
	liteio_busy_free(p->csi.busy);
	liteio_timer_free(p->grace);
	liteio_loop_free(p->loop);
	free(p->node_name);
}

int main(int argc, char **argv)
{
	struct program p = {
		.opt = { .endpoint = "/csi/csi.sock",
			 .agent_socket = LITEIO_LOCAL_SOCKET,
			 .state_dir = "/run/liteio/csi",
			 .registration = true,
			 .registration_socket = REGISTRATION_SOCKET,
			 .threads = 128,
			 .log_level = 2 },
		.kube_config = { .fds = { -1, -1, -1 } },
	};
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	r = parse_options(argc, argv, &p.opt);
	if (r)
		return r - 1;
	/* who reads what is logged may go away */
	signal(SIGPIPE, SIG_IGN);
	liteio_log_init("liteio-csi", levels[p.opt.log_level],
			(enum liteio_log_format)p.opt.log_format);
	r = start(&p, &err);
	if (r == 0) {
		log_info(NULL, "serving on %s, mode %s", p.opt.endpoint, mode_names[p.opt.mode]);
		r = liteio_loop_run(p.loop);
	} else {
		log_err(NULL, "%s", liteio_error_str(&err, r));
	}
	stop(&p);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
