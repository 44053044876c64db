/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent's local API as C: requests, answers, and the tables that bind them to JSON. The list of
 * paths is in agent/README.md.
 *
 * Every struct here is plain: zero it, decode into it (strictly: LITEIO_JSON_STRICT), and release
 * it with liteio_json_fini() and the table of the same name. Sizes are bytes; a request may also
 * write them as "10Gi".
 *
 * Over 600 lines because it is one document: every request and every answer of the API.
 */
#ifndef LITEIO_MODEL_LOCAL_H
#define LITEIO_MODEL_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/uuid.h"
#include "model/limits.h"
#include "model/volume.h"

#define LITEIO_LOCAL_SOCKET "/run/liteio/agent.sock"
#define LITEIO_LOCAL_PORT 4420
#define LITEIO_LOCAL_ADDRESSES_MAX 8
#define LITEIO_LOCAL_TIMEOUT_MS_MAX 60000
#define LITEIO_LOCAL_NQN_MAX 223
#define LITEIO_LOCAL_PATH_MAX 255
#define LITEIO_LOCAL_GROUP_MAX 64

/* ---- requests ---- */

/**
 * struct liteio_local_pool_create - POST /v1/pools
 * @name: of the new pool
 * @device: block device, or a file whose name ends in ".img"
 * @size_bytes: of a file that does not exist yet; 0 for devices
 * @block_bytes: of the thin pool; 0 takes the default
 * @force: overwrite a signature on the device; never a mounted or held one, never another pool's
 * @linear_bytes: set apart for linear volumes, rounded up to a multiple of 1 MiB
 * @reserved_bytes: set apart for reserved volumes, rounded up to whole blocks; their metadata comes
 *	on top
 * @overcommit_percent: as in struct liteio_local_pool_set
 */
struct liteio_local_pool_create {
	char *name;
	char *device;
	uint64_t size_bytes;
	uint64_t block_bytes;
	bool force;
	uint64_t linear_bytes;
	uint64_t reserved_bytes;
	uint64_t overcommit_percent;
};

/**
 * struct liteio_local_pool_set - POST /v1/pools/{pool}/set
 * @overcommit_percent: how much thin volumes and snapshots may be promised together, in percent of
 *                      the thin data
 */
struct liteio_local_pool_set {
	uint64_t overcommit_percent;
};

/**
 * struct liteio_local_pool_import - POST /v1/pools/import
 * @device: the disk or file that carries a pool that was made elsewhere, or was exported
 * @force: also while some disk that might carry a newer copy of it does not answer, and when the
 *	kernel has it from a disk that is gone and nobody knows whether this is that one
 */
struct liteio_local_pool_import {
	char *device;
	bool force;
};

/**
 * struct liteio_local_pool_grow - POST /v1/pools/{pool}/grow
 * @size_bytes: of a pool in a file: make the file so large first; 0: take what the disk, or the
 *              file, has gained
 * @add: another disk that the pool is to lie on, behind the ones that it has
 * @force: overwrite a signature on that disk; never a mounted or held one, never another pool's
 */
struct liteio_local_pool_grow {
	uint64_t size_bytes;
	char *add;
	bool force;
};

/**
 * struct liteio_local_volume_create - POST /v1/volumes
 * @name: of the volume
 * @uuid: given by who asks, or null: the agent makes one
 * @pool: where
 * @size_bytes: rounded up to a multiple of LITEIO_VOLUME_SIZE_ALIGN; with @snapshot 0 means the
 *              snapshot's size, and a larger one grows the restored volume
 * @volume_class: enum liteio_volume_class
 * @snapshot: name of a snapshot in the same pool to restore from, or NULL for an empty volume
 * @limits: from the beginning; all 0 for none
 * @wipe: enum liteio_local_wipe
 */
struct liteio_local_volume_create {
	char *name;
	struct liteio_uuid uuid;
	char *pool;
	uint64_t size_bytes;
	int volume_class;
	char *snapshot;
	struct liteio_limits limits;
	int wipe;
};

/*
 * POST /v1/volumes/{volume}/limits: what is not given stays; struct liteio_limits_change and its
 * table are in model/limits.h
 */

