// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A request of the CSI socket as its handler begins with it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* generated code, as a part of this file: it lives outside of the tree */
#include "csi.pb-c.c"
#include "wellknown.pb-c.c"

#include "attach_context.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "capability.h"
#include "grpc_wire.h"
#include "id.h"
#include "message.h"
#include "model/volume.h"
#include "page.h"
#include "params.h"
#include "requests.h"

unsigned long requests_unpacked, requests_accepted;

static void must(bool holds)
{
	if (!holds)
		abort();
}

static int read_range(const Csi__V1__CapacityRange *range, struct liteio_error *err)
{
	uint64_t size = 0;
	int r;

	if (!range)
		return 0;
	r = liteio_csi_range_check(range->required_bytes, range->limit_bytes, err);
	if (r < 0)
		return r;
	r = liteio_csi_size(range->required_bytes, range->limit_bytes, LITEIO_CSI_SIZE_DEFAULT,
			    &size, err);
	must(r == -ERANGE || (r == 0 && size >= (uint64_t)range->required_bytes &&
			      size % LITEIO_VOLUME_SIZE_ALIGN == 0));
	must(r < 0 || !range->limit_bytes || size <= (uint64_t)range->limit_bytes);
	return r == -ERANGE ? 0 : r;
}

static int create_volume(const void *msg, struct liteio_error *err)
{
	const Csi__V1__CreateVolumeRequest *req = msg;
	struct liteio_csi_params params = { 0 };
	int r;

	r = liteio_csi_capabilities_check(req->volume_capabilities, req->n_volume_capabilities,
					  err);
	for (size_t i = 0; r == 0 && i < req->n_parameters; i++)
		r = liteio_csi_params_set(&params, req->parameters[i]->key,
					  req->parameters[i]->value, err);
	liteio_csi_params_fini(&params);
	if (r == 0)
		r = read_range(req->capacity_range, err);
	if (r == 0 && *req->name) {
		_cleanup_free_ char *id = liteio_csi_id("v", req->name);

		/* whatever a volume is called, an object can be called by its id */
		must(liteio_csi_id_check(id) == 0 && strlen(id) <= LITEIO_CSI_ID_MAX);
	}
	return r;
}

static int publish_volume(const void *msg, struct liteio_error *err)
{
	const Csi__V1__ControllerPublishVolumeRequest *req = msg;

	return liteio_csi_capability_check(req->volume_capability, err);
}

static int expand_volume(const void *msg, struct liteio_error *err)
{
	const Csi__V1__ControllerExpandVolumeRequest *req = msg;

	return read_range(req->capacity_range, err);
}

static int list_snapshots(const void *msg, struct liteio_error *err)
{
	const Csi__V1__ListSnapshotsRequest *req = msg;
	struct liteio_csi_page page;
	int r;

	r = liteio_csi_page_begin(&page, req->max_entries, req->starting_token, err);
	return r == -EAGAIN ? -EINVAL : r;
}

static int stage_volume(const void *msg, struct liteio_error *err)
{
	const Csi__V1__NodeStageVolumeRequest *req = msg;
	struct liteio_csi_attach_context context = { 0 };
	int r;

	r = liteio_csi_capability_check(req->volume_capability, err);
	if (r == 0)
		r = liteio_csi_attach_context_parse(req, &context, err);
	if (r == 0)
		must(context.generation && context.size_bytes &&
		     (context.local || (*context.nqn && *context.addresses)));
	liteio_csi_attach_context_fini(&context);
	return r;
}

static int node_publish_volume(const void *msg, struct liteio_error *err)
{
	const Csi__V1__NodePublishVolumeRequest *req = msg;

	return liteio_csi_capability_check(req->volume_capability, err);
}

/* of the other methods nothing is read but strings */
static const struct {
	const char *method;
	int (*read)(const void *msg, struct liteio_error *err);
} readers[] = {
	{ "CreateVolume", create_volume },
	{ "ControllerPublishVolume", publish_volume },
	{ "ControllerExpandVolume", expand_volume },
	{ "ListSnapshots", list_snapshots },
	{ "NodeStageVolume", stage_volume },
	{ "NodePublishVolume", node_publish_volume },
};

static int find_method(const char *path, struct liteio_message_method *ret)
{
	static const struct ProtobufCServiceDescriptor *const services[] = {
		&csi__v1__identity__descriptor,
		&csi__v1__controller__descriptor,
		&csi__v1__node__descriptor,
	};
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(services); i++) {
		const char *name = liteio_message_service_name(services[i]);

		if ((size_t)(slash - path) == strlen(name) + 1 &&
		    !strncmp(path + 1, name, strlen(name)))
			return liteio_message_method_find(services[i], slash + 1, ret);
	}
	return -ENOENT;
}

/* what was understood is the same when it is written and read again */
static void write_again(const struct ProtobufCMessageDescriptor *type, const void *request)
{
	void *packed, *again, *twice;
	size_t len, len_twice;

	len = liteio_message_pack(request, LITEIO_GRPC_FRAME_BYTES, &packed);
	must(liteio_message_unpack(type, (char *)packed + LITEIO_GRPC_FRAME_BYTES, len, &again,
				   NULL) == 0);
	len_twice = liteio_message_pack(again, LITEIO_GRPC_FRAME_BYTES, &twice);
	must(len == len_twice && !memcmp(packed, twice, LITEIO_GRPC_FRAME_BYTES + len));
	liteio_message_free(again);
	free(packed);
	free(twice);
}

int request_read(const char *path, const void *msg, size_t len, struct liteio_error *err)
{
	struct liteio_message_method method;
	void *request;
	int r;

	if (find_method(path, &method) < 0)
		return liteio_error_set(err, -ENOSYS, "there is no method %s", path);
	r = liteio_message_unpack(method.input, msg, len, &request, err);
	if (r == 0) {
		requests_unpacked++;
		write_again(method.input, request);
		for (size_t i = 0; r == 0 && i < LITEIO_ARRAY_SIZE(readers); i++)
			if (!strcmp(strrchr(path, '/') + 1, readers[i].method))
				r = readers[i].read(request, err);
		requests_accepted += r == 0;
		liteio_message_free(request);
	}
	must(r == 0 || (r == -EINVAL && *err->msg));
	return r;
}
