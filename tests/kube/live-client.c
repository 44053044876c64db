// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verbs against a real API server: answers, preconditions, ownership of fields.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/object.h"
#include "live.h"

#define NS "default"

static struct liteio_error err;

static struct liteio_json *parse(const char *text)
{
	struct liteio_json *j = NULL;

	CHECK(!liteio_json_parse(text, strlen(text), &j, &err), "%s", err.msg);
	return j;
}

/* a ConfigMap with one key */
static struct liteio_json *configmap(const char *name, const char *key, const char *value)
{
	struct liteio_json *obj = liteio_object_new(&liteio_resource_configmap, NS, name);
	struct liteio_json *data = liteio_json_new_object();

	liteio_json_set_string(data, key, value);
	liteio_json_set(obj, "data", data);
	return obj;
}

static int make(const char *name, const char *value, struct liteio_json **ret)
{
	struct liteio_json *obj = configmap(name, "v", value);
	int r = liteio_kube_create(live.a, &liteio_resource_configmap, obj, ret, &err);

	liteio_json_unref(obj);
	return r;
}

static int get(const char *name, struct liteio_json **ret)
{
	return liteio_kube_get(live.a, &liteio_resource_configmap, NS, name, ret, &err);
}

static int destroy(const char *name)
{
	return liteio_kube_delete(live.a, &liteio_resource_configmap, NS, name, NULL, &err);
}

static int patch(const char *name, const char *version, const char *text, struct liteio_json **ret)
{
	struct liteio_json *p = parse(text);
	int r = liteio_kube_patch(live.a, &liteio_resource_configmap, NS, name, NULL, version, p,
				  ret, &err);

	liteio_json_unref(p);
	return r;
}

static char *value_of(const char *name, const char *key)
{
	struct liteio_json *obj;
	char *value;

	CHECK(!get(name, &obj), "%s", err.msg);
	value = liteio_strdup(liteio_json_string(
		liteio_json_member(liteio_json_get(obj, "data"), key)));
	liteio_json_unref(obj);
	return value;
}

static void check_value(const char *name, const char *key, const char *wanted)
{
	char *v = value_of(name, key);

	CHECK(v && !strcmp(v, wanted), "%s is \"%s\", not \"%s\"", key, v ?: "", wanted);
	free(v);
}

void live_crud(void)
{
	struct liteio_json *obj, *list;
	char *uid;
	int r;

	CHECK(!make("crud", "1", &obj), "%s", err.msg);
	CHECK(liteio_object_uid(obj) && liteio_object_version(obj), "no uid or version");
	uid = liteio_strdup(liteio_object_uid(obj));
	liteio_json_unref(obj);
	check_value("crud", "v", "1");

	r = make("crud", "2", NULL);
	CHECK(r == -EEXIST, "%d: %s", r, err.msg);
	CHECK(strstr(err.msg, "already exists"), "%s", err.msg);

	CHECK(!patch("crud", NULL, "{\"data\":{\"w\":\"x\"}}", NULL), "%s", err.msg);
	check_value("crud", "v", "1");
	check_value("crud", "w", "x");

	list = live_list(live.a, &liteio_resource_configmap, NS, NULL);
	CHECK(liteio_json_len(list) >= 1, "empty list");
	liteio_json_unref(list);

	r = liteio_kube_delete(live.a, &liteio_resource_configmap, NS, "crud",
			       "00000000-0000-0000-0000-000000000000", &err);
	CHECK(r == -EAGAIN, "%d: %s", r, err.msg);
	r = liteio_kube_delete(live.a, &liteio_resource_configmap, NS, "crud", uid, &err);
	CHECK(!r, "%s", err.msg);
	free(uid);
	r = get("crud", &obj);
	CHECK(r == -ENOENT, "%d: %s", r, err.msg);
	CHECK(!strcmp(err.msg, "configmaps \"crud\" not found"), "%s", err.msg);
	r = destroy("crud");
	CHECK(r == -ENOENT, "%d: %s", r, err.msg);
}