/*
 * POST /v1/volumes/{volume}/grow and /v1/attachments/{uuid}/{generation}/resize; that of a volume
 * is rounded up to a multiple of LITEIO_VOLUME_SIZE_ALIGN
 */
struct liteio_local_resize {
	uint64_t size_bytes;
};

/**
 * struct liteio_local_fence - POST /v1/volumes/{volume}/fence
 * @floor: end every generation below, or
 * @generation: end exactly this one; exactly one of the two is not 0
 * @timeout_ms: how long to wait for I/O in flight; 0 only closes the gates and looks once
 */
struct liteio_local_fence {
	uint64_t floor;
	uint64_t generation;
	uint64_t timeout_ms;
};

/**
 * struct liteio_local_snapshot_create - POST /v1/snapshots, and one of POST /v1/snapshot-groups
 * @name: of the snapshot
 * @uuid: given by who asks, or null: the agent makes one
 * @volume: what it is a point in time of; exactly one of this and @snapshot
 * @snapshot: another snapshot of the same point in time of the same volume
 */
struct liteio_local_snapshot_create {
	char *name;
	struct liteio_uuid uuid;
	char *volume;
	char *snapshot;
};

/* POST /v1/snapshot-groups: one point in time of several volumes of this node */
struct liteio_local_snapshot_group {
	struct liteio_local_snapshot_create *snapshots;
	size_t n_snapshots;
};

/* POST /v1/volumes/{volume}/rollback */
struct liteio_local_rollback {
	char *snapshot;
};

/* POST /v1/volumes/{volume}/attachment */
struct liteio_local_volume_attach {
	bool read_only;
};

/* POST /v1/volumes/{volume}/rename and /v1/snapshots/{snapshot}/rename */
struct liteio_local_rename {
	char *name;
};

/**
 * struct liteio_local_clone - POST /v1/volumes/{volume}/clone
 * @name: of the new volume, in the same pool
 * @uuid: given by who asks, or null: the agent makes one
 * @size_bytes: at least that of the volume, which 0 means; rounded up as well
 * @wipe: enum liteio_local_wipe; what the volume has counts too
 */
struct liteio_local_clone {
	char *name;
	struct liteio_uuid uuid;
	uint64_t size_bytes;
	int wipe;
};

/**
 * struct liteio_local_delete - query of DELETE /v1/volumes/{volume} and /v1/snapshots/{snapshot}
 * @wait: enum liteio_local_wait: answer when the space is free, or at once
 * @wipe: enum liteio_local_wipe; what the volume has counts too
 */
struct liteio_local_delete {
	int wait;
	int wipe;
};

/* the words are those of a query: wait=false */
enum liteio_local_wait {
	LITEIO_LOCAL_WAIT,
	LITEIO_LOCAL_WAIT_NOT,
};

extern const char *const liteio_local_wait_names[];

/* what happens to blocks before others can have them: see enum liteio_catalog_wipe */
enum liteio_local_wipe {
	LITEIO_LOCAL_WIPE_NONE,
	LITEIO_LOCAL_WIPE_DISCARD,
	LITEIO_LOCAL_WIPE_ZERO,
};

extern const char *const liteio_local_wipe_names[];

/**
 * struct liteio_local_export_create - POST /v1/exports
 * @volume: name
 * @generation: of the attachment, at or above the floor
 * @host_nqn: who may connect; required unless @local
 * @read_only: the head refuses writes
 * @local: the consumer is this node: a head, no subsystem
 */
struct liteio_local_export_create {
	char *volume;
	uint64_t generation;
	char *host_nqn;
	bool read_only;
	bool local;
};

/**
 * struct liteio_local_attach - POST /v1/attachments
 * @uuid: of the volume
 * @generation: that was given to this node
 * @size_bytes: what the volume must have at least; 0 takes what is there
 * @local: the volume is in a pool of this node and exported with local
 * @nqn: subsystem, remote only; NULL takes the one of @uuid and @generation
 * @addresses: "192.0.2.1:4420" or "[2001:db8::1]:4420", remote only
 * @n_addresses: how many
 * @read_only: the head here refuses writes too
 */
