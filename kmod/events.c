// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending events.
 */
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <net/genetlink.h>

#include "events.h"
#include "message.h"

/* numbers events and keeps them in the order of their numbers; leaf, may be taken in liteio_lock */
static DEFINE_MUTEX(event_mutex);
static u64 event_seq; /* event_mutex */
static const struct genl_family *events_family; /* event_mutex: NULL when it cannot be used */

static int fill_event(struct sk_buff *skb, u32 type, const struct liteio_vol *vol,
		      const struct liteio_att *att, u64 value)
{
	if (liteio_message_u64(skb, LITEIO_A_SEQ, event_seq) ||
	    liteio_message_u64(skb, LITEIO_A_TIME_NS, ktime_get_boottime_ns()) ||
	    nla_put_u32(skb, LITEIO_A_TYPE, type) ||
	    liteio_message_uuid(skb, &vol->uuid) ||
	    (att && liteio_message_u64(skb, LITEIO_A_GEN, att->gen)) ||
	    liteio_message_u64(skb, LITEIO_A_VALUE, value))
		return -EMSGSIZE;
	return 0;
}

/* an event that cannot be sent has a number all the same: listeners see the gap */
static void send_event(u32 type, const struct liteio_vol *vol, const struct liteio_att *att,
		       u64 value)
{
	struct sk_buff *skb;
	void *header;

	lockdep_assert_held(&event_mutex);
	event_seq++;
	if (!genl_has_listeners(events_family, &init_net, 0))
		return;
	skb = genlmsg_new(LITEIO_MESSAGE_SIZE, GFP_NOIO);
	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, events_family, 0, LITEIO_CMD_EVENT);
	if (!header || fill_event(skb, type, vol, att, value)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(events_family, &init_net, skb, 0, 0, GFP_NOIO);
}

static void told(u32 type, const struct liteio_vol *vol, const struct liteio_att *att, u64 value)
{
	mutex_lock(&event_mutex);
	if (events_family)
		send_event(type, vol, att, value);
	mutex_unlock(&event_mutex);
}

const struct liteio_front liteio_events_front = {
	.event = told,
};

void liteio_events_start(const struct genl_family *family)
{
	mutex_lock(&event_mutex);
	events_family = family;
	mutex_unlock(&event_mutex);
}

void liteio_events_stop(void)
{
	liteio_events_start(NULL);
}

u64 liteio_events_seq(void)
{
	u64 seq;

	mutex_lock(&event_mutex);
	seq = event_seq;
	mutex_unlock(&event_mutex);
	return seq;
}
