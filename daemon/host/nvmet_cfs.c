// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Single steps in the target's configfs tree.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "host/nvmet_cfs.h"

void liteio_nvmet_path(const struct liteio_nvmet *t, char out[LITEIO_NVMET_PATH_MAX],
		       const char *fmt, ...)
{
	size_t n = (size_t)snprintf(out, LITEIO_NVMET_PATH_MAX, "%s/", t->root);
	va_list ap;
	int m;

	if (n >= LITEIO_NVMET_PATH_MAX)
		abort();
	va_start(ap, fmt);
	m = vsnprintf(out + n, LITEIO_NVMET_PATH_MAX - n, fmt, ap);
	va_end(ap);
	if (m < 0 || (size_t)m >= LITEIO_NVMET_PATH_MAX - n)
		abort();
}

/*
 * The programs that make and remove links and directories say in words what the kernel said with a
 * number: find the number again.
 */
static int errno_of_text(const char *text)
{
	static const int known[] = { EADDRNOTAVAIL, EADDRINUSE, EBUSY,	EEXIST, ENOENT, EINVAL,
				     EACCES,	    EPERM,	ENODEV, ENOTEMPTY, EAFNOSUPPORT };

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(known); i++) {
		if (strstr(text, strerrordesc_np(known[i])))
			return -known[i];
	}
	return -EIO;
}

static int run(const struct liteio_nvmet *t, const char *const argv[], const char *what,
	       const char *path, struct liteio_error *err)
{
	struct liteio_child_result res;
	char *output _cleanup_free_ = NULL;
	int r;

	r = liteio_child_run(argv, t->timeout_ms, &res, err);
	if (r)
		return liteio_error_wrap(err, r, "cannot %s %s", what, path);
	output = res.output;
	if (!res.status)
		return 0;
	r = liteio_child_check_signal(argv[0], &res, err);
	if (r)
		return liteio_error_wrap(err, r, "cannot %s %s", what, path);
	r = errno_of_text(output);
	return liteio_error_set(err, r, "cannot %s %s: %s", what, path, liteio_error_str(NULL, r));
}

int liteio_nvmet_mkdir(const char *path, struct liteio_error *err)
{
	if (!mkdir(path, 0755) || errno == EEXIST)
		return 0;
	return liteio_error_set(err, errno, "cannot make %s: %s", path,
				liteio_error_str(NULL, -errno));
}

int liteio_nvmet_rmdir(const struct liteio_nvmet *t, const char *path, struct liteio_error *err)
{
	const char *const argv[] = { "rmdir", "--", path, NULL };
	int r;

	if (!liteio_fs_exists(path))
		return 0;
	r = run(t, argv, "remove", path, err);
	return r == -ENOENT ? 0 : r;
}

int liteio_nvmet_symlink(const struct liteio_nvmet *t, const char *target, const char *path,
			 struct liteio_error *err)
{
	const char *const argv[] = { "ln", "-s", "--", target, path, NULL };

	return liteio_fs_exists(path) ? 0 : run(t, argv, "link", path, err);
}

int liteio_nvmet_rmlink(const struct liteio_nvmet *t, const char *path, struct liteio_error *err)
{
	const char *const argv[] = { "rm", "--", path, NULL };
	int r;

	if (!liteio_fs_exists(path))
		return 0;
	r = run(t, argv, "unlink", path, err);
	return r == -ENOENT ? 0 : r;
}

char *liteio_nvmet_get(const char *dir, const char *attr)
{
	char *path _cleanup_free_ = liteio_strf("%s/%s", dir, attr);
	char *value = NULL;

	if (liteio_fs_read_line(path, &value, NULL))
		return liteio_strdup("");
	return value;
}

int liteio_nvmet_set(const struct liteio_nvmet *t, const char *dir, const char *attr,
		     const char *value, struct liteio_error *err)
{
	char *path _cleanup_free_ = liteio_strf("%s/%s", dir, attr);
	char *now _cleanup_free_ = liteio_nvmet_get(dir, attr);

	if (!strcmp(now, value))
		return 0;
	return liteio_child_write(path, value, strlen(value), NULL, 0, t->timeout_ms, err);
}

bool liteio_nvmet_ns_is_enabled(const char *ns)
{
	char *value _cleanup_free_ = liteio_nvmet_get(ns, "enable");

	return !strcmp(value, "1");
}

bool liteio_nvmet_ns_serves(const char *ns)
{
	char *value _cleanup_free_ = liteio_nvmet_get(ns, "ana_grpid");

	return !strcmp(value, LITEIO_NVMET_GROUP_SERVES);
}

bool liteio_nvmet_ns_waits(const char *ns)
{
	char *value _cleanup_free_ = liteio_nvmet_get(ns, "ana_grpid");

	return !strcmp(value, LITEIO_NVMET_GROUP_WAITS);
}