struct liteio_local_attach {
	struct liteio_uuid uuid;
	uint64_t generation;
	uint64_t size_bytes;
	bool local;
	char *nqn;
	char **addresses;
	size_t n_addresses;
	bool read_only;
};

/**
 * struct liteio_local_disk_rule - query of GET /v1/disks: which ones; what is not said is any
 * @min_bytes: "minSize"
 * @max_bytes: "maxSize"
 * @model: pattern (glob) for the whole model, capitals or not
 * @by_id: pattern for one of the names in /dev/disk/by-id, or with a leading "/" for its path
 * @rotational: enum liteio_local_tristate
 * @usable: only those on which a pool can be made without force
 */
struct liteio_local_disk_rule {
	uint64_t min_bytes;
	uint64_t max_bytes;
	char *model;
	char *by_id;
	int rotational;
	bool usable;
};

enum liteio_local_tristate {
	LITEIO_LOCAL_ANY,
	LITEIO_LOCAL_NO,
	LITEIO_LOCAL_YES,
};

extern const char *const liteio_local_tristate_names[];

/**
 * struct liteio_local_pool_repair - POST /v1/pools/{pool}/repair
 * @force: also when nothing is wrong, and also when something is lost for good
 * @from_metadata: of a pool that is not open because both copies of its catalog are lost: make one
 *	of what its metadata know, each thin device a volume "recovered-<thin id>"
 */
struct liteio_local_pool_repair {
	bool force;
	bool from_metadata;
};

/* ---- answers; lists are {"items": [...]} ---- */

/**
 * struct liteio_local_module - GET /v1/module
 * @loaded: liteio.ko answers on netlink
 * @version: of the module, NULL when not loaded
 * @installed: modprobe has a file of it for this kernel
 * @installed_version: of that file, NULL without one
 * @same_as_installed: the loaded one was built from the same source as that file; false also when
 *	that cannot be told
 * @features: names of what it can do
 * @n_features: how many
 * @instance: changes each time the module is loaded
 * @event_seq: sequence number of the newest event
 * @stats_bytes: memory that all statistics take
 * @dirty_bytes: memory that all tracking of dirty chunks takes
 */
struct liteio_local_module {
	bool loaded;
	char *version;
	bool installed;
	char *installed_version;
	bool same_as_installed;
	char **features;
	size_t n_features;
	struct liteio_uuid instance;
	uint64_t event_seq;
	uint64_t stats_bytes;
	uint64_t dirty_bytes;
};

/**
 * struct liteio_local_node - GET /v1/node
 * @name: of the node
 * @host_nqn: as an NVMe host
 * @host_id: its partner
 * @addresses: where exports listen, with port
 * @n_addresses: how many
 * @kernel: release
 * @module: version of liteio.ko, NULL when not loaded
 * @agent: version
 * @boot_id: of this boot
 * @features: "head" (the module), "export" (nvmet over TCP), "attach" (nvme over TCP)
 * @n_features: how many
 * @closed: why no remote consumer is let in, a sentence; NULL when they are
 */
struct liteio_local_node {
	char *name;
	char *host_nqn;
	char *host_id;
	char **addresses;
	size_t n_addresses;
	char *kernel;
	char *module;
	char *agent;
	char *boot_id;
	char **features;
	size_t n_features;
	char *closed;
};

/**
 * struct liteio_local_disk - a disk or a partition of this node
 * @device: path
 * @type: "disk", "partition", or who made it with device-mapper: "lvm", "mpath" (several ways to
 *	one disk), "crypt", else "dm"
 * @by_id: its names in /dev/disk/by-id, the one that says most first
 * @n_by_id: how many
 * @size_bytes: size
 * @model: NULL when it does not say
 * @serial: likewise
 * @rotational: has platters, as far as it says
 * @usable: a pool can be made on it
 * @forcible: not so, but with force: what is on it would be lost
 * @verdict: "usable", or what is in the way in one word: "readOnly", "mounted", "swap", "held",
 *           "pool", "damagedPool", "partitions", "signature", "small", "blocks", "claimed",
 *           "unreadable", "silent" (it does not answer)
 * @reason: the sentence that making a pool would be refused with
 * @signature: what was recognised on it: "ext4", "gpt", "xfs, ext4"
 * @pool: name of the pool it carries
 * @destroyed: what would be lost if a pool was made with force, sentences; of what is @forcible
 * @n_destroyed: how many
 */
