/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What placement sees: the stores of pools, nodes, volumes and snapshots as candidates.
 */
#ifndef LITEIO_CONTROLLER_VIEW_H
#define LITEIO_CONTROLLER_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "controller/schedule.h"

struct liteio_heartbeats;
struct liteio_json;

/**
 * struct liteio_view - candidates and what they borrow from
 * @candidates: one per pool that could be parsed
 * @n: how many
 * @pools: parsed, same index
 * @nodes: parsed, same index; unused entries are zero
 */
struct liteio_view {
	struct liteio_candidate *candidates;
	size_t n;
	struct liteio_storage_pool *pools;
	struct liteio_node *nodes;
};

/**
 * struct liteio_view_sources - the stores, as arrays of objects
 * @pools: StoragePools
 * @nodes: StorageNodes
 * @volumes: Volumes
 * @snapshots: Snapshots
 * @beats: heartbeats
 * @now_ms: of liteio_now_ms()
 */
struct liteio_view_sources {
	const struct liteio_json *pools;
	const struct liteio_json *nodes;
	const struct liteio_json *volumes;
	const struct liteio_json *snapshots;
	struct liteio_heartbeats *beats;
	uint64_t now_ms;
};

/* Pure but for the heartbeats. An object that can not be parsed is left out */
void liteio_view_init(struct liteio_view *v, const struct liteio_view_sources *s);
void liteio_view_fini(struct liteio_view *v);

#endif
