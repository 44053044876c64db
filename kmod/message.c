// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filling netlink messages from objects.
 */
#include <linux/ktime.h>
#include <net/netlink.h>

#include "attachment.h"
#include "message.h"
#include "qos.h"
#include "stats.h"
#include "volume.h"

int liteio_message_uuid(struct sk_buff *skb, const uuid_t *uuid)
{
	return nla_put(skb, LITEIO_A_UUID, sizeof(uuid->b), uuid->b);
}

int liteio_message_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, LITEIO_A_PAD);
}

static int put_limits(struct sk_buff *skb, struct liteio_vol *vol)
{
	struct nlattr *nest = nla_nest_start(skb, LITEIO_A_QOS);
	struct liteio_limits limits;
	const u64 *value = limits.value;

	if (!nest)
		return -EMSGSIZE;
	liteio_qos_limits(vol->qos, &limits);
	if (nla_put_u64_64bit(skb, LITEIO_QOS_A_RIOPS, value[LITEIO_LIMIT_RIOPS],
			      LITEIO_QOS_A_PAD) ||
	    nla_put_u64_64bit(skb, LITEIO_QOS_A_WIOPS, value[LITEIO_LIMIT_WIOPS],
			      LITEIO_QOS_A_PAD) ||
	    nla_put_u64_64bit(skb, LITEIO_QOS_A_RBPS, value[LITEIO_LIMIT_RBPS],
			      LITEIO_QOS_A_PAD) ||
	    nla_put_u64_64bit(skb, LITEIO_QOS_A_WBPS, value[LITEIO_LIMIT_WBPS],
			      LITEIO_QOS_A_PAD) ||
	    nla_put_u32(skb, LITEIO_QOS_A_BURST_MS, value[LITEIO_LIMIT_BURST_MS])) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int put_throttle(struct sk_buff *skb, struct liteio_vol *vol, enum liteio_dir dir)
{
	struct nlattr *nest = nla_nest_start(skb, LITEIO_A_THROTTLE);
	struct liteio_throttle seen;

	if (!nest)
		return -EMSGSIZE;
	liteio_qos_throttle(vol->qos, dir, &seen);
	if (nla_put_u32(skb, LITEIO_THROTTLE_A_ID,
			dir == LITEIO_DIR_READ ? LITEIO_CLASS_READ : LITEIO_CLASS_WRITE) ||
	    nla_put_u64_64bit(skb, LITEIO_THROTTLE_A_QUEUED, seen.queued,
			      LITEIO_THROTTLE_A_PAD) ||
	    nla_put_u64_64bit(skb, LITEIO_THROTTLE_A_THROTTLED, seen.throttled,
			      LITEIO_THROTTLE_A_PAD) ||
	    nla_put_u64_64bit(skb, LITEIO_THROTTLE_A_IOPS_NS, seen.over_ns[LITEIO_QOS_IOPS],
			      LITEIO_THROTTLE_A_PAD) ||
	    nla_put_u64_64bit(skb, LITEIO_THROTTLE_A_BPS_NS, seen.over_ns[LITEIO_QOS_BPS],
			      LITEIO_THROTTLE_A_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

int liteio_message_vol(struct sk_buff *skb, struct liteio_vol *vol)
{
	if (liteio_message_uuid(skb, &vol->uuid) ||
	    nla_put_string(skb, LITEIO_A_NAME, vol->name) ||
	    liteio_message_u64(skb, LITEIO_A_FLOOR, vol->gens.floor) ||
	    nla_put_u32(skb, LITEIO_A_BARRED, vol->gens.nr_barred) ||
	    nla_put_u32(skb, LITEIO_A_ATTACHMENTS, vol->nr_attachments) ||
	    put_limits(skb, vol) ||
	    put_throttle(skb, vol, LITEIO_DIR_READ) ||
	    put_throttle(skb, vol, LITEIO_DIR_WRITE))
		return -EMSGSIZE;
	return 0;
}

static int put_waiting(struct sk_buff *skb, struct liteio_att *att)
{
	if (liteio_message_u64(skb, LITEIO_A_QUEUED, liteio_qos_queued(att->queue)) ||
	    liteio_message_u64(skb, LITEIO_A_THROTTLED, liteio_qos_throttled(att->queue)))
		return -EMSGSIZE;
	return 0;
}

static int put_dirty(struct sk_buff *skb, const struct liteio_dirty_state *dirty)
{
	if (nla_put_u32(skb, LITEIO_A_CHUNK_SHIFT, dirty->shift) ||
	    liteio_message_u64(skb, LITEIO_A_TRACKING, dirty->tracking) ||
	    liteio_message_u64(skb, LITEIO_A_CHUNKS, dirty->chunks) ||
	    liteio_message_u64(skb, LITEIO_A_REMAINING, dirty->remaining))
		return -EMSGSIZE;
	return 0;
}

int liteio_message_att(struct sk_buff *skb, struct liteio_att *att)
{
	u64 last_ns = liteio_stats_last_ns(att->stats), inflight;
	u64 started = liteio_stats_started(att->stats, &inflight);
	struct liteio_dirty_state dirty;

	if (liteio_message_uuid(skb, &att->vol->uuid) ||
	    liteio_message_u64(skb, LITEIO_A_GEN, att->gen) ||
	    nla_put_string(skb, LITEIO_A_HOST, att->host) ||
	    nla_put_u32(skb, LITEIO_A_FLAGS, att->flags) ||
	    nla_put_u32(skb, LITEIO_A_STATE, liteio_att_state(att)) ||
	    liteio_message_u64(skb, LITEIO_A_INFLIGHT, inflight) ||
	    liteio_message_u64(skb, LITEIO_A_STARTED, started) ||
	    liteio_message_u64(skb, LITEIO_A_REJECTED, atomic64_read(&att->rejected)) ||
	    put_waiting(skb, att))
		return -EMSGSIZE;
	if (liteio_dirty_state(att, &dirty) && put_dirty(skb, &dirty))
		return -EMSGSIZE;
	if (last_ns && liteio_message_u64(skb, LITEIO_A_LAST_NS, last_ns))
		return -EMSGSIZE;
	if (!att->nr_bound)
		return 0;
	if (nla_put_u32(skb, LITEIO_A_DEV_MAJOR, MAJOR(att->dev)) ||
	    nla_put_u32(skb, LITEIO_A_DEV_MINOR, MINOR(att->dev)))
		return -EMSGSIZE;
	return 0;
}

static int put_class(struct sk_buff *skb, struct liteio_att *att, u32 class)
{
	struct liteio_stats_class sum;
	struct nlattr *nest = nla_nest_start(skb, LITEIO_A_CLASS);

	if (!nest)
		return -EMSGSIZE;
	liteio_stats_class(att->stats, class, &sum);
	if (nla_put_u32(skb, LITEIO_CLASS_A_ID, class) ||
	    nla_put_u64_64bit(skb, LITEIO_CLASS_A_IOS, sum.ios, LITEIO_CLASS_A_PAD) ||
	    nla_put_u64_64bit(skb, LITEIO_CLASS_A_ERRORS, sum.errors, LITEIO_CLASS_A_PAD) ||
	    nla_put_u64_64bit(skb, LITEIO_CLASS_A_BYTES, sum.bytes, LITEIO_CLASS_A_PAD) ||
	    nla_put_u64_64bit(skb, LITEIO_CLASS_A_TIME_NS, sum.time_ns, LITEIO_CLASS_A_PAD) ||
	    nla_put(skb, LITEIO_CLASS_A_HIST, sizeof(sum.hist), sum.hist)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

int liteio_message_stats(struct sk_buff *skb, struct liteio_att *att)
{
	/* before the time, which it is not to be above */
	u64 last_ns = liteio_stats_last_ns(att->stats);
	u32 class;

	if (liteio_message_uuid(skb, &att->vol->uuid) ||
	    liteio_message_u64(skb, LITEIO_A_GEN, att->gen) ||
	    liteio_message_u64(skb, LITEIO_A_TIME_NS, ktime_get_boottime_ns()) ||
	    liteio_message_u64(skb, LITEIO_A_INFLIGHT, liteio_stats_inflight(att->stats)) ||
	    liteio_message_u64(skb, LITEIO_A_REJECTED, atomic64_read(&att->rejected)) ||
	    put_waiting(skb, att))
		return -EMSGSIZE;
	for (class = 0; class < LITEIO_CLASS_NR; class++) {
		if (put_class(skb, att, class))
			return -EMSGSIZE;
	}
	return last_ns ? liteio_message_u64(skb, LITEIO_A_LAST_NS, last_ns) : 0;
}

static int put_range(struct sk_buff *skb, struct liteio_range range)
{
	struct nlattr *nest = nla_nest_start(skb, LITEIO_A_RANGE);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, LITEIO_RANGE_A_CHUNK, range.chunk, LITEIO_RANGE_A_PAD) ||
	    nla_put_u64_64bit(skb, LITEIO_RANGE_A_LEN, range.len, LITEIO_RANGE_A_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

int liteio_message_fetched(struct sk_buff *skb, const struct liteio_dirty_fetch *fetch)
{
	u32 i;

	if (put_dirty(skb, &fetch->state) ||
	    liteio_message_u64(skb, LITEIO_A_TICKET, fetch->ticket) ||
	    liteio_message_u64(skb, LITEIO_A_NEXT_CURSOR, fetch->cursor))
		return -EMSGSIZE;
	for (i = 0; i < fetch->ranges.nr; i++) {
		if (put_range(skb, fetch->ranges.range[i]))
			return -EMSGSIZE;
	}
	return 0;
}
