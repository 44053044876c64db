/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The publish context: what ControllerPublishVolume tells NodeStageVolume. Pure.
 */
#ifndef LITEIO_CSI_ATTACH_CONTEXT_H
#define LITEIO_CSI_ATTACH_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "csi.pb-c.h"
#include "model/volume.h"

struct liteio_error;

/**
 * struct liteio_csi_attach_context - one attachment
 * @uuid: of the volume
 * @generation: that was given to the node
 * @size_bytes: of the volume
 * @local: the pool is on the consumer's node
 * @read_only: only reading
 * @pool_node: for people; owned
 * @nqn: remote only; owned
 * @addresses: remote only, separated by commas; owned
 */
struct liteio_csi_attach_context {
	struct liteio_uuid uuid;
	uint64_t generation;
	uint64_t size_bytes;
	bool local;
	bool read_only;
	char *pool_node;
	char *nqn;
	char *addresses;
};

/* copy what is needed of a granted, ready export */
void liteio_csi_attach_context_take(struct liteio_csi_attach_context *ctx,
				    const struct liteio_volume *v, const struct liteio_grant *grant,
				    const struct liteio_export_status *export);

/* as the answer of ControllerPublishVolume */
void liteio_csi_attach_context_answer(const struct liteio_csi_attach_context *ctx,
				      Csi__V1__ControllerPublishVolumeResponse *out);

/**
 * liteio_csi_attach_context_parse() - what NodeStageVolume was told
 * @req: the request; only its publish context counts
 * @ret: filled in on success, released with _fini()
 * @err: which entry is missing or wrong
 *
 * Unknown keys are ignored: a newer controller's half may say more. Return: 0 or -EINVAL.
 */
int liteio_csi_attach_context_parse(const Csi__V1__NodeStageVolumeRequest *req,
				    struct liteio_csi_attach_context *ret,
				    struct liteio_error *err);

void liteio_csi_attach_context_fini(struct liteio_csi_attach_context *ctx);

#endif
