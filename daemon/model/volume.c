// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Volume: the tables, and the questions that the attachment protocol asks of one.
 */
#include "model/volume.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "model/fields.h"

const char *const liteio_volume_class_names[] = { "thin", "reserved", "linear", NULL };
const char *const liteio_position_names[] = {
	[LITEIO_POSITION_PREFER_LOCAL] = "PreferLocal",
	[LITEIO_POSITION_MUST_LOCAL] = "MustLocal",
	[LITEIO_POSITION_PREFER_REMOTE] = "PreferRemote",
	[LITEIO_POSITION_MUST_REMOTE] = "MustRemote",
	NULL,
};

#define T liteio_want
const struct liteio_field liteio_want_fields[] = {
	STRING("node", node, REQUIRED, LITEIO_NODE_NAME_MAX),
	BOOL("readOnly", read_only, 0),
	END,
};

#undef T
#define T liteio_grant
const struct liteio_field liteio_grant_fields[] = {
	NUMBER("generation", generation, REQUIRED, 1, LITEIO_GENERATION_MAX),
	STRING("node", node, REQUIRED, LITEIO_NODE_NAME_MAX),
	STRING("hostNQN", host_nqn, 0, 223),
	BOOL("readOnly", read_only, 0),
	END,
};

#undef T
#define T liteio_fence_gen
const struct liteio_field liteio_fence_gen_fields[] = {
	NUMBER("generation", generation, REQUIRED, 1, LITEIO_GENERATION_MAX),
	END,
};

#undef T
#define T liteio_placement
const struct liteio_field liteio_placement_fields[] = {
	STRING("node", node, REQUIRED, LITEIO_NODE_NAME_MAX),
	STRING("pool", pool, REQUIRED, LITEIO_OBJECT_NAME_MAX),
	UUID("sourceUUID", source_uuid, 0),
	END,
};

#undef T
#define T liteio_volume_source
static const struct liteio_field source_fields[] = {
	STRING("snapshot", snapshot, REQUIRED, LITEIO_OBJECT_NAME_MAX),
	END,
};

#undef T
#define T liteio_volume_spec
const struct liteio_field liteio_volume_spec_fields[] = {
	NUMBER("sizeBytes", size_bytes, REQUIRED, LITEIO_VOLUME_SIZE_MIN, LITEIO_VOLUME_SIZE_MAX),
	ENUM("class", volume_class, 0, liteio_volume_class_names),
	ENUM("position", position, 0, liteio_position_names),
	STRING("preferredNode", preferred_node, 0, LITEIO_NODE_NAME_MAX),
	MAP("nodeSelector", node_selector, 0, 16),
	MAP("poolSelector", pool_selector, 0, 16),
	OBJECT("source", source, source_fields),
	STRING("fsType", fs_type, 0, 31),
	OBJECT("limits", limits, liteio_limits_fields),
	ARRAY("attachments", attachments, 0, liteio_want, liteio_want_fields,
	      LITEIO_VOLUME_ATTACHMENTS_MAX),
	OBJECT("placement", placement, liteio_placement_fields),
	NUMBER("nextGeneration", next_generation, 0, 1, LITEIO_GENERATION_MAX),
	ARRAY("grants", grants, 0, liteio_grant, liteio_grant_fields,
	      LITEIO_VOLUME_ATTACHMENTS_MAX),
	NUMBER("fenceBelow", fence_below, 0, 0, LITEIO_GENERATION_MAX),
	ARRAY("fenceGenerations", fence_gens, 0, liteio_fence_gen, liteio_fence_gen_fields,
	      LITEIO_VOLUME_ATTACHMENTS_MAX),
	END,
};

#undef T
#define T liteio_export_status
static const struct liteio_field export_fields[] = {
	NUMBER("generation", generation, REQUIRED, 1, LITEIO_GENERATION_MAX),
	STRING("node", node, 0, LITEIO_NODE_NAME_MAX),
	BOOL("ready", ready, 0),
	BOOL("local", local, 0),
	STRING("nqn", nqn, 0, 223),
	STRINGS("addresses", addresses, 0, 8),
	END,
};

