// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HTTP/2, server side, without sockets, on nghttp2.
 *
 * nghttp2's own check of HTTP semantics is off: clients that dial a unix socket put the socket's
 * path into :authority, which it answers with a reset. What matters is checked here instead:
 * names and values, pseudo headers, and the sizes of everything.
 */
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <string.h>
#include <sys/queue.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "h2.h"

#define OUTPUT_BATCH 16384 /* small frames are joined up to here before they are sent */
#define TRAILERS_MAX 4

struct field {
	char *name;
	char *value;
};

struct liteio_h2 {
	struct liteio_h2_limits limits;
	const struct liteio_h2_ops *ops;
	void *arg;
	size_t buffered; /* bytes of request bodies held now */
};

struct liteio_h2_stream {
	TAILQ_ENTRY(liteio_h2_stream)
	link;
	struct liteio_h2_conn *conn;
	int32_t id;
	uint64_t since_ms; /* first header; later when the peer last took something; 0: not yet */
	struct field *fields;
	size_t n_fields;
	size_t header_bytes;
	bool regular_seen; /* pseudo headers must come before the others */
	bool malformed;
	bool delivered;
	bool remote_done; /* the peer has ended its side */
	bool responded;
	enum liteio_h2_fault fault;
	struct liteio_buf body;
	void *user;
	char *reply; /* response body */
	size_t reply_len;
	size_t reply_sent;
	struct field trailers[TRAILERS_MAX];
	size_t n_trailers;
};

TAILQ_HEAD(stream_list, liteio_h2_stream);

struct liteio_h2_conn {
	struct liteio_h2 *h2;
	nghttp2_session *session;
	struct stream_list streams;
	uint64_t since_ms;
	uint64_t now_ms;
	bool handshaken;
	bool receiving;
	bool new_replies; /* some have since_ms 0 */
	struct liteio_buf output;
	void (*wake)(void *arg);
	void *wake_arg;
};

struct liteio_h2 *liteio_h2_new(const struct liteio_h2_limits *limits,
				const struct liteio_h2_ops *ops, void *arg)
{
	struct liteio_h2 *h2 = liteio_calloc(1, sizeof(*h2));

	h2->limits = *limits;
	h2->ops = ops;
	h2->arg = arg;
	return h2;
}

void liteio_h2_free(struct liteio_h2 *h2)
{
	free(h2);
}

/* ---- streams */

static struct liteio_h2_stream *stream_new(struct liteio_h2_conn *conn, int32_t id)
{
	struct liteio_h2_stream *stream = liteio_calloc(1, sizeof(*stream));

	stream->conn = conn;
	stream->id = id;
	stream->since_ms = conn->now_ms;
	TAILQ_INSERT_TAIL(&conn->streams, stream, link);
	return stream;
}

static void stream_drop_body(struct liteio_h2_stream *stream)
{
	stream->conn->h2->buffered -= stream->body.len;
	liteio_buf_fini(&stream->body);
	stream->body = (struct liteio_buf)LITEIO_BUF_INIT;
}

static void stream_free(struct liteio_h2_stream *stream)
{
	struct liteio_h2 *h2 = stream->conn->h2;

	TAILQ_REMOVE(&stream->conn->streams, stream, link);
	if (stream->delivered)
		h2->ops->closed(h2->arg, stream);
	stream_drop_body(stream);
	for (size_t i = 0; i < stream->n_fields; i++) {
		free(stream->fields[i].name);
		free(stream->fields[i].value);
	}
	free(stream->fields);
	for (size_t i = 0; i < stream->n_trailers; i++) {
		free(stream->trailers[i].name);
		free(stream->trailers[i].value);
	}
	free(stream->reply);
	free(stream);
}

static void stream_deliver(struct liteio_h2_stream *stream)
{
	struct liteio_h2 *h2 = stream->conn->h2;

	if (stream->delivered || stream->malformed)
		return;
	stream->delivered = true;
	h2->ops->request(h2->arg, stream);
}

const char *liteio_h2_stream_field(const struct liteio_h2_stream *stream, const char *name)
{
	for (size_t i = 0; i < stream->n_fields; i++)
		if (!strcmp(stream->fields[i].name, name))
			return stream->fields[i].value;
	return NULL;
}

const void *liteio_h2_stream_body(const struct liteio_h2_stream *stream, size_t *ret_len)
{
	*ret_len = stream->body.len;
	return stream->body.data;
}

