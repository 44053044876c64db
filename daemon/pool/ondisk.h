/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is on a pool's device, byte by byte. Format version 1.
 *
 *	0		4 KiB		left alone (zero): for the boot sectors of others
 *	4 KiB		4 KiB		label
 *	1 MiB		slot		catalog slot A
 *	then		slot		catalog slot B
 *	then				thin metadata, spare of the same size
 *	then				with a reserve: its metadata, spare, data
 *	then				with linear space: that
 *	then				thin data
 *	last 4 KiB			backup label
 *
 * All numbers are little-endian; every structure is packed by hand (static asserts below), offsets
 * and lengths are in bytes, times in seconds since 1970, uuids the 16 bytes as written, strings
 * terminated and padded with zero bytes. Nothing is looked for by scanning: the label says where
 * everything is, and the backup label is the last whole 4 KiB block of the device.
 *
 * LABEL. Written when the pool is made, when it grows, and when it is exported and imported: first
 * the copy that does not count, flush, then the one that did, flush, with @sequence one higher. The
 * valid copy with the higher sequence counts; so at every moment there is one. Where the device has
 * become larger and has none at its new end yet, that one is made before the others are touched:
 * the primary, and the backup where the device ended by that, which may be the newer one. A reader
 * that had to use the backup rewrites the primary once it may write at all. When a pool has grown
 * onto what its device has gained, the copy where that ended before is overwritten: a part of the
 * device that ends there would have a label. For the same reason a pool that is deleted loses its
 * labels, that copy, and the headers of both slots.
 *
 * GROWTH. Extents are added behind those that are there, and the last one of the thin data becomes
 * longer when nothing is behind it; none ever moves, ends, or becomes shorter. What is written
 * first is the label. dm-thin notes in its metadata how large it was, and takes no less from then
 * on: a label that is behind the kernel would never come up again, one that is ahead of it is what
 * the next activation makes true. Metadata in several extents is one device, in their order.
 *
 * FULL METADATA. When those of the thin pool are about to be full, one write of the label makes the
 * spare metadata: its extents go to the end of the table, so that what the metadata have stays
 * where it is in them. The next activation makes that true, as with growth. From then on the spare
 * is smaller than the metadata, or there is none, and they can not be repaired until growth has
 * brought what is missing. Nothing is erased for it: a block of metadata says where in them it is,
 * and what was the spare has never been so far behind. No more is taken than dm-thin makes use of
 * (label.h). That of the reserve is never taken: its metadata are never full.
 *
 * SEVERAL DEVICES. Device 0, home, has the catalog and all that the pool was made with. Each of the
 * others has a label and extents of thin data and metadata; their extents stand behind those that
 * were there before, so that @extents are in the order in which they were added, and thin data is
 * one device in that order. All labels say the same but for @this_device; that of home counts. The
 * others say by @sequence that they belong to it. A change is written in three rounds: to the
 * others with a @sequence that is odd; to home with the even one that follows, which is the moment;
 * to the others with that. So, where home has S, another one has S, or S + 1 (interrupted in the
 * first round, home has not changed) or S - 1 (in the third; it says the same). With less than that
 * it is a stale copy of that device, with more home is one. Before a pool of several devices is
 * activated its labels are written anew: no copy from before is taken for the device that has been
 * written since; they are, too, when it was closed, and twice where rounds were cut short: an image
 * of the one that was is more than one behind then. A device that home does not know was being
 * added when that was interrupted if its @sequence is odd and not above S + 1: it is none, and can
 * be added again. With any other @sequence it is a part, and home is from before. The pool needs
 * all its devices.
 *
 * EXPORTED. A pool that was closed in order to be taken elsewhere says so in @compat: it is opened
 * by nobody who was not asked to import it, which takes the bit away again before anything else is
 * done. A program that does not know the bit opens the pool as it does every other one, and clears
 * it with the next label that it writes.
 *
 * CATALOG. Everything that changes: volumes, snapshots, floors, attachments. One change is one
 * write of a whole slot (only the part in use), or of the blocks of it that are not as they are
 * to be (store.h), O_DIRECT and synchronous, always to the slot that does not hold the newest
 * state, with @sequence one higher; the header's checksum covers the header, and @records_crc
 * the records. A write torn by a power cut fails its checksum, and the other slot is the state
 * before that change, which nobody has been told about. The valid slot with the higher sequence
 * counts. Floors, generations and thin ids therefore never go backwards. A raised floor, a
 * fence, a new volume that is empty and a larger one of any class are written to both slots before
 * they are answered: losing either slot afterwards, to a bad sector, does not bring an older floor
 * back, does not lose a volume, and does not cut one off.
 *
 * Why these sizes: a record is 512 bytes, the unit a disk writes whole. Names and owners are up to
 * 127 characters, host NQNs up to 223, and both kinds keep over 100 bytes for what will come. A
 * slot of 8 MiB holds 16376 records: 8192 volumes and snapshots with an attachment each, twice what
 * the module's limits ask for on one node. It is written as far as it is used: 100 volumes with
 * their attachments are 104 KiB. Small devices (below 16 GiB: trials and tests) get slots of 1 MiB,
 * 2040 records.
 *
 * VERSIONS. @version is 1 and changes only if the checksummed header itself does. Additions set a
 * bit: in @compat when an older reader may ignore them, open the pool and write it (it clears the
 * bits it does not know, so that the newer one sees that its data is stale), in @incompat when not.
 * Whoever sees an unknown incompat bit or a higher version refuses, says so, and writes nothing; a
 * slot of a newer version is never passed over in favour of an older one. Bytes not described here
 * are zero.
 *
 * LINEAR SPACE. An extent record is a range of a LITEIO_EXTENT_LINEAR extent of the label that
 * belongs to a volume of class linear; what no record covers is free, and nothing is known of what
 * it holds. A range is given to a volume as FRESH, is zeroed and flushed, and only then becomes
 * USED, in the same write that makes the volume READY or larger. No device ever maps what is FRESH:
 * whoever opens the pool drops such ranges, and volumes that are still CREATING with them, but for
 * one that says that its first @zeroed bytes are zeroed and flushed: it waits for whoever asks for
 * it again, and goes on from there. Its ranges are its own all the time. So there
 * is no way for data of one volume to be read in another, wherever the power is cut, and free space
 * needs no state of its own.
 *
 * THE RESERVE. Volumes of class reserved and all that shares blocks with them live in a thin pool
 * of their own, with a transaction id of its own (@reserve_txid); thin ids are given out once for
 * both. The sum of the sizes of the records of class reserved, snapshots and those being deleted
 * included, is never larger than the data of the reserve. What that is good for: README.md.
 *
 * THE LINK TO DM-THIN. @thin_txid is the transaction id of the thin pool when no operation is under
 * way. An operation on it writes a record with @txid = thin_txid + 1 first, then sends its
 * messages, then sets the kernel's id to thin_txid + 1, then writes the record as done with the new
 * thin_txid. At most one operation is under way, and at most one record has a @txid that is not
 * zero, but for snapshots of one class that are taken together, be they a group or not, which are
 * all created by one transaction, and for volumes of one class whose devices are made by one (see
 * below). A kernel id outside {thin_txid, thin_txid + 1} means that somebody else wrote the pool or
 * that this catalog is old: nothing is modified then.
 *
 * MADE WHEN NEEDED. dm-thin commits its metadata for every message by itself, and waits for the
 * disk each time: a hundred devices can not be made for less than a hundred commits. So a new,
 * empty volume of class thin or reserved is a record that is READY and @unmade: it has a thin id,
 * of which its thin pool knows nothing. The device is made before anything is read from it or
 * written to it, by an operation as above on a record that stays READY and @unmade until the
 * write that ends it. One that was cut short before the kernel's id was set is taken back: the
 * record gets a thin id that was never given out, for dm-thin does not say whether the device of
 * the old one is gone from its disk. Several that are attached at once are made by one such
 * operation: all of them, or none. No volume is attached before it is made, so that no slot that
 * may count says of one with data that it is @unmade. One that is deleted @unmade is gone with its
 * record.
 *
 * REPAIR. Good metadata are made in the spare region, and one write of the label gives each of both
 * regions the other's kind: so the spare may lie before the metadata or behind, and has what was
 * there before the last repair.
 *
 * ROLL BACK. A record that is being created and @replaces a volume is a new snapshot of the
 * snapshot that the volume goes back to. The write that ends its transaction gives its thin id to
 * the volume, and the volume's old one to the record, which is then being deleted under a uuid of
 * its own. So there is no state between old and new: the kernel's transaction id says which.
 *
 * FEATURES. A slot says in @incompat which of the following its records use (LITEIO_SLOT_*), no
 * more: what an older reader would not understand is there only while it is needed.
 */
