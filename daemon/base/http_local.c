// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HTTP calls to a program of this machine, on a unix socket.
 *
 * A call goes on in steps, none of which blocks: connect, send what the socket takes, receive what
 * is there. Whoever has a loop is told when the next one is worth it; without one, poll() says so.
 *
 * connect() to a unix socket succeeds or fails at once, but for one case: the other side's queue is
 * full. Nothing tells when it no longer is, so that is tried again from time to time.
 */
#include "base/http_local.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_answer.h"
#include "base/loop.h"
#include "base/str.h"

#define CONNECT_TIMEOUT_MS 10000
#define RETRY_MS 20
/* at a time; lies on the stack, which may be a worker's */
#define RECEIVE 16384

/**
 * struct liteio_http_local - one call
 * @at: whom
 * @fd: the connection, or -1
 * @is_connected: it is one
 * @request: all of it
 * @sent: so much of it has gone
 * @answer: what has come
 * @timeout_ms: for the sentence
 * @until_ms: when to give up, by liteio_now_ms(); while not connected not later than @connect_ms
 * @connect_ms: when to give up connecting
 * @setup: what is wrong with the request, in @err
 * @err: a sentence
 * @loop: NULL of a synchronous call, and the rest is not used
 * @io: NULL until it is connected
 * @timer: the next try, or the time to give up
 * @done: at the end
 * @data: for each piece of a stream
 * @arg: for both
 * @is_stepping: whoever cancels it now finds it on the stack
 * @is_cancelled: to be freed when it no longer is
 */
struct liteio_http_local {
	struct sockaddr_un at;
	int fd;
	bool is_connected;
	struct liteio_buf request;
	size_t sent;
	struct liteio_http_answer *answer;
	uint64_t timeout_ms;
	uint64_t until_ms;
	uint64_t connect_ms;
	int setup;
	struct liteio_error err;

	struct liteio_loop *loop;
	struct liteio_io *io;
	struct liteio_timer *timer;
	liteio_http_done_fn done;
	liteio_http_data_fn data;
	void *arg;
	bool is_stepping;
	bool is_cancelled;
};

/* ---- the request -------------------------------------------------------------------------- */

/* what would end the line, or begin another one, is no target */
static bool is_word(const char *s)
{
	for (const char *p = s; *p; p++) {
		if (*p <= ' ' || *p > '~')
			return false;
	}
	return *s;
}

static int set_up(struct liteio_http_local *call, const struct liteio_http_local_spec *spec)
{
	size_t len = strlen(spec->socket);

	if (!is_word(spec->method) || spec->target[0] != '/' || !is_word(spec->target))
		return liteio_error_set(&call->err, -EINVAL, "\"%s %s\" is no request",
					spec->method, spec->target);
	if (!len || len >= sizeof(call->at.sun_path))
		return liteio_error_set(&call->err, -EINVAL,
					"the path of a socket has 1 to %zu bytes, not %zu",
					sizeof(call->at.sun_path) - 1, len);
	call->at.sun_family = AF_UNIX;
	memcpy(call->at.sun_path, spec->socket, len + 1);
	liteio_buf_addf(&call->request, "%s %s HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n",
			spec->method, spec->target);
	if (spec->body || !strcmp(spec->method, "POST") || !strcmp(spec->method, "PUT"))
		liteio_buf_addf(&call->request,
				"Content-Type: application/json\r\nContent-Length: %zu\r\n",
				spec->body_len);
	liteio_buf_addstr(&call->request, "\r\n");
	if (spec->body)
		liteio_buf_add(&call->request, spec->body, spec->body_len);
	return 0;
}

/* more of what has come may be there when it is cancelled: nobody is told of that */
static int on_stream(void *arg, const char *data, size_t len)
{
	struct liteio_http_local *call = arg;
	int r = call->data(call->arg, data, len);

	return call->is_cancelled ? -ECANCELED : r;
}

static void call_init(struct liteio_http_local *call, const struct liteio_http_local_spec *spec,
		      liteio_http_data_fn data, void *arg)
{
	uint64_t now = liteio_now_ms();

	*call = (struct liteio_http_local){
		.fd = -1,
		.data = data,
		.arg = arg,
		.answer = liteio_http_answer_new(strcmp(spec->method, "HEAD") != 0,
						 spec->max_response, data ? on_stream : NULL, call),
		.timeout_ms = spec->timeout_ms,
		.until_ms = spec->timeout_ms ? now + spec->timeout_ms : UINT64_MAX,
		.connect_ms = now + CONNECT_TIMEOUT_MS,
	};
	call->setup = set_up(call, spec);
}

static void call_fini(struct liteio_http_local *call)
{
	liteio_io_free(call->io);
	liteio_timer_free(call->timer);
	if (call->fd >= 0)
		close(call->fd);
	liteio_buf_fini(&call->request);
	liteio_http_answer_free(call->answer);
}

/* ---- steps: 1 when the answer is whole, 0 to go on later, or a negative errno ---------------- */

static const struct {
	int code;
	const char *text;
} refusals[] = {
	{ ENOENT, "there is no such socket; is it running?" },
	{ ECONNREFUSED, "nobody listens there; is it running?" },
	{ EACCES, "permission denied; it is for root and the socket's group" },
};

static int connect_error(struct liteio_http_local *call, int code)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(refusals); i++) {
		if (refusals[i].code == code)
			return liteio_error_set(&call->err, -code, "%s", refusals[i].text);
	}
	return liteio_error_set(&call->err, -code, "cannot connect: %s",
				liteio_error_str(NULL, -code));
}

