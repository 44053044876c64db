// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NodePublishVolume and NodeUnpublishVolume: bind what is staged to where the workload sees it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "busy.h"
#include "capability.h"
#include "csi.h"
#include "filesystem.h"
#include "host/mount.h"
#include "node.h"
#include "staged.h"

static int check_publish(const Csi__V1__NodePublishVolumeRequest *req, struct liteio_error *err)
{
	if (!*req->volume_id)
		return liteio_error_set(err, -EINVAL, "the volume id is missing");
	if (req->target_path[0] != '/')
		return liteio_error_set(err, -EINVAL, "the target path is missing or not absolute");
	if (req->staging_target_path[0] != '/')
		return liteio_error_set(err, -EINVAL,
					"the staging target path is missing or not absolute");
	return liteio_csi_capability_check(req->volume_capability, err);
}

/* it must be staged, there, as what it is wanted as */
static int check_staged(const Csi__V1__NodePublishVolumeRequest *req,
			const struct liteio_staged *s, bool block, struct liteio_error *err)
{
	int r;

	if (strcmp(s->path, req->staging_target_path))
		return liteio_error_set(err, -EBUSY, "volume %s is staged on %s, not on %s",
					req->volume_id, s->path, req->staging_target_path);
	if (!s->device)
		return liteio_error_set(err, -EBUSY, "volume %s is not completely staged",
					req->volume_id);
	if (block != !s->fs_type)
		return liteio_error_set(err, -EINVAL, "volume %s is staged as a %s", req->volume_id,
					s->fs_type ? "filesystem" : "block device");
	if (block)
		return 0;
	r = liteio_filesystem_is_mounted(s->device, s->path, false, err);
	if (r == 0)
		r = liteio_error_set(err, -EBUSY, "volume %s is not mounted on %s", req->volume_id,
				     s->path);
	return r < 0 ? r : 0;
}

/* one workload: nowhere but on the staging path and the target */
static int check_exclusive(const Csi__V1__NodePublishVolumeRequest *req,
			   const struct liteio_staged *s, struct liteio_error *err)
{
	char **users = NULL;
	size_t n = 0;
	int r;

	if (!liteio_csi_capability_is_exclusive(req->volume_capability))
		return 0;
	r = liteio_mount_users(s->device, &users, &n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (strcmp(users[i], s->path) && strcmp(users[i], req->target_path))
			r = liteio_error_set(err, -EBUSY,
					     "volume %s is for one workload at a time and used on %s",
					     req->volume_id, users[i]);
	liteio_fs_names_free(users, n);
	return r;
}

/* the directory or file to bind onto */
static int make_target(const char *target, bool block, struct liteio_error *err)
{
	_cleanup_free_ char *parent = liteio_strdup(target);
	_cleanup_close_ int fd = -1;
	char *slash = strrchr(parent, '/');
	int r;

	if (!block)
		return liteio_fs_mkdir_p(target, 0750, err);
	if (slash != parent) {
		*slash = '\0';
		r = liteio_fs_mkdir_p(parent, 0750, err);
		if (r < 0)
			return r;
	}
	fd = open(target, O_CREAT | O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (fd < 0)
		return liteio_error_set(err, -errno, "can not make %s: %m", target);
	return 0;
}

static bool is_read_only(const char *target)
{
	struct liteio_mount_entry entry;
	bool ro;

	if (liteio_mount_find(target, &entry, NULL) < 0)
		return false;
	ro = !strcmp(entry.options, "ro") || !strncmp(entry.options, "ro,", strlen("ro,"));
	liteio_mount_entry_fini(&entry);
	return ro;
}

static int bind_target(const Csi__V1__NodePublishVolumeRequest *req, const struct liteio_staged *s,
		       bool block, struct liteio_error *err)
{
	bool read_only = req->readonly || s->read_only;
	int r;

	r = liteio_filesystem_is_mounted(s->device, req->target_path, block, err);
	if (r < 0)
		return r;
	if (r > 0 && !is_read_only(req->target_path) == read_only)
		return liteio_error_set(err, -EEXIST, "volume %s is published on %s already, %s",
					req->volume_id, req->target_path,
					read_only ? "for writing" : "read-only");
	if (r > 0)
		return 0;
	r = make_target(req->target_path, block, err);
	if (r == 0)
		r = liteio_mount_bind(block ? s->device : s->path, req->target_path, read_only,
				      err);
	return r;
}

int liteio_csi_node_publish(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			    struct liteio_error *err)
{
	const Csi__V1__NodePublishVolumeRequest *req = in;
	_cleanup_busy_ struct liteio_busy_mark *mark = NULL;
	struct liteio_staged s = { 0 };
	struct liteio_csi *csi = ctx;
	bool block;
	int r;

	r = check_publish(req, err);
	if (r == 0)
		r = liteio_busy_enter(csi->busy, "volume", req->volume_id, &mark, err);
	if (r == 0)
		r = liteio_staged_load(csi->state_dir, req->volume_id, &s, err);
	if (r)
		return r;
	block = liteio_csi_capability_is_block(req->volume_capability);
	r = check_staged(req, &s, block, err);
	if (r == 0)
		r = check_exclusive(req, &s, err);
	if (r == 0)
		r = bind_target(req, &s, block, err);
	liteio_staged_fini(&s);
	return r;
}

static int remove_target(const char *target, struct liteio_error *err)
{
	struct stat st;

	if (lstat(target, &st) < 0)
		return errno == ENOENT ? 0 : liteio_error_set(err, -errno, "%s: %m", target);
	/* rmdir() takes only what is empty: nothing of the workload's can be lost */
	if (S_ISDIR(st.st_mode) ? rmdir(target) < 0 : unlink(target) < 0)
		return liteio_error_set(err, -errno, "can not remove %s: %m", target);
	return 0;
}

int liteio_csi_node_unpublish(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			      struct liteio_error *err)
{
	const Csi__V1__NodeUnpublishVolumeRequest *req = in;
	_cleanup_busy_ struct liteio_busy_mark *mark = NULL;
	struct liteio_csi *csi = ctx;
	int r;

	if (!*req->volume_id)
		return liteio_error_set(err, -EINVAL, "the volume id is missing");
	if (req->target_path[0] != '/')
		return liteio_error_set(err, -EINVAL, "the target path is missing or not absolute");
	r = liteio_busy_enter(csi->busy, "volume", req->volume_id, &mark, err);
	if (r == 0)
		r = liteio_umount(req->target_path, err);
	if (r == 0)
		r = remove_target(req->target_path, err);
	return r;
}
