/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP requests over TCP and TLS (libcurl multi below, its types stay in http_client.c),
 * asynchronous on the loop or synchronous from a worker thread or a program without a loop. For the
 * agent of this machine there is http_local.h.
 */
#ifndef LITEIO_BASE_HTTP_CLIENT_H
#define LITEIO_BASE_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/http_response.h"

struct liteio_error;
struct liteio_http_call;
struct liteio_http_client;
struct liteio_loop;

/**
 * struct liteio_http_tls - whom to trust and who we are; all strings borrowed during _new()
 * @ca_file: PEM bundle; NULL takes the system's
 * @cert_file: client certificate, NULL for none
 * @key_file: its key
 * @server_name: name to verify instead of the URL's host, NULL for none
 * @insecure: do not verify (a kubeconfig may say so); a warning is the caller's duty
 */
struct liteio_http_tls {
	const char *ca_file;
	const char *cert_file;
	const char *key_file;
	const char *server_name;
	bool insecure;
};

/**
 * struct liteio_http_call_spec - one request; everything is copied
 * @method: "GET"
 * @url: "https://host:port/path?query"
 * @headers: NULL-terminated "Name: value" lines, may be NULL
 * @body: may be NULL
 * @body_len: its length
 * @timeout_ms: whole call; 0 only for streams, which end by liteio_http_call_cancel()
 * @max_response: bytes, default LITEIO_HTTP_RESPONSE_MAX: more ends the call with -EMSGSIZE; not
 *                for streams
 */
struct liteio_http_call_spec {
	const char *method;
	const char *url;
	const char *const *headers;
	const void *body;
	size_t body_len;
	uint64_t timeout_ms;
	size_t max_response;
};

/**
 * liteio_http_client_new() - a client with its own connection cache
 * @loop: for asynchronous calls; NULL when only liteio_http_call_sync() is used
 * @tls: NULL for the defaults
 * @ret: the client, owned by the caller
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_http_client_new(struct liteio_loop *loop, const struct liteio_http_tls *tls,
			   struct liteio_http_client **ret, struct liteio_error *err);
void liteio_http_client_free(struct liteio_http_client *c); /* cancels what is under way */

/**
 * liteio_http_call_start() - begin a call
 * @c: a client with a loop
 * @spec: the request, copied
 * @data: NULL for an ordinary call (the body is collected); else a stream
 * @done: called exactly once, unless cancelled
 * @arg: for both
 *
 * Context: loop thread. Return: the call, valid until @done returns or it is cancelled.
 */
struct liteio_http_call *liteio_http_call_start(struct liteio_http_client *c,
						const struct liteio_http_call_spec *spec,
						liteio_http_data_fn data, liteio_http_done_fn done,
						void *arg);
/* end a call without its callback; NULL is fine */
void liteio_http_call_cancel(struct liteio_http_call *call);

/**
 * liteio_http_call_sync() - a whole call
 * @c: the client
 * @spec: the request; @spec->timeout_ms must not be 0
 * @ret: filled in when an answer arrived, released by the caller
 * @err: why none did
 *
 * Context: worker thread, or any thread of a program without a loop; blocks at most the timeout.
 * Several threads may use one client at the same time. Redirects are not followed and proxies of
 * the environment not used: credentials go to the host that was named and nowhere else.
 * Return: 0 or a negative errno.
 */
int liteio_http_call_sync(struct liteio_http_client *c, const struct liteio_http_call_spec *spec,
			  struct liteio_http_response *ret, struct liteio_error *err);

#endif
