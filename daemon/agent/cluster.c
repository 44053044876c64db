// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cluster half's frame: stores, queues, heartbeat, resync.
 */
#include "agent/cluster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/cluster_work.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "kube/client.h"
#include "kube/config.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "kube/lease.h"
#include "kube/object.h"
#include "kube/workqueue.h"
#include "model/node.h"

/*
 * started when they are needed; of one pool at a time, whose disk may hang, a part of them, and for
 * the others there is something left (base/share.h)
 */
#define THREADS 12
#define OF_POOL 4
#define FENCE_THREADS 24
#define FENCES_OF_POOL 8
#define STOP_GRACE_MS 20000
/*
 * So often all objects are looked at again: what they say of this node changes without an event of
 * the API server (the module may be loaded at any time). The heartbeat wakes the process more often
 */
#define RESYNC_MS 30000
/* heartbeat: renewed every 10 s, believed for 40: that it comes by the clock is what it says */
#define BEAT_MS 10000
#define BEAT_DEADLINE_MS 30000
#define BEAT_DURATION_MS 40000

/* an object that is missing from a store that is not filled yet is not missing */
static bool is_synced(const struct liteio_cluster *c)
{
	return liteio_informer_synced(c->node) && liteio_informer_synced(c->pools) &&
	       liteio_informer_synced(c->volumes) && liteio_informer_synced(c->snapshots);
}

static int work(void *arg, const char *key, uint64_t *ret_again_ms)
{
	struct liteio_cluster *c = arg;

	/* look_at_all() puts it in again */
	if (!is_synced(c))
		return 0;
	switch (key[0]) {
	case LITEIO_KEY_NODE:
		return liteio_cluster_node(c, ret_again_ms);
	case LITEIO_KEY_POOL:
		return liteio_cluster_pool(c, key + 2, ret_again_ms);
	case LITEIO_KEY_SNAPSHOT:
		return liteio_cluster_snapshot(c, key + 2, ret_again_ms);
	case LITEIO_KEY_VOLUME:
		return liteio_cluster_volume(c, key + 2, ret_again_ms);
	default:
		return 0;
	}
}

static int fence(void *arg, const char *key, uint64_t *ret_again_ms)
{
	struct liteio_cluster *c = arg;

	return is_synced(c) ? liteio_cluster_fence(c, key, ret_again_ms) : 0;
}

/* @pool: by the name of its object; NULL for what is in none */
static void enqueue(struct liteio_cluster *c, char kind, const char *name, const char *pool)
{
	_cleanup_free_ char *key = liteio_strf("%c/%s", kind, name);

	liteio_workqueue_add_for(c->queue, key, pool ? pool : "");
}

static const char *pool_of(const struct liteio_json *obj)
{
	return liteio_json_get_string(obj, "spec.placement.pool");
}

static void enqueue_fence(struct liteio_cluster *c, const struct liteio_json *obj)
{
	const char *pool = pool_of(obj);

	liteio_workqueue_add_for(c->fences, liteio_object_name(obj), pool ? pool : "");
}

/*
 * StoragePools have no label of their node: those of all others are in the store, too, and go no
 * further
 */
static bool is_pool_of_ours(const struct liteio_cluster *c, const struct liteio_json *obj)
{
	const char *node = liteio_json_get_string(obj, "spec.node");

	return node && !strcmp(node, c->agent->identity.name);
}

static void enqueue_all(struct liteio_cluster *c, char kind, struct liteio_informer *inf)
{
	struct liteio_json *list = liteio_informer_list(inf);
	size_t i;

	for (i = 0; i < liteio_json_len(list); i++) {
		const struct liteio_json *obj = liteio_json_at(list, i);
		const char *name = liteio_object_name(obj);

		if (kind == LITEIO_KEY_POOL && !is_pool_of_ours(c, obj))
			continue;
		enqueue(c, kind, name, kind == LITEIO_KEY_POOL ? name : pool_of(obj));
		if (kind == LITEIO_KEY_VOLUME)
			enqueue_fence(c, obj);
	}
	liteio_json_unref(list);
}

