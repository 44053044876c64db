// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kubernetes objects: resource types and paths, metadata, finalizers, owners, conditions.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "kube/object.h"

/* ---- resource types ----------------------------------------------------------------------- */

#define RESOURCE(noun, ...) const struct liteio_resource liteio_resource_##noun = { __VA_ARGS__ }

RESOURCE(storagenode, "liteio.io", "v1", "storagenodes", "StorageNode", false);
RESOURCE(storagepool, "liteio.io", "v1", "storagepools", "StoragePool", false);
RESOURCE(volume, "liteio.io", "v1", "volumes", "Volume", false);
RESOURCE(snapshot, "liteio.io", "v1", "snapshots", "Snapshot", false);
RESOURCE(node, "", "v1", "nodes", "Node", false);
RESOURCE(pod, "", "v1", "pods", "Pod", true);
RESOURCE(namespace, "", "v1", "namespaces", "Namespace", false);
RESOURCE(configmap, "", "v1", "configmaps", "ConfigMap", true);
RESOURCE(secret, "", "v1", "secrets", "Secret", true);
RESOURCE(persistentvolume, "", "v1", "persistentvolumes", "PersistentVolume", false);
RESOURCE(persistentvolumeclaim, "", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true);
RESOURCE(storageclass, "storage.k8s.io", "v1", "storageclasses", "StorageClass", false);
RESOURCE(volumeattachment, "storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", false);
RESOURCE(csinode, "storage.k8s.io", "v1", "csinodes", "CSINode", false);
RESOURCE(lease, "coordination.k8s.io", "v1", "leases", "Lease", true);
RESOURCE(event, "events.k8s.io", "v1", "events", "Event", true);
RESOURCE(crd, "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
	 false);

char *liteio_resource_api_version(const struct liteio_resource *res)
{
	if (!res->group[0])
		return liteio_strdup(res->version);
	return liteio_strf("%s/%s", res->group, res->version);
}

/* one segment of a path: everything but what is certainly harmless is percent-encoded */
static void add_segment(struct liteio_buf *b, const char *s)
{
	/* "." and ".." would be taken for steps */
	bool dots = !s[strspn(s, ".")];

	liteio_buf_add(b, "/", 1);
	for (; *s; s++) {
		if (liteio_url_plain(*s) && !dots)
			liteio_buf_add(b, s, 1);
		else
			liteio_buf_addf(b, "%%%02X", (unsigned char)*s);
	}
}

char *liteio_resource_path(const struct liteio_resource *res, const char *ns, const char *name,
			   const char *subresource)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	liteio_buf_addstr(&b, res->group[0] ? "/apis" : "/api");
	if (res->group[0])
		add_segment(&b, res->group);
	add_segment(&b, res->version);
	if (res->namespaced && ns) {
		liteio_buf_addstr(&b, "/namespaces");
		add_segment(&b, ns);
	}
	add_segment(&b, res->plural);
	if (name) {
		add_segment(&b, name);
		if (subresource)
			add_segment(&b, subresource);
	}
	return liteio_buf_take(&b);
}

/* ---- metadata ----------------------------------------------------------------------------- */

struct liteio_json *liteio_object_new(const struct liteio_resource *res, const char *ns,
				      const char *name)
{
	struct liteio_json *obj = liteio_json_new_object();
	struct liteio_json *meta = liteio_json_new_object();
	char *api_version = liteio_resource_api_version(res);

	liteio_json_set_string(obj, "apiVersion", api_version);
	liteio_json_set_string(obj, "kind", res->kind);
	liteio_json_set_string(meta, "name", name);
	if (ns && res->namespaced)
		liteio_json_set_string(meta, "namespace", ns);
	liteio_json_set(obj, "metadata", meta);
	free(api_version);
	return obj;
}

const char *liteio_object_name(const struct liteio_json *obj)
{
	return liteio_json_get_string(obj, "metadata.name");
}

const char *liteio_object_namespace(const struct liteio_json *obj)
{
	return liteio_json_get_string(obj, "metadata.namespace");
}

const char *liteio_object_uid(const struct liteio_json *obj)
{
	return liteio_json_get_string(obj, "metadata.uid");
}

const char *liteio_object_version(const struct liteio_json *obj)
{
	return liteio_json_get_string(obj, "metadata.resourceVersion");
}

int64_t liteio_object_generation(const struct liteio_json *obj)
{
	return liteio_json_get_int(obj, "metadata.generation", 0);
}

bool liteio_object_deleting(const struct liteio_json *obj)
{
	return !!liteio_json_get_string(obj, "metadata.deletionTimestamp");
}

const char *liteio_object_label(const struct liteio_json *obj, const char *key)
{
	return liteio_json_string(liteio_json_member(liteio_json_get(obj, "metadata.labels"), key));
}

const char *liteio_object_annotation(const struct liteio_json *obj, const char *key)
{
	const struct liteio_json *all = liteio_json_get(obj, "metadata.annotations");

	return liteio_json_string(liteio_json_member(all, key));
}

