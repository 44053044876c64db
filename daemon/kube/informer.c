// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A store kept up to date by list and watch.
 *
 * One attempt is under way at any time: a page of the list, the watch, or the timer before the next
 * attempt. The list is read in pages of one consistent picture; the watch then goes on from the
 * picture's version. A watch that ends is begun again where it stopped, and everything missed comes
 * then. Only when the server has forgotten that far back (410), when it says something that is not
 * understood, or when several watches in a row brought nothing, the list is read again.
 *
 * A connection may die without a word. Bookmarks come about once a minute, so a watch that is
 * silent for longer than that is begun again, too.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "kube/backoff.h"
#include "kube/client.h"
#include "kube/frames.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "kube/store.h"

#define PAGE_LIMIT "250"
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 10000
/* the server ends a watch after so long; at random, so that not all come back at the same time */
#define WATCH_MIN_S 300
#define WATCH_MAX_S 600
#define SILENCE_MS 130000
/* longer than it may take to connect: a watch that is still there has a connection */
#define SETTLE_MS 12000
/* so many watches in a row that brought nothing: the version itself may be the trouble */
#define FRUITLESS_MAX 4

/**
 * struct liteio_informer - an informer
 * @k: the client
 * @spec: what to keep; strings owned
 * @fn: told about changes
 * @arg: for @fn
 * @store: the objects
 * @timer: next attempt, or silence of the watch
 * @call: page or watch under way
 * @relist: the next attempt is a list
 * @settled: the watch has been there for long enough to believe in it
 * @heard: the watch has said something
 * @fruitless: watches in a row that have not
 * @items: objects of the pages so far
 * @token: of the next page, NULL for the first
 * @frames: the watch's bytes
 * @backoff: delay of the next attempt
 * @telling: changes are being told
 * @lock: covers what follows
 * @problem: of the last attempt
 * @lists: complete so far
 * @waiting: threads in liteio_informer_wait()
 * @gone: signalled when the last of them leaves
 * @posted: liteio_informer_offer() has posted a call that is still to come
 * @freed: by the owner, while @posted
 */
struct liteio_informer {
	struct liteio_kube *k;
	struct liteio_informer_spec spec;
	liteio_informer_fn fn;
	void *arg;
	struct liteio_kube_store *store;
	struct liteio_timer *timer;
	struct liteio_kube_call *call;
	bool relist;
	bool settled;
	bool heard;
	unsigned int fruitless;
	struct liteio_json *items;
	char *token;
	struct liteio_frames frames;
	struct liteio_backoff backoff;
	bool telling;

	pthread_mutex_t lock;
	struct liteio_error problem;
	unsigned int lists;
	unsigned int waiting;
	pthread_cond_t gone;
	bool posted;
	bool freed;
};

static void start_attempt(struct liteio_informer *inf);

/* ---- telling ------------------------------------------------------------------------------ */

static void tell(struct liteio_informer *inf)
{
	struct liteio_change c;

	/* a callback that offers something must not be overtaken by what it has caused */
	if (inf->telling)
		return;
	inf->telling = true;
	while (liteio_kube_store_next_change(inf->store, &c)) {
		if (inf->fn)
			inf->fn(inf->arg, c.old, c.obj);
		liteio_json_unref(c.old);
		liteio_json_unref(c.obj);
	}
	inf->telling = false;
}

static void set_problem(struct liteio_informer *inf, const struct liteio_error *err)
{
	static const struct liteio_error none = LITEIO_ERROR_INIT;

	liteio_guard(&inf->lock);
	inf->problem = err ? *err : none;
}

static void count_list(struct liteio_informer *inf)
{
	liteio_guard(&inf->lock);
	inf->lists++;
}

/* ---- attempts ----------------------------------------------------------------------------- */

static void forget_pages(struct liteio_informer *inf)
{
	liteio_json_unref(inf->items);
	inf->items = NULL;
	free(inf->token);
	inf->token = NULL;
}

/* begin again after a delay, with a list or with a watch from where we are */
static void try_later(struct liteio_informer *inf, bool relist, const struct liteio_error *err)
{
	if (err)
		set_problem(inf, err);
	forget_pages(inf);
	liteio_frames_reset(&inf->frames);
	inf->relist = relist;
	liteio_timer_arm(inf->timer, liteio_backoff_next(&inf->backoff), 0);
}