enum liteio_h2_fault liteio_h2_stream_fault(const struct liteio_h2_stream *stream)
{
	return stream->fault;
}

void liteio_h2_stream_set_user(struct liteio_h2_stream *stream, void *user)
{
	stream->user = user;
}

void *liteio_h2_stream_user(const struct liteio_h2_stream *stream)
{
	return stream->user;
}

/* ---- requests */

static char *copy_bytes(const uint8_t *s, size_t len)
{
	char *copy = liteio_calloc(1, len + 1);

	memcpy(copy, s, len);
	return copy;
}

/* the rules that nghttp2 would enforce, without those for :authority */
static bool field_ok(struct liteio_h2_stream *stream, const uint8_t *name, size_t name_len,
		     const uint8_t *value, size_t value_len)
{
	static const char *const pseudo[] = { ":method", ":path", ":scheme", ":authority" };

	stream->header_bytes += name_len + value_len + 32;
	if (stream->header_bytes > stream->conn->h2->limits.header_bytes)
		return false;
	if (!nghttp2_check_header_name(name, name_len) ||
	    !nghttp2_check_header_value(value, value_len))
		return false;
	if (name[0] != ':') {
		stream->regular_seen = true;
		return true;
	}
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(pseudo); i++)
		if (strlen(pseudo[i]) == name_len && !memcmp(pseudo[i], name, name_len))
			return !stream->regular_seen && !liteio_h2_stream_field(stream, pseudo[i]);
	return false;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct liteio_h2_conn *conn = arg;

	if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		nghttp2_session_set_stream_user_data(session, frame->hd.stream_id,
						     stream_new(conn, frame->hd.stream_id));
	return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *arg)
{
	struct liteio_h2_stream *stream;
	struct field *field;

	stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (!stream || stream->malformed)
		return 0;
	if (!field_ok(stream, name, name_len, value, value_len)) {
		stream->malformed = true;
		return 0;
	}
	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0; /* trailers of a request: counted and checked, of no use to us */
	stream->fields = liteio_realloc(stream->fields, stream->n_fields + 1, sizeof(*field));
	field = &stream->fields[stream->n_fields++];
	field->name = copy_bytes(name, name_len);
	field->value = copy_bytes(value, value_len);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
		   size_t len, void *arg)
{
	struct liteio_h2_stream *stream = nghttp2_session_get_stream_user_data(session, stream_id);
	struct liteio_h2_conn *conn = arg;
	struct liteio_h2 *h2 = conn->h2;

	if (!stream || stream->delivered || stream->malformed)
		return 0;
	if (len > h2->limits.body_bytes - stream->body.len)
		stream->fault = LITEIO_H2_TOO_LARGE;
	else if (len > h2->limits.buffered_bytes - h2->buffered)
		stream->fault = LITEIO_H2_NO_MEMORY;
	if (stream->fault != LITEIO_H2_COMPLETE) {
		stream_drop_body(stream);
		stream_deliver(stream); /* the rest is not waited for */
		return 0;
	}
	liteio_buf_add(&stream->body, data, len);
	h2->buffered += len;
	return 0;
}

static void headers_complete(nghttp2_session *session, struct liteio_h2_stream *stream)
{
	const char *path = liteio_h2_stream_field(stream, ":path");

	if (!path || path[0] != '/' || !liteio_h2_stream_field(stream, ":method"))
		stream->malformed = true;
	if (stream->malformed)
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id,
					  NGHTTP2_PROTOCOL_ERROR);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct liteio_h2_conn *conn = arg;
	struct liteio_h2_stream *stream;

	if (frame->hd.type == NGHTTP2_SETTINGS)
		conn->handshaken = true;
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (!stream)
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS)
		headers_complete(session, stream);
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
		stream->remote_done = true;
		stream_deliver(stream);
	}
	return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code,
			   void *arg)
{
	struct liteio_h2_stream *stream = nghttp2_session_get_stream_user_data(session, stream_id);

	if (stream) {
		nghttp2_session_set_stream_user_data(session, stream_id, NULL);
		stream_free(stream);
	}
	return 0;
}

/* ---- responses */

