// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does the disk below a pool's metadata answer?
 */
#include "pool/awake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "host/block.h"
#include "host/dm.h"
#include "pool/ask.h"
#include "pool/thin_meta.h"

/* a disk that comes to between a question and the wait for it is asked again after so long */
#define AGAIN_MS 1000

/* those of both thin pools */
static const enum liteio_dm_role metadata[] = { LITEIO_DM_TMETA, LITEIO_DM_RMETA };

/* whatever is in it: the disk has answered */
static int read_tree(const char *device, const void *arg, size_t arg_len, void *answer)
{
	struct liteio_thin_device *devices = NULL;
	size_t n = 0;

	if (!liteio_thin_meta_devices(device, &devices, &n, NULL))
		free(devices);
	return 0;
}

/* one that is held has no answer to give, and is not about to be read */
static bool find_metadata(const struct liteio_uuid *pool, enum liteio_dm_role role,
			  struct liteio_block_info *ret)
{
	char name[LITEIO_DM_NAME_MAX + 1], path[LITEIO_DM_PATH_MAX];
	struct liteio_dm_info i;

	liteio_dm_name(role, pool, 0, name);
	if (liteio_dm_info(name, &i, NULL) || !i.live_table || i.suspended)
		return false;
	liteio_dm_path(&i, path);
	*ret = (struct liteio_block_info){ .dev = makedev(i.major, i.minor) };
	memcpy(ret->path, path, sizeof(path));
	return true;
}

int liteio_pool_awake(const struct liteio_uuid *pool, struct liteio_error *err)
{
	const struct liteio_ask ask = { .fn = read_tree, .answer_len = 1,
				       .within_ms = LITEIO_ASK_MS };
	struct liteio_block_info asked[LITEIO_ARRAY_SIZE(metadata)];
	int codes[LITEIO_ARRAY_SIZE(metadata)];
	char nothing[LITEIO_ARRAY_SIZE(metadata)];
	size_t n = 0;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(metadata); i++)
		n += find_metadata(pool, metadata[i], &asked[n]);
	liteio_ask_all(&ask, asked, n, nothing, codes);
	while (n > 0) {
		if (codes[--n] == -ETIMEDOUT)
			return liteio_error_set(err, -ETIMEDOUT,
						"the disk of its metadata does not answer");
	}
	return 0;
}

void liteio_pool_await(const struct liteio_uuid *pool)
{
	while (liteio_pool_awake(pool, NULL))
		liteio_ask_wait(liteio_now_ms() + AGAIN_MS);
}
