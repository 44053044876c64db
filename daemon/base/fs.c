// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small files: read whole, write atomically, sysfs and configfs attributes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"

static int fs_error(struct liteio_error *err, const char *what, const char *path)
{
	int code = errno;

	return liteio_error_set(err, code, "cannot %s %s: %s", what, path,
				liteio_error_str(NULL, code));
}

int liteio_fs_read(const char *path, size_t max, char **ret, size_t *ret_len,
		   struct liteio_error *err)
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_CLOEXEC);
	struct liteio_buf b = LITEIO_BUF_INIT;
	char chunk[8192];

	if (fd < 0)
		return fs_error(err, "open", path);
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int r = fs_error(err, "read", path);

			liteio_buf_fini(&b);
			return r;
		}
		if (!n)
			break;
		if ((size_t)n > max - b.len) {
			liteio_buf_fini(&b);
			return liteio_error_set(err, -EMSGSIZE, "%s is larger than %zu bytes", path,
						max);
		}
		liteio_buf_add(&b, chunk, (size_t)n);
	}
	if (ret_len)
		*ret_len = b.len;
	*ret = liteio_buf_take(&b);
	return 0;
}

int liteio_fs_read_line(const char *path, char **ret, struct liteio_error *err)
{
	char *text _cleanup_free_ = NULL;
	char *start, *end;
	int r;

	r = liteio_fs_read(path, 64 * 1024, &text, NULL, err);
	if (r)
		return r;
	text[strcspn(text, "\n")] = '\0';
	start = text + strspn(text, " \t\r");
	end = start + strlen(start);
	while (end > start && strchr(" \t\r", end[-1]))
		end--;
	*end = '\0';
	*ret = liteio_strdup(start);
	return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* everything up to the rename; removes its temporary file when something fails */
static int write_temporary(char *tmp, const char *path, const void *data, size_t len, mode_t mode,
			   struct liteio_error *err)
{
	int fd _cleanup_close_ = mkostemp(tmp, O_CLOEXEC);
	int r;

	if (fd < 0)
		return fs_error(err, "create", tmp);
	if (!write_all(fd, data, len) && !fchmod(fd, mode) && !fsync(fd) && !rename(tmp, path))
		return 0;
	r = fs_error(err, "write", path);
	unlink(tmp);
	return r;
}

int liteio_fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
			   struct liteio_error *err)
{
	char *dir_copy _cleanup_free_ = liteio_strdup(path);
	char *tmp _cleanup_free_ = liteio_strf("%s.XXXXXX", path);
	const char *dir = dirname(dir_copy);
	int dir_fd _cleanup_close_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (dir_fd < 0)
		return fs_error(err, "open", dir);
	r = write_temporary(tmp, path, data, len, mode, err);
	if (r)
		return r;
	if (fsync(dir_fd))
		return fs_error(err, "flush", dir);
	return 0;
}

int liteio_fs_write_attr(const char *path, const char *value, struct liteio_error *err)
{
	int fd _cleanup_close_ = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(value);
	ssize_t n;
	int code;

	if (fd < 0)
		return fs_error(err, "open", path);
	/* an attribute takes its value in one piece */
	do {
		n = write(fd, value, len);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	code = n < 0 ? errno : EIO;
	return liteio_error_set(err, code, "cannot write \"%.128s\" to %s: %s", value, path,
				liteio_error_str(NULL, code));
}

int liteio_fs_mkdir_p(const char *path, mode_t mode, struct liteio_error *err)
{
	char *copy _cleanup_free_ = liteio_strdup(path);
	struct stat st;

	for (char *p = copy + strspn(copy, "/");; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) && errno != EEXIST)
			return fs_error(err, "create directory", copy);
		if (!c)
			break;
		*p = c;
		p += strspn(p, "/") - 1;
	}
	if (stat(path, &st))
		return fs_error(err, "look at", path);
	if (!S_ISDIR(st.st_mode))
		return liteio_error_set(err, -ENOTDIR, "%s is not a directory", path);
	return 0;
}

bool liteio_fs_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int liteio_fs_list(const char *path, char ***ret, size_t *ret_n, struct liteio_error *err)
{
	DIR *dir = opendir(path);
	char **names = NULL;
	size_t n = 0, cap = 0;
	struct dirent *e;
	int r = 0;

	if (!dir)
		return fs_error(err, "open directory", path);
	while (errno = 0, (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (n == cap) {
			cap = cap ? cap * 2 : 16;
			names = liteio_realloc(names, cap, sizeof(*names));
		}
		names[n++] = liteio_strdup(e->d_name);
	}
	if (errno)
		r = fs_error(err, "read directory", path);
	closedir(dir);
	if (r) {
		liteio_fs_names_free(names, n);
		return r;
	}
	if (n)
		qsort(names, n, sizeof(*names), compare_names);
	*ret = names;
	*ret_n = n;
	return 0;
}

void liteio_fs_names_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}
