/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTTP/2 server on a unix socket: h2.h connected to the loop.
 *
 * All functions are for the loop thread and never block.
 */
#ifndef LITEIO_CSI_H2_LISTEN_H
#define LITEIO_CSI_H2_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "h2.h"

struct liteio_error;
struct liteio_h2_listener;
struct liteio_loop;

/**
 * struct liteio_h2_listen_config - how to serve
 * @path: of the socket, at most 107 characters; made with mode 0600, a dead one is replaced
 * @limits: for every connection
 * @connections: at a time; more are closed at once
 * @stall_ms: a peer that takes nothing for this long while we have something to send is cut off
 */
struct liteio_h2_listen_config {
	const char *path;
	struct liteio_h2_limits limits;
	unsigned int connections;
	uint64_t stall_ms;
};

#define LITEIO_H2_LISTEN_CONFIG_DEFAULT \
	{ \
		.limits = LITEIO_H2_LIMITS_DEFAULT, .connections = 64, .stall_ms = 60000 \
	}

/**
 * liteio_h2_listener_new() - begin to serve
 * @loop: the loop
 * @config: copied
 * @ops: borrowed
 * @arg: for @ops
 * @ret: the server, owned by the caller
 * @err: why not, naming the path
 *
 * Return: 0, -EADDRINUSE when a living server has the socket, or another negative errno.
 */
int liteio_h2_listener_new(struct liteio_loop *loop, const struct liteio_h2_listen_config *config,
			   const struct liteio_h2_ops *ops, void *arg,
			   struct liteio_h2_listener **ret, struct liteio_error *err);

/**
 * liteio_h2_listener_shutdown() - accept nothing more, let running requests end
 * @l: the server
 *
 * The socket's file is removed.
 */
void liteio_h2_listener_shutdown(struct liteio_h2_listener *l);

/**
 * liteio_h2_listener_connections() - how many peers are connected
 * @l: the server
 *
 * Return: the number.
 */
unsigned int liteio_h2_listener_connections(const struct liteio_h2_listener *l);

/**
 * liteio_h2_listener_free() - cut all connections and release the server
 * @l: may be NULL
 *
 * Calls @closed for every delivered request.
 */
void liteio_h2_listener_free(struct liteio_h2_listener *l);

#endif
