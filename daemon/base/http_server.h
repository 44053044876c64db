/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small HTTP server on the loop (libmicrohttpd below), for the local API, health and metrics.
 *
 * A request is answered now or later: the handler keeps the request and calls
 * liteio_http_reply() when the answer is there, or liteio_http_stream_new() when the answer is one
 * that goes on. Requests are bounded in size and time, and so is the number of connections.
 */
#ifndef LITEIO_BASE_HTTP_SERVER_H
#define LITEIO_BASE_HTTP_SERVER_H

#include <stddef.h>
#include <sys/types.h>

struct liteio_error;
struct liteio_http_request;
struct liteio_http_server;
struct liteio_http_stream;
struct liteio_loop;

/**
 * typedef liteio_http_handler - called once per complete request
 * @arg: of the server
 * @req: to be answered exactly once, with liteio_http_reply() or liteio_http_stream_new(), now or
 *	later, on the loop thread
 *
 * Context: loop thread; must not block.
 */
typedef void (*liteio_http_handler)(void *arg, struct liteio_http_request *req);

/**
 * struct liteio_http_options - bounds of a server; zero takes the default
 * @max_body: bytes of a request body, default 1 MiB: more is answered 413
 * @max_connections: so many are heard out at a time, and as many answered; default 128. For one
 *	more the one that has been silent or slow for longest is closed
 * @idle_timeout_s: a connection on which no request is complete after this is closed, however
 *	slowly it comes, and one whose reader takes nothing of its answer; default 30
 * @unix_mode: mode of the socket file, default 0660
 * @unix_gid: its group, or (gid_t)-1
 */
struct liteio_http_options {
	size_t max_body;
	unsigned int max_connections;
	unsigned int idle_timeout_s;
	mode_t unix_mode;
	gid_t unix_gid;
};

/**
 * liteio_http_server_new() - listen
 * @loop: the loop
 * @address: "unix:///run/liteio/agent.sock" (a stale socket file is replaced),
 *           "tcp://127.0.0.1:9100", "tcp://[::]:9100"
 * @opt: bounds; NULL for all defaults
 * @fn: the handler
 * @arg: for @fn
 * @ret: the server, owned by the caller
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_http_server_new(struct liteio_loop *loop, const char *address,
			   const struct liteio_http_options *opt, liteio_http_handler fn, void *arg,
			   struct liteio_http_server **ret, struct liteio_error *err);

/*
 * stop listening, remove the socket file and drop what is under way; requests not yet answered
 * become invalid
 */
void liteio_http_server_free(struct liteio_http_server *s);

/* the TCP port that is listened on (for addresses with port 0), 0 on a unix socket */
unsigned int liteio_http_server_port(const struct liteio_http_server *s);

/* what was asked; all borrowed until the reply */
const char *liteio_http_request_method(const struct liteio_http_request *req);
const char *liteio_http_request_path(const struct liteio_http_request *req); /* decoded, no query */
const char *liteio_http_request_query(const struct liteio_http_request *req, const char *key);
/* visit the query in its order until @fn returns non-zero, which is returned; @value may be "" */
int liteio_http_request_query_each(const struct liteio_http_request *req,
				   int (*fn)(void *arg, const char *key, const char *value),
				   void *arg);
const char *liteio_http_request_header(const struct liteio_http_request *req, const char *name);
const char *liteio_http_request_body(const struct liteio_http_request *req, size_t *ret_len);
/* credentials of a unix socket's peer; -ENOTSUP on TCP */
int liteio_http_request_peer(const struct liteio_http_request *req, uid_t *ret_uid, gid_t *ret_gid,
			     pid_t *ret_pid);

/**
 * liteio_http_reply() - answer and forget a request
 * @req: not valid after the call
 * @status: 200 ...
 * @content_type: "application/json"
 * @body: copied
 * @len: its length
 *
 * Context: loop thread. A client that went away meanwhile is no error.
 */
void liteio_http_reply(struct liteio_http_request *req, unsigned int status,
		       const char *content_type, const void *body, size_t len);
/* likewise a text in new memory, which is the server's from now on: long ones are not copied */
void liteio_http_reply_text(struct liteio_http_request *req, unsigned int status,
			    const char *content_type, char *text);

/* so many bytes may wait for a reader that is slow */
#define LITEIO_HTTP_STREAM_MAX (256u << 10)

/**
 * liteio_http_stream_new() - answer with a body that is written piece by piece, in chunks
 * @req: not valid after the call
 * @status: 200 ...
 * @content_type: "application/x-ndjson"
 * @closed: called once when the reader has gone or the server ends, and @ret with it; not after
 *	liteio_http_stream_end(). Must not call the functions below
 * @arg: for @closed
 *
 * That the reader has gone is seen when something is written: who wants to know writes from time
 * to time. Context: loop thread, for all functions of streams.
 * Return: the stream, valid until @closed or liteio_http_stream_end().
 */
struct liteio_http_stream *liteio_http_stream_new(struct liteio_http_request *req,
						  unsigned int status, const char *content_type,
						  void (*closed)(void *arg), void *arg);
/* all of it, or -ENOBUFS and nothing: the reader is more than LITEIO_HTTP_STREAM_MAX behind */
int liteio_http_stream_write(struct liteio_http_stream *st, const void *data, size_t len);
/* the answer is complete; what was written is still sent */
void liteio_http_stream_end(struct liteio_http_stream *st);

#endif