struct liteio_local_disk {
	char *device;
	char *type;
	char **by_id;
	size_t n_by_id;
	uint64_t size_bytes;
	char *model;
	char *serial;
	bool rotational;
	bool usable;
	bool forcible;
	char *verdict;
	char *reason;
	char *signature;
	char *pool;
	char **destroyed;
	size_t n_destroyed;
};

/**
 * struct liteio_local_pool - one pool
 * @name: on this node
 * @uuid: from its label
 * @device: what it lies on; the first one of several
 * @more_devices: the others, in their order
 * @n_more_devices: how many
 * @state: "ready", "noSpace", "readOnly" or "failed", also while its disk does not answer
 * @reason: the sentence when it is not ready
 * @data_bytes: size of the thin pool's data
 * @data_used_bytes: blocks in use
 * @metadata_bytes: size of its metadata
 * @metadata_used_bytes: in use
 * @provisioned_bytes: sum of the sizes of thin volumes and snapshots
 * @volumes: number of volumes and snapshots, of all classes
 * @snapshots: of them, snapshots
 * @overcommit_percent: how much @provisioned_bytes may be, in percent of @data_bytes
 * @fill: of the thin data: "ok", "low", "high", "critical" or "full"
 * @free_bytes: largest new thin volume
 * @reserved_bytes: space for reserved volumes
 * @reserved_used_bytes: of it, blocks in use
 * @reserved_promised_bytes: sum of the sizes of reserved volumes and their snapshots
 * @reserved_free_bytes: largest new reserved volume
 * @linear_bytes: space for linear volumes
 * @linear_used_bytes: of it, ranges that volumes have
 * @linear_free_bytes: what is left
 * @shared_bytes: what would be in use beside what is if snapshots and clones shared no blocks
 * @shared_known: @shared_bytes is known: every thin or reserved volume and snapshot is active, or
 *                nothing is there that shares
 * @destroyed: what was on the disk before, and is lost: sentences, of a pool that was made, or has
 *             grown, with force
 * @n_destroyed: how many
 */
struct liteio_local_pool {
	char *name;
	struct liteio_uuid uuid;
	char *device;
	char **more_devices;
	size_t n_more_devices;
	char *state;
	char *reason;
	uint64_t data_bytes;
	uint64_t data_used_bytes;
	uint64_t metadata_bytes;
	uint64_t metadata_used_bytes;
	uint64_t provisioned_bytes;
	uint64_t volumes;
	uint64_t snapshots;
	uint64_t overcommit_percent;
	char *fill;
	uint64_t free_bytes;
	uint64_t reserved_bytes;
	uint64_t reserved_used_bytes;
	uint64_t reserved_promised_bytes;
	uint64_t reserved_free_bytes;
	uint64_t linear_bytes;
	uint64_t linear_used_bytes;
	uint64_t linear_free_bytes;
	uint64_t shared_bytes;
	bool shared_known;
	char **destroyed;
	size_t n_destroyed;
};

/**
 * struct liteio_local_pool_exported - answer of POST /v1/pools/{pool}/export
 * @exported: always
 * @name: of the pool
 * @uuid: of the pool
 * @devices: what can be pulled now
 * @n_devices: how many
 */
struct liteio_local_pool_exported {
	bool exported;
	char *name;
	struct liteio_uuid uuid;
	char **devices;
	size_t n_devices;
};

/**
 * struct liteio_local_pool_imported - one of the answer of POST /v1/pools/import-all
 * @name: of the pool
 * @uuid: of the pool
 * @device: where it was found
 * @imported: it is open now
 * @reason: the sentence when it is not
 */
struct liteio_local_pool_imported {
	char *name;
	struct liteio_uuid uuid;
	char *device;
	bool imported;
	char *reason;
};

