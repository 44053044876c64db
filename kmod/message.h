/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects as netlink messages: sizes and contents.
 */
#ifndef LITEIO_MESSAGE_H
#define LITEIO_MESSAGE_H

#include <linux/skbuff.h>

#include "dirty.h"
#include "liteio.h"

/* enough for the attributes of any one message of the protocol */
#define LITEIO_MESSAGE_SIZE 3584
/* but for DIRTY_FETCH: this much more for each range, a nest of two numbers, each maybe padded */
#define LITEIO_MESSAGE_RANGE_SIZE 36

/**
 * liteio_message_uuid() - put a UUID
 * @skb: message
 * @uuid: the UUID
 *
 * Context: any. Return: 0 or -EMSGSIZE.
 */
int liteio_message_uuid(struct sk_buff *skb, const uuid_t *uuid);

/**
 * liteio_message_u64() - put a number of 64 bits, aligned
 * @skb: message
 * @type: enum liteio_attr
 * @value: the number
 *
 * Context: any. Return: 0 or -EMSGSIZE.
 */
int liteio_message_u64(struct sk_buff *skb, int type, u64 value);

/**
 * liteio_message_vol() - put what VOL_GET answers
 * @skb: message
 * @vol: the volume
 *
 * Context: caller holds liteio_lock. Return: 0 or -EMSGSIZE.
 */
int liteio_message_vol(struct sk_buff *skb, struct liteio_vol *vol);

/**
 * liteio_message_att() - put what ATT_GET answers
 * @skb: message
 * @att: the attachment
 *
 * Context: caller holds liteio_lock. Return: 0 or -EMSGSIZE.
 */
int liteio_message_att(struct sk_buff *skb, struct liteio_att *att);

/**
 * liteio_message_stats() - put what STATS_GET answers
 * @skb: message
 * @att: the attachment
 *
 * Context: caller holds liteio_lock. Return: 0 or -EMSGSIZE.
 */
int liteio_message_stats(struct sk_buff *skb, struct liteio_att *att);

/**
 * liteio_message_fetched() - put what DIRTY_FETCH answers
 * @skb: message
 * @fetch: the answer
 *
 * Context: any. Return: 0 or -EMSGSIZE.
 */
int liteio_message_fetched(struct sk_buff *skb, const struct liteio_dirty_fetch *fetch);

#endif
