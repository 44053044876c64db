// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections that have not said all of their request yet.
 *
 * They are kept in the order in which they began to be waited for, so that the first is the one to
 * go, for want of room or of time. All have the same time: one timer serves them.
 */
#include "base/callers.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/loop.h"
#include "base/str.h"

/**
 * struct liteio_callers - all of a server
 * @timer: runs when the first one's time is over
 * @armed_ms: when that is; 0 while it is not armed
 * @max: so many
 * @timeout_ms: for so long
 * @first: waited for longest
 * @last: the newest
 * @n: how many are waited for
 */
struct liteio_callers {
	struct liteio_timer *timer;
	uint64_t armed_ms;
	unsigned int max;
	uint64_t timeout_ms;
	struct liteio_caller *first, *last;
	unsigned int n;
};

/**
 * struct liteio_caller - one connection
 * @all: its server's
 * @next: newer
 * @prev: older
 * @fd: its socket
 * @since_ms: waited for since then (CLOCK_MONOTONIC)
 * @waiting: in the list
 * @gone: shut down
 */
struct liteio_caller {
	struct liteio_callers *all;
	struct liteio_caller *next, *prev;
	int fd;
	uint64_t since_ms;
	bool waiting;
	bool gone;
};

void liteio_callers_settle(struct liteio_callers *c)
{
	uint64_t end = c->first ? c->first->since_ms + c->timeout_ms : 0, now;

	if (end == c->armed_ms)
		return;
	c->armed_ms = end;
	if (!end) {
		liteio_timer_disarm(c->timer);
		return;
	}
	now = liteio_now_ms();
	liteio_timer_arm(c->timer, end > now ? end - now : 0, c->timeout_ms / 10);
}

static void take_out(struct liteio_caller *caller)
{
	struct liteio_callers *c = caller->all;

	if (!caller->waiting)
		return;
	*(caller->prev ? &caller->prev->next : &c->first) = caller->next;
	*(caller->next ? &caller->next->prev : &c->last) = caller->prev;
	caller->waiting = false;
	c->n--;
}

/* whoever reads from it finds its end, and closes it */
static void turn_away(struct liteio_caller *caller)
{
	take_out(caller);
	caller->gone = true;
	shutdown(caller->fd, SHUT_RDWR);
}

/* something of it has come, and was not read yet: it is not silent, but was not looked at */
static bool has_said(const struct liteio_caller *caller)
{
	char c;

	return recv(caller->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* of a crowd that came at once, and was not read from yet, nobody who has asked */
static struct liteio_caller *first_silent(const struct liteio_callers *c)
{
	struct liteio_caller *caller = c->first;

	while (caller && has_said(caller))
		caller = caller->next;
	return caller ? caller : c->first;
}

static void put_last(struct liteio_caller *caller)
{
	struct liteio_callers *c = caller->all;

	caller->since_ms = liteio_now_ms();
	caller->next = NULL;
	caller->prev = c->last;
	*(c->last ? &c->last->next : &c->first) = caller;
	c->last = caller;
	caller->waiting = true;
	if (++c->n > c->max)
		turn_away(first_silent(c));
}

static void on_time(void *arg)
{
	struct liteio_callers *c = arg;
	uint64_t now = liteio_now_ms();

	c->armed_ms = 0;
	while (c->first && now - c->first->since_ms >= c->timeout_ms)
		turn_away(c->first);
	liteio_callers_settle(c);
}

int liteio_callers_new(struct liteio_loop *loop, unsigned int max, uint64_t timeout_ms,
		       struct liteio_callers **ret, struct liteio_error *err)
{
	struct liteio_callers *c = liteio_calloc(1, sizeof(*c));
	int r;

	c->max = max;
	c->timeout_ms = timeout_ms;
	r = liteio_timer_new(loop, on_time, c, &c->timer, err);
	if (r) {
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void liteio_callers_free(struct liteio_callers *c)
{
	if (!c)
		return;
	liteio_timer_free(c->timer);
	free(c);
}

struct liteio_caller *liteio_caller_new(struct liteio_callers *c, int fd)
{
	struct liteio_caller *caller = liteio_calloc(1, sizeof(*caller));

	caller->all = c;
	caller->fd = fd;
	put_last(caller);
	return caller;
}

bool liteio_caller_heard(struct liteio_caller *caller)
{
	take_out(caller);
	return !caller->gone;
}

void liteio_caller_answered(struct liteio_caller *caller)
{
	if (caller->waiting || caller->gone)
		return;
	put_last(caller);
}

void liteio_caller_free(struct liteio_caller *caller)
{
	if (!caller)
		return;
	take_out(caller);
	free(caller);
}
