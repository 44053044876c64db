// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of the family "liteio", as include/uapi/linux/liteio.h specifies them.
 *
 * Handlers check attributes, take liteio_lock, call the registry, answer. Every refusal sets one
 * sentence. parallel_ops: commands lock for themselves, so that one that waits holds up no other.
 * Only who registers a family waits for it, and all who ask meanwhile for that one: see FENCE.
 */
#include <linux/capability.h>
#include <net/genetlink.h>

#include "attachment.h"
#include "compat.h"
#include "dirty.h"
#include "events.h"
#include "message.h"
#include "netlink.h"
#include "netlink_dirty.h"
#include "netlink_fence.h"
#include "registry.h"
#include "request.h"
#include "stats.h"
#include "volume.h"

static struct genl_family family;

/* not const: some kernels keep a plain pointer to it */
static struct netlink_range_validation gen_range = {
	.min = LITEIO_GEN_MIN,
	.max = LITEIO_GEN_MAX,
};

static struct netlink_range_validation iops_range = {
	.max = LITEIO_QOS_IOPS_MAX,
};

static struct netlink_range_validation bps_range = {
	.max = LITEIO_QOS_BPS_MAX,
};

/* beyond what fits into the policy itself */
static struct netlink_range_validation max_chunks_range = {
	.min = 1,
	.max = LITEIO_DIRTY_CHUNKS_MAX,
};

#define UUID_POLICY NLA_POLICY_EXACT_LEN(LITEIO_UUID_LEN)
#define GEN_POLICY NLA_POLICY_FULL_RANGE(NLA_U64, &gen_range)
#define IOPS_POLICY NLA_POLICY_FULL_RANGE(NLA_U64, &iops_range)
#define BPS_POLICY NLA_POLICY_FULL_RANGE(NLA_U64, &bps_range)

/* what is not listed for a command is refused */
static const struct nla_policy info_policy[LITEIO_A_MAX + 1] = {};

static const struct nla_policy qos_policy[LITEIO_QOS_A_MAX + 1] = {
	[LITEIO_QOS_A_RIOPS] = IOPS_POLICY,
	[LITEIO_QOS_A_WIOPS] = IOPS_POLICY,
	[LITEIO_QOS_A_RBPS] = BPS_POLICY,
	[LITEIO_QOS_A_WBPS] = BPS_POLICY,
	[LITEIO_QOS_A_BURST_MS] = NLA_POLICY_RANGE(NLA_U32, LITEIO_QOS_BURST_MS_MIN,
						   LITEIO_QOS_BURST_MS_MAX),
};

static const struct nla_policy vol_set_policy[LITEIO_A_MAX + 1] = {
	[LITEIO_A_UUID] = UUID_POLICY,
	[LITEIO_A_NAME] = { .type = NLA_NUL_STRING, .len = LITEIO_NAME_MAX },
	[LITEIO_A_FLOOR] = GEN_POLICY,
	[LITEIO_A_QOS] = NLA_POLICY_NESTED(qos_policy),
};

static const struct nla_policy vol_policy[LITEIO_A_MAX + 1] = {
	[LITEIO_A_UUID] = UUID_POLICY,
};

static const struct nla_policy att_add_policy[LITEIO_A_MAX + 1] = {
	[LITEIO_A_UUID] = UUID_POLICY,
	[LITEIO_A_GEN] = GEN_POLICY,
	[LITEIO_A_HOST] = { .type = NLA_NUL_STRING, .len = LITEIO_HOST_MAX },
	[LITEIO_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, LITEIO_ATT_RO),
};

static const struct nla_policy att_policy[LITEIO_A_MAX + 1] = {
	[LITEIO_A_UUID] = UUID_POLICY,
	[LITEIO_A_GEN] = GEN_POLICY,
};

static const struct nla_policy fence_policy[LITEIO_A_MAX + 1] = {
	[LITEIO_A_UUID] = UUID_POLICY,
	[LITEIO_A_FLOOR] = GEN_POLICY,
	[LITEIO_A_GEN] = GEN_POLICY,
	[LITEIO_A_TIMEOUT_MS] = NLA_POLICY_MAX(NLA_U32, LITEIO_FENCE_TIMEOUT_MS_MAX),
};

