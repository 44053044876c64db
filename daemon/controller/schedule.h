/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Placement: which pool a new volume goes to, as a pure function over what was seen of all pools.
 *
 * Two tables: filters say why a pool can not have the volume, each with a reason that is counted
 * and shown; scores order the pools that are left. A tie is decided by name, so that the same
 * cluster always gives the same answer.
 */
#ifndef LITEIO_CONTROLLER_SCHEDULE_H
#define LITEIO_CONTROLLER_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/node.h"
#include "model/pool.h"
#include "model/volume.h"

/* a pool whose data or metadata is fuller than this takes no new volume */
#define LITEIO_SCHEDULE_DATA_PERCENT_MAX 90
#define LITEIO_SCHEDULE_METADATA_PERCENT_MAX 80

/**
 * struct liteio_candidate - a pool, with what the decision needs to know around it
 * @pool: the pool
 * @node: its node, NULL when there is no StorageNode of that name
 * @alive: the node's agent renews its Lease
 * @assigned_bytes: sizes of all thin volumes, and of snapshots, whose placement is this pool, also
 *                  those that its agent has not made or not reported yet
 * @assigned_fixed: the same of volumes of each other class
 * @remote_volumes: volumes on the node's pools that are, or are expected to be, consumed elsewhere
 */
struct liteio_candidate {
	const struct liteio_storage_pool *pool;
	const struct liteio_node *node;
	bool alive;
	uint64_t assigned_bytes;
	uint64_t assigned_fixed[LITEIO_VOLUME_CLASS_NR];
	uint64_t remote_volumes;
};

enum liteio_refusal {
	LITEIO_REFUSAL_NONE,
	LITEIO_REFUSAL_OTHER_POOL,
	LITEIO_REFUSAL_NODE_UNKNOWN,
	LITEIO_REFUSAL_NODE_NOT_READY,
	LITEIO_REFUSAL_NODE_NOT_ALIVE,
	LITEIO_REFUSAL_NODE_CORDONED,
	LITEIO_REFUSAL_POOL_DELETING,
	LITEIO_REFUSAL_POOL_CORDONED,
	LITEIO_REFUSAL_POOL_NOT_READY,
	LITEIO_REFUSAL_CLASS,
	LITEIO_REFUSAL_NODE_SELECTOR,
	LITEIO_REFUSAL_POOL_SELECTOR,
	LITEIO_REFUSAL_POSITION,
	LITEIO_REFUSAL_REMOTE_CAP,
	LITEIO_REFUSAL_DATA_FULL,
	LITEIO_REFUSAL_METADATA_FULL,
	LITEIO_REFUSAL_OVERCOMMIT,
	LITEIO_REFUSAL_COUNT,
};

/* "NodeNotReady"; the names of the counts in the condition */
extern const char *const liteio_refusal_names[];

/**
 * struct liteio_schedule_request - a volume to be placed
 * @volume: the volume; its size, class, selectors and position advice count
 * @only_pool: the pool of the snapshot it is restored from, NULL for any
 */
struct liteio_schedule_request {
	const struct liteio_volume *volume;
	const char *only_pool;
};

/**
 * struct liteio_schedule_result - the answer
 * @chosen: index of the candidate, or -1
 * @candidates: how many there were
 * @refused: how many were refused for each reason (the first one that applies to a pool counts)
 */
struct liteio_schedule_result {
	int chosen;
	size_t candidates;
	unsigned int refused[LITEIO_REFUSAL_COUNT];
};

/* why this pool can not have the volume, LITEIO_REFUSAL_NONE when it can. Pure */
enum liteio_refusal liteio_schedule_filter(const struct liteio_schedule_request *req,
					   const struct liteio_candidate *c);

/* how well it suits, higher is better. Pure */
int liteio_schedule_score(const struct liteio_schedule_request *req,
			  const struct liteio_candidate *c);

/**
 * liteio_schedule() - choose a pool
 * @req: for what
 * @c: the pools
 * @n: how many
 * @ret: the answer
 *
 * Pure.
 */
void liteio_schedule(const struct liteio_schedule_request *req, const struct liteio_candidate *c,
		     size_t n, struct liteio_schedule_result *ret);

/**
 * liteio_schedule_explain() - why nothing was chosen, as the condition Placed
 * @req: for what
 * @res: the answer
 * @v: set: "0 of 3 pools can take 10.0 GiB: 2 Overcommit, 1 NodeNotReady"
 */
void liteio_schedule_explain(const struct liteio_schedule_request *req,
			     const struct liteio_schedule_result *res, struct liteio_verdict *v);

#endif
