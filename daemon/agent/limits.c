// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits of volumes: from the catalog into the kernel, and what the kernel makes of them.
 */
#include "agent/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/gate.h"
#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/head.h"
#include "host/netlink.h"
#include "model/local.h"

struct liteio_catalog_limits liteio_limits_to_catalog(const struct liteio_limits *l)
{
	return (struct liteio_catalog_limits){
		.read_iops = l->read_iops,
		.write_iops = l->write_iops,
		.read_bps = l->read_bps,
		.write_bps = l->write_bps,
		.burst_ms = (uint32_t)l->burst_ms,
	};
}

struct liteio_limits liteio_limits_of_catalog(const struct liteio_catalog_limits *l)
{
	return (struct liteio_limits){
		.read_iops = l->read_iops,
		.write_iops = l->write_iops,
		.read_bps = l->read_bps,
		.write_bps = l->write_bps,
		.burst_ms = l->burst_ms,
	};
}

struct liteio_limits liteio_limits_of_kernel(const struct liteio_netlink_volume *v)
{
	return (struct liteio_limits){
		.read_iops = v->qos.riops,
		.write_iops = v->qos.wiops,
		.read_bps = v->qos.rbps,
		.write_bps = v->qos.wbps,
		.burst_ms = v->qos.burst_ms,
	};
}

static struct liteio_throttle throttle_of(const struct liteio_netlink_throttle *t)
{
	return (struct liteio_throttle){
		.queued = t->queued,
		.throttled = t->throttled,
		.iops_ns = t->iops_ns,
		.bps_ns = t->bps_ns,
	};
}

struct liteio_over_limit liteio_over_limit_of_kernel(const struct liteio_netlink_volume *v)
{
	return (struct liteio_over_limit){
		.read = throttle_of(&v->throttle[LITEIO_CLASS_READ]),
		.write = throttle_of(&v->throttle[LITEIO_CLASS_WRITE]),
	};
}

/* ---- into the kernel ------------------------------------------------------------------------ */

static bool same(const struct liteio_catalog_limits *a, const struct liteio_catalog_limits *b)
{
	const struct liteio_limits x = liteio_limits_of_catalog(a);
	const struct liteio_limits y = liteio_limits_of_catalog(b);

	return liteio_limits_equal(&x, &y);
}

int liteio_limits_hold(struct liteio_netlink *nl, struct liteio_open_pool *p,
		       const struct liteio_uuid *uuid, struct liteio_error *err)
{
	struct liteio_catalog_volume said, now;
	int r;

	if (liteio_pool_volume_get(p->engine, uuid, &now) < 0)
		return 0;
	/* changed while we told the kernel: whoever did it may have told it before us */
	do {
		const struct liteio_netlink_qos qos = {
			.riops = now.limits.read_iops,
			.wiops = now.limits.write_iops,
			.rbps = now.limits.read_bps,
			.wbps = now.limits.write_bps,
			.burst_ms = now.limits.burst_ms,
		};

		said = now;
		r = liteio_netlink_vol_limit(nl, uuid, &qos, err);
		if (r == -EOPNOTSUPP)
			return 0;
		if (r || liteio_pool_volume_get(p->engine, uuid, &now) < 0)
			return r;
	} while (!same(&said.limits, &now.limits));
	return 0;
}

int liteio_limits_enforce(struct liteio_target *t, struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	int r;

	r = liteio_gate_open(&nl, err);
	if (r || !nl)
		return r;
	r = liteio_gate_volume(nl, &t->volume.uuid, t->volume.name, t->volume.floor, err);
	return r ? r : liteio_limits_hold(nl, t->pool, &t->volume.uuid, err);
}

/* ---- what the kernel makes of them ---------------------------------------------------------- */

static int compare_uuid(const void *a, const void *b)
{
	const struct liteio_netlink_volume *x = a, *y = b;

	return memcmp(x->uuid.b, y->uuid.b, sizeof(x->uuid.b));
}

