/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent as the node half of a cluster: it watches the Volumes, Snapshots and StoragePools that
 * are this node's, drives them to what their specs say through the operations of ops.h, and
 * reports what it has observed.
 *
 * Two queues: one for everything, one for fences alone with threads of its own, so that no fence
 * waits behind anything slow. Of each a pool has a share of the threads, so that none waits behind
 * the disk of another pool either. Both read the object, do what cluster_plan.h decides, and report
 * with the resourceVersion of what they read: when both have something to say at the same time,
 * one of them is refused, reads again and decides again.
 */
#ifndef LITEIO_AGENT_CLUSTER_H
#define LITEIO_AGENT_CLUSTER_H

struct liteio_agent;
struct liteio_cluster;
struct liteio_error;

/**
 * liteio_cluster_new() - begin
 * @a: the agent, ready: its pools are open and restored
 * @ret: the cluster half, owned by the caller
 * @err: why not
 *
 * An API server that is away is no failure: it is tried again for ever, and what is exported stays
 * exported meanwhile. Context: loop thread. Return: 0, -ENOENT (not in a pod and no kubeconfig) or
 * another negative errno.
 */
int liteio_cluster_new(struct liteio_agent *a, struct liteio_cluster **ret,
		       struct liteio_error *err);

/* pools may have changed by themselves: look at them again. Context: loop thread */
void liteio_cluster_pools_changed(struct liteio_cluster *c);

/**
 * liteio_cluster_free() - stop
 * @c: may be NULL
 *
 * Waits, bounded, for operations that run; before the pools are released. Context: loop thread.
 */
void liteio_cluster_free(struct liteio_cluster *c);

#endif
