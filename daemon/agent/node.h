/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who this node is: found out once at start, constant afterwards.
 */
#ifndef LITEIO_AGENT_NODE_H
#define LITEIO_AGENT_NODE_H

#include "host/nvme.h"

struct liteio_config;
struct liteio_error;

/**
 * struct liteio_identity - this node; all strings owned
 * @name: of the node
 * @host: as an NVMe host; made once, kept for ever
 * @host_nqn: of @host
 * @host_id: of @host: kernels refuse one host id under two host NQNs
 * @boot_id: of this boot
 * @kernel: release
 */
struct liteio_identity {
	char *name;
	struct liteio_nvme_host host;
	char *host_nqn;
	char *host_id;
	char *boot_id;
	char *kernel;
};

/**
 * liteio_identity_init() - read, or make and keep, who this node is
 * @id: filled in on success
 * @c: node name and directories
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_identity_init(struct liteio_identity *id, const struct liteio_config *c,
			 struct liteio_error *err);
void liteio_identity_fini(struct liteio_identity *id);

#endif
