/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands about dirty chunks.
 */
#ifndef LITEIO_NETLINK_DIRTY_H
#define LITEIO_NETLINK_DIRTY_H

struct genl_info;
struct sk_buff;

/* handlers of DIRTY_START, DIRTY_STOP, DIRTY_FETCH, as include/uapi/linux/liteio.h specifies them */
int liteio_netlink_dirty_start(struct sk_buff *request, struct genl_info *info);
int liteio_netlink_dirty_stop(struct sk_buff *request, struct genl_info *info);
int liteio_netlink_dirty_fetch(struct sk_buff *request, struct genl_info *info);

#endif
