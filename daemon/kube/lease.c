// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leader election on a Lease.
 *
 * One request is under way at a time. A follower reads the Lease and remembers when it saw it
 * change last, by its own clock; when that is longer ago than the Lease lasts, it writes its own
 * name over it. A leader writes a new renewTime. Every write is a compare-and-swap on the version
 * read, so of two that write at the same time one wins and the other reads again.
 *
 * The leader counts from when it began a renewal that worked, the follower from when it saw one, so
 * the leader's time ends first: deadline_ms < duration_ms leaves room for clocks of unequal speed.
 */
#include <errno.h>
#include <pthread.h>
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
#include "kube/lease.h"
#include "kube/object.h"

/**
 * struct liteio_lease - one candidate
 * @k: the client
 * @spec: as whom for what; strings owned, defaults filled in
 * @fn: told about changes
 * @arg: for @fn
 * @retry: next attempt
 * @expiry: when leadership ends without renewal
 * @call: the request under way
 * @begun_ms: when it was begun
 * @seen: spec of the Lease as last seen, NULL before
 * @version: its resourceVersion; NULL when it has to be read (again)
 * @seen_ms: when @seen was first seen like this
 * @problem: of the last attempt
 * @released: called when a release has ended; NULL while competing
 * @released_arg: for @released
 * @lock: covers what follows
 * @leading: we hold it
 * @renewed_ms: when the last renewal that worked was begun
 */
struct liteio_lease {
	struct liteio_kube *k;
	struct liteio_lease_spec spec;
	liteio_lease_fn fn;
	void *arg;
	struct liteio_timer *retry;
	struct liteio_timer *expiry;
	struct liteio_kube_call *call;
	uint64_t begun_ms;
	struct liteio_json *seen;
	char *version;
	uint64_t seen_ms;
	struct liteio_error problem;
	void (*released)(void *arg);
	void *released_arg;

	pthread_mutex_t lock;
	bool leading;
	uint64_t renewed_ms;
};

/* ---- what we know ------------------------------------------------------------------------- */

static const char *holder_of(const struct liteio_lease *l)
{
	return liteio_json_get_string(l->seen, "holderIdentity") ?: "";
}

static bool is_ours(const struct liteio_lease *l)
{
	return !strcmp(holder_of(l), l->spec.identity);
}

static void forget_version(struct liteio_lease *l)
{
	free(l->version);
	l->version = NULL;
}

static void see(struct liteio_lease *l, const struct liteio_json *obj)
{
	struct liteio_json *spec = liteio_json_get(obj, "spec");

	if (!l->seen || !liteio_json_equal(l->seen, spec)) {
		liteio_json_unref(l->seen);
		l->seen = liteio_json_ref(spec);
		l->seen_ms = liteio_now_ms();
	}
	forget_version(l);
	l->version = liteio_strdup(liteio_object_version(obj));
}

/* how long the holder's claim lasts: what it says itself, and never less than what we say */
static uint64_t claim_ms(const struct liteio_lease *l)
{
	int64_t s = liteio_json_get_int(l->seen, "leaseDurationSeconds", 0);
	uint64_t ms = s > 0 && s < 86400 ? (uint64_t)s * 1000 : 0;

	return ms > l->spec.duration_ms ? ms : l->spec.duration_ms;
}

static bool may_take(const struct liteio_lease *l)
{
	return !*holder_of(l) || liteio_now_ms() - l->seen_ms > claim_ms(l);
}

/* returns whether that is a change, which the caller tells as the last thing it does */
static bool set_leading(struct liteio_lease *l, bool leading, uint64_t renewed_ms)
{
	bool changed;

	liteio_guard(&l->lock);
	changed = l->leading != leading;
	l->leading = leading;
	l->renewed_ms = renewed_ms;
	return changed;
}

bool liteio_lease_held(struct liteio_lease *l)
{
	liteio_guard(&l->lock);
	return l->leading && liteio_now_ms() < l->renewed_ms + l->spec.deadline_ms;
}

/* ---- what we say -------------------------------------------------------------------------- */

