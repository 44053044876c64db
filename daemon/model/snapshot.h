/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshot: a point in time of a volume, on the volume's pool. The creator writes spec, the
 * controller copies the volume's placement into spec.placement, the label liteio.io/node and the
 * finalizer in one write, the agent of that node makes it and writes status. Its uuid is meta.uuid.
 */
#ifndef LITEIO_MODEL_SNAPSHOT_H
#define LITEIO_MODEL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/uuid.h"
#include "model/condition.h"
#include "model/meta.h"
#include "model/volume.h"

#define LITEIO_SNAPSHOT_FINALIZER "liteio.io/snapshot"

struct liteio_snapshot_spec {
	char *volume; /* Volume object; creator, immutable */
	struct liteio_placement placement; /* controller, set once; source_uuid is the volume's */
};

/**
 * struct liteio_snapshot_status - what the agent reports
 * @ready: it exists in the pool's catalog and can be restored from; never goes back, so that a
 *         snapshot that was lost is not taken again as if it were the old one
 * @size_bytes: size of the volume at that moment
 * @created_at: RFC 3339, when it was taken
 * @conditions: Ready
 * @n_conditions: how many
 */
struct liteio_snapshot_status {
	bool ready;
	uint64_t size_bytes;
	char *created_at;
	struct liteio_condition *conditions;
	size_t n_conditions;
};

struct liteio_snapshot {
	struct liteio_meta meta;
	struct liteio_snapshot_spec spec;
	struct liteio_snapshot_status status;
};

extern const struct liteio_field liteio_snapshot_spec_fields[];
extern const struct liteio_field liteio_snapshot_status_fields[];

int liteio_snapshot_parse(const struct liteio_json *j, struct liteio_snapshot *ret,
			  struct liteio_error *err);
void liteio_snapshot_fini(struct liteio_snapshot *s);

#endif
