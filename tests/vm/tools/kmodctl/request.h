/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a request, right or wrong.
 */
#ifndef LITEIO_KMODCTL_REQUEST_H
#define LITEIO_KMODCTL_REQUEST_H

#include <linux/netlink.h>

#include "kmodctl.h"

struct request {
	struct nlmsghdr *nl;
	char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* a request without attributes, that wants an ACK */
void request_init(struct request *r, int family, int cmd);

/* one attribute */
void request_put(struct request *r, int type, const void *data, size_t len);

/* +FLAG and NAME=VALUE */
void request_arguments(struct request *r, char **arguments, int nr);

#endif
