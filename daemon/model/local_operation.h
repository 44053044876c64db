/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent's local API, continued: operations, which are what long work goes on as when its
 * request was answered. As in local.h; the list of paths is in agent/README.md.
 */
#ifndef LITEIO_MODEL_LOCAL_OPERATION_H
#define LITEIO_MODEL_LOCAL_OPERATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/uuid.h"
#include "model/local.h"

/* as many are remembered; those that run, and the ones that ended last */
#define LITEIO_LOCAL_OPERATIONS_MAX 256

/* query of GET /v1/operations/{operation}: for how long to wait for its end; 0 answers at once */
struct liteio_local_operation_wait {
	uint64_t wait_ms;
};

enum liteio_local_operation_state {
	LITEIO_LOCAL_OPERATION_RUNNING,
	LITEIO_LOCAL_OPERATION_DONE,
	LITEIO_LOCAL_OPERATION_FAILED,
};

/* "running", "done", "failed" */
extern const char *const liteio_local_operation_state_names[];

/**
 * struct liteio_local_operation - long work that was asked for
 * @uuid: its name
 * @verb: what is done: "volume create"
 * @object: what it is done to: a name, or the path of a device; NULL for none
 * @pool: pool it is about, NULL when that is not known
 * @state: enum liteio_local_operation_state
 * @done_bytes: of @total_bytes
 * @total_bytes: what there is to do; 0 when it is not told in bytes
 * @begun_at: RFC 3339
 * @took_ms: how long it ran, or has run so far
 * @error: why it failed, with the same code and sentence that its request would have got
 * @result: the answer that its request would have got; not in a list
 */
struct liteio_local_operation {
	struct liteio_uuid uuid;
	char *verb;
	char *object;
	char *pool;
	int state;
	uint64_t done_bytes;
	uint64_t total_bytes;
	char *begun_at;
	uint64_t took_ms;
	struct liteio_local_error error;
	struct liteio_json *result;
};

LITEIO_LOCAL_LIST(operation);

extern const struct liteio_field liteio_local_operation_wait_fields[];
extern const struct liteio_field liteio_local_operation_fields[];
extern const struct liteio_field liteio_local_operation_list_fields[];

#endif
