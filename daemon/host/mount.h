/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounts (libmount) and filesystems (mkfs, fsck, resize as child processes).
 *
 * Context: worker threads. A mount or unmount waits for the device below; programs are ended after
 * their bound.
 */
#ifndef LITEIO_HOST_MOUNT_H
#define LITEIO_HOST_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct liteio_error;

/**
 * struct liteio_mount_entry - one line of /proc/self/mountinfo
 * @source: what is mounted ("/dev/dm-3"), owned
 * @target: where, owned
 * @root: which part of the source's filesystem ("/" but for bind mounts), owned
 * @fs_type: owned
 * @options: of mount and superblock, comma-separated, owned
 * @dev: device number of the filesystem
 */
struct liteio_mount_entry {
	char *source;
	char *target;
	char *root;
	char *fs_type;
	char *options;
	dev_t dev;
};

void liteio_mount_entry_fini(struct liteio_mount_entry *e);

/* what is mounted on exactly this path now (the topmost); -ENOENT when nothing is */
int liteio_mount_find(const char *target, struct liteio_mount_entry *ret, struct liteio_error *err);
bool liteio_mount_is_mountpoint(const char *target);
/*
 * Is this device (as a filesystem, or its node by a bind mount) mounted anywhere? Free the targets
 * with liteio_fs_names_free().
 */
int liteio_mount_users(const char *device, char ***ret, size_t *ret_n, struct liteio_error *err);

/**
 * liteio_mount() - mount a filesystem
 * @source: device
 * @target: existing directory
 * @fs_type: "ext4", "xfs"
 * @options: comma-separated, may be NULL or ""
 * @err: the kernel's reason
 *
 * Return: 0, -EBUSY when the device is mounted there already, or another negative errno.
 */
int liteio_mount(const char *source, const char *target, const char *fs_type, const char *options,
		 struct liteio_error *err);
/* bind a directory or a file (a device node) onto an existing one; read-only is a real step */
int liteio_mount_bind(const char *source, const char *target, bool read_only,
		      struct liteio_error *err);
int liteio_mount_remount(const char *target, const char *options, struct liteio_error *err);
/* unmount all that is mounted on the path, topmost first; 0 when nothing is; -EBUSY when in use */
int liteio_umount(const char *target, struct liteio_error *err);
/* detach at once, clean up when the last user leaves (MNT_DETACH) */
int liteio_umount_lazy(const char *target, struct liteio_error *err);

/**
 * liteio_mkfs() - make a filesystem on an empty device
 * @device: must carry no signature: looked at right before (-EEXIST otherwise)
 * @fs_type: "ext4" or "xfs"
 * @timeout_ms: bound
 * @err: what the program said
 *
 * Return: 0, -EOPNOTSUPP for another type, or another negative errno.
 */
int liteio_mkfs(const char *device, const char *fs_type, uint64_t timeout_ms,
		struct liteio_error *err);
/*
 * repair what can be repaired without a question; 0 when it is fine now, -EUCLEAN when it is not,
 * or another negative errno when nobody knows
 */
int liteio_fsck(const char *device, const char *fs_type, uint64_t timeout_ms,
		struct liteio_error *err);
/* grow to the size of the device; the filesystem is mounted on @target */
int liteio_fs_grow(const char *device, const char *target, const char *fs_type, uint64_t timeout_ms,
		   struct liteio_error *err);

#endif
