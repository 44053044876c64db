/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leader election on a Lease (coordination.k8s.io), by compare-and-swap.
 *
 * Clocks of different machines are never compared: another holder is judged by how long its Lease
 * has not changed as seen from here, on the monotonic clock. Leadership is an optimisation: what
 * must not happen twice is protected by compare-and-swap where it is written.
 */
#ifndef LITEIO_KUBE_LEASE_H
#define LITEIO_KUBE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_error;
struct liteio_kube;
struct liteio_lease;

/**
 * struct liteio_lease_spec - strings are copied; zero takes the default
 * @ns: namespace of the Lease
 * @name: its name
 * @identity: who we are; never that of two processes at a time: a pod's name, "<host>_<uuid>"
 * @duration_ms: others take over when nothing changed for so long, default 15000
 * @deadline_ms: we give up when not renewed for so long, default 10000, less than @duration_ms
 * @retry_ms: time between attempts to acquire or renew, default 2000
 */
struct liteio_lease_spec {
	const char *ns;
	const char *name;
	const char *identity;
	uint64_t duration_ms;
	uint64_t deadline_ms;
	uint64_t retry_ms;
};

/**
 * typedef liteio_lease_fn - leadership was won or lost
 * @arg: of the lease
 * @leading: which of both
 *
 * Context: loop thread. After a loss the lease is tried for again.
 */
typedef void (*liteio_lease_fn)(void *arg, bool leading);

/**
 * liteio_lease_new() - begin to compete
 * @k: a client with a loop
 * @spec: for what, as whom
 * @fn: told about every change
 * @arg: for @fn
 * @ret: the lease, owned by the caller
 * @err: why not
 *
 * Context: loop thread. Return: 0 or a negative errno.
 */
int liteio_lease_new(struct liteio_kube *k, const struct liteio_lease_spec *spec,
		     liteio_lease_fn fn, void *arg, struct liteio_lease **ret,
		     struct liteio_error *err);

/**
 * liteio_lease_free() - stop competing
 * @lease: may be NULL
 *
 * Does not give a held lease back: liteio_lease_release() does, before.
 */
void liteio_lease_free(struct liteio_lease *lease);

/**
 * liteio_lease_release() - stop competing and give the lease back, so that others need not wait
 * @lease: the lease
 * @done: called once, when it was given back or that failed; the caller frees the lease then
 * @arg: for @done
 *
 * To be called when all work done under it has ended. Context: loop thread.
 */
void liteio_lease_release(struct liteio_lease *lease, void (*done)(void *arg), void *arg);

/* are we the leader, as far as can be known now? false once the deadline has passed. Any thread */
bool liteio_lease_held(struct liteio_lease *lease);

/* who holds it as last seen, "" for nobody; borrowed until the loop goes on. Loop thread */
const char *liteio_lease_holder(const struct liteio_lease *lease);
/* the sentence of the last failed attempt, "" when it worked; borrowed likewise */
const char *liteio_lease_problem(const struct liteio_lease *lease);

#endif