#ifndef LITEIO_POOL_ONDISK_H
#define LITEIO_POOL_ONDISK_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define LITEIO_ONDISK_VERSION 1u
#define LITEIO_ONDISK_BLOCK 4096u

#define LITEIO_LABEL_OFFSET 4096ull
#define LITEIO_LABEL_MAGIC "LiteIO\x89pool\r\n\x1a\n" /* 16 bytes with the terminator */
#define LITEIO_LABEL_EXTENTS_MAX 96u
#define LITEIO_LABEL_DEVICES_MAX 8u

#define LITEIO_SLOT_MAGIC "LiteIO\x89slot\r\n\x1a\n"
#define LITEIO_SLOT_OFFSET (1ull << 20)
#define LITEIO_SLOT_BYTES_SMALL (1ull << 20)
#define LITEIO_SLOT_BYTES (8ull << 20)
#define LITEIO_SLOT_SMALL_BELOW (16ull << 30)
#define LITEIO_RECORD_BYTES 512u

#define LITEIO_ONDISK_NAME 128u
#define LITEIO_ONDISK_HOST 224u

/* features this code knows */
#define LITEIO_LABEL_COMPAT_EXPORTED 0x10ull /* closed, and opened again by an import only */
#define LITEIO_LABEL_COMPAT LITEIO_LABEL_COMPAT_EXPORTED
#define LITEIO_LABEL_INCOMPAT_LINEAR 0x10ull /* it has linear space */
#define LITEIO_LABEL_INCOMPAT_RESERVE 0x20ull /* it has a reserve */
#define LITEIO_LABEL_INCOMPAT_PARTS 0x40ull /* thin metadata and its spare are in several extents */
#define LITEIO_LABEL_INCOMPAT_DEVICES 0x80ull /* it is on several devices */
/*
 * metadata have taken a spare: that is smaller than they are, or one of both does not begin on
 * home, or the extents of an only device are not in the order of their starts
 */
