/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP calls to a program of this machine that listens on a unix socket, which is the agent; on
 * the loop, or from a thread or a program without one.
 *
 * Each call has a connection of its own. What it costs is little beside what libcurl costs to load,
 * which is why there is a client besides that of http_client.h (http_answer.h says what this one
 * stands on). Sentences say what happened, not to whom: the caller names the socket.
 */
#ifndef LITEIO_BASE_HTTP_LOCAL_H
#define LITEIO_BASE_HTTP_LOCAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/http_response.h"

struct liteio_error;
struct liteio_http_local;
struct liteio_loop;

/**
 * struct liteio_http_local_spec - one request; everything is copied
 * @socket: path of the socket
 * @method: "GET"
 * @target: path and query as they go over the wire: "/v1/volumes?pool=a%20b"
 * @body: JSON, or NULL
 * @body_len: its length
 * @timeout_ms: whole call; 0 only for streams, which end by liteio_http_local_cancel(), but whose
 *              connection has to be there after 10 seconds
 * @max_response: bytes, default LITEIO_HTTP_RESPONSE_MAX; not for streams
 */
struct liteio_http_local_spec {
	const char *socket;
	const char *method;
	const char *target;
	const void *body;
	size_t body_len;
	uint64_t timeout_ms;
	size_t max_response;
};

/**
 * liteio_http_local_sync() - a whole call
 * @spec: the request; @spec->timeout_ms must not be 0
 * @ret: filled in when an answer arrived, whatever its status; released by the caller
 * @err: why none did
 *
 * Context: worker thread, or any thread of a program without a loop; blocks at most the timeout.
 * Return: 0, or a negative errno: -ENOENT, -EACCES or -ECONNREFUSED when nobody can be reached,
 * -ETIMEDOUT, -ECONNRESET when the connection was closed too early, -EMSGSIZE when the answer is
 * too large, -EPROTO when it is no HTTP, -EINVAL when this is no request.
 */
int liteio_http_local_sync(const struct liteio_http_local_spec *spec,
			   struct liteio_http_response *ret, struct liteio_error *err);

/**
 * liteio_http_local_start() - begin a call
 * @loop: the loop
 * @spec: the request, copied
 * @data: NULL for an ordinary call (the body is collected); else a stream
 * @done: called exactly once, and never from within this function, unless the call is cancelled
 * @arg: for both
 *
 * Errors are those of liteio_http_local_sync(), or what @data has returned.
 * Context: loop thread. Return: the call, valid until @done is called or it is cancelled.
 */
struct liteio_http_local *liteio_http_local_start(struct liteio_loop *loop,
						  const struct liteio_http_local_spec *spec,
						  liteio_http_data_fn data,
						  liteio_http_done_fn done, void *arg);

/* end a call without its callback, also from within @data; before the loop is freed; or NULL */
void liteio_http_local_cancel(struct liteio_http_local *call);

#endif