static int go_connect(struct liteio_http_local *call)
{
	if (call->fd < 0)
		call->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (call->fd < 0)
		return connect_error(call, errno);
	if (connect(call->fd, (const struct sockaddr *)&call->at, sizeof(call->at)) == 0)
		call->is_connected = true;
	else if (errno != EAGAIN && errno != EINTR)
		return connect_error(call, errno);
	return 0;
}

/* who has closed his side may have answered before: what he said is read in any case */
static void go_send(struct liteio_http_local *call)
{
	size_t left = call->request.len - call->sent;
	ssize_t n;

	if (!left)
		return;
	n = send(call->fd, call->request.data + call->sent, left, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n >= 0)
		call->sent += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		call->sent = call->request.len;
}

static int go_receive(struct liteio_http_local *call)
{
	char data[RECEIVE];
	ssize_t n = recv(call->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n > 0)
		return liteio_http_answer_add(call->answer, data, (size_t)n, &call->err);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return liteio_http_answer_end(call->answer, &call->err);
}

static uint64_t deadline(const struct liteio_http_local *call)
{
	return call->is_connected || call->until_ms < call->connect_ms ? call->until_ms :
									 call->connect_ms;
}

static int go_on(struct liteio_http_local *call)
{
	int r = call->setup;

	if (!r && !call->is_connected)
		r = go_connect(call);
	if (!r && call->is_connected) {
		go_send(call);
		r = go_receive(call);
	}
	if (r || liteio_now_ms() < deadline(call))
		return r;
	if (!call->is_connected)
		return liteio_error_set(&call->err, -ETIMEDOUT,
					"it takes no connection: too many wait for one");
	return liteio_error_set(&call->err, -ETIMEDOUT, "no whole answer within %llu ms",
				(unsigned long long)call->timeout_ms);
}

/* ms until the next step, whatever the socket says; 0 for as long as that takes */
static uint64_t next_step_ms(const struct liteio_http_local *call)
{
	uint64_t now = liteio_now_ms(), until = deadline(call);

	if (until == UINT64_MAX)
		return 0;
	if (!call->is_connected && now + RETRY_MS < until)
		return RETRY_MS;
	return until > now ? until - now : 1;
}

/* ---- without a loop ------------------------------------------------------------------------- */

static void wait_for_more(const struct liteio_http_local *call)
{
	uint64_t ms = next_step_ms(call);
	/* one that is not connected would have hung up */
	struct pollfd p = { .fd = call->is_connected ? call->fd : -1, .events = POLLIN };

	if (call->sent < call->request.len)
		p.events |= POLLOUT;
	(void)poll(&p, 1, ms && ms < INT32_MAX ? (int)ms : INT32_MAX);
}

int liteio_http_local_sync(const struct liteio_http_local_spec *spec,
			   struct liteio_http_response *ret, struct liteio_error *err)
{
	struct liteio_http_local call;
	int r;

	call_init(&call, spec, NULL, NULL);
	while (!(r = go_on(&call)))
		wait_for_more(&call);
	if (r > 0)
		liteio_http_answer_take(call.answer, ret);
	else if (err)
		*err = call.err;
	call_fini(&call);
	return r < 0 ? r : 0;
}

/* ---- on a loop ------------------------------------------------------------------------------ */

static void call_free(struct liteio_http_local *call)
{
	call_fini(call);
	free(call);
}

/* before the callback: the call is not there any more when its owner hears of the end */
static void finish(struct liteio_http_local *call, int r)
{
	struct liteio_http_response rsp = { 0 };
	struct liteio_error err = call->err;
	liteio_http_done_fn done = call->done;
	void *arg = call->arg;

	if (r > 0)
		liteio_http_answer_take(call->answer, &rsp);
	call_free(call);
	done(arg, r < 0 ? r : 0, r < 0 ? NULL : &rsp, r < 0 ? &err : NULL);
	liteio_http_response_fini(&rsp);
}

static void on_ready(void *arg, int fd, unsigned int events);

/* a connection is there, or the socket took more: what is waited for now */
static int watch(struct liteio_http_local *call)
{
	unsigned int events = LITEIO_IO_READ;

	if (!call->is_connected)
		return 0;
	if (call->sent < call->request.len)
		events |= LITEIO_IO_WRITE;
	if (!call->io)
		return liteio_io_new(call->loop, call->fd, events, on_ready, call, &call->io,
				     &call->err);
	liteio_io_set_events(call->io, events);
	return 0;
}

static void step(struct liteio_http_local *call)
{
	uint64_t ms;
	int r;

	call->is_stepping = true;
	r = go_on(call);
	call->is_stepping = false;
	if (call->is_cancelled) {
		call_free(call);
		return;
	}
	if (!r)
		r = watch(call);
	if (r) {
		finish(call, r);
		return;
	}
	ms = next_step_ms(call);
	if (ms)
		liteio_timer_arm(call->timer, ms, 1);
	else
		liteio_timer_disarm(call->timer);
}

static void on_ready(void *arg, int fd, unsigned int events)
{
	step(arg);
}

static void on_timer(void *arg)
{
	step(arg);
}

struct liteio_http_local *liteio_http_local_start(struct liteio_loop *loop,
						  const struct liteio_http_local_spec *spec,
						  liteio_http_data_fn data,
						  liteio_http_done_fn done, void *arg)
{
	struct liteio_http_local *call = liteio_calloc(1, sizeof(*call));

	call_init(call, spec, data, arg);
	call->loop = loop;
	call->done = done;
	/* fails only where there is no memory */
	if (liteio_timer_new(loop, on_timer, call, &call->timer, NULL))
		abort();
	/* the end of a call is always told by the loop */
	liteio_timer_arm(call->timer, 0, 0);
	return call;
}

void liteio_http_local_cancel(struct liteio_http_local *call)
{
	if (!call)
		return;
	if (call->is_stepping)
		call->is_cancelled = true;
	else
		call_free(call);
}
