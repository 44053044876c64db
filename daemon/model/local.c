// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent's local API: the tables behind local.h.
 *
 * Over 600 lines because every message of the API has its table, and nothing else is here.
 */
#include "model/local.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "model/fields.h"
#include "model/pool.h"

#define CLASS(k, m, fl) ENUM(k, m, fl, liteio_volume_class_names)
#define WIPE(fl) ENUM("wipe", wipe, fl, liteio_local_wipe_names)
#define ITEMS(k, m, elem, mx) \
	ARRAY(k, m, KEEP, liteio_local_##elem, liteio_local_##elem##_fields, mx)

/* ---- requests ---- */

#define T liteio_local_pool_create
const struct liteio_field liteio_local_pool_create_fields[] = {
	STRING("name", name, REQUIRED, LITEIO_OBJECT_NAME_MAX),
	STRING("device", device, REQUIRED, LITEIO_LOCAL_PATH_MAX),
	SIZE("sizeBytes", size_bytes, 0, 0, LITEIO_VOLUME_SIZE_MAX),
	SIZE("blockBytes", block_bytes, 0, 0, 1ull << 30),
	BOOL("force", force, 0),
	SIZE("linearBytes", linear_bytes, 0, 0, LITEIO_VOLUME_SIZE_MAX),
	SIZE("reservedBytes", reserved_bytes, 0, 0, LITEIO_VOLUME_SIZE_MAX),
	NUMBER("overcommitPercent", overcommit_percent, 0, LITEIO_POOL_OVERCOMMIT_MIN,
	       LITEIO_POOL_OVERCOMMIT_MAX),
	END,
};

#undef T
#define T liteio_local_pool_set
const struct liteio_field liteio_local_pool_set_fields[] = {
	NUMBER("overcommitPercent", overcommit_percent, REQUIRED, LITEIO_POOL_OVERCOMMIT_MIN,
	       LITEIO_POOL_OVERCOMMIT_MAX),
	END,
};

#undef T
#define T liteio_local_pool_import
const struct liteio_field liteio_local_pool_import_fields[] = {
	STRING("device", device, REQUIRED, LITEIO_LOCAL_PATH_MAX),
	BOOL("force", force, 0),
	END,
};

#undef T
#define T liteio_local_pool_grow
const struct liteio_field liteio_local_pool_grow_fields[] = {
	SIZE("sizeBytes", size_bytes, 0, 0, LITEIO_VOLUME_SIZE_MAX),
	STRING("add", add, 0, LITEIO_LOCAL_PATH_MAX),
	BOOL("force", force, 0),
	END,
};

#undef T
#define T liteio_local_volume_create
const struct liteio_field liteio_local_volume_create_fields[] = {
	STRING("name", name, REQUIRED, LITEIO_OBJECT_NAME_MAX),
	UUID("uuid", uuid, 0),
	STRING("pool", pool, REQUIRED, LITEIO_OBJECT_NAME_MAX),
	SIZE("sizeBytes", size_bytes, 0, 0, LITEIO_VOLUME_SIZE_MAX),
	CLASS("class", volume_class, 0),
	STRING("snapshot", snapshot, 0, LITEIO_OBJECT_NAME_MAX),
	OBJECT("limits", limits, liteio_limits_fields),
	WIPE(0),
	END,
};

#undef T
#define T liteio_local_resize
const struct liteio_field liteio_local_resize_fields[] = {
	SIZE("sizeBytes", size_bytes, REQUIRED, 1, LITEIO_VOLUME_SIZE_MAX),
	END,
};

#undef T
#define T liteio_local_fence
const struct liteio_field liteio_local_fence_fields[] = {
	NUMBER("floor", floor, 0, 0, LITEIO_GENERATION_MAX),
	NUMBER("generation", generation, 0, 0, LITEIO_GENERATION_MAX),
	NUMBER("timeoutMs", timeout_ms, 0, 0, LITEIO_LOCAL_TIMEOUT_MS_MAX),
	END,
};

#undef T
#define T liteio_local_snapshot_create
const struct liteio_field liteio_local_snapshot_create_fields[] = {
	STRING("name", name, REQUIRED, LITEIO_OBJECT_NAME_MAX),
	UUID("uuid", uuid, 0),
	STRING("volume", volume, 0, LITEIO_OBJECT_NAME_MAX),
	STRING("snapshot", snapshot, 0, LITEIO_OBJECT_NAME_MAX),
	END,
};

#undef T
#define T liteio_local_snapshot_group
const struct liteio_field liteio_local_snapshot_group_fields[] = {
	ARRAY("snapshots", snapshots, REQUIRED, liteio_local_snapshot_create,
	      liteio_local_snapshot_create_fields, LITEIO_LOCAL_GROUP_MAX),
	END,
};

#undef T
#define T liteio_local_rollback
const struct liteio_field liteio_local_rollback_fields[] = {
	STRING("snapshot", snapshot, REQUIRED, LITEIO_OBJECT_NAME_MAX),
	END,
};

#undef T
#define T liteio_local_volume_attach
const struct liteio_field liteio_local_volume_attach_fields[] = {
	BOOL("readOnly", read_only, 0),
	END,
};

#undef T
#define T liteio_local_rename
const struct liteio_field liteio_local_rename_fields[] = {
	STRING("name", name, REQUIRED, LITEIO_OBJECT_NAME_MAX),
	END,
};

const char *const liteio_local_wipe_names[] = {
	[LITEIO_LOCAL_WIPE_NONE] = "none",
	[LITEIO_LOCAL_WIPE_DISCARD] = "discard",
	[LITEIO_LOCAL_WIPE_ZERO] = "zero",
	NULL,
};

#undef T
#define T liteio_local_clone
const struct liteio_field liteio_local_clone_fields[] = {
	STRING("name", name, REQUIRED, LITEIO_OBJECT_NAME_MAX),
	UUID("uuid", uuid, 0),
	SIZE("sizeBytes", size_bytes, 0, 0, LITEIO_VOLUME_SIZE_MAX),
	WIPE(0),
	END,
};

const char *const liteio_local_wait_names[] = {
	[LITEIO_LOCAL_WAIT] = "true",
	[LITEIO_LOCAL_WAIT_NOT] = "false",
	NULL,
};

#undef T
#define T liteio_local_delete
const struct liteio_field liteio_local_delete_fields[] = {
	ENUM("wait", wait, 0, liteio_local_wait_names),
	WIPE(0),
	END,
};

#undef T
#define T liteio_local_export_create
const struct liteio_field liteio_local_export_create_fields[] = {
	STRING("volume", volume, REQUIRED, LITEIO_OBJECT_NAME_MAX),
	NUMBER("generation", generation, REQUIRED, 1, LITEIO_GENERATION_MAX),
	STRING("hostNQN", host_nqn, 0, LITEIO_LOCAL_NQN_MAX),
	BOOL("readOnly", read_only, 0),
	BOOL("local", local, 0),
	END,
};

#undef T
#define T liteio_local_attach
const struct liteio_field liteio_local_attach_fields[] = {
	UUID("uuid", uuid, REQUIRED),
	NUMBER("generation", generation, REQUIRED, 1, LITEIO_GENERATION_MAX),
	SIZE("sizeBytes", size_bytes, 0, 0, LITEIO_VOLUME_SIZE_MAX),
	BOOL("local", local, 0),
	STRING("nqn", nqn, 0, LITEIO_LOCAL_NQN_MAX),
	STRINGS("addresses", addresses, 0, LITEIO_LOCAL_ADDRESSES_MAX),
	BOOL("readOnly", read_only, 0),
	END,
};

const char *const liteio_local_tristate_names[] = {
	[LITEIO_LOCAL_ANY] = "any",
	[LITEIO_LOCAL_NO] = "no",
	[LITEIO_LOCAL_YES] = "yes",
	NULL,
};

#undef T
#define T liteio_local_disk_rule
const struct liteio_field liteio_local_disk_rule_fields[] = {
	SIZE("minSize", min_bytes, 0, 0, INT64_MAX),
	SIZE("maxSize", max_bytes, 0, 0, INT64_MAX),
	STRING("model", model, 0, LITEIO_LOCAL_PATH_MAX),
	STRING("byID", by_id, 0, LITEIO_LOCAL_PATH_MAX),
	ENUM("rotational", rotational, 0, liteio_local_tristate_names),
	BOOL("usable", usable, 0),
	END,
};

#undef T
#define T liteio_local_pool_repair
const struct liteio_field liteio_local_pool_repair_fields[] = {
	BOOL("force", force, 0),
	BOOL("fromMetadata", from_metadata, 0),
	END,
};

/* ---- answers ---- */

#undef T
#define T liteio_local_module
const struct liteio_field liteio_local_module_fields[] = {
	BOOL("loaded", loaded, KEEP),
	STRING("version", version, 0, 0),
	BOOL("installed", installed, KEEP),
	STRING("installedVersion", installed_version, 0, 0),
	BOOL("sameAsInstalled", same_as_installed, KEEP),
	STRINGS("features", features, KEEP, 0),
	UUID("instance", instance, 0),
	NUMBER("eventSeq", event_seq, 0, 0, 0),
	NUMBER("statsBytes", stats_bytes, 0, 0, 0),
	NUMBER("dirtyBytes", dirty_bytes, 0, 0, 0),
	END,
};

#undef T
#define T liteio_local_node
const struct liteio_field liteio_local_node_fields[] = {
	STRING("name", name, 0, 0),
	STRING("hostNQN", host_nqn, 0, 0),
	STRING("hostID", host_id, 0, 0),
	STRINGS("addresses", addresses, KEEP, 0),
	STRING("kernel", kernel, 0, 0),
	STRING("module", module, 0, 0),
	STRING("agent", agent, 0, 0),
	STRING("bootID", boot_id, 0, 0),
	STRINGS("features", features, KEEP, 0),
	STRING("closed", closed, 0, 0),
	END,
};

#undef T
#define T liteio_local_disk
const struct liteio_field liteio_local_disk_fields[] = {
	STRING("device", device, 0, 0),
	STRING("type", type, 0, 0),
	STRINGS("byID", by_id, KEEP, 0),
	SIZE("sizeBytes", size_bytes, KEEP, 0, 0),
	STRING("model", model, 0, 0),
	STRING("serial", serial, 0, 0),
	BOOL("rotational", rotational, KEEP),
	BOOL("usable", usable, KEEP),
	BOOL("forcible", forcible, KEEP),
	STRING("verdict", verdict, 0, 0),
	STRING("reason", reason, 0, 0),
	STRING("signature", signature, 0, 0),
	STRING("pool", pool, 0, 0),
	STRINGS("destroyed", destroyed, 0, 0),
	END,
};

#undef T
#define T liteio_local_pool
const struct liteio_field liteio_local_pool_fields[] = {
	STRING("name", name, 0, 0),
	UUID("uuid", uuid, 0),
	STRING("device", device, 0, 0),
	STRINGS("moreDevices", more_devices, 0, 0),
	STRING("state", state, 0, 0),
	STRING("reason", reason, 0, 0),
	SIZE("dataBytes", data_bytes, KEEP, 0, 0),
	SIZE("dataUsedBytes", data_used_bytes, KEEP, 0, 0),
	SIZE("metadataBytes", metadata_bytes, KEEP, 0, 0),
	SIZE("metadataUsedBytes", metadata_used_bytes, KEEP, 0, 0),
	SIZE("provisionedBytes", provisioned_bytes, KEEP, 0, 0),
	NUMBER("volumes", volumes, KEEP, 0, 0),
	NUMBER("snapshots", snapshots, KEEP, 0, 0),
	NUMBER("overcommitPercent", overcommit_percent, KEEP, 0, 0),
	STRING("fill", fill, 0, 0),
	SIZE("freeBytes", free_bytes, KEEP, 0, 0),
	SIZE("reservedBytes", reserved_bytes, KEEP, 0, 0),
	SIZE("reservedUsedBytes", reserved_used_bytes, KEEP, 0, 0),
	SIZE("reservedPromisedBytes", reserved_promised_bytes, KEEP, 0, 0),
	SIZE("reservedFreeBytes", reserved_free_bytes, KEEP, 0, 0),
	SIZE("linearBytes", linear_bytes, KEEP, 0, 0),
	SIZE("linearUsedBytes", linear_used_bytes, KEEP, 0, 0),
	SIZE("linearFreeBytes", linear_free_bytes, KEEP, 0, 0),
	SIZE("sharedBytes", shared_bytes, 0, 0, 0),
	BOOL("sharedKnown", shared_known, KEEP),
	STRINGS("destroyed", destroyed, 0, 0),
	END,
};

#undef T
#define T liteio_local_pool_exported
const struct liteio_field liteio_local_pool_exported_fields[] = {
	BOOL("exported", exported, KEEP),
	STRING("name", name, 0, 0),
	UUID("uuid", uuid, 0),
	STRINGS("devices", devices, KEEP, 0),
	END,
};

#undef T
#define T liteio_local_pool_imported
static const struct liteio_field liteio_local_pool_imported_fields[] = {
	STRING("name", name, 0, 0),
	UUID("uuid", uuid, 0),
	STRING("device", device, 0, 0),
	BOOL("imported", imported, KEEP),
	STRING("reason", reason, 0, 0),
	END,
};

#undef T
#define T liteio_local_volume_attachment
static const struct liteio_field liteio_local_volume_attachment_fields[] = {
	NUMBER("generation", generation, KEEP, 0, 0),
	STRING("hostNQN", host_nqn, 0, 0),
	BOOL("readOnly", read_only, KEEP),
	BOOL("local", local, KEEP),
	END,
};

#undef T
#define T liteio_local_volume
const struct liteio_field liteio_local_volume_fields[] = {
	STRING("name", name, 0, 0),
	UUID("uuid", uuid, 0),
	STRING("pool", pool, 0, 0),
	SIZE("sizeBytes", size_bytes, KEEP, 0, 0),
	SIZE("allocatedBytes", allocated_bytes, KEEP, 0, 0),
	BOOL("allocatedUnknown", allocated_unknown, 0),
	BOOL("neverUsed", never_used, 0),
	CLASS("class", volume_class, KEEP),
	STRING("state", state, 0, 0),
	NUMBER("floor", floor, KEEP, 0, 0),
	STRING("origin", origin, 0, 0),
	ITEMS("attachments", attachments, volume_attachment, 0),
	NUMBERS("limits", limits, liteio_limits, liteio_limits_shown_fields),
	STRING("limitsNotInForce", limits_not_in_force, 0, 0),
	NUMBERS("overLimit", over_limit, liteio_over_limit, liteio_over_limit_fields),
	WIPE(0),
	END,
};

#undef T
#define T liteio_local_fenced
const struct liteio_field liteio_local_fenced_fields[] = {
	NUMBER("floor", floor, KEEP, 0, 0),
	BOOL("drained", drained, KEEP),
	NUMBER("inflight", inflight, KEEP, 0, 0),
	NUMBER("waitedMs", waited_ms, KEEP, 0, 0),
	STRING("note", note, 0, 0),
	END,
};

#undef T
#define T liteio_local_snapshot
const struct liteio_field liteio_local_snapshot_fields[] = {
	STRING("name", name, 0, 0),
	UUID("uuid", uuid, 0),
	STRING("volume", volume, 0, 0),
	STRING("pool", pool, 0, 0),
	SIZE("sizeBytes", size_bytes, KEEP, 0, 0),
	STRING("createdAt", created_at, 0, 0),
	STRING("state", state, 0, 0),
	WIPE(0),
	END,
};

#undef T
#define T liteio_local_export
const struct liteio_field liteio_local_export_fields[] = {
	STRING("volume", volume, 0, 0),
	UUID("uuid", uuid, 0),
	NUMBER("generation", generation, KEEP, 0, 0),
	STRING("nqn", nqn, 0, 0),
	STRING("hostNQN", host_nqn, 0, 0),
	STRINGS("addresses", addresses, 0, 0),
	BOOL("readOnly", read_only, KEEP),
	BOOL("local", local, KEEP),
	BOOL("ready", ready, KEEP),
	STRING("device", device, 0, 0),
	END,
};

#undef T
#define T liteio_local_unexport
const struct liteio_field liteio_local_unexport_fields[] = {
	BOOL("fenced", fenced, KEEP),
	BOOL("drained", drained, KEEP),
	BOOL("removed", removed, KEEP),
	END,
};

#undef T
#define T liteio_local_attachment
const struct liteio_field liteio_local_attachment_fields[] = {
	UUID("uuid", uuid, 0),
	NUMBER("generation", generation, KEEP, 0, 0),
	STRING("device", device, 0, 0),
	SIZE("sizeBytes", size_bytes, KEEP, 0, 0),
	BOOL("local", local, KEEP),
	STRING("nqn", nqn, 0, 0),
	STRINGS("addresses", addresses, 0, 0),
	BOOL("readOnly", read_only, KEEP),
	STRING("state", state, 0, 0),
	END,
};

#undef T
#define T liteio_local_deleted
const struct liteio_field liteio_local_deleted_fields[] = {
	BOOL("deleted", deleted, KEEP),
	UUID("uuid", uuid, 0),
	END,
};

#undef T
#define T liteio_local_deletion
static const struct liteio_field liteio_local_deletion_fields[] = {
	UUID("uuid", uuid, 0),
	STRING("name", name, 0, 0),
	STRING("kind", kind, 0, 0),
	STRING("pool", pool, 0, 0),
	SIZE("leftBytes", left_bytes, KEEP, 0, 0),
	WIPE(0),
	END,
};

#undef T
#define T liteio_local_pool_repaired
const struct liteio_field liteio_local_pool_repaired_fields[] = {
	STRING("pool", pool, 0, 0),
	NUMBER("copied", copied, KEEP, 0, 0),
	NUMBER("rebuilt", rebuilt, KEEP, 0, 0),
	NUMBER("lostVolumes", lost_volumes, KEEP, 0, 0),
	SIZE("lostBytes", lost_bytes, KEEP, 0, 0),
	STRING("lost", lost, 0, 0),
	NUMBER("recovered", recovered, KEEP, 0, 0),
	END,
};

#undef T
#define T liteio_local_class_stats
static const struct liteio_field liteio_local_class_stats_fields[] = {
	STRING("name", name, 0, 0),
	NUMBER("ios", ios, KEEP, 0, 0),
	NUMBER("errors", errors, KEEP, 0, 0),
	NUMBER("bytes", bytes, KEEP, 0, 0),
	NUMBER("timeNs", time_ns, KEEP, 0, 0),
	NUMBER("p50Ns", p50_ns, KEEP, 0, 0),
	NUMBER("p90Ns", p90_ns, KEEP, 0, 0),
	NUMBER("p99Ns", p99_ns, KEEP, 0, 0),
	NUMBER("p999Ns", p999_ns, KEEP, 0, 0),
	RAW("hist", hist),
	END,
};

#undef T
#define T liteio_local_stats
const struct liteio_field liteio_local_stats_fields[] = {
	UUID("uuid", uuid, 0),
	NUMBER("generation", generation, KEEP, 0, 0),
	NUMBER("timeNs", time_ns, KEEP, 0, 0),
	NUMBER("inflight", inflight, KEEP, 0, 0),
	NUMBER("rejected", rejected, KEEP, 0, 0),
	NUMBER("queued", queued, KEEP, 0, 0),
	NUMBER("throttled", throttled, KEEP, 0, 0),
	NUMBER("lastNs", last_ns, 0, 0, 0),
	ITEMS("classes", classes, class_stats, 0),
	END,
};

#undef T
#define T liteio_local_error
static const struct liteio_field liteio_local_error_fields[] = {
	STRING("code", code, REQUIRED, 0),
	STRING("message", message, REQUIRED, 0),
	END,
};

#undef T
#define T liteio_local_failure
const struct liteio_field liteio_local_failure_fields[] = {
	OBJECT("error", error, liteio_local_error_fields),
	UUID("operation", operation, 0),
	END,
};

#undef T
#define T liteio_local_disk_list
const struct liteio_field liteio_local_disk_list_fields[] = { ITEMS("items", items, disk, 0), END };

#undef T
#define T liteio_local_pool_list
const struct liteio_field liteio_local_pool_list_fields[] = { ITEMS("items", items, pool, 0), END };

#undef T
#define T liteio_local_pool_imported_list
const struct liteio_field liteio_local_pool_imported_list_fields[] = {
	ITEMS("items", items, pool_imported, 0),
	END,
};

#undef T
#define T liteio_local_volume_list
const struct liteio_field liteio_local_volume_list_fields[] = {
	ITEMS("items", items, volume, 0),
	END,
};

#undef T
#define T liteio_local_snapshot_list
const struct liteio_field liteio_local_snapshot_list_fields[] = {
	ITEMS("items", items, snapshot, 0),
	END,
};

#undef T
#define T liteio_local_export_list
const struct liteio_field liteio_local_export_list_fields[] = {
	ITEMS("items", items, export, 0),
	END,
};

#undef T
#define T liteio_local_attachment_list
const struct liteio_field liteio_local_attachment_list_fields[] = {
	ITEMS("items", items, attachment, 0),
	END,
};

#undef T
#define T liteio_local_stats_list
const struct liteio_field liteio_local_stats_list_fields[] = {
	ITEMS("items", items, stats, 0),
	END,
};

#undef T
#define T liteio_local_deletion_list
const struct liteio_field liteio_local_deletion_list_fields[] = {
	ITEMS("items", items, deletion, 0),
	END,
};

/* ---- the rest ---- */

/* cut "host", "host:port", "[host]" or "[host]:port" in place; NULL when the brackets are wrong */
static char *address_cut(char *s, char **ret_port)
{
	char *end;

	*ret_port = NULL;
	if (s[0] == '[') {
		end = strchr(s, ']');
		if (!end || (end[1] != '\0' && end[1] != ':'))
			return NULL;
		if (end[1] == ':')
			*ret_port = end + 2;
		*end = '\0';
		return s + 1;
	}
	end = strchr(s, ':');
	if (end && !strchr(end + 1, ':')) {
		*end = '\0';
		*ret_port = end + 1;
	}
	return s;
}

int liteio_local_address_parse(const char *s, char **ret_host, uint16_t *ret_port,
			       struct liteio_error *err)
{
	_cleanup_free_ char *copy = liteio_strdup(s);
	unsigned char bin[sizeof(struct in6_addr)];
	uint64_t port = LITEIO_LOCAL_PORT;
	char *host, *text;

	host = address_cut(copy, &text);
	if (!host || (text && liteio_parse_u64(text, 1, 65535, &port) < 0))
		return liteio_error_set(err, -EINVAL, "\"%s\" is not an address with a port", s);
	if (inet_pton(strchr(host, ':') ? AF_INET6 : AF_INET, host, bin) != 1)
		return liteio_error_set(err, -EINVAL,
					"\"%s\" is not an IPv4 or IPv6 address with a port", s);
	*ret_host = liteio_strdup(host);
	*ret_port = port;
	return 0;
}

unsigned int liteio_local_status(int code)
{
	static const struct {
		int code;
		unsigned int status;
	} map[] = {
		{ EINVAL, 400 },    { ERANGE, 400 },  { ENAMETOOLONG, 400 },
		{ EACCES, 403 },    { EPERM, 403 },
		{ ENOENT, 404 },    { EEXIST, 409 },  { EBUSY, 409 },	  { ESTALE, 409 },
		{ EMSGSIZE, 413 },  { EAGAIN, 503 },  { EOPNOTSUPP, 501 }, { ETIMEDOUT, 504 },
		{ ENOSPC, 507 },
	};
	size_t i;

	for (i = 0; i < LITEIO_ARRAY_SIZE(map); i++)
		if (map[i].code == (code < 0 ? -code : code))
			return map[i].status;
	return 500;
}
