/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this the disk that was taken away from an open pool?
 *
 * To the kernel a disk that comes back is another one, and a label says only which pool it carries:
 * so does every image of it. What has the place of the one that is gone, is what that was, and is
 * not behind what this process has written, is taken for it; all else is for people to decide.
 */
#ifndef LITEIO_POOL_BACK_H
#define LITEIO_POOL_BACK_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_error;
struct liteio_pool;
struct liteio_pool_found;

/**
 * struct liteio_back - a disk of a pool
 * @id: what tells it from all others, as struct liteio_block_info says it; "" when it has nothing
 * @size: bytes
 * @sequence: of the catalog on it, or, if it has none, of its label; 0 for one that is not readable
 */
struct liteio_back {
	char id[128];
	uint64_t size;
	uint64_t sequence;
};

/* 0, or -ESTALE with the sentence why @now is not @was. Pure */
int liteio_back_judge(const struct liteio_back *was, const struct liteio_back *now,
		      struct liteio_error *err);

/*
 * Which state of the pool is on its disk, by the number of its catalog. Of two copies the one with
 * the lower number is the older one, as long as nobody has written to it. Any thread
 */
uint64_t liteio_pool_sequence(struct liteio_pool *p);
/* and which one was there when it was opened, before anything was written; 0: it is a new pool */
uint64_t liteio_pool_sequence_found(struct liteio_pool *p);

/* a disk of the pool is gone, and this one says that it has that place. Any thread */
bool liteio_pool_has_lost(struct liteio_pool *p, const struct liteio_pool_found *f);

/**
 * liteio_pool_check_back() - is it the one that is gone?
 * @p: the pool, of which liteio_pool_has_lost() is true
 * @f: the disk that is there
 * @err: why not
 *
 * Reads the disk. Context: worker. Return: 0, -ESTALE, or another negative errno.
 */
int liteio_pool_check_back(struct liteio_pool *p, const struct liteio_pool_found *f,
			   struct liteio_error *err);

#endif