void live_errors(void)
{
	static const struct liteio_resource unknown = { "liteio.io", "v1", "nothings", "Nothing",
							false };
	struct liteio_kube *nobody = live_client(NULL, "nobody");
	struct liteio_json *obj;
	int r;

	r = liteio_kube_get(live.a, &unknown, NULL, "x", &obj, &err);
	CHECK(r == -EOPNOTSUPP, "%d: %s", r, err.msg);
	r = liteio_kube_get(nobody, &liteio_resource_configmap, NS, "x", &obj, &err);
	CHECK(r == -EACCES, "%d: %s", r, err.msg);
	CHECK(strstr(err.msg, "cannot get resource"), "%s", err.msg);
	r = make("Not_A_Name", "1", NULL);
	CHECK(r == -EINVAL, "%d: %s", r, err.msg);
	r = get("", &obj);
	CHECK(r == -EINVAL, "%d: %s", r, err.msg);
	/* a field that the server does not know is refused, not dropped */
	CHECK(!make("strict", "1", NULL), "%s", err.msg);
	r = patch("strict", NULL, "{\"dta\":{\"w\":\"x\"}}", NULL);
	CHECK(r == -EINVAL && strstr(err.msg, "unknown field"), "%d: %s", r, err.msg);
	CHECK(!destroy("strict"), "%s", err.msg);
	/* nobody listens there: the second server has not been started */
	r = liteio_kube_get(live.b, &liteio_resource_configmap, NS, "x", &obj, &err);
	CHECK(r == -ECONNREFUSED && liteio_kube_retryable(r), "%d: %s", r, err.msg);
	liteio_kube_free(nobody);
}

/* ---- compare-and-swap --------------------------------------------------------------------- */

static int write_at(enum liteio_kube_verb verb, const char *body, const char *version,
		    const char *uid)
{
	struct liteio_json *j = body ? parse(body) : NULL;
	const struct liteio_kube_request req = {
		.verb = verb,
		.resource = &liteio_resource_configmap,
		.ns = NS,
		.name = "cas",
		.body = j,
		.resource_version = version,
		.uid = uid,
		.field_manager = "live",
		.force = true,
	};
	int r = liteio_kube_call_sync(live.a, &req, NULL, &err);

	liteio_json_unref(j);
	return r;
}

static const struct {
	enum liteio_kube_verb verb;
	const char *body;
} writes[] = {
	{ LITEIO_KUBE_UPDATE, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":"
			      "{\"name\":\"cas\"},\"data\":{\"v\":\"update\"}}" },
	{ LITEIO_KUBE_PATCH, "{\"data\":{\"v\":\"merge\"}}" },
	{ LITEIO_KUBE_PATCH_JSON, "[{\"op\":\"replace\",\"path\":\"/data/v\",\"value\":\"j\"}]" },
	{ LITEIO_KUBE_APPLY, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":"
			     "{\"name\":\"cas\"},\"data\":{\"v\":\"apply\"}}" },
	{ LITEIO_KUBE_DELETE, NULL },
};

void live_cas(void)
{
	static const char other[] = "00000000-0000-0000-0000-000000000000";
	struct liteio_json *obj;
	char *old;
	int r;

	CHECK(!make("cas", "0", &obj), "%s", err.msg);
	old = liteio_strdup(liteio_object_version(obj));
	liteio_json_unref(obj);
	CHECK(!patch("cas", old, "{\"data\":{\"v\":\"1\"}}", NULL), "%s", err.msg);
	/* every kind of write refuses the version that is no more, and another object's uid */
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		r = write_at(writes[i].verb, writes[i].body, old, NULL);
		CHECK(r == -EAGAIN, "write %zu: %d: %s", i, r, err.msg);
		r = write_at(writes[i].verb, writes[i].body, NULL, other);
		CHECK(r == -EAGAIN, "write %zu with uid: %d: %s", i, r, err.msg);
		check_value("cas", "v", "1");
	}
	free(old);
	/* and does its work at the version that is */
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		CHECK(!get("cas", &obj), "%s", err.msg);
		r = write_at(writes[i].verb, writes[i].body, liteio_object_version(obj),
			     liteio_object_uid(obj));
		CHECK(!r, "write %zu: %d: %s", i, r, err.msg);
		liteio_json_unref(obj);
	}
	CHECK(get("cas", &obj) == -ENOENT, "still there");
}

