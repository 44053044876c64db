// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CreateVolume: write the Volume object, and wait until the controller has placed it and the node's
 * agent has made it.
 *
 * The object is the memory of the operation: a repeated call finds it and goes on waiting. A volume
 * that no pool can take is taken back before that is answered, so that nothing is left of a request
 * that is not repeated.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "busy.h"
#include "capability.h"
#include "csi.h"
#include "id.h"
#include "kube/object.h"
#include "model/snapshot.h"
#include "params.h"
#include "volume.h"

/**
 * struct wanted - a checked request
 * @id: of the volume
 * @name: as the caller calls it; borrowed
 * @params: of the StorageClass
 * @fs_type: borrowed; NULL for block
 * @snapshot: to restore from; borrowed, NULL for an empty volume
 * @node: where the workload will be; borrowed, NULL when not known
 * @size: rounded
 * @range: as asked for; borrowed, may be NULL
 * @topology: borrowed, may be NULL
 */
struct wanted {
	char *id;
	const char *name;
	struct liteio_csi_params params;
	const char *fs_type;
	const char *snapshot;
	const char *node;
	uint64_t size;
	const Csi__V1__CapacityRange *range;
	const Csi__V1__TopologyRequirement *topology;
};

static void wanted_fini(struct wanted *w)
{
	free(w->id);
	liteio_csi_params_fini(&w->params);
}

static const char *preferred_node(const Csi__V1__TopologyRequirement *topology)
{
	if (topology && topology->n_preferred)
		return liteio_csi_topology_node(topology->preferred[0]);
	if (topology && topology->n_requisite)
		return liteio_csi_topology_node(topology->requisite[0]);
	return NULL;
}

static const char *fs_type_of(const Csi__V1__CreateVolumeRequest *req,
			      const struct liteio_csi_params *params)
{
	for (size_t i = 0; i < req->n_volume_capabilities; i++) {
		const Csi__V1__VolumeCapability *cap = req->volume_capabilities[i];

		if (liteio_csi_capability_is_block(cap))
			continue;
		if (*cap->mount->fs_type)
			return cap->mount->fs_type;
		return params->fs_type;
	}
	return NULL;
}

static int take_source(const Csi__V1__VolumeContentSource *source, struct wanted *w,
		       struct liteio_error *err)
{
	if (!source)
		return 0;
	if (source->type_case == CSI__V1__VOLUME_CONTENT_SOURCE__TYPE__NOT_SET)
		return liteio_error_set(err, -EINVAL, "the content source names no snapshot");
	if (source->type_case != CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT)
		return liteio_error_set(err, -EINVAL,
					"a volume can be made from a snapshot, not from a volume");
	if (!*source->snapshot->snapshot_id)
		return liteio_error_set(err, -EINVAL, "the content source has no snapshot id");
	w->snapshot = source->snapshot->snapshot_id;
	return 0;
}

static int take_request(const Csi__V1__CreateVolumeRequest *req, struct wanted *w,
			struct liteio_error *err)
{
	int r;

	if (!*req->name)
		return liteio_error_set(err, -EINVAL, "the volume has no name");
	if (req->n_mutable_parameters)
		return liteio_error_set(err, -EINVAL, "mutable parameters are not supported");
	r = liteio_csi_capabilities_check(req->volume_capabilities, req->n_volume_capabilities,
					  err);
	for (size_t i = 0; r == 0 && i < req->n_parameters; i++)
		r = liteio_csi_params_set(&w->params, req->parameters[i]->key,
					  req->parameters[i]->value, err);
	if (r == 0)
		r = take_source(req->volume_content_source, w, err);
	if (r == 0 && req->capacity_range)
		r = liteio_csi_range_check(req->capacity_range->required_bytes,
					   req->capacity_range->limit_bytes, err);
	if (r < 0)
		return r;
	w->name = req->name;
	w->id = liteio_csi_id("v", req->name);
	w->fs_type = fs_type_of(req, &w->params);
	w->topology = req->accessibility_requirements;
	w->node = preferred_node(w->topology);
	w->range = req->capacity_range;
	return 0;
}

/* the smallest size that the source allows: of the snapshot, or the default */
static int source_size(const struct liteio_cluster_call *c, const struct wanted *w, uint64_t *ret,
		       struct liteio_error *err)
{
	struct liteio_json *obj = NULL;
	int64_t size;
	int r;

	*ret = LITEIO_CSI_SIZE_DEFAULT;
	if (!w->snapshot)
		return 0;
	r = liteio_cluster_get(c, &liteio_resource_snapshot, w->snapshot, &obj, err);
	if (r < 0)
		return r;
	size = liteio_json_get_int(obj, "status.sizeBytes", 0);
	if (liteio_object_deleting(obj))
		r = liteio_error_set(err, -ENOENT, "snapshot %s is being deleted", w->snapshot);
	else if (!liteio_json_get_bool(obj, "status.ready", false) || size <= 0)
		r = liteio_error_set(err, -EAGAIN, "snapshot %s is not ready yet", w->snapshot);
	else if (w->range && w->range->limit_bytes > 0 && w->range->limit_bytes < size)
		r = liteio_error_set(err, -ERANGE, "snapshot %s has %lld bytes, the limit is %lld",
				     w->snapshot, (long long)size,
				     (long long)w->range->limit_bytes);
	else if (w->range && w->range->required_bytes > 0 && w->range->required_bytes < size)
		r = liteio_error_set(err, -ERANGE,
				     "snapshot %s has %lld bytes, more than the %lld asked for",
				     w->snapshot, (long long)size,
				     (long long)w->range->required_bytes);
	liteio_json_unref(obj);
	*ret = (uint64_t)size;
	return r;
}

