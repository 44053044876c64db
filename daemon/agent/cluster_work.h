/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the cluster half: the context, and what its files do for one another.
 */
#ifndef LITEIO_AGENT_CLUSTER_WORK_H
#define LITEIO_AGENT_CLUSTER_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "model/condition.h"

struct liteio_agent;
struct liteio_error;
struct liteio_events;
struct liteio_informer;
struct liteio_json;
struct liteio_kube;
struct liteio_lease;
struct liteio_meta;
struct liteio_resource;
struct liteio_timer;
struct liteio_workers;
struct liteio_workqueue;

#define LITEIO_CLUSTER_NAMESPACE "liteio-system"
/* somebody else wrote: their write is on its way to the store */
#define LITEIO_CLUSTER_CONFLICT_MS 100
/* what goes on without this object's worker, like giving space back, is looked at so often */
#define LITEIO_CLUSTER_GOING_MS 1000
/* operations of one pass over one object: more of them than attachments can need is a bug */
#define LITEIO_CLUSTER_STEPS_MAX 64

/* kinds of keys: one letter, a slash, the object's name */
#define LITEIO_KEY_NODE 'n'
#define LITEIO_KEY_POOL 'p'
#define LITEIO_KEY_SNAPSHOT 's'
#define LITEIO_KEY_VOLUME 'v'

/**
 * struct liteio_cluster - the node half
 * @agent: the agent
 * @kube: the API server
 * @events: what people see
 * @workers: threads of @queue
 * @urgent: threads of @fences
 * @queue: keys of all kinds
 * @fences: names of volumes
 * @resync: looks at everything now and then: the kernel sends no event for bytes in use
 * @beat: this node's Lease
 * @node: store of our StorageNode
 * @pools: store of all StoragePools
 * @volumes: store of the Volumes placed here
 * @snapshots: store of the Snapshots placed here
 */
struct liteio_cluster {
	struct liteio_agent *agent;
	struct liteio_kube *kube;
	struct liteio_events *events;
	struct liteio_workers *workers;
	struct liteio_workers *urgent;
	struct liteio_workqueue *queue;
	struct liteio_workqueue *fences;
	struct liteio_timer *resync;
	struct liteio_lease *beat;
	struct liteio_informer *node;
	struct liteio_informer *pools;
	struct liteio_informer *volumes;
	struct liteio_informer *snapshots;
};

/* Context of all: worker. Return: 0, or a negative errno: again after a growing delay */
int liteio_cluster_node(struct liteio_cluster *c, uint64_t *ret_again_ms);
int liteio_cluster_pool(struct liteio_cluster *c, const char *name, uint64_t *ret_again_ms);
int liteio_cluster_snapshot(struct liteio_cluster *c, const char *name, uint64_t *ret_again_ms);
int liteio_cluster_volume(struct liteio_cluster *c, const char *name, uint64_t *ret_again_ms);
int liteio_cluster_fence(struct liteio_cluster *c, const char *name, uint64_t *ret_again_ms);

/**
 * struct liteio_cluster_place - where an object's pool is
 * @pool: its name on this node, in new memory
 * @uuid: of the one that is open here by that name; null for none
 * @ready: it is open, and the one that the StoragePool object stands for
 * @gone: there is no StoragePool object of that name
 * @changes: of the table of pools, before it was looked up (liteio_pools_changes())
 */
struct liteio_cluster_place {
	char *pool;
	struct liteio_uuid uuid;
	bool ready;
	bool gone;
	uint64_t changes;
};

/* look a placement's pool up; @ret->pool is released with free() */
int liteio_cluster_place(struct liteio_cluster *c, const char *storage_pool,
			 struct liteio_cluster_place *ret, struct liteio_error *err);
/*
 * something was not found in the pools: does that mean that it is not there? 0, or -EAGAIN when a
 * pool has come or gone since the place was looked up: it may lie in that one
 */
int liteio_cluster_check_absent(struct liteio_cluster *c, const struct liteio_cluster_place *place,
				struct liteio_error *err);

/**
 * liteio_cluster_report() - write an object's status, as far as it is ours
 * @c: the cluster half
 * @res: type of the object
 * @inf: its store, which is offered the answer
 * @meta: of the object the report was concluded from
 * @status: all our fields of status; the reference is taken over
 * @err: why not; -EAGAIN: the object has changed, conclude again
 *
 * Return: 0 or a negative errno.
 */
int liteio_cluster_report(struct liteio_cluster *c, const struct liteio_resource *res,
			  struct liteio_informer *inf, const struct liteio_meta *meta,
			  struct liteio_json *status, struct liteio_error *err);

/**
 * liteio_cluster_finalizer() - put our finalizer on an object, or take it off
 * @c: the cluster half
 * @res: type of the object
 * @inf: its store
 * @obj: as read: a compare-and-swap on it
 * @meta: of @obj
 * @finalizer: which
 * @present: put it on
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_cluster_finalizer(struct liteio_cluster *c, const struct liteio_resource *res,
			     struct liteio_informer *inf, const struct liteio_json *obj,
			     const struct liteio_meta *meta, const char *finalizer, bool present,
			     struct liteio_error *err);

/* append a verdict to a list of conditions to be written */
void liteio_cluster_condition(struct liteio_json *list, const struct liteio_verdict *v,
			      const struct liteio_condition *old, size_t n_old,
			      uint64_t generation);

/*
 * what a reconcile returns for @r: a lost race (-EAGAIN) is no failure, nor is what still goes on
 * (-EINPROGRESS); the rest is logged once, here
 */
int liteio_cluster_result(int r, const char *about, const struct liteio_error *err,
			  uint64_t *ret_again_ms);

#endif
