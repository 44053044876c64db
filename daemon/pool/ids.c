// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Thin ids of records against those of devices. Pure.
 */
#include "pool/ids.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"

static int compare_ids(const void *a, const void *b)
{
	const struct liteio_catalog_volume *const *x = a, *const *y = b;

	return (*x)->thin_id < (*y)->thin_id ? -1 : (*x)->thin_id > (*y)->thin_id;
}

static void add_stray(bool is_reserve, bool is_foreign, const struct liteio_thin_device *d,
		      struct liteio_pool_ids *ret)
{
	if (ret->n_strays == LITEIO_POOL_IDS_MAX)
		return;
	ret->strays[ret->n_strays++] = (struct liteio_pool_stray){
		.id = d->id,
		.is_reserve = is_reserve,
		.is_foreign = is_foreign,
		.mapped = d->mapped,
	};
}

/* the device of a record: one that is unmade has none */
static void meet(bool is_reserve, const struct liteio_catalog_volume *v,
		 const struct liteio_thin_device *d, struct liteio_pool_ids *ret)
{
	if (v->is_unmade && !v->txid)
		add_stray(is_reserve, true, d, ret);
}

static void add_lost(const struct liteio_catalog_volume *v, struct liteio_pool_ids *ret)
{
	if (v->state != LITEIO_CATALOG_READY || v->txid || v->is_unmade ||
	    ret->n_lost == LITEIO_POOL_IDS_MAX)
		return;
	ret->lost[ret->n_lost++] = (struct liteio_pool_lost){ .uuid = v->uuid, .id = v->thin_id };
}

void liteio_pool_ids_compare(const struct liteio_catalog *c, bool is_reserve,
			     const struct liteio_thin_device *devices, size_t n,
			     struct liteio_pool_ids *ret)
{
	const struct liteio_catalog_volume **records _cleanup_free_ =
		liteio_calloc(c->n_volumes + 1, sizeof(*records));
	const enum liteio_catalog_class vclass =
		is_reserve ? LITEIO_CATALOG_RESERVED : LITEIO_CATALOG_THIN;
	size_t n_records = 0, d = 0;

	for (size_t i = 0; i < c->n_volumes; i++) {
		if (c->volumes[i]->vclass == vclass)
			records[n_records++] = c->volumes[i];
	}
	qsort(records, n_records, sizeof(*records), compare_ids);
	for (size_t i = 0; i < n_records; i++) {
		const uint32_t id = records[i]->thin_id;

		for (; d < n && devices[d].id < id; d++)
			add_stray(is_reserve, devices[d].id >= c->next_thin_id, &devices[d], ret);
		if (d < n && devices[d].id == id)
			meet(is_reserve, records[i], &devices[d++], ret);
		else
			add_lost(records[i], ret);
	}
	for (; d < n; d++)
		add_stray(is_reserve, devices[d].id >= c->next_thin_id, &devices[d], ret);
}