#define THREADS 4
#define ROUNDS 25

/* add one, by compare-and-swap, as often as it takes */
static void *count_up(void *arg)
{
	unsigned long *conflicts = arg;

	for (int done = 0; done < ROUNDS;) {
		struct liteio_error local;
		struct liteio_json *obj, *p, *data;
		char *text;
		int r;

		r = liteio_kube_get(live.a, &liteio_resource_configmap, NS, "counter", &obj,
				    &local);
		if (r)
			return NULL;
		text = liteio_strf("%d", 1 + atoi(liteio_json_get_string(obj, "data.v")));
		data = liteio_json_new_object();
		liteio_json_set_string(data, "v", text);
		p = liteio_json_new_object();
		liteio_json_set(p, "data", data);
		r = liteio_kube_patch(live.a, &liteio_resource_configmap, NS, "counter", NULL,
				      liteio_object_version(obj), p, NULL, &local);
		liteio_json_unref(p);
		liteio_json_unref(obj);
		free(text);
		if (!r)
			done++;
		else if (r == -EAGAIN)
			++*conflicts;
		else
			return NULL;
	}
	return NULL;
}

void live_cas_threads(void)
{
	unsigned long conflicts[THREADS] = { 0 }, sum = 0;
	pthread_t t[THREADS];

	CHECK(!make("counter", "0", NULL), "%s", err.msg);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, count_up, &conflicts[i]);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], NULL);
		sum += conflicts[i];
	}
	check_value("counter", "v", "100");
	/* without conflicts nothing was shown */
	CHECK(sum > 0, "no conflict at all");
	CHECK(!destroy("counter"), "%s", err.msg);
}

/* ---- server-side apply and status --------------------------------------------------------- */

static int apply(const char *manager, const char *key, const char *value, bool force)
{
	struct liteio_json *obj = configmap("applied", key, value);
	const struct liteio_kube_request req = {
		.verb = LITEIO_KUBE_APPLY,
		.resource = &liteio_resource_configmap,
		.ns = NS,
		.name = "applied",
		.body = obj,
		.field_manager = manager,
		.force = force,
	};
	int r = liteio_kube_call_sync(live.a, &req, NULL, &err);

	liteio_json_unref(obj);
	return r;
}

void live_apply(void)
{
	char *v;
	int r;

	CHECK(!apply("one", "v", "1", false), "%s", err.msg);
	CHECK(!apply("two", "w", "1", false), "%s", err.msg);
	r = apply("two", "v", "2", false);
	CHECK(r == -EPERM, "%d: %s", r, err.msg);
	CHECK(strstr(err.msg, "\"one\"") && strstr(err.msg, ".data.v"), "%s", err.msg);
	check_value("applied", "v", "1");
	/* with force it is two's now; and its other field, no longer applied, is gone */
	CHECK(!apply("two", "v", "2", true), "%s", err.msg);
	check_value("applied", "v", "2");
	v = value_of("applied", "w");
	CHECK(!v, "w is still there");
	CHECK(apply("one", "v", "1", false) == -EPERM, "%s", err.msg);
	CHECK(!destroy("applied"), "%s", err.msg);
}

