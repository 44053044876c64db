// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens, to whoever listens.
 *
 * A listener is a subscription to the module (a netlink socket), the stream it is copied to, and a
 * timer. The timer says that all is well when nothing has happened, which is also how a listener
 * that has gone is noticed, and has a worker look whether the module is still the same: a socket
 * does not notice that the family behind it is gone. Who listens to the module alone is at the end
 * then; who listens to the node goes on, with another subscription or with none.
 */
#include "agent/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/agent.h"
#include "agent/route.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_server.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "host/netlink.h"
#include "model/local_module.h"

/* while somebody listens, who could not tell silence from an end otherwise */
#define ALIVE_MS 10000
#define ALIVE_SLACK_MS 1000
/* a reader that is behind gets its turn before we read on */
#define BATCH 256

/**
 * struct liteio_listener - one answer that goes on
 * @agent: the agent
 * @is_node: listens to the node, too
 * @next: of those, in the agent's list
 * @link: what points at this one there; NULL while it is not in it
 * @sub: the subscription; NULL without the module
 * @instance: of the module that @sub is of; loop thread
 * @seq: newest event when it was subscribed to
 * @stream: NULL once the listener has gone
 * @io: watch of @sub
 * @timer: fires when nothing has happened for a while
 * @lost: a line was dropped because the reader is slow: say so first
 * @checking: a worker looks at the module; it has the listener, and what follows, until it is done
 * @expected: the instance that it should find, null for none
 * @same: it did
 * @fresh: of another module, the subscription to that
 * @found: the instance of that
 */
struct liteio_listener {
	struct liteio_agent *agent;
	bool is_node;
	struct liteio_listener *next, **link;
	struct liteio_netlink_events *sub;
	struct liteio_uuid instance;
	uint64_t seq;
	struct liteio_http_stream *stream;
	struct liteio_io *io;
	struct liteio_timer *timer;
	bool lost;
	bool checking;
	struct liteio_uuid expected;
	bool same;
	struct liteio_netlink_events *fresh;
	struct liteio_uuid found;
};

static void unlist(struct liteio_listener *l)
{
	if (!l->link)
		return;
	*l->link = l->next;
	if (l->next)
		l->next->link = l->link;
	l->link = NULL;
	l->agent->listeners.n_node--;
}

static void drop_sub(struct liteio_listener *l)
{
	liteio_io_free(l->io);
	l->io = NULL;
	liteio_netlink_events_close(l->sub);
	l->sub = NULL;
}

static void listener_free(struct liteio_listener *l)
{
	unlist(l);
	if (l->checking)
		return;
	drop_sub(l);
	liteio_netlink_events_close(l->fresh);
	liteio_timer_free(l->timer);
	l->agent->listeners.n--;
	free(l);
}

/* worker */
static int module_info(struct liteio_netlink_info *ret, struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	int r;

	r = liteio_netlink_open(&nl, err);
	return r ? r : liteio_netlink_info_get(nl, ret, err);
}

/* ---- lines: loop ---------------------------------------------------------------------------- */

/* false when the reader is too slow for it */
static bool say(struct liteio_listener *l, const struct liteio_local_event *e)
{
	_cleanup_free_ char *text = liteio_json_write(e, liteio_local_event_fields);
	_cleanup_free_ char *line = liteio_strf("%s\n", text);

	return liteio_http_stream_write(l->stream, line, strlen(line)) == 0;
}

static void say_type(struct liteio_listener *l, enum liteio_local_event_type type)
{
	const struct liteio_local_event e = { .type = type };

	if (l->lost)
		l->lost = !say(l, &(struct liteio_local_event){ .type = LITEIO_LOCAL_EVENT_LOST });
	if (!l->lost && !say(l, &e) && type == LITEIO_LOCAL_EVENT_LOST)
		l->lost = true;
}

/* after a gap that is said first */
static void say_line(struct liteio_listener *l, const struct liteio_local_event *e)
{
	if (l->lost)
		l->lost = !say(l, &(struct liteio_local_event){ .type = LITEIO_LOCAL_EVENT_LOST });
	if (!l->lost)
		l->lost = !say(l, e);
}