static void on_timer(void *arg)
{
	struct liteio_informer *inf = arg;

	if (inf->call && !inf->settled) {
		inf->settled = true;
		set_problem(inf, NULL);
		liteio_timer_arm(inf->timer, SILENCE_MS, 1000);
		return;
	}
	if (inf->call) {
		/* the watch has been silent for too long */
		liteio_kube_call_cancel(take_ptr(inf->call));
		liteio_frames_reset(&inf->frames);
	}
	start_attempt(inf);
}

/* ---- the list ----------------------------------------------------------------------------- */

static void on_page(void *arg, int r, struct liteio_json *page, const struct liteio_error *err)
{
	struct liteio_informer *inf = arg;
	const struct liteio_json *items = liteio_json_get(page, "items");
	const char *token = liteio_json_get_string(page, "metadata.continue");
	const char *version = liteio_json_get_string(page, "metadata.resourceVersion");
	struct liteio_error local = LITEIO_ERROR_INIT;

	inf->call = NULL;
	/* an empty list may be null */
	if (!r && (!version || (items && !liteio_json_is_array(items)))) {
		r = liteio_error_set(&local, -EIO, "the API server's list of %s is not understood",
				     inf->spec.resource->plural);
		err = &local;
	}
	if (r) {
		try_later(inf, true, err);
		return;
	}
	for (size_t i = 0; i < liteio_json_len(items); i++) {
		struct liteio_json *obj = liteio_json_at(items, i);

		/* large, and of no use to anybody here; nobody else knows the object yet */
		liteio_json_del(liteio_json_get(obj, "metadata"), "managedFields");
		liteio_json_append(inf->items, liteio_json_ref(obj));
	}
	free(inf->token);
	inf->token = token && *token ? liteio_strdup(token) : NULL;
	if (!inf->token) {
		liteio_kube_store_replace(inf->store, inf->items, version);
		forget_pages(inf);
		inf->relist = false;
		count_list(inf);
		set_problem(inf, NULL);
	}
	/* the next page, or the watch; before telling: a callback may take its time */
	start_attempt(inf);
	tell(inf);
}

static void add_selectors(struct liteio_informer *inf, struct liteio_buf *q)
{
	liteio_kube_query_add(q, "labelSelector", inf->spec.label_selector);
	liteio_kube_query_add(q, "fieldSelector", inf->spec.field_selector);
}

static void start_page(struct liteio_informer *inf)
{
	struct liteio_buf q = LITEIO_BUF_INIT;

	if (!inf->items)
		inf->items = liteio_json_new_array();
	/* no resourceVersion: as it is now, not as a cache may remember it */
	liteio_kube_query_add(&q, "limit", PAGE_LIMIT);
	liteio_kube_query_add(&q, "continue", inf->token);
	add_selectors(inf, &q);
	inf->call = liteio_kube_page_start(inf->k, inf->spec.resource, inf->spec.ns, q.data,
					   on_page, inf);
	liteio_buf_fini(&q);
}

/* ---- the watch ---------------------------------------------------------------------------- */

static int frame_error(struct liteio_json *status, struct liteio_error *err)
{
	char *text _cleanup_free_ = liteio_json_print(status);

	return liteio_kube_status_error(200, text, strlen(text), err);
}

static int on_frame(void *arg, struct liteio_json *frame, struct liteio_error *err)
{
	struct liteio_informer *inf = arg;
	const char *type = liteio_json_get_string(frame, "type");
	struct liteio_json *obj = liteio_json_get(frame, "object");

	if (!type || !liteio_json_is_object(obj))
		return liteio_error_set(err, -EBADMSG, "a watch event without type or object");
	if (!strcmp(type, "ERROR"))
		return frame_error(obj, err);
	if (!liteio_object_version(obj))
		return liteio_error_set(err, -EBADMSG, "a watch event without resourceVersion");
	if (!strcmp(type, "BOOKMARK")) {
		liteio_kube_store_advance(inf->store, liteio_object_version(obj));
		return 0;
	}
	liteio_json_del(liteio_json_get(obj, "metadata"), "managedFields");
	if (!strcmp(type, "ADDED") || !strcmp(type, "MODIFIED"))
		liteio_kube_store_update(inf->store, obj, false);
	else if (!strcmp(type, "DELETED"))
		liteio_kube_store_update(inf->store, obj, true);
	else
		return liteio_error_set(err, -EBADMSG, "a watch event of unknown type \"%.32s\"",
					type);
	return 0;
}