void live_status(void)
{
	struct liteio_json *obj = parse("{\"apiVersion\":\"liteio.io/v1\",\"kind\":\"Volume\","
					"\"metadata\":{\"name\":\"live\"},"
					"\"spec\":{\"sizeBytes\":1073741824}}");
	struct liteio_json *p, *got;
	int64_t generation;
	int r;

	CHECK(!liteio_kube_create(live.a, &liteio_resource_volume, obj, &got, &err), "%s", err.msg);
	liteio_json_unref(obj);
	generation = liteio_object_generation(got);
	CHECK(generation == 1, "generation %lld", (long long)generation);
	/* conditions are a list by type: the status belongs to whoever applies it */
	p = parse("{\"status\":{\"conditions\":[]}}");
	r = liteio_kube_patch(live.a, &liteio_resource_volume, NULL, "live", "status",
			      liteio_object_version(got), p, &obj, &err);
	CHECK(!r, "%s", err.msg);
	CHECK(liteio_object_generation(obj) == generation, "a status changes the generation");
	liteio_json_unref(obj);
	r = liteio_kube_patch(live.a, &liteio_resource_volume, NULL, "live", "status",
			      liteio_object_version(got), p, &obj, &err);
	CHECK(r == -EAGAIN || r == 0, "%d: %s", r, err.msg);
	if (!r)
		liteio_json_unref(obj);
	liteio_json_unref(p);
	/* what is written to the status alone does not reach the spec */
	p = parse("{\"spec\":{\"sizeBytes\":2147483648}}");
	r = liteio_kube_patch(live.a, &liteio_resource_volume, NULL, "live", "status", NULL, p,
			      &obj, &err);
	CHECK(!r, "%s", err.msg);
	CHECK(liteio_json_get_int(obj, "spec.sizeBytes", 0) == 1073741824, "the spec has changed");
	liteio_json_unref(obj);
	liteio_json_unref(p);
	liteio_json_unref(got);
	CHECK(!liteio_kube_delete(live.a, &liteio_resource_volume, NULL, "live", NULL, &err), "%s",
	      err.msg);
}

/* ---- asynchronous calls ------------------------------------------------------------------- */

struct async {
	pthread_mutex_t lock;
	pthread_cond_t done;
	struct liteio_json *obj;
	unsigned int ended;
	int r[3];
};

static struct async async = { .lock = PTHREAD_MUTEX_INITIALIZER,
			      .done = PTHREAD_COND_INITIALIZER };

static void on_done(void *arg, int r, struct liteio_json *obj, const struct liteio_error *e)
{
	pthread_mutex_lock(&async.lock);
	*(int *)arg = r;
	async.ended++;
	pthread_cond_signal(&async.done);
	pthread_mutex_unlock(&async.lock);
}

static void start_async(void *arg)
{
	struct liteio_kube_request req = { .verb = LITEIO_KUBE_CREATE,
					   .resource = &liteio_resource_configmap,
					   .ns = NS,
					   .name = "async",
					   .body = async.obj };

	liteio_kube_call_start(live.a, &req, on_done, &async.r[0]);
	/* wrong from the start: told in the same way */
	req.body = NULL;
	liteio_kube_call_start(live.a, &req, on_done, &async.r[1]);
	req.verb = LITEIO_KUBE_GET;
	req.name = "no-such-thing";
	liteio_kube_call_start(live.a, &req, on_done, &async.r[2]);
	liteio_kube_call_cancel(liteio_kube_call_start(live.a, &req, on_done, NULL));
}

void live_async(void)
{
	async.obj = configmap("async", "v", "1");
	live_on_loop(start_async, NULL);
	pthread_mutex_lock(&async.lock);
	while (async.ended < 3)
		pthread_cond_wait(&async.done, &async.lock);
	pthread_mutex_unlock(&async.lock);
	liteio_json_unref(async.obj);
	CHECK(!async.r[0], "%d", async.r[0]);
	CHECK(async.r[1] == -EINVAL, "%d", async.r[1]);
	CHECK(async.r[2] == -ENOENT, "%d", async.r[2]);
	CHECK(!destroy("async"), "%s", err.msg);
}

/* ---- credentials -------------------------------------------------------------------------- */

static int use_token(struct liteio_kube *k, const char *token)
{
	char *path = liteio_strf("%s/token", live.dir);
	struct liteio_json *ns = NULL;
	int r;

	CHECK(!liteio_fs_write_atomic(path, token, strlen(token), 0600, &err), "%s", err.msg);
	free(path);
	r = liteio_kube_get(k, &liteio_resource_namespace, NULL, NS, &ns, &err);
	if (!r)
		liteio_json_unref(ns);
	return r;
}

void live_token(void)
{
	struct liteio_kube *k = live_client(NULL, "admin-file");

	CHECK(!use_token(k, "admin-token\n"), "%s", err.msg);
	CHECK(use_token(k, "nobody-token") == -EACCES, "%s", err.msg);
	CHECK(use_token(k, "no-token") == -EACCES, "%s", err.msg);
	CHECK(!use_token(k, "admin-token"), "%s", err.msg);
	liteio_kube_free(k);
}
