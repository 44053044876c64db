// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NodeStageVolume and NodeUnstageVolume: have the agent bring the device, and the filesystem on it
 * mounted on the staging path; and take both away again.
 *
 * The record (staged.h) is written first and removed last: whatever is attached or mounted can be
 * found again after this process was killed.
 */
#include <errno.h>
#include <string.h>

#include "agent_client.h"
#include "attach_context.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "busy.h"
#include "capability.h"
#include "csi.h"
#include "filesystem.h"
#include "grpc.h"
#include "host/mount.h"
#include "node.h"
#include "params.h"
#include "staged.h"

/* ---- taking away */

/* I/O of a mount waits as long as its device does: what is not alive is cut first */
static int cut_dead(struct liteio_csi *csi, const struct liteio_staged *s, uint64_t deadline_ms,
		    struct liteio_error *err)
{
	struct liteio_local_attachment a = { 0 };
	int r;

	r = liteio_agent_attachment(csi->agent, &s->uuid, s->generation, deadline_ms, &a, err);
	if (r == -ENOENT)
		return 0;
	if (r == 0 && a.state && strcmp(a.state, "live")) {
		log_warning(NULL, "%s is %s: its I/O ends with errors now", s->path, a.state);
		r = liteio_agent_detach(csi->agent, &s->uuid, s->generation, true, deadline_ms,
					err);
	}
	liteio_json_fini(&a, liteio_local_attachment_fields);
	return r;
}

/* undo a staging, whatever became of it; @force: nobody may have it any more */
static int take_away(struct liteio_csi *csi, const char *volume, const struct liteio_staged *s,
		     bool force, uint64_t deadline_ms, struct liteio_error *err)
{
	int r;

	r = cut_dead(csi, s, deadline_ms, err);
	if (r == 0)
		r = liteio_umount(s->path, err);
	if (r == -EBUSY && force)
		r = liteio_umount_lazy(s->path, err);
	if (r == 0)
		r = liteio_agent_detach(csi->agent, &s->uuid, s->generation, force, deadline_ms,
					err);
	if (r == 0)
		r = liteio_staged_remove(csi->state_dir, volume, err);
	return r;
}

/* ---- stage */

/* the filesystem asked for: by the workload, else by the storage class; NULL when either is fine */
static const char *wanted_fs_type(const Csi__V1__NodeStageVolumeRequest *req)
{
	if (*req->volume_capability->mount->fs_type)
		return req->volume_capability->mount->fs_type;
	for (size_t i = 0; i < req->n_volume_context; i++)
		if (!strcmp(req->volume_context[i]->key, LITEIO_CSI_CONTEXT_FS_TYPE))
			return req->volume_context[i]->value;
	return NULL;
}

static int check_stage(const Csi__V1__NodeStageVolumeRequest *req, struct liteio_error *err)
{
	const char *fs_type;
	int r;

	if (!*req->volume_id)
		return liteio_error_set(err, -EINVAL, "the volume id is missing");
	if (req->staging_target_path[0] != '/')
		return liteio_error_set(err, -EINVAL,
					"the staging target path is missing or not absolute");
	r = liteio_csi_capability_check(req->volume_capability, err);
	if (r < 0 || liteio_csi_capability_is_block(req->volume_capability))
		return r;
	fs_type = wanted_fs_type(req);
	if (fs_type && !liteio_csi_fs_known(fs_type))
		return liteio_error_set(err, -EINVAL,
					"filesystem \"%s\" is not supported: ext4 or xfs", fs_type);
	return 0;
}

/* is what an earlier call has staged, under this generation, what is asked for now? */
static int check_same(const Csi__V1__NodeStageVolumeRequest *req, const struct liteio_staged *s,
		      struct liteio_error *err)
{
	if (strcmp(s->path, req->staging_target_path))
		return liteio_error_set(err, -EEXIST, "volume %s is staged on %s already",
					req->volume_id, s->path);
	if (s->fs_type && liteio_csi_capability_is_block(req->volume_capability))
		return liteio_error_set(err, -EEXIST, "volume %s is staged as a filesystem already",
					req->volume_id);
	return 0;
}

/**
 * settle_earlier() - find what an earlier call has staged under this id
 * @csi: the driver
 * @req: the request
 * @ctx: its publish context
 * @deadline_ms: when to give up
 * @ret: the record to go on from; the earlier one when it is about the same generation
 * @err: why not
 *
 * An attachment of an older generation is taken away first: its gate is closed anyway.
 *
 * Return: 0, -ESTALE when a newer generation was staged here, or another negative errno.
 */
static int settle_earlier(struct liteio_csi *csi, const Csi__V1__NodeStageVolumeRequest *req,
			  const struct liteio_csi_attach_context *ctx, uint64_t deadline_ms,
			  struct liteio_staged *ret, struct liteio_error *err)
{
	struct liteio_staged s = { 0 };
	int r;

