// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A StorageNode's reconcile: its condition Alive, from the agent's Lease.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "controller/controller.h"
#include "controller/heartbeat.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "model/node.h"

#define CONFLICT_MS 100

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

int liteio_node_reconcile(struct liteio_controller *c, const char *name, uint64_t *ret_again_ms)
{
	struct liteio_json *obj = liteio_informer_get(c->nodes, name);
	_cleanup_free_ char *about = liteio_strf("node=%s", name);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_node node = { 0 };
	int r;

	if (!obj)
		return 0;
	r = liteio_node_parse(obj, &node, &err);
	if (!r)
		r = reconcile(c, &node, &obj, ret_again_ms, &err);
	liteio_node_fini(&node);
	liteio_json_unref(obj);
	if (r == -EAGAIN || r == -ENOENT) {
		*ret_again_ms = CONFLICT_MS;
		return 0;
	}
	if (r)
		log_warning(about, "%s", liteio_error_str(&err, r));
	return r;
}
