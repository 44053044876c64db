// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding a volume in the open pools of this node.
 */
#include <errno.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/locks.h"
#include "agent/pools.h"
#include "base/error.h"

/* how a target is looked up in one pool */
struct search {
	const struct liteio_uuid *uuid; /* or, when NULL: */
	enum liteio_catalog_kind kind;
	const char *name;
};

static int search_pool(const struct search *s, struct liteio_pool *engine,
		       struct liteio_catalog_volume *ret)
{
	if (s->uuid)
		return liteio_pool_volume_get(engine, s->uuid, ret);
	return liteio_pool_volume_find(engine, s->kind, s->name, ret);
}

/* the first pool that has it; its reference is kept */
static int search_all(struct liteio_agent *a, const struct search *s, struct liteio_target *ret)
{
	struct liteio_open_pool **all;
	size_t i, n;
	int r = -ENOENT;

	liteio_pools_all(a->pools, &all, &n);
	for (i = 0; i < n && r == -ENOENT; i++) {
		if (search_pool(s, all[i]->engine, &ret->volume) < 0)
			continue;
		ret->agent = a;
		ret->lock = NULL;
		ret->pool = all[i];
		all[i] = NULL;
		r = 0;
	}
	liteio_pools_put_all(a->pools, all, n);
	return r;
}

static const char *kind_name(enum liteio_catalog_kind kind)
{
	return kind == LITEIO_CATALOG_SNAPSHOT ? "snapshot" : "volume";
}

int liteio_target_find(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		       struct liteio_target *ret, struct liteio_error *err)
{
	const struct search s = { .kind = kind, .name = name };

	if (search_all(a, &s, ret) < 0)
		return liteio_error_set(err, -ENOENT, "%s %s: no such %s on this node",
					kind_name(kind), name, kind_name(kind));
	return 0;
}

int liteio_target_find_uuid(struct liteio_agent *a, const struct liteio_uuid *uuid,
			    struct liteio_target *ret, struct liteio_error *err)
{
	const struct search s = { .uuid = uuid };
	char text[LITEIO_UUID_STRLEN + 1];

	if (search_all(a, &s, ret) < 0) {
		liteio_uuid_format(uuid, text);
		return liteio_error_set(err, -ENOENT, "volume %s: not in a pool of this node",
					text);
	}
	return 0;
}

int liteio_target_open(struct liteio_agent *a, enum liteio_catalog_kind kind, const char *name,
		       struct liteio_target *ret, struct liteio_error *err)
{
	struct liteio_target t = { 0 };
	char text[LITEIO_UUID_STRLEN + 1];
	int r;

	r = liteio_target_find(a, kind, name, &t, err);
	if (r < 0)
		return r;
	liteio_uuid_format(&t.volume.uuid, text);
	t.lock = liteio_locks_take(a->locks, text);
	/* it may have gone while we waited */
	if (liteio_pool_volume_get(t.pool->engine, &t.volume.uuid, &t.volume) < 0) {
		liteio_target_fini(&t);
		return liteio_error_set(err, -ENOENT, "%s %s: no such %s on this node",
					kind_name(kind), name, kind_name(kind));
	}
	*ret = t;
	return 0;
}

void liteio_target_fini(struct liteio_target *t)
{
	if (!t->agent)
		return;
	liteio_locks_give(t->lock);
	liteio_pools_put(t->agent->pools, t->pool);
	memset(t, 0, sizeof(*t));
}
