// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables of names.
 */
#include <string.h>

#include "kmodctl.h"
#include "names.h"

static const struct attr_kind attr_kinds[] = {
	{ "version", LITEIO_A_VERSION, KIND_U32 },
	{ "module", LITEIO_A_MODULE, KIND_TEXT },
	{ "features", LITEIO_A_FEATURES, KIND_U64 },
	{ "instance", LITEIO_A_INSTANCE, KIND_UUID },
	{ "event_seq", LITEIO_A_EVENT_SEQ, KIND_U64 },
	{ "stats_bytes", LITEIO_A_STATS_BYTES, KIND_U64 },
	{ "uuid", LITEIO_A_UUID, KIND_UUID },
	{ "name", LITEIO_A_NAME, KIND_TEXT },
	{ "floor", LITEIO_A_FLOOR, KIND_U64 },
	{ "barred", LITEIO_A_BARRED, KIND_U32 },
	{ "attachments", LITEIO_A_ATTACHMENTS, KIND_U32 },
	{ "gen", LITEIO_A_GEN, KIND_U64 },
	{ "host", LITEIO_A_HOST, KIND_TEXT },
	{ "flags", LITEIO_A_FLAGS, KIND_U32 },
	{ "state", LITEIO_A_STATE, KIND_U32 },
	{ "inflight", LITEIO_A_INFLIGHT, KIND_U64 },
	{ "rejected", LITEIO_A_REJECTED, KIND_U64 },
	{ "major", LITEIO_A_DEV_MAJOR, KIND_U32 },
	{ "minor", LITEIO_A_DEV_MINOR, KIND_U32 },
	{ "timeout", LITEIO_A_TIMEOUT_MS, KIND_U32 },
	{ "drained", LITEIO_A_DRAINED, KIND_U8 },
	{ "waited_ns", LITEIO_A_WAITED_NS, KIND_U64 },
	{ "time_ns", LITEIO_A_TIME_NS, KIND_U64 },
	{ "seq", LITEIO_A_SEQ, KIND_U64 },
	{ "type", LITEIO_A_TYPE, KIND_U32 },
	{ "value", LITEIO_A_VALUE, KIND_U64 },
	{ "queued", LITEIO_A_QUEUED, KIND_U64 },
	{ "throttled", LITEIO_A_THROTTLED, KIND_U64 },
	{ "dirty_bytes", LITEIO_A_DIRTY_BYTES, KIND_U64 },
	{ "tracking", LITEIO_A_TRACKING, KIND_U64 },
	{ "chunk_shift", LITEIO_A_CHUNK_SHIFT, KIND_U32 },
	{ "chunks", LITEIO_A_CHUNKS, KIND_U64 },
	{ "remaining", LITEIO_A_REMAINING, KIND_U64 },
	{ "cursor", LITEIO_A_CURSOR, KIND_U64 },
	{ "next_cursor", LITEIO_A_NEXT_CURSOR, KIND_U64 },
	{ "max_chunks", LITEIO_A_MAX_CHUNKS, KIND_U32 },
	{ "ticket", LITEIO_A_TICKET, KIND_U64 },
	{ "last_ns", LITEIO_A_LAST_NS, KIND_U64 },
	{ "started", LITEIO_A_STARTED, KIND_U64 },
};

static const struct attr_kind qos_attr_kinds[] = {
	{ "riops", LITEIO_QOS_A_RIOPS, KIND_U64 },
	{ "wiops", LITEIO_QOS_A_WIOPS, KIND_U64 },
	{ "rbps", LITEIO_QOS_A_RBPS, KIND_U64 },
	{ "wbps", LITEIO_QOS_A_WBPS, KIND_U64 },
	{ "burst_ms", LITEIO_QOS_A_BURST_MS, KIND_U32 },
};

static const struct attr_kind throttle_attr_kinds[] = {
	{ "queued", LITEIO_THROTTLE_A_QUEUED, KIND_U64 },
	{ "throttled", LITEIO_THROTTLE_A_THROTTLED, KIND_U64 },
	{ "iops_ns", LITEIO_THROTTLE_A_IOPS_NS, KIND_U64 },
	{ "bps_ns", LITEIO_THROTTLE_A_BPS_NS, KIND_U64 },
};

