/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * liteio-controller: one context that main.c builds up and takes down.
 *
 * Everything is level-triggered: a change of any object puts keys into one queue, a key is worked
 * on by one thread at a time, which reads the stores, takes one step, and writes it as a
 * compare-and-swap. Only the leader works, which saves work; what makes it safe is the
 * compare-and-swap, with however many leaders.
 */
#ifndef LITEIO_CONTROLLER_CONTROLLER_H
#define LITEIO_CONTROLLER_CONTROLLER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct liteio_error;
struct liteio_events;
struct liteio_heartbeats;
struct liteio_http_server;
struct liteio_informer;
struct liteio_json;
struct liteio_kube;
struct liteio_lease;
struct liteio_loop;
struct liteio_resource;
struct liteio_verdict;
struct liteio_workers;
struct liteio_workqueue;

/* kinds of keys in the queue: one letter, a slash, the object's name */
#define LITEIO_KEY_VOLUME 'v'
#define LITEIO_KEY_SNAPSHOT 's'
#define LITEIO_KEY_NODE 'n'

/**
 * struct liteio_controller_options - from the command line; strings borrowed for ever
 * @kubeconfig: NULL: the pod's service account
 * @leader_elect: compete for the Lease; without, work at once
 * @ns: namespace of the Leases
 * @health_address: "tcp://[::]:9810", NULL for none
 * @identity: who we are in the Lease and in events
 */
struct liteio_controller_options {
	const char *kubeconfig;
	bool leader_elect;
	const char *ns;
	const char *health_address;
	const char *identity;
};

/**
 * struct liteio_controller - the process
 * @loop: of the main thread
 * @workers: threads that reconcile
 * @kube: the API server
 * @events: what people see
 * @queue: keys to look at
 * @lease: leadership, NULL without election
 * @stopping: the program ends: begin nothing
 * @health: endpoint, may be NULL
 * @beats: when each agent was last heard of, own lock
 * @place_lock: placements are decided one after another, so that each sees what the last one took
 * @volumes: store
 * @snapshots: store
 * @pools: store
 * @nodes: store
 * @leases: store of the agents' heartbeats
 * @leases_listed: those that come from now on were made just now; loop thread
 */
struct liteio_controller {
	struct liteio_loop *loop;
	struct liteio_workers *workers;
	struct liteio_kube *kube;
	struct liteio_events *events;
	struct liteio_workqueue *queue;
	struct liteio_lease *lease;
	_Atomic bool stopping;
	struct liteio_http_server *health;
	struct liteio_heartbeats *beats;
	pthread_mutex_t place_lock;
	struct liteio_informer *volumes;
	struct liteio_informer *snapshots;
	struct liteio_informer *pools;
	struct liteio_informer *nodes;
	struct liteio_informer *leases;
	bool leases_listed;
};

/**
 * liteio_controller_start() - connect, and begin to work
 * @c: zeroed, @c->loop set
 * @opt: options
 * @err: why not
 *
 * An API server that is away is no failure: it is tried again for ever.
 * Context: loop thread, before the loop runs. Return: 0 or a negative errno.
 */
int liteio_controller_start(struct liteio_controller *c,
			    const struct liteio_controller_options *opt, struct liteio_error *err);
/* finish what runs, give the lease back, quit the loop. Context: loop thread */
void liteio_controller_stop(struct liteio_controller *c);
/* release all; the loop does not run any more */
void liteio_controller_fini(struct liteio_controller *c);

/* is it us who should work, as far as can be known now? Any thread */
bool liteio_controller_leads(struct liteio_controller *c);
/* have all stores been filled once? Any thread */
bool liteio_controller_synced(struct liteio_controller *c);

/* put a key into the queue; Any thread */
void liteio_controller_enqueue(struct liteio_controller *c, char kind, const char *name);

/**
 * liteio_controller_patch() - one compare-and-swap
 * @c: the controller
 * @res: type of the object
 * @name: of the object
 * @patch: begun with liteio_meta_patch(); the reference is taken over
 * @inf: store that the answer is offered to
 * @obj: the object as read; replaced by the answer (references move)
 * @err: why not; -EAGAIN: somebody else wrote, decide again
 *
 * Context: worker. Return: 0 or a negative errno.
 */
int liteio_controller_patch(struct liteio_controller *c, const struct liteio_resource *res,
			    const char *name, struct liteio_json *patch,
			    struct liteio_informer *inf, struct liteio_json **obj,
			    struct liteio_error *err);

/**
 * liteio_controller_report() - write our conditions of an object, if any differs
 * @c: the controller
 * @res: type of the object
 * @inf: its store
 * @obj: the object as read, replaced by the answer
 * @v: all conditions we own there
 * @n: how many
 * @err: why not
 *
 * Server-side apply of the status with the resourceVersion of @obj. Context: worker.
 * Return: 1 when something was written, 0 when all was said already, or a negative errno.
 */
int liteio_controller_report(struct liteio_controller *c, const struct liteio_resource *res,
			     struct liteio_informer *inf, struct liteio_json **obj,
			     const struct liteio_verdict *v, size_t n, struct liteio_error *err);

/* one look at one object; Context: worker. Return: 0 or a negative errno (again later) */
int liteio_volume_reconcile(struct liteio_controller *c, const char *name, uint64_t *ret_again_ms);
int liteio_snapshot_reconcile(struct liteio_controller *c, const char *name,
			      uint64_t *ret_again_ms);
int liteio_node_reconcile(struct liteio_controller *c, const char *name, uint64_t *ret_again_ms);

#endif
