// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounts through libmount: its table reader, and the system calls themselves, whose errors are
 * exact.
 */
#include <errno.h>
#include <libmount/libmount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/mount.h"

#define MOUNTINFO "/proc/self/mountinfo"

static void table_unrefp(struct libmnt_table **t)
{
	mnt_unref_table(*t);
}

static int read_table(struct libmnt_table **ret, struct liteio_error *err)
{
	struct libmnt_table *t = mnt_new_table_from_file(MOUNTINFO);

	if (!t)
		return liteio_error_set(err, -EIO, "cannot read " MOUNTINFO);
	*ret = t;
	return 0;
}

void liteio_mount_entry_fini(struct liteio_mount_entry *e)
{
	free(e->source);
	free(e->target);
	free(e->root);
	free(e->fs_type);
	free(e->options);
	*e = (struct liteio_mount_entry){ 0 };
}

static char *copy(const char *s)
{
	return liteio_strdup(s ? s : "");
}

/* @path as the kernel shows it: without links, but the last component may be anything */
static char *canonical(const char *path)
{
	char *real = realpath(path, NULL);

	return real ? real : liteio_strdup(path);
}

int liteio_mount_find(const char *target, struct liteio_mount_entry *ret, struct liteio_error *err)
{
	struct libmnt_table *t _cleanup_(table_unrefp) = NULL;
	char *real _cleanup_free_ = canonical(target);
	struct libmnt_fs *fs;
	int r;

	r = read_table(&t, err);
	if (r)
		return r;
	/* backward: of several mounts on one path the last is what one sees */
	fs = mnt_table_find_target(t, real, MNT_ITER_BACKWARD);
	if (!fs || strcmp(mnt_fs_get_target(fs), real) != 0)
		return liteio_error_set(err, -ENOENT, "nothing is mounted on %s", target);
	*ret = (struct liteio_mount_entry){
		.source = copy(mnt_fs_get_source(fs)),
		.target = copy(mnt_fs_get_target(fs)),
		.root = copy(mnt_fs_get_root(fs)),
		.fs_type = copy(mnt_fs_get_fstype(fs)),
		.options = copy(mnt_fs_get_options(fs)),
		.dev = mnt_fs_get_devno(fs),
	};
	return 0;
}

bool liteio_mount_is_mountpoint(const char *target)
{
	struct liteio_mount_entry e;

	if (liteio_mount_find(target, &e, NULL))
		return false;
	liteio_mount_entry_fini(&e);
	return true;
}

/* a bind of the node itself shows devtmpfs as the filesystem and the node's name as the root */
static bool is_bind_of_node(struct libmnt_fs *fs, dev_t dev)
{
	const char *target = mnt_fs_get_target(fs), *type = mnt_fs_get_fstype(fs);
	struct stat st;

	if (!target || !type || strcmp(type, "devtmpfs") != 0)
		return false;
	return !stat(target, &st) && S_ISBLK(st.st_mode) && st.st_rdev == dev;
}

int liteio_mount_users(const char *device, char ***ret, size_t *ret_n, struct liteio_error *err)
{
	struct libmnt_table *t _cleanup_(table_unrefp) = NULL;
	struct libmnt_iter *iter;
	struct libmnt_fs *fs;
	char **targets = NULL;
	struct stat st;
	size_t n = 0;
	int r;

	if (stat(device, &st))
		return liteio_error_set(err, errno, "cannot look at %s: %s", device,
					liteio_error_str(NULL, -errno));
	r = read_table(&t, err);
	if (r)
		return r;
	iter = mnt_new_iter(MNT_ITER_FORWARD);
	if (!iter)
		abort();
	while (!mnt_table_next_fs(t, iter, &fs)) {
		if (mnt_fs_get_devno(fs) != st.st_rdev && !is_bind_of_node(fs, st.st_rdev))
			continue;
		targets = liteio_realloc(targets, n + 1, sizeof(*targets));
		targets[n++] = copy(mnt_fs_get_target(fs));
	}
	mnt_free_iter(iter);
	*ret = targets;
	*ret_n = n;
	return 0;
}

/* ---- mounting ------------------------------------------------------------------------------- */

/* flags of the options, and what is left for the filesystem (new memory, may be "") */
static int split_options(const char *options, unsigned long *ret_flags, char **ret_data,
			 struct liteio_error *err)
{
	const struct libmnt_optmap *map = mnt_get_builtin_optmap(MNT_LINUX_MAP);
	char *vfs = NULL, *data = NULL;
	unsigned long flags = 0;

	if (mnt_split_optstr(options, NULL, &vfs, &data, 0, 0) ||
	    (vfs && mnt_optstr_get_flags(vfs, &flags, map))) {
		free(vfs);
		free(data);
		return liteio_error_set(err, -EINVAL, "mount options \"%s\" cannot be read",
					options);
	}
	free(vfs);
	*ret_flags = flags;
	*ret_data = data ? data : liteio_strdup("");
	return 0;
}

static int do_mount(const char *source, const char *target, const char *fs_type,
		    unsigned long flags, const char *data, struct liteio_error *err)
{
	if (!mount(source, target, fs_type, flags, data))
		return 0;
	return liteio_error_set(err, errno, "cannot mount %s on %s: %s", source, target,
				liteio_error_str(NULL, -errno));
}

int liteio_mount(const char *source, const char *target, const char *fs_type, const char *options,
		 struct liteio_error *err)
{
	char *data _cleanup_free_ = NULL;
	unsigned long flags;
	int r;

	r = split_options(options ? options : "", &flags, &data, err);
	if (r)
		return r;
	return do_mount(source, target, fs_type, flags, data, err);
}

int liteio_mount_bind(const char *source, const char *target, bool read_only,
		      struct liteio_error *err)
{
	int r;

	r = do_mount(source, target, NULL, MS_BIND, NULL, err);
	if (r || !read_only)
		return r;
	/* the first call ignores every other flag: read-only takes a second one */
	r = do_mount(source, target, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL, err);
	if (r)
		umount2(target, UMOUNT_NOFOLLOW);
	return r;
}

int liteio_mount_remount(const char *target, const char *options, struct liteio_error *err)
{
	char *data _cleanup_free_ = NULL;
	unsigned long flags;
	int r;

	r = split_options(options ? options : "", &flags, &data, err);
	if (r)
		return r;
	if (mount(NULL, target, NULL, flags | MS_REMOUNT, data))
		return liteio_error_set(err, errno, "cannot remount %s: %s", target,
					liteio_error_str(NULL, -errno));
	return 0;
}

int liteio_umount(const char *target, struct liteio_error *err)
{
	while (liteio_mount_is_mountpoint(target)) {
		if (umount2(target, UMOUNT_NOFOLLOW) && errno != EINVAL && errno != ENOENT)
			return liteio_error_set(err, errno, "cannot unmount %s: %s", target,
						liteio_error_str(NULL, -errno));
	}
	return 0;
}

int liteio_umount_lazy(const char *target, struct liteio_error *err)
{
	while (liteio_mount_is_mountpoint(target)) {
		if (umount2(target, UMOUNT_NOFOLLOW | MNT_DETACH) && errno != EINVAL &&
		    errno != ENOENT)
			return liteio_error_set(err, errno, "cannot detach %s: %s", target,
						liteio_error_str(NULL, -errno));
	}
	return 0;
}
