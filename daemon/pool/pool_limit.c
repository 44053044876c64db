// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits: on the disk before the kernel holds them.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "pool/object.h"

static bool same(const struct liteio_catalog_limits *a, const struct liteio_catalog_limits *b)
{
	return a->read_iops == b->read_iops && a->write_iops == b->write_iops &&
	       a->read_bps == b->read_bps && a->write_bps == b->write_bps &&
	       a->burst_ms == b->burst_ms;
}

int liteio_pool_volume_limit(struct liteio_pool *p, const struct liteio_uuid *uuid,
			     const struct liteio_catalog_limits *limits, struct liteio_error *err)
{
	const struct liteio_catalog_volume *v = liteio_catalog_find(&p->cat, uuid);
	char text[LITEIO_UUID_STRLEN + 1];
	struct liteio_catalog draft;
	int r;

	if (!v || v->kind != LITEIO_CATALOG_VOLUME || v->state != LITEIO_CATALOG_READY) {
		liteio_uuid_format(uuid, text);
		return liteio_error_set(err, -ENOENT, "pool %s has no volume %s",
					p->store.label.pool_name, text);
	}
	if (same(&v->limits, limits))
		return 0;
	r = liteio_pool_check_writable(p, err);
	if (r)
		return r;
	liteio_pool_draft(p, &draft);
	liteio_catalog_edit(&draft, uuid)->limits = *limits;
	r = liteio_pool_persist(p, &draft, err);
	if (!r)
		liteio_step("volume-limit:catalog");
	return r;
}