#define LITEIO_LABEL_INCOMPAT_TAKEN 0x100ull
#define LITEIO_LABEL_INCOMPAT                                                                      \
	(LITEIO_LABEL_INCOMPAT_LINEAR | LITEIO_LABEL_INCOMPAT_RESERVE |                            \
	 LITEIO_LABEL_INCOMPAT_PARTS | LITEIO_LABEL_INCOMPAT_DEVICES |                             \
	 LITEIO_LABEL_INCOMPAT_TAKEN)
#define LITEIO_SLOT_COMPAT_OVERCOMMIT 0x10ull /* @overcommit_percent is set */
#define LITEIO_SLOT_COMPAT_ZEROED 0x20ull /* volumes of class linear: @zeroed counts */
#define LITEIO_SLOT_COMPAT (LITEIO_SLOT_COMPAT_OVERCOMMIT | LITEIO_SLOT_COMPAT_ZEROED)
#define LITEIO_SLOT_INCOMPAT_LINEAR 0x10ull /* it has volumes of class linear */
#define LITEIO_SLOT_INCOMPAT_RESERVE 0x20ull /* ... reserved, or had: @reserve_txid is set */
#define LITEIO_SLOT_INCOMPAT_REPLACES 0x40ull /* a volume is being rolled back */
#define LITEIO_SLOT_INCOMPAT_GROUP 0x80ull /* several snapshots are being created together */
#define LITEIO_SLOT_INCOMPAT_WIPE 0x100ull /* some record has a @wipe */
#define LITEIO_SLOT_INCOMPAT_UNMADE 0x200ull /* some volume has no thin device yet */
#define LITEIO_SLOT_INCOMPAT_MAKING 0x400ull /* the devices of several are being made together */
#define LITEIO_SLOT_INCOMPAT                                                                       \
	(LITEIO_SLOT_INCOMPAT_LINEAR | LITEIO_SLOT_INCOMPAT_RESERVE |                              \
	 LITEIO_SLOT_INCOMPAT_REPLACES | LITEIO_SLOT_INCOMPAT_GROUP | LITEIO_SLOT_INCOMPAT_WIPE |  \
	 LITEIO_SLOT_INCOMPAT_UNMADE | LITEIO_SLOT_INCOMPAT_MAKING)

