// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's heads, asked for used.h.
 */
#include "agent/gate.h"
#include "agent/used.h"
#include "base/cleanup.h"
#include "base/loop.h"
#include "host/dm.h"
#include "host/netlink.h"

struct answer {
	struct liteio_used *used;
	bool is_told;
};

static void add_head(void *arg, const struct liteio_netlink_io *io)
{
	struct answer *a = arg;

	a->is_told = a->is_told && io->is_told;
	if (io->is_bound)
		liteio_used_head(a->used, &io->uuid, io->started, io->inflight);
}

bool liteio_used_read(struct liteio_used *u)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	struct liteio_used_moment now = { .ms = liteio_now_ms() };
	struct answer a = { .used = u, .is_told = true };

	/* before the module is asked: what is changed after that is not in its answer */
	now.changes = liteio_dm_changes(&now.is_changing);
	if (liteio_gate_open(&nl, NULL) || !nl)
		return false;
	now.module = liteio_netlink_load(nl);
	liteio_used_reading(u, &now);
	return !liteio_netlink_io_each(nl, add_head, &a, NULL) && a.is_told;
}
