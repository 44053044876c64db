// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A StorageNode's reconcile: its condition Alive, from the agent's Lease.
 */
#include "base/error.h"
#include "base/loop.h"
#include "controller/controller.h"
#include "controller/heartbeat.h"
#include "controller/pass.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "model/node.h"

static int reconcile(struct liteio_controller *c, const struct liteio_node *node,
		     struct liteio_json **obj, uint64_t *ret_again_ms, struct liteio_error *err)
{
	struct liteio_verdict v = { .type = LITEIO_CONDITION_ALIVE };
	bool was = liteio_condition_is_true(node->status.conditions, node->status.n_conditions,
					    LITEIO_CONDITION_ALIVE);
	int r;

	if (liteio_heartbeats_alive(c->beats, node->meta.name, was, liteio_now_ms(), ret_again_ms))
		liteio_verdict_set(&v, LITEIO_CONDITION_TRUE, "Heartbeat",
				   "the node's agent renews its Lease");
	else
		liteio_verdict_set(&v, LITEIO_CONDITION_FALSE, "NoHeartbeat",
				   "the node's agent has not renewed its Lease in time");
	r = liteio_controller_report(c, &liteio_resource_storagenode, c->nodes, obj, &v, 1, err);
	if (r == 1 && (was ? LITEIO_CONDITION_FALSE : LITEIO_CONDITION_TRUE) == v.status)
		liteio_event_emit(c->events, *obj, was, v.reason, "Observe", "%s", v.message);
	return r < 0 ? r : 0;
}

static int look(struct liteio_controller *c, struct liteio_json **obj, uint64_t *ret_again_ms,
		struct liteio_error *err)
{
	struct liteio_node node = { 0 };
	int r;

	r = liteio_node_parse(*obj, &node, err);
	if (!r)
		r = reconcile(c, &node, obj, ret_again_ms, err);
	liteio_node_fini(&node);
	return r;
}

int liteio_node_reconcile(struct liteio_controller *c, const char *name, uint64_t *ret_again_ms)
{
	const struct liteio_pass pass = { .kind = "node", .store = c->nodes, .look = look };

	return liteio_pass_run(c, &pass, name, ret_again_ms);
}
