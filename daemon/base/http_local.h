/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP calls to a program of this machine that listens on a unix socket, which is the agent: whole
 * ones, or in steps, for whoever waits for something else as well.
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
struct pollfd;

/**
 * struct liteio_http_local_spec - one request; everything is copied
 * @socket: path of the socket
 * @method: "GET"
 * @target: path and query as they go over the wire: "/v1/volumes?pool=a%20b"
 * @body: JSON, or NULL
 * @body_len: its length
 * @timeout_ms: whole call; 0 only for streams, which end by liteio_http_local_free(), but whose
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
 * liteio_http_local_new() - a call that goes on in steps
 * @spec: the request, copied
 * @data: NULL for an ordinary call (the body is collected); else a stream
 * @arg: for @data
 *
 * Return: the call, owned by the caller; nothing has been done yet, not even what can fail.
 */
struct liteio_http_local *liteio_http_local_new(const struct liteio_http_local_spec *spec,
						liteio_http_data_fn data, void *arg);

/**
 * liteio_http_local_step() - do what can be done without waiting
 * @call: the call; @data may be called, which must not free it
 * @ret_wait: when there is more to do: what the next step is worth waiting for, by poll()
 * @ret_ms: and for how long at most; -1: for ever
 * @err: why there is no answer
 *
 * Return: 0 while there is more to do; 1 when the answer is whole; a negative errno of those of
 * liteio_http_local_sync(), or what @data has returned. There is no step after either.
 */
int liteio_http_local_step(struct liteio_http_local *call, struct pollfd *ret_wait, int *ret_ms,
			   struct liteio_error *err);

/* its HTTP status, from the first call of @data on */
long liteio_http_local_status(const struct liteio_http_local *call);

/* the answer, once and when it is whole; released by the caller */
void liteio_http_local_take(struct liteio_http_local *call, struct liteio_http_response *ret);

/* end a call, whether or not it has an answer; or NULL */
void liteio_http_local_free(struct liteio_http_local *call);

#endif
