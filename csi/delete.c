// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DeleteVolume, and ValidateVolumeCapabilities, which only looks.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/str.h"
#include "capability.h"
#include "csi.h"
#include "kube/object.h"
#include "params.h"
#include "remove.h"
#include "volume.h"

static int check_unused(const struct liteio_cluster_call *c, const struct liteio_json *obj,
			struct liteio_error *err)
{
	struct liteio_volume v = { 0 };
	int r;

	/* the server's schema let it in: nothing the caller could do about it */
	if (liteio_volume_parse(obj, &v, err) < 0)
		return -EIO;
	r = 0;
	if (v.spec.n_attachments)
		r = liteio_error_set(err, -EBUSY, "volume %s is attached to node %s", v.meta.name,
				     v.spec.attachments[0].node);
	else if (v.spec.n_grants)
		r = liteio_error_set(err, -EBUSY, "volume %s is still being detached from node %s",
				     v.meta.name, v.spec.grants[0].node);
	liteio_volume_fini(&v);
	return r;
}

int liteio_csi_delete_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			     struct liteio_error *err)
{
	const struct liteio_cluster_call c = { .csi = ctx, .call = call };
	const Csi__V1__DeleteVolumeRequest *req = in;
	const struct liteio_csi_removal removal = {
		.kind = "volume",
		.resource = &liteio_resource_volume,
		.store = c.csi->volumes,
		.check_unused = check_unused,
	};

	return liteio_csi_remove(&c, &removal, req->volume_id, err);
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