static int on_watch_data(void *arg, const char *data, size_t len)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_informer *inf = arg;
	int r;

	r = liteio_frames_feed(&inf->frames, data, len, on_frame, inf, &err);
	if (r) {
		/* what is said inside the stream, and what we can not read: start from a list */
		liteio_kube_call_cancel(take_ptr(inf->call));
		try_later(inf, true, &err);
	} else {
		inf->heard = true;
		inf->settled = true;
		inf->fruitless = 0;
		liteio_backoff_reset(&inf->backoff);
		set_problem(inf, NULL);
		liteio_timer_arm(inf->timer, SILENCE_MS, 1000);
	}
	tell(inf);
	return r;
}

static void on_watch_end(void *arg, int r, struct liteio_json *obj, const struct liteio_error *err)
{
	struct liteio_informer *inf = arg;
	bool answered = !r || r == -EBUSY || r == -EIO;
	bool relist = r && !liteio_kube_retryable(r);

	inf->call = NULL;
	/*
	 * No connection says nothing about the version: go on from there. An answer that refuses
	 * may be about the version, about rights, about the type: the list will tell.
	 */
	if (!inf->heard && answered && ++inf->fruitless >= FRUITLESS_MAX) {
		inf->fruitless = 0;
		relist = true;
	}
	try_later(inf, relist, err);
}

static void start_watch(struct liteio_informer *inf)
{
	char *version _cleanup_free_ = liteio_kube_store_version(inf->store);
	struct liteio_buf q = LITEIO_BUF_INIT;
	char seconds[24];

	snprintf(seconds, sizeof(seconds), "%u",
		 WATCH_MIN_S + (unsigned int)liteio_random_below(WATCH_MAX_S - WATCH_MIN_S));
	liteio_kube_query_add(&q, "watch", "true");
	liteio_kube_query_add(&q, "allowWatchBookmarks", "true");
	liteio_kube_query_add(&q, "resourceVersion", version);
	liteio_kube_query_add(&q, "timeoutSeconds", seconds);
	add_selectors(inf, &q);
	inf->heard = false;
	inf->settled = false;
	inf->call = liteio_kube_stream_start(inf->k, inf->spec.resource, inf->spec.ns, q.data,
					     on_watch_data, on_watch_end, inf);
	liteio_buf_fini(&q);
	liteio_timer_arm(inf->timer, SETTLE_MS, 1000);
}

static void start_attempt(struct liteio_informer *inf)
{
	if (inf->relist)
		start_page(inf);
	else
		start_watch(inf);
}

/* ---- the outside -------------------------------------------------------------------------- */

static void release(struct liteio_informer *inf)
{
	pthread_cond_destroy(&inf->gone);
	pthread_mutex_destroy(&inf->lock);
	free(inf);
}

int liteio_informer_new(struct liteio_kube *k, const struct liteio_informer_spec *spec,
			liteio_informer_fn fn, void *arg, struct liteio_informer **ret,
			struct liteio_error *err)
{
	struct liteio_informer *inf = liteio_calloc(1, sizeof(*inf));
	int r;

	r = liteio_timer_new(liteio_kube_loop(k), on_timer, inf, &inf->timer, err);
	if (r) {
		free(inf);
		return r;
	}
	pthread_mutex_init(&inf->lock, NULL);
	pthread_cond_init(&inf->gone, NULL);
	inf->k = k;
	inf->spec.resource = spec->resource;
	inf->spec.ns = liteio_strdup(spec->ns);
	inf->spec.label_selector = liteio_strdup(spec->label_selector);
	inf->spec.field_selector = liteio_strdup(spec->field_selector);
	inf->fn = fn;
	inf->arg = arg;
	inf->store = liteio_kube_store_new();
	inf->backoff = (struct liteio_backoff){ RETRY_MIN_MS, RETRY_MAX_MS, 0 };
	inf->relist = true;
	liteio_error_set(&inf->problem, -EINPROGRESS, "the first list has not arrived yet");
	start_attempt(inf);
	*ret = inf;
	return 0;
}

