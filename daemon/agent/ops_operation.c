// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking at operations: on the loop, so that it works also when every worker hangs.
 */
#include <errno.h>

#include "agent/agent.h"
#include "agent/operations.h"
#include "agent/route.h"
#include "base/error.h"

int liteio_op_operation_list(struct liteio_call *c, struct liteio_error *err)
{
	liteio_operations_list(c->agent->operations, c->ret);
	return 0;
}

int liteio_op_operation_show(struct liteio_call *c, struct liteio_error *err)
{
	const struct liteio_local_operation_wait *req = c->req;
	struct liteio_operation *op;
	struct liteio_uuid uuid;
	int r;

	if (liteio_uuid_parse(c->params[0], &uuid) < 0)
		return liteio_error_set(err, -EINVAL, "\"%s\" is not a UUID", c->params[0]);
	r = liteio_operations_find(c->agent->operations, &uuid, &op, err);
	if (r < 0)
		return r;
	if (op->state == LITEIO_LOCAL_OPERATION_RUNNING && req->wait_ms && !c->late) {
		c->wait_ms = req->wait_ms;
		return -EINPROGRESS;
	}
	liteio_operation_fill(op, true, c->ret);
	return 0;
}