char *liteio_object_key(const struct liteio_json *obj)
{
	const char *ns = liteio_object_namespace(obj);
	const char *name = liteio_object_name(obj);

	if (!name)
		name = "";
	return ns ? liteio_strf("%s/%s", ns, name) : liteio_strdup(name);
}

/* ---- finalizers and owners ---------------------------------------------------------------- */

bool liteio_object_has_finalizer(const struct liteio_json *obj, const char *finalizer)
{
	const struct liteio_json *list = liteio_json_get(obj, "metadata.finalizers");

	for (size_t i = 0; i < liteio_json_len(list); i++) {
		const char *s = liteio_json_string(liteio_json_at(list, i));

		if (s && !strcmp(s, finalizer))
			return true;
	}
	return false;
}

struct liteio_json *liteio_object_finalizer_patch(const struct liteio_json *obj,
						  const char *finalizer, bool present)
{
	const struct liteio_json *old = liteio_json_get(obj, "metadata.finalizers");
	struct liteio_json *list, *meta, *patch;

	if (liteio_object_has_finalizer(obj, finalizer) == present)
		return NULL;
	list = liteio_json_new_array();
	for (size_t i = 0; i < liteio_json_len(old); i++) {
		const char *s = liteio_json_string(liteio_json_at(old, i));

		if (s && strcmp(s, finalizer))
			liteio_json_append(list, liteio_json_new_string(s));
	}
	if (present)
		liteio_json_append(list, liteio_json_new_string(finalizer));
	meta = liteio_json_new_object();
	liteio_json_set_string(meta, "resourceVersion", liteio_object_version(obj));
	liteio_json_set_string(meta, "uid", liteio_object_uid(obj));
	liteio_json_set(meta, "finalizers", list);
	patch = liteio_json_new_object();
	liteio_json_set(patch, "metadata", meta);
	return patch;
}

void liteio_object_add_owner(struct liteio_json *obj, const struct liteio_json *owner,
			     bool controller)
{
	struct liteio_json *meta = liteio_json_member(obj, "metadata");
	struct liteio_json *ref = liteio_json_new_object();
	struct liteio_json *list;

	liteio_json_set_string(ref, "apiVersion", liteio_json_get_string(owner, "apiVersion"));
	liteio_json_set_string(ref, "kind", liteio_json_get_string(owner, "kind"));
	liteio_json_set_string(ref, "name", liteio_object_name(owner));
	liteio_json_set_string(ref, "uid", liteio_object_uid(owner));
	if (controller) {
		liteio_json_set_bool(ref, "controller", true);
		liteio_json_set_bool(ref, "blockOwnerDeletion", true);
	}
	list = liteio_json_member(meta, "ownerReferences");
	if (!list) {
		list = liteio_json_new_array();
		liteio_json_set(meta, "ownerReferences", list);
	}
	liteio_json_append(list, ref);
}

/* ---- conditions --------------------------------------------------------------------------- */

static struct liteio_json *find_condition(const struct liteio_json *list, const char *type)
{
	for (size_t i = 0; i < liteio_json_len(list); i++) {
		struct liteio_json *c = liteio_json_at(list, i);
		const char *t = liteio_json_get_string(c, "type");

		if (t && !strcmp(t, type))
			return c;
	}
	return NULL;
}

/* returns whether the member was another one before */
static bool replace(struct liteio_json *c, const char *key, struct liteio_json *v)
{
	bool same = liteio_json_equal(liteio_json_member(c, key), v);

	if (same)
		liteio_json_unref(v);
	else
		liteio_json_set(c, key, v);
	return !same;
}

bool liteio_object_condition_set(struct liteio_json *conditions,
				 const struct liteio_object_condition *cond, time_t now)
{
	struct liteio_json *c = find_condition(conditions, cond->type);
	char text[LITEIO_TIME_STRLEN + 1];
	bool changed = false;

	if (!c) {
		c = liteio_json_new_object();
		liteio_json_set_string(c, "type", cond->type);
		liteio_json_append(conditions, c);
		changed = true;
	}
	if (replace(c, "status", liteio_json_new_string(cond->status))) {
		liteio_time_format(now, text);
		liteio_json_set_string(c, "lastTransitionTime", text);
		changed = true;
	}
	changed |= replace(c, "reason", liteio_json_new_string(cond->reason));
	changed |= replace(c, "message", liteio_json_new_string(cond->message ?: ""));
	if (cond->observed_generation)
		changed |= replace(c, "observedGeneration",
				   liteio_json_new_int(cond->observed_generation));
	return changed;
}

struct liteio_json *liteio_object_condition_get(const struct liteio_json *obj, const char *type)
{
	return find_condition(liteio_json_get(obj, "status.conditions"), type);
}

bool liteio_object_condition_is_true(const struct liteio_json *obj, const char *type)
{
	const struct liteio_json *c = liteio_object_condition_get(obj, type);
	const char *s = liteio_json_get_string(c, "status");

	return s && !strcmp(s, "True");
}
