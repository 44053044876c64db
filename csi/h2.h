/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP/2, server side, without sockets: bytes in, requests out; responses in, bytes out.
 *
 * nghttp2 does the framing; this file collects requests, checks what HTTP demands of them, keeps
 * everything a peer can make us hold within bounds, and sends responses with trailers. It knows
 * nothing of gRPC. h2_listen.c connects it to sockets and the loop; the fuzzer calls it directly.
 *
 * All functions are for one thread (the loop's) and never block.
 */
#ifndef LITEIO_CSI_H2_H
#define LITEIO_CSI_H2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_error;
struct liteio_h2;
struct liteio_h2_conn;
struct liteio_h2_stream;

/**
 * struct liteio_h2_limits - how much peers may cost us
 * @streams: requests at a time on one connection; more are refused by the protocol
 * @header_bytes: names and values of one request, plus 32 for each header
 * @body_bytes: body of one request; a larger one is delivered as LITEIO_H2_TOO_LARGE
 * @buffered_bytes: bodies held for all connections together
 * @handshake_ms: a connection must have sent its preface and settings by then
 * @request_ms: a request must be complete this long after its first header
 * @response_ms: a peer that takes nothing of a response for this long has its stream reset
 */
struct liteio_h2_limits {
	unsigned int streams;
	size_t header_bytes;
	size_t body_bytes;
	size_t buffered_bytes;
	uint64_t handshake_ms;
	uint64_t request_ms;
	uint64_t response_ms;
};

#define LITEIO_H2_LIMITS_DEFAULT \
	{ \
		.streams = 256, .header_bytes = 16384, .body_bytes = 2u << 20, \
		.buffered_bytes = 16u << 20, .handshake_ms = 10000, .request_ms = 60000, \
		.response_ms = 60000 \
	}

/**
 * enum liteio_h2_fault - why a request is not complete
 * @LITEIO_H2_COMPLETE: it is
 * @LITEIO_H2_TOO_LARGE: its body is over @body_bytes
 * @LITEIO_H2_NO_MEMORY: its body does not fit into @buffered_bytes just now
 */
enum liteio_h2_fault {
	LITEIO_H2_COMPLETE,
	LITEIO_H2_TOO_LARGE,
	LITEIO_H2_NO_MEMORY,
};

/**
 * struct liteio_h2_field - one header or trailer to send
 * @name: lower case
 * @value: visible ASCII and spaces
 */
struct liteio_h2_field {
	const char *name;
	const char *value;
};

/**
 * struct liteio_h2_ops - what the layer above does
 * @request: a request is there (look at its fault first); it must be answered once with
 *	liteio_h2_respond(), now or later, unless @closed comes first
 * @closed: the stream of a delivered request is gone, answered or not; the last use of @stream
 *
 * Neither may free the connection.
 */
struct liteio_h2_ops {
	void (*request)(void *arg, struct liteio_h2_stream *stream);
	void (*closed)(void *arg, struct liteio_h2_stream *stream);
};

/**
 * liteio_h2_new() - what the connections of one server share
 * @limits: copied
 * @ops: borrowed
 * @arg: for @ops
 *
 * Return: the server's half, owned by the caller; never NULL.
 */
struct liteio_h2 *liteio_h2_new(const struct liteio_h2_limits *limits,
				const struct liteio_h2_ops *ops, void *arg);

/**
 * liteio_h2_free() - release it
 * @h2: may be NULL; has no connections left
 */
void liteio_h2_free(struct liteio_h2 *h2);

/**
 * liteio_h2_conn_new() - a connection was accepted
 * @h2: the server
 * @now_ms: the time
 * @wake: called when there is something new to send outside of liteio_h2_conn_recv(); must only
 *	note it; may be NULL
 * @arg: for @wake
 * @ret: the connection, owned by the caller
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_h2_conn_new(struct liteio_h2 *h2, uint64_t now_ms, void (*wake)(void *arg), void *arg,
		       struct liteio_h2_conn **ret, struct liteio_error *err);

/**
 * liteio_h2_conn_free() - the connection is gone; calls @closed for every delivered request
 * @conn: may be NULL
 */
void liteio_h2_conn_free(struct liteio_h2_conn *conn);

/**
 * liteio_h2_conn_recv() - bytes came in
 * @conn: the connection
 * @data: the bytes
 * @len: how many
 * @now_ms: the time
 * @err: what the peer did wrong
 *
 * Return: 0, or -EPROTO: send what is pending, then close.
 */
int liteio_h2_conn_recv(struct liteio_h2_conn *conn, const void *data, size_t len, uint64_t now_ms,
			struct liteio_error *err);

/**
 * liteio_h2_conn_output() - what to send next
 * @conn: the connection
 * @now_ms: the time
 * @ret: the bytes, valid until the next call of any function of @conn
 *
 * Return: how many bytes; 0: nothing just now.
 */
size_t liteio_h2_conn_output(struct liteio_h2_conn *conn, uint64_t now_ms, const void **ret);

/**
 * liteio_h2_conn_sent() - the first bytes of the output were sent
 * @conn: the connection
 * @len: how many, at most what liteio_h2_conn_output() returned
 */
void liteio_h2_conn_sent(struct liteio_h2_conn *conn, size_t len);

/**
 * liteio_h2_conn_done() - is there nothing left to receive or to send?
 * @conn: the connection
 *
 * Return: true when it should be closed.
 */
bool liteio_h2_conn_done(const struct liteio_h2_conn *conn);

/**
 * liteio_h2_conn_shutdown() - take no new requests, finish those that run
 * @conn: the connection
 */
void liteio_h2_conn_shutdown(struct liteio_h2_conn *conn);

/**
 * liteio_h2_conn_expiry() - when liteio_h2_conn_expire() is due
 * @conn: the connection
 *
 * Return: the time, UINT64_MAX for never.
 */
uint64_t liteio_h2_conn_expiry(const struct liteio_h2_conn *conn);

/**
 * liteio_h2_conn_expire() - end what took too long
 * @conn: the connection
 * @now_ms: the time
 * @err: what took too long
 *
 * Streams that are late are reset. Return: 0, or -ETIMEDOUT: close the connection.
 */
int liteio_h2_conn_expire(struct liteio_h2_conn *conn, uint64_t now_ms, struct liteio_error *err);

/**
 * liteio_h2_stream_field() - a header of the request
 * @stream: the request
 * @name: lower case; ":path" and ":method" are always there
 *
 * Return: the value of the first one of that name, NULL when there is none.
 */
const char *liteio_h2_stream_field(const struct liteio_h2_stream *stream, const char *name);

/**
 * liteio_h2_stream_body() - the body of the request
 * @stream: the request
 * @ret_len: how many bytes
 *
 * Return: the bytes, valid until liteio_h2_respond() or @closed.
 */
const void *liteio_h2_stream_body(const struct liteio_h2_stream *stream, size_t *ret_len);

/**
 * liteio_h2_stream_fault() - is the request complete?
 * @stream: the request
 *
 * Return: LITEIO_H2_COMPLETE, or what is wrong with its body (there is none then).
 */
enum liteio_h2_fault liteio_h2_stream_fault(const struct liteio_h2_stream *stream);

/* one pointer for the layer above, NULL at first */
void liteio_h2_stream_set_user(struct liteio_h2_stream *stream, void *user);
void *liteio_h2_stream_user(const struct liteio_h2_stream *stream);

/**
 * liteio_h2_respond() - answer a request
 * @stream: the request; not answered before
 * @fields: ":status" first, then the others; copied
 * @n_fields: how many
 * @body: bytes from malloc(), now owned by the stream; NULL for none
 * @body_len: how many
 * @trailers: sent after the body; copied; at most 4
 * @n_trailers: how many; 0 when there is no body
 *
 * Sends nothing by itself and calls neither @request nor @closed.
 */
void liteio_h2_respond(struct liteio_h2_stream *stream, const struct liteio_h2_field *fields,
		       size_t n_fields, void *body, size_t body_len,
		       const struct liteio_h2_field *trailers, size_t n_trailers);

#endif
