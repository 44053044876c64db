// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gRPC server as it runs, for tests that call it.
 */
#include <check.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "grpc_server.h"
#include "h2_client.h"

#define FRAME_BYTES 5
#define THREADS 8

struct grpc_server server;

static const struct grpc_server_ops *ops;
static struct liteio_h2_listener *listener;
static pthread_t thread;
static sem_t started;

static void quit(void *arg)
{
	liteio_loop_quit(server.loop, 0);
}

/* the connections first, so that handlers find nobody waiting; then when the last one has ended */
static void end(void *arg)
{
	liteio_h2_listener_free(take_ptr(listener));
	liteio_grpc_on_idle(server.grpc, quit, NULL);
}

static void *serve(void *arg)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_loop_new(&server.loop, &err), 0);
	ck_assert_int_eq(liteio_workers_new(server.loop, THREADS, &server.workers, &err), 0);
	server.grpc = liteio_grpc_new(server.loop, server.workers, &server.grpc_config);
	ck_assert_msg(ops->begin(&err) == 0, "%s", err.msg);
	ck_assert_msg(liteio_h2_listener_new(server.loop, &server.config, liteio_grpc_ops(),
					     server.grpc, &listener, &err) == 0,
		      "%s", err.msg);
	sem_post(&started);
	liteio_loop_run(server.loop);
	liteio_workers_free(server.workers, GRPC_SERVER_WAIT_MS);
	if (ops->end)
		ops->end();
	liteio_grpc_free(server.grpc);
	liteio_loop_free(server.loop);
	return NULL;
}

void grpc_server_prepare(const char *name)
{
	liteio_log_init(name, LITEIO_LOG_ERR, LITEIO_LOG_LOGFMT);
	strcpy(server.dir, "/tmp/liteio-grpc-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(server.dir));
	server.path = liteio_strf("%s/csi.sock", server.dir);
	server.config = (struct liteio_h2_listen_config)LITEIO_H2_LISTEN_CONFIG_DEFAULT;
	server.config.path = server.path;
	server.grpc_config = (struct liteio_grpc_config)LITEIO_GRPC_CONFIG_DEFAULT;
}

void grpc_server_start(const struct grpc_server_ops *behind)
{
	ops = behind;
	sem_init(&started, 0, 0);
	pthread_create(&thread, NULL, serve, NULL);
	sem_wait(&started);
}

void grpc_server_stop(void)
{
	liteio_loop_post(server.loop, end, NULL);
	pthread_join(thread, NULL);
	unlink(server.path);
	ck_assert_msg(rmdir(server.dir) == 0, "something is left in %s", server.dir);
	free(server.path);
}

struct h2_client *grpc_server_dial(void)
{
	struct h2_client *c = h2_client_new();

	h2_client_connect(c, server.path);
	return c;
}

static void *framed(const void *msg, size_t len)
{
	uint8_t *body = liteio_calloc(1, FRAME_BYTES + len);

	body[1] = (uint8_t)(len >> 24);
	body[2] = (uint8_t)(len >> 16);
	body[3] = (uint8_t)(len >> 8);
	body[4] = (uint8_t)len;
	if (len)
		memcpy(body + FRAME_BYTES, msg, len);
	return body;
}

struct h2_reply *grpc_server_call(struct h2_client *c, struct h2_request *req, const void *msg,
				  size_t len)
{
	_cleanup_free_ void *body = framed(msg, len);
	int32_t id;

	req->body = body;
	req->body_len = FRAME_BYTES + len;
	id = h2_client_request(c, req);
	ck_assert(h2_client_wait(c, id, GRPC_SERVER_WAIT_MS));
	return h2_client_reply(c, id);
}
