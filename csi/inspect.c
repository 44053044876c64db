// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NodeGetVolumeStats and NodeExpandVolume: what a staged volume has, and letting it have more.
 */
#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "agent_client.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "busy.h"
#include "capability.h"
#include "csi.h"
#include "filesystem.h"
#include "grpc.h"
#include "host/block.h"
#include "node.h"
#include "params.h"
#include "staged.h"
#include "volume.h"

static void add_usage(Csi__V1__NodeGetVolumeStatsResponse *resp, Csi__V1__VolumeUsage__Unit unit,
		      uint64_t total, uint64_t used, uint64_t available)
{
	Csi__V1__VolumeUsage *usage = liteio_message_new(&csi__v1__volume_usage__descriptor);

	usage->unit = unit;
	usage->total = (int64_t)total;
	usage->used = (int64_t)used;
	usage->available = (int64_t)available;
	resp->usage = liteio_realloc(resp->usage, resp->n_usage + 1, sizeof(*resp->usage));
	resp->usage[resp->n_usage++] = usage;
}

static int filesystem_usage(const char *path, Csi__V1__NodeGetVolumeStatsResponse *resp,
			    struct liteio_error *err)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0)
		return liteio_error_set(err, -errno, "can not ask the filesystem on %s: %m", path);
	add_usage(resp, CSI__V1__VOLUME_USAGE__UNIT__BYTES, fs.f_blocks * fs.f_frsize,
		  (fs.f_blocks - fs.f_bfree) * fs.f_frsize, fs.f_bavail * fs.f_frsize);
	add_usage(resp, CSI__V1__VOLUME_USAGE__UNIT__INODES, fs.f_files, fs.f_files - fs.f_ffree,
		  fs.f_favail);
	return 0;
}

static int block_usage(const char *device, Csi__V1__NodeGetVolumeStatsResponse *resp,
		       struct liteio_error *err)
{
	uint64_t size;
	int r = liteio_block_size(device, &size, err);

	if (r == 0)
		add_usage(resp, CSI__V1__VOLUME_USAGE__UNIT__BYTES, size, 0, 0);
	return r;
}

/* is this path really a place where the volume is? */
static int check_path(const char *volume, const struct liteio_staged *s, const char *path,
		      struct liteio_error *err)
{
	struct liteio_error ignored = LITEIO_ERROR_INIT;
	struct stat st;

	if (stat(path, &st) < 0)
		return liteio_error_set(err, errno == ENOENT ? -ENOENT : -EIO, "%s: %m", path);
	if (s->device &&
	    liteio_filesystem_is_mounted(s->device, path, S_ISBLK(st.st_mode), &ignored) > 0)
		return 0;
	return liteio_error_set(err, -ENOENT, "volume %s is not published on %s", volume, path);
}

int liteio_csi_node_stats(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			  struct liteio_error *err)
{
	const Csi__V1__NodeGetVolumeStatsRequest *req = in;
	struct liteio_csi *csi = ctx;
	struct liteio_staged s = { 0 };
	int r;

	if (!*req->volume_id)
		return liteio_error_set(err, -EINVAL, "the volume id is missing");
	if (!*req->volume_path)
		return liteio_error_set(err, -EINVAL, "the volume path is missing");
	r = liteio_staged_load(csi->state_dir, req->volume_id, &s, err);
	if (r < 0)
		return r;
	r = check_path(req->volume_id, &s, req->volume_path, err);
	if (r == 0 && s.fs_type)
		r = filesystem_usage(req->volume_path, out, err);
	else if (r == 0)
		r = block_usage(s.device, out, err);
	liteio_staged_fini(&s);
	return r;
}

/* the size to reach: of the range, or what the device can have */
static int wanted_size(const Csi__V1__NodeExpandVolumeRequest *req, uint64_t *ret,
		       struct liteio_error *err)
{
	const Csi__V1__CapacityRange *range = req->capacity_range;

	if (!range || !range->required_bytes) {
		*ret = 0;
		return 0;
	}
	return liteio_csi_size(range->required_bytes, range->limit_bytes, 0, ret, err);
}

static int expand(struct liteio_csi *csi, const Csi__V1__NodeExpandVolumeRequest *req,
		  const struct liteio_staged *s, uint64_t deadline_ms, int64_t *ret_size,
		  struct liteio_error *err)
{
	struct liteio_local_attachment a = { 0 };
	uint64_t size, device_size;
	int r;

	r = wanted_size(req, &size, err);
	if (r == 0 && !size)
		r = liteio_block_size(s->device, &size, err);
	if (r == 0)
		r = liteio_agent_resize(csi->agent, &s->uuid, s->generation, size, deadline_ms, &a,
					err);
	liteio_json_fini(&a, liteio_local_attachment_fields);
	if (r == 0 && s->fs_type && !s->read_only)
		r = liteio_filesystem_grow(s->device, s->path, s->fs_type, err);
	if (r == 0)
		r = liteio_block_size(s->device, &device_size, err);
	if (r == 0)
		*ret_size = (int64_t)device_size;
	return r;
}

static int check_expand(const Csi__V1__NodeExpandVolumeRequest *req, struct liteio_error *err)
{
	const Csi__V1__CapacityRange *range = req->capacity_range;
	int r = 0;

	if (!*req->volume_id)
		return liteio_error_set(err, -EINVAL, "the volume id is missing");
	if (!*req->volume_path)
		return liteio_error_set(err, -EINVAL, "the volume path is missing");
	if (req->volume_capability)
		r = liteio_csi_capability_check(req->volume_capability, err);
	if (r == 0 && range)
		r = liteio_csi_range_check(range->required_bytes, range->limit_bytes, err);
	return r;
}

int liteio_csi_node_expand(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			   struct liteio_error *err)
{
	const Csi__V1__NodeExpandVolumeRequest *req = in;
	Csi__V1__NodeExpandVolumeResponse *resp = out;
	_cleanup_busy_ struct liteio_busy_mark *mark = NULL;
	struct liteio_csi *csi = ctx;
	struct liteio_staged s = { 0 };
	int r;

	r = check_expand(req, err);
	if (r == 0)
		r = liteio_busy_enter(csi->busy, "volume", req->volume_id, &mark, err);
	if (r == 0)
		r = liteio_staged_load(csi->state_dir, req->volume_id, &s, err);
	if (r < 0)
		return r;
	r = check_path(req->volume_id, &s, req->volume_path, err);
	if (r == 0)
		r = expand(csi, req, &s, liteio_grpc_call_deadline(call), &resp->capacity_bytes,
			   err);
	liteio_staged_fini(&s);
	return r;
}
