// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kubernetes Events.
 *
 * Any thread may emit; everything else happens on the loop thread. A ring of recent events knows
 * what was said about which object: the same again is counted there and written as a series by a
 * timer. A second ring knows how many new events each object has caused lately.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "kube/backoff.h"
#include "kube/client.h"
#include "kube/event.h"
#include "kube/object.h"

#define NOTE_MAX 1000
#define INSTANCE_MAX 128
#define OBJECT_NAME_MAX 200
#define EVENT_NAME_MAX 253
#define RECENT 256
#define OBJECTS 256
#define IN_FLIGHT_MAX 16
/* the same after so long is a new event */
#define SERIES_MS 360000
#define SERIES_WRITE_MS 10000
/* per object: so many at once, then one in so long */
#define BURST 20
#define REFILL_MS 30000

/**
 * struct recent - something that was said
 * @text: object, type, reason, action and note; NULL for a free place
 * @ns: where the Event is
 * @name: of the Event
 * @count: how often it was said
 * @written: the count the server knows
 * @last_ms: when it was said last
 * @last: the same for people
 */
struct recent {
	char *text;
	char *ns;
	char *name;
	int64_t count;
	int64_t written;
	uint64_t last_ms;
	char last[LITEIO_TIME_MICRO_STRLEN + 1];
};

/**
 * struct budget - how much an object may still say
 * @uid: the object's, NULL for a free place
 * @tokens: events it may cause now
 * @since_ms: when @tokens was right
 */
struct budget {
	char *uid;
	unsigned int tokens;
	uint64_t since_ms;
};

/**
 * struct request - a place for a request under way
 * @ev: the recorder
 * @call: NULL when the place is free
 * @name: of the Event it is about
 */
struct request {
	struct liteio_events *ev;
	struct liteio_kube_call *call;
	char name[EVENT_NAME_MAX + 1];
};

/**
 * struct liteio_events - a recorder
 * @k: the client
 * @controller: who reports
 * @instance: which one
 * @timer: writes series
 * @recent: what was said
 * @budgets: who has said how much
 * @requests: under way
 * @dropped: atomic
 * @refs: owner, and emissions on their way; atomic
 * @freed: by the owner: nothing is sent any more
 */
struct liteio_events {
	struct liteio_kube *k;
	char *controller;
	char *instance;
	struct liteio_timer *timer;
	struct recent recent[RECENT];
	struct budget budgets[OBJECTS];
	struct request requests[IN_FLIGHT_MAX];
	uint64_t dropped;
	unsigned int refs;
	bool freed;
};

/* what an emitting thread hands over */
struct emission {
	struct liteio_events *ev;
	struct liteio_json *event;
	char *text;
	char *uid;
};

static void forget(struct recent *e)
{
	free(e->text);
	free(e->ns);
	free(e->name);
	*e = (struct recent){ 0 };
}

static void unref(struct liteio_events *ev)
{
	if (__atomic_sub_fetch(&ev->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < RECENT; i++)
		forget(&ev->recent[i]);
	for (size_t i = 0; i < OBJECTS; i++)
		free(ev->budgets[i].uid);
	free(ev->controller);
	free(ev->instance);
	free(ev);
}

static void drop(struct liteio_events *ev)
{
	__atomic_add_fetch(&ev->dropped, 1, __ATOMIC_RELAXED);
}

static void time_now(char out[LITEIO_TIME_MICRO_STRLEN + 1])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	liteio_time_format_micro(&now, out);
}

/* ---- the rings; loop thread --------------------------------------------------------------- */

/* the entry of @text if it is known, else the place to use for it: a free one, or the oldest */
static struct recent *find_recent(struct liteio_events *ev, const char *text)
{
	struct recent *best = &ev->recent[0];

	for (size_t i = 0; i < RECENT; i++) {
		struct recent *e = &ev->recent[i];

		if (e->text && !strcmp(e->text, text))
			return e;
		if ((e->text ? e->last_ms : 0) < (best->text ? best->last_ms : 0))
			best = e;
	}
	return best;
}

static struct budget *find_budget(struct liteio_events *ev, const char *uid, uint64_t now)
{
	struct budget *best = &ev->budgets[0];

