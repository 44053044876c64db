// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Identity service: who this is, what it can do, whether it works.
 */
#include <errno.h>

#include "agent_client.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "csi.h"
#include "grpc.h"
#include "kube/informer.h"
#include "volume.h"

#define PROBE_AGENT_MS 2000

#define SERVICE(name) CSI__V1__PLUGIN_CAPABILITY__SERVICE__TYPE__##name

static int get_plugin_info(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			   struct liteio_error *err)
{
	Csi__V1__GetPluginInfoResponse *resp = out;

	resp->name = liteio_strdup(LITEIO_CSI_DRIVER);
	resp->vendor_version = liteio_strdup(LITEIO_CSI_VERSION);
	return 0;
}

static Csi__V1__PluginCapability *service_capability(Csi__V1__PluginCapability__Service__Type type)
{
	Csi__V1__PluginCapability *cap =
		liteio_message_new(&csi__v1__plugin_capability__descriptor);

	cap->type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_SERVICE;
	cap->service = liteio_message_new(&csi__v1__plugin_capability__service__descriptor);
	cap->service->type = type;
	return cap;
}

static Csi__V1__PluginCapability *online_expansion(void)
{
	Csi__V1__PluginCapability *cap =
		liteio_message_new(&csi__v1__plugin_capability__descriptor);

	cap->type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_VOLUME_EXPANSION;
	cap->volume_expansion =
		liteio_message_new(&csi__v1__plugin_capability__volume_expansion__descriptor);
	cap->volume_expansion->type = CSI__V1__PLUGIN_CAPABILITY__VOLUME_EXPANSION__TYPE__ONLINE;
	return cap;
}

static int get_plugin_capabilities(void *ctx, struct liteio_grpc_call *call, const void *in,
				   void *out, struct liteio_error *err)
{
	Csi__V1__GetPluginCapabilitiesResponse *resp = out;

	resp->capabilities = liteio_calloc(3, sizeof(*resp->capabilities));
	resp->capabilities[resp->n_capabilities++] =
		service_capability(SERVICE(CONTROLLER_SERVICE));
	resp->capabilities[resp->n_capabilities++] =
		service_capability(SERVICE(VOLUME_ACCESSIBILITY_CONSTRAINTS));
	resp->capabilities[resp->n_capabilities++] = online_expansion();
	return 0;
}

/* what the halves that run here need must be there; not being ready is an answer, not an error */
static bool is_ready(const struct liteio_csi *csi)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	if (csi->kube &&
	    !(liteio_informer_synced(csi->volumes) && liteio_informer_synced(csi->snapshots) &&
	      liteio_informer_synced(csi->pools) && liteio_informer_synced(csi->nodes))) {
		liteio_informer_problem(csi->volumes, &err);
		log_info(NULL, "not ready: objects are not listed yet%s%s", err.msg[0] ? ": " : "",
			 err.msg);
		return false;
	}
	if (csi->agent &&
	    liteio_agent_ping(csi->agent, liteio_now_ms() + PROBE_AGENT_MS, &err) < 0) {
		log_info(NULL, "not ready: %s", err.msg);
		return false;
	}
	return true;
}

static int probe(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
		 struct liteio_error *err)
{
	Csi__V1__ProbeResponse *resp = out;

	resp->ready = liteio_message_new(&google__protobuf__bool_value__descriptor);
	resp->ready->value = is_ready(ctx);
	return 0;
}

int liteio_csi_add_identity(struct liteio_grpc *grpc, struct liteio_csi *csi,
			    struct liteio_error *err)
{
	static const struct liteio_grpc_method methods[] = {
		{ "GetPluginInfo", get_plugin_info },
		{ "GetPluginCapabilities", get_plugin_capabilities },
		{ "Probe", probe },
	};

	return liteio_grpc_add(grpc, &csi__v1__identity__descriptor, methods,
			       LITEIO_ARRAY_SIZE(methods), csi, err);
}