static int take_size(const struct liteio_cluster_call *c, struct wanted *w,
		     struct liteio_error *err)
{
	uint64_t fallback;
	int r;

	r = source_size(c, w, &fallback, err);
	if (r < 0)
		return r;
	return liteio_csi_size(w->range ? w->range->required_bytes : 0,
			       w->range ? w->range->limit_bytes : 0, fallback, &w->size, err);
}

static struct liteio_json *object_of(const struct wanted *w)
{
	struct liteio_json *obj = liteio_object_new(&liteio_resource_volume, NULL, w->id);
	struct liteio_json *spec = liteio_json_new_object();
	struct liteio_json *annotations = liteio_json_new_object();

	liteio_json_set_string(annotations, LITEIO_CSI_NAME_ANNOTATION, w->name);
	liteio_json_set(liteio_json_get(obj, "metadata"), "annotations", annotations);
	liteio_json_set(spec, "sizeBytes", liteio_json_new_u64(w->size));
	liteio_json_set_string(spec, "class",
			       liteio_volume_class_names[w->params.volume_class]);
	liteio_json_set_string(spec, "position", liteio_position_names[w->params.position]);
	if (w->node)
		liteio_json_set_string(spec, "preferredNode", w->node);
	if (w->params.node_selector)
		liteio_json_set(spec, "nodeSelector", liteio_json_ref(w->params.node_selector));
	if (w->params.pool_selector)
		liteio_json_set(spec, "poolSelector", liteio_json_ref(w->params.pool_selector));
	if (w->fs_type)
		liteio_json_set_string(spec, "fsType", w->fs_type);
	liteio_json_set(spec, "limits",
			liteio_json_encode(&w->params.limits, liteio_limits_fields));
	if (w->snapshot) {
		struct liteio_json *source = liteio_json_new_object();

		liteio_json_set_string(source, "snapshot", w->snapshot);
		liteio_json_set(spec, "source", source);
	}
	liteio_json_set(obj, "spec", spec);
	return obj;
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool in_requisite(const Csi__V1__TopologyRequirement *topology, const char *node)
{
	if (!topology || !topology->n_requisite)
		return true;
	for (size_t i = 0; i < topology->n_requisite; i++)
		if (same_text(liteio_csi_topology_node(topology->requisite[i]), node))
			return true;
	return false;
}

/*
 * what makes an existing volume another one than the one asked for; NULL: it is the same. Limits do
 * not: they may have been changed since
 */
static const char *difference(const struct wanted *w, const struct liteio_csi_volume *volume)
{
	const struct liteio_volume_spec *spec = &volume->v.spec;
	const Csi__V1__CapacityRange *range = w->range;

	if (!same_text(liteio_object_annotation(volume->obj, LITEIO_CSI_NAME_ANNOTATION), w->name))
		return "name";
	if (range && ((uint64_t)range->required_bytes > spec->size_bytes ||
		      (range->limit_bytes && (uint64_t)range->limit_bytes < spec->size_bytes)))
		return "size";
	if (!same_text(spec->source.snapshot, w->snapshot))
		return "content source";
	if (spec->position != w->params.position)
		return "positionAdvice";
	if (spec->volume_class != w->params.volume_class)
		return "class";
	if (!same_text(spec->fs_type, w->fs_type))
		return "filesystem";
	if (!liteio_json_equal(spec->node_selector, w->params.node_selector))
		return "nodeSelector";
	if (!liteio_json_equal(spec->pool_selector, w->params.pool_selector))
		return "poolSelector";
	if (spec->position == LITEIO_POSITION_MUST_LOCAL && spec->placement.node &&
	    !in_requisite(w->topology, spec->placement.node))
		return "topology";
	return NULL;
}

static int check_existing(const struct wanted *w, const struct liteio_csi_volume *volume,
			  struct liteio_error *err)
{
	const char *what = difference(w, volume);

	if (volume->v.meta.deleting)
		return liteio_error_set(err, -EAGAIN, "the volume %s of that name is being deleted",
					w->id);
	if (what)
		return liteio_error_set(err, -EEXIST,
					"volume %s exists already, with another %s", w->id, what);
	return 0;
}

/* the object of this name, made now or earlier */
static int find_or_make(const struct liteio_cluster_call *c, struct wanted *w,
			struct liteio_csi_volume *volume, struct liteio_error *err)
{
	struct liteio_json *obj, *made = NULL;
	int r;

