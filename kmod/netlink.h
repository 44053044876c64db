/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family: the only way in for commands, and the way out for events (events.h).
 */
#ifndef LITEIO_NETLINK_H
#define LITEIO_NETLINK_H

#include <linux/types.h>

struct genl_info;
struct liteio_att;
struct sk_buff;

/**
 * liteio_netlink_init() - take commands
 *
 * Context: process; the registry and the configfs window are ready. Return: 0, or a negative
 * errno.
 */
int liteio_netlink_init(void);

/**
 * liteio_netlink_fini() - take no more commands, send no more events
 *
 * Context: process, waits for commands that are running. Events that come later are dropped.
 */
void liteio_netlink_fini(void);

/* what handlers in other files share */

/**
 * liteio_netlink_att() - who asks, and for which attachment
 * @request: the message
 * @info: the command; gets the sentence of a refusal
 * @ret: the attachment, with a reference
 *
 * Context: process, takes liteio_lock. Return: 0, -EPERM, -EINVAL or -ENOENT.
 */
int liteio_netlink_att(struct sk_buff *request, struct genl_info *info, struct liteio_att **ret);

/**
 * liteio_netlink_answer() - begin an answer
 * @info: the command; gets the sentence of a refusal
 * @size: room for attributes
 * @ret_header: for liteio_netlink_send()
 *
 * Context: process, sleeps. Return: for liteio_netlink_send(), NULL without memory: -ENOMEM.
 */
struct sk_buff *liteio_netlink_answer(struct genl_info *info, size_t size, void **ret_header);

/**
 * liteio_netlink_send() - send an answer, or drop it
 * @skb: the answer, which is gone after
 * @header: from liteio_netlink_answer()
 * @info: the command
 * @error: 0, or why it is dropped
 *
 * Context: process. Return: @error, or why it could not be delivered.
 */
int liteio_netlink_send(struct sk_buff *skb, void *header, struct genl_info *info, int error);

#endif