void liteio_informer_free(struct liteio_informer *inf)
{
	bool posted;

	if (!inf)
		return;
	liteio_kube_call_cancel(inf->call);
	liteio_timer_free(inf->timer);
	liteio_kube_store_close(inf->store);
	pthread_mutex_lock(&inf->lock);
	while (inf->waiting)
		pthread_cond_wait(&inf->gone, &inf->lock);
	pthread_mutex_unlock(&inf->lock);
	liteio_kube_store_free(inf->store);
	forget_pages(inf);
	liteio_frames_reset(&inf->frames);
	free((void *)(uintptr_t)inf->spec.ns);
	free((void *)(uintptr_t)inf->spec.label_selector);
	free((void *)(uintptr_t)inf->spec.field_selector);
	pthread_mutex_lock(&inf->lock);
	inf->freed = true;
	posted = inf->posted;
	pthread_mutex_unlock(&inf->lock);
	/* else the posted call does it */
	if (!posted)
		release(inf);
}

bool liteio_informer_synced(struct liteio_informer *inf)
{
	return liteio_kube_store_synced(inf->store);
}

int liteio_informer_problem(struct liteio_informer *inf, struct liteio_error *err)
{
	liteio_guard(&inf->lock);
	if (inf->problem.code && err)
		*err = inf->problem;
	return inf->problem.code;
}

unsigned int liteio_informer_lists(struct liteio_informer *inf)
{
	liteio_guard(&inf->lock);
	return inf->lists;
}

struct liteio_json *liteio_informer_get(struct liteio_informer *inf, const char *key)
{
	return liteio_kube_store_get(inf->store, key);
}

struct liteio_json *liteio_informer_list(struct liteio_informer *inf)
{
	return liteio_kube_store_list(inf->store);
}

size_t liteio_informer_count(struct liteio_informer *inf)
{
	return liteio_kube_store_count(inf->store);
}

static void on_posted(void *arg)
{
	struct liteio_informer *inf = arg;
	bool freed;

	pthread_mutex_lock(&inf->lock);
	inf->posted = false;
	freed = inf->freed;
	pthread_mutex_unlock(&inf->lock);
	if (freed)
		release(inf);
	else
		tell(inf);
}

void liteio_informer_offer(struct liteio_informer *inf, struct liteio_json *obj)
{
	const char *ns = liteio_object_namespace(obj);

	/* whether an object still belongs to a selection, only the server knows */
	if (inf->spec.label_selector || inf->spec.field_selector)
		return;
	if (inf->spec.ns && (!ns || strcmp(ns, inf->spec.ns)))
		return;
	if (!liteio_kube_store_offer(inf->store, obj))
		return;
	liteio_guard(&inf->lock);
	if (!inf->posted)
		liteio_loop_post(liteio_kube_loop(inf->k), on_posted, inf);
	inf->posted = true;
}

int liteio_informer_wait(struct liteio_informer *inf, const char *key, liteio_informer_pred pred,
			 void *arg, uint64_t deadline_ms, struct liteio_json **ret,
			 struct liteio_error *err)
{
	struct liteio_error problem = LITEIO_ERROR_INIT;
	int r;

	pthread_mutex_lock(&inf->lock);
	inf->waiting++;
	pthread_mutex_unlock(&inf->lock);
	r = liteio_kube_store_wait(inf->store, key, pred, arg, deadline_ms, ret, err);
	/* when the time was over, say also why nothing was heard */
	if (r == -ETIMEDOUT && err && liteio_informer_problem(inf, &problem)) {
		const struct liteio_error inner = *err;

		liteio_error_set(err, r, "%.300s (%.180s)", inner.msg, problem.msg);
	}
	pthread_mutex_lock(&inf->lock);
	/* under the lock: the informer may be gone as soon as nobody waits */
	if (!--inf->waiting)
		pthread_cond_signal(&inf->gone);
	pthread_mutex_unlock(&inf->lock);
	return r;
}
