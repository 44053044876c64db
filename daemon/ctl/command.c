// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands of liteioctl: the table, and the requests.
 */
#include "ctl/command.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/uuid.h"
#include "ctl/body.h"
#include "ctl/module_command.h"
#include "ctl/operation_command.h"
#include "ctl/pool_command.h"
#include "ctl/query.h"
#include "ctl/volume_stats.h"
#include "model/disk_rule.h"
#include "model/local.h"

#define TEXT(t, k) { t, k, LITEIO_COLUMN_TEXT }
#define NUMBER(t, k) { t, k, LITEIO_COLUMN_NUMBER }
#define SIZE(t, k) { t, k, LITEIO_COLUMN_SIZE }
#define BOOL(t, k) { t, k, LITEIO_COLUMN_BOOL }
#define TEXTS(t, k) { t, k, LITEIO_COLUMN_TEXTS }
#define FIRST(t, k) { t, k, LITEIO_COLUMN_FIRST }
#define WIDE { "", "", LITEIO_COLUMN_WIDE }
#define END { .title = NULL }
#define LIMITS { "LIMITS", "limits", LITEIO_COLUMN_LIMITS }
#define OVER_LIMIT { "OVER LIMIT", "overLimit", LITEIO_COLUMN_OVER_LIMIT }

static const struct liteio_column node_columns[] = {
	TEXT("NAME", "name"),
	TEXT("HOST NQN", "hostNQN"),
	TEXT("HOST ID", "hostID"),
	TEXTS("ADDRESSES", "addresses"),
	TEXT("KERNEL", "kernel"),
	TEXT("MODULE", "module"),
	TEXT("AGENT", "agent"),
	TEXT("BOOT", "bootID"),
	TEXTS("FEATURES", "features"),
	TEXT("CLOSED", "closed"),
	END,
};

static const struct liteio_column module_columns[] = {
	BOOL("LOADED", "loaded"),
	TEXT("VERSION", "version"),
	BOOL("INSTALLED", "installed"),
	TEXT("INSTALLED VERSION", "installedVersion"),
	BOOL("SAME AS INSTALLED", "sameAsInstalled"),
	TEXTS("FEATURES", "features"),
	TEXT("INSTANCE", "instance"),
	NUMBER("NEWEST EVENT", "eventSeq"),
	SIZE("STATISTICS", "statsBytes"),
	END,
};

static const struct liteio_column volume_columns[] = {
	TEXT("NAME", "name"),
	TEXT("STATE", "state"),
	TEXT("POOL", "pool"),
	SIZE("SIZE", "sizeBytes"),
	SIZE("ALLOCATED", "allocatedBytes"),
	TEXT("CLASS", "class"),
	{ "ATTACHED", "attachments", LITEIO_COLUMN_GENERATIONS },
	TEXT("ORIGIN", "origin"),
	LIMITS,
	OVER_LIMIT,
	WIDE,
	NUMBER("FLOOR", "floor"),
	BOOL("ALLOCATED UNKNOWN", "allocatedUnknown"), BOOL("NEVER USED", "neverUsed"),
	TEXT("WIPE", "wipe"),
	TEXT("UUID", "uuid"),
	TEXT("LIMITS NOT IN FORCE", "limitsNotInForce"),
	END,
};

static const struct liteio_column fenced_columns[] = {
	NUMBER("FLOOR", "floor"),
	BOOL("DRAINED", "drained"),
	NUMBER("IN FLIGHT", "inflight"),
	NUMBER("WAITED MS", "waitedMs"),
	TEXT("NOTE", "note"),
	END,
};

static const struct liteio_column snapshot_columns[] = {
	TEXT("NAME", "name"),
	TEXT("STATE", "state"),
	TEXT("VOLUME", "volume"),
	TEXT("POOL", "pool"),
	SIZE("SIZE", "sizeBytes"),
	TEXT("CREATED", "createdAt"),
	WIDE,
	TEXT("UUID", "uuid"),
	END,
};

static const struct liteio_column export_columns[] = {
	TEXT("VOLUME", "volume"),
	NUMBER("GENERATION", "generation"),
	BOOL("READY", "ready"),
	BOOL("LOCAL", "local"),
	BOOL("READ ONLY", "readOnly"),
	TEXT("DEVICE", "device"),
	TEXTS("ADDRESSES", "addresses"),
	WIDE,
	TEXT("HOST NQN", "hostNQN"),
	TEXT("NQN", "nqn"),
	END,
};

