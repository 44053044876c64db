/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labels and catalog slots on a device. Reads and writes are direct and synchronous: what a
 * function here has written is on the disk when it returns. Context: worker threads, one per store.
 */
#ifndef LITEIO_POOL_STORE_H
#define LITEIO_POOL_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pool/catalog.h"
#include "pool/label.h"
#include "pool/thin_meta.h"

struct liteio_error;

/* the steps of writing labels, for liteio_pool_steps() */
extern const char *const liteio_store_steps[];

/**
 * struct liteio_store - an open device
 * @fd: O_DIRECT
 * @path: of the block device
 * @dev: its number
 * @size: bytes of the device now
 * @label: as read or written
 * @slot: which of the two holds the newest catalog
 * @from_backup: the first label was damaged, and is still
 * @needs_labels: one of both labels is not as it should be
 * @others: the other devices of the pool when this is home, by their index; NULL for none. On the
 *	heap, closed and freed with this one
 */
struct liteio_store {
	int fd;
	char path[256];
	dev_t dev;
	uint64_t size;
	struct liteio_label label;
	int slot;
	bool from_backup;
	bool needs_labels;
	struct liteio_store *others[LITEIO_LABEL_DEVICES_MAX];
};

/**
 * liteio_store_open() - open a block device for its label
 * @path: block device
 * @writable: also take the lock that keeps a second process from opening it so (-EBUSY)
 * @ret: on success closed with liteio_store_close()
 * @err: why not
 *
 * Reads nothing yet. Return: 0 or a negative errno.
 */
int liteio_store_open(const char *path, bool writable, struct liteio_store *ret,
		      struct liteio_error *err);
void liteio_store_close(struct liteio_store *s);
static inline void liteio_store_closep(struct liteio_store *s)
{
	liteio_store_close(s);
}

/* read both labels, take the newer valid one; codes of liteio_label_decode() */
int liteio_store_read_label(struct liteio_store *s, struct liteio_error *err);
/* write @s->label to both places of this device: the copy that counts last */
int liteio_store_write_label(struct liteio_store *s, struct liteio_error *err);
/* overwrite both labels, and the first MiB and the last with them */
int liteio_store_wipe(struct liteio_store *s, struct liteio_error *err);

/* read both slots, take the newer valid one; codes of liteio_catalog_choose() */
int liteio_store_read_catalog(struct liteio_store *s, struct liteio_catalog *ret,
			      struct liteio_error *err);
/* how many of both slots are whole, whichever of them counts; 2 when one can not be read */
int liteio_store_count_slots(struct liteio_store *s);
/* write to the other slot, with the next sequence number, which @c then has */
int liteio_store_write_catalog(struct liteio_store *s, struct liteio_catalog *c,
			       struct liteio_error *err);
/* both slots: @c, and the same before it, so that neither is anything else */
int liteio_store_format_catalog(struct liteio_store *s, struct liteio_catalog *c,
				struct liteio_error *err);
/**
 * liteio_store_thin_superblock() - of the metadata of a thin pool that is not active
 * @s: with its label
 * @meta: LITEIO_EXTENT_THIN_META or LITEIO_EXTENT_RESERVE_META
 * @ret: what it says
 * @err: why it can not be read
 *
 * Return: as liteio_thin_parse_superblock(), or another negative errno.
 */
int liteio_store_thin_superblock(struct liteio_store *s, enum liteio_extent_kind meta,
				 struct liteio_thin_superblock *ret, struct liteio_error *err);
/* zeros, in bytes; multiples of the label's block */
int liteio_store_zero(struct liteio_store *s, uint64_t start, uint64_t len,
		      struct liteio_error *err);

#endif
