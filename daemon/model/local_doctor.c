// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local API's findings: the tables.
 */
#include "model/local_doctor.h"

#include "model/fields.h"

const char *const liteio_local_check_names[] = {
	[LITEIO_CHECK_LOOK] = "look",
	[LITEIO_CHECK_BUSY] = "busy",
	[LITEIO_CHECK_JOBS] = "jobs",
	[LITEIO_CHECK_CONFIG] = "config",
	[LITEIO_CHECK_DOOR] = "door",
	[LITEIO_CHECK_MODULE] = "module",
	[LITEIO_CHECK_POOL_MISSING] = "poolMissing",
	[LITEIO_CHECK_POOL_CLOSED] = "poolClosed",
	[LITEIO_CHECK_POOL_FOUND] = "poolFound",
	[LITEIO_CHECK_POOL_STATE] = "poolState",
	[LITEIO_CHECK_POOL_FILL] = "poolFill",
	[LITEIO_CHECK_CATALOG_FILL] = "catalogFill",
	[LITEIO_CHECK_CATALOG_COPY] = "catalogCopy",
	[LITEIO_CHECK_LABEL_COPY] = "labelCopy",
	[LITEIO_CHECK_DELETION] = "deletion",
	[LITEIO_CHECK_THIN_STRAY] = "thinStray",
	[LITEIO_CHECK_THIN_LOST] = "thinLost",
	[LITEIO_CHECK_GROUP] = "snapshotGroup",
	[LITEIO_CHECK_SUSPENDED] = "suspended",
	[LITEIO_CHECK_DEVICE_REMAINS] = "deviceRemains",
	[LITEIO_CHECK_DEVICE] = "device",
	[LITEIO_CHECK_FLOOR] = "floor",
	[LITEIO_CHECK_FLOOR_AHEAD] = "floorAhead",
	[LITEIO_CHECK_FENCED] = "fenced",
	[LITEIO_CHECK_LIMITS] = "limits",
	[LITEIO_CHECK_REGISTRY] = "registry",
	[LITEIO_CHECK_HEAD_MISSING] = "headMissing",
	[LITEIO_CHECK_HEAD] = "head",
	[LITEIO_CHECK_HEAD_PLAIN] = "headPlain",
	[LITEIO_CHECK_REMAINS] = "remains",
	[LITEIO_CHECK_EXPORT] = "export",
	[LITEIO_CHECK_BYPASS] = "bypass",
	[LITEIO_CHECK_LINK] = "link",
	[LITEIO_CHECK_NAME_TWICE] = "nameTwice",
	[LITEIO_CHECK_NR] = NULL,
};

const char *const liteio_local_severity_names[] = {
	[LITEIO_SEVERITY_INFO] = "info",
	[LITEIO_SEVERITY_WARNING] = "warning",
	[LITEIO_SEVERITY_ERROR] = "error",
	NULL,
};

#define CHECK(fl) ENUM("check", check, fl, liteio_local_check_names)

#define T liteio_local_finding
static const struct liteio_field finding_fields[] = {
	CHECK(KEEP),
	STRING("object", object, KEEP, 0),
	STRING("pool", pool, 0, 0),
	ENUM("severity", severity, KEEP, liteio_local_severity_names),
	STRING("sentence", sentence, KEEP, 0),
	STRING("fix", fix, 0, 0),
	END,
};

#undef T
#define T liteio_local_finding_list
const struct liteio_field liteio_local_finding_list_fields[] = {
	ARRAY("items", items, KEEP, liteio_local_finding, finding_fields, 0),
	END,
};

#undef T
#define T liteio_local_doctor_fix
const struct liteio_field liteio_local_doctor_fix_fields[] = {
	CHECK(REQUIRED),
	STRING("object", object, REQUIRED, LITEIO_LOCAL_FINDING_OBJECT_MAX),
	END,
};

#undef T
#define T liteio_local_doctor_fixed
const struct liteio_field liteio_local_doctor_fixed_fields[] = {
	CHECK(KEEP),
	STRING("object", object, KEEP, 0),
	BOOL("fixed", fixed, KEEP),
	STRING("sentence", sentence, 0, 0),
	END,
};
