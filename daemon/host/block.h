/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block devices: what they are (sysfs, libblkid), and the few things done to them.
 *
 * Context: worker threads; they read and write the device, so they block as long as it does.
 */
#ifndef LITEIO_HOST_BLOCK_H
#define LITEIO_HOST_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct liteio_error;

/**
 * struct liteio_block_info - one device; no opinion, only facts
 * @path: canonical ("/dev/sda", not a link)
 * @dev: number
 * @size_bytes: size
 * @logical_bytes: smallest block that can be written
 * @physical_bytes: block that is written without read-modify-write
 * @read_only: cannot be written
 * @rotational: says that it is a disk with platters
 * @discard: passes discards on
 * @is_partition: a partition of another device
 * @mapped: of device-mapper: who made it, "lvm", "mpath" (several ways to one disk), "crypt", or
 *	"dm"; "" for what is none
 * @n_holders: kernel devices on top (dm, md, ...)
 * @n_partitions: partitions on it
 * @is_mounted: it, or a partition of it, is mounted, as far as this process sees mounts
 * @is_swap: it, or a partition of it, is used as swap
 * @model: may be ""
 * @serial: may be ""
 * @id: what tells it from all other disks, its world-wide name or its serial number; that of the
 *	disk for a partition; may be ""
 */
struct liteio_block_info {
	char path[256];
	dev_t dev;
	uint64_t size_bytes;
	uint32_t logical_bytes;
	uint32_t physical_bytes;
	bool read_only;
	bool rotational;
	bool discard;
	bool is_partition;
	char mapped[8];
	unsigned int n_holders;
	unsigned int n_partitions;
	bool is_mounted;
	bool is_swap;
	char model[64];
	char serial[64];
	char id[128];
};

/**
 * struct liteio_block_signature - what libblkid recognised
 * @type: "ext4", "LVM2_member", "gpt"; "" when nothing was found
 * @usage: "filesystem", "raid", "partition table", "crypto", "other"
 * @label: may be ""
 * @uuid: may be ""
 */
struct liteio_block_signature {
	char type[32];
	char usage[32];
	char label[128];
	char uuid[64];
};

int liteio_block_info(const char *path, struct liteio_block_info *ret, struct liteio_error *err);
/* the same at a tenth of the cost, of which only @path, @dev, @size_bytes, @is_partition and @id */
int liteio_block_brief(const char *path, struct liteio_block_info *ret, struct liteio_error *err);
int liteio_block_size(const char *path, uint64_t *ret, struct liteio_error *err);
/*
 * "/dev/mapper/x" for "/dev/dm-7", which may be another one after a reboot; NULL for what is no
 * device of device-mapper. New memory
 */
char *liteio_block_lasting_path(const char *path);
/*
 * whole disks and partitions of this machine, by sysfs, without zero-sized and hidden ones, and
 * what is made of others: ram, loop and device-mapper's; each as liteio_block_brief() says it
 */
int liteio_block_list(struct liteio_block_info **ret, size_t *ret_n, struct liteio_error *err);
/*
 * likewise what others have made with device-mapper of disks for which @is_disk says so, and of
 * nothing else: not our own devices, nor what stands on them, nor what LVM has for itself. With
 * @mapped; one that has none of its own is not there
 */
int liteio_block_list_mapped(bool (*is_disk)(const struct liteio_block_info *i),
			     struct liteio_block_info **ret, size_t *ret_n,
			     struct liteio_error *err);
/* is the device one of several ways to a disk, which is there as one of device-mapper? */
bool liteio_block_is_way(dev_t dev);
/* who made the device of this dm uuid, as @mapped has it; NULL: it is ours, or LVM's own. Pure */
const char *liteio_block_mapped(const char *dm_uuid);

/**
 * liteio_block_probe() - what is on a device
 * @path: device or file
 * @ret: type "" when libblkid knows nothing on it
 * @err: cannot be read, or (-EUCLEAN) several signatures contradict each other
 *
 * Never trusts a cache: reads the device. Return: 0 or a negative errno.
 */
int liteio_block_probe(const char *path, struct liteio_block_signature *ret,
		       struct liteio_error *err);

#define LITEIO_BLOCK_SIGNATURES_MAX 8
#define LITEIO_BLOCK_PARTITIONS_MAX 32

/**
 * struct liteio_block_partition - an entry of a partition table
 * @number: from 1
 * @size_bytes: its size
 * @table: "gpt", "dos"
 * @name: what the table calls it; may be ""
 */
struct liteio_block_partition {
	unsigned int number;
	uint64_t size_bytes;
	char table[32];
	char name[112];
};

/**
 * struct liteio_block_content - everything that libblkid recognises on a device
 * @signatures: those that contradict each other, too
 * @n_signatures: how many; more than there is room for nobody has seen
 * @partitions: what a partition table divides it into, whether or not the kernel has read that
 * @n_partitions: how many
 * @n_more_partitions: for which there was no room
 */
