// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who makes, opens, closes or grows a pool, and what nobody else does meanwhile.
 */
#include "agent/pool_locks.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "agent/locks.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/loop.h"
#include "base/str.h"

#define NUMBER_MAX 32

static char *name_of_pool(const char *pool)
{
	return liteio_strf("pool:%s", pool);
}

/* of the disk that it is a partition of, NULL when it is none */
static char *name_of_disk(dev_t dev)
{
	char *dir _cleanup_free_ = liteio_strf("/sys/dev/block/%u:%u", major(dev), minor(dev));
	char *partition _cleanup_free_ = liteio_strf("%s/partition", dir);
	char *path _cleanup_free_ = liteio_strf("%s/../dev", dir), *text _cleanup_free_ = NULL;

	if (!liteio_fs_exists(partition) || liteio_fs_read(path, NUMBER_MAX, &text, NULL, NULL))
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return liteio_strf("device:%s", text);
}

/* which may not be there yet, so by its folder */
static char *name_of_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir _cleanup_free_ = liteio_strf("%.*s", slash ? (int)(slash - path) + 1 : 0, path);
	char *file _cleanup_free_ = realpath(path, NULL), *folder _cleanup_free_ = NULL;

	if (file)
		return liteio_strf("device:%s", file);
	folder = realpath(dir, NULL);
	return liteio_strf("device:%s/%s", folder && folder[1] ? folder : "",
			   slash ? slash + 1 : path);
}

static uint64_t left(uint64_t until_ms)
{
	uint64_t now = liteio_now_ms();

	return until_ms > now ? until_ms - now : 0;
}

static int busy(const char *what, struct liteio_error *err)
{
	return liteio_error_set(err, -EBUSY,
				"%s: another operation on it has not ended for %d s: ask again later",
				what, LITEIO_POOL_LOCKS_MS / 1000);
}

static int take_device(struct liteio_locks *l, const char *device, uint64_t until_ms,
		       struct liteio_pool_locks *ret, struct liteio_error *err)
{
	char *disk _cleanup_free_ = NULL, *name _cleanup_free_ = NULL;
	struct stat st;

	if (!stat(device, &st) && S_ISBLK(st.st_mode)) {
		disk = name_of_disk(st.st_rdev);
		name = liteio_strf("device:%u:%u", major(st.st_rdev), minor(st.st_rdev));
	} else {
		name = name_of_file(device);
	}
	if (disk)
		ret->disk = liteio_locks_share_for(l, disk, left(until_ms));
	if (!disk || ret->disk)
		ret->device = liteio_locks_take_for(l, name, left(until_ms));
	return ret->device ? 0 : busy(device, err);
}

int liteio_pool_locks_take(struct liteio_locks *l, const char *pool, const char *device,
			   struct liteio_pool_locks *ret, struct liteio_error *err)
{
	uint64_t until_ms = liteio_now_ms() + LITEIO_POOL_LOCKS_MS;
	char *name _cleanup_free_ = name_of_pool(pool);

	ret->pools = liteio_locks_share_for(l, LITEIO_POOLS_LOCK, left(until_ms));
	if (!ret->pools)
		return busy(LITEIO_POOLS_LOCK, err);
	ret->name = liteio_locks_take_for(l, name, left(until_ms));
	if (!ret->name) {
		char *what _cleanup_free_ = liteio_strf("pool %s", pool);

		return busy(what, err);
	}
	return device ? take_device(l, device, until_ms, ret, err) : 0;
}

bool liteio_pool_locks_try(struct liteio_locks *l, const char *pool, struct liteio_pool_locks *ret)
{
	char *name _cleanup_free_ = pool ? name_of_pool(pool) : NULL;

	ret->pools = liteio_locks_share_or_want(l, LITEIO_POOLS_LOCK);
	if (ret->pools && name)
		ret->name = liteio_locks_take_or_want(l, name);
	return ret->pools && (!name || ret->name);
}

void liteio_pool_locks_give(struct liteio_pool_locks *p)
{
	liteio_locks_give(p->device);
	liteio_locks_give(p->disk);
	liteio_locks_give(p->name);
	liteio_locks_give(p->pools);
	*p = (struct liteio_pool_locks){ 0 };
}