#undef T
#define T liteio_volume_observed
const struct liteio_field liteio_volume_observed_fields[] = {
	BOOL("created", created, 0),
	NUMBER("sizeBytes", size_bytes, 0, 0, LITEIO_VOLUME_SIZE_MAX),
	NUMBER("allocatedBytes", allocated_bytes, 0, 0, 0),
	NUMBER("fencedBelow", fenced_below, 0, 0, LITEIO_GENERATION_MAX),
	ARRAY("fencedGenerations", fenced_gens, 0, liteio_fence_gen, liteio_fence_gen_fields,
	      LITEIO_VOLUME_ATTACHMENTS_MAX),
	ARRAY("exports", exports, 0, liteio_export_status, export_fields,
	      LITEIO_VOLUME_EXPORTS_MAX),
	OBJECT("limits", limits, liteio_limits_fields),
	STRING("limitsNotInForce", limits_not_in_force, 0,
	       LITEIO_VOLUME_REASON_MAX),
	END,
};

#undef T
#define T liteio_volume_status
const struct liteio_field liteio_volume_status_fields[] = {
	OBJECT("node", node, liteio_volume_observed_fields),
	CONDITIONS,
	END,
};

#undef T

int liteio_volume_parse(const struct liteio_json *j, struct liteio_volume *ret,
			struct liteio_error *err)
{
	const struct liteio_json *status = liteio_json_get(j, "status");
	struct liteio_volume v = { 0 };
	int r;

	r = liteio_meta_parse(j, LITEIO_VOLUME_FINALIZER, &v.meta, err);
	if (!r)
		r = liteio_json_decode(liteio_json_get(j, "spec"), liteio_volume_spec_fields, 0,
				       &v.spec, err);
	if (!r && status)
		r = liteio_json_decode(status, liteio_volume_status_fields, 0, &v.status, err);
	if (r) {
		r = liteio_error_wrap(err, r, "volume %s", v.meta.name ? v.meta.name : "?");
		liteio_volume_fini(&v);
		return r;
	}
	if (!v.spec.next_generation)
		v.spec.next_generation = 1;
	*ret = v;
	return 0;
}

void liteio_volume_fini(struct liteio_volume *v)
{
	liteio_meta_fini(&v->meta);
	liteio_json_fini(&v->spec, liteio_volume_spec_fields);
	liteio_json_fini(&v->status, liteio_volume_status_fields);
}

const struct liteio_grant *liteio_volume_grant_of(const struct liteio_volume *v, const char *node)
{
	size_t i;

	for (i = 0; i < v->spec.n_grants; i++)
		if (!strcmp(v->spec.grants[i].node, node))
			return &v->spec.grants[i];
	return NULL;
}

const struct liteio_grant *liteio_volume_grant(const struct liteio_volume *v, uint64_t generation)
{
	size_t i;

	for (i = 0; i < v->spec.n_grants; i++)
		if (v->spec.grants[i].generation == generation)
			return &v->spec.grants[i];
	return NULL;
}

const struct liteio_want *liteio_volume_want(const struct liteio_volume *v, const char *node)
{
	size_t i;

	for (i = 0; i < v->spec.n_attachments; i++)
		if (!strcmp(v->spec.attachments[i].node, node))
			return &v->spec.attachments[i];
	return NULL;
}

const struct liteio_export_status *liteio_volume_export(const struct liteio_volume *v,
							uint64_t generation)
{
	const struct liteio_volume_observed *o = &v->status.node;
	size_t i;

	for (i = 0; i < o->n_exports; i++)
		if (o->exports[i].generation == generation)
			return &o->exports[i];
	return NULL;
}

static bool gen_listed(const struct liteio_fence_gen *list, size_t n, uint64_t generation)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i].generation == generation)
			return true;
	return false;
}

bool liteio_volume_fence_asked(const struct liteio_volume *v, uint64_t generation)
{
	return v->spec.fence_below > generation ||
	       gen_listed(v->spec.fence_gens, v->spec.n_fence_gens, generation);
}

bool liteio_volume_is_fenced(const struct liteio_volume *v, uint64_t generation)
{
	const struct liteio_volume_observed *o = &v->status.node;

	return o->fenced_below > generation ||
	       gen_listed(o->fenced_gens, o->n_fenced_gens, generation);
}

char *liteio_volume_nqn(const struct liteio_uuid *uuid, uint64_t generation)
{
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(uuid, text);
	return liteio_strf("nqn.2026-11.io.liteio:%s:%" PRIu64, text, generation);
}
