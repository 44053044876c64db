// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The store behind an informer.
 *
 * The truth comes from the list and the watch, in the order of resourceVersions. Answers to own
 * writes may be put in ahead of it; such an entry is marked, and stays until the truth has caught
 * up with it. Versions are compared as numbers only for this; a list always wins.
 */
#include <errno.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "kube/object.h"
#include "kube/store.h"

/**
 * struct item - one object; @key is the first member: a search key is an entry, too
 * @key: "name" or "namespace/name"
 * @obj: reference
 * @version: its resourceVersion as a number
 * @ahead: from an own write: the watch has not said it yet
 * @seen: in the list that is being taken over
 */
struct item {
	const char *key;
	struct liteio_json *obj;
	uint64_t version;
	bool ahead;
	bool seen;
};

struct change_node {
	struct change_node *next;
	struct liteio_change change;
};

/**
 * struct waiter - a thread in liteio_kube_store_wait()
 * @next: in the store's list
 * @link: what points at this waiter there
 * @key: the object it waits for
 * @changed: since the predicate was asked last
 * @wake: signalled with @changed
 */
struct waiter {
	struct waiter *next, **link;
	const char *key;
	bool changed;
	pthread_cond_t wake;
};

/**
 * struct liteio_kube_store - the store
 * @lock: covers everything
 * @root: tsearch() tree of struct item
 * @count: entries in it
 * @version: the truth up to here, as text
 * @number: the same as a number, 0 when it is none
 * @synced: there was a list
 * @closing: waiters go away
 * @changes: not yet told, oldest first
 * @changes_tail: where the next one goes
 * @waiters: threads that wait
 * @gone: signalled when the last waiter has gone
 */
struct liteio_kube_store {
	pthread_mutex_t lock;
	void *root;
	size_t count;
	char *version;
	uint64_t number;
	bool synced;
	bool closing;
	struct change_node *changes, **changes_tail;
	struct waiter *waiters;
	pthread_cond_t gone;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->key, ((const struct item *)b)->key);
}

static uint64_t number_of(const char *version)
{
	uint64_t n;

	return version && !liteio_parse_u64(version, 1, UINT64_MAX, &n) ? n : 0;
}

struct liteio_kube_store *liteio_kube_store_new(void)
{
	struct liteio_kube_store *s = liteio_calloc(1, sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->gone, NULL);
	s->changes_tail = &s->changes;
	s->version = liteio_strdup("");
	return s;
}

static void free_entry(void *p)
{
	struct item *e = p;

	liteio_json_unref(e->obj);
	free((void *)(uintptr_t)e->key);
	free(e);
}

void liteio_kube_store_close(struct liteio_kube_store *s)
{
	liteio_guard(&s->lock);
	s->closing = true;
	for (struct waiter *w = s->waiters; w; w = w->next)
		pthread_cond_signal(&w->wake);
}

void liteio_kube_store_free(struct liteio_kube_store *s)
{
	struct liteio_change c;

	if (!s)
		return;
	liteio_kube_store_close(s);
	pthread_mutex_lock(&s->lock);
	while (s->waiters)
		pthread_cond_wait(&s->gone, &s->lock);
	pthread_mutex_unlock(&s->lock);
	while (liteio_kube_store_next_change(s, &c)) {
		liteio_json_unref(c.old);
		liteio_json_unref(c.obj);
	}
	tdestroy(s->root, free_entry);
	pthread_cond_destroy(&s->gone);
	pthread_mutex_destroy(&s->lock);
	free(s->version);
	free(s);
}

/* ---- changes; the lock is held in all of this --------------------------------------------- */

static struct item *find(struct liteio_kube_store *s, const char *key)
{
	const struct item wanted = { .key = key };
	void *node = tfind(&wanted, &s->root, compare);

	return node ? *(struct item **)node : NULL;
}