static const struct nla_policy dirty_start_policy[LITEIO_A_MAX + 1] = {
	[LITEIO_A_UUID] = UUID_POLICY,
	[LITEIO_A_GEN] = GEN_POLICY,
	[LITEIO_A_CHUNK_SHIFT] = NLA_POLICY_RANGE(NLA_U32, LITEIO_DIRTY_SHIFT_MIN,
						  LITEIO_DIRTY_SHIFT_MAX),
};

static const struct nla_policy dirty_stop_policy[LITEIO_A_MAX + 1] = {
	[LITEIO_A_UUID] = UUID_POLICY,
	[LITEIO_A_GEN] = GEN_POLICY,
	[LITEIO_A_TRACKING] = { .type = NLA_U64 },
};

static const struct nla_policy dirty_fetch_policy[LITEIO_A_MAX + 1] = {
	[LITEIO_A_UUID] = UUID_POLICY,
	[LITEIO_A_GEN] = GEN_POLICY,
	[LITEIO_A_TRACKING] = { .type = NLA_U64 },
	[LITEIO_A_CURSOR] = { .type = NLA_U64 },
	[LITEIO_A_MAX_CHUNKS] = NLA_POLICY_FULL_RANGE(NLA_U32, &max_chunks_range),
	[LITEIO_A_TICKET] = { .type = NLA_U64 },
};

/* --- requests -------------------------------------------------------------------------------- */

static int check_allowed(struct sk_buff *skb, struct netlink_ext_ack *extack)
{
	if (netlink_capable(skb, CAP_SYS_ADMIN))
		return 0;
	return liteio_request_refuse(extack, NULL, -EPERM, "only with CAP_SYS_ADMIN");
}

struct liteio_vol *liteio_netlink_find_vol(const uuid_t *uuid, struct genl_info *info)
{
	struct liteio_vol *vol = liteio_vol_find(uuid);

	if (!vol)
		liteio_request_refuse(info->extack, info->attrs[LITEIO_A_UUID], -ENOENT,
				      "no such volume");
	return vol;
}

/* the attachment that the request names; caller holds liteio_lock */
static struct liteio_att *find_att(const uuid_t *uuid, u64 gen, struct genl_info *info)
{
	struct liteio_vol *vol = liteio_netlink_find_vol(uuid, info);
	struct liteio_att *att = vol ? liteio_att_find(vol, gen) : NULL;

	if (vol && !att)
		liteio_request_refuse(info->extack, info->attrs[LITEIO_A_GEN], -ENOENT,
				      "no such attachment");
	return att;
}

/* --- answers --------------------------------------------------------------------------------- */

struct sk_buff *liteio_netlink_answer(struct genl_info *info, size_t size, void **ret_header)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (skb) {
		*ret_header = genlmsg_put_reply(skb, info, &family, 0, info->genlhdr->cmd);
		if (*ret_header)
			return skb;
		nlmsg_free(skb);
	}
	liteio_request_refuse(info->extack, NULL, -ENOMEM, "no memory for the answer");
	return NULL;
}

