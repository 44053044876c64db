// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands about the module's registry and about limits: their columns and requests.
 */
#include "ctl/module_command.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/uuid.h"
#include "ctl/command.h"
#include "model/local_module.h"

#define TEXT(t, k) { t, k, LITEIO_COLUMN_TEXT }
#define NUMBER(t, k) { t, k, LITEIO_COLUMN_NUMBER }
#define BOOL(t, k) { t, k, LITEIO_COLUMN_BOOL }
#define NS(t, k) { t, k, LITEIO_COLUMN_NS }
#define LIMITS { "LIMITS", "limits", LITEIO_COLUMN_LIMITS }
#define OVER_LIMIT { "OVER LIMIT", "overLimit", LITEIO_COLUMN_OVER_LIMIT }
#define END { .title = NULL }


const struct liteio_column liteio_module_volume_columns[] = {
	TEXT("UUID", "uuid"),
	TEXT("NAME", "name"),
	TEXT("POOL", "pool"),
	NUMBER("FLOOR", "floor"),
	NUMBER("BARRED", "barred"),
	NUMBER("ATTACHMENTS", "attachments"),
	LIMITS,
	OVER_LIMIT,
	END,
};

const struct liteio_column liteio_module_attachment_columns[] = {
	TEXT("UUID", "uuid"),
	NUMBER("GENERATION", "generation"),
	TEXT("STATE", "state"),
	BOOL("READ ONLY", "readOnly"),
	NUMBER("IN FLIGHT", "inflight"),
	NUMBER("REJECTED", "rejected"),
	NUMBER("WAITING", "queued"),
	NUMBER("HAD TO WAIT", "throttled"),
	TEXT("HEAD", "device"),
	TEXT("HOST", "host"),
	END,
};

#define LIMIT(k) { "", "limits." k, LITEIO_COLUMN_LIMIT }
#define LIMIT_SIZE(k) { "", "limits." k, LITEIO_COLUMN_LIMIT_SIZE }

/* shown as an object: titles are not used */
const struct liteio_column liteio_module_qos_columns[] = {
	TEXT("", "uuid"),
	TEXT("", "name"),
	LIMIT("readIOPS"),
	LIMIT("writeIOPS"),
	LIMIT_SIZE("readBytesPerSecond"),
	LIMIT_SIZE("writeBytesPerSecond"),
	NUMBER("", "limits.burstMilliseconds"),
	NUMBER("", "overLimit.read.queued"),
	NUMBER("", "overLimit.read.throttled"),
	NS("", "overLimit.read.iopsNs"),
	NS("", "overLimit.read.bytesNs"),
	NUMBER("", "overLimit.write.queued"),
	NUMBER("", "overLimit.write.throttled"),
	NS("", "overLimit.write.iopsNs"),
	NS("", "overLimit.write.bytesNs"),
	END,
};

const struct liteio_column liteio_module_fenced_columns[] = {
	TEXT("POOL", "pool"),
	BOOL("PERSISTED", "persisted"),
	NUMBER("FLOOR", "floor"),
	BOOL("DRAINED", "drained"),
	NUMBER("IN FLIGHT", "inflight"),
	NUMBER("WAITED MS", "waitedMs"),
	TEXT("NOTE", "note"),
	END,
};

const struct liteio_column liteio_module_dirty_columns[] = {
	TEXT("UUID", "uuid"),
	NUMBER("GENERATION", "generation"),
	{ "CHUNK", "dirty.chunkBytes", LITEIO_COLUMN_SIZE },
	NUMBER("DIRTY", "dirty.remaining"),
	NUMBER("CHUNKS", "dirty.chunks"),
	TEXT("TRACKING", "dirty.tracking"),
	END,
};

struct liteio_json *liteio_dirty_rows(const struct liteio_json *answer)
{
	const struct liteio_json *items = liteio_json_get(answer, "items");
	struct liteio_json *rows = liteio_json_new_array();

	for (size_t i = 0; i < liteio_json_len(items); i++)
		if (liteio_json_get(liteio_json_at(items, i), "dirty"))
			liteio_json_append(rows, liteio_json_ref(liteio_json_at(items, i)));
	return rows;
}

