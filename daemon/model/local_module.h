/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent's local API, continued: the registry of the kernel module, as the kernel has it, with
 * the volumes that no pool of this node knows too. As in local.h; the list of paths is in
 * agent/README.md. Pure.
 */
#ifndef LITEIO_MODEL_LOCAL_MODULE_H
#define LITEIO_MODEL_LOCAL_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/uuid.h"
#include "model/limits.h"

/* ---- requests ---- */

/**
 * struct liteio_local_module_fence - POST /v1/module/fence
 * @uuid: of the volume
 * @floor: end every generation below, or
 * @generation: end exactly this one; exactly one of the two is not 0
 * @timeout_ms: how long to wait for I/O in flight; 0 only closes the gates and looks once
 */
struct liteio_local_module_fence {
	struct liteio_uuid uuid;
	uint64_t floor;
	uint64_t generation;
	uint64_t timeout_ms;
};

/* ---- answers ---- */

/**
 * struct liteio_local_module_fenced - answer of the fence
 * @pool: whose catalog has it first, NULL when no pool of this node has the volume
 * @persisted: it holds after a restart of this node too; never without a pool
 * @floor: the floor now, in the kernel
 * @drained: no I/O of what was fenced can reach the disk any more
 * @inflight: what has not ended yet
 * @waited_ms: how long this call waited
 * @note: a sentence when the fence was below a floor that is higher already, and always when it is
 *	not persisted; else NULL
 */
struct liteio_local_module_fenced {
	char *pool;
	bool persisted;
	uint64_t floor;
	bool drained;
	uint64_t inflight;
	uint64_t waited_ms;
	char *note;
};

/**
 * struct liteio_local_module_volume - a volume in the registry
 * @uuid: its uuid
 * @name: as the kernel knows it, which may be cut; NULL for none
 * @pool: of this node that has it, NULL when none has
 * @floor: lowest generation still allowed
 * @barred: generations from the floor on that were fenced one by one
 * @attachments: how many there are, whatever their state
 * @limits: that hold
 * @over_limit: what they did
 */
struct liteio_local_module_volume {
	struct liteio_uuid uuid;
	char *name;
	char *pool;
	uint64_t floor;
	uint64_t barred;
	uint64_t attachments;
	struct liteio_limits limits;
	struct liteio_over_limit over_limit;
};

/**
 * struct liteio_local_dirty - tracking of dirty chunks; absent when nothing is tracked
 * @tracking: its name, sixteen hexadecimal digits; NULL when nothing is tracked
 * @chunk_bytes: size of a chunk
 * @chunks: of the head
 * @remaining: of them, dirty and not given out
 */
struct liteio_local_dirty {
	char *tracking;
	uint64_t chunk_bytes;
	uint64_t chunks;
	uint64_t remaining;
};

/**
 * struct liteio_local_module_attachment - an attachment in the registry
 * @uuid: of its volume
 * @generation: its generation
 * @state: "new" (no head), "open", "draining" (fenced, I/O in flight) or "fenced"
 * @read_only: the head refuses what changes data
 * @host: consumer, for people
 * @inflight: I/O under way; exact only once fenced
 * @rejected: I/O refused because of the fence or of read-only
 * @queued: I/O that waits because of a limit
 * @throttled: I/O that had to
 * @device: "253:4", the head; NULL when none is bound
 * @dirty: tracking of the chunks that are written to
 */
struct liteio_local_module_attachment {
	struct liteio_uuid uuid;
	uint64_t generation;
	char *state;
	bool read_only;
	char *host;
	uint64_t inflight;
	uint64_t rejected;
	uint64_t queued;
	uint64_t throttled;
	char *device;
	struct liteio_local_dirty dirty;
};

