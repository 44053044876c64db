// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floors, ended generations and limits of a pool into the module's registry, which is empty after a
 * boot, and has them all when only the agent was restarted.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/gate.h"
#include "agent/limits.h"
#include "agent/pools.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/uuid.h"
#include "host/netlink.h"
#include "model/limits.h"

/**
 * struct registry - the module's, as it was before the floors of a pool were told
 * @volumes: sorted by uuid
 * @n: how many
 */
struct registry {
	struct liteio_netlink_volume *volumes;
	size_t n;
};

static int compare_uuid(const void *a, const void *b)
{
	const struct liteio_netlink_volume *x = a, *y = b;

	return memcmp(x->uuid.b, y->uuid.b, sizeof(x->uuid.b));
}

/* one that can not be read is taken for empty: all is told then */
static void registry_read(struct liteio_netlink *nl, struct registry *ret)
{
	if (liteio_netlink_vol_list(nl, &ret->volumes, &ret->n, NULL))
		*ret = (struct registry){ 0 };
	if (ret->n)
		qsort(ret->volumes, ret->n, sizeof(*ret->volumes), compare_uuid);
}

static const struct liteio_netlink_volume *find(const struct registry *r,
						const struct liteio_uuid *uuid)
{
	const struct liteio_netlink_volume key = { .uuid = *uuid };

	return r->n ? bsearch(&key, r->volumes, r->n, sizeof(key), compare_uuid) : NULL;
}

/* floors only grow, so one that was there is not less by now */
static bool is_told(const struct registry *r, const struct liteio_catalog_volume *v)
{
	const struct liteio_netlink_volume *there = find(r, &v->uuid);

	return there && there->floor >= v->floor && !strcmp(there->name, v->name);
}

static int floors_of_volume(struct liteio_netlink *nl, struct liteio_open_pool *p,
			    const struct registry *registry,
			    const struct liteio_catalog_volume *v, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	struct liteio_netlink_fence fence;
	size_t i, n = 0;
	int r = 0;

	if (!is_told(registry, v))
		r = liteio_gate_volume(nl, &v->uuid, v->name, v->floor, err);
	liteio_pool_attachment_list(p->engine, &v->uuid, &atts, &n);
	for (i = 0; r == 0 && i < n; i++)
		if (atts[i].state == LITEIO_CATALOG_ATT_FENCED)
			r = liteio_netlink_fence(nl, &v->uuid, 0, atts[i].generation, 0, &fence,
						 err);
	return r;
}

/*
 * Not worth to end anything for: an attachment tries again. One that had none, and has none, is not
 * told so: whoever limits it meanwhile tells the kernel.
 */
static void limits_of_volume(struct liteio_netlink *nl, struct liteio_open_pool *p,
			     const struct registry *registry,
			     const struct liteio_catalog_volume *v)
{
	const struct liteio_netlink_volume *there = find(registry, &v->uuid);
	const struct liteio_limits wanted = liteio_limits_of_catalog(&v->limits);
	struct liteio_limits held = { 0 };
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r;

	if (there)
		held = liteio_limits_of_kernel(there);
	if (!liteio_limits_any(&wanted) && !liteio_limits_any(&held))
		return;
	r = liteio_limits_hold(nl, p, &v->uuid, &err);
	if (r)
		log_warning(NULL, "volume %s: its limits do not hold: %s", v->name,
			    liteio_error_str(&err, r));
}

int liteio_restore_floors(struct liteio_agent *a, struct liteio_open_pool *p,
			  struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	_cleanup_free_ struct liteio_catalog_volume *v = NULL;
	struct registry registry = { 0 };
	size_t i, n = 0;
	int r;

	r = liteio_gate_open(&nl, err);
	if (r || !nl)
		return r;
	registry_read(nl, &registry);
	/* after the registry: what is changed in the catalog meanwhile is told by who does it */
	liteio_pool_volume_list(p->engine, &v, &n);
	for (i = 0; r == 0 && i < n; i++)
		if (v[i].kind == LITEIO_CATALOG_VOLUME && v[i].state == LITEIO_CATALOG_READY)
			r = floors_of_volume(nl, p, &registry, &v[i], err);
	for (i = 0; r == 0 && i < n; i++)
		if (v[i].kind == LITEIO_CATALOG_VOLUME && v[i].state == LITEIO_CATALOG_READY)
			limits_of_volume(nl, p, &registry, &v[i]);
	free(registry.volumes);
	return r;
}
