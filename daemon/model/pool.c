// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * StoragePool: the tables.
 */
#include "model/pool.h"

#include "base/error.h"
#include "model/fields.h"
#include "model/volume.h"

#define T liteio_pool_spec
const struct liteio_field liteio_pool_spec_fields[] = {
	STRING("node", node, REQUIRED, LITEIO_NODE_NAME_MAX),
	STRING("pool", pool, REQUIRED, LITEIO_POOL_NAME_MAX),
	STRING("device", device, REQUIRED, 255),
	NUMBER("sizeBytes", size_bytes, 0, LITEIO_POOL_FILE_MIN, LITEIO_VOLUME_SIZE_MAX),
	BOOL("cordoned", cordoned, 0),
	NUMBER("overcommitPercent", overcommit_percent, 0, LITEIO_POOL_OVERCOMMIT_MIN,
	       LITEIO_POOL_OVERCOMMIT_MAX),
	NUMBER("linearBytes", linear_bytes, 0, 0, LITEIO_VOLUME_SIZE_MAX),
	NUMBER("reservedBytes", reserved_bytes, 0, 0, LITEIO_VOLUME_SIZE_MAX),
	END,
};

#undef T
#define T liteio_pool_status
const struct liteio_field liteio_pool_status_fields[] = {
	UUID("uuid", uuid, 0),
	NUMBER("dataBytes", data_bytes, KEEP, 0, 0),
	NUMBER("dataUsedBytes", data_used_bytes, KEEP, 0, 0),
	NUMBER("metadataBytes", metadata_bytes, KEEP, 0, 0),
	NUMBER("metadataUsedBytes", metadata_used_bytes, KEEP, 0, 0),
	NUMBER("provisionedBytes", provisioned_bytes, KEEP, 0, 0),
	NUMBER("volumes", volumes, KEEP, 0, 0),
	NUMBER("reservedBytes", reserved_bytes, KEEP, 0, 0),
	NUMBER("reservedFreeBytes", reserved_free_bytes, KEEP, 0, 0),
	NUMBER("linearBytes", linear_bytes, KEEP, 0, 0),
	NUMBER("linearFreeBytes", linear_free_bytes, KEEP, 0, 0),
	STRING("fill", fill, 0, 15),
	CONDITIONS,
	END,
};

#undef T

int liteio_storage_pool_parse(const struct liteio_json *j, struct liteio_storage_pool *ret,
			      struct liteio_error *err)
{
	const struct liteio_json *status = liteio_json_get(j, "status");
	struct liteio_storage_pool p = { 0 };
	int r;

	r = liteio_meta_parse(j, LITEIO_POOL_FINALIZER, &p.meta, err);
	if (!r)
		r = liteio_json_decode(liteio_json_get(j, "spec"), liteio_pool_spec_fields, 0,
				       &p.spec, err);
	if (!r && status)
		r = liteio_json_decode(status, liteio_pool_status_fields, 0, &p.status, err);
	if (r) {
		r = liteio_error_wrap(err, r, "storage pool %s", p.meta.name ? p.meta.name : "?");
		liteio_storage_pool_fini(&p);
		return r;
	}
	if (!p.spec.overcommit_percent)
		p.spec.overcommit_percent = LITEIO_POOL_OVERCOMMIT_DEFAULT;
	*ret = p;
	return 0;
}

void liteio_storage_pool_fini(struct liteio_storage_pool *p)
{
	liteio_meta_fini(&p->meta);
	liteio_json_fini(&p->spec, liteio_pool_spec_fields);
	liteio_json_fini(&p->status, liteio_pool_status_fields);
}
