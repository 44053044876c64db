/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labels and catalog slots on a device. Reads and writes are direct and synchronous: what a
 * function here has written is on the disk when it returns. Context: worker threads, one per store.
 *
 * A slot need not be written as a whole. The older one, which is next, holds a catalog that was
 * written two changes ago; where that is known byte for byte, because this process has written it
 * since the device was opened and nothing has failed since, and its header is there when it is read
 * again, only the blocks that differ are, and the header. What a power cut can leave is the same as
 * with a whole write: each sector is the old one or the new one, sectors that were not written are
 * both; the checksums of the header and of the records take no mixture, and the other slot, which
 * holds the newest state, is not touched. Records and header are several writes then, in one flush;
 * in which order they get to the disk does not matter for the same reason.
 *
 * What a whole write does besides is to find out that a block can not be written any more, and to
 * replace one that has rotted. So it is made again after LITEIO_STORE_PARTS others to the same
 * slot, a day after the last one of it, after each failure, and when who writes wants that. What
 * must outlive the loss of either slot is written to both; of one that had rotted before, a part
 * leaves no catalog, and never an older one.
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

/* so many writes of parts of a slot, then one of all of it */
#define LITEIO_STORE_PARTS 64
/* and none of parts when the last one of all of it is so long ago */
#define LITEIO_STORE_WHOLE_MS (24u * 3600 * 1000)

/**
 * struct liteio_store - an open device
 * @fd: O_DIRECT, and O_DSYNC when it may be written to
 * @plain_fd: O_DIRECT, for writing what is flushed afterwards; -1 when nothing may be written
 * @path: of the block device
 * @dev: its number
 * @size: bytes of the device now
 * @id: of the disk, as struct liteio_block_info says it
 * @label: as read or written
 * @slot: which of the two holds the newest catalog
 * @read_sequence: the number of the catalog that was read last; 0 for none
 * @older: what the other one holds, to the byte, if @older.is_written; else nothing is known of it
 * @is_twin: the other one holds the same as the newest, as written or as read, and @older says
 *	nothing
 * @room: where what is written to a slot, or read to be compared, is put together; NULL: not yet
 * @n_parts: writes of parts since each was written as a whole
 * @whole_ms: when that was, by liteio_now_ms()
 * @bytes_written: to both slots since it was opened
 * @is_failing: the disk has not taken the last write to a slot
 * @has_lied: what was written to a slot was not there when it was read again, and may not be in the
 *	other one: set here when a part of one is to be written, and by who reads them; unset by who
 *	sees to it that both are written
 * @from_backup: the first label was damaged, and is still
 * @needs_labels: one of both labels is not as it should be
 * @others: the other devices of the pool when this is home, by their index; NULL for none. On the
 *	heap, closed and freed with this one
 */
struct liteio_store {
	int fd;
	int plain_fd;
	char path[256];
	dev_t dev;
	uint64_t size;
	char id[128];
	struct liteio_label label;
	int slot;
	uint64_t read_sequence;
	struct liteio_catalog older;
	bool is_twin;
	uint8_t *room;
	unsigned int n_parts[2];
	uint64_t whole_ms[2];
	uint64_t bytes_written;
	bool is_failing;
	bool has_lied;
	bool from_backup;
	bool needs_labels;
	struct liteio_store *others[LITEIO_LABEL_DEVICES_MAX];
};

#define LITEIO_STORE_INIT { .fd = -1, .plain_fd = -1 }

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
/* one on the heap, not open yet: every store that is not LITEIO_STORE_INIT comes from here */
struct liteio_store *liteio_store_new(void);
/* close it, if it is open, and free it; NULL is fine */
void liteio_store_free(struct liteio_store *s);
static inline void liteio_store_closep(struct liteio_store *s)
{
	liteio_store_close(s);
}

/*
 * Read both labels, take the newer valid one; codes of liteio_label_decode(). The backup is at the
 * end, or, of a device that has become larger since and has none there, where it ended before.
 */
int liteio_store_read_label(struct liteio_store *s, struct liteio_error *err);
/* write @s->label to both places of this device: the copy that counts last */
int liteio_store_write_label(struct liteio_store *s, struct liteio_error *err);
/*
 * The same where the label can not wait for a copy that the disk does not take: 0 as soon as one of
 * both is written, and @s says which. The copy that counts is written over although there may be no
 * other one.
 */
int liteio_store_write_label_any(struct liteio_store *s, struct liteio_error *err);
/*
 * overwrite both labels, and the first MiB and the last with them; and the copy where the device
 * ended by either of them: on a part of it, it would be the label of a pool
 */
int liteio_store_wipe(struct liteio_store *s, struct liteio_error *err);
/*
 * the copy of @s->label, or of what that was before, where a device ended when it had @size bytes,
 * if there is one and it is not the end now: likewise
 */
int liteio_store_wipe_end(struct liteio_store *s, uint64_t size, struct liteio_error *err);

/* read both slots, take the newer valid one; codes of liteio_catalog_choose() */
int liteio_store_read_catalog(struct liteio_store *s, struct liteio_catalog *ret,
			      struct liteio_error *err);
/*
 * how many of both slots are whole, whichever of them counts, or a negative errno when one can not
 * be read; @ret_newest: the highest sequence number of them, 0 for none. May be NULL
 */
int liteio_store_count_slots(struct liteio_store *s, uint64_t *ret_newest,
			     struct liteio_error *err);
/**
 * liteio_store_write_catalog() - write to the other slot, with the next sequence number
 * @s: with its label
 * @was: the catalog in the newest slot, of which @c is a changed copy; NULL for one that is not
 * @c: the catalog; it has the number then, whatever comes of it, and is sealed
 * @is_whole: all of the slot, whatever is known of it
 * @err: what is wrong with the catalog or the disk
 *
 * The caller gives back what @s then does not hold as the newest any more:
 * liteio_store_supersede(). Return: 0 or a negative errno.
 */
int liteio_store_write_catalog(struct liteio_store *s, struct liteio_catalog *was,
			       struct liteio_catalog *c, bool is_whole, struct liteio_error *err);
/**
 * liteio_store_write_twin() - the newest catalog again, to the other slot
 * @s: with its label
 * @c: is in the newest slot; has the next number when this succeeds
 * @err: what is wrong with the disk
 *
 * Costs what the other slot lacks. Return: 0 or a negative errno.
 */
int liteio_store_write_twin(struct liteio_store *s, struct liteio_catalog *c,
			    struct liteio_error *err);
/* @was is what the slot that is written next holds; takes it over */
void liteio_store_supersede(struct liteio_store *s, struct liteio_catalog *was);
/*
 * What was read of the slots is not what was written, or @s->slot was changed: nothing is known of
 * either any more, and the next write to each is one of all of it. @newest: the catalog that is the
 * newest, whichever slot holds it
 */
void liteio_store_doubt(struct liteio_store *s, struct liteio_catalog *newest);
/* overwrite the headers of both slots: with whatever label, there is no catalog there */
int liteio_store_wipe_slots(struct liteio_store *s, struct liteio_error *err);
/* both slots: @c, and the same before it, so that neither is anything else */
int liteio_store_format_catalog(struct liteio_store *s, struct liteio_catalog *c,
				struct liteio_error *err);
/**
 * liteio_store_thin_superblock() - of the metadata of a thin pool that is not active
 * @s: home, with its label, and the others
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