/* linear space is given out in whole units of this */
#define LITEIO_LINEAR_UNIT (1ull << 20)

/* dm-thin numbers its devices with 24 bits; 0 is not used */
#define LITEIO_THIN_ID_MAX 0xffffffu

typedef uint8_t liteio_le16[2];
typedef uint8_t liteio_le32[4];
typedef uint8_t liteio_le64[8];

/**
 * enum liteio_extent_kind - what a range of a device is for
 * @LITEIO_EXTENT_THIN_META: metadata of the thin pool; several follow each other in their order
 * @LITEIO_EXTENT_META_SPARE: kept free to repair the metadata into; together as large, unless the
 *	metadata have taken some of it, or all
 * @LITEIO_EXTENT_THIN_DATA: data of the thin pool; several follow each other in their order
 * @LITEIO_EXTENT_SLOT_A: catalog slot
 * @LITEIO_EXTENT_SLOT_B: catalog slot
 * @LITEIO_EXTENT_LINEAR: linear space; several may be there
 * @LITEIO_EXTENT_RESERVE_META: metadata of the reserve; all three of its kinds are there, or none
 * @LITEIO_EXTENT_RESERVE_SPARE: kept free to repair that into; as large
 * @LITEIO_EXTENT_RESERVE_DATA: data of the reserve; several follow each other in their order
 */
enum liteio_extent_kind {
	LITEIO_EXTENT_THIN_META = 1,
	LITEIO_EXTENT_META_SPARE = 2,
	LITEIO_EXTENT_THIN_DATA = 3,
	LITEIO_EXTENT_SLOT_A = 4,
	LITEIO_EXTENT_SLOT_B = 5,
	LITEIO_EXTENT_LINEAR = 6,
	LITEIO_EXTENT_RESERVE_META = 7,
	LITEIO_EXTENT_RESERVE_SPARE = 8,
	LITEIO_EXTENT_RESERVE_DATA = 9,
};

/**
 * struct liteio_ondisk_extent - one range
 * @kind: enum liteio_extent_kind
 * @device: index into the label's devices
 * @start: bytes from the start of that device, multiple of 4 KiB
 * @length: bytes, multiple of 4 KiB
 */
struct liteio_ondisk_extent {
	liteio_le32 kind;
	liteio_le32 device;
	liteio_le64 start;
	liteio_le64 length;
};

/**
 * struct liteio_ondisk_device - one device of the pool
 * @uuid: of this device in this pool
 * @size: bytes that the pool knows of it
 */
struct liteio_ondisk_device {
	uint8_t uuid[16];
	liteio_le64 size;
	/* private: zero */
	liteio_le64 zero;
};

/**
 * struct liteio_ondisk_label - the label, one block
 * @magic: LITEIO_LABEL_MAGIC
 * @crc: crc32c of the whole block with this field zero
 * @version: LITEIO_ONDISK_VERSION
 * @compat: bits
 * @incompat: bits
 * @sequence: higher is newer
 * @pool_uuid: of the pool
 * @created: when
 * @this_device: index of the device that carries this label
 * @n_devices: used entries of @devices
 * @n_extents: used entries of @extents
 * @thin_block: bytes of a block of the thin pool, for life
 * @pool_name: as the admin called it
 * @devices: all devices of the pool
 * @extents: not overlapping; of an only device sorted by start, unless LITEIO_LABEL_INCOMPAT_TAKEN
 *	is set, of several as they were added
 */
