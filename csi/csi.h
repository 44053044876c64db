/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver: what its services share, and the table of each.
 *
 * One process serves the controller's half, the node's half, or both. The controller's half talks
 * to the API server only; the node's half to the local agent only, and needs no right in the
 * cluster.
 */
#ifndef LITEIO_CSI_CSI_H
#define LITEIO_CSI_CSI_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_agent_client;
struct liteio_busy;
struct liteio_error;
struct liteio_grpc;
struct liteio_informer;
struct liteio_kube;

#define LITEIO_CSI_DRIVER "csi.liteio.io"
#define LITEIO_CSI_VERSION "1.0.0"
#define LITEIO_CSI_TOPOLOGY_NODE "topology.liteio.io/node"

/**
 * struct liteio_csi - the driver
 * @busy: names of volumes and snapshots that a call is working on
 * @kube: API server; controller's half
 * @volumes: all Volumes
 * @snapshots: all Snapshots
 * @pools: all StoragePools
 * @nodes: all StorageNodes
 * @node_name: this node; node's half, NULL otherwise
 * @state_dir: where the node's half notes what it has staged, lost with a reboot like the mounts
 * @agent: the local agent; node's half
 */
struct liteio_csi {
	struct liteio_busy *busy;
	struct liteio_kube *kube;
	struct liteio_informer *volumes;
	struct liteio_informer *snapshots;
	struct liteio_informer *pools;
	struct liteio_informer *nodes;
	const char *node_name;
	const char *state_dir;
	struct liteio_agent_client *agent;
};

/* each adds its service to the server; the driver outlives it. Return: 0 or a negative errno */
int liteio_csi_add_identity(struct liteio_grpc *grpc, struct liteio_csi *csi,
			    struct liteio_error *err);
int liteio_csi_add_controller(struct liteio_grpc *grpc, struct liteio_csi *csi,
			      struct liteio_error *err);
int liteio_csi_add_node(struct liteio_grpc *grpc, struct liteio_csi *csi,
			struct liteio_error *err);

#endif
