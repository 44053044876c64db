/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of exports.h a test's operations are linked with and do not come to.
 */
#ifndef LITEIO_TESTS_NO_EXPORTS_H
#define LITEIO_TESTS_NO_EXPORTS_H

#include <errno.h>

#include "agent/exports.h"

int liteio_export_remove(const struct liteio_uuid *uuid, uint64_t generation, bool drained,
			 bool *ret_removed, struct liteio_error *err)
{
	return -ENOSYS;
}

int liteio_export_sweep(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			uint64_t wait_ms, struct liteio_error *err)
{
	return -ENOSYS;
}

void liteio_export_remains(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			   const struct liteio_generations *in_kernel, uint64_t **ret,
			   size_t *ret_n)
{
}

void liteio_export_view_init(struct liteio_export_view *view, struct liteio_agent *a,
			     const struct liteio_uuid *uuid)
{
}

void liteio_export_view_fini(struct liteio_export_view *view)
{
}

#endif
