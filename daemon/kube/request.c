// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a struct liteio_kube_request to method, URL and body.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/object.h"
#include "kube/request.h"

#define NEEDS_NAME 1u
#define NEEDS_BODY 2u
#define WRITES 4u

static const struct {
	const char *method;
	const char *content_type;
	unsigned int flags;
} verbs[] = {
	[LITEIO_KUBE_GET] = { "GET", NULL, NEEDS_NAME },
	[LITEIO_KUBE_LIST] = { "GET", NULL, 0 },
	[LITEIO_KUBE_CREATE] = { "POST", "application/json", NEEDS_BODY | WRITES },
	[LITEIO_KUBE_UPDATE] = { "PUT", "application/json", NEEDS_NAME | NEEDS_BODY | WRITES },
	[LITEIO_KUBE_DELETE] = { "DELETE", "application/json", NEEDS_NAME },
	[LITEIO_KUBE_PATCH] = { "PATCH", "application/merge-patch+json",
				NEEDS_NAME | NEEDS_BODY | WRITES },
	[LITEIO_KUBE_PATCH_JSON] = { "PATCH", "application/json-patch+json",
				     NEEDS_NAME | NEEDS_BODY | WRITES },
	[LITEIO_KUBE_APPLY] = { "PATCH", "application/apply-patch+yaml",
				NEEDS_NAME | NEEDS_BODY | WRITES },
};

void liteio_kube_query_add(struct liteio_buf *query, const char *key, const char *value)
{
	if (!value)
		return;
	liteio_buf_addf(query, "%s%s=", query->len ? "&" : "", key);
	for (; *value; value++) {
		if (liteio_url_plain(*value))
			liteio_buf_add(query, value, 1);
		else
			liteio_buf_addf(query, "%%%02X", (unsigned char)*value);
	}
}

static char *make_path(const struct liteio_kube_request *req, const char *field_manager)
{
	bool writes = verbs[req->verb].flags & WRITES;
	struct liteio_buf q = LITEIO_BUF_INIT;
	char *path, *whole;

	if (req->verb == LITEIO_KUBE_LIST) {
		liteio_kube_query_add(&q, "labelSelector", req->label_selector);
		liteio_kube_query_add(&q, "fieldSelector", req->field_selector);
	}
	if (writes) {
		liteio_kube_query_add(&q, "fieldManager", req->field_manager ?: field_manager);
		/* a field the server does not know is our mistake, not to be dropped silently */
		liteio_kube_query_add(&q, "fieldValidation", "Strict");
	}
	if (req->verb == LITEIO_KUBE_APPLY)
		liteio_kube_query_add(&q, "force", req->force ? "true" : "false");
	if (req->dry_run && req->verb != LITEIO_KUBE_GET && req->verb != LITEIO_KUBE_LIST)
		liteio_kube_query_add(&q, "dryRun", "All");
	path = liteio_resource_path(req->resource, req->ns,
				    verbs[req->verb].flags & NEEDS_NAME ? req->name : NULL,
				    req->subresource);
	whole = q.len ? liteio_strf("%s?%s", path, q.data) : liteio_strdup(path);
	free(path);
	liteio_buf_fini(&q);
	return whole;
}

/* the conditions under which an object may be deleted */
static char *delete_options(const struct liteio_kube_request *req)
{
	struct liteio_json *o = liteio_json_new_object(), *pre = liteio_json_new_object();
	char *text;

	liteio_json_set_string(o, "apiVersion", "v1");
	liteio_json_set_string(o, "kind", "DeleteOptions");
	if (req->uid)
		liteio_json_set_string(pre, "uid", req->uid);
	if (req->resource_version)
		liteio_json_set_string(pre, "resourceVersion", req->resource_version);
	liteio_json_set(o, "preconditions", pre);
	text = liteio_json_print(o);
	liteio_json_unref(o);
	return text;
}

static void add_operation(struct liteio_json *ops, const char *path, const char *value)
{
	struct liteio_json *op = liteio_json_new_object();

	/*
	 * A failed "test" would be 422, like any other mistake in the patch. Replacing what must
	 * not change by what it was is a conflict when it was something else.
	 */
	liteio_json_set_string(op, "op", "replace");
	liteio_json_set_string(op, "path", path);
	liteio_json_set_string(op, "value", value);
	liteio_json_append(ops, op);
}

static struct liteio_json *with_preconditions(const struct liteio_kube_request *req)
{
	struct liteio_json *copy = liteio_json_copy(req->body), *meta;

	if (liteio_json_is_array(copy)) {
		if (req->uid)
			add_operation(copy, "/metadata/uid", req->uid);
		if (req->resource_version)
			add_operation(copy, "/metadata/resourceVersion", req->resource_version);
		return copy;
	}
	meta = liteio_json_member(copy, "metadata");
	if (!meta) {
		meta = liteio_json_new_object();
		liteio_json_set(copy, "metadata", meta);
	}
	if (req->uid)
		liteio_json_set_string(meta, "uid", req->uid);
	if (req->resource_version)
		liteio_json_set_string(meta, "resourceVersion", req->resource_version);
	return copy;
}

static char *make_body(const struct liteio_kube_request *req)
{
	struct liteio_json *j;
	char *text;

	if (req->verb == LITEIO_KUBE_DELETE)
		return delete_options(req);
	if (!(verbs[req->verb].flags & NEEDS_BODY))
		return NULL;
	if (!req->uid && !req->resource_version)
		return liteio_json_print(req->body);
	j = with_preconditions(req);
	text = liteio_json_print(j);
	liteio_json_unref(j);
	return text;
}

static int check(const struct liteio_kube_request *req, struct liteio_error *err)
{
	unsigned int flags = verbs[req->verb].flags;
	bool array = req->verb == LITEIO_KUBE_PATCH_JSON;

	if (flags & NEEDS_NAME && (!req->name || !*req->name))
		return liteio_error_set(err, -EINVAL, "%s of a %s without a name",
					verbs[req->verb].method, req->resource->kind);
	if (flags & NEEDS_BODY && !(array ? liteio_json_is_array(req->body) :
					    liteio_json_is_object(req->body)))
		return liteio_error_set(err, -EINVAL, "%s of %s %s without a proper body",
					verbs[req->verb].method, req->resource->kind,
					req->name ?: "");
	if (req->resource->namespaced && (!req->ns || !*req->ns) && req->verb != LITEIO_KUBE_LIST)
		return liteio_error_set(err, -EINVAL, "%s of %s %s without a namespace",
					verbs[req->verb].method, req->resource->kind,
					req->name ?: "");
	return 0;
}

int liteio_kube_message_init(const struct liteio_kube_request *req, const char *field_manager,
			     struct liteio_kube_message *ret, struct liteio_error *err)
{
	int r = check(req, err);

	if (r)
		return r;
	ret->method = verbs[req->verb].method;
	ret->content_type = verbs[req->verb].content_type;
	ret->path = make_path(req, field_manager);
	ret->body = make_body(req);
	return 0;
}

void liteio_kube_message_fini(struct liteio_kube_message *m)
{
	free(m->path);
	free(m->body);
	*m = (struct liteio_kube_message){ 0 };
}
