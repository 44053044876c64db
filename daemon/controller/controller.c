// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The controller's frame: stores, queue, leadership, health; what it does to objects is elsewhere.
 */
#include "controller/controller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_server.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "controller/heartbeat.h"
#include "kube/client.h"
#include "kube/config.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "kube/lease.h"
#include "kube/object.h"
#include "kube/workqueue.h"
#include "model/node.h"

#define THREADS 6
#define STUCK_MS 120000
#define STOP_GRACE_MS 20000
/* long enough for a starved node; being late costs a wait, being two costs nothing */
#define LEASE_MS 20000
#define LEASE_DEADLINE_MS 15000
#define LEASE_RETRY_MS 3000

bool liteio_controller_leads(struct liteio_controller *c)
{
	return !c->stopping && (!c->lease || liteio_lease_held(c->lease));
}

bool liteio_controller_synced(struct liteio_controller *c)
{
	struct liteio_informer *const all[] = { c->volumes, c->snapshots, c->pools, c->nodes,
						c->leases };
	size_t i;

	for (i = 0; i < LITEIO_ARRAY_SIZE(all); i++)
		if (!all[i] || !liteio_informer_synced(all[i]))
			return false;
	return true;
}

void liteio_controller_enqueue(struct liteio_controller *c, char kind, const char *name)
{
	_cleanup_free_ char *key = liteio_strf("%c/%s", kind, name);

	liteio_workqueue_add(c->queue, key);
}

static int work(void *arg, const char *key, uint64_t *ret_again_ms)
{
	struct liteio_controller *c = arg;

	/* what is missed here is put in again by lead() */
	if (!liteio_controller_leads(c) || !liteio_controller_synced(c))
		return 0;
	switch (key[0]) {
	case LITEIO_KEY_VOLUME:
		return liteio_volume_reconcile(c, key + 2, ret_again_ms);
	case LITEIO_KEY_SNAPSHOT:
		return liteio_snapshot_reconcile(c, key + 2, ret_again_ms);
	case LITEIO_KEY_NODE:
		return liteio_node_reconcile(c, key + 2, ret_again_ms);
	default:
		return 0;
	}
}

/* ---- what changes, and who has to look at it ---- */

static void enqueue_all(struct liteio_controller *c, char kind, struct liteio_informer *inf,
			bool (*only)(const struct liteio_json *obj, const char *arg),
			const char *arg)
{
	struct liteio_json *list = liteio_informer_list(inf);
	size_t i;

	for (i = 0; i < liteio_json_len(list); i++) {
		const struct liteio_json *o = liteio_json_at(list, i);

		if (!only || only(o, arg))
			liteio_controller_enqueue(c, kind, liteio_object_name(o));
	}
	liteio_json_unref(list);
}

static bool is_unplaced(const struct liteio_json *obj, const char *arg)
{
	return !liteio_json_get(obj, "spec.placement");
}

static bool is_unplaced_of(const struct liteio_json *obj, const char *volume)
{
	const char *of = liteio_json_get_string(obj, "spec.volume");

	return is_unplaced(obj, NULL) && of && !strcmp(of, volume);
}

static bool is_unplaced_from(const struct liteio_json *obj, const char *snapshot)
{
	const char *from = liteio_json_get_string(obj, "spec.source.snapshot");

	return is_unplaced(obj, NULL) && from && !strcmp(from, snapshot);
}

static bool is_wanted_by(const struct liteio_json *obj, const char *node)
{
	const struct liteio_json *wants = liteio_json_get(obj, "spec.attachments");
	size_t i;

	for (i = 0; i < liteio_json_len(wants); i++) {
		const char *n = liteio_json_get_string(liteio_json_at(wants, i), "node");

		if (n && !strcmp(n, node))
			return true;
	}
	return false;
}

/* a store is complete: everything is looked at once */
static void lead(struct liteio_controller *c)
{
	if (!liteio_controller_leads(c) || !liteio_controller_synced(c))
		return;
	enqueue_all(c, LITEIO_KEY_VOLUME, c->volumes, NULL, NULL);
	enqueue_all(c, LITEIO_KEY_SNAPSHOT, c->snapshots, NULL, NULL);
	enqueue_all(c, LITEIO_KEY_NODE, c->nodes, NULL, NULL);
}