static const struct liteio_column unexport_columns[] = {
	BOOL("FENCED", "fenced"),
	BOOL("DRAINED", "drained"),
	BOOL("REMOVED", "removed"),
	END,
};

static const struct liteio_column attachment_columns[] = {
	TEXT("UUID", "uuid"),
	NUMBER("GENERATION", "generation"),
	TEXT("STATE", "state"),
	SIZE("SIZE", "sizeBytes"),
	BOOL("LOCAL", "local"),
	BOOL("READ ONLY", "readOnly"),
	TEXTS("ADDRESSES", "addresses"),
	TEXT("DEVICE", "device"),
	END,
};

static const struct liteio_column stats_columns[] = {
	TEXT("UUID", "uuid"),
	NUMBER("GENERATION", "generation"),
	NUMBER("IN FLIGHT", "inflight"),
	NUMBER("REJECTED", "rejected"),
	END,
};

static const struct liteio_column deleted_columns[] = {
	BOOL("DELETED", "deleted"),
	TEXT("UUID", "uuid"),
	END,
};

static const struct liteio_column deletion_columns[] = {
	TEXT("NAME", "name"),
	TEXT("KIND", "kind"),
	TEXT("POOL", "pool"),
	SIZE("LEFT", "leftBytes"),
	TEXT("WIPE", "wipe"),
	TEXT("UUID", "uuid"),
	END,
};

static const struct liteio_column finding_columns[] = {
	TEXT("SEVERITY", "severity"),
	TEXT("CHECK", "check"),
	TEXT("OBJECT", "object"),
	TEXT("POOL", "pool"),
	TEXT("WHAT", "sentence"),
	TEXT("FIX", "fix"),
	END,
};

/* ---- requests ---- */

/* strings of a request are borrowed: encode and forget */
#define ENCODE(req, noun) liteio_json_encode(&(req), liteio_local_##noun##_fields)

static int body_volume_create(char **op, const struct liteio_options *o, struct liteio_json **ret,
			      struct liteio_error *err)
{
	struct liteio_local_volume_create req = {
		.name = op[0],
		.pool = (char *)o->pool,
		.size_bytes = o->size,
		.snapshot = (char *)o->snapshot,
		.wipe = o->wipe,
		.volume_class = o->volume_class,
	};
	struct liteio_limits_change limits;
	int r;

	if (!o->size && !o->snapshot)
		return liteio_error_set(err, -EINVAL, "volume create needs --size or --snapshot");
	r = liteio_body_uuid(o->uuid, &req.uuid, err);
	if (r == 0)
		r = liteio_limit_options_parse(&o->limit, &limits, err);
	if (r < 0)
		return r;
	req.limits = limits.to;
	*ret = ENCODE(req, volume_create);
	return 0;
}

static int body_resize(char **op, const struct liteio_options *o, struct liteio_json **ret,
		       struct liteio_error *err)
{
	struct liteio_local_resize req = { .size_bytes = o->size };

	*ret = ENCODE(req, resize);
	return 0;
}

static int body_fence(char **op, const struct liteio_options *o, struct liteio_json **ret,
		      struct liteio_error *err)
{
	struct liteio_local_fence req = {
		.floor = o->floor,
		.generation = o->generation,
		.timeout_ms = o->timeout_ms == UINT64_MAX ? 10000 : o->timeout_ms,
	};

	if (!o->floor == !o->generation)
		return liteio_error_set(err, -EINVAL,
					"volume fence needs either --floor or --generation");
	*ret = ENCODE(req, fence);
	return 0;
}

static int body_export_create(char **op, const struct liteio_options *o, struct liteio_json **ret,
			      struct liteio_error *err)
{
	struct liteio_local_export_create req = {
		.volume = op[0],
		.host_nqn = (char *)o->host_nqn,
		.read_only = o->read_only,
		.local = o->local,
	};

	if (!o->local == !o->host_nqn)
		return liteio_error_set(err, -EINVAL,
					"export create needs either --host-nqn or --local");
	(void)liteio_parse_u64(op[1], 1, LITEIO_GENERATION_MAX, &req.generation);
	*ret = ENCODE(req, export_create);
	return 0;
}

