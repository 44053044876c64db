/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The catalog of a pool: its volumes, snapshots, floors and attachments, in memory and as the bytes
 * of a slot. Pure: no I/O, no clock, no threads.
 *
 * Changing the catalog means: copy, change the copy, write it, and only when that has succeeded
 * make it the current one (pool.c). A pool may have thousands of records and changes one at a time:
 * a copy shares the records with what it was made from, and what one of both changes
 * (liteio_catalog_edit()) becomes its own. So what two catalogs share needs no second look, and
 * what is known of a record, its bytes in a slot and their checksum, is found out once.
 */
#ifndef LITEIO_POOL_CATALOG_H
#define LITEIO_POOL_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "pool/ondisk.h"

struct liteio_error;

/* how much thin volumes may be promised together, in percent of the thin data */
#define LITEIO_OVERCOMMIT_MIN 100u
#define LITEIO_OVERCOMMIT_MAX 10000u
#define LITEIO_OVERCOMMIT_DEFAULT 1000u

/* numbers are on disk: they never change */
enum liteio_catalog_kind {
	LITEIO_CATALOG_VOLUME = 1,
	LITEIO_CATALOG_SNAPSHOT = 2,
};

/**
 * enum liteio_catalog_class - where the space of a volume comes from
 * @LITEIO_CATALOG_THIN: blocks of the thin pool, as they are written
 * @LITEIO_CATALOG_RESERVED: blocks of the reserve, of which there is one for each of its own
 * @LITEIO_CATALOG_LINEAR: ranges of linear space
 */
enum liteio_catalog_class {
	LITEIO_CATALOG_THIN = 1,
	LITEIO_CATALOG_RESERVED = 2,
	LITEIO_CATALOG_LINEAR = 3,
};

/**
 * enum liteio_catalog_state - life of a volume
 * @LITEIO_CATALOG_CREATING: it gets its place; nobody may use it
 * @LITEIO_CATALOG_READY: normal
 * @LITEIO_CATALOG_DELETING: to be gone: nobody can attach it, its space is given back in slices
 */
enum liteio_catalog_state {
	LITEIO_CATALOG_CREATING = 1,
	LITEIO_CATALOG_READY = 2,
	LITEIO_CATALOG_DELETING = 3,
};

/**
 * enum liteio_catalog_wipe - what happens to blocks before others can have them
 * @LITEIO_CATALOG_WIPE_NONE: nothing beyond what every volume gets: the thin pool shows nobody what
 *	was in a block before, the disk may keep it
 * @LITEIO_CATALOG_WIPE_DISCARD: the disk is told that the blocks are free, or they are kept
 * @LITEIO_CATALOG_WIPE_ZERO: zeros are written over them, and flushed, before they are free; only
 *	for volumes that never have a snapshot. Thin devices of these take no discards
 *
 * In the order of doing more.
 */
enum liteio_catalog_wipe {
	LITEIO_CATALOG_WIPE_NONE = 0,
	LITEIO_CATALOG_WIPE_DISCARD = 1,
	LITEIO_CATALOG_WIPE_ZERO = 2,
};

/**
 * enum liteio_catalog_att_state - life of an attachment
 * @LITEIO_CATALOG_ATT_LIVE: put back after a reboot
 * @LITEIO_CATALOG_ATT_FENCED: ended by itself; its generation must not come back
 */
enum liteio_catalog_att_state {
	LITEIO_CATALOG_ATT_LIVE = 1,
	LITEIO_CATALOG_ATT_FENCED = 2,
};

/**
 * enum liteio_catalog_extent_state - life of a range of linear space
 * @LITEIO_CATALOG_EXTENT_FRESH: not zeroed yet; nothing maps it
 * @LITEIO_CATALOG_EXTENT_USED: part of its volume
 */
enum liteio_catalog_extent_state {
	LITEIO_CATALOG_EXTENT_FRESH = 1,
	LITEIO_CATALOG_EXTENT_USED = 2,
};

#define LITEIO_CATALOG_ATT_READ_ONLY 1u
#define LITEIO_CATALOG_ATT_LOCAL 2u /* no export: the consumer is this node */

#define LITEIO_CATALOG_GEN_MIN 1ull
#define LITEIO_CATALOG_GEN_MAX 0x7fffffffffffffffull

