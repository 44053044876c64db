/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A raw HTTP/2 client for tests, on nghttp2: says anything, also what no decent client would.
 */
#ifndef LITEIO_TESTS_H2_CLIENT_H
#define LITEIO_TESTS_H2_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_h2_conn;
struct h2_client;

/**
 * struct h2_reply - what came back on one stream
 * @http_status: :status, 0 when none came
 * @grpc_status: -1 when none came
 * @grpc_message: as received; owned by the client
 * @body: of the response; owned by the client
 * @body_len: its length
 * @closed: the stream is gone
 * @error_code: HTTP/2 error it was closed with
 */
struct h2_reply {
	int http_status;
	int grpc_status;
	char *grpc_message;
	char *body;
	size_t body_len;
	bool closed;
	uint32_t error_code;
};

/**
 * struct h2_request - what to send
 * @method: NULL for POST, "" for none at all
 * @path: NULL for none at all
 * @authority: NULL for "localhost"
 * @content_type: NULL for application/grpc
 * @extra_name: one more header; NULL for none
 * @extra_value: its value
 * @body: bytes
 * @body_len: how many
 * @keep_open: do not end the stream after the body
 */
struct h2_request {
	const char *method;
	const char *path;
	const char *authority;
	const char *content_type;
	const char *extra_name;
	const char *extra_value;
	const void *body;
	size_t body_len;
	bool keep_open;
};

struct h2_client *h2_client_new(void);
void h2_client_free(struct h2_client *c);

/* queue a request; returns its stream */
int32_t h2_client_request(struct h2_client *c, const struct h2_request *req);
/* reset a stream */
void h2_client_cancel(struct h2_client *c, int32_t stream);
void h2_client_ping(struct h2_client *c);
/* what came back so far; valid until h2_client_free() */
struct h2_reply *h2_client_reply(struct h2_client *c, int32_t stream);
/* has the server said GOAWAY? */
bool h2_client_goaway(const struct h2_client *c);

/* exchange everything with a session in memory; returns what liteio_h2_conn_recv() said */
int h2_client_pump(struct h2_client *c, struct liteio_h2_conn *conn, uint64_t now_ms);

/* connect to a unix socket and be ready for h2_client_wait() */
void h2_client_connect(struct h2_client *c, const char *path);
/* exchange until a stream is closed (0: until the connection is); true when it was in time */
bool h2_client_wait(struct h2_client *c, int32_t stream, int timeout_ms);
/* send what is queued and read nothing */
void h2_client_flush(struct h2_client *c);

#endif
