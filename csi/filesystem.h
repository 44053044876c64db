/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A volume's filesystem: made once, repaired, mounted, grown.
 *
 * Context: worker thread; programs run as children, each with a bound of its own.
 */
#ifndef LITEIO_CSI_FILESYSTEM_H
#define LITEIO_CSI_FILESYSTEM_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_error;

/**
 * struct liteio_filesystem - what to mount where
 * @device: block device
 * @target: directory, made when missing
 * @fs_type: "ext4" or "xfs"; NULL takes what is there, or the default on an empty device
 * @options: of the request, separated by commas; "" for none
 * @read_only: nothing is written, not even by a journal's replay
 */
struct liteio_filesystem {
	const char *device;
	const char *target;
	const char *fs_type;
	const char *options;
	bool read_only;
};

/**
 * liteio_filesystem_mount() - have a device's filesystem mounted
 * @fs: what and where
 * @ret_type: its type, owned by the caller
 * @err: why not
 *
 * An empty device is formatted, one with anything on it never: what is not the filesystem asked for
 * is refused (-EBUSY). Repaired before it is mounted, and grown to its device afterwards. Mounted
 * already is fine; another device mounted there is -EBUSY.
 *
 * Return: 0 or a negative errno.
 */
int liteio_filesystem_mount(const struct liteio_filesystem *fs, char **ret_type,
			    struct liteio_error *err);

/* grow a mounted filesystem to the size of its device */
int liteio_filesystem_grow(const char *device, const char *target, const char *fs_type,
			   struct liteio_error *err);

/* is this device mounted (or, block, bound) on just this path? 1, 0; -EBUSY: something else is */
int liteio_filesystem_is_mounted(const char *device, const char *target, bool block,
				 struct liteio_error *err);

#endif