/**
 * struct liteio_local_volume_attachment - a live attachment, as the catalog has it
 * @generation: its generation
 * @host_nqn: consumer, NULL for a local one
 * @read_only: no writes
 * @local: the consumer is this node
 */
struct liteio_local_volume_attachment {
	uint64_t generation;
	char *host_nqn;
	bool read_only;
	bool local;
};

/**
 * struct liteio_local_volume - one volume
 * @name: its name
 * @uuid: its uuid
 * @pool: pool it lives on
 * @size_bytes: size
 * @allocated_bytes: blocks in use; of one that is being deleted, those not given back yet
 * @allocated_unknown: nobody has looked: the pool does not answer, or it is one of a list and not
 *	in the kernel
 * @never_used: it was created, and nothing else: its thin device is made when it is first needed
 * @volume_class: enum liteio_volume_class
 * @state: "ready", "creating", "deleting" or "failed"
 * @floor: lowest generation still allowed, persisted
 * @origin: snapshot it was restored from or volume it was cloned from, NULL for none
 * @attachments: live ones
 * @n_attachments: how many
 * @limits: persisted
 * @limits_not_in_force: why the kernel does not hold them, a sentence; NULL when it does
 * @over_limit: what they did since the kernel knows the volume
 * @wipe: enum liteio_local_wipe
 */
struct liteio_local_volume {
	char *name;
	struct liteio_uuid uuid;
	char *pool;
	uint64_t size_bytes;
	uint64_t allocated_bytes;
	bool allocated_unknown;
	bool never_used;
	int volume_class;
	char *state;
	uint64_t floor;
	char *origin;
	struct liteio_local_volume_attachment *attachments;
	size_t n_attachments;
	struct liteio_limits limits;
	char *limits_not_in_force;
	struct liteio_over_limit over_limit;
	int wipe;
};

/**
 * struct liteio_local_fenced - answer of fence
 * @floor: the floor now, persisted and in the kernel
 * @drained: no I/O of what was fenced can reach the disk any more
 * @inflight: what has not ended yet
 * @waited_ms: how long this call waited
 * @note: a sentence when the fence was below a floor that is higher already; mostly NULL
 */
struct liteio_local_fenced {
	uint64_t floor;
	bool drained;
	uint64_t inflight;
	uint64_t waited_ms;
	char *note;
};

/**
 * struct liteio_local_snapshot - one snapshot
 * @name: its name
 * @uuid: its uuid
 * @volume: name of the volume it was taken of; NULL when that is gone
 * @pool: pool it lives on
 * @size_bytes: of the volume at that moment
 * @created_at: RFC 3339
 * @state: as of a volume
 * @wipe: enum liteio_local_wipe
 */
struct liteio_local_snapshot {
	char *name;
	struct liteio_uuid uuid;
	char *volume;
	char *pool;
	uint64_t size_bytes;
	char *created_at;
	char *state;
	int wipe;
};

/**
 * struct liteio_local_export - one export
 * @volume: name
 * @uuid: of the volume
 * @generation: of the attachment
 * @nqn: subsystem, NULL for a local one
 * @host_nqn: who may connect, NULL for a local one
 * @addresses: where to connect, remote only
 * @n_addresses: how many
 * @read_only: no writes
 * @local: only a head
 * @ready: the gate is open and, unless @local, the subsystem is linked to every port
 * @device: the head
 */
struct liteio_local_export {
	char *volume;
	struct liteio_uuid uuid;
	uint64_t generation;
	char *nqn;
	char *host_nqn;
	char **addresses;
	size_t n_addresses;
	bool read_only;
	bool local;
	bool ready;
	char *device;
};

/* DELETE /v1/exports/{volume}/{generation} */
struct liteio_local_unexport {
	bool fenced; /* persisted, in the kernel */
	bool drained;
	bool removed; /* subsystem and head are gone; only after drained */
};

/**
 * struct liteio_local_attachment - one attachment of this node
 * @uuid: of the volume
 * @generation: its generation
 * @device: what to mount: /dev/liteio/<uuid>
 * @size_bytes: of the device
 * @local: on a pool of this node
 * @nqn: subsystem, remote only
 * @addresses: remote only
 * @n_addresses: how many
 * @read_only: no writes
 * @state: "live", "connecting" (I/O waits), "fenced", or "gone" (I/O fails)
 */
