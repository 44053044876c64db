/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may use the local API.
 */
#ifndef LITEIO_AGENT_PEER_H
#define LITEIO_AGENT_PEER_H

#include <stdbool.h>
#include <sys/types.h>

struct liteio_config;
struct liteio_error;

/* the group of the configuration, or (gid_t)-1 for none; -EINVAL when this node has no such one */
int liteio_peer_group(const struct liteio_config *c, gid_t *ret, struct liteio_error *err);

/**
 * liteio_peer_may() - root, or one of the socket's group
 * @c: names the group
 * @uid: of the peer
 * @gid: of the peer
 *
 * The socket's mode keeps others out already; this holds when somebody has changed it. Context:
 * worker: whom to ask is the node's to say; for root any thread. Return: it may.
 */
bool liteio_peer_may(const struct liteio_config *c, uid_t uid, gid_t gid);

#endif
