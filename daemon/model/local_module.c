// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local API's registry of the module: the tables.
 */
#include "model/local_module.h"

#include <linux/liteio.h>

#include "model/fields.h"
#include "model/local.h"

#define T liteio_local_module_fence
const struct liteio_field liteio_local_module_fence_fields[] = {
	UUID("uuid", uuid, REQUIRED),
	NUMBER("floor", floor, 0, 0, LITEIO_GENERATION_MAX),
	NUMBER("generation", generation, 0, 0, LITEIO_GENERATION_MAX),
	NUMBER("timeoutMs", timeout_ms, 0, 0, LITEIO_LOCAL_TIMEOUT_MS_MAX),
	END,
};

#undef T
#define T liteio_local_module_fenced
const struct liteio_field liteio_local_module_fenced_fields[] = {
	STRING("pool", pool, 0, 0),
	BOOL("persisted", persisted, KEEP),
	NUMBER("floor", floor, KEEP, 0, 0),
	BOOL("drained", drained, KEEP),
	NUMBER("inflight", inflight, KEEP, 0, 0),
	NUMBER("waitedMs", waited_ms, KEEP, 0, 0),
	STRING("note", note, 0, 0),
	END,
};

#undef T
#define T liteio_local_module_volume
const struct liteio_field liteio_local_module_volume_fields[] = {
	UUID("uuid", uuid, 0),
	STRING("name", name, 0, 0),
	STRING("pool", pool, 0, 0),
	NUMBER("floor", floor, KEEP, 0, 0),
	NUMBER("barred", barred, KEEP, 0, 0),
	NUMBER("attachments", attachments, KEEP, 0, 0),
	NUMBERS("limits", limits, liteio_limits, liteio_limits_shown_fields),
	NUMBERS("overLimit", over_limit, liteio_over_limit, liteio_over_limit_fields),
	END,
};

#undef T
#define T liteio_local_module_volume_list
const struct liteio_field liteio_local_module_volume_list_fields[] = {
	ARRAY("items", items, KEEP, liteio_local_module_volume, liteio_local_module_volume_fields,
	      0),
	END,
};

#undef T
#define T liteio_local_dirty
static const struct liteio_field dirty_fields[] = {
	STRING("tracking", tracking, 0, 0),
	SIZE("chunkBytes", chunk_bytes, 0, 0, 0),
	NUMBER("chunks", chunks, 0, 0, 0),
	NUMBER("remaining", remaining, 0, 0, 0),
	END,
};

#undef T
#define T liteio_local_module_attachment
static const struct liteio_field liteio_local_module_attachment_fields[] = {
	UUID("uuid", uuid, 0),
	NUMBER("generation", generation, KEEP, 0, 0),
	STRING("state", state, 0, 0),
	BOOL("readOnly", read_only, KEEP),
	STRING("host", host, 0, 0),
	NUMBER("inflight", inflight, KEEP, 0, 0),
	NUMBER("rejected", rejected, KEEP, 0, 0),
	NUMBER("queued", queued, KEEP, 0, 0),
	NUMBER("throttled", throttled, KEEP, 0, 0),
	STRING("device", device, 0, 0),
	OBJECT("dirty", dirty, dirty_fields),
	END,
};

#undef T
#define T liteio_local_module_attachment_list
const struct liteio_field liteio_local_module_attachment_list_fields[] = {
	ARRAY("items", items, KEEP, liteio_local_module_attachment,
	      liteio_local_module_attachment_fields, 0),
	END,
};

#define MODULE(e) (LITEIO_LOCAL_EVENT_MODULE + LITEIO_EVENT_##e - LITEIO_EVENT_VOL_ADDED)
const char *const liteio_local_event_names[] = {
	[LITEIO_LOCAL_EVENT_BEGIN] = "begin",
	[LITEIO_LOCAL_EVENT_LOST] = "lost",
	[LITEIO_LOCAL_EVENT_ALIVE] = "alive",
	[LITEIO_LOCAL_EVENT_END] = "end",
	[LITEIO_LOCAL_EVENT_POOL_OPENED] = "poolOpened",
	[LITEIO_LOCAL_EVENT_POOL_CLOSED] = "poolClosed",
	[LITEIO_LOCAL_EVENT_POOL_CHANGED] = "poolChanged",
	[LITEIO_LOCAL_EVENT_VOLUME_CREATED] = "volumeCreated",
	[LITEIO_LOCAL_EVENT_VOLUME_MODIFIED] = "volumeModified",
	[LITEIO_LOCAL_EVENT_VOLUME_REMOVED] = "volumeRemoved",
	[LITEIO_LOCAL_EVENT_SNAPSHOT_CREATED] = "snapshotCreated",
	[LITEIO_LOCAL_EVENT_SNAPSHOT_MODIFIED] = "snapshotModified",
	[LITEIO_LOCAL_EVENT_SNAPSHOT_REMOVED] = "snapshotRemoved",
	[LITEIO_LOCAL_EVENT_SPACE_FREED] = "spaceFreed",
	[LITEIO_LOCAL_EVENT_OPERATION_BEGUN] = "operationBegun",
	[LITEIO_LOCAL_EVENT_OPERATION_DONE] = "operationDone",
	[LITEIO_LOCAL_EVENT_OPERATION_FAILED] = "operationFailed",
	[MODULE(VOL_ADDED)] = "volumeAdded",
	[MODULE(VOL_CHANGED)] = "volumeChanged",
	[MODULE(VOL_DELETED)] = "volumeDeleted",
	[MODULE(ATT_ADDED)] = "attachmentAdded",
	[MODULE(ATT_BOUND)] = "attachmentBound",
	[MODULE(ATT_UNBOUND)] = "attachmentUnbound",
	[MODULE(ATT_FENCED)] = "attachmentFenced",
	[MODULE(ATT_DRAINED)] = "attachmentDrained",
	[MODULE(ATT_DELETED)] = "attachmentDeleted",
	[MODULE(STALE_IO)] = "staleIO",
	[MODULE(IO_ERROR)] = "ioError",
	[MODULE(NO_SPACE)] = "noSpace",
	[MODULE(QOS_CHANGED)] = "limitsChanged",
	[MODULE(DIRTY_CHANGED)] = "dirtyChanged",
	NULL,
};

#undef T
#define T liteio_local_event
const struct liteio_field liteio_local_event_fields[] = {
	ENUM("type", type, REQUIRED, liteio_local_event_names),
	NUMBER("seq", seq, 0, 0, 0),
	NUMBER("timeNs", time_ns, 0, 0, 0),
	UUID("uuid", uuid, 0),
	NUMBER("generation", generation, 0, 0, 0),
	NUMBER("value", value, 0, 0, 0),
	STRING("name", name, 0, 0),
	STRING("pool", pool, 0, 0),
	STRING("verb", verb, 0, 0),
	STRING("message", message, 0, 0),
	END,
};