static void say_event(struct liteio_listener *l, const struct liteio_netlink_event *from)
{
	const struct liteio_local_event e = {
		.type = LITEIO_LOCAL_EVENT_MODULE + (int)from->type - LITEIO_EVENT_VOL_ADDED,
		.seq = from->seq,
		.time_ns = from->time_ns,
		.uuid = from->uuid,
		.generation = from->generation,
		.value = from->value,
	};

	say_line(l, &e);
}

/* its stream goes on without the module, until that is there again */
static void lose_module(struct liteio_listener *l)
{
	drop_sub(l);
	say_type(l, LITEIO_LOCAL_EVENT_LOST);
}

static void end(struct liteio_listener *l)
{
	say_type(l, LITEIO_LOCAL_EVENT_END);
	liteio_http_stream_end(l->stream);
	l->stream = NULL;
	listener_free(l);
}

/* the listener has gone, or the server ends */
static void on_closed(void *arg)
{
	struct liteio_listener *l = arg;

	l->stream = NULL;
	listener_free(l);
}

static void on_events(void *arg, int fd, unsigned int events)
{
	struct liteio_netlink_event e;
	struct liteio_listener *l = arg;

	/* its stream has gone; only a worker still holds it */
	if (!l->stream) {
		liteio_io_set_events(l->io, 0);
		return;
	}
	for (int i = 0; i < BATCH; i++) {
		int r = liteio_netlink_events_next(l->sub, &e, NULL);

		if (r == 0)
			break;
		if (r < 0 && l->is_node) {
			lose_module(l);
			break;
		}
		if (r < 0) {
			end(l);
			return;
		}
		if (e.lost)
			say_type(l, LITEIO_LOCAL_EVENT_LOST);
		else
			say_event(l, &e);
	}
	liteio_timer_arm(l->timer, ALIVE_MS, ALIVE_SLACK_MS);
}

static int watch_sub(struct liteio_listener *l, struct liteio_error *err)
{
	if (!l->sub)
		return 0;
	return liteio_io_new(l->agent->loop, liteio_netlink_events_fd(l->sub), LITEIO_IO_READ,
			     on_events, l, &l->io, err);
}

/* ---- subscribing: worker -------------------------------------------------------------------- */

/* to @fresh */
static int subscribe(struct liteio_listener *l, struct liteio_error *err)
{
	struct liteio_netlink_events *sub;
	struct liteio_netlink_info info;
	int r;

	r = liteio_netlink_events_open(&sub, err);
	if (r)
		return r;
	/* first subscribe, then look: what happens between is in both, and skipped */
	r = module_info(&info, err);
	if (r) {
		liteio_netlink_events_close(sub);
		return r;
	}
	liteio_netlink_events_expect(sub, info.event_seq);
	l->found = info.instance;
	l->seq = info.event_seq;
	l->fresh = sub;
	return 0;
}

/* ---- is it still the same module? ----------------------------------------------------------- */

static void check_run(void *arg)
{
	struct liteio_listener *l = arg;
	struct liteio_netlink_info info = { 0 };

	/* without a module there is no instance */
	if (module_info(&info, NULL) < 0)
		memset(&info, 0, sizeof(info));
	l->same = liteio_uuid_equal(&info.instance, &l->expected);
	if (!l->same && l->is_node)
		(void)subscribe(l, NULL);
}

static void take_fresh(struct liteio_listener *l)
{
	l->sub = l->fresh;
	l->instance = l->found;
	l->fresh = NULL;
}

/* another module, or none */
static void change_sub(struct liteio_listener *l)
{
	drop_sub(l);
	take_fresh(l);
	say_type(l, LITEIO_LOCAL_EVENT_LOST);
	/* tried again with the next look */
	if (watch_sub(l, NULL))
		lose_module(l);
}

static void check_done(void *arg)
{
	struct liteio_listener *l = arg;

	l->checking = false;
	if (!l->stream) {
		listener_free(l);
		return;
	}
	if (!l->same && !l->is_node) {
		end(l);
		return;
	}
	if (l->same)
		say_type(l, LITEIO_LOCAL_EVENT_ALIVE);
	else
		change_sub(l);
	liteio_timer_arm(l->timer, ALIVE_MS, ALIVE_SLACK_MS);
}

