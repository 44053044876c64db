// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A raw HTTP/2 client for tests, on nghttp2.
 */
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/loop.h"
#include "base/str.h"
#include "h2.h"
#include "h2_client.h"

struct exchange {
	struct exchange *next;
	int32_t id;
	struct h2_reply reply;
	struct liteio_buf body;
	char *request;
	size_t request_len;
	size_t request_sent;
	bool keep_open;
};

struct h2_client {
	nghttp2_session *session;
	struct exchange *exchanges;
	bool goaway;
	bool eof;
	int fd;
};

static struct exchange *find(struct h2_client *c, int32_t id)
{
	struct exchange *x;

	for (x = c->exchanges; x; x = x->next)
		if (x->id == id)
			return x;
	return NULL;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *arg)
{
	struct exchange *x = find(arg, frame->hd.stream_id);

	if (!x)
		return 0;
	if (!strcmp((const char *)name, ":status"))
		x->reply.http_status = (int)strtol((const char *)value, NULL, 10);
	if (!strcmp((const char *)name, "grpc-status"))
		x->reply.grpc_status = (int)strtol((const char *)value, NULL, 10);
	if (!strcmp((const char *)name, "grpc-message")) {
		free(x->reply.grpc_message);
		x->reply.grpc_message = liteio_strdup((const char *)value);
	}
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
		   size_t len, void *arg)
{
	struct exchange *x = find(arg, id);

	if (x)
		liteio_buf_add(&x->body, data, len);
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *arg)
{
	struct exchange *x = find(arg, id);

	if (x) {
		x->reply.closed = true;
		x->reply.error_code = error_code;
	}
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2_client *c = arg;

	if (frame->hd.type == NGHTTP2_GOAWAY)
		c->goaway = true;
	return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t len,
			 uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct exchange *x = source->ptr;
	size_t left = x->request_len - x->request_sent;

	if (!left && x->keep_open)
		return NGHTTP2_ERR_DEFERRED;
	if (len > left)
		len = left;
	memcpy(buf, x->request + x->request_sent, len);
	x->request_sent += len;
	if (x->request_sent == x->request_len && !x->keep_open)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)len;
}

struct h2_client *h2_client_new(void)
{
	struct h2_client *c = liteio_calloc(1, sizeof(*c));
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;

	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_option_new(&option);
	nghttp2_option_set_no_http_messaging(option, 1);
	nghttp2_session_client_new2(&c->session, callbacks, c, option);
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, NULL, 0);
	c->fd = -1;
	return c;
}

void h2_client_free(struct h2_client *c)
{
	struct exchange *x;

	nghttp2_session_del(c->session);
	while ((x = c->exchanges)) {
		c->exchanges = x->next;
		free(x->reply.grpc_message);
		liteio_buf_fini(&x->body);
		free(x->request);
		free(x);
	}
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

static void add_nv(nghttp2_nv *nv, size_t *n, const char *name, const char *value)
{
	nv[(*n)++] = (nghttp2_nv){ .name = (uint8_t *)name,
				   .namelen = strlen(name),
				   .value = (uint8_t *)value,
				   .valuelen = strlen(value) };
}

int32_t h2_client_request(struct h2_client *c, const struct h2_request *req)
{
	struct exchange *x = liteio_calloc(1, sizeof(*x));
	nghttp2_data_provider provider = { .source.ptr = x, .read_callback = read_body };
	nghttp2_nv nv[8];
	size_t n = 0;

	if (!req->method || *req->method)
		add_nv(nv, &n, ":method", req->method ? req->method : "POST");
	if (req->path)
		add_nv(nv, &n, ":path", req->path);
	add_nv(nv, &n, ":scheme", "http");
	add_nv(nv, &n, ":authority", req->authority ? req->authority : "localhost");
	add_nv(nv, &n, "content-type",
	       req->content_type ? req->content_type : "application/grpc");
	add_nv(nv, &n, "te", "trailers");
	if (req->extra_name)
		add_nv(nv, &n, req->extra_name, req->extra_value);
	x->reply.grpc_status = -1;
	x->keep_open = req->keep_open;
	x->request_len = req->body_len;
	x->request = liteio_calloc(1, req->body_len);
	if (req->body_len)
		memcpy(x->request, req->body, req->body_len);
	x->next = c->exchanges;
	c->exchanges = x;
	x->id = nghttp2_submit_request(c->session, NULL, nv, n, &provider, NULL);
	return x->id;
}

void h2_client_cancel(struct h2_client *c, int32_t stream)
{
	nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

void h2_client_ping(struct h2_client *c)
{
	nghttp2_submit_ping(c->session, NGHTTP2_FLAG_NONE, NULL);
}

struct h2_reply *h2_client_reply(struct h2_client *c, int32_t stream)
{
	struct exchange *x = find(c, stream);

	x->reply.body = x->body.data;
	x->reply.body_len = x->body.len;
	return &x->reply;
}

bool h2_client_goaway(const struct h2_client *c)
{
	return c->goaway;
}

int h2_client_pump(struct h2_client *c, struct liteio_h2_conn *conn, uint64_t now_ms)
{
	const uint8_t *chunk;
	const void *data;
	bool moved;
	ssize_t n;
	size_t len;
	int r;

	do {
		moved = false;
		while ((n = nghttp2_session_mem_send(c->session, &chunk)) > 0) {
			moved = true;
			r = liteio_h2_conn_recv(conn, chunk, (size_t)n, now_ms, NULL);
			if (r < 0)
				return r;
		}
		while ((len = liteio_h2_conn_output(conn, now_ms, &data))) {
			moved = true;
			nghttp2_session_mem_recv(c->session, data, len);
			liteio_h2_conn_sent(conn, len);
		}
	} while (moved);
	return 0;
}

void h2_client_connect(struct h2_client *c, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		abort();
}

/* returns false when the connection is gone or does not take more just now */
static bool send_some(struct h2_client *c)
{
	const uint8_t *chunk;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(c->session, &chunk)) > 0) {
		while (n > 0) {
			ssize_t sent = send(c->fd, chunk, (size_t)n, MSG_NOSIGNAL);

			if (sent < 0)
				return false;
			chunk += sent;
			n -= sent;
		}
	}
	return true;
}

void h2_client_flush(struct h2_client *c)
{
	send_some(c);
}

bool h2_client_wait(struct h2_client *c, int32_t stream, int timeout_ms)
{
	uint64_t until = liteio_now_ms() + (uint64_t)timeout_ms;
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	uint8_t buf[16384];
	ssize_t n;

	for (;;) {
		uint64_t now = liteio_now_ms();

		if (stream ? find(c, stream)->reply.closed : c->eof)
			return true;
		if (!send_some(c))
			c->eof = true;
		if (c->eof || now >= until || poll(&pfd, 1, (int)(until - now)) <= 0)
			return stream ? find(c, stream)->reply.closed : c->eof;
		n = recv(c->fd, buf, sizeof(buf), 0);
		if (n <= 0)
			c->eof = true;
		else
			nghttp2_session_mem_recv(c->session, buf, (size_t)n);
	}
}
