// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on the module's registry, as the kernel has it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/gate.h"
#include "agent/limits.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/walk.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/netlink.h"

static char *text_or_null(const char *s)
{
	return *s ? liteio_strdup(s) : NULL;
}

/* ---- volumes -------------------------------------------------------------------------------- */

/* which pool has which volume, by uuid */
struct owner {
	struct liteio_uuid uuid;
	char pool[LITEIO_ONDISK_NAME];
};

struct owners {
	struct owner *items;
	size_t n;
};

static int add_owner(void *arg, struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
		     struct liteio_error *err)
{
	struct owners *all = arg;

	all->items = liteio_realloc(all->items, all->n + 1, sizeof(*all->items));
	all->items[all->n].uuid = v->uuid;
	snprintf(all->items[all->n++].pool, sizeof(all->items->pool), "%s", p->name);
	return 0;
}

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return memcmp(x->uuid.b, y->uuid.b, sizeof(x->uuid.b));
}

static void owners_fini(struct owners *all)
{
	free(all->items);
}

static void owners_init(struct liteio_agent *a, struct owners *ret)
{
	liteio_walk(a->pools, LITEIO_CATALOG_VOLUME, add_owner, ret, NULL);
	if (ret->n > 1)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_owners);
}

static void fill_volume(const struct owners *all, const struct liteio_netlink_volume *from,
			struct liteio_local_module_volume *to)
{
	const struct owner key = { .uuid = from->uuid };
	const struct owner *owner =
		all->n ? bsearch(&key, all->items, all->n, sizeof(key), compare_owners) : NULL;

	to->uuid = from->uuid;
	to->name = text_or_null(from->name);
	to->pool = owner ? liteio_strdup(owner->pool) : NULL;
	to->floor = from->floor;
	to->barred = from->barred;
	to->attachments = from->attachments;
	to->limits = liteio_limits_of_kernel(from);
	to->over_limit = liteio_over_limit_of_kernel(from);
}

int liteio_op_module_volume_list(struct liteio_agent *a,
				 struct liteio_local_module_volume_list *ret,
				 struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	_cleanup_free_ struct liteio_netlink_volume *v = NULL;
	struct owners all _cleanup_(owners_fini) = { 0 };
	size_t n = 0;
	int r;

	r = liteio_gate_need(&nl, err);
	if (r == 0)
		r = liteio_netlink_vol_list(nl, &v, &n, err);
	if (r)
		return r;
	owners_init(a, &all);
	ret->items = liteio_calloc(n + 1, sizeof(*ret->items));
	for (; ret->n_items < n; ret->n_items++)
		fill_volume(&all, &v[ret->n_items], &ret->items[ret->n_items]);
	return 0;
}

int liteio_op_module_volume_show(struct liteio_agent *a, const struct liteio_uuid *uuid,
				 struct liteio_local_module_volume *ret, struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	struct owners all _cleanup_(owners_fini) = { 0 };
	struct liteio_netlink_volume v;
	int r;

	r = liteio_gate_need(&nl, err);
	if (r == 0)
		r = liteio_netlink_vol_get(nl, uuid, &v, err);
	if (r)
		return r;
	owners_init(a, &all);
	fill_volume(&all, &v, ret);
	return 0;
}

/* ---- attachments ---------------------------------------------------------------------------- */

static const char *state_name(uint32_t state)
{
	static const char *const names[] = {
		[LITEIO_ATT_NEW] = "new",
		[LITEIO_ATT_OPEN] = "open",
		[LITEIO_ATT_DRAINING] = "draining",
		[LITEIO_ATT_FENCED] = "fenced",
	};

	return state < LITEIO_ARRAY_SIZE(names) ? names[state] : "unknown";
}

