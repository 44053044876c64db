// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The limits of a volume, as a command.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "host/netlink.h"

/* room for the nest: four numbers of 64 bits and one of 32, each with its header */
struct nest {
	uint8_t bytes[5 * (NLA_HDRLEN + sizeof(uint64_t))];
	size_t len;
};

static void add(struct nest *n, int type, const void *data, size_t len)
{
	const struct nlattr head = { .nla_len = (uint16_t)(NLA_HDRLEN + len),
				     .nla_type = (uint16_t)type };

	memcpy(n->bytes + n->len, &head, sizeof(head));
	memcpy(n->bytes + n->len + NLA_HDRLEN, data, len);
	n->len += NLA_ALIGN(head.nla_len);
}

/* an older module would call the attribute unknown: ask first whether it has limits */
static int check(struct liteio_netlink *nl, struct liteio_error *err)
{
	struct liteio_netlink_info info;
	int r;

	r = liteio_netlink_info_get(nl, &info, err);
	if (r)
		return r;
	if (!(info.features & LITEIO_FEATURE_QOS))
		return liteio_error_set(err, -EOPNOTSUPP, "version %s of the module has no limits",
					info.module);
	return 0;
}

int liteio_netlink_vol_limit(struct liteio_netlink *nl, const struct liteio_uuid *uuid,
			     const struct liteio_netlink_qos *qos, struct liteio_error *err)
{
	uint32_t burst_ms = qos->burst_ms ? qos->burst_ms : LITEIO_QOS_BURST_MS_DEF;
	struct nest nest = { .len = 0 };
	struct liteio_netlink_attr attrs[] = {
		{ .type = LITEIO_A_UUID, .data = uuid->b, .len = sizeof(uuid->b) },
		{ .type = LITEIO_A_QOS | NLA_F_NESTED, .data = nest.bytes },
	};
	const struct liteio_netlink_question question = {
		.cmd = LITEIO_CMD_VOL_SET,
		.attrs = attrs,
		.n_attrs = sizeof(attrs) / sizeof(attrs[0]),
		.what = "limit the volume",
	};
	int r;

	r = check(nl, err);
	if (r)
		return r;
	add(&nest, LITEIO_QOS_A_RIOPS, &qos->riops, sizeof(qos->riops));
	add(&nest, LITEIO_QOS_A_WIOPS, &qos->wiops, sizeof(qos->wiops));
	add(&nest, LITEIO_QOS_A_RBPS, &qos->rbps, sizeof(qos->rbps));
	add(&nest, LITEIO_QOS_A_WBPS, &qos->wbps, sizeof(qos->wbps));
	add(&nest, LITEIO_QOS_A_BURST_MS, &burst_ms, sizeof(burst_ms));
	attrs[1].len = nest.len;
	return liteio_netlink_ask(nl, &question, NULL, err);
}
