// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making the driver known to the kubelet.
 */
#include "registration.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "csi.h"
#include "grpc.h"
#include "h2_listen.h"
#include "registration.pb-c.h"

struct liteio_registration {
	char *endpoint;
	struct liteio_grpc *grpc;
	struct liteio_h2_listener *listener;
};

static int get_info(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
		    struct liteio_error *err)
{
	const struct liteio_registration *reg = ctx;
	Pluginregistration__PluginInfo *info = out;

	info->type = liteio_strdup("CSIPlugin");
	info->name = liteio_strdup(LITEIO_CSI_DRIVER);
	info->endpoint = liteio_strdup(reg->endpoint);
	info->supported_versions = liteio_calloc(1, sizeof(*info->supported_versions));
	info->supported_versions[info->n_supported_versions++] = liteio_strdup("1.0.0");
	return 0;
}

static int notify_registration_status(void *ctx, struct liteio_grpc_call *call, const void *in,
				      void *out, struct liteio_error *err)
{
	const Pluginregistration__RegistrationStatus *status = in;

	if (status->plugin_registered)
		log_info(NULL, "registered with the kubelet");
	else /* it tries again by itself */
		log_err(NULL, "the kubelet did not register the driver: %s", status->error);
	return 0;
}

int liteio_registration_new(struct liteio_loop *loop, struct liteio_workers *workers,
			    const char *socket, const char *endpoint,
			    struct liteio_registration **ret, struct liteio_error *err)
{
	static const struct liteio_grpc_method methods[] = {
		{ "GetInfo", get_info },
		{ "NotifyRegistrationStatus", notify_registration_status },
	};
	const struct liteio_grpc_config grpc_config = LITEIO_GRPC_CONFIG_DEFAULT;
	struct liteio_h2_listen_config config = LITEIO_H2_LISTEN_CONFIG_DEFAULT;
	struct liteio_registration *reg = liteio_calloc(1, sizeof(*reg));
	int r;

	reg->endpoint = liteio_strdup(endpoint);
	reg->grpc = liteio_grpc_new(loop, workers, &grpc_config);
	config.path = socket;
	r = liteio_grpc_add(reg->grpc, &pluginregistration__registration__descriptor, methods,
			    LITEIO_ARRAY_SIZE(methods), reg, err);
	if (r == 0)
		r = liteio_h2_listener_new(loop, &config, liteio_grpc_ops(), reg->grpc,
					   &reg->listener, err);
	if (r < 0) {
		liteio_registration_free(reg);
		return r;
	}
	*ret = reg;
	return 0;
}

void liteio_registration_stop(struct liteio_registration *reg)
{
	if (reg)
		liteio_h2_listener_free(take_ptr(reg->listener));
}

void liteio_registration_on_idle(struct liteio_registration *reg, void (*fn)(void *arg), void *arg)
{
	liteio_grpc_on_idle(reg->grpc, fn, arg);
}

void liteio_registration_free(struct liteio_registration *reg)
{
	if (!reg)
		return;
	liteio_h2_listener_free(reg->listener);
	liteio_grpc_free(reg->grpc);
	free(reg->endpoint);
	free(reg);
}
