// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bodies of requests about what becomes of volumes and snapshots.
 */
#include "ctl/body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/uuid.h"
#include "ctl/command.h"
#include "model/local.h"

#define ENCODE(req, noun) liteio_json_encode(&(req), liteio_local_##noun##_fields)

int liteio_body_uuid(const char *s, struct liteio_uuid *ret, struct liteio_error *err)
{
	if (s && liteio_uuid_parse(s, ret) < 0)
		return liteio_error_set(err, -EINVAL, "--uuid: \"%s\" is not a UUID", s);
	return 0;
}

int liteio_body_pair_check(const char *s, struct liteio_error *err)
{
	_cleanup_free_ char *copy = liteio_strdup(s);
	char *equals = strchr(copy, '=');
	int r;

	if (!equals)
		return liteio_error_set(err, -EINVAL, "\"%s\" is not VOLUME=SNAPSHOT", s);
	*equals = '\0';
	r = liteio_name_check("volume", copy, err);
	return r ? r : liteio_name_check("snapshot", equals + 1, err);
}

int liteio_body_volume_attach(char **op, const struct liteio_options *o, struct liteio_json **ret,
			      struct liteio_error *err)
{
	struct liteio_local_volume_attach req = { .read_only = o->read_only };

	*ret = ENCODE(req, volume_attach);
	return 0;
}

int liteio_body_rollback(char **op, const struct liteio_options *o, struct liteio_json **ret,
			 struct liteio_error *err)
{
	struct liteio_local_rollback req = { .snapshot = op[1] };

	*ret = ENCODE(req, rollback);
	return 0;
}

int liteio_body_rename(char **op, const struct liteio_options *o, struct liteio_json **ret,
		       struct liteio_error *err)
{
	struct liteio_local_rename req = { .name = op[1] };

	*ret = ENCODE(req, rename);
	return 0;
}

int liteio_body_clone(char **op, const struct liteio_options *o, struct liteio_json **ret,
		      struct liteio_error *err)
{
	struct liteio_local_clone req = {
		.name = op[1],
		.size_bytes = o->size,
		.wipe = o->wipe,
	};
	int r;

	r = liteio_body_uuid(o->uuid, &req.uuid, err);
	if (r < 0)
		return r;
	*ret = ENCODE(req, clone);
	return 0;
}

int liteio_body_snapshot_create(char **op, const struct liteio_options *o,
				struct liteio_json **ret, struct liteio_error *err)
{
	struct liteio_local_snapshot_create req = { .name = op[0], .volume = op[1] };
	int r;

	r = liteio_body_uuid(o->uuid, &req.uuid, err);
	if (r < 0)
		return r;
	*ret = ENCODE(req, snapshot_create);
	return 0;
}

int liteio_body_snapshot_copy(char **op, const struct liteio_options *o, struct liteio_json **ret,
			      struct liteio_error *err)
{
	struct liteio_local_snapshot_create req = { .name = op[1], .snapshot = op[0] };
	int r;

	r = liteio_body_uuid(o->uuid, &req.uuid, err);
	if (r < 0)
		return r;
	*ret = ENCODE(req, snapshot_create);
	return 0;
}

int liteio_body_snapshot_group(char **op, const struct liteio_options *o, struct liteio_json **ret,
			       struct liteio_error *err)
{
	struct liteio_local_snapshot_create snapshots[LITEIO_LOCAL_GROUP_MAX] = { 0 };
	struct liteio_local_snapshot_group req = { .snapshots = snapshots };
	char *copies[LITEIO_LOCAL_GROUP_MAX];
	int r = 0;

	for (; *op && !r; op++) {
		struct liteio_local_snapshot_create *s = &snapshots[req.n_snapshots];

		if (req.n_snapshots == LITEIO_LOCAL_GROUP_MAX) {
			r = liteio_error_set(err, -EINVAL, "a group has at most %d snapshots",
					     LITEIO_LOCAL_GROUP_MAX);
			break;
		}
		s->volume = liteio_strdup(*op);
		copies[req.n_snapshots++] = s->volume;
		s->name = strchr(s->volume, '=') + 1;
		s->name[-1] = '\0';
	}
	if (!r)
		*ret = ENCODE(req, snapshot_group);
	while (req.n_snapshots)
		free(copies[--req.n_snapshots]);
	return r;
}

int liteio_body_pool_repair(char **op, const struct liteio_options *o, struct liteio_json **ret,
			    struct liteio_error *err)
{
	struct liteio_local_pool_repair req = {
		.force = o->force,
		.from_metadata = o->from_metadata,
	};

	*ret = ENCODE(req, pool_repair);
	return 0;
}
