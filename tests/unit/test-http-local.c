// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls to a program of this machine that can not be reached, or does not behave: each has its
 * errno and its sentence, and its end, as a whole call and in steps.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_local.h"
#include "base/str.h"
#include "unit.h"

#define LONG_MS 30000

static char path[64];
static int listener;

static void listen_at(int backlog)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(path, sizeof(path), "/tmp/test-http-local-%d", getpid());
	memcpy(at.sun_path, path, strlen(path) + 1);
	unlink(path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(listener, backlog), 0);
}

static void stop_listening(void)
{
	close(listener);
	unlink(path);
}

/* ---- asking, in both ways ---- */

struct heard {
	int r;
	long status;
	char *body;
	size_t body_len;
	struct liteio_error err;
};

/* until it has ended, by what it says is worth waiting for */
static int step_to_end(struct liteio_http_local *call, struct liteio_error *err)
{
	struct pollfd wait;
	int ms, r;

	while (!(r = liteio_http_local_step(call, &wait, &ms, err)))
		ck_assert_int_ge(poll(&wait, 1, ms), 0);
	return r;
}

static int ask_in_steps(const struct liteio_http_local_spec *spec,
			struct liteio_http_response *rsp, struct liteio_error *err)
{
	struct liteio_http_local *call = liteio_http_local_new(spec, NULL, NULL);
	int r = step_to_end(call, err);

	if (r > 0)
		liteio_http_local_take(call, rsp);
	liteio_http_local_free(call);
	return r < 0 ? r : 0;
}

static void ask(bool in_steps, const struct liteio_http_local_spec *spec, struct heard *h)
{
	struct liteio_http_response rsp = { 0 };

	*h = (struct heard){ 0 };
	h->r = in_steps ? ask_in_steps(spec, &rsp, &h->err) :
			  liteio_http_local_sync(spec, &rsp, &h->err);
	h->status = rsp.status;
	h->body = rsp.body;
	h->body_len = rsp.body_len;
}

static void check_refused(const struct liteio_http_local_spec *spec, int r, const char *sentence)
{
	for (int in_steps = 0; in_steps < 2; in_steps++) {
		struct heard h;

		ask(in_steps, spec, &h);
		ck_assert_msg(h.r == r, "%s: %d (%s)", sentence, h.r, h.err.msg);
		ck_assert_msg(strstr(h.err.msg, sentence), "not \"%s\", but \"%s\"", sentence,
			      h.err.msg);
	}
}

/* ---- nobody is reached ---- */

START_TEST(nobody_is_there)
{
	struct liteio_http_local_spec spec = {
		.socket = "/no/such/socket", .method = "GET", .target = "/", .timeout_ms = LONG_MS,
	};
	static char much[200];

	check_refused(&spec, -ENOENT, "there is no such socket");
	listen_at(1);
	close(listener);
	spec.socket = path;
	check_refused(&spec, -ECONNREFUSED, "nobody listens there");
	unlink(path);
	spec.socket = "";
	check_refused(&spec, -EINVAL, "1 to 107 bytes, not 0");
	memset(much, 'x', sizeof(much) - 1);
	spec.socket = much;
	check_refused(&spec, -EINVAL, "1 to 107 bytes, not 199");
}
END_TEST

START_TEST(not_everybody_may)
{
	const struct liteio_http_local_spec spec = {
		.socket = path, .method = "GET", .target = "/", .timeout_ms = LONG_MS,
	};

	listen_at(1);
	ck_assert_int_eq(chmod(path, 0), 0);
	/* root may all */
	if (!geteuid())
		ck_assert_int_eq(seteuid(65534), 0);
	check_refused(&spec, -EACCES, "permission denied");
	if (!getuid())
		ck_assert_int_eq(seteuid(0), 0);
	stop_listening();
}
END_TEST

START_TEST(what_is_no_request_is_not_sent)
{
	static const char *const targets[] = { "", "v1", "/a b", "/a\r\nX: y", "/\t", "/\x7f",
					       "/\xc3\xa4" };
	struct liteio_http_local_spec spec = {
		.socket = "/no/such/socket", .method = "GET", .timeout_ms = LONG_MS,
	};

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(targets); i++) {
		spec.target = targets[i];
		check_refused(&spec, -EINVAL, "is no request");
	}
	spec.method = "GET /";
	spec.target = "/";
	check_refused(&spec, -EINVAL, "is no request");
}
END_TEST