static void on_volume(void *arg, struct liteio_json *old, struct liteio_json *obj)
{
	struct liteio_controller *c = arg;
	const char *name = liteio_object_name(obj ? obj : old);

	if (!obj && !old) {
		lead(c);
		return;
	}
	liteio_controller_enqueue(c, LITEIO_KEY_VOLUME, name);
	enqueue_all(c, LITEIO_KEY_SNAPSHOT, c->snapshots, is_unplaced_of, name);
	/* what it has given back may be what others wait for */
	if (!obj)
		enqueue_all(c, LITEIO_KEY_VOLUME, c->volumes, is_unplaced, NULL);
}

static void on_snapshot(void *arg, struct liteio_json *old, struct liteio_json *obj)
{
	struct liteio_controller *c = arg;
	const char *name = liteio_object_name(obj ? obj : old);

	if (!obj && !old) {
		lead(c);
		return;
	}
	liteio_controller_enqueue(c, LITEIO_KEY_SNAPSHOT, name);
	enqueue_all(c, LITEIO_KEY_VOLUME, c->volumes, is_unplaced_from, name);
}

static void on_pool(void *arg, struct liteio_json *old, struct liteio_json *obj)
{
	struct liteio_controller *c = arg;

	if (!obj && !old)
		lead(c);
	else if (obj)
		enqueue_all(c, LITEIO_KEY_VOLUME, c->volumes, is_unplaced, NULL);
}

static void on_node(void *arg, struct liteio_json *old, struct liteio_json *obj)
{
	struct liteio_controller *c = arg;

	if (!obj && !old) {
		lead(c);
		return;
	}
	if (!obj)
		return;
	liteio_controller_enqueue(c, LITEIO_KEY_NODE, liteio_object_name(obj));
	enqueue_all(c, LITEIO_KEY_VOLUME, c->volumes, is_unplaced, NULL);
	enqueue_all(c, LITEIO_KEY_VOLUME, c->volumes, is_wanted_by, liteio_object_name(obj));
}

static void on_lease(void *arg, struct liteio_json *old, struct liteio_json *obj)
{
	struct liteio_controller *c = arg;
	const char *name = liteio_object_name(obj ? obj : old);
	const size_t prefix = strlen(LITEIO_NODE_LEASE_PREFIX);
	const char *renewed;
	uint64_t duration_ms;

	if (!obj && !old) {
		c->leases_listed = true;
		lead(c);
		return;
	}
	if (strncmp(name, LITEIO_NODE_LEASE_PREFIX, prefix) != 0)
		return;
	name += prefix;
	renewed = liteio_json_get_string(obj, "spec.renewTime");
	duration_ms = (uint64_t)liteio_json_get_int(obj, "spec.leaseDurationSeconds", 0) * 1000;
	if (!obj)
		liteio_heartbeats_forget(c->beats, name);
	else if (renewed)
		liteio_heartbeats_see(c->beats, name, renewed, duration_ms, c->leases_listed,
				      liteio_now_ms());
	liteio_controller_enqueue(c, LITEIO_KEY_NODE, name);
}

static void on_leadership(void *arg, bool leading)
{
	struct liteio_controller *c = arg;

	log_info(NULL, leading ? "leading" : "not leading");
	if (leading)
		lead(c);
}

/* ---- health ---- */

static void on_health(void *arg, struct liteio_http_request *req)
{
	struct liteio_controller *c = arg;
	const char *path = liteio_http_request_path(req);
	unsigned int stuck = c->workers ? liteio_workers_stuck(c->workers, STUCK_MS) : 0;
	const char *body = "ok\n";
	unsigned int status = 200;

	if (strcmp(path, "/healthz") != 0 && strcmp(path, "/readyz") != 0) {
		status = 404;
		body = "there is /healthz and /readyz\n";
	} else if (stuck) {
		status = 503;
		body = "a job is stuck\n";
	} else if (!strcmp(path, "/readyz") && !liteio_controller_synced(c)) {
		status = 503;
		body = "the stores are not filled yet\n";
	}
	liteio_http_reply(req, status, "text/plain", body, strlen(body));
}

/* ---- start and stop ---- */

