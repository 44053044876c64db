// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The HTTP server among clients that do not behave: cut off half-way, no HTTP, too large, too slow,
 * silent, and very many of them. None of them is heard, and whoever behaves is answered meanwhile.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/http_local.h"
#include "base/http_server.h"
#include "base/loop.h"
#include "base/str.h"
#include "local_on_loop.h"
#include "unit.h"

static char dir[] = "/tmp/liteio-http-XXXXXX";
static char path[64];
static unsigned int port; /* of a server that listens there; 0: on the path */
static struct liteio_loop *loop;
static struct liteio_http_server *server;
static unsigned int n_handled;

/* so many are kept, and then the loop ends; 0: each is answered at once */
static struct liteio_http_request *held[8];
static unsigned int n_held, n_held_max;

static void handle(void *arg, struct liteio_http_request *req)
{
	n_handled++;
	if (!n_held_max) {
		liteio_http_reply(req, 200, "text/plain", "good", 4);
		return;
	}
	held[n_held++] = req;
	if (n_held == n_held_max)
		liteio_loop_quit(loop, 0);
}

static void setup_at(const char *address, const struct liteio_http_options *opt)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_loop_new(&loop, NULL), 0);
	ck_assert_msg(!liteio_http_server_new(loop, address, opt, handle, NULL, &server, &err),
		      "%s", err.msg);
	port = liteio_http_server_port(server);
}

static void setup(const struct liteio_http_options *opt)
{
	char address[128];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	snprintf(address, sizeof(address), "unix://%s", path);
	setup_at(address, opt);
}

static void teardown(void)
{
	liteio_http_server_free(server);
	liteio_loop_free(loop);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void on_done(void *arg, int r, const struct liteio_http_response *rsp,
		    const struct liteio_error *err)
{
	ck_assert_msg(r == 0, "after %u: %s", n_handled, err->msg);
	ck_assert_int_eq(rsp->status, 200);
	liteio_loop_quit(loop, 0);
}

/* who behaves is answered, and in time */
static void ask(void)
{
	const struct liteio_http_local_spec spec = {
		.socket = path, .method = "GET", .target = "/", .timeout_ms = 10000,
	};

	local_call_start(loop, &spec, NULL, on_done, NULL);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
}

#define SILENT 1000

/* what the next client does, in a thread of its own; the loop ends when it has ended */
static struct {
	const char *says;
	size_t len;
	bool hangs_up; /* says no more than that */
	bool goes_on; /* says it again and again, until nobody listens */
	unsigned int pause_ms; /* between bytes */
	size_t said;
	char heard[1024]; /* until the server closed */
} bad;

static int connect_tcp(void)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&sa, sizeof(sa)) ? -1 : fd;
}

static int connect_raw(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (port)
		return connect_tcp();
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	return connect(fd, (struct sockaddr *)&sa, sizeof(sa)) ? -1 : fd;
}

static void say(int fd)
{
	size_t step = bad.pause_ms ? 1 : bad.len;

	do {
		for (size_t i = 0; i < bad.len; i += step) {
			if (send(fd, bad.says + i, step, MSG_NOSIGNAL) < 0)
				return;
			bad.said += step;
			poll(NULL, 0, (int)bad.pause_ms);
		}
	} while (bad.goes_on);
}

static void *behave_badly(void *arg)
{
	int fd = connect_raw();
	size_t len = 0;
	ssize_t n;

	say(fd);
	if (bad.hangs_up)
		shutdown(fd, SHUT_WR);
	while ((n = recv(fd, bad.heard + len, sizeof(bad.heard) - 1 - len, 0)) > 0)
		len += (size_t)n;
	bad.heard[len] = '\0';
	close(fd);
	liteio_loop_quit(loop, 9);
	return NULL;
}

/* until the server has closed the connection of a client that says that */
static void run_bad(const char *says, size_t len)
{
	pthread_t t;

	bad.says = says;
	bad.len = len;
	bad.said = 0;
	ck_assert_int_eq(pthread_create(&t, NULL, behave_badly, NULL), 0);
	ck_assert_int_eq(liteio_loop_run(loop), 9);
	pthread_join(t, NULL);
}

/* nobody noticed: the server answers as ever, and has answered nobody else */
static void check_good(unsigned int before)
{
	ck_assert_uint_eq(n_handled, before);
	ask();
	ck_assert_uint_eq(n_handled, before + 1);
}

static const char *const cut[] = {
	"",
	"G",
	"GET /echo HTTP/1.1",
	"GET /echo HTTP/1.1\r\nHost: x\r\n",
	"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
	"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf",
	"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nha",
	"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
};

START_TEST(test_cut_off)
{
	const struct liteio_http_options opt = { .idle_timeout_s = 1, .unix_gid = (gid_t)-1 };

	setup(&opt);
	bad.hangs_up = true;
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		run_bad(cut[i], strlen(cut[i]));
		ck_assert_msg(!strstr(bad.heard, "200 OK"), "\"%s\" was answered", cut[i]);
	}
	check_good(0);
	teardown();
}
END_TEST