/*
 * struct liteio_catalog_limits - what a volume may do; 0 is no limit
 */
struct liteio_catalog_limits {
	uint64_t read_iops;
	uint64_t write_iops;
	uint64_t read_bps;
	uint64_t write_bps;
	uint32_t burst_ms;
};

/*
 * struct liteio_catalog_volume - a volume or snapshot; see struct liteio_ondisk_volume
 */
struct liteio_catalog_volume {
	struct liteio_uuid uuid;
	struct liteio_uuid origin;
	enum liteio_catalog_kind kind;
	enum liteio_catalog_class vclass;
	enum liteio_catalog_state state;
	uint64_t size_bytes;
	uint64_t created;
	uint64_t floor;
	uint64_t txid;
	uint32_t thin_id;
	struct liteio_catalog_limits limits;
	char name[LITEIO_ONDISK_NAME];
	char owner[LITEIO_ONDISK_NAME];
	struct liteio_uuid replaces;
	enum liteio_catalog_wipe wipe;
	uint64_t zeroed_bytes;
	bool is_unmade;
};

/*
 * struct liteio_catalog_attachment - see struct liteio_ondisk_attachment
 */
struct liteio_catalog_attachment {
	struct liteio_uuid volume;
	uint64_t generation;
	enum liteio_catalog_att_state state;
	uint32_t flags;
	uint64_t created;
	char host[LITEIO_ONDISK_HOST];
};

/*
 * struct liteio_catalog_extent - see struct liteio_ondisk_linear
 */
struct liteio_catalog_extent {
	struct liteio_uuid volume;
	enum liteio_catalog_extent_state state;
	uint32_t device;
	uint64_t start;
	uint64_t length;
	uint64_t offset;
};

/*
 * struct liteio_catalog_sum - of a volume and all those before it, together
 * @crc: of their bytes in a slot
 * @n_pending: those with an operation under way
 * @features: LITEIO_SLOT_INCOMPAT_* that they need
 * @thin_bytes: sizes of those of class thin
 * @reserved_bytes: sizes of those of class reserved
 * @thin_unmade: those of class thin without a thin device
 * @reserved_unmade: those of class reserved without one
 * @n_sharing: those that were made from others, and may share their blocks
 * @thin_sharing: those of class thin among them
 * @thin_deleting: those of class thin that are being deleted
 */
struct liteio_catalog_sum {
	uint32_t crc;
	uint32_t n_pending;
	uint64_t features;
	uint64_t thin_bytes;
	uint64_t reserved_bytes;
	uint32_t thin_unmade;
	uint32_t reserved_unmade;
	uint32_t n_sharing;
	uint32_t thin_sharing;
	uint32_t thin_deleting;
};

/**
 * struct liteio_catalog_same - what of two catalogs needs no second look
 * @n_volumes: so many of the first volumes are the same ones
 * @n_atts: so many of the first attachments
 */
struct liteio_catalog_same {
	size_t n_volumes;
	size_t n_atts;
};

/* one is kept for so many more: what changes is summed up from there on */
#define LITEIO_CATALOG_SUM_EACH 16u

/**
 * struct liteio_catalog - the whole
 * @pool_uuid: whose
 * @sequence: of the slot it was read from, or is to be written to
 * @compat: compat bits it was read with
 * @thin_txid: transaction id between two operations
 * @reserve_txid: that of the reserve
 * @overcommit_percent: 0 for the default
 * @next_thin_id: lowest never used
 * @is_clean: the thin pool was deactivated in order
 * @is_written: the slot that this was written to holds it, byte for byte
 * @volumes: sorted by uuid; shared, see above
 * @n_volumes: how many
 * @attachments: sorted by volume and generation; shared
 * @n_attachments: how many
 * @extents: sorted by volume and offset
 * @n_extents: how many
 * @sums: of the first volumes, one for every LITEIO_CATALOG_SUM_EACH of the first @n_summed
 * @sum: of the first @n_summed
 * @n_summed: how many, which are all after liteio_catalog_seal()
 * @n_sealed_atts: the bytes of so many of the first attachments are known
 * @atts_crc: of these bytes alone
 * @names: which names its summed volumes may have; shared, see catalog_record.h
 * @source: @volumes of the catalog that this was copied from; compared, never followed
 * @same: so many of the first are those of that one
 * @crc: of the bytes of all volumes and attachments in a slot; while @has_crc
 * @has_crc: none of them has changed since
 */