/* takes over both references; @key NULL wakes everybody up */
static void note(struct liteio_kube_store *s, const char *key, struct liteio_json *old,
		 struct liteio_json *obj)
{
	struct change_node *n = liteio_calloc(1, sizeof(*n));

	n->change = (struct liteio_change){ old, obj };
	*s->changes_tail = n;
	s->changes_tail = &n->next;
	for (struct waiter *w = s->waiters; w; w = w->next) {
		if (key && strcmp(key, w->key))
			continue;
		w->changed = true;
		pthread_cond_signal(&w->wake);
	}
}

static void set_version(struct liteio_kube_store *s, const char *version)
{
	if (!version || !strcmp(version, s->version))
		return;
	free(s->version);
	s->version = liteio_strdup(version);
	s->number = number_of(version);
}

static void drop(struct liteio_kube_store *s, struct item *e)
{
	note(s, e->key, e->obj, NULL);
	e->obj = NULL;
	tdelete(e, &s->root, compare);
	free_entry(e);
	s->count--;
}

/* put @obj under its key; what has the same version is the same */
static struct item *put(struct liteio_kube_store *s, struct liteio_json *obj, bool ahead)
{
	const char *version = liteio_object_version(obj);
	char *key _cleanup_free_ = liteio_object_key(obj);
	struct item *e = find(s, key);

	if (!e) {
		e = liteio_calloc(1, sizeof(*e));
		e->key = take_ptr(key);
		if (!tsearch(e, &s->root, compare))
			abort();
		s->count++;
	} else if (version && !strcmp(version, liteio_object_version(e->obj) ?: "")) {
		e->ahead &= ahead;
		return e;
	}
	note(s, e->key, e->obj, liteio_json_ref(obj));
	e->obj = liteio_json_ref(obj);
	e->version = number_of(version);
	e->ahead = ahead;
	return e;
}

static void collect_unseen(const void *node, VISIT visit, void *arg)
{
	struct item *e = *(struct item *const *)node;
	struct item ***next = arg;

	if (visit != postorder && visit != leaf)
		return;
	if (!e->seen)
		*(*next)++ = e;
	e->seen = false;
}

/* ---- the truth ---------------------------------------------------------------------------- */

void liteio_kube_store_replace(struct liteio_kube_store *s, const struct liteio_json *items,
			       const char *version)
{
	struct item **unseen, **end;

	liteio_guard(&s->lock);
	for (size_t i = 0; i < liteio_json_len(items); i++)
		put(s, liteio_json_at(items, i), false)->seen = true;
	unseen = liteio_calloc(s->count, sizeof(*unseen));
	end = unseen;
	twalk_r(s->root, collect_unseen, &end);
	for (struct item **e = unseen; e < end; e++)
		drop(s, *e);
	free(unseen);
	set_version(s, version);
	if (!s->synced) {
		s->synced = true;
		note(s, NULL, NULL, NULL);
	}
}

void liteio_kube_store_update(struct liteio_kube_store *s, struct liteio_json *obj, bool deleted)
{
	const char *version = liteio_object_version(obj);
	char *key _cleanup_free_ = liteio_object_key(obj);
	struct item *e;

	liteio_guard(&s->lock);
	set_version(s, version);
	e = find(s, key);
	/* the truth is still on its way to what an own write has put here */
	if (e && e->ahead && number_of(version) < e->version)
		return;
	if (!deleted)
		put(s, obj, false);
	else if (e)
		drop(s, e);
}

void liteio_kube_store_advance(struct liteio_kube_store *s, const char *version)
{
	liteio_guard(&s->lock);
	set_version(s, version);
}

bool liteio_kube_store_offer(struct liteio_kube_store *s, struct liteio_json *obj)
{
	uint64_t version = number_of(liteio_object_version(obj));
	char *key _cleanup_free_ = liteio_object_key(obj);
	struct item *e;

	liteio_guard(&s->lock);
	if (!s->synced || !s->number || version <= s->number)
		return false;
	e = find(s, key);
	if (e && e->version >= version)
		return false;
	put(s, obj, true);
	return true;
}

