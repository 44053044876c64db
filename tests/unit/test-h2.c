// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The HTTP/2 session (h2.c), talked to in memory by a raw client.
 *
 * unit-src: tests/unit/h2_client.c
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "h2.h"
#include "h2_client.h"
#include "unit.h"

#define PROTOCOL_ERROR 1
#define REFUSED_STREAM 7
#define CANCEL 8

static struct liteio_h2_stream *pending[64];
static size_t n_pending;
static unsigned int n_closed;
static bool echo;

static void respond(struct liteio_h2_stream *stream, const void *body, size_t len)
{
	const struct liteio_h2_field fields[] = { { ":status", "200" } };
	const struct liteio_h2_field trailers[] = { { "grpc-status", "0" } };
	char *copy = liteio_calloc(1, len);

	memcpy(copy, body, len);
	liteio_h2_respond(stream, fields, 1, copy, len, trailers, 1);
}

static void on_request(void *arg, struct liteio_h2_stream *stream)
{
	size_t len;
	const void *body = liteio_h2_stream_body(stream, &len);

	if (echo)
		respond(stream, len ? body : "", len);
	else
		pending[n_pending++] = stream;
}

static void on_closed(void *arg, struct liteio_h2_stream *stream)
{
	n_closed++;
}

static const struct liteio_h2_ops ops = { .request = on_request, .closed = on_closed };
static struct liteio_h2 *h2;
static struct liteio_h2_conn *conn;
static struct h2_client *client;

static void setup(void)
{
	struct liteio_h2_limits limits = LITEIO_H2_LIMITS_DEFAULT;

	limits.streams = 8;
	limits.header_bytes = 1024;
	limits.body_bytes = 100000;
	limits.buffered_bytes = 150000;
	h2 = liteio_h2_new(&limits, &ops, NULL);
	ck_assert_int_eq(liteio_h2_conn_new(h2, 1000, NULL, NULL, &conn, NULL), 0);
	client = h2_client_new();
	n_pending = 0;
	n_closed = 0;
	echo = true;
}

static void teardown(void)
{
	liteio_h2_conn_free(conn);
	liteio_h2_free(h2);
	h2_client_free(client);
}

static struct h2_reply *exchange(const struct h2_request *req)
{
	int32_t id = h2_client_request(client, req);

	ck_assert_int_eq(h2_client_pump(client, conn, 1000), 0);
	return h2_client_reply(client, id);
}

START_TEST(echoes_with_trailers)
{
	struct h2_reply *reply = exchange(
		&(struct h2_request){ .path = "/a/b", .body = "hello", .body_len = 5 });

	ck_assert(reply->closed);
	ck_assert_int_eq(reply->http_status, 200);
	ck_assert_int_eq(reply->grpc_status, 0);
	ck_assert_uint_eq(reply->body_len, 5);
	ck_assert_mem_eq(reply->body, "hello", 5);
	ck_assert_uint_eq(n_closed, 1);
	ck_assert(!liteio_h2_conn_done(conn));
	ck_assert_uint_eq(liteio_h2_conn_expiry(conn), UINT64_MAX);
}
END_TEST

START_TEST(large_body_both_ways)
{
	_cleanup_free_ char *body = liteio_calloc(1, 100000);
	struct h2_reply *reply;

	memset(body, 'x', 100000);
	for (int i = 0; i < 5; i++) {
		reply = exchange(&(struct h2_request){
			.path = "/a/b", .body = body, .body_len = 100000 });
		ck_assert_int_eq(reply->grpc_status, 0);
		ck_assert_uint_eq(reply->body_len, 100000);
		ck_assert_mem_eq(reply->body, body, 100000);
	}
}
END_TEST

/* old Go clients put the path of the socket there */
START_TEST(socket_path_as_authority)
{
	struct h2_reply *reply =
		exchange(&(struct h2_request){ .path = "/a/b", .authority = "/csi/csi.sock" });

	ck_assert_int_eq(reply->http_status, 200);
	reply = exchange(&(struct h2_request){ .path = "/a/b", .authority = "%2Fcsi%2Fcsi.sock" });
	ck_assert_int_eq(reply->http_status, 200);
}
END_TEST

static const struct h2_request malformed[] = {
	{ .path = NULL },
	{ .path = "no-slash" },
	{ .path = "" },
	{ .path = "/a/b", .method = "" },
	{ .path = "/a/b", .extra_name = "x-evil", .extra_value = "a\x01z" },
	{ .path = "/a/b", .extra_name = "x y", .extra_value = "z" },
	{ .path = "/a/b", .extra_name = ":path", .extra_value = "/c" },
	{ .path = "/a/b", .extra_name = ":late", .extra_value = "z" },
};

START_TEST(malformed_request_is_reset)
{
	struct h2_reply *reply = exchange(&malformed[_i]);

	ck_assert(reply->closed);
	ck_assert_uint_eq(reply->error_code, PROTOCOL_ERROR);
	/* the connection goes on */
	reply = exchange(&(struct h2_request){ .path = "/a/b" });
	ck_assert_int_eq(reply->http_status, 200);
	ck_assert_uint_eq(n_closed, 1);
}
END_TEST

