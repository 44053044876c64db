/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metadata of dm-thin outside the kernel: what is in them, whether they are sound, and making good
 * ones of bad ones. The work is done by thin_check, thin_dump and thin_repair.
 *
 * None of it may be done to metadata that the kernel has in use, but for
 * liteio_thin_meta_devices().
 */
#ifndef LITEIO_POOL_THIN_META_H
#define LITEIO_POOL_THIN_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_error;

/* as the kernel's superblock has it */
#define LITEIO_THIN_NEEDS_CHECK 1u

/**
 * struct liteio_thin_device - a device that metadata know
 * @id: thin id
 * @mapped: blocks that it has, as it is written down
 * @end: block behind its last one; only of a dump with mappings
 */
struct liteio_thin_device {
	uint32_t id;
	uint64_t mapped;
	uint64_t end;
};

/**
 * struct liteio_thin_dump - what is in metadata
 * @txid: transaction id
 * @block_sectors: of a data block
 * @data_blocks: of the whole pool
 * @is_whole: all of it could be read, and so there is no other device than these
 * @devices: in the order of their ids
 * @n_devices: how many
 */
struct liteio_thin_dump {
	uint64_t txid;
	uint32_t block_sectors;
	uint64_t data_blocks;
	bool is_whole;
	struct liteio_thin_device *devices;
	size_t n_devices;
};

/**
 * struct liteio_thin_superblock - the first block of metadata
 * @txid: transaction id
 * @flags: LITEIO_THIN_*
 * @data_blocks: of the whole pool
 * @meta_blocks: of the metadata, of 4 KiB
 * @meta_used: of them, in use
 *
 * Where a growth was cut short the devices may be longer than both numbers.
 */
struct liteio_thin_superblock {
	uint64_t txid;
	uint32_t flags;
	uint64_t data_blocks;
	uint64_t meta_blocks;
	uint64_t meta_used;
};

/**
 * liteio_thin_parse_superblock() - the first block of metadata that are not in use
 * @block: 4 KiB
 * @ret: untouched on failure
 *
 * As the kernel looks at it. Pure. Return: 0, -ENODATA when it is all zeros, which the kernel takes
 * for a new pool, or -EUCLEAN when it is damaged: the kernel takes it for nothing.
 */
int liteio_thin_parse_superblock(const uint8_t *block, struct liteio_thin_superblock *ret);

/**
 * liteio_thin_dump_parse() - read what thin_dump has written
 * @text: XML, maybe cut short where metadata are damaged
 * @len: how much
 * @ret: released with liteio_thin_dump_fini(); untouched on failure
 *
 * Pure. Return: 0, -ENODATA when there is no superblock in it, -EBADMSG when it is nothing that
 * thin_dump writes.
 */
int liteio_thin_dump_parse(const char *text, size_t len, struct liteio_thin_dump *ret);

/*
 * the same, piece by piece: fed with all of the text in turn, then ended, which also frees it, with
 * the return values of liteio_thin_dump_parse()
 */
struct liteio_thin_parser;
struct liteio_thin_parser *liteio_thin_parser_new(void);
void liteio_thin_parser_feed(struct liteio_thin_parser *p, const char *text, size_t len);
int liteio_thin_parser_end(struct liteio_thin_parser *p, struct liteio_thin_dump *ret);

void liteio_thin_dump_fini(struct liteio_thin_dump *d);
/* NULL when there is none */
const struct liteio_thin_device *liteio_thin_dump_find(const struct liteio_thin_dump *d,
						       uint32_t id);

/* gives block @block of metadata, 4 KiB: 0 or a negative errno */
typedef int (*liteio_thin_read_fn)(void *arg, uint64_t block, uint8_t *ret);

/**
 * liteio_thin_tree_devices() - the devices that metadata know, in use or not
 * @read: gives their blocks, as they are on the disk
 * @arg: for @read
 * @ret: in the order of their ids, without @end; freed by the caller
 * @ret_n: how many
 *
 * Pure. Return: 0, -EAGAIN when they have changed meanwhile, -EUCLEAN when they are damaged, -E2BIG
 * when there are too many to be ours, or that of liteio_thin_parse_superblock() or @read.
 */
int liteio_thin_tree_devices(liteio_thin_read_fn read, void *arg, struct liteio_thin_device **ret,
			     size_t *ret_n);

/*
 * the same of one, if it is there, and of those that are beside it in the tree: no more is read
 * than leads to it
 */
int liteio_thin_tree_near(liteio_thin_read_fn read, void *arg, uint32_t id,
			  struct liteio_thin_device **ret, size_t *ret_n);
