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

/* a disk that comes to between a look and the wait for it is found so after so long */
#define AGAIN_MS 1000

/* those of both thin pools */
static const enum liteio_dm_role metadata[] = { LITEIO_DM_TMETA, LITEIO_DM_RMETA };

/* whatever is in it: the disk has answered */
static int read_tree(const char *device, const void *arg, size_t arg_len, void *answer)
{
	liteio_thin_meta_touch(device);
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

static bool is_silent(const struct liteio_uuid *pool)
{
	struct liteio_block_info asked;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(metadata); i++) {
		if (find_metadata(pool, metadata[i], &asked) && liteio_ask_is_silent(asked.dev))
			return true;
	}
	return false;
}

void liteio_pool_await(const struct liteio_uuid *pool)
{
	if (!liteio_pool_awake(pool, NULL))
		return;
	/* an answer is one, however late: a disk that is slow would never be in time */
	while (is_silent(pool))
		liteio_ask_wait(liteio_now_ms() + AGAIN_MS);
}
