// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HTTP: our clients against our server, on one loop: http_local over a unix socket, http_client
 * over TCP. What holds for both is a function that is run with each.
 *
 * Over 600 lines because all three are tested with each other.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/http_client.h"
#include "base/http_local.h"
#include "base/http_server.h"
#include "base/listen.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "local_on_loop.h"
#include "unit.h"

static char dir[] = "/tmp/liteio-http-XXXXXX";
static char path[64], address[128];
static struct liteio_loop *loop;
static struct liteio_http_server *server;
static struct liteio_http_client *client;
static struct liteio_http_request *kept[8];
static size_t n_kept;
static bool quit_when_kept;

static void reply(struct liteio_http_request *req, unsigned int status, const char *text)
{
	liteio_http_reply(req, status, "text/plain", text, strlen(text));
}

static struct liteio_http_stream *served;
static unsigned int served_closed;

static void on_closed(void *arg)
{
	served = NULL;
	served_closed++;
	liteio_loop_quit(loop, 2);
}

/* what the server does for each path */
static void handle(void *arg, struct liteio_http_request *req)
{
	const char *p = liteio_http_request_path(req);
	const char *q = liteio_http_request_query(req, "q");
	size_t len;
	const char *body = liteio_http_request_body(req, &len);

	if (!strcmp(p, "/echo")) {
		char *text = liteio_strf("%s q=%s h=%s body=%s", liteio_http_request_method(req),
					 q ? q : "-",
					 liteio_http_request_header(req, "Content-Type") ?: "-",
					 body);

		reply(req, 200, text);
		free(text);
	} else if (!strcmp(p, "/later")) {
		kept[n_kept++] = req;
		if (quit_when_kept)
			liteio_loop_quit(loop, 1);
	} else if (!strcmp(p, "/release")) {
		for (size_t i = 0; i < n_kept; i++)
			reply(kept[i], 202, "released");
		n_kept = 0;
		reply(req, 200, "done");
	} else if (!strcmp(p, "/large")) {
		char *text = liteio_calloc(1, 3000000);

		memset(text, 'x', 3000000);
		liteio_http_reply(req, 200, "text/plain", text, 3000000);
		free(text);
	} else if (!strcmp(p, "/peer")) {
		uid_t uid = 12345;
		gid_t gid;
		pid_t pid = 0;
		int r = liteio_http_request_peer(req, &uid, &gid, &pid);
		char *text = liteio_strf("%d %d %d", r, uid == getuid(), pid == getpid());

		reply(req, 200, text);
		free(text);
	} else if (!strcmp(p, "/stream") || !strcmp(p, "/stream-later")) {
		served = liteio_http_stream_new(req, 200, "text/plain", on_closed, NULL);
		if (!p[7])
			ck_assert_int_eq(liteio_http_stream_write(served, "one\n", 4), 0);
	} else {
		reply(req, 404, "no such thing");
	}
}

static void setup(const char *where, const struct liteio_http_options *opt)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	snprintf(address, sizeof(address), "unix://%s", path);
	ck_assert_int_eq(liteio_loop_new(&loop, NULL), 0);
	ck_assert_msg(!liteio_http_server_new(loop, where ? where : address, opt, handle, NULL,
					      &server, &err), "%s", err.msg);
	ck_assert_int_eq(liteio_http_client_new(loop, NULL, &client, NULL), 0);
}

static void teardown(void)
{
	liteio_http_client_free(client);
	liteio_http_server_free(server);
	liteio_loop_free(loop);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(rmdir(dir), 0);
}

/* ---- calls -------------------------------------------------------------------------------- */

struct result {
	int r;
	long status;
	char *body;
	char *sentence;
};

static unsigned int outstanding;

static void on_done(void *arg, int r, const struct liteio_http_response *rsp,
		    const struct liteio_error *err)
{
	struct result *res = arg;

	res->r = r;
	res->status = rsp ? rsp->status : 0;
	res->body = rsp ? liteio_strdup(rsp->body) : NULL;
	res->sentence = err ? liteio_strdup(err->msg) : NULL;
	if (!--outstanding)
		liteio_loop_quit(loop, 0);
}

static void result_fini(struct result *res)
{
	free(res->body);
	free(res->sentence);
	*res = (struct result){ 0 };
}