/* its queue has room for nobody; who waits is served when it has */
START_TEST(too_many_wait)
{
	struct liteio_http_local_spec spec = {
		.socket = path, .method = "GET", .target = "/", .timeout_ms = 100,
	};
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fds[8];
	size_t n = 0;

	listen_at(0);
	memcpy(at.sun_path, path, strlen(path) + 1);
	for (;; n++) {
		ck_assert_uint_lt(n, LITEIO_ARRAY_SIZE(fds));
		fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (connect(fds[n], (struct sockaddr *)&at, sizeof(at)))
			break;
	}
	ck_assert_int_eq(errno, EAGAIN);
	check_refused(&spec, -ETIMEDOUT, "takes no connection");
	for (size_t i = 0; i <= n; i++)
		close(fds[i]);
	stop_listening();
}
END_TEST

/* ---- somebody is, and does not behave ---- */

/* to each of two, one after the other */
static struct {
	const char *says;
	size_t len;
	bool stays; /* until the other side has gone; else it closes when it has said that */
	bool is_deaf; /* hears nothing before */
	size_t heard;
} bad;

static void say_all(int fd)
{
	for (size_t i = 0; i < bad.len;) {
		ssize_t n = send(fd, bad.says + i, bad.len - i, MSG_NOSIGNAL);

		if (n < 0)
			return;
		i += (size_t)n;
	}
}

/* a request, up to the end of its head or of its body of "x" */
static void hear(int fd)
{
	char data[65536], last = 0;
	ssize_t n;

	do {
		n = read(fd, data, sizeof(data));
		if (n > 0) {
			bad.heard += (size_t)n;
			last = data[n - 1];
		}
	} while (n > 0 && last != '\n' && last != '.');
}

static void *behave_badly(void *arg)
{
	char c;

	for (int i = 0; i < 2; i++) {
		int fd = accept(listener, NULL, NULL);

		if (!bad.is_deaf)
			hear(fd);
		say_all(fd);
		while (bad.stays && read(fd, &c, 1) > 0)
			;
		close(fd);
	}
	return NULL;
}

static pthread_t begin(const char *says)
{
	pthread_t t;

	bad.says = says;
	bad.len = strlen(says);
	listen_at(4);
	ck_assert_int_eq(pthread_create(&t, NULL, behave_badly, NULL), 0);
	return t;
}

static void end(pthread_t t)
{
	pthread_join(t, NULL);
	stop_listening();
}

#define HEAD "HTTP/1.1 200 OK\r\n"

static const struct {
	const char *says;
	bool stays;
	uint64_t timeout_ms;
	int r;
	const char *sentence;
} rows[] = {
	{ "", false, LONG_MS, -ECONNRESET, "without an answer" },
	{ HEAD "Content-Len", false, LONG_MS, -ECONNRESET, "in the middle of the answer" },
	{ HEAD "Content-Length: 5\r\n\r\nhe", false, LONG_MS, -ECONNRESET,
	  "in the middle of the answer" },
	{ "", true, 50, -ETIMEDOUT, "no whole answer within 50 ms" },
	{ HEAD "Content-Length: 5\r\n\r\nhe", true, 50, -ETIMEDOUT,
	  "no whole answer within 50 ms" },
	{ HEAD "Content-Length: 11\r\n\r\nhello world", true, LONG_MS, -EMSGSIZE,
	  "larger than 10 bytes" },
	{ "SSH-2.0-OpenSSH_9.2p1\r\n", true, LONG_MS, -EPROTO, "no HTTP" },
};

START_TEST(each_has_its_sentence)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(rows); i++) {
		pthread_t t = begin(rows[i].says);
		const struct liteio_http_local_spec spec = {
			.socket = path,
			.method = "GET",
			.target = "/v1/x?y=z",
			.timeout_ms = rows[i].timeout_ms,
			.max_response = 10,
		};

		bad.stays = rows[i].stays;
		check_refused(&spec, rows[i].r, rows[i].sentence);
		end(t);
	}
}
END_TEST

/* a whole answer is one, whatever is not read, and whoever stays */
START_TEST(a_body_that_is_not_read_is_no_failure)
{
	static char much[4000000];
	pthread_t t;
	struct liteio_http_local_spec spec = {
		.socket = path,
		.method = "POST",
		.target = "/",
		.body = much,
		.body_len = sizeof(much),
		.timeout_ms = LONG_MS,
	};

	bad.is_deaf = true;
	t = begin("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!");
	for (int in_steps = 0; in_steps < 2; in_steps++) {
		struct heard h;

		ask(in_steps, &spec, &h);
		ck_assert_msg(h.r == 0, "%s", h.err.msg);
		ck_assert_int_eq(h.status, 413);
		ck_assert_str_eq(h.body, "no!");
		free(h.body);
	}
	end(t);
}
END_TEST