	for (size_t i = 0; i < OBJECTS; i++) {
		struct budget *b = &ev->budgets[i];

		if (b->uid && !strcmp(b->uid, uid))
			return b;
		if ((b->uid ? b->since_ms : 0) < (best->uid ? best->since_ms : 0))
			best = b;
	}
	free(best->uid);
	*best = (struct budget){ liteio_strdup(uid), BURST, now };
	return best;
}

static bool take_token(struct liteio_events *ev, const char *uid, uint64_t now)
{
	struct budget *b = find_budget(ev, uid, now);
	uint64_t refill;

	refill = (now - b->since_ms) / REFILL_MS;
	if (refill) {
		b->tokens = b->tokens + refill > BURST ? BURST : b->tokens + (unsigned int)refill;
		b->since_ms += refill * REFILL_MS;
	}
	if (!b->tokens)
		return false;
	b->tokens--;
	return true;
}

/* ---- writing ------------------------------------------------------------------------------ */

static struct request *free_request(struct liteio_events *ev)
{
	for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
		if (!ev->requests[i].call)
			return &ev->requests[i];
	}
	return NULL;
}

static void on_written(void *arg, int r, struct liteio_json *obj, const struct liteio_error *err)
{
	struct request *rq = arg;

	rq->call = NULL;
	if (!r)
		return;
	drop(rq->ev);
	/* not there, so the next time it is a new one; Events are not kept for ever */
	for (size_t i = 0; i < RECENT; i++) {
		struct recent *e = &rq->ev->recent[i];

		if (e->text && !strcmp(e->name, rq->name))
			forget(e);
	}
}

static void send_request(struct liteio_events *ev, struct request *rq,
			 const struct liteio_kube_request *req)
{
	rq->ev = ev;
	snprintf(rq->name, sizeof(rq->name), "%s", req->name);
	rq->call = liteio_kube_call_start(ev->k, req, on_written, rq);
}

static void create(struct liteio_events *ev, struct request *rq, struct liteio_json *event)
{
	const struct liteio_kube_request req = {
		.verb = LITEIO_KUBE_CREATE,
		.resource = &liteio_resource_event,
		.ns = liteio_object_namespace(event),
		.name = liteio_object_name(event),
		.body = event,
	};

	send_request(ev, rq, &req);
}

static void write_series(struct liteio_events *ev, struct request *rq, struct recent *e)
{
	struct liteio_json *patch = liteio_json_new_object(), *series = liteio_json_new_object();
	const struct liteio_kube_request req = {
		.verb = LITEIO_KUBE_PATCH,
		.resource = &liteio_resource_event,
		.ns = e->ns,
		.name = e->name,
		.body = patch,
	};

	liteio_json_set_int(series, "count", e->count);
	liteio_json_set_string(series, "lastObservedTime", e->last);
	liteio_json_set(patch, "series", series);
	e->written = e->count;
	send_request(ev, rq, &req);
	liteio_json_unref(patch);
}

static void on_timer(void *arg)
{
	struct liteio_events *ev = arg;
	bool more = false;

	for (size_t i = 0; i < RECENT; i++) {
		struct recent *e = &ev->recent[i];
		struct request *rq;

		if (!e->text || e->count == e->written)
			continue;
		rq = free_request(ev);
		if (rq)
			write_series(ev, rq, e);
		else
			more = true;
	}
	if (more)
		liteio_timer_arm(ev->timer, SERIES_WRITE_MS, 1000);
}

static void remember(struct recent *e, struct emission *em, uint64_t now)
{
	forget(e);
	*e = (struct recent){ .text = take_ptr(em->text),
			      .ns = liteio_strdup(liteio_object_namespace(em->event)),
			      .name = liteio_strdup(liteio_object_name(em->event)),
			      .count = 1,
			      .written = 1,
			      .last_ms = now };
}

static void take_emission(struct liteio_events *ev, struct emission *em)
{
	uint64_t now = liteio_now_ms();
	struct recent *e = find_recent(ev, em->text);
	struct request *rq;

	if (e->text && !strcmp(e->text, em->text) && now - e->last_ms < SERIES_MS) {
		if (e->count == e->written)
			liteio_timer_arm(ev->timer, SERIES_WRITE_MS, 1000);
		e->count++;
		e->last_ms = now;
		time_now(e->last);
		return;
	}
	rq = free_request(ev);
	if (!rq || !take_token(ev, em->uid, now)) {
		drop(ev);
		return;
	}
	remember(e, em, now);
	create(ev, rq, em->event);
}