/* one of both */
struct call {
	struct local_call *local;
	struct liteio_http_call *tcp;
};

/* one request, as each of both is given it */
struct request {
	char *url;
	struct liteio_http_local_spec local;
	struct liteio_http_call_spec tcp;
};

static struct request request_of(const char *method, const char *what, const char *body,
				 uint64_t timeout_ms)
{
	static const char *const headers[] = { "Content-Type: application/json", NULL };
	struct request q = {
		.url = liteio_strf("http://127.0.0.1:%u%s", liteio_http_server_port(server), what),
		.local = { path, method, what, body, body ? strlen(body) : 0, timeout_ms, 0 },
	};

	q.tcp = (struct liteio_http_call_spec){ method, q.url, body ? headers : NULL, body,
						q.local.body_len, timeout_ms, 0 };
	return q;
}

static struct call start_with(const char *method, const char *what, const char *body,
			      uint64_t timeout_ms, liteio_http_data_fn data, struct result *res)
{
	struct request q = request_of(method, what, body, timeout_ms);
	struct call call = { 0 };

	outstanding++;
	if (liteio_http_server_port(server))
		call.tcp = liteio_http_call_start(client, &q.tcp, data, on_done, res);
	else
		call.local = local_call_start(loop, &q.local, data, on_done, res);
	free(q.url);
	return call;
}

static struct call start(const char *method, const char *what, const char *body,
			 uint64_t timeout_ms, struct result *res)
{
	return start_with(method, what, body, timeout_ms, NULL, res);
}

static void cancel(struct call call)
{
	local_call_cancel(call.local);
	liteio_http_call_cancel(call.tcp);
}

