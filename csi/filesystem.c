// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A volume's filesystem: made once, repaired, mounted, grown.
 */
#include "filesystem.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/block.h"
#include "host/mount.h"
#include "params.h"

/* ended at the caller's deadline a mkfs or fsck would never come to its end on a slow disk: they
 * get their own, and a repeated call is told that one is running
 */
#define MKFS_MS 600000
#define FSCK_MS 3600000
#define GROW_MS 600000

static const struct {
	const char *type;
	const char *always; /* mount options of every mount */
	const char *read_only; /* when not even the journal may be replayed */
} types[] = {
	{ "ext4", "", "ro,noload" },
	/* a restored snapshot has its volume's uuid, and both may be mounted on one node */
	{ "xfs", "nouuid", "ro,norecovery" },
};

static int device_number(const char *device, dev_t *ret, struct liteio_error *err)
{
	struct stat st;

	if (stat(device, &st) < 0)
		return liteio_error_set(err, -errno, "%s: %m", device);
	if (!S_ISBLK(st.st_mode))
		return liteio_error_set(err, -EIO, "%s is not a block device", device);
	*ret = st.st_rdev;
	return 0;
}

int liteio_filesystem_is_mounted(const char *device, const char *target, bool block,
				 struct liteio_error *err)
{
	struct liteio_mount_entry entry;
	struct stat st = { 0 };
	dev_t dev = 0, found;
	int r;

	r = liteio_mount_find(target, &entry, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	found = entry.dev;
	liteio_mount_entry_fini(&entry);
	if (block)
		found = stat(target, &st) == 0 && S_ISBLK(st.st_mode) ? st.st_rdev : 0;
	r = device_number(device, &dev, err);
	if (r < 0)
		return r;
	if (found != dev)
		return liteio_error_set(err, -EBUSY, "something else than %s is mounted on %s",
					device, target);
	return 1;
}

/* what is on the device, made when there is nothing */
static int find_or_make(const struct liteio_filesystem *fs, char **ret_type,
			struct liteio_error *err)
{
	const char *wanted = fs->fs_type ? fs->fs_type : LITEIO_CSI_FS_DEFAULT;
	struct liteio_block_signature found;
	int r;

	r = liteio_block_probe(fs->device, &found, err);
	if (r < 0)
		return r;
	if (!found.type[0] && fs->read_only)
		return liteio_error_set(err, -EBUSY,
					"the volume is empty and attached read-only: attach it for writing once, so that it gets a filesystem");
	if (!found.type[0]) {
		r = liteio_mkfs(fs->device, wanted, MKFS_MS, err);
		if (r == 0)
			*ret_type = liteio_strdup(wanted);
		return r;
	}
	if (!liteio_csi_fs_known(found.type))
		return liteio_error_set(err, -EBUSY,
					"the volume holds \"%s\", which is not a filesystem of this driver, and is left as it is",
					found.type);
	if (fs->fs_type && strcmp(fs->fs_type, found.type))
		return liteio_error_set(err, -EBUSY,
					"the volume holds a filesystem of type %s, not %s, and is left as it is",
					found.type, fs->fs_type);
	if (!fs->read_only)
		r = liteio_fsck(fs->device, found.type, FSCK_MS, err);
	if (r == 0)
		*ret_type = liteio_strdup(found.type);
	return r;
}

static void add_option(struct liteio_buf *b, const char *option)
{
	if (*option)
		liteio_buf_addf(b, "%s%s", b->len ? "," : "", option);
}

static int mount_it(const struct liteio_filesystem *fs, const char *type, struct liteio_error *err)
{
	struct liteio_buf options = LITEIO_BUF_INIT;
	int r;

	add_option(&options, fs->options);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(types); i++) {
		if (strcmp(types[i].type, type))
			continue;
		add_option(&options, types[i].always);
		if (fs->read_only)
			add_option(&options, types[i].read_only);
	}
	r = liteio_mount(fs->device, fs->target, type, options.data, err);
	liteio_buf_fini(&options);
	return r;
}

static int mounted_type(const struct liteio_filesystem *fs, char **ret_type,
			struct liteio_error *err)
{
	struct liteio_mount_entry entry;
	int r;

	r = liteio_mount_find(fs->target, &entry, err);
	if (r < 0)
		return r;
	if (fs->fs_type && strcmp(fs->fs_type, entry.fs_type))
		r = liteio_error_set(err, -EEXIST, "mounted on %s already, as %s", fs->target,
				     entry.fs_type);
	else
		*ret_type = liteio_strdup(entry.fs_type);
	liteio_mount_entry_fini(&entry);
	return r;
}

int liteio_filesystem_mount(const struct liteio_filesystem *fs, char **ret_type,
			    struct liteio_error *err)
{
	_cleanup_free_ char *type = NULL;
	int r;

	r = liteio_filesystem_is_mounted(fs->device, fs->target, false, err);
	if (r < 0)
		return r;
	if (r > 0)
		return mounted_type(fs, ret_type, err);
	r = liteio_fs_mkdir_p(fs->target, 0750, err);
	if (r == 0)
		r = find_or_make(fs, &type, err);
	if (r == 0)
		r = mount_it(fs, type, err);
	/* a volume restored to a larger size, or expanded while nobody had it mounted */
	if (r == 0 && !fs->read_only)
		r = liteio_filesystem_grow(fs->device, fs->target, type, err);
	if (r < 0)
		return r;
	*ret_type = take_ptr(type);
	return 0;
}

int liteio_filesystem_grow(const char *device, const char *target, const char *fs_type,
			   struct liteio_error *err)
{
	return liteio_fs_grow(device, target, fs_type, GROW_MS, err);
}
