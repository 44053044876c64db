// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshot: the tables.
 */
#include "model/snapshot.h"

#include "base/error.h"
#include "base/str.h"
#include "model/fields.h"

#define T liteio_snapshot_spec
const struct liteio_field liteio_snapshot_spec_fields[] = {
	STRING("volume", volume, REQUIRED, LITEIO_OBJECT_NAME_MAX),
	OBJECT("placement", placement, liteio_placement_fields),
	END,
};

#undef T
#define T liteio_snapshot_status
const struct liteio_field liteio_snapshot_status_fields[] = {
	BOOL("ready", ready, 0),
	NUMBER("sizeBytes", size_bytes, 0, 0, LITEIO_VOLUME_SIZE_MAX),
	STRING("createdAt", created_at, 0, 63),
	CONDITIONS,
	END,
};

#undef T

int liteio_snapshot_parse(const struct liteio_json *j, struct liteio_snapshot *ret,
			  struct liteio_error *err)
{
	const struct liteio_json *status = liteio_json_get(j, "status");
	struct liteio_snapshot s = { 0 };
	int r;

	r = liteio_meta_parse(j, LITEIO_SNAPSHOT_FINALIZER, &s.meta, err);
	if (!r)
		r = liteio_json_decode(liteio_json_get(j, "spec"), liteio_snapshot_spec_fields, 0,
				       &s.spec, err);
	if (!r && status)
		r = liteio_json_decode(status, liteio_snapshot_status_fields, 0, &s.status, err);
	if (r) {
		r = liteio_error_wrap(err, r, "snapshot %s", s.meta.name ? s.meta.name : "?");
		liteio_snapshot_fini(&s);
		return r;
	}
	*ret = s;
	return 0;
}

void liteio_snapshot_fini(struct liteio_snapshot *s)
{
	liteio_meta_fini(&s->meta);
	liteio_json_fini(&s->spec, liteio_snapshot_spec_fields);
	liteio_json_fini(&s->status, liteio_snapshot_status_fields);
}