/* a test of both */
#define BOTH(name) \
	START_TEST(name##_local) \
	{ \
		name(NULL); \
	} \
	END_TEST \
	START_TEST(name##_tcp) \
	{ \
		name("tcp://127.0.0.1:0"); \
	} \
	END_TEST

#define BOTH_OF(name) name##_local, name##_tcp

static void check_echo(void)
{
	struct result a = { 0 }, b = { 0 }, c = { 0 };

	start("GET", "/echo?q=a%20b", NULL, 10000, &a);
	start("POST", "/echo", "hello", 10000, &b);
	start("DELETE", "/nothing%2fhere", NULL, 10000, &c);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(a.body, "GET q=a b h=- body=");
	ck_assert_str_eq(b.body, "POST q=- h=application/json body=hello");
	ck_assert_int_eq(c.status, 404);
	ck_assert_int_eq(c.r, 0);
	result_fini(&a);
	result_fini(&b);
	result_fini(&c);
}

START_TEST(test_unix)
{
	const struct liteio_http_options opt = { .unix_mode = 0600, .unix_gid = (gid_t)-1 };
	struct stat st;

	setup(NULL, &opt);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	check_echo();
	teardown();
}
END_TEST

START_TEST(test_tcp)
{
	setup("tcp://127.0.0.1:0", NULL);
	ck_assert_uint_gt(liteio_http_server_port(server), 0);
	check_echo();
	teardown();
}
END_TEST

START_TEST(test_peer)
{
	struct result a = { 0 };

	setup(NULL, NULL);
	start("GET", "/peer", NULL, 10000, &a);
	liteio_loop_run(loop);
	ck_assert_str_eq(a.body, "0 1 1");
	result_fini(&a);
	teardown();
}
END_TEST

START_TEST(test_peer_tcp)
{
	struct result a = { 0 };

	setup("tcp://127.0.0.1:0", NULL);
	start("GET", "/peer", NULL, 10000, &a);
	liteio_loop_run(loop);
	ck_assert_int_eq(atoi(a.body), -ENOTSUP);
	result_fini(&a);
	teardown();
}
END_TEST

static void later(const char *where)
{
	struct result a = { 0 }, b = { 0 };
	struct call first, second;

	setup(where, NULL);
	quit_when_kept = true;
	first = start("GET", "/later", NULL, 10000, &a);
	second = start("POST", "/later", "x", 10000, &b);
	while (n_kept < 2)
		ck_assert_int_eq(liteio_loop_run(loop), 1);
	ck_assert_int_eq(a.status, 0);
	cancel(first);
	cancel(second);
	teardown();
}
BOTH(later)

static void released(const char *where)
{
	struct result a = { 0 }, c = { 0 };

	setup(where, NULL);
	start("GET", "/later", NULL, 10000, &a);
	start("GET", "/release", NULL, 10000, &c);
	liteio_loop_run(loop);
	/* which of both came first is the server's choice */
	ck_assert_int_eq(c.status, 200);
	ck_assert(a.status == 202 || n_kept == 1);
	result_fini(&a);
	result_fini(&c);
	teardown();
}
BOTH(released)

static void timeout_and_late_reply(const char *where)
{
	struct result a = { 0 }, b = { 0 };

	setup(where, NULL);
	start("GET", "/later", NULL, 100, &a);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_int_eq(a.r, -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(a.sentence, where ? "/later: " : "within 100 ms"));
	ck_assert_uint_eq(n_kept, 1);
	/* the client of the kept request has gone; answering it now is no error */
	start("GET", "/release", NULL, 10000, &b);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_int_eq(b.status, 200);
	result_fini(&a);
	result_fini(&b);
	teardown();
}
BOTH(timeout_and_late_reply)

static void body_bound(const char *where)
{
	const struct liteio_http_options opt = { .max_body = 1000, .unix_gid = (gid_t)-1 };
	struct result a = { 0 }, b = { 0 }, c = { 0 };
	char body[1002];

	memset(body, 'x', sizeof(body));
	body[1000] = '\0';
	setup(where, &opt);
	start("POST", "/echo", body, 10000, &a);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_int_eq(a.status, 200);
	body[1000] = 'x';
	body[1001] = '\0';
	start("POST", "/echo", body, 10000, &b);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_int_eq(b.status, 413);
	start("GET", "/echo", NULL, 10000, &c);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_int_eq(c.status, 200);
	result_fini(&a);
	result_fini(&b);
	result_fini(&c);
	teardown();
}
BOTH(body_bound)

static void cancelled(const char *where)
{
	struct call call;
	struct result a = { .r = 77 }, b = { 0 };

	setup(where, NULL);
	call = start("GET", "/echo", NULL, 10000, &a);
	cancel(call);
	outstanding--;
	start("GET", "/echo", NULL, 10000, &b);
	liteio_loop_run(loop);
	ck_assert_int_eq(a.r, 77);
	ck_assert_int_eq(b.status, 200);
	result_fini(&b);
	/* in the middle of it; to free the client of TCP cancels, too */
	quit_when_kept = true;
	call = start("GET", "/later", NULL, 10000, &a);
	ck_assert_int_eq(liteio_loop_run(loop), 1);
	if (!where)
		cancel(call);
	teardown();
}
BOTH(cancelled)

START_TEST(test_no_server)
{
	struct liteio_http_local_spec local = { .socket = "/no/such/socket", .method = "GET",
						.target = "/", .timeout_ms = 10000 };
	struct liteio_http_call_spec tcp = { .method = "GET", .url = "ftp://localhost/",
					     .timeout_ms = 10000 };
	struct result a = { 0 }, b = { 0 };

	setup(NULL, NULL);
	outstanding = 2;
	local_call_start(loop, &local, NULL, on_done, &a);
	liteio_http_call_start(client, &tcp, NULL, on_done, &b);
	liteio_loop_run(loop);
	ck_assert_int_eq(a.r, -ENOENT);
	ck_assert_int_eq(b.r, -EINVAL);
	result_fini(&a);
	result_fini(&b);
	teardown();
}
END_TEST

/* ---- streams ------------------------------------------------------------------------------ */

static size_t stream_bytes;
static struct call stream;
static enum { STREAM_READ, STREAM_STOP, STREAM_CANCEL } stream_mode;
static struct result from_stream;

static int on_data(void *arg, const char *data, size_t len)
{
	stream_bytes += len;
	if (stream_mode == STREAM_CANCEL) {
		cancel(stream);
		/* one begun from inside is begun when this has returned */
		start("GET", "/echo", NULL, 10000, &from_stream);
	}
	return stream_mode == STREAM_STOP ? -EPIPE : 0;
}

static void run_stream(const char *what, struct result *res)
{
	stream_bytes = 0;
	stream = start_with("GET", what, NULL, 0, on_data, res);
	outstanding = stream_mode == STREAM_CANCEL ? 0 : 1;
	liteio_loop_run(loop);
}

static void streamed(const char *where)
{
	struct result a = { 0 };

	setup(where, NULL);
	run_stream("/large", &a);
	ck_assert_int_eq(a.r, 0);
	ck_assert_ptr_null(a.body);
	ck_assert_uint_eq(stream_bytes, 3000000);
	result_fini(&a);
	/* not 2xx: no data, but the reason */
	run_stream("/nothing", &a);
	ck_assert_int_eq(a.r, 0);
	ck_assert_int_eq(a.status, 404);
	ck_assert_str_eq(a.body, "no such thing");
	ck_assert_uint_eq(stream_bytes, 0);
	result_fini(&a);
	stream_mode = STREAM_STOP;
	run_stream("/large", &a);
	ck_assert_int_eq(a.r, -EPIPE);
	ck_assert_uint_lt(stream_bytes, 3000000);
	result_fini(&a);
	teardown();
}
BOTH(streamed)

static void stream_cancel(const char *where)
{
	struct result a = { .r = 77 };

	setup(where, NULL);
	stream_mode = STREAM_CANCEL;
	run_stream("/large", &a);
	ck_assert_int_eq(a.r, 77);
	ck_assert_int_eq(from_stream.status, 200);
	result_fini(&from_stream);
	teardown();
}
BOTH(stream_cancel)

/* ---- streams of the server ---------------------------------------------------------------- */

static struct liteio_buf heard;
static struct liteio_timer *tick;

/* each line is answered with another one, until there are three */
static int on_line(void *arg, const char *data, size_t len)
{
	static const char *const lines[] = { "two\n", "three\n" };
	static size_t n;

	liteio_buf_add(&heard, data, len);
	if (stream_mode == STREAM_STOP)
		return -EPIPE;
	if (n == 2)
		liteio_http_stream_end(served);
	else
		ck_assert_int_eq(liteio_http_stream_write(served, lines[n], strlen(lines[n])), 0);
	n++;
	return 0;
}

/* who has gone is seen by writing */
static void on_tick(void *arg)
{
	if (served)
		liteio_http_stream_write(served, ".", 1);
	liteio_timer_arm(tick, 1, 0);
}

static struct call listen_to(const char *what, struct result *res)
{
	return start_with("GET", what, NULL, 0, on_line, res);
}

static void server_stream(const char *where)
{
	struct result a = { 0 };

	setup(where, NULL);
	listen_to("/stream", &a);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_int_eq(a.r, 0);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(heard.data, "one\ntwo\nthree\n");
	ck_assert_uint_eq(served_closed, 0);
	liteio_buf_fini(&heard);
	result_fini(&a);
	/* others are served meanwhile, and a reader that goes is noticed */
	stream_mode = STREAM_STOP;
	listen_to("/stream", &a);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_int_eq(a.r, -EPIPE);
	check_echo();
	ck_assert_int_eq(liteio_timer_new(loop, on_tick, NULL, &tick, NULL), 0);
	liteio_timer_arm(tick, 0, 0);
	ck_assert_int_eq(liteio_loop_run(loop), 2);
	ck_assert_uint_eq(served_closed, 1);
	liteio_timer_free(tick);
	liteio_buf_fini(&heard);
	result_fini(&a);
	teardown();
}
BOTH(server_stream)

static void on_served(void *arg)
{
	if (served)
		liteio_loop_quit(loop, 3);
	else
		liteio_timer_arm(tick, 1, 0);
}

/* the server ends before the stream; a reader that reads nothing costs no more than the bound */
static void server_stream_bounds(const char *where)
{
	static char much[LITEIO_HTTP_STREAM_MAX];
	struct result a = { 0 };
	struct call call;

	setup(where, NULL);
	call = listen_to("/stream-later", &a);
	ck_assert_int_eq(liteio_timer_new(loop, on_served, NULL, &tick, NULL), 0);
	liteio_timer_arm(tick, 0, 0);
	ck_assert_int_eq(liteio_loop_run(loop), 3);
	memset(much, 'x', sizeof(much));
	ck_assert_int_eq(liteio_http_stream_write(served, much, sizeof(much)), 0);
	ck_assert_int_eq(liteio_http_stream_write(served, much, 1), -ENOBUFS);
	liteio_timer_free(tick);
	liteio_http_server_free(server);
	server = NULL;
	ck_assert_uint_eq(served_closed, 1);
	cancel(call);
	teardown();
}
BOTH(server_stream_bounds)

/* ---- synchronous calls -------------------------------------------------------------------- */

static unsigned int sync_good, sync_ended;

static int ask_sync(const char *method, const char *what, const char *body, size_t max_response,
		    struct liteio_http_response *rsp)
{
	struct request q = request_of(method, what, body, 10000);
	int r;

	q.tcp.max_response = max_response;
	q.local.max_response = max_response;
	r = liteio_http_server_port(server) ? liteio_http_call_sync(client, &q.tcp, rsp, NULL) :
					      liteio_http_local_sync(&q.local, rsp, NULL);
	free(q.url);
	return r;
}

static void sync_job(void *arg)
{
	struct liteio_http_response rsp;

	for (int i = 0; i < 20; i++) {
		if (ask_sync("POST", "/echo?q=1", "abc", 0, &rsp))
			return;
		if (rsp.status == 200 && !strcmp(rsp.body, "POST q=1 h=application/json body=abc"))
			__atomic_fetch_add(&sync_good, 1, __ATOMIC_SEQ_CST);
		liteio_http_response_fini(&rsp);
	}
	if (ask_sync("GET", "/large", NULL, 1000, &rsp) == -EMSGSIZE)
		__atomic_fetch_add(&sync_good, 1, __ATOMIC_SEQ_CST);
}

static void sync_done(void *arg)
{
	if (++sync_ended == 4)
		liteio_loop_quit(loop, 0);
}

static void synchronous(const char *where)
{
	struct liteio_workers *w;

	setup(where, NULL);
	ck_assert_int_eq(liteio_workers_new(loop, 4, &w, NULL), 0);
	for (int i = 0; i < 4; i++)
		liteio_worker_submit(w, NULL, sync_job, sync_done, NULL);
	liteio_loop_run(loop);
	ck_assert_uint_eq(sync_good, 4 * 21);
	ck_assert(liteio_workers_free(w, 10000));
	teardown();
}
BOTH(synchronous)

/* ---- listening ---------------------------------------------------------------------------- */

START_TEST(test_listen_stale)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_http_server *second;
	int fd;

	setup(NULL, NULL);
	/* somebody listens there */
	ck_assert_int_eq(liteio_http_server_new(loop, address, NULL, handle, NULL, &second, &err),
			 -EADDRINUSE);
	liteio_http_server_free(server);
	/* nobody listens any more: replaced */
	memcpy(sa.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd);
	ck_assert_int_eq(liteio_http_server_new(loop, address, NULL, handle, NULL, &server, &err),
			 0);
	liteio_http_server_free(server);
	/* no socket at all: left alone */
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(liteio_http_server_new(loop, address, NULL, handle, NULL, &server, &err),
			 -EEXIST);
	rmdir(path);
	server = NULL;
	teardown();
}
END_TEST

START_TEST(test_listen_bad)
{
	static const char *const bad[] = { "",
					   "/run/x",
					   "unix://relative",
					   "http://127.0.0.1:1",
					   "tcp://127.0.0.1",
					   "tcp://localhost:80",
					   "tcp://127.0.0.1:99999",
					   "tcp://::1:80",
					   "tcp://[::1:80",
					   "tcp://[]:80" };
	struct liteio_listener l = { .fd = -1 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct liteio_error err = LITEIO_ERROR_INIT;

		ck_assert_msg(liteio_listen(bad[i], 0600, (gid_t)-1, &l, &err) == -EINVAL,
			      "accepted \"%s\"", bad[i]);
		ck_assert(err.msg[0]);
	}
	ck_assert_int_eq(l.fd, -1);
}
END_TEST

UNIT_MAIN("http", test_unix, test_tcp, test_peer, test_peer_tcp, BOTH_OF(later), BOTH_OF(released),
	  BOTH_OF(timeout_and_late_reply), BOTH_OF(body_bound), BOTH_OF(cancelled), test_no_server,
	  BOTH_OF(streamed), BOTH_OF(stream_cancel), BOTH_OF(server_stream),
	  BOTH_OF(server_stream_bounds), BOTH_OF(synchronous), test_listen_stale, test_listen_bad)