/* how many blocks one of them has, 0 when it is not there. Pure */
uint64_t liteio_thin_mapped(const struct liteio_thin_device *devices, size_t n, uint32_t id);

/**
 * liteio_thin_tree_leaked() - blocks that are in use, and that no device has
 * @read: gives the blocks of metadata that nobody changes, and that passed their check
 * @arg: for @read
 * @ret_blocks: of data, so many; untouched on failure
 *
 * What a power cut leaves of a discard that was under way. A block that a device has, and that is
 * counted once more than it should be, is not found: not before that device gives it back. Pure;
 * takes a bit of memory for each block of the pool. Return: 0, -EUCLEAN when they are damaged,
 * -E2BIG of a pool with more blocks than are counted here, -EBUSY while somebody has the kernel
 * hold a metadata snapshot, or that of liteio_thin_parse_superblock() or @read.
 */
int liteio_thin_tree_leaked(liteio_thin_read_fn read, void *arg, uint64_t *ret_blocks);

/* ---- on a device; context: lane, as long as the disk needs for all of it, an hour at most ---- */

/* their first block, as liteio_thin_parse_superblock(), or why it can not be read */
int liteio_thin_meta_superblock(const char *path, struct liteio_thin_superblock *ret);

/**
 * liteio_thin_meta_devices() - the devices that they know, in use or not
 * @path: block device; only read
 * @ret: as liteio_thin_tree_devices(): what was committed last
 * @ret_n: how many
 * @err: why not
 *
 * Return: as that, -EAGAIN after many tries.
 */
int liteio_thin_meta_devices(const char *path, struct liteio_thin_device **ret, size_t *ret_n,
			     struct liteio_error *err);

/* read all that leads to them, once, whatever is in it */
void liteio_thin_meta_touch(const char *path);

/* likewise, as liteio_thin_tree_near(). Few tries: whoever asks does without */
int liteio_thin_meta_near(const char *path, uint32_t id, struct liteio_thin_device **ret,
			  size_t *ret_n, struct liteio_error *err);

/**
 * liteio_thin_meta_check() - are they sound?
 * @path: block device
 * @clear: also clear the kernel's word that they have to be checked, when they are; and what can
 *	be put right in its place, is
 * @err: what is wrong with them, in the words of thin_check; also for LITEIO_THIN_LEAKY
 *
 * thin_check says of blocks that nobody has what it says of damage from version 1.0 on, and does
 * not look for them before that. Return: 0, LITEIO_THIN_LEAKY, not with @clear, -EUCLEAN when they
 * are damaged, or why it is not known: -EFAULT when thin_check has crashed.
 */
int liteio_thin_meta_check(const char *path, bool clear, struct liteio_error *err);

/* sound, and they can be used as they are: but blocks are in use that no device has */
#define LITEIO_THIN_LEAKY 1

/**
 * liteio_thin_meta_free_leaks() - blocks that no device has are free again
 * @path: block device; written in its place, and not safe from a power cut: a copy
 * @err: why not
 *
 * On the disk when this returns. Return: 0; LITEIO_THIN_LEAKY: this version of thin_check does not
 * do it; or a negative errno.
 */
int liteio_thin_meta_free_leaks(const char *path, struct liteio_error *err);

/**
 * liteio_thin_meta_dump() - what is in them
 * @path: block device
 * @with_mappings: look at every block, for the end of each device
 * @ret: as liteio_thin_dump_parse(); of damaged metadata as much as can be read
 * @err: why there is nothing
 *
 * Return: 0, -EUCLEAN when not even the superblock can be read, or another negative errno.
 */
int liteio_thin_meta_dump(const char *path, bool with_mappings, struct liteio_thin_dump *ret,
			  struct liteio_error *err);

/* the same bytes at another place, on the disk; negative errno */
int liteio_thin_meta_copy(const char *from, const char *to, struct liteio_error *err);

/**
 * liteio_thin_meta_repair() - make of damaged metadata what can be made of them, somewhere else
 * @from: block device; only read
 * @to: block device, at least as large
 * @known: transaction id, block size and size of the data, for when the superblock is lost
 * @err: why not
 *
 * What can not be read any more is left out: only a comparison tells what that was. The result is
 * on the disk, and not checked. Return: 0, -EUCLEAN when nothing came of it (thin_repair has
 * refused, or crashed), or another errno.
 */
int liteio_thin_meta_repair(const char *from, const char *to, const struct liteio_thin_dump *known,
			    struct liteio_error *err);

#endif