static int start_stores(struct liteio_controller *c, const char *ns, struct liteio_error *err)
{
	const struct {
		const struct liteio_resource *resource;
		const char *ns;
		liteio_informer_fn fn;
		struct liteio_informer **at;
	} stores[] = {
		{ &liteio_resource_volume, NULL, on_volume, &c->volumes },
		{ &liteio_resource_snapshot, NULL, on_snapshot, &c->snapshots },
		{ &liteio_resource_storagepool, NULL, on_pool, &c->pools },
		{ &liteio_resource_storagenode, NULL, on_node, &c->nodes },
		{ &liteio_resource_lease, ns, on_lease, &c->leases },
	};
	size_t i;
	int r;

	for (i = 0; i < LITEIO_ARRAY_SIZE(stores); i++) {
		struct liteio_informer_spec spec = { .resource = stores[i].resource,
						     .ns = stores[i].ns };

		r = liteio_informer_new(c->kube, &spec, stores[i].fn, c, stores[i].at, err);
		if (r)
			return r;
	}
	return 0;
}

static int connect_kube(struct liteio_controller *c, const char *path, struct liteio_error *err)
{
	struct liteio_kube_config cfg = { 0 };
	int r;

	r = liteio_kube_config_load(path, &cfg, err);
	if (r)
		return r;
	if (cfg.insecure)
		log_warning(NULL, "the API server's certificate is not verified");
	r = liteio_kube_new(c->loop, &cfg, "liteio-controller/1.0.0", &c->kube, err);
	liteio_kube_config_fini(&cfg);
	return r;
}

int liteio_controller_start(struct liteio_controller *c,
			    const struct liteio_controller_options *opt, struct liteio_error *err)
{
	struct liteio_lease_spec lease = { .ns = opt->ns,
					   .name = "liteio-controller",
					   .identity = opt->identity,
					   .duration_ms = LEASE_MS,
					   .deadline_ms = LEASE_DEADLINE_MS,
					   .retry_ms = LEASE_RETRY_MS };
	int r;

	pthread_mutex_init(&c->place_lock, NULL);
	c->beats = liteio_heartbeats_new();
	r = connect_kube(c, opt->kubeconfig, err);
	if (!r)
		r = liteio_workers_new(c->loop, THREADS, &c->workers, err);
	if (!r)
		r = liteio_events_new(c->kube, "liteio.io/controller", opt->identity, &c->events,
				      err);
	if (!r)
		r = liteio_workqueue_new(c->loop, c->workers, NULL, work, c, &c->queue, err);
	if (!r && opt->leader_elect)
		r = liteio_lease_new(c->kube, &lease, on_leadership, c, &c->lease, err);
	if (!r)
		r = start_stores(c, opt->ns, err);
	if (!r && opt->health_address)
		r = liteio_http_server_new(c->loop, opt->health_address, NULL, on_health, c,
					   &c->health, err);
	return r;
}

static void on_released(void *arg)
{
	struct liteio_controller *c = arg;

	liteio_loop_quit(c->loop, 0);
}

void liteio_controller_stop(struct liteio_controller *c)
{
	if (c->stopping)
		return;
	c->stopping = true;
	liteio_workqueue_free(take_ptr(c->queue));
	if (!liteio_workers_free(take_ptr(c->workers), STOP_GRACE_MS))
		log_warning(NULL, "a job did not end in time");
	if (c->lease)
		liteio_lease_release(c->lease, on_released, c);
	else
		liteio_loop_quit(c->loop, 0);
}

void liteio_controller_fini(struct liteio_controller *c)
{
	c->stopping = true;
	liteio_http_server_free(c->health);
	liteio_informer_free(c->volumes);
	liteio_informer_free(c->snapshots);
	liteio_informer_free(c->pools);
	liteio_informer_free(c->nodes);
	liteio_informer_free(c->leases);
	liteio_lease_free(c->lease);
	liteio_workqueue_free(c->queue);
	if (c->workers)
		liteio_workers_free(c->workers, STOP_GRACE_MS);
	liteio_events_free(c->events);
	liteio_kube_free(c->kube);
	liteio_heartbeats_free(c->beats);
	pthread_mutex_destroy(&c->place_lock);
}