struct liteio_local_attachment {
	struct liteio_uuid uuid;
	uint64_t generation;
	char *device;
	uint64_t size_bytes;
	bool local;
	char *nqn;
	char **addresses;
	size_t n_addresses;
	bool read_only;
	char *state;
};

/**
 * struct liteio_local_deleted - what was removed by a DELETE without an answer of its own
 * @deleted: false: it was not there
 * @uuid: of a volume or snapshot whose space is still being given back (wait=false)
 */
struct liteio_local_deleted {
	bool deleted;
	struct liteio_uuid uuid;
};

/**
 * struct liteio_local_deletion - one of GET /v1/deletions: what is gone, and has space yet
 * @uuid: of the volume or snapshot, or of what a roll back has left of one
 * @name: that it had; another one may have it now
 * @kind: "volume" or "snapshot"
 * @pool: pool it lies on
 * @left_bytes: what is to be given back
 * @wipe: enum liteio_local_wipe
 */
struct liteio_local_deletion {
	struct liteio_uuid uuid;
	char *name;
	char *kind;
	char *pool;
	uint64_t left_bytes;
	int wipe;
};

/**
 * struct liteio_local_pool_repaired - answer of repair
 * @pool: name
 * @copied: metadata, of the pool and of its reserve, that were sound and were taken over as they
 *	are
 * @rebuilt: metadata that were damaged and were made anew of what could be read
 * @lost_volumes: volumes and snapshots that are gone; only with force
 * @lost_bytes: what was written to others and reads as zeros now; only with force
 * @lost: what is lost in words, or that volumes may be as they were at an earlier time, or what a
 *	new catalog can not have; NULL for neither
 * @recovered: volumes of a new catalog
 */
struct liteio_local_pool_repaired {
	char *pool;
	uint64_t copied;
	uint64_t rebuilt;
	uint64_t lost_volumes;
	uint64_t lost_bytes;
	char *lost;
	uint64_t recovered;
};

/**
 * struct liteio_local_class_stats - counters of one class of I/O
 * @name: "read", "write", "flush" or "other"
 * @ios: completed
 * @errors: of these, with an error
 * @bytes: of those without an error
 * @time_ns: sum of their latencies
 * @p50_ns: half of those without an error took no longer; all four from @hist
 * @p90_ns: nine tenths
 * @p99_ns: 99 of 100
 * @p999_ns: 999 of 1000
 * @hist: array of counts by latency; bounds in include/uapi/linux/liteio.h
 */
struct liteio_local_class_stats {
	char *name;
	uint64_t ios;
	uint64_t errors;
	uint64_t bytes;
	uint64_t time_ns;
	uint64_t p50_ns;
	uint64_t p90_ns;
	uint64_t p99_ns;
	uint64_t p999_ns;
	struct liteio_json *hist;
};

/**
 * struct liteio_local_stats - counters of one attachment
 * @uuid: of its volume
 * @generation: its generation
 * @time_ns: CLOCK_BOOTTIME when they were read
 * @inflight: I/O under way
 * @rejected: refused because of a fence or of read-only
 * @queued: I/O that waits because of a limit
 * @throttled: that had to wait
 * @last_ns: CLOCK_BOOTTIME when I/O last completed, whatever the result; 0 when none has
 * @classes: of I/O
 * @n_classes: how many
 */
struct liteio_local_stats {
	struct liteio_uuid uuid;
	uint64_t generation;
	uint64_t time_ns;
	uint64_t inflight;
	uint64_t rejected;
	uint64_t queued;
	uint64_t throttled;
	uint64_t last_ns;
	struct liteio_local_class_stats *classes;
	size_t n_classes;
};

/* "error": {"code": "ENOENT", "message": "..."} */
struct liteio_local_error {
	char *code;
	char *message;
};

/**
 * struct liteio_local_failure - what is answered instead
 * @error: why
 * @operation: ETIMEDOUT of what goes on all the same: as this operation
 */
