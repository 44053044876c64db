/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the node's agent does about a Volume, Snapshot or StoragePool of the cluster, as pure
 * decisions: from the object as it was read and from what is here, the one next operation, and
 * what may be said.
 *
 * Rules that these functions keep:
 *
 *   Only what was observed is said. A report is made from the answers of operations of this very
 *   pass, and from what this object's status said before, which was observed too; it is written
 *   with the resourceVersion of the object it was concluded from.
 *   fencedBelow and fencedGenerations are said only after the fence of that floor or generation has
 *   answered "drained" (liteio_plan_fence_done()).
 *   What was there once is never made again: a volume, snapshot or pool that was reported and is
 *   not there is reported lost.
 *   A name does not make an object: a record with another uuid is another object, and left alone.
 *   Nothing is deleted but under a deletionTimestamp.
 */
#ifndef LITEIO_AGENT_CLUSTER_PLAN_H
#define LITEIO_AGENT_CLUSTER_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "model/local.h"
#include "model/pool.h"
#include "model/snapshot.h"
#include "model/volume.h"

enum liteio_plan_kind {
	LITEIO_PLAN_NOTHING, /* all is as wanted, or nothing can be done now */
	LITEIO_PLAN_CREATE,
	LITEIO_PLAN_IMPORT, /* a pool only */
	LITEIO_PLAN_GROW,
	LITEIO_PLAN_LIMIT,
	LITEIO_PLAN_EXPORT, /* generation */
	LITEIO_PLAN_UNEXPORT, /* generation */
	LITEIO_PLAN_DELETE,
	LITEIO_PLAN_HOLD, /* put our finalizer on the object */
	LITEIO_PLAN_RELEASE, /* take our finalizer off: nothing of the object is left here */
};

/* for logs */
extern const char *const liteio_plan_names[];

/**
 * struct liteio_plan - the next operation
 * @kind: enum liteio_plan_kind
 * @generation: EXPORT, UNEXPORT
 */
struct liteio_plan {
	enum liteio_plan_kind kind;
	uint64_t generation;
};

/**
 * struct liteio_plan_volume - what a volume's plan is made from
 * @volume: the object
 * @pool: name of the pool on this node
 * @pool_ready: that pool is open, and is the one that the StoragePool object stands for
 * @pool_gone: there is no StoragePool object any more: it was deleted, which it only is when empty
 * @have: the volume of that name here, NULL when no open pool has one
 * @exports: its exports
 * @stuck: generations whose remains could not be removed in this pass (a process still holds the
 *	device open): not planned again, and they stand before nothing else
 * @n_stuck: so many
 */
struct liteio_plan_volume {
	const struct liteio_volume *volume;
	const char *pool;
	bool pool_ready;
	bool pool_gone;
	const struct liteio_local_volume *have;
	const struct liteio_local_export_list *exports;
	const uint64_t *stuck;
	size_t n_stuck;
};

/**
 * liteio_plan_volume() - all but the fence
 * @in: what is wanted, what is
 * @ret: next operation
 * @ready: the condition Ready, as it is before that operation
 */
void liteio_plan_volume(const struct liteio_plan_volume *in, struct liteio_plan *ret,
			struct liteio_verdict *ready);

/**
 * liteio_plan_observe() - status.node after a pass
 * @in: what was observed last
 * @ret: filled in; the fence fields are those that were reported before (a fence reports its own).
 *	Released with liteio_json_fini() and liteio_volume_observed_fields
 */
void liteio_plan_observe(const struct liteio_plan_volume *in, struct liteio_volume_observed *ret);

/* is a new observation worth a write? Bytes in use alone only when they have changed a lot */
bool liteio_plan_differs(const struct liteio_volume_observed *old,
			 const struct liteio_volume_observed *now);

/**
 * struct liteio_plan_fence - a fence to ask for; exactly one of both is not 0
 * @floor: every generation below
 * @generation: just this one
 */
struct liteio_plan_fence {
	uint64_t floor;
	uint64_t generation;
};

/**
 * liteio_plan_fence() - the next fence that was asked for and is not reported yet
 * @v: the object
 * @catalog_floor: of the record with this object's uuid; when it is above what the spec asks for (a
 *	restored backup of the API server), it is fenced and reported, so that the controller goes
 *	on from there
 * @done: fences already done in this pass
 * @ret: the next one
 *
 * Return: true when there is one.
 */
bool liteio_plan_fence(const struct liteio_volume *v, uint64_t catalog_floor,
		       const struct liteio_volume_observed *done, struct liteio_plan_fence *ret);

/**
 * liteio_plan_fence_start() - status.node as a fencing pass begins with it
 * @v: the object
 * @ret: what was reported before, without single generations that are no longer asked for. Released
 *	with liteio_json_fini() and liteio_volume_observed_fields
 */
void liteio_plan_fence_start(const struct liteio_volume *v, struct liteio_volume_observed *ret);

/**
 * liteio_plan_fence_done() - a fence has answered "drained": it may be said
 * @f: the fence
 * @answer: what it answered; nothing is added unless it says drained
 * @done: extended; exports of what was fenced are no longer ready
 *
 * Return: true when it was added.
 */
bool liteio_plan_fence_done(const struct liteio_plan_fence *f,
			    const struct liteio_local_fenced *answer,
			    struct liteio_volume_observed *done);

/**
 * struct liteio_plan_snapshot - what a snapshot's plan is made from
 * @snapshot: the object
 * @pool: name of its pool on this node
 * @pool_ready: as in struct liteio_plan_volume
 * @pool_gone: likewise
 * @have: the snapshot of that name here, or NULL
 * @source: the volume of the name in spec here, or NULL
 */
struct liteio_plan_snapshot {
	const struct liteio_snapshot *snapshot;
	const char *pool;
	bool pool_ready;
	bool pool_gone;
	const struct liteio_local_snapshot *have;
	const struct liteio_local_volume *source;
};

/**
 * liteio_plan_snapshot() - a snapshot
 * @in: what is wanted, what is
 * @ret: next operation
 * @ready: the condition Ready
 */
void liteio_plan_snapshot(const struct liteio_plan_snapshot *in, struct liteio_plan *ret,
			  struct liteio_verdict *ready);

/**
 * liteio_plan_pool() - a pool
 * @p: the object
 * @have: the pool of that name here, or NULL
 * @placed: objects (volumes, snapshots) whose placement is this pool
 * @ret: next operation
 * @ready: the condition Ready
 */
void liteio_plan_pool(const struct liteio_storage_pool *p, const struct liteio_local_pool *have,
		      size_t placed, struct liteio_plan *ret, struct liteio_verdict *ready);

/* is what is open here the pool that the object stands for, and fit for use? */
bool liteio_plan_pool_ready(const struct liteio_storage_pool *p,
			    const struct liteio_local_pool *have);

#endif