struct liteio_catalog {
	struct liteio_uuid pool_uuid;
	uint64_t sequence;
	uint64_t compat;
	uint64_t thin_txid;
	uint64_t reserve_txid;
	uint32_t overcommit_percent;
	uint32_t next_thin_id;
	bool is_clean;
	bool is_written;
	struct liteio_catalog_volume **volumes;
	size_t n_volumes;
	struct liteio_catalog_attachment **attachments;
	size_t n_attachments;
	struct liteio_catalog_extent *extents;
	size_t n_extents;
	struct liteio_catalog_sum *sums;
	struct liteio_catalog_sum sum;
	size_t n_summed;
	size_t n_sealed_atts;
	uint32_t atts_crc;
	struct liteio_catalog_names *names;
	const void *source;
	struct liteio_catalog_same same;
	uint32_t crc;
	bool has_crc;
};

/* the transaction id of the thin pool that volumes of this class are in */
static inline uint64_t *liteio_catalog_txid(struct liteio_catalog *c,
					    enum liteio_catalog_class vclass)
{
	return vclass == LITEIO_CATALOG_RESERVED ? &c->reserve_txid : &c->thin_txid;
}

void liteio_catalog_init(struct liteio_catalog *c, const struct liteio_uuid *pool_uuid);
void liteio_catalog_fini(struct liteio_catalog *c);
/* seals @from, shares its records; pointers that were got to change it end here */
void liteio_catalog_copy(struct liteio_catalog *from, struct liteio_catalog *ret);
/*
 * Find out the bytes of all records that have changed, and the sums: nothing is changed through
 * pointers that were got before. Costs as much as there is behind the first change.
 */
void liteio_catalog_seal(struct liteio_catalog *c);
/* how many elements an array of @n has memory for, at least: grows by doubling */
size_t liteio_catalog_room(size_t n);
/* and how many sums when it is one of volumes */
size_t liteio_catalog_sums_room(size_t n);

const struct liteio_catalog_volume *liteio_catalog_find(const struct liteio_catalog *c,
							const struct liteio_uuid *uuid);
/* index of the first volume behind that uuid, be it there or not; @n_volumes: there is none */
size_t liteio_catalog_after(const struct liteio_catalog *c, const struct liteio_uuid *uuid);
/* by name; what is being deleted has none any more */
const struct liteio_catalog_volume *liteio_catalog_find_name(const struct liteio_catalog *c,
							     enum liteio_catalog_kind kind,
							     const char *name);
const struct liteio_catalog_attachment *liteio_catalog_find_att(const struct liteio_catalog *c,
								const struct liteio_uuid *volume,
								uint64_t generation);
/* the attachments of a volume: how many, and the index of the first; they lie in a row */
size_t liteio_catalog_atts_of(const struct liteio_catalog *c, const struct liteio_uuid *volume,
			      size_t *ret_first);
int liteio_catalog_compare_att(const struct liteio_catalog_attachment *a,
			       const struct liteio_uuid *volume, uint64_t generation);
/* the first record whose operation is under way (txid not 0), or NULL */
const struct liteio_catalog_volume *liteio_catalog_pending(const struct liteio_catalog *c);
/* the record that is to take this volume's place, or NULL */
const struct liteio_catalog_volume *liteio_catalog_replacing(const struct liteio_catalog *c,
							     const struct liteio_uuid *volume);

/*
 * The record, to be changed: no other catalog has it, and it may be written to until this one is
 * sealed, copied, encoded or written, or has a record less. NULL when there is none. Its uuid stays
 * as it is.
 */
struct liteio_catalog_volume *liteio_catalog_edit(struct liteio_catalog *c,
						  const struct liteio_uuid *uuid);
struct liteio_catalog_attachment *liteio_catalog_edit_att(struct liteio_catalog *c,
							  const struct liteio_uuid *volume,
							  uint64_t generation);
/* insert in order; the caller has seen that it is not there. It may be changed as above */
struct liteio_catalog_volume *liteio_catalog_add(struct liteio_catalog *c,
						 const struct liteio_catalog_volume *v);
