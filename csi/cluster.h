/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our objects in the cluster, for handlers: read, write and wait, each within the deadline of a
 * call, with failures that mean something to its caller.
 *
 * Context of everything here: worker thread; blocks at most until the deadline of the call.
 */
#ifndef LITEIO_CSI_CLUSTER_H
#define LITEIO_CSI_CLUSTER_H

#include <stdint.h>

struct liteio_csi;
struct liteio_error;
struct liteio_grpc_call;
struct liteio_informer;
struct liteio_json;
struct liteio_resource;

/**
 * struct liteio_cluster_call - in whose name
 * @csi: the driver
 * @call: whose deadline counts
 */
struct liteio_cluster_call {
	struct liteio_csi *csi;
	const struct liteio_grpc_call *call;
};

/* read an object from the server, not from the store; -ENOENT: "there is no volume x" */
int liteio_cluster_get(const struct liteio_cluster_call *c, const struct liteio_resource *resource,
		       const char *name, struct liteio_json **ret, struct liteio_error *err);

/* make an object; -EEXIST when the name is taken */
int liteio_cluster_create(const struct liteio_cluster_call *c,
			  const struct liteio_resource *resource, const struct liteio_json *obj,
			  struct liteio_json **ret, struct liteio_error *err);

/* merge patch that is a compare-and-swap (liteio_meta_patch()); -EAGAIN: read and decide again */
int liteio_cluster_patch(const struct liteio_cluster_call *c,
			 const struct liteio_resource *resource, const char *name,
			 const struct liteio_json *patch, struct liteio_json **ret,
			 struct liteio_error *err);

/**
 * liteio_cluster_delete() - delete an object exactly as it was read
 * @c: in whose name
 * @resource: its type
 * @obj: as read
 * @err: why not
 *
 * Return: 0 also when it is gone already; -EAGAIN when it has changed since.
 */
int liteio_cluster_delete(const struct liteio_cluster_call *c,
			  const struct liteio_resource *resource, const struct liteio_json *obj,
			  struct liteio_error *err);

#define LITEIO_CLUSTER_WHY_MAX 512

/**
 * typedef liteio_cluster_pred - is the object as it should be?
 * @arg: of the wait
 * @obj: the object, at least as new as the one the wait began with
 * @why: set to what is being waited for, LITEIO_CLUSTER_WHY_MAX bytes
 * @err: for giving up
 *
 * Return: 1 for yes, 0 for not yet, a negative errno to give up.
 */
typedef int (*liteio_cluster_pred)(void *arg, const struct liteio_json *obj, char *why,
				   struct liteio_error *err);

/**
 * liteio_cluster_wait() - wait until an object is as it should be
 * @c: in whose name
 * @store: informer of its type
 * @resource: its type
 * @obj: as read or written last: only this object counts, and nothing older than it
 * @pred: the question
 * @arg: for @pred
 * @ret: the object that @pred said yes to, owned by the caller; may be NULL
 * @err: why not, with what was being waited for
 *
 * Return: 0, -ENOENT when the object was deleted, -ETIMEDOUT, or what @pred returned.
 */
int liteio_cluster_wait(const struct liteio_cluster_call *c, struct liteio_informer *store,
			const struct liteio_resource *resource, const struct liteio_json *obj,
			liteio_cluster_pred pred, void *arg, struct liteio_json **ret,
			struct liteio_error *err);

/* wait until an object that is being deleted is gone; @pred (may be NULL) only tells why not yet */
int liteio_cluster_wait_gone(const struct liteio_cluster_call *c, struct liteio_informer *store,
			     const struct liteio_resource *resource, const struct liteio_json *obj,
			     liteio_cluster_pred pred, void *arg, struct liteio_error *err);

#endif