static int body_attach(char **op, const struct liteio_options *o, struct liteio_json **ret,
		       struct liteio_error *err)
{
	_cleanup_free_ char *copy = o->address ? liteio_strdup(o->address) : NULL;
	char *addresses[LITEIO_LOCAL_ADDRESSES_MAX + 1];
	struct liteio_local_attach req = {
		.size_bytes = o->size,
		.local = o->local,
		.nqn = (char *)o->nqn,
		.addresses = addresses,
		.read_only = o->read_only,
	};

	if (!o->local == !o->address)
		return liteio_error_set(err, -EINVAL,
					"attachment create needs either --address or --local");
	if (copy)
		req.n_addresses = liteio_split(copy, ',', addresses,
					       LITEIO_LOCAL_ADDRESSES_MAX + 1);
	if (req.n_addresses > LITEIO_LOCAL_ADDRESSES_MAX)
		return liteio_error_set(err, -EINVAL, "--address: more than %d addresses",
					LITEIO_LOCAL_ADDRESSES_MAX);
	(void)liteio_uuid_parse(op[0], &req.uuid);
	(void)liteio_parse_u64(op[1], 1, LITEIO_GENERATION_MAX, &req.generation);
	*ret = ENCODE(req, attach);
	return 0;
}

/* ---- the table ---- */

#define NAME LITEIO_OPERAND_NAME
#define DEVICE LITEIO_OPERAND_DEVICE
#define UUID_GEN { LITEIO_OPERAND_UUID, LITEIO_OPERAND_GENERATION }, "UUID GENERATION"
#define NAME_GEN { NAME, LITEIO_OPERAND_GENERATION }, "VOLUME GENERATION"
#define OPT(o) LITEIO_OPT_##o
/* what may take long: an operation is answered, and not waited for */
#define LATER OPT(NO_WAIT)
#define LIMIT_OPTIONS \
	(OPT(READ_IOPS) | OPT(WRITE_IOPS) | OPT(READ_BPS) | OPT(WRITE_BPS) | OPT(BURST))
#define RULE \
	(OPT(MIN_SIZE) | OPT(MAX_SIZE) | OPT(MODEL) | OPT(BY_ID) | OPT(ROTATIONAL) | OPT(USABLE))

