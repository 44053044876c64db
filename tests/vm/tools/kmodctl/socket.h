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

/* what is done with each message of an answer */
typedef void (*message_fn)(void *arg, const struct nlmsghdr *nl);

/*
 * Send, and give each message that comes back to the function. Returns 0, or the errno, negative,
 * with which the kernel has refused; ret_end, valid until the next call, may say more.
 */
int socket_ask(int fd, struct request *r, message_fn each, void *arg,
	       const struct nlmsghdr **ret_end);

/* send, and print what comes back; 0, or 1 when the kernel has refused */
int socket_converse(int fd, struct request *r);

/*
 * Print "ready" and then so many events, or all for ever when negative; "lost" where the kernel
 * had no room for more in this socket.
 */
int socket_events(int fd, uint32_t group, long count);

#endif