static nghttp2_nv nv_of(const char *name, const char *value)
{
	return (nghttp2_nv){ .name = (uint8_t *)name,
			     .namelen = strlen(name),
			     .value = (uint8_t *)value,
			     .valuelen = strlen(value),
			     .flags = NGHTTP2_NV_FLAG_NONE };
}

static ssize_t read_reply(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t len,
			  uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct liteio_h2_stream *stream = source->ptr;
	size_t left = stream->reply_len - stream->reply_sent;
	nghttp2_nv nv[TRAILERS_MAX];

	if (len > left)
		len = left;
	memcpy(buf, stream->reply + stream->reply_sent, len);
	stream->reply_sent += len;
	stream->since_ms = stream->conn->now_ms;
	if (len < left)
		return (ssize_t)len;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (stream->n_trailers) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		for (size_t i = 0; i < stream->n_trailers; i++)
			nv[i] = nv_of(stream->trailers[i].name, stream->trailers[i].value);
		if (nghttp2_submit_trailer(session, stream_id, nv, stream->n_trailers))
			return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	return (ssize_t)len;
}

/* the answer is out while the peer still sends: tell it to stop */
static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct liteio_h2_stream *stream;

	if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
	    !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (stream && !stream->remote_done)
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
	return 0;
}

void liteio_h2_respond(struct liteio_h2_stream *stream, const struct liteio_h2_field *fields,
		       size_t n_fields, void *body, size_t body_len,
		       const struct liteio_h2_field *trailers, size_t n_trailers)
{
	struct liteio_h2_conn *conn = stream->conn;
	nghttp2_data_provider provider = { .source.ptr = stream, .read_callback = read_reply };
	_cleanup_free_ nghttp2_nv *nv = liteio_calloc(n_fields, sizeof(*nv));

	if (stream->responded) {
		free(body);
		return;
	}
	stream->responded = true;
	stream->since_ms = 0;
	conn->new_replies = true;
	stream_drop_body(stream);
	stream->reply = body;
	stream->reply_len = body_len;
	for (size_t i = 0; i < n_fields; i++)
		nv[i] = nv_of(fields[i].name, fields[i].value);
	for (size_t i = 0; i < n_trailers && i < TRAILERS_MAX; i++) {
		stream->trailers[i].name = liteio_strdup(trailers[i].name);
		stream->trailers[i].value = liteio_strdup(trailers[i].value);
		stream->n_trailers++;
	}
	if (nghttp2_submit_response(conn->session, stream->id, nv, n_fields,
				    body ? &provider : NULL))
		nghttp2_submit_rst_stream(conn->session, NGHTTP2_FLAG_NONE, stream->id,
					  NGHTTP2_INTERNAL_ERROR);
	if (conn->wake && !conn->receiving)
		conn->wake(conn->wake_arg);
}

/* ---- connections */

static int session_new(struct liteio_h2_conn *conn)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	int r;

	r = nghttp2_session_callbacks_new(&callbacks);
	if (r)
		return r;
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	r = nghttp2_option_new(&option);
	if (!r) {
		nghttp2_option_set_no_http_messaging(option, 1);
		nghttp2_option_set_no_closed_streams(option, 1);
		nghttp2_option_set_max_outbound_ack(option, 128);
		r = nghttp2_session_server_new2(&conn->session, callbacks, conn, option);
	}
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	return r;
}

int liteio_h2_conn_new(struct liteio_h2 *h2, uint64_t now_ms, void (*wake)(void *arg), void *arg,
		       struct liteio_h2_conn **ret, struct liteio_error *err)
{
	struct liteio_h2_conn *conn = liteio_calloc(1, sizeof(*conn));
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, h2->limits.streams },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)h2->limits.header_bytes },
	};
	int r;

	conn->h2 = h2;
	conn->since_ms = now_ms;
	conn->now_ms = now_ms;
	conn->wake = wake;
	conn->wake_arg = arg;
	TAILQ_INIT(&conn->streams);
	r = session_new(conn);
	if (!r)
		r = nghttp2_submit_settings(conn->session, NGHTTP2_FLAG_NONE, settings,
					    LITEIO_ARRAY_SIZE(settings));
	if (r) {
		liteio_h2_conn_free(conn);
		return liteio_error_set(err, -ENOMEM, "can not start an HTTP/2 session: %s",
					nghttp2_strerror(r));
	}
	*ret = conn;
	return 0;
}

