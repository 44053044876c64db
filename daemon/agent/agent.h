/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent: one context that main.c builds up and takes down, and everything else is handed.
 */
#ifndef LITEIO_AGENT_AGENT_H
#define LITEIO_AGENT_AGENT_H

#include <stdbool.h>

#include "agent/config.h"
#include "agent/counters.h"
#include "agent/events.h"
#include "agent/node.h"
#include "agent/node_lock.h"
#include "base/worker.h"

struct liteio_cluster;
struct liteio_door;
struct liteio_http_server;
struct liteio_jobs;
struct liteio_locks;
struct liteio_loop;
struct liteio_metrics;
struct liteio_operations;
struct liteio_pools;
struct liteio_used;
struct liteio_arrival;
struct liteio_watch;

#define LITEIO_AGENT_VERSION "1.0.0"

/**
 * struct liteio_agent - the process
 * @loop: of the main thread
 * @workers: threads for operations (ops.h)
 * @urgent: threads for fences alone, so that none waits behind anything slow
 * @looks: threads for questions to pools, see liteio_pools_look(); a disk that hangs keeps one
 * @askers: threads that wait for those, see liteio_pools_each()
 * @thawers: threads for liteio_thaw()
 * @argc: the command line, for a reload
 * @argv: likewise
 * @config: from file and command line; constant after the start, but for the keys that a reload
 *          takes over (LITEIO_FIELD_LIVE), which only the loop thread uses
 * @identity: name, host NQN and so on, constant after the start
 * @pools: open pools, see pools.h; own lock
 * @used: what the kernel has said of volumes, see used.h; own lock
 * @locks: one operation at a time on one volume, see locks.h; own lock
 * @door: whether remote consumers are let in, see door.h; own lock
 * @api: the local API
 * @jobs: what it was asked for and has not ended, see jobs.h; loop thread
 * @operations: what was told to go on, see operations.h; loop thread
 * @listeners: to what happens, see events.h
 * @counters: what it was asked
 * @metrics: the server of /metrics, NULL when none is wanted
 * @cluster: the half that talks to Kubernetes (cluster.h): liteio_cluster_new(agent,
 *           &agent->cluster, err) once @ready is set, liteio_cluster_free() at the end; NULL when
 *           standalone
 * @arrival: disks that come late, NULL before all pools that were there are open
 * @watch: what device-mapper says of pools, NULL when it can not be listened to
 * @dead: @ret_dead of liteio_node_lock()
 * @dead_io: on each of @dead, until that can be read
 * @try_later: has what failed, and nobody will ask for again, tried again; loop thread; may be NULL
 * @look: something may have become of a pool: have them looked at; loop thread; may be NULL
 * @restore_end_ms: until then the start waits for pools that are being brought back; see restore.h
 * @ready: every pool known at start is open and restored, but for those whose disks do not answer
 *         or take long; set once, read by any thread. Before that operations answer -EAGAIN
 */
struct liteio_agent {
	struct liteio_loop *loop;
	struct liteio_workers *workers;
	struct liteio_workers *urgent;
	struct liteio_workers *looks;
	struct liteio_workers *askers;
	struct liteio_workers *thawers;
	int argc;
	char **argv;
	struct liteio_config config;
	struct liteio_identity identity;
	struct liteio_pools *pools;
	struct liteio_used *used;
	struct liteio_locks *locks;
	struct liteio_door *door;
	struct liteio_http_server *api;
	struct liteio_jobs *jobs;
	struct liteio_operations *operations;
	struct liteio_listeners listeners;
	struct liteio_counters counters;
	struct liteio_metrics *metrics;
	struct liteio_cluster *cluster;
	struct liteio_arrival *arrival;
	struct liteio_watch *watch;
	struct liteio_dead dead;
	struct liteio_io *dead_io[LITEIO_DEAD_MAX];
	void (*try_later)(struct liteio_agent *a);
	void (*look)(struct liteio_agent *a);
	_Atomic uint64_t restore_end_ms;
	_Atomic bool ready;
};

/* something takes long: a disk that hangs does not say so, this is how one notices. Loop thread */
static inline void liteio_agent_look(struct liteio_agent *a)
{
	if (a->look)
		a->look(a);
}

/* no operation is allowed to take this long */
#define LITEIO_AGENT_STUCK_MS 300000

/* jobs that have; any thread */
static inline unsigned int liteio_agent_stuck(struct liteio_agent *a)
{
	return liteio_workers_stuck(a->workers, LITEIO_AGENT_STUCK_MS) +
	       liteio_workers_stuck(a->urgent, LITEIO_AGENT_STUCK_MS) +
	       liteio_workers_stuck(a->looks, LITEIO_AGENT_STUCK_MS);
}

#endif
