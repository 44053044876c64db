/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration of the agent: /etc/liteio/agent.json, then the command line over it.
 */
#ifndef LITEIO_AGENT_CONFIG_H
#define LITEIO_AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"

struct liteio_error;

#define LITEIO_CONFIG_FILE "/etc/liteio/agent.json"

/**
 * struct liteio_config - what the admin decides; keys of the file in quotes
 * @node_name: "nodeName"; NULL takes the host's name
 * @socket: "socket" of the local API
 * @socket_group: "socketGroup" that may use it beside root, NULL for root only
 * @listen: "listen": addresses with port where exports are reached; none: that of the environment's
 *          LITEIO_HOST_IP; neither: no remote exports
 * @n_listen: how many
 * @devices: "devices": patterns (glob) of devices and files whose pools are opened without having
 *           been created or imported here before
 * @n_devices: how many
 * @state_dir: "stateDir": what this node must remember (its pools, its host NQN)
 * @host_nqn_dir: "hostNQNDir" with the files hostnqn and hostid; NULL takes @state_dir
 * @kubeconfig: "kubeconfig" of the API server, NULL: the pod's service account
 * @metrics: "metrics", live: where /metrics is served, "unix:///..." or "tcp://..."; NULL: nowhere
 * @standalone: "standalone": no Kubernetes at all
 * @log_level: "logLevel", live, enum as in liteio_config_log_levels
 * @log_format: "logFormat", live, enum liteio_log_format
 */
struct liteio_config {
	char *node_name;
	char *socket;
	char *socket_group;
	char **listen;
	size_t n_listen;
	char **devices;
	size_t n_devices;
	char *state_dir;
	char *host_nqn_dir;
	char *kubeconfig;
	char *metrics;
	bool standalone;
	int log_level;
	int log_format;
};

extern const struct liteio_field liteio_config_fields[];

/**
 * liteio_config_parse() - a configuration from its text
 * @text: JSON; unknown keys and wrong values are refused
 * @len: its length
 * @ret: filled in, defaults included; released with liteio_config_fini()
 * @err: which key, in which line, and what is wrong with it
 *
 * Pure. Return: 0 or -EINVAL.
 */
int liteio_config_parse(const char *text, size_t len, struct liteio_config *ret,
			struct liteio_error *err);

/**
 * liteio_config_load() - file and command line
 * @argc: of main
 * @argv: of main
 * @ret: filled in on success
 * @ret_mode: what else was asked for, enum liteio_config_mode
 * @ret_told: with LITEIO_CONFIG_DESCRIBE what the program says of itself, owned by the caller; may
 *            be NULL for a command line that is known not to ask
 * @err: the sentence
 *
 * The default file may be missing; one named with --config may not. Context: any thread, one at a
 * time: others wait.
 * Return: 0 or a negative errno; -EINVAL is a bad command line or file.
 */
int liteio_config_load(int argc, char **argv, struct liteio_config *ret, int *ret_mode,
		       struct liteio_json **ret_told, struct liteio_error *err);

/**
 * enum liteio_config_mode - what the process is started for
 * @LITEIO_CONFIG_RUN: be the agent
 * @LITEIO_CONFIG_HELP: the help was printed
 * @LITEIO_CONFIG_DESCRIBE: say what the program takes and gives, as JSON (--help=json)
 * @LITEIO_CONFIG_RELEASE: let go of every remote attachment, for the shutdown of the node
 * @LITEIO_CONFIG_THAW: let go of what an agent that is gone held still
 */
enum liteio_config_mode {
	LITEIO_CONFIG_RUN,
	LITEIO_CONFIG_HELP,
	LITEIO_CONFIG_DESCRIBE,
	LITEIO_CONFIG_RELEASE,
	LITEIO_CONFIG_THAW,
};

void liteio_config_fini(struct liteio_config *c);

/* syslog priority of @c->log_level, for liteio_log_init() */
int liteio_config_priority(const struct liteio_config *c);

#endif