static const char *const garbage[] = {
	"\r\n\r\n\r\n",
	"hello\r\n\r\n",
	"GET\r\n\r\n",
	"GET /echo HTTP/9.9\r\n\r\n",
	"GET /echo HTTP/1.1\r\n\r\n", /* no host */
	"GET /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
	"GET /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
	"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
	"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
};

START_TEST(test_garbage)
{
	const struct liteio_http_options opt = { .idle_timeout_s = 1, .unix_gid = (gid_t)-1 };

	setup(&opt);
	bad.hangs_up = true;
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		run_bad(garbage[i], strlen(garbage[i]));
		ck_assert_msg(!strstr(bad.heard, "200 OK"), "\"%s\" was answered", garbage[i]);
	}
	check_good(0);
	teardown();
}
END_TEST

START_TEST(test_large_head)
{
	static const char *const begins[] = { "GET /", "GET / HTTP/1.1\r\nHost: x\r\nX-Large: " };
	struct liteio_buf b = LITEIO_BUF_INIT;

	setup(NULL);
	for (size_t i = 0; i < 2; i++) {
		liteio_buf_addstr(&b, begins[i]);
		while (b.len < 100000)
			liteio_buf_addstr(&b, "0123456789");
		run_bad(b.data, b.len);
		ck_assert_msg(!strncmp(bad.heard, "HTTP/1.1 4", 10), "%s", bad.heard);
		liteio_buf_fini(&b);
	}
	/* and one that never ends; the answer is in time, or the client is not there to read it */
	bad.goes_on = true;
	run_bad("X: y\r\n", 6);
	ck_assert_uint_lt(bad.said, 1000000);
	check_good(0);
	teardown();
}
END_TEST

START_TEST(test_endless_body)
{
	const struct liteio_http_options opt = { .max_body = 1000, .unix_gid = (gid_t)-1 };
	struct liteio_buf b = LITEIO_BUF_INIT;

	setup(&opt);
	liteio_buf_addstr(&b, "POST /echo HTTP/1.1\r\nHost: x\r\n");
	liteio_buf_addstr(&b, "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n");
	while (b.len < 4000000)
		liteio_buf_addstr(&b, "0123456789");
	/* it is read no further than a multiple of the bound and what lies in the socket */
	run_bad(b.data, b.len);
	liteio_buf_fini(&b);
	ck_assert_msg(!strstr(bad.heard, "200 OK"), "%s", bad.heard);
	check_good(0);
	teardown();
}
END_TEST

/* byte by byte, never silent for long: the whole request has its time, not each byte */
static void check_slow(const char *says, size_t len)
{
	const struct liteio_http_options opt = { .idle_timeout_s = 1, .unix_gid = (gid_t)-1 };
	uint64_t begun = liteio_now_ms();

	setup(&opt);
	bad.pause_ms = 50;
	run_bad(says, len);
	/* it had much more to say */
	ck_assert_uint_lt(bad.said, len);
	ck_assert_uint_ge(liteio_now_ms() - begun, 1000);
	check_good(0);
	teardown();
}

START_TEST(test_slow_head)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	liteio_buf_addstr(&b, "GET /echo HTTP/1.1\r\nHost: x\r\n");
	while (b.len < 10000)
		liteio_buf_addstr(&b, "X-A: b\r\n");
	check_slow(b.data, b.len);
	liteio_buf_fini(&b);
}
END_TEST

START_TEST(test_slow_body)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	liteio_buf_addstr(&b, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
	while (b.len < 10000)
		liteio_buf_addstr(&b, "slow");
	check_slow(b.data, b.len);
	liteio_buf_fini(&b);
}
END_TEST

/* answered once, and silent from then on */
START_TEST(test_silent_after_answer)
{
	static const char says[] = "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n";
	const struct liteio_http_options opt = { .idle_timeout_s = 1, .unix_gid = (gid_t)-1 };

	setup(&opt);
	run_bad(says, strlen(says));
	ck_assert_msg(strstr(bad.heard, "200 OK"), "%s", bad.heard);
	check_good(1);
	teardown();
}
END_TEST

/* it connects, and says nothing at first: it is heard when it does, with all of its pieces */
START_TEST(test_piece_by_piece)
{
	static const char says[] = "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

	setup(NULL);
	bad.pause_ms = 1;
	run_bad(says, strlen(says));
	ck_assert_msg(strstr(bad.heard, "200 OK") && strstr(bad.heard, "\r\n\r\ngood"), "%s",
		      bad.heard);
	/* who is on this machine has the same clock */
	ck_assert_msg(!strstr(bad.heard, "\r\nDate: "), "%s", bad.heard);
	/* and nothing goes by a clock any more */
	ck_assert_uint_eq(liteio_loop_armed_ms(loop), UINT64_MAX);
	check_good(1);
	teardown();
}
END_TEST

