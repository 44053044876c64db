// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device of a linear volume.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/dm.h"
#include "pool/linear.h"
#include "pool/pool.h"

#define SECTOR 512u

static void device_name(const struct liteio_uuid *uuid, char out[LITEIO_DM_NAME_MAX + 1])
{
	liteio_dm_name(LITEIO_DM_LINEAR, uuid, 0, out);
}

int liteio_linear_activate(const struct liteio_uuid *uuid, dev_t dev,
			   const struct liteio_catalog_extent *e, size_t n,
			   struct liteio_pool_thin *ret, struct liteio_error *err)
{
	struct liteio_dm_target *t _cleanup_free_ = liteio_calloc(n, sizeof(*t));
	char name[LITEIO_DM_NAME_MAX + 1], dm_uuid[LITEIO_DM_NAME_MAX + 1];
	uint64_t size = 0;
	struct liteio_dm_info i;
	int r;

	for (size_t k = 0; k < n; k++) {
		t[k].start = size / SECTOR;
		t[k].sectors = e[k].length / SECTOR;
		snprintf(t[k].type, sizeof(t[k].type), "linear");
		snprintf(t[k].params, sizeof(t[k].params), "%u:%u %llu", major(dev), minor(dev),
			 (unsigned long long)(e[k].start / SECTOR));
		size += e[k].length;
	}
	device_name(uuid, name);
	liteio_dm_uuid(LITEIO_DM_LINEAR, uuid, 0, dm_uuid);
	r = liteio_dm_ensure(name, dm_uuid, t, n, LITEIO_DM_INNER, &i, err);
	if (r || !ret)
		return r;
	ret->dev = makedev(i.major, i.minor);
	liteio_dm_path(&i, ret->path);
	ret->size_bytes = size;
	ret->is_read_only = false;
	return 0;
}

int liteio_linear_deactivate(const struct liteio_uuid *uuid, struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1];
	struct liteio_dm_info i;
	int r;

	device_name(uuid, name);
	r = liteio_dm_info(name, &i, err);
	if (r)
		return r == -ENODEV ? 0 : r;
	return liteio_dm_remove_bare(name, &i, err);
}

bool liteio_linear_is_active(const struct liteio_uuid *uuid)
{
	char name[LITEIO_DM_NAME_MAX + 1];
	struct liteio_dm_info i;

	device_name(uuid, name);
	return !liteio_dm_info(name, &i, NULL) && i.live_table;
}

int liteio_linear_resume(const struct liteio_uuid *uuid, struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1];
	struct liteio_dm_info i;

	device_name(uuid, name);
	if (liteio_dm_info(name, &i, NULL) || !i.suspended || !i.live_table)
		return 0;
	return liteio_dm_resume(name, LITEIO_DM_INNER, err);
}