int liteio_netlink_send(struct sk_buff *skb, void *header, struct genl_info *info, int error)
{
	if (error) {
		nlmsg_free(skb);
		return error;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

int liteio_netlink_vol_key(struct sk_buff *request, struct genl_info *info, uuid_t *uuid)
{
	int ret = check_allowed(request, info->extack);

	return ret ? ret : liteio_request_uuid(info->attrs, info->extack, uuid);
}

static int get_att_key(struct sk_buff *request, struct genl_info *info, uuid_t *uuid, u64 *gen)
{
	int ret = liteio_netlink_vol_key(request, info, uuid);

	return ret ? ret : liteio_request_gen(info->attrs, info->extack, gen);
}

int liteio_netlink_att(struct sk_buff *request, struct genl_info *info, struct liteio_att **ret)
{
	struct liteio_att *att;
	unsigned int cookie;
	uuid_t uuid;
	int error;
	u64 gen;

	error = get_att_key(request, info, &uuid, &gen);
	if (error)
		return error;
	cookie = liteio_registry_lock();
	att = find_att(&uuid, gen, info);
	if (att)
		*ret = liteio_att_get(att);
	liteio_registry_unlock(cookie);
	return att ? 0 : -ENOENT;
}

/* --- volumes --------------------------------------------------------------------------------- */

static int do_vol_set(struct sk_buff *request, struct genl_info *info)
{
	struct liteio_vol_spec spec = {
		.is_create = info->nlhdr->nlmsg_flags & NLM_F_CREATE,
		.is_exclusive = info->nlhdr->nlmsg_flags & NLM_F_EXCL,
	};
	const char *why = NULL;
	int ret;

	ret = liteio_netlink_vol_key(request, info, &spec.uuid);
	if (!ret)
		ret = liteio_request_text(info->attrs[LITEIO_A_NAME], info->extack, &spec.name);
	if (!ret)
		ret = liteio_request_limits(info->attrs[LITEIO_A_QOS], info->extack, &spec);
	if (ret)
		return ret;
	if (info->attrs[LITEIO_A_FLOOR])
		spec.floor = nla_get_u64(info->attrs[LITEIO_A_FLOOR]);

	ret = liteio_vol_set(&spec, &why);
	return ret ? liteio_request_refuse(info->extack, NULL, ret, why) : 0;
}

/* a command that was refused because of the volume it names, or otherwise */
static int refuse_vol(struct genl_info *info, int error, const char *why)
{
	struct nlattr *attr = error == -ENOENT ? info->attrs[LITEIO_A_UUID] : NULL;

	return liteio_request_refuse(info->extack, attr, error, why);
}

static int do_vol_del(struct sk_buff *request, struct genl_info *info)
{
	const char *why = NULL;
	uuid_t uuid;
	int ret;

	ret = liteio_netlink_vol_key(request, info, &uuid);
	if (ret)
		return ret;
	ret = liteio_vol_delete(&uuid, &why);
	return ret ? refuse_vol(info, ret, why) : 0;
}

static int do_vol_get(struct sk_buff *request, struct genl_info *info)
{
	struct liteio_vol *vol;
	struct sk_buff *skb;
	unsigned int cookie;
	void *header;
	uuid_t uuid;
	int ret;

	ret = liteio_netlink_vol_key(request, info, &uuid);
	if (ret)
		return ret;
	skb = liteio_netlink_answer(info, LITEIO_MESSAGE_SIZE, &header);
	if (!skb)
		return -ENOMEM;

	cookie = liteio_registry_lock();
	vol = liteio_netlink_find_vol(&uuid, info);
	ret = vol ? liteio_message_vol(skb, vol) : -ENOENT;
	liteio_registry_unlock(cookie);
	return liteio_netlink_send(skb, header, info, ret);
}

/* --- attachments ----------------------------------------------------------------------------- */

static int do_att_add(struct sk_buff *request, struct genl_info *info)
{
	const char *host = NULL, *why = NULL;
	struct liteio_att *att;
	u32 flags = 0;
	uuid_t uuid;
	u64 gen;
	int ret;

	ret = get_att_key(request, info, &uuid, &gen);
	if (!ret)
		ret = liteio_request_text(info->attrs[LITEIO_A_HOST], info->extack, &host);
	if (ret)
		return ret;
	if (info->attrs[LITEIO_A_FLAGS])
		flags = nla_get_u32(info->attrs[LITEIO_A_FLAGS]);
	att = liteio_att_new(gen, host, flags);
	if (!att)
		return liteio_request_refuse(info->extack, NULL, -ENOMEM,
					     "no memory for the attachment");
	ret = liteio_att_add(&uuid, att, &why);
	if (!ret)
		return 0;
	liteio_att_put(att);
	return refuse_vol(info, ret, why);
}

static int do_att_del(struct sk_buff *request, struct genl_info *info)
{
	const char *why = NULL;
	uuid_t uuid;
	u64 gen;
	int ret;

	ret = get_att_key(request, info, &uuid, &gen);
	if (ret)
		return ret;
	ret = liteio_att_delete(&uuid, gen, &why);
	return ret ? liteio_request_refuse(info->extack, NULL, ret, why) : 0;
}

typedef int (*fill_att_fn)(struct sk_buff *skb, struct liteio_att *att);

static fill_att_fn att_filler(u8 cmd)
{
	return cmd == LITEIO_CMD_STATS_GET ? liteio_message_stats : liteio_message_att;
}

/* ATT_GET and STATS_GET */
static int do_att_get(struct sk_buff *request, struct genl_info *info)
{
	struct liteio_att *att;
	struct sk_buff *skb;
	unsigned int cookie;
	fill_att_fn fill;
	void *header;
	uuid_t uuid;
	u64 gen;
	int ret;

	ret = get_att_key(request, info, &uuid, &gen);
	if (ret)
		return ret;
	skb = liteio_netlink_answer(info, LITEIO_MESSAGE_SIZE, &header);
	if (!skb)
		return -ENOMEM;

	cookie = liteio_registry_lock();
	att = find_att(&uuid, gen, info);
	fill = att_filler(info->genlhdr->cmd);
	ret = att ? fill(skb, att) : -ENOENT;
	liteio_registry_unlock(cookie);
	return liteio_netlink_send(skb, header, info, ret);
}

/* --- dumps ----------------------------------------------------------------------------------- */

static int start_vol_dump(struct netlink_callback *cb)
{
	struct nlattr *attr = liteio_dump_attrs(cb)[LITEIO_A_UUID];
	int ret = check_allowed(cb->skb, cb->extack);

	if (!ret && attr)
		ret = liteio_request_refuse(cb->extack, attr, -EINVAL,
					    "a dump of volumes takes no UUID");
	return ret;
}

static int dump_vols(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned int cookie = liteio_registry_lock();
	struct liteio_vol *vol;
	void *header;

	cb->seq = liteio_registry_changes();
	for (vol = liteio_vol_after(cb->args[0]); vol; vol = liteio_vol_next(vol)) {
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				     NLM_F_MULTI, LITEIO_CMD_VOL_GET);
		if (!header)
			break;
		genl_dump_check_consistent(cb, header);
		if (liteio_message_vol(skb, vol)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		cb->args[0] = vol->id;
	}
	liteio_registry_unlock(cookie);
	return vol && !skb->len ? -EMSGSIZE : skb->len;
}

static int start_att_dump(struct netlink_callback *cb)
{
	struct nlattr **attrs = liteio_dump_attrs(cb);
	struct liteio_vol *vol;
	unsigned int cookie;
	uuid_t uuid;
	int ret;

	ret = check_allowed(cb->skb, cb->extack);
	if (ret)
		return ret;
	if (attrs[LITEIO_A_GEN])
		return liteio_request_refuse(cb->extack, attrs[LITEIO_A_GEN], -EINVAL,
					     "a dump of attachments takes no GEN");
	if (!attrs[LITEIO_A_UUID])
		return 0;
	ret = liteio_request_uuid(attrs, cb->extack, &uuid);
	if (ret)
		return ret;
	cookie = liteio_registry_lock();
	vol = liteio_vol_find(&uuid);
	liteio_registry_unlock(cookie);
	return vol ? 0 : liteio_request_refuse(cb->extack, attrs[LITEIO_A_UUID], -ENOENT,
					       "no such volume");
}

static bool is_wanted(const struct liteio_att *att, struct nlattr *uuid)
{
	return !uuid || !memcmp(att->vol->uuid.b, nla_data(uuid), LITEIO_UUID_LEN);
}

/* ATT_GET and STATS_GET */
static int dump_atts(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *uuid = liteio_dump_attrs(cb)[LITEIO_A_UUID];
	u8 cmd = ((struct genlmsghdr *)nlmsg_data(cb->nlh))->cmd;
	unsigned int cookie = liteio_registry_lock();
	struct liteio_att *att;
	void *header;

	cb->seq = liteio_registry_changes();
	for (att = liteio_att_after(cb->args[0]); att; att = liteio_att_next(att)) {
		if (is_wanted(att, uuid)) {
			header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
					     &family, NLM_F_MULTI, cmd);
			if (!header)
				break;
			genl_dump_check_consistent(cb, header);
			if (att_filler(cmd)(skb, att)) {
				genlmsg_cancel(skb, header);
				break;
			}
			genlmsg_end(skb, header);
		}
		cb->args[0] = att->id;
	}
	liteio_registry_unlock(cookie);
	return att && !skb->len ? -EMSGSIZE : skb->len;
}

static int do_info_get(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb;
	void *header;
	int ret;

	ret = check_allowed(request, info->extack);
	if (ret)
		return ret;
	skb = liteio_netlink_answer(info, LITEIO_MESSAGE_SIZE, &header);
	if (!skb)
		return -ENOMEM;
	if (nla_put_u32(skb, LITEIO_A_VERSION, LITEIO_GENL_VERSION) ||
	    nla_put_string(skb, LITEIO_A_MODULE, LITEIO_VERSION) ||
	    liteio_message_u64(skb, LITEIO_A_FEATURES, liteio_registry_features()) ||
	    nla_put(skb, LITEIO_A_INSTANCE, LITEIO_UUID_LEN, liteio_registry_instance()) ||
	    liteio_message_u64(skb, LITEIO_A_EVENT_SEQ, liteio_events_seq()) ||
	    liteio_message_u64(skb, LITEIO_A_STATS_BYTES, liteio_stats_bytes()) ||
	    liteio_message_u64(skb, LITEIO_A_DIRTY_BYTES, liteio_dirty_bytes()))
		ret = -EMSGSIZE;
	return liteio_netlink_send(skb, header, info, ret);
}

/* --- the family ------------------------------------------------------------------------------ */

#define OP(_cmd, _policy, ...) { .cmd = (_cmd), .policy = (_policy), .maxattr = LITEIO_A_MAX, \
				 __VA_ARGS__ }