static struct liteio_json *claim_spec(const struct liteio_lease *l)
{
	int64_t transitions = liteio_json_get_int(l->seen, "leaseTransitions", 0);
	struct liteio_json *spec = liteio_json_new_object();
	char text[LITEIO_TIME_MICRO_STRLEN + 1];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	liteio_time_format_micro(&now, text);
	/* times are for people; nobody of us judges by them */
	liteio_json_set_string(spec, "renewTime", text);
	if (!is_ours(l)) {
		liteio_json_set_string(spec, "holderIdentity", l->spec.identity);
		liteio_json_set_string(spec, "acquireTime", text);
		liteio_json_set_int(spec, "leaseDurationSeconds",
				    (int64_t)(l->spec.duration_ms + 999) / 1000);
		liteio_json_set_int(spec, "leaseTransitions", l->seen ? transitions + 1 : 0);
	}
	return spec;
}

static void send_request(struct liteio_lease *l, struct liteio_kube_request *req,
			 liteio_kube_done_fn done)
{
	req->resource = &liteio_resource_lease;
	req->ns = l->spec.ns;
	req->name = l->spec.name;
	/* an answer that comes after the deadline is of no use */
	req->timeout_ms = l->spec.deadline_ms / 2 ?: 1;
	l->begun_ms = liteio_now_ms();
	l->call = liteio_kube_call_start(l->k, req, done, l);
}

static void retry_later(struct liteio_lease *l)
{
	uint64_t ms = l->spec.retry_ms;

	/* at random, so that candidates do not stay in step */
	liteio_timer_arm(l->retry, ms + liteio_random_below(ms / 5 + 1), 0);
}

/* ---- releasing ---------------------------------------------------------------------------- */

static void on_release(void *arg, int r, struct liteio_json *obj, const struct liteio_error *err)
{
	struct liteio_lease *l = arg;

	l->call = NULL;
	l->released(l->released_arg);
}

/* nothing else is under way any more */
static void release_now(struct liteio_lease *l)
{
	struct liteio_kube_request req = { .verb = LITEIO_KUBE_PATCH };
	struct liteio_json *patch, *spec;

	set_leading(l, false, 0);
	liteio_timer_disarm(l->retry);
	if (!is_ours(l) || !l->version) {
		liteio_loop_post(liteio_kube_loop(l->k), l->released, l->released_arg);
		return;
	}
	spec = liteio_json_new_object();
	liteio_json_set(spec, "holderIdentity", NULL);
	patch = liteio_json_new_object();
	liteio_json_set(patch, "spec", spec);
	req.body = patch;
	req.resource_version = l->version;
	send_request(l, &req, on_release);
	liteio_json_unref(patch);
}

void liteio_lease_release(struct liteio_lease *l, void (*done)(void *arg), void *arg)
{
	l->released = done;
	l->released_arg = arg;
	liteio_timer_disarm(l->expiry);
	/* a renewal under way has to end first: its answer has the version to compare with */
	if (!l->call)
		release_now(l);
}

/* ---- attempts ----------------------------------------------------------------------------- */

static void tell(struct liteio_lease *l, bool leading)
{
	l->fn(l->arg, leading);
}

/* the end of every attempt: judge, arm the timers, tell */
static void settle(struct liteio_lease *l, uint64_t renewed_ms)
{
	uint64_t now = liteio_now_ms(), end = renewed_ms + l->spec.deadline_ms;
	bool leading, changed;

	if (l->released) {
		release_now(l);
		return;
	}
	retry_later(l);
	if (renewed_ms && end > now) {
		changed = set_leading(l, true, renewed_ms);
		leading = true;
		liteio_timer_arm(l->expiry, end - now, 0);
	} else if (l->leading && !is_ours(l)) {
		/* somebody else has it: no need to wait for the end of our time */
		changed = set_leading(l, false, 0);
		leading = false;
		liteio_timer_disarm(l->expiry);
	} else {
		return;
	}
	if (changed)
		tell(l, leading);
}

static void on_expiry(void *arg)
{
	struct liteio_lease *l = arg;

	if (set_leading(l, false, 0))
		tell(l, false);
}

static void on_written(void *arg, int r, struct liteio_json *obj, const struct liteio_error *err)
{
	static const struct liteio_error none = LITEIO_ERROR_INIT;
	struct liteio_lease *l = arg;
	uint64_t begun_ms = l->begun_ms;

	l->call = NULL;
	if (!r) {
		l->problem = none;
		see(l, obj);
		settle(l, begun_ms);
		return;
	}
	/* whether it was written or not, and what else was: look before the next attempt */
	l->problem = *err;
	forget_version(l);
	settle(l, 0);
}