struct liteio_ondisk_label {
	uint8_t magic[16];
	liteio_le32 crc;
	liteio_le32 version;
	liteio_le64 compat;
	liteio_le64 incompat;
	liteio_le64 sequence;
	uint8_t pool_uuid[16];
	liteio_le64 created;
	liteio_le32 this_device;
	liteio_le32 n_devices;
	liteio_le32 n_extents;
	liteio_le32 thin_block;
	uint8_t pool_name[LITEIO_ONDISK_NAME];
	/* private: zero */
	uint8_t zero1[40];
	/* public: */
	struct liteio_ondisk_device devices[LITEIO_LABEL_DEVICES_MAX];
	struct liteio_ondisk_extent extents[LITEIO_LABEL_EXTENTS_MAX];
	/* private: zero */
	uint8_t zero2[1280];
};

static_assert(sizeof(struct liteio_ondisk_extent) == 24, "extent");
static_assert(sizeof(struct liteio_ondisk_device) == 32, "device");
static_assert(offsetof(struct liteio_ondisk_label, pool_name) == 88, "label: pool_name");
static_assert(offsetof(struct liteio_ondisk_label, devices) == 256, "label: devices");
static_assert(offsetof(struct liteio_ondisk_label, extents) == 512, "label: extents");
static_assert(offsetof(struct liteio_ondisk_label, zero2) == 2816, "label: zero2");
static_assert(sizeof(struct liteio_ondisk_label) == LITEIO_ONDISK_BLOCK, "label");

#define LITEIO_SLOT_CLEAN 1u /* the thin pool was deactivated in order; see struct below */

/**
 * struct liteio_ondisk_slot - header of a catalog slot, one block; records follow
 * @magic: LITEIO_SLOT_MAGIC
 * @crc: crc32c of the whole block with this field zero
 * @version: LITEIO_ONDISK_VERSION
 * @compat: bits
 * @incompat: bits
 * @sequence: higher is newer
 * @pool_uuid: a slot of another pool is no slot
 * @thin_txid: transaction id of the thin pool between two operations
 * @next_thin_id: lowest thin id never used
 * @flags: LITEIO_SLOT_CLEAN: set when the pool was closed and cleared before it is activated, so
 *         that metadata is checked before the first activation after a crash
 * @n_records: records that follow
 * @records_crc: crc32c of these
 * @written: when
 * @reserve_txid: transaction id of the reserve between two operations
 * @overcommit_percent: how much thin volumes may be promised together, in percent of the thin data;
 *	0 is the default of whoever reads it
 */
struct liteio_ondisk_slot {
	uint8_t magic[16];
	liteio_le32 crc;
	liteio_le32 version;
	liteio_le64 compat;
	liteio_le64 incompat;
	liteio_le64 sequence;
	uint8_t pool_uuid[16];
	liteio_le64 thin_txid;
	liteio_le32 next_thin_id;
	liteio_le32 flags;
	liteio_le32 n_records;
	liteio_le32 records_crc;
	liteio_le64 written;
	liteio_le64 reserve_txid;
	liteio_le32 overcommit_percent;
	/* private: zero */
	uint8_t zero[3988];
};

static_assert(offsetof(struct liteio_ondisk_slot, written) == 88, "slot: written");
static_assert(offsetof(struct liteio_ondisk_slot, zero) == 108, "slot: zero");
static_assert(sizeof(struct liteio_ondisk_slot) == LITEIO_ONDISK_BLOCK, "slot");

enum liteio_record_type {
	LITEIO_RECORD_VOLUME = 1,
	LITEIO_RECORD_ATTACHMENT = 2,
	LITEIO_RECORD_EXTENT = 3,
};

/**
 * struct liteio_ondisk_volume - record of a volume or a snapshot
 * @type: LITEIO_RECORD_VOLUME
 * @kind: enum liteio_catalog_kind
 * @vclass: enum liteio_catalog_class
 * @state: enum liteio_catalog_state
 * @uuid: of the volume or snapshot
 * @origin: what it was made from, or zero
 * @size: bytes
 * @created: when
 * @floor: lowest generation still allowed, never lower than it was
 * @txid: see "the link to dm-thin"; 0 when no operation on it is under way
 * @thin_id: in the thin pool; 0 for classes that have none
 * @burst_ms: limits: how much is allowed at once
 * @read_iops: limits; 0 is none
 * @write_iops: limits; 0 is none
 * @read_bps: limits; 0 is none
 * @write_bps: limits; 0 is none
 * @name: unique among volumes, and among snapshots, that are not being deleted
 * @owner: who asked for it, free text
 * @zeroed: of a linear volume that is being created: so much of it is zeroed; 0 for all others
 * @replaces: volume that takes over this thin id when the transaction ends; zero for most
 * @wipe: enum liteio_catalog_wipe: what happens to its blocks before others can have them
 * @unmade: 1 when its thin device has not been made, 0 when it has, or is of another class
 */
