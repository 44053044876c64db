/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding the disks of one pool that is not open (pool_scan.c).
 */
#ifndef LITEIO_POOL_FIND_H
#define LITEIO_POOL_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "pool/pool.h"

/**
 * struct liteio_pool_wanted - a pool that is looked for
 * @name: of it
 * @uuid: of it too; NULL when only its name is known
 * @is_exported: only one whose labels say that it was exported counts
 */
struct liteio_pool_wanted {
	const char *name;
	const struct liteio_uuid *uuid;
	bool is_exported;
};

/**
 * liteio_pool_find() - the disks of a pool that is not open
 * @wanted: which
 * @ret: those that carry its label, the first of the pool before the others; new memory
 * @ret_n: how many, at least one
 * @err: there are two of that name; or why nobody can look
 *
 * Disks that something else in the kernel is made of do not count. Context: worker, for seconds: it
 * is a liteio_pool_scan(). Return: 0, -ENOENT without a sentence, -EEXIST, or another negative
 * errno.
 */
int liteio_pool_find(const struct liteio_pool_wanted *wanted, struct liteio_pool_found **ret,
		     size_t *ret_n, struct liteio_error *err);

#endif