const struct liteio_command liteio_commands[] = {
	{ "node", "show", "who this node is and what it can do", { 0 }, "", 0, 0, "GET",
	  "/v1/node", NULL, 0, node_columns },

	{ "module", "status", "the kernel module", { 0 }, "", 0, 0, "GET", "/v1/module", NULL, 0,
	  module_columns },
	{ "module", "load", "load the kernel module", { 0 }, "", 0, 0, "POST", "/v1/module/load",
	  NULL, 0, module_columns },
	{ "module", "volumes", "volumes that the kernel knows, those of no pool too", { 0 }, "", 0,
	  0, "GET", "/v1/module/volumes", NULL, 0, liteio_module_volume_columns },
	{ "module", "attachments", "gates in the kernel, whatever their state", { 0 }, "", 0, 0,
	  "GET", "/v1/module/attachments", NULL, 0, liteio_module_attachment_columns },
	{ "module", "fence", "break glass: close gates of any volume that the kernel knows",
	  { LITEIO_OPERAND_UUID }, "UUID", OPT(FLOOR) | OPT(GENERATION) | OPT(TIMEOUT), 0, "POST",
	  "/v1/module/fence", liteio_body_module_fence, 0, liteio_module_fenced_columns },
	{ "module", "qos", "limits that hold, and time over limit", { LITEIO_OPERAND_UUID },
	  "UUID", 0, 0, "GET", "/v1/module/volumes/%s", NULL, 0, liteio_module_qos_columns },
	{ "module", "stats", "counters and latencies of every gate, by class of I/O", { 0 }, "", 0,
	  0, "GET", "/v1/stats", NULL, 0, NULL },
	{ "module", "dirty", "gates whose written chunks are tracked, and how many are dirty",
	  { 0 }, "", 0, 0, "GET", "/v1/module/attachments", NULL, 0, NULL },
	{ "module", "events", "what happens to volumes and gates, as it happens", { 0 }, "",
	  OPT(FOLLOW) | OPT(COUNT), OPT(FOLLOW), "GET", "/v1/module/events", NULL, 0, NULL },
	{ "stats", "", "what volumes have done: I/O, bytes, latencies, time over limit",
	  { LITEIO_OPERAND_MAYBE_NAME }, "[VOLUME]", 0, 0, "GET", "/v1/stats", NULL, 0,
	  liteio_volume_stats_columns },
	{ "top", "", "volumes by their I/O, again and again", { 0 }, "",
	  OPT(COUNT) | OPT(DELAY) | OPT(BATCH), 0, "GET", "/v1/stats", NULL, 0, NULL },

	{ "disk", "list", "disks of this node, on which a pool can be made, and why not on others",
	  { 0 }, "", RULE, 0, "GET", "/v1/disks", NULL, RULE,
	  liteio_disk_columns },

	{ "pool", "list", "all pools of this node", { 0 }, "", 0, 0, "GET", "/v1/pools", NULL, 0,
	  liteio_pool_columns },
	{ "pool", "show", "one pool", { NAME }, "POOL", 0, 0, "GET", "/v1/pools/%s", NULL, 0,
	  liteio_pool_columns },
	{ "pool", "create", "a new pool on an empty disk, or in a file (--size)", { NAME, DEVICE },
	  "POOL DEVICE",
	  OPT(SIZE) | OPT(BLOCK_SIZE) | OPT(FORCE) | OPT(LINEAR) | OPT(RESERVED) |
		  OPT(OVERCOMMIT) | LATER,
	  0, "POST", "/v1/pools", liteio_body_pool_create, LATER, liteio_pool_columns },
	{ "pool", "create", "a new pool on the one empty disk that a rule finds", { NAME }, "POOL",
	  OPT(FIND) | OPT(DRY_RUN) | (RULE & ~OPT(USABLE)) | OPT(BLOCK_SIZE) | OPT(LINEAR) |
		  OPT(RESERVED) | OPT(OVERCOMMIT) | LATER,
	  OPT(FIND), "GET", "/v1/disks", NULL, RULE, liteio_disk_columns },
	{ "pool", "set", "change how much a pool promises to thin volumes", { NAME }, "POOL",
	  OPT(OVERCOMMIT), OPT(OVERCOMMIT), "POST", "/v1/pools/%s/set", liteio_body_pool_set, 0,
	  liteio_pool_columns },
	{ "pool", "grow", "take what its disk has gained, or another disk; make its file larger",
	  { NAME }, "POOL", OPT(SIZE) | OPT(ADD) | OPT(FORCE) | LATER, 0, "POST",
	  "/v1/pools/%s/grow", liteio_body_pool_grow, LATER, liteio_pool_columns },
	{ "pool", "export", "close it, so that its disk can be pulled", { NAME }, "POOL", LATER, 0,
	  "POST", "/v1/pools/%s/export", NULL, LATER, liteio_pool_exported_columns },
	{ "pool", "import", "open the pool that is on a disk", { DEVICE }, "DEVICE",
	  OPT(FORCE) | LATER, 0, "POST", "/v1/pools/import", liteio_body_pool_import, LATER,
	  liteio_pool_columns },
	{ "pool", "import", "open every pool that is on a disk of this node", { 0 }, "",
	  OPT(ALL) | LATER, OPT(ALL), "POST", "/v1/pools/import-all", NULL, LATER,
	  liteio_pool_imported_columns },
	{ "pool", "repair", "make damaged metadata good, in the spare region", { NAME }, "POOL",
	  OPT(FORCE) | OPT(FROM_METADATA) | LATER, 0, "POST", "/v1/pools/%s/repair",
	  liteio_body_pool_repair, LATER, liteio_pool_repaired_columns },
	{ "pool", "delete", "delete an empty pool; give up one that is not found", { NAME }, "POOL",
	  LATER, 0, "DELETE", "/v1/pools/%s", NULL, LATER, deleted_columns },

	{ "volume", "list", "all volumes of this node", { 0 }, "", 0, 0, "GET", "/v1/volumes", NULL,
	  0, volume_columns },
	{ "volume", "show", "one volume", { NAME }, "VOLUME", 0, 0, "GET", "/v1/volumes/%s", NULL,
	  0, volume_columns },
	{ "volume", "create", "a new volume, empty or from --snapshot", { NAME }, "VOLUME",
	  OPT(SIZE) | OPT(POOL) | OPT(SNAPSHOT) | OPT(UUID) | OPT(CLASS) | OPT(WIPE) |
		  LIMIT_OPTIONS | LATER,
	  OPT(POOL), "POST", "/v1/volumes", body_volume_create, LATER, volume_columns },
	{ "volume", "grow", "make it larger, online", { NAME }, "VOLUME", OPT(SIZE) | LATER,
	  OPT(SIZE), "POST", "/v1/volumes/%s/grow", body_resize, LATER, volume_columns },
	{ "volume", "limit", "what it may do in a second; 0 for no limit", { NAME }, "VOLUME",
	  LIMIT_OPTIONS, 0, "POST", "/v1/volumes/%s/limits", liteio_body_limit, 0, volume_columns },
	{ "volume", "fence", "end the right of older generations, or of one", { NAME }, "VOLUME",
	  OPT(FLOOR) | OPT(GENERATION) | OPT(TIMEOUT), 0, "POST", "/v1/volumes/%s/fence",
	  body_fence, 0, fenced_columns },
	{ "volume", "attach", "make its block device appear on this node, which has it", { NAME },
	  "VOLUME", OPT(READ_ONLY), 0, "POST", "/v1/volumes/%s/attachment",
	  liteio_body_volume_attach, 0, attachment_columns },
	{ "volume", "detach", "and go", { NAME }, "VOLUME", OPT(FORCE), 0, "DELETE",
	  "/v1/volumes/%s/attachment", NULL, OPT(FORCE), unexport_columns },
	{ "volume", "rollback", "make it what one of its snapshots is; it must not be attached",
	  { NAME, NAME }, "VOLUME SNAPSHOT", 0, 0, "POST", "/v1/volumes/%s/rollback",
	  liteio_body_rollback, 0, volume_columns },
	{ "volume", "rename", "give it another name", { NAME, NAME }, "VOLUME NEW", 0, 0, "POST",
	  "/v1/volumes/%s/rename", liteio_body_rename, 0, volume_columns },
	{ "volume", "clone", "a new volume with what it has now", { NAME, NAME }, "VOLUME NEW",
	  OPT(SIZE) | OPT(UUID) | OPT(WIPE), 0, "POST", "/v1/volumes/%s/clone",
	  liteio_body_clone, 0, volume_columns },
	{ "volume", "delete", "delete it and give its space back", { NAME }, "VOLUME",
	  OPT(WIPE) | OPT(NO_WAIT), 0, "DELETE", "/v1/volumes/%s", NULL,
	  OPT(WIPE) | OPT(NO_WAIT), deleted_columns },

	{ "snapshot", "list", "all snapshots of this node", { 0 }, "", 0, 0, "GET", "/v1/snapshots",
	  NULL, 0, snapshot_columns },
	{ "snapshot", "show", "one snapshot", { NAME }, "SNAPSHOT", 0, 0, "GET",
	  "/v1/snapshots/%s", NULL, 0, snapshot_columns },
	{ "snapshot", "create", "a point in time of a volume", { NAME, NAME }, "SNAPSHOT VOLUME",
	  OPT(UUID), 0, "POST", "/v1/snapshots", liteio_body_snapshot_create, 0, snapshot_columns },
	{ "snapshot", "copy", "another snapshot of the same point in time", { NAME, NAME },
	  "SNAPSHOT NEW", OPT(UUID), 0, "POST", "/v1/snapshots", liteio_body_snapshot_copy, 0,
	  snapshot_columns },
	{ "snapshot", "rename", "give it another name", { NAME, NAME }, "SNAPSHOT NEW", 0, 0,
	  "POST", "/v1/snapshots/%s/rename", liteio_body_rename, 0, snapshot_columns },
	{ "snapshot", "group", "one point in time of several volumes of this node",
	  { LITEIO_OPERAND_PAIRS }, "VOLUME=SNAPSHOT...", 0, 0, "POST", "/v1/snapshot-groups",
	  liteio_body_snapshot_group, 0, snapshot_columns },
	{ "snapshot", "delete", "delete a snapshot", { NAME }, "SNAPSHOT",
	  OPT(WIPE) | OPT(NO_WAIT), 0, "DELETE", "/v1/snapshots/%s", NULL,
	  OPT(WIPE) | OPT(NO_WAIT), deleted_columns },

	{ "deletion", "list", "what was deleted and still has space to give back", { 0 }, "", 0, 0,
	  "GET", "/v1/deletions", NULL, 0, deletion_columns },

	{ "export", "list", "what this node gives to consumers", { 0 }, "", 0, 0, "GET",
	  "/v1/exports", NULL, 0, export_columns },
	{ "export", "create", "let a consumer reach a volume", NAME_GEN,
	  OPT(HOST_NQN) | OPT(READ_ONLY) | OPT(LOCAL), 0, "POST", "/v1/exports",
	  body_export_create, 0, export_columns },
	{ "export", "delete", "fence one generation and remove its export", NAME_GEN, OPT(TIMEOUT),
	  0, "DELETE", "/v1/exports/%s/%s", NULL, OPT(TIMEOUT), unexport_columns },

	{ "attachment", "list", "what this node consumes", { 0 }, "", 0, 0, "GET",
	  "/v1/attachments", NULL, 0, attachment_columns },
	{ "attachment", "create", "make a volume's block device appear here", UUID_GEN,
	  OPT(SIZE) | OPT(LOCAL) | OPT(ADDRESS) | OPT(NQN) | OPT(READ_ONLY), 0, "POST",
	  "/v1/attachments", body_attach, 0, attachment_columns },
	{ "attachment", "resize", "follow the volume's growth", UUID_GEN, OPT(SIZE), OPT(SIZE),
	  "POST", "/v1/attachments/%s/%s/resize", body_resize, 0, attachment_columns },
	{ "attachment", "delete", "let go of a volume", UUID_GEN, OPT(FORCE), 0, "DELETE",
	  "/v1/attachments/%s/%s", NULL, OPT(FORCE), deleted_columns },
	{ "attachment", "stats", "counters of every gate on this node (all of them: -o json)",
	  { 0 }, "", 0, 0, "GET", "/v1/stats", NULL, 0, stats_columns },

	{ "doctor", "", "what does not fit together on this node, and what can be done about it",
	  { 0 }, "", OPT(FIX), 0, "GET", "/v1/doctor", NULL, 0, finding_columns },

	{ "operation", "list", "long work: what runs, and what ended of late", { 0 }, "", 0, 0,
	  "GET", "/v1/operations", NULL, 0, liteio_operation_columns },
	{ "operation", "show", "how far it is, or how it ended", { LITEIO_OPERAND_UUID },
	  "OPERATION", 0, 0, "GET", "/v1/operations/%s", NULL, 0, liteio_operation_columns },
	{ "operation", "wait", "until it has ended", { LITEIO_OPERAND_UUID }, "OPERATION", 0, 0,
	  "GET", "/v1/operations/%s", NULL, 0, liteio_operation_columns },
	{ "events", "", "what happens on this node, as it happens", { 0 }, "",
	  OPT(FOLLOW) | OPT(COUNT), OPT(FOLLOW), "GET", "/v1/events", NULL, 0, NULL },
	{ .noun = NULL },
};

