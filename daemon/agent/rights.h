/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rights to volumes of one pool that are given at once: whoever comes into its lane first gives
 * them all, and the others come back with what became of theirs.
 */
#ifndef LITEIO_AGENT_RIGHTS_H
#define LITEIO_AGENT_RIGHTS_H

#include <stdbool.h>

struct liteio_catalog_attachment;
struct liteio_error;
struct liteio_open_pool;

/**
 * liteio_rights_give() - a right, on the disk, together with all others that wait to be given
 * @p: the pool
 * @att: as for liteio_pool_attachment_add()
 * @ret_is_new: it was not there before
 * @err: why not
 *
 * Its own answer. Context: worker that holds the lock of the volume, not in the lane. Return: as
 * liteio_pool_attachment_add(), or -ETIMEDOUT as liteio_wish_run().
 */
int liteio_rights_give(struct liteio_open_pool *p, const struct liteio_catalog_attachment *att,
		       bool *ret_is_new, struct liteio_error *err);

#endif
