/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Letting go of a remote volume without ever hanging: for a detach, and for the shutdown of the
 * node.
 */
#ifndef LITEIO_AGENT_RELEASE_H
#define LITEIO_AGENT_RELEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"

struct liteio_error;
struct liteio_head_state;

/**
 * liteio_release_is_closed() - does nobody have it open any more?
 * @io: a head that exists; looked at again as long as it is waited for
 *
 * Who has just unmounted a file system may not be the last: udevd looks at the device, or a
 * container that is being made holds a copy of the mount for a moment. They are waited for, a few
 * seconds; a true user is not.
 *
 * Context: worker. Return: true when it is closed.
 */
bool liteio_release_is_closed(struct liteio_head_state *io);

/**
 * liteio_release_remote() - remove head, controller and gate of a remote attachment
 * @uuid: volume
 * @generation: of the attachment
 * @force: although the head is open: its I/O fails, and it goes when its last opener leaves
 * @timeout_ms: bound for the kernel to delete a controller
 * @err: -EBUSY when it stays open and @force is not set
 *
 * Context: worker. Return: 0 (also when there was nothing) or a negative errno.
 */
int liteio_release_remote(const struct liteio_uuid *uuid, uint64_t generation, bool force,
			  uint64_t timeout_ms, struct liteio_error *err);

/**
 * liteio_release_all() - let go of every remote attachment of this node
 *
 * For the node's shutdown, before the network goes: what is mounted is unmounted, as soon as those
 * who use it have ended; what is then still open, or has no path, gets errors instead of a hang.
 * Bounded; needs no running agent. What fails is logged. Return: how many could not be released.
 */
unsigned int liteio_release_all(void);

#endif