/**
 * enum liteio_local_event_type - what a line of GET /v1/events or GET /v1/module/events says
 * @LITEIO_LOCAL_EVENT_BEGIN: the first line: what happens from now on follows, of the module events
 *	from @seq + 1 on
 * @LITEIO_LOCAL_EVENT_LOST: events were lost: what was known is void, read everything again
 * @LITEIO_LOCAL_EVENT_ALIVE: nothing has happened; so that both ends see that the other is there
 * @LITEIO_LOCAL_EVENT_END: the last line: the module was unloaded or loaded again
 * @LITEIO_LOCAL_EVENT_POOL_OPENED: created, imported, found late
 * @LITEIO_LOCAL_EVENT_POOL_CLOSED: exported or deleted, or its disk was pulled out
 * @LITEIO_LOCAL_EVENT_POOL_CHANGED: grown, repaired, or in another state, or more or less full:
 *	@message says which
 * @LITEIO_LOCAL_EVENT_VOLUME_CREATED: there is a new one
 * @LITEIO_LOCAL_EVENT_VOLUME_MODIFIED: another size, name or content: @message says which
 * @LITEIO_LOCAL_EVENT_VOLUME_REMOVED: gone for everybody; its space follows
 * @LITEIO_LOCAL_EVENT_SNAPSHOT_CREATED: there is a new one
 * @LITEIO_LOCAL_EVENT_SNAPSHOT_MODIFIED: another name
 * @LITEIO_LOCAL_EVENT_SNAPSHOT_REMOVED: gone for everybody; its space follows
 * @LITEIO_LOCAL_EVENT_SPACE_FREED: all that was deleted in a pool has given its space back
 * @LITEIO_LOCAL_EVENT_OPERATION_BEGUN: long work goes on without its request
 * @LITEIO_LOCAL_EVENT_OPERATION_DONE: and has ended
 * @LITEIO_LOCAL_EVENT_OPERATION_FAILED: and has ended so: @message says why
 * @LITEIO_LOCAL_EVENT_MODULE: from here on enum liteio_event of the module, in its order
 */
enum liteio_local_event_type {
	LITEIO_LOCAL_EVENT_BEGIN,
	LITEIO_LOCAL_EVENT_LOST,
	LITEIO_LOCAL_EVENT_ALIVE,
	LITEIO_LOCAL_EVENT_END,
	LITEIO_LOCAL_EVENT_POOL_OPENED,
	LITEIO_LOCAL_EVENT_POOL_CLOSED,
	LITEIO_LOCAL_EVENT_POOL_CHANGED,
	LITEIO_LOCAL_EVENT_VOLUME_CREATED,
	LITEIO_LOCAL_EVENT_VOLUME_MODIFIED,
	LITEIO_LOCAL_EVENT_VOLUME_REMOVED,
	LITEIO_LOCAL_EVENT_SNAPSHOT_CREATED,
	LITEIO_LOCAL_EVENT_SNAPSHOT_MODIFIED,
	LITEIO_LOCAL_EVENT_SNAPSHOT_REMOVED,
	LITEIO_LOCAL_EVENT_SPACE_FREED,
	LITEIO_LOCAL_EVENT_OPERATION_BEGUN,
	LITEIO_LOCAL_EVENT_OPERATION_DONE,
	LITEIO_LOCAL_EVENT_OPERATION_FAILED,
	LITEIO_LOCAL_EVENT_MODULE,
};

/* "begin" ...; "volumeAdded" for LITEIO_EVENT_VOL_ADDED ... */
extern const char *const liteio_local_event_names[];

/**
 * struct liteio_local_event - one line of the answer
 * @type: enum liteio_local_event_type
 * @seq: sequence number of the module's events; of a gap that of the first event after it, when
 *	there is one
 * @time_ns: CLOCK_BOOTTIME
 * @uuid: of the volume, snapshot, pool or operation
 * @generation: of the attachment, 0 for events of a volume
 * @value: see enum liteio_event
 * @name: of the volume, snapshot or pool, or what an operation is about; like all that follows not
 *	in events of the module
 * @pool: where that is
 * @verb: what an operation does
 * @message: what changed, or why it failed
 */
struct liteio_local_event {
	int type;
	uint64_t seq;
	uint64_t time_ns;
	struct liteio_uuid uuid;
	uint64_t generation;
	uint64_t value;
	char *name;
	char *pool;
	char *verb;
	char *message;
};

struct liteio_local_module_volume_list {
	struct liteio_local_module_volume *items;
	size_t n_items;
};

struct liteio_local_module_attachment_list {
	struct liteio_local_module_attachment *items;
	size_t n_items;
};

extern const struct liteio_field liteio_local_module_fence_fields[];
extern const struct liteio_field liteio_local_module_fenced_fields[];
extern const struct liteio_field liteio_local_module_volume_fields[];
extern const struct liteio_field liteio_local_module_volume_list_fields[];
extern const struct liteio_field liteio_local_module_attachment_list_fields[];
extern const struct liteio_field liteio_local_event_fields[];

#endif
