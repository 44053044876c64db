// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HTTP answers as they arrive: whole, byte by byte, cut off, too large, and what is none.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_answer.h"
#include "base/str.h"
#include "unit.h"

#define MAX_BODY 16
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

/* in pieces of @step bytes; with @ends nothing comes after that */
static int feed(struct liteio_http_answer *a, const char *text, size_t len, size_t step, bool ends,
		struct liteio_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < len; i += step)
		r = liteio_http_answer_add(a, text + i, len - i < step ? len - i : step, err);
	return r || !ends ? r : liteio_http_answer_end(a, err);
}

static const size_t steps[] = { 1, 2, 7, 100000 };

static const struct {
	const char *text;
	long status;
	const char *body;
	bool is_to_head;
} good[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", false },
	{ "HTTP/1.1 202 Accepted\r\nX: y\r\nContent-Length: 16\r\n\r\n0123456789abcdef", 202,
	  "0123456789abcdef", false },
	{ "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 404, "no", false },
	{ "HTTP/1.1 204 No Content\r\n\r\n", 204, "", false },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
	  200, "hello", false },
	/* until the connection is closed */
	{ "HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello", false },
	{ "HTTP/1.0 200 OK\r\n\r\n", 200, "", false },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, "", true },
	/* what follows is nobody's */
	{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 No\r\n\r\n", 200, "ok",
	  false },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\0\0\0", 200, "ok", false },
};

START_TEST(what_is_whole_is_read)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(good) * LITEIO_ARRAY_SIZE(steps); i++) {
		size_t k = i / LITEIO_ARRAY_SIZE(steps), step = steps[i % LITEIO_ARRAY_SIZE(steps)];
		struct liteio_http_answer *a =
			liteio_http_answer_new(!good[k].is_to_head, MAX_BODY, NULL, NULL);
		struct liteio_http_response rsp;

		ck_assert_msg(feed(a, good[k].text, strlen(good[k].text), step, true, NULL) == 1,
			      "%s by %zu", good[k].text, step);
		liteio_http_answer_take(a, &rsp);
		ck_assert_int_eq(rsp.status, good[k].status);
		ck_assert_str_eq(rsp.body, good[k].body);
		ck_assert_uint_eq(rsp.body_len, strlen(good[k].body));
		liteio_http_response_fini(&rsp);
		liteio_http_answer_free(a);
	}
}
END_TEST

static const struct {
	const char *text;
	int r;
	const char *sentence;
} bad[] = {
	{ "hello\r\n\r\n", -EPROTO, "no HTTP" },
	{ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", -EPROTO, "no HTTP" },
	{ "GET / HTTP/1.1\r\n\r\n", -EPROTO, "no HTTP" },
	{ "HTTP/1.1 abc OK\r\n\r\n", -EPROTO, "no HTTP" },
	{ "HTTP/1.1 99999 OK\r\n\r\n", -EPROTO, "no HTTP" },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", -EPROTO,
	  "interim" },
	{ "HTTP/1.1 101 Other\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", -EPROTO, "interim" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", -EPROTO, "no HTTP" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", -EPROTO, "no HTTP" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", -EPROTO, "no HTTP" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", -EPROTO, "no HTTP" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n0123456789abcdefg", -EMSGSIZE,
	  "larger than 16 bytes" },
	{ "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "8\r\n01234567\r\n8\r\n01234567\r\n1\r\n0\r\n",
	  -EMSGSIZE, "larger than 16 bytes" },
	{ "HTTP/1.1 200 OK\r\n\r\n0123456789abcdefg", -EMSGSIZE, "larger than 16 bytes" },
	{ "", -ECONNRESET, "without an answer" },
	{ "HTTP/1.1 20", -ECONNRESET, "in the middle" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", -ECONNRESET, "in the middle" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", -ECONNRESET, "in the middle" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", -ECONNRESET,
	  "in the middle" },
};

START_TEST(what_is_wrong_is_said)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(bad) * LITEIO_ARRAY_SIZE(steps); i++) {
		size_t k = i / LITEIO_ARRAY_SIZE(steps), step = steps[i % LITEIO_ARRAY_SIZE(steps)];
		struct liteio_http_answer *a = liteio_http_answer_new(true, MAX_BODY, NULL, NULL);
		struct liteio_error err = LITEIO_ERROR_INIT;
		int r = feed(a, bad[k].text, strlen(bad[k].text), step, true, &err);

		ck_assert_msg(r == bad[k].r, "\"%s\" by %zu: %d", bad[k].text, step, r);
		ck_assert_msg(strstr(err.msg, bad[k].sentence), "\"%s\" by %zu: %s", bad[k].text,
			      step, err.msg);
		liteio_http_answer_free(a);
	}
}
END_TEST