START_TEST(test_date_over_tcp)
{
	static const char says[] = "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

	setup_at("tcp://127.0.0.1:0", NULL);
	run_bad(says, strlen(says));
	ck_assert_msg(strstr(bad.heard, "200 OK") && strstr(bad.heard, "\r\n\r\ngood"), "%s",
		      bad.heard);
	ck_assert_msg(strstr(bad.heard, "\r\nDate: "), "%s", bad.heard);
	liteio_http_server_free(server);
	liteio_loop_free(loop);
}
END_TEST

static bool all_connected;

static void *be_silent(void *arg)
{
	int *fds = arg;

	for (size_t i = 0; i < SILENT; i++)
		fds[i] = connect_raw();
	__atomic_store_n(&all_connected, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static unsigned int count_open(const int *fds)
{
	unsigned int open = 0;
	char c;

	for (size_t i = 0; i < SILENT; i++)
		open += recv(fds[i], &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
	return open;
}

START_TEST(test_thousand_silent)
{
	const struct liteio_http_options opt = { .max_connections = 16, .unix_gid = (gid_t)-1 };
	struct rlimit files = { 4096, 4096 };
	unsigned int good = 0, open;
	int fds[SILENT];
	pthread_t t;

	setrlimit(RLIMIT_NOFILE, &files);
	setup(&opt);
	ck_assert_int_eq(pthread_create(&t, NULL, be_silent, fds), 0);
	/* while they come, and when they are there */
	while (!__atomic_load_n(&all_connected, __ATOMIC_SEQ_CST) || good < 20) {
		ask();
		good++;
	}
	pthread_join(t, NULL);
	for (size_t i = 0; i < SILENT; i++)
		ck_assert_int_ge(fds[i], 0);
	/* who came last may not have been looked at yet: the server goes on while it is asked */
	for (open = count_open(fds); open > 16 && good < 10000; open = count_open(fds)) {
		ask();
		good++;
	}
	ck_assert_uint_le(open, 16);
	for (size_t i = 0; i < SILENT; i++)
		close(fds[i]);
	ck_assert_uint_eq(n_handled, good);
	teardown();
}
END_TEST

static const char hello[] = "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

static int connect_and_say(void)
{
	int fd = connect_raw();

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(send(fd, hello, strlen(hello), MSG_NOSIGNAL), (int)strlen(hello));
	return fd;
}

/* all that there may be are being answered: whoever comes then waits, and is not turned away */
START_TEST(test_full)
{
	const struct liteio_http_options opt = { .max_connections = 2, .unix_gid = (gid_t)-1 };
	int fds[6];

	setup(&opt);
	n_held_max = 4;
	for (size_t i = 0; i < 6; i++)
		fds[i] = connect_and_say();
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_uint_eq(n_handled, 4);
	/* two go, and those that wait are heard */
	n_held_max = 6;
	for (size_t i = 0; i < 2; i++)
		liteio_http_reply(held[i], 200, "text/plain", "good", 4);
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_uint_eq(n_handled, 6);
	for (size_t i = 2; i < 6; i++)
		liteio_http_reply(held[i], 200, "text/plain", "good", 4);
	n_held_max = 0;
	ask();
	for (size_t i = 0; i < 6; i++)
		close(fds[i]);
	teardown();
}
END_TEST

static struct rlimit many_files;

/* there is room again, and nobody has gone who could say so */
static void on_room(void *arg)
{
	ck_assert_uint_eq(n_handled, 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &many_files), 0);
}

static uint64_t cpu_ms(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

START_TEST(test_no_descriptors)
{
	struct liteio_timer *timer;
	struct rlimit few_files;
	uint64_t before;
	int fd, next;

	setup(NULL);
	ck_assert_int_eq(liteio_timer_new(loop, on_room, NULL, &timer, NULL), 0);
	fd = connect_and_say();
	getrlimit(RLIMIT_NOFILE, &many_files);
	next = dup(fd);
	close(next);
	few_files = (struct rlimit){ (rlim_t)next, many_files.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few_files), 0);
	liteio_timer_arm(timer, 300, 1);
	n_held_max = 1;
	before = cpu_ms();
	ck_assert_int_eq(liteio_loop_run(loop), 0);
	ck_assert_uint_eq(n_handled, 1);
	/* meanwhile nobody has tried again and again */
	ck_assert_uint_lt(cpu_ms() - before, 50);
	liteio_http_reply(held[0], 200, "text/plain", "good", 4);
	n_held_max = 0;
	ask();
	close(fd);
	liteio_timer_free(timer);
	teardown();
}
END_TEST

UNIT_MAIN("http-bounds", test_cut_off, test_garbage, test_large_head, test_endless_body,
	  test_slow_head, test_slow_body, test_silent_after_answer, test_piece_by_piece,
	  test_date_over_tcp, test_thousand_silent, test_full, test_no_descriptors)
