// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands about pools and the disks for them: their columns and requests.
 */
#include "ctl/pool_command.h"

#include <errno.h>

#include "base/error.h"
#include "base/json.h"
#include "ctl/command.h"
#include "model/local.h"

#define TEXT(t, k) { t, k, LITEIO_COLUMN_TEXT }
#define TEXTS(t, k) { t, k, LITEIO_COLUMN_TEXTS }
#define NUMBER(t, k) { t, k, LITEIO_COLUMN_NUMBER }
#define SIZE(t, k) { t, k, LITEIO_COLUMN_SIZE }
#define BOOL(t, k) { t, k, LITEIO_COLUMN_BOOL }
#define FIRST(t, k) { t, k, LITEIO_COLUMN_FIRST }
#define WIDE { "", "", LITEIO_COLUMN_WIDE }
#define END { .title = NULL }

const struct liteio_column liteio_disk_columns[] = {
	TEXT("DEVICE", "device"),
	SIZE("SIZE", "sizeBytes"),
	TEXT("TYPE", "type"),
	BOOL("USABLE", "usable"),
	TEXT("MODEL", "model"),
	TEXT("REASON", "reason"),
	WIDE,
	BOOL("ROTATIONAL", "rotational"),
	FIRST("BY ID", "byID"),
	END,
};

const struct liteio_column liteio_pool_columns[] = {
	TEXT("NAME", "name"),
	TEXT("STATE", "state"),
	TEXT("DEVICE", "device"),
	SIZE("SIZE", "dataBytes"),
	SIZE("USED", "dataUsedBytes"),
	SIZE("PROVISIONED", "provisionedBytes"),
	TEXT("FILL", "fill"),
	SIZE("FREE", "freeBytes"),
	SIZE("RESERVED FREE", "reservedFreeBytes"),
	SIZE("LINEAR FREE", "linearFreeBytes"),
	NUMBER("VOLUMES", "volumes"),
	TEXT("REASON", "reason"),
	WIDE,
	SIZE("META", "metadataBytes"),
	SIZE("META USED", "metadataUsedBytes"),
	SIZE("SHARED", "sharedBytes"),
	TEXTS("MORE DEVICES", "moreDevices"),
	TEXT("UUID", "uuid"),
	TEXTS("DESTROYED", "destroyed"),
	END,
};

const struct liteio_column liteio_pool_exported_columns[] = {
	TEXT("NAME", "name"),
	BOOL("EXPORTED", "exported"),
	TEXTS("DEVICES", "devices"),
	TEXT("UUID", "uuid"),
	END,
};

const struct liteio_column liteio_pool_imported_columns[] = {
	TEXT("NAME", "name"),
	TEXT("DEVICE", "device"),
	BOOL("IMPORTED", "imported"),
	TEXT("UUID", "uuid"),
	TEXT("REASON", "reason"),
	END,
};

const struct liteio_column liteio_pool_repaired_columns[] = {
	TEXT("POOL", "pool"),
	NUMBER("COPIED", "copied"),
	NUMBER("REBUILT", "rebuilt"),
	NUMBER("LOST VOLUMES", "lostVolumes"),
	SIZE("LOST", "lostBytes"),
	TEXT("WHAT", "lost"),
	NUMBER("RECOVERED", "recovered"),
	END,
};

/* strings of a request are borrowed: encode and forget */
#define ENCODE(req, noun) liteio_json_encode(&(req), liteio_local_##noun##_fields)

int liteio_body_pool_create(char **op, const struct liteio_options *o, struct liteio_json **ret,
			    struct liteio_error *err)
{
	struct liteio_local_pool_create req = {
		.name = op[0],
		.device = op[1],
		.size_bytes = o->size,
		.block_bytes = o->block_size,
		.force = o->force,
		.linear_bytes = o->linear,
		.reserved_bytes = o->reserved,
		.overcommit_percent = o->overcommit,
	};

	*ret = ENCODE(req, pool_create);
	return 0;
}

int liteio_body_pool_set(char **op, const struct liteio_options *o, struct liteio_json **ret,
			 struct liteio_error *err)
{
	struct liteio_local_pool_set req = { .overcommit_percent = o->overcommit };

	*ret = ENCODE(req, pool_set);
	return 0;
}

int liteio_body_pool_import(char **op, const struct liteio_options *o, struct liteio_json **ret,
			    struct liteio_error *err)
{
	struct liteio_local_pool_import req = { .device = op[0], .force = o->force };

	*ret = ENCODE(req, pool_import);
	return 0;
}

int liteio_body_pool_grow(char **op, const struct liteio_options *o, struct liteio_json **ret,
			  struct liteio_error *err)
{
	struct liteio_local_pool_grow req = {
		.size_bytes = o->size,
		.add = (char *)o->add,
		.force = o->force,
	};

	if (o->add && o->add[0] != '/')
		return liteio_error_set(err, -EINVAL, "--add: \"%s\" is not an absolute path",
					o->add);
	if (o->force && !o->add)
		return liteio_error_set(err, -EINVAL, "pool grow takes --force with --add only");
	*ret = ENCODE(req, pool_grow);
	return 0;
}
