// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's events, to whoever listens.
 *
 * A listener is a subscription (a netlink socket), the stream it is copied to, and a timer. The
 * timer says that all is well when nothing has happened, which is also how a listener that has gone
 * is noticed, and has a worker look whether the module is still the same: a socket does not notice
 * that the family behind it is gone.
 */
#include "agent/events.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/gate.h"
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

#define ALIVE_MS 10000
#define ALIVE_SLACK_MS 1000
/* a reader that is behind gets its turn before we read on */
#define BATCH 256

static atomic_uint n_listeners;

/**
 * struct listener - one answer that goes on
 * @agent: the agent
 * @sub: the subscription
 * @instance: of the module, as it was at the beginning
 * @seq: newest event at that moment
 * @stream: NULL once the listener has gone
 * @io: watch of @sub
 * @timer: fires when nothing has happened for a while
 * @lost: a line was dropped because the reader is slow: say so first
 * @checking: a worker looks at the module; it has the listener until it is done
 * @same: what it found
 */
struct listener {
	struct liteio_agent *agent;
	struct liteio_netlink_events *sub;
	struct liteio_uuid instance;
	uint64_t seq;
	struct liteio_http_stream *stream;
	struct liteio_io *io;
	struct liteio_timer *timer;
	bool lost;
	bool checking;
	bool same;
};

static void listener_free(struct listener *l)
{
	if (l->checking)
		return;
	liteio_io_free(l->io);
	liteio_timer_free(l->timer);
	liteio_netlink_events_close(l->sub);
	free(l);
	n_listeners--;
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
static bool say(struct listener *l, const struct liteio_local_event *e)
{
	struct liteio_json *j = liteio_json_encode(e, liteio_local_event_fields);
	_cleanup_free_ char *text = liteio_json_print(j);
	_cleanup_free_ char *line = liteio_strf("%s\n", text);

	liteio_json_unref(j);
	return liteio_http_stream_write(l->stream, line, strlen(line)) == 0;
}

static void say_type(struct listener *l, enum liteio_local_event_type type)
{
	const struct liteio_local_event e = { .type = type };

	if (l->lost)
		l->lost = !say(l, &(struct liteio_local_event){ .type = LITEIO_LOCAL_EVENT_LOST });
	if (!l->lost && !say(l, &e) && type == LITEIO_LOCAL_EVENT_LOST)
		l->lost = true;
}

static void say_event(struct listener *l, const struct liteio_netlink_event *from)
{
	const struct liteio_local_event e = {
		.type = LITEIO_LOCAL_EVENT_MODULE + (int)from->type - LITEIO_EVENT_VOL_ADDED,
		.seq = from->seq,
		.time_ns = from->time_ns,
		.uuid = from->uuid,
		.generation = from->generation,
		.value = from->value,
	};

	if (l->lost)
		l->lost = !say(l, &(struct liteio_local_event){ .type = LITEIO_LOCAL_EVENT_LOST });
	if (!l->lost)
		l->lost = !say(l, &e);
}

static void end(struct listener *l)
{
	say_type(l, LITEIO_LOCAL_EVENT_END);
	liteio_http_stream_end(l->stream);
	l->stream = NULL;
	listener_free(l);
}

/* the listener has gone, or the server ends */
static void on_closed(void *arg)
{
	struct listener *l = arg;

	l->stream = NULL;
	listener_free(l);
}

static void on_events(void *arg, int fd, unsigned int events)
{
	struct liteio_netlink_event e;
	struct listener *l = arg;

	/* its stream has gone; only a worker still holds it */
	if (!l->stream) {
		liteio_io_set_events(l->io, 0);
		return;
	}
	for (int i = 0; i < BATCH; i++) {
		int r = liteio_netlink_events_next(l->sub, &e, NULL);

		if (r == 0)
			break;
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

/* ---- is it still the same module? ----------------------------------------------------------- */

static void check_run(void *arg)
{
	struct listener *l = arg;
	struct liteio_netlink_info info;

	l->same = module_info(&info, NULL) == 0 && liteio_uuid_equal(&info.instance, &l->instance);
}

static void check_done(void *arg)
{
	struct listener *l = arg;

	l->checking = false;
	if (!l->stream) {
		listener_free(l);
	} else if (!l->same) {
		end(l);
	} else {
		say_type(l, LITEIO_LOCAL_EVENT_ALIVE);
		liteio_timer_arm(l->timer, ALIVE_MS, ALIVE_SLACK_MS);
	}
}

static void on_quiet(void *arg)
{
	struct listener *l = arg;

	if (!l->stream || l->checking)
		return;
	l->checking = true;
	liteio_worker_submit(l->agent->workers, NULL, check_run, check_done, l);
}

static void answer(struct liteio_call *call, struct liteio_http_request *req)
{
	struct listener *l = call->opened;
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	l->stream = liteio_http_stream_new(req, 200, "application/x-ndjson", on_closed, l);
	say(l, &(struct liteio_local_event){ .type = LITEIO_LOCAL_EVENT_BEGIN, .seq = l->seq });
	r = liteio_timer_new(l->agent->loop, on_quiet, l, &l->timer, &err);
	if (r == 0)
		r = liteio_io_new(l->agent->loop, liteio_netlink_events_fd(l->sub), LITEIO_IO_READ,
				  on_events, l, &l->io, &err);
	if (r)
		end(l);
	else
		liteio_timer_arm(l->timer, ALIVE_MS, ALIVE_SLACK_MS);
}

/* ---- subscribing: worker -------------------------------------------------------------------- */

int liteio_events_open(struct liteio_call *call, struct liteio_error *err)
{
	struct listener *l = liteio_calloc(1, sizeof(*l));
	struct liteio_netlink_info info;
	int r;

	l->agent = call->agent;
	if (++n_listeners > LITEIO_EVENTS_LISTENERS_MAX)
		r = liteio_error_set(err, -EBUSY, "%d listen already",
				     LITEIO_EVENTS_LISTENERS_MAX);
	else
		r = liteio_netlink_events_open(&l->sub, err);
	/* first subscribe, then look: what happens between is in both, and skipped */
	if (r == 0)
		r = module_info(&info, err);
	if (r) {
		listener_free(l);
		return r;
	}
	liteio_netlink_events_expect(l->sub, info.event_seq);
	l->instance = info.instance;
	l->seq = info.event_seq;
	call->opened = l;
	call->stream = answer;
	return 0;
}
