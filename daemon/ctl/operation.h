/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for an operation of the agent of this node.
 */
#ifndef LITEIO_CTL_OPERATION_H
#define LITEIO_CTL_OPERATION_H

struct liteio_error;
struct liteio_json;

/**
 * liteio_operation_wait() - until it has ended, however long that takes
 * @socket: of the agent
 * @uuid: of the operation
 * @ret: the operation as it ended, owned by the caller, also when it failed
 * @err: why it failed, or why nothing is known of its end
 *
 * On standard error, when that is a terminal, is drawn how far it is. Return: 0 or a negative
 * errno; with -EREMOTEIO @ret is set.
 */
int liteio_operation_wait(const char *socket, const char *uuid, struct liteio_json **ret,
			  struct liteio_error *err);

#endif