static void fill_attachment(const struct liteio_netlink_att *from,
			    struct liteio_local_module_attachment *to)
{
	to->uuid = from->uuid;
	to->generation = from->generation;
	to->state = liteio_strdup(state_name(from->state));
	to->read_only = from->flags & LITEIO_ATT_RO;
	to->host = text_or_null(from->host);
	to->inflight = from->inflight;
	to->rejected = from->rejected;
	to->queued = from->queued;
	to->throttled = from->throttled;
	if (from->tracking) {
		to->dirty.tracking = liteio_strf("%016" PRIx64, from->tracking);
		to->dirty.chunk_bytes = 1ull << (from->chunk_shift & 63);
		to->dirty.chunks = from->chunks;
		to->dirty.remaining = from->remaining;
	}
	if (from->bound)
		to->device = liteio_strf("%u:%u", from->major, from->minor);
}

int liteio_op_module_attachment_list(struct liteio_agent *a,
				     struct liteio_local_module_attachment_list *ret,
				     struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	_cleanup_free_ struct liteio_netlink_att *atts = NULL;
	size_t n = 0;
	int r;

	r = liteio_gate_need(&nl, err);
	if (r == 0)
		r = liteio_netlink_att_list(nl, NULL, &atts, &n, err);
	if (r)
		return r;
	ret->items = liteio_calloc(n + 1, sizeof(*ret->items));
	for (; ret->n_items < n; ret->n_items++)
		fill_attachment(&atts[ret->n_items], &ret->items[ret->n_items]);
	return 0;
}

/* ---- break glass ---------------------------------------------------------------------------- */

/* only the gates of this kernel: nothing remembers it but the kernel */
static int fence_kernel(const struct liteio_local_module_fence *req,
			struct liteio_local_module_fenced *ret, struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	struct liteio_netlink_fence f;
	int r;

	r = liteio_gate_need(&nl, err);
	if (r == 0)
		r = liteio_gate_fence_only(nl, &req->uuid, req->floor, req->generation,
					   req->timeout_ms, &f, err);
	if (r)
		return r;
	ret->floor = f.floor;
	ret->drained = f.drained;
	ret->inflight = f.inflight;
	ret->waited_ms = f.waited_ns / 1000000;
	ret->note = text_or_null(f.note);
	return 0;
}

/* whoever is told that it lasts no longer than this kernel is told why, too */
static char *say_why(const char *why, char *note)
{
	char *said = liteio_strf("it is not written down (%s): only this kernel keeps it, until the node starts again%s%s",
				 why, note ? "; " : "", note ? note : "");

	free(note);
	return said;
}

static int fence_pool(struct liteio_agent *a, const struct liteio_local_module_fence *req,
		      struct liteio_local_module_fenced *ret, struct liteio_error *err)
{
	const struct liteio_local_fence fence = {
		.floor = req->floor,
		.generation = req->generation,
		.timeout_ms = req->timeout_ms,
	};
	struct liteio_local_fenced fenced = { 0 };
	int r = liteio_op_volume_fence_uuid(a, &req->uuid, &fence, &fenced, &ret->pool, err);

	if (r)
		return r;
	ret->persisted = true;
	ret->floor = fenced.floor;
	ret->drained = fenced.drained;
	ret->inflight = fenced.inflight;
	ret->waited_ms = fenced.waited_ms;
	ret->note = fenced.note;
	return 0;
}

/*
 * A pool that is out of the table may be put back at any time, and another one come in. When the
 * kernel has been told first, whoever brings it in finds that there and writes it down
 * (liteio_restore_floors()). Else it is in the table by now, and is asked again
 */
int liteio_op_module_fence(struct liteio_agent *a, const struct liteio_local_module_fence *req,
			   struct liteio_local_module_fenced *ret, struct liteio_error *err)
{
	struct liteio_error why = LITEIO_ERROR_INIT;
	uint64_t changes;
	int r;

	if (!req->floor == !req->generation)
		return liteio_error_set(err, -EINVAL,
					"exactly one of floor and generation is needed");
	do {
		free(take_ptr(ret->note));
		changes = liteio_pools_changes(a->pools);
		r = fence_pool(a, req, ret, &why);
		if (r != -ENOENT)
			return r ? liteio_error_set(err, r, "%s", liteio_error_str(&why, r)) : 0;
		r = fence_kernel(req, ret, err);
		if (r)
			return r;
	} while (liteio_pools_changes(a->pools) != changes);
	ret->note = say_why(liteio_error_str(&why, -ENOENT), ret->note);
	return 0;
}