static void write_claim(struct liteio_lease *l)
{
	struct liteio_kube_request req = { .verb = LITEIO_KUBE_PATCH };
	struct liteio_json *obj;

	if (l->version) {
		obj = liteio_json_new_object();
		req.resource_version = l->version;
	} else {
		req.verb = LITEIO_KUBE_CREATE;
		obj = liteio_object_new(&liteio_resource_lease, l->spec.ns, l->spec.name);
	}
	liteio_json_set(obj, "spec", claim_spec(l));
	req.body = obj;
	send_request(l, &req, on_written);
	liteio_json_unref(obj);
}

static void on_read(void *arg, int r, struct liteio_json *obj, const struct liteio_error *err)
{
	static const struct liteio_error none = LITEIO_ERROR_INIT;
	struct liteio_lease *l = arg;

	l->call = NULL;
	if (r && r != -ENOENT) {
		l->problem = *err;
		settle(l, 0);
		return;
	}
	l->problem = none;
	if (r == -ENOENT) {
		liteio_json_unref(l->seen);
		l->seen = NULL;
		forget_version(l);
	} else {
		see(l, obj);
	}
	if (!l->released && (is_ours(l) || may_take(l)))
		write_claim(l);
	else
		settle(l, 0);
}

static void attempt(struct liteio_lease *l)
{
	struct liteio_kube_request req = { .verb = LITEIO_KUBE_GET };

	if (l->version && is_ours(l))
		write_claim(l);
	else
		send_request(l, &req, on_read);
}

static void on_retry(void *arg)
{
	attempt(arg);
}

/* ---- the outside -------------------------------------------------------------------------- */

static int check(const struct liteio_lease_spec *s, struct liteio_error *err)
{
	if (!s->identity || !*s->identity || !s->ns || !s->name)
		return liteio_error_set(err, -EINVAL, "a lease needs namespace, name and identity");
	if (s->deadline_ms >= s->duration_ms || s->retry_ms >= s->deadline_ms)
		return liteio_error_set(err, -EINVAL,
					"lease times must grow: retry %llu, deadline %llu, duration %llu ms",
					(unsigned long long)s->retry_ms,
					(unsigned long long)s->deadline_ms,
					(unsigned long long)s->duration_ms);
	return 0;
}

int liteio_lease_new(struct liteio_kube *k, const struct liteio_lease_spec *spec,
		     liteio_lease_fn fn, void *arg, struct liteio_lease **ret,
		     struct liteio_error *err)
{
	struct liteio_lease_spec s = *spec;
	struct liteio_lease *l;
	int r;

	s.duration_ms = s.duration_ms ?: 15000;
	s.deadline_ms = s.deadline_ms ?: 10000;
	s.retry_ms = s.retry_ms ?: 2000;
	r = check(&s, err);
	if (r)
		return r;
	l = liteio_calloc(1, sizeof(*l));
	pthread_mutex_init(&l->lock, NULL);
	l->k = k;
	l->spec = s;
	l->spec.ns = liteio_strdup(s.ns);
	l->spec.name = liteio_strdup(s.name);
	l->spec.identity = liteio_strdup(s.identity);
	l->fn = fn;
	l->arg = arg;
	r = liteio_timer_new(liteio_kube_loop(k), on_retry, l, &l->retry, err);
	if (!r)
		r = liteio_timer_new(liteio_kube_loop(k), on_expiry, l, &l->expiry, err);
	if (r) {
		liteio_lease_free(l);
		return r;
	}
	attempt(l);
	*ret = l;
	return 0;
}

void liteio_lease_free(struct liteio_lease *l)
{
	if (!l)
		return;
	liteio_kube_call_cancel(l->call);
	liteio_timer_free(l->retry);
	liteio_timer_free(l->expiry);
	liteio_json_unref(l->seen);
	free(l->version);
	pthread_mutex_destroy(&l->lock);
	free((void *)(uintptr_t)l->spec.ns);
	free((void *)(uintptr_t)l->spec.name);
	free((void *)(uintptr_t)l->spec.identity);
	free(l);
}

const char *liteio_lease_holder(const struct liteio_lease *l)
{
	return holder_of(l);
}

const char *liteio_lease_problem(const struct liteio_lease *l)
{
	return l->problem.msg;
}
