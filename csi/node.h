/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Node service: its handlers, by file, and what they share.
 */
#ifndef LITEIO_CSI_NODE_H
#define LITEIO_CSI_NODE_H

struct liteio_csi;
struct liteio_error;
struct liteio_grpc_call;
struct liteio_staged;

/* stage.c */
int liteio_csi_node_stage(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			  struct liteio_error *err);
int liteio_csi_node_unstage(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			    struct liteio_error *err);
/* publish.c */
int liteio_csi_node_publish(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			    struct liteio_error *err);
int liteio_csi_node_unpublish(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			      struct liteio_error *err);
/* inspect.c */
int liteio_csi_node_stats(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			  struct liteio_error *err);
int liteio_csi_node_expand(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			   struct liteio_error *err);

#endif
