/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * StorageNode: one machine that has pools, consumes volumes, or both. Named like its Kubernetes
 * node. The agent of the node creates the object
 * and writes status; spec and labels belong to the admin.
 */
#ifndef LITEIO_MODEL_NODE_H
#define LITEIO_MODEL_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "model/condition.h"
#include "model/meta.h"

/* the agent's heartbeat is the Lease of this name in the namespace liteio-system */
#define LITEIO_NODE_LEASE_PREFIX "agent-"

struct liteio_node_spec {
	bool cordoned; /* no new volumes here */
	uint64_t max_remote_volumes; /* of this node's pools, consumed elsewhere; 0: no limit */
};

/**
 * struct liteio_node_status - what the agent reports
 * @host_nqn: this node as an NVMe host; paired for ever with @host_id
 * @host_id: uuid
 * @addresses: where exports listen, "192.0.2.1:4420"
 * @n_addresses: how many
 * @kernel: uname release
 * @module: version of liteio.ko, NULL when it is not loaded
 * @agent: version of the agent
 * @boot_id: changes with every boot
 * @conditions: Ready (agent), Alive (controller)
 * @n_conditions: how many
 */
struct liteio_node_status {
	char *host_nqn;
	char *host_id;
	char **addresses;
	size_t n_addresses;
	char *kernel;
	char *module;
	char *agent;
	char *boot_id;
	struct liteio_condition *conditions;
	size_t n_conditions;
};

struct liteio_node {
	struct liteio_meta meta;
	struct liteio_node_spec spec;
	struct liteio_node_status status;
};

extern const struct liteio_field liteio_node_spec_fields[];
extern const struct liteio_field liteio_node_status_fields[];

int liteio_node_parse(const struct liteio_json *j, struct liteio_node *ret,
		      struct liteio_error *err);
void liteio_node_fini(struct liteio_node *n);

#endif
