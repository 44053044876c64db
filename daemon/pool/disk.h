/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Can a pool be made on this device? The one judgement: making a pool asks it, and so does the list
 * of disks. Looking (reads the device) and judging (pure) are apart.
 */
#ifndef LITEIO_POOL_DISK_H
#define LITEIO_POOL_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/block.h"
#include "pool/ondisk.h"

struct liteio_error;

#define LITEIO_DISK_WHY_MAX 256
/* a pool, signatures, partitions, and how many more of those */
#define LITEIO_DISK_LOSSES_MAX (2 + LITEIO_BLOCK_SIGNATURES_MAX + LITEIO_BLOCK_PARTITIONS_MAX)
#define LITEIO_DISK_LOSS_MAX 768

/**
 * struct liteio_disk - what there is to know about a device
 * @info: facts of the kernel
 * @holder: a device on top of it, "" for none
 * @claim_code: 0, or why the kernel does not give the device away
 * @claim_why: the sentence to it
 * @label_code: 0: it carries a pool of ours; else as liteio_label_decode()
 * @label_why: the sentence to it
 * @pool: name of that pool, or ""
 * @is_silent: it does not answer: nothing is known of it but @info and @holder
 * @is_orphan: it carries a part of that pool, of which no disk is here that knows it; false as
 *	long as a disk that may be one does not answer
 * @content_code: 0, or why it could not be read what is on it
 * @content_why: the sentence to it
 * @content: what libblkid recognised
 */
struct liteio_disk {
	struct liteio_block_info info;
	char holder[64];
	int claim_code;
	char claim_why[LITEIO_DISK_WHY_MAX];
	int label_code;
	char label_why[LITEIO_DISK_WHY_MAX];
	char pool[LITEIO_ONDISK_NAME];
	bool is_silent;
	bool is_orphan;
	int content_code;
	char content_why[LITEIO_DISK_WHY_MAX];
	struct liteio_block_content content;
};

/**
 * enum liteio_disk_verdict - can a pool be made on it?
 * @LITEIO_DISK_USABLE: yes
 * @LITEIO_DISK_READ_ONLY: it cannot be written
 * @LITEIO_DISK_MOUNTED: it, or a partition of it, is mounted
 * @LITEIO_DISK_SWAP: it, or a partition of it, is used as swap
 * @LITEIO_DISK_HELD: another kernel device stands on it
 * @LITEIO_DISK_POOL: it carries a pool of ours, whole or of a newer version
 * @LITEIO_DISK_DAMAGED_POOL: it carries what was a pool of ours
 * @LITEIO_DISK_PARTITIONS: it is divided into partitions
 * @LITEIO_DISK_SIGNATURE: it carries a file system, a partition table of which the kernel has no
 *	partitions, ...
 * @LITEIO_DISK_SMALL: too small
 * @LITEIO_DISK_BLOCKS: its blocks are larger than those of the format
 * @LITEIO_DISK_CLAIMED: something in the kernel has it that shows nowhere else
 * @LITEIO_DISK_UNREADABLE: what is on it could not be read
 * @LITEIO_DISK_SILENT: it does not answer
 */
enum liteio_disk_verdict {
	LITEIO_DISK_USABLE,
	LITEIO_DISK_READ_ONLY,
	LITEIO_DISK_MOUNTED,
	LITEIO_DISK_SWAP,
	LITEIO_DISK_HELD,
	LITEIO_DISK_POOL,
	LITEIO_DISK_DAMAGED_POOL,
	LITEIO_DISK_PARTITIONS,
	LITEIO_DISK_SIGNATURE,
	LITEIO_DISK_SMALL,
	LITEIO_DISK_BLOCKS,
	LITEIO_DISK_CLAIMED,
	LITEIO_DISK_UNREADABLE,
	LITEIO_DISK_SILENT,
};

/* as the local API says them: "usable", "readOnly", "mounted", ... */
extern const char *const liteio_disk_verdict_names[];

/**
 * liteio_disk_look() - find out what is on a device
 * @device: block device
 * @ret: the facts
 * @err: it is none, or has gone
 *
 * Reads the device, for as long as that takes; writes nothing. Context: worker. Return: 0 or a
 * negative errno.
 */
int liteio_disk_look(const char *device, struct liteio_disk *ret, struct liteio_error *err);

/**
 * liteio_disk_judge() - can a pool be made on it?
 * @d: the facts
 * @device: how the sentence calls it
 * @thin_block: block size of the pool, 0 for the default
 * @force: what is on it may be lost: signatures, what was a pool, an orphan. Nothing that is in
 *	use, no partitions, no pool that is whole
 * @ret: the verdict; may be NULL
 * @err: the sentence why not, and the way out; that force destroys it is said where it would
 *
 * Pure. Return: 0; -EBUSY in use, -EEXIST something is on it, -ENOTSUP a newer pool, -EROFS,
 * -EINVAL too small, -ETIMEDOUT it is silent, or what reading it said.
 */
int liteio_disk_judge(const struct liteio_disk *d, const char *device, uint32_t thin_block,
		      bool force, enum liteio_disk_verdict *ret, struct liteio_error *err);

/* is it lost, and nothing else in the way, when a pool is made with force? (pure) */
bool liteio_disk_is_forcible(const struct liteio_disk *d);

/**
 * struct liteio_disk_losses - what force destroys
 * @items: a sentence each
 * @n: how many
 */
struct liteio_disk_losses {
	char items[LITEIO_DISK_LOSSES_MAX][LITEIO_DISK_LOSS_MAX];
	size_t n;
};

/*
 * what is on a device that a pool is made on with force, one by one: a pool, each signature, each
 * partition of a table; nothing on one that is usable. Pure
 */
void liteio_disk_lose(const struct liteio_disk *d, const char *device,
		      struct liteio_disk_losses *ret);

/**
 * liteio_disk_is_local() - a disk of this machine, on which pools are looked for
 * @i: a block device
 *
 * What is inside a volume belongs to a pod, which could write a label there: device-mapper, loop,
 * and the namespaces of our own exports are none. Context: worker. Return: whether it is one.
 */
bool liteio_disk_is_local(const struct liteio_block_info *i);

/**
 * liteio_disk_list() - every disk and partition of this machine, and what others made of them
 * @ret: the facts of each, owned by the caller, in the order of their names, device-mapper's last
 * @ret_n: how many
 * @err: why not
 *
 * What others made with device-mapper can carry a pool, too, which is looked for only where it is
 * known to be. Each is asked by itself (ask.h): one that hangs is listed as silent, and holds up
 * nobody. Context: worker; some seconds at most. Return: 0 or a negative errno.
 */
int liteio_disk_list(struct liteio_disk **ret, size_t *ret_n, struct liteio_error *err);

#endif