static bool same_words(const struct liteio_command *a, const struct liteio_command *b)
{
	return !strcmp(a->noun, b->noun) && !strcmp(a->verb, b->verb);
}

static bool noun_exists(const char *noun)
{
	const struct liteio_command *c;

	for (c = liteio_commands; c->noun; c++)
		if (strcmp(c->noun, noun) == 0)
			return true;
	return false;
}

int liteio_command_find(const char *noun, const char *verb, const struct liteio_command **ret,
			struct liteio_error *err)
{
	struct liteio_buf verbs = LITEIO_BUF_INIT;
	const struct liteio_command *c;
	int r;

	if (!noun_exists(noun))
		return liteio_error_set(err, -EINVAL,
					"\"%s\" is no noun of ours; there are: node, module, stats, top, disk, pool, volume, snapshot, deletion, export, attachment, doctor, operation, events",
					noun);
	for (c = liteio_commands; c->noun; c++) {
		if (strcmp(c->noun, noun) != 0)
			continue;
		if (!c->verb[0] || (verb && strcmp(c->verb, verb) == 0)) {
			liteio_buf_fini(&verbs);
			*ret = c;
			return 0;
		}
		if (c == liteio_commands || !same_words(c - 1, c))
			liteio_buf_addf(&verbs, "%s%s", verbs.len ? ", " : "", c->verb);
	}
	r = liteio_error_set(err, -EINVAL, "%s: say what to do: %s", noun, verbs.data);
	liteio_buf_fini(&verbs);
	return r;
}

