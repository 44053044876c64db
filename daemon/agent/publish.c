// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/liteio/<volume uuid>.
 */
#include "agent/publish.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"

char *liteio_publish_path(const struct liteio_uuid *uuid)
{
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(uuid, text);
	return liteio_strf(LITEIO_PUBLISH_DIR "/%s", text);
}

/* "/dev/dm-7" as it looks from the directory of the links */
static char *relative(const char *device)
{
	return liteio_strf("..%s", device + strlen("/dev"));
}

int liteio_publish_add(const struct liteio_uuid *uuid, const char *device,
		       struct liteio_error *err)
{
	_cleanup_free_ char *path = liteio_publish_path(uuid), *target = relative(device);
	_cleanup_free_ char *tmp = liteio_strf("%s.new", path);
	int r;

	if (liteio_publish_is(uuid, device))
		return 0;
	r = liteio_fs_mkdir_p(LITEIO_PUBLISH_DIR, 0755, err);
	if (r < 0)
		return r;
	if (unlink(tmp) < 0 && errno != ENOENT)
		return liteio_error_set(err, -errno, "%s: %s", tmp, strerror(errno));
	if (symlink(target, tmp) < 0 || rename(tmp, path) < 0)
		return liteio_error_set(err, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

int liteio_publish_is(const struct liteio_uuid *uuid, const char *device)
{
	_cleanup_free_ char *path = liteio_publish_path(uuid), *target = relative(device);
	char found[256];
	ssize_t len = readlink(path, found, sizeof(found) - 1);

	if (len < 0)
		return 0;
	found[len] = '\0';
	return strcmp(found, target) == 0;
}

void liteio_publish_del(const struct liteio_uuid *uuid, const char *device)
{
	_cleanup_free_ char *path = liteio_publish_path(uuid);

	if (!device || liteio_publish_is(uuid, device))
		(void)unlink(path);
}
