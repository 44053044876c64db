// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is in the kernel and should not be: remains of generations that are over.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "agent/exports.h"
#include "agent/gate.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "host/head.h"
#include "host/netlink.h"
#include "host/nvmet.h"
#include "model/local.h"

static const struct liteio_nvmet target = LITEIO_NVMET_INIT;

/* (volume, generation) pairs, each once */
struct generation {
	struct liteio_uuid uuid;
	uint64_t generation;
};

struct generations {
	struct generation *items;
	size_t n;
};

static void generations_add(struct generations *g, const struct liteio_uuid *uuid,
			    uint64_t generation)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (g->items[i].generation == generation &&
		    liteio_uuid_equal(&g->items[i].uuid, uuid))
			return;
	g->items = liteio_realloc(g->items, g->n + 1, sizeof(*g->items));
	g->items[g->n].uuid = *uuid;
	g->items[g->n++].generation = generation;
}

static int add_heads(struct generations *g, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_head_state *heads = NULL;
	size_t i, n = 0;
	int r;

	r = liteio_head_list(&heads, &n, err);
	for (i = 0; r == 0 && i < n; i++)
		if (!heads[i].head.remote)
			generations_add(g, &heads[i].head.uuid, heads[i].head.generation);
	return r;
}

static int add_gates(struct generations *g, struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	_cleanup_free_ struct liteio_netlink_att *atts = NULL;
	size_t i, n = 0;
	int r;

	r = liteio_gate_open(&nl, err);
	if (r || !nl)
		return r;
	r = liteio_netlink_att_list(nl, NULL, &atts, &n, err);
	for (i = 0; r == 0 && i < n; i++)
		generations_add(g, &atts[i].uuid, atts[i].generation);
	return r;
}

/* no configfs, no exports */
static void add_exports(struct generations *g)
{
	struct liteio_nvmet_export *exports = NULL;
	size_t i, n = 0;

	if (liteio_nvmet_list(&target, &exports, &n, NULL) < 0)
		return;
	for (i = 0; i < n; i++)
		generations_add(g, &exports[i].uuid, exports[i].generation);
	liteio_nvmet_exports_free(exports, n);
}

/* everything that any generation of any volume has in the kernel of this pool node */
static int generations_in_kernel(struct generations *ret, struct liteio_error *err)
{
	int r;

	r = add_heads(ret, err);
	if (r == 0)
		r = add_gates(ret, err);
	if (r == 0)
		add_exports(ret);
	return r;
}

int liteio_export_volumes_in_kernel(struct liteio_uuid **ret, size_t *ret_n,
				    struct liteio_error *err)
{
	struct generations g = { 0 }, volumes = { 0 };
	size_t i;
	int r;

	r = generations_in_kernel(&g, err);
	for (i = 0; r == 0 && i < g.n; i++)
		generations_add(&volumes, &g.items[i].uuid, 0);
	free(g.items);
	if (r == 0) {
		*ret = liteio_calloc(volumes.n + 1, sizeof(**ret));
		*ret_n = volumes.n;
		for (i = 0; i < volumes.n; i++)
			(*ret)[i] = volumes.items[i].uuid;
	}
	free(volumes.items);
	return r;
}

/* a generation that should not be there: its gate is closed first, its end is known when drained */
static int sweep_one(const struct liteio_catalog_volume *v, uint64_t generation,
		     struct liteio_error *err)
{
	struct liteio_local_fenced fenced = { 0 };
	bool removed;
	int r;

	r = liteio_gate_fence(&v->uuid, v->name, 0, generation, 0, &fenced, err);
	if (r == 0)
		r = liteio_export_remove(&v->uuid, generation, fenced.drained, &removed, err);
	if (r == 0)
		log_info(NULL, "volume %s: generation %" PRIu64 " is over%s", v->name, generation,
			 removed ? ", removed" : "; not yet drained or still open");
	return r;
}

static bool is_live(const struct liteio_catalog_attachment *atts, size_t n, uint64_t generation)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (atts[i].generation == generation && atts[i].state == LITEIO_CATALOG_ATT_LIVE)
			return true;
	return false;
}

int liteio_export_remains(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			  uint64_t **ret, size_t *ret_n, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	struct generations g = { 0 };
	uint64_t *items;
	size_t i, n = 0, n_items = 0;
	int r;

	r = generations_in_kernel(&g, err);
	if (r < 0) {
		free(g.items);
		return r;
	}
	liteio_pool_attachment_list(p->engine, &v->uuid, &atts, &n);
	items = liteio_calloc(g.n + 1, sizeof(*items));
	for (i = 0; i < g.n; i++)
		if (liteio_uuid_equal(&g.items[i].uuid, &v->uuid) &&
		    !is_live(atts, n, g.items[i].generation))
			items[n_items++] = g.items[i].generation;
	free(g.items);
	*ret = items;
	*ret_n = n_items;
	return 0;
}

int liteio_export_sweep(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			struct liteio_error *err)
{
	_cleanup_free_ uint64_t *remains = NULL;
	size_t i, n = 0;
	int r;

	r = liteio_export_remains(p, v, &remains, &n, err);
	for (i = 0; r == 0 && i < n; i++)
		r = sweep_one(v, remains[i], err);
	return r;
}