const struct liteio_command *liteio_command_variant(const struct liteio_command *c,
						    const struct liteio_options *o)
{
	uint64_t given = liteio_options_given(o);

	for (const struct liteio_command *v = c + 1; v->noun && same_words(v, c); v++) {
		if (v->needed && !(v->needed & ~given))
			return v;
	}
	return c;
}

static int operand_check(enum liteio_operand type, const char *s, struct liteio_error *err)
{
	struct liteio_uuid uuid;
	uint64_t generation;

	switch (type) {
	case LITEIO_OPERAND_NONE:
		break;
	case LITEIO_OPERAND_PAIRS:
		return liteio_body_pair_check(s, err);
	case LITEIO_OPERAND_NAME:
	case LITEIO_OPERAND_MAYBE_NAME:
		return liteio_name_check("object", s, err);
	case LITEIO_OPERAND_DEVICE:
		if (s[0] != '/')
			return liteio_error_set(err, -EINVAL, "\"%s\" is not an absolute path", s);
		break;
	case LITEIO_OPERAND_UUID:
		if (liteio_uuid_parse(s, &uuid) < 0)
			return liteio_error_set(err, -EINVAL, "\"%s\" is not a UUID", s);
		break;
	case LITEIO_OPERAND_GENERATION:
		if (liteio_parse_u64(s, 1, LITEIO_GENERATION_MAX, &generation) < 0)
			return liteio_error_set(err, -EINVAL, "\"%s\" is not a generation", s);
		break;
	}
	return 0;
}