static const struct attr_kind class_attr_kinds[] = {
	{ "ios", LITEIO_CLASS_A_IOS, KIND_U64 },
	{ "errors", LITEIO_CLASS_A_ERRORS, KIND_U64 },
	{ "bytes", LITEIO_CLASS_A_BYTES, KIND_U64 },
	{ "time_ns", LITEIO_CLASS_A_TIME_NS, KIND_U64 },
};

#define SPACE(table) { table, COUNT(table) }

const struct attr_space attr_space = SPACE(attr_kinds);
const struct attr_space qos_space = SPACE(qos_attr_kinds);
const struct attr_space throttle_space = SPACE(throttle_attr_kinds);
const struct attr_space class_space = SPACE(class_attr_kinds);

static const char *const class_names[] = { "read", "write", "flush", "other" };

static const char *const state_names[] = { "new", "open", "draining", "fenced" };

static const char *const event_names[] = {
	[LITEIO_EVENT_VOL_ADDED] = "vol-added",
	[LITEIO_EVENT_VOL_CHANGED] = "vol-changed",
	[LITEIO_EVENT_VOL_DELETED] = "vol-deleted",
	[LITEIO_EVENT_ATT_ADDED] = "att-added",
	[LITEIO_EVENT_ATT_BOUND] = "att-bound",
	[LITEIO_EVENT_ATT_UNBOUND] = "att-unbound",
	[LITEIO_EVENT_ATT_FENCED] = "att-fenced",
	[LITEIO_EVENT_ATT_DRAINED] = "att-drained",
	[LITEIO_EVENT_ATT_DELETED] = "att-deleted",
	[LITEIO_EVENT_STALE_IO] = "stale-io",
	[LITEIO_EVENT_IO_ERROR] = "io-error",
	[LITEIO_EVENT_NO_SPACE] = "no-space",
	[LITEIO_EVENT_QOS_CHANGED] = "qos-changed",
	[LITEIO_EVENT_DIRTY_CHANGED] = "dirty-changed",
};

static const struct {
	const char *name;
	int cmd;
} commands[] = {
	{ "info", LITEIO_CMD_INFO_GET },   { "vol-set", LITEIO_CMD_VOL_SET },
	{ "vol-get", LITEIO_CMD_VOL_GET }, { "vol-del", LITEIO_CMD_VOL_DEL },
	{ "att-add", LITEIO_CMD_ATT_ADD }, { "att-get", LITEIO_CMD_ATT_GET },
	{ "att-del", LITEIO_CMD_ATT_DEL }, { "fence", LITEIO_CMD_FENCE },
	{ "stats", LITEIO_CMD_STATS_GET }, { "dirty-start", LITEIO_CMD_DIRTY_START },
	{ "dirty-stop", LITEIO_CMD_DIRTY_STOP }, { "dirty-fetch", LITEIO_CMD_DIRTY_FETCH },
};

const struct attr_kind *kind_by_name(const struct attr_space *space, const char *argument)
{
	size_t i, len;

	for (i = 0; i < space->nr; i++) {
		len = strlen(space->kinds[i].name);
		if (!strncmp(argument, space->kinds[i].name, len) && argument[len] == '=')
			return &space->kinds[i];
	}
	return NULL;
}

const struct attr_kind *kind_by_type(const struct attr_space *space, int type)
{
	size_t i;

	for (i = 0; i < space->nr; i++) {
		if (space->kinds[i].type == type)
			return &space->kinds[i];
	}
	return NULL;
}

static const char *name_of(const char *const *names, size_t nr, uint64_t value)
{
	return value < nr && names[value] ? names[value] : "unknown";
}

const char *class_name(uint64_t class)
{
	return name_of(class_names, COUNT(class_names), class);
}

const char *state_name(uint64_t state)
{
	return name_of(state_names, COUNT(state_names), state);
}

const char *event_name(uint64_t event)
{
	return name_of(event_names, COUNT(event_names), event);
}

int command_number(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(commands); i++) {
		if (!strcmp(name, commands[i].name))
			return commands[i].cmd;
	}
	return (int)number(name);
}

const char *command_name(int cmd)
{
	size_t i;

	for (i = 0; i < COUNT(commands); i++) {
		if (commands[i].cmd == cmd)
			return commands[i].name;
	}
	return "none";
}
