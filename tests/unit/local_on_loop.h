/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls to a unix socket that go on beside the server they ask, on the same loop.
 */
#ifndef LITEIO_TESTS_LOCAL_ON_LOOP_H
#define LITEIO_TESTS_LOCAL_ON_LOOP_H

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/http_local.h"
#include "base/loop.h"
#include "base/str.h"

/**
 * struct local_call - one call
 * @steps: it
 * @loop: of the test
 * @io: NULL until there is something to wait for
 * @timer: the next step, or the time to give up
 * @data: for each piece of a stream
 * @done: at the end
 * @arg: for both
 * @is_stepping: whoever cancels it now finds it on the stack
 * @is_cancelled: to be freed when it no longer is
 */
struct local_call {
	struct liteio_http_local *steps;
	struct liteio_loop *loop;
	struct liteio_io *io;
	struct liteio_timer *timer;
	liteio_http_data_fn data;
	liteio_http_done_fn done;
	void *arg;
	bool is_stepping;
	bool is_cancelled;
};

static inline void local_call_free(struct local_call *c)
{
	liteio_io_free(c->io);
	liteio_timer_free(c->timer);
	liteio_http_local_free(c->steps);
	free(c);
}

/* before the callback: the call is not there any more when its owner hears of the end */
static inline void local_call_end(struct local_call *c, int r, const struct liteio_error *err)
{
	struct liteio_http_response rsp = { 0 };
	liteio_http_done_fn done = c->done;
	void *arg = c->arg;

	if (r > 0)
		liteio_http_local_take(c->steps, &rsp);
	local_call_free(c);
	done(arg, r < 0 ? r : 0, r < 0 ? NULL : &rsp, r < 0 ? err : NULL);
	liteio_http_response_fini(&rsp);
}

static inline void local_call_on_ready(void *arg, int fd, unsigned int events);

static inline void local_call_step(void *arg)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct local_call *c = arg;
	struct pollfd wait;
	unsigned int events;
	int ms, r;

	c->is_stepping = true;
	r = liteio_http_local_step(c->steps, &wait, &ms, &err);
	c->is_stepping = false;
	if (c->is_cancelled) {
		local_call_free(c);
		return;
	}
	if (r) {
		local_call_end(c, r, &err);
		return;
	}
	events = LITEIO_IO_READ | (wait.events & POLLOUT ? LITEIO_IO_WRITE : 0);
	if (c->io)
		liteio_io_set_events(c->io, events);
	else if (wait.fd >= 0)
		ck_assert_int_eq(liteio_io_new(c->loop, wait.fd, events, local_call_on_ready, c,
					       &c->io, NULL), 0);
	if (ms >= 0)
		liteio_timer_arm(c->timer, (uint64_t)ms, 1);
	else
		liteio_timer_disarm(c->timer);
}

static inline void local_call_on_ready(void *arg, int fd, unsigned int events)
{
	local_call_step(arg);
}

/* more of what has come may be there when it is cancelled: nobody is told of that */
static inline int local_call_on_data(void *arg, const char *data, size_t len)
{
	struct local_call *c = arg;
	int r = c->data(c->arg, data, len);

	return c->is_cancelled ? -ECANCELED : r;
}

/* @done is called exactly once, and never from within this function, unless it is cancelled */
static inline struct local_call *local_call_start(struct liteio_loop *loop,
						  const struct liteio_http_local_spec *spec,
						  liteio_http_data_fn data,
						  liteio_http_done_fn done, void *arg)
{
	struct local_call *c = liteio_calloc(1, sizeof(*c));

	c->steps = liteio_http_local_new(spec, data ? local_call_on_data : NULL, c);
	c->loop = loop;
	c->data = data;
	c->done = done;
	c->arg = arg;
	ck_assert_int_eq(liteio_timer_new(loop, local_call_step, c, &c->timer, NULL), 0);
	liteio_timer_arm(c->timer, 0, 0);
	return c;
}

/* without its callback, also from within @data; NULL is fine */
static inline void local_call_cancel(struct local_call *c)
{
	if (!c)
		return;
	if (c->is_stepping)
		c->is_cancelled = true;
	else
		local_call_free(c);
}

#endif
