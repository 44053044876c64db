// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration of the agent: defaults, then the file, then the command line.
 */
#include "agent/config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/args.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/listen.h"
#include "base/log.h"
#include "base/str.h"
#include "model/local.h"

#define CONFIG_FILE_MAX (64u << 10)
#define LISTEN_MAX LITEIO_LOCAL_ADDRESSES_MAX
#define DEVICES_MAX 64

static const char *const level_names[] = { "error", "warning", "info", "debug", NULL };
static const enum liteio_log_level level_values[] = {
	LITEIO_LOG_ERR,
	LITEIO_LOG_WARNING,
	LITEIO_LOG_INFO,
	LITEIO_LOG_DEBUG,
};
#define LEVEL_INFO 2

static const char *const format_names[] = {
	[LITEIO_LOG_LOGFMT] = "logfmt",
	[LITEIO_LOG_JSON] = "json",
	NULL,
};

#define AT(m) .offset = offsetof(struct liteio_config, m)
#define STRING(k, m, h, mx) \
	{ .key = (k), .type = LITEIO_FIELD_STRING, AT(m), .max = (mx), .help = (h) }
#define STRINGS(k, m, h, mx) \
	{ .key = (k), .type = LITEIO_FIELD_STRINGS, AT(m), \
	  .count_offset = offsetof(struct liteio_config, n_##m), .max = (mx), .help = (h) }
#define BOOL(k, m, h) { .key = (k), .type = LITEIO_FIELD_BOOL, AT(m), .help = (h) }
#define LIVE_STRING(k, m, h, mx) \
	{ .key = (k), .type = LITEIO_FIELD_STRING, .flags = LITEIO_FIELD_LIVE, AT(m), \
	  .max = (mx), .help = (h) }
#define LIVE_ENUM(k, m, h, n) \
	{ .key = (k), .type = LITEIO_FIELD_ENUM, .flags = LITEIO_FIELD_LIVE, AT(m), .names = (n), \
	  .help = (h) }

const struct liteio_field liteio_config_fields[] = {
	STRING("nodeName", node_name, "Name of this node. Without it: the host's name.", 63),
	STRING("socket", socket, "Socket of the local API. Without it: " LITEIO_LOCAL_SOCKET ".",
	       100),
	STRING("socketGroup", socket_group,
	       "Group whose members may use the local API beside root. Without it: root alone.",
	       64),
	STRINGS("listen", listen,
		"Addresses of this node, each with or without port, where other nodes reach its volumes. Without it: that of the environment variable LITEIO_HOST_IP; without that, volumes are local only.",
		LISTEN_MAX),
	STRINGS("devices", devices,
		"Patterns of devices and files: the pools on them are opened at the start, although they were neither made nor imported on this node.",
		DEVICES_MAX),
	STRING("stateDir", state_dir,
	       "Folder of what this node must remember. Without it: /var/lib/liteio.",
	       LITEIO_LOCAL_PATH_MAX),
	STRING("hostNQNDir", host_nqn_dir,
	       "Folder with the files hostnqn and hostid: who this node is as an NVMe host. Without it: stateDir.",
	       LITEIO_LOCAL_PATH_MAX),
	STRING("kubeconfig", kubeconfig,
	       "Credentials for the API server. Without it: the pod's service account.",
	       LITEIO_LOCAL_PATH_MAX),
	LIVE_STRING("metrics", metrics,
		    "Where numbers are served as /metrics in the OpenMetrics format: unix:///run/liteio/metrics.sock, for root and socketGroup, or tcp://127.0.0.1:9809, for whoever can connect. Without it: nowhere.",
		    LITEIO_LOCAL_PATH_MAX),
	BOOL("standalone", standalone, "Do without Kubernetes."),
	LIVE_ENUM("logLevel", log_level, "What is logged. Without it: info.", level_names),
	LIVE_ENUM("logFormat", log_format, "How it is logged. Without it: logfmt.", format_names),
	{ .key = NULL },
};

void liteio_config_fini(struct liteio_config *c)
{
	liteio_json_fini(c, liteio_config_fields);
}

int liteio_config_priority(const struct liteio_config *c)
{
	return level_values[c->log_level];
}

static void default_string(char **field, const char *value)
{
	if (!*field)
		*field = liteio_strdup(value);
}

/* what no table can say; called when file and command line are both in */
static int config_check(const struct liteio_config *c, struct liteio_error *err)
{
	const struct {
		const char *key;
		const char *path;
	} paths[] = {
		{ "socket", c->socket },
		{ "stateDir", c->state_dir },
		{ "hostNQNDir", c->host_nqn_dir },
		{ "kubeconfig", c->kubeconfig },
	};
	size_t i;
	int r;

	for (i = 0; i < LITEIO_ARRAY_SIZE(paths); i++)
		if (paths[i].path && paths[i].path[0] != '/')
			return liteio_error_set(err, -EINVAL, "%s: \"%s\" is not an absolute path",
						paths[i].key, paths[i].path);
	if (c->node_name) {
		r = liteio_name_check("node", c->node_name, err);
		if (r < 0)
			return liteio_error_wrap(err, r, "nodeName");
	}
	if (c->metrics) {
		r = liteio_listen_check(c->metrics, err);
		if (r < 0)
			return liteio_error_wrap(err, r, "metrics");
	}
	for (i = 0; i < c->n_listen; i++) {
		_cleanup_free_ char *host = NULL;
		uint16_t port;

		r = liteio_local_address_parse(c->listen[i], &host, &port, err);
		if (r < 0)
			return liteio_error_wrap(err, r, "listen[%zu]", i);
	}
	for (i = 0; i < c->n_devices; i++)
		if (c->devices[i][0] != '/')
			return liteio_error_set(err, -EINVAL,
						"devices[%zu]: \"%s\" is not an absolute path", i,
						c->devices[i]);
	return 0;
}

static int config_decode(const char *text, size_t len, struct liteio_config *ret,
			 struct liteio_error *err)
{
	struct liteio_config c = { .log_level = LEVEL_INFO };
	struct liteio_json *j;
	int r;

	r = liteio_json_parse_strict(text, len, &j, err);
	if (r < 0) {
		liteio_json_wrap_line(err, text, len);
		return r;
	}
	r = liteio_json_decode(j, liteio_config_fields, LITEIO_JSON_STRICT, &c, err);
	liteio_json_unref(j);
	if (r < 0) {
		liteio_json_wrap_line(err, text, len);
		return r;
	}
	default_string(&c.socket, LITEIO_LOCAL_SOCKET);
	default_string(&c.state_dir, "/var/lib/liteio");
	*ret = c;
	return 0;
}

int liteio_config_parse(const char *text, size_t len, struct liteio_config *ret,
			struct liteio_error *err)
{
	struct liteio_config c;
	int r;

	r = config_decode(text, len, &c, err);
	if (r < 0)
		return r;
	r = config_check(&c, err);
	if (r < 0) {
		liteio_config_fini(&c);
		liteio_json_wrap_line(err, text, len);
		return r;
	}
	*ret = c;
	return 0;
}

/* the values of the command line; NULL where nothing was said */
struct command_line {
	const char *config;
	const char *node_name;
	const char *socket;
	const char *listen;
	const char *kubeconfig;
	const char *state_dir;
	const char *metrics;
	bool standalone;
	bool release;
	bool thaw;
};

static void override_string(char **field, const char *value)
{
	if (!value)
		return;
	free(*field);
	*field = liteio_strdup(value);
}

/* "--listen a,b" replaces the list of the file */
static int override_listen(struct liteio_config *c, const char *value, struct liteio_error *err)
{
	_cleanup_free_ char *copy = NULL;
	char *fields[LISTEN_MAX + 1];
	size_t i, n;

	if (!value)
		return 0;
	copy = liteio_strdup(value);
	n = liteio_split(copy, ',', fields, LISTEN_MAX + 1);
	if (n > LISTEN_MAX)
		return liteio_error_set(err, -EINVAL, "--listen: more than %d addresses",
					LISTEN_MAX);
	for (i = 0; i < c->n_listen; i++)
		free(c->listen[i]);
	free(c->listen);
	c->listen = liteio_calloc(n, sizeof(*c->listen));
	c->n_listen = n;
	for (i = 0; i < n; i++)
		c->listen[i] = liteio_strdup(fields[i]);
	return 0;
}

/* in a pod nobody knows the node's address beforehand, but the one who starts it */
static const char *listen_of(const struct liteio_config *c, const struct command_line *cl)
{
	const char *host_ip = getenv("LITEIO_HOST_IP");

	if (cl->listen || c->n_listen > 0 || !host_ip || !host_ip[0])
		return cl->listen;
	return host_ip;
}

static int override(struct liteio_config *c, const struct command_line *cl,
		    struct liteio_error *err)
{
	override_string(&c->node_name, cl->node_name);
	override_string(&c->socket, cl->socket);
	override_string(&c->kubeconfig, cl->kubeconfig);
	override_string(&c->state_dir, cl->state_dir);
	override_string(&c->metrics, cl->metrics);
	if (cl->standalone)
		c->standalone = true;
	return override_listen(c, listen_of(c, cl), err);
}

static int config_read(const char *path, bool may_be_missing, char **ret, size_t *ret_len,
		       struct liteio_error *err)
{
	int r;

	if (may_be_missing && !liteio_fs_exists(path)) {
		*ret = liteio_strdup("{}");
		*ret_len = 2;
		return 0;
	}
	r = liteio_fs_read(path, CONFIG_FILE_MAX, ret, ret_len, err);
	return r < 0 ? r : 0;
}

/* what can be said in the file is part of it */
static struct liteio_json *describe(const struct liteio_arg *args)
{
	struct liteio_json *d = liteio_args_describe("liteio-agent", args);

	liteio_json_set(d, "configuration", liteio_json_describe(liteio_config_fields));
	return d;
}

static int command_line_parse(int argc, char **argv, struct command_line *cl, int *ret_mode,
			      struct liteio_json **ret_told, struct liteio_error *err)
{
	const struct liteio_arg args[] = {
		{ "config", 'c', LITEIO_ARG_STRING, &cl->config, .metavar = "FILE",
		  .help = "configuration (" LITEIO_CONFIG_FILE ")" },
		{ "node-name", 0, LITEIO_ARG_STRING, &cl->node_name, .metavar = "NAME",
		  .help = "name of this node (the host's name)" },
		{ "socket", 0, LITEIO_ARG_STRING, &cl->socket, .metavar = "PATH",
		  .help = "local API (" LITEIO_LOCAL_SOCKET ")" },
		{ "listen", 0, LITEIO_ARG_STRING, &cl->listen, .metavar = "ADDR[:PORT],...",
		  .help = "where other nodes reach the volumes of this one" },
		{ "kubeconfig", 0, LITEIO_ARG_STRING, &cl->kubeconfig, .metavar = "FILE",
		  .help = "how to reach the API server (the pod's service account)" },
		{ "state-dir", 0, LITEIO_ARG_STRING, &cl->state_dir, .metavar = "DIR",
		  .help = "what this node must remember (/var/lib/liteio)" },
		{ "metrics", 0, LITEIO_ARG_STRING, &cl->metrics, .metavar = "ADDRESS",
		  .help = "serve /metrics at unix:///PATH or tcp://IP:PORT (nowhere)" },
		{ "standalone", 0, LITEIO_ARG_FLAG, &cl->standalone,
		  .help = "without Kubernetes" },
		{ "release", 0, LITEIO_ARG_FLAG, &cl->release,
		  .help = "let go of every remote volume and end: the node shuts down" },
		{ "thaw", 0, LITEIO_ARG_FLAG, &cl->thaw,
		  .help = "let go of volumes that an agent left suspended, and end" },
		{ .name = NULL },
	};
	enum liteio_args_help help;
	int operand, r;

	r = liteio_args_parse(argc, argv, args, &operand, &help, err);
	if (r < 0)
		return r;
	if (help == LITEIO_ARGS_DESCRIBE && ret_told) {
		*ret_told = describe(args);
		*ret_mode = LITEIO_CONFIG_DESCRIBE;
		return 0;
	}
	if (help) {
		*ret_mode = LITEIO_CONFIG_HELP;
		printf("liteio-agent: pools, volumes, exports and attachments of this node\n\n");
		liteio_args_print(args);
		return 0;
	}
	if (operand < argc)
		return liteio_error_set(err, -EINVAL, "\"%s\": no operands are taken",
					argv[operand]);
	if (cl->release && cl->thaw)
		return liteio_error_set(err, -EINVAL, "--release and --thaw: one at a time");
	*ret_mode = cl->release ? LITEIO_CONFIG_RELEASE :
		    cl->thaw	? LITEIO_CONFIG_THAW :
				  LITEIO_CONFIG_RUN;
	return 0;
}

/* the file, or what holds without one */
static int file_load(const struct command_line *cl, struct liteio_config *ret,
		     struct liteio_error *err)
{
	const char *path = cl->config ? cl->config : LITEIO_CONFIG_FILE;
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	r = config_read(path, !cl->config, &text, &len, err);
	if (r < 0)
		return r;
	/* what the file says is right or wrong whatever the command line says */
	r = liteio_config_parse(text, len, ret, err);
	return r < 0 ? liteio_error_wrap(err, r, "%s", path) : 0;
}

/* getopt keeps where it is in variables of the process */
static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;

int liteio_config_load(int argc, char **argv, struct liteio_config *ret, int *ret_mode,
		       struct liteio_json **ret_told, struct liteio_error *err)
{
	struct command_line cl = { 0 };
	struct liteio_config c;
	int mode = LITEIO_CONFIG_RUN, r;

	liteio_guard(&load_lock);
	r = command_line_parse(argc, argv, &cl, &mode, ret_told, err);
	if (r < 0)
		return r;
	if (mode == LITEIO_CONFIG_HELP || mode == LITEIO_CONFIG_DESCRIBE) {
		*ret_mode = mode;
		return 0;
	}
	r = file_load(&cl, &c, err);
	/* wanted most when no agent starts, and a file with a mistake is why */
	if (r < 0 && mode == LITEIO_CONFIG_THAW)
		r = liteio_config_parse("{}", 2, &c, err);
	if (r < 0)
		return r;
	r = override(&c, &cl, err);
	if (r == 0)
		r = config_check(&c, err);
	if (r < 0) {
		liteio_config_fini(&c);
		return r;
	}
	*ret = c;
	*ret_mode = mode;
	return 0;
}