/* one row is one class of I/O of one attachment, see liteio_stats_rows() */
const struct liteio_column liteio_module_stats_columns[] = {
	TEXT("UUID", "uuid"),
	NUMBER("GENERATION", "generation"),
	TEXT("CLASS", "class"),
	NUMBER("DONE", "ios"),
	NUMBER("FAILED", "errors"),
	{ "BYTES", "bytes", LITEIO_COLUMN_SIZE },
	NS("P50", "p50Ns"),
	NS("P90", "p90Ns"),
	NS("P99", "p99Ns"),
	NS("P99.9", "p999Ns"),
	TEXT("IDLE", "idle"),
	END,
};

/* how long ago the last I/O of the attachment ended; "-" when there was none */
static void set_idle(struct liteio_json *row, const struct liteio_json *item)
{
	int64_t now = liteio_json_get_int(item, "timeNs", 0);
	int64_t last = liteio_json_get_int(item, "lastNs", 0);
	char text[32];

	if (last)
		liteio_json_set_string(row, "idle",
				       liteio_format_ns((uint64_t)(now > last ? now - last : 0),
							text, sizeof(text)));
}

struct liteio_json *liteio_stats_rows(const struct liteio_json *answer)
{
	static const char *const keys[] = { "ios", "errors", "bytes", "p50Ns", "p90Ns", "p99Ns",
					    "p999Ns" };
	const struct liteio_json *items = liteio_json_get(answer, "items");
	struct liteio_json *rows = liteio_json_new_array();

	for (size_t i = 0; i < liteio_json_len(items); i++) {
		const struct liteio_json *item = liteio_json_at(items, i);
		const struct liteio_json *classes = liteio_json_get(item, "classes");

		for (size_t k = 0; k < liteio_json_len(classes); k++) {
			const struct liteio_json *c = liteio_json_at(classes, k);
			struct liteio_json *row = liteio_json_new_object();

			liteio_json_set_string(row, "uuid", liteio_json_get_string(item, "uuid"));
			liteio_json_set_int(row, "generation",
					    liteio_json_get_int(item, "generation", 0));
			liteio_json_set_string(row, "class", liteio_json_get_string(c, "name"));
			for (size_t n = 0; n < LITEIO_ARRAY_SIZE(keys); n++)
				liteio_json_set_int(row, keys[n],
						    liteio_json_get_int(c, keys[n], 0));
			set_idle(row, item);
			liteio_json_append(rows, row);
		}
	}
	return rows;
}

/* ---- requests ---- */

uint64_t liteio_limits_given(const struct liteio_options *o)
{
	return (o->limit.read_iops ? LITEIO_OPT_READ_IOPS : 0) |
	       (o->limit.write_iops ? LITEIO_OPT_WRITE_IOPS : 0) |
	       (o->limit.read_bps ? LITEIO_OPT_READ_BPS : 0) |
	       (o->limit.write_bps ? LITEIO_OPT_WRITE_BPS : 0) |
	       (o->limit.burst ? LITEIO_OPT_BURST : 0);
}

int liteio_body_limit(char **op, const struct liteio_options *o, struct liteio_json **ret,
		      struct liteio_error *err)
{
	struct liteio_limits_change change;
	int r;

	r = liteio_limit_options_parse(&o->limit, &change, err);
	if (r < 0)
		return r;
	if (!liteio_limits_given(o))
		return liteio_error_set(err, -EINVAL,
					"volume limit needs a limit: --read-iops, --write-iops, --read-bps, --write-bps or --burst");
	*ret = liteio_json_encode(&change, liteio_limits_change_fields);
	return 0;
}

int liteio_body_module_fence(char **op, const struct liteio_options *o, struct liteio_json **ret,
			     struct liteio_error *err)
{
	struct liteio_local_module_fence req = {
		.floor = o->floor,
		.generation = o->generation,
		.timeout_ms = o->timeout_ms == UINT64_MAX ? 10000 : o->timeout_ms,
	};

	if (!o->floor == !o->generation)
		return liteio_error_set(err, -EINVAL,
					"module fence needs either --floor or --generation");
	(void)liteio_uuid_parse(op[0], &req.uuid);
	*ret = liteio_json_encode(&req, liteio_local_module_fence_fields);
	return 0;
}