void liteio_h2_conn_free(struct liteio_h2_conn *conn)
{
	struct liteio_h2_stream *stream, *next;

	if (!conn)
		return;
	for (stream = TAILQ_FIRST(&conn->streams); stream; stream = next) {
		next = TAILQ_NEXT(stream, link);
		stream_free(stream);
	}
	nghttp2_session_del(conn->session);
	liteio_buf_fini(&conn->output);
	free(conn);
}

int liteio_h2_conn_recv(struct liteio_h2_conn *conn, const void *data, size_t len, uint64_t now_ms,
			struct liteio_error *err)
{
	ssize_t n;

	conn->now_ms = now_ms;
	conn->receiving = true;
	n = nghttp2_session_mem_recv(conn->session, data, len);
	conn->receiving = false;
	if (n < 0)
		return liteio_error_set(err, -EPROTO, "the peer does not speak HTTP/2: %s",
					nghttp2_strerror((int)n));
	return 0;
}

/* responses are made without a look at the clock: their time begins with the first try to send */
static void start_replies(struct liteio_h2_conn *conn)
{
	struct liteio_h2_stream *stream;

	if (!conn->new_replies)
		return;
	conn->new_replies = false;
	TAILQ_FOREACH(stream, &conn->streams, link)
	if (stream->responded && !stream->since_ms)
		stream->since_ms = conn->now_ms;
}

size_t liteio_h2_conn_output(struct liteio_h2_conn *conn, uint64_t now_ms, const void **ret)
{
	const uint8_t *chunk;
	ssize_t n;

	conn->now_ms = now_ms;
	start_replies(conn);
	while (conn->output.len < OUTPUT_BATCH) {
		n = nghttp2_session_mem_send(conn->session, &chunk);
		if (n <= 0)
			break;
		liteio_buf_add(&conn->output, chunk, (size_t)n);
	}
	*ret = conn->output.data;
	return conn->output.len;
}

void liteio_h2_conn_sent(struct liteio_h2_conn *conn, size_t len)
{
	liteio_buf_consume(&conn->output, len);
}

bool liteio_h2_conn_done(const struct liteio_h2_conn *conn)
{
	return conn->output.len == 0 && !nghttp2_session_want_read(conn->session) &&
	       !nghttp2_session_want_write(conn->session);
}

void liteio_h2_conn_shutdown(struct liteio_h2_conn *conn)
{
	nghttp2_submit_goaway(conn->session, NGHTTP2_FLAG_NONE,
			      nghttp2_session_get_last_proc_stream_id(conn->session),
			      NGHTTP2_NO_ERROR, NULL, 0);
	if (conn->wake)
		conn->wake(conn->wake_arg);
}

static uint64_t stream_expiry(const struct liteio_h2_stream *stream)
{
	const struct liteio_h2_limits *limits = &stream->conn->h2->limits;

	if (stream->malformed)
		return UINT64_MAX; /* reset already */
	if (stream->responded)
		return stream->since_ms ? stream->since_ms + limits->response_ms : UINT64_MAX;
	return stream->delivered ? UINT64_MAX : stream->since_ms + limits->request_ms;
}

uint64_t liteio_h2_conn_expiry(const struct liteio_h2_conn *conn)
{
	const struct liteio_h2_stream *stream;
	uint64_t first = UINT64_MAX;

	if (!conn->handshaken)
		first = conn->since_ms + conn->h2->limits.handshake_ms;
	TAILQ_FOREACH(stream, &conn->streams, link)
	if (stream_expiry(stream) < first)
		first = stream_expiry(stream);
	return first;
}

int liteio_h2_conn_expire(struct liteio_h2_conn *conn, uint64_t now_ms, struct liteio_error *err)
{
	struct liteio_h2_stream *stream;

	if (!conn->handshaken && now_ms >= conn->since_ms + conn->h2->limits.handshake_ms)
		return liteio_error_set(err, -ETIMEDOUT, "no HTTP/2 preface within %llu ms",
					(unsigned long long)conn->h2->limits.handshake_ms);
	TAILQ_FOREACH(stream, &conn->streams, link)
	{
		if (now_ms < stream_expiry(stream))
			continue;
		stream->malformed = true;
		nghttp2_submit_rst_stream(conn->session, NGHTTP2_FLAG_NONE, stream->id,
					  NGHTTP2_CANCEL);
	}
	if (conn->wake)
		conn->wake(conn->wake_arg);
	return 0;
}