static const struct genl_ops ops[] = {
	OP(LITEIO_CMD_INFO_GET, info_policy, .doit = do_info_get),
	OP(LITEIO_CMD_VOL_SET, vol_set_policy, .doit = do_vol_set),
	OP(LITEIO_CMD_VOL_GET, vol_policy, .doit = do_vol_get, .start = start_vol_dump,
	   .dumpit = dump_vols),
	OP(LITEIO_CMD_VOL_DEL, vol_policy, .doit = do_vol_del),
	OP(LITEIO_CMD_ATT_ADD, att_add_policy, .doit = do_att_add),
	OP(LITEIO_CMD_ATT_GET, att_policy, .doit = do_att_get, .start = start_att_dump,
	   .dumpit = dump_atts),
	OP(LITEIO_CMD_ATT_DEL, att_policy, .doit = do_att_del),
	OP(LITEIO_CMD_FENCE, fence_policy, .doit = liteio_netlink_fence),
	OP(LITEIO_CMD_STATS_GET, att_policy, .doit = do_att_get, .start = start_att_dump,
	   .dumpit = dump_atts),
	OP(LITEIO_CMD_DIRTY_START, dirty_start_policy, .doit = liteio_netlink_dirty_start),
	OP(LITEIO_CMD_DIRTY_STOP, dirty_stop_policy, .doit = liteio_netlink_dirty_stop),
	OP(LITEIO_CMD_DIRTY_FETCH, dirty_fetch_policy, .doit = liteio_netlink_dirty_fetch),
};

static const struct genl_multicast_group groups[] = {
	{ .name = LITEIO_GENL_GROUP_EVENTS, .flags = GENL_MCAST_CAP_SYS_ADMIN },
};

static struct genl_family family __ro_after_init = {
	.name = LITEIO_GENL_NAME,
	.version = LITEIO_GENL_VERSION,
	.maxattr = LITEIO_A_MAX,
	.module = THIS_MODULE,
	.netnsok = false,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	/* for newer commands the core refuses NLM_F_CREATE and NLM_F_EXCL, which VOL_SET knows */
	.resv_start_op = LITEIO_CMD_MAX + 1,
};

int liteio_netlink_init(void)
{
	int ret = genl_register_family(&family);

	if (!ret)
		liteio_events_start(&family);
	return ret;
}

void liteio_netlink_fini(void)
{
	liteio_events_stop();
	genl_unregister_family(&family);
}
