// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cluster half's frame: what of a cluster with more nodes than one is looked at here.
 *
 * unit-src: daemon/agent/cluster.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/cluster.h"
#include "agent/cluster_work.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
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
#include "unit.h"

/* ---- an API server with what it has ---------------------------------------------------------- */

struct liteio_informer {
	liteio_informer_fn fn;
	void *arg;
	struct liteio_json *objects;
};

static struct liteio_informer nodes, pools, volumes, snapshots;
/* what was put into a queue, and for which pool: "n/n1 p/n1.a@n1.a ", a fence as "x@n1.a " */
static struct liteio_buf queued;

int liteio_informer_new(struct liteio_kube *k, const struct liteio_informer_spec *spec,
			liteio_informer_fn fn, void *arg, struct liteio_informer **ret,
			struct liteio_error *err)
{
	struct liteio_informer *inf = spec->resource == &liteio_resource_storagenode ? &nodes :
				      spec->resource == &liteio_resource_storagepool ? &pools :
				      spec->resource == &liteio_resource_volume	     ? &volumes :
										       &snapshots;

	inf->fn = fn;
	inf->arg = arg;
	inf->objects = liteio_json_new_array();
	*ret = inf;
	return 0;
}

void liteio_informer_free(struct liteio_informer *inf)
{
	liteio_json_unref(inf->objects);
}

bool liteio_informer_synced(struct liteio_informer *inf)
{
	return true;
}

struct liteio_json *liteio_informer_list(struct liteio_informer *inf)
{
	return liteio_json_ref(inf->objects);
}

void liteio_workqueue_add_for(struct liteio_workqueue *q, const char *key, const char *whose)
{
	liteio_buf_addf(&queued, "%s%s%s ", key, *whose ? "@" : "", whose);
}

int liteio_workqueue_new(struct liteio_loop *loop, struct liteio_workers *workers,
			 const struct liteio_workqueue_options *opt, liteio_workqueue_fn fn,
			 void *arg, struct liteio_workqueue **ret, struct liteio_error *err)
{
	/* a pool that hangs leaves something to the others, of either queue */
	ck_assert_uint_gt(opt->share_max, 0);
	ck_assert_uint_le(2 * opt->share_max, opt->parallel);
	return 0;
}

void liteio_workqueue_free(struct liteio_workqueue *q)
{
}

int liteio_kube_config_load(const char *path, struct liteio_kube_config *ret,
			    struct liteio_error *err)
{
	return 0;
}

void liteio_kube_config_fini(struct liteio_kube_config *c)
{
}

int liteio_kube_new(struct liteio_loop *loop, const struct liteio_kube_config *cfg,
		    const char *user_agent, struct liteio_kube **ret, struct liteio_error *err)
{
	return 0;
}

void liteio_kube_free(struct liteio_kube *k)
{
}

int liteio_events_new(struct liteio_kube *k, const char *controller, const char *instance,
		      struct liteio_events **ret, struct liteio_error *err)
{
	return 0;
}

void liteio_events_free(struct liteio_events *ev)
{
}

int liteio_lease_new(struct liteio_kube *k, const struct liteio_lease_spec *spec,
		     liteio_lease_fn fn, void *arg, struct liteio_lease **ret,
		     struct liteio_error *err)
{
	return 0;
}

void liteio_lease_free(struct liteio_lease *lease)
{
}

/* ---- what is done about an object is not asked ----------------------------------------------- */

int liteio_cluster_node(struct liteio_cluster *c, uint64_t *ret_again_ms)
{
	return 0;
}

int liteio_cluster_pool(struct liteio_cluster *c, const char *name, uint64_t *ret_again_ms)
{
	return 0;
}

int liteio_cluster_snapshot(struct liteio_cluster *c, const char *name, uint64_t *ret_again_ms)
{
	return 0;
}

int liteio_cluster_volume(struct liteio_cluster *c, const char *name, uint64_t *ret_again_ms)
{
	return 0;
}

int liteio_cluster_fence(struct liteio_cluster *c, const char *name, uint64_t *ret_again_ms)
{
	return 0;
}

/* ---- a node of it ---------------------------------------------------------------------------- */

static struct liteio_agent agent = { .identity = { .name = (char *)"n1" } };

static struct liteio_json *object(const char *text)
{
	struct liteio_json *j;

	ck_assert_int_eq(liteio_json_parse(text, strlen(text), &j, NULL), 0);
	return j;
}

static struct liteio_json *pool(const char *node, const char *name, const char *ready)
{
	_cleanup_free_ char *text =
		liteio_strf("{\"metadata\":{\"name\":\"%s.%s\"},\"spec\":{\"node\":\"%s\",\"pool\":\"%s\"},"
			    "\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"%s\"}]}}",
			    node, name, node, name, ready);

	return object(text);
}

static void start(void)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	ck_assert_int_eq(liteio_loop_new(&agent.loop, &err), 0);
	ck_assert_int_eq(liteio_cluster_new(&agent, &agent.cluster, &err), 0);
	liteio_json_append(pools.objects, pool("n1", "a", "True"));
	liteio_json_append(pools.objects, pool("n2", "a", "True"));
	liteio_json_append(pools.objects, pool("n2.n1", "a", "True"));
	liteio_json_append(volumes.objects,
			   object("{\"metadata\":{\"name\":\"v\"},"
				  "\"spec\":{\"placement\":{\"pool\":\"n1.a\"}}}"));
	liteio_json_append(snapshots.objects, object("{\"metadata\":{\"name\":\"s\"}}"));
	liteio_buf_fini(&queued);
	queued = (struct liteio_buf)LITEIO_BUF_INIT;
}

static void expect(const char *keys)
{
	ck_assert_str_eq(queued.len ? queued.data : "", keys);
	liteio_buf_fini(&queued);
	queued = (struct liteio_buf)LITEIO_BUF_INIT;
}

static void end(void)
{
	liteio_cluster_free(agent.cluster);
	liteio_loop_free(agent.loop);
}

/* old and new are given back */
static void change(struct liteio_json *old, struct liteio_json *now)
{
	pools.fn(pools.arg, old, now);
	liteio_json_unref(old);
	liteio_json_unref(now);
}

START_TEST(all_is_what_is_ours)
{
	start();
	pools.fn(pools.arg, NULL, NULL);
	expect("n/n1 p/n1.a@n1.a v/v@n1.a v@n1.a s/s ");
	liteio_cluster_pools_changed(agent.cluster);
	expect("p/n1.a@n1.a ");
	end();
}
END_TEST

START_TEST(a_pool_of_another_node_is_nothing)
{
	start();
	change(NULL, pool("n2", "b", "False"));
	change(pool("n2", "b", "False"), pool("n2", "b", "True"));
	change(pool("n2", "b", "True"), NULL);
	change(NULL, object("{\"metadata\":{\"name\":\"n1.b\"},\"spec\":{}}"));
	expect("");
	end();
}
END_TEST

START_TEST(one_of_ours_is_looked_at)
{
	start();
	change(pool("n1", "a", "True"), pool("n1", "a", "True"));
	expect("p/n1.a@n1.a ");
	/* and what waits for it */
	change(pool("n1", "a", "True"), pool("n1", "a", "False"));
	expect("p/n1.a@n1.a v/v@n1.a v@n1.a s/s ");
	change(pool("n1", "a", "False"), NULL);
	expect("p/n1.a@n1.a v/v@n1.a v@n1.a s/s ");
	end();
}
END_TEST

UNIT_MAIN("agent-cluster", all_is_what_is_ours, a_pool_of_another_node_is_nothing,
	  one_of_ours_is_looked_at)
