// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent's local API: the tables behind local_operation.h.
 */
#include "model/local_operation.h"

#include "model/fields.h"

const char *const liteio_local_operation_state_names[] = { "running", "done", "failed", NULL };

#define T liteio_local_operation_wait
const struct liteio_field liteio_local_operation_wait_fields[] = {
	NUMBER("waitMs", wait_ms, 0, 0, LITEIO_LOCAL_TIMEOUT_MS_MAX),
	END,
};

/* optional here, unlike in a failure: only what has failed has one */
#undef T
#define T liteio_local_error
static const struct liteio_field error_fields[] = {
	STRING("code", code, 0, 0),
	STRING("message", message, 0, 0),
	END,
};

#undef T
#define T liteio_local_operation
const struct liteio_field liteio_local_operation_fields[] = {
	UUID("uuid", uuid, KEEP),
	STRING("verb", verb, KEEP, 0),
	STRING("object", object, 0, 0),
	STRING("pool", pool, 0, 0),
	ENUM("state", state, KEEP, liteio_local_operation_state_names),
	SIZE("doneBytes", done_bytes, KEEP, 0, 0),
	SIZE("totalBytes", total_bytes, KEEP, 0, 0),
	STRING("begunAt", begun_at, KEEP, 0),
	NUMBER("tookMs", took_ms, KEEP, 0, 0),
	OBJECT("error", error, error_fields),
	RAW("result", result),
	END,
};

#undef T
#define T liteio_local_operation_list
const struct liteio_field liteio_local_operation_list_fields[] = {
	ARRAY("items", items, KEEP, liteio_local_operation, liteio_local_operation_fields, 0),
	END,
};