	r = liteio_csi_volume_get(c, w->id, volume, err);
	if (r == 0)
		return check_existing(w, volume, err);
	if (r != -ENOENT)
		return r;
	r = take_size(c, w, err);
	if (r < 0)
		return r;
	obj = object_of(w);
	r = liteio_cluster_create(c, &liteio_resource_volume, obj, &made, err);
	liteio_json_unref(obj);
	if (r == -EEXIST) /* another instance of this driver was faster */
		r = -EAGAIN;
	if (r < 0)
		return r;
	r = liteio_volume_parse(made, &volume->v, err);
	volume->obj = made;
	return r;
}

/* no pool can take it, concluded from the spec as it is now */
static bool is_refused(const struct liteio_volume *v, const struct liteio_condition **ret)
{
	const struct liteio_condition *placed;

	placed = liteio_condition_find(v->status.conditions, v->status.n_conditions,
				       LITEIO_CONDITION_PLACED);
	*ret = placed;
	return !v->spec.placement.node && placed && placed->status == LITEIO_CONDITION_FALSE &&
	       placed->observed_generation >= v->meta.generation;
}

static void explain(const struct liteio_volume *v, char *why)
{
	const struct liteio_condition *ready;

	ready = liteio_condition_find(v->status.conditions, v->status.n_conditions,
				      LITEIO_CONDITION_READY);
	if (!v->spec.placement.node)
		snprintf(why, LITEIO_CLUSTER_WHY_MAX, "liteio-controller has not placed it yet");
	else
		snprintf(why, LITEIO_CLUSTER_WHY_MAX, "node %s has not made it in pool %s yet%s%s",
			 v->spec.placement.node, v->spec.placement.pool, ready ? ": " : "",
			 ready ? ready->message : "");
}

/* ret_refused gets the refused object, as the reason to stop waiting */
static int is_made(void *arg, const struct liteio_json *obj, char *why, struct liteio_error *err)
{
	struct liteio_json **ret_refused = arg;
	const struct liteio_condition *placed;
	struct liteio_volume v = { 0 };
	int r;

	r = liteio_volume_parse(obj, &v, err);
	if (r < 0)
		return -EIO;
	if (v.meta.deleting) {
		r = liteio_error_set(err, -EAGAIN, "volume %s is being deleted", v.meta.name);
	} else if (is_refused(&v, &placed)) {
		*ret_refused = liteio_json_ref((struct liteio_json *)obj);
		r = liteio_error_set(err, -ENOSPC, "no pool can take volume %s: %s", v.meta.name,
				     placed->message);
	} else if (v.status.node.created && v.status.node.size_bytes >= v.spec.size_bytes) {
		r = 1;
	} else {
		explain(&v, why);
	}
	liteio_volume_fini(&v);
	return r;
}

static int wait_made(const struct liteio_cluster_call *c, const struct liteio_csi_volume *volume,
		     struct liteio_json **ret, struct liteio_error *err)
{
	struct liteio_json *refused = NULL;
	struct liteio_error ignored = LITEIO_ERROR_INIT;
	int r;

	r = liteio_cluster_wait(c, c->csi->volumes, &liteio_resource_volume, volume->obj, is_made,
				&refused, ret, err);
	/* as it was refused, or not at all: if it was placed meanwhile the next call finds it */
	if (refused &&
	    liteio_cluster_delete(c, &liteio_resource_volume, refused, &ignored) == -EAGAIN)
		r = liteio_error_set(err, -EAGAIN, "volume %s was changed meanwhile, try again",
				     volume->v.meta.name);
	liteio_json_unref(refused);
	return r;
}

static int create(const struct liteio_cluster_call *c, struct wanted *w, Csi__V1__Volume *out,
		  struct liteio_error *err)
{
	struct liteio_csi_volume volume = { 0 };
	struct liteio_json *obj = NULL;
	struct liteio_volume made = { 0 };
	int r;

	r = find_or_make(c, w, &volume, err);
	if (r == 0)
		r = wait_made(c, &volume, &obj, err);
	if (r == 0)
		r = liteio_volume_parse(obj, &made, err);
	if (r == 0)
		liteio_csi_volume_answer(&made, out);
	liteio_volume_fini(&made);
	liteio_json_unref(obj);
	liteio_csi_volume_fini(&volume);
	return r;
}

int liteio_csi_create_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			     struct liteio_error *err)
{
	const struct liteio_cluster_call c = { .csi = ctx, .call = call };
	const Csi__V1__CreateVolumeRequest *req = in;
	Csi__V1__CreateVolumeResponse *resp = out;
	_cleanup_busy_ struct liteio_busy_mark *mark = NULL;
	_cleanup_(wanted_fini) struct wanted w = { 0 };
	int r;

	r = take_request(req, &w, err);
	if (r == 0)
		r = liteio_busy_enter(c.csi->busy, "volume", w.id, &mark, err);
	if (r < 0)
		return r;
	resp->volume = liteio_message_new(&csi__v1__volume__descriptor);
	return create(&c, &w, resp->volume, err);
}
