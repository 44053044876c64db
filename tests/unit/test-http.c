// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HTTP: our client against our server, on one loop, over a unix socket and TCP.
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
#include "base/http_server.h"
#include "base/listen.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
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
					 liteio_http_request_header(req, "X-Test") ?: "-", body);

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

static struct liteio_http_call *start(const char *method, const char *what, const char *body,
				      uint64_t timeout_ms, struct result *res)
{
	static const char *const headers[] = { "X-Test: yes", NULL };
	char *url = liteio_http_server_port(server) ?
			    liteio_strf("http://127.0.0.1:%u%s", liteio_http_server_port(server),
					what) :
			    liteio_strf("http://localhost%s", what);
	struct liteio_http_call_spec spec = {
		.method = method,
		.url = url,
		.unix_path = liteio_http_server_port(server) ? NULL : path,
		.headers = headers,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ms = timeout_ms,
	};
	struct liteio_http_call *call;

	outstanding++;
	call = liteio_http_call_start(client, &spec, NULL, on_done, res);
	free(url);
	return call;
}

static void check_echo(void)
{
	struct result a = { 0 }, b = { 0 }, c = { 0 };

	start("GET", "/echo?q=a%20b", NULL, 10000, &a);
	start("POST", "/echo", "hello", 10000, &b);
	start("DELETE", "/nothing%2fhere", NULL, 10000, &c);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(a.body, "GET q=a b h=yes body=");
	ck_assert_str_eq(b.body, "POST q=- h=yes body=hello");
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

START_TEST(test_later)
{
	struct result a = { 0 }, b = { 0 };

	setup(NULL, NULL);
	quit_when_kept = true;
	start("GET", "/later", NULL, 10000, &a);
	start("POST", "/later", "x", 10000, &b);
	while (n_kept < 2)
		ck_assert_int_eq(liteio_loop_run(loop), 1);
	ck_assert_int_eq(a.status, 0);
	teardown();
}
END_TEST

START_TEST(test_release)
{
	struct result a = { 0 }, c = { 0 };

	setup(NULL, NULL);
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
END_TEST

START_TEST(test_timeout_and_late_reply)
{
	struct result a = { 0 }, b = { 0 };

	setup(NULL, NULL);
	start("GET", "/later", NULL, 100, &a);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_int_eq(a.r, -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(a.sentence, "http://localhost/later: "));
	ck_assert_uint_eq(n_kept, 1);
	/* the client of the kept request has gone; answering it now is no error */
	start("GET", "/release", NULL, 10000, &b);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_int_eq(b.status, 200);
	result_fini(&a);
	result_fini(&b);
	teardown();
}
END_TEST

START_TEST(test_body_bound)
{
	const struct liteio_http_options opt = { .max_body = 1000, .unix_gid = (gid_t)-1 };
	struct result a = { 0 }, b = { 0 }, c = { 0 };
	char body[1002];

	memset(body, 'x', sizeof(body));
	body[1000] = '\0';
	setup(NULL, &opt);
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
END_TEST

START_TEST(test_cancel)
{
	struct liteio_http_call *call;
	struct result a = { .r = 77 }, b = { 0 };

	setup(NULL, NULL);
	call = start("GET", "/echo", NULL, 10000, &a);
	liteio_http_call_cancel(call);
	outstanding--;
	start("GET", "/echo", NULL, 10000, &b);
	liteio_loop_run(loop);
	ck_assert_int_eq(a.r, 77);
	ck_assert_int_eq(b.status, 200);
	result_fini(&b);
	/* freeing the client cancels, too */
	start("GET", "/echo", NULL, 10000, &a);
	teardown();
}
END_TEST

START_TEST(test_no_server)
{
	struct liteio_http_call_spec spec = { .method = "GET",
					      .url = "http://localhost/",
					      .unix_path = "/no/such/socket",
					      .timeout_ms = 10000 };
	struct result a = { 0 }, b = { 0 };

	setup(NULL, NULL);
	outstanding = 2;
	liteio_http_call_start(client, &spec, NULL, on_done, &a);
	spec.url = "ftp://localhost/";
	liteio_http_call_start(client, &spec, NULL, on_done, &b);
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
static struct liteio_http_call *stream;
static enum { STREAM_READ, STREAM_STOP, STREAM_CANCEL } stream_mode;
static struct result from_stream;

static int on_data(void *arg, const char *data, size_t len)
{
	stream_bytes += len;
	if (stream_mode == STREAM_CANCEL) {
		liteio_http_call_cancel(stream);
		/* a call begun from inside is begun when curl has returned */
		start("GET", "/echo", NULL, 10000, &from_stream);
	}
	return stream_mode == STREAM_STOP ? -EPIPE : 0;
}

static void run_stream(const char *what, struct result *res)
{
	char *url = liteio_strf("http://localhost%s", what);
	struct liteio_http_call_spec spec = { .method = "GET", .url = url, .unix_path = path };

	outstanding = stream_mode == STREAM_CANCEL ? 0 : 1;
	stream_bytes = 0;
	stream = liteio_http_call_start(client, &spec, on_data, on_done, res);
	free(url);
	liteio_loop_run(loop);
}

START_TEST(test_stream)
{
	struct result a = { 0 };

	setup(NULL, NULL);
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
END_TEST

START_TEST(test_stream_cancel)
{
	struct result a = { .r = 77 };

	setup(NULL, NULL);
	stream_mode = STREAM_CANCEL;
	run_stream("/large", &a);
	ck_assert_int_eq(a.r, 77);
	ck_assert_int_eq(from_stream.status, 200);
	result_fini(&from_stream);
	teardown();
}
END_TEST

/* ---- synchronous calls -------------------------------------------------------------------- */

static unsigned int sync_good, sync_ended;

static void sync_job(void *arg)
{
	struct liteio_http_call_spec spec = { .method = "POST",
					      .url = "http://localhost/echo?q=1",
					      .unix_path = path,
					      .body = "abc",
					      .body_len = 3,
					      .timeout_ms = 10000 };
	struct liteio_http_response rsp;
	int r;

	for (int i = 0; i < 20; i++) {
		r = liteio_http_call_sync(client, &spec, &rsp, NULL);
		if (r)
			return;
		if (rsp.status == 200 && !strcmp(rsp.body, "POST q=1 h=- body=abc"))
			__atomic_fetch_add(&sync_good, 1, __ATOMIC_SEQ_CST);
		liteio_http_response_fini(&rsp);
	}
	spec.url = "http://localhost/large";
	spec.max_response = 1000;
	if (liteio_http_call_sync(client, &spec, &rsp, NULL) == -EMSGSIZE)
		__atomic_fetch_add(&sync_good, 1, __ATOMIC_SEQ_CST);
}

static void sync_done(void *arg)
{
	if (++sync_ended == 4)
		liteio_loop_quit(loop, 0);
}

START_TEST(test_sync)
{
	struct liteio_workers *w;

	setup(NULL, NULL);
	ck_assert_int_eq(liteio_workers_new(loop, 4, &w, NULL), 0);
	for (int i = 0; i < 4; i++)
		liteio_worker_submit(w, NULL, sync_job, sync_done, NULL);
	liteio_loop_run(loop);
	ck_assert_uint_eq(sync_good, 4 * 21);
	ck_assert(liteio_workers_free(w, 10000));
	teardown();
}
END_TEST

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

UNIT_MAIN("http", test_unix, test_tcp, test_peer, test_peer_tcp, test_later, test_release,
	  test_timeout_and_late_reply, test_body_bound, test_cancel, test_no_server, test_stream,
	  test_stream_cancel, test_sync, test_listen_stale, test_listen_bad)
