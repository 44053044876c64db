// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ControllerExpandVolume: want a larger size, and wait until the pool node's agent has given it.
 */
#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "busy.h"
#include "capability.h"
#include "csi.h"
#include "kube/object.h"
#include "params.h"
#include "volume.h"

static int has_grown(void *arg, const struct liteio_json *obj, char *why, struct liteio_error *err)
{
	const uint64_t *size = arg;
	struct liteio_volume v = { 0 };
	const struct liteio_condition *ready;
	int r;

	r = liteio_volume_parse(obj, &v, err);
	if (r < 0)
		return -EIO;
	ready = liteio_condition_find(v.status.conditions, v.status.n_conditions,
				      LITEIO_CONDITION_READY);
	if (v.meta.deleting)
		r = liteio_error_set(err, -EAGAIN, "volume %s is being deleted", v.meta.name);
	else if (v.status.node.size_bytes >= *size)
		r = 1;
	else
		snprintf(why, LITEIO_CLUSTER_WHY_MAX, "node %s has not grown it yet%s%s",
			 v.spec.placement.node ? v.spec.placement.node : "(none)",
			 ready ? ": " : "", ready ? ready->message : "");
	liteio_volume_fini(&v);
	return r;
}

/* write the larger size, unless it is wanted already */
static int want_size(const struct liteio_cluster_call *c, struct liteio_csi_volume *volume,
		     uint64_t size, struct liteio_error *err)
{
	struct liteio_json *patch, *spec;
	int r;

	if (volume->v.spec.size_bytes >= size)
		return 0;
	patch = liteio_meta_patch(&volume->v.meta);
	spec = liteio_json_new_object();
	liteio_json_set(spec, "sizeBytes", liteio_json_new_u64(size));
	liteio_json_set(patch, "spec", spec);
	r = liteio_csi_volume_patch(c, volume, patch, err);
	liteio_json_unref(patch);
	return r;
}

/* compare-and-swap until nobody was faster */
static int change(const struct liteio_cluster_call *c,
		  const Csi__V1__ControllerExpandVolumeRequest *req,
		  struct liteio_csi_volume *volume, uint64_t *ret_size, struct liteio_error *err)
{
	const Csi__V1__CapacityRange *range = req->capacity_range;
	int r;

	do {
		r = liteio_csi_volume_get(c, req->volume_id, volume, err);
		if (r < 0)
			return r;
		if (volume->v.meta.deleting)
			return liteio_error_set(err, -EBUSY, "volume %s is being deleted",
						req->volume_id);
		r = liteio_csi_size(range->required_bytes, range->limit_bytes,
				    volume->v.spec.size_bytes, ret_size, err);
		if (r < 0)
			return r;
		if (range->limit_bytes &&
		    (uint64_t)range->limit_bytes < volume->v.spec.size_bytes)
			return liteio_error_set(err, -ERANGE,
						"volume %s has %llu bytes already and never shrinks",
						req->volume_id,
						(unsigned long long)volume->v.spec.size_bytes);
		r = want_size(c, volume, *ret_size, err);
	} while (r == -EAGAIN);
	return r;
}

static int check_expand(const Csi__V1__ControllerExpandVolumeRequest *req, struct liteio_error *err)
{
	const Csi__V1__CapacityRange *range = req->capacity_range;
	int r = 0;

	if (!*req->volume_id)
		return liteio_error_set(err, -EINVAL, "the volume id is missing");
	if (!range)
		return liteio_error_set(err, -EINVAL, "the capacity range is missing");
	if (req->volume_capability)
		r = liteio_csi_capability_check(req->volume_capability, err);
	if (r < 0)
		return r;
	return liteio_csi_range_check(range->required_bytes, range->limit_bytes, err);
}

int liteio_csi_expand_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			     struct liteio_error *err)
{
	const struct liteio_cluster_call c = { .csi = ctx, .call = call };
	const Csi__V1__ControllerExpandVolumeRequest *req = in;
	Csi__V1__ControllerExpandVolumeResponse *resp = out;
	_cleanup_busy_ struct liteio_busy_mark *mark = NULL;
	struct liteio_csi_volume volume = { 0 };
	struct liteio_json *obj = NULL;
	uint64_t size;
	int r;

	r = check_expand(req, err);
	if (r == 0)
		r = liteio_busy_enter(c.csi->busy, "volume", req->volume_id, &mark, err);
	if (r == 0)
		r = change(&c, req, &volume, &size, err);
	if (r == 0)
		r = liteio_cluster_wait(&c, c.csi->volumes, &liteio_resource_volume, volume.obj,
					has_grown, &size, &obj, err);
	if (r == 0) {
		resp->capacity_bytes = liteio_json_get_int(obj, "status.node.sizeBytes", 0);
		/* the consumer's device, and the filesystem on it */
		resp->node_expansion_required = true;
	}
	liteio_json_unref(obj);
	liteio_csi_volume_fini(&volume);
	return r;
}
