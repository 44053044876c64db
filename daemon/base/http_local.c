// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HTTP calls to a program of this machine, on a unix socket.
 *
 * A call goes on in steps, none of which blocks: connect, send what the socket takes, receive what
 * is there. poll() says when the next one is worth it.
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
#include "base/clock.h"
#include "base/error.h"
#include "base/http_answer.h"
#include "base/str.h"

#define CONNECT_TIMEOUT_MS 10000
#define RETRY_MS 20
/* at a time; lies on the stack, which may be a worker's */
#define RECEIVE 16384
/* so many of these in a step, which is a mebibyte: there may be other things to do */
#define PIECES_MAX 64

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

static void call_init(struct liteio_http_local *call, const struct liteio_http_local_spec *spec,
		      liteio_http_data_fn data, void *arg)
{
	uint64_t now = liteio_now_ms();

	*call = (struct liteio_http_local){
		.fd = -1,
		.answer = liteio_http_answer_new(strcmp(spec->method, "HEAD") != 0,
						 spec->max_response, data, arg),
		.timeout_ms = spec->timeout_ms,
		.until_ms = spec->timeout_ms ? now + spec->timeout_ms : UINT64_MAX,
		.connect_ms = now + CONNECT_TIMEOUT_MS,
	};
	call->setup = set_up(call, spec);
}

static void call_fini(struct liteio_http_local *call)
{
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
	unsigned int pieces = 0;
	ssize_t n;
	int r = 0;

	/* as long as there is more than fits in here: it need not be waited for */
	do {
		n = recv(call->fd, data, sizeof(data), MSG_DONTWAIT);
		if (n > 0)
			r = liteio_http_answer_add(call->answer, data, (size_t)n, &call->err);
	} while (!r && n == sizeof(data) && ++pieces < PIECES_MAX);
	if (n > 0)
		return r;
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

/* what the next step is worth waiting for; one that is not connected would have hung up */
static int wait_of(const struct liteio_http_local *call, struct pollfd *ret)
{
	uint64_t now = liteio_now_ms(), until = deadline(call);

	*ret = (struct pollfd){ .fd = call->is_connected ? call->fd : -1, .events = POLLIN };
	if (call->sent < call->request.len)
		ret->events |= POLLOUT;
	if (!call->is_connected && now + RETRY_MS < until)
		return RETRY_MS;
	if (until == UINT64_MAX)
		return -1;
	if (until <= now)
		return 1;
	return until - now < INT32_MAX ? (int)(until - now) : INT32_MAX;
}

/* ---- whole calls, and those of who waits for something else, too ----------------------------- */

int liteio_http_local_sync(const struct liteio_http_local_spec *spec,
			   struct liteio_http_response *ret, struct liteio_error *err)
{
	struct liteio_http_local call;
	struct pollfd wait;
	int r;

	call_init(&call, spec, NULL, NULL);
	while (!(r = go_on(&call))) {
		int ms = wait_of(&call, &wait);

		(void)poll(&wait, 1, ms);
	}
	if (r > 0)
		liteio_http_answer_take(call.answer, ret);
	else if (err)
		*err = call.err;
	call_fini(&call);
	return r < 0 ? r : 0;
}

struct liteio_http_local *liteio_http_local_new(const struct liteio_http_local_spec *spec,
						liteio_http_data_fn data, void *arg)
{
	struct liteio_http_local *call = liteio_calloc(1, sizeof(*call));

	call_init(call, spec, data, arg);
	return call;
}

int liteio_http_local_step(struct liteio_http_local *call, struct pollfd *ret_wait, int *ret_ms,
			   struct liteio_error *err)
{
	int r = go_on(call);

	if (!r)
		*ret_ms = wait_of(call, ret_wait);
	else if (r < 0 && err)
		*err = call->err;
	return r;
}

long liteio_http_local_status(const struct liteio_http_local *call)
{
	return liteio_http_answer_status(call->answer);
}

void liteio_http_local_take(struct liteio_http_local *call, struct liteio_http_response *ret)
{
	liteio_http_answer_take(call->answer, ret);
}

void liteio_http_local_free(struct liteio_http_local *call)
{
	if (!call)
		return;
	call_fini(call);
	free(call);
}