START_TEST(a_large_body_goes_in_pieces)
{
	static char much[4000000];
	size_t head;
	pthread_t t;
	struct liteio_http_local_spec spec = {
		.socket = path,
		.method = "PUT",
		.target = "/",
		.body = much,
		.body_len = sizeof(much),
		.timeout_ms = LONG_MS,
	};

	memset(much, 'x', sizeof(much));
	much[sizeof(much) - 1] = '.';
	t = begin(HEAD "Content-Length: 0\r\n\r\n");
	for (int in_steps = 0; in_steps < 2; in_steps++) {
		struct heard h;

		ask(in_steps, &spec, &h);
		ck_assert_msg(h.r == 0, "%s", h.err.msg);
		ck_assert_int_eq(h.status, 200);
		free(h.body);
	}
	end(t);
	head = bad.heard - 2 * sizeof(much);
	ck_assert_uint_gt(head, 0);
	ck_assert_uint_lt(head, 1000);
}
END_TEST

START_TEST(a_large_answer_comes_in_pieces)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	struct liteio_http_local_spec spec = {
		.socket = path, .method = "GET", .target = "/", .timeout_ms = LONG_MS,
	};
	pthread_t t;

	liteio_buf_addstr(&b, HEAD "Content-Length: 3000000\r\n\r\n");
	for (size_t last = b.len + 3000000; b.len < last;)
		liteio_buf_addstr(&b, "0123456789");
	bad.stays = true;
	t = begin(b.data);
	for (int in_steps = 0; in_steps < 2; in_steps++) {
		struct heard h;

		ask(in_steps, &spec, &h);
		ck_assert_msg(h.r == 0, "%s", h.err.msg);
		ck_assert_uint_eq(h.body_len, 3000000);
		ck_assert(!memcmp(h.body + 2999990, "0123456789", 11));
		free(h.body);
	}
	end(t);
	liteio_buf_fini(&b);
}
END_TEST

/* who waits in front of a queue that is full is served when it no longer is */
static void *make_room(void *arg)
{
	int fd = accept(listener, NULL, NULL);

	behave_badly(NULL);
	close(fd);
	return NULL;
}

START_TEST(who_waits_for_a_place_gets_one)
{
	struct liteio_http_local_spec spec = {
		.socket = path, .method = "GET", .target = "/", .timeout_ms = LONG_MS,
	};
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int first = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t t;

	listen_at(0);
	memcpy(at.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(connect(first, (struct sockaddr *)&at, sizeof(at)), 0);
	bad.says = HEAD "Content-Length: 0\r\n\r\n";
	bad.len = strlen(bad.says);
	ck_assert_int_eq(pthread_create(&t, NULL, make_room, NULL), 0);
	for (int in_steps = 0; in_steps < 2; in_steps++) {
		struct heard h;

		ask(in_steps, &spec, &h);
		ck_assert_msg(h.r == 0, "%s", h.err.msg);
		free(h.body);
	}
	close(first);
	end(t);
}
END_TEST

/* ---- ending it from within ---- */

static unsigned int n_told;

static int end_it(void *arg, const char *data, size_t len)
{
	n_told++;
	return -ECANCELED;
}

START_TEST(a_stream_is_ended_from_within)
{
	const struct liteio_http_local_spec spec = { .socket = path, .method = "GET",
						     .target = "/" };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_http_local *call;
	pthread_t t;

	bad.stays = true;
	/* more has come with it: nobody is told of that */
	t = begin(HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nworld\r\n");
	for (int i = 0; i < 2; i++) {
		call = liteio_http_local_new(&spec, end_it, NULL);
		ck_assert_int_eq(step_to_end(call, &err), -ECANCELED);
		ck_assert_int_eq(n_told, i + 1);
		liteio_http_local_free(call);
	}
	/* and before it has begun */
	liteio_http_local_free(liteio_http_local_new(&spec, end_it, NULL));
	liteio_http_local_free(NULL);
	end(t);
}
END_TEST

UNIT_MAIN("http-local", nobody_is_there, not_everybody_may, what_is_no_request_is_not_sent,
	  too_many_wait, each_has_its_sentence, a_body_that_is_not_read_is_no_failure,
	  a_large_body_goes_in_pieces, a_large_answer_comes_in_pieces,
	  who_waits_for_a_place_gets_one, a_stream_is_ended_from_within)
