// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DeleteVolume, and ValidateVolumeCapabilities, which only looks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "busy.h"
#include "capability.h"
#include "csi.h"
#include "kube/object.h"
#include "params.h"
#include "volume.h"

static int check_unused(const struct liteio_volume *v, struct liteio_error *err)
{
	if (v->spec.n_attachments)
		return liteio_error_set(err, -EBUSY, "volume %s is attached to node %s",
					v->meta.name, v->spec.attachments[0].node);
	if (v->spec.n_grants)
		return liteio_error_set(err, -EBUSY,
					"volume %s is still being detached from node %s",
					v->meta.name, v->spec.grants[0].node);
	return 0;
}

static int why_not_gone(void *arg, const struct liteio_json *obj, char *why,
			struct liteio_error *err)
{
	const char *node = liteio_json_get_string(obj, "spec.placement.node");

	snprintf(why, LITEIO_CLUSTER_WHY_MAX, "node %s has not removed it from its pool yet",
		 node ? node : "(none)");
	return 0;
}

static int delete_volume(const struct liteio_cluster_call *c, const char *id,
			 struct liteio_error *err)
{
	struct liteio_csi_volume volume = { 0 };
	int r;

	do {
		r = liteio_csi_volume_get(c, id, &volume, err);
		if (r == -ENOENT)
			return 0;
		if (r == 0)
			r = check_unused(&volume.v, err);
		/* exactly as it was found unused: a publish meanwhile makes this fail */
		if (r == 0 && !volume.v.meta.deleting)
			r = liteio_cluster_delete(c, &liteio_resource_volume, volume.obj, err);
	} while (r == -EAGAIN);
	if (r == 0)
		r = liteio_cluster_wait_gone(c, c->csi->volumes, &liteio_resource_volume,
					     volume.obj, why_not_gone, NULL, err);
	liteio_csi_volume_fini(&volume);
	return r;
}

int liteio_csi_delete_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			     struct liteio_error *err)
{
	const struct liteio_cluster_call c = { .csi = ctx, .call = call };
	const Csi__V1__DeleteVolumeRequest *req = in;
	_cleanup_busy_ struct liteio_busy_mark *mark = NULL;
	int r;

	if (!*req->volume_id)
		return liteio_error_set(err, -EINVAL, "the volume id is missing");
	r = liteio_busy_enter(c.csi->busy, "volume", req->volume_id, &mark, err);
	if (r < 0)
		return r;
	return delete_volume(&c, req->volume_id, err);
}

static Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed *
confirm(const Csi__V1__ValidateVolumeCapabilitiesRequest *req)
{
	static const ProtobufCMessageDescriptor *const type =
		&csi__v1__validate_volume_capabilities_response__confirmed__descriptor;
	Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed *confirmed;
	size_t len;
	uint8_t *bytes;

	confirmed = liteio_message_new(type);
	/* a deep copy, by way of the wire */
	confirmed->n_volume_capabilities = req->n_volume_capabilities;
	confirmed->volume_capabilities = liteio_calloc(req->n_volume_capabilities,
						       sizeof(*confirmed->volume_capabilities));
	for (size_t i = 0; i < req->n_volume_capabilities; i++) {
		len = csi__v1__volume_capability__get_packed_size(req->volume_capabilities[i]);
		bytes = liteio_calloc(1, len);
		csi__v1__volume_capability__pack(req->volume_capabilities[i], bytes);
		confirmed->volume_capabilities[i] =
			csi__v1__volume_capability__unpack(NULL, len, bytes);
		free(bytes);
	}
	return confirmed;
}

int liteio_csi_validate_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			       struct liteio_error *err)
{
	const struct liteio_cluster_call c = { .csi = ctx, .call = call };
	const Csi__V1__ValidateVolumeCapabilitiesRequest *req = in;
	Csi__V1__ValidateVolumeCapabilitiesResponse *resp = out;
	struct liteio_error reason = LITEIO_ERROR_INIT;
	struct liteio_csi_volume volume = { 0 };
	struct liteio_csi_params params = { 0 };
	int r;

	if (!*req->volume_id)
		return liteio_error_set(err, -EINVAL, "the volume id is missing");
	if (!req->n_volume_capabilities)
		return liteio_error_set(err, -EINVAL, "the request has no volume capabilities");
	r = liteio_csi_volume_get(&c, req->volume_id, &volume, err);
	if (r < 0)
		return r;
	r = liteio_csi_capabilities_check(req->volume_capabilities, req->n_volume_capabilities,
					  &reason);
	for (size_t i = 0; r == 0 && i < req->n_parameters; i++)
		r = liteio_csi_params_set(&params, req->parameters[i]->key,
					  req->parameters[i]->value, &reason);
	if (r == 0)
		resp->confirmed = confirm(req);
	else
		resp->message = liteio_strdup(reason.msg);
	liteio_csi_params_fini(&params);
	liteio_csi_volume_fini(&volume);
	return 0;
}
