/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command FENCE.
 */
#ifndef LITEIO_NETLINK_FENCE_H
#define LITEIO_NETLINK_FENCE_H

struct genl_info;
struct sk_buff;

/* handler of FENCE, as include/uapi/linux/liteio.h specifies it */
int liteio_netlink_fence(struct sk_buff *request, struct genl_info *info);

#endif
