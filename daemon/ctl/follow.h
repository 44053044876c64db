/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * liteioctl events --follow, liteioctl module events --follow.
 */
#ifndef LITEIO_CTL_FOLLOW_H
#define LITEIO_CTL_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

struct liteio_error;

/**
 * liteio_follow() - write down what happens, as it happens
 * @socket: of the agent
 * @path: of the events
 * @count: events after which to end; 0 for none. That events were lost counts as one
 * @json: the agent's own lines, but for those that only say that it is there
 * @err: why it could not go on: the agent or the module has gone
 *
 * Until it is interrupted, or has seen enough. Return: 0 or a negative errno.
 */
int liteio_follow(const char *socket, const char *path, uint64_t count, bool json,
		  struct liteio_error *err);

#endif