static void on_emission(void *arg)
{
	struct emission *em = arg;

	if (!em->ev->freed)
		take_emission(em->ev, em);
	unref(em->ev);
	liteio_json_unref(em->event);
	free(em->text);
	free(em->uid);
	free(em);
}

/* ---- emitting; any thread ----------------------------------------------------------------- */

static struct liteio_json *reference_to(const struct liteio_json *obj)
{
	static const char *const keys[][2] = {
		{ "apiVersion", "apiVersion" },
		{ "kind", "kind" },
		{ "namespace", "metadata.namespace" },
		{ "name", "metadata.name" },
		{ "uid", "metadata.uid" },
		{ "resourceVersion", "metadata.resourceVersion" },
	};
	struct liteio_json *ref = liteio_json_new_object();

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(keys); i++) {
		const char *s = liteio_json_get_string(obj, keys[i][1]);

		if (s)
			liteio_json_set_string(ref, keys[i][0], s);
	}
	return ref;
}

static struct liteio_json *make_event(struct liteio_events *ev, const struct liteio_json *obj,
				      bool warning, const char *reason, const char *action,
				      const char *note)
{
	const char *name = liteio_object_name(obj) ?: "unknown";
	char *event_name _cleanup_free_ = NULL;
	char text[LITEIO_TIME_MICRO_STRLEN + 1];
	size_t len = strnlen(name, OBJECT_NAME_MAX);
	struct liteio_json *event;

	/* a name that was cut must not end in punctuation */
	while (len && strchr("-.", name[len - 1]))
		len--;
	event_name = liteio_strf("%.*s.%016llx", (int)len, name,
				 (unsigned long long)liteio_random_below(UINT64_MAX));
	/* Events about what is in no namespace are in this one */
	event = liteio_object_new(&liteio_resource_event,
				  liteio_object_namespace(obj) ?: "default", event_name);
	time_now(text);
	liteio_json_set_string(event, "eventTime", text);
	liteio_json_set_string(event, "reportingController", ev->controller);
	liteio_json_set_string(event, "reportingInstance", ev->instance);
	liteio_json_set_string(event, "type", warning ? "Warning" : "Normal");
	liteio_json_set_string(event, "reason", reason);
	liteio_json_set_string(event, "action", action);
	liteio_json_set_string(event, "note", note);
	liteio_json_set(event, "regarding", reference_to(obj));
	return event;
}

void liteio_event_emit(struct liteio_events *ev, const struct liteio_json *obj, bool warning,
		       const char *reason, const char *action, const char *fmt, ...)
{
	struct emission *em = liteio_calloc(1, sizeof(*em));
	char note[NOTE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(note, sizeof(note), fmt, ap);
	va_end(ap);
	em->ev = ev;
	em->uid = liteio_strdup(liteio_object_uid(obj) ?: liteio_object_name(obj) ?: "");
	em->text = liteio_strf("%s|%d|%s|%s|%s", em->uid, warning, reason, action, note);
	em->event = make_event(ev, obj, warning, reason, action, note);
	__atomic_add_fetch(&ev->refs, 1, __ATOMIC_RELAXED);
	liteio_loop_post(liteio_kube_loop(ev->k), on_emission, em);
}

/* ---- the recorder ------------------------------------------------------------------------- */

int liteio_events_new(struct liteio_kube *k, const char *controller, const char *instance,
		      struct liteio_events **ret, struct liteio_error *err)
{
	struct liteio_events *ev = liteio_calloc(1, sizeof(*ev));
	int r;

	ev->k = k;
	ev->refs = 1;
	ev->controller = liteio_strdup(controller);
	ev->instance = liteio_strf("%.*s", INSTANCE_MAX, instance);
	r = liteio_timer_new(liteio_kube_loop(k), on_timer, ev, &ev->timer, err);
	if (r) {
		unref(ev);
		return r;
	}
	*ret = ev;
	return 0;
}

void liteio_events_free(struct liteio_events *ev)
{
	if (!ev)
		return;
	ev->freed = true;
	for (size_t i = 0; i < IN_FLIGHT_MAX; i++)
		liteio_kube_call_cancel(ev->requests[i].call);
	liteio_timer_free(ev->timer);
	unref(ev);
}

uint64_t liteio_events_dropped(struct liteio_events *ev)
{
	return __atomic_load_n(&ev->dropped, __ATOMIC_RELAXED);
}
