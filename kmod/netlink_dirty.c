// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands about dirty chunks.
 *
 * All that can fail for lack of memory comes before anything is changed. An answer that was made
 * and cannot be delivered is taken back, so that no mark is lost with it.
 */
#include <linux/slab.h>
#include <net/genetlink.h>

#include "attachment.h"
#include "dirty.h"
#include "message.h"
#include "netlink.h"
#include "netlink_dirty.h"
#include "request.h"

#define FETCH_SIZE (LITEIO_MESSAGE_SIZE + LITEIO_DIRTY_RANGES_MAX * LITEIO_MESSAGE_RANGE_SIZE)

static int refuse_missing(struct genl_info *info, const char *why)
{
	return liteio_request_refuse(info->extack, NULL, -EINVAL, why);
}

static int start(struct genl_info *info, struct liteio_att *att, unsigned int shift)
{
	struct liteio_dirty_state state;
	const char *why = NULL;
	struct sk_buff *skb;
	void *header;
	int ret;

	skb = liteio_netlink_answer(info, LITEIO_MESSAGE_SIZE, &header);
	if (!skb)
		return -ENOMEM;
	ret = liteio_dirty_start(att, shift, &state, &why);
	if (ret)
		liteio_request_refuse(info->extack, NULL, ret, why);
	else if (liteio_message_u64(skb, LITEIO_A_TRACKING, state.tracking) ||
		 liteio_message_u64(skb, LITEIO_A_CHUNKS, state.chunks))
		ret = -EMSGSIZE;
	return liteio_netlink_send(skb, header, info, ret);
}

int liteio_netlink_dirty_start(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr *shift = info->attrs[LITEIO_A_CHUNK_SHIFT];
	struct liteio_att *att;
	int ret;

	ret = liteio_netlink_att(request, info, &att);
	if (ret)
		return ret;
	if (shift)
		ret = start(info, att, nla_get_u32(shift));
	else
		ret = refuse_missing(info, "attribute CHUNK_SHIFT is missing");
	liteio_att_put(att);
	return ret;
}

int liteio_netlink_dirty_stop(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[LITEIO_A_TRACKING];
	u64 tracking = attr ? nla_get_u64(attr) : 0;
	const char *why = NULL;
	struct liteio_att *att;
	int ret;

	ret = liteio_netlink_att(request, info, &att);
	if (ret)
		return ret;
	ret = liteio_dirty_stop(att, attr ? &tracking : NULL, &why);
	if (ret)
		liteio_request_refuse(info->extack, attr, ret, why);
	liteio_att_put(att);
	return ret;
}

static int fetch_and_send(struct genl_info *info, struct liteio_att *att,
			  struct liteio_dirty_fetch *fetch)
{
	const char *why = NULL;
	struct sk_buff *skb;
	void *header;
	int ret;

	skb = liteio_netlink_answer(info, FETCH_SIZE, &header);
	if (!skb)
		return -ENOMEM;
	ret = liteio_dirty_fetch(att, fetch, &why);
	if (ret) {
		liteio_request_refuse(info->extack, NULL, ret, why);
		return liteio_netlink_send(skb, header, info, ret);
	}
	ret = liteio_message_fetched(skb, fetch);
	ret = liteio_netlink_send(skb, header, info, ret);
	if (ret)
		liteio_dirty_take_back(att, fetch);
	return ret;
}

static int fetch(struct genl_info *info, struct liteio_att *att)
{
	struct nlattr **attrs = info->attrs;
	struct liteio_dirty_fetch *fetch;
	int ret;

	if (!attrs[LITEIO_A_TRACKING])
		return refuse_missing(info, "attribute TRACKING is missing");
	fetch = kzalloc(sizeof(*fetch), GFP_KERNEL);
	if (!fetch)
		return liteio_request_refuse(info->extack, NULL, -ENOMEM,
					     "no memory for the answer");
	fetch->tracking = nla_get_u64(attrs[LITEIO_A_TRACKING]);
	fetch->max_chunks = LITEIO_DIRTY_CHUNKS_MAX;
	if (attrs[LITEIO_A_CURSOR])
		fetch->cursor = nla_get_u64(attrs[LITEIO_A_CURSOR]);
	if (attrs[LITEIO_A_MAX_CHUNKS])
		fetch->max_chunks = nla_get_u32(attrs[LITEIO_A_MAX_CHUNKS]);
	if (attrs[LITEIO_A_TICKET])
		fetch->ticket = nla_get_u64(attrs[LITEIO_A_TICKET]);
	ret = fetch_and_send(info, att, fetch);
	kfree(fetch);
	return ret;
}

int liteio_netlink_dirty_fetch(struct sk_buff *request, struct genl_info *info)
{
	struct liteio_att *att;
	int ret;

	ret = liteio_netlink_att(request, info, &att);
	if (ret)
		return ret;
	ret = fetch(info, att);
	liteio_att_put(att);
	return ret;
}