struct liteio_block_content {
	struct liteio_block_signature signatures[LITEIO_BLOCK_SIGNATURES_MAX];
	size_t n_signatures;
	struct liteio_block_partition partitions[LITEIO_BLOCK_PARTITIONS_MAX];
	size_t n_partitions;
	size_t n_more_partitions;
};

/**
 * liteio_block_content() - all that is on a device
 * @path: device or file
 * @ret: nothing in it when libblkid knows nothing on it
 * @err: cannot be read
 *
 * As liteio_block_probe(), for which one is enough. Return: 0 or a negative errno.
 */
int liteio_block_content(const char *path, struct liteio_block_content *ret,
			 struct liteio_error *err);

/**
 * liteio_block_check_unclaimed() - does anybody in the kernel have the device for himself?
 * @path: device
 * @err: the sentence, with -EBUSY
 *
 * Asks the kernel, which knows mounts of every namespace, arrays, and whatever else claims a
 * device; the claim made for the question is gone when this returns. Return: 0 or a negative errno.
 */
int liteio_block_check_unclaimed(const char *path, struct liteio_error *err);

/*
 * where in this machine the disk is ("pci0000:00/0000:00:05.0/virtio2"), for one that has no number
 * of its own; NULL for what is no hardware. New memory
 */
char *liteio_block_where(const char *path);
/* the kernel has a disk of this number, and has not taken it away; true when that is not known */
bool liteio_block_is_there(dev_t dev);
/* the kernel's name of the @n-th device on top of it ("dm-3"), false when there are not so many */
bool liteio_block_holder(dev_t dev, size_t n, char out[64]);

/**
 * struct liteio_block_id - a name of a device that does not change with the order of discovery
 * @name: of the link in /dev/disk/by-id
 * @dev: what it leads to
 */
struct liteio_block_id {
	char *name;
	dev_t dev;
};

/* all of them, the ones that say most to people first; none without udev */
void liteio_block_ids(struct liteio_block_id **ret, size_t *ret_n);
void liteio_block_ids_free(struct liteio_block_id *ids, size_t n);
/* how little a name says to people: 0 maker and serial number, more for numbers alone (pure) */
unsigned int liteio_block_id_rank(const char *name);

/*
 * have a device take no discards, nor what stands on it pass any down: what it has been given it
 * keeps. A loop device does so until it is attached or detached by the functions below, one of
 * device-mapper until it gets another table. 0, or a negative errno
 */
int liteio_block_keep(const char *path, struct liteio_error *err);

/* zero or discard a range, in bytes; multiples of the logical block */
int liteio_block_zero(int fd, uint64_t start, uint64_t len, struct liteio_error *err);
int liteio_block_discard(int fd, uint64_t start, uint64_t len, struct liteio_error *err);
/* write out and flush what was written through this descriptor */
int liteio_block_flush(int fd, struct liteio_error *err);
/* "8:16" as tables want it */
void liteio_block_devname(dev_t dev, char out[32]);

/**
 * liteio_block_loop_attach() - a loop device with direct I/O over a file
 * @file: existing regular file; its canonical path is what counts
 * @ret_path: "/dev/loop3"; a loop device that this file already has is used
 * @path_len: size of @ret_path, at least 32
 * @err: why not
 *
 * Direct I/O is asked for; a filesystem that cannot do it is served through the page cache, with a
 * flush where a flush is asked for. Return: 0 or a negative errno.
 */
int liteio_block_loop_attach(const char *file, char *ret_path, size_t path_len,
			     struct liteio_error *err);
/* the loop device of a file, -ENODEV when it has none */
int liteio_block_loop_find(const char *file, char *ret_path, size_t path_len,
			   struct liteio_error *err);
/* let go; -EBUSY while something is on it, 0 when it is free already */
int liteio_block_loop_detach(const char *path, struct liteio_error *err);

/**
 * liteio_block_on_device() - do something to a block device, or to a file through one
 * @path: device or file
 * @fn: told the device; a loop device that is made for a file is there as long as it runs
 * @arg: for it
 * @err: why there is no device, or what @fn says
 *
 * Return: that of @fn, or a negative errno.
 */
int liteio_block_on_device(const char *path,
			   int (*fn)(const char *device, void *arg, struct liteio_error *err),
			   void *arg, struct liteio_error *err);

/*
 * make a file longer, with all its blocks; 0, -EINVAL when it is longer already, or another
 * negative errno: then it is as before. As long as the filesystem takes, which may have to write
 * all of it
 */
int liteio_block_file_extend(const char *file, uint64_t size_bytes, struct liteio_error *err);

/**
 * liteio_block_loop_resize() - have a loop device as large as its file
 * @path: the loop device
 * @size_bytes: make the file so large first, with its blocks reserved; 0: leave it as it is
 * @err: why not; -EINVAL when the file is larger already
 *
 * Return: 0 or a negative errno.
 */
int liteio_block_loop_resize(const char *path, uint64_t size_bytes, struct liteio_error *err);

/* make a file of this size whose blocks are reserved; -EEXIST when there is one */
int liteio_block_file_create(const char *file, uint64_t size_bytes, struct liteio_error *err);

#endif