	r = liteio_staged_load(csi->state_dir, req->volume_id, &s, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && s.generation == ctx->generation && liteio_uuid_equal(&s.uuid, &ctx->uuid)) {
		r = check_same(req, &s, err);
		if (r == 0)
			*ret = s;
		else
			liteio_staged_fini(&s);
		return r;
	}
	if (r == 0 && s.generation > ctx->generation && liteio_uuid_equal(&s.uuid, &ctx->uuid)) {
		r = liteio_error_set(err, -ESTALE,
				     "volume %s was attached here anew since: generation %llu is over",
				     req->volume_id, (unsigned long long)ctx->generation);
	} else if (r == 0) {
		log_info(NULL, "volume %s: generation %llu is over, taken away", req->volume_id,
			 (unsigned long long)s.generation);
		r = take_away(csi, req->volume_id, &s, true, deadline_ms, err);
	}
	liteio_staged_fini(&s);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret = (struct liteio_staged){ .uuid = ctx->uuid,
				       .generation = ctx->generation,
				       .read_only = ctx->read_only,
				       .path = liteio_strdup(req->staging_target_path) };
	return liteio_staged_save(csi->state_dir, req->volume_id, ret, err);
}

/* the agent takes addresses as a list */
static int attach(struct liteio_csi *csi, const struct liteio_csi_attach_context *ctx,
		  uint64_t deadline_ms, char **ret_device, struct liteio_error *err)
{
	_cleanup_free_ char *copy = liteio_strdup(ctx->addresses ? ctx->addresses : "");
	char *addresses[LITEIO_LOCAL_ADDRESSES_MAX];
	struct liteio_local_attach req = { .uuid = ctx->uuid,
					   .generation = ctx->generation,
					   .size_bytes = ctx->size_bytes,
					   .local = ctx->local,
					   .nqn = ctx->nqn,
					   .read_only = ctx->read_only,
					   .addresses = addresses };
	struct liteio_local_attachment a = { 0 };
	int r;

	if (!ctx->local)
		req.n_addresses = liteio_split(copy, ',', addresses, LITEIO_LOCAL_ADDRESSES_MAX);
	r = liteio_agent_attach(csi->agent, &req, deadline_ms, &a, err);
	if (r == 0 && !a.device)
		r = liteio_error_set(err, -EIO, "the agent attached it without a device");
	if (r == 0) {
		free(*ret_device);
		*ret_device = take_ptr(a.device);
	}
	liteio_json_fini(&a, liteio_local_attachment_fields);
	return r;
}

static char *mount_options(const Csi__V1__VolumeCapability *cap)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	for (size_t i = 0; i < cap->mount->n_mount_flags; i++)
		liteio_buf_addf(&b, "%s%s", i ? "," : "", cap->mount->mount_flags[i]);
	return liteio_buf_take(&b);
}

static int mount_staged(const Csi__V1__NodeStageVolumeRequest *req, struct liteio_staged *s,
			struct liteio_error *err)
{
	_cleanup_free_ char *options = mount_options(req->volume_capability);
	struct liteio_filesystem fs = { .device = s->device,
					.target = s->path,
					.fs_type = wanted_fs_type(req),
					.options = options,
					.read_only = s->read_only };
	char *type;
	int r;

	r = liteio_filesystem_mount(&fs, &type, err);
	if (r < 0)
		return r;
	free(s->fs_type);
	s->fs_type = type;
	return 0;
}

static int stage(struct liteio_csi *csi, const Csi__V1__NodeStageVolumeRequest *req,
		 const struct liteio_csi_attach_context *ctx, uint64_t deadline_ms,
		 struct liteio_error *err)
{
	struct liteio_staged s = { 0 };
	int r;

	r = settle_earlier(csi, req, ctx, deadline_ms, &s, err);
	if (r == 0)
		r = attach(csi, ctx, deadline_ms, &s.device, err);
	if (r == 0 && !liteio_csi_capability_is_block(req->volume_capability))
		r = mount_staged(req, &s, err);
	if (r == 0)
		r = liteio_staged_save(csi->state_dir, req->volume_id, &s, err);
	liteio_staged_fini(&s);
	return r;
}

int liteio_csi_node_stage(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			  struct liteio_error *err)
{
	const Csi__V1__NodeStageVolumeRequest *req = in;
	_cleanup_busy_ struct liteio_busy_mark *mark = NULL;
	uint64_t deadline_ms = liteio_grpc_call_deadline(call);
	struct liteio_csi_attach_context context = { 0 };
	struct liteio_csi *csi = ctx;
	int r;

	r = check_stage(req, err);
	if (r == 0)
		r = liteio_csi_attach_context_parse(req, &context, err);
	if (r == 0)
		r = liteio_busy_enter(csi->busy, "volume", req->volume_id, &mark, err);
	if (r == 0)
		r = stage(csi, req, &context, deadline_ms, err);
	liteio_csi_attach_context_fini(&context);
	return r;
}

/* ---- unstage */

int liteio_csi_node_unstage(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			    struct liteio_error *err)
{
	const Csi__V1__NodeUnstageVolumeRequest *req = in;
	_cleanup_busy_ struct liteio_busy_mark *mark = NULL;
	struct liteio_staged s = { 0 };
	struct liteio_csi *csi = ctx;
	int r;

	if (!*req->volume_id)
		return liteio_error_set(err, -EINVAL, "the volume id is missing");
	if (req->staging_target_path[0] != '/')
		return liteio_error_set(err, -EINVAL,
					"the staging target path is missing or not absolute");
	r = liteio_busy_enter(csi->busy, "volume", req->volume_id, &mark, err);
	if (r < 0)
		return r;
	r = liteio_staged_load(csi->state_dir, req->volume_id, &s, err);
	if (r == -ENOENT) /* nothing of ours; only a mount somebody else has made could be there */
		return 0;
	if (r == 0)
		r = take_away(csi, req->volume_id, &s, false, liteio_grpc_call_deadline(call),
			      err);
	liteio_staged_fini(&s);
	return r;
}
