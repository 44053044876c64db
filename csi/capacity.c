// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GetCapacity: what could still be provisioned, from the store.
 *
 * The external provisioner publishes the answers per node as CSIStorageCapacity, and the scheduler
 * compares them with claims; liteio-controller decides, with its own and fresher numbers.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "capability.h"
#include "csi.h"
#include "kube/informer.h"
#include "model/node.h"
#include "model/pool.h"
#include "params.h"
#include "volume.h"

/**
 * struct question - which pools count, and the sums
 * @csi: the driver
 * @params: of the StorageClass
 * @node: where the consumer is; NULL: anywhere
 * @total: free bytes of all these pools
 * @largest: of the one that has most: a volume lies on one pool
 */
struct question {
	struct liteio_csi *csi;
	struct liteio_csi_params params;
	const char *node;
	uint64_t total;
	uint64_t largest;
};

static bool position_allows(const struct question *q, const char *pool_node)
{
	bool same = q->node && !strcmp(q->node, pool_node);

	if (!q->node)
		return true;
	if (q->params.position == LITEIO_POSITION_MUST_LOCAL)
		return same;
	if (q->params.position == LITEIO_POSITION_MUST_REMOTE)
		return !same;
	return true;
}

static bool node_allows(const struct question *q, const char *name)
{
	struct liteio_json *obj = liteio_informer_get(q->csi->nodes, name);
	struct liteio_node node = { 0 };
	bool ok = false;

	if (obj && liteio_node_parse(obj, &node, NULL) == 0)
		ok = !node.spec.cordoned && !node.meta.deleting &&
		     liteio_condition_is_true(node.status.conditions, node.status.n_conditions,
					      LITEIO_CONDITION_READY) &&
		     liteio_meta_match(&node.meta, q->params.node_selector);
	liteio_node_fini(&node);
	liteio_json_unref(obj);
	return ok;
}

static uint64_t free_bytes(const struct liteio_storage_pool *pool, int volume_class)
{
	/* percent of a pool of up to 2^63 bytes: divide first */
	uint64_t allowed = pool->status.data_bytes / 100 * pool->spec.overcommit_percent;

	if (volume_class == LITEIO_VOLUME_RESERVED)
		return pool->status.reserved_free_bytes;
	if (volume_class == LITEIO_VOLUME_LINEAR)
		return pool->status.linear_free_bytes;
	if (allowed <= pool->status.provisioned_bytes)
		return 0;
	return allowed - pool->status.provisioned_bytes;
}

static void add_pool(struct question *q, const struct liteio_storage_pool *pool)
{
	uint64_t bytes;

	if (pool->spec.cordoned || pool->meta.deleting ||
	    !liteio_condition_is_true(pool->status.conditions, pool->status.n_conditions,
				      LITEIO_CONDITION_READY) ||
	    !liteio_meta_match(&pool->meta, q->params.pool_selector) ||
	    !position_allows(q, pool->spec.node) || !node_allows(q, pool->spec.node))
		return;
	bytes = free_bytes(pool, q->params.volume_class);
	bytes = bytes / LITEIO_VOLUME_SIZE_ALIGN * LITEIO_VOLUME_SIZE_ALIGN;
	q->total += bytes;
	if (bytes > q->largest)
		q->largest = bytes;
}

static int add_pools(struct question *q, struct liteio_error *err)
{
	struct liteio_json *list;

	if (!liteio_informer_synced(q->csi->pools) || !liteio_informer_synced(q->csi->nodes))
		return liteio_error_set(err, -EHOSTDOWN, "pools and nodes are not listed yet");
	list = liteio_informer_list(q->csi->pools);
	for (size_t i = 0; i < liteio_json_len(list); i++) {
		struct liteio_storage_pool pool = { 0 };

		if (liteio_storage_pool_parse(liteio_json_at(list, i), &pool, NULL) == 0)
			add_pool(q, &pool);
		liteio_storage_pool_fini(&pool);
	}
	liteio_json_unref(list);
	return 0;
}

static Google__Protobuf__Int64Value *int64_value(uint64_t value)
{
	Google__Protobuf__Int64Value *v =
		liteio_message_new(&google__protobuf__int64_value__descriptor);

	v->value = (int64_t)value;
	return v;
}

int liteio_csi_get_capacity(void *ctx, struct liteio_grpc_call *call, const void *in, void *out,
			    struct liteio_error *err)
{
	const Csi__V1__GetCapacityRequest *req = in;
	Csi__V1__GetCapacityResponse *resp = out;
	struct question q = { .csi = ctx };
	int r = 0;

	if (req->n_volume_capabilities)
		r = liteio_csi_capabilities_check(req->volume_capabilities,
						  req->n_volume_capabilities, err);
	for (size_t i = 0; r == 0 && i < req->n_parameters; i++)
		r = liteio_csi_params_set(&q.params, req->parameters[i]->key,
					  req->parameters[i]->value, err);
	if (r == 0) {
		q.node = liteio_csi_topology_node(req->accessible_topology);
		r = add_pools(&q, err);
	}
	if (r == 0) {
		resp->available_capacity = (int64_t)q.total;
		resp->maximum_volume_size = int64_value(q.largest);
		resp->minimum_volume_size = int64_value(LITEIO_VOLUME_SIZE_MIN);
	}
	liteio_csi_params_fini(&q.params);
	return r;
}