static void look_at_all(struct liteio_cluster *c)
{
	if (!is_synced(c))
		return;
	enqueue(c, LITEIO_KEY_NODE, c->agent->identity.name, NULL);
	enqueue_all(c, LITEIO_KEY_POOL, c->pools);
	enqueue_all(c, LITEIO_KEY_VOLUME, c->volumes);
	enqueue_all(c, LITEIO_KEY_SNAPSHOT, c->snapshots);
}

void liteio_cluster_pools_changed(struct liteio_cluster *c)
{
	if (is_synced(c))
		enqueue_all(c, LITEIO_KEY_POOL, c->pools);
}

static void on_node(void *arg, struct liteio_json *old, struct liteio_json *obj)
{
	struct liteio_cluster *c = arg;

	if (!obj && !old)
		look_at_all(c);
	else
		enqueue(c, LITEIO_KEY_NODE, c->agent->identity.name, NULL);
}

static bool is_ready(const struct liteio_json *obj)
{
	return liteio_object_condition_is_true(obj, LITEIO_CONDITION_READY);
}

static void on_pool(void *arg, struct liteio_json *old, struct liteio_json *obj)
{
	struct liteio_cluster *c = arg;
	const char *name;

	if (!obj && !old) {
		look_at_all(c);
		return;
	}
	if (!is_pool_of_ours(c, obj) && !is_pool_of_ours(c, old))
		return;
	name = liteio_object_name(obj ? obj : old);
	enqueue(c, LITEIO_KEY_POOL, name, name);
	/* what waits for a pool to come or go */
	if (!obj || is_ready(obj) != is_ready(old)) {
		enqueue_all(c, LITEIO_KEY_VOLUME, c->volumes);
		enqueue_all(c, LITEIO_KEY_SNAPSHOT, c->snapshots);
	}
}

static void enqueue_pool_of(struct liteio_cluster *c, const struct liteio_json *obj)
{
	const char *pool = pool_of(obj);

	if (pool)
		enqueue(c, LITEIO_KEY_POOL, pool, pool);
}

static void on_volume(void *arg, struct liteio_json *old, struct liteio_json *obj)
{
	struct liteio_cluster *c = arg;

	if (!obj && !old) {
		look_at_all(c);
		return;
	}
	if (obj) {
		/* fences first */
		enqueue_fence(c, obj);
		enqueue(c, LITEIO_KEY_VOLUME, liteio_object_name(obj), pool_of(obj));
	}
	if (!obj || !old)
		enqueue_pool_of(c, obj ? obj : old);
}

static void on_snapshot(void *arg, struct liteio_json *old, struct liteio_json *obj)
{
	struct liteio_cluster *c = arg;

	if (!obj && !old) {
		look_at_all(c);
		return;
	}
	if (obj)
		enqueue(c, LITEIO_KEY_SNAPSHOT, liteio_object_name(obj), pool_of(obj));
	if (!obj || !old)
		enqueue_pool_of(c, obj ? obj : old);
}

static void on_resync(void *arg)
{
	struct liteio_cluster *c = arg;

	look_at_all(c);
	liteio_timer_arm(c->resync, RESYNC_MS, RESYNC_MS / 10);
}

static void on_beat(void *arg, bool leading)
{
	if (!leading)
		log_warning(NULL, "the Lease of this node could not be renewed in time");
}

static int start_stores(struct liteio_cluster *c, struct liteio_error *err)
{
	const char *node = c->agent->identity.name;
	_cleanup_free_ char *placed = liteio_strf("%s=%s", LITEIO_NODE_LABEL, node);
	_cleanup_free_ char *named = liteio_strf("metadata.name=%s", node);
	const struct {
		struct liteio_informer_spec spec;
		liteio_informer_fn fn;
		struct liteio_informer **at;
	} stores[] = {
		{ { .resource = &liteio_resource_storagenode, .field_selector = named },
		  on_node, &c->node },
		{ { .resource = &liteio_resource_storagepool }, on_pool, &c->pools },
		{ { .resource = &liteio_resource_volume, .label_selector = placed },
		  on_volume, &c->volumes },
		{ { .resource = &liteio_resource_snapshot, .label_selector = placed },
		  on_snapshot, &c->snapshots },
	};
	size_t i;
	int r;

	for (i = 0; i < LITEIO_ARRAY_SIZE(stores); i++) {
		r = liteio_informer_new(c->kube, &stores[i].spec, stores[i].fn, c, stores[i].at,
					err);
		if (r)
			return r;
	}
	return 0;
}

