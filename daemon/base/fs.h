/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files: read whole, write atomically, sysfs and configfs attributes.
 */
#ifndef LITEIO_BASE_FS_H
#define LITEIO_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct liteio_error;

/*
 * whole file in new terminated memory, at most @max bytes (-EMSGSIZE beyond); @ret_len may be NULL
 */
int liteio_fs_read(const char *path, size_t max, char **ret, size_t *ret_len,
		   struct liteio_error *err);
/* like liteio_fs_read() of one line, without its newline and surrounding blanks */
int liteio_fs_read_line(const char *path, char **ret, struct liteio_error *err);
/* create or replace: temporary file, fsync, rename, fsync of the directory */
int liteio_fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
			   struct liteio_error *err);
/* one write() to an existing attribute file that is known not to block for long */
int liteio_fs_write_attr(const char *path, const char *value, struct liteio_error *err);
/* mkdir, parents included; existing directories are fine */
int liteio_fs_mkdir_p(const char *path, mode_t mode, struct liteio_error *err);
bool liteio_fs_exists(const char *path);
/* names in a directory without "." and "..", sorted; free with liteio_fs_names_free() */
int liteio_fs_list(const char *path, char ***ret, size_t *ret_n, struct liteio_error *err);
void liteio_fs_names_free(char **names, size_t n);

#endif
