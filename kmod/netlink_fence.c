// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command FENCE.
 */
#include <net/genetlink.h>

#include "fence.h"
#include "message.h"
#include "netlink.h"
#include "netlink_fence.h"
#include "registry.h"
#include "request.h"
#include "volume.h"

static int get_fence(struct sk_buff *request, struct genl_info *info, uuid_t *uuid,
		     struct liteio_fence *fence)
{
	struct nlattr *floor = info->attrs[LITEIO_A_FLOOR];
	struct nlattr *gen = info->attrs[LITEIO_A_GEN];
	int ret;

	ret = liteio_netlink_vol_key(request, info, uuid);
	if (ret)
		return ret;
	if (!floor == !gen)
		return liteio_request_refuse(info->extack, gen, -EINVAL,
						"exactly one of the attributes FLOOR and GEN is needed");
	fence->first = gen ? nla_get_u64(gen) : 0;
	fence->last = gen ? fence->first : nla_get_u64(floor) - 1;
	return 0;
}

static void raise_floor(struct genl_info *info, struct liteio_vol *vol, u64 floor)
{
	if (floor < vol->gens.floor)
		liteio_request_tell(info->extack,
				    "the floor is higher already: nothing has changed");
	else
		liteio_fence_floor(vol, floor);
}

/* close the gates; takes a reference on the volume */
static int fence_close(struct genl_info *info, const uuid_t *uuid, struct liteio_fence *fence)
{
	unsigned int cookie = liteio_registry_lock();
	struct liteio_vol *vol = liteio_netlink_find_vol(uuid, info);
	const char *why = NULL;
	int ret = 0;

	if (!vol)
		ret = -ENOENT;
	else if (info->attrs[LITEIO_A_FLOOR])
		raise_floor(info, vol, fence->last + 1);
	else
		ret = liteio_fence_gen(vol, fence->first, &why);
	if (why)
		liteio_request_refuse(info->extack, NULL, ret, why);
	if (!ret)
		fence->vol = liteio_vol_get(vol);
	liteio_registry_unlock(cookie);
	return ret;
}

static int fence_answer(struct sk_buff *skb, const struct liteio_fence *fence,
			const struct liteio_fence_result *result)
{
	if (liteio_message_uuid(skb, &fence->vol->uuid) ||
	    liteio_message_u64(skb, LITEIO_A_FLOOR, READ_ONCE(fence->vol->gens.floor)) ||
	    nla_put_u8(skb, LITEIO_A_DRAINED, result->is_drained) ||
	    liteio_message_u64(skb, LITEIO_A_INFLIGHT, result->inflight) ||
	    liteio_message_u64(skb, LITEIO_A_WAITED_NS, result->waited_ns))
		return -EMSGSIZE;
	return 0;
}

int liteio_netlink_fence(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr *timeout = info->attrs[LITEIO_A_TIMEOUT_MS];
	struct liteio_fence_result result;
	struct liteio_fence fence;
	struct sk_buff *skb;
	void *header;
	uuid_t uuid;
	int ret;

	ret = get_fence(request, info, &uuid, &fence);
	if (ret)
		return ret;
	/* first, so that a fence that was set is not answered with an error */
	skb = liteio_netlink_answer(info, LITEIO_MESSAGE_SIZE, &header);
	if (!skb)
		return -ENOMEM;

	ret = fence_close(info, &uuid, &fence);
	if (!ret) {
		ret = liteio_fence_wait(&fence,
					timeout ? nla_get_u32(timeout) :
						  LITEIO_FENCE_TIMEOUT_MS_DEF,
					&result);
		if (!ret)
			ret = fence_answer(skb, &fence, &result);
		liteio_vol_put(fence.vol);
	}
	return liteio_netlink_send(skb, header, info, ret);
}
