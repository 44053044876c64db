/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gates in the kernel: what the catalog says about a volume, said to the module's registry.
 *
 * A node without the module has no gates: its heads are plain dm-linear and serve only this node.
 * Context of all functions: worker.
 */
#ifndef LITEIO_AGENT_GATE_H
#define LITEIO_AGENT_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct liteio_error;
struct liteio_local_fenced;
struct liteio_netlink;
struct liteio_netlink_fence;

/**
 * liteio_gate_open() - a connection to the module's registry
 * @ret: the connection, or NULL when the module is not loaded; liteio_netlink_close() takes both
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int liteio_gate_open(struct liteio_netlink **ret, struct liteio_error *err);
/* the same, for who asks for what only the module has: -ENOENT, and a sentence, without it */
int liteio_gate_need(struct liteio_netlink **ret, struct liteio_error *err);

/* have a volume in the registry whose floor is at least this; a higher one stays */
int liteio_gate_volume(struct liteio_netlink *nl, const struct liteio_uuid *uuid, const char *name,
		       uint64_t floor, struct liteio_error *err);

/* have an attachment of a volume that is there; -ESTALE when it was fenced */
int liteio_gate_attach(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
		       uint64_t generation, const char *host, bool read_only,
		       struct liteio_error *err);

/* forget an attachment that has no head, and the volume with its last one when @volume says so */
int liteio_gate_detach(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
		       uint64_t generation, bool volume, struct liteio_error *err);

/* forget a volume that is deleted, unless it has attachments; 0 when it was not there */
int liteio_gate_forget(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
		       struct liteio_error *err);

/* the same, of one that the catalog does not have any more; 0 without the module */
int liteio_gate_forget_gone(const struct liteio_uuid *uuid, struct liteio_error *err);

/**
 * liteio_gate_forget_but() - forget a volume whose pool goes, unless the module knows more of it
 * @nl: the registry
 * @uuid: the volume; not there: nothing is done
 * @floor: what the catalog says
 * @n_ended: of so many generations that it has ended one by one
 *
 * What only the module was told of (below) stays there. To ask it and to have it forget are two
 * steps: nobody tells it something in between. What fails is left as it is.
 */
void liteio_gate_forget_but(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			    uint64_t floor, size_t n_ended);

/**
 * liteio_gate_fence_only() - close the gates of a volume that no catalog here says anything of
 * @nl: the registry
 * @uuid: volume, which the module knows
 * @floor: end everything below, or 0
 * @generation: end exactly this one, or 0
 * @timeout_ms: how long to wait for the drain
 * @ret: look at @drained
 * @err: why the gates could not be closed
 *
 * Return: 0, -ENOENT the module does not know the volume, or another negative errno.
 */
int liteio_gate_fence_only(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			   uint64_t floor, uint64_t generation, uint64_t timeout_ms,
			   struct liteio_netlink_fence *ret, struct liteio_error *err);

/* liteio_gate_fence() of what the catalog could not be told of, without waiting for the drain */
int liteio_gate_fence_meanwhile(const struct liteio_uuid *uuid, const char *name, uint64_t floor,
				uint64_t generation);

/**
 * liteio_gate_fence() - close gates and wait for what is behind them
 * @uuid: volume
 * @name: its name, for a registry that does not know it yet
 * @floor: end everything below, or 0
 * @generation: end exactly this one, or 0
 * @timeout_ms: how long to wait for the drain
 * @ret: @floor is that of the kernel, 0 without the module
 * @err: why the gates could not be closed
 *
 * What is told as done was persisted before. A registry that does not know the volume does so then:
 * whoever fences forgets it again if it was being deleted (ops_export.c). A plain head (without the
 * module) gets an error table instead: the suspend before that waits for its I/O. Return: 0 or a
 * negative errno.
 */
int liteio_gate_fence(const struct liteio_uuid *uuid, const char *name, uint64_t floor,
		      uint64_t generation, uint64_t timeout_ms, struct liteio_local_fenced *ret,
		      struct liteio_error *err);

#endif
