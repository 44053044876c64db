// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz what a peer of the CSI socket can send: HTTP/2 frames, the gRPC frame, timeouts, messages,
 * and what handlers read out of them.
 *
 * fuzz-src: tests/fuzz/requests.c csi/h2.c csi/grpc_wire.c csi/message.c
 * fuzz-src: csi/attach_context.c csi/capability.c csi/id.c csi/page.c csi/params.c
 * fuzz-src: daemon/model/condition.c daemon/model/limits.c daemon/model/meta.c
 * fuzz-src: daemon/model/volume.c
 * fuzz-src: daemon/base/json_write.c
 * fuzz-src: daemon/base/error.c daemon/base/json.c daemon/base/json_bind.c
 * fuzz-src: daemon/base/json_where.c daemon/base/size.c daemon/base/str.c daemon/base/uuid.c
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "grpc_wire.h"
#include "h2.h"
#include "requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void unpack(struct liteio_h2_stream *stream, struct liteio_error *err)
{
	const char *path = liteio_h2_stream_field(stream, ":path");
	const char *timeout = liteio_h2_stream_field(stream, "grpc-timeout");
	const uint8_t *msg;
	size_t len, msg_len;
	const void *body;
	uint64_t ms;

	if (timeout)
		liteio_grpc_timeout_parse(timeout, &ms, err);
	body = liteio_h2_stream_body(stream, &len);
	if (liteio_grpc_frame_parse(body, len, &msg, &msg_len, err) == 0)
		request_read(path, msg, msg_len, err);
}

static void on_request(void *arg, struct liteio_h2_stream *stream)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	const struct liteio_h2_field fields[] = { { ":status", "200" }, { "a", "b" } };
	const struct liteio_h2_field trailers[] = { { "grpc-status", "0" } };
	char *encoded;

	unpack(stream, &err);
	encoded = liteio_grpc_message_encode(err.msg);
	liteio_h2_respond(stream, fields, 2, encoded, strlen(encoded), trailers, 1);
}

static void on_closed(void *arg, struct liteio_h2_stream *stream)
{
}

static void exchange(struct liteio_h2_conn *conn, const uint8_t *data, size_t size)
{
	uint64_t now_ms = 1;
	const void *out;
	size_t n;

	while (size) {
		/* in pieces whose length the input decides */
		n = 1 + data[0] * 4u;
		if (n > size)
			n = size;
		if (liteio_h2_conn_recv(conn, data, n, now_ms, NULL) < 0)
			return;
		data += n;
		size -= n;
		now_ms += 100;
		n = liteio_h2_conn_output(conn, now_ms, &out);
		liteio_h2_conn_sent(conn, n);
		if (now_ms >= liteio_h2_conn_expiry(conn) &&
		    liteio_h2_conn_expire(conn, now_ms, NULL) < 0)
			return;
	}
}

/* for `run`: frames that carry no message are half of it only */
__attribute__((destructor)) static void tell(void)
{
	fprintf(stderr, "stat::reached: %lu\n", requests_accepted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct liteio_h2_ops ops = { .request = on_request, .closed = on_closed };
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
	struct liteio_h2_limits limits = LITEIO_H2_LIMITS_DEFAULT;
	struct liteio_h2_conn *conn;
	struct liteio_h2 *h2;

	limits.body_bytes = 4096;
	limits.buffered_bytes = 8192;
	h2 = liteio_h2_new(&limits, &ops, NULL);
	if (liteio_h2_conn_new(h2, 1, NULL, NULL, &conn, NULL) < 0)
		abort();
	/* most inputs begin behind the preface, or nothing would ever get there */
	if (!size || data[0] != 'P')
		liteio_h2_conn_recv(conn, preface, sizeof(preface) - 1, 1, NULL);
	exchange(conn, data, size);
	liteio_h2_conn_free(conn);
	liteio_h2_free(h2);
	return 0;
}
