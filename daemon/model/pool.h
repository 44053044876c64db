/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * StoragePool: one pool on one node. The admin creates the object; the node's agent makes the pool
 * when it does not exist yet, and writes status. The object's name is "<node>.<pool>".
 */
#ifndef LITEIO_MODEL_POOL_H
#define LITEIO_MODEL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/uuid.h"
#include "model/condition.h"
#include "model/meta.h"

#define LITEIO_POOL_FINALIZER "liteio.io/pool"
#define LITEIO_POOL_NAME_MAX 63
#define LITEIO_POOL_OVERCOMMIT_MIN 100
#define LITEIO_POOL_OVERCOMMIT_MAX 10000
#define LITEIO_POOL_OVERCOMMIT_DEFAULT 1000
#define LITEIO_POOL_FILE_MIN (64ull << 20)

/**
 * struct liteio_pool_spec - what the admin wants; node, pool and device are immutable
 * @node: StorageNode
 * @pool: name on the node
 * @device: block device or, ending in ".img", a file that is created with @size_bytes
 * @size_bytes: of a file to create; 0 for devices
 * @cordoned: no new volumes here
 * @overcommit_percent: provisioned bytes allowed, in percent of the data size; parsing fills in the
 *                      default
 * @linear_bytes: set apart for linear volumes when the pool is made; immutable
 * @reserved_bytes: set apart for reserved volumes when the pool is made; immutable
 */
struct liteio_pool_spec {
	char *node;
	char *pool;
	char *device;
	uint64_t size_bytes;
	bool cordoned;
	uint64_t overcommit_percent;
	uint64_t linear_bytes;
	uint64_t reserved_bytes;
};

/**
 * struct liteio_pool_status - what the agent reports, from the kernel's own numbers
 * @uuid: of the pool, from its label; once reported it never changes: an empty disk that takes the
 *        place of a lost one is not made a pool again under the same object
 * @data_bytes: size of the thin pool's data
 * @data_used_bytes: blocks in use
 * @metadata_bytes: size of its metadata
 * @metadata_used_bytes: in use
 * @provisioned_bytes: sum of the sizes of thin volumes and snapshots
 * @volumes: number of volumes and snapshots
 * @reserved_bytes: space for reserved volumes
 * @reserved_free_bytes: of it, not promised
 * @linear_bytes: space for linear volumes
 * @linear_free_bytes: of it, no volume's
 * @fill: of the thin data: "ok", "low", "high", "critical" or "full"
 * @conditions: Ready
 * @n_conditions: how many
 */
struct liteio_pool_status {
	struct liteio_uuid uuid;
	uint64_t data_bytes;
	uint64_t data_used_bytes;
	uint64_t metadata_bytes;
	uint64_t metadata_used_bytes;
	uint64_t provisioned_bytes;
	uint64_t volumes;
	uint64_t reserved_bytes;
	uint64_t reserved_free_bytes;
	uint64_t linear_bytes;
	uint64_t linear_free_bytes;
	char *fill;
	struct liteio_condition *conditions;
	size_t n_conditions;
};

/* named storage_pool: liteio_pool is the engine's object of daemon/pool */
struct liteio_storage_pool {
	struct liteio_meta meta;
	struct liteio_pool_spec spec;
	struct liteio_pool_status status;
};

extern const struct liteio_field liteio_pool_spec_fields[];
extern const struct liteio_field liteio_pool_status_fields[];

int liteio_storage_pool_parse(const struct liteio_json *j, struct liteio_storage_pool *ret,
			      struct liteio_error *err);
void liteio_storage_pool_fini(struct liteio_storage_pool *p);

#endif