struct liteio_catalog_attachment *
liteio_catalog_add_att(struct liteio_catalog *c, const struct liteio_catalog_attachment *a);
/* remove a volume, all its attachments and extents; false when it is not there */
bool liteio_catalog_remove(struct liteio_catalog *c, const struct liteio_uuid *uuid);
bool liteio_catalog_remove_att(struct liteio_catalog *c, const struct liteio_uuid *volume,
			       uint64_t generation);
/* raise the floor (never lowers) and drop the attachments below; false when it was that high */
bool liteio_catalog_raise_floor(struct liteio_catalog *c, const struct liteio_uuid *uuid,
				uint64_t floor);
/*
 * The same, as far as it ends @generation, and nobody else's right: false, and nothing is changed,
 * when a live attachment is older, or there is no higher floor
 */
bool liteio_catalog_raise_past(struct liteio_catalog *c, const struct liteio_uuid *uuid,
			       uint64_t generation);
/* the kernel has done its part of the operation that is under way: so has the catalog */
void liteio_catalog_finish(struct liteio_catalog *c);
/*
 * The kernel has done nothing of the operation that is under way, which makes something: what was
 * being created never was, what was being made is unmade, with a thin id that was never used
 */
void liteio_catalog_undo(struct liteio_catalog *c);
/* the sizes of all volumes of class thin, and of class reserved */
void liteio_catalog_promised(const struct liteio_catalog *c, uint64_t *ret_thin,
			     uint64_t *ret_reserved);
/* how many volumes of this class have no thin device */
uint32_t liteio_catalog_unmade(const struct liteio_catalog *c, enum liteio_catalog_class vclass);
/*
 * some volumes may share blocks: snapshots and clones do, with what they were made of, and with
 * each other
 */
bool liteio_catalog_may_share(const struct liteio_catalog *c);
/*
 * blocks of the thin pool that several volumes share may be discarded at any moment: there may be
 * some, and a volume of that class is attached for writing, or is being deleted
 */
bool liteio_catalog_may_unshare(const struct liteio_catalog *c);
size_t liteio_catalog_count_live(const struct liteio_catalog *c, const struct liteio_uuid *volume);

/* ---- linear space (catalog_extent.c) -------------------------------------------------------- */

/* the extents of a volume: how many, and the index of the first; all volumes' lie in a row */
size_t liteio_catalog_extents_of(const struct liteio_catalog *c, const struct liteio_uuid *volume,
				 size_t *ret_first);
/* how long they are together */
uint64_t liteio_catalog_extents_bytes(const struct liteio_catalog *c,
				      const struct liteio_uuid *volume);
/* insert in order; indexes end here */
void liteio_catalog_add_extent(struct liteio_catalog *c, const struct liteio_catalog_extent *e);
/* drop @n extents from index @i on */
void liteio_catalog_drop_extents(struct liteio_catalog *c, size_t i, size_t n);
/* drop those of a volume that were not zeroed; how many there were */
size_t liteio_catalog_drop_fresh(struct liteio_catalog *c, const struct liteio_uuid *volume);
/* all extents of a volume are part of it now; neighbours that continue each other become one */
void liteio_catalog_use_extents(struct liteio_catalog *c, const struct liteio_uuid *volume);
/* what must hold between extents, and between them and their volumes: 0 or -EBADMSG */
int liteio_catalog_check_extents(const struct liteio_catalog *c, struct liteio_error *err);

/**
 * liteio_catalog_check() - is it a catalog that may be written or believed?
 * @c: the catalog
 * @err: the first thing that is wrong
 *
 * Every field within its bounds, uuids and (per kind) names unique, thin ids unique and below
 * next_thin_id, at most one operation under way (or the creations of one group of snapshots) and
 * its txid the next one, what is to be replaced a volume that is ready, attachments only of volumes
 * that exist, at or above their floor, origins not of themselves; extents only of linear volumes,
 * together as long as these, none over another.
 * Return: 0 or -EBADMSG.
 */
int liteio_catalog_check(const struct liteio_catalog *c, struct liteio_error *err);

