// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Node service: the table of its methods, what it can do, and which node this is.
 */
#include "node.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "csi.h"
#include "grpc.h"
#include "volume.h"

#define RPC(name) CSI__V1__NODE_SERVICE_CAPABILITY__RPC__TYPE__##name

static int get_capabilities(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			    struct liteio_error *err)
{
	static const Csi__V1__NodeServiceCapability__RPC__Type types[] = {
		RPC(STAGE_UNSTAGE_VOLUME),
		RPC(GET_VOLUME_STATS),
		RPC(EXPAND_VOLUME),
		RPC(SINGLE_NODE_MULTI_WRITER),
	};
	Csi__V1__NodeGetCapabilitiesResponse *resp = out;

	resp->capabilities = liteio_calloc(LITEIO_ARRAY_SIZE(types), sizeof(*resp->capabilities));
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(types); i++) {
		Csi__V1__NodeServiceCapability *cap =
			liteio_message_new(&csi__v1__node_service_capability__descriptor);

		cap->type_case = CSI__V1__NODE_SERVICE_CAPABILITY__TYPE_RPC;
		cap->rpc = liteio_message_new(&csi__v1__node_service_capability__rpc__descriptor);
		cap->rpc->type = types[i];
		resp->capabilities[resp->n_capabilities++] = cap;
	}
	return 0;
}

static int get_info(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
		    struct liteio_error *err)
{
	Csi__V1__NodeGetInfoResponse *resp = out;
	const struct liteio_csi *csi = ctx;

	resp->node_id = liteio_strdup(csi->node_name);
	resp->accessible_topology = liteio_csi_topology_new(csi->node_name);
	return 0;
}

int liteio_csi_add_node(struct liteio_grpc *grpc, struct liteio_csi *csi, struct liteio_error *err)
{
	static const struct liteio_grpc_method methods[] = {
		{ "NodeStageVolume", liteio_csi_node_stage },
		{ "NodeUnstageVolume", liteio_csi_node_unstage },
		{ "NodePublishVolume", liteio_csi_node_publish },
		{ "NodeUnpublishVolume", liteio_csi_node_unpublish },
		{ "NodeGetVolumeStats", liteio_csi_node_stats },
		{ "NodeExpandVolume", liteio_csi_node_expand },
		{ "NodeGetCapabilities", get_capabilities },
		{ "NodeGetInfo", get_info },
	};

	return liteio_grpc_add(grpc, &csi__v1__node__descriptor, methods,
			       LITEIO_ARRAY_SIZE(methods), csi, err);
}
