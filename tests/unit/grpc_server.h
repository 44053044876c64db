/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gRPC server as it runs, for tests that call it: a unix socket in a folder of its own, the
 * loop in its thread, handlers on workers. A process has one.
 */
#ifndef LITEIO_TESTS_GRPC_SERVER_H
#define LITEIO_TESTS_GRPC_SERVER_H

#include <stddef.h>

#include "grpc.h"
#include "h2_listen.h"

struct h2_client;
struct h2_reply;
struct h2_request;
struct liteio_error;
struct liteio_loop;
struct liteio_workers;

/* no call of a test takes so long */
#define GRPC_SERVER_WAIT_MS 20000

/**
 * struct grpc_server - the server
 * @dir: a folder of the test's own, for more than the socket
 * @path: of the socket, in @dir
 * @config: of the listener; may be changed before the start
 * @grpc_config: of the server; may be changed before the start
 * @loop: runs in a thread of its own
 * @workers: where handlers run
 * @grpc: the server
 */
struct grpc_server {
	char dir[64];
	char *path;
	struct liteio_h2_listen_config config;
	struct liteio_grpc_config grpc_config;
	struct liteio_loop *loop;
	struct liteio_workers *workers;
	struct liteio_grpc *grpc;
};

extern struct grpc_server server;

/**
 * struct grpc_server_ops - what a test has behind the server; both run on the loop's thread
 * @begin: add services to server.grpc; 0 or a negative errno
 * @end: release what @begin made: no handler runs any more; may be NULL
 */
struct grpc_server_ops {
	int (*begin)(struct liteio_error *err);
	void (*end)(void);
};

/* make the folder, set the defaults */
void grpc_server_prepare(const char *name);
/* returns when the socket is there; @ops are static */
void grpc_server_start(const struct grpc_server_ops *ops);
/* end it, and remove the folder, in which there is nothing of the test's */
void grpc_server_stop(void);

struct h2_client *grpc_server_dial(void);
/* one whole call: a frame around the bytes, the body of @req; the reply is the client's */
struct h2_reply *grpc_server_call(struct h2_client *c, struct h2_request *req, const void *msg,
				  size_t len);

#endif