/* ---- reading ------------------------------------------------------------------------------ */

char *liteio_kube_store_version(struct liteio_kube_store *s)
{
	liteio_guard(&s->lock);
	return liteio_strdup(s->version);
}

bool liteio_kube_store_synced(struct liteio_kube_store *s)
{
	liteio_guard(&s->lock);
	return s->synced;
}

/* the lock is held */
static struct liteio_json *get_ref(struct liteio_kube_store *s, const char *key)
{
	struct item *e = find(s, key);

	return e ? liteio_json_ref(e->obj) : NULL;
}

struct liteio_json *liteio_kube_store_get(struct liteio_kube_store *s, const char *key)
{
	liteio_guard(&s->lock);
	return get_ref(s, key);
}

static void add_to_list(const void *node, VISIT visit, void *arg)
{
	if (visit == postorder || visit == leaf)
		liteio_json_append(arg, liteio_json_ref((*(struct item *const *)node)->obj));
}

struct liteio_json *liteio_kube_store_list(struct liteio_kube_store *s)
{
	struct liteio_json *list = liteio_json_new_array();

	liteio_guard(&s->lock);
	twalk_r(s->root, add_to_list, list);
	return list;
}

size_t liteio_kube_store_count(struct liteio_kube_store *s)
{
	liteio_guard(&s->lock);
	return s->count;
}

bool liteio_kube_store_next_change(struct liteio_kube_store *s, struct liteio_change *ret)
{
	struct change_node *n;

	liteio_guard(&s->lock);
	n = s->changes;
	if (!n)
		return false;
	s->changes = n->next;
	if (!s->changes)
		s->changes_tail = &s->changes;
	*ret = n->change;
	free(n);
	return true;
}

/* ---- waiting ------------------------------------------------------------------------------ */

static void waiter_init(struct liteio_kube_store *s, struct waiter *w, const char *key)
{
	pthread_cond_init(&w->wake, NULL);
	w->key = key;
	w->changed = true;
	w->next = s->waiters;
	w->link = &s->waiters;
	if (w->next)
		w->next->link = &w->next;
	s->waiters = w;
}

static void waiter_fini(struct liteio_kube_store *s, struct waiter *w)
{
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	pthread_cond_destroy(&w->wake);
	if (!s->waiters)
		pthread_cond_signal(&s->gone);
}

/* the lock is held and given up meanwhile; 1 to go on waiting */
static int ask(struct liteio_kube_store *s, struct waiter *w, liteio_informer_pred pred, void *arg,
	       struct liteio_json **ret, struct liteio_error *err)
{
	struct liteio_json *obj = get_ref(s, w->key);
	int r;

	w->changed = false;
	pthread_mutex_unlock(&s->lock);
	r = pred(arg, obj, err);
	if (r > 0 && ret)
		*ret = obj;
	else
		liteio_json_unref(obj);
	pthread_mutex_lock(&s->lock);
	if (r > 0)
		return 0;
	return r ? r : 1;
}

int liteio_kube_store_wait(struct liteio_kube_store *s, const char *key, liteio_informer_pred pred,
			   void *arg, uint64_t deadline_ms, struct liteio_json **ret,
			   struct liteio_error *err)
{
	struct waiter w;
	bool over = false;
	int r = 1;

	liteio_guard(&s->lock);
	waiter_init(s, &w, key);
	while (r > 0) {
		if (s->closing)
			r = liteio_error_set(err, -ECANCELED, "the program is stopping");
		else if (s->synced && w.changed)
			r = ask(s, &w, pred, arg, ret, err);
		else if (over)
			r = liteio_error_set(err, -ETIMEDOUT, "the time was over before %s %s", key,
					     s->synced ? "was as it should be" : "could be read");
		else
			over = !liteio_wait_until(&w.wake, &s->lock, deadline_ms);
	}
	waiter_fini(s, &w);
	return r;
}
