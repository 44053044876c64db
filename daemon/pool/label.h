/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The label of a pool's device as a struct, and the division of a new device. Pure.
 */
#ifndef LITEIO_POOL_LABEL_H
#define LITEIO_POOL_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "pool/ondisk.h"

struct liteio_error;

#define LITEIO_THIN_BLOCK_DEF (256u << 10)
#define LITEIO_THIN_BLOCK_MIN (64u << 10)
#define LITEIO_THIN_BLOCK_MAX (1u << 30)
/* smallest device that makes a pool */
#define LITEIO_POOL_SIZE_MIN (64ull << 20)
/* dm-thin uses no more metadata than this (dm-space-map-metadata.h, DM_SM_METADATA_MAX_BLOCKS) */
#define LITEIO_THIN_META_MAX (255ull * ((1u << 14) - 64) * LITEIO_ONDISK_BLOCK)

struct liteio_extent {
	enum liteio_extent_kind kind;
	uint32_t device;
	uint64_t start;
	uint64_t length;
};

struct liteio_label_device {
	struct liteio_uuid uuid;
	uint64_t size;
};

/*
 * struct liteio_label - what struct liteio_ondisk_label says
 */
struct liteio_label {
	uint64_t compat;
	uint64_t sequence;
	struct liteio_uuid pool_uuid;
	uint64_t created;
	uint32_t this_device;
	uint32_t thin_block;
	char pool_name[LITEIO_ONDISK_NAME];
	struct liteio_label_device devices[LITEIO_LABEL_DEVICES_MAX];
	size_t n_devices;
	struct liteio_extent extents[LITEIO_LABEL_EXTENTS_MAX];
	size_t n_extents;
	bool exported;
};

/**
 * struct liteio_label_regions - what is set apart
 * @linear: bytes of linear space, rounded up to LITEIO_LINEAR_UNIT; 0 for none
 * @reserve: bytes of data of the reserve, rounded up to blocks; 0 for none
 */
struct liteio_label_regions {
	uint64_t linear;
	uint64_t reserve;
};

/**
 * liteio_label_layout() - divide a new device
 * @name: of the pool
 * @size: bytes of the device
 * @thin_block: bytes, or 0 for the default
 * @regions: what is set apart; NULL for nothing
 * @ret: a complete label with new random uuids and sequence 1; @created is 0
 * @err: too small, or a block size that dm-thin does not take
 *
 * Metadata is sized at twice what dm-thin needs for a device full of single blocks, so that
 * snapshots have room, and at a 512th of the data, or 64 MiB, where that is more: many small
 * devices need room, too. The spare is as large. Return: 0 or -EINVAL.
 */
int liteio_label_layout(const char *name, uint64_t size, uint32_t thin_block,
			const struct liteio_label_regions *regions, struct liteio_label *ret,
			struct liteio_error *err);
/**
 * liteio_label_grow() - give a pool the space that a device of it has gained
 * @l: the label; changed only when it is 1 that is returned
 * @device: index of the device
 * @size: bytes that the device has now
 * @meta_used: bytes of its metadata that are in use; 0 when that is not known
 * @err: why not
 *
 * All of it is for thin volumes: the last extent of thin data becomes longer, or another one
 * follows. Metadata grows with it when it would be less than the data need; towards what a new pool
 * of this size has, for a 32nd of the gain at most; or when three quarters are in use: then to
 * twice what there is, for an eighth of the gain at most, and a MiB of a gain of 4. The spare grows
 * by as much, and by what it lacks, for half of what is left at most: small gains bring it in
 * pieces. The sequence number is the caller's.
 *
 * Return: 1 when it is larger now, 0 when there is not a block to gain, -EINVAL when the device is
 * smaller than the pool on it, -ENOSPC when there is no room for more extents.
 */
int liteio_label_grow(struct liteio_label *l, uint32_t device, uint64_t size, uint64_t meta_used,
		      struct liteio_error *err);

/**
 * liteio_label_add() - give a pool another device, behind those that it has
 * @l: the label; unchanged on failure
 * @size: bytes of the device
 * @meta_used: as in liteio_label_grow()
 * @err: why not
 *
 * Return: 0, -EINVAL when the device is too small, or -ENOSPC when there is no room for more
 * devices or extents.
 */
int liteio_label_add(struct liteio_label *l, uint64_t size, uint64_t meta_used,
		     struct liteio_error *err);

/**
 * liteio_label_take_spare() - make the spare of the thin pool metadata, behind those that it has
 * @l: the label; unchanged when it is false that is returned. The sequence number is the caller's
 *
 * As much of it as LITEIO_THIN_META_MAX leaves. Return: there was something to take.
 */
bool liteio_label_take_spare(struct liteio_label *l);
/**
 * liteio_label_catch_up() - a label from before the metadata of the thin pool took the spare
 * @l: the label; when 1 is returned it is as it was written then, with the next sequence number,
 *	else unchanged
 * @meta_bytes: what the metadata have, as they say themselves
 *
 * Return: 1; 0 when they have no more than it says; -ESTALE when they have, and not by the spare.
 */
int liteio_label_catch_up(struct liteio_label *l, uint64_t meta_bytes);
/* the metadata of the thin pool can be repaired: the spare is as large */
bool liteio_label_has_spare(const struct liteio_label *l);

/*
 * it was being added to the pool when that was interrupted, and has never been a part of it: home
 * does not know it, and its number is one of a first round, not of what was ever whole
 */
bool liteio_label_is_left_over(const struct liteio_label *home, const struct liteio_label *other);

/**
 * liteio_label_check_other() - does the label of another device belong to that of home?
 * @home: that of device 0
 * @other: valid
 * @err: why not: which of both is stale
 *
 * Return: 0, -ENODEV when it is no part of the pool (another pool, or it was being added), -ESTALE
 * when one of both is a copy from before.
 */
int liteio_label_check_other(const struct liteio_label *home, const struct liteio_label *other,
			     struct liteio_error *err);
/*
 * Bytes of thin metadata for data of this size: twice what these need at most, and room for many
 * devices where that is little
 */
uint64_t liteio_label_meta_bytes(uint64_t data_bytes, uint32_t thin_block);
/* the data alone */
uint64_t liteio_label_meta_least(uint64_t data_bytes, uint32_t thin_block);

void liteio_label_encode(const struct liteio_label *l, struct liteio_ondisk_label *out);

/**
 * liteio_label_decode() - read and check every field
 * @in: one block
 * @ret: the label
 * @err: what is wrong
 *
 * Return: 0, -ENODATA when this is no label at all, -EBADMSG when it is a damaged one, -ENOTSUP
 * when it is of a newer version or has unknown features (nothing may be written then).
 */
int liteio_label_decode(const struct liteio_ondisk_label *in, struct liteio_label *ret,
			struct liteio_error *err);
/* everything but the checksum: called by decode, and before encode. 0 or -EBADMSG */
int liteio_label_check(const struct liteio_label *l, struct liteio_error *err);
/* the only extent of a kind, or the first one; NULL when there is none */
const struct liteio_extent *liteio_label_extent(const struct liteio_label *l,
						enum liteio_extent_kind kind);
/* bytes of all extents of a kind */
uint64_t liteio_label_sum(const struct liteio_label *l, enum liteio_extent_kind kind);
/* where the backup of a device of this size is */
uint64_t liteio_label_backup_offset(uint64_t size);

#endif
