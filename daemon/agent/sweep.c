// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is in the kernel and should not be: remains of generations that are over.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "agent/exports.h"
#include "agent/gate.h"
#include "agent/generations.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "host/head.h"
#include "host/netlink.h"
#include "host/nvmet.h"
#include "model/local.h"

static const struct liteio_nvmet target = LITEIO_NVMET_INIT;

static int add_heads(const struct liteio_uuid *uuid, struct liteio_generations *g,
		     struct liteio_error *err)
{
	_cleanup_free_ struct liteio_head_state *heads = NULL;
	size_t i, n = 0;
	int r;

	r = uuid ? liteio_head_list_known(uuid, false, &heads, &n, err) :
		   liteio_head_list(&heads, &n, err);
	for (i = 0; r == 0 && i < n; i++)
		if (!heads[i].head.remote)
			liteio_generations_add(g, &heads[i].head.uuid, heads[i].head.generation);
	return r;
}

static int add_gates(const struct liteio_uuid *uuid, struct liteio_generations *g,
		     struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	_cleanup_free_ struct liteio_netlink_att *atts = NULL;
	size_t i, n = 0;
	int r;

	r = liteio_gate_open(&nl, err);
	if (r || !nl)
		return r;
	r = liteio_netlink_att_list(nl, uuid, &atts, &n, err);
	/* a volume that the registry does not have */
	if (r == -ENOENT && uuid)
		return 0;
	for (i = 0; r == 0 && i < n; i++)
		liteio_generations_add(g, &atts[i].uuid, atts[i].generation);
	return r;
}

/* no configfs, no exports */
static void add_exports(const struct liteio_uuid *uuid, struct liteio_generations *g)
{
	struct liteio_nvmet_export *exports = NULL;
	size_t i, n = 0;

	if (liteio_nvmet_list_of(&target, uuid, &exports, &n, NULL) < 0)
		return;
	for (i = 0; i < n; i++)
		liteio_generations_add(g, &exports[i].uuid, exports[i].generation);
	liteio_nvmet_exports_free(exports, n);
}

int liteio_generations_in_kernel(const struct liteio_uuid *uuid, struct liteio_generations *ret,
				 struct liteio_error *err)
{
	int r;

	r = add_heads(uuid, ret, err);
	if (r == 0)
		r = add_gates(uuid, ret, err);
	if (r == 0)
		add_exports(uuid, ret);
	liteio_generations_sort(ret);
	return r;
}

/* a generation that should not be there: its gate is closed first, its end is known when drained */
static int sweep_one(const struct liteio_catalog_volume *v, uint64_t generation, uint64_t wait_ms,
		     struct liteio_error *err)
{
	struct liteio_local_fenced fenced = { 0 };
	bool removed;
	int r;

	r = liteio_gate_fence(&v->uuid, v->name, 0, generation, wait_ms, &fenced, err);
	if (r == 0)
		r = liteio_export_remove(&v->uuid, generation, fenced.drained, &removed, err);
	if (r == 0)
		log_info(NULL, "volume %s: generation %" PRIu64 " is over%s", v->name, generation,
			 removed ? ", removed" : "; not yet drained or still open");
	return r;
}

void liteio_export_remains(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			   const struct liteio_generations *in_kernel, uint64_t **ret,
			   size_t *ret_n)
{
	size_t first, n_known = liteio_generations_of(in_kernel, &v->uuid, &first);
	uint64_t *items = liteio_calloc(n_known + 1, sizeof(*items));
	size_t i, n_items = 0;

	for (i = first; i < first + n_known; i++)
		if (!liteio_pool_attachment_is_live(p->engine, &v->uuid,
						    in_kernel->items[i].generation))
			items[n_items++] = in_kernel->items[i].generation;
	*ret = items;
	*ret_n = n_items;
}

int liteio_export_sweep(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			uint64_t wait_ms, struct liteio_error *err)
{
	_cleanup_free_ uint64_t *remains = NULL;
	LITEIO_GENERATIONS(in_kernel);
	size_t n = 0;
	int r;

	r = liteio_generations_in_kernel(&v->uuid, &in_kernel, err);
	if (r == 0)
		liteio_export_remains(p, v, &in_kernel, &remains, &n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = sweep_one(v, remains[i], wait_ms, err);
	return r;
}

int liteio_export_forget(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			 struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	LITEIO_GENERATIONS(left);
	int r, forgotten;

	r = liteio_gate_open(&nl, err);
	if (r)
		return r;
	forgotten = nl ? liteio_netlink_vol_del(nl, &v->uuid, NULL) : -EBUSY;
	if (!forgotten || forgotten == -ENOENT) {
		r = add_heads(&v->uuid, &left, err);
		/* no gate, and no head, which an export would stand on */
		if (r || !left.n)
			return r;
	}
	r = liteio_export_sweep(p, v, 0, err);
	return r || !nl ? r : liteio_gate_forget(nl, &v->uuid, err);
}
