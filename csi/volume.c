// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The object behind a volume id, and how it is answered.
 */
#include "volume.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "csi.h"
#include "kube/object.h"
#include "params.h"

void liteio_csi_volume_fini(struct liteio_csi_volume *volume)
{
	liteio_volume_fini(&volume->v);
	liteio_json_unref(volume->obj);
	*volume = (struct liteio_csi_volume){ 0 };
}

/* takes over @obj */
static int take(struct liteio_csi_volume *volume, struct liteio_json *obj, struct liteio_error *err)
{
	struct liteio_csi_volume fresh = { .obj = obj };
	int r;

	r = liteio_volume_parse(obj, &fresh.v, err);
	if (r < 0) {
		liteio_json_unref(obj);
		/* the server's schema let it in: nothing the caller could do about it */
		return r == -EINVAL ? -EIO : r;
	}
	liteio_csi_volume_fini(volume);
	*volume = fresh;
	return 0;
}

int liteio_csi_volume_get(const struct liteio_cluster_call *c, const char *id,
			  struct liteio_csi_volume *ret, struct liteio_error *err)
{
	struct liteio_json *obj = NULL;
	int r;

	r = liteio_cluster_get(c, &liteio_resource_volume, id, &obj, err);
	if (r < 0)
		return r;
	return take(ret, obj, err);
}

int liteio_csi_volume_patch(const struct liteio_cluster_call *c, struct liteio_csi_volume *volume,
			    const struct liteio_json *patch, struct liteio_error *err)
{
	struct liteio_json *obj = NULL;
	int r;

	r = liteio_cluster_patch(c, &liteio_resource_volume, volume->v.meta.name, patch, &obj, err);
	if (r < 0)
		return r;
	return take(volume, obj, err);
}

Csi__V1__Topology *liteio_csi_topology_new(const char *node)
{
	Csi__V1__Topology *topology = liteio_message_new(&csi__v1__topology__descriptor);
	Csi__V1__Topology__SegmentsEntry *entry =
		liteio_message_new(&csi__v1__topology__segments_entry__descriptor);

	entry->key = liteio_strdup(LITEIO_CSI_TOPOLOGY_NODE);
	entry->value = liteio_strdup(node);
	topology->segments = liteio_calloc(1, sizeof(*topology->segments));
	topology->segments[0] = entry;
	topology->n_segments = 1;
	return topology;
}

const char *liteio_csi_topology_node(const Csi__V1__Topology *topology)
{
	if (!topology)
		return NULL;
	for (size_t i = 0; i < topology->n_segments; i++)
		if (!strcmp(topology->segments[i]->key, LITEIO_CSI_TOPOLOGY_NODE))
			return topology->segments[i]->value;
	return NULL;
}

static Csi__V1__VolumeContentSource *source_of(const char *snapshot)
{
	Csi__V1__VolumeContentSource *source =
		liteio_message_new(&csi__v1__volume_content_source__descriptor);

	source->type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT;
	source->snapshot =
		liteio_message_new(&csi__v1__volume_content_source__snapshot_source__descriptor);
	source->snapshot->snapshot_id = liteio_strdup(snapshot);
	return source;
}

static void add_context(Csi__V1__Volume *out, const char *key, const char *value)
{
	Csi__V1__Volume__VolumeContextEntry *entry =
		liteio_message_new(&csi__v1__volume__volume_context_entry__descriptor);

	entry->key = liteio_strdup(key);
	entry->value = liteio_strdup(value);
	out->volume_context = liteio_realloc(out->volume_context, out->n_volume_context + 1,
					     sizeof(*out->volume_context));
	out->volume_context[out->n_volume_context++] = entry;
}

void liteio_csi_volume_answer(const struct liteio_volume *v, Csi__V1__Volume *out)
{
	out->volume_id = liteio_strdup(v->meta.name);
	out->capacity_bytes = (int64_t)v->status.node.size_bytes;
	if (v->spec.fs_type)
		add_context(out, LITEIO_CSI_CONTEXT_FS_TYPE, v->spec.fs_type);
	if (v->spec.source.snapshot)
		out->content_source = source_of(v->spec.source.snapshot);
	/* every node can reach every volume, unless the advice forbids it */
	if (v->spec.position == LITEIO_POSITION_MUST_LOCAL && v->spec.placement.node) {
		out->accessible_topology = liteio_calloc(1, sizeof(*out->accessible_topology));
		out->accessible_topology[0] = liteio_csi_topology_new(v->spec.placement.node);
		out->n_accessible_topology = 1;
	}
}
