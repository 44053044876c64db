/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metadata, as all our resources carry it, and the few facts of it that decisions need.
 */
#ifndef LITEIO_MODEL_META_H
#define LITEIO_MODEL_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/uuid.h"

struct liteio_error;

#define LITEIO_API_GROUP "liteio.io"
#define LITEIO_API_VERSION "liteio.io/v1"
#define LITEIO_NODE_LABEL "liteio.io/node" /* repeats placement.node */
#define LITEIO_NODE_NAME_MAX 63 /* it is a label's value */

/* field managers of status writes, one per writer (server-side apply) */
#define LITEIO_MANAGER_CONTROLLER "liteio-controller"
#define LITEIO_MANAGER_AGENT "liteio-agent"

/**
 * struct liteio_meta - metadata of an object
 * @name: metadata.name
 * @uid: metadata.uid
 * @uuid: @uid as bytes: what the object is called on disks, in the kernel and in NQNs. The API
 *        server never gives it twice, so an object that is deleted and made again is another one
 * @resource_version: for compare-and-swap
 * @generation: metadata.generation, for conditions
 * @labels: object of strings, or NULL
 * @deleting: metadata.deletionTimestamp is set
 * @has_finalizer: the finalizer asked for is among the finalizers
 */
struct liteio_meta {
	char *name;
	char *uid;
	struct liteio_uuid uuid;
	char *resource_version;
	uint64_t generation;
	struct liteio_json *labels;
	bool deleting;
	bool has_finalizer;
};

/**
 * liteio_meta_parse() - metadata of an API object
 * @j: the whole object
 * @finalizer: the one to look for, or NULL
 * @ret: filled in on success, released with liteio_meta_fini()
 * @err: what is wrong
 *
 * Return: 0 or -EINVAL.
 */
int liteio_meta_parse(const struct liteio_json *j, const char *finalizer, struct liteio_meta *ret,
		      struct liteio_error *err);
void liteio_meta_fini(struct liteio_meta *m);

/* value of a label, or NULL */
const char *liteio_meta_label(const struct liteio_meta *m, const char *key);

/**
 * liteio_meta_match() - do the labels have everything a selector asks for?
 * @m: the metadata
 * @selector: object of strings; NULL asks for nothing
 *
 * Return: true when they do.
 */
bool liteio_meta_match(const struct liteio_meta *m, const struct liteio_json *selector);

/**
 * liteio_meta_patch() - the beginning of a merge patch that is a compare-and-swap
 * @m: of the object as it was read
 *
 * Return: a new object {"metadata": {"resourceVersion"}}: the API server refuses it (409) when
 * anything at all was written since, or when the name belongs to another object by now (no two
 * objects ever have the same resourceVersion).
 */
struct liteio_json *liteio_meta_patch(const struct liteio_meta *m);

/**
 * liteio_meta_patch_finalizer() - put the finalizer list into a patch
 * @patch: of liteio_meta_patch()
 * @object: as the API server sent it: the other finalizers are kept
 * @finalizer: ours
 * @present: add it, or remove it
 *
 * A merge patch replaces lists whole, which is why it has to be a compare-and-swap.
 */
void liteio_meta_patch_finalizer(struct liteio_json *patch, const struct liteio_json *object,
				 const char *finalizer, bool present);

#endif
