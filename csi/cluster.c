// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Our objects in the cluster, for handlers.
 *
 * A store may be older than what the waiting thread has read or written itself. Therefore nothing
 * counts that is another object (by uid) or an older one (by metadata.generation), and an object
 * that the store does not have is looked up at the server before it counts as deleted.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"
#include "cluster.h"
#include "csi.h"
#include "grpc.h"
#include "kube/client.h"
#include "kube/informer.h"
#include "kube/object.h"

#define MANAGER "liteio-csi"

static int fail(struct liteio_error *err, int r, const struct liteio_resource *resource,
		const char *name)
{
	switch (r) {
	case -ENOENT:
		return liteio_error_set(err, r, "there is no %s %s", resource->kind, name);
	case -EBUSY:
	case -EIO:
	case -ESTALE:
	case -EOPNOTSUPP:
		/* the API server's trouble, not the volume's: the caller is to try again */
		r = -EHOSTDOWN;
		break;
	}
	return liteio_error_wrap(err, r, "%s %s", resource->kind, name);
}

static int send(const struct liteio_cluster_call *c, struct liteio_kube_request *req,
		const char *name, struct liteio_json **ret, struct liteio_error *err)
{
	uint64_t deadline = liteio_grpc_call_deadline(c->call), now;
	int r;

	r = liteio_grpc_call_check(c->call, err);
	if (r < 0)
		return r;
	now = liteio_now_ms();
	req->timeout_ms = LITEIO_KUBE_TIMEOUT_MS;
	if (deadline > now && deadline - now < req->timeout_ms)
		req->timeout_ms = deadline - now;
	req->field_manager = MANAGER;
	r = liteio_kube_call_sync(c->csi->kube, req, ret, err);
	return r < 0 ? fail(err, r, req->resource, name) : 0;
}

int liteio_cluster_get(const struct liteio_cluster_call *c, const struct liteio_resource *resource,
		       const char *name, struct liteio_json **ret, struct liteio_error *err)
{
	struct liteio_kube_request req = { .verb = LITEIO_KUBE_GET,
					   .resource = resource,
					   .name = name };

	/* nothing else can be a name, and some of it could not even be asked for */
	if (liteio_name_check("object", name, NULL) < 0)
		return fail(err, -ENOENT, resource, name);
	return send(c, &req, name, ret, err);
}

int liteio_cluster_create(const struct liteio_cluster_call *c,
			  const struct liteio_resource *resource, const struct liteio_json *obj,
			  struct liteio_json **ret, struct liteio_error *err)
{
	struct liteio_kube_request req = { .verb = LITEIO_KUBE_CREATE,
					   .resource = resource,
					   .body = obj };

	return send(c, &req, liteio_object_name(obj), ret, err);
}

int liteio_cluster_patch(const struct liteio_cluster_call *c,
			 const struct liteio_resource *resource, const char *name,
			 const struct liteio_json *patch, struct liteio_json **ret,
			 struct liteio_error *err)
{
	struct liteio_kube_request req = { .verb = LITEIO_KUBE_PATCH,
					   .resource = resource,
					   .name = name,
					   .body = patch };

	return send(c, &req, name, ret, err);
}

int liteio_cluster_delete(const struct liteio_cluster_call *c,
			  const struct liteio_resource *resource, const struct liteio_json *obj,
			  struct liteio_error *err)
{
	struct liteio_kube_request req = { .verb = LITEIO_KUBE_DELETE,
					   .resource = resource,
					   .name = liteio_object_name(obj),
					   .uid = liteio_object_uid(obj),
					   .resource_version = liteio_object_version(obj) };
	int r = send(c, &req, req.name, NULL, err);

	return r == -ENOENT ? 0 : r;
}

/**
 * struct wait - one wait, shared by both kinds
 * @c: in whose name
 * @resource: type
 * @obj: what it began with
 * @pred: the caller's question
 * @arg: for @pred
 * @gone: wait for its end, not for @pred
 * @why: what @pred said last
 */
struct wait {
	const struct liteio_cluster_call *c;
	const struct liteio_resource *resource;
	const struct liteio_json *obj;
	liteio_cluster_pred pred;
	void *arg;
	bool gone;
	char why[LITEIO_CLUSTER_WHY_MAX];
};

static bool is_same(const struct wait *w, const struct liteio_json *obj)
{
	const char *uid = liteio_object_uid(obj), *wanted = liteio_object_uid(w->obj);

	return uid && wanted && !strcmp(uid, wanted);
}

/* the store has no such object: has it not seen it yet, or is it gone? 1: gone */
static int is_gone(const struct wait *w, struct liteio_error *err)
{
	struct liteio_json *now = NULL;
	int r;

	r = liteio_cluster_get(w->c, w->resource, liteio_object_name(w->obj), &now, err);
	if (r == -ENOENT)
		return 1;
	if (r < 0)
		return r;
	r = is_same(w, now) ? 0 : 1;
	liteio_json_unref(now);
	return r;
}

static int check(void *arg, const struct liteio_json *obj, struct liteio_error *err)
{
	struct wait *w = arg;
	int r;

	r = liteio_grpc_call_check(w->c->call, err);
	if (r < 0)
		return r;
	if (!obj || !is_same(w, obj)) {
		r = is_gone(w, err);
		if (r <= 0 || w->gone)
			return r;
		return liteio_error_set(err, -ENOENT, "%s %s was deleted meanwhile",
					w->resource->kind, liteio_object_name(w->obj));
	}
	if (liteio_object_generation(obj) < liteio_object_generation(w->obj))
		return 0;
	r = w->pred ? w->pred(w->arg, obj, w->why, err) : 0;
	return w->gone && r > 0 ? 0 : r;
}

static int run(struct wait *w, struct liteio_informer *store, struct liteio_json **ret,
	       struct liteio_error *err)
{
	const char *name = liteio_object_name(w->obj);
	int r;

	r = liteio_informer_wait(store, name, check, w, liteio_grpc_call_deadline(w->c->call), ret,
				 err);
	if (r == -ETIMEDOUT && w->why[0])
		return liteio_error_set(err, r, "%s %s: %s", w->resource->kind, name, w->why);
	if (r == -ETIMEDOUT)
		return liteio_error_set(err, r, "%s %s: nothing was heard of it in time",
					w->resource->kind, name);
	return r;
}

int liteio_cluster_wait(const struct liteio_cluster_call *c, struct liteio_informer *store,
			const struct liteio_resource *resource, const struct liteio_json *obj,
			liteio_cluster_pred pred, void *arg, struct liteio_json **ret,
			struct liteio_error *err)
{
	struct wait w = {
		.c = c, .resource = resource, .obj = obj, .pred = pred, .arg = arg
	};

	return run(&w, store, ret, err);
}

int liteio_cluster_wait_gone(const struct liteio_cluster_call *c, struct liteio_informer *store,
			     const struct liteio_resource *resource, const struct liteio_json *obj,
			     liteio_cluster_pred pred, void *arg, struct liteio_error *err)
{
	struct wait w = {
		.c = c, .resource = resource, .obj = obj, .pred = pred, .arg = arg, .gone = true
	};

	return run(&w, store, NULL, err);
}
