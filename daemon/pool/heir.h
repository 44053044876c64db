/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process leaves behind that was killed while one of its threads hangs in the kernel.
 *
 * Such a thread keeps all that the process had open, and with it the locks of all its pools, until
 * its disk answers: pools on disks that are well would be shut with it. They are not, where it can
 * be told that nobody is left who could still write there.
 *
 * Each thread says in its name what it works on: one pool, or nothing but reading. A process that
 * was killed runs no instruction of its own any more: each of its threads ends with the system call
 * that it is in, whenever that returns, and none is new. So what it may still do to a disk is what
 * the names of the threads that are left say, and of a pool that none of them names nobody is left.
 * A name that is none of these, a thread that was not killed, a process that can not be seen from
 * here: then the lock counts as that of a process that lives.
 *
 * The lock of a device is one of LITEIO_HEIR_LOCKS bytes, the first that is free; whoever has one
 * looks at all others after that, and gives way unless they are free, or left behind. So of two
 * that live never both go on, though the first byte becomes free some day, when its thread has
 * ended.
 */
#ifndef LITEIO_POOL_HEIR_H
#define LITEIO_POOL_HEIR_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/uuid.h"

struct liteio_error;

/* as many may hang one after the other, and the last one lives */
#define LITEIO_HEIR_LOCKS 8

/**
 * liteio_heir_begin() - this thread works on a pool from here on
 * @pool: the pool
 *
 * Before the first system call that may write to one of its devices, or change anything in the
 * kernel that stands on them. Within each other they count; two pools at a time are none that can
 * be told. Context: any thread.
 */
void liteio_heir_begin(const struct liteio_uuid *pool);
void liteio_heir_end(void);
/* this thread reads devices, and changes nothing, until it ends */
void liteio_heir_reads(void);

/**
 * liteio_heir_lock() - be the only one who writes to a device
 * @fd: of the device, writable; the lock belongs to it
 * @path: for sentences
 * @pool: what its label says, NULL when it has none: then nobody may have left a lock
 * @err: another process has it
 *
 * Context: blocks as long as /proc does. Return: 0, -EBUSY, or another negative errno.
 */
int liteio_heir_lock(int fd, const char *path, const struct liteio_uuid *pool,
		     struct liteio_error *err);
/* somebody has a lock, living or not; not one of @fd itself */
bool liteio_heir_is_locked(int fd);

#endif
