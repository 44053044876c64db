/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kubernetes objects: resource types and their paths, metadata, conditions, times. Pure.
 *
 * An object is a struct liteio_json. What comes out of a store or an answer is shared and must not
 * be changed: copy it first, or better, send a patch.
 */
#ifndef LITEIO_KUBE_OBJECT_H
#define LITEIO_KUBE_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct liteio_error;
struct liteio_json;

/**
 * struct liteio_resource - a type of objects as the API server knows it
 * @group: API group, "" for the core group
 * @version: "v1"
 * @plural: lower case, as in paths
 * @kind: as in objects
 * @namespaced: objects live in a namespace
 */
struct liteio_resource {
	const char *group;
	const char *version;
	const char *plural;
	const char *kind;
	bool namespaced;
};

/* the types that our programs speak about */
extern const struct liteio_resource liteio_resource_storagenode;
extern const struct liteio_resource liteio_resource_storagepool;
extern const struct liteio_resource liteio_resource_volume;
extern const struct liteio_resource liteio_resource_snapshot;
extern const struct liteio_resource liteio_resource_node;
extern const struct liteio_resource liteio_resource_pod;
extern const struct liteio_resource liteio_resource_namespace;
extern const struct liteio_resource liteio_resource_configmap;
extern const struct liteio_resource liteio_resource_secret;
extern const struct liteio_resource liteio_resource_persistentvolume;
extern const struct liteio_resource liteio_resource_persistentvolumeclaim;
extern const struct liteio_resource liteio_resource_storageclass;
extern const struct liteio_resource liteio_resource_volumeattachment;
extern const struct liteio_resource liteio_resource_csinode;
extern const struct liteio_resource liteio_resource_lease;
extern const struct liteio_resource liteio_resource_event;
extern const struct liteio_resource liteio_resource_crd;

/* "liteio.io/v1", or "v1" for the core group; owned by the caller */
char *liteio_resource_api_version(const struct liteio_resource *res);

/**
 * liteio_resource_path() - the path part of a URL
 * @res: the type
 * @ns: namespace, NULL for none (a list over all namespaces)
 * @name: object, NULL for the collection
 * @subresource: "status", NULL for none
 *
 * Names are percent-encoded. Context: any thread. Return: the path, owned by the caller.
 */
char *liteio_resource_path(const struct liteio_resource *res, const char *ns, const char *name,
			   const char *subresource);

/* a new object with apiVersion, kind, metadata.name and (unless NULL) metadata.namespace; owned */
struct liteio_json *liteio_object_new(const struct liteio_resource *res, const char *ns,
				      const char *name);

/* metadata; borrowed from the object, NULL when absent */
const char *liteio_object_name(const struct liteio_json *obj);
const char *liteio_object_namespace(const struct liteio_json *obj);
const char *liteio_object_uid(const struct liteio_json *obj);
const char *liteio_object_version(const struct liteio_json *obj); /* resourceVersion */
int64_t liteio_object_generation(const struct liteio_json *obj); /* 0 when absent */
bool liteio_object_deleting(const struct liteio_json *obj); /* has a deletionTimestamp */
const char *liteio_object_label(const struct liteio_json *obj, const char *key);
const char *liteio_object_annotation(const struct liteio_json *obj, const char *key);
/* the key of stores and queues, "name" or "namespace/name"; owned by the caller */
char *liteio_object_key(const struct liteio_json *obj);

bool liteio_object_has_finalizer(const struct liteio_json *obj, const char *finalizer);

/**
 * liteio_object_finalizer_patch() - a merge patch that adds or removes one finalizer
 * @obj: the object as it was read
 * @finalizer: which
 * @present: whether it is to be there
 *
 * The patch carries the object's resourceVersion: the list is replaced as a whole, so that it must
 * be a compare-and-swap. A 409 (-EAGAIN) means: read again, make a new patch.
 *
 * Return: the patch, owned by the caller; NULL when nothing has to change.
 */
struct liteio_json *liteio_object_finalizer_patch(const struct liteio_json *obj,
						  const char *finalizer, bool present);

/**
 * liteio_object_add_owner() - put an owner reference into an object that is being made
 * @obj: changed
 * @owner: with apiVersion, kind, name and uid
 * @controller: this owner is the managing controller, and blocks its deletion
 */
void liteio_object_add_owner(struct liteio_json *obj, const struct liteio_json *owner,
			     bool controller);

/**
 * struct liteio_object_condition - one entry of status.conditions
 * @type: "Ready"
 * @status: "True", "False" or "Unknown"
 * @reason: CamelCase word
 * @message: for people; NULL is ""
 * @observed_generation: of the object this was said about; 0 is left out
 */
struct liteio_object_condition {
	const char *type;
	const char *status;
	const char *reason;
	const char *message;
	int64_t observed_generation;
};

/**
 * liteio_object_condition_set() - put a condition into a list of conditions
 * @conditions: an array, changed in place
 * @cond: the condition
 * @now: used as lastTransitionTime when the status is new; an unchanged status keeps its time
 *
 * Return: true when anything has changed.
 */
bool liteio_object_condition_set(struct liteio_json *conditions,
				 const struct liteio_object_condition *cond, time_t now);

/* the condition of that type in status.conditions, borrowed; NULL when there is none */
struct liteio_json *liteio_object_condition_get(const struct liteio_json *obj, const char *type);
bool liteio_object_condition_is_true(const struct liteio_json *obj, const char *type);

/* "2026-11-22T12:00:00Z" */
#define LITEIO_TIME_STRLEN 20
void liteio_time_format(time_t t, char out[LITEIO_TIME_STRLEN + 1]);
/* "2026-11-22T12:00:00.000000Z", what Leases and Events want */
#define LITEIO_TIME_MICRO_STRLEN 27
void liteio_time_format_micro(const struct timespec *t, char out[LITEIO_TIME_MICRO_STRLEN + 1]);
/* RFC 3339 with any fraction and zone; 0 or -EINVAL, @ret untouched on failure */
int liteio_time_parse(const char *s, time_t *ret);

#endif