static int read_volumes(struct liteio_netlink *nl, const struct liteio_uuid *one,
			struct liteio_limits_view *v, struct liteio_error *err)
{
	int r;

	if (!one) {
		r = liteio_netlink_vol_list(nl, &v->volumes, &v->n, err);
		if (r == 0 && v->n > 1)
			qsort(v->volumes, v->n, sizeof(*v->volumes), compare_uuid);
		return r;
	}
	v->volumes = liteio_calloc(1, sizeof(*v->volumes));
	r = liteio_netlink_vol_get(nl, one, v->volumes, err);
	v->n = r == 0;
	return r == -ENOENT ? 0 : r;
}

static void view_init(struct liteio_limits_view *v, const struct liteio_uuid *one)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_netlink_info info;
	int r;

	v->is_read = true;
	r = liteio_gate_open(&nl, &err);
	if (r == 0 && !nl) {
		v->missing = liteio_strdup("the module liteio is not loaded");
		return;
	}
	if (r == 0)
		r = liteio_netlink_info_get(nl, &info, &err);
	if (r == 0 && !(info.features & LITEIO_FEATURE_QOS)) {
		v->missing = liteio_strf("version %s of the module has no limits", info.module);
		return;
	}
	if (r == 0)
		r = read_volumes(nl, one, v, &err);
	if (r == 0)
		r = liteio_head_list(&v->heads, &v->n_heads, &err);
	if (r)
		v->missing = liteio_strf("what holds is not known: %s", liteio_error_str(&err, r));
}

void liteio_limits_view_fini(struct liteio_limits_view *v)
{
	free(v->missing);
	free(v->volumes);
	free(v->heads);
	*v = (struct liteio_limits_view){ 0 };
}

/* generation of a head of the volume that has no gate, or 0 */
static uint64_t plain_head(const struct liteio_limits_view *v, const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < v->n_heads; i++) {
		const struct liteio_head *h = &v->heads[i].head;

		if (!h->remote && !h->gate && liteio_uuid_equal(&h->uuid, uuid))
			return h->generation;
	}
	return 0;
}

/* why the limits of a volume do not hold, in new memory; NULL when they do */
static char *why_not(const struct liteio_limits_view *v, const struct liteio_local_volume *item,
		     const struct liteio_netlink_volume *known)
{
	struct liteio_limits held;
	uint64_t generation;

	if (v->missing)
		return liteio_strdup(v->missing);
	if (!known)
		return liteio_strdup("the module does not know the volume: it was loaded without the agent");
	held = liteio_limits_of_kernel(known);
	if (!liteio_limits_equal(&held, &item->limits))
		return liteio_strdup("the module holds other limits");
	generation = plain_head(v, &item->uuid);
	if (generation)
		return liteio_strf("generation %" PRIu64
				   " has no gate: it was attached before the module was loaded",
				   generation);
	return NULL;
}

static void look(struct liteio_limits_view *v, const struct liteio_uuid *one,
		 struct liteio_local_volume *item)
{
	const struct liteio_netlink_volume key = { .uuid = item->uuid }, *known;

	if (!v->is_read)
		view_init(v, one);
	known = v->n ? bsearch(&key, v->volumes, v->n, sizeof(key), compare_uuid) : NULL;
	if (known)
		item->over_limit = liteio_over_limit_of_kernel(known);
	item->limits_not_in_force = why_not(v, item, known);
}

void liteio_limits_view_look(struct liteio_limits_view *v, struct liteio_local_volume *item)
{
	/* nothing holds it up, and nobody has to ask the kernel */
	if (liteio_limits_any(&item->limits))
		look(v, NULL, item);
}

void liteio_limits_look(struct liteio_local_volume *item)
{
	struct liteio_limits_view v _cleanup_(liteio_limits_view_fini) = { 0 };

	if (liteio_limits_any(&item->limits))
		look(&v, &item->uuid, item);
}
