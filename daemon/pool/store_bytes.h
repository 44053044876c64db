/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is read from and written to the device of a store, for those who make it: store.c and
 * store_slot.c.
 */
#ifndef LITEIO_POOL_STORE_BYTES_H
#define LITEIO_POOL_STORE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct liteio_error;
struct liteio_store;

/* zeros, in memory that O_DIRECT takes: a multiple of LITEIO_ONDISK_BLOCK; freed by the caller */
void *liteio_store_aligned(size_t len);

/* all of it, at multiples of a block. Context: as store.h. Return: 0 or a negative errno */
int liteio_store_read_at(struct liteio_store *s, uint64_t start, void *buf, size_t len,
			 struct liteio_error *err);
/* it is on the disk then */
int liteio_store_write_at(struct liteio_store *s, uint64_t start, const void *buf, size_t len,
			  struct liteio_error *err);
/* by this descriptor of it: @s->plain_fd for what is flushed afterwards */
int liteio_store_write_by(struct liteio_store *s, int fd, uint64_t start, const void *buf,
			  size_t len, struct liteio_error *err);

#endif