START_TEST(too_many_header_bytes)
{
	char value[1000];
	struct h2_reply *reply;

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	reply = exchange(&(struct h2_request){
		.path = "/a/b", .extra_name = "x", .extra_value = value });
	ck_assert_uint_eq(reply->error_code, PROTOCOL_ERROR);
	ck_assert_uint_eq(n_closed, 0);
}
END_TEST

START_TEST(too_large_body_is_delivered_as_such)
{
	_cleanup_free_ char *body = liteio_calloc(1, 200000);
	struct h2_reply *reply;

	echo = false;
	reply = exchange(&(struct h2_request){
		.path = "/a/b", .body = body, .body_len = 200000, .keep_open = true });
	ck_assert_uint_eq(n_pending, 1);
	ck_assert_int_eq(liteio_h2_stream_fault(pending[0]), LITEIO_H2_TOO_LARGE);
	respond(pending[0], "no", 2);
	ck_assert_int_eq(h2_client_pump(client, conn, 1000), 0);
	ck_assert_int_eq(reply->grpc_status, 0);
	ck_assert(reply->closed);
	ck_assert_uint_eq(reply->error_code, 0);
	ck_assert_uint_eq(n_closed, 1);
}
END_TEST

START_TEST(bodies_of_all_streams_are_bounded)
{
	_cleanup_free_ char *body = liteio_calloc(1, 80000);
	const struct h2_request req = {
		.path = "/a/b", .body = body, .body_len = 80000, .keep_open = true
	};

	echo = false;
	exchange(&req);
	ck_assert_uint_eq(n_pending, 0);
	exchange(&req);
	ck_assert_uint_eq(n_pending, 1);
	ck_assert_int_eq(liteio_h2_stream_fault(pending[0]), LITEIO_H2_NO_MEMORY);
	/* what the first one held is free again when it goes */
	h2_client_cancel(client, 1);
	echo = true;
	ck_assert_int_eq(
		exchange(&(struct h2_request){ .path = "/a/b", .body = body, .body_len = 80000 })
			->grpc_status,
		0);
}
END_TEST

START_TEST(too_many_streams_are_refused)
{
	struct h2_reply *reply = NULL;

	echo = false;
	/* before the client knows the limit */
	for (int i = 0; i < 9; i++)
		reply = h2_client_reply(client,
					h2_client_request(client,
							  &(struct h2_request){ .path = "/a/b" }));
	ck_assert_int_eq(h2_client_pump(client, conn, 1000), 0);
	ck_assert_uint_eq(n_pending, 8);
	ck_assert(!reply->closed || reply->error_code == REFUSED_STREAM);
}
END_TEST

START_TEST(cancel_closes)
{
	echo = false;
	exchange(&(struct h2_request){ .path = "/a/b" });
	ck_assert_uint_eq(n_pending, 1);
	h2_client_cancel(client, 1);
	ck_assert_int_eq(h2_client_pump(client, conn, 1000), 0);
	ck_assert_uint_eq(n_closed, 1);
}
END_TEST

START_TEST(pending_requests_are_closed_with_the_connection)
{
	echo = false;
	exchange(&(struct h2_request){ .path = "/a/b" });
	exchange(&(struct h2_request){ .path = "/a/b" });
	liteio_h2_conn_free(take_ptr(conn));
	ck_assert_uint_eq(n_closed, 2);
}
END_TEST

START_TEST(second_answer_is_dropped)
{
	struct h2_reply *reply;

	echo = false;
	reply = exchange(&(struct h2_request){ .path = "/a/b" });
	respond(pending[0], "one", 3);
	respond(pending[0], "two", 3);
	ck_assert_int_eq(h2_client_pump(client, conn, 1000), 0);
	ck_assert_mem_eq(reply->body ? reply->body : h2_client_reply(client, 1)->body, "one", 3);
}
END_TEST

START_TEST(handshake_expires)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_uint_eq(liteio_h2_conn_expiry(conn), 11000);
	ck_assert_int_eq(liteio_h2_conn_expire(conn, 10999, &err), 0);
	ck_assert_int_eq(liteio_h2_conn_expire(conn, 11000, &err), -ETIMEDOUT);
	ck_assert_str_ne(err.msg, "");
}
END_TEST

START_TEST(incomplete_request_expires)
{
	struct h2_reply *reply = exchange(
		&(struct h2_request){ .path = "/a/b", .keep_open = true });

	ck_assert_uint_eq(liteio_h2_conn_expiry(conn), 61000);
	ck_assert_int_eq(liteio_h2_conn_expire(conn, 60999, NULL), 0);
	ck_assert_int_eq(h2_client_pump(client, conn, 60999), 0);
	ck_assert(!reply->closed);
	ck_assert_int_eq(liteio_h2_conn_expire(conn, 61000, NULL), 0);
	ck_assert_uint_eq(liteio_h2_conn_expiry(conn), UINT64_MAX);
	ck_assert_int_eq(h2_client_pump(client, conn, 61000), 0);
	ck_assert(reply->closed);
	ck_assert_uint_eq(reply->error_code, CANCEL);
	ck_assert_uint_eq(n_closed, 0);
}
END_TEST

