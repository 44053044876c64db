// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Informers against a real API server: what they tell, how they wait, what they survive.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "live.h"

#define NS "kube-public"

/**
 * struct watched - an informer and what it has told
 * @inf: the informer
 * @k: its client
 * @ns: where it looks
 * @selector: its label selector
 * @lock: covers what follows
 * @told: signalled with every change
 * @log: "+a ~a -a " for added, changed and removed, "S " for synced
 */
struct watched {
	struct liteio_informer *inf;
	struct liteio_kube *k;
	const char *ns;
	const char *selector;
	pthread_mutex_t lock;
	pthread_cond_t told;
	struct liteio_buf log;
};

static struct liteio_error err;

static void on_change(void *arg, struct liteio_json *old, struct liteio_json *obj)
{
	const char *name = liteio_object_name(obj ?: old);
	struct watched *w = arg;

	pthread_mutex_lock(&w->lock);
	if (!old && !obj)
		liteio_buf_addstr(&w->log, "S ");
	/* what the system itself keeps in the namespace is of no interest */
	else if (strncmp(name, "kube-root", 9) && strncmp(name, "cluster-info", 12))
		liteio_buf_addf(&w->log, "%s%s ", !old ? "+" : obj ? "~" : "-", name);
	pthread_cond_signal(&w->told);
	pthread_mutex_unlock(&w->lock);
}

static void start_informer(void *arg)
{
	struct watched *w = arg;
	const struct liteio_informer_spec spec = { .resource = &liteio_resource_configmap,
						   .ns = w->ns,
						   .label_selector = w->selector };

	if (liteio_informer_new(w->k, &spec, on_change, w, &w->inf, &err))
		abort();
}

static void stop_informer(void *arg)
{
	struct watched *w = arg;

	liteio_informer_free(w->inf);
}

static void begin_in(struct watched *w, struct liteio_kube *k, const char *ns,
		     const char *selector)
{
	*w = (struct watched){ .k = k, .ns = ns, .selector = selector };
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->told, NULL);
	live_on_loop(start_informer, w);
}

static void begin(struct watched *w, struct liteio_kube *k, const char *selector)
{
	begin_in(w, k, NS, selector);
}

static void end(struct watched *w)
{
	live_on_loop(stop_informer, w);
	liteio_buf_fini(&w->log);
}

