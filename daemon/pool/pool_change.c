// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be changed about a volume without touching its data: one write of the catalog each.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "host/block.h"
#include "pool/object.h"

int liteio_pool_volume_rename(struct liteio_pool *p, const struct liteio_uuid *uuid,
			      const char *name, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);
	struct liteio_catalog_volume *renamed;
	struct liteio_catalog draft;
	int r;

	if (!v || v->state != LITEIO_CATALOG_READY)
		return liteio_pool_no_volume(p, uuid, err);
	r = liteio_name_check("volume", name, err);
	if (r || !strcmp(v->name, name))
		return r;
	if (liteio_catalog_find_name(&p->cat, v->kind, name))
		return liteio_error_set(err, -EEXIST, "%s %s exists",
					v->kind == LITEIO_CATALOG_VOLUME ? "volume" : "snapshot",
					name);
	liteio_pool_draft(p, &draft);
	renamed = liteio_catalog_edit(&draft, uuid);
	memset(renamed->name, 0, sizeof(renamed->name));
	snprintf(renamed->name, sizeof(renamed->name), "%s", name);
	r = liteio_pool_persist(p, &draft, err);
	if (!r)
		liteio_step("volume-rename:catalog");
	return r;
}

int liteio_pool_check_discards(struct liteio_pool *p, enum liteio_catalog_wipe wipe,
			       struct liteio_error *err)
{
	struct liteio_block_info info;
	char device[sizeof(info.path)];
	int r = 0;

	if (wipe != LITEIO_CATALOG_WIPE_DISCARD)
		return 0;
	for (uint32_t i = 0; i < p->store.label.n_devices && !r; i++) {
		liteio_pool_device(p, i, device);
		r = liteio_block_info(device, &info, err);
		if (!r && !info.discard)
			r = liteio_error_set(err, -EOPNOTSUPP,
					     "pool %s: its disk takes no discards, nothing is wiped that way",
					     p->store.label.pool_name);
	}
	return r;
}

bool liteio_pool_keeps(const struct liteio_catalog_volume *v)
{
	return v->wipe == LITEIO_CATALOG_WIPE_ZERO && v->vclass != LITEIO_CATALOG_LINEAR;
}

int liteio_pool_check_source(const struct liteio_catalog_volume *source, struct liteio_error *err)
{
	if (source->wipe != LITEIO_CATALOG_WIPE_ZERO)
		return 0;
	return liteio_error_set(err, -EOPNOTSUPP,
				"volume %s will be wiped with zeros: what a snapshot has shared could not be, so there are none of it",
				source->name);
}

int liteio_pool_volume_wipe(struct liteio_pool *p, const struct liteio_uuid *uuid,
			    enum liteio_catalog_wipe wipe, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);
	struct liteio_catalog draft;
	int r;

	if (!v || v->state != LITEIO_CATALOG_READY)
		return liteio_pool_no_volume(p, uuid, err);
	if (wipe <= v->wipe)
		return 0;
	if (wipe == LITEIO_CATALOG_WIPE_ZERO && v->vclass != LITEIO_CATALOG_LINEAR)
		return liteio_error_set(err, -EOPNOTSUPP,
					"volume %s may have had snapshots: only one that was made to be wiped with zeros can be",
					v->name);
	r = liteio_pool_check_discards(p, wipe, err);
	if (r)
		return r;
	liteio_pool_draft(p, &draft);
	liteio_catalog_edit(&draft, uuid)->wipe = wipe;
	r = liteio_pool_persist(p, &draft, err);
	if (!r)
		liteio_step("volume-wipe:catalog");
	return r;
}
