// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The operation on limits: catalog first, then the kernel.
 */
#include <errno.h>

#include "agent/agent.h"
#include "agent/limits.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/volume_info.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "pool/step.h"

static int persist(struct liteio_target *t, const struct liteio_limits_change *change,
		   struct liteio_error *err)
{
	struct liteio_limits limits = liteio_limits_of_catalog(&t->volume.limits);
	struct liteio_catalog_limits to;
	int r;

	liteio_limits_apply(&limits, change);
	r = liteio_limits_check(&limits, err);
	if (r)
		return r;
	to = liteio_limits_to_catalog(&limits);
	LITEIO_LANE(lane);

	r = liteio_lane_enter(t->pool, LITEIO_LANE_CHANGE, &lane, err);
	if (r)
		return r;
	r = liteio_pool_volume_limit(t->pool->engine, &t->volume.uuid, &to, err);
	if (r)
		return r;
	return liteio_pool_volume_get(t->pool->engine, &t->volume.uuid, &t->volume);
}

int liteio_op_volume_limit(struct liteio_agent *a, const char *volume,
			   const struct liteio_limits_change *change,
			   struct liteio_local_volume *ret, struct liteio_error *err)
{
	LITEIO_TARGET(t);
	int r;

	r = liteio_target_open(a, LITEIO_CATALOG_VOLUME, volume, &t, err);
	if (r)
		return r;
	if (t.volume.state != LITEIO_CATALOG_READY)
		return liteio_error_set(err, -EBUSY, "volume %s is not ready", volume);
	r = persist(&t, change, err);
	liteio_step("agent-limit:persisted");
	if (r == 0)
		r = liteio_limits_enforce(&t, err);
	if (r)
		return liteio_error_wrap(err, r, "limit volume %s", volume);
	log_info(NULL, "volume %s: limits are changed", volume);
	liteio_volume_info_fill(t.pool, &t.volume, ret);
	liteio_limits_look(ret);
	return 0;
}
