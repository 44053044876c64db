// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pool that a request is about.
 */
#include <errno.h>
#include <string.h>

#include "agent/about.h"
#include "agent/agent.h"
#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "model/local.h"

/* which name of a volume or snapshot leads to the pool, where none is said */
static const struct {
	const char *path;
	enum liteio_catalog_kind kind;
	const char *key;
} leads[] = {
	{ "/v1/volumes", LITEIO_CATALOG_VOLUME, NULL },
	{ "/v1/snapshots", LITEIO_CATALOG_SNAPSHOT, "snapshot" },
	{ "/v1/snapshots", LITEIO_CATALOG_VOLUME, "volume" },
	{ "/v1/exports", LITEIO_CATALOG_VOLUME, "volume" },
};

static int find_by_uuid(const struct liteio_call *call, const struct liteio_route *route,
			struct liteio_target *ret)
{
	const struct liteio_uuid *said = liteio_about_uuid(call, route, "uuid");
	struct liteio_uuid uuid;

	if (!call->params[0][0])
		return said ? liteio_target_find_uuid(call->agent, said, ret, NULL) : -ENOENT;
	if (liteio_uuid_parse(call->params[0], &uuid))
		return -ENOENT;
	return liteio_target_find_uuid(call->agent, &uuid, ret, NULL);
}

/* a group may be of several: it counts as one of the first */
static int find_first(const struct liteio_call *call, struct liteio_target *ret)
{
	const struct liteio_local_snapshot_group *g = call->req;

	if (!g || !g->n_snapshots || !g->snapshots[0].volume)
		return -ENOENT;
	return liteio_target_find(call->agent, LITEIO_CATALOG_VOLUME, g->snapshots[0].volume, ret,
				  NULL);
}

static int find(const struct liteio_call *call, const struct liteio_route *route,
		struct liteio_target *ret)
{
	const char *pool = liteio_about_pool_name(call, route);

	if (pool) {
		ret->agent = call->agent;
		return liteio_pools_get(call->agent->pools, pool, &ret->pool, NULL);
	}
	if (!strncmp(route->path, "/v1/attachments", 15) ||
	    !strcmp(route->path, "/v1/module/fence"))
		return find_by_uuid(call, route, ret);
	if (!strcmp(route->path, "/v1/snapshot-groups"))
		return find_first(call, ret);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(leads); i++) {
		const char *name = call->params[0];

		if (strncmp(route->path, leads[i].path, strlen(leads[i].path)) != 0)
			continue;
		if (!name[0])
			name = leads[i].key ? liteio_about_text(call, route, leads[i].key) : NULL;
		if (name && !liteio_target_find(call->agent, leads[i].kind, name, ret, NULL))
			return 0;
	}
	return -ENOENT;
}

/* of what was found: that which is named, not what that is made of, or is in */
static bool is_named(const struct liteio_call *call, const struct liteio_route *route,
		     const struct liteio_catalog_volume *v)
{
	enum liteio_catalog_kind kind = strncmp(route->path, "/v1/snapshots", 13) ?
						LITEIO_CATALOG_VOLUME :
						LITEIO_CATALOG_SNAPSHOT;
	const char *name = liteio_about_object(call, route);
	struct liteio_uuid uuid;

	if (!name || liteio_uuid_is_null(&v->uuid) || v->kind != kind)
		return false;
	return !strcmp(name, v->name) ||
	       (!liteio_uuid_parse(name, &uuid) && liteio_uuid_equal(&uuid, &v->uuid));
}

void liteio_about_pool(const struct liteio_call *call, const struct liteio_route *route,
		       struct liteio_about *ret)
{
	LITEIO_TARGET(t);

	*ret = (struct liteio_about){ 0 };
	if (!liteio_about_change(route) || !call->agent->ready || find(call, route, &t))
		return;
	ret->uuid = t.pool->uuid;
	memcpy(ret->name, t.pool->name, sizeof(ret->name));
	ret->busy_ms = liteio_pools_busy_ms(t.pool);
	if (is_named(call, route, &t.volume))
		ret->object = t.volume.uuid;
}