static void on_quiet(void *arg)
{
	struct liteio_listener *l = arg;

	if (!l->stream || l->checking)
		return;
	l->checking = true;
	memset(&l->expected, 0, sizeof(l->expected));
	if (l->sub)
		l->expected = l->instance;
	liteio_worker_submit(l->agent->urgent, NULL, check_run, check_done, l);
}

static void enlist(struct liteio_listener *l)
{
	struct liteio_listeners *all = &l->agent->listeners;

	l->next = all->first;
	l->link = &all->first;
	if (l->next)
		l->next->link = &l->next;
	all->first = l;
	all->n_node++;
}

static void answer(struct liteio_call *call, struct liteio_http_request *req)
{
	struct liteio_listener *l = call->opened;
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	l->stream = liteio_http_stream_new(req, 200, "application/x-ndjson", on_closed, l);
	say(l, &(struct liteio_local_event){ .type = LITEIO_LOCAL_EVENT_BEGIN, .seq = l->seq });
	if (l->is_node)
		enlist(l);
	r = liteio_timer_new(l->agent->loop, on_quiet, l, &l->timer, &err);
	if (r == 0)
		r = watch_sub(l, &err);
	if (r)
		end(l);
	else
		liteio_timer_arm(l->timer, ALIVE_MS, ALIVE_SLACK_MS);
}

static int open_stream(struct liteio_call *call, bool is_node, struct liteio_error *err)
{
	struct liteio_listener *l = liteio_calloc(1, sizeof(*l));
	int r;

	l->agent = call->agent;
	l->is_node = is_node;
	if (++l->agent->listeners.n > LITEIO_EVENTS_LISTENERS_MAX)
		r = liteio_error_set(err, -EBUSY, "%d listen already",
				     LITEIO_EVENTS_LISTENERS_MAX);
	else
		r = subscribe(l, err);
	/* a node without the module has events, too */
	if (r == -ENOENT && is_node)
		r = 0;
	if (r) {
		listener_free(l);
		return r;
	}
	take_fresh(l);
	call->opened = l;
	call->stream = answer;
	return 0;
}

int liteio_module_events_open(struct liteio_call *call, struct liteio_error *err)
{
	return open_stream(call, false, err);
}

int liteio_events_open(struct liteio_call *call, struct liteio_error *err)
{
	return open_stream(call, true, err);
}

/* ---- what happens on the node --------------------------------------------------------------- */

/* one event on its way to the loop */
struct told {
	struct liteio_agent *agent;
	struct liteio_local_event e;
};

static void deliver(void *arg)
{
	struct told *t = arg;
	struct liteio_listener *l;

	for (l = t->agent->listeners.first; l; l = l->next)
		say_line(l, &t->e);
	liteio_json_fini(&t->e, liteio_local_event_fields);
	free(t);
}

static char *text_or_null(const char *s)
{
	return s && *s ? liteio_strdup(s) : NULL;
}

void liteio_events_tell(struct liteio_agent *a, const struct liteio_local_event *e)
{
	struct timespec now;
	struct told *t;

	if (!a->listeners.n_node)
		return;
	clock_gettime(CLOCK_BOOTTIME, &now);
	t = liteio_calloc(1, sizeof(*t));
	t->agent = a;
	t->e = *e;
	t->e.time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	t->e.name = text_or_null(e->name);
	t->e.pool = text_or_null(e->pool);
	t->e.verb = text_or_null(e->verb);
	t->e.message = text_or_null(e->message);
	liteio_loop_post(a->loop, deliver, t);
}

void liteio_events_say(struct liteio_agent *a, enum liteio_local_event_type type, const char *name,
		       const struct liteio_uuid *uuid, const char *pool, const char *message)
{
	struct liteio_local_event e = {
		.type = type,
		/* only read, and copied */
		.name = (char *)(uintptr_t)name,
		.pool = (char *)(uintptr_t)pool,
		.message = (char *)(uintptr_t)message,
	};

	if (uuid)
		e.uuid = *uuid;
	liteio_events_tell(a, &e);
}