START_TEST(a_head_has_a_bound)
{
	static const char *const begins[] = { "HTTP/1.1 200 ", "HTTP/1.1 200 OK\r\nX: ",
					      "HTTP/1.1 200 OK\r\n" CHUNKED "1;" };

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(begins); i++) {
		struct liteio_http_answer *a = liteio_http_answer_new(true, 0, NULL, NULL);
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_buf b = LITEIO_BUF_INIT;

		liteio_buf_addstr(&b, begins[i]);
		while (b.len < 200000)
			liteio_buf_addstr(&b, "0123456789");
		ck_assert_int_eq(feed(a, b.data, b.len, 4096, false, &err), -EMSGSIZE);
		ck_assert_ptr_nonnull(strstr(err.msg, "head of the answer is larger"));
		liteio_buf_fini(&b);
		liteio_http_answer_free(a);
	}
}
END_TEST

/* ---- streams ---- */

static struct liteio_buf heard;
static int hears;

static int on_data(void *arg, const char *data, size_t len)
{
	liteio_buf_add(arg, data, len);
	return hears;
}

static int stream(const char *text, struct liteio_http_response *rsp, struct liteio_error *err)
{
	struct liteio_http_answer *a = liteio_http_answer_new(true, 1, on_data, &heard);
	int r = feed(a, text, strlen(text), 3, true, err);

	if (r == 1)
		liteio_http_answer_take(a, rsp);
	liteio_http_answer_free(a);
	return r;
}

START_TEST(a_stream_is_heard_as_it_comes)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_http_response rsp;

	ck_assert_int_eq(stream("HTTP/1.1 200 OK\r\n" CHUNKED "3\r\none\r\n4\r\n two\r\n0\r\n\r\n",
				&rsp, &err), 1);
	ck_assert_str_eq(heard.data, "one two");
	ck_assert_ptr_null(rsp.body);
	liteio_buf_fini(&heard);
	ck_assert_int_eq(stream("HTTP/1.1 200 OK\r\n" CHUNKED "3\r\none\r\n4\r\n t", &rsp, &err),
			 -ECONNRESET);
	ck_assert_str_eq(heard.data, "one t");
	liteio_buf_fini(&heard);
	/* one that is refused has its reason */
	ck_assert_int_eq(stream("HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone", &rsp, &err), 1);
	ck_assert_uint_eq(heard.len, 0);
	ck_assert_str_eq(rsp.body, "none");
	liteio_http_response_fini(&rsp);
}
END_TEST

START_TEST(who_hears_can_end_it)
{
	static const struct {
		int hears, r;
	} ends[] = { { -EPIPE, -EPIPE }, { 1, -ECANCELED } };

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(ends); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;
		struct liteio_http_response rsp;

		hears = ends[i].hears;
		ck_assert_int_eq(stream("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n012345678",
					&rsp, &err), ends[i].r);
		ck_assert_uint_le(heard.len, 3);
		liteio_buf_fini(&heard);
	}
}
END_TEST

/* the reason of a stream that is refused is cut where it is too long, and is none to fail */
START_TEST(a_long_refusal_is_cut)
{
	struct liteio_http_answer *a = liteio_http_answer_new(true, 0, on_data, &heard);
	struct liteio_buf b = LITEIO_BUF_INIT;
	struct liteio_http_response rsp;

	liteio_buf_addf(&b, "HTTP/1.1 500 No\r\nContent-Length: %u\r\n\r\n",
			2 * LITEIO_HTTP_REFUSAL_MAX);
	for (size_t end = b.len + 2 * LITEIO_HTTP_REFUSAL_MAX; b.len < end;)
		liteio_buf_addstr(&b, "x");
	ck_assert_int_eq(feed(a, b.data, b.len, 4096, false, NULL), 1);
	liteio_http_answer_take(a, &rsp);
	ck_assert_uint_eq(rsp.body_len, LITEIO_HTTP_REFUSAL_MAX);
	liteio_http_response_fini(&rsp);
	liteio_buf_fini(&b);
	liteio_http_answer_free(a);
}
END_TEST

UNIT_MAIN("http-answer", what_is_whole_is_read, what_is_wrong_is_said, a_head_has_a_bound,
	  a_stream_is_heard_as_it_comes, who_hears_can_end_it, a_long_refusal_is_cut)