struct liteio_local_failure {
	struct liteio_local_error error;
	struct liteio_uuid operation;
};

#define LITEIO_LOCAL_LIST(noun) \
	struct liteio_local_##noun##_list { \
		struct liteio_local_##noun *items; \
		size_t n_items; \
	}

LITEIO_LOCAL_LIST(disk);
LITEIO_LOCAL_LIST(pool);
LITEIO_LOCAL_LIST(pool_imported);
LITEIO_LOCAL_LIST(volume);
LITEIO_LOCAL_LIST(snapshot);
LITEIO_LOCAL_LIST(export);
LITEIO_LOCAL_LIST(attachment);
LITEIO_LOCAL_LIST(stats);
LITEIO_LOCAL_LIST(deletion);

/* ---- tables: liteio_local_<struct>_fields ---- */

extern const struct liteio_field liteio_local_pool_create_fields[];
extern const struct liteio_field liteio_local_pool_import_fields[];
extern const struct liteio_field liteio_local_pool_grow_fields[];
extern const struct liteio_field liteio_local_pool_set_fields[];
extern const struct liteio_field liteio_local_volume_create_fields[];
extern const struct liteio_field liteio_local_resize_fields[];
extern const struct liteio_field liteio_local_fence_fields[];
extern const struct liteio_field liteio_local_snapshot_create_fields[];
extern const struct liteio_field liteio_local_snapshot_group_fields[];
extern const struct liteio_field liteio_local_rollback_fields[];
extern const struct liteio_field liteio_local_volume_attach_fields[];
extern const struct liteio_field liteio_local_rename_fields[];
extern const struct liteio_field liteio_local_clone_fields[];
extern const struct liteio_field liteio_local_delete_fields[];
extern const struct liteio_field liteio_local_export_create_fields[];
extern const struct liteio_field liteio_local_attach_fields[];

extern const struct liteio_field liteio_local_disk_rule_fields[];
extern const struct liteio_field liteio_local_pool_repair_fields[];
extern const struct liteio_field liteio_local_pool_repaired_fields[];

extern const struct liteio_field liteio_local_module_fields[];
extern const struct liteio_field liteio_local_node_fields[];
extern const struct liteio_field liteio_local_disk_fields[];
extern const struct liteio_field liteio_local_pool_fields[];
extern const struct liteio_field liteio_local_pool_exported_fields[];
extern const struct liteio_field liteio_local_volume_fields[];
extern const struct liteio_field liteio_local_fenced_fields[];
extern const struct liteio_field liteio_local_snapshot_fields[];
extern const struct liteio_field liteio_local_export_fields[];
extern const struct liteio_field liteio_local_unexport_fields[];
extern const struct liteio_field liteio_local_attachment_fields[];
extern const struct liteio_field liteio_local_deleted_fields[];
extern const struct liteio_field liteio_local_stats_fields[];
extern const struct liteio_field liteio_local_failure_fields[];

extern const struct liteio_field liteio_local_disk_list_fields[];
extern const struct liteio_field liteio_local_pool_list_fields[];
extern const struct liteio_field liteio_local_pool_imported_list_fields[];
extern const struct liteio_field liteio_local_volume_list_fields[];
extern const struct liteio_field liteio_local_snapshot_list_fields[];
extern const struct liteio_field liteio_local_export_list_fields[];
extern const struct liteio_field liteio_local_attachment_list_fields[];
extern const struct liteio_field liteio_local_stats_list_fields[];
extern const struct liteio_field liteio_local_deletion_list_fields[];

/**
 * liteio_local_address_parse() - "192.0.2.1:4420" or "[2001:db8::1]:4420" in its parts
 * @s: the text; a missing port is LITEIO_LOCAL_PORT
 * @ret_host: the address without brackets, in new memory
 * @ret_port: 1..65535
 * @err: what is wrong with it; names are refused, only addresses are taken
 *
 * Pure. Return: 0 or -EINVAL.
 */
int liteio_local_address_parse(const char *s, char **ret_host, uint16_t *ret_port,
			       struct liteio_error *err);

/* HTTP status for a negative errno, as agent/README.md lists them */
unsigned int liteio_local_status(int code);

#endif