/* as the agent would, but before it is asked */
static int rule_check(const struct liteio_options *o, struct liteio_error *err)
{
	const struct liteio_local_disk_rule rule = {
		.min_bytes = o->rule.min_size,
		.max_bytes = o->rule.max_size,
		.model = (char *)o->rule.model,
		.by_id = (char *)o->rule.by_id,
	};

	return liteio_disk_rule_check(&rule, err);
}

int liteio_command_check(const struct liteio_command *c, int n, char **operands,
			 const struct liteio_options *o, struct liteio_error *err)
{
	bool many = c->operands[0] == LITEIO_OPERAND_PAIRS;
	uint64_t given = liteio_options_given(o);
	const struct liteio_option_name *name;
	int i, r, least, wanted = 0;

	while (wanted < LITEIO_COMMAND_OPERANDS_MAX && c->operands[wanted])
		wanted++;
	least = c->operands[0] == LITEIO_OPERAND_MAYBE_NAME ? 0 : wanted;
	if (n < least || (!many && n > wanted))
		return liteio_error_set(err, -EINVAL, "%s%s%s takes %s", c->noun,
					c->verb[0] ? " " : "", c->verb,
					wanted ? c->operand_names : "no operands");
	for (i = 0; i < n; i++) {
		r = operand_check(c->operands[many ? 0 : i], operands[i], err);
		if (r < 0)
			return r;
	}
	for (name = liteio_option_names; name->name; name++) {
		if (given & ~c->options & name->bit)
			return liteio_error_set(err, -EINVAL, "%s is not an option of %s%s%s",
						name->name, c->noun, c->verb[0] ? " " : "",
						c->verb);
		if (c->needed & ~given & name->bit)
			return liteio_error_set(err, -EINVAL, "%s %s needs %s", c->noun, c->verb,
						name->name);
	}
	return rule_check(o, err);
}

char *liteio_command_target(const struct liteio_command *c, char **operands,
			    const struct liteio_options *o)
{
	struct liteio_buf b = LITEIO_BUF_INIT;
	const char *p;
	int i = 0;

	for (p = c->path; *p; p++) {
		if (p[0] == '%' && p[1] == 's') {
			liteio_buf_addstr(&b, operands[i++]);
			p++;
		} else {
			liteio_buf_add(&b, p, 1);
		}
	}
	liteio_query_add(&b, c->query & liteio_options_given(o), o);
	return liteio_buf_take(&b);
}