struct liteio_ondisk_volume {
	liteio_le16 type;
	uint8_t kind;
	uint8_t vclass;
	uint8_t state;
	/* private: zero */
	uint8_t zero1[3];
	/* public: */
	uint8_t uuid[16];
	uint8_t origin[16];
	liteio_le64 size;
	liteio_le64 created;
	liteio_le64 floor;
	liteio_le64 txid;
	liteio_le32 thin_id;
	liteio_le32 burst_ms;
	liteio_le64 read_iops;
	liteio_le64 write_iops;
	liteio_le64 read_bps;
	liteio_le64 write_bps;
	uint8_t name[LITEIO_ONDISK_NAME];
	uint8_t owner[LITEIO_ONDISK_NAME];
	/* private: zero */
	uint8_t zero2[104];
	/* public: */
	liteio_le64 zeroed;
	uint8_t replaces[16];
	uint8_t wipe;
	uint8_t unmade;
	/* private: zero */
	uint8_t zero3[14];
};

static_assert(offsetof(struct liteio_ondisk_volume, name) == 112, "volume: name");
static_assert(offsetof(struct liteio_ondisk_volume, zeroed) == 472, "volume: zeroed");
static_assert(offsetof(struct liteio_ondisk_volume, replaces) == 480, "volume: replaces");
static_assert(sizeof(struct liteio_ondisk_volume) == LITEIO_RECORD_BYTES, "volume");

/**
 * struct liteio_ondisk_attachment - record of one consumer's right, or of its end
 * @type: LITEIO_RECORD_ATTACHMENT
 * @state: enum liteio_catalog_att_state
 * @flags: LITEIO_CATALOG_ATT_* bits
 * @volume: uuid
 * @generation: at or above the volume's floor
 * @created: when
 * @host: NQN of the consumer
 *
 * After a reboot exactly the live ones are put back, with the API server away or not. One that was
 * fenced by itself stays as a record until the floor has passed it: its generation must not come
 * back.
 */
struct liteio_ondisk_attachment {
	liteio_le16 type;
	uint8_t state;
	/* private: zero */
	uint8_t zero1;
	/* public: */
	liteio_le32 flags;
	uint8_t volume[16];
	liteio_le64 generation;
	liteio_le64 created;
	uint8_t host[LITEIO_ONDISK_HOST];
	/* private: zero */
	uint8_t zero2[248];
};

static_assert(offsetof(struct liteio_ondisk_attachment, host) == 40, "attachment: host");
static_assert(sizeof(struct liteio_ondisk_attachment) == LITEIO_RECORD_BYTES, "attachment");

/**
 * struct liteio_ondisk_linear - record of a range of linear space that a volume has
 * @type: LITEIO_RECORD_EXTENT
 * @state: enum liteio_catalog_extent_state
 * @device: index into the label's devices
 * @volume: uuid, of class linear
 * @start: bytes from the start of the device, multiple of LITEIO_LINEAR_UNIT
 * @length: bytes, multiple of LITEIO_LINEAR_UNIT
 * @offset: where in the volume it is; each begins where the one before it ends
 */
struct liteio_ondisk_linear {
	liteio_le16 type;
	uint8_t state;
	/* private: zero */
	uint8_t zero1;
	/* public: */
	liteio_le32 device;
	uint8_t volume[16];
	liteio_le64 start;
	liteio_le64 length;
	liteio_le64 offset;
	/* private: zero */
	uint8_t zero2[464];
};

static_assert(sizeof(struct liteio_ondisk_linear) == LITEIO_RECORD_BYTES, "linear");

#endif
