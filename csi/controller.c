// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Controller service: the table of its methods, and what it can do.
 */
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "csi.h"
#include "grpc.h"
#include "volume.h"

#define RPC(name) CSI__V1__CONTROLLER_SERVICE_CAPABILITY__RPC__TYPE__##name

static int get_capabilities(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			    struct liteio_error *err)
{
	static const Csi__V1__ControllerServiceCapability__RPC__Type types[] = {
		RPC(CREATE_DELETE_VOLUME),
		RPC(PUBLISH_UNPUBLISH_VOLUME),
		RPC(LIST_VOLUMES),
		RPC(LIST_VOLUMES_PUBLISHED_NODES),
		RPC(GET_CAPACITY),
		RPC(CREATE_DELETE_SNAPSHOT),
		RPC(LIST_SNAPSHOTS),
		RPC(PUBLISH_READONLY),
		RPC(EXPAND_VOLUME),
		RPC(SINGLE_NODE_MULTI_WRITER),
	};
	static const ProtobufCMessageDescriptor *const rpc =
		&csi__v1__controller_service_capability__rpc__descriptor;
	Csi__V1__ControllerGetCapabilitiesResponse *resp = out;

	resp->capabilities = liteio_calloc(LITEIO_ARRAY_SIZE(types), sizeof(*resp->capabilities));
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(types); i++) {
		Csi__V1__ControllerServiceCapability *cap =
			liteio_message_new(&csi__v1__controller_service_capability__descriptor);

		cap->type_case = CSI__V1__CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC;
		cap->rpc = liteio_message_new(rpc);
		cap->rpc->type = types[i];
		resp->capabilities[resp->n_capabilities++] = cap;
	}
	return 0;
}

int liteio_csi_add_controller(struct liteio_grpc *grpc, struct liteio_csi *csi,
			      struct liteio_error *err)
{
	static const struct liteio_grpc_method methods[] = {
		{ "CreateVolume", liteio_csi_create_volume },
		{ "DeleteVolume", liteio_csi_delete_volume },
		{ "ControllerPublishVolume", liteio_csi_publish_volume },
		{ "ControllerUnpublishVolume", liteio_csi_unpublish_volume },
		{ "ValidateVolumeCapabilities", liteio_csi_validate_volume },
		{ "ListVolumes", liteio_csi_list_volumes },
		{ "GetCapacity", liteio_csi_get_capacity },
		{ "ControllerGetCapabilities", get_capabilities },
		{ "CreateSnapshot", liteio_csi_create_snapshot },
		{ "DeleteSnapshot", liteio_csi_delete_snapshot },
		{ "ListSnapshots", liteio_csi_list_snapshots },
		{ "ControllerExpandVolume", liteio_csi_expand_volume },
	};

	return liteio_grpc_add(grpc, &csi__v1__controller__descriptor, methods,
			       LITEIO_ARRAY_SIZE(methods), csi, err);
}
