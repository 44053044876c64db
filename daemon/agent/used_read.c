// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's heads, asked for used.h.
 */
#include <stdlib.h>

#include "agent/gate.h"
#include "agent/used.h"
#include "base/cleanup.h"
#include "base/loop.h"
#include "host/dm.h"
#include "host/netlink.h"

bool liteio_used_read(struct liteio_used *u)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	struct liteio_netlink_att *heads _cleanup_free_ = NULL;
	struct liteio_used_moment now = { .ms = liteio_now_ms() };
	size_t n;

	/* before the module is asked: what is changed after that is not in its answer */
	now.changes = liteio_dm_changes(&now.is_changing);
	if (liteio_gate_open(&nl, NULL) || !nl ||
	    liteio_netlink_att_list(nl, NULL, &heads, &n, NULL))
		return false;
	now.module = liteio_netlink_load(nl);
	liteio_used_reading(u, &now);
	for (size_t i = 0; i < n; i++) {
		if (!heads[i].tells_started)
			return false;
		if (heads[i].bound)
			liteio_used_head(u, &heads[i].uuid, heads[i].started, heads[i].inflight);
	}
	return true;
}