/* the client pumps its window back only when it reads: 64 KiB come, the rest waits */
START_TEST(response_nobody_takes_expires)
{
	_cleanup_free_ char *body = liteio_calloc(1, 100000);
	const void *data;
	size_t len, sent = 0;

	echo = false;
	exchange(&(struct h2_request){ .path = "/a/b" });
	respond(pending[0], body, 100000);
	ck_assert_uint_eq(liteio_h2_conn_expiry(conn), UINT64_MAX);
	while ((len = liteio_h2_conn_output(conn, 5000, &data))) {
		liteio_h2_conn_sent(conn, len);
		sent += len;
	}
	ck_assert_uint_gt(sent, 65535);
	ck_assert_uint_lt(sent, 66000);
	ck_assert_uint_eq(liteio_h2_conn_expiry(conn), 65000);
	ck_assert_int_eq(liteio_h2_conn_expire(conn, 64999, NULL), 0);
	ck_assert_uint_eq(liteio_h2_conn_output(conn, 64999, &data), 0);
	ck_assert_int_eq(liteio_h2_conn_expire(conn, 65000, NULL), 0);
	ck_assert_uint_eq(n_closed, 0);
	ck_assert_uint_gt(liteio_h2_conn_output(conn, 65000, &data), 0);
	ck_assert_uint_eq(n_closed, 1);
}
END_TEST

START_TEST(garbage_is_refused)
{
	static const char http1[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_h2_conn_recv(conn, http1, strlen(http1), 1000, &err), -EPROTO);
	ck_assert_str_ne(err.msg, "");
}
END_TEST

START_TEST(garbage_after_the_preface_ends_the_connection)
{
	static const char junk[64] = { 0x7f, 0x7f, 0x7f };
	const void *data;
	size_t len;
	int r;

	exchange(&(struct h2_request){ .path = "/a/b" });
	r = liteio_h2_conn_recv(conn, junk, sizeof(junk), 1000, NULL);
	while ((len = liteio_h2_conn_output(conn, 1000, &data)))
		liteio_h2_conn_sent(conn, len);
	ck_assert(r == -EPROTO || liteio_h2_conn_done(conn));
}
END_TEST

/* a peer that makes us answer and does not read must not fill our memory */
START_TEST(ping_flood_is_refused)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	static const uint8_t settings[9] = { 0, 0, 0, 4, 0, 0, 0, 0, 0 };
	static const uint8_t ping[17] = { 0, 0, 8, 6, 0, 0, 0, 0, 0 };
	int r;

	r = liteio_h2_conn_recv(conn, preface, strlen(preface), 1000, NULL);
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(liteio_h2_conn_recv(conn, settings, sizeof(settings), 1000, NULL), 0);
	for (int i = 0; i < 1000 && r == 0; i++)
		r = liteio_h2_conn_recv(conn, ping, sizeof(ping), 1000, NULL);
	ck_assert_int_eq(r, -EPROTO);
}
END_TEST

START_TEST(shutdown_finishes_what_runs)
{
	struct h2_reply *reply;

	echo = false;
	reply = exchange(&(struct h2_request){ .path = "/a/b" });
	liteio_h2_conn_shutdown(conn);
	ck_assert_int_eq(h2_client_pump(client, conn, 1000), 0);
	ck_assert(h2_client_goaway(client));
	ck_assert(!liteio_h2_conn_done(conn));
	respond(pending[0], "late", 4);
	ck_assert_int_eq(h2_client_pump(client, conn, 1000), 0);
	ck_assert_int_eq(reply->grpc_status, 0);
	ck_assert(liteio_h2_conn_done(conn));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("h2");
	TCase *tc = unit_case(suite, "session");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, echoes_with_trailers);
	tcase_add_test(tc, large_body_both_ways);
	tcase_add_test(tc, socket_path_as_authority);
	tcase_add_loop_test(tc, malformed_request_is_reset, 0, LITEIO_ARRAY_SIZE(malformed));
	tcase_add_test(tc, too_many_header_bytes);
	tcase_add_test(tc, too_large_body_is_delivered_as_such);
	tcase_add_test(tc, bodies_of_all_streams_are_bounded);
	tcase_add_test(tc, too_many_streams_are_refused);
	tcase_add_test(tc, cancel_closes);
	tcase_add_test(tc, pending_requests_are_closed_with_the_connection);
	tcase_add_test(tc, second_answer_is_dropped);
	tcase_add_test(tc, handshake_expires);
	tcase_add_test(tc, incomplete_request_expires);
	tcase_add_test(tc, response_nobody_takes_expires);
	tcase_add_test(tc, garbage_is_refused);
	tcase_add_test(tc, garbage_after_the_preface_ends_the_connection);
	tcase_add_test(tc, ping_flood_is_refused);
	tcase_add_test(tc, shutdown_finishes_what_runs);
	return unit_run(suite);
}