/**
 * liteio_catalog_check_change() - the same of a catalog that was made from one that is good
 * @was: passes liteio_catalog_check(); may be sealed by this
 * @c: a copy of it that has been changed; is sealed
 * @err: the first thing that is wrong
 *
 * Looks at the records that they do not share, and at what these have to do with others. Finds
 * whatever liteio_catalog_check() of @c does.
 * Return: 0 or -EBADMSG.
 */
int liteio_catalog_check_change(struct liteio_catalog *was, struct liteio_catalog *c,
				struct liteio_error *err);

/* the LITEIO_SLOT_* bits that the records of a catalog need; it is sealed */
uint64_t liteio_catalog_features(struct liteio_catalog *c);
/* bytes of a slot in use, a multiple of LITEIO_ONDISK_BLOCK */
size_t liteio_catalog_bytes(const struct liteio_catalog *c);

/**
 * liteio_catalog_encode() - the bytes of a slot
 * @c: passes liteio_catalog_check()
 * @written: now, in seconds since 1970
 * @out: liteio_catalog_bytes() of memory, zeroed by this function
 */
void liteio_catalog_encode(struct liteio_catalog *c, uint64_t written, void *out);
/* the same of the header only, LITEIO_ONDISK_BLOCK bytes */
void liteio_catalog_encode_header(struct liteio_catalog *c, uint64_t written, void *out);
/* is this block the header of a slot of the pool whose records are those of @c, to the byte? */
bool liteio_catalog_is_header(struct liteio_catalog *c, const void *block);

/**
 * struct liteio_catalog_range - a part of a slot, behind its header
 * @start: bytes from the start of the slot, a multiple of LITEIO_ONDISK_BLOCK
 * @end: the same, not before @start
 */
struct liteio_catalog_range {
	size_t start;
	size_t end;
};

/*
 * What is known to be the same: @c was copied from @was, or that from @was and @c from @between;
 * nothing when it was neither.
 */
struct liteio_catalog_same liteio_catalog_same(const struct liteio_catalog *was,
					       const struct liteio_catalog *between,
					       const struct liteio_catalog *c);
/* what has changed of volumes, and of what is behind them */
#define LITEIO_CATALOG_RANGES 2u
/*
 * The parts of the slot that are in use, and have all of @c that a slot which holds @was has not,
 * in their order; what is the same need not be looked at, unless it has moved. Parts that are near
 * to each other are one. Return: how many there are, at most LITEIO_CATALOG_RANGES.
 */
size_t liteio_catalog_diff(struct liteio_catalog *was, struct liteio_catalog *c,
			   const struct liteio_catalog_same *same,
			   struct liteio_catalog_range *ret);
/* of two that were read: losing either loses nothing that the other has not, but its number */
bool liteio_catalog_is_twin(struct liteio_catalog *a, struct liteio_catalog *b);
/* its bytes; @out is as long as the range */
void liteio_catalog_encode_range(struct liteio_catalog *c, const struct liteio_catalog_range *range,
				 void *out);

/*
 * how much of a slot of @room bytes its first block says is used, in whole blocks; whether that is
 * the header of a slot is not looked at. Pure
 */
size_t liteio_catalog_used(const void *header, size_t room);
/**
 * liteio_catalog_decode() - read and check the bytes of a slot
 * @slot: the slot, from its header on
 * @len: bytes available
 * @pool_uuid: whose it must be
 * @ret: the catalog, released with liteio_catalog_fini()
 * @err: what is wrong
 *
 * Return: 0, -ENODATA when this is no slot of this pool, -EBADMSG when it is a damaged one,
 * -ENOTSUP when it is of a newer version or has unknown features.
 */
int liteio_catalog_decode(const void *slot, size_t len, const struct liteio_uuid *pool_uuid,
			  struct liteio_catalog *ret, struct liteio_error *err);

/**
 * liteio_catalog_choose() - which of two slots counts
 * @ra: what decoding A gave
 * @a: valid when @ra is 0
 * @rb: what decoding B gave
 * @b: valid when @rb is 0
 *
 * Return: 0 for A, 1 for B, -ENOTSUP when either is of a newer version, -EBADMSG when none is valid
 * or both have the same sequence.
 */
int liteio_catalog_choose(int ra, const struct liteio_catalog *a, int rb,
			  const struct liteio_catalog *b);

#endif
