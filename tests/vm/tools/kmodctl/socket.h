/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket to the kernel.
 */
#ifndef LITEIO_KMODCTL_SOCKET_H
#define LITEIO_KMODCTL_SOCKET_H

#include <stdint.h>

#include "request.h"

int socket_open(void);

/* numbers of the family, and of its group of events */
int socket_resolve(int fd, uint32_t *ret_group);

/* leaves the answer unread */
void socket_send(int fd, struct request *r);

/* send, and print what comes back; 0, or 1 when the kernel has refused */
int socket_converse(int fd, struct request *r);

/* print "ready" and then so many events, or all for ever when negative */
int socket_events(int fd, uint32_t group, long count);

#endif
