// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A volume of this node attached to this node, and let go of, in one request each: who works alone
 * needs to know of no generation.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"

#define TIMEOUT_MS 10000

/* what the catalog says of the right to a volume */
struct rights {
	struct liteio_uuid uuid;
	uint64_t own;	/* generation of the live local attachment, 0 for none */
	bool read_only; /* is it? */
	uint64_t next;	/* the first generation that has never been given */
};

static int look(struct liteio_agent *a, const char *volume, struct rights *ret,
		struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	struct rights x = { 0 };
	LITEIO_TARGET(t);
	size_t n = 0;
	int r;

	if (a->cluster)
		return liteio_error_set(err, -EBUSY,
					"this node is one of a cluster, which gives the rights to its volumes");
	r = liteio_target_find(a, LITEIO_CATALOG_VOLUME, volume, &t, err);
	if (r)
		return r;
	liteio_pool_attachment_list(t.pool->engine, &t.volume.uuid, &atts, &n);
	x.uuid = t.volume.uuid;
	x.next = t.volume.floor;
	for (size_t i = 0; i < n; i++) {
		const struct liteio_catalog_attachment *att = &atts[i];

		if (att->generation >= x.next)
			x.next = att->generation + 1;
		if (att->state == LITEIO_CATALOG_ATT_LIVE &&
		    att->flags & LITEIO_CATALOG_ATT_LOCAL) {
			x.own = att->generation;
			x.read_only = att->flags & LITEIO_CATALOG_ATT_READ_ONLY;
		}
	}
	*ret = x;
	return 0;
}

int liteio_op_volume_attach(struct liteio_agent *a, const char *volume,
			    const struct liteio_local_volume_attach *req,
			    struct liteio_local_attachment *ret, struct liteio_error *err)
{
	struct liteio_local_export_create give = {
		.volume = (char *)volume,
		.local = true,
		.read_only = req->read_only,
	};
	struct liteio_local_attach take = { .local = true };
	struct rights x;
	int r;

	r = look(a, volume, &x, err);
	if (r)
		return r;
	if (x.own && x.read_only != req->read_only)
		return liteio_error_set(err, -EEXIST, "volume %s is attached %s already", volume,
					x.read_only ? "read-only" : "for writing");
	take.uuid = x.uuid;
	take.generation = x.own ? x.own : x.next;
	give.generation = take.generation;
	r = liteio_op_export_create(a, &give, NULL, err);
	return r ? r : liteio_op_attachment_create(a, &take, ret, err);
}

int liteio_op_volume_detach(struct liteio_agent *a, const char *volume, bool force,
			    struct liteio_local_unexport *ret, struct liteio_error *err)
{
	bool deleted = false;
	struct rights x;
	int r;

	r = look(a, volume, &x, err);
	if (r)
		return r;
	/* over already: what a call that was cut short has left goes, too */
	if (!x.own) {
		*ret = (struct liteio_local_unexport){ true, true, true };
		return liteio_op_export_sweep(a, volume, err);
	}
	r = liteio_op_attachment_delete(a, &x.uuid, x.own, force, &deleted, err);
	if (r == 0)
		r = liteio_op_export_delete(a, volume, x.own, TIMEOUT_MS, ret, err);
	return r;
}
