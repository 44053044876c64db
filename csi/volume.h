/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes in the controller's half: the object behind a volume id, and how it is answered.
 */
#ifndef LITEIO_CSI_VOLUME_H
#define LITEIO_CSI_VOLUME_H

#include "cluster.h"
#include "csi.pb-c.h"
#include "message.h"
#include "model/volume.h"

/* the caller's name, kept on the object: what the id was made from */
#define LITEIO_CSI_NAME_ANNOTATION "csi.liteio.io/name"

/**
 * struct liteio_csi_volume - a Volume as read from the server
 * @obj: as JSON
 * @v: the same as a struct
 */
struct liteio_csi_volume {
	struct liteio_json *obj;
	struct liteio_volume v;
};

/* read one; -ENOENT when there is none. Release with _fini() */
int liteio_csi_volume_get(const struct liteio_cluster_call *c, const char *id,
			  struct liteio_csi_volume *ret, struct liteio_error *err);
void liteio_csi_volume_fini(struct liteio_csi_volume *volume);

/* change one by compare-and-swap; -EAGAIN: read again. @volume becomes what was written */
int liteio_csi_volume_patch(const struct liteio_cluster_call *c, struct liteio_csi_volume *volume,
			    const struct liteio_json *patch, struct liteio_error *err);

/* fill in the answer of CreateVolume and ListVolumes */
void liteio_csi_volume_answer(const struct liteio_volume *v, Csi__V1__Volume *out);

/* { "topology.liteio.io/node": node } */
Csi__V1__Topology *liteio_csi_topology_new(const char *node);
/* the node of a topology, NULL when it names none */
const char *liteio_csi_topology_node(const Csi__V1__Topology *topology);

/* handlers, as typedef liteio_grpc_fn */
struct liteio_grpc_call;
int liteio_csi_create_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			     struct liteio_error *err);
int liteio_csi_delete_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			     struct liteio_error *err);
int liteio_csi_validate_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			       struct liteio_error *err);
int liteio_csi_expand_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			     struct liteio_error *err);
int liteio_csi_publish_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			      struct liteio_error *err);
int liteio_csi_unpublish_volume(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
				struct liteio_error *err);
int liteio_csi_list_volumes(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			    struct liteio_error *err);
int liteio_csi_get_capacity(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			    struct liteio_error *err);
int liteio_csi_create_snapshot(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			       struct liteio_error *err);
int liteio_csi_delete_snapshot(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			       struct liteio_error *err);
int liteio_csi_list_snapshots(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			      struct liteio_error *err);

#endif
