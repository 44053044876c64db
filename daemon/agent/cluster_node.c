// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * This node's StorageNode: make the object, say who and what the node is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/cluster_work.h"
#include "agent/ops.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "model/node.h"

static int create(struct liteio_cluster *c, struct liteio_error *err)
{
	struct liteio_json *obj =
		liteio_object_new(&liteio_resource_storagenode, NULL, c->agent->identity.name);
	struct liteio_json *answer = NULL;
	int r;

	liteio_json_set(obj, "spec", liteio_json_new_object());
	r = liteio_kube_create(c->kube, &liteio_resource_storagenode, obj, &answer, err);
	liteio_json_unref(obj);
	if (!r)
		liteio_informer_offer(c->node, answer);
	liteio_json_unref(answer);
	return r == -EEXIST ? -EAGAIN : r;
}

/* the status without its conditions; strings are borrowed from @have */
static struct liteio_json *describe(const struct liteio_local_node *have)
{
	struct liteio_node_status s = { .host_nqn = have->host_nqn,
					.host_id = have->host_id,
					.addresses = have->addresses,
					.n_addresses = have->n_addresses,
					.kernel = have->kernel,
					.module = have->module,
					.agent = have->agent,
					.boot_id = have->boot_id };

	return liteio_json_encode(&s, liteio_node_status_fields);
}

static bool has_feature(const struct liteio_local_node *have, const char *feature)
{
	size_t i;

	for (i = 0; i < have->n_features; i++)
		if (!strcmp(have->features[i], feature))
			return true;
	return false;
}

static void judge(const struct liteio_local_node *have, struct liteio_verdict *ready)
{
	*ready = (struct liteio_verdict){ .type = LITEIO_CONDITION_READY };
	if (!has_feature(have, "head"))
		liteio_verdict_set(ready, LITEIO_CONDITION_TRUE, "NoModule",
				   "liteio.ko is not loaded: volumes of this node can be used on this node only");
	else if (!has_feature(have, "export"))
		liteio_verdict_set(ready, LITEIO_CONDITION_TRUE, "NoTarget",
				   "no NVMe target over TCP: volumes of this node can be used on this node only");
	else if (have->closed)
		liteio_verdict_set(ready, LITEIO_CONDITION_TRUE, "TargetClosed",
				   "no remote consumer is let in: %s", have->closed);
	else
		liteio_verdict_set(ready, LITEIO_CONDITION_TRUE, "Ready",
				   "the node serves and consumes volumes");
}

static int report(struct liteio_cluster *c, const struct liteio_node *node,
		  const struct liteio_local_node *have, struct liteio_error *err)
{
	struct liteio_node_status was = node->status;
	struct liteio_json *status = describe(have);
	struct liteio_verdict ready;
	struct liteio_json *old, *list;
	bool same;

	was.conditions = NULL;
	was.n_conditions = 0;
	old = liteio_json_encode(&was, liteio_node_status_fields);
	same = liteio_json_equal(old, status);
	liteio_json_unref(old);
	judge(have, &ready);
	if (same && !liteio_verdict_differs(&ready, node->status.conditions,
					    node->status.n_conditions)) {
		liteio_json_unref(status);
		return 0;
	}
	list = liteio_json_new_array();
	liteio_cluster_condition(list, &ready, node->status.conditions, node->status.n_conditions,
				 node->meta.generation);
	liteio_json_set(status, "conditions", list);
	return liteio_cluster_report(c, &liteio_resource_storagenode, c->node, &node->meta, status,
				     err);
}

int liteio_cluster_node(struct liteio_cluster *c, uint64_t *ret_again_ms)
{
	struct liteio_json *obj = liteio_informer_get(c->node, c->agent->identity.name);
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_local_node have = { 0 };
	struct liteio_node node = { 0 };
	int r;

	if (!obj)
		return liteio_cluster_result(create(c, &err), NULL, &err, ret_again_ms);
	r = liteio_node_parse(obj, &node, &err);
	if (!r)
		r = liteio_op_node_show(c->agent, &have, &err);
	if (!r)
		r = report(c, &node, &have, &err);
	liteio_json_fini(&have, liteio_local_node_fields);
	liteio_node_fini(&node);
	liteio_json_unref(obj);
	return liteio_cluster_result(r, NULL, &err, ret_again_ms);
}