static int connect_kube(struct liteio_cluster *c, struct liteio_error *err)
{
	struct liteio_kube_config cfg = { 0 };
	int r;

	r = liteio_kube_config_load(c->agent->config.kubeconfig, &cfg, err);
	if (r)
		return r;
	if (cfg.insecure)
		log_warning(NULL, "the API server's certificate is not verified");
	r = liteio_kube_new(c->agent->loop, &cfg, "liteio-agent/" LITEIO_AGENT_VERSION, &c->kube,
			    err);
	liteio_kube_config_fini(&cfg);
	return r;
}

static int start_beat(struct liteio_cluster *c, struct liteio_error *err)
{
	const char *node = c->agent->identity.name;
	_cleanup_free_ char *name = liteio_strf("%s%s", LITEIO_NODE_LEASE_PREFIX, node);
	/* the node is the holder, whichever process of its agent: nobody waits for a dead one */
	struct liteio_lease_spec spec = { .ns = LITEIO_CLUSTER_NAMESPACE,
					  .name = name,
					  .identity = node,
					  .duration_ms = BEAT_DURATION_MS,
					  .deadline_ms = BEAT_DEADLINE_MS,
					  .retry_ms = BEAT_MS };

	return liteio_lease_new(c->kube, &spec, on_beat, c, &c->beat, err);
}

int liteio_cluster_new(struct liteio_agent *a, struct liteio_cluster **ret,
		       struct liteio_error *err)
{
	const struct liteio_workqueue_options all = { .parallel = THREADS, .share_max = OF_POOL },
					      fences = { .parallel = FENCE_THREADS,
							 .share_max = FENCES_OF_POOL };
	struct liteio_cluster *c = liteio_calloc(1, sizeof(*c));
	int r;

	c->agent = a;
	if (strlen(a->identity.name) > LITEIO_NODE_NAME_MAX)
		r = liteio_error_set(err, -EINVAL, "node name %s: more than %d characters",
				     a->identity.name, LITEIO_NODE_NAME_MAX);
	else
		r = connect_kube(c, err);
	if (!r)
		r = liteio_workers_new(a->loop, THREADS, &c->workers, err);
	if (!r)
		r = liteio_workers_new(a->loop, FENCE_THREADS, &c->urgent, err);
	if (!r)
		r = liteio_events_new(c->kube, "liteio.io/agent", a->identity.name, &c->events,
				      err);
	if (!r)
		r = liteio_workqueue_new(a->loop, c->workers, &all, work, c, &c->queue, err);
	if (!r)
		r = liteio_workqueue_new(a->loop, c->urgent, &fences, fence, c, &c->fences, err);
	if (!r)
		r = liteio_timer_new(a->loop, on_resync, c, &c->resync, err);
	if (!r)
		r = start_beat(c, err);
	if (!r)
		r = start_stores(c, err);
	if (r) {
		liteio_cluster_free(c);
		return r;
	}
	liteio_timer_arm(c->resync, RESYNC_MS, RESYNC_MS / 10);
	*ret = c;
	return 0;
}

void liteio_cluster_free(struct liteio_cluster *c)
{
	bool ended = true;

	if (!c)
		return;
	liteio_timer_free(c->resync);
	liteio_workqueue_free(c->queue);
	liteio_workqueue_free(c->fences);
	if (c->workers)
		ended &= liteio_workers_free(c->workers, STOP_GRACE_MS);
	if (c->urgent)
		ended &= liteio_workers_free(c->urgent, STOP_GRACE_MS);
	/* a stuck thread keeps what it may still use, to the end of the process */
	if (!ended)
		return;
	liteio_informer_free(c->node);
	liteio_informer_free(c->pools);
	liteio_informer_free(c->volumes);
	liteio_informer_free(c->snapshots);
	liteio_lease_free(c->beat);
	liteio_events_free(c->events);
	liteio_kube_free(c->kube);
	free(c);
}