/* wait until this has been told */
static void wait_told(struct watched *w, const char *what)
{
	struct timespec until;
	bool found;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 180;
	pthread_mutex_lock(&w->lock);
	while (!(found = w->log.data && strstr(w->log.data, what)) &&
	       pthread_cond_timedwait(&w->told, &w->lock, &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&w->lock);
	CHECK(found, "\"%s\" was not told within three minutes: %s", what, w->log.data ?: "");
}

static struct liteio_json *make(struct liteio_kube *k, const char *name, const char *label)
{
	struct liteio_json *obj = liteio_object_new(&liteio_resource_configmap, NS, name), *ret;
	int r;

	if (label) {
		struct liteio_json *labels = liteio_json_new_object();

		liteio_json_set_string(labels, "l", label);
		liteio_json_set(liteio_json_member(obj, "metadata"), "labels", labels);
	}
	r = liteio_kube_create(k, &liteio_resource_configmap, obj, &ret, &err);
	liteio_json_unref(obj);
	CHECK(!r, "%s: %s", name, err.msg);
	return ret;
}

static struct liteio_json *set_label(struct liteio_kube *k, const char *name, const char *value)
{
	struct liteio_json *labels = liteio_json_new_object(), *meta = liteio_json_new_object();
	struct liteio_json *p = liteio_json_new_object(), *ret;
	int r;

	liteio_json_set_string(labels, "l", value);
	liteio_json_set(meta, "labels", labels);
	liteio_json_set(p, "metadata", meta);
	r = liteio_kube_patch(k, &liteio_resource_configmap, NS, name, NULL, NULL, p, &ret, &err);
	liteio_json_unref(p);
	CHECK(!r, "%s: %s", name, err.msg);
	return ret;
}

static void destroy(struct liteio_kube *k, const char *name)
{
	CHECK(!liteio_kube_delete(k, &liteio_resource_configmap, NS, name, NULL, &err), "%s",
	      err.msg);
}

/* is the store the same as what the server has? */
static void compare_with_server(struct watched *w, struct liteio_kube *k)
{
	struct liteio_json *have = liteio_informer_list(w->inf);
	struct liteio_json *truth = live_list(k, &liteio_resource_configmap, w->ns, w->selector);

	CHECK(liteio_json_len(have) == liteio_json_len(truth),
	      "%zu in the store, %zu on the server", liteio_json_len(have),
	      liteio_json_len(truth));
	for (size_t i = 0; i < liteio_json_len(truth); i++) {
		const struct liteio_json *a = liteio_json_at(have, i);
		const struct liteio_json *b = liteio_json_at(truth, i);
		bool same = !strcmp(liteio_object_name(a), liteio_object_name(b)) &&
			    !strcmp(liteio_object_version(a), liteio_object_version(b));

		CHECK(same, "%s at %s, but %s at %s", liteio_object_name(a),
		      liteio_object_version(a), liteio_object_name(b), liteio_object_version(b));
	}
	liteio_json_unref(have);
	liteio_json_unref(truth);
}

/* more than one page of them, where no other test looks */
#define MANY 600
#define MANY_NS "default"

static void make_page_object(size_t i)
{
	char *name = liteio_strf("page-%03zu", i);
	struct liteio_json *obj = liteio_object_new(&liteio_resource_configmap, MANY_NS, name);
	struct liteio_json *labels = liteio_json_new_object();
	int r;

	liteio_json_set_string(labels, "liteio.io/page", "yes");
	liteio_json_set(liteio_json_member(obj, "metadata"), "labels", labels);
	r = liteio_kube_create(live.a, &liteio_resource_configmap, obj, NULL, &err);
	liteio_json_unref(obj);
	CHECK(!r, "%s: %s", name, err.msg);
	free(name);
}

void live_paging(void)
{
	struct liteio_json *have;
	struct watched w;

	for (size_t i = 0; i < MANY; i++)
		make_page_object(i);
	begin_in(&w, live.a, MANY_NS, "liteio.io/page=yes");
	wait_told(&w, "S ");
	have = liteio_informer_list(w.inf);
	CHECK(liteio_json_len(have) == MANY, "%zu", liteio_json_len(have));
	liteio_json_unref(have);
	compare_with_server(&w, live.a);
	end(&w);
}

void live_informer(void)
{
	struct watched all, some;
	struct liteio_json *obj;

	liteio_json_unref(make(live.a, "before", "x"));
	begin(&all, live.a, NULL);
	begin(&some, live.a, "l=x");
	wait_told(&all, "S ");
	wait_told(&some, "S ");
	CHECK(liteio_informer_synced(all.inf), "not synced");
	CHECK(!liteio_informer_problem(all.inf, &err), "%s", err.msg);
	CHECK(strstr(all.log.data, "+before S "), "%s", all.log.data);
	liteio_json_unref(make(live.a, "in", "x"));
	liteio_json_unref(make(live.a, "out", "y"));
	wait_told(&all, "+in +out ");
	/* leaving a selection is a removal, entering one an addition */
	liteio_json_unref(set_label(live.a, "in", "y"));
	liteio_json_unref(set_label(live.a, "out", "x"));
	wait_told(&some, "+before S +in -in +out ");
	wait_told(&all, "~in ~out ");
	obj = liteio_informer_get(all.inf, NS "/in");
	CHECK(obj && !strcmp(liteio_object_label(obj, "l"), "y"), "old label in the store");
	CHECK(!liteio_json_get(obj, "metadata.managedFields"), "managedFields are kept");
	destroy(live.a, "in");
	wait_told(&all, "-in ");
	/* what was taken from the store stays as it was */
	CHECK(!strcmp(liteio_object_name(obj), "in"), "changed under our hands");
	liteio_json_unref(obj);
	CHECK(!liteio_informer_get(all.inf, NS "/in"), "still in the store");
	destroy(live.a, "out");
	destroy(live.a, "before");
	wait_told(&some, "-out -before ");
	wait_told(&all, "-out -before ");
	compare_with_server(&all, live.a);
	end(&some);
	end(&all);
}

/* ---- waiting ------------------------------------------------------------------------------ */

static int has_label(void *arg, const struct liteio_json *obj, struct liteio_error *e)
{
	const char *label = liteio_object_label(obj, "l");

	if (label && !strcmp(label, "broken"))
		return liteio_error_set(e, -EREMOTEIO, "it is broken");
	return label && !strcmp(label, arg);
}

static int is_gone(void *arg, const struct liteio_json *obj, struct liteio_error *e)
{
	return !obj;
}

static sem_t asked;

static int never_true(void *arg, const struct liteio_json *obj, struct liteio_error *e)
{
	sem_post(&asked);
	return 0;
}

struct wait {
	struct watched *w;
	liteio_informer_pred pred;
	char *label;
	int r;
	struct liteio_error err;
	pthread_t thread;
};

static void *wait_thread(void *arg)
{
	struct wait *t = arg;
	struct liteio_json *obj = NULL;

	t->r = liteio_informer_wait(t->w->inf, NS "/waited", t->pred, t->label,
				    live_deadline(240000), &obj, &t->err);
	if (!t->r && obj && t->label && strcmp(liteio_object_label(obj, "l"), t->label))
		t->r = -EBADMSG;
	liteio_json_unref(obj);
	return NULL;
}

static void start_wait(struct wait *t, struct watched *w, liteio_informer_pred pred, char *label)
{
	*t = (struct wait){ .w = w, .pred = pred, .label = label };
	pthread_create(&t->thread, NULL, wait_thread, t);
}

void live_informer_wait(void)
{
	struct wait two, gone, broken, never;
	struct watched w;
	uint64_t now;
	int r;

	begin(&w, live.a, NULL);
	/* begun before the first list is there, ended by changes */
	start_wait(&two, &w, has_label, "2");
	liteio_json_unref(make(live.a, "waited", "1"));
	liteio_json_unref(set_label(live.a, "waited", "2"));
	pthread_join(two.thread, NULL);
	CHECK(!two.r, "%d: %s", two.r, two.err.msg);
	start_wait(&gone, &w, is_gone, NULL);
	start_wait(&broken, &w, has_label, "3");
	liteio_json_unref(set_label(live.a, "waited", "broken"));
	pthread_join(broken.thread, NULL);
	CHECK(broken.r == -EREMOTEIO, "%d: %s", broken.r, broken.err.msg);
	destroy(live.a, "waited");
	pthread_join(gone.thread, NULL);
	CHECK(!gone.r, "%d: %s", gone.r, gone.err.msg);
	/* the time is over */
	now = liteio_now_ms();
	r = liteio_informer_wait(w.inf, NS "/waited", has_label, "1", now + 200, NULL, &err);
	CHECK(r == -ETIMEDOUT, "%d: %s", r, err.msg);
	CHECK(liteio_now_ms() - now >= 200 && liteio_now_ms() - now < 5000, "wrong time");
	/* a predicate that is true already needs no time, even if there is none left */
	r = liteio_informer_wait(w.inf, NS "/waited", is_gone, NULL, now, NULL, &err);
	CHECK(!r, "%d: %s", r, err.msg);
	/* the informer goes away under a waiting thread */
	sem_init(&asked, 0, 0);
	start_wait(&never, &w, never_true, NULL);
	sem_wait(&asked);
	end(&w);
	pthread_join(never.thread, NULL);
	CHECK(never.r == -ECANCELED, "%d: %s", never.r, never.err.msg);
}

void live_informer_offer(void)
{
	struct liteio_json *first, *second, *obj;
	struct watched w;

	begin(&w, live.a, NULL);
	wait_told(&w, "S ");
	for (int i = 0; i < 50; i++) {
		/* in the store at once, whether the watch has said it or not */
		first = make(live.a, "offered", "1");
		liteio_informer_offer(w.inf, first);
		obj = liteio_informer_get(w.inf, NS "/offered");
		CHECK(obj, "round %d: not in the store after it was made", i);
		liteio_json_unref(obj);
		second = set_label(live.a, "offered", "2");
		liteio_informer_offer(w.inf, second);
		/* an older answer does not go back */
		liteio_informer_offer(w.inf, first);
		obj = liteio_informer_get(w.inf, NS "/offered");
		CHECK(obj && !strcmp(liteio_object_label(obj, "l"), "2"), "round %d: old", i);
		liteio_json_unref(obj);
		destroy(live.a, "offered");
		CHECK(!liteio_informer_wait(w.inf, NS "/offered", is_gone, NULL,
					    live_deadline(20000), NULL, &err), "%s", err.msg);
		/* nor does it bring back what is gone */
		liteio_informer_offer(w.inf, second);
		obj = liteio_informer_get(w.inf, NS "/offered");
		CHECK(!obj, "round %d: a ghost", i);
		liteio_json_unref(first);
		liteio_json_unref(second);
	}
	compare_with_server(&w, live.a);
	end(&w);
}

/* ---- what it survives --------------------------------------------------------------------- */

static int lost(void *arg)
{
	struct watched *w = arg;

	return liteio_informer_problem(w->inf, NULL);
}

/* nobody announces a problem: ask until there is one */
static void wait_problem(struct watched *w)
{
	uint64_t until = live_deadline(30000);

	while (!lost(w))
		CHECK(liteio_now_ms() < until, "no problem was noticed");
}

void live_restart(void)
{
	struct liteio_json *obj;
	struct wait waiting;
	struct watched w;

	live_server("start", "b");
	liteio_json_unref(make(live.b, "kept", "1"));
	liteio_json_unref(make(live.b, "waited", "1"));
	begin(&w, live.a, NULL);
	wait_told(&w, "S ");
	start_wait(&waiting, &w, has_label, "2");
	live_server("kill", "a");
	wait_problem(&w);
	/* the world goes on */
	liteio_json_unref(make(live.b, "made-meanwhile", NULL));
	liteio_json_unref(set_label(live.b, "waited", "2"));
	destroy(live.b, "kept");
	/* the store answers as of before */
	obj = liteio_informer_get(w.inf, NS "/kept");
	CHECK(obj, "the store has forgotten");
	liteio_json_unref(obj);
	live_server("start", "a");
	wait_told(&w, "+made-meanwhile ");
	wait_told(&w, "-kept ");
	pthread_join(waiting.thread, NULL);
	CHECK(!waiting.r, "%d: %s", waiting.r, waiting.err.msg);
	compare_with_server(&w, live.b);
	destroy(live.b, "made-meanwhile");
	destroy(live.b, "waited");
	wait_told(&w, "-waited ");
	compare_with_server(&w, live.a);
	CHECK(!liteio_informer_problem(w.inf, &err), "%s", err.msg);
	end(&w);
	live_server("kill", "b");
}

void live_forgotten(void)
{
	struct watched w;
	char name[32];

	live_server("start", "b");
	liteio_json_unref(make(live.b, "gone-meanwhile", NULL));
	liteio_json_unref(make(live.b, "changed-meanwhile", "1"));
	begin(&w, live.a, NULL);
	wait_told(&w, "S ");
	live_server("kill", "a");
	wait_problem(&w);
	destroy(live.b, "gone-meanwhile");
	liteio_json_unref(set_label(live.b, "changed-meanwhile", "2"));
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "new-%02d", i);
		liteio_json_unref(make(live.b, name, NULL));
	}
	/* neither the store of all nor a new server remembers how it came to be */
	live_server("compact", NULL);
	live_server("start", "a");
	wait_told(&w, "-gone-meanwhile ");
	wait_told(&w, "~changed-meanwhile ");
	wait_told(&w, "+new-19 ");
	CHECK(liteio_informer_lists(w.inf) >= 2, "read anew %u times",
	      liteio_informer_lists(w.inf) - 1);
	compare_with_server(&w, live.b);
	/* and it goes on from there */
	destroy(live.b, "changed-meanwhile");
	wait_told(&w, "-changed-meanwhile ");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "new-%02d", i);
		destroy(live.b, name);
	}
	wait_told(&w, "-new-19 ");
	compare_with_server(&w, live.a);
	end(&w);
	live_server("kill", "b");
}
